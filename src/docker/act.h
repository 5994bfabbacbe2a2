/*
 * act.h - the only thing that changes containers.
 *
 * A container is looked at before and after: a fresh inspect by its full id,
 * through the read endpoint and no older than a second, must show what the
 * order saw, else nothing is sent; then one POST, on a connection of its own,
 * never repeated; what the engine answers is told by its code and words, and
 * the look afterwards has the last word.  A start that lost its network may be
 * repaired, once for each network.  Nothing is sent later than 45 s after it
 * began, and all of it is over within a minute.  Never touched, whatever is
 * ordered: our own container, tasks of a swarm, --rm, role=monitor,
 * bladewatch.revive=never, bladewatch.ignore=true.
 *
 * Only these are ever sent, to the act endpoint:
 *
 *   GET  /version, unless it is the read endpoint: at the start too, and
 *                  every 5 s while nobody answers there
 *   POST /containers/{id}/start
 *   POST /containers/{id}/restart?t=10     (act restart)
 *   GET  /networks/{name}, POST /networks/{id}/connect   (repair_network)
 *   GET  /images, /networks, /volumes/...  (act recreate: is all there?)
 *   POST /containers/create, /networks/{name}/connect    (act recreate)
 *
 * never a stop, kill, exec, disconnect or delete.  A recreation that breaks off
 * leaves the container as created; the same order once more, or the start of
 * that container, connects what it lacks before it starts it.
 */
#ifndef DOCKER_ACT_H
#define DOCKER_ACT_H

#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>

struct docker;

enum docker_act_kind { DOCKER_START, DOCKER_RESTART, DOCKER_RECREATE };

/* Words of docker.acts.NAME.result; heal_result_name() has the same. */
struct docker_acted {
    const char *result;
    int code;               /* HTTP; 0: no answer */
    struct slice message;   /* what the engine said, or what was seen instead */
    struct slice container; /* its id: another once it was recreated */
    nsec took_for;
};

struct docker_act {
    enum docker_act_kind kind;
    struct slice name, container; /* its full id */
    struct slice status;          /* as seen: "exited" */
    nsec started_at, finished_at; /* as seen; 0: never */
    bool repair_network;
    void *self;
    /* Asked once there is a connection, immediately before each POST: false:
     * nothing is sent, and the result is "changed". */
    bool (*stands)(void *self);
    void (*done)(void *self, const struct docker_acted *acted);
};

/*
 * done is called exactly once, later, from the loop, unless docker_stop()
 * comes first.  ST_AGAIN: the engine is not reachable at present, or four acts
 * are under way, or one of this container; nothing was begun.
 */
CHECKED enum status docker_act(struct docker *d, const struct docker_act *act);

#endif
