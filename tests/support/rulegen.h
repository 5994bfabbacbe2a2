/*
 * rulegen.h - random rules over a small vocabulary of paths, and random events
 * for them.
 *
 * The rules are of all kinds and read what rules before them derive.  Where
 * time alone decides, they ask in such a way that the instant at which the
 * answer changes is exact: spans and instants are compared, never printed, so
 * that an evaluation more makes no difference.
 */
#ifndef SUPPORT_RULEGEN_H
#define SUPPORT_RULEGEN_H

#include "base/buf.h"
#include "core/core.h"

#define RULEGEN_START (1700000000 * NSEC_SEC)

/* A rule file (JSON) with about n rules, each of which loads. */
void rulegen_rules(uint64_t *seed, size_t n, struct buf *out);

/* Lines and retirements; what they point to is theirs. */
struct rulegen_event {
    struct event event;
    nsec arrives_at; /* in ascending order */
    char *text;      /* of a line */
};

struct rulegen_stream {
    size_t n, room;
    struct rulegen_event *event;
    nsec end_at; /* behind all of it */
};

/* Sources 0 .. RULEGEN_SOURCES - 1, to be declared before the rest. */
#define RULEGEN_SOURCES 5
const struct source *rulegen_source(size_t i);

/* n events; each arrives at most RULEGEN_LAG behind its time stamp. */
#define RULEGEN_LAG (100 * NSEC_MSEC)
void rulegen_stream(uint64_t *seed, size_t n, struct rulegen_stream *ret);
void rulegen_stream_free(struct rulegen_stream *s);
/* A body below docker: of a container, a hold, the engine. */
void rulegen_docker(uint64_t *seed, nsec at, struct buf *out);
/* Adds what comes of the orders that these rules (an EV_RULES) give. */
void rulegen_heal(uint64_t *seed, const struct event *rules,
                  struct rulegen_stream *s);

#endif
