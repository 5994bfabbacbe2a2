#include "cel/op.h"

#include "base/alloc.h"
#include "cel/parse.h"

#include <stdint.h>
#include <stdlib.h>

#define TREE_MEMORY ((size_t)64 << 20)

/* -- what outlives the tree --------------------------------------------- */

static const struct cel_type *keep_type(struct arena *a,
                                        const struct cel_type *t)
{
    struct cel_type *copy;

    if (!t)
        return NULL;
    copy = arena_alloc(a, sizeof(*copy));
    *copy = *t;
    copy->arg[0] = keep_type(a, t->arg[0]);
    copy->arg[1] = keep_type(a, t->arg[1]);
    if (t->name.p)
        copy->name = arena_copy(a, t->name);
    return copy;
}

static const struct cel_read *keep_reads(struct arena *a,
                                         const struct cel_read *read, size_t n)
{
    struct cel_read *copy = arena_alloc(a, n * sizeof(*copy));
    size_t i;
    uint32_t k;

    for (i = 0; i < n; i++) {
        copy[i] = read[i];
        for (k = 0; k < read[i].n; k++)
            if (read[i].key[k].p)
                copy[i].key[k] = arena_copy(a, read[i].key[k]);
    }
    return copy;
}

/* -- compiling ---------------------------------------------------------- */

static enum status compile(const struct cel_env *env, struct arena *tree,
                           struct cel_problems *problems, struct cel_program *p)
{
    struct cel_parse_options options = { .no_macros = env->options.no_macros };
    const struct cel_read *reads;
    uint32_t nslots;
    struct ast *ast;
    enum status st;

    st = cel_parse(tree, p->text, options, problems, &ast);
    if (st)
        return st;
    st = cel_check(tree, env, ast, problems, &reads, &p->nreads, &nslots);
    if (st)
        return st;
    p->type = keep_type(&p->arena, ast->type);
    p->read = keep_reads(&p->arena, reads, p->nreads);
    return op_compile(p, env, ast, nslots, problems);
}

enum status cel_compile(const struct cel_env *env, struct slice text,
                        struct cel_problems *problems, struct cel_program **ret)
{
    struct cel_program *p = xcalloc(1, sizeof(*p));
    struct arena tree;
    enum status st;

    arena_init(&p->arena, SIZE_MAX);
    arena_init(&tree, TREE_MEMORY);
    p->text = arena_copy(&p->arena, text);
    st = compile(env, &tree, problems, p);
    arena_release(&tree);
    if (st) {
        cel_program_free(p);
        return st;
    }
    *ret = p;
    return ST_OK;
}

void cel_program_free(struct cel_program *p)
{
    struct pattern *pattern, *next;

    if (!p)
        return;
    for (pattern = p->pattern; pattern; pattern = next) {
        next = pattern->next;
        regex_free(pattern->regex);
        free(pattern);
    }
    arena_release(&p->arena);
    free(p);
}

const struct cel_type *cel_program_type(const struct cel_program *p)
{
    return p->type;
}

const struct cel_read *cel_program_reads(const struct cel_program *p,
                                         size_t *ret_n)
{
    *ret_n = p->nreads;
    return p->read;
}

bool cel_program_timed(const struct cel_program *p)
{
    return p->timed;
}

struct slice cel_program_text(const struct cel_program *p)
{
    return p->text;
}
