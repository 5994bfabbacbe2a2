#include "test_httpd.h"

#include "core/core.h"
#include "support/suite.h"

static struct world *w;

/* Of the reload that the test plays. */
static enum status outcome;
static unsigned asked, after; /* how often, and turns until it is done */

static void setup(void)
{
    w = world_of(core_new(1));
    outcome = ST_OK;
    asked = after = 0;
}

static void teardown(void)
{
    core_free(w->core);
    world_free(w);
}

static void done(struct world *world)
{
    httpd_reloaded(world->httpd, outcome, slice_str("so it is\n"));
}

static void reload_at_once(void *self)
{
    asked++;
    done(self);
}

static void reload_later(void *self)
{
    (void)self;
    asked++;
    after = 3;
}

static void count_turns(struct world *world)
{
    static struct loop_timer again;

    if (!after)
        return;
    if (--after == 0)
        done(world);
    else
        loop_timer_start(world->loop, &again, 0, 0, nop, NULL);
}

static const char *post_reload(void)
{
    return post_to(w, "/-/reload", "", slice_str(""));
}

static const struct {
    enum status st;
    int code;
} codes[] = {
    { ST_OK, 200 },    { ST_NONE, 200 },  { ST_BAD, 400 },  { ST_DENIED, 400 },
    { ST_LIMIT, 400 }, { ST_AGAIN, 503 }, { ST_FULL, 503 }, { ST_IO, 503 },
};

START_TEST(what_came_of_a_reload_is_its_answer)
{
    w->reload = _i % 2 ? reload_later : reload_at_once;
    w->turn = count_turns;
    outcome = codes[_i / 2].st;
    expect(post_reload(), codes[_i / 2].code, "so it is\n");
    ck_assert_uint_eq(asked, 1);
}
END_TEST

START_TEST(without_rules_to_read_a_reload_is_refused)
{
    expect(post_reload(), 503, "{\"error\":\"there is nothing to reload\"}\n");
    expect_part(get(w, "/-/reload"), 405, "Allow: POST");
}
END_TEST

static void stop(struct world *world)
{
    if (asked)
        httpd_stop(world->httpd);
}

START_TEST(a_stop_answers_who_waits_for_a_reload_and_asks_for_none)
{
    w->reload = reload_later;
    w->turn = stop;
    expect(post_reload(), 503, "{\"error\":\"the monitor is stopping\"}\n");
    ck_assert_uint_eq(asked, 1);
}
END_TEST

static void leave_then_ask(struct world *world)
{
    static const char reload[] =
        "POST /-/reload HTTP/1.1\r\n" CLOSE "Content-Length: 0\r\n\r\n";
    int fd = dial(world);

    say(fd, slice_str(reload));
    close(fd);
    ask(world);
}

START_TEST(who_leaves_before_the_end_of_a_reload_harms_nobody)
{
    w->reload = reload_later;
    w->turn = count_turns;
    w->client = leave_then_ask;
    expect(get(w, "/-/healthy"), 200, "healthy\n");
    w->client = ask;
    expect(post_reload(), 200, "so it is\n");
}
END_TEST

START_TEST(a_reload_needs_a_token_that_may_act)
{
    static const struct httpd_token tokens[] = {
        { "operator", "o", HTTPD_ACT },
        { "reader", "r", HTTPD_READ | HTTPD_WRITE },
    };

    w->reload = reload_at_once;
    w->config.tokens = tokens;
    w->config.ntokens = 2;
    expect(post_reload(), 401, NULL);
    expect(
        post_to(w, "/-/reload", "Authorization: Bearer x\r\n", slice_str("")),
        401, NULL);
    expect(
        post_to(w, "/-/reload", "Authorization: Bearer r\r\n", slice_str("")),
        403, NULL);
    ck_assert_uint_eq(asked, 0);
    expect(
        post_to(w, "/-/reload", "Authorization: Bearer o\r\n", slice_str("")),
        200, NULL);
    ck_assert_uint_eq(asked, 1);
}
END_TEST

static const TTest **const tests[] = {
    &without_rules_to_read_a_reload_is_refused,
    &a_stop_answers_who_waits_for_a_reload_and_asks_for_none,
    &who_leaves_before_the_end_of_a_reload_harms_nobody,
    &a_reload_needs_a_token_that_may_act,
};

static const struct suite_table tables[] = {
    { &what_came_of_a_reload_is_its_answer,
      2 * sizeof(codes) / sizeof(*codes) },
};

int main(void)
{
    return RUN_SUITE_WITH("httpd reload", setup, teardown, tests, tables);
}
