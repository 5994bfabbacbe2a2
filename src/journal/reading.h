/*
 * reading.h - the reader's own parts; for this folder only.
 *
 * source.c opens and fills the window, reader.c finds batches and lines in it.
 */
#ifndef JOURNAL_READING_H
#define JOURNAL_READING_H

#include "reader.h"

#include "segment.h"

#include <uthash.h>

#define RECENT 256

enum framing {
    FRAMING_UNKNOWN, /* the header has not been seen */
    FRAMING_SEALED,
    FRAMING_LOOSE
};

struct known {
    uint32_t id;
    UT_hash_handle hh;
};

/* A stretch of a file that no seal vouches for. */
struct stretch {
    char name[SEGMENT_NAME_MAX];
    uint64_t from, to; /* bytes */
    uint64_t records;
    bool seals;
};

/*
 * The window w[0..end) holds the bytes of the file from w_at on.  In order:
 *   floor   the end of the last good batch (or of the last line, if loose)
 *   resync  where the next batch may begin at the earliest
 *   line    the line that is looked at
 *   search  where its end is looked for
 * What is being delivered is w[cur..good).
 */
struct reader {
    struct reader_options opt;
    int fd;
    bool own_fd, push;
    bool ended; /* the file has no more bytes */
    bool over;  /* nothing more is delivered */
    char *dir;
    struct segments segments;
    size_t next_segment;
    char *name;

    char *w;
    size_t room, end, floor, resync, line, search, cur, good;
    uint64_t w_at;
    uint64_t read_bytes;

    enum framing framing;
    struct err header_err; /* why the header could not be read */
    bool header_bad;
    bool in_segment;      /* a good batch of this segment has been seen */
    uint64_t ordinal;     /* of the last good seal; 0: none yet */
    uint64_t ordinal_max; /* the greatest that counts here */
    uint64_t line_no;     /* lines before cur */
    uint32_t crc;         /* loose: of the lines since the last seal */
    uint64_t crc_bytes;
    bool skipping; /* loose: inside a line that is too long */

    uint64_t unsealed_at; /* file offset of the end of the last good seal */
    uint64_t dropped_records, dropped_lines; /* in front of floor */
    bool dropped_seals;
    struct stretch carried; /* left over at the end of the last segment */
    bool damage;            /* why is to be delivered */
    uint64_t damage_lines;
    char why[ERR_TEXT_MAX];
    uint64_t orphans; /* lines whose source is not known */

    struct reader_tail tail;
    struct reader_stats stats;
    struct decoded decoded;
    struct known *known;
    struct known *recent[RECENT];
};

/* Another file in place of the last one; err names it. */
CHECKED enum status reader_file(struct reader *r, const char *path,
                                struct err *err);
/* A reader that has nothing to read yet. */
struct reader *reader_new(struct reader_options opt, const char *name);
/* More bytes behind end.  ST_END: of this file; ST_AGAIN: push more. */
CHECKED enum status reader_fill(struct reader *r, struct err *err);

#endif
