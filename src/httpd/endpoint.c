#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 511

static bool port_parse(struct slice s, in_port_t *ret)
{
    unsigned v = 0;
    size_t i;

    if (s.n == 0 || s.n > 5)
        return false;
    for (i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s.p[i] - '0');
    }
    *ret = htons((in_port_t)v);
    return v <= 65535;
}

static bool set_v4(struct endpoint *ep, const char *host, in_port_t port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&ep->addr;

    if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        return false;
    in->sin_family = AF_INET;
    in->sin_port = port;
    ep->n = sizeof(*in);
    ep->loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool set_v6(struct endpoint *ep, const char *host, in_port_t port)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&ep->addr;

    if (inet_pton(AF_INET6, host, &in->sin6_addr) != 1)
        return false;
    in->sin6_family = AF_INET6;
    in->sin6_port = port;
    ep->n = sizeof(*in);
    ep->loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
    return true;
}

enum status endpoint_parse(struct endpoint *ep, struct slice text,
                           struct err *err)
{
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
    size_t n = colon ? (size_t)(colon - text.p) : 0;
    char host[INET6_ADDRSTRLEN] = "";
    in_port_t port = 0;
    bool ok;

    *ep = (struct endpoint){ 0 };
    ok = colon && n > 0 && n < sizeof(host) &&
         port_parse(slice_of(colon + 1, text.n - n - 1), &port);
    if (ok && text.p[0] == '[' && text.p[n - 1] == ']') {
        memcpy(host, text.p + 1, n - 2);
        ok = set_v6(ep, host, port);
    } else if (ok) {
        memcpy(host, text.p, n);
        ok = set_v4(ep, strcmp(host, "localhost") ? host : "127.0.0.1", port);
    }
    if (ok)
        return ST_OK;
    err_set(err,
            "cannot listen on '%.*s': write 127.0.0.1:7433, [::1]:7433 "
            "or 0.0.0.0:7433",
            (int)(text.n < 80 ? text.n : 80), text.p ? text.p : "");
    return ST_BAD;
}

void endpoint_text(const struct endpoint *ep, struct buf *out)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&ep->addr;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&ep->addr;
    bool v6 = ep->addr.ss_family == AF_INET6;
    char host[INET6_ADDRSTRLEN] = "";

    inet_ntop(ep->addr.ss_family,
              v6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr,
              host, sizeof(host));
    buf_printf(out, v6 ? "[%s]:%u" : "%s:%u", host,
               ntohs(v6 ? in6->sin6_port : in->sin_port));
}

static enum status refused(const struct endpoint *ep, int why, struct err *err)
{
    struct buf where;

    buf_init(&where, 128);
    endpoint_text(ep, &where);
    if (why == EADDRINUSE)
        err_set(err, "cannot listen on %s: another program already does",
                buf_cstr(&where));
    else
        err_set(err, "cannot listen on %s: %s", buf_cstr(&where),
                strerror(why));
    buf_release(&where);
    if (why == EADDRINUSE)
        return ST_BUSY;
    return why == EACCES || why == EPERM ? ST_DENIED : ST_IO;
}

enum status endpoint_listen(struct endpoint *ep, int *ret_fd, struct err *err)
{
    int fd, on = 1, off = 0, why;

    fd = socket(ep->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                0);
    if (fd < 0)
        return refused(ep, errno, err);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ep->addr.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&ep->addr, ep->n) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&ep->addr, &ep->n)) {
        why = errno;
        close(fd);
        return refused(ep, why, err);
    }
    *ret_fd = fd;
    return ST_OK;
}
