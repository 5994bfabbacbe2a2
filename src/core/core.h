/*
 * core.h - the machine: filter, order, merge.
 *
 * A pure function of its events: no clock, no I/O, no randomness.  The seed
 * only spreads hash tables and shows in no output.  Every call runs to its
 * end; nothing here fails because of what a line holds.
 *
 * A line goes in as an event (core_step), or, where it must be parsed before
 * it can be journalled, as a shard: core_shard() makes it, shard_ts() and
 * shard->json tell what the edge needs to know, core_take() merges it.  Both
 * ways do the same.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/event.h"
#include "core/shard.h"
#include "core/view.h"
#include "engine/engine.h"

struct core *core_new(uint64_t seed);
void core_free(struct core *core);

void core_step(struct core *core, const struct event *event);

/*
 * Parses a line of a declared source.  err (not NULL) says why the line is
 * plain text, or is empty.
 */
struct shard *core_shard(struct core *core, uint32_t source, struct slice line,
                         struct err *err);
/* Takes the shard; ev has seq, ts, logged_at, fd and id. */
void core_take(struct core *core, struct shard *shard, const struct event *ev);
void core_drop(struct core *core, struct shard *shard);

/*
 * One line in the form of the state model: {"blade","run","seq","ts","at",
 * "body"}, {"tick"} or {"retire","ts"}.
 */
CHECKED enum status core_envelope(struct core *core, struct slice line,
                                  struct err *err);

/*
 * These files are the rules from here on, from the present instant of log
 * time.  A core that journals hands them over as an event (EV_RULES) instead,
 * once it has seen that they load.  ST_BAD, ST_LIMIT: diags say why and the
 * rules before stay in force.
 */
CHECKED enum status core_rules(struct core *core, const struct rule_file *file,
                               size_t n, struct diagnostics *diags);
/* Borrowed; before rules that use named zones are loaded. */
void core_zones(struct core *core, const struct cel_zones *zones);
/* Who hears of transitions and notices. */
void core_sink(struct core *core, const struct engine_sink *sink);
/* For reports. */
struct engine *core_engine(const struct core *core);

/* Merges all that waits, as if the log had ended. */
void core_flush(struct core *core);
/*
 * The first instant at which a tick would do something: a shard waits, a
 * lease or a retirement is due.  A tick is worth journalling from then on.
 */
nsec core_due(const struct core *core);

/* A number that no source has yet. */
uint32_t core_next_source(const struct core *core);
/* What a source is, as it was declared; NULL: no such number. */
const struct source *core_source(const struct core *core, uint32_t id);

struct core_stats {
    uint64_t lines;         /* taken in, of any kind */
    uint64_t merged;        /* shards released into the tree */
    uint64_t duplicates;    /* the same (blade, run, seq) or id again */
    uint64_t late;          /* below the watermark */
    uint64_t not_json;      /* became {"msg": line} */
    uint64_t refused;       /* parts of bodies beyond a bound or a scope */
    uint64_t not_known;     /* instructions that are none, such as "$incr" */
    uint64_t oversize;      /* lines beyond limits.shard_bytes */
    uint64_t lost;          /* lines declared as lost */
    uint64_t loads;         /* of rules */
    uint64_t loads_refused; /* of those in a recording, by this version */
    uint64_t nodes;         /* in the state */
    uint64_t waiting;       /* shards in the reorder buffer */
    size_t waiting_bytes;
    nsec watermark;
};

struct core_stats core_stats(const struct core *core);
const struct limits *core_limits(const struct core *core);

/* The state alone, what the monitor derives left out. */
CHECKED enum status core_write_state(const struct core *core, bool split,
                                     const struct sink *sink);

#endif
