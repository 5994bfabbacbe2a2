/*
 * format.h - "%d of %s".format([1, 'x']).
 */
#ifndef CEL_FORMAT_H
#define CEL_FORMAT_H

#include "cel/function.h"

#define FORMAT_PRECISION_MAX 1000

/* arg[0]: the template, arg[1]: the list.  %s of anything but optionals; %d
 * %f %e of numbers, with %.3f and the like; %b %o %x %X of integers, %b of
 * bools, %x of strings and bytes. */
struct cel_value cel_format(struct cel_context *cx, const struct cel_value *arg,
                            size_t n);

#endif
