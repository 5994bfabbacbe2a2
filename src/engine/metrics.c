/*
 * What rules have come to, for Prometheus.  A count has a family of its own,
 * named for the rule.
 */
#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <uthash.h>

struct rules {
    struct live **live;
    size_t n;
};

static bool has_kind(const struct rules *rules, enum rule_kind kind)
{
    size_t k;

    for (k = 0; k < rules->n; k++)
        if (rules->live[k]->rule->kind == kind)
            return true;
    return false;
}

/* -- of every rule -----------------------------------------------------------
 */

static void kinds_samples(const struct rules *rules, struct metrics *m)
{
    uint64_t count[RULE_KINDS] = { 0 };
    size_t k;

    for (k = 0; k < rules->n; k++)
        count[rules->live[k]->rule->kind]++;
    metrics_family(m, "bladewatch_rules", "gauge", "Rules that are loaded.");
    for (k = 0; k < RULE_KINDS; k++) {
        const struct slice pair[] = {
            slice_str("kind"), slice_str(rule_kind_name((enum rule_kind)k))
        };

        metrics_label_u64(m, pair, 1, count[k]);
    }
}

static uint64_t instances_of(const struct live *l)
{
    return l->ninstances;
}

static uint64_t errors_of(const struct live *l)
{
    return l->errors;
}

static uint64_t evaluations_of(const struct live *l)
{
    return l->evaluations;
}

static void rule_samples(const struct rules *rules, struct metrics *m)
{
    static const struct {
        const char *name, *type, *help;
        uint64_t (*value)(const struct live *l);
    } family[] = {
        { "bladewatch_rule_instances", "gauge", "Elements that a rule follows.",
          instances_of },
        { "bladewatch_rule_errors_total", "counter",
          "Errors of a rule; one that lasts counts once.", errors_of },
        { "bladewatch_rule_evaluations_total", "counter",
          "Evaluations, one for each instance.", evaluations_of },
    };
    size_t f, k;

    for (f = 0; rules->n && f < sizeof(family) / sizeof(*family); f++) {
        metrics_family(m, family[f].name, family[f].type, family[f].help);
        for (k = 0; k < rules->n; k++) {
            const struct rule *rule = rules->live[k]->rule;
            const struct slice pair[] = {
                slice_str("group"), rule->group,
                slice_str("kind"),  slice_str(rule_kind_name(rule->kind)),
                slice_str("rule"),  rule->name
            };

            metrics_label_u64(m, pair, 3, family[f].value(rules->live[k]));
        }
    }
}

/* -- of one kind -------------------------------------------------------------
 */

static void health_samples(const struct rules *rules, struct metrics *m)
{
    size_t k;

    for (k = 0; k < rules->n; k++) {
        const struct live *l = rules->live[k];
        const struct slice pair[] = {
            slice_str("alertname"), slice_str("RuleError"),
            slice_str("group"),     l->rule->group,
            slice_str("kind"),      slice_str(rule_kind_name(l->rule->kind)),
            slice_str("rule"),      l->rule->name,
            slice_str("state"),     slice_str("firing")
        };

        metrics_label_u64(m, pair, 5, l->error_told);
    }
}

static void alert_samples(const struct rules *rules, struct metrics *m)
{
    uint64_t pending, firing;
    size_t k;

    for (k = 0; k < rules->n; k++) {
        const struct rule *rule = rules->live[k]->rule;
        struct slice pair[] = { slice_str("alertname"), rule->name,
                                slice_str("group"),     rule->group,
                                slice_str("state"),     slice_str("firing") };

        if (rule->kind != RULE_ALERT)
            continue;
        alert_rule_counts(rules->live[k], &pending, &firing);
        metrics_label_u64(m, pair, 3, firing);
        pair[5] = slice_str("pending");
        metrics_label_u64(m, pair, 3, pending);
    }
}

static void
tally_samples(const struct rules *rules, enum rule_kind kind, const char *label,
              bool (*tally)(const struct live *l, size_t k,
                            struct slice *ret_name, uint64_t *ret_n),
              struct metrics *m)
{
    size_t k, j;
    uint64_t n;

    for (k = 0; k < rules->n; k++) {
        const struct rule *rule = rules->live[k]->rule;
        struct slice pair[] = { slice_str("group"), rule->group,
                                slice_str("rule"),  rule->name,
                                slice_str(label),   slice_of("", 0) };

        for (j = 0;
             rule->kind == kind && tally(rules->live[k], j, &pair[5], &n); j++)
            metrics_label_u64(m, pair, 3, n);
    }
}

static void one_samples(const struct rules *rules, enum rule_kind kind,
                        uint64_t (*value)(const struct live *l),
                        struct metrics *m)
{
    size_t k;

    for (k = 0; k < rules->n; k++) {
        const struct rule *rule = rules->live[k]->rule;
        const struct slice pair[] = { slice_str("group"), rule->group,
                                      slice_str("rule"), rule->name };

        if (rule->kind == kind)
            metrics_label_u64(m, pair, 2, value(rules->live[k]));
    }
}

static void kind_samples(struct engine *e, const struct rules *rules,
                         struct metrics *m)
{
    if (rules->n) {
        metrics_family(m, "bladewatch_alerts", "gauge",
                       "Alerts that are active.");
        alert_samples(rules, m);
        health_samples(rules, m);
    }
    if (has_kind(rules, RULE_INTENT)) {
        metrics_family(m, "bladewatch_intents", "gauge",
                       "Intents by their status.");
        tally_samples(rules, RULE_INTENT, "status", intent_tally, m);
    }
    if (has_kind(rules, RULE_MACHINE)) {
        metrics_family(m, "bladewatch_machine_instances", "gauge",
                       "Instances of machines by their phase.");
        tally_samples(rules, RULE_MACHINE, "phase", machine_tally, m);
    }
    if (has_kind(rules, RULE_ERRORS)) {
        metrics_family(m, "bladewatch_errors_total", "counter",
                       "Errors that were logged.");
        one_samples(rules, RULE_ERRORS, errors_counted, m);
    }
    if (has_kind(rules, RULE_REVIVE)) {
        metrics_family(m, "bladewatch_revivals_due", "gauge",
                       "Containers that ought to be started again.");
        one_samples(rules, RULE_REVIVE, revive_due, m);
        revive_metrics(e, rules->live, rules->n, m);
    }
}

/* -- counts ------------------------------------------------------------------
 */

/* Names that are families already. */
struct taken {
    UT_hash_handle hh;
    char name[];
};

/* itemsSent and items-sent become items_sent. */
static void snake(struct slice name, struct buf *out)
{
    bool lower = false; /* the last one was no capital */
    size_t i;

    for (i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool capital = c >= 'A' && c <= 'Z';
        bool word = capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if ((!word || (capital && lower)) && out->p[out->n - 1] != '_')
            buf_char(out, '_');
        if (word)
            buf_char(out, capital ? (char)(c | 32) : c);
        lower = word && !capital;
    }
    while (out->p[out->n - 1] == '_')
        out->n--;
}

static bool ends_with(const struct buf *name, const char *end)
{
    size_t n = strlen(end);

    return name->n >= n && memcmp(name->p + name->n - n, end, n) == 0;
}

/* Endings that Prometheus keeps for other types. */
static bool is_misleading(const struct buf *name)
{
    return ends_with(name, "_total") || ends_with(name, "_count") ||
           ends_with(name, "_sum") || ends_with(name, "_bucket");
}

/* The n-th attempt, from 1. */
static void family_name(const struct rule *rule, unsigned n, struct buf *out)
{
    buf_reset(out);
    buf_str(out, "bladewatch_count_");
    snake(rule->name, out);
    if (!rule->count.gauge && ends_with(out, "_total"))
        out->n -= strlen("_total");
    if (n > 1)
        buf_printf(out, "_%u", n);
    if (!rule->count.gauge)
        buf_str(out, "_total");
    else if (is_misleading(out))
        buf_str(out, "_now");
}

static const char *take_name(struct taken **names, const struct rule *rule)
{
    struct taken *t;
    struct buf name;
    unsigned n = 0;

    buf_init(&name, BUF_NO_CAP);
    do {
        family_name(rule, ++n, &name);
        HASH_FIND(hh, *names, name.p, name.n, t);
    } while (t);
    t = xcalloc(1, sizeof(*t) + name.n + 1);
    memcpy(t->name, name.p, name.n);
    HASH_ADD_KEYPTR(hh, *names, t->name, name.n, t);
    buf_release(&name);
    return t->name;
}

static void count_families(const struct rules *rules, struct metrics *m)
{
    struct taken *names = NULL, *t, *next;
    size_t k;

    for (k = 0; k < rules->n; k++) {
        const struct rule *rule = rules->live[k]->rule;

        if (rule->kind != RULE_COUNT)
            continue;
        metrics_family(m, take_name(&names, rule),
                       rule->count.gauge ? "gauge" : "counter",
                       "What a count rule has added up.");
        count_samples(rules->live[k], m);
    }
    HASH_ITER(hh, names, t, next)
    {
        HASH_DEL(names, t);
        free(t);
    }
}

void engine_metrics(struct engine *e, struct metrics *m)
{
    struct rules rules;

    rules.live = rules_sorted(e, &rules.n);
    kinds_samples(&rules, m);
    rule_samples(&rules, m);
    kind_samples(e, &rules, m);
    count_families(&rules, m);
    free(rules.live);
}
