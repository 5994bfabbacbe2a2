/*
 * render.h - a part of the tree as canonical JSON (data/json.h), piece by
 * piece.
 *
 * Counters are collapsed to the sum of their entries, or shown apart as
 * {"$counter":{blade: n}} ("" is the base).  A map with a bank has a member
 * "$expired".
 */
#ifndef TREE_RENDER_H
#define TREE_RENDER_H

#include "tree/tree.h"

#define RENDER_PIECE 65536 /* bytes a piece has at least, but the last */

struct render {
    bool split;
    /* Another tree shown as a member of the map that is rendered. */
    const struct tree *mounted;
    struct slice mounted_at;
    /* Takes each piece; false: stop.  NULL: everything stays in out. */
    bool (*write)(void *self, struct slice piece);
    void *self;
    struct buf out; /* init by the caller; holds the last piece in the end */
    bool stopped;
};

/* node is of tree t.  The last piece is left in out. */
void render_node(struct render *r, const struct tree *t,
                 const struct node *node);

/* A map's "$expired" alone; b is not NULL. */
void render_bank(struct render *r, const struct bank *b);

/* Nodes at and below node, counted no further than limit. */
size_t render_weight(const struct node *node, size_t limit);

#endif
