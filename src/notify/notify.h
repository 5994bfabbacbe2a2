/*
 * notify.h - alerts to their receivers: a webhook in Alertmanager's version 4
 * form, or an Alertmanager (POST /api/v2/alerts).
 *
 *   notify_new -> notify_put ... (recovery: notices of the past come again)
 *              -> notify_start -> notify_put ... -> notify_stop -> notify_free
 *
 * Each receiver has an outbox of its own, bounded, in order (see outbox.h);
 * what it is told next leaves in the same turn of the loop, in as few posts as
 * there can be, one at a time.  A delivery that fails - nobody listens, no
 * answer in time, no HTTP, a code other than 2xx - is tried again with
 * back-off.  A code of 4xx is the receiver's verdict on these very alerts,
 * except 408 and 429: what it refuses alone is dropped.  Both, and the end of
 * an outage, are a sentence in the log; a try is none.
 *
 * What a receiver has taken is remembered by ordinal in DIR/notify.json
 * (write, fsync, rename, off the loop's thread), so a notice is delivered at
 * least once across restarts.  The file is written at most every 100 ms, and
 * by notify_stop(): if the process is killed, what was taken in the last 100
 * ms, and while a write was under way, is delivered again.  A repetition has
 * the same id and fingerprint.
 *
 * A receiver that the file does not know, and every receiver if the file is
 * of another journal, begins with what fires at notify_start().
 *
 * An Alertmanager forgets: all that fires is sent again every resend_every,
 * with an endsAt four times as far ahead; what has ended is sent until it has
 * been taken, and for 15 minutes more.
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/status.h"
#include "engine/notice.h"

struct loop;

#define NOTIFY_OUTBOX_MAX 10000
#define NOTIFY_RESEND     (60 * NSEC_SEC)
#define NOTIFY_TIMEOUT    (10 * NSEC_SEC)

enum receiver_kind { RECEIVER_WEBHOOK, RECEIVER_ALERTMANAGER };

/* Borrowed until notify_free(). */
struct receiver {
    enum receiver_kind kind;
    const char *name; /* distinct; the key in the file */
    const char *url;  /* see address_check(); of an Alertmanager its root */
    const char *token_file; /* a bearer token, read at each delivery; or NULL */
    nsec timeout_for;       /* of one delivery; 0: NOTIFY_TIMEOUT */
    bool skip_resolved;
};

struct notify_config {
    const struct receiver *receiver;
    size_t n;
    const char *dir;          /* where the file lies; NULL: nowhere */
    const char *journal_id;   /* whose ordinals these are; or NULL */
    const char *external_url; /* of this bladewatch, for links; or NULL */
    nsec resend_every;        /* 0: NOTIFY_RESEND */
    size_t outbox_max; /* alerts kept for a receiver; 0: NOTIFY_OUTBOX_MAX */
    void *log_self;
    void (*log)(void *self, bool warning, const char *sentence);
};

struct notify;

/* Reads the file.  ST_BAD: it is not ours; err says how to mend it. */
CHECKED enum status notify_new(const struct notify_config *config,
                               struct notify **ret, struct err *err);
void notify_free(struct notify *n); /* NULL is fine */
/* Before notify_start() only remembers. */
void notify_put(struct notify *n, const struct notice *notice);
/* Writes the file; ST_IO or ST_FULL if that fails. */
CHECKED enum status notify_start(struct notify *n, struct loop *loop,
                                 struct err *err);
/*
 * No more deliveries begin; those that are out are given up, to be made again
 * after a restart.  Writes the file, before or, if a write is under way, as
 * soon as it is done: notify_free() has to wait for the end of loop_run().
 */
void notify_stop(struct notify *n);
void notify_metrics(const struct notify *n, struct metrics *m);
/*
 * [{"delivered","failures","kind","last_delivery","last_error","receiver",
 * "url","waiting"}...]: delivered is an ordinal, all up to it were taken;
 * last_error is null unless the last delivery failed; of the URL user,
 * password and query are left out.
 */
void notify_status(const struct notify *n, struct buf *out);

#endif
