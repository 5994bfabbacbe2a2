/*
 * progress.h - how far each receiver has got, in DIR/notify.json:
 *
 *   {"journal":"...","receivers":{"pager":{"delivered":123}},"version":1}
 *
 * The file is replaced as a whole: written beside it, synced, renamed.  If it
 * is of another journal its ordinals mean nothing, and it counts as missing.
 */
#ifndef NOTIFY_PROGRESS_H
#define NOTIFY_PROGRESS_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct progress;

struct progress_mark {
    const char *receiver;
    uint64_t delivered; /* an ordinal: all up to it were taken */
};

/* ST_BAD: the file is none of ours; err says how to go on. */
CHECKED enum status progress_open(const char *dir, const char *journal_id,
                                  struct progress **ret, struct err *err);
void progress_free(struct progress *p); /* NULL is fine */
/* There was a file, whatever journal it is of. */
bool progress_is_there(const struct progress *p);
/* False: nothing is known of this receiver. */
bool progress_find(const struct progress *p, const char *receiver,
                   uint64_t *ret_delivered);
/* The text of the file with these marks. */
void progress_render(const struct progress *p, const struct progress_mark *mark,
                     size_t n, struct buf *out);
/* Blocks; on any thread, but only one at a time. */
CHECKED enum status progress_write(const struct progress *p, struct slice text,
                                   struct err *err);

#endif
