#include "heal/inside.h"

#include <stdio.h>

#define TIME_OF_DAY    11             /* in the text of an instant */
#define SOON_FOR       (5 * NSEC_SEC) /* what was said shows in the facts */
#define UNSENT_FOR     (5 * NSEC_SEC) /* twice as long each time, to this: */
#define UNSENT_FOR_MAX (60 * NSEC_SEC)

/* -- ordering -------------------------------------------------------------- */

bool heal_exhausted(struct step *s)
{
    return attempts_spent(&s->h->attempts, s->p->window, s->now) >=
           2 * s->p->attempts;
}

void heal_give_up(struct step *s)
{
    struct heal *h = s->h;
    char span[SPAN_MAX];

    say(h->reason, "%u attempt%s in %s, the last: %s", s->p->attempts,
        s->p->attempts == 1 ? "" : "s", say_span(s->p->window, span),
        h->last[0] ? h->last : h->cause);
    h->next_at = NSEC_MAX;
    heal_decided(s);
    heal_move(s, HEAL_GIVEN_UP, HEAL_TELLS, true);
}

/* Told once as long as it waits; the reason is what it waits for by now. */
static void hinder(struct step *s, enum heal_hindrance what, const char *why)
{
    struct heal *h = s->h;
    bool again = what == NO_BREAKER && h->hindered_by != h->scope->since;

    say(h->reason, "%s", why);
    if (h->hindered & what && !again)
        return;
    h->hindered |= what;
    h->hindered_by = h->scope->since;
    heal_tell(s, HEAL_DECLINES, what != NO_TURN);
}

static void say_breaker(const struct heal_scope *scope, char why[HEAL_TEXT_MAX])
{
    char at[INSTANT_TEXT];

    instant_format(scope->until, at);
    if (scope->half_open)
        say(why, "waits for the breaker, which tries another first: %s",
            scope->why);
    else
        say(why, "waits for the breaker until %.8sZ: %s", at + TIME_OF_DAY,
            scope->why);
}

static bool hindered(struct step *s)
{
    struct heal *h = s->h;
    char why[HEAL_TEXT_MAX];

    h->parked = !judge_can_act(s);
    if (!s->f->engine_up) {
        hinder(s, NO_ENGINE, "the engine is not reachable");
        return true;
    }
    if (s->f->act_denied) {
        hinder(s, NO_RIGHT,
               s->f->act_off ? "observes only, as it was told to"
                             : "observes only: the engine denies it to act");
        return true;
    }
    if (!breaker_lets(s, &h->next_at)) {
        say_breaker(h->scope, why);
        hinder(s, NO_BREAKER, why);
        return true;
    }
    if (!turns_take(h->scope->turns, s->now, &h->next_at)) {
        hinder(s, NO_TURN, "waits for its turn: others are being started");
        return true;
    }
    return false;
}

static void order(struct step *s, enum heal_act act, uint32_t spent)
{
    struct heal *h = s->h;
    uint32_t number = attempts_number(&h->attempts);

    memcpy(h->order_id, h->id, sizeof(h->id));
    h->order = (struct heal_order){
        .act = act,
        .attempt = number,
        .attempts = number - 1 + (2 * s->p->attempts - spent + 1) / 2,
        .at = s->now,
        .container = slice_str(h->order_id),
        .status = s->f->status,
        .started_at = s->f->started_at,
        .finished_at = s->f->finished_at,
        .reason = slice_str(h->cause),
    };
    h->tried = h->has_turn = true;
    h->after_stop = h->by_person;
    h->dry_run = s->f->dry_run;
    h->up_at = h->up_life = 0;
    h->own_stop |= act == HEAL_RESTART;
    h->makes = act == HEAL_RECREATE;
    attempts_add(&h->attempts, s->now, s->f->oom ? 4 : 2);
    if (h->unsent) { /* what was told goes on */
        heal_pass(s, HEAL_ACTING);
        h->told = HEAL_ACTING;
        return;
    }
    say(h->reason, "%s%s", h->cause, s->f->oom ? " (counts double)" : "");
    heal_move(s, HEAL_ACTING, HEAL_ORDERS, false);
}

void heal_try(struct step *s, enum heal_act act)
{
    uint32_t spent = attempts_spent(&s->h->attempts, s->p->window, s->now);

    if (spent >= 2 * s->p->attempts)
        heal_give_up(s);
    else if (!hindered(s))
        order(s, act, spent);
}

void do_turn(struct step *s)
{
    heal_try(s, s->h->state == HEAL_FROZEN ? HEAL_RESTART : HEAL_START);
}

/* -- what came of it ------------------------------------------------------- */

/* h->reason says how it failed; in vain: though the engine did its part. */
static void note_failure(struct step *s, bool in_vain)
{
    s->h->failed++;
    say(s->h->last, "%s", s->h->reason);
    if (in_vain)
        breaker_failed(s);
}

static void fail(struct step *s, enum heal_state to, bool in_vain)
{
    note_failure(s, in_vain);
    heal_decided(s);
    heal_move(s, to, HEAL_TELLS, true);
}

/* Where an act is tried again. */
static const enum heal_state back_to[] = {
    [HEAL_START] = HEAL_WAITING,
    [HEAL_RESTART] = HEAL_FROZEN,
    [HEAL_RECREATE] = HEAL_MISSING,
};

/* To be tried again after a back-off, if there are attempts left. */
static void fail_for_now(struct step *s, bool in_vain)
{
    struct heal *h = s->h;

    h->next_at = nsec_add(s->now, attempts_backoff(s));
    if (h->order.act != HEAL_RECREATE && heal_exhausted(s)) {
        note_failure(s, in_vain);
        heal_give_up(s);
    } else {
        fail(s, back_to[h->order.act], in_vain);
    }
}

/* -- what was not sent: it costs no attempt -------------------------------- */

static nsec unsent_for(uint32_t times)
{
    nsec wait_for = UNSENT_FOR;

    for (; times && wait_for < UNSENT_FOR_MAX; times--)
        wait_for *= 2;
    return wait_for < UNSENT_FOR_MAX ? wait_for : UNSENT_FOR_MAX;
}

/* Soon, then ever more seldom; told once for as long as it is the same. */
static void try_again(struct step *s)
{
    struct heal *h = s->h;
    bool again = h->unsent && h->unsent_for == s->f->result;
    unsigned hindered = h->hindered;
    uint32_t times = h->unsent;

    h->next_at = nsec_add(s->now, unsent_for(times));
    heal_decided(s);
    heal_pass(s, back_to[h->order.act]);
    h->hindered = hindered;
    h->unsent = times + 1;
    h->unsent_for = s->f->result;
    if (s->f->result == HEAL_UNREACHABLE)
        h->hindered |= NO_ENGINE;
    if (again)
        h->told = h->state;
    else
        heal_tell(s, HEAL_TELLS, true);
}

/* Once is enough to show what would be done. */
static void rehearse(struct step *s)
{
    static const struct {
        enum heal_state to;
        const char *done;
    } ends[] = {
        [HEAL_START] = { HEAL_BLOCKED, "started" },
        [HEAL_RESTART] = { HEAL_FROZEN, "restarted" },
        [HEAL_RECREATE] = { HEAL_MISSING, "made anew" },
    };

    struct heal *h = s->h;
    bool over = judge_dry_run_is_over(s);

    h->next_at = over ? s->now : NSEC_MAX;
    say(h->reason, "dry run: it would have been %s", ends[h->order.act].done);
    heal_decided(s);
    heal_move(s, ends[h->order.act].to, HEAL_TELLS, false);
    h->rehearsed = !over;
}

/* -- results --------------------------------------------------------------- */

enum cost { NOTHING, AN_ATTEMPT, IN_VAIN };

/* The table of results: what each of them means. */
static const struct outcome {
    enum heal_state to; /* WAITING: to where it is tried again */
    nsec look_for;      /* looks again after; 0: does not by itself */
    enum cost cost;     /* IN_VAIN: the breaker counts it */
    const char *text;
} outcomes[HEAL_RESULTS] = {
    [HEAL_STARTED] = { HEAL_VERIFYING, 0, AN_ATTEMPT, "started" },
    [HEAL_RUNS] = { HEAL_VERIFYING, 0, AN_ATTEMPT, "runs already" },
    [HEAL_CHANGED] = { HEAL_WAITING, 0, NOTHING,
                       "nothing was done, it is not as it was" },
    [HEAL_NOT_THERE] = { HEAL_MISSING, SOON_FOR, AN_ATTEMPT,
                         "the engine does not know it" },
    [HEAL_NETWORK] = { HEAL_BLOCKED, NSEC_MAX, IN_VAIN, "its network is gone" },
    [HEAL_PORT] = { HEAL_BLOCKED, NSEC_MAX, IN_VAIN, "its port is taken" },
    [HEAL_WAS_PAUSED] = { HEAL_HELD, NSEC_MAX, NOTHING, "it is paused" },
    [HEAL_BEING_REMOVED] = { HEAL_BLOCKED, SOON_FOR, AN_ATTEMPT,
                             "it is being removed" },
    [HEAL_CONFIG] = { HEAL_GIVEN_UP, 0, IN_VAIN, "no attempt can help" },
    [HEAL_DENIED] = { HEAL_WAITING, 0, NOTHING, "the engine denies it to act" },
    [HEAL_REFUSED] = { HEAL_WAITING, 0, IN_VAIN, "the engine refuses" },
    [HEAL_TIMEOUT] = { HEAL_WAITING, 0, IN_VAIN, "the engine did not answer" },
    [HEAL_UNREACHABLE] = { HEAL_WAITING, 0, NOTHING,
                           "the engine is not reachable" },
    [HEAL_DRY_RUN] = { HEAL_BLOCKED, 0, NOTHING, "dry run" },
    [HEAL_UNFAITHFUL] = { HEAL_MISSING, 0, AN_ATTEMPT,
                          "cannot be recreated as it was" },
};

static void verify(struct step *s)
{
    struct heal *h = s->h;

    if (h->order.act == HEAL_RECREATE) {
        h->made_at[1] = h->made_at[0];
        h->made_at[0] = h->order.at;
    }
    heal_move(s, HEAL_VERIFYING, HEAL_TELLS, false);
}

/* To a state in which something else has to change first. */
static void leave_it(struct step *s, const struct outcome *o)
{
    struct heal *h = s->h;
    nsec look_for =
        o->look_for < s->p->max_backoff ? o->look_for : s->p->max_backoff;

    h->next_at = o->look_for ? nsec_add(s->now, look_for) : NSEC_MAX;
    h->hold = HOLD_REFUSED;
    h->missed = false;
    if (o->cost != NOTHING)
        note_failure(s, o->cost == IN_VAIN);
    heal_decided(s);
    heal_move(s, o->to, HEAL_TELLS, true);
}

void do_done(struct step *s)
{
    const struct outcome *o = &outcomes[s->f->result];

    say_result(s, o->text);
    if (o->to != HEAL_VERIFYING)
        s->h->after_stop = false;
    if (o->cost == NOTHING)
        attempts_take_back(&s->h->attempts, s->h->order.at);
    if (s->f->result == HEAL_DRY_RUN)
        rehearse(s);
    else if (o->to == HEAL_VERIFYING)
        verify(s);
    else if (o->to != HEAL_WAITING)
        leave_it(s, o);
    else if (o->cost == NOTHING)
        try_again(s);
    else
        fail_for_now(s, o->cost == IN_VAIN);
}

/* Recorded by another monitor, or by one that crashed: the facts tell. */
void heal_take_back(struct heal *h)
{
    if (h->state != HEAL_ACTING)
        return;
    turns_give(h->scope->turns);
    h->has_turn = false;
    h->state = h->told = back_to[h->order.act];
    h->next_at = nsec_add(h->order.at, HEAL_RESULT_FOR);
}

void do_late(struct step *s)
{
    if (judge_was_started(s)) {
        say(s->h->reason, "%s; what the engine answered is not known",
            s->f->status == HEAL_RUNNING ? "runs again" : "has run again");
        verify(s);
        return;
    }
    say(s->h->reason, "no answer from the engine");
    fail_for_now(s, true);
}

/* While it is made there may be none, or one that was not started yet. */
void do_form(struct step *s)
{
    const struct heal *h = s->h;

    if (h->order.act == HEAL_RECREATE && !h->up_life)
        return;
    if (s->f->status == HEAL_GONE)
        do_lost(s);
    else
        do_rest(s);
}

/* -- verifying ------------------------------------------------------------- */

void do_seen(struct step *s)
{
    const struct heal_facts *f = s->f;
    struct heal *h = s->h;

    if (f->started_at == h->order.started_at)
        return;
    if (h->up_life != f->started_at) {
        h->up_life = f->started_at;
        h->up_at = s->now;
    }
    if (judge_is_stale(s) || s->now < judge_steady_at(s) ||
        (f->has_probe && !judge_answers(s)))
        return;
    h->revived++;
    breaker_succeeded(h);
    heal_recover(s, f->has_probe ? "runs and answers" : "runs");
}

void do_died(struct step *s)
{
    const struct heal_facts *f = s->f;
    struct heal *h = s->h;
    char span[SPAN_MAX];

    if (f->started_at == h->order.started_at)
        return; /* the facts do not have the start yet */
    h->fell_at = s->now;
    h->own_stop = false;
    h->with_engine = judge_with_engine(s);
    h->by_person = judge_by_person(s);
    say_cause(s);
    if (h->by_person || h->with_engine) {
        say(h->reason, "%s", h->cause);
        heal_suspect(s, true);
        return;
    }
    say(h->reason, "died again after %s: %s",
        say_span(nsec_sub(f->finished_at, f->started_at), span), h->cause);
    fail(s, HEAL_SUSPECT, true);
}

static void does_not_answer(struct step *s)
{
    struct heal *h = s->h;
    char span[SPAN_MAX], what[SPAN_MAX + 32];

    attempts_halve_last(&h->attempts);
    h->next_at = s->p->restart_unhealthy ? nsec_add(s->now, attempts_backoff(s))
                                         : NSEC_MAX;
    snprintf(what, sizeof(what), "did not answer within %s",
             say_span(judge_verify_for(s), span));
    say_silent(s, what);
    say(h->reason, "%s", h->cause);
    fail(s, HEAL_FROZEN, true);
}

void do_wait(struct step *s)
{
    struct heal *h = s->h;

    if (judge_deadline(s) > s->now)
        return;
    if (h->up_at && s->f->status == HEAL_RUNNING) {
        does_not_answer(s);
        return;
    }
    say(h->reason, "was started, but is not seen to run");
    fail_for_now(s, true);
}
