/*
 * Alerts, with the life cycle of Prometheus (rules/alerting.go there):
 *
 *   inactive -> pending    the condition holds
 *   pending  -> firing     it has held for `for`
 *   pending  -> inactive   it does not hold
 *   firing   -> resolved   it has not held for keep_firing_for
 *
 * `for` counts from the first instant at which the condition held;
 * keep_firing_for from the first at which it did not, and starts again
 * whenever it holds once more.  Labels are those of the moment it became
 * pending: they are who the alert is; annotations are those of the last
 * evaluation at which it held.
 */
#include "inside.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <stdlib.h>

#define LABEL_MAX      1024 /* bytes of a value; longer ones are cut */
#define ANNOTATION_MAX 8192

enum phase { INACTIVE, PENDING, FIRING };

/* Owned texts, sorted by name. */
struct pairs {
    size_t n;
    struct notice_pair *pair;
};

struct alert {
    enum phase phase;
    bool held; /* the last verdict; an error leaves it as it was */
    nsec active_at, fired_at;
    bool keeping; /* firing, though the condition has not held since */
    nsec keep_since;
    struct pairs labels, annotations;
};

struct alert_rule {
    size_t pending, firing;
    uint64_t fired, resolved; /* ever */
};

static void pairs_release(struct pairs *p)
{
    size_t k;

    for (k = 0; k < p->n; k++) {
        free((void *)(uintptr_t)p->pair[k].name.p);
        free((void *)(uintptr_t)p->pair[k].value.p);
    }
    free(p->pair);
    *p = (struct pairs){ 0 };
}

static struct slice owned(struct slice s)
{
    return slice_of(xmemdup0(s.p, s.n), s.n);
}

static void pairs_add(struct pairs *p, struct slice name, struct slice value)
{
    p->pair = xrealloc(p->pair, (p->n + 1) * sizeof(*p->pair));
    p->pair[p->n++] = (struct notice_pair){ owned(name), owned(value) };
}

static int by_name(const void *a, const void *b)
{
    const struct notice_pair *x = a, *y = b;

    return slice_cmp(x->name, y->name);
}

static void pairs_sort(struct pairs *p)
{
    if (p->n)
        qsort(p->pair, p->n, sizeof(*p->pair), by_name);
}

static void add_templates(struct engine *e, struct instance *i,
                          const struct rule_label *label, size_t n, size_t most,
                          struct pairs *to)
{
    struct buf text;
    size_t k;

    buf_init(&text, CEL_STRING_MAX);
    for (k = 0; k < n; k++) {
        buf_reset(&text);
        eval_template(e, i, &label[k].value, &text);
        pairs_add(to, label[k].name, utf8_cut(buf_view(&text), most));
    }
    buf_release(&text);
}

static bool has_label(const struct rule_alert *a, struct slice name)
{
    size_t k;

    for (k = 0; k < a->nlabels; k++)
        if (slice_eq(a->label[k].name, name))
            return true;
    return false;
}

/* The rule's own, and of the foreach's keys those that it does not name. */
static void make_labels(struct engine *e, struct instance *i)
{
    const struct rule *rule = i->live->rule;
    struct alert *a = i->own;
    size_t k;

    pairs_release(&a->labels);
    pairs_add(&a->labels, slice_str("alertname"), rule->name);
    for (k = 0; k < rule->foreach.nstars; k++)
        if (!has_label(&rule->alert, rule->foreach.star[k]))
            pairs_add(&a->labels, rule->foreach.star[k], instance_key(e, i, k));
    add_templates(e, i, rule->alert.label, rule->alert.nlabels, LABEL_MAX,
                  &a->labels);
    pairs_sort(&a->labels);
    i->marred = i->broken; /* for as long as it has them */
    i->broken = false;
}

static void make_annotations(struct engine *e, struct instance *i)
{
    const struct rule_alert *rule = &i->live->rule->alert;
    struct alert *a = i->own;

    pairs_release(&a->annotations);
    add_templates(e, i, rule->annotation, rule->nannotations, ANNOTATION_MAX,
                  &a->annotations);
    pairs_sort(&a->annotations);
}

/* -- notices ------------------------------------------------------------------
 */

static void send(struct engine *e, const struct live *l, struct slice instance,
                 struct notice *n)
{
    char at[INSTANT_TEXT];
    struct buf id;

    n->ordinal = ++e->notice_ordinal;
    if (!e->sink.notice)
        return;
    instant_format(e->now, at);
    buf_init(&id, BUF_NO_CAP);
    buf_printf(&id, "%.*s/%.*s/%.*s/%s/%s/%llu", SLICE_ARG(l->rule->group),
               SLICE_ARG(l->rule->name), SLICE_ARG(instance),
               n->firing ? "firing" : "resolved", at,
               (unsigned long long)n->ordinal);
    n->id = buf_view(&id);
    n->at = e->now;
    n->ends_at = n->firing ? 0 : e->now;
    e->sink.notice(e->sink.self, n);
    buf_release(&id);
}

static void notify(struct engine *e, struct instance *i, bool firing)
{
    struct alert *a = i->own;
    struct notice n = {
        .firing = firing,
        .starts_at = a->fired_at,
        .nlabels = a->labels.n,
        .nannotations = a->annotations.n,
        .label = a->labels.pair,
        .annotation = a->annotations.pair,
    };
    struct buf instance;

    buf_init(&instance, BUF_NO_CAP);
    instance_text(e, i, &instance);
    send(e, i->live, buf_view(&instance), &n);
    buf_release(&instance);
}

/* A rule that cannot be evaluated is an alert by itself. */
struct rule_error {
    struct notice_pair label[4], annotation[1];
};

static struct rule_error rule_error_of(const struct live *l)
{
    struct slice said = slice_str(l->last_error ? l->last_error : "");

    return (struct rule_error){
        .label = {
            { slice_str("alertname"), slice_str("RuleError") },
            { slice_str("group"), l->rule->group },
            { slice_str("kind"), slice_str(rule_kind_name(l->rule->kind)) },
            { slice_str("rule"), l->rule->name },
        },
        .annotation = { { slice_str("summary"), said } },
    };
}

static void notify_health(struct engine *e, const struct live *l, bool firing)
{
    struct rule_error r = rule_error_of(l);
    struct notice n = {
        .firing = firing,
        .starts_at = l->error_since,
        .nlabels = sizeof(r.label) / sizeof(*r.label),
        .nannotations = 1,
        .label = r.label,
        .annotation = r.annotation,
    };

    send(e, l, slice_str("RuleError"), &n);
}

void alert_health(struct engine *e, struct live *l, nsec at)
{
    bool ill = rule_ill(l);

    derive_health(e, l);
    if (ill == l->error_told)
        return;
    l->error_told = ill;
    if (ill)
        l->error_since = at;
    tell(e, l, NULL, ill ? "ok" : "error", ill ? "error" : "ok",
         ill ? slice_str(l->last_error) : slice_of("", 0));
    notify_health(e, l, ill);
}

void alert_health_move(struct engine *e, struct live *l)
{
    if (!l->error_told)
        return;
    l->error_told = false;
    tell(e, l, NULL, "error", "ok", slice_of("", 0));
    notify_health(e, l, false);
}

void alert_health_end(struct engine *e, struct live *l, nsec at)
{
    l->failing = 0;
    l->crowded = false;
    if (l->error_told)
        alert_health(e, l, at);
}

/* -- the life cycle
 * -------------------------------------------------------------- */

static const char *phase_name(enum phase p)
{
    static const char *const names[] = { "inactive", "pending", "firing" };

    return names[p];
}

/* What the instance is, for other rules. */
static void derive(struct engine *e, struct instance *i)
{
    struct alert *a = i->own;
    struct map *m;

    if (a->phase == INACTIVE) {
        derive_forget(e, i);
        return;
    }
    m = derive_instance(e, i);
    derive_text(e, m, "state", slice_str(phase_name(a->phase)));
    derive_instant(e, m, "active_at", a->active_at);
}

static void count(struct instance *i, enum phase p, size_t by)
{
    struct alert_rule *r = i->live->own;

    if (p == PENDING)
        r->pending += by;
    else if (p == FIRING)
        r->firing += by;
}

static const struct notice_pair *summary_of(const struct alert *a)
{
    size_t k;

    for (k = 0; k < a->annotations.n; k++)
        if (slice_is(a->annotations.pair[k].name, "summary"))
            return &a->annotations.pair[k];
    return NULL;
}

static void go(struct engine *e, struct instance *i, enum phase to)
{
    struct alert *a = i->own;
    struct alert_rule *r = i->live->own;
    enum phase from = a->phase;
    /* Of one that ends it would say the contrary of what is. */
    const struct notice_pair *summary = to == INACTIVE ? NULL : summary_of(a);

    count(i, from, (size_t)-1);
    count(i, to, 1);
    a->phase = to;
    i->marred &= to != INACTIVE;
    tell(e, i->live, i, phase_name(from),
         from == FIRING ? "resolved" : phase_name(to),
         summary ? summary->value : slice_of("", 0));
    if (to == FIRING) {
        a->fired_at = e->now;
        r->fired++;
        notify(e, i, true);
    } else if (from == FIRING) {
        r->resolved++;
        notify(e, i, false);
    }
    derive(e, i);
}

static void holds(struct engine *e, struct instance *i)
{
    nsec hold_for = i->live->rule->alert.hold_for, due;
    struct alert *a = i->own;

    a->keeping = false;
    if (a->phase == INACTIVE) {
        a->active_at = e->now;
        make_labels(e, i);
    }
    make_annotations(e, i);
    due = nsec_add(a->active_at, hold_for);
    if (a->phase == INACTIVE && due > e->now)
        go(e, i, PENDING);
    if (a->phase != FIRING && due <= e->now)
        go(e, i, FIRING);
    else if (a->phase == PENDING)
        wake(i, due);
}

static void holds_not(struct engine *e, struct instance *i)
{
    nsec keep_for = i->live->rule->alert.keep_firing_for, due;
    struct alert *a = i->own;

    if (a->phase == FIRING) {
        if (!a->keeping)
            a->keep_since = e->now;
        a->keeping = true;
        due = nsec_add(a->keep_since, keep_for);
        if (due > e->now) {
            wake(i, due);
            return;
        }
    }
    if (a->phase != INACTIVE)
        go(e, i, INACTIVE);
    a->keeping = false;
}

/* Does the condition hold, once missing data and errors have been judged? */
static bool judge(struct engine *e, struct instance *i)
{
    const struct rule_alert *rule = &i->live->rule->alert;
    struct alert *a = i->own;

    if (i->gone) {
        a->held = false;
        return false;
    }
    switch (eval_bool(e, i, rule->expr)) {
    case VERDICT_TRUE:
        a->held = true;
        break;
    case VERDICT_FALSE:
        a->held = false;
        break;
    case VERDICT_NO_DATA:
        if (rule->no_data != NO_DATA_KEEP)
            a->held = rule->no_data == NO_DATA_ALERT;
        break;
    case VERDICT_ERROR:
        break; /* not known: what was stays, and the rule is ill */
    }
    return a->held;
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    (void)at;
    if (judge(e, i))
        holds(e, i);
    else
        holds_not(e, i);
}

static void settle(struct engine *e, struct live *l)
{
    const struct alert_rule *r = l->own;
    struct map *m = derive_rule(e, l);

    derive_u64(e, m, "pending", r->pending);
    derive_u64(e, m, "firing", r->firing);
}

static void end(struct engine *e, struct live *l, nsec at)
{
    struct instance **list, *i;
    size_t n, k;

    (void)at;
    list = instances_sorted(e, l, &n);
    for (k = 0; k < n; k++) {
        i = list[k];
        if (((struct alert *)i->own)->phase != INACTIVE)
            go(e, i, INACTIVE);
    }
    free(list);
}

static bool finished(const struct instance *i)
{
    return ((const struct alert *)i->own)->phase == INACTIVE;
}

static void release(struct engine *e, struct instance *i)
{
    struct alert *a = i->own;

    (void)e;
    pairs_release(&a->labels);
    pairs_release(&a->annotations);
}

/* -- reports
 * ---------------------------------------------------------------------- */

static void pairs_json(struct buf *out, const char *name, const struct pairs *p)
{
    size_t k;

    json_member_raw(out, name, slice_str("{"));
    for (k = 0; k < p->n; k++) {
        json_comma(out);
        json_string(p->pair[k].name, out);
        buf_char(out, ':');
        json_string(p->pair[k].value, out);
    }
    buf_char(out, '}');
}

/* As /api/v1/alerts has it. */
static void alert_json(const struct alert *a, struct buf *out)
{
    buf_char(out, '{');
    json_member_instant(out, "activeAt", a->active_at);
    pairs_json(out, "annotations", &a->annotations);
    if (a->keeping)
        json_member_instant(out, "keepFiringSince", a->keep_since);
    pairs_json(out, "labels", &a->labels);
    json_member(out, "state", slice_str(phase_name(a->phase)));
    json_member(out, "value", slice_str("1e+00"));
    buf_char(out, '}');
}

static int rank(const struct instance *i)
{
    static const int ranks[] = { -1, 1, 0 }; /* firing ones first */

    return ranks[((const struct alert *)i->own)->phase];
}

static void alert_object(const struct engine *e, const struct instance *i,
                         struct buf *out)
{
    (void)e;
    alert_json(i->own, out);
}

void alert_health_item(const struct live *l, struct buf *out)
{
    struct rule_error r = rule_error_of(l);
    struct alert a = {
        .phase = FIRING,
        .active_at = l->error_since,
        .labels = { sizeof(r.label) / sizeof(*r.label), r.label },
        .annotations = { 1, r.annotation },
    };

    if (!l->error_told)
        return;
    json_comma(out);
    alert_json(&a, out);
}

size_t alert_items(const struct engine *e, const struct live *l,
                   struct buf *out)
{
    return instances_items(e, l, rank, alert_object, out);
}

const char *alert_rule_state(const struct live *l)
{
    const struct alert_rule *r = l->own;

    return phase_name(r->firing ? FIRING : r->pending ? PENDING : INACTIVE);
}

void alert_rule_counts(const struct live *l, uint64_t *ret_pending,
                       uint64_t *ret_firing)
{
    const struct alert_rule *r = l->own;

    *ret_pending = r->pending;
    *ret_firing = r->firing;
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct alert_rule *r = l->own;
    size_t left_out;

    json_member_raw(out, "alerts", slice_str("["));
    left_out = alert_items(e, l, out);
    buf_char(out, ']');
    json_member_u64(out, "fired", r->fired);
    json_member_u64(out, "firing", r->firing);
    json_member(out, "group", l->rule->group);
    if (left_out)
        json_member_u64(out, "left_out", left_out);
    json_member_u64(out, "pending", r->pending);
    json_member_u64(out, "resolved", r->resolved);
    json_member(out, "rule", l->rule->name);
}

static void annotation_text(const struct notice_pair *annotation,
                            struct buf *out)
{
    buf_str(out, "             ");
    pretty_text(annotation->value, out);
    buf_char(out, '\n');
}

/* The summary first, as it is what all the others explain. */
static void alert_text(const struct engine *e, const struct instance *i,
                       struct buf *out)
{
    const struct alert *a = i->own;
    const struct notice_pair *summary = summary_of(a);
    char since[INSTANT_TEXT];
    struct buf key;
    size_t k;

    instant_format(a->phase == FIRING ? a->fired_at : a->active_at, since);
    buf_printf(out, "    %-8s since %s", phase_name(a->phase), since);
    buf_init(&key, BUF_NO_CAP);
    instance_text(e, i, &key);
    buf_str(out, key.n ? "  " : "");
    pretty_text(buf_view(&key), out);
    buf_release(&key);
    buf_char(out, '\n');
    if (summary)
        annotation_text(summary, out);
    for (k = 0; k < a->annotations.n; k++)
        if (&a->annotations.pair[k] != summary)
            annotation_text(&a->annotations.pair[k], out);
}

static int is_firing(const struct instance *i)
{
    return ((const struct alert *)i->own)->phase == FIRING ? 0 : -1;
}

static int is_pending(const struct instance *i)
{
    return ((const struct alert *)i->own)->phase == PENDING ? 0 : -1;
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct alert_rule *r = l->own;

    buf_str(out, "  ");
    pretty_text(l->rule->name, out);
    if (!r->pending && !r->fired) {
        buf_str(out,
                rule_ill(l) ? ": in error: see RULES IN ERROR\n" : ": quiet\n");
        return;
    }
    buf_printf(out, ": %zu firing, %zu pending, fired %llu, resolved %llu%s\n",
               r->firing, r->pending, (unsigned long long)r->fired,
               (unsigned long long)r->resolved,
               rule_ill(l) ? ", in error" : "");
    instances_text(e, l, is_firing, alert_text, out);
    instances_text(e, l, is_pending, alert_text, out);
}

const struct kind alert_kind = {
    .instance_bytes = sizeof(struct alert),
    .rule_bytes = sizeof(struct alert_rule),
    .end = end,
    .evaluate = evaluate,
    .finished = finished,
    .settle = settle,
    .release = release,
    .report = report,
    .report_text = report_text,
};
