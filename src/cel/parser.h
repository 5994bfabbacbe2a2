/*
 * parser.h - what the parts of the parser share: parse.c has the operators,
 * operand.c what stands between them, parser.c words, faults and brackets.
 *
 * A fault sets panic: every function then returns at once, with any node, to
 * whoever opened the innermost bracket; that one skips to the next comma or
 * closing bracket and goes on.  So what only follows from a fault is not told.
 * Nodes are never NULL, and unlike them p->lex.dead says when all is over.
 */
#ifndef CEL_PARSER_H
#define CEL_PARSER_H

#include "cel/lex.h"
#include "cel/parse.h"

struct parser {
    struct lexer lex;
    struct token now, last; /* the next word, and the one before it */
    struct cel_parse_options options;
    uint32_t nodes, depth;
    uint32_t open[3]; /* brackets: ( [ { */
    bool panic;
    struct ast spare; /* any node, once there is no room for others */
};

/* -- words ---------------------------------------------------------------- */

void parser_take(struct parser *p);
bool parser_accept(struct parser *p, enum token_kind kind);
struct slice parser_text(const struct parser *p, const struct token *t);

/* -- faults --------------------------------------------------------------- */

/* An error that one can go on from.  Nothing is told in a panic. */
struct cel_problem *parser_complain(struct parser *p, uint32_t from,
                                    uint32_t to, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct cel_problem *parser_panic(struct parser *p, struct cel_problem *problem);
/* Complains of what stands here, and panics. */
#define FAULT(p, ...)                                                          \
    parser_panic(p, parser_complain(p, (p)->now.from, (p)->now.to, __VA_ARGS__))
/* Faults: "expected `what` but found ..." */
void parser_expected(struct parser *p, const char *what);
/* Something else than an operator, or a comma, or end follows a value. */
void parser_stray(struct parser *p, bool comma, const char *end);
void parser_too_deep(struct parser *p);
/* Nothing more is read or told. */
void parser_give_up(struct parser *p);

/* -- nodes ---------------------------------------------------------------- */

struct ast *parser_node(struct parser *p, enum ast_kind kind, uint32_t from);
struct ast *parser_operator(struct parser *p, const char *name, uint32_t from,
                            uint32_t at);
/* Stands where there is a fault. */
struct ast *parser_hole(struct parser *p);
/* *tail: where the next item is linked; first, &n->list. */
void parser_append(struct ast *n, struct ast ***tail, struct ast *item);
/* The node is whole and ends at `to`. */
struct ast *parser_seal(struct parser *p, struct ast *n, uint32_t to);

/* -- brackets ------------------------------------------------------------- */

struct bracket {
    enum token_kind close;
    struct token open;
};

bool parser_is_closing(enum token_kind kind);
struct bracket parser_open(struct parser *p);
/* Nothing, or one comma, stands before the closing bracket. */
bool parser_is_empty(struct parser *p, const struct bracket *b);
/* Behind an item: over the comma; false: there is none. */
bool parser_more(struct parser *p, const struct bracket *b);
void parser_close(struct parser *p, const struct bracket *b);
/* Behind the only item there may be. */
void parser_close_single(struct parser *p, const struct bracket *b);
/* Ends a panic: to the next comma or closing bracket on this level. */
void parser_skip(struct parser *p);

/* -- grammar -------------------------------------------------------------- */

struct ast *parse_expression(struct parser *p);
/* A value with the fields, calls and subscripts behind it. */
struct ast *parse_operand(struct parser *p);
/* The same, of a number whose sign stands at from. */
struct ast *parse_negative(struct parser *p, uint32_t from);

#endif
