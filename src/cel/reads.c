#include "checker.h"

#include "base/alloc.h"

#include <stdlib.h>

/*
 * An abstract walk: which expressions denote a node of the state (a spot, a
 * pattern of its path), and how the value of each is used.  A spot is wider
 * than a place: it also follows what an optional or a bind holds, since a map
 * of the state stays a handle that is looked into only later.
 *
 * Arrays are values to the state: their content is read with READ_VALUE.
 */
#define CONTENT (READ_VALUE | READ_EXISTS | READ_KEYS | READ_SUBTREE)
#define KEYS    (READ_KEYS | READ_VALUE) /* of a map, or what else it is */

#define READS_MAX 1000 /* patterns of one expression */

struct key {
    struct slice text; /* p == NULL: any, or by's */
    uint32_t by;       /* a variable of the env that holds it, or none */
};

static const struct key any_key = { .by = CEL_NO_VARIABLE };

struct spot {
    const struct spot *in; /* NULL: the variable itself */
    struct key key;
    uint32_t variable;
    uint32_t n;
};

struct reads {
    struct arena *arena;
    const struct cel_env *env;
    const struct spot **slot; /* what a variable denotes, NULL: no node */
    struct cel_read *read;
    size_t n, room;
    const char *fault; /* why the reads cannot be told, or NULL */
};

/* -- patterns ----------------------------------------------------------- */

static bool same_key(const struct cel_read *a, const struct cel_read *b,
                     uint32_t i)
{
    return a->by[i] == b->by[i] && slice_same(a->key[i], b->key[i]);
}

static bool is_any(const struct cel_read *r, uint32_t i)
{
    return r->key[i].p == NULL && r->by[i] == CEL_NO_VARIABLE;
}

/* Two windows of one path are two patterns, of which one says the rest. */
static bool same_pattern(const struct cel_read *a, const struct cel_read *b)
{
    uint32_t i;

    if (a->variable != b->variable || a->n != b->n)
        return false;
    if (a->window_for && b->window_for && a->window_for != b->window_for)
        return false;
    for (i = 0; i < a->n; i++)
        if (!same_key(a, b, i))
            return false;
    return true;
}

/* Every path of b lies at or below one of a. */
static bool covers(const struct cel_read *a, const struct cel_read *b)
{
    uint32_t i;

    if (a->variable != b->variable || a->n > b->n)
        return false;
    for (i = 0; i < a->n; i++)
        if (!is_any(a, i) && !same_key(a, b, i))
            return false;
    return true;
}

static void put(struct reads *r, const struct cel_read *read)
{
    size_t i;

    for (i = 0; i < r->n; i++)
        if (same_pattern(&r->read[i], read))
            break;
    if (i == READS_MAX) {
        r->fault = "the expression reads too many paths of the state";
        return;
    }
    if (i == r->n) {
        if (r->n == r->room) {
            r->room = r->room ? r->room * 2 : 8;
            r->read = xrealloc(r->read, r->room * sizeof(*r->read));
        }
        r->read[r->n++] = *read;
        return;
    }
    r->read[i].kinds |= read->kinds;
    if (read->window_for)
        r->read[i].window_for = read->window_for;
}

static struct cel_read pattern_of(const struct spot *spot, uint32_t kinds)
{
    struct cel_read read = { .variable = spot->variable, .kinds = kinds };

    if (spot->n > CEL_READ_DEPTH)
        read.kinds |= READ_SUBTREE;
    while (spot->n > CEL_READ_DEPTH)
        spot = spot->in;
    read.n = spot->n;
    for (; spot->n; spot = spot->in) {
        read.key[spot->n - 1] = spot->key.text;
        read.by[spot->n - 1] = spot->key.by;
    }
    return read;
}

/* The root of the state is a map, always. */
static bool is_root(const struct reads *r, const struct spot *spot)
{
    return spot->n == 0 &&
           slice_is(r->env->variable[spot->variable].name, "state");
}

static void emit_window(struct reads *r, const struct spot *spot,
                        uint32_t kinds, nsec window_for)
{
    struct cel_read read;

    if (is_root(r, spot))
        kinds &= ~(uint32_t)READ_VALUE;
    read = pattern_of(spot, kinds);
    if (window_for && spot->n > CEL_READ_DEPTH)
        r->fault = "a path of the state is too deep for a window";
    read.window_for = window_for;
    if (kinds)
        put(r, &read);
}

static void emit(struct reads *r, const struct spot *spot, uint32_t kinds)
{
    emit_window(r, spot, kinds, 0);
}

static const struct spot *spot_new(struct reads *r, const struct spot *in,
                                   struct key key)
{
    struct spot *s = arena_alloc(r->arena, sizeof(*s));

    if (!s)
        return in; /* the arena is full: the check fails */
    *s = (struct spot){ in, key, in->variable, in->n + 1 };
    return s;
}

static struct key text_key(struct slice text)
{
    return (struct key){ text, CEL_NO_VARIABLE };
}

/* A constant string, or a variable that is one. */
static struct key key_of(const struct reads *r, const struct ast *ast)
{
    struct key key = text_key(literal_text(ast));

    if (ast->kind == AST_IDENT && ast->slot < r->env->nvariables &&
        r->env->variable[ast->slot].type->kind == TYPE_STRING)
        key.by = ast->slot;
    return key;
}

/* Whether in has the child, and is a map at all. */
static void emit_lookup(struct reads *r, const struct spot *in,
                        const struct spot *child)
{
    emit(r, child, READ_EXISTS);
    emit(r, in, READ_VALUE);
}

/* -- the walk ----------------------------------------------------------- */

static void walk(struct reads *r, const struct ast *ast, uint32_t kinds);

static bool is_method(const struct ast *ast, const char *name)
{
    return ast->kind == AST_CALL && ast->receiver && slice_is(ast->name, name);
}

static bool is_function(const struct ast *ast, const char *name)
{
    return ast->kind == AST_CALL && !ast->receiver && slice_is(ast->name, name);
}

static const struct spot *locate(struct reads *r, const struct ast *ast);

static const struct spot *locate_select(struct reads *r, const struct ast *ast)
{
    const struct spot *in, *child;

    if (ast->test)
        return NULL;
    in = locate(r, ast->a);
    if (!in)
        return NULL;
    child = spot_new(r, in, text_key(ast->name));
    if (!ast->place)
        emit_lookup(r, in, child);
    return child;
}

static bool is_key_type(const struct cel_type *type)
{
    return type->kind == TYPE_STRING || type->kind == TYPE_DYN;
}

static const struct spot *locate_index(struct reads *r, const struct ast *ast,
                                       const struct ast *base)
{
    const struct ast *key = base->next;
    const struct spot *in, *child;

    if (!ast->place && !is_key_type(key->type))
        return NULL;
    in = locate(r, base);
    if (!in)
        return NULL;
    child = spot_new(r, in, key_of(r, key));
    walk(r, key, READ_VALUE);
    if (!ast->place)
        emit_lookup(r, in, child);
    else if (key->type->kind != TYPE_STRING)
        emit(r, in, READ_VALUE); /* it may be an array */
    return child;
}

/* The node that the expression denotes, NULL: none.  What is looked at on the
 * way there is read; what is done with the node is the caller's to emit. */
static const struct spot *locate(struct reads *r, const struct ast *ast)
{
    const struct ast *base;

    switch ((enum ast_kind)ast->kind) {
    case AST_IDENT:
        return ast->slot == AST_NO_SLOT ? NULL : r->slot[ast->slot];
    case AST_SELECT:
        return locate_select(r, ast);
    case AST_CALL:
        if ((base = index_base(ast)))
            return locate_index(r, ast, base);
        if (is_function(ast, "dyn") && ast->nlist == 1)
            return locate(r, ast->list);
        if (is_method(ast, "value") && ast->nlist == 0)
            return locate(r, ast->a);
        return NULL;
    default:
        return NULL;
    }
}

static void walk_special(struct reads *r, const struct ast *ast)
{
    static const uint32_t kinds[] = {
        [SPECIAL_AGE] = READ_META,
        [SPECIAL_LAST_SEEN] = READ_META,
        [SPECIAL_STALE] = READ_META | READ_EXISTS,
        [SPECIAL_BLADE] = READ_META,
        [SPECIAL_BY_BLADE] = READ_META | READ_VALUE,
        [SPECIAL_PATH] = READ_EXISTS,
        [SPECIAL_KEY] = READ_EXISTS,
        [SPECIAL_INCREASE] = READ_INCREASE,
        [SPECIAL_RATE] = READ_INCREASE,
        [SPECIAL_CHANGES] = READ_CHANGES,
    };
    const struct ast *span = ast->list->next;
    const struct spot *spot = locate(r, ast->list);
    uint32_t want = kinds[ast->special];
    bool window = want & (READ_INCREASE | READ_CHANGES);

    emit_window(r, spot, want, window && span ? span->value.i : 0);
    if (span)
        walk(r, span, READ_VALUE);
}

/* Both sides of == look into each other, unless one is known to be no map. */
static bool is_flat(const struct cel_type *type)
{
    uint8_t kind = type->kind;

    return kind != TYPE_DYN && kind != TYPE_MAP && kind != TYPE_OPTIONAL;
}

/* Whether what is looked for in there is compared without looking into it. */
static bool holds_flat(const struct cel_type *range)
{
    return range->kind == TYPE_MAP ||
           (range->kind == TYPE_LIST && is_flat(range->arg[0]));
}

static void walk_equal(struct reads *r, const struct ast *a,
                       const struct ast *b)
{
    walk(r, a, is_flat(b->type) ? READ_VALUE : READ_SUBTREE);
    walk(r, b, is_flat(a->type) ? READ_VALUE : READ_SUBTREE);
}

/* item in range */
static void walk_in(struct reads *r, const struct ast *item,
                    const struct ast *range)
{
    const struct spot *in = locate(r, range);
    struct key key = key_of(r, item);

    walk(r, item, holds_flat(range->type) ? READ_VALUE : READ_SUBTREE);
    if (!in)
        walk(r, range, READ_SUBTREE);
    else if (key.text.p || key.by != CEL_NO_VARIABLE)
        emit_lookup(r, in, spot_new(r, in, key));
    else
        emit(r, in, KEYS);
}

/* An index that is no place: p[0]. */
static void walk_index(struct reads *r, const struct ast *base)
{
    const struct spot *in = locate(r, base);

    if (in)
        emit(r, in, READ_VALUE);
    else
        walk(r, base, READ_SUBTREE);
    walk(r, base->next, READ_VALUE);
}

/* How the i-th argument is used: the kinds it may be of say whether a map is
 * let in, which could be looked into. */
static uint32_t argument_use(const struct ast *ast, size_t i)
{
    const uint32_t deep = 1u << CEL_MAP | 1u << CEL_OPTIONAL;
    const struct cel_group *g = ast->group;
    size_t n = ast->nlist + (ast->receiver ? 1u : 0u), j;

    if (!g)
        return READ_SUBTREE;
    for (j = 0; j < g->n; j++) {
        const struct cel_signature *s = &g->signature[j];

        if (n < s->nargs || (n > s->nargs && !s->rest))
            continue;
        if (i >= s->nargs || (s->kinds[i] & deep))
            return READ_SUBTREE;
    }
    return READ_VALUE;
}

static void walk_arguments(struct reads *r, const struct ast *ast)
{
    const struct ast *arg;
    size_t i = 0;

    if (ast->receiver)
        walk(r, ast->a, argument_use(ast, i++));
    for (arg = ast->list; arg; arg = arg->next)
        walk(r, arg, argument_use(ast, i++));
}

/* Functions whose use of their first argument is known better. */
static bool walk_known(struct reads *r, const struct ast *ast, uint32_t kinds)
{
    static const struct {
        const char *name;
        bool receiver;
        uint32_t kinds; /* 0: as the result is used */
    } known[] = {
        { "size", false, KEYS },
        { "size", true, KEYS },
        { "keys", true, KEYS },
        { "type", false, READ_VALUE },
        { "dyn", false, 0 },
        { "value", true, 0 },
        { "hasValue", true, READ_EXISTS },
        { "orValue", true, 0 },
        { "or", true, 0 },
    };
    const struct ast *arg;
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i].receiver == ast->receiver && ast->group &&
            slice_is(ast->name, known[i].name))
            break;
    if (i == sizeof(known) / sizeof(*known))
        return false;
    if (known[i].kinds)
        kinds = known[i].kinds;
    if (ast->receiver)
        walk(r, ast->a, kinds);
    for (arg = ast->list; arg; arg = arg->next)
        walk(r, arg, kinds);
    return true;
}

static void walk_call(struct reads *r, const struct ast *ast, uint32_t kinds)
{
    const struct ast *base = index_base(ast), *first = ast->list;

    if (base) {
        walk_index(r, base);
    } else if (ast->special == SPECIAL_AND || ast->special == SPECIAL_OR) {
        walk(r, first, READ_VALUE);
        walk(r, first->next, READ_VALUE);
    } else if (ast->special == SPECIAL_CONDITION) {
        walk(r, first, READ_VALUE);
        walk(r, first->next, kinds);
        walk(r, first->next->next, kinds);
    } else if (ast->special) {
        walk_special(r, ast);
    } else if (is_function(ast, "_==_") || is_function(ast, "_!=_")) {
        walk_equal(r, first, first->next);
    } else if (is_function(ast, "@in")) {
        walk_in(r, first, first->next);
    } else if (!walk_known(r, ast, kinds)) {
        walk_arguments(r, ast);
    }
}

static void walk_items(struct reads *r, const struct ast *ast)
{
    const struct ast *item;

    for (item = ast->list; item; item = item->next)
        walk(r, item, READ_SUBTREE);
}

static void walk_loop(struct reads *r, const struct ast *ast)
{
    const struct spot *range = locate(r, ast->a);
    bool collects = ast->loop == LOOP_MAP || ast->loop == LOOP_TRANSFORM_LIST ||
                    ast->loop == LOOP_TRANSFORM_MAP ||
                    ast->loop == LOOP_TRANSFORM_ENTRY;

    if (range) {
        emit(r, range, KEYS);
        if (ast->name2.n)
            r->slot[ast->slot2] = spot_new(r, range, any_key);
    } else {
        walk(r, ast->a, READ_SUBTREE);
    }
    if (ast->b)
        walk(r, ast->b, READ_VALUE);
    walk(r, ast->c, collects ? READ_SUBTREE : READ_VALUE);
}

static void walk_bind(struct reads *r, const struct ast *ast, uint32_t kinds)
{
    const struct spot *spot = locate(r, ast->a);

    if (spot)
        emit(r, spot, READ_EXISTS);
    else
        walk(r, ast->a, READ_SUBTREE);
    r->slot[ast->slot] = spot;
    walk(r, ast->b, kinds);
}

static void visit(struct reads *r, const struct ast *ast, uint32_t kinds)
{
    const struct spot *in;

    switch ((enum ast_kind)ast->kind) {
    case AST_LITERAL:
    case AST_IDENT:
        break;
    case AST_SELECT:
        in = ast->test ? locate(r, ast->a) : NULL;
        if (in)
            emit_lookup(r, in, spot_new(r, in, text_key(ast->name)));
        else
            walk(r, ast->a, READ_SUBTREE);
        break;
    case AST_CALL:
        walk_call(r, ast, kinds);
        break;
    case AST_LIST:
    case AST_MAP:
        walk_items(r, ast);
        break;
    case AST_LOOP:
        walk_loop(r, ast);
        break;
    case AST_BIND:
        walk_bind(r, ast, kinds);
        break;
    }
}

/* kinds: what is done with the value. */
static void walk(struct reads *r, const struct ast *ast, uint32_t kinds)
{
    const struct spot *spot = locate(r, ast);

    if (spot)
        emit(r, spot, kinds);
    else
        visit(r, ast, kinds);
}

/* -- all of them -------------------------------------------------------- */

/* Forgets what a subtree that is read as a whole covers. */
static void simplify(struct reads *r)
{
    size_t i, j, n = 0;

    for (i = 0; i < r->n; i++)
        for (j = 0; j < r->n && (r->read[i].kinds & READ_SUBTREE); j++) {
            uint32_t less = CONTENT;

            if (i == j || same_pattern(&r->read[i], &r->read[j]))
                less &= ~(uint32_t)READ_SUBTREE;
            if (covers(&r->read[i], &r->read[j]))
                r->read[j].kinds &= ~less;
        }
    for (i = 0; i < r->n; i++)
        if (r->read[i].kinds)
            r->read[n++] = r->read[i];
    r->n = n;
}

static void start(struct reads *r)
{
    struct spot *root;
    uint32_t i;

    for (i = 0; i < r->env->nvariables; i++) {
        root = r->env->variable[i].place ? arena_alloc(r->arena, sizeof(*root))
                                         : NULL;
        if (root)
            root->variable = i;
        r->slot[i] = root;
    }
}

const char *collect_reads(struct arena *arena, const struct cel_env *env,
                          const struct ast *ast, uint32_t slots,
                          struct read_list *ret)
{
    struct reads r = { .arena = arena, .env = env };
    struct cel_read *reads;

    r.slot = arena_alloc(arena, slots * sizeof(const struct spot *));
    if (r.slot)
        start(&r);
    if (!r.slot || arena->full)
        return NULL; /* the check fails for it */
    walk(&r, ast, env->use ? env->use : READ_SUBTREE);
    simplify(&r);
    reads = arena_alloc(arena, r.n * sizeof(*reads));
    if (reads && r.n)
        memcpy(reads, r.read, r.n * sizeof(*reads));
    free(r.read);
    *ret = (struct read_list){ reads, reads ? r.n : 0 };
    return r.fault;
}
