#include "app/outage.h"

#include <string.h>

bool outage_failed(struct outage *o, nsec now, const struct err *why,
                   unsigned *ret_times)
{
    bool same = o->said && strcmp(o->why.text, why->text) == 0;

    o->good_at = 0;
    o->times++;
    if (same && now - o->said_at < OUTAGE_AGAIN)
        return false;
    *ret_times = same ? o->times : 0;
    o->since = o->said ? o->since : now;
    o->said = true;
    o->said_at = now;
    o->times = 0;
    o->why = *why;
    return true;
}

void outage_wrote(struct outage *o, nsec now)
{
    if (o->said && !o->good_at)
        o->good_at = now;
}

bool outage_over(struct outage *o, nsec now, nsec *ret_lasted)
{
    if (!o->good_at || now - o->good_at < OUTAGE_CALM)
        return false;
    *ret_lasted = o->good_at - o->since;
    *o = (struct outage){ 0 };
    return true;
}
