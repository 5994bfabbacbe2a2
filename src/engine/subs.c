#include "subs.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>

struct pattern {
    struct sub_entry entry;
    uint32_t n;
    uint32_t key[PATH_KEYS_MAX]; /* KEY_NONE: any */
};

/* Where in which pattern: pattern << 8 | keys matched. */
typedef uint32_t item;

struct state {
    uint32_t sub; /* its number and flag */
    bool has_other;
    uint32_t other; /* by a key that no pattern names */
    size_t nfound;
    struct sub_found *found;
    UT_hash_handle hh;
    uint32_t n;
    item set[]; /* sorted; the key of hh */
};

struct edge {
    uint64_t from; /* state << 32 | key, plus 1; 0: free */
    uint32_t to;
};

struct subs {
    struct keys *keys;
    uint64_t seed;
    struct pattern *pattern;
    size_t npatterns, pattern_room;
    bool *named; /* by key: it stands in a pattern */
    size_t nnamed;
    struct state **state; /* by number; 0: nothing is waited for */
    size_t nstates, state_room;
    struct state *by_set;
    struct edge *edge; /* open addressing */
    size_t nedges, edge_room;
    item *scratch;
    bool begun;
};

struct subs *subs_new(struct keys *keys, uint64_t seed)
{
    struct subs *s = xcalloc(1, sizeof(*s));

    s->keys = keys;
    s->seed = seed;
    s->nstates = 1;
    return s;
}

static void release_patterns(struct subs *s)
{
    size_t i;
    uint32_t j;

    for (i = 0; i < s->npatterns; i++)
        for (j = 0; j < s->pattern[i].n; j++)
            if (s->pattern[i].key[j] != KEY_NONE)
                keys_unref(s->keys, s->pattern[i].key[j]);
    free(s->pattern);
}

void subs_free(struct subs *s)
{
    size_t i;

    if (!s)
        return;
    release_patterns(s);
    HASH_CLEAR(hh, s->by_set);
    for (i = 1; i < s->nstates; i++) {
        free(s->state[i]->found);
        free(s->state[i]);
    }
    free(s->state);
    free(s->edge);
    free(s->named);
    free(s->scratch);
    free(s);
}

static void name_key(struct subs *s, uint32_t key)
{
    size_t n = s->nnamed;

    if (key >= n) {
        n = key + 1 > 2 * n ? key + 1 : 2 * n;
        s->named = xrealloc(s->named, n * sizeof(*s->named));
        memset(s->named + s->nnamed, 0, (n - s->nnamed) * sizeof(*s->named));
        s->nnamed = n;
    }
    s->named[key] = true;
}

void subs_add(struct subs *s, const struct slice *key, size_t n,
              const struct sub_entry *entry)
{
    struct pattern *p;
    size_t i;

    assert(!s->begun && n <= PATH_KEYS_MAX);
    if (s->npatterns == s->pattern_room) {
        s->pattern_room = s->pattern_room ? s->pattern_room * 2 : 64;
        s->pattern =
            xrealloc(s->pattern, s->pattern_room * sizeof(*s->pattern));
    }
    p = &s->pattern[s->npatterns++];
    assert(s->npatterns < 1u << 24);
    p->entry = *entry;
    p->n = (uint32_t)n;
    for (i = 0; i < n; i++) {
        p->key[i] = KEY_NONE;
        if (key[i].p) {
            p->key[i] = keys_ref(s->keys, key[i], hash_key(s->seed, key[i]));
            name_key(s, p->key[i]);
        }
    }
}

/* -- states ------------------------------------------------------------- */

static const struct pattern *pattern_of(const struct subs *s, item it)
{
    return &s->pattern[it >> 8];
}

static uint32_t position_of(item it)
{
    return it & 0xff;
}

/* What the last one found asks for and none before it: a window is one. */
static uint32_t measures(const struct state *st)
{
    const struct sub_found *last = &st->found[st->nfound - 1];
    uint32_t wanted = last->entry->kinds & (SUB_INCREASE | SUB_CHANGES);
    const struct sub_found *f;

    if (!last->exact)
        return 0;
    for (f = st->found; f < last && wanted; f++)
        if (f->entry->window_for == last->entry->window_for)
            wanted &= ~f->measures;
    return wanted;
}

static void find_ends(const struct subs *s, struct state *st)
{
    uint32_t i;

    st->found = xmalloc(st->n * sizeof(*st->found));
    for (i = 0; i < st->n; i++) {
        const struct pattern *p = pattern_of(s, st->set[i]);

        if (p->entry.kinds & SUB_META)
            st->sub |= TREE_TOUCH;
        if (position_of(st->set[i]) < p->n)
            continue;
        st->found[st->nfound++] =
            (struct sub_found){ &p->entry, position_of(st->set[i]) == p->n, 0 };
        st->found[st->nfound - 1].measures = measures(st);
    }
}

/* The state of a set, made if need be; set is sorted. */
static uint32_t state_of(struct subs *s, const item *set, size_t n)
{
    struct state *st;

    if (n == 0)
        return 0;
    HASH_FIND(hh, s->by_set, set, n * sizeof(*set), st);
    if (st)
        return st->sub;
    if (s->nstates >= s->state_room) {
        s->state_room = s->state_room ? s->state_room * 2 : 64;
        s->state = xrealloc(s->state, s->state_room * sizeof(*s->state));
    }
    st = xcalloc(1, sizeof(*st) + n * sizeof(*set));
    st->sub = (uint32_t)s->nstates;
    assert(s->nstates < TREE_TOUCH);
    st->n = (uint32_t)n;
    memcpy(st->set, set, n * sizeof(*set));
    find_ends(s, st);
    HASH_ADD_KEYPTR(hh, s->by_set, st->set, n * sizeof(*set), st);
    s->state[s->nstates++] = st;
    return st->sub;
}

static struct state *state_at(const struct subs *s, uint32_t sub)
{
    return s->state[sub & ~TREE_TOUCH];
}

/* Of one position past its pattern's end all are the same: "below". */
static bool step_item(const struct subs *s, item it, uint32_t key, item *ret)
{
    const struct pattern *p = pattern_of(s, it);
    uint32_t at = position_of(it);

    if (at < p->n) {
        *ret = it + 1;
        return p->key[at] == KEY_NONE || p->key[at] == key;
    }
    *ret = at == p->n ? it + 1 : it;
    return p->entry.kinds & SUB_DEEP;
}

static uint32_t compute(struct subs *s, const struct state *from, uint32_t key)
{
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < from->n; i++)
        if (step_item(s, from->set[i], key, &s->scratch[n]))
            n++;
    return state_of(s, s->scratch, n);
}

uint32_t subs_root(struct subs *s)
{
    size_t i;

    if (!s->begun) {
        s->begun = true;
        s->scratch = xmalloc((s->npatterns + 1) * sizeof(*s->scratch));
    }
    for (i = 0; i < s->npatterns; i++)
        s->scratch[i] = (item)(i << 8);
    return state_of(s, s->scratch, s->npatterns);
}

/* -- edges by named keys -------------------------------------------------- */

static struct edge *edge_slot(const struct subs *s, uint64_t from)
{
    uint64_t at = from * 0x9e3779b97f4a7c15u >> 20;

    for (;; at++) {
        struct edge *e = &s->edge[at & (s->edge_room - 1)];

        if (e->from == from || e->from == 0)
            return e;
    }
}

static void grow_edges(struct subs *s)
{
    struct edge *old = s->edge;
    size_t room = s->edge_room, i;

    s->edge_room = room ? room * 2 : 256;
    s->edge = xcalloc(s->edge_room, sizeof(*s->edge));
    for (i = 0; i < room; i++)
        if (old[i].from)
            *edge_slot(s, old[i].from) = old[i];
    free(old);
}

static uint32_t by_name(struct subs *s, uint32_t sub, uint32_t key)
{
    uint64_t from = ((uint64_t)(sub & ~TREE_TOUCH) << 32 | key) + 1;
    struct edge *e;
    uint32_t to;

    if (s->nedges * 2 >= s->edge_room)
        grow_edges(s);
    e = edge_slot(s, from);
    if (e->from)
        return e->to;
    to = compute(s, state_at(s, sub), key);
    *e = (struct edge){ from, to };
    s->nedges++;
    return to;
}

uint32_t subs_next(struct subs *s, uint32_t sub, uint32_t key)
{
    struct state *from;
    uint32_t to;

    if (key < s->nnamed && s->named[key])
        return by_name(s, sub, key);
    from = state_at(s, sub);
    if (!from->has_other) {
        to = compute(s, from, KEY_NONE - 1);
        from->other = to;
        from->has_other = true;
    }
    return from->other;
}

const struct sub_found *subs_at(const struct subs *s, uint32_t sub,
                                size_t *ret_n)
{
    const struct state *st = state_at(s, sub);

    *ret_n = st->nfound;
    return st->found;
}
