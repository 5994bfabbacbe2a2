#include "cel/library.h"

#include "cel/timezone.h"

static struct cel_value overflow(struct cel_context *cx, const char *what)
{
    return cel_fail(cx, CEL_OVERFLOW, "%s overflow", what);
}

/* -- int and uint ------------------------------------------------------- */

/* Exactly, or an error. */
#define EXACT(verb, type, field)                                               \
    CEL_CALL(verb##_##type)                                                    \
    {                                                                          \
        struct cel_value r = { .kind = arg[0].kind };                          \
                                                                               \
        if (EXACT_##verb(arg[0].field, arg[1].field, &r.field))                \
            return overflow(cx, #type);                                        \
        return r;                                                              \
    }
#define EXACT_add      __builtin_add_overflow
#define EXACT_subtract __builtin_sub_overflow
#define EXACT_multiply __builtin_mul_overflow

EXACT(add, int, i)
EXACT(subtract, int, i)
EXACT(multiply, int, i)
EXACT(add, uint, u)
EXACT(subtract, uint, u)
EXACT(multiply, uint, u)
EXACT(add, duration, i)
EXACT(subtract, duration, i)

CEL_CALL(divide_int)
{
    if (arg[1].i == 0)
        return cel_fail(cx, CEL_DIVISION, "division by zero");
    if (arg[0].i == INT64_MIN && arg[1].i == -1)
        return overflow(cx, "int");
    return cel_int(arg[0].i / arg[1].i);
}

CEL_CALL(modulo_int)
{
    if (arg[1].i == 0)
        return cel_fail(cx, CEL_DIVISION, "modulus by zero");
    if (arg[0].i == INT64_MIN && arg[1].i == -1)
        return overflow(cx, "int");
    return cel_int(arg[0].i % arg[1].i);
}

CEL_CALL(negate_int)
{
    if (arg[0].i == INT64_MIN)
        return overflow(cx, "int");
    return cel_int(-arg[0].i);
}

CEL_CALL(divide_uint)
{
    if (arg[1].u == 0)
        return cel_fail(cx, CEL_DIVISION, "division by zero");
    return cel_uint(arg[0].u / arg[1].u);
}

CEL_CALL(modulo_uint)
{
    if (arg[1].u == 0)
        return cel_fail(cx, CEL_DIVISION, "modulus by zero");
    return cel_uint(arg[0].u % arg[1].u);
}

/* -- double ------------------------------------------------------------- */

CEL_CALL(add_double)
{
    return cel_double(arg[0].d + arg[1].d);
}

CEL_CALL(subtract_double)
{
    return cel_double(arg[0].d - arg[1].d);
}

CEL_CALL(multiply_double)
{
    return cel_double(arg[0].d * arg[1].d);
}

CEL_CALL(divide_double)
{
    return cel_double(arg[0].d / arg[1].d);
}

CEL_CALL(negate_double)
{
    return cel_double(-arg[0].d);
}

/* -- time --------------------------------------------------------------- */

static struct cel_value shifted(struct cel_context *cx, struct cel_value at,
                                __int128 by)
{
    __int128 ns = (__int128)at.i * NSEC_SEC + at.n + by;
    __int128 seconds = ns / NSEC_SEC, nanos = ns % NSEC_SEC;

    if (nanos < 0) {
        seconds--;
        nanos += NSEC_SEC;
    }
    if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX)
        return overflow(cx, "timestamp");
    return cel_timestamp((int64_t)seconds, (uint32_t)nanos);
}

CEL_CALL(add_to_timestamp)
{
    return shifted(cx, arg[0], arg[1].i);
}

CEL_CALL(add_timestamp)
{
    return shifted(cx, arg[1], arg[0].i);
}

CEL_CALL(subtract_from_timestamp)
{
    return shifted(cx, arg[0], -(__int128)arg[1].i);
}

CEL_CALL(subtract_timestamps)
{
    __int128 ns = (__int128)arg[0].i * NSEC_SEC + arg[0].n -
                  (__int128)arg[1].i * NSEC_SEC - arg[1].n;

    if (ns > INT64_MAX || ns < INT64_MIN)
        return overflow(cx, "duration");
    return cel_duration((int64_t)ns);
}

/* -- strings, bytes and lists ------------------------------------------- */

static struct cel_value joined(struct cel_context *cx, struct cel_value a,
                               struct cel_value b)
{
    size_t n = (size_t)a.n + b.n;
    char *p;

    if (n > CEL_STRING_MAX)
        return cel_fail(cx, CEL_LIMIT, "a string of more than %zu bytes",
                        CEL_STRING_MAX);
    if (!cel_charge(cx, 1 + n / 16))
        return cel_spent();
    p = arena_alloc(&cx->arena, n);
    if (!p)
        return cel_spent();
    if (a.n)
        memcpy(p, a.s, a.n);
    if (b.n)
        memcpy(p + a.n, b.s, b.n);
    return (struct cel_value){ .kind = a.kind, .n = (uint32_t)n, .s = p };
}

CEL_CALL(add_text)
{
    return joined(cx, arg[0], arg[1]);
}

CEL_CALL(add_list)
{
    const struct cel_list *a = arg[0].list, *b = arg[1].list;
    struct cel_value *item = cel_new_items(cx, a->n + b->n);

    if (!item)
        return cel_spent();
    if (a->n)
        memcpy(item, a->item, a->n * sizeof(*item));
    if (b->n)
        memcpy(item + a->n, b->item, b->n * sizeof(*item));
    return cel_list_of(cx, item, a->n + b->n);
}

/* Without a call: the evaluator's own (compile.c). */
static const struct cel_overload overloads[] = {
    { "_+_(int, int) -> int", add_int },
    { "_+_(uint, uint) -> uint", add_uint },
    { "_+_(double, double) -> double", add_double },
    { "_+_(string, string) -> string", add_text },
    { "_+_(bytes, bytes) -> bytes", add_text },
    { "_+_(list(A), list(A)) -> list(A)", add_list },
    { "_+_(timestamp, duration) -> timestamp", add_to_timestamp },
    { "_+_(duration, timestamp) -> timestamp", add_timestamp },
    { "_+_(duration, duration) -> duration", add_duration },
    { "_-_(int, int) -> int", subtract_int },
    { "_-_(uint, uint) -> uint", subtract_uint },
    { "_-_(double, double) -> double", subtract_double },
    { "_-_(timestamp, timestamp) -> duration", subtract_timestamps },
    { "_-_(timestamp, duration) -> timestamp", subtract_from_timestamp },
    { "_-_(duration, duration) -> duration", subtract_duration },
    { "_*_(int, int) -> int", multiply_int },
    { "_*_(uint, uint) -> uint", multiply_uint },
    { "_*_(double, double) -> double", multiply_double },
    { "_/_(int, int) -> int", divide_int },
    { "_/_(uint, uint) -> uint", divide_uint },
    { "_/_(double, double) -> double", divide_double },
    { "_%_(int, int) -> int", modulo_int },
    { "_%_(uint, uint) -> uint", modulo_uint },
    { "-_(int) -> int", negate_int },
    { "-_(double) -> double", negate_double },
    { "!_(bool) -> bool", NULL },
    { "_==_(A, A) -> bool", NULL },
    { "_!=_(A, A) -> bool", NULL },
#define ORDER(op)                                                              \
    { op "(bool, bool) -> bool", NULL }, { op "(int, int) -> bool", NULL },    \
        { op "(int, uint) -> bool", NULL },                                    \
        { op "(int, double) -> bool", NULL },                                  \
        { op "(uint, uint) -> bool", NULL },                                   \
        { op "(uint, int) -> bool", NULL },                                    \
        { op "(uint, double) -> bool", NULL },                                 \
        { op "(double, double) -> bool", NULL },                               \
        { op "(double, int) -> bool", NULL },                                  \
        { op "(double, uint) -> bool", NULL },                                 \
        { op "(string, string) -> bool", NULL },                               \
        { op "(bytes, bytes) -> bool", NULL },                                 \
        { op "(timestamp, timestamp) -> bool", NULL },                         \
    {                                                                          \
        op "(duration, duration) -> bool", NULL                                \
    }
    ORDER("_<_"),
    ORDER("_<=_"),
    ORDER("_>_"),
    ORDER("_>=_"),
#undef ORDER
    { "@in(A, list(A)) -> bool", NULL },
    { "@in(A, map(A, B)) -> bool", NULL },
    { "_[_](list(A), int) -> A", NULL },
    { "_[_](map(A, B), A) -> B", NULL },
    { "_[_](optional_type(list(A)), int) -> optional_type(A)", NULL },
    { "_[_](optional_type(map(A, B)), A) -> optional_type(B)", NULL },
    { "_[?_](list(A), int) -> optional_type(A)", NULL },
    { "_[?_](map(A, B), A) -> optional_type(B)", NULL },
    { "_[?_](optional_type(list(A)), int) -> optional_type(A)", NULL },
    { "_[?_](optional_type(map(A, B)), A) -> optional_type(B)", NULL },
    { "_?_:_(bool, A, A) -> A", NULL },
    { "_&&_(bool, bool) -> bool", NULL },
    { "_||_(bool, bool) -> bool", NULL },
};

struct cel_library cel_library_operators(void)
{
    return CEL_LIBRARY(overloads);
}
