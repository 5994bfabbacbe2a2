#include "error_text.h"

#include "base/utf8.h"
#include "data/json.h"

#define HEX_MIN       8
#define QUOTATION_MAX 1000 /* bytes in which a quotation has to end */

/* -- the message -------------------------------------------------------------
 */

static const struct tape_op *text_of(const struct tape *tape, size_t at)
{
    static const char *const names[] = { "message", "msg",       "error",
                                         "err",     "exception", "reason" };
    const struct tape_op *op, *below;
    size_t k;

    for (k = 0; k < sizeof(names) / sizeof(*names); k++) {
        op = tape_member_of(tape, at, names[k]);
        if (op && op->kind == TAPE_STRING && op->n)
            return op;
        if (!op || op->kind != TAPE_OBJECT)
            continue;
        below = tape_member_of(tape, (size_t)(op - tape->op), "message");
        if (below && below->kind == TAPE_STRING && below->n)
            return below;
    }
    return NULL;
}

void error_message(const struct tape *tape, size_t at, struct buf *out)
{
    const struct tape_op *op = &tape->op[at];
    struct buf json;

    if (op->kind == TAPE_OBJECT)
        op = text_of(tape, at);
    if (op && op->kind == TAPE_STRING) {
        buf_slice(out, utf8_cut(tape_text(op), ERROR_MESSAGE_MAX));
        return;
    }
    buf_init(&json, BUF_NO_CAP);
    json_value(tape, at, &json);
    buf_slice(out, utf8_cut(buf_view(&json), ERROR_MESSAGE_MAX));
    buf_release(&json);
}

/* -- its shape ---------------------------------------------------------------
 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool is_word(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static size_t run_of(struct slice s, bool (*is)(char))
{
    size_t n = 0;

    while (n < s.n && is(s.p[n]))
        n++;
    return n;
}

static struct slice behind(struct slice s, size_t n)
{
    return slice_of(s.p + n, s.n - n);
}

/* Bytes of the UUID or the hexadecimal number that s begins with; 0: none. */
static size_t hex_at(struct slice s)
{
    static const size_t part[] = { 8, 4, 4, 4, 12 };
    size_t n = 0, k;

    for (k = 0; k < 5; k++) {
        if (k && (n == s.n || s.p[n++] != '-'))
            break;
        if (run_of(behind(s, n), is_word) != part[k] ||
            run_of(behind(s, n), is_hex) != part[k])
            break;
        n += part[k];
    }
    if (k == 5)
        return n;
    n = s.n > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x' ? 2 : 0;
    k = run_of(behind(s, n), is_hex);
    if (k < HEX_MIN || run_of(behind(s, n), is_word) != k ||
        (!n && run_of(s, is_digit) == k))
        return 0;
    return n + k;
}

/* Bytes of the quotation that s begins with, if there is a digit in it. */
static size_t quotation_at(struct slice s)
{
    bool digit = false;
    size_t n;

    if (*s.p != '"' && *s.p != '\'' && *s.p != '`')
        return 0;
    for (n = 1; n < s.n && n < QUOTATION_MAX && s.p[n] != *s.p; n++)
        digit |= is_digit(s.p[n]);
    return n < s.n && s.p[n] == *s.p && digit ? n + 1 : 0;
}

static void put_blank(struct buf *out, size_t from)
{
    if (out->n > from && out->p[out->n - 1] != ' ')
        buf_char(out, ' ');
}

/* One piece of the message; answers its bytes. */
static size_t put_piece(struct slice s, bool in_word, struct buf *out,
                        size_t from)
{
    size_t n;

    if (!in_word && (n = quotation_at(s)))
        buf_printf(out, "%cX%c", *s.p, *s.p);
    else if (!in_word && (n = hex_at(s)))
        buf_char(out, 'X');
    else if ((n = run_of(s, is_digit)))
        buf_char(out, 'N');
    else if ((n = run_of(s, is_blank)))
        put_blank(out, from);
    else
        buf_char(out, s.p[n++]);
    return n;
}

void error_shape(struct slice message, struct buf *out)
{
    struct slice s = message;
    size_t from = out->n, n;
    bool in_word = false;

    /* A few bytes more, for a character that is to be cut off as a whole. */
    while (s.n && out->n - from < ERROR_SHAPE_MAX + 4) {
        n = put_piece(s, in_word, out, from);
        in_word = is_word(s.p[n - 1]);
        s = behind(s, n);
    }
    while (out->n > from && out->p[out->n - 1] == ' ')
        out->n--;
    if (out->n == from) /* there may be no memory yet */
        return;
    s = utf8_cut(slice_of(out->p + from, out->n - from), ERROR_SHAPE_MAX);
    out->n = from + s.n;
}
