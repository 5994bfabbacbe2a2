/*
 * Random shards: objects and conflicts, null, $set, arrays, $push, $inc,
 * nested leases, equal time stamps, restarts, keys that need escapes.
 */
#include "fold.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND ((int64_t)1000000000)
#define START  (1700000000 * SECOND)

struct maker {
    uint64_t *seed;
    struct fold_options with;
};

static uint64_t below(const struct maker *m, uint64_t n)
{
    return random_below(m->seed, n);
}

static bool chance(const struct maker *m, unsigned percent)
{
    return below(m, 100) < percent;
}

static struct val *number(const struct maker *m)
{
    static const struct {
        const char *text;
        int64_t micro;
    } some[] = {
        { "1", 1000000 },     { "1", 1000000 },     { "2", 2000000 },
        { "-1", -1000000 },   { "0.25", 250000 },   { "10", 10000000 },
        { "1e2", 100000000 }, { "1.50", 1500000 },  { "0.1", 100000 },
        { "-0", 0 },          { "2E+1", 20000000 }, { "0.0000019", 1 },
    };
    size_t i = below(m, sizeof(some) / sizeof(*some));

    return val_number(some[i].text, some[i].micro);
}

static struct val *scalar(const struct maker *m)
{
    static const char *const texts[] = {
        "",
        "s",
        "q\"\\\n",
        "\xc3\xa9",
        "\xf0\x9f\x9a\x80 up",
        "\x01\x1e",
        "sixteen bytes ok",
        "a longer text, on the heap",
    };
    struct val *v;

    switch (below(m, 8)) {
    case 0:
        return val_new(VAL_TRUE, NULL);
    case 1:
        return val_new(VAL_FALSE, NULL);
    case 2:
        v = val_new(VAL_ARRAY, NULL);
        if (chance(m, 70)) {
            val_append(v, number(m));
            val_append(v, val_new(VAL_OBJECT, NULL));
            val_put(v->first->next, "k,]}\"", val_new(VAL_STRING, "v[\\"));
            val_append(v, val_new(VAL_NULL, NULL));
        }
        return v;
    case 3:
    case 4:
        return val_new(VAL_STRING,
                       texts[below(m, sizeof(texts) / sizeof(*texts))]);
    default:
        return number(m);
    }
}

static struct val *body(const struct maker *m, size_t depth);

static struct val *wrap(const char *instruction, struct val *of)
{
    struct val *v = val_new(VAL_OBJECT, NULL);

    val_put(v, instruction, of);
    return v;
}

static struct val *pushed(const struct maker *m)
{
    struct val *v;

    if (chance(m, 50))
        return wrap("$push", scalar(m));
    v = val_new(VAL_ARRAY, NULL);
    val_append(v, scalar(m));
    val_append(v, scalar(m));
    return wrap("$push", v);
}

/* A member's value; the kind names keys apart where conflicts are off. */
static struct val *value(const struct maker *m, size_t depth, char *ret_kind)
{
    uint64_t r = below(m, 100);

    *ret_kind = 'm';
    if (r < 30 && depth < 4)
        return body(m, depth + 1);
    *ret_kind = 'c';
    if (r < 55)
        return wrap("$inc", number(m));
    *ret_kind = 'l';
    if (r < 63 && m->with.push)
        return pushed(m);
    *ret_kind = 'r';
    if (r < 70 && m->with.erase)
        return val_new(VAL_NULL, NULL);
    if (r < 74 && m->with.erase)
        return wrap("$set", chance(m, 60) ? body(m, 4) : scalar(m));
    if (r < 77 && m->with.conflict)
        return val_new(VAL_OBJECT, NULL);
    return scalar(m);
}

static struct val *hold(const struct maker *m, struct val *v)
{
    static const struct {
        const char *text;
        int64_t micro;
    } spans[] = { { "0.5", 500000 },
                  { "1", 1000000 },
                  { "2", 2000000 },
                  { "5", 5000000 },
                  { "12", 12000000 } };
    size_t i = below(m, 5);

    if (v->kind != VAL_OBJECT)
        v = wrap("$set", v);
    val_put(v, "$ttl", val_number(spans[i].text, spans[i].micro));
    return v;
}

static struct val *body(const struct maker *m, size_t depth)
{
    static const char *const keys[] = { "a", "b",   "c",   "\xc3\xa9",
                                        "",  "$$k", "x/~1" };
    struct val *o = val_new(VAL_OBJECT, NULL), *v;
    size_t n = 1 + below(m, 3);
    char key[8], kind;

    while (n--) {
        v = value(m, depth, &kind);
        if (m->with.ttl && chance(m, 25)) {
            v = hold(m, v);
        } else if (m->with.ttl && m->with.conflict && chance(m, 5)) {
            val_free(v);
            v = hold(m, val_new(VAL_OBJECT, NULL));
        }
        if (m->with.conflict)
            snprintf(key, sizeof(key), "%s", keys[below(m, 7)]);
        else
            snprintf(key, sizeof(key), "%c%zu%d", kind, depth,
                     (int)below(m, 3));
        val_put(o, key, v);
    }
    return o;
}

static int64_t step(const struct maker *m)
{
    static const int64_t steps[] = { 0, 0, 1, SECOND / 10, SECOND / 2, SECOND };
    uint64_t i = below(m, 7);

    return i < 6 ? steps[i] : (int64_t)below(m, (uint64_t)(6 * SECOND));
}

void stream_make(struct fold_stream *s, uint64_t *seed, size_t n,
                 struct fold_options with)
{
    struct maker m = { seed, with };
    uint64_t seq[6][2] = { { 0 } };
    int64_t t = START;
    size_t i;

    s->shard = xcalloc(n, sizeof(*s->shard));
    s->n = n;
    for (i = 0; i < n; i++) {
        struct fold_shard *d = &s->shard[i];
        size_t b = below(&m, 6), run = below(&m, 3) == 0;

        snprintf(d->blade, sizeof(d->blade), "b%zu", b);
        snprintf(d->run, sizeof(d->run), "%zu", run);
        d->seq = ++seq[b][run];
        t += step(&m);
        d->ts = t - (chance(&m, 30) ? SECOND / 20 : 0);
        d->nat = below(&m, 4) == 0;
        d->at[0] = chance(&m, 50) ? "m0" : "a";
        d->body = body(&m, 0);
    }
}

void stream_free(struct fold_stream *s)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        val_free(s->shard[i].body);
    free(s->shard);
    *s = (struct fold_stream){ 0 };
}

/* Like val_write, but in the order as made and with needless escapes. */
static void loose(const struct val *v, uint64_t *seed, struct buf *out)
{
    const struct val *c;

    if (v->kind == VAL_STRING && v->text[0] == 's' &&
        random_below(seed, 2) == 0) {
        buf_printf(out, "\"\\u0073%s\"", v->text + 1);
        return;
    }
    if (v->kind < VAL_ARRAY) {
        val_write(v, out);
        return;
    }
    buf_str(out, v->kind == VAL_ARRAY ? "[ " : "{ ");
    for (c = v->first; c; c = c->next) {
        if (v->kind == VAL_OBJECT) {
            struct val key = { .kind = VAL_STRING, .text = c->key };

            val_write(&key, out);
            buf_str(out, " :");
            if (random_below(seed, 20) == 0) { /* the last one wins */
                buf_str(out, "{\"$inc\":7},");
                val_write(&key, out);
                buf_char(out, ':');
            }
        }
        loose(c, seed, out);
        buf_str(out, c->next ? ", " : "");
    }
    buf_char(out, v->kind == VAL_ARRAY ? ']' : '}');
}

void shard_line(const struct fold_shard *s, uint64_t *seed, struct buf *out)
{
    buf_reset(out);
    if (s->retire) {
        buf_printf(out, "{\"retire\":\"%s\",\"ts\":%lld}", s->blade,
                   (long long)s->ts);
        return;
    }
    buf_printf(out,
               "{\"blade\":\"%s\",\"run\":\"%s\",\"seq\":%llu,"
               "\"ts\":%lld,\"at\":[",
               s->blade, s->run, (unsigned long long)s->seq, (long long)s->ts);
    if (s->nat)
        buf_printf(out, "\"%s\"", s->at[0]);
    buf_str(out, "],\"body\":");
    loose(s->body, seed, out);
    buf_char(out, '}');
}

static int64_t total(const struct val *v)
{
    const struct val *c;
    int64_t sum = 0;

    if (v->kind != VAL_OBJECT)
        return 0;
    for (c = v->first; c; c = c->next)
        sum += strcmp(c->key, "$inc") == 0 ? c->micro : total(c);
    return sum;
}

int64_t stream_total(const struct fold_stream *s)
{
    int64_t sum = 0;
    size_t i;

    for (i = 0; i < s->n; i++)
        if (!s->shard[i].retire)
            sum += total(s->shard[i].body);
    return sum;
}
