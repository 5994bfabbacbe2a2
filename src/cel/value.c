#include "cel/value.h"

#include "base/utf8.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FAIL_TEXT   240
#define DOUBLE_TEXT 32

struct cel_value cel_instant(nsec at)
{
    int64_t seconds = at / NSEC_SEC, nanos = at % NSEC_SEC;

    if (nanos < 0) {
        seconds--;
        nanos += NSEC_SEC;
    }
    return cel_timestamp(seconds, (uint32_t)nanos);
}

/* -- errors ------------------------------------------------------------- */

#define PLAIN(code_, text_)                                                    \
    [code_] = { .code = (code_), .text = { (text_), sizeof(text_) - 1 } }

static const struct cel_error plain[] = {
    PLAIN(CEL_NO_SUCH_KEY, "no such key"),
    PLAIN(CEL_NO_SUCH_INDEX, "no such index"),
    PLAIN(CEL_NO_OVERLOAD, "no such overload"),
    PLAIN(CEL_OVERFLOW, "overflow"),
    PLAIN(CEL_DIVISION, "division by zero"),
    PLAIN(CEL_BAD_ARGUMENT, "bad argument"),
    PLAIN(CEL_LIMIT, "the evaluation is out of fuel or memory"),
    PLAIN(CEL_UNKNOWN_VARIABLE, "unknown variable"),
};

static struct cel_value error_value(const struct cel_error *e)
{
    return (struct cel_value){ .kind = CEL_ERROR, .error = e };
}

struct cel_value cel_spent(void)
{
    return error_value(&plain[CEL_LIMIT]);
}

struct cel_value cel_fail(struct cel_context *cx, enum cel_code code,
                          const char *format, ...)
{
    char text[FAIL_TEXT];
    struct cel_error *e;
    struct slice s;
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    /* A cut may have left half a character. */
    s = slice_str(text);
    s.n = utf8_prefix(s);
    e = arena_alloc(&cx->arena, sizeof(*e));
    s = arena_copy(&cx->arena, s);
    if (!e || !s.p)
        return error_value(&plain[code]);
    *e = (struct cel_error){ .code = code, .text = s };
    return error_value(e);
}

/* -- making ------------------------------------------------------------- */

static struct cel_value new_text(struct cel_context *cx, struct slice s,
                                 enum cel_kind kind)
{
    struct cel_value v = { .kind = (uint8_t)kind, .n = (uint32_t)s.n };

    if (s.n > CEL_STRING_MAX)
        return cel_fail(cx, CEL_LIMIT, "a string of more than %zu bytes",
                        CEL_STRING_MAX);
    if (!cel_charge(cx, 1 + s.n / 16))
        return cel_spent();
    v.s = arena_copy(&cx->arena, s).p;
    return v.s ? v : cel_spent();
}

struct cel_value cel_new_string(struct cel_context *cx, struct slice s)
{
    return new_text(cx, s, CEL_STRING);
}

struct cel_value cel_new_bytes(struct cel_context *cx, struct slice s)
{
    return new_text(cx, s, CEL_BYTES);
}

struct cel_value *cel_new_items(struct cel_context *cx, size_t n)
{
    if (n > CEL_LIST_MAX || !cel_charge(cx, n))
        return NULL;
    return arena_alloc(&cx->arena, n * sizeof(struct cel_value));
}

struct cel_value cel_list_of(struct cel_context *cx,
                             const struct cel_value *item, size_t n)
{
    struct cel_list *list = arena_alloc(&cx->arena, sizeof(*list));

    if (!list)
        return cel_spent();
    *list = (struct cel_list){ n, item };
    return (struct cel_value){ .kind = CEL_LIST, .list = list };
}

struct cel_value cel_optional_of(struct cel_context *cx, struct cel_value v)
{
    struct cel_value *of = arena_alloc(&cx->arena, sizeof(*of));

    if (!of)
        return cel_spent();
    *of = v;
    return (struct cel_value){ .kind = CEL_OPTIONAL, .of = of };
}

struct cel_value cel_optional_none(void)
{
    return (struct cel_value){ .kind = CEL_OPTIONAL };
}

/* -- looking ------------------------------------------------------------ */

const char *cel_kind_name(enum cel_kind kind)
{
    static const char *const name[CEL_KINDS] = {
        [CEL_ERROR] = "error",
        [CEL_NULL] = "null_type",
        [CEL_BOOL] = "bool",
        [CEL_INT] = "int",
        [CEL_UINT] = "uint",
        [CEL_DOUBLE] = "double",
        [CEL_STRING] = "string",
        [CEL_BYTES] = "bytes",
        [CEL_LIST] = "list",
        [CEL_MAP] = "map",
        [CEL_TIMESTAMP] = "google.protobuf.Timestamp",
        [CEL_DURATION] = "google.protobuf.Duration",
        [CEL_TYPE] = "type",
        [CEL_OPTIONAL] = "optional_type",
    };

    return name[kind];
}

const char *cel_kind_word(enum cel_kind kind)
{
    switch (kind) {
    case CEL_NULL:
        return "null";
    case CEL_TIMESTAMP:
        return "timestamp";
    case CEL_DURATION:
        return "duration";
    case CEL_OPTIONAL:
        return "optional";
    default:
        return cel_kind_name(kind);
    }
}

const char *cel_kind_phrase(enum cel_kind kind)
{
    static const char *const phrase[CEL_KINDS] = {
        [CEL_ERROR] = "an error",        [CEL_NULL] = "null",
        [CEL_BOOL] = "a bool",           [CEL_INT] = "an int",
        [CEL_UINT] = "a uint",           [CEL_DOUBLE] = "a double",
        [CEL_STRING] = "a string",       [CEL_BYTES] = "bytes",
        [CEL_LIST] = "a list",           [CEL_MAP] = "a map",
        [CEL_TIMESTAMP] = "a timestamp", [CEL_DURATION] = "a duration",
        [CEL_TYPE] = "a type",           [CEL_OPTIONAL] = "an optional",
    };

    return phrase[kind];
}

static bool is_number(struct cel_value v)
{
    return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

static int order_u(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int order_i(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static __int128 integer(struct cel_value v)
{
    return v.kind == CEL_INT ? (__int128)v.i : (__int128)v.u;
}

static double floating(struct cel_value v)
{
    return v.kind == CEL_DOUBLE ? v.d : (double)integer(v);
}

/* int and uint compare exactly; with a double both do as doubles, as they do
 * in other implementations: the largest int equals 2^63. */
static int order_numbers(struct cel_value a, struct cel_value b)
{
    double x, y;

    if (a.kind != CEL_DOUBLE && b.kind != CEL_DOUBLE)
        return (integer(a) > integer(b)) - (integer(a) < integer(b));
    x = floating(a);
    y = floating(b);
    return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
}

int cel_compare(struct cel_value a, struct cel_value b)
{
    int d;

    if (a.kind != b.kind)
        return is_number(a) && is_number(b) ? order_numbers(a, b) : 2;
    switch (a.kind) {
    case CEL_BOOL:
        return a.b - b.b;
    case CEL_INT:
    case CEL_DURATION:
        return order_i(a.i, b.i);
    case CEL_UINT:
        return order_u(a.u, b.u);
    case CEL_DOUBLE:
        return order_numbers(a, b);
    case CEL_STRING:
    case CEL_BYTES:
        d = slice_cmp(cel_text(a), cel_text(b));
        return (d > 0) - (d < 0);
    case CEL_TIMESTAMP:
        d = order_i(a.i, b.i);
        return d ? d : order_u(a.n, b.n);
    default:
        return 2;
    }
}

static bool equal_lists(struct cel_context *cx, const struct cel_list *a,
                        const struct cel_list *b)
{
    size_t i;

    if (a->n != b->n)
        return false;
    for (i = 0; i < a->n; i++)
        if (!cel_equal(cx, a->item[i], b->item[i]))
            return false;
    return true;
}

static bool equal_maps(struct cel_context *cx, struct cel_value a,
                       struct cel_value b)
{
    size_t i;

    if (a.host && a.host == b.host && a.node == b.node)
        return true; /* what a log says is never NaN */
    if (cel_map_size(cx, a) != cel_map_size(cx, b))
        return false;
    a = cel_map_open(cx, a);
    b = cel_map_open(cx, b);
    if (a.kind != CEL_MAP || b.kind != CEL_MAP)
        return false;
    for (i = 0; i < a.map->n; i++) {
        const struct cel_entry *x = &a.map->entry[i], *y = &b.map->entry[i];

        if (cel_key_order(x->key, y->key) != 0 ||
            !cel_equal(cx, x->value, y->value))
            return false;
    }
    return true;
}

static bool equal_text(struct cel_context *cx, struct cel_value a,
                       struct cel_value b)
{
    return a.n == b.n && cel_charge(cx, a.n / 16) &&
           slice_eq(cel_text(a), cel_text(b));
}

bool cel_equal(struct cel_context *cx, struct cel_value a, struct cel_value b)
{
    if (!cel_charge(cx, 1))
        return false;
    if (a.kind != b.kind)
        return is_number(a) && is_number(b) && order_numbers(a, b) == 0;
    switch (a.kind) {
    case CEL_NULL:
        return true;
    case CEL_STRING:
    case CEL_BYTES:
    case CEL_TYPE:
        return equal_text(cx, a, b);
    case CEL_LIST:
        return equal_lists(cx, a.list, b.list);
    case CEL_MAP:
        return equal_maps(cx, a, b);
    case CEL_OPTIONAL:
        if (!a.of || !b.of)
            return a.of == b.of;
        return cel_equal(cx, *a.of, *b.of);
    default:
        return cel_compare(a, b) == 0;
    }
}

void cel_double_text(double d, struct buf *out)
{
    char text[DOUBLE_TEXT];
    int digits = fabs(d) < DBL_MIN ? 1 : DBL_DIG;

    if (isnan(d)) {
        buf_str(out, "NaN");
        return;
    }
    if (isinf(d)) {
        buf_str(out, d < 0 ? "-Infinity" : "+Infinity");
        return;
    }
    /* What has at most 15 digits is found at once; 17 always do. */
    do {
        snprintf(text, sizeof(text), "%.*g", digits, d);
    } while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != d);
    buf_str(out, text);
}
