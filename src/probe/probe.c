#include "probe/inside.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT           (100 * NSEC_MSEC)
#define QUICK          NSEC_SEC /* between questions of a start period */
#define GOLDEN         2654435769u /* 2^32 by the golden ratio: spreads any number */
#define COMPLAIN_EVERY (60 * NSEC_SEC)
#define STRING_MAX     ((size_t)8 << 10)
#define RECORD_MAX     (4 * PROBE_JSON_MAX)

void probes_say(struct probes *p, enum probe_log level, const char *format, ...)
{
    char text[ERR_TEXT_MAX + NAME_MAX_BYTES];
    va_list ap;

    if (!p->config.log)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    p->config.log(p->config.log_self, level, text);
}

void probes_complain(struct probes *p, const char *name, const char *why)
{
    nsec now = loop_now(p->loop);

    if (p->complained_at && now - p->complained_at < COMPLAIN_EVERY)
        return;
    p->complained_at = now;
    probes_say(p, PROBE_WARN, "%s %s", name, why);
}

nsec probes_now(const struct probes *p)
{
    return p->intake->now ? p->intake->now(p->intake->self)
                          : loop_wall(p->loop);
}

/* -- when ----------------------------------------------------------------- */

/* Questions that are asked together are answered together, or late. */
static nsec slot_of(nsec at)
{
    nsec over = at % SLOT;

    return over ? at + SLOT - over : at;
}

/* The target's share of a span. */
static nsec share_of(const struct target *t, nsec span)
{
    return (nsec)(((unsigned __int128)span * t->share) >> 32);
}

/* The first of the target's own instants that is later than at. */
static nsec turn_after(const struct target *t, nsec at)
{
    nsec every = t->spec.interval;
    nsec over = (at - share_of(t, every)) % every;

    return at - over + (over < 0 ? 0 : every);
}

static bool in_grace(const struct target *t)
{
    return loop_now(t->p->loop) < t->grace_until;
}

static void on_timer(void *arg);

static void set_timer(struct probes *p)
{
    const struct heap_entry *first = heap_top(&p->due);
    nsec now = loop_now(p->loop);

    if (p->stopped || !first || first->at >= p->timer_at)
        return;
    p->timer_at = first->at;
    loop_timer_start(p->loop, &p->timer, first->at > now ? first->at - now : 0,
                     0, on_timer, p);
}

/* What there was to be done before is not. */
static void schedule(struct target *t, nsec at)
{
    t->gen = ++t->p->gens;
    heap_push(&t->p->due, at, t->id, t->gen);
    set_timer(t->p);
}

/* Questions that were missed, by a machine that slept, are not made up for. */
static void schedule_next(struct target *t)
{
    nsec now = loop_now(t->p->loop), last = t->due_at;
    nsec late = now - t->spec.interval, next;

    next = turn_after(t, last > late ? last : late);
    if (in_grace(t) && last + QUICK < next)
        next = last + QUICK > now ? last + QUICK : now;
    t->due_at = next;
    schedule(t, slot_of(next));
}

static void ask(struct target *t)
{
    loop_update(t->p->loop); /* for the latency */
    t->asking = true;
    schedule(t, loop_now(t->p->loop) + probe_spec_timeout(&t->spec));
    question_ask(t);
}

static void on_timer(void *arg)
{
    struct probes *p = arg;
    nsec now = loop_now(p->loop);
    const struct heap_entry *first;

    p->timer_at = NSEC_MAX;
    while ((first = heap_top(&p->due)) && first->at <= now) {
        struct target *t = p->target[first->id];
        bool stale = !t || t->gen != first->gen;

        heap_pop(&p->due);
        if (stale)
            continue;
        if (t->asking)
            question_late(t);
        else
            ask(t);
    }
    set_timer(p);
}

/* -- what an answer means ------------------------------------------------- */

static void end_question(struct target *t, int code)
{
    struct record *r = &t->record;

    question_end(t);
    t->asking = false;
    free(r->body);
    r->body = NULL;
    r->cut = false;
    r->answered = true;
    r->code = code;
    r->at = probes_now(t->p);
    r->latency = loop_now(t->p->loop) - t->question.asked_at;
}

void target_good(struct target *t, int code, const struct body *body)
{
    struct record *r = &t->record;

    end_question(t, code);
    if (body && body->json.n) {
        r->body = xmemdup0(body->json.p, body->json.n);
        r->cut = body->cut;
    }
    if (r->down) {
        probes_say(t->p, PROBE_INFO, "%s answers again, after %.1f s", t->name,
                   (double)(r->at - r->since) / (double)NSEC_SEC);
        r->since = r->at;
    }
    r->ok = true;
    r->down = false;
    r->fails = 0;
    t->found_at = loop_now(t->p->loop);
    t->doubt = NULL;
    t->grace_until = 0;
    record_dirty(t);
    schedule_next(t);
}

static void count_failure(struct target *t)
{
    struct record *r = &t->record;

    if (r->fails < UINT32_MAX)
        r->fails++;
    if (r->down || r->fails < t->spec.failures)
        return;
    r->down = true;
    r->since = r->at;
    probes_say(t->p, PROBE_WARN, "%s is down, after %u bad answers: %s",
               t->name, r->fails, r->error);
}

/* The sentence may hold what the target sent. */
static void blank(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

/* It may answer where it is by now. */
static void say_doubt(struct target *t)
{
    struct record *r = &t->record;
    size_t n = strlen(r->error);

    if (t->question.doubt)
        snprintf(r->error + n, sizeof(r->error) - n,
                 ", at its last address: its name cannot be looked up (%s)",
                 t->question.doubt);
}

void target_bad(struct target *t, int code, const char *format, ...)
{
    struct record *r = &t->record;
    va_list ap;

    end_question(t, code);
    va_start(ap, format);
    vsnprintf(r->error, sizeof(r->error), format, ap);
    va_end(ap);
    say_doubt(t);
    blank(r->error);
    r->ok = false;
    t->failures++;
    if (t->counts && !in_grace(t))
        count_failure(t);
    question_doubt(t);
    record_dirty(t);
    schedule_next(t);
}

void target_skip(struct target *t, const char *why)
{
    char text[SENTENCE_MAX];

    snprintf(text, sizeof(text), "cannot be asked: %s", why);
    probes_complain(t->p, t->name, text);
    question_end(t);
    t->asking = false;
    schedule_next(t);
}

/* -- targets -------------------------------------------------------------- */

static uint32_t free_id(struct probes *p)
{
    uint32_t id = 0;

    while (id < p->room && p->target[id])
        id++;
    if (id == p->room) {
        p->room = p->room ? p->room * 2 : 64;
        p->target = xrealloc(p->target, p->room * sizeof(*p->target));
        memset(p->target + id, 0, (p->room - id) * sizeof(*p->target));
    }
    return id;
}

static struct target *target_new(struct probes *p, struct slice name)
{
    struct target *t = xcalloc(1, sizeof(*t));

    t->p = p;
    memcpy(t->name, name.p, name.n);
    t->question.fd = -1;
    t->share = (uint32_t)p->config.seed + p->made++ * GOLDEN;
    t->id = free_id(p);
    p->target[t->id] = t;
    HASH_ADD(hh, p->targets, name, name.n, t);
    return t;
}

/* Whatever is under way is of no interest any more. */
static void rest(struct target *t)
{
    question_end(t);
    lookup_cancel(t->lookup);
    t->lookup = NULL;
    t->found.n = 0;
    t->doubt = NULL;
    t->asking = false;
    t->dirty = false;
    t->gen = 0;
    t->host[0] = '\0';
}

static void target_free(struct target *t)
{
    struct probes *p = t->p;

    rest(t);
    HASH_DEL(p->targets, t);
    p->target[t->id] = NULL;
    free(t->record.body);
    free(t);
}

/* Of the wall clock: one that is set meanwhile changes nothing. */
static nsec grace_of(const struct target *t)
{
    nsec whole = t->spec.start_period;
    nsec left = nsec_sub(nsec_add(t->started_at, whole), loop_wall(t->p->loop));

    if (!t->started_at || left <= 0)
        return 0;
    return loop_now(t->p->loop) + (left < whole ? left : whole);
}

static void begin(struct target *t, struct slice host)
{
    nsec now = loop_now(t->p->loop);

    rest(t);
    memcpy(t->host, host.p, host.n);
    t->host[host.n] = '\0';
    t->figures = lookup_figures(t->host, &t->found);
    t->fixed = t->figures || lookup_localhost(t->host, &t->found);
    free(t->record.body);
    t->record = (struct record){ .since = probes_now(t->p) };
    record_dirty(t);
    t->grace_until = grace_of(t);
    t->due_at = turn_after(t, now);
    if (t->grace_until && t->due_at > now + QUICK)
        t->due_at = now + share_of(t, QUICK);
    schedule(t, slot_of(t->due_at));
}

/* '$' begins an instruction. */
static bool name_is_good(struct slice name)
{
    return name.n && name.n <= NAME_MAX_BYTES && *name.p != '$' &&
           !memchr(name.p, '\0', name.n);
}

enum status probes_set(struct probes *p, const struct probe_target *target)
{
    struct slice name = target->name, host = target->host;
    struct target *t;
    bool same;

    if (!name_is_good(name) || (host.n && !host_is_good(host)))
        return ST_BAD;
    HASH_FIND(hh, p->targets, name.p, name.n, t);
    if (!t && HASH_COUNT(p->targets) >= PROBE_TARGETS_MAX)
        return ST_LIMIT;
    if (!t)
        t = target_new(p, name);
    same = slice_is(host, t->host) && t->started_at == target->started_at &&
           probe_spec_same(&t->spec, &target->spec);
    t->container = target->container;
    t->counts = target->counts;
    t->started_at = target->started_at;
    t->spec = target->spec;
    if (!host.n)
        rest(t);
    else if (!same)
        begin(t, host);
    return ST_OK;
}

void probes_drop(struct probes *p, struct slice name)
{
    struct target *t;

    HASH_FIND(hh, p->targets, name.p, name.n, t);
    if (!t)
        return;
    record_erase(p, t->name);
    target_free(t);
}

/* -- life ----------------------------------------------------------------- */

static void on_durable(void *self, uint64_t ticket)
{
    struct probes *p = self;

    (void)ticket;
    if (!p->stopped)
        record_durable(p);
}

static void on_discarded(void *self, uint64_t ticket, const struct err *why)
{
    struct probes *p = self;

    (void)ticket;
    (void)why;
    if (!p->stopped)
        record_discarded(p);
}

enum status probes_start(struct loop *loop, const struct probe_config *config,
                         const struct intake *intake, struct probes **ret,
                         struct err *err)
{
    struct probes *p = xcalloc(1, sizeof(*p));
    enum status st;

    p->loop = loop;
    p->config = *config;
    if (!p->config.string_max)
        p->config.string_max = STRING_MAX;
    p->intake = intake;
    p->timer_at = NSEC_MAX;
    p->parser = tape_parser_new(config->seed);
    buf_init(&p->out, RECORD_MAX);
    instant_format(loop_wall(loop), p->run);
    st = http_new(loop, &p->http, err);
    if (!st)
        st = lookups_new(loop, &p->lookups, err);
    if (st) {
        probes_free(p);
        return st;
    }
    p->listener = (struct intake_listener){ .self = p,
                                            .durable = on_durable,
                                            .discarded = on_discarded };
    intake->listen(intake->self, &p->listener);
    *ret = p;
    return ST_OK;
}

void probes_stop(struct probes *p)
{
    if (!p || p->stopped)
        return;
    p->stopped = true;
    loop_timer_stop(&p->timer);
    loop_timer_stop(&p->writer);
    while (p->targets)
        target_free(p->targets);
    http_free(p->http);
    lookups_free(p->lookups);
}

void probes_free(struct probes *p)
{
    if (!p)
        return;
    probes_stop(p);
    tape_parser_free(p->parser);
    heap_release(&p->due);
    buf_release(&p->out);
    free(p->dirty);
    free(p->target);
    free(p);
}

/* -- metrics -------------------------------------------------------------- */

static double success(const struct target *t)
{
    return t->record.ok;
}

static double down(const struct target *t)
{
    return t->record.down;
}

static double duration(const struct target *t)
{
    return (double)t->record.latency / (double)NSEC_SEC;
}

static double status_code(const struct target *t)
{
    return t->record.code;
}

static double failures(const struct target *t)
{
    return (double)t->failures;
}

static const struct family {
    const char *name, *type, *help;
    double (*value)(const struct target *t);
} families[] = {
    { "bladewatch_probe_success", "gauge", "1 if the last answer was good.",
      success },
    { "bladewatch_probe_down", "gauge",
      "1 after as many bad answers in a row as it takes.", down },
    { "bladewatch_probe_duration_seconds", "gauge",
      "How long the last answer took.", duration },
    { "bladewatch_probe_http_status_code", "gauge",
      "Of the last answer; 0 if there was none, or not by HTTP.", status_code },
    { "bladewatch_probe_failures_total", "counter", "Bad answers.", failures },
};

void probes_metrics(const struct probes *p, struct metrics *m)
{
    const struct target *t;

    metrics_family(m, "bladewatch_probe_targets", "gauge",
                   "Targets that are asked, or will be.");
    metrics_u64(m, HASH_COUNT(p->targets));
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
        const struct family *f = &families[i];

        metrics_family(m, f->name, f->type, f->help);
        for (t = p->targets; t; t = t->hh.next) {
            struct slice pairs[] = { slice_str("target"), slice_str(t->name) };

            if (t->record.answered)
                metrics_label_double(m, pairs, 1, f->value(t));
        }
    }
}
