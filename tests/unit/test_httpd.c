/*
 * Everything HTTP: lines in, the state out, who may.  The view says what it
 * is told to; test_httpd_core.c has the real one.
 */
#include "test_httpd.h"

struct core {
    const char *text;
    size_t repeat; /* text this often, as one JSON string; 0: as it is */
    size_t weight;
    nsec watermark;
    const char *patch; /* what view_changes says next, then NULL */
    enum status changes;
    int watches;
};

struct watch {
    int unused;
};

/* ---- a view that says what it is told ---- */

enum status view_write(const struct core *core, const struct path *path,
                       struct view_options options, const struct sink *sink)
{
    bool ok = true;
    size_t i;

    if (path->n && slice_is(path->key[0], "none"))
        return ST_NONE;
    if (path->n)
        ok = sink->write(sink->self, path->key[path->n - 1]);
    else if (options.split)
        ok = sink->write(sink->self, slice_str("\"split\""));
    else if (core->repeat == 0)
        ok = sink->write(sink->self, slice_str(core->text));
    else
        ok = sink->write(sink->self, slice_str("\""));
    if (path->n || options.split || core->repeat == 0)
        return ok ? ST_OK : ST_END;
    for (i = 0; i < core->repeat && ok; i++)
        ok = sink->write(sink->self, slice_str(core->text));
    ok = ok && sink->write(sink->self, slice_str("\""));
    return ok ? ST_OK : ST_END;
}

size_t view_weight(const struct core *core, const struct path *path,
                   size_t limit)
{
    if (path->n && slice_is(path->key[0], "none"))
        return 0;
    return core->weight < limit ? core->weight : limit;
}

nsec view_watermark(const struct core *core)
{
    return core->watermark;
}

void view_report(const struct core *core, bool text, struct buf *out)
{
    buf_printf(out, text ? "report at %lld\n" : "{\"at\":%lld}",
               (long long)core->watermark);
}

void view_api_rules(const struct core *core, struct buf *out)
{
    (void)core;
    buf_str(out, "{\"rules\":1}");
}

void view_api_alerts(const struct core *core, struct buf *out)
{
    (void)core;
    buf_str(out, "{\"alerts\":1}");
}

struct watch *watch_new(struct core *core, const struct path *path)
{
    (void)path;
    core->watches++;
    return xcalloc(1, sizeof(struct watch));
}

void watch_free(struct core *core, struct watch *watch)
{
    core->watches -= watch != NULL;
    free(watch);
}

enum status view_changes(struct core *core, struct watch *watch,
                         struct buf *out)
{
    ck_assert_ptr_nonnull(watch);
    if (core->changes)
        return core->changes;
    if (!core->patch)
        return ST_AGAIN;
    buf_str(out, core->patch);
    return ST_OK;
}

static struct world *world_new(void)
{
    static struct core core;

    core = (struct core){ .text = "{\"a\":1}",
                          .weight = 2,
                          .watermark = 1700000000000000001 };
    return world_of(&core);
}

/* ---- POST /logs ---- */

START_TEST(lines_are_handed_on_as_they_were_written)
{
    struct world *w = world_new();

    expect(post(w, "{\"a\": 1}\n\n{\"b\":2}\r\n"), 200, "{\"accepted\":2}\n");
    ck_assert_str_eq(buf_cstr(&w->lines), " {\"a\": 1}\n {\"b\":2}\n");
    ck_assert_str_eq(buf_cstr(&w->source), "http r1 shard ");
    world_free(w);
}
END_TEST

START_TEST(arrays_and_objects_are_told_by_their_text)
{
    struct world *w = world_new();

    expect(post(w, "[{\"a\":1},\n{\"b\":2}]"), 200, "{\"accepted\":2}\n");
    expect(post(w, "{\n\"c\":3\n}"), 200, "{\"accepted\":1}\n");
    ck_assert_str_eq(buf_cstr(&w->lines),
                     " {\"a\":1}\n {\"b\":2}\n { \"c\":3 }\n");
    world_free(w);
}
END_TEST

START_TEST(a_bad_line_is_named_and_the_good_ones_stay)
{
    struct world *w = world_new();

    expect(post(w, "{\"a\":1}\n\n{\"b\":\n{\"c\":3}\nhello\n"), 207,
           "{\"accepted\":3,\"text\":1,\"rejected\":[{\"line\":3,\"column\":5,"
           "\"error\":\"the object is not closed\"}],\"rejected_total\":1}\n");
    ck_assert_str_eq(buf_cstr(&w->lines), " {\"a\":1}\n {\"c\":3}\n hello\n");
    world_free(w);
}
END_TEST

START_TEST(a_body_of_bad_lines_only_is_a_bad_request)
{
    struct world *w = world_new();

    expect(post(w, "{\n"), 400,
           "{\"error\":\"no line was accepted\",\"accepted\":0,\"rejected\":["
           "{\"line\":1,\"column\":1,\"error\":\"the object is not closed\"}],"
           "\"rejected_total\":1}\n");
    expect_part(post(w, "[1,2]"), 400,
                "\"line\":1,\"column\":4,\"error\":\"a "
                "member of the array is no object\"");
    world_free(w);
}
END_TEST

START_TEST(the_first_hundred_bad_lines_are_named_and_all_are_counted)
{
    struct world *w = world_new();
    struct buf body;
    int i;

    buf_init(&body, BUF_NO_CAP);
    for (i = 0; i < 150; i++)
        buf_str(&body, "{x\n");
    post_to(w, "/logs", "", buf_view(&body));
    expect_part(buf_cstr(&w->reply), 400, "\"rejected_total\":150");
    ck_assert_ptr_nonnull(strstr(w->reply.p, "{\"line\":100,"));
    ck_assert_ptr_null(strstr(w->reply.p, "{\"line\":101,"));
    buf_release(&body);
    world_free(w);
}
END_TEST

START_TEST(an_empty_body_is_a_bad_request)
{
    struct world *w = world_new();

    expect_part(post(w, ""), 400, "the body is empty");
    expect_part(post(w, " \n\n"), 400, "the body is empty");
    world_free(w);
}
END_TEST

START_TEST(gzip_is_expanded)
{
    struct world *w = world_new();
    struct buf z = gzipped(slice_str("{\"a\":1}\n{\"b\":2}\n"));

    expect(post_to(w, "/logs", "Content-Encoding: gzip\r\n", buf_view(&z)), 200,
           "{\"accepted\":2}\n");
    z.n -= 3;
    expect_part(post_to(w, "/logs", "Content-Encoding: gzip\r\n", buf_view(&z)),
                400, "the gzip stops too early");
    ck_assert_uint_eq(w->taken, 2);
    buf_release(&z);
    world_free(w);
}
END_TEST

START_TEST(a_gzip_bomb_is_refused_before_a_line_is_taken)
{
    struct world *w = world_new();
    struct slice zeroes = { xcalloc(1, 8 << 20), 8 << 20 };
    struct buf z = gzipped(zeroes);

    expect_part(post_to(w, "/logs", "Content-Encoding: gzip\r\n", buf_view(&z)),
                413, "expands more than 200 times");
    ck_assert_uint_eq(w->calls, 0);
    free((void *)(uintptr_t)zeroes.p);
    buf_release(&z);
    world_free(w);
}
END_TEST

START_TEST(other_encodings_are_not_understood)
{
    struct world *w = world_new();

    post_to(w, "/logs", "Content-Encoding: br\r\n", slice_str("{}"));
    expect_part(w->reply.p, 415, "Accept-Encoding: gzip");
    world_free(w);
}
END_TEST

START_TEST(chunked_bodies_are_joined)
{
    struct world *w = world_new();

    expect(ask_for(w, slice_str("POST /logs HTTP/1.1\r\n" CLOSE
                                "Transfer-Encoding: chunked\r\n\r\n"
                                "4\r\n{\"a\"\r\n5\r\n:1}\n{\r\n1\r\n}\r\n"
                                "0\r\n\r\n")),
           200, "{\"accepted\":2}\n");
    ck_assert_str_eq(buf_cstr(&w->lines), " {\"a\":1}\n {}\n");
    world_free(w);
}
END_TEST

START_TEST(a_body_over_the_cap_is_refused_whole)
{
    struct world *w = world_new();

    w->config.body_bytes = 8;
    expect_part(post(w, "{}\n{}\n{}\n"), 413, "larger than 8 bytes");
    expect_part(ask_for(w, slice_str("POST /logs HTTP/1.1\r\n" CLOSE
                                     "Transfer-Encoding: chunked\r\n\r\n"
                                     "3\r\n{}\n\r\n6\r\n{}\n{}\n\r\n"
                                     "0\r\n\r\n")),
                413, "larger than 8 bytes");
    ck_assert_uint_eq(w->calls, 0);
    expect(post(w, "{}\n{}\n{}"), 200, "{\"accepted\":3}\n");
    world_free(w);
}
END_TEST

START_TEST(bodies_together_have_a_cap_too)
{
    struct world *w = world_new();

    struct buf body;

    w->config.buffered_bytes = 1000;
    expect(post(w, "{}"), 200, NULL);
    buf_init(&body, BUF_NO_CAP);
    while (body.n < 2000)
        buf_str(&body, "{\"some\":\"text\"}\n");
    expect_part(post_to(w, "/logs", "", buf_view(&body)), 503,
                "Retry-After: 1");
    ck_assert_uint_eq(w->calls, 1);
    expect(post(w, "{}"), 200, NULL);
    buf_release(&body);
    world_free(w);
}
END_TEST

START_TEST(a_client_that_asks_first_is_told_to_go_on)
{
    struct world *w = world_new();

    ask_for(w, slice_str("POST /logs HTTP/1.1\r\n" CLOSE
                         "Expect: 100-continue\r\nContent-Length: 2\r\n"
                         "\r\n{}"));
    expect_part(w->reply.p, 100, "HTTP/1.1 200 OK");
    world_free(w);
}
END_TEST

START_TEST(a_client_that_asks_first_is_spared_a_refused_body)
{
    struct world *w = world_new();

    w->config.body_bytes = 8;
    expect_part(ask_for(w, slice_str("POST /logs HTTP/1.1\r\n" CLOSE
                                     "Expect: 100-continue\r\n"
                                     "Content-Length: 9\r\n\r\n")),
                413, "larger than 8 bytes");
    world_free(w);
}
END_TEST

static void commit_once_it_waits(struct world *w)
{
    if (w->taken < 2)
        return;
    /* A few turns in which an answer could get out. */
    if (w->step++ < 5) {
        httpd_flush_watchers(w->httpd);
        ck_assert(!atomic_load(&w->answered));
        return;
    }
    w->fate = COMMIT;
}

START_TEST(no_answer_leaves_before_the_lines_are_durable)
{
    struct loop_timer tick = { 0 };
    struct world *w = world_new();

    w->fate = HOLD;
    w->turn = commit_once_it_waits;
    world_start(w);
    loop_timer_start(w->loop, &tick, NSEC_MSEC, NSEC_MSEC, nop, NULL);
    expect(post(w, "{}\n{}"), 200, "{\"accepted\":2}\n");
    ck_assert_int_ge(w->step, 5);
    loop_timer_stop(&tick);
    world_free(w);
}
END_TEST

START_TEST(discarded_lines_are_not_acknowledged)
{
    struct world *w = world_new();

    w->fate = DISCARD;
    expect(post(w, "{}\n{}"), 503,
           "{\"error\":\"the disk went away\","
           "\"accepted\":0}\n");
    ck_assert_ptr_nonnull(strstr(w->reply.p, "Retry-After: 1\r\n"));
    world_free(w);
}
END_TEST

START_TEST(lines_that_stay_pending_are_given_up)
{
    struct world *w = world_new();

    w->fate = HOLD;
    w->config.durable_for = NSEC_MSEC;
    expect_part(post(w, "{}"), 503, "not yet on disk");
    world_free(w);
}
END_TEST

START_TEST(back_pressure_loses_no_line_and_repeats_none)
{
    struct world *w = world_new();
    struct buf body, want;
    int i;

    w->room = 3;
    buf_init(&body, BUF_NO_CAP);
    buf_init(&want, BUF_NO_CAP);
    for (i = 0; i < 1000; i++) {
        buf_printf(&body, "{\"i\":%d}\n", i);
        buf_printf(&want, " {\"i\":%d}\n", i);
    }
    expect(post_to(w, "/logs", "", buf_view(&body)), 200,
           "{\"accepted\":1000}\n");
    ck_assert_str_eq(buf_cstr(&w->lines), buf_cstr(&want));
    buf_release(&body);
    buf_release(&want);
    world_free(w);
}
END_TEST

START_TEST(a_long_body_takes_several_turns)
{
    struct world *w = world_new();
    struct buf body;
    int i;

    buf_init(&body, BUF_NO_CAP);
    for (i = 0; i < 10000; i++)
        buf_str(&body, "{\"a\":1}\n");
    expect(post_to(w, "/logs", "", buf_view(&body)), 200,
           "{\"accepted\":10000}\n");
    buf_release(&body);
    world_free(w);
}
END_TEST

START_TEST(a_full_disk_says_which_lines_are_safe)
{
    struct world *w = world_new();

    w->full_at = 3;
    expect(post(w, "{}\n{}\n{}\n{}"), 503,
           "{\"error\":\"the disk is full\",\"line\":3,\"accepted\":2}\n");
    world_free(w);
}
END_TEST

START_TEST(an_idempotency_key_names_each_line)
{
    struct world *w = world_new();

    expect(post_to(w, "/logs", "Idempotency-Key: k7\r\n",
                   slice_str("{\"a\":1}\n\n{\"b\":2}\n")),
           200, NULL);
    ck_assert_str_eq(buf_cstr(&w->lines), "k7/1 {\"a\":1}\nk7/2 {\"b\":2}\n");
    expect_part(post_to(w, "/logs", "Idempotency-Key: \r\n", slice_str("{}")),
                400, "1 to 200 bytes");
    world_free(w);
}
END_TEST

START_TEST(a_key_covers_no_more_lines_than_are_remembered)
{
    struct world *w = world_new();

    w->config.keyed_lines = 2;
    expect_part(post_to(w, "/logs", "Idempotency-Key: k\r\n",
                        slice_str("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n")),
                207,
                "{\"line\":3,\"column\":1,\"error\":\"an "
                "Idempotency-Key covers 2 lines: ");
    ck_assert_str_eq(buf_cstr(&w->lines), "k/1 {\"a\":1}\nk/2 {\"b\":2}\n");
    expect(post(w, "{}\n{}\n{}"), 200, "{\"accepted\":3}\n");
    world_free(w);
}
END_TEST

START_TEST(blade_mode_and_mount_can_be_named)
{
    struct world *w = world_new();

    expect(post_to(w, "/logs?blade=web&mode=json&at=x.y", "", slice_str("{}")),
           200, NULL);
    ck_assert_str_eq(buf_cstr(&w->source), "web r1 json /x/y");
    expect(post_to(w, "/logs?blade=web&mode=text", "", slice_str("[1]\n{}")),
           200, "{\"accepted\":2,\"text\":2}\n");
    ck_assert_str_eq(buf_cstr(&w->source), "web r1 text /blades/web");
    world_free(w);
}
END_TEST

START_TEST(wrong_parameters_are_named)
{
    struct world *w = world_new();
    struct slice body = slice_str("{}");

    expect_part(post_to(w, "/logs?mode=xml", "", body), 400, "mode=xml");
    expect_part(post_to(w, "/logs?balde=x", "", body), 400,
                "/logs takes no 'balde'");
    expect_part(post_to(w, "/logs?blade=", "", body), 400, "1 to 256 bytes");
    expect_part(post_to(w, "/logs?blade=bad", "", body), 400, "is taken");
    expect_part(post_to(w, "/logs?blade=a%00b", "", body), 400, "%00");
    ck_assert_uint_eq(w->calls, 0);
    world_free(w);
}
END_TEST

START_TEST(a_connection_serves_one_request_after_another)
{
    struct world *w = world_new();
    const char *second;

    ask_for(w, slice_str("POST /logs HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 2\r\n\r\n{}"
                         "POST /logs HTTP/1.1\r\n" CLOSE
                         "Content-Length: 5\r\n\r\n{}\n{}"));
    expect_part(w->reply.p, 200, "{\"accepted\":1}");
    second = strstr(w->reply.p + 1, "HTTP/1.1");
    ck_assert_ptr_nonnull(second);
    expect(second, 200, "{\"accepted\":2}\n");
    world_free(w);
}
END_TEST

#define POST_ONE "POST /logs HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\n\r\n{}"

static void leave_and_come_back(struct world *w)
{
    int fd = dial(w);

    say(fd, slice_str(POST_ONE));
    sem_wait(&w->go);
    close(fd);
    w->request = slice_str(POST_ONE);
    ask(w);
}

static void wait_for_the_second(struct world *w)
{
    if (w->taken == 1 && w->step++ == 0)
        sem_post(&w->go);
    if (w->taken == 2)
        w->fate = COMMIT;
}

START_TEST(a_client_that_leaves_before_its_answer_harms_nobody)
{
    struct world *w = world_new();

    w->fate = HOLD;
    w->client = leave_and_come_back;
    w->turn = wait_for_the_second;
    expect(run(w), 200, "{\"accepted\":1}\n");
    world_free(w);
}
END_TEST

static void break_off_and_come_back(struct world *w)
{
    int fd = dial(w);

    say(fd, slice_str("POST /logs HTTP/1.1\r\n" CLOSE
                      "Content-Length: 100\r\n\r\n{}\n{}\n"));
    close(fd);
    ask(w);
}

START_TEST(of_a_body_that_breaks_off_nothing_is_taken)
{
    struct world *w = world_new();

    w->client = break_off_and_come_back;
    expect_part(get(w, "/metrics"), 200, "http_buffered_bytes");
    ck_assert_uint_eq(w->calls, 0);
    world_free(w);
}
END_TEST

static void stop_once_it_waits(struct world *w)
{
    if (w->taken && w->step++ == 0)
        httpd_stop(w->httpd);
}

START_TEST(a_stop_answers_those_who_wait)
{
    struct world *w = world_new();

    w->fate = HOLD;
    w->turn = stop_once_it_waits;
    expect_part(post(w, "{}"), 503, "the monitor is stopping");
    w->fate = COMMIT;
    settle(w); /* the intake may still call back */
    world_free(w);
}
END_TEST

/* ---- reading ---- */

START_TEST(the_state_is_canonical_json_and_a_newline)
{
    struct world *w = world_new();

    expect(get(w, "/state"), 200, "{\"a\":1}\n");
    ck_assert_ptr_nonnull(
        strstr(w->reply.p,
               "X-Bladewatch-Watermark: 2023-11-14T22:13:20.000000001Z\r\n"));
    expect(get(w, "/state?split"), 200, "\"split\"\n");
    expect(get(w, "/state?split=0"), 200, "{\"a\":1}\n");
    expect(get(w, "/state?path=a.b"), 200, "b\n");
    expect(get(w, "/state?path=/a~1b"), 200, "a/b\n");
    world_free(w);
}
END_TEST

START_TEST(a_path_to_nothing_is_not_found)
{
    struct world *w = world_new();

    expect(get(w, "/state?path=none.x"), 404,
           "{\"error\":\"the state holds nothing at 'none.x'\"}\n");
    expect_part(get(w, "/state?path=/a~2"), 400, "\"error\":\"path: ");
    expect_part(get(w, "/state?paht=a"), 400, "/state takes no 'paht'");
    world_free(w);
}
END_TEST

START_TEST(head_says_what_get_would)
{
    struct world *w = world_new();

    expect(ask_for(w, slice_str("HEAD /state HTTP/1.1\r\n" CLOSE "\r\n")), 200,
           "");
    expect(ask_for(
               w, slice_str("HEAD /state?path=none HTTP/1.1\r\n" CLOSE "\r\n")),
           404, "");
    expect(ask_for(w, slice_str("HEAD /state/watch HTTP/1.1\r\n" CLOSE "\r\n")),
           200, "");
    ck_assert_ptr_null(strstr(w->reply.p, "Content-Length"));
    world_free(w);
}
END_TEST

START_TEST(a_large_state_is_written_by_a_child)
{
    struct world *w = world_new();
    bool whole;
    char *body;
    size_t n;

    w->core->text = "0123456789";
    w->core->repeat = 1000000;
    w->core->weight = 1000000;
    expect(get(w, "/state"), 200, NULL);
    body = unchunk(w, &n, &whole);
    ck_assert(whole);
    ck_assert_uint_eq(n, 10000003);
    ck_assert_mem_eq(body, "\"01234", 6);
    ck_assert_str_eq(body + n - 4, "89\"\n");
    world_free(w);
}
END_TEST

static void count_turns(struct world *w)
{
    w->step++;
}

START_TEST(others_get_their_turn_while_a_large_state_is_sent)
{
    struct world *w = world_new();

    w->core->text = "0123456789";
    w->core->repeat = 1000000;
    w->turn = count_turns;
    expect(get(w, "/state"), 200, NULL);
    ck_assert_int_gt(w->step, 10000000 / 65536);
    world_free(w);
}
END_TEST

START_TEST(few_nodes_with_much_text_are_written_by_a_child_too)
{
    struct world *w = world_new();
    bool whole;
    size_t n;

    w->core->text = "0123456789";
    w->core->repeat = 1000000;
    expect(get(w, "/state"), 200, NULL);
    unchunk(w, &n, &whole);
    ck_assert(whole);
    ck_assert_uint_eq(n, 10000003);
    world_free(w);
}
END_TEST

#define CHILDREN  4
#define GET_STATE "GET /state HTTP/1.1\r\n" CLOSE "\r\n"

static void hold_all_children(struct world *w)
{
    struct buf reply;
    int fd[CHILDREN];
    size_t i;

    for (i = 0; i < CHILDREN; i++) {
        buf_init(&reply, BUF_NO_CAP);
        fd[i] = dial(w);
        say(fd[i], slice_str(GET_STATE));
        hear(fd[i], "\r\n\r\n", &reply);
        buf_release(&reply);
    }
    w->request = slice_str(GET_STATE);
    ask(w);
    for (i = 0; i < CHILDREN; i++)
        close(fd[i]);
}

/* A place is free again as soon as the child of a gone client was reaped. */
static void ask_until_served(struct world *w)
{
    do {
        buf_reset(&w->reply);
        ask(w);
    } while (strncmp(buf_cstr(&w->reply), "HTTP/1.1 503", 12) == 0);
}

START_TEST(children_are_few_and_end_with_their_clients)
{
    struct world *w = world_new();

    w->core->text = "0123456789abcdef0123456789abcdef";
    w->core->repeat = 1 << 20;
    w->client = hold_all_children;
    expect_part(run(w), 503, "4 large states are being written already");
    w->client = ask_until_served;
    expect(run(w), 200, NULL);
    world_free(w);
}
END_TEST

START_TEST(a_stop_ends_the_children)
{
    struct world *w = world_new();

    w->core->text = "0123456789abcdef0123456789abcdef";
    w->core->repeat = 1 << 20;
    w->until = "\r\n\r\n";
    expect(ask_for(w, slice_str(GET_STATE)), 200, NULL);
    world_free(w);
}
END_TEST

/* ---- watching ---- */

#define WATCH "GET /state/watch HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void change_twice(struct world *w)
{
    if (w->core->watches == 0)
        return;
    if (w->step == 0) {
        w->core->patch = "[1]";
        w->core->watermark++;
        httpd_flush_watchers(w->httpd);
        w->core->patch = NULL;
        httpd_flush_watchers(w->httpd);
        w->step = 1;
    } else if (w->step == 1) {
        w->core->changes = ST_LIMIT;
        w->core->text = "\"all\"";
        httpd_flush_watchers(w->httpd);
        w->core->changes = ST_OK;
        w->step = 2;
    }
}

static char *events(struct world *w)
{
    bool whole;
    size_t n;

    return unchunk(w, &n, &whole);
}

START_TEST(a_watcher_gets_the_whole_then_what_changes)
{
    struct loop_timer tick = { 0 };
    struct world *w = world_new();

    w->turn = change_twice;
    w->until = "\"all\"\n\n\r\n";
    world_start(w);
    loop_timer_start(w->loop, &tick, NSEC_MSEC, NSEC_MSEC, nop, NULL);
    expect_part(ask_for(w, slice_str(WATCH)), 200, "text/event-stream");
    ck_assert_str_eq(events(w),
                     "retry: 2000\n\n"
                     "event: state\nid: 1700000000000000001\n"
                     "data: {\"a\":1}\n\n"
                     "event: patch\nid: 1700000000000000002\ndata: [1]\n\n"
                     "event: state\nid: 1700000000000000002\n"
                     "data: \"all\"\n\n");
    loop_timer_stop(&tick);
    world_free(w);
}
END_TEST

START_TEST(a_watcher_of_a_large_state_gets_it_from_a_child)
{
    struct world *w = world_new();
    char *text;

    w->core->text = "0123456789";
    w->core->repeat = 100000;
    w->core->weight = 100000;
    w->turn = change_twice;
    w->until = "event: patch";
    ask_for(w, slice_str(WATCH));
    w->step = 2;
    text = events(w);
    ck_assert_ptr_nonnull(strstr(text, "data: \"0123"));
    ck_assert_ptr_nonnull(strstr(text, "789\"\n\nevent: patch\n"));
    world_free(w);
}
END_TEST

START_TEST(a_watcher_of_nothing_is_told_null)
{
    struct world *w = world_new();

    w->until = "null\n\n";
    expect(ask_for(w, slice_str("GET /state/watch?path=none HTTP/1.1\r\n"
                                "Host: localhost\r\n\r\n")),
           200, NULL);
    world_free(w);
}
END_TEST

START_TEST(a_silent_watcher_hears_a_ping)
{
    struct world *w = world_new();

    w->config.beat_for = NSEC_MSEC;
    w->until = ": ping\n\n";
    expect(ask_for(w, slice_str(WATCH)), 200, NULL);
    world_free(w);
}
END_TEST

static void watch_twice(struct world *w)
{
    struct buf first;
    int fd = dial(w);

    buf_init(&first, BUF_NO_CAP);
    say(fd, slice_str(WATCH));
    hear(fd, "event: state", &first);
    buf_release(&first);
    w->request = slice_str(WATCH);
    ask(w);
    close(fd);
}

START_TEST(watchers_have_a_cap)
{
    struct world *w = world_new();

    w->config.watchers = 1;
    w->client = watch_twice;
    w->until = "}\n";
    expect_part(run(w), 503, "1 watchers are the most");
    world_free(w);
}
END_TEST

static void read_late(struct world *w)
{
    int fd = dial(w);

    say(fd, slice_str(WATCH));
    hear(fd, "event: state", &w->reply);
    sem_wait(&w->go);
    hear(fd, "\r\n0\r\n\r\n", &w->reply);
    close(fd);
}

static void flood(struct world *w)
{
    if (w->core->watches) {
        w->step = 1;
        httpd_flush_watchers(w->httpd);
    } else if (w->step == 1) {
        w->step = 2;
        sem_post(&w->go);
    }
}

START_TEST(a_watcher_that_does_not_keep_up_is_let_go)
{
    struct loop_timer tick = { 0 };
    struct world *w = world_new();
    struct buf patch;

    buf_init(&patch, BUF_NO_CAP);
    buf_char(&patch, '"');
    while (patch.n < 100000)
        buf_str(&patch, "some text that takes room ");
    buf_char(&patch, '"');
    w->core->patch = buf_cstr(&patch);
    w->config.unsent_bytes = 1 << 20;
    w->client = read_late;
    w->turn = flood;
    world_start(w);
    loop_timer_start(w->loop, &tick, NSEC_MSEC, NSEC_MSEC, nop, NULL);
    expect(run(w), 200, NULL);
    ck_assert_ptr_nonnull(strstr(w->reply.p, "\"\n\nevent: end\ndata: "));
    loop_timer_stop(&tick);
    buf_release(&patch);
    world_free(w);
}
END_TEST

/* ---- the small ones ---- */

START_TEST(health_readiness_containers_and_the_index_answer)
{
    struct world *w = world_new();

    expect(get(w, "/-/healthy"), 200, "healthy\n");
    expect(get(w, "/-/ready"), 200, "ready\n");
    w->unready = true;
    expect(get(w, "/-/ready"), 503,
           "{\"error\":\"not ready: the journal is being read\"}\n");
    expect(get(w, "/containers"), 200, "[{\"name\":\"web\"}]\n");
    expect_part(get(w, "/"), 200, "GET  /state?path&split\n");
    world_free(w);
}
END_TEST

START_TEST(an_unknown_address_is_not_found)
{
    struct world *w = world_new();

    expect(get(w, "/nowhere"), 404,
           "{\"error\":\"there is nothing at /nowhere: GET / lists what there "
           "is\"}\n");
    world_free(w);
}
END_TEST

START_TEST(a_wrong_method_is_told_the_right_one)
{
    struct world *w = world_new();

    expect_part(get(w, "/logs"), 405, "Allow: POST\r\n");
    expect_part(post_to(w, "/state", "", slice_str("{}")), 405,
                "Allow: GET, HEAD\r\n");
    world_free(w);
}
END_TEST

START_TEST(metrics_please_promtool)
{
    struct world *w = world_new();
    char *body;
    FILE *f;

    post(w, "{}\n{\n");
    get(w, "/nowhere");
    expect_part(get(w, "/metrics"), 200, "text/plain; version=0.0.4");
    body = strstr(w->reply.p, "\r\n\r\n") + 4;
    ck_assert_ptr_nonnull(strstr(
        body, "bladewatch_http_requests_total{method=\"POST\",path=\"/logs\","
              "code=\"207\"} 1\n"));
    ck_assert_ptr_nonnull(
        strstr(body, "bladewatch_http_lines_total{result=\"rejected\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(body, "requests_in_flight 1\n"));
    ck_assert_ptr_nonnull(strstr(body, "buffered_bytes 0\n"));
    if (system("command -v promtool >/dev/null 2>&1") == 0) {
        f = popen("promtool check metrics", "w");
        fputs(body, f);
        ck_assert_int_eq(pclose(f), 0);
    }
    world_free(w);
}
END_TEST

/* ---- who may ---- */

static const struct httpd_token tokens[] = {
    { "shop", "s3cret", HTTPD_WRITE },
    { "desk", "r3ader", HTTPD_READ },
};

#define BEARER(x) "Authorization: Bearer " x "\r\n"

START_TEST(a_token_opens_what_it_is_for)
{
    struct slice body = slice_str("{}");
    struct world *w = world_new();

    w->config.tokens = tokens;
    w->config.ntokens = 2;
    expect_part(post_to(w, "/logs", "", body), 401,
                "WWW-Authenticate: Bearer\r\n");
    expect(post_to(w, "/logs", BEARER("s3creT"), body), 401, NULL);
    expect_part(post_to(w, "/logs", BEARER("r3ader"), body), 403,
                "this token does not allow writing logs");
    expect(post_to(w, "/logs", BEARER("s3cret"), body), 200, NULL);
    ck_assert_str_eq(buf_cstr(&w->source), "shop r1 shard ");
    expect(get(w, "/state"), 401, NULL);
    expect(get(w, "/-/healthy"), 200, NULL);
    ck_assert_uint_eq(w->calls, 1);
    world_free(w);
}
END_TEST

START_TEST(a_page_in_a_browser_may_not_speak_for_its_user)
{
    struct world *w = world_new();

    expect_part(ask_for(w, slice_str("GET /state HTTP/1.1\r\n"
                                     "Host: evil.example:7433\r\n"
                                     "Connection: close\r\n\r\n")),
                403, "the Host header names evil.example:7433");
    expect_part(
        post_to(w, "/logs", "Origin: http://evil.example\r\n", slice_str("{}")),
        403, "another origin");
    expect(post_to(w, "/logs", "Origin: http://localhost\r\n", slice_str("{}")),
           200, NULL);
    expect(ask_for(w, slice_str("GET /state HTTP/1.1\r\nHost: [::1]:7433\r\n"
                                "Connection: close\r\n\r\n")),
           200, NULL);
    world_free(w);
}
END_TEST

static enum status start_on(struct world *w, const char *where, struct err *err)
{
    struct httpd_ports ports = { .intake = &w->intake, .core = w->core };
    enum status st;

    w->intake.self = w;
    w->intake.listen = listen_to;
    w->config.listen = where;
    ck_assert_int_eq(loop_new(&w->loop, err), ST_OK);
    st = httpd_start(w->loop, &w->config, &ports, &w->httpd, err);
    if (!st)
        httpd_stop(w->httpd);
    if (!st)
        httpd_free(w->httpd);
    loop_free(w->loop);
    return st;
}

START_TEST(nobody_listens_beyond_this_host_without_a_token)
{
    struct world *w = world_new();
    struct err err = { 0 };

    ck_assert_int_eq(start_on(w, "0.0.0.0:0", &err), ST_DENIED);
    ck_assert_str_eq(err.text,
                     "listening on 0.0.0.0:0 would let anybody in: configure "
                     "a token, or say --allow-anonymous if that is meant");
    w->config.allow_anonymous = true;
    ck_assert_int_eq(start_on(w, "0.0.0.0:0", &err), ST_OK);
    w->config.allow_anonymous = false;
    w->config.tokens = tokens;
    w->config.ntokens = 1;
    ck_assert_int_eq(start_on(w, "0.0.0.0:0", &err), ST_OK);
    free(w);
}
END_TEST

START_TEST(an_address_that_makes_no_sense_is_refused)
{
    static const char *const bad[] = { "",           "7433",
                                       "localhost",  ":7433",
                                       "127.0.0.1:", "127.0.0.1:70000",
                                       "::1:7433",   "[::1]",
                                       "host:7433" };
    struct world *w = world_new();
    struct err err = { 0 };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(start_on(w, bad[i], &err) == ST_BAD, "'%s'", bad[i]);
    ck_assert_str_eq(err.text,
                     "cannot listen on 'host:7433': write 127.0.0.1:7433, "
                     "[::1]:7433 or 0.0.0.0:7433");
    free(w);
}
END_TEST

START_TEST(a_port_in_use_is_said_to_be)
{
    struct world *w = world_new(), *other = world_new();
    struct err err = { 0 };

    world_start(w);
    ck_assert_int_eq(start_on(other, httpd_address(w->httpd), &err), ST_BUSY);
    ck_assert_ptr_nonnull(strstr(err.text, "another program already does"));
    free(other);
    world_free(w);
}
END_TEST

#define ADD(name) tcase_add_test(t, name)

static void add_writing(Suite *s)
{
    TCase *t = tcase_create("writing");

    ADD(lines_are_handed_on_as_they_were_written);
    ADD(arrays_and_objects_are_told_by_their_text);
    ADD(a_bad_line_is_named_and_the_good_ones_stay);
    ADD(a_body_of_bad_lines_only_is_a_bad_request);
    ADD(the_first_hundred_bad_lines_are_named_and_all_are_counted);
    ADD(an_empty_body_is_a_bad_request);
    ADD(gzip_is_expanded);
    ADD(a_gzip_bomb_is_refused_before_a_line_is_taken);
    ADD(other_encodings_are_not_understood);
    ADD(chunked_bodies_are_joined);
    ADD(a_body_over_the_cap_is_refused_whole);
    ADD(bodies_together_have_a_cap_too);
    ADD(a_client_that_asks_first_is_told_to_go_on);
    ADD(a_client_that_asks_first_is_spared_a_refused_body);
    ADD(no_answer_leaves_before_the_lines_are_durable);
    ADD(discarded_lines_are_not_acknowledged);
    ADD(lines_that_stay_pending_are_given_up);
    ADD(back_pressure_loses_no_line_and_repeats_none);
    ADD(a_long_body_takes_several_turns);
    ADD(a_full_disk_says_which_lines_are_safe);
    ADD(an_idempotency_key_names_each_line);
    ADD(a_key_covers_no_more_lines_than_are_remembered);
    ADD(blade_mode_and_mount_can_be_named);
    ADD(wrong_parameters_are_named);
    ADD(a_connection_serves_one_request_after_another);
    ADD(a_client_that_leaves_before_its_answer_harms_nobody);
    ADD(of_a_body_that_breaks_off_nothing_is_taken);
    ADD(a_stop_answers_those_who_wait);
    suite_add_tcase(s, t);
}

static void add_reading(Suite *s)
{
    TCase *t = tcase_create("reading");

    tcase_set_timeout(t, 30);
    ADD(the_state_is_canonical_json_and_a_newline);
    ADD(a_path_to_nothing_is_not_found);
    ADD(head_says_what_get_would);
    ADD(a_large_state_is_written_by_a_child);
    ADD(others_get_their_turn_while_a_large_state_is_sent);
    ADD(few_nodes_with_much_text_are_written_by_a_child_too);
    ADD(children_are_few_and_end_with_their_clients);
    ADD(a_stop_ends_the_children);
    ADD(a_watcher_gets_the_whole_then_what_changes);
    ADD(a_watcher_of_a_large_state_gets_it_from_a_child);
    ADD(a_watcher_of_nothing_is_told_null);
    ADD(a_silent_watcher_hears_a_ping);
    ADD(watchers_have_a_cap);
    ADD(a_watcher_that_does_not_keep_up_is_let_go);
    ADD(health_readiness_containers_and_the_index_answer);
    ADD(an_unknown_address_is_not_found);
    ADD(a_wrong_method_is_told_the_right_one);
    ADD(metrics_please_promtool);
    suite_add_tcase(s, t);
}

static void add_guarding(Suite *s)
{
    TCase *t = tcase_create("guarding");

    ADD(a_token_opens_what_it_is_for);
    ADD(a_page_in_a_browser_may_not_speak_for_its_user);
    ADD(nobody_listens_beyond_this_host_without_a_token);
    ADD(an_address_that_makes_no_sense_is_refused);
    ADD(a_port_in_use_is_said_to_be);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("httpd");
    SRunner *r;
    int failed;

    add_writing(s);
    add_reading(s);
    add_guarding(s);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
