/*
 * healbench.h - containers and the machine that heals them, at instants that
 * a test chooses.
 *
 * Instants are given in milliseconds after an epoch of the bench.  What is
 * decided is written as lines:
 *
 *   2.000 n0 suspect > acting orders 1/5: exited with code 1
 *
 * with " !" at the end where somebody should look, and " @7.000" where it will
 * be looked at again.
 */
#ifndef SUPPORT_HEALBENCH_H
#define SUPPORT_HEALBENCH_H

#include "base/buf.h"
#include "heal/heal.h"

#define HEALBENCH_NODES 16
#define HEALBENCH_EPOCH (INT64_C(1700000000) * NSEC_SEC)

struct healbench;

struct healnode {
    struct healbench *bench;
    unsigned number;
    struct heal *h;
    struct heal_facts f;
    char id[16];
    char order[160]; /* of the newest result */
};

struct healbench {
    struct heal_policy policy;
    struct heal_turns *turns;
    struct heal_scope *scope;
    struct healnode node[HEALBENCH_NODES];
    size_t n;
    nsec now;
    struct buf log;
    bool quiet; /* without next_at */
    /* Hears everything as well. */
    void *self;
    void (*heard)(void *self, struct healnode *node,
                  const struct heal_decision *d);
};

/* n containers that run since long ago, and were looked at once. */
struct healbench *healbench_new(size_t n);
void healbench_free(struct healbench *b);

nsec healbench_at(int64_t ms);
/* On to that instant, with every deadline on the way. */
void healbench_run(struct healbench *b, int64_t ms);
void healbench_run_to(struct healbench *b, nsec at);
/* Looks at one now: its facts have changed. */
void healbench_step(struct healbench *b, unsigned node);
void healbench_step_all(struct healbench *b);
/* The lines since the last call. */
const char *healbench_log(struct healbench *b);
enum heal_state healbench_state(const struct healbench *b, unsigned node);

/* What happens to a container, now.  They step it. */
void healbench_die(struct healbench *b, unsigned node, int code);
void healbench_stop(struct healbench *b, unsigned node); /* by a person */
void healbench_start(struct healbench *b, unsigned node);
void healbench_remove(struct healbench *b, unsigned node);
void healbench_result(struct healbench *b, unsigned node,
                      enum heal_result result, const char *message);
/* The order was carried out: the result, and it runs. */
void healbench_started(struct healbench *b, unsigned node);
void healbench_engine(struct healbench *b, bool up);

#endif
