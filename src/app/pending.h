/*
 * pending.h - holds on their way into the state.
 *
 * A hold counts from when it is written: it is acknowledged once it is on disk,
 * and stands in the state only when its turn has come.  In between nothing
 * shows it but this.  What the journal gives back counts until log time has
 * passed it, which harms nobody.
 */
#ifndef APP_PENDING_H
#define APP_PENDING_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>

struct pending_hold;

/* All-zero: none. */
struct pending {
    struct pending_hold *holds;
};

/* name: of a container, or "*"; at: its log time, or a little later. */
void pending_add(struct pending *p, struct slice name, nsec at);
/* The state has those before the watermark: they are forgotten. */
void pending_merged(struct pending *p, nsec watermark);
/* Is this container to be left alone by one? */
bool pending_holds(const struct pending *p, struct slice name);
void pending_release(struct pending *p);

#endif
