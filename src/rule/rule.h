/*
 * rule.h - rule files, read, checked and compiled: what to watch for.
 *
 * A set is immutable.  It is made from the text of all files at once and is
 * all or nothing: with an error in any of them there is no set, and every
 * problem is told (diagnostic.h).  Rules stand in the order in which they are
 * evaluated: one that reads what another derives comes after it.
 *
 * What rules derive is state too, below `monitor`:
 *
 *   monitor.intents.RULE.KEY...   status, since, changed, deadline, answered,
 *                                 missing, unexpected, late, roles
 *   monitor.machines.RULE.KEY...  phase, since, transitions, final, times,
 *                                 entered
 *   monitor.counts.RULE           value, by
 *   monitor.errors.RULE           count, groups
 *   monitor.alerts.NAME           pending, firing, instances
 *   monitor.revivals.RULE.NAME    due, since, in_scope, state, reason,
 *                                 attempts, revived, failed, next, downSince,
 *                                 byPerson
 *   monitor.breakers.RULE         open, half_open, since, down, in_scope: of
 *                                 revive rules, too
 *   monitor.rules.alerts.NAME     health, last_error, errors; .counts and so
 *                                 on for the other kinds
 *
 * KEY... is one key for each star of the rule's foreach.
 *
 * A rule depends on those whose place below monitor it reads by name, on all of
 * a section where it reads the section as a whole, and on all rules where it
 * reads all of monitor; to depend on itself is an error.  monitor.rules and
 * what is counted beside rules (late, refused, ...) make no rule wait for
 * another, nor does monitor where a star of the state's root happens to find
 * it.
 *
 * Alerts have distinct names in their group, other rules among all of a kind.
 */
#ifndef RULE_RULE_H
#define RULE_RULE_H

#include "base/instant.h"
#include "base/slice.h"
#include "cel/program.h"
#include "rule/diagnostic.h"

#include <stdbool.h>
#include <stdint.h>

#define RULES_MAX       10000 /* in a set */
#define RULE_STARS_MAX  8
#define RULE_LABELS_MAX 32
#define RULE_PHASES_MAX 32
#define RULE_NAME_MAX   128 /* bytes */
#define RULE_FILES_BYTES_MAX                                                   \
    ((size_t)4 << 20) /* fits one line of a recording */

enum rule_kind {
    RULE_ALERT,
    RULE_INTENT,
    RULE_MACHINE,
    RULE_COUNT,
    RULE_ERRORS,
    RULE_REVIVE,
    RULE_KINDS
};

const char *rule_kind_name(enum rule_kind kind); /* "alert", ... */
/* "alerts", ...: the key below monitor. */
const char *rule_kind_section(enum rule_kind kind);
#define RULE_BREAKERS "breakers" /* the other one of revive rules */
/* Whose section it is; false: no rule's. */
bool rule_section_kind(struct slice section, enum rule_kind *ret);

/* `id, host, r in state.intents.*.resolution.*` */
struct rule_foreach {
    uint32_t n;                       /* keys from the root of the state */
    struct slice key[CEL_READ_DEPTH]; /* p == NULL: a star */
    uint32_t nstars;                  /* 0: there is no foreach, one instance */
    struct slice star[RULE_STARS_MAX]; /* the variables of the stars */
};

/*
 * Variables of a rule's expressions, by slot: state (a place), now, one text
 * per star, then the element itself (a place); of an errors rule's match:
 * line (dyn) and blade (text) instead of stars and element.
 */
#define RULE_SLOT_STATE 0
#define RULE_SLOT_NOW   1
#define RULE_SLOT_STAR  2 /* the first; the element's is nstars behind it */
#define RULE_SLOT_LINE  2
#define RULE_SLOT_BLADE 3
#define RULE_SLOTS_MAX  (RULE_SLOT_STAR + RULE_STARS_MAX + 1)

/* Text with {{ CEL }} in it. */
struct rule_piece {
    struct slice text;           /* in front of the expression */
    struct cel_program *program; /* NULL: text alone, the last piece */
};

struct rule_template {
    size_t n;
    struct rule_piece *piece;
};

struct rule_label {
    struct slice name;
    struct rule_template value;
};

enum rule_no_data { NO_DATA_OK, NO_DATA_ALERT, NO_DATA_KEEP };

struct rule_alert {
    struct cel_program *expr; /* bool */
    nsec hold_for;            /* for: */
    nsec keep_firing_for;
    enum rule_no_data no_data;
    size_t nlabels, nannotations;
    struct rule_label *label, *annotation;
};

struct rule_intent {
    struct cel_program *when;     /* bool; NULL: every element is an intent */
    struct cel_program *parties;  /* list(string) or map(role, host) */
    struct cel_program *answers;  /* a map (its keys answered) or a list */
    struct cel_program *deadline; /* duration; NULL: none */
};

struct rule_phase {
    struct slice name;
    struct cel_program *when; /* bool; NULL: true (the first phase only) */
    uint32_t from;            /* bit i: may be entered from phase i */
    bool from_start;          /* or from no phase at all */
    bool final;
};

struct rule_machine {
    size_t n;
    struct rule_phase *phase;
};

struct rule_count {
    struct cel_program *value; /* a number; NULL: 1 for each element */
    struct cel_program *when;  /* bool; NULL: every element */
    bool gauge;                /* else a total that never falls */
    size_t nby;
    struct rule_label *by; /* label and the expression that gives it */
};

struct rule_errors {
    size_t npaths;
    struct rule_foreach *path;   /* places where errors are written */
    struct cel_program *match;   /* bool, of line and blade; NULL: no lines */
    struct cel_program *message; /* string, likewise; NULL: the usual members */
    bool level_only; /* match is line.level == TEXT and nothing else */
};

enum rule_on_stop { STOP_SECOND_HOLDS, STOP_REVIVE, STOP_RESPECT };
enum rule_on_exit { EXIT_ALWAYS, EXIT_ON_FAILURE };

/* When so much falls at once that starting it would make it worse. */
struct rule_breaker {
    uint32_t down;     /* so many within; 0: the breaker is off */
    uint32_t percent;  /* or more than this share of the scope */
    uint32_t failures; /* or so many revivals failed in a row */
    nsec within, open_for;
};

struct rule_revive {
    struct cel_program *containers; /* bool: in scope */
    struct cel_program *when;       /* bool: fell over */
    enum rule_on_stop on_stop;
    enum rule_on_exit on_exit;
    uint32_t attempts;
    nsec window, backoff, max_backoff, verify_after, verify_timeout,
        reset_after;
    bool dry_run, recreate, repair_network;
    bool restart_unhealthy; /* on_unhealthy: restart */
    struct rule_breaker breaker;
};

struct rule {
    enum rule_kind kind;
    struct slice name, group, file;
    uint32_t line;     /* of its name in file */
    struct slice text; /* all that decides what it does, in one form: two
                          rules with the same kind, group, name and text are
                          the same rule */
    struct rule_foreach foreach;
    struct cel_env env;
    union {
        struct rule_alert alert;
        struct rule_intent intent;
        struct rule_machine machine;
        struct rule_count count;
        struct rule_errors errors;
        struct rule_revive revive;
    };
};

struct ruleset {
    size_t n;
    const struct rule *rule; /* in order of evaluation */
    struct ruleset_own *own; /* its memory */
};

/* The text of one file; its name is for people. */
struct rule_file {
    struct slice name;
    struct slice text;
};

struct rule_options {
    bool strict_cel;             /* no promotion of int to double */
    const struct tape *snapshot; /* NULL, or a state to hold paths against */
};

/* ST_BAD: diags has errors.  Warnings may come with ST_OK. */
CHECKED enum status ruleset_load(const struct rule_file *file, size_t n,
                                 const struct rule_options *options,
                                 struct diagnostics *diags,
                                 struct ruleset **ret);
void ruleset_free(struct ruleset *set); /* NULL is fine */

/* The i-th program of a rule, templates included; NULL past the last. */
const struct cel_program *rule_program(const struct rule *rule, size_t i);
/* A word for messages: "alert IntentNotReceived". */
void rule_describe(const struct rule *rule, struct buf *out);

#endif
