#include "net/http.h"

#include "base/buf.h"

#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Answers one connection with fixed bytes, then closes it or holds it. */
struct server {
    char path[64];
    int listener;
    int client;
    const char *answer;
    size_t n;
    bool hold;
    const char *until; /* of the request, or NULL: its first piece */
    char request[4096];
    int posts; /* of serve_gets() */
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    size_t at = 0, got = 0;

    s->client = accept(s->listener, NULL, NULL);
    if (s->client < 0)
        return NULL;
    do {
        ssize_t n =
            read(s->client, s->request + got, sizeof(s->request) - 1 - got);

        if (n <= 0)
            return NULL;
        got += (size_t)n;
        s->request[got] = '\0';
    } while (s->until && !strstr(s->request, s->until));
    while (at < s->n) {
        ssize_t n = send(s->client, s->answer + at, s->n - at, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (!s->hold)
        shutdown(s->client, SHUT_RDWR);
    return NULL;
}

static void start_with(struct server *s, void *(*run)(void *arg))
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(s->path, sizeof(s->path), "/tmp/bw-http-%d.sock", (int)getpid());
    unlink(s->path);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
    s->client = -1;
    s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(s->listener, 1), 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
}

static void start(struct server *s, const char *answer, size_t n)
{
    s->answer = answer;
    s->n = n;
    start_with(s, serve);
}

static void finish(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    if (s->client >= 0)
        close(s->client);
    unlink(s->path);
}

struct heard {
    struct loop *loop;
    struct http_request *request;
    enum status status;
    int os_errno, code, ends, asked;
    nsec retry_after;
    struct buf body;
    char type[HTTP_HEADER_MAX], version[HTTP_HEADER_MAX];
    bool pause, paused, cancel;
    struct loop_timer timer;
};

static void on_resume(void *arg)
{
    struct heard *h = arg;

    h->paused = false;
    h->pause = false;
    http_resume(h->request);
}

static void on_head(void *self, const struct http_head *head)
{
    struct heard *h = self;

    memcpy(h->type, head->content_type, sizeof(h->type));
    memcpy(h->version, head->api_version, sizeof(h->version));
}

static void on_body(void *self, struct slice piece)
{
    struct heard *h = self;

    buf_slice(&h->body, piece);
    if (h->cancel) {
        http_cancel(h->request);
        loop_stop(h->loop);
    } else if (h->pause && !h->paused) {
        h->paused = true;
        http_pause(h->request);
        loop_timer_start(h->loop, &h->timer, 20 * NSEC_MSEC, 0, on_resume, h);
    }
}

static void on_end(void *self, const struct http_end *end)
{
    struct heard *h = self;

    h->ends++;
    h->status = end->status;
    h->os_errno = end->os_errno;
    h->code = end->head.code;
    h->retry_after = end->head.retry_after;
    if (end->body.n)
        buf_slice(&h->body, end->body);
    ck_assert_int_ne(end->text[0], 0);
    loop_stop(h->loop);
}

/* Asks and runs until the end. */
static void ask(struct heard *h, const char *path, struct http_ask get)
{
    struct http *http;

    buf_init(&h->body, 4u << 20);
    ck_assert_int_eq(loop_new(&h->loop, NULL), ST_OK);
    ck_assert_int_eq(http_new(h->loop, &http, NULL), ST_OK);
    get.unix_path = path;
    if (!get.url)
        get.url = "http://docker/x";
    get.self = h;
    get.on_head = on_head;
    get.on_end = on_end;
    ck_assert_int_eq(http_ask(http, &get, &h->request, NULL), ST_OK);
    loop_run(h->loop);
    http_free(http);
    loop_timer_stop(&h->timer);
    loop_free(h->loop);
}

static void ask_server(struct heard *h, struct server *s, const char *answer,
                       struct http_ask get)
{
    start(s, answer, strlen(answer));
    ask(h, s->path, get);
    finish(s);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

START_TEST(a_whole_answer_is_collected)
{
    struct heard h = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s,
               "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON\r\n"
               "Api-Version: 1.41\r\nContent-Length: 2\r\n\r\n{}",
               (struct http_ask){ 0 });
    ck_assert_int_eq(h.status, ST_OK);
    ck_assert_int_eq(h.code, 200);
    ck_assert_str_eq(h.type, "application/json");
    ck_assert_str_eq(h.version, "1.41");
    ck_assert_str_eq(buf_cstr(&h.body), "{}");
    buf_release(&h.body);
}
END_TEST

START_TEST(a_clean_end_and_a_cut_are_told_apart)
{
    struct heard h = { 0 }, cut = { 0 };
    struct server s = { 0 };
    struct http_ask get = { .on_body = on_body };

    ask_server(&h, &s, CHUNKED "3\r\nabc\r\n0\r\n\r\n", get);
    ck_assert_int_eq(h.status, ST_OK);
    ck_assert_str_eq(buf_cstr(&h.body), "abc");
    ask_server(&cut, &s, CHUNKED "3\r\nabc\r\n", get);
    ck_assert_int_eq(cut.status, ST_END);
    ck_assert_str_eq(buf_cstr(&cut.body), "abc");
    buf_release(&h.body);
    buf_release(&cut.body);
}
END_TEST

START_TEST(the_body_of_an_error_goes_to_the_end)
{
    struct heard h = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s,
               "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone",
               (struct http_ask){ .on_body = on_body });
    ck_assert_int_eq(h.status, ST_OK);
    ck_assert_int_eq(h.code, 404);
    ck_assert_str_eq(buf_cstr(&h.body), "none");
    buf_release(&h.body);
}
END_TEST

START_TEST(more_than_the_cap_is_refused)
{
    struct heard h = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s,
               "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
               (struct http_ask){ .body_max = 9 });
    ck_assert_int_eq(h.status, ST_LIMIT);
    buf_release(&h.body);
}
END_TEST

START_TEST(what_is_no_http_is_bad)
{
    struct heard h = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s, "SSH-2.0-OpenSSH\r\n", (struct http_ask){ 0 });
    ck_assert(h.status == ST_BAD || h.status == ST_IO);
    ck_assert_int_eq(h.ends, 1);
    buf_release(&h.body);
}
END_TEST

START_TEST(silence_ends_after_its_time)
{
    struct heard h = { 0 }, body = { 0 };
    struct server s = { .hold = true };

    ask_server(&h, &s, "", (struct http_ask){ .head_for = 50 * NSEC_MSEC });
    ck_assert_int_eq(h.status, ST_BUSY);
    ask_server(&body, &s, CHUNKED,
               (struct http_ask){ .total_for = 50 * NSEC_MSEC });
    ck_assert_int_eq(body.status, ST_BUSY);
    buf_release(&h.body);
    buf_release(&body.body);
}
END_TEST

START_TEST(a_missing_and_a_dead_socket_are_told_apart)
{
    struct heard h = { 0 }, dead = { 0 };
    struct server s = { 0 };

    ask(&h, "/tmp/bw-there-is-no-such.sock", (struct http_ask){ 0 });
    ck_assert_int_eq(h.status, ST_NONE);
    ck_assert_int_eq(h.os_errno, ENOENT);
    start(&s, "", 0);
    shutdown(s.listener, SHUT_RDWR);
    pthread_join(s.thread, NULL);
    close(s.listener);
    ask(&dead, s.path, (struct http_ask){ 0 });
    ck_assert_int_eq(dead.status, ST_NONE);
    ck_assert_int_eq(dead.os_errno, ECONNREFUSED);
    unlink(s.path);
    buf_release(&h.body);
    buf_release(&dead.body);
}
END_TEST

START_TEST(a_paused_stream_goes_on_where_it_was)
{
    struct heard h = { .pause = true };
    struct server s = { 0 };
    struct buf answer;

    buf_init(&answer, 4u << 20);
    buf_str(&answer, CHUNKED);
    for (int i = 0; i < 3000; i++)
        buf_printf(&answer, "64\r\n%0100d\r\n", i);
    buf_str(&answer, "0\r\n\r\n");
    start(&s, answer.p, answer.n);
    ask(&h, s.path, (struct http_ask){ .on_body = on_body });
    finish(&s);
    ck_assert_int_eq(h.status, ST_OK);
    ck_assert_uint_eq(h.body.n, 300000);
    for (int i = 0; i < 3000; i++) {
        char number[11] = "";

        memcpy(number, h.body.p + 100 * i + 90, 10);
        ck_assert_int_eq(atoi(number), i);
    }
    buf_release(&h.body);
    buf_release(&answer);
}
END_TEST

START_TEST(nothing_is_called_after_a_cancel)
{
    struct heard h = { .cancel = true };
    struct server s = { .hold = true };

    ask_server(&h, &s, CHUNKED "3\r\nabc\r\n",
               (struct http_ask){ .on_body = on_body });
    ck_assert_int_eq(h.ends, 0);
    buf_release(&h.body);
}
END_TEST

START_TEST(a_post_carries_its_content_and_headers)
{
    static const char *const headers[] = { "X-One: 1", "X-Two: two", NULL };
    struct heard h = { 0 };
    struct server s = { .until = "{\"a\":1}" };

    ask_server(&h, &s, "HTTP/1.1 204 No Content\r\n\r\n",
               (struct http_ask){ .post = true,
                                  .content = slice_str("{\"a\":1}"),
                                  .content_type = "application/json",
                                  .bearer = "secret",
                                  .headers = headers });
    ck_assert_int_eq(h.code, 204);
    ck_assert_ptr_eq(strstr(s.request, "POST /x HTTP/1.1\r\n"), s.request);
    ck_assert_ptr_nonnull(
        strstr(s.request, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(s.request, "\r\nContent-Length: 7\r\n"));
    ck_assert_ptr_nonnull(
        strstr(s.request, "\r\nAuthorization: Bearer secret\r\n"));
    ck_assert_ptr_nonnull(strstr(s.request, "\r\nX-One: 1\r\nX-Two: two\r\n"));
    buf_release(&h.body);
}
END_TEST

START_TEST(a_post_may_be_empty_and_of_no_type)
{
    struct heard h = { 0 };
    struct server s = { .until = "\r\n\r\n" };

    ask_server(&h, &s, "HTTP/1.1 204 No Content\r\n\r\n",
               (struct http_ask){ .post = true });
    ck_assert_int_eq(h.code, 204);
    ck_assert_ptr_nonnull(strstr(s.request, "\r\nContent-Length: 0\r\n"));
    ck_assert_ptr_null(strstr(s.request, "Content-Type"));
    ck_assert_ptr_null(strstr(s.request, "Expect"));
    buf_release(&h.body);
}
END_TEST

/* Answers a GET; hangs up on a POST.  False: it is over. */
static bool answer_get(struct server *s, int client)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\n"
                                 "Content-Length: 0\r\n\r\n";

    if (read(client, s->request, sizeof(s->request)) <= 0)
        return false;
    s->posts += *s->request == 'P';
    return *s->request != 'P' &&
           send(client, answer, strlen(answer), MSG_NOSIGNAL) > 0;
}

static void *serve_gets(void *arg)
{
    struct server *s = arg;
    struct pollfd of[8] = { { .fd = s->listener, .events = POLLIN } };
    nfds_t n = 1;

    while (n < 8 && poll(of, n, -1) > 0) {
        for (nfds_t i = 1; i < n; i++) {
            if (of[i].revents && !answer_get(s, of[i].fd)) {
                close(of[i].fd);
                of[i].fd = -1;
            }
        }
        if (!of[0].revents)
            continue;
        of[n] = (struct pollfd){ .fd = accept(s->listener, NULL, NULL),
                                 .events = POLLIN };
        if (of[n++].fd < 0)
            break;
    }
    while (--n)
        close(of[n].fd);
    return NULL;
}

static void ask_next(struct heard *h, struct http *http, struct http_ask ask)
{
    ask.url = "http://docker/x";
    ask.self = h;
    ask.on_end = on_end;
    ck_assert_int_eq(http_ask(http, &ask, &h->request, NULL), ST_OK);
    loop_run(h->loop);
}

/* What libcurl does on a connection that was in use is why there is `fresh`. */
START_TEST(a_post_on_a_connection_of_its_own_is_sent_once)
{
    bool fresh = _i;
    struct heard h = { 0 };
    struct server s = { 0 };
    struct http *http;

    start_with(&s, serve_gets);
    ck_assert_int_eq(loop_new(&h.loop, NULL), ST_OK);
    ck_assert_int_eq(http_new(h.loop, &http, NULL), ST_OK);
    ask_next(&h, http, (struct http_ask){ .unix_path = s.path });
    ck_assert_int_eq(h.code, 200);
    ask_next(
        &h, http,
        (struct http_ask){ .unix_path = s.path, .post = true, .fresh = fresh });
    ck_assert_int_eq(h.status, ST_END);
    ck_assert_int_eq(h.ends, 2);
    http_free(http);
    loop_free(h.loop);
    finish(&s);
    ck_assert_int_eq(s.posts, fresh ? 1 : 2);
}
END_TEST

static bool say_no(void *self)
{
    ((struct heard *)self)->asked++;
    return false;
}

START_TEST(what_may_not_be_sent_any_more_is_not_sent)
{
    struct heard h = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s, "HTTP/1.1 204 No Content\r\n\r\n",
               (struct http_ask){ .post = true, .may_send = say_no });
    ck_assert_int_eq(h.status, ST_AGAIN);
    ck_assert_int_eq(h.code, 0);
    ck_assert_int_eq(h.asked, 1);
    ck_assert_str_eq(s.request, "");
    buf_release(&h.body);
}
END_TEST

START_TEST(when_to_come_again_is_understood)
{
    struct heard h = { 0 }, never = { 0 };
    struct server s = { 0 };

    ask_server(&h, &s,
               "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\n"
               "Content-Length: 0\r\n\r\n",
               (struct http_ask){ 0 });
    ck_assert_int_eq(h.retry_after, 17 * NSEC_SEC);
    ask_server(&never, &s,
               "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\n"
               "Content-Length: 0\r\n\r\n",
               (struct http_ask){ 0 });
    ck_assert_int_ge(never.retry_after, 0);
    ck_assert_int_le(never.retry_after, 86400 * NSEC_SEC);
    buf_release(&h.body);
    buf_release(&never.body);
}
END_TEST

#define LOOKUP_FOR 3 /* seconds */

/* libcurl's own call of the resolver ends here: one that hangs. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)ret;
    sleep(LOOKUP_FOR);
    return EAI_AGAIN;
}

START_TEST(a_slow_look_up_holds_up_nothing)
{
    struct heard h = { 0 };
    time_t began = time(NULL);

    ask(&h, NULL,
        (struct http_ask){ .url = "http://slow.example/",
                           .total_for = 50 * NSEC_MSEC });
    ck_assert_int_eq(h.status, ST_BUSY);
    ck_assert_int_lt(time(NULL) - began, LOOKUP_FOR - 1);
    buf_release(&h.body);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net_http");
    TCase *t = tcase_create("http");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, a_whole_answer_is_collected);
    tcase_add_test(t, a_clean_end_and_a_cut_are_told_apart);
    tcase_add_test(t, the_body_of_an_error_goes_to_the_end);
    tcase_add_test(t, more_than_the_cap_is_refused);
    tcase_add_test(t, what_is_no_http_is_bad);
    tcase_add_test(t, silence_ends_after_its_time);
    tcase_add_test(t, a_missing_and_a_dead_socket_are_told_apart);
    tcase_add_test(t, a_paused_stream_goes_on_where_it_was);
    tcase_add_test(t, nothing_is_called_after_a_cancel);
    tcase_add_test(t, a_post_carries_its_content_and_headers);
    tcase_add_test(t, a_post_may_be_empty_and_of_no_type);
    tcase_add_loop_test(t, a_post_on_a_connection_of_its_own_is_sent_once, 0,
                        2);
    tcase_add_test(t, what_may_not_be_sent_any_more_is_not_sent);
    tcase_add_test(t, when_to_come_again_is_understood);
    tcase_add_test(t, a_slow_look_up_holds_up_nothing);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
