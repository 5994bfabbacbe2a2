/*
 * body.h - what was posted to /logs, taken apart into lines.
 *
 * Knows nothing of HTTP: bytes go in as they arrive, perhaps compressed, and
 * items come out once the whole is there.  A body is judged as a whole before
 * its first item is handed out, so one that is too large or a broken gzip
 * leaves no half behind.
 *
 *   body_init -> body_feed, body_feed, ... -> body_end
 *             -> body_next, body_next, ... ST_END
 *
 * What the items are depends on the text, not on what a header claims:
 *
 *   [ ...       each member of the array
 *   { ...       one object if its first line is no whole value but the text
 *               is; lines otherwise
 *   the rest    lines, blank ones skipped
 *
 * Plain bodies (lines_only) are always lines.
 */
#ifndef HTTPD_BODY_H
#define HTTPD_BODY_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "data/tape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct body_caps {
    size_t raw_bytes;  /* as received */
    size_t text_bytes; /* once expanded */
    size_t ratio;      /* of the two, beyond the first MiB; 0: any */
};

enum body_shape { BODY_LINES, BODY_ARRAY, BODY_OBJECT };

struct body {
    struct body_caps caps;
    struct buf text;       /* expanded */
    struct buf flat;       /* an item of several lines, as one */
    struct inflater *gzip; /* NULL: not compressed */
    uint64_t raw;          /* bytes received */
    bool lines_only;
    enum body_shape shape;
    bool ended;        /* nothing behind what was handed out */
    struct slice rest; /* of text, not yet handed out */
    const char *seen;  /* newlines before it are counted in line */
    const char *line_start;
    size_t line;
    uint64_t items;
};

struct body_item {
    struct slice text; /* one line; good until the next body_next() */
    size_t line;       /* where it starts in the body, 1-based */
    size_t column;
    uint64_t n;     /* its number among the items, 1-based */
    const char *at; /* where its text stands in the body */
};

void body_init(struct body *b, const struct body_caps *caps, bool gzip);
void body_release(struct body *b); /* also of all-zero */

/*
 * ST_LIMIT: larger than the caps allow; ST_BAD: the gzip is broken.  Neither
 * can be mended by more bytes.
 */
CHECKED enum status body_feed(struct body *b, struct slice chunk,
                              struct err *err);
/*
 * No more bytes will come.  ST_BAD: nothing in it, or a gzip that stops too
 * early.  The parser is borrowed for the call.
 */
CHECKED enum status body_end(struct body *b, struct tape_parser *parser,
                             struct err *err);
/*
 * ST_BAD: this item can be none; err says why and, with line and column,
 * where.  The next call goes on behind it.
 */
CHECKED enum status body_next(struct body *b, struct body_item *ret,
                              struct err *err);
/* Moves err's column, which counts in item's text, to where that is in the
 * body. */
void body_locate(const struct body *b, const struct body_item *item,
                 struct err *err);

#endif
