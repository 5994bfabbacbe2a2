#include "cel/library.h"

#include <inttypes.h>
#include <math.h>

/* -- the greatest and the least ----------------------------------------- */

static bool is_number(struct cel_value v)
{
    return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

static struct cel_value most(struct cel_context *cx,
                             const struct cel_value *arg, size_t n, int want)
{
    const struct cel_value *item = arg;
    size_t i;

    if (n == 1 && arg[0].kind == CEL_LIST) {
        item = arg[0].list->item;
        n = arg[0].list->n;
    }
    for (i = 0; i < n; i++)
        if (!is_number(item[i]))
            return cel_no_overload(cx);
    return cel_most(cx, item, n, want);
}

CEL_CALL(greatest)
{
    return most(cx, arg, n, 1);
}

CEL_CALL(least)
{
    return most(cx, arg, n, -1);
}

/* -- doubles ------------------------------------------------------------ */

#define OF_DOUBLE(name, result)                                                \
    CEL_CALL(name)                                                             \
    {                                                                          \
        double d = arg[0].d;                                                   \
                                                                               \
        return result;                                                         \
    }

OF_DOUBLE(ceil_double, cel_double(ceil(d)))
OF_DOUBLE(floor_double, cel_double(floor(d)))
OF_DOUBLE(round_double, cel_double(round(d)))
OF_DOUBLE(trunc_double, cel_double(trunc(d)))
OF_DOUBLE(is_nan, cel_bool(isnan(d)))
OF_DOUBLE(is_inf, cel_bool(isinf(d)))
OF_DOUBLE(is_finite, cel_bool(isfinite(d)))
OF_DOUBLE(abs_double, cel_double(fabs(d)))
OF_DOUBLE(sign_double, cel_double(isnan(d) ? d : (d > 0) - (d < 0)))
OF_DOUBLE(sqrt_double, cel_double(sqrt(d)))

/* -- integers ----------------------------------------------------------- */

CEL_CALL(abs_int)
{
    if (arg[0].i == INT64_MIN)
        return cel_fail(cx, CEL_OVERFLOW, "integer overflow");
    return cel_int(arg[0].i < 0 ? -arg[0].i : arg[0].i);
}

CEL_CALL(abs_uint)
{
    return arg[0];
}

CEL_CALL(sign_int)
{
    return cel_int((arg[0].i > 0) - (arg[0].i < 0));
}

CEL_CALL(sign_uint)
{
    return cel_uint(arg[0].u > 0);
}

CEL_CALL(sqrt_int)
{
    return cel_double(sqrt((double)arg[0].i));
}

CEL_CALL(sqrt_uint)
{
    return cel_double(sqrt((double)arg[0].u));
}

/* The bits of an int or a uint, as one of the same kind as arg[0]. */
#define OF_BITS(name, result)                                                  \
    CEL_CALL(name)                                                             \
    {                                                                          \
        struct cel_value v = arg[0];                                           \
                                                                               \
        v.u = result;                                                          \
        return v;                                                              \
    }

OF_BITS(bit_and, arg[0].u &(arg[1].u))
OF_BITS(bit_or, arg[0].u | arg[1].u)
OF_BITS(bit_xor, arg[0].u ^ arg[1].u)
OF_BITS(bit_not, ~arg[0].u)
OF_BITS(shifted_left, arg[1].u < 64 ? arg[0].u << arg[1].u : 0)
OF_BITS(shifted_right, arg[1].u < 64 ? arg[0].u >> arg[1].u : 0)

CEL_CALL(shift_left)
{
    if (arg[1].i < 0)
        return cel_fail(cx, CEL_BAD_ARGUMENT,
                        "math.bitShiftLeft() negative offset: %" PRId64,
                        arg[1].i);
    return shifted_left(cx, arg, n);
}

/* Zeros come in at the left, of negative ints too. */
CEL_CALL(shift_right)
{
    if (arg[1].i < 0)
        return cel_fail(cx, CEL_BAD_ARGUMENT,
                        "math.bitShiftRight() negative offset: %" PRId64,
                        arg[1].i);
    return shifted_right(cx, arg, n);
}

/* clang-format off */
#define MOST(name, call)                                                       \
    { name "(int) -> int", call },                                             \
    { name "(uint) -> uint", call },                                           \
    { name "(double) -> double", call },                                       \
    { name "(list(int)) -> int", call },                                       \
    { name "(list(uint)) -> uint", call },                                     \
    { name "(list(double)) -> double", call },                                 \
    { name "(int, int) -> int", call },                                        \
    { name "(uint, uint) -> uint", call },                                     \
    { name "(double, double) -> double", call },                               \
    { name "(int, uint) -> dyn", call },                                       \
    { name "(uint, int) -> dyn", call },                                       \
    { name "(int, double) -> dyn", call },                                     \
    { name "(double, int) -> dyn", call },                                     \
    { name "(uint, double) -> dyn", call },                                    \
    { name "(double, uint) -> dyn", call },                                    \
    { name "(dyn, dyn, dyn, ...) -> dyn", call }
/* clang-format on */

static const struct cel_overload overloads[] = {
    MOST("math.greatest", greatest),
    MOST("math.least", least),
    { "math.ceil(double) -> double", ceil_double },
    { "math.floor(double) -> double", floor_double },
    { "math.round(double) -> double", round_double },
    { "math.trunc(double) -> double", trunc_double },
    { "math.isNaN(double) -> bool", is_nan },
    { "math.isInf(double) -> bool", is_inf },
    { "math.isFinite(double) -> bool", is_finite },
    { "math.abs(int) -> int", abs_int },
    { "math.abs(uint) -> uint", abs_uint },
    { "math.abs(double) -> double", abs_double },
    { "math.sign(int) -> int", sign_int },
    { "math.sign(uint) -> uint", sign_uint },
    { "math.sign(double) -> double", sign_double },
    { "math.sqrt(int) -> double", sqrt_int },
    { "math.sqrt(uint) -> double", sqrt_uint },
    { "math.sqrt(double) -> double", sqrt_double },
    { "math.bitAnd(int, int) -> int", bit_and },
    { "math.bitAnd(uint, uint) -> uint", bit_and },
    { "math.bitOr(int, int) -> int", bit_or },
    { "math.bitOr(uint, uint) -> uint", bit_or },
    { "math.bitXor(int, int) -> int", bit_xor },
    { "math.bitXor(uint, uint) -> uint", bit_xor },
    { "math.bitNot(int) -> int", bit_not },
    { "math.bitNot(uint) -> uint", bit_not },
    { "math.bitShiftLeft(int, int) -> int", shift_left },
    { "math.bitShiftLeft(uint, int) -> uint", shift_left },
    { "math.bitShiftRight(int, int) -> int", shift_right },
    { "math.bitShiftRight(uint, int) -> uint", shift_right },
};

struct cel_library cel_library_math(void)
{
    return CEL_LIBRARY(overloads);
}
