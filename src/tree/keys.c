#include "keys.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#ifdef BW_HOSTILE
#define FIRST_SLOTS 2
#else
#define FIRST_SLOTS 1024
#endif

void keys_release(struct keys *k)
{
    uint32_t i;

    for (i = 0; i < k->nids; i++)
        free(k->by_id[i]);
    free(k->by_id);
    free(k->free_id);
    free(k->slot);
    *k = (struct keys){ 0 };
}

uint32_t keys_find(const struct keys *k, struct slice text, uint32_t hash)
{
    uint32_t i;

    if (!k->slot)
        return KEY_NONE;
    for (i = hash & k->mask; k->slot[i].id != KEY_NONE; i = (i + 1) & k->mask) {
        if (k->slot[i].hash == hash &&
            slice_eq(keys_text(k, k->slot[i].id), text))
            return k->slot[i].id;
    }
    return KEY_NONE;
}

static void place(struct keys *k, struct key_slot s)
{
    uint32_t i = s.hash & k->mask;

    while (k->slot[i].id != KEY_NONE)
        i = (i + 1) & k->mask;
    k->slot[i] = s;
}

static void grow(struct keys *k)
{
    struct key_slot *old = k->slot;
    uint32_t n = old ? k->mask + 1 : 0, i;
    uint32_t room = n ? n * 2 : FIRST_SLOTS;

    k->slot = xmalloc(room * sizeof(*k->slot));
    k->mask = room - 1;
    for (i = 0; i < room; i++)
        k->slot[i].id = KEY_NONE;
    for (i = 0; i < n; i++)
        if (old[i].id != KEY_NONE)
            place(k, old[i]);
    free(old);
}

static uint32_t new_id(struct keys *k)
{
    if (k->nfree)
        return k->free_id[--k->nfree];
    if (k->nids == k->room) {
        k->room = k->room ? k->room * 2 : 256;
        k->by_id = xrealloc(k->by_id, k->room * sizeof(*k->by_id));
    }
    return k->nids++;
}

uint32_t keys_ref(struct keys *k, struct slice text, uint32_t hash)
{
    uint32_t id = keys_find(k, text, hash);
    struct key *key;

    if (id == KEY_NONE) {
        if (!k->slot || k->used * 2 > k->mask)
            grow(k);
        id = new_id(k);
        key = xmalloc(sizeof(*key) + text.n);
        *key = (struct key){ .hash = hash, .n = (uint32_t)text.n };
        if (text.n)
            memcpy(key->text, text.p, text.n);
        k->by_id[id] = key;
        place(k, (struct key_slot){ hash, id });
        k->used++;
    }
    k->by_id[id]->refs++;
    return id;
}

/* Frees a slot and moves back what probed past it. */
static void vacate(struct keys *k, uint32_t i)
{
    uint32_t hole = i, home;

    for (;;) {
        i = (i + 1) & k->mask;
        if (k->slot[i].id == KEY_NONE)
            break;
        home = k->slot[i].hash & k->mask;
        if (((i - home) & k->mask) >= ((i - hole) & k->mask)) {
            k->slot[hole] = k->slot[i];
            hole = i;
        }
    }
    k->slot[hole].id = KEY_NONE;
}

void keys_unref(struct keys *k, uint32_t id)
{
    struct key *key = k->by_id[id];
    uint32_t i;

    assert(key && key->refs);
    if (--key->refs)
        return;
    for (i = key->hash & k->mask; k->slot[i].id != id; i = (i + 1) & k->mask)
        ;
    vacate(k, i);
    k->used--;
    k->by_id[id] = NULL;
    free(key);
    if (k->nfree == k->free_room) {
        k->free_room = k->free_room ? k->free_room * 2 : 256;
        k->free_id = xrealloc(k->free_id, k->free_room * sizeof(uint32_t));
    }
    k->free_id[k->nfree++] = id;
}
