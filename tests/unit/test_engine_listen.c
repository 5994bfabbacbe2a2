#include "engine/engine.h"

#include "support/rulebench.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULE(body) "groups:\n  - name: g\n    rules:\n" body

static const char over[] =
    RULE("      - alert: Over\n"
         "        foreach: h in state.hosts\n"
         "        expr: state.load[h] > state.most[h]\n");
static const char allowed[] = RULE("      - alert: Stranger\n"
                                   "        foreach: h in state.hosts\n"
                                   "        expr: '!(h in state.allowed)'\n");
static const char swapped[] =
    RULE("      - alert: Pair\n"
         "        foreach: a, b, v in state.from.*.*\n"
         "        expr: state.to[b][a] == v\n");
static const char half[] = RULE("      - alert: Half\n"
                                "        foreach: a, b, v in state.from.*.*\n"
                                "        expr: state.to[b] == v\n");
/* Its elements are derived, what it reads is logged; and the other way round.
 */
static const char derived[] =
    RULE("      - alert: Down\n"
         "        foreach: h, host in state.hosts\n"
         "        expr: host.down == true\n"
         "      - alert: Mine\n"
         "        foreach: h in state.monitor.alerts.Down.instances\n"
         "        expr: state.owner[h] == 'me'\n");
static const char logged[] = RULE(
    "      - alert: Down\n"
    "        foreach: h, host in state.hosts\n"
    "        expr: host.down == true\n"
    "      - alert: Left\n"
    "        foreach: h in state.owner\n"
    "        expr: >-\n"
    "          state.monitor.alerts.Down.instances[h].state == 'firing'\n");

#define HOSTS "{\"hosts\":{\"a\":1,\"b\":1,\"c\":1}}\n"

static const struct rulecase cases[] = {
    { "a path that the key names", over,
      "1000 " HOSTS "2000 {\"load\":{\"b\":5},\"most\":{\"b\":4,\"a\":1}}\n"
      "3000 {\"load\":{\"a\":2,\"b\":3}}\n4000 {\"load\":null}\n5000",
      "2.010 alert Over b inactive -> firing\n"
      "3.010 alert Over a inactive -> firing\n"
      "3.010 alert Over b firing -> resolved\n"
      "4.010 alert Over a firing -> resolved\n" },
    { "a key that is looked for", allowed,
      "1000 {\"allowed\":{\"a\":1},\"hosts\":{\"a\":1,\"b\":1}}\n"
      "2000 {\"allowed\":{\"b\":null,\"a\":null}}\n"
      "3000 {\"allowed\":{\"b\":1}}\n4000",
      "1.010 alert Stranger b inactive -> firing\n"
      "2.010 alert Stranger a inactive -> firing\n"
      "3.010 alert Stranger b firing -> resolved\n" },
    { "keys in another order", swapped,
      "1000 {\"from\":{\"x\":{\"y\":1,\"x\":2},\"y\":{\"x\":3}}}\n"
      "2000 {\"to\":{\"y\":{\"x\":1}}}\n3000 {\"to\":{\"x\":{\"y\":3}}}\n"
      "4000 {\"to\":{\"y\":7}}\n5000",
      "2.010 alert Pair x/y inactive -> firing\n"
      "3.010 alert Pair y/x inactive -> firing\n"
      "4.010 alert Pair x/y firing -> resolved\n" },
    { "a path that some of the keys name is everybody's", half,
      "1000 {\"from\":{\"x\":{\"y\":1,\"z\":1},\"u\":{\"y\":1}}}\n"
      "2000 {\"to\":{\"y\":1}}\n3000",
      "2.010 alert Half u/y inactive -> firing\n"
      "2.010 alert Half x/y inactive -> firing\n" },
    { "elements derived, what is read logged", derived,
      "1000 {\"hosts\":{\"a\":{\"down\":true},\"b\":{\"down\":true}}}\n"
      "2000 {\"owner\":{\"zz\":1,\"b\":\"me\"}}\n"
      "3000 {\"owner\":{\"b\":\"you\"}}\n4000",
      "1.010 alert Down a inactive -> firing\n"
      "1.010 alert Down b inactive -> firing\n"
      "2.010 alert Mine b inactive -> firing\n"
      "3.010 alert Mine b firing -> resolved\n" },
    { "elements logged, what is read derived", logged,
      "1000 {\"owner\":{\"zz\":1,\"b\":\"me\"}}\n"
      "2000 {\"hosts\":{\"a\":{\"down\":true},\"b\":{\"down\":true}}}\n"
      "3000 {\"hosts\":null}\n4000",
      "2.010 alert Down a inactive -> firing\n"
      "2.010 alert Down b inactive -> firing\n"
      "2.010 alert Left b inactive -> firing\n"
      "3.010 alert Down a firing -> resolved\n"
      "3.010 alert Down b firing -> resolved\n"
      "3.010 alert Left b firing -> resolved\n" },
};

START_TEST(who_waits_hears)
{
    rulecase_check(&cases[_i]);
}
END_TEST

static const struct {
    const char *rules, *prepare, *change;
    uint64_t evaluations;
} concerned[] = {
    { over, "1000 " HOSTS "2000", "3000 {\"load\":{\"b\":1}}\n4000", 1 },
    { over, "1000 " HOSTS "2000", "3000 {\"load\":{\"zz\":1}}\n4000", 0 },
    { allowed, "1000 " HOSTS "2000 {\"allowed\":{\"c\":1}}\n3000",
      "4000 {\"allowed\":{\"b\":1}}\n5000", 1 },
    { derived,
      "1000 {\"owner\":{},\"hosts\":{\"a\":{\"down\":true},\"b\":{\"down\":"
      "true}}}\n2000",
      "3000 {\"owner\":{\"b\":\"me\"}}\n4000", 1 },
};

static uint64_t evaluations(struct rulebench *rb)
{
    return engine_stats(core_engine(rulebench_core(rb))).evaluations;
}

START_TEST(a_change_concerns_the_instance_whose_key_it_is_at)
{
    struct rulebench *rb = rulebench_new(concerned[_i].rules);
    uint64_t before;

    rulebench_play(rb, concerned[_i].prepare);
    before = evaluations(rb);
    rulebench_play(rb, concerned[_i].change);
    ck_assert_uint_eq(evaluations(rb) - before, concerned[_i].evaluations);
    rulebench_free(rb);
}
END_TEST

static const char intent[] =
    RULE("      - intent: i\n"
         "        foreach: id, it in state.intents\n"
         "        parties: it.hosts\n"
         "        answers: it.?resolution.orValue({})\n");

/* Nor that what is counted below them has changed. */
START_TEST(an_intent_waits_for_answers_not_for_what_they_say)
{
    struct rulebench *rb = rulebench_new(intent);
    uint64_t before;

    rulebench_play(rb, "1000 {\"intents\":{\"x\":{\"hosts\":[\"a\",\"b\"],"
                       "\"resolution\":{\"a\":{\"n\":1}}}}}\n2000");
    before = evaluations(rb);
    rulebench_play(rb, "3000 {\"intents\":{\"x\":{\"resolution\":{\"a\":{"
                       "\"n\":2,\"m\":{\"k\":1}}}}}}\n4000");
    ck_assert_uint_eq(evaluations(rb), before);
    rulebench_play(rb, "5000 {\"intents\":{\"x\":{\"resolution\":{\"b\":1}}}}\n"
                       "6000");
    ck_assert_uint_eq(evaluations(rb), before + 1);
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.010 intent i x -> partial | answered: a; missing: b\n"
                     "5.010 intent i x partial -> resolved | answered: a, b\n");
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &an_intent_waits_for_answers_not_for_what_they_say,
};

static const struct suite_table tables[] = {
    { &who_waits_hears, COUNT(cases) },
    { &a_change_concerns_the_instance_whose_key_it_is_at, COUNT(concerned) },
};

int main(void)
{
    return RUN_SUITE("engine listen", tests, tables);
}
