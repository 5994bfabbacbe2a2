#include "data/pretty.h"
#include "data/sse.h"

#include <check.h>
#include <stdlib.h>

/* Fed in pieces of every size, the outcome is the same. */
static void becomes(const char *text, bool colour, const char *wanted)
{
    struct slice s = slice_str(text);
    size_t size, at, n;
    struct buf out;

    buf_init(&out, 1 << 16);
    for (size = 1; size <= s.n; size++) {
        struct pretty p;

        buf_reset(&out);
        pretty_init(&p, colour);
        for (at = 0; at < s.n; at += n) {
            n = s.n - at < size ? s.n - at : size;
            pretty_add(&p, slice_of(s.p + at, n), &out);
        }
        pretty_end(&p, &out);
        ck_assert_str_eq(buf_cstr(&out), wanted);
    }
    buf_release(&out);
}

START_TEST(a_value_is_indented)
{
    becomes("{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}", false,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n"
            "  \"c\": {},\n  \"d\": []\n}\n");
    becomes("\"{,:\\\"}\"", false, "\"{,:\\\"}\"\n");
    becomes("-1.50", false, "-1.50\n");
}
END_TEST

START_TEST(colours_end_where_they_should)
{
    becomes("{\"a\":[true,\"x\"]}", true,
            "{\n  \033[34m\"a\"\033[0m: [\n    \033[36mtrue\033[0m,\n"
            "    \033[32m\"x\"\033[0m\n  ]\n}\n");
}
END_TEST

START_TEST(a_terminal_is_not_driven_by_what_was_logged)
{
    becomes("\"\x7f\xc2\x9b\xc2\xa9\x1b\"", false,
            "\"\\u007f\\u009b\xc2\xa9\\u001b\"\n");
}
END_TEST

START_TEST(depth_and_nonsense_do_no_harm)
{
    struct pretty p;
    struct buf out;
    size_t i;

    buf_init(&out, 8 << 20);
    pretty_init(&p, true);
    for (i = 0; i < 2000; i++)
        pretty_add(&p, slice_str("[{\"a\":"), &out);
    for (i = 0; i < 9000; i++)
        pretty_add(&p, slice_str("]},\":"), &out);
    pretty_end(&p, &out);
    ck_assert_uint_gt(out.n, 0);
    buf_release(&out);
}
END_TEST

struct heard {
    struct buf text;
};

static bool stream(void *self, const char *event)
{
    (void)self;
    return strcmp(event, "state") == 0;
}

static void on_piece(void *self, struct slice piece)
{
    buf_slice(&((struct heard *)self)->text, piece);
}

static void on_event(void *self, const char *event, const char *id,
                     struct slice data)
{
    buf_printf(&((struct heard *)self)->text, "<%s %s %.*s>", event, id,
               SLICE_ARG(data));
}

START_TEST(events_are_the_same_however_they_are_cut)
{
    const char *text = ": hello\r\nretry: 2000\n\nevent: state\nid: 7\n"
                       "data: {\"a\":1}\n\nevent:patch\ndata:[1]\n"
                       "data: [2]\n\n: ping\n\ndata\n\nunknown: x\n\n"
                       "event: a-name-that-is-much-longer-than-any\n"
                       "data: y\r\n\r\n";
    struct slice s = slice_str(text);
    struct heard heard;
    const struct sse_handler h = { &heard, stream, on_piece, on_event };
    size_t size, at, n;

    buf_init(&heard.text, 4096);
    for (size = 1; size <= s.n; size++) {
        struct sse sse;

        buf_reset(&heard.text);
        sse_init(&sse, &h, 100);
        for (at = 0; at < s.n; at += n) {
            n = s.n - at < size ? s.n - at : size;
            ck_assert_int_eq(sse_add(&sse, slice_of(s.p + at, n)), ST_OK);
        }
        ck_assert_str_eq(buf_cstr(&heard.text),
                         "{\"a\":1}<state 7 ><patch 7 [1]\n[2]>"
                         "<a-name-that-is-much-longer-than 7 y>");
        sse_release(&sse);
    }
    buf_release(&heard.text);
}
END_TEST

START_TEST(an_event_has_a_cap)
{
    struct heard heard;
    const struct sse_handler h = { &heard, stream, on_piece, on_event };
    struct sse sse;

    buf_init(&heard.text, 100);
    sse_init(&sse, &h, 4);
    ck_assert_int_eq(sse_add(&sse, slice_str("data: 12345\n")), ST_LIMIT);
    sse_reset(&sse);
    ck_assert_int_eq(sse_add(&sse, slice_str("data: 1234\n\n")), ST_OK);
    ck_assert_str_eq(buf_cstr(&heard.text), "<message  1234>");
    sse_release(&sse);
    buf_release(&heard.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pretty");
    TCase *tc = tcase_create("pretty");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, a_value_is_indented);
    tcase_add_test(tc, colours_end_where_they_should);
    tcase_add_test(tc, a_terminal_is_not_driven_by_what_was_logged);
    tcase_add_test(tc, depth_and_nonsense_do_no_harm);
    tcase_add_test(tc, events_are_the_same_however_they_are_cut);
    tcase_add_test(tc, an_event_has_a_cap);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
