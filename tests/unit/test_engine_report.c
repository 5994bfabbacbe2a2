#include "engine/engine.h"

#include "data/json.h"
#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* A rule of each kind. */
static const char rules[] =
    "groups:\n"
    "  - name: web\n"
    "    rules:\n"
    "      - alert: Slow\n"
    "        foreach: host, h in state.hosts\n"
    "        expr: 100 / h.speed > 20\n"
    "        for: 1500ms\n"
    "        keep_firing_for: 250ms\n"
    "        labels: {severity: warning, at: 'on {{ host }}, {{h.speed}}'}\n"
    "        annotations: {summary: '{{ host }} is slow'}\n"
    "      - count: hosts\n"
    "        foreach: host, h in state.hosts\n"
    "        type: gauge\n"
    "        by: [host]\n"
    "      - errors: app\n"
    "  - name: apps\n"
    "    rules:\n"
    "      - intent: scrape\n"
    "        foreach: id, it in state.intents\n"
    "        parties: it.hosts\n"
    "        answers: it.answers\n"
    "      - machine: boot\n"
    "        foreach: host, h in state.hosts\n"
    "        phases:\n"
    "          - phase: slow\n"
    "          - {phase: fast, when: h.speed > 50}\n"
    "      - revive: nodes\n"
    "        containers: 'true'\n"
    "        when: c.state == 'exited'\n";

#define HOSTS "1000 {\"hosts\":{\"a\":{\"speed\":1},\"b\":{\"speed\":100}}}\n"
#define INTENT                                                                 \
    "1500 {\"intents\":{\"i7\":{\"hosts\":[\"x\"],\"answers\":{}}}}\n"
#define REST                                                                   \
    "1600 {\"level\":\"error\",\"msg\":\"bad\"}\n"                             \
    "4000 {\"hosts\":{\"c\":{\"speed\":0}}}\n"

/* What one of the engine's writers writes. */
typedef void writer(struct engine *e, struct buf *out);

static char *written(struct rulebench *rb, writer *write)
{
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    write(core_engine(rulebench_core(rb)), &out);
    buf_cstr(&out);
    return out.p;
}

static void report_at_5_s(struct engine *e, struct buf *out)
{
    engine_report(e, 5 * NSEC_SEC, out);
}

static void text_at_5_s(struct engine *e, struct buf *out)
{
    engine_report_text(e, 5 * NSEC_SEC, out);
}

static void metrics_text(struct engine *e, struct buf *out)
{
    struct metrics m = { .out = out };

    engine_metrics(e, &m);
}

static void assert_written(const char *yaml, const char *script, writer *write,
                           const char *text)
{
    struct rulebench *rb = rulebench_new(yaml);
    char *got;

    rulebench_play(rb, script);
    got = written(rb, write);
    ck_assert_str_eq(got, text);
    free(got);
    rulebench_free(rb);
}

static void assert_has(const char *yaml, const char *script, writer *write,
                       const char *part)
{
    struct rulebench *rb = rulebench_new(yaml);
    char *got;

    rulebench_play(rb, script);
    got = written(rb, write);
    ck_assert_msg(strstr(got, part) != NULL, "%s\nnot in\n%s", part, got);
    free(got);
    rulebench_free(rb);
}

START_TEST(a_report_without_rules_is_empty)
{
    assert_written("groups: []\n", "1000", report_at_5_s,
                   "{\"alerts\":[],\"at\":\"1970-01-01T00:00:05.000000000Z\","
                   "\"counts\":[],\"errors\":[],\"intents\":[],\"machines\":[],"
                   "\"revivals\":[],\"rules\":[],\"timeline\":[],"
                   "\"timeline_left_out\":0}");
    assert_written("groups: []\n", "1000", text_at_5_s,
                   "report at 1970-01-01T00:00:05.000000000Z, 0 rules, "
                   "0 firing\n");
}
END_TEST

START_TEST(a_report_is_canonical_json)
{
    struct tape_parser *parser = tape_parser_new(1);
    struct rulebench *rb = rulebench_new(rules);
    struct tape tape;
    struct err err;
    struct buf again;
    char *got;

    rulebench_play(rb, HOSTS INTENT REST "5000");
    got = written(rb, report_at_5_s);
    ck_assert_int_eq(tape_parse(parser, slice_str(got), &tape, &err), ST_OK);
    buf_init(&again, BUF_NO_CAP);
    json_value(&tape, 0, &again);
    ck_assert_str_eq(got, buf_cstr(&again));
    buf_release(&again);
    free(got);
    tape_parser_free(parser);
    rulebench_free(rb);
}
END_TEST

START_TEST(rules_stand_by_group_and_name)
{
    assert_has(rules, HOSTS INTENT REST "5000", report_at_5_s,
               "\"rules\":["
               "{\"errors\":0,\"group\":\"apps\",\"health\":\"ok\","
               "\"kind\":\"machine\",\"rule\":\"boot\"},"
               "{\"errors\":0,\"group\":\"apps\",\"health\":\"ok\","
               "\"kind\":\"revive\",\"rule\":\"nodes\"},"
               "{\"errors\":0,\"group\":\"apps\",\"health\":\"ok\","
               "\"kind\":\"intent\",\"rule\":\"scrape\"},"
               "{\"errors\":1,\"group\":\"web\",\"health\":\"err\","
               "\"kind\":\"alert\",\"last_error\":\"c: division by zero, at "
               "'100 / h.speed'\",\"rule\":\"Slow\"},"
               "{\"errors\":0,\"group\":\"web\",\"health\":\"ok\","
               "\"kind\":\"errors\",\"rule\":\"app\"},"
               "{\"errors\":0,\"group\":\"web\",\"health\":\"ok\","
               "\"kind\":\"count\",\"rule\":\"hosts\"}],");
}
END_TEST

START_TEST(a_report_is_the_same_however_time_was_cut)
{
    struct rulebench *few = rulebench_new(rules), *many = rulebench_new(rules);
    char *a, *b;

    rulebench_play(few, HOSTS INTENT REST "5000");
    rulebench_play(many, HOSTS "1001\n1009\n1010\n" INTENT "1503\n1555\n" REST
                               "1600\n1601\n1777\n4003\n4999\n5000");
    a = written(few, report_at_5_s);
    b = written(many, report_at_5_s);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    rulebench_free(few);
    rulebench_free(many);
}
END_TEST

START_TEST(a_timeline_shows_the_last_thousand)
{
    struct rulebench *rb =
        rulebench_new("groups:\n  - name: g\n    rules:\n"
                      "      - alert: A\n        expr: state.n == 1\n");
    char line[40], *got;
    int k;

    for (k = 0; k < 503; k++) {
        snprintf(line, sizeof(line), "{\"n\":%d}", 1 - k % 2);
        rulebench_line(rb, 1000 + 10 * k, line);
    }
    rulebench_advance(rb, 20000);
    rulebench_line(rb, 21000, "{\"n\":0}");
    rulebench_advance(rb, 22000);
    got = written(rb, report_at_5_s);
    ck_assert_ptr_nonnull(strstr(got, "\"ordinal\":504,"));
    ck_assert_ptr_nonnull(strstr(got, "\"timeline_left_out\":0}"));
    free(got);
    for (k = 0; k < 500; k++) {
        snprintf(line, sizeof(line), "{\"n\":%d}", 1 - k % 2);
        rulebench_line(rb, 30000 + 10 * k, line);
    }
    rulebench_advance(rb, 40000);
    got = written(rb, report_at_5_s);
    ck_assert_ptr_null(strstr(got, "\"ordinal\":4,"));
    ck_assert_ptr_nonnull(strstr(got, "\"ordinal\":5,"));
    ck_assert_ptr_nonnull(strstr(got, "\"timeline_left_out\":4}"));
    free(got);
    rulebench_free(rb);
}
END_TEST

/* -- for people ---------------------------------------------------------- */

START_TEST(people_see_a_section_for_each_kind_that_there_is)
{
    static const char *const titles[] = {
        "\n\nRULES IN ERROR\n", "\n\nALERTS\n", "\n\nINTENTS\n",
        "\n\nMACHINES\n",       "\n\nCOUNTS\n", "\n\nERRORS\n",
        "\n\nREVIVALS\n"
    };
    struct rulebench *rb = rulebench_new(rules);
    const char *at;
    char *got;
    size_t k;

    rulebench_play(rb, HOSTS INTENT REST "5000");
    got = written(rb, text_at_5_s);
    ck_assert_ptr_eq(
        strstr(got, "report at 1970-01-01T00:00:05.000000000Z, 6 rules, "
                    "1 firing, 1 in error\n"),
        got);
    for (k = 0, at = got; k < COUNT(titles); k++) {
        at = strstr(at, titles[k]);
        ck_assert_msg(at != NULL, "%s in\n%s", titles[k], got);
    }
    free(got);
    rulebench_free(rb);
}
END_TEST

START_TEST(people_see_no_sections_of_kinds_that_there_are_not)
{
    assert_written("groups:\n  - name: g\n    rules:\n"
                   "      - count: n\n        value: state.n\n",
                   "1000 {\"n\":12}\n2000", text_at_5_s,
                   "report at 1970-01-01T00:00:05.000000000Z, 1 rule, "
                   "0 firing\n\n"
                   "COUNTS\n"
                   "  n: total 12\n");
}
END_TEST

START_TEST(people_see_what_is_wrong_with_a_rule)
{
    assert_has(rules, HOSTS INTENT REST "5000", text_at_5_s,
               "\n\nRULES IN ERROR\n"
               "  alert Slow: failing, 1 error, the last: c: division by zero, "
               "at '100 / h.speed'\n");
    assert_has(rules, HOSTS INTENT REST "4500 {\"hosts\":{\"c\":null}}\n5000",
               text_at_5_s, "  alert Slow: well again, 1 error, the last: c: ");
}
END_TEST

START_TEST(people_see_first_what_fails_now)
{
    assert_written("groups:\n  - name: g\n    rules:\n"
                   "      - errors: a\n        match: line.v.size() > 2\n"
                   "      - {alert: B, expr: 1 / state.b > 0}\n"
                   "      - {alert: C, expr: 1 / state.c > 0}\n",
                   "1000 {\"b\":0,\"c\":0,\"v\":1}\n2000 {\"b\":2}\n3000",
                   text_at_5_s,
                   "report at 1970-01-01T00:00:05.000000000Z, 3 rules, "
                   "0 firing, 1 in error\n\n"
                   "RULES IN ERROR\n"
                   "  alert C: failing, 1 error, the last: division by zero, "
                   "at '1 / state.c'\n"
                   "  alert B: well again, 1 error, the last: division by "
                   "zero, at '1 / state.b'\n"
                   "  errors a: well, 1 error, the last: match: no overload of "
                   "'size' for (int)\n\n"
                   "ALERTS\n"
                   "  B: quiet\n"
                   "  C: in error: see RULES IN ERROR\n\n"
                   "ERRORS\n"
                   "  a: 0 in 0 groups\n");
}
END_TEST

/* -- for Prometheus ------------------------------------------------------ */

#define ACTIVE                                                                 \
    "{\"activeAt\":\"1970-01-01T00:00:01.010000000Z\","                        \
    "\"annotations\":{\"summary\":\"a is slow\"},"                             \
    "\"labels\":{\"alertname\":\"Slow\",\"at\":\"on a, 1\",\"host\":\"a\","    \
    "\"severity\":\"warning\"},\"state\":\"firing\",\"value\":\"1e+00\"}"

START_TEST(alerts_have_the_shape_of_prometheus)
{
    assert_written(rules, HOSTS "5000", engine_api_alerts,
                   "{\"status\":\"success\",\"data\":{\"alerts\":[" ACTIVE
                   "]}}");
}
END_TEST

START_TEST(a_rule_in_error_is_an_alert)
{
    assert_written("groups:\n  - name: g\n    rules:\n"
                   "      - {count: n, value: 1 / state.n}\n",
                   "1000 {\"n\":0}\n2000", engine_api_alerts,
                   "{\"status\":\"success\",\"data\":{\"alerts\":["
                   "{\"activeAt\":\"1970-01-01T00:00:01.010000000Z\","
                   "\"annotations\":{\"summary\":\"division by zero\"},"
                   "\"labels\":{\"alertname\":\"RuleError\",\"group\":\"g\","
                   "\"kind\":\"count\",\"rule\":\"n\"},"
                   "\"state\":\"firing\",\"value\":\"1e+00\"}]}}");
}
END_TEST

START_TEST(alerting_rules_have_the_shape_of_prometheus)
{
    assert_has(rules, HOSTS "5000", engine_api_rules,
               "{\"file\":\"rules.yaml\",\"interval\":0.01,\"name\":\"web\","
               "\"rules\":[{\"alerts\":[" ACTIVE "],"
               "\"annotations\":{\"summary\":\"{{ host }} is slow\"},"
               "\"duration\":1.5,\"evaluationTime\":0,\"health\":\"ok\","
               "\"keepFiringFor\":0.25,"
               "\"labels\":{\"at\":\"on {{ host }}, {{ h.speed }}\","
               "\"severity\":\"warning\"},"
               "\"lastEvaluation\":\"1970-01-01T00:00:02.510000000Z\","
               "\"name\":\"Slow\","
               "\"query\":\"100 / h.speed > 20\",\"state\":\"firing\","
               "\"type\":\"alerting\"},");
}
END_TEST

START_TEST(other_rules_have_types_of_their_own)
{
    assert_written("groups:\n  - name: g\n    rules:\n"
                   "      - count: n\n        value: state.n\n"
                   "      - errors: app\n",
                   "1000 {\"n\":12}\n2000", engine_api_rules,
                   "{\"status\":\"success\",\"data\":{\"groups\":["
                   "{\"file\":\"rules.yaml\",\"interval\":0.01,\"name\":\"g\","
                   "\"rules\":[{\"evaluationTime\":0,\"health\":\"ok\","
                   "\"instances\":1,"
                   "\"lastEvaluation\":\"1970-01-01T00:00:01.010000000Z\","
                   "\"name\":\"n\","
                   "\"type\":\"bladewatch_count\"},"
                   "{\"evaluationTime\":0,\"health\":\"ok\","
                   "\"instances\":0,"
                   "\"lastEvaluation\":\"0001-01-01T00:00:00Z\","
                   "\"name\":\"app\","
                   "\"type\":\"bladewatch_errors\"}]}]}}");
}
END_TEST

static const char *const samples[] = {
    "\nbladewatch_rules{kind=\"count\"} 1\n",
    "\nbladewatch_rule_instances{group=\"web\",kind=\"count\",rule=\"hosts\"} "
    "3\n",
    "\nbladewatch_rule_errors_total{group=\"web\",kind=\"alert\","
    "rule=\"Slow\"} 1\n",
    "\nbladewatch_alerts{alertname=\"Slow\",group=\"web\",state=\"firing\"} "
    "1\n",
    "\nbladewatch_alerts{alertname=\"RuleError\",group=\"web\",kind=\"alert\","
    "rule=\"Slow\",state=\"firing\"} 1\n",
    "\nbladewatch_alerts{alertname=\"RuleError\",group=\"web\",kind=\"count\","
    "rule=\"hosts\",state=\"firing\"} 0\n",
    "\nbladewatch_intents{group=\"apps\",rule=\"scrape\","
    "status=\"unanswered\"} 1\n",
    "\nbladewatch_machine_instances{group=\"apps\",rule=\"boot\","
    "phase=\"slow\"} 2\n",
    "\nbladewatch_errors_total{group=\"web\",rule=\"app\"} 1\n",
    "\nbladewatch_revivals_due{group=\"apps\",rule=\"nodes\"} 0\n",
    "\n# TYPE bladewatch_count_hosts gauge\n"
    "bladewatch_count_hosts{host=\"a\"} 1\n",
};

START_TEST(metrics_say)
{
    assert_has(rules, HOSTS INTENT REST "5000", metrics_text, samples[_i]);
}
END_TEST

/* The families of these counts, in the order of their names. */
static const char oddly_named[] =
    "groups:\n"
    "  - name: g\n"
    "    rules:\n"
    "      - {count: itemsSent, value: 1.5}\n"
    "      - {count: items-sent, value: 1}\n"
    "      - {count: items_total, value: 1}\n"
    "      - {count: jobs_total, value: 1, type: gauge}\n"
    "      - {count: 'été!', value: 1}\n"
    "      - {count: '数', value: 1, type: gauge}\n";

/* The families of counts alone. */
static void count_families(struct engine *e, struct buf *out)
{
    static const char type[] = "# TYPE bladewatch_count_";
    char *all, *line, *rest;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    metrics_text(e, &text);
    buf_cstr(&text);
    all = text.p;
    for (rest = all; (line = strsep(&rest, "\n"));)
        if (strncmp(line, type, sizeof(type) - 1) == 0)
            buf_printf(out, "%s\n", line + sizeof(type) - 1);
    buf_release(&text);
}

START_TEST(names_of_counts_become_names_of_metrics)
{
    assert_written(oddly_named, "1000", count_families,
                   "items_sent_total counter\n"
                   "items_sent_2_total counter\n"
                   "items_total counter\n"
                   "jobs_total_now gauge\n"
                   "t_total counter\n"
                   "now gauge\n");
}
END_TEST

static const TTest **const tests[] = {
    &a_report_without_rules_is_empty,
    &a_report_is_canonical_json,
    &rules_stand_by_group_and_name,
    &a_report_is_the_same_however_time_was_cut,
    &a_timeline_shows_the_last_thousand,
    &people_see_a_section_for_each_kind_that_there_is,
    &people_see_no_sections_of_kinds_that_there_are_not,
    &people_see_what_is_wrong_with_a_rule,
    &people_see_first_what_fails_now,
    &alerts_have_the_shape_of_prometheus,
    &a_rule_in_error_is_an_alert,
    &alerting_rules_have_the_shape_of_prometheus,
    &other_rules_have_types_of_their_own,
    &names_of_counts_become_names_of_metrics,
};

static const struct suite_table tables[] = {
    { &metrics_say, COUNT(samples) },
};

int main(void)
{
    return RUN_SUITE("engine report", tests, tables);
}
