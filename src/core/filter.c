#include "filter.h"

#include <roaring/roaring.h>
#include <stddef.h>

void filter_init(struct filter *f, uint32_t first)
{
    *f = (struct filter){ .prefix = (int64_t)first - 1 };
}

void filter_release(struct filter *f)
{
    if (f->above)
        roaring_bitmap_free(f->above);
    f->above = NULL;
}

static bool has(const struct filter *f, int64_t seq)
{
    return f->above && seq >= 0 && seq <= UINT32_MAX &&
           roaring_bitmap_contains(f->above, (uint32_t)seq);
}

/* Moves what now follows the prefix into it. */
static void join_prefix(struct filter *f)
{
    int64_t from = f->prefix + 1;

    while (has(f, f->prefix + 1))
        f->prefix++;
    if (f->prefix < from)
        return;
    roaring_bitmap_remove_range_closed(f->above, (uint32_t)from,
                                       (uint32_t)f->prefix);
    f->gaps--;
    if (roaring_bitmap_is_empty(f->above))
        filter_release(f);
}

bool filter_mark(struct filter *f, uint32_t seq)
{
    if ((int64_t)seq <= f->prefix || has(f, seq))
        return false;
    if ((int64_t)seq == f->prefix + 1) {
        f->prefix++;
        join_prefix(f);
        return true;
    }
    if (!f->above)
        f->above = roaring_bitmap_create();
    f->gaps++;
    f->gaps -= has(f, (int64_t)seq - 1);
    f->gaps -= has(f, (int64_t)seq + 1);
    roaring_bitmap_add(f->above, seq);
    return true;
}

uint64_t filter_close_gap(struct filter *f)
{
    int64_t first;

    if (!f->above)
        return 0;
    first = roaring_bitmap_minimum(f->above);
    first -= f->prefix + 1;
    f->prefix += first;
    join_prefix(f);
    return (uint64_t)first;
}
