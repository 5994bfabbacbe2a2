/*
 * notify.h - alerts to their receivers: a webhook in Alertmanager's version 4
 * form, or an Alertmanager (POST /api/v2/alerts).
 *
 *   notify_new -> notify_put ... (recovery: notices of the past come again)
 *              -> notify_start -> notify_put ... -> notify_stop -> notify_free
 *
 * Each receiver has an outbox of its own, bounded, in order.  A delivery that
 * fails is tried again with back-off; what a receiver has taken is remembered
 * by ordinal in a small file (write, fsync, rename), so a notice is delivered
 * at least once across restarts, and again only if the process died between
 * the answer and the file.  A repetition has the same id and fingerprint.
 *
 * An Alertmanager forgets: all that fires is sent again every resend_every,
 * with an endsAt four times as far ahead; what has ended is sent until it has
 * been taken.
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/status.h"
#include "engine/notice.h"

struct loop;

enum receiver_kind { RECEIVER_WEBHOOK, RECEIVER_ALERTMANAGER };

/* Borrowed until notify_free(). */
struct receiver {
    enum receiver_kind kind;
    const char *name; /* distinct; the key in the file */
    const char *url;  /* http://host:port/path; of an Alertmanager its root */
    const char *token_file; /* a bearer token, read at each delivery; or NULL */
    nsec timeout_for;       /* of one delivery; 10 s */
    bool skip_resolved;
};

struct notify_config {
    const struct receiver *receiver;
    size_t n;
    const char *dir;          /* where the file lies; NULL: nowhere */
    const char *external_url; /* of this bladewatch, for links; or NULL */
    nsec resend_every;        /* 1 m */
    size_t outbox_max;        /* notices a receiver may wait for; 10,000 */
    void *log_self;
    void (*log)(void *self, bool warning, const char *sentence);
};

struct notify;

/* ST_BAD: the file is not ours; err says how to mend it.  Reads the file. */
CHECKED enum status notify_new(const struct notify_config *config,
                               struct notify **ret, struct err *err);
void notify_free(struct notify *n); /* NULL is fine */
/* Before notify_start() only remembers. */
void notify_put(struct notify *n, const struct notice *notice);
CHECKED enum status notify_start(struct notify *n, struct loop *loop,
                                 struct err *err);
/* No more deliveries begin; those that are out are given up. */
void notify_stop(struct notify *n);
void notify_metrics(const struct notify *n, struct metrics *m);
/* [{"receiver","kind","url","waiting","delivered","failures","last_error",
 * "last_delivery"}...]; a URL's user and password left out. */
void notify_status(const struct notify *n, struct buf *out);

#endif
