/*
 * heard.h - which events have been heard, and where to go on.  Pure.
 *
 * An engine remembers its last 256 events and tells them again from a stamp
 * on, those of that stamp included.  It may set two down in disorder, so a
 * connection begins a little before the last one; what then comes twice is
 * known by its id.
 *
 * The first connection of a process begins where the process before it
 * stopped.  What that has heard is told once more, and is not in the ring.
 */
#ifndef DOCKER_HEARD_H
#define DOCKER_HEARD_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEARD_MAX 1024

struct heard {
    nsec recorded_at; /* the last event of the process before; 0: none was */
    nsec began_at;    /* wall clock, of this process; 0: it did not yet */
    nsec last_at;     /* the last event */
    bool anchored;    /* the event of recorded_at was told again */
    uint64_t ring[HEARD_MAX];
    size_t n;
};

void heard_begin(struct heard *h, nsec recorded_at, nsec wall);
/* Where a connection is to begin. */
nsec heard_since(const struct heard *h);
/* False: it was told before, over another connection. */
bool heard_add(struct heard *h, nsec at, struct slice id, nsec wall);
/* It may be one that the process before has recorded. */
bool heard_before(const struct heard *h, nsec at);

#endif
