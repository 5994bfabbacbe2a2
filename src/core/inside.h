/*
 * inside.h - the core's own parts; for this folder only.
 */
#ifndef CORE_INSIDE_H
#define CORE_INSIDE_H

#include "core/core.h"
#include "core/filter.h"
#include "core/ids.h"
#include "core/order.h"
#include "tree/apply.h"
#include "tree/render.h"
#include "tree/warm.h"

/* A blade as the core minds it: when it was last heard of. */
struct mind {
    uint32_t blade;
    nsec heard_at;
    bool listed;
    struct mind *prev, *next; /* by heard_at; the longest silent first */
};

struct core_source {
    struct source *decl;
    struct mount mount;
    struct step *at; /* of mount */
    uint32_t blade;
    uint32_t origin; /* of epoch */
    uint32_t epoch;
    uint32_t run; /* the origin of epoch 0: this run's number */
    bool minded;  /* a silent blade of this source retires */
};

struct core {
    struct names *names;
    struct tree state;
    struct tree monitor;
    struct apply apply;
    struct limits limits;
    struct shard_pool pool;
    struct order order;
    size_t warmed; /* at the front of order's queue */
    nsec watermark;
    nsec merged_at; /* log time: of the last shard or instant; INT64_MIN: it
                       has not begun */
    struct engine *engine;
    struct core_source **source; /* by number; NULL: not declared */
    size_t nsources, source_room;
    struct filter *filter; /* by origin */
    size_t nfilters;
    struct ids *ids;
    struct mind **mind; /* by blade */
    size_t nminds;
    struct mind *silent, *loud; /* the ends of the list */
    struct core_stats stats;
    uint32_t monitor_origin;
    struct envelope *envelopes; /* sources made by core_envelope() */
    struct watch *watches;
    struct err scratch;
};

/* monitor.<first>[.<second>] += by, in the name of a blade. */
void monitor_count(struct core *core, const char *first, struct slice second,
                   uint32_t blade, uint64_t by);

/* Declares a source that the caller numbers. */
struct core_source *core_declare(struct core *core, uint32_t id,
                                 const struct source *decl);
void core_tick(struct core *core, nsec w);
void core_retire(struct core *core, struct slice blade, nsec ts);
void core_step_rules(struct core *core, const struct event *ev);

void watch_release_all(struct core *core);
void envelope_release(struct core *core);

#endif
