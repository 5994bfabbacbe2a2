/*
 * evaluate.h - one expression over one state, by hand.
 */
#ifndef APP_EVALUATE_H
#define APP_EVALUATE_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/status.h"

#include <stdbool.h>

struct evaluate_options {
    const char *text;
    const char *state; /* a file that offline.h reads, "-", or NULL */
    bool has_now, colour;
    nsec now_at;
};

/*
 * ST_OK: out has the value as JSON.  ST_NONE: out has the error it ended in.
 * ST_BAD: the expression is wrong.  Anything else: err says why the state
 * cannot be read.  problems says where and why, and warns of what is right.
 */
CHECKED enum status evaluate_expression(const struct evaluate_options *options,
                                        struct buf *out, struct buf *problems,
                                        struct err *err);

#endif
