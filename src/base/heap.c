#include "heap.h"

#include "alloc.h"

#include <assert.h>
#include <stdlib.h>

void heap_release(struct heap *h)
{
    if (!h)
        return;
    free(h->entry);
    *h = (struct heap){ 0 };
}

static bool before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void heap_push(struct heap *h, nsec at, uint32_t id, uint32_t gen)
{
    struct heap_entry e = { at, h->pushed++, id, gen };
    size_t i = h->n, up;

    if (h->n == h->room) {
        h->room = h->room ? h->room * 2 : 16;
        h->entry = xrealloc(h->entry, h->room * sizeof(*h->entry));
    }
    h->n++;
    for (; i && before(&e, &h->entry[up = (i - 1) / 2]); i = up)
        h->entry[i] = h->entry[up];
    h->entry[i] = e;
}

const struct heap_entry *heap_top(const struct heap *h)
{
    return h->n ? h->entry : NULL;
}

/* Puts e where it belongs at or below i. */
static void sink(struct heap *h, size_t i, struct heap_entry e)
{
    size_t down;

    while ((down = 2 * i + 1) < h->n) {
        if (down + 1 < h->n && before(&h->entry[down + 1], &h->entry[down]))
            down++;
        if (!before(&h->entry[down], &e))
            break;
        h->entry[i] = h->entry[down];
        i = down;
    }
    h->entry[i] = e;
}

void heap_pop(struct heap *h)
{
    assert(h->n);
    h->n--;
    sink(h, 0, h->entry[h->n]);
}

void heap_filter(struct heap *h,
                 bool (*keep)(void *arg, const struct heap_entry *e), void *arg)
{
    size_t n = 0, i;

    for (i = 0; i < h->n; i++)
        if (keep(arg, &h->entry[i]))
            h->entry[n++] = h->entry[i];
    h->n = n;
    for (i = n / 2; i-- > 0;)
        sink(h, i, h->entry[i]);
}
