/*
 * limits.h - the bounds of core/event.h by name, for flags and configuration.
 */
#ifndef APP_LIMITS_H
#define APP_LIMITS_H

#include "core/event.h"
#include "base/buf.h"
#include "base/status.h"

/* "nodes=5000000"; spans as 24h.  ST_BAD names what can be set. */
CHECKED enum status limits_set(struct limits *l, struct slice assignment,
                               struct err *err);

#endif
