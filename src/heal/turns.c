#include "heal/inside.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#define OUT_MAX    2
#define PACE_FOR   NSEC_SEC
#define LOOK_AGAIN NSEC_SEC /* while all are taken */

struct heal_turns {
    uint32_t out;
    nsec next_at; /* not before that */
};

struct heal_turns *heal_turns_new(void)
{
    return xcalloc(1, sizeof(struct heal_turns));
}

void heal_turns_free(struct heal_turns *turns)
{
    free(turns);
}

bool turns_take(struct heal_turns *t, nsec now, nsec *ret_at)
{
    if (t->out == OUT_MAX || now < t->next_at) {
        *ret_at = now < t->next_at ? t->next_at : nsec_add(now, LOOK_AGAIN);
        return false;
    }
    t->out++;
    t->next_at = nsec_add(now, PACE_FOR);
    return true;
}

void turns_give(struct heal_turns *t)
{
    assert(t->out);
    t->out--;
}
