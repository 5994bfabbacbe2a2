/*
 * library.h - what the libraries of functions share.
 */
#ifndef CEL_LIBRARY_H
#define CEL_LIBRARY_H

#include "cel/function.h"

/* The head of a cel_call, which need not use all it is given. */
#define CEL_CALL(name)                                                         \
    static struct cel_value name(                                              \
        __attribute__((unused)) struct cel_context *cx,                        \
        __attribute__((unused)) const struct cel_value *arg,                   \
        __attribute__((unused)) size_t n)

/* The library whose overloads the array lists. */
#define CEL_LIBRARY(overloads)                                                 \
    ((struct cel_library){ overloads,                                          \
                           sizeof(overloads) / sizeof(*(overloads)) })

/* Fuel for n bytes that are copied, compared or searched. */
static inline bool cel_charge_bytes(struct cel_context *cx, uint64_t n)
{
    return cel_charge(cx, n / 16 + 1);
}

/* For texts that grow: a buffer to collect one, and the string it became,
 * which releases it; an error if it did not fit. */
struct buf cel_text_begin(void);
struct cel_value cel_text_end(struct cel_context *cx, struct buf *text);

static inline struct cel_value cel_no_overload(struct cel_context *cx)
{
    return cel_fail(cx, CEL_NO_OVERLOAD, "no such overload");
}

/* items in the order of their keys; equal keys keep theirs.  Keys must be of
 * one kind that is ordered; numbers are one unless strict. */
struct cel_value cel_sort(struct cel_context *cx, const struct cel_value *keys,
                          const struct cel_value *items, size_t n);
/* The first of those that compare as `want`, 1 or -1, to all others; items that
 * are not ordered, or none at all, are an error. */
struct cel_value cel_most(struct cel_context *cx, const struct cel_value *item,
                          size_t n, int want);

#endif
