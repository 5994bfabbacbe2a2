#include "healer.h"

#include "base/alloc.h"
#include "base/amount.h"

#include <stdlib.h>
#include <uthash.h>

#define RETRY_FOR   NSEC_SEC
#define LEASE       604800 /* seconds: a result is read long before */
#define MESSAGE_MAX 1000

enum progress {
    WAITS, /* for the engine */
    ACTS,
    DONE
};

/* An order as it was given; `what` points into text. */
struct errand {
    struct healer *healer;
    enum progress progress;
    bool stands; /* it was there at this look */
    nsec retry_at;
    struct docker_act what;
    UT_hash_handle hh;
    size_t nid;
    char text[]; /* id, name, container */
};

struct healer {
    struct healer_config config;
    struct errand *errands; /* by id */
    bool waits;             /* some do */
    nsec now;               /* of the look under way */
};

struct healer *healer_new(const struct healer_config *config)
{
    struct healer *h = xcalloc(1, sizeof(*h));

    h->config = *config;
    return h;
}

static void drop(struct healer *h, struct errand *e)
{
    HASH_DEL(h->errands, e);
    free(e);
}

void healer_free(struct healer *h)
{
    struct errand *e, *next;

    if (!h)
        return;
    HASH_ITER(hh, h->errands, e, next)
    {
        drop(h, e);
    }
    free(h);
}

/* -- results --------------------------------------------------------------- */

static const char *act_name(enum docker_act_kind kind)
{
    static const char *const name[] = {
        [DOCKER_START] = "start",
        [DOCKER_RESTART] = "restart",
        [DOCKER_RECREATE] = "recreate",
    };

    return name[kind];
}

static void write_result(const struct errand *e, const struct docker_acted *a,
                         struct buf *out)
{
    buf_str(out, "{\"docker\":{\"acts\":{");
    ledger_key(e->what.name, out);
    buf_str(out, "{\"$set\":{");
    ledger_text("act", slice_str(act_name(e->what.kind)), 16, out);
    ledger_instant("at", e->healer->config.wall(e->healer->config.self), out);
    ledger_number("code", a->code, out);
    ledger_text("container", a->container.n ? a->container : e->what.container,
                128, out);
    ledger_text("message", a->message, MESSAGE_MAX, out);
    ledger_text("order", slice_of(e->text, e->nid), e->nid, out);
    ledger_text("result", slice_str(a->result), 32, out);
    buf_str(out, ",\"took\":");
    amount_write(a->took_for / (NSEC_SEC / AMOUNT_UNIT), out);
    buf_printf(out, "},\"$ttl\":%d}}}}", LEASE);
}

static void put_result(struct errand *e, const struct docker_acted *acted)
{
    struct buf shard;

    e->progress = DONE;
    buf_init(&shard, BUF_NO_CAP);
    write_result(e, acted, &shard);
    ledger_put(e->healer->config.ledger, buf_view(&shard));
    buf_release(&shard);
}

static void on_done(void *self, const struct docker_acted *acted)
{
    struct errand *e = self;

    put_result(e, acted);
    ledger_flush(e->healer->config.ledger);
}

/* What is not to be done has its result at once. */
static void answer(struct errand *e, const char *result, const char *message)
{
    const struct docker_acted acted = { .result = result,
                                        .message = slice_str(message) };

    put_result(e, &acted);
}

/* -- orders ---------------------------------------------------------------- */

static struct slice keep(char **at, struct slice text)
{
    struct slice kept = slice_of(*at, text.n);

    if (text.n)
        memcpy(*at, text.p, text.n);
    *at += text.n;
    return kept;
}

struct question {
    struct slice id;
    bool stands;
};

static void look_for(void *self, const struct order *order)
{
    struct question *q = self;

    q->stands |= slice_eq(order->id, q->id) && !order->dry_run;
}

static bool on_stands(void *self)
{
    const struct errand *e = self;
    const struct healer_config *config = &e->healer->config;
    struct question q = { .id = slice_of(e->text, e->nid) };

    config->orders(config->self, &q, look_for);
    return q.stands && !config->held(config->self, e->what.name);
}

static struct errand *errand_new(struct healer *h, const struct order *order)
{
    static const enum docker_act_kind kind[] = {
        [HEAL_START] = DOCKER_START,
        [HEAL_RESTART] = DOCKER_RESTART,
        [HEAL_RECREATE] = DOCKER_RECREATE,
    };
    const struct heal_order *what = &order->what;
    struct errand *e = xcalloc(1, sizeof(*e) + order->id.n + order->name.n +
                                      what->container.n);
    char *at = e->text;

    e->healer = h;
    e->nid = keep(&at, order->id).n;
    e->what = (struct docker_act){
        .kind = kind[what->act],
        .name = keep(&at, order->name),
        .container = keep(&at, what->container),
        .status = slice_str(heal_status_name(what->status)),
        .started_at = what->started_at,
        .finished_at = what->finished_at,
        .repair_network = order->repair_network,
        .self = e,
        .stands = on_stands,
        .done = on_done,
    };
    HASH_ADD_KEYPTR(hh, h->errands, e->text, e->nid, e);
    return e;
}

static struct errand *find(const struct healer *h, struct slice id)
{
    struct errand *e;

    HASH_FIND(hh, h->errands, id.p, id.n, e);
    return e;
}

void healer_recovered(struct healer *h, struct slice order)
{
    const struct order known = { .id = order };

    if (!find(h, order))
        errand_new(h, &known)->progress = DONE;
}

static void begin(struct healer *h, struct errand *e)
{
    e->progress = ACTS;
    if (!h->config.act(h->config.self, &e->what))
        return;
    e->progress = WAITS;
    e->retry_at = nsec_add(h->now, RETRY_FOR);
}

static void on_order(void *self, const struct order *order)
{
    struct healer *h = self;
    struct errand *e = find(h, order->id);

    if (!e)
        e = errand_new(h, order);
    e->stands = true;
    if (e->progress != WAITS || e->retry_at > h->now)
        return;
    if (!h->config.enabled)
        answer(e, "denied", "revival is switched off");
    else if (h->config.dry_run || order->dry_run)
        answer(e, "dry_run", "");
    else if (!h->config.held(h->config.self, e->what.name))
        begin(h, e);
}

void healer_look(struct healer *h, nsec now)
{
    struct errand *e, *next;

    h->now = now;
    h->waits = false;
    h->config.orders(h->config.self, h, on_order);
    HASH_ITER(hh, h->errands, e, next)
    {
        if (!e->stands && e->progress != ACTS) {
            drop(h, e);
            continue;
        }
        e->stands = false;
        h->waits |= e->progress == WAITS;
    }
    ledger_flush(h->config.ledger);
}

void healer_tick(struct healer *h, nsec now)
{
    if (h->waits)
        healer_look(h, now);
}
