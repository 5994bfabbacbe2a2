/*
 * self.h - which container this process runs in, so that it never follows
 * its own log.
 */
#ifndef APP_SELF_H
#define APP_SELF_H

#include "base/slice.h"

/* The id or a prefix of it, to be freed; NULL: in none that can be told. */
char *self_container_id(void);

/*
 * The same from what the system says: the text of /proc/self/mountinfo and of
 * /proc/self/cgroup, and the host's name where /.dockerenv is there.
 */
char *self_find(struct slice mountinfo, struct slice cgroup,
                struct slice hostname);

#endif
