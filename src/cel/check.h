/*
 * check.h - the gradual checker: names, types, overloads, places, reads.
 *
 * A **place** is an expression that denotes a node of the state without
 * computing: a variable that is one, a select or index of a place, the value
 * variable of a comprehension over a place (and p[k] of its key variable),
 * a cel.bind alias of one.  The monitor's functions (age, stale, ...) want
 * places; an expression's reads are computed from them.
 *
 * Where the type of an index or of a range is not known, the evaluation may
 * find an array there: arrays are values, so the place is none after all.
 */
#ifndef CEL_CHECK_H
#define CEL_CHECK_H

#include "cel/ast.h"
#include "cel/function.h"
#include "cel/problem.h"
#include "data/tape.h"

/* A name an expression may use. */
struct cel_variable {
    struct slice name; /* "state", "id", "now"; dotted names for tests */
    const struct cel_type *type;
    bool place;
};

/* Calls that are not functions of values. */
enum cel_special {
    SPECIAL_NONE,
    SPECIAL_AGE,       /* age(p): now - lastSeen(p) */
    SPECIAL_LAST_SEEN, /* lastSeen(p) */
    SPECIAL_STALE,     /* stale(p, d): !has(p) || age(p) > d, no error ever */
    SPECIAL_BLADE,     /* blade(p): who wrote it last */
    SPECIAL_BY_BLADE,  /* byBlade(p) */
    SPECIAL_PATH,      /* path(p) */
    SPECIAL_KEY,       /* key(p) */
    SPECIAL_INCREASE,  /* increase(p, d): d constant */
    SPECIAL_RATE,      /* rate(p, d): increase by seconds, a double */
    SPECIAL_CHANGES,   /* changes(p, d) */
    SPECIAL_AND,
    SPECIAL_OR,
    SPECIAL_CONDITION /* _?_:_ */
};

struct cel_options {
    bool strict; /* no promotion of int to double */
    bool no_macros;
    bool no_check; /* undeclared names and overloads are left to run time */
};

/* A group's variable: an expression under a name, evaluated where it is used
 * and at most once an evaluation.  It may use those before it.  What is wrong
 * with it is told at byte 0 of whoever uses it. */
struct cel_alias {
    struct slice name;
    struct slice text;
};

/* Borrowed by whoever compiles; all of it outlives the programs. */
struct cel_env {
    const struct cel_functions *functions;
    const struct cel_variable *variable; /* slots are indices of this */
    size_t nvariables;
    const struct cel_alias *alias;
    size_t naliases;
    struct cel_options options;
    uint32_t use; /* of cel_read_kind: what of the value will be looked at; 0:
                     all of it */
    /* A snapshot of the state, parsed, or NULL: a literal path below a place
     * variable "state" that it does not have is warned about. */
    const struct tape *snapshot;
};

/* -- what an expression reads --------------------------------------------- */

enum cel_read_kind {
    READ_VALUE = 1,     /* the scalar there */
    READ_EXISTS = 2,    /* whether something is there */
    READ_KEYS = 4,      /* which children it has */
    READ_SUBTREE = 8,   /* it and all below */
    READ_META = 16,     /* when and by whom it or something below was written */
    READ_INCREASE = 32, /* window_for */
    READ_CHANGES = 64   /* window_for */
};

#define CEL_READ_DEPTH 32

#define CEL_NO_VARIABLE UINT32_MAX

/* A pattern of paths below a place variable. */
struct cel_read {
    uint32_t variable; /* index in the env */
    uint32_t kinds;    /* of cel_read_kind */
    nsec window_for;   /* of READ_INCREASE and READ_CHANGES */
    uint32_t n;
    struct slice key[CEL_READ_DEPTH]; /* p == NULL: any key, or by's */
    uint32_t by[CEL_READ_DEPTH];      /* the key is what this variable says */
};

/*
 * Fills in the tree: ast->type is its type.  ST_BAD: problems has errors;
 * ST_LIMIT: the arena is full.
 * *ret_reads, in arena, cover every node that an evaluation can look at; they
 * hold no duplicates.  READ_VALUE and READ_EXISTS of a path say nothing of its
 * ancestors: who subscribes hears when an ancestor goes with all below it, and
 * a step through a node that is no map is a missing key as well.  READ_SUBTREE
 * stands for all but times and windows.
 * *ret_slots: variables of the env first, then the tree's own.
 */
CHECKED enum status cel_check(struct arena *arena, const struct cel_env *env,
                              struct ast *ast, struct cel_problems *problems,
                              const struct cel_read **ret_reads,
                              size_t *ret_nreads, uint32_t *ret_slots);

#endif
