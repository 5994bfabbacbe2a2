#include "docker/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_KEPT_MAX 65536
#define RELIST_EVERY    (30 * NSEC_SEC)

/*
 * {"type":["container"],"event":["create","start","die","died","kill","oom",
 *  "stop","restart","pause","unpause","rename","update","destroy","remove",
 *  "health_status"]}: no exec_*, of which a health check makes three a time.
 */
static const char filters[] =
    "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C"
    "%22start%22%2C%22die%22%2C%22died%22%2C%22kill%22%2C%22oom%22%2C%22stop"
    "%22%2C%22restart%22%2C%22pause%22%2C%22unpause%22%2C%22rename%22%2C%22"
    "update%22%2C%22destroy%22%2C%22remove%22%2C%22health_status%22%5D%7D";

static const char *const actor_id[] = { "Actor", "ID" };
static const char *const actor_name[] = { "Actor", "Attributes", "name" };
static const char *const actor_exit[] = { "Actor", "Attributes", "exitCode" };

/* What an event asks of us besides looking at the container anew. */
struct action {
    const char *name;
    void (*fn)(struct container *c, const struct tape *t, nsec at);
};

static void on_start(struct container *c, const struct tape *t, nsec at)
{
    (void)t;
    follow_started(c, at);
}

static void on_rename(struct container *c, const struct tape *t, nsec at)
{
    (void)at;
    container_rename(c, tape_string(t, tape_at(t, actor_name, 3)));
}

static void on_destroy(struct container *c, const struct tape *t, nsec at)
{
    (void)t;
    (void)at;
    container_gone(c);
}

static const struct action actions[] = {
    { "create", NULL },        { "start", on_start },
    { "die", NULL },           { "died", NULL },
    { "kill", NULL },          { "oom", NULL },
    { "stop", NULL },          { "restart", NULL },
    { "pause", NULL },         { "unpause", NULL },
    { "rename", on_rename },   { "update", NULL },
    { "destroy", on_destroy }, { "remove", on_destroy },
    { "health_status", NULL },
};

static const struct action *find_action(struct slice text)
{
    const char *colon = memchr(text.p, ':', text.n);

    if (colon)
        text.n = (size_t)(colon - text.p);
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        if (slice_is(text, actions[i].name))
            return &actions[i];
    }
    return NULL;
}

static void apply(struct docker *d, struct slice text)
{
    const struct action *action;
    struct container *c;
    struct slice id;
    struct tape t;
    nsec at;

    if (tape_parse(d->parser, text, &t, NULL)) {
        d->counters.bad_events++;
        return;
    }
    d->counters.events++;
    id = tape_string(&t, tape_at(&t, actor_id, 2));
    action = find_action(tape_string(&t, tape_find(&t, 0, "Action")));
    if (!slice_is(tape_string(&t, tape_find(&t, 0, "Type")), "container") ||
        !action || !id.n)
        return;
    at = tape_int(&t, tape_find(&t, 0, "timeNano"));
    if (at > d->event_at)
        d->event_at = at;
    c = container_find(d, id);
    if (!c && action->fn == on_destroy)
        return;
    if (!c) {
        c = container_add(d, id);
        if (!c)
            return;
        c->follow.from_start = strcmp(action->name, "create") == 0;
    }
    c->explained = true;
    if (!c->info.name[0])
        copy_text(tape_string(&t, tape_at(&t, actor_name, 3)), c->info.name,
                  sizeof(c->info.name));
    facts_event(c, action->name, at,
                tape_string(&t, tape_at(&t, actor_exit, 3)));
    if (action->fn != on_destroy)
        inspect_want(c);
    if (action->fn)
        action->fn(c, &t, at);
}

/* Never asks the engine to wait: a slow reader of events harms everybody. */
static void keep(struct docker *d, struct slice line)
{
    if (d->nkept < EVENTS_KEPT_MAX &&
        buf_add(&d->event_kept, line.p, line.n) == ST_OK &&
        buf_add(&d->event_kept, "\n", 1) == ST_OK) {
        d->nkept++;
        return;
    }
    buf_reset(&d->event_kept);
    d->nkept = 0;
    d->relist = true;
}

static void take(struct docker *d, struct slice line)
{
    if (!line.n)
        return;
    if (d->state == ENGINE_UP)
        apply(d, line);
    else
        keep(d, line);
}

static void on_events_body(void *self, struct slice piece)
{
    struct docker *d = self;

    while (piece.n && d->events) {
        const char *nl = memchr(piece.p, '\n', piece.n);
        size_t n = nl ? (size_t)(nl - piece.p) : piece.n;

        if (buf_add(&d->event_in, piece.p, n)) {
            d->counters.bad_events++;
            buf_reset(&d->event_in);
        }
        if (!nl)
            return;
        take(d, buf_view(&d->event_in));
        buf_reset(&d->event_in);
        piece = slice_of(nl + 1, piece.n - n - 1);
    }
}

static void on_events_head(void *self, const struct http_head *head)
{
    struct docker *d = self;

    if (head->code != 200)
        return;
    d->state = ENGINE_LISTING;
    events_list(d);
}

static void on_events_end(void *self, const struct http_end *end)
{
    struct docker *d = self;

    d->events = NULL;
    if (d->state != ENGINE_OPENING) {
        /* An idle stream is cut by many proxies: no alarm. */
        d->counters.reconnects++;
        engine_lost(d, "the Docker engine ended the stream of events");
        return;
    }
    engine_refused(d, end);
}

void events_open(struct docker *d)
{
    struct http_ask get = {
        .self = d,
        .on_head = on_events_head,
        .on_body = on_events_body,
        .on_end = on_events_end,
    };
    char path[768];
    int n = snprintf(path, sizeof(path), "/events?filters=%s", filters);

    if (d->event_at)
        snprintf(path + n, sizeof(path) - (size_t)n,
                 "&since=%" PRId64 ".%09" PRId64, d->event_at / NSEC_SEC,
                 d->event_at % NSEC_SEC);
    d->fresh = true;
    if (engine_get(d, path, &get, &d->events))
        engine_lost(d, "no request for events could be made");
}

static void came_up(struct docker *d)
{
    d->state = ENGINE_UP;
    d->backoff_for = 0;
    if (d->last_sentence[0])
        docker_say(d, DOCKER_INFO,
                   "the Docker engine answers (API 1.%d); its containers are "
                   "followed again",
                   d->minor);
    d->last_sentence[0] = '\0';
    d->down_why[0] = '\0';
}

static void apply_kept(struct docker *d)
{
    struct slice rest = buf_view(&d->event_kept);

    while (rest.n) {
        const char *nl = memchr(rest.p, '\n', rest.n);
        size_t n = (size_t)(nl - rest.p);

        apply(d, slice_of(rest.p, n));
        rest = slice_of(nl + 1, rest.n - n - 1);
    }
    buf_reset(&d->event_kept);
    d->nkept = 0;
}

/* One of the list: is there anything we do not know? */
static void list_one(struct docker *d, const struct tape *t, size_t i)
{
    struct slice id = tape_string(t, tape_find(t, i, "Id"));
    struct slice state = tape_string(t, tape_find(t, i, "State"));
    size_t names = tape_find(t, i, "Names");
    struct slice name = { 0 };
    struct container *c;
    bool differs;

    if (!id.n)
        return;
    if (names && t->op[names].kind == TAPE_ARRAY &&
        t->op[names].end > names + 1)
        name = tape_string(t, names + 1);
    if (name.n && *name.p == '/')
        name = slice_of(name.p + 1, name.n - 1);
    c = container_find(d, id);
    if (!c)
        c = container_add(d, id);
    if (!c)
        return;
    differs = !c->known || !slice_is(state, c->info.status) ||
              (name.n && !slice_is(name, c->info.name));
    if (differs && !c->explained && !d->fresh)
        d->surprised = true;
    c->listed = true;
    c->explained = false;
    if (d->fresh || differs)
        inspect_want(c);
}

static void apply_list(struct docker *d, const struct tape *t)
{
    struct container *c, *next;

    for (c = d->containers; c; c = c->hh.next)
        c->listed = false;
    for (size_t i = 1; i < t->op[0].end; i = tape_next(t, i))
        list_one(d, t, i);
    HASH_ITER(hh, d->containers, c, next)
    {
        if (c->listed || c->gone)
            continue;
        d->surprised |= !c->explained && !d->fresh;
        container_gone(c);
    }
    d->counters.relists++;
}

/* Changes that no event told of, twice running: the stream is stuck. */
static bool events_are_stuck(struct docker *d)
{
    d->surprises = d->surprised ? d->surprises + 1 : 0;
    d->surprised = false;
    if (d->surprises < 2)
        return false;
    d->surprises = 0;
    return true;
}

static void on_list(void *self, const struct http_end *end)
{
    struct docker *d = self;
    struct tape t;

    d->list = NULL;
    if (end->status != ST_OK || end->head.code != 200) {
        engine_refused(d, end);
        return;
    }
    if (tape_parse(d->parser, end->body, &t, NULL) ||
        t.op[0].kind != TAPE_ARRAY) {
        engine_lost(d, "the Docker engine's list of containers is no JSON "
                       "array");
        return;
    }
    apply_list(d, &t);
    d->fresh = false;
    if (events_are_stuck(d)) {
        engine_lost(d, "the Docker engine's stream of events is stuck");
        return;
    }
    if (d->state == ENGINE_LISTING)
        came_up(d);
    apply_kept(d);
    if (d->relist) {
        d->relist = false;
        events_list(d);
    }
    inspect_pump(d);
}

void events_list(struct docker *d)
{
    struct http_ask get = { .self = d, .on_end = on_list };

    d->relist_at = loop_now(d->loop) + RELIST_EVERY;
    if (d->list)
        return;
    get.body_max = 64u << 20;
    if (engine_get(d, "/containers/json?all=1", &get, &d->list))
        engine_lost(d, "no request for the list could be made");
}

void events_tick(struct docker *d)
{
    if (d->state == ENGINE_UP && loop_now(d->loop) >= d->relist_at)
        events_list(d);
}
