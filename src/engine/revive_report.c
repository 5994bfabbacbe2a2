/*
 * What has come of revivals: the report, its text, and metrics.
 */
#include "revive.h"

#include <stdlib.h>

static const char *const on_stop_name[] = {
    [STOP_SECOND_HOLDS] = "second-stop-holds",
    [STOP_REVIVE] = "revive",
    [STOP_RESPECT] = "respect",
};
static const char *const on_exit_name[] = {
    [EXIT_ALWAYS] = "always",
    [EXIT_ON_FAILURE] = "on-failure",
};

/* Those that are not well come first. */
static int rank(const struct instance *i)
{
    const struct revival *v = i->own;
    enum heal_state state = revive_view(v).state;

    if (state == HEAL_OK && !v->in_scope)
        return -1;
    return state == HEAL_OK && !v->due;
}

/* -- as JSON -----------------------------------------------------------------
 */

static void json_member_bool(struct buf *out, const char *name, bool value)
{
    json_member_raw(out, name, slice_str(value ? "true" : "false"));
}

static void json_member_maybe(struct buf *out, const char *name, nsec at)
{
    if (at)
        json_member_instant(out, name, at);
}

static void breaker_policy_json(const struct rule_breaker *b, struct buf *out)
{
    json_name(out, "breaker");
    if (!b->down) {
        buf_str(out, "\"off\"");
        return;
    }
    buf_char(out, '{');
    json_member_u64(out, "down", b->down);
    json_member_u64(out, "failures", b->failures);
    json_member_span(out, "open", b->open_for);
    json_member_u64(out, "percent", b->percent);
    json_member_span(out, "within", b->within);
    buf_char(out, '}');
}

static void policy_json(const struct rule_revive *p, struct buf *out)
{
    json_name(out, "policy");
    buf_char(out, '{');
    json_member_u64(out, "attempts", p->attempts);
    json_member_span(out, "backoff", p->backoff);
    breaker_policy_json(&p->breaker, out);
    json_member_bool(out, "dry_run", p->dry_run);
    json_member_span(out, "max_backoff", p->max_backoff);
    json_member(out, "on_exit", slice_str(on_exit_name[p->on_exit]));
    json_member(out, "on_stop", slice_str(on_stop_name[p->on_stop]));
    json_member(out, "on_unhealthy",
                slice_str(p->restart_unhealthy ? "restart" : "alert"));
    json_member_bool(out, "recreate", p->recreate);
    json_member_bool(out, "repair_network", p->repair_network);
    json_member_span(out, "reset_after", p->reset_after);
    json_member_span(out, "verify_after", p->verify_after);
    json_member_span(out, "verify_timeout", p->verify_timeout);
    json_member_span(out, "window", p->window);
    buf_char(out, '}');
}

static void container_json(const struct engine *e, const struct instance *i,
                           struct buf *out)
{
    const struct revival *v = i->own;
    struct heal_view view = revive_view(v);
    struct buf name;

    buf_init(&name, BUF_NO_CAP);
    instance_text(e, i, &name);
    buf_char(out, '{');
    json_member_u64(out, "attempts", view.attempts);
    json_member_bool(out, "by_person", view.by_person);
    json_member(out, "container", buf_view(&name));
    json_member_maybe(out, "down_since", view.down_since);
    json_member_bool(out, "due", v->due);
    json_member_u64(out, "failed", view.failed);
    json_member_maybe(out, "next", view.next_at);
    if (view.reason.n)
        json_member(out, "reason", view.reason);
    json_member_u64(out, "revived", view.revived);
    json_member_instant(out, "since", v->since);
    json_member(out, "state", slice_str(heal_state_name(view.state)));
    json_member_maybe(out, "state_since", view.since);
    buf_char(out, '}');
    buf_release(&name);
}

static void breaker_json(const struct heal_scope_view *s, struct buf *out)
{
    json_name(out, "breaker");
    buf_char(out, '{');
    json_member_u64(out, "down", s->down);
    json_member_bool(out, "half_open", s->half_open);
    json_member_bool(out, "open", s->breaker_open);
    json_member_maybe(out, "since", s->breaker_since);
    json_member_maybe(out, "until", s->breaker_until);
    buf_char(out, '}');
}

/* Of all that the rule ever had in its scope. */
static void totals(const struct live *l, uint64_t *ret_revived,
                   uint64_t *ret_failed)
{
    const struct revive_rule *r = l->own;
    const struct instance *i;

    *ret_revived = r->revived;
    *ret_failed = r->failed;
    for (i = l->first; i; i = i->next) {
        struct heal_view view = revive_view(i->own);

        *ret_revived += view.revived;
        *ret_failed += view.failed;
    }
}

void revive_report(struct engine *e, struct live *l, struct buf *out)
{
    const struct revive_rule *r = l->own;
    struct heal_scope_view scope = heal_scope_view(r->scope);
    uint64_t revived, failed;
    size_t left_out;

    totals(l, &revived, &failed);
    breaker_json(&scope, out);
    json_name(out, "containers");
    left_out = instances_json(e, l, rank, container_json, out);
    json_member_u64(out, "due", r->due);
    json_member_u64(out, "due_ever", r->became_due);
    json_member_u64(out, "failed", failed);
    json_member(out, "group", l->rule->group);
    json_member_u64(out, "in_scope", r->in_scope);
    json_member_u64(out, "left_out", left_out);
    policy_json(&l->rule->revive, out);
    json_member_u64(out, "recovered", r->recovered);
    json_member_u64(out, "revived", revived);
    json_member(out, "rule", l->rule->name);
}

/* -- for people --------------------------------------------------------------
 */

#define INDENT "              "

static void next_line(const struct heal_view *view, const struct rule_revive *p,
                      struct buf *out)
{
    char at[INSTANT_TEXT];

    if (!view->attempts && !view->next_at)
        return;
    buf_str(out, INDENT);
    if (view->attempts)
        buf_printf(out, "attempts: %u of %u%s", view->attempts, p->attempts,
                   view->next_at ? ", " : "");
    if (view->next_at) {
        instant_format(view->next_at, at);
        buf_printf(out, "looked at again at %s", at);
    }
    buf_char(out, '\n');
}

static void container_line(const struct engine *e, const struct instance *i,
                           struct buf *out)
{
    const struct rule_revive *p = &i->live->rule->revive;
    const struct revival *v = i->own;
    struct heal_view view = revive_view(v);
    char at[INSTANT_TEXT];
    struct buf name;

    instant_format(view.since ? view.since : v->since, at);
    buf_init(&name, BUF_NO_CAP);
    instance_text(e, i, &name);
    buf_printf(out, "    %-9s since %s  ", heal_state_name(view.state), at);
    pretty_text(buf_view(&name), out);
    buf_char(out, '\n');
    buf_release(&name);
    if (view.reason.n) {
        buf_str(out, INDENT);
        pretty_text(view.reason, out);
        buf_char(out, '\n');
    }
    next_line(&view, p, out);
}

static void breaker_line(const struct heal_scope_view *s, struct buf *out)
{
    char at[INSTANT_TEXT];

    if (!s->breaker_open)
        return;
    instant_format(s->breaker_since, at);
    buf_printf(out, "    breaker %s since %s",
               s->half_open ? "half open" : "open", at);
    if (s->breaker_until) {
        instant_format(s->breaker_until, at);
        buf_printf(out, " until %s", at);
    }
    buf_printf(out, ": %u of %u are down\n", s->down, s->in_scope);
}

void revive_report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct revive_rule *r = l->own;
    struct heal_scope_view scope = heal_scope_view(r->scope);
    uint64_t revived, failed;

    totals(l, &revived, &failed);
    buf_printf(out,
               "  %.*s: %llu due of %llu in scope, revived %llu, failed "
               "%llu, recovered %llu%s\n",
               SLICE_ARG(l->rule->name), (unsigned long long)r->due,
               (unsigned long long)r->in_scope, (unsigned long long)revived,
               (unsigned long long)failed, (unsigned long long)r->recovered,
               l->rule->revive.dry_run ? " (dry run)" : "");
    breaker_line(&scope, out);
    instances_text(e, l, rank, container_line, out);
}

/* -- for Prometheus ----------------------------------------------------------
 */

/* One sample of a container, or of all that have none of their own. */
struct sample {
    const struct live *l;
    struct slice container;
    uint64_t revived, failed, orders;
    struct slice state; /* "": of several */
};

typedef void sample_writer(struct metrics *m, const struct sample *s);

static void write_sample(struct metrics *m, const struct sample *s,
                         const char *label, struct slice value, uint64_t n)
{
    const struct slice pair[] = {
        slice_str("group"),     s->l->rule->group,
        slice_str("rule"),      s->l->rule->name,
        slice_str("container"), s->container,
        slice_str(label),       value,
    };

    metrics_label_u64(m, pair, label ? 4 : 3, n);
}

static void write_results(struct metrics *m, const struct sample *s)
{
    write_sample(m, s, "result", slice_str("revived"), s->revived);
    write_sample(m, s, "result", slice_str("failed"), s->failed);
}

static void write_attempts(struct metrics *m, const struct sample *s)
{
    write_sample(m, s, NULL, slice_of("", 0), s->orders);
}

static void write_state(struct metrics *m, const struct sample *s)
{
    if (s->state.n)
        write_sample(m, s, "state", s->state, 1);
}

/* Those past REPORT_INSTANCES_MAX and those that are gone are one. */
static void rule_samples(struct engine *e, const struct live *l,
                         struct metrics *m, sample_writer *write)
{
    const struct revive_rule *r = l->own;
    struct sample rest = { l,          slice_str("(other)"),
                           r->revived, r->failed,
                           r->orders,  { "", 0 } };
    struct instance **list;
    size_t n, k, shown = 0;

    list = instances_sorted(e, l, &n);
    for (k = 0; k < n; k++) {
        const struct revival *v = list[k]->own;
        struct heal_view view = revive_view(v);
        struct sample one = { l,
                              instance_key(e, list[k], 0),
                              view.revived,
                              view.failed,
                              v->orders,
                              slice_str(heal_state_name(view.state)) };

        if (rank(list[k]) < 0 || shown == REPORT_INSTANCES_MAX) {
            rest.revived += view.revived;
            rest.failed += view.failed;
            rest.orders += v->orders;
            continue;
        }
        shown++;
        write(m, &one);
    }
    if (rest.orders || rest.revived || rest.failed)
        write(m, &rest);
    free(list);
}

static void breaker_sample(const struct live *l, struct metrics *m)
{
    const struct revive_rule *r = l->own;
    const struct slice pair[] = { slice_str("group"), l->rule->group,
                                  slice_str("rule"), l->rule->name };

    metrics_label_u64(m, pair, 2, heal_scope_view(r->scope).breaker_open);
}

/* Also what has not been decided yet, so that the first time shows. */
static void decision_samples(const struct live *l, struct metrics *m)
{
    const struct revive_rule *r = l->own;
    struct slice pair[] = { slice_str("group"), l->rule->group,
                            slice_str("rule"),  l->rule->name,
                            slice_str("verb"),  { "", 0 } };

    for (size_t k = 0; k < HEAL_WORDS; k++) {
        pair[5] = slice_str(heal_word_name((enum heal_word)k));
        metrics_label_u64(m, pair, 3, r->said[k]);
    }
}

void revive_metrics(struct engine *e, struct live *const *list, size_t n,
                    struct metrics *m)
{
    static const struct {
        const char *name, *type, *help;
        sample_writer *write;
    } family[] = {
        { "bladewatch_revivals_total", "counter",
          "Containers that were started, by what came of it.", write_results },
        { "bladewatch_revive_attempts_total", "counter",
          "Orders to start a container.", write_attempts },
        { "bladewatch_revival_state", "gauge",
          "1 with the label that says how a container is.", write_state },
    };
    size_t f, k;

    for (f = 0; f < sizeof(family) / sizeof(*family); f++) {
        metrics_family(m, family[f].name, family[f].type, family[f].help);
        for (k = 0; k < n; k++)
            if (list[k]->rule->kind == RULE_REVIVE)
                rule_samples(e, list[k], m, family[f].write);
    }
    metrics_family(m, "bladewatch_revive_decisions_total", "counter",
                   "Decisions, also those not to act, by what they say.");
    for (k = 0; k < n; k++)
        if (list[k]->rule->kind == RULE_REVIVE)
            decision_samples(list[k], m);
    metrics_family(m, "bladewatch_revive_breaker_open", "gauge",
                   "1 while so much is down that nothing is started.");
    for (k = 0; k < n; k++)
        if (list[k]->rule->kind == RULE_REVIVE)
            breaker_sample(list[k], m);
}
