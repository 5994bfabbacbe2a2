/*
 * spec.h - inspects that are kept, for when a container has been removed.
 *
 * A removed container can be asked nothing.  So of those labelled
 * bladewatch.recreate=true what inspect says is kept on disk, anew whenever it
 * has changed: DIR/<id>.json, once it is removed DIR/<id>.gone, for a day.
 * The files hold secrets (the environment): mode 0600 in a directory of mode
 * 0700, and nothing of them is ever shown.  They are written on another
 * thread.
 */
#ifndef DOCKER_SPEC_H
#define DOCKER_SPEC_H

#include "docker/engine.h"

#define SPEC_MAX (1u << 20)

struct specs;

struct specs *specs_open(struct docker *d, const char *dir);
void specs_close(struct specs *s); /* NULL is fine, here and below */
/* Drops what is a day old; looks at the directory now and then. */
void specs_tick(struct specs *s);

/* Inspect has shown the container to be so. */
void spec_keep(struct specs *s, const struct container *c,
               const struct tape *inspect);
void spec_gone(struct specs *s, const struct container *c);
void spec_forget(struct specs *s, const char *id);
/* Appends what body_spec() made; ST_NONE: nothing is kept. */
CHECKED enum status spec_load(struct specs *s, const char *id, struct buf *out);
/*
 * Of its compose project at least one more container was removed at about the
 * same time: it was taken down.
 */
bool spec_taken_down(const struct specs *s, const char *id);

#endif
