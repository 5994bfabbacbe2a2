#include "docker/stuck.h"

#include "docker/lines.h"

#include <string.h>

#define SILENT_FOR    (12 * NSEC_SEC) /* read again within fifteen */
#define ROTATED_EVERY (2 * NSEC_SEC)
#define LOSSY_EVERY   NSEC_SEC
#define STUCK_AFTER   (700 * NSEC_MSEC)
#define AUDIT_FIRST   (2 * NSEC_SEC)
#define AUDIT_EVERY   (10 * NSEC_SEC)
#define AUDIT_BACK    (15 * NSEC_SEC)
#define AUDIT_TAIL    8000
#define ANSWER_FOR    (20 * NSEC_SEC)
#define PROBES_MAX    4 /* at a time, of all containers */

static bool lossy_local(const struct container *c)
{
    return strcmp(c->info.driver, "local") == 0 && c->d->major_engine &&
           c->d->major_engine < 23;
}

static bool audited(const struct container *c)
{
    return c->info.rotated &&
           (strcmp(c->info.driver, "json-file") == 0 || lossy_local(c));
}

static nsec probe_every(const struct container *c)
{
    if (lossy_local(c))
        return LOSSY_EVERY;
    return c->info.rotated ? ROTATED_EVERY : SILENT_FOR;
}

void stuck_plan(struct container *c)
{
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);

    f->stuck_at = 0;
    f->probe_at = now + probe_every(c);
    f->audit_at = audited(c) ? now + AUDIT_FIRST : 0;
}

void stuck_cancel(struct container *c)
{
    struct follow *f = &c->follow;

    if (!f->side)
        return;
    http_cancel(f->side);
    f->side = NULL;
    frame_release(&f->side_frame);
    c->d->nprobing--;
}

static void note(void *self, const struct frame_line *line)
{
    struct container *c = self;
    nsec *ts = &c->follow.side_ts[line->fd];

    if (line->ts > *ts)
        *ts = line->ts;
}

static void ignore(void *self, struct slice text)
{
    (void)self;
    (void)text;
}

static void ignore_line(void *self, const struct frame_line *line)
{
    (void)self;
    (void)line;
}

/* The stream has not brought what the probe read; it may be past it. */
static bool missed(const struct container *c)
{
    const struct follow *f = &c->follow;
    nsec open_at = f->framed ? frame_open_at(&f->frame) : 0;

    for (int fd = 1; fd < 3; fd++) {
        nsec ts = f->side_ts[fd];

        if (ts && ts > f->past.seen[fd].last && ts != open_at &&
            ts > f->side_from && !seen_has(&f->now.seen[fd], ts))
            return true;
    }
    return false;
}

static void on_side_body(void *self, struct slice piece)
{
    struct container *c = self;

    /* Nothing hangs on it: the stream itself tells of such a fault. */
    if (frame_feed(&c->follow.side_frame, piece, NULL))
        c->d->counters.daemon_errors++;
}

static void on_side_end(void *self, const struct http_end *end)
{
    struct container *c = self;
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);

    f->side = NULL;
    c->d->nprobing--;
    if (!f->side_audit && end->status == ST_OK && end->head.code == 200) {
        frame_end(&f->side_frame);
        f->side_from = lines_last(c);
        f->stuck_at = missed(c) ? now + STUCK_AFTER : 0;
    }
    frame_release(&f->side_frame);
    if (f->broken) /* by what an audit offered */
        follow_discarded(c);
}

static void ask(struct container *c, bool audit)
{
    struct follow *f = &c->follow;
    struct http_ask get = { .self = c,
                            .on_body = on_side_body,
                            .on_end = on_side_end,
                            .total_for = ANSWER_FOR };
    struct frame_sink sink = {
        .self = c, .line = note, .too_long = note, .engine_error = ignore
    };
    char path[256];

    if (audit) {
        sink.line = lines_take_audited;
        sink.too_long = ignore_line;
    }
    follow_path(c, false, audit ? loop_wall(c->d->loop) - AUDIT_BACK : 0,
                audit ? AUDIT_TAIL : 1, path, sizeof(path));
    f->side_audit = audit;
    f->side_anchored = false;
    f->side_ts[1] = f->side_ts[2] = 0;
    if (engine_get(c->d, path, &get, &f->side))
        return;
    frame_init(&f->side_frame, f->frame.tty, c->d->config.line_max, &sink);
    c->d->nprobing++;
    c->d->counters.probes++;
}

static void reopen(struct container *c)
{
    struct follow *f = &c->follow;

    f->stuck_at = 0;
    f->resume_from = f->side_from;
    c->d->counters.stuck++;
    /* What was rotated away meanwhile is compressed, and skipped. */
    if (lossy_local(c))
        lines_lost(c, f->side_from,
                   "the engine's local log driver stuck at a rotation");
    http_cancel(f->stream);
    f->stream = NULL;
    f->end_event = FOLLOW_CLEAN; /* not a cut */
    follow_on(c, FOLLOW_CUT);
}

void stuck_tick(struct container *c)
{
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);
    bool silent = now - f->bytes_at > SILENT_FOR;

    if (f->state != FOLLOW_LIVE || f->paused || f->held || !f->stream)
        return;
    if (f->stuck_at && now >= f->stuck_at) {
        if (missed(c))
            reopen(c);
        else
            f->stuck_at = 0;
        return;
    }
    if (f->side || f->stuck_at || c->d->nprobing >= PROBES_MAX ||
        c->d->state != ENGINE_UP)
        return;
    if (f->audit_at && now >= f->audit_at) {
        f->audit_at = now + AUDIT_EVERY;
        ask(c, true);
    } else if (now >= f->probe_at &&
               (silent || c->info.rotated || f->error[0])) {
        f->probe_at = now + probe_every(c);
        ask(c, false);
    }
}
