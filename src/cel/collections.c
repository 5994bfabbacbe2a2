#include "cel/library.h"

#include <inttypes.h>
#include <math.h>

/* -- order -------------------------------------------------------------- */

/* Kinds that are ordered among themselves share a class; 0 is not ordered. */
static int order_class(struct cel_value v)
{
    switch (v.kind) {
    case CEL_INT:
    case CEL_UINT:
    case CEL_DOUBLE:
        return CEL_INT;
    case CEL_BOOL:
    case CEL_STRING:
    case CEL_BYTES:
    case CEL_TIMESTAMP:
    case CEL_DURATION:
        return v.kind;
    default:
        return 0;
    }
}

static bool is_nan(struct cel_value v)
{
    return v.kind == CEL_DOUBLE && isnan(v.d);
}

/* Why a list has no order; kind CEL_NULL: it has one. */
static struct cel_value order_fault(struct cel_context *cx,
                                    const struct cel_value *item, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!order_class(item[i]))
            return cel_fail(cx, CEL_NO_OVERLOAD, "%s has no order",
                            cel_kind_name(item[i].kind));
        if (order_class(item[i]) != order_class(item[0]) ||
            (cx->strict && item[i].kind != item[0].kind))
            return cel_fail(cx, CEL_NO_OVERLOAD,
                            "list elements must have the same type");
        if (is_nan(item[i]))
            return cel_fail(cx, CEL_BAD_ARGUMENT, "NaN has no order");
    }
    return cel_null();
}

/* Compares what has an order, and takes fuel for it; out of fuel all is
 * equal, and who asked finds that out at the end. */
static int compare(struct cel_context *cx, struct cel_value a,
                   struct cel_value b)
{
    bool text = a.kind == CEL_STRING || a.kind == CEL_BYTES;
    uint64_t bytes = text ? (a.n < b.n ? a.n : b.n) : 0;

    return cel_charge_bytes(cx, bytes) ? cel_compare(a, b) : 0;
}

/* Merges the sorted runs from..middle and middle..to of in. */
static void merge(struct cel_context *cx, const struct cel_value *key,
                  const uint32_t *in, uint32_t *out, const size_t run[3])
{
    size_t left = run[0], right = run[1], i;

    for (i = run[0]; i < run[2]; i++) {
        if (right == run[2] ||
            (left < run[1] && compare(cx, key[in[left]], key[in[right]]) <= 0))
            out[i] = in[left++];
        else
            out[i] = in[right++];
    }
}

/* The positions of keys that have an order, in it; equal keys stay as they
 * are.  NULL: out of fuel or memory. */
static const uint32_t *sorted(struct cel_context *cx,
                              const struct cel_value *key, size_t n)
{
    uint32_t *from = arena_alloc(&cx->arena, n * sizeof(*from));
    uint32_t *to = arena_alloc(&cx->arena, n * sizeof(*to)), *swap;
    size_t i, width;

    if (!from || !to)
        return NULL;
    for (i = 0; i < n; i++)
        from[i] = (uint32_t)i;
    for (width = 1; width < n; width *= 2) {
        for (i = 0; i < n; i += 2 * width) {
            size_t middle = i + width < n ? i + width : n;
            size_t end = middle + width < n ? middle + width : n;

            merge(cx, key, from, to, (size_t[3]){ i, middle, end });
        }
        swap = from;
        from = to;
        to = swap;
    }
    return cx->fuel ? from : NULL;
}

struct cel_value cel_sort(struct cel_context *cx, const struct cel_value *keys,
                          const struct cel_value *items, size_t n)
{
    struct cel_value fault = order_fault(cx, keys, n), *item;
    const uint32_t *at;
    size_t i;

    if (fault.kind == CEL_ERROR)
        return fault;
    item = cel_new_items(cx, n);
    at = item ? sorted(cx, keys, n) : NULL;
    if (!at)
        return cel_spent();
    for (i = 0; i < n; i++)
        item[i] = items[at[i]];
    return cel_list_of(cx, item, n);
}

CEL_CALL(sort)
{
    return cel_sort(cx, arg[0].list->item, arg[0].list->item, arg[0].list->n);
}

CEL_CALL(is_sorted)
{
    const struct cel_list *list = arg[0].list;
    struct cel_value fault = order_fault(cx, list->item, list->n);
    bool answer = true;
    size_t i;

    if (fault.kind == CEL_ERROR)
        return fault;
    for (i = 1; i < list->n && answer; i++)
        answer = compare(cx, list->item[i - 1], list->item[i]) <= 0;
    return cx->fuel ? cel_bool(answer) : cel_spent();
}

struct cel_value cel_most(struct cel_context *cx, const struct cel_value *item,
                          size_t n, int want)
{
    struct cel_value best;
    size_t i;
    int order;

    if (n == 0)
        return cel_fail(cx, CEL_BAD_ARGUMENT, "the list is empty");
    best = item[0];
    for (i = 0; i < n; i++) {
        order = compare(cx, item[i], best);
        if (order == 2)
            return cel_fail(cx, CEL_BAD_ARGUMENT, "NaN has no order");
        if (order == want)
            best = item[i];
    }
    return cx->fuel ? best : cel_spent();
}

static struct cel_value most(struct cel_context *cx,
                             const struct cel_list *list, int want)
{
    struct cel_value fault = order_fault(cx, list->item, list->n);

    return fault.kind == CEL_ERROR ? fault
                                   : cel_most(cx, list->item, list->n, want);
}

CEL_CALL(min)
{
    return most(cx, arg[0].list, -1);
}

CEL_CALL(max)
{
    return most(cx, arg[0].list, 1);
}

/* -- finding ------------------------------------------------------------ */

/* A list to look for values in: in its order if it has one, else one by one. */
struct finder {
    const struct cel_list *list;
    const uint32_t *at;
};

static bool finder_init(struct cel_context *cx, struct finder *f,
                        const struct cel_list *list)
{
    int class = list->n ? order_class(list->item[0]) : 0;
    size_t i;

    *f = (struct finder){ .list = list };
    if (!cel_charge(cx, list->n))
        return false;
    for (i = 0; i < list->n; i++)
        if (order_class(list->item[i]) != class || is_nan(list->item[i]))
            return true;
    if (class)
        f->at = sorted(cx, list->item, list->n);
    return cx->fuel > 0;
}

/* Where v stands in the list first; list->n: nowhere. */
static size_t find_one_by_one(struct cel_context *cx, const struct finder *f,
                              struct cel_value v)
{
    size_t i;

    for (i = 0; i < f->list->n && cx->fuel; i++)
        if (cel_equal(cx, f->list->item[i], v))
            return i;
    return f->list->n;
}

static size_t find(struct cel_context *cx, const struct finder *f,
                   struct cel_value v)
{
    const struct cel_value *item = f->list->item;
    size_t low = 0, high = f->list->n, middle;

    if (!f->at)
        return find_one_by_one(cx, f, v);
    if (order_class(v) != order_class(item[0]) || is_nan(v))
        return f->list->n;
    while (low < high) {
        middle = low + (high - low) / 2;
        if (compare(cx, item[f->at[middle]], v) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < f->list->n && compare(cx, item[f->at[low]], v) == 0)
        return f->at[low];
    return f->list->n;
}

CEL_CALL(distinct)
{
    const struct cel_list *list = arg[0].list;
    struct cel_value *item = cel_new_items(cx, list->n);
    struct finder f;
    size_t i, count = 0;

    if (!item || !finder_init(cx, &f, list))
        return cel_spent();
    for (i = 0; i < list->n; i++)
        if (find(cx, &f, list->item[i]) >= i) /* NaN is found nowhere */
            item[count++] = list->item[i];
    return cx->fuel ? cel_list_of(cx, item, count) : cel_spent();
}

/* Whether there is one of `what` that is (or, without found, is not) in `in`.
 */
static struct cel_value any_found(struct cel_context *cx,
                                  const struct cel_list *in,
                                  const struct cel_list *what, bool found)
{
    struct finder f;
    bool answer = false;
    size_t i;

    if (!finder_init(cx, &f, in))
        return cel_spent();
    for (i = 0; i < what->n && !answer; i++)
        answer = (find(cx, &f, what->item[i]) < in->n) == found;
    return cx->fuel ? cel_bool(answer) : cel_spent();
}

static struct cel_value contains_all(struct cel_context *cx,
                                     const struct cel_list *in,
                                     const struct cel_list *what)
{
    struct cel_value v = any_found(cx, in, what, false);

    return v.kind == CEL_BOOL ? cel_bool(!v.b) : v;
}

CEL_CALL(sets_contains)
{
    return contains_all(cx, arg[0].list, arg[1].list);
}

CEL_CALL(sets_intersects)
{
    return any_found(cx, arg[0].list, arg[1].list, true);
}

CEL_CALL(sets_equivalent)
{
    struct cel_value v = contains_all(cx, arg[0].list, arg[1].list);

    return v.kind == CEL_BOOL && v.b
               ? contains_all(cx, arg[1].list, arg[0].list)
               : v;
}

/* -- parts and wholes --------------------------------------------------- */

CEL_CALL(range)
{
    struct cel_value *item;
    int64_t i;

    if (arg[0].i < 0)
        return cel_fail(cx, CEL_BAD_ARGUMENT,
                        "a range must not be negative: %" PRId64, arg[0].i);
    if ((uint64_t)arg[0].i > CEL_LIST_MAX)
        return cel_fail(cx, CEL_LIMIT, "a list of more than %zu items",
                        CEL_LIST_MAX);
    item = cel_new_items(cx, (size_t)arg[0].i);
    if (!item)
        return cel_spent();
    for (i = 0; i < arg[0].i; i++)
        item[i] = cel_int(i);
    return cel_list_of(cx, item, (size_t)arg[0].i);
}

CEL_CALL(slice_list)
{
    const struct cel_list *list = arg[0].list;
    int64_t from = arg[1].i, to = arg[2].i;
    const char *fault = from < 0 || to < 0 ? "negative indexes not supported"
                        : from > to        ? "start index must be less than or "
                                             "equal to end index"
                        : (uint64_t)to > list->n ? "the list is shorter"
                                                 : NULL;

    if (fault)
        return cel_fail(cx, CEL_BAD_ARGUMENT,
                        "cannot slice(%" PRId64 ", %" PRId64 "), %s", from, to,
                        fault);
    return cel_list_of(cx, list->n ? list->item + from : NULL,
                       (size_t)(to - from));
}

CEL_CALL(reverse)
{
    const struct cel_list *list = arg[0].list;
    struct cel_value *item = cel_new_items(cx, list->n);
    size_t i;

    if (!item)
        return cel_spent();
    for (i = 0; i < list->n; i++)
        item[i] = list->item[list->n - 1 - i];
    return cel_list_of(cx, item, list->n);
}

/* Counts the items, or copies them where there is a place for them; false:
 * there are too many. */
static bool flatten_into(struct cel_context *cx, const struct cel_list *list,
                         int64_t depth, struct cel_value *item, size_t *n)
{
    size_t i;

    for (i = 0; i < list->n; i++) {
        if (!cel_charge(cx, 1) || *n >= CEL_LIST_MAX)
            return false;
        if (depth > 0 && list->item[i].kind == CEL_LIST) {
            if (!flatten_into(cx, list->item[i].list, depth - 1, item, n))
                return false;
            continue;
        }
        if (item)
            item[*n] = list->item[i];
        ++*n;
    }
    return true;
}

CEL_CALL(flatten)
{
    int64_t depth = n == 2 ? arg[1].i : 1;
    struct cel_value *item;
    size_t count = 0, copied = 0;

    if (depth < 0)
        return cel_fail(cx, CEL_BAD_ARGUMENT, "level must be non-negative");
    if (!flatten_into(cx, arg[0].list, depth, NULL, &count))
        return cel_spent();
    item = cel_new_items(cx, count);
    if (!item || !flatten_into(cx, arg[0].list, depth, item, &copied))
        return cel_spent();
    return cel_list_of(cx, item, copied);
}

/* -- maps --------------------------------------------------------------- */

/* The keys or the values of all entries. */
static struct cel_value column(struct cel_context *cx, struct cel_value map,
                               bool keys)
{
    struct cel_value *item;
    size_t i;

    map = cel_map_open(cx, map);
    if (map.kind == CEL_ERROR)
        return map;
    item = cel_new_items(cx, map.map->n);
    if (!item)
        return cel_spent();
    for (i = 0; i < map.map->n; i++)
        item[i] = keys ? map.map->entry[i].key : map.map->entry[i].value;
    return cel_list_of(cx, item, map.map->n);
}

CEL_CALL(keys)
{
    return column(cx, arg[0], true);
}

CEL_CALL(values)
{
    return column(cx, arg[0], false);
}

/* -- sums --------------------------------------------------------------- */

struct sum {
    uint32_t kinds;   /* bits of those seen */
    __int128 integer; /* of ints, uints and nanoseconds */
    double real;      /* of all numbers, in their order */
};

static void sum_add(struct sum *s, struct cel_value v)
{
    s->kinds |= 1u << v.kind;
    if (v.kind == CEL_DOUBLE)
        s->real += v.d;
    else if (v.kind == CEL_UINT)
        s->real += (double)v.u;
    else
        s->real += (double)v.i;
    if (v.kind == CEL_UINT)
        s->integer += v.u;
    else if (v.kind != CEL_DOUBLE)
        s->integer += v.i;
}

#define BIT(kind) (1u << (kind))

static struct cel_value sum_value(struct cel_context *cx, const struct sum *s)
{
    const uint32_t numbers = BIT(CEL_INT) | BIT(CEL_UINT) | BIT(CEL_DOUBLE);
    bool fits = s->integer >= INT64_MIN && s->integer <= INT64_MAX;

    if (s->kinds != BIT(CEL_DURATION) && (s->kinds & ~numbers))
        return cel_no_overload(cx);
    if (cx->strict && (s->kinds & (s->kinds - 1)))
        return cel_no_overload(cx);
    if (s->kinds & BIT(CEL_DOUBLE))
        return cel_double(s->real);
    if (s->kinds == BIT(CEL_DURATION) && fits)
        return cel_duration((int64_t)s->integer);
    if (s->kinds != BIT(CEL_UINT) && fits)
        return cel_int((int64_t)s->integer);
    if ((s->kinds & BIT(CEL_UINT)) && s->integer >= 0 &&
        s->integer <= UINT64_MAX)
        return cel_uint((uint64_t)s->integer);
    return cel_fail(cx, CEL_OVERFLOW, "the sum is out of range");
}

CEL_CALL(sum)
{
    const struct cel_list *list = arg[0].list;
    struct sum s = { 0 };
    size_t i;

    if (!cel_charge(cx, list->n))
        return cel_spent();
    for (i = 0; i < list->n; i++)
        sum_add(&s, list->item[i]);
    return sum_value(cx, &s);
}

static const struct cel_overload overloads[] = {
    { "lists.range(int) -> list(int)", range },
    { "list(A).slice(int, int) -> list(A)", slice_list },
    { "list(A).reverse() -> list(A)", reverse },
    { "list(list(A)).flatten() -> list(A)", flatten },
    { "list(dyn).flatten(int) -> list(dyn)", flatten },
    { "list(A).distinct() -> list(A)", distinct },
    { "list(A).sort() -> list(A)", sort },
    { "list(A).isSorted() -> bool", is_sorted },
    { "list(A).min() -> A", min },
    { "list(A).max() -> A", max },
    { "list(int).sum() -> int", sum },
    { "list(uint).sum() -> uint", sum },
    { "list(double).sum() -> double", sum },
    { "list(duration).sum() -> duration", sum },
    { "sets.contains(list(A), list(A)) -> bool", sets_contains },
    { "sets.equivalent(list(A), list(A)) -> bool", sets_equivalent },
    { "sets.intersects(list(A), list(A)) -> bool", sets_intersects },
    { "map(A, B).keys() -> list(A)", keys },
    { "map(A, B).values() -> list(B)", values },
};

struct cel_library cel_library_collections(void)
{
    return CEL_LIBRARY(overloads);
}
