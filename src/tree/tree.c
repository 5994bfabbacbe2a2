#include "tree.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

#define STALE_FREE 1024 /* deadlines of no lease that are no burden */
/* Nodes freed on the spot when a subtree goes; the rest bit by bit, so that a
 * line that erases a thousand of them stops nobody. */
#define REAP_AT_ONCE 16

void tree_init(struct tree *t, struct names *names, uint64_t seed,
               struct tree_limits limits)
{
    *t = (struct tree){ .names = names, .seed = seed, .limits = limits };
    t->root.kind = NODE_MAP;
    t->root.tag = TAG_NEVER;
    t->root.u.map = map_new(NULL, KEY_NONE);
}

struct step tree_step(const struct tree *t, struct slice key)
{
    return (struct step){ key, hash_key(t->seed, key) };
}

uint16_t tree_payer(uint32_t blade)
{
    return blade < UINT16_MAX ? (uint16_t)blade : UINT16_MAX;
}

static void changed(struct tree *t, const struct map *in, struct slice key,
                    bool existed)
{
    if (t->watcher.changed)
        t->watcher.changed(t->watcher.self, in, key, existed);
}

/* -- interest ---------------------------------------------------------- */

static void note(struct tree *t, const struct map *in, uint32_t key,
                 const struct node *before, struct tree_change c)
{
    if (c.what == NOTE_TOUCH && !(in->sub & TREE_TOUCH))
        return;
    c.in = in;
    c.key = key;
    c.before = before;
    t->interest.note(t->interest.self, &c);
}

static uint32_t sub_of(struct tree *t, const struct map *in, uint32_t key)
{
    if (!in->sub)
        return 0;
    return t->interest.next(t->interest.self, in->sub, key);
}

static void resubscribe(struct tree *t, struct map *m, uint32_t sub)
{
    struct map_iter it = { 0 };
    struct node *n;
    uint32_t key;

    if (!m->sub && !sub)
        return; /* nor below it */
    m->sub = sub;
    while (map_next(m, &it, &key, &n))
        if (n->kind == NODE_MAP)
            resubscribe(t, n->u.map, sub_of(t, m, key));
}

void tree_interest(struct tree *t, struct tree_interest interest,
                   uint32_t root_sub)
{
    t->interest = interest;
    resubscribe(t, t->root.u.map, root_sub);
}

/* What a write of another or the same value is. */
static enum tree_note written(const struct node *n, bool same)
{
    if (n->kind == NODE_NONE)
        return NOTE_CREATE;
    return same ? NOTE_TOUCH : NOTE_VALUE;
}

static bool is_bare(enum node_kind kind)
{
    return kind == NODE_FALSE || kind == NODE_TRUE;
}

static bool same_value(const struct node *n, const struct scalar *value)
{
    return n->kind == value->kind &&
           (is_bare(value->kind) || slice_eq(node_text(n), value->text));
}

ASIDE static void note_map(struct tree *t, const struct map *in, uint32_t key,
                           const struct node *n, const struct write *w)
{
    note(t, in, key, n,
         (struct tree_change){ .what = written(n, n->kind == NODE_MAP),
                               .kind = NODE_MAP,
                               .w = w });
}

ASIDE static void note_set(struct tree *t, const struct map *in, uint32_t key,
                           const struct node *n, const struct write *w,
                           const struct scalar *value)
{
    note(t, in, key, n,
         (struct tree_change){ .what = written(n, same_value(n, value)),
                               .kind = value->kind,
                               .text = value->text,
                               .w = w });
}

ASIDE static void note_inc(struct tree *t, const struct map *in, uint32_t key,
                           const struct node *n, const struct write *w,
                           amount by)
{
    bool same = by == 0 && n->kind == NODE_COUNTER;

    note(
        t, in, key, n,
        (struct tree_change){
            .what = written(n, same), .kind = NODE_COUNTER, .by = by, .w = w });
}

ASIDE static void note_push(struct tree *t, const struct map *in, uint32_t key,
                            const struct node *n, const struct write *w,
                            struct slice item)
{
    bool same = !item.p && n->kind == NODE_LIST;

    note(t, in, key, n,
         (struct tree_change){ .what = written(n, same),
                               .kind = NODE_LIST,
                               .text = item,
                               .w = w });
}

/* -- leases ----------------------------------------------------------- */

static void lease_drop(struct tree *t, struct node *n)
{
    struct lease *l;

    if (!n->lease)
        return;
    l = &t->lease[n->lease];
    l->map = NULL;
    l->gen++;
    l->next_free = t->free_lease;
    t->free_lease = n->lease;
    n->lease = 0;
}

static uint32_t lease_new(struct tree *t)
{
    uint32_t id = t->free_lease;

    if (id) {
        t->free_lease = t->lease[id].next_free;
        return id;
    }
    if (t->nleases + 1 >= t->lease_room) {
        t->lease_room = t->lease_room ? t->lease_room * 2 : 64;
        t->lease = xrealloc(t->lease, t->lease_room * sizeof(*t->lease));
    }
    id = ++t->nleases;
    t->lease[id] = (struct lease){ 0 };
    return id;
}

static bool is_current(void *arg, const struct heap_entry *e)
{
    const struct tree *t = arg;
    const struct lease *l = &t->lease[e->id];

    return l->map && l->gen == e->gen;
}

/* From now on the lease's only entry that counts. */
static void queue_deadline(struct tree *t, uint32_t id, nsec at)
{
    struct lease *l = &t->lease[id];

    l->queued_at = at;
    heap_push(&t->deadlines, at, id, ++l->gen);
}

/*
 * A later deadline waits until the heap's entry comes up and is put off then;
 * an earlier one needs an entry of its own.  What a lease given up leaves in
 * the heap could lie there for years: it is swept out when it is the most.
 */
static void lease_set(struct tree *t, struct map *in, uint32_t key,
                      struct node *n, nsec at)
{
    struct lease *l;
    bool fresh = n->lease == 0;

    if (fresh)
        n->lease = lease_new(t);
    l = &t->lease[n->lease];
    l->map = in;
    l->key = key;
    l->at = at;
    if (fresh || at < l->queued_at) {
        if (t->deadlines.n > STALE_FREE + 4 * (size_t)t->nleases)
            heap_filter(&t->deadlines, is_current, t);
        queue_deadline(t, n->lease, at);
    }
}

/* -- taking apart ------------------------------------------------------ */

static void forget_node(struct tree *t, uint32_t key, struct node *n)
{
    lease_drop(t, n);
    t->nodes--;
    assert(n->payer < t->npayers && t->bill[n->payer]);
    t->bill[n->payer]--;
    keys_unref(&t->keys, key);
}

static void doom(struct tree *t, struct map *m)
{
    m->dead = true;
    if (t->ndying == t->dying_room) {
        t->dying_room = t->dying_room ? t->dying_room * 2 : 16;
        t->dying = xrealloc(t->dying, t->dying_room * sizeof(*t->dying));
    }
    t->dying[t->ndying++] = (struct dying){ .map = m };
}

/* Removes one node of the last dying map, or the map itself if it is empty. */
static void reap_one(struct tree *t)
{
    struct dying *d = &t->dying[t->ndying - 1];
    struct map *m = d->map, *below = NULL;
    struct node *n;
    uint32_t key;

    if (!map_next(m, &d->it, &key, &n)) {
        t->ndying--;
        bank_free(m->bank);
        map_free(m);
        return;
    }
    if (n->kind == NODE_MAP) {
        below = n->u.map;
        n->kind = NODE_NONE;
    }
    node_clear(n);
    forget_node(t, key, n);
    map_remove(m, key);
    d->it.i--; /* another one has taken its place */
    if (below)
        doom(t, below);
}

void tree_reap(struct tree *t, size_t n)
{
    while (n-- && t->ndying)
        reap_one(t);
}

/* Frees what a node holds but not the node or its lease. */
static void empty(struct tree *t, struct node *n)
{
    struct map *m;

    if (n->kind == NODE_MAP) {
        m = n->u.map;
        n->kind = NODE_NONE;
        if (m->sub)
            t->interest.gone(t->interest.self, m);
        m->sub = 0;
        doom(t, m);
        tree_reap(t, REAP_AT_ONCE);
    } else {
        node_clear(n);
    }
}

static void take_out(struct tree *t, struct map *in, uint32_t key,
                     const struct write *w)
{
    struct node *n = map_find(in, key);

    if (in->sub && n->kind != NODE_NONE)
        note(t, in, key, n,
             (struct tree_change){ .what = NOTE_REMOVE, .w = w });
    empty(t, n);
    forget_node(t, key, n);
    map_remove(in, key);
}

void tree_release(struct tree *t)
{
    if (t->root.kind != NODE_MAP)
        return;
    doom(t, t->root.u.map);
    tree_reap(t, SIZE_MAX);
    grave_dig(t, NULL, slice_of("", 0), TAG_NEVER, true);
    free(t->dying);
    free(t->lease);
    heap_release(&t->deadlines);
    keys_release(&t->keys);
    free(t->bill);
    *t = (struct tree){ 0 };
}

/* -- writes ------------------------------------------------------------ */

static bool may_create(struct tree *t, const struct write *w)
{
    uint64_t most = t->limits.nodes;
    uint16_t payer = w->payer;
    size_t n;

    if (payer >= t->npayers) {
        n = (size_t)payer + 1;
        t->bill = xrealloc(t->bill, n * sizeof(*t->bill));
        memset(t->bill + t->npayers, 0, (n - t->npayers) * sizeof(*t->bill));
        t->npayers = n;
    }
    if (w->reserve)
        return t->nodes < most + most / TREE_RESERVE;
    return t->nodes < most && t->bill[payer] < t->limits.payer_nodes;
}

static struct node *find(const struct tree *t, const struct map *in,
                         const struct step *s, uint32_t *ret_key)
{
    *ret_key = keys_find(&t->keys, s->key, s->hash);
    return *ret_key == KEY_NONE ? NULL : map_find(in, *ret_key);
}

/* The child, made if need be; NULL: refused. */
static struct node *child(struct tree *t, struct map *in, const struct step *s,
                          const struct write *w, uint32_t *ret_key)
{
    struct node *n = find(t, in, s, ret_key);

    if (n)
        return n;
    if (!may_create(t, w))
        return NULL;
    *ret_key = keys_ref(&t->keys, s->key, s->hash);
    n = map_insert(in, *ret_key);
    n->payer = w->payer;
    t->bill[w->payer]++;
    t->nodes++;
    return n;
}

static void touch(const struct tree *t, struct node *n, const struct write *w)
{
    /* In tag order nothing newer can stand here. */
    if (!w->late || tag_cmp(t->names, n->tag, w->tag) < 0)
        n->tag = w->tag;
}

struct map *tree_map(struct tree *t, struct map *in, const struct step *s,
                     const struct write *w)
{
    uint32_t key;
    struct node *n = child(t, in, s, w, &key);
    bool existed;

    if (!n)
        return NULL;
    if (in->sub)
        note_map(t, in, key, n, w);
    touch(t, n, w);
    if (n->kind != NODE_MAP) {
        existed = n->kind != NODE_NONE;
        empty(t, n);
        n->kind = NODE_MAP;
        n->u.map = map_new(in, key);
        n->u.map->sub = sub_of(t, in, key);
        changed(t, in, s->key, existed);
    }
    return n->u.map;
}

enum status tree_set(struct tree *t, struct map *in, const struct step *s,
                     const struct write *w, const struct scalar *value)
{
    uint32_t key;
    struct node *n = child(t, in, s, w, &key);
    bool existed;

    if (!n)
        return ST_LIMIT;
    if (in->sub)
        note_set(t, in, key, n, w, value);
    existed = n->kind != NODE_NONE;
    touch(t, n, w);
    lease_drop(t, n);
    if (n->kind == NODE_MAP)
        empty(t, n);
    if (is_bare(value->kind)) {
        node_clear(n);
        n->kind = (uint8_t)value->kind;
    } else {
        node_set_text(n, value->kind, value->text);
    }
    changed(t, in, s->key, existed);
    return ST_OK;
}

enum status tree_inc(struct tree *t, struct map *in, const struct step *s,
                     const struct write *w, amount by)
{
    uint32_t key;
    struct node *n = child(t, in, s, w, &key);
    amount base;
    bool has_base, existed;

    if (!n)
        return ST_LIMIT;
    if (in->sub)
        note_inc(t, in, key, n, w, by);
    existed = n->kind != NODE_NONE;
    touch(t, n, w);
    if (n->kind != NODE_COUNTER) {
        has_base = n->kind == NODE_NUMBER && !amount_parse(node_text(n), &base);
        empty(t, n);
        if (has_base)
            node_count(n, t->names, 0, base);
    }
    node_count(n, t->names, w->entry, by);
    changed(t, in, s->key, existed);
    return ST_OK;
}

/* The items of an array's canonical text become those of a list. */
static struct list *list_of(const struct node *n, uint64_t keep)
{
    struct list *l = xcalloc(1, sizeof(*l));
    struct slice text;
    size_t i, from = 1, depth = 0;
    bool quoted = false;

    if (n->kind != NODE_ARRAY)
        return l;
    text = node_text(n);
    for (i = 1; i < text.n; i++) {
        char c = text.p[i];

        if (quoted) {
            quoted = c != '"';
            i += c == '\\';
        } else if (c == '"') {
            quoted = true;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            if (i > from)
                list_push(l, slice_of(text.p + from, i - from), keep);
            from = i + 1;
        } else {
            depth += c == '[' || c == '{';
            depth -= c == ']' || c == '}';
        }
    }
    return l;
}

enum status tree_push(struct tree *t, struct map *in, const struct step *s,
                      const struct write *w, struct slice item)
{
    uint32_t key;
    struct node *n = child(t, in, s, w, &key);
    struct list *l;
    bool existed;

    if (!n)
        return ST_LIMIT;
    if (in->sub)
        note_push(t, in, key, n, w, item);
    existed = n->kind != NODE_NONE;
    touch(t, n, w);
    if (n->kind != NODE_LIST) {
        l = list_of(n, t->limits.list_items);
        empty(t, n);
        n->kind = NODE_LIST;
        n->u.list = l;
    }
    if (item.p)
        list_push(n->u.list, item, t->limits.list_items);
    changed(t, in, s->key, existed);
    return ST_OK;
}

enum status tree_lease(struct tree *t, struct map *in, const struct step *s,
                       const struct write *w, nsec hold_for)
{
    uint32_t key;
    struct node *n = child(t, in, s, w, &key);
    nsec at = nsec_add(w->tag.ts, hold_for);

    if (!n)
        return ST_LIMIT;
    if (w->late && n->lease && t->lease[n->lease].at > at)
        at = t->lease[n->lease].at;
    lease_set(t, in, key, n, at);
    return ST_OK;
}

/* Late: spares what is newer, and the maps that hold it. */
static void erase_older(struct tree *t, struct map *in, uint32_t key,
                        const struct write *w)
{
    struct node *n = map_find(in, key), *c;
    struct map_iter it = { 0 };
    uint32_t *keys, nkeys = 0, i;
    struct map *below;

    if (n->kind == NODE_MAP) {
        below = n->u.map;
        keys = xmalloc(below->n * sizeof(*keys));
        while (map_next(below, &it, &keys[nkeys], &c))
            if (++nkeys == below->n)
                break;
        for (i = 0; i < nkeys; i++)
            erase_older(t, below, keys[i], w);
        free(keys);
        if (below->n)
            return;
    }
    if (tag_cmp(t->names, n->tag, w->tag) < 0) {
        grave_dig(t, in, keys_text(&t->keys, key), w->tag, false);
        take_out(t, in, key, w);
    }
}

void tree_erase(struct tree *t, struct map *in, const struct step *s,
                const struct write *w)
{
    uint32_t key;
    const struct node *n = find(t, in, s, &key);

    if (!n) {
        grave_dig(t, in, s->key, w->tag, true);
        return;
    }
    changed(t, in, s->key, n->kind != NODE_NONE);
    if (w->late) {
        erase_older(t, in, key, w);
        return;
    }
    grave_dig(t, in, s->key, w->tag, false);
    take_out(t, in, key, w);
}

/* -- time-outs --------------------------------------------------------- */

/* Where in the bank: "*" for what had a lease, else the key; "." if empty. */
struct shape {
    struct buf text;
    size_t n; /* components */
};

static void shape_add(struct shape *s, struct slice part, bool escape)
{
    if (s->n++)
        buf_char(&s->text, '/');
    if (escape)
        path_escape(part, &s->text);
    else
        buf_slice(&s->text, part);
}

static void bank_old(struct tree *t, struct map *into, const struct bank *old,
                     struct shape *s)
{
    size_t n = bank_size(old), i, len = s->text.n, parts = s->n;
    struct bank_item *item = xmalloc(n * sizeof(*item));

    bank_items(old, item);
    for (i = 0; i < n; i++) {
        struct slice key = slice_of(item[i].key, item[i].n);

        shape_add(s, slice_str("*"), false);
        if (!slice_is(key, "."))
            shape_add(s, key, false);
        bank_add(into, buf_view(&s->text), item[i].by, t->limits.bank_keys);
        s->text.n = len;
        s->n = parts;
    }
    free(item);
}

static void bank_below(struct tree *t, struct map *into, const struct node *n,
                       struct shape *s)
{
    struct map_iter it = { 0 };
    size_t len = s->text.n, parts = s->n;
    struct node *c;
    uint32_t key;

    if (n->kind == NODE_COUNTER)
        bank_add(into, s->n ? buf_view(&s->text) : slice_str("."), node_sum(n),
                 t->limits.bank_keys);
    if (n->kind != NODE_MAP)
        return;
    if (n->u.map->bank)
        bank_old(t, into, n->u.map->bank, s);
    while (map_next(n->u.map, &it, &key, &c)) {
        if (c->lease)
            shape_add(s, slice_str("*"), false);
        else
            shape_add(s, keys_text(&t->keys, key), true);
        bank_below(t, into, c, s);
        s->text.n = len;
        s->n = parts;
    }
}

static bool cut_off(const struct map *m)
{
    for (; m; m = m->parent)
        if (m->dead)
            return true;
    return false;
}

static void fire(struct tree *t, struct lease *l)
{
    struct map *in = l->map;
    uint32_t key = l->key;
    struct shape s = { 0 };
    const struct node *n = map_find(in, key);
    bool had_bank = in->bank != NULL;

    buf_init(&s.text, BUF_NO_CAP);
    bank_below(t, in, n, &s);
    buf_release(&s.text);
    changed(t, in, keys_text(&t->keys, key), n->kind != NODE_NONE);
    if (in->bank)
        changed(t, in, slice_str("$expired"), had_bank);
    take_out(t, in, key, NULL);
}

void tree_advance(struct tree *t, nsec upto)
{
    const struct heap_entry *top;
    struct heap_entry e;
    struct lease *l;

    while ((top = heap_top(&t->deadlines)) && top->at <= upto) {
        e = *top;
        heap_pop(&t->deadlines);
        l = &t->lease[e.id];
        if (!is_current(t, &e) || cut_off(l->map))
            continue;
        if (l->at > e.at) {
            queue_deadline(t, e.id, l->at);
            continue;
        }
        fire(t, l);
    }
}

nsec tree_due(const struct tree *t)
{
    const struct heap_entry *top = heap_top(&t->deadlines);

    return top ? top->at : NSEC_MAX;
}

const struct node *tree_get(const struct tree *t, const struct path *path)
{
    const struct node *n = &t->root;
    struct step s;
    uint32_t key;
    size_t i;

    for (i = 0; i < path->n && n; i++) {
        if (n->kind != NODE_MAP)
            return NULL;
        s = tree_step(t, path->key[i]);
        n = find(t, n->u.map, &s, &key);
    }
    return n && n->kind != NODE_NONE ? n : NULL;
}
