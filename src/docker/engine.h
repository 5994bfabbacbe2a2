/*
 * engine.h - what the files of this folder share; not for others.
 *
 * engine.c reaches the engine and agrees on a version, explain.c says why it
 * could not, condition.c keeps how it is.  events.c knows which containers
 * there are (heard.c, which events were told before), inspect.c how they are,
 * networks.c where, follow.c reads their logs.  facts.c writes what is known of
 * them, history.c what has happened to them, record.c brings that into the
 * journal once each.  stats.c asks what they use, usage.c says how that is
 * reckoned.  docker.c is the door.
 *
 * Everything is keyed by full id; names are attributes.  Deadlines are fields
 * that one timer of TICK looks at; nothing else waits.
 */
#ifndef DOCKER_ENGINE_H
#define DOCKER_ENGINE_H

#include "base/buf.h"
#include "core/port.h"
#include "data/tape.h"
#include "docker/condition.h"
#include "docker/docker.h"
#include "docker/follow.h"
#include "docker/heard.h"
#include "docker/history.h"
#include "docker/networks.h"
#include "docker/record.h"
#include "docker/select.h"
#include "docker/stats.h"
#include "net/http.h"

#include <uthash.h>

#define TICK            (100 * NSEC_MSEC)
#define ID_MAX          64
#define NAME_MAX_BYTES  255
#define LABELS_MAX      64
#define LABEL_KEY_MAX   256
#define LABEL_VALUE_MAX 1024

enum engine_state {
    ENGINE_DOWN,    /* waits for retry_at */
    ENGINE_ASKING,  /* GET /version */
    ENGINE_OPENING, /* GET /events */
    ENGINE_LISTING, /* events are kept until the list has come */
    ENGINE_UP
};

/* Where an engine, or a proxy before it, listens. */
struct endpoint {
    char *unix_path; /* or NULL */
    char *base_url;  /* "http://docker" or "http://host:port" */
};

/* What inspect says, as far as it matters here.  All-zero: not known yet. */
struct info {
    char name[NAME_MAX_BYTES + 1];
    char image[256];
    char status[16]; /* created, running, paused, restarting, exited, ... */
    char health[16]; /* "" without a health check */
    char policy[32];
    char driver[32];
    char started_text[INSTANT_TEXT + 4], finished_text[INSTANT_TEXT + 4];
    nsec started_at, finished_at; /* 0: never */
    int64_t exit_code, pid, restarts;
    char error[256];
    char address[ADDRESS_MAX]; /* "" while it has none */
    int64_t failing_streak, health_retries;
    nsec health_start_period;
    bool oom, tty, rotated, auto_remove;
    struct label label[LABELS_MAX];
    size_t nlabels;
    struct buf text; /* of the labels */
};

enum fact {
    FACT_ID,
    FACT_NAME,
    FACT_IMAGE,
    FACT_STATE,
    FACT_EXIT_CODE,
    FACT_OOM_KILLED,
    FACT_STARTED_AT,
    FACT_FINISHED_AT,
    FACT_RESTART_COUNT,
    FACT_HEALTH,
    FACT_PID,
    FACT_RESTART_POLICY,
    FACT_LABELS,
    FACT_ERROR,
    FACT_AUTO_REMOVE,
    FACT_FAILING_STREAK,
    FACT_HEALTH_RETRIES,
    FACT_HEALTH_START_PERIOD,
    FACT_EVENT,
    FACT_COUNT
};

struct facts {
    char *now[FACT_COUNT];     /* JSON text; NULL: nothing to say */
    char *written[FACT_COUNT]; /* as the journal has it */
    char *name; /* under which the container stands in the state, or NULL */
    bool all;   /* to be written, whatever was */
    bool dirty;
};

struct container {
    UT_hash_handle hh;
    struct docker *d;
    char id[ID_MAX + 1];
    struct info info;
    bool known;       /* info is filled */
    bool listed;      /* in the list being applied */
    bool explained;   /* an event told of it since the last list */
    bool gone;        /* destroyed; freed when its stream has been read */
    nsec vanished_at; /* the engine knows it no more, the event that says so is
                         awaited; 0: it is there */
    bool ignored;     /* label bladewatch.ignore: no word of it in the state */
    bool shown;
    bool warned;
    bool want_inspect;
    struct http_request *inspect;
    struct choice choice;
    nsec added_at;   /* loop_now() */
    nsec created_at; /* by the list, to the second; 0: not known */
    struct history history;
    struct facts facts;
    struct stats stats;
    struct follow follow;
};

struct counters {
    uint64_t reconnects, relists, bad_events, events, daemon_errors;
    uint64_t reopens, gaps, duplicates, recovered, stuck, probes, steps;
    uint64_t stats_missed;
};

struct docker {
    struct loop *loop;
    struct http *http;
    struct tape_parser *parser;
    const struct intake *intake;
    struct intake_listener listener;
    struct docker_config config;
    struct endpoint read, act; /* act all-zero: the same as read */
    int version_set;           /* minor; 0: as the engine offers */

    enum engine_state state;
    int minor;                   /* of the API version in use: 1.<minor> */
    int major_engine;            /* 20 of 20.10.24; 0: not known */
    int act_minor;               /* of the act endpoint; 0: not agreed on yet */
    bool denial_said;            /* that the act endpoint answers 403 */
    struct http_request *knock;  /* at the act endpoint: is anybody there? */
    nsec knock_at;               /* NSEC_MAX: somebody is */
    char away_why[ERR_TEXT_MAX]; /* why nobody is, as it was said */
    struct deed *deeds;          /* acts under way */
    struct specs *specs;         /* NULL: nothing is recreated */
    nsec retry_at, backoff_for;
    char last_sentence[ERR_TEXT_MAX]; /* said once while it stays the same */
    char down_why[ERR_TEXT_MAX];

    struct http_request *version, *events, *list;
    struct buf event_in;   /* an event, incomplete */
    struct buf event_kept; /* lines, until the list has come */
    size_t nkept;
    bool surprised; /* the list shows what no event told */
    int surprises;  /* in how many lists running */
    bool relist;    /* kept events were dropped: list again */
    struct heard heard;
    nsec again_until; /* loop_now(): what was heard before us is told again */
    nsec list_at;     /* when the last list was asked for */
    nsec relist_at;
    bool fresh;  /* the first list after connecting: inspect all */
    bool listed; /* there was one in this process */
    bool swept;  /* what was left behind is erased, since the state is whole */
    struct networks networks;
    struct condition condition;

    struct container *containers;
    size_t ninspecting, nprobing;
    size_t open_bytes; /* of lines being put together, of all streams */
    bool over_max_said;

    struct stats_round round; /* of statistics */

    struct loop_timer tick;
    nsec started_at, step_until, clock_offset;
    uint64_t rng;
    bool stopped;
    bool intake_full; /* waits for durable() */
    struct records records;
    struct remembered *remembered;
    nsec written_at, erased_at; /* log time: the last facts, the last erasure */
    nsec facts_retry_at;
    bool looked_around; /* all that were here at the start are known */
    struct counters counters;
};

/* docker.c */
void docker_say(struct docker *d, enum docker_log level, const char *format,
                ...) __attribute__((format(printf, 3, 4)));
/* Log time. */
nsec docker_now(const struct docker *d);
/* 50..100 % of span, from the seeded generator. */
nsec docker_jitter(struct docker *d, nsec span);

/* engine.c */
void engine_connect(struct docker *d);
void engine_lost(struct docker *d, const char *why);
void engine_tick(struct docker *d);
void engine_close(struct docker *d);
CHECKED enum status engine_parse_endpoint(const char *text, struct endpoint *e,
                                          struct err *err);
void endpoint_release(struct endpoint *e);
const char *endpoint_name(const struct endpoint *e); /* for people */
/* The minor version to speak with whoever answered /version with t. */
CHECKED enum status engine_agree(const struct endpoint *e, const struct tape *t,
                                 int *ret_minor, char *why, size_t size);
/* explain.c: what a person must know to mend it. */
void engine_explain(struct docker *d, const struct endpoint *e,
                    const struct http_end *end, char *out, size_t size);
/* An answer that ends the connection: says why. */
void engine_refused(struct docker *d, const struct http_end *end);
/* A GET below /v1.N with the usual time-outs; path is "/containers/...". */
CHECKED enum status engine_get(struct docker *d, const char *path,
                               struct http_ask *get,
                               struct http_request **ret_request);
/* "message" of an error's JSON body, or its first words; for people. */
void engine_message(struct docker *d, const struct http_end *end, char *out,
                    size_t size);

/* events.c */
void events_open(struct docker *d);
void events_list(struct docker *d);
void events_tick(struct docker *d);

/* inspect.c */
bool container_id_ok(struct slice id); /* fit for an address */
/* To whoever wants to see where it is and how. */
void container_show(struct container *c);
bool container_is_self(const struct docker *d, struct slice id);
struct container *container_find(struct docker *d, struct slice id);
/* NULL if there are too many. */
struct container *container_add(struct docker *d, struct slice id);
void container_free(struct container *c);
/* Lists and inspects do not show it: gone, unless an event tells so first. */
void container_vanished(struct container *c);
/* at: when it was removed, in log time. */
void container_gone(struct container *c, nsec at);
void inspect_want(struct container *c);
/* Asks anew even if an answer is under way. */
void inspect_anew(struct container *c);
void inspect_pump(struct docker *d);
void container_rename(struct container *c, struct slice name);
struct labels container_labels(const struct container *c);

/* facts.c */
void facts_update(struct container *c);
/* It stands under another name from now on; NULL: none. */
void facts_stand(struct container *c, const char *name);
void facts_event(struct container *c, const char *action, nsec at,
                 int64_t exit_code);
/* One line of blade "docker". */
CHECKED enum status facts_put(struct docker *d, struct buf *b, nsec ts);
void facts_flush(struct docker *d);
void facts_forget(struct docker *d); /* the journal lost them */
void facts_later(struct docker *d);  /* the journal cannot be written */
void facts_release(struct facts *f);

/* act.c */
void acts_tick(struct docker *d);
void acts_stop(struct docker *d);

/* Walking a tape: indices of values; 0 is "not there". */
size_t tape_find(const struct tape *t, size_t object, const char *key);
size_t tape_at(const struct tape *t, const char *const *keys, size_t n);
size_t tape_next(const struct tape *t, size_t i);
struct slice tape_string(const struct tape *t, size_t i); /* "" if none */
int64_t tape_int(const struct tape *t, size_t i);
bool tape_true(const struct tape *t, size_t i);
void copy_text(struct slice s, char *out, size_t size); /* may be cut */

#endif
