/*
 * Errors: counted by blade and grouped by what their messages have in common
 * (error_text.h).  They are no instances and wait for no evaluation: each is
 * derived at the instant of its own shard, so that increase() of the count is
 * exact to the line.
 */
#include "errors.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "error_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#define GROUPS_MAX 1000
#define BLADES_MAX 100  /* told apart in a group */
#define SAMPLE_MAX 1024 /* bytes */
#define OTHER      "(other)"
/* In a report for people. */
#define SHOWN_MAX    20
#define SHOWN_BYTES  160
#define SHOWN_BLADES 5

struct tally {
    uint32_t blade;
    uint64_t n;
};

/* Texts are owned. */
struct group {
    char key[20]; /* of the shape, as it is derived */
    uint64_t hash;
    uint64_t count;
    nsec first_at, last_at;
    struct slice shape, where, sample, latest;
    struct tally *blade;
    size_t nblades;
    uint64_t others; /* of further blades */
    UT_hash_handle hh;
};

struct errors_rule {
    struct group *groups; /* by hash */
    struct group *other;  /* of what came when there were too many */
    uint64_t count;
};

static struct slice owned(struct slice s)
{
    s = utf8_cut(s, SAMPLE_MAX);
    return slice_of(xmemdup0(s.n ? s.p : "", s.n), s.n);
}

static void disown(struct slice s)
{
    free((void *)(uintptr_t)s.p);
}

/* -- groups ------------------------------------------------------------------
 */

static struct group *group_new(const struct error *error, struct slice shape)
{
    struct group *g = xcalloc(1, sizeof(*g));

    g->hash = XXH3_64bits(shape.p, shape.n);
    snprintf(g->key, sizeof(g->key), "%016llx", (unsigned long long)g->hash);
    g->first_at = g->last_at = error->ts;
    g->shape = owned(shape);
    g->where = owned(error->where);
    g->sample = owned(error->message);
    g->latest = owned(error->message);
    return g;
}

static void group_free(struct group *g)
{
    if (!g)
        return;
    disown(g->shape);
    disown(g->where);
    disown(g->sample);
    disown(g->latest);
    free(g->blade);
    free(g);
}

static struct group *group_other(struct errors_rule *r,
                                 const struct error *error)
{
    if (!r->other) {
        r->other = group_new(error, slice_str(OTHER));
        snprintf(r->other->key, sizeof(r->other->key), OTHER);
    }
    return r->other;
}

static struct group *group_get(struct errors_rule *r, const struct error *error)
{
    struct group *g;
    struct buf shape;
    uint64_t hash;

    buf_init(&shape, BUF_NO_CAP);
    error_shape(error->message, &shape);
    hash = XXH3_64bits(shape.p, shape.n);
    HASH_FIND(hh, r->groups, &hash, sizeof(hash), g);
    if (!g && HASH_COUNT(r->groups) >= GROUPS_MAX) {
        g = group_other(r, error);
    } else if (!g) {
        g = group_new(error, buf_view(&shape));
        HASH_ADD(hh, r->groups, hash, sizeof(g->hash), g);
    }
    buf_release(&shape);
    return g;
}

static void add_blade(struct group *g, uint32_t blade)
{
    size_t k;

    for (k = 0; k < g->nblades; k++)
        if (g->blade[k].blade == blade)
            break;
    if (k == BLADES_MAX) {
        g->others++;
        return;
    }
    if (k == g->nblades) {
        g->blade = xrealloc(g->blade, (k + 1) * sizeof(*g->blade));
        g->blade[g->nblades++] = (struct tally){ blade, 0 };
    }
    g->blade[k].n++;
}

static void group_add(struct group *g, const struct error *error)
{
    g->count++;
    add_blade(g, error->blade);
    if (error->ts < g->first_at)
        g->first_at = error->ts; /* it came late */
    if (error->ts < g->last_at)
        return;
    g->last_at = error->ts;
    disown(g->latest);
    g->latest = owned(error->message);
}

static void derive(struct engine *e, const struct live *l,
                   const struct group *g, const struct error *error)
{
    struct slice count = slice_str("count");
    struct map *m = derive_rule(e, l);

    derive_count(e, m, count, error->blade, AMOUNT_UNIT, error->ts);
    m = derive_map(e, derive_map(e, m, slice_str("groups")), slice_str(g->key));
    derive_count(e, m, count, error->blade, AMOUNT_UNIT, error->ts);
    derive_instant(e, m, "first", g->first_at);
    derive_instant(e, m, "last", g->last_at);
    derive_text(e, m, "sample", g->sample);
}

void errors_count(struct engine *e, struct live *l, const struct error *error)
{
    struct errors_rule *r = l->own;
    struct group *g = group_get(r, error);
    bool new = g->count == 0;

    r->count++;
    group_add(g, error);
    derive_at(e, error->ts);
    derive(e, l, g, error);
    if (new)
        tell(e, l, NULL, "", "new", g->sample);
}

uint64_t errors_counted(const struct live *l)
{
    return ((const struct errors_rule *)l->own)->count;
}

/* -- the kind ----------------------------------------------------------------
 */

static void begin(struct engine *e, struct live *l)
{
    if (l->rule->errors.match)
        errors_listen(e, l);
}

/* Of what rules derived at this instant. */
static void settle(struct engine *e, struct live *l)
{
    (void)l;
    engine_settle(e, e->now);
}

/* There are no instances. */
static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    (void)e;
    (void)i;
    (void)at;
}

static bool finished(const struct instance *i)
{
    (void)i;
    return true;
}

static void release_rule(struct engine *e, struct live *l)
{
    struct errors_rule *r = l->own;
    struct group *g, *next;

    errors_leave(e, l);
    HASH_ITER(hh, r->groups, g, next)
    {
        HASH_DEL(r->groups, g);
        group_free(g);
    }
    group_free(r->other);
}

/* -- reports -----------------------------------------------------------------
 */

static int by_count(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a;
    const struct group *y = *(struct group *const *)b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->key, y->key);
}

static struct group **groups_sorted(const struct errors_rule *r, size_t *ret_n)
{
    struct group **list, *g;
    size_t n = 0;

    list = xmalloc((HASH_COUNT(r->groups) + 1) * sizeof(*list));
    for (g = r->groups; g; g = g->hh.next)
        list[n++] = g;
    if (r->other)
        list[n++] = r->other;
    if (n)
        qsort(list, n, sizeof(struct group *), by_count);
    *ret_n = n;
    return list;
}

/* A blade by its name, for sorting. */
struct share {
    struct slice name;
    uint64_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return slice_cmp(x->name, y->name);
}

static size_t shares_sorted(const struct engine *e, const struct group *g,
                            struct share *ret)
{
    size_t n, k;

    for (k = 0; k < g->nblades; k++)
        ret[k] = (struct share){
            names_blade_text(e->config.names, g->blade[k].blade), g->blade[k].n
        };
    n = g->nblades;
    if (g->others)
        ret[n++] = (struct share){ slice_str(OTHER), g->others };
    qsort(ret, n, sizeof(*ret), by_name);
    return n;
}

static void blades_json(const struct engine *e, const struct group *g,
                        struct buf *out)
{
    struct share share[BLADES_MAX + 1];
    size_t n = shares_sorted(e, g, share), k;

    json_member_raw(out, "blades", slice_str("{"));
    for (k = 0; k < n; k++) {
        json_comma(out);
        json_string(share[k].name, out);
        buf_char(out, ':');
        buf_u64(out, share[k].n);
    }
    buf_char(out, '}');
}

static void group_json(const struct engine *e, const struct group *g,
                       struct buf *out)
{
    json_comma(out);
    buf_char(out, '{');
    blades_json(e, g, out);
    json_member_u64(out, "count", g->count);
    json_member(out, "fingerprint", slice_str(g->key));
    json_member_instant(out, "first", g->first_at);
    json_member_instant(out, "last", g->last_at);
    if (!slice_eq(g->latest, g->sample))
        json_member(out, "latest", g->latest);
    json_member(out, "message", g->shape);
    json_member(out, "sample", g->sample);
    json_member(out, "where", g->where);
    buf_char(out, '}');
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct errors_rule *r = l->own;
    struct group **list;
    size_t n, k;

    json_member_u64(out, "count", r->count);
    json_member(out, "group", l->rule->group);
    json_member_raw(out, "groups", slice_str("["));
    list = groups_sorted(r, &n);
    for (k = 0; k < n; k++)
        group_json(e, list[k], out);
    free(list);
    buf_char(out, ']');
    json_member_u64(out, "left_out", r->other ? r->other->count : 0);
    json_member(out, "rule", l->rule->name);
}

static void group_text(const struct engine *e, const struct group *g,
                       struct buf *out)
{
    struct share share[BLADES_MAX + 1];
    char first[INSTANT_TEXT], last[INSTANT_TEXT];
    size_t n = shares_sorted(e, g, share), k;
    bool other = slice_is(g->shape, OTHER);

    instant_format(g->first_at, first);
    instant_format(g->last_at, last);
    buf_printf(out, "    %8llu  ", (unsigned long long)g->count);
    pretty_text(utf8_cut(other ? g->shape : g->sample, SHOWN_BYTES), out);
    buf_printf(out, "\n              %s to %s, ", first, last);
    pretty_text(g->where, out);
    buf_str(out, ", by");
    for (k = 0; k < n && k < SHOWN_BLADES; k++) {
        buf_char(out, ' ');
        pretty_text(share[k].name, out);
    }
    if (k < n)
        buf_printf(out, " and %zu more", n - k);
    buf_char(out, '\n');
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct errors_rule *r = l->own;
    struct group **list;
    size_t n, k;

    list = groups_sorted(r, &n);
    buf_str(out, "  ");
    pretty_text(l->rule->name, out);
    buf_printf(out, ": %llu in %zu group%s\n", (unsigned long long)r->count, n,
               n == 1 ? "" : "s");
    for (k = 0; k < n && k < SHOWN_MAX; k++)
        group_text(e, list[k], out);
    if (k < n)
        buf_printf(out, "    %8s  and %zu more groups\n", "...", n - k);
    free(list);
}

const struct kind errors_kind = {
    .rule_bytes = sizeof(struct errors_rule),
    .begin = begin,
    .evaluate = evaluate,
    .finished = finished,
    .settle = settle,
    .release_rule = release_rule,
    .report = report,
    .report_text = report_text,
};
