/*
 * heal [SEEDS [FIRST]] - containers that fall over in every way, and what is
 * decided about them.
 *
 * For each seed a small world is made up: containers that die, are stopped,
 * paused, held, removed and replaced, an engine that goes and comes back, and
 * answers to orders that are late, strange or missing.  Whatever happens,
 *
 *   - nothing is ordered for one that is held, paused, exempt, out of scope,
 *     up (unless it is frozen) or not settled, nor while the engine is down or
 *     denies it, nor against an open breaker,
 *   - never two orders for one, never more than two in all, one in a second,
 *   - never more attempts in a window than the policy has,
 *   - what was not sent costs nothing, and is tried again 5 s later at the
 *     earliest,
 *   - a second stop by a person, soon after the first was undone, is obeyed
 *     until somebody starts or releases it, and so is a hold by a name that it
 *     had before; whatever its name or its rule is by then,
 *   - why nothing is done is said once,
 *   - and looking more often changes nothing at all.
 *
 * A failure prints its seed and what was decided until then.
 */
#include "support/healbench.h"
#include "support/val.h"

#include <stdio.h>
#include <stdlib.h>

#define ACTIONS      120
#define TODO_MAX     512
#define TRIES_MAX    4096
#define REFUSALS_MAX 64
#define SEC          NSEC_SEC

enum todo_kind { DO_ACTION, DO_RESULT, DO_LIFE, DO_DEATH };

struct todo {
    nsec at;
    enum todo_kind kind;
    unsigned node;
    uint64_t chance; /* what it draws from */
    char order[160];
    enum heal_result result;
};

/* What the test itself knows of a container. */
struct record {
    enum heal_state told;
    bool out; /* an order is out */
    nsec ordered_at;
    nsec unsent_at; /* the last one came to nothing; 0: it did not */
    struct {
        nsec at;
        uint32_t halves;
    } attempt[TRIES_MAX];
    size_t attempts;
    nsec made_at[2];
    enum heal_act act; /* of the last order */
    /* A person's stops: what the last order was about; the life that came of
     * it; the second one, of that life or a later one. */
    nsec stopped_at, pardoned;
    bool after_stop, restarted;
    nsec revived_life, second_stop;
    nsec held_life; /* that was held when it was renamed; 0: none */
    bool held_when_lost;
    char declined[REFUSALS_MAX][HEAL_TEXT_MAX + 32];
    size_t ndeclined;
    unsigned life;
};

struct world {
    uint64_t seed;
    struct healbench *b;
    struct todo todo[TODO_MAX];
    size_t n;
    struct record record[HEALBENCH_NODES];
    char id[HEALBENCH_NODES][32];
    nsec last_order_at;
};

static void die(const struct world *w, const struct healnode *node,
                const char *why)
{
    printf("%sseed %llu: n%u: %s\n", buf_cstr(&w->b->log),
           (unsigned long long)w->seed, node->number, why);
    exit(1);
}

static void want(const struct world *w, const struct healnode *node, bool holds,
                 const char *why)
{
    if (!holds)
        die(w, node, why);
}

/* -- what must hold of a decision ------------------------------------------ */

static nsec max2(nsec a, nsec b)
{
    return a > b ? a : b;
}

static uint32_t spent(const struct world *w, const struct record *r)
{
    uint32_t halves = 0;

    for (size_t i = 0; i < r->attempts; i++)
        if (r->attempt[i].at > w->b->now - w->b->policy.window)
            halves += r->attempt[i].halves;
    return halves;
}

static nsec settled_at(const struct heal_facts *f)
{
    nsec last = max2(max2(f->die_at, f->restart_at),
                     max2(f->rename_at, max2(f->kill_at, f->stop_at)));
    bool killed = f->kill_at >= f->started_at && f->kill_at <= f->die_at &&
                  f->die_at - f->kill_at <= 30 * SEC;
    nsec settle = f->policy == HEAL_ON_FAILURE         ? 65 * SEC
                  : killed || f->policy == HEAL_ALWAYS ? 5 * SEC
                                                       : 2 * SEC;

    return last + settle;
}

/* Or it cannot be told from one that fell with the engine. */
static bool is_by_person(const struct record *r, const struct heal_facts *f)
{
    return r->stopped_at == f->die_at && r->pardoned != f->die_at &&
           !r->restarted &&
           (!f->engine_down_at || f->die_at < f->engine_down_at - 10 * SEC ||
            f->die_at > f->engine_up_at + 10 * SEC);
}

static void check_start(const struct world *w, const struct healnode *node,
                        const struct heal_facts *f)
{
    const struct record *r = &w->record[node->number];

    want(w, node,
         !r->second_stop || r->second_stop != f->die_at || !is_by_person(r, f),
         "a second stop is not obeyed");
    nsec now = w->b->now;

    want(w, node, f->status == HEAL_EXITED || f->status == HEAL_CREATED,
         "a start of what is not down");
    want(w, node, f->status != HEAL_EXITED || f->due, "it is not due");
    want(w, node, now >= settled_at(f), "a start before it has settled");
    if (f->engine_down_at && f->die_at >= f->engine_down_at - 10 * SEC &&
        f->die_at <= f->engine_up_at + 10 * SEC)
        want(w, node, now >= f->engine_up_at + 20 * SEC,
             "a start before the engine's own policies");
    if (f->engine_down_at)
        want(w, node, now >= f->engine_up_at + 2 * SEC,
             "a start from stale knowledge");
}

static void check_recreate(const struct world *w, const struct healnode *node,
                           const struct record *r)
{
    nsec now = w->b->now;

    want(w, node, node->f.status == HEAL_GONE, "it is there");
    want(w, node, w->b->policy.recreate, "recreation is off");
    want(w, node, !r->held_when_lost, "it was held when it was removed");
    want(w, node, !r->made_at[1] || now - r->made_at[1] >= 3600 * SEC,
         "a third recreation within an hour");
}

static void check_order(struct world *w, struct healnode *node)
{
    const struct heal_order *o = heal_order(node->h);
    struct record *r = &w->record[node->number];
    const struct heal_facts *f = &node->f;
    struct heal_scope_view scope = heal_scope_view(w->b->scope);
    unsigned out = 0;

    want(w, node, o && !r->out, "two orders for one");
    for (size_t i = 0; i < w->b->n; i++)
        out += heal_order(w->b->node[i].h) != NULL;
    want(w, node, out <= 2, "more than two orders at a time");
    want(w, node, w->b->now >= w->last_order_at + SEC,
         "two orders in a second");
    want(w, node, !f->held && f->status != HEAL_PAUSED, "it is held");
    want(w, node, !r->held_life || f->started_at != r->held_life,
         "it was held by another name");
    want(w, node, f->status == HEAL_GONE || (f->in_scope && !f->exempt),
         "it is none of ours");
    want(w, node, f->engine_up && !f->act_denied, "nobody can act");
    want(w, node, !scope.breaker_open || scope.half_open,
         "the breaker is open");
    want(w, node, spent(w, r) < 2 * w->b->policy.attempts,
         "more attempts than there are");
    want(w, node, o->attempt && o->attempt <= o->attempts,
         "an attempt past the last");
    want(w, node, spent(w, r) == 0 || o->attempt > 1, "two first attempts");
    if (o->act == HEAL_START)
        check_start(w, node, f);
    else if (o->act == HEAL_RECREATE)
        check_recreate(w, node, r);
    else
        want(w, node,
             f->status == HEAL_RUNNING && f->due &&
                 w->b->policy.restart_unhealthy,
             "a restart of what is well");
    r->attempt[r->attempts].at = w->b->now;
    r->attempt[r->attempts++].halves = f->oom ? 4 : 2;
    r->out = true;
    r->act = o->act;
    r->after_stop = o->act == HEAL_START && is_by_person(r, f);
    r->restarted |= o->act == HEAL_RESTART;
    r->ordered_at = w->last_order_at = w->b->now;
}

/* Nothing was sent: so it was none. */
static void take_back(struct world *w, struct record *r)
{
    if (r->attempts && r->attempt[r->attempts - 1].at == r->ordered_at)
        r->attempts--;
    r->unsent_at = w->b->now;
}

static bool is_unsent(const struct heal_decision *d)
{
    static const char *const text[] = { "nothing was done", "it is paused",
                                        "the engine denies it",
                                        "the engine is not reachable",
                                        "dry run" };

    for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
        if (d->reason.n >= strlen(text[i]) &&
            memcmp(d->reason.p, text[i], strlen(text[i])) == 0)
            return d->from == HEAL_ACTING;
    return false;
}

/* It has come to that state without a word: an order that is given again. */
static void come_quietly(struct world *w, struct healnode *node,
                         enum heal_state state)
{
    struct record *r = &w->record[node->number];

    if (state == r->told)
        return;
    if (r->told == HEAL_SUSPECT && state == HEAL_WAITING) {
        want(w, node, heal_due(node->h) < w->b->now + 100 * NSEC_MSEC,
             "it waits without a word");
        return;
    }
    want(w, node, r->unsent_at, "a change without a word");
    if (state == HEAL_ACTING) {
        want(w, node, w->b->now >= r->unsent_at + 5 * SEC,
             "it does not wait before it tries again");
        check_order(w, node);
    } else {
        want(w, node, r->told == HEAL_ACTING, "a change without a word");
        r->out = false;
        take_back(w, r);
    }
    r->told = state;
}

static void check_refusal(struct world *w, const struct healnode *node,
                          const struct heal_decision *d)
{
    struct record *r = &w->record[node->number];
    nsec since = heal_scope_view(w->b->scope).breaker_since;
    char text[HEAL_TEXT_MAX + 32];

    if (r->told != d->to || d->verb != HEAL_DECLINES)
        r->ndeclined = 0;
    if (d->verb != HEAL_DECLINES)
        return;
    /* A breaker that opened again is another cause, so is another fall. */
    if (d->to == HEAL_HELD)
        since = node->f.started_at;
    else if (!strstr(d->reason.p, "breaker"))
        since = 0;
    snprintf(text, sizeof(text), "%.*s, %lld", SLICE_ARG(d->reason),
             (long long)since);
    for (size_t i = 0; i < r->ndeclined; i++)
        want(w, node, strcmp(text, r->declined[i]) != 0,
             "a refusal is told twice");
    want(w, node, r->ndeclined < REFUSALS_MAX, "it never ends to refuse");
    strcpy(r->declined[r->ndeclined++], text);
}

static void heard(void *self, struct healnode *node,
                  const struct heal_decision *d)
{
    struct world *w = self;
    struct record *r = &w->record[node->number];

    come_quietly(w, node, d->from);
    want(w, node, d->reason.n && d->reason.n < HEAL_TEXT_MAX, "no reason");
    want(w, node, !d->next_at || d->next_at >= w->b->now, "it is due before");
    check_refusal(w, node, d);
    if (r->told == HEAL_ACTING)
        r->out = false;
    if (d->to == HEAL_VERIFYING && r->act == HEAL_RECREATE) {
        r->made_at[1] = r->made_at[0];
        r->made_at[0] = r->ordered_at;
    }
    if (r->told == HEAL_ACTING && d->to != HEAL_VERIFYING)
        r->after_stop = false;
    if (r->told == HEAL_VERIFYING && d->to == HEAL_FROZEN && r->attempts)
        r->attempt[r->attempts - 1].halves /= 2;
    if (d->from == HEAL_OK && d->to == HEAL_OK)
        r->attempts = 0; /* it was well for long */
    if (d->to == HEAL_MISSING && node->f.status == HEAL_GONE)
        r->held_when_lost = d->from == HEAL_HELD;
    if (is_unsent(d))
        take_back(w, r);
    else if (d->verb != HEAL_DECLINES)
        r->unsent_at = 0;
    if (d->verb == HEAL_ORDERS)
        check_order(w, node);
    if (d->verb == HEAL_RECOVERS)
        want(w, node, d->to == HEAL_OK && d->down_for >= 0, "no recovery");
    r->told = d->to;
}

static void see_what_was_not_told(struct world *w)
{
    for (size_t i = 0; i < w->b->n; i++)
        come_quietly(w, &w->b->node[i], heal_view(w->b->node[i].h).state);
}

static void check_state(const struct world *w)
{
    for (size_t i = 0; i < w->b->n; i++) {
        const struct healnode *node = &w->b->node[i];
        const struct heal_facts *f = &node->f;
        struct heal_view v = heal_view(node->h);

        want(w, node, (v.state == HEAL_ACTING) == !!heal_order(node->h),
             "an order is out while it does not act");
        want(w, node, heal_due(node->h) > w->b->now, "it is never done");
        if (f->status == HEAL_GONE)
            continue;
        if (!f->in_scope)
            want(w, node, v.state == HEAL_OK, "it is not in the scope");
        else if (f->exempt)
            want(w, node, v.state == HEAL_EXEMPT, "it is exempt");
        else if (f->held || f->status == HEAL_PAUSED)
            want(w, node, v.state == HEAL_HELD, "it is held");
    }
}

/* -- what happens ---------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t state = a * 0x9e3779b97f4a7c15u + b;

    return random_next(&state);
}

static struct todo *plan(struct world *w, nsec at, enum todo_kind kind,
                         unsigned node, uint64_t chance)
{
    struct todo *t = &w->todo[w->n++];

    if (w->n == TODO_MAX) {
        printf("seed %llu: too much to do\n", (unsigned long long)w->seed);
        exit(1);
    }
    *t = (struct todo){ at, kind, node, chance, "", HEAL_NO_RESULT };
    return t;
}

static void become(struct healnode *node, enum heal_status status)
{
    struct world *w = node->bench->self;
    struct record *r = &w->record[node->number];
    struct heal_facts *f = &node->f;
    nsec now = node->bench->now;

    if (status == HEAL_RUNNING && f->status != HEAL_PAUSED && r->after_stop) {
        r->after_stop = false;
        r->revived_life = now;
    }

    if (status == HEAL_EXITED && f->status != HEAL_EXITED)
        f->die_at = f->finished_at = now;
    if (status == HEAL_RUNNING && f->status != HEAL_PAUSED)
        f->start_at = f->started_at = now;
    f->due = status == HEAL_EXITED;
    f->oom = false;
    f->pid = status == HEAL_RUNNING || status == HEAL_PAUSED ? 7 : 0;
    f->status = status;
}

/* Another container of that name. */
static void replace(struct world *w, struct healnode *node)
{
    struct record *r = &w->record[node->number];
    struct heal_facts old = node->f;

    r->after_stop = r->restarted = false;
    r->revived_life = r->second_stop = r->pardoned = r->held_life = 0;
    snprintf(w->id[node->number], sizeof(w->id[0]), "id%u.%u", node->number,
             ++r->life);
    node->f = (struct heal_facts){
        .in_scope = true,
        .id = slice_str(w->id[node->number]),
        .recreate_label = node->number % 2,
        .has_probe = node->number % 3 == 0,
        .policy = node->number % 5 < 3
                      ? (enum heal_restart_policy)(node->number % 5)
                      : HEAL_NO_POLICY,
        .engine_up = old.engine_up,
        .engine_up_at = old.engine_up_at,
        .engine_down_at = old.engine_down_at,
        .act_denied = old.act_denied,
        .dry_run = old.dry_run,
        .held = old.held,
        .held_why = old.held_why,
        .result_order = old.result_order,
        .result = old.result,
    };
}

static void make_new(struct world *w, struct healnode *node)
{
    replace(w, node);
    w->record[node->number].attempts = 0;
    become(node, HEAL_RUNNING);
}

static void set_engine(struct world *w, bool up)
{
    if (w->b->node[0].f.engine_up != up)
        healbench_engine(w->b, up);
}

static void kill_it(struct healnode *node, int64_t sig, bool stop)
{
    struct world *w = node->bench->self;
    struct record *r = &w->record[node->number];

    node->f.kill_at = node->bench->now;
    node->f.kill_signal = sig;
    become(node, HEAL_EXITED);
    if (stop)
        node->f.stop_at = node->bench->now;
    node->f.exit_code = 128 + sig;
    r->stopped_at = node->bench->now;
    if (node->bench->policy.on_stop == HEAL_SECOND_STOP_HOLDS &&
        r->revived_life && node->bench->now - r->revived_life <= 300 * SEC)
        r->second_stop = node->bench->now;
}

static void happen_alive(struct healnode *node, uint64_t chance)
{
    struct heal_facts *f = &node->f;

    switch (chance % 10) {
    case 0:
    case 1:
    case 2:
        become(node, HEAL_EXITED);
        f->exit_code = (int64_t)(chance / 16 % 3);
        f->oom = chance / 64 % 4 == 0;
        break;
    case 3:
        kill_it(node, 15, true);
        break;
    case 4:
        kill_it(node, 9, false);
        break;
    case 5:
        become(node, HEAL_PAUSED);
        break;
    case 6:
        f->due = !f->due; /* silent */
        f->probe_down = f->due;
        break;
    case 7:
        f->restarts += (int64_t)(chance / 16 % 3);
        break;
    case 8:
        become(node, HEAL_RESTARTING);
        break;
    case 9:
        f->kill_at = node->bench->now;
        f->kill_signal = 1;
        break;
    }
}

static void happen_down(struct healnode *node, uint64_t chance)
{
    struct heal_facts *f = &node->f;

    switch (chance % 8) {
    case 0:
    case 1:
        become(node, HEAL_RUNNING);
        break;
    case 2:
        f->rename_at = node->bench->now;
        break;
    case 3:
        f->status = HEAL_UNKNOWN;
        break;
    case 4:
        f->status = chance / 16 % 2 ? HEAL_REMOVING : HEAL_DEAD;
        break;
    case 5:
        f->due = !f->due;
        break;
    default:
        become(node, HEAL_EXITED);
        break;
    }
}

static void rename_it(struct world *w, struct healnode *node)
{
    struct record *r = &w->record[node->number];

    r->out = false;
    if (node->f.held)
        r->held_life = node->f.started_at;
    heal_rename(node->h, slice_str(node->f.held ? "old" : ""));
    r->told = heal_view(node->h).state;
    if (node->f.status != HEAL_GONE)
        node->f.held = false;
}

/* What another rule had until now. */
static void change_rule(struct world *w, struct healnode *node)
{
    struct record *r = &w->record[node->number];
    struct heal *before = node->h;

    node->h = heal_new(w->b->scope, node->number);
    heal_inherit(node->h, before);
    heal_free(before);
    r->out = false;
    r->told = HEAL_OK;
    r->unsent_at = 0;
    r->ndeclined = 0;
}

static void happen_around(struct world *w, struct healnode *node,
                          uint64_t chance)
{
    struct heal_facts *f = &node->f;

    switch (chance % 11) {
    case 9:
        rename_it(w, node);
        break;
    case 10:
        if (f->status != HEAL_GONE)
            change_rule(w, node);
        break;
    case 0:
        f->held = !f->held;
        w->record[node->number].ndeclined = 0; /* it is another hold */
        f->held_why = slice_str(chance & 64 ? "" : "mine\x01");
        break;
    case 1:
        f->released_at = w->b->now;
        w->record[node->number].pardoned = f->die_at;
        w->record[node->number].revived_life = 0;
        w->record[node->number].after_stop = false;
        w->record[node->number].held_life = 0;
        w->record[node->number].attempts = 0;
        break;
    case 2:
        f->exempt = chance & 64 ? HEAL_NOT_EXEMPT : HEAL_NEVER;
        break;
    case 3:
        f->in_scope = !f->in_scope;
        break;
    case 4:
    case 5:
        set_engine(w, !f->engine_up);
        break;
    case 6:
        for (size_t i = 0; i < w->b->n; i++) {
            w->b->node[i].f.act_denied = chance % 256 / 64 == 1;
            w->b->node[i].f.dry_run = chance % 256 / 64 == 2;
        }
        healbench_step_all(w->b);
        break;
    case 7:
        make_new(w, node);
        break;
    case 8:
        if (f->status != HEAL_GONE)
            healbench_remove(w->b, node->number);
        break;
    }
}

static void happen(struct world *w, unsigned number, uint64_t chance)
{
    struct healnode *node = &w->b->node[number];
    struct heal_facts *f = &node->f;

    if (chance % 4 == 0)
        happen_around(w, node, chance / 4);
    else if (f->status == HEAL_GONE)
        chance % 4 == 1 ? make_new(w, node) : (void)0;
    else if (f->status == HEAL_RUNNING)
        happen_alive(node, chance / 4);
    else
        happen_down(node, chance / 4);
    healbench_step(w->b, number);
}

/* An order: it is answered late, or never, and what follows is later still. */
static void answer(struct world *w, struct healnode *node)
{
    static const nsec delay[] = { 0, 30, 400, 3000, 59000, 61000, 70000 };
    const struct heal_order *o = heal_order(node->h);
    uint64_t chance = mix(w->seed + node->number, (uint64_t)o->at);
    nsec at = o->at + delay[chance % 7] * NSEC_MSEC;
    char id[HEAL_ID_MAX];
    struct todo *t;

    if (chance / 8 % 16 == 0)
        return;
    t = plan(w, at, DO_RESULT, node->number, chance);
    heal_order_id(o, id);
    snprintf(t->order, sizeof(t->order), "g/r/n/%s", id);
    t->result = node->f.dry_run ? HEAL_DRY_RUN
                : chance / 128 % 2
                    ? HEAL_STARTED
                    : (enum heal_result)(1 + chance / 256 % (HEAL_RESULTS - 1));
    if (t->result != HEAL_STARTED)
        return;
    plan(w, at + (nsec)(chance / 4096 % 500) * NSEC_MSEC, DO_LIFE, node->number,
         chance)
        ->result = o->act == HEAL_RECREATE ? HEAL_NOT_THERE : HEAL_STARTED;
    if (chance / 65536 % 2)
        plan(w, at + (nsec)(chance / 131072 % 4000) * NSEC_MSEC, DO_DEATH,
             node->number, chance);
}

static void carry_out(struct world *w, struct todo t)
{
    struct healnode *node = &w->b->node[t.node];
    struct heal_facts *f = &node->f;

    switch (t.kind) {
    case DO_ACTION:
        happen(w, t.node, t.chance);
        return;
    case DO_RESULT:
        snprintf(node->order, sizeof(node->order), "%s", t.order);
        f->result_order = slice_str(node->order);
        f->result = t.result;
        f->result_message = slice_str("Bind for 0.0.0.0:18080 failed.\n");
        break;
    case DO_LIFE:
        if (f->status == HEAL_GONE && t.result == HEAL_NOT_THERE)
            replace(w, node);
        if (f->status != HEAL_GONE && f->status != HEAL_PAUSED)
            become(node, HEAL_RUNNING);
        f->probe_ok = t.chance & 1;
        f->probe_at = w->b->now + SEC;
        break;
    case DO_DEATH:
        if (f->status == HEAL_RUNNING)
            become(node, HEAL_EXITED);
        f->exit_code = 1;
        break;
    }
    healbench_step(w->b, t.node);
}

/* -- a run ----------------------------------------------------------------- */

static void take_orders(struct world *w, nsec answered[])
{
    for (unsigned i = 0; i < w->b->n; i++) {
        const struct heal_order *o = heal_order(w->b->node[i].h);

        if (!o || o->at == answered[i])
            continue;
        answered[i] = o->at;
        answer(w, &w->b->node[i]);
    }
}

static size_t earliest(const struct world *w)
{
    size_t best = 0;

    for (size_t i = 1; i < w->n; i++)
        if (w->todo[i].at < w->todo[best].at)
            best = i;
    return best;
}

static nsec next_due(const struct world *w)
{
    nsec at = NSEC_MAX;

    for (size_t i = 0; i < w->b->n; i++)
        if (heal_due(w->b->node[i].h) < at)
            at = heal_due(w->b->node[i].h);
    return at;
}

/* Deadlines go before what happens at the same instant. */
static void run(struct world *w, uint64_t often)
{
    nsec answered[HEALBENCH_NODES] = { 0 };
    struct todo t;
    nsec until;

    while (w->n) {
        size_t i = earliest(w);

        until = w->todo[i].at;
        if (next_due(w) <= until)
            until = next_due(w);
        if (often && random_below(&often, 2) && until > w->b->now + 1) {
            healbench_run_to(
                w->b, w->b->now + (nsec)random_below(
                                      &often, (uint64_t)(until - w->b->now)));
            healbench_step_all(w->b);
        }
        healbench_run_to(w->b, until);
        see_what_was_not_told(w);
        if (w->todo[i].at == until) {
            t = w->todo[i];
            w->todo[i] = w->todo[--w->n];
            carry_out(w, t);
        }
        if (often)
            healbench_step_all(w->b);
        healbench_run_to(w->b, w->b->now);
        see_what_was_not_told(w);
        check_state(w);
        take_orders(w, answered);
    }
}

static void make_policy(struct heal_policy *p, uint64_t *seed)
{
    static const nsec window[] = { 60, 600, 1800 };
    static const nsec backoff[] = { 0, 2, 10 };

    p->on_stop = (enum heal_on_stop)random_below(seed, 3);
    p->on_exit = (enum heal_on_exit)random_below(seed, 2);
    p->attempts = 1 + (uint32_t)random_below(seed, 5);
    p->window = window[random_below(seed, 3)] * SEC;
    p->backoff = backoff[random_below(seed, 3)] * SEC;
    p->restart_unhealthy = random_below(seed, 2);
    p->recreate = random_below(seed, 2);
    if (random_below(seed, 3) == 0)
        p->breaker_down = p->breaker_failures = 0;
}

static struct world *world_new(uint64_t number)
{
    static const nsec pause[] = { 0, 1, 500, 3000, 20000, 200000, 900000 };
    struct world *w = calloc(1, sizeof(*w));
    uint64_t seed = (number + 1) * 0x9e3779b97f4a7c15u;
    nsec at;

    w->seed = number;
    w->b = healbench_new(1 + random_below(&seed, 8));
    w->b->self = w;
    w->b->heard = heard;
    make_policy(&w->b->policy, &seed);
    for (unsigned i = 0; i < w->b->n; i++)
        make_new(w, &w->b->node[i]);
    healbench_step_all(w->b);
    at = w->b->now;
    for (size_t i = 0; i < ACTIONS; i++) {
        at += pause[random_below(&seed, 7)] * NSEC_MSEC;
        plan(w, at, DO_ACTION, (unsigned)random_below(&seed, w->b->n),
             random_next(&seed) >> 8);
    }
    return w;
}

static void world_free(struct world *w)
{
    healbench_free(w->b);
    free(w);
}

static void try_seed(uint64_t number)
{
    struct world *once = world_new(number), *often = world_new(number);
    const char *a, *b;

    run(once, 0);
    run(often, number + 1);
    a = buf_cstr(&once->b->log);
    b = buf_cstr(&often->b->log);
    if (strcmp(a, b) != 0) {
        size_t i = 0;

        while (a[i] && a[i] == b[i])
            i++;
        printf("%s---\n%s", a, b);
        printf("seed %llu: looking more often changes it, at byte %zu: %.99s\n",
               (unsigned long long)number, i, b + i);
        exit(1);
    }
    world_free(once);
    world_free(often);
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 400;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, i;

    for (i = first; i < first + n; i++)
        try_seed(i);
    printf("%llu seeds from %llu: all hold\n", (unsigned long long)n,
           (unsigned long long)first);
    return 0;
}
