/*
 * heal.h - one container that ought to run: what to do about it, and why.
 *
 * A pure machine.  It is told what is known (struct heal_facts) at an instant
 * of log time, and answers with decisions and, sometimes, the order to act.
 * Every decision - also the decision not to act - is told once, with its
 * reason.  Nothing here knows trees, rules or Docker's API.
 *
 *   OK ── down ──▶ SUSPECT ── settled ──▶ WAITING ── its turn ──▶ ACTING
 *    ▲                │ up again, removed      ▲ failed, back-off    │ result
 *    └── verified ────┴─────────── VERIFYING ◀─┴────────────────────┘
 *
 * and beside them the states in which nothing is done until something changes:
 * HELD, COMPLETED, GIVEN_UP, BLOCKED, LOOPING, FROZEN, MISSING, EXEMPT.  (One
 * that is blocked by a port or a network is tried again after the longest
 * back-off.)  What each event does in each state is the table in table.c.
 *
 * An order that was not sent costs nothing and is given again, without a word
 * for as long as the reason is the same.
 *
 * Asking again at the same instant, or at instants in between, changes
 * nothing: what is decided depends on the facts and on deadlines, not on how
 * often it is asked.
 */
#ifndef HEAL_HEAL_H
#define HEAL_HEAL_H

#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum heal_state {
    HEAL_OK,        /* runs, or need not */
    HEAL_SUSPECT,   /* down; what else happens is waited for */
    HEAL_WAITING,   /* down for sure: back-off, breaker, its turn */
    HEAL_ACTING,    /* an order is out */
    HEAL_VERIFYING, /* started; does it stay up and answer? */
    HEAL_HELD,      /* an operator wants it as it is */
    HEAL_COMPLETED, /* ended well, and need not run again */
    HEAL_GIVEN_UP,  /* too many attempts, or no attempt can help */
    HEAL_BLOCKED,   /* something has to be mended first */
    HEAL_LOOPING,   /* the engine restarts it again and again */
    HEAL_FROZEN,    /* runs and does not answer */
    HEAL_MISSING,   /* removed */
    HEAL_EXEMPT,    /* never touched: see enum heal_exempt */
    HEAL_STATES
};

const char *heal_state_name(enum heal_state state); /* "ok", "given_up", ... */

/* As the engine has it. */
enum heal_status {
    HEAL_UNKNOWN, /* nothing is known, or a word that is new to us */
    HEAL_CREATED,
    HEAL_RUNNING,
    HEAL_PAUSED,
    HEAL_RESTARTING,
    HEAL_EXITED,
    HEAL_REMOVING,
    HEAL_DEAD,
    HEAL_GONE /* there is no such container any more */
};

const char *heal_status_name(enum heal_status status); /* "exited", ... */
CHECKED enum status heal_status_parse(struct slice text, enum heal_status *ret);

/* Why a container is never started, whatever a rule says. */
enum heal_exempt {
    HEAL_NOT_EXEMPT,
    HEAL_IS_MONITOR,   /* label role=monitor */
    HEAL_IS_TASK,      /* of a swarm: label com.docker.swarm.task.id */
    HEAL_AUTO_REMOVED, /* --rm */
    HEAL_NEVER,        /* label bladewatch.revive=never */
    HEAL_BAD_LABEL,    /* that label has a value that nobody knows */
    HEAL_OTHER_RULE    /* an earlier revive rule has it in its scope */
};

enum heal_restart_policy {
    HEAL_NO_POLICY,
    HEAL_ON_FAILURE,
    HEAL_ALWAYS, /* also unless-stopped */
};

/* What came of an order: docker.acts.NAME.result. */
enum heal_result {
    HEAL_NO_RESULT,  /* not yet */
    HEAL_STARTED,    /* "started": 204, or a restart or recreation was done */
    HEAL_RUNS,       /* "running": 304, or it ran already at the look before */
    HEAL_CHANGED,    /* "changed": not as the order expected; nothing done */
    HEAL_NOT_THERE,  /* "missing" */
    HEAL_NETWORK,    /* "network": its network is gone */
    HEAL_PORT,       /* "port": another has its port */
    HEAL_WAS_PAUSED, /* "paused" */
    HEAL_BEING_REMOVED, /* "removing": dead, or marked for removal */
    HEAL_CONFIG,        /* "config": 400, no attempt can help */
    HEAL_DENIED,        /* "denied": 403 of the socket or a proxy */
    HEAL_REFUSED,       /* "refused": any other answer that is an error */
    HEAL_TIMEOUT,       /* "timeout": no answer, and it does not run */
    HEAL_UNREACHABLE,   /* "unreachable": no connection */
    HEAL_DRY_RUN,       /* "dry_run": would have been done; it is let be until
                         * dry run is over */
    HEAL_UNFAITHFUL,    /* "unfaithful": cannot be recreated as it was */
    HEAL_RESULTS
};

const char *heal_result_name(enum heal_result result);
CHECKED enum status heal_result_parse(struct slice text, enum heal_result *ret);

enum heal_on_stop { HEAL_SECOND_STOP_HOLDS, HEAL_REVIVE, HEAL_RESPECT };
enum heal_on_exit { HEAL_EXIT_ALWAYS, HEAL_EXIT_ON_FAILURE };

struct heal_policy {
    enum heal_on_stop on_stop;
    enum heal_on_exit on_exit; /* label bladewatch.revive goes before it */
    uint32_t attempts;         /* in window; then GIVEN_UP */
    nsec window, backoff, max_backoff;
    nsec verify_after;      /* it has to run for so long */
    nsec verify_timeout;    /* ... and then to answer within */
    nsec reset_after;       /* healthy for so long: attempts are forgotten */
    bool restart_unhealthy; /* on_unhealthy: restart */
    bool recreate;          /* and label bladewatch.recreate=true */
    /* The breaker over all that a rule has in its scope. */
    uint32_t breaker_down;     /* so many fell within breaker_within; 0: off */
    uint32_t breaker_percent;  /* or more than this share, and at least 3 */
    uint32_t breaker_failures; /* or the revivals of so many failed, and none
                                * was well since */
    nsec breaker_within, breaker_open;
};

#define HEAL_TEXT_MAX 256

/* What is known, as of the instant.  Slices are borrowed for the call. */
struct heal_facts {
    bool in_scope; /* the rule's `containers` */
    bool due;      /* the rule's `when`: fell over, or is frozen */
    enum heal_exempt exempt;

    /* docker.containers.NAME; empty and HEAL_GONE once it is removed */
    struct slice id, name;
    enum heal_status status;
    int64_t exit_code, pid, restarts;
    bool oom;
    nsec started_at, finished_at; /* 0: never */
    enum heal_restart_policy policy;
    struct slice error;                  /* State.Error */
    bool on_failure_label, always_label; /* bladewatch.revive=... */
    struct slice revive_label;           /* as it is, of HEAL_BAD_LABEL */
    bool recreate_label;
    nsec verify_timeout; /* label bladewatch.verify; 0: the policy's */

    /* docker.containers.NAME.events: when it last happened, 0: never seen */
    nsec create_at, start_at, die_at, kill_at, stop_at, restart_at, rename_at,
        pause_at, destroy_at, oom_at;
    int64_t kill_signal;

    /* docker.containers.NAME.probe, and Docker's own health check */
    bool has_probe;           /* somebody asks whether it answers */
    bool probe_ok;            /* the last answer was good */
    bool probe_down;          /* as many bad ones in a row as it takes */
    nsec probe_at;            /* of the last answer */
    struct slice probe_error; /* what was wrong with that */

    /* docker.engine */
    bool engine_up;
    nsec engine_up_at, engine_down_at; /* when that last began; 0: never */
    bool act_denied;                   /* observe only */
    bool act_off;                      /* ... because it was told to */
    bool dry_run; /* orders are not sent; or the rule does not want them to */

    /* docker.holds.NAME or .*, docker.releases.NAME or .* */
    bool held;
    struct slice held_by, held_why;
    nsec held_until; /* 0: until it is released */
    nsec released_at;
    nsec released_all_at; /* of those the last release of all */

    /* docker.acts.NAME */
    struct slice result_order; /* of which order it is the result */
    enum heal_result result;
    struct slice result_message; /* what the engine said */
    nsec result_at;
};

enum heal_act { HEAL_START, HEAL_RESTART, HEAL_RECREATE };

const char *heal_act_name(enum heal_act act); /* "start", ... */

enum heal_verb {
    HEAL_TELLS,    /* a change of state: node down, held, blocked, ... */
    HEAL_ORDERS,   /* to act; heal_order() has it.  One that is given again
                    * since it could not be sent is not told */
    HEAL_DECLINES, /* would act, but: breaker, limit of starts, observe only */
    HEAL_RECOVERS  /* up again, verified or by itself */
};

struct heal_decision {
    enum heal_verb verb;
    enum heal_state from, to;
    struct slice reason; /* a sentence's worth, without a stop at its end */
    uint32_t attempt, attempts; /* of how many; 0: it is none */
    nsec next_at;               /* when it is looked at again; 0: on a change */
    nsec down_for;              /* of HEAL_RECOVERS: how long it was down */
    bool warning;               /* somebody should look */
};

/* What a decision says, in one word. */
enum heal_word {
    HEAL_SAYS_OK,
    HEAL_SAYS_DOWN,
    HEAL_SAYS_WAITS,
    HEAL_SAYS_STARTING,
    HEAL_SAYS_RESTARTING,
    HEAL_SAYS_RECREATING,
    HEAL_SAYS_WOULD_START, /* ... and the next two: of a dry run */
    HEAL_SAYS_WOULD_RESTART,
    HEAL_SAYS_WOULD_RECREATE,
    HEAL_SAYS_DID_NOT_START, /* nor will, it being a dry run */
    HEAL_SAYS_REFUSED,       /* nothing came of the order */
    HEAL_SAYS_DECLINES,
    HEAL_SAYS_STARTED,
    HEAL_SAYS_SILENT, /* it was started, and does not answer */
    HEAL_SAYS_FAILED,
    HEAL_SAYS_RECOVERED,
    HEAL_SAYS_KEEPS_OFF,
    HEAL_SAYS_GIVES_UP,
    HEAL_SAYS_BLOCKED,
    HEAL_SAYS_LEAVES_ALONE,
    HEAL_SAYS_COMPLETED,
    HEAL_SAYS_LOOPING,
    HEAL_SAYS_FROZEN,
    HEAL_SAYS_REMOVED,
    HEAL_WORDS
};

enum heal_word heal_word(const struct heal_decision *d, bool dry_run);
const char *heal_word_name(enum heal_word word); /* "down", "gives_up", ... */

struct heal_sink {
    void *self;
    void (*decide)(void *self, const struct heal_decision *d);
};

/* All that a rule has in its scope, together.  All-zero: nothing yet. */
struct heal_scope;
/* Limits of all rules together: at most 2 at a time, 1 in a second. */
struct heal_turns;

struct heal; /* one container */

struct heal_turns *heal_turns_new(void);
void heal_turns_free(struct heal_turns *turns);
struct heal_scope *heal_scope_new(struct heal_turns *turns);
void heal_scope_free(struct heal_scope *scope);
/* seed: of the jitter, e.g. a hash of rule and container; the same in every
 * process. */
struct heal *heal_new(struct heal_scope *scope, uint64_t seed);
void heal_free(struct heal *h);

/* Instants never go back.  sink hears what is decided at this one. */
void heal_step(struct heal *h, const struct heal_policy *policy,
               const struct heal_facts *facts, nsec now,
               const struct heal_sink *sink);
/*
 * When time alone asks for the next step; NSEC_MAX: it does not.  One that
 * waits for others of its scope (for a turn, for the breaker) looks at them at
 * its own deadlines only, so that looking more often changes nothing.
 */
nsec heal_due(const struct heal *h);
/* The rule is gone, or the element: what it holds of its scope is given back.
 */
void heal_leave(struct heal *h);
/*
 * Its container goes by another name from now on, and the order that was out
 * was for the old one.  held_as: that name, if somebody holds it, and then it
 * stays held until it is released or started; else "".
 */
void heal_rename(struct heal *h, struct slice held_as);
/*
 * Another machine, of another rule, has had the container until now: what must
 * not be forgotten of it is told to this one, which has given no order yet.
 */
void heal_inherit(struct heal *to, const struct heal *from);
/* Is there anything of that kind? */
bool heal_remembers(const struct heal *h);
/* Its full id; "": not known yet. */
struct slice heal_container(const struct heal *h);
/* Nothing would be lost with it. */
bool heal_idle(const struct heal *h);

/* The order that is out; NULL: none. */
struct heal_order {
    enum heal_act act;
    /* The how-manieth in the window, and how many they come to if all that
     * follow count whole: one that counts half lets one more follow. */
    uint32_t attempt, attempts;
    nsec at; /* when it was given */
    /* What was seen, which must still be so. */
    struct slice container; /* full id */
    enum heal_status status;
    nsec started_at, finished_at;
    struct slice reason;
};

const struct heal_order *heal_order(const struct heal *h);

#define HEAL_ID_MAX 80 /* room for an id and its NUL */

/*
 * "start/<log time>/<attempt>"; the caller puts ".../<rule>/<name>/" before it
 * to have one that is unique in the recording.  The facts may name the order
 * of a result either way.
 */
void heal_order_id(const struct heal_order *order, char out[HEAL_ID_MAX]);

/* For reports. */
struct heal_view {
    enum heal_state state;
    nsec since;
    struct slice reason;
    uint32_t attempts;        /* counted in the window, halves rounded up; no
                               * more than the policy has */
    uint32_t revived, failed; /* ever */
    nsec next_at;             /* 0: not by time */
    nsec down_since;          /* 0: it is up */
    bool by_person;           /* it was stopped by somebody */
};

struct heal_view heal_view(const struct heal *h);

struct heal_scope_view {
    bool breaker_open, half_open;
    nsec breaker_since, breaker_until; /* 0: it is not open; until: one may go
                                        * then, 0 as well while one is tried */
    uint32_t in_scope, down;
};

struct heal_scope_view heal_scope_view(const struct heal_scope *scope);

#endif
