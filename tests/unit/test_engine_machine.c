#include "support/rulebench.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULE(phases)                                                           \
    "groups:\n"                                                                \
    "  - name: g\n"                                                            \
    "    rules:\n"                                                             \
    "      - machine: update\n"                                                \
    "        foreach: host, h in state.hosts\n"                                \
    "        phases:\n" phases

/* One after the other; any may be skipped. */
static const char ladder[] =
    RULE("          - {phase: fetching, when: h.fetched > 0}\n"
         "          - {phase: unpacking, when: h.unpacked > 0}\n"
         "          - {phase: done, when: h.version == '2', final: true}\n");
static const char waiting[] =
    RULE("          - {phase: waiting}\n"
         "          - {phase: working, when: h.up}\n"
         "          - {phase: done, when: h.done, final: true}\n");
/* Up and down, as often as it likes. */
static const char seesaw[] =
    RULE("          - {phase: up, when: h.up, from: [start, down]}\n"
         "          - {phase: down, when: '!h.up', from: [start, up]}\n");
static const char strict[] =
    RULE("          - {phase: one, when: h.n >= 1, from: start}\n"
         "          - {phase: two, when: h.n >= 2, from: one}\n"
         "          - {phase: three, when: h.n >= 3, from: [two]}\n");
static const char patient[] =
    RULE("          - {phase: seen}\n"
         "          - {phase: silent, when: \"stale(h.beat, "
         "duration('2s'))\"}\n"
         "          - {phase: back, when: '!stale(h.beat, duration(\"2s\"))', "
         "from: silent}\n");
static const char circle[] =
    RULE("          - {phase: a}\n"
         "          - {phase: b, when: 'true', from: a}\n"
         "          - {phase: c, when: 'true', from: b}\n"
         "          - {phase: d, when: 'true', from: c}\n"
         "          - {phase: e, when: 'true', from: "
         "[d, f]}\n"
         "          - {phase: f, when: 'true', from: "
         "e}\n");
static const char alone[] = "groups:\n"
                            "  - name: g\n"
                            "    rules:\n"
                            "      - machine: cluster\n"
                            "        phases:\n"
                            "          - {phase: down}\n"
                            "          - {phase: up, when: state.hosts.a.up}\n";

#define A(body) "{\"hosts\":{\"a\":{" body "}}}\n"

static const struct rulecase cases[] = {
    { "rung by rung", ladder,
      "1000 " A("\"fetched\":1") "2000 " A("\"unpacked\":1") "3000 " A(
          "\"version\":\"2\"") "4000",
      "1.010 machine update a -> fetching\n"
      "2.010 machine update a fetching -> unpacking\n"
      "3.010 machine update a unpacking -> done\n" },
    { "a rung is skipped", ladder,
      "1000 " A("\"fetched\":1") "3000 " A("\"version\":\"2\"") "4000",
      "1.010 machine update a -> fetching\n"
      "3.010 machine update a fetching -> done\n" },
    { "the last that holds is next", ladder,
      "1000 " A("\"fetched\":1,\"unpacked\":1") "4000",
      "1.010 machine update a -> unpacking\n" },
    { "nobody goes back without being told", ladder,
      "1000 " A("\"unpacked\":1") "2000 " A("\"fetched\":1") "4000",
      "1.010 machine update a -> unpacking\n" },
    { "a final phase is not left", ladder,
      "1000 " A("\"version\":\"2\"") "2000 " A("\"version\":\"3\"") "3000 " A(
          "\"fetched\":1,\"version\":\"2\"") "4000",
      "1.010 machine update a -> done\n" },
    { "without data no guard holds", ladder,
      "1000 " A("\"x\":1") "2000 " A("\"fetched\":1") "3000",
      "2.010 machine update a -> fetching\n" },
    { "it begins in the first phase if that has no guard", waiting,
      "1000 " A("\"x\":1") "2000 " A("\"up\":true") "3000",
      "1.010 machine update a -> waiting\n"
      "2.010 machine update a waiting -> working\n" },
    { "one transition at an instant", waiting, "1000 " A("\"up\":true") "3000",
      "1.010 machine update a -> waiting\n"
      "1.020 machine update a waiting -> working\n" },
    { "back and forth", seesaw,
      "1000 " A("\"up\":true") "2000 " A("\"up\":false") "3000 " A(
          "\"up\":true") "4000",
      "1.010 machine update a -> up\n"
      "2.010 machine update a up -> down\n"
      "3.010 machine update a down -> up\n" },
    { "back and forth between two instants", seesaw,
      "1000 " A("\"up\":true") "2001 " A("\"up\":false") "2002 " A(
          "\"up\":true") "4000",
      "1.010 machine update a -> up\n" },
    { "step by step where from says so", strict, "1000 " A("\"n\":3") "4000",
      "1.010 machine update a -> one\n"
      "1.020 machine update a one -> two\n"
      "1.030 machine update a two -> three\n" },
    { "the step has to be the one that from says", strict,
      "1000 " A("\"n\":1") "2000 " A("\"n\":0") "3000 " A("\"n\":2") "4000",
      "1.010 machine update a -> one\n"
      "3.010 machine update a one -> two\n" },
    { "time alone leads on", patient,
      "1000 " A("\"beat\":1") "3000 " A("\"beat\":2") "6000 " A(
          "\"beat\":3") "7000",
      "1.010 machine update a -> seen\n"
      "5.000 machine update a seen -> silent\n"
      "6.010 machine update a silent -> back\n" },
    { "the element goes", waiting,
      "1000 " A("\"up\":true") "2000 {\"hosts\":{\"a\":null}}\n3000",
      "1.010 machine update a -> waiting\n"
      "1.020 machine update a waiting -> working\n"
      "2.010 machine update a working -> gone\n" },
    { "one in its final phase goes without a word", waiting,
      "1000 " A("\"done\":true") "2000 {\"hosts\":{\"a\":null}}\n3000",
      "1.010 machine update a -> waiting\n"
      "1.020 machine update a waiting -> done\n" },
    { "one that comes back begins anew", waiting,
      "1000 " A("\"done\":true") "2000 {\"hosts\":{\"a\":null}}\n"
                                 "3000 " A("\"x\":1") "4000",
      "1.010 machine update a -> waiting\n"
      "1.020 machine update a waiting -> done\n"
      "3.010 machine update a -> waiting\n" },
    { "instances by key", waiting,
      "1000 {\"hosts\":{\"b\":{},\"a\":{\"done\":true}}}\n2000",
      "1.010 machine update a -> waiting\n"
      "1.010 machine update b -> waiting\n"
      "1.020 machine update a waiting -> done\n" },
    { "a machine of the whole state", alone, "1000 " A("\"up\":true") "2000",
      "1.010 machine cluster -> down\n"
      "1.020 machine cluster down -> up\n" },
    { "a guard that ends in an error does not hold", ladder,
      "1000 " A("\"fetched\":1") "2000 " A("\"unpacked\":\"x\"") "3000 " A(
          "\"unpacked\":1") "4000",
      "1.010 machine update a -> fetching\n"
      "2.010 machine update ok -> error | a: no overload of '>' for (string, "
      "int)\n"
      "3.010 machine update a fetching -> unpacking\n"
      "3.010 machine update error -> ok\n" },
};

START_TEST(an_instance_climbs_its_ladder)
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

START_TEST(other_rules_see_phase_and_times)
{
    start(seesaw, "1000 " A("\"up\":true") "2000 " A("\"up\":false") "2500 " A(
                      "\"up\":true") "4000 " A("\"up\":false") "5000");
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.machines.update.a"),
        "{\"entered\":{\"down\":\"1970-01-01T00:00:02.010000000Z\","
        "\"up\":\"1970-01-01T00:00:01.010000000Z\"},\"final\":false,"
        "\"phase\":\"down\",\"since\":\"1970-01-01T00:00:04.010000000Z\","
        "\"times\":{\"down\":0.5,\"up\":2.5},\"transitions\":4}");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_time_in_a_final_phase_is_not_counted)
{
    start(waiting, "1000 " A("\"up\":true") "3000 " A("\"done\":true") "9000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.machines.update.a.times"),
                     "{\"waiting\":0.01,\"working\":1.99}");
    ck_assert_str_eq(rulebench_at(rb, "monitor.machines.update.a.final"),
                     "true");
    rulebench_free(rb);
}
END_TEST

START_TEST(nothing_is_derived_of_an_instance_that_has_gone)
{
    start(waiting, "1000 " A("\"x\":1") "2000 {\"hosts\":{\"a\":null}}\n3000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.machines.update"), "{}");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_has_counts_and_times_of_each_phase)
{
    start(waiting, "1000 {\"hosts\":{\"a\":{\"done\":true},\"b\":{\"up\":true},"
                   "\"c\":{}}}\n"
                   "3020 {\"hosts\":{\"c\":null}}\n4000");
    ck_assert_str_eq(
        rulebench_rule_report(rb, "update"),
        "{\"ended\":{\"\":0,\"done\":0,\"waiting\":1,\"working\":0},"
        "\"group\":\"g\",\"instances\":["
        "{\"key\":{\"host\":\"b\"},\"phase\":\"working\","
        "\"since\":\"1970-01-01T00:00:01.020000000Z\","
        "\"times\":{\"waiting\":0.01}},"
        "{\"key\":{\"host\":\"a\"},\"phase\":\"done\","
        "\"since\":\"1970-01-01T00:00:01.020000000Z\","
        "\"times\":{\"waiting\":0.01}}],\"left_out\":0,"
        "\"phases\":{\"\":0,\"done\":1,\"waiting\":0,\"working\":1},"
        "\"rule\":\"update\","
        "\"times\":{\"waiting\":{\"max\":2.02,\"mean\":0.68,\"n\":3}}}");
    ck_assert_str_eq(
        rulebench_rule_text(rb, "update"),
        "  update: 1 working, 1 done; ended: 1 waiting\n"
        "    working       since 1970-01-01T00:00:01.020000000Z  b  before: "
        "waiting 0.01 s\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_reload_keeps_the_phase)
{
    start(waiting, "1000 " A("\"up\":true") "2000");
    rulebench_reload(rb, waiting);
    rulebench_play(rb, "3000 " A("\"done\":true") "4000");
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.010 machine update a -> waiting\n"
                     "1.020 machine update a waiting -> working\n"
                     "3.010 machine update a working -> done\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_machine_that_is_dropped_withdraws_its_instances)
{
    start(waiting, "1000 " A("\"up\":true") "2000");
    rulebench_reload(rb, "groups: []\n");
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.010 machine update a -> waiting\n"
                     "1.020 machine update a waiting -> working\n"
                     "2.000 machine update a working -> withdrawn\n");
    ck_assert_str_eq(rulebench_at(rb, "monitor.machines.update"), "");
    rulebench_free(rb);
}
END_TEST

/* Else a night without a line would be millions of transitions. */
START_TEST(an_instance_that_goes_round_in_circles_slows_down)
{
    struct rulebench *slow = rulebench_new(circle);

    rulebench_exhaustive(slow);
    rulebench_play(slow, "1000 " A("\"x\":1") "9500");
    start(circle, "1000 " A("\"x\":1") "1500");
    ck_assert_uint_eq(engine_stats(core_engine(rulebench_core(rb))).transitions,
                      33);
    rulebench_play(rb, "9500");
    ck_assert_uint_eq(engine_stats(core_engine(rulebench_core(rb))).transitions,
                      33 + 8);
    ck_assert_str_eq(rulebench_timeline(rb), rulebench_timeline(slow));
    rulebench_free(slow);
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &other_rules_see_phase_and_times,
    &the_time_in_a_final_phase_is_not_counted,
    &nothing_is_derived_of_an_instance_that_has_gone,
    &the_report_has_counts_and_times_of_each_phase,
    &a_reload_keeps_the_phase,
    &a_machine_that_is_dropped_withdraws_its_instances,
    &an_instance_that_goes_round_in_circles_slows_down,
};

static const struct suite_table tables[] = {
    { &an_instance_climbs_its_ladder, COUNT(cases) },
};

int main(void)
{
    return RUN_SUITE("engine machine", tests, tables);
}
