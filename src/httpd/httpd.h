/*
 * httpd.h - the HTTP face: lines in, the state out.
 *
 * One thread, the loop's.  libmicrohttpd's epoll descriptor is watched by the
 * loop; a request that must wait (for its lines to be on disk, for a change to
 * report) is suspended and costs nothing meanwhile.
 *
 *   POST /logs         lines; 2xx only when they are durable
 *   GET  /state        the state, a consistent cut      ?path= &split
 *   GET  /state/watch  the same, then what changes, as server-sent events
 *   GET  /report       what the rules have come to      ?format=
 *   GET  /api/v1/rules /api/v1/alerts   Prometheus' shapes
 *   POST /-/reload     reads the rules anew
 *   POST /-/hold       no container, or this one, is revived    ?container=
 *   POST /-/release    the end of that
 *   GET  /containers   /metrics   /-/healthy   /-/ready   /
 *
 * Who may do what: while no token grants a right, everybody on this host has
 * it, and nobody beyond unless allow_anonymous says so.  As soon as one does,
 * a request needs "Authorization: Bearer <secret>" for it.  /-/healthy and
 * /-/ready are open.
 */
#ifndef HTTPD_HTTPD_H
#define HTTPD_HTTPD_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "base/status.h"
#include "core/port.h"
#include "core/view.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct httpd;

enum { HTTPD_WRITE = 1, HTTPD_READ = 2, HTTPD_ACT = 4 };

struct httpd_token {
    const char *name;   /* the blade of lines that come without ?blade= */
    const char *secret; /* not empty */
    unsigned may;       /* HTTPD_WRITE | HTTPD_READ | HTTPD_ACT */
};

/* Borrowed until httpd_free().  A 0 means the default behind it. */
struct httpd_config {
    const char *listen; /* ADDR:PORT, [ADDR]:PORT; port 0: any.
                           NULL: 127.0.0.1:7433 */
    bool allow_anonymous;
    const struct httpd_token *tokens;
    size_t ntokens;
    struct slice run; /* of posted lines: when the process started; copied */

    unsigned connections;  /* 1024 */
    unsigned watchers;     /* 64 */
    size_t body_bytes;     /* of one request, 32 MiB */
    size_t expanded_bytes; /* of one request's gzip, 256 MiB */
    size_t expanded_ratio; /* 200 times */
    size_t buffered_bytes; /* of all requests together, 512 MiB */
    size_t unsent_bytes;   /* of one watcher, 8 MiB */
    size_t render_nodes;   /* larger states are written by a child, 20,000 */
    size_t keyed_lines;    /* under one Idempotency-Key: as many as are
                              remembered, 65,536 */
    nsec idle_for;         /* a silent connection is closed, 30 s */
    nsec upload_for;       /* a body must have arrived within, 5 min */
    nsec durable_for;      /* lines must be on disk within, 30 s */
    nsec beat_for;         /* a sign of life to watchers, 15 s */
};

#define HTTPD_HOLD_MAX 64 /* containers at a time */

/* What an operator wants of revival.  Borrowed for the call. */
struct httpd_hold {
    bool release;             /* else hold */
    const struct slice *name; /* of containers, or ids of them; "*": all */
    size_t n;
    nsec hold_for;    /* 0: until it is released */
    struct slice why; /* or empty */
    struct slice by;  /* who: the token's name, else "anonymous" */
    nsec at;
    struct buf *note; /* from hold() to held(), whatever it may be */
};

struct httpd_ports {
    struct intake *intake;
    struct core *core;
    void *self;
    /* All families of the process, httpd_metrics() among them.  NULL: only
     * these. */
    void (*metrics)(void *self, struct metrics *m);
    /* One JSON value.  NULL: []. */
    void (*containers)(void *self, struct buf *out);
    /* Reads the rules anew; httpd_reloaded() says what came of it, later or
     * from within.  NULL: there is nothing to read. */
    void (*reload)(void *self);
    /* Hands it to the intake, for all of them or none.  ST_NONE: one is no
     * container, ST_BAD: it might be several; anything else: not now.  NULL:
     * nothing is revived here. */
    enum status (*hold)(void *self, const struct httpd_hold *hold,
                        uint64_t *ret_ticket, struct err *err);
    /* What has become of it, once it is durable: a JSON object a line for each
     * container. */
    void (*held)(void *self, const struct httpd_hold *hold, struct buf *out);
    /* True, or one sentence why not yet.  NULL: always. */
    bool (*ready)(void *self, struct buf *why);
};

/*
 * ST_DENIED: the address may not be listened on, or not without a token;
 * ST_BUSY: another program listens there; ST_BAD: the configuration.
 */
CHECKED enum status httpd_start(struct loop *loop,
                                const struct httpd_config *config,
                                const struct httpd_ports *ports,
                                struct httpd **ret, struct err *err);
/* Where it listens, the port as bound: "127.0.0.1:7433". */
const char *httpd_address(const struct httpd *h);
/*
 * Answers what can be answered and closes every connection.  Call it while
 * the loop and the core still live; the intake may still call back.
 */
void httpd_stop(struct httpd *h);
/* After httpd_stop(), once the intake has ended.  NULL is fine. */
void httpd_free(struct httpd *h);

/* Tells watchers what changed; after every group of merged shards or tick. */
void httpd_flush_watchers(struct httpd *h);
/*
 * Answers all that wait for a reload.  ST_OK, ST_NONE: 200; ST_BAD, ST_DENIED,
 * ST_LIMIT: 400, the files are at fault; else 503, not now.
 */
void httpd_reloaded(struct httpd *h, enum status st, struct slice said);
void httpd_metrics(const struct httpd *h, struct metrics *m);

#endif
