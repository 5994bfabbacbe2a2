#include "docker/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENT_FOR       (2 * NSEC_SEC) /* how late the event of a removal may be */
#define EVENTS_KEPT_MAX 65536
#define RELIST_EVERY    (30 * NSEC_SEC)
#define WHOLE_AFTER     (40 * NSEC_SEC) /* app/live.c holds time for 30 */
#define AGAIN_FOR       (5 * NSEC_SEC)
#define LONG_AGO        (1000000000 * NSEC_SEC) /* 2001: no stamp is older */

/*
 * {"type":["container","network"],"event":["create","start","die","died",
 *  "kill","oom","stop","restart","pause","unpause","rename","update","destroy",
 *  "remove","health_status","connect","disconnect"]}: no exec_*, of which a
 * health check makes three a time.
 */
static const char filters[] =
    "%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%2C%22event%22%3A%5B"
    "%22create%22%2C%22start%22%2C%22die%22%2C%22died%22%2C%22kill%22%2C%22oom"
    "%22%2C%22stop%22%2C%22restart%22%2C%22pause%22%2C%22unpause%22%2C%22"
    "rename%22%2C%22update%22%2C%22destroy%22%2C%22remove%22%2C%22"
    "health_status%22%2C%22connect%22%2C%22disconnect%22%5D%7D";

/* An event as it came, and what is read of it. */
struct event_in {
    const struct tape *tape;
    size_t attributes; /* 0: none */
    struct slice actor, action;
    struct told told;
    char id[ID_MAX + 64];
};

static struct slice attribute(const struct event_in *e, const char *key)
{
    return e->attributes
               ? tape_string(e->tape, tape_find(e->tape, e->attributes, key))
               : slice_of("", 0);
}

/* A number of up to nine digits, else -1. */
static int64_t number(struct slice text)
{
    int64_t n = 0;

    if (!text.n || text.n > 9)
        return -1;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        n = 10 * n + (text.p[i] - '0');
    }
    return n;
}

/* What an event asks of us besides looking at the container anew. */
struct action {
    const char *name; /* Podman has words of its own */
    enum happening what;
    void (*before)(struct container *c, const struct event_in *e);
    void (*after)(struct container *c, const struct event_in *e);
};

static void on_start(struct container *c, const struct event_in *e)
{
    follow_started(c, e->told.at);
}

static void on_die(struct container *c, const struct event_in *e)
{
    (void)e;
    follow_died(c);
}

static void before_rename(struct container *c, const struct event_in *e)
{
    container_rename(c, attribute(e, "name"));
}

/* At once: what is asked of it is recorded under its name. */
static void after_rename(struct container *c, const struct event_in *e)
{
    (void)e;
    if (c->known)
        container_show(c);
}

static void on_destroy(struct container *c, const struct event_in *e)
{
    container_gone(c, history_instant(c->d, e->told.at));
}

static const struct action actions[] = {
    { "create", HAPPENED_CREATE, NULL, NULL },
    { "start", HAPPENED_START, NULL, on_start },
    { "die", HAPPENED_DIE, NULL, on_die },
    { "died", HAPPENED_DIE, NULL, on_die },
    { "kill", HAPPENED_KILL, NULL, NULL },
    { "oom", HAPPENED_OOM, NULL, NULL },
    { "stop", HAPPENED_STOP, NULL, NULL },
    { "restart", HAPPENED_RESTART, NULL, NULL },
    { "pause", HAPPENED_PAUSE, NULL, NULL },
    { "unpause", HAPPENED_UNPAUSE, NULL, NULL },
    { "rename", HAPPENED_RENAME, before_rename, after_rename },
    { "update", HAPPENED_UPDATE, NULL, NULL },
    { "destroy", HAPPENED_DESTROY, NULL, on_destroy },
    { "remove", HAPPENED_DESTROY, NULL, on_destroy },
    { "health_status", HAPPENED_HEALTH_STATUS, NULL, NULL },
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

static struct container *find_or_add(struct docker *d, const struct event_in *e,
                                     const struct action *action)
{
    struct container *c = container_find(d, e->actor);

    if (c || action->what == HAPPENED_DESTROY)
        return c;
    c = container_add(d, e->actor);
    if (!c)
        return NULL;
    c->follow.from_start = action->what == HAPPENED_CREATE;
    c->ignored = label_says_yes(attribute(e, "bladewatch.ignore"));
    return c;
}

static void of_container(struct docker *d, struct event_in *e,
                         const struct action *action)
{
    struct container *c;

    if (!heard_add(&d->heard, e->told.at, e->told.id, loop_wall(d->loop)))
        return;
    e->told.again = loop_now(d->loop) < d->again_until &&
                    heard_before(&d->heard, e->told.at);
    d->counters.events++;
    c = find_or_add(d, e, action);
    if (!c || c->gone || history_knows(c, &e->told))
        return;
    c->explained = true;
    if (action->what == HAPPENED_CREATE)
        c->created_at = history_instant(d, e->told.at);
    if (!c->info.name[0])
        container_rename(c, attribute(e, "name"));
    if (!c->info.name[0])
        container_rename(c, slice_str(c->id));
    if (action->before)
        action->before(c, e);
    history_event(c, &e->told);
    if (action->what == HAPPENED_RENAME)
        inspect_anew(c); /* an answer under way has the old name */
    else if (action->what != HAPPENED_DESTROY)
        inspect_want(c);
    if (action->after)
        action->after(c, e);
}

/* Another network is another address. */
static void of_network(struct docker *d, const struct event_in *e)
{
    struct slice id = attribute(e, "container");
    struct container *c = container_find(d, id);

    if (container_is_self(d, id))
        networks_ask(d);
    else if (c && !c->gone)
        inspect_want(c);
}

static void read_event(struct event_in *e)
{
    const struct tape *t = e->tape;
    size_t actor = tape_find(t, 0, "Actor");

    e->attributes = actor ? tape_find(t, actor, "Attributes") : 0;
    e->actor = tape_string(t, actor ? tape_find(t, actor, "ID") : 0);
    e->action = tape_string(t, tape_find(t, 0, "Action"));
    e->told.at = tape_int(t, tape_find(t, 0, "timeNano"));
    e->told.as = (struct happened){
        .exit_code = number(attribute(e, "exitCode")),
        .signal = number(attribute(e, "signal")),
    };
    snprintf(e->id, sizeof(e->id), "%.*s %.*s %" PRId64,
             e->actor.n > ID_MAX ? ID_MAX : (int)e->actor.n, e->actor.p,
             e->action.n > 32 ? 32 : (int)e->action.n, e->action.p, e->told.at);
    e->told.id = slice_str(e->id);
}

static void apply(struct docker *d, struct slice text)
{
    const struct action *action;
    struct tape t;
    struct event_in e = { .tape = &t };
    struct slice type;

    if (tape_parse(d->parser, text, &t, NULL)) {
        d->counters.bad_events++;
        return;
    }
    read_event(&e);
    type = tape_string(&t, tape_find(&t, 0, "Type"));
    action = find_action(e.action);
    if (slice_is(type, "network")) {
        of_network(d, &e);
    } else if (slice_is(type, "container") && action) {
        e.told.what = action->what;
        if (!e.actor.n || e.told.at < LONG_AGO)
            d->counters.bad_events++;
        else
            of_container(d, &e, action);
    }
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

/*
 * Where the process before this one stopped; 0: there was none.  If it had
 * heard of no event, it began when the engine was found as it was.
 */
static nsec recorded_until(struct docker *d)
{
    const struct intake *in = d->intake;
    struct cursor cursor;

    if (in->cursor(in->self, slice_str(RECORDS_BLADE), slice_str(RECORDS_RUN),
                   RECORDS_FD, &cursor) == ST_OK)
        return cursor.ts;
    return d->condition.was_since;
}

static void begin(struct docker *d)
{
    if (d->heard.began_at)
        return;
    history_remember(d);
    heard_begin(&d->heard, recorded_until(d), loop_wall(d->loop));
}

void events_open(struct docker *d)
{
    struct http_ask get = {
        .self = d,
        .on_head = on_events_head,
        .on_body = on_events_body,
        .on_end = on_events_end,
    };
    char path[1024];
    nsec since;

    begin(d);
    since = heard_since(&d->heard);
    snprintf(path, sizeof(path),
             "/events?filters=%s&since=%" PRId64 ".%09" PRId64, filters,
             since / NSEC_SEC, since % NSEC_SEC);
    d->fresh = true;
    if (!d->listed)
        d->again_until = loop_now(d->loop) + AGAIN_FOR;
    if (engine_get(d, path, &get, &d->events))
        engine_lost(d, "no request for events could be made");
}

static void came_up(struct docker *d)
{
    d->state = ENGINE_UP;
    d->backoff_for = 0;
    condition_up(d);
    networks_ask(d);
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

static nsec created_at(const struct docker *d, int64_t seconds)
{
    if (seconds < LONG_AGO / NSEC_SEC || seconds > NSEC_MAX / NSEC_SEC)
        return 0;
    return history_instant(d, seconds * NSEC_SEC);
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
    c->created_at = created_at(d, tape_int(t, tape_find(t, i, "Created")));
    if (!c->info.name[0])
        container_rename(c, name);
    differs = !c->known || !slice_is(state, c->info.status) ||
              (name.n && !slice_is(name, c->info.name));
    if (differs && !c->explained && !d->fresh)
        d->surprised = true;
    c->listed = true;
    if (d->list_at > c->vanished_at)
        c->vanished_at = 0;
    c->explained = false;
    if (d->fresh || differs)
        inspect_want(c);
}

static void apply_list(struct docker *d, const struct tape *t)
{
    struct container *c;

    for (c = d->containers; c; c = c->hh.next)
        c->listed = false;
    for (size_t i = 1; i < t->op[0].end; i = tape_next(t, i))
        list_one(d, t, i);
    d->counters.relists++;
}

/*
 * When this process began the state was not whole: what waited for its turn
 * may have shown up since, of containers that are gone.
 */
static void look_for_leftovers(struct docker *d)
{
    if (d->swept || loop_now(d->loop) - d->started_at < WHOLE_AFTER)
        return;
    d->swept = true;
    history_remember(d);
}

/* What was not in the list, nor came since, is gone, told or not. */
static void drop_unlisted(struct docker *d)
{
    struct container *c, *next;

    HASH_ITER(hh, d->containers, c, next)
    {
        if (c->listed || c->gone || c->added_at >= d->list_at)
            continue;
        d->surprised |= !c->explained && !d->fresh;
        if (d->fresh) /* what there was to tell has been told */
            container_gone(c, docker_now(d));
        else
            container_vanished(c);
    }
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

/*
 * What happened before the list was made is applied after it: so it is known
 * whose the names are by now.
 */
static void apply_all(struct docker *d, const struct tape *t)
{
    apply_list(d, t);
    history_adopt(d);
    apply_kept(d);
    drop_unlisted(d);
    history_sweep(d);
    d->listed = true;
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
    look_for_leftovers(d);
    if (tape_parse(d->parser, end->body, &t, NULL) ||
        t.op[0].kind != TAPE_ARRAY) {
        engine_lost(d, "the Docker engine's list of containers is no JSON "
                       "array");
        return;
    }
    apply_all(d, &t);
    d->fresh = false;
    if (events_are_stuck(d)) {
        engine_lost(d, "the Docker engine's stream of events is stuck");
        return;
    }
    if (d->state == ENGINE_LISTING)
        came_up(d);
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
    d->list_at = loop_now(d->loop);
    if (engine_get(d, "/containers/json?all=1", &get, &d->list))
        engine_lost(d, "no request for the list could be made");
}

/* Its last event comes on another connection than what showed that it has
 * gone, and is to be counted. */
static void drop_vanished(struct docker *d)
{
    struct container *c, *next;

    HASH_ITER(hh, d->containers, c, next)
    {
        if (c->vanished_at && !c->gone &&
            loop_now(d->loop) - c->vanished_at >= EVENT_FOR)
            container_gone(c, docker_now(d));
    }
}

void events_tick(struct docker *d)
{
    drop_vanished(d);
    if (d->state == ENGINE_UP && loop_now(d->loop) >= d->relist_at)
        events_list(d);
}
