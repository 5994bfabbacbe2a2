#include "warm.h"

#define LEVELS 12

/* What one way looks for at this level. */
struct look {
    const struct tape_op *key;
    uint32_t id;
};

/* The member to follow: the first that is an object, else the first. */
static const struct tape_op *next_key(const struct warm *w)
{
    const struct tape_op *op = w->tape->op;
    size_t end = op[w->at].end, i;

    for (i = w->at + 1; i < end; i = op[i].end)
        if (op[i + 1].kind == TAPE_OBJECT)
            return &op[i];
    return w->at + 1 < end ? &op[w->at + 1] : NULL;
}

/* Down one level: the map that stands at the key, if it is one. */
static void descend(struct warm *w, const struct look *look)
{
    const struct node *n = map_find(w->map, look->id);
    size_t value = (size_t)(look->key - w->tape->op) + 1;

    w->map = NULL;
    if (!n)
        return;
    if (n->kind != NODE_MAP || w->tape->op[value].kind != TAPE_OBJECT) {
        __builtin_prefetch(n);
        return;
    }
    w->map = n->u.map;
    w->at = value;
    __builtin_prefetch(w->map);
}

static bool level(const struct tree *t, struct warm *way, size_t n)
{
    struct look look[WARM_AHEAD];
    bool more = false;
    size_t i;

    for (i = 0; i < n; i++) {
        if (!way[i].map)
            continue;
        look[i].key = next_key(&way[i]);
        if (!look[i].key)
            way[i].map = NULL;
        else
            keys_prefetch(&t->keys, look[i].key->hash);
    }
    for (i = 0; i < n; i++) {
        if (!way[i].map)
            continue;
        look[i].id =
            keys_find(&t->keys, tape_text(look[i].key), look[i].key->hash);
        if (look[i].id == KEY_NONE)
            way[i].map = NULL;
        else
            map_prefetch(way[i].map, look[i].id);
    }
    for (i = 0; i < n; i++) {
        if (!way[i].map)
            continue;
        descend(&way[i], &look[i]);
        more = more || way[i].map;
    }
    return more;
}

/* To the mount, and past what is no object of members. */
static void begin(const struct tree *t, struct warm *w)
{
    const struct tape_op *op = w->tape ? &w->tape->op[w->at] : NULL;
    const struct node *n = &t->root;
    uint32_t id;
    size_t i;

    for (i = 0; i < w->mount->n && n && n->kind == NODE_MAP; i++) {
        id = keys_find(&t->keys, w->mount->at[i].key, w->mount->at[i].hash);
        n = id == KEY_NONE ? NULL : map_find(n->u.map, id);
    }
    w->map = NULL;
    if (n && n->kind == NODE_MAP && op && op->kind == TAPE_OBJECT)
        w->map = n->u.map;
}

void tree_warm(const struct tree *t, struct warm *way, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        begin(t, &way[i]);
    for (i = 0; i < LEVELS && level(t, way, n); i++)
        ;
}
