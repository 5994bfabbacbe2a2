#include "heal/inside.h"

#include "base/hash.h"

#include <stdio.h>

/* in what the tests are named after. */
#define SETTLE_FOR      (2 * NSEC_SEC)
#define STOP_SETTLE_FOR (5 * NSEC_SEC)  /* the stop may still be under way */
#define ALWAYS_FOR      (5 * NSEC_SEC)  /* the engine would start it itself */
#define ON_FAILURE_FOR  (65 * NSEC_SEC) /* ... with back-off of up to 60 s */
#define KILL_FOR        (30 * NSEC_SEC) /* a kill explains a death so long */
#define STOPPING_FOR    (15 * NSEC_SEC) /* a running one that was killed at */
#define ENGINE_NEAR     (10 * NSEC_SEC)
#define ENGINE_SETTLE   (20 * NSEC_SEC)
#define LOOP_FOR        (600 * NSEC_SEC)
#define UNANSWERED_FOR                                                         \
    (5 * NSEC_SEC)            /* it was started, and no result says so */
#define RESULT_AFTER NSEC_SEC /* a result comes so soon after a start */

static nsec later(nsec a, nsec b)
{
    return a > b ? a : b;
}

/* -- what is new ----------------------------------------------------------- */

static uint64_t id_hash(struct slice id)
{
    return id.n ? XXH3_64bits(id.p, id.n) | 1 : 0;
}

bool judge_replaced(const struct step *s)
{
    uint64_t hash = id_hash(s->f->id);

    return s->h->id_hash && hash && hash != s->h->id_hash && !s->h->makes;
}

bool judge_released(const struct step *s)
{
    return s->h->known && s->f->released_at > s->h->released_at;
}

/*
 * Instants are taken to be as old as they say at the first look only.  Later it
 * counts when one is learned: the engine's clock may be another.
 */
static void learn(const struct step *s, nsec raw, struct learned *l)
{
    if (raw == l->raw)
        return;
    l->raw = raw;
    l->at = s->h->known || raw > s->now ? s->now : raw;
}

static void learn_events(struct step *s)
{
    const struct heal_facts *f = s->f;
    nsec raw = later(later(f->die_at, f->restart_at),
                     later(f->rename_at, later(f->kill_at, f->stop_at)));

    learn(s, raw, &s->h->quiet);
    if (f->status == HEAL_UNKNOWN)
        return;
    learn(s, f->started_at, &s->h->life);
    learn(s, f->probe_at, &s->h->answer);
}

/* A later connection, of a monitor started anew, is no return of the engine. */
static void learn_engine(struct step *s)
{
    const struct heal_facts *f = s->f;
    struct heal *h = s->h;
    bool recent =
        !f->engine_up || s->now < nsec_add(f->engine_up_at, ENGINE_SETTLE);

    if (f->engine_down_at != h->engine_seen_down && (h->known || recent)) {
        h->engine_down_at = f->engine_down_at;
        h->engine_up_at = 0;
    }
    h->engine_seen_down = f->engine_down_at;
    if (h->down_since && !h->with_engine && s->f->status != HEAL_RUNNING &&
        judge_with_engine(s)) {
        h->with_engine = true;
        breaker_excuse(s);
    }
    if (f->engine_up && !h->engine_up_at &&
        f->engine_up_at >= h->engine_down_at)
        h->engine_up_at = f->engine_up_at;
}

static void learn_restarts(struct step *s)
{
    struct heal *h = s->h;
    int64_t more = h->known ? s->f->restarts - h->restarts : 0;
    size_t i;

    if (s->f->status == HEAL_UNKNOWN)
        return;
    h->restarts = s->f->restarts;
    if (more < 0)
        memset(h->rise_at, 0, sizeof(h->rise_at));
    for (; more > 0 && h->rise_at[HEAL_RISES - 1] != s->now; more--) {
        for (i = HEAL_RISES - 1; i > 0; i--)
            h->rise_at[i] = h->rise_at[i - 1];
        h->rise_at[0] = s->now;
    }
}

bool judge_dry_run_is_over(const struct step *s)
{
    return s->h->dry_run && !s->f->dry_run;
}

/* A life that nobody has seen before. */
static void learn_life(struct step *s)
{
    struct heal *h = s->h;
    nsec life = s->f->started_at;

    if (!life || s->f->status == HEAL_GONE)
        return;
    if (h->obeyed && life != h->obeyed_life)
        h->obeyed = false;
    if (life != h->held_life)
        h->held_as[0] = '\0';
    if (h->after_stop && life != h->order.started_at) {
        h->after_stop = false;
        h->stop_revived_at = life;
    }
}

void judge_learn(struct step *s)
{
    struct heal *h = s->h;
    uint64_t hash = id_hash(s->f->id);

    learn_events(s);
    learn_engine(s);
    learn_restarts(s);
    learn_life(s);
    if (hash && hash != h->id_hash) {
        h->id_hash = hash;
        h->makes = false;
        snprintf(h->id, sizeof(h->id), "%.*s", SLICE_ARG(s->f->id));
    }
    h->dry_run |= s->f->dry_run;
    if (h->rehearsed && judge_dry_run_is_over(s)) {
        h->rehearsed = false;
        h->next_at = s->now;
    }
    h->released_at = s->f->released_at;
    if (s->f->status != HEAL_GONE) {
        h->in_scope = s->f->in_scope && !s->f->exempt;
        h->recreate_label = s->f->recreate_label;
    }
    h->known = true;
}

/* -- what is seen ---------------------------------------------------------- */

bool judge_loops(const struct step *s)
{
    nsec first_at = s->h->rise_at[HEAL_RISES - 1];

    return first_at && s->now < nsec_add(first_at, LOOP_FOR);
}

bool judge_is_down(const struct step *s)
{
    /* A created one was never meant to run, unless by us. */
    if (s->f->status == HEAL_CREATED)
        return s->h->tried;
    return s->f->status == HEAL_EXITED && s->f->due;
}

static enum heal_event see_up(const struct step *s)
{
    if (judge_loops(s))
        return SEE_LOOPS;
    if (judge_restarting(s))
        return SEE_RESTARTS;
    return s->f->due ? SEE_SILENT : SEE_RUNS;
}

/* Nothing is held once it is gone, but that it is made anew. */
static enum heal_event see_gone(const struct step *s)
{
    if (s->f->held && s->h->missed)
        return SEE_HELD;
    return s->h->in_scope ? SEE_GONE : SEE_OUT;
}

bool judge_held(const struct step *s)
{
    return s->f->held || s->h->held_as[0];
}

enum heal_event judge_sight(const struct step *s)
{
    const struct heal_facts *f = s->f;

    if (f->status == HEAL_GONE)
        return see_gone(s);
    if (!f->in_scope)
        return SEE_OUT;
    if (f->exempt)
        return SEE_EXEMPT;
    if (judge_held(s) || f->status == HEAL_PAUSED)
        return SEE_HELD;
    switch (f->status) {
    case HEAL_REMOVING:
    case HEAL_DEAD:
        return SEE_DYING;
    case HEAL_RUNNING:
    case HEAL_RESTARTING:
        return see_up(s);
    case HEAL_CREATED:
    case HEAL_EXITED:
        return judge_is_down(s) ? SEE_DOWN : SEE_RESTS;
    default:
        return SEE_NOTHING;
    }
}

bool judge_restarting(const struct step *s)
{
    return s->f->status == HEAL_RESTARTING ||
           (s->f->status == HEAL_RUNNING && s->f->pid <= 0);
}

/* Is the newest die the end of the life that is over? */
static bool die_known(const struct heal_facts *f)
{
    return f->die_at && f->die_at >= f->started_at;
}

static bool killed(const struct heal_facts *f)
{
    return die_known(f) && f->kill_at && f->kill_at >= f->started_at &&
           f->kill_at <= f->die_at;
}

static bool killed_lately(const struct heal_facts *f)
{
    return killed(f) && nsec_sub(f->die_at, f->kill_at) <= KILL_FOR;
}

static bool stopped(const struct heal_facts *f)
{
    return killed(f) && f->stop_at >= f->die_at;
}

/* docker stop, or docker kill; not what we or the engine did. */
bool judge_by_person(const struct step *s)
{
    const struct heal_facts *f = s->f;
    bool deadly = f->kill_signal == 15 || f->kill_signal == 9;

    if (s->h->own_stop || judge_with_engine(s) ||
        (f->die_at && f->die_at == s->h->pardoned))
        return false;
    return stopped(f) || (deadly && killed_lately(f));
}

bool judge_obeyed(const struct step *s)
{
    return s->h->obeyed && s->f->status == HEAL_EXITED &&
           s->p->on_stop != HEAL_REVIVE;
}

/* Did it fall when the engine went down, or while that came up? */
bool judge_with_engine(const struct step *s)
{
    const struct heal *h = s->h;
    nsec at = die_known(s->f) ? s->f->die_at : s->f->finished_at;
    nsec from = nsec_sub(h->engine_down_at, ENGINE_NEAR);
    nsec to =
        h->engine_up_at ? nsec_add(h->engine_up_at, ENGINE_NEAR) : NSEC_MAX;

    return h->engine_down_at && at >= from && at <= to;
}

bool judge_ended_well(const struct step *s)
{
    const struct heal_facts *f = s->f;
    bool on_failure =
        f->on_failure_label ||
        (!f->always_label && s->p->on_exit == HEAL_EXIT_ON_FAILURE);

    return on_failure && f->status == HEAL_EXITED && f->exit_code == 0 &&
           !f->oom;
}

/* What is known is not what is. */
bool judge_is_stale(const struct step *s)
{
    return !s->f->engine_up || s->f->status == HEAL_UNKNOWN;
}

bool judge_can_act(const struct step *s)
{
    return s->f->engine_up && !s->f->act_denied;
}

/* A good answer of this life. */
bool judge_answers(const struct step *s)
{
    return s->f->probe_ok && s->h->answer.at >= s->h->life.at;
}

bool judge_is_result(const struct step *s)
{
    char id[HEAL_ID_MAX];
    struct slice want, got = s->f->result_order;

    if (s->h->state != HEAL_ACTING || s->f->result == HEAL_NO_RESULT)
        return false;
    heal_order_id(&s->h->order, id);
    want = slice_str(id);
    if (got.n > want.n && got.p[got.n - want.n - 1] == '/')
        got = slice_of(got.p + got.n - want.n, want.n);
    return slice_eq(got, want);
}

void heal_order_id(const struct heal_order *order, char out[HEAL_ID_MAX])
{
    char at[INSTANT_TEXT];

    instant_format(order->at, at);
    snprintf(out, HEAL_ID_MAX, "%s/%s/%u", heal_act_name(order->act), at,
             order->attempt);
}

/* -- deadlines ------------------------------------------------------------- */

static nsec settle_for(const struct heal_facts *f)
{
    switch (f->policy) {
    case HEAL_ON_FAILURE:
        return ON_FAILURE_FOR;
    case HEAL_ALWAYS:
        return ALWAYS_FOR;
    default:
        return die_known(f) && !stopped(f) && !killed_lately(f)
                   ? SETTLE_FOR
                   : STOP_SETTLE_FOR;
    }
}

/* What is known is as old as the connection to the engine for a while. */
static nsec fresh_at(const struct heal *h)
{
    return h->engine_down_at ? nsec_add(h->engine_up_at, SETTLE_FOR) : 0;
}

nsec judge_settled_at(const struct step *s)
{
    const struct heal *h = s->h;
    nsec from = die_known(s->f) ? h->quiet.at : later(h->quiet.at, h->fell_at);
    nsec at = nsec_add(from, settle_for(s->f));

    if (judge_restarting(s))
        return nsec_add(h->fell_at, STOP_SETTLE_FOR);
    if (judge_with_engine(s))
        at = later(at, nsec_add(h->engine_up_at, ENGINE_SETTLE));
    return later(at, fresh_at(h));
}

/* A stop of what still runs may be under way. */
static nsec undisturbed_at(const struct step *s)
{
    if (s->f->kill_at <= s->f->started_at)
        return s->h->next_at;
    return later(s->h->next_at, nsec_add(s->h->quiet.at, STOPPING_FOR));
}

nsec judge_verify_for(const struct step *s)
{
    nsec answer_for =
        s->f->verify_timeout ? s->f->verify_timeout : s->p->verify_timeout;

    return later(s->p->verify_after, answer_for);
}

/* It has to run for a while, by facts that are not older than the engine... */
nsec judge_steady_at(const struct step *s)
{
    const struct heal *h = s->h;
    nsec at = nsec_add(h->up_at, s->p->verify_after);

    return later(at, fresh_at(h));
}

/* ... and then to answer within another. */
static nsec verified_at(const struct step *s)
{
    const struct heal *h = s->h;
    nsec steady_at = judge_steady_at(s);

    if (!h->up_at)
        return later(nsec_add(h->since, judge_verify_for(s)), fresh_at(h));
    return steady_at > s->now
               ? steady_at
               : later(steady_at, nsec_add(h->up_at, judge_verify_for(s)));
}

/* Something that only long health lets it forget? */
static bool remembers(const struct heal *h)
{
    return h->attempts.n || h->failing || h->stop_revived_at;
}

bool judge_was_started(const struct step *s)
{
    const struct heal_facts *f = s->f;

    return f->started_at != s->h->order.started_at &&
           ((f->status == HEAL_RUNNING && f->pid > 0) ||
            f->status == HEAL_EXITED);
}

/* Until then a result is waited for. */
static nsec result_by(const struct step *s)
{
    const struct heal *h = s->h;
    nsec last_at = nsec_add(h->order.at, HEAL_RESULT_FOR);
    nsec at = later(nsec_add(h->order.at, UNANSWERED_FOR),
                    nsec_add(h->life.at, RESULT_AFTER));

    return judge_was_started(s) && at < last_at ? at : last_at;
}

nsec judge_deadline(const struct step *s)
{
    const struct heal *h = s->h;
    bool stale = judge_is_stale(s);
    bool parked =
        s->f->status == HEAL_UNKNOWN || (h->parked && !judge_can_act(s));

    switch (h->state) {
    case HEAL_OK:
        return remembers(h) && h->in_scope && s->f->status == HEAL_RUNNING
                   ? nsec_add(h->since, s->p->reset_after)
                   : NSEC_MAX;
    case HEAL_SUSPECT:
        return stale ? NSEC_MAX : judge_settled_at(s);
    case HEAL_WAITING:
        return parked ? NSEC_MAX : later(h->next_at, judge_settled_at(s));
    case HEAL_ACTING:
        return result_by(s);
    case HEAL_VERIFYING:
        return stale ? NSEC_MAX : verified_at(s);
    case HEAL_FROZEN:
        return parked || !s->f->due ? NSEC_MAX : undisturbed_at(s);
    case HEAL_MISSING:
        return parked ? NSEC_MAX : h->next_at;
    case HEAL_HELD:
    case HEAL_BLOCKED:
        return h->next_at;
    case HEAL_LOOPING: /* one that hangs between two lives is not counted */
        return judge_loops(s) ? nsec_add(h->rise_at[HEAL_RISES - 1], LOOP_FOR)
                              : NSEC_MAX;
    default:
        return NSEC_MAX;
    }
}
