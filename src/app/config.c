#include "config.h"

#include "app/config_notify.h"
#include "app/config_probe.h"
#include "app/config_read.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "httpd/endpoint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HISTORY_MAX     1000000u
#define SEGMENT_MIN     ((uint64_t)64 << 10)
#define SEGMENT_MAX     ((uint64_t)64 << 30)
#define REORDER_MAX     (60 * NSEC_SEC)
#define SOCKET_PATH_MAX 107 /* the kernel's */
#define STATS_MAX       (600 * NSEC_SEC)

void config_init(struct config *c)
{
    *c = (struct config){
        .docker = true,
        .stats_every = 5 * NSEC_SEC,
        .revive = true,
        .fsync = FSYNC_ALWAYS,
        .reorder_for = 100 * NSEC_MSEC,
        .limits = limits_default(),
    };
    config_probe_init(&c->probe);
    c->listen = xstrdup("127.0.0.1:7433");
}

void config_release(struct config *c)
{
    size_t i;

    if (!c)
        return;
    for (i = 0; i < c->ntokens; i++) {
        free((char *)c->tokens[i].name);
        free((char *)c->tokens[i].secret);
    }
    for (i = 0; i < c->nrules; i++)
        free((char *)c->rules[i].label.p);
    for (i = 0; i < c->nreceivers; i++)
        receiver_release(&c->receivers[i]);
    free(c->receivers);
    config_forget_rules(c);
    config_probe_release(&c->probe);
    free(c->external_url);
    free(c->tokens);
    free(c->rules);
    free(c->listen);
    free(c->data);
    free(c->docker_host);
    free(c->docker_act);
    free(c->docker_version);
    free(c->self_id);
    *c = (struct config){ 0 };
}

void config_forget_rules(struct config *c)
{
    size_t i;

    for (i = 0; i < c->nrule_paths; i++)
        free(c->rule_paths[i]);
    free(c->rule_paths);
    c->rule_paths = NULL;
    c->nrule_paths = 0;
}

static void keep(char **field, struct slice value)
{
    free(*field);
    *field = xmemdup0(value.p, value.n);
}

static enum status set_listen(struct config *c, struct slice value,
                              struct err *err)
{
    struct endpoint ep;
    enum status st = endpoint_parse(&ep, value, err);

    if (st == ST_OK)
        keep(&c->listen, value);
    return st;
}

static enum status set_data(struct config *c, struct slice value,
                            struct err *err)
{
    if (value.n == 0 || memchr(value.p, '\0', value.n)) {
        err_set(err, "a directory is wanted, not an empty name");
        return ST_BAD;
    }
    keep(&c->data, value);
    return ST_OK;
}

static enum status add_rules(struct config *c, struct slice value,
                             struct err *err)
{
    if (value.n == 0 || memchr(value.p, '\0', value.n)) {
        err_set(err, "a file or a directory is wanted, not an empty name");
        return ST_BAD;
    }
    if (c->nrule_paths == CONFIG_RULES_MAX) {
        err_set(err, "at most %d paths", CONFIG_RULES_MAX);
        return ST_BAD;
    }
    c->rule_paths =
        xrealloc(c->rule_paths, (c->nrule_paths + 1) * sizeof(*c->rule_paths));
    c->rule_paths[c->nrule_paths++] = xmemdup0(value.p, value.n);
    return ST_OK;
}

static enum status set_fsync(struct config *c, struct slice value,
                             struct err *err)
{
    if (journal_fsync_parse(value, &c->fsync) == ST_OK)
        return ST_OK;
    err_set(err, "\"%.*s\" is not one of always, interval, never",
            SHOWN(value));
    return ST_BAD;
}

/* The digits in front of value; false if there are none or too many. */
static bool take_number(struct slice *value, uint64_t *ret)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < value->n; i++) {
        unsigned digit = (unsigned char)value->p[i] - '0';

        if (digit > 9)
            break;
        if (i == 15)
            return false;
        n = n * 10 + digit;
    }
    *value = slice_of(value->p + i, value->n - i);
    *ret = n;
    return i > 0;
}

static enum status set_segment_size(struct config *c, struct slice value,
                                    struct err *err)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {
        { "", 1 },
        { "B", 1 },
        { "kB", 1000 },
        { "KiB", 1 << 10 },
        { "MB", 1000000 },
        { "MiB", 1 << 20 },
        { "GB", 1000000000 },
        { "GiB", 1 << 30 },
    };
    struct slice rest = value;
    uint64_t n = 0;
    size_t i;

    if (take_number(&rest, &n)) {
        while (rest.n && *rest.p == ' ')
            rest = slice_of(rest.p + 1, rest.n - 1);
        for (i = 0; i < sizeof(units) / sizeof(*units); i++)
            if (slice_is(rest, units[i].name) &&
                !__builtin_mul_overflow(n, units[i].factor, &n) &&
                n >= SEGMENT_MIN && n <= SEGMENT_MAX) {
                c->segment_bytes = n;
                return ST_OK;
            }
    }
    err_set(err,
            "\"%.*s\" is no size from 64KiB to 64GiB; write it like "
            "64MiB",
            SHOWN(value));
    return ST_BAD;
}

static enum status set_reorder(struct config *c, struct slice value,
                               struct err *err)
{
    nsec span;

    if (span_parse(value, &span) || span < 0 || span > REORDER_MAX) {
        err_set(err,
                "\"%.*s\" is no span from 0s to 60s; write it like "
                "100ms or 2s",
                SHOWN(value));
        return ST_BAD;
    }
    c->reorder_for = span;
    return ST_OK;
}

static bool begins(struct slice text, const char *with)
{
    size_t n = strlen(with);

    return text.n > n && memcmp(text.p, with, n) == 0;
}

static enum status set_engine(char **field, struct slice value, struct err *err)
{
    if (begins(value, "ssh://")) {
        err_set(err, "an engine over ssh:// is not supported; forward its "
                     "socket with 'ssh -L' and name that as unix:///path");
        return ST_BAD;
    }
    if (begins(value, "https://")) {
        err_set(err, "TLS to the engine is not supported; use its socket, "
                     "unix:///path, or a proxy beside it");
        return ST_BAD;
    }
    if (memchr(value.p, '\0', value.n) ||
        !(begins(value, "unix:///") || begins(value, "tcp://") ||
          begins(value, "http://"))) {
        err_set(err,
                "\"%.*s\" is no Docker engine; write unix:///path, "
                "tcp://host:port or http://host:port",
                SHOWN(value));
        return ST_BAD;
    }
    if (begins(value, "unix://") && value.n - 7 > SOCKET_PATH_MAX) {
        err_set(err,
                "the path of a socket has at most %d bytes, and this one has "
                "%zu: name it by a shorter link",
                SOCKET_PATH_MAX, value.n - 7);
        return ST_BAD;
    }
    keep(field, value);
    return ST_OK;
}

static enum status set_docker_host(struct config *c, struct slice value,
                                   struct err *err)
{
    return set_engine(&c->docker_host, value, err);
}

static enum status set_docker_act(struct config *c, struct slice value,
                                  struct err *err)
{
    return set_engine(&c->docker_act, value, err);
}

static enum status set_stats(struct config *c, struct slice value,
                             struct err *err)
{
    nsec span;

    if (span_parse(value, &span) || (span && span < NSEC_SEC) ||
        span > STATS_MAX) {
        err_set(err,
                "\"%.*s\" is no span from 1s to 10m, nor 0 for none; write "
                "it like 5s",
                SHOWN(value));
        return ST_BAD;
    }
    c->stats_every = span;
    return ST_OK;
}

static enum status set_docker_version(struct config *c, struct slice value,
                                      struct err *err)
{
    struct slice rest = value;
    uint64_t n;

    if (begins(rest, "v"))
        rest = slice_of(rest.p + 1, rest.n - 1);
    value = rest;
    if (take_number(&rest, &n) && n == 1 && begins(rest, ".")) {
        rest = slice_of(rest.p + 1, rest.n - 1);
        if (take_number(&rest, &n) && rest.n == 0) {
            keep(&c->docker_version, value);
            return ST_OK;
        }
    }
    err_set(err,
            "\"%.*s\" is no version of the Docker API; write it like "
            "\"1.41\"",
            SHOWN(value));
    return ST_BAD;
}

static enum status set_history(struct config *c, struct slice value,
                               struct err *err)
{
    struct slice rest = value;
    uint64_t n = 0;

    if (slice_is(value, "all")) {
        c->history = DOCKER_ALL;
        return ST_OK;
    }
    if (slice_is(value, "none")) {
        c->history = DOCKER_NOTHING;
        return ST_OK;
    }
    if (begins(value, "tail ")) {
        rest = slice_of(value.p + 5, value.n - 5);
        if (take_number(&rest, &n) && rest.n == 0 && n > 0 &&
            n <= HISTORY_MAX) {
            c->history = DOCKER_TAIL;
            c->history_lines = n;
            return ST_OK;
        }
    }
    err_set(err, "\"%.*s\" is not one of none, all, tail N (N from 1 to %u)",
            SHOWN(value), HISTORY_MAX);
    return ST_BAD;
}

static const struct {
    const char *name;
    enum status (*set)(struct config *c, struct slice value, struct err *err);
} settings[] = {
    { "listen", set_listen },
    { "data", set_data },
    { "fsync", set_fsync },
    { "segment_size", set_segment_size },
    { "reorder", set_reorder },
    { "docker.host", set_docker_host },
    { "docker.act_host", set_docker_act },
    { "docker.api_version", set_docker_version },
    { "docker.history", set_history },
    { "docker.stats", set_stats },
    { "rules", add_rules },
    { "notify.resend_every", config_set_resend },
    { "notify.external_url", config_set_external_url },
    { "webhook", config_add_webhook },
    { "alertmanager", config_add_alertmanager },
};

enum status config_set(struct config *c, const char *name, struct slice value,
                       struct err *err)
{
    enum status st;
    size_t i;

    for (i = 0; strcmp(settings[i].name, name) != 0; i++)
        assert(i + 1 < sizeof(settings) / sizeof(*settings));
    st = settings[i].set(c, value, err);
    if (st && err)
        for (i = 0; err->text[i]; i++)
            if ((unsigned char)err->text[i] < ' ' || err->text[i] == 0x7f)
                err->text[i] = '?';
    return st;
}

/* Unset and empty are the same, as for docker(1). */
static const char *variable(config_getenv *getenv, const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static enum status truth(const char *name, const char *value, bool *ret,
                         struct err *err)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    static const char *const no[] = { "0", "false", "no", "off" };
    size_t i;

    for (i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        if (strcasecmp(value, yes[i]) != 0 && strcasecmp(value, no[i]) != 0)
            continue;
        *ret = strcasecmp(value, yes[i]) == 0;
        return ST_OK;
    }
    err_set(err, "%s is true or false, not \"%s\"", name, value);
    return ST_BAD;
}

/* Those that are true or false and nothing else. */
static enum status plain_switches(struct config *c, config_getenv *getenv,
                                  struct err *err)
{
    const struct {
        const char *name;
        bool *field;
    } all[] = {
        { "BLADEWATCH_ALLOW_ANONYMOUS", &c->allow_anonymous },
        { "BLADEWATCH_DRY_RUN", &c->dry_run },
        { "BLADEWATCH_REVIVE", &c->revive },
    };
    enum status st = ST_OK;
    const char *value;
    size_t i;

    for (i = 0; !st && i < sizeof(all) / sizeof(*all); i++) {
        value = variable(getenv, all[i].name);
        if (value)
            st = truth(all[i].name, value, all[i].field, err);
    }
    return st;
}

static enum status switches(struct config *c, config_getenv *getenv,
                            struct err *err)
{
    const char *value = variable(getenv, "BLADEWATCH_DOCKER");
    enum status st = ST_OK;

    /* A URL is as good as a switch. */
    if (value && strstr(value, "://")) {
        st = config_set(c, "docker.host", slice_str(value), err);
        err_prefix(err, "BLADEWATCH_DOCKER");
        c->docker = true;
    } else if (value) {
        st = truth("BLADEWATCH_DOCKER", value, &c->docker, err);
    }
    return st ? st : plain_switches(c, getenv, err);
}

enum status config_environment(struct config *c, config_getenv *getenv,
                               struct err *err)
{
    static const struct {
        const char *variable, *setting;
    } plain[] = {
        { "DOCKER_API_VERSION", "docker.api_version" },
        { "BLADEWATCH_DOCKER_READ", "docker.host" },
        { "BLADEWATCH_DOCKER_ACT", "docker.act_host" },
        { "BLADEWATCH_LISTEN", "listen" },
        { "BLADEWATCH_DATA", "data" },
        { "BLADEWATCH_FSYNC", "fsync" },
        { "BLADEWATCH_RULES", "rules" },
        { "BLADEWATCH_WEBHOOK", "webhook" },
        { "BLADEWATCH_ALERTMANAGER", "alertmanager" },
    };
    const char *value = variable(getenv, "DOCKER_HOST");
    enum status st;
    size_t i;

    /* Judged by config_finish(): a flag may yet overrule it. */
    if (value)
        keep(&c->docker_host, slice_str(value));
    c->docker_tls =
        variable(getenv, "DOCKER_TLS_VERIFY") || variable(getenv, "DOCKER_TLS");
    value = variable(getenv, "BLADEWATCH_SELF");
    if (value)
        keep(&c->self_id, slice_str(value));
    if (variable(getenv, "BLADEWATCH_RULES"))
        config_forget_rules(c);
    for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        value = variable(getenv, plain[i].variable);
        if (!value)
            continue;
        st = config_set(c, plain[i].setting, slice_str(value), err);
        if (st) {
            err_prefix(err, "%s", plain[i].variable);
            return st;
        }
    }
    st = config_probe_environment(&c->probe, getenv, err);
    return st ? st : switches(c, getenv, err);
}

/* As the XDG base directories say; for a service, where such things are. */
static enum status default_data(struct config *c, config_getenv *getenv,
                                struct err *err)
{
    const char *base = variable(getenv, "XDG_STATE_HOME");
    const char *home = variable(getenv, "HOME");
    struct buf path;

    buf_init(&path, 8192);
    if (base && *base == '/')
        buf_printf(&path, "%s/bladewatch", base);
    else if (geteuid() == 0)
        buf_str(&path, "/var/lib/bladewatch");
    else if (home && *home == '/')
        buf_printf(&path, "%s/.local/state/bladewatch", home);
    if (path.n && buf_ok(&path))
        keep(&c->data, buf_view(&path));
    buf_release(&path);
    if (c->data)
        return ST_OK;
    err_set(err, "there is no home directory to keep the recording in; say "
                 "where with --data DIR");
    return ST_BAD;
}

static enum status check_tls(const struct config *c, const char *host,
                             struct err *err)
{
    if (!c->docker_tls || !host || begins(slice_str(host), "unix:"))
        return ST_OK;
    err_set(err,
            "DOCKER_TLS_VERIFY asks for TLS to %s, which is not "
            "supported; use the engine's socket, unix:///path, or unset "
            "it",
            host);
    return ST_BAD;
}

static enum status check_docker(struct config *c, struct err *err)
{
    char *host = c->docker_host;
    enum status st = ST_OK;

    if (!c->docker)
        return ST_OK;
    if (host) {
        c->docker_host = NULL;
        st = config_set(c, "docker.host", slice_str(host), err);
        if (st)
            err_prefix(err, "the Docker engine's address");
        free(host);
    }
    if (!st)
        st = check_tls(c, c->docker_host, err);
    return st ? st : check_tls(c, c->docker_act, err);
}

enum status config_finish(struct config *c, config_getenv *getenv,
                          struct err *err)
{
    enum status st = check_docker(c, err);

    if (st == ST_OK)
        st = config_probe_finish(&c->probe, err);
    if (st == ST_OK && !c->data)
        st = default_data(c, getenv, err);
    return st;
}
