#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "core/port.h"

#include <assert.h>
#include <stdlib.h>

struct limits limits_default(void)
{
    return (struct limits){
        .shard_bytes = 64 * 1024,
        .string_bytes = 8 * 1024,
        .list_items = 100,
        .nodes = 1000 * 1000,
        .blade_nodes = 100 * 1000,
        .bank_keys = 10 * 1000,
        .filter_gaps = 4096,
        .ids = 65536,
        .retire_after = 24 * 3600 * NSEC_SEC,
    };
}

uint64_t cursor_hash(struct slice line)
{
    return XXH3_64bits(line.p, line.n);
}

static void set_limits(struct core *core, const struct limits *l)
{
    core->limits = *l;
    core->apply.string_bytes = l->string_bytes;
    counts_limit(core->apply.counts, l->blade_nodes, l->nodes);
    core->state.limits = (struct tree_limits){
        .nodes = l->nodes,
        .payer_nodes = l->blade_nodes,
        .list_items = l->list_items,
        .bank_keys = l->bank_keys,
    };
}

struct core *core_new(uint64_t seed)
{
    struct core *core = xcalloc(1, sizeof(*core));
    struct limits limits = limits_default();
    struct tree_limits unbounded = { UINT64_MAX, UINT64_MAX, 100, UINT64_MAX };

    core->names = names_new();
    tree_init(&core->state, core->names, seed, unbounded);
    tree_init(&core->monitor, core->names, seed, unbounded);
    core->apply.tree = &core->state;
    core->apply.counts = counts_new();
    set_limits(core, &limits);
    shard_pool_init(&core->pool, seed);
    core->ids = ids_new();
    core->monitor_origin = names_origin(
        core->names, names_blade(core->names, slice_str("monitor")),
        slice_str(""), 0);
    core->merged_at = INT64_MIN;
    core->engine = engine_new(&(struct engine_config){
        .state = &core->state,
        .monitor = &core->monitor,
        .names = core->names,
        .blade = names_blade(core->names, slice_str("monitor")),
        .origin = core->monitor_origin,
    });
    return core;
}

static void free_source(struct core_source *src)
{
    if (!src)
        return;
    free(src->decl);
    free(src->at);
    free(src);
}

static void free_sources(struct core *core)
{
    size_t i;

    for (i = 0; i < core->nsources; i++)
        free_source(core->source[i]);
    free(core->source);
}

void core_free(struct core *core)
{
    struct shard *s;
    size_t i;

    if (!core)
        return;
    watch_release_all(core);
    envelope_release(core);
    while ((s = order_first(&core->order, core->names))) {
        order_take(&core->order, core->names);
        shard_free(&core->pool, s);
    }
    order_release(&core->order);
    shard_pool_release(&core->pool);
    engine_free(core->engine);
    tree_release(&core->state);
    tree_release(&core->monitor);
    counts_free(core->apply.counts);
    ids_free(core->ids);
    for (i = 0; i < core->nfilters; i++)
        filter_release(&core->filter[i]);
    free(core->filter);
    for (i = 0; i < core->nminds; i++)
        free(core->mind[i]);
    free(core->mind);
    free_sources(core);
    names_free(core->names);
    free(core);
}

/* -- what the monitor knows of itself ----------------------------------- */

void monitor_count(struct core *core, const char *first, struct slice second,
                   uint32_t blade, uint64_t by)
{
    struct write w = {
        .tag = { core->watermark, core->monitor_origin, 0 },
        .entry = names_entry(core->names, blade),
    };
    struct map *in = core->monitor.root.u.map;
    struct step step = tree_step(&core->monitor, slice_str(first));

    if (second.p) {
        in = tree_map(&core->monitor, in, &step, &w);
        step = tree_step(&core->monitor, second);
    }
    if (in && tree_inc(&core->monitor, in, &step, &w, (amount)by * AMOUNT_UNIT))
        core->stats.refused++;
}

static struct slice blade_text(const struct core *core, uint32_t blade)
{
    return names_blade_text(core->names, blade);
}

static void count_by_blade(struct core *core, const char *what, uint32_t blade,
                           uint64_t by)
{
    monitor_count(core, what, blade_text(core, blade), blade, by);
}

/* Writes what apply refused into monitor.refused and .refusals. */
static void account_refusals(struct core *core, uint32_t blade)
{
    uint64_t sum = 0, n;
    int i;

    for (i = 0; i < REFUSALS; i++) {
        n = core->apply.refused[i];
        if (!n)
            continue;
        core->apply.refused[i] = 0;
        monitor_count(core, "refusals", slice_str(refusal_name(i)), blade, n);
        if (i == REFUSED_INSTRUCTION)
            core->stats.not_known += n; /* a slip of the pen, beyond no bound */
        else
            sum += n;
    }
    if (sum)
        count_by_blade(core, "refused", blade, sum);
    core->stats.refused += sum;
}

/* -- blades that fall silent -------------------------------------------- */

static struct mind *mind_of(struct core *core, uint32_t blade)
{
    size_t n = core->nminds;

    if (blade >= n) {
        n = blade + 1 > 2 * n ? blade + 1 : 2 * n;
        core->mind = xrealloc(core->mind, n * sizeof(*core->mind));
        memset(core->mind + core->nminds, 0,
               (n - core->nminds) * sizeof(*core->mind));
        core->nminds = n;
    }
    if (!core->mind[blade]) {
        core->mind[blade] = xcalloc(1, sizeof(**core->mind));
        core->mind[blade]->blade = blade;
    }
    return core->mind[blade];
}

static void unlist(struct core *core, struct mind *m)
{
    if (!m->listed)
        return;
    if (m->prev)
        m->prev->next = m->next;
    else
        core->silent = m->next;
    if (m->next)
        m->next->prev = m->prev;
    else
        core->loud = m->prev;
    m->listed = false;
}

static void heard(struct core *core, uint32_t blade, nsec at)
{
    struct mind *m = mind_of(core, blade);

    if (m->listed && m->heard_at >= at)
        return;
    m->heard_at = at;
    if (core->loud == m)
        return;
    unlist(core, m);
    m->listed = true;
    m->next = NULL;
    m->prev = core->loud;
    if (core->loud)
        core->loud->next = m;
    else
        core->silent = m;
    core->loud = m;
}

static nsec retire_due(const struct core *core)
{
    if (!core->silent || core->limits.retire_after == 0)
        return NSEC_MAX;
    return nsec_add(core->silent->heard_at, core->limits.retire_after);
}

static void retire(struct core *core, uint32_t blade)
{
    names_retire(core->names, blade);
    engine_retired(core->engine);
    if (blade < core->nminds && core->mind[blade])
        unlist(core, core->mind[blade]);
}

/* Log time has come so far; it begins with the first shard or tick. */
static void moved(struct core *core, nsec to)
{
    if (to > core->merged_at)
        core->merged_at = to;
}

static nsec rules_due(const struct core *core)
{
    if (core->merged_at == INT64_MIN)
        return NSEC_MAX;
    return engine_due(core->engine, core->merged_at);
}

static nsec first_due(const struct core *core)
{
    nsec first = tree_due(&core->state), other = retire_due(core);

    if (other < first)
        first = other;
    other = rules_due(core);
    return other < first ? other : first;
}

/* At an instant: leases first, then silent blades, then what rules make of
 * it. */
ASIDE static void happen(struct core *core, nsec at)
{
    bool lease = tree_due(&core->state) <= at, silent = retire_due(core) <= at;

    if (lease)
        tree_advance(&core->state, at);
    if (silent)
        retire(core, core->silent->blade);
    moved(core, at);
    /* A late line may have brought a lease that ran out before now. */
    engine_evaluate(core->engine, core->merged_at, lease || silent);
}

/* Everything that time alone brings about, up to and at an instant. */
static void advance(struct core *core, nsec upto)
{
    nsec next;

    while ((next = first_due(core)) <= upto) {
        if (next == NSEC_MAX) { /* nothing else, but it is an instant too */
            tree_advance(&core->state, next);
            return;
        }
        happen(core, next);
    }
}

/* -- merging ------------------------------------------------------------ */

static void show_line(struct core *core, const struct shard *s,
                      const struct core_source *src, nsec at)
{
    engine_line(core->engine, s->tape.n ? &s->tape : NULL, s->body, s->line,
                src->blade, at);
}

static void merge(struct core *core, struct shard *s, bool late)
{
    const struct core_source *src = core->source[s->source];
    struct body body = {
        .mount = &src->mount,
        .tape = s->tape.n ? &s->tape : NULL,
        .at = s->body,
        .text = s->line,
        .blade = src->blade,
        .run = src->run,
        .seq = s->seq,
    };
    struct write w = {
        .tag = s->tag,
        .entry = names_entry(core->names, src->blade),
        .payer = tree_payer(src->blade),
        .late = late,
        .reserve = src->mount.trusted,
    };

    if (engine_minds_lines(core->engine))
        show_line(core, s, src, core->merged_at);
    if (!s->empty)
        apply_body(&core->apply, &body, &w);
    engine_settle(core->engine, core->merged_at);
    account_refusals(core, src->blade);
    core->stats.merged++;
    if (src->minded && !late)
        heard(core, src->blade, s->tag.ts);
}

static void release(struct core *core, struct shard *s, bool late)
{
    moved(core, late ? core->watermark : s->tag.ts);
    if (s->retire)
        retire(core, s->source);
    else
        merge(core, s, late);
    shard_free(&core->pool, s);
}

static void warm_up(struct core *core)
{
    struct warm way[WARM_AHEAD];
    struct shard *s;
    size_t n;

    for (n = 0; n < WARM_AHEAD; n++) {
        s = order_ahead(&core->order, n);
        if (!s || s->retire)
            break;
        way[n] = (struct warm){ &core->source[s->source]->mount,
                                s->tape.n ? &s->tape : NULL, s->body, NULL };
    }
    if (n > 1)
        tree_warm(&core->state, way, n);
    core->warmed = n;
}

static void release_first(struct core *core)
{
    struct shard *s = order_first(&core->order, core->names);

    if (core->warmed == 0 && core->state.nodes > WARM_FROM)
        warm_up(core);
    core->warmed -= core->warmed > 0;
    moved(core, core->merged_at == INT64_MIN ? s->tag.ts : INT64_MIN);
    advance(core, s->tag.ts);
    order_take(&core->order, core->names);
    release(core, s, false);
}

void core_tick(struct core *core, nsec w)
{
    struct shard *s;

    if (w <= core->watermark)
        return;
    while ((s = order_first(&core->order, core->names)) && s->tag.ts < w)
        release_first(core);
    if (!s) /* while a shard waits, log time begins with it */
        moved(core, core->merged_at == INT64_MIN ? w : INT64_MIN);
    advance(core, w);
    core->watermark = w;
    tree_reap(&core->state, 4096);
}

void core_flush(struct core *core)
{
    struct shard *s;
    nsec end = core->watermark;

    while ((s = order_first(&core->order, core->names))) {
        if (s->tag.ts > end)
            end = s->tag.ts;
        release_first(core);
    }
    advance(core, end);
    /*
     * What changed last is evaluated as well, at the boundary behind it.  The
     * log ends where it ends, whether or not a rule minded its last line.
     */
    if (engine_waits(core->engine) && core->merged_at != INT64_MIN)
        advance(core, next_boundary(core->merged_at));
    core->watermark = end;
}

nsec core_due(const struct core *core)
{
    const struct shard *s = order_first(&core->order, core->names);
    nsec due = tree_due(&core->state), other = retire_due(core);

    if (other < due)
        due = other;
    if (core->merged_at != INT64_MIN)
        other = engine_due(core->engine, core->merged_at);
    else
        other = engine_waits(core->engine) ? INT64_MIN : NSEC_MAX;
    if (other < due)
        due = other;
    /* A shard is released by a tick behind it. */
    other = s ? nsec_add(s->tag.ts, 1) : NSEC_MAX;
    return other < due ? other : due;
}

/* Below the watermark: late; otherwise it waits. */
static void enqueue(struct core *core, struct shard *s, uint32_t blade)
{
    if (s->tag.ts < core->watermark) {
        core->stats.late++;
        monitor_count(core, "late", slice_of(NULL, 0), blade, 1);
        release(core, s, true);
        return;
    }
    order_put(&core->order, core->names, s);
}

static struct filter *filter_of(struct core *core, uint32_t origin,
                                uint32_t epoch)
{
    size_t n = core->nfilters, i;

    if (origin >= n) {
        n = origin + 1 > 2 * n ? origin + 1 : 2 * n;
        core->filter = xrealloc(core->filter, n * sizeof(*core->filter));
        for (i = core->nfilters; i < n; i++)
            core->filter[i] = (struct filter){ .prefix = INT64_MIN };
        core->nfilters = n;
    }
    if (core->filter[origin].prefix == INT64_MIN)
        filter_init(&core->filter[origin], epoch == 0);
    return &core->filter[origin];
}

/* False: this (blade, run, seq) was here before. */
static bool is_new(struct core *core, const struct core_source *src,
                   uint64_t seq)
{
    struct filter *f = filter_of(core, src->origin, src->epoch);
    uint64_t lost;

    if (!filter_mark(f, (uint32_t)seq))
        return false;
    if (core->limits.filter_gaps && f->gaps > core->limits.filter_gaps) {
        lost = filter_close_gap(f);
        core->stats.lost += lost;
        count_by_blade(core, "lost", src->blade, lost);
    }
    return true;
}

static void find_origin(struct core *core, struct core_source *src,
                        uint64_t seq)
{
    uint32_t epoch = (uint32_t)(seq >> 32);

    if (epoch == src->epoch)
        return;
    src->epoch = epoch;
    src->origin = names_origin(core->names, src->blade, src->decl->run, epoch);
}

static bool is_repeated(struct core *core, const struct core_source *src,
                        const struct shard *s)
{
    const struct tape_op *id = NULL;
    struct slice text = s->id;

    if (!text.n && src->decl->mode == MODE_SHARD)
        id = tape_member(&s->tape, "$id");
    if (id && (id->kind == TAPE_STRING || id->kind == TAPE_NUMBER))
        text = tape_text(id);
    return text.n &&
           !ids_add(core->ids, src->decl->blade, text, core->limits.ids);
}

static void duplicate(struct core *core, struct shard *s, uint32_t blade)
{
    core->stats.duplicates++;
    monitor_count(core, "duplicates", slice_of(NULL, 0), blade, 1);
    shard_free(&core->pool, s);
}

static bool too_big(struct core *core, const struct core_source *src,
                    const struct shard *s)
{
    if (s->line.n <= core->limits.shard_bytes)
        return false;
    core->stats.oversize++;
    core->stats.refused++;
    monitor_count(core, "refusals", slice_str("shard"), src->blade, 1);
    count_by_blade(core, "refused", src->blade, 1);
    return true;
}

void core_take(struct core *core, struct shard *s, const struct event *ev)
{
    struct core_source *src = core->source[s->source];

    core->stats.lines++;
    s->seq = ev->seq;
    s->fd = ev->fd;
    s->logged_at = ev->logged_at;
    s->id = ev->id;
    find_origin(core, src, ev->seq);
    s->tag = (struct tag){ ev->ts, src->origin, (uint32_t)ev->seq };
    if (!is_new(core, src, ev->seq) || is_repeated(core, src, s)) {
        duplicate(core, s, src->blade);
        return;
    }
    s->id = slice_of(NULL, 0); /* borrowed for this call only */
    if (!s->json && src->decl->mode != MODE_TEXT) {
        core->stats.not_json++;
        count_by_blade(core, "not_json", src->blade, 1);
    }
    if (too_big(core, src, s)) {
        shard_free(&core->pool, s);
        return;
    }
    enqueue(core, s, src->blade);
}

void core_drop(struct core *core, struct shard *shard)
{
    shard_free(&core->pool, shard);
}

struct shard *core_shard(struct core *core, uint32_t source, struct slice line,
                         struct err *err)
{
    const struct core_source *src = core->source[source];
    bool text =
        src->decl->mode == MODE_TEXT || line.n > core->limits.shard_bytes;
    struct shard *s = shard_new(&core->pool, line, text, err);

    s->source = source;
    return s;
}

/* -- sources ------------------------------------------------------------ */

static void make_mount(struct core *core, struct core_source *src)
{
    const struct source *d = src->decl;
    struct mount *m = &src->mount;
    size_t i;

    src->at = xmalloc(d->at.n * sizeof(*src->at));
    for (i = 0; i < d->at.n; i++)
        src->at[i] = tree_step(&core->state, d->at.key[i]);
    m->at = src->at;
    m->n = d->at.n;
    m->scope = d->scope;
    m->nscope = d->nscope;
    m->instructions = d->mode == MODE_SHARD;
    m->trusted = d->trusted;
    m->ttl_for = d->ttl_for;
}

static void make_room(struct core *core, uint32_t id)
{
    size_t room = core->source_room;

    if (id >= room) {
        room = (size_t)id + 1 > 2 * room ? (size_t)id + 1 : 2 * room;
        core->source = xrealloc(core->source, room * sizeof(*core->source));
        memset(core->source + core->source_room, 0,
               (room - core->source_room) * sizeof(*core->source));
        core->source_room = room;
    }
    if (id >= core->nsources)
        core->nsources = (size_t)id + 1;
}

struct core_source *core_declare(struct core *core, uint32_t id,
                                 const struct source *decl)
{
    struct core_source *src = xcalloc(1, sizeof(*src));

    make_room(core, id);
    src->decl = source_copy(decl);
    make_mount(core, src);
    src->blade = names_blade(core->names, decl->blade);
    src->run = src->origin =
        names_origin(core->names, src->blade, decl->run, 0);
    src->minded = true;
    free_source(core->source[id]);
    core->source[id] = src;
    return src;
}

uint32_t core_next_source(const struct core *core)
{
    return (uint32_t)core->nsources;
}

const struct source *core_source(const struct core *core, uint32_t id)
{
    if (id >= core->nsources || !core->source[id])
        return NULL;
    return core->source[id]->decl;
}

/* -- events ------------------------------------------------------------- */

static void step_line(struct core *core, const struct event *ev)
{
    struct err why;

    if (core_source(core, ev->source))
        core_take(core, core_shard(core, ev->source, ev->line, &why), ev);
}

static void step_gap(struct core *core, const struct event *ev)
{
    uint32_t blade;

    if (!core_source(core, ev->source))
        return;
    blade = core->source[ev->source]->blade;
    count_by_blade(core, "gaps", blade, 1);
    if (ev->lines)
        count_by_blade(core, "lost", blade, ev->lines);
    core->stats.lost += ev->lines;
}

void core_retire(struct core *core, struct slice blade, nsec ts)
{
    struct err why;
    struct shard *s = shard_new(&core->pool, slice_of("", 0), true, &why);
    struct buf run;

    buf_init(&run, BUF_NO_CAP);
    buf_str(&run, "retire:");
    buf_slice(&run, blade);
    s->retire = true;
    s->source = names_blade(core->names, blade);
    s->tag =
        (struct tag){ ts,
                      names_origin(core->names,
                                   names_blade(core->names, slice_of("", 0)),
                                   buf_view(&run), 0),
                      0 };
    buf_release(&run);
    enqueue(core, s, s->source);
}

void core_step(struct core *core, const struct event *ev)
{
    switch (ev->kind) {
    case EV_SOURCE:
        core_declare(core, ev->source, ev->decl);
        break;
    case EV_LINE:
        step_line(core, ev);
        break;
    case EV_TICK:
        core_tick(core, ev->ts);
        break;
    case EV_RETIRE:
        core_retire(core, ev->blade, ev->ts);
        break;
    case EV_LIMITS:
        set_limits(core, &ev->limits);
        break;
    case EV_RULES:
        core_step_rules(core, ev);
        break;
    case EV_GAP:
        step_gap(core, ev);
        break;
    case EV_DAMAGE:
        monitor_count(core, "damage", slice_of(NULL, 0), 0, 1);
        core->stats.lost += ev->lines;
        break;
    }
}

struct core_stats core_stats(const struct core *core)
{
    struct core_stats s = core->stats;

    s.nodes = core->state.nodes;
    s.waiting = order_size(&core->order);
    s.waiting_bytes = core->pool.bytes;
    s.watermark = core->watermark;
    return s;
}

const struct limits *core_limits(const struct core *core)
{
    return &core->limits;
}
