#include "heal/inside.h"

/* Others of the same deployment may be removed shortly after. */
#define TOGETHER_FOR (10 * NSEC_SEC)
#define MAKES_FOR    (60 * 60 * NSEC_SEC)

static bool lost_with_engine(const struct step *s)
{
    const struct heal *h = s->h;
    nsec at = s->f->destroy_at ? s->f->destroy_at : s->now;

    return h->engine_down_at &&
           at >= nsec_sub(h->engine_down_at, TOGETHER_FOR) &&
           (!h->engine_up_at || at <= nsec_add(h->engine_up_at, TOGETHER_FOR));
}

/* Why one in that state is not missed; NULL: it is. */
static const char *not_missed(const struct step *s)
{
    switch (s->h->state) {
    case HEAL_HELD:
        return "it was held";
    case HEAL_COMPLETED:
        return "it had ended well";
    case HEAL_GIVEN_UP:
        return "it had been given up";
    default:
        break;
    }
    if (!s->h->recreate_label)
        return "it had no label bladewatch.recreate=true";
    if (lost_with_engine(s))
        return "it went while the engine was down";
    return NULL;
}

void do_lost(struct step *s)
{
    struct heal *h = s->h;
    const char *why = not_missed(s);

    h->missed = s->p->recreate && !why;
    h->next_at = h->missed ? nsec_add(s->now, TOGETHER_FOR) : NSEC_MAX;
    if (!h->missed)
        h->down_since = 0;
    else if (!h->down_since)
        h->down_since = s->now;
    scope_lost(h, s->now);
    heal_decided(s);
    say(h->cause, "was removed");
    if (h->missed)
        say(h->reason, "was removed, and ought to be there");
    else if (s->p->recreate)
        say(h->reason, "was removed and is not recreated: %s", why);
    else
        say(h->reason, "was removed");
    heal_move(s, HEAL_MISSING, HEAL_TELLS, h->missed);
}

static void refuse(struct step *s)
{
    s->h->next_at = NSEC_MAX;
    s->h->missed = false;
    breaker_settle(s->h);
    heal_tell(s, HEAL_DECLINES, true);
}

static void make(struct step *s)
{
    struct heal *h = s->h;

    if (h->lost_with > 1) {
        say(h->reason,
            "is not recreated: %u were removed shortly after one another",
            h->lost_with);
        refuse(s);
    } else if (h->made_at[1] && nsec_sub(s->now, h->made_at[1]) < MAKES_FOR) {
        say(h->reason, "is not recreated: it was so twice within an hour");
        refuse(s);
    } else if (heal_exhausted(s)) {
        say(h->reason, "is not recreated: no attempt is left, the last: %s",
            h->last);
        refuse(s);
    } else {
        heal_try(s, HEAL_RECREATE);
    }
}

void do_make(struct step *s)
{
    struct heal *h = s->h;

    if (s->f->status != HEAL_GONE) {
        do_look(s);
        return;
    }
    if (!h->missed) {
        do_lost(s);
        return;
    }
    make(s);
}
