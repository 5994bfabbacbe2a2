#include "parser.h"

#include "cel/macro.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* A list's items or a call's arguments, up to and over the bracket. */
static void items(struct parser *p, struct ast *n, const struct bracket *b,
                  bool list)
{
    struct ast **tail = &n->list;
    bool done = list ? parser_is_empty(p, b) : p->now.kind == b->close;

    while (!done && !p->lex.dead) {
        bool spread = list && parser_accept(p, TOKEN_QUESTION);
        struct ast *item = parse_expression(p);

        item->spread = spread;
        parser_append(n, &tail, item);
        done = !parser_more(p, b) || (list && p->now.kind == b->close);
    }
    parser_close(p, b);
}

static struct ast *list(struct parser *p)
{
    struct bracket b = parser_open(p);
    struct ast *n = parser_node(p, AST_LIST, b.open.from);

    items(p, n, &b, true);
    return parser_seal(p, n, p->last.to);
}

static void entry(struct parser *p, struct ast *n, struct ast ***tail)
{
    bool spread = parser_accept(p, TOKEN_QUESTION);
    struct ast *key = parse_expression(p);

    key->spread = spread;
    parser_append(n, tail, key);
    if (p->panic)
        return;
    if (parser_accept(p, TOKEN_COLON))
        parser_append(n, tail, parse_expression(p));
    else
        parser_expected(p, "':' and the key's value");
}

static struct ast *map(struct parser *p)
{
    struct bracket b = parser_open(p);
    struct ast *n = parser_node(p, AST_MAP, b.open.from);
    struct ast **tail = &n->list;
    bool done = parser_is_empty(p, &b);

    while (!done && !p->lex.dead) {
        entry(p, n, &tail);
        done = !parser_more(p, &b) || p->now.kind == b.close;
    }
    parser_close(p, &b);
    return parser_seal(p, n, p->last.to);
}

static struct ast *group(struct parser *p)
{
    struct bracket b = parser_open(p);
    struct ast *n = parse_expression(p);

    parser_close_single(p, &b);
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
        parser_expected(p, "a value");
}

static struct ast *literal(struct parser *p, uint32_t from,
                           struct cel_value value)
{
    struct ast *n = parser_node(p, AST_LITERAL, from);

    n->value = value;
    parser_take(p);
    return parser_seal(p, n, p->last.to);
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
        problem = parser_complain(p, from, t->to,
                                  "the number is out of the range of %s",
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
    problem = parser_complain(p, p->now.from, p->now.to,
                              "'%.*s' is a reserved word", SLICE_ARG(name));
    cel_help(problem, "write state.%.*s for a key of that name",
             SLICE_ARG(name));
}

/* At the opening bracket. */
static struct ast *call(struct parser *p, struct ast *n)
{
    const struct cel_problems *problems = p->lex.problems;
    size_t errors = problems->errors;
    struct bracket b = parser_open(p);

    n->kind = AST_CALL;
    items(p, n, &b, false);
    n = parser_seal(p, n, p->last.to);
    return problems->errors > errors || p->lex.dead || p->options.no_macros
               ? n
               : macro_apply(n, p->lex.problems);
}

static struct ast *name(struct parser *p, bool rooted)
{
    struct ast *n =
        parser_node(p, AST_IDENT, rooted ? p->last.from : p->now.from);

    n->name = p->now.name;
    n->at = p->now.from;
    n->rooted = rooted;
    if (is_reserved(n->name))
        refuse_reserved(p);
    parser_take(p);
    if (p->now.kind == TOKEN_LPAREN && !p->panic)
        return call(p, n);
    return parser_seal(p, n, p->last.to);
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
        parser_take(p);
        if (p->now.kind == TOKEN_IDENT)
            return name(p, true);
        parser_expected(p, "a name");
        return parser_hole(p);
    case TOKEN_LPAREN:
        return group(p);
    case TOKEN_LBRACKET:
        return list(p);
    case TOKEN_LBRACE:
        return map(p);
    default:
        no_value(p);
        return parser_hole(p);
    }
}

/* -- what follows a value ------------------------------------------------- */

static struct ast *select_field(struct parser *p, struct ast *of, uint32_t from)
{
    struct ast *n = parser_node(p, AST_SELECT, from);
    bool plain;

    parser_take(p);
    n->a = of;
    n->optional = parser_accept(p, TOKEN_QUESTION);
    n->at = p->now.from;
    n->name = p->now.name;
    plain = p->now.kind == TOKEN_IDENT;
    if (!plain && p->now.kind != TOKEN_QUOTED) {
        struct slice word = parser_text(p, &p->now);
        bool keyword = p->now.kind == TOKEN_IN || p->now.kind == TOKEN_TRUE ||
                       p->now.kind == TOKEN_FALSE || p->now.kind == TOKEN_NULL;

        if (keyword)
            cel_help(FAULT(p, "'%.*s' is a reserved word", SLICE_ARG(word)),
                     "write [\"%.*s\"] for a key of that name",
                     SLICE_ARG(word));
        else
            parser_expected(p, "a field's name");
        return n;
    }
    parser_take(p);
    if (plain && !n->optional && p->now.kind == TOKEN_LPAREN) {
        n->receiver = true;
        return call(p, n);
    }
    return parser_seal(p, n, p->last.to);
}

static struct ast *subscript(struct parser *p, struct ast *of, uint32_t from)
{
    struct bracket b = parser_open(p);
    struct ast *n = parser_operator(p, "_[_]", from, b.open.from);
    struct ast **tail = &n->list;

    if (parser_accept(p, TOKEN_QUESTION))
        n->name = slice_str("_[?_]");
    parser_append(n, &tail, of);
    parser_append(n, &tail, parse_expression(p));
    parser_close_single(p, &b);
    return parser_seal(p, n, p->last.to);
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

    cel_help(
        parser_complain(p, from, p->now.to,
                        "messages, type{...}, are not part of this language"),
        "a map is written {\"key\": value}");
    b = parser_open(p);
    p->panic = true;
    parser_close_single(p, &b);
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

struct ast *parse_operand(struct parser *p)
{
    uint32_t from = p->now.from;

    return members(p, primary(p), from);
}

struct ast *parse_negative(struct parser *p, uint32_t from)
{
    return members(p, number(p, from, true), from);
}
