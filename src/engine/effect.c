/*
 * What the engine tells: transitions, and the last of them for the report.
 */
#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>

void json_comma(struct buf *out)
{
    char last = out->n ? out->p[out->n - 1] : '{';

    if (last != '{' && last != '[')
        buf_char(out, ',');
}

void json_name(struct buf *out, const char *name)
{
    json_comma(out);
    json_string(slice_str(name), out);
    buf_char(out, ':');
}

void json_member(struct buf *out, const char *name, struct slice value)
{
    json_name(out, name);
    json_string(value, out);
}

void json_member_u64(struct buf *out, const char *name, uint64_t value)
{
    json_name(out, name);
    buf_u64(out, value);
}

void json_member_instant(struct buf *out, const char *name, nsec at)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    json_member(out, name, slice_str(text));
}

void json_member_raw(struct buf *out, const char *name, struct slice json)
{
    json_name(out, name);
    buf_slice(out, json);
}

void json_span(nsec span_for, struct buf *out)
{
    amount_write(span_for / (NSEC_SEC / AMOUNT_UNIT), out);
}

void json_member_span(struct buf *out, const char *name, nsec span_for)
{
    json_name(out, name);
    json_span(span_for, out);
}

void spans_add(struct spans *s, nsec span_for)
{
    s->n++;
    s->seconds = amount_add(s->seconds, span_for / (NSEC_SEC / AMOUNT_UNIT));
    if (s->n == 1 || span_for > s->longest)
        s->longest = span_for;
}

void spans_json(const struct spans *s, struct buf *out)
{
    buf_char(out, '{');
    json_member_span(out, "max", s->longest);
    json_name(out, "mean");
    amount_write(s->n ? s->seconds / (amount)s->n : 0, out);
    json_member_u64(out, "n", s->n);
    buf_char(out, '}');
}

void transition_json(const struct transition *t, struct buf *out)
{
    buf_char(out, '{');
    json_member_instant(out, "at", t->at);
    if (t->detail.n)
        json_member(out, "detail", t->detail);
    if (t->from.n)
        json_member(out, "from", t->from);
    json_member(out, "group", t->group);
    if (t->instance.n)
        json_member(out, "instance", t->instance);
    json_member(out, "kind", slice_str(rule_kind_name(t->kind)));
    json_member_u64(out, "ordinal", t->ordinal);
    json_member(out, "rule", t->rule);
    json_member(out, "to", t->to);
    buf_char(out, '}');
}

void transition_text(const struct transition *t, struct buf *out)
{
    char at[INSTANT_TEXT];

    instant_format(t->at, at);
    buf_printf(out, "%.23sZ  %-7s %.*s", at, rule_kind_name(t->kind),
               SLICE_ARG(t->rule));
    if (t->instance.n) {
        buf_str(out, "  ");
        pretty_text(t->instance, out);
    }
    buf_str(out, "  ");
    if (t->from.n) {
        pretty_text(t->from, out);
        buf_str(out, " -> ");
    }
    pretty_text(t->to, out);
    if (t->detail.n) {
        buf_str(out, "  ");
        pretty_text(t->detail, out);
    }
}

static void remember(struct engine *e, const struct transition *t)
{
    char **line = &e->timeline.line[e->timeline.n++ % TIMELINE_MAX];
    struct buf json;

    buf_init(&json, BUF_NO_CAP);
    transition_json(t, &json);
    free(*line);
    *line = xmemdup0(json.p, json.n);
    buf_release(&json);
}

void tell(struct engine *e, const struct live *l, const struct instance *i,
          const char *from, const char *to, struct slice detail)
{
    struct transition t = {
        .ordinal = ++e->ordinal,
        .at = engine_clock(e),
        .kind = l->rule->kind,
        .group = l->rule->group,
        .rule = l->rule->name,
        .from = slice_str(from),
        .to = slice_str(to),
        .detail = detail,
    };
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    if (i)
        instance_text(e, i, &text);
    t.instance = buf_view(&text);
    remember(e, &t);
    if (e->sink.transition)
        e->sink.transition(e->sink.self, &t);
    buf_release(&text);
}

void timeline_release(struct engine *e)
{
    size_t i;

    for (i = 0; i < TIMELINE_MAX; i++)
        free(e->timeline.line[i]);
}

/* [oldest, ..., newest] */
void timeline_json(const struct engine *e, struct buf *out)
{
    uint64_t n = e->timeline.n, i = n > TIMELINE_MAX ? n - TIMELINE_MAX : 0;

    buf_char(out, '[');
    for (; i < n; i++) {
        json_comma(out);
        buf_str(out, e->timeline.line[i % TIMELINE_MAX]);
    }
    buf_char(out, ']');
}
