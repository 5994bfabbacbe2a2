#include "parser.h"

#include "base/utf8.h"

/* -- operators ------------------------------------------------------------ */

static void lift(struct parser *p, struct ast *n, unsigned count)
{
    unsigned height = count;
    const struct ast *operand = n;

    for (unsigned i = 0; i < count; i++)
        operand = operand->list;
    height += operand->height;
    if (height > CEL_DEPTH_MAX) {
        parser_too_deep(p);
        return;
    }
    for (; count; count--, n = n->list) {
        n->height = (uint8_t)height--;
        n->to = p->last.to;
    }
}

/* A minus right in front of a number is its sign: -9223372036854775808. */
static struct ast *unary(struct parser *p)
{
    struct ast *outer = NULL, **inner = &outer, *n;
    unsigned count = 0;
    uint32_t at;

    for (;;) {
        enum token_kind kind = p->now.kind;

        at = p->now.from;
        if (kind != TOKEN_NOT && kind != TOKEN_MINUS) {
            n = parse_operand(p);
            break;
        }
        parser_take(p);
        if (kind == TOKEN_MINUS &&
            (p->now.kind == TOKEN_INT || p->now.kind == TOKEN_DOUBLE)) {
            n = parse_negative(p, at);
            break;
        }
        if (++count > CEL_DEPTH_MAX) {
            parser_too_deep(p);
            return parser_hole(p);
        }
        n = parser_operator(p, kind == TOKEN_NOT ? "!_" : "-_", at, at);
        n->nlist = 1;
        *inner = n;
        inner = &n->list;
    }
    *inner = n;
    if (count && !p->lex.dead)
        lift(p, outer, count);
    return outer;
}

static const struct {
    const char *name;
    uint8_t level; /* the higher, the tighter; 0: not one of these */
} infix[TOKEN_KINDS] = {
    [TOKEN_OR] = { "_||_", 0 },   [TOKEN_AND] = { "_&&_", 0 },
    [TOKEN_EQ] = { "_==_", 1 },   [TOKEN_NE] = { "_!=_", 1 },
    [TOKEN_LT] = { "_<_", 1 },    [TOKEN_LE] = { "_<=_", 1 },
    [TOKEN_GT] = { "_>_", 1 },    [TOKEN_GE] = { "_>=_", 1 },
    [TOKEN_IN] = { "@in", 1 },    [TOKEN_PLUS] = { "_+_", 2 },
    [TOKEN_MINUS] = { "_-_", 2 }, [TOKEN_STAR] = { "_*_", 3 },
    [TOKEN_SLASH] = { "_/_", 3 }, [TOKEN_PERCENT] = { "_%_", 3 },
};

static struct ast *binary(struct parser *p, uint8_t level)
{
    uint32_t from = p->now.from;
    struct ast *left = unary(p), *n, **tail;

    while (!p->panic && infix[p->now.kind].level >= level) {
        enum token_kind kind = p->now.kind;

        n = parser_operator(p, infix[kind].name, from, p->now.from);
        parser_take(p);
        tail = &n->list;
        parser_append(n, &tail, left);
        parser_append(n, &tail, binary(p, (uint8_t)(infix[kind].level + 1)));
        left = parser_seal(p, n, p->last.to);
    }
    return left;
}

/* An operand of && or || and the operator behind it. */
struct term {
    struct ast *ast;
    uint32_t from, to, at;
    struct term *next;
};

/* `and` and `or`, told and taken for what they mean. */
static bool is_chained(struct parser *p, enum token_kind kind)
{
    bool and = kind == TOKEN_AND;

    if (p->now.kind == kind)
        return true;
    if (p->now.kind != TOKEN_IDENT ||
        !(slice_is(p->now.name, and? "and" : "or") ||
          slice_is(p->now.name, and? "AND" : "OR")))
        return false;
    cel_help(parser_complain(p, p->now.from, p->now.to, "'%.*s' is no operator",
                             SLICE_ARG(p->now.name)),
             and? "write && where both must hold"
                : "write || where either must hold");
    return true;
}

/* The first n terms of rest as a tree; a long chain makes no deep one. */
static struct term balance(struct parser *p, struct term **rest, size_t n,
                           enum token_kind kind)
{
    struct term left, right;
    struct ast *both, **tail;

    if (n == 1) {
        left = **rest;
        *rest = left.next;
        return left;
    }
    left = balance(p, rest, n / 2, kind);
    right = balance(p, rest, n - n / 2, kind);
    both = parser_operator(p, infix[kind].name, left.from, left.at);
    tail = &both->list;
    parser_append(both, &tail, left.ast);
    parser_append(both, &tail, right.ast);
    return (struct term){ parser_seal(p, both, right.to), left.from, right.to,
                          right.at, NULL };
}

static struct ast *chain(struct parser *p, enum token_kind kind);

static void read_term(struct parser *p, enum token_kind kind, struct term *t)
{
    t->from = p->now.from;
    t->ast = kind == TOKEN_OR ? chain(p, TOKEN_AND) : binary(p, 1);
    t->to = p->last.to;
}

/* kind: TOKEN_OR, TOKEN_AND. */
static struct ast *chain(struct parser *p, enum token_kind kind)
{
    struct term first = { 0 }, *last = &first, *all = &first;
    size_t n = 1;

    read_term(p, kind, last);
    for (; !p->panic && is_chained(p, kind); n++) {
        last->at = p->now.from;
        parser_take(p);
        last->next = arena_alloc(p->lex.arena, sizeof(*last));
        if (!last->next) {
            parser_give_up(p);
            return first.ast;
        }
        last = last->next;
        read_term(p, kind, last);
    }
    return balance(p, &all, n, kind).ast;
}

static struct ast *conditional(struct parser *p, struct ast *condition,
                               uint32_t from)
{
    struct ast *n = parser_operator(p, "_?_:_", from, p->now.from);
    struct ast **tail = &n->list;

    parser_take(p);
    parser_append(n, &tail, condition);
    parser_append(n, &tail, chain(p, TOKEN_OR));
    if (p->panic)
        return n;
    if (p->now.kind == TOKEN_QUESTION)
        cel_help(FAULT(p, "expected ':' but found '?'"),
                 "put the inner condition in brackets: a ? (b ? c : d) : e");
    else if (parser_accept(p, TOKEN_COLON))
        parser_append(n, &tail, parse_expression(p));
    else
        parser_stray(p, false, "':'");
    return parser_seal(p, n, p->last.to);
}

struct ast *parse_expression(struct parser *p)
{
    uint32_t from = p->now.from;
    struct ast *n;

    if (p->depth == CEL_DEPTH_MAX) {
        parser_too_deep(p);
        return parser_hole(p);
    }
    p->depth++;
    n = chain(p, TOKEN_OR);
    if (!p->panic && p->now.kind == TOKEN_QUESTION)
        n = conditional(p, n, from);
    p->depth--;
    return n;
}

/* -- the whole ------------------------------------------------------------ */

static struct ast *whole(struct parser *p)
{
    struct ast *n = parse_expression(p);

    for (;;) {
        struct slice word = parser_text(p, &p->now);

        if (!p->panic && parser_is_closing(p->now.kind))
            FAULT(p, "this '%.*s' closes nothing", SLICE_ARG(word));
        else if (!p->panic && p->now.kind != TOKEN_END)
            parser_stray(p, false, "the end");
        if (p->panic)
            parser_skip(p);
        while (p->now.kind == TOKEN_COMMA || parser_is_closing(p->now.kind) ||
               infix[p->now.kind].name)
            parser_take(p);
        if (p->now.kind == TOKEN_END)
            return n;
        (void)parse_expression(p);
    }
}

static enum status check_text(struct slice text, struct cel_problems *problems)
{
    size_t good = utf8_prefix(text);

    if (text.n > CEL_TEXT_MAX) {
        cel_problem(problems, false, (uint32_t)CEL_TEXT_MAX,
                    (uint32_t)CEL_TEXT_MAX + 1,
                    "the expression is longer than %zu bytes", CEL_TEXT_MAX);
        return ST_BAD;
    }
    if (good < text.n) {
        cel_problem(problems, false, (uint32_t)good, (uint32_t)good + 1,
                    "the byte 0x%02x is not UTF-8",
                    (unsigned)(unsigned char)text.p[good]);
        return ST_BAD;
    }
    return ST_OK;
}

enum status cel_parse(struct arena *arena, struct slice text,
                      struct cel_parse_options options,
                      struct cel_problems *problems, struct ast **ret)
{
    struct parser p = { .options = options };
    size_t errors = problems->errors;
    struct ast *n;
    bool full;

    if (check_text(text, problems))
        return ST_BAD;
    p.lex = (struct lexer){ .text = arena_copy(arena, text),
                            .arena = arena,
                            .problems = problems };
    full = !p.lex.text.p;
    if (!full) {
        parser_take(&p);
        n = whole(&p);
        full = arena->full;
    }
    if (full) {
        cel_problem(problems, false, 0, (uint32_t)text.n + 1,
                    "there is not enough memory for the expression");
        return ST_LIMIT;
    }
    if (problems->errors > errors)
        return ST_BAD;
    *ret = n;
    return ST_OK;
}
