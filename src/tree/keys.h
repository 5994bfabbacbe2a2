/*
 * keys.h - every key of the tree once, known by a number.
 *
 * Nodes hold the number, so that a child is found by comparing integers.  A
 * key lives as long as some node refers to it.  KEY_NONE is no key.
 */
#ifndef TREE_KEYS_H
#define TREE_KEYS_H

#include "base/slice.h"

#include <stdint.h>

#define KEY_NONE UINT32_MAX

struct key {
    uint32_t hash;
    uint32_t refs;
    uint32_t n;
    char text[];
};

struct key_slot {
    uint32_t hash;
    uint32_t id; /* KEY_NONE: free */
};

struct keys {
    struct key **by_id;
    uint32_t nids, room;
    uint32_t *free_id; /* numbers to use again */
    uint32_t nfree, free_room;
    struct key_slot *slot; /* open addressing, linear probing */
    uint32_t mask;         /* slots - 1 */
    uint32_t used;
};

void keys_release(struct keys *k);
/* hash must be hash_key() of text with one and the same seed. */
uint32_t keys_find(const struct keys *k, struct slice text, uint32_t hash);
static inline void keys_prefetch(const struct keys *k, uint32_t hash)
{
    if (k->slot)
        __builtin_prefetch(&k->slot[hash & k->mask]);
}

/* Finds or makes the key and adds a reference. */
uint32_t keys_ref(struct keys *k, struct slice text, uint32_t hash);
void keys_unref(struct keys *k, uint32_t id);

static inline struct slice keys_text(const struct keys *k, uint32_t id)
{
    return slice_of(k->by_id[id]->text, k->by_id[id]->n);
}

#endif
