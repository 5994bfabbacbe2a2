#include "inside.h"

#include "base/alloc.h"
#include "data/near.h"

#include <stdlib.h>

#define NEAR_MAX 1000 /* keys among which a near one is looked for */

/* The longest way that the snapshot goes along a path. */
struct trace {
    const struct tape *tape;
    const struct slice *key; /* of the path: p == NULL is a star */
    uint32_t n;
    uint32_t depth; /* keys that are there */
    size_t at;      /* the value behind them */
};

static void follow(struct trace *t, size_t at, uint32_t depth)
{
    const struct tape_op *op = t->tape->op;
    size_t i;

    if (depth > t->depth || depth == 0) {
        t->depth = depth;
        t->at = at;
    }
    if (t->depth == t->n || op[at].kind != TAPE_OBJECT)
        return;
    for (i = at + 1; i < op[at].end && t->depth < t->n; i = op[i].end)
        if (!(op[i].flags & TAPE_DEAD) &&
            (!t->key[depth].p || slice_eq(t->key[depth], tape_text(&op[i]))))
            follow(t, i + 1, depth + 1);
}

static void help_near(struct diagnostic *item, const struct trace *t)
{
    const struct tape_op *op = t->tape->op;
    const char *name[NEAR_MAX] = { NULL }, *meant;
    size_t i, n = 0;

    if (op[t->at].kind != TAPE_OBJECT)
        return;
    for (i = t->at + 1; i < op[t->at].end && n < NEAR_MAX; i = op[i].end)
        name[n++] = xmemdup0(op[i].p, op[i].n);
    meant = near_word(t->key[t->depth], name, n);
    if (meant)
        load_help(item, "did you mean \"%s\"?", meant);
    while (n)
        free((char *)name[--n]);
}

static void write_path(const struct trace *t, struct buf *out)
{
    uint32_t i;

    buf_str(out, "state");
    for (i = 0; i <= t->depth; i++) {
        buf_char(out, '.');
        if (t->key[i].p)
            buf_slice(out, t->key[i]);
        else
            buf_char(out, '*');
    }
}

void load_check_snapshot(struct loader *l, const struct slice *key, uint32_t n,
                         const struct yaml_node *where)
{
    struct trace t = { .tape = l->options->snapshot, .key = key, .n = n };
    struct diagnostic *item;
    struct buf text;

    /* What rules derive need not be there: they may have been others. */
    if (!t.tape || t.tape->n == 0 || n == 0 || slice_is(key[0], "monitor"))
        return;
    follow(&t, 0, 0);
    if (t.depth == n || !key[t.depth].p)
        return;
    buf_init(&text, 500);
    write_path(&t, &text);
    item =
        load_warning(l, where, "the given state never had %s", buf_cstr(&text));
    help_near(item, &t);
    buf_release(&text);
}
