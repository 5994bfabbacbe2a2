/*
 * clock.h - log time: wall time that never runs backwards.
 *
 * While the wall clock is behind what log time was already (somebody set it,
 * or the machine booted with a wrong one), log time goes on at the pace of the
 * monotonic clock until the wall clock has caught up.  Otherwise every line
 * stamped in between would be late, and no lease would run out.
 */
#ifndef APP_CLOCK_H
#define APP_CLOCK_H

#include "base/instant.h"

struct clock {
    nsec at;   /* log time */
    nsec mono; /* when that was, monotonic */
};

/* Log time now; wall and mono are read at the same instant. */
nsec clock_step(struct clock *c, nsec wall, nsec mono);

#endif
