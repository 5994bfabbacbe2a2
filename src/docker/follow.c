#include "docker/follow.h"

#include "docker/lines.h"
#include "docker/stuck.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_MIN   (500 * NSEC_MSEC)
#define BACKOFF_MAX   (30 * NSEC_SEC)
#define STEADY_FOR    (60 * NSEC_SEC) /* live that long: the back-off is reset */
#define CAUGHT_UP_FOR (250 * NSEC_MSEC) /* silent that long: all was read */
#define RECHECK_FOR   (300 * NSEC_MSEC)
#define QUICK_FOR     (2 * NSEC_SEC)
#define CUTS_FOR      (60 * NSEC_SEC)
#define GONE_FOR      (10 * NSEC_SEC)
#define FINAL_MAX     (256u << 10) /* of a last reading */
#define OPEN_MAX      (64u << 20)  /* of lines without their newline, in all */
#define OPEN_FAIR     (256u << 10)

/* clang-format off */
#define __ DO_NOTHING
const enum follow_act follow_table[FOLLOW_STATES][FOLLOW_EVENTS] = {
    /* START, DOWN, RUNS, HEAD, CAUGHT, CLEAN, CUT,
       REFUSED, MUTE, FAILED, DUE, REMOVED */
    [FOLLOW_OFF] =        { DO_OPEN, __, __, __, __, __, __,
                            __, __, __, __, DO_END },
    [FOLLOW_OPENING] =    { __, __, __, DO_REPLAY, __, DO_DRAIN, DO_SOON,
                            DO_ASK, DO_MUTE, DO_BACKOFF, __, __ },
    [FOLLOW_REPLAY] =     { __, __, __, __, DO_LIVE, DO_DRAIN, DO_SOON,
                            DO_ASK, DO_MUTE, DO_BACKOFF, __, __ },
    [FOLLOW_LIVE] =       { __, __, __, __, __, DO_DRAIN, DO_SOON,
                            DO_ASK, DO_MUTE, DO_BACKOFF, __, __ },
    [FOLLOW_DRAIN] =      { __, __, __, __, __, DO_ASK, DO_SOON,
                            DO_ASK, DO_MUTE, DO_BACKOFF, __, __ },
    [FOLLOW_ASK] =        { DO_OPEN, DO_WAIT, DO_RECHECK, __, __, __, __,
                            __, __, __, DO_ASK, DO_END },
    [FOLLOW_WAIT] =       { DO_OPEN, __, __, __, __, __, __,
                            __, __, __, __, DO_END },
    [FOLLOW_BACKOFF] =    { __, __, __, __, __, __, __,
                            __, __, __, DO_OPEN, DO_END },
    [FOLLOW_UNREADABLE] = { DO_OPEN, __, __, __, __, __, __,
                            __, __, __, __, DO_END },
    [FOLLOW_GONE] =       { __, __, __, __, __, __, __,
                            __, __, __, __, __ },
};
#undef __
/* clang-format on */

const char *follow_state_name(enum follow_state state)
{
    static const char *const name[FOLLOW_STATES] = {
        "off",    "opening", "replay",  "live",       "drain",
        "asking", "waiting", "backoff", "unreadable", "gone",
    };

    return name[state];
}

void follow_init(struct follow *f)
{
    f->held_end = &f->held;
}

/* Keeps the account of all streams' memory. */
static void account(struct container *c, size_t bytes)
{
    c->d->open_bytes += bytes - c->follow.open_bytes;
    c->follow.open_bytes = bytes;
}

static void drop_final(struct follow *f)
{
    http_cancel(f->final.request);
    buf_release(&f->final.body);
    f->final = (struct final_reading){ 0 };
}

static void close_stream(struct follow *f)
{
    drop_final(f);
    http_cancel(f->stream);
    f->stream = NULL;
    f->paused = false;
    f->ended = false;
    f->broken = false;
}

void follow_release(struct container *c)
{
    struct follow *f = &c->follow;

    close_stream(f);
    stuck_cancel(c);
    if (f->framed)
        frame_release(&f->frame);
    f->framed = false;
    account(c, 0);
    lines_release(c);
}

static bool is_tty(const struct container *c, const struct http_head *head)
{
    /* Older versions say raw-stream, or nothing, for both. */
    if (c->d->minor >= 42 && strstr(head->content_type, "multiplexed"))
        return false;
    if (c->d->minor >= 42 && strstr(head->content_type, "raw-stream"))
        return true;
    return c->info.tty;
}

static void on_head(void *self, const struct http_head *head)
{
    struct container *c = self;
    struct follow *f = &c->follow;
    const struct frame_sink sink = {
        .self = c,
        .line = lines_take,
        .too_long = lines_too_long,
        .engine_error = lines_engine_error,
    };

    if (head->code != 200)
        return;
    f->heard = true;
    if (f->framed)
        frame_release(&f->frame);
    frame_init(&f->frame, is_tty(c, head), c->d->config.line_max, &sink);
    f->framed = true;
    follow_on(c, FOLLOW_HEAD);
}

static void end_if_broken(struct container *c)
{
    struct follow *f = &c->follow;
    enum follow_event event = f->broken_event;

    if (!f->broken)
        return;
    close_stream(f);
    follow_on(c, event);
}

/* Read again later, from where the open line began: nothing is lost. */
static void drop_open(struct container *c)
{
    struct follow *f = &c->follow;

    snprintf(f->error, sizeof(f->error),
             "too many long lines are open at once; read again later");
    f->dropped_at = frame_open_at(&f->frame);
    frame_release(&f->frame);
    f->framed = false;
    account(c, 0);
    f->broken = true;
    f->broken_event = FOLLOW_FAILED;
}

static void on_body(void *self, struct slice piece)
{
    struct container *c = self;
    struct follow *f = &c->follow;
    struct err err;

    if (f->broken)
        return;
    f->bytes_at = loop_now(c->d->loop);
    if (frame_feed(&f->frame, piece, &err)) {
        copy_text(slice_str(err.text), f->error, sizeof(f->error));
        c->d->counters.daemon_errors++;
        f->broken = true;
        f->broken_event = FOLLOW_FAILED;
    }
    account(c, frame_held(&f->frame));
    if (c->d->open_bytes > OPEN_MAX && f->open_bytes > OPEN_FAIR)
        drop_open(c);
    end_if_broken(c);
}

static bool says_mute(const struct http_end *end)
{
    return end->head.code == 501 ||
           (end->head.code == 500 && end->body.n &&
            (memmem(end->body.p, end->body.n, "does not support reading", 24) ||
             memmem(end->body.p, end->body.n, "'none'", 6)));
}

static enum follow_event meaning_of(const struct http_end *end)
{
    if (end->status == ST_END && end->head.code == 200)
        return FOLLOW_CUT;
    if (end->status != ST_OK)
        return FOLLOW_FAILED;
    if (end->head.code == 200)
        return FOLLOW_CLEAN;
    if (end->head.code == 404 || end->head.code == 409)
        return FOLLOW_REFUSED;
    return says_mute(end) ? FOLLOW_MUTE : FOLLOW_FAILED;
}

/*
 * The followers of Docker before 23.0 choose at random between "the file has
 * grown" and "the container has ended": what was written last may be missing
 * from a stream that ended cleanly.  Later ones read on to the end (moby,
 * daemon/logger/loggerutils/follow.go), but pass over what is rotated away
 * while they wait for us.
 */
static bool follows_to_the_end(const struct container *c)
{
    /* All but the first two by the engine's own copy, a "local" one. */
    static const char *const driver[] = { "json-file", "local",   "syslog",
                                          "gelf",      "fluentd", "awslogs",
                                          "splunk",    "gcplogs" };

    if (c->d->major_engine < 23 || (c->follow.lagged && c->info.rotated))
        return false;
    for (size_t i = 0; i < sizeof(driver) / sizeof(*driver); i++)
        if (strcmp(c->info.driver, driver[i]) == 0)
            return true;
    return false;
}

/* What is read to its end and goes at once is not read again. */
static bool needs_no_drain(const struct container *c)
{
    return c->follow.whole && c->info.auto_remove;
}

/*
 * A line without its newline is complete once nothing more can come: after the
 * second reading, or if the log has vanished before it.
 */
static bool is_last_reading(const struct container *c)
{
    const struct follow *f = &c->follow;

    return needs_no_drain(c) ||
           (f->state == FOLLOW_DRAIN &&
            (f->end_event == FOLLOW_CLEAN || f->end_event == FOLLOW_REFUSED));
}

/* All that came has been taken: now the end counts. */
static void settle_end(struct container *c)
{
    struct follow *f = &c->follow;

    if (!f->ended || f->held || !f->ready)
        return;
    f->ended = false;
    /* Not even what was read before: the log has been made anew. */
    if (f->state == FOLLOW_DRAIN && f->end_event == FOLLOW_CLEAN &&
        f->need_anchor)
        f->whole = false;
    follow_on(c, f->end_event);
}

static void on_end(void *self, const struct http_end *end)
{
    struct container *c = self;
    struct follow *f = &c->follow;

    f->stream = NULL;
    f->paused = false;
    f->end_event = meaning_of(end);
    if (f->end_event == FOLLOW_FAILED && end->head.code)
        engine_message(c->d, end, f->error, sizeof(f->error));
    else if (f->end_event == FOLLOW_FAILED)
        copy_text(slice_str(end->text), f->error, sizeof(f->error));
    if (f->end_event == FOLLOW_CLEAN && !f->grumbled &&
        (f->state == FOLLOW_DRAIN || follows_to_the_end(c)))
        f->whole = true;
    if (f->framed && is_last_reading(c))
        frame_end(&f->frame);
    f->ended = true;
    if (f->broken)
        end_if_broken(c);
    else
        settle_end(c);
}

static void mark_opened(struct container *c)
{
    c->follow.opened_at = c->follow.bytes_at = loop_now(c->d->loop);
    c->follow.opened_wall = loop_wall(c->d->loop);
}

void follow_path(const struct container *c, bool follow, nsec since,
                 int64_t tail, char *out, size_t size)
{
    char from[64] = "", last[32] = "all";

    if (since)
        snprintf(from, sizeof(from), "&since=%" PRId64 ".%09" PRId64,
                 since / NSEC_SEC, since % NSEC_SEC);
    if (tail >= 0)
        snprintf(last, sizeof(last), "%" PRId64, tail);
    snprintf(out, size,
             "/containers/%s/logs?stdout=1&stderr=1&timestamps=1&follow=%d"
             "&tail=%s%s",
             c->id, follow, last, from);
}

static void open_stream(struct container *c, bool follow)
{
    struct docker *d = c->d;
    struct follow *f = &c->follow;
    struct http_ask get = {
        .self = c, .on_head = on_head, .on_body = on_body, .on_end = on_end
    };
    char path[256];

    close_stream(f);
    f->grumbled = f->lagged = false;
    if (f->reload)
        lines_reload(c);
    lines_plan_read(c);
    follow_path(c, follow, f->since, f->tail, path, sizeof(path));
    mark_opened(c);
    f->reopens++;
    d->counters.reopens++;
    if (engine_get(d, path, &get, &f->stream))
        follow_on(c, FOLLOW_FAILED);
}

static void do_replay(struct container *c)
{
    c->follow.state = FOLLOW_REPLAY;
    stuck_plan(c);
}

static void do_live(struct container *c)
{
    c->follow.state = FOLLOW_LIVE;
    c->follow.live_at = loop_now(c->d->loop);
}

/* A container may go, its log with it, before that was read to the end. */
static bool was_read(const struct container *c)
{
    return c->follow.whole || c->follow.state == FOLLOW_UNREADABLE;
}

static void do_end(struct container *c)
{
    struct follow *f = &c->follow;
    bool read = was_read(c);

    close_stream(f);
    stuck_cancel(c);
    f->state = FOLLOW_GONE; /* freed once all of it is on disk */
    if (!read)
        lines_unread(c);
}

static void do_open(struct container *c)
{
    if (c->gone) {
        do_end(c);
        return;
    }
    c->follow.state = FOLLOW_OPENING;
    c->follow.asks = 0;
    c->follow.live_at = 0;
    c->follow.whole = false;
    open_stream(c, true);
}

static void do_ask(struct container *c)
{
    struct follow *f = &c->follow;

    f->state = FOLLOW_ASK;
    f->due_at = 0;
    if (c->gone) {
        do_end(c);
        return;
    }
    /* An answer under way may be older than the end. */
    inspect_anew(c);
}

static void take_final(struct container *c)
{
    struct follow *f = &c->follow;
    struct final_reading a = f->final;
    const struct http_end end = { .head = a.head };

    f->final = (struct final_reading){ 0 };
    f->grumbled = f->lagged = false;
    mark_opened(c);
    if (f->reload)
        lines_reload(c);
    lines_plan_from(c, a.since);
    on_head(c, &a.head);
    on_body(c, buf_view(&a.body));
    buf_release(&a.body);
    if (f->state == FOLLOW_DRAIN)
        on_end(c, &end);
}

static void on_final_body(void *self, struct slice piece)
{
    struct container *c = self;

    buf_slice(&c->follow.final.body, piece);
}

/* What came in full is kept, else it is asked for again in its time. */
static void on_final_end(void *self, const struct http_end *end)
{
    struct container *c = self;
    struct follow *f = &c->follow;
    bool wanted = f->final.wanted;

    f->final.request = NULL;
    f->final.head = end->head;
    if (meaning_of(end) != FOLLOW_CLEAN || !buf_ok(&f->final.body))
        drop_final(f);
    if (wanted && f->final.head.code)
        take_final(c);
    else if (wanted)
        open_stream(c, false);
}

/*
 * A reading makes the engine create a log that it is just removing: then the
 * removal fails, and the log is empty.  So nothing is read twice without need.
 */
static void do_drain(struct container *c)
{
    struct follow *f = &c->follow;

    if (needs_no_drain(c)) {
        do_ask(c);
        return;
    }
    f->state = FOLLOW_DRAIN;
    if (f->final.request)
        f->final.wanted = true;
    else if (f->final.head.code)
        take_final(c);
    else
        open_stream(c, false);
}

static nsec since_now(struct container *c, nsec span)
{
    return loop_now(c->d->loop) + span;
}

static void do_backoff(struct container *c)
{
    struct follow *f = &c->follow;

    f->state = FOLLOW_BACKOFF;
    if (f->live_at && loop_now(c->d->loop) - f->live_at > STEADY_FOR)
        f->backoff_for = 0;
    f->live_at = 0;
    f->backoff_for = f->backoff_for ? f->backoff_for * 2 : BACKOFF_MIN;
    if (f->backoff_for > BACKOFF_MAX)
        f->backoff_for = BACKOFF_MAX;
    f->due_at = since_now(c, docker_jitter(c->d, f->backoff_for));
}

/* A cut is routine; five in a minute are worth a sentence. */
static void count_cut(struct container *c)
{
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);
    nsec *oldest = &f->cut_at[f->ncuts % 5];

    if (f->ncuts >= 5 && now - *oldest < CUTS_FOR && !f->cuts_said) {
        docker_say(c->d, DOCKER_WARN,
                   "container %s: its log stream was cut five times within a "
                   "minute; each time it goes on where it broke off",
                   c->info.name);
        f->cuts_said = true;
    }
    *oldest = now;
    f->ncuts++;
}

static void do_soon(struct container *c)
{
    struct follow *f = &c->follow;

    if (f->end_event == FOLLOW_CUT)
        count_cut(c);
    f->state = FOLLOW_BACKOFF;
    f->due_at =
        since_now(c, docker_jitter(c->d, 200 * NSEC_MSEC) - 50 * NSEC_MSEC);
}

static void do_recheck(struct container *c)
{
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);

    if (f->asks++ == 0) {
        f->due_at = now + RECHECK_FOR;
        return;
    }
    f->whole = false;
    f->quick_ends = now - f->opened_at < QUICK_FOR ? f->quick_ends + 1 : 0;
    if (f->quick_ends > 1)
        do_backoff(c);
    else
        do_soon(c);
}

/*
 * Its removal failed: it is dead, and what is left of its log proves nothing.
 * Said at its death and not again by each later process.
 */
static bool has_lost_its_log(const struct container *c)
{
    const struct follow *f = &c->follow;
    bool dead = strcmp(c->info.status, "dead") == 0 && !follows_to_the_end(c);
    bool watched = f->heard || f->start_event_at;

    return (dead || (f->end_event == FOLLOW_REFUSED && !was_read(c))) &&
           (watched || !lines_last(c));
}

static void do_wait(struct container *c)
{
    struct follow *f = &c->follow;

    if (has_lost_its_log(c)) {
        lines_unread(c);
        f->whole = true; /* said once */
    }
    f->state = FOLLOW_WAIT;
    f->quick_ends = 0;
}

static void do_mute(struct container *c)
{
    c->follow.state = FOLLOW_UNREADABLE;
    docker_say(c->d, DOCKER_WARN,
               "container %s: its log driver \"%s\" cannot be read; its lines "
               "are not seen",
               c->info.name, c->info.driver);
}

void follow_on(struct container *c, enum follow_event event)
{
    static void (*const act[FOLLOW_ACTS])(struct container * c) = {
        [DO_OPEN] = do_open,       [DO_REPLAY] = do_replay,
        [DO_LIVE] = do_live,       [DO_DRAIN] = do_drain,
        [DO_ASK] = do_ask,         [DO_RECHECK] = do_recheck,
        [DO_WAIT] = do_wait,       [DO_SOON] = do_soon,
        [DO_BACKOFF] = do_backoff, [DO_MUTE] = do_mute,
        [DO_END] = do_end,
    };
    enum follow_act a = follow_table[c->follow.state][event];

    if (a != DO_NOTHING)
        act[a](c);
}

static bool runs(const struct container *c)
{
    return strcmp(c->info.status, "running") == 0 ||
           strcmp(c->info.status, "paused") == 0;
}

static bool may_turn_to_new_life(const struct follow *f)
{
    return !f->ready || f->state == FOLLOW_OFF || f->state == FOLLOW_ASK ||
           f->state == FOLLOW_WAIT || f->state == FOLLOW_BACKOFF ||
           f->state == FOLLOW_UNREADABLE;
}

static void make_ready(struct container *c)
{
    struct follow *f = &c->follow;

    if (f->ready)
        return;
    f->ready = true;
    follow_flush(c);
}

/* It lived and was removed before inspect could ask: the event must do. */
static void live_by_event(struct container *c)
{
    struct follow *f = &c->follow;
    char text[INSTANT_TEXT];

    if (f->ready || f->state == FOLLOW_OFF)
        return;
    instant_format(f->start_event_at, text);
    lines_begin_life(c, text, f->start_event_at, 0);
    make_ready(c);
}

void follow_inspected(struct container *c, bool found)
{
    struct follow *f = &c->follow;
    bool new_life, opened = !f->ready && f->state != FOLLOW_OFF;

    if (!found) {
        live_by_event(c);
        container_vanished(c);
        return;
    }
    if (!c->choice.follow) {
        close_stream(f);
        f->state = FOLLOW_OFF;
        return;
    }
    if (!c->info.started_at || !may_turn_to_new_life(f))
        return;
    new_life = c->info.started_at != f->life_at;
    if (new_life)
        lines_begin_life(c, c->info.started_text, c->info.started_at,
                         runs(c) ? c->info.finished_at : 0);
    make_ready(c);
    if (opened) /* at the event of its start */
        return;
    if (new_life)
        follow_on(c, FOLLOW_START);
    else
        follow_on(c, runs(c) ? FOLLOW_RUNS : FOLLOW_DOWN);
}

/*
 * A container may be gone before inspect answers, its lines with it.  So they
 * are read at once, and held until it is known whose they are.
 */
void follow_started(struct container *c, nsec at)
{
    struct follow *f = &c->follow;

    if (at <= f->life_at)
        return;
    f->start_event_at = at;
    if (!c->known || !c->choice.follow ||
        follow_table[f->state][FOLLOW_START] != DO_OPEN)
        return;
    f->ready = false;
    follow_on(c, FOLLOW_START);
}

/*
 * What is removed at its end is asked for before the engine gets to that: of
 * Docker 20.10 the answer comes in time when it is asked for at the event, and
 * seldom when the stream has ended first.
 */
void follow_died(struct container *c)
{
    struct follow *f = &c->follow;
    struct http_ask get = { .self = c,
                            .on_body = on_final_body,
                            .on_end = on_final_end };
    char path[256];

    if (!c->info.auto_remove || !f->ready || !f->stream ||
        f->state == FOLLOW_DRAIN || f->final.request || f->final.head.code ||
        follows_to_the_end(c))
        return;
    buf_init(&f->final.body, FINAL_MAX);
    f->final.since = lines_since(c);
    follow_path(c, false, f->final.since, -1, path, sizeof(path));
    if (engine_get(c->d, path, &get, &f->final.request))
        drop_final(f);
}

void follow_flush(struct container *c)
{
    struct follow *f = &c->follow;

    if (!lines_flush(c)) {
        end_if_broken(c);
        return;
    }
    if (f->broken) {
        end_if_broken(c);
        return;
    }
    if (f->paused && f->ready && f->stream) {
        f->paused = false;
        http_resume(f->stream);
    }
    settle_end(c);
}

void follow_durable(struct container *c, uint64_t ticket)
{
    struct follow *f = &c->follow;

    if (f->ticket <= ticket)
        f->ticket = 0;
    if (f->held && f->ready)
        follow_flush(c);
}

void follow_discarded(struct container *c)
{
    struct follow *f = &c->follow;

    stuck_cancel(c);
    if (f->state == FOLLOW_GONE) {
        lines_taken_back(c);
        return;
    }
    lines_drop_held(c);
    f->ticket = 0;
    f->reload = true;
    f->whole = false;
    if (f->state == FOLLOW_OFF || f->state == FOLLOW_UNREADABLE)
        return;
    close_stream(f);
    do_backoff(c);
}

void follow_tick(struct container *c)
{
    struct follow *f = &c->follow;
    nsec now = loop_now(c->d->loop);

    if (c->gone && !c->inspect)
        live_by_event(c); /* nobody else will say what life it was */
    if (f->state == FOLLOW_GONE) {
        if (!f->held && !f->ticket && !c->inspect && !c->facts.dirty)
            container_free(c);
        return;
    }
    if (f->state == FOLLOW_REPLAY && f->stream && !f->paused &&
        now - f->bytes_at > CAUGHT_UP_FOR)
        follow_on(c, FOLLOW_CAUGHT);
    if (f->due_at && now >= f->due_at && c->d->state == ENGINE_UP &&
        (f->state == FOLLOW_BACKOFF || f->state == FOLLOW_ASK)) {
        f->due_at = 0;
        follow_on(c, FOLLOW_DUE);
        return;
    }
    if (c->gone && (f->stream || f->final.wanted) && !f->paused &&
        now - f->bytes_at > GONE_FOR)
        do_end(c);
    else
        stuck_tick(c);
}
