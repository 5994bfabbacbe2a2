#include "parse.h"

#include "cel/lex.h"
#include "cel/macro.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/*
 * A fault sets panic: every function then returns at once, with any node, to
 * whoever opened the innermost bracket; that one skips to the next comma or
 * closing bracket and goes on.  So what follows from a fault is never told.
 */
struct parser {
    struct lexer lex;
    struct token now, last; /* the next one, and the one before it */
    struct cel_parse_options options;
    uint32_t nodes, depth;
    uint32_t open[3]; /* brackets: ( [ { */
    bool panic;
    struct ast spare; /* any node, once there is no room for others */
};

struct bracket {
    enum token_kind close;
    struct token open;
};

/* -- words and faults ----------------------------------------------------- */

static void take(struct parser *p)
{
    p->last = p->now;
    p->now = lex_next(&p->lex);
}

static bool accept(struct parser *p, enum token_kind kind)
{
    if (p->now.kind != kind)
        return false;
    take(p);
    return true;
}

static struct slice text_of(const struct parser *p, const struct token *t)
{
    return slice_of(p->lex.text.p + t->from, t->to - t->from);
}

/* An error that the parser can live with.  Nothing in a panic. */
__attribute__((format(printf, 4, 5))) static struct cel_problem *
complain(struct parser *p, uint32_t from, uint32_t to, const char *format, ...)
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

/* Complains of what stands here, and panics. */
#define FAULT(p, ...)                                                          \
    fault(p, complain(p, (p)->now.from, (p)->now.to, __VA_ARGS__))

static struct cel_problem *fault(struct parser *p, struct cel_problem *problem)
{
    p->panic = true;
    return problem;
}

/* Nothing more is read or told. */
static void give_up(struct parser *p)
{
    p->panic = true;
    p->lex.dead = true;
    p->now = lex_next(&p->lex);
}

/* For a message; the bytes are good until the next call. */
static const char *describe(const struct parser *p, char text[40])
{
    struct slice s = text_of(p, &p->now);

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

static void expected(struct parser *p, const char *what)
{
    char found[40];

    if (told(p))
        p->panic = true;
    else
        FAULT(p, "expected %s but found %s", what, describe(p, found));
}

/* -- nodes ---------------------------------------------------------------- */

static void too_deep(struct parser *p)
{
    FAULT(p, "the expression is nested more than %d levels deep",
          CEL_DEPTH_MAX);
    give_up(p);
}

static struct ast *node(struct parser *p, enum ast_kind kind, uint32_t from)
{
    struct ast *n = NULL;

    if (p->nodes == CEL_NODES_MAX)
        FAULT(p, "the expression has more than %d parts", CEL_NODES_MAX);
    else
        n = arena_alloc(p->lex.arena, sizeof(*n));
    if (!n) {
        give_up(p);
        n = &p->spare;
    }
    p->nodes++;
    n->kind = (uint8_t)kind;
    n->from = n->at = from;
    n->to = p->now.to;
    n->height = 1;
    return n;
}

static struct ast *hole(struct parser *p)
{
    return node(p, AST_IDENT, p->now.from);
}

static void append(struct ast *n, struct ast ***tail, struct ast *item)
{
    **tail = item;
    *tail = &item->next;
    n->nlist++;
}

static unsigned taller(unsigned height, const struct ast *child)
{
    return child && child->height >= height ? child->height + 1u : height;
}

/* The node is whole and ends at `to`. */
static struct ast *seal(struct parser *p, struct ast *n, uint32_t to)
{
    unsigned height = taller(1, n->a);
    const struct ast *item = n->list;

    n->to = to;
    if (p->lex.dead)
        return n;
    for (uint32_t i = 0; i < n->nlist; i++, item = item->next)
        height = taller(height, item);
    if (height > CEL_DEPTH_MAX)
        too_deep(p);
    else
        n->height = (uint8_t)height;
    return n;
}

static struct ast *operator(struct parser *p, const char *name, uint32_t from,
                            uint32_t at)
{
    struct ast *n = node(p, AST_CALL, from);

    n->name = slice_str(name);
    n->at = at;
    return n;
}

/* -- brackets ------------------------------------------------------------- */

static struct ast *expression(struct parser *p);

static bool is_opening(enum token_kind kind)
{
    return kind == TOKEN_LPAREN || kind == TOKEN_LBRACKET ||
           kind == TOKEN_LBRACE;
}

static bool is_closing(enum token_kind kind)
{
    return kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET ||
           kind == TOKEN_RBRACE;
}

static uint32_t *open_count(struct parser *p, enum token_kind close)
{
    return &p->open[(close - TOKEN_RPAREN) / 2];
}

static struct bracket open_bracket(struct parser *p)
{
    struct bracket b = { (enum token_kind)(p->now.kind + 1), p->now };

    ++*open_count(p, b.close);
    take(p);
    return b;
}

/* To the next comma or closing bracket that belongs to nothing skipped. */
static void skip(struct parser *p)
{
    size_t inner = 0;

    for (; p->now.kind != TOKEN_END; take(p)) {
        if (inner == 0 &&
            (p->now.kind == TOKEN_COMMA || is_closing(p->now.kind)))
            break;
        inner += is_opening(p->now.kind);
        inner -= is_closing(p->now.kind);
    }
    p->panic = false;
}

static void skip_items(struct parser *p)
{
    do
        skip(p);
    while (accept(p, TOKEN_COMMA));
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
static void close_bracket(struct parser *p, const struct bracket *b)
{
    --*open_count(p, b->close);
    if (accept(p, b->close))
        return;
    if (!is_closing(p->now.kind) || *open_count(p, p->now.kind)) {
        struct slice s = text_of(p, &b->open);

        complain(p, b->open.from, b->open.to, "this '%.*s' is not closed",
                 SLICE_ARG(s));
        return;
    }
    expected(p, sign_of(b->close));
    p->panic = false;
    take(p);
}

static void help_stray(struct parser *p, struct cel_problem *problem);

/* What follows a whole value is nothing that may follow it. */
static void stray(struct parser *p, const char *wanted)
{
    char found[40];

    if (told(p))
        p->panic = true;
    else
        help_stray(p, FAULT(p, "expected an operator%s but found %s", wanted,
                            describe(p, found)));
}

/* Behind an item; false: the list is at its end. */
static bool more_items(struct parser *p, const struct bracket *b)
{
    if (!p->panic && p->now.kind != TOKEN_COMMA && p->now.kind != b->close &&
        !is_closing(p->now.kind))
        stray(p, b->close == TOKEN_RPAREN     ? ", ',' or ')'"
                 : b->close == TOKEN_RBRACKET ? ", ',' or ']'"
                                              : ", ',' or '}'");
    if (p->panic)
        skip(p);
    return accept(p, TOKEN_COMMA);
}

/* Behind the only item there may be. */
static void close_single(struct parser *p, const struct bracket *b)
{
    if (!p->panic && !is_closing(p->now.kind))
        stray(p, b->close == TOKEN_RPAREN ? " or ')'" : " or ']'");
    if (p->panic)
        skip_items(p);
    close_bracket(p, b);
}

/* Nothing but perhaps a comma, up to the bracket. */
static bool is_empty(struct parser *p, const struct bracket *b)
{
    if (p->now.kind == b->close)
        return true;
    if (!accept(p, TOKEN_COMMA))
        return false;
    if (p->now.kind != b->close) {
        expected(p, sign_of(b->close));
        skip_items(p);
    }
    return true;
}

/* A list's items or a call's arguments, up to and over the bracket. */
static void items(struct parser *p, struct ast *n, bool list)
{
    struct bracket b = open_bracket(p);
    struct ast **tail = &n->list;
    bool done = list ? is_empty(p, &b) : p->now.kind == b.close;

    while (!done && !p->lex.dead) {
        bool spread = list && accept(p, TOKEN_QUESTION);
        struct ast *item = expression(p);

        item->spread = spread;
        append(n, &tail, item);
        done = !more_items(p, &b) || (list && p->now.kind == b.close);
    }
    close_bracket(p, &b);
}

static struct ast *list(struct parser *p)
{
    struct ast *n = node(p, AST_LIST, p->now.from);

    items(p, n, true);
    return seal(p, n, p->last.to);
}

static void entry(struct parser *p, struct ast *n, struct ast ***tail)
{
    bool spread = accept(p, TOKEN_QUESTION);
    struct ast *key = expression(p);

    key->spread = spread;
    append(n, tail, key);
    if (p->panic)
        return;
    if (accept(p, TOKEN_COLON))
        append(n, tail, expression(p));
    else
        expected(p, "':' and the key's value");
}

static struct ast *map(struct parser *p)
{
    struct ast *n = node(p, AST_MAP, p->now.from);
    struct bracket b = open_bracket(p);
    struct ast **tail = &n->list;
    bool done = is_empty(p, &b);

    while (!done && !p->lex.dead) {
        entry(p, n, &tail);
        done = !more_items(p, &b) || p->now.kind == b.close;
    }
    close_bracket(p, &b);
    return seal(p, n, p->last.to);
}

static struct ast *group(struct parser *p)
{
    struct bracket b = open_bracket(p);
    struct ast *n = expression(p);

    close_single(p, &b);
    return n;
}

/* -- values --------------------------------------------------------------- */

static void no_value(struct parser *p)
{
    bool empty = p->last.to == 0 && p->now.kind == TOKEN_END;

    if (p->now.kind == TOKEN_QUOTED)
        cel_help(FAULT(p, "a name in backquotes stands behind a dot only"),
                 "write state.`...` for a key of the state");
    else if (empty)
        FAULT(p, "the expression is empty");
    else
        expected(p, "a value");
}

static struct ast *literal(struct parser *p, uint32_t from,
                           struct cel_value value)
{
    struct ast *n = node(p, AST_LITERAL, from);

    n->value = value;
    take(p);
    return seal(p, n, p->last.to);
}

/* The word here with the sign in front of it, from which it reaches. */
static struct ast *number(struct parser *p, uint32_t from, bool minus)
{
    const struct token *t = &p->now;
    uint64_t u = t->value.u, limit = (uint64_t)INT64_MAX + minus;
    struct cel_value value = t->value;
    bool huge = t->huge;
    struct cel_problem *problem = NULL;

    if (t->kind == TOKEN_INT) {
        huge = huge || u > limit;
        value = cel_int((int64_t)(minus ? 0 - u : u));
    } else if (t->kind == TOKEN_DOUBLE && minus) {
        value.d = -value.d;
    }
    if (huge)
        problem =
            complain(p, from, t->to, "the number is out of the range of %s",
                     t->kind == TOKEN_INT    ? "int"
                     : t->kind == TOKEN_UINT ? "uint"
                                             : "double");
    if (!t->huge && !minus)
        cel_help(problem, "write a u behind it: uint goes up to "
                          "18446744073709551615");
    return literal(p, from, value);
}

static bool is_reserved(struct slice name)
{
    static const char *const words[] = {
        "as",        "break",  "const",  "continue", "else",  "for",
        "function",  "if",     "import", "let",      "loop",  "package",
        "namespace", "return", "var",    "void",     "while",
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (slice_is(name, words[i]))
            return true;
    }
    return false;
}

static void refuse_reserved(struct parser *p)
{
    struct slice name = p->now.name;
    struct cel_problem *problem;

    if (slice_is(name, "if")) {
        cel_help(FAULT(p, "'if' is a reserved word"),
                 "write condition ? value : other");
        return;
    }
    problem = complain(p, p->now.from, p->now.to, "'%.*s' is a reserved word",
                       SLICE_ARG(name));
    cel_help(problem, "write state.%.*s for a key of that name",
             SLICE_ARG(name));
}

/* At the opening bracket. */
static struct ast *call(struct parser *p, struct ast *n)
{
    const struct cel_problems *problems = p->lex.problems;
    size_t errors = problems->errors;

    n->kind = AST_CALL;
    items(p, n, false);
    n = seal(p, n, p->last.to);
    return problems->errors > errors || p->lex.dead || p->options.no_macros
               ? n
               : macro_apply(n, p->lex.problems);
}

static struct ast *name(struct parser *p, bool rooted)
{
    struct ast *n = node(p, AST_IDENT, rooted ? p->last.from : p->now.from);

    n->name = p->now.name;
    n->at = p->now.from;
    n->rooted = rooted;
    if (is_reserved(n->name))
        refuse_reserved(p);
    take(p);
    if (p->now.kind == TOKEN_LPAREN && !p->panic)
        return call(p, n);
    return seal(p, n, p->last.to);
}

static struct ast *primary(struct parser *p)
{
    switch (p->now.kind) {
    case TOKEN_INT:
    case TOKEN_UINT:
    case TOKEN_DOUBLE:
        return number(p, p->now.from, false);
    case TOKEN_STRING:
    case TOKEN_BYTES:
    case TOKEN_TRUE:
    case TOKEN_FALSE:
    case TOKEN_NULL:
        return literal(p, p->now.from, p->now.value);
    case TOKEN_IDENT:
        return name(p, false);
    case TOKEN_DOT:
        take(p);
        if (p->now.kind == TOKEN_IDENT)
            return name(p, true);
        expected(p, "a name");
        return hole(p);
    case TOKEN_LPAREN:
        return group(p);
    case TOKEN_LBRACKET:
        return list(p);
    case TOKEN_LBRACE:
        return map(p);
    default:
        no_value(p);
        return hole(p);
    }
}

/* -- what follows a value ------------------------------------------------- */

static struct ast *select_field(struct parser *p, struct ast *of, uint32_t from)
{
    struct ast *n = node(p, AST_SELECT, from);
    bool plain;

    take(p);
    n->a = of;
    n->optional = accept(p, TOKEN_QUESTION);
    n->at = p->now.from;
    n->name = p->now.name;
    plain = p->now.kind == TOKEN_IDENT;
    if (!plain && p->now.kind != TOKEN_QUOTED) {
        struct slice word = text_of(p, &p->now);
        bool keyword = p->now.kind == TOKEN_IN || p->now.kind == TOKEN_TRUE ||
                       p->now.kind == TOKEN_FALSE || p->now.kind == TOKEN_NULL;

        if (keyword)
            cel_help(FAULT(p, "'%.*s' is a reserved word", SLICE_ARG(word)),
                     "write [\"%.*s\"] for a key of that name",
                     SLICE_ARG(word));
        else
            expected(p, "a field's name");
        return n;
    }
    take(p);
    if (plain && !n->optional && p->now.kind == TOKEN_LPAREN) {
        n->receiver = true;
        return call(p, n);
    }
    return seal(p, n, p->last.to);
}

static struct ast *subscript(struct parser *p, struct ast *of, uint32_t from)
{
    struct ast *n = operator(p, "_[_]", from, p->now.from);
    struct bracket b = open_bracket(p);
    struct ast **tail = &n->list;

    if (accept(p, TOKEN_QUESTION))
        n->name = slice_str("_[?_]");
    append(n, &tail, of);
    append(n, &tail, expression(p));
    close_single(p, &b);
    return seal(p, n, p->last.to);
}

static bool is_type_name(const struct ast *n)
{
    while (n->kind == AST_SELECT && !n->optional && !n->test)
        n = n->a;
    return n->kind == AST_IDENT;
}

static void refuse_message(struct parser *p, uint32_t from)
{
    struct bracket b;

    cel_help(complain(p, from, p->now.to,
                      "messages, type{...}, are not part of this language"),
             "a map is written {\"key\": value}");
    b = open_bracket(p);
    p->panic = true;
    close_single(p, &b);
}

/* A value and the fields, calls and subscripts behind it. */
static struct ast *members(struct parser *p, struct ast *n, uint32_t from)
{
    while (!p->panic) {
        if (p->now.kind == TOKEN_DOT)
            n = select_field(p, n, from);
        else if (p->now.kind == TOKEN_LBRACKET)
            n = subscript(p, n, from);
        else if (p->now.kind == TOKEN_LBRACE && is_type_name(n))
            refuse_message(p, from);
        else
            break;
    }
    return n;
}

/* -- operators ------------------------------------------------------------ */

static void lift(struct parser *p, struct ast *n, unsigned count)
{
    unsigned height = count;
    const struct ast *operand = n;

    for (unsigned i = 0; i < count; i++)
        operand = operand->list;
    height += operand->height;
    if (height > CEL_DEPTH_MAX) {
        too_deep(p);
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
            n = primary(p);
            break;
        }
        take(p);
        if (kind == TOKEN_MINUS &&
            (p->now.kind == TOKEN_INT || p->now.kind == TOKEN_DOUBLE)) {
            n = number(p, at, true);
            break;
        }
        if (++count > CEL_DEPTH_MAX) {
            too_deep(p);
            return hole(p);
        }
        n = operator(p, kind == TOKEN_NOT ? "!_" : "-_", at, at);
        n->nlist = 1;
        *inner = n;
        inner = &n->list;
    }
    *inner = members(p, n, at);
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

        n = operator(p, infix[kind].name, from, p->now.from);
        take(p);
        tail = &n->list;
        append(n, &tail, left);
        append(n, &tail, binary(p, (uint8_t)(infix[kind].level + 1)));
        left = seal(p, n, p->last.to);
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
    cel_help(complain(p, p->now.from, p->now.to, "'%.*s' is no operator",
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
    both = operator(p, infix[kind].name, left.from, left.at);
    tail = &both->list;
    append(both, &tail, left.ast);
    append(both, &tail, right.ast);
    return (struct term){ seal(p, both, right.to), left.from, right.to,
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
        take(p);
        last->next = arena_alloc(p->lex.arena, sizeof(*last));
        if (!last->next) {
            give_up(p);
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
    struct ast *n = operator(p, "_?_:_", from, p->now.from);
    struct ast **tail = &n->list;

    take(p);
    append(n, &tail, condition);
    append(n, &tail, chain(p, TOKEN_OR));
    if (p->panic)
        return n;
    if (p->now.kind == TOKEN_QUESTION)
        cel_help(FAULT(p, "expected ':' but found '?'"),
                 "put the inner condition in brackets: a ? (b ? c : d) : e");
    else if (accept(p, TOKEN_COLON))
        append(n, &tail, expression(p));
    else
        stray(p, " or ':'");
    return seal(p, n, p->last.to);
}

static struct ast *expression(struct parser *p)
{
    uint32_t from = p->now.from;
    struct ast *n;

    if (p->depth == CEL_DEPTH_MAX) {
        too_deep(p);
        return hole(p);
    }
    p->depth++;
    n = chain(p, TOKEN_OR);
    if (!p->panic && p->now.kind == TOKEN_QUESTION)
        n = conditional(p, n, from);
    p->depth--;
    return n;
}

/* -- the whole ------------------------------------------------------------ */

static void help_stray(struct parser *p, struct cel_problem *problem)
{
    static const struct {
        const char *word, *help;
    } words[] = {
        { "not", "write ! in front of what must not hold: !(a in b)" },
        { "is", "write == to compare" },
        { "contains", "write a.contains(b)" },
        { "matches", "write a.matches(\"pattern\")" },
        { "startsWith", "write a.startsWith(b)" },
        { "endsWith", "write a.endsWith(b)" },
        { "then", "write condition ? value : other" },
    };
    struct slice text = text_of(p, &p->now);

    for (size_t i = 0; i < COUNT(words); i++) {
        if (p->now.kind == TOKEN_IDENT && slice_is(text, words[i].word))
            cel_help(problem, "%s", words[i].help);
    }
    if (p->last.kind == TOKEN_IDENT &&
        (slice_is(p->last.name, "not") || slice_is(p->last.name, "NOT")))
        cel_help(problem, "write ! in front of what must not hold");
    else if (p->now.kind == TOKEN_STRING && p->last.kind == TOKEN_STRING)
        cel_help(problem, "write + to join strings");
    else if (p->now.kind == TOKEN_DOUBLE && *text.p == '.')
        cel_help(problem, "write [%.*s] for an item of a list",
                 (int)(text.n - 1 < 20 ? text.n - 1 : 20), text.p + 1);
}

static struct ast *whole(struct parser *p)
{
    struct ast *n = expression(p);

    for (;;) {
        struct slice word = text_of(p, &p->now);

        if (!p->panic && is_closing(p->now.kind))
            FAULT(p, "this '%.*s' closes nothing", SLICE_ARG(word));
        else if (!p->panic && p->now.kind != TOKEN_END)
            stray(p, " or the end");
        if (p->panic)
            skip(p);
        while (p->now.kind == TOKEN_COMMA || is_closing(p->now.kind) ||
               infix[p->now.kind].name)
            take(p);
        if (p->now.kind == TOKEN_END)
            return n;
        (void)expression(p);
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
        take(&p);
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
