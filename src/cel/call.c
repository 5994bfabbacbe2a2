#include "checker.h"

static const struct cel_type *simple(enum cel_type_kind kind)
{
    return cel_type_simple(kind);
}

/* -- which function ----------------------------------------------------- */

/* math.ceil(x): a.name is a function if a is no variable. */
static void find_namespace(struct checker *c, struct ast *ast)
{
    const struct cel_group *group;
    char text[DOTTED_MAX], whole[DOTTED_MAX];
    struct slice prefix;

    if (!ast->receiver || !dotted_name(ast->a, text, &prefix) ||
        prefix.n + 1 + ast->name.n > sizeof(whole) ||
        dotted_is_variable(c, ast->a))
        return;
    memcpy(whole, prefix.p, prefix.n);
    whole[prefix.n] = '.';
    memcpy(whole + prefix.n + 1, ast->name.p, ast->name.n);
    group = cel_functions_find(
        c->env->functions, slice_of(whole, prefix.n + 1 + ast->name.n), false);
    if (!group)
        return;
    ast->name = group->name;
    ast->receiver = false;
    ast->a = NULL;
}

/* base64.encod(x): nobody declared base64, but there are functions below. */
static bool misses_namespace(struct checker *c, const struct ast *ast)
{
    const struct cel_group *group;
    char text[DOTTED_MAX];
    struct slice prefix;
    size_t i;

    if (!ast->receiver || !dotted_name(ast->a, text, &prefix) ||
        dotted_is_variable(c, ast->a))
        return false;
    for (i = 0; (group = cel_functions_at(c->env->functions, i)); i++)
        if (!group->receiver && group->name.n > prefix.n &&
            group->name.p[prefix.n] == '.' &&
            slice_eq(slice_of(group->name.p, prefix.n), prefix))
            break;
    if (group)
        undeclared_function(c, ast, prefix);
    return group;
}

/* -- which overload ----------------------------------------------------- */

struct arguments {
    const struct cel_type **type; /* the receiver first */
    size_t n;
};

static const struct cel_type *try_signature(struct checker *c,
                                            const struct cel_signature *s,
                                            const struct arguments *given)
{
    const struct cel_type *letter[TYPE_LETTERS] = { NULL };
    const struct cel_type *want[sizeof(s->arg) / sizeof(*s->arg)];
    size_t i;

    if (given->n < s->nargs || (given->n > s->nargs && !s->rest))
        return NULL;
    for (i = 0; i < s->nargs; i++)
        want[i] = types_open(&c->types, s->arg[i], letter);
    if (!types_assign_all(&c->types, given->type, want, s->nargs))
        return NULL;
    return types_resolve(&c->types, types_open(&c->types, s->result, letter),
                         false);
}

/* As in cel-go: all that match count; if they differ the result is dyn. */
static const struct cel_type *try_group(struct checker *c,
                                        const struct cel_group *group,
                                        const struct arguments *given)
{
    const struct cel_type *result = NULL, *one;
    size_t i;

    for (i = 0; i < group->n; i++) {
        one = try_signature(c, &group->signature[i], given);
        if (!one)
            continue;
        if (!result)
            result = one;
        else if (!cel_type_same(result, one))
            result = simple(TYPE_DYN);
    }
    return result;
}

static bool infer_arguments(struct checker *c, struct ast *ast,
                            struct arguments *ret)
{
    size_t i = 0, n = ast->nlist + (ast->receiver ? 1u : 0u);
    struct ast *arg;

    ret->n = n;
    ret->type = arena_alloc(c->arena, n * sizeof(const struct cel_type *));
    if (ast->receiver) {
        (void)infer(c, ast->a);
        if (ret->type)
            ret->type[i++] = ast->a->type;
    }
    for (arg = ast->list; arg; arg = arg->next) {
        (void)infer(c, arg);
        if (ret->type)
            ret->type[i++] = arg->type;
    }
    return ret->type;
}

/* c ? x : y; two types that do not agree make it dyn. */
static const struct cel_type *condition_type(struct checker *c,
                                             const struct ast *ast,
                                             const struct arguments *given)
{
    const struct cel_type *either = types_variable(&c->types);
    const struct cel_type *want[2] = { either, either };
    char text[TYPE_TEXT];

    if (!types_assign(&c->types, given->type[0], simple(TYPE_BOOL)) &&
        !c->env->options.no_check)
        mistake(c, ast->list, "the condition must be bool, not %s",
                type_text(c, given->type[0], text));
    if (!types_assign_all(&c->types, given->type + 1, want, 2))
        return simple(TYPE_DYN);
    return types_resolve(&c->types, either, false);
}

static enum cel_special logic_named(struct slice name)
{
    return slice_is(name, "_&&_")    ? SPECIAL_AND
           : slice_is(name, "_||_")  ? SPECIAL_OR
           : slice_is(name, "_?_:_") ? SPECIAL_CONDITION
                                     : SPECIAL_NONE;
}

static const struct cel_type *infer_logic(struct checker *c, struct ast *ast,
                                          const struct arguments *given)
{
    const struct cel_type *boolean = simple(TYPE_BOOL);
    const struct cel_type *want[2] = { boolean, boolean };

    if (ast->special == SPECIAL_CONDITION)
        return condition_type(c, ast, given);
    if (!types_assign_all(&c->types, given->type, want, 2))
        no_overload(c, ast, given->type, given->n);
    return boolean;
}

static void caution_call(struct checker *c, const struct ast *ast)
{
    static const char *const rounding[] = { "math.ceil", "math.floor",
                                            "math.round", "math.trunc" };
    size_t i;

    if (slice_is(ast->name, "_/_"))
        caution_division(c, ast);
    for (i = 0; i < sizeof(rounding) / sizeof(*rounding); i++)
        if (!ast->receiver && slice_is(ast->name, rounding[i]))
            caution_rounding(c, ast);
}

/* Nobody knows the function; its arguments may belong to a misspelt macro. */
static const struct cel_type *refuse_call(struct checker *c, struct ast *ast)
{
    if (ast->receiver)
        (void)infer(c, ast->a);
    undeclared_function(c, ast, slice_of(NULL, 0));
    return simple(TYPE_DYN);
}

const struct cel_type *infer_call(struct checker *c, struct ast *ast)
{
    const struct cel_type *result;
    struct arguments given;

    find_namespace(c, ast);
    if (!ast->receiver && special_named(ast->name))
        return infer_special(c, ast);
    ast->special = (uint8_t)logic_named(ast->name);
    if (!ast->special)
        ast->group =
            cel_functions_find(c->env->functions, ast->name, ast->receiver);
    if (!c->env->options.no_check && !ast->special && !ast->group)
        return misses_namespace(c, ast) ? simple(TYPE_DYN)
                                        : refuse_call(c, ast);
    if (slice_is(ast->name, "_-_") && ast->list->kind == AST_SELECT)
        c->minuend = ast->list;
    if (!infer_arguments(c, ast, &given))
        return simple(TYPE_DYN);
    if (ast->special)
        return infer_logic(c, ast, &given);
    result = ast->group ? try_group(c, ast->group, &given) : NULL;
    if (!result) {
        no_overload(c, ast, given.type, given.n);
        return simple(TYPE_DYN);
    }
    caution_call(c, ast);
    return result;
}
