#include "cel/host.h"

#include <stdlib.h>

/* -- the order of keys -------------------------------------------------- */

static int rank(struct cel_value v)
{
    switch (v.kind) {
    case CEL_BOOL:
        return 0;
    case CEL_INT:
    case CEL_UINT:
    case CEL_DOUBLE:
        return 1;
    case CEL_STRING:
        return 2;
    default:
        return 3;
    }
}

int cel_key_order(struct cel_value a, struct cel_value b)
{
    int d = rank(a) - rank(b);

    return d ? d : cel_compare(a, b);
}

static int order_entries(const void *a, const void *b)
{
    return cel_key_order(((const struct cel_entry *)a)->key,
                         ((const struct cel_entry *)b)->key);
}

static bool may_be_key(struct cel_value v)
{
    return v.kind == CEL_BOOL || v.kind == CEL_INT || v.kind == CEL_UINT ||
           v.kind == CEL_STRING;
}

/* -- making ------------------------------------------------------------- */

static struct cel_value map_value(struct cel_context *cx,
                                  const struct cel_entry *entry, size_t n)
{
    struct cel_map *map = arena_alloc(&cx->arena, sizeof(*map));

    if (!map)
        return cel_spent();
    *map = (struct cel_map){ n, entry };
    return (struct cel_value){ .kind = CEL_MAP, .map = map };
}

static struct cel_value repeated(struct cel_context *cx, struct cel_value key)
{
    char text[CEL_BRIEF];

    cel_brief(cx, key, text);
    return cel_fail(cx, CEL_BAD_ARGUMENT, "the key %s stands twice in a map",
                    text);
}

struct cel_value cel_map_of(struct cel_context *cx, struct cel_entry *entry,
                            size_t n)
{
    size_t i;

    if (n > CEL_LIST_MAX || !cel_charge(cx, n))
        return cel_spent();
    for (i = 0; i < n; i++)
        if (!may_be_key(entry[i].key))
            return cel_fail(cx, CEL_NO_OVERLOAD,
                            "a value of type %s is no key of a map",
                            cel_kind_word(entry[i].key.kind));
    if (n > 1)
        qsort(entry, n, sizeof(*entry), order_entries);
    for (i = 1; i < n; i++)
        if (cel_key_order(entry[i - 1].key, entry[i].key) == 0)
            return repeated(cx, entry[i].key);
    return map_value(cx, entry, n);
}

/* -- looking ------------------------------------------------------------ */

size_t cel_map_size(struct cel_context *cx, struct cel_value map)
{
    return map.host ? cx->host->size(cx->host->self, map) : map.map->n;
}

static bool host_get(struct cel_context *cx, struct cel_value map,
                     struct cel_value key, struct cel_value *ret)
{
    const struct cel_host *host = cx->host;
    struct cel_place place;
    struct cel_key k;

    if (key.kind != CEL_STRING)
        return false;
    k = (struct cel_key){ cel_text(key),
                          host->hash(host->self, cel_text(key)) };
    if (!host->get(host->self, map, &k, &place))
        return false;
    if (ret)
        *ret = cel_load(cx, &place);
    return true;
}

bool cel_map_get(struct cel_context *cx, struct cel_value map,
                 struct cel_value key, struct cel_value *ret)
{
    size_t from = 0, to, mid;
    int d;

    if (map.host)
        return host_get(cx, map, key, ret);
    if (rank(key) > 2)
        return false;
    for (to = map.map->n; from < to;) {
        mid = from + (to - from) / 2;
        d = cel_key_order(key, map.map->entry[mid].key);
        if (d == 0) {
            if (ret)
                *ret = map.map->entry[mid].value;
            return true;
        }
        if (d < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return false;
}

struct cel_value cel_map_open(struct cel_context *cx, struct cel_value map)
{
    const struct cel_host *host = cx->host;
    struct cel_step step = { 0 };
    struct cel_entry *entry;
    struct cel_place place;
    struct cel_value v;
    size_t n, i = 0;

    if (!map.host)
        return map;
    n = host->size(host->self, map);
    if (n > CEL_LIST_MAX || !cel_charge(cx, 2 * n))
        return cel_spent();
    entry = arena_alloc(&cx->arena, n * sizeof(*entry));
    if (!entry)
        return cel_spent();
    while (i < n && host->next(host->self, map, &step, &place)) {
        v = cel_load(cx, &place);
        if (v.kind == CEL_ERROR)
            return v;
        entry[i++] =
            (struct cel_entry){ cel_string(host->key(host->self, &place)), v };
    }
    qsort(entry, i, sizeof(*entry), order_entries);
    return map_value(cx, entry, i);
}
