#include "test_journal.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define LINES_MAX 100000

/* How often each seq came back. */
static unsigned char seen[LINES_MAX];

static enum status see(void *arg, const struct event *ev, struct err *err)
{
    uint64_t *highest = arg;

    (void)err;
    ck_assert_int_ne(ev->kind, EV_DAMAGE);
    if (ev->kind != EV_LINE)
        return ST_OK;
    ck_assert_uint_lt(ev->seq, LINES_MAX);
    seen[ev->seq]++;
    if (ev->seq > *highest)
        *highest = ev->seq;
    return ST_OK;
}

static struct journal *open_counting(const char *dir, uint64_t *highest)
{
    struct journal_options opt = { .now = T0, .segment_bytes = 20000 };
    struct journal *j = NULL;
    struct err err = { 0 };

    memset(seen, 0, sizeof(seen));
    *highest = 0;
    ck_assert_msg(!journal_open(dir, opt, &j, &err), "%s", err.text);
    ck_assert_msg(!journal_replay(j, see, highest, NULL, &err), "%s", err.text);
    return j;
}

/* Appends and seals until it is killed, telling each seq that is safe. */
static void child(const char *dir, int acknowledge)
{
    struct journal_batch *batch;
    struct event ev = source_event(1);
    struct journal *j;
    uint64_t seq, i;

    j = open_counting(dir, &seq);
    if (journal_append(j, &ev, NULL))
        _exit(1);
    while (seq < LINES_MAX - 8) {
        for (i = 0; i < 1 + seq % 5; i++) {
            seq++;
            ev = line_event(1, seq, seq % 2 ? "{\"a\":1}" : "text");
            if (journal_append(j, &ev, NULL))
                _exit(1);
        }
        if (journal_seal(j, T0, &batch))
            _exit(1);
        journal_write(batch);
        if (journal_done(j, batch, NULL) ||
            write(acknowledge, &seq, sizeof(seq)) != sizeof(seq))
            _exit(1);
    }
    _exit(0);
}

/* Kills a child after it has acknowledged some batches; answers the last. */
static uint64_t run_and_kill(const char *dir, uint64_t *state, uint64_t acked)
{
    uint64_t batches = rnd(state) % 8, spin = rnd(state) % 20000;
    int pipes[2];
    uint64_t seq;
    pid_t pid;

    ck_assert_int_eq(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        child(dir, pipes[1]);
    }
    close(pipes[1]);
    while (batches-- && read(pipes[0], &seq, sizeof(seq)) == sizeof(seq))
        acked = seq;
    while (spin--)
        __asm__ volatile("" ::: "memory");
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    while (read(pipes[0], &seq, sizeof(seq)) == sizeof(seq))
        acked = seq; /* it told more before it died */
    close(pipes[0]);
    return acked;
}

START_TEST(killed_at_any_moment_it_holds_all_it_acknowledged_exactly_once)
{
    char *dir = temp_dir();
    uint64_t state = 5, acked = 0, highest, seq;
    int round;

    for (round = 0; round < 50; round++) {
        acked = run_and_kill(dir, &state, acked);
        journal_close(open_counting(dir, &highest));
        ck_assert_uint_ge(highest, acked);
        for (seq = 1; seq <= highest; seq++)
            ck_assert_msg(seen[seq] == 1, "round %d: %d times line %d", round,
                          seen[seq], (int)seq);
        acked = highest; /* the next child counts on from there */
    }
    ck_assert_uint_gt(acked, 50);
    remove_dir(dir);
}
END_TEST

/* In its own mount namespace, where that is allowed. */
static bool own_mounts(const char *dir, const char *options)
{
    return !unshare(CLONE_NEWNS) &&
           !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
           !mount("none", dir, "tmpfs", 0, options);
}

START_TEST(a_full_file_system_is_told_and_nothing_acknowledged_is_lost)
{
    char *dir = temp_dir();
    struct journal_batch *batch;
    struct err err = { 0 };
    struct event ev = source_event(1);
    struct journal *j;
    uint64_t seq = 0, acked = 0, highest;
    enum status st = ST_OK;

    if (!own_mounts(dir, "size=64k"))
        goto out;
    j = open_counting(dir, &highest);
    ck_assert_int_eq(journal_append(j, &ev, &err), ST_OK);
    while (!st && seq < LINES_MAX - 1) {
        ev = line_event(1, ++seq, "{\"a\":1}");
        ck_assert_int_eq(journal_append(j, &ev, &err), ST_OK);
        ck_assert_int_eq(journal_seal(j, T0, &batch), ST_OK);
        journal_write(batch);
        st = journal_done(j, batch, &err);
        acked += !st;
    }
    ck_assert_int_eq(st, ST_FULL);
    ck_assert_ptr_nonnull(strstr(err.text, "full"));
    journal_close(j);
    journal_close(open_counting(dir, &highest));
    ck_assert_uint_eq(highest, acked);
    ck_assert_int_eq(umount(dir), 0);
out:
    remove_dir(dir);
}
END_TEST

START_TEST(a_read_only_file_system_is_told)
{
    char *dir = temp_dir();
    struct journal_options opt = { 0 };
    struct journal *j = NULL;
    struct err err = { 0 };

    if (own_mounts(dir, "size=64k") &&
        !mount("none", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL)) {
        ck_assert_int_eq(journal_open(dir, opt, &j, &err), ST_DENIED);
        ck_assert_ptr_nonnull(strstr(err.text, "read-only"));
        ck_assert_int_eq(umount(dir), 0);
    }
    remove_dir(dir);
}
END_TEST

static const TTest **const tests[] = {
    &killed_at_any_moment_it_holds_all_it_acknowledged_exactly_once,
    &a_full_file_system_is_told_and_nothing_acknowledged_is_lost,
    &a_read_only_file_system_is_told,
};

int main(void)
{
    return RUN_TESTS("journal crash", NULL, NULL, tests);
}
