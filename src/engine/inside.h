/*
 * inside.h - the engine's own parts; for this folder only.
 */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include "base/heap.h"
#include "data/json.h"
#include "data/pretty.h"
#include "engine/notice.h"
#include "engine/engine.h"
#include "engine/subs.h"
#include "heal/heal.h"
#include "engine/window.h"

enum { MARK_STATE = 1, MARK_MONITOR = 2, MARKS = 3 };

#define TIMELINE_MAX         1000   /* transitions the report shows */
#define INSTANCES_MAX        200000 /* of all rules */
#define REPORT_INSTANCES_MAX 1000   /* of a rule */
#define TEXT_INSTANCES_MAX   20     /* of a rule, for people */

struct live;

/*
 * One element of a rule's foreach, or the only one of a rule without.  It
 * lives from the element's appearance until it has gone and its kind has
 * nothing left to do for it.
 */
struct instance {
    struct live *live;
    uint32_t id;  /* in engine.instance, for timers */
    bool dirty;   /* in the rule's list of what to evaluate */
    bool changed; /* something that it reads has: it waits for the boundary */
    bool prompt;  /* it does not wait for the boundary */
    bool gone;    /* the element is no longer there */
    bool touchy;  /* cel_outcome */
    bool failing; /* its last evaluation ended in an error that is not a
                     missing key, or it is marred */
    bool broken;  /* the evaluation under way did */
    bool marred;  /* the kind's: something that stays went wrong */
    uint32_t failure; /* if failing: a hash of what was told of it */
    nsec wake_at;     /* when time alone asks for an evaluation */
    nsec due_at;      /* ... because the kind does, not an expression */
    nsec queued_at;   /* its entry in the heap that counts; NSEC_MAX: none */
    uint32_t gen;     /* of that entry */
    struct instance *prev, *next; /* of the rule */
    void *own;                    /* the kind's, kind->instance_bytes */
    uint32_t key[RULE_STARS_MAX]; /* of the stars, referred to */
};

enum health { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_ERR };

/* Instances by their keys: places.c. */
struct place {
    uint32_t hash;
    struct instance *instance; /* NULL: free */
};

struct places {
    struct place *slot;
    uint32_t mask; /* slots - 1 */
    uint32_t used;
};

/* A rule and all that it has come to. */
struct live {
    const struct rule *rule;
    uint32_t number;                  /* in the set */
    uint8_t mark;                     /* the tree of its foreach */
    uint32_t literal[CEL_READ_DEPTH]; /* the foreach's keys; KEY_NONE: star */
    struct instance *first, *last;
    size_t ninstances;
    struct places places;
    bool all_dirty, queued;
    bool prompt, all_prompt; /* at once, not at the boundary */
    bool fresh; /* came with the last load, or has changed with it */
    struct instance **dirty;
    size_t ndirty, dirty_room;
    size_t failing; /* instances */
    bool crowded;   /* elements are without instance: INSTANCES_MAX */
    char *last_error;
    nsec last_error_at;
    uint64_t errors;
    bool error_told; /* a RuleError fires */
    nsec error_since;
    uint64_t evaluations;
    nsec evaluated_at;
    void *own; /* the kind's, kind->rule_bytes */
};

/* What a kind of rule is made of.  evaluate() of an instance that is gone is
 * called once more with each deadline until finished() answers true. */
struct kind {
    size_t instance_bytes, rule_bytes;
    void (*begin)(struct engine *e, struct live *l); /* or NULL */
    /* The rule is dropped by a reload: say what ends; instances still live. */
    void (*end)(struct engine *e, struct live *l, nsec at); /* or NULL */
    void (*evaluate)(struct engine *e, struct instance *i, nsec at);
    bool (*finished)(const struct instance *i); /* asked of gone ones */
    /* After the instances of an instant. */
    void (*settle)(struct engine *e, struct live *l);       /* or NULL */
    void (*release)(struct engine *e, struct instance *i);  /* or NULL */
    void (*release_rule)(struct engine *e, struct live *l); /* or NULL */
    /* One object for the report; instances in key order. */
    void (*report)(struct engine *e, struct live *l, struct buf *out);
    void (*report_text)(struct engine *e, struct live *l, struct buf *out);
};

extern const struct kind alert_kind, intent_kind, machine_kind, count_kind,
    errors_kind, revive_kind;
const struct kind *live_kind(const struct live *l);

struct timeline {
    char *line[TIMELINE_MAX]; /* JSON, a ring */
    uint64_t n;               /* ever */
};

struct heard; /* errors_hear.c */

struct engine {
    struct engine_config config;
    struct ruleset *set;
    struct live **live; /* by number */
    size_t nlive;
    struct subs *subs[MARKS];
    struct instance **instance; /* by id; NULL: free */
    uint32_t ninstances, instance_room, *free_id, nfree, free_room;
    size_t alive;
    struct heap timers;
    uint32_t timer_gen;
    struct heap queue;   /* rules with something dirty, by number */
    struct heap waiting; /* of those at an instant: nothing is prompt */
    bool prompt;         /* what gets dirty now is evaluated now */
    struct cel_vm *vm;
    struct cel_host host;
    struct cel_functions *functions;
    const struct cel_zones *zones;
    struct windows *windows;
    struct engine_sink sink;
    struct timeline timeline;
    struct heard *heard; /* NULL: no rule collects errors yet */
    bool minds_lines, exhaustive;
    const struct instance *proving; /* prove.h: whose expression is evaluated */
    nsec swept_at;
    nsec heard_at; /* log time of the last shard; INT64_MIN: none yet */
    nsec boundary; /* the one that was asked for last */
    nsec now;      /* the instant being evaluated, or the last */
    nsec clock;    /* of the last shard with an error */
    uint32_t seq;  /* of the monitor's writes at this instant */
    nsec seq_at;
    uint64_t ordinal, notice_ordinal, decision_ordinal;
    struct heal_turns *turns; /* of all revive rules */
    struct kept *kept;        /* what they know of theirs no more */
    size_t nkept;
    struct heal_scope *nowhere; /* what the kept are in */
    struct engine_stats stats;
};

/* The instant of what is derived and told: now, or that of an error since. */
static inline nsec engine_clock(const struct engine *e)
{
    return e->clock > e->now ? e->clock : e->now;
}

/* -- engine.c ------------------------------------------------------------- */

/* It cannot be relied upon at present; last_error says why. */
static inline bool rule_ill(const struct live *l)
{
    return l->failing > 0 || l->crowded;
}

/* Marks for the next instant. */
void dirty_instance(struct engine *e, struct instance *i);
void dirty_rule(struct engine *e, struct live *l);
void queue_rule(struct engine *e, struct live *l);
/* At once.  One that is gone may be freed. */
void evaluate_instance(struct engine *e, struct instance *i);

/* -- listen.c ---------------------------------------------------------------
 */

/* Makes the automata of all rules and hangs them on the trees. */
void listen_begin(struct engine *e);
void listen_end(struct engine *e);
/* Finds the elements of the rule's foreach that are there and makes an
 * instance of each; all: they are dirty even if they are not new. */
void listen_elements(struct engine *e, struct live *l);

/* -- eval.c -----------------------------------------------------------------
 */

enum verdict { VERDICT_FALSE, VERDICT_TRUE, VERDICT_NO_DATA, VERDICT_ERROR };

/* Starts an evaluation of an instance: forgets what the last one asked for. */
void eval_begin(struct instance *i);
/*
 * One expression of the instance's rule.  Wake-ups and touches are noted in
 * the instance.  The value is good until the next call.  An error that is no
 * missing key is told as the rule's (rule_failed).
 */
struct cel_value eval_value(struct engine *e, struct instance *i,
                            const struct cel_program *p);
/* Of a bool; anything else is an error. */
enum verdict eval_bool(struct engine *e, struct instance *i,
                       const struct cel_program *p);
/* A template's text; errors in it show as "<error: ...>" and are told, what is
 * missing shows as "<no data: ...>" and is not. */
void eval_template(struct engine *e, struct instance *i,
                   const struct rule_template *t, struct buf *out);
/*
 * An error of a value that a kind cannot use.  Of an evaluation the first one
 * counts; what the evaluation before has told already is not told again, so
 * that the number of errors does not depend on how often is evaluated.
 */
void rule_failed(struct engine *e, struct instance *i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of no instance: noted, but the rule is not ill. */
void rule_said(struct engine *e, struct live *l, struct slice text);
/* Missing data is not an error. */
bool is_no_data(struct cel_value v);
/* Time alone is to bring about an evaluation at this instant, at the latest;
 * then what the instance reads is looked at, boundary or not. */
static inline void wake(struct instance *i, nsec at)
{
    if (at < i->due_at)
        i->due_at = at;
    if (at < i->wake_at)
        i->wake_at = at;
}

/* -- places.c -------------------------------------------------------------- */

struct instance *instance_find(const struct engine *e, const struct live *l,
                               const uint32_t *key);
void places_add(const struct engine *e, struct instance *i);
void places_remove(const struct engine *e, const struct instance *i);
void places_release(struct places *p);

/* -- instance.c ------------------------------------------------------------ */

struct slice instance_key(const struct engine *e, const struct instance *i,
                          size_t star);
/* "i7", "i7/host": the keys, escaped as in a JSON Pointer. */
void instance_text(const struct engine *e, const struct instance *i,
                   struct buf *out);
/* All of a rule in key order; free() it.  ret_n may be 0. */
struct instance **instances_sorted(const struct engine *e, const struct live *l,
                                   size_t *ret_n);
/*
 * Instances in a report, at most REPORT_INSTANCES_MAX: first those of rank 0,
 * then those of rank 1, each in key order; others do not show.
 */
typedef int instance_rank(const struct instance *);
typedef void instance_writer(const struct engine *, const struct instance *,
                             struct buf *);
/* Appended to an open array; answers how many there was no room for. */
size_t instances_items(const struct engine *e, const struct live *l,
                       instance_rank *rank, instance_writer *object,
                       struct buf *out);
/* The whole array. */
size_t instances_json(const struct engine *e, const struct live *l,
                      instance_rank *rank, instance_writer *object,
                      struct buf *out);
/* Those of rank 0, a line each, at most TEXT_INSTANCES_MAX. */
void instances_text(const struct engine *e, const struct live *l,
                    instance_rank *rank, instance_writer *line,
                    struct buf *out);
/* Calls f for each of a rule, in key order. */
void instances_each(struct engine *e, const struct live *l,
                    void (*f)(struct engine *, struct instance *));
void instances_sort(const struct engine *e, struct instance **list, size_t n);
int instance_cmp(const struct engine *e, const struct instance *a,
                 const struct instance *b);
/* Found or made; NULL: past INSTANCES_MAX, and the rule is ill from then on,
 * until it is loaded anew. */
struct instance *instance_get(struct engine *e, struct live *l,
                              const uint32_t *key);
void instance_free(struct engine *e, struct instance *i);
/* The element's place; node NULL if it is not there. */
struct cel_place instance_place(const struct engine *e,
                                const struct instance *i);
void instance_schedule(struct engine *e, struct instance *i);
/* When the first instance wants to be woken; NSEC_MAX: none does. */
nsec timers_due(struct engine *e);
/* Marks all that are due, but for those that wait for the boundary. */
void timers_fire(struct engine *e, nsec at);
/* {"id":"i7","host":"a"}: the stars by name, for reports. */
void instance_json(const struct engine *e, const struct instance *i,
                   struct buf *out);

/* -- host.c ---------------------------------------------------------------- */

void host_init(struct engine *e);
struct tree *tree_of(const struct engine *e, unsigned mark);
/* What a node's window is found by: unlike path(), no two have the same. */
void window_path(const struct engine *e, uint8_t mark, const struct map *in,
                 uint32_t key, struct buf *out);
/* A number of the state: a counter's sum, else the text; false: none. */
bool node_amount(const struct node *n, amount *ret);

/* -- derive.c: what rules write; equal values are not written again ---------
 */

/* monitor.<section>.<rule>, made if need be. */
struct map *derive_rule(struct engine *e, const struct live *l);
/* ... and below it one map for each key of the instance. */
struct map *derive_instance(struct engine *e, const struct instance *i);
/* Removes that of an instance, and maps that are empty then. */
void derive_forget(struct engine *e, const struct instance *i);
struct map *derive_map(struct engine *e, struct map *in, struct slice key);
void derive_text(struct engine *e, struct map *in, const char *key,
                 struct slice value);
/* The same where the key is data. */
void derive_entry(struct engine *e, struct map *in, struct slice key,
                  struct slice value);
void derive_u64(struct engine *e, struct map *in, const char *key,
                uint64_t value);
void derive_bool(struct engine *e, struct map *in, const char *key, bool value);
/* An instant as RFC 3339. */
void derive_instant(struct engine *e, struct map *in, const char *key, nsec at);
/* JSON of an array, or a number. */
void derive_json(struct engine *e, struct map *in, struct slice key,
                 struct slice json);
/* From now on things are derived and told at this instant, if it is later than
 * the one before. */
void derive_at(struct engine *e, nsec at);
/* Adds at an instant of its own, which may be an earlier one. */
void derive_count(struct engine *e, struct map *in, struct slice key,
                  uint32_t blade, amount by, nsec ts);
void derive_erase(struct engine *e, struct map *in, struct slice key);
/* All that the rule wrote. */
void derive_drop_rule(struct engine *e, const struct live *l);
/* monitor.rules.<section>.<rule>: how it fares. */
void derive_health(struct engine *e, const struct live *l);

/* -- effect.c ---------------------------------------------------------------
 */

/* Tells a transition of the instance (or of the rule, i NULL). */
void tell(struct engine *e, const struct live *l, const struct instance *i,
          const char *from, const char *to, struct slice detail);

void timeline_json(const struct engine *e, struct buf *out);
void timeline_release(struct engine *e);

/* -- alert.c ----------------------------------------------------------------
 */

/* A rule's health changed: fires or ends its RuleError. */
void alert_health(struct engine *e, struct live *l, nsec at);
/* Its RuleError, if that fires, as alert_items() has alerts. */
void alert_health_item(const struct live *l, struct buf *out);
/* The rule goes to another group, which its RuleError is told by: it ends, and
 * begins anew with the next evaluation. */
void alert_health_move(struct engine *e, struct live *l);
/* The rule is going: its RuleError ends. */
void alert_health_end(struct engine *e, struct live *l, nsec at);
/* Active alerts as /api/v1/alerts has them, those that fire first, appended to
 * an open array; answers how many there was no room for. */
size_t alert_items(const struct engine *e, const struct live *l,
                   struct buf *out);
const char *alert_rule_state(const struct live *l); /* "firing", ... */
void alert_rule_counts(const struct live *l, uint64_t *ret_pending,
                       uint64_t *ret_firing);

/* -- intent.c, machine.c, revive.c -------------------------------------------
 */

/* How many instances there are in the k-th status or phase; false past the
 * last. */
bool intent_tally(const struct live *l, size_t k, struct slice *ret_status,
                  uint64_t *ret_n);
bool machine_tally(const struct live *l, size_t k, struct slice *ret_phase,
                   uint64_t *ret_n);
uint64_t revive_due(const struct live *l); /* containers */
/* The k-th path that revive rules wait for, from the root of the state; a star
 * is the container's name.  False past the last. */
bool revive_path(size_t k, struct rule_foreach *ret);
/* What is kept of containers that no rule has is forgotten. */
void revive_forget(struct engine *e);
/* Samples of all revive rules, as families. */
void revive_metrics(struct engine *e, struct live *const *list, size_t n,
                    struct metrics *m);

/* -- count.c ----------------------------------------------------------------
 */

/* One sample for each group, of the family begun. */
void count_samples(const struct live *l, struct metrics *m);

/* -- errors.c ----------------------------------------------------------------
 */

uint64_t errors_counted(const struct live *l);

/* Something was written where a rule collects errors. */
void errors_written(struct engine *e, struct live *l, unsigned mark,
                    const struct tree_change *c);

void errors_forget(struct engine *e);

/* -- report.c ----------------------------------------------------------------
 */

/* By group and name; free() it.  ret_n may be 0. */
struct live **rules_sorted(const struct engine *e, size_t *ret_n);
const char *rule_health(const struct live *l); /* "ok", "err" */

/* -- small things for reports ------------------------------------------------
 */

/* A member's name; its value is to follow. */
void json_name(struct buf *out, const char *name);
void json_member(struct buf *out, const char *name, struct slice value);
void json_member_u64(struct buf *out, const char *name, uint64_t value);
void json_member_raw(struct buf *out, const char *name, struct slice json);
void json_member_instant(struct buf *out, const char *name, nsec at);
/* Seconds with their fraction. */
void json_span(nsec span_for, struct buf *out);
void json_member_span(struct buf *out, const char *name, nsec span_for);

/* Spans of time, all-zero at first. */
struct spans {
    uint64_t n;
    amount seconds;
    nsec longest;
};

void spans_add(struct spans *s, nsec span_for);
/* {"max":5.5,"mean":2.25,"n":2} */
void spans_json(const struct spans *s, struct buf *out);
/* Appends ',' unless out ends with '{' or '['. */
void json_comma(struct buf *out);

#endif
