/*
 * docker.h - the Docker engine as a source of lines.
 *
 * Follows the logs of the containers that are chosen (see select.h), each
 * line once, and writes what is known of every container as shards under
 * docker.containers.<name>.  An engine that is absent, too old, refuses or
 * restarts costs one sentence in the log and is asked again; nothing else
 * stops.  Only GET requests are sent to the endpoint; what changes containers
 * goes to the act endpoint, see act.h.
 *
 * Blade of a container's lines: its name.  Run: "<id>.<StartedAt>"; for lines
 * of lives that nobody recorded "<id>.history".
 */
#ifndef DOCKER_DOCKER_H
#define DOCKER_DOCKER_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/status.h"
#include "core/port.h"
#include "core/source.h"
#include "docker/select.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

enum docker_log { DOCKER_INFO, DOCKER_WARN };

/* What is read of a container that is found running and was never read. */
enum docker_history {
    DOCKER_TAIL, /* the last history_lines lines */
    DOCKER_ALL,
    DOCKER_NOTHING
};

/* A container as inspect has just shown it, for whoever asks whether it
 * answers.  All borrowed for the call. */
struct docker_seen {
    struct slice id, name;
    bool gone;           /* there is none any more: the rest is empty */
    bool ignored;        /* label bladewatch.ignore */
    struct slice status; /* "running", ... */
    nsec started_at;
    nsec start_period; /* of its HEALTHCHECK; 0: none */
    struct slice
        address; /* of a network that we share, else of any; "127.0.0.1"
                    of the host's own; "" while it has none */
    struct labels labels;
};

struct docker_config {
    const char *endpoint; /* unix:///path, tcp://host:port, http://host:port;
                             NULL: unix:///var/run/docker.sock */
    const char *act_endpoint; /* likewise; NULL: the endpoint */
    bool observe;             /* nothing will be asked to act: it is in the
                                 state, docker.engine.act */
    bool dry_run;             /* likewise, but as if it were */
    const char *spec_dir;     /* where inspects are kept for recreation; NULL:
                                 nothing is ever recreated */
    nsec stats_every;         /* 0: no statistics are asked for */
    void *seen_self;
    void (*seen)(void *self, const struct docker_seen *c); /* or NULL */
    void *recorded_self;
    /* Appends what the state holds below "docker", a JSON object, if it holds
     * anything; asked at the start and once more.  NULL: nobody knows. */
    void (*recorded)(void *self, struct buf *out);
    const char *api_version; /* "1.41"; NULL: as the engine offers */
    const char *self_id; /* our own container's id or a prefix; NULL: none */
    const struct docker_rule *rules; /* docker.select */
    size_t nrules;
    enum docker_history history;
    uint64_t history_lines; /* 0: 1000 */
    size_t containers_max;  /* 0: 500 */
    size_t line_max;        /* 0: 1 MiB */
    uint64_t seed;          /* of the jitter */
    void *log_self;
    void (*log)(void *self, enum docker_log level, const char *sentence);
};

struct docker;

/*
 * Everything in config is copied.  ST_BAD: the endpoint or the version is
 * nonsense.  That no engine answers is no failure: it is tried for ever.
 */
CHECKED enum status docker_start(struct loop *loop,
                                 const struct docker_config *config,
                                 const struct intake *intake,
                                 struct docker **ret_docker, struct err *err);
/* Ends all requests; the intake must outlive the call.  NULL is fine. */
void docker_stop(struct docker *d);
/* After docker_stop(), once the intake calls its listeners no more. */
void docker_free(struct docker *d);

/*
 * True while some stream still reads what was logged before it was opened, or
 * is about to at the start; *ret_since is the loop_now() at which that began.
 */
bool docker_draining(const struct docker *d, nsec *ret_since);
bool docker_up(const struct docker *d);
/*
 * The JSON array of GET /containers.  more, if not NULL, may append members
 * to a container's object, each as ,"key":value.
 */
void docker_containers(const struct docker *d, struct buf *out,
                       void (*more)(void *self, struct slice name,
                                    struct buf *out),
                       void *self);
void docker_metrics(const struct docker *d, struct metrics *m);

#endif
