#include "checker.h"

#include "base/alloc.h"

#include <stdlib.h>

/*
 * Substitutions as in cel-go's checker: a variable stands for nothing yet or
 * for a type, in which other variables may occur.  Chains of variables may be
 * long and types that share parts may be huge if spelt out, so walks count
 * their depth and all of them their steps; past that a type is as good as dyn.
 */
#define WALK_DEPTH (2 * CEL_TYPE_SIZE)
#define STEPS_MAX  10000000

struct binding {
    uint32_t variable;
    const struct cel_type *was;
};

void types_release(struct types *t)
{
    free(t->bound);
    free(t->undo);
}

const struct cel_type *types_variable(struct types *t)
{
    struct cel_type *v = arena_alloc(t->arena, sizeof(*v));

    if (!v)
        return cel_type_simple(TYPE_DYN);
    if (t->nbound + 1 >= t->room) {
        t->room = t->room ? t->room * 2 : 64;
        t->bound = xrealloc(t->bound, t->room * sizeof(*t->bound));
    }
    *v = (struct cel_type){ .kind = TYPE_PARAM, .variable = ++t->nbound };
    t->bound[v->variable] = NULL;
    return v;
}

bool types_exhausted(const struct types *t)
{
    return t->steps > STEPS_MAX;
}

static bool too_far(struct types *t, unsigned depth)
{
    t->steps += t->steps <= STEPS_MAX;
    return depth > WALK_DEPTH || types_exhausted(t);
}

static bool is_variable(const struct cel_type *type)
{
    return type->kind == TYPE_PARAM && type->variable;
}

static void bind(struct types *t, const struct cel_type *variable,
                 const struct cel_type *to)
{
    if (t->nundo == t->undo_room) {
        t->undo_room = t->undo_room ? t->undo_room * 2 : 64;
        t->undo = xrealloc(t->undo, t->undo_room * sizeof(*t->undo));
    }
    t->undo[t->nundo++] =
        (struct binding){ variable->variable, t->bound[variable->variable] };
    t->bound[variable->variable] = to;
}

static void take_back(struct types *t)
{
    while (t->nundo) {
        const struct binding *b = &t->undo[--t->nundo];

        t->bound[b->variable] = b->was;
    }
}

static bool occurs(struct types *t, const struct cel_type *variable,
                   const struct cel_type *in, unsigned depth)
{
    if (!in)
        return false;
    if (too_far(t, depth))
        return true;
    if (is_variable(in)) {
        if (in->variable == variable->variable)
            return true;
        return occurs(t, variable, t->bound[in->variable], depth + 1);
    }
    return occurs(t, variable, in->arg[0], depth + 1) ||
           occurs(t, variable, in->arg[1], depth + 1);
}

/* a says as much as b or less: it has dyn where b has something.  Of null and
 * what takes null it is the latter. */
static bool less_specific(const struct cel_type *a, const struct cel_type *b)
{
    if (a->kind == TYPE_DYN || a->kind == TYPE_PARAM || b->kind == TYPE_NULL)
        return true;
    if (b->kind == TYPE_DYN || b->kind == TYPE_PARAM || a->kind != b->kind)
        return false;
    if (a->kind == TYPE_TYPE)
        return true;
    return (!a->arg[0] || less_specific(a->arg[0], b->arg[0])) &&
           (!a->arg[1] || less_specific(a->arg[1], b->arg[1]));
}

static const struct cel_type *most_general(const struct cel_type *a,
                                           const struct cel_type *b)
{
    return less_specific(a, b) ? a : b;
}

static bool assign(struct types *t, const struct cel_type *from,
                   const struct cel_type *to, unsigned depth);

enum fit {
    FIT,
    CLASH, /* with what the variable stands for */
    CYCLE  /* the variable occurs in the type */
};

static enum fit substitute(struct types *t, const struct cel_type *type,
                           const struct cel_type *variable, unsigned depth)
{
    const struct cel_type *was = t->bound[variable->variable], *now;

    if (cel_type_same(type, variable) || cel_type_same(type, was))
        return FIT;
    if (!was) {
        if (occurs(t, variable, type, depth))
            return CYCLE;
        bind(t, variable, type);
        return FIT;
    }
    if (!assign(t, type, was, depth + 1))
        return CLASH;
    now = most_general(type, was);
    if (!occurs(t, variable, now, depth))
        bind(t, variable, now);
    return FIT;
}

/* null may stand for what has a null of its own in protobuf, as in cel-go. */
static bool takes_null(const struct cel_type *type)
{
    return type->kind == TYPE_NULL || type->kind == TYPE_TIMESTAMP ||
           type->kind == TYPE_DURATION || type->kind == TYPE_OPTIONAL;
}

static bool assign(struct types *t, const struct cel_type *from,
                   const struct cel_type *to, unsigned depth)
{
    enum fit fit;
    size_t i;

    if (too_far(t, depth))
        return true;
    if (is_variable(to)) {
        fit = substitute(t, from, to, depth);
        if (fit != CYCLE)
            return fit == FIT;
    }
    if (is_variable(from))
        return substitute(t, to, from, depth) == FIT;
    if (from->kind == TYPE_DYN || to->kind == TYPE_DYN)
        return true;
    if (from->kind == TYPE_NULL)
        return takes_null(to);
    if (to->kind == TYPE_NULL)
        return takes_null(from);
    if (from->kind != to->kind || from->kind == TYPE_TYPE)
        return from->kind == to->kind;
    for (i = 0; i < 2 && from->arg[i]; i++)
        if (!assign(t, from->arg[i], to->arg[i], depth + 1))
            return false;
    return true;
}

bool types_assign_all(struct types *t, const struct cel_type *const *from,
                      const struct cel_type *const *to, size_t n)
{
    size_t i;

    t->nundo = 0;
    for (i = 0; i < n; i++)
        if (!assign(t, from[i], to[i], 0)) {
            take_back(t);
            return false;
        }
    return true;
}

bool types_assign(struct types *t, const struct cel_type *from,
                  const struct cel_type *to)
{
    return types_assign_all(t, &from, &to, 1);
}

const struct cel_type *types_join(struct types *t, const struct cel_type *a,
                                  const struct cel_type *b)
{
    if (!a)
        return b;
    return types_assign(t, a, b) ? most_general(a, b)
                                 : cel_type_simple(TYPE_DYN);
}

static const struct cel_type *resolve(struct types *t,
                                      const struct cel_type *type, bool final,
                                      unsigned depth)
{
    const struct cel_type *arg[2];
    size_t i;

    if (too_far(t, depth))
        return cel_type_simple(TYPE_DYN);
    if (is_variable(type)) {
        if (t->bound[type->variable])
            return resolve(t, t->bound[type->variable], final, depth + 1);
        return final ? cel_type_simple(TYPE_DYN) : type;
    }
    for (i = 0; i < 2; i++)
        arg[i] =
            type->arg[i] ? resolve(t, type->arg[i], final, depth + 1) : NULL;
    if (arg[0] == type->arg[0] && arg[1] == type->arg[1])
        return type;
    return cel_type_of(t->arena, type->kind, arg[0], arg[1]);
}

const struct cel_type *types_resolve(struct types *t,
                                     const struct cel_type *type, bool final)
{
    return resolve(t, type, final, 0);
}

const struct cel_type *types_open(struct types *t, const struct cel_type *type,
                                  const struct cel_type **letter)
{
    const struct cel_type *arg[2];
    size_t i;

    if (type->kind == TYPE_PARAM) {
        i = (size_t)(*type->name.p - 'A');
        if (!letter[i])
            letter[i] = types_variable(t);
        return letter[i];
    }
    for (i = 0; i < 2; i++)
        arg[i] = type->arg[i] ? types_open(t, type->arg[i], letter) : NULL;
    if (arg[0] == type->arg[0] && arg[1] == type->arg[1])
        return type;
    return cel_type_of(t->arena, type->kind, arg[0], arg[1]);
}
