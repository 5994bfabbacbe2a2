/*
 * The guard of late writes, and the graves it looks at: which paths were
 * erased at which tag.  The newest GRAVES_MAX erases are remembered; without
 * them a late write could bring back what was erased after it.
 */
#include "tree.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <uthash.h>

#define GRAVES_MAX 4096

struct grave {
    struct tag tag;
    UT_hash_handle hh;
    size_t n;
    char path[]; /* a JSON Pointer */
};

void tree_pointer(const struct tree *t, const struct map *m, struct slice key,
                  struct buf *out)
{
    if (m->parent)
        tree_pointer(t, m->parent, keys_text(&t->keys, m->key), out);
    buf_char(out, '/');
    path_escape(key, out);
}

static void fill_in_oldest(struct tree *t)
{
    struct grave *g = t->graves; /* the order of the adds is kept */

    HASH_DEL(t->graves, g);
    free(g);
}

static void dig(struct tree *t, struct slice path, struct tag tag)
{
    struct grave *g = xcalloc(1, sizeof(*g) + path.n);

    g->tag = tag;
    g->n = path.n;
    memcpy(g->path, path.p, path.n);
    HASH_ADD_KEYPTR(hh, t->graves, g->path, g->n, g);
    if (HASH_COUNT(t->graves) > GRAVES_MAX)
        fill_in_oldest(t);
}

/* m == NULL: forget them all. */
void grave_dig(struct tree *t, const struct map *m, struct slice key,
               struct tag tag, bool newest)
{
    struct grave *g;
    struct buf path;

    if (!m) {
        while (t->graves)
            fill_in_oldest(t);
        return;
    }
    buf_init(&path, BUF_NO_CAP);
    tree_pointer(t, m, key, &path);
    HASH_FIND(hh, t->graves, path.p, path.n, g);
    if (!g)
        dig(t, buf_view(&path), tag);
    else if (!newest || tag_cmp(t->names, g->tag, tag) < 0)
        g->tag = tag;
    buf_release(&path);
}

static bool erased_later(const struct tree *t, const struct step *path,
                         size_t n, struct tag tag)
{
    struct grave *g;
    struct buf text;
    bool later = false;
    size_t i;

    if (!t->graves)
        return false;
    buf_init(&text, BUF_NO_CAP);
    for (i = 0; i < n && !later; i++) {
        buf_char(&text, '/');
        path_escape(path[i].key, &text);
        HASH_FIND(hh, t->graves, text.p, text.n, g);
        later = g && tag_cmp(t->names, g->tag, tag) > 0;
    }
    buf_release(&text);
    return later;
}

bool tree_allows(const struct tree *t, enum tree_op op, const struct step *path,
                 size_t n, struct tag tag)
{
    const struct node *at = &t->root;
    uint32_t key;
    size_t i;

    if (erased_later(t, path, n, tag))
        return false;
    if (op == TREE_LEASE)
        return true;
    for (i = 0; i < n; i++) {
        if (at->kind != NODE_MAP)
            return tag_cmp(t->names, at->tag, tag) < 0;
        key = keys_find(&t->keys, path[i].key, path[i].hash);
        at = key == KEY_NONE ? NULL : map_find(at->u.map, key);
        if (!at)
            return true;
    }
    if ((op == TREE_INC && at->kind == NODE_COUNTER) ||
        (op == TREE_MAP && at->kind == NODE_MAP) || op == TREE_ERASE)
        return true;
    return tag_cmp(t->names, at->tag, tag) < 0;
}
