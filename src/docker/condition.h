/*
 * condition.h - how the engine itself is, in the state:
 *
 *   docker.engine {state: up|down, since, upAt, downAt, why, version, api,
 *                  act: ok|denied|unreachable|off|dry_run}
 *
 * A connection that is cut and at once made again is no outage: many proxies
 * cut what is idle.  Down is what could not be reached when it was tried again,
 * since the cut.  A process that finds the engine as its predecessor left it -
 * the last event that was recorded is still in the engine's memory, so it was
 * not started anew - lets upAt stand.
 */
#ifndef DOCKER_CONDITION_H
#define DOCKER_CONDITION_H

#include "base/instant.h"
#include "base/metrics.h"
#include "base/status.h"
#include "data/tape.h"

#include <stdbool.h>

struct docker;

struct condition {
    bool known, up;
    bool was_up;    /* the state said so at the start */
    nsec was_since; /* since when; 0: it said nothing */
    nsec cut_at;    /* the connection broke and is being tried again */
    nsec since, up_at, down_at; /* 0: what the state has stands */
    char why[ERR_TEXT_MAX];
    char version[32];
    const char *act; /* NULL: ok */
    bool dirty;      /* to be written */
};

void condition_remember(struct docker *d, const struct tape *docker);
void condition_up(struct docker *d);
/* The connection is lost; was_up: it had been complete. */
void condition_lost(struct docker *d, bool was_up, const char *why);
/* Writes it if it is dirty. */
void condition_flush(struct docker *d);

/*
 * Whether acts get through: "ok", "denied" (by a proxy, say), "unreachable",
 * if they have an endpoint of their own, or not by our own will: "off" or
 * "dry_run".  Denied is forgotten when the connection is made anew.
 */
void engine_act_is(struct docker *d, const char *act);
bool engine_act_denied(const struct docker *d);

/* How acting stands, also while the engine is down. */
void condition_metrics(const struct docker *d, struct metrics *m);

#endif
