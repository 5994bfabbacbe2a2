/*
 * op.h - what a program is made of: between compile.c and the evaluator.
 *
 * A program is a tree of operations.  Most yield a value and are evaluated by
 * op_eval(); those called PLACE_ yield a place and are found by place_find().
 *
 * Slots: the env's variables lie in the activation; the tree's own (of
 * comprehensions and binds) in the vm, numbered from 0.
 */
#ifndef CEL_OP_H
#define CEL_OP_H

#include "cel/program.h"
#include "cel/regex.h"

enum op_code {
    OP_CONST, /* value */
    OP_NOW,
    OP_VARIABLE, /* slot of the env; value: its name */
    OP_LOCAL,    /* slot */
    OP_LAZY,     /* slot of a bind; a: what computes it when first asked */
    OP_BIND,     /* forgets slot; a */
    OP_OPT_MAP,  /* slot; a: an optional, b: what becomes of its value */
    OP_OPT_FLAT_MAP,
    OP_SELECT,        /* a.value */
    OP_MAYBE,         /* a.?b or a[?b] */
    OP_HAS,           /* has(a.value) */
    OP_INDEX,         /* a[b] */
    OP_IN,            /* a in b */
    OP_CALL,          /* group(arg[n]) */
    OP_ARITHMETIC,    /* group(a, b), numbers promoted */
    OP_MATCHES,       /* a by regex */
    OP_COMPARE,       /* a how b */
    OP_COMPARE_CONST, /* a how value */
    OP_COMPARE_DRIFT, /* a how b, one of which moves with time */
    OP_NOT,           /* a */
    OP_AND,
    OP_OR,
    OP_CONDITION, /* a ? b : c */
    OP_LIST,      /* arg[n]; spread where an OP_SPREAD */
    OP_MAP,       /* arg[n], keys and values in turn */
    OP_SPREAD,    /* only in those: a, an optional */
    OP_LOOP,      /* how: enum ast_loop; a range, b filter, c body */
    OP_COUNT,     /* size(a.filter(slot, c)): a, c */
    OP_POLL,      /* a, which moves with time in a way nobody follows */
    /* on places: a is one */
    OP_LOAD,
    OP_LOAD_KEY,  /* slot of the env, key[0] */
    OP_LOAD_PATH, /* slot of the env, key[n] */
    OP_PLACE_HAS, /* a, key[0] */
    OP_AGE,
    OP_LAST_SEEN,
    OP_STALE, /* b: the limit */
    OP_BLADE,
    OP_BY_BLADE,
    OP_PATH,
    OP_KEY,
    OP_WINDOW, /* how: enum cel_window, span */
    OP_RATE,   /* span */
    /* places */
    PLACE_VARIABLE, /* slot of the env; value: its name */
    PLACE_LOCAL,    /* slot */
    PLACE_LAZY,     /* slot of a bind; a: the place it stands for */
    PLACE_PATH,     /* a, key[n] */
    PLACE_INDEX,    /* a[b] */
    OP_CODES
};

enum op_compare { EQUAL, NOT_EQUAL, LESS, AT_MOST, MORE, AT_LEAST };

/* How a value moves though no data changes. */
struct drift {
    int16_t time;  /* by 1 or -1 ns with each ns of now; else 0 */
    int16_t touch; /* up (1) or down (-1) when a place is touched */
};

#define BOTH_WAYS 2 /* a touch: by one place up, by another down */

struct op {
    uint8_t code; /* enum op_code */
    uint8_t how;
    bool two;           /* OP_LOOP: has a second variable */
    bool place;         /* OP_LOOP: the second variable is a place */
    struct drift drift; /* OP_COMPARE_DRIFT: of a - b; else of the value */
    uint16_t height;    /* OP_LAZY, PLACE_LAZY: levels below a */
    uint32_t from, to;  /* bytes of the text */
    uint32_t slot, slot2;
    uint32_t n;
    const struct op *a, *b, *c;
    union {
        struct cel_value value;
        const struct cel_key *key;
        const struct regex *regex;
        nsec span;
        struct {
            const struct cel_group *group;
            const struct op *const *arg;
        };
    };
};

/* Keys of a program that lie together. */
struct key_block {
    struct key_block *next;
    uint32_t n;
    struct cel_key key[];
};

/* The keys' hashes are those of the host that evaluated last. */
struct key_set {
    const struct cel_host *host;
    uint32_t mark; /* tells one host from another at the same address */
    struct key_block *block;
};

struct pattern {
    struct pattern *next;
    struct regex *regex;
};

struct cel_program {
    struct arena arena;
    struct slice text;
    const struct op *root;
    const struct cel_type *type;
    const struct cel_read *read;
    size_t nreads;
    uint32_t nslots; /* its own */
    bool timed, strict;
    bool patterns;        /* it computes some */
    struct key_set *keys; /* alone is written to after compilation */
    struct pattern *pattern;
};

struct slot {
    struct cel_place place; /* node NULL: see value */
    struct cel_value value; /* all-zero: a bind not yet computed */
};

struct cel_vm {
    struct cel_context cx;
    uint64_t fuel;
    uint32_t mark;                 /* of the host */
    uint32_t depth;                /* of OP_LAZY, in levels */
    const struct cel_value *value; /* by variable of the env; NULL: none */
    const struct cel_place *place; /* likewise; NULL without a host */
    struct slot *slot;
    size_t nslots;
    nsec poll_for;
    nsec wake_at;
    bool touchy;
};

/* -- eval.c ------------------------------------------------------------- */

typedef struct cel_value op_run(struct cel_vm *vm, const struct op *op);

/* By code; those of places have none. */
extern op_run *const op_runs[OP_CODES];
/* An error's position, if it has none yet. */
struct cel_value op_located(struct cel_vm *vm, const struct op *op,
                            struct cel_value v) __attribute__((cold, noinline));

static inline struct cel_value op_eval(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v;

    if (__builtin_expect(!cel_charge(&vm->cx, 1), false))
        return cel_spent();
    v = op_runs[op->code](vm, op);
    return __builtin_expect(v.kind == CEL_ERROR, false) ? op_located(vm, op, v)
                                                        : v;
}

/* Enters what a bind stands for; false: too deep. */
bool op_enter(struct cel_vm *vm, const struct op *lazy);
/* "a %s ..." for messages. */
struct cel_value op_not_bool(struct cel_vm *vm, struct cel_value v);

/* -- compile.c ---------------------------------------------------------- */

/* Fills in root, nslots, timed, keys and pattern.  ST_BAD: problems say why;
 * ST_LIMIT: too large. */
CHECKED enum status op_compile(struct cel_program *p, const struct cel_env *env,
                               const struct ast *ast, uint32_t nslots,
                               struct cel_problems *problems);
/* A constant pattern; NULL: problems say why. */
const struct regex *pattern_compile(struct cel_program *p,
                                    const struct ast *literal,
                                    struct cel_problems *problems);

/* -- access.c: members of values ---------------------------------------- */

struct cel_value value_index(struct cel_context *cx, struct cel_value v,
                             struct cel_value key);
/* An optional. */
struct cel_value value_maybe(struct cel_context *cx, struct cel_value v,
                             struct cel_value key);
struct cel_value value_has(struct cel_context *cx, struct cel_value v,
                           struct cel_value key);
struct cel_value value_in(struct cel_context *cx, struct cel_value item,
                          struct cel_value v);

/* -- walk.c: places ----------------------------------------------------- */

/* True: *ret is a node.  False: *why is what stands there instead: an error
 * (ret->node is then NULL) or an item of a list, which is no node. */
bool place_find(struct cel_vm *vm, const struct op *op, struct cel_place *ret,
                struct cel_value *why);
op_run run_load, run_load_key, run_load_path, run_place_has, run_age,
    run_last_seen, run_stale, run_blade, run_by_blade, run_path, run_key,
    run_window, run_rate;

/* -- loop.c ------------------------------------------------------------- */

op_run run_loop, run_count;

/* -- wake.c ------------------------------------------------------------- */

/* The comparison whose operands have changed places. */
enum op_compare compare_mirrored(enum op_compare how);

void wake_at(struct cel_vm *vm, nsec at);
/* At the next whole second. */
void wake_poll(struct cel_vm *vm);
/* a and b are what op compares. */
void wake_compare(struct cel_vm *vm, const struct op *op, struct cel_value a,
                  struct cel_value b);
/* v moves and may yet leave its range. */
void wake_overflow(struct cel_vm *vm, struct drift drift, struct cel_value v);

#endif
