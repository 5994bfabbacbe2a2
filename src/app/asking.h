/*
 * asking.h - what the files of the client share; not for others.
 *
 * client.c opens a client, reads pages and posts, client_poll.c asks for a
 * page again and again, client_watch.c follows changes.
 */
#ifndef APP_ASKING_H
#define APP_ASKING_H

#include "app/client.h"
#include "base/buf.h"
#include "data/pretty.h"
#include "data/tape.h"
#include "loop/loop.h"
#include "net/http.h"

#define ASK_CONNECT_FOR (5 * NSEC_SEC)
#define ASK_HEAD_FOR    (30 * NSEC_SEC)
#define ASK_PIECE_MAX   ((size_t)64 << 20) /* of what comes at once */

struct client {
    const struct client_options *options;
    struct err *err;
    bool page; /* that has no path */
    struct loop *loop;
    struct http *http;
    struct http_request *request;
    struct tape_parser *parser;
    struct buf url, base;
    struct buf at;      /* pointer to the path */
    struct buf out;     /* for standard output */
    struct buf *answer; /* to a post; or NULL */
    char *secret;
    struct pretty pretty;
    struct loop_timer timer;
    struct loop_signal on_int, on_term;
    bool connected;     /* there has been an answer */
    enum status status; /* how it ended */
};

/* options, err and page are set.  To be closed whatever comes of it. */
CHECKED enum status client_open(struct client *c, const char *where);
void client_close(struct client *c);
/* SIGINT and SIGTERM end it well. */
CHECKED enum status client_heed_signals(struct client *c);
void client_finish(struct client *c, enum status st);

/* False once standard output is gone. */
bool client_flush(struct client *c, bool now);
void client_put(struct client *c, struct slice piece);
/* What a bladewatch says of an error: {"error":"..."}; else nothing. */
bool client_said(struct client *c, struct slice body, struct err *err);
/* Why there is no page. */
void client_explain(struct client *c, const struct http_end *end,
                    struct err *err);
/* Once there was an answer: a refusal is one too, but an overload or no answer
 * may pass. */
bool client_may_pass(const struct client *c, const struct http_end *end);

#endif
