#include "cel/op.h"

#include <math.h>

enum found { FOUND, MISSING, UNFIT };

/* A list's index as any number says it. */
static bool index_of(struct cel_value key, size_t n, size_t *ret)
{
    if (key.kind == CEL_INT && key.i >= 0 && (uint64_t)key.i < n)
        *ret = (size_t)key.i;
    else if (key.kind == CEL_UINT && key.u < n)
        *ret = (size_t)key.u;
    else if (key.kind == CEL_DOUBLE && key.d >= 0 && key.d < (double)n &&
             key.d == trunc(key.d))
        *ret = (size_t)key.d;
    else
        return false;
    return true;
}

static enum found in_list(struct cel_value list, struct cel_value key,
                          struct cel_value *ret)
{
    size_t i;

    if (key.kind != CEL_INT && key.kind != CEL_UINT && key.kind != CEL_DOUBLE)
        return UNFIT;
    if (!index_of(key, list.list->n, &i))
        return MISSING;
    *ret = list.list->item[i];
    return FOUND;
}

static enum found member(struct cel_context *cx, struct cel_value v,
                         struct cel_value key, struct cel_value *ret)
{
    switch (v.kind) {
    case CEL_LIST:
        return in_list(v, key, ret);
    case CEL_MAP:
        return cel_map_get(cx, v, key, ret) ? FOUND : MISSING;
    default:
        return UNFIT;
    }
}

static struct cel_value missing(struct cel_context *cx, struct cel_value v,
                                struct cel_value key)
{
    char text[CEL_BRIEF];

    cel_brief(cx, key, text);
    if (v.kind == CEL_LIST)
        return cel_fail(cx, CEL_NO_SUCH_INDEX,
                        "no such index: %s of a list of %zu", text, v.list->n);
    return cel_fail(cx, CEL_NO_SUCH_KEY, "no such key: %s", text);
}

static struct cel_value unfit(struct cel_context *cx, struct cel_value v,
                              struct cel_value key)
{
    if (v.kind == CEL_LIST)
        return cel_fail(cx, CEL_NO_OVERLOAD, "a list has no key of type %s",
                        cel_kind_word(key.kind));
    return cel_fail(cx, CEL_NO_OVERLOAD, "a value of type %s has no members",
                    cel_kind_word(v.kind));
}

struct cel_value value_maybe(struct cel_context *cx, struct cel_value v,
                             struct cel_value key)
{
    struct cel_value item;

    if (v.kind == CEL_OPTIONAL) {
        if (!v.of)
            return v;
        v = *v.of;
    }
    switch (member(cx, v, key, &item)) {
    case FOUND:
        return item.kind == CEL_ERROR ? item : cel_optional_of(cx, item);
    case MISSING:
        return cel_optional_none();
    default:
        return unfit(cx, v, key);
    }
}

/* What is selected from an optional is optional too. */
struct cel_value value_index(struct cel_context *cx, struct cel_value v,
                             struct cel_value key)
{
    struct cel_value item;

    if (v.kind == CEL_OPTIONAL)
        return value_maybe(cx, v, key);
    switch (member(cx, v, key, &item)) {
    case FOUND:
        return item;
    case MISSING:
        return missing(cx, v, key);
    default:
        return unfit(cx, v, key);
    }
}

struct cel_value value_has(struct cel_context *cx, struct cel_value v,
                           struct cel_value key)
{
    if (v.kind == CEL_OPTIONAL) {
        if (!v.of)
            return cel_bool(false);
        v = *v.of;
    }
    if (v.kind != CEL_MAP)
        return unfit(cx, v, key);
    return cel_bool(cel_map_get(cx, v, key, NULL));
}

struct cel_value value_in(struct cel_context *cx, struct cel_value item,
                          struct cel_value v)
{
    size_t i;

    if (v.kind == CEL_MAP)
        return cel_bool(cel_map_get(cx, v, item, NULL));
    if (v.kind != CEL_LIST)
        return cel_fail(cx, CEL_NO_OVERLOAD, "no overload of 'in' for (%s, %s)",
                        cel_kind_word(item.kind), cel_kind_word(v.kind));
    for (i = 0; i < v.list->n; i++)
        if (cel_equal(cx, item, v.list->item[i]))
            return cel_bool(true);
    return cel_bool(false);
}
