/*
 * What the state will be: a second core is given what stands and what waits.
 * For a start, when nothing may be merged yet and yet it must be known what
 * was recorded.
 */
#include "inside.h"

#include "data/json.h"

/* Sources of the second core: one for what stands, then those of the first. */
enum { STANDS, WAITS };

struct ahead {
    const struct core *from;
    struct core *to;
    uint32_t blade;
};

static void declare(struct core *core, uint32_t id, const struct source *decl)
{
    core_step(core,
              &(struct event){ .kind = EV_SOURCE, .source = id, .decl = decl });
}

/* As plain JSON: a counter goes on from its sum. */
static void give_standing(struct ahead *a, struct slice key)
{
    const struct source decl = { .mode = MODE_JSON, .trusted = true };
    const struct path path = { .key = { key }, .n = 1 };
    struct event limits = { .kind = EV_LIMITS, .limits = a->from->limits };
    struct event ev = { .kind = EV_LINE, .source = STANDS, .seq = 1 };
    struct buf line;

    buf_init(&line, BUF_NO_CAP);
    buf_char(&line, '{');
    json_string(key, &line);
    buf_char(&line, ':');
    if (view_text(a->from, &path, &line))
        buf_char(&line, '}');
    else
        buf_reset(&line);
    if (limits.limits.shard_bytes < line.n)
        limits.limits.shard_bytes = line.n;
    core_step(a->to, &limits);
    declare(a->to, STANDS, &decl);
    ev.line = buf_view(&line);
    if (line.n)
        core_step(a->to, &ev);
    buf_release(&line);
}

static void give_waiting(struct ahead *a, const struct shard *s)
{
    const struct core_source *src;
    struct event ev = { .kind = EV_LINE,
                        .seq = s->seq,
                        .fd = s->fd,
                        .ts = s->tag.ts,
                        .logged_at = s->logged_at,
                        .line = s->line };

    if (s->retire)
        return;
    src = a->from->source[s->source];
    if (src->blade != a->blade)
        return;
    ev.source = s->source + WAITS;
    if (!core_source(a->to, ev.source))
        declare(a->to, ev.source, src->decl);
    core_step(a->to, &ev);
}

bool view_ahead(const struct core *core, struct slice key, struct slice blade,
                struct buf *out)
{
    const struct path path = { .key = { key }, .n = 1 };
    const struct order *o = &core->order;
    struct ahead a = { .from = core, .to = core_new(core->state.seed) };
    struct shard *s;
    bool any;

    a.blade = names_blade(core->names, blade);
    give_standing(&a, key);
    for (size_t i = 0; (s = order_ahead(o, i)); i++)
        give_waiting(&a, s);
    for (size_t i = 0; i < o->nheap; i++)
        give_waiting(&a, o->heap[i]);
    core_flush(a.to);
    any = view_text(a.to, &path, out);
    core_free(a.to);
    return any;
}
