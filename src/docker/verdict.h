/*
 * verdict.h - what an engine's answer to an act means.  Pure.
 *
 * Codes alone say little: 404 is a container that is gone, or its network, or
 * the container whose network it joins; 500 is a port that is taken, or
 * anything.  So the words count too, and for whatever is not clear the
 * container is looked at again.
 */
#ifndef DOCKER_VERDICT_H
#define DOCKER_VERDICT_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>

/* What an act expects of a container, or what it was seen to be. */
struct sight {
    bool known; /* there was an answer */
    bool gone;  /* ... and it was that there is none */
    struct slice status;
    nsec started_at, finished_at; /* 0: never */
};

/*
 * A word of docker.acts.NAME.result for the code and message of an answer to
 * start, restart or create.  id: of the container acted on, since a 404 may
 * tell of another.
 */
const char *verdict_of(int code, struct slice message, struct slice id);
/*
 * The same in the light of how the container looks afterwards: an engine may
 * have done what it did not answer for, or not done what it said.
 */
const char *verdict_after(const char *verdict, const struct sight *before,
                          const struct sight *after);

/* The port in "Bind for 0.0.0.0:18080 failed"; 0: none is named. */
int verdict_port(struct slice message);
/* The id or name in "network c0a4... not found"; empty: none is named. */
struct slice verdict_network(struct slice message);

#endif
