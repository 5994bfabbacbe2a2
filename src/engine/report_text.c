/*
 * The report for people: a headline, the rules that are in error, and a section
 * for each kind of rule that there is.
 */
#include "inside.h"

#include <stdlib.h>

static void headline(struct live *const *list, size_t n, nsec at,
                     struct buf *out)
{
    uint64_t firing = 0, pending, one;
    char text[INSTANT_TEXT];
    size_t ill = 0, k;

    for (k = 0; k < n; k++) {
        ill += rule_ill(list[k]);
        if (list[k]->rule->kind != RULE_ALERT)
            continue;
        alert_rule_counts(list[k], &pending, &one);
        firing += one;
    }
    instant_format(at, text);
    buf_printf(out, "report at %s, %zu rule%s, %llu firing", text, n,
               n == 1 ? "" : "s", (unsigned long long)firing);
    if (ill)
        buf_printf(out, ", %zu in error", ill);
    buf_char(out, '\n');
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

/* What is wrong now, what was, and lines that `errors` could not judge. */
enum gravity { ILL, RECOVERED, LINES, GRAVITIES };

static enum gravity gravity_of(const struct live *l)
{
    if (rule_ill(l))
        return ILL;
    return l->rule->kind == RULE_ERRORS ? LINES : RECOVERED;
}

static void error_line(const struct live *l, struct buf *out)
{
    static const char *const now[GRAVITIES] = { "failing", "well again",
                                                "well" };

    buf_printf(out, "  %s ", rule_kind_name(l->rule->kind));
    pretty_text(l->rule->name, out);
    buf_printf(out, ": %s, %llu error%s, the last: ", now[gravity_of(l)],
               (unsigned long long)l->errors, l->errors == 1 ? "" : "s");
    pretty_text(slice_str(l->last_error), out);
    buf_char(out, '\n');
}

static void in_error(struct live *const *list, size_t n, struct buf *out)
{
    bool begun = false;
    unsigned g;
    size_t k;

    for (g = 0; g < GRAVITIES; g++)
        for (k = 0; k < n; k++) {
            if (!list[k]->errors || gravity_of(list[k]) != g)
                continue;
            if (!begun)
                buf_str(out, "\nRULES IN ERROR\n");
            begun = true;
            error_line(list[k], out);
        }
}

void engine_report_text(struct engine *e, nsec at, struct buf *out)
{
    struct live **list;
    size_t n, k;

    list = rules_sorted(e, &n);
    headline(list, n, at, out);
    in_error(list, n, out);
    for (k = 0; k < RULE_KINDS; k++)
        section(e, list, n, (enum rule_kind)k, out);
    free(list);
}
