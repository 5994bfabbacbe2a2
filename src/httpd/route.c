#include "server.h"

#include <string.h>

/* ORDER ROUTE */
const struct route routes[ROUTES] = {
    [ROUTE_LOGS] = { "POST",
                     "/logs",
                     "lines of JSON, an array of objects, or one object",
                     HTTPD_WRITE,
                     { "blade", "mode", "at" },
                     logs_begin,
                     logs_end },
    [ROUTE_STATE] = { "GET",
                      "/state",
                      "the state as canonical JSON",
                      HTTPD_READ,
                      { "path", "split" },
                      NULL,
                      state_end },
    [ROUTE_WATCH] = { "GET",
                      "/state/watch",
                      "the state and what changes, as server-sent events",
                      HTTPD_READ,
                      { "path", "split" },
                      NULL,
                      watch_end },
    [ROUTE_REPORT] = { "GET",
                       "/report",
                       "what the rules have come to; format=text for people",
                       HTTPD_READ,
                       { "format" },
                       NULL,
                       report_end },
    [ROUTE_RULES] = { "GET",
                      "/api/v1/rules",
                      "the rules and how they fare, as Prometheus has it",
                      HTTPD_READ,
                      { NULL },
                      NULL,
                      rules_end },
    [ROUTE_ALERTS] = { "GET",
                       "/api/v1/alerts",
                       "pending and firing alerts, as Prometheus has it",
                       HTTPD_READ,
                       { NULL },
                       NULL,
                       alerts_end },
    [ROUTE_CONTAINERS] = { "GET",
                           "/containers",
                           "the containers watched",
                           HTTPD_READ,
                           { NULL },
                           NULL,
                           containers_end },
    [ROUTE_METRICS] = { "GET",
                        "/metrics",
                        "figures for Prometheus",
                        HTTPD_READ,
                        { NULL },
                        NULL,
                        metrics_end },
    [ROUTE_HEALTHY] = { "GET",
                        "/-/healthy",
                        "200 while the process lives",
                        0,
                        { NULL },
                        NULL,
                        healthy_end },
    [ROUTE_READY] = { "GET",
                      "/-/ready",
                      "200 once everything is in place",
                      0,
                      { NULL },
                      NULL,
                      ready_end },
    [ROUTE_RELOAD] = { "POST",
                       "/-/reload",
                       "reads the rules anew; broken ones change nothing",
                       HTTPD_ACT,
                       { NULL },
                       NULL,
                       reload_end },
    [ROUTE_HOLD] = { "POST",
                     "/-/hold",
                     "a container, or all=1, is not revived; for=1h",
                     HTTPD_ACT,
                     { "container", "all", "for", "why" },
                     NULL,
                     hold_end },
    [ROUTE_RELEASE] = { "POST",
                        "/-/release",
                        "a container, or all=1, is revived again",
                        HTTPD_ACT,
                        { "container", "all" },
                        NULL,
                        hold_end },
    [ROUTE_INDEX] = { "GET",
                      "/",
                      "this page",
                      HTTPD_READ,
                      { NULL },
                      NULL,
                      index_end },
    [ROUTE_OTHER] = { "other", "other", "", 0, { NULL }, NULL, NULL },
};

const char *route_param(const struct request *req, const char *name)
{
    return MHD_lookup_connection_value(req->conn, MHD_GET_ARGUMENT_KIND, name);
}

bool route_flag(const struct request *req, const char *name)
{
    const char *value = NULL;
    size_t n = 0;

    if (!MHD_lookup_connection_value_n(req->conn, MHD_GET_ARGUMENT_KIND, name,
                                       strlen(name), &value, &n))
        return false;
    return !value || (strcmp(value, "0") != 0 && strcmp(value, "false") != 0);
}

static bool serves(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static enum MHD_Result check_param(void *cls, enum MHD_ValueKind kind,
                                   const char *key, size_t nkey,
                                   const char *value, size_t nvalue)
{
    struct request *req = cls;
    const struct route *route = &routes[req->route];
    size_t i;

    (void)kind;
    if (value && memchr(value, '\0', nvalue)) {
        answer_error(&req->answer, 400, "%%00 in the value of '%.40s'", key);
        return MHD_NO;
    }
    for (i = 0; i < PARAMS_MAX && route->params[i]; i++)
        if (slice_is(slice_of(key, nkey), route->params[i]))
            return MHD_YES;
    answer_error(&req->answer, 400, "%s takes no '%.40s': see GET /",
                 route->path, key);
    return MHD_NO;
}

static void find_route(struct request *req, const char *url, const char *method)
{
    const struct route *other = NULL;
    size_t i;

    req->route = ROUTE_OTHER;
    for (i = 0; i < ROUTE_OTHER; i++) {
        if (strcmp(routes[i].path, url) != 0)
            continue;
        other = &routes[i];
        if (serves(other, method)) {
            req->route = (enum route_id)i;
            return;
        }
    }
    if (!other) {
        answer_error(&req->answer, 404,
                     "there is nothing at %.100s: GET / lists what there is",
                     url);
        return;
    }
    answer_error(&req->answer, 405, "%s answers %s only", other->path,
                 other->method);
    req->answer.allow =
        strcmp(other->method, "GET") ? other->method : "GET, HEAD";
}

void route_begin(struct request *req, const char *url, const char *method)
{
    req->head = strcmp(method, "HEAD") == 0;
    find_route(req, url, method);
    if (req->answer.code == 0)
        guard_check(req);
    if (req->answer.code == 0)
        MHD_get_connection_values_n(req->conn, MHD_GET_ARGUMENT_KIND,
                                    check_param, req);
    if (req->answer.code == 0 && routes[req->route].begin)
        routes[req->route].begin(req);
}
