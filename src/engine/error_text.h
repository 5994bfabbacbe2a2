/*
 * error_text.h - what an error says, and what it has in common with others.
 */
#ifndef ENGINE_ERROR_TEXT_H
#define ENGINE_ERROR_TEXT_H

#include "base/buf.h"
#include "data/tape.h"

#define ERROR_MESSAGE_MAX 8192 /* bytes; more is cut off */
#define ERROR_SHAPE_MAX   200

/*
 * Appends the message of a logged value: a text itself; of an object the
 * first of message, msg, error, err, exception, reason that is a text or an
 * object with a message; else the value as canonical JSON.
 */
void error_message(const struct tape *tape, size_t at, struct buf *out);

/*
 * Appends the message without what differs from one occurrence to the next:
 * runs of digits become N, UUIDs and hexadecimal of 8 and more digits X,
 * quotations with a digit in them X too, blanks one space.
 */
void error_shape(struct slice message, struct buf *out);

#endif
