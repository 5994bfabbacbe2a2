#include "heal/inside.h"

#define SECOND_STOP_FOR (300 * NSEC_SEC)
#define TOLD_FROM       (100 * NSEC_MSEC) /* less is not worth a word */

/* -- nothing is done until something changes ------------------------------- */

void heal_decided(struct step *s)
{
    s->h->decided_life = s->f->started_at;
    s->h->decided_status = s->f->status;
}

/* It has run in between, or was not down before. */
static bool is_news(const struct step *s)
{
    enum heal_status before = s->h->decided_status;
    bool was_down = before == HEAL_EXITED || before == HEAL_CREATED;

    return s->f->started_at != s->h->decided_life ||
           (!was_down && s->f->status != before);
}

/* To a state that lasts; what was planned is dropped. */
static void rest_in(struct step *s, enum heal_state to, bool warning)
{
    s->h->next_at = NSEC_MAX;
    heal_decided(s);
    heal_move(s, to, HEAL_TELLS, warning);
}

void do_quit(struct step *s)
{
    s->h->down_since = 0;
    say(s->h->reason, s->f->status == HEAL_GONE
                          ? "was removed"
                          : "is not in the scope of the rule any more");
    rest_in(s, HEAL_OK, false);
}

void do_omit(struct step *s)
{
    struct heal *h = s->h;
    char why[HEAL_TEXT_MAX];

    h->down_since = 0;
    say_exempt(s, why);
    if (h->state == HEAL_EXEMPT && strcmp(h->reason, why) == 0)
        return;
    say(h->reason, "%s", why);
    rest_in(s, HEAL_EXEMPT, s->f->exempt == HEAL_BAD_LABEL);
}

/* What is known of the death; more may come while it settles. */
static void judge(struct step *s)
{
    s->h->with_engine = judge_with_engine(s);
    s->h->by_person = judge_by_person(s);
    say_cause(s);
}

/* Once for each fall: it would be started, if nobody held it. */
static void leave_alone(struct step *s)
{
    struct heal *h = s->h;

    if (!h->down_since)
        h->down_since = s->now;
    if (!h->fell_at || is_news(s))
        h->fell_at = s->now;
    judge(s);
    say(h->reason, "%s; %s, left alone", h->cause, h->held);
    h->next_at = NSEC_MAX;
    heal_decided(s);
    heal_move(s, HEAL_HELD, HEAL_DECLINES, !h->by_person);
    h->left_alone = true;
    h->left_life = s->f->started_at;
}

void do_hold(struct step *s)
{
    struct heal *h = s->h;
    bool news = say_held(s) || h->state != HEAL_HELD;

    if (s->f->status == HEAL_RUNNING) {
        h->down_since = 0;
        h->left_alone = false;
    }
    h->hold = judge_held(s) ? HOLD_OPERATOR : HOLD_PAUSE;
    h->missed = false;
    if (judge_is_down(s)) {
        if (news || !h->left_alone || s->f->started_at != h->left_life)
            leave_alone(s);
        return;
    }
    say(h->reason, "%s", h->held);
    if (news)
        rest_in(s, HEAL_HELD, false);
}

void do_dead(struct step *s)
{
    bool dead = s->f->status == HEAL_DEAD;
    struct slice error = say_cut(s->f->error);

    say(s->h->reason, "%s%s%.*s",
        dead ? "could not be removed and is dead" : "is being removed",
        error.n ? ": " : "", SLICE_ARG(error));
    rest_in(s, HEAL_BLOCKED, dead);
}

void do_loop(struct step *s)
{
    struct heal *h = s->h;

    if (!h->down_since)
        h->down_since = s->now;
    if (h->state == HEAL_VERIFYING) {
        h->failed++;
        breaker_failed(s);
    }
    say(h->reason, judge_loops(s) ? "the engine restarts it again and again"
                                  : "the engine tries in vain to restart it");
    rest_in(s, HEAL_LOOPING, true);
}

void do_mute(struct step *s)
{
    struct heal *h = s->h;

    if (!h->down_since)
        h->down_since = s->now;
    h->with_engine = false;
    heal_decided(s);
    h->next_at = s->p->restart_unhealthy ? nsec_add(s->now, attempts_backoff(s))
                                         : NSEC_MAX;
    say_silent(s, "does not answer");
    say(h->reason, "%s", h->cause);
    heal_move(s, HEAL_FROZEN, HEAL_TELLS, true);
    if (s->p->restart_unhealthy)
        breaker_fell(s);
}

/* -- up -------------------------------------------------------------------- */

void heal_recover(struct step *s, const char *reason)
{
    struct heal *h = s->h;

    say(h->reason, "%s", reason);
    h->last[0] = '\0';
    h->by_person = h->own_stop = h->missed = false;
    heal_move(s, HEAL_OK, h->down_since ? HEAL_RECOVERS : HEAL_TELLS, false);
}

void do_rise(struct step *s)
{
    heal_recover(s, s->h->down_since ? "runs again" : "runs");
}

void do_talk(struct step *s)
{
    if (!s->f->has_probe || s->f->probe_ok)
        heal_recover(s, "answers again");
}

void do_rest(struct step *s)
{
    say(s->h->reason, "need not run");
    rest_in(s, HEAL_OK, false);
}

void do_well(struct step *s)
{
    struct heal *h = s->h;
    char span[SPAN_MAX];

    attempts_forget(&h->attempts);
    h->failing = false;
    h->stop_revived_at = 0;
    say(h->reason, "was well for %s, earlier attempts are forgotten",
        say_span(s->p->reset_after, span));
    heal_tell(s, HEAL_TELLS, false);
}

/* -- down ------------------------------------------------------------------ */

void heal_suspect(struct step *s, bool warning)
{
    heal_decided(s);
    heal_move(s, HEAL_SUSPECT, HEAL_TELLS, warning);
}

/* For as long as it is down, whatever was done to it or to the rules since. */
static void obey(struct step *s)
{
    struct heal *h = s->h;
    char span[SPAN_MAX];

    if (h->stop_revived_at)
        say(h->reason, "a person stopped it again %s after it was revived",
            say_span(nsec_sub(s->f->die_at, h->stop_revived_at), span));
    else
        say(h->reason, "a person stopped it");
    say(h->reason, "%s; docker start or 'bladewatch release %.*s' ends that",
        h->reason, SLICE_ARG(say_cut(s->f->name)));
    h->hold = HOLD_STOP;
    h->obeyed = true;
    h->obeyed_life = s->f->started_at;
    rest_in(s, HEAL_HELD, false);
}

void do_fall(struct step *s)
{
    struct heal *h = s->h;

    if (!h->down_since)
        h->down_since = s->now;
    if (judge_obeyed(s)) {
        judge(s);
        obey(s);
        return;
    }
    if (!h->fell_at || judge_restarting(s) || is_news(s))
        h->fell_at = s->now;
    judge(s);
    say(h->reason, "%s", h->cause);
    heal_suspect(s, !judge_ended_well(s));
    breaker_fell(s);
}

void do_anew(struct step *s)
{
    if (!is_news(s))
        return;
    if (judge_sight(s) == SEE_SILENT)
        do_mute(s);
    else
        do_fall(s);
}

void do_kept(struct step *s)
{
    struct heal *h = s->h;

    if (h->hold == HOLD_STOP || h->hold == HOLD_REFUSED) {
        do_anew(s);
        return;
    }
    do_fall(s);
}

void do_ends(struct step *s)
{
    if (!judge_ended_well(s))
        do_fall(s);
}

/* By the engine's clock, which has told of both. */
static bool is_second_stop(const struct step *s)
{
    nsec revived_at = s->h->stop_revived_at;

    return revived_at && s->f->die_at >= revived_at &&
           nsec_sub(s->f->die_at, revived_at) <= SECOND_STOP_FOR;
}

static bool is_to_be_obeyed(const struct step *s)
{
    if (judge_obeyed(s))
        return true;
    return s->h->by_person &&
           (s->p->on_stop == HEAL_RESPECT ||
            (s->p->on_stop == HEAL_SECOND_STOP_HOLDS && is_second_stop(s)));
}

void do_sure(struct step *s)
{
    struct heal *h = s->h;
    char span[SPAN_MAX];

    if (judge_restarting(s)) {
        do_loop(s);
        return;
    }
    judge(s);
    if (is_to_be_obeyed(s)) {
        obey(s);
        return;
    }
    if (judge_ended_well(s)) {
        say(h->reason, "ended well (exit code 0) and need not run again");
        h->down_since = 0;
        rest_in(s, HEAL_COMPLETED, false);
        return;
    }
    if (heal_exhausted(s)) {
        heal_give_up(s);
        return;
    }
    heal_decided(s);
    h->next_at = nsec_add(h->fell_at, attempts_backoff(s));
    heal_pass(s, HEAL_WAITING);
    if (h->next_at < nsec_add(s->now, TOLD_FROM))
        return;
    say(h->reason, "%s; waits %s before it is started again", h->cause,
        say_span(nsec_sub(h->next_at, s->now), span));
    heal_tell(s, HEAL_TELLS, false);
}

/* -- what an operator or a deployment changes ------------------------------ */

void do_free(struct step *s)
{
    struct heal *h = s->h;

    attempts_forget(&h->attempts);
    h->failing = false;
    h->stop_revived_at = 0;
    h->obeyed = h->after_stop = false;
    h->held_as[0] = '\0';
    h->pardoned = s->f->die_at;
    h->hold = NO_HOLD;
    h->decided_life = -1; /* whatever is seen is news */
}

void do_swap(struct step *s)
{
    struct heal *h = s->h;

    do_free(s);
    h->pardoned = 0;
    h->tried = h->own_stop = h->left_alone = false;
    h->restarts = s->f->restarts;
    memset(h->rise_at, 0, sizeof(h->rise_at));
}

void do_over(struct step *s)
{
    do_swap(s);
    s->h->fell_at = s->now;
    say(s->h->reason, "another container has its name now");
    heal_suspect(s, false);
}

void do_look(struct step *s)
{
    s->h->next_at = NSEC_MAX;
    if (judge_sight(s) != SEE_DOWN) {
        breaker_settle(s->h);
        return;
    }
    say(s->h->reason, "%s", s->h->cause);
    heal_suspect(s, false);
}
