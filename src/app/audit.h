/*
 * audit.h - each decision about a container as one line of the log, and as a
 * shard at docker.decisions.NAME.
 *
 * At recovery the core decides everything again.  What an earlier process has
 * put into the journal is recognised by its ordinal, docker.audit.ordinal in
 * the same shard; what it decided and could not write before it was killed is
 * told now.
 */
#ifndef APP_AUDIT_H
#define APP_AUDIT_H

#include "app/ledger.h"
#include "engine/order.h"

struct audit_entry;

struct audit {
    struct ledger *ledger;
    bool dry_run; /* nothing that is ordered is sent */
    void *log_self;
    void (*log)(void *self, bool warning, const char *line);
    bool recovering;
    struct audit_entry *entries; /* meanwhile: those not found yet */
    size_t n;
};

/* log hears each line. */
void audit_init(struct audit *a, struct ledger *ledger, bool dry_run,
                void *log_self,
                void (*log)(void *self, bool warning, const char *line));
void audit_release(struct audit *a);

/* From inside the core; the ledger is to be flushed afterwards. */
void audit_decision(struct audit *a, const struct decision *d);
/* The journal has what was decided up to this ordinal. */
void audit_recovered(struct audit *a, uint64_t ordinal);
/* The journal is read: tells what it did not hold. */
void audit_begin(struct audit *a);

/* The line of a decision, without its time and level. */
void audit_line(const struct decision *d, bool dry_run, struct buf *out);

#endif
