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

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

#define REGEX_PATTERN_MAX 4096 /* bytes */
#define REGEX_MEMORY_MAX  (8 * 1024 * 1024)

/* ST_BAD: err says why; its column is the 1-based byte in pattern of the
 * fragment at fault, 0 if not known. */
enum status regex_new(struct slice pattern, struct regex **ret,
                      struct err *err) CHECKED;
void regex_free(struct regex *r); /* NULL is fine */
bool regex_matches(const struct regex *r, struct slice subject);

/* The last few computed patterns. */
struct regex_cache;

struct regex_cache *regex_cache_new(void);
void regex_cache_free(struct regex_cache *c);
/* Borrowed until the next call. */
enum status regex_cache_get(struct regex_cache *c, struct slice pattern,
                            const struct regex **ret, struct err *err) CHECKED;

#ifdef __cplusplus
}
#endif

#endif
