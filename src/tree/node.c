#include "node.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

void list_push(struct list *l, struct slice item, uint64_t keep)
{
    if (l->n >= keep && l->n) {
        free((void *)(uintptr_t)l->item[0].p);
        memmove(l->item, l->item + 1, --l->n * sizeof(*l->item));
    }
    if (keep == 0)
        return;
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 4;
        l->item = xrealloc(l->item, l->room * sizeof(*l->item));
    }
    l->item[l->n++] = slice_of(xmemdup0(item.p, item.n), item.n);
}

void list_free(struct list *l)
{
    uint32_t i;

    if (!l)
        return;
    for (i = 0; i < l->n; i++)
        free((void *)(uintptr_t)l->item[i].p);
    free(l->item);
    free(l);
}

static bool has_text(const struct node *n)
{
    return n->kind == NODE_NUMBER || n->kind == NODE_STRING ||
           n->kind == NODE_ARRAY;
}

void node_clear(struct node *n)
{
    if (has_text(n) && !n->inlined)
        free(n->u.heap.p);
    else if (n->kind == NODE_COUNTER && !n->inlined)
        free(n->u.counter);
    else if (n->kind == NODE_LIST)
        list_free(n->u.list);
    assert(n->kind != NODE_MAP);
    n->kind = NODE_NONE;
}

void node_set_text(struct node *n, enum node_kind kind, struct slice text)
{
    if (text.n <= NODE_INLINE) {
        node_clear(n);
        if (text.n)
            memcpy(n->u.text, text.p, text.n);
        n->inlined = (uint8_t)(text.n + 1);
    } else if (has_text(n) && !n->inlined && n->u.heap.n == text.n) {
        memcpy(n->u.heap.p, text.p, text.n);
    } else {
        node_clear(n);
        n->u.heap.p = xmemdup0(text.p, text.n);
        n->u.heap.n = (uint32_t)text.n;
        n->inlined = 0;
    }
    n->kind = (uint8_t)kind;
}

static bool fits(amount a)
{
    return a >= INT64_MIN && a <= INT64_MAX;
}

/* From the one entry inside the node to a block of its own. */
static struct counter *spread(struct node *n)
{
    struct counter *c;

    if (n->kind == NODE_COUNTER && !n->inlined)
        return n->u.counter;
    c = xmalloc(sizeof(*c) + 2 * sizeof(c->e[0]));
    c->n = 0;
    c->room = 2;
    if (n->kind == NODE_COUNTER)
        c->e[c->n++] = (struct counter_entry){ n->u.one.micro, n->u.one.entry };
    n->kind = NODE_COUNTER;
    n->inlined = 0;
    n->u.counter = c;
    return c;
}

static size_t entry_index(const struct counter *c, uint32_t entry)
{
    size_t low = 0, high = c->n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (c->e[mid].entry < entry)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Folds the entries of retired blades into the base, to keep room. */
static void fold_retired(struct counter *c, const struct names *names)
{
    amount base = 0;
    bool any = false;
    uint32_t i, kept = 0;

    for (i = 0; i < c->n; i++) {
        if (names_entry_retired(names, c->e[i].entry)) {
            base = amount_add(base, c->e[i].by);
            any = true;
        }
    }
    if (!any || (c->n && c->e[0].entry == 0 && c->e[0].by == base))
        return;
    for (i = 0; i < c->n; i++)
        if (!names_entry_retired(names, c->e[i].entry))
            c->e[kept++] = c->e[i];
    memmove(c->e + 1, c->e, kept * sizeof(c->e[0]));
    c->e[0] = (struct counter_entry){ base, 0 };
    c->n = kept + 1;
}

static void count_spread(struct node *n, const struct names *names,
                         uint32_t entry, amount by)
{
    struct counter *c = spread(n);
    size_t i = entry_index(c, entry);

    if (i < c->n && c->e[i].entry == entry) {
        c->e[i].by = amount_add(c->e[i].by, by);
        return;
    }
    if (c->n == c->room) { /* not each time: that is quadratic in blades */
        fold_retired(c, names);
        if (c->n > c->room / 4 * 3) {
            c->room *= 2;
            c = xrealloc(c, sizeof(*c) + c->room * sizeof(c->e[0]));
            n->u.counter = c;
        }
    }
    i = entry_index(c, entry);
    if (i < c->n && c->e[i].entry == entry) {
        c->e[i].by = amount_add(c->e[i].by, by);
        return;
    }
    memmove(c->e + i + 1, c->e + i, (c->n - i) * sizeof(c->e[0]));
    c->e[i] = (struct counter_entry){ by, entry };
    c->n++;
}

void node_count(struct node *n, const struct names *names, uint32_t entry,
                amount by)
{
    amount sum;

    if (n->kind == NODE_NONE && fits(by)) {
        n->kind = NODE_COUNTER;
        n->inlined = 1;
        n->u.one.micro = (int64_t)by;
        n->u.one.entry = entry;
        return;
    }
    if (n->kind == NODE_COUNTER && n->inlined && n->u.one.entry == entry) {
        sum = amount_add(n->u.one.micro, by);
        if (fits(sum)) {
            n->u.one.micro = (int64_t)sum;
            return;
        }
    }
    count_spread(n, names, entry, by);
}

bool node_entry(const struct node *n, size_t i, struct counter_entry *ret)
{
    if (n->inlined) {
        *ret = (struct counter_entry){ n->u.one.micro, n->u.one.entry };
        return i == 0;
    }
    if (i >= n->u.counter->n)
        return false;
    *ret = n->u.counter->e[i];
    return true;
}

amount node_sum(const struct node *n)
{
    struct counter_entry e;
    amount sum = 0;
    size_t i;

    for (i = 0; node_entry(n, i, &e); i++)
        sum = amount_add(sum, e.by);
    return sum;
}
