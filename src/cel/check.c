#include "checker.h"

#include "cel/parse.h"

/* Aliases that were named become binds around the whole, the first one
 * outermost; the root stays where it is. */
static enum status wrap(struct checker *c, struct ast *root)
{
    size_t i = c->env->naliases;

    while (i-- > 0) {
        struct used_alias *use = &c->alias[i];
        struct ast *body;
        unsigned height;

        if (!use->tree)
            continue;
        height =
            use->tree->height > root->height ? use->tree->height : root->height;
        if (height >= CEL_DEPTH_MAX) {
            mistake(c, root,
                    "the expression and its variables are nested "
                    "too deep");
            return ST_BAD;
        }
        body = arena_alloc(c->arena, sizeof(*body));
        if (!body)
            return ST_LIMIT;
        *body = *root;
        body->next = NULL;
        *root = (struct ast){ .kind = AST_BIND,
                              .loop = BIND_PLAIN,
                              .height = (uint8_t)(height + 1),
                              .from = body->from,
                              .to = body->to,
                              .at = body->at,
                              .name = c->env->alias[i].name,
                              .a = use->tree,
                              .b = body,
                              .type = body->type,
                              .slot = use->slot };
    }
    return ST_OK;
}

/* Types without variables, all over the tree. */
static void settle(struct types *t, struct ast *ast)
{
    struct ast *child;

    if (!ast)
        return;
    ast->type = ast->type ? types_resolve(t, ast->type, true)
                          : cel_type_simple(TYPE_DYN);
    settle(t, ast->a);
    settle(t, ast->b);
    settle(t, ast->c);
    for (child = ast->list; child; child = child->next)
        settle(t, child);
}

static enum status check(struct checker *c, struct ast *ast,
                         struct read_list *ret)
{
    const char *fault;
    enum status st;

    c->alias = arena_alloc(c->arena, c->env->naliases * sizeof(*c->alias));
    if (!c->alias)
        return ST_LIMIT;
    (void)infer(c, ast);
    if (c->arena->full)
        return ST_LIMIT;
    if (c->errors)
        return ST_BAD;
    st = wrap(c, ast);
    if (st)
        return st;
    settle(&c->types, ast);
    fault = types_exhausted(&c->types)
                ? "the types in this expression are too complicated"
                : collect_reads(c->arena, c->env, ast, c->slots, ret);
    if (fault)
        mistake(c, ast, "%s", fault);
    return fault ? ST_BAD : ST_OK;
}

enum status cel_check(struct arena *arena, const struct cel_env *env,
                      struct ast *ast, struct cel_problems *problems,
                      const struct cel_read **ret_reads, size_t *ret_nreads,
                      uint32_t *ret_slots)
{
    struct checker c = { .arena = arena,
                         .env = env,
                         .problems = problems,
                         .types = { .arena = arena },
                         .slots = (uint32_t)env->nvariables,
                         .visible = env->naliases };
    struct read_list reads = { NULL, 0 };
    enum status st = check(&c, ast, &reads);

    types_release(&c.types);
    if (arena->full)
        return ST_LIMIT;
    if (st)
        return st;
    *ret_reads = reads.read;
    *ret_nreads = reads.n;
    *ret_slots = c.slots;
    return ST_OK;
}
