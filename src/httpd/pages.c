#include "server.h"

#include <utlist.h>

static enum outcome stamped(struct request *req)
{
    req->answer.stamped = true;
    req->answer.watermark = view_watermark(req->httpd->ports.core);
    return OUT_ANSWER;
}

enum outcome report_end(struct request *req)
{
    const char *format = route_param(req, "format");
    bool text = format && strcmp(format, "text") == 0;
    struct buf *out;

    if (format && !text && strcmp(format, "json") != 0) {
        answer_error(&req->answer, 400, "format is json or text, not '%.40s'",
                     format);
        return OUT_ANSWER;
    }
    out = answer_begin(&req->answer, 200, text ? TYPE_TEXT : TYPE_JSON);
    view_report(req->httpd->ports.core, text, out);
    buf_str(out, text ? "" : "\n");
    return stamped(req);
}

enum outcome rules_end(struct request *req)
{
    struct buf *out = answer_begin(&req->answer, 200, TYPE_JSON);

    view_api_rules(req->httpd->ports.core, out);
    buf_char(out, '\n');
    return stamped(req);
}

enum outcome alerts_end(struct request *req)
{
    struct buf *out = answer_begin(&req->answer, 200, TYPE_JSON);

    view_api_alerts(req->httpd->ports.core, out);
    buf_char(out, '\n');
    return stamped(req);
}

enum outcome reload_end(struct request *req)
{
    struct httpd *h = req->httpd;

    if (h->stopping) {
        answer_error(&req->answer, 503, "the monitor is stopping");
        return OUT_ANSWER;
    }
    if (!h->ports.reload) {
        answer_error(&req->answer, 503, "there is nothing to reload");
        return OUT_ANSWER;
    }
    httpd_park(req, PARK_RELOAD);
    h->ports.reload(h->ports.self);
    return OUT_PARKED;
}

static unsigned reload_code(enum status st)
{
    if (st == ST_OK || st == ST_NONE)
        return 200;
    return st == ST_BAD || st == ST_DENIED || st == ST_LIMIT ? 400 : 503;
}

void httpd_reloaded(struct httpd *h, enum status st, struct slice said)
{
    struct request *req, *next;

    DL_FOREACH_SAFE(h->parked, req, next)
    {
        if (req->parked != PARK_RELOAD)
            continue;
        buf_slice(answer_begin(&req->answer, reload_code(st), TYPE_TEXT), said);
        httpd_unpark(req);
    }
}

enum outcome containers_end(struct request *req)
{
    const struct httpd_ports *ports = &req->httpd->ports;
    struct buf *out = answer_begin(&req->answer, 200, TYPE_JSON);

    if (ports->containers)
        ports->containers(ports->self, out);
    else
        buf_str(out, "[]");
    buf_char(out, '\n');
    return OUT_ANSWER;
}

enum outcome metrics_end(struct request *req)
{
    const struct httpd_ports *ports = &req->httpd->ports;
    struct metrics m = { answer_begin(&req->answer, 200, TYPE_METRICS), NULL };

    if (ports->metrics)
        ports->metrics(ports->self, &m);
    else
        httpd_metrics(req->httpd, &m);
    return OUT_ANSWER;
}

enum outcome healthy_end(struct request *req)
{
    buf_str(answer_begin(&req->answer, 200, TYPE_TEXT), "healthy\n");
    return OUT_ANSWER;
}

enum outcome ready_end(struct request *req)
{
    const struct httpd_ports *ports = &req->httpd->ports;
    struct buf why;

    buf_init(&why, ERR_TEXT_MAX);
    if (!ports->ready || ports->ready(ports->self, &why))
        buf_str(answer_begin(&req->answer, 200, TYPE_TEXT), "ready\n");
    else
        answer_error(&req->answer, 503, "not ready: %s", buf_cstr(&why));
    buf_release(&why);
    return OUT_ANSWER;
}

enum outcome index_end(struct request *req)
{
    struct buf *out = answer_begin(&req->answer, 200, TYPE_TEXT);
    size_t i, p;

    buf_str(out, "bladewatch " BW_VERSION "\n\n");
    for (i = 0; i < ROUTE_OTHER; i++) {
        buf_printf(out, "%-4s %s", routes[i].method, routes[i].path);
        for (p = 0; p < PARAMS_MAX && routes[i].params[p]; p++)
            buf_printf(out, "%c%s", p ? '&' : '?', routes[i].params[p]);
        buf_printf(out, "\n     %s\n", routes[i].about);
    }
    buf_str(out, "\ncurl -d '{\"hello\":\"world\"}' ");
    buf_printf(out, "http://%s/logs\n", httpd_address(req->httpd));
    return OUT_ANSWER;
}
