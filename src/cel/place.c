#include "checker.h"

struct ast *index_base(const struct ast *ast)
{
    bool index = ast->kind == AST_CALL && !ast->receiver && ast->nlist == 2 &&
                 (slice_is(ast->name, "_[_]") || slice_is(ast->name, "_[?_]"));

    return index ? ast->list : NULL;
}

struct slice ast_literal_key(const struct ast *ast)
{
    const struct ast *base = index_base(ast);

    if (ast->kind == AST_SELECT)
        return ast->name;
    return base ? literal_text(base->next) : slice_of(NULL, 0);
}

struct slice literal_text(const struct ast *ast)
{
    if (ast->kind != AST_LITERAL || ast->value.kind != CEL_STRING)
        return slice_of(NULL, 0);
    return ast->value.n ? cel_text(ast->value) : slice_of("", 0);
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
    const struct ast *base = index_base(ast);

    if (base)
        ast->place = base->place && slice_is(ast->name, "_[_]") &&
                     may_be_key(resolved(c, base->next));
    else if (ast->kind == AST_SELECT)
        ast->place = ast->a->place && !ast->test && !ast->optional &&
                     resolved(c, ast->a)->kind != TYPE_OPTIONAL;
    if (ast->place && c->env->snapshot)
        caution_snapshot(c, ast);
}
