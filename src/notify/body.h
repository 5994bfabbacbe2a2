/*
 * body.h - what is posted: alerts as JSON, in the two forms receivers know.
 *
 * A body takes as many of the alerts as fit into its bounds, in order, and
 * at least one whatever its size.
 */
#ifndef NOTIFY_BODY_H
#define NOTIFY_BODY_H

#include "base/buf.h"
#include "notify/alert.h"

#define BODY_ALERTS_MAX 64
#define BODY_BYTES_MAX  ((size_t)1 << 20)

struct body_about {
    const char *receiver;
    const char *external_url; /* or NULL */
    nsec firing_until;        /* endsAt of what fires, for an Alertmanager */
};

/*
 * Alertmanager's webhook form, version 4.  All alerts are called the same.
 * Returns how many are in it.
 */
size_t body_webhook(const struct body_about *about, struct alert *const *alert,
                    size_t n, struct buf *out);
/* The array of POST /api/v2/alerts.  Returns how many are in it. */
size_t body_alertmanager(const struct body_about *about,
                         struct alert *const *alert, size_t n, struct buf *out);

#endif
