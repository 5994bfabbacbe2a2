/*
 * event.h - what enters the core, and therefore what a recording holds.
 *
 * Live, a replayed recording and a fixture all arrive as the same sequence of
 * events; the outcome is a function of that sequence and nothing else.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "base/instant.h"
#include "base/slice.h"
#include "core/source.h"

#include <stdbool.h>
#include <stdint.h>

/* Bounds on what a stranger can make grow; journalled when they change. */
struct limits {
    uint64_t shard_bytes;  /* one line, 64 KiB */
    uint64_t string_bytes; /* one string value, 8 KiB */
    uint64_t list_items;   /* kept of a $push list, 100 */
    uint64_t nodes;        /* in the tree, 1 M */
    uint64_t blade_nodes;  /* created by one blade, 100 k */
    uint64_t bank_keys;    /* in one $expired, 10 k */
    uint64_t filter_gaps;  /* in one duplicate filter, 4096; 0: no cap */
    uint64_t ids;          /* idempotency keys remembered, 65,536 */
    nsec retire_after;     /* a silent blade is folded, 24 h; 0: never */
};

struct limits limits_default(void);

enum event_kind {
    EV_SOURCE, /* source, decl: lines that name `source` are of this one */
    EV_LINE,   /* source, seq, ts, logged_at, fd, line, id */
    EV_TICK,   /* ts: no line with a smaller ts follows */
    EV_RETIRE, /* ts, blade: fold this blade's counters into the base */
    EV_LIMITS, /* limits: in force from here on */
    EV_RULES,  /* line: [{"name","text"}, ...], these files are the rules from
                  here on; id: the version of the time zones; seq: which load */
    EV_GAP,    /* source, from_at, to_at, lines, why: lost, and known to be */
    EV_DAMAGE  /* lines, why: a part of the recording itself is unreadable */
};

struct event {
    enum event_kind kind;
    uint32_t source; /* an id that an EV_SOURCE gave a meaning to */
    int fd;          /* 1 stdout, 2 stderr, 0 neither */
    uint64_t seq;
    nsec ts;           /* the time the core orders by */
    nsec logged_at;    /* as the source stamped it; equals ts if not cut */
    struct slice line; /* raw bytes as logged, no newline */
    bool json;         /* line is known to be one valid JSON value */
    struct slice id;   /* idempotency key or empty */
    const struct source *decl;
    struct slice blade;
    struct limits limits;
    nsec from_at, to_at;
    uint64_t lines;
    struct slice why;
};

#endif
