/* Real sockets on loopback, an intake that remembers, short intervals. */
#include "probe/probe.h"

#include "base/buf.h"
#include "support/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVERY (100 * NSEC_MSEC)

static struct loop *loop;
static struct probes *probes;

/* -- the intake ----------------------------------------------------------- */

static struct {
    struct buf shards; /* a line each */
    size_t n, refused;
    size_t stop_at;   /* so many answers, or refusals */
    size_t oks, bads; /* what they say */
    enum status answer;
    struct intake_listener *listener;
} taken;

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    (void)self;
    (void)err;
    assert_slice(decl->blade, "probes");
    ck_assert(decl->trusted && decl->mode == MODE_SHARD);
    *ret_id = 7;
    return ST_OK;
}

static bool holds(struct slice text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    (void)self;
    (void)err;
    ck_assert_uint_eq(line->source, 7);
    if (taken.answer && (taken.answer != ST_LIMIT || line->text.n > 1000)) {
        taken.refused++;
        if (taken.refused == taken.stop_at)
            loop_stop(loop);
        return taken.answer;
    }
    buf_slice(&taken.shards, line->text);
    buf_char(&taken.shards, '\n');
    taken.oks += holds(line->text, "\"ok\":true");
    taken.bads += holds(line->text, "\"ok\":false");
    *ret_ticket = ++taken.n;
    if (taken.oks + taken.bads == taken.stop_at)
        loop_stop(loop);
    return ST_OK;
}

static void on_listen(void *self, struct intake_listener *listener)
{
    (void)self;
    taken.listener = listener;
}

static nsec ahead; /* of the wall clock, which somebody has set back */

static nsec on_now(void *self)
{
    (void)self;
    return loop_wall(loop) + ahead;
}

static const struct intake intake = {
    .source = on_source, .line = on_line, .listen = on_listen, .now = on_now
};

/* The last shard that was taken. */
static struct slice last(void)
{
    struct slice all = buf_view(&taken.shards);
    const char *newline;

    ck_assert_uint_gt(all.n, 0);
    all.n--;
    newline = memrchr(all.p, '\n', all.n);
    return newline
               ? slice_of(newline + 1, all.n - (size_t)(newline + 1 - all.p))
               : all;
}

#define assert_last(part)                                                      \
    ck_assert_msg(holds(last(), part), "no %s in %.*s", part, SLICE_ARG(last()))
#define assert_last_not(part)                                                  \
    ck_assert_msg(!holds(last(), part), "%s in %.*s", part, SLICE_ARG(last()))

/* -- a peer --------------------------------------------------------------- */

static struct peer {
    int fd;
    int mouth; /* where it answers from; 0: fd */
    uint16_t port;
    struct loop_poll poll;
    struct loop_timer timer;
    const char *answer; /* NULL: none */
    int copies;
    nsec after;
    struct sockaddr_storage from;
    socklen_t nfrom;
    size_t heard;
    bool asked_right;
} peer;

static void send_answer(void *arg)
{
    (void)arg;
    for (int i = 0; i < peer.copies; i++)
        (void)!sendto(peer.mouth ? peer.mouth : peer.fd, peer.answer,
                      strlen(peer.answer), 0, (struct sockaddr *)&peer.from,
                      peer.nfrom);
}

static void on_ping(void *arg, int ready)
{
    char text[16];
    ssize_t n;

    (void)arg;
    (void)ready;
    peer.nfrom = sizeof(peer.from);
    n = recvfrom(peer.fd, text, sizeof(text), 0, (struct sockaddr *)&peer.from,
                 &peer.nfrom);
    peer.asked_right = n == 4 && memcmp(text, "PING", 4) == 0;
    peer.heard++;
    if (!peer.answer)
        return;
    if (peer.after)
        loop_timer_start(loop, &peer.timer, peer.after, 0, send_answer, NULL);
    else
        send_answer(NULL);
}

/* A socket on a port of its own; closed again unless it is kept. */
static int listen_on(int family, int type, uint16_t *ret_port)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in four = { .sin_family = AF_INET,
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr *a =
        family == AF_INET6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t n = family == AF_INET6 ? sizeof(six) : sizeof(four);
    int fd = socket(family, type | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, a, n), 0);
    ck_assert_int_eq(getsockname(fd, a, &n), 0);
    *ret_port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
    return fd;
}

static void start_peer(int family, const char *answer, int copies, nsec after)
{
    peer.answer = answer;
    peer.copies = copies;
    peer.after = after;
    peer.fd = listen_on(family, SOCK_DGRAM, &peer.port);
    ck_assert_int_eq(loop_poll_start(loop, &peer.poll, peer.fd, LOOP_READ,
                                     on_ping, NULL, NULL),
                     ST_OK);
}

/* -- set-up --------------------------------------------------------------- */

static char said[4096];

static void on_log(void *self, enum probe_log level, const char *sentence)
{
    (void)self;
    (void)level;
    strncat(said, sentence, sizeof(said) - strlen(said) - 2);
    strcat(said, "\n");
}

static void setup(void)
{
    const struct probe_config config = { .seed = 1, .log = on_log };

    buf_init(&taken.shards, 4u << 20);
    peer.fd = -1;
    ck_assert_int_eq(loop_new(&loop, NULL), ST_OK);
    ck_assert_int_eq(probes_start(loop, &config, &intake, &probes, NULL),
                     ST_OK);
}

static void teardown(void)
{
    probes_free(probes);
    loop_poll_stop(&peer.poll);
    loop_timer_stop(&peer.timer);
    if (peer.fd >= 0)
        close(peer.fd);
    loop_free(loop);
    buf_release(&taken.shards);
}

static struct probe_target target(enum probe_kind kind, uint16_t port)
{
    struct probe_target t = { .name = slice_str("gw"),
                              .host = slice_str("127.0.0.1"),
                              .counts = true };

    t.spec = probe_spec_default();
    t.spec.kind = kind;
    t.spec.port = port;
    t.spec.interval = EVERY;
    t.spec.timeout = EVERY / 2;
    t.spec.start_period = 0;
    return t;
}

/* Until n more answers are taken. */
static void run_on(size_t n)
{
    taken.stop_at = taken.oks + taken.bads + n;
    loop_run(loop);
}

static void run(const struct probe_target *t, size_t n)
{
    ck_assert_int_eq(probes_set(probes, t), ST_OK);
    run_on(n);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void run_for(nsec span)
{
    struct loop_timer timer = { 0 };

    loop_timer_start(loop, &timer, span, 0, stop, NULL);
    loop_run(loop);
    loop_timer_stop(&timer);
}

/* -- UDP ------------------------------------------------------------------ */

START_TEST(a_pong_is_a_good_answer)
{
    struct probe_target t;

    start_peer(AF_INET, "PONG", 1, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 3);
    ck_assert(peer.asked_right);
    ck_assert_uint_eq(taken.oks, 3);
    assert_last("{\"probes\":{\"gw\":{\"$ttl\":0.350,\"fails\":0,"
                "\"down\":false,\"since\":\"20");
    assert_last("\"ok\":true,\"at\":\"20");
    assert_last("\"error\":null,\"kind\":\"udp\",\"target\":\"127.0.0.1:");
    assert_last("\"latency\":0.0");
    assert_last_not("docker");
}
END_TEST

START_TEST(ipv6_is_as_good)
{
    struct probe_target t;

    start_peer(AF_INET6, "PONG", 1, 0);
    t = target(PROBE_UDP, peer.port);
    t.host = slice_str("::1");
    run(&t, 1);
    assert_last("\"ok\":true");
    assert_last("\"target\":\"[::1]:");
}
END_TEST

START_TEST(before_the_first_answer_nothing_is_said_to_be_good_or_bad)
{
    struct probe_target t = target(PROBE_UDP, 9);

    t.container = true;
    t.spec.interval = 3600 * NSEC_SEC;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    run_for(EVERY);
    assert_last("\"ok\":null,\"at\":null");
    assert_last(
        "\"docker\":{\"containers\":{\"gw\":{\"probe\":{\"$ttl\":10800.050,"
        "\"fails\":0,\"down\":false,");
}
END_TEST

START_TEST(silence_is_a_bad_answer_after_the_time_out)
{
    struct probe_target t;

    start_peer(AF_INET, NULL, 0, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 1);
    assert_last("\"ok\":false");
    assert_last("\"error\":\"no answer within 0.05 s\"");
    assert_last("\"fails\":1,\"down\":false");
}
END_TEST

START_TEST(a_refusal_counts_at_once)
{
    struct probe_target t;
    nsec began;

    close(listen_on(AF_INET, SOCK_DGRAM, &peer.port));
    t = target(PROBE_UDP, peer.port);
    t.spec.interval = NSEC_SEC;
    t.spec.timeout = NSEC_SEC;
    run(&t, 1);
    began = loop_now(loop);
    run_on(1);
    assert_last("\"error\":\"refused: nobody listens on its port\"");
    assert_last("\"latency\":0.0");
    ck_assert_int_lt(loop_now(loop) - began, NSEC_SEC + EVERY);
}
END_TEST

START_TEST(anything_else_than_pong_is_bad)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        { "PING", "it answers \\\"PING\\\" instead of PONG" },
        { "PONG\n", "it answers something else than PONG" },
        { "PON", "it answers \\\"PON\\\" instead" },
        { "", "it answers \\\"\\\" instead" },
        { "PONGPONGPONGPONGPONG", "it answers something else" },
    };
    struct probe_target t;

    start_peer(AF_INET, wrong[_i].text, 1, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 1);
    assert_last(wrong[_i].says);
}
END_TEST

START_TEST(a_late_pong_does_not_count_for_the_next_question)
{
    struct probe_target t;

    /* It comes long after the time-out, while the next question is out. */
    start_peer(AF_INET, "PONG", 1, 4 * EVERY + EVERY / 4);
    t = target(PROBE_UDP, peer.port);
    t.spec.interval = 4 * EVERY;
    run(&t, 3);
    ck_assert_uint_gt(peer.heard, 2);
    ck_assert_uint_eq(taken.oks, 0);
}
END_TEST

START_TEST(a_second_pong_does_not_count_for_the_next_question)
{
    struct probe_target t;
    size_t oks;

    start_peer(AF_INET, "PONG", 3, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 2);
    ck_assert_uint_eq(taken.oks, 2);
    peer.answer = NULL;
    run_on(1); /* it may have been asked before */
    oks = taken.oks;
    run_on(3);
    ck_assert_uint_eq(taken.oks, oks);
    ck_assert_uint_ge(taken.bads, 3);
}
END_TEST

START_TEST(a_pong_from_elsewhere_is_not_heard)
{
    struct probe_target t;
    uint16_t port;

    start_peer(AF_INET, "PONG", 1, 0);
    peer.mouth = listen_on(AF_INET, SOCK_DGRAM, &port);
    t = target(PROBE_UDP, peer.port);
    run(&t, 2);
    ck_assert_uint_ge(peer.heard, 2);
    ck_assert_uint_eq(taken.bads, 2);
    assert_last("no answer within");
    close(peer.mouth);
}
END_TEST

/* -- TCP ------------------------------------------------------------------ */

START_TEST(a_connection_that_is_accepted_is_good)
{
    struct probe_target t;
    int fd = listen_on(AF_INET, SOCK_STREAM, &peer.port);

    ck_assert_int_eq(listen(fd, 8), 0);
    t = target(PROBE_TCP, peer.port);
    run(&t, 2);
    ck_assert_uint_eq(taken.oks, 2);
    assert_last("\"kind\":\"tcp\"");
    close(fd);
}
END_TEST

START_TEST(a_closed_port_is_bad_at_once)
{
    struct probe_target t;

    close(listen_on(AF_INET, SOCK_STREAM, &peer.port));
    t = target(PROBE_TCP, peer.port);
    run(&t, 2);
    ck_assert_uint_eq(taken.bads, 2);
    assert_last("refused: nobody listens on its port");
}
END_TEST

START_TEST(a_full_backlog_is_silence)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int listener = listen_on(AF_INET, SOCK_STREAM, &peer.port), fill[4];
    struct probe_target t;

    ck_assert_int_eq(listen(listener, 0), 0);
    a.sin_port = htons(peer.port);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof(a));
    }
    t = target(PROBE_TCP, peer.port);
    run(&t, 1);
    assert_last("no answer within 0.05 s");
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(listener);
}
END_TEST

START_TEST(a_name_that_is_none_is_a_bad_answer)
{
    struct probe_target t = target(PROBE_TCP, 1);

    t.host = slice_str("no-such-host.invalid");
    t.spec.interval = t.spec.timeout = 3 * NSEC_SEC;
    run(&t, 1);
    assert_last("\"error\":\"its name ");
    assert_last("\"target\":\"no-such-host.invalid:1\"");
}
END_TEST

START_TEST(each_address_of_a_name_is_tried)
{
    struct probe_target t;

    /* localhost is ::1 first where it is both. */
    start_peer(AF_INET, "PONG", 1, 0);
    t = target(PROBE_UDP, peer.port);
    t.host = slice_str("localhost");
    t.spec.interval = t.spec.timeout = NSEC_SEC;
    run(&t, 1);
    assert_last("\"ok\":true");
}
END_TEST

/* -- what counts ---------------------------------------------------------- */

START_TEST(as_many_bad_answers_as_it_takes_are_down_and_one_good_is_up)
{
    struct probe_target t;

    start_peer(AF_INET, NULL, 0, 0);
    t = target(PROBE_UDP, peer.port);
    t.spec.interval = 3 * EVERY;
    run(&t, 2);
    assert_last("\"fails\":2,\"down\":false");
    run_on(1);
    assert_last("\"fails\":3,\"down\":true");
    ck_assert_str_eq(
        said, "gw is down, after 3 bad answers: no answer within 0.05 s\n");
    run_on(1);
    assert_last("\"fails\":4,\"down\":true");
    peer.answer = "PONG";
    peer.copies = 1;
    run_on(1);
    assert_last("\"fails\":0,\"down\":false");
    ck_assert_ptr_nonnull(strstr(said, "gw answers again, after 0."));
}
END_TEST

START_TEST(nothing_counts_while_it_does_not_run)
{
    struct probe_target t = target(PROBE_TCP, 1);

    t.counts = false;
    run(&t, 4);
    assert_last("\"ok\":false");
    assert_last("\"fails\":0,\"down\":false");
    t.counts = true;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    run_on(1);
    assert_last("\"fails\":1");
}
END_TEST

START_TEST(a_start_period_ends_with_the_first_good_answer)
{
    struct probe_target t;

    start_peer(AF_INET, NULL, 0, 0);
    t = target(PROBE_UDP, peer.port);
    t.spec.start_period = 3600 * NSEC_SEC;
    t.started_at = loop_wall(loop);
    run(&t, 4);
    assert_last("\"ok\":false");
    assert_last("\"fails\":0");
    peer.answer = "PONG";
    peer.copies = 1;
    run_on(1);
    assert_last("\"ok\":true");
    peer.answer = NULL;
    run_on(1);
    assert_last("\"fails\":1");
}
END_TEST

START_TEST(a_start_period_is_over_by_itself)
{
    struct probe_target t = target(PROBE_TCP, 1);

    t.spec.start_period = 3600 * NSEC_SEC;
    t.started_at = loop_wall(loop) - t.spec.start_period;
    run(&t, 1);
    assert_last("\"fails\":1");
}
END_TEST

START_TEST(a_start_in_the_future_is_no_longer_than_a_start_period)
{
    struct probe_target t = target(PROBE_TCP, 1);
    nsec began = loop_now(loop);

    /* The clock was set back by an hour since. */
    t.spec.start_period = 2 * EVERY;
    t.started_at = loop_wall(loop) + 3600 * NSEC_SEC;
    run(&t, 1);
    while (!holds(last(), "\"fails\":1"))
        run_on(1);
    ck_assert_int_lt(loop_now(loop) - began, 6 * EVERY);
}
END_TEST

START_TEST(instants_are_of_log_time_whatever_the_wall_clock_says)
{
    static const char key[] = "\"at\":\"";
    struct probe_target t = target(PROBE_TCP, 1);
    const char *text;
    nsec at, now;

    ahead = 3600 * NSEC_SEC;
    run(&t, 1);
    now = on_now(NULL);
    text = memmem(last().p, last().n, key, strlen(key));
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(instant_parse(slice_of(text + strlen(key), 30), &at),
                     ST_OK);
    ck_assert_int_le(at, now);
    ck_assert_int_gt(at, now - 60 * NSEC_SEC);
}
END_TEST

START_TEST(in_its_start_period_it_is_asked_every_second)
{
    struct probe_target t = target(PROBE_TCP, 1);
    nsec began = loop_now(loop);

    t.spec.interval = 3600 * NSEC_SEC;
    t.spec.start_period = 10 * NSEC_SEC;
    t.started_at = loop_wall(loop);
    run(&t, 3);
    ck_assert_int_lt(loop_now(loop) - began, 4 * NSEC_SEC);
    ck_assert_int_gt(loop_now(loop) - began, 2 * NSEC_SEC);
}
END_TEST

START_TEST(another_start_begins_anew_and_the_same_goes_on)
{
    struct probe_target t = target(PROBE_TCP, 1);

    run(&t, 3);
    assert_last("\"fails\":3,\"down\":true");
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    run_on(1);
    assert_last("\"fails\":4");
    t.started_at = 1;
    run(&t, 1);
    assert_last("\"fails\":1,\"down\":false");
}
END_TEST

START_TEST(without_a_host_nothing_is_asked)
{
    struct probe_target t;
    size_t n;

    start_peer(AF_INET, "PONG", 1, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 1);
    t.host = slice_str("");
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    n = taken.n;
    run_for(3 * EVERY);
    ck_assert_uint_eq(taken.n, n);
}
END_TEST

START_TEST(a_dropped_one_is_erased_and_not_asked)
{
    struct probe_target t;
    size_t n;

    start_peer(AF_INET, NULL, 0, 0);
    t = target(PROBE_UDP, peer.port);
    run(&t, 1);
    n = taken.n;
    probes_drop(probes, t.name);
    ck_assert_uint_eq(taken.n, n + 1);
    assert_slice(last(), "{\"probes\":{\"gw\":null}}");
    run_for(3 * EVERY);
    ck_assert_uint_eq(taken.n, n + 1);
    probes_drop(probes, t.name);
    ck_assert_uint_eq(taken.n, n + 1);
}
END_TEST

START_TEST(a_name_or_a_host_that_is_none_is_refused)
{
    struct probe_target t = target(PROBE_TCP, 1);
    char many[300];

    t.host = slice_str("10.0.0.1/x");
    ck_assert_int_eq(probes_set(probes, &t), ST_BAD);
    t.host = slice_str("gw\"");
    ck_assert_int_eq(probes_set(probes, &t), ST_BAD);
    t.host = slice_str("gw");
    t.name = slice_of("g\0w", 3);
    ck_assert_int_eq(probes_set(probes, &t), ST_BAD);
    t.name = slice_str("$set");
    ck_assert_int_eq(probes_set(probes, &t), ST_BAD);
    memset(many, 'a', sizeof(many));
    t.name = slice_of(many, 257);
    ck_assert_int_eq(probes_set(probes, &t), ST_BAD);
}
END_TEST

START_TEST(there_is_a_bound_on_targets)
{
    struct probe_target t = target(PROBE_TCP, 1);
    char name[16];

    t.host = slice_str("");
    for (int i = 0; i <= PROBE_TARGETS_MAX; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        t.name = slice_str(name);
        ck_assert_int_eq(probes_set(probes, &t),
                         i < PROBE_TARGETS_MAX ? ST_OK : ST_LIMIT);
    }
}
END_TEST

/* -- the intake's answers ------------------------------------------------- */

START_TEST(what_is_not_taken_is_written_later_as_it_stands_then)
{
    struct probe_target t = target(PROBE_TCP, 1);

    taken.answer = ST_AGAIN;
    taken.stop_at = 2;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    loop_run(loop);
    ck_assert_uint_eq(taken.n, 0);
    taken.answer = ST_OK;
    taken.listener->durable(taken.listener->self, 0);
    ck_assert_uint_eq(taken.n, 1);
    assert_last("\"ok\":false");
}
END_TEST

START_TEST(a_journal_in_trouble_is_tried_every_second)
{
    struct probe_target t = target(PROBE_TCP, 1);
    nsec began = loop_now(loop);

    taken.answer = ST_IO;
    taken.stop_at = 3;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    loop_run(loop);
    ck_assert_int_ge(loop_now(loop) - began, 2 * NSEC_SEC);
}
END_TEST

START_TEST(what_was_discarded_is_written_again)
{
    struct probe_target t = target(PROBE_TCP, 1);

    t.spec.interval = 3600 * NSEC_SEC;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    run_for(EVERY);
    ck_assert_uint_eq(taken.n, 1);
    taken.listener->discarded(taken.listener->self, 1, &(struct err){ 0 });
    run_for(12 * EVERY);
    ck_assert_uint_eq(taken.n, 2);
}
END_TEST

/* -- spreading and metrics ------------------------------------------------ */

START_TEST(targets_are_spread_over_the_interval_in_slots)
{
    struct probe_target t = target(PROBE_TCP, 1);
    char name[16];
    size_t most = 0, busy = 0, all;

    t.spec.interval = NSEC_SEC;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        t.name = slice_str(name);
        ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    }
    run_on(200);
    /* A round of answers: ten slots of 20. */
    for (all = taken.n + 200; taken.n < all;) {
        size_t before = taken.n;

        run_for(10 * NSEC_MSEC);
        busy += taken.n > before;
        if (taken.n - before > most)
            most = taken.n - before;
    }
    ck_assert_uint_ge(busy, 8);
    ck_assert_uint_le(busy, 22);
    ck_assert_uint_le(most, 45);
}
END_TEST

START_TEST(metrics_tell_of_each_target_that_was_asked)
{
    struct probe_target t = target(PROBE_TCP, 1);
    struct buf out;
    struct metrics m = { .out = &out };

    buf_init(&out, 1 << 16);
    run(&t, 2);
    t.name = slice_str("other");
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
    probes_metrics(probes, &m);
    ck_assert(holds(buf_view(&out), "bladewatch_probe_targets 2\n"));
    ck_assert(
        holds(buf_view(&out), "bladewatch_probe_success{target=\"gw\"} 0\n"));
    ck_assert(holds(buf_view(&out),
                    "bladewatch_probe_failures_total{target=\"gw\"} 2\n"));
    ck_assert(!holds(buf_view(&out), "other"));
    buf_release(&out);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_pong_is_a_good_answer,
        &ipv6_is_as_good,
        &before_the_first_answer_nothing_is_said_to_be_good_or_bad,
        &silence_is_a_bad_answer_after_the_time_out,
        &a_refusal_counts_at_once,
        &a_late_pong_does_not_count_for_the_next_question,
        &a_pong_from_elsewhere_is_not_heard,
        &a_second_pong_does_not_count_for_the_next_question,
        &a_connection_that_is_accepted_is_good,
        &a_closed_port_is_bad_at_once,
        &a_full_backlog_is_silence,
        &a_name_that_is_none_is_a_bad_answer,
        &each_address_of_a_name_is_tried,
        &as_many_bad_answers_as_it_takes_are_down_and_one_good_is_up,
        &nothing_counts_while_it_does_not_run,
        &a_start_period_ends_with_the_first_good_answer,
        &a_start_period_is_over_by_itself,
        &a_start_in_the_future_is_no_longer_than_a_start_period,
        &instants_are_of_log_time_whatever_the_wall_clock_says,
        &in_its_start_period_it_is_asked_every_second,
        &another_start_begins_anew_and_the_same_goes_on,
        &without_a_host_nothing_is_asked,
        &a_dropped_one_is_erased_and_not_asked,
        &a_name_or_a_host_that_is_none_is_refused,
        &there_is_a_bound_on_targets,
        &what_is_not_taken_is_written_later_as_it_stands_then,
        &a_journal_in_trouble_is_tried_every_second,
        &what_was_discarded_is_written_again,
        &targets_are_spread_over_the_interval_in_slots,
        &metrics_tell_of_each_target_that_was_asked,
    };
    const struct suite_table tables[] = {
        { &anything_else_than_pong_is_bad, 5 },
    };

    return RUN_SUITE_WITH("probe", setup, teardown, tests, tables);
}
