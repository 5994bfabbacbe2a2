/*
 * host.h - the state an expression looks at.
 *
 * The evaluator knows no tree: whoever evaluates brings a host.  A place is a
 * node as the host knows it; it is found by walking from a root, key by key,
 * and is good for one evaluation.
 */
#ifndef CEL_HOST_H
#define CEL_HOST_H

#include "cel/value.h"

/* A node: the map it stands in, itself, and its key there. */
struct cel_place {
    const void *map;  /* NULL: a root */
    const void *node; /* NULL: not there (only stale() and has() ask then) */
    uint32_t key;     /* the host's number */
    uint8_t tree;     /* the host's mark, not 0 */
};

/* A key that stands in a program: its hash is computed once. */
struct cel_key {
    struct slice text;
    uint32_t hash;
};

enum cel_window { CEL_INCREASE, CEL_CHANGES };

struct cel_step {
    size_t page, i;
};

struct cel_host {
    void *self;
    uint32_t (*hash)(void *self, struct slice key);
    /* What `state` is. */
    struct cel_place (*root)(void *self);
    /* False: in is no map, or has no such child.  ret is then still filled in
     * as far as known (node NULL) if in is a map. */
    bool (*child)(void *self, const struct cel_place *in,
                  const struct cel_key *key, struct cel_place *ret);
    /* The value: scalars as they are, arrays built in the arena, a map as
     * CEL_MAP with host = place->tree and node = the host's map. */
    struct cel_value (*load)(void *self, struct cel_context *cx,
                             const struct cel_place *place);
    /* A map value's own place-like handle is its node pointer and host mark. */
    size_t (*size)(void *self, struct cel_value map);
    /* Children in no defined order; false past the last. */
    bool (*next)(void *self, struct cel_value map, struct cel_step *step,
                 struct cel_place *ret);
    bool (*get)(void *self, struct cel_value map, const struct cel_key *key,
                struct cel_place *ret);
    struct slice (*key)(void *self, const struct cel_place *place);
    /* JSON-free text "intents.i1.resolution"; keys that need it in quotes. */
    void (*path)(void *self, const struct cel_place *place, struct buf *out);
    nsec (*last_seen)(void *self, const struct cel_place *place);
    struct slice (*blade)(void *self, const struct cel_place *place);
    /* map(string, int or double): a counter's parts; others: an empty map. */
    struct cel_value (*by_blade)(void *self, struct cel_context *cx,
                                 const struct cel_place *place);
    /* Growth or changes in (now - for, now].  ret_until: the first instant
     * after now at which it may be another by time alone; NSEC_MAX: none.
     * place->node may be NULL: the result is then 0. */
    struct cel_value (*window)(void *self, struct cel_context *cx,
                               const struct cel_place *place,
                               enum cel_window kind, nsec window_for,
                               nsec *ret_until);
};

static inline struct cel_value cel_load(struct cel_context *cx,
                                        const struct cel_place *place)
{
    return cx->host->load(cx->host->self, cx, place);
}

/* Time zone data.  The bytes of a TZif file (RFC 8536) by name, which has
 * been checked to be a plain relative one; p == NULL: there is none.  They
 * live as long as the zones. */
struct cel_zones {
    void *self;
    struct slice (*tzif)(void *self, struct slice name);
};

#endif
