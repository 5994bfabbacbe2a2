#include "support/rulebench.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char nodes[] =
    "groups:\n"
    "  - name: healing\n"
    "    rules:\n"
    "      - revive: nodes\n"
    "        containers: c.labels['role'] == 'node'\n"
    "        when: c.state == 'exited' || c.fails >= 3\n"
    "        policy: {attempts: 3, backoff: 1500ms, dry_run: true}\n";

#define N1(body) "{\"docker\":{\"containers\":{\"n1\":{" body "}}}}\n"
#define NODE     "\"labels\":{\"role\":\"node\"}"
#define DIED     "\"state\":\"exited\",\"exitCode\":3"
#define UP       "1000 " N1(NODE ",\"state\":\"running\",\"exitCode\":0")
#define DUE      "2.010 revive nodes n1 -> due | exited, exit code 3\n"

static const struct rulecase cases[] = {
    { "it falls over", nodes, UP "2000 " N1(DIED) "3000", DUE },
    { "it is seen fallen over at first", nodes,
      "2000 " N1(NODE "," DIED) "3000", DUE },
    { "it runs again", nodes,
      UP "2000 " N1(DIED) "3000 " N1("\"state\":\"running\"") "4000",
      DUE "3.010 revive nodes n1 due -> recovered\n" },
    { "it was out of memory", nodes,
      UP "2000 " N1("\"oomKilled\":true,\"state\":\"exited\",\"exitCode\":"
                    "137") "3000",
      "2.010 revive nodes n1 -> due | exited, exit code 137, out of "
      "memory\n" },
    { "it runs but does not answer", nodes, UP "2000 " N1("\"fails\":3") "3000",
      "2.010 revive nodes n1 -> due | running, exit code 0\n" },
    { "little is known of it", nodes,
      "1000 " N1(NODE) "2000 " N1("\"fails\":5") "3000",
      "2.010 revive nodes n1 -> due\n" },
    { "it is removed", nodes,
      UP "2000 " N1(DIED) "3000 {\"docker\":{\"containers\":{\"n1\":null}}}\n"
                          "4000",
      DUE "3.010 revive nodes n1 due -> gone\n" },
    { "a healthy one is removed", nodes,
      UP "3000 {\"docker\":{\"containers\":{\"n1\":null}}}\n4000", "" },
    { "it is no node any more", nodes,
      UP "2000 " N1(DIED) "3000 " N1("\"labels\":{\"role\":\"db\"}") "4000",
      DUE "3.010 revive nodes n1 due -> out of scope\n" },
    { "others may fall over", nodes,
      "1000 " N1("\"labels\":{\"role\":\"db\"}") "2000 " N1(DIED) "3000", "" },
    { "no label at all", nodes, "2000 " N1(DIED) "3000", "" },
    { "it is up again before anybody looks", nodes,
      UP "2001 " N1(DIED) "2002 " N1("\"state\":\"running\"") "3000", "" },
    { "what cannot be told stays as it was", nodes,
      UP "2000 " N1(DIED) "3000 " N1("\"state\":\"running\",\"fails\":"
                                     "\"x\"") "4000 " N1("\"fails\":0") "5000",
      DUE "3.010 revive nodes ok -> error | n1: no overload of '>=' for "
          "(string, int), at 'c.fails >= 3'\n"
          "4.010 revive nodes n1 due -> recovered\n"
          "4.010 revive nodes error -> ok\n" },
};

START_TEST(a_revival_becomes_due_and_is_over)
{
    rulecase_check(&cases[_i]);
}
END_TEST

static struct rulebench *rb;

static void start(const char *script)
{
    rb = rulebench_new(nodes);
    rulebench_play(rb, script);
}

START_TEST(other_rules_see_what_is_due)
{
    start(UP "2000 " N1(DIED) "3000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals.nodes"),
                     "{\"n1\":{\"due\":true,\"in_scope\":true,"
                     "\"since\":\"1970-01-01T00:00:02.010000000Z\"}}");
    rulebench_play(rb,
                   "4000 {\"docker\":{\"containers\":{\"n1\":null}}}\n5000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.revivals.nodes"), "{}");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_has_each_container_and_the_policy)
{
    start("1000 {\"docker\":{\"containers\":{"
          "\"n1\":{\"labels\":{\"role\":\"node\"},\"state\":\"running\"},"
          "\"n2\":{\"labels\":{\"role\":\"node\"},\"state\":\"exited\"},"
          "\"db\":{\"labels\":{},\"state\":\"exited\"}}}}\n2000");
#define POLICY                                                                 \
    "\"policy\":{\"attempts\":3,\"backoff\":1.5,\"dry_run\":true,"             \
    "\"max_backoff\":300,\"on_stop\":\"second-stop-holds\","                   \
    "\"recreate\":false,\"reset_after\":600,\"verify_after\":2,"               \
    "\"verify_timeout\":30,\"window\":1800},"                                  \
    "\"since\":\"1970-01-01T00:00:01.010000000Z\"}"
    ck_assert_str_eq(
        rulebench_rule_report(rb, "nodes"),
        "{\"containers\":[{\"container\":\"n2\",\"due\":true," POLICY
        ",{\"container\":\"n1\",\"due\":false," POLICY
        "],\"due\":1,\"due_ever\":1,\"group\":\"healing\","
        "\"in_scope\":2,\"left_out\":0,\"recovered\":0,"
        "\"rule\":\"nodes\"}");
    ck_assert_str_eq(rulebench_rule_text(rb, "nodes"),
                     "  nodes: 1 due of 2 in scope, recovered 0\n"
                     "    revival due: n2 since 1970-01-01T00:00:01.010000000Z "
                     "(policy: 3 attempts in 30m, dry run)\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_that_is_dropped_withdraws_what_is_due)
{
    start(UP "2000 " N1(DIED) "3000");
    rulebench_reload(rb, "groups: []\n");
    ck_assert_str_eq(rulebench_timeline(rb),
                     DUE "3.000 revive nodes n1 due -> withdrawn\n");
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &other_rules_see_what_is_due,
    &the_report_has_each_container_and_the_policy,
    &a_rule_that_is_dropped_withdraws_what_is_due,
};

static const struct suite_table tables[] = {
    { &a_revival_becomes_due_and_is_over, COUNT(cases) },
};

int main(void)
{
    return RUN_SUITE("engine revive", tests, tables);
}
