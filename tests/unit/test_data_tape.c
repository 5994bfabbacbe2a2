#include "data/tape.h"

#include "base/alloc.h"
#include "data/json.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct tape_parser *parser;
static struct buf out;
static struct err err;

static void setup(void)
{
    parser = tape_parser_new(9);
    buf_init(&out, BUF_NO_CAP);
    err = (struct err){ 0 };
}

static void teardown(void)
{
    tape_parser_free(parser);
    buf_release(&out);
}

/* Parses a copy that ends where the line does: a byte too far is seen. */
static enum status parse(struct slice line)
{
    char *copy = xmalloc(line.n ? line.n : 1);
    struct tape tape;
    enum status st;

    memcpy(copy, line.p, line.n);
    st = tape_parse(parser, slice_of(copy, line.n), &tape, &err);
    buf_reset(&out);
    if (!st)
        json_value(&tape, 0, &out);
    free(copy);
    return st;
}

static const struct {
    const char *line, *canonical;
} good[] = {
    { "{}", "{}" },
    { " \t\r[ ] ", "[]" },
    { "12", "12" },
    { "12 ", "12" },
    { "-0", "-0" },
    { "true", "true" },
    { "null", "null" },
    { "\"\"", "\"\"" },
    { "{\"b\":1,\"a\":[{\"z\":null,\"y\":false}]}",
      "{\"a\":[{\"y\":false,\"z\":null}],\"b\":1}" },
    /* numbers keep their text */
    { "[-9223372036854775808,18446744073709551615,1e400,1.50,0.1E-7]",
      "[-9223372036854775808,18446744073709551615,1e400,1.50,0.1E-7]" },
    /* escapes */
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\"",
      "\"\\\"\\\\/\\b\\f\\n\\r\\tA\xc3\xa9\xe2\x82\xac\"" },
    { "\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\x7f\"" },
    { "\"\\ud83d\\ude80\"", "\"\xf0\x9f\x9a\x80\"" },
    { "{\"\\u0061\":1,\"a\":2}", "{\"a\":2}" },
    /* lone surrogates */
    { "\"\\ud800\"", "\"\xef\xbf\xbd\"" },
    { "\"\\udc00x\"", "\"\xef\xbf\xbdx\"" },
    { "\"\\ud800\\ud83d\\ude80\"", "\"\xef\xbf\xbd\xf0\x9f\x9a\x80\"" },
    { "\"\\ud800\\n\\uDFFF\"", "\"\xef\xbf\xbd\\n\xef\xbf\xbd\"" },
    { "\"\\ude80\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "\"\\\\ud800\"", "\"\\\\ud800\"" },
    { "{\"\\ud800\":{\"k\\udfff\":1}}",
      "{\"\xef\xbf\xbd\":{\"k\xef\xbf\xbd\":1}}" },
    /* ill-formed bytes in strings */
    { "\"\xff\xc3\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "{\"\xed\xa0\x80\":\"\\ud800\xc0\"}",
      "{\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\":"
      "\"\xef\xbf\xbd\xef\xbf\xbd\"}" },
    /* the last of equal keys, at any depth */
    { "{\"a\":1,\"b\":0,\"a\":{\"c\":1,\"c\":2},\"a\":{\"c\":3,\"c\":[4]}}",
      "{\"a\":{\"c\":[4]},\"b\":0}" },
    { "[{\"\":1,\"\":2}]", "[{\"\":2}]" },
};

START_TEST(good_lines_are_read_and_written_in_one_form)
{
    ck_assert_msg(!parse(slice_str(good[_i].line)), "%s: %s", good[_i].line,
                  err.text);
    assert_slice(buf_view(&out), good[_i].canonical);
}
END_TEST

static const char *const bad[] = {
    "",
    " ",
    "{",
    "}",
    "[1,]",
    "[1 2]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{'a':1}",
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "-",
    "0x10",
    "NaN",
    "Infinity",
    "tru",
    "nulll",
    "True",
    "\"",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"a\nb\"",
    "\"\x01\"",
    "1 2",
    "{} {}",
    "{}x",
    "[]]",
    "{\"a\":1}}",
    "// c\n1",
    "/* c */ 1",
    "\xef\xbb\xbf{}",
    "plain text",
};

START_TEST(other_lines_are_refused_with_a_column_and_leave_no_trace)
{
    struct slice line = slice_str(bad[_i]);

    ck_assert_msg(parse(line) == ST_BAD, "%s became %s", bad[_i],
                  buf_cstr(&out));
    ck_assert(err.text[0] && !strchr(err.text, '\n'));
    ck_assert_uint_ge(err.column, 1);
    ck_assert_uint_le(err.column, line.n + 2);
    ck_assert(!parse(slice_str("{\"a\":[1,\"x\"]}")));
    assert_slice(buf_view(&out), "{\"a\":[1,\"x\"]}");
}
END_TEST

START_TEST(a_nul_byte_is_bad_outside_and_inside_strings)
{
    ck_assert_int_eq(parse(slice_of("{}\0", 3)), ST_BAD);
    ck_assert_int_eq(parse(slice_of("\"a\0b\"", 5)), ST_BAD);
    ck_assert_int_eq(parse(slice_of("\0", 1)), ST_BAD);
    ck_assert(!parse(slice_str("{}")));
}
END_TEST

static const char sample[] =
    "{\"msg\":\"\\ud83d\\ude80 \\u00e9\xc3\xa9\",\"n\":[1.5e3,{\"k\":true}],"
    "\"o\":{\"p\":null,\"p\":\"q\\\\\"}}";

START_TEST(a_line_cut_at_any_byte_leaves_the_parser_usable)
{
    size_t i, n = sizeof(sample) - 1;

    for (i = 0; i < n; i++) {
        ck_assert_msg(parse(slice_of(sample, i)) == ST_BAD, "%zu", i);
        ck_assert(!parse(slice_of(sample, n)));
        assert_slice(buf_view(&out),
                     "{\"msg\":\"\xf0\x9f\x9a\x80 \xc3\xa9\xc3\xa9\",\"n\":"
                     "[1.5e3,{\"k\":true}],\"o\":{\"p\":\"q\\\\\"}}");
    }
}
END_TEST

START_TEST(a_line_with_any_byte_changed_is_read_or_refused)
{
    char line[sizeof(sample)];
    size_t i;
    int c;

    for (i = 0; i < sizeof(sample) - 1; i++) {
        for (c = 0; c < 256; c++) {
            memcpy(line, sample, sizeof(sample));
            line[i] = (char)c;
            if (parse(slice_of(line, sizeof(sample) - 1)))
                ck_assert(err.text[0]);
        }
    }
}
END_TEST

static void nest(struct buf *b, size_t depth)
{
    size_t i;

    buf_reset(b);
    for (i = 0; i < depth; i++)
        buf_str(b, i % 2 ? "[" : "{\"a\":");
    buf_char(b, '1');
    while (i-- > 0)
        buf_char(b, i % 2 ? ']' : '}');
}

START_TEST(nesting_is_read_to_the_limit_and_not_beyond)
{
    struct buf line;

    buf_init(&line, BUF_NO_CAP);
    nest(&line, TAPE_DEPTH_MAX);
    ck_assert(!parse(buf_view(&line)));
    ck_assert(slice_eq(buf_view(&out), buf_view(&line)));
    nest(&line, TAPE_DEPTH_MAX + 1);
    ck_assert_int_eq(parse(buf_view(&line)), ST_LIMIT);
    nest(&line, 3);
    ck_assert(!parse(buf_view(&line)));
    buf_release(&line);
}
END_TEST

START_TEST(a_copy_lives_on_when_line_and_parser_are_gone)
{
    static const char *const lines[] = {
        sample,
        "{\"lone\":\"\\ud800\",\"e\":\"\\n\"}",
        "{\"bytes\":\"\xff\",\"n\":1}",
        "17",
        "\"\\u0041\"",
    };
    size_t i;

    for (i = 0; i < COUNT(lines); i++) {
        struct slice line = slice_str(lines[i]);
        char *first = xmemdup0(line.p, line.n), *second;
        struct tape tape, copy;
        struct buf before;
        void *block;

        buf_init(&before, BUF_NO_CAP);
        ck_assert(!tape_parse(parser, slice_of(first, line.n), &tape, NULL));
        json_value(&tape, 0, &before);
        second = xmemdup0(line.p, line.n);
        block = xmalloc(tape_copy_size(parser, &tape));
        copy = tape_copy(parser, &tape, block, slice_of(first, line.n), second);
        memset(first, 'X', line.n);
        free(first);
        ck_assert(!parse(slice_str("{\"other\":[\"\\u0042\",\"\\ud800\"]}")));
        buf_reset(&out);
        json_value(&copy, 0, &out);
        ck_assert(slice_eq(buf_view(&out), buf_view(&before)));
        free(block);
        free(second);
        buf_release(&before);
    }
}
END_TEST

START_TEST(a_member_is_found_by_its_last_mention)
{
    struct tape tape;
    const struct tape_op *op;

    ck_assert(!tape_parse(parser,
                          slice_str("{\"a\":1,\"b\":{\"c\":5},"
                                    "\"a\":[2]}"),
                          &tape, NULL));
    op = tape_member(&tape, "a");
    ck_assert_int_eq(op->kind, TAPE_ARRAY);
    ck_assert_ptr_null(tape_member(&tape, "c"));
    ck_assert(!tape_parse(parser, slice_str("[1]"), &tape, NULL));
    ck_assert_ptr_null(tape_member(&tape, "a"));
}
END_TEST

/* Every key three times, the third the one that counts. */
START_TEST(of_many_members_too_the_last_of_a_key_counts)
{
    struct tape tape;
    struct buf line;
    size_t i, live = 0;
    int n;

    buf_init(&line, BUF_NO_CAP);
    buf_char(&line, '{');
    for (n = 0; n < 3000; n++)
        buf_printf(&line, "%s\"k%d\":%d", n ? "," : "", n % 1000, n);
    buf_char(&line, '}');
    ck_assert(!tape_parse(parser, buf_view(&line), &tape, NULL));
    for (i = 1; i < tape.op[0].end; i = tape.op[i].end)
        live += !(tape.op[i].flags & TAPE_DEAD);
    ck_assert_uint_eq(live, 1000);
    ck_assert(slice_is(tape_text(tape_member(&tape, "k0")), "2000"));
    ck_assert(slice_is(tape_text(tape_member(&tape, "k999")), "2999"));
    buf_release(&line);
}
END_TEST

static const TTest **const tests[] = {
    &a_nul_byte_is_bad_outside_and_inside_strings,
    &a_line_cut_at_any_byte_leaves_the_parser_usable,
    &a_line_with_any_byte_changed_is_read_or_refused,
    &nesting_is_read_to_the_limit_and_not_beyond,
    &a_copy_lives_on_when_line_and_parser_are_gone,
    &a_member_is_found_by_its_last_mention,
    &of_many_members_too_the_last_of_a_key_counts,
};

static const struct suite_table tables[] = {
    { &good_lines_are_read_and_written_in_one_form, COUNT(good) },
    { &other_lines_are_refused_with_a_column_and_leave_no_trace, COUNT(bad) },
};

int main(void)
{
    return RUN_SUITE_WITH("data tape", setup, teardown, tests, tables);
}
