#include "base/alloc.h"
#include "base/utf8.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define HOLD_MAX  (366 * 86400 * NSEC_SEC)
#define WHY_MAX   200
#define ANONYMOUS "anonymous"

/* One POST /-/hold or /-/release, from its acceptance to its answer. */
struct hold {
    struct httpd_hold what;
    struct slice name[HTTPD_HOLD_MAX]; /* libmicrohttpd's, as all text here */
    size_t asked;                      /* names, were they too many too */
    struct buf note;
    uint64_t ticket;
    nsec taken_at;
    bool failed;
    struct err why;
};

void hold_free(struct request *req)
{
    if (!req->hold)
        return;
    buf_release(&req->hold->note);
    free(req->hold);
    req->hold = NULL;
}

static enum MHD_Result take_name(void *cls, enum MHD_ValueKind kind,
                                 const char *key, const char *value)
{
    struct hold *hold = cls;

    (void)kind;
    if (strcmp(key, "container") != 0)
        return MHD_YES;
    if (hold->asked++ < HTTPD_HOLD_MAX)
        hold->name[hold->what.n++] = slice_str(value ? value : "");
    return MHD_YES;
}

/* Containers, or all. */
static void read_names(struct request *req, struct hold *hold)
{
    bool all = route_flag(req, "all"), empty = false;

    MHD_get_connection_values(req->conn, MHD_GET_ARGUMENT_KIND, take_name,
                              hold);
    for (size_t i = 0; i < hold->what.n; i++)
        empty |= hold->name[i].n == 0;
    if (hold->asked > HTTPD_HOLD_MAX)
        answer_error(&req->answer, 400, "container: at most %d at a time",
                     HTTPD_HOLD_MAX);
    else if (all && hold->asked)
        answer_error(&req->answer, 400, "either a container or all, not both");
    else if (empty || (!all && !hold->asked))
        answer_error(&req->answer, 400,
                     "which container? ?container=NAME, or ?all=1");
    if (all)
        hold->name[hold->what.n++] = slice_str("*");
}

static void read_span(struct request *req, struct httpd_hold *what)
{
    const char *text = route_param(req, "for");
    nsec span;

    if (!text)
        return;
    if (span_parse(slice_str(text), &span) || span < NSEC_SEC ||
        span > HOLD_MAX)
        answer_error(&req->answer, 400,
                     "for: '%.40s' is no span from 1s to 366d; write it like "
                     "1h",
                     text);
    else
        what->hold_for = span;
}

static void read_why(struct request *req, struct httpd_hold *what)
{
    what->why = slice_str(route_param(req, "why"));
    if (what->why.n > WHY_MAX)
        answer_error(&req->answer, 400, "why: at most %d bytes, not %zu",
                     WHY_MAX, what->why.n);
    else if (!utf8_valid(what->why))
        answer_error(&req->answer, 400, "why: this is not UTF-8");
}

static bool understood(struct request *req, struct hold *hold)
{
    hold->what = (struct httpd_hold){
        .release = req->route == ROUTE_RELEASE,
        .name = hold->name,
        .by = slice_str(req->token ? req->token->name : ANONYMOUS),
        .at = loop_wall(req->httpd->loop),
        .note = &hold->note,
    };
    read_names(req, hold);
    if (!req->answer.code)
        read_span(req, &hold->what);
    if (!req->answer.code)
        read_why(req, &hold->what);
    return !req->answer.code;
}

static void refuse(struct request *req, enum status st, const struct err *why)
{
    unsigned code = st == ST_NONE ? 404 : st == ST_BAD ? 400 : 503;

    answer_fault(&req->answer, code, why);
    req->answer.retry = code == 503;
}

/* False: it is answered already. */
static bool submit(struct request *req)
{
    const struct httpd_ports *ports = &req->httpd->ports;
    struct hold *hold = xcalloc(1, sizeof(*hold));
    struct err err = { 0 };
    enum status st;

    req->hold = hold;
    buf_init(&hold->note, BUF_NO_CAP);
    hold->taken_at = loop_now(req->httpd->loop);
    if (!understood(req, hold))
        return false;
    if (!ports->hold || req->httpd->stopping) {
        answer_error(&req->answer, 503, "%s",
                     ports->hold ? "the monitor is stopping"
                                 : "nothing is revived here");
        return false;
    }
    st = ports->hold(ports->self, &hold->what, &hold->ticket, &err);
    if (st)
        refuse(req, st, &err);
    return !st;
}

static bool is_durable(const struct request *req)
{
    const struct httpd *h = req->httpd;

    return h->any_durable && h->durable >= req->hold->ticket;
}

enum outcome hold_end(struct request *req)
{
    const struct httpd_ports *ports = &req->httpd->ports;
    struct hold *hold = req->hold;

    if (!hold && !submit(req))
        return OUT_ANSWER;
    hold = req->hold;
    if (!hold->failed && !is_durable(req)) {
        if (!req->httpd->stopping) {
            httpd_park(req, PARK_DURABLE);
            return OUT_PARKED;
        }
        hold->failed = true;
        err_set(&hold->why, "the monitor is stopping: ask again");
    }
    if (hold->failed) {
        refuse(req, ST_IO, &hold->why);
        return OUT_ANSWER;
    }
    ports->held(ports->self, &hold->what,
                answer_begin(&req->answer, 200,
                             hold->what.n == 1 ? TYPE_JSON : TYPE_LINES));
    return OUT_ANSWER;
}

void hold_durable(struct request *req)
{
    if (is_durable(req))
        httpd_unpark(req);
}

static void fail(struct request *req, const struct err *why)
{
    req->hold->failed = true;
    req->hold->why = *why;
    httpd_unpark(req);
}

void hold_discarded(struct request *req, uint64_t ticket, const struct err *why)
{
    if (req->hold->ticket >= ticket)
        fail(req, why);
}

void hold_sweep(struct request *req)
{
    const struct httpd *h = req->httpd;
    struct err why = { 0 };

    if (loop_now(h->loop) - req->hold->taken_at < h->config.durable_for)
        return;
    err_set(&why, "it is not yet on disk: it may come into force later");
    fail(req, &why);
}
