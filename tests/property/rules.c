/*
 * rules [SEEDS [FIRST]] - random rules on random events: how they are
 * evaluated shows nowhere.
 *
 * For each seed a rule file of all kinds of rules and a stream of lines of
 * several blades are made.  What comes out - every transition with its
 * instant, every notice, decision and order, the report, all that is derived -
 * has to be the same to the byte
 *
 *   - when everything is evaluated at every boundary, without listening,
 *   - with ticks of any length, where no line is late,
 *   - with the rules loaded anew in the middle, and beside others, revive rules
 *     in other words,
 *   - when the events are read back from a recording of them.
 *
 * A sanitized build proves besides that every read was waited for
 * (engine/prove.h).  A failure prints its seed; with it as FIRST and any third
 * argument the events (a recording to replay) and both outcomes are printed.
 */
#include "base/alloc.h"
#include "data/json.h"
#include "engine/notice.h"
#include "engine/order.h"
#include "journal/format.h"
#include "support/machine.h"
#include "support/rulegen.h"
#include "support/val.h"

#include <stdio.h>
#include <stdlib.h>

/* The same events for everybody who plays it. */
struct script {
    struct event *event;
    size_t n, room;
};

struct trial {
    uint64_t seed; /* runs on */
    uint64_t named;
    bool loud;
    struct buf rules, line; /* the file, and as an event has it */
    struct buf more;        /* the same with another group in front */
    struct rulegen_stream stream;
    struct buf want, got;
};

/* -- what comes out -------------------------------------------------------- */

static void on_transition(void *self, const struct transition *t)
{
    struct buf *out = self;

    transition_json(t, out);
    buf_char(out, '\n');
}

static void put_pairs(struct buf *out, const struct notice_pair *pair, size_t n)
{
    size_t k;

    for (k = 0; k < n; k++)
        buf_printf(out, " %.*s=\"%.*s\"", SLICE_ARG(pair[k].name),
                   SLICE_ARG(pair[k].value));
    buf_str(out, " |");
}

static void on_notice(void *self, const struct notice *n)
{
    struct buf *out = self;

    buf_printf(out, "notice %llu %.*s %d %lld %lld %lld |",
               (unsigned long long)n->ordinal, SLICE_ARG(n->id), n->firing,
               (long long)n->at, (long long)n->starts_at,
               (long long)n->ends_at);
    put_pairs(out, n->label, n->nlabels);
    put_pairs(out, n->annotation, n->nannotations);
    buf_char(out, '\n');
}

static void on_decision(void *self, const struct decision *d)
{
    buf_printf(
        self, "decision %llu %lld %.*s %.*s %.*s %d %u/%u %lld %lld %d\n",
        (unsigned long long)d->ordinal, (long long)d->at, SLICE_ARG(d->name),
        SLICE_ARG(d->container), SLICE_ARG(d->order), (int)d->what.verb,
        d->what.attempt, d->what.attempts, (long long)d->what.next_at,
        (long long)d->what.down_for, d->what.warning);
}

static void on_order(void *self, const struct order *o)
{
    buf_printf(self, "order %.*s %.*s %d %lld %.*s %d %lld %lld %.*s\n",
               SLICE_ARG(o->id), SLICE_ARG(o->name), (int)o->what.act,
               (long long)o->what.at, SLICE_ARG(o->what.container),
               (int)o->what.status, (long long)o->what.started_at,
               (long long)o->what.finished_at, SLICE_ARG(o->what.reason));
}

static void finish(struct core *core, struct buf *out)
{
    struct engine *e = core_engine(core);
    nsec at = core_stats(core).watermark;
    struct buf derived;

    engine_report(e, at, out);
    buf_char(out, '\n');
    engine_report_text(e, at, out);
    engine_api_alerts(e, out);
    buf_char(out, '\n');
    engine_orders(e, out, on_order);
    buf_init(&derived, BUF_NO_CAP);
    machine_at(core, "monitor", &derived);
    buf_slice(out, buf_view(&derived));
    buf_release(&derived);
}

static struct core *begin(struct trial *t, struct buf *out)
{
    struct engine_sink sink = { .self = out,
                                .transition = on_transition,
                                .notice = on_notice,
                                .decision = on_decision };
    struct core *core = core_new(random_next(&t->seed));

    buf_reset(out);
    core_sink(core, &sink);
    return core;
}

static void play(struct core *core, const struct script *s)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        core_step(core, &s->event[i]);
}

/* Plays it and takes down what comes of it. */
static void outcome(struct trial *t, const struct script *s, struct buf *out)
{
    struct core *core = begin(t, out);

    play(core, s);
    finish(core, out);
    core_free(core);
}

/* -- scripts --------------------------------------------------------------- */

static void put(struct script *s, struct event ev)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 256;
        s->event = xrealloc(s->event, s->room * sizeof(*s->event));
    }
    s->event[s->n++] = ev;
}

static void put_tick(struct script *s, nsec at)
{
    put(s, (struct event){ .kind = EV_TICK, .ts = at });
}

static struct event load(const struct buf *line)
{
    return (struct event){ .kind = EV_RULES, .line = buf_view(line) };
}

static void put_start(struct trial *t, struct script *s)
{
    uint32_t i;

    *s = (struct script){ 0 };
    for (i = 0; i < RULEGEN_SOURCES; i++)
        put(s, (struct event){
                   .kind = EV_SOURCE, .source = i, .decl = rulegen_source(i) });
    put(s, load(&t->line));
    put_tick(s, RULEGEN_START - NSEC_SEC);
}

/* A tick every step, as far behind as the lines may be late; 0: none. */
static void sliced(struct trial *t, nsec step, struct script *s)
{
    nsec next = RULEGEN_START - NSEC_SEC;
    size_t i;

    put_start(t, s);
    for (i = 0; i < t->stream.n; i++) {
        const struct rulegen_event *e = &t->stream.event[i];

        for (; step && next <= e->arrives_at - RULEGEN_LAG; next += step)
            put_tick(s, next);
        put(s, e->event);
    }
    put_tick(s, t->stream.end_at);
}

/* Ticks now and then, some of them too early: lines are late. */
static void rough(struct trial *t, struct script *s)
{
    static const nsec lags[] = { 0, 20 * NSEC_MSEC, RULEGEN_LAG };
    size_t i;

    put_start(t, s);
    for (i = 0; i < t->stream.n; i++) {
        const struct rulegen_event *e = &t->stream.event[i];

        if (random_below(&t->seed, 3) == 0)
            put_tick(s, e->arrives_at - lags[random_below(&t->seed, 3)]);
        put(s, e->event);
        if (random_below(&t->seed, 15) == 0)
            put(s, e->event); /* a duplicate */
    }
    put_tick(s, t->stream.end_at);
}

/* -- the properties -------------------------------------------------------- */

/* As a recording has it, rules and all. */
static void show(const struct script *s)
{
    const struct header header = { .version = RECORDING_VERSION };
    struct buf text;
    size_t i;

    buf_init(&text, BUF_NO_CAP);
    header_encode(&text, &header);
    for (i = 0; i < s->n; i++)
        if (event_encode(&text, &s->event[i], NULL))
            abort();
    printf("%s", buf_cstr(&text));
    buf_release(&text);
}

static void show_near(const char *name, const struct buf *b, size_t at)
{
    size_t from = at < 200 ? 0 : at - 200, n = b->n - from;

    printf(" %s ...%.*s...\n", name, (int)(n < 500 ? n : 500), b->p + from);
}

static void same(struct trial *t, const char *property)
{
    size_t i = 0;

    if (slice_eq(buf_view(&t->want), buf_view(&t->got)))
        return;
    printf("seed %llu: %s\n", (unsigned long long)t->named, property);
    while (i < t->want.n && i < t->got.n && t->want.p[i] == t->got.p[i])
        i++;
    show_near("want", &t->want, i);
    show_near("got ", &t->got, i);
    if (t->loud)
        printf("-- want\n%s\n-- got\n%s\n", buf_cstr(&t->want),
               buf_cstr(&t->got));
    exit(1);
}

static void listening_misses_nothing(struct trial *t, const struct script *s)
{
    struct core *core = begin(t, &t->got);

    engine_exhaustive(core_engine(core), true);
    play(core, s);
    finish(core, &t->got);
    core_free(core);
    same(t, "listening misses nothing");
}

static void a_recording_holds_it_all(struct trial *t, const struct script *s)
{
    struct core *core = begin(t, &t->got);
    struct decoded decoded = { 0 };
    struct buf text;
    struct event ev;
    struct err err;
    size_t i;

    buf_init(&text, BUF_NO_CAP);
    for (i = 0; i < s->n; i++) {
        buf_reset(&text);
        if (event_encode(&text, &s->event[i], &err) ||
            event_decode(slice_of(text.p, text.n - 1), i % 2, &decoded, &ev,
                         &err)) {
            printf("seed %llu: no recording: %s\n",
                   (unsigned long long)t->named, err.text);
            exit(1);
        }
        core_step(core, &ev);
    }
    finish(core, &t->got);
    core_free(core);
    decoded_release(&decoded);
    buf_release(&text);
    same(t, "a recording holds it all");
}

static void loading_again_changes_nothing(struct trial *t,
                                          const struct script *s)
{
    struct core *core = begin(t, &t->got);
    const struct event plain = load(&t->line), more = load(&t->more);
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (s->event[i].kind == EV_LINE && random_below(&t->seed, 12) == 0)
            core_step(core, random_below(&t->seed, 2) ? &more : &plain);
        if (i + 1 == s->n)
            core_step(core, &plain);
        core_step(core, &s->event[i]);
    }
    finish(core, &t->got);
    core_free(core);
    same(t, "loading again changes nothing");
}

static void ticks_show_nowhere(struct trial *t)
{
    static const nsec steps[] = { 0, NSEC_MSEC, 100 * NSEC_MSEC, 33333333 };
    struct script other;
    size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        sliced(t, steps[i], &other);
        outcome(t, &other, &t->got);
        same(t, "ticks show nowhere");
        free(other.event);
    }
}

/* -- all of it ------------------------------------------------------------- */

static void as_event(const struct buf *rules, struct buf *line)
{
    buf_reset(line);
    buf_str(line, "[{\"name\":\"r.json\",\"text\":");
    json_string(buf_view(rules), line);
    buf_str(line, "}]");
}

/* The same in other words: revive rules are known by their names. */
static void reworded(struct slice rules, struct buf *out)
{
    static const char policy[] = "\"policy\":{";
    const char *at;
    size_t n;

    while ((at = memmem(rules.p, rules.n, policy, strlen(policy)))) {
        n = (size_t)(at - rules.p) + strlen(policy);
        buf_slice(out, slice_of(rules.p, n));
        buf_str(out, "\"dry_run\":false,");
        rules = slice_of(rules.p + n, rules.n - n);
    }
    buf_slice(out, rules);
}

static void make(struct trial *t)
{
    static const char other[] =
        "{\"groups\":[{\"name\":\"aa\",\"rules\":["
        "{\"alert\":\"aa\",\"foreach\":\"k in state.a\",\"expr\":\"false\"}]},";
    struct event rules;
    struct buf both;

    buf_reset(&t->rules);
    rulegen_rules(&t->seed, 3 + random_below(&t->seed, 10), &t->rules);
    as_event(&t->rules, &t->line);
    buf_init(&both, BUF_NO_CAP);
    buf_str(&both, other);
    reworded(slice_of(t->rules.p + 11, t->rules.n - 11), &both);
    as_event(&both, &t->more);
    buf_release(&both);
    rulegen_stream(&t->seed, 10 + random_below(&t->seed, 70), &t->stream);
    rules = load(&t->line);
    rulegen_heal(&t->seed, &rules, &t->stream);
}

static void try(struct trial *t)
{
    bool late = random_below(&t->seed, 2);
    struct script s;

    make(t);
    if (late)
        rough(t, &s);
    else
        sliced(t, 10 * NSEC_MSEC, &s);
    if (t->loud)
        show(&s);
    outcome(t, &s, &t->want);
    a_recording_holds_it_all(t, &s);
    loading_again_changes_nothing(t, &s);
    listening_misses_nothing(t, &s);
    if (!late)
        ticks_show_nowhere(t);
    free(s.event);
    rulegen_stream_free(&t->stream);
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 200;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, i;
    struct trial t = { .loud = argc > 3 };

    buf_init(&t.rules, BUF_NO_CAP);
    buf_init(&t.line, BUF_NO_CAP);
    buf_init(&t.more, BUF_NO_CAP);
    buf_init(&t.want, BUF_NO_CAP);
    buf_init(&t.got, BUF_NO_CAP);
    for (i = first; i < first + n; i++) {
        t.named = i;
        t.seed = (i + 1) * 0x9e3779b97f4a7c15u;
        try(&t);
    }
    buf_release(&t.rules);
    buf_release(&t.line);
    buf_release(&t.more);
    buf_release(&t.want);
    buf_release(&t.got);
    printf("%llu seeds from %llu: all hold\n", (unsigned long long)n,
           (unsigned long long)first);
    return 0;
}
