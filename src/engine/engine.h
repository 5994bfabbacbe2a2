/*
 * engine.h - rules, evaluated on the state as it changes.
 *
 * A pure machine beside the two trees: it hears of every change that a rule
 * waits for (tree.h, interest), and the core asks it to evaluate at instants
 * of log time:
 *
 *   - the next 10 ms boundary after something changed that a rule read, and
 *   - deadlines: a rule's own (for, keep_firing_for, an intent's deadline) and
 *     the exact instant at which an expression's outcome changes by time.
 *
 * At an instant everything that may have changed is evaluated once, rules in
 * the order of the set; what they derive is written to the monitor tree and
 * may concern later rules at the same instant.  A deadline between boundaries
 * concerns who asked for it and what follows from that; what has been logged
 * since the last boundary waits for the next one, so that nobody sees it the
 * earlier because of another's deadline.  An instance that waits costs nothing.
 *
 * What comes out: transitions (everything that changed its state, for the
 * timeline), notices (alerts to deliver), decisions and orders (containers to
 * start, order.h), and the report.  All are a function of the shards, the ticks
 * and the rules.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/metrics.h"
#include "rule/rule.h"
#include "tree/tree.h"

#define ENGINE_GRAIN (10 * NSEC_MSEC) /* boundaries are multiples of this */

nsec next_boundary(nsec now); /* the first after now */

struct notice;   /* engine/notice.h */
struct decision; /* engine/order.h */

/* Something changed its state. */
struct transition {
    uint64_t ordinal; /* of all transitions, from 1 */
    nsec at;
    enum rule_kind kind;
    struct slice group, rule;
    struct slice instance; /* "" for a rule without foreach */
    struct slice from, to; /* "pending", "resolved", a phase, ...; from may be
                              "" */
    struct slice detail;   /* a few words for people, may be "" */
};

struct engine_sink {
    void *self;
    void (*transition)(void *self, const struct transition *t); /* or NULL */
    void (*notice)(void *self, const struct notice *n);         /* or NULL */
    void (*decision)(void *self, const struct decision *d);     /* or NULL */
};

struct engine;

struct engine_config {
    struct tree *state, *monitor; /* borrowed */
    struct names *names;          /* borrowed */
    uint32_t blade, origin;       /* the monitor's own, of its writes */
};

struct engine *engine_new(const struct engine_config *config);
/* Before the trees are released. */
void engine_free(struct engine *e);

void engine_zones(struct engine *e, const struct cel_zones *zones);
void engine_sink(struct engine *e, const struct engine_sink *sink);

/*
 * Takes the set (NULL: no rules) in place of the one before.  Rules that are
 * the same keep their instances, timers and counts; of those that are gone
 * alerts end.  A revive rule is the same as long as its name is.
 */
void engine_rules(struct engine *e, struct ruleset *set, nsec at);
const struct ruleset *engine_ruleset(const struct engine *e);

/* A shard is merged: rules that look at lines see it.  Called before merging;
 * level_hash and so on are the engine's business: tape may be NULL (text). */
void engine_line(struct engine *e, const struct tape *tape, size_t body,
                 struct slice text, uint32_t blade, nsec ts);
/* After the merge: what it wrote where errors are collected is counted. */
void engine_settle(struct engine *e, nsec ts);
/* What a blade has counted is the base's from now on, in every counter at once:
 * the tree says nothing of that. */
void engine_retired(struct engine *e);
/* Does any rule look at lines? */
bool engine_minds_lines(const struct engine *e);

/* The first instant at which there is something to evaluate; NSEC_MAX: none.
 * changes were merged up to `now`. */
nsec engine_due(struct engine *e, nsec now);
/* Something has changed that a rule read. */
bool engine_waits(const struct engine *e);
/* Evaluates at this instant; moved: time alone has changed the state at it (a
 * lease has run out), which is seen at once. */
void engine_evaluate(struct engine *e, nsec at, bool moved);
/* Everything at every boundary, found by looking and not by listening: slow,
 * the measure that the fast way is held against. */
void engine_exhaustive(struct engine *e, bool on);

/* -- what it knows, as of the last instant ------------------------------- */

/* Canonical JSON, one object. */
void engine_report(struct engine *e, nsec at, struct buf *out);
/* The same for people. */
void engine_report_text(struct engine *e, nsec at, struct buf *out);
/* Prometheus' shape: {"status":"success","data":{"groups":[...]}}. */
void engine_api_rules(struct engine *e, struct buf *out);
void engine_api_alerts(struct engine *e, struct buf *out);
void engine_metrics(struct engine *e, struct metrics *m);
/* One transition as a line of JSON, as the timeline has it; no newline. */
void transition_json(const struct transition *t, struct buf *out);
/* The same for people. */
void transition_text(const struct transition *t, struct buf *out);

struct engine_stats {
    uint64_t rules, instances, evaluations, errors, transitions, notices,
        decisions;
    uint64_t instants;   /* at which something was evaluated */
    uint64_t unmeasured; /* growth past WINDOWS_MAX, not remembered */
};

struct engine_stats engine_stats(const struct engine *e);

/*
 * Evaluates an expression over the state (variables: state, now).  ST_BAD:
 * problems say why.  ST_NONE: it ended in an error; out has its text, else the
 * value as JSON.  *ret_asks, unless ST_BAD, is what it asks for.
 */
struct engine_asks {
    bool timed;   /* ages, windows or now */
    bool derived; /* what rules derive */
};

CHECKED enum status engine_eval(struct engine *e, struct slice text, nsec now,
                                struct cel_problems *problems, struct buf *out,
                                struct engine_asks *ret_asks);

#endif
