#include "app/roster.h"

#include "support/suite.h"

#include <stdio.h>

/* A core that is told of containers, and what the roster says. */
static struct core *core;
static struct roster roster;
static struct buf said, shown;
static uint64_t seq;
static nsec now;

static void on_say(void *self, bool warning, const char *sentence)
{
    (void)self;
    buf_printf(&said, "%s%s\n", warning ? "warning: " : "", sentence);
}

static void rules(const char *text)
{
    const struct rule_file file = { slice_str("r.yaml"), slice_str(text) };
    struct diagnostics diags = { 0 };

    ck_assert_int_eq(core_rules(core, &file, 1, &diags), ST_OK);
    diagnostics_release(&diags);
}

#define RULE(name, role)                                                       \
    "groups: [{name: g, rules: [{revive: " name                                \
    ", containers: \"c.labels.role == '" role                                  \
    "'\", when: c.state == 'exited'}]}]\n"

static void log_line(const char *text)
{
    now += NSEC_SEC;
    core_step(core, &(struct event){ .kind = EV_LINE,
                                     .source = 1,
                                     .seq = ++seq,
                                     .ts = now,
                                     .logged_at = now,
                                     .line = slice_str(text),
                                     .json = true });
    core_step(core, &(struct event){ .kind = EV_TICK, .ts = now + 1 });
    core_step(core,
              &(struct event){ .kind = EV_TICK, .ts = now + NSEC_SEC / 2 });
}

static void container(const char *name, const char *role)
{
    char line[300];

    snprintf(line, sizeof(line),
             "{\"docker\":{\"containers\":{\"%s\":{\"name\":\"%s\",\"state\":"
             "\"running\",\"pid\":7,\"labels\":{\"role\":\"%s\"}}}}}",
             name, name, role);
    log_line(line);
}

static void setup(void)
{
    const struct source docker = { .blade = slice_str("docker"),
                                   .run = slice_str("r"),
                                   .trusted = true };

    core = core_new(1);
    core_step(core, &(struct event){
                        .kind = EV_SOURCE, .source = 1, .decl = &docker });
    roster = (struct roster){ .core = core, .say = on_say };
    buf_init(&said, BUF_NO_CAP);
    buf_init(&shown, BUF_NO_CAP);
    seq = 0;
    now = 1000 * NSEC_SEC;
}

static void teardown(void)
{
    roster_release(&roster);
    core_free(core);
    buf_release(&said);
    buf_release(&shown);
}

/* Some seconds pass. */
static const char *hear(void)
{
    static nsec mono = 5 * NSEC_SEC;

    buf_reset(&said);
    for (int i = 0; i < 50; i++)
        roster_tick(&roster, mono += 100 * NSEC_MSEC);
    return buf_cstr(&said);
}

START_TEST(the_scope_of_each_rule_is_said_once_and_when_it_changes)
{
    rules(RULE("nodes", "node"));
    ck_assert_str_eq(hear(), "rule nodes has no container in its scope\n");
    ck_assert_str_eq(hear(), "");
    container("b", "node");
    container("c", "other");
    container("a", "node");
    ck_assert_str_eq(hear(),
                     "rule nodes has 2 containers in its scope: a, b\n");
    log_line("{\"docker\":{\"containers\":{\"a\":{\"state\":\"exited\"}}}}");
    ck_assert_str_eq(hear(), "");
    container("a", "other");
    ck_assert_str_eq(hear(), "rule nodes: - a (1 in scope)\n");
}
END_TEST

START_TEST(who_came_and_who_went_is_said)
{
    rules(RULE("nodes", "node"));
    container("n1", "node");
    container("n2", "node");
    container("n3", "node");
    hear();
    container("n2", "other");
    container("n4", "node");
    container("n0", "node");
    ck_assert_str_eq(hear(), "rule nodes: + n0, + n4, - n2 (4 in scope)\n");
    log_line("{\"docker\":{\"containers\":{\"n1\":null}}}");
    container("n3", "other");
    container("n4", "other");
    container("n0", "other");
    hear();
    container("n1", "other");
    hear();
    container("n5", "node");
    ck_assert_str_eq(hear(), "rule nodes has 1 container in its scope: n5\n");
    container("n5", "other");
    ck_assert_str_eq(hear(), "warning: rule nodes: - n5 (none in scope: the "
                             "rule revives nothing)\n");
    ck_assert_str_eq(hear(), "");
}
END_TEST

START_TEST(whom_a_rule_leaves_down_is_said_once)
{
    rules(RULE("nodes", "node"));
    log_line("{\"docker\":{\"engine\":{\"state\":\"up\"}}}");
    container("db", "node");
    container("web", "node");
    log_line("{\"docker\":{\"holds\":{\"db\":{\"at\":\"1970-01-01T00:16:40Z\","
             "\"by\":\"alice\",\"why\":\"\"}}}}");
    ck_assert_str_eq(hear(), "rule nodes has 2 containers in its scope: db, "
                             "web\nrule nodes: 1 held (db)\n");
    log_line("{\"docker\":{\"holds\":{\"web\":{\"at\":\"1970-01-01T00:16:40Z\""
             ",\"by\":\"alice\",\"why\":\"\"}}}}");
    ck_assert_str_eq(hear(), "");
}
END_TEST

START_TEST(another_rule_has_a_scope_of_its_own)
{
    rules(RULE("nodes", "node"));
    container("a", "node");
    hear();
    rules(RULE("others", "node"));
    log_line("{\"x\":1}");
    ck_assert_str_eq(hear(), "rule others has 1 container in its scope: a\n");
    rules("groups: []");
    log_line("{\"x\":2}");
    ck_assert_str_eq(hear(), "");
    rules(RULE("nodes", "node"));
    log_line("{\"x\":3}");
    ck_assert_str_eq(hear(), "rule nodes has 1 container in its scope: a\n");
}
END_TEST

START_TEST(a_changing_cluster_is_one_line_in_a_second)
{
    nsec mono = NSEC_SEC;

    rules(RULE("nodes", "node"));
    for (char name[] = "a"; *name <= 'j'; ++*name) {
        container(name, "node");
        roster_tick(&roster, mono += 100 * NSEC_MSEC);
    }
    ck_assert_str_eq(buf_cstr(&said), "");
    roster_tick(&roster, mono += 100 * NSEC_MSEC);
    ck_assert_str_eq(
        buf_cstr(&said),
        "rule nodes has 10 containers in its scope: a, b, c, d, e, f, g, h, "
        "i, j\n");
}
END_TEST

START_TEST(very_many_are_not_all_named)
{
    char name[30];

    rules(RULE("nodes", "node"));
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "container-%03d", i);
        container(name, "node");
    }
    hear();
    ck_assert_ptr_nonnull(strstr(buf_cstr(&said),
                                 "rule nodes has 100 containers in its scope: "
                                 "container-000, container-001, "));
    ck_assert_ptr_nonnull(strstr(said.p, " more\n"));
    ck_assert_uint_lt(said.n, 1000);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "container-%03d", i);
        container(name, "other");
    }
    ck_assert_ptr_nonnull(strstr(hear(), "- container-000, - container-001, "));
    ck_assert_ptr_nonnull(strstr(said.p, " more (none in scope"));
}
END_TEST

/* -- one container --------------------------------------------------------- */

START_TEST(a_container_is_shown_with_its_probe_and_its_revival)
{
    rules(RULE("nodes", "node"));
    container("a", "node");
    log_line("{\"docker\":{\"containers\":{\"a\":{\"probe\":{\"ok\":true,"
             "\"fails\":0}}}}}");
    roster_container(core, slice_str("a"), &shown);
    ck_assert_str_eq(
        buf_cstr(&shown),
        ",\"probe\":{\"fails\":0,\"ok\":true},\"revival\":{\"rule\":\"nodes\","
        "\"state\":\"ok\",\"reason\":\"\",\"attempts\":0,\"next\":null}");
}
END_TEST

START_TEST(a_container_that_no_rule_wants_has_no_revival)
{
    rules(RULE("nodes", "node"));
    container("a", "other");
    roster_container(core, slice_str("a"), &shown);
    roster_container(core, slice_str("none"), &shown);
    ck_assert_str_eq(buf_cstr(&shown), ",\"probe\":null,\"revival\":null"
                                       ",\"probe\":null,\"revival\":null");
}
END_TEST

static const TTest **const tests[] = {
    &the_scope_of_each_rule_is_said_once_and_when_it_changes,
    &who_came_and_who_went_is_said,
    &whom_a_rule_leaves_down_is_said_once,
    &another_rule_has_a_scope_of_its_own,
    &a_changing_cluster_is_one_line_in_a_second,
    &very_many_are_not_all_named,
    &a_container_is_shown_with_its_probe_and_its_revival,
    &a_container_that_no_rule_wants_has_no_revival,
};

/* Whatever stands there instead of what a revival is. */
static const char *const scopes[] = { "groups: []", RULE("nodes", "node") };

START_TEST(without_containers_nobody_is_shown)
{
    rules(scopes[_i]);
    roster_revival(core, slice_str("a"), &shown);
    ck_assert_str_eq(buf_cstr(&shown), "null");
}
END_TEST

static const struct suite_table tables[] = {
    { &without_containers_nobody_is_shown, sizeof(scopes) / sizeof(*scopes) },
};

int main(void)
{
    return RUN_SUITE_WITH("roster", setup, teardown, tests, tables);
}
