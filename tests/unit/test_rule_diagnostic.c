#include "rule/diagnostic.h"

#include "support/suite.h"

#include <stdio.h>

static struct diagnostics diags;
static struct buf out;

static void setup(void)
{
    diags = (struct diagnostics){ 0 };
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    diagnostics_release(&diags);
    buf_release(&out);
}

/* At the first <...> of one line, the second of the file. */
static struct diagnostic_place mark(char *text)
{
    char *from = strchr(text, '<'), *to;
    struct diagnostic_place at = { .file = slice_str("f.yaml"), .line = 2 };

    memmove(from, from + 1, strlen(from));
    to = strchr(from, '>');
    memmove(to, to + 1, strlen(to));
    at.text = slice_str(text);
    at.from = (size_t)(from - text);
    at.to = (size_t)(to - text);
    at.column = (uint32_t)(from - (strchr(text, '\n') + 1)) + 1;
    return at;
}

static const char *show(const char *marked)
{
    char text[1000];
    struct diagnostic_place at;

    snprintf(text, sizeof(text), "# one\n%s", marked);
    at = mark(text);
    diagnostics_add(&diags, false, &at, "wrong");
    diagnostics_write(&diags, false, &out);
    return buf_cstr(&out);
}

START_TEST(a_part_of_a_line_is_underlined)
{
    ck_assert_str_eq(show("expr: <a + b> c\nnext"), "f.yaml:2:7: error: wrong\n"
                                                    "   2 | expr: a + b c\n"
                                                    "     |       ^~~~~\n");
}
END_TEST

START_TEST(the_mark_is_aligned_by_characters_and_tabs_are_one)
{
    ck_assert_str_eq(show("\t\xc3\xa9\xe2\x82\xac: <\xc3\xa9x>"),
                     "f.yaml:2:9: error: wrong\n"
                     "   2 |  \xc3\xa9\xe2\x82\xac: \xc3\xa9x\n"
                     "     |      ^~\n");
}
END_TEST

START_TEST(the_mark_ends_where_the_line_does)
{
    ck_assert_str_eq(show("a: <b\r\n  c>"), "f.yaml:2:4: error: wrong\n"
                                            "   2 | a: b\n"
                                            "     |    ^\n");
}
END_TEST

START_TEST(the_end_of_a_file_can_be_pointed_at)
{
    ck_assert_str_eq(show("a:<>"), "f.yaml:2:3: error: wrong\n"
                                   "   2 | a:\n"
                                   "     |   ^\n");
}
END_TEST

START_TEST(a_long_line_is_cut_around_the_mark)
{
    char line[600];
    const char *text;

    memset(line, 'x', sizeof(line));
    memcpy(line + 300, "<y>", 3);
    line[sizeof(line) - 1] = '\0';
    text = show(line);
    ck_assert_ptr_nonnull(strstr(text, "f.yaml:2:301: error"));
    ck_assert_ptr_nonnull(strstr(text, "| ...xxx"));
    ck_assert_ptr_nonnull(strstr(text, "xxx...\n"));
    ck_assert_uint_lt(strlen(text), 300);
    text = strstr(text, "\n     | ");
    ck_assert_uint_eq(strcspn(text, "^"), 8 + 3 + 60);
}
END_TEST

START_TEST(nothing_reaches_a_terminal_that_it_might_obey)
{
    const char *text = show("<\033[2J\xc2\x9b"
                            "1m\x7f\xff>");

    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_null(strchr(text, '\x7f'));
    ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
    ck_assert_ptr_null(strchr(text, '\xff'));
}
END_TEST

static void add(uint32_t order, uint32_t line, uint32_t column, bool warning,
                const char *text)
{
    struct diagnostic_place at = {
        .order = order,
        .file = slice_str(order ? "a" : "z"),
        .text = slice_str("1234567"),
        .line = line,
        .column = column,
        .from = column - 1,
        .to = column,
    };

    diagnostics_add(&diags, warning, &at, text);
}

START_TEST(they_are_sorted_by_file_as_given_then_place_then_finding)
{
    char got[20] = "";
    size_t i;

    add(1, 1, 1, false, "e");
    add(0, 2, 1, false, "d");
    add(0, 1, 3, false, "b");
    add(0, 1, 3, true, "c");
    add(0, 1, 1, false, "a");
    diagnostics_sort(&diags);
    for (i = 0; i < diags.n; i++)
        strcat(got, diags.item[i].text);
    ck_assert_str_eq(got, "abcde");
}
END_TEST

START_TEST(beyond_the_cap_they_are_counted_and_errors_displace_warnings)
{
    size_t i;

    for (i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        add(0, 1, 1, true, "warning");
    for (i = 0; i < 3; i++)
        add(0, 1, 1, false, "error");
    ck_assert_uint_eq(diags.n, DIAGNOSTICS_MAX);
    ck_assert_uint_eq(diags.warnings, DIAGNOSTICS_MAX + 5);
    ck_assert_uint_eq(diags.errors, 3);
    for (i = 0; diags.n > i && diags.item[i].warning; i++)
        ;
    ck_assert_uint_eq(i, DIAGNOSTICS_MAX - 3);
    diagnostics_write(&diags, false, &out);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\nand 8 more\n"));
}
END_TEST

START_TEST(as_json_they_say_the_same)
{
    struct diagnostic_place at = { .file = slice_str("f\"") };

    diagnostic_help(diagnostics_add(&diags, false, &at, "x"), "y");
    add(0, 1, 2, true, "w");
    diagnostics_json(&diags, &out);
    ck_assert_str_eq(
        buf_cstr(&out),
        "[{\"file\":\"f\\\"\",\"line\":0,\"column\":0,\"end_column\":0,"
        "\"severity\":\"error\",\"message\":\"x\",\"help\":\"y\"},"
        "{\"file\":\"z\",\"line\":1,\"column\":2,\"end_column\":3,"
        "\"severity\":\"warning\",\"message\":\"w\",\"help\":null}]");
}
END_TEST

static const TTest **const tests[] = {
    &a_part_of_a_line_is_underlined,
    &the_mark_is_aligned_by_characters_and_tabs_are_one,
    &the_mark_ends_where_the_line_does,
    &the_end_of_a_file_can_be_pointed_at,
    &a_long_line_is_cut_around_the_mark,
    &nothing_reaches_a_terminal_that_it_might_obey,
    &they_are_sorted_by_file_as_given_then_place_then_finding,
    &beyond_the_cap_they_are_counted_and_errors_displace_warnings,
    &as_json_they_say_the_same,
};

int main(void)
{
    return run_suite(
        &(struct suite_plan){ .name = "rule diagnostic",
                              .setup = setup,
                              .teardown = teardown,
                              .tests = tests,
                              .ntests = sizeof(tests) / sizeof(*tests) });
}
