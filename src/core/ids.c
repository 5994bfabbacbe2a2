#include "ids.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>
#include <uthash.h>

struct id {
    XXH128_canonical_t hash;
    struct id *newer;
    UT_hash_handle hh;
};

struct ids {
    struct id *ids, *oldest, *newest;
};

struct ids *ids_new(void)
{
    return xcalloc(1, sizeof(struct ids));
}

static void drop_oldest(struct ids *s)
{
    struct id *old = s->oldest;

    s->oldest = old->newer;
    if (!s->oldest)
        s->newest = NULL;
    HASH_DEL(s->ids, old);
    free(old);
}

void ids_free(struct ids *s)
{
    if (!s)
        return;
    while (s->oldest)
        drop_oldest(s);
    free(s);
}

bool ids_add(struct ids *s, struct slice scope, struct slice id, uint64_t cap)
{
    XXH64_hash_t seed = XXH3_64bits(scope.p, scope.n);
    struct id *made = xcalloc(1, sizeof(*made)), *known;

    XXH128_canonicalFromHash(&made->hash,
                             XXH3_128bits_withSeed(id.p, id.n, seed));
    HASH_FIND(hh, s->ids, &made->hash, sizeof(made->hash), known);
    if (known) {
        free(made);
        return false;
    }
    HASH_ADD(hh, s->ids, hash, sizeof(made->hash), made);
    if (s->newest)
        s->newest->newer = made;
    else
        s->oldest = made;
    s->newest = made;
    while (HASH_COUNT(s->ids) > cap)
        drop_oldest(s);
    return true;
}
