#include "parser.h"

#include <stdarg.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* -- words and faults ----------------------------------------------------- */

void parser_take(struct parser *p)
{
    p->last = p->now;
    p->now = lex_next(&p->lex);
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
    if (p->now.kind != kind)
        return false;
    parser_take(p);
    return true;
}

struct slice parser_text(const struct parser *p, const struct token *t)
{
    return slice_of(p->lex.text.p + t->from, t->to - t->from);
}

struct cel_problem *parser_complain(struct parser *p, uint32_t from,
                                    uint32_t to, const char *format, ...)
{
    char text[CEL_PROBLEM_TEXT];
    va_list args;

    if (p->panic || p->lex.dead)
        return NULL;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return cel_problem(p->lex.problems, false, from, to, "%s", text);
}

struct cel_problem *parser_panic(struct parser *p, struct cel_problem *problem)
{
    p->panic = true;
    return problem;
}

void parser_give_up(struct parser *p)
{
    p->panic = true;
    p->lex.dead = true;
    p->now = lex_next(&p->lex);
}

/* What stands here, for a message. */
static const char *describe(const struct parser *p, char text[40])
{
    struct slice s = parser_text(p, &p->now);

    switch (p->now.kind) {
    case TOKEN_END:
        return "the end";
    case TOKEN_STRING:
        return "a string";
    case TOKEN_BYTES:
        return "bytes";
    case TOKEN_QUOTED:
        return "a name in backquotes";
    default:
        snprintf(text, 40, s.n > 30 ? "'%.*s...'" : "'%.*s'",
                 (int)(s.n > 30 ? 30 : s.n), s.p);
        return text;
    }
}

static bool in_brackets(const struct parser *p)
{
    return p->open[0] || p->open[1] || p->open[2];
}

/* Something is told already, or will be by the bracket that is not closed. */
static bool told(const struct parser *p)
{
    return p->now.kind == TOKEN_BAD ||
           (p->now.kind == TOKEN_END && in_brackets(p));
}

void parser_expected(struct parser *p, const char *what)
{
    char found[40];

    if (told(p))
        p->panic = true;
    else
        FAULT(p, "expected %s but found %s", what, describe(p, found));
}

/* -- nodes ---------------------------------------------------------------- */

void parser_too_deep(struct parser *p)
{
    FAULT(p, "the expression is nested more than %d levels deep",
          CEL_DEPTH_MAX);
    parser_give_up(p);
}

struct ast *parser_node(struct parser *p, enum ast_kind kind, uint32_t from)
{
    struct ast *n = NULL;

    if (p->nodes == CEL_NODES_MAX)
        FAULT(p, "the expression has more than %d parts", CEL_NODES_MAX);
    else
        n = arena_alloc(p->lex.arena, sizeof(*n));
    if (!n) {
        parser_give_up(p);
        n = &p->spare;
    }
    p->nodes++;
    n->kind = (uint8_t)kind;
    n->from = n->at = from;
    n->to = p->now.to;
    n->height = 1;
    return n;
}

struct ast *parser_hole(struct parser *p)
{
    return parser_node(p, AST_IDENT, p->now.from);
}

void parser_append(struct ast *n, struct ast ***tail, struct ast *item)
{
    **tail = item;
    *tail = &item->next;
    n->nlist++;
}

static unsigned taller(unsigned height, const struct ast *child)
{
    return child && child->height >= height ? child->height + 1u : height;
}

struct ast *parser_seal(struct parser *p, struct ast *n, uint32_t to)
{
    unsigned height = taller(1, n->a);
    const struct ast *item = n->list;

    n->to = to;
    if (p->lex.dead)
        return n;
    for (uint32_t i = 0; i < n->nlist; i++, item = item->next)
        height = taller(height, item);
    if (height > CEL_DEPTH_MAX)
        parser_too_deep(p);
    else
        n->height = (uint8_t)height;
    return n;
}

struct ast *parser_operator(struct parser *p, const char *name, uint32_t from,
                            uint32_t at)
{
    struct ast *n = parser_node(p, AST_CALL, from);

    n->name = slice_str(name);
    n->at = at;
    return n;
}

/* -- brackets ------------------------------------------------------------- */

static bool is_opening(enum token_kind kind)
{
    return kind == TOKEN_LPAREN || kind == TOKEN_LBRACKET ||
           kind == TOKEN_LBRACE;
}

bool parser_is_closing(enum token_kind kind)
{
    return kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET ||
           kind == TOKEN_RBRACE;
}

static uint32_t *open_count(struct parser *p, enum token_kind close)
{
    return &p->open[(close - TOKEN_RPAREN) / 2];
}

struct bracket parser_open(struct parser *p)
{
    struct bracket b = { (enum token_kind)(p->now.kind + 1), p->now };

    ++*open_count(p, b.close);
    parser_take(p);
    return b;
}

void parser_skip(struct parser *p)
{
    size_t inner = 0;

    for (; p->now.kind != TOKEN_END; parser_take(p)) {
        if (inner == 0 &&
            (p->now.kind == TOKEN_COMMA || parser_is_closing(p->now.kind)))
            break;
        inner += is_opening(p->now.kind);
        inner -= parser_is_closing(p->now.kind);
    }
    p->panic = false;
}

static void skip_items(struct parser *p)
{
    do
        parser_skip(p);
    while (parser_accept(p, TOKEN_COMMA));
}

static const char *sign_of(enum token_kind close)
{
    return close == TOKEN_RPAREN     ? "')'"
           : close == TOKEN_RBRACKET ? "']'"
                                     : "'}'";
}

/*
 * A wrong bracket that some other one waits for is left to it: ours was
 * forgotten.  Otherwise it was meant to be ours.
 */
void parser_close(struct parser *p, const struct bracket *b)
{
    --*open_count(p, b->close);
    if (parser_accept(p, b->close))
        return;
    if (!parser_is_closing(p->now.kind) || *open_count(p, p->now.kind)) {
        struct slice s = parser_text(p, &b->open);

        parser_complain(p, b->open.from, b->open.to,
                        "this '%.*s' is not closed", SLICE_ARG(s));
        return;
    }
    parser_expected(p, sign_of(b->close));
    p->panic = false;
    parser_take(p);
}

static bool is_not(const struct token *t)
{
    return t->kind == TOKEN_IDENT &&
           (slice_is(t->name, "not") || slice_is(t->name, "NOT"));
}

static void help_stray(const struct parser *p, struct cel_problem *problem)
{
    static const struct {
        const char *word, *help;
    } words[] = {
        { "is", "write == to compare" },
        { "contains", "write a.contains(b)" },
        { "matches", "write a.matches(\"pattern\")" },
        { "startsWith", "write a.startsWith(b)" },
        { "endsWith", "write a.endsWith(b)" },
    };
    struct slice text = parser_text(p, &p->now);

    for (size_t i = 0; i < COUNT(words); i++) {
        if (p->now.kind == TOKEN_IDENT && slice_is(text, words[i].word))
            cel_help(problem, "%s", words[i].help);
    }
    if (p->now.kind == TOKEN_STRING && p->last.kind == TOKEN_STRING)
        cel_help(problem, "write + to join strings");
    if (p->now.kind == TOKEN_DOUBLE && *text.p == '.') {
        text = slice_of(text.p + 1, text.n - 1 < 20 ? text.n - 1 : 20);
        cel_help(problem,
                 "write ['%.*s'] for a key, [%.*s] for an item of a list",
                 SLICE_ARG(text), SLICE_ARG(text));
    }
}

void parser_stray(struct parser *p, bool comma, const char *end)
{
    const struct token *not = is_not(&p->last)  ? &p->last
                              : is_not(&p->now) ? &p->now
                                                : NULL;
    char found[40];

    if (told(p))
        p->panic = true;
    else if (not )
        cel_help(parser_panic(p, parser_complain(p, not ->from, not ->to,
                                                 "'not' is no operator")),
                 "write ! in front of what must not hold: !(a in b)");
    else
        help_stray(p, FAULT(p, "expected an operator%s or %s but found %s",
                            comma ? ", ','" : "", end, describe(p, found)));
}

bool parser_more(struct parser *p, const struct bracket *b)
{
    if (!p->panic && p->now.kind != TOKEN_COMMA &&
        !parser_is_closing(p->now.kind))
        parser_stray(p, true, sign_of(b->close));
    if (p->panic)
        parser_skip(p);
    return parser_accept(p, TOKEN_COMMA);
}

void parser_close_single(struct parser *p, const struct bracket *b)
{
    if (!p->panic && !parser_is_closing(p->now.kind))
        parser_stray(p, false, sign_of(b->close));
    if (p->panic)
        skip_items(p);
    parser_close(p, b);
}

bool parser_is_empty(struct parser *p, const struct bracket *b)
{
    if (p->now.kind == b->close)
        return true;
    if (!parser_accept(p, TOKEN_COMMA))
        return false;
    if (p->now.kind != b->close) {
        parser_expected(p, sign_of(b->close));
        skip_items(p);
    }
    return true;
}
