/*
 * near.h - which word was meant by one that is misspelt.
 */
#ifndef DATA_NEAR_H
#define DATA_NEAR_H

#include "base/slice.h"

#include <stddef.h>

/*
 * The one of words that is fewest edits (insert, delete, replace, swap of
 * neighbours) away from word; NULL if none is near enough to be meant.
 */
const char *near_word(struct slice word, const char *const *words, size_t n);

#endif
