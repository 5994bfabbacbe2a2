/*
 * ledger.h - what the monitor itself has to say, in the journal.
 *
 * Shards of the blade "bladewatch", run by run of this program, trusted.  What
 * is put here is kept until it is on disk: while the journal cannot take it,
 * it waits; what is given back after a failed write is written again, in the
 * same order.  What waits is about as much as there are containers: while
 * nothing can be written the core decides by time alone.
 */
#ifndef APP_LEDGER_H
#define APP_LEDGER_H

#include "base/buf.h"
#include "core/port.h"

#define LEDGER_BLADE "bladewatch"

struct ledger_entry;

struct ledger {
    const struct intake *intake;
    struct intake_listener listener;
    uint32_t source;
    struct ledger_entry *entries; /* oldest first */
};

/* run: when the process started.  Both are borrowed, intake until it ends. */
CHECKED enum status ledger_begin(struct ledger *l, const struct intake *intake,
                                 struct slice run, struct err *err);
void ledger_release(struct ledger *l);

/* Keeps a copy; written by the next ledger_flush(). */
void ledger_put(struct ledger *l, struct slice shard);
/* Hands over what waits, as far as it is taken.  Not from inside the core. */
void ledger_flush(struct ledger *l);
/* One that its asker minds by itself: nothing is kept.  As intake->line(). */
CHECKED enum status ledger_write(const struct ledger *l, struct slice shard,
                                 uint64_t *ret_ticket, struct err *err);

/* Appends a key of the tree, literally, and its colon. */
void ledger_key(struct slice key, struct buf *out);
/* Appends "name":"text" after a comma if need be; what is no UTF-8 is made
 * good, and what is longer than most bytes is cut. */
void ledger_text(const char *name, struct slice text, size_t most,
                 struct buf *out);
void ledger_instant(const char *name, nsec at, struct buf *out);
void ledger_number(const char *name, int64_t n, struct buf *out);
void ledger_bool(const char *name, bool value, struct buf *out);

#endif
