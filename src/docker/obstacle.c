#include "docker/deed.h"

#include "docker/body.h"

#include <stdio.h>

#define REPAIRS_MAX 8
#define BODY_MAX    (64u << 10)

static const char *const k_networks[] = { "NetworkSettings", "Networks" };

/* The entry of the network that the message says is gone; 0: none. */
static size_t lost_network(const struct tape *t, struct slice which,
                           struct slice *ret_name)
{
    size_t all = tape_at(t, k_networks, 2);

    if (!all || t->op[all].kind != TAPE_OBJECT || !which.n)
        return 0;
    for (size_t i = all + 1; i < t->op[all].end; i = t->op[i].end) {
        struct slice name = tape_text(&t->op[i]);

        if (t->op[i].flags & TAPE_DEAD)
            continue;
        if (!slice_eq(name, which) &&
            !slice_eq(tape_string(t, tape_find(t, i + 1, "NetworkID")), which))
            continue;
        *ret_name = name;
        return i + 1;
    }
    return 0;
}

static size_t lost(struct deed *a, struct tape *t, struct slice *ret_name)
{
    if (tape_parse(a->d->parser, buf_view(&a->inspect), t, NULL))
        return 0;
    return lost_network(t, verdict_network(slice_str(a->message)), ret_name);
}

static void on_connected(struct deed *a, const struct http_end *end)
{
    char words[200];

    if (deed_unanswered(a, end, "connecting it to its network"))
        return;
    if (end->head.code == 200 || end->head.code == 204) {
        deed_look(a);
        return;
    }
    engine_message(a->d, end, words, sizeof(words));
    deed_done(a, end->head.code == 403 ? "denied" : "network", end->head.code,
              "its network was made anew, and connecting it failed: %s", words);
}

/*
 * The engine puts the new connection in the place of the stale one of the same
 * name.  It is not disconnected before: what then cannot be connected would
 * start without any network.
 */
static void connect_it(struct deed *a, struct slice network)
{
    char path[ID_MAX + 32];
    struct errand errand = {
        .act = true, .post = true, .path = path, .then = on_connected
    };
    struct slice name;
    struct buf body;
    struct tape t;
    size_t at;

    snprintf(path, sizeof(path), "/networks/%.*s/connect", SLICE_ARG(network));
    at = lost(a, &t, &name);
    buf_init(&body, BODY_MAX);
    body_connect(&t, at, a->act.container, a->act.container, &body);
    errand.content = buf_view(&body);
    if (buf_ok(&body))
        deed_send(a, &errand);
    else
        deed_done(a, "network", 0, "its connection is too large to be made");
    buf_release(&body);
}

/* Found by its name, of which there may be several: 400 then. */
static void on_network(struct deed *a, const struct http_end *end)
{
    char id[ID_MAX + 1], words[200];
    struct tape t;
    struct slice found;

    if (deed_unanswered(a, end, "asking for its network"))
        return;
    engine_message(a->d, end, words, sizeof(words));
    if (end->head.code == 403) {
        deed_done(a, "denied", 403, "asking for its network: %s", words);
        return;
    }
    if (end->head.code != 200) {
        deed_done(a, "network", end->head.code, "%s", words);
        return;
    }
    if (tape_parse(a->d->parser, end->body, &t, NULL))
        t.n = 0;
    found = t.n ? tape_string(&t, tape_find(&t, 0, "Id")) : slice_of("", 0);
    copy_text(found, id, sizeof(id));
    if (container_id_ok(found))
        connect_it(a, slice_str(id));
    else
        deed_done(a, "network", 200, "the engine does not say its network");
}

void deed_network(struct deed *a)
{
    struct errand errand = { .act = true, .then = on_network };
    struct slice name;
    struct buf path;
    struct tape t;

    if (!lost(a, &t, &name)) {
        deed_done(a, "network", a->code, "%s", a->message);
        return;
    }
    if (!a->act.repair_network || a->repairs++ == REPAIRS_MAX) {
        deed_done(a, "network", a->code, "network %.*s was removed%s",
                  SLICE_ARG(name), a->repairs ? " again and again" : "");
        return;
    }
    buf_init(&path, 4096);
    buf_str(&path, "/networks/");
    deed_escape(name, "", &path);
    errand.path = buf_cstr(&path);
    deed_send(a, &errand);
    buf_release(&path);
}

/* -- ports -------------------------------------------------------------- */

static bool publishes(const struct tape *t, size_t container, int port)
{
    size_t ports = tape_find(t, container, "Ports");

    if (!ports || t->op[ports].kind != TAPE_ARRAY)
        return false;
    for (size_t i = ports + 1; i < t->op[ports].end; i = tape_next(t, i)) {
        if (tape_int(t, tape_find(t, i, "PublicPort")) == port)
            return true;
    }
    return false;
}

static struct slice first_name(const struct tape *t, size_t container)
{
    size_t names = tape_find(t, container, "Names");
    struct slice name = slice_of("", 0);

    if (names && t->op[names].kind == TAPE_ARRAY &&
        t->op[names].end > names + 1)
        name = tape_string(t, names + 1);
    if (name.n && *name.p == '/')
        name = slice_of(name.p + 1, name.n - 1);
    return name;
}

static void on_running(struct deed *a, const struct http_end *end)
{
    int port = verdict_port(slice_str(a->message));
    struct slice holder = slice_of("", 0);
    struct tape t;

    if (end->status != ST_OK || end->head.code != 200 ||
        tape_parse(a->d->parser, end->body, &t, NULL) ||
        t.op[0].kind != TAPE_ARRAY) {
        deed_done(a, "port", a->code, "port %d is taken", port);
        return;
    }
    for (size_t i = 1; i < t.op[0].end && !holder.n; i = tape_next(&t, i)) {
        if (publishes(&t, i, port))
            holder = first_name(&t, i);
    }
    if (holder.n)
        deed_done(a, "port", a->code, "port %d is taken by %.*s", port,
                  SLICE_ARG(holder));
    else
        deed_done(a, "port", a->code,
                  "port %d is taken, by none of the containers", port);
}

void deed_port(struct deed *a)
{
    const struct errand running = { .path = "/containers/json",
                                    .after = true,
                                    .then = on_running };

    if (verdict_port(slice_str(a->message)))
        deed_send(a, &running);
    else
        deed_done(a, "port", a->code, "%s", a->message);
}
