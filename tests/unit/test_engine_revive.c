#include "engine/order.h"

#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Instants are written @04.01Z: so many seconds after 1970 began. */
#define EPOCH "1970-01-01T00:00:"

static const char nodes[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: c.labels['role'] == 'node'\n"
    "        when: c.state == 'exited' || c.fails >= 3 || c.probe.down\n"
    "        policy: {attempts: 3, backoff: 1500ms, breaker: off}\n";

/* A rule for all there is, with a policy. */
#define NODES(policy)                                                          \
    "groups:\n"                                                                \
    "  - name: healing\n"                                                      \
    "    rules:\n"                                                             \
    "      - revive: nodes\n"                                                  \
    "        containers: 'true'\n"                                             \
    "        when: c.state == 'exited'\n"                                      \
    "        policy: {" policy "}\n"

static const char all[] = NODES("attempts: 5");

#define DOCKER "{\"docker\":{"
#define N1     DOCKER "\"containers\":{\"n1\":{"
#define N2     DOCKER "\"containers\":{\"n2\":{"
#define END    "}}}}\n"
#define GONE   DOCKER "\"containers\":{\"n1\":null}}}\n"
#define ROLE   "\"id\":\"ab\",\"labels\":{\"role\":\"node\"},"

#define RUNS "\"state\":\"running\",\"pid\":7,\"startedAt\":"
#define DIED                                                                   \
    "\"state\":\"exited\",\"exitCode\":3,\"pid\":0,"                           \
    "\"events\":{\"die\":{\"at\":\"@02Z\"}}"
#define ACT                                                                    \
    DOCKER "\"acts\":{\"n1\":{\"$set\":{\"message\":\"so it is\","             \
           "\"order\":\"healing/nodes/n1/start/@04.010000000Z/1\","            \
           "\"result\":"
#define AGAIN                                                                  \
    DOCKER "\"acts\":{\"n1\":{\"$set\":{"                                      \
           "\"order\":\"healing/nodes/n1/start/@10.010000000Z/1\","            \
           "\"result\":"
#define STARTED "5000 " ACT "\"started\"}" END "5000 " N1 RUNS "\"@04.5Z\"" END

#define UP   "1000 " N1 ROLE RUNS "\"@01Z\"" END
#define FALL UP "2000 " N1 DIED END

#define IS_DOWN "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
#define IS_ORDERED                                                             \
    IS_DOWN                                                                    \
    "4.010 revive nodes n1 suspect -> acting | exited with code 3, attempt 1 " \
    "of 3\n"
#define IS_STARTED                                                             \
    IS_ORDERED                                                                 \
    "5.010 revive nodes n1 acting -> verifying | started: so it is, attempt "  \
    "1 of 3\n"

static void replace(struct buf *out, const char *text, const char *what,
                    const char *by)
{
    const char *at;

    while ((at = strstr(text, what))) {
        buf_slice(out, slice_of(text, (size_t)(at - text)));
        buf_str(out, by);
        text = at + strlen(what);
    }
    buf_str(out, text);
}

/* Good until the next call. */
static const char *shortened(const char *text)
{
    static struct buf out;

    buf_release(&out);
    buf_init(&out, BUF_NO_CAP);
    replace(&out, text, EPOCH, "@");
    return buf_cstr(&out);
}

static void check(const struct rulecase *c)
{
    struct rulecase full = *c;
    struct buf script;

    buf_init(&script, BUF_NO_CAP);
    replace(&script, c->script, "@", EPOCH);
    full.script = buf_cstr(&script);
    rulecase_check(&full);
    buf_release(&script);
}

static struct rulebench *rb;

static void play(const char *text)
{
    struct buf script;

    buf_init(&script, BUF_NO_CAP);
    replace(&script, text, "@", EPOCH);
    rulebench_play(rb, buf_cstr(&script));
    buf_release(&script);
}

static void start(const char *rules, const char *script)
{
    rb = rulebench_new(rules);
    play(script);
}

static void teardown(void)
{
    if (rb)
        rulebench_free(rb);
    rb = NULL;
}

/* -- what a container goes through ------------------------------------------
 */

static const struct rulecase cases[] = {
    { "it falls over", nodes, FALL "3000", IS_DOWN },
    { "it is ordered to start when all has settled", nodes, FALL "5000",
      IS_ORDERED },
    { "it is seen fallen over at first", nodes, "2000 " N1 ROLE DIED END "3000",
      IS_DOWN },
    { "somebody else starts it", nodes,
      FALL "3000 " N1 RUNS "\"@03Z\"" END "9000",
      IS_DOWN "3.010 revive nodes n1 suspect -> ok | runs again\n" },
    { "it is up again before anybody looks", nodes,
      UP "2001 " N1 DIED END "2002 " N1 RUNS "\"@02Z\"" END "3000", "" },
    { "it was out of memory", nodes,
      UP "2000 " N1 "\"oomKilled\":true," DIED END "3000",
      "2.010 revive nodes n1 ok -> suspect | exited with code 3, out of "
      "memory\n" },
    { "only the event says that it was out of memory", nodes,
      UP "1500 " N1 "\"events\":{\"oom\":{\"at\":\"@01.5Z\"},\"die\":{\"at\":"
         "\"@02Z\"}}" END "2000 " N1 DIED END "3000",
      "2.010 revive nodes n1 ok -> suspect | exited with code 3, out of "
      "memory\n" },
    { "that there was no memory once says nothing of its end", nodes,
      UP "1500 " N1 "\"events\":{\"oom\":{\"at\":\"@00.5Z\"},\"die\":{\"at\":"
         "\"@02Z\"}}" END "2000 " N1 DIED END "3000",
      IS_DOWN },
    { "it is started, runs, and that was it", nodes, FALL STARTED "20000",
      IS_STARTED
      "7.010 revive nodes n1 verifying -> ok | runs, attempt 1 of 3\n" },
    { "the result of another order says nothing", nodes,
      FALL "5000 " DOCKER "\"acts\":{\"n1\":{\"order\":\"healing/nodes/n1/"
           "start/@04.010000000Z/2\",\"result\":\"started\"" END "20000",
      IS_ORDERED },
    { "its port is taken", nodes, FALL "5000 " ACT "\"port\"}" END "9000",
      IS_ORDERED "5.010 revive nodes n1 acting -> blocked | its port is taken: "
                 "so it is, attempt 1 of 3\n" },
    { "a word that no result has is a refusal", nodes,
      FALL "5000 " ACT "\"perhaps\"}" END "5500",
      IS_ORDERED "5.010 revive nodes n1 acting -> waiting | the engine "
                 "refuses: so it is, attempt 1 of 3\n" },
    { "what could not be sent is ordered again without a word", nodes,
      FALL "5000 " ACT "\"unreachable\"}" END "11000 " AGAIN "\"started\"}" END
           "11100 " N1 RUNS "\"@11Z\"" END "20000",
      IS_ORDERED
      "5.010 revive nodes n1 acting -> waiting | the engine is not "
      "reachable: so it is, attempt 1 of 3\n"
      "11.010 revive nodes n1 acting -> verifying | started, attempt "
      "1 of 3\n"
      "13.110 revive nodes n1 verifying -> ok | runs, attempt 1 of "
      "3\n" },
    { "a dry run is over", nodes,
      "1000 " DOCKER "\"engine\":{\"act\":\"dry_run\"}}}\n" FALL "5000 " ACT
      "\"dry_run\"}" END "9000 " DOCKER "\"engine\":{\"act\":\"ok\"}}}\n9500",
      IS_DOWN
      "4.010 revive nodes n1 suspect -> acting | exited with code 3, attempt 1 "
      "of 3, dry run\n"
      "5.010 revive nodes n1 acting -> blocked | dry run: it would have been "
      "started, attempt 1 of 3\n"
      "9.010 revive nodes n1 blocked -> suspect | exited with code 3\n"
      "9.010 revive nodes n1 suspect -> acting | exited with code 3, attempt 1 "
      "of 3\n" },
    { "it runs but does not answer", nodes,
      UP "2000 " N1 "\"probe\":{\"ok\":false,\"down\":true,\"error\":\"no "
         "answer within 1 s\"}" END "9000",
      "2.010 revive nodes n1 ok -> frozen | runs, but does not answer: no "
      "answer within 1 s\n" },
    { "that it did not answer before it was started means nothing", nodes,
      UP "2000 " N1 "\"probe\":{\"ok\":false,\"down\":true,\"at\":\"@02Z\"}" END
         "2500 " N1 DIED END "3000 " N1 RUNS "\"@03Z\"" END "5000 " N1
         "\"probe\":{\"at\":\"@05Z\"}" END "6000",
      "2.010 revive nodes n1 ok -> frozen | runs, but does not answer\n"
      "2.510 revive nodes n1 frozen -> suspect | exited with code 3\n"
      "3.010 revive nodes n1 suspect -> ok | runs again\n"
      "5.010 revive nodes n1 ok -> frozen | runs, but does not answer\n" },
    { "an operator holds it", nodes,
      FALL "3000 " DOCKER "\"holds\":{\"n1\":{\"by\":\"alice\",\"until\":"
           "\"@50Z\",\"why\":\"repairs\"" END "9000 " DOCKER
           "\"holds\":{\"n1\":null}}}\n9500",
      IS_DOWN "3.010 revive nodes n1 suspect -> held | exited with code 3; "
              "held by alice until " EPOCH "50Z: repairs, left alone\n"
              "9.010 revive nodes n1 held -> suspect | exited with code 3\n"
              "9.010 revive nodes n1 suspect -> acting | exited with code 3, "
              "attempt 1 of 3\n" },
    { "an operator holds all for a second", nodes,
      UP "1500 " DOCKER "\"holds\":{\"*\":{\"$ttl\":1,\"why\":\"a move\"" END
         "3000",
      "1.510 revive nodes n1 ok -> held | held by operator: a move\n"
      "2.500 revive nodes n1 held -> ok | runs\n" },
    { "a hold can be a bare true", nodes,
      UP "2000 " DOCKER "\"holds\":{\"n1\":true}}}\n"
         "3000 " DOCKER "\"holds\":{\"n1\":false}}}\n4000",
      "2.010 revive nodes n1 ok -> held | held by operator\n"
      "3.010 revive nodes n1 held -> ok | runs\n" },
    { "the engine is down, and it is not asked for anything", nodes,
      FALL "3000 " DOCKER "\"engine\":{\"state\":\"down\",\"downAt\":\"@03Z\"}"
           "}}\n9000",
      IS_DOWN },
    { "acting is denied", nodes,
      FALL "3000 " DOCKER "\"engine\":{\"act\":\"denied\"}}}\n9000",
      IS_DOWN "4.010 revive nodes n1 suspect -> waiting | observes only: the "
              "engine denies it to act\n" },
    { "it was told to observe only", nodes,
      FALL "3000 " DOCKER "\"engine\":{\"act\":\"off\"}}}\n9000",
      IS_DOWN "4.010 revive nodes n1 suspect -> waiting | observes only, as it "
              "was told to\n" },
    { "it is removed", nodes, FALL "3000 " GONE "4000",
      IS_DOWN "3.010 revive nodes n1 suspect -> missing | was removed\n" },
    { "a healthy one is removed and comes back", nodes,
      UP "3000 " GONE "4000 " N1 ROLE RUNS "\"@04Z\"" END "5000",
      "3.010 revive nodes n1 ok -> missing | was removed\n" },
    { "it is no node any more", nodes,
      FALL "3000 " N1 "\"labels\":{\"role\":\"db\"}" END "4000",
      IS_DOWN "3.010 revive nodes n1 suspect -> ok | is not in the scope of "
              "the rule any more\n" },
    { "others may fall over", nodes,
      "1000 " N1 "\"labels\":{\"role\":\"db\"}" END "2000 " N1 DIED END "3000",
      "" },
    { "no label at all", nodes, "2000 " N1 DIED END "3000", "" },
    { "what cannot be told stays as it was", nodes,
      FALL "3000 " N1 "\"fails\":\"x\"," RUNS "\"@03Z\"" END "3500 " N1
           "\"fails\":0" END "4000",
      IS_DOWN "3.010 revive nodes n1 suspect -> frozen | runs, but does not "
              "answer\n"
              "3.010 revive nodes ok -> error | n1: no overload of '>=' for "
              "(string, int), at 'c.fails >= 3'\n"
              "3.510 revive nodes n1 frozen -> ok | answers again\n"
              "3.510 revive nodes error -> ok\n" },
};

START_TEST(what_a_container_goes_through)
{
    check(&cases[_i]);
}
END_TEST

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
    { "\"labels\":{\"role\":\"node\",\"bladewatch.revive\":\"nerver\"}",
      "label bladewatch.revive=nerver is none of always, on-failure, never" },
    { "\"labels\":{\"role\":\"node\",\"bladewatch.revive\":\"\"}",
      "label bladewatch.revive= is none of always, on-failure, never" },
    { "\"labels\":{\"role\":\"node\",\"bladewatch.revive\":7}",
      "label bladewatch.revive= is none of always, on-failure, never" },
};

START_TEST(some_are_never_touched)
{
    char script[500], timeline[200];

    snprintf(script, sizeof(script), "2000 %s%s,%s%s9000", N1,
             exempt[_i].members, DIED, END);
    snprintf(timeline, sizeof(timeline),
             "2.010 revive nodes n1 ok -> exempt | %s\n", exempt[_i].why);
    check(&(struct rulecase){ exempt[_i].why, all, script, timeline });
}
END_TEST

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
    check(&(struct rulecase){
        "two rules", two,
        "1000 {\"first\":true}\n2000 " N1 ROLE DIED END
        "3000 {\"first\":false}\n3500",
        "2.010 revive first n1 ok -> suspect | exited with code 3\n"
        "2.010 revive second n1 ok -> exempt | another rule heals it\n"
        "3.010 revive first n1 suspect -> ok | is not in the scope of the rule "
        "any more\n"
        "3.010 revive second n1 exempt -> suspect | exited with code 3\n" });
}
END_TEST

/* -- Docker's own check ------------------------------------------------------
 */

static const char checked[] =
    NODES("attempts: 3, verify_after: 0s, verify_timeout: 5s");

#define UNHEALTHY "\"health\":\"unhealthy\","
#define STARTING  "5000 " N1 "\"health\":\"starting\"" END

static const struct rulecase checks[] = {
    { "it has to pass after a start", checked,
      FALL STARTED STARTING "7000 " N1 "\"health\":\"healthy\"" END "9000",
      IS_STARTED "7.010 revive nodes n1 verifying -> ok | runs and answers, "
                 "attempt 1 of 3\n" },
    { "it does not pass in time", checked, FALL STARTED STARTING "20000",
      IS_STARTED "10.010 revive nodes n1 verifying -> frozen | runs, but did "
                 "not answer within 5 s, attempt 1 of 3\n" },
    { "it fails as often as it takes", checked,
      UP "2000 " N1 UNHEALTHY "\"failingStreak\":2,\"healthRetries\":0" END
         "3000 " N1 "\"failingStreak\":3" END "4000 " N1
         "\"health\":\"healthy\",\"failingStreak\":0" END "5000",
      "3.010 revive nodes n1 ok -> frozen | runs, but does not answer: its "
      "health check fails\n"
      "4.010 revive nodes n1 frozen -> ok | answers again\n" },
    { "it may fail more often", checked,
      UP "2000 " N1 UNHEALTHY "\"failingStreak\":4,\"healthRetries\":5" END
         "3000",
      "" },
    { "of one that is paused it says nothing", checked,
      UP "2000 " N1 UNHEALTHY "\"failingStreak\":9,\"state\":\"paused\"" END
         "3000",
      "2.010 revive nodes n1 ok -> held | paused by a person\n" },
    { "a probe of ours goes before it", checked,
      UP "2000 " N1 UNHEALTHY "\"failingStreak\":9,\"probe\":{\"ok\":true,"
         "\"at\":\"@02Z\"}" END "3000",
      "" },
};

START_TEST(the_check_of_docker_is_a_probe)
{
    check(&checks[_i]);
}
END_TEST

/* -- what others see ---------------------------------------------------------
 */

START_TEST(other_rules_see_what_is_decided)
{
    start(nodes, FALL "3000");
    ck_assert_str_eq(
        shortened(rulebench_at(rb, "monitor.revivals.nodes")),
        "{\"n1\":{\"attempts\":0,\"byPerson\":false,"
        "\"downSince\":\"@02.010000000Z\",\"due\":true,\"failed\":0,"
        "\"in_scope\":true,\"next\":\"@04.010000000Z\","
        "\"reason\":\"exited with code 3\",\"revived\":0,"
        "\"since\":\"@02.010000000Z\",\"state\":\"suspect\"}}");
    ck_assert_str_eq(rulebench_at(rb, "monitor.breakers.nodes"),
                     "{\"down\":1,\"half_open\":false,\"in_scope\":1,"
                     "\"open\":false}");
}
END_TEST

START_TEST(nothing_is_derived_of_what_is_gone)
{
    start(nodes, FALL "3000 " GONE "4000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals.nodes"), "{}");
    rulebench_reload(rb, "groups: []\n");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals"), "");
    ck_assert_str_eq(rulebench_at(rb, "monitor.breakers"), "");
}
END_TEST

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

#define AVALANCHE                                                              \
    UP "1000 " N2 RUNS "\"@01Z\"" END "2000 " N1 DIED END "3000 " N2 DIED END  \
       "4500"

START_TEST(a_rule_about_the_breaker_comes_after_it)
{
    check(&(struct rulecase){
        "breaker", breaking, AVALANCHE,
        "2.010 revive nodes n1 ok -> suspect | exited with code 3\n"
        "3.010 revive nodes n2 ok -> suspect | exited with code 3\n"
        "3.010 alert Avalanche inactive -> firing\n"
        "4.010 revive nodes n1 suspect -> waiting | waits for the breaker "
        "until 00:00:13Z: 2 of 2 are down\n" });
}
END_TEST

/* n1 runs, n2 is down, db is nobody's. */
#define THREE                                                                  \
    "1000 " N1 ROLE RUNS "\"@01Z\"" END "1000 " N2 ROLE DIED END               \
    "1000 " DOCKER "\"containers\":{\"db\":{\"labels\":{}" END

START_TEST(the_report_tells_all)
{
    start(nodes, THREE "1500");
    ck_assert_str_eq(
        shortened(rulebench_rule_report(rb, "nodes")),
        "{\"breaker\":{\"down\":1,\"half_open\":false,\"open\":false},"
        "\"containers\":[{\"attempts\":0,\"by_person\":false,"
        "\"container\":\"n2\",\"down_since\":\"@01.010000000Z\","
        "\"due\":true,\"failed\":0,\"next\":\"@03.010000000Z\","
        "\"reason\":\"exited with code 3\",\"revived\":0,"
        "\"since\":\"@01.010000000Z\",\"state\":\"suspect\","
        "\"state_since\":\"@01.010000000Z\"},"
        "{\"attempts\":0,\"by_person\":false,\"container\":\"n1\","
        "\"due\":false,\"failed\":0,\"revived\":0,"
        "\"since\":\"@01.010000000Z\",\"state\":\"ok\","
        "\"state_since\":\"@01.010000000Z\"}],\"due\":1,\"due_ever\":1,"
        "\"failed\":0,\"group\":\"healing\",\"in_scope\":2,\"left_out\":0,"
        "\"policy\":{\"attempts\":3,\"backoff\":1.5,\"breaker\":\"off\","
        "\"dry_run\":false,\"max_backoff\":300,\"on_exit\":\"always\","
        "\"on_stop\":\"second-stop-holds\",\"on_unhealthy\":\"alert\","
        "\"recreate\":false,\"repair_network\":false,\"reset_after\":600,"
        "\"verify_after\":2,\"verify_timeout\":30,\"window\":1800},"
        "\"recovered\":0,\"revived\":0,\"rule\":\"nodes\"}");
}
END_TEST

START_TEST(the_report_tells_people_who_is_down_and_why)
{
    start(nodes, THREE "7000");
    ck_assert_str_eq(
        shortened(rulebench_rule_text(rb, "nodes")),
        "  nodes: 1 due of 2 in scope, revived 0, failed 0, recovered 0\n"
        "    acting    since @03.010000000Z  n2\n"
        "              exited with code 3\n"
        "              attempts: 1 of 3, looked at again at "
        "1970-01-01T00:01:03.010000000Z\n");
}
END_TEST

START_TEST(others_see_until_when_the_breaker_is_open)
{
    start(breaking, AVALANCHE);
    ck_assert_str_eq(shortened(rulebench_at(rb, "monitor.breakers.nodes")),
                     "{\"down\":2,\"half_open\":false,\"in_scope\":2,"
                     "\"open\":true,\"since\":\"@03.010000000Z\","
                     "\"until\":\"@13.010000000Z\"}");
}
END_TEST

START_TEST(the_report_tells_of_the_breaker)
{
    start(breaking, AVALANCHE);
    ck_assert_str_eq(
        shortened(rulebench_rule_text(rb, "nodes")),
        "  nodes: 2 due of 2 in scope, revived 0, failed 0, recovered 0\n"
        "    breaker open since @03.010000000Z until @13.010000000Z: 2 of 2 "
        "are down\n"
        "    waiting   since @04.010000000Z  n1\n"
        "              waits for the breaker until 00:00:13Z: 2 of 2 are down\n"
        "              looked at again at @13.010000000Z\n"
        "    suspect   since @03.010000000Z  n2\n"
        "              exited with code 3\n"
        "              looked at again at @05.010000000Z\n");
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
#define SAID(verb)                                                             \
    "\nbladewatch_revive_decisions_total" LABELS ",verb=\"" verb "\"} "

START_TEST(metrics_tell_of_each_container)
{
    start(nodes, FALL STARTED "20000");
    assert_metric("\nbladewatch_revivals_total" LABELS
                  ",container=\"n1\",result=\"revived\"} 1\n"
                  "bladewatch_revivals_total" LABELS
                  ",container=\"n1\",result=\"failed\"} 0\n");
    assert_metric("\nbladewatch_revive_attempts_total" LABELS
                  ",container=\"n1\"} 1\n");
    assert_metric("\nbladewatch_revival_state" LABELS
                  ",container=\"n1\",state=\"ok\"} 1\n");
    assert_metric("\nbladewatch_revive_breaker_open" LABELS "} 0\n");
}
END_TEST

START_TEST(each_decision_counts_by_what_it_says)
{
    start(nodes, FALL "5000 " ACT "\"refused\"}" END "6000");
    assert_metric("\n# TYPE bladewatch_revive_decisions_total counter\n");
    assert_metric(SAID("down") "1\n");
    assert_metric(SAID("starting") "1\n");
    assert_metric(SAID("refused") "1\n");
    assert_metric(SAID("started") "0\n");
    assert_metric(SAID("recovered") "0\n");
}
END_TEST

START_TEST(what_is_declined_counts)
{
    start(breaking, AVALANCHE);
    assert_metric(SAID("down") "2\n");
    assert_metric(SAID("declines") "1\n");
    assert_metric(SAID("starting") "0\n");
}
END_TEST

START_TEST(what_was_done_for_a_container_that_is_gone_still_counts)
{
    start(NODES("reset_after: 1s"), FALL STARTED "20000 " GONE "30000");
    assert_metric("\nbladewatch_revivals_total" LABELS
                  ",container=\"(other)\",result=\"revived\"} 1\n");
    assert_metric("\nbladewatch_revive_attempts_total" LABELS
                  ",container=\"(other)\"} 1\n");
    assert_metric(SAID("started") "1\n");
}
END_TEST

/* -- orders ------------------------------------------------------------------
 */

static void on_order(void *self, const struct order *o)
{
    buf_printf(self, "%.*s | %.*s %.*s %.*s %.*s %s %.*s %u/%u%s%s\n",
               SLICE_ARG(o->id), SLICE_ARG(o->group), SLICE_ARG(o->rule),
               SLICE_ARG(o->name), SLICE_ARG(o->what.container),
               heal_act_name(o->what.act), SLICE_ARG(o->what.reason),
               o->what.attempt, o->what.attempts, o->dry_run ? " dry" : "",
               o->repair_network ? " repair" : "");
}

static void assert_orders(const char *text)
{
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    engine_orders(core_engine(rulebench_core(rb)), &out, on_order);
    ck_assert_str_eq(shortened(buf_cstr(&out)), text);
    buf_release(&out);
}

#define ORDER_ID "healing/nodes/n1/start/@04.010000000Z/1"

START_TEST(an_order_stands_until_its_result_is_in_the_state)
{
    start(nodes, FALL "4009");
    assert_orders("");
    play("4010");
    assert_orders(ORDER_ID
                  " | healing nodes n1 ab start exited with code 3 1/3\n");
    play("5000 " ACT "\"started\"}" END "5001");
    assert_orders("");
    ck_assert_str_eq(rulebench_timeline(rb), IS_ORDERED);
}
END_TEST

START_TEST(an_order_says_that_it_is_a_dry_run)
{
    start(NODES("dry_run: true, repair_network: true"), FALL "5000");
    assert_orders(ORDER_ID " | healing nodes n1 ab start exited with code 3 "
                           "1/5 dry repair\n");
    ck_assert_str_eq(rulebench_timeline(rb),
                     IS_DOWN "4.010 revive nodes n1 suspect -> acting | exited "
                             "with code 3, attempt 1 of 5, dry run\n");
}
END_TEST

START_TEST(names_in_an_order_cannot_run_into_one_another)
{
    start(all, "2000 " DOCKER "\"containers\":{\"a/b\":{" ROLE DIED END "5000");
    assert_orders("healing/nodes/a~1b/start/@04.000000000Z/1 | healing nodes "
                  "a/b ab start exited with code 3 1/5\n");
}
END_TEST

START_TEST(an_order_of_a_rule_that_is_dropped_stands_no_more)
{
    start(nodes, FALL "5000");
    rulebench_reload(rb, "groups: []\n");
    assert_orders("");
    ck_assert_str_eq(rulebench_timeline(rb),
                     IS_ORDERED "5.000 revive nodes n1 acting -> withdrawn\n");
}
END_TEST

/* -- decisions ---------------------------------------------------------------
 */

static void on_decision(void *self, const struct decision *d)
{
    static const char *const verb[] = { "tells", "orders", "declines",
                                        "recovers" };

    buf_printf(self,
               "%llu %lld %.*s/%.*s/%.*s %.*s %s %s -> %s '%.*s' %u/%u next "
               "%lld down %lld | %.*s\n",
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
    start(nodes, "");
    core_sink(rulebench_core(rb), &sink);
    play(FALL STARTED "9000");
    ck_assert_str_eq(
        shortened(buf_cstr(&out)),
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
    buf_release(&out);
}
END_TEST

static void number_text(const char *name, struct seen_number n, struct buf *out)
{
    if (n.known)
        buf_printf(out, " %s %lld", name, (long long)n.n);
}

static void on_seen(void *self, const struct decision *d)
{
    buf_printf(self, "%s %.*s was %.*s", heal_state_name(d->what.to),
               SLICE_ARG(d->container), SLICE_ARG(d->was.status));
    number_text("exit", d->was.exit_code, self);
    number_text("oom", d->was.oom_killed, self);
    number_text("restarts", d->was.restarts, self);
    if (d->was.health.n)
        buf_printf(self, " %.*s", SLICE_ARG(d->was.health));
    buf_char(self, '\n');
}

START_TEST(a_decision_says_of_which_container_it_was_and_what_it_was_like)
{
    struct buf out;
    struct engine_sink sink = { .self = &out, .decision = on_seen };

    buf_init(&out, BUF_NO_CAP);
    start(NODES("recreate: true"), "");
    core_sink(rulebench_core(rb), &sink);
    play(UP "1500 " N1
            "\"health\":\"starting\",\"oomKilled\":false,\"restartCount\":2" END
            "2000 " N1 DIED END "2500 " N1 "\"oomKilled\":true" END "5000 " GONE
            "6000");
    ck_assert_str_eq(buf_cstr(&out),
                     "suspect ab was exited exit 3 oom 0 restarts 2 starting\n"
                     "acting ab was exited exit 3 oom 1 restarts 2 starting\n"
                     "missing ab was gone\n");
    buf_release(&out);
}
END_TEST

/* -- rules loaded anew -------------------------------------------------------
 */

/* The same rule with another text, in another group, behind another one. */
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
    start(nodes, FALL "5000 " ACT "\"refused\"}" END "5100");
    rulebench_reload(rb, other);
    play("9000");
    ck_assert_str_eq(
        rulebench_timeline(rb),
        IS_ORDERED "5.010 revive nodes n1 acting -> waiting | the engine "
                   "refuses: so it is, attempt 1 of 3\n"
                   "6.173 revive nodes n1 waiting -> acting | exited with code "
                   "3, attempt 2 of 2\n");
}
END_TEST

START_TEST(an_order_keeps_its_id_in_another_group)
{
    start(nodes, FALL "4500");
    rulebench_reload(rb, other);
    assert_orders(ORDER_ID
                  " | elsewhere nodes n1 ab start exited with code 3 1/3\n");
    play("5000 " ACT "\"started\"}" END "6000");
    ck_assert_str_eq(rulebench_timeline(rb), IS_STARTED);
}
END_TEST

START_TEST(an_error_ends_in_the_group_it_was_told_in)
{
    start(nodes, UP "3000 " N1 "\"fails\":\"x\"" END "3500");
    rulebench_reload(rb, other);
    play("3600");
    ck_assert_str_eq(
        rulebench_notices(rb),
        "3.010 firing {alertname=RuleError,group=healing,kind=revive,rule="
        "nodes} {summary=n1: no overload of '>=' for (string, int), at "
        "'c.fails >= 3'}\n"
        "3.500 resolved {alertname=RuleError,group=healing,kind=revive,rule="
        "nodes} {summary=n1: no overload of '>=' for (string, int), at "
        "'c.fails >= 3'}\n");
}
END_TEST

/* -- another name, another rule ----------------------------------------------
 */

#define PERSON                                                                 \
    "\"kill\":{\"at\":\"@02Z\",\"signal\":15},\"die\":{\"at\":\"@02Z\"},"      \
    "\"stop\":{\"at\":\"@02Z\"}"
#define STOPPED                                                                \
    "\"state\":\"exited\",\"exitCode\":143,\"pid\":0,\"events\":{" PERSON "}"
#define RENAME                                                                 \
    DOCKER "\"containers\":{\"n1\":null,\"n0\":{\"id\":\"ab\",\"events\":{"    \
           "\"rename\":{\"at\":\"@09Z\"}," PERSON "}" END
#define N0 DOCKER "\"containers\":{\"n0\":{"

static const char respect[] = NODES("on_stop: respect, recreate: true");

#define WHY "a person stopped it; docker start or 'bladewatch release "
#define IS_OBEYED                                                              \
    "2.010 revive nodes n1 ok -> suspect | stopped by a person, exit code "    \
    "143\n"                                                                    \
    "7.010 revive nodes n1 suspect -> held | " WHY "n1' ends that\n"

static const struct rulecase renamed[] = {
    { "a stop that is obeyed", respect,
      UP "2000 " N1 STOPPED END "9000 " RENAME "9300 " N0 ROLE
         "\"startedAt\":\"@01Z\"," STOPPED END "40000",
      IS_OBEYED "9.010 revive nodes n1 held -> renamed | is n0 now\n" },
    { "it is taken by another meanwhile", respect,
      UP "2000 " N1 STOPPED END "9000 " RENAME "9005 " N1 "\"id\":\"cd\"," RUNS
         "\"@09Z\"" END "9300 " N0 ROLE "\"startedAt\":\"@01Z\"," STOPPED END
         "40000",
      IS_OBEYED "9.010 revive nodes n1 held -> renamed | is n0 now\n" },
    { "it is there before the old one is gone", respect,
      UP "2000 " N1 STOPPED END "8000 " N0 ROLE RUNS "\"@01Z\"" END "9000 " GONE
         "40000",
      IS_OBEYED "9.010 revive nodes n1 held -> renamed | is n0 now\n"
                "9.010 revive nodes n0 held -> ok | runs again\n" },
    { "one that is to be made again is there by another name", respect,
      "1000 " N1 ROLE "\"labels\":{\"bladewatch.recreate\":\"true\"}," RUNS
      "\"@01Z\"" END "9000 " GONE "12000 " N0 ROLE RUNS "\"@01Z\"" END "40000",
      "9.010 revive nodes n1 ok -> missing | was removed, and ought to be "
      "there\n"
      "12.010 revive nodes n1 missing -> renamed | is n0 now\n"
      "12.010 revive nodes n0 missing -> ok | runs again\n" },
    { "one that runs", respect,
      "1000 " N1 ROLE "\"labels\":{\"bladewatch.recreate\":\"true\"}," RUNS
      "\"@01Z\"" END "9000 " RENAME "9005 " N0 ROLE RUNS "\"@01Z\"" END "40000",
      "9.010 revive nodes n1 ok -> renamed | is n0 now\n" },
    { "one that is held by its name", all,
      UP "2000 " DOCKER "\"holds\":{\"n1\":{\"why\":\"repairs\"" END
         "9000 " RENAME "9300 " N0 RUNS "\"@01Z\"" END "20000 " N0 STOPPED END
         "40000 " DOCKER "\"releases\":{\"n0\":{\"at\":\"@40Z\"" END "41000",
      "2.010 revive nodes n1 ok -> held | held by operator: repairs\n"
      "9.010 revive nodes n1 held -> renamed | is n0 now\n"
      "9.010 revive nodes n0 held -> held | was held as n1 when it was "
      "renamed\n"
      "20.010 revive nodes n0 held -> held | stopped by a person, exit code "
      "143; was held as n1 when it was renamed, left alone\n"
      "40.010 revive nodes n0 held -> suspect | exited with code 143\n"
      "40.010 revive nodes n0 suspect -> acting | exited with code 143, "
      "attempt 1 of 5\n" },
};

START_TEST(one_that_is_renamed_takes_along_what_is_known_of_it)
{
    check(&renamed[_i]);
}
END_TEST

static const char by_label[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: c.labels['role'] == 'node'\n"
    "        when: c.state == 'exited'\n"
    "        policy: {recreate: true, breaker: off}\n";

#define MADE "\"labels\":{\"role\":\"node\",\"bladewatch.recreate\":\"true\"},"

/* Its creation is told before its labels are. */
START_TEST(one_that_is_made_anew_is_verified_and_counted)
{
    start(by_label,
          "1000 " N1 "\"id\":\"ab\"," MADE RUNS "\"@01Z\"" END "9000 " GONE
          "19100 " N1 "\"events\":{\"create\":{\"at\":\"@19.05Z\"}}" END
          "19300 " N1 "\"id\":\"cd\"," MADE "\"state\":\"created\"" END
          "19500 " DOCKER
          "\"acts\":{\"n1\":{\"$set\":{\"order\":\"healing/nodes/"
          "n1/recreate/@19.010000000Z/1\",\"result\":\"started\"}" END
          "19600 " N1 RUNS "\"@19.5Z\"" END);
    play("40000");
    ck_assert_str_eq(
        rulebench_timeline(rb),
        "9.010 revive nodes n1 ok -> missing | was removed, and ought to be "
        "there\n"
        "19.010 revive nodes n1 missing -> acting | was removed, attempt 1 of "
        "5\n"
        "19.510 revive nodes n1 acting -> verifying | started, attempt 1 of "
        "5\n"
        "21.610 revive nodes n1 verifying -> ok | runs, attempt 1 of 5\n");
}
END_TEST

START_TEST(a_stop_is_obeyed_under_any_rule)
{
    static const char tail[] =
        "9.010 revive servers n1 ok -> held | " WHY "n1' ends that\n";
    struct buf want;

    buf_init(&want, BUF_NO_CAP);
    start(respect, UP "2000 " N1 STOPPED END "9000");
    rulebench_reload(rb, "groups:\n"
                         "  - name: elsewhere\n"
                         "    rules:\n"
                         "      - revive: servers\n"
                         "        containers: 'true'\n"
                         "        when: c.state == 'exited'\n");
    play("40000");
    buf_str(&want, IS_OBEYED "9.000 revive nodes n1 held -> withdrawn\n");
    buf_str(&want, tail);
    ck_assert_str_eq(rulebench_timeline(rb), buf_cstr(&want));
    buf_release(&want);
}
END_TEST

static const char earlier[] = "groups:\n"
                              "  - name: healing\n"
                              "    rules:\n"
                              "      - revive: first\n"
                              "        containers: state.first\n"
                              "        when: c.state == 'exited'\n"
                              "      - revive: second\n"
                              "        containers: 'true'\n"
                              "        when: c.state == 'exited'\n"
                              "        policy: {on_stop: respect}\n";

START_TEST(a_stop_is_obeyed_by_the_rule_that_has_it_next)
{
    check(&(struct rulecase){
        "two rules", earlier,
        "1000 {\"first\":false}\n" UP "2000 " N1 STOPPED END
        "9000 {\"first\":true}\n20000 {\"first\":false}\n40000",
        "2.010 revive second n1 ok -> suspect | stopped by a person, exit code "
        "143\n"
        "7.010 revive second n1 suspect -> held | " WHY "n1' ends that\n"
        "9.010 revive first n1 ok -> held | " WHY "n1' ends that\n"
        "9.010 revive second n1 held -> exempt | another rule heals it\n"
        "20.010 revive first n1 held -> ok | is not in the scope of the rule "
        "any more\n"
        "20.010 revive second n1 exempt -> held | " WHY "n1' ends that\n" });
}
END_TEST

/* -- labels ------------------------------------------------------------------
 */

START_TEST(a_label_that_means_nothing_is_told_once)
{
    start(all, "1000 " N1 "\"labels\":{\"bladewatch.revive\":\"always\","
               "\"bladewatch.verify\":\"soon\",\"bladewatch.recreate\":"
               "\"yes\"}" END "2000 " N1 "\"pid\":8" END "3000");
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.rules.revivals.nodes"),
        "{\"errors\":1,\"health\":\"ok\",\"last_error\":\"n1: label "
        "bladewatch.verify: a span such as 30s is wanted, not \\\"soon\\\"; "
        "label bladewatch.recreate: true or false is wanted, not "
        "\\\"yes\\\"\"}");
}
END_TEST

static const TTest **const tests[] = {
    &the_first_rule_that_wants_a_container_has_it,
    &other_rules_see_what_is_decided,
    &nothing_is_derived_of_what_is_gone,
    &a_rule_about_the_breaker_comes_after_it,
    &the_report_tells_all,
    &the_report_tells_people_who_is_down_and_why,
    &others_see_until_when_the_breaker_is_open,
    &the_report_tells_of_the_breaker,
    &metrics_tell_of_each_container,
    &each_decision_counts_by_what_it_says,
    &what_is_declined_counts,
    &what_was_done_for_a_container_that_is_gone_still_counts,
    &an_order_stands_until_its_result_is_in_the_state,
    &an_order_says_that_it_is_a_dry_run,
    &names_in_an_order_cannot_run_into_one_another,
    &an_order_of_a_rule_that_is_dropped_stands_no_more,
    &every_decision_is_told_once_with_its_ordinal,
    &a_decision_says_of_which_container_it_was_and_what_it_was_like,
    &a_rule_of_the_same_name_knows_its_containers,
    &an_order_keeps_its_id_in_another_group,
    &an_error_ends_in_the_group_it_was_told_in,
    &one_that_is_made_anew_is_verified_and_counted,
    &a_stop_is_obeyed_under_any_rule,
    &a_stop_is_obeyed_by_the_rule_that_has_it_next,
    &a_label_that_means_nothing_is_told_once,
};

static const struct suite_table tables[] = {
    { &what_a_container_goes_through, COUNT(cases) },
    { &some_are_never_touched, COUNT(exempt) },
    { &the_check_of_docker_is_a_probe, COUNT(checks) },
    { &one_that_is_renamed_takes_along_what_is_known_of_it, COUNT(renamed) },
};

int main(void)
{
    return RUN_SUITE_WITH("engine revive", NULL, teardown, tests, tables);
}
