/*
 * hash.h - XXH3 for short keys.  The seed keeps a stranger from choosing keys
 * that collide; it never shows in any output.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "slice.h"

static inline uint32_t hash_key(uint64_t seed, struct slice s)
{
    return (uint32_t)XXH3_64bits_withSeed(s.p, s.n, seed);
}

#endif
