#include "cel/op.h"

#include "base/alloc.h"

#include <stdlib.h>

#define OPS_MAX   65536
#define FOLD_FUEL 20000 /* for all constants of a program */

/* A variable of the tree itself. */
struct local {
    const struct op *init; /* of a bind; NULL: a loop sets the slot */
    uint8_t height;        /* of init */
};

/*
 * Each node is compiled once, and their number is bounded, so the program's
 * arena needs no cap.
 */
struct compiler {
    struct cel_program *p;
    const struct cel_env *env;
    struct cel_problems *problems;
    struct cel_vm *vm;   /* for constants; its arena is the program's */
    struct local *local; /* by slot */
    size_t nops;
    bool bad;
};

static struct op *value(struct compiler *c, const struct ast *ast);
static struct op *moving(struct compiler *c, const struct ast *ast);
static struct op *place(struct compiler *c, const struct ast *ast);

static struct op *new_op(struct compiler *c, enum op_code code,
                         const struct ast *ast)
{
    struct op *op = arena_alloc(&c->vm->cx.arena, sizeof(*op));

    c->nops++;
    op->code = (uint8_t)code;
    op->from = ast->from;
    op->to = ast->to;
    return op;
}

static struct op *constant(struct compiler *c, const struct ast *ast,
                           struct cel_value v)
{
    struct op *op = new_op(c, OP_CONST, ast);

    if (v.kind == CEL_STRING || v.kind == CEL_BYTES)
        v.s = arena_copy(&c->vm->cx.arena, cel_text(v)).p;
    op->value = v;
    return op;
}

/* -- constants ---------------------------------------------------------- */

static bool is_constant(const struct op *op)
{
    return op->code == OP_CONST && op->value.kind != CEL_ERROR;
}

/* What depends on constants alone is computed now, unless it fails: then it
 * fails where it is evaluated, if it is. */
static struct op *folded(struct compiler *c, struct op *op, bool may)
{
    struct cel_value v;

    if (!may || c->vm->cx.fuel == 0)
        return op;
    v = op_eval(c->vm, op);
    if (v.kind == CEL_ERROR || c->vm->cx.fuel == 0)
        return op;
    op->code = OP_CONST;
    op->value = v;
    return op;
}

/* -- keys --------------------------------------------------------------- */

static struct cel_key *new_keys(struct compiler *c, uint32_t n)
{
    struct key_set *set = c->p->keys;
    struct key_block *b =
        arena_alloc(&c->vm->cx.arena, sizeof(*b) + n * sizeof(*b->key));

    b->n = n;
    b->next = set->block;
    set->block = b;
    return b->key;
}

static const struct ast *parent(const struct ast *ast)
{
    return ast->kind == AST_SELECT ? ast->a : ast->list;
}

/* -- places ------------------------------------------------------------- */

static bool is_local(const struct compiler *c, const struct ast *ast)
{
    return ast->slot >= c->env->nvariables;
}

static uint32_t local_slot(const struct compiler *c, uint32_t slot)
{
    return slot - (uint32_t)c->env->nvariables;
}

static struct op *variable(struct compiler *c, enum op_code code,
                           const struct ast *ast)
{
    struct op *op = new_op(c, code, ast);

    op->slot = ast->slot;
    op->value = cel_string(arena_copy(&c->vm->cx.arena, ast->name));
    return op;
}

static struct op *local(struct compiler *c, enum op_code set, enum op_code lazy,
                        const struct ast *ast)
{
    uint32_t slot = local_slot(c, ast->slot);
    const struct local *l = &c->local[slot];
    struct op *op = new_op(c, l->init ? lazy : set, ast);

    op->slot = slot;
    op->a = l->init;
    op->height = l->height;
    return op;
}

static struct op *place_path(struct compiler *c, const struct ast *ast)
{
    struct op *op = new_op(c, PLACE_PATH, ast);
    const struct ast *from = ast;
    struct cel_key *key;
    uint32_t i;

    for (; from->kind != AST_IDENT && ast_literal_key(from).p;
         from = parent(from))
        op->n++;
    key = new_keys(c, op->n);
    for (i = op->n; i-- > 0; ast = parent(ast))
        key[i].text = arena_copy(&c->vm->cx.arena, ast_literal_key(ast));
    op->key = key;
    op->a = place(c, from);
    return op;
}

static struct op *place(struct compiler *c, const struct ast *ast)
{
    struct op *op;

    if (ast->kind == AST_IDENT)
        return is_local(c, ast) ? local(c, PLACE_LOCAL, PLACE_LAZY, ast)
                                : variable(c, PLACE_VARIABLE, ast);
    if (ast_literal_key(ast).p)
        return place_path(c, ast);
    op = new_op(c, PLACE_INDEX, ast);
    op->a = place(c, ast->list);
    op->b = value(c, ast->list->next);
    return op;
}

static struct op *load(struct compiler *c, const struct ast *ast)
{
    struct op *op = new_op(c, OP_LOAD, ast);

    op->a = place(c, ast);
    if (op->a->code == PLACE_PATH && op->a->a->code == PLACE_VARIABLE) {
        op->code = op->a->n == 1 ? OP_LOAD_KEY : OP_LOAD_PATH;
        op->slot = op->a->a->slot;
        op->n = op->a->n;
        op->key = op->a->key;
    }
    return op;
}

/* -- drift -------------------------------------------------------------- */

static struct drift drift_of(const struct op *op)
{
    switch (op->code) {
    case OP_NOW:
    case OP_AGE:
    case OP_LAST_SEEN:
    case OP_ARITHMETIC:
    case OP_CONDITION:
    case OP_BIND:
    case OP_LAZY:
        return op->drift;
    default:
        return (struct drift){ 0 };
    }
}

static bool moves(struct drift d)
{
    return d.time || d.touch;
}

/* Of a + b or, with sign -1, of a - b; false: not to be followed. */
static bool drift_sum(struct drift a, struct drift b, int sign,
                      struct drift *ret)
{
    int time = a.time + sign * b.time;
    int touch = b.touch == BOTH_WAYS ? BOTH_WAYS : sign * b.touch;

    if (time < -1 || time > 1)
        return false;
    if (touch == 0)
        touch = a.touch;
    else if (a.touch && touch != a.touch)
        touch = BOTH_WAYS;
    *ret = (struct drift){ (int16_t)time, (int16_t)touch };
    return true;
}

/* For whoever does not follow how a value moves. */
static struct op *polled(struct compiler *c, struct op *op,
                         const struct ast *ast)
{
    struct op *poll;

    if (!moves(drift_of(op)))
        return op;
    poll = new_op(c, OP_POLL, ast);
    poll->a = op;
    poll->drift = drift_of(op);
    return poll;
}

static struct op *value(struct compiler *c, const struct ast *ast)
{
    return polled(c, moving(c, ast), ast);
}

/* -- operators ---------------------------------------------------------- */

static struct op *comparison(struct compiler *c, const struct ast *ast,
                             uint8_t how)
{
    struct op *op = new_op(c, OP_COMPARE, ast);
    struct op *a = moving(c, ast->list), *b = moving(c, ast->list->next);
    struct drift d;

    op->how = how;
    if (!drift_sum(drift_of(a), drift_of(b), -1, &d)) {
        d = (struct drift){ 0 };
        a = polled(c, a, ast->list);
        b = polled(c, b, ast->list->next);
    }
    op->a = a;
    op->b = b;
    op->drift = d;
    if (is_constant(a) && is_constant(b))
        return folded(c, op, true);
    if (moves(d)) {
        op->code = OP_COMPARE_DRIFT;
    } else if (is_constant(b)) {
        op->code = OP_COMPARE_CONST;
        op->value = b->value;
    } else if (is_constant(a)) {
        op->code = OP_COMPARE_CONST;
        op->how = (uint8_t)compare_mirrored(how);
        op->a = b;
        op->value = a->value;
    }
    return op;
}

static struct op *arithmetic(struct compiler *c, const struct ast *ast,
                             uint8_t how)
{
    struct op *op = new_op(c, OP_ARITHMETIC, ast);
    struct op *a = moving(c, ast->list), *b = moving(c, ast->list->next);
    int sign = how == '+' ? 1 : -1;
    bool linear = how == '+' || how == '-';

    if (!linear || !drift_sum(drift_of(a), drift_of(b), sign, &op->drift)) {
        a = polled(c, a, ast->list);
        b = polled(c, b, ast->list->next);
    }
    op->a = a;
    op->b = b;
    op->group = ast->group;
    return folded(c, op, is_constant(a) && is_constant(b));
}

static struct op *binary(struct compiler *c, const struct ast *ast,
                         enum op_code code)
{
    struct op *op = new_op(c, code, ast);

    op->a = value(c, ast->list);
    op->b = value(c, ast->list->next);
    return folded(c, op, is_constant(op->a) && is_constant(op->b));
}

static struct op *condition(struct compiler *c, const struct ast *ast)
{
    struct op *op = new_op(c, OP_CONDITION, ast);
    const struct ast *yes = ast->list->next, *no = yes->next;
    struct op *b, *otherwise;

    op->a = value(c, ast->list);
    b = moving(c, yes);
    otherwise = moving(c, no);
    if (drift_of(b).time == drift_of(otherwise).time &&
        drift_of(b).touch == drift_of(otherwise).touch) {
        op->drift = drift_of(b);
    } else {
        b = polled(c, b, yes);
        otherwise = polled(c, otherwise, no);
    }
    op->b = b;
    op->c = otherwise;
    return op;
}

/* The evaluator's own; the others are called by their group. */
static const struct {
    const char *name;
    struct op *(*make)(struct compiler *, const struct ast *, uint8_t);
    uint8_t how;
} numeric[] = {
    { "_==_", comparison, EQUAL }, { "_!=_", comparison, NOT_EQUAL },
    { "_<_", comparison, LESS },   { "_<=_", comparison, AT_MOST },
    { "_>_", comparison, MORE },   { "_>=_", comparison, AT_LEAST },
    { "_+_", arithmetic, '+' },    { "_-_", arithmetic, '-' },
    { "_*_", arithmetic, '*' },    { "_/_", arithmetic, '/' },
    { "_%_", arithmetic, '%' },
};

static const struct {
    const char *name;
    uint8_t code;
} access[] = {
    { "_[_]", OP_INDEX },
    { "_[?_]", OP_MAYBE },
    { "@in", OP_IN },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct op *operation(struct compiler *c, const struct ast *ast)
{
    size_t i;

    if (ast->receiver)
        return NULL;
    for (i = 0; ast->nlist == 2 && i < COUNT(numeric); i++)
        if (slice_is(ast->name, numeric[i].name))
            return numeric[i].make(c, ast, numeric[i].how);
    for (i = 0; ast->nlist == 2 && i < COUNT(access); i++)
        if (slice_is(ast->name, access[i].name))
            return binary(c, ast, access[i].code);
    return NULL;
}

/* -- calls -------------------------------------------------------------- */

static const struct op *const *arguments(struct compiler *c,
                                         const struct ast *first,
                                         const struct ast *list, uint32_t n)
{
    const struct op **arg = arena_alloc(&c->vm->cx.arena, n * sizeof(*arg));
    uint32_t i = 0;

    if (first)
        arg[i++] = value(c, first);
    for (; list; list = list->next)
        arg[i++] = value(c, list);
    return arg;
}

static struct op *unary(struct compiler *c, enum op_code code,
                        const struct ast *ast, const struct ast *of)
{
    struct op *op = new_op(c, code, ast);

    op->a = value(c, of);
    return op;
}

static struct op *failure(struct compiler *c, const struct ast *ast,
                          enum cel_code code, const char *what)
{
    return constant(
        c, ast,
        cel_fail(&c->vm->cx, code, "%s '%.*s'", what, SLICE_ARG(ast->name)));
}

/* x.matches('constant') */
static struct op *matches(struct compiler *c, const struct ast *ast)
{
    const struct ast *subject, *pattern;
    struct op *op;

    if (!slice_is(ast->name, "matches") || c->env->options.no_check)
        return NULL;
    subject = ast->receiver ? ast->a : ast->list;
    pattern = ast->receiver ? ast->list : ast->list->next;
    if (pattern->kind != AST_LITERAL || pattern->value.kind != CEL_STRING)
        return NULL;
    op = unary(c, OP_MATCHES, ast, subject);
    op->regex = pattern_compile(c->p, pattern, c->problems);
    c->bad |= !op->regex;
    return op;
}

/* x.filter(...).size() needs no list. */
static struct op *counting(struct compiler *c, const struct ast *ast)
{
    const struct ast *of = ast->receiver ? ast->a : ast->list;
    struct op *op;

    if (!slice_is(ast->name, "size") || !of || of->kind != AST_LOOP ||
        of->loop != LOOP_FILTER)
        return NULL;
    op = unary(c, OP_COUNT, ast, of->a);
    op->slot = local_slot(c, of->slot);
    op->c = value(c, of->c);
    return op;
}

/* duration('5 min') can only ever fail: say so at once. */
static void refuse_constant(struct compiler *c, const struct ast *ast,
                            const struct op *op)
{
    struct cel_value v;

    if (op->code != OP_CALL || op->n != 1 || !is_constant(op->arg[0]) ||
        c->env->options.no_check || c->vm->cx.fuel == 0 ||
        !(slice_is(ast->name, "timestamp") || slice_is(ast->name, "duration")))
        return;
    v = op_eval(c->vm, op);
    cel_problem(c->problems, false, ast->list->from, ast->list->to, "%.*s",
                SLICE_ARG(v.error->text));
    c->bad = true;
}

static struct op *call(struct compiler *c, const struct ast *ast)
{
    struct op *op = operation(c, ast);
    uint32_t i;
    bool constants = true;

    if (!op)
        op = matches(c, ast);
    if (!op)
        op = counting(c, ast);
    if (op)
        return op;
    if (!ast->group)
        return failure(c, ast, CEL_NO_OVERLOAD, "unknown function");
    if (slice_is(ast->name, "!_") && ast->nlist == 1)
        return unary(c, OP_NOT, ast, ast->list);
    op = new_op(c, OP_CALL, ast);
    op->n = ast->nlist + ast->receiver;
    op->group = ast->group;
    op->arg = arguments(c, ast->receiver ? ast->a : NULL, ast->list, op->n);
    for (i = 0; i < op->n; i++)
        constants &= is_constant(op->arg[i]);
    c->p->patterns |= slice_is(ast->name, "matches");
    op = folded(c, op, constants);
    refuse_constant(c, ast, op);
    return op;
}

/* -- what only a place has ---------------------------------------------- */

static struct op *special(struct compiler *c, const struct ast *ast)
{
    static const struct {
        uint8_t code, how;
        struct drift drift;
        bool timed;
    } as[] = {
        [SPECIAL_AGE] = { OP_AGE, 0, { 1, -1 }, true },
        [SPECIAL_LAST_SEEN] = { OP_LAST_SEEN, 0, { 0, 1 }, false },
        [SPECIAL_STALE] = { OP_STALE, 0, { 0, 0 }, true },
        [SPECIAL_BLADE] = { OP_BLADE, 0, { 0, 0 }, false },
        [SPECIAL_BY_BLADE] = { OP_BY_BLADE, 0, { 0, 0 }, false },
        [SPECIAL_PATH] = { OP_PATH, 0, { 0, 0 }, false },
        [SPECIAL_KEY] = { OP_KEY, 0, { 0, 0 }, false },
        [SPECIAL_INCREASE] = { OP_WINDOW, CEL_INCREASE, { 0, 0 }, true },
        [SPECIAL_RATE] = { OP_RATE, 0, { 0, 0 }, true },
        [SPECIAL_CHANGES] = { OP_WINDOW, CEL_CHANGES, { 0, 0 }, true },
    };
    struct op *op = new_op(c, as[ast->special].code, ast);

    op->how = as[ast->special].how;
    op->drift = as[ast->special].drift;
    c->p->timed |= as[ast->special].timed;
    op->a = place(c, ast->list);
    if (op->code == OP_STALE)
        op->b = value(c, ast->list->next);
    else if (ast->list->next)
        op->span = ast->list->next->value.i;
    return op;
}

/* -- lists and maps ----------------------------------------------------- */

static struct op *spread(struct compiler *c, const struct ast *ast)
{
    return unary(c, OP_SPREAD, ast, ast);
}

static struct op *list(struct compiler *c, const struct ast *ast)
{
    struct op *op = new_op(c, OP_LIST, ast);
    const struct op **arg =
        arena_alloc(&c->vm->cx.arena, ast->nlist * sizeof(*arg));
    const struct ast *item;
    bool constants = true;

    for (item = ast->list; item; item = item->next) {
        arg[op->n] = item->spread ? spread(c, item) : value(c, item);
        constants &= is_constant(arg[op->n++]);
    }
    op->arg = arg;
    return folded(c, op, constants);
}

static struct op *map(struct compiler *c, const struct ast *ast)
{
    struct op *op = new_op(c, OP_MAP, ast);
    const struct op **arg =
        arena_alloc(&c->vm->cx.arena, ast->nlist * sizeof(*arg));
    const struct ast *key;
    bool constants = true;

    for (key = ast->list; key; key = key->next->next) {
        arg[op->n++] = value(c, key);
        arg[op->n++] = key->spread ? spread(c, key->next) : value(c, key->next);
        constants &= is_constant(arg[op->n - 2]) && is_constant(arg[op->n - 1]);
    }
    op->arg = arg;
    return folded(c, op, constants);
}

/* -- comprehensions and binds ------------------------------------------- */

static struct op *loop(struct compiler *c, const struct ast *ast)
{
    struct op *op = unary(c, OP_LOOP, ast, ast->a);

    op->how = ast->loop;
    op->two = ast->name2.n != 0;
    op->place = ast->a->place;
    op->slot = local_slot(c, ast->slot);
    if (op->two)
        op->slot2 = local_slot(c, ast->slot2);
    if (ast->loop == LOOP_FILTER) {
        op->b = value(c, ast->c);
        return op;
    }
    if (ast->b)
        op->b = value(c, ast->b);
    op->c = value(c, ast->c);
    return op;
}

static struct op *bind(struct compiler *c, const struct ast *ast)
{
    uint32_t slot = local_slot(c, ast->slot);
    struct op *op, *body;

    if (ast->loop != BIND_PLAIN) {
        op = unary(c, ast->loop == BIND_OPT_MAP ? OP_OPT_MAP : OP_OPT_FLAT_MAP,
                   ast, ast->a);
        op->slot = slot;
        op->b = value(c, ast->b);
        return op;
    }
    op = new_op(c, OP_BIND, ast);
    op->slot = slot;
    c->local[slot].init = ast->a->place ? place(c, ast->a) : moving(c, ast->a);
    c->local[slot].height = ast->a->height;
    body = moving(c, ast->b);
    op->a = body;
    op->drift = drift_of(body);
    return op;
}

/* -- all of them -------------------------------------------------------- */

static struct op *ident(struct compiler *c, const struct ast *ast)
{
    const struct cel_variable *v;
    struct op *op;

    if (ast->slot == AST_NO_SLOT)
        return failure(c, ast, CEL_UNKNOWN_VARIABLE, "unknown variable");
    if (is_local(c, ast)) {
        op = local(c, OP_LOCAL, OP_LAZY, ast);
        if (op->a)
            op->drift = drift_of(op->a);
        return op;
    }
    v = &c->env->variable[ast->slot];
    if (!slice_is(v->name, "now") || v->type->kind != TYPE_TIMESTAMP)
        return variable(c, OP_VARIABLE, ast);
    c->p->timed = true;
    op = new_op(c, OP_NOW, ast);
    op->drift.time = 1;
    return op;
}

static struct op *test(struct compiler *c, const struct ast *ast)
{
    struct op *op;
    struct cel_key *key;

    if (ast->a->place) {
        op = new_op(c, OP_PLACE_HAS, ast);
        op->a = place(c, ast->a);
        key = new_keys(c, 1);
        key->text = arena_copy(&c->vm->cx.arena, ast->name);
        op->key = key;
        return op;
    }
    op = unary(c, OP_HAS, ast, ast->a);
    op->value = cel_string(arena_copy(&c->vm->cx.arena, ast->name));
    return folded(c, op, is_constant(op->a));
}

static struct op *selection(struct compiler *c, const struct ast *ast)
{
    struct cel_value name;
    struct op *op;

    if (ast->test)
        return test(c, ast);
    name = cel_string(arena_copy(&c->vm->cx.arena, ast->name));
    op = unary(c, ast->optional ? OP_MAYBE : OP_SELECT, ast, ast->a);
    if (ast->optional)
        op->b = constant(c, ast, name);
    else
        op->value = name;
    return folded(c, op, is_constant(op->a));
}

static struct op *call_or_special(struct compiler *c, const struct ast *ast)
{
    switch ((enum cel_special)ast->special) {
    case SPECIAL_NONE:
        return call(c, ast);
    case SPECIAL_AND:
        return binary(c, ast, OP_AND);
    case SPECIAL_OR:
        return binary(c, ast, OP_OR);
    case SPECIAL_CONDITION:
        return condition(c, ast);
    default:
        return special(c, ast);
    }
}

/* A value that may move with time; whoever uses it follows. */
static struct op *moving(struct compiler *c, const struct ast *ast)
{
    if (ast->kind == AST_BIND)
        return bind(c, ast);
    if (ast->place)
        return load(c, ast);
    switch ((enum ast_kind)ast->kind) {
    case AST_LITERAL:
        return constant(c, ast, ast->value);
    case AST_IDENT:
        return ident(c, ast);
    case AST_SELECT:
        return selection(c, ast);
    case AST_CALL:
        return call_or_special(c, ast);
    case AST_LIST:
        return list(c, ast);
    case AST_MAP:
        return map(c, ast);
    default:
        return loop(c, ast);
    }
}

enum status op_compile(struct cel_program *p, const struct cel_env *env,
                       const struct ast *ast, uint32_t nslots,
                       struct cel_problems *problems)
{
    struct compiler c = { .p = p, .env = env, .problems = problems };

    p->strict = env->options.strict;
    p->nslots = nslots - (uint32_t)env->nvariables;
    c.local = xcalloc(p->nslots ? p->nslots : 1, sizeof(*c.local));
    c.vm = cel_vm_new();
    cel_vm_limits(c.vm, FOLD_FUEL, 0);
    c.vm->cx.fuel = FOLD_FUEL;
    c.vm->cx.strict = p->strict;
    c.vm->cx.arena = p->arena;
    p->keys = arena_alloc(&c.vm->cx.arena, sizeof(*p->keys));
    p->root = value(&c, ast);
    p->arena = c.vm->cx.arena;
    c.vm->cx.arena = (struct arena){ 0 };
    cel_vm_free(c.vm);
    free(c.local);
    if (c.bad)
        return ST_BAD;
    if (c.nops <= OPS_MAX)
        return ST_OK;
    cel_problem(problems, false, ast->from, ast->to,
                "the expression is too large: it comes to more than %d "
                "operations",
                OPS_MAX);
    return ST_LIMIT;
}
