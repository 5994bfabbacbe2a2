#include "clock.h"

#include <stdbool.h>

/* At its own pace. */
static nsec next_of(const struct clock *c, nsec mono)
{
    return mono > c->mono ? nsec_add(c->at, mono - c->mono) : c->at;
}

static bool in_grace(struct clock *c, nsec wall, nsec mono)
{
    if (!c->wall || wall - next_of(c, mono) <= CLOCK_LEAP)
        return false;
    if (!c->grace_until)
        c->grace_until = nsec_add(mono, CLOCK_GRACE);
    return mono < c->grace_until;
}

nsec clock_step(struct clock *c, nsec wall, nsec mono)
{
    if (in_grace(c, wall, mono)) {
        c->at = next_of(c, mono);
    } else {
        c->grace_until = 0;
        c->at = wall > c->at ? wall : next_of(c, mono);
    }
    c->mono = mono;
    c->wall = wall;
    return c->at;
}

nsec clock_leap(const struct clock *c)
{
    return c->grace_until ? c->wall - c->at : 0;
}
