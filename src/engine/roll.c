#include "roll.h"

#include "base/alloc.h"

#include <stdlib.h>

static int by_host(const void *a, const void *b)
{
    const struct party *x = a, *y = b;
    int d = slice_cmp(x->host, y->host);

    return d ? d : slice_cmp(x->role, y->role);
}

void roll_release(struct roll *r)
{
    size_t k;

    for (k = 0; k < r->n; k++) {
        free((void *)(uintptr_t)r->party[k].role.p);
        free((void *)(uintptr_t)r->party[k].host.p);
    }
    free(r->party);
    *r = (struct roll){ 0 };
}

void roll_add(struct roll *r, struct slice role, struct slice host)
{
    if ((r->n & (r->n - 1)) == 0) /* none, or all room is taken */
        r->party =
            xrealloc(r->party, (r->n ? 2 * r->n : 1) * sizeof(*r->party));
    r->party[r->n++] = (struct party){ .role = role, .host = host };
}

static void sort(struct roll *r)
{
    size_t k, n = 0;

    if (r->n)
        qsort(r->party, r->n, sizeof(*r->party), by_host);
    for (k = 0; k < r->n; k++)
        if (n == 0 || by_host(&r->party[n - 1], &r->party[k]) != 0)
            r->party[n++] = r->party[k];
    r->n = n;
}

bool roll_same(const struct roll *a, const struct roll *b)
{
    size_t k;

    if (a->n != b->n)
        return false;
    for (k = 0; k < a->n; k++)
        if (by_host(&a->party[k], &b->party[k]) != 0)
            return false;
    return true;
}

static struct slice owned(struct slice s)
{
    return slice_of(xmemdup0(s.p, s.n), s.n);
}

void roll_replace(struct roll *r, const struct roll *now)
{
    struct roll copy = { 0 };
    size_t k, old = 0;

    for (k = 0; k < now->n; k++) {
        const struct party *p = &now->party[k];

        roll_add(&copy, owned(p->role), owned(p->host));
        while (old < r->n && slice_cmp(r->party[old].host, p->host) < 0)
            old++;
        if (old < r->n && slice_eq(r->party[old].host, p->host)) {
            copy.party[k].answered = r->party[old].answered;
            copy.party[k].answered_at = r->party[old].answered_at;
        }
    }
    roll_release(r);
    *r = copy;
}

/* -- what an expression says --------------------------------------------- */

struct reading {
    struct engine *e;
    struct instance *i;
    enum roll_form form;
    struct roll *to;
};

static const char *what(const struct reading *r)
{
    return r->form == ROLL_PARTIES ? "parties" : "answers";
}

/* null is a name that is still missing. */
static bool read_name(struct reading *r, struct cel_value v, struct slice *ret)
{
    *ret = v.kind == CEL_STRING ? cel_text(v) : slice_of("", 0);
    if (v.kind != CEL_STRING && v.kind != CEL_NULL) {
        rule_failed(r->e, r->i, "%s: a name is a string, this is %s", what(r),
                    cel_kind_phrase((enum cel_kind)v.kind));
        return false;
    }
    if (ret->n > PATH_KEY_MAX) {
        rule_failed(r->e, r->i, "%s: a name has more than %d bytes", what(r),
                    PATH_KEY_MAX);
        return false;
    }
    return true;
}

static bool add(struct reading *r, struct slice role, struct slice host)
{
    if (r->to->n == ROLL_MAX) {
        rule_failed(r->e, r->i, "%s: more than %d names", what(r), ROLL_MAX);
        return false;
    }
    roll_add(r->to, role, host);
    return true;
}

static bool read_list(struct reading *r, const struct cel_list *list)
{
    struct slice host;
    size_t k;

    for (k = 0; k < list->n; k++)
        if (!read_name(r, list->item[k], &host) ||
            !add(r, slice_of("", 0), host))
            return false;
    return true;
}

/* The keys of a map in the state; what stands below is not even loaded. */
static bool read_keys(struct reading *r, struct cel_value map)
{
    struct cel_host *host = &r->e->host;
    struct cel_step step = { 0 };
    struct cel_place place;

    while (host->next(host->self, map, &step, &place))
        if (!add(r, slice_of("", 0), host->key(host->self, &place)))
            return false;
    return true;
}

static bool read_map(struct reading *r, struct cel_value map)
{
    struct slice key, host;
    size_t k;

    if (map.host && r->form == ROLL_ANSWERS)
        return read_keys(r, map);
    map = cel_map_open(cel_vm_context(r->e->vm), map);
    if (map.kind == CEL_ERROR) {
        rule_failed(r->e, r->i, "%s: %.*s", what(r),
                    SLICE_ARG(map.error->text));
        return false;
    }
    for (k = 0; k < map.map->n; k++) {
        const struct cel_entry *entry = &map.map->entry[k];

        if (!read_name(r, entry->key, &key))
            return false;
        if (r->form == ROLL_ANSWERS) {
            host = key;
            key = slice_of("", 0);
        } else if (!read_name(r, entry->value, &host)) {
            return false;
        }
        if (!add(r, key, host))
            return false;
    }
    return true;
}

bool roll_read(struct engine *e, struct instance *i,
               const struct cel_program *p, enum roll_form form,
               struct roll *to)
{
    struct reading r = { e, i, form, to };
    struct cel_value v = eval_value(e, i, p);
    bool known;

    if (v.kind == CEL_LIST) {
        known = read_list(&r, v.list);
    } else if (v.kind == CEL_MAP) {
        known = read_map(&r, v);
    } else if (v.kind == CEL_ERROR) {
        known = is_no_data(v);
    } else {
        known = false;
        rule_failed(e, i, "%s: a list or a map is wanted, this is %s", what(&r),
                    cel_kind_phrase((enum cel_kind)v.kind));
    }
    sort(to);
    return known;
}
