/*
 * outbox.h - what one receiver has yet to be told, and when.
 *
 * Pure: time is an argument, nothing is sent here.
 *
 *   outbox_new -> outbox_put ... (recovery) -> outbox_open
 *   then: outbox_put at any time; outbox_take gives the next post, if there
 *   is one, and outbox_answer says what became of it; outbox_due says when to
 *   ask again.  One post is under way at a time.
 *
 * A webhook is told every notice, in order; a post holds consecutive ones
 * that are called the same.  An Alertmanager is told the newest state of each
 * label set; what fires again every resend_every, and so, as Prometheus does,
 * what has ended, for 15 minutes after its end was taken: an Alertmanager
 * that restarts forgets both.
 *
 * A receiver that is new is not told history: of what is put before
 * outbox_open() only what still fires then.
 *
 * A failure is tried again after 1 s, 2 s, ... 1 minute, each less up to a
 * fifth by chance (from the receiver's name), or when the receiver asks for
 * it, in at most 5 minutes.  A refusal is final: of several alerts each is
 * sent again by itself, and one that is refused alone is dropped.
 */
#ifndef NOTIFY_OUTBOX_H
#define NOTIFY_OUTBOX_H

#include "base/buf.h"
#include "notify/alert.h"
#include "notify/notify.h"

struct outbox_config {
    enum receiver_kind kind;
    const char *name; /* borrowed, and so is: */
    const char *external_url;
    nsec resend_every;
    size_t max; /* alerts kept */
    bool skip_resolved;
    bool is_new;        /* else it has taken all up to: */
    uint64_t delivered; /* this ordinal */
};

enum verdict {
    VERDICT_TAKEN,
    VERDICT_REFUSED, /* these alerts, for good */
    VERDICT_FAILED   /* to be tried again */
};

struct outbox_answer {
    enum verdict verdict;
    nsec retry_after; /* 0: the receiver did not say */
};

/* What is worth a sentence. */
enum {
    OUTBOX_DOWN = 1,    /* the first failure after a success */
    OUTBOX_UP = 2,      /* the first success after a failure */
    OUTBOX_DROPPED = 4, /* an alert was refused and is gone */
    OUTBOX_FULL = 8     /* the oldest was dropped, for the first time since
                           something was taken */
};

struct outbox_figures {
    uint64_t taken, failed, dropped; /* alerts, posts, alerts */
    size_t waiting;                  /* alerts not taken yet */
    nsec latency;   /* from outbox_put() until it was taken, of the last one */
    uint64_t tries; /* failures since the last success */
    nsec down_at;   /* of the first of them */
};

struct outbox;

struct outbox *outbox_new(const struct outbox_config *config);
void outbox_free(struct outbox *o); /* NULL is fine */
/* Ordinals only grow.  Takes a reference; returns OUTBOX_FULL or 0. */
unsigned outbox_put(struct outbox *o, struct alert *a, nsec now);
void outbox_open(struct outbox *o);
/* Appends the next post; false if there is none now. */
bool outbox_take(struct outbox *o, nsec now, nsec wall, struct buf *body);
/* The first alert of the post under way; NULL if there is none. */
struct alert *outbox_under_way(const struct outbox *o);
/* About what was taken last; returns what is worth a sentence. */
unsigned outbox_answer(struct outbox *o, nsec now,
                       const struct outbox_answer *answer);
/* When outbox_take() may have something; NSEC_MAX: not before a change. */
nsec outbox_due(const struct outbox *o);
/* All notices up to this ordinal need not be put again. */
uint64_t outbox_delivered(const struct outbox *o);
struct outbox_figures outbox_figures(const struct outbox *o);

#endif
