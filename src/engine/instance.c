#include "inside.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t new_id(struct engine *e)
{
    if (e->nfree)
        return e->free_id[--e->nfree];
    if (e->ninstances == e->instance_room) {
        e->instance_room = e->instance_room ? e->instance_room * 2 : 64;
        e->instance =
            xrealloc(e->instance, e->instance_room * sizeof(*e->instance));
    }
    return e->ninstances++;
}

static void give_back_id(struct engine *e, uint32_t id)
{
    e->instance[id] = NULL;
    if (e->nfree == e->free_room) {
        e->free_room = e->free_room ? e->free_room * 2 : 64;
        e->free_id = xrealloc(e->free_id, e->free_room * sizeof(*e->free_id));
    }
    e->free_id[e->nfree++] = id;
}

static void enlist(struct live *l, struct instance *i)
{
    i->prev = l->last;
    if (l->last)
        l->last->next = i;
    else
        l->first = i;
    l->last = i;
    l->ninstances++;
}

static void delist(struct live *l, struct instance *i)
{
    if (i->prev)
        i->prev->next = i->next;
    else
        l->first = i->next;
    if (i->next)
        i->next->prev = i->prev;
    else
        l->last = i->prev;
    l->ninstances--;
}

static struct keys *keys_of(const struct engine *e, const struct live *l)
{
    return &tree_of(e, l->mark)->keys;
}

static void ref_key(struct keys *keys, uint32_t id)
{
    keys->by_id[id]->refs++;
}

/* Told once: what is left out is not watched. */
static void too_many(struct engine *e, struct live *l)
{
    char text[100];
    int n;

    if (l->crowded)
        return;
    l->crowded = true;
    n = snprintf(text, sizeof(text),
                 "rules have %d instances, the most there may be: further "
                 "elements are not watched",
                 INSTANCES_MAX);
    rule_said(e, l, slice_of(text, (size_t)n));
    queue_rule(e, l);
}

struct instance *instance_get(struct engine *e, struct live *l,
                              const uint32_t *key)
{
    struct instance *i = instance_find(e, l, key);
    size_t k;

    if (i)
        return i;
    if (e->alive >= INSTANCES_MAX) {
        too_many(e, l);
        return NULL;
    }
    i = xcalloc(1, sizeof(*i));
    i->live = l;
    i->queued_at = i->wake_at = i->due_at = NSEC_MAX;
    i->own = xcalloc(1, live_kind(l)->instance_bytes);
    for (k = 0; k < l->rule->foreach.nstars; k++) {
        i->key[k] = key[k];
        ref_key(keys_of(e, l), key[k]);
    }
    i->id = new_id(e);
    e->instance[i->id] = i;
    e->alive++;
    enlist(l, i);
    places_add(e, i);
    return i;
}

void instance_free(struct engine *e, struct instance *i)
{
    struct live *l = i->live;
    size_t k;

    if (live_kind(l)->release)
        live_kind(l)->release(e, i);
    l->failing -= i->failing;
    places_remove(e, i);
    for (k = 0; k < l->rule->foreach.nstars; k++)
        keys_unref(keys_of(e, l), i->key[k]);
    delist(l, i);
    give_back_id(e, i->id);
    e->alive--;
    free(i->own);
    free(i);
}

struct slice instance_key(const struct engine *e, const struct instance *i,
                          size_t star)
{
    return keys_text(keys_of(e, i->live), i->key[star]);
}

void instance_text(const struct engine *e, const struct instance *i,
                   struct buf *out)
{
    size_t k;

    for (k = 0; k < i->live->rule->foreach.nstars; k++) {
        buf_str(out, k ? "/" : "");
        path_escape(instance_key(e, i, k), out);
    }
}

void instance_json(const struct engine *e, const struct instance *i,
                   struct buf *out)
{
    const struct rule_foreach *f = &i->live->rule->foreach;
    size_t k;

    buf_char(out, '{');
    for (k = 0; k < f->nstars; k++) {
        json_comma(out);
        json_string(f->star[k], out);
        buf_char(out, ':');
        json_string(instance_key(e, i, k), out);
    }
    buf_char(out, '}');
}

int instance_cmp(const struct engine *e, const struct instance *a,
                 const struct instance *b)
{
    size_t k;
    int d = 0;

    for (k = 0; k < a->live->rule->foreach.nstars && !d; k++)
        d = slice_cmp(instance_key(e, a, k), instance_key(e, b, k));
    return d;
}

struct sorted {
    const struct engine *e;
    struct instance *i;
};

static int by_keys(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;

    return instance_cmp(x->e, x->i, y->i);
}

void instances_sort(const struct engine *e, struct instance **list, size_t n)
{
    struct sorted *s;
    size_t k;

    if (n < 2)
        return;
    s = xmalloc(n * sizeof(*s));
    for (k = 0; k < n; k++)
        s[k] = (struct sorted){ e, list[k] };
    qsort(s, n, sizeof(*s), by_keys);
    for (k = 0; k < n; k++)
        list[k] = s[k].i;
    free(s);
}

struct instance **instances_sorted(const struct engine *e, const struct live *l,
                                   size_t *ret_n)
{
    struct instance **list = xmalloc((l->ninstances + 1) * sizeof(*list));
    struct instance *i;
    size_t n = 0;

    for (i = l->first; i; i = i->next)
        list[n++] = i;
    instances_sort(e, list, n);
    *ret_n = n;
    return list;
}

void instances_each(struct engine *e, const struct live *l,
                    void (*f)(struct engine *, struct instance *))
{
    struct instance **list;
    size_t n, k;

    list = instances_sorted(e, l, &n);
    for (k = 0; k < n; k++)
        f(e, list[k]);
    free(list);
}

struct ranked {
    struct instance **list; /* those of rank 0 first */
    size_t n, open;         /* of rank 0 */
};

static struct ranked rank_all(const struct engine *e, const struct live *l,
                              instance_rank *rank)
{
    struct ranked r = { 0 };
    struct instance **all;
    size_t nall, k;
    int wanted;

    all = instances_sorted(e, l, &nall);
    r.list = xmalloc((nall + 1) * sizeof(*r.list));
    for (wanted = 0; wanted <= 1; wanted++) {
        for (k = 0; k < nall; k++)
            if (rank(all[k]) == wanted)
                r.list[r.n++] = all[k];
        if (wanted == 0)
            r.open = r.n;
    }
    free(all);
    return r;
}

static size_t at_most(size_t most, size_t n)
{
    return n < most ? n : most;
}

size_t instances_items(const struct engine *e, const struct live *l,
                       instance_rank *rank, instance_writer *object,
                       struct buf *out)
{
    struct ranked r = rank_all(e, l, rank);
    size_t shown = at_most(REPORT_INSTANCES_MAX, r.n), k;

    for (k = 0; k < shown; k++) {
        json_comma(out);
        object(e, r.list[k], out);
    }
    free(r.list);
    return r.n - shown;
}

size_t instances_json(const struct engine *e, const struct live *l,
                      instance_rank *rank, instance_writer *object,
                      struct buf *out)
{
    size_t left_out;

    buf_char(out, '[');
    left_out = instances_items(e, l, rank, object, out);
    buf_char(out, ']');
    return left_out;
}

void instances_text(const struct engine *e, const struct live *l,
                    instance_rank *rank, instance_writer *line, struct buf *out)
{
    struct ranked r = rank_all(e, l, rank);
    size_t shown = at_most(TEXT_INSTANCES_MAX, r.open), k;

    for (k = 0; k < shown; k++)
        line(e, r.list[k], out);
    if (r.open > shown)
        buf_printf(out, "    ... and %zu more (--json has them)\n",
                   r.open - shown);
    free(r.list);
}

/* Down the foreach's path by the numbers of its keys. */
struct cel_place instance_place(const struct engine *e,
                                const struct instance *i)
{
    const struct rule_foreach *f = &i->live->rule->foreach;
    const struct tree *t = tree_of(e, i->live->mark);
    size_t from = i->live->mark == MARK_MONITOR, k, star = 0;
    struct cel_place p = { .node = &t->root,
                           .key = KEY_NONE,
                           .tree = i->live->mark };

    for (k = from; k < f->n; k++) {
        const struct node *n = p.node;

        if (!n || n->kind != NODE_MAP)
            return (struct cel_place){ .tree = p.tree, .key = KEY_NONE };
        p.map = n->u.map;
        p.key = f->key[k].p ? i->live->literal[k] : i->key[star++];
        p.node = map_find(p.map, p.key);
        if (p.node && ((const struct node *)p.node)->kind == NODE_NONE)
            p.node = NULL;
    }
    return p;
}

nsec next_boundary(nsec now)
{
    nsec at = now / ENGINE_GRAIN;

    if (now % ENGINE_GRAIN < 0)
        at--;
    return at >= NSEC_MAX / ENGINE_GRAIN - 1 ? NSEC_MAX
                                             : (at + 1) * ENGINE_GRAIN;
}

static bool counts(void *arg, const struct heap_entry *entry)
{
    const struct engine *e = arg;
    const struct instance *i = e->instance[entry->id];

    return i && i->gen == entry->gen;
}

/*
 * A later instant waits until the entry comes up and is put off then; an
 * earlier one needs an entry of its own.  What is left of instances that have
 * gone is swept out when it is the most.
 */
void instance_schedule(struct engine *e, struct instance *i)
{
    if (i->wake_at <= e->now) /* the next instant is a later one */
        i->wake_at = next_boundary(e->now);
    if (i->wake_at == NSEC_MAX || i->wake_at >= i->queued_at)
        return;
    if (e->timers.n > 1024 + 4 * e->alive)
        heap_filter(&e->timers, counts, e);
    i->queued_at = i->wake_at;
    i->gen = ++e->timer_gen;
    heap_push(&e->timers, i->wake_at, i->id, i->gen);
}

nsec timers_due(struct engine *e)
{
    const struct heap_entry *top;
    struct instance *i;

    while ((top = heap_top(&e->timers))) {
        i = counts(e, top) ? e->instance[top->id] : NULL;
        if (i && i->wake_at <= top->at)
            return top->at;
        heap_pop(&e->timers);
        if (i) {
            i->queued_at = NSEC_MAX;
            instance_schedule(e, i);
        }
    }
    return NSEC_MAX;
}

void timers_fire(struct engine *e, nsec at)
{
    struct instance *i;

    while (timers_due(e) <= at && heap_top(&e->timers)) {
        i = e->instance[heap_top(&e->timers)->id];
        heap_pop(&e->timers);
        i->queued_at = i->wake_at = NSEC_MAX;
        if (i->due_at <= at || (!i->changed && !i->live->all_dirty)) {
            dirty_instance(e, i);
        } else { /* what it was asked for may hold no longer */
            i->wake_at = i->due_at;
            instance_schedule(e, i);
        }
    }
}
