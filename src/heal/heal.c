#include "heal/inside.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

/* A step that changes the state more often than that goes on at the next. */
#define MOVES_MAX 8

static void stay(struct step *s)
{
    (void)s;
}

static heal_do *const deeds[HEAL_DEEDS] = {
    [STAY] = stay,    [QUIT] = do_quit, [OMIT] = do_omit, [HOLD] = do_hold,
    [LOST] = do_lost, [DEAD] = do_dead, [LOOP] = do_loop, [FALL] = do_fall,
    [RISE] = do_rise, [MUTE] = do_mute, [REST] = do_rest, [ANEW] = do_anew,
    [KEPT] = do_kept, [ENDS] = do_ends, [FORM] = do_form, [SEEN] = do_seen,
    [DIED] = do_died, [TALK] = do_talk, [FREE] = do_free, [SWAP] = do_swap,
    [OVER] = do_over, [DONE] = do_done, [LATE] = do_late, [SURE] = do_sure,
    [TURN] = do_turn, [MAKE] = do_make, [WAIT] = do_wait, [LOOK] = do_look,
    [WELL] = do_well,
};

struct heal_scope *heal_scope_new(struct heal_turns *turns)
{
    struct heal_scope *scope = xcalloc(1, sizeof(*scope));

    scope->turns = turns;
    return scope;
}

void heal_scope_free(struct heal_scope *scope)
{
    if (!scope)
        return;
    assert(!scope->list);
    free(scope);
}

struct heal *heal_new(struct heal_scope *scope, uint64_t seed)
{
    struct heal *h = xcalloc(1, sizeof(*h));

    h->scope = scope;
    h->seed = seed;
    h->next_at = h->due_at = NSEC_MAX;
    DL_APPEND(scope->list, h);
    return h;
}

void heal_free(struct heal *h)
{
    if (!h)
        return;
    heal_leave(h);
    DL_DELETE(h->scope->list, h);
    attempts_release(&h->attempts);
    free(h);
}

static void give_turn(struct heal *h)
{
    if (h->has_turn)
        turns_give(h->scope->turns);
    h->has_turn = false;
}

void heal_leave(struct heal *h)
{
    give_turn(h);
    h->state = h->told = HEAL_OK;
    h->in_scope = false;
    h->down_since = 0;
    h->failing = false;
    h->next_at = h->due_at = NSEC_MAX;
    breaker_settle(h);
}

static void happens(struct step *s, enum heal_event event)
{
    deeds[heal_cell(s->h->state, event)](s);
}

void heal_step(struct heal *h, const struct heal_policy *policy,
               const struct heal_facts *facts, nsec now,
               const struct heal_sink *sink)
{
    struct step s = { h, policy, facts, now, sink };
    uint32_t before, first = h->moves;

    h->allowed = policy->attempts;
    if (!h->known)
        h->since = now;
    if (judge_replaced(&s))
        happens(&s, ON_REPLACED);
    breaker_release(&s);
    if (judge_released(&s))
        happens(&s, ON_RELEASE);
    judge_learn(&s);
    do {
        before = h->moves;
        happens(&s, judge_sight(&s));
        if (h->moves == before && judge_is_result(&s))
            happens(&s, ON_RESULT);
        if (h->moves == before && judge_deadline(&s) <= now)
            happens(&s, ON_TIME);
    } while (h->moves != before && h->moves - first < MOVES_MAX);
    h->due_at = judge_deadline(&s);
}

nsec heal_due(const struct heal *h)
{
    return h->due_at;
}

bool heal_idle(const struct heal *h)
{
    return h->due_at == NSEC_MAX && !h->rehearsed &&
           ((h->state == HEAL_OK && h->attempts.n == 0) ||
            h->state == HEAL_MISSING || h->state == HEAL_EXEMPT);
}

const struct heal_order *heal_order(const struct heal *h)
{
    return h->state == HEAL_ACTING ? &h->order : NULL;
}

struct heal_view heal_view(const struct heal *h)
{
    bool waits = h->state != HEAL_OK && h->due_at != NSEC_MAX;
    uint32_t counted = attempts_counted(&h->attempts);
    struct heal_view v = {
        .state = h->state,
        .since = h->since,
        .reason = slice_str(h->reason),
        .attempts = counted < h->allowed ? counted : h->allowed,
        .revived = h->revived,
        .failed = h->failed,
        .next_at = waits ? h->due_at : 0,
        .down_since = h->down_since,
        .by_person = h->by_person,
    };

    return v;
}

struct heal_scope_view heal_scope_view(const struct heal_scope *scope)
{
    struct heal_scope_view v = {
        .breaker_open = scope->open,
        .half_open = scope->half_open,
        .breaker_since = scope->since,
        .breaker_until = scope->half_open ? 0 : scope->until,
    };
    const struct heal *h;

    DL_FOREACH(scope->list, h)
    {
        v.in_scope += h->in_scope;
        v.down += h->in_scope && h->down_since;
    }
    return v;
}

/* -- telling --------------------------------------------------------------- */

static bool about_attempt(enum heal_state from, enum heal_state to)
{
    return from == HEAL_ACTING || from == HEAL_VERIFYING || to == HEAL_ACTING;
}

void heal_tell(struct step *s, enum heal_verb verb, bool warning)
{
    struct heal *h = s->h;
    nsec due_at = judge_deadline(s);
    struct heal_decision d = {
        .verb = verb,
        .from = h->told,
        .to = h->state,
        .reason = slice_str(h->reason),
        .warning = warning,
    };

    if (about_attempt(d.from, d.to)) {
        d.attempt = h->order.attempt;
        d.attempts = h->order.attempts;
    }
    if (d.to != HEAL_OK && due_at > s->now && due_at != NSEC_MAX)
        d.next_at = due_at;
    if (verb == HEAL_RECOVERS)
        d.down_for = nsec_sub(s->now, h->down_since);
    h->told = d.to;
    s->sink->decide(s->sink->self, &d);
}

void heal_pass(struct step *s, enum heal_state to)
{
    struct heal *h = s->h;

    if (h->state == HEAL_ACTING)
        give_turn(h);
    h->state = to;
    h->since = s->now;
    h->moves++;
    h->parked = h->rehearsed = false;
    if (to != HEAL_ACTING) {
        h->hindered = 0;
        h->unsent = 0;
    }
    breaker_settle(h);
}

void heal_move(struct step *s, enum heal_state to, enum heal_verb verb,
               bool warning)
{
    heal_pass(s, to);
    heal_tell(s, verb, warning);
    if (to == HEAL_OK)
        s->h->down_since = s->h->fell_at = 0;
}
