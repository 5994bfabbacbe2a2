#include "answer.h"

#include "base/utf8.h"
#include "data/json.h"
#include "server.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER "1"

/* ORDER CODE; what is not listed is counted under the last. */
static const unsigned short codes[CODES_MAX] = {
    200, 207, 400, 401, 403, 404, 405, 413, 415, 500, 503, 0,
};

void answer_release(struct answer *a)
{
    buf_release(&a->body);
}

struct buf *answer_begin(struct answer *a, unsigned code, const char *type)
{
    buf_release(&a->body);
    *a = (struct answer){ .code = code, .type = type };
    buf_init(&a->body, ANSWER_MAX);
    return &a->body;
}

void answer_quote(struct buf *out, struct slice text)
{
    struct buf clean;

    buf_init(&clean, 3 * text.n);
    utf8_repair(text, &clean);
    json_string(buf_view(&clean), out);
    buf_release(&clean);
}

void answer_fault(struct answer *a, unsigned code, const struct err *err)
{
    struct buf *out = answer_begin(a, code, TYPE_JSON);

    buf_str(out, "{\"error\":");
    answer_quote(out, slice_str(err->text));
    if (err->line)
        buf_printf(out, ",\"line\":%zu", err->line);
    if (err->column)
        buf_printf(out, ",\"column\":%zu", err->column);
    buf_str(out, "}\n");
    a->retry = code == 503;
}

void answer_error(struct answer *a, unsigned code, const char *format, ...)
{
    struct err err = { 0 };
    va_list args;

    va_start(args, format);
    vsnprintf(err.text, sizeof(err.text), format, args);
    va_end(args);
    answer_fault(a, code, &err);
}

static void header(struct MHD_Response *r, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(r, name, value);

    assert(added == MHD_YES);
}

/* What a browser must not do with a page of ours. */
static void guard_headers(struct MHD_Response *r)
{
    header(r, "Cache-Control", "no-store");
    header(r, "Content-Security-Policy",
           "default-src 'none'; frame-ancestors 'none'");
    header(r, "Cross-Origin-Resource-Policy", "same-origin");
}

static void headers(struct MHD_Response *r, const struct answer *a)
{
    char at[INSTANT_TEXT];

    header(r, "Content-Type", a->type);
    header(r, "X-Content-Type-Options", "nosniff");
    if (a->retry)
        header(r, "Retry-After", RETRY_AFTER);
    if (a->allow)
        header(r, "Allow", a->allow);
    if (a->challenge)
        header(r, "WWW-Authenticate", "Bearer");
    if (a->gzip_is_fine)
        header(r, "Accept-Encoding", "gzip");
    if (a->stamped) {
        instant_format(a->watermark, at);
        header(r, "X-Bladewatch-Watermark", at);
    }
}

static void count(struct request *req)
{
    size_t i = 0;

    while (i + 1 < CODES_MAX && codes[i] && codes[i] != req->answer.code)
        i++;
    req->httpd->stats.answers[req->route][i]++;
}

enum MHD_Result answer_stream(struct request *req)
{
    enum MHD_Result rc;

    headers(req->stream, &req->answer);
    if (req->route != ROUTE_LOGS)
        guard_headers(req->stream);
    rc = MHD_queue_response(req->conn, req->answer.code, req->stream);
    if (rc == MHD_YES)
        count(req);
    MHD_destroy_response(req->stream);
    req->stream = NULL;
    return rc;
}

static ssize_t read_nothing(void *self, uint64_t pos, char *p, size_t max)
{
    (void)self;
    (void)pos;
    (void)p;
    (void)max;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/*
 * To HEAD, a length that was not found out is better left unsaid.  Without
 * the flag libmicrohttpd 0.9.75 would send the last chunk of an empty body.
 */
static struct MHD_Response *without_length(void)
{
    struct MHD_Response *r;

    r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, read_nothing,
                                          NULL, NULL);
    if (r)
        MHD_set_response_options(r, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                 MHD_RO_END);
    return r;
}

static struct MHD_Response *make_response(struct request *req)
{
    struct buf *body = &req->answer.body;
    struct MHD_Response *r;

    if (req->head && body->n == 0)
        return without_length();
    r = MHD_create_response_from_buffer(body->n, body->p,
                                        MHD_RESPMEM_MUST_FREE);
    if (r)
        *body = (struct buf){ 0 };
    return r;
}

enum MHD_Result answer_send(struct request *req)
{
    if (!buf_ok(&req->answer.body))
        answer_error(&req->answer, 500, "the answer is too large");
    req->stream = make_response(req);
    return req->stream ? answer_stream(req) : MHD_NO;
}

void answer_metrics(const struct httpd_stats *stats, struct metrics *m)
{
    struct slice pairs[6] = {
        { "method", 6 }, { 0 }, { "path", 4 }, { 0 }, { "code", 4 }
    };
    char code[16];
    size_t r, c;

    metrics_family(m, "bladewatch_http_requests_total", "counter",
                   "HTTP requests answered, by address and status.");
    for (r = 0; r < ROUTES; r++) {
        pairs[1] = slice_str(routes[r].method);
        pairs[3] = slice_str(routes[r].path);
        for (c = 0; c < CODES_MAX; c++) {
            if (stats->answers[r][c] == 0)
                continue;
            snprintf(code, sizeof(code), "%u", codes[c]);
            pairs[5] = slice_str(codes[c] ? code : "other");
            metrics_label_u64(m, pairs, 3, stats->answers[r][c]);
        }
    }
}
