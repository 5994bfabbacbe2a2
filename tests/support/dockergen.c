/*
 * What Docker, a prober and an operator say, at random; and what comes of the
 * orders that rules give.
 */
#include "rulegen.h"

#include "base/alloc.h"
#include "core/core.h"
#include "engine/order.h"
#include "support/val.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DOCKER       4 /* the source */
#define CONTAINERS   4
#define ORDERS_MAX   200 /* of a stream: some rules never tire */

static unsigned pick(uint64_t *seed, unsigned n)
{
    return (unsigned)random_below(seed, n);
}

static bool chance(uint64_t *seed, unsigned percent)
{
    return pick(seed, 100) < percent;
}

#define ANY(seed, list) ((list)[pick(seed, COUNT(list))])

static void put_at(struct buf *out, const char *key, nsec at)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    buf_printf(out, "\"%s\":\"%s\"", key, text);
}

static void put_event(struct buf *out, const char *action, nsec at)
{
    buf_printf(out, "\"events\":{\"%s\":{\"n\":{\"$inc\":1},\"signal\":15,",
               action);
    put_at(out, "at", at);
    buf_str(out, "}}");
}

/* -- a container ------------------------------------------------------------
 */

static void inspected(uint64_t *seed, nsec at, struct buf *out)
{
    static const char *const states[] = { "created",    "running", "running",
                                          "exited",     "exited",  "paused",
                                          "restarting", "dead" };
    static const char *const policies[] = { "", "no", "no", "always",
                                            "on-failure" };
    static const char *const labels[] = {
        "\"role\":\"node\"",
        "\"role\":\"node\"",
        "\"role\":\"node\"",
        "\"role\":\"monitor\"",
        "\"role\":\"node\",\"com.docker.swarm.task.id\":\"x\"",
        "\"role\":\"node\",\"bladewatch.revive\":\"never\"",
        "\"role\":\"node\",\"bladewatch.revive\":\"on-failure\"",
        "\"role\":\"node\",\"bladewatch.revive\":\"perhaps\"",
        "\"role\":\"node\",\"bladewatch.verify\":\"300ms\"",
        "\"role\":\"node\",\"bladewatch.recreate\":\"true\"",
    };
    static const char *const health[] = { "", "", "healthy", "unhealthy",
                                          "starting" };

    buf_printf(out,
               "\"id\":\"%016u\",\"state\":\"%s\",\"exitCode\":%u,\"pid\":%u,"
               "\"restartCount\":%u,\"oomKilled\":%s,\"autoRemove\":%s,"
               "\"restartPolicy\":\"%s\",\"health\":\"%s\","
               "\"failingStreak\":%u,\"labels\":{\"$set\":{%s}},",
               pick(seed, 2), ANY(seed, states), pick(seed, 3), pick(seed, 3),
               pick(seed, 6), chance(seed, 10) ? "true" : "false",
               chance(seed, 5) ? "true" : "false", ANY(seed, policies),
               ANY(seed, health), pick(seed, 5), ANY(seed, labels));
    put_at(out, "startedAt", at - (nsec)pick(seed, 2000) * NSEC_MSEC);
    buf_char(out, ',');
    put_at(out, "finishedAt", at - (nsec)pick(seed, 2000) * NSEC_MSEC);
}

static void changed(uint64_t *seed, nsec at, struct buf *out)
{
    static const struct {
        const char *action, *state;
    } some[] = {
        { "die", "exited" },      { "die", "exited" },   { "die", "exited" },
        { "kill", NULL },         { "stop", "exited" },  { "start", "running" },
        { "start", "running" },   { "pause", "paused" }, { "oom", NULL },
        { "restart", "running" },
    };
    size_t k = pick(seed, COUNT(some));

    if (some[k].state) {
        buf_printf(out, "\"state\":\"%s\",\"exitCode\":%u,\"pid\":%d,",
                   some[k].state, pick(seed, 2), *some[k].state == 'r' ? 7 : 0);
        put_at(out, *some[k].state == 'r' ? "startedAt" : "finishedAt", at);
        buf_char(out, ',');
    }
    put_event(out, some[k].action, at);
}

static void probed(uint64_t *seed, nsec at, struct buf *out)
{
    bool ok = chance(seed, 50);

    buf_printf(out, "\"probe\":{\"ok\":%s,\"fails\":%u,\"down\":%s,",
               ok ? "true" : "false", ok ? 0 : 3,
               !ok && chance(seed, 60) ? "true" : "false");
    put_at(out, "at", at);
    buf_char(out, '}');
}

static void container(uint64_t *seed, nsec at, struct buf *out)
{
    buf_printf(out, "{\"containers\":{\"c%u\":", pick(seed, CONTAINERS));
    if (chance(seed, 6)) {
        buf_str(out, "null}}");
        return;
    }
    buf_char(out, '{');
    switch (pick(seed, 8)) {
    case 0:
    case 1:
        inspected(seed, at, out);
        break;
    case 2:
    case 3:
        probed(seed, at, out);
        break;
    default:
        changed(seed, at, out);
    }
    buf_str(out, "}}}");
}

/* -- the rest ---------------------------------------------------------------
 */

static void operated(uint64_t *seed, nsec at, struct buf *out)
{
    bool release = chance(seed, 40);

    buf_printf(out, "{\"%s\":{\"", release ? "releases" : "holds");
    if (chance(seed, 30))
        buf_char(out, '*');
    else
        buf_printf(out, "c%u", pick(seed, CONTAINERS));
    buf_str(out, "\":");
    if (!release && chance(seed, 40)) {
        buf_str(out, "null}}");
        return;
    }
    buf_char(out, '{');
    if (!release && chance(seed, 40))
        buf_str(out, "\"$ttl\":0.7,");
    put_at(out, "at", at);
    buf_str(out, ",\"by\":\"me\",\"why\":\"because\"}}}");
}

static void engine(uint64_t *seed, nsec at, struct buf *out)
{
    bool up = chance(seed, 70);

    buf_printf(out, "{\"engine\":{\"state\":\"%s\",\"act\":\"%s\",",
               up ? "up" : "down", chance(seed, 20) ? "denied" : "ok");
    put_at(out, up ? "upAt" : "downAt", at);
    buf_str(out, "}}");
}

void rulegen_docker(uint64_t *seed, nsec at, struct buf *out)
{
    switch (pick(seed, 14)) {
    case 0:
        operated(seed, at, out);
        break;
    case 1:
        if (chance(seed, 40)) {
            engine(seed, at, out);
            break;
        }
        /* fall through */
    default:
        container(seed, at, out);
    }
}

/* -- orders -----------------------------------------------------------------
 */

struct healer {
    uint64_t *seed;
    struct rulegen_stream *stream;
    size_t from; /* nothing is put in front of this event */
    nsec at;
    uint64_t seq;
    char *seen[ORDERS_MAX];
    size_t nseen;
};

static bool is_new(struct healer *h, struct slice id)
{
    size_t k;

    for (k = 0; k < h->nseen; k++)
        if (slice_is(id, h->seen[k]))
            return false;
    if (h->nseen == ORDERS_MAX)
        return false;
    h->seen[h->nseen++] = xmemdup0(id.p, id.n);
    return true;
}

static void insert(struct healer *h, nsec at, struct buf *text)
{
    struct rulegen_stream *s = h->stream;
    struct rulegen_event one = { .arrives_at = at };
    size_t k = s->n;

    one.text = xstrdup(buf_cstr(text));
    one.event = (struct event){ .kind = EV_LINE,
                                .source = DOCKER,
                                .fd = 1,
                                .seq = 1000000 + ++h->seq,
                                .ts = at,
                                .logged_at = at,
                                .line = slice_str(one.text) };
    s->event = xrealloc(s->event, (s->n + 1) * sizeof(*s->event));
    s->room = ++s->n;
    for (; k > h->from && s->event[k - 1].arrives_at > at; k--)
        s->event[k] = s->event[k - 1];
    s->event[k] = one;
    if (at + 2 * NSEC_SEC > s->end_at)
        s->end_at = at + 2 * NSEC_SEC;
    buf_reset(text);
}

/* What the engine would have done: it runs from then on. */
static void put_start(struct healer *h, const struct order *o, nsec at)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text,
               "{\"containers\":{\"%.*s\":{\"state\":\"running\",\"pid\":9,",
               SLICE_ARG(o->name));
    put_at(&text, "startedAt", at);
    buf_char(&text, ',');
    put_event(&text, "start", at);
    buf_str(&text, "}}}");
    insert(h, at, &text);
    buf_release(&text);
}

static void on_order(void *self, const struct order *o)
{
    struct healer *h = self;
    nsec at = h->at + RULEGEN_LAG + (nsec)pick(h->seed, 300) * NSEC_MSEC;
    bool good = chance(h->seed, 50);
    enum heal_result result =
        good ? HEAL_STARTED
             : (enum heal_result)(1 + pick(h->seed, HEAL_RESULTS - 1));
    struct buf text;

    if (!is_new(h, o->id) || chance(h->seed, 5))
        return;
    if (good && chance(h->seed, 90))
        put_start(h, o, at);
    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text,
               "{\"acts\":{\"%.*s\":{\"$set\":{\"order\":\"%.*s\","
               "\"result\":\"%s\",\"message\":\"so be it\",",
               SLICE_ARG(o->name), SLICE_ARG(o->id), heal_result_name(result));
    put_at(&text, "at", at);
    buf_str(&text, "}}}}");
    insert(h, at, &text);
    buf_release(&text);
}

static struct core *healed_core(const struct event *rules)
{
    struct core *core = core_new(1);
    uint32_t k;

    for (k = 0; k < RULEGEN_SOURCES; k++)
        core_step(core, &(struct event){ .kind = EV_SOURCE,
                                         .source = k,
                                         .decl = rulegen_source(k) });
    core_step(core, rules);
    return core;
}

void rulegen_heal(uint64_t *seed, const struct event *rules,
                  struct rulegen_stream *s)
{
    struct healer h = { .seed = seed, .stream = s };
    struct core *core = healed_core(rules);
    size_t k;

    for (h.at = RULEGEN_START; h.at < s->end_at; h.at += 10 * NSEC_MSEC) {
        while (h.from < s->n &&
               s->event[h.from].arrives_at <= h.at + RULEGEN_LAG)
            core_step(core, &s->event[h.from++].event);
        core_step(core, &(struct event){ .kind = EV_TICK, .ts = h.at });
        engine_orders(core_engine(core), &h, on_order);
    }
    core_free(core);
    for (k = 0; k < h.nseen; k++)
        free(h.seen[k]);
}
