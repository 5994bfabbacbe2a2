#include "engine/engine.h"

#include "engine/error_text.h"
#include "support/machine.h"
#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULES(lines) "groups:\n  - name: g\n    rules:\n" lines
#define APP(lines)   RULES("      - errors: app\n" lines)

static const char by_level[] = APP("");
static const char by_code[] = APP("        match: line.code >= 500\n");
static const char with_message[] =
    APP("        match: line.code >= 500\n"
        "        message: blade + ' says ' + string(line.code)\n");
static const char at_paths[] =
    APP("        paths: [state.web.errors, state.hosts.*.errors.*]\n");
static const char overlapping[] =
    APP("        paths: [state.*.errors, state.web.*, state.web.errors]\n");

/* -- what is an error ---------------------------------------------------- */

/* The messages that are new, in the order of their appearance. */
struct told {
    const char *name, *rules, *script, *messages;
};

static const struct told tolds[] = {
    { "a line of level error", by_level,
      "1000 {\"level\":\"error\",\"msg\":\"a\"}\n"
      "1000 {\"level\":\"warning\",\"msg\":\"b\"}\n"
      "1000 {\"level\":7,\"msg\":\"c\"}\n"
      "1000 {\"x\":{\"level\":\"error\"},\"msg\":\"d\"}\n"
      "1000 [\"error\"]\n2000",
      "a" },
    { "a line that matches", by_code,
      "1000 {\"code\":499,\"msg\":\"a\"}\n"
      "1000 {\"code\":500,\"msg\":\"b\"}\n"
      "1000 {\"msg\":\"c\"}\n2000",
      "b" },
    { "a message of its own", with_message,
      "1000 {\"code\":503,\"msg\":\"x\"}\n2000", "b says 503" },
    { "where the message fails, the usual one", with_message,
      "1000 {\"code\":501.5,\"msg\":\"x\"}\n"
      "1001 {\"code\":{},\"msg\":\"y\"}\n2000",
      "b says 501.5" },
    { "the members that messages stand in", by_level,
      "1000 {\"level\":\"error\",\"reason\":\"r\"}\n"
      "1001 {\"level\":\"error\",\"reason\":\"r\",\"error\":\"e\"}\n"
      "1002 {\"level\":\"error\",\"error\":\"e\",\"message\":\"m\"}\n"
      "1003 {\"level\":\"error\",\"err\":{\"code\":1,\"message\":\"in\"}}\n"
      "1004 {\"level\":\"error\",\"msg\":7}\n2000",
      "r,e,m,in,{\"level\":\"error\",\"msg\":7}" },
    { "what is pushed", at_paths,
      "1000 {\"web\":{\"errors\":{\"$push\":\"a\"}}}\n"
      "1001 {\"web\":{\"errors\":{\"$push\":[\"b\",{\"msg\":\"c\"},[4]]}}}\n"
      "1002 {\"web\":{\"errors\":{\"$push\":[]}}}\n2000",
      "a,b,c,[4]" },
    { "the items of an array that were not there", at_paths,
      "1000 {\"web\":{\"errors\":[\"a\",\"b\"]}}\n"
      "1001 {\"web\":{\"errors\":[\"c\",\"b\",\"a\"]}}\n"
      "1002 {\"web\":{\"errors\":{\"$push\":\"d\"}}}\n"
      "1003 {\"web\":{\"errors\":[\"e\",\"d\",\"c\"]}}\n2000",
      "a,b,c,d,e" },
    { "a text", at_paths,
      "1000 {\"web\":{\"errors\":\"a \\\" quote\"}}\n"
      "1001 {\"web\":{\"errors\":\"a \\\" quote\"}}\n"
      "1002 {\"web\":{\"errors\":null}}\n"
      "1003 {\"web\":{\"errors\":true}}\n2000",
      "a \" quote,true" },
    { "a map as it is when the line is merged", at_paths,
      "1000 {\"hosts\":{\"h\":{\"errors\":{\"e1\":{\"msg\":\"a\"}}}}}\n"
      "1001 {\"hosts\":{\"h\":{\"errors\":{\"e1\":{\"msg\":\"b\"}}}}}\n"
      "1002 {\"hosts\":{\"h\":{\"errors\":{\"e2\":{\"x\":{\"y\":1}}}}}}\n"
      "2000",
      "a,{\"x\":{\"y\":1}}" },
    { "a key that has to be escaped", at_paths,
      "1000 {\"hosts\":{\"h/~\":{\"errors\":{\"a/b\":{\"msg\":\"a\"}}}}}\n"
      "2000",
      "a" },
    { "once, however many paths lead there", overlapping,
      "1000 {\"web\":{\"errors\":\"a\"}}\n2000", "a" },
    { "no increments", at_paths,
      "1000 {\"web\":{\"errors\":{\"$inc\":3}}}\n2000", "" },
    { "nothing that was refused", at_paths,
      "1000 {\"web\":{\"errors\":{\"$push\":null}}}\n"
      "1000 {\"hosts\":{\"h\":{\"errors\":null}}}\n2000",
      "null" },
};

static void add_sample(struct buf *out, const char *line)
{
    const char *sample = strstr(line, " | "), *end = strchr(line, '\n');

    ck_assert_ptr_nonnull(strstr(line, "errors app -> new"));
    buf_str(out, out->n ? "," : "");
    buf_slice(out, slice_of(sample + 3, (size_t)(end - sample - 3)));
}

static void check_told(const struct told *t, bool exhaustive)
{
    struct rulebench *rb = rulebench_new(t->rules);
    const char *line;
    struct buf got;

    if (exhaustive)
        rulebench_exhaustive(rb);
    rulebench_play(rb, t->script);
    buf_init(&got, BUF_NO_CAP);
    for (line = rulebench_timeline(rb); *line; line = strchr(line, '\n') + 1)
        add_sample(&got, line);
    ck_assert_msg(strcmp(buf_cstr(&got), t->messages) == 0, "%s: %s", t->name,
                  buf_cstr(&got));
    buf_release(&got);
    rulebench_free(rb);
}

START_TEST(these_are_errors)
{
    check_told(&tolds[_i], false);
    check_told(&tolds[_i], true);
}
END_TEST

START_TEST(a_line_of_text_is_a_message)
{
    struct rulebench *rb =
        rulebench_new(APP("        match: line.msg.contains('FATAL')\n"));
    struct engine *e = core_engine(rulebench_core(rb));

    ck_assert(engine_minds_lines(e));
    engine_line(e, NULL, 0, slice_str("all is well"), 0, NSEC_SEC);
    engine_line(e, NULL, 0, slice_str("FATAL \"x\" \xff"), 0, NSEC_SEC);
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.000 errors app -> new | FATAL \"x\" \xef\xbf\xbd\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(lines_that_cannot_be_judged_are_told_and_the_rule_stays_well)
{
    struct rulebench *rb = rulebench_new(by_code);

    rulebench_play(rb, "1000 {\"code\":\"x\"}\n2000");
    ck_assert_str_eq(rulebench_timeline(rb), "");
    ck_assert_str_eq(rulebench_notices(rb), "");
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules.errors.app.errors"), "1");
    ck_assert_str_eq(rulebench_at(rb, "monitor.rules.errors.app.health"),
                     "\"ok\"");
    ck_assert_ptr_nonnull(strstr(
        rulebench_at(rb, "monitor.rules.errors.app.last_error"), "match: "));
    rulebench_free(rb);
}
END_TEST

START_TEST(an_array_of_many_equal_items_is_no_work)
{
    struct rulebench *rb = rulebench_new(at_paths);
    struct buf line;
    int k;

    buf_init(&line, BUF_NO_CAP);
    buf_str(&line, "{\"web\":{\"errors\":[");
    for (k = 0; k < 30000; k++)
        buf_str(&line, k % 2 ? "1," : "2,");
    buf_str(&line, "3]}}");
    for (k = 0; k < 4; k++)
        rulebench_line(rb, 1000 + k, buf_cstr(&line));
    rulebench_advance(rb, 2000);
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.app.count"), "30001");
    buf_release(&line);
    rulebench_free(rb);
}
END_TEST

/* -- what errors have in common ------------------------------------------ */

static const struct {
    const char *message, *shape;
} shapes[] = {
    { "connection to 10.0.0.1:80 refused", "connection to N.N.N.N:N refused" },
    { "host12 of host3", "hostN of hostN" },
    { "id 3fa85f64-5717-4562-b3fc-2c963f66afa6!", "id X!" },
    { "commit deadbeef12 at 0x7ffe12a", "commit X at NxNffeNa" },
    { "commit deadbeef12 at 0x7ffe12ab34", "commit X at X" },
    { "at 12345678901", "at N" },
    { "defaced cafe", "defaced cafe" },
    { "open 'a7' and 'b', can't", "open 'X' and 'b', can't" },
    { "key \"user 17\" of `x`", "key \"X\" of `x`" },
    { " a\t\n b  \x01 ", "a b" },
    { "it's 5 o'clock", "it's N o'clock" },
    { "\xc3\xa9t\xc3\xa9 1999", "\xc3\xa9t\xc3\xa9 N" },
    { "", "" },
};

START_TEST(what_differs_between_messages_is_left_out)
{
    struct buf got;

    buf_init(&got, BUF_NO_CAP);
    error_shape(slice_str(shapes[_i].message), &got);
    ck_assert_str_eq(buf_cstr(&got), shapes[_i].shape);
    buf_release(&got);
}
END_TEST

START_TEST(a_shape_is_short_and_cuts_no_character)
{
    struct buf message, got;
    int k;

    buf_init(&message, BUF_NO_CAP);
    buf_init(&got, BUF_NO_CAP);
    buf_char(&message, 'x');
    for (k = 0; k < 300; k++)
        buf_str(&message, "\xc3\xa9");
    error_shape(buf_view(&message), &got);
    ck_assert_uint_eq(got.n, 199);
    buf_release(&message);
    buf_release(&got);
}
END_TEST

/* -- counts and groups --------------------------------------------------- */

static void log_as(struct rulebench *rb, const char *blade, int seq,
                   const char *msg)
{
    struct buf line;

    buf_init(&line, BUF_NO_CAP);
    buf_printf(&line,
               "{\"blade\":\"%s\",\"seq\":%d,\"ts\":%d000000000,\"body\":"
               "{\"level\":\"error\",\"msg\":\"%s\"}}",
               blade, seq, seq, msg);
    machine_feed(rulebench_core(rb), buf_view(&line));
    buf_release(&line);
}

static struct rulebench *with_errors(void)
{
    struct rulebench *rb = rulebench_new(by_level);

    log_as(rb, "a", 1, "timeout after 3 s");
    log_as(rb, "b", 2, "no route");
    log_as(rb, "b", 3, "timeout after 17 s");
    log_as(rb, "a", 4, "timeout after 3 s");
    rulebench_advance(rb, 5000);
    return rb;
}

START_TEST(errors_are_grouped_and_counted_by_blade)
{
    struct rulebench *rb = with_errors();

    ck_assert_str_eq(
        rulebench_rule_report(rb, "app"),
        "{\"count\":4,\"group\":\"g\",\"groups\":["
        "{\"blades\":{\"a\":2,\"b\":1},\"count\":3,"
        "\"fingerprint\":\"e843dee3455299ad\","
        "\"first\":\"1970-01-01T00:00:01.000000000Z\","
        "\"last\":\"1970-01-01T00:00:04.000000000Z\","
        "\"message\":\"timeout after N s\",\"sample\":\"timeout after 3 s\","
        "\"where\":\"line\"},"
        "{\"blades\":{\"b\":1},\"count\":1,"
        "\"fingerprint\":\"7397ec2edc47f14b\","
        "\"first\":\"1970-01-01T00:00:02.000000000Z\","
        "\"last\":\"1970-01-01T00:00:02.000000000Z\","
        "\"message\":\"no route\",\"sample\":\"no route\",\"where\":\"line\"}],"
        "\"left_out\":0,\"rule\":\"app\"}");
    rulebench_free(rb);
}
END_TEST

START_TEST(people_see_the_most_frequent_first)
{
    struct rulebench *rb = with_errors();

    ck_assert_str_eq(rulebench_rule_text(rb, "app"),
                     "  app: 4 in 2 groups\n"
                     "           3  timeout after 3 s\n"
                     "              1970-01-01T00:00:01.000000000Z to "
                     "1970-01-01T00:00:04.000000000Z, line, by a b\n"
                     "           1  no route\n"
                     "              1970-01-01T00:00:02.000000000Z to "
                     "1970-01-01T00:00:02.000000000Z, line, by b\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(past_a_thousand_groups_the_rest_is_another)
{
    struct rulebench *rb = rulebench_new(by_level);
    char msg[8];
    int k;

    for (k = 0; k < 1003; k++) {
        snprintf(msg, sizeof(msg), "%c%c%c", 'g' + k % 20, 'g' + k / 20 % 20,
                 'g' + k / 400);
        log_as(rb, "a", k + 1, msg);
    }
    rulebench_advance(rb, 2000000);
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.errors.app.groups.(other).count"), "3");
    ck_assert_ptr_nonnull(
        strstr(rulebench_rule_report(rb, "app"), "\"left_out\":3,"));
    ck_assert_ptr_nonnull(
        strstr(rulebench_rule_text(rb, "app"), "           3  (other)\n"));
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.app.count"), "1003");
    rulebench_free(rb);
}
END_TEST

START_TEST(where_it_was_written_is_told)
{
    struct rulebench *rb = rulebench_new(at_paths);

    rulebench_play(rb, "1000 {\"hosts\":{\"db-1\":{\"errors\":"
                       "{\"e\":\"x\",\"f\":\"y\"}}}}\n2000");
    ck_assert_ptr_nonnull(strstr(rulebench_rule_report(rb, "app"),
                                 "\"where\":\"hosts.`db-1`.errors.e\""));
    ck_assert_ptr_nonnull(strstr(rulebench_rule_report(rb, "app"),
                                 "\"where\":\"hosts.`db-1`.errors.f\""));
    rulebench_free(rb);
}
END_TEST

START_TEST(a_reload_keeps_what_was_counted)
{
    struct rulebench *rb = with_errors();

    rulebench_reload(rb, APP("") "      - errors: other\n");
    log_as(rb, "a", 6, "timeout after 5 s");
    rulebench_advance(rb, 7000);
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.app.count"), "5");
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.other.count"), "1");
    rulebench_reload(rb, RULES("      - errors: other\n"));
    log_as(rb, "a", 8, "timeout after 6 s");
    rulebench_advance(rb, 9000);
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.app"), "");
    ck_assert_str_eq(rulebench_at(rb, "monitor.errors.other.count"), "2");
    rulebench_free(rb);
}
END_TEST

/* -- other rules build on them ------------------------------------------- */

#define ALERT(expr)                                                            \
    APP("      - alert: Bad\n"                                                 \
        "        expr: " expr "\n")

#define BAD(ts) #ts " {\"level\":\"error\",\"msg\":\"x\"}\n"

static const struct rulecase alerts[] = {
    { "increase is exact to the line",
      ALERT("increase(state.monitor.errors.app.count, duration('5s')) > 2"),
      BAD(1001) BAD(1002) BAD(3000) BAD(7000) "20000",
      "1.001 errors app -> new | x\n"
      "3.010 alert Bad inactive -> firing\n"
      "6.001 alert Bad firing -> resolved\n" },
    { "rules and templates that ask alike count an error once",
      ALERT(
          "increase(state.monitor.errors.app.count, '5m') > 2") "        "
                                                                "annotations:\n"
                                                                "          "
                                                                "summary: \"{{ "
                                                                "increase("
                                                                "state.monitor."
                                                                "errors.app."
                                                                "count, "
                                                                "'5m') }}\"\n"
                                                                "      - "
                                                                "alert: Worse\n"
                                                                "        "
                                                                "foreach: "
                                                                "name, e in "
                                                                "state.monitor."
                                                                "errors\n"
                                                                "        expr: "
                                                                "increase(e."
                                                                "count, '5m') "
                                                                "> 3\n",
      BAD(1001) BAD(1002) "2000", "1.001 errors app -> new | x\n" },
    { "windows of one node do not disturb one another",
      ALERT("increase(state.monitor.errors.app.count, '1h') > 2 && "
            "increase(state.monitor.errors.app.count, '5s') == 1 && "
            "changes(state.monitor.errors.app.count, '5s') == 1"),
      BAD(1001) BAD(2002) BAD(9000) "20000",
      "1.001 errors app -> new | x\n"
      "9.010 alert Bad inactive -> firing\n"
      "14.000 alert Bad firing -> resolved\n" },
    { "age is since the last error",
      ALERT("age(state.monitor.errors.app.count) > duration('2s')"),
      BAD(1003) BAD(2004) "9000",
      "1.003 errors app -> new | x\n"
      "4.004 alert Bad inactive -> firing\n" },
    { "errors of what a rule derives",
      RULES("      - count: n\n"
            "        value: state.n\n"
            "        type: gauge\n"
            "      - errors: app\n"
            "        paths: [state.monitor.counts.n.value]\n"),
      "1000 {\"n\":7}\n2000", "1.010 errors app -> new | 7\n" },
};

START_TEST(other_rules_build_on_errors)
{
    rulecase_check(&alerts[_i]);
}
END_TEST

static const TTest **const tests[] = {
    &a_line_of_text_is_a_message,
    &lines_that_cannot_be_judged_are_told_and_the_rule_stays_well,
    &an_array_of_many_equal_items_is_no_work,
    &a_shape_is_short_and_cuts_no_character,
    &errors_are_grouped_and_counted_by_blade,
    &people_see_the_most_frequent_first,
    &past_a_thousand_groups_the_rest_is_another,
    &where_it_was_written_is_told,
    &a_reload_keeps_what_was_counted,
};

static const struct suite_table tables[] = {
    { &these_are_errors, COUNT(tolds) },
    { &what_differs_between_messages_is_left_out, COUNT(shapes) },
    { &other_rules_build_on_errors, COUNT(alerts) },
};

int main(void)
{
    return RUN_SUITE("engine errors", tests, tables);
}
