/*
 * The HTTP face in front of the real core: what is posted is what is read.
 */
#include "test_httpd.h"

#include "core/core.h"

static struct core *core;
static uint64_t seq;
static size_t merged; /* bytes of w->lines */

/* One line of w->lines is " text\n": the id is empty. */
static void merge_line(struct slice line)
{
    struct event ev = { .kind = EV_LINE, .source = 1, .line = line };

    ev.seq = ++seq;
    ev.ts = ev.logged_at = 1000000000 + (nsec)seq;
    core_step(core, &ev);
}

static void merge(struct world *w)
{
    const char *p = w->lines.p + merged, *end = w->lines.p + w->lines.n, *nl;

    for (; p < end; p = nl + 1) {
        nl = memchr(p, '\n', (size_t)(end - p));
        merge_line(slice_of(p + 1, (size_t)(nl - p - 1)));
    }
    merged = w->lines.n;
    core_step(core, &(struct event){ .kind = EV_TICK,
                                     .ts = 1000000000 + (nsec)seq + 1 });
    httpd_flush_watchers(w->httpd);
}

static struct world *world_new(void)
{
    struct source decl = { .blade = slice_str("http"), .run = slice_str("1") };
    struct world *w;

    core = core_new(7);
    core_step(core,
              &(struct event){ .kind = EV_SOURCE, .source = 1, .decl = &decl });
    seq = 0;
    merged = 0;
    w = world_of(core);
    w->merge = merge;
    return w;
}

static void world_end(struct world *w)
{
    world_free(w);
    core_free(core);
}

START_TEST(what_is_posted_is_what_is_read)
{
    struct world *w = world_new();

    expect(get(w, "/state?path=a"), 404, NULL);
    expect(post(w, "{\"a\":{\"b\":1}}\n{\"a\":{\"c\":{\"$inc\":2}}}\n"
                   "{\"a\":{\"c\":{\"$inc\":3}}}"),
           200, "{\"accepted\":3}\n");
    expect_part(get(w, "/state"), 200, "{\"a\":{\"b\":1,\"c\":5},\"monitor\":");
    expect(get(w, "/state?path=/a"), 200, "{\"b\":1,\"c\":5}\n");
    ck_assert_ptr_nonnull(strstr(
        w->reply.p, "X-Bladewatch-Watermark: 1970-01-01T00:00:01.000000004Z"));
    expect(get(w, "/state?path=a.c&split"), 200,
           "{\"$counter\":{\"http\":5}}\n");
    expect(get(w, "/state?path=a.d"), 404, NULL);
    world_end(w);
}
END_TEST

static void watch_and_post(struct world *w)
{
    struct buf answer;
    int fd = dial(w), other;

    buf_init(&answer, BUF_NO_CAP);
    say(fd, slice_str("GET /state/watch?path=a HTTP/1.1\r\n"
                      "Host: localhost\r\n\r\n"));
    hear(fd, "event: state", &w->reply);
    other = dial(w);
    say(other, w->request);
    hear(other, NULL, &answer);
    close(other);
    hear(fd, "event: patch", &w->reply);
    hear(fd, "]\n\n", &w->reply);
    close(fd);
    buf_release(&answer);
}

START_TEST(a_watcher_sees_what_is_posted)
{
    struct world *w = world_new();
    char *p;

    post(w, "{\"a\":{\"b\":1},\"z\":1}");
    w->client = watch_and_post;
    post(w, "{\"a\":{\"b\":2,\"d\":[]},\"z\":2}");
    p = strstr(w->reply.p, "event: patch");
    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_nonnull(
        strstr(p, "data: [{\"op\":\"add\",\"path\":\"/b\",\"value\":2},"
                  "{\"op\":\"add\",\"path\":\"/d\",\"value\":[]}]\n\n"));
    world_end(w);
}
END_TEST

START_TEST(a_large_state_is_a_consistent_cut)
{
    struct world *w = world_new();
    struct buf body, want;
    bool whole;
    char *got;
    size_t n;
    int i;

    w->config.render_nodes = 1000;
    buf_init(&body, BUF_NO_CAP);
    buf_init(&want, BUF_NO_CAP);
    buf_char(&want, '{');
    for (i = 10000; i < 13000; i++) {
        buf_printf(&body, "{\"big\":{\"%d\":\"some text\"}}\n", i);
        buf_printf(&want, "%s\"%d\":\"some text\"", i > 10000 ? "," : "", i);
    }
    buf_str(&want, "}\n");
    expect(post_to(w, "/logs", "", buf_view(&body)), 200, NULL);
    expect(get(w, "/state?path=big"), 200, NULL);
    got = unchunk(w, &n, &whole);
    ck_assert(whole);
    ck_assert(strcmp(got, buf_cstr(&want)) == 0);
    buf_release(&body);
    buf_release(&want);
    world_end(w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("httpd with the core");
    TCase *t = tcase_create("core");
    SRunner *r;
    int failed;

    tcase_add_test(t, what_is_posted_is_what_is_read);
    tcase_add_test(t, a_watcher_sees_what_is_posted);
    tcase_add_test(t, a_large_state_is_a_consistent_cut);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
