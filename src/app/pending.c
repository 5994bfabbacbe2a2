#include "pending.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <utlist.h>

struct pending_hold {
    struct pending_hold *prev, *next;
    nsec at;
    size_t n;
    char name[];
};

void pending_add(struct pending *p, struct slice name, nsec at)
{
    struct pending_hold *h = xmalloc(sizeof(*h) + name.n);

    h->at = at;
    h->n = name.n;
    memcpy(h->name, name.p, name.n);
    DL_APPEND(p->holds, h);
}

static void drop(struct pending *p, struct pending_hold *h)
{
    DL_DELETE(p->holds, h);
    free(h);
}

void pending_merged(struct pending *p, nsec watermark)
{
    struct pending_hold *h, *next;

    DL_FOREACH_SAFE(p->holds, h, next)
    {
        if (h->at < watermark)
            drop(p, h);
    }
}

bool pending_holds(const struct pending *p, struct slice name)
{
    const struct pending_hold *h;

    DL_FOREACH(p->holds, h)
    {
        struct slice of = slice_of(h->name, h->n);

        if (slice_eq(of, name) || slice_is(of, "*"))
            return true;
    }
    return false;
}

void pending_release(struct pending *p)
{
    while (p->holds)
        drop(p, p->holds);
}
