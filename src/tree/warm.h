/*
 * warm.h - fetching into the cache what the next shards will touch.
 *
 * Merging a shard is a chain of cache misses, a few a level; the chains of
 * several shards are independent of one another.  So the next shards are
 * walked side by side, level by level, before the first of them is merged:
 * the misses overlap.  Nothing is changed, and nothing depends on it.
 */
#ifndef TREE_WARM_H
#define TREE_WARM_H

#include "tree/apply.h"

#define WARM_AHEAD 8
/* A smaller tree is in the cache anyway. */
#define WARM_FROM 16384 /* nodes */

struct warm {
    const struct mount *mount;
    const struct tape *tape;
    size_t at;             /* the object at hand */
    const struct map *map; /* where it is merged; NULL: done */
};

/* ways has n <= WARM_AHEAD places that begin at the root. */
void tree_warm(const struct tree *t, struct warm *way, size_t n);

#endif
