/*
 * reader.h - a recording as a sequence of events.
 *
 * Reads one file, a journal's directory, a descriptor, or bytes as they are
 * pushed.  In a sealed recording a batch is delivered only after its seal has
 * been verified; one that does not fit its seal is passed over and delivered
 * as one EV_DAMAGE, and what stands behind the last good seal is dropped and
 * told by reader_tail().  A hand-written recording (not sealed) is delivered
 * line by line.
 *
 * Every segment declares its sources anew: the same EV_SOURCE comes again.
 *
 * Memory: a window of at most window_bytes, however long the lines are.
 */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include "base/status.h"
#include "core/event.h"
#include "journal/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

struct reader_options {
    size_t window_bytes; /* a batch must fit; 0: 64 MiB */
    size_t line_bytes;   /* of a hand-written line; 0: RECORDING_LINE_MAX */
};

/* path: a file or a journal's directory. */
CHECKED enum status reader_open(const char *path, struct reader_options opt,
                                struct reader **ret, struct err *err);
/* The same of a directory that may have no segment yet. */
CHECKED enum status reader_open_journal(const char *dir,
                                        struct reader_options opt,
                                        struct reader **ret, struct err *err);
/* fd is borrowed; name is for diagnostics. */
struct reader *reader_new_fd(int fd, const char *name,
                             struct reader_options opt);
/* For bytes that come from elsewhere, by reader_push(). */
struct reader *reader_new_push(const char *name, struct reader_options opt);
void reader_free(struct reader *r); /* NULL is fine */

/*
 * Takes some of bytes, and answers how many: fewer if the window is full, so
 * call reader_next() until ST_AGAIN and push the rest.
 */
CHECKED size_t reader_push(struct reader *r, struct slice bytes);
void reader_push_end(struct reader *r);

/*
 * ST_OK: ret is the next event; its slices are good until the next call of
 * any function of this reader.  ST_AGAIN: push more.  ST_END: no more.
 * ST_BAD: a line is wrong; err has line and column, reader_name() the file.
 * In a hand-written recording the next call goes on with the line after it.
 * ST_DENIED, ST_IO: the file cannot be read.
 */
CHECKED enum status reader_next(struct reader *r, struct event *ret,
                                struct err *err);

/* The file being read. */
const char *reader_name(const struct reader *r);
/* Bytes of input used so far, for a progress bar. */
uint64_t reader_bytes(const struct reader *r);

/* What stood behind the last good seal; complete after ST_END. */
struct reader_tail {
    uint64_t bytes;
    uint64_t records; /* lines that begin as records do */
    bool seals;       /* a whole line in there begins as a seal does */
};

struct reader_tail reader_tail(const struct reader *r);

struct reader_stats {
    uint64_t batches; /* good ones */
    uint64_t damaged; /* EV_DAMAGE delivered */
    uint64_t passed;  /* lines of a kind x-... */
};

struct reader_stats reader_stats(const struct reader *r);

/* Where the last good seal is, for the writer that goes on from there. */
struct reader_position {
    uint64_t segment; /* number of the last segment, by its file's name */
    uint64_t bytes;   /* of it, up to the end of the last good seal */
    uint64_t ordinal; /* of the last good seal of all */
};

struct reader_position reader_position(const struct reader *r);
/* How many segments the directory holds. */
size_t reader_segments(const struct reader *r);

#endif
