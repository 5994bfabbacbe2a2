/*
 * arena.h - memory that is freed all at once.
 *
 * For what lives and dies together: the tree of one expression, the values of
 * one evaluation.  The cap is given once; past it arena_alloc() answers NULL
 * and the arena remembers `full`, so the caller can tell a limit from success
 * once at its end.  All-zero is an arena with cap 0.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest */
    size_t used;               /* bytes handed out */
    size_t cap;
    bool full; /* something was refused since init or reset */
};

void arena_init(struct arena *a, size_t cap);
void arena_release(struct arena *a); /* also of NULL and all-zero */
void arena_reset(struct arena *a);   /* empty, keep one chunk */

/* Zeroed, aligned for anything; NULL past the cap.  n == 0 is one byte. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy with a NUL behind it; p == NULL past the cap. */
struct slice arena_copy(struct arena *a, struct slice s);

#endif
