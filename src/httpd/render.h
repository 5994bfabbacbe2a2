/*
 * render.h - a large state written by a child, as Redis' BGSAVE does: fork()
 * freezes the cut, the child writes it into a pipe and ends, and the parent
 * goes on merging.
 */
#ifndef HTTPD_RENDER_H
#define HTTPD_RENDER_H

#include "base/slice.h"
#include "base/status.h"
#include "core/view.h"
#include "loop/loop.h"

#include <sys/types.h>

#define RENDERS_MAX 4

/* The children; a place is free again when the child has been reaped. */
struct renders {
    struct loop *loop;
    struct loop_timer reap;
    pid_t child[RENDERS_MAX];
};

void renders_init(struct renders *rs, struct loop *loop);
/* Kills and reaps what is left. */
void renders_release(struct renders *rs);

struct render_job {
    const struct core *core;
    const struct path *path;
    struct view_options options;
    struct slice before, after; /* written around it */
};

struct render;

/*
 * `after` ends with a newline, by which the end is known.  ST_LIMIT:
 * RENDERS_MAX children are at work; ST_IO: the system refused one.
 */
CHECKED enum status render_start(struct renders *rs,
                                 const struct render_job *job,
                                 struct render **ret, struct err *err);
/* Ends the child, if it has not ended yet.  NULL is fine. */
void render_free(struct render *r);

/*
 * Up to *n bytes into p; *n becomes their number.  ST_AGAIN: none yet, fn
 * will be called once there are; ST_END: that was all; ST_IO: the child died
 * before it was done.
 */
CHECKED enum status render_read(struct render *r, char *p, size_t *n,
                                void (*fn)(void *arg), void *arg);

#endif
