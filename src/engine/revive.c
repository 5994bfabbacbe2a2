/*
 * Revivals: which containers ought to run, and what is to be done for it.
 *
 * The rule's expressions say which, and when one has fallen over; the rest is
 * the machine's (heal/heal.h), one for each container that was ever in scope.
 * What it decides is told here: in the timeline, to the sink, below monitor.
 */
#include "revive.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

/* -- scope ----------------------------------------------------------------- */

static bool is_claimed_by(const struct engine *e, const struct live *l,
                          const struct instance *i)
{
    const struct instance *other;

    if (l->rule->kind != RULE_REVIVE)
        return false;
    other = instance_find(e, l, i->key);
    return other && ((const struct revival *)other->own)->in_scope;
}

/* The first rule of the set that wants a container has it. */
static bool is_anothers(const struct engine *e, const struct instance *i)
{
    size_t k;

    for (k = 0; k < i->live->number; k++)
        if (is_claimed_by(e, e->live[k], i))
            return true;
    return false;
}

/* Later rules come after it, at this very instant. */
void revive_concern_others(struct engine *e, const struct instance *i)
{
    size_t k;

    for (k = i->live->number + 1; k < e->nlive; k++)
        if (e->live[k]->rule->kind == RULE_REVIVE)
            dirty_instance(e, instance_find(e, e->live[k], i->key));
}

static void put_in_scope(struct engine *e, struct instance *i, bool in_scope)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;

    if (in_scope == v->in_scope)
        return;
    v->in_scope = in_scope;
    r->in_scope += in_scope ? 1 : (uint64_t)-1;
    revive_concern_others(e, i);
}

static void put_due(struct instance *i, bool due, nsec at)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;

    if (due == v->due)
        return;
    v->due = due;
    v->since = at;
    r->due += due ? 1 : (uint64_t)-1;
    r->became_due += due;
    r->recovered += !due && v->in_scope;
}

/* Missing data is no; what cannot be told is what it was. */
static bool holds(struct engine *e, struct instance *i,
                  const struct cel_program *p, bool before)
{
    enum verdict v = eval_bool(e, i, p);

    return v == VERDICT_ERROR ? before : v == VERDICT_TRUE;
}

/* One that is removed is as it was, but not due: there is nothing to start. */
static void ask_rule(struct engine *e, struct instance *i, nsec at)
{
    const struct rule_revive *rule = &i->live->rule->revive;
    struct revival *v = i->own;

    if (!v->seen)
        v->since = at;
    v->seen = true;
    v->untold = i->gone || (v->untold && !revive_is_told(e, i));
    if (v->untold && !i->gone) /* as it was */
        return;
    if (!i->gone)
        put_in_scope(e, i, holds(e, i, rule->containers, v->in_scope));
    put_due(i, !i->gone && v->in_scope && holds(e, i, rule->when, v->due), at);
}

/* -- decisions ---------------------------------------------------------------
 */

/* Who hears what the machine decides in one step. */
struct hearing {
    struct engine *e;
    struct instance *i;
    const struct heal_facts *facts;
    nsec at;
};

/* group/rule/name/act/log time/attempt */
static char *order_id(const struct engine *e, const struct instance *i,
                      const struct heal_order *order)
{
    char own[HEAL_ID_MAX];
    struct buf id;
    char *text;

    heal_order_id(order, own);
    buf_init(&id, BUF_NO_CAP);
    path_escape(i->live->rule->group, &id);
    buf_char(&id, '/');
    path_escape(i->live->rule->name, &id);
    buf_char(&id, '/');
    instance_text(e, i, &id);
    buf_printf(&id, "/%s", own);
    text = xmemdup0(id.p, id.n);
    buf_release(&id);
    return text;
}

/* Of the order that is out, if it is news. */
static void keep_order(struct engine *e, struct instance *i)
{
    struct revival *v = i->own;
    const struct heal_order *order = heal_order(v->heal);

    if (!order || (v->order && v->ordered_at == order->at))
        return;
    free(v->order);
    v->order = order_id(e, i, order);
    v->ordered_at = order->at;
    v->orders++;
}

static void tell_decision(struct hearing *h, const struct heal_decision *d)
{
    struct buf detail;

    buf_init(&detail, BUF_NO_CAP);
    buf_slice(&detail, d->reason);
    if (d->attempt)
        buf_printf(&detail, "%sattempt %u of %u", detail.n ? ", " : "",
                   d->attempt, d->attempts);
    if (d->verb == HEAL_ORDERS && h->facts->dry_run)
        buf_str(&detail, ", dry run");
    tell(h->e, h->i->live, h->i, heal_state_name(d->from),
         heal_state_name(d->to), buf_view(&detail));
    buf_release(&detail);
}

static void decide(void *self, const struct heal_decision *d)
{
    struct hearing *h = self;
    struct revive_rule *r = h->i->live->own;
    struct revival *v = h->i->own;
    const struct rule *rule = h->i->live->rule;
    struct slice id = h->facts->id;
    struct decision decision = {
        .ordinal = ++h->e->decision_ordinal,
        .at = h->at,
        .group = rule->group,
        .rule = rule->name,
        .name = h->facts->name,
        .container = id.n ? id : heal_container(v->heal),
        .what = *d,
        .dry_run = h->facts->dry_run,
    };

    revive_seen(h->e, h->i, h->facts, &decision.was);
    r->said[heal_word(d, h->facts->dry_run)]++;
    keep_order(h->e, h->i);
    if (d->attempt && v->order)
        decision.order = slice_str(v->order);
    tell_decision(h, d);
    if (h->e->sink.decision)
        h->e->sink.decision(h->e->sink.self, &decision);
}

/* -- the machine -------------------------------------------------------------
 */

static struct heal_policy policy_of(const struct rule_revive *r)
{
    static const enum heal_on_stop on_stop[] = {
        [STOP_SECOND_HOLDS] = HEAL_SECOND_STOP_HOLDS,
        [STOP_REVIVE] = HEAL_REVIVE,
        [STOP_RESPECT] = HEAL_RESPECT,
    };

    return (struct heal_policy){
        .on_stop = on_stop[r->on_stop],
        .on_exit =
            r->on_exit == EXIT_ALWAYS ? HEAL_EXIT_ALWAYS : HEAL_EXIT_ON_FAILURE,
        .attempts = r->attempts,
        .window = r->window,
        .backoff = r->backoff,
        .max_backoff = r->max_backoff,
        .verify_after = r->verify_after,
        .verify_timeout = r->verify_timeout,
        .reset_after = r->reset_after,
        .restart_unhealthy = r->restart_unhealthy,
        .recreate = r->recreate,
        .breaker_down = r->breaker.down,
        .breaker_percent = r->breaker.percent,
        .breaker_failures = r->breaker.failures,
        .breaker_within = r->breaker.within,
        .breaker_open = r->breaker.open_for,
    };
}

/* The same in every process: of the rule's name and the container's. */
static uint64_t seed_of(const struct engine *e, const struct instance *i)
{
    struct slice rule = i->live->rule->name, name = instance_key(e, i, 0);

    return XXH3_64bits_withSeed(name.p, name.n, XXH3_64bits(rule.p, rule.n));
}

/*
 * One that runs is due if its check says that it is down, too.  If it was
 * started since it was last asked, that it did not answer says nothing.
 */
static bool is_due(const struct revival *v, const struct heal_facts *facts)
{
    bool running = facts->status == HEAL_RUNNING;
    bool stale = facts->probe_at && facts->probe_at <= facts->started_at;

    return running ? !stale && (v->due || facts->probe_down) : v->due;
}

static void gather(const struct engine *e, const struct instance *i,
                   struct heal_facts *ret)
{
    struct revival *v = i->own;

    revive_facts(e, i, ret);
    ret->in_scope = v->in_scope;
    ret->due = is_due(v, ret);
    ret->dry_run |= i->live->rule->revive.dry_run;
    if (v->untold) { /* its labels are not there, or not yet */
        ret->exempt = v->exempt;
        ret->recreate_label = v->recreate;
    }
    v->exempt = ret->exempt;
    v->recreate = ret->recreate_label;
    if (!ret->exempt && v->in_scope && is_anothers(e, i))
        ret->exempt = HEAL_OTHER_RULE;
    if (!v->order || !slice_is(ret->result_order, v->order))
        ret->result_order = slice_of("", 0);
}

static void step(struct engine *e, struct instance *i, nsec at)
{
    const struct heal_policy policy = policy_of(&i->live->rule->revive);
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;
    struct heal_facts facts;
    struct hearing hearing = { e, i, &facts, at };
    const struct heal_sink sink = { &hearing, decide };
    bool stood;

    if (!v->heal && !v->in_scope)
        return;
    if (!v->heal)
        v->heal = heal_new(r->scope, seed_of(e, i));
    gather(e, i, &facts);
    if (!i->gone)
        revive_charge(e, i, v->in_scope && facts.exempt != HEAL_OTHER_RULE, at);
    stood = heal_order(v->heal);
    heal_step(v->heal, &policy, &facts, at, &sink);
    keep_order(e, i);
    r->standing += heal_order(v->heal) != NULL;
    r->standing -= stood;
    wake(i, heal_due(v->heal));
}

/* Said once, for as long as they stay. */
static void check_labels(struct engine *e, struct instance *i)
{
    struct revival *v = i->own;
    struct buf said, text;
    uint32_t nonsense = 0;

    buf_init(&said, BUF_NO_CAP);
    if (v->in_scope && !i->gone)
        revive_nonsense(e, i, &said);
    if (said.n)
        nonsense = hash_key(0, buf_view(&said));
    if (said.n && nonsense != v->nonsense) {
        buf_init(&text, BUF_NO_CAP);
        instance_text(e, i, &text);
        buf_printf(&text, ": %s", buf_cstr(&said));
        rule_said(e, i->live, buf_view(&text));
        buf_release(&text);
    }
    v->nonsense = nonsense;
    buf_release(&said);
}

/* -- what is derived ---------------------------------------------------------
 */

struct heal_view revive_view(const struct revival *v)
{
    return v->heal ? heal_view(v->heal) : (struct heal_view){ 0 };
}

static void derive_maybe(struct engine *e, struct map *m, const char *key,
                         nsec at)
{
    if (at)
        derive_instant(e, m, key, at);
    else
        derive_erase(e, m, slice_str(key));
}

static void derive(struct engine *e, const struct instance *i)
{
    const struct revival *v = i->own;
    struct heal_view view = revive_view(v);
    struct map *m = derive_instance(e, i);

    derive_bool(e, m, "due", v->due);
    derive_bool(e, m, "in_scope", v->in_scope);
    derive_instant(e, m, "since", v->since);
    derive_text(e, m, "state", slice_str(heal_state_name(view.state)));
    derive_text(e, m, "reason", view.reason);
    derive_u64(e, m, "attempts", view.attempts);
    derive_u64(e, m, "revived", view.revived);
    derive_u64(e, m, "failed", view.failed);
    derive_bool(e, m, "byPerson", view.by_person);
    derive_maybe(e, m, "next", view.next_at);
    derive_maybe(e, m, "downSince", view.down_since);
}

static void derive_breaker(struct engine *e, const struct live *l)
{
    const struct revive_rule *r = l->own;
    struct heal_scope_view s = heal_scope_view(r->scope);
    struct map *m = e->config.monitor->root.u.map;

    m = derive_map(e, m, slice_str(RULE_BREAKERS));
    m = derive_map(e, m, l->rule->name);
    derive_bool(e, m, "open", s.breaker_open);
    derive_bool(e, m, "half_open", s.half_open);
    derive_maybe(e, m, "since", s.breaker_since);
    derive_maybe(e, m, "until", s.breaker_until);
    derive_u64(e, m, "down", s.down);
    derive_u64(e, m, "in_scope", s.in_scope);
}

/* -- the kind ----------------------------------------------------------------
 */

/* It is no container of the rule any more. */
static void finish(struct engine *e, struct instance *i)
{
    struct revival *v = i->own;

    put_due(i, false, e->now);
    put_in_scope(e, i, false);
    if (v->seen)
        derive_forget(e, i);
    v->seen = false;
}

static bool is_over(const struct instance *i)
{
    const struct revival *v = i->own;

    return i->gone && (!v->heal || heal_idle(v->heal));
}

static void put_lost(struct instance *i, bool lost)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;

    r->lost += lost;
    r->lost -= v->lost;
    v->lost = lost;
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    revive_follow(e, i, at);
    ask_rule(e, i, at);
    check_labels(e, i);
    step(e, i, at);
    put_lost(i, i->gone && !is_over(i));
    if (is_over(i))
        finish(e, i);
    else
        derive(e, i);
}

static bool finished(const struct instance *i)
{
    return !((const struct revival *)i->own)->seen;
}

static void settle(struct engine *e, struct live *l)
{
    derive_breaker(e, l);
}

static void begin(struct engine *e, struct live *l)
{
    struct revive_rule *r = l->own;

    r->scope = heal_scope_new(e->turns);
}

/* What was wrong with it is no matter of the rule's any more. */
static void withdraw(struct engine *e, struct instance *i)
{
    struct heal_view view = revive_view(i->own);

    if (view.state != HEAL_OK)
        tell(e, i->live, i, heal_state_name(view.state), "withdrawn",
             slice_of("", 0));
    finish(e, i);
}

static void end(struct engine *e, struct live *l, nsec at)
{
    (void)at;
    instances_each(e, l, withdraw);
}

void revive_drop(struct instance *i)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;

    if (!v->heal)
        return;
    r->standing -= heal_order(v->heal) != NULL;
    r->revived += heal_view(v->heal).revived;
    r->failed += heal_view(v->heal).failed;
    r->orders += v->orders;
    heal_free(v->heal);
    free(v->order);
    v->heal = NULL;
    v->order = NULL;
    v->orders = 0;
}

static void release(struct engine *e, struct instance *i)
{
    put_lost(i, false);
    revive_keep(e, i);
    revive_drop(i);
}

static void release_rule(struct engine *e, struct live *l)
{
    (void)e;
    heal_scope_free(((struct revive_rule *)l->own)->scope);
}

uint64_t revive_due(const struct live *l)
{
    return ((const struct revive_rule *)l->own)->due;
}

const struct kind revive_kind = {
    .instance_bytes = sizeof(struct revival),
    .rule_bytes = sizeof(struct revive_rule),
    .begin = begin,
    .end = end,
    .evaluate = evaluate,
    .finished = finished,
    .settle = settle,
    .release = release,
    .release_rule = release_rule,
    .report = revive_report,
    .report_text = revive_report_text,
};

/* -- orders ------------------------------------------------------------------
 */

/* Its result is in the state as soon as it is merged. */
static bool stands(const struct engine *e, const struct instance *i)
{
    const struct revival *v = i->own;

    return v->heal && heal_order(v->heal) && v->order &&
           !slice_is(revive_result(e, i), v->order);
}

static void put_order(const struct engine *e, const struct instance *i,
                      void *self,
                      void (*fn)(void *self, const struct order *order))
{
    const struct rule *rule = i->live->rule;
    const struct revival *v = i->own;
    const struct order order = {
        .id = slice_str(v->order),
        .group = rule->group,
        .rule = rule->name,
        .name = instance_key(e, i, 0),
        .what = *heal_order(v->heal),
        .dry_run = rule->revive.dry_run,
        .repair_network = rule->revive.repair_network,
    };

    fn(self, &order);
}

static void rule_orders(const struct engine *e, const struct live *l,
                        void *self,
                        void (*fn)(void *self, const struct order *order))
{
    struct instance **list;
    size_t n, k;

    list = instances_sorted(e, l, &n);
    for (k = 0; k < n; k++)
        if (stands(e, list[k]))
            put_order(e, list[k], self, fn);
    free(list);
}

void engine_orders(const struct engine *e, void *self,
                   void (*fn)(void *self, const struct order *order))
{
    size_t k;

    for (k = 0; k < e->nlive; k++) {
        const struct live *l = e->live[k];

        if (l->rule->kind == RULE_REVIVE &&
            ((const struct revive_rule *)l->own)->standing)
            rule_orders(e, l, self, fn);
    }
}
