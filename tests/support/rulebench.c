#include "rulebench.h"

#include "base/alloc.h"
#include "engine/inside.h"
#include "support/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct rulebench {
    struct core *core;
    int64_t seq;
    struct buf timeline, notices, view, report;
};

struct core *rulebench_core(struct rulebench *rb)
{
    return rb->core;
}

static void put_instant(struct buf *out, nsec at)
{
    buf_printf(out, "%" PRId64 ".%03" PRId64, at / NSEC_SEC,
               at % NSEC_SEC / NSEC_MSEC);
}

static void put_word(struct buf *out, struct slice word)
{
    if (word.n)
        buf_printf(out, " %.*s", SLICE_ARG(word));
}

static void on_transition(void *self, const struct transition *t)
{
    struct rulebench *rb = self;
    struct buf *out = &rb->timeline;

    put_instant(out, t->at);
    buf_printf(out, " %s", rule_kind_name(t->kind));
    put_word(out, t->rule);
    put_word(out, t->instance);
    put_word(out, t->from);
    buf_str(out, " ->");
    put_word(out, t->to);
    if (t->detail.n)
        buf_printf(out, " | %.*s", SLICE_ARG(t->detail));
    buf_char(out, '\n');
}

static void put_pairs(struct buf *out, const struct notice_pair *pair, size_t n)
{
    size_t k;

    buf_str(out, " {");
    for (k = 0; k < n; k++)
        buf_printf(out, "%s%.*s=%.*s", k ? "," : "", SLICE_ARG(pair[k].name),
                   SLICE_ARG(pair[k].value));
    buf_char(out, '}');
}

static void on_notice(void *self, const struct notice *n)
{
    struct rulebench *rb = self;
    struct buf *out = &rb->notices;

    put_instant(out, n->at);
    buf_str(out, n->firing ? " firing" : " resolved");
    put_pairs(out, n->label, n->nlabels);
    put_pairs(out, n->annotation, n->nannotations);
    buf_char(out, '\n');
}

void rulebench_reload(struct rulebench *rb, const char *yaml)
{
    const struct rule_file file = { slice_str("rules.yaml"), slice_str(yaml) };
    struct diagnostics diags = { 0 };
    struct buf said;

    if (core_rules(rb->core, &file, 1, &diags)) {
        buf_init(&said, BUF_NO_CAP);
        diagnostics_write(&diags, false, &said);
        fprintf(stderr, "%s", buf_cstr(&said));
        abort();
    }
    diagnostics_release(&diags);
}

struct rulebench *rulebench_new(const char *yaml)
{
    struct rulebench *rb = xcalloc(1, sizeof(*rb));
    struct engine_sink sink = { .self = rb,
                                .transition = on_transition,
                                .notice = on_notice };

    rb->core = core_new(7);
    core_sink(rb->core, &sink);
    buf_init(&rb->timeline, BUF_NO_CAP);
    buf_init(&rb->notices, BUF_NO_CAP);
    buf_init(&rb->view, BUF_NO_CAP);
    buf_init(&rb->report, BUF_NO_CAP);
    rulebench_reload(rb, yaml);
    return rb;
}

void rulebench_free(struct rulebench *rb)
{
    core_free(rb->core);
    buf_release(&rb->timeline);
    buf_release(&rb->notices);
    buf_release(&rb->view);
    buf_release(&rb->report);
    free(rb);
}

void rulebench_exhaustive(struct rulebench *rb)
{
    engine_exhaustive(core_engine(rb->core), true);
}

void rulebench_line(struct rulebench *rb, int64_t ts_ms, const char *json)
{
    struct buf line;

    buf_init(&line, BUF_NO_CAP);
    buf_printf(&line,
               "{\"blade\":\"b\",\"seq\":%" PRId64 ",\"ts\":%" PRId64
               ",\"body\":%s}",
               ++rb->seq, ts_ms * NSEC_MSEC, json);
    machine_feed(rb->core, buf_view(&line));
    buf_release(&line);
}

void rulebench_advance(struct rulebench *rb, int64_t ts_ms)
{
    machine_tick(rb->core, ts_ms * NSEC_MSEC);
}

static void play_line(struct rulebench *rb, const char *line)
{
    char *rest;
    int64_t ts_ms = strtoll(line, &rest, 10);

    if (rest == line)
        abort();
    rest += strspn(rest, " ");
    if (*rest)
        rulebench_line(rb, ts_ms, rest);
    else
        rulebench_advance(rb, ts_ms);
}

void rulebench_play(struct rulebench *rb, const char *script)
{
    char *copy = xstrdup(script), *line, *rest = copy;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            play_line(rb, line);
    free(copy);
}

const char *rulebench_timeline(struct rulebench *rb)
{
    return buf_cstr(&rb->timeline);
}

const char *rulebench_notices(struct rulebench *rb)
{
    return buf_cstr(&rb->notices);
}

const char *rulebench_at(struct rulebench *rb, const char *path)
{
    machine_at(rb->core, path, &rb->view);
    return buf_cstr(&rb->view);
}

const char *rulebench_report(struct rulebench *rb)
{
    struct engine *e = core_engine(rb->core);

    buf_reset(&rb->report);
    engine_report(e, e->now, &rb->report);
    return buf_cstr(&rb->report);
}

const char *rulebench_report_text(struct rulebench *rb)
{
    struct engine *e = core_engine(rb->core);

    buf_reset(&rb->report);
    engine_report_text(e, e->now, &rb->report);
    return buf_cstr(&rb->report);
}

static struct live *find_rule(struct rulebench *rb, const char *rule)
{
    struct engine *e = core_engine(rb->core);
    size_t k;

    for (k = 0; k < e->nlive; k++)
        if (slice_is(e->live[k]->rule->name, rule))
            return e->live[k];
    abort();
}

const char *rulebench_rule_report(struct rulebench *rb, const char *rule)
{
    struct live *l = find_rule(rb, rule);

    buf_reset(&rb->report);
    buf_char(&rb->report, '{');
    live_kind(l)->report(core_engine(rb->core), l, &rb->report);
    buf_char(&rb->report, '}');
    return buf_cstr(&rb->report);
}

const char *rulebench_rule_text(struct rulebench *rb, const char *rule)
{
    struct live *l = find_rule(rb, rule);

    buf_reset(&rb->report);
    live_kind(l)->report_text(core_engine(rb->core), l, &rb->report);
    return buf_cstr(&rb->report);
}

static void play_case(const struct rulecase *c, bool exhaustive)
{
    struct rulebench *rb = rulebench_new(c->rules);

    if (exhaustive)
        rulebench_exhaustive(rb);
    rulebench_play(rb, c->script);
    if (strcmp(rulebench_timeline(rb), c->timeline) != 0) {
        fprintf(stderr, "%s (%s):\n%s--- and not:\n%s", c->name,
                exhaustive ? "exhaustive" : "listening", rulebench_timeline(rb),
                c->timeline);
        abort();
    }
    rulebench_free(rb);
}

void rulecase_check(const struct rulecase *c)
{
    play_case(c, false);
    play_case(c, true);
}
