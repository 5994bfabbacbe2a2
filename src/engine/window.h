/*
 * window.h - what increase() and changes() remember of a node.
 *
 * Only nodes that a rule asks about have a window, from the first write that
 * the rule could see.  Growth is kept with its instant, exactly, until there
 * are more than 120 within the window; then those of one sixtieth of it are
 * added up.  Nothing is extrapolated.
 */
#ifndef ENGINE_WINDOW_H
#define ENGINE_WINDOW_H

#include "base/amount.h"
#include "base/instant.h"
#include "base/slice.h"
#include "cel/host.h"

#define WINDOWS_MAX 20000 /* nodes with history */

struct windows;

struct windows *windows_new(void);
void windows_free(struct windows *w);
/* path: any text that names the node and its tree.  ST_LIMIT: WINDOWS_MAX. */
CHECKED enum status windows_add(struct windows *w, struct slice path,
                                enum cel_window kind, nsec window_for, nsec ts,
                                amount by);
/* The sum over (now - window_for, now]; ret_until as host.h says. */
amount windows_sum(struct windows *w, struct slice path, enum cel_window kind,
                   nsec window_for, nsec now, nsec *ret_until);
/* Nodes beyond WINDOWS_MAX went without a history, and this may be one. */
bool windows_unknown(struct windows *w, struct slice path, enum cel_window kind,
                     nsec window_for);
/* Drops what has left every window by now. */
void windows_sweep(struct windows *w, nsec now);

#endif
