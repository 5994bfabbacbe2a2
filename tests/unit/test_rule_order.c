#include "support/ruleset.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct rules rules;

static void teardown(void)
{
    rules_release(&rules);
    rules = (struct rules){ 0 };
}

/* Rules in the order of evaluation, by name. */
static void assert_order(const char *yaml, const char *wanted)
{
    struct buf got;
    size_t i;

    rules = rules_in_group(yaml);
    ck_assert_msg(rules.set != NULL, "%s: %s", yaml, rules.diags.item[0].text);
    buf_init(&got, BUF_NO_CAP);
    for (i = 0; i < rules.set->n; i++)
        buf_printf(&got, "%s%.*s", i ? " " : "",
                   SLICE_ARG(rules.set->rule[i].name));
    ck_assert_str_eq(buf_cstr(&got), wanted);
    buf_release(&got);
}

static const struct {
    const char *yaml, *wanted;
} orders[] = {
    { "{alert: a, expr: 'true'}, {count: b, value: 1}", "a b" },
    { "{alert: a, expr: state.monitor.counts.c.value > 3},"
      "{alert: b, expr: 'true'}, {count: c, value: 1}",
      "c a b" },
    { "{alert: a, expr: 'state.monitor[\"counts\"][\"c\"].value > 3'},"
      "{count: c, value: 1}",
      "c a" },
    { "{alert: a, foreach: k in state.monitor.alerts.b.instances, expr: "
      "'true'},"
      "{alert: b, expr: state.monitor.counts.c.value > 3},"
      "{count: c, value: 1}",
      "c b a" },
    /* a star and the end of a pattern mean all rules of the section */
    { "{alert: a, expr: size(state.monitor.counts) > 3},"
      "{count: b, value: 1}, {alert: c, expr: 'true'}, {count: d, value: 1}",
      "b d a c" },
    { "{alert: a, foreach: 'n, c in state.monitor.counts', expr: c.value > 3},"
      "{count: b, value: 1}",
      "b a" },
    { "{alert: a, expr: 'true', annotations: {x: '{{ state.monitor.counts.b."
      "value }}'}}, {count: b, value: 1}",
      "b a" },
    /* whatever a star finds below the state itself decides no order */
    { "{alert: a, foreach: 'n, x in state', expr: has(x.y)},"
      "{count: b, value: 1}",
      "a b" },
    { "{alert: a, expr: has(state.monitor.counts) && "
      "has(state.monitor.counts.b)}, {count: b, value: 1}",
      "b a" },
    { "{alert: a, expr: has(state.monitor.counts)}, {count: b, value: 1}",
      "a b" },
    { "{alert: a, expr: state.monitor.late.x > 3}, {count: b, value: 1}",
      "a b" },
    { "{alert: a, foreach: 'g, r, h in state.monitor.rules.*.*', expr: "
      "h.health != 'ok'}, {count: b, value: 1}",
      "a b" },
};

START_TEST(what_is_read_is_evaluated_first_else_as_written)
{
    assert_order(orders[_i].yaml, orders[_i].wanted);
    ck_assert_uint_eq(rules.diags.warnings, 0);
}
END_TEST

static const struct {
    const char *yaml, *wanted;
} faults[] = {
    { "{alert: a, expr: state.monitor.alerts.a.firing > 0}",
      "1:66 rules depend on one another in a circle: alert a -> alert a" },
    { "{alert: a, expr: state.monitor.counts.b.value > 0},"
      "{count: b, value: state.monitor.alerts.a.firing}",
      "1:66 rules depend on one another in a circle: alert a -> count b -> "
      "alert a" },
    { "{count: z, value: 1},"
      "{alert: a, foreach: n in state.monitor.alerts, expr: 'true'}",
      "1:88 rules depend on one another in a circle: alert a -> all alerts -> "
      "alert a" },
    { "{alert: a, expr: size(state.monitor) > 0}",
      "1:45 rules depend on one another in a circle: alert a -> all rules -> "
      "all alerts -> alert a" },
    { "{alert: a, expr: state.monitor.counts.b1.value > 0},"
      "{count: b2, value: 1}",
      "1:66 there is no count called \"b1\"" },
    { "{alert: a, expr: has(state.monitor.cuonts)}",
      "1:63 bladewatch writes no \"cuonts\" below state.monitor" },
};

START_TEST(circles_and_unknown_rules_are_told)
{
    rules = rules_in_group(faults[_i].yaml);
    rules_assert_one(&rules, faults[_i].wanted);
}
END_TEST

START_TEST(a_rule_of_another_file_may_be_read)
{
    const struct rule_file files[] = {
        { slice_str("a"), slice_str("groups: [{name: g, rules: [{alert: a, "
                                    "expr: state.monitor.counts.c.value > "
                                    "3}]}]") },
        { slice_str("b"),
          slice_str("groups: [{name: g, rules: [{count: c, value: 1}]}]") },
    };

    rules = rules_of_files(files, 2);
    assert_slice(rules_at(&rules, 0)->name, "c");
    assert_slice(rules_at(&rules, 1)->name, "a");
    ck_assert_uint_eq(rules.diags.n, 0);
}
END_TEST

START_TEST(what_a_broken_file_holds_is_not_missed)
{
    const struct rule_file files[] = {
        { slice_str("a"), slice_str("groups: [{name: g, rules: [{alert: a, "
                                    "expr: state.monitor.counts.c.value > "
                                    "3}]}]") },
        { slice_str("b"), slice_str("groups: [") },
    };

    rules = rules_of_files(files, 2);
    ck_assert_uint_eq(rules.diags.n, 1);
    ck_assert_str_eq(rules.diags.item[0].file, "b");
}
END_TEST

START_TEST(a_long_circle_is_shown_in_part)
{
    struct buf yaml;
    size_t i, n = 2000;

    buf_init(&yaml, BUF_NO_CAP);
    for (i = 0; i < n; i++)
        buf_printf(&yaml,
                   "%s{count: c%zu, value: state.monitor.counts.c%zu.value}",
                   i ? "," : "", i, (i + 1) % n);
    rules = rules_in_group(buf_cstr(&yaml));
    buf_release(&yaml);
    rules_assert_one(&rules,
                     "1:68 rules depend on one another in a circle: count c0 "
                     "-> count c1 -> count c2 -> count c3 -> count c4 -> count "
                     "c5 -> count c6 -> count c7 -> (1992 more) -> count c0");
}
END_TEST

static const TTest **const tests[] = {
    &a_rule_of_another_file_may_be_read,
    &what_a_broken_file_holds_is_not_missed,
    &a_long_circle_is_shown_in_part,
};

static const struct suite_table tables[] = {
    { &what_is_read_is_evaluated_first_else_as_written, COUNT(orders) },
    { &circles_and_unknown_rules_are_told, COUNT(faults) },
};

int main(void)
{
    return RUN_SUITE_WITH("rule order", NULL, teardown, tests, tables);
}
