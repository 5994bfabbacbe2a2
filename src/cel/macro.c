#include "macro.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define ARGS_MAX 4

struct macro {
    const char *name;
    uint8_t nargs, nvars;
    uint8_t kind; /* AST_LOOP, AST_BIND */
    uint8_t loop;
};

static const struct macro macros[] = {
    { "all", 2, 1, AST_LOOP, LOOP_ALL },
    { "all", 3, 2, AST_LOOP, LOOP_ALL },
    { "exists", 2, 1, AST_LOOP, LOOP_EXISTS },
    { "exists", 3, 2, AST_LOOP, LOOP_EXISTS },
    { "exists_one", 2, 1, AST_LOOP, LOOP_EXISTS_ONE },
    { "exists_one", 3, 2, AST_LOOP, LOOP_EXISTS_ONE },
    { "existsOne", 2, 1, AST_LOOP, LOOP_EXISTS_ONE },
    { "existsOne", 3, 2, AST_LOOP, LOOP_EXISTS_ONE },
    { "filter", 2, 1, AST_LOOP, LOOP_FILTER },
    { "map", 2, 1, AST_LOOP, LOOP_MAP },
    { "map", 3, 1, AST_LOOP, LOOP_MAP },
    { "transformList", 3, 2, AST_LOOP, LOOP_TRANSFORM_LIST },
    { "transformList", 4, 2, AST_LOOP, LOOP_TRANSFORM_LIST },
    { "transformMap", 3, 2, AST_LOOP, LOOP_TRANSFORM_MAP },
    { "transformMap", 4, 2, AST_LOOP, LOOP_TRANSFORM_MAP },
    { "transformMapEntry", 3, 2, AST_LOOP, LOOP_TRANSFORM_ENTRY },
    { "transformMapEntry", 4, 2, AST_LOOP, LOOP_TRANSFORM_ENTRY },
    { "sortBy", 2, 1, AST_LOOP, LOOP_SORT_BY },
    { "optMap", 2, 1, AST_BIND, BIND_OPT_MAP },
    { "optFlatMap", 2, 1, AST_BIND, BIND_OPT_FLAT_MAP },
};
static const struct macro bind = { "bind", 3, 1, AST_BIND, BIND_PLAIN };

static const struct macro *find(const struct ast *call)
{
    if (call->a->kind == AST_IDENT && !call->a->rooted &&
        slice_is(call->a->name, "cel") && slice_is(call->name, bind.name) &&
        call->nlist == bind.nargs)
        return &bind;
    for (size_t i = 0; i < COUNT(macros); i++) {
        if (call->nlist == macros[i].nargs &&
            slice_is(call->name, macros[i].name))
            return &macros[i];
    }
    return NULL;
}

static struct slice variable(const struct ast *arg,
                             struct cel_problems *problems)
{
    if (arg->kind != AST_IDENT || arg->rooted)
        cel_help(cel_problem(problems, false, arg->from, arg->to,
                             "the name of a variable is expected here"),
                 "write a plain name, such as x");
    return arg->name;
}

/* Every macro has two arguments and more. */
static void take_variables(struct ast *call, size_t n,
                           struct cel_problems *problems)
{
    const struct ast *first = call->list, *second = first->next;

    call->name = variable(first, problems);
    if (n == 1)
        return;
    call->name2 = variable(second, problems);
    if (call->name.n && slice_eq(call->name, call->name2))
        cel_problem(problems, false, second->from, second->to,
                    "both variables are called '%.*s'", SLICE_ARG(call->name));
}

static void expand(struct ast *call, const struct macro *m,
                   struct cel_problems *problems)
{
    struct ast *arg[ARGS_MAX] = { NULL }, *next = call->list;

    for (size_t i = 0; i < m->nargs; i++, next = next->next)
        arg[i] = next;
    take_variables(call, m->nvars, problems);
    call->kind = m->kind;
    call->loop = m->loop;
    call->receiver = false;
    call->list = NULL;
    call->nlist = 0;
    if (m->kind == AST_LOOP) {
        call->c = arg[m->nargs - 1];
        call->b = m->nargs - m->nvars == 2 ? arg[m->nvars] : NULL;
    } else {
        call->b = arg[m->nargs - 1];
        call->a = m->loop == BIND_PLAIN ? arg[1] : call->a;
    }
}

/* The tested selection takes the call's place. */
static struct ast *expand_has(struct ast *call, struct cel_problems *problems)
{
    struct ast *field = call->list;

    if (field->kind != AST_SELECT || field->test) {
        cel_help(cel_problem(problems, false, field->from, field->to,
                             "invalid argument to has() macro: it is no field"),
                 "write has(e.f); for a key write \"key\" in e");
        return call;
    }
    field->test = true;
    field->from = call->from;
    field->to = call->to;
    return field;
}

struct ast *macro_apply(struct ast *call, struct cel_problems *problems)
{
    const struct macro *m;

    if (call->rooted)
        return call;
    if (!call->receiver)
        return slice_is(call->name, "has") && call->nlist == 1
                   ? expand_has(call, problems)
                   : call;
    m = find(call);
    if (m)
        expand(call, m, problems);
    return call;
}

const char *macro_name(const struct ast *n)
{
    for (size_t i = 0; i < COUNT(macros); i++) {
        if (macros[i].kind == n->kind && macros[i].loop == n->loop)
            return macros[i].name;
    }
    return bind.name;
}
