/*
 * endpoint.h - where to listen.
 */
#ifndef HTTPD_ENDPOINT_H
#define HTTPD_ENDPOINT_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <sys/socket.h>

struct endpoint {
    struct sockaddr_storage addr;
    socklen_t n;
    bool loopback; /* nobody beyond this host can reach it */
};

/* ADDR:PORT, [ADDR]:PORT or localhost:PORT; names are not looked up. */
CHECKED enum status endpoint_parse(struct endpoint *ep, struct slice text,
                                   struct err *err);
/* A listening, non-blocking socket; ep gets the port that was bound. */
CHECKED enum status endpoint_listen(struct endpoint *ep, int *ret_fd,
                                    struct err *err);
/* Appends ADDR:PORT. */
void endpoint_text(const struct endpoint *ep, struct buf *out);

#endif
