#include "loop/loop.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct log {
    struct loop *loop;
    struct loop_timer timer;
    struct loop_timer other;
    struct loop_poll poll;
    struct loop_signal signal;
    struct loop_turn turn;
    int calls;
    int turns;
    int fd;
    nsec at;
};

static struct log new_log(void)
{
    struct log g = { 0 };

    ck_assert_int_eq(loop_new(&g.loop, NULL), ST_OK);
    return g;
}

static void stop(void *arg)
{
    struct log *g = arg;

    g->calls++;
    g->at = loop_now(g->loop);
    loop_stop(g->loop);
}

static void never(void *arg)
{
    (void)arg;
    ck_abort_msg("a stopped handle was called");
}

START_TEST(a_timer_is_never_early)
{
    struct log g = new_log();
    nsec from = loop_now(g.loop);

    loop_timer_start(g.loop, &g.timer, 5 * NSEC_MSEC, 0, stop, &g);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 1);
    ck_assert_int_ge(g.at - from, 5 * NSEC_MSEC);
    loop_timer_stop(&g.timer);
    loop_free(g.loop);
}
END_TEST

static void count_to_three(void *arg)
{
    struct log *g = arg;

    if (++g->calls < 3)
        return;
    loop_timer_stop(&g->timer);
    loop_stop(g->loop);
}

START_TEST(a_repeating_timer_goes_on_until_stopped)
{
    struct log g = new_log();

    loop_timer_start(g.loop, &g.timer, 0, NSEC_MSEC, count_to_three, &g);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 3);
    loop_free(g.loop);
}
END_TEST

static void stop_the_other(void *arg)
{
    struct log *g = arg;

    loop_timer_stop(&g->other);
    loop_timer_start(g->loop, &g->timer, NSEC_MSEC, 0, stop, g);
}

START_TEST(nothing_is_called_after_stop)
{
    struct log g = new_log();

    loop_timer_start(g.loop, &g.timer, 0, 0, stop_the_other, &g);
    loop_timer_start(g.loop, &g.other, 0, 0, never, &g);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 1);
    loop_free(g.loop);
}
END_TEST

static void on_ready(void *arg, int ready)
{
    struct log *g = arg;
    char c;

    ck_assert_int_eq(ready, LOOP_READ);
    ck_assert_int_eq(read(g->fd, &c, 1), 1);
    loop_poll_stop(&g->poll);
    stop(g);
}

START_TEST(a_readable_pipe_is_reported)
{
    struct log g = new_log();
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    g.fd = fds[0];
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(
        loop_poll_start(g.loop, &g.poll, fds[0], LOOP_READ, on_ready, &g, NULL),
        ST_OK);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 1);
    loop_free(g.loop);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(a_bad_descriptor_is_an_error)
{
    struct log g = new_log();
    struct err err = { 0 };

    ck_assert_int_eq(
        loop_poll_start(g.loop, &g.poll, 9999, LOOP_READ, on_ready, &g, &err),
        ST_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "9999"));
    loop_free(g.loop);
}
END_TEST

static void on_signal(void *arg, int signum)
{
    ck_assert_int_eq(signum, SIGUSR1);
    stop(arg);
}

START_TEST(a_signal_is_a_callback)
{
    struct log g = new_log();

    ck_assert_int_eq(
        loop_signal_start(g.loop, &g.signal, SIGUSR1, on_signal, &g, NULL),
        ST_OK);
    raise(SIGUSR1);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 1);
    loop_signal_stop(&g.signal);
    loop_free(g.loop);
}
END_TEST

static void work(void *arg)
{
    ((struct log *)arg)->fd = 7;
}

static void done(void *arg)
{
    struct log *g = arg;

    ck_assert_int_eq(g->fd, 7);
    g->calls++;
}

START_TEST(run_waits_for_the_work_it_was_given)
{
    struct log g = new_log();

    loop_work(g.loop, work, done, &g);
    loop_stop(g.loop);
    loop_run(g.loop);
    ck_assert_int_eq(g.calls, 1);
    loop_free(g.loop);
}
END_TEST

static void on_turn(void *arg)
{
    struct log *g = arg;

    g->turns++;
    if (g->calls)
        loop_turn_stop(&g->turn);
}

START_TEST(a_turn_ends_after_its_callbacks)
{
    struct log g = new_log();

    loop_turn_start(g.loop, &g.turn, on_turn, &g);
    loop_timer_start(g.loop, &g.timer, 0, 0, stop, &g);
    loop_run(g.loop);
    ck_assert_int_ge(g.turns, 1);
    loop_turn_stop(&g.turn);
    loop_free(g.loop);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loop");
    TCase *t = tcase_create("loop");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, a_timer_is_never_early);
    tcase_add_test(t, a_repeating_timer_goes_on_until_stopped);
    tcase_add_test(t, nothing_is_called_after_stop);
    tcase_add_test(t, a_readable_pipe_is_reported);
    tcase_add_test(t, a_bad_descriptor_is_an_error);
    tcase_add_test(t, a_signal_is_a_callback);
    tcase_add_test(t, run_waits_for_the_work_it_was_given);
    tcase_add_test(t, a_turn_ends_after_its_callbacks);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
