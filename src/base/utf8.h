/*
 * utf8.h - strict UTF-8: no overlong forms, no surrogates, nothing above
 * U+10FFFF (Unicode 15, table 3-7).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

/* The number of leading bytes that are valid; s.n if all are. */
size_t utf8_prefix(struct slice s);

static inline bool utf8_valid(struct slice s)
{
    return utf8_prefix(s) == s.n;
}

/* Appends s with each maximal ill-formed part replaced by U+FFFD. */
void utf8_repair(struct slice s, struct buf *out);
/* The longest prefix of at most max bytes that cuts no character. */
struct slice utf8_cut(struct slice s, size_t max);

#endif
