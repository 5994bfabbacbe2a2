#include "test_journal.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>

static struct journal_options options(void)
{
    return (struct journal_options){ .now = T0 };
}

static enum status log_it(void *arg, const struct event *ev, struct err *err)
{
    (void)err;
    log_event(arg, ev);
    return ST_OK;
}

static struct journal *open_with(const char *dir, struct journal_options opt,
                                 struct buf *log,
                                 struct journal_recovery *rec)
{
    struct journal *j = NULL;
    struct err err = { 0 };
    struct buf unused;

    buf_init(&unused, BUF_NO_CAP);
    ck_assert_msg(!journal_open(dir, opt, &j, &err), "%s", err.text);
    ck_assert_msg(
        !journal_replay(j, log_it, log ? log : &unused, rec, &err), "%s",
        err.text);
    buf_release(&unused);
    return j;
}

static void append(struct journal *j, struct event ev)
{
    struct err err = { 0 };

    ck_assert_msg(!journal_append(j, &ev, &err), "%s", err.text);
}

static enum status commit(struct journal *j, struct err *err)
{
    struct journal_batch *batch;

    ck_assert_int_eq(journal_seal(j, T0, &batch), ST_OK);
    journal_write(batch);
    return journal_done(j, batch, err);
}

static void replayed_is(const char *dir, const struct buf *expect)
{
    struct buf log;

    buf_init(&log, BUF_NO_CAP);
    journal_close(open_with(dir, options(), &log, NULL));
    ck_assert_str_eq(buf_cstr(&log), buf_cstr((struct buf *)expect));
    buf_release(&log);
}

START_TEST(what_was_sealed_comes_back_in_order_and_appending_goes_on)
{
    char *dir = temp_dir();
    struct journal *j = open_with(dir, options(), NULL, NULL);
    struct buf log;

    buf_init(&log, BUF_NO_CAP);
    append(j, source_event(3));
    append(j, line_event(3, 1, "{\"a\":1}"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    append(j, line_event(3, 2, "plain"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    append(j, line_event(3, 3, "never sealed"));
    journal_close(j);

    j = open_with(dir, options(), &log, NULL);
    append(j, line_event(3, 4, "after"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    ck_assert_uint_eq(journal_stats(j).ordinal, 3);
    journal_close(j);
    ck_assert_str_eq(
        buf_cstr(&log),
        "source {\"source\":3,\"blade\":\"web\",\"run\":\"r1\","
        "\"mode\":\"json\"}\n"
        "line+ {\"src\":3,\"seq\":1,\"ts\":1700000000000000001,"
        "\"line\":{\"a\":1}}\n"
        "line {\"src\":3,\"seq\":2,\"ts\":1700000000000000002,"
        "\"text\":\"plain\"}\n");
    buf_str(&log, "line {\"src\":3,\"seq\":4,\"ts\":1700000000000000004,"
                  "\"text\":\"after\"}\n");
    replayed_is(dir, &log);
    buf_release(&log);
    remove_dir(dir);
}
END_TEST

static const TTest **const tests[] = {
    &what_was_sealed_comes_back_in_order_and_appending_goes_on,
};

int main(void)
{
    return RUN_TESTS("journal store", NULL, NULL, tests);
}
