/*
 * errors.h - what the files of the errors rules share.
 *
 * errors_hear.c finds errors, among the lines and where they are written;
 * errors.c counts and groups them.
 */
#ifndef ENGINE_ERRORS_H
#define ENGINE_ERRORS_H

#include "inside.h"

/* One error that has been found. */
struct error {
    struct slice message;
    struct slice where; /* "line", or the path as people write it */
    uint32_t blade;
    nsec ts; /* of the shard */
};

void errors_count(struct engine *e, struct live *l, const struct error *error);

/* The rule judges lines from now on, or no longer. */
void errors_listen(struct engine *e, struct live *l);
void errors_leave(struct engine *e, struct live *l);

#endif
