#include "probe/inside.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WRONG_SHOWN 16
/* The trouble of a resolver is not the target's; but what was true for so long
 * without being confirmed may not be true any more. */
#define KEEP_FOR (300 * NSEC_SEC)

static void ask_address(struct target *t);

void question_place(const struct target *t, struct buf *out)
{
    bool bracket = strchr(t->host, ':') != NULL;

    if (t->spec.kind == PROBE_HTTP)
        buf_printf(out, "%s://", probe_spec_kind(&t->spec));
    buf_printf(out, "%s%s%s:%u", bracket ? "[" : "", t->host,
               bracket ? "]" : "", t->spec.port);
    if (t->spec.kind == PROBE_HTTP)
        buf_str(out, t->spec.path);
}

/* -- sockets -------------------------------------------------------------- */

static void close_socket(struct question *q)
{
    loop_poll_stop(&q->poll);
    if (q->fd >= 0)
        close(q->fd);
    q->fd = -1;
}

/* The next address of its name, if there is one. */
static void address_failed(struct target *t, int error)
{
    close_socket(&t->question);
    if (++t->question.nth < t->question.to.n)
        ask_address(t);
    else if (error == ECONNREFUSED)
        target_bad(t, 0, "refused: nobody listens on its port");
    else
        target_bad(t, 0, "no connection: %s", strerror(error));
}

static void wrong_answer(struct target *t, const char *text, size_t n)
{
    bool plain = n <= WRONG_SHOWN;

    for (size_t i = 0; plain && i < n; i++)
        plain = isprint((unsigned char)text[i]);
    if (plain)
        target_bad(t, 0, "it answers \"%.*s\" instead of PONG", (int)n, text);
    else
        target_bad(t, 0, "it answers something else than PONG");
}

static void on_datagram(void *arg, int ready)
{
    struct target *t = arg;
    char text[WRONG_SHOWN];
    ssize_t n = recv(t->question.fd, text, sizeof(text), MSG_TRUNC);

    (void)ready;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        address_failed(t, errno);
    else if (n == 4 && memcmp(text, "PONG", 4) == 0)
        target_good(t, 0, NULL);
    else
        wrong_answer(t, text, (size_t)n);
}

/*
 * Where the port is free the kernel may choose it for our own end, and a
 * socket that calls itself is connected.
 */
static bool calls_itself(int fd)
{
    struct sockaddr_storage here = { 0 }, there = { 0 };
    socklen_t n = sizeof(here), m = sizeof(there);

    return !getsockname(fd, (struct sockaddr *)&here, &n) &&
           !getpeername(fd, (struct sockaddr *)&there, &m) && n == m &&
           memcmp(&here, &there, n) == 0;
}

static void connected(struct target *t)
{
    if (calls_itself(t->question.fd))
        address_failed(t, ECONNREFUSED);
    else
        target_good(t, 0, NULL);
}

static void on_connect(void *arg, int ready)
{
    struct target *t = arg;
    socklen_t n = sizeof(int);
    int error = 0;

    (void)ready;
    if (getsockopt(t->question.fd, SOL_SOCKET, SO_ERROR, &error, &n))
        error = errno;
    if (error)
        address_failed(t, error);
    else
        connected(t);
}

static socklen_t set_port(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
        return sizeof(struct sockaddr_in6);
    }
    ((struct sockaddr_in *)a)->sin_port = htons(port);
    return sizeof(struct sockaddr_in);
}

/* The socket is open, and connecting to its target. */
static void ask_socket(struct target *t, bool waits)
{
    struct question *q = &t->question;
    bool udp = t->spec.kind == PROBE_UDP;

    if (udp && send(q->fd, "PING", 4, MSG_NOSIGNAL) < 0) {
        address_failed(t, errno);
        return;
    }
    if (!udp && !waits)
        connected(t);
    else if (loop_poll_start(t->p->loop, &q->poll, q->fd,
                             udp ? LOOP_READ : LOOP_WRITE,
                             udp ? on_datagram : on_connect, t, NULL))
        target_skip(t, "its socket cannot be watched");
}

static void open_socket(struct target *t)
{
    struct question *q = &t->question;
    struct sockaddr_storage a = q->to.address[q->nth];
    int type = t->spec.kind == PROBE_UDP ? SOCK_DGRAM : SOCK_STREAM;
    socklen_t n = set_port(&a, t->spec.port);

    q->fd = socket(a.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (q->fd < 0 && errno != EAFNOSUPPORT)
        target_skip(t, strerror(errno));
    else if (q->fd < 0)
        address_failed(t, EAFNOSUPPORT);
    else if (connect(q->fd, (struct sockaddr *)&a, n) == 0)
        ask_socket(t, false);
    else if (errno == EINPROGRESS)
        ask_socket(t, true);
    else
        address_failed(t, errno);
}

/* -- names ---------------------------------------------------------------- */

/* Where it was found last. */
static void ask_found(struct target *t)
{
    struct question *q = &t->question;
    char text[SENTENCE_MAX];

    q->to = t->found;
    q->doubt = t->doubt;
    if (q->doubt) {
        snprintf(text, sizeof(text),
                 "is asked at its last address: its name cannot be looked up "
                 "(%s)",
                 q->doubt);
        probes_complain(t->p, t->name, text);
    }
    ask_address(t);
}

/* The question that asked for it may be over: the next one has it then. */
static void on_found(void *arg, const struct lookup_answer *answer)
{
    struct target *t = arg;
    bool waits = t->asking && t->question.waits;

    t->lookup = NULL;
    t->question.waits = false;
    if (answer->n) {
        t->found = *answer;
        t->found_at = loop_now(t->p->loop);
    }
    t->doubt = answer->why;
    if (!waits)
        return;
    if (answer->n)
        ask_found(t);
    else if (answer->unasked)
        target_skip(t, answer->why);
    else
        target_bad(t, 0, "its name cannot be looked up: %s", answer->why);
}

static void look_up(struct target *t)
{
    if (!t->lookup)
        t->lookup = lookup_start(t->p->lookups, t->host, on_found, t);
}

void question_doubt(struct target *t)
{
    if (t->fixed || !t->found.n)
        return;
    t->doubt = t->doubt ? t->doubt : "no answer yet";
    if (loop_now(t->p->loop) - t->found_at > KEEP_FOR)
        t->found.n = 0;
    else
        look_up(t);
}

/* -- HTTP ----------------------------------------------------------------- */

static void on_head(void *self, const struct http_head *head)
{
    struct target *t = self;

    (void)head;
    t->question.headed = true;
}

static void judge_answer(struct target *t, int code, struct slice body)
{
    char why[SENTENCE_MAX];
    struct body json = { .string_max = t->p->config.string_max };

    buf_init(&json.json, PROBE_JSON_MAX);
    if (answer_judge(&t->spec, t->p->parser, code, body, &json, why))
        target_good(t, code, &json);
    else
        target_bad(t, code, "%s", why);
    buf_release(&json.json);
}

static void http_failed(struct target *t, const struct http_end *end)
{
    if (end->status == ST_LIMIT)
        target_bad(t, end->head.code, "its body is longer than %zu bytes",
                   PROBE_BODY_MAX);
    else if (end->status == ST_NONE && end->os_errno)
        address_failed(t, end->os_errno);
    else if (end->status == ST_END && !end->head.code)
        target_bad(t, 0, "it ends the connection without an answer");
    else if (end->status == ST_END)
        target_bad(t, end->head.code, "its answer breaks off");
    else if (end->status == ST_BAD)
        target_bad(t, end->head.code, "its answer is no HTTP: %s", end->text);
    else
        target_bad(t, end->head.code, "no answer: %s", end->text);
}

static void on_end(void *self, const struct http_end *end)
{
    struct target *t = self;

    t->question.request = NULL;
    if (end->status)
        http_failed(t, end);
    else
        judge_answer(t, end->head.code, end->body);
}

/* "::10.0.0.2:80": where the connection goes, by whatever name. */
static void connect_to(struct target *t, struct buf *out)
{
    const struct sockaddr_storage *a = &t->question.to.address[t->question.nth];
    bool six = a->ss_family == AF_INET6;
    char text[INET6_ADDRSTRLEN] = "";

    if (six)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
                  sizeof(text));
    else
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text,
                  sizeof(text));
    buf_printf(out, six ? "::[%s]:%u" : "::%s:%u", text, t->spec.port);
}

static void ask_http(struct target *t)
{
    struct http_ask get = {
        .insecure = t->spec.insecure,
        .fresh = true,
        .body_max = PROBE_BODY_MAX,
        .self = t,
        .on_head = on_head,
        .on_end = on_end,
    };
    struct buf url, to;
    struct err err;

    buf_init(&url, PLACE_MAX);
    buf_init(&to, PLACE_MAX);
    question_place(t, &url);
    connect_to(t, &to);
    get.url = buf_cstr(&url);
    get.connect_to = t->figures ? NULL : buf_cstr(&to);
    if (http_ask(t->p->http, &get, &t->question.request, &err))
        target_skip(t, err.text);
    buf_release(&url);
    buf_release(&to);
}

/* -- a question ----------------------------------------------------------- */

static void ask_address(struct target *t)
{
    if (t->spec.kind == PROBE_HTTP)
        ask_http(t);
    else
        open_socket(t);
}

void question_ask(struct target *t)
{
    t->question =
        (struct question){ .asked_at = loop_now(t->p->loop), .fd = -1 };
    if (t->found.n) {
        ask_found(t);
        return;
    }
    t->question.waits = true;
    look_up(t);
}

void question_late(struct target *t)
{
    double seconds = (double)probe_spec_timeout(&t->spec) / (double)NSEC_SEC;

    if (t->question.waits && !lookup_begun(t->lookup))
        target_skip(t, "its name waits to be looked up, behind too many");
    else if (t->question.waits)
        target_bad(t, 0, "its name was not looked up within %.6g s", seconds);
    else if (t->question.headed)
        target_bad(t, 0, "its answer was not complete within %.6g s", seconds);
    else
        target_bad(t, 0, "no answer within %.6g s", seconds);
}

void question_end(struct target *t)
{
    http_cancel(t->question.request);
    t->question.request = NULL;
    close_socket(&t->question);
}
