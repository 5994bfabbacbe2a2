/*
 * inflate.h - gzip (RFC 1952) expanded as it arrives, members in a row.
 */
#ifndef HTTPD_INFLATE_H
#define HTTPD_INFLATE_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater *z); /* NULL is fine */

/*
 * Appends what chunk expands to.  ST_LIMIT: out is full; ST_BAD: no gzip, err
 * says at which byte it stops making sense.
 */
CHECKED enum status inflater_feed(struct inflater *z, struct slice chunk,
                                  struct buf *out, struct err *err);
/* ST_BAD if a member was begun and not finished. */
CHECKED enum status inflater_end(const struct inflater *z, struct err *err);

#endif
