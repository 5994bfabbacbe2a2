/*
 * frame.h - the bytes of a container's log stream into lines.  Pure.
 *
 * Framed (no terminal): [stream][0 0 0][length, big endian][payload], one
 * frame an entry, each payload "TIMESTAMP SPACE text".  The engine cuts a
 * line every 16,384 bytes into entries of the same time stamp, of which only
 * the last ends in a newline.  They are joined while stream and time stamp
 * stay the same and the piece before lacks its newline; otherwise the line
 * ends where it is.
 *
 * Terminal: raw bytes, lines end in CR LF, and every entry of 16,384 bytes
 * begins with the time stamp again, in the middle of the line.
 *
 * Time stamps are RFC 3339 up to the first space, of any precision.  The
 * bytes come from outside: whatever they are, nothing grows past the caps.
 */
#ifndef DOCKER_FRAME_H
#define DOCKER_FRAME_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>

#define FRAME_MAX (1u << 20) /* payload of one frame */

struct frame_line {
    int fd;            /* 1 stdout (and terminals), 2 stderr */
    nsec ts;           /* 0: the entry had none and neither had one before it */
    bool coarse;       /* the stamp had no fraction: equal stamps say little */
    struct slice text; /* no newline; good for the call only */
};

struct frame_sink {
    void *self;
    void (*line)(void *self, const struct frame_line *line);
    /* A line over the cap; the bytes are gone.  Once a line. */
    void (*too_long)(void *self, const struct frame_line *line);
    /* The engine's own in-band words (stream 3), never a line. */
    void (*engine_error)(void *self, struct slice text);
};

/* The line being put together, of one stream. */
struct frame_part {
    struct buf text;
    nsec ts;
    bool coarse;
    bool open;     /* there is a line and it has no newline yet */
    bool skipping; /* too long: its rest is dropped */
};

struct frame {
    struct frame_sink sink;
    bool tty;
    size_t line_max;
    struct buf in;             /* a frame or a terminal's line, incomplete */
    struct frame_part part[3]; /* by fd; [0] unused */
    bool tty_skipping;
};

void frame_init(struct frame *f, bool tty, size_t line_max,
                const struct frame_sink *sink);
void frame_release(struct frame *f);
/* ST_BAD: this is no log stream; err says why.  Feed no more. */
CHECKED enum status frame_feed(struct frame *f, struct slice bytes,
                               struct err *err);
/* The stream ended cleanly: open lines are complete as they are. */
void frame_end(struct frame *f);
/* The stamp of the oldest open line: where to read again; 0: none open. */
nsec frame_open_at(const struct frame *f);
size_t frame_held(const struct frame *f); /* bytes of memory in use */

#endif
