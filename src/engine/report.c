/*
 * The report: what all rules have come to, in canonical JSON.  Nothing in it
 * depends on how often something was evaluated.
 */
#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    const struct live *x = *(struct live *const *)a;
    const struct live *y = *(struct live *const *)b;
    int d = slice_cmp(x->rule->group, y->rule->group);

    d = d ? d : slice_cmp(x->rule->name, y->rule->name);
    d = d ? d : (int)x->rule->kind - (int)y->rule->kind;
    return d ? d : (x->number > y->number) - (x->number < y->number);
}

struct live **rules_sorted(const struct engine *e, size_t *ret_n)
{
    struct live **list = xmalloc((e->nlive + 1) * sizeof(struct live *));

    *ret_n = e->nlive;
    if (e->nlive) {
        memcpy(list, e->live, e->nlive * sizeof(struct live *));
        qsort(list, e->nlive, sizeof(struct live *), by_name);
    }
    return list;
}

const char *rule_health(const struct live *l)
{
    return rule_ill(l) ? "err" : "ok";
}

static void rule_json(const struct live *l, struct buf *out)
{
    json_comma(out);
    buf_char(out, '{');
    json_member_u64(out, "errors", l->errors);
    json_member(out, "group", l->rule->group);
    json_member(out, "health", slice_str(rule_health(l)));
    json_member(out, "kind", slice_str(rule_kind_name(l->rule->kind)));
    if (l->last_error)
        json_member(out, "last_error", slice_str(l->last_error));
    json_member(out, "rule", l->rule->name);
    buf_char(out, '}');
}

static void section(struct engine *e, struct live **list, size_t n,
                    enum rule_kind kind, struct buf *out)
{
    size_t k;

    json_member_raw(out, rule_kind_section(kind), slice_str("["));
    for (k = 0; k < n; k++) {
        if (list[k]->rule->kind != kind)
            continue;
        json_comma(out);
        buf_char(out, '{');
        live_kind(list[k])->report(e, list[k], out);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void engine_report(struct engine *e, nsec at, struct buf *out)
{
    uint64_t told = e->timeline.n;
    struct live **list;
    size_t n, k;

    list = rules_sorted(e, &n);
    buf_char(out, '{');
    section(e, list, n, RULE_ALERT, out);
    json_member_instant(out, "at", at);
    section(e, list, n, RULE_COUNT, out);
    section(e, list, n, RULE_ERRORS, out);
    section(e, list, n, RULE_INTENT, out);
    section(e, list, n, RULE_MACHINE, out);
    section(e, list, n, RULE_REVIVE, out);
    json_member_raw(out, "rules", slice_str("["));
    for (k = 0; k < n; k++)
        rule_json(list[k], out);
    buf_char(out, ']');
    json_name(out, "timeline");
    timeline_json(e, out);
    json_member_u64(out, "timeline_left_out",
                    told > TIMELINE_MAX ? told - TIMELINE_MAX : 0);
    buf_char(out, '}');
    free(list);
}
