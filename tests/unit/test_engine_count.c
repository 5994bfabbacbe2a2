#include "engine/engine.h"

#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULES(lines) "groups:\n  - name: g\n    rules:\n" lines
#define SENT                                                                   \
    "      - count: sent\n"                                                    \
    "        foreach: id, host, d in state.intents.*.hosts.*\n"                \
    "        value: d.sent\n"
#define JOBS                                                                   \
    "      - count: jobs\n"                                                    \
    "        foreach: id, j in state.jobs\n"
#define N                                                                      \
    "      - count: n\n"                                                       \
    "        value: state.n\n"
#define GAUGE "        type: gauge\n"

static const char by_host[] = RULES(SENT "        by: [host]\n");
static const char by_both[] = RULES(SENT "        by: [id, host]\n");
static const char plain[] = RULES(SENT);
static const char by_what[] = RULES(JOBS "        by: {what: j.what}\n");
static const char done[] = RULES(JOBS "        when: j.done\n");
static const char gauge[] =
    RULES(JOBS GAUGE "        value: j.n\n"
                     "        when: '!has(j.off)'\n"
                     "        by: {what: j.what, some: '\"x\"'}\n");
static const char number[] = RULES(N);
static const char gauge_number[] = RULES(N GAUGE);

/* Lines of a script; what is logged is a JSON text without quotes. */
#define ADD(ts, id, host, n)                                                   \
#ts " {\"intents\":{\"" #id "\":{\"hosts\":{\"" #host                      \
        "\":{\"sent\":{\"$inc\":" #n "}}}}}}\n"
/* With a lease of a second on the intent, or on the host alone. */
#define ADD_I(ts, id, host, n)                                                 \
#ts " {\"intents\":{\"" #id "\":{\"$ttl\":1,\"hosts\":{\"" #host           \
        "\":{\"sent\":{\"$inc\":" #n "}}}}}}\n"
#define ADD_H(ts, id, host, n)                                                 \
#ts " {\"intents\":{\"" #id "\":{\"hosts\":{\"" #host                      \
        "\":{\"$ttl\":1,\"sent\":{\"$inc\":" #n "}}}}}}\n"
#define SET(ts, n)        #ts " {\"n\":" #n "}\n"
#define JOB(ts, id, json) #ts " {\"jobs\":{\"" #id "\":" json "}}\n"
#define GO(ts)            #ts "\n"

/* What is derived of the rule in the end. */
struct outcome {
    const char *name, *rules, *script, *path, *derived;
};

static const struct outcome outcomes[] = {
    { "growth is added by label", by_host,
      ADD(1000, i1, a, 2) ADD(2000, i2, a, 3) ADD(3000, i1, b, 1.5) GO(4000),
      "sent", "{\"by\":{\"a\":5,\"b\":1.5},\"value\":6.5}" },
    { "labels nest in their order", by_both,
      ADD(1000, i1, a, 2) ADD(2000, i2, a, 3) GO(3000), "sent",
      "{\"by\":{\"i1\":{\"a\":2},\"i2\":{\"a\":3}},\"value\":5}" },
    { "a lease that runs out takes nothing away", plain,
      ADD_I(1000, i1, a, 2) ADD_I(1500, i1, a, 3) GO(9000), "sent",
      "{\"value\":5}" },
    { "what comes back after its lease counts on", plain,
      ADD_I(1000, i1, a, 2) ADD_I(5000, i1, a, 3) GO(9000), "sent",
      "{\"value\":5}" },
    { "so it does where the element itself has stayed", number,
      "1000 {\"n\":{\"$inc\":2,\"$ttl\":1}}\n"
      "5000 {\"n\":{\"$inc\":3,\"$ttl\":1}}\n" GO(9000),
      "n", "{\"value\":5}" },
    { "a number that falls has begun again", number,
      SET(1000, 10) SET(2000, 12) SET(3000, 3) SET(4000, 4) GO(5000), "n",
      "{\"value\":16}" },
    { "below nothing nothing is counted", number,
      SET(1000, -5) SET(2000, -2) SET(3000, 2) GO(4000), "n", "{\"value\":2}" },
    { "a total of nothing is there", by_host, ADD(1000, i1, a, 0) GO(2000),
      "sent", "{\"by\":{\"a\":0},\"value\":0}" },
    { "a gauge is what is there", gauge_number,
      SET(1000, -1.25) SET(2000, 7) SET(3000, 0.000001) GO(4000), "n",
      "{\"value\":0.000001}" },
    { "parts of a millionth are rounded", number, SET(1000, 1.0000016) GO(2000),
      "n", "{\"value\":1.000002}" },
    { "numbers that are not whole are exact", number,
      SET(1000, 999999999.999999) GO(2000), "n",
      "{\"value\":999999999.999999}" },
    { "each element counts once that was ever done", done,
      JOB(1000, x, "{\"done\":true}") JOB(1000, y, "{\"done\":false}")
          JOB(2000, x, "{\"done\":false}") JOB(3000, x, "{\"done\":true}")
              JOB(4000, z, "{}") GO(5000),
      "jobs", "{\"value\":1}" },
    { "growth goes to the label of its time", by_what,
      JOB(1000, x, "{\"what\":\"p\"}") JOB(2000, x, "{\"what\":\"q\"}")
          JOB(3000, y, "{\"what\":7}") JOB(4000, z, "{}") GO(5000),
      "jobs", "{\"by\":{\"\":1,\"7\":1,\"p\":1},\"value\":3}" },
    { "a gauge follows its elements and their labels", gauge,
      JOB(1000, x, "{\"what\":\"p\",\"n\":2}")
          JOB(1000, y, "{\"what\":\"p\",\"n\":3}")
              JOB(2000, x, "{\"what\":\"q\"}") GO(3000),
      "jobs", "{\"by\":{\"p\":{\"x\":3},\"q\":{\"x\":2}},\"value\":5}" },
    { "groups that nobody is in go away", gauge,
      JOB(1000, x, "{\"what\":\"p\",\"n\":2}")
          JOB(1000, y, "{\"what\":\"q\",\"n\":3}") JOB(2000, x, "{\"off\":1}")
              JOB(2000, y, "null") GO(3000),
      "jobs", "{\"value\":0}" },
};

static const char *play(const struct outcome *o, struct rulebench *rb)
{
    char path[80];

    rulebench_play(rb, o->script);
    snprintf(path, sizeof(path), "monitor.counts.%s", o->path);
    return rulebench_at(rb, path);
}

START_TEST(a_count_comes_to)
{
    const struct outcome *o = &outcomes[_i];
    struct rulebench *rb = rulebench_new(o->rules);

    ck_assert_msg(strcmp(play(o, rb), o->derived) == 0, "%s: %s", o->name,
                  play(o, rb));
    rulebench_free(rb);
    rb = rulebench_new(o->rules);
    rulebench_exhaustive(rb);
    ck_assert_msg(strcmp(play(o, rb), o->derived) == 0, "%s: %s", o->name,
                  play(o, rb));
    rulebench_free(rb);
}
END_TEST

/* -- what was there before the rule -------------------------------------- */

#define STATE_OF_HOSTS                                                         \
    "      - count: sent\n"                                                    \
    "        foreach: id, host, d in state.intents.*.hosts.*\n"                \
    "        value: state.intents[id].hosts[host][\"sent\"]\n"

static const struct {
    const char *name, *rules, *script, *derived;
} banked[] = {
    { "an intent that is forgotten", by_both,
      ADD_I(1000, i1, a, 2) ADD(1000, i2, b, 3) GO(9000),
      "{\"by\":{\"(expired)\":{\"a\":2},\"i2\":{\"b\":3}},\"value\":5}" },
    { "hosts that are forgotten in an intent that is not", by_both,
      ADD_H(1000, i1, a, 2) ADD_H(1000, i1, b, 3) ADD(1000, i1, c, 4) GO(9000),
      "{\"by\":{\"i1\":{\"(expired)\":5,\"c\":4}},\"value\":9}" },
    { "first the host, then the intent", by_both,
      ADD_H(1000, i1, a, 2) ADD_I(5000, i1, c, 4) GO(9000),
      "{\"by\":{\"(expired)\":{\"(expired)\":2,\"c\":4}},\"value\":6}" },
    { "whatever the labels are", plain, ADD_I(1000, i1, a, 2) GO(9000),
      "{\"value\":2}" },
    { "a path from the root along the foreach",
      RULES(STATE_OF_HOSTS "        by: [host]\n"),
      ADD_I(1000, i1, a, 2) GO(9000), "{\"by\":{\"a\":2},\"value\":2}" },
    { "another counter is not meant", RULES(SENT "        by: [host]\n"),
      "1000 {\"intents\":{\"i1\":{\"$ttl\":1,\"hosts\":{\"a\":{\"got\":"
      "{\"$inc\":1}}}}}}\n" GO(9000),
      "{\"value\":0}" },
    { "a computed value tells no path",
      RULES("      - count: sent\n"
            "        foreach: id, host, d in state.intents.*.hosts.*\n"
            "        value: d.sent + 0\n"),
      ADD_I(1000, i1, a, 2) GO(9000), "{\"value\":0}" },
    { "a condition cannot be asked any more",
      RULES(SENT "        when: id != ''\n"), ADD_I(1000, i1, a, 2) GO(9000),
      "{\"value\":0}" },
    { "a gauge is of what is there", RULES(SENT GAUGE),
      ADD_I(1000, i1, a, 2) GO(9000), "{\"value\":0}" },
};

START_TEST(a_total_begins_with_what_the_banks_hold)
{
    struct rulebench *rb = rulebench_new("groups: []\n");
    const char *got;

    rulebench_play(rb, banked[_i].script);
    rulebench_reload(rb, banked[_i].rules);
    rulebench_advance(rb, 10000);
    got = rulebench_at(rb, "monitor.counts.sent");
    ck_assert_msg(strcmp(got, banked[_i].derived) == 0, "%s: %s",
                  banked[_i].name, got);
    rulebench_free(rb);
}
END_TEST

START_TEST(a_reload_of_the_same_rule_keeps_its_total)
{
    struct rulebench *rb = rulebench_new(number);

    rulebench_play(rb, SET(1000, 5) GO(2000) SET(2500, 1) GO(3000));
    rulebench_reload(rb, RULES("      - count: m\n"
                               "        value: state.m\n" N));
    rulebench_play(rb, SET(4000, 2) GO(5000));
    ck_assert_str_eq(rulebench_at(rb, "monitor.counts.n"), "{\"value\":7}");
    rulebench_free(rb);
}
END_TEST

/* -- bounds and errors --------------------------------------------------- */

static void log_jobs(struct rulebench *rb, int from, int to)
{
    char line[80];

    for (; from < to; from++) {
        snprintf(line, sizeof(line),
                 "{\"jobs\":{\"%05d\":{\"what\":\"%05d\"}}}", from, from);
        rulebench_line(rb, 1000 + from, line);
    }
}

START_TEST(past_ten_thousand_groups_the_rest_is_another)
{
    struct rulebench *rb = rulebench_new(by_what);

    log_jobs(rb, 0, 10000);
    rulebench_advance(rb, 20000);
    ck_assert_ptr_null(strstr(rulebench_report(rb), "groups_full"));
    log_jobs(rb, 20000, 20007);
    rulebench_advance(rb, 30000);
    ck_assert_str_eq(rulebench_at(rb, "monitor.counts.jobs.by.(other)"), "7");
    ck_assert_str_eq(rulebench_at(rb, "monitor.counts.jobs.value"), "10007");
    ck_assert_ptr_nonnull(
        strstr(rulebench_report(rb), "],\"groups_full\":true,"));
    rulebench_free(rb);
}
END_TEST

START_TEST(a_value_that_is_no_number_makes_the_rule_ill_and_changes_nothing)
{
    static const char *const bad[] = { SET(2000, "x"), SET(2000, [1]),
                                       SET(2000, 1e18), SET(2000, -1e300),
                                       SET(2000, 9000000000000000000) };
    struct rulebench *rb;
    size_t k;

    for (k = 0; k < COUNT(bad); k++) {
        rb = rulebench_new(gauge_number);
        rulebench_play(rb, SET(1000, 5));
        rulebench_play(rb, bad[k]);
        rulebench_advance(rb, 3000);
        ck_assert_str_eq(rulebench_at(rb, "monitor.counts.n.value"), "5");
        ck_assert_str_eq(rulebench_at(rb, "monitor.rules.counts.n.health"),
                         "\"err\"");
        rulebench_free(rb);
    }
}
END_TEST

START_TEST(growth_waits_for_a_label_that_cannot_be_computed)
{
    struct rulebench *rb =
        rulebench_new(RULES(JOBS "        by: {what: 12 / j.by}\n"));

    rulebench_play(rb, JOB(1000, x, "{\"by\":0}") GO(2000));
    ck_assert_str_eq(rulebench_at(rb, "monitor.counts.jobs"), "{\"value\":0}");
    rulebench_play(rb, JOB(3000, x, "{\"by\":4}") GO(4000));
    ck_assert_str_eq(rulebench_at(rb, "monitor.counts.jobs"),
                     "{\"by\":{\"3\":1},\"value\":1}");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_label_of_any_length_is_cut_where_a_character_ends)
{
    struct rulebench *rb =
        rulebench_new(RULES(JOBS "        by: {what: j.what + j.what}\n"));
    char line[400];
    int n = snprintf(line, sizeof(line), "{\"jobs\":{\"x\":{\"what\":\"");

    memset(line + n, 'a', 170);
    snprintf(line + n + 170, sizeof(line) - 170 - (size_t)n, "\xc3\xa9\"}}}");
    rulebench_line(rb, 1000, line);
    rulebench_advance(rb, 2000);
    n = 0;
    for (const char *p = rulebench_at(rb, "monitor.counts.jobs.by"); *p; p++)
        n += *p == 'a';
    ck_assert_int_eq(n, 254);
    rulebench_free(rb);
}
END_TEST

/* -- reports ------------------------------------------------------------- */

START_TEST(the_report_shows_groups_by_their_labels)
{
    struct rulebench *rb = rulebench_new(gauge);

    rulebench_play(rb, JOB(1000, x, "{\"what\":\"q\",\"n\":2}")
                           JOB(1000, y, "{\"what\":\"p\",\"n\":3.5}") GO(2000));
    ck_assert_str_eq(
        rulebench_rule_report(rb, "jobs"),
        "{\"by\":[\"what\",\"some\"],\"group\":\"g\",\"groups\":["
        "{\"labels\":{\"some\":\"x\",\"what\":\"p\"},\"value\":3.5},"
        "{\"labels\":{\"some\":\"x\",\"what\":\"q\"},\"value\":2}],"
        "\"rule\":\"jobs\",\"type\":\"gauge\",\"value\":5.5}");
    ck_assert_str_eq(rulebench_rule_text(rb, "jobs"),
                     "  jobs: gauge 5.5\n"
                     "             3.5  what=p some=x\n"
                     "               2  what=q some=x\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(controls_in_labels_do_not_reach_the_terminal)
{
    struct rulebench *rb = rulebench_new(by_what);

    rulebench_play(rb, JOB(1000, x, "{\"what\":\"\\u001b[2J\\n\"}") GO(2000));
    ck_assert_ptr_null(strchr(rulebench_report_text(rb), '\x1b'));
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &a_reload_of_the_same_rule_keeps_its_total,
    &past_ten_thousand_groups_the_rest_is_another,
    &a_value_that_is_no_number_makes_the_rule_ill_and_changes_nothing,
    &growth_waits_for_a_label_that_cannot_be_computed,
    &a_label_of_any_length_is_cut_where_a_character_ends,
    &the_report_shows_groups_by_their_labels,
    &controls_in_labels_do_not_reach_the_terminal,
};

static const struct suite_table tables[] = {
    { &a_count_comes_to, COUNT(outcomes) },
    { &a_total_begins_with_what_the_banks_hold, COUNT(banked) },
};

int main(void)
{
    return RUN_SUITE("engine count", tests, tables);
}
