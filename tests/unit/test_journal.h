/*
 * test_journal.h - what the journal's tests share: events that own their
 * bytes, a log of events as text, temporary directories.
 */
#ifndef TEST_JOURNAL_H
#define TEST_JOURNAL_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "journal/format.h"
#include "journal/journal.h"
#include "journal/reader.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define T0 ((nsec)1700000000000000000)

/* xorshift64*: the same numbers in every run. */
static inline uint64_t rnd(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static inline struct event line_event(uint32_t source, uint64_t seq,
                                      const char *text)
{
    return (struct event){ .kind = EV_LINE,
                           .source = source,
                           .seq = seq,
                           .ts = T0 + (nsec)seq,
                           .logged_at = T0 + (nsec)seq,
                           .line = slice_str(text),
                           .json = text[0] == '{' };
}

static const struct source web_decl = {
    .blade = { "web", 3 },
    .run = { "r1", 2 },
    .mode = MODE_JSON,
};

static inline struct event source_event(uint32_t id)
{
    return (struct event){ .kind = EV_SOURCE, .source = id, .decl = &web_decl };
}

/* One line of text per event, whatever it holds: what a test compares. */
static inline void log_event(struct buf *log, const struct event *ev)
{
    static const char *const kinds[] = { "source", "line",  "tick", "retire",
                                         "limits", "rules", "gap",  "damage" };
    struct event canonical = *ev;

    if (ev->kind == EV_DAMAGE)
        canonical.why = slice_str("");
    canonical.json = ev->json;
    buf_printf(log, "%s%s ", kinds[ev->kind], ev->json ? "+" : "");
    ck_assert_int_eq(event_encode(log, &canonical, NULL), ST_OK);
}

static inline char *temp_dir(void)
{
    char path[] = "/tmp/bw-journal-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(path));
    return xstrdup(path);
}

/* Of a directory that holds files only; frees its name. */
static inline void remove_dir(char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    ck_assert_ptr_nonnull(d);
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.')
            ck_assert_int_eq(unlinkat(dirfd(d), entry->d_name, 0), 0);
    closedir(d);
    ck_assert_int_eq(rmdir(dir), 0);
    free(dir);
}

static inline void write_file(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    close(fd);
}

static inline void read_file(const char *path, struct buf *out)
{
    char chunk[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        ck_assert_int_eq(buf_add(out, chunk, (size_t)n), ST_OK);
    close(fd);
}

static inline void segment_path(const char *dir, unsigned number, char out[256])
{
    snprintf(out, 256, "%s/%08u.bwj", dir, number);
}

static inline int run_tests(const char *name, void (*setup)(void),
                            void (*teardown)(void), const TTest **const *tests,
                            size_t n)
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    size_t i;
    int failed;

    for (i = 0; i < n; i++)
        tcase_add_test(tc, *tests[i]);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_TESTS(name, setup, teardown, tests)                                \
    run_tests(name, setup, teardown, tests, sizeof(tests) / sizeof(*tests))

#endif
