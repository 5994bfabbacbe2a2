/*
 * order.h - shards that wait for their turn, released in tag order.
 *
 * Most arrive in order already: those form a queue.  The others wait in a
 * heap beside it, and the smaller front of the two is next.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include "core/shard.h"

struct order {
    struct shard **queue; /* a ring, sorted */
    size_t head, nqueue, queue_room;
    struct shard **heap;
    size_t nheap, heap_room;
};

void order_release(struct order *o); /* not the shards in it */
void order_put(struct order *o, const struct names *names, struct shard *s);
/* The next shard, or NULL; it stays. */
struct shard *order_first(const struct order *o, const struct names *names);
/* Takes out what order_first() answered. */
void order_take(struct order *o, const struct names *names);

/* The i-th in the queue, NULL past its end; the heap is not in it. */
static inline struct shard *order_ahead(const struct order *o, size_t i)
{
    return i < o->nqueue ? o->queue[(o->head + i) & (o->queue_room - 1)] : NULL;
}

static inline size_t order_size(const struct order *o)
{
    return o->nqueue + o->nheap;
}

#endif
