/*
 * format.h - one line of a recording, to and from an event.
 *
 * The format has its page, doc/recording-format.md; this is its code.  A line
 * as written here is in canonical form: the members in one order, no spaces.
 * Reading accepts the canonical form at speed, and any other JSON spelling of
 * the same line (hand-written fixtures) by the slow way.
 *
 * Lines go without their newline.
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "base/buf.h"
#include "core/event.h"
#include "data/tape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_VERSION  1
#define RECORDING_LINE_MAX ((size_t)8 << 20) /* one line of a recording */
#define SEAL_TEXT_MAX      96

struct header {
    uint64_t version;
    uint64_t segment;
    nsec created_at;
    uint64_t after; /* the ordinal of the last seal before this segment */
    bool sealed;    /* only what stands before a good seal counts */
};

struct seal {
    uint64_t ordinal; /* from 1, over the whole journal */
    uint64_t bytes;   /* from the end of the last seal to this line */
    uint32_t crc;     /* of those bytes and the first `head` of this line */
    size_t head;
};

/* What a decoded event points into; all-zero is ready for use. */
struct decoded {
    struct tape_parser *parser;
    struct buf text;
    struct source decl;
    struct path scope[SOURCE_SCOPE_MAX]; /* of decl */
};

void decoded_release(struct decoded *d);

void header_encode(struct buf *out, const struct header *h);
/* Both halves of a seal line; the second one takes the CRC up to there. */
void seal_encode_head(struct buf *out, uint64_t ordinal, uint64_t bytes);
void seal_encode_tail(struct buf *out, uint32_t crc);
/*
 * Appends ev and a newline.  ST_BAD: a name in it is not UTF-8; ST_LIMIT: the
 * line would be longer than RECORDING_LINE_MAX or than out may grow.  Nothing
 * is appended then.
 */
CHECKED enum status event_encode(struct buf *out, const struct event *ev,
                                 struct err *err);

/* Whether a line begins as a header's does: tells a recording from others. */
bool header_begins(struct slice line);
bool seal_begins(struct slice line);
/* ST_BAD; err has the column. */
CHECKED enum status header_decode(struct slice line, struct decoded *d,
                                  struct header *ret, struct err *err);
CHECKED enum status seal_decode(struct slice line, struct seal *ret,
                                struct err *err);
/*
 * ST_OK: ret is an event, whose slices point into line and d until the next
 * call.  ST_NONE: a line to pass over, of a kind that begins with "x-".
 * ST_BAD: err says what is wrong and has the column.  verified: the line is
 * as event_encode() wrote it, a seal vouches for that; without it a line that
 * embeds JSON is parsed to the end.
 */
CHECKED enum status event_decode(struct slice line, bool verified,
                                 struct decoded *d, struct event *ret,
                                 struct err *err);

#endif
