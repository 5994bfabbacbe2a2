/*
 * A bank is what expired leases left behind in a map: sums by the shape of
 * the path they were counted at.  Past the limit of shapes everything goes to
 * the shape "$other", so that totals stay right.
 */
#include "tree.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <uthash.h>

struct account {
    amount by;
    UT_hash_handle hh;
    size_t n;
    char key[];
};

struct bank {
    struct account *accounts;
};

size_t bank_size(const struct bank *b)
{
    return b ? HASH_COUNT(b->accounts) : 0;
}

static int by_key(const void *a, const void *b)
{
    const struct bank_item *x = a, *y = b;

    return slice_cmp(slice_of(x->key, x->n), slice_of(y->key, y->n));
}

void bank_items(const struct bank *b, struct bank_item *ret)
{
    const struct account *a;
    size_t n = 0;

    if (!b)
        return;
    for (a = b->accounts; a; a = a->hh.next)
        ret[n++] = (struct bank_item){ a->key, a->n, a->by };
    qsort(ret, n, sizeof(*ret), by_key);
}

void bank_free(struct bank *b)
{
    struct account *a, *next;

    if (!b)
        return;
    HASH_ITER(hh, b->accounts, a, next)
    {
        HASH_DEL(b->accounts, a);
        free(a);
    }
    free(b);
}

void bank_add(struct map *m, struct slice key, amount by, uint64_t limit)
{
    struct account *a;

    if (key.n == 0) /* one key, and it is "" */
        key.p = "";
    if (!m->bank)
        m->bank = xcalloc(1, sizeof(*m->bank));
    HASH_FIND(hh, m->bank->accounts, key.p, key.n, a);
    if (!a && HASH_COUNT(m->bank->accounts) >= limit) {
        key = slice_str("$other");
        HASH_FIND(hh, m->bank->accounts, key.p, key.n, a);
    }
    if (!a) {
        a = xcalloc(1, sizeof(*a) + key.n);
        a->n = key.n;
        if (key.n)
            memcpy(a->key, key.p, key.n);
        HASH_ADD_KEYPTR(hh, m->bank->accounts, a->key, a->n, a);
    }
    a->by = amount_add(a->by, by);
}
