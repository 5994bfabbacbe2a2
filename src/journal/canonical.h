/*
 * canonical.h - lines in canonical form, at speed; decode.c has the rest.
 */
#ifndef JOURNAL_CANONICAL_H
#define JOURNAL_CANONICAL_H

#include "core/event.h"

struct cursor_text {
    const char *p, *end;
};

/* A number at the cursor, which is moved behind it.  False: there is none. */
bool step_u64(struct cursor_text *c, uint64_t *ret);
bool step_i64(struct cursor_text *c, int64_t *ret);

/* False: not in the canonical form, or of the few that need more work. */
bool canonical_record(struct slice line, struct event *ret);
bool canonical_tick(struct slice line, struct event *ret);

#endif
