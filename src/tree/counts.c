#include "counts.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <uthash.h>

#define RUNS_KEPT 2

struct total {
    uint64_t seq;
    amount last;
    UT_hash_handle hh;
    size_t n;
    char path[];
};

struct run {
    uint32_t id;
    uint32_t born; /* the how-manieth run of its blade */
    struct total *totals;
    UT_hash_handle hh;
};

struct counting {
    uint32_t blade;
    uint32_t nruns;
    size_t npaths;
    struct run *runs;
    UT_hash_handle hh;
};

struct counts {
    struct counting *blades;
    uint64_t npaths;
    uint64_t per_blade, all;
};

struct counts *counts_new(void)
{
    return xcalloc(1, sizeof(struct counts));
}

void counts_limit(struct counts *c, uint64_t per_blade, uint64_t all)
{
    c->per_blade = per_blade;
    c->all = all;
}

static void forget(struct counts *c, struct counting *b, struct run *r)
{
    struct total *t, *next;

    HASH_ITER(hh, r->totals, t, next)
    {
        HASH_DEL(r->totals, t);
        free(t);
        b->npaths--;
        c->npaths--;
    }
}

void counts_free(struct counts *c)
{
    struct counting *b;
    struct run *r;

    if (!c)
        return;
    while ((b = c->blades)) {
        while ((r = b->runs)) {
            forget(c, b, r);
            HASH_DEL(b->runs, r);
            free(r);
        }
        HASH_DEL(c->blades, b);
        free(b);
    }
    free(c);
}

static struct counting *blade_of(struct counts *c, uint32_t blade)
{
    struct counting *b;

    HASH_FIND(hh, c->blades, &blade, sizeof(blade), b);
    if (!b) {
        b = xcalloc(1, sizeof(*b));
        b->blade = blade;
        HASH_ADD(hh, c->blades, blade, sizeof(blade), b);
    }
    return b;
}

/* The run, begun if it is new; the totals of too old ones are forgotten. */
static struct run *run_of(struct counts *c, struct counting *b, uint32_t id)
{
    struct run *r, *old, *next;

    HASH_FIND(hh, b->runs, &id, sizeof(id), r);
    if (r)
        return r;
    r = xcalloc(1, sizeof(*r));
    r->id = id;
    r->born = b->nruns++;
    HASH_ITER(hh, b->runs, old, next)
    {
        if (old->born + RUNS_KEPT <= r->born)
            forget(c, b, old);
    }
    HASH_ADD(hh, b->runs, id, sizeof(id), r);
    return r;
}

enum status counts_step(struct counts *c, const struct counted *now,
                        amount *ret_step)
{
    struct counting *b = blade_of(c, now->blade);
    struct run *r = run_of(c, b, now->run);
    struct total *t;

    *ret_step = 0;
    if (r->born + RUNS_KEPT < b->nruns)
        return ST_OK;
    HASH_FIND(hh, r->totals, now->path.p, now->path.n, t);
    if (t) {
        if (now->seq <= t->seq)
            return ST_OK;
        *ret_step = now->total >= t->last ? now->total - t->last : now->total;
    } else {
        if (b->npaths >= c->per_blade || c->npaths >= c->all)
            return ST_LIMIT;
        t = xcalloc(1, sizeof(*t) + now->path.n);
        t->n = now->path.n;
        memcpy(t->path, now->path.p, now->path.n);
        HASH_ADD_KEYPTR(hh, r->totals, t->path, t->n, t);
        b->npaths++;
        c->npaths++;
        *ret_step = now->total;
    }
    t->seq = now->seq;
    t->last = now->total;
    return ST_OK;
}
