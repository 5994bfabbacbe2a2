/*
 * node.h - what stands at a path, in 40 bytes, and the maps that hold nodes.
 *
 * A node lives inside its map's storage: a pointer to it is good until the
 * map is next inserted into or removed from.  A struct map stays where it is
 * until it is freed, so maps are what longer-lived things (leases, parents)
 * refer to.
 *
 * Text of up to NODE_INLINE bytes lies in the node itself.  A counter with
 * one entry whose amount fits 64 bits does too.
 */
#ifndef TREE_NODE_H
#define TREE_NODE_H

#include "base/amount.h"
#include "base/instant.h"
#include "base/slice.h"
#include "tree/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind {
    NODE_NONE, /* nothing: only a lease stands here */
    NODE_FALSE,
    NODE_TRUE,
    NODE_NUMBER, /* text as logged */
    NODE_STRING,
    NODE_ARRAY, /* canonical JSON text */
    NODE_LIST,  /* what $push made: struct list */
    NODE_COUNTER,
    NODE_MAP
};

#define NODE_INLINE 16

struct node {
    struct tag tag; /* the greatest that wrote here or below */
    uint32_t lease; /* 0: none */
    uint8_t kind;
    uint8_t inlined; /* bytes of text + 1; 0: it lies in u.heap */
    uint16_t payer;  /* who created the node: a slot of the tree's bill */
    union {
        char text[NODE_INLINE];
        struct {
            char *p;
            uint32_t n;
        } heap;
        struct {
            int64_t micro;
            uint32_t entry;
        } one; /* NODE_COUNTER, inlined != 0 */
        struct counter *counter;
        struct list *list;
        struct map *map;
    } u;
};

/* The items of a list, each canonical JSON, oldest first. */
struct list {
    uint32_t n, room;
    struct slice *item; /* each owned */
};

void list_push(struct list *l, struct slice item, uint64_t keep);
void list_free(struct list *l);

struct counter_entry {
    amount by;
    uint32_t entry; /* names.h */
};

struct counter {
    uint32_t n, room;
    struct counter_entry e[]; /* sorted by entry */
};

/* The text of a number, string or array. */
static inline struct slice node_text(const struct node *n)
{
    if (n->inlined)
        return slice_of(n->u.text, n->inlined - 1u);
    return slice_of(n->u.heap.p, n->u.heap.n);
}

void node_set_text(struct node *n, enum node_kind kind, struct slice text);
/* Frees what the node holds but no map; kind becomes NODE_NONE. */
void node_clear(struct node *n);

/* n must be a NODE_COUNTER or cleared. */
void node_count(struct node *n, const struct names *names, uint32_t entry,
                amount by);
amount node_sum(const struct node *n);
/* The i-th entry, retired ones as they are; false past the last. */
bool node_entry(const struct node *n, size_t i, struct counter_entry *ret);

/* -- maps ------------------------------------------------------------- */

struct map {
    struct map *parent; /* NULL: the root */
    void *store;
    struct bank *bank; /* what leases left behind; NULL: nothing */
    uint32_t key;      /* in parent */
    uint32_t n;
    uint32_t sub;  /* who minds what happens here: tree.h, interest */
    uint16_t room; /* of a small store; 0 of a wide one */
    bool wide;
    bool dead; /* cut off the tree and waiting to be freed */
};

struct map *map_new(struct map *parent, uint32_t key);
void map_free(struct map *m); /* must be empty */

struct node *map_find(const struct map *m, uint32_t key);
/* Fetches what map_find() will look at first. */
void map_prefetch(const struct map *m, uint32_t key);
/* key must not be there; the node answered is NODE_NONE and TAG_NEVER. */
struct node *map_insert(struct map *m, uint32_t key);
void map_remove(struct map *m, uint32_t key);

/* In no defined order; the map must not change meanwhile. */
struct map_iter {
    size_t page, i;
};

bool map_next(const struct map *m, struct map_iter *it, uint32_t *ret_key,
              struct node **ret_node);

#endif
