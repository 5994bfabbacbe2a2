#include "notify/address.h"

#include <stdio.h>

#define ADDRESS_MAX 2048

struct address {
    struct slice scheme; /* with "://" */
    struct slice user;   /* with "@" */
    struct slice host;   /* and port */
    struct slice path;
    struct slice query; /* with "?", or a fragment */
};

static struct slice take(struct slice *rest, size_t n)
{
    struct slice taken = slice_of(rest->p, n);

    *rest = slice_of(rest->p + n, rest->n - n);
    return taken;
}

/* The bytes before the first that is one of stops. */
static size_t until(struct slice s, const char *stops)
{
    size_t i;

    for (i = 0; i < s.n && !strchr(stops, s.p[i]); i++)
        continue;
    return i;
}

static struct address split(struct slice url)
{
    struct address a = { 0 };
    size_t i, n = until(url, ":/?#");
    struct slice authority;

    if (n + 3 <= url.n && memcmp(url.p + n, "://", 3) == 0)
        a.scheme = take(&url, n + 3);
    authority = take(&url, until(url, "/?#"));
    for (i = authority.n; i > 0 && authority.p[i - 1] != '@'; i--)
        continue;
    a.user = take(&authority, i);
    a.host = authority;
    a.path = take(&url, until(url, "?#"));
    a.query = url;
    return a;
}

void address_show(struct slice url, struct buf *out)
{
    struct address a = split(url);

    buf_slice(out, a.scheme);
    buf_slice(out, a.host);
    buf_slice(out, a.path);
}

static bool is_port(struct slice s)
{
    unsigned long port = 0;
    size_t i;

    for (i = 0; i < s.n && i < 6; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        port = port * 10 + (unsigned long)(s.p[i] - '0');
    }
    return s.n > 0 && port > 0 && port < 65536;
}

/* host, host:port, [v6] or [v6]:port */
static const char *host_problem(struct slice s)
{
    bool bracket = s.n && *s.p == '[';
    size_t n = bracket ? until(s, "]") + 1 : until(s, ":");

    if (bracket && (n > s.n || n < 4))
        return "the host in brackets is no IPv6 address";
    if (n == 0)
        return "it names no host";
    (void)take(&s, n);
    if (s.n == 0)
        return NULL;
    if (take(&s, 1).p[0] != ':' || !is_port(s))
        return "the port is no number from 1 to 65535";
    return NULL;
}

static const char *problem(enum receiver_kind kind, struct slice url)
{
    struct address a = split(url);
    size_t i;

    if (url.n > ADDRESS_MAX)
        return "it is longer than 2048 bytes";
    for (i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] > '~')
            return "it holds a byte that no URL has";
    if (!slice_is(a.scheme, "http://") && !slice_is(a.scheme, "https://"))
        return "write it like http://host:port/path";
    if (memchr(url.p, '#', url.n))
        return "a fragment (#) means nothing here";
    if (kind == RECEIVER_ALERTMANAGER && a.query.n)
        return "an Alertmanager's has no query";
    return host_problem(a.host);
}

enum status address_check(enum receiver_kind kind, struct slice url,
                          struct err *err)
{
    const char *why = problem(kind, url);
    struct buf shown;

    if (!why)
        return ST_OK;
    buf_init(&shown, BUF_NO_CAP);
    address_show(slice_of(url.p, url.n < 200 ? url.n : 200), &shown);
    err_set(err, "\"%.80s\" is no URL of a receiver: %s", buf_cstr(&shown),
            why);
    buf_release(&shown);
    return ST_BAD;
}
