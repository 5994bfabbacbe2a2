/*
 * state [SEEDS [FIRST]] - random shards through the machine and through the
 * naive fold (support/fold.h); both must end in the same bytes.  A failure
 * prints its seed.
 */
#include "core/inside.h"
#include "support/fold.h"
#include "support/machine.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND  NSEC_SEC
#define FOREVER (INT64_MAX / 2)

static const struct fold_options everything = { true, true, true, true };
static const struct fold_options counting = { true, false, false, true };

struct trial {
    uint64_t seed; /* runs on */
    const char *property;
    uint64_t named; /* the seed to print */
    struct fold_stream s;
    struct core *core;
    struct buf want, got, line;
};

static void begin(struct trial *t, const char *property,
                  struct fold_options with, size_t most)
{
    struct limits limits = limits_default();
    struct event ev = { .kind = EV_LIMITS };

    t->property = property;
    stream_make(&t->s, &t->seed, 1 + random_below(&t->seed, most), with);
    t->core = core_new(random_next(&t->seed));
    limits.filter_gaps = 0;
    ev.limits = limits;
    core_step(t->core, &ev);
}

static void end(struct trial *t)
{
    core_free(t->core);
    stream_free(&t->s);
}

static void fail(const struct trial *t)
{
    printf("seed %llu: %s\n want %.*s\n got  %.*s\n",
           (unsigned long long)t->named, t->property,
           SLICE_ARG(buf_view(&t->want)), SLICE_ARG(buf_view(&t->got)));
    exit(1);
}

static void same(struct trial *t, bool split)
{
    machine_state(t->core, split, &t->got);
    if (!slice_eq(buf_view(&t->want), buf_view(&t->got)))
        fail(t);
}

static void feed(struct trial *t, struct core *core, size_t i)
{
    shard_line(&t->s.shard[i], &t->seed, &t->line);
    machine_feed(core, buf_view(&t->line));
}

static size_t *shuffled(struct trial *t)
{
    size_t *order = calloc(t->s.n + 1, sizeof(*order)), i, j, swap;

    for (i = 0; i < t->s.n; i++)
        order[i] = i;
    for (i = t->s.n; i > 1; i--) {
        j = random_below(&t->seed, i);
        swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    return order;
}

static void feed_shuffled(struct trial *t, struct core *core)
{
    size_t *order = shuffled(t), i;

    for (i = 0; i < t->s.n; i++) {
        feed(t, core, order[i]);
        while (random_below(&t->seed, 5) == 0)
            feed(t, core, order[random_below(&t->seed, i + 1)]);
    }
    free(order);
}

static int64_t last_ts(const struct trial *t)
{
    int64_t last = 0;
    size_t i;

    for (i = 0; i < t->s.n; i++)
        if (t->s.shard[i].ts > last)
            last = t->s.shard[i].ts;
    return last;
}

static void add_retirement(struct trial *t, const char *blade, int64_t ts)
{
    struct fold_shard *d;

    t->s.shard = realloc(t->s.shard, (t->s.n + 1) * sizeof(*t->s.shard));
    if (!t->s.shard)
        abort();
    d = &t->s.shard[t->s.n++];
    *d = (struct fold_shard){ .ts = ts, .retire = true };
    snprintf(d->blade, sizeof(d->blade), "%s", blade);
}

/* -- the properties ------------------------------------------------------ */

static void order_and_repetition_do_not_matter(struct trial *t)
{
    bool split;
    int64_t now;

    begin(t, "order and repetition do not matter", everything, 60);
    now = last_ts(t);
    feed_shuffled(t, t->core);
    core_flush(t->core);
    split = random_below(&t->seed, 2);
    fold(&t->s, FOREVER, now, split, &t->want);
    same(t, split);
    now += (int64_t)random_below(&t->seed, 20) * SECOND;
    machine_tick(t->core, now);
    fold(&t->s, FOREVER, now, split, &t->want);
    same(t, split);
    end(t);
}

struct arrival {
    int64_t at;
    size_t i;
};

static int by_arrival(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;

    return x->at != y->at ? (x->at < y->at ? -1 : 1)
                          : (x->i > y->i) - (x->i < y->i);
}

static struct arrival *arrivals(struct trial *t, int64_t lag)
{
    struct arrival *a = calloc(t->s.n + 1, sizeof(*a));
    size_t i;

    for (i = 0; i < t->s.n; i++)
        a[i] = (struct arrival){
            t->s.shard[i].ts +
                (lag ? (int64_t)random_below(&t->seed, (uint64_t)lag) : 0),
            i
        };
    qsort(a, t->s.n, sizeof(*a), by_arrival);
    return a;
}

static void every_tick_shows_the_fold_of_what_lies_before_it(struct trial *t)
{
    static const int64_t lags[] = { 0, SECOND / 10, 2 * SECOND, 10 * SECOND };
    int64_t lag = lags[random_below(&t->seed, 4)], w;
    struct arrival *a;
    size_t i;

    begin(t, "every tick shows the fold of what lies before it", everything,
          60);
    a = arrivals(t, lag);
    for (i = 0; i < t->s.n; i++) {
        w = a[i].at - lag;
        if (random_below(&t->seed, 3) == 0 && w > view_watermark(t->core)) {
            machine_tick(t->core, w);
            fold(&t->s, w, w, true, &t->want);
            same(t, true);
        }
        feed(t, t->core, a[i].i);
        while (random_below(&t->seed, 6) == 0)
            feed(t, t->core, a[random_below(&t->seed, i + 1)].i);
    }
    free(a);
    if (core_stats(t->core).late)
        fail(t);
    core_flush(t->core);
    fold(&t->s, FOREVER, last_ts(t), true, &t->want);
    same(t, true);
    end(t);
}

static void retired_blades_are_the_base(struct trial *t)
{
    begin(t, "retired blades are the base", everything, 60);
    add_retirement(t, "b1", t->s.shard[random_below(&t->seed, t->s.n)].ts);
    add_retirement(t, "b2", last_ts(t));
    feed_shuffled(t, t->core);
    core_flush(t->core);
    fold(&t->s, FOREVER, last_ts(t), true, &t->want);
    same(t, true);
    end(t);
}

static amount bank_total(const struct bank *b)
{
    size_t n = bank_size(b), i;
    struct bank_item *item = calloc(n + 1, sizeof(*item));
    amount sum = 0;

    bank_items(b, item);
    for (i = 0; i < n; i++)
        sum += item[i].by;
    free(item);
    return sum;
}

static amount total_below(const struct node *n)
{
    struct map_iter it = { 0 };
    struct node *c;
    uint32_t key;
    amount sum;

    if (n->kind == NODE_COUNTER)
        return node_sum(n);
    if (n->kind != NODE_MAP)
        return 0;
    sum = bank_total(n->u.map->bank);
    while (map_next(n->u.map, &it, &key, &c))
        sum += total_below(c);
    return sum;
}

static void same_total(struct trial *t)
{
    amount got = total_below(&t->core->state.root);

    buf_reset(&t->got);
    amount_write(got, &t->got);
    buf_reset(&t->want);
    amount_write(stream_total(&t->s), &t->want);
    if (got != stream_total(&t->s))
        fail(t);
}

static void totals_survive_time_outs_and_retirement(struct trial *t)
{
    begin(t, "totals survive time-outs and retirement", counting, 60);
    add_retirement(t, "b1", t->s.shard[random_below(&t->seed, t->s.n)].ts);
    feed_shuffled(t, t->core);
    core_flush(t->core);
    same_total(t);
    machine_tick(t->core, last_ts(t) + 1000 * SECOND);
    same_total(t);
    end(t);
}

static void late_increments_always_count(struct trial *t)
{
    size_t *order, i;

    begin(t, "late increments always count", counting, 60);
    order = shuffled(t);
    for (i = 0; i < t->s.n; i++) {
        feed(t, t->core, order[i]);
        if (random_below(&t->seed, 3) == 0)
            machine_tick(t->core, t->s.shard[order[i]].ts + 1);
    }
    free(order);
    core_flush(t->core);
    same_total(t);
    machine_tick(t->core, view_watermark(t->core) + 1000 * SECOND);
    same_total(t);
    end(t);
}

static void late_registers_give_way_to_newer_ones(struct trial *t)
{
    static const struct fold_options plain = { false, false, false, false };
    size_t *order, i;

    begin(t, "late registers give way to newer ones", plain, 40);
    order = shuffled(t);
    for (i = 0; i < t->s.n; i++) {
        feed(t, t->core, order[i]);
        if (random_below(&t->seed, 3) == 0)
            machine_tick(t->core, t->s.shard[order[i]].ts + 1);
    }
    free(order);
    core_flush(t->core);
    fold(&t->s, FOREVER, last_ts(t), true, &t->want);
    same(t, true);
    end(t);
}

/* The same calls in the same order, of which the seed is the only source. */
static void run_wild(struct trial *t, struct core *core, uint64_t seed)
{
    size_t *order, i;

    t->seed = seed;
    order = shuffled(t);
    for (i = 0; i < t->s.n; i++) {
        feed(t, core, order[i]);
        if (random_below(&t->seed, 4) == 0)
            machine_tick(core, t->s.shard[order[i]].ts +
                                   (int64_t)random_below(&t->seed, 3) * SECOND);
    }
    free(order);
    core_flush(core);
}

static void the_hash_seed_shows_nowhere(struct trial *t)
{
    uint64_t seed;
    struct core *other;

    begin(t, "the hash seed shows nowhere", everything, 80);
    seed = random_next(&t->seed);
    run_wild(t, t->core, seed);
    other = core_new(~seed);
    core_step(other, &(struct event){ .kind = EV_LIMITS,
                                      .limits = *core_limits(t->core) });
    run_wild(t, other, seed);
    machine_all(t->core, &t->want);
    machine_all(other, &t->got);
    core_free(other);
    if (!slice_eq(buf_view(&t->want), buf_view(&t->got)))
        fail(t);
    end(t);
}

static size_t nodes_below(const struct node *n)
{
    return render_weight(n, SIZE_MAX);
}

static void every_node_is_counted_and_paid_for(struct trial *t)
{
    size_t bill = 0, i;

    begin(t, "every node is counted and paid for", everything, 80);
    run_wild(t, t->core, random_next(&t->seed));
    tree_reap(&t->core->state, SIZE_MAX);
    for (i = 0; i < t->core->state.npayers; i++)
        bill += t->core->state.bill[i];
    if (nodes_below(&t->core->state.root) - 1 != t->core->state.nodes ||
        bill != t->core->state.nodes)
        fail(t);
    end(t);
}

/* -- watching ------------------------------------------------------------ */

struct mirror {
    const char *path;
    struct watch *watch;
    struct val *doc;
};

static void mirror_start(struct mirror *m, struct trial *t)
{
    struct path path;
    struct buf store;

    buf_init(&store, BUF_NO_CAP);
    if (path_parse(&path, slice_str(m->path), &store, NULL))
        abort();
    m->watch = watch_new(t->core, &path);
    machine_at(t->core, m->path, &t->want);
    m->doc = t->want.n ? val_parse(buf_view(&t->want)) : NULL;
    buf_release(&store);
}

static void mirror_step(struct mirror *m, struct trial *t)
{
    enum status st = view_changes(t->core, m->watch, &t->line);
    struct val *patch;
    bool good;

    if (st == ST_OK) {
        patch = val_parse(buf_view(&t->line));
        good = val_patch(&m->doc, patch);
        val_free(patch);
        if (!good) {
            buf_reset(&t->got);
            buf_slice(&t->got, buf_view(&t->line));
            fail(t);
        }
    }
    buf_reset(&t->got);
    if (m->doc)
        val_write(m->doc, &t->got);
    machine_at(t->core, m->path, &t->want);
    if (!slice_eq(buf_view(&t->want), buf_view(&t->got)))
        fail(t);
}

static void patches_keep_a_mirror_up_to_date(struct trial *t)
{
    struct mirror m[] = { { .path = "" },           { .path = "/a" },
                          { .path = "/a/b" },       { .path = "/a//x~1~01" },
                          { .path = "/m0/c" },      { .path = "/monitor" },
                          { .path = "/b/$expired" } };
    size_t n = sizeof(m) / sizeof(*m), i, j, *order;

    begin(t, "patches keep a mirror up to date", everything, 60);
    order = shuffled(t);
    for (j = 0; j < n; j++)
        mirror_start(&m[j], t);
    for (i = 0; i < t->s.n; i++) {
        feed(t, t->core, order[i]);
        if (random_below(&t->seed, 3) == 0)
            machine_tick(t->core,
                         t->s.shard[order[i]].ts +
                             (int64_t)random_below(&t->seed, 9) * SECOND);
        for (j = 0; j < n && random_below(&t->seed, 2); j++)
            mirror_step(&m[j], t);
    }
    machine_tick(t->core, last_ts(t) + 100 * SECOND);
    for (j = 0; j < n; j++) {
        mirror_step(&m[j], t);
        watch_free(t->core, m[j].watch);
        val_free(m[j].doc);
    }
    free(order);
    end(t);
}

static void (*const properties[])(struct trial *t) = {
    order_and_repetition_do_not_matter,
    every_tick_shows_the_fold_of_what_lies_before_it,
    retired_blades_are_the_base,
    totals_survive_time_outs_and_retirement,
    late_increments_always_count,
    late_registers_give_way_to_newer_ones,
    the_hash_seed_shows_nowhere,
    every_node_is_counted_and_paid_for,
    patches_keep_a_mirror_up_to_date,
};

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, i;
    struct trial t = { 0 };
    size_t p;

    buf_init(&t.want, BUF_NO_CAP);
    buf_init(&t.got, BUF_NO_CAP);
    buf_init(&t.line, BUF_NO_CAP);
    for (i = first; i < first + n; i++) {
        for (p = 0; p < sizeof(properties) / sizeof(*properties); p++) {
            t.named = i;
            t.seed = (i + 1) * 0x9e3779b97f4a7c15u + p;
            properties[p](&t);
        }
    }
    buf_release(&t.want);
    buf_release(&t.got);
    buf_release(&t.line);
    printf("%llu seeds from %llu, %zu properties: all hold\n",
           (unsigned long long)n, (unsigned long long)first, p);
    return 0;
}
