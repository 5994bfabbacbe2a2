#include "docker/docker.h"

#include "base/alloc.h"
#include "data/json.h"
#include "docker/engine.h"
#include "docker/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ENDPOINT  "unix:///var/run/docker.sock"
#define EVENT_MAX         (1u << 20)
#define EVENTS_KEPT_BYTES (32u << 20)
#define STEP_MIN          NSEC_SEC
#define STEPPED_FOR       (60 * NSEC_SEC)

void docker_say(struct docker *d, enum docker_log level, const char *format,
                ...)
{
    char text[ERR_TEXT_MAX + 200];
    va_list ap;

    if (!d->config.log)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    d->config.log(d->config.log_self, level, text);
}

nsec docker_now(const struct docker *d)
{
    return d->intake->now ? d->intake->now(d->intake->self)
                          : loop_wall(d->loop);
}

/* xorshift64*: spreads retries, decides nothing. */
nsec docker_jitter(struct docker *d, nsec span)
{
    d->rng ^= d->rng >> 12;
    d->rng ^= d->rng << 25;
    d->rng ^= d->rng >> 27;
    return span / 2 +
           (nsec)((d->rng * 0x2545F4914F6CDD1DULL) >> 33) % (span / 2 + 1);
}

static void on_durable(void *self, uint64_t ticket)
{
    struct docker *d = self;
    struct container *c, *next;

    if (d->stopped)
        return;
    records_durable(d, ticket);
    HASH_ITER(hh, d->containers, c, next)
    {
        follow_durable(c, ticket);
    }
    facts_flush(d);
}

static void on_discarded(void *self, uint64_t ticket, const struct err *why)
{
    struct docker *d = self;
    struct container *c, *next;

    (void)ticket;
    (void)why; /* whose journal it is says it */
    if (d->stopped)
        return;
    HASH_ITER(hh, d->containers, c, next)
    follow_discarded(c);
    records_discarded(d);
    facts_forget(d);
}

/* A clock that was set: stamps no longer say what is old. */
static void watch_clock(struct docker *d)
{
    nsec offset = loop_wall(d->loop) - loop_now(d->loop);
    nsec moved = offset - d->clock_offset;

    if (d->clock_offset && (moved > STEP_MIN || moved < -STEP_MIN)) {
        d->step_until = loop_now(d->loop) + STEPPED_FOR;
        docker_say(d, DOCKER_WARN,
                   "the clock was set by %.1f s; for a minute repeated lines "
                   "are told by their text alone",
                   (double)moved / (double)NSEC_SEC);
    }
    d->clock_offset = offset;
}

static void on_tick(void *arg)
{
    struct docker *d = arg;
    struct container *c, *next;

    watch_clock(d);
    engine_tick(d);
    acts_tick(d);
    events_tick(d);
    inspect_pump(d);
    specs_tick(d->specs);
    stats_tick(d);
    facts_flush(d);
    HASH_ITER(hh, d->containers, c, next)
    follow_tick(c);
}

static enum status set_version(struct docker *d, const char *text,
                               struct err *err)
{
    long minor = 0;
    char *end = NULL;

    if (!text || !*text)
        return ST_OK;
    if (strncmp(text, "1.", 2) == 0)
        minor = strtol(text + 2, &end, 10);
    if (minor < 24 || minor > 99 || *end) {
        err_set(err, "\"%.40s\" is no Docker API version such as 1.41", text);
        return ST_BAD;
    }
    d->version_set = (int)minor;
    return ST_OK;
}

static void copy_config(struct docker *d, const struct docker_config *config)
{
    struct docker_rule *rules = NULL;

    d->config = *config;
    d->config.self_id = config->self_id ? xstrdup(config->self_id) : NULL;
    if (config->nrules)
        rules = xcalloc(config->nrules, sizeof(*rules));
    for (size_t i = 0; i < config->nrules; i++) {
        struct slice l = config->rules[i].label;

        rules[i] = config->rules[i];
        rules[i].label = slice_of(xmemdup0(l.p, l.n), l.n);
    }
    d->config.rules = rules;
    if (!d->config.history_lines)
        d->config.history_lines = 1000;
    if (!d->config.containers_max)
        d->config.containers_max = 500;
    if (!d->config.line_max)
        d->config.line_max = 1u << 20;
}

enum status docker_start(struct loop *loop, const struct docker_config *config,
                         const struct intake *intake,
                         struct docker **ret_docker, struct err *err)
{
    struct docker *d = xcalloc(1, sizeof(*d));
    enum status st;

    d->loop = loop;
    d->intake = intake;
    d->rng = config->seed ? config->seed : 88172645463325252ULL;
    d->started_at = loop_now(loop);
    buf_init(&d->event_in, EVENT_MAX);
    buf_init(&d->event_kept, EVENTS_KEPT_BYTES);
    copy_config(d, config);
    d->condition.act = config->observe   ? "off"
                       : config->dry_run ? "dry_run"
                                         : NULL;
    d->parser = tape_parser_new(d->rng);
    st = engine_parse_endpoint(
        config->endpoint ? config->endpoint : DEFAULT_ENDPOINT, &d->read, err);
    if (st == ST_OK && config->act_endpoint)
        st = engine_parse_endpoint(config->act_endpoint, &d->act, err);
    if (st == ST_OK)
        st = set_version(d, config->api_version, err);
    if (st == ST_OK)
        st = http_new(loop, &d->http, err);
    if (st) {
        docker_free(d);
        return st;
    }
    d->listener = (struct intake_listener){ .self = d,
                                            .durable = on_durable,
                                            .discarded = on_discarded };
    intake->listen(intake->self, &d->listener);
    if (config->spec_dir)
        d->specs = specs_open(d, config->spec_dir);
    loop_timer_start(loop, &d->tick, TICK, TICK, on_tick, d);
    engine_connect(d);
    *ret_docker = d;
    return ST_OK;
}

void docker_stop(struct docker *d)
{
    if (!d || d->stopped)
        return;
    d->stopped = true;
    loop_timer_stop(&d->tick);
    engine_close(d);
    acts_stop(d);
    specs_close(d->specs);
    d->specs = NULL;
    while (d->containers)
        container_free(d->containers);
    http_free(d->http);
    d->http = NULL;
    d->state = ENGINE_DOWN;
}

void docker_free(struct docker *d)
{
    if (!d)
        return;
    docker_stop(d);
    for (size_t i = 0; i < d->config.nrules; i++)
        free((char *)d->config.rules[i].label.p);
    free((void *)d->config.rules);
    free((char *)d->config.self_id);
    history_release(d);
    records_release(&d->records);
    tape_parser_free(d->parser);
    buf_release(&d->event_in);
    buf_release(&d->event_kept);
    endpoint_release(&d->read);
    endpoint_release(&d->act);
    free(d);
}

bool docker_up(const struct docker *d)
{
    return d->state == ENGINE_UP;
}

/* Not all containers that were here at the start are known yet. */
static bool looking_around(const struct docker *d)
{
    return !d->looked_around && !d->last_sentence[0] && !d->stopped;
}

bool docker_draining(const struct docker *d, nsec *ret_since)
{
    const struct container *c;
    nsec since = looking_around(d) ? d->started_at : NSEC_MAX;

    for (c = d->containers; c; c = c->hh.next) {
        const struct follow *f = &c->follow;

        if ((f->state == FOLLOW_OPENING || f->state == FOLLOW_REPLAY) &&
            f->stream && f->opened_at < since)
            since = f->opened_at;
    }
    if (since == NSEC_MAX)
        return false;
    *ret_since = since;
    return true;
}

static void member(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, ",\"%s\":", key);
    if (*value)
        json_string(slice_str(value), out);
    else
        buf_str(out, "null");
}

/* How long the newest line took to get here, while lines come. */
static double lag_of(const struct follow *f)
{
    nsec lag = f->last_arrival - f->last_ts;

    return f->last_ts && lag > 0 ? (double)lag / (double)NSEC_SEC : 0.0;
}

static void container_json(const struct container *c, struct buf *out)
{
    const struct follow *f = &c->follow;

    buf_str(out, "{\"id\":");
    json_string(slice_str(c->id), out);
    member(out, "name", c->info.name);
    member(out, "image", c->info.image);
    member(out, "state", c->info.status);
    member(out, "health", c->info.health);
    buf_str(out, ",\"exit_code\":");
    buf_i64(out, c->info.exit_code);
    member(out, "started_at", c->info.started_text);
    member(out, "mode", c->choice.follow ? mode_name(c->choice.mode) : "");
    member(out, "following", follow_state_name(f->state));
    buf_printf(out, ",\"lines\":%llu,\"lag_seconds\":%.3f",
               (unsigned long long)f->lines, lag_of(f));
    member(out, "last_error", f->error);
    buf_printf(out, ",\"gaps\":%llu,\"duplicates_dropped\":%llu",
               (unsigned long long)f->gaps, (unsigned long long)f->duplicates);
    buf_str(out, ",\"stats\":");
    stats_json(c, out);
}

void docker_containers(const struct docker *d, struct buf *out,
                       void (*more)(void *self, struct slice name,
                                    struct buf *out),
                       void *self)
{
    const struct container *c;
    bool any = false;

    buf_char(out, '[');
    for (c = d->containers; c; c = c->hh.next) {
        if (!c->known || c->gone)
            continue;
        if (any)
            buf_char(out, ',');
        container_json(c, out);
        if (more)
            more(self, slice_str(c->info.name), out);
        buf_char(out, '}');
        any = true;
    }
    buf_char(out, ']');
}

static void count(struct metrics *m, const char *name, const char *help,
                  uint64_t value)
{
    metrics_family(m, name, "counter", help);
    metrics_u64(m, value);
}

static void per_container(const struct docker *d, struct metrics *m)
{
    const struct container *c;

    metrics_family(m, "bladewatch_docker_lines_total", "counter",
                   "Lines taken from the container's log.");
    for (c = d->containers; c; c = c->hh.next) {
        struct slice pairs[] = { slice_str("container"),
                                 slice_str(c->info.name) };

        if (c->choice.follow && !c->gone)
            metrics_label_u64(m, pairs, 1, c->follow.lines);
    }
    metrics_family(m, "bladewatch_docker_lag_seconds", "gauge",
                   "From the time stamp of the newest line to its arrival.");
    for (c = d->containers; c; c = c->hh.next) {
        struct slice pairs[] = { slice_str("container"),
                                 slice_str(c->info.name) };

        if (c->choice.follow && !c->gone)
            metrics_label_double(m, pairs, 1, lag_of(&c->follow));
    }
}

void docker_metrics(const struct docker *d, struct metrics *m)
{
    const struct counters *n = &d->counters;

    metrics_family(m, "bladewatch_docker_up", "gauge",
                   "1 while the Docker engine answers.");
    metrics_u64(m, docker_up(d));
    condition_metrics(d, m);
    metrics_family(m, "bladewatch_docker_containers", "gauge",
                   "Containers that are known.");
    metrics_u64(m, HASH_COUNT(d->containers));
    per_container(d, m);
    stats_metrics(d, m);
    count(m, "bladewatch_docker_reconnects_total",
          "Times the stream of events ended and was opened anew.",
          n->reconnects);
    count(m, "bladewatch_docker_events_total", "Events received.", n->events);
    count(m, "bladewatch_docker_bad_answers_total",
          "Events and answers that were not understood.", n->bad_events);
    count(m, "bladewatch_docker_gaps_total",
          "Losses of lines that were declared.", n->gaps);
    count(m, "bladewatch_docker_duplicates_dropped_total",
          "Lines the engine sent again and that were dropped.", n->duplicates);
    count(m, "bladewatch_docker_recovered_lines_total",
          "Lines a stream had skipped and an audit found.", n->recovered);
    count(m, "bladewatch_docker_stream_reopens_total",
          "Log streams opened, the first time included.", n->reopens);
    count(m, "bladewatch_docker_stuck_streams_total",
          "Log streams found stuck and opened anew.", n->stuck);
    count(m, "bladewatch_docker_probes_total",
          "Readings that check a log stream.", n->probes);
    count(m, "bladewatch_docker_stats_missed_total",
          "Questions for statistics that got no answer in time.",
          n->stats_missed);
    count(m, "bladewatch_docker_clock_steps_total",
          "Times the stamps of a stream jumped back.", n->steps);
    count(m, "bladewatch_docker_daemon_errors_total",
          "Errors the engine reported inside a log stream, and broken "
          "streams.",
          n->daemon_errors);
}
