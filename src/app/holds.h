/*
 * holds.h - containers that an operator wants as they are.
 *
 *   docker.holds.NAME {at, by, why}   with a lease, if it is for a time
 *   docker.releases.NAME {at, by}     the end of it, and of attempts counted
 *
 * NAME is "*" for all.  To release all is to release each.
 */
#ifndef APP_HOLDS_H
#define APP_HOLDS_H

#include "app/ledger.h"
#include "core/core.h"
#include "httpd/httpd.h"

/* ST_NONE: there is no such container; else as intake->line(). */
CHECKED enum status holds_take(const struct core *core,
                               const struct ledger *ledger,
                               const struct httpd_hold *what,
                               uint64_t *ret_ticket, struct err *err);
/*
 * {"container","held","until","why","state","revival"}: what has become of it.
 * A container that is released stays held while all are.
 */
void holds_tell(const struct core *core, const struct httpd_hold *what,
                struct buf *out);

#endif
