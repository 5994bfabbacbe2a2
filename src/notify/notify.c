#include "notify/notify.h"

#include "base/alloc.h"
#include "data/json.h"
#include "loop/loop.h"
#include "net/http.h"
#include "notify/address.h"
#include "notify/outbox.h"
#include "notify/progress.h"
#include "notify/token.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SAVE_EVERY   (100 * NSEC_MSEC)
#define COMPLAIN_FOR (3600 * NSEC_SEC)
#define SENTENCE_MAX 700
#define REASON_MAX   240

/* One receiver at work. */
struct outlet {
    struct notify *n;
    const struct receiver *receiver;
    struct outbox *box;
    char *target; /* where to post */
    char *shown;  /* the URL, for people */
    struct http_request *request;
    struct loop_timer timer; /* for the next post */
    char reason[REASON_MAX]; /* why the last post failed; "" if it did not */
    nsec taken_at;           /* the last, wall; 0: none yet */
    nsec refused_at;         /* when that was told last */
    int refused_code;
    uint64_t saved; /* what the file knows */
};

struct notify {
    struct notify_config config;
    struct loop *loop; /* NULL: not started, or stopped */
    struct http *http;
    struct progress *progress; /* NULL: nowhere */
    struct outlet *outlet;
    size_t n;
    struct buf body;
    struct loop_timer save_timer;
    bool save_wanted, saving, save_resting, save_failed;
    struct buf saved_text; /* the writing thread's while saving */
    enum status saved_status;
    struct err saved_err;
};

static void say(const struct notify *n, bool warning, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct notify *n, bool warning, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list args;

    if (!n->config.log)
        return;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    n->config.log(n->config.log_self, warning, sentence);
}

static char *target_of(const struct receiver *r)
{
    size_t n = strlen(r->url);
    struct buf url;
    char *copy;

    if (r->kind == RECEIVER_WEBHOOK)
        return xstrdup(r->url);
    while (n && r->url[n - 1] == '/')
        n--;
    buf_init(&url, BUF_NO_CAP);
    buf_slice(&url, slice_of(r->url, n));
    buf_str(&url, "/api/v2/alerts");
    copy = xstrdup(buf_cstr(&url));
    buf_release(&url);
    return copy;
}

static void outlet_init(struct outlet *o, struct notify *n,
                        const struct receiver *r)
{
    struct outbox_config config = {
        .kind = r->kind,
        .name = r->name,
        .external_url = n->config.external_url,
        .resend_every = n->config.resend_every,
        .max = n->config.outbox_max,
        .skip_resolved = r->skip_resolved,
    };
    struct buf shown;

    config.is_new =
        !n->progress || !progress_find(n->progress, r->name, &config.delivered);
    buf_init(&shown, BUF_NO_CAP);
    address_show(slice_str(r->url), &shown);
    *o = (struct outlet){
        .n = n,
        .receiver = r,
        .box = outbox_new(&config),
        .target = target_of(r),
        .shown = xstrdup(buf_cstr(&shown)),
    };
    buf_release(&shown);
}

enum status notify_new(const struct notify_config *config, struct notify **ret,
                       struct err *err)
{
    struct notify *n = xcalloc(1, sizeof(*n));
    enum status st = ST_OK;

    n->config = *config;
    if (!n->config.outbox_max)
        n->config.outbox_max = NOTIFY_OUTBOX_MAX;
    if (!n->config.resend_every)
        n->config.resend_every = NOTIFY_RESEND;
    if (config->dir)
        st = progress_open(config->dir, config->journal_id, &n->progress, err);
    if (st) {
        free(n);
        return st;
    }
    buf_init(&n->body, BUF_NO_CAP);
    buf_init(&n->saved_text, BUF_NO_CAP);
    n->outlet = xcalloc(config->n + 1, sizeof(*n->outlet));
    for (; n->n < config->n; n->n++)
        outlet_init(&n->outlet[n->n], n, &config->receiver[n->n]);
    *ret = n;
    return ST_OK;
}

void notify_free(struct notify *n)
{
    size_t i;

    if (!n)
        return;
    notify_stop(n);
    assert(!n->saving);
    for (i = 0; i < n->n; i++) {
        outbox_free(n->outlet[i].box);
        free(n->outlet[i].target);
        free(n->outlet[i].shown);
    }
    free(n->outlet);
    progress_free(n->progress);
    buf_release(&n->body);
    buf_release(&n->saved_text);
    free(n);
}

/* The file's text as things stand. */
static void render_progress(struct notify *n)
{
    struct progress_mark *mark = xcalloc(n->n + 1, sizeof(*mark));
    size_t i;

    for (i = 0; i < n->n; i++) {
        n->outlet[i].saved = outbox_delivered(n->outlet[i].box);
        mark[i].receiver = n->outlet[i].receiver->name;
        mark[i].delivered = n->outlet[i].saved;
    }
    buf_reset(&n->saved_text);
    progress_render(n->progress, mark, n->n, &n->saved_text);
    n->save_wanted = false;
    free(mark);
}

static void write_progress(void *arg)
{
    struct notify *n = arg;

    n->saved_status =
        progress_write(n->progress, buf_view(&n->saved_text), &n->saved_err);
}

static void save_now(struct notify *n)
{
    render_progress(n);
    write_progress(n);
}

static void tell_save(struct notify *n)
{
    bool failed = n->saved_status != ST_OK;

    if (failed && !n->save_failed)
        say(n, true,
            "%s; what receivers take from now on is delivered again after a "
            "restart",
            n->saved_err.text);
    else if (!failed && n->save_failed)
        say(n, false, "what receivers have taken is written to disk again");
    n->save_failed = failed;
}

static void save(struct notify *n);

static void on_rested(void *arg)
{
    struct notify *n = arg;

    n->save_resting = false;
    if (n->save_wanted)
        save(n);
}

static void on_saved(void *arg)
{
    struct notify *n = arg;

    n->saving = false;
    tell_save(n);
    if (n->loop) {
        n->save_resting = true;
        loop_timer_start(n->loop, &n->save_timer, SAVE_EVERY, 0, on_rested, n);
    } else if (n->save_wanted) {
        save_now(n);
    }
}

static void save(struct notify *n)
{
    render_progress(n);
    n->saving = true;
    loop_work(n->loop, write_progress, on_saved, n);
}

static void want_save(struct notify *n)
{
    if (!n->progress)
        return;
    n->save_wanted = true;
    if (!n->saving && !n->save_resting)
        save(n);
}

static void schedule(struct outlet *o);

/* A sentence for one cause, not for each alert. */
static void tell_refused(struct outlet *o, const struct alert *a, int code)
{
    nsec now = loop_now(o->n->loop);

    if (o->refused_code == code && now - o->refused_at < COMPLAIN_FOR)
        return;
    o->refused_code = code;
    o->refused_at = now;
    say(o->n, true,
        "receiver %s at %s refuses the alert %.*s for good and it is dropped: "
        "%s",
        o->receiver->name, o->shown, SLICE_ARG(a->name), o->reason);
}

static void tell_full(const struct outlet *o)
{
    say(o->n, true,
        "receiver %s: more than %zu alerts wait for it, the oldest are "
        "dropped until it takes some",
        o->receiver->name, o->n->config.outbox_max);
}

static void tell_up(const struct outlet *o, struct outbox_figures before)
{
    nsec seconds = (loop_now(o->n->loop) - before.down_at) / NSEC_SEC;

    say(o->n, false,
        "receiver %s at %s takes alerts again, after %lld s and %llu failed "
        "tries",
        o->receiver->name, o->shown, (long long)seconds,
        (unsigned long long)before.tries);
}

/* What became of a post; o->reason says why it failed. */
static void settle(struct outlet *o, struct outbox_answer answer, int code)
{
    struct notify *n = o->n;
    struct outbox_figures before = outbox_figures(o->box);
    struct alert *first = alert_ref(outbox_under_way(o->box));
    unsigned news = outbox_answer(o->box, loop_now(n->loop), &answer);

    if (news & OUTBOX_UP)
        tell_up(o, before);
    if (news & OUTBOX_DROPPED)
        tell_refused(o, first, code);
    alert_unref(first);
    if (news & OUTBOX_DOWN)
        say(n, true,
            "receiver %s at %s takes no alerts: %s; they are kept, and tried "
            "again",
            o->receiver->name, o->shown, o->reason);
    if (answer.verdict == VERDICT_TAKEN) {
        o->taken_at = loop_wall(n->loop);
        o->reason[0] = '\0';
    }
    if (outbox_delivered(o->box) != o->saved)
        want_save(n);
    schedule(o);
}

static enum verdict judge(int code)
{
    if (code >= 200 && code < 300)
        return VERDICT_TAKEN;
    if (code >= 400 && code < 500 && code != 408 && code != 429)
        return VERDICT_REFUSED;
    return VERDICT_FAILED;
}

/* One line, whatever a stranger answered. */
static void explain(struct outlet *o, const struct http_end *end)
{
    struct slice body = json_trim(end->body);
    char *p;

    if (end->head.code == 0)
        snprintf(o->reason, sizeof(o->reason), "%s", end->text);
    else if (body.n == 0)
        snprintf(o->reason, sizeof(o->reason), "it answers %d", end->head.code);
    else
        snprintf(o->reason, sizeof(o->reason), "it answers %d, %.*s",
                 end->head.code, (int)(body.n < 160 ? body.n : 160), body.p);
    for (p = o->reason; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = ' ';
}

/* Its code is the receiver's word, even if the answer's rest was too long. */
static void on_end(void *self, const struct http_end *end)
{
    struct outlet *o = self;
    struct outbox_answer answer = {
        .verdict = judge(end->head.code),
        .retry_after = end->head.retry_after,
    };

    o->request = NULL;
    explain(o, end);
    settle(o, answer, end->head.code);
}

static void ignore_body(void *self, struct slice piece)
{
    (void)self;
    (void)piece;
}

static void post(struct outlet *o)
{
    struct notify *n = o->n;
    const struct receiver *r = o->receiver;
    char token[TOKEN_MAX + 1];
    struct http_ask ask = {
        .url = o->target,
        .post = true,
        .content = buf_view(&n->body),
        .content_type = "application/json",
        .connect_for = r->timeout_for ? r->timeout_for : NOTIFY_TIMEOUT,
        .total_for = r->timeout_for ? r->timeout_for : NOTIFY_TIMEOUT,
        .self = o,
        .on_body = ignore_body,
        .on_end = on_end,
    };
    struct err err = { 0 };
    enum status st = ST_OK;

    if (r->token_file) {
        st = token_read(r->token_file, token, &err);
        ask.bearer = token;
    }
    if (!st)
        st = http_ask(n->http, &ask, &o->request, &err);
    explicit_bzero(token, sizeof(token));
    if (st) {
        snprintf(o->reason, sizeof(o->reason), "%.*s", REASON_MAX - 1,
                 err.text);
        settle(o, (struct outbox_answer){ .verdict = VERDICT_FAILED }, 0);
    }
}

static void on_due(void *arg)
{
    struct outlet *o = arg;
    struct notify *n = o->n;

    buf_reset(&n->body);
    if (outbox_take(o->box, loop_now(n->loop), loop_wall(n->loop), &n->body))
        post(o);
    else
        schedule(o);
}

/* Never from inside a call of ours: what is put in one turn goes together. */
static void schedule(struct outlet *o)
{
    nsec now = loop_now(o->n->loop), due = outbox_due(o->box);

    if (due == NSEC_MAX)
        loop_timer_stop(&o->timer);
    else
        loop_timer_start(o->n->loop, &o->timer, due > now ? due - now : 0, 0,
                         on_due, o);
}

void notify_put(struct notify *n, const struct notice *notice)
{
    nsec now = n->loop ? loop_now(n->loop) : 0;
    struct alert *a;
    size_t i;

    if (!n->n)
        return;
    a = alert_new(notice);
    for (i = 0; i < n->n; i++) {
        struct outlet *o = &n->outlet[i];

        if (outbox_put(o->box, a, now) & OUTBOX_FULL)
            tell_full(o);
        if (n->loop)
            schedule(o);
    }
    alert_unref(a);
}

enum status notify_start(struct notify *n, struct loop *loop, struct err *err)
{
    enum status st;
    size_t i;

    for (i = 0; i < n->n; i++)
        outbox_open(n->outlet[i].box);
    if (n->progress && (n->n || progress_is_there(n->progress))) {
        save_now(n);
        if (n->saved_status) {
            if (err)
                *err = n->saved_err;
            return n->saved_status;
        }
    }
    st = http_new(loop, &n->http, err);
    if (st)
        return st;
    n->loop = loop;
    for (i = 0; i < n->n; i++)
        schedule(&n->outlet[i]);
    return ST_OK;
}

void notify_stop(struct notify *n)
{
    size_t i;

    if (!n || !n->loop)
        return;
    for (i = 0; i < n->n; i++) {
        http_cancel(n->outlet[i].request);
        n->outlet[i].request = NULL;
        loop_timer_stop(&n->outlet[i].timer);
    }
    http_free(n->http);
    n->http = NULL;
    loop_timer_stop(&n->save_timer);
    n->loop = NULL;
    if (n->save_wanted && !n->saving)
        save_now(n);
}

static uint64_t taken(const struct outbox_figures *f)
{
    return f->taken;
}

static uint64_t failed(const struct outbox_figures *f)
{
    return f->failed;
}

static uint64_t dropped(const struct outbox_figures *f)
{
    return f->dropped;
}

static uint64_t waiting(const struct outbox_figures *f)
{
    return f->waiting;
}

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const struct outbox_figures *f);
} families[] = {
    { "bladewatch_notifications_total", "counter",
      "Notices that a receiver has taken, repetitions not counted.", taken },
    { "bladewatch_notifications_failed_total", "counter",
      "Deliveries that failed or were refused.", failed },
    { "bladewatch_notifications_dropped_total", "counter",
      "Notices given up: refused for good, or too many waited.", dropped },
    { "bladewatch_notifications_waiting", "gauge",
      "Notices that a receiver has not taken yet.", waiting },
};

static void latencies(const struct notify *n, struct metrics *m)
{
    size_t i;

    metrics_family(m, "bladewatch_notifications_latency_seconds", "gauge",
                   "From a notice to the receiver's answer, of the last one.");
    for (i = 0; i < n->n; i++) {
        const struct slice label[] = { slice_str("receiver"),
                                       slice_str(n->outlet[i].receiver->name) };
        nsec span = outbox_figures(n->outlet[i].box).latency;

        metrics_label_double(m, label, 1, (double)span / (double)NSEC_SEC);
    }
}

void notify_metrics(const struct notify *n, struct metrics *m)
{
    size_t i, j;

    if (!n->n)
        return;
    for (i = 0; i < sizeof(families) / sizeof(*families); i++) {
        metrics_family(m, families[i].name, families[i].type, families[i].help);
        for (j = 0; j < n->n; j++) {
            const struct slice label[] = {
                slice_str("receiver"), slice_str(n->outlet[j].receiver->name)
            };
            struct outbox_figures f = outbox_figures(n->outlet[j].box);

            metrics_label_u64(m, label, 1, families[i].value(&f));
        }
    }
    latencies(n, m);
}

static void status_of(const struct outlet *o, struct buf *out)
{
    struct outbox_figures f = outbox_figures(o->box);
    bool webhook = o->receiver->kind == RECEIVER_WEBHOOK;
    char text[INSTANT_TEXT];

    buf_printf(out, "{\"delivered\":%llu,\"failures\":%llu,\"kind\":\"%s\"",
               (unsigned long long)outbox_delivered(o->box),
               (unsigned long long)f.failed,
               webhook ? "webhook" : "alertmanager");
    instant_format(o->taken_at, text);
    if (o->taken_at)
        buf_printf(out, ",\"last_delivery\":\"%s\"", text);
    else
        buf_str(out, ",\"last_delivery\":null");
    buf_str(out, ",\"last_error\":");
    if (o->reason[0])
        json_string(slice_str(o->reason), out);
    else
        buf_str(out, "null");
    buf_str(out, ",\"receiver\":");
    json_string(slice_str(o->receiver->name), out);
    buf_str(out, ",\"url\":");
    json_string(slice_str(o->shown), out);
    buf_printf(out, ",\"waiting\":%zu}", f.waiting);
}

void notify_status(const struct notify *n, struct buf *out)
{
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < n->n; i++) {
        if (i)
            buf_char(out, ',');
        status_of(&n->outlet[i], out);
    }
    buf_char(out, ']');
}
