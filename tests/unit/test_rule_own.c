#include "support/ruleset.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct rules rules;

static void teardown(void)
{
    rules_release(&rules);
    rules = (struct rules){ 0 };
}

/* An expression of an alert for each element, and what is said of it. */
static const struct {
    const char *in, *expr, *wanted;
} slips[] = {
    { "n, c in state.docker.containers", "c.stat == 'exited'",
      "1:92 bladewatch writes no \"stat\" below state.docker.containers.*" },
    { "n, c in state.docker.containers", "c.state == 'stat' || has(c.stat)",
      "1:117 bladewatch writes no \"stat\" below state.docker.containers.*" },
    { "n, c in state.docker.containers", "c.prob.down && !c.prob.ok",
      "1:92 bladewatch writes no \"prob\" below state.docker.containers.*" },
    { "n, c in state.docker.containers", "c.?stat.orValue('') == ''",
      "1:93 bladewatch writes no \"stat\" below state.docker.containers.*" },
    { "n, c in state.docker.containers", "c.events.dy.n > 3",
      "1:99 bladewatch writes no \"dy\" below "
      "state.docker.containers.*.events" },
    { "n, c in state.docker.containers", "c.stats.memPercnt > 90",
      "1:98 bladewatch writes no \"memPercnt\" below "
      "state.docker.containers.*.stats" },
    { "n in state.x", "state.docker.containers[n].stat == ''",
      "1:98 bladewatch writes no \"stat\" below state.docker.containers.*" },
    { "n in state.x", "state['docker'].engin.state == ''",
      "1:87 bladewatch writes no \"engin\" below state.docker" },
    { "n in state.docker.container", "n == 'x'",
      "1:67 bladewatch writes no \"container\" below state.docker" },
    { "n, p in state.probes", "p.dwn",
      "1:81 bladewatch writes no \"dwn\" below state.probes.*" },
    { "n, r in state.monitor.revivals.r", "r.stat == ''",
      "1:93 bladewatch writes no \"stat\" below state.monitor.revivals.r.*" },
    { "n, b in state.monitor.breakers", "b.opn",
      "1:91 bladewatch writes no \"opn\" below state.monitor.breakers.*" },
    { "n, m in state.monitor.machines.m", "m.phse == ''",
      "1:93 bladewatch writes no \"phse\" below state.monitor.machines.m.*" },
    { "n, m in state.monitor.machines.m", "m.times.low > 3", NULL },
    /* this rule has two stars, so that the second key is anything */
    { "n, m in state.monitor.machines.deep", "m.phse.phase == ''", NULL },
    { "n, m in state.monitor.machines.deep", "m.a.phse == ''",
      "1:98 bladewatch writes no \"phse\" below "
      "state.monitor.machines.deep.*.a" },
    /* there anybody may write what he likes */
    { "n, c in state.docker.containers", "c.labels.rol == 'x'", NULL },
    { "n, p in state.probes", "p.body.dwn", NULL },
    { "n, x in state", "x.stat == ''", NULL },
    { "n, x in state.docker", "x.stat == ''", NULL },
};

START_TEST(a_member_that_bladewatch_never_writes_is_warned_of)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text,
               "{alert: a, foreach: '%s', expr: \"%s\"},"
               "{revive: r, containers: 'true', when: 'false'},"
               "{machine: m, foreach: h in state.h, phases: [{phase: low}]},"
               "{machine: deep, foreach: 'h, i in state.h.*.*',"
               " phases: [{phase: low}]}",
               slips[_i].in, slips[_i].expr);
    rules = rules_in_group(buf_cstr(&text));
    buf_release(&text);
    ck_assert_uint_eq(rules.diags.errors, 0);
    if (slips[_i].wanted)
        rules_assert_one(&rules, slips[_i].wanted);
    else
        ck_assert_uint_eq(rules.diags.n, 0);
}
END_TEST

START_TEST(the_name_that_was_meant_is_told)
{
    rules = rules_in_group("{revive: r, containers: 'true', when: c.stat == "
                           "'exited'}");
    rules_assert_one(&rules, "1:68 bladewatch writes no \"stat\" below "
                             "state.docker.containers.*");
    ck_assert_str_eq(rules.diags.item[0].help, "did you mean \"state\"?");
}
END_TEST

START_TEST(a_slip_in_a_variable_is_told_there_and_once)
{
    rules = rules_of("groups: [{name: g, variables: [{name: v, expr: "
                     "state.docker.engin.state}], rules: [{alert: a, expr: "
                     "v == ''}, {alert: b, expr: v == 'x'}]}]");
    rules_assert_one(&rules,
                     "1:61 bladewatch writes no \"engin\" below state.docker");
}
END_TEST

static const TTest **const tests[] = {
    &the_name_that_was_meant_is_told,
    &a_slip_in_a_variable_is_told_there_and_once,
};

static const struct suite_table tables[] = {
    { &a_member_that_bladewatch_never_writes_is_warned_of, COUNT(slips) },
};

int main(void)
{
    return RUN_SUITE_WITH("rule own", NULL, teardown, tests, tables);
}
