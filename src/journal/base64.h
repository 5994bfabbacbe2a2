/*
 * base64.h - bytes that are no text, for a recording (RFC 4648 section 4,
 * with padding).
 */
#ifndef JOURNAL_BASE64_H
#define JOURNAL_BASE64_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

void base64_encode(struct slice bytes, struct buf *out);
/* ST_BAD: not base64; out may then hold a part. */
CHECKED enum status base64_decode(struct slice text, struct buf *out);

#endif
