#include "parse.h"

#include "cel/lex.h"
#include "cel/macro.h"
#include "cel/timezone.h"

#include <stdio.h>
#include <stdlib.h>

static void write_node(const struct ast *n, struct buf *out);

/* -- literals ------------------------------------------------------------- */

/* Text of a string literal: UTF-8 stays as it is, in bytes it does not. */
static void write_escaped(struct slice s, bool bytes, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_str(out, "\\n");
        else if (c < ' ' || c == 0x7f || (c > 0x7f && bytes))
            buf_printf(out, "\\x%02x", c);
        else
            buf_char(out, (char)c);
    }
}

/* With as few digits as give the same value. */
static void write_double(double d, struct buf *out)
{
    char text[32];
    int precision = 15;

    do
        (void)snprintf(text, sizeof(text), "%.*g", precision, d);
    while (strtod(text, NULL) != d && precision++ < 17);
    buf_str(out, text);
    if (!strpbrk(text, ".e"))
        buf_str(out, ".0");
}

static void write_literal(struct cel_value v, struct buf *out)
{
    switch (v.kind) {
    case CEL_NULL:
        buf_str(out, "null");
        break;
    case CEL_BOOL:
        buf_str(out, v.b ? "true" : "false");
        break;
    case CEL_INT:
        buf_i64(out, v.i);
        break;
    case CEL_UINT:
        buf_u64(out, v.u);
        buf_char(out, 'u');
        break;
    case CEL_DOUBLE:
        write_double(v.d, out);
        break;
    case CEL_DURATION: /* the constant span of increase() and the like */
        buf_char(out, '\'');
        duration_write(v.i, out);
        buf_char(out, '\'');
        break;
    default:
        buf_str(out, v.kind == CEL_BYTES ? "b\"" : "\"");
        write_escaped(cel_text(v), v.kind == CEL_BYTES, out);
        buf_char(out, '"');
    }
}

/* -- operators ------------------------------------------------------------ */

enum shape { SHAPE_NONE, SHAPE_UNARY, SHAPE_INFIX, SHAPE_INDEX, SHAPE_CHOICE };

/* Operators have names that no function can have, nor one of a namespace. */
static enum shape shape_of(const struct ast *n)
{
    if (n->kind != AST_CALL || n->receiver || lex_is_ident(n->name) ||
        memchr(n->name.p, '.', n->name.n))
        return SHAPE_NONE;
    if (n->nlist == 1)
        return SHAPE_UNARY;
    if (n->nlist == 3)
        return SHAPE_CHOICE;
    return slice_is(n->name, "_[_]") || slice_is(n->name, "_[?_]")
               ? SHAPE_INDEX
               : SHAPE_INFIX;
}

static void write_bracketed(const struct ast *n, bool brackets, struct buf *out)
{
    if (brackets)
        buf_char(out, '(');
    write_node(n, out);
    if (brackets)
        buf_char(out, ')');
}

static void write_operand(const struct ast *n, struct buf *out)
{
    enum shape shape = shape_of(n);

    write_bracketed(n, shape == SHAPE_INFIX || shape == SHAPE_CHOICE, out);
}

/* What a dot or a bracket stands behind. */
static void write_target(const struct ast *n, struct buf *out)
{
    enum shape shape = shape_of(n);

    write_bracketed(n,
                    n->kind == AST_LITERAL ||
                        (shape != SHAPE_NONE && shape != SHAPE_INDEX),
                    out);
}

static void write_operator(const struct ast *n, enum shape shape,
                           struct buf *out)
{
    const struct ast *first = n->list, *second = first->next;
    struct slice sign = n->name;

    switch (shape) {
    case SHAPE_UNARY: /* the brackets keep -(1) from being a literal */
        buf_char(out, *sign.p);
        write_bracketed(first, true, out);
        break;
    case SHAPE_INDEX:
        write_target(first, out);
        buf_str(out, sign.n == 4 ? "[" : "[?");
        write_node(second, out);
        buf_char(out, ']');
        break;
    case SHAPE_CHOICE:
        write_operand(first, out);
        buf_str(out, " ? ");
        write_operand(second, out);
        buf_str(out, " : ");
        write_node(second->next, out);
        break;
    default:
        sign = *sign.p == '@' ? slice_of(sign.p + 1, sign.n - 1)
                              : slice_of(sign.p + 1, sign.n - 2);
        write_operand(first, out);
        buf_printf(out, " %.*s ", SLICE_ARG(sign));
        write_operand(second, out);
    }
}

/* -- everything else ------------------------------------------------------ */

static void write_items(const struct ast *item, bool map, struct buf *out)
{
    for (bool key = map; item; item = item->next, key = map && !key) {
        if (item->spread)
            buf_char(out, '?');
        write_node(item, out);
        if (item->next)
            buf_str(out, key ? ": " : ", ");
    }
}

static void write_call(const struct ast *n, struct buf *out)
{
    if (n->receiver)
        write_target(n->a, out);
    if (n->receiver || n->rooted)
        buf_char(out, '.');
    buf_slice(out, n->name);
    buf_char(out, '(');
    write_items(n->list, false, out);
    buf_char(out, ')');
}

static void write_select(const struct ast *n, struct buf *out)
{
    bool plain = lex_is_ident(n->name);

    buf_str(out, n->test ? "has(" : "");
    write_target(n->a, out);
    buf_str(out, n->optional ? ".?" : ".");
    buf_str(out, plain ? "" : "`");
    buf_slice(out, n->name);
    buf_str(out, plain ? "" : "`");
    buf_str(out, n->test ? ")" : "");
}

static void write_loop(const struct ast *n, struct buf *out)
{
    write_target(n->a, out);
    buf_printf(out, ".%s(%.*s", macro_name(n), SLICE_ARG(n->name));
    if (n->name2.n)
        buf_printf(out, ", %.*s", SLICE_ARG(n->name2));
    if (n->b) {
        buf_str(out, ", ");
        write_node(n->b, out);
    }
    buf_str(out, ", ");
    write_node(n->c, out);
    buf_char(out, ')');
}

static void write_bind(const struct ast *n, struct buf *out)
{
    bool plain = n->loop == BIND_PLAIN;

    if (plain)
        buf_str(out, "cel");
    else
        write_target(n->a, out);
    buf_printf(out, ".%s(%.*s, ", macro_name(n), SLICE_ARG(n->name));
    if (plain) {
        write_node(n->a, out);
        buf_str(out, ", ");
    }
    write_node(n->b, out);
    buf_char(out, ')');
}

static void write_node(const struct ast *n, struct buf *out)
{
    enum shape shape = shape_of(n);

    switch ((enum ast_kind)n->kind) {
    case AST_LITERAL:
        write_literal(n->value, out);
        break;
    case AST_IDENT:
        buf_str(out, n->rooted ? "." : "");
        buf_slice(out, n->name);
        break;
    case AST_SELECT:
        write_select(n, out);
        break;
    case AST_CALL:
        if (shape == SHAPE_NONE)
            write_call(n, out);
        else
            write_operator(n, shape, out);
        break;
    case AST_LIST:
    case AST_MAP:
        buf_char(out, n->kind == AST_LIST ? '[' : '{');
        write_items(n->list, n->kind == AST_MAP, out);
        buf_char(out, n->kind == AST_LIST ? ']' : '}');
        break;
    case AST_LOOP:
        write_loop(n, out);
        break;
    case AST_BIND:
        write_bind(n, out);
        break;
    }
}

void cel_unparse(const struct ast *ast, struct buf *out)
{
    write_node(ast, out);
}
