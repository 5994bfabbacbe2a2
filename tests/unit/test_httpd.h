/*
 * test_httpd.h - a world for the server: it runs in the test's own loop,
 * while a client on a thread of its own sends raw bytes over loopback and ends
 * the loop when it has its answer.  The intake is replaced whole; the core is
 * the test's affair.
 */
#ifndef TEST_HTTPD_H
#define TEST_HTTPD_H

#include "httpd/httpd.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum fate { COMMIT, HOLD, DISCARD };

struct world {
    struct loop *loop;
    struct httpd *httpd;
    struct httpd_config config;
    struct core *core;
    struct intake intake;
    struct intake_listener *listener;
    struct loop_turn loop_turn;
    struct loop_poll done_poll;
    enum fate fate;
    uint64_t taken, durable;
    uint64_t room;    /* lines not durable that are taken at most; 0: any */
    uint64_t full_at; /* this line finds the disk full; 0: none */
    uint64_t calls;
    struct buf lines;  /* "id text\n" each */
    struct buf source; /* the last one declared */
    void (*turn)(struct world *w);
    void (*merge)(struct world *w); /* before lines become durable */
    int step;
    bool unready;
    void (*reload)(void *self);
    enum status (*hold)(void *self, const struct httpd_hold *hold,
                        uint64_t *ret_ticket, struct err *err);
    void (*held)(void *self, const struct httpd_hold *hold, struct buf *out);
    /* the client's */
    pthread_t thread;
    void (*client)(struct world *w);
    struct slice request;
    const char *until; /* stop reading at this; NULL: at the end */
    struct buf reply;
    int done[2];
    atomic_bool answered;
    sem_t go;
};

/* ---- an intake that remembers ---- */

static inline enum status take_source(void *self, const struct source *decl,
                                      uint32_t *ret_id, struct err *err)
{
    struct world *w = self;

    buf_reset(&w->source);
    buf_printf(&w->source, "%.*s %.*s %s ", SLICE_ARG(decl->blade),
               SLICE_ARG(decl->run), mode_name(decl->mode));
    path_pointer(&decl->at, &w->source);
    if (slice_is(decl->blade, "bad")) {
        err_set(err, "blade 'bad' is taken");
        return ST_BAD;
    }
    *ret_id = 7;
    return ST_OK;
}

static inline enum status take_line(void *self, const struct line *line,
                                    uint64_t *ret_ticket, struct err *err)
{
    struct world *w = self;

    ck_assert_uint_eq(line->source, 7);
    if (w->room && w->taken - w->durable >= w->room)
        return ST_AGAIN;
    if (++w->calls == w->full_at) {
        err_set(err, "the disk is full");
        return ST_FULL;
    }
    if (line->text.p[0] == '{' && line->text.p[line->text.n - 1] != '}') {
        err_set(err, "the object is not closed");
        err->column = line->text.n;
        return ST_BAD;
    }
    buf_slice(&w->lines, line->id);
    buf_char(&w->lines, ' ');
    buf_slice(&w->lines, line->text);
    buf_char(&w->lines, '\n');
    *ret_ticket = ++w->taken;
    return ST_OK;
}

static inline void listen_to(void *self, struct intake_listener *listener)
{
    ((struct world *)self)->listener = listener;
}

static inline void settle(struct world *w)
{
    struct err why = { .text = "the disk went away" };
    uint64_t first = w->durable + 1;

    if (w->taken == w->durable || w->fate == HOLD)
        return;
    w->durable = w->taken;
    if (w->fate == COMMIT && w->merge)
        w->merge(w);
    if (w->fate == COMMIT)
        w->listener->durable(w->listener->self, w->taken);
    else
        w->listener->discarded(w->listener->self, first, &why);
}

static inline void on_turn(void *arg)
{
    struct world *w = arg;

    if (w->turn)
        w->turn(w);
    settle(w);
}

/* ---- the client ---- */

static inline int dial(struct world *w)
{
    const char *port = strrchr(httpd_address(w->httpd), ':') + 1;
    struct sockaddr_in to = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((in_port_t)atoi(port));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
        abort();
    return fd;
}

static inline void say(int fd, struct slice text)
{
    ssize_t n;

    while (text.n && (n = send(fd, text.p, text.n, MSG_NOSIGNAL)) > 0)
        text = slice_of(text.p + n, text.n - (size_t)n);
}

/* Until the text occurs, or the end. */
static inline void hear(int fd, const char *until, struct buf *reply)
{
    char chunk[65536];
    ssize_t n;

    while (!(until && strstr(buf_cstr(reply), until)) &&
           (n = read(fd, chunk, sizeof(chunk))) > 0)
        if (buf_add(reply, chunk, (size_t)n))
            abort();
}

static inline void ask(struct world *w)
{
    int fd = dial(w);

    say(fd, w->request);
    hear(fd, w->until, &w->reply);
    close(fd);
}

static inline void *run_client(void *arg)
{
    struct world *w = arg;

    w->client(w);
    atomic_store(&w->answered, true);
    if (write(w->done[1], "x", 1) != 1)
        abort();
    return NULL;
}

static inline void on_done(void *arg, int ready)
{
    struct world *w = arg;
    char c;

    (void)ready;
    ck_assert_int_eq(read(w->done[0], &c, 1), 1);
    loop_stop(w->loop);
}

/* For a timer whose only use is that the loop turns. */
static inline void nop(void *arg)
{
    (void)arg;
}

/* ---- the world ---- */

static inline bool is_ready(void *self, struct buf *why)
{
    struct world *w = self;

    if (w->unready)
        buf_str(why, "the journal is being read");
    return !w->unready;
}

static inline void some_containers(void *self, struct buf *out)
{
    (void)self;
    buf_str(out, "[{\"name\":\"web\"}]");
}

static inline struct world *world_of(struct core *core)
{
    struct world *w = xcalloc(1, sizeof(*w));

    w->config = (struct httpd_config){ .listen = "127.0.0.1:0",
                                       .run = slice_str("r1") };
    w->core = core;
    w->client = ask;
    sem_init(&w->go, 0, 0);
    buf_init(&w->lines, BUF_NO_CAP);
    buf_init(&w->source, BUF_NO_CAP);
    buf_init(&w->reply, BUF_NO_CAP);
    return w;
}

static inline void world_start(struct world *w)
{
    struct httpd_ports ports = {
        .intake = &w->intake,
        .core = w->core,
        .self = w,
        .containers = some_containers,
        .reload = w->reload,
        .hold = w->hold,
        .held = w->held,
        .ready = is_ready,
    };
    struct err err = { 0 };

    w->intake = (struct intake){
        .self = w, .source = take_source, .line = take_line, .listen = listen_to
    };
    ck_assert_int_eq(loop_new(&w->loop, &err), ST_OK);
    ck_assert_msg(httpd_start(w->loop, &w->config, &ports, &w->httpd, &err) ==
                      ST_OK,
                  "%s", err.text);
    loop_turn_start(w->loop, &w->loop_turn, on_turn, w);
    ck_assert_int_eq(pipe(w->done), 0);
    ck_assert_int_eq(loop_poll_start(w->loop, &w->done_poll, w->done[0],
                                     LOOP_READ, on_done, w, &err),
                     ST_OK);
}

static inline void world_free(struct world *w)
{
    httpd_stop(w->httpd);
    httpd_free(w->httpd);
    loop_turn_stop(&w->loop_turn);
    loop_poll_stop(&w->done_poll);
    loop_free(w->loop);
    close(w->done[0]);
    close(w->done[1]);
    buf_release(&w->lines);
    buf_release(&w->source);
    buf_release(&w->reply);
    free(w);
}

static inline const char *run(struct world *w)
{
    if (!w->loop)
        world_start(w);
    buf_reset(&w->reply);
    atomic_store(&w->answered, false);
    ck_assert_int_eq(pthread_create(&w->thread, NULL, run_client, w), 0);
    loop_run(w->loop);
    pthread_join(w->thread, NULL);
    return buf_cstr(&w->reply);
}

static inline const char *ask_for(struct world *w, struct slice request)
{
    w->request = request;
    return run(w);
}

#define CLOSE "Host: localhost\r\nConnection: close\r\n"

static inline const char *get(struct world *w, const char *target)
{
    char request[512];

    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" CLOSE "\r\n",
             target);
    return ask_for(w, slice_str(request));
}

static inline const char *post_to(struct world *w, const char *target,
                                  const char *headers, struct slice body)
{
    const char *reply;
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    buf_printf(&b, "POST %s HTTP/1.1\r\n" CLOSE "%sContent-Length: %zu\r\n\r\n",
               target, headers, body.n);
    buf_slice(&b, body);
    reply = ask_for(w, buf_view(&b));
    buf_release(&b);
    return reply;
}

static inline const char *post(struct world *w, const char *body)
{
    return post_to(w, "/logs", "", slice_str(body));
}

/* The reply has this status and, behind its headers, this body. */
static inline void expect(const char *reply, int code, const char *body)
{
    const char *end = strstr(reply, "\r\n\r\n");
    char line[32];

    snprintf(line, sizeof(line), "HTTP/1.1 %d ", code);
    ck_assert_msg(strncmp(reply, line, strlen(line)) == 0, "%s", reply);
    ck_assert_ptr_nonnull(end);
    if (body)
        ck_assert_str_eq(end + 4, body);
}

static inline void expect_part(const char *reply, int code, const char *part)
{
    expect(reply, code, NULL);
    ck_assert_msg(strstr(reply, part), "no '%s' in %s", part, reply);
}

static inline struct buf gzipped(struct slice text)
{
    z_stream z = { 0 };
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
    ck_assert_int_eq(buf_reserve(&out, deflateBound(&z, text.n)), ST_OK);
    z.next_in = (Bytef *)(uintptr_t)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)out.p;
    z.avail_out = (uInt)out.room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

/* Undoes chunked transfer coding in place; *ret_whole: it was not cut. */
static inline char *unchunk(struct world *w, size_t *ret_n, bool *ret_whole)
{
    char *p = strstr(buf_cstr(&w->reply), "\r\n\r\n") + 4;
    char *out = p, *begin = p, *end = w->reply.p + w->reply.n;
    size_t n, left;

    while ((n = strtoul(p, &p, 16)) && p < end) {
        p += 2;
        left = p < end ? (size_t)(end - p) : 0;
        n = n < left ? n : left;
        memmove(out, p, n);
        out += n;
        p += n < left ? n + 2 : n;
    }
    *ret_whole = end - p == 4;
    *ret_n = (size_t)(out - begin);
    *out = '\0';
    return begin;
}

#endif
