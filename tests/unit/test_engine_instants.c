/*
 * When things are seen, and that it does not show how often is looked.
 */
#include "engine/engine.h"

#include "support/machine.h"
#include "support/rulebench.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULE(body) "groups:\n  - name: g\n    rules:\n" body

static const char young[] =
    RULE("      - alert: Young\n"
         "        expr: age(state.a) < duration('123ms')\n"
         "      - alert: Set\n"
         "        expr: state.b == 1\n");
static const char quiet[] =
    RULE("      - alert: Quiet\n"
         "        expr: changes(state.b.z, '1500ms') == 0\n");
static const char labelled[] =
    RULE("      - alert: On\n"
         "        expr: state.on == true\n"
         "        labels: {m: '{{ string(state.m) }}'}\n"
         "        annotations: {n: '{{ state.n }}'}\n");
static const char ladder[] =
    RULE("      - machine: m\n"
         "        phases:\n"
         "          - phase: p\n"
         "          - {phase: q, when: state.n == 1, final: true}\n"
         "          - {phase: r, when: int(state.m) == 1}\n");

static const struct rulecase cases[] = {
    /* Young has been asked for 1.123, which its touch has put off. */
    { "a deadline does not show others what was just logged", young,
      "1000 {\"a\":1}\n1100 {\"a\":1}\n1121 {\"b\":1}\n2000",
      "1.010 alert Young inactive -> firing\n"
      "1.130 alert Set inactive -> firing\n"
      "1.223 alert Young firing -> resolved\n" },
    { "nor does one that comes true", young,
      "1000 {\"a\":1}\n1121 {\"b\":1}\n2000",
      "1.010 alert Young inactive -> firing\n"
      "1.123 alert Young firing -> resolved\n"
      "1.130 alert Set inactive -> firing\n" },
    { "a lease that runs out shows what was just logged", young,
      "1000 {\"c\":{\"$ttl\":0.123,\"$set\":1}}\n1121 {\"b\":1}\n1500",
      "1.123 alert Set inactive -> firing\n" },
    { "what is not there has not changed", quiet,
      "1000 {\"b\":{\"z\":1}}\n1100 {\"b\":{\"z\":null,\"y\":1}}\n1200 "
      "{\"b\":{\"z\":2}}\n1300 {\"b\":7}\n1400 {\"b\":{\"z\":1}}\n1500",
      "1.110 alert Quiet inactive -> firing\n"
      "1.210 alert Quiet firing -> resolved\n"
      "1.310 alert Quiet inactive -> firing\n"
      "1.410 alert Quiet firing -> resolved\n" },
    { "a label that failed is an error while the alert has it", labelled,
      "1000 {\"on\":true,\"m\":{\"k\":1}}\n1100 {\"n\":1}\n1200 {\"m\":1}\n"
      "1300 {\"on\":false}\n1400",
      "1.010 alert On inactive -> firing\n"
      "1.010 alert On ok -> error | no overload of 'string' for (map), at "
      "'string(state.m)'\n"
      "1.310 alert On firing -> resolved\n"
      "1.310 alert On error -> ok\n" },
    { "in its last phase a machine is well", ladder,
      "1000 {\"m\":{\"k\":1}}\n1100 {\"n\":1}\n1200",
      "1.010 machine m -> p\n"
      "1.020 machine m ok -> error | no overload of 'int' for (map), at "
      "'int(state.m)'\n"
      "1.110 machine m p -> q\n"
      "1.110 machine m error -> ok\n" },
};

START_TEST(instants)
{
    rulecase_check(&cases[_i]);
}
END_TEST

static struct rulebench *rb;

static void start(const char *rules, const char *script)
{
    rb = rulebench_new(rules);
    rulebench_play(rb, script);
}

/* The second reads all around as well. */
static const char *const by_blade[] = {
    RULE("      - alert: Counts\n"
         "        expr: \"'b' in byBlade(state.n.m)\"\n"),
    RULE("      - alert: Counts\n"
         "        expr: \"state.n != {} && 'b' in byBlade(state.n.m)\"\n"),
};

START_TEST(parts_of_a_retired_blade_are_the_bases_at_once)
{
    start(by_blade[_i], "1000 {\"n\":{\"m\":{\"$inc\":1}}}\n1500");
    machine_feed(rulebench_core(rb),
                 slice_str("{\"retire\":\"b\",\"ts\":2003000000}"));
    rulebench_advance(rb, 3000);
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.010 alert Counts inactive -> firing\n"
                     "2.010 alert Counts firing -> resolved\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(adding_nothing_makes_a_part)
{
    start(RULE("      - alert: Two\n"
               "        expr: size(byBlade(state.n)) == 2\n"),
          "1000 {\"n\":{\"$inc\":1}}\n1500");
    machine_feed(rulebench_core(rb),
                 slice_str("{\"blade\":\"c\",\"seq\":1,\"ts\":2003000000,"
                           "\"body\":{\"n\":{\"$inc\":0}}}"));
    rulebench_advance(rb, 3000);
    ck_assert_str_eq(rulebench_timeline(rb),
                     "2.010 alert Two inactive -> firing\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(an_error_is_counted_once_however_often_it_is_met)
{
    start(RULE("      - alert: Sick\n"
               "        expr: state.n > 5 || int(state.m) > 1\n"),
          "1000 {\"n\":1,\"m\":{\"k\":1}}\n2000 {\"n\":2}\n3000 {\"n\":3}\n"
          "4000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules.alerts.Sick.errors"), "1");
    rulebench_play(rb, "5000 {\"m\":[1]}\n6000 {\"m\":2}\n7000 {\"m\":[1]}\n"
                       "8000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules.alerts.Sick.errors"), "3");
    rulebench_free(rb);
}
END_TEST

static const char judged[] = RULE("      - errors: e\n"
                                  "        match: line.level > 3\n");

START_TEST(what_waits_for_the_boundary_outlives_a_load)
{
    start(judged, "1000");
    rulebench_line(rb, 2000, "{\"level\":\"x\"}");
    rulebench_advance(rb, 2001);
    rulebench_reload(rb, judged);
    rulebench_advance(rb, 3000);
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules.errors.e.errors"), "1");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_is_well_before_it_has_anything_to_look_at)
{
    start(RULE("      - alert: A\n"
               "        foreach: k, e in state.a\n"
               "        expr: e > 1\n"
               "      - {errors: e, paths: [state.b]}\n"),
          "1000 {\"z\":1}\n2000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules"),
                     "{\"alerts\":{\"A\":{\"health\":\"ok\"}},"
                     "\"errors\":{\"e\":{\"health\":\"ok\"}}}");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_century_of_silence_is_soon_over)
{
    start(RULE("      - alert: Night\n"
               "        expr: now.getHours() < 6 && has(state.x)\n"),
          "43200000 {\"x\":1}\n3155803200000 {\"x\":2}\n3155803200010");
    ck_assert_uint_lt(engine_stats(core_engine(rulebench_core(rb))).evaluations,
                      2000 * 1000);
    ck_assert_uint_gt(engine_stats(core_engine(rulebench_core(rb))).transitions,
                      36500);
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &adding_nothing_makes_a_part,
    &an_error_is_counted_once_however_often_it_is_met,
    &what_waits_for_the_boundary_outlives_a_load,
    &a_rule_is_well_before_it_has_anything_to_look_at,
    &a_century_of_silence_is_soon_over,
};

static const struct suite_table tables[] = {
    { &instants, COUNT(cases) },
    { &parts_of_a_retired_blade_are_the_bases_at_once, COUNT(by_blade) },
};

int main(void)
{
    return RUN_SUITE("engine instants", tests, tables);
}
