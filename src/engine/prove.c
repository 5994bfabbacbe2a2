#include "prove.h"

#ifdef BW_PROVE

#include <assert.h>

struct keyed {
    struct slice key[PATH_KEYS_MAX + 2];
    size_t n;
};

static void add_map(const struct engine *e, uint8_t mark, const struct map *m,
                    struct keyed *to)
{
    if (!m->parent) {
        if (mark == MARK_MONITOR)
            to->key[to->n++] = slice_str("monitor");
        return;
    }
    add_map(e, mark, m->parent, to);
    to->key[to->n++] = keys_text(&tree_of(e, mark)->keys, m->key);
}

/* The instance's key for a variable that is a star; p == NULL: it is none. */
static struct slice star_key(const struct engine *e, uint32_t variable)
{
    uint32_t star = variable - RULE_SLOT_STAR;

    if (variable == CEL_NO_VARIABLE ||
        star >= e->proving->live->rule->foreach.nstars)
        return slice_of(NULL, 0);
    return instance_key(e, e->proving, star);
}

/* The keys of the foreach's element, then those of the read. */
static struct slice pattern_key(const struct engine *e,
                                const struct cel_read *r, size_t i)
{
    const struct rule_foreach *f = &e->proving->live->rule->foreach;
    size_t above = r->variable == RULE_SLOT_STATE ? 0 : f->n;

    if (i < above)
        return f->key[i];
    i -= above;
    return r->key[i].p ? r->key[i] : star_key(e, r->by[i]);
}

static bool covers(const struct engine *e, const struct cel_read *r,
                   const struct keyed *path, unsigned kind)
{
    size_t n = r->n, i;

    if (r->variable != RULE_SLOT_STATE)
        n += e->proving->live->rule->foreach.n;
    for (i = 0; i < n && i < path->n; i++) {
        struct slice key = pattern_key(e, r, i);

        if (key.p && !slice_eq(key, path->key[i]))
            return false;
    }
    if (path->n < n)
        return kind == READ_EXISTS;
    if (path->n > n)
        return (kind == READ_EXISTS && path->n == n + 1 &&
                r->kinds & READ_KEYS) ||
               (kind == READ_META ? r->kinds & READ_META
                                  : r->kinds & READ_SUBTREE);
    switch (kind) {
    case READ_EXISTS:
        return true;
    case READ_VALUE:
        return r->kinds & (READ_VALUE | READ_KEYS | READ_SUBTREE);
    case READ_KEYS:
        return r->kinds & (READ_KEYS | READ_SUBTREE);
    default:
        return r->kinds & kind;
    }
}

static bool is_covered(const struct engine *e, const struct keyed *path,
                       unsigned kind)
{
    const struct cel_program *p;
    const struct cel_read *r;
    size_t i, j, n;

    for (i = 0; (p = rule_program(e->proving->live->rule, i)); i++) {
        r = cel_program_reads(p, &n);
        for (j = 0; j < n; j++)
            if (covers(e, &r[j], path, kind))
                return true;
    }
    return false;
}

/* The element itself is what the instance hangs on. */
static bool is_element(const struct engine *e, const struct keyed *path)
{
    const struct rule_foreach *f = &e->proving->live->rule->foreach;
    size_t i;

    if (path->n > f->n)
        return false;
    for (i = 0; i < path->n; i++)
        if (f->key[i].p && !slice_eq(f->key[i], path->key[i]))
            return false;
    return true;
}

static void prove(const struct engine *e, const struct keyed *path,
                  unsigned kind)
{
    if (!e->proving || (kind == READ_EXISTS && is_element(e, path)))
        return;
    assert(is_covered(e, path, kind));
}

void prove_read(const struct engine *e, uint8_t mark, const struct map *m,
                uint32_t key, struct slice text, unsigned kind)
{
    struct keyed path = { .n = 0 };

    if (!m) /* a root is always there */
        return;
    add_map(e, mark, m, &path);
    path.key[path.n++] =
        key == KEY_NONE ? text : keys_text(&tree_of(e, mark)->keys, key);
    prove(e, &path, kind);
}

void prove_keys(const struct engine *e, uint8_t mark, const struct map *m)
{
    struct keyed path = { .n = 0 };

    add_map(e, mark, m, &path);
    prove(e, &path, READ_KEYS);
}

void prove_heard(const struct engine *e, const struct live *l,
                 const struct map *m, uint32_t key)
{
    struct subs *subs = e->subs[MARK_STATE];
    uint32_t sub = m->sub ? subs_next(subs, m->sub, key) : 0;
    const struct sub_found *f = NULL;
    size_t n = 0, i;

    if (sub)
        f = subs_at(subs, sub, &n);
    for (i = 0; i < n; i++)
        if (f[i].exact && f[i].entry->rule == l->number &&
            f[i].entry->kinds & SUB_VALUE)
            return;
    assert(!"a rule reads what it does not wait for");
}

#else
typedef int prove_is_not_built; /* ISO C wants a declaration */
#endif
