#include "docker/lines.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING         512
#define RING_AUDITED 8192
/* Streams are interleaved in a log nearly in order: 1.5 ms was measured. */
#define DISORDER    (2 * NSEC_SEC)
#define TAIL_BASE   2000
#define TAIL_MAX    200000
#define LAST_RESORT 2 /* the escalation that reads without a tail */
#define HISTORY     ".history"
#define TOO_LONG    "too long"
/* A life's first lines are stamped before the event of its start. */
#define BEFORE_START (10 * NSEC_SEC)

static void release_lane(struct lane *lane)
{
    free(lane->run);
    for (int fd = 0; fd < 3; fd++)
        seen_release(&lane->seen[fd]);
    *lane = (struct lane){ 0 };
}

static nsec lane_last(const struct lane *lane)
{
    nsec a = lane->seen[1].last, b = lane->seen[2].last;

    return a > b ? a : b;
}

nsec lines_last(const struct container *c)
{
    nsec last = lane_last(&c->follow.now);

    return last ? last : lane_last(&c->follow.past);
}

static bool load_lane(struct container *c, struct lane *lane)
{
    const struct intake *in = c->d->intake;
    struct cursor cursor;
    bool known = false;

    for (int fd = 1; fd < 3; fd++) {
        seen_release(&lane->seen[fd]);
        if (!lane->run)
            continue;
        cursor = (struct cursor){ 0 };
        if (in->cursor(in->self, slice_str(c->info.name), slice_str(lane->run),
                       fd, &cursor) == ST_OK) {
            seen_load(&lane->seen[fd], &cursor);
            known = true;
        }
    }
    return known;
}

struct run_search {
    const struct container *c;
    const char *not_this;
    char *found;
};

static bool on_run(void *arg, struct slice run)
{
    struct run_search *s = arg;
    size_t n = strlen(s->c->id);

    if (run.n <= n || memcmp(run.p, s->c->id, n) != 0 || run.p[n] != '.' ||
        slice_is(run, s->not_this))
        return true;
    free(s->found);
    s->found = xmemdup0(run.p, run.n);
    return true;
}

static char *join_run(const struct container *c, const char *tail)
{
    size_t n = strlen(c->id) + strlen(tail) + 1;
    char *run = xmalloc(n);

    snprintf(run, n, "%s%s", c->id, tail);
    return run;
}

/* The newest life of this container that the journal knows. */
static void find_past(struct container *c)
{
    struct follow *f = &c->follow;
    const struct intake *in = c->d->intake;
    struct run_search search = { .c = c, .not_this = f->now.run };

    in->runs(in->self, slice_str(c->info.name), on_run, &search);
    release_lane(&f->past);
    f->past.run = search.found ? search.found : join_run(c, HISTORY);
    load_lane(c, &f->past);
}

/*
 * The first lines of a life are stamped a little before StartedAt, the last
 * of the life before a little after its FinishedAt: between them is the
 * middle.  finished_at is of the life before only while this one runs.
 */
static nsec find_boundary(nsec started_at, nsec finished_at)
{
    if (finished_at && finished_at < started_at)
        return finished_at + (started_at - finished_at) / 2;
    return started_at - NSEC_SEC / 10;
}

void lines_begin_life(struct container *c, const char *started_text,
                      nsec started_at, nsec finished_at)
{
    struct follow *f = &c->follow;
    char tail[64];
    bool first = f->now.run == NULL;

    snprintf(tail, sizeof(tail), ".%s", started_text);
    if (!first) {
        release_lane(&f->past);
        f->past = f->now;
        f->now = (struct lane){ 0 };
    }
    f->now.run = join_run(c, tail);
    f->life_at = started_at;
    f->boundary =
        first && f->from_start ? 0 : find_boundary(started_at, finished_at);
    f->escalation = 0;
    if (!load_lane(c, &f->now) && first)
        find_past(c);
    for (int fd = 1; fd < 3; fd++) {
        seen_resume(&f->now.seen[fd], f->since);
        seen_resume(&f->past.seen[fd], f->since);
    }
}

static nsec earlier(nsec a, nsec b)
{
    return a && (!b || a < b) ? a : b;
}

/* Where a reading begins that comes to the newest line, and to an open one. */
static nsec since_of(const struct container *c, nsec last)
{
    const struct follow *f = &c->follow;
    const struct lane *lane = lane_last(&f->now) ? &f->now : &f->past;
    nsec low = earlier(lane->seen[1].last, lane->seen[2].last);
    nsec open_at = f->framed ? frame_open_at(&f->frame) : f->dropped_at;
    nsec since = last - DISORDER > low ? last - DISORDER : low;

    return open_at && open_at < since ? open_at : since;
}

static void plan_resume(struct container *c, nsec last)
{
    struct follow *f = &c->follow;
    nsec away = loop_wall(c->d->loop) - last;
    int64_t tail;

    f->since = since_of(c, last);
    tail = TAIL_BASE * (1 + (away > 0 ? away / NSEC_SEC : 0));
    if (tail > TAIL_MAX)
        tail = TAIL_MAX;
    f->tail = f->escalation >= LAST_RESORT ? -1 : tail << (3 * f->escalation);
    f->need_anchor = true;
}

static void plan_first(struct container *c)
{
    struct follow *f = &c->follow;
    const struct docker_config *config = &c->d->config;

    f->need_anchor = false;
    f->since = 0;
    f->tail = -1;
    if (f->from_start)
        return;
    if (f->start_event_at)
        f->since = f->start_event_at - BEFORE_START;
    else if (config->history == DOCKER_TAIL)
        f->tail = (int64_t)config->history_lines;
    else if (config->history == DOCKER_NOTHING)
        f->tail = 0;
}

static void resume_seen(struct follow *f)
{
    for (int fd = 1; fd < 3; fd++) {
        seen_resume(&f->now.seen[fd], f->since);
        seen_resume(&f->past.seen[fd], f->since);
    }
}

void lines_plan_read(struct container *c)
{
    struct follow *f = &c->follow;
    nsec last = lines_last(c);

    if (f->resume_from && f->resume_from < last)
        last = f->resume_from;
    f->resume_from = 0;
    if (last)
        plan_resume(c, last);
    else
        plan_first(c);
    resume_seen(f);
}

nsec lines_since(const struct container *c)
{
    nsec last = lines_last(c);

    return last ? since_of(c, last) : c->follow.since;
}

void lines_plan_from(struct container *c, nsec since)
{
    struct follow *f = &c->follow;

    f->since = since;
    f->tail = -1;
    f->need_anchor = lines_last(c) != 0;
    resume_seen(f);
}

static enum status declare(struct container *c, struct lane *lane)
{
    struct docker *d = c->d;
    struct slice name = slice_str(c->info.name);
    struct source source = {
        .blade = name,
        .run = slice_str(lane->run),
        .mode = c->choice.mode,
        .at = choice_mount(&c->choice, name),
        .ttl_for = c->choice.ttl_for,
        .scope = c->choice.scope,
        .nscope = c->choice.nscope,
    };
    struct err err = { 0 };
    enum status st;

    if (lane->declared)
        return ST_OK;
    st = d->intake->source(d->intake->self, &source, &lane->source, &err);
    if (st == ST_OK)
        lane->declared = true;
    else
        copy_text(slice_str(err.text), c->follow.error,
                  sizeof(c->follow.error));
    return st;
}

/*
 * A log holds its lives one after the other: behind the first line of this
 * one all are of it, whatever the clock says.
 */
static struct lane *lane_of(struct follow *f, nsec ts)
{
    if (!ts || ts >= f->boundary || lane_last(&f->now))
        return &f->now;
    return f->past.run ? &f->past : &f->now;
}

/* One that was judged is the oldest there is. */
static void push_front(struct follow *f, struct held *h)
{
    h->next = f->held;
    if (!f->held)
        f->held_end = &h->next;
    f->held = h;
}

static void push_back(struct follow *f, struct held *h)
{
    *f->held_end = h;
    f->held_end = &h->next;
}

static struct held *pop(struct follow *f)
{
    struct held *h = f->held;

    f->held = h->next;
    if (!f->held)
        f->held_end = &f->held;
    return h;
}

static void hold(struct container *c, const struct frame_line *line,
                 bool judged, const char *lost)
{
    struct follow *f = &c->follow;
    struct held *h = xmalloc(sizeof(*h) + line->text.n);

    *h = (struct held){ .line = *line, .judged = judged, .lost = lost };
    if (line->text.n)
        memcpy(h->text, line->text.p, line->text.n);
    h->line.text = slice_of(h->text, line->text.n);
    if (judged)
        push_front(f, h);
    else
        push_back(f, h);
    if (f->stream && !f->paused) {
        f->paused = f->lagged = true;
        http_pause(f->stream);
    }
}

/* Stop this stream; the rest of the piece in hand is dropped. */
static void break_off(struct container *c, enum follow_event event)
{
    c->follow.broken = true;
    c->follow.broken_event = event;
}

static enum status put_gap(struct container *c, struct lane *lane,
                           const struct gap *gap)
{
    const struct intake *in = c->d->intake;
    struct gap g = *gap;
    uint64_t ticket;
    enum status st = declare(c, lane);

    if (st)
        return st;
    g.source = lane->source;
    st = in->gap(in->self, &g, &ticket, NULL);
    if (st)
        return st;
    c->follow.ticket = ticket;
    c->follow.gaps++;
    c->d->counters.gaps++;
    return ST_OK;
}

static enum status put_line(struct container *c, struct lane *lane,
                            const struct frame_line *l, struct err *err)
{
    const struct intake *in = c->d->intake;
    struct line line = { .ts = l->ts, .fd = l->fd, .text = l->text };
    uint64_t ticket;
    enum status st = declare(c, lane);

    if (st)
        return st;
    line.source = lane->source;
    st = in->line(in->self, &line, &ticket, err);
    if (st == ST_OK)
        c->follow.ticket = ticket;
    return st;
}

/* Before a new line: the loss that lies in front of it. */
static enum status put_pending_gap(struct container *c, struct lane *lane,
                                   nsec to)
{
    struct follow *f = &c->follow;
    struct gap gap = { .from_at = f->gap_from,
                       .to_at = to,
                       .why = slice_str(f->gap_why) };
    enum status st;

    if (!f->gap_why)
        return ST_OK;
    st = put_gap(c, lane, &gap);
    if (st == ST_OK)
        f->gap_why = NULL;
    return st;
}

/* A line that can never be taken is a loss of one; no fd: of who knows. */
static enum status put_lost(struct container *c, struct lane *lane,
                            const struct frame_line *l, const char *why)
{
    struct gap gap = { .from_at = l->ts,
                       .to_at = l->ts,
                       .lines = l->fd ? 1 : 0,
                       .why = slice_str(why) };

    copy_text(gap.why, c->follow.error, sizeof(c->follow.error));
    return put_gap(c, lane, &gap);
}

/* A line, or what it was lost by. */
static enum status offer(struct container *c, struct lane *lane,
                         const struct frame_line *l, const char *lost)
{
    struct err err = { 0 };
    enum status st = put_pending_gap(c, lane, l->ts);

    if (st)
        return st;
    if (lost)
        return put_lost(c, lane, l, lost);
    st = put_line(c, lane, l, &err);
    if (st == ST_BAD || st == ST_LIMIT)
        return put_lost(c, lane, l, err.text[0] ? err.text : "refused");
    if (st)
        return st;
    c->follow.lines++;
    if (l->ts > c->follow.last_ts)
        c->follow.last_ts = l->ts;
    c->follow.last_arrival = loop_wall(c->d->loop);
    return ST_OK;
}

/* false: it is held, or the stream is to be broken off. */
static bool settle(struct container *c, struct lane *lane,
                   const struct frame_line *l, const char *lost)
{
    enum status st = offer(c, lane, l, lost);

    if (st == ST_OK)
        return true;
    if (st == ST_AGAIN || (st == ST_IO && c->follow.state == FOLLOW_GONE)) {
        hold(c, l, true, lost);
        return false;
    }
    snprintf(c->follow.error, sizeof(c->follow.error),
             "the journal cannot be written (%s)", status_name(st));
    c->follow.reload = true;
    break_off(c, FOLLOW_FAILED);
    return false;
}

/*
 * A new line came although no known one did: the tail was too short, or what
 * lies between has been rotated away.
 */
static bool anchor_missing(struct container *c)
{
    struct follow *f = &c->follow;

    if (!f->need_anchor)
        return false;
    if (f->escalation < LAST_RESORT) {
        f->escalation++;
        break_off(c, FOLLOW_CUT);
        return true;
    }
    f->need_anchor = false;
    lines_lost(c, lines_last(c), "rotated away");
    return false;
}

void lines_lost(struct container *c, nsec from, const char *why)
{
    c->follow.gap_from = from;
    c->follow.gap_why = why;
}

void lines_unread(struct container *c)
{
    struct follow *f = &c->follow;
    nsec last = lane_last(&f->now);
    const char *why = last ? "removed before its log could be read to the end"
                           : "removed before its log could be read";
    struct frame_line at = { .ts = last ? last : f->life_at };
    enum status st = f->now.run ? offer(c, &f->now, &at, why) : ST_OK;

    if (st == ST_AGAIN || st == ST_IO)
        hold(c, &at, true, why);
}

void lines_taken_back(struct container *c)
{
    struct follow *f = &c->follow;
    bool lost = f->ticket || f->held;

    f->ticket = 0;
    lines_drop_held(c);
    if (!lost)
        return;
    lines_reload(c);
    lines_unread(c);
}

static size_t ring_size(const struct container *c)
{
    return c->info.rotated ? RING_AUDITED : RING;
}

static bool stepped(const struct container *c)
{
    return loop_now(c->d->loop) < c->d->step_until;
}

/* Judges and offers; nothing is held in front of it. */
static void take(struct container *c, const struct frame_line *line)
{
    struct follow *f = &c->follow;
    struct lane *lane = lane_of(f, line->ts);
    struct seen *seen = &lane->seen[line->fd];
    struct seen_line sl = { line->ts, line->coarse, cursor_hash(line->text) };
    enum seen_verdict v = seen_judge(seen, &sl, stepped(c));

    if (v == SEEN_OLD) {
        f->need_anchor = false;
        f->escalation = 0;
        f->duplicates++;
        c->d->counters.duplicates++;
        return;
    }
    if (v == SEEN_STEP) {
        c->d->counters.steps++;
        f->need_anchor = false;
    }
    if (anchor_missing(c))
        return;
    seen_add(seen, &sl, v, ring_size(c));
    settle(c, lane, line, NULL);
}

/*
 * The second reading of a log waits while the container is being started
 * again: what was logged after we asked is of the next life.
 */
static bool of_next_life(const struct container *c,
                         const struct frame_line *line)
{
    return c->follow.state == FOLLOW_DRAIN && c->d->read.unix_path &&
           line->ts > c->follow.opened_wall;
}

void lines_take(void *self, const struct frame_line *line)
{
    struct container *c = self;
    struct follow *f = &c->follow;

    if (f->broken || of_next_life(c, line))
        return;
    if (f->held || !f->ready)
        hold(c, line, false, NULL);
    else
        take(c, line);
    if (f->state == FOLLOW_REPLAY && line->ts >= f->opened_wall)
        follow_on(c, FOLLOW_CAUGHT);
}

/* What an audit finds counts only behind a line that is known. */
void lines_take_audited(void *self, const struct frame_line *line)
{
    struct container *c = self;
    struct follow *f = &c->follow;
    struct lane *lane = lane_of(f, line->ts);
    struct seen *seen = &lane->seen[line->fd];
    struct seen_line sl = { line->ts, line->coarse, cursor_hash(line->text) };
    enum seen_verdict v;

    if (f->held || !f->ready || f->broken || line->ts >= seen->last)
        return;
    v = seen_judge(seen, &sl, false);
    if (v == SEEN_OLD)
        f->side_anchored = true;
    if (v != SEEN_NEW || !f->side_anchored)
        return;
    seen_add(seen, &sl, v, ring_size(c));
    c->d->counters.recovered++;
    settle(c, lane, line, NULL);
}

static void take_too_long(struct container *c, const struct frame_line *line)
{
    struct follow *f = &c->follow;
    struct lane *lane = lane_of(f, line->ts);

    if (seen_too_long(&lane->seen[line->fd], line->ts))
        settle(c, lane, line, TOO_LONG);
}

void lines_too_long(void *self, const struct frame_line *line)
{
    struct container *c = self;
    struct follow *f = &c->follow;

    if (f->broken)
        return;
    if (f->held || !f->ready)
        hold(c, line, false, TOO_LONG);
    else
        take_too_long(c, line);
}

void lines_engine_error(void *self, struct slice text)
{
    struct container *c = self;

    c->d->counters.daemon_errors++;
    copy_text(text, c->follow.error, sizeof(c->follow.error));
    c->follow.probe_at = loop_now(c->d->loop);
    c->follow.grumbled = true;
}

static void take_held(struct container *c, const struct held *h)
{
    struct follow *f = &c->follow;

    if (h->judged)
        settle(c, lane_of(f, h->line.ts), &h->line, h->lost);
    else if (h->lost)
        take_too_long(c, &h->line);
    else
        take(c, &h->line);
}

bool lines_flush(struct container *c)
{
    struct follow *f = &c->follow;

    while (f->held && f->ready && !f->broken) {
        struct held *h = pop(f);

        take_held(c, h);
        free(h);
        if (f->held && f->held->judged) /* refused once more */
            break;
    }
    return f->held == NULL;
}

void lines_drop_held(struct container *c)
{
    struct follow *f = &c->follow;

    while (f->held)
        free(pop(f));
}

void lines_reload(struct container *c)
{
    struct follow *f = &c->follow;

    lines_drop_held(c);
    f->now.declared = f->past.declared = false;
    f->reload = false;
    f->gap_why = NULL;
    if (f->now.run)
        load_lane(c, &f->now);
    if (f->past.run)
        load_lane(c, &f->past);
}

void lines_release(struct container *c)
{
    lines_drop_held(c);
    release_lane(&c->follow.now);
    release_lane(&c->follow.past);
}
