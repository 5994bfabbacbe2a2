/*
 * regex.h - RE2 behind a C face (regex.cc).
 *
 * RE2's syntax, time linear in the subject, memory capped.  matching is an
 * unanchored search of UTF-8.  No C++ exception leaves.
 */
#ifndef CEL_REGEX_H
#define CEL_REGEX_H

#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

#define REGEX_PATTERN_MAX 4096 /* bytes */
#define REGEX_MEMORY_MAX  (1024 * 1024)

/* Patterns that an evaluation computes: how many are kept, what the memory of
 * one may be, and the fuel that compiling one takes. */
#define REGEX_CACHED              16
#define REGEX_COMPUTED_MEMORY_MAX (256 * 1024)
#define REGEX_COMPILE_FUEL        1000
#define REGEX_COMPILE_FUEL_BYTE   100

/* ST_BAD: err says why; its column is the 1-based byte in pattern of the
 * fragment at fault, 0 if not known. */
enum status regex_new(struct slice pattern, struct regex **ret,
                      struct err *err) CHECKED;
void regex_free(struct regex *r); /* NULL is fine */
bool regex_matches(const struct regex *r, struct slice subject);
/* The fuel (cel/value.h) that a search of n bytes takes: where RE2's automaton
 * outgrows its memory, every byte costs a step for each part of the pattern. */
uint64_t regex_fuel(const struct regex *r, size_t n);

/* The last REGEX_CACHED computed patterns. */
struct regex_cache;

struct regex_cache *regex_cache_new(void);
void regex_cache_free(struct regex_cache *c);
/* An evaluation begins: what it costs must not depend on those before it. */
void regex_cache_turn(struct regex_cache *c);
/* Borrowed until the next call.  Takes from *fuel for what this evaluation did
 * not have lately; ST_LIMIT: there is too little. */
enum status regex_cache_get(struct regex_cache *c, struct slice pattern,
                            uint64_t *fuel, const struct regex **ret,
                            struct err *err) CHECKED;

#ifdef __cplusplus
}
#endif

#endif
