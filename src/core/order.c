#include "order.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

void order_release(struct order *o)
{
    free(o->queue);
    free(o->heap);
    *o = (struct order){ 0 };
}

static bool before(const struct names *names, const struct shard *a,
                   const struct shard *b)
{
    return tag_cmp(names, a->tag, b->tag) < 0;
}

static struct shard *last_in_queue(const struct order *o)
{
    return o->queue[(o->head + o->nqueue - 1) & (o->queue_room - 1)];
}

static void enqueue(struct order *o, struct shard *s)
{
    struct shard **ring;
    size_t i;

    if (o->nqueue == o->queue_room) {
        ring =
            xmalloc((o->queue_room ? o->queue_room * 2 : 64) * sizeof(*ring));
        for (i = 0; i < o->nqueue; i++)
            ring[i] = o->queue[(o->head + i) & (o->queue_room - 1)];
        free(o->queue);
        o->queue = ring;
        o->queue_room = o->queue_room ? o->queue_room * 2 : 64;
        o->head = 0;
    }
    o->queue[(o->head + o->nqueue++) & (o->queue_room - 1)] = s;
}

static void push(struct order *o, const struct names *names, struct shard *s)
{
    size_t i = o->nheap++, up;

    if (i == o->heap_room) {
        o->heap_room = i ? i * 2 : 64;
        o->heap = xrealloc(o->heap, o->heap_room * sizeof(*o->heap));
    }
    for (; i && before(names, s, o->heap[up = (i - 1) / 2]); i = up)
        o->heap[i] = o->heap[up];
    o->heap[i] = s;
}

static void pop(struct order *o, const struct names *names)
{
    struct shard *last = o->heap[--o->nheap];
    size_t i = 0, down;

    while ((down = 2 * i + 1) < o->nheap) {
        if (down + 1 < o->nheap &&
            before(names, o->heap[down + 1], o->heap[down]))
            down++;
        if (!before(names, o->heap[down], last))
            break;
        o->heap[i] = o->heap[down];
        i = down;
    }
    o->heap[i] = last;
}

void order_put(struct order *o, const struct names *names, struct shard *s)
{
    if (o->nqueue == 0 || !before(names, s, last_in_queue(o)))
        enqueue(o, s);
    else
        push(o, names, s);
}

static bool queue_is_next(const struct order *o, const struct names *names)
{
    return o->nqueue &&
           (!o->nheap || !before(names, o->heap[0], o->queue[o->head]));
}

struct shard *order_first(const struct order *o, const struct names *names)
{
    if (queue_is_next(o, names))
        return o->queue[o->head];
    return o->nheap ? o->heap[0] : NULL;
}

void order_take(struct order *o, const struct names *names)
{
    assert(order_size(o));
    if (queue_is_next(o, names)) {
        o->head = (o->head + 1) & (o->queue_room - 1);
        o->nqueue--;
    } else {
        pop(o, names);
    }
}
