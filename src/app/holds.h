/*
 * holds.h - containers that an operator wants as they are.
 *
 *   docker.holds.NAME {at, by, until, why}   with a lease, if it is for a time
 *   docker.releases.NAME {at, by}     the end of it, and of attempts counted
 *
 * NAME is "*" for all.  To release all is to release each.  A container may be
 * called by its id or the beginning of it, 4 digits and more, too.
 */
#ifndef APP_HOLDS_H
#define APP_HOLDS_H

#include "app/ledger.h"
#include "app/pending.h"
#include "core/core.h"
#include "httpd/httpd.h"

/* All of them in one shard.  ST_NONE: one of the names is nobody's, ST_BAD: an
 * id might be of several, and nothing is done; else as intake->line(). */
CHECKED enum status holds_take(const struct core *core,
                               const struct ledger *ledger,
                               struct pending *pending,
                               const struct httpd_hold *what,
                               uint64_t *ret_ticket, struct err *err);
/* Those for a time end that much later; now is log time, and they all stand. */
void holds_extend(const struct core *core, struct ledger *ledger, nsec now,
                  nsec by);
/*
 * What has become of each, a line of
 *
 *   {"container","held","until","why","was","state","exit_code","rule",
 *    "follows"}
 *
 * was: the hold that this one replaced, or ended; follows: what revival does
 * now, in words.  A container that is released stays held while all are.
 */
void holds_tell(const struct core *core, const struct httpd_hold *what,
                struct buf *out);

#endif
