#include "heal/inside.h"

#include <stdio.h>
#include <utlist.h>

#define LOOK_AGAIN   (5 * NSEC_SEC) /* while another is on trial */
#define PERCENT_FROM 3              /* so few are no share of anything */
#define TOGETHER_FOR (10 * NSEC_SEC)
#define TRIAL_FOR    (120 * NSEC_SEC) /* an order and its result, verified */

/* Will it, or may it still, want to act? */
static bool wants(const struct heal *h)
{
    switch (h->state) {
    case HEAL_SUSPECT:
    case HEAL_WAITING:
    case HEAL_ACTING:
    case HEAL_VERIFYING:
        return true;
    case HEAL_FROZEN:
    case HEAL_MISSING:
    case HEAL_BLOCKED:
        return h->next_at != NSEC_MAX;
    default:
        return false;
    }
}

/* Is it about to act, or has it to be seen what came of that? */
static bool tries(const struct heal *h)
{
    return wants(h) && h->state != HEAL_SUSPECT && h->state != HEAL_BLOCKED;
}

static void close_breaker(struct heal_scope *scope)
{
    scope->open = scope->half_open = scope->avalanche = false;
    scope->trial = NULL;
    scope->since = scope->until = 0;
}

static void open_breaker(const struct step *s)
{
    struct heal_scope *scope = s->h->scope;

    scope->open = true;
    scope->half_open = scope->avalanche = false;
    scope->trial = NULL;
    scope->since = s->now;
    scope->until = nsec_add(s->now, s->p->breaker_open);
}

void breaker_settle(struct heal *h)
{
    struct heal_scope *scope = h->scope;
    const struct heal *other;

    if (!scope->open)
        return;
    if (scope->trial == h && !tries(h))
        scope->trial = NULL;
    DL_FOREACH(scope->list, other)
    if (wants(other))
        return;
    close_breaker(scope);
}

void breaker_release(const struct step *s)
{
    struct heal_scope *scope = s->h->scope;

    if (s->f->released_all_at <= scope->released_at)
        return;
    scope->released_at = s->f->released_all_at;
    close_breaker(scope);
}

static bool fell_lately(const struct heal *h, const struct step *s)
{
    return h->in_scope && h->down_since > h->scope->released_at &&
           !h->with_engine && wants(h) &&
           nsec_sub(s->now, h->down_since) < s->p->breaker_within;
}

/* How many of how many fell lately; are they too many at once? */
static bool is_avalanche(const struct step *s, uint32_t *down, uint32_t *all)
{
    const struct heal *h;

    *down = *all = 0;
    DL_FOREACH(s->h->scope->list, h)
    {
        *all += h->in_scope;
        *down += fell_lately(h, s);
    }
    return *down >= s->p->breaker_down ||
           (*down >= PERCENT_FROM &&
            (uint64_t)*down * 100 > (uint64_t)s->p->breaker_percent * *all);
}

void breaker_fell(const struct step *s)
{
    struct heal_scope *scope = s->h->scope;
    uint32_t down, all;

    if (!s->p->breaker_down || scope->open || !is_avalanche(s, &down, &all))
        return;
    open_breaker(s);
    scope->avalanche = true;
    snprintf(scope->why, sizeof(scope->why), "%u of %u are down", down, all);
}

void breaker_excuse(const struct step *s)
{
    uint32_t down, all;

    if (s->h->scope->avalanche && !is_avalanche(s, &down, &all))
        close_breaker(s->h->scope);
}

void breaker_failed(const struct step *s)
{
    struct heal_scope *scope = s->h->scope;
    uint32_t failing = 0;
    const struct heal *h;

    s->h->failing = true;
    if (scope->trial == s->h) {
        open_breaker(s);
        snprintf(scope->why, sizeof(scope->why), "its trial with %.*s failed",
                 SLICE_ARG(say_cut(s->f->name)));
        return;
    }
    if (!s->p->breaker_failures || scope->open)
        return;
    DL_FOREACH(scope->list, h)
    failing += h->failing;
    if (failing < s->p->breaker_failures)
        return;
    open_breaker(s);
    snprintf(scope->why, sizeof(scope->why), "the revivals of %u failed",
             failing);
}

void breaker_succeeded(struct heal *h)
{
    struct heal *other;

    DL_FOREACH(h->scope->list, other)
    other->failing = false;
    if (h->scope->trial == h)
        close_breaker(h->scope);
}

/* One that does not come to an end must not keep the others waiting. */
static bool trial_is_on(const struct step *s)
{
    const struct heal_scope *scope = s->h->scope;
    nsec open_for = s->p->breaker_open;
    nsec end_at =
        nsec_add(scope->trial_at, open_for > TRIAL_FOR ? open_for : TRIAL_FOR);

    return scope->trial && tries(scope->trial) && s->now < end_at;
}

bool breaker_lets(const struct step *s, nsec *ret_at)
{
    struct heal_scope *scope = s->h->scope;

    if (!scope->open || scope->trial == s->h)
        return true;
    if (s->now < scope->until || trial_is_on(s)) {
        *ret_at =
            s->now < scope->until ? scope->until : nsec_add(s->now, LOOK_AGAIN);
        return false;
    }
    scope->half_open = true;
    scope->trial = s->h;
    scope->trial_at = s->now;
    return true;
}

void scope_lost(struct heal *h, nsec now)
{
    struct heal_scope *scope = h->scope;
    bool soon = scope->nlost && nsec_sub(now, scope->lost_at) <= TOGETHER_FOR;
    struct heal *other;

    scope->nlost = soon ? scope->nlost + 1 : 1;
    scope->lost_at = h->lost_at = now;
    h->lost_with = scope->nlost;
    DL_FOREACH(scope->list, other)
    if (other->state == HEAL_MISSING &&
        nsec_sub(now, other->lost_at) <= TOGETHER_FOR)
        other->lost_with = scope->nlost;
}
