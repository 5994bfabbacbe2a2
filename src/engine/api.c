/*
 * Rules and alerts in the shapes of Prometheus' HTTP API, so that what reads
 * those reads ours.  Kinds of rules that Prometheus has not have types of
 * their own.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define NEVER "0001-01-01T00:00:00Z" /* as Prometheus writes it */

/* The text it was made from. */
static void template_text(const struct rule_template *t, struct buf *out)
{
    size_t k;

    for (k = 0; k < t->n; k++) {
        const struct rule_piece *piece = &t->piece[k];

        buf_slice(out, piece->text);
        if (!piece->program)
            continue;
        buf_str(out, "{{ ");
        buf_slice(out, json_trim(cel_program_text(piece->program)));
        buf_str(out, " }}");
    }
}

static int by_name(const void *a, const void *b)
{
    const struct rule_label *x = *(const struct rule_label *const *)a;
    const struct rule_label *y = *(const struct rule_label *const *)b;

    return slice_cmp(x->name, y->name);
}

static void labels_json(const char *name, const struct rule_label *label,
                        size_t n, struct buf *out)
{
    const struct rule_label *sorted[RULE_LABELS_MAX];
    struct buf text;
    size_t k;

    for (k = 0; k < n; k++)
        sorted[k] = &label[k];
    qsort(sorted, n, sizeof(*sorted), by_name);
    buf_init(&text, BUF_NO_CAP);
    json_member_raw(out, name, slice_str("{"));
    for (k = 0; k < n; k++) {
        buf_reset(&text);
        template_text(&sorted[k]->value, &text);
        json_comma(out);
        json_string(sorted[k]->name, out);
        buf_char(out, ':');
        json_string(buf_view(&text), out);
    }
    buf_char(out, '}');
    buf_release(&text);
}

static void health_json(const struct live *l, struct buf *out)
{
    json_member_u64(out, "evaluationTime", 0);
    json_member(out, "health", slice_str(rule_health(l)));
}

static void last_json(const struct live *l, struct buf *out)
{
    if (rule_ill(l))
        json_member(out, "lastError", slice_str(l->last_error));
    if (l->evaluations)
        json_member_instant(out, "lastEvaluation", l->evaluated_at);
    else
        json_member(out, "lastEvaluation", slice_str(NEVER));
}

static void alert_rule_json(struct engine *e, struct live *l, struct buf *out)
{
    const struct rule_alert *a = &l->rule->alert;

    json_member_raw(out, "alerts", slice_str("["));
    alert_items(e, l, out);
    buf_char(out, ']');
    labels_json("annotations", a->annotation, a->nannotations, out);
    json_member_span(out, "duration", a->hold_for);
    health_json(l, out);
    json_member_span(out, "keepFiringFor", a->keep_firing_for);
    labels_json("labels", a->label, a->nlabels, out);
    last_json(l, out);
    json_member(out, "name", l->rule->name);
    json_member(out, "query", cel_program_text(a->expr));
    json_member(out, "state", slice_str(alert_rule_state(l)));
    json_member(out, "type", slice_str("alerting"));
}

static void other_rule_json(const struct live *l, struct buf *out)
{
    char type[40];

    snprintf(type, sizeof(type), "bladewatch_%s",
             rule_kind_name(l->rule->kind));
    health_json(l, out);
    json_member_u64(out, "instances", l->ninstances);
    last_json(l, out);
    json_member(out, "name", l->rule->name);
    json_member(out, "type", slice_str(type));
}

static int by_file(const void *a, const void *b)
{
    const struct rule *x = (*(struct live *const *)a)->rule;
    const struct rule *y = (*(struct live *const *)b)->rule;
    int d = slice_cmp(x->file, y->file);

    d = d ? d : slice_cmp(x->group, y->group);
    return d ? d : (x->line > y->line) - (x->line < y->line);
}

static bool same_group(const struct live *a, const struct live *b)
{
    return slice_eq(a->rule->file, b->rule->file) &&
           slice_eq(a->rule->group, b->rule->group);
}

/* Rules as they stand in their files. */
static void group_json(struct engine *e, struct live **list, size_t n,
                       struct buf *out)
{
    size_t k;

    json_comma(out);
    buf_char(out, '{');
    json_member(out, "file", list[0]->rule->file);
    json_member_span(out, "interval", ENGINE_GRAIN);
    json_member(out, "name", list[0]->rule->group);
    json_member_raw(out, "rules", slice_str("["));
    for (k = 0; k < n; k++) {
        json_comma(out);
        buf_char(out, '{');
        if (list[k]->rule->kind == RULE_ALERT)
            alert_rule_json(e, list[k], out);
        else
            other_rule_json(list[k], out);
        buf_char(out, '}');
    }
    buf_str(out, "]}");
}

void engine_api_rules(struct engine *e, struct buf *out)
{
    struct live **list;
    size_t n, k, end;

    list = rules_sorted(e, &n);
    if (n)
        qsort(list, n, sizeof(struct live *), by_file);
    buf_str(out, "{\"status\":\"success\",\"data\":{\"groups\":[");
    for (k = 0; k < n; k = end) {
        for (end = k + 1; end < n && same_group(list[k], list[end]);)
            end++;
        group_json(e, list + k, end - k, out);
    }
    buf_str(out, "]}}");
    free(list);
}

void engine_api_alerts(struct engine *e, struct buf *out)
{
    struct live **list;
    size_t n, k;

    list = rules_sorted(e, &n);
    buf_str(out, "{\"status\":\"success\",\"data\":{\"alerts\":[");
    for (k = 0; k < n; k++) {
        if (list[k]->rule->kind == RULE_ALERT)
            alert_items(e, list[k], out);
        alert_health_item(list[k], out);
    }
    buf_str(out, "]}}");
    free(list);
}
