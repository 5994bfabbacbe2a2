#include "probe/inside.h"

#include "base/alloc.h"
#include "core/source.h"
#include "data/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ERASE_MAX (8 * NAME_MAX_BYTES)
/* Answers that come together are on disk together. */
#define GATHER_FOR (10 * NSEC_MSEC)
#define RETRY_FOR  NSEC_SEC

static void instant(struct buf *b, const char *key, nsec at)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

/* What stands in both places. */
static void state_members(const struct target *t, struct buf *b)
{
    const struct record *r = &t->record;
    nsec lease = 3 * t->spec.interval + probe_spec_timeout(&t->spec);

    buf_printf(b, "{\"$ttl\":%" PRId64 ".%03" PRId64, lease / NSEC_SEC,
               lease % NSEC_SEC / NSEC_MSEC);
    buf_printf(b, ",\"fails\":%" PRIu32 ",\"down\":%s", r->fails,
               r->down ? "true" : "false");
    instant(b, "since", r->since);
    if (!r->answered) {
        buf_str(b, ",\"ok\":null,\"at\":null,\"error\":null");
        return;
    }
    buf_printf(b, ",\"ok\":%s", r->ok ? "true" : "false");
    instant(b, "at", r->at);
    buf_str(b, ",\"error\":");
    if (r->ok)
        buf_str(b, "null");
    else
        json_string(slice_str(r->error), b);
}

static void place_member(const struct target *t, struct buf *b)
{
    struct buf place;

    buf_init(&place, PLACE_MAX);
    question_place(t, &place);
    buf_printf(b, ",\"kind\":\"%s\",\"target\":", probe_spec_kind(&t->spec));
    json_string(buf_view(&place), b);
    buf_release(&place);
}

static void answer_members(const struct target *t, struct buf *b)
{
    const struct record *r = &t->record;

    place_member(t, b);
    if (r->answered)
        buf_printf(b, ",\"latency\":%" PRId64 ".%06" PRId64,
                   r->latency / NSEC_SEC, r->latency % NSEC_SEC / NSEC_USEC);
    else
        buf_str(b, ",\"latency\":null");
    if (t->spec.kind != PROBE_HTTP)
        return;
    if (r->code)
        buf_printf(b, ",\"code\":%d", r->code);
    else
        buf_str(b, ",\"code\":null");
    if (r->body)
        buf_printf(b, ",\"body\":{\"$set\":%s}", r->body);
    else if (t->spec.json)
        buf_str(b, ",\"body\":null");
    if (t->spec.json)
        buf_printf(b, ",\"bodyCut\":%s", r->cut ? "true" : "null");
}

static void shard_of(const struct target *t, struct buf *b)
{
    buf_reset(b);
    buf_str(b, "{\"probes\":{");
    json_string(slice_str(t->name), b);
    buf_char(b, ':');
    state_members(t, b);
    answer_members(t, b);
    buf_str(b, "}}");
    if (t->container) {
        buf_str(b, ",\"docker\":{\"containers\":{");
        json_string(slice_str(t->name), b);
        buf_str(b, ":{\"probe\":");
        state_members(t, b);
        buf_str(b, "}}}}");
    }
    buf_char(b, '}');
}

static enum status declare(struct probes *p)
{
    const struct source source = {
        .blade = slice_str("probes"),
        .run = slice_str(p->run),
        .mode = MODE_SHARD,
        .trusted = true,
    };
    enum status st = ST_OK;

    if (!p->declared)
        st = p->intake->source(p->intake->self, &source, &p->source, NULL);
    p->declared = st == ST_OK;
    return st;
}

/* Who erases a container in this very turn has the last word. */
static enum status put(struct probes *p, const struct buf *shard)
{
    struct line line = { .ts = probes_now(p) - 1,
                         .text = buf_view(shard),
                         .strict = true };
    uint64_t ticket;
    enum status st = declare(p);

    if (st)
        return st;
    line.source = p->source;
    return p->intake->line(p->intake->self, &line, &ticket, NULL);
}

/* What can never be taken is left out, and said. */
static enum status shrink(struct target *t)
{
    if (!t->record.body) {
        probes_complain(t->p, t->name, "has answers that cannot be recorded");
        return ST_OK;
    }
    probes_complain(t->p, t->name,
                    "answers with JSON beyond the limit of a shard, which is "
                    "not recorded");
    free(t->record.body);
    t->record.body = NULL;
    t->record.cut = true;
    shard_of(t, &t->p->out);
    return put(t->p, &t->p->out);
}

static enum status write_record(struct target *t)
{
    enum status st;

    shard_of(t, &t->p->out);
    st = put(t->p, &t->p->out);
    if (st == ST_BAD || st == ST_LIMIT)
        st = shrink(t);
    return st;
}

static void flush_after(struct probes *p, nsec span);

/* What cannot be taken now is written later, as it stands then. */
static void flush(struct probes *p)
{
    enum status st = ST_OK;
    size_t i;

    for (i = 0; i < p->ndirty; i++) {
        struct target *t = p->target[p->dirty[i]];

        if (!t || !t->dirty)
            continue;
        st = write_record(t);
        if (st)
            break;
        t->dirty = false;
    }
    p->ndirty -= i;
    if (i)
        memmove(p->dirty, p->dirty + i, p->ndirty * sizeof(*p->dirty));
    p->held = st == ST_AGAIN;
    if (st)
        flush_after(p, RETRY_FOR);
}

static void on_writer(void *arg)
{
    struct probes *p = arg;

    p->writer_set = false;
    flush(p);
}

static void flush_after(struct probes *p, nsec span)
{
    p->writer_set = true;
    loop_timer_start(p->loop, &p->writer, span, 0, on_writer, p);
}

void record_dirty(struct target *t)
{
    struct probes *p = t->p;

    if (t->dirty)
        return;
    t->dirty = true;
    if (p->ndirty == p->dirty_room) {
        p->dirty_room = p->dirty_room ? p->dirty_room * 2 : 64;
        p->dirty = xrealloc(p->dirty, p->dirty_room * sizeof(*p->dirty));
    }
    p->dirty[p->ndirty++] = t->id;
    if (!p->writer_set)
        flush_after(p, GATHER_FOR);
}

void record_durable(struct probes *p)
{
    if (p->held)
        flush(p);
}

void record_discarded(struct probes *p)
{
    struct target *t;

    for (t = p->targets; t; t = t->hh.next) {
        if (*t->host)
            record_dirty(t);
    }
    flush_after(p, RETRY_FOR);
}

/* If this is lost, the lease ends what is recorded. */
void record_erase(struct probes *p, const char *name)
{
    struct buf b;

    buf_init(&b, ERASE_MAX);
    buf_str(&b, "{\"probes\":{");
    json_string(slice_str(name), &b);
    buf_str(&b, ":null}}");
    (void)!put(p, &b);
    buf_release(&b);
}
