/*
 * order.h - what a revive rule wants done, and what it has decided.
 *
 * Decisions are made by the core at instants of log time and are the same in
 * every run over the same recording; so are their ordinals.  An edge that
 * records or logs them remembers how far it got by the ordinal: what a process
 * before it decided and did not come to record is told again, to the sink, when
 * the recording is read back.
 *
 * An order stands until its result is in the state: a shard at docker.acts.NAME
 * whose `order` is its id.  An edge asks for the standing orders after each
 * merge and carries out those it has not begun; after a crash those without a
 * result still stand, and the look at the container before acting sees what
 * became of them.
 */
#ifndef ENGINE_ORDER_H
#define ENGINE_ORDER_H

#include "base/instant.h"
#include "base/slice.h"
#include "heal/heal.h"

struct engine;

/* All borrowed for the call. */
struct order {
    /* group/rule/name/act/log time/attempt; a / in a name is ~1.  It stays what
     * it is when the rule goes to another group. */
    struct slice id;
    struct slice group, rule; /* who wants it */
    struct slice name;        /* of the container */
    struct heal_order what;
    bool dry_run;        /* the rule's; the process may say so too */
    bool repair_network; /* may connect it to its network anew */
};

struct seen_number {
    bool known;
    int64_t n;
};

/* What was known of a container; all-zero: nothing. */
struct seen {
    struct slice status, health; /* Docker's words, or "" */
    struct seen_number exit_code, oom_killed, restarts;
};

struct decision {
    uint64_t ordinal; /* counts from 1 */
    nsec at;
    struct slice group, rule, name;
    struct slice container; /* its id, or its last; "" if not known */
    struct seen was;        /* as it was decided on */
    struct heal_decision what;
    struct slice order; /* the id of the order, or "" */
    bool dry_run;       /* the rule's, or what docker.engine.act says */
};

void engine_orders(const struct engine *e, void *self,
                   void (*fn)(void *self, const struct order *order));

#endif
