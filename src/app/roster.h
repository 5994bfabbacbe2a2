/*
 * roster.h - what people are told of the containers under revive rules.
 */
#ifndef APP_ROSTER_H
#define APP_ROSTER_H

#include "core/core.h"

/* Appends ,"probe":{...}|null,"revival":{...}|null of a container, as they are
 * in the state. */
void roster_container(const struct core *core, struct slice name,
                      struct buf *out);
/* Appends the revival alone, an object or null. */
void roster_revival(const struct core *core, struct slice name,
                    struct buf *out);

/*
 * Says which containers are in the scope of which revive rule, and whom it
 * leaves down: once at the start; then who came and went, some time after the
 * change, so that a cluster that comes up is one line and not fifty.  A scope
 * that has become empty is a warning.
 */
struct roster_rule;

struct roster {
    const struct core *core;
    void *self;
    void (*say)(void *self, bool warning, const char *sentence);
    struct roster_rule *rules; /* as they were said */
    bool looked;
    uint64_t instants; /* of the engine, when the next look was set */
    nsec look_at;      /* 0: not before something is evaluated */
};

/* now: monotonic, from time to time. */
void roster_tick(struct roster *r, nsec now);
void roster_release(struct roster *r);

#endif
