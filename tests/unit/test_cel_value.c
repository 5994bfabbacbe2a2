#include "cel/value.h"

#include "base/alloc.h"
#include "support/suite.h"
#include "support/val.h"

#include <math.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct cel_context cx;
static struct buf out;

static void setup(void)
{
    cx = (struct cel_context){ .fuel = CEL_FUEL_MAX };
    arena_init(&cx.arena, CEL_MEMORY_MAX);
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    arena_release(&cx.arena);
    buf_release(&out);
}

static struct cel_value text(const char *s)
{
    return cel_string(slice_str(s));
}

static const struct {
    const char *json, *back;
} jsons[] = {
    { "null", "null" },
    { " [true, false] ", "[true,false]" },
    { "9223372036854775807", "9223372036854775807" },
    { "18446744073709551615", "18446744073709551615" },
    { "-9223372036854775809", "-9.223372036854776e+18" },
    { "1.0", "1.0" },
    { "1e2", "100.0" },
    { "-0", "0" },
    { "1e400", "\"+Infinity\"" },
    { "{\"b\":{\"d\":1,\"c\":[]},\"a\":\"x\\n\"}",
      "{\"a\":\"x\\n\",\"b\":{\"c\":[],\"d\":1}}" },
    { "{\"a\":1,\"a\":2}", "{\"a\":2}" },
    { "{\"\":{}}", "{\"\":{}}" },
};

START_TEST(json_comes_back_in_one_form)
{
    struct cel_value v = cel_from_json(&cx, slice_str(jsons[_i].json));

    cel_to_json(&cx, v, &out);
    assert_slice(buf_view(&out), jsons[_i].back);
}
END_TEST

START_TEST(what_is_no_json_is_an_error)
{
    struct cel_value v = cel_from_json(&cx, slice_str("{\"a\":}"));

    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_BAD_ARGUMENT);
}
END_TEST

START_TEST(json_beyond_the_memory_is_an_error)
{
    static const char json[] = "{\"a\":[1,2,3,\"some text\"],\"b\":{\"c\":1}}";
    struct cel_value v = { 0 };
    size_t room;

    for (room = 0; room < 2000; room += 8) {
        arena_release(&cx.arena);
        arena_init(&cx.arena, room);
        v = cel_from_json(&cx, slice_str(json));
        ck_assert(v.kind == CEL_MAP || v.error->code == CEL_LIMIT);
    }
    ck_assert_int_eq(v.kind, CEL_MAP);
}
END_TEST

START_TEST(printing_stops_where_fuel_or_room_ends)
{
    struct cel_value v = cel_from_json(&cx, slice_str("[1,[2,[3,[4]]]]"));
    struct buf small;

    cx.fuel = 3;
    cel_to_json(&cx, v, &out);
    ck_assert(!buf_ok(&out));
    cx.fuel = CEL_FUEL_MAX;
    buf_init(&small, 4);
    cel_to_json(&cx, v, &small);
    ck_assert(!buf_ok(&small));
    buf_release(&small);
}
END_TEST

START_TEST(numbers_are_in_order_across_their_kinds)
{
    const struct cel_value v[] = {
        cel_double(-INFINITY),
        cel_int(INT64_MIN),
        cel_int(-1),
        cel_double(-0.5),
        cel_uint(0),
        cel_double(0.5),
        cel_int(1),
        cel_double(1.5),
        cel_uint(2),
        cel_int(INT64_MAX),
        cel_uint(UINT64_MAX),
        cel_double(1e30),
    };
    size_t i, k;

    for (i = 0; i < COUNT(v); i++)
        for (k = 0; k < COUNT(v); k++)
            ck_assert_int_eq(cel_compare(v[i], v[k]), (i > k) - (i < k));
}
END_TEST

START_TEST(nan_is_neither_equal_nor_in_order)
{
    struct cel_value nan = cel_double(NAN);

    ck_assert(!cel_equal(&cx, nan, nan));
    ck_assert_int_eq(cel_compare(nan, cel_int(1)), 2);
    ck_assert_int_eq(cel_compare(cel_uint(1), nan), 2);
}
END_TEST

START_TEST(kinds_that_do_not_compare_are_unequal_and_unordered)
{
    const struct cel_value v[] = {
        cel_null(),
        cel_bool(true),
        cel_int(1),
        text("1"),
        cel_bytes(slice_str("1")),
        cel_duration(1),
        cel_timestamp(0, 1),
        cel_optional_none(),
    };
    size_t i, k;

    for (i = 0; i < COUNT(v); i++)
        for (k = 0; k < COUNT(v); k++) {
            ck_assert_int_eq(cel_equal(&cx, v[i], v[k]), i == k);
            if (i != k)
                ck_assert_int_eq(cel_compare(v[i], v[k]), 2);
        }
}
END_TEST

START_TEST(a_map_finds_its_keys_whatever_number_asks)
{
    struct cel_entry entry[] = {
        { cel_int(3), text("three") },  { text("a"), text("text") },
        { cel_uint(7), text("seven") }, { cel_bool(true), text("yes") },
        { cel_int(-1), text("minus") },
    };
    struct cel_value map = cel_map_of(&cx, entry, COUNT(entry)), v;

    ck_assert_int_eq(map.kind, CEL_MAP);
    ck_assert(cel_map_get(&cx, map, cel_double(3), &v));
    assert_slice(cel_text(v), "three");
    ck_assert(cel_map_get(&cx, map, cel_int(7), &v));
    assert_slice(cel_text(v), "seven");
    ck_assert(cel_map_get(&cx, map, cel_bool(true), NULL));
    ck_assert(cel_map_get(&cx, map, text("a"), NULL));
    ck_assert(!cel_map_get(&cx, map, cel_int(1), NULL));
    ck_assert(!cel_map_get(&cx, map, cel_bool(false), NULL));
    ck_assert(!cel_map_get(&cx, map, cel_double(NAN), NULL));
    ck_assert(!cel_map_get(&cx, map, cel_null(), NULL));
}
END_TEST

START_TEST(the_text_of_a_double_is_the_shortest_that_reads_back)
{
    uint64_t seed = 5, bits;
    char shorter[40];
    double d;
    int i;

    for (i = 0; i < 20000; i++) {
        bits = random_next(&seed);
        memcpy(&d, &bits, sizeof(d));
        if (!isfinite(d))
            continue;
        buf_reset(&out);
        cel_double_text(d, &out);
        ck_assert(strtod(buf_cstr(&out), NULL) == d);
        /* One significant digit less would not do. */
        snprintf(shorter, sizeof(shorter), "%.14e", d);
        if (strtod(shorter, NULL) == d)
            ck_assert_uint_le(out.n, strlen(shorter));
    }
}
END_TEST

START_TEST(an_error_needs_no_memory)
{
    struct cel_value v;

    arena_release(&cx.arena);
    v = cel_fail(&cx, CEL_DIVISION, "%s", "a reason");
    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_DIVISION);
    ck_assert(v.error->text.n > 0);
}
END_TEST

START_TEST(a_message_never_ends_within_a_character)
{
    char brief[CEL_BRIEF];
    struct cel_value v;
    size_t i;

    for (i = 0; i < 60; i++)
        buf_str(&out, "é€");
    cel_brief(&cx, cel_string(buf_view(&out)), brief);
    ck_assert_uint_lt(strlen(brief), CEL_BRIEF);
    v = cel_fail(&cx, CEL_BAD_ARGUMENT, "%s%s", buf_cstr(&out), brief);
    v = cel_new_string(&cx, v.error->text);
    ck_assert_int_eq((unsigned char)brief[0], '"');
    ck_assert_ptr_nonnull(strstr(brief, "..."));
    ck_assert_int_eq(v.kind, CEL_STRING);
}
END_TEST

static const TTest **const tests[] = {
    &what_is_no_json_is_an_error,
    &json_beyond_the_memory_is_an_error,
    &printing_stops_where_fuel_or_room_ends,
    &numbers_are_in_order_across_their_kinds,
    &nan_is_neither_equal_nor_in_order,
    &kinds_that_do_not_compare_are_unequal_and_unordered,
    &a_map_finds_its_keys_whatever_number_asks,
    &the_text_of_a_double_is_the_shortest_that_reads_back,
    &an_error_needs_no_memory,
    &a_message_never_ends_within_a_character,
};

static const struct suite_table tables[] = {
    { &json_comes_back_in_one_form, COUNT(jsons) },
};

int main(void)
{
    return RUN_SUITE_WITH("cel value", setup, teardown, tests, tables);
}
