/*
 * filter.h - which lines of a run have been seen: the guard against
 * duplicates.
 *
 * "Highest seen" would be wrong: lines of a run may arrive out of order.  A
 * filter is the contiguous stretch from the start and a set above it.
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct filter {
    int64_t prefix; /* everything up to here was seen */
    void *above;    /* a roaring bitmap; NULL: empty */
    uint64_t gaps;  /* stretches missing below the greatest seen */
};

/* first: the first number there can be. */
void filter_init(struct filter *f, uint32_t first);
void filter_release(struct filter *f);
/* Marks seq; false: it was seen before. */
bool filter_mark(struct filter *f, uint32_t seq);
/* Gives up the oldest gap; answers how many lines it stood for. */
uint64_t filter_close_gap(struct filter *f);

#endif
