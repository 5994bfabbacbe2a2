#include "clock.h"

nsec clock_step(struct clock *c, nsec wall, nsec mono)
{
    if (wall > c->at)
        c->at = wall;
    else if (mono > c->mono)
        c->at = nsec_add(c->at, mono - c->mono);
    c->mono = mono;
    return c->at;
}
