#include "docker/networks.h"

#include "docker/engine.h"

#include <stdio.h>
#include <string.h>

static const char *const k_networks[] = { "NetworkSettings", "Networks" };
static const char *const k_mode[] = { "HostConfig", "NetworkMode" };

static bool shared(const struct networks *own, struct slice id)
{
    for (size_t i = 0; i < own->n; i++) {
        if (slice_is(id, own->own[i]))
            return true;
    }
    return false;
}

static struct slice address_of(const struct tape *t, size_t network)
{
    struct slice a = tape_string(t, tape_find(t, network, "IPAddress"));

    return a.n ? a : tape_string(t, tape_find(t, network, "GlobalIPv6Address"));
}

void networks_address(const struct networks *own, const struct tape *t,
                      char out[ADDRESS_MAX])
{
    size_t all = tape_at(t, k_networks, 2);
    struct slice best = slice_of("", 0);
    bool best_shared = false;

    if (slice_is(tape_string(t, tape_at(t, k_mode, 2)), "host"))
        best = slice_str("127.0.0.1");
    else if (all && t->op[all].kind == TAPE_OBJECT)
        for (size_t i = all + 1; i < t->op[all].end; i = t->op[i].end) {
            struct slice a = address_of(t, i + 1);
            struct slice id = tape_string(t, tape_find(t, i + 1, "NetworkID"));

            if (!a.n || best_shared || (best.n && !shared(own, id)))
                continue;
            best = a;
            best_shared = shared(own, id);
        }
    copy_text(best, out, ADDRESS_MAX);
}

static void read_own(struct networks *own, const struct tape *t)
{
    size_t all = tape_at(t, k_networks, 2);

    own->n = 0;
    memset(own->own, 0, sizeof(own->own));
    if (!all || t->op[all].kind != TAPE_OBJECT)
        return;
    for (size_t i = all + 1; i < t->op[all].end && own->n < OWN_NETWORKS_MAX;
         i = t->op[i].end) {
        struct slice id = tape_string(t, tape_find(t, i + 1, "NetworkID"));

        if (id.n && id.n <= NETWORK_ID_MAX)
            copy_text(id, own->own[own->n++], NETWORK_ID_MAX + 1);
    }
}

static void look_again(struct docker *d)
{
    struct container *c, *next;

    HASH_ITER(hh, d->containers, c, next)
    {
        if (!c->gone)
            inspect_anew(c);
    }
}

static void on_self(void *self, const struct http_end *end)
{
    struct docker *d = self;
    struct networks before = d->networks;
    struct tape t;

    d->networks.request = NULL;
    if (end->status != ST_OK || end->head.code != 200 ||
        tape_parse(d->parser, end->body, &t, NULL))
        return;
    read_own(&d->networks, &t);
    if (before.n != d->networks.n ||
        memcmp(before.own, d->networks.own, sizeof(before.own)) != 0)
        look_again(d);
}

void networks_ask(struct docker *d)
{
    struct http_ask get = { .self = d, .on_end = on_self };
    char path[128];

    if (!d->config.self_id || d->networks.request)
        return;
    snprintf(path, sizeof(path), "/containers/%.64s/json", d->config.self_id);
    (void)!engine_get(d, path, &get, &d->networks.request);
}

void networks_cancel(struct docker *d)
{
    http_cancel(d->networks.request);
    d->networks.request = NULL;
}
