#include "base/alloc.h"
#include "body.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifdef BW_HOSTILE
#define TURN_LINES 3
#else
#define TURN_LINES 2000 /* in one turn of the loop, */
#endif
#define TURN_BYTES (1u << 20) /* so that others are not kept waiting */

#define REJECTS_NAMED  100
#define REJECTS_BYTES  ((size_t)1 << 20)
#define KEY_MAX        200
#define NAME_MAX_BYTES PATH_KEY_MAX

/* One POST /logs, from its first byte to its answer. */
struct logs {
    struct body body;
    size_t charged; /* to httpd->buffered */
    enum mode mode;
    bool ended; /* body_end() was good and the source is known */
    uint32_t source;
    struct slice key; /* Idempotency-Key, or empty; libmicrohttpd's */
    struct body_item item;
    bool has_item;   /* read, and not yet taken */
    uint64_t ticket; /* of the last line taken, */
    nsec taken_at;   /* and when that was */
    uint64_t accepted, text;
    uint64_t safe; /* accepted and known to be durable */
    uint64_t rejected;
    struct buf rejects; /* JSON, the first REJECTS_NAMED */
    bool done;          /* no line is left */
    bool failed;        /* the intake cannot take more */
    struct err why;
    size_t why_line;
};

static const char *header_of(const struct request *req, const char *name)
{
    return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

/* "" and identity are plain; anything but gzip is refused. */
static bool wants_gzip(struct request *req)
{
    const char *encoding = header_of(req, "Content-Encoding");

    if (!encoding || !*encoding || strcasecmp(encoding, "identity") == 0)
        return false;
    if (strcasecmp(encoding, "gzip") == 0 ||
        strcasecmp(encoding, "x-gzip") == 0)
        return true;
    answer_error(&req->answer, 415,
                 "Content-Encoding: %.40s is not understood, gzip is",
                 encoding);
    req->answer.gzip_is_fine = true;
    return false;
}

static enum mode wanted_mode(struct request *req)
{
    const char *mode = route_param(req, "mode");
    enum mode ret = MODE_SHARD;

    if (mode && mode_parse(slice_str(mode), &ret))
        answer_error(&req->answer, 400, "mode=%.40s: it is shard, json or text",
                     mode);
    return ret;
}

static struct slice wanted_key(struct request *req)
{
    struct slice key = slice_str(header_of(req, "Idempotency-Key"));

    if (key.p && (key.n == 0 || key.n > KEY_MAX))
        answer_error(&req->answer, 400,
                     "an Idempotency-Key has 1 to %d bytes, not %zu", KEY_MAX,
                     key.n);
    return key;
}

static void check_length(struct request *req, size_t cap)
{
    const char *text = header_of(req, "Content-Length");

    if (text && strtoull(text, NULL, 10) > cap)
        answer_error(&req->answer, 413,
                     "the body is larger than %zu bytes: send it in parts",
                     cap);
}

void logs_begin(struct request *req)
{
    struct httpd_config *c = &req->httpd->config;
    struct body_caps caps = { c->body_bytes, c->expanded_bytes,
                              c->expanded_ratio };
    struct logs *logs = xcalloc(1, sizeof(*logs));
    bool gzip;

    req->logs = logs;
    logs->mode = wanted_mode(req);
    logs->key = wanted_key(req);
    gzip = wants_gzip(req);
    check_length(req, caps.raw_bytes);
    if (!gzip)
        caps.text_bytes = caps.raw_bytes;
    body_init(&logs->body, &caps, gzip);
    logs->body.lines_only = logs->mode == MODE_TEXT;
    buf_init(&logs->rejects, REJECTS_BYTES);
}

static void charge(struct request *req, size_t now)
{
    req->httpd->buffered += now - req->logs->charged;
    req->logs->charged = now;
}

void logs_free(struct request *req)
{
    if (!req->logs)
        return;
    charge(req, 0);
    body_release(&req->logs->body);
    buf_release(&req->logs->rejects);
    free(req->logs);
    req->logs = NULL;
}

void logs_data(struct request *req, struct slice chunk)
{
    struct httpd *h = req->httpd;
    struct logs *logs = req->logs;
    struct err err = { 0 };
    enum status st;

    h->stats.body_bytes += chunk.n;
    st = body_feed(&logs->body, chunk, &err);
    charge(req, logs->body.text.room);
    if (st) {
        answer_fault(&req->answer, st == ST_LIMIT ? 413 : 400, &err);
    } else if (h->buffered > h->config.buffered_bytes) {
        answer_error(&req->answer, 503,
                     "too many large bodies are being received: send it "
                     "again");
    }
    if (req->answer.code) {
        buf_release(&logs->body.text);
        charge(req, 0);
    }
}

static struct slice wanted_blade(const struct request *req)
{
    const char *blade = route_param(req, "blade");

    if (!blade && req->token)
        blade = req->token->name;
    return slice_str(blade ? blade : "http");
}

/* ?at=, else the root for shards and blades.<name> for the rest. */
static enum status mount(const struct request *req, struct source *decl,
                         struct buf *store, struct err *err)
{
    const char *at = route_param(req, "at");
    enum status st;

    if (!at && decl->mode == MODE_SHARD)
        return ST_OK;
    if (!at) {
        decl->at.key[0] = slice_str("blades");
        decl->at.key[1] = decl->blade;
        decl->at.n = 2;
        return ST_OK;
    }
    st = path_parse(&decl->at, slice_str(at), store, err);
    if (st)
        err_prefix(err, "at");
    return st;
}

static void declare(struct request *req)
{
    struct intake *intake = req->httpd->ports.intake;
    struct source decl = { .run = req->httpd->config.run,
                           .mode = req->logs->mode };
    struct err err = { 0 };
    enum status st = ST_OK;
    struct buf store;

    buf_init(&store, BUF_NO_CAP); /* never longer than ?at= */
    decl.blade = wanted_blade(req);
    if (decl.blade.n == 0 || decl.blade.n > NAME_MAX_BYTES) {
        err_set(&err, "blade: a name has 1 to %d bytes", NAME_MAX_BYTES);
        st = ST_BAD;
    }
    if (!st)
        st = mount(req, &decl, &store, &err);
    if (!st)
        st = intake->source(intake->self, &decl, &req->logs->source, &err);
    if (st == ST_BAD || st == ST_DENIED || st == ST_LIMIT)
        answer_fault(&req->answer, 400, &err);
    else if (st)
        answer_fault(&req->answer, 503, &err);
    buf_release(&store);
}

static void reject(struct logs *logs, const struct err *err)
{
    struct buf *out = &logs->rejects;

    if (logs->rejected++ >= REJECTS_NAMED)
        return;
    if (out->n)
        buf_char(out, ',');
    buf_printf(out, "{\"line\":%zu,", err->line);
    if (err->column)
        buf_printf(out, "\"column\":%zu,", err->column);
    buf_str(out, "\"error\":");
    answer_quote(out, slice_str(err->text));
    buf_char(out, '}');
}

/* Nothing the intake would make a shard of by itself: {"msg": line}. */
static bool is_plain(const struct logs *logs, struct slice line)
{
    size_t i = 0;

    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return logs->mode == MODE_TEXT || i == line.n || line.p[i] != '{';
}

static enum status submit(struct request *req, struct err *err)
{
    struct intake *intake = req->httpd->ports.intake;
    struct logs *logs = req->logs;
    struct line line = { .source = logs->source,
                         .text = logs->item.text,
                         .strict = true };
    char id[KEY_MAX + 24];
    enum status st;

    if (logs->key.n && logs->item.n > req->httpd->config.keyed_lines) {
        /* A repetition would find the first ones forgotten. */
        err_set(err,
                "an Idempotency-Key covers %zu lines: send the rest with "
                "another one",
                req->httpd->config.keyed_lines);
        return ST_LIMIT;
    }
    if (logs->key.n) {
        line.id.p = id;
        line.id.n =
            (size_t)snprintf(id, sizeof(id), "%.*s/%llu", SLICE_ARG(logs->key),
                             (unsigned long long)logs->item.n);
    }
    st = intake->line(intake->self, &line, &logs->ticket, err);
    if (st == ST_OK) {
        logs->accepted++;
        logs->taken_at = loop_now(req->httpd->loop);
        logs->text += is_plain(logs, logs->item.text);
    }
    return st;
}

/* ST_OK: go on; ST_END: no line is left; else the intake's answer. */
static enum status step(struct request *req)
{
    struct logs *logs = req->logs;
    struct err err = { 0 };
    enum status st;

    if (!logs->has_item) {
        st = body_next(&logs->body, &logs->item, &err);
        if (st == ST_END)
            return ST_END;
        if (st) {
            reject(logs, &err);
            return ST_OK;
        }
        logs->has_item = true;
    }
    st = submit(req, &err);
    if (st == ST_AGAIN)
        return st;
    logs->has_item = false;
    if (st == ST_BAD || st == ST_LIMIT || st == ST_DENIED) {
        body_locate(&logs->body, &logs->item, &err);
        reject(logs, &err);
        return ST_OK;
    }
    if (st) {
        logs->failed = true;
        logs->why = err;
        logs->why_line = logs->item.line;
    }
    return st;
}

static bool is_durable(const struct request *req)
{
    const struct httpd *h = req->httpd;

    return req->logs->accepted == req->logs->safe ||
           (h->any_durable && req->logs->ticket <= h->durable);
}

static void answer_failed(struct request *req)
{
    struct logs *logs = req->logs;
    struct buf *out = answer_begin(&req->answer, 503, TYPE_JSON);

    req->answer.retry = true;
    buf_str(out, "{\"error\":");
    answer_quote(out, slice_str(logs->why.text));
    if (logs->why_line)
        buf_printf(out, ",\"line\":%zu", logs->why_line);
    buf_printf(out, ",\"accepted\":%llu}\n", (unsigned long long)logs->safe);
}

static void answer_taken(struct request *req)
{
    struct logs *logs = req->logs;
    unsigned code = logs->accepted == 0 ? 400 : logs->rejected ? 207 : 200;
    struct buf *out = answer_begin(&req->answer, code, TYPE_JSON);

    buf_char(out, '{');
    if (code == 400)
        buf_str(out, "\"error\":\"no line was accepted\",");
    buf_printf(out, "\"accepted\":%llu", (unsigned long long)logs->accepted);
    if (logs->text)
        buf_printf(out, ",\"text\":%llu", (unsigned long long)logs->text);
    if (logs->rejected) {
        buf_str(out, ",\"rejected\":[");
        buf_slice(out, buf_view(&logs->rejects));
        buf_printf(out, "],\"rejected_total\":%llu",
                   (unsigned long long)logs->rejected);
    }
    buf_str(out, "}\n");
}

static enum outcome conclude(struct request *req)
{
    struct httpd *h = req->httpd;
    struct logs *logs = req->logs;
    bool durable = is_durable(req);

    if (durable)
        logs->safe = logs->accepted;
    if (h->stopping && !logs->failed && !(durable && logs->done)) {
        logs->failed = true;
        err_set(&logs->why, "the monitor is stopping: the lines may or may "
                            "not be on disk");
    } else if (!durable && !h->stopping && (!logs->failed || logs->why_line)) {
        httpd_park(req, PARK_DURABLE);
        return OUT_PARKED;
    }
    h->stats.accepted += logs->failed ? logs->safe : logs->accepted;
    h->stats.rejected += logs->rejected;
    if (logs->failed)
        answer_failed(req);
    else
        answer_taken(req);
    return OUT_ANSWER;
}

static enum outcome submit_all(struct request *req)
{
    struct logs *logs = req->logs;
    uint64_t lines = 0, bytes = 0;
    enum status st = ST_OK;

    while (!logs->done && !logs->failed && !req->httpd->stopping) {
        if (lines >= TURN_LINES || bytes >= TURN_BYTES) {
            httpd_park(req, PARK_STALLED);
            httpd_unpark(req);
            return OUT_PARKED;
        }
        st = step(req);
        lines++;
        bytes += logs->item.text.n;
        if (st == ST_AGAIN) {
            httpd_park(req, PARK_STALLED);
            return OUT_PARKED;
        }
        logs->done = st == ST_END;
    }
    return conclude(req);
}

enum outcome logs_end(struct request *req)
{
    struct logs *logs = req->logs;
    struct err err = { 0 };

    if (!logs->ended) {
        if (body_end(&logs->body, req->httpd->parser, &err))
            answer_fault(&req->answer, 400, &err);
        else
            declare(req);
        if (req->answer.code)
            return OUT_ANSWER;
        logs->ended = true;
        logs->taken_at = loop_now(req->httpd->loop);
    }
    return submit_all(req);
}

void logs_durable(struct request *req)
{
    if (is_durable(req))
        req->logs->safe = req->logs->accepted;
    if (req->parked == PARK_STALLED || is_durable(req))
        httpd_unpark(req);
}

void logs_discarded(struct request *req, uint64_t ticket, const struct err *why)
{
    struct logs *logs = req->logs;

    if (logs->accepted == logs->safe || logs->ticket < ticket) {
        if (req->parked == PARK_STALLED)
            httpd_unpark(req);
        return;
    }
    logs->failed = true;
    logs->why = *why;
    logs->why_line = 0;
    httpd_unpark(req);
}

void logs_sweep(struct request *req)
{
    struct httpd *h = req->httpd;
    struct logs *logs = req->logs;

    if (loop_now(h->loop) - logs->taken_at >= h->config.durable_for) {
        logs->failed = true;
        logs->why_line = 0;
        err_set(&logs->why, "the lines are not yet on disk: they may be "
                            "stored later; send them again with an "
                            "Idempotency-Key");
        httpd_unpark(req);
    } else if (req->parked == PARK_STALLED) {
        httpd_unpark(req);
    }
}
