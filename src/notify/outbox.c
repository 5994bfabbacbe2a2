#include "notify/outbox.h"

#include "base/alloc.h"
#include "notify/body.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#define RETRY_FIRST     NSEC_SEC
#define RETRY_MOST      (60 * NSEC_SEC)
#define RETRY_AFTER_MAX (300 * NSEC_SEC)
#define ENDED_FOR       (900 * NSEC_SEC)

enum place {
    WAITING, /* not taken yet, by ordinal */
    HELD,    /* of an Alertmanager: taken, by the time of that */
    FLYING,  /* in the post under way: from WAITING, then from HELD */
    PLACES
};

struct entry {
    struct alert *alert;
    enum place place;
    bool owed;    /* not taken yet */
    bool alone;   /* goes in a post of its own */
    bool stale;   /* replaced while it was flying */
    nsec put_at;  /* outbox_put() */
    nsec sent_at; /* taken the last time */
    nsec ends_at; /* held until then; 0: as long as it fires */
    struct entry *prev, *next;
    UT_hash_handle hh;
};

struct outbox {
    struct outbox_config config;
    struct entry *list[PLACES];
    size_t n[PLACES];
    /* By fingerprint, where a newer alert replaces an older one. */
    struct entry *known;
    bool open;
    bool full;       /* it has been said */
    uint64_t last;   /* ordinal put */
    nsec not_before; /* after a failure */
    uint64_t chance; /* state of the generator */
    struct outbox_figures figures;
};

struct outbox *outbox_new(const struct outbox_config *config)
{
    struct outbox *o = xcalloc(1, sizeof(*o));
    const char *p;

    o->config = *config;
    o->chance = 1;
    for (p = config->name; *p; p++)
        o->chance = o->chance * 31 + (unsigned char)*p;
    return o;
}

static void unlink_entry(struct outbox *o, struct entry *e)
{
    DL_DELETE(o->list[e->place], e);
    o->n[e->place]--;
}

static void append(struct outbox *o, struct entry *e, enum place place)
{
    e->place = place;
    DL_APPEND(o->list[place], e);
    o->n[place]++;
}

static void prepend(struct outbox *o, struct entry *e, enum place place)
{
    e->place = place;
    DL_PREPEND(o->list[place], e);
    o->n[place]++;
}

/* One entry stands for each label set. */
static bool replaces(const struct outbox *o)
{
    return o->config.kind == RECEIVER_ALERTMANAGER ||
           (o->config.is_new && !o->open);
}

static void remove_entry(struct outbox *o, struct entry *e)
{
    unlink_entry(o, e);
    if (replaces(o) && !e->stale)
        HASH_DEL(o->known, e);
    alert_unref(e->alert);
    free(e);
}

void outbox_free(struct outbox *o)
{
    size_t i;

    if (!o)
        return;
    for (i = 0; i < PLACES; i++)
        while (o->list[i])
            remove_entry(o, o->list[i]);
    free(o);
}

static void replace_known(struct outbox *o, uint64_t fingerprint)
{
    struct entry *e;

    HASH_FIND(hh, o->known, &fingerprint, sizeof(fingerprint), e);
    if (!e)
        return;
    if (e->place != FLYING) {
        remove_entry(o, e);
        return;
    }
    HASH_DEL(o->known, e);
    e->stale = true;
}

/* Of an alert kept too many: an end that was taken is the least loss. */
static struct entry *least(struct outbox *o)
{
    struct entry *e;

    for (e = o->list[HELD]; e; e = e->next)
        if (!e->alert->firing)
            return e;
    return o->list[WAITING] ? o->list[WAITING] : o->list[HELD];
}

static unsigned keep_bound(struct outbox *o)
{
    unsigned news = 0;
    struct entry *e;

    while (o->n[WAITING] + o->n[HELD] > o->config.max) {
        e = least(o);
        if (e->owed || e->alert->firing) {
            o->figures.dropped++;
            news |= o->full ? 0 : OUTBOX_FULL;
            o->full = true;
        }
        remove_entry(o, e);
    }
    return news;
}

/* Not told at all. */
static bool is_passed_over(const struct outbox *o, const struct alert *a)
{
    bool history = !o->open && o->config.is_new;
    bool taken =
        !o->open && !o->config.is_new && a->ordinal <= o->config.delivered;

    if (o->config.kind == RECEIVER_WEBHOOK && taken)
        return true;
    return !a->firing && (o->config.skip_resolved || history || taken);
}

unsigned outbox_put(struct outbox *o, struct alert *a, nsec now)
{
    struct entry *e;

    o->last = a->ordinal;
    if (replaces(o))
        replace_known(o, a->fingerprint);
    if (is_passed_over(o, a))
        return 0;
    e = xcalloc(1, sizeof(*e));
    e->alert = alert_ref(a);
    e->put_at = now;
    e->owed = o->open || o->config.is_new || a->ordinal > o->config.delivered;
    e->sent_at = -o->config.resend_every; /* if it is not owed: due at once */
    append(o, e, e->owed ? WAITING : HELD);
    if (replaces(o))
        HASH_ADD_KEYPTR(hh, o->known, &e->alert->fingerprint,
                        sizeof(e->alert->fingerprint), e);
    return keep_bound(o);
}

void outbox_open(struct outbox *o)
{
    o->open = true;
    if (!replaces(o))
        HASH_CLEAR(hh, o->known);
}

/* Some that would be due soon go along. */
static bool is_due(const struct outbox *o, const struct entry *e, nsec now,
                   bool soon)
{
    nsec every = o->config.resend_every;

    return nsec_add(e->sent_at, soon ? every - every / 4 : every) <= now;
}

/* Until the end of its time, even if that falls into an outage. */
static void forget_ended(struct outbox *o, nsec now)
{
    struct entry *e, *next;

    for (e = o->list[HELD]; e; e = next) {
        next = e->next;
        if (e->ends_at && e->ends_at <= now)
            remove_entry(o, e);
    }
}

struct gathered {
    struct alert *alert[BODY_ALERTS_MAX];
    size_t n;
    bool closed;
};

static void gather(struct gathered *g, const struct entry *e)
{
    if (g->n == BODY_ALERTS_MAX || (e->alone && g->n)) {
        g->closed = true;
        return;
    }
    g->alert[g->n++] = e->alert;
    g->closed = e->alone;
}

/* The alerts of the next post, in the order of the lists. */
static void gather_next(struct outbox *o, nsec now, struct gathered *g)
{
    bool webhook = o->config.kind == RECEIVER_WEBHOOK;
    struct entry *e;

    for (e = o->list[WAITING]; e && !g->closed; e = e->next)
        if (webhook && g->n && !slice_eq(g->alert[0]->name, e->alert->name))
            g->closed = true;
        else
            gather(g, e);
    e = o->list[HELD];
    if (!e || !is_due(o, e, now, false))
        return;
    for (; e && !g->closed && is_due(o, e, now, true); e = e->next)
        gather(g, e);
}

bool outbox_take(struct outbox *o, nsec now, nsec wall, struct buf *body)
{
    struct body_about about = {
        .receiver = o->config.name,
        .external_url = o->config.external_url,
        .firing_until = nsec_add(wall, 4 * o->config.resend_every),
    };
    struct gathered g = { .n = 0 };
    struct entry *e;
    size_t n;

    if (!o->open || o->n[FLYING] || now < o->not_before)
        return false;
    forget_ended(o, now);
    gather_next(o, now, &g);
    if (!g.n)
        return false;
    if (o->config.kind == RECEIVER_WEBHOOK)
        n = body_webhook(&about, g.alert, g.n, body);
    else
        n = body_alertmanager(&about, g.alert, g.n, body);
    while (n--) {
        e = o->list[o->n[WAITING] ? WAITING : HELD];
        unlink_entry(o, e);
        append(o, e, FLYING);
    }
    return true;
}

static void settle_taken(struct outbox *o, struct entry *e, nsec now)
{
    if (e->owed) {
        o->figures.taken++;
        o->figures.latency = now - e->put_at;
    }
    if (o->config.kind == RECEIVER_WEBHOOK || e->stale) {
        remove_entry(o, e);
        return;
    }
    if (e->owed && !e->alert->firing)
        e->ends_at = nsec_add(now, ENDED_FOR);
    e->owed = false;
    e->alone = false;
    e->sent_at = now;
    unlink_entry(o, e);
    append(o, e, HELD);
}

/* To the front, where it came from. */
static void put_back(struct outbox *o)
{
    struct entry *e;

    while (o->list[FLYING]) {
        e = o->list[FLYING]->prev; /* the last */
        if (e->stale) {
            remove_entry(o, e);
        } else {
            unlink_entry(o, e);
            prepend(o, e, e->owed ? WAITING : HELD);
        }
    }
}

static unsigned on_taken(struct outbox *o, nsec now)
{
    unsigned news = o->figures.tries ? OUTBOX_UP : 0;

    while (o->list[FLYING])
        settle_taken(o, o->list[FLYING], now);
    o->full = false;
    o->figures.tries = 0;
    return news;
}

static unsigned on_refused(struct outbox *o)
{
    struct entry *e;

    o->figures.failed++;
    if (o->n[FLYING] == 1) {
        o->figures.dropped++;
        remove_entry(o, o->list[FLYING]);
        return OUTBOX_DROPPED;
    }
    for (e = o->list[FLYING]; e; e = e->next)
        e->alone = true;
    put_back(o);
    return 0;
}

/* xorshift64: below n. */
static nsec chance_below(struct outbox *o, nsec n)
{
    o->chance ^= o->chance << 13;
    o->chance ^= o->chance >> 7;
    o->chance ^= o->chance << 17;
    return (nsec)(o->chance % (uint64_t)n);
}

static unsigned on_failed(struct outbox *o, nsec now, nsec asked)
{
    uint64_t tries = ++o->figures.tries;
    nsec wait = RETRY_MOST;

    o->figures.failed++;
    put_back(o);
    if (tries < 7) /* 32 s */
        wait = RETRY_FIRST << (tries - 1);
    wait -= chance_below(o, wait / 5);
    if (asked > RETRY_AFTER_MAX)
        asked = RETRY_AFTER_MAX;
    if (wait < asked)
        wait = asked;
    o->not_before = now + wait;
    if (tries > 1)
        return 0;
    o->figures.down_at = now;
    return OUTBOX_DOWN;
}

struct alert *outbox_under_way(const struct outbox *o)
{
    return o->list[FLYING] ? o->list[FLYING]->alert : NULL;
}

unsigned outbox_answer(struct outbox *o, nsec now,
                       const struct outbox_answer *answer)
{
    assert(o->n[FLYING]);
    switch (answer->verdict) {
    case VERDICT_TAKEN:
        return on_taken(o, now);
    case VERDICT_REFUSED:
        return on_refused(o);
    default:
        return on_failed(o, now, answer->retry_after);
    }
}

nsec outbox_due(const struct outbox *o)
{
    nsec at = NSEC_MAX;

    if (!o->open || o->n[FLYING])
        return NSEC_MAX;
    if (o->list[WAITING])
        at = 0;
    else if (o->list[HELD])
        at = nsec_add(o->list[HELD]->sent_at, o->config.resend_every);
    return at > o->not_before ? at : o->not_before;
}

uint64_t outbox_delivered(const struct outbox *o)
{
    const struct entry *e = o->list[FLYING];

    if (!e || !e->owed)
        e = o->list[WAITING];
    return e ? e->alert->ordinal - 1 : o->last;
}

struct outbox_figures outbox_figures(const struct outbox *o)
{
    struct outbox_figures f = o->figures;
    const struct entry *e;

    f.waiting = o->n[WAITING];
    for (e = o->list[FLYING]; e; e = e->next)
        f.waiting += e->owed;
    return f;
}
