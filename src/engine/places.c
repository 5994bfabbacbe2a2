/*
 * The instances of a rule by their keys: open addressing, linear probing.  A
 * change mostly concerns one that has not been looked at for long, so a slot
 * says whether it can be the one before that is fetched.
 */
#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

#define FIRST_SLOTS 8

static size_t key_bytes(const struct live *l)
{
    return l->rule->foreach.nstars * sizeof(uint32_t);
}

static uint32_t hash_of(const struct engine *e, const struct live *l,
                        const uint32_t *key)
{
    return hash_key(e->config.state->seed,
                    slice_of((const char *)key, key_bytes(l)));
}

struct instance *instance_find(const struct engine *e, const struct live *l,
                               const uint32_t *key)
{
    const struct places *p = &l->places;
    const struct place *s;
    uint32_t hash, at;

    if (!p->slot) /* there is none, or only one ever */
        return l->first;
    hash = hash_of(e, l, key);
    for (at = hash & p->mask; (s = &p->slot[at])->instance;
         at = (at + 1) & p->mask)
        if (s->hash == hash && !memcmp(s->instance->key, key, key_bytes(l)))
            return s->instance;
    return NULL;
}

static void put(struct places *p, struct place s)
{
    uint32_t at = s.hash & p->mask;

    while (p->slot[at].instance)
        at = (at + 1) & p->mask;
    p->slot[at] = s;
}

static void grow(struct places *p)
{
    struct place *old = p->slot;
    uint32_t n = old ? p->mask + 1 : 0, at;

    p->mask = (n ? 2 * n : FIRST_SLOTS) - 1;
    p->slot = xcalloc((size_t)p->mask + 1, sizeof(*p->slot));
    for (at = 0; at < n; at++)
        if (old[at].instance)
            put(p, old[at]);
    free(old);
}

void places_add(const struct engine *e, struct instance *i)
{
    struct places *p = &i->live->places;

    if (!key_bytes(i->live))
        return;
    if (!p->slot || p->used * 2 > p->mask)
        grow(p);
    put(p, (struct place){ hash_of(e, i->live, i->key), i });
    p->used++;
}

/* Frees the slot and moves back what probed past it. */
void places_remove(const struct engine *e, const struct instance *i)
{
    struct places *p = &i->live->places;
    uint32_t at = hash_of(e, i->live, i->key) & p->mask, hole, home;

    if (!p->slot)
        return;
    while (p->slot[at].instance != i)
        at = (at + 1) & p->mask;
    for (hole = at;;) {
        at = (at + 1) & p->mask;
        if (!p->slot[at].instance)
            break;
        home = p->slot[at].hash & p->mask;
        if (((at - home) & p->mask) >= ((at - hole) & p->mask)) {
            p->slot[hole] = p->slot[at];
            hole = at;
        }
    }
    p->slot[hole].instance = NULL;
    p->used--;
}

void places_release(struct places *p)
{
    free(p->slot);
    *p = (struct places){ 0 };
}
