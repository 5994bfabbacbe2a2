#include "base/alloc.h"
#include "server.h"
#include "stream.h"

#include <stdlib.h>

enum status where_init(struct where *w, struct request *req)
{
    const char *text = route_param(req, "path");
    struct err err = { 0 };

    *w = (struct where){ .options.split = route_flag(req, "split") };
    w->text = xstrdup(text ? text : "");
    buf_init(&w->store, BUF_NO_CAP); /* never longer than text */
    if (path_parse(&w->path, slice_str(w->text), &w->store, &err) == ST_OK)
        return ST_OK;
    err_prefix(&err, "path");
    answer_fault(&req->answer, 400, &err);
    where_release(w);
    return ST_BAD;
}

void where_release(struct where *w)
{
    free(w->text);
    w->text = NULL;
    buf_release(&w->store);
}

static void stamp(struct request *req)
{
    req->answer.stamped = true;
    req->answer.watermark = view_watermark(req->httpd->ports.core);
}

static void nothing_there(struct request *req, const struct where *w)
{
    answer_error(&req->answer, 404, "the state holds nothing at '%.200s'",
                 w->text);
    stamp(req);
}

/* ST_LIMIT: it must be streamed. */
static enum status answer_at_once(struct request *req, const struct where *w)
{
    struct buf *out = answer_begin(&req->answer, 200, TYPE_JSON);
    enum status st;

    stamp(req);
    if (req->head) {
        st = view_weight(req->httpd->ports.core, &w->path, 1) ? ST_OK : ST_NONE;
    } else {
        st = state_render(req->httpd, w, out);
        buf_char(out, '\n');
    }
    if (st == ST_NONE)
        nothing_there(req, w);
    return st;
}

enum outcome state_end(struct request *req)
{
    struct err err = { 0 };
    struct where w;

    if (where_init(&w, req))
        return OUT_ANSWER;
    if (answer_at_once(req, &w) != ST_LIMIT) {
        where_release(&w);
        return OUT_ANSWER;
    }
    if (stream_state(req, &w, &err) == ST_OK)
        return OUT_STREAM;
    where_release(&w);
    answer_fault(&req->answer, 503, &err);
    return OUT_ANSWER;
}

enum outcome watch_end(struct request *req)
{
    struct httpd *h = req->httpd;
    struct err err = { 0 };
    struct where w;

    if (where_init(&w, req))
        return OUT_ANSWER;
    if (req->head) {
        answer_begin(&req->answer, 200, TYPE_EVENTS);
    } else if (h->nwatchers >= h->config.watchers) {
        answer_error(&req->answer, 503,
                     "%u watchers are the most there may "
                     "be at a time",
                     h->config.watchers);
    } else if (stream_watch(req, &w, &err) == ST_OK) {
        return OUT_STREAM;
    } else {
        answer_fault(&req->answer, 503, &err);
    }
    where_release(&w);
    return OUT_ANSWER;
}
