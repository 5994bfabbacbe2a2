#include "rulegen.h"

#include "base/alloc.h"
#include "support/val.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MSEC         NSEC_MSEC

struct maker {
    uint64_t *seed;
    bool leases, erasures;
    bool heals; /* much is said of containers, and time goes by */
};

static unsigned pick(const struct maker *m, unsigned n)
{
    return (unsigned)random_below(m->seed, n);
}

static bool chance(const struct maker *m, unsigned percent)
{
    return pick(m, 100) < percent;
}

/* -- sources -------------------------------------------------------------- */

/* Three blades and what Docker says, which may write below its own key. */
static const struct source sources[RULEGEN_SOURCES] = {
    { .blade = { "b1", 2 }, .run = { "1", 1 } },
    { .blade = { "b2", 2 }, .run = { "1", 1 } },
    { .blade = { "b3", 2 },
      .run = { "1", 1 },
      .mode = MODE_JSON,
      .at = { .n = 1, .key = { { "b", 1 } } } },
    { .blade = { "docker", 6 },
      .run = { "1", 1 },
      .at = { .n = 2, .key = { { "docker", 6 }, { "containers", 10 } } },
      .trusted = true },
    { .blade = { "docker", 6 },
      .run = { "2", 1 },
      .at = { .n = 1, .key = { { "docker", 6 } } },
      .trusted = true },
};

const struct source *rulegen_source(size_t i)
{
    return &sources[i];
}

/* -- bodies --------------------------------------------------------------- */

static const char *some_key(const struct maker *m, unsigned level)
{
    static const char *const keys[][4] = { { "a", "b", "a", "b" },
                                           { "x", "y", "z", "x" },
                                           { "n", "m", "s", "n" },
                                           { "n", "k", "x", "n" } };

    return keys[level < 4 ? level : 3][pick(m, 4)];
}

static void value(const struct maker *m, unsigned level, struct buf *out);

static void map(const struct maker *m, unsigned level, struct buf *out)
{
    const char *first = some_key(m, level), *second = some_key(m, level);

    buf_printf(out, "{\"%s\":", first);
    value(m, level + 1, out);
    if (second != first) {
        buf_printf(out, ",\"%s\":", second);
        value(m, level + 1, out);
    }
    buf_char(out, '}');
}

static void scalar(const struct maker *m, struct buf *out)
{
    static const char *const some[] = {
        "0",     "1",           "2",          "3",       "-1",
        "0.5",   "true",        "false",      "\"x\"",   "\"n\"",
        "\"y\"", "\"b1\"",      "\"a\"",      "[]",      "[\"x\",\"y\"]",
        "[1,2]", "\"monitor\"", "\"exited\"", "[\"y\"]", "{}",
    };

    buf_str(out, some[pick(m, COUNT(some))]);
}

static void value(const struct maker *m, unsigned level, struct buf *out)
{
    static const char *const spans[] = { "0.05", "0.1", "0.3", "1", "0.0137" };

    switch (pick(m, 14)) {
    case 0:
    case 1:
    case 2:
        if (level < 4) {
            map(m, level, out);
            return;
        }
        break;
    case 3:
    case 4:
    case 5:
        buf_printf(out, "{\"$inc\":%u}", pick(m, 3));
        return;
    case 6:
        buf_str(out, "{\"$push\":");
        scalar(m, out);
        buf_char(out, '}');
        return;
    case 7:
        if (!m->erasures)
            break;
        buf_str(out, "null");
        return;
    case 8:
        buf_str(out, "{\"$set\":");
        value(m, level, out);
        buf_char(out, '}');
        return;
    case 9:
        if (!m->leases)
            break;
        buf_printf(out, "{\"$ttl\":%s,\"$set\":", spans[pick(m, 5)]);
        scalar(m, out);
        buf_char(out, '}');
        return;
    default:
        break;
    }
    scalar(m, out);
}

/* A value at the end of a path. */
static void body(const struct maker *m, unsigned from, struct buf *out)
{
    unsigned to = from + 1 + pick(m, 4 - from), level;

    for (level = from; level < to; level++) {
        buf_printf(out, "{\"%s\":", some_key(m, level));
        if (m->leases && level && chance(m, 6)) {
            buf_printf(out, "{\"$ttl\":0.%u,\"%s\":", 1 + pick(m, 9),
                       some_key(m, level + 1));
            value(m, level + 2, out);
            buf_char(out, '}');
            to = level + 1;
            break;
        }
        if (level + 1 == to)
            value(m, to, out);
    }
    for (level = from; level < to; level++)
        buf_char(out, '}');
}

static void container(const struct maker *m, struct buf *out)
{
    static const char *const states[] = { "running", "exited", "paused" };

    buf_printf(out, "{\"c%u\":", pick(m, 3));
    if (chance(m, 10))
        buf_str(out, "null");
    else
        buf_printf(out,
                   "{\"state\":\"%s\",\"labels\":{\"role\":\"%s\"},\"n\":%u,"
                   "\"oom_killed\":%s}",
                   states[pick(m, 3)], chance(m, 80) ? "node" : "x", pick(m, 5),
                   chance(m, 50) ? "true" : "false");
    buf_char(out, '}');
}

static void line(const struct maker *m, unsigned source, nsec at,
                 struct buf *out)
{
    if (source == 4)
        rulegen_docker(m->seed, at, out);
    else if (source == 3)
        container(m, out);
    else if (chance(m, 3))
        buf_str(out, "no JSON");
    else if (chance(m, 5))
        buf_str(out, "{\"level\":\"error\",\"msg\":\"no 7\"}");
    else if (chance(m, 20))
        buf_printf(out, "{\"c\":{\"%s\":{\"$inc\":%u}}}", some_key(m, 1),
                   pick(m, 3));
    else if (chance(m, 1))
        buf_str(out, "{\"monitor\":{\"alerts\":1}}");
    else
        body(m, source == 2, out);
}

/* -- streams -------------------------------------------------------------- */

static nsec gap(const struct maker *m)
{
    static const nsec gaps[] = { 0,          0,         1,         MSEC,
                                 3 * MSEC,   10 * MSEC, 20 * MSEC, 50 * MSEC,
                                 100 * MSEC, 250 * MSEC };
    unsigned i = pick(m, 12);

    if (m->heals && chance(m, 12))
        return (nsec)pick(m, 4000) * MSEC;
    return i < COUNT(gaps) ? gaps[i] : (nsec)pick(m, 120000) * 1000;
}

static struct rulegen_event *add(struct rulegen_stream *s)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->event = xrealloc(s->event, s->room * sizeof(*s->event));
    }
    s->event[s->n] = (struct rulegen_event){ 0 };
    return &s->event[s->n++];
}

static void add_line(const struct maker *m, struct rulegen_stream *s, nsec at,
                     uint64_t *seq)
{
    unsigned source = pick(m, 10);
    struct rulegen_event *e = add(s);
    struct buf text;

    source = source < 5 ? 0 : source < 7 ? 1 : source < 9 ? 2 : 3;
    if (m->heals && chance(m, 60))
        source = 4;
    buf_init(&text, BUF_NO_CAP);
    line(m, source, at, &text);
    e->text = xstrdup(buf_cstr(&text));
    buf_release(&text);
    e->event = (struct event){ .kind = EV_LINE,
                               .source = source,
                               .fd = 1,
                               .seq = ++seq[source],
                               .ts = at,
                               .logged_at = at,
                               .line = slice_str(e->text) };
}

static int by_arrival(const void *a, const void *b)
{
    const struct rulegen_event *x = a, *y = b;

    if (x->arrives_at != y->arrives_at)
        return x->arrives_at < y->arrives_at ? -1 : 1;
    if (x->event.ts != y->event.ts)
        return x->event.ts < y->event.ts ? -1 : 1;
    if (x->event.source != y->event.source)
        return x->event.source < y->event.source ? -1 : 1;
    return (x->event.seq > y->event.seq) - (x->event.seq < y->event.seq);
}

void rulegen_stream(uint64_t *seed, size_t n, struct rulegen_stream *ret)
{
    struct maker m = { seed, .leases = random_below(seed, 3) > 0,
                       .erasures = random_below(seed, 4) > 0,
                       .heals = random_below(seed, 3) == 0 };
    uint64_t seq[RULEGEN_SOURCES] = { 0 };
    nsec at = RULEGEN_START;
    struct rulegen_event *e;

    *ret = (struct rulegen_stream){ 0 };
    while (ret->n < n) {
        at += gap(&m);
        if (chance(&m, 4)) {
            e = add(ret);
            e->event = (struct event){ .kind = EV_RETIRE, .ts = at };
            e->event.blade = sources[pick(&m, 3)].blade;
        } else {
            add_line(&m, ret, at, seq);
        }
        e = &ret->event[ret->n - 1];
        e->arrives_at = at;
        if (chance(&m, 40))
            e->arrives_at += (nsec)random_below(seed, RULEGEN_LAG);
    }
    qsort(ret->event, ret->n, sizeof(*ret->event), by_arrival);
    ret->end_at = at + 2 * NSEC_SEC;
}

void rulegen_stream_free(struct rulegen_stream *s)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        free(s->event[i].text);
    free(s->event);
    *s = (struct rulegen_stream){ 0 };
}
