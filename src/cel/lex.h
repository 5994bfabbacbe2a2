/*
 * lex.h - the words of an expression, one at a time, for the parser.
 *
 * The lexer tells what is wrong inside a word and answers the word that was
 * probably meant, so the parser has nothing to add.  What belongs in no word
 * is TOKEN_BAD, told already.  After a fault behind which nothing can be
 * made out (a string that is not closed) it is dead: only TOKEN_END follows.
 */
#ifndef CEL_LEX_H
#define CEL_LEX_H

#include "cel/problem.h"
#include "cel/value.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD,
    TOKEN_IDENT,  /* reserved words too */
    TOKEN_QUOTED, /* `a-b`: name has no quotes */
    TOKEN_INT,    /* value: its magnitude, a uint */
    TOKEN_UINT,
    TOKEN_DOUBLE,
    TOKEN_STRING,
    TOKEN_BYTES,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_LBRACKET,
    TOKEN_RBRACKET,
    TOKEN_LBRACE,
    TOKEN_RBRACE,
    TOKEN_DOT,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_QUESTION,
    TOKEN_NOT,
    /* Infix operators, in no order. */
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_IN,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,
    TOKEN_KINDS
};

struct token {
    enum token_kind kind;
    bool huge; /* a number its type cannot hold */
    uint32_t from, to;
    struct slice name;      /* TOKEN_IDENT, TOKEN_QUOTED */
    struct cel_value value; /* literals */
};

struct lexer {
    struct slice
        text; /* valid UTF-8, a NUL behind it, as long-lived as arena */
    size_t at;
    struct arena *arena; /* strings with escapes are written there */
    struct cel_problems *problems;
    bool dead;
};

struct token lex_next(struct lexer *lx);
/* It is one word, of kind TOKEN_IDENT. */
bool lex_is_ident(struct slice s);
/* A plain name that could be written without backquotes after a dot. */
bool lex_is_name(struct slice s);

#endif
