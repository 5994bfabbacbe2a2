#include "app/audit.h"

#include "support/suite.h"

/* An intake that takes everything, and what is logged. */
static struct buf lines, logged;
static struct ledger ledger;
static struct audit audit;
static uint64_t tickets;

static enum status take_source(void *self, const struct source *decl,
                               uint32_t *ret_id, struct err *err)
{
    (void)self;
    (void)decl;
    (void)err;
    *ret_id = 3;
    return ST_OK;
}

static enum status take_line(void *self, const struct line *line,
                             uint64_t *ret_ticket, struct err *err)
{
    (void)self;
    (void)err;
    buf_slice(&lines, line->text);
    buf_char(&lines, '\n');
    *ret_ticket = ++tickets;
    return ST_OK;
}

static void listen_to(void *self, struct intake_listener *listener)
{
    (void)self;
    (void)listener;
}

static const struct intake intake = { .source = take_source,
                                      .line = take_line,
                                      .listen = listen_to };

static void on_log(void *self, bool warning, const char *line)
{
    (void)self;
    buf_printf(&logged, "%s%s\n", warning ? "! " : "", line);
}

static void setup(void)
{
    struct err err;

    buf_init(&lines, BUF_NO_CAP);
    buf_init(&logged, BUF_NO_CAP);
    ledger = (struct ledger){ 0 };
    ck_assert_int_eq(ledger_begin(&ledger, &intake, slice_str("r"), &err),
                     ST_OK);
    audit_init(&audit, &ledger, false, NULL, on_log);
}

static void teardown(void)
{
    audit_release(&audit);
    ledger_release(&ledger);
    buf_release(&lines);
    buf_release(&logged);
}

static struct decision decision_of(uint64_t ordinal, enum heal_verb verb,
                                   enum heal_state from, enum heal_state to)
{
    return (struct decision){
        .ordinal = ordinal,
        .at = 10 * NSEC_SEC,
        .rule = slice_str("nodes"),
        .name = slice_str("web"),
        .container = slice_str("c0ffee0123456789"),
        .was = { .status = slice_str("exited") },
        .what = { .verb = verb, .from = from, .to = to },
    };
}

/* -- the line -------------------------------------------------------------- */

static const struct {
    enum heal_verb verb;
    enum heal_state from, to;
    const char *reason;
    uint32_t attempt;
    nsec next_for, down_for;
    const char *line;
} says[] = {
    { HEAL_TELLS, HEAL_OK, HEAL_SUSPECT, "exited with code 137, out of memory",
      0, 2 * NSEC_SEC, 0,
      "NODE DOWN web (c0ffee012345): exited with code 137, out of memory; "
      "looked at again in 2 s" },
    { HEAL_ORDERS, HEAL_WAITING, HEAL_ACTING, "exited with code 1", 1,
      60 * NSEC_SEC, 0,
      "REVIVAL starting web (c0ffee012345), attempt 1 of 5: exited with code "
      "1" },
    { HEAL_ORDERS, HEAL_FROZEN, HEAL_ACTING, "does not answer", 2, 0, 0,
      "REVIVAL restarting web (c0ffee012345), attempt 2 of 5: does not "
      "answer" },
    { HEAL_ORDERS, HEAL_MISSING, HEAL_ACTING, "was removed", 5, 0, 0,
      "REVIVAL recreating web (c0ffee012345), attempt 5 of 5: was removed" },
    { HEAL_TELLS, HEAL_ACTING, HEAL_VERIFYING, "started", 0, 32 * NSEC_SEC, 0,
      "REVIVAL started web" },
    { HEAL_TELLS, HEAL_ACTING, HEAL_VERIFYING, "runs already", 0, 0, 0,
      "REVIVAL started web: runs already" },
    { HEAL_TELLS, HEAL_ACTING, HEAL_WAITING, "the engine refuses: no", 0,
      4500 * NSEC_MSEC, 0,
      "REVIVAL refused web: the engine refuses: no; looked at again in 4.5 s" },
    { HEAL_TELLS, HEAL_ACTING, HEAL_BLOCKED, "its port is taken", 0, NSEC_MAX,
      0, "REVIVAL refused web: its port is taken" },
    { HEAL_TELLS, HEAL_ACTING, HEAL_GIVEN_UP, "no attempt can help", 0, 0, 0,
      "REVIVAL gives up web: no attempt can help" },
    { HEAL_TELLS, HEAL_VERIFYING, HEAL_FROZEN,
      "runs, but did not answer within 30 s", 0, 0, 0,
      "REVIVAL web runs but does not answer its probe" },
    { HEAL_TELLS, HEAL_VERIFYING, HEAL_SUSPECT,
      "died again after 0.3 s: exited with code 1", 0, 2 * NSEC_SEC, 0,
      "NODE DOWN web (c0ffee012345): died again after 0.3 s: exited with code "
      "1; looked at again in 2 s" },
    { HEAL_TELLS, HEAL_VERIFYING, HEAL_WAITING, "is not seen to run", 0,
      300 * NSEC_SEC, 0,
      "REVIVAL failed for web: is not seen to run; looked at again in 5 min" },
    { HEAL_TELLS, HEAL_WAITING, HEAL_WAITING, "waits 4 s", 0, 4 * NSEC_SEC, 0,
      "REVIVAL waits with web: waits 4 s" },
    { HEAL_TELLS, HEAL_WAITING, HEAL_GIVEN_UP, "5 attempts in 30 min", 0, 0, 0,
      "REVIVAL gives up web: 5 attempts in 30 min" },
    { HEAL_DECLINES, HEAL_WAITING, HEAL_WAITING, "waits for the breaker", 0,
      7200 * NSEC_SEC, 0,
      "REVIVAL declines for web: waits for the breaker; looked at again in 2 "
      "h" },
    { HEAL_TELLS, HEAL_SUSPECT, HEAL_HELD, "a person stopped it again", 0, 0, 0,
      "REVIVAL keeps off web: a person stopped it again" },
    { HEAL_TELLS, HEAL_SUSPECT, HEAL_BLOCKED, "is being removed", 0, 0, 0,
      "REVIVAL is blocked for web: is being removed" },
    { HEAL_TELLS, HEAL_OK, HEAL_FROZEN, "runs, but does not answer", 0, 0, 0,
      "NODE FROZEN web (c0ffee012345): runs, but does not answer" },
    { HEAL_TELLS, HEAL_OK, HEAL_LOOPING, "restarted 3 times", 0, 0, 0,
      "NODE LOOPING web (c0ffee012345): restarted 3 times" },
    { HEAL_TELLS, HEAL_SUSPECT, HEAL_MISSING, "was removed", 0, 0, 0,
      "NODE REMOVED web (c0ffee012345): was removed" },
    { HEAL_TELLS, HEAL_SUSPECT, HEAL_COMPLETED, "ended well", 0, 0, 0,
      "NODE COMPLETED web (c0ffee012345): ended well" },
    { HEAL_TELLS, HEAL_OK, HEAL_EXEMPT, "of a swarm", 0, 0, 0,
      "REVIVAL leaves alone web: of a swarm" },
    { HEAL_TELLS, HEAL_OK, HEAL_OK, "was well for 10 minutes", 0, 0, 0,
      "NODE OK web: was well for 10 minutes" },
    { HEAL_RECOVERS, HEAL_VERIFYING, HEAL_OK, "runs and answers", 0,
      600 * NSEC_SEC, 5240 * NSEC_MSEC,
      "NODE RECOVERED web: runs and answers, after 5.2 s" },
};

START_TEST(a_decision_is_one_line)
{
    struct decision d =
        decision_of(1, says[_i].verb, says[_i].from, says[_i].to);
    struct buf out;

    d.what.reason = slice_str(says[_i].reason);
    d.what.attempt = says[_i].attempt;
    d.what.attempts = says[_i].attempt ? 5 : 0;
    d.what.down_for = says[_i].down_for;
    if (says[_i].next_for)
        d.what.next_at = nsec_add(d.at, says[_i].next_for);
    buf_init(&out, BUF_NO_CAP);
    audit_line(&d, false, &out);
    ck_assert_str_eq(buf_cstr(&out), says[_i].line);
    buf_release(&out);
}
END_TEST

START_TEST(a_dry_run_says_what_it_would_do)
{
    static const struct {
        enum heal_state from;
        const char *line;
    } would[] = {
        { HEAL_WAITING, "REVIVAL would start web (c0ffee012345)" },
        { HEAL_FROZEN, "REVIVAL would restart web (c0ffee012345)" },
        { HEAL_MISSING, "REVIVAL would recreate web (c0ffee012345)" },
    };
    struct decision d;
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    for (size_t i = 0; i < sizeof(would) / sizeof(*would); i++) {
        d = decision_of(1, HEAL_ORDERS, would[i].from, HEAL_ACTING);
        buf_reset(&out);
        audit_line(&d, true, &out);
        ck_assert_str_eq(buf_cstr(&out), would[i].line);
        d = decision_of(2, HEAL_TELLS, HEAL_ACTING, would[i].from);
        buf_reset(&out);
        audit_line(&d, true, &out);
        ck_assert_str_eq(buf_cstr(&out), "REVIVAL did not start web");
    }
    buf_release(&out);
}
END_TEST

/* -- the shard ------------------------------------------------------------- */

#define SHARD(ordinal)                                                         \
    "{\"docker\":{\"audit\":{\"ordinal\":" ordinal "},\"decisions\":{\"web\":" \
    "{\"$push\":{\"at\":\"1970-01-01T00:00:10.000000000Z\","                   \
    "\"container\":\"c0ffee0123456789\",\"from\":\"ok\","                      \
    "\"ordinal\":" ordinal ",\"reason\":\"\",\"rule\":\"nodes\",\"to\":"       \
    "\"suspect\",\"verb\":\"tells\",\"was\":{\"status\":\"exited\"}},"         \
    "\"$ttl\":604800}}}}\n"
#define DOWN "NODE DOWN web (c0ffee012345)\n"
#define WAS_DOWN                                                               \
    "NODE DOWN web (c0ffee012345) (decided at 1970-01-01T00:00:10.000Z)\n"

static void decide(uint64_t ordinal)
{
    struct decision d = decision_of(ordinal, HEAL_TELLS, HEAL_OK, HEAL_SUSPECT);

    audit_decision(&audit, &d);
}

START_TEST(a_decision_is_logged_at_once_and_journalled_after_the_core)
{
    audit_begin(&audit);
    decide(1);
    ck_assert_str_eq(buf_cstr(&logged), DOWN);
    ck_assert_uint_eq(lines.n, 0);
    ledger_flush(&ledger);
    ledger_flush(&ledger);
    ck_assert_str_eq(buf_cstr(&lines), SHARD("1"));
}
END_TEST

START_TEST(an_order_is_recorded_with_its_attempt_and_what_comes_next)
{
    struct decision d = decision_of(7, HEAL_ORDERS, HEAL_WAITING, HEAL_ACTING);

    d.order = slice_str("g/nodes/web/start/10/2");
    d.what.attempt = 2;
    d.what.attempts = 5;
    d.what.reason = slice_str("exited with \"1\"");
    d.what.next_at = 40 * NSEC_SEC;
    d.what.warning = true;
    audit_begin(&audit);
    audit_decision(&audit, &d);
    ledger_flush(&ledger);
    ck_assert_str_eq(
        buf_cstr(&lines),
        "{\"docker\":{\"audit\":{\"ordinal\":7},\"decisions\":{\"web\":"
        "{\"$push\":{\"at\":\"1970-01-01T00:00:10.000000000Z\",\"attempt\":2,"
        "\"attempts\":5,\"container\":\"c0ffee0123456789\","
        "\"from\":\"waiting\",\"next\":"
        "\"1970-01-01T00:00:40.000000000Z\",\"order\":"
        "\"g/nodes/web/start/10/2\",\"ordinal\":7,\"reason\":"
        "\"exited with \\\"1\\\"\",\"rule\":\"nodes\",\"to\":\"acting\","
        "\"verb\":\"orders\",\"was\":{\"status\":\"exited\"}},"
        "\"$ttl\":604800}}}}\n");
    ck_assert_ptr_eq(strstr(buf_cstr(&logged), "! REVIVAL starting web"),
                     logged.p);
}
END_TEST

static void assert_recorded(const struct decision *d, const char *part)
{
    audit_begin(&audit);
    audit_decision(&audit, d);
    ledger_flush(&ledger);
    ck_assert_msg(strstr(buf_cstr(&lines), part) != NULL, "no %s in %s", part,
                  buf_cstr(&lines));
}

START_TEST(a_decision_is_recorded_with_what_the_container_was_like)
{
    struct decision d = decision_of(1, HEAL_TELLS, HEAL_OK, HEAL_SUSPECT);

    d.was = (struct seen){
        .status = slice_str("exited"),
        .health = slice_str("unhealthy"),
        .exit_code = { true, 137 },
        .oom_killed = { true, 1 },
        .restarts = { true, 0 },
    };
    assert_recorded(&d, "\"was\":{\"exitCode\":137,\"health\":\"unhealthy\","
                        "\"oomKilled\":true,\"restartCount\":0,"
                        "\"status\":\"exited\"}},\"$ttl\"");
}
END_TEST

START_TEST(what_is_not_known_of_a_container_is_not_recorded)
{
    struct decision d = decision_of(1, HEAL_TELLS, HEAL_OK, HEAL_SUSPECT);

    d.container = slice_of("", 0);
    d.was = (struct seen){ 0 };
    assert_recorded(&d, "\"at\":\"1970-01-01T00:00:10.000000000Z\","
                        "\"from\":");
    assert_recorded(&d, "\"verb\":\"tells\",\"was\":{}}");
}
END_TEST

/* -- recovery -------------------------------------------------------------- */

START_TEST(what_the_journal_holds_is_not_told_again)
{
    decide(1);
    audit_recovered(&audit, 1);
    decide(2);
    decide(3);
    audit_recovered(&audit, 2);
    audit_recovered(&audit, 3);
    audit_begin(&audit);
    ledger_flush(&ledger);
    ck_assert_str_eq(buf_cstr(&logged), "");
    ck_assert_str_eq(buf_cstr(&lines), "");
}
END_TEST

START_TEST(what_was_decided_and_not_written_is_told_once)
{
    decide(1);
    decide(2);
    audit_recovered(&audit, 1);
    decide(3);
    audit_begin(&audit);
    ledger_flush(&ledger);
    ck_assert_str_eq(buf_cstr(&logged), WAS_DOWN WAS_DOWN);
    ck_assert_str_eq(buf_cstr(&lines), SHARD("2") SHARD("3"));
    decide(4);
    ck_assert_str_eq(buf_cstr(&logged), WAS_DOWN WAS_DOWN DOWN);
}
END_TEST

START_TEST(of_very_many_that_no_journal_holds_the_last_are_told)
{
    for (uint64_t i = 1; i <= 3000; i++)
        decide(i);
    audit_begin(&audit);
    ledger_flush(&ledger);
    ck_assert_uint_eq(tickets, 1000);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), SHARD("3000")));
    ck_assert_ptr_null(strstr(buf_cstr(&lines), SHARD("2000")));
}
END_TEST

static const TTest **const tests[] = {
    &a_dry_run_says_what_it_would_do,
    &a_decision_is_logged_at_once_and_journalled_after_the_core,
    &an_order_is_recorded_with_its_attempt_and_what_comes_next,
    &a_decision_is_recorded_with_what_the_container_was_like,
    &what_is_not_known_of_a_container_is_not_recorded,
    &what_the_journal_holds_is_not_told_again,
    &what_was_decided_and_not_written_is_told_once,
    &of_very_many_that_no_journal_holds_the_last_are_told,
};

static const struct suite_table tables[] = {
    { &a_decision_is_one_line, sizeof(says) / sizeof(*says) },
};

int main(void)
{
    return RUN_SUITE_WITH("audit", setup, teardown, tests, tables);
}
