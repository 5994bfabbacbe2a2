/*
 * Any bytes as an expression: nothing crashes, problems lie inside the text,
 * nodes lie inside their parents, and what a tree is written as parses to a
 * tree that is written the same.
 */
#include "base/utf8.h"
#include "cel/parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM ((size_t)64 << 20)

/* Stays on whatever the build says. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_problems(const struct cel_problems *problems, size_t size)
{
    must(problems->n <= problems->errors);
    for (size_t i = 0; i < problems->n; i++) {
        const struct cel_problem *p = &problems->item[i];

        must(p->from < p->to && p->from <= size && p->to <= size + 1);
        must(p->text[0] && utf8_valid(slice_str(p->text)));
        must(utf8_valid(slice_str(p->help)));
    }
}

static void check_node(const struct ast *n, const struct ast *parent);

static void check_child(const struct ast *child, const struct ast *parent)
{
    if (child)
        check_node(child, parent);
}

static void check_node(const struct ast *n, const struct ast *parent)
{
    const struct ast *item = n->list;

    must(n->from <= n->at && n->at < n->to);
    must(parent->from <= n->from && n->to <= parent->to);
    must(n->height < parent->height);
    must(n->receiver == (n->kind == AST_CALL && n->a));
    check_child(n->a, n);
    check_child(n->b, n);
    check_child(n->c, n);
    for (uint32_t i = 0; i < n->nlist; i++, item = item->next)
        check_child(item, n);
    must(!item);
}

static enum status parse(struct arena *arena, struct slice text,
                         struct buf *out)
{
    struct cel_parse_options options = { .no_macros = text.n && !*text.p };
    static struct cel_problems problems;
    struct ast *ast,
        all = { .to = (uint32_t)text.n, .height = CEL_DEPTH_MAX + 1 };
    enum status st;

    problems = (struct cel_problems){ 0 };
    st = cel_parse(arena, text, options, &problems, &ast);
    must(st == ST_OK ? problems.n == 0 : problems.errors > 0);
    check_problems(&problems, text.n);
    if (st)
        return st;
    check_node(ast, &all);
    cel_unparse(ast, out);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct arena arena;
    struct buf once, twice;

    buf_init(&once, BUF_NO_CAP);
    buf_init(&twice, BUF_NO_CAP);
    arena_init(&arena, ROOM);
    if (parse(&arena, text, &once) == ST_OK && once.n <= CEL_TEXT_MAX) {
        must(parse(&arena, buf_view(&once), &twice) == ST_OK);
        must(slice_eq(buf_view(&once), buf_view(&twice)));
    }
    arena_release(&arena);
    arena_init(&arena, size * 40); /* room for a part */
    buf_reset(&once);
    (void)parse(&arena, text, &once);
    arena_release(&arena);
    buf_release(&once);
    buf_release(&twice);
    return 0;
}
