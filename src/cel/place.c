#include "checker.h"

struct ast *index_base(const struct ast *ast, bool optional)
{
    if (ast->kind != AST_CALL || ast->receiver || ast->nlist != 2 ||
        !slice_is(ast->name, optional ? "_[?_]" : "_[_]"))
        return NULL;
    return ast->list;
}

struct slice literal_key(const struct ast *ast)
{
    const struct ast *base, *key;

    if (ast->kind == AST_SELECT)
        return ast->name;
    base = index_base(ast, false);
    if (!base)
        base = index_base(ast, true);
    key = base ? base->next : NULL;
    if (!key || key->kind != AST_LITERAL || key->value.kind != CEL_STRING)
        return slice_of(NULL, 0);
    return key->value.n ? cel_text(key->value) : slice_of("", 0);
}

/* A key of the state is a string.  What is not known may be an index of an
 * array, then the node is a value and no place after all. */
static bool may_be_key(const struct cel_type *type)
{
    return type->kind == TYPE_STRING || type->kind == TYPE_DYN ||
           type->kind == TYPE_PARAM;
}

void mark_place(struct checker *c, struct ast *ast)
{
    const struct ast *base = index_base(ast, false);

    if (base)
        ast->place = base->place && may_be_key(resolved(c, base->next));
    else if (ast->kind == AST_SELECT)
        ast->place = ast->a->place && !ast->test && !ast->optional &&
                     resolved(c, ast->a)->kind != TYPE_OPTIONAL;
    if (ast->place && c->env->snapshot)
        caution_snapshot(c, ast);
}
