/*
 * alert.h - a notice kept for delivery: a copy, in terms receivers accept.
 *
 * Names of labels and annotations are made [a-zA-Z_][a-zA-Z0-9_]*: any other
 * byte becomes '_', a leading digit gets one in front.  Names that are valid
 * keep theirs; one that would become the same as another gets the suffix _2,
 * _3, ...  Empty values are dropped, as they mean "no such label", and what
 * is no UTF-8 is repaired.
 *
 * Shared by the outboxes of all receivers.
 */
#ifndef NOTIFY_ALERT_H
#define NOTIFY_ALERT_H

#include "base/arena.h"
#include "engine/notice.h"

struct alert {
    unsigned refs;
    struct arena arena; /* holds all that is pointed to */
    uint64_t ordinal;
    uint64_t fingerprint; /* of the labels, as Alertmanager computes it */
    bool firing;
    nsec starts_at, ends_at;
    struct slice id, name; /* name: the label alertname */
    size_t nlabels, nannotations;
    struct notice_pair *label, *annotation; /* sorted by name */
};

struct alert *alert_new(const struct notice *notice); /* with one reference */
struct alert *alert_ref(struct alert *a);
void alert_unref(struct alert *a); /* NULL is fine */

#endif
