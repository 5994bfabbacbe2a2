/*
 * stats.h - what containers use, asked in rounds; not for others.
 *
 * Every stats_every each container that runs is asked once, 32 at a time, and
 * whoever has not answered after 4 s has missed the round.  What came is
 * recorded together when all are through:
 *
 *   docker.containers.<name>.stats {"$set":{...},"$ttl":three rounds}
 *
 * No stream of statistics is kept open: they are what makes an engine slow.
 */
#ifndef DOCKER_STATS_H
#define DOCKER_STATS_H

#include "base/buf.h"
#include "base/metrics.h"
#include "docker/usage.h"

struct container;
struct docker;
struct http_request;

/* Of a container; all-zero at first. */
struct stats {
    struct http_request *request;
    bool waiting;       /* to be asked in this round */
    bool fresh;         /* usage is the answer to the last question */
    bool recorded;      /* the state has it, unless its lease is over */
    struct usage usage; /* the last there was */
};

struct stats_round {
    nsec began_at; /* 0: there was none yet */
    size_t asking;
    bool open;
    bool refused; /* and that was said */
};

void stats_tick(struct docker *d);
void stats_lost(struct docker *d); /* the engine does not answer */
void stats_release(struct container *c);
/* The object of GET /containers, or null. */
void stats_json(const struct container *c, struct buf *out);
void stats_metrics(const struct docker *d, struct metrics *m);

#endif
