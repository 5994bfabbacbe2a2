#include "docker/engine.h"

#include "base/alloc.h"
#include "data/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX   (256u << 10)
#define FACTS_RETRY NSEC_SEC

static const char *const fact_key[FACT_COUNT] = {
    [FACT_ID] = "id",
    [FACT_NAME] = "name",
    [FACT_IMAGE] = "image",
    [FACT_STATE] = "state",
    [FACT_EXIT_CODE] = "exitCode",
    [FACT_OOM_KILLED] = "oomKilled",
    [FACT_STARTED_AT] = "startedAt",
    [FACT_FINISHED_AT] = "finishedAt",
    [FACT_RESTART_COUNT] = "restartCount",
    [FACT_HEALTH] = "health",
    [FACT_PID] = "pid",
    [FACT_RESTART_POLICY] = "restartPolicy",
    [FACT_LABELS] = "labels",
    [FACT_ERROR] = "error",
    [FACT_AUTO_REMOVE] = "autoRemove",
    [FACT_FAILING_STREAK] = "failingStreak",
    [FACT_HEALTH_RETRIES] = "healthRetries",
    [FACT_HEALTH_START_PERIOD] = "healthStartPeriod",
    [FACT_EVENT] = "event",
};

void facts_release(struct facts *f)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        free(f->now[i]);
        free(f->written[i]);
    }
    free(f->name);
    *f = (struct facts){ 0 };
}

static void set(struct container *c, enum fact which, struct buf *text)
{
    char **now = &c->facts.now[which];

    free(*now);
    *now = text->n && buf_ok(text) ? xmemdup0(text->p, text->n) : NULL;
    buf_reset(text);
}

static void set_string(struct container *c, enum fact which, const char *s,
                       struct buf *b)
{
    if (*s)
        json_string(slice_str(s), b);
    set(c, which, b);
}

static void set_int(struct container *c, enum fact which, int64_t v,
                    struct buf *b)
{
    buf_i64(b, v);
    set(c, which, b);
}

/* A key of ours that begins with '$' is written '$$'. */
static void literal_key(struct slice key, struct buf *b)
{
    struct buf k;

    if (!key.n || *key.p != '$') {
        json_string(key, b);
        return;
    }
    buf_init(&k, LABEL_KEY_MAX + 1);
    buf_char(&k, '$');
    buf_slice(&k, key);
    json_string(buf_view(&k), b);
    buf_release(&k);
}

static void set_bool(struct container *c, enum fact which, bool v,
                     struct buf *b)
{
    buf_str(b, v ? "true" : "false");
    set(c, which, b);
}

/* Wholesale: a container made anew under its name has other labels. */
static void set_labels(struct container *c, struct buf *b)
{
    buf_str(b, "{\"$set\":{");
    for (size_t i = 0; i < c->info.nlabels; i++) {
        if (i)
            buf_char(b, ',');
        literal_key(c->info.label[i].key, b);
        buf_char(b, ':');
        json_string(c->info.label[i].value, b);
    }
    buf_str(b, "}}");
    set(c, FACT_LABELS, b);
}

static void gather_health(struct container *c, struct buf *b)
{
    const struct info *info = &c->info;

    set_string(c, FACT_HEALTH, info->health, b);
    if (info->health[0])
        buf_i64(b, info->failing_streak);
    set(c, FACT_FAILING_STREAK, b);
    if (info->health[0])
        buf_i64(b, info->health_retries);
    set(c, FACT_HEALTH_RETRIES, b);
    if (info->health[0])
        buf_printf(b, "%.10g",
                   (double)info->health_start_period / (double)NSEC_SEC);
    set(c, FACT_HEALTH_START_PERIOD, b);
}

static void gather(struct container *c)
{
    const struct info *info = &c->info;
    struct buf b;

    buf_init(&b, FACTS_MAX);
    set_string(c, FACT_ID, c->id, &b);
    set_string(c, FACT_NAME, info->name, &b);
    set_string(c, FACT_IMAGE, info->image, &b);
    set_string(c, FACT_STATE, info->status, &b);
    set_string(c, FACT_STARTED_AT, info->started_at ? info->started_text : "",
               &b);
    set_string(c, FACT_FINISHED_AT,
               info->finished_at ? info->finished_text : "", &b);
    set_string(c, FACT_RESTART_POLICY, info->policy, &b);
    set_string(c, FACT_ERROR, info->error, &b);
    set_int(c, FACT_EXIT_CODE, info->exit_code, &b);
    set_int(c, FACT_RESTART_COUNT, info->restarts, &b);
    set_int(c, FACT_PID, info->pid, &b);
    set_bool(c, FACT_OOM_KILLED, info->oom, &b);
    set_bool(c, FACT_AUTO_REMOVE, info->auto_remove, &b);
    gather_health(c, &b);
    set_labels(c, &b);
    buf_release(&b);
}

static void open_body(struct buf *b, const char *name)
{
    buf_str(b, "{\"docker\":{\"containers\":{");
    json_string(slice_str(name), b);
    buf_char(b, ':');
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * What differs from what was written; false if nothing does.  The first time
 * all is written, whatever the state holds, but for the last event: if we have
 * heard of none, an earlier process may have.
 */
static bool difference(const struct facts *f, struct buf *b)
{
    bool any = false;

    buf_char(b, '{');
    for (int i = 0; i < FACT_COUNT; i++) {
        if (!f->all && same(f->now[i], f->written[i]))
            continue;
        if (i == FACT_EVENT && !f->now[i])
            continue;
        if (any)
            buf_char(b, ',');
        json_string(slice_str(fact_key[i]), b);
        buf_char(b, ':');
        buf_str(b, f->now[i] ? f->now[i] : "null");
        any = true;
    }
    buf_str(b, "}}}}");
    return any;
}

enum status facts_put(struct docker *d, struct buf *b, nsec ts)
{
    struct line line = { .ts = ts, .text = buf_view(b) };
    uint64_t ticket;
    enum status st;

    /* What is erased is erased before anything new is written. */
    if (!records_flush(d))
        return ST_AGAIN;
    st = records_source(d, &line.source);
    if (st)
        return st;
    st = d->intake->line(d->intake->self, &line, &ticket, NULL);
    d->written_at = docker_now(d);
    /* It will never be taken: not to be tried for ever. */
    if (st == ST_BAD || st == ST_LIMIT) {
        docker_say(d, DOCKER_WARN,
                   "what is known of a container is too large to be recorded");
        return ST_OK;
    }
    return st;
}

static void forget_written(struct facts *f)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        free(f->written[i]);
        f->written[i] = NULL;
    }
    f->all = true;
}

void facts_stand(struct container *c, const char *name)
{
    free(c->facts.name);
    c->facts.name = name ? xstrdup(name) : NULL;
    forget_written(&c->facts);
    c->facts.dirty = name != NULL;
}

static enum status write_facts(struct container *c)
{
    struct facts *f = &c->facts;
    struct buf b;
    enum status st = ST_OK;

    if (!f->name || !c->known)
        return ST_OK;
    buf_init(&b, FACTS_MAX);
    open_body(&b, f->name);
    if (difference(f, &b) && buf_ok(&b))
        st = facts_put(c->d, &b, 0);
    buf_release(&b);
    if (st)
        return st;
    forget_written(f);
    f->all = false;
    for (int i = 0; i < FACT_COUNT; i++)
        f->written[i] = f->now[i] ? xstrdup(f->now[i]) : NULL;
    return ST_OK;
}

void facts_later(struct docker *d)
{
    d->facts_retry_at = loop_now(d->loop) + FACTS_RETRY;
}

static void try_write(struct container *c)
{
    enum status st;

    c->facts.dirty = true;
    if (c->d->stopped)
        return;
    st = write_facts(c);
    if (st == ST_OK)
        c->facts.dirty = false;
    else if (st != ST_AGAIN)
        facts_later(c->d);
}

void facts_update(struct container *c)
{
    if (c->known && !c->gone)
        gather(c);
    try_write(c);
}

/* Kept until inspect has come: one shard then says both. */
void facts_event(struct container *c, const char *action, nsec at,
                 int64_t exit_code)
{
    char text[INSTANT_TEXT];
    struct buf b;

    instant_format(at, text);
    buf_init(&b, 512);
    buf_printf(&b, "{\"action\":\"%s\",\"at\":\"%s\"", action, text);
    if (exit_code >= 0)
        buf_printf(&b, ",\"exitCode\":%" PRId64, exit_code);
    buf_char(&b, '}');
    free(c->facts.now[FACT_EVENT]);
    c->facts.now[FACT_EVENT] = xmemdup0(b.p, b.n);
    buf_release(&b);
}

static bool asking(const struct docker *d)
{
    const struct container *c;

    for (c = d->containers; c; c = c->hh.next) {
        if (c->want_inspect || c->inspect)
            return true;
    }
    return d->state != ENGINE_UP;
}

void facts_flush(struct docker *d)
{
    struct container *c, *next;

    if (loop_now(d->loop) < d->facts_retry_at || d->stopped)
        return;
    if (!records_flush(d))
        return;
    condition_flush(d);
    HASH_ITER(hh, d->containers, c, next)
    {
        if (c->facts.dirty)
            try_write(c);
    }
    d->looked_around |= !asking(d);
}

void facts_forget(struct docker *d)
{
    struct container *c;

    for (c = d->containers; c; c = c->hh.next) {
        forget_written(&c->facts);
        c->facts.dirty = true;
    }
    d->condition.dirty = true;
    facts_later(d);
}
