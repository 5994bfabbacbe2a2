/*
 * client.h - asking a running bladewatch for its state, or to do something.
 */
#ifndef APP_CLIENT_H
#define APP_CLIENT_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>

struct client_options {
    const char *url;        /* "http://127.0.0.1:7433" */
    const char *path;       /* of the state; "" or NULL: all */
    const char *token_file; /* holds the secret to show; or NULL */
    bool split;             /* counters by blade */
    bool pretty;            /* for people: indented, a change a line */
    bool colour;
};

/*
 * Prints the state to standard output.  ST_BAD: the options; anything else:
 * err says in one sentence why there is none.
 */
CHECKED enum status client_state(const struct client_options *options,
                                 struct err *err);
/* The same for a page such as "/report?format=text"; path is not used. */
CHECKED enum status client_page(const struct client_options *options,
                                const char *page, struct err *err);
/* Posts nothing to a page such as "/-/hold?container=web"; what is answered, a
 * line of JSON, is appended to ret_answer. */
CHECKED enum status client_post(const struct client_options *options,
                                const char *page, struct buf *ret_answer,
                                struct err *err);
/* Appends name=value, the value escaped, to a page. */
void client_param(const char *name, const char *value, struct buf *page);

/* A page that is asked for again and again. */
struct client_poll {
    nsec every;         /* 0: once */
    const char *beside; /* another page, asked for after it; or NULL */
    void *self;
    /* The whole page, and what there was of the other, or nothing.  ST_END:
     * enough; any other failure is the end too. */
    enum status (*answer)(void *self, struct slice page, struct slice beside,
                          struct err *err);
    /* It cannot be had at present, and is asked for again. */
    void (*lost)(void *self, const struct err *why);
    /* SIGWINCH or SIGTSTP. */
    void (*signalled)(void *self, int signum);
};

/*
 * Until SIGINT or SIGTERM (ST_OK), or as answer says.  The first answer must
 * come.
 */
CHECKED enum status client_poll(const struct client_options *options,
                                const char *page,
                                const struct client_poll *poll,
                                struct err *err);
/*
 * Prints changes until SIGINT or SIGTERM (ST_OK).  A connection that ends is
 * made again; the first one must succeed.
 */
CHECKED enum status client_watch(const struct client_options *options,
                                 struct err *err);

#endif
