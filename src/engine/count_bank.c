#include "count.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

#define EXPIRED "(expired)"

/* From the state's root to the value. */
struct pattern {
    size_t n;
    struct slice key[PATH_KEYS_MAX]; /* p == NULL: a star */
};

struct finding {
    struct buf labels;
    amount by;
};

struct search {
    const struct engine *e;
    const struct rule *rule;
    struct pattern pattern;
    struct slice star[RULE_STARS_MAX]; /* the keys so far */
    struct finding *found;
    size_t nfound, room;
};

/* -- from the expression to its path -----------------------------------------
 */

struct text {
    const char *p, *end;
};

static bool next_is(const struct text *t, char c)
{
    return t->p < t->end && *t->p == c;
}

static bool take(struct text *t, char c)
{
    bool there = next_is(t, c);

    t->p += there;
    return there;
}

static bool take_word(struct text *t, struct slice *ret)
{
    const char *from = t->p;

    while (t->p < t->end &&
           (*t->p == '_' || (*t->p >= '0' && *t->p <= '9') ||
            (*t->p >= 'a' && *t->p <= 'z') || (*t->p >= 'A' && *t->p <= 'Z')))
        t->p++;
    *ret = slice_of(from, (size_t)(t->p - from));
    return ret->n > 0;
}

/* "x", 'x' or `x`, without escapes. */
static bool take_quoted(struct text *t, struct slice *ret)
{
    const char *from = t->p + 1, *p;

    if (!next_is(t, '"') && !next_is(t, '\'') && !next_is(t, '`'))
        return false;
    for (p = from; p < t->end && *p != *t->p; p++)
        if (*p == '\\')
            return false;
    if (p == t->end)
        return false;
    *ret = slice_of(from, (size_t)(p - from));
    t->p = p + 1;
    return true;
}

/* [id] of the next star, or ["key"]. */
static bool take_index(struct text *t, const struct rule_foreach *f,
                       size_t *nstars, struct slice *ret)
{
    struct slice name;

    if (!take_quoted(t, ret)) {
        if (!take_word(t, &name) || *nstars == f->nstars ||
            !slice_eq(name, f->star[*nstars]))
            return false;
        ++*nstars;
        *ret = slice_of(NULL, 0);
    }
    return take(t, ']');
}

static bool take_steps(struct text *t, const struct rule_foreach *f,
                       size_t *nstars, struct pattern *ret)
{
    bool good;

    while (t->p < t->end) {
        if (ret->n == PATH_KEYS_MAX)
            return false;
        if (take(t, '.'))
            good = next_is(t, '`') ? take_quoted(t, &ret->key[ret->n])
                                   : take_word(t, &ret->key[ret->n]);
        else
            good = take(t, '[') && take_index(t, f, nstars, &ret->key[ret->n]);
        if (!good)
            return false;
        ret->n++;
    }
    return true;
}

static bool begins_with_foreach(const struct pattern *p,
                                const struct rule_foreach *f)
{
    size_t k;

    if (p->n < f->n)
        return false;
    for (k = 0; k < f->n; k++)
        if (!slice_same(p->key[k], f->key[k]))
            return false;
    return true;
}

/* `d.items` below the element d, or `state.x[id].items` along the foreach. */
static bool find_pattern(const struct rule *rule, struct pattern *ret)
{
    const struct rule_foreach *f = &rule->foreach;
    const struct cel_variable *v = rule->env.variable;
    struct slice all = json_trim(cel_program_text(rule->count.value)), first;
    struct text t = { all.p, all.p + all.n };
    size_t nstars = 0;

    ret->n = 0;
    if (!take_word(&t, &first))
        return false;
    if (f->nstars && slice_eq(first, v[RULE_SLOT_STAR + f->nstars].name)) {
        nstars = f->nstars;
        for (; ret->n < f->n && ret->n < PATH_KEYS_MAX; ret->n++)
            ret->key[ret->n] = f->key[ret->n];
    } else if (!slice_eq(first, v[RULE_SLOT_STATE].name)) {
        return false;
    }
    return take_steps(&t, f, &nstars, ret) && begins_with_foreach(ret, f) &&
           ret->n && !slice_is(ret->key[0], "monitor");
}

/* -- from the path to the banks ----------------------------------------------
 */

static struct slice label_value(const struct search *s,
                                const struct rule_label *label)
{
    const struct cel_program *p = label->value.piece[0].program;
    struct slice text = json_trim(cel_program_text(p));
    size_t k;

    for (k = 0; k < s->rule->foreach.nstars; k++)
        if (slice_eq(text, s->rule->foreach.star[k]))
            return s->star[k];
    return slice_str(EXPIRED);
}

static void find(struct search *s, amount by)
{
    const struct rule_count *rule = &s->rule->count;
    struct finding *f;
    size_t k;

    if (s->nfound == s->room) {
        s->room = s->room ? s->room * 2 : 16;
        s->found = xrealloc(s->found, s->room * sizeof(*s->found));
    }
    f = &s->found[s->nfound++];
    f->by = by;
    buf_init(&f->labels, BUF_NO_CAP);
    for (k = 0; k < rule->nby; k++)
        count_label_put(&f->labels, label_value(s, &rule->by[k]));
}

/* A key below one that had a lease; "*" is one that had a lease itself and
 * could have been any. */
static bool matches(struct search *s, struct slice key, size_t at, size_t *star)
{
    bool lost = slice_is(key, "*");

    if (s->pattern.key[at].p)
        return !lost && slice_eq(key, s->pattern.key[at]);
    s->star[(*star)++] = lost ? slice_str(EXPIRED) : key;
    return true;
}

/* What a bank says of a path from `at` on: its first key had a lease. */
static void take_shape(struct search *s, const struct bank_item *item,
                       size_t at, size_t star)
{
    struct slice shape = slice_of(item->key, item->n);
    struct path path = { .n = 0 };
    struct buf text, store;
    bool good = !slice_is(shape, "$other");
    size_t k;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&store, BUF_NO_CAP);
    buf_char(&text, '/');
    buf_slice(&text, shape);
    if (good && !slice_is(shape, "."))
        good = !path_parse(&path, buf_view(&text), &store, NULL);
    s->star[star++] = slice_str(EXPIRED);
    good = good && at + 1 + path.n == s->pattern.n;
    for (k = 0; good && k < path.n; k++)
        good = matches(s, path.key[k], at + 1 + k, &star);
    if (good)
        find(s, item->by);
    buf_release(&text);
    buf_release(&store);
}

static void take_bank(struct search *s, const struct bank *bank, size_t at,
                      size_t star)
{
    size_t n = bank_size(bank), k;
    struct bank_item *item = xmalloc((n + 1) * sizeof(*item));

    bank_items(bank, item);
    for (k = 0; k < n; k++)
        take_shape(s, &item[k], at, star);
    free(item);
}

static void walk(struct search *s, const struct map *m, size_t at, size_t star)
{
    const struct tree *t = s->e->config.state;
    struct slice wanted = s->pattern.key[at];
    struct map_iter it = { 0 };
    struct node *n;
    uint32_t key;

    if (wanted.p) {
        key = keys_find(&t->keys, wanted, hash_key(t->seed, wanted));
        n = key == KEY_NONE ? NULL : map_find(m, key);
        if (n && n->kind == NODE_MAP && at + 1 < s->pattern.n)
            walk(s, n->u.map, at + 1, star);
        return;
    }
    if (m->bank)
        take_bank(s, m->bank, at, star);
    while (at + 1 < s->pattern.n && map_next(m, &it, &key, &n)) {
        s->star[star] = keys_text(&t->keys, key);
        if (n->kind == NODE_MAP)
            walk(s, n->u.map, at + 1, star + 1);
    }
}

static int by_labels(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    return slice_cmp(buf_view(&x->labels), buf_view(&y->labels));
}

void count_banked(const struct engine *e, const struct live *l,
                  void (*found)(void *self, struct slice labels, amount by),
                  void *self)
{
    struct search s = { .e = e, .rule = l->rule };
    size_t k;

    if (l->mark != MARK_STATE || l->rule->count.when || !l->rule->count.value ||
        !find_pattern(l->rule, &s.pattern))
        return;
    walk(&s, e->config.state->root.u.map, 0, 0);
    if (s.nfound)
        qsort(s.found, s.nfound, sizeof(*s.found), by_labels);
    for (k = 0; k < s.nfound; k++) {
        found(self, buf_view(&s.found[k].labels), s.found[k].by);
        buf_release(&s.found[k].labels);
    }
    free(s.found);
}
