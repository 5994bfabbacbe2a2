/*
 * stream.h - an answer that is written bit by bit: a large state from a
 * child's pipe, or a watcher's events.  A stream with nothing to say suspends
 * its connection.
 */
#ifndef HTTPD_STREAM_H
#define HTTPD_STREAM_H

#include "base/slice.h"
#include "base/status.h"
#include "core/view.h"
#include "tree/path.h"

struct httpd;
struct request;

/* A path as asked for, kept: its keys point into text and store. */
struct where {
    char *text;
    struct buf store;
    struct path path;
    struct view_options options;
};

/* From ?path= and ?split; a failure is left in req->answer. */
CHECKED enum status where_init(struct where *w, struct request *req);
void where_release(struct where *w);

/*
 * Makes req->stream write the state at w once, with a newline behind it.
 * Takes w.  ST_LIMIT: too many children write already.
 */
CHECKED enum status stream_state(struct request *req, struct where *w,
                                 struct err *err);
/* Makes req->stream a watcher of w.  Takes w. */
CHECKED enum status stream_watch(struct request *req, struct where *w,
                                 struct err *err);

/* Tells every watcher what changed. */
void streams_flush(struct httpd *h);
/* A sign of life to those that were silent for long. */
void streams_beat(struct httpd *h);
/* All of them notice that httpd->stopping is set. */
void streams_stop(struct httpd *h);

/* Renders what stands at w into out; ST_LIMIT if that is too much to do at
 * once. */
CHECKED enum status state_render(const struct httpd *h, const struct where *w,
                                 struct buf *out);

#endif
