/*
 * clock.h - log time: wall time that never runs backwards.
 *
 * While the wall clock is behind what log time was already (somebody set it,
 * or the machine booted with a wrong one), log time goes on at the pace of the
 * monotonic clock until the wall clock has caught up.  Otherwise every line
 * stamped in between would be late, and no lease would run out.
 *
 * When the wall clock goes forward at once (it was set, or the machine slept),
 * log time keeps its pace for CLOCK_GRACE more and follows then: what must not
 * run out by that can be seen to, and a step that is taken back is none.
 */
#ifndef APP_CLOCK_H
#define APP_CLOCK_H

#include "base/instant.h"

#define CLOCK_GRACE (2 * NSEC_SEC)
#define CLOCK_LEAP  (5 * NSEC_SEC) /* less is the clock being steered */

struct clock {
    nsec at;          /* log time */
    nsec mono;        /* when that was, monotonic */
    nsec wall;        /* and what the wall clock said; 0: never read */
    nsec grace_until; /* monotonic; 0: there is no leap */
};

/* Log time now; wall and mono are read at the same instant. */
nsec clock_step(struct clock *c, nsec wall, nsec mono);
/* How far log time is about to go forward at once; 0: it is not. */
nsec clock_leap(const struct clock *c);

#endif
