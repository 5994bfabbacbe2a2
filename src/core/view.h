/*
 * view.h - reading the state from outside, one consistent cut at a time.
 *
 * A view is the core seen through const eyes; every call answers as of the
 * last shard merged.  Text is canonical JSON: keys sorted by their bytes, no
 * spaces, numbers as logged, counters collapsed to their sum.  The tree of
 * what the monitor derives is mounted at "monitor".
 */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"
#include "tree/path.h"

#include <stdbool.h>
#include <stdint.h>

struct core; /* owned by app */

/* Where text goes, piece by piece; false stops the writer. */
struct sink {
    void *self;
    bool (*write)(void *self, struct slice text);
};

struct view_options {
    bool split; /* counters as {"$counter":{blade: n}} */
};

/* ST_NONE if nothing stands at path; ST_END if the sink stopped it. */
CHECKED enum status view_write(const struct core *core, const struct path *path,
                               struct view_options options,
                               const struct sink *sink);
/* Appends it, counters collapsed; false: nothing stands at path. */
bool view_text(const struct core *core, const struct path *path,
               struct buf *out);
/*
 * Appends what will stand at the root's key once the lines of this blade that
 * wait for their turn are merged; false if nothing will.  A copy is made: for
 * the start of a process.
 */
bool view_ahead(const struct core *core, struct slice key, struct slice blade,
                struct buf *out);
/* The number of nodes at and below path, counted no further than limit. */
size_t view_weight(const struct core *core, const struct path *path,
                   size_t limit);
/* Log time: every shard before it has been merged. */
nsec view_watermark(const struct core *core);

/* The report as of the watermark: canonical JSON, or for people. */
void view_report(const struct core *core, bool text, struct buf *out);
/* As Prometheus' /api/v1/rules and /api/v1/alerts. */
void view_api_rules(const struct core *core, struct buf *out);
void view_api_alerts(const struct core *core, struct buf *out);

/*
 * Watching.  A watch collects the paths that change at or below its own.
 * view_changes() writes what happened since the last call as a JSON Patch
 * (RFC 6902) relative to the watched path: "add" (also for replaced members)
 * and "remove", in path order, and forgets it.  ST_AGAIN: nothing changed.
 * ST_LIMIT: more than a patch should carry changed; send the whole again.
 */
struct watch;

struct watch *watch_new(struct core *core, const struct path *path);
void watch_free(struct core *core, struct watch *watch); /* NULL is fine */
CHECKED enum status view_changes(struct core *core, struct watch *watch,
                                 struct buf *out);

#endif
