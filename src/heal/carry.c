#include "heal/inside.h"

#include <stdio.h>

struct slice heal_container(const struct heal *h)
{
    return slice_str(h->id);
}

bool heal_remembers(const struct heal *h)
{
    return h->attempts.n || h->obeyed || h->after_stop || h->stop_revived_at ||
           h->made_at[0] || h->held_as[0];
}

void heal_rename(struct heal *h, struct slice held_as)
{
    heal_take_back(h);
    h->released_at = NSEC_MAX; /* what was released was another */
    if (!held_as.n)
        return;
    held_as = say_cut(held_as);
    snprintf(h->held_as, sizeof(h->held_as), "%.*s", SLICE_ARG(held_as));
    h->held_life = h->life.raw;
}

static void copy_attempts(struct heal *to, const struct heal *from)
{
    attempts_forget(&to->attempts);
    for (size_t i = 0; i < from->attempts.n; i++)
        attempts_add(&to->attempts, from->attempts.list[i].at,
                     from->attempts.list[i].halves);
}

void heal_inherit(struct heal *to, const struct heal *from)
{
    copy_attempts(to, from);
    memcpy(to->id, from->id, sizeof(to->id));
    memcpy(to->last, from->last, sizeof(to->last));
    memcpy(to->held_as, from->held_as, sizeof(to->held_as));
    memcpy(to->made_at, from->made_at, sizeof(to->made_at));
    to->id_hash = from->id_hash;
    to->quiet = from->quiet;
    to->life = from->life;
    to->answer = from->answer;
    to->held_life = from->held_life;
    to->pardoned = from->pardoned;
    to->tried = from->tried;
    to->own_stop = from->own_stop;
    to->obeyed = from->obeyed;
    to->obeyed_life = from->obeyed_life;
    to->after_stop = from->after_stop;
    to->order.started_at = from->order.started_at;
    to->stop_revived_at = from->stop_revived_at;
}
