#include "docker/history.h"

#include "base/alloc.h"
#include "data/json.h"
#include "docker/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX  (64u << 10)
#define RECORDED_MAX (256u << 20)
#define OFF_MIN      NSEC_SEC /* less is no clock that was set */

/* What the state holds under a name that is nobody's yet. */
struct remembered {
    UT_hash_handle hh;
    char *name;
    char id[ID_MAX + 1];
    struct happened last[HAPPENINGS];
};

static const char *const names[HAPPENINGS] = {
    [HAPPENED_CREATE] = "create",
    [HAPPENED_START] = "start",
    [HAPPENED_DIE] = "die",
    [HAPPENED_KILL] = "kill",
    [HAPPENED_STOP] = "stop",
    [HAPPENED_RESTART] = "restart",
    [HAPPENED_PAUSE] = "pause",
    [HAPPENED_UNPAUSE] = "unpause",
    [HAPPENED_RENAME] = "rename",
    [HAPPENED_UPDATE] = "update",
    [HAPPENED_DESTROY] = "destroy",
    [HAPPENED_OOM] = "oom",
    [HAPPENED_HEALTH_STATUS] = "health_status",
};

static nsec cut_future(nsec at, nsec now)
{
    return nsec_sub(at, now) > OFF_MIN ? now : at;
}

/*
 * While the wall clock is behind log time (app/clock.h) the engine's, which is
 * the same, is as well.
 */
nsec history_instant(const struct docker *d, nsec at)
{
    nsec now = docker_now(d), behind = now - loop_wall(d->loop);

    if (behind > OFF_MIN)
        at = nsec_add(at, behind);
    return cut_future(at, now);
}

/* -- text ------------------------------------------------------------------ */

static void open_name(struct buf *b, const char *name)
{
    json_string(slice_str(name), b);
    buf_char(b, ':');
}

static void open_body(struct buf *b, nsec stamp, nsec at)
{
    buf_char(b, '{');
    if (stamp && stamp != at)
        buf_printf(b, "\"$ts\":%" PRId64 ",", at);
    buf_str(b, "\"docker\":{\"containers\":{");
}

/* What the one before had and this has not is taken away. */
static void write_number(struct buf *b, const char *key, int64_t v, bool had)
{
    if (v >= 0)
        buf_printf(b, ",\"%s\":%" PRId64, key, v);
    else if (had)
        buf_printf(b, ",\"%s\":null", key);
}

/* Added to what stands there, of which before is the last. */
static void write_happened(struct buf *b, enum happening what,
                           const struct happened *h,
                           const struct happened *before)
{
    char at[INSTANT_TEXT];

    instant_format(h->at, at);
    buf_printf(b, "\"%s\":{\"at\":\"%s\",\"n\":{\"$inc\":%" PRIu64 "}",
               names[what], at, h->n);
    write_number(b, "exitCode", h->exit_code,
                 before->n && before->exit_code >= 0);
    write_number(b, "signal", h->signal, before->n && before->signal >= 0);
    buf_char(b, '}');
}

/* The whole of it, under another name. */
static void write_history(const struct container *c, struct buf *b)
{
    const struct happened none = { 0 };
    bool any = false;

    buf_printf(b, "{\"id\":\"%s\",\"events\":{", c->id);
    for (int i = 0; i < HAPPENINGS; i++) {
        const struct happened *h = &c->history.last[i];

        if (!h->n)
            continue;
        if (any)
            buf_char(b, ',');
        write_happened(b, i, h, &none);
        any = true;
    }
    buf_str(b, "}}");
}

/* -- names ----------------------------------------------------------------- */

static bool has_history(const struct container *c)
{
    for (int i = 0; i < HAPPENINGS; i++) {
        if (c->history.last[i].n)
            return true;
    }
    return false;
}

static struct container *standing_at(const struct docker *d, const char *name)
{
    struct container *c;

    for (c = d->containers; c; c = c->hh.next) {
        if (c->facts.name && strcmp(c->facts.name, name) == 0)
            return c;
    }
    return NULL;
}

static void erase(struct docker *d, const char *name, nsec at)
{
    struct buf b;

    buf_init(&b, HISTORY_MAX);
    open_body(&b, 0, at);
    open_name(&b, name);
    buf_str(&b, "null}}}");
    records_put(d, at, slice_of("", 0), buf_view(&b));
    buf_release(&b);
}

/*
 * What is erased was written before; what happens to the next owner of the name
 * comes after, however shortly before we heard of it.
 */
static nsec erased(struct docker *d, nsec at)
{
    if (d->listed) /* others are writing as well */
        at = docker_now(d);
    if (at < d->written_at)
        at = d->written_at;
    if (at > d->erased_at)
        d->erased_at = at;
    return d->erased_at;
}

static nsec after_erased(const struct docker *d, nsec at)
{
    return at > d->erased_at ? at : d->erased_at;
}

static void forget(struct docker *d, struct remembered *r)
{
    HASH_DEL(d->remembered, r);
    free(r->name);
    free(r);
}

/* Another's, left there by an earlier process: older than its new owner. */
static void erase_remembered(struct container *c, nsec at)
{
    struct docker *d = c->d;
    struct remembered *r;

    HASH_FIND_STR(d->remembered, c->info.name, r);
    if (!r || strcmp(r->id, c->id) == 0)
        return;
    erase(d, r->name, c->created_at ? c->created_at : at);
    forget(d, r);
}

/*
 * One shard takes it from the one name to the other, so that it is never in
 * two places, nor in none.  What stands there already, if only because an
 * earlier process has just moved it, goes first.
 */
static void move(struct container *c, nsec at)
{
    struct buf b;

    erase(c->d, c->info.name, at);
    buf_init(&b, HISTORY_MAX);
    open_body(&b, 0, at);
    if (c->facts.name) {
        open_name(&b, c->facts.name);
        buf_str(&b, "null,");
    }
    open_name(&b, c->info.name);
    write_history(c, &b);
    buf_str(&b, "}}}");
    records_put(c->d, at, slice_of("", 0), buf_view(&b));
    buf_release(&b);
}

void history_stand(struct container *c, nsec at)
{
    struct docker *d = c->d;
    struct container *other;

    if (c->facts.name && strcmp(c->facts.name, c->info.name) == 0)
        return;
    other = standing_at(d, c->info.name);
    erase_remembered(c, at);
    if (other) {
        history_leave(other, docker_now(d));
        inspect_want(other); /* where is it now? */
    }
    if (c->facts.name || has_history(c))
        move(c, erased(d, at));
    facts_stand(c, c->info.name);
}

void history_leave(struct container *c, nsec at)
{
    if (!c->facts.name)
        return;
    erase(c->d, c->facts.name, erased(c->d, at));
    facts_stand(c, NULL);
}

static bool is_anothers(const struct container *c)
{
    const struct container *o;

    for (o = c->d->containers; o; o = o->hh.next) {
        if (o != c && !o->gone && (o->listed || o->facts.name) &&
            strcmp(o->info.name, c->info.name) == 0)
            return true;
    }
    return false;
}

/*
 * To be created and renamed takes a name from whoever had it.  But what is told
 * again after a restart may be of a container that is gone, and its name
 * another's by now.
 */
static bool may_stand(const struct container *c, const struct told *told)
{
    bool takes = told->what == HAPPENED_CREATE || told->what == HAPPENED_RENAME;

    return (takes && (c->listed || !told->again)) || !is_anothers(c);
}

/* -- events ---------------------------------------------------------------- */

bool history_knows(const struct container *c, const struct told *told)
{
    return told->again && told->at == c->history.last[told->what].at;
}

static void record(struct container *c, const struct told *told,
                   const struct happened *h)
{
    struct docker *d = c->d;
    nsec stamp = cut_future(told->at, loop_wall(d->loop));
    struct buf b;

    buf_init(&b, HISTORY_MAX);
    open_body(&b, stamp, after_erased(d, h->at));
    open_name(&b, c->facts.name);
    buf_printf(&b, "{\"id\":\"%s\",\"events\":{", c->id);
    write_happened(&b, told->what, h, &c->history.last[told->what]);
    buf_str(&b, "}}}}}");
    records_put(d, stamp, told->id, buf_view(&b));
    buf_release(&b);
}

/*
 * Two at a time may be told in disorder.  One that is told again and older
 * than the last was counted, but for that; the core knows.
 */
static void count(struct happened *last, const struct happened *h, bool again)
{
    uint64_t n = last->n + 1;

    if (h->at >= last->at)
        *last = *h;
    else if (again)
        return;
    last->n = n;
}

void history_event(struct container *c, const struct told *told)
{
    struct happened *last = &c->history.last[told->what];
    struct happened h = told->as;

    if (c->ignored)
        return;
    h.at = history_instant(c->d, told->at);
    h.n = 1;
    if (may_stand(c, told))
        history_stand(c, h.at);
    if (c->facts.name)
        record(c, told, &h);
    count(last, &h, told->again);
    if (h.at < c->history.newest_at)
        return;
    c->history.newest_at = h.at;
    facts_event(c, names[told->what], h.at, h.exit_code);
}

/* -- what an earlier process left ------------------------------------------ */

static int64_t int_or(const struct tape *t, size_t i, int64_t otherwise)
{
    return i ? tape_int(t, i) : otherwise;
}

static struct happened read_happened(const struct tape *t, size_t at)
{
    struct happened h = {
        .exit_code = int_or(t, tape_find(t, at, "exitCode"), -1),
        .signal = int_or(t, tape_find(t, at, "signal"), -1),
    };
    int64_t n = tape_int(t, tape_find(t, at, "n"));

    if (instant_parse(tape_string(t, tape_find(t, at, "at")), &h.at) || n < 1)
        return (struct happened){ 0 };
    h.n = (uint64_t)n;
    return h;
}

static void remember(struct docker *d, const struct tape *t, size_t key)
{
    struct slice name = tape_text(&t->op[key]);
    size_t events = tape_find(t, key + 1, "events");
    struct remembered *r;

    if (t->op[key].flags & TAPE_DEAD || (name.n && *name.p == '$'))
        return;
    r = xcalloc(1, sizeof(*r));
    r->name = xmemdup0(name.p, name.n);
    copy_text(tape_string(t, tape_find(t, key + 1, "id")), r->id,
              sizeof(r->id));
    for (int i = 0; events && i < HAPPENINGS; i++) {
        size_t at = tape_find(t, events, names[i]);

        if (at)
            r->last[i] = read_happened(t, at);
    }
    HASH_ADD_KEYPTR(hh, d->remembered, r->name, strlen(r->name), r);
}

void history_remember(struct docker *d)
{
    struct buf text;
    struct tape t;
    size_t at;

    if (!d->config.recorded)
        return;
    buf_init(&text, RECORDED_MAX);
    d->config.recorded(d->config.recorded_self, &text);
    if (text.n && !tape_parse(d->parser, buf_view(&text), &t, NULL)) {
        condition_remember(d, &t);
        at = tape_find(&t, 0, "containers");
        if (at && t.op[at].kind == TAPE_OBJECT)
            for (size_t i = at + 1; i < t.op[at].end; i = t.op[i].end)
                remember(d, &t, i);
    }
    buf_release(&text);
}

static void learn(struct history *h, const struct remembered *r)
{
    for (int i = 0; i < HAPPENINGS; i++) {
        const struct happened *was = &r->last[i];

        if (was->n > h->last[i].n)
            h->last[i] = *was;
        if (was->n && was->at > h->newest_at)
            h->newest_at = was->at;
    }
}

void history_adopt(struct docker *d)
{
    struct remembered *r, *next;

    HASH_ITER(hh, d->remembered, r, next)
    {
        struct container *c = container_find(d, slice_str(r->id));

        if (c && !c->gone && !c->facts.name && !d->listed)
            facts_stand(c, r->name);
        if (!c || !c->facts.name || strcmp(c->facts.name, r->name) != 0)
            continue;
        learn(&c->history, r);
        forget(d, r);
    }
}

void history_sweep(struct docker *d)
{
    nsec at = docker_now(d);

    while (d->remembered) {
        if (!standing_at(d, d->remembered->name))
            erase(d, d->remembered->name, erased(d, at));
        forget(d, d->remembered);
    }
}

void history_release(struct docker *d)
{
    while (d->remembered)
        forget(d, d->remembered);
}
