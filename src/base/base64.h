/*
 * base64.h - bytes that are no text, as text (RFC 4648 section 4, with
 * padding).
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "buf.h"
#include "slice.h"
#include "status.h"

void base64_encode(struct slice bytes, struct buf *out);
/* ST_BAD: not base64; out may then hold a part. */
CHECKED enum status base64_decode(struct slice text, struct buf *out);

#endif
