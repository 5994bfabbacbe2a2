/*
 * Counts: a number of each element, added up by labels.
 *
 * A total adds growth alone, as Prometheus counts: a value that fell has
 * begun again from 0.  What an element has contributed stays when it goes or
 * `when` holds no longer, under the labels it had when it grew.  A gauge is
 * the sum over the elements that are there and pass `when`.
 */
#include "count.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <uthash.h>

#define GROUPS_MAX 10000
#define AMOUNT_MOST                                                            \
    ((amount)1000000000000000000) /* beyond it none is taken                   \
                                   */
#define SHOWN_MAX 50              /* groups in a report for people */
/* What is derived lies counts.RULE.by deep, and no path may be too long. */
#define NESTED_MAX (PATH_KEYS_MAX - 3)

struct group {
    amount value;
    size_t elements; /* of a gauge, that contribute */
    bool touched;    /* among the rule's */
    UT_hash_handle hh;
    size_t n;
    char labels[]; /* count_label_put() */
};

struct count_rule {
    struct group *groups;
    amount value;           /* of all groups */
    struct group **touched; /* to be derived */
    size_t ntouched, room;
    bool full; /* a group found no room and is part of the other one */
};

/* What an element contributes. */
struct share {
    amount value;        /* of a total: from which growth is measured */
    struct group *group; /* to which; NULL: of a total, none yet */
};

/* -- labels ------------------------------------------------------------------
 */

void count_label_put(struct buf *labels, struct slice value)
{
    uint32_t n;

    value = utf8_cut(value, PATH_KEY_MAX);
    n = (uint32_t)value.n;
    buf_slice(labels, slice_of((const char *)&n, sizeof(n)));
    buf_slice(labels, value);
}

static struct slice label_take(struct slice *labels)
{
    struct slice value;
    uint32_t n;

    memcpy(&n, labels->p, sizeof(n));
    value = slice_of(labels->p + sizeof(n), n);
    *labels = slice_of(value.p + n, labels->n - sizeof(n) - n);
    return value;
}

static struct slice labels_of(const struct group *g)
{
    return slice_of(g->labels, g->n);
}

static int by_labels(const void *a, const void *b)
{
    struct slice x = labels_of(*(struct group *const *)a);
    struct slice y = labels_of(*(struct group *const *)b);
    int d = 0;

    while (!d && x.n)
        d = slice_cmp(label_take(&x), label_take(&y));
    return d;
}

/* Of the element as it is now; false: an error, which is told. */
static bool read_labels(struct engine *e, struct instance *i, struct buf *out)
{
    const struct rule_count *rule = &i->live->rule->count;
    struct buf json;
    size_t k;

    buf_init(&json, CEL_STRING_MAX);
    for (k = 0; k < rule->nby; k++) {
        struct cel_value v =
            eval_value(e, i, rule->by[k].value.piece[0].program);

        buf_reset(&json);
        if (v.kind == CEL_ERROR && !is_no_data(v))
            break;
        if (v.kind == CEL_STRING)
            buf_slice(&json, cel_text(v));
        else if (v.kind != CEL_ERROR)
            cel_to_json(cel_vm_context(e->vm), v, &json);
        count_label_put(out, buf_view(&json));
    }
    buf_release(&json);
    return k == rule->nby;
}

/* -- groups ------------------------------------------------------------------
 */

static struct group *group_find(const struct count_rule *r, struct slice labels)
{
    struct group *g;

    HASH_FIND(hh, r->groups, labels.p, labels.n, g);
    return g;
}

static struct group *group_new(struct count_rule *r, struct slice labels)
{
    struct group *g = xcalloc(1, sizeof(*g) + labels.n);

    g->n = labels.n;
    memcpy(g->labels, labels.p, labels.n);
    HASH_ADD_KEYPTR(hh, r->groups, g->labels, g->n, g);
    return g;
}

static struct group *group_other(const struct live *l)
{
    struct count_rule *r = l->own;
    struct group *g;
    struct buf labels;
    size_t k;

    r->full = true;
    buf_init(&labels, BUF_NO_CAP);
    for (k = 0; k < l->rule->count.nby; k++)
        count_label_put(&labels, slice_str("(other)"));
    g = group_find(r, buf_view(&labels));
    if (!g)
        g = group_new(r, buf_view(&labels));
    buf_release(&labels);
    return g;
}

static struct group *group_get(const struct live *l, struct slice labels)
{
    struct count_rule *r = l->own;
    struct group *g;

    if (labels.n == 0) /* no labels, and one group */
        labels.p = "";
    g = group_find(r, labels);
    if (g)
        return g;
    if (HASH_COUNT(r->groups) >= GROUPS_MAX)
        return group_other(l);
    return group_new(r, labels);
}

/* The labels are mostly those of the last time. */
static struct group *group_again(const struct live *l, struct group *last,
                                 struct slice labels)
{
    return last && slice_eq(labels_of(last), labels) ? last
                                                     : group_get(l, labels);
}

static void add(struct count_rule *r, struct group *g, amount by)
{
    g->value = amount_add(g->value, by);
    r->value = amount_add(r->value, by);
    if (g->touched)
        return;
    g->touched = true;
    if (r->ntouched == r->room) {
        r->room = r->room ? r->room * 2 : 8;
        r->touched = xrealloc(r->touched, r->room * sizeof(*r->touched));
    }
    r->touched[r->ntouched++] = g;
}

/* -- values ------------------------------------------------------------------
 */

static bool from_double(double d, amount *ret)
{
    double whole = trunc(d);

    if (!(fabs(d) < 1e18))
        return false;
    *ret =
        (amount)whole * AMOUNT_UNIT + (amount)round((d - whole) * AMOUNT_UNIT);
    return true;
}

static bool from_value(struct cel_value v, amount *ret)
{
    amount whole;

    if (v.kind == CEL_DOUBLE)
        return from_double(v.d, ret);
    whole = v.kind == CEL_INT ? (amount)v.i : (amount)v.u;
    *ret = whole * AMOUNT_UNIT;
    return whole > -AMOUNT_MOST && whole < AMOUNT_MOST;
}

enum reading {
    KNOWN,
    ABSENT,  /* no element, or no data */
    OUTSIDE, /* `when` does not hold */
    UNKNOWN  /* an error, which is told: what was stays */
};

static enum reading read_value(struct engine *e, struct instance *i,
                               amount *ret)
{
    const struct rule_count *rule = &i->live->rule->count;
    struct cel_value v;

    *ret = AMOUNT_UNIT;
    if (!rule->value)
        return KNOWN;
    v = eval_value(e, i, rule->value);
    if (is_no_data(v))
        return ABSENT;
    if (v.kind == CEL_ERROR)
        return UNKNOWN;
    if (v.kind != CEL_INT && v.kind != CEL_UINT && v.kind != CEL_DOUBLE)
        rule_failed(e, i, "the value is %s and has to be a number",
                    cel_kind_phrase((enum cel_kind)v.kind));
    else if (from_value(v, ret))
        return KNOWN;
    else
        rule_failed(e, i, "the value is too large, or no number at all");
    return UNKNOWN;
}

static enum reading measure(struct engine *e, struct instance *i, amount *ret)
{
    const struct rule_count *rule = &i->live->rule->count;
    enum verdict passes;

    if (i->gone)
        return ABSENT;
    passes = rule->when ? eval_bool(e, i, rule->when) : VERDICT_TRUE;
    if (passes == VERDICT_ERROR)
        return UNKNOWN;
    return passes == VERDICT_TRUE ? read_value(e, i, ret) : OUTSIDE;
}

/* -- totals ------------------------------------------------------------------
 */

static void grow(struct engine *e, struct instance *i, amount value)
{
    struct share *s = i->own;
    struct buf labels;
    amount by;

    if (value < 0)
        value = 0;
    by = value < s->value ? value : value - s->value;
    if (by == 0 && s->group) {
        s->value = value;
        return;
    }
    buf_init(&labels, BUF_NO_CAP);
    if (read_labels(e, i, &labels)) {
        s->group = group_again(i->live, s->group, buf_view(&labels));
        add(i->live->own, s->group, by);
        s->value = value;
    }
    buf_release(&labels);
}

static void evaluate_total(struct engine *e, struct instance *i)
{
    struct share *s = i->own;
    amount value;

    switch (measure(e, i, &value)) {
    case KNOWN:
        grow(e, i, value);
        break;
    case ABSENT:
        s->value = 0; /* what comes then counts from the start */
        break;
    case OUTSIDE:
    case UNKNOWN:
        break;
    }
}

/* -- gauges ------------------------------------------------------------------
 */

static void leave(struct instance *i)
{
    struct share *s = i->own;

    if (!s->group)
        return;
    s->group->elements--;
    add(i->live->own, s->group, -s->value);
    s->group = NULL;
}

static void stand(struct engine *e, struct instance *i, amount value)
{
    struct share *s = i->own;
    struct buf labels;

    buf_init(&labels, BUF_NO_CAP);
    if (read_labels(e, i, &labels)) {
        leave(i);
        s->group = group_get(i->live, buf_view(&labels));
        s->group->elements++;
        s->value = value;
        add(i->live->own, s->group, value);
    }
    buf_release(&labels);
}

static void evaluate_gauge(struct engine *e, struct instance *i)
{
    amount value;

    switch (measure(e, i, &value)) {
    case KNOWN:
        stand(e, i, value);
        break;
    case ABSENT:
    case OUTSIDE:
        leave(i);
        break;
    case UNKNOWN:
        break;
    }
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    (void)at;
    if (i->live->rule->count.gauge)
        evaluate_gauge(e, i);
    else
        evaluate_total(e, i);
}

static bool finished(const struct instance *i)
{
    (void)i;
    return true;
}

/* -- what it comes to --------------------------------------------------------
 */

static void derive_amount(struct engine *e, struct map *in, struct slice key,
                          amount value)
{
    struct buf text;

    buf_init(&text, AMOUNT_TEXT);
    amount_write(value, &text);
    derive_json(e, in, key, buf_view(&text));
    buf_release(&text);
}

/* From counts.RULE down: a map and its key, the last one of the value. */
static size_t way_to(struct engine *e, const struct live *l,
                     const struct group *g, struct map **way, struct slice *key)
{
    struct slice rest = labels_of(g);
    size_t n = 1;

    way[0] = derive_rule(e, l);
    key[0] = slice_str("by");
    while (rest.n) {
        way[n] = derive_map(e, way[n - 1], key[n - 1]);
        key[n++] = label_take(&rest);
    }
    return n;
}

static void derive_group(struct engine *e, const struct live *l,
                         const struct group *g)
{
    struct map *way[RULE_LABELS_MAX + 1];
    struct slice key[RULE_LABELS_MAX + 1];
    size_t n;

    if (l->rule->count.nby == 0 || l->rule->count.nby > NESTED_MAX)
        return;
    n = way_to(e, l, g, way, key);
    if (g->elements || !l->rule->count.gauge) {
        derive_amount(e, way[n - 1], key[n - 1], g->value);
        return;
    }
    do
        derive_erase(e, way[n - 1], key[n - 1]);
    while (way[--n]->n == 0 && n);
}

static void settle(struct engine *e, struct live *l)
{
    struct count_rule *r = l->own;
    size_t k;

    derive_amount(e, derive_rule(e, l), slice_str("value"), r->value);
    for (k = 0; k < r->ntouched; k++) {
        struct group *g = r->touched[k];

        g->touched = false;
        derive_group(e, l, g);
        if (l->rule->count.gauge && !g->elements) {
            /* The analyzer does not know that g is in the table. */
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
            HASH_DEL(r->groups, g);
            free(g);
        }
    }
    r->ntouched = 0;
}

static void take_banked(void *self, struct slice labels, amount by)
{
    struct live *l = self;

    add(l->own, group_get(l, labels), by);
}

static void begin(struct engine *e, struct live *l)
{
    if (!l->rule->count.gauge)
        count_banked(e, l, take_banked, l);
}

static void release_rule(struct engine *e, struct live *l)
{
    struct count_rule *r = l->own;
    struct group *g, *next;

    (void)e;
    HASH_ITER(hh, r->groups, g, next)
    {
        HASH_DEL(r->groups, g);
        free(g);
    }
    free(r->touched);
}

/* -- reports -----------------------------------------------------------------
 */

static struct group **groups_sorted(const struct live *l, size_t *ret_n)
{
    const struct count_rule *r = l->own;
    struct group **list, *g;
    size_t n = 0;

    list = xmalloc((HASH_COUNT(r->groups) + 1) * sizeof(*list));
    for (g = r->groups; g; g = g->hh.next)
        list[n++] = g;
    if (n)
        qsort(list, n, sizeof(struct group *), by_labels);
    *ret_n = n;
    return list;
}

/* The labels' numbers in order of their names. */
static void order_of(const struct rule_count *rule, size_t *order)
{
    size_t k, j;

    for (k = 0; k < rule->nby; k++) {
        for (j = k;
             j && slice_cmp(rule->by[order[j - 1]].name, rule->by[k].name) > 0;
             j--)
            order[j] = order[j - 1];
        order[j] = k;
    }
}

static void group_json(const struct rule_count *rule, const struct group *g,
                       struct buf *out)
{
    struct slice rest = labels_of(g), label[RULE_LABELS_MAX];
    size_t order[RULE_LABELS_MAX], k;

    for (k = 0; k < rule->nby; k++)
        label[k] = label_take(&rest);
    order_of(rule, order);
    json_comma(out);
    buf_str(out, "{\"labels\":{");
    for (k = 0; k < rule->nby; k++) {
        json_comma(out);
        json_string(rule->by[order[k]].name, out);
        buf_char(out, ':');
        json_string(label[order[k]], out);
    }
    buf_str(out, "},\"value\":");
    amount_write(g->value, out);
    buf_char(out, '}');
}

static const char *type_name(const struct live *l)
{
    return l->rule->count.gauge ? "gauge" : "total";
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct count_rule *r = l->own;
    const struct rule_count *rule = &l->rule->count;
    struct group **list;
    size_t n, k;

    (void)e;
    json_member_raw(out, "by", slice_str("["));
    for (k = 0; k < rule->nby; k++) {
        json_comma(out);
        json_string(rule->by[k].name, out);
    }
    buf_char(out, ']');
    json_member(out, "group", l->rule->group);
    json_member_raw(out, "groups", slice_str("["));
    list = groups_sorted(l, &n);
    for (k = 0; rule->nby && k < n; k++)
        group_json(rule, list[k], out);
    free(list);
    buf_char(out, ']');
    if (r->full)
        json_member_raw(out, "groups_full", slice_str("true"));
    json_member(out, "rule", l->rule->name);
    json_member(out, "type", slice_str(type_name(l)));
    json_name(out, "value");
    amount_write(r->value, out);
}

static void group_text(const struct rule_count *rule, const struct group *g,
                       struct buf *out)
{
    struct slice rest = labels_of(g);
    struct buf value;
    size_t k;

    buf_init(&value, AMOUNT_TEXT);
    amount_write(g->value, &value);
    buf_printf(out, "    %12s ", buf_cstr(&value));
    buf_release(&value);
    for (k = 0; k < rule->nby; k++) {
        buf_printf(out, " %.*s=", SLICE_ARG(rule->by[k].name));
        pretty_text(label_take(&rest), out);
    }
    buf_char(out, '\n');
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct count_rule *r = l->own;
    const struct rule_count *rule = &l->rule->count;
    struct group **list;
    size_t n, k;

    (void)e;
    buf_str(out, "  ");
    pretty_text(l->rule->name, out);
    buf_printf(out, ": %s ", type_name(l));
    amount_write(r->value, out);
    buf_char(out, '\n');
    if (rule->nby == 0)
        return;
    list = groups_sorted(l, &n);
    for (k = 0; k < n && k < SHOWN_MAX; k++)
        group_text(rule, list[k], out);
    if (k < n)
        buf_printf(out, "    %12s  and %zu more\n", "...", n - k);
    free(list);
}

void count_samples(const struct live *l, struct metrics *m)
{
    const struct rule_count *rule = &l->rule->count;
    struct slice pair[2 * RULE_LABELS_MAX], rest;
    struct group **list;
    struct buf value;
    size_t n, k, j;

    buf_init(&value, AMOUNT_TEXT);
    if (rule->nby == 0) {
        amount_write(((const struct count_rule *)l->own)->value, &value);
        metrics_label_text(m, NULL, 0, buf_view(&value));
        buf_release(&value);
        return;
    }
    list = groups_sorted(l, &n);
    for (k = 0; k < n; k++) {
        rest = labels_of(list[k]);
        for (j = 0; j < rule->nby; j++) {
            pair[2 * j] = rule->by[j].name;
            pair[2 * j + 1] = label_take(&rest);
        }
        buf_reset(&value);
        amount_write(list[k]->value, &value);
        metrics_label_text(m, pair, rule->nby, buf_view(&value));
    }
    free(list);
    buf_release(&value);
}

const struct kind count_kind = {
    .instance_bytes = sizeof(struct share),
    .rule_bytes = sizeof(struct count_rule),
    .begin = begin,
    .evaluate = evaluate,
    .finished = finished,
    .settle = settle,
    .release_rule = release_rule,
    .report = report,
    .report_text = report_text,
};
