#include "intake.h"

#include "base/alloc.h"
#include "data/json.h"

#include <assert.h>
#include <stdlib.h>

#define WAITING_MAX ((size_t)64 << 20) /* bytes of shards not yet merged */
#define RETRY_FOR   NSEC_SEC

/* An event on its way to the disk; line, id and why are copies. */
struct waiting {
    struct event ev;
    struct shard *shard; /* of EV_LINE */
    char *text;          /* what ev points into, or NULL */
};

struct committer {
    struct committer_config config;
    struct intake port;
    struct intake_listener *listeners;
    struct loop_turn turn;
    struct loop_timer retry;
    struct waiting *queue; /* a ring */
    size_t head, n, room;
    size_t sealed; /* of the queue's front: in the batch being written */
    struct journal_batch *batch;
    uint64_t ticket; /* of the newest line */
    uint64_t durable_ticket;
    struct err why;
    bool troubled;
    struct committer_stats stats;
};

static void commit(struct committer *c);

/* -- the queue ----------------------------------------------------------- */

static struct waiting *enqueue(struct committer *c)
{
    struct waiting *ring;
    size_t room, i;

    if (c->n == c->room) {
        room = c->room ? c->room * 2 : 256;
        ring = xmalloc(room * sizeof(*ring));
        for (i = 0; i < c->n; i++)
            ring[i] = c->queue[(c->head + i) & (c->room - 1)];
        free(c->queue);
        c->queue = ring;
        c->room = room;
        c->head = 0;
    }
    return &c->queue[(c->head + c->n++) & (c->room - 1)];
}

static struct waiting dequeue(struct committer *c)
{
    struct waiting w = c->queue[c->head];

    c->head = (c->head + 1) & (c->room - 1);
    c->n--;
    return w;
}

/* -- from the edges ------------------------------------------------------- */

static enum status blocked(const struct committer *c, struct err *err)
{
    if (c->troubled) {
        if (err)
            *err = c->why;
        return ST_IO;
    }
    if (core_stats(c->config.core).waiting_bytes > WAITING_MAX * 4 ||
        c->n > WAITING_MAX / 256) {
        err_set(err, "too many lines wait for the disk");
        return ST_AGAIN;
    }
    return ST_OK;
}

static enum status append(struct committer *c, const struct event *ev,
                          struct err *err)
{
    enum status st = journal_append(c->config.journal, ev, err);

    if (st == ST_AGAIN)
        commit(c);
    return st;
}

static enum status declare(struct committer *c, uint32_t id,
                           struct registered *source, struct err *err)
{
    struct event ev = { .kind = EV_SOURCE, .source = id, .decl = source->decl };
    enum status st;

    if (source->journalled)
        return ST_OK;
    st = append(c, &ev, err);
    if (st)
        return st;
    source->journalled = true;
    *enqueue(c) = (struct waiting){ .ev = ev };
    return ST_OK;
}

static bool looks_like_json(struct slice line)
{
    line = json_trim(line);
    return line.n && (*line.p == '{' || *line.p == '[');
}

/* Somebody can be told: say it instead of keeping a wreck. */
static enum status judge(const struct committer *c, const struct line *line,
                         const struct shard *s, const struct err *why,
                         struct err *err)
{
    uint64_t most = core_limits(c->config.core)->shard_bytes;

    if (!line->strict)
        return ST_OK;
    if (line->text.n > most) {
        err_set(err,
                "the line has %zu bytes, more than the %llu of the "
                "limit shard_bytes",
                line->text.n, (unsigned long long)most);
        return ST_LIMIT;
    }
    if (s->json || !why->text[0] || !looks_like_json(line->text))
        return ST_OK;
    if (err)
        *err = *why;
    return ST_BAD;
}

/* $ts wins over the source's stamp; the future is cut to now. */
static void stamp(const struct committer *c, const struct line *line,
                  const struct shard *s, enum mode mode, struct event *ev)
{
    nsec now = c->config.now(c->config.self), said;

    ev->ts = line->ts ? line->ts : now;
    ev->logged_at = ev->ts;
    if (mode == MODE_SHARD && !shard_ts(s, "$ts", &said)) {
        ev->ts = said;
        if (!line->ts)
            ev->logged_at = said;
    }
    if (ev->ts > now)
        ev->ts = now;
}

static void take_text(struct waiting *w)
{
    size_t n = w->ev.id.n;

    if (!n)
        return;
    w->text = xmemdup0(w->ev.id.p, n);
    w->ev.id.p = w->text;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    struct committer *c = self;
    struct registered *source = registry_get(c->config.registry, line->source);
    struct event ev = {
        .kind = EV_LINE, .source = line->source, .fd = line->fd, .id = line->id
    };
    enum status st = blocked(c, err);
    struct waiting *w;
    struct shard *s;
    struct err why;

    assert(source);
    if (!st)
        st = declare(c, line->source, source, err);
    if (st)
        return st;
    if (!core_source(c->config.core, line->source))
        core_step(c->config.core, &(struct event){ .kind = EV_SOURCE,
                                                   .source = line->source,
                                                   .decl = source->decl });
    s = core_shard(c->config.core, line->source, line->text, &why);
    st = judge(c, line, s, &why, err);
    if (st)
        goto refused;
    stamp(c, line, s, source->decl->mode, &ev);
    ev.seq = source->run->next_seq;
    ev.line = s->line;
    ev.json = s->json && !memchr(s->line.p, '\n', s->line.n);
    st = append(c, &ev, err);
    if (st)
        goto refused;
    source->run->next_seq++;
    w = enqueue(c);
    *w = (struct waiting){ .ev = ev, .shard = s };
    take_text(w);
    *ret_ticket = ++c->ticket;
    c->stats.accepted++;
    return ST_OK;
refused:
    c->stats.refused += st != ST_AGAIN;
    core_drop(c->config.core, s);
    return st;
}

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    struct committer *c = self;

    return registry_source(c->config.registry, decl, ret_id, err);
}

static enum status on_gap(void *self, const struct gap *gap,
                          uint64_t *ret_ticket, struct err *err)
{
    struct committer *c = self;
    struct registered *source = registry_get(c->config.registry, gap->source);
    struct waiting w = { .ev = { .kind = EV_GAP,
                                 .source = gap->source,
                                 .from_at = gap->from_at,
                                 .to_at = gap->to_at,
                                 .lines = gap->lines,
                                 .why = gap->why } };
    enum status st = blocked(c, err);

    assert(source);
    if (!st)
        st = declare(c, gap->source, source, err);
    if (!st)
        st = append(c, &w.ev, err);
    if (st)
        return st;
    w.text = xmemdup0(gap->why.p, gap->why.n);
    w.ev.why.p = w.text;
    *enqueue(c) = w;
    *ret_ticket = ++c->ticket;
    return ST_OK;
}

static enum status on_cursor(void *self, struct slice blade, struct slice run,
                             int fd, struct cursor *ret)
{
    struct committer *c = self;

    return registry_cursor(c->config.registry, blade, run, fd, ret);
}

static void on_runs(void *self, struct slice blade,
                    bool (*fn)(void *arg, struct slice run), void *arg)
{
    struct committer *c = self;

    registry_runs(c->config.registry, blade, fn, arg);
}

static void on_listen(void *self, struct intake_listener *listener)
{
    struct committer *c = self;

    listener->next = c->listeners;
    c->listeners = listener;
}

static nsec on_now(void *self)
{
    struct committer *c = self;

    return c->config.now(c->config.self);
}

static void keep_rules(struct waiting *w)
{
    struct slice line = w->ev.line, id = w->ev.id;

    w->text = xmalloc(line.n + id.n + 1);
    memcpy(w->text, line.p, line.n);
    if (id.n)
        memcpy(w->text + line.n, id.p, id.n);
    w->ev.line.p = w->text;
    w->ev.id.p = w->text + line.n;
}

enum status committer_event(struct committer *c, const struct event *ev,
                            struct err *err)
{
    enum status st = append(c, ev, err);
    struct waiting *w;

    if (st)
        return st;
    w = enqueue(c);
    *w = (struct waiting){ .ev = *ev };
    if (ev->kind == EV_RULES)
        keep_rules(w);
    return ST_OK;
}

/* -- to the disk and back -------------------------------------------------- */

static void merge(struct committer *c, struct waiting *w)
{
    struct registered *source;

    switch (w->ev.kind) {
    case EV_LINE:
        registry_durable(c->config.registry, &w->ev);
        core_take(c->config.core, w->shard, &w->ev);
        c->durable_ticket++;
        break;
    case EV_SOURCE:
        source = registry_get(c->config.registry, w->ev.source);
        source->durable = true;
        if (!core_source(c->config.core, w->ev.source))
            core_step(c->config.core, &w->ev);
        break;
    case EV_GAP:
        core_step(c->config.core, &w->ev);
        c->durable_ticket++;
        break;
    default:
        core_step(c->config.core, &w->ev);
    }
    free(w->text);
}

static void set_trouble(struct committer *c, const struct err *why)
{
    if (!why && !c->troubled)
        return;
    c->troubled = why != NULL;
    if (why)
        c->why = *why;
    c->config.trouble(c->config.self, why);
}

static void on_durable(struct committer *c)
{
    struct intake_listener *l;
    struct waiting w;
    bool wrote = c->sealed;

    for (; c->sealed; c->sealed--) {
        w = dequeue(c);
        merge(c, &w);
    }
    c->stats.groups++;
    if (wrote) /* a mere sync says nothing of the room on the disk */
        set_trouble(c, NULL);
    for (l = c->listeners; l; l = l->next)
        l->durable(l->self, c->durable_ticket);
    c->config.merged(c->config.self);
}

/* Nothing that is not on disk was ever here. */
static void give_back(struct committer *c, const struct err *why)
{
    uint64_t first = c->durable_ticket + 1;
    struct intake_listener *l;
    struct waiting w;

    journal_discard(c->config.journal);
    while (c->n) {
        w = dequeue(c);
        if (w.shard)
            core_drop(c->config.core, w.shard);
        free(w.text);
        c->stats.discarded += w.ev.kind == EV_LINE;
    }
    c->sealed = 0;
    registry_rewind(c->config.registry);
    set_trouble(c, why);
    c->ticket = c->durable_ticket;
    for (l = c->listeners; l; l = l->next)
        l->discarded(l->self, first, why);
}

/* A tick is as good as any event to find out whether the disk is back. */
static void on_retry(void *arg)
{
    struct committer *c = arg;
    struct event ev = { .kind = EV_TICK,
                        .ts = core_stats(c->config.core).watermark };

    if (c->troubled && !c->batch && c->n == 0 && committer_event(c, &ev, NULL))
        loop_timer_start(c->config.loop, &c->retry, RETRY_FOR, 0, on_retry, c);
}

static void work(void *arg)
{
    struct committer *c = arg;

    journal_write(c->batch);
}

static void done(void *arg)
{
    struct committer *c = arg;
    struct err why;
    enum status st = journal_done(c->config.journal, c->batch, &why);

    c->batch = NULL;
    if (st) {
        give_back(c, &why);
        loop_timer_start(c->config.loop, &c->retry, RETRY_FOR, 0, on_retry, c);
        return;
    }
    on_durable(c);
    commit(c);
}

static void commit(struct committer *c)
{
    if (c->batch ||
        journal_seal(c->config.journal, loop_wall(c->config.loop), &c->batch))
        return;
    c->sealed = c->n;
    loop_work(c->config.loop, work, done, c);
}

static void on_turn(void *arg)
{
    commit(arg);
}

/* -- life ------------------------------------------------------------------ */

struct committer *committer_new(const struct committer_config *config)
{
    struct committer *c = xcalloc(1, sizeof(*c));

    c->config = *config;
    c->port = (struct intake){
        .self = c,
        .source = on_source,
        .line = on_line,
        .gap = on_gap,
        .cursor = on_cursor,
        .runs = on_runs,
        .listen = on_listen,
        .now = on_now,
    };
    loop_turn_start(config->loop, &c->turn, on_turn, c);
    return c;
}

void committer_free(struct committer *c)
{
    struct waiting w;

    if (!c)
        return;
    assert(!c->batch);
    loop_turn_stop(&c->turn);
    loop_timer_stop(&c->retry);
    while (c->n) {
        w = dequeue(c);
        if (w.shard)
            core_drop(c->config.core, w.shard);
        free(w.text);
    }
    free(c->queue);
    free(c);
}

const struct intake *committer_intake(struct committer *c)
{
    return &c->port;
}

bool committer_busy(const struct committer *c)
{
    return c->batch || c->n;
}

const struct err *committer_trouble(const struct committer *c)
{
    return c->troubled ? &c->why : NULL;
}

struct committer_stats committer_stats(const struct committer *c)
{
    struct committer_stats s = c->stats;

    s.waiting = c->n;
    return s;
}
