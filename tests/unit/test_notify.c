#include "notify/notify.h"

#include "base/buf.h"
#include "loop/loop.h"
#include "notify/address.h"
#include "unit/test_notify.h"
#include "unit/test_notify_fake.h"

#include <sys/stat.h>

#define PATIENCE (10 * NSEC_SEC)

/* One notify with one receiver, its log, and its directory. */
static struct fake fake;
static struct loop *loop;
static struct notify *notify;
static struct receiver receiver;
static struct notify_config config;
static struct buf said, text;
static size_t sentences;
static char dir[64], url[128];

static void on_log(void *self, bool warning, const char *sentence)
{
    ck_assert_ptr_null(self);
    ck_assert_ptr_null(strchr(sentence, '\n'));
    buf_printf(&said, "%s: %s\n", warning ? "warning" : "info", sentence);
    sentences++;
}

static void setup(void)
{
    strcpy(dir, "/tmp/bladewatch-notify-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    buf_init(&said, BUF_NO_CAP);
    buf_init(&text, BUF_NO_CAP);
    sentences = 0;
    receiver = (struct receiver){ .kind = RECEIVER_WEBHOOK,
                                  .name = "pager",
                                  .url = url };
    config = (struct notify_config){ .receiver = &receiver,
                                     .n = 1,
                                     .dir = dir,
                                     .journal_id = "j1",
                                     .log = on_log };
    ck_assert_int_eq(loop_new(&loop, NULL), ST_OK);
}

static const char *file(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void teardown(void)
{
    notify_free(notify);
    notify = NULL;
    loop_free(loop);
    unlink(file("notify.json"));
    unlink(file("token"));
    ck_assert_int_eq(rmdir(dir), 0);
    buf_release(&said);
    buf_release(&text);
}

static void listen_with(const char *const *answer)
{
    fake_start(&fake, answer, 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook", fake.port);
}

static void make(void)
{
    struct err err = { 0 };

    ck_assert_msg(notify_new(&config, &notify, &err) == ST_OK, "%s", err.text);
}

static void begin(void)
{
    struct err err = { 0 };

    make();
    ck_assert_msg(notify_start(notify, loop, &err) == ST_OK, "%s", err.text);
}

static void put(uint64_t ordinal, const char *instance, bool firing)
{
    struct note t;

    notify_put(notify, note_make(&t, ordinal, "Up", instance, firing));
}

struct wish {
    bool (*is_true)(void);
    nsec until;
    struct loop_timer timer;
};

static void on_look(void *arg)
{
    struct wish *w = arg;

    if (w->is_true() || loop_now(loop) > w->until)
        loop_stop(loop);
}

/* Runs the loop until it is true; false after a long while. */
static bool eventually(bool (*is_true)(void))
{
    struct wish w = { .is_true = is_true };

    loop_update(loop);
    w.until = loop_now(loop) + PATIENCE;
    loop_timer_start(loop, &w.timer, 0, 2 * NSEC_MSEC, on_look, &w);
    loop_run(loop);
    loop_timer_stop(&w.timer);
    return is_true();
}

/* From {"name":number}. */
static long figure(const char *name)
{
    const char *p;

    buf_reset(&text);
    notify_status(notify, &text);
    p = strstr(buf_cstr(&text), name);
    ck_assert_ptr_nonnull(p);
    return atol(p + strlen(name) + 2);
}

static bool is_delivered(void)
{
    return figure("waiting") == 0;
}

static bool has_failed(void)
{
    return figure("failures") > 0;
}

static void assert_said(const char *what)
{
    ck_assert_msg(strstr(buf_cstr(&said), what), "said: %s, not %s",
                  buf_cstr(&said), what);
}

static const char *content(size_t i)
{
    return strstr(fake.request[i], "\r\n\r\n") + 4;
}

static const char *read_file(const char *name)
{
    static char bytes[1024];
    FILE *f = fopen(file(name), "r");
    size_t n;

    ck_assert_ptr_nonnull(f);
    n = fread(bytes, 1, sizeof(bytes) - 1, f);
    bytes[n] = '\0';
    fclose(f);
    return bytes;
}

static void write_file(const char *name, const char *bytes)
{
    FILE *f = fopen(file(name), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(bytes, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

#define ANSWERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(what_is_put_in_one_turn_is_one_post)
{
    listen_with(ANSWERS(FAKE_OK));
    begin();
    put(1, "a", true);
    put(2, "b", true);
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(fake_heard(&fake), 1);
    ck_assert_ptr_eq(strstr(fake.request[0], "POST /hook HTTP/1.1\r\n"),
                     fake.request[0]);
    ck_assert_ptr_nonnull(
        strstr(fake.request[0], "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(content(0), "\"instance\":\"a\""));
    ck_assert_ptr_nonnull(strstr(content(0), "\"instance\":\"b\""));
    ck_assert_uint_eq(sentences, 0);
    fake_stop(&fake);
}
END_TEST

START_TEST(an_alertmanager_is_posted_to_below_its_root)
{
    listen_with(ANSWERS(FAKE_OK));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/am//", fake.port);
    receiver.kind = RECEIVER_ALERTMANAGER;
    begin();
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    ck_assert_ptr_eq(strstr(fake.request[0], "POST /am/api/v2/alerts HTTP/1.1"),
                     fake.request[0]);
    ck_assert_int_eq(content(0)[0], '[');
    fake_stop(&fake);
}
END_TEST

START_TEST(what_was_taken_is_remembered_and_the_rest_delivered)
{
    listen_with(ANSWERS(FAKE_OK, FAKE_HANG));
    begin();
    ck_assert_str_eq(read_file("notify.json"),
                     "{\"journal\":\"j1\",\"receivers\":{\"pager\":"
                     "{\"delivered\":0}},\"version\":1}\n");
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    put(2, "a", false);
    notify_stop(notify);
    ck_assert_ptr_nonnull(strstr(read_file("notify.json"), "\"delivered\":1"));
    notify_free(notify);
    fake_stop(&fake);

    listen_with(ANSWERS(FAKE_OK));
    make();
    put(1, "a", true); /* the past comes again */
    put(2, "a", false);
    ck_assert_int_eq(notify_start(notify, loop, NULL), ST_OK);
    put(3, "b", true);
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(fake_heard(&fake), 1);
    ck_assert_ptr_null(strstr(content(0), "/firing/1"));
    ck_assert_ptr_nonnull(strstr(content(0), "/resolved/2"));
    ck_assert_ptr_nonnull(strstr(content(0), "/firing/3"));
    notify_stop(notify);
    ck_assert_ptr_nonnull(strstr(read_file("notify.json"), "\"delivered\":3"));
    fake_stop(&fake);
}
END_TEST

static bool is_on_disk(void)
{
    return strstr(read_file("notify.json"), "\"delivered\":2") != NULL;
}

START_TEST(the_file_follows_while_it_runs)
{
    listen_with(ANSWERS(FAKE_OK));
    begin();
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    put(2, "a", false);
    ck_assert(eventually(is_on_disk));
    fake_stop(&fake);
}
END_TEST

START_TEST(the_file_of_another_journal_means_nothing)
{
    write_file("notify.json", "{\"journal\":\"j0\",\"receivers\":{\"pager\":"
                              "{\"delivered\":5}},\"version\":1}");
    listen_with(ANSWERS(FAKE_OK));
    make();
    put(1, "a", true);
    put(2, "a", false);
    put(3, "b", true);
    ck_assert_int_eq(notify_start(notify, loop, NULL), ST_OK);
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(fake_heard(&fake), 1);
    ck_assert_ptr_null(strstr(content(0), "\"instance\":\"a\""));
    ck_assert_ptr_nonnull(strstr(content(0), "\"instance\":\"b\""));
    fake_stop(&fake);
}
END_TEST

static const char *const broken[] = {
    "",
    "{",
    "[]",
    "7",
    "{}",
    "{\"journal\":\"j1\",\"receivers\":{},\"version\":2}",
    "{\"journal\":\"j1\",\"receivers\":[],\"version\":1}",
    "{\"journal\":1,\"receivers\":{},\"version\":1}",
    "{\"journal\":\"j1\",\"receivers\":{\"pager\":5},\"version\":1}",
    "{\"journal\":\"j1\",\"receivers\":{\"pager\":{}},\"version\":1}",
    "{\"journal\":\"j1\",\"receivers\":{\"pager\":{\"delivered\":-1}},"
    "\"version\":1}",
    "{\"journal\":\"j1\",\"receivers\":{\"pager\":{\"delivered\":"
    "99999999999999999999}},\"version\":1}",
    "{\"journal\":\"j1\",\"receivers\":{\"pager\":{\"delivered\":1e3}},"
    "\"version\":1}",
};

START_TEST(a_broken_file_is_said_to_be_so)
{
    struct err err = { 0 };

    write_file("notify.json", broken[_i]);
    ck_assert_int_eq(notify_new(&config, &notify, &err), ST_BAD);
    ck_assert_ptr_null(notify);
    ck_assert_ptr_nonnull(strstr(err.text, "notify.json"));
    ck_assert_ptr_nonnull(strstr(err.text, "remove it"));
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_said_at_the_start)
{
    struct err err = { 0 };

    config.dir = "/nonexistent";
    make();
    ck_assert_int_eq(notify_start(notify, loop, &err), ST_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/notify.json"));
}
END_TEST

#define GARBAGE "SSH-2.0-OpenSSH_9.2p1\r\n"

static const struct {
    const char *answer, *says;
} failures[] = {
    { FAKE_HANG, "takes no alerts: Timeout was reached" },
    { GARBAGE, "takes no alerts: " },
    { "HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\nin a\tb",
      "takes no alerts: it answers 503, in a b;" },
    { "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", "it answers 429;" },
    { "HTTP/1.1 408 Slow\r\nContent-Length: 0\r\n\r\n", "it answers 408;" },
    { "HTTP/1.1 302 Gone\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
      "it answers 302;" },
    { "HTTP/1.1 2", "takes no alerts: " },
    { NULL, "takes no alerts: Connection refused" },
};

START_TEST(a_receiver_that_fails_keeps_its_alerts)
{
    listen_with(ANSWERS(failures[_i].answer ? failures[_i].answer : GARBAGE));
    if (!failures[_i].answer)
        fake_stop(&fake);
    receiver.timeout_for = 100 * NSEC_MSEC;
    begin();
    put(1, "a", true);
    ck_assert(eventually(has_failed));
    assert_said(failures[_i].says);
    ck_assert_uint_eq(sentences, 1);
    ck_assert_int_eq(figure("waiting"), 1);
    ck_assert_int_eq(figure("delivered"), 0);
    ck_assert_ptr_null(strstr(buf_cstr(&text), "\"last_error\":null"));
    if (failures[_i].answer)
        fake_stop(&fake);
}
END_TEST

static const struct {
    const char *answer;
} takings[] = {
    { "HTTP/1.1 204 No Content\r\n\r\n" },
    { "HTTP/1.1 202 Taken\r\nContent-Length: 3\r\n\r\nok\n" },
};

START_TEST(any_2xx_is_a_success)
{
    listen_with(ANSWERS(takings[_i].answer));
    begin();
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(sentences, 0);
    fake_stop(&fake);
}
END_TEST

START_TEST(an_outage_is_two_sentences)
{
    listen_with(
        ANSWERS("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", FAKE_OK));
    begin();
    put(1, "a", true);
    ck_assert(eventually(has_failed));
    put(2, "a", false);
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(fake_heard(&fake), 2);
    ck_assert_uint_eq(sentences, 2);
    assert_said("warning: receiver pager at http://127.0.0.1:");
    assert_said("info: receiver pager at http://127.0.0.1:");
    assert_said("takes alerts again");
    ck_assert_ptr_nonnull(strstr(content(1), "/firing/1"));
    ck_assert_ptr_nonnull(strstr(content(1), "/resolved/2"));
    fake_stop(&fake);
}
END_TEST

#define NO_ALERT                                                               \
    "HTTP/1.1 400 Bad\r\nContent-Length: 12\r\n\r\n\"no \x01\xff"              \
    "alert\""

START_TEST(a_refusal_drops_the_one_alert_and_says_why)
{
    listen_with(ANSWERS(NO_ALERT, NO_ALERT, FAKE_OK, NO_ALERT));
    begin();
    put(1, "a", true);
    put(2, "b", true);
    ck_assert(eventually(is_delivered));
    put(3, "c", true); /* the same cause is not told twice */
    ck_assert(eventually(is_delivered));
    ck_assert_uint_eq(fake_heard(&fake), 4);
    ck_assert_uint_eq(sentences, 1);
    assert_said("refuses the alert Up for good and it is dropped: it answers "
                "400, \"no   alert\"");
    notify_metrics(notify, &(struct metrics){ .out = &text });
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&text),
               "bladewatch_notifications_dropped_total{receiver=\"pager\"} 2"));
    fake_stop(&fake);
}
END_TEST

START_TEST(a_token_is_read_at_each_delivery_and_never_told)
{
    write_file("token", " s3cret\n");
    receiver.token_file = strdup(file("token"));
    listen_with(ANSWERS(NO_ALERT, FAKE_OK));
    begin();
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    write_file("token", "other");
    put(2, "b", true);
    ck_assert(eventually(is_delivered));
    ck_assert_ptr_nonnull(
        strstr(fake.request[0], "\r\nAuthorization: Bearer s3cret\r\n"));
    ck_assert_ptr_nonnull(
        strstr(fake.request[1], "\r\nAuthorization: Bearer other\r\n"));
    ck_assert_ptr_null(strstr(buf_cstr(&said), "s3cret"));
    unlink(receiver.token_file);
    put(3, "c", true);
    ck_assert(eventually(has_failed));
    assert_said("/token cannot be read: No such file");
    fake_stop(&fake);
    free((char *)receiver.token_file);
}
END_TEST

START_TEST(users_and_passwords_are_sent_and_not_shown)
{
    listen_with(ANSWERS(NO_ALERT));
    snprintf(url, sizeof(url), "http://me:pw@127.0.0.1:%d/h?key=pw", fake.port);
    begin();
    put(1, "a", true);
    ck_assert(eventually(is_delivered));
    ck_assert_ptr_nonnull(strstr(fake.request[0], "POST /h?key=pw HTTP"));
    ck_assert_ptr_nonnull(
        strstr(fake.request[0], "\r\nAuthorization: Basic bWU6cHc=\r\n"));
    assert_said("pager at http://127.0.0.1:");
    (void)figure("failures");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text), "\"url\":\"http://127."));
    ck_assert_ptr_null(strstr(buf_cstr(&text), "pw"));
    ck_assert_ptr_null(strstr(buf_cstr(&said), "pw"));
    fake_stop(&fake);
}
END_TEST

START_TEST(too_many_that_wait_are_told_once)
{
    int i;

    strcpy(url, "http://127.0.0.1:1/");
    config.outbox_max = 5;
    begin();
    for (i = 1; i <= 20; i++)
        put((uint64_t)i, "a", i & 1);
    ck_assert_uint_eq(sentences, 1);
    assert_said("more than 5 alerts wait");
    ck_assert_int_eq(figure("waiting"), 5);
}
END_TEST

START_TEST(without_receivers_there_is_nothing_to_do)
{
    config.n = 0;
    begin();
    put(1, "a", true);
    notify_metrics(notify, &(struct metrics){ .out = &text });
    ck_assert_uint_eq(text.n, 0);
    notify_status(notify, &text);
    ck_assert_str_eq(buf_cstr(&text), "[]");
    ck_assert_int_ne(access(file("notify.json"), F_OK), 0);
}
END_TEST

static const struct {
    const char *url, *says; /* NULL: it is one */
} addresses[] = {
    { "http://h", NULL },
    { "https://user:pw@h.example:8443/a/b?c=d", NULL },
    { "http://[::1]:9093", NULL },
    { "http://[::1]", NULL },
    { "", "write it like" },
    { "h:9093", "write it like" },
    { "ftp://h", "write it like" },
    { "http:/h", "write it like" },
    { "http://", "no host" },
    { "http:///x", "no host" },
    { "http://u:pw@/x", "no host" },
    { "http://:80", "no host" },
    { "http://h:", "the port" },
    { "http://h:0", "the port" },
    { "http://h:65536", "the port" },
    { "http://h:8o", "the port" },
    { "http://h:1234567890123456789", "the port" },
    { "http://u:pw@h:x", "\"http://h:x\"" },
    { "http://[::1", "brackets" },
    { "http://[]", "brackets" },
    { "http://[::1]9", "the port" },
    { "http://[::1]980", "the port" },
    { "http://h/a b", "a byte that" },
    { "http://h/\xc3\xa4", "a byte that" },
    { "http://h/\n", "a byte that" },
    { "http://h/#x", "fragment" },
};

START_TEST(addresses_are_judged)
{
    struct slice s = slice_str(addresses[_i].url);
    struct err err = { 0 };
    enum status st = address_check(RECEIVER_WEBHOOK, s, &err);

    ck_assert_int_eq(st, addresses[_i].says ? ST_BAD : ST_OK);
    if (addresses[_i].says)
        ck_assert_msg(strstr(err.text, addresses[_i].says), "%s", err.text);
    ck_assert_ptr_null(strstr(err.text, "pw"));
}
END_TEST

START_TEST(an_alertmanagers_address_has_no_query)
{
    struct slice s = slice_str("http://h/?x=pw");
    struct err err = { 0 };

    ck_assert_int_eq(address_check(RECEIVER_ALERTMANAGER, s, &err), ST_BAD);
    ck_assert_ptr_null(strstr(err.text, "pw"));
}
END_TEST

static const TTest **const tests[] = {
    &what_is_put_in_one_turn_is_one_post,
    &an_alertmanager_is_posted_to_below_its_root,
    &what_was_taken_is_remembered_and_the_rest_delivered,
    &the_file_follows_while_it_runs,
    &the_file_of_another_journal_means_nothing,
    &a_directory_that_cannot_be_written_is_said_at_the_start,
    &an_outage_is_two_sentences,
    &a_refusal_drops_the_one_alert_and_says_why,
    &a_token_is_read_at_each_delivery_and_never_told,
    &users_and_passwords_are_sent_and_not_shown,
    &too_many_that_wait_are_told_once,
    &without_receivers_there_is_nothing_to_do,
    &an_alertmanagers_address_has_no_query,
};

static const struct suite_table tables[] = {
    { &a_broken_file_is_said_to_be_so, sizeof(broken) / sizeof(*broken) },
    { &a_receiver_that_fails_keeps_its_alerts,
      sizeof(failures) / sizeof(*failures) },
    { &any_2xx_is_a_success, sizeof(takings) / sizeof(*takings) },
    { &addresses_are_judged, sizeof(addresses) / sizeof(*addresses) },
};

int main(void)
{
    return RUN_SUITE_WITH("notify", setup, teardown, tests, tables);
}
