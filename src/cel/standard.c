#include "cel/library.h"

#include "base/utf8.h"
#include "cel/regex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define NUMBER_TEXT 400
#define TWO_TO_63   9223372036854775808.0
#define TWO_TO_64   18446744073709551616.0

/* -- size --------------------------------------------------------------- */

CEL_CALL(size_string)
{
    int64_t points = 0;
    uint32_t i;

    if (!cel_charge_bytes(cx, arg[0].n))
        return cel_spent();
    for (i = 0; i < arg[0].n; i++)
        points += ((unsigned char)arg[0].s[i] & 0xc0) != 0x80;
    return cel_int(points);
}

CEL_CALL(size_bytes)
{
    return cel_int(arg[0].n);
}

CEL_CALL(size_list)
{
    return cel_int((int64_t)arg[0].list->n);
}

CEL_CALL(size_map)
{
    return cel_int((int64_t)cel_map_size(cx, arg[0]));
}

/* -- int, uint, double, bool -------------------------------------------- */

CEL_CALL(same)
{
    return arg[0];
}

static struct cel_value out_of_range(struct cel_context *cx, const char *type)
{
    return cel_fail(cx, CEL_OVERFLOW, "out of the range of %s", type);
}

static struct cel_value no_number(struct cel_context *cx, struct cel_value text,
                                  const char *type)
{
    return cel_fail(cx, CEL_BAD_ARGUMENT, "'%.*s' is no %s",
                    (int)utf8_cut(cel_text(text), 40).n, text.s, type);
}

/* NUL-terminated for strto*(); false: longer than any number, or a blank or
 * a NUL among it. */
static bool number_text(struct cel_value text, char copy[NUMBER_TEXT])
{
    uint32_t i;

    if (text.n == 0 || text.n >= NUMBER_TEXT)
        return false;
    for (i = 0; i < text.n; i++)
        if (!isalnum((unsigned char)text.s[i]) && !strchr("+-.", text.s[i]))
            return false;
    memcpy(copy, text.s, text.n);
    copy[text.n] = '\0';
    return strlen(copy) == text.n;
}

CEL_CALL(int_from_uint)
{
    if (arg[0].u > INT64_MAX)
        return out_of_range(cx, "int");
    return cel_int((int64_t)arg[0].u);
}

/* The ends of the range are excluded: as doubles they are rounded. */
CEL_CALL(int_from_double)
{
    if (!(arg[0].d > -TWO_TO_63 && arg[0].d < TWO_TO_63))
        return out_of_range(cx, "int");
    return cel_int((int64_t)arg[0].d);
}

CEL_CALL(int_from_string)
{
    char copy[NUMBER_TEXT], *end;
    long long i;

    if (!number_text(arg[0], copy))
        return no_number(cx, arg[0], "int");
    errno = 0;
    i = strtoll(copy, &end, 10);
    if (*end)
        return no_number(cx, arg[0], "int");
    return errno ? out_of_range(cx, "int") : cel_int(i);
}

CEL_CALL(uint_from_int)
{
    if (arg[0].i < 0)
        return out_of_range(cx, "uint");
    return cel_uint((uint64_t)arg[0].i);
}

CEL_CALL(uint_from_double)
{
    if (!(arg[0].d > -1 && arg[0].d < TWO_TO_64))
        return out_of_range(cx, "uint");
    return cel_uint((uint64_t)arg[0].d);
}

CEL_CALL(uint_from_string)
{
    char copy[NUMBER_TEXT], *end;
    unsigned long long u;

    if (!number_text(arg[0], copy) || !isdigit((unsigned char)copy[0]))
        return no_number(cx, arg[0], "uint");
    errno = 0;
    u = strtoull(copy, &end, 10);
    if (*end)
        return no_number(cx, arg[0], "uint");
    return errno ? out_of_range(cx, "uint") : cel_uint(u);
}

CEL_CALL(double_from_int)
{
    return cel_double((double)arg[0].i);
}

CEL_CALL(double_from_uint)
{
    return cel_double((double)arg[0].u);
}

CEL_CALL(double_from_string)
{
    char copy[NUMBER_TEXT], *end;
    double d;

    if (!number_text(arg[0], copy))
        return no_number(cx, arg[0], "double");
    d = strtod(copy, &end);
    return *end ? no_number(cx, arg[0], "double") : cel_double(d);
}

CEL_CALL(bool_from_string)
{
    static const char *const word[2][5] = {
        { "0", "f", "false", "FALSE", "False" },
        { "1", "t", "true", "TRUE", "True" },
    };
    size_t i, k;

    for (i = 0; i < 2; i++)
        for (k = 0; k < 5; k++)
            if (slice_is(cel_text(arg[0]), word[i][k]))
                return cel_bool(i == 1);
    return no_number(cx, arg[0], "bool");
}

/* -- string, bytes ------------------------------------------------------ */

CEL_CALL(string_from_bool)
{
    return cel_string(slice_str(arg[0].b ? "true" : "false"));
}

CEL_CALL(string_from_int)
{
    struct buf b = cel_text_begin();

    buf_i64(&b, arg[0].i);
    return cel_text_end(cx, &b);
}

CEL_CALL(string_from_uint)
{
    struct buf b = cel_text_begin();

    buf_u64(&b, arg[0].u);
    return cel_text_end(cx, &b);
}

CEL_CALL(string_from_double)
{
    struct buf b = cel_text_begin();

    cel_double_text(arg[0].d, &b);
    return cel_text_end(cx, &b);
}

CEL_CALL(string_from_bytes)
{
    if (!cel_charge_bytes(cx, arg[0].n))
        return cel_spent();
    if (!utf8_valid(cel_text(arg[0])))
        return cel_fail(cx, CEL_BAD_ARGUMENT, "the bytes are no valid UTF-8");
    return cel_string(cel_text(arg[0]));
}

CEL_CALL(bytes_from_string)
{
    return cel_bytes(cel_text(arg[0]));
}

CEL_CALL(type_of)
{
    struct slice name = slice_str(cel_kind_name(arg[0].kind));

    return (struct cel_value){ .kind = CEL_TYPE,
                               .n = (uint32_t)name.n,
                               .s = name.p };
}

/* -- searching ---------------------------------------------------------- */

CEL_CALL(contains)
{
    if (!cel_charge_bytes(cx, arg[0].n))
        return cel_spent();
    return cel_bool(arg[1].n == 0 ||
                    memmem(arg[0].s, arg[0].n, arg[1].s, arg[1].n));
}

CEL_CALL(starts_with)
{
    if (!cel_charge_bytes(cx, arg[1].n))
        return cel_spent();
    return cel_bool(arg[1].n <= arg[0].n &&
                    slice_eq(slice_of(arg[0].s, arg[1].n), cel_text(arg[1])));
}

CEL_CALL(ends_with)
{
    if (!cel_charge_bytes(cx, arg[1].n))
        return cel_spent();
    return cel_bool(arg[1].n <= arg[0].n &&
                    slice_eq(slice_of(arg[0].s + arg[0].n - arg[1].n, arg[1].n),
                             cel_text(arg[1])));
}

/* A pattern that is computed; compile.c has the constant ones. */
CEL_CALL(matches)
{
    const struct regex *regex;
    enum status st;
    struct err err;

    st = regex_cache_get(cx->patterns, cel_text(arg[1]), &cx->fuel, &regex,
                         &err);
    if (st == ST_LIMIT)
        return cel_spent();
    if (st)
        return cel_fail(cx, CEL_BAD_ARGUMENT, "bad pattern: %s", err.text);
    if (!cel_charge(cx, regex_fuel(regex, arg[0].n)))
        return cel_spent();
    return cel_bool(regex_matches(regex, cel_text(arg[0])));
}

static const struct cel_overload overloads[] = {
    { "size(string) -> int", size_string },
    { "size(bytes) -> int", size_bytes },
    { "size(list(A)) -> int", size_list },
    { "size(map(A, B)) -> int", size_map },
    { "string.size() -> int", size_string },
    { "bytes.size() -> int", size_bytes },
    { "list(A).size() -> int", size_list },
    { "map(A, B).size() -> int", size_map },
    { "int(int) -> int", same },
    { "int(uint) -> int", int_from_uint },
    { "int(double) -> int", int_from_double },
    { "int(string) -> int", int_from_string },
    { "uint(uint) -> uint", same },
    { "uint(int) -> uint", uint_from_int },
    { "uint(double) -> uint", uint_from_double },
    { "uint(string) -> uint", uint_from_string },
    { "double(double) -> double", same },
    { "double(int) -> double", double_from_int },
    { "double(uint) -> double", double_from_uint },
    { "double(string) -> double", double_from_string },
    { "bool(bool) -> bool", same },
    { "bool(string) -> bool", bool_from_string },
    { "string(string) -> string", same },
    { "string(bool) -> string", string_from_bool },
    { "string(int) -> string", string_from_int },
    { "string(uint) -> string", string_from_uint },
    { "string(double) -> string", string_from_double },
    { "string(bytes) -> string", string_from_bytes },
    { "bytes(bytes) -> bytes", same },
    { "bytes(string) -> bytes", bytes_from_string },
    { "dyn(A) -> dyn", same },
    { "type(A) -> type(A)", type_of },
    { "string.contains(string) -> bool", contains },
    { "string.startsWith(string) -> bool", starts_with },
    { "string.endsWith(string) -> bool", ends_with },
    { "string.matches(string) -> bool", matches },
    { "matches(string, string) -> bool", matches },
};

struct cel_library cel_library_standard(void)
{
    return CEL_LIBRARY(overloads);
}
