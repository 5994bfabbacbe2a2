#include "app/config_notify.h"

#include "base/alloc.h"
#include "notify/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESEND_MIN NSEC_SEC
#define RESEND_MAX (3600 * NSEC_SEC)

/* For %.*s: as much of a value as a sentence can bear. */
#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p

void receiver_release(struct receiver *r)
{
    free((char *)r->name);
    free((char *)r->url);
    free((char *)r->token_file);
    *r = (struct receiver){ 0 };
}

static bool is_called(const struct config *c, const char *name)
{
    size_t i;

    for (i = 0; i < c->nreceivers; i++)
        if (c->receivers[i].name && strcmp(c->receivers[i].name, name) == 0)
            return true;
    return false;
}

/* webhook-1, alertmanager-1, ...: the first that is free. */
static char *free_name(const struct config *c, enum receiver_kind kind)
{
    char name[32];
    unsigned i = 0;

    do {
        snprintf(name, sizeof(name), "%s-%u",
                 kind == RECEIVER_WEBHOOK ? "webhook" : "alertmanager", ++i);
    } while (is_called(c, name));
    return xstrdup(name);
}

enum status config_add_receiver(struct config *c, struct receiver *r,
                                struct err *err)
{
    if (c->nreceivers == CONFIG_RECEIVERS_MAX) {
        err_set(err, "at most %d receivers", CONFIG_RECEIVERS_MAX);
        return ST_LIMIT;
    }
    if (r->name && is_called(c, r->name)) {
        err_set(err, "two receivers are called \"%s\"", r->name);
        return ST_BAD;
    }
    c->receivers =
        xrealloc(c->receivers, (c->nreceivers + 1) * sizeof(*c->receivers));
    c->receivers[c->nreceivers++] = *r;
    *r = (struct receiver){ 0 };
    return ST_OK;
}

void config_name_receivers(struct config *c)
{
    size_t i;

    for (i = 0; i < c->nreceivers; i++)
        if (!c->receivers[i].name)
            c->receivers[i].name = free_name(c, c->receivers[i].kind);
}

/* What the file says about the same URL stands. */
static enum status add_url(struct config *c, enum receiver_kind kind,
                           struct slice url, struct err *err)
{
    struct receiver r = { .kind = kind };
    enum status st = address_check(kind, url, err);
    size_t i;

    if (st)
        return st;
    for (i = 0; i < c->nreceivers; i++)
        if (c->receivers[i].kind == kind && slice_is(url, c->receivers[i].url))
            return ST_OK;
    r.url = xmemdup0(url.p, url.n);
    st = config_add_receiver(c, &r, err);
    receiver_release(&r);
    config_name_receivers(c);
    return st;
}

enum status config_add_webhook(struct config *c, struct slice url,
                               struct err *err)
{
    return add_url(c, RECEIVER_WEBHOOK, url, err);
}

enum status config_add_alertmanager(struct config *c, struct slice url,
                                    struct err *err)
{
    return add_url(c, RECEIVER_ALERTMANAGER, url, err);
}

enum status config_set_resend(struct config *c, struct slice value,
                              struct err *err)
{
    nsec span;

    if (span_parse(value, &span) || span < RESEND_MIN || span > RESEND_MAX) {
        err_set(err,
                "\"%.*s\" is no span from 1s to 1h; write it like 30s or 1m",
                SHOWN(value));
        return ST_BAD;
    }
    c->resend_every = span;
    return ST_OK;
}

enum status config_set_external_url(struct config *c, struct slice value,
                                    struct err *err)
{
    enum status st = address_check(RECEIVER_WEBHOOK, value, err);

    if (st == ST_OK) {
        free(c->external_url);
        c->external_url = xmemdup0(value.p, value.n);
    }
    return st;
}
