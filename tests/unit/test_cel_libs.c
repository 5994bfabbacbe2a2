/* The libraries of functions, called without an expression: arguments and
 * results are JSON.  What needs other values is in fixtures/cel. */
#include "cel/library.h"

#include "support/suite.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct cel_functions *functions;
static struct cel_context cx;
static struct buf out;

static void setup(void)
{
    functions = cel_functions_new();
    cx = (struct cel_context){ .fuel = CEL_FUEL_MAX };
    arena_init(&cx.arena, CEL_MEMORY_MAX);
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    cel_functions_free(functions);
    arena_release(&cx.arena);
    buf_release(&out);
}

/* "x.name" calls the method of the first argument, "ns.name" and "name" the
 * function. */
static struct cel_value call_values(const char *name,
                                    const struct cel_value *arg, size_t n)
{
    bool receiver = strncmp(name, "x.", 2) == 0;
    const struct cel_group *group = cel_functions_find(
        functions, slice_str(receiver ? name + 2 : name), receiver);

    ck_assert_msg(group, "there is no %s", name);
    return cel_group_call(group, &cx, arg, n);
}

static struct cel_value call(const char *name, const char *arguments)
{
    struct cel_value list = cel_from_json(&cx, slice_str(arguments));

    ck_assert_msg(list.kind == CEL_LIST, "%s", arguments);
    return call_values(name, list.list->item, list.list->n);
}

/* The value as JSON, an error as "error: text". */
static struct slice written(struct cel_value v)
{
    buf_reset(&out);
    if (v.kind == CEL_ERROR) {
        buf_str(&out, "error: ");
        buf_slice(&out, v.error->text);
    } else {
        cel_to_json(&cx, v, &out);
    }
    return buf_view(&out);
}

static const struct {
    const char *name, *arguments, *result;
} calls[] = {
    /* positions are of characters */
    { "x.charAt",
      "[\"a\xe2\x82\xac"
      "b\",1]",
      "\"\xe2\x82\xac\"" },
    { "x.charAt", "[\"ab\",2]", "\"\"" },
    { "x.charAt", "[\"ab\",3]", "error: index out of range: 3" },
    { "x.charAt", "[\"ab\",-1]", "error: index out of range: -1" },
    { "x.indexOf", "[\"\xc3\xa9t\xc3\xa9\",\"\xc3\xa9\"]", "0" },
    { "x.indexOf", "[\"\xc3\xa9t\xc3\xa9\",\"\xc3\xa9\",1]", "2" },
    { "x.indexOf", "[\"abc\",\"\"]", "0" },
    { "x.indexOf", "[\"abc\",\"\",3]", "3" },
    { "x.indexOf", "[\"abc\",\"c\",3]", "-1" },
    { "x.indexOf", "[\"abc\",\"c\",4]", "error: index out of range: 4" },
    { "x.indexOf", "[\"\",\"abc\"]", "-1" },
    { "x.indexOf", "[\"\",\"\"]", "0" },
    { "x.lastIndexOf", "[\"\xc3\xa9t\xc3\xa9\",\"\xc3\xa9\"]", "2" },
    { "x.lastIndexOf", "[\"aaaa\",\"aa\"]", "2" },
    { "x.lastIndexOf", "[\"aaaa\",\"aa\",1]", "1" },
    { "x.lastIndexOf", "[\"aaaa\",\"aa\",4]", "2" },
    { "x.lastIndexOf", "[\"abc\",\"\"]", "3" },
    { "x.lastIndexOf", "[\"abc\",\"\",1]", "1" },
    { "x.lastIndexOf", "[\"abc\",\"bc\",0]", "-1" },
    { "x.lastIndexOf", "[\"\",\"a\"]", "-1" },
    { "x.lastIndexOf", "[\"abc\",\"a\",-1]", "error: index out of range: -1" },
    { "x.substring", "[\"\xc3\xa9t\xc3\xa9\",1]", "\"t\xc3\xa9\"" },
    { "x.substring", "[\"\xc3\xa9t\xc3\xa9\",1,2]", "\"t\"" },
    { "x.substring", "[\"abc\",3]", "\"\"" },
    { "x.substring", "[\"abc\",2,1]",
      "error: invalid substring range. start: 2, end: 1" },
    { "x.substring", "[\"abc\",1,4]", "error: index out of range: 4" },
    /* joining and splitting */
    { "x.join", "[[]]", "\"\"" },
    { "x.join", "[[\"a\",\"\",\"b\"],\", \"]", "\"a, , b\"" },
    { "x.join", "[[\"a\",1]]", "error: no such overload" },
    { "x.split", "[\"a,b,,c\",\",\"]", "[\"a\",\"b\",\"\",\"c\"]" },
    { "x.split", "[\"\",\",\"]", "[\"\"]" },
    { "x.split", "[\"\",\"\"]", "[]" },
    { "x.split", "[\"\xc3\xa9t\",\"\"]", "[\"\xc3\xa9\",\"t\"]" },
    { "x.split", "[\"abc\",\"\",2]", "[\"a\",\"bc\"]" },
    { "x.split", "[\"a,b,c\",\",\",0]", "[]" },
    { "x.split", "[\"a,b,c\",\",\",1]", "[\"a,b,c\"]" },
    { "x.split", "[\"a,b,c\",\",\",2]", "[\"a\",\"b,c\"]" },
    { "x.split", "[\"a,b,c\",\",\",-1]", "[\"a\",\"b\",\"c\"]" },
    { "x.split", "[\"a,b,c\",\",\",9]", "[\"a\",\"b\",\"c\"]" },
    { "x.replace", "[\"banana\",\"ana\",\"x\"]", "\"bxna\"" },
    { "x.replace", "[\"aaa\",\"a\",\"b\",2]", "\"bba\"" },
    { "x.replace", "[\"aaa\",\"a\",\"b\",0]", "\"aaa\"" },
    { "x.replace", "[\"aaa\",\"a\",\"b\",-1]", "\"bbb\"" },
    { "x.replace", "[\"\xc3\xa9t\",\"\",\"-\"]", "\"-\xc3\xa9-t-\"" },
    { "x.replace", "[\"abc\",\"\",\"-\",2]", "\"-a-bc\"" },
    { "x.replace", "[\"\",\"\",\"-\"]", "\"-\"" },
    /* one string from another */
    { "x.lowerAscii", "[\"A\xc3\x89Z[\"]", "\"a\xc3\x89z[\"" },
    { "x.upperAscii", "[\"a\xc3\xa9z{\"]", "\"A\xc3\xa9Z{\"" },
    { "x.reverse", "[\"a\xc3\xa9\xe2\x82\xac\"]",
      "\"\xe2\x82\xac\xc3\xa9"
      "a\"" },
    { "x.trim", "[\" \\t\\u00a0\\u3000a b\\u2003\\n\"]", "\"a b\"" },
    { "x.trim", "[\"\\u200ba\"]",
      "\"\xe2\x80\x8b"
      "a\"" },
    { "x.trim", "[\"  \"]", "\"\"" },
    { "strings.quote", "[\"a\\\"\\n\\u0007\\u0000\"]",
      "\"\\\"a\\\\\\\"\\\\n\\\\a\\u0000\\\"\"" },
    /* format */
    { "x.format", "[\"%s %d%%\",[\"a\",5]]", "\"a 5%\"" },
    { "x.format", "[\"%s\",[1e22]]", "\"10000000000000000000000\"" },
    { "x.format", "[\"%s %s\",[1.5e-7,-12.25]]", "\"0.00000015 -12.25\"" },
    { "x.format", "[\"%d\",[-0.001]]", "\"-0.001\"" },
    { "x.format", "[\"%s\",[{\"b\":[1,null,true],\"a\":\"x\"}]]",
      "\"{a: x, b: [1, null, true]}\"" },
    { "x.format", "[\"%.2f %f %.0e\",[2.345,1,15]]",
      "\"2.35 1.000000 2e+01\"" },
    { "x.format", "[\"%b %o %x %X\",[-5,-8,-30,18446744073709551615]]",
      "\"-101 -10 -1e FFFFFFFFFFFFFFFF\"" },
    { "x.format", "[\"%b %x\",[false,\"\xc3\xa9\"]]", "\"0 c3a9\"" },
    { "x.format", "[\"a\",[1,2]]", "\"a\"" },
    { "x.format", "[\"%d\",[]]", "error: index 0 out of range" },
    { "x.format", "[\"%\",[1]]",
      "error: could not parse formatting clause: unexpected end of string" },
    { "x.format", "[\"%.\",[1]]",
      "error: could not parse formatting clause: no precision after the dot" },
    { "x.format", "[\"%.3\",[1]]",
      "error: could not parse formatting clause: unexpected end of string" },
    { "x.format", "[\"%.99999999999f\",[1]]",
      "error: could not parse formatting clause: a precision above 1000" },
    { "x.format", "[\"%\xc3\xa9\",[1]]",
      "error: could not parse formatting clause: unrecognized formatting "
      "clause \"\xc3\xa9\"" },
    /* math */
    { "math.greatest", "[3]", "3" },
    { "math.greatest", "[1,2.5]", "2.5" },
    { "math.greatest", "[1,2,18446744073709551615,0.5]",
      "18446744073709551615" },
    { "math.least", "[[3,1.0,1]]", "1.0" },
    { "math.least", "[[]]", "error: the list is empty" },
    { "math.least", "[[1,\"a\"]]", "error: no such overload" },
    { "math.round", "[-2.5]", "-3.0" },
    { "math.trunc", "[-2.5]", "-2.0" },
    { "math.abs", "[-9223372036854775808]", "error: integer overflow" },
    { "math.sqrt", "[16]", "4.0" },
    { "math.bitShiftRight", "[-1,63]", "1" },
    { "math.bitShiftLeft", "[1,63]", "-9223372036854775808" },
    { "math.bitShiftLeft", "[1,64]", "0" },
    { "math.bitNot", "[0]", "-1" },
    /* lists */
    { "lists.range", "[3]", "[0,1,2]" },
    { "lists.range", "[-1]", "error: a range must not be negative: -1" },
    { "lists.range", "[65537]", "error: a list of more than 65536 items" },
    { "x.slice", "[[],0,0]", "[]" },
    { "x.slice", "[[1,2,3],1,3]", "[2,3]" },
    { "x.slice", "[[1,2,3],1,4]",
      "error: cannot slice(1, 4), the list is shorter" },
    { "x.flatten", "[[1,[2,[3,[4]]]],2]", "[1,2,3,[4]]" },
    { "x.flatten", "[[[],[1]]]", "[1]" },
    { "x.flatten", "[[[1]],0]", "[[1]]" },
    { "x.distinct", "[[3,\"a\",3.0,\"a\",null,null,[1],[1.0]]]",
      "[3,\"a\",null,[1]]" },
    { "x.distinct", "[[2,1,2.0,1,3]]", "[2,1,3]" },
    { "x.sort", "[[\"b\",\"\",\"a\"]]", "[\"\",\"a\",\"b\"]" },
    { "x.sort", "[[3,1.5,2]]", "[1.5,2,3]" },
    { "x.sort", "[[3,true]]", "error: list elements must have the same type" },
    { "x.sort", "[[[1]]]", "error: list has no order" },
    { "x.reverse", "[[1,2,3]]", "[3,2,1]" },
    { "x.isSorted", "[[]]", "true" },
    { "x.isSorted", "[[1,1.0,2]]", "true" },
    { "x.isSorted", "[[2,1]]", "false" },
    { "x.min", "[[\"b\",\"a\"]]", "\"a\"" },
    { "x.max", "[[1,3,2.5]]", "3" },
    { "x.max", "[[]]", "error: the list is empty" },
    { "x.sum", "[[]]", "0" },
    { "x.sum", "[[1,2,3]]", "6" },
    { "x.sum", "[[1,2.5]]", "3.5" },
    { "x.sum", "[[9223372036854775807,1,-1]]", "9223372036854775807" },
    { "x.sum", "[[9223372036854775807,1]]", "error: the sum is out of range" },
    { "x.sum", "[[18446744073709551615,-1]]", "18446744073709551614" },
    { "x.sum", "[[\"a\"]]", "error: no such overload" },
    /* sets */
    { "sets.contains", "[[1,\"a\",[2]],[[2.0],\"a\"]]", "true" },
    { "sets.contains", "[[1,2,3],[3.0,4]]", "false" },
    { "sets.contains", "[[1,2,3],[\"1\"]]", "false" },
    { "sets.contains", "[[],[]]", "true" },
    { "sets.contains", "[[],[1]]", "false" },
    { "sets.equivalent", "[[1,2,1],[2,1]]", "true" },
    { "sets.equivalent", "[[1],[1,2]]", "false" },
    { "sets.intersects", "[[1,2],[3,2]]", "true" },
    { "sets.intersects", "[[],[]]", "false" },
    /* maps, in the order of their keys */
    { "x.keys", "[{\"b\":1,\"a\":2}]", "[\"a\",\"b\"]" },
    { "x.values", "[{\"b\":1,\"a\":2}]", "[2,1]" },
    { "x.keys", "[{}]", "[]" },
    /* base64 */
    { "base64.decode", "[\"aGVsbG8=\"]", "\"aGVsbG8=\"" },
    { "base64.decode", "[\"aGVsbG8\"]", "\"aGVsbG8=\"" },
    { "base64.decode", "[\"a\"]", "error: not base64" },
    { "base64.decode", "[\"a$==\"]", "error: not base64" },
    { "base64.decode", "[\"\"]", "\"\"" },
    /* time */
    { "timestamp", "[253402300800]", "error: timestamp out of range" },
    { "timestamp", "[\"yesterday\"]", "error: 'yesterday' is no timestamp" },
    { "duration", "[\"5\"]", "error: '5' is no duration" },
    { "duration", "[\"-320000000000s\"]", "error: duration out of range" },
};

START_TEST(functions_answer_what_they_should)
{
    assert_slice(written(call(calls[_i].name, calls[_i].arguments)),
                 calls[_i].result);
}
END_TEST

/* -- values that JSON has not -------------------------------------------- */

static const struct {
    const char *text, *result;
} special[] = {
    { "%s", "\"NaN\"" },
    { "%d", "\"NaN\"" },
    { "%.1f", "\"NaN\"" },
    { "%e", "\"NaN\"" },
};

START_TEST(nan_is_written_alike_by_every_clause)
{
    struct cel_value item[] = { cel_double(NAN) };
    struct cel_value arg[] = { cel_string(slice_str(special[_i].text)),
                               cel_list_of(&cx, item, 1) };

    assert_slice(written(call_values("x.format", arg, 2)), special[_i].result);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_repaired_where_they_are_written)
{
    struct cel_value item[] = { cel_bytes(slice_str("a\xff")) };
    struct cel_value arg[] = { cel_string(slice_str("%s")),
                               cel_list_of(&cx, item, 1) };

    assert_slice(written(call_values("x.format", arg, 2)), "\"a\xef\xbf\xbd\"");
}
END_TEST

START_TEST(nan_has_no_order_and_is_equal_to_nothing)
{
    struct cel_value item[] = { cel_double(NAN), cel_double(1),
                                cel_double(NAN) };
    struct cel_value list = cel_list_of(&cx, item, 3);
    struct cel_value pair[] = { list, list }, v;

    assert_slice(written(call_values("x.sort", &list, 1)),
                 "error: NaN has no order");
    assert_slice(written(call_values("math.greatest", &list, 1)),
                 "error: NaN has no order");
    v = call_values("x.distinct", &list, 1);
    ck_assert_int_eq(v.kind, CEL_LIST);
    ck_assert_uint_eq(v.list->n, 3);
    assert_slice(written(call_values("sets.contains", pair, 2)), "false");
}
END_TEST

START_TEST(numbers_of_several_kinds_sort_together_unless_strict)
{
    assert_slice(written(call("x.sort", "[[2,1.5]]")), "[1.5,2]");
    cx.strict = true;
    assert_slice(written(call("x.sort", "[[2,1.5]]")),
                 "error: list elements must have the same type");
    assert_slice(written(call("x.sum", "[[2,1.5]]")),
                 "error: no such overload");
    assert_slice(written(call("x.distinct", "[[2,2.0]]")), "[2]");
}
END_TEST

START_TEST(sorting_keeps_what_is_equal_as_it_was)
{
    struct cel_value key[500], item[500], v;
    int64_t i, last = -1;

    for (i = 0; i < 500; i++) {
        key[i] = cel_int(i * 7919 % 10);
        item[i] = cel_int(i);
    }
    v = cel_sort(&cx, key, item, 500);
    ck_assert_int_eq(v.kind, CEL_LIST);
    for (i = 0; i < 500; i++) {
        int64_t now = v.list->item[i].i;

        ck_assert(i % 50 == 0 || last < now);
        ck_assert_int_eq(now * 7919 % 10, i / 50);
        last = now;
    }
}
END_TEST

/* -- limits ------------------------------------------------------------- */

START_TEST(ten_thousand_items_sort_and_are_made_distinct_within_the_fuel)
{
    struct cel_value *item = cel_new_items(&cx, 10000), list;
    size_t i;

    for (i = 0; i < 10000; i++)
        item[i] = cel_int((int64_t)(i * 7919 % 10007));
    list = cel_list_of(&cx, item, 10000);
    ck_assert_int_eq(call_values("x.sort", &list, 1).kind, CEL_LIST);
    ck_assert_int_eq(call_values("x.distinct", &list, 1).kind, CEL_LIST);
}
END_TEST

static const struct {
    const char *name, *arguments;
} hungry[] = {
    { "x.charAt", "[\"abcdefghijklmnopqrstuvwxyz\",1]" },
    { "x.lastIndexOf", "[\"abcdefghijklmnopqrstuvwxyz\",\"ab\"]" },
    { "x.replace", "[\"abcdefghijklmnopqrstuvwxyz\",\"a\",\"b\"]" },
    { "x.split", "[\"a,b,c,d,e,f,g,h\",\",\"]" },
    { "x.join", "[[\"a\",\"b\",\"c\",\"d\"]]" },
    { "x.reverse", "[\"abcdefghijklmnopqrstuvwxyz\"]" },
    { "x.format", "[\"%s %s\",[{\"a\":1},[1,2,3]]]" },
    { "math.greatest", "[[1,2,3,4]]" },
    { "x.sort", "[[4,3,2,1]]" },
    { "x.distinct", "[[4,3,2,1]]" },
    { "x.distinct", "[[4,\"a\",2,1]]" },
    { "x.flatten", "[[[1,2],[3]]]" },
    { "x.isSorted", "[[1,2,3,4]]" },
    { "x.max", "[[1,2,3,4]]" },
    { "x.sum", "[[1,2,3,4]]" },
    { "x.keys", "[{\"a\":1,\"b\":2}]" },
    { "sets.equivalent", "[[1,2,3],[3,2,1]]" },
    { "sets.intersects", "[[1,2,\"a\"],[3,4,2]]" },
    { "lists.range", "[10]" },
    { "base64.decode", "[\"aGVsbG8=\"]" },
};

/* Fuel 0, 1, 2, ...: an error of the limit until there is enough. */
START_TEST(too_little_fuel_is_a_limit_and_nothing_else)
{
    struct cel_value list, v;
    uint64_t fuel = 0;

    list = cel_from_json(&cx, slice_str(hungry[_i].arguments));
    for (;; fuel++) {
        cx.fuel = fuel;
        v = call_values(hungry[_i].name, list.list->item, list.list->n);
        if (v.kind != CEL_ERROR)
            break;
        ck_assert_int_eq(v.error->code, CEL_LIMIT);
        ck_assert_uint_lt(fuel, 1000);
    }
    ck_assert_uint_gt(fuel, 0);
}
END_TEST

START_TEST(too_little_memory_is_a_limit_and_nothing_else)
{
    struct cel_value list, v;
    size_t room;

    list = cel_from_json(&cx, slice_str(hungry[_i].arguments));
    for (room = 0;; room += 16) {
        cx.arena.cap = cx.arena.used + room;
        cx.fuel = CEL_FUEL_MAX;
        v = call_values(hungry[_i].name, list.list->item, list.list->n);
        if (v.kind != CEL_ERROR)
            break;
        ck_assert_int_eq(v.error->code, CEL_LIMIT);
        ck_assert_uint_lt(room, 10000);
    }
}
END_TEST

static struct cel_value long_string(size_t n)
{
    char *text = arena_alloc(&cx.arena, n);

    memset(text, 'a', n);
    return cel_string(slice_of(text, n));
}

START_TEST(a_string_that_would_pass_its_cap_is_an_error)
{
    struct cel_value arg[] = { long_string(300), cel_string(slice_str("a")),
                               long_string(300) };
    struct cel_value v = call_values("x.replace", arg, 3);

    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_LIMIT);
    assert_slice(v.error->text, "a string of more than 65536 bytes");
}
END_TEST

/* 2^30 comparisons if it were for free. */
START_TEST(a_search_from_the_end_pays_for_what_it_compares)
{
    struct cel_value arg[] = { long_string(65536), long_string(32768) }, v;

    ((char *)(uintptr_t)arg[1].s)[32767] = 'b';
    v = call_values("x.lastIndexOf", arg, 2);
    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_LIMIT);
}
END_TEST

static const TTest **const tests[] = {
    &bytes_that_are_no_text_are_repaired_where_they_are_written,
    &nan_has_no_order_and_is_equal_to_nothing,
    &numbers_of_several_kinds_sort_together_unless_strict,
    &sorting_keeps_what_is_equal_as_it_was,
    &ten_thousand_items_sort_and_are_made_distinct_within_the_fuel,
    &a_string_that_would_pass_its_cap_is_an_error,
    &a_search_from_the_end_pays_for_what_it_compares,
};

static const struct suite_table tables[] = {
    { &functions_answer_what_they_should, COUNT(calls) },
    { &nan_is_written_alike_by_every_clause, COUNT(special) },
    { &too_little_fuel_is_a_limit_and_nothing_else, COUNT(hungry) },
    { &too_little_memory_is_a_limit_and_nothing_else, COUNT(hungry) },
};

int main(void)
{
    return RUN_SUITE_WITH("cel libraries", setup, teardown, tests, tables);
}
