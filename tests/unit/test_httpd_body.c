#include "httpd/body.h"

#include "base/alloc.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct body_caps caps = { 1 << 20, 4 << 20, 100 };

static struct buf gzipped(struct slice text)
{
    z_stream z = { 0 };
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
    ck_assert_int_eq(buf_reserve(&out, deflateBound(&z, text.n)), ST_OK);
    z.next_in = (Bytef *)(uintptr_t)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)out.p;
    z.avail_out = (uInt)out.room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

/* Every item on a line of its own: "line:column text" or the error. */
static void list(struct body *b, struct buf *out)
{
    struct body_item item = { 0 };
    struct err err;
    enum status st;

    for (;;) {
        err = (struct err){ 0 };
        st = body_next(b, &item, &err);
        if (st == ST_END)
            return;
        if (st == ST_OK)
            buf_printf(out, "%zu:%zu %.*s\n", item.line, item.column,
                       SLICE_ARG(item.text));
        else
            buf_printf(out, "%zu:%zu ! %s\n", err.line, err.column, err.text);
    }
}

static enum status feed(struct body *b, struct slice text, size_t step,
                        struct err *err)
{
    struct tape_parser *parser = tape_parser_new(0);
    enum status st = ST_OK;
    size_t i, n;

    for (i = 0; i < text.n && !st; i += step) {
        n = text.n - i < step ? text.n - i : step;
        st = body_feed(b, slice_of(text.p + i, n), err);
    }
    if (!st)
        st = body_end(b, parser, err);
    tape_parser_free(parser);
    return st;
}

/* What text is taken apart into, or what is wrong with all of it. */
static const char *split(struct slice text, bool gzip)
{
    static struct buf out;
    struct err err = { 0 };
    struct body b;

    buf_release(&out);
    buf_init(&out, BUF_NO_CAP);
    body_init(&b, &caps, gzip);
    if (feed(&b, text, 3, &err))
        buf_str(&out, err.text);
    else
        list(&b, &out);
    body_release(&b);
    return buf_cstr(&out);
}

static const char *plain(const char *text)
{
    return split(slice_str(text), false);
}

START_TEST(lines_keep_their_physical_numbers)
{
    ck_assert_str_eq(plain("{\"a\":1}\n\n  \r\n{\"b\":2}\r\nplain\n"),
                     "1:1 {\"a\":1}\n4:1 {\"b\":2}\n5:1 plain\n");
}
END_TEST

START_TEST(the_last_line_needs_no_newline)
{
    ck_assert_str_eq(plain("{\"a\":1}"), "1:1 {\"a\":1}\n");
}
END_TEST

START_TEST(an_array_is_taken_member_by_member)
{
    ck_assert_str_eq(plain(" [ {\"a\":1},\n {\"b\":\n2} , 3,{}]\n"),
                     "1:4 {\"a\":1}\n2:2 {\"b\": 2}\n"
                     "3:6 ! a member of the array is no object\n3:8 {}\n");
}
END_TEST

START_TEST(an_empty_array_holds_nothing)
{
    ck_assert_str_eq(plain("[]"), "");
}
END_TEST

START_TEST(an_array_that_is_not_closed_keeps_what_came_before)
{
    ck_assert_str_eq(plain("[{\"a\":1},{\"b\""),
                     "1:2 {\"a\":1}\n1:14 ! the array is not closed: a ']' is "
                     "missing\n");
}
END_TEST

START_TEST(a_missing_member_is_named)
{
    ck_assert_str_eq(plain("[{},,{}]"),
                     "1:2 {}\n1:5 ! a member of the array is missing\n"
                     "1:6 {}\n");
}
END_TEST

START_TEST(an_object_over_several_lines_is_one_item)
{
    ck_assert_str_eq(plain("{\n  \"a\": 1,\n  \"b\": \"\\\"x\"\n}\n"),
                     "1:1 {   \"a\": 1,   \"b\": \"\\\"x\" }\n");
}
END_TEST

START_TEST(a_broken_first_line_leaves_the_others_lines)
{
    ck_assert_str_eq(plain("{\"a\":\n{\"b\":2}\n"),
                     "1:1 {\"a\":\n2:1 {\"b\":2}\n");
}
END_TEST

START_TEST(a_line_break_inside_a_string_is_not_repaired)
{
    ck_assert_str_eq(plain("[{\"a\":\n\"x\ny\"}]"),
                     "2:3 ! a line break inside a string must be written \\n"
                     "\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped)
{
    ck_assert_str_eq(plain("\xef\xbb\xbf{\"a\":1}\n"), "1:1 {\"a\":1}\n");
}
END_TEST

START_TEST(nul_bytes_are_bytes)
{
    static const char text[] = "x\0y\nz";
    struct body_item item;
    struct err err;
    struct body b;

    body_init(&b, &caps, false);
    ck_assert_int_eq(feed(&b, slice_of(text, sizeof(text) - 1), 2, &err),
                     ST_OK);
    ck_assert_int_eq(body_next(&b, &item, &err), ST_OK);
    ck_assert_uint_eq(item.text.n, 3);
    ck_assert_mem_eq(item.text.p, text, 3);
    body_release(&b);
}
END_TEST

START_TEST(an_empty_body_is_refused)
{
    ck_assert_str_eq(plain(" \n\t\r\n"),
                     "the body is empty: send one JSON object a line");
    ck_assert_str_eq(plain(""),
                     "the body is empty: send one JSON object a line");
}
END_TEST

START_TEST(gzip_members_in_a_row_are_one_text)
{
    struct buf a = gzipped(slice_str("{\"a\":1}\n{\"b\"")),
               b = gzipped(slice_str(":2}\n"));

    buf_slice(&a, buf_view(&b));
    ck_assert_str_eq(split(buf_view(&a), true),
                     "1:1 {\"a\":1}\n2:1 {\"b\":2}\n");
    buf_release(&a);
    buf_release(&b);
}
END_TEST

START_TEST(a_gzip_cut_at_any_byte_is_refused)
{
    struct buf z = gzipped(slice_str("{\"a\":1}\n{\"b\":2}\n"));
    size_t n;

    for (n = 0; n < z.n; n++)
        ck_assert_msg(strstr(split(slice_of(z.p, n), true), "stops too early"),
                      "cut at %zu of %zu", n, z.n);
    buf_release(&z);
}
END_TEST

START_TEST(a_gzip_broken_at_any_byte_never_passes_unnoticed)
{
    struct buf z = gzipped(slice_str("{\"a\":1}\n{\"b\":2}\n"));
    const char *got, *whole = "1:1 {\"a\":1}\n2:1 {\"b\":2}\n";
    size_t i;

    for (i = 10; i < z.n; i++) { /* behind the header, which may hold more */
        z.p[i] ^= 0x40;
        got = split(buf_view(&z), true);
        /* The last bits of the deflate stream are padding. */
        ck_assert_msg(strstr(got, "broken at byte") ||
                          strstr(got, "too early") || !strcmp(got, whole),
                      "%zu: %s", i, got);
        z.p[i] ^= 0x40;
    }
    buf_release(&z);
}
END_TEST

START_TEST(text_behind_a_gzip_is_refused)
{
    struct buf z = gzipped(slice_str("{}"));

    buf_str(&z, "hello");
    ck_assert_ptr_nonnull(strstr(split(buf_view(&z), true), "is broken at"));
    buf_release(&z);
}
END_TEST

START_TEST(a_gzip_without_its_header_is_recognised)
{
    struct buf z = gzipped(slice_str("{}"));

    ck_assert_str_eq(split(buf_view(&z), false),
                     "the body is gzip: say so with Content-Encoding: gzip");
    buf_release(&z);
}
END_TEST

static struct slice zeroes(size_t n)
{
    return slice_of(xcalloc(1, n), n);
}

START_TEST(a_gzip_that_expands_too_much_is_refused)
{
    struct slice much = zeroes(3 << 20), more = zeroes(5 << 20);
    struct buf a = gzipped(much), b = gzipped(more);

    ck_assert_ptr_nonnull(
        strstr(split(buf_view(&a), true), "more than 100 times"));
    ck_assert_ptr_nonnull(
        strstr(split(buf_view(&b), true), "more than 100 times"));
    buf_release(&a);
    buf_release(&b);
    free((void *)(uintptr_t)much.p);
    free((void *)(uintptr_t)more.p);
}
END_TEST

START_TEST(the_caps_are_exact)
{
    static const struct body_caps small = { 10, 10, 0 };
    struct err err = { 0 };
    struct body b;

    body_init(&b, &small, false);
    ck_assert_int_eq(feed(&b, slice_str("0123456789"), 10, &err), ST_OK);
    body_release(&b);
    body_init(&b, &small, false);
    ck_assert_int_eq(feed(&b, slice_str("0123456789a"), 5, &err), ST_LIMIT);
    ck_assert_str_eq(err.text,
                     "the body is larger than 10 bytes: send it in parts");
    body_release(&b);
}
END_TEST

START_TEST(the_cap_of_the_expanded_text_is_exact)
{
    static const struct body_caps small = { 1000, 10, 0 };
    struct buf fits = gzipped(slice_str("0123456789")),
               not = gzipped(slice_str("0123456789a"));
    struct err err = { 0 };
    struct body b;

    body_init(&b, &small, true);
    ck_assert_int_eq(feed(&b, buf_view(&fits), 7, &err), ST_OK);
    body_release(&b);
    body_init(&b, &small, true);
    ck_assert_int_eq(feed(&b, buf_view(&not ), 7, &err), ST_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.text, "10 bytes once expanded"));
    body_release(&b);
    buf_release(&fits);
    buf_release(&not );
}
END_TEST

START_TEST(a_column_is_found_again_in_what_was_sent)
{
    struct err err = { .column = 9 };
    struct body_item item;
    struct body b;

    body_init(&b, &caps, false);
    ck_assert_int_eq(feed(&b, slice_str("[\n {\n \"a\":\n bad}]"), 4, &err),
                     ST_OK);
    ck_assert_int_eq(body_next(&b, &item, &err), ST_OK);
    ck_assert_uint_eq(item.line, 2);
    body_locate(&b, &item, &err);
    ck_assert_uint_eq(err.line, 4);
    ck_assert_uint_eq(err.column, 1);
    body_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("httpd body");
    TCase *t = tcase_create("body");
    SRunner *r;
    int failed;

    tcase_add_test(t, lines_keep_their_physical_numbers);
    tcase_add_test(t, the_last_line_needs_no_newline);
    tcase_add_test(t, an_array_is_taken_member_by_member);
    tcase_add_test(t, an_empty_array_holds_nothing);
    tcase_add_test(t, an_array_that_is_not_closed_keeps_what_came_before);
    tcase_add_test(t, a_missing_member_is_named);
    tcase_add_test(t, an_object_over_several_lines_is_one_item);
    tcase_add_test(t, a_broken_first_line_leaves_the_others_lines);
    tcase_add_test(t, a_line_break_inside_a_string_is_not_repaired);
    tcase_add_test(t, a_byte_order_mark_is_skipped);
    tcase_add_test(t, nul_bytes_are_bytes);
    tcase_add_test(t, an_empty_body_is_refused);
    tcase_add_test(t, gzip_members_in_a_row_are_one_text);
    tcase_add_test(t, a_gzip_cut_at_any_byte_is_refused);
    tcase_add_test(t, a_gzip_broken_at_any_byte_never_passes_unnoticed);
    tcase_add_test(t, text_behind_a_gzip_is_refused);
    tcase_add_test(t, a_gzip_without_its_header_is_recognised);
    tcase_add_test(t, a_gzip_that_expands_too_much_is_refused);
    tcase_add_test(t, the_caps_are_exact);
    tcase_add_test(t, the_cap_of_the_expanded_text_is_exact);
    tcase_add_test(t, a_column_is_found_again_in_what_was_sent);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
