/*
 * probe.h - does it answer?  Asked again and again, each answer a shard.
 *
 *   udp        send PING from a new connected socket, expect exactly PONG
 *   tcp        a connection is accepted
 *   http(s)    status in a range, body contains a text, body is JSON
 *
 * Of a target NAME every answer is one shard of blade "probes", under
 *
 *   probes.NAME {kind, target, ok, fails, down, since, at, latency, error,
 *                code, body, bodyCut}
 *
 * with a lease of three intervals (and the time-out): what nobody asks any
 * more is forgotten.  fails counts bad answers in a row, down says that there
 * are as many as it takes, since when `down` is what it is, at is the instant
 * of the last answer; body is a JSON answer, replaced wholesale, and bodyCut is
 * true if it is not all of it: longer texts than the state takes end there, the
 * rest that it does not take is left out.  If the target is a container, the
 * same shard writes ok, fails, down, since, at and error to
 * docker.containers.NAME.probe, with the same lease.  One that begins anew is
 * written at once, with fails 0 and without ok and at: nothing is known yet.
 *
 * Bad answers count only while `counts` is set and since its start period is
 * over; a good one ends the start period.  Until then it is asked every second.
 *
 * All sockets are on the loop; names are looked up on threads of their own and
 * never delay another target.  Targets are spread over the interval, in slots:
 * answers that come together are on disk together.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "base/instant.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "base/status.h"
#include "core/port.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define PROBE_TARGETS_MAX 2000
#define PROBE_SPAN_MAX    (3600 * NSEC_SEC)  /* of every setting */
#define PROBE_BODY_MAX    ((size_t)64 << 10) /* of an answer by HTTP */
#define PROBE_JSON_MAX    ((size_t)60 << 10) /* of one that is recorded */

enum probe_kind { PROBE_UDP, PROBE_TCP, PROBE_HTTP };

/* How a target is asked. */
struct probe_spec {
    enum probe_kind kind;
    bool tls;      /* https */
    bool insecure; /* its certificate is not verified */
    uint16_t port;
    char path[256];  /* of http; "/health" */
    char match[256]; /* the body has to contain it; "": anything goes */
    bool json;       /* the body has to be JSON and is recorded */
    uint16_t code_from, code_to; /* 200 to 299 */
    nsec interval;               /* 5 s */
    nsec timeout;      /* at most the interval; 0: 2 s, or the interval */
    uint32_t failures; /* 3 */
    nsec start_period; /* 10 s: bad answers do not count */
};

struct probe_spec probe_spec_default(void);
bool probe_spec_same(const struct probe_spec *a, const struct probe_spec *b);
nsec probe_spec_timeout(const struct probe_spec *spec);     /* never 0 */
const char *probe_spec_kind(const struct probe_spec *spec); /* "https" */

/*
 * Kind, port and path: "udp:8888", "tcp:5432", "http:8000/health",
 * "https:8443/".  With an address of its own: "udp:gw:8888", "tcp:[::1]:5432",
 * "http://gw/health"; ret_host is its part of text, or empty.  The rest of
 * spec stays.  ST_BAD: err says what is wrong.
 */
CHECKED enum status probe_spec_parse(struct slice text, struct probe_spec *spec,
                                     struct slice *ret_host, struct err *err);
/* One setting by name: "interval", "timeout", "failures", "start_period",
 * "status" ("200" or "200-399"), "match", "json", "insecure". */
CHECKED enum status probe_spec_set(struct probe_spec *spec, struct slice name,
                                   struct slice value, struct err *err);
/* What does not go together, once all is set. */
CHECKED enum status probe_spec_check(const struct probe_spec *spec,
                                     struct err *err);

struct probe_target {
    struct slice name; /* the key below probes; unique */
    struct slice host; /* an address or a name to look up; "" : not known at
                          present, nothing is asked */
    bool container;    /* NAME is a container's */
    bool counts;       /* bad answers count: it runs and is not paused */
    nsec started_at;   /* wall clock; the start period begins here; 0: it is
                          over */
    struct probe_spec spec;
};

enum probe_log { PROBE_INFO, PROBE_WARN };

struct probe_config {
    uint64_t seed;     /* of the spreading */
    size_t string_max; /* of the state, for one text; 0: 8 KiB */
    void *log_self;
    void (*log)(void *self, enum probe_log level, const char *sentence);
};

struct probes;

CHECKED enum status probes_start(struct loop *loop,
                                 const struct probe_config *config,
                                 const struct intake *intake,
                                 struct probes **ret, struct err *err);
void probes_stop(struct probes *p); /* NULL is fine */
void probes_free(struct probes *p);

/* Adds the target or changes it; what is the same goes on as it was.  Another
 * host or start begins anew, with no failures.  ST_LIMIT: too many.  ST_BAD:
 * such a name or host there is not. */
CHECKED enum status probes_set(struct probes *p,
                               const struct probe_target *target);
/* Asks no more; what is recorded is erased. */
void probes_drop(struct probes *p, struct slice name);
void probes_metrics(const struct probes *p, struct metrics *m);

#endif
