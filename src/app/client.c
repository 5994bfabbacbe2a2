#include "client.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "data/json.h"
#include "data/pretty.h"
#include "data/sse.h"
#include "data/tape.h"
#include "loop/loop.h"
#include "net/http.h"
#include "tree/path.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_FOR (5 * NSEC_SEC)
#define HEAD_FOR    (30 * NSEC_SEC)
#define SILENT_MAX  (60 * NSEC_SEC) /* the server beats every 15 s */
#define PAGE_FOR    (10 * NSEC_SEC)
#define RETRY_FIRST (500 * NSEC_MSEC)
#define RETRY_LAST  (10 * NSEC_SEC)
#define PATCH_MAX   ((size_t)64 << 20)
#define SECRET_MAX  4096
#define ANSWER_MAX  ((size_t)64 << 10)
#define VALUE_SHOWN 1000 /* bytes of one changed value on a terminal */

struct client {
    const struct client_options *options;
    struct loop *loop;
    struct http *http;
    struct http_request *request;
    struct buf url, base;
    bool page;          /* that has no path */
    struct buf *answer; /* to a post; or NULL */
    char *secret;
    struct pretty pretty;
    struct buf out;
    enum status status; /* how it ended */
    struct err *err;

    /* watching */
    bool watching, connected, told_lost;
    struct sse sse;
    struct tape_parser *parser;
    struct buf at; /* pointer to the watched path */
    nsec retry_for;
    struct loop_timer timer;
    struct loop_signal on_int, on_term;
    uint64_t state_bytes;
    const char *why; /* the server's word before it hung up */

    /* asking again and again */
    const struct client_poll *poll;
    struct loop_signal on_size, on_suspend;
};

/* -- asking --------------------------------------------------------------- */

static enum status read_secret(struct client *c)
{
    const char *path = c->options->token_file;
    char bytes[SECRET_MAX];
    ssize_t n = -1;
    int fd;

    if (!path)
        return ST_OK;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, bytes, sizeof(bytes));
        close(fd);
    }
    if (n < 0) {
        err_set(c->err, "--token-file %s cannot be read: %s", path,
                strerror(errno));
        return ST_BAD;
    }
    while (n > 0 && strchr(" \t\r\n", bytes[n - 1]))
        n--;
    if (n == 0 || (size_t)n == sizeof(bytes) ||
        memchr(bytes, '\n', (size_t)n) || memchr(bytes, '\0', (size_t)n)) {
        err_set(c->err, "--token-file %s must hold one secret on one line",
                path);
        return ST_BAD;
    }
    c->secret = xmemdup0(bytes, (size_t)n);
    explicit_bzero(bytes, sizeof(bytes));
    return ST_OK;
}

static void add_escaped(struct buf *url, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~/", *text))
            buf_char(url, *text);
        else
            buf_printf(url, "%%%02X", (unsigned char)*text);
}

void client_param(const char *name, const char *value, struct buf *page)
{
    buf_printf(page,
               "%c%s=", page->p && memchr(page->p, '?', page->n) ? '&' : '?',
               name);
    add_escaped(page, value);
}

static enum status build_url(struct client *c, const char *where)
{
    const struct client_options *o = c->options;
    size_t n = strlen(o->url);

    if (strncmp(o->url, "https://", 8) == 0) {
        err_set(c->err, "\"%.100s\": bladewatch speaks no TLS; write http://",
                o->url);
        return ST_BAD;
    }
    if (strncmp(o->url, "http://", 7) != 0 || n < 8 || n > 2000 ||
        strpbrk(o->url, " ?#")) {
        err_set(c->err,
                "\"%.100s\" is no address; write it like "
                "http://127.0.0.1:7433",
                o->url);
        return ST_BAD;
    }
    while (n > 8 && o->url[n - 1] == '/')
        n--;
    buf_slice(&c->base, slice_of(o->url, n));
    buf_slice(&c->url, buf_view(&c->base));
    buf_str(&c->url, where);
    if (!c->page) {
        buf_str(&c->url, "?path=");
        add_escaped(&c->url, o->path ? o->path : "");
    }
    if (o->split)
        buf_str(&c->url, "&split");
    if (buf_ok(&c->url))
        return ST_OK;
    err_set(c->err, "the path is too long");
    return ST_BAD;
}

static enum status check_path(struct client *c)
{
    struct slice text = slice_str(c->options->path);
    struct path path;
    struct buf store;
    enum status st;

    buf_init(&store, text.n + 1);
    st = path_parse(&path, text.n ? text : slice_str(""), &store, c->err);
    if (st == ST_OK)
        path_pointer(&path, &c->at);
    else
        err_prefix(c->err, "PATH");
    buf_release(&store);
    return st ? ST_BAD : ST_OK;
}

static void finish(struct client *c, enum status st)
{
    c->status = st;
    loop_timer_stop(&c->timer);
    http_cancel(c->request);
    c->request = NULL;
    loop_stop(c->loop);
}

/* What a bladewatch says of an error: {"error":"..."}; else nothing. */
static bool said(struct client *c, struct slice body, struct err *err)
{
    const struct tape_op *op;
    struct tape tape;
    struct buf text;

    if (tape_parse(c->parser, json_trim(body), &tape, NULL))
        return false;
    op = tape_member(&tape, "error");
    if (!op || op->kind != TAPE_STRING)
        return false;
    buf_init(&text, 4 * ERR_TEXT_MAX);
    pretty_text(tape_text(op), &text);
    err_set(err, "%.350s", buf_cstr(&text));
    buf_release(&text);
    return true;
}

static void explain(struct client *c, const struct http_end *end,
                    struct err *err)
{
    const char *base = buf_cstr(&c->base);

    if (end->head.code >= 300 && said(c, end->body, err))
        return;
    if (end->head.code >= 300)
        err_set(err, "%.150s answered with status %d; is that a bladewatch?",
                base, end->head.code);
    else if (end->os_errno == ECONNREFUSED)
        err_set(err,
                "cannot reach %.150s: connection refused; is "
                "`bladewatch run` running there?",
                base);
    else if (end->head.code)
        err_set(err, "%.150s hung up in the middle of its answer", base);
    else if (end->status == ST_NONE)
        err_set(err, "cannot reach %.150s: %s", base, end->text);
    else
        err_set(err, "%.150s does not answer: %s", base, end->text);
}

/* False once standard output is gone. */
static bool flush_out(struct client *c, bool now)
{
    bool good =
        c->out.n == 0 || fwrite(c->out.p, 1, c->out.n, stdout) == c->out.n;

    buf_reset(&c->out);
    if (now && fflush(stdout))
        good = false;
    return good;
}

static void put(struct client *c, struct slice piece)
{
    if (flush_out(c, false))
        buf_slice(&c->out, piece);
    else
        finish(c, ST_OK); /* cli_main() says so */
}

static void on_state_body(void *self, struct slice piece)
{
    struct client *c = self;

    if (!c->options->pretty) {
        put(c, piece);
        return;
    }
    pretty_add(&c->pretty, piece, &c->out);
    put(c, slice_of(NULL, 0));
}

static void on_state_end(void *self, const struct http_end *end)
{
    struct client *c = self;
    bool good = end->status == ST_OK && end->head.code < 300;

    c->request = NULL;
    if (good && c->options->pretty)
        pretty_end(&c->pretty, &c->out);
    flush_out(c, true);
    if (!good)
        explain(c, end, c->err);
    finish(c, good ? ST_OK : ST_IO);
}

static void on_answer(void *self, const struct http_end *end)
{
    struct client *c = self;
    bool good = end->status == ST_OK && end->head.code < 300;

    c->request = NULL;
    if (good)
        buf_slice(c->answer, end->body);
    else
        explain(c, end, c->err);
    finish(c, good ? ST_OK : ST_IO);
}

static enum status ask(struct client *c)
{
    struct http_ask get = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .connect_for = CONNECT_FOR,
        .head_for = HEAD_FOR,
        .self = c,
        .on_body = on_state_body,
        .on_end = on_state_end,
    };
    struct http_ask post = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .post = true,
        .connect_for = CONNECT_FOR,
        .head_for = HEAD_FOR,
        .body_max = ANSWER_MAX,
        .self = c,
        .on_end = on_answer,
    };

    return http_ask(c->http, c->answer ? &post : &get, &c->request, c->err);
}

static enum status open_client(struct client *c, const char *where)
{
    enum status st;

    buf_init(&c->url, 8192);
    buf_init(&c->base, 4096);
    buf_init(&c->out, BUF_NO_CAP);
    buf_init(&c->at, BUF_NO_CAP);
    pretty_init(&c->pretty, c->options->colour);
    c->parser = tape_parser_new(0);
    st = read_secret(c);
    if (st == ST_OK)
        st = check_path(c);
    if (st == ST_OK)
        st = build_url(c, where);
    if (st == ST_OK)
        st = loop_new(&c->loop, c->err);
    if (st == ST_OK)
        st = http_new(c->loop, &c->http, c->err);
    return st;
}

static void close_client(struct client *c)
{
    http_free(c->http);
    if (c->loop)
        loop_free(c->loop);
    tape_parser_free(c->parser);
    free(c->secret);
    buf_release(&c->url);
    buf_release(&c->base);
    buf_release(&c->out);
    buf_release(&c->at);
}

static enum status fetch(struct client *c, const char *where)
{
    enum status st = open_client(c, where);

    if (st == ST_OK)
        st = ask(c);
    if (st == ST_OK) {
        loop_run(c->loop);
        st = c->status;
    }
    close_client(c);
    return st;
}

enum status client_state(const struct client_options *options, struct err *err)
{
    struct client c = { .options = options, .err = err };

    return fetch(&c, "/state");
}

enum status client_page(const struct client_options *options, const char *page,
                        struct err *err)
{
    struct client c = { .options = options, .err = err, .page = true };

    return fetch(&c, page);
}

enum status client_post(const struct client_options *options, const char *page,
                        struct buf *ret_answer, struct err *err)
{
    struct client c = {
        .options = options, .err = err, .page = true, .answer = ret_answer
    };

    return fetch(&c, page);
}

/* Once there was an answer: a refusal is one too, but an overload or no
 * answer may pass. */
static bool may_pass(const struct client *c, const struct http_end *end)
{
    return c->connected && (end->head.code < 300 || end->head.code >= 500);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    finish(arg, ST_OK);
}

static enum status heed_signals(struct client *c)
{
    enum status st;

    st = loop_signal_start(c->loop, &c->on_int, SIGINT, on_signal, c, c->err);
    if (st == ST_OK)
        st = loop_signal_start(c->loop, &c->on_term, SIGTERM, on_signal, c,
                               c->err);
    return st;
}

/* -- again and again ------------------------------------------------------ */

static void poll_again(void *arg);

static void wait_to_poll(struct client *c)
{
    if (!c->poll->every)
        finish(c, ST_OK);
    else
        loop_timer_start(c->loop, &c->timer, c->poll->every, 0, poll_again, c);
}

static void on_page_end(void *self, const struct http_end *end)
{
    struct client *c = self;
    struct err why = { 0 };
    enum status st;

    c->request = NULL;
    if (end->status == ST_OK && end->head.code < 300) {
        c->connected = true;
        st = c->poll->answer(c->poll->self, end->body, c->err);
        if (st == ST_OK)
            wait_to_poll(c);
        else
            finish(c, st == ST_END ? ST_OK : st);
        return;
    }
    explain(c, end, &why);
    if (may_pass(c, end)) {
        c->poll->lost(c->poll->self, &why);
        wait_to_poll(c);
        return;
    }
    *c->err = why;
    finish(c, ST_IO);
}

static void poll_again(void *arg)
{
    struct client *c = arg;
    struct http_ask get = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .connect_for = CONNECT_FOR,
        .total_for = PAGE_FOR,
        .body_max = PATCH_MAX,
        .self = c,
        .on_end = on_page_end,
    };
    enum status st = http_ask(c->http, &get, &c->request, c->err);

    if (st)
        finish(c, st);
}

static void on_poll_signal(void *arg, int signum)
{
    const struct client_poll *poll = ((struct client *)arg)->poll;

    poll->signalled(poll->self, signum);
}

static enum status poll_page(struct client *c)
{
    enum status st = heed_signals(c);

    if (st == ST_OK)
        st = loop_signal_start(c->loop, &c->on_size, SIGWINCH, on_poll_signal,
                               c, c->err);
    if (st == ST_OK)
        st = loop_signal_start(c->loop, &c->on_suspend, SIGTSTP, on_poll_signal,
                               c, c->err);
    if (st)
        return st;
    poll_again(c);
    loop_run(c->loop);
    return c->status;
}

enum status client_poll(const struct client_options *options, const char *page,
                        const struct client_poll *poll, struct err *err)
{
    struct client c = {
        .options = options, .err = err, .page = true, .poll = poll
    };
    enum status st = open_client(&c, page);

    if (st == ST_OK)
        st = poll_page(&c);
    loop_signal_stop(&c.on_int);
    loop_signal_stop(&c.on_term);
    loop_signal_stop(&c.on_size);
    loop_signal_stop(&c.on_suspend);
    close_client(&c);
    return st;
}

/* -- watching ------------------------------------------------------------- */

static void connect_again(void *arg);

static void note(const char *text)
{
    fprintf(stderr, "bladewatch: %s\n", text);
}

static void retry(struct client *c, const struct err *why)
{
    char text[ERR_TEXT_MAX + 80];

    http_cancel(c->request);
    c->request = NULL;
    if (!c->told_lost) {
        snprintf(text, sizeof(text), "%s; trying again", why->text);
        note(text);
    }
    c->told_lost = true;
    loop_timer_start(c->loop, &c->timer, c->retry_for, 0, connect_again, c);
    c->retry_for =
        c->retry_for * 2 < RETRY_LAST ? c->retry_for * 2 : RETRY_LAST;
}

static void on_silence(void *arg)
{
    struct client *c = arg;
    struct err why;

    err_set(&why, "%.150s has been silent for a minute", buf_cstr(&c->base));
    retry(c, &why);
}

static void put_time(struct client *c, const char *id)
{
    char *end;
    long long at = strtoll(id, &end, 10);
    nsec ns = *id && !*end ? at : loop_wall(c->loop);
    time_t seconds = (time_t)(ns / NSEC_SEC);
    struct tm tm = { 0 };

    localtime_r(&seconds, &tm);
    buf_printf(&c->out, "%02d:%02d:%02d.%03d ", tm.tm_hour, tm.tm_min,
               tm.tm_sec, (int)(ns % NSEC_SEC / NSEC_MSEC));
}

static const char *colour(const struct client *c, const char *code)
{
    return c->options->colour ? code : "";
}

static void put_value(struct client *c, const struct tape *tape, size_t i)
{
    struct buf text;
    struct slice shown;

    buf_init(&text, BUF_NO_CAP);
    json_value(tape, i, &text);
    shown = buf_view(&text);
    if (shown.n > VALUE_SHOWN)
        shown.n = VALUE_SHOWN;
    while (shown.n < text.n && ((unsigned char)text.p[shown.n] & 0xc0) == 0x80)
        shown.n--;
    pretty_text(shown, &c->out);
    if (shown.n < text.n)
        buf_printf(&c->out, "... (%zu bytes)", text.n);
    buf_release(&text);
}

/* One operation, whose OBJECT is at i, for people. */
static void put_change(struct client *c, const struct tape *tape, size_t i,
                       const char *id)
{
    struct slice path = { 0 };
    size_t key, value = 0;
    bool removed = false;

    for (key = i + 1; key < tape->op[i].end; key = tape->op[key].end) {
        struct slice name = tape_text(&tape->op[key]);

        if (slice_is(name, "path"))
            path = tape_text(&tape->op[key + 1]);
        else if (slice_is(name, "value"))
            value = key + 1;
        else if (slice_is(name, "op"))
            removed = slice_is(tape_text(&tape->op[key + 1]), "remove");
    }
    put_time(c, id);
    buf_str(&c->out, colour(c, removed ? "\033[31m" : "\033[32m"));
    buf_str(&c->out, removed ? "- " : "+ ");
    buf_str(&c->out, colour(c, "\033[0m"));
    pretty_text(buf_view(&c->at), &c->out);
    pretty_text(path, &c->out);
    if (!removed && value) {
        buf_str(&c->out, " = ");
        put_value(c, tape, value);
    }
    buf_char(&c->out, '\n');
}

static void put_patch(struct client *c, const char *id, struct slice patch)
{
    struct tape tape;
    size_t i;

    if (!c->options->pretty || tape_parse(c->parser, patch, &tape, NULL) ||
        tape.op[0].kind != TAPE_ARRAY) {
        buf_slice(&c->out, patch);
        buf_char(&c->out, '\n');
        return;
    }
    for (i = 1; i < tape.op[0].end; i = tape.op[i].end)
        if (tape.op[i].kind == TAPE_OBJECT)
            put_change(c, &tape, i, id);
        else
            return;
}

static bool on_stream(void *self, const char *event)
{
    struct client *c = self;

    if (strcmp(event, "state") != 0)
        return false;
    c->state_bytes = 0;
    if (!c->options->pretty)
        put(c, slice_str("[{\"op\":\"add\",\"path\":\"\",\"value\":"));
    return true;
}

static void on_piece(void *self, struct slice piece)
{
    struct client *c = self;

    c->state_bytes += piece.n;
    if (!c->options->pretty)
        put(c, piece);
}

static void on_event(void *self, const char *event, const char *id,
                     struct slice data)
{
    struct client *c = self;
    struct err why = { 0 };

    if (strcmp(event, "patch") == 0) {
        put_patch(c, id, data);
    } else if (strcmp(event, "state") == 0 && c->options->pretty) {
        put_time(c, id);
        buf_printf(&c->out, "= %s (%llu bytes)\n",
                   c->at.n ? buf_cstr(&c->at) : "/",
                   (unsigned long long)c->state_bytes);
    } else if (strcmp(event, "state") == 0) {
        buf_str(&c->out, "}]\n");
    } else if (strcmp(event, "end") == 0 && said(c, data, &why)) {
        note(why.text);
    }
    if (!flush_out(c, true))
        finish(c, ST_OK);
}

static void on_watch_head(void *self, const struct http_head *head)
{
    struct client *c = self;

    if (head->code >= 300)
        return;
    if (c->told_lost)
        note("connected again");
    c->connected = true;
    c->told_lost = false;
    loop_timer_start(c->loop, &c->timer, SILENT_MAX, 0, on_silence, c);
}

static void on_watch_body(void *self, struct slice piece)
{
    struct client *c = self;
    struct err why;

    loop_timer_start(c->loop, &c->timer, SILENT_MAX, 0, on_silence, c);
    c->retry_for = RETRY_FIRST;
    if (sse_add(&c->sse, piece) == ST_OK)
        return;
    err_set(&why, "%.150s sent more than %zu MiB at once", buf_cstr(&c->base),
            PATCH_MAX >> 20);
    retry(c, &why);
}

static void on_watch_end(void *self, const struct http_end *end)
{
    struct client *c = self;
    struct err why = { 0 };

    c->request = NULL;
    if (end->status == ST_OK && end->head.code < 300)
        err_set(&why, "%.150s ended the connection", buf_cstr(&c->base));
    else
        explain(c, end, &why);
    if (may_pass(c, end)) {
        retry(c, &why);
        return;
    }
    *c->err = why;
    finish(c, ST_IO);
}

static void connect_again(void *arg)
{
    struct client *c = arg;
    struct http_ask get = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .connect_for = CONNECT_FOR,
        .head_for = HEAD_FOR,
        .self = c,
        .on_head = on_watch_head,
        .on_body = on_watch_body,
        .on_end = on_watch_end,
    };
    enum status st;

    sse_reset(&c->sse);
    st = http_ask(c->http, &get, &c->request, c->err);
    if (st)
        finish(c, st);
}

static enum status watch(struct client *c)
{
    enum status st = heed_signals(c);

    if (st)
        return st;
    connect_again(c);
    loop_run(c->loop);
    return c->status;
}

enum status client_watch(const struct client_options *options, struct err *err)
{
    struct client c = { .options = options,
                        .err = err,
                        .retry_for = RETRY_FIRST };
    const struct sse_handler handler = { &c, on_stream, on_piece, on_event };
    enum status st = open_client(&c, "/state/watch");

    sse_init(&c.sse, &handler, PATCH_MAX);
    if (st == ST_OK)
        st = watch(&c);
    loop_timer_stop(&c.timer);
    loop_signal_stop(&c.on_int);
    loop_signal_stop(&c.on_term);
    sse_release(&c.sse);
    close_client(&c);
    return st;
}
