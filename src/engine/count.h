/*
 * count.h - what the files of the count rules share.
 *
 * The values of a rule's labels stand one behind the other in a buffer, each
 * behind its length.
 */
#ifndef ENGINE_COUNT_H
#define ENGINE_COUNT_H

#include "inside.h"

/* Cuts the value at PATH_KEY_MAX bytes. */
void count_label_put(struct buf *labels, struct slice value);

/*
 * What leases that ran out left of the value's path, as far as the banks can
 * tell: the value is a plain path, of the element or of its place in the
 * state, and there is no `when`.  A label that is the key of a star has the
 * value "(expired)" where the bank no longer knows the key, and so has every
 * other label.  Told in an order that depends on the labels alone.
 */
void count_banked(const struct engine *e, const struct live *l,
                  void (*found)(void *self, struct slice labels, amount by),
                  void *self);

#endif
