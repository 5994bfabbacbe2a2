/*
 * record.h - shards that must get into the journal once each, in their order:
 * what happened to containers, and what is erased.  Not for others.
 *
 * A record is kept until it is durable.  What the journal lost is offered
 * again, so nothing has to be asked of the engine a second time, whose memory
 * is short.  Facts (facts.c) are no records: only the newest counts.
 *
 * What the engine told is logged at its own stamp, which is where the next
 * process goes on (intake->cursor()); it has an id, so that the core merges it
 * once even if it is told again across a restart and a clock that was set.
 */
#ifndef DOCKER_RECORD_H
#define DOCKER_RECORD_H

#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct docker;

#define RECORDS_BLADE "docker"
#define RECORDS_RUN   "events"
#define RECORDS_FD    1 /* of what the engine told; the rest has none */

struct record {
    struct record *next;
    uint64_t ticket;
    nsec ts;
    int fd;
    struct slice id, text; /* behind it */
};

struct records {
    struct record *first, **end; /* all-zero: empty */
    struct record *offer;        /* the first that is not on its way; or NULL */
    size_t n;
    uint32_t source;
    bool declared, full_said;
};

/* id empty: the engine did not tell it. */
void records_put(struct docker *d, nsec ts, struct slice id, struct slice text);
/* The source of all that this folder says of itself. */
CHECKED enum status records_source(struct docker *d, uint32_t *ret_source);
/* Offers what is due; true if nothing is left to offer. */
bool records_flush(struct docker *d);
void records_durable(struct docker *d, uint64_t ticket);
void records_discarded(struct docker *d);
void records_release(struct records *q);

#endif
