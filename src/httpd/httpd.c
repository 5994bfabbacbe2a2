#include "httpd.h"

#include "base/alloc.h"
#include "server.h"
#include "stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define LISTEN            "127.0.0.1:7433"
#define SWEEP_MOST        NSEC_SEC
#define TIMEOUT_MOST      3600000
#define CONNECTION_MEMORY 32768
/* A client that sends more than this behind a refusal is cut off. */
#define THROW_AWAY_MAX ((uint64_t)64 << 20)

static void on_timeout(void *arg);

static void wait_for(struct httpd *h, nsec span)
{
    loop_timer_start(h->loop, &h->timeout, span, 0, on_timeout, h);
}

/*
 * One round of libmicrohttpd.  What is to go on at once goes on in the next
 * turn: a timer of no time set here could fire again in this very turn, and
 * while there is something to send nobody else would ever be heard.
 */
static void run(struct httpd *h)
{
    MHD_UNSIGNED_LONG_LONG msec = 0;

    h->resumed = false;
    h->running = true;
    MHD_run(h->daemon);
    h->running = false;
    h->again = h->resumed;
    if (MHD_get_timeout(h->daemon, &msec) != MHD_YES)
        loop_timer_stop(&h->timeout);
    else if (msec == 0)
        h->again = true;
    else
        wait_for(h,
                 (nsec)(msec < TIMEOUT_MOST ? msec : TIMEOUT_MOST) * NSEC_MSEC);
}

static void on_turn(void *arg)
{
    struct httpd *h = arg;

    if (!h->again)
        return;
    h->again = false;
    wait_for(h, 0);
}

static void on_timeout(void *arg)
{
    run(arg);
}

static void on_ready(void *arg, int ready)
{
    (void)ready;
    run(arg);
}

/* libmicrohttpd does not wake an external epoll for a resumed connection. */
void httpd_resume(struct httpd *h, struct MHD_Connection *conn)
{
    bool first = !h->resumed;

    MHD_resume_connection(conn);
    h->resumed = true;
    if (first && !h->running && !h->stopping)
        wait_for(h, 0);
}

static void on_sweep(void *arg)
{
    struct httpd *h = arg;
    struct request *req, *next;

    DL_FOREACH_SAFE(h->parked, req, next)
    {
        if (req->logs)
            logs_sweep(req);
        else if (req->hold)
            hold_sweep(req);
    }
    streams_beat(h);
    if (h->parked || h->nwatchers)
        return;
    loop_timer_stop(&h->sweep);
    h->sweeping = false;
}

void httpd_need_sweep(struct httpd *h)
{
    const struct httpd_config *c = &h->config;
    nsec every = c->beat_for < c->durable_for ? c->beat_for : c->durable_for;

    if (h->sweeping)
        return;
    h->sweeping = true;
    if (every > SWEEP_MOST)
        every = SWEEP_MOST;
    loop_timer_start(h->loop, &h->sweep, every, every, on_sweep, h);
}

void httpd_park(struct request *req, enum parking why)
{
    struct httpd *h = req->httpd;

    assert(req->parked == PARK_NONE && why != PARK_NONE);
    req->parked = why;
    DL_APPEND(h->parked, req);
    MHD_suspend_connection(req->conn);
    httpd_need_sweep(h);
}

void httpd_unpark(struct request *req)
{
    req->parked = PARK_NONE;
    DL_DELETE(req->httpd->parked, req);
    httpd_resume(req->httpd, req->conn);
}

static void on_durable(void *self, uint64_t ticket)
{
    struct httpd *h = self;
    struct request *req, *next;

    h->durable = ticket;
    h->any_durable = true;
    if (h->stopping)
        return;
    DL_FOREACH_SAFE(h->parked, req, next)
    {
        if (req->logs)
            logs_durable(req);
        else if (req->hold)
            hold_durable(req);
    }
}

static void on_discarded(void *self, uint64_t ticket, const struct err *why)
{
    struct httpd *h = self;
    struct request *req, *next;

    if (h->stopping)
        return;
    DL_FOREACH_SAFE(h->parked, req, next)
    {
        if (req->logs)
            logs_discarded(req, ticket, why);
        else if (req->hold)
            hold_discarded(req, ticket, why);
    }
}

static struct request *request_new(struct httpd *h, struct MHD_Connection *conn)
{
    struct request *req = xcalloc(1, sizeof(*req));

    req->httpd = h;
    req->conn = conn;
    req->route = ROUTE_OTHER;
    req->began_at = loop_now(h->loop);
    h->stats.in_flight++;
    return req;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con,
                         enum MHD_RequestTerminationCode how)
{
    struct request *req = *con;

    (void)cls;
    (void)conn;
    (void)how;
    if (!req)
        return;
    *con = NULL;
    assert(req->parked == PARK_NONE);
    logs_free(req);
    hold_free(req);
    answer_release(&req->answer);
    req->httpd->stats.in_flight--;
    free(req);
}

static bool expects_go_ahead(const struct request *req)
{
    return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, "Expect");
}

static enum MHD_Result take_body(struct request *req, const char *data,
                                 size_t n)
{
    struct httpd *h = req->httpd;

    if (loop_now(h->loop) - req->began_at > h->config.upload_for)
        return MHD_NO;
    if (req->answer.code == 0 && req->logs)
        logs_data(req, slice_of(data, n));
    else
        req->thrown_away += n;
    return req->thrown_away > THROW_AWAY_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result finish(struct request *req)
{
    enum outcome outcome = OUT_ANSWER;

    if (req->answer.code == 0)
        outcome = routes[req->route].end(req);
    if (outcome == OUT_PARKED)
        return MHD_YES;
    return outcome == OUT_STREAM ? answer_stream(req) : answer_send(req);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *ndata, void **con)
{
    struct httpd *h = cls;
    struct request *req = *con;
    enum MHD_Result rc;

    (void)version;
    if (!req) {
        *con = req = request_new(h, conn);
        route_begin(req, url, method);
        if (req->answer.code && expects_go_ahead(req))
            return answer_send(req);
        return MHD_YES;
    }
    if (*ndata) {
        rc = take_body(req, data, *ndata);
        *ndata = 0;
        return rc;
    }
    return finish(req);
}

static void be_silent(void *arg, const char *format, va_list args)
{
    (void)arg;
    (void)format;
    (void)args;
}

static enum status start_daemon(struct httpd *h, int fd, struct err *err)
{
    const union MHD_DaemonInfo *info;
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    if (h->endpoint.addr.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER,
        be_silent, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
        MHD_OPTION_CONNECTION_LIMIT, h->config.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(h->config.idle_for / NSEC_SEC), MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        err_set(err, "libmicrohttpd does not start on %s", h->address.p);
        return ST_IO;
    }
    info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return loop_poll_start(h->loop, &h->poll, info->epoll_fd, LOOP_READ,
                           on_ready, h, err);
}

static void set_defaults(struct httpd_config *c)
{
    c->listen = c->listen ? c->listen : LISTEN;
    c->connections = c->connections ? c->connections : 1024;
    c->watchers = c->watchers ? c->watchers : 64;
    c->body_bytes = c->body_bytes ? c->body_bytes : 32u << 20;
    c->expanded_bytes = c->expanded_bytes ? c->expanded_bytes : 256u << 20;
    c->expanded_ratio = c->expanded_ratio ? c->expanded_ratio : 200;
    c->buffered_bytes = c->buffered_bytes ? c->buffered_bytes : 512u << 20;
    c->unsent_bytes = c->unsent_bytes ? c->unsent_bytes : 8u << 20;
    c->render_nodes = c->render_nodes ? c->render_nodes : 20000;
    c->keyed_lines = c->keyed_lines ? c->keyed_lines : 65536;
    c->idle_for = c->idle_for ? c->idle_for : 30 * NSEC_SEC;
    c->upload_for = c->upload_for ? c->upload_for : 300 * NSEC_SEC;
    c->durable_for = c->durable_for ? c->durable_for : 30 * NSEC_SEC;
    c->beat_for = c->beat_for ? c->beat_for : 15 * NSEC_SEC;
}

static enum status check_tokens(const struct httpd *h, struct err *err)
{
    const struct httpd_config *c = &h->config;
    size_t i;

    for (i = 0; i < c->ntokens; i++) {
        if (c->tokens[i].secret && *c->tokens[i].secret)
            continue;
        err_set(err, "the token '%s' is empty", c->tokens[i].name);
        return ST_BAD;
    }
    if (h->endpoint.loopback || c->allow_anonymous || c->ntokens)
        return ST_OK;
    err_set(err,
            "listening on %s would let anybody in: configure a token, or "
            "say --allow-anonymous if that is meant",
            c->listen);
    return ST_DENIED;
}

enum status httpd_start(struct loop *loop, const struct httpd_config *config,
                        const struct httpd_ports *ports, struct httpd **ret,
                        struct err *err)
{
    struct httpd *h = xcalloc(1, sizeof(*h));
    enum status st;
    int fd;

    h->loop = loop;
    h->config = *config;
    h->config.run.p = xmemdup0(config->run.p, config->run.n);
    h->ports = *ports;
    set_defaults(&h->config);
    buf_init(&h->address, 128);
    renders_init(&h->renders, loop);
    h->parser = tape_parser_new(0);
    st = endpoint_parse(&h->endpoint, slice_str(h->config.listen), err);
    if (!st)
        st = check_tokens(h, err);
    if (!st)
        st = endpoint_listen(&h->endpoint, &fd, err);
    if (st)
        goto out;
    endpoint_text(&h->endpoint, &h->address);
    buf_cstr(&h->address);
    st = start_daemon(h, fd, err);
    if (st)
        goto out;
    h->listener = (struct intake_listener){ h, on_durable, on_discarded, NULL };
    ports->intake->listen(ports->intake->self, &h->listener);
    loop_turn_start(loop, &h->turn, on_turn, h);
    *ret = h;
out:
    if (st) {
        httpd_stop(h);
        httpd_free(h);
    }
    return st;
}

const char *httpd_address(const struct httpd *h)
{
    return h->address.p;
}

/* Rounds in which libmicrohttpd writes what it has before it closes. */
#define LAST_ROUNDS 3

void httpd_stop(struct httpd *h)
{
    struct request *req, *next;
    int i;

    if (!h || h->stopping)
        return;
    h->stopping = true;
    DL_FOREACH_SAFE(h->parked, req, next)
    {
        httpd_unpark(req);
    }
    streams_stop(h);
    loop_timer_stop(&h->timeout);
    loop_timer_stop(&h->sweep);
    loop_poll_stop(&h->poll);
    loop_turn_stop(&h->turn);
    for (i = 0; h->daemon && i < LAST_ROUNDS; i++)
        MHD_run(h->daemon);
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    h->daemon = NULL;
    renders_release(&h->renders);
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    assert(h->stopping);
    tape_parser_free(h->parser);
    buf_release(&h->address);
    free((char *)(uintptr_t)h->config.run.p);
    free(h);
}

void httpd_flush_watchers(struct httpd *h)
{
    streams_flush(h);
}

static void metrics_lines(const struct httpd_stats *stats, struct metrics *m)
{
    struct slice pairs[2] = { { "result", 6 }, { "accepted", 8 } };

    metrics_family(m, "bladewatch_http_lines_total", "counter",
                   "Lines posted to /logs.");
    metrics_label_u64(m, pairs, 1, stats->accepted);
    pairs[1] = slice_str("rejected");
    metrics_label_u64(m, pairs, 1, stats->rejected);
}

static unsigned connections(const struct httpd *h)
{
    return h->daemon ? MHD_get_daemon_info(h->daemon,
                                           MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                           ->num_connections
                     : 0;
}

void httpd_metrics(const struct httpd *h, struct metrics *m)
{
    answer_metrics(&h->stats, m);
    metrics_lines(&h->stats, m);
    metrics_family(m, "bladewatch_http_body_bytes_total", "counter",
                   "Bytes of request bodies received.");
    metrics_u64(m, h->stats.body_bytes);
    metrics_family(m, "bladewatch_http_dropped_watchers_total", "counter",
                   "Watchers that did not keep up.");
    metrics_u64(m, h->stats.dropped_watchers);
    metrics_family(m, "bladewatch_http_requests_in_flight", "gauge",
                   "Requests begun and not yet answered in full.");
    metrics_u64(m, h->stats.in_flight);
    metrics_family(m, "bladewatch_http_connections", "gauge",
                   "Open connections.");
    metrics_u64(m, connections(h));
    metrics_family(m, "bladewatch_http_watchers", "gauge",
                   "Clients of /state/watch.");
    metrics_u64(m, h->nwatchers);
    metrics_family(m, "bladewatch_http_buffered_bytes", "gauge",
                   "Memory held by request bodies.");
    metrics_u64(m, h->buffered);
}
