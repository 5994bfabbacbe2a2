/*
 * alloc.h - memory that is always there.
 *
 * Allocation aborts rather than fails: what a stranger can make grow has a
 * cap elsewhere, so running out is our own mistake or the machine's end.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t n) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* A copy with a NUL behind it. */
char *xmemdup0(const char *p, size_t n)
    __attribute__((malloc, returns_nonnull));

#endif
