#include "client.h"

#include "app/asking.h"
#include "base/alloc.h"
#include "data/json.h"
#include "tree/path.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 4096
#define ANSWER_MAX ((size_t)64 << 10)

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

void client_finish(struct client *c, enum status st)
{
    c->status = st;
    loop_timer_stop(&c->timer);
    http_cancel(c->request);
    c->request = NULL;
    loop_stop(c->loop);
}

bool client_said(struct client *c, struct slice body, struct err *err)
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

void client_explain(struct client *c, const struct http_end *end,
                    struct err *err)
{
    const char *base = buf_cstr(&c->base);

    if (end->head.code >= 300 && client_said(c, end->body, err))
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

bool client_flush(struct client *c, bool now)
{
    bool good =
        c->out.n == 0 || fwrite(c->out.p, 1, c->out.n, stdout) == c->out.n;

    buf_reset(&c->out);
    if (now && fflush(stdout))
        good = false;
    return good;
}

void client_put(struct client *c, struct slice piece)
{
    if (client_flush(c, false))
        buf_slice(&c->out, piece);
    else
        client_finish(c, ST_OK); /* cli_main() says so */
}

static void on_state_body(void *self, struct slice piece)
{
    struct client *c = self;

    if (!c->options->pretty) {
        client_put(c, piece);
        return;
    }
    pretty_add(&c->pretty, piece, &c->out);
    client_put(c, slice_of(NULL, 0));
}

static void on_state_end(void *self, const struct http_end *end)
{
    struct client *c = self;
    bool good = end->status == ST_OK && end->head.code < 300;

    c->request = NULL;
    if (good && c->options->pretty)
        pretty_end(&c->pretty, &c->out);
    client_flush(c, true);
    if (!good)
        client_explain(c, end, c->err);
    client_finish(c, good ? ST_OK : ST_IO);
}

static void on_answer(void *self, const struct http_end *end)
{
    struct client *c = self;
    bool good = end->status == ST_OK && end->head.code < 300;

    c->request = NULL;
    if (good)
        buf_slice(c->answer, end->body);
    else
        client_explain(c, end, c->err);
    client_finish(c, good ? ST_OK : ST_IO);
}

static enum status ask(struct client *c)
{
    struct http_ask get = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .connect_for = ASK_CONNECT_FOR,
        .head_for = ASK_HEAD_FOR,
        .self = c,
        .on_body = on_state_body,
        .on_end = on_state_end,
    };
    struct http_ask post = {
        .url = buf_cstr(&c->url),
        .bearer = c->secret,
        .post = true,
        .connect_for = ASK_CONNECT_FOR,
        .head_for = ASK_HEAD_FOR,
        .body_max = ANSWER_MAX,
        .self = c,
        .on_end = on_answer,
    };

    return http_ask(c->http, c->answer ? &post : &get, &c->request, c->err);
}

enum status client_open(struct client *c, const char *where)
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

void client_close(struct client *c)
{
    loop_timer_stop(&c->timer);
    loop_signal_stop(&c->on_int);
    loop_signal_stop(&c->on_term);
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
    enum status st = client_open(c, where);

    if (st == ST_OK)
        st = ask(c);
    if (st == ST_OK) {
        loop_run(c->loop);
        st = c->status;
    }
    client_close(c);
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

bool client_may_pass(const struct client *c, const struct http_end *end)
{
    return c->connected && (end->head.code < 300 || end->head.code >= 500);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    client_finish(arg, ST_OK);
}

enum status client_heed_signals(struct client *c)
{
    enum status st;

    st = loop_signal_start(c->loop, &c->on_int, SIGINT, on_signal, c, c->err);
    if (st == ST_OK)
        st = loop_signal_start(c->loop, &c->on_term, SIGTERM, on_signal, c,
                               c->err);
    return st;
}
