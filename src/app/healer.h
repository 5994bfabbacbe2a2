/*
 * healer.h - carries out what revive rules order.
 *
 *   order stands -> begun once -> docker_act() -> docker.acts.NAME, journalled
 *                       \-> ST_AGAIN: again every second while it stands
 *                       \-> a hold is on its way: when that has come to nothing
 *
 * docker_act() asks here, before whatever it sends, whether the order still
 * stands: neither held nor withdrawn, nor made dry by a reload.
 *
 * An order stands until its result is in the state, so within a process each
 * is remembered from when it is begun until it stands no more: the time its
 * result is on its way to the disk and through the core included.  What an
 * earlier process began and left without a result in the journal is begun
 * again; the look at the container just before an act then sees what became of
 * it.
 *
 * With dry_run nothing is sent, and the result says so.  Without `enabled`
 * there should be no orders, since the engine's state says "act": "off"; one
 * that an earlier process left standing gets the result "denied".
 */
#ifndef APP_HEALER_H
#define APP_HEALER_H

#include "app/ledger.h"
#include "docker/act.h"
#include "engine/order.h"

struct healer_config {
    struct ledger *ledger; /* borrowed */
    bool enabled, dry_run;
    void *self;
    nsec (*wall)(void *self); /* UTC */
    /* engine_orders() */
    void (*orders)(void *self, void *arg,
                   void (*fn)(void *arg, const struct order *order));
    /* docker_act() */
    enum status (*act)(void *self, const struct docker_act *act);
    /* Is a hold of it on its way into the state? */
    bool (*held)(void *self, struct slice name);
};

struct healer;

struct healer *healer_new(const struct healer_config *config);
/* No act may be under way: after docker_stop().  NULL is fine. */
void healer_free(struct healer *h);

/* The journal has a result of this order, which may not be merged yet. */
void healer_recovered(struct healer *h, struct slice order);
/* A group is merged, or time has passed: looks at what stands.  now is
 * monotonic.  Never called before recovery is over. */
void healer_look(struct healer *h, nsec now);
/* From time to time: looks again if something could not be begun. */
void healer_tick(struct healer *h, nsec now);

#endif
