/*
 * The report for people: a headline, and a section for each kind of rule that
 * there is.
 */
#include "inside.h"

#include <stdlib.h>

static void headline(struct live *const *list, size_t n, nsec at,
                     struct buf *out)
{
    uint64_t firing = 0, pending, one;
    char text[INSTANT_TEXT];
    size_t k;

    for (k = 0; k < n; k++) {
        if (list[k]->rule->kind != RULE_ALERT)
            continue;
        alert_rule_counts(list[k], &pending, &one);
        firing += one;
    }
    instant_format(at, text);
    buf_printf(out, "report at %s, %zu rule%s, %llu firing\n", text, n,
               n == 1 ? "" : "s", (unsigned long long)firing);
}

static void section(struct engine *e, struct live **list, size_t n,
                    enum rule_kind kind, struct buf *out)
{
    static const char *const title[RULE_KINDS] = {
        [RULE_ALERT] = "ALERTS",     [RULE_INTENT] = "INTENTS",
        [RULE_MACHINE] = "MACHINES", [RULE_COUNT] = "COUNTS",
        [RULE_ERRORS] = "ERRORS",    [RULE_REVIVE] = "REVIVALS",
    };
    bool begun = false;
    size_t k;

    for (k = 0; k < n; k++) {
        if (list[k]->rule->kind != kind)
            continue;
        if (!begun)
            buf_printf(out, "\n%s\n", title[kind]);
        begun = true;
        live_kind(list[k])->report_text(e, list[k], out);
    }
}

static void in_error(struct live *const *list, size_t n, struct buf *out)
{
    bool begun = false;
    size_t k;

    for (k = 0; k < n; k++) {
        const struct live *l = list[k];

        if (!l->errors)
            continue;
        if (!begun)
            buf_str(out, "\nRULES IN ERROR\n");
        begun = true;
        buf_printf(out, "  %s ", rule_kind_name(l->rule->kind));
        pretty_text(l->rule->name, out);
        buf_printf(out, ": %s, %llu error%s, the last: ",
                   rule_ill(l) ? "failing" : "well again",
                   (unsigned long long)l->errors, l->errors == 1 ? "" : "s");
        pretty_text(slice_str(l->last_error), out);
        buf_char(out, '\n');
    }
}

void engine_report_text(struct engine *e, nsec at, struct buf *out)
{
    struct live **list;
    size_t n, k;

    list = rules_sorted(e, &n);
    headline(list, n, at, out);
    for (k = 0; k < RULE_KINDS; k++)
        section(e, list, n, (enum rule_kind)k, out);
    in_error(list, n, out);
    free(list);
}
