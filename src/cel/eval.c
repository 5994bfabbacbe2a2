#include "cel/op.h"

#include "base/alloc.h"
#include "data/tape.h"

#include <stdlib.h>

#define CALL_ARGS 8 /* of most calls: without the arena */
#define LAZY_LEVELS                                                            \
    1500 /* of the tree, through all binds: bounds the stack                   \
          */

/* -- errors ------------------------------------------------------------- */

/* The operation that sees an error first is where it happened. */
struct cel_value op_located(struct cel_vm *vm, const struct op *op,
                            struct cel_value v)
{
    struct cel_error *e;

    if (!v.error || v.error->to)
        return v;
    e = arena_alloc(&vm->cx.arena, sizeof(*e));
    if (!e)
        return v;
    *e = *v.error;
    e->from = op->from;
    e->to = op->to;
    v.error = e;
    return v;
}

struct cel_value op_not_bool(struct cel_vm *vm, struct cel_value v)
{
    if (v.kind == CEL_ERROR)
        return v;
    return cel_fail(&vm->cx, CEL_NO_OVERLOAD, "a bool is wanted, not %s",
                    cel_kind_word(v.kind));
}

/* -- constants and variables -------------------------------------------- */

static struct cel_value run_const(struct cel_vm *vm, const struct op *op)
{
    (void)vm;
    return op->value;
}

static struct cel_value run_now(struct cel_vm *vm, const struct op *op)
{
    (void)op;
    return cel_instant(vm->cx.now);
}

static struct cel_value run_variable(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = { 0 };

    if (vm->value)
        v = vm->value[op->slot];
    if (v.kind != CEL_ERROR || v.error)
        return v;
    return cel_fail(&vm->cx, CEL_UNKNOWN_VARIABLE, "%.*s has no value",
                    SLICE_ARG(cel_text(op->value)));
}

static struct cel_value run_local(struct cel_vm *vm, const struct op *op)
{
    return vm->slot[op->slot].value;
}

bool op_enter(struct cel_vm *vm, const struct op *lazy)
{
    if (vm->depth + lazy->height > LAZY_LEVELS)
        return false;
    vm->depth += lazy->height;
    return true;
}

static struct cel_value run_lazy(struct cel_vm *vm, const struct op *op)
{
    struct slot *slot = &vm->slot[op->slot];
    struct cel_value v = slot->value;

    if (v.kind != CEL_ERROR || v.error)
        return v;
    if (!op_enter(vm, op))
        return cel_spent();
    v = op_eval(vm, op->a);
    vm->depth -= op->height;
    vm->slot[op->slot].value = v;
    return v;
}

static void forget(struct cel_vm *vm, uint32_t slot)
{
    vm->slot[slot] = (struct slot){ 0 };
}

static struct cel_value run_bind(struct cel_vm *vm, const struct op *op)
{
    forget(vm, op->slot);
    return op_eval(vm, op->a);
}

static struct cel_value bind_optional(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    if (v.kind == CEL_ERROR)
        return v;
    if (v.kind != CEL_OPTIONAL)
        return cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                        "an optional is wanted, not %s", cel_kind_word(v.kind));
    if (!v.of)
        return v;
    forget(vm, op->slot);
    vm->slot[op->slot].value = *v.of;
    return op_eval(vm, op->b);
}

static struct cel_value run_opt_map(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = bind_optional(vm, op);

    if (v.kind == CEL_ERROR || (v.kind == CEL_OPTIONAL && !v.of))
        return v;
    return cel_optional_of(&vm->cx, v);
}

static struct cel_value run_opt_flat_map(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = bind_optional(vm, op);

    if (v.kind == CEL_ERROR || v.kind == CEL_OPTIONAL)
        return v;
    return cel_fail(&vm->cx, CEL_NO_OVERLOAD, "an optional is wanted, not %s",
                    cel_kind_word(v.kind));
}

/* -- members ------------------------------------------------------------ */

static struct cel_value run_select(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    return v.kind == CEL_ERROR ? v : value_index(&vm->cx, v, op->value);
}

static struct cel_value run_has(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    return v.kind == CEL_ERROR ? v : value_has(&vm->cx, v, op->value);
}

/* Both operands, in order; false: *ret_a is the error of one. */
static inline bool operands(struct cel_vm *vm, const struct op *op,
                            struct cel_value *ret_a, struct cel_value *ret_b)
{
    *ret_a = op_eval(vm, op->a);
    if (ret_a->kind == CEL_ERROR)
        return false;
    *ret_b = op_eval(vm, op->b);
    if (ret_b->kind != CEL_ERROR)
        return true;
    *ret_a = *ret_b;
    return false;
}

static struct cel_value run_index(struct cel_vm *vm, const struct op *op)
{
    struct cel_value a, b;

    return operands(vm, op, &a, &b) ? value_index(&vm->cx, a, b) : a;
}

static struct cel_value run_maybe(struct cel_vm *vm, const struct op *op)
{
    struct cel_value a, b;

    return operands(vm, op, &a, &b) ? value_maybe(&vm->cx, a, b) : a;
}

static struct cel_value run_in(struct cel_vm *vm, const struct op *op)
{
    struct cel_value a, b;

    return operands(vm, op, &a, &b) ? value_in(&vm->cx, a, b) : a;
}

/* -- calls -------------------------------------------------------------- */

static struct cel_value run_call(struct cel_vm *vm, const struct op *op)
{
    struct cel_value few[CALL_ARGS], *arg = few;
    uint32_t i;

    if (op->n > CALL_ARGS)
        arg = cel_new_items(&vm->cx, op->n);
    if (!arg)
        return cel_spent();
    for (i = 0; i < op->n; i++) {
        arg[i] = op_eval(vm, op->arg[i]);
        if (arg[i].kind == CEL_ERROR)
            return arg[i];
    }
    return cel_group_call(op->group, &vm->cx, arg, op->n);
}

static bool is_number(struct cel_value v)
{
    return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

static double as_double(struct cel_value v)
{
    return v.kind == CEL_INT    ? (double)v.i
           : v.kind == CEL_UINT ? (double)v.u
                                : v.d;
}

/*
 * Numbers of different kinds: of a log's 3 and 3.5 one is an int.  With a
 * double both become one; of int and uint the kind that holds both.
 */
static void promote(struct cel_value v[2])
{
    bool floating = v[0].kind == CEL_DOUBLE || v[1].kind == CEL_DOUBLE;
    struct cel_value *u = &v[v[0].kind != CEL_UINT],
                     *i = &v[v[0].kind == CEL_UINT];

    if (floating) {
        v[0] = cel_double(as_double(v[0]));
        v[1] = cel_double(as_double(v[1]));
    } else if (u->u <= INT64_MAX) {
        *u = cel_int((int64_t)u->u);
    } else if (i->i >= 0) {
        *i = cel_uint((uint64_t)i->i);
    }
}

static struct cel_value run_arithmetic(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v[2], result;

    if (!operands(vm, op, &v[0], &v[1]))
        return v[0];
    if (v[0].kind != v[1].kind && !vm->cx.strict && is_number(v[0]) &&
        is_number(v[1]))
        promote(v);
    result = cel_group_call(op->group, &vm->cx, v, 2);
    wake_overflow(vm, op->drift, result);
    return result;
}

static struct cel_value run_matches(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    if (v.kind == CEL_ERROR)
        return v;
    if (v.kind != CEL_STRING)
        return cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                        "no overload of 'matches' for (%s, string)",
                        cel_kind_word(v.kind));
    if (!cel_charge(&vm->cx, regex_fuel(op->regex, v.n)))
        return cel_spent();
    return cel_bool(regex_matches(op->regex, cel_text(v)));
}

/* -- comparisons -------------------------------------------------------- */

static struct cel_value unordered(struct cel_vm *vm, enum op_compare how,
                                  struct cel_value a, struct cel_value b)
{
    static const char *const sign[] = {
        [EQUAL] = "==",   [NOT_EQUAL] = "!=", [LESS] = "<",
        [AT_MOST] = "<=", [MORE] = ">",       [AT_LEAST] = ">=",
    };

    if (is_number(a) && is_number(b))
        return cel_bool(false); /* NaN */
    return cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                    "no overload of '%s' for (%s, %s)", sign[how],
                    cel_kind_word(a.kind), cel_kind_word(b.kind));
}

/* Whether a comparison holds of what stands in order d. */
static inline struct cel_value ordered(enum op_compare how, int d)
{
    /* Bits: less, equal, more. */
    static const uint8_t holds[] = {
        [EQUAL] = 2,   [NOT_EQUAL] = 5, [LESS] = 1,
        [AT_MOST] = 3, [MORE] = 4,      [AT_LEAST] = 6,
    };

    return cel_bool(holds[how] >> (d + 1) & 1);
}

static struct cel_value compare_any(struct cel_vm *vm, enum op_compare how,
                                    struct cel_value a, struct cel_value b)
{
    int d;

    if (how == EQUAL || how == NOT_EQUAL)
        return cel_bool(cel_equal(&vm->cx, a, b) == (how == EQUAL));
    if (!cel_charge(&vm->cx, a.kind == CEL_STRING ? a.n / 16 : 0))
        return cel_spent();
    d = cel_compare(a, b);
    return d == 2 ? unordered(vm, how, a, b) : ordered(how, d);
}

/* Integers and short strings are most of it. */
static inline struct cel_value compare(struct cel_vm *vm, enum op_compare how,
                                       struct cel_value a, struct cel_value b)
{
    if (a.kind != b.kind)
        return compare_any(vm, how, a, b);
    if (a.kind == CEL_INT)
        return ordered(how, (a.i > b.i) - (a.i < b.i));
    if (a.kind == CEL_STRING && a.n < 16 && how <= NOT_EQUAL)
        return cel_bool(slice_eq(cel_text(a), cel_text(b)) == (how == EQUAL));
    return compare_any(vm, how, a, b);
}

static struct cel_value run_compare(struct cel_vm *vm, const struct op *op)
{
    struct cel_value a, b;

    return operands(vm, op, &a, &b) ? compare(vm, op->how, a, b) : a;
}

static struct cel_value run_compare_const(struct cel_vm *vm,
                                          const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    return v.kind == CEL_ERROR ? v : compare(vm, op->how, v, op->value);
}

/* An error that only a change of the data mends; time may lead out of a range
 * and back into it. */
static bool lasts(struct cel_value v)
{
    return v.kind == CEL_ERROR && (!v.error || v.error->code != CEL_OVERFLOW);
}

static struct cel_value run_compare_drift(struct cel_vm *vm,
                                          const struct op *op)
{
    struct cel_value a, b;

    if (operands(vm, op, &a, &b)) {
        wake_compare(vm, op, a, b);
        return compare(vm, op->how, a, b);
    }
    if (!lasts(a))
        wake_poll(vm);
    return a;
}

static struct cel_value run_poll(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    if (lasts(v))
        return v;
    if (op->drift.time)
        wake_poll(vm);
    if (op->drift.touch)
        vm->touchy = true;
    return v;
}

/* -- logic -------------------------------------------------------------- */

static struct cel_value run_not(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    return v.kind == CEL_BOOL ? cel_bool(!v.b) : op_not_bool(vm, v);
}

/* && with decisive false, || with true: an error counts only if the other
 * operand does not decide. */
static struct cel_value run_logic(struct cel_vm *vm, const struct op *op,
                                  bool decisive)
{
    struct cel_value a, b;

    a = op_eval(vm, op->a);
    if (a.kind == CEL_BOOL && a.b == decisive)
        return a;
    b = op_eval(vm, op->b);
    if (b.kind == CEL_BOOL && (b.b == decisive || a.kind == CEL_BOOL))
        return b;
    return op_not_bool(vm, a.kind == CEL_BOOL ? b : a);
}

static struct cel_value run_and(struct cel_vm *vm, const struct op *op)
{
    return run_logic(vm, op, false);
}

static struct cel_value run_or(struct cel_vm *vm, const struct op *op)
{
    return run_logic(vm, op, true);
}

static struct cel_value run_condition(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = op_eval(vm, op->a);

    if (v.kind != CEL_BOOL)
        return op_not_bool(vm, v);
    return op_eval(vm, v.b ? op->b : op->c);
}

/* -- lists and maps ----------------------------------------------------- */

/* What an element adds, if anything; false: *ret is an error. */
static bool element(struct cel_vm *vm, const struct op *op,
                    struct cel_value *ret, bool *ret_any)
{
    bool spread = op->code == OP_SPREAD;

    *ret = op_eval(vm, spread ? op->a : op);
    *ret_any = true;
    if (ret->kind == CEL_ERROR)
        return false;
    if (!spread)
        return true;
    if (ret->kind != CEL_OPTIONAL) {
        *ret =
            cel_fail(&vm->cx, CEL_NO_OVERLOAD, "an optional is wanted, not %s",
                     cel_kind_word(ret->kind));
        return false;
    }
    *ret_any = ret->of != NULL;
    if (ret->of)
        *ret = *ret->of;
    return true;
}

static struct cel_value run_list(struct cel_vm *vm, const struct op *op)
{
    struct cel_value *item = cel_new_items(&vm->cx, op->n);
    size_t n = 0;
    uint32_t i;
    bool any;

    if (!item)
        return cel_spent();
    for (i = 0; i < op->n; i++) {
        if (!element(vm, op->arg[i], &item[n], &any))
            return item[n];
        n += any;
    }
    return cel_list_of(&vm->cx, item, n);
}

static struct cel_value run_map(struct cel_vm *vm, const struct op *op)
{
    struct cel_entry *entry =
        arena_alloc(&vm->cx.arena, op->n / 2 * sizeof(*entry));
    size_t n = 0;
    uint32_t i;
    bool any;

    if (!entry)
        return cel_spent();
    for (i = 0; i < op->n; i += 2) {
        entry[n].key = op_eval(vm, op->arg[i]);
        if (entry[n].key.kind == CEL_ERROR)
            return entry[n].key;
        if (!element(vm, op->arg[i + 1], &entry[n].value, &any))
            return entry[n].value;
        n += any;
    }
    return cel_map_of(&vm->cx, entry, n);
}

/* -- all of them -------------------------------------------------------- */

op_run *const op_runs[OP_CODES] = {
    [OP_CONST] = run_const,
    [OP_NOW] = run_now,
    [OP_VARIABLE] = run_variable,
    [OP_LOCAL] = run_local,
    [OP_LAZY] = run_lazy,
    [OP_BIND] = run_bind,
    [OP_OPT_MAP] = run_opt_map,
    [OP_OPT_FLAT_MAP] = run_opt_flat_map,
    [OP_SELECT] = run_select,
    [OP_MAYBE] = run_maybe,
    [OP_HAS] = run_has,
    [OP_INDEX] = run_index,
    [OP_IN] = run_in,
    [OP_CALL] = run_call,
    [OP_ARITHMETIC] = run_arithmetic,
    [OP_MATCHES] = run_matches,
    [OP_COMPARE] = run_compare,
    [OP_COMPARE_CONST] = run_compare_const,
    [OP_COMPARE_DRIFT] = run_compare_drift,
    [OP_NOT] = run_not,
    [OP_AND] = run_and,
    [OP_OR] = run_or,
    [OP_CONDITION] = run_condition,
    [OP_LIST] = run_list,
    [OP_MAP] = run_map,
    [OP_LOOP] = run_loop,
    [OP_COUNT] = run_count,
    [OP_POLL] = run_poll,
    [OP_LOAD] = run_load,
    [OP_LOAD_KEY] = run_load_key,
    [OP_LOAD_PATH] = run_load_path,
    [OP_PLACE_HAS] = run_place_has,
    [OP_AGE] = run_age,
    [OP_LAST_SEEN] = run_last_seen,
    [OP_STALE] = run_stale,
    [OP_BLADE] = run_blade,
    [OP_BY_BLADE] = run_by_blade,
    [OP_PATH] = run_path,
    [OP_KEY] = run_key,
    [OP_WINDOW] = run_window,
    [OP_RATE] = run_rate,
};

/* -- the machine -------------------------------------------------------- */

struct cel_vm *cel_vm_new(void)
{
    struct cel_vm *vm = xcalloc(1, sizeof(*vm));

    arena_init(&vm->cx.arena, CEL_MEMORY_MAX);
    vm->cx.fuel = vm->fuel = CEL_FUEL_MAX;
    vm->poll_for = CEL_WAKE_DEFAULT;
    vm->cx.patterns = regex_cache_new();
    vm->cx.json = tape_parser_new(0);
    return vm;
}

void cel_vm_free(struct cel_vm *vm)
{
    if (!vm)
        return;
    regex_cache_free(vm->cx.patterns);
    tape_parser_free(vm->cx.json);
    arena_release(&vm->cx.arena);
    free(vm->slot);
    free(vm);
}

void cel_vm_host(struct cel_vm *vm, struct cel_host *host,
                 const struct cel_zones *zones)
{
    vm->cx.host = host;
    vm->cx.zones = zones;
    vm->mark = host ? host->hash(host->self, slice_str("host")) : 0;
}

void cel_vm_limits(struct cel_vm *vm, uint64_t fuel, size_t memory)
{
    vm->fuel = fuel;
    arena_release(&vm->cx.arena);
    arena_init(&vm->cx.arena, memory);
}

struct cel_context *cel_vm_context(struct cel_vm *vm)
{
    return &vm->cx;
}

static void hash_keys(struct cel_vm *vm, struct key_set *keys)
{
    struct cel_host *host = vm->cx.host;
    struct key_block *b;
    uint32_t i;

    if (!host || (keys->host == host && keys->mark == vm->mark))
        return;
    for (b = keys->block; b; b = b->next)
        for (i = 0; i < b->n; i++)
            b->key[i].hash = host->hash(host->self, b->key[i].text);
    keys->host = host;
    keys->mark = vm->mark;
}

static void begin(struct cel_vm *vm, const struct cel_program *p,
                  const struct cel_activation *with, nsec now)
{
    arena_reset(&vm->cx.arena);
    if (p->patterns)
        regex_cache_turn(vm->cx.patterns);
    vm->cx.fuel = vm->fuel;
    vm->cx.now = now;
    vm->cx.strict = p->strict;
    vm->value = with ? with->value : NULL;
    vm->place = with && vm->cx.host ? with->place : NULL;
    vm->depth = 0;
    vm->wake_at = NSEC_MAX;
    vm->touchy = false;
    hash_keys(vm, p->keys);
    if (vm->nslots < p->nslots) {
        free(vm->slot);
        vm->slot = xcalloc(p->nslots, sizeof(*vm->slot));
        vm->nslots = p->nslots;
    }
}

void cel_eval(struct cel_vm *vm, const struct cel_program *p,
              const struct cel_activation *with, nsec now,
              struct cel_outcome *ret)
{
    begin(vm, p, with, now);
    ret->value = op_eval(vm, p->root);
    /*
     * Whoever was refused fuel or memory may have gone on without; and in
     * which order the members of a map are visited must not show.
     */
    if (vm->cx.fuel == 0 || vm->cx.arena.full) {
        arena_reset(&vm->cx.arena);
        ret->value = op_located(vm, p->root, cel_spent());
    }
    ret->wake_at = vm->wake_at;
    ret->touchy = vm->touchy;
    vm->cx.fuel = vm->fuel; /* for loading and printing */
}
