/*
 * history.h - what has happened to containers, in the state:
 *
 *   docker.containers.<name>.events.<action> {at, n, exitCode, signal}
 *
 * when it last happened and how often, each event of the engine counted once.
 * It belongs to the container and goes with it to another name; a namesake
 * begins anew.  A name stands for one container at a time, as in the engine.
 *
 * What an earlier process recorded stays for the containers that are still
 * here and is erased for the others, once the engine has listed them.
 */
#ifndef DOCKER_HISTORY_H
#define DOCKER_HISTORY_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct container;
struct docker;
struct remembered;

enum happening {
    HAPPENED_CREATE,
    HAPPENED_START,
    HAPPENED_DIE,
    HAPPENED_KILL,
    HAPPENED_STOP,
    HAPPENED_RESTART,
    HAPPENED_PAUSE,
    HAPPENED_UNPAUSE,
    HAPPENED_RENAME,
    HAPPENED_UPDATE,
    HAPPENED_DESTROY,
    HAPPENED_OOM,
    HAPPENED_HEALTH_STATUS,
    HAPPENINGS
};

struct happened {
    nsec at;
    uint64_t n;                /* 0: never */
    int64_t exit_code, signal; /* -1: it was not said */
};

struct history {
    struct happened last[HAPPENINGS];
    nsec newest_at; /* of them all */
};

/* As the engine tells it. */
struct told {
    enum happening what;
    nsec at; /* timeNano */
    struct happened as;
    bool again;      /* perhaps not for the first time: from before our start */
    struct slice id; /* of the event, for ever */
};

/* When that was, in log time: the engine's clock may be set. */
nsec history_instant(const struct docker *d, nsec at);
/* An earlier process has recorded it already. */
bool history_knows(const struct container *c, const struct told *told);
void history_event(struct container *c, const struct told *told);
/* Inspect says that this is its name, since at the latest. */
void history_stand(struct container *c, nsec at);
/* The container is gone or ignored: what stands of it is erased. */
void history_leave(struct container *c, nsec at);

/*
 * At a process' first list, and once more when the state is whole: what it
 * holds, ...
 */
void history_remember(struct docker *d);
/* ... whose that is, now that all are listed, ... */
void history_adopt(struct docker *d);
/* ... and what is nobody's any more, now that all events are applied. */
void history_sweep(struct docker *d);
void history_release(struct docker *d);

#endif
