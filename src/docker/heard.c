#include "docker/heard.h"

#include "core/port.h"

#define OUT_OF_ORDER (2 * NSEC_SEC)

void heard_begin(struct heard *h, nsec recorded_at, nsec wall)
{
    h->recorded_at = recorded_at;
    h->began_at = wall;
    h->last_at = recorded_at ? recorded_at : wall;
}

nsec heard_since(const struct heard *h)
{
    nsec since = h->last_at - OUT_OF_ORDER;

    /* What happened before there was anybody to listen is not asked for. */
    if (!h->recorded_at && h->last_at >= h->began_at && since < h->began_at)
        return h->began_at;
    return since;
}

bool heard_add(struct heard *h, nsec at, struct slice id, nsec wall)
{
    uint64_t hash = cursor_hash(id);
    size_t n = h->n < HEARD_MAX ? h->n : HEARD_MAX;

    h->anchored |= at == h->recorded_at;
    h->last_at = at < wall ? at : wall; /* a clock may be far ahead */
    for (size_t i = 0; i < n; i++) {
        if (h->ring[i] == hash)
            return false;
    }
    h->ring[h->n++ % HEARD_MAX] = hash;
    return true;
}

bool heard_before(const struct heard *h, nsec at)
{
    return h->recorded_at && at >= h->recorded_at - OUT_OF_ORDER &&
           at < h->began_at;
}
