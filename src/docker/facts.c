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
    set_string(c, FACT_HEALTH, info->health, &b);
    set_string(c, FACT_RESTART_POLICY, info->policy, &b);
    set_int(c, FACT_EXIT_CODE, info->exit_code, &b);
    set_int(c, FACT_RESTART_COUNT, info->restarts, &b);
    set_int(c, FACT_PID, info->pid, &b);
    buf_str(&b, info->oom ? "true" : "false");
    set(c, FACT_OOM_KILLED, &b);
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
 * all is written, since another may have left its facts under the name.
 */
static bool difference(const struct facts *f, struct buf *b)
{
    bool any = false;

    buf_char(b, '{');
    for (int i = 0; i < FACT_COUNT; i++) {
        if (f->name && same(f->now[i], f->written[i]))
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

static enum status declare(struct docker *d)
{
    struct source source = {
        .blade = slice_str("docker"),
        .run = slice_str(d->facts_run),
        .mode = MODE_SHARD,
        .trusted = true,
    };
    enum status st;

    if (d->facts_declared)
        return ST_OK;
    st = d->intake->source(d->intake->self, &source, &d->facts_source, NULL);
    if (st == ST_OK)
        d->facts_declared = true;
    return st;
}

enum status facts_put(struct docker *d, struct buf *b, nsec ts)
{
    struct line line = { .ts = ts, .text = buf_view(b) };
    uint64_t ticket;
    enum status st = declare(d);

    if (st)
        return st;
    line.source = d->facts_source;
    st = d->intake->line(d->intake->self, &line, &ticket, NULL);
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
    free(f->name);
    f->name = NULL;
}

/* Another container may have taken the name since. */
static bool name_is_taken(const struct container *c, const char *name)
{
    const struct container *o;

    for (o = c->d->containers; o; o = o->hh.next) {
        if (o != c && o->facts.name && strcmp(o->facts.name, name) == 0)
            return true;
    }
    return false;
}

/* Erases what stands under the name we wrote. */
static enum status erase(struct container *c)
{
    struct buf b;
    enum status st = ST_OK;

    if (!c->facts.name)
        return ST_OK;
    buf_init(&b, FACTS_MAX);
    open_body(&b, c->facts.name);
    buf_str(&b, "null}}}");
    if (!name_is_taken(c, c->facts.name))
        st = facts_put(c->d, &b, 0);
    buf_release(&b);
    if (st == ST_OK)
        forget_written(&c->facts);
    return st;
}

static enum status write_facts(struct container *c)
{
    struct facts *f = &c->facts;
    struct buf b;
    enum status st = ST_OK;

    if (f->name &&
        (c->gone || c->choice.ignored || strcmp(f->name, c->info.name) != 0))
        st = erase(c);
    if (st || c->gone || !c->known || c->choice.ignored)
        return st;
    buf_init(&b, FACTS_MAX);
    open_body(&b, c->info.name);
    if (difference(f, &b) && buf_ok(&b))
        st = facts_put(c->d, &b, 0);
    buf_release(&b);
    if (st)
        return st;
    if (!f->name)
        f->name = xstrdup(c->info.name);
    for (int i = 0; i < FACT_COUNT; i++) {
        free(f->written[i]);
        f->written[i] = f->now[i] ? xstrdup(f->now[i]) : NULL;
    }
    return ST_OK;
}

static void try_write(struct container *c)
{
    enum status st;

    c->facts.dirty = true;
    if (c->d->stopped || !c->d->facts_wiped)
        return;
    st = write_facts(c);
    if (st == ST_OK)
        c->facts.dirty = false;
    else if (st != ST_AGAIN)
        c->d->facts_retry_at = loop_now(c->d->loop) + FACTS_RETRY;
}

void facts_update(struct container *c)
{
    if (c->known && !c->gone)
        gather(c);
    try_write(c);
}

/* Kept until inspect has come: one shard then says both. */
void facts_event(struct container *c, const char *action, nsec at,
                 struct slice exit_code)
{
    char text[INSTANT_TEXT];
    struct buf b;

    instant_format(at, text);
    buf_init(&b, 512);
    buf_printf(&b, "{\"action\":\"%s\",\"at\":\"%s\"", action, text);
    if (exit_code.n && exit_code.n < 8) {
        copy_text(exit_code, text, sizeof(text));
        buf_printf(&b, ",\"exitCode\":%d", atoi(text));
    }
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

/*
 * An earlier process may have left facts of containers that are gone.  They
 * are erased when all that are here are known, in the turn in which these are
 * written, so that no rule sees a container missing in between.
 */
static void wipe(struct docker *d)
{
    static const char all[] = "{\"docker\":{\"containers\":null}}";
    struct buf b;

    buf_init(&b, sizeof(all));
    buf_str(&b, all);
    if (facts_put(d, &b, 0) == ST_OK)
        d->facts_wiped = true;
    buf_release(&b);
}

void facts_flush(struct docker *d)
{
    struct container *c, *next;

    if (loop_now(d->loop) < d->facts_retry_at || d->stopped)
        return;
    if (!d->facts_wiped && !asking(d))
        wipe(d);
    HASH_ITER(hh, d->containers, c, next)
    {
        if (c->facts.dirty)
            try_write(c);
    }
}

void facts_forget(struct docker *d)
{
    struct container *c;

    for (c = d->containers; c; c = c->hh.next) {
        forget_written(&c->facts);
        c->facts.dirty = true;
    }
    d->facts_wiped = false;
    d->facts_retry_at = loop_now(d->loop) + FACTS_RETRY;
}
