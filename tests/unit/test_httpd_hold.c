#include "test_httpd.h"

#include "core/core.h"
#include "support/suite.h"

static struct world *w;
static enum status outcome; /* of handing it to the intake */
static struct buf asked;    /* what was, a line each */
static unsigned told;

static enum status take_hold(void *self, const struct httpd_hold *hold,
                             uint64_t *ret_ticket, struct err *err)
{
    struct world *world = self;

    ck_assert_int_gt(hold->at, 0);
    for (size_t i = 0; i < hold->n; i++)
        buf_printf(hold->note, "%.*s;", SLICE_ARG(hold->name[i]));
    buf_printf(&asked, "%s %s for %lld by %.*s: %.*s\n",
               hold->release ? "release" : "hold", buf_cstr(hold->note),
               (long long)(hold->hold_for / NSEC_SEC), SLICE_ARG(hold->by),
               SLICE_ARG(hold->why));
    if (outcome) {
        err_set(err, "that cannot be");
        return outcome;
    }
    *ret_ticket = ++world->taken;
    return ST_OK;
}

static void tell_hold(void *self, const struct httpd_hold *hold,
                      struct buf *out)
{
    struct world *world = self;

    ck_assert_uint_eq(world->durable, world->taken);
    told++;
    buf_printf(out, "{\"held\":\"%s\"}\n", buf_cstr(hold->note));
}

static void setup(void)
{
    w = world_of(core_new(1));
    w->hold = take_hold;
    w->held = tell_hold;
    outcome = ST_OK;
    told = 0;
    buf_init(&asked, BUF_NO_CAP);
}

static void teardown(void)
{
    core_free(w->core);
    world_free(w);
    buf_release(&asked);
}

static const char *post_hold(const char *target)
{
    return post_to(w, target, "", slice_str(""));
}

START_TEST(a_hold_is_answered_when_it_is_on_disk)
{
    expect(post_hold("/-/hold?container=web&for=90s&why=a%20look"), 200,
           "{\"held\":\"web;\"}\n");
    expect(post_hold("/-/hold?all=1"), 200, "{\"held\":\"*;\"}\n");
    expect(post_hold("/-/release?container=web"), 200, "{\"held\":\"web;\"}\n");
    expect(post_hold("/-/release?all"), 200, "{\"held\":\"*;\"}\n");
    ck_assert_str_eq(buf_cstr(&asked), "hold web; for 90 by anonymous: a look\n"
                                       "hold *; for 0 by anonymous: \n"
                                       "release web; for 0 by anonymous: \n"
                                       "release *; for 0 by anonymous: \n");
}
END_TEST

START_TEST(several_are_held_together_and_up_to_a_bound)
{
    struct buf target;

    expect(post_hold("/-/hold?container=web&container=db&why=x"), 200,
           "{\"held\":\"web;db;\"}\n");
    ck_assert_str_eq(buf_cstr(&asked), "hold web;db; for 0 by anonymous: x\n");
    buf_init(&target, BUF_NO_CAP);
    buf_str(&target, "/-/hold?container=a");
    for (int i = 1; i < HTTPD_HOLD_MAX; i++)
        buf_str(&target, "&container=a");
    expect(post_hold(buf_cstr(&target)), 200, NULL);
    buf_str(&target, "&container=a");
    expect_part(post_hold(buf_cstr(&target)), 400, "at most 64 at a time");
    ck_assert_uint_eq(told, 2);
    buf_release(&target);
}
END_TEST

static const struct {
    enum status st;
    int code;
} codes[] = {
    { ST_NONE, 404 }, { ST_BAD, 400 }, { ST_AGAIN, 503 },
    { ST_FULL, 503 }, { ST_IO, 503 },  { ST_LIMIT, 503 },
};

START_TEST(what_is_not_taken_is_refused_with_the_reason)
{
    outcome = codes[_i].st;
    expect(post_hold("/-/hold?container=web"), codes[_i].code,
           "{\"error\":\"that cannot be\"}\n");
    ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(a_hold_that_the_disk_gives_back_did_not_happen)
{
    w->fate = DISCARD;
    expect(post_hold("/-/hold?container=web"), 503,
           "{\"error\":\"the disk went away\"}\n");
    w->fate = COMMIT;
    expect(post_hold("/-/hold?container=web"), 200, "{\"held\":\"web;\"}\n");
    ck_assert_uint_eq(told, 1);
}
END_TEST

START_TEST(a_disk_that_hangs_is_not_waited_for_for_ever)
{
    w->fate = HOLD;
    w->config.durable_for = 50 * NSEC_MSEC;
    w->config.beat_for = 20 * NSEC_MSEC;
    expect_part(post_hold("/-/hold?container=web"), 503, "not yet on disk");
    ck_assert_uint_eq(told, 0);
}
END_TEST

static void stop_while_parked(struct world *world)
{
    if (world->taken)
        httpd_stop(world->httpd);
}

START_TEST(a_stop_answers_who_waits_for_the_disk)
{
    w->fate = HOLD;
    w->turn = stop_while_parked;
    expect_part(post_hold("/-/hold?container=web"), 503, "stopping");
    ck_assert_uint_eq(told, 0);
}
END_TEST

static const struct {
    const char *target;
    const char *says;
} wrong[] = {
    { "/-/hold", "which container?" },
    { "/-/hold?container=", "which container?" },
    { "/-/hold?container", "which container?" },
    { "/-/hold?all=0", "which container?" },
    { "/-/hold?container=a&all=1", "not both" },
    { "/-/hold?container=a&container=", "which container?" },
    { "/-/hold?container=a&container", "which container?" },
    { "/-/hold?container=a&for=soon", "for: 'soon' is no span" },
    { "/-/hold?container=a&for=", "is no span" },
    { "/-/hold?container=a&for=0", "is no span" },
    { "/-/hold?container=a&for=-5s", "is no span" },
    { "/-/hold?container=a&for=367d", "is no span" },
    { "/-/hold?container=a&why=%FF", "not UTF-8" },
    { "/-/hold?container=a&name=b", "takes no 'name'" },
    { "/-/release?container=a&for=1h", "takes no 'for'" },
    { "/-/release?container=a&why=x", "takes no 'why'" },
};

START_TEST(what_is_not_understood_is_said_and_nothing_is_held)
{
    expect_part(post_hold(wrong[_i].target), 400, wrong[_i].says);
    ck_assert_uint_eq(asked.n, 0);
}
END_TEST

START_TEST(a_reason_has_a_length_that_others_can_read)
{
    char target[300] = "/-/hold?container=a&why=";
    size_t n = strlen(target);

    memset(target + n, 'x', 200);
    expect(post_hold(target), 200, NULL);
    target[n + 200] = 'x';
    expect_part(post_hold(target), 400, "at most 200 bytes, not 201");
}
END_TEST

START_TEST(to_hold_needs_a_token_that_may_act_and_its_name_is_recorded)
{
    static const struct httpd_token tokens[] = {
        { "operator", "o", HTTPD_ACT },
        { "reader", "r", HTTPD_READ | HTTPD_WRITE },
    };
    const char *target = "/-/hold?container=web";

    w->config.tokens = tokens;
    w->config.ntokens = 2;
    expect(post_hold(target), 401, NULL);
    expect(post_to(w, target, "Authorization: Bearer r\r\n", slice_str("")),
           403, NULL);
    ck_assert_uint_eq(asked.n, 0);
    expect(post_to(w, target, "Authorization: Bearer o\r\n", slice_str("")),
           200, NULL);
    ck_assert_str_eq(buf_cstr(&asked), "hold web; for 0 by operator: \n");
}
END_TEST

START_TEST(where_nothing_is_revived_there_is_nothing_to_hold)
{
    w->hold = NULL;
    expect(post_hold("/-/hold?container=web"), 503,
           "{\"error\":\"nothing is revived here\"}\n");
    expect_part(get(w, "/-/hold?container=web"), 405, "POST only");
}
END_TEST

static const TTest **const tests[] = {
    &a_hold_is_answered_when_it_is_on_disk,
    &several_are_held_together_and_up_to_a_bound,
    &a_hold_that_the_disk_gives_back_did_not_happen,
    &a_disk_that_hangs_is_not_waited_for_for_ever,
    &a_stop_answers_who_waits_for_the_disk,
    &a_reason_has_a_length_that_others_can_read,
    &to_hold_needs_a_token_that_may_act_and_its_name_is_recorded,
    &where_nothing_is_revived_there_is_nothing_to_hold,
};

static const struct suite_table tables[] = {
    { &what_is_not_taken_is_refused_with_the_reason,
      sizeof(codes) / sizeof(*codes) },
    { &what_is_not_understood_is_said_and_nothing_is_held,
      sizeof(wrong) / sizeof(*wrong) },
};

int main(void)
{
    return RUN_SUITE_WITH("httpd hold", setup, teardown, tests, tables);
}
