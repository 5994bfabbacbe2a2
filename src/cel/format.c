#include "cel/format.h"

#include "base/utf8.h"
#include "cel/library.h"
#include "cel/timezone.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct formatter {
    struct cel_context *cx;
    struct buf out;
    struct cel_value error; /* kind CEL_NULL until there is one */
};

/* "%.3f": a clause of the template. */
struct clause {
    char letter;
    int precision;
};

#define FAIL(f, ...)                                                           \
    ((f)->error = cel_fail((f)->cx, CEL_BAD_ARGUMENT, __VA_ARGS__), false)

static bool write_text(struct formatter *f, struct cel_value v);

/* -- numbers ------------------------------------------------------------ */

/* NaN and the infinities have one text under every clause. */
static bool write_special(double d, struct buf *out)
{
    if (isfinite(d))
        return false;
    buf_str(out, isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
    return true;
}

static void write_zeros(struct buf *out, int64_t n)
{
    for (; n > 0; n--)
        buf_char(out, '0');
}

/* digits times 10^(point - digits.n), without an exponent. */
static void write_positional(struct slice digits, int64_t point,
                             struct buf *out)
{
    if (point <= 0) {
        buf_str(out, "0.");
        write_zeros(out, -point);
        buf_slice(out, digits);
    } else if ((size_t)point >= digits.n) {
        buf_slice(out, digits);
        write_zeros(out, point - (int64_t)digits.n);
    } else {
        buf_slice(out, slice_of(digits.p, (size_t)point));
        buf_char(out, '.');
        buf_slice(out, slice_of(digits.p + point, digits.n - (size_t)point));
    }
}

/* The fewest digits that read back as d, and never an exponent. */
static void write_shortest(double d, struct buf *out)
{
    char digits[32];
    struct buf text;
    size_t i, n = 0;
    int64_t point = -1, exponent = 0;

    if (write_special(d, out))
        return;
    buf_init(&text, sizeof(digits));
    cel_double_text(d, &text);
    for (i = 0; i < text.n && text.p[i] != 'e'; i++) {
        if (text.p[i] == '.')
            point = (int64_t)n;
        else if (text.p[i] != '-')
            digits[n++] = text.p[i];
    }
    if (point < 0)
        point = (int64_t)n;
    if (i < text.n)
        exponent = strtoll(buf_cstr(&text) + i + 1, NULL, 10);
    if (signbit(d))
        buf_char(out, '-');
    write_positional(slice_of(digits, n), point + exponent, out);
    buf_release(&text);
}

static bool as_double(struct cel_value v, double *ret)
{
    if (v.kind == CEL_DOUBLE)
        *ret = v.d;
    else if (v.kind == CEL_INT)
        *ret = (double)v.i;
    else if (v.kind == CEL_UINT)
        *ret = (double)v.u;
    else
        return false;
    return true;
}

static bool write_decimal(struct formatter *f, struct cel_value v)
{
    if (v.kind == CEL_INT)
        buf_i64(&f->out, v.i);
    else if (v.kind == CEL_UINT)
        buf_u64(&f->out, v.u);
    else if (v.kind == CEL_DOUBLE)
        write_shortest(v.d, &f->out);
    else
        return FAIL(f,
                    "error during formatting: decimal clause can only be "
                    "used on ints, uints, and doubles, was given %s",
                    cel_kind_name(v.kind));
    return true;
}

static bool write_double(struct formatter *f, struct clause clause,
                         struct cel_value v)
{
    bool fixed = clause.letter == 'f';
    double d;

    if (!as_double(v, &d))
        return FAIL(f,
                    "error during formatting: %s clause can only be used "
                    "on ints, uints, and doubles, was given %s",
                    fixed ? "fixed-point" : "scientific",
                    cel_kind_name(v.kind));
    if (!write_special(d, &f->out)) {
        if (fixed)
            buf_printf(&f->out, "%.*f", clause.precision, d);
        else
            buf_printf(&f->out, "%.*e", clause.precision, d);
    }
    return true;
}

static const char *digits_of(struct clause clause)
{
    return clause.letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
}

/* An integer in base 2, 8 or 16. */
static bool write_based(struct formatter *f, struct clause clause,
                        struct cel_value v)
{
    const char *digit = digits_of(clause);
    unsigned bits = clause.letter == 'b' ? 1 : clause.letter == 'o' ? 3 : 4;
    bool negative = v.kind == CEL_INT && v.i < 0;
    uint64_t size = negative ? 0 - v.u : v.u;
    char text[64];
    size_t i = sizeof(text);

    if (v.kind == CEL_BOOL && clause.letter == 'b')
        size = v.b;
    else if (v.kind != CEL_INT && v.kind != CEL_UINT)
        return FAIL(f, "error during formatting: %%%c cannot be used on %s",
                    clause.letter, cel_kind_name(v.kind));
    do {
        text[--i] = digit[size & ((1u << bits) - 1)];
        size >>= bits;
    } while (size);
    if (negative)
        buf_char(&f->out, '-');
    buf_slice(&f->out, slice_of(text + i, sizeof(text) - i));
    return true;
}

static bool write_hex(struct formatter *f, struct clause clause,
                      struct cel_value v)
{
    const char *digit = digits_of(clause);
    uint32_t i;

    if (v.kind != CEL_STRING && v.kind != CEL_BYTES)
        return write_based(f, clause, v);
    for (i = 0; i < v.n && buf_ok(&f->out); i++) {
        buf_char(&f->out, digit[(unsigned char)v.s[i] >> 4]);
        buf_char(&f->out, digit[v.s[i] & 15]);
    }
    return true;
}

/* -- %s ----------------------------------------------------------------- */

static bool write_list(struct formatter *f, const struct cel_list *list)
{
    size_t i;

    buf_char(&f->out, '[');
    for (i = 0; i < list->n && buf_ok(&f->out); i++) {
        if (i > 0)
            buf_str(&f->out, ", ");
        if (!write_text(f, list->item[i]))
            return false;
    }
    buf_char(&f->out, ']');
    return true;
}

/* An entry under its key as it is printed. */
struct printed {
    struct slice key;
    const struct cel_entry *entry;
};

static int printed_order(const void *a, const void *b)
{
    const struct printed *x = a, *y = b;
    int order = slice_cmp(x->key, y->key);

    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

static struct slice printed_key(struct cel_context *cx, struct cel_value key)
{
    char number[24];

    if (key.kind == CEL_STRING)
        return cel_text(key);
    if (key.kind == CEL_BOOL)
        return slice_str(key.b ? "true" : "false");
    if (key.kind == CEL_INT)
        snprintf(number, sizeof(number), "%" PRId64, key.i);
    else
        snprintf(number, sizeof(number), "%" PRIu64, key.u);
    return arena_copy(&cx->arena, slice_str(number));
}

/* In the order of the printed keys. */
static bool write_map(struct formatter *f, struct cel_value v)
{
    struct printed *printed;
    size_t i;

    v = cel_map_open(f->cx, v);
    if (v.kind == CEL_ERROR) {
        f->error = v;
        return false;
    }
    printed = arena_alloc(&f->cx->arena, v.map->n * sizeof(*printed));
    if (!printed || !cel_charge(f->cx, v.map->n)) {
        f->error = cel_spent();
        return false;
    }
    for (i = 0; i < v.map->n; i++)
        printed[i] = (struct printed){ printed_key(f->cx, v.map->entry[i].key),
                                       &v.map->entry[i] };
    qsort(printed, v.map->n, sizeof(*printed), printed_order);
    buf_char(&f->out, '{');
    for (i = 0; i < v.map->n && buf_ok(&f->out); i++) {
        if (i > 0)
            buf_str(&f->out, ", ");
        buf_slice(&f->out, printed[i].key);
        buf_str(&f->out, ": ");
        if (!write_text(f, printed[i].entry->value))
            return false;
    }
    buf_char(&f->out, '}');
    return true;
}

static bool write_text(struct formatter *f, struct cel_value v)
{
    switch (v.kind) {
    case CEL_NULL:
        buf_str(&f->out, "null");
        return true;
    case CEL_BOOL:
        buf_str(&f->out, v.b ? "true" : "false");
        return true;
    case CEL_INT:
    case CEL_UINT:
    case CEL_DOUBLE:
        return write_decimal(f, v);
    case CEL_STRING:
    case CEL_TYPE:
        buf_slice(&f->out, cel_text(v));
        return true;
    case CEL_BYTES:
        utf8_repair(cel_text(v), &f->out);
        return true;
    case CEL_TIMESTAMP:
        timestamp_write(v, &f->out);
        return true;
    case CEL_DURATION:
        duration_write(v.i, &f->out);
        return true;
    case CEL_LIST:
        return write_list(f, v.list);
    case CEL_MAP:
        return write_map(f, v);
    default:
        return FAIL(f,
                    "error during formatting: string clause cannot be "
                    "used on %s",
                    cel_kind_name(v.kind));
    }
}

/* -- the template ------------------------------------------------------- */

/* Takes "." and digits off the front of text. */
static bool take_precision(struct formatter *f, struct slice *text, int *ret)
{
    int v = 0;
    size_t i = 1;

    for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++) {
        v = v * 10 + (text->p[i] - '0');
        if (v > FORMAT_PRECISION_MAX)
            return FAIL(f,
                        "could not parse formatting clause: a precision "
                        "above %d",
                        FORMAT_PRECISION_MAX);
    }
    if (i == 1)
        return FAIL(f, "could not parse formatting clause: no precision "
                       "after the dot");
    *ret = v;
    *text = slice_of(text->p + i, text->n - i);
    return true;
}

/* Takes what follows a percent sign off the front of text. */
static bool take_clause(struct formatter *f, struct slice *text,
                        struct clause *ret)
{
    ret->precision = 6;
    if (text->n && *text->p == '.' && !take_precision(f, text, &ret->precision))
        return false;
    if (text->n == 0)
        return FAIL(f, "could not parse formatting clause: unexpected end of "
                       "string");
    ret->letter = *text->p;
    if (!ret->letter || !strchr("sdfebxXo", ret->letter))
        return FAIL(f,
                    "could not parse formatting clause: unrecognized "
                    "formatting clause \"%.*s\"",
                    (int)utf8_cut(*text, 4).n, text->p);
    *text = slice_of(text->p + 1, text->n - 1);
    return true;
}

static bool write_clause(struct formatter *f, struct clause clause,
                         struct cel_value v)
{
    switch (clause.letter) {
    case 's':
        return write_text(f, v);
    case 'd':
        return write_decimal(f, v);
    case 'f':
    case 'e':
        return write_double(f, clause, v);
    case 'x':
    case 'X':
        return write_hex(f, clause, v);
    default:
        return write_based(f, clause, v);
    }
}

static bool write_all(struct formatter *f, struct slice text,
                      const struct cel_list *list)
{
    struct clause clause;
    size_t used = 0;

    while (text.n && buf_ok(&f->out)) {
        char c = *text.p;

        text = slice_of(text.p + 1, text.n - 1);
        if (c == '%' && text.n && *text.p == '%') {
            text = slice_of(text.p + 1, text.n - 1);
        } else if (c == '%') {
            if (!take_clause(f, &text, &clause))
                return false;
            if (used == list->n)
                return FAIL(f, "index %zu out of range", used);
            if (!write_clause(f, clause, list->item[used++]))
                return false;
            continue;
        }
        buf_char(&f->out, c);
    }
    return true;
}

struct cel_value cel_format(struct cel_context *cx, const struct cel_value *arg,
                            size_t n)
{
    struct formatter f = { cx, cel_text_begin(), cel_null() };

    (void)n;
    if (write_all(&f, cel_text(arg[0]), arg[1].list))
        return cel_text_end(cx, &f.out);
    buf_release(&f.out);
    return f.error;
}
