/*
 * inside.h - what the files of this folder share.
 *
 *   probe.c   targets, when each is asked, what an answer means
 *   ask.c     one question at a time: sockets, look-ups, HTTP
 *   judge.c   answers by HTTP
 *   record.c  answers as shards
 *   spec.c    how a target is asked, from text
 */
#ifndef PROBE_INSIDE_H
#define PROBE_INSIDE_H

#include "base/buf.h"
#include "base/heap.h"
#include "data/tape.h"
#include "loop/lookup.h"
#include "net/http.h"
#include "probe/probe.h"

#include <uthash.h>

#define NAME_MAX_BYTES 256
#define SENTENCE_MAX   200
#define PLACE_MAX      1024

/* What was asked and has not been answered. */
struct question {
    nsec asked_at;
    bool waits;              /* for the addresses of its name */
    struct lookup_answer to; /* it is asked there, one after the other */
    size_t nth;
    const char *doubt; /* as it was when it began */
    int fd;            /* -1: none */
    struct loop_poll poll;
    struct http_request *request;
    bool headed; /* the answer has begun */
};

/* A JSON answer, as it is recorded. */
struct body {
    struct buf json;   /* the '$' of its keys is literal; empty: none */
    size_t string_max; /* more of a text, a number or an array the state does
                          not take */
    bool cut;          /* something of the answer is not in it */
};

/* What the target's shard says. */
struct record {
    bool answered; /* there was an answer, or its absence, since it began */
    bool ok, down;
    uint32_t fails;
    nsec since, at, latency;
    int code;
    char error[SENTENCE_MAX];
    char *body; /* JSON, '$' escaped; or NULL */
    bool cut;   /* the answer held more */
};

struct target {
    struct probes *p;
    UT_hash_handle hh;
    char name[NAME_MAX_BYTES + 1];
    char host[LOOKUP_NAME_MAX + 1]; /* "": it is not asked */
    bool container, counts;
    nsec started_at;
    struct probe_spec spec;

    uint32_t id;      /* p->target[id] */
    uint32_t gen;     /* of its entry in p->due */
    uint32_t share;   /* of the interval, in 2^-32: when its turn is */
    nsec due_at;      /* of the question that is out or comes next */
    nsec grace_until; /* the start period, by loop_now(); 0: it is over */
    bool asking;
    struct question question;

    bool figures; /* the host is an address */
    bool fixed;   /* and for that or another reason needs no looking up */
    struct lookup_answer found;
    nsec found_at;         /* by loop_now(): looked up last, or good last */
    const char *doubt;     /* why nobody says that found holds; NULL: it does */
    struct lookup *lookup; /* may outlive its question */

    struct record record;
    bool dirty; /* and in p->dirty: the shard is to be written */
    uint64_t failures;
};

struct probes {
    struct loop *loop;
    struct probe_config config;
    const struct intake *intake;
    struct intake_listener listener;
    struct http *http;
    struct lookups *lookups;
    struct tape_parser *parser;
    struct loop_timer timer;
    nsec timer_at; /* NSEC_MAX: it is not set */
    bool stopped;

    struct target *targets;
    struct target **target; /* by id; NULL: free */
    size_t room;
    uint32_t made, gens;
    struct heap due;

    uint32_t *dirty;
    size_t ndirty, dirty_room;
    struct loop_timer writer;
    bool writer_set;
    bool held; /* too much waits for the disk */
    char run[INSTANT_TEXT];
    uint32_t source;
    bool declared;
    struct buf out;
    nsec complained_at; /* of what is no target's fault */
};

/* -- probe.c -- */

void probes_say(struct probes *p, enum probe_log level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Log time, by which rules compare what stands in the state. */
nsec probes_now(const struct probes *p);
/* Of what is no fault of the target's: once in a minute. */
void probes_complain(struct probes *p, const char *name, const char *why);
/* The question is over.  body: the JSON to record, or NULL. */
void target_good(struct target *t, int code, const struct body *body);
void target_bad(struct target *t, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* It could not be asked, and that is no fault of the target's. */
void target_skip(struct target *t, const char *why);

/* -- ask.c -- */

/* Ends in one of the three above, at once or later. */
void question_ask(struct target *t);
/* Its addresses may be others by now: that is found out before its next turn.
 * What was found last holds while it cannot be, for some minutes. */
void question_doubt(struct target *t);
/* There was time enough. */
void question_late(struct target *t);
void question_end(struct target *t);
/* Where it is asked: "10.0.0.2:8888", "http://gw:8000/health". */
void question_place(const struct target *t, struct buf *out);

/* -- judge.c -- */

/*
 * Of a whole answer by HTTP.  true: it is good, and its JSON, if that is
 * wanted, in json, without what the state does not take.  false: why not.
 */
bool answer_judge(const struct probe_spec *s, struct tape_parser *parser,
                  int code, struct slice body, struct body *json,
                  char why[SENTENCE_MAX]);

/* -- spec.c -- */

/* An address in figures, or what could be a name. */
bool host_is_good(struct slice host);

/* -- record.c -- */

void record_dirty(struct target *t);
void record_durable(struct probes *p);
void record_discarded(struct probes *p);
void record_erase(struct probes *p, const char *name);

#endif
