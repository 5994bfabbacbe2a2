/*
 * One expression of one instance: its variables bound, its outcome noted.
 */
#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void eval_begin(struct instance *i)
{
    i->wake_at = i->due_at = NSEC_MAX;
    i->touchy = false;
}

bool is_no_data(struct cel_value v)
{
    return v.kind == CEL_ERROR && v.error && v.error->code == CEL_NO_SUCH_KEY;
}

static void bind(const struct engine *e, const struct instance *i,
                 struct cel_value *value, struct cel_place *place)
{
    const struct rule_foreach *f = &i->live->rule->foreach;
    size_t k;

    place[RULE_SLOT_STATE] = e->host.root(e->host.self);
    for (k = 0; k < f->nstars; k++)
        value[RULE_SLOT_STAR + k] = cel_string(instance_key(e, i, k));
    if (f->nstars)
        place[RULE_SLOT_STAR + f->nstars] = instance_place(e, i);
}

void rule_said(struct engine *e, struct live *l, struct slice text)
{
    free(l->last_error);
    l->last_error = xmemdup0(text.p, text.n);
    l->last_error_at = e->now;
    l->errors++;
    e->stats.errors++;
}

void rule_failed(struct engine *e, struct instance *i, const char *format, ...)
{
    struct live *l = i->live;
    struct buf text;
    char said[ERR_TEXT_MAX];
    uint32_t failure;
    va_list args;

    if (i->broken)
        return;
    i->broken = true;
    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
    buf_init(&text, 2 * ERR_TEXT_MAX);
    if (l->rule->foreach.nstars) {
        instance_text(e, i, &text);
        buf_str(&text, ": ");
    }
    buf_str(&text, said);
    failure = hash_key(0, buf_view(&text));
    if (!i->failing || i->failure != failure)
        rule_said(e, l, buf_view(&text));
    i->failure = failure;
    buf_release(&text);
}

static void told(struct engine *e, struct instance *i,
                 const struct cel_program *p, struct cel_value v)
{
    struct slice text = cel_program_text(p);
    uint32_t from = v.error->from, to = v.error->to;

    if (to > from && to <= text.n && to - from < text.n && to - from <= 60)
        rule_failed(e, i, "%.*s, at '%.*s'", SLICE_ARG(v.error->text),
                    (int)(to - from), text.p + from);
    else
        rule_failed(e, i, "%.*s", SLICE_ARG(v.error->text));
}

struct cel_value eval_value(struct engine *e, struct instance *i,
                            const struct cel_program *p)
{
    struct cel_value value[RULE_SLOTS_MAX];
    struct cel_place place[RULE_SLOTS_MAX];
    struct cel_activation with = { value, place };
    struct cel_outcome out;

    bind(e, i, value, place);
    e->proving = i;
    cel_eval(e->vm, p, &with, e->now, &out);
    e->proving = NULL;
    if (out.wake_at < i->wake_at)
        i->wake_at = out.wake_at;
    i->touchy |= out.touchy;
    if (out.value.kind == CEL_ERROR && !is_no_data(out.value))
        told(e, i, p, out.value);
    return out.value;
}

enum verdict eval_bool(struct engine *e, struct instance *i,
                       const struct cel_program *p)
{
    struct cel_value v = eval_value(e, i, p);

    if (v.kind == CEL_BOOL)
        return v.b ? VERDICT_TRUE : VERDICT_FALSE;
    if (is_no_data(v))
        return VERDICT_NO_DATA;
    if (v.kind != CEL_ERROR)
        rule_failed(e, i, "'%.*s' is a %s and has to be a bool",
                    SLICE_ARG(cel_program_text(p)),
                    cel_kind_name((enum cel_kind)v.kind));
    return VERDICT_ERROR;
}

static void add_value(struct engine *e, struct cel_value v, struct buf *out)
{
    struct cel_context *cx = cel_vm_context(e->vm);
    struct buf json;

    if (v.kind == CEL_STRING) {
        buf_slice(out, cel_text(v));
        return;
    }
    buf_init(&json, CEL_STRING_MAX);
    cel_to_json(cx, v, &json);
    /* A timestamp or a duration is a string to JSON, but not to people. */
    if (json.n >= 2 && *json.p == '"' && v.kind != CEL_BYTES)
        buf_slice(out, slice_of(json.p + 1, json.n - 2));
    else
        buf_slice(out, buf_view(&json));
    buf_release(&json);
}

void eval_template(struct engine *e, struct instance *i,
                   const struct rule_template *t, struct buf *out)
{
    struct cel_value v;
    size_t k;

    for (k = 0; k < t->n; k++) {
        buf_slice(out, t->piece[k].text);
        if (!t->piece[k].program)
            continue;
        v = eval_value(e, i, t->piece[k].program);
        if (v.kind != CEL_ERROR)
            add_value(e, v, out);
        else if (is_no_data(v))
            /* Which of its keys is missing is not waited for. */
            buf_printf(
                out, "<no data: %.*s>",
                SLICE_ARG(json_trim(cel_program_text(t->piece[k].program))));
        else
            buf_printf(out, "<error: %.*s>", SLICE_ARG(v.error->text));
    }
}
