#include "docker/frame.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define T1       "2026-11-20T12:55:22.549557202Z "
#define T2       "2026-11-20T12:55:23.000000001Z "
#define ENTRY    16384
#define LINE_CAP 50000

/* What came out: "fd:text|" for lines, "!fd|" too long, "#text|" engine. */
struct heard {
    struct buf log;
    nsec ts;
    bool coarse;
};

static void on_line(void *self, const struct frame_line *line)
{
    struct heard *h = self;

    buf_printf(&h->log, "%d:", line->fd);
    if (line->text.n > 100)
        buf_printf(&h->log, "%c*%zu", line->text.p[0], line->text.n);
    else
        buf_slice(&h->log, line->text);
    buf_char(&h->log, '|');
    h->ts = line->ts;
    h->coarse = line->coarse;
}

static void on_too_long(void *self, const struct frame_line *line)
{
    buf_printf(&((struct heard *)self)->log, "!%d|", line->fd);
}

static void on_engine_error(void *self, struct slice text)
{
    buf_printf(&((struct heard *)self)->log, "#%.*s|", SLICE_ARG(text));
}

static void add_frame(struct buf *b, int stream, const char *head,
                      struct slice text)
{
    size_t n = strlen(head) + text.n;
    unsigned char h[8] = { (unsigned char)stream,
                           0,
                           0,
                           0,
                           (unsigned char)(n >> 24),
                           (unsigned char)(n >> 16),
                           (unsigned char)(n >> 8),
                           (unsigned char)n };

    buf_add(b, h, sizeof(h));
    buf_str(b, head);
    buf_slice(b, text);
}

static void add(struct buf *b, int stream, const char *head, const char *text)
{
    add_frame(b, stream, head, slice_str(text));
}

static void add_run(struct buf *b, int stream, const char *head, char c,
                    size_t n)
{
    char *p = malloc(n);

    memset(p, c, n);
    add_frame(b, stream, head, slice_of(p, n));
    free(p);
}

static struct buf input(void)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    return b;
}

static struct frame new_frame(struct heard *h, bool tty)
{
    const struct frame_sink sink = { h, on_line, on_too_long, on_engine_error };
    struct frame f;

    *h = (struct heard){ 0 };
    buf_init(&h->log, 1u << 20);
    frame_init(&f, tty, LINE_CAP, &sink);
    return f;
}

/* Feeds in pieces of step bytes, ends and compares. */
static void gives(struct buf *in, bool tty, size_t step, const char *want)
{
    struct heard h;
    struct frame f = new_frame(&h, tty);

    for (size_t i = 0; i < in->n; i += step) {
        size_t n = in->n - i < step ? in->n - i : step;

        ck_assert_int_eq(frame_feed(&f, slice_of(in->p + i, n), NULL), ST_OK);
    }
    frame_end(&f);
    ck_assert_str_eq(buf_cstr(&h.log), want);
    frame_release(&f);
    buf_release(&h.log);
}

static void gives_in_any_pieces(struct buf *in, bool tty, const char *want)
{
    static const size_t steps[] = { 1, 7, 31, 1000, 16384, 1u << 20 };

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        gives(in, tty, steps[i], want);
    buf_release(in);
}

START_TEST(both_streams_come_with_their_own_number)
{
    struct buf in = input();

    add(&in, 1, T1, "out\n");
    add(&in, 2, T1, "err\n");
    add(&in, 1, T2, "\n");
    gives_in_any_pieces(&in, false, "1:out|2:err|1:|");
}
END_TEST

START_TEST(the_stamp_is_read_to_the_nanosecond)
{
    struct heard h;
    struct frame f = new_frame(&h, false);
    struct buf in = input();

    add(&in, 1, T1, "x\n");
    ck_assert_int_eq(frame_feed(&f, buf_view(&in), NULL), ST_OK);
    ck_assert_int_eq(h.ts, 1795179322549557202);
    ck_assert(!h.coarse);
    buf_reset(&in);
    add(&in, 1, "2026-11-20T13:48:19Z ", "x\n");
    ck_assert_int_eq(frame_feed(&f, buf_view(&in), NULL), ST_OK);
    ck_assert(h.coarse);
    frame_release(&f);
    buf_release(&in);
    buf_release(&h.log);
}
END_TEST

START_TEST(pieces_of_one_stamp_are_one_line)
{
    struct buf in = input();

    add_run(&in, 1, T1, 'a', ENTRY);
    add(&in, 2, T2, "between\n");
    add(&in, 1, T1, "b\n");
    add_run(&in, 1, T2, 'c', ENTRY);
    add(&in, 1, T2, "\n");
    gives_in_any_pieces(&in, false, "2:between|1:a*16385|1:c*16384|");
}
END_TEST

START_TEST(another_stamp_ends_a_line_without_newline)
{
    struct buf in = input();

    add_run(&in, 1, T1, 'a', ENTRY);
    add(&in, 1, T1, "b");
    add(&in, 1, T2, "next\n");
    gives_in_any_pieces(&in, false, "1:a*16385|1:next|");
}
END_TEST

START_TEST(the_last_line_needs_no_newline)
{
    struct buf in = input();

    add(&in, 1, T1, "first\n");
    add(&in, 1, T2, "last");
    gives_in_any_pieces(&in, false, "1:first|1:last|");
}
END_TEST

START_TEST(what_the_engine_says_itself_is_no_line)
{
    struct buf in = input();

    add(&in, 3, "", "Error grabbing logs");
    add(&in, 1, T1, "x\n");
    gives_in_any_pieces(&in, false, "#Error grabbing logs|1:x|");
}
END_TEST

START_TEST(a_line_over_the_cap_is_dropped_once_and_the_next_is_whole)
{
    struct buf in = input();

    for (int i = 0; i < 5; i++)
        add_run(&in, 1, T1, 'a', ENTRY);
    add(&in, 1, T1, "\n");
    add(&in, 1, T2, "next\n");
    gives_in_any_pieces(&in, false, "!1|1:next|");
}
END_TEST

START_TEST(a_terminal_has_no_frames)
{
    struct buf in = input();

    buf_str(&in, T1 "{\"a\":1}\r\n" T2 "two\r\n" T2 "open");
    gives_in_any_pieces(&in, true, "1:{\"a\":1}|1:two|1:open|");
}
END_TEST

static void add_chars(struct buf *b, char c, size_t n)
{
    while (n--)
        buf_char(b, c);
}

START_TEST(stamps_inside_a_terminals_line_are_taken_out)
{
    struct buf in = input();

    for (int i = 0; i < 2; i++) {
        buf_str(&in, T1);
        add_chars(&in, 'x', ENTRY);
    }
    buf_str(&in, T1 "xx\r\n" T2 "end\r\n");
    gives_in_any_pieces(&in, true, "1:x*32770|1:end|");
}
END_TEST

START_TEST(a_terminals_line_over_the_cap_is_dropped)
{
    struct buf in = input();

    buf_str(&in, T1);
    add_chars(&in, 'x', 3 * LINE_CAP);
    buf_str(&in, "\r\n" T2 "end\r\n");
    gives_in_any_pieces(&in, true, "!1|1:end|");
}
END_TEST

static void refuses(struct slice bytes, const char *why)
{
    struct heard h;
    struct frame f = new_frame(&h, false);
    struct err err = { 0 };

    ck_assert_int_eq(frame_feed(&f, bytes, &err), ST_BAD);
    ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
    frame_release(&f);
    buf_release(&h.log);
}

START_TEST(what_is_no_frame_is_refused)
{
    refuses(slice_str("{\"a\":1}\r\n plain text"), "terminal");
    refuses(slice_of("\4\0\0\0\0\0\0\1x", 9), "not framed");
    refuses(slice_of("\1\0\1\0\0\0\0\1x", 9), "not framed");
    refuses(slice_of("\1\0\0\0\0\x10\0\1x", 9), "1048577");
}
END_TEST

START_TEST(an_open_line_says_where_to_read_again)
{
    struct heard h;
    struct frame f = new_frame(&h, false);
    struct buf in = input();

    add_run(&in, 1, T1, 'a', ENTRY);
    add(&in, 2, T2, "later\n");
    ck_assert_int_eq(frame_feed(&f, buf_view(&in), NULL), ST_OK);
    ck_assert_int_eq(frame_open_at(&f), 1795179322549557202);
    frame_end(&f);
    ck_assert_int_eq(frame_open_at(&f), 0);
    frame_release(&f);
    buf_release(&in);
    buf_release(&h.log);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("docker_frame");
    TCase *t = tcase_create("frame");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, both_streams_come_with_their_own_number);
    tcase_add_test(t, the_stamp_is_read_to_the_nanosecond);
    tcase_add_test(t, pieces_of_one_stamp_are_one_line);
    tcase_add_test(t, another_stamp_ends_a_line_without_newline);
    tcase_add_test(t, the_last_line_needs_no_newline);
    tcase_add_test(t, what_the_engine_says_itself_is_no_line);
    tcase_add_test(t,
                   a_line_over_the_cap_is_dropped_once_and_the_next_is_whole);
    tcase_add_test(t, a_terminal_has_no_frames);
    tcase_add_test(t, stamps_inside_a_terminals_line_are_taken_out);
    tcase_add_test(t, a_terminals_line_over_the_cap_is_dropped);
    tcase_add_test(t, what_is_no_frame_is_refused);
    tcase_add_test(t, an_open_line_says_where_to_read_again);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
