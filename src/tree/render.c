#include "render.h"

#include "base/alloc.h"
#include "data/json.h"

#include <stdlib.h>

/* A member to be; the first bytes of its key decide most comparisons. */
struct item {
    uint64_t head;
    struct slice key;
    const struct node *node; /* NULL: the map's bank */
    const struct tree *tree;
};

static void value(struct render *r, const struct tree *t, const struct node *n);

static uint64_t head_of(struct slice key)
{
    uint64_t v = 0;
    size_t i;

    for (i = 0; i < 8; i++)
        v = v << 8 | (i < key.n ? (unsigned char)key.p[i] : 0);
    return v;
}

static struct item item_of(struct slice key, const struct tree *t,
                           const struct node *n)
{
    return (struct item){ head_of(key), key, n, t };
}

static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    return slice_cmp(x->key, y->key);
}

static void pass_on(struct render *r)
{
    if (!r->write || r->out.n < RENDER_PIECE || r->stopped)
        return;
    if (!r->write(r->self, buf_view(&r->out)))
        r->stopped = true;
    r->out.n = 0;
}

void render_bank(struct render *r, const struct bank *b)
{
    size_t n = bank_size(b), i;
    struct bank_item *item = xmalloc(n * sizeof(*item));

    bank_items(b, item);
    for (i = 0; i < n; i++) {
        buf_char(&r->out, i ? ',' : '{');
        json_string(slice_of(item[i].key, item[i].n), &r->out);
        buf_char(&r->out, ':');
        amount_write(item[i].by, &r->out);
        pass_on(r);
    }
    buf_char(&r->out, '}');
    free(item);
}

static size_t gather(const struct tree *t, const struct map *m,
                     struct item *item)
{
    struct map_iter it = { 0 };
    struct node *c;
    uint32_t key;
    size_t n = 0;

    while (map_next(m, &it, &key, &c))
        if (c->kind != NODE_NONE)
            item[n++] = item_of(keys_text(&t->keys, key), t, c);
    return n;
}

static void map(struct render *r, const struct tree *t, const struct map *m)
{
    const struct tree *mounted = r->mounted;
    struct item few[32], *item = few;
    size_t n, i;

    if (m->n + 2 > sizeof(few) / sizeof(*few))
        item = xmalloc((m->n + 2) * sizeof(*item));
    n = gather(t, m, item);
    if (m->bank)
        item[n++] = item_of(slice_str("$expired"), t, NULL);
    if (mounted)
        item[n++] = item_of(r->mounted_at, mounted, &mounted->root);
    r->mounted = NULL;
    qsort(item, n, sizeof(*item), by_key);
    for (i = 0; i < n && !r->stopped; i++) {
        buf_char(&r->out, i ? ',' : '{');
        json_string(item[i].key, &r->out);
        buf_char(&r->out, ':');
        if (item[i].node)
            value(r, item[i].tree, item[i].node);
        else
            render_bank(r, m->bank);
    }
    buf_str(&r->out, n ? "}" : "{}");
    if (item != few)
        free(item);
}

/* What a blade's entries come to, by name; the retired ones are the base. */
struct share {
    struct slice name;
    amount by;
};

static int by_name(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return slice_cmp(x->name, y->name);
}

static void shares(struct render *r, const struct tree *t, const struct node *n)
{
    struct counter_entry e;
    struct share *share;
    size_t count = 0, i;
    bool first = true;

    while (node_entry(n, count, &e))
        count++;
    share = xmalloc(count * sizeof(*share));
    for (i = 0; node_entry(n, i, &e); i++)
        share[i] = (struct share){ names_entry_text(t->names, e.entry), e.by };
    qsort(share, count, sizeof(*share), by_name);
    buf_str(&r->out, "{\"$counter\":{");
    for (i = 0; i < count; i++) {
        if (i + 1 < count && slice_eq(share[i].name, share[i + 1].name)) {
            share[i + 1].by = amount_add(share[i + 1].by, share[i].by);
            continue;
        }
        if (!first)
            buf_char(&r->out, ',');
        first = false;
        json_string(share[i].name, &r->out);
        buf_char(&r->out, ':');
        amount_write(share[i].by, &r->out);
    }
    buf_str(&r->out, "}}");
    free(share);
}

static void list(struct render *r, const struct list *l)
{
    uint32_t i;

    for (i = 0; i < l->n; i++) {
        buf_char(&r->out, i ? ',' : '[');
        buf_slice(&r->out, l->item[i]);
    }
    buf_str(&r->out, l->n ? "]" : "[]");
}

static void value(struct render *r, const struct tree *t, const struct node *n)
{
    switch (n->kind) {
    case NODE_FALSE:
        buf_str(&r->out, "false");
        break;
    case NODE_TRUE:
        buf_str(&r->out, "true");
        break;
    case NODE_NUMBER:
    case NODE_ARRAY:
        buf_slice(&r->out, node_text(n));
        break;
    case NODE_STRING:
        json_string(node_text(n), &r->out);
        break;
    case NODE_LIST:
        list(r, n->u.list);
        break;
    case NODE_COUNTER:
        if (r->split)
            shares(r, t, n);
        else
            amount_write(node_sum(n), &r->out);
        break;
    case NODE_MAP:
        map(r, t, n->u.map);
        break;
    default:
        buf_str(&r->out, "null");
    }
    pass_on(r);
}

void render_node(struct render *r, const struct tree *t,
                 const struct node *node)
{
    value(r, t, node);
}

size_t render_weight(const struct node *node, size_t limit)
{
    struct map_iter it = { 0 };
    struct node *c;
    uint32_t key;
    size_t n = 1;

    if (node->kind != NODE_MAP)
        return 1;
    while (n < limit && map_next(node->u.map, &it, &key, &c))
        n += render_weight(c, limit - n);
    return n;
}
