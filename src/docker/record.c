#include "docker/record.h"

#include "base/alloc.h"
#include "docker/engine.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 65536 /* while the journal cannot be written */

static struct record *make(nsec ts, struct slice id, struct slice text)
{
    struct record *r = xcalloc(1, sizeof(*r) + id.n + text.n);
    char *p = (char *)(r + 1);

    r->ts = ts;
    r->fd = id.n ? RECORDS_FD : 0;
    if (id.n)
        memcpy(p, id.p, id.n);
    memcpy(p + id.n, text.p, text.n);
    r->id = slice_of(p, id.n);
    r->text = slice_of(p + id.n, text.n);
    return r;
}

void records_put(struct docker *d, nsec ts, struct slice id, struct slice text)
{
    struct records *q = &d->records;
    struct record *r;

    /* What is to be erased must be, or it would stand for ever. */
    if (q->n >= RECORDS_MAX && id.n) {
        if (!q->full_said)
            docker_say(d, DOCKER_WARN,
                       "the journal has not been written for %d events of "
                       "Docker: those that come are not counted",
                       RECORDS_MAX);
        q->full_said = true;
        return;
    }
    r = make(ts, id, text);
    if (!q->first)
        q->end = &q->first;
    *q->end = r;
    q->end = &r->next;
    q->n++;
    if (!q->offer)
        q->offer = r;
    (void)records_flush(d);
}

enum status records_source(struct docker *d, uint32_t *ret_source)
{
    struct source source = {
        .blade = slice_str(RECORDS_BLADE),
        .run = slice_str(RECORDS_RUN),
        .mode = MODE_SHARD,
        .trusted = true,
    };
    struct records *q = &d->records;
    enum status st = ST_OK;

    if (!q->declared)
        st = d->intake->source(d->intake->self, &source, &q->source, NULL);
    q->declared = st == ST_OK;
    *ret_source = q->source;
    return st;
}

static enum status offer(struct docker *d, struct record *r)
{
    struct line line = {
        .ts = r->ts, .fd = r->fd, .text = r->text, .id = r->id
    };
    enum status st = records_source(d, &line.source);

    if (st)
        return st;
    st = d->intake->line(d->intake->self, &line, &r->ticket, NULL);
    /* It will never be taken: it goes with those before it. */
    if (st == ST_BAD || st == ST_LIMIT) {
        docker_say(d, DOCKER_WARN,
                   "what happened to a container is too large to be recorded");
        r->ticket = 0;
        st = ST_OK;
    }
    return st;
}

bool records_flush(struct docker *d)
{
    struct records *q = &d->records;

    if (d->stopped)
        return false;
    for (; q->offer; q->offer = q->offer->next) {
        enum status st = offer(d, q->offer);

        if (st != ST_OK && st != ST_AGAIN)
            facts_later(d);
        if (st)
            return false;
    }
    return true;
}

void records_durable(struct docker *d, uint64_t ticket)
{
    struct records *q = &d->records;

    while (q->first != q->offer && q->first->ticket <= ticket) {
        struct record *r = q->first;

        q->first = r->next;
        q->n--;
        free(r);
    }
    q->full_said &= q->n > 0;
}

void records_discarded(struct docker *d)
{
    d->records.offer = d->records.first;
    d->records.declared = false;
}

void records_release(struct records *q)
{
    while (q->first) {
        struct record *r = q->first;

        q->first = r->next;
        free(r);
    }
    *q = (struct records){ 0 };
}
