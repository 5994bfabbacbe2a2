#include "support/rulebench.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define RULE(lines)                                                            \
    "groups:\n"                                                                \
    "  - name: g\n"                                                            \
    "    rules:\n"                                                             \
    "      - intent: scrape\n"                                                 \
    "        foreach: id, it in state.intents\n" lines
#define PARTIES                                                                \
    "        parties: '{\"scraper\": it.host, \"spotter\": it.spot}'\n"
#define ANSWERS "        answers: it.resolution\n"

static const char by_role[] = RULE(PARTIES ANSWERS);
static const char in_time[] = RULE(PARTIES ANSWERS "        deadline: 5s\n");
static const char by_list[] = RULE("        parties: it.hosts\n" ANSWERS);
static const char its_own[] = RULE("        parties: it.hosts\n" ANSWERS
                                   "        deadline: duration(it.within)\n");
static const char chosen[] = RULE("        when: it.kind == 'scrape'\n"
                                  "        parties: it.hosts\n" ANSWERS);
static const char listed[] = RULE("        parties: it.roles\n"
                                  "        answers: it.answered\n");

#define BOTH "1000 {\"intents\":{\"i7\":{\"host\":\"a\",\"spot\":\"b\"}}}\n"
#define A    "{\"intents\":{\"i7\":{\"resolution\":{\"a\":{}}}}}\n"
#define B    "{\"intents\":{\"i7\":{\"resolution\":{\"b\":{}}}}}\n"
#define LIST "1000 {\"intents\":{\"i7\":{\"hosts\":[\"b\",\"a\",\"b\"]}}}\n"

#define UNANSWERED                                                             \
    "1.010 intent scrape i7 -> unanswered | missing: a (scraper), "            \
    "b (spotter)\n"
#define PARTIAL                                                                \
    "2.010 intent scrape i7 unanswered -> partial | answered: a (scraper); "   \
    "missing: b (spotter)\n"
#define ALL "answered: a (scraper), b (spotter)"

static const struct rulecase cases[] = {
    { "one answers, then the other", by_role, BOTH "2000 " A "3000 " B "4000",
      UNANSWERED PARTIAL "3.010 intent scrape i7 partial -> resolved | " ALL
                         "\n" },
    { "all answer at once", by_role, BOTH "2000 " A "2001 " B "3000",
      UNANSWERED "2.010 intent scrape i7 unanswered -> resolved | " ALL "\n" },
    { "it appears with its answers", by_role, BOTH "1001 " A "2000",
      "1.010 intent scrape i7 -> partial | answered: a (scraper); missing: "
      "b (spotter)\n" },
    { "an answer without details", by_role,
      BOTH "2000 {\"intents\":{\"i7\":{\"resolution\":{\"a\":1}}}}\n3000",
      UNANSWERED PARTIAL },
    { "nobody answers in time", in_time, BOTH "9000",
      UNANSWERED
      "6.010 intent scrape i7 unanswered -> timed_out | missing: a (scraper), "
      "b (spotter)\n" },
    { "one answers in time", in_time, BOTH "2000 " A "9000",
      UNANSWERED PARTIAL
      "6.010 intent scrape i7 partial -> timed_out | answered: a (scraper); "
      "missing: b (spotter)\n" },
    { "an answer just before the deadline", in_time,
      BOTH "2000 " A "6009 " B "9000",
      UNANSWERED PARTIAL "6.010 intent scrape i7 partial -> resolved | " ALL
                         "\n" },
    { "an answer exactly at the deadline", in_time,
      BOTH "2000 " A "6010 " B "9000",
      UNANSWERED PARTIAL
      "6.010 intent scrape i7 partial -> timed_out | answered: a (scraper); "
      "missing: b (spotter)\n"
      "6.020 intent scrape i7 timed_out -> late | " ALL
      "; late: b (spotter)\n" },
    { "an answer after the deadline, of some", in_time, BOTH "7000 " A "9000",
      UNANSWERED
      "6.010 intent scrape i7 unanswered -> timed_out | missing: a (scraper), "
      "b (spotter)\n" },
    { "answered in time, the deadline means nothing any more", in_time,
      BOTH "2000 " A "2001 " B "9000",
      UNANSWERED "2.010 intent scrape i7 unanswered -> resolved | " ALL "\n" },
    { "a deadline at an instant of its own", its_own,
      "1000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"],\"within\":\"1234ms\"}}}\n"
      "2243 " A "3000",
      "1.010 intent scrape i7 -> unanswered | missing: a\n"
      "2.244 intent scrape i7 unanswered -> resolved | answered: a\n" },
    { "a deadline that is put off", its_own,
      "1000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"],\"within\":\"1s\"}}}\n"
      "1500 {\"intents\":{\"i7\":{\"within\":\"3s\"}}}\n9000",
      "1.010 intent scrape i7 -> unanswered | missing: a\n"
      "4.010 intent scrape i7 unanswered -> timed_out | missing: a\n" },
    { "a deadline that is not known", its_own, LIST "9000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n" },
    { "an answer that runs out has been given", by_role,
      BOTH "2000 {\"intents\":{\"i7\":{\"resolution\":{\"a\":{\"$ttl\":1,"
           "\"n\":1}}}}}\n"
           "4000 " B "5000",
      UNANSWERED PARTIAL "4.010 intent scrape i7 partial -> resolved | " ALL
                         "\n" },
    { "all answers are erased", by_role,
      BOTH "2000 " A "2001 " B
           "3000 {\"intents\":{\"i7\":{\"resolution\":null}}}\n5000",
      UNANSWERED "2.010 intent scrape i7 unanswered -> resolved | " ALL "\n" },
    { "an answer that was there for a moment only", by_role,
      BOTH "2001 " A "2003 {\"intents\":{\"i7\":{\"resolution\":null}}}\n5000",
      UNANSWERED },
    { "a list of hosts", by_list, LIST "2000 " B "3000 " A "4000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: b; missing: a\n"
      "3.010 intent scrape i7 partial -> resolved | answered: a, b\n" },
    { "one host has two roles", by_role,
      "1000 {\"intents\":{\"i7\":{\"host\":\"a\",\"spot\":\"a\"}}}\n2000 " A
      "3000",
      "1.010 intent scrape i7 -> unanswered | missing: a (scraper, spotter)\n"
      "2.010 intent scrape i7 unanswered -> resolved | answered: "
      "a (scraper, spotter)\n" },
    { "a role that nobody has yet", by_role,
      "1000 {\"intents\":{\"i7\":{\"host\":\"a\",\"spot\":\"\"}}}\n2000 " A
      "3000 {\"intents\":{\"i7\":{\"spot\":\"b\"}}}\n4000 " B "5000",
      "1.010 intent scrape i7 -> unanswered | missing: unassigned (spotter), "
      "a (scraper)\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: a (scraper); "
      "missing: unassigned (spotter)\n"
      "4.010 intent scrape i7 partial -> resolved | " ALL "\n" },
    { "the parties are not known", by_role,
      "1000 {\"intents\":{\"i7\":{\"host\":\"a\"}}}\n2000 " A
      "3000 {\"intents\":{\"i7\":{\"spot\":\"b\"}}}\n4000",
      "1.010 intent scrape i7 -> unanswered | no parties known\n"
      "3.010 intent scrape i7 unanswered -> partial | answered: a (scraper); "
      "missing: b (spotter)\n" },
    { "somebody else answers", by_role,
      BOTH "2000 {\"intents\":{\"i7\":{\"resolution\":{\"x\":{}}}}}\n3000 " A
           "4000",
      UNANSWERED
      "3.010 intent scrape i7 unanswered -> partial | answered: a (scraper); "
      "missing: b (spotter); unexpected: x\n" },
    { "a party comes in after all have answered", by_list,
      "1000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"]}}}\n2000 " A
      "3000 {\"intents\":{\"i7\":{\"hosts\":[\"a\",\"b\"]}}}\n4000 " B "5000",
      "1.010 intent scrape i7 -> unanswered | missing: a\n"
      "2.010 intent scrape i7 unanswered -> resolved | answered: a\n"
      "3.010 intent scrape i7 resolved -> partial | answered: a; missing: b\n"
      "4.010 intent scrape i7 partial -> resolved | answered: a, b\n" },
    { "the party that is missing is let off", by_list,
      LIST "2000 " A "3000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"]}}}\n"
           "4000 {\"intents\":{\"i7\":{\"hosts\":null}}}\n5000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: a; missing: b\n"
      "3.010 intent scrape i7 partial -> resolved | answered: a\n" },
    { "an open one goes", by_list,
      LIST "2000 {\"intents\":{\"i7\":null}}\n3000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> gone | missing: a, b\n" },
    { "a resolved one goes", by_list,
      LIST "2000 " A "2001 " B "3000 {\"intents\":{\"i7\":null}}\n4000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> resolved | answered: a, b\n" },
    { "one goes and comes back: another one", by_list,
      LIST "2000 " A "3000 {\"intents\":{\"i7\":null}}\n"
           "4000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"]}}}\n5000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: a; missing: b\n"
      "3.010 intent scrape i7 partial -> gone | answered: a; missing: b\n"
      "4.010 intent scrape i7 -> unanswered | missing: a\n" },
    { "one goes and comes back between two instants: the same", by_list,
      LIST "2000 " A "3001 {\"intents\":{\"i7\":null}}\n"
           "3002 {\"intents\":{\"i7\":{\"hosts\":[\"a\",\"b\"]}}}\n5000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: a; missing: "
      "b\n" },
    { "it comes and goes between two instants", by_list,
      "1001 {\"intents\":{\"i7\":{\"hosts\":[\"a\"]}}}\n"
      "1002 {\"intents\":{\"i7\":null}}\n2000",
      "" },
    { "some elements are no intents", chosen,
      "1000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"]},"
      "\"i8\":{\"hosts\":[\"a\"],\"kind\":\"move\"}}}\n"
      "2000 {\"intents\":{\"i7\":{\"kind\":\"scrape\"}}}\n"
      "3000 {\"intents\":{\"i7\":{\"kind\":\"move\"}}}\n"
      "4000 {\"intents\":{\"i7\":{\"kind\":\"scrape\"}}}\n5000 " A "6000",
      "2.010 intent scrape i7 -> unanswered | missing: a\n"
      "3.010 intent scrape i7 unanswered -> withdrawn | missing: a\n"
      "4.010 intent scrape i7 -> unanswered | missing: a\n"
      "5.010 intent scrape i7 unanswered -> resolved | answered: a\n" },
    { "it counts from when it became an intent", chosen,
      "1000 {\"intents\":{\"i7\":{\"hosts\":[\"a\"],\"kind\":\"move\"}}}\n"
      "2000 {\"intents\":{\"i7\":{\"kind\":\"scrape\"}}}\n3000",
      "2.010 intent scrape i7 -> unanswered | missing: a\n" },
    { "roles from a map, answers from a list", listed,
      "1000 {\"intents\":{\"i7\":{\"roles\":{\"x\":\"a\"},"
      "\"answered\":[\"a\"]}}}\n"
      "2000 {\"intents\":{\"i7\":{\"roles\":{\"y\":\"b\"}}}}\n"
      "3000 {\"intents\":{\"i7\":{\"answered\":[\"b\",\"a\"]}}}\n4000",
      "1.010 intent scrape i7 -> resolved | answered: a (x)\n"
      "2.010 intent scrape i7 resolved -> partial | answered: a (x); missing: "
      "b (y)\n"
      "3.010 intent scrape i7 partial -> resolved | answered: a (x), b (y)\n" },
    { "what cannot be read leaves things as they were", by_list,
      LIST "2000 " A "3000 {\"intents\":{\"i7\":{\"hosts\":[7]}}}\n4000 " B
           "5000",
      "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
      "2.010 intent scrape i7 unanswered -> partial | answered: a; missing: b\n"
      "3.010 intent scrape ok -> error | i7: parties: a name is a string, "
      "this is an int\n"
      "4.010 intent scrape i7 partial -> resolved | answered: a, b\n" },
};

START_TEST(an_intent_goes_from_status_to_status)
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

START_TEST(other_rules_see_who_answered_and_who_did_not)
{
    start(in_time, BOTH "2000 " A
                        "3000 {\"intents\":{\"i7\":{\"resolution\":{\"x\":1}}}}"
                        "\n7000 " B "8000");
    ck_assert_str_eq(
        rulebench_at(rb, "monitor.intents.scrape.i7"),
        "{\"answered\":[\"a\",\"b\"],"
        "\"changed\":\"1970-01-01T00:00:07.010000000Z\","
        "\"deadline\":\"1970-01-01T00:00:06.010000000Z\",\"late\":[\"b\"],"
        "\"missing\":[],\"roles\":{\"scraper\":\"a\",\"spotter\":\"b\"},"
        "\"since\":\"1970-01-01T00:00:01.010000000Z\",\"status\":\"late\","
        "\"unexpected\":[\"x\"]}");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_role_that_nobody_has_is_missing_by_its_name)
{
    start(by_role,
          "1000 {\"intents\":{\"i7\":{\"host\":\"z\",\"spot\":\"\"}}}\n2000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.intents.scrape.i7.missing"),
                     "[\"spotter\",\"z\"]");
    ck_assert_str_eq(rulebench_at(rb, "monitor.intents.scrape.i7.roles"),
                     "{\"scraper\":\"z\",\"spotter\":\"\"}");
    rulebench_free(rb);
}
END_TEST

START_TEST(nothing_is_derived_of_one_that_has_ended)
{
    start(by_list, LIST "2000");
    ck_assert_str_ne(rulebench_at(rb, "monitor.intents.scrape.i7"), "");
    rulebench_play(rb, "3000 {\"intents\":{\"i7\":null}}\n4000");
    ck_assert_str_eq(rulebench_at(rb, "monitor.intents.scrape"), "{}");
    rulebench_free(rb);
}
END_TEST

START_TEST(the_report_counts_and_shows_the_open_ones_first)
{
    start(by_list, "1000 {\"intents\":{\"i1\":{\"hosts\":[\"a\"]},"
                   "\"i2\":{\"hosts\":[\"a\",\"b\"]},\"i3\":{\"hosts\":[]}}}\n"
                   "2000 {\"intents\":{\"i1\":{\"resolution\":{\"a\":1}}}}\n"
                   "4000 {\"intents\":{\"i2\":{\"resolution\":{\"a\":1}}}}\n"
                   "5000 {\"intents\":{\"i3\":null}}\n6000");
    ck_assert_str_eq(
        rulebench_rule_report(rb, "scrape"),
        "{\"answered_after\":{\"max\":1,\"mean\":1,\"n\":1},"
        "\"ended\":{\"late\":0,\"partial\":0,\"resolved\":0,\"timed_out\":0,"
        "\"unanswered\":1},\"group\":\"g\",\"instances\":["
        "{\"answered\":[\"a\"],\"key\":{\"id\":\"i2\"},\"late\":[],"
        "\"missing\":[\"b\"],\"roles\":{},"
        "\"since\":\"1970-01-01T00:00:01.010000000Z\",\"status\":\"partial\","
        "\"unexpected\":[]},"
        "{\"answered\":[\"a\"],\"key\":{\"id\":\"i1\"},\"late\":[],"
        "\"missing\":[],\"roles\":{},"
        "\"since\":\"1970-01-01T00:00:01.010000000Z\",\"status\":\"resolved\","
        "\"unexpected\":[]}],\"left_out\":0,"
        "\"open\":{\"late\":0,\"partial\":1,\"resolved\":1,\"timed_out\":0,"
        "\"unanswered\":0},\"rule\":\"scrape\"}");
    ck_assert_str_eq(
        rulebench_rule_text(rb, "scrape"),
        "  scrape: 1 partial, 1 resolved; ended: 1 unanswered\n"
        "    partial    at 1970-01-01T00:00:04.010000000Z, open since "
        "1970-01-01T00:00:01.010000000Z  i2  answered a  missing b\n");
    rulebench_free(rb);
}
END_TEST

/* As many intents, i0000 and on, which nobody answers. */
static void start_many(int n)
{
    char line[128];
    int k;

    rb = rulebench_new(by_list);
    for (k = 0; k < n; k++) {
        snprintf(line, sizeof(line),
                 "{\"intents\":{\"i%04d\":{\"hosts\":[\"a\"]}}}", k);
        rulebench_line(rb, 1000 + k, line);
    }
    rulebench_advance(rb, 5000);
}

START_TEST(a_report_shows_a_thousand_and_counts_the_rest)
{
    start_many(1234);
    ck_assert_ptr_nonnull(
        strstr(rulebench_rule_report(rb, "scrape"), "\"left_out\":234,"));
    rulebench_free(rb);
}
END_TEST

START_TEST(people_see_twenty_and_how_many_more_there_are)
{
    const char *text;

    start_many(21);
    text = rulebench_rule_text(rb, "scrape");
    ck_assert_ptr_nonnull(strstr(text, "  i0019  "));
    ck_assert_ptr_null(strstr(text, "  i0020  "));
    ck_assert_ptr_nonnull(
        strstr(text, "    ... and 1 more (--json has them)\n"));
    rulebench_free(rb);
    start_many(20);
    ck_assert_ptr_null(strstr(rulebench_rule_text(rb, "scrape"), "more"));
    rulebench_free(rb);
}
END_TEST

START_TEST(controls_in_names_do_not_reach_the_terminal)
{
    start(
        by_list,
        "1000 {\"intents\":{\"i\\u001b[2J\":{\"hosts\":[\"\\u0007\"]}}}\n2000");
    ck_assert_ptr_null(strpbrk(rulebench_rule_text(rb, "scrape"), "\033\007"));
    rulebench_free(rb);
}
END_TEST

START_TEST(more_parties_than_can_be_told_apart_make_the_rule_ill)
{
    struct buf line;
    int k;

    buf_init(&line, BUF_NO_CAP);
    buf_str(&line, "{\"intents\":{\"i7\":{\"hosts\":[\"h\"");
    for (k = 0; k < 1000; k++)
        buf_printf(&line, ",\"%d\"", k);
    buf_str(&line, "]}}}");
    rb = rulebench_new(by_list);
    rulebench_line(rb, 1000, buf_cstr(&line));
    rulebench_advance(rb, 2000);
    ck_assert_str_eq(
        rulebench_timeline(rb),
        "1.010 intent scrape i7 -> unanswered | no parties known\n"
        "1.010 intent scrape ok -> error | i7: parties: more than 1000 "
        "names\n");
    buf_release(&line);
    rulebench_free(rb);
}
END_TEST

/* A reload keeps what has not changed, its timers too. */
START_TEST(a_reload_keeps_an_intent_and_its_deadline)
{
    start(in_time, BOTH "2000 " A "3000");
    rulebench_reload(rb, in_time);
    rulebench_play(rb, "9000");
    ck_assert_str_eq(rulebench_timeline(rb), UNANSWERED PARTIAL
                     "6.010 intent scrape i7 partial -> timed_out | answered: "
                     "a (scraper); missing: b (spotter)\n");
    rulebench_free(rb);
}
END_TEST

START_TEST(a_rule_that_is_dropped_withdraws_what_is_open)
{
    start(by_list, LIST "2000");
    rulebench_reload(rb, "groups: []\n");
    ck_assert_str_eq(rulebench_timeline(rb),
                     "1.010 intent scrape i7 -> unanswered | missing: a, b\n"
                     "2.000 intent scrape i7 unanswered -> withdrawn | "
                     "missing: a, b\n");
    ck_assert_str_eq(rulebench_at(rb, "monitor.intents.scrape"), "");
    rulebench_free(rb);
}
END_TEST

/* 20,000 wait; each answer is a matter of its own intent alone. */
START_TEST(an_answer_costs_its_own_intent_only)
{
    struct engine_stats before, after;
    char line[128];
    int k;

    rb = rulebench_new(by_list);
    for (k = 0; k < 20000; k++) {
        snprintf(line, sizeof(line),
                 "{\"intents\":{\"i%d\":{\"hosts\":[\"a\",\"b\"]}}}", k);
        rulebench_line(rb, 1000, line);
    }
    rulebench_advance(rb, 2000);
    before = engine_stats(core_engine(rulebench_core(rb)));
    for (k = 0; k < 1000; k++) {
        snprintf(line, sizeof(line),
                 "{\"intents\":{\"i%d\":{\"resolution\":{\"a\":1}}}}", k);
        rulebench_line(rb, 3000 + 10 * k, line);
    }
    rulebench_advance(rb, 20000);
    after = engine_stats(core_engine(rulebench_core(rb)));
    ck_assert_uint_eq(before.instances, 20000);
    ck_assert_uint_eq(after.transitions - before.transitions, 1000);
    ck_assert_uint_le(after.evaluations - before.evaluations, 2000);
    rulebench_free(rb);
}
END_TEST

static const TTest **const tests[] = {
    &other_rules_see_who_answered_and_who_did_not,
    &a_role_that_nobody_has_is_missing_by_its_name,
    &nothing_is_derived_of_one_that_has_ended,
    &the_report_counts_and_shows_the_open_ones_first,
    &a_report_shows_a_thousand_and_counts_the_rest,
    &people_see_twenty_and_how_many_more_there_are,
    &controls_in_names_do_not_reach_the_terminal,
    &more_parties_than_can_be_told_apart_make_the_rule_ill,
    &a_reload_keeps_an_intent_and_its_deadline,
    &a_rule_that_is_dropped_withdraws_what_is_open,
    &an_answer_costs_its_own_intent_only,
};

static const struct suite_table tables[] = {
    { &an_intent_goes_from_status_to_status, COUNT(cases) },
};

int main(void)
{
    return RUN_SUITE("engine intent", tests, tables);
}
