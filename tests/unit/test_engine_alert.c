#include "support/rulebench.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULE(lines)                                                            \
    "groups:\n"                                                                \
    "  - name: g\n"                                                            \
    "    rules:\n"                                                             \
    "      - alert: Down\n"                                                    \
    "        foreach: host, h in state.hosts\n"                                \
    "        expr: h.load > 5\n" lines

static const char at_once[] = RULE("");
static const char after[] = RULE("        for: 2s\n");
static const char keeping[] = RULE("        keep_firing_for: 3s\n");
static const char both[] = RULE("        for: 2s\n"
                                "        keep_firing_for: 3s\n");
static const char told_missing[] = RULE("        no_data: alert\n");
static const char kept_missing[] = RULE("        no_data: keep\n");
static const char ok_missing[] = RULE("        no_data: ok\n");
static const char kept_after[] = RULE("        for: 2s\n"
                                      "        no_data: keep\n");
static const char labelled[] =
    RULE("        labels: {severity: page, load: 'load {{ h.load }}'}\n"
         "        annotations: {summary: '{{ host }} is at {{ h.load }}'}\n");
static const char renamed[] = RULE("        labels: {host: 'h-{{ host }}'}\n");
static const char broken_text[] =
    RULE("        annotations: {summary: 'free: {{ h.free }}.'}\n");
static const char single[] = "groups:\n"
                             "  - name: g\n"
                             "    rules:\n"
                             "      - alert: Few\n"
                             "        expr: size(state.hosts) < 2\n";
static const char chained[] =
    RULE("      - alert: Many\n"
         "        expr: state.monitor.alerts.Down.firing >= 2\n");

#define A(body) "{\"hosts\":{\"a\":{" body "}}}\n"
#define LOAD(n) A("\"load\":" #n)
#define BAD     A("\"load\":\"x\"")
#define GONE    "{\"hosts\":{\"a\":null}}\n"
#define NO_LOAD A("\"load\":null")

#define FIRES   "1.010 alert Down a inactive -> firing\n"
#define PENDING "1.010 alert Down a inactive -> pending\n"

static const struct rulecase cases[] = {
    { "without for it fires at once", at_once,
      "1000 " LOAD(9) "2000 " LOAD(1) "3000",
      FIRES "2.010 alert Down a firing -> resolved\n" },
    { "it fires once", at_once, "1000 " LOAD(9) "2000 " LOAD(8) "3000", FIRES },
    { "a peak between two instants is not seen", at_once,
      "1001 " LOAD(9) "1002 " LOAD(1) "2000", "" },
    { "a gap between two instants is not seen", at_once,
      "1000 " LOAD(9) "2001 " LOAD(1) "2002 " LOAD(9) "3000", FIRES },
    { "for has to pass", after, "1000 " LOAD(9) "5000",
      PENDING "3.010 alert Down a pending -> firing\n" },
    { "not quite", after, "1000 " LOAD(9) "3009 " LOAD(1) "5000",
      PENDING "3.010 alert Down a pending -> inactive\n" },
    { "just", after, "1000 " LOAD(9) "3010 " LOAD(1) "5000",
      PENDING "3.010 alert Down a pending -> firing\n"
              "3.020 alert Down a firing -> resolved\n" },
    { "for starts again", after,
      "1000 " LOAD(9) "2000 " LOAD(1) "2500 " LOAD(9) "5000",
      PENDING "2.010 alert Down a pending -> inactive\n"
              "2.510 alert Down a inactive -> pending\n"
              "4.510 alert Down a pending -> firing\n" },
    { "another value is no new beginning", after,
      "1000 " LOAD(9) "2000 " LOAD(8) "5000",
      PENDING "3.010 alert Down a pending -> firing\n" },
    { "it keeps firing", keeping, "1000 " LOAD(9) "2000 " LOAD(1) "9000",
      FIRES "5.010 alert Down a firing -> resolved\n" },
    { "it keeps firing anew each time", keeping,
      "1000 " LOAD(9) "2000 " LOAD(1) "4000 " LOAD(9) "6000 " LOAD(1) "20000",
      FIRES "9.010 alert Down a firing -> resolved\n" },
    { "only what fires is kept", both, "1000 " LOAD(9) "2000 " LOAD(1) "9000",
      PENDING "2.010 alert Down a pending -> inactive\n" },
    { "for and keep_firing_for", both, "1000 " LOAD(9) "4000 " LOAD(1) "9000",
      PENDING "3.010 alert Down a pending -> firing\n"
              "7.010 alert Down a firing -> resolved\n" },
    { "no data is no alert", ok_missing, "1000 " LOAD(9) "2000 " NO_LOAD "3000",
      FIRES "2.010 alert Down a firing -> resolved\n" },
    { "no data is no alert, unless said otherwise", at_once,
      "1000 " LOAD(9) "2000 " NO_LOAD "3000",
      FIRES "2.010 alert Down a firing -> resolved\n" },
    { "no data is an alert", told_missing,
      "1000 " A("\"x\":1") "2000 " LOAD(1) "3000 " NO_LOAD "4000",
      FIRES "2.010 alert Down a firing -> resolved\n"
            "3.010 alert Down a inactive -> firing\n" },
    { "without data it is what it was: firing", kept_missing,
      "1000 " LOAD(9) "2000 " NO_LOAD "3000 " LOAD(1) "4000",
      FIRES "3.010 alert Down a firing -> resolved\n" },
    { "without data it is what it was: inactive", kept_missing,
      "1000 " A("\"x\":1") "2000 " LOAD(1) "3000 " NO_LOAD "4000", "" },
    { "without data it is what it was: pending, and for goes on", kept_after,
      "1000 " LOAD(9) "2000 " NO_LOAD "5000",
      PENDING "3.010 alert Down a pending -> firing\n" },
    { "an error leaves it firing and makes the rule ill", at_once,
      "1000 " LOAD(9) "2000 " BAD "3000 " LOAD(1) "4000",
      FIRES "2.010 alert Down ok -> error | a: no overload of '>' for "
            "(string, int)\n"
            "3.010 alert Down a firing -> resolved\n"
            "3.010 alert Down error -> ok\n" },
    { "an error leaves it inactive", at_once, "1000 " BAD "2000",
      "1.010 alert Down ok -> error | a: no overload of '>' for (string, "
      "int)\n" },
    { "the rule is well again when the element in error goes", at_once,
      "1000 " BAD "2000 " GONE "3000",
      "1.010 alert Down ok -> error | a: no overload of '>' for (string, "
      "int)\n"
      "2.010 alert Down error -> ok\n" },
    { "the element goes", at_once, "1000 " LOAD(9) "2000 " GONE "3000",
      FIRES "2.010 alert Down a firing -> resolved\n" },
    { "the element goes while it is pending", after,
      "1000 " LOAD(9) "2000 " GONE "5000",
      PENDING "2.010 alert Down a pending -> inactive\n" },
    { "the element goes, the alert is kept", keeping,
      "1000 " LOAD(9) "2000 " GONE "9000",
      FIRES "5.010 alert Down a firing -> resolved\n" },
    { "the element is back before that", keeping,
      "1000 " LOAD(9) "2000 " GONE "3000 " LOAD(9) "9000", FIRES },
    { "the element goes and comes between two instants", after,
      "1000 " LOAD(9) "2001 " GONE "2002 " LOAD(9) "5000",
      PENDING "3.010 alert Down a pending -> firing\n" },
    { "instances by key", at_once,
      "1000 {\"hosts\":{\"b\":{\"load\":9},\"a/c\":{\"load\":9}}}\n2000",
      "1.010 alert Down a~1c inactive -> firing\n"
      "1.010 alert Down b inactive -> firing\n" },
    { "the summary is told", labelled, "1000 " LOAD(9) "2000 " LOAD(1) "3000",
      "1.010 alert Down a inactive -> firing | a is at 9\n"
      "2.010 alert Down a firing -> resolved\n" },
    { "one without foreach", single,
      "1000 {\"hosts\":{\"a\":1}}\n2000 {\"hosts\":{\"b\":1}}\n3000",
      "1.010 alert Few inactive -> firing\n"
      "2.010 alert Few firing -> resolved\n" },
    { "one that looks at others", chained,
      "1000 " LOAD(9) "2000 {\"hosts\":{\"b\":{\"load\":9}}}\n3000 " GONE
                      "4000",
      FIRES "2.010 alert Down b inactive -> firing\n"
            "2.010 alert Many inactive -> firing\n"
            "3.010 alert Down a firing -> resolved\n"
            "3.010 alert Many firing -> resolved\n" },
};

START_TEST(an_alert_has_the_life_cycle_of_prometheus)
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

/* Labels are who the alert is: those of its beginning. */
START_TEST(a_notice_has_labels_and_annotations)
{
    start(labelled, "1000 " LOAD(9) "1500 " LOAD(7) "2000 " LOAD(1) "3000");
    ck_assert_str_eq(
        rulebench_notices(rb),
        "1.010 firing {alertname=Down,host=a,load=load 9,severity=page} "
        "{summary=a is at 9}\n"
        "2.010 resolved {alertname=Down,host=a,load=load 9,severity=page} "
        "{summary=a is at 7}\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_label_of_the_rule_goes_before_a_key)
{
    start(renamed, "1000 " LOAD(9) "2000");
    ck_assert_str_eq(rulebench_notices(rb),
                     "1.010 firing {alertname=Down,host=h-a} {}\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(an_annotation_without_data_says_so_and_the_alert_fires)
{
    start(broken_text, "1000 " LOAD(9) "2000");
    ck_assert_ptr_nonnull(strstr(rulebench_notices(rb),
                                 "1.010 firing {alertname=Down,host=a} "
                                 "{summary=free: <no data: h.free>."));
    rulebench_free(rb);
}
END_TEST

START_TEST(what_is_pending_is_not_noticed)
{
    start(after, "1000 " LOAD(9) "2000 " LOAD(1) "5000");
    ck_assert_str_eq(rulebench_notices(rb), "");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_in_error_is_an_alert_by_itself)
{
    start(at_once, "1000 " BAD "2000 " LOAD(1) "3000");
    ck_assert_str_eq(
        rulebench_notices(rb),
        "1.010 firing {alertname=RuleError,group=g,kind=alert,rule=Down} "
        "{summary=a: no overload of '>' for (string, int)}\n"
        "2.010 resolved {alertname=RuleError,group=g,kind=alert,rule=Down} "
        "{summary=a: no overload of '>' for (string, int)}\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(other_rules_see_alerts)
{
    start(after, "1000 " LOAD(9) "2000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.alerts.Down"),
                     "{\"firing\":0,\"instances\":{\"a\":{"
                     "\"active_at\":\"1970-01-01T00:00:01.010000000Z\","
                     "\"state\":\"pending\"}},\"pending\":1}");
    rulebench_play(rb, "3500 " LOAD(1) "4000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.alerts.Down"),
                     "{\"firing\":0,\"instances\":{},\"pending\":0}");
    rulebench_free(rb);
}
END_TEST

START_TEST(one_without_foreach_leaves_nothing_behind)
{
    start(single, "1000 {\"hosts\":{\"a\":1}}\n1500");
    ck_assert_str_eq(rulebench_at(rb, "monitor.alerts.Few.instances.state"),
                     "\"firing\"");
    rulebench_play(rb, "2000 {\"hosts\":{\"b\":1}}\n3000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.alerts.Few"),
                     "{\"firing\":0,\"pending\":0}");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_reload_keeps_the_timers_of_rules_that_stay)
{
    start(both, "1000 " LOAD(9) "2000");
    rulebench_reload(rb, both);
    rulebench_play(rb, "4000 " LOAD(1) "5000");
    rulebench_reload(rb, both);
    rulebench_play(rb, "9000");
    ck_assert_str_eq(rulebench_timeline(rb),
                     PENDING "3.010 alert Down a pending -> firing\n"
                             "7.010 alert Down a firing -> resolved\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_that_changes_begins_anew)
{
    start(at_once, "1000 " LOAD(9) "2000");
    rulebench_reload(rb, after);
    rulebench_play(rb, "3000 " A("\"x\":1") "9000");
    ck_assert_str_eq(rulebench_timeline(rb),
                     FIRES "2.000 alert Down a firing -> resolved\n"
                           "2.010 alert Down a inactive -> pending\n"
                           "4.010 alert Down a pending -> firing\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_has_what_fires)
{
    start(labelled, "1000 " LOAD(9) "2000 " LOAD(1) "3000 " LOAD(8) "4000");
    ck_assert_str_eq(
        rulebench_rule_report(rb, "Down"),
        "{\"alerts\":[{\"activeAt\":\"1970-01-01T00:00:03.010000000Z\","
        "\"annotations\":{\"summary\":\"a is at 8\"},"
        "\"labels\":{\"alertname\":\"Down\",\"host\":\"a\","
        "\"load\":\"load 8\",\"severity\":\"page\"},\"state\":\"firing\","
        "\"value\":\"1e+00\"}],\"fired\":2,\"firing\":1,\"group\":\"g\","
        "\"pending\":0,\"resolved\":1,\"rule\":\"Down\"}");
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &a_notice_has_labels_and_annotations,
    &a_label_of_the_rule_goes_before_a_key,
    &an_annotation_without_data_says_so_and_the_alert_fires,
    &what_is_pending_is_not_noticed,
    &a_rule_in_error_is_an_alert_by_itself,
    &other_rules_see_alerts,
    &one_without_foreach_leaves_nothing_behind,
    &a_reload_keeps_the_timers_of_rules_that_stay,
    &a_rule_that_changes_begins_anew,
    &the_report_has_what_fires,
};

static const struct suite_table tables[] = {
    { &an_alert_has_the_life_cycle_of_prometheus, COUNT(cases) },
};

int main(void)
{
    return RUN_SUITE("engine alert", tests, tables);
}
