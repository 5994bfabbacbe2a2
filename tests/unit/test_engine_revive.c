#include "engine/order.h"

#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char nodes[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: c.labels['role'] == 'node'\n"
    "        when: c.state == 'exited' || c.fails >= 3 || c.probe.down\n"
    "        policy: {attempts: 3, backoff: 1500ms, breaker: off}\n";

#define CONTAINER(name, body)                                                  \
    "{\"docker\":{\"containers\":{\"" name "\":{" body "}}}}\n"
#define N1(body) CONTAINER("n1", body)
#define GONE     "{\"docker\":{\"containers\":{\"n1\":null}}}\n"
#define ROLE     "\"id\":\"ab\",\"labels\":{\"role\":\"node\"}"
/* Seconds of 1970-01-01T00:00. */
#define AT(s)   "\"1970-01-01T00:00:" s "Z\""
#define RUNS(s) "\"state\":\"running\",\"pid\":7,\"startedAt\":" AT(s)
#define DIED(s)                                                                \
    "\"state\":\"exited\",\"exitCode\":3,\"pid\":0,\"finishedAt\":" AT(        \
        s) ",\"events\":{\"die\":{\"at\":" AT(s) "}}"
#define ACT(result)                                                            \
    "{\"docker\":{\"acts\":{\"n1\":{\"$set\":{\"order\":"                      \
    "\"healing/nodes/n1/start/1970-01-01T00:00:04.010000000Z/1\","             \
    "\"result\":\"" result "\",\"message\":\"so it is\"}}}}}\n"

#define UP   "1000 " N1(ROLE "," RUNS("01"))
#define FALL UP "2000 " N1(DIED("02"))

#define DOWN "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
#define ORDER                                                                  \
    DOWN "4.010 revive nodes n1 suspect -> acting | exited with code 3, "      \
         "attempt 1 "                                                          \
         "of 3\n"
#define STARTED                                                                \
    ORDER                                                                      \
    "5.010 revive nodes n1 acting -> verifying | started: so it is, attempt "  \
    "1 of 3\n"

static const struct rulecase cases[] = {
    { "it falls over", nodes, FALL "3000", DOWN },
    { "it is ordered to start when all has settled", nodes, FALL "5000",
      ORDER },
    { "it is seen fallen over at first", nodes,
      "2000 " N1(ROLE "," DIED("02")) "3000", DOWN },
    { "somebody else starts it", nodes, FALL "3000 " N1(RUNS("03")) "9000",
      DOWN "3.010 revive nodes n1 suspect -> ok | runs again\n" },
    { "it is up again before anybody looks", nodes,
      UP "2001 " N1(DIED("02")) "2002 " N1(RUNS("02")) "3000", "" },
    { "it was out of memory", nodes,
      UP "2000 " N1("\"oomKilled\":true," DIED("02")) "3000",
      "2.010 revive nodes n1 ok -> suspect | exited with code 3, out of "
      "memory\n" },
    { "it is started, runs, and that was it", nodes,
      FALL "5000 " ACT("started") "5000 " N1(RUNS("04.5")) "20000",
      STARTED
      "7.010 revive nodes n1 verifying -> ok | runs, attempt 1 of 3\n" },
    { "the result of another order says nothing", nodes,
      FALL "5000 {\"docker\":{\"acts\":{\"n1\":{\"order\":\"healing/nodes/n1/"
           "start/1970-01-01T00:00:04.010000000Z/2\",\"result\":\"started\"}}}}"
           "\n20000",
      ORDER },
    { "its port is taken", nodes, FALL "5000 " ACT("port") "9000",
      ORDER "5.010 revive nodes n1 acting -> blocked | its port is taken: so "
            "it is, attempt 1 of 3\n" },
    { "a word that no result has is a refusal", nodes,
      FALL "5000 " ACT("perhaps") "5500",
      ORDER "5.010 revive nodes n1 acting -> waiting | the engine refuses: so "
            "it is, attempt 1 of 3\n" },
    { "it runs but does not answer", nodes,
      UP "2000 " N1("\"probe\":{\"ok\":false,\"down\":true}") "9000",
      "2.010 revive nodes n1 ok -> frozen | runs, but does not answer\n" },
    { "an operator holds it", nodes,
      FALL "3000 {\"docker\":{\"holds\":{\"n1\":{\"why\":\"repairs\"}}}}\n"
           "9000 {\"docker\":{\"holds\":{\"n1\":null}}}\n9500",
      DOWN "3.010 revive nodes n1 suspect -> held | held by operator: "
           "repairs\n"
           "9.010 revive nodes n1 held -> suspect | exited with code 3\n"
           "9.010 revive nodes n1 suspect -> acting | exited with code 3, "
           "attempt 1 of 3\n" },
    { "an operator holds all for a second", nodes,
      UP "1500 {\"docker\":{\"holds\":{\"*\":{\"$ttl\":1,\"why\":\"a move\"}}}}"
         "\n3000",
      "1.510 revive nodes n1 ok -> held | held by operator: a move\n"
      "2.500 revive nodes n1 held -> ok | runs\n" },
    { "a hold can be a bare true", nodes,
      UP "2000 {\"docker\":{\"holds\":{\"n1\":true}}}\n"
         "3000 {\"docker\":{\"holds\":{\"n1\":false}}}\n4000",
      "2.010 revive nodes n1 ok -> held | held by operator\n"
      "3.010 revive nodes n1 held -> ok | runs\n" },
    { "the engine is down, and it is not asked for anything", nodes,
      FALL "3000 {\"docker\":{\"engine\":{\"state\":\"down\",\"downAt\":" AT(
          "03") "}}}\n9000",
      DOWN },
    { "acting is denied", nodes,
      FALL "3000 {\"docker\":{\"engine\":{\"state\":\"up\",\"act\":"
           "\"denied\"}}}\n9000",
      DOWN "4.010 revive nodes n1 suspect -> waiting | observes only: the "
           "engine denies it to act\n" },
    { "it is removed", nodes, FALL "3000 " GONE "4000",
      DOWN "3.010 revive nodes n1 suspect -> missing | was removed\n" },
    { "a healthy one is removed and comes back", nodes,
      UP "3000 " GONE "4000 " N1(ROLE "," RUNS("04")) "5000",
      "3.010 revive nodes n1 ok -> missing | was removed\n" },
    { "it is no node any more", nodes,
      FALL "3000 " N1("\"labels\":{\"role\":\"db\"}") "4000",
      DOWN "3.010 revive nodes n1 suspect -> ok | is not in the scope of the "
           "rule any more\n" },
    { "others may fall over", nodes,
      "1000 " N1("\"labels\":{\"role\":\"db\"}") "2000 " N1(DIED("02")) "3000",
      "" },
    { "no label at all", nodes, "2000 " N1(DIED("02")) "3000", "" },
    { "what cannot be told stays as it was", nodes,
      FALL "3000 " N1(RUNS("03") ",\"fails\":\"x\"") "3500 " N1(
          "\"fails\":0") "4000",
      DOWN "3.010 revive nodes n1 suspect -> frozen | runs, but does not "
           "answer\n"
           "3.010 revive nodes ok -> error | n1: no overload of '>=' for "
           "(string, int), at 'c.fails >= 3'\n"
           "3.510 revive nodes n1 frozen -> ok | answers again\n"
           "3.510 revive nodes error -> ok\n" },
};

START_TEST(what_a_container_goes_through)
{
    rulecase_check(&cases[_i]);
}
END_TEST

/* -- never touched --------------------------------------------------------- */

static const struct {
    const char *members, *why;
} exempt[] = {
    { "\"labels\":{\"role\":\"monitor\"}",
      "it is a monitor (label role=monitor)" },
    { "\"labels\":{\"role\":\"node\",\"com.docker.swarm.task.id\":\"x\"}",
      "it is a task of a swarm, which replaces it" },
    { "\"labels\":{\"role\":\"node\"},\"autoRemove\":true",
      "it removes itself when it ends (--rm)" },
    { "\"labels\":{\"role\":\"node\",\"bladewatch.revive\":\"never\"}",
      "it has the label bladewatch.revive=never" },
    { "\"labels\":{\"role\":\"node\",\"bladewatch.ignore\":\"true\"}",
      "it has the label bladewatch.revive=never" },
};

static const char all[] = "groups:\n"
                          "  - name: healing\n"
                          "    rules:\n"
                          "      - revive: nodes\n"
                          "        containers: 'true'\n"
                          "        when: c.state == 'exited'\n";

START_TEST(some_are_never_touched)
{
    char script[500], timeline[200];

    snprintf(script, sizeof(script),
             "2000 {\"docker\":{\"containers\":{\"n1\":{%s,\"state\":"
             "\"exited\"}}}}\n9000",
             exempt[_i].members);
    snprintf(timeline, sizeof(timeline),
             "2.010 revive nodes n1 ok -> exempt | %s\n", exempt[_i].why);
    rulecase_check(&(struct rulecase){ exempt[_i].why, all, script, timeline });
}
END_TEST

static const char dry[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: 'true'\n"
    "        when: c.state == 'exited'\n"
    "        policy: {dry_run: true, repair_network: true}\n";

static const char breaking[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - alert: Avalanche\n"
    "        expr: state.monitor.breakers.nodes.open\n"
    "      - revive: nodes\n"
    "        containers: 'true'\n"
    "        when: c.state == 'exited'\n"
    "        policy: {breaker: {down: 2, open: 10s}}\n";

static const char short_memory[] = "groups:\n"
                                   "  - name: healing\n"
                                   "    rules:\n"
                                   "      - revive: nodes\n"
                                   "        containers: 'true'\n"
                                   "        when: c.state == 'exited'\n"
                                   "        policy: {reset_after: 1s}\n";

static const char two[] = "groups:\n"
                          "  - name: healing\n"
                          "    rules:\n"
                          "      - revive: first\n"
                          "        containers: state.first && name == 'n1'\n"
                          "        when: c.state == 'exited'\n"
                          "      - revive: second\n"
                          "        containers: 'true'\n"
                          "        when: c.state == 'exited'\n";

START_TEST(the_first_rule_that_wants_a_container_has_it)
{
    rulecase_check(&(struct rulecase){
        "two rules", two,
        "1000 {\"first\":true}\n"
        "2000 " N1(ROLE "," DIED("02")) "3000 {\"first\":false}\n"
                                        "3500",
        "2.010 revive first n1 ok -> suspect | exited with code 3\n"
        "2.010 revive second n1 ok -> exempt | another rule heals it\n"
        "3.010 revive first n1 suspect -> ok | is not in the scope of the rule "
        "any more\n"
        "3.010 revive second n1 exempt -> suspect | exited with code 3\n" });
}
END_TEST

/* -- Docker's own check -----------------------------------------------------
 */

#define CHECKED_AS(health, streak, retries)                                    \
    "\"health\":\"" health "\",\"failingStreak\":" streak                      \
    ",\"healthRetries\":" retries

static const char checked[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: 'true'\n"
    "        when: c.state == 'exited' || c.health == 'unhealthy'\n"
    "        policy: {verify_after: 0s, verify_timeout: 5s, breaker: off}\n";

static const struct rulecase checks[] = {
    { "it has to pass after a start", checked,
      FALL "5000 " ACT("started") "5000 " N1(RUNS("04.5") "," CHECKED_AS(
          "starting", "0", "0")) "7000 " N1(CHECKED_AS("healthy", "0",
                                                       "0")) "9000",
      "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
      "4.010 revive nodes n1 suspect -> acting | exited with code 3, attempt 1 "
      "of 5\n"
      "5.010 revive nodes n1 acting -> verifying | started: so it is, attempt "
      "1 of 5\n"
      "7.010 revive nodes n1 verifying -> ok | runs and answers, attempt 1 of "
      "5\n" },
    { "it does not pass in time", checked,
      FALL "5000 " ACT("started") "5000 " N1(
          RUNS("04.5") "," CHECKED_AS("starting", "0", "0")) "20000",
      "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
      "4.010 revive nodes n1 suspect -> acting | exited with code 3, attempt 1 "
      "of 5\n"
      "5.010 revive nodes n1 acting -> verifying | started: so it is, attempt "
      "1 of 5\n"
      "10.010 revive nodes n1 verifying -> frozen | runs, but did not answer "
      "within 5 s, attempt 1 of 5\n" },
};

START_TEST(the_check_of_docker_is_a_probe)
{
    rulecase_check(&checks[_i]);
}
END_TEST

/* -- what others see --------------------------------------------------------
 */

static struct rulebench *rb;

static void start(const char *rules, const char *script)
{
    rb = rulebench_new(rules);
    rulebench_play(rb, script);
}

START_TEST(other_rules_see_what_is_decided)
{
    start(nodes, FALL "3000");
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.revivals.nodes"),
        "{\"n1\":{\"attempts\":0,\"byPerson\":false,"
        "\"downSince\":" AT(
            "02.010000000") ",\"due\":true,"
                            "\"failed\":0,\"in_scope\":true,\"next\":" AT(
                                "04.010000000") ",\"reason\":\"exited with "
                                                "code 3\","
                                                "\"revived\":0,\"since\":" AT(
                                                    "02.010000000") ","
                                                                    "\"state\":"
                                                                    "\"suspect"
                                                                    "\"}}");
    ck_assert_str_eq(rulebench_at(rb, "monitor.breakers.nodes"),
                     "{\"down\":1,\"half_open\":false,\"in_scope\":1,"
                     "\"open\":false}");
    rulebench_play(rb, "3000 " GONE "4000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals.nodes"), "{}");
    rulebench_reload(rb, "groups: []\n");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals"), "");
    ck_assert_str_eq(rulebench_at(rb, "monitor.breakers"), "");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_about_the_breaker_comes_after_it)
{
    rulecase_check(&(struct rulecase){
        "breaker", breaking,
        "1000 " N1(RUNS("01")) "1000 " CONTAINER("n2", RUNS("01")) "2000 " N1(
            DIED("02")) "3000 " CONTAINER("n2", DIED("03")) "4500",
        "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
        "3.010 revive nodes n2 ok -> suspect | exited with code 3\n"
        "3.010 alert Avalanche inactive -> firing\n"
        "4.010 revive nodes n1 suspect -> waiting | waits for the breaker: 2 "
        "of 2 are down\n" });
}
END_TEST

/* n1 runs, n2 is down, db is nobody's. */
#define THREE                                                                  \
    "1000 {\"docker\":{\"containers\":{"                                       \
    "\"n1\":{\"labels\":{\"role\":\"node\"},\"state\":\"running\",\"pid\":7}," \
    "\"n2\":{\"labels\":{\"role\":\"node\"},\"state\":\"exited\"},"            \
    "\"db\":{\"labels\":{},\"state\":\"exited\"}}}}\n"

START_TEST(the_report_tells_all)
{
    start(nodes, THREE "2000");
    ck_assert_str_eq(rulebench_rule_report(rb, "nodes"),
                     "{\"breaker\":{\"down\":1,\"half_open\":false,\"open\":"
                     "false},"
                     "\"containers\":[{\"attempts\":0,\"by_person\":false,"
                     "\"container\":\"n2\",\"down_since\":" AT("01.010000000") ",\"due\":true,\"failed\":0,\"next\":" AT(
                         "06.010000000") ",\"reason\":\"exited with code "
                                         "0\",\"revived\":0,"
                                         "\"since\":" AT(
                                             "01.010000000") ",\"state\":"
                                                             "\"suspect\","
                                                             "\"state_"
                                                             "since\":" AT(
                                                                 "01."
                                                                 "010"
                                                                 "000"
                                                                 "00"
                                                                 "0") "},"
                                                                      "{\"attem"
                                                                      "pts\":0,"
                                                                      "\"by_"
                                                                      "person\""
                                                                      ":false,"
                                                                      "\"contai"
                                                                      "ner\":"
                                                                      "\"n1\","
                                                                      "\"due\":"
                                                                      "false,"
                                                                      "\"failed"
                                                                      "\":0,"
                                                                      "\"revive"
                                                                      "d\":0,"
                                                                      "\"since"
                                                                      "\":" AT("01.010000000") ",\"state\":\"ok\",\"state_since\":" AT(
                                                                          "01."
                                                                          "0100"
                                                                          "0000"
                                                                          "0") "}],\"due\":1,\"due_ever\":1,\"failed\":0,"
                                                                               "\"group\":\"healing\",\"in_scope\":2,\"left_out\":0,\"policy\":{"
                                                                               "\"attempts\":3,\"backoff\":1.5,\"breaker\":\"off\","
                                                                               "\"dry_run\":false,\"max_backoff\":300,\"on_exit\":\"always\","
                                                                               "\"on_stop\":\"second-stop-holds\",\"on_unhealthy\":\"alert\","
                                                                               "\"recreate\":false,\"repair_network\":false,\"reset_after\":600,"
                                                                               "\"verify_after\":2,\"verify_timeout\":30,\"window\":1800},"
                                                                               "\"recovered\":0,\"revived\":0,\"rule\":\"nodes\"}");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_tells_people_who_is_down_and_why)
{
    start(nodes, THREE "7000");
    ck_assert_str_eq(
        rulebench_rule_text(rb, "nodes"),
        "  nodes: 1 due of 2 in scope, revived 0, failed 0, recovered 0\n"
        "    acting    since 1970-01-01T00:00:06.010000000Z  n2\n"
        "              exited with code 0\n"
        "              attempts: 1 of 3, looked at again at "
        "1970-01-01T00:01:06.010000000Z\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_tells_of_the_breaker)
{
    start(breaking,
          "1000 " N1(RUNS("01")) "1000 " CONTAINER("n2", RUNS("01")) "2000 " N1(
              DIED("02")) "3000 " CONTAINER("n2", DIED("03")) "4500");
    ck_assert_str_eq(
        rulebench_rule_text(rb, "nodes"),
        "  nodes: 2 due of 2 in scope, revived 0, failed 0, recovered 0\n"
        "    breaker open since 1970-01-01T00:00:03.010000000Z: 2 of 2 are "
        "down\n"
        "    waiting   since 1970-01-01T00:00:04.010000000Z  n1\n"
        "              waits for the breaker: 2 of 2 are down\n"
        "              looked at again at 1970-01-01T00:00:13.010000000Z\n"
        "    suspect   since 1970-01-01T00:00:03.010000000Z  n2\n"
        "              exited with code 3\n"
        "              looked at again at 1970-01-01T00:00:05.010000000Z\n");
    rulebench_free(rb);
}
END_TEST

static void assert_metric(const char *line)
{
    struct buf out;
    struct metrics m = { .out = &out };

    buf_init(&out, BUF_NO_CAP);
    engine_metrics(core_engine(rulebench_core(rb)), &m);
    ck_assert_msg(strstr(buf_cstr(&out), line) != NULL, "no %s in\n%s", line,
                  buf_cstr(&out));
    buf_release(&out);
}

#define LABELS "{group=\"healing\",rule=\"nodes\""

START_TEST(metrics_tell_of_each_container)
{
    start(nodes, FALL "5000 " ACT("started") "5000 " N1(RUNS("04.5")) "20000");
    assert_metric("\nbladewatch_revivals_total" LABELS
                  ",container=\"n1\",result=\"revived\"} 1\n"
                  "bladewatch_revivals_total" LABELS
                  ",container=\"n1\",result=\"failed\"} 0\n");
    assert_metric("\nbladewatch_revive_attempts_total" LABELS
                  ",container=\"n1\"} 1\n");
    assert_metric("\nbladewatch_revival_state" LABELS
                  ",container=\"n1\",state=\"ok\"} 1\n");
    assert_metric("\nbladewatch_revive_breaker_open" LABELS "} 0\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(what_was_done_for_a_container_that_is_gone_still_counts)
{
    start(short_memory, FALL "5000 " ACT("started") "5000 " N1(
                            RUNS("04.5")) "20000 " GONE "30000");
    assert_metric("\nbladewatch_revivals_total" LABELS
                  ",container=\"(other)\",result=\"revived\"} 1\n");
    assert_metric("\nbladewatch_revive_attempts_total" LABELS
                  ",container=\"(other)\"} 1\n");
    rulebench_free(rb);
}
END_TEST

/* -- orders ------------------------------------------------------------------
 */

static void on_order(void *self, const struct order *o)
{
    buf_printf(self, "%.*s | %.*s %.*s %.*s %.*s %s %.*s %u/%u %d%d\n",
               SLICE_ARG(o->id), SLICE_ARG(o->group), SLICE_ARG(o->rule),
               SLICE_ARG(o->name), SLICE_ARG(o->what.container),
               heal_act_name(o->what.act), SLICE_ARG(o->what.reason),
               o->what.attempt, o->what.attempts, o->dry_run,
               o->repair_network);
}

static void assert_orders(const char *text)
{
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    engine_orders(core_engine(rulebench_core(rb)), &out, on_order);
    ck_assert_str_eq(buf_cstr(&out), text);
    buf_release(&out);
}

#define ORDER_ID "healing/nodes/n1/start/1970-01-01T00:00:04.010000000Z/1"

START_TEST(an_order_stands_until_its_result_is_in_the_state)
{
    start(nodes, FALL "4009");
    assert_orders("");
    rulebench_play(rb, "4010");
    assert_orders(ORDER_ID " | healing nodes n1 ab start exited with code 3 "
                           "1/3 00\n");
    rulebench_play(rb, "5000 " ACT("started") "5001");
    assert_orders("");
    ck_assert_str_eq(rulebench_timeline(rb), ORDER);
    rulebench_free(rb);
}
END_TEST

START_TEST(an_order_says_that_it_is_a_dry_run)
{
    start(dry, FALL "5000");
    assert_orders(ORDER_ID " | healing nodes n1 ab start exited with code 3 "
                           "1/5 11\n");
    ck_assert_str_eq(rulebench_timeline(rb),
                     DOWN "4.010 revive nodes n1 suspect -> acting | exited "
                          "with code 3, attempt 1 of 5, dry run\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(names_in_an_order_cannot_run_into_one_another)
{
    start(all, "2000 " CONTAINER("a/b", ROLE "," DIED("02")) "5000");
    assert_orders("healing/nodes/a~1b/start/1970-01-01T00:00:04.000000000Z/1 | "
                  "healing nodes a/b ab start exited with code 3 1/5 00\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(an_order_of_a_rule_that_is_dropped_stands_no_more)
{
    start(nodes, FALL "5000");
    rulebench_reload(rb, "groups: []\n");
    assert_orders("");
    ck_assert_str_eq(rulebench_timeline(rb),
                     ORDER "5.000 revive nodes n1 acting -> withdrawn\n");
    rulebench_free(rb);
}
END_TEST

/* -- decisions ----------------------------------------------------------------
 */

static void on_decision(void *self, const struct decision *d)
{
    static const char *const verb[] = { "tells", "orders", "declines",
                                        "recovers" };

    buf_printf(self,
               "%llu %lld %.*s/%.*s/%.*s %.*s %s %s -> %s '%.*s' %u/%u "
               "next %lld down %lld | %.*s\n",
               (unsigned long long)d->ordinal, (long long)(d->at / NSEC_MSEC),
               SLICE_ARG(d->group), SLICE_ARG(d->rule), SLICE_ARG(d->name),
               SLICE_ARG(d->container), verb[d->what.verb],
               heal_state_name(d->what.from), heal_state_name(d->what.to),
               SLICE_ARG(d->what.reason), d->what.attempt, d->what.attempts,
               (long long)(d->what.next_at / NSEC_MSEC),
               (long long)(d->what.down_for / NSEC_MSEC), SLICE_ARG(d->order));
}

START_TEST(every_decision_is_told_once_with_its_ordinal)
{
    struct buf out;
    struct engine_sink sink = { .self = &out, .decision = on_decision };

    buf_init(&out, BUF_NO_CAP);
    rb = rulebench_new(nodes);
    core_sink(rulebench_core(rb), &sink);
    rulebench_play(rb,
                   FALL "5000 " ACT("started") "5000 " N1(RUNS("04.5")) "9000");
    ck_assert_str_eq(
        buf_cstr(&out),
        "1 2010 healing/nodes/n1 ab tells ok -> suspect 'exited with code 3' "
        "0/0 next 4010 down 0 | \n"
        "2 4010 healing/nodes/n1 ab orders suspect -> acting 'exited with code "
        "3' 1/3 next 64010 down 0 | " ORDER_ID "\n"
        "3 5010 healing/nodes/n1 ab tells acting -> verifying 'started: so it "
        "is' 1/3 next 35010 down 0 | " ORDER_ID "\n"
        "4 7010 healing/nodes/n1 ab recovers verifying -> ok 'runs' 1/3 next 0 "
        "down 5000 | " ORDER_ID "\n");
    ck_assert_uint_eq(engine_stats(core_engine(rulebench_core(rb))).decisions,
                      4);
    rulebench_free(rb);
    buf_release(&out);
}
END_TEST

/* -- rules loaded anew --------------------------------------------------------
 */

/* The same rule with another text, in another group, beside others. */
static const char other[] =
    "groups:\n"
    "  - name: elsewhere\n"
    "    rules:\n"
    "      - {revive: before, containers: 'false', when: 'true'}\n"
    "      - revive: nodes\n"
    "        containers: name.startsWith('n')\n"
    "        when: c.state != 'running'\n"
    "        policy: {attempts: 2, breaker: off}\n";

START_TEST(a_rule_of_the_same_name_knows_its_containers)
{
    start(nodes, FALL "5000 " ACT("refused") "5100");
    rulebench_reload(rb, other);
    rulebench_play(rb, "9000");
    ck_assert_str_eq(
        rulebench_timeline(rb),
        ORDER "5.010 revive nodes n1 acting -> waiting | the engine refuses: "
              "so it is, attempt 1 of 3\n"
              "5.992 revive nodes n1 waiting -> acting | exited with code 3, "
              "attempt 2 of 2\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(an_order_keeps_its_id_in_another_group)
{
    start(nodes, FALL "4500");
    rulebench_reload(rb, other);
    assert_orders(ORDER_ID " | elsewhere nodes n1 ab start exited with code 3 "
                           "1/3 00\n");
    rulebench_play(rb, "5000 " ACT("started") "6000");
    ck_assert_str_eq(rulebench_timeline(rb), STARTED);
    rulebench_free(rb);
}
END_TEST

START_TEST(an_error_ends_in_the_group_it_was_told_in)
{
    start(nodes, UP "3000 " N1("\"fails\":\"x\"") "3500");
    rulebench_reload(rb, other);
    rulebench_play(rb, "3600");
    ck_assert_str_eq(
        rulebench_notices(rb),
        "3.010 firing {alertname=RuleError,group=healing,kind=revive,rule="
        "nodes} {summary=n1: no overload of '>=' for (string, int), at "
        "'c.fails >= 3'}\n"
        "3.500 resolved {alertname=RuleError,group=healing,kind=revive,rule="
        "nodes} {summary=n1: no overload of '>=' for (string, int), at "
        "'c.fails >= 3'}\n");
    rulebench_free(rb);
}
END_TEST

/* -- labels
 * -------------------------------------------------------------------- */

START_TEST(a_label_that_means_nothing_is_told_once)
{
    start(
        all,
        "1000 " N1(
            "\"state\":\"running\",\"pid\":7,\"labels\":{"
            "\"bladewatch.revive\":\"sometimes\","
            "\"bladewatch.verify\":\"soon\","
            "\"bladewatch.recreate\":\"yes\"}") "2000 " N1("\"pid\":8") "3000");
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.rules.revivals.nodes"),
        "{\"errors\":1,\"health\":\"ok\",\"last_error\":\"n1: label "
        "bladewatch.revive: always, on-failure or never is wanted, not "
        "\\\"sometimes\\\"; label bladewatch.verify: a span such as 30s is "
        "wanted, not \\\"soon\\\"; label bladewatch.recreate: true or false is "
        "wanted, not \\\"yes\\\"\"}");
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &the_first_rule_that_wants_a_container_has_it,
    &other_rules_see_what_is_decided,
    &a_rule_about_the_breaker_comes_after_it,
    &the_report_tells_all,
    &the_report_tells_people_who_is_down_and_why,
    &the_report_tells_of_the_breaker,
    &metrics_tell_of_each_container,
    &what_was_done_for_a_container_that_is_gone_still_counts,
    &an_order_stands_until_its_result_is_in_the_state,
    &an_order_says_that_it_is_a_dry_run,
    &names_in_an_order_cannot_run_into_one_another,
    &an_order_of_a_rule_that_is_dropped_stands_no_more,
    &every_decision_is_told_once_with_its_ordinal,
    &a_rule_of_the_same_name_knows_its_containers,
    &an_order_keeps_its_id_in_another_group,
    &an_error_ends_in_the_group_it_was_told_in,
    &a_label_that_means_nothing_is_told_once,
};

static const struct suite_table tables[] = {
    { &what_a_container_goes_through, COUNT(cases) },
    { &some_are_never_touched, COUNT(exempt) },
    { &the_check_of_docker_is_a_probe, COUNT(checks) },
};

int main(void)
{
    return RUN_SUITE("engine revive", tests, tables);
}
