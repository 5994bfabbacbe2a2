#include "support/ruleset.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MINUTE   (60 * NSEC_SEC)

static struct rules rules;

static void teardown(void)
{
    rules_release(&rules);
    rules = (struct rules){ 0 };
}

static const struct rule *only(const char *yaml)
{
    rules = rules_in_group(yaml);
    ck_assert_uint_eq(rules.diags.n, 0);
    ck_assert_uint_eq(rules_at(&rules, 0) ? rules.set->n : 0, 1);
    return rules_at(&rules, 0);
}

static void assert_text(const struct cel_program *program, const char *text)
{
    ck_assert_ptr_nonnull(program);
    assert_slice(cel_program_text(program), text);
}

/* -- defaults, and everything said ---------------------------------------- */

START_TEST(an_alert_needs_an_expression_alone)
{
    const struct rule *rule = only("{alert: a, expr: state.x == 1}");

    ck_assert_int_eq(rule->kind, RULE_ALERT);
    assert_slice(rule->name, "a");
    assert_slice(rule->group, "g");
    assert_slice(rule->file, "r.yaml");
    ck_assert_uint_eq(rule->line, 1);
    ck_assert_uint_eq(rule->foreach.nstars, 0);
    assert_text(rule->alert.expr, "state.x == 1");
    ck_assert_int_eq(rule->alert.hold_for, 0);
    ck_assert_int_eq(rule->alert.keep_firing_for, 0);
    ck_assert_int_eq(rule->alert.no_data, NO_DATA_OK);
    ck_assert_uint_eq(rule->alert.nlabels + rule->alert.nannotations, 0);
}
END_TEST

START_TEST(an_alert_says_everything)
{
    const struct rule_alert *a =
        &only("{alert: a, expr: 'x.y', foreach: 'k, x in state.z', for: 1m, "
              "keep_firing_for: 1h30m, no_data: keep, labels: {l: 1}, "
              "annotations: {s: '{{ k }}', t: ''}}")
             ->alert;

    ck_assert_int_eq(a->hold_for, MINUTE);
    ck_assert_int_eq(a->keep_firing_for, 90 * MINUTE);
    ck_assert_int_eq(a->no_data, NO_DATA_KEEP);
    ck_assert_uint_eq(a->nlabels, 1);
    assert_slice(a->label[0].name, "l");
    assert_slice(a->label[0].value.piece[0].text, "1");
    ck_assert_uint_eq(a->nannotations, 2);
    ck_assert_uint_eq(a->annotation[1].value.n, 0);
}
END_TEST

START_TEST(an_intent_has_no_deadline_unless_it_says_so)
{
    const struct rule_intent *i =
        &only("{intent: i, foreach: 'k, x in state.z', parties: x.p, answers: "
              "x.a}")
             ->intent;

    ck_assert_ptr_null(i->when);
    ck_assert_ptr_null(i->deadline);
    assert_text(i->parties, "x.p");
    assert_text(i->answers, "x.a");
}
END_TEST

static const struct {
    const char *yaml, *text;
} deadlines[] = {
    { "30s", "duration('30000000000ns')" },
    { "30", "duration('30000000000ns')" },
    { "1h30m", "duration('5400000000000ns')" },
    { "x.within", "x.within" },
    { "duration(x.within)", "duration(x.within)" },
};

START_TEST(a_deadline_is_a_span_or_an_expression)
{
    struct buf yaml;

    buf_init(&yaml, BUF_NO_CAP);
    buf_printf(&yaml,
               "{intent: i, foreach: 'k, x in state.z', parties: x.p, answers: "
               "x.a, when: x.b, deadline: %s}",
               deadlines[_i].yaml);
    assert_text(only(buf_cstr(&yaml))->intent.deadline, deadlines[_i].text);
    buf_release(&yaml);
}
END_TEST

START_TEST(a_phase_follows_the_start_and_all_earlier_ones)
{
    const struct rule_machine *m =
        &only("{machine: m, foreach: 'k, x in state.z', phases: [{phase: a}, "
              "{phase: b, when: x.b, final: true}, {phase: c, when: x.c}, "
              "{phase: d, when: x.d, from: [start, c]}, {phase: e, when: x.e, "
              "from: d}]}")
             ->machine;

    ck_assert_uint_eq(m->n, 5);
    ck_assert_ptr_null(m->phase[0].when);
    ck_assert(m->phase[0].from_start && m->phase[0].from == 0);
    ck_assert(m->phase[1].from_start && m->phase[1].from == 1);
    ck_assert(m->phase[1].final && !m->phase[0].final);
    /* nothing follows what is final */
    ck_assert(m->phase[2].from_start && m->phase[2].from == 1);
    ck_assert(m->phase[3].from_start && m->phase[3].from == 4);
    ck_assert(!m->phase[4].from_start && m->phase[4].from == 8);
    assert_slice(m->phase[4].name, "e");
}
END_TEST

START_TEST(a_count_is_a_total_of_elements)
{
    const struct rule_count *c =
        &only("{count: c, foreach: 'k in state.z'}")->count;

    ck_assert_ptr_null(c->value);
    ck_assert_ptr_null(c->when);
    ck_assert(!c->gauge);
    ck_assert_uint_eq(c->nby, 0);
}
END_TEST

START_TEST(a_count_has_labels_by_name_or_by_expression)
{
    const struct rule_count *c =
        &only("{count: c, foreach: 'k, x in state.z', type: gauge, value: x.n, "
              "when: x.w, by: [k]}")
             ->count;

    ck_assert(c->gauge);
    ck_assert_uint_eq(c->nby, 1);
    assert_slice(c->by[0].name, "k");
    assert_text(c->by[0].value.piece[0].program, "k");
    teardown();
    c = &only("{count: c, foreach: 'k, x in state.z', by: {l: x.h + k}}")
             ->count;
    assert_slice(c->by[0].name, "l");
    assert_text(c->by[0].value.piece[0].program, "x.h + k");
}
END_TEST

START_TEST(errors_are_lines_of_level_error_unless_told_otherwise)
{
    const struct rule *rule = only("{errors: e}");

    ck_assert_uint_eq(rule->errors.npaths, 0);
    ck_assert(rule->errors.level_only);
    assert_text(rule->errors.match, "line.level == \"error\"");
    ck_assert_ptr_null(rule->errors.message);
    ck_assert_uint_eq(rule->env.nvariables, 4);
    assert_slice(rule->env.variable[RULE_SLOT_LINE].name, "line");
    assert_slice(rule->env.variable[RULE_SLOT_BLADE].name, "blade");
}
END_TEST

START_TEST(with_paths_alone_no_lines_are_looked_at)
{
    const struct rule_errors *e =
        &only("{errors: e, paths: [state.a.*.errors, 'state[\"b\"]']}")->errors;

    ck_assert_uint_eq(e->npaths, 2);
    ck_assert_uint_eq(e->path[0].n, 3);
    ck_assert_uint_eq(e->path[0].nstars, 1);
    ck_assert_ptr_null(e->path[0].key[1].p);
    ck_assert_uint_eq(e->path[1].n, 1);
    ck_assert_ptr_null(e->match);
    ck_assert(!e->level_only);
}
END_TEST

static const struct {
    const char *match;
    bool level_only;
} matches[] = {
    { "line.level == \\\"error\\\"", true },
    { "  line . level=='x y'  ", true },
    { "line.level == ''", false },
    { "line.level == 'a\\\\n'", false },
    { "line.level == r'a'", false },
    { "line.level == 'a' || blade == 'b'", false },
    { "line.level != 'a'", false },
    { "'a' == line.level", false },
    { "line.levels == 'a'", false },
};

START_TEST(a_match_of_the_level_alone_is_known_as_such)
{
    struct buf yaml;

    buf_init(&yaml, BUF_NO_CAP);
    buf_printf(&yaml, "{errors: e, match: \"%s\", message: line.text}",
               matches[_i].match);
    ck_assert(only(buf_cstr(&yaml))->errors.level_only ==
              matches[_i].level_only);
    assert_text(rules_at(&rules, 0)->errors.message, "line.text");
    buf_release(&yaml);
}
END_TEST

START_TEST(a_revival_has_the_documented_policy)
{
    const struct rule *rule =
        only("{revive: r, containers: name == 'x', when: c.state == 'exited'}");
    const struct rule_revive *r = &rule->revive;

    ck_assert_int_eq(r->on_stop, STOP_SECOND_HOLDS);
    ck_assert_uint_eq(r->attempts, 5);
    ck_assert_int_eq(r->window, 30 * MINUTE);
    ck_assert_int_eq(r->backoff, 2 * NSEC_SEC);
    ck_assert_int_eq(r->max_backoff, 5 * MINUTE);
    ck_assert_int_eq(r->verify_after, 2 * NSEC_SEC);
    ck_assert_int_eq(r->verify_timeout, 30 * NSEC_SEC);
    ck_assert_int_eq(r->reset_after, 10 * MINUTE);
    ck_assert(!r->dry_run && !r->recreate && !r->repair_network);
    ck_assert_int_eq(r->on_exit, EXIT_ALWAYS);
    ck_assert(!r->restart_unhealthy);
    ck_assert_uint_eq(r->breaker.down, 5);
    ck_assert_uint_eq(r->breaker.percent, 30);
    ck_assert_uint_eq(r->breaker.failures, 3);
    ck_assert_int_eq(r->breaker.within, 30 * NSEC_SEC);
    ck_assert_int_eq(r->breaker.open_for, 2 * MINUTE);
    ck_assert_uint_eq(rule->foreach.n, 3);
    assert_slice(rule->foreach.key[1], "containers");
    ck_assert_uint_eq(rule->foreach.nstars, 1);
    assert_slice(rule->env.variable[RULE_SLOT_STAR].name, "name");
    assert_slice(rule->env.variable[RULE_SLOT_STAR + 1].name, "c");
}
END_TEST

START_TEST(a_policy_can_be_chosen)
{
    const struct rule_revive *r =
        &only("{revive: r, containers: 'true', when: c.oomKilled, policy: "
              "{on_stop: "
              "respect, attempts: 7, window: 1, backoff: 3s, max_backoff: 3s, "
              "verify_after: 0s, verify_timeout: 1s, reset_after: 1d, dry_run: "
              "true, recreate: true, repair_network: true, on_exit: "
              "on-failure, on_unhealthy: restart, breaker: {down: 2, percent: "
              "100, failures: 9, within: 1m, open: 1h}}}")
             ->revive;

    ck_assert_int_eq(r->on_stop, STOP_RESPECT);
    ck_assert_uint_eq(r->attempts, 7);
    ck_assert_int_eq(r->window, NSEC_SEC);
    ck_assert_int_eq(r->max_backoff, 3 * NSEC_SEC);
    ck_assert_int_eq(r->reset_after, 1440 * MINUTE);
    ck_assert(r->dry_run && r->recreate && r->repair_network);
    ck_assert_int_eq(r->on_exit, EXIT_ON_FAILURE);
    ck_assert(r->restart_unhealthy);
    ck_assert_uint_eq(r->breaker.down, 2);
    ck_assert_uint_eq(r->breaker.percent, 100);
    ck_assert_uint_eq(r->breaker.failures, 9);
    ck_assert_int_eq(r->breaker.within, MINUTE);
    ck_assert_int_eq(r->breaker.open_for, 60 * MINUTE);
}
END_TEST

/* YAML 1.1 took off for false. */
static const char *const offs[] = { "off", "false" };

START_TEST(a_breaker_can_be_off)
{
    struct buf yaml;

    buf_init(&yaml, BUF_NO_CAP);
    buf_printf(&yaml,
               "{revive: r, containers: 'true', when: c.oomKilled, policy: "
               "{breaker: %s}}",
               offs[_i]);
    ck_assert_uint_eq(only(buf_cstr(&yaml))->revive.breaker.down, 0);
    buf_release(&yaml);
}
END_TEST

/* -- programs, texts, names ----------------------------------------------- */

/* The expressions of each kind, in order. */
static const struct {
    const char *yaml, *programs;
} listed[] = {
    { "{alert: a, expr: state.x, labels: {l: '{{ 1 }}b{{ 2 }}'}, annotations: "
      "{a: '{{ 3 }}'}}",
      "state.x, 1 , 2 , 3 " },
    { "{intent: i, foreach: 'k, x in state.z', when: x.w, parties: x.p, "
      "answers: x.a, deadline: x.d}",
      "x.w,x.p,x.a,x.d" },
    { "{machine: m, phases: [{phase: a}, {phase: b, when: state.b}]}",
      "state.b" },
    { "{count: c, foreach: 'k, x in state.z', value: x.v, when: x.w, by: [k]}",
      "x.v,x.w,k" },
    { "{errors: e, match: line.x, message: line.y}", "line.x,line.y" },
    { "{revive: r, containers: c.id, when: c.pid}", "c.id,c.pid" },
};

START_TEST(all_programs_of_a_rule_can_be_listed)
{
    const struct rule *rule = only(listed[_i].yaml);
    const struct cel_program *program;
    struct buf got;
    size_t i;

    buf_init(&got, BUF_NO_CAP);
    for (i = 0; (program = rule_program(rule, i)); i++) {
        buf_str(&got, i ? "," : "");
        buf_slice(&got, cel_program_text(program));
    }
    ck_assert_str_eq(buf_cstr(&got), listed[_i].programs);
    buf_release(&got);
}
END_TEST

START_TEST(a_rules_text_is_what_it_does_and_not_how_it_is_written)
{
    struct rules one = rules_of("groups:\n- name: g\n  rules:\n  # why\n  - "
                                "alert: a\n    for: 5\n    expr: |-\n      "
                                "state.x\n");
    struct rules two = rules_in_group("{\"expr\": 'state.x', alert: a, for: "
                                      "'5'}");
    struct rules three = rules_in_group("{alert: a, expr: state.y, for: 5}");

    assert_slice(rules_at(&one, 0)->text,
                 "{\"rule\":{\"alert\":\"a\",\"expr\":\"state.x\",\"for\":"
                 "\"5\"}}");
    ck_assert(slice_eq(rules_at(&one, 0)->text, rules_at(&two, 0)->text));
    ck_assert(!slice_eq(rules_at(&one, 0)->text, rules_at(&three, 0)->text));
    rules_release(&one);
    rules_release(&two);
    rules_release(&three);
}
END_TEST

START_TEST(variables_of_the_group_are_part_of_what_a_rule_does)
{
    rules = rules_of("groups: [{name: g, variables: [{name: v, expr: state.x}, "
                     "{name: w, expr: v + 1}], rules: [{alert: a, expr: w > "
                     "3}]}]");
    assert_slice(rules_at(&rules, 0)->text,
                 "{\"rule\":{\"alert\":\"a\",\"expr\":\"w > 3\"},\"variables\":"
                 "[{\"expr\":\"state.x\",\"name\":\"v\"},{\"expr\":\"v + "
                 "1\",\"name\":\"w\"}]}");
    ck_assert_uint_eq(rules_at(&rules, 0)->env.naliases, 2);
}
END_TEST

START_TEST(kinds_have_a_name_and_a_place)
{
    static const char *const names[] = { "alert",   "alerts",  "intent",
                                         "intents", "machine", "machines",
                                         "count",   "counts",  "errors",
                                         "errors",  "revive",  "revivals" };
    const struct rule rule = { .kind = RULE_COUNT, .name = { "x", 1 } };
    struct buf text;
    unsigned i;

    for (i = 0; i < RULE_KINDS; i++) {
        ck_assert_str_eq(rule_kind_name((enum rule_kind)i), names[2 * i]);
        ck_assert_str_eq(rule_kind_section((enum rule_kind)i),
                         names[2 * i + 1]);
    }
    buf_init(&text, 100);
    rule_describe(&rule, &text);
    ck_assert_str_eq(buf_cstr(&text), "count x");
    buf_release(&text);
}
END_TEST

START_TEST(names_are_distinct_where_they_mean_a_place)
{
    rules = rules_of("groups:\n"
                     "- {name: a, rules: [{alert: x, expr: state.b}]}\n"
                     "- {name: b, rules: [{count: x, value: 1}]}\n");
    ck_assert_uint_eq(rules.diags.n, 0);
    teardown();
    rules = rules_of("groups:\n"
                     "- {name: a, rules: [{alert: x, expr: state.b}]}\n"
                     "- {name: b, rules: [{alert: x, expr: state.b}]}\n");
    rules_assert_one(&rules,
                     "3:29 there is an alert \"x\" already, at r.yaml:2");
    teardown();
    rules = rules_of("groups:\n"
                     "- {name: a, rules: [{count: x, value: 1}]}\n"
                     "- {name: b, rules: [{count: x, value: 1}]}\n");
    rules_assert_one(&rules,
                     "3:29 there is a count \"x\" already, at r.yaml:2");
}
END_TEST

START_TEST(a_label_that_hides_a_key_is_warned_about)
{
    rules = rules_of("groups:\n- {name: g, rules: [{alert: a, foreach: 'id, v "
                     "in state.x',\n  expr: v > 3, labels: {id: all}}]}\n");
    rules_assert_one(&rules, "3:25 this label hides the key of the same name");
    ck_assert_uint_eq(rules.diags.warnings, 1);
    ck_assert_uint_eq(rules.diags.errors, 0);
}
END_TEST

START_TEST(a_broken_variable_is_one_fault)
{
    rules = rules_of("groups: [{name: g, variables: [{name: v, expr: nix}], "
                     "rules: [{alert: a, expr: v > 3}, {alert: b, expr: v + "
                     "1 < 3}]}]");
    rules_assert_one(&rules, "1:48 undeclared name 'nix'");
}
END_TEST

START_TEST(no_rules_are_a_set_too)
{
    rules = rules_of("groups: []");
    ck_assert_uint_eq(rules.set->n, 0);
    ck_assert_uint_eq(rules.diags.n, 0);
}
END_TEST

START_TEST(an_empty_file_is_a_fault)
{
    static const char *const texts[] = { "", "\n", "# later\n" };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        rules = rules_of(texts[i]);
        ck_assert_uint_eq(rules.diags.errors, 1);
        rules_assert_one(&rules, "0:0 there are no rules in this file");
        teardown();
    }
}
END_TEST

/* -- limits --------------------------------------------------------------- */

static const char *last_error(void)
{
    return rules.diags.n ? rules.diags.item[rules.diags.n - 1].text : "";
}

START_TEST(a_set_has_at_most_10000_rules)
{
    struct buf yaml;
    size_t i;

    buf_init(&yaml, BUF_NO_CAP);
    for (i = 0; i < RULES_MAX + 1; i++)
        buf_printf(&yaml, "{count: c%zu, value: 1},", i);
    rules = rules_in_group(buf_cstr(&yaml));
    ck_assert_uint_eq(rules.diags.errors, 1);
    ck_assert_str_eq(last_error(), "more than 10000 rules");
    buf_release(&yaml);
}
END_TEST

START_TEST(aliases_make_no_set_larger_than_it_may_be)
{
    struct buf yaml;
    size_t i;

    buf_init(&yaml, BUF_NO_CAP);
    buf_str(&yaml, "{count: c, value: 1, by: {l: &e '");
    for (i = 0; i < 30000; i++)
        buf_str(&yaml, "1+");
    buf_str(&yaml, "1'}}");
    for (i = 0; i < 1000; i++)
        buf_printf(&yaml, ",{count: c%zu, value: *e}", i);
    rules = rules_in_group(buf_cstr(&yaml));
    ck_assert_uint_ge(rules.diags.errors, 1);
    ck_assert_ptr_null(rules.set);
    buf_release(&yaml);
}
END_TEST

static const TTest **const tests[] = {
    &an_alert_needs_an_expression_alone,
    &an_alert_says_everything,
    &an_intent_has_no_deadline_unless_it_says_so,
    &a_phase_follows_the_start_and_all_earlier_ones,
    &a_count_is_a_total_of_elements,
    &a_count_has_labels_by_name_or_by_expression,
    &errors_are_lines_of_level_error_unless_told_otherwise,
    &with_paths_alone_no_lines_are_looked_at,
    &a_revival_has_the_documented_policy,
    &a_policy_can_be_chosen,
    &a_rules_text_is_what_it_does_and_not_how_it_is_written,
    &variables_of_the_group_are_part_of_what_a_rule_does,
    &kinds_have_a_name_and_a_place,
    &names_are_distinct_where_they_mean_a_place,
    &a_label_that_hides_a_key_is_warned_about,
    &a_broken_variable_is_one_fault,
    &no_rules_are_a_set_too,
    &an_empty_file_is_a_fault,
    &a_set_has_at_most_10000_rules,
    &aliases_make_no_set_larger_than_it_may_be,
};

static const struct suite_table tables[] = {
    { &a_deadline_is_a_span_or_an_expression, COUNT(deadlines) },
    { &a_match_of_the_level_alone_is_known_as_such, COUNT(matches) },
    { &all_programs_of_a_rule_can_be_listed, COUNT(listed) },
    { &a_breaker_can_be_off, COUNT(offs) },
};

int main(void)
{
    return RUN_SUITE_WITH("rule load", NULL, teardown, tests, tables);
}
