/*
 * address.h - the URL of a receiver: is it one, and what of it may be shown.
 */
#ifndef NOTIFY_ADDRESS_H
#define NOTIFY_ADDRESS_H

#include "base/buf.h"
#include "notify/notify.h"

/*
 * http:// or https://, a host, perhaps a user, a port and a path; of a webhook
 * also a query.  ST_BAD: err says what is wrong, without any secret.
 */
CHECKED enum status address_check(enum receiver_kind kind, struct slice url,
                                  struct err *err);
/* Appends it without user, password and query, where secrets may be. */
void address_show(struct slice url, struct buf *out);

#endif
