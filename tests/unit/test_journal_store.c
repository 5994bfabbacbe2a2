#include "test_journal.h"

#include <errno.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>

/* Thousands of small journals: the disk need not have each. */
static struct journal_options options(void)
{
    return (struct journal_options){ .now = T0, .fsync = FSYNC_NEVER };
}

static enum status log_it(void *arg, const struct event *ev, struct err *err)
{
    (void)err;
    log_event(arg, ev);
    return ST_OK;
}

static struct journal *open_with(const char *dir, struct journal_options opt,
                                 struct buf *log, struct journal_recovery *rec)
{
    struct journal *j = NULL;
    struct err err = { 0 };
    struct buf unused;

    buf_init(&unused, BUF_NO_CAP);
    ck_assert_msg(!journal_open(dir, opt, &j, &err), "%s", err.text);
    ck_assert_msg(!journal_replay(j, log_it, log ? log : &unused, rec, &err),
                  "%s", err.text);
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
    struct journal_options opt = { .now = T0, .fsync = FSYNC_ALWAYS };
    struct journal *j = open_with(dir, opt, NULL, NULL);
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
    ck_assert_str_eq(buf_cstr(&log),
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

START_TEST(cut_at_any_byte_a_journal_recovers_whole_batches_and_goes_on)
{
    char *dir = temp_dir(), path[256];
    struct journal *j = open_with(dir, options(), NULL, NULL);
    struct journal_recovery rec;
    struct buf bytes, log, expect;
    size_t cut;
    int i;

    buf_init(&bytes, BUF_NO_CAP);
    buf_init(&log, BUF_NO_CAP);
    buf_init(&expect, BUF_NO_CAP);
    append(j, source_event(1));
    for (i = 1; i <= 3; i++) {
        append(j, line_event(1, (uint64_t)i, "{\"a\":1}"));
        ck_assert_int_eq(commit(j, NULL), ST_OK);
    }
    journal_close(j);
    segment_path(dir, 1, path);
    read_file(path, &bytes);
    for (cut = 0; cut < bytes.n; cut++) {
        write_file(path, slice_of(bytes.p, cut));
        buf_reset(&log);
        j = open_with(dir, options(), &log, &rec);
        ck_assert_uint_eq(rec.batches, journal_stats(j).ordinal);
        ck_assert_uint_eq(rec.damaged, 0);
        append(j, source_event(2));
        append(j, line_event(2, 9, "again"));
        ck_assert_int_eq(commit(j, NULL), ST_OK);
        ck_assert_uint_eq(journal_stats(j).segments, 1);
        journal_close(j);
        buf_reset(&expect);
        buf_slice(&expect, buf_view(&log));
        buf_str(&expect, "source {\"source\":2,\"blade\":\"web\",\"run\":"
                         "\"r1\",\"mode\":\"json\"}\n"
                         "line {\"src\":2,\"seq\":9,\"ts\":"
                         "1700000000000000009,\"text\":\"again\"}\n");
        replayed_is(dir, &expect);
    }
    buf_release(&bytes);
    buf_release(&log);
    buf_release(&expect);
    remove_dir(dir);
}
END_TEST

/* Recovery, appending, and a replay of it all must tell the same story. */
static void recover_twice(const char *dir, size_t i)
{
    struct buf log;
    struct journal *j = NULL;
    struct err err;

    buf_init(&log, BUF_NO_CAP);
    ck_assert_int_eq(journal_open(dir, options(), &j, &err), ST_OK);
    if (journal_replay(j, log_it, &log, NULL, &err)) {
        /* The version is hit: nothing is touched. */
        ck_assert_msg(strstr(err.text, "version") != NULL, "byte %zu: %s", i,
                      err.text);
        journal_close(j);
    } else {
        append(j, (struct event){ .kind = EV_TICK, .ts = T0 });
        ck_assert_int_eq(commit(j, NULL), ST_OK);
        journal_close(j);
        buf_str(&log, "tick {\"tick\":1700000000000000000}\n");
        replayed_is(dir, &log);
    }
    buf_release(&log);
}

START_TEST(damaged_at_any_byte_a_journal_recovers_to_what_replay_will_tell)
{
    char *dir = temp_dir(), first[256], second[256];
    struct journal *j = open_with(dir, options(), NULL, NULL);
    struct buf bytes;
    size_t i;
    int k;

    buf_init(&bytes, BUF_NO_CAP);
    segment_path(dir, 1, first);
    segment_path(dir, 2, second);
    append(j, source_event(1));
    for (k = 1; k <= 3; k++) {
        append(j, line_event(1, (uint64_t)k, "{\"a\":1}"));
        ck_assert_int_eq(commit(j, NULL), ST_OK);
    }
    journal_close(j);
    read_file(first, &bytes);
    for (i = 0; i < bytes.n; i++) {
        bytes.p[i] ^= 4;
        write_file(first, buf_view(&bytes));
        bytes.p[i] ^= 4;
        unlink(second);
        recover_twice(dir, i);
    }
    buf_release(&bytes);
    remove_dir(dir);
}
END_TEST

static uint64_t count_lines(const char *dir, uint64_t *ret_damaged)
{
    struct journal_recovery rec;
    struct buf log;
    struct journal *j;
    uint64_t n = 0;
    size_t i;

    buf_init(&log, BUF_NO_CAP);
    j = open_with(dir, options(), &log, &rec);
    journal_close(j);
    for (i = 0; i + 4 < log.n; i++)
        n += !memcmp(log.p + i, "line", 4) && (!i || log.p[i - 1] == '\n');
    if (ret_damaged)
        *ret_damaged = rec.damaged;
    buf_release(&log);
    return n;
}

/* Two sources take turns; a new segment every few lines. */
static void many_segments(const char *dir, uint64_t lines)
{
    struct journal_options opt = options();
    struct journal *j;
    uint64_t i;

    opt.segment_bytes = 400;
    j = open_with(dir, opt, NULL, NULL);
    append(j, source_event(1));
    append(j, source_event(2));
    for (i = 1; i <= lines; i++) {
        append(j, line_event(1 + (uint32_t)(i / 4 % 2), i, "{\"a\":1}"));
        ck_assert_int_eq(commit(j, NULL), ST_OK);
    }
    ck_assert_uint_gt(journal_stats(j).segments, 5);
    journal_close(j);
}

START_TEST(each_segment_can_be_read_alone)
{
    char *dir = temp_dir(), path[256];
    struct reader *r;
    struct event ev;
    struct err err;
    uint64_t lines = 0;
    enum status st;
    unsigned i;

    many_segments(dir, 40);
    ck_assert_uint_eq(count_lines(dir, NULL), 40);
    for (i = 1;; i++) {
        segment_path(dir, i, path);
        if (access(path, R_OK))
            break;
        ck_assert_int_eq(
            reader_open(path, (struct reader_options){ 0 }, &r, &err), ST_OK);
        while (!(st = reader_next(r, &ev, &err))) {
            ck_assert_int_ne(ev.kind, EV_DAMAGE);
            lines += ev.kind == EV_LINE;
        }
        ck_assert_int_eq(st, ST_END);
        reader_free(r);
    }
    ck_assert_uint_eq(lines, 40);
    remove_dir(dir);
}
END_TEST

START_TEST(a_segment_that_is_gone_is_declared)
{
    char *dir = temp_dir(), path[256];
    uint64_t damaged, lines;

    many_segments(dir, 40);
    segment_path(dir, 3, path);
    ck_assert_int_eq(unlink(path), 0);
    lines = count_lines(dir, &damaged);
    ck_assert_uint_lt(lines, 40);
    ck_assert_uint_ge(lines, 30);
    ck_assert_uint_eq(damaged, 1);
    remove_dir(dir);
}
END_TEST

START_TEST(the_last_batch_of_an_inner_segment_damaged_is_declared)
{
    char *dir = temp_dir(), path[256];
    struct buf bytes;
    uint64_t damaged;

    buf_init(&bytes, BUF_NO_CAP);
    many_segments(dir, 40);
    segment_path(dir, 2, path);
    read_file(path, &bytes);
    bytes.p[bytes.n - 4] ^= 1;
    write_file(path, buf_view(&bytes));
    ck_assert_uint_eq(count_lines(dir, &damaged), 39);
    ck_assert_uint_eq(damaged, 1);
    buf_release(&bytes);
    remove_dir(dir);
}
END_TEST

START_TEST(a_sealed_tail_that_is_damaged_is_kept_aside_not_cut_off)
{
    char *dir = temp_dir(), path[256];
    struct journal_recovery rec;
    struct journal *j = open_with(dir, options(), NULL, NULL);
    struct buf bytes, after;

    buf_init(&bytes, BUF_NO_CAP);
    buf_init(&after, BUF_NO_CAP);
    append(j, source_event(1));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    append(j, line_event(1, 1, "{\"a\":1}"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    journal_close(j);
    segment_path(dir, 1, path);
    read_file(path, &bytes);
    bytes.p[bytes.n - 4] ^= 1;
    write_file(path, buf_view(&bytes));

    j = open_with(dir, options(), NULL, &rec);
    ck_assert(rec.kept_aside);
    ck_assert_uint_eq(rec.dropped_records, 1);
    append(j, line_event(1, 2, "{\"a\":2}"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    ck_assert_uint_eq(journal_stats(j).segments, 2);
    journal_close(j);
    read_file(path, &after);
    ck_assert(slice_eq(buf_view(&after), buf_view(&bytes)));
    ck_assert_uint_eq(count_lines(dir, NULL), 1);
    buf_release(&bytes);
    buf_release(&after);
    remove_dir(dir);
}
END_TEST

START_TEST(a_second_process_is_told_who_holds_the_journal)
{
    char *dir = temp_dir(), expect[32];
    struct journal *j = NULL;
    struct err err = { 0 };
    int ready[2], done[2];
    pid_t child;
    char c;

    ck_assert_int_eq(pipe(ready) | pipe(done), 0);
    child = fork();
    if (child == 0) {
        j = open_with(dir, options(), NULL, NULL);
        (void)!write(ready[1], "x", 1);
        (void)!read(done[0], &c, 1);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    ck_assert_int_eq(journal_open(dir, options(), &j, &err), ST_BUSY);
    snprintf(expect, sizeof(expect), "(process %ld)", (long)child);
    ck_assert_ptr_nonnull(strstr(err.text, expect));
    ck_assert_int_eq(write(done[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    j = open_with(dir, options(), NULL, NULL);
    journal_close(j);
    remove_dir(dir);
}
END_TEST

/* A disk that fails when and how it is told to. */
struct disk {
    uint64_t room; /* bytes until writes fail */
    int write_error;
    uint64_t sync_at; /* the sync that fails, from 1; 0: none */
    int cut_error;
    int open_error;
    uint64_t syncs;
};

static int disk_open(void *self, int dirfd, const char *name, int flags)
{
    struct disk *d = self;

    if (d->open_error) {
        errno = d->open_error;
        return -1;
    }
    return openat(dirfd, name, flags, 0600);
}

static ssize_t disk_pwrite(void *self, int fd, const void *p, size_t n,
                           off_t at)
{
    struct disk *d = self;

    if (!d->room) {
        errno = d->write_error;
        return -1;
    }
    if (n > d->room)
        n = d->room;
    d->room -= n;
    return pwrite(fd, p, n, at);
}

static int disk_fdatasync(void *self, int fd)
{
    struct disk *d = self;

    (void)fd;
    errno = EIO;
    return ++d->syncs == d->sync_at ? -1 : 0;
}

static int disk_ftruncate(void *self, int fd, off_t n)
{
    struct disk *d = self;

    errno = d->cut_error;
    return d->cut_error ? -1 : ftruncate(fd, n);
}

static struct journal_ops disk_ops(struct disk *d)
{
    return (struct journal_ops){ d,
                                 disk_open,
                                 disk_pwrite,
                                 disk_fdatasync,
                                 disk_fdatasync,
                                 disk_ftruncate };
}

START_TEST(errors_at_opening_are_told_apart)
{
    static const struct {
        int error;
        enum status st;
        const char *says;
    } cases[] = {
        { EROFS, ST_DENIED, "read-only" }, { EACCES, ST_DENIED, "permission" },
        { ENOSPC, ST_FULL, "full" },       { EDQUOT, ST_FULL, "quota" },
        { EIO, ST_IO, "error" },
    };
    char *dir = temp_dir(), path[256];
    struct disk disk = { 0 };
    struct journal_ops ops = disk_ops(&disk);
    struct journal_options opt = { .ops = &ops };
    struct journal *j = NULL;
    struct err err;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        disk.open_error = cases[i].error;
        ck_assert_int_eq(journal_open(dir, opt, &j, &err), cases[i].st);
        ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
        ck_assert_ptr_nonnull(strstr(err.text, dir));
    }
    snprintf(path, sizeof(path), "%s/file", dir);
    write_file(path, slice_str("x"));
    ck_assert_int_eq(journal_open(path, options(), &j, &err), ST_BAD);
    ck_assert_ptr_nonnull(strstr(err.text, "no directory"));
    snprintf(path, sizeof(path), "%s/a/b", dir);
    ck_assert_int_eq(journal_open(path, options(), &j, &err), ST_NONE);
    remove_dir(dir);
}
END_TEST

/* Four batches of two lines; a failure is answered as told. */
static uint64_t write_some(struct journal *j, struct disk *d, bool retry)
{
    struct journal_batch *batch;
    struct err err;
    uint64_t acknowledged = 0, seq;

    append(j, source_event(1));
    for (seq = 1; seq <= 8; seq += 2) {
        append(j, line_event(1, seq, "{\"a\":1}"));
        append(j, line_event(1, seq + 1, "text"));
        ck_assert_int_eq(journal_seal(j, T0, &batch), ST_OK);
        if (seq < 7) /* a part of the next batch collects meanwhile */
            append(j, (struct event){ .kind = EV_TICK, .ts = T0 });
        journal_write(batch);
        if (!journal_done(j, batch, &err)) {
            acknowledged += 2;
            continue;
        }
        d->room = UINT64_MAX; /* mended */
        d->cut_error = 0;
        if (retry) {
            journal_retry(j, batch);
            journal_write(batch);
            ck_assert_int_eq(journal_done(j, batch, &err), ST_OK);
            acknowledged += 2;
        } else {
            journal_discard(j);
        }
    }
    d->room = UINT64_MAX;
    d->sync_at = 0;
    append(j, (struct event){ .kind = EV_TICK, .ts = T0 });
    ck_assert_int_eq(commit(j, &err), ST_OK);
    return acknowledged;
}

/*
 * After a failed write at byte `room` or sync number `sync`: what was
 * acknowledged is there once, and nothing else is.
 */
static uint64_t survive(uint64_t room, uint64_t sync, int cut_error, bool retry)
{
    char *dir = temp_dir();
    struct disk disk = { .room = UINT64_MAX };
    struct journal_ops ops = disk_ops(&disk);
    struct journal_options opt = { .ops = &ops,
                                   .now = T0,
                                   .segment_bytes = 500 };
    struct journal *j = open_with(dir, opt, NULL, NULL);
    uint64_t acknowledged, damaged, failures;

    disk.room = room;
    disk.write_error = ENOSPC;
    disk.cut_error = cut_error;
    disk.sync_at = sync ? disk.syncs + sync : 0;
    acknowledged = write_some(j, &disk, retry);
    failures = journal_stats(j).failures;
    if (retry)
        ck_assert_uint_eq(acknowledged, 8);
    journal_close(j);
    ck_assert_uint_eq(count_lines(dir, &damaged), acknowledged);
    ck_assert_uint_eq(damaged, 0);
    remove_dir(dir);
    return failures;
}

START_TEST(a_disk_full_at_any_byte_loses_nothing_acknowledged)
{
    uint64_t room;

    for (room = 0; survive(room, 0, 0, room % 2); room++)
        ;
    ck_assert_uint_gt(room, 600);
}
END_TEST

START_TEST(a_file_that_cannot_be_cut_back_is_left_for_a_new_one)
{
    uint64_t room;

    for (room = 0; room < 700; room += 7)
        survive(room, 0, EIO, room % 2);
}
END_TEST

START_TEST(after_a_failed_sync_the_journal_goes_on_in_a_new_segment)
{
    uint64_t sync;

    for (sync = 1; survive(UINT64_MAX, sync, 0, false); sync++)
        ck_assert_uint_eq(survive(UINT64_MAX, sync, 0, true), 1);
    ck_assert_uint_gt(sync, 5);
}
END_TEST

START_TEST(a_batch_on_disk_that_was_not_acknowledged_is_not_counted)
{
    uint64_t sync;

    for (sync = 1; survive(UINT64_MAX, sync, EIO, false); sync++)
        ck_assert_uint_eq(survive(UINT64_MAX, sync, EIO, true), 1);
    ck_assert_uint_gt(sync, 5);
}
END_TEST

static void *write_it(void *arg)
{
    journal_write(arg);
    return NULL;
}

START_TEST(appends_go_on_while_another_thread_writes)
{
    char *dir = temp_dir();
    struct journal_options opt = options();
    struct journal_batch *batch;
    struct journal *j;
    pthread_t thread;
    uint64_t seq = 0;
    int i;

    opt.fsync = FSYNC_ALWAYS;
    opt.segment_bytes = 1000;
    j = open_with(dir, opt, NULL, NULL);
    append(j, source_event(1));
    append(j, line_event(1, ++seq, "{\"a\":1}"));
    for (i = 0; i < 50; i++) {
        ck_assert_int_eq(journal_seal(j, T0, &batch), ST_OK);
        ck_assert_int_eq(pthread_create(&thread, NULL, write_it, batch), 0);
        append(j, line_event(1, ++seq, "{\"a\":1}"));
        ck_assert_int_eq(journal_seal(j, T0, &batch), ST_AGAIN);
        append(j, line_event(1, ++seq, "text"));
        ck_assert_uint_le(journal_stats(j).ordinal, (uint64_t)i);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(journal_done(j, batch, NULL), ST_OK);
    }
    journal_close(j);
    ck_assert_uint_eq(count_lines(dir, NULL), seq - 2);
    remove_dir(dir);
}
END_TEST

START_TEST(fsync_interval_syncs_at_most_every_100_ms_and_never_not_at_all)
{
    char *dir = temp_dir();
    struct disk disk = { .room = UINT64_MAX };
    struct journal_ops ops = disk_ops(&disk);
    struct journal_options opt = { .ops = &ops,
                                   .now = T0,
                                   .fsync = FSYNC_INTERVAL };
    struct journal *j = open_with(dir, opt, NULL, NULL);
    struct journal_batch *batch;
    nsec now = T0;
    int i;

    append(j, source_event(1));
    for (i = 0; i < 50; i++, now += 10 * NSEC_MSEC) {
        append(j, line_event(1, (uint64_t)i + 1, "x"));
        ck_assert_int_eq(journal_seal(j, now, &batch), ST_OK);
        journal_write(batch);
        ck_assert_int_eq(journal_done(j, batch, NULL), ST_OK);
    }
    ck_assert_uint_eq(journal_stats(j).syncs, 4);
    ck_assert(journal_stats(j).dirty);
    ck_assert_int_eq(journal_seal(j, now, &batch), ST_OK); /* sync alone */
    journal_write(batch);
    ck_assert_int_eq(journal_done(j, batch, NULL), ST_OK);
    ck_assert(!journal_stats(j).dirty);
    ck_assert_int_eq(journal_seal(j, now + NSEC_SEC, &batch), ST_NONE);
    journal_close(j);
    remove_dir(dir);
}
END_TEST

START_TEST(more_than_8_mib_do_not_wait_in_memory)
{
    char *dir = temp_dir();
    struct journal *j = open_with(dir, options(), NULL, NULL);
    char *line = xcalloc(1, 1 << 20);
    struct event ev;
    struct err err;
    int i;

    memset(line, 'x', (1 << 20) - 1);
    append(j, source_event(1));
    for (i = 0; i < 8; i++)
        append(j, line_event(1, 1, line));
    ev = line_event(1, 1, "");
    ck_assert_int_eq(journal_append(j, &ev, &err), ST_AGAIN);
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    append(j, ev);
    ev = line_event(9, 1, "");
    ck_assert_int_eq(journal_append(j, &ev, &err), ST_NONE);
    journal_close(j);
    free(line);
    remove_dir(dir);
}
END_TEST

START_TEST(a_journal_keeps_when_it_was_begun)
{
    char *dir = temp_dir();
    struct journal_options opt = options();
    struct journal *j = open_with(dir, opt, NULL, NULL);

    ck_assert_int_eq(journal_begun_at(j), T0);
    append(j, source_event(1));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    journal_close(j);
    opt.now = T0 + 5;
    opt.segment_bytes = 1;
    j = open_with(dir, opt, NULL, NULL);
    ck_assert_int_eq(journal_begun_at(j), T0);
    append(j, line_event(1, 1, "{}"));
    ck_assert_int_eq(commit(j, NULL), ST_OK);
    ck_assert_uint_eq(journal_stats(j).segments, 2);
    journal_close(j);
    j = open_with(dir, opt, NULL, NULL);
    ck_assert_int_eq(journal_begun_at(j), T0);
    journal_close(j);
    remove_dir(dir);
}
END_TEST

START_TEST(a_journal_in_the_place_of_another_was_begun_later)
{
    char *dir = temp_dir();
    struct journal_options opt = options();
    struct journal *j = open_with(dir, opt, NULL, NULL);

    journal_close(j); /* nothing was written */
    opt.now = T0 + 5;
    j = open_with(dir, opt, NULL, NULL);
    ck_assert_int_eq(journal_begun_at(j), T0 + 5);
    journal_close(j);
    remove_dir(dir);
}
END_TEST

static const TTest **const tests[] = {
    &a_journal_keeps_when_it_was_begun,
    &a_journal_in_the_place_of_another_was_begun_later,
    &what_was_sealed_comes_back_in_order_and_appending_goes_on,
    &cut_at_any_byte_a_journal_recovers_whole_batches_and_goes_on,
    &damaged_at_any_byte_a_journal_recovers_to_what_replay_will_tell,
    &each_segment_can_be_read_alone,
    &a_segment_that_is_gone_is_declared,
    &the_last_batch_of_an_inner_segment_damaged_is_declared,
    &a_sealed_tail_that_is_damaged_is_kept_aside_not_cut_off,
    &a_second_process_is_told_who_holds_the_journal,
    &errors_at_opening_are_told_apart,
    &a_disk_full_at_any_byte_loses_nothing_acknowledged,
    &a_file_that_cannot_be_cut_back_is_left_for_a_new_one,
    &after_a_failed_sync_the_journal_goes_on_in_a_new_segment,
    &a_batch_on_disk_that_was_not_acknowledged_is_not_counted,
    &appends_go_on_while_another_thread_writes,
    &fsync_interval_syncs_at_most_every_100_ms_and_never_not_at_all,
    &more_than_8_mib_do_not_wait_in_memory,
};

int main(void)
{
    return RUN_TESTS("journal store", NULL, NULL, tests);
}
