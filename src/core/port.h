/*
 * port.h - what the edges may ask of the middle.
 *
 * An edge (Docker, HTTP, a probe) hands lines to an intake and is told later
 * when they are safe.  Nothing an edge promised to the outside (a 2xx, an
 * advanced cursor) may leave before its ticket is durable.
 *
 *   declare a source -> line, line, line -> durable(ticket)
 *                                        \-> discarded(ticket): the journal
 *                                            could not be written; none of
 *                                            the lines after the last durable
 *                                            ticket has been merged.  The edge
 *                                            reads them again or says 503.
 *
 * Everything happens on one thread.  durable and discarded are called from
 * the loop, never from inside line().  All slices are borrowed for the call.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"
#include "core/source.h"

#include <stdbool.h>
#include <stdint.h>

struct line {
    uint32_t source;   /* from source() */
    nsec ts;           /* when it was logged; 0: now.  The future is cut off */
    int fd;            /* 1 stdout, 2 stderr, 0 neither */
    struct slice text; /* the line as logged, without its newline */
    struct slice id;   /* idempotency key, or empty.  A repeated id is counted
                          as a duplicate and not merged */
    bool strict;       /* there is somebody to tell: what begins like a JSON
                          object or array and is none, or is beyond the limit
                          of a shard, is refused with ST_BAD or ST_LIMIT */
};

/* Lines that are gone for good; recorded and counted in monitor.gaps. */
struct gap {
    uint32_t source;
    nsec from_at, to_at; /* logged in between; 0 where not known */
    uint64_t lines;      /* how many, 0 if not known */
    struct slice why;    /* "rotated", "too long", ... */
};

/*
 * Where a source stopped, by what is durable.  A stream is resumed at ts
 * inclusive, and a line of that very ts is old iff its hash is known.
 */
#define CURSOR_HASHES 64

struct cursor {
    nsec ts; /* as logged, greatest seen of this blade, run and fd; 0: none */
    uint64_t hash[CURSOR_HASHES]; /* of the lines logged at ts, newest last */
    size_t nhash;
};

struct intake_listener {
    void *self;
    /* Every ticket up to and including this one is on disk and merged. */
    void (*durable)(void *self, uint64_t ticket);
    /* Every ticket from this one on is void; why says the cause. */
    void (*discarded)(void *self, uint64_t ticket, const struct err *why);
    struct intake_listener *next; /* the intake's */
};

struct intake {
    void *self;
    /* The same blade, run, mode, ... answers the same id. */
    enum status (*source)(void *self, const struct source *decl,
                          uint32_t *ret_id, struct err *err);
    /*
     * ST_OK: taken, ret_ticket says when it is safe.  ST_AGAIN: too much
     * waits, stop reading and try again after the next durable().  ST_BAD,
     * ST_LIMIT: this line can never be taken; err says why.  ST_FULL, ST_IO:
     * the journal cannot be written at present.
     */
    enum status (*line)(void *self, const struct line *line,
                        uint64_t *ret_ticket, struct err *err);
    enum status (*gap)(void *self, const struct gap *gap, uint64_t *ret_ticket,
                       struct err *err);
    /* ST_NONE if the journal knows nothing of this blade, run and fd. */
    enum status (*cursor)(void *self, struct slice blade, struct slice run,
                          int fd, struct cursor *ret);
    /* The runs of a blade in the journal, newest last; stops if fn is false. */
    void (*runs)(void *self, struct slice blade,
                 bool (*fn)(void *arg, struct slice run), void *arg);
    /* The listener is borrowed until the intake ends. */
    void (*listen)(void *self, struct intake_listener *listener);
    /* Log time: the wall clock's, but it never runs backwards.  A line that
     * is stamped later than this is cut to it.  NULL: the wall clock's. */
    nsec (*now)(void *self);
};

/* The hash that cursors keep: XXH3 of the line, the same in every process. */
uint64_t cursor_hash(struct slice line);

#endif
