/*
 * tree.h - the state: every shard merged, in tag order.
 *
 * The tree changes by five primitive writes (map, set, erase, inc, push) and
 * by leases; apply.h turns a shard's body into them.  Writes arrive in tag
 * order (struct write, late == false).  One that comes after its turn is late:
 * it is first asked past tree_allows(), which lets it through only where
 * nothing newer stands; increments of a counter always count.
 *
 * A lease at a path erases it at its deadline and banks the counters below in
 * the parent under "$expired", so that no total ever falls.  Deadlines fire in
 * tree_advance(), never by themselves.
 *
 * Bounds: past them, what exists may still be changed but nothing is created;
 * the write answers ST_LIMIT.  Keys, depth and sizes are the caller's to
 * check.  Semantics: RFC 7396 and the state model described in the manual.
 */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include "base/buf.h"
#include "base/heap.h"
#include "tree/keys.h"
#include "tree/names.h"
#include "tree/node.h"
#include "tree/path.h"

/* A part of limits.nodes, on top of it, for the monitor's own: what strangers
 * fill must not keep a stop or a hold from being seen. */
#define TREE_RESERVE 16

struct tree_limits {
    uint64_t nodes;       /* in the tree */
    uint64_t payer_nodes; /* created by one payer */
    uint64_t list_items;
    uint64_t bank_keys; /* in one $expired */
};

struct lease {
    nsec at;
    nsec queued_at;  /* its entry in the heap */
    struct map *map; /* NULL: a free slot */
    uint32_t key;
    uint32_t gen;
    uint32_t next_free;
};

/*
 * A map cut off the tree, and how far it has been emptied: to look for what
 * is left from the front each time would be quadratic in its pages.
 */
struct dying {
    struct map *map;
    struct map_iter it;
};

/* Told of every path whose value may have changed, and whether something
 * showed there before. */
struct tree_watcher {
    void *self;
    void (*changed)(void *self, const struct map *parent, struct slice key,
                    bool existed);
};

/*
 * Interest.  Rules wait for paths.  Each map carries a number, `sub`, that
 * says what is waited for below it: 0, nothing, and a write there costs one
 * comparison.  The number of a new map follows from its parent's and its key.
 */
enum tree_note {
    NOTE_TOUCH, /* written, and the same as before */
    NOTE_VALUE, /* another value than before */
    NOTE_CREATE,
    NOTE_REMOVE
};

#define TREE_TOUCH 0x80000000u /* in a sub: mere touches are minded as well */

/* One node, just before it changes. */
struct tree_change {
    enum tree_note what;
    const struct map *in;
    uint32_t key;
    const struct node *before; /* NODE_NONE if it is being created */
    enum node_kind kind;       /* what it will be; NODE_NONE: removed */
    struct slice text;     /* of a number, string or array; a list's new item */
    amount by;             /* added to a counter */
    const struct write *w; /* NULL: removed by time alone */
};

struct tree_interest {
    void *self;
    /* sub is not 0. */
    uint32_t (*next)(void *self, uint32_t sub, uint32_t key);
    void (*note)(void *self, const struct tree_change *c);
    /* All below m, whose sub is not 0, is about to go. */
    void (*gone)(void *self, const struct map *m);
};

struct tree {
    struct keys keys;
    uint64_t seed;       /* of key hashes */
    struct names *names; /* borrowed */
    struct node root;    /* always a map */
    struct tree_limits limits;
    uint64_t nodes;
    uint32_t *bill; /* nodes by payer */
    size_t npayers;
    struct lease *lease; /* slot 0 is not used */
    uint32_t nleases, lease_room, free_lease;
    struct heap deadlines;
    struct grave *graves; /* the oldest first */
    struct dying *dying;  /* a stack; the last one is being emptied */
    size_t ndying, dying_room;
    struct tree_watcher watcher;   /* changed may be NULL */
    struct tree_interest interest; /* used where a sub is not 0 */
};

/* names must outlive the tree. */
void tree_init(struct tree *t, struct names *names, uint64_t seed,
               struct tree_limits limits);
void tree_release(struct tree *t);

/* One key of a path with its hash (hash_key() with the tree's seed). */
struct step {
    struct slice key;
    uint32_t hash;
};

struct step tree_step(const struct tree *t, struct slice key);

/* On whose behalf and when. */
struct write {
    struct tag tag;
    uint32_t entry; /* names.h: where increments go */
    uint16_t payer; /* tree_payer() of the blade */
    bool late;
    bool reserve; /* may create where others may no more */
};

uint16_t tree_payer(uint32_t blade);

/* What tree_set() writes: anything but a map, a counter and a list. */
struct scalar {
    enum node_kind kind;
    struct slice text; /* of a number, a string and an array; as in a node */
};

/* Makes a map of what stands there and answers it; NULL: refused. */
struct map *tree_map(struct tree *t, struct map *in, const struct step *s,
                     const struct write *w);
CHECKED enum status tree_set(struct tree *t, struct map *in,
                             const struct step *s, const struct write *w,
                             const struct scalar *value);
void tree_erase(struct tree *t, struct map *in, const struct step *s,
                const struct write *w);
CHECKED enum status tree_inc(struct tree *t, struct map *in,
                             const struct step *s, const struct write *w,
                             amount by);
/* item is canonical JSON. */
CHECKED enum status tree_push(struct tree *t, struct map *in,
                              const struct step *s, const struct write *w,
                              struct slice item);
CHECKED enum status tree_lease(struct tree *t, struct map *in,
                               const struct step *s, const struct write *w,
                               nsec hold_for);

/* The kinds of write, as the guard knows them. */
enum tree_op {
    TREE_MAP,
    TREE_SET,
    TREE_ERASE,
    TREE_INC,
    TREE_PUSH,
    TREE_LEASE
};

/* May this late write happen?  path has n > 0 steps from the root. */
bool tree_allows(const struct tree *t, enum tree_op op, const struct step *path,
                 size_t n, struct tag tag);

/* Fires every lease due at or before upto, in order. */
void tree_advance(struct tree *t, nsec upto);
/* No lease is due before this; NSEC_MAX: there is none. */
nsec tree_due(const struct tree *t);
/* Frees at most n nodes of what was cut off earlier. */
void tree_reap(struct tree *t, size_t n);

/* Sets the sub of every map anew, from the root's down. */
void tree_interest(struct tree *t, struct tree_interest interest,
                   uint32_t root_sub);

/* NULL if nothing shows at the path (a bare lease does not). */
const struct node *tree_get(const struct tree *t, const struct path *path);

/* -- for view.c and late.c -------------------------------------------- */

struct bank_item {
    const char *key;
    size_t n;
    amount by;
};

size_t bank_size(const struct bank *b); /* NULL: 0 */
/* Fills ret with bank_size() items in key order. */
void bank_items(const struct bank *b, struct bank_item *ret);
void bank_free(struct bank *b);
void bank_add(struct map *m, struct slice key, amount by, uint64_t limit);

/* Appends the JSON Pointer of key in map m. */
void tree_pointer(const struct tree *t, const struct map *m, struct slice key,
                  struct buf *out);
/* Remembers that path was erased at tag. */
void grave_dig(struct tree *t, const struct map *m, struct slice key,
               struct tag tag, bool newest);

#endif
