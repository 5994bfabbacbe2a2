/*
 * counts.h - running totals turned into increments.
 *
 * {"$count": n} says what a blade has counted so far in this run.  The
 * increment is what that adds to the last total of the same run and path; a
 * total that is smaller than the last one started again from 0 (Prometheus'
 * rule for counter resets).  A total that was logged before the last one seen
 * (a smaller seq) adds nothing: it is contained in it.
 *
 * The totals of the two newest runs of a blade are kept; an older one that
 * speaks again adds nothing.
 */
#ifndef TREE_COUNTS_H
#define TREE_COUNTS_H

#include "base/amount.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

struct counts;

struct counts *counts_new(void);
/* How many totals are kept of one blade and of all. */
void counts_limit(struct counts *c, uint64_t per_blade, uint64_t all);
void counts_free(struct counts *c);

struct counted {
    uint32_t blade;
    uint32_t run;      /* a number that is this run's alone */
    struct slice path; /* any text that is this path's alone */
    uint64_t seq;
    amount total;
};

/* ST_LIMIT: too many paths of this blade, or of all. */
CHECKED enum status counts_step(struct counts *c, const struct counted *now,
                                amount *ret_step);

#endif
