/*
 * heap.h - deadlines, earliest first; equal ones in the order they were
 * pushed.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_entry {
    nsec at;
    uint64_t order; /* set by heap_push */
    uint32_t id;    /* the caller's */
    uint32_t gen;   /* the caller's, to recognise a stale entry */
};

struct heap {
    struct heap_entry *entry;
    size_t n, room;
    uint64_t pushed;
};

void heap_release(struct heap *h);
void heap_push(struct heap *h, nsec at, uint32_t id, uint32_t gen);
/* The first entry, or NULL. */
const struct heap_entry *heap_top(const struct heap *h);
void heap_pop(struct heap *h);
/* Drops the entries that keep() does not want, in linear time. */
void heap_filter(struct heap *h,
                 bool (*keep)(void *arg, const struct heap_entry *e),
                 void *arg);

#endif
