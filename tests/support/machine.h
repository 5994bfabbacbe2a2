/*
 * machine.h - a core under test, fed with text and read as text.
 */
#ifndef SUPPORT_MACHINE_H
#define SUPPORT_MACHINE_H

#include "base/buf.h"
#include "core/core.h"

/* Feeds one envelope line, which must be taken. */
void machine_feed(struct core *core, struct slice line);
void machine_tick(struct core *core, nsec ts);
/* The state alone, or (all) with what the monitor derives. */
void machine_state(const struct core *core, bool split, struct buf *out);
void machine_all(const struct core *core, struct buf *out);
/* The view at a path; "" if nothing is there. */
void machine_at(const struct core *core, const char *path, struct buf *out);

#endif
