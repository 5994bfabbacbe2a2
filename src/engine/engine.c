#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

#define SWEEP_EVERY (60 * NSEC_SEC)

const struct kind *live_kind(const struct live *l)
{
    static const struct kind *const kinds[RULE_KINDS] = {
        [RULE_ALERT] = &alert_kind,     [RULE_INTENT] = &intent_kind,
        [RULE_MACHINE] = &machine_kind, [RULE_COUNT] = &count_kind,
        [RULE_ERRORS] = &errors_kind,   [RULE_REVIVE] = &revive_kind,
    };

    return kinds[l->rule->kind];
}

struct engine *engine_new(const struct engine_config *config)
{
    struct engine *e = xcalloc(1, sizeof(*e));

    e->config = *config;
    e->now = e->clock = e->seq_at = e->heard_at = INT64_MIN;
    e->vm = cel_vm_new();
    e->windows = windows_new();
    e->turns = heal_turns_new();
    host_init(e);
    cel_vm_host(e->vm, &e->host, NULL);
    return e;
}

void engine_zones(struct engine *e, const struct cel_zones *zones)
{
    e->zones = zones;
    cel_vm_host(e->vm, &e->host, zones);
}

void engine_sink(struct engine *e, const struct engine_sink *sink)
{
    e->sink = *sink;
}

/* -- rules come and go ------------------------------------------------------
 */

static void find_mark(struct engine *e, struct live *l)
{
    const struct rule_foreach *f = &l->rule->foreach;
    struct tree *t;
    uint32_t k;

    l->mark = MARK_STATE;
    if (f->n && f->key[0].p && slice_is(f->key[0], "monitor"))
        l->mark = MARK_MONITOR;
    t = tree_of(e, l->mark);
    for (k = 0; k < f->n; k++)
        l->literal[k] = f->key[k].p ? keys_ref(&t->keys, f->key[k],
                                               hash_key(t->seed, f->key[k]))
                                    : KEY_NONE;
}

static struct live *live_new(struct engine *e, const struct rule *rule)
{
    struct live *l = xcalloc(1, sizeof(*l));

    l->rule = rule;
    find_mark(e, l);
    l->own = xcalloc(1, live_kind(l)->rule_bytes);
    return l;
}

static void live_free(struct engine *e, struct live *l)
{
    struct tree *t = tree_of(e, l->mark);
    uint32_t k;

    while (l->first)
        instance_free(e, l->first);
    if (live_kind(l)->release_rule)
        live_kind(l)->release_rule(e, l);
    for (k = 0; k < l->rule->foreach.n; k++)
        if (l->literal[k] != KEY_NONE)
            keys_unref(&t->keys, l->literal[k]);
    places_release(&l->places);
    free(l->own);
    free(l->dirty);
    free(l->last_error);
    free(l);
}

/*
 * A revive rule is the same by its name alone: who is held, and how often one
 * was started already, must not be forgotten because the file was edited.
 */
static bool same_rule(const struct rule *a, const struct rule *b)
{
    if (a->kind != b->kind || !slice_eq(a->name, b->name))
        return false;
    return a->kind == RULE_REVIVE ||
           (slice_eq(a->group, b->group) && slice_eq(a->text, b->text));
}

/*
 * The old one of the same rule, taken out of old; NULL: there is none.  Most
 * rules stand where they stood before, so the search begins there.
 */
static struct live *take_same(struct live **old, size_t n, size_t from,
                              const struct rule *rule)
{
    struct live **at, *l;
    size_t i;

    for (i = 0; i < n; i++) {
        at = &old[(from + i) % n];
        if (*at && same_rule((*at)->rule, rule)) {
            l = *at;
            *at = NULL;
            return l;
        }
    }
    return NULL;
}

static void end_rules(struct engine *e, struct live **old, size_t n, nsec at)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!old[i])
            continue;
        if (live_kind(old[i])->end)
            live_kind(old[i])->end(e, old[i], at);
        alert_health_end(e, old[i], at);
        derive_drop_rule(e, old[i]);
        live_free(e, old[i]);
    }
}

static void adopt(struct engine *e, const struct ruleset *set,
                  struct live **old, size_t nold)
{
    size_t i;

    e->nlive = set ? set->n : 0;
    e->live = xcalloc(e->nlive + 1, sizeof(struct live *));
    for (i = 0; i < e->nlive; i++) {
        struct live *l = take_same(old, nold, i, &set->rule[i]);

        if (l && !slice_eq(l->rule->group, set->rule[i].group))
            alert_health_move(e, l);
        e->live[i] = l ? l : live_new(e, &set->rule[i]);
        e->live[i]->fresh = l == NULL;
        e->live[i]->rule = &set->rule[i];
        e->live[i]->number = (uint32_t)i;
    }
}

static void begin_rules(struct engine *e)
{
    size_t i;

    e->minds_lines = false;
    for (i = 0; i < e->nlive; i++) {
        struct live *l = e->live[i];

        if (l->rule->kind == RULE_ERRORS && l->rule->errors.match)
            e->minds_lines = true;
        if (!l->fresh)
            continue;
        if (l->rule->foreach.nstars)
            listen_elements(e, l);
        else if (l->rule->kind != RULE_ERRORS)
            dirty_instance(e, instance_get(e, l, NULL));
        if (live_kind(l)->begin)
            live_kind(l)->begin(e, l);
        queue_rule(e, l); /* what it derives is there without any instance */
    }
}

/* Numbers have changed: what they stood in is made again. */
static void renumber(struct engine *e)
{
    struct instance *i;
    size_t k;

    while (heap_top(&e->queue))
        heap_pop(&e->queue);
    for (k = 0; k < e->nlive; k++) {
        struct live *l = e->live[k];
        bool queued = l->queued;

        l->queued = false;
        if (queued)
            queue_rule(e, l);
        /* What it reads may be derived no more. */
        for (i = l->first; i; i = i->next)
            dirty_instance(e, i);
    }
}

void engine_rules(struct engine *e, struct ruleset *set, nsec at)
{
    struct live **old = e->live;
    size_t nold = e->nlive;
    struct ruleset *gone = e->set;

    if (at > e->now)
        e->now = at;
    listen_end(e);
    adopt(e, set, old, nold);
    e->set = set;
    end_rules(e, old, nold, at);
    free(old);
    renumber(e);
    listen_begin(e);
    begin_rules(e);
    ruleset_free(gone);
    e->stats.rules = e->nlive;
}

const struct ruleset *engine_ruleset(const struct engine *e)
{
    return e->set;
}

bool engine_minds_lines(const struct engine *e)
{
    return e->minds_lines;
}

void engine_free(struct engine *e)
{
    size_t i;

    if (!e)
        return;
    listen_end(e);
    for (i = 0; i < e->nlive; i++)
        live_free(e, e->live[i]);
    free(e->live);
    free(e->instance);
    free(e->free_id);
    heap_release(&e->timers);
    heap_release(&e->queue);
    heap_release(&e->waiting);
    windows_free(e->windows);
    revive_forget(e);
    heal_turns_free(e->turns);
    errors_forget(e);
    timeline_release(e);
    cel_vm_free(e->vm);
    ruleset_free(e->set);
    cel_functions_free(e->functions);
    free(e);
}

/* -- what is to be evaluated --------------------------------------------------
 */

void queue_rule(struct engine *e, struct live *l)
{
    l->prompt |= e->prompt;
    if (l->queued)
        return;
    l->queued = true;
    heap_push(&e->queue, (nsec)l->number, l->number, 0);
}

void dirty_instance(struct engine *e, struct instance *i)
{
    struct live *l;

    if (!i)
        return;
    l = i->live;
    i->prompt |= e->prompt;
    queue_rule(e, l);
    if (i->dirty)
        return;
    i->dirty = true;
    if (l->ndirty == l->dirty_room) {
        l->dirty_room = l->dirty_room ? l->dirty_room * 2 : 8;
        l->dirty = xrealloc(l->dirty, l->dirty_room * sizeof(struct live *));
    }
    l->dirty[l->ndirty++] = i;
}

void dirty_rule(struct engine *e, struct live *l)
{
    if (!l->first)
        return;
    l->all_dirty = true;
    l->all_prompt |= e->prompt;
    queue_rule(e, l);
}

static void take_all(struct engine *e, struct live *l)
{
    struct instance *i;

    l->all_dirty = l->all_prompt = false;
    for (i = l->first; i; i = i->next)
        dirty_instance(e, i);
}

/* -- evaluation
 * ---------------------------------------------------------------- */

static void after(struct engine *e, struct instance *i)
{
    struct live *l = i->live;
    bool failing = i->broken || i->marred;

    if (failing != i->failing) {
        l->failing += failing ? 1 : (size_t)-1;
        i->failing = failing;
    }
    if (i->gone && live_kind(l)->finished(i))
        instance_free(e, i);
    else
        instance_schedule(e, i);
}

void evaluate_instance(struct engine *e, struct instance *i)
{
    i->dirty = i->changed = i->prompt = false;
    i->broken = false;
    eval_begin(i);
    e->stats.evaluations++;
    i->live->evaluations++;
    live_kind(i->live)->evaluate(e, i, e->now);
    after(e, i);
}

/* Without listening: every element looked for, every instance evaluated. */
static void find_all(struct engine *e, struct live *l)
{
    struct instance *i;

    for (i = l->first; i; i = i->next) {
        i->gone = l->rule->foreach.nstars > 0;
        dirty_instance(e, i);
    }
    if (l->rule->foreach.nstars)
        listen_elements(e, l);
}

/* Out of the dirty ones; those that can wait stay. */
static struct instance **take_dirty(struct live *l, bool all, size_t *ret_n)
{
    struct instance **list = l->dirty, **rest = NULL;
    size_t n = l->ndirty, k;

    l->dirty = NULL;
    l->ndirty = l->dirty_room = *ret_n = 0;
    for (k = 0; k < n; k++) {
        if (all || list[k]->prompt) {
            list[(*ret_n)++] = list[k];
            continue;
        }
        if (!rest)
            rest = xmalloc(n * sizeof(struct instance *));
        rest[l->ndirty++] = list[k];
    }
    if (rest) {
        l->dirty = rest;
        l->dirty_room = n;
    }
    return list;
}

/* all: also what can wait for the boundary. */
static void evaluate_rule(struct engine *e, struct live *l, bool all)
{
    struct instance **list;
    size_t n, k;

    if (all && e->exhaustive)
        find_all(e, l);
    if (l->all_dirty && (all || l->all_prompt))
        take_all(e, l);
    l->queued = l->prompt = false;
    list = take_dirty(l, all, &n);
    instances_sort(e, list, n);
    l->evaluated_at = e->now;
    for (k = 0; k < n; k++)
        evaluate_instance(e, list[k]);
    if (live_kind(l)->settle)
        live_kind(l)->settle(e, l);
    alert_health(e, l, e->now);
    if (!l->dirty) { /* the list is used again */
        l->dirty = list;
        l->dirty_room = n;
    } else {
        free(list);
    }
}

/* Asked at every shard: the division is made once a boundary. */
static nsec boundary_after(struct engine *e, nsec now)
{
    if (now >= e->boundary || now < nsec_add(e->boundary, -ENGINE_GRAIN))
        e->boundary = next_boundary(now);
    return e->boundary;
}

ASIDE static nsec something_due(struct engine *e, nsec now)
{
    nsec due = timers_due(e);

    if (heap_top(&e->queue) || e->exhaustive)
        now = boundary_after(e, now);
    else
        now = NSEC_MAX;
    return due < now ? due : now;
}

nsec engine_due(struct engine *e, nsec now)
{
    bool nothing = !heap_top(&e->timers) && !heap_top(&e->queue);

    if (e->nlive == 0 || (nothing && !e->exhaustive))
        return NSEC_MAX;
    return something_due(e, now);
}

bool engine_waits(const struct engine *e)
{
    return heap_top(&e->queue) || (e->exhaustive && e->nlive);
}

static void put_off(struct engine *e, struct live *l)
{
    l->queued = true;
    heap_push(&e->waiting, (nsec)l->number, l->number, 0);
}

/*
 * What a rule derives concerns later ones only, so each rule comes up once: the
 * loader has seen to the order.
 */
static void evaluate_queue(struct engine *e, bool all)
{
    const struct heap_entry *top;
    struct heap empty;

    while ((top = heap_top(&e->queue))) {
        struct live *l = e->live[top->id];

        heap_pop(&e->queue);
        if (all || l->prompt)
            evaluate_rule(e, l, all);
        else
            put_off(e, l);
        if (!l->queued && (l->ndirty || l->all_dirty))
            put_off(e, l);
    }
    empty = e->queue;
    e->queue = e->waiting;
    e->waiting = empty;
}

/*
 * Once a second, unless nothing has been logged for more than a day: then, at
 * every 86,400th part of the silence, or a line that is stamped a century ahead
 * would cost three thousand million looks at the clock.
 */
static nsec poll_for(const struct engine *e, nsec at)
{
    nsec silence = e->heard_at == INT64_MIN ? 0 : nsec_sub(at, e->heard_at);
    nsec parts = silence / (24 * 3600 * NSEC_SEC);

    return (parts > 1 ? parts : 1) * CEL_WAKE_DEFAULT;
}

void engine_evaluate(struct engine *e, nsec at, bool moved)
{
    bool all = moved || at % ENGINE_GRAIN == 0;
    size_t k;

    if (at > e->now)
        e->now = at;
    cel_vm_poll(e->vm, poll_for(e, e->now));
    e->prompt = true;
    timers_fire(e, at);
    for (k = 0; all && e->exhaustive && k < e->nlive; k++)
        queue_rule(e, e->live[k]);
    if (heap_top(&e->queue))
        e->stats.instants++;
    evaluate_queue(e, all);
    e->prompt = false;
    if (at >= nsec_add(e->swept_at, SWEEP_EVERY)) {
        windows_sweep(e->windows, at);
        e->swept_at = at;
    }
}

void engine_exhaustive(struct engine *e, bool on)
{
    e->exhaustive = on;
}

struct engine_stats engine_stats(const struct engine *e)
{
    struct engine_stats s = e->stats;

    s.instances = e->alive;
    s.transitions = e->ordinal;
    s.notices = e->notice_ordinal;
    s.decisions = e->decision_ordinal;
    return s;
}

/* -- asked by hand
 * ---------------------------------------------------------------- */

/* That monitor is a map (READ_VALUE) or there is known without rules. */
static bool asks_derived(const struct cel_program *p)
{
    const struct cel_read *read;
    enum rule_kind kind;
    size_t i, n;

    read = cel_program_reads(p, &n);
    for (i = 0; i < n; i++) {
        if (read[i].n == 0 || !slice_is(read[i].key[0], "monitor"))
            continue;
        if (read[i].n == 1 ? (read[i].kinds & (READ_KEYS | READ_SUBTREE)) != 0
                           : rule_section_kind(read[i].key[1], &kind))
            return true;
    }
    return false;
}

enum status engine_eval(struct engine *e, struct slice text, nsec now,
                        struct cel_problems *problems, struct buf *out,
                        struct engine_asks *ret_asks)
{
    const struct cel_variable variable[] = {
        { slice_str("state"), cel_type_simple(TYPE_DYN), true },
        { slice_str("now"), cel_type_simple(TYPE_TIMESTAMP), false },
    };
    struct cel_value value[2] = { 0 };
    struct cel_place place[2] = { e->host.root(e) };
    struct cel_activation with = { value, place };
    struct cel_env env = { .variable = variable, .nvariables = 2 };
    struct cel_program *p = NULL;
    struct cel_outcome got;
    enum status st;

    if (!e->functions)
        e->functions = cel_functions_new();
    env.functions = e->functions;
    st = cel_compile(&env, text, problems, &p);
    if (st)
        return st == ST_LIMIT ? ST_BAD : st;
    *ret_asks = (struct engine_asks){ cel_program_timed(p), asks_derived(p) };
    cel_eval(e->vm, p, &with, now, &got);
    if (got.value.kind == CEL_ERROR) {
        buf_slice(out, got.value.error->text);
        st = ST_NONE;
    } else {
        cel_to_json(cel_vm_context(e->vm), got.value, out);
    }
    cel_program_free(p);
    return st;
}
