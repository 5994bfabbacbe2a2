/*
 * journal.h - the embedded store: events on disk before their effects leave.
 *
 * One directory, one process (a lock sees to it), segments of one format (see
 * doc/recording-format.md).  The life of a journal:
 *
 *   journal_open -> journal_replay -> append, append, append
 *                                     seal -> write -> done
 *
 * Appends collect in memory.  journal_seal() closes what has collected into a
 * batch; journal_write() puts the batch on disk and may run on another thread
 * while appends go on; journal_done(), on the first thread again, says
 * whether it is safe.  One batch is out at a time.
 *
 * A batch that could not be written leaves no trace: the file is cut back to
 * the last good seal.  Then either journal_retry() and journal_write() again,
 * or journal_discard(), which drops it with everything appended after it.
 * After a failed fdatasync the file is never trusted again and the journal
 * goes on in a new segment.
 *
 * Time comes from the caller.  A forked child must close nothing and exit
 * soon: it shares the lock.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/buf.h"
#include "base/status.h"
#include "core/event.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum journal_fsync {
    FSYNC_ALWAYS,   /* every batch */
    FSYNC_INTERVAL, /* at most every 100 ms; up to so much may be lost when
                       the machine stops, nothing when the process does */
    FSYNC_NEVER     /* the kernel decides */
};

/* What the journal asks of the system; tests put failures here. */
struct journal_ops {
    void *self;
    int (*open)(void *self, int dirfd, const char *name, int flags);
    ssize_t (*pwrite)(void *self, int fd, const void *p, size_t n, off_t at);
    int (*fdatasync)(void *self, int fd);
    int (*fsync_dir)(void *self, int fd);
    int (*ftruncate)(void *self, int fd, off_t n);
};

struct journal_options {
    enum journal_fsync fsync;
    uint64_t segment_bytes;        /* a new segment beyond this; 0: 64 MiB */
    nsec now;                      /* UTC */
    const struct journal_ops *ops; /* borrowed; NULL: the system's */
};

/* "always", "interval", "never"; ST_BAD for anything else. */
CHECKED enum status journal_fsync_parse(struct slice text,
                                        enum journal_fsync *ret);

struct journal;
struct journal_batch;

/*
 * Creates dir (0700) if it is not there.  ST_BUSY: another process has it;
 * ST_DENIED: no permission, or a read-only file system; ST_FULL; ST_BAD: dir
 * is no directory; ST_NONE: the directory that should hold it is missing.
 */
CHECKED enum status journal_open(const char *dir, struct journal_options opt,
                                 struct journal **ret, struct err *err);
void journal_close(struct journal *j); /* drops what is not on disk; NULL ok */

/*
 * When the journal was begun, as its first segment says: what tells it from
 * another one that takes its place.  Of a journal without a segment: now.
 */
nsec journal_begun_at(const struct journal *j);

/* What recovery found. */
struct journal_recovery {
    uint64_t batches;
    uint64_t damaged;       /* stretches that could not be read */
    uint64_t dropped_bytes; /* never acknowledged, behind the last seal */
    uint64_t dropped_records;
    bool kept_aside; /* the dropped bytes look sealed: a disk lost some.  They
                        stay in their file and a new segment begins */
};

/*
 * Delivers all events, then stands ready to append.  To be called once, also
 * on a journal that is new.  fn's answer other than ST_OK stops and is
 * returned.  ST_BAD: not readable by this version; nothing was changed.
 */
CHECKED enum status journal_replay(
    struct journal *j,
    enum status (*fn)(void *arg, const struct event *ev, struct err *err),
    void *arg, struct journal_recovery *ret, struct err *err);

/*
 * ST_AGAIN: 8 MiB wait already, seal and write first.  ST_BAD, ST_LIMIT: this
 * event can never be recorded (event_encode()).  ST_NONE: its source has not
 * been appended.
 */
CHECKED enum status journal_append(struct journal *j, const struct event *ev,
                                   struct err *err);
/* Bytes appended and not sealed. */
size_t journal_pending(const struct journal *j);

/*
 * ST_OK: ret is to be written.  It may be an empty one that only syncs
 * (FSYNC_INTERVAL, when the time has come).  ST_NONE: nothing to do.
 * ST_AGAIN: a batch is out.  now is UTC.
 */
CHECKED enum status journal_seal(struct journal *j, nsec now,
                                 struct journal_batch **ret);
/* Blocks; touches nothing but the batch and the file. */
void journal_write(struct journal_batch *batch);
/*
 * ST_OK: the batch is on disk and gone.  Else why, and the batch waits for
 * journal_retry() or journal_discard().
 */
CHECKED enum status journal_done(struct journal *j, struct journal_batch *batch,
                                 struct err *err);
/* Makes a failed batch ready for another journal_write(). */
void journal_retry(struct journal *j, struct journal_batch *batch);
/* Drops the failed batch, if there is one, and all that is not sealed.  Not
 * while a batch is being written. */
void journal_discard(struct journal *j);

struct journal_stats {
    uint64_t bytes; /* written since open */
    uint64_t batches;
    uint64_t syncs;
    uint64_t failures;
    uint64_t segments;      /* in the directory */
    uint64_t ordinal;       /* of the last seal */
    bool dirty;             /* written and not yet synced */
    const char *last_error; /* "" if there was none */
};

struct journal_stats journal_stats(const struct journal *j);

#endif
