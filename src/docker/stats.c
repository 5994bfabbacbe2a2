#include "docker/stats.h"

#include "data/json.h"
#include "docker/engine.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ASKING_MAX    32
#define ANSWER_FOR    (4 * NSEC_SEC)
#define ANSWER_MAX    (256u << 10)
#define LEASES        3
#define ONE_SHOT_FROM 41 /* of the API: 1.41 */
/* Of a line that is written; one may come to nearly a KiB more. */
#define LINE_FULL (8u << 10)

static bool runs(const struct container *c)
{
    return c->known && !c->gone && !c->choice.ignored &&
           (strcmp(c->info.status, "running") == 0 ||
            strcmp(c->info.status, "paused") == 0);
}

static void take_answer(struct container *c, const struct http_end *end)
{
    struct stats *s = &c->stats;
    struct tape t;

    if (tape_parse(c->d->parser, end->body, &t, NULL)) {
        c->d->counters.bad_events++;
        return;
    }
    s->usage = usage_read(&t, c->info.started_at, &s->usage);
    s->fresh = s->usage.at != 0;
}

/* Some proxies let only a part of the engine through. */
static void note_refusal(struct docker *d, const struct http_end *end)
{
    char message[160];

    if (end->status != ST_OK || end->head.code != 403 || d->round.refused)
        return;
    d->round.refused = true;
    engine_message(d, end, message, sizeof(message));
    docker_say(d, DOCKER_WARN,
               "the engine's endpoint tells no statistics, it answers 403: %s",
               message);
}

static void pump(struct docker *d);

static void on_stats(void *self, const struct http_end *end)
{
    struct container *c = self;
    struct docker *d = c->d;

    c->stats.request = NULL;
    c->stats.fresh = false;
    d->round.asking--;
    if (end->status == ST_OK && end->head.code == 200)
        take_answer(c, end);
    else
        note_refusal(d, end);
    if (c->stats.fresh)
        d->round.refused = false;
    else
        d->counters.stats_missed++;
    pump(d);
}

static void ask(struct container *c)
{
    struct http_ask get = { .self = c,
                            .on_end = on_stats,
                            .total_for = ANSWER_FOR,
                            .body_max = ANSWER_MAX };
    char path[128];

    c->stats.waiting = false;
    snprintf(path, sizeof(path), "/containers/%s/stats?stream=0%s", c->id,
             c->d->minor >= ONE_SHOT_FROM ? "&one-shot=1" : "");
    if (engine_get(c->d, path, &get, &c->stats.request) == ST_OK)
        c->d->round.asking++;
    else
        c->stats.fresh = false;
}

/* -- recording ------------------------------------------------------------ */

static void open_line(struct buf *b)
{
    buf_reset(b);
    buf_str(b, "{\"docker\":{\"containers\":{");
}

static void add_stats(struct container *c, nsec lease_for, struct buf *b)
{
    if (b->p[b->n - 1] == '}')
        buf_char(b, ',');
    json_string(slice_str(c->facts.name), b);
    if (!c->stats.fresh) {
        buf_str(b, ":{\"stats\":null}");
        return;
    }
    buf_str(b, ":{\"stats\":{\"$set\":{");
    usage_members(&c->stats.usage, b);
    buf_printf(b, "},\"$ttl\":%.10g}}", (double)lease_for / (double)NSEC_SEC);
}

/* What was missed once stands until its lease is over. */
static bool to_record(const struct container *c)
{
    return c->facts.name && !c->gone &&
           (c->stats.fresh || (c->stats.recorded && !runs(c)));
}

/* A round that cannot be recorded is made up for by the next. */
static void put_line(struct docker *d, struct buf *b)
{
    buf_str(b, "}}}");
    (void)!facts_put(d, b, 0);
}

static void record(struct docker *d, nsec lease_for)
{
    struct container *c;
    struct buf b;
    size_t empty;

    buf_init(&b, 2 * LINE_FULL);
    open_line(&b);
    empty = b.n;
    for (c = d->containers; c; c = c->hh.next) {
        if (!to_record(c))
            continue;
        add_stats(c, lease_for, &b);
        c->stats.recorded = c->stats.fresh;
        if (b.n < LINE_FULL)
            continue;
        put_line(d, &b);
        open_line(&b);
    }
    if (b.n > empty)
        put_line(d, &b);
    buf_release(&b);
}

/* -- rounds --------------------------------------------------------------- */

static void end_round(struct docker *d)
{
    nsec took_for = loop_now(d->loop) - d->round.began_at;
    nsec every = d->config.stats_every;

    d->round.open = false;
    record(d, LEASES * (took_for > every ? took_for : every));
}

static void pump(struct docker *d)
{
    struct container *c;

    for (c = d->containers; c && d->round.asking < ASKING_MAX; c = c->hh.next) {
        if (c->stats.waiting)
            ask(c);
    }
    if (!c && !d->round.asking)
        end_round(d);
}

static void begin_round(struct docker *d)
{
    struct container *c;

    d->round.open = true;
    d->round.began_at = loop_now(d->loop);
    for (c = d->containers; c; c = c->hh.next) {
        c->stats.waiting = runs(c);
        c->stats.fresh = c->stats.fresh && c->stats.waiting;
    }
    pump(d);
}

void stats_tick(struct docker *d)
{
    nsec since = loop_now(d->loop) - d->round.began_at;

    if (!d->config.stats_every || d->state != ENGINE_UP)
        return;
    if (d->round.open)
        pump(d); /* who was asked last may have been removed */
    else if (!d->round.began_at || since >= d->config.stats_every)
        begin_round(d);
}

void stats_release(struct container *c)
{
    if (!c->stats.request)
        return;
    http_cancel(c->stats.request);
    c->stats.request = NULL;
    c->d->round.asking--;
}

void stats_lost(struct docker *d)
{
    struct container *c;

    for (c = d->containers; c; c = c->hh.next) {
        stats_release(c);
        c->stats.waiting = c->stats.fresh = false;
    }
    d->round.open = false;
}

/* -- views ---------------------------------------------------------------- */

static bool shown(const struct container *c)
{
    return c->stats.fresh && runs(c);
}

void stats_json(const struct container *c, struct buf *out)
{
    if (!shown(c)) {
        buf_str(out, "null");
        return;
    }
    buf_char(out, '{');
    usage_members(&c->stats.usage, out);
    buf_str(out, ",\"text\":");
    usage_text(&c->stats.usage, out);
    buf_char(out, '}');
}

struct series {
    const char *name, *type, *help;
    size_t offset;
    double unit;
};

#define SERIES(name, type, help, member, unit)                                 \
    {                                                                          \
        name, type, help, offsetof(struct usage, member), unit                 \
    }

/* Under the names that cAdvisor gave them, for the dashboards that exist. */
static const struct series series[] = {
    SERIES("container_cpu_usage_seconds_total", "counter", "CPU time used.",
           cpu, 1e9),
    SERIES("container_cpu_user_seconds_total", "counter",
           "CPU time used in user mode.", cpu_user, 1e9),
    SERIES("container_cpu_system_seconds_total", "counter",
           "CPU time used in the kernel.", cpu_system, 1e9),
    SERIES("container_cpu_cfs_periods_total", "counter",
           "Periods of the CPU limit.", periods, 1),
    SERIES("container_cpu_cfs_throttled_periods_total", "counter",
           "Periods in which the CPU limit held it back.", throttled_periods,
           1),
    SERIES("container_cpu_cfs_throttled_seconds_total", "counter",
           "Time for which the CPU limit held it back.", throttled, 1e9),
    SERIES("container_memory_usage_bytes", "gauge",
           "Memory in use, the page cache included.", memory, 1),
    SERIES("container_memory_working_set_bytes", "gauge",
           "Memory in use without the inactive page cache.", memory_used, 1),
    SERIES("container_spec_memory_limit_bytes", "gauge",
           "Limit of its memory; without one, the machine's memory.",
           memory_limit, 1),
    SERIES("container_network_receive_bytes_total", "counter",
           "Bytes received on all networks.", net_rx, 1),
    SERIES("container_network_transmit_bytes_total", "counter",
           "Bytes sent on all networks.", net_tx, 1),
    SERIES("container_fs_reads_bytes_total", "counter",
           "Bytes read from block devices.", blk_read, 1),
    SERIES("container_fs_writes_bytes_total", "counter",
           "Bytes written to block devices.", blk_write, 1),
    SERIES("container_processes", "gauge",
           "Processes, or threads where the engine counts these.", pids, 1),
    SERIES("container_start_time_seconds", "gauge", "When it was started.",
           started_at, 1e9),
    SERIES("container_last_seen", "gauge", "When these figures were read.", at,
           1e9),
};

static void sample(struct metrics *m, const struct container *c,
                   const struct series *s)
{
    char id[sizeof("/docker/") + ID_MAX];
    int n = snprintf(id, sizeof(id), "/docker/%s", c->id);
    struct slice pairs[] = {
        slice_str("id"),    slice_of(id, (size_t)n),
        slice_str("image"), slice_str(c->info.image),
        slice_str("name"),  slice_str(c->info.name),
    };
    uint64_t v;

    memcpy(&v, (const char *)&c->stats.usage + s->offset, sizeof(v));
    if (s->unit > 1)
        metrics_label_double(m, pairs, 3, (double)v / s->unit);
    else
        metrics_label_u64(m, pairs, 3, v);
}

void stats_metrics(const struct docker *d, struct metrics *m)
{
    const struct container *c;

    if (!d->config.stats_every)
        return;
    for (size_t i = 0; i < sizeof(series) / sizeof(*series); i++) {
        metrics_family(m, series[i].name, series[i].type, series[i].help);
        for (c = d->containers; c; c = c->hh.next) {
            if (shown(c))
                sample(m, c, &series[i]);
        }
    }
}
