/*
 * amount.h - what counters count in: integers of 10^-6 in 128 bits.
 *
 * Adding binary floats depends on the order; adding integers does not.  More
 * than six decimals are cut off, amounts of 10^18 and beyond are refused, and
 * a sum that would pass 128 bits stays at the end of the range.
 */
#ifndef BASE_AMOUNT_H
#define BASE_AMOUNT_H

#include "buf.h"
#include "slice.h"
#include "status.h"

#define AMOUNT_UNIT 1000000 /* parts in one */
#define AMOUNT_TEXT 48      /* bytes amount_write() may add */

typedef __int128 amount;

/* A JSON number's text.  ST_LIMIT: its size is 10^18 or more. */
CHECKED enum status amount_parse(struct slice number, amount *ret);
amount amount_add(amount a, amount b);
/* The shortest JSON number: "-1.5", "3". */
void amount_write(amount a, struct buf *out);

#endif
