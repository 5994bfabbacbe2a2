/*
 * server.h - what the files of this folder share; nobody else includes it.
 *
 * The life of a request: route_begin() when the headers are there, then
 * route_data() for each piece of a body, then route_end(), which answers,
 * streams or parks it.  A parked request is suspended in libmicrohttpd; once
 * unparked, route_end() is called again.  A failure found early is kept in
 * req->answer, the rest of the body is thrown away, and the answer goes out
 * when the client is ready to read it.
 */
#ifndef HTTPD_SERVER_H
#define HTTPD_SERVER_H

#include "answer.h"
#include "endpoint.h"
#include "httpd.h"
#include "render.h"

#include "data/tape.h"

#include <microhttpd.h>

struct logs;
struct hold;
struct stream;
struct request;

enum outcome {
    OUT_ANSWER, /* req->answer is complete */
    OUT_STREAM, /* req->stream answers, bit by bit */
    OUT_PARKED  /* suspended; route_end() will be called again */
};

/* ORDER ROUTE: routes[] in route.c. */
enum route_id {
    ROUTE_LOGS,
    ROUTE_STATE,
    ROUTE_WATCH,
    ROUTE_REPORT,
    ROUTE_RULES,
    ROUTE_ALERTS,
    ROUTE_CONTAINERS,
    ROUTE_METRICS,
    ROUTE_HEALTHY,
    ROUTE_READY,
    ROUTE_RELOAD,
    ROUTE_HOLD,
    ROUTE_RELEASE,
    ROUTE_INDEX,
    ROUTE_OTHER, /* no such address */
    ROUTES
};

#define PARAMS_MAX 4

struct route {
    const char *method;
    const char *path;
    const char *about;
    unsigned right; /* HTTPD_*; 0: open to all */
    const char *params[PARAMS_MAX];
    void (*begin)(struct request *req); /* may be NULL */
    enum outcome (*end)(struct request *req);
};

extern const struct route routes[ROUTES];

enum parking {
    PARK_NONE,
    PARK_DURABLE, /* until the ticket of logs or hold is on disk */
    PARK_STALLED, /* until the intake takes lines again */
    PARK_RELOAD   /* until httpd_reloaded() */
};

struct request {
    struct httpd *httpd;
    struct MHD_Connection *conn;
    enum route_id route;
    const struct httpd_token *token; /* NULL: anonymous */
    bool head;
    nsec began_at;
    uint64_t thrown_away; /* bytes of a body that failed */
    struct answer answer; /* code 0: none yet */
    struct MHD_Response *stream;
    struct logs *logs;
    struct hold *hold;
    enum parking parked;
    struct request *prev, *next; /* in httpd->parked */
};

#define CODES_MAX 16

struct httpd_stats {
    uint64_t answers[ROUTES][CODES_MAX]; /* ORDER CODE: codes[] in answer.c */
    uint64_t accepted, rejected;
    uint64_t body_bytes;
    uint64_t dropped_watchers;
    unsigned in_flight;
};

struct httpd {
    struct loop *loop;
    struct httpd_config config;
    struct httpd_ports ports;
    struct MHD_Daemon *daemon;
    struct endpoint endpoint;
    struct buf address;
    struct loop_poll poll;
    struct loop_timer timeout; /* libmicrohttpd's */
    struct loop_timer sweep;   /* ours, once a second while somebody waits */
    bool sweeping;
    struct loop_turn turn;
    bool running; /* MHD_run() is being called */
    bool resumed; /* a connection was, since it was last called */
    bool again;   /* to be called again at once */
    bool stopping;
    struct intake_listener listener;
    uint64_t durable; /* the last ticket known to be */
    bool any_durable;
    struct request *parked; /* a list */
    size_t buffered;        /* bytes of bodies in memory */
    struct tape_parser *parser;
    struct renders renders;
    struct stream *streams; /* a list */
    unsigned nwatchers;     /* among them */
    struct httpd_stats stats;
};

/* route.c */
void route_begin(struct request *req, const char *url, const char *method);
const char *route_param(const struct request *req, const char *name);
bool route_flag(const struct request *req, const char *name);

/* guard.c: a failure is left in req->answer. */
void guard_check(struct request *req);

/* httpd.c */
void httpd_park(struct request *req, enum parking why);
void httpd_unpark(struct request *req);
void httpd_resume(struct httpd *h, struct MHD_Connection *conn);
void httpd_need_sweep(struct httpd *h);

/* logs.c */
void logs_begin(struct request *req);
void logs_data(struct request *req, struct slice chunk);
enum outcome logs_end(struct request *req);
void logs_free(struct request *req);
void logs_sweep(struct request *req);
void logs_durable(struct request *req);
void logs_discarded(struct request *req, uint64_t ticket,
                    const struct err *why);

/* hold.c */
enum outcome hold_end(struct request *req);
void hold_free(struct request *req);
void hold_sweep(struct request *req);
void hold_durable(struct request *req);
void hold_discarded(struct request *req, uint64_t ticket,
                    const struct err *why);

/* state.c, stream.c, pages.c */
enum outcome state_end(struct request *req);
enum outcome watch_end(struct request *req);
enum outcome report_end(struct request *req);
enum outcome rules_end(struct request *req);
enum outcome alerts_end(struct request *req);
enum outcome reload_end(struct request *req);
enum outcome containers_end(struct request *req);
enum outcome metrics_end(struct request *req);
enum outcome healthy_end(struct request *req);
enum outcome ready_end(struct request *req);
enum outcome index_end(struct request *req);

#endif
