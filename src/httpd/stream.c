#include "stream.h"

#include "base/alloc.h"
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define STATE_NOW_MAX ((size_t)8 << 20) /* bytes rendered at once */
#define BLOCK         65536
#define RETRY         "retry: 2000\n\n"

/*
 * What is sent is the render, if there is one, and then out; a render
 * therefore begins only while out is empty.
 */
struct stream {
    struct httpd *httpd;
    struct MHD_Connection *conn;
    struct where where;
    struct render *render;
    struct buf out;
    size_t sent; /* bytes of out */
    bool suspended;
    bool ended;          /* nothing follows what is in out */
    bool watching;       /* events, not the state once */
    bool resync;         /* the whole must be sent again */
    struct watch *watch; /* NULL until the whole was sent, while resync */
    nsec spoke_at;
    struct stream *prev, *next;
};

static void stream_free(void *arg)
{
    struct stream *s = arg;
    struct httpd *h = s->httpd;

    DL_DELETE(h->streams, s);
    h->nwatchers -= s->watching;
    watch_free(h->ports.core, s->watch);
    render_free(s->render);
    where_release(&s->where);
    buf_release(&s->out);
    free(s);
}

static bool is_drained(const struct stream *s)
{
    return !s->render && s->sent == s->out.n;
}

static void suspend(struct stream *s)
{
    MHD_suspend_connection(s->conn);
    s->suspended = true;
}

static void wake(void *arg)
{
    struct stream *s = arg;

    if (!s->suspended)
        return;
    s->suspended = false;
    httpd_resume(s->httpd, s->conn);
}

static bool write_buf(void *self, struct slice text)
{
    return buf_add(self, text.p, text.n) == ST_OK;
}

enum status state_render(const struct httpd *h, const struct where *w,
                         struct buf *out)
{
    size_t most = h->config.render_nodes, begin = out->n, cap = out->cap;
    struct sink sink = { out, write_buf };
    enum status st;

    if (view_weight(h->ports.core, &w->path, most + 1) > most)
        return ST_LIMIT;
    if (out->cap - out->n > STATE_NOW_MAX)
        out->cap = out->n + STATE_NOW_MAX;
    st = view_write(h->ports.core, &w->path, w->options, &sink);
    out->cap = cap;
    if (st != ST_END)
        return st;
    out->n = begin;
    out->full = false;
    return ST_LIMIT;
}

static enum status begin_render(struct stream *s, struct slice before,
                                struct slice after, struct err *err)
{
    struct render_job job = { s->httpd->ports.core, &s->where.path,
                              s->where.options, before, after };

    return render_start(&s->httpd->renders, &job, &s->render, err);
}

static void event_head(const struct httpd *h, struct buf *out, const char *name)
{
    buf_printf(out, "event: %s\nid: %lld\ndata: ", name,
               (long long)view_watermark(h->ports.core));
}

/* The whole as an event; from here on changes are collected. */
static enum status send_whole(struct stream *s, const char *before,
                              struct err *err)
{
    struct httpd *h = s->httpd;
    struct buf head;
    enum status st;

    assert(is_drained(s));
    buf_reset(&s->out);
    s->sent = 0;
    buf_str(&s->out, before);
    event_head(h, &s->out, "state");
    st = state_render(h, &s->where, &s->out);
    if (st == ST_LIMIT) {
        head = s->out;
        buf_init(&s->out, head.cap);
        st = begin_render(s, buf_view(&head), slice_str("\n\n"), err);
        buf_release(&head);
    } else {
        buf_str(&s->out, st ? "null\n\n" : "\n\n");
        st = ST_OK;
    }
    if (st)
        return st;
    s->resync = false;
    s->watch = watch_new(h->ports.core, &s->where.path);
    s->spoke_at = loop_now(h->loop);
    return ST_OK;
}

static void begin_resync(struct stream *s)
{
    watch_free(s->httpd->ports.core, s->watch);
    s->watch = NULL;
    s->resync = true;
}

/* All children busy: stays in need of it, the next beat tries again. */
static void try_resync(struct stream *s)
{
    if (s->resync && is_drained(s) && !s->ended &&
        send_whole(s, "", NULL) == ST_OK)
        wake(s);
}

static ssize_t read_out(struct stream *s, char *p, size_t max)
{
    size_t n = s->out.n - s->sent;

    if (n > max)
        n = max;
    memcpy(p, s->out.p + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static ssize_t stream_read(void *self, uint64_t pos, char *p, size_t max)
{
    struct stream *s = self;
    enum status st;

    (void)pos;
    if (s->httpd->stopping)
        return s->watching ? MHD_CONTENT_READER_END_OF_STREAM
                           : MHD_CONTENT_READER_END_WITH_ERROR;
    try_resync(s);
    while (s->render) {
        st = render_read(s->render, p, &max, wake, s);
        if (st == ST_OK)
            return (ssize_t)max;
        if (st == ST_AGAIN) {
            suspend(s);
            return 0;
        }
        render_free(s->render);
        s->render = NULL;
        if (st != ST_END)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (s->sent < s->out.n)
        return read_out(s, p, max);
    if (s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    suspend(s);
    return 0;
}

static struct stream *stream_new(struct request *req, struct where *w)
{
    struct stream *s = xcalloc(1, sizeof(*s));

    s->httpd = req->httpd;
    s->conn = req->conn;
    s->where = *w;
    *w = (struct where){ 0 };
    buf_init(&s->out, 2 * req->httpd->config.unsent_bytes + STATE_NOW_MAX);
    DL_APPEND(s->httpd->streams, s);
    return s;
}

static enum status stream_answer(struct request *req, struct stream *s,
                                 const char *type)
{
    answer_begin(&req->answer, 200, type);
    req->answer.stamped = true;
    req->answer.watermark = view_watermark(s->httpd->ports.core);
    req->stream = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, stream_read, s, stream_free);
    if (!req->stream)
        abort();
    return ST_OK;
}

enum status stream_state(struct request *req, struct where *w, struct err *err)
{
    struct stream *s = stream_new(req, w);
    enum status st;

    s->ended = true;
    st = begin_render(s, slice_str(""), slice_str("\n"), err);
    if (st) {
        stream_free(s);
        return st;
    }
    return stream_answer(req, s, TYPE_JSON);
}

enum status stream_watch(struct request *req, struct where *w, struct err *err)
{
    struct httpd *h = req->httpd;
    struct stream *s = stream_new(req, w);
    enum status st = send_whole(s, RETRY, err);

    if (st) {
        stream_free(s);
        return st;
    }
    s->watching = true;
    h->nwatchers++;
    httpd_need_sweep(h);
    return stream_answer(req, s, TYPE_EVENTS);
}

/*
 * A client that does not keep up: what is left of the event it is in the
 * middle of, a word why, and the end.  A blank line ends an event.
 */
static void drop(struct stream *s)
{
    char *rest = s->out.p + s->sent, *end;
    size_t left = s->out.n - s->sent;

    end = memmem(rest, left, "\n\n", 2);
    s->out.n = s->sent + (end && s->sent ? (size_t)(end + 2 - rest) : 0);
    s->out.full = false;
    buf_str(&s->out, "event: end\ndata: {\"error\":\"too slow: more than "
                     "the limit was left unread\"}\n\n");
    s->ended = true;
    watch_free(s->httpd->ports.core, s->watch);
    s->watch = NULL;
    s->httpd->stats.dropped_watchers++;
}

static void compact(struct stream *s)
{
    if (s->sent == 0 || s->sent < s->out.n / 2)
        return;
    /* The byte in front tells drop() that an event may be half sent. */
    buf_drop(&s->out, s->sent - 1);
    s->sent = 1;
}

static void send_patch(struct stream *s, struct slice patch)
{
    compact(s);
    event_head(s->httpd, &s->out, "patch");
    buf_slice(&s->out, patch);
    buf_str(&s->out, "\n\n");
    s->spoke_at = loop_now(s->httpd->loop);
    if (!buf_ok(&s->out) || s->out.n - s->sent > s->httpd->config.unsent_bytes)
        drop(s);
    wake(s);
}

static void flush_one(struct stream *s, struct buf *patch)
{
    enum status st;

    if (!s->watching || s->ended)
        return;
    if (s->resync) {
        try_resync(s);
        return;
    }
    buf_reset(patch);
    st = view_changes(s->httpd->ports.core, s->watch, patch);
    if (st == ST_AGAIN)
        return;
    if (st || !buf_ok(patch)) {
        begin_resync(s);
        try_resync(s);
        return;
    }
    send_patch(s, buf_view(patch));
}

void streams_flush(struct httpd *h)
{
    struct stream *s;
    struct buf patch;

    if (!h->nwatchers || h->stopping)
        return;
    buf_init(&patch, h->config.unsent_bytes);
    DL_FOREACH(h->streams, s)
    {
        flush_one(s, &patch);
    }
    buf_release(&patch);
}

void streams_beat(struct httpd *h)
{
    nsec now = loop_now(h->loop);
    struct stream *s;

    DL_FOREACH(h->streams, s)
    {
        try_resync(s);
        if (!s->watching || s->ended || !is_drained(s) ||
            now - s->spoke_at < h->config.beat_for)
            continue;
        compact(s);
        buf_str(&s->out, ": ping\n\n");
        s->spoke_at = now;
        wake(s);
    }
}

void streams_stop(struct httpd *h)
{
    struct stream *s;

    DL_FOREACH(h->streams, s)
    {
        wake(s);
    }
}
