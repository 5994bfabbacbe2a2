#include "names.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <uthash.h>

struct blade {
    uint32_t index;
    uint32_t entry; /* 0: none at present */
    uint32_t n;
    UT_hash_handle hh;
    char name[];
};

struct origin {
    uint32_t index;
    UT_hash_handle hh;
    uint32_t nkey;
    /* the key: blade, epoch, then the run's bytes */
    uint32_t blade;
    uint32_t epoch;
    char run[];
};

struct entry {
    uint32_t blade;
    bool retired;
};

struct names {
    struct blade *blades, **blade;
    uint32_t nblades, blade_room;
    struct origin *origins, **origin;
    uint32_t norigins, origin_room;
    struct entry *entry;
    uint32_t nentries, entry_room;
};

struct names *names_new(void)
{
    struct names *s = xcalloc(1, sizeof(*s));

    s->entry_room = 64;
    s->entry = xcalloc(s->entry_room, sizeof(*s->entry));
    s->nentries = 1; /* the base */
    s->entry[0].retired = true;
    return s;
}

void names_free(struct names *s)
{
    uint32_t i;

    if (!s)
        return;
    HASH_CLEAR(hh, s->blades);
    HASH_CLEAR(hh, s->origins);
    for (i = 0; i < s->nblades; i++)
        free(s->blade[i]);
    for (i = 0; i < s->norigins; i++)
        free(s->origin[i]);
    free(s->blade);
    free(s->origin);
    free(s->entry);
    free(s);
}

uint32_t names_blade(struct names *s, struct slice name)
{
    struct blade *b;

    HASH_FIND(hh, s->blades, name.p, name.n, b);
    if (b)
        return b->index;
    if (s->nblades == s->blade_room) {
        s->blade_room = s->blade_room ? s->blade_room * 2 : 64;
        s->blade = xrealloc(s->blade, s->blade_room * sizeof(*s->blade));
    }
    b = xcalloc(1, sizeof(*b) + name.n);
    b->index = s->nblades;
    b->n = (uint32_t)name.n;
    if (name.n)
        memcpy(b->name, name.p, name.n);
    s->blade[s->nblades++] = b;
    HASH_ADD_KEYPTR(hh, s->blades, b->name, b->n, b);
    return b->index;
}

struct slice names_blade_text(const struct names *s, uint32_t blade)
{
    return slice_of(s->blade[blade]->name, s->blade[blade]->n);
}

uint32_t names_origin(struct names *s, uint32_t blade, struct slice run,
                      uint32_t epoch)
{
    struct origin *made = xcalloc(1, sizeof(*made) + run.n), *found;

    made->blade = blade;
    made->epoch = epoch;
    if (run.n)
        memcpy(made->run, run.p, run.n);
    made->nkey = (uint32_t)(2 * sizeof(uint32_t) + run.n);
    HASH_FIND(hh, s->origins, &made->blade, made->nkey, found);
    if (found) {
        free(made);
        return found->index;
    }
    if (s->norigins == s->origin_room) {
        s->origin_room = s->origin_room ? s->origin_room * 2 : 64;
        s->origin = xrealloc(s->origin, s->origin_room * sizeof(*s->origin));
    }
    made->index = s->norigins;
    s->origin[s->norigins++] = made;
    HASH_ADD_KEYPTR(hh, s->origins, &made->blade, made->nkey, made);
    return made->index;
}

uint32_t names_origin_blade(const struct names *s, uint32_t origin)
{
    return s->origin[origin]->blade;
}

size_t names_origins(const struct names *s)
{
    return s->norigins;
}

uint32_t names_entry(struct names *s, uint32_t blade)
{
    struct blade *b = s->blade[blade];

    if (b->n == 0)
        return 0; /* the nameless blade is the base itself */
    if (b->entry == 0) {
        if (s->nentries == s->entry_room) {
            s->entry_room *= 2;
            s->entry = xrealloc(s->entry, s->entry_room * sizeof(*s->entry));
        }
        b->entry = s->nentries++;
        s->entry[b->entry] = (struct entry){ .blade = blade };
    }
    return b->entry;
}

void names_retire(struct names *s, uint32_t blade)
{
    struct blade *b = s->blade[blade];

    if (b->entry)
        s->entry[b->entry].retired = true;
    b->entry = 0;
}

bool names_entry_retired(const struct names *s, uint32_t entry)
{
    return s->entry[entry].retired;
}

struct slice names_entry_text(const struct names *s, uint32_t entry)
{
    if (s->entry[entry].retired)
        return slice_of("", 0);
    return names_blade_text(s, s->entry[entry].blade);
}

static struct slice run_text(const struct origin *o)
{
    return slice_of(o->run, o->nkey - 2 * sizeof(uint32_t));
}

int tag_cmp(const struct names *s, struct tag a, struct tag b)
{
    const struct origin *x, *y;
    int d;

    if (a.ts != b.ts)
        return a.ts < b.ts ? -1 : 1;
    if (a.origin != b.origin && a.ts != INT64_MIN) {
        x = s->origin[a.origin];
        y = s->origin[b.origin];
        d = slice_cmp(names_blade_text(s, x->blade),
                      names_blade_text(s, y->blade));
        if (d == 0)
            d = slice_cmp(run_text(x), run_text(y));
        if (d == 0)
            d = (x->epoch > y->epoch) - (x->epoch < y->epoch);
        return d;
    }
    return (a.seq > b.seq) - (a.seq < b.seq);
}
