/*
 * live.h - the machine fed from outside, in real time.
 *
 * Lines come in through the intake (core/port.h), are journalled in group
 * commits and merged only once they are on disk: so the state is always what
 * a replay of the journal would give, and after a failed write there is
 * nothing to take back.
 */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/config.h"

/* Runs until SIGINT or SIGTERM.  ST_OK, or why it could not start. */
CHECKED enum status live_run(const struct config *config, struct err *err);

#endif
