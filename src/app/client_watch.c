#include "client.h"

#include "app/asking.h"
#include "data/json.h"
#include "data/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SILENT_MAX  (60 * NSEC_SEC) /* the server beats every 15 s */
#define RETRY_FIRST (500 * NSEC_MSEC)
#define RETRY_LAST  (10 * NSEC_SEC)
#define VALUE_SHOWN 1000 /* bytes of one changed value on a terminal */

struct watcher {
    struct client c;
    struct sse sse;
    bool told_lost;
    nsec retry_for;
    uint64_t state_bytes;
};

static void connect_again(void *arg);

static void note(const char *text)
{
    fprintf(stderr, "bladewatch: %s\n", text);
}

static void retry(struct watcher *w, const struct err *why)
{
    char text[ERR_TEXT_MAX + 80];

    http_cancel(w->c.request);
    w->c.request = NULL;
    if (!w->told_lost) {
        snprintf(text, sizeof(text), "%s; trying again", why->text);
        note(text);
    }
    w->told_lost = true;
    loop_timer_start(w->c.loop, &w->c.timer, w->retry_for, 0, connect_again, w);
    w->retry_for =
        w->retry_for * 2 < RETRY_LAST ? w->retry_for * 2 : RETRY_LAST;
}

static void on_silence(void *arg)
{
    struct watcher *w = arg;
    struct err why;

    err_set(&why, "%.150s has been silent for a minute", buf_cstr(&w->c.base));
    retry(w, &why);
}

static void put_time(struct watcher *w, const char *id)
{
    char *end;
    long long at = strtoll(id, &end, 10);
    nsec ns = *id && !*end ? at : loop_wall(w->c.loop);
    time_t seconds = (time_t)(ns / NSEC_SEC);
    struct tm tm = { 0 };

    localtime_r(&seconds, &tm);
    buf_printf(&w->c.out, "%02d:%02d:%02d.%03d ", tm.tm_hour, tm.tm_min,
               tm.tm_sec, (int)(ns % NSEC_SEC / NSEC_MSEC));
}

static const char *colour(const struct watcher *w, const char *code)
{
    return w->c.options->colour ? code : "";
}

static void put_value(struct watcher *w, const struct tape *tape, size_t i)
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
    pretty_text(shown, &w->c.out);
    if (shown.n < text.n)
        buf_printf(&w->c.out, "... (%zu bytes)", text.n);
    buf_release(&text);
}

/* One operation, whose OBJECT is at i, for people. */
static void put_change(struct watcher *w, const struct tape *tape, size_t i,
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
    put_time(w, id);
    buf_str(&w->c.out, colour(w, removed ? "\033[31m" : "\033[32m"));
    buf_str(&w->c.out, removed ? "- " : "+ ");
    buf_str(&w->c.out, colour(w, "\033[0m"));
    pretty_text(buf_view(&w->c.at), &w->c.out);
    pretty_text(path, &w->c.out);
    if (!removed && value) {
        buf_str(&w->c.out, " = ");
        put_value(w, tape, value);
    }
    buf_char(&w->c.out, '\n');
}

static void put_patch(struct watcher *w, const char *id, struct slice patch)
{
    struct tape tape;
    size_t i;

    if (!w->c.options->pretty || tape_parse(w->c.parser, patch, &tape, NULL) ||
        tape.op[0].kind != TAPE_ARRAY) {
        buf_slice(&w->c.out, patch);
        buf_char(&w->c.out, '\n');
        return;
    }
    for (i = 1; i < tape.op[0].end; i = tape.op[i].end)
        if (tape.op[i].kind == TAPE_OBJECT)
            put_change(w, &tape, i, id);
        else
            return;
}

static bool on_stream(void *self, const char *event)
{
    struct watcher *w = self;

    if (strcmp(event, "state") != 0)
        return false;
    w->state_bytes = 0;
    if (!w->c.options->pretty)
        client_put(&w->c,
                   slice_str("[{\"op\":\"add\",\"path\":\"\",\"value\":"));
    return true;
}

static void on_piece(void *self, struct slice piece)
{
    struct watcher *w = self;

    w->state_bytes += piece.n;
    if (!w->c.options->pretty)
        client_put(&w->c, piece);
}

static void on_event(void *self, const char *event, const char *id,
                     struct slice data)
{
    struct watcher *w = self;
    struct err why = { 0 };

    if (strcmp(event, "patch") == 0) {
        put_patch(w, id, data);
    } else if (strcmp(event, "state") == 0 && w->c.options->pretty) {
        put_time(w, id);
        buf_printf(&w->c.out, "= %s (%llu bytes)\n",
                   w->c.at.n ? buf_cstr(&w->c.at) : "/",
                   (unsigned long long)w->state_bytes);
    } else if (strcmp(event, "state") == 0) {
        buf_str(&w->c.out, "}]\n");
    } else if (strcmp(event, "end") == 0 && client_said(&w->c, data, &why)) {
        note(why.text);
    }
    if (!client_flush(&w->c, true))
        client_finish(&w->c, ST_OK);
}

static void on_watch_head(void *self, const struct http_head *head)
{
    struct watcher *w = self;

    if (head->code >= 300)
        return;
    if (w->told_lost)
        note("connected again");
    w->c.connected = true;
    w->told_lost = false;
    loop_timer_start(w->c.loop, &w->c.timer, SILENT_MAX, 0, on_silence, w);
}

static void on_watch_body(void *self, struct slice piece)
{
    struct watcher *w = self;
    struct err why;

    loop_timer_start(w->c.loop, &w->c.timer, SILENT_MAX, 0, on_silence, w);
    w->retry_for = RETRY_FIRST;
    if (sse_add(&w->sse, piece) == ST_OK)
        return;
    err_set(&why, "%.150s sent more than %zu MiB at once", buf_cstr(&w->c.base),
            ASK_PIECE_MAX >> 20);
    retry(w, &why);
}

static void on_watch_end(void *self, const struct http_end *end)
{
    struct watcher *w = self;
    struct err why = { 0 };

    w->c.request = NULL;
    if (end->status == ST_OK && end->head.code < 300)
        err_set(&why, "%.150s ended the connection", buf_cstr(&w->c.base));
    else
        client_explain(&w->c, end, &why);
    if (client_may_pass(&w->c, end)) {
        retry(w, &why);
        return;
    }
    *w->c.err = why;
    client_finish(&w->c, ST_IO);
}

static void connect_again(void *arg)
{
    struct watcher *w = arg;
    struct http_ask get = {
        .url = buf_cstr(&w->c.url),
        .bearer = w->c.secret,
        .connect_for = ASK_CONNECT_FOR,
        .head_for = ASK_HEAD_FOR,
        .self = w,
        .on_head = on_watch_head,
        .on_body = on_watch_body,
        .on_end = on_watch_end,
    };
    enum status st;

    sse_reset(&w->sse);
    st = http_ask(w->c.http, &get, &w->c.request, w->c.err);
    if (st)
        client_finish(&w->c, st);
}

static enum status watch(struct watcher *w)
{
    enum status st = client_heed_signals(&w->c);

    if (st)
        return st;
    connect_again(w);
    loop_run(w->c.loop);
    return w->c.status;
}

enum status client_watch(const struct client_options *options, struct err *err)
{
    struct watcher w = { .c = { .options = options, .err = err },
                         .retry_for = RETRY_FIRST };
    const struct sse_handler handler = { &w, on_stream, on_piece, on_event };
    enum status st = client_open(&w.c, "/state/watch");

    sse_init(&w.sse, &handler, ASK_PIECE_MAX);
    if (st == ST_OK)
        st = watch(&w);
    sse_release(&w.sse);
    client_close(&w.c);
    return st;
}
