/*
 * http.h - GET and POST on the loop: many at a time, each with caps.
 *
 * A client owns its requests.  A request ends exactly once, by on_end or by
 * http_cancel(), after which its pointer is void and nothing more is called.
 * All callbacks come from the loop, never from inside http_ask(); any of them
 * may start, pause and cancel requests.
 *
 * Names are looked up on a thread of libcurl's, so a slow resolver delays its
 * own request alone, and a request that ends meanwhile does not wait for it.
 * Redirects are not followed.
 *
 * With on_body the body of a 2xx answer is streamed; every other body is
 * collected, up to body_max bytes, and handed to on_end.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/slice.h"
#include "base/status.h"
#include "loop/loop.h"

#include <stdbool.h>

struct http;
struct http_request;

#define HTTP_HEADER_MAX     128 /* longer values are cut */
#define HTTP_ERROR_BODY_MAX 4096

struct http_head {
    int code;
    char content_type[HTTP_HEADER_MAX]; /* lower case; "" if there is none */
    char api_version[HTTP_HEADER_MAX];  /* Docker's Api-Version */
    nsec retry_after;                   /* from now on; 0: it was not said */
};

struct http_end {
    /*
     * ST_OK: the whole answer came, whatever its code.  ST_END: it was cut
     * off.  ST_NONE: nobody listens (os_errno ENOENT or ECONNREFUSED).
     * ST_DENIED: the socket may not be opened.  ST_BUSY: too slow, a time-out.
     * ST_LIMIT: more than body_max.  ST_BAD: no HTTP.  ST_AGAIN: may_send
     * said no.  ST_IO: anything else.
     */
    enum status status;
    int os_errno;
    struct http_head head; /* code 0: no answer began */
    struct slice body;     /* what was collected */
    char text[160];        /* one sentence, for people */
};

struct http_ask {
    const char *unix_path;      /* NULL: TCP */
    const char *connect_to;     /* "::10.0.0.2:80", whatever the URL's host is;
                                   NULL: as that says */
    const char *url;            /* "http://docker/v1.41/_ping" */
    const char *bearer;         /* sent as Authorization: Bearer; NULL: none */
    const char *const *headers; /* more, "Name: value", NULL at the end; or
                                   NULL */
    bool post;                  /* else GET */
    struct slice content;       /* what is posted */
    const char *content_type;   /* of it; NULL: none is said */
    bool fresh;                 /* over a connection of its own; without, what
                                   dies unanswered on one that was in use
                                   before is sent a second time */
    bool insecure;              /* the certificate is not verified */
    nsec connect_for;           /* time-outs; 0: none */
    nsec head_for;              /* until the headers are complete */
    nsec total_for;
    size_t body_max; /* 0: HTTP_ERROR_BODY_MAX */
    void *self;
    /* NULL, or asked when there is a connection, immediately before anything
     * is sent: false: the request ends with ST_AGAIN, and nothing was sent. */
    bool (*may_send)(void *self);
    void (*on_head)(void *self, const struct http_head *head); /* or NULL */
    void (*on_body)(void *self, struct slice piece);           /* or NULL */
    void (*on_end)(void *self, const struct http_end *end);
};

CHECKED enum status http_new(struct loop *loop, struct http **ret_http,
                             struct err *err);
void http_free(struct http *http); /* cancels what is left; NULL is fine */

/* Strings and content are copied, self is kept. */
CHECKED enum status http_ask(struct http *http, const struct http_ask *ask,
                             struct http_request **ret_request,
                             struct err *err);
void http_cancel(struct http_request *request); /* NULL is fine */
/*
 * Stops reading.  Bytes already read may still come, no more than one buffer
 * of 16 KiB.
 */
void http_pause(struct http_request *request);
void http_resume(struct http_request *request);

#endif
