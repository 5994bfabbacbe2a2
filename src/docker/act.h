/*
 * act.h - the only thing that changes containers.
 *
 * An act is looked at twice: a fresh inspect of the container (by full id) must
 * show what the order saw, else nothing is sent; then one POST.  What the
 * engine answers is classified by code, message and where need be another
 * inspect.  Only these are ever sent, to the act endpoint:
 *
 *   POST /containers/{id}/start
 *   POST /containers/{id}/restart?t=10     (act restart)
 *   POST /networks/{n}/disconnect, /connect  (repair_network)
 *   POST /containers/create, /networks/{n}/connect   (act recreate; and GETs of
 *        the networks, images and volumes it needs)
 *
 * never a stop, kill, exec or delete.
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
    struct slice container; /* id of what runs now: another after recreation */
    nsec took_for;
};

struct docker_act {
    enum docker_act_kind kind;
    struct slice name, container; /* its full id */
    struct slice status;          /* as seen: "exited" */
    nsec started_at, finished_at; /* as seen; 0: never */
    bool repair_network;
    void *self;
    void (*done)(void *self, const struct docker_acted *acted);
};

/*
 * done is called exactly once, later, from the loop, unless docker_stop()
 * comes first.  ST_AGAIN: the engine is not reachable at present, or four acts
 * are under way; nothing was begun.
 */
CHECKED enum status docker_act(struct docker *d, const struct docker_act *act);

#endif
