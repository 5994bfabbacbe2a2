/*
 * json.h - JSON text in one canonical form, and small steps through raw text.
 *
 * Canonical: keys sorted by their UTF-8 bytes, no spaces, numbers as they
 * were written, strings with the escapes \" \\ \n \t \b \f \r and \u00xx for
 * the other controls, everything else as it is.
 */
#ifndef DATA_JSON_H
#define DATA_JSON_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "data/tape.h"

/* Appends s, which must be valid UTF-8, in quotes. */
void json_string(struct slice s, struct buf *out);
/* Appends the value at index i of the tape. */
void json_value(const struct tape *tape, size_t i, struct buf *out);

/*
 * Splits an array in raw text.  *rest begins as the whole text; each call
 * steps over one item, blanks trimmed, without judging it.  ST_END after the
 * closing bracket; ST_BAD if this is no array or it is not closed.
 */
CHECKED enum status json_array_next(struct slice *rest, struct slice *ret_item,
                                    struct err *err);

/* s without the JSON blanks (space, tab, CR, LF) around it. */
struct slice json_trim(struct slice s);

#endif
