#include "probe/inside.h"

#include "data/near.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define INTERVAL_MIN (100 * NSEC_MSEC)
#define TIMEOUT_MIN  (10 * NSEC_MSEC)
#define TIMEOUT      (2 * NSEC_SEC)
#define FAILURES_MAX 100
#define HOST_MAX     253

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
/* For %.*s: as much of a value as a sentence can bear. */
#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p

struct probe_spec probe_spec_default(void)
{
    return (struct probe_spec){
        .path = "/",
        .code_from = 200,
        .code_to = 299,
        .interval = 5 * NSEC_SEC,
        .failures = 3,
        .start_period = 10 * NSEC_SEC,
    };
}

bool probe_spec_same(const struct probe_spec *a, const struct probe_spec *b)
{
    return a->kind == b->kind && a->tls == b->tls &&
           a->insecure == b->insecure && a->port == b->port &&
           strcmp(a->path, b->path) == 0 && strcmp(a->match, b->match) == 0 &&
           a->json == b->json && a->code_from == b->code_from &&
           a->code_to == b->code_to && a->interval == b->interval &&
           a->timeout == b->timeout && a->failures == b->failures &&
           a->start_period == b->start_period;
}

nsec probe_spec_timeout(const struct probe_spec *spec)
{
    nsec most = spec->timeout ? spec->timeout : TIMEOUT;

    return most < spec->interval ? most : spec->interval;
}

const char *probe_spec_kind(const struct probe_spec *spec)
{
    static const char *const names[] = {
        [PROBE_UDP] = "udp",
        [PROBE_TCP] = "tcp",
        [PROBE_HTTP] = "http",
    };

    return spec->tls ? "https" : names[spec->kind];
}

/* -- kind, host, port and path -------------------------------------------- */

static struct slice take(struct slice *rest, size_t n)
{
    struct slice taken = slice_of(rest->p, n);

    *rest = slice_of(rest->p + n, rest->n - n);
    return taken;
}

static bool take_word(struct slice *rest, const char *word)
{
    size_t n = strlen(word);

    if (rest->n < n || memcmp(rest->p, word, n) != 0)
        return false;
    take(rest, n);
    return true;
}

/* The bytes before the first that is one of stops. */
static size_t until(struct slice s, const char *stops)
{
    size_t i;

    for (i = 0; i < s.n && (!s.p[i] || !strchr(stops, s.p[i])); i++)
        continue;
    return i;
}

static bool is_number(struct slice s, unsigned long most, unsigned long *ret)
{
    unsigned long n = 0;

    if (s.n == 0 || s.n > 9)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!isdigit((unsigned char)s.p[i]))
            return false;
        n = n * 10 + (unsigned long)(s.p[i] - '0');
    }
    *ret = n;
    return n <= most;
}

static bool take_kind(struct slice *rest, struct probe_spec *s)
{
    static const struct {
        const char *word;
        enum probe_kind kind;
        bool tls;
    } kinds[] = {
        { "udp:", PROBE_UDP, false },
        { "tcp:", PROBE_TCP, false },
        { "http:", PROBE_HTTP, false },
        { "https:", PROBE_HTTP, true },
    };

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!take_word(rest, kinds[i].word))
            continue;
        s->kind = kinds[i].kind;
        s->tls = kinds[i].tls;
        return true;
    }
    return false;
}

bool host_is_good(struct slice host)
{
    bool v6 = host.n && memchr(host.p, ':', host.n);
    const char *more = v6 ? ":." : ".-_";

    if (host.n == 0 || host.n > HOST_MAX)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        if (!host.p[i] ||
            (!isalnum((unsigned char)host.p[i]) && !strchr(more, host.p[i])))
            return false;
    }
    return true;
}

static bool take_host(struct slice *rest, struct slice *host)
{
    bool bracketed = take_word(rest, "[");

    *host = take(rest, until(*rest, bracketed ? "]" : ":"));
    return host_is_good(*host) && (!bracketed || take_word(rest, "]"));
}

/* "8888", "gw:8888", "[::1]:8888"; of a URL also "gw".  NULL: fine. */
static const char *read_authority(struct slice s, bool url,
                                  struct probe_spec *spec, struct slice *host)
{
    unsigned long port = spec->tls ? 443 : 80;
    bool alone = !url && until(s, ":[") == s.n;

    if (!alone && !take_host(&s, host))
        return "its host is no name and no address";
    if (alone || s.n || !url) {
        if (!alone && !take_word(&s, ":"))
            return "it names no port";
        if (!is_number(s, UINT16_MAX, &port) || port == 0)
            return "its port is no number from 1 to 65535";
    }
    spec->port = (uint16_t)port;
    return NULL;
}

static const char *read_path(struct slice s, struct probe_spec *spec)
{
    if (s.n && spec->kind != PROBE_HTTP)
        return "only http has a path";
    if (s.n >= sizeof(spec->path) - 1)
        return "its path is longer than 254 bytes";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '#')
            return "its path holds a byte that none has";
    }
    snprintf(spec->path, sizeof(spec->path), "%s%.*s",
             s.n && *s.p == '/' ? "" : "/", SLICE_ARG(s));
    return NULL;
}

enum status probe_spec_parse(struct slice text, struct probe_spec *spec,
                             struct slice *ret_host, struct err *err)
{
    struct probe_spec s = *spec;
    struct slice rest = text, host = { 0 }, authority;
    const char *why;
    bool url;

    if (!take_kind(&rest, &s)) {
        err_set(err,
                "\"%.*s\" is no probe: write udp:8888, tcp:5432, "
                "http:8000/health or https:8443/",
                SHOWN(text));
        return ST_BAD;
    }
    url = s.kind == PROBE_HTTP && take_word(&rest, "//");
    authority = take(&rest, until(rest, "/?"));
    why = read_authority(authority, url, &s, &host);
    if (!why)
        why = read_path(rest, &s);
    if (why) {
        err_set(err, "\"%.*s\" is no probe: %s", SHOWN(text), why);
        return ST_BAD;
    }
    *spec = s;
    *ret_host = host;
    return ST_OK;
}

/* -- settings ------------------------------------------------------------- */

static bool set_span(nsec *field, struct slice value, nsec least)
{
    nsec span;

    if (span_parse(value, &span) || span < least || span > PROBE_SPAN_MAX)
        return false;
    *field = span;
    return true;
}

static bool set_interval(struct probe_spec *s, struct slice value)
{
    return set_span(&s->interval, value, INTERVAL_MIN);
}

static bool set_timeout(struct probe_spec *s, struct slice value)
{
    return set_span(&s->timeout, value, TIMEOUT_MIN);
}

static bool set_start_period(struct probe_spec *s, struct slice value)
{
    return set_span(&s->start_period, value, 0);
}

static bool set_failures(struct probe_spec *s, struct slice value)
{
    unsigned long n;

    if (!is_number(value, FAILURES_MAX, &n) || n == 0)
        return false;
    s->failures = (uint32_t)n;
    return true;
}

static bool set_status(struct probe_spec *s, struct slice value)
{
    struct slice from = take(&value, until(value, "-"));
    unsigned long low, high;

    if (!is_number(from, 599, &low) || low < 100)
        return false;
    high = low;
    if (take_word(&value, "-") && !is_number(value, 599, &high))
        return false;
    if (high < low)
        return false;
    s->code_from = (uint16_t)low;
    s->code_to = (uint16_t)high;
    return true;
}

static bool set_match(struct probe_spec *s, struct slice value)
{
    if (value.n == 0 || value.n >= sizeof(s->match) ||
        memchr(value.p, '\0', value.n))
        return false;
    memcpy(s->match, value.p, value.n);
    s->match[value.n] = '\0';
    return true;
}

static bool set_truth(bool *field, struct slice value)
{
    if (!slice_is(value, "true") && !slice_is(value, "false"))
        return false;
    *field = slice_is(value, "true");
    return true;
}

static bool set_json(struct probe_spec *s, struct slice value)
{
    return set_truth(&s->json, value);
}

static bool set_insecure(struct probe_spec *s, struct slice value)
{
    return set_truth(&s->insecure, value);
}

static const struct setting {
    const char *name;
    bool (*set)(struct probe_spec *s, struct slice value);
    const char *wanted;
} settings[] = {
    { "interval", set_interval, "a span from 100ms to 1h, like 5s" },
    { "timeout", set_timeout, "a span from 10ms to 1h, like 2s" },
    { "failures", set_failures, "a number from 1 to 100" },
    { "start_period", set_start_period, "a span from 0s to 1h, like 10s" },
    { "status", set_status, "a status or a range of them, like 200-299" },
    { "match", set_match, "a text of 1 to 255 bytes" },
    { "json", set_json, "true or false" },
    { "insecure", set_insecure, "true or false" },
};

static void unknown(struct slice name, struct err *err)
{
    const char *names[COUNT(settings)], *meant;

    for (size_t i = 0; i < COUNT(settings); i++)
        names[i] = settings[i].name;
    meant = near_word(name, names, COUNT(settings));
    err_set(err, "a probe has no setting \"%.*s\"%s%s%s", SHOWN(name),
            meant ? "; did you mean \"" : "", meant ? meant : "",
            meant ? "\"?" : "");
}

enum status probe_spec_set(struct probe_spec *spec, struct slice name,
                           struct slice value, struct err *err)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (!slice_is(name, settings[i].name))
            continue;
        if (settings[i].set(spec, value))
            return ST_OK;
        err_set(err, "\"%.*s\" is not %s", SHOWN(value), settings[i].wanted);
        return ST_BAD;
    }
    unknown(name, err);
    return ST_BAD;
}

enum status probe_spec_check(const struct probe_spec *spec, struct err *err)
{
    const struct probe_spec usual = probe_spec_default();
    bool http = spec->kind == PROBE_HTTP;

    if (!http &&
        (spec->match[0] || spec->json || spec->insecure ||
         spec->code_from != usual.code_from || spec->code_to != usual.code_to))
        err_set(err, "status, match, json and insecure are for http alone");
    else if (spec->insecure && !spec->tls)
        err_set(err, "insecure is for https alone");
    else if (spec->timeout > spec->interval)
        err_set(err, "a timeout of %.6gs is longer than the interval of %.6gs",
                (double)spec->timeout / 1e9, (double)spec->interval / 1e9);
    else
        return ST_OK;
    return ST_BAD;
}
