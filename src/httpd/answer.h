/*
 * answer.h - what goes back to a client, gathered before it is sent.
 */
#ifndef HTTPD_ANSWER_H
#define HTTPD_ANSWER_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <microhttpd.h>

struct request;
struct httpd_stats;

#define ANSWER_MAX ((size_t)64 << 20)

#define TYPE_JSON    "application/json"
#define TYPE_LINES   "application/x-ndjson"
#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_EVENTS  "text/event-stream"

struct answer {
    unsigned code; /* 0: none yet */
    const char *type;
    struct buf body;
    const char *allow; /* for 405 */
    bool retry;        /* Retry-After */
    bool challenge;    /* WWW-Authenticate */
    bool gzip_is_fine; /* Accept-Encoding, for 415 */
    bool stamped;      /* X-Bladewatch-Watermark */
    nsec watermark;
};

void answer_release(struct answer *a);
/* Begins an answer; what was gathered before is forgotten. */
struct buf *answer_begin(struct answer *a, unsigned code, const char *type);
/* {"error":"...","line":n,"column":n}, the position only where there is one */
void answer_fault(struct answer *a, unsigned code, const struct err *err);
void answer_error(struct answer *a, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends text as a JSON string, ill-formed UTF-8 replaced. */
void answer_quote(struct buf *out, struct slice text);

/* Sends req->answer, or req->stream with its headers. */
enum MHD_Result answer_send(struct request *req);
enum MHD_Result answer_stream(struct request *req);
/* What was answered, by route and status. */
void answer_metrics(const struct httpd_stats *stats, struct metrics *m);

#endif
