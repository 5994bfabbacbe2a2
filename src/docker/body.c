#include "docker/body.h"

#include "data/json.h"
#include "docker/engine.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_ID 12
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char *const k_hostname[] = { "Config", "Hostname" };
static const char *const k_labels[] = { "Config", "Labels" };
static const char *const k_mac[] = { "Config", "MacAddress" };
static const char *const k_mode[] = { "HostConfig", "NetworkMode" };
static const char *const k_uts[] = { "HostConfig", "UTSMode" };
static const char *const k_binds[] = { "HostConfig", "Binds" };
static const char *const k_mounts[] = { "HostConfig", "Mounts" };
static const char *const k_networks[] = { "NetworkSettings", "Networks" };

/* -- objects and arrays, piece by piece ---------------------------------- */

/* An object or an array that is being written. */
struct list {
    struct buf *out;
    bool any;
};

static struct buf *item(struct list *l)
{
    if (l->any)
        buf_char(l->out, ',');
    l->any = true;
    return l->out;
}

static struct buf *member(struct list *l, const char *key)
{
    json_string(slice_str(key), item(l));
    buf_char(l->out, ':');
    return l->out;
}

static void text_member(struct list *l, const char *key, struct slice value)
{
    json_string(value, member(l, key));
}

static bool is_one_of(struct slice key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_is(key, keys[i]))
            return true;
    }
    return false;
}

/* All members but those of the keys. */
static void copy_members(const struct tape *t, size_t at,
                         const char *const *keys, size_t n, struct list *to)
{
    if (!at || t->op[at].kind != TAPE_OBJECT)
        return;
    for (size_t i = at + 1; i < t->op[at].end; i = t->op[i].end) {
        struct slice key = tape_text(&t->op[i]);

        if (t->op[i].flags & TAPE_DEAD || is_one_of(key, keys, n))
            continue;
        json_string(key, item(to));
        buf_char(to->out, ':');
        json_value(t, i + 1, to->out);
    }
}

/* The first item of an array, and the one behind it; 0: there is none. */
static size_t first(const struct tape *t, size_t array)
{
    return array && t->op[array].kind == TAPE_ARRAY &&
                   t->op[array].end > array + 1
               ? array + 1
               : 0;
}

static size_t following(const struct tape *t, size_t array, size_t i)
{
    i = tape_next(t, i);
    return i < t->op[array].end ? i : 0;
}

static struct slice text_at(const struct tape *t, const char *const *keys)
{
    return tape_string(t, tape_at(t, keys, 2));
}

static struct slice short_id(struct slice id)
{
    return slice_of(id.p, id.n < SHORT_ID ? id.n : SHORT_ID);
}

/* -- what is kept -------------------------------------------------------- */

void body_spec(const struct tape *inspect, struct buf *out)
{
    static const char *const kept[] = { "Id",     "Name",       "Image",
                                        "Config", "HostConfig", "Mounts" };
    size_t networks = tape_at(inspect, k_networks, 2);
    struct list spec = { .out = out };

    buf_char(out, '{');
    for (size_t i = 0; i < COUNT(kept); i++) {
        size_t at = tape_find(inspect, 0, kept[i]);

        if (at)
            json_value(inspect, at, member(&spec, kept[i]));
    }
    buf_str(member(&spec, "NetworkSettings"), "{\"Networks\":");
    if (networks)
        json_value(inspect, networks, out);
    else
        buf_str(out, "{}");
    buf_str(out, "}}");
}

/* -- networks ------------------------------------------------------------ */

static bool joins_another(struct slice mode)
{
    static const char prefix[] = "container:";
    size_t n = strlen(prefix);

    return mode.n >= n && memcmp(mode.p, prefix, n) == 0;
}

enum status body_primary(const struct tape *spec, size_t *ret_endpoint,
                         struct err *why)
{
    struct slice mode = text_at(spec, k_mode);
    size_t all = tape_at(spec, k_networks, 2);

    *ret_endpoint = 0;
    if (slice_is(mode, "host") || slice_is(mode, "none") || joins_another(mode))
        return ST_OK;
    if (slice_is(mode, "default") || !mode.n)
        mode = slice_str("bridge");
    for (size_t i = all + 1; all && i < spec->op[all].end;
         i = spec->op[i].end) {
        size_t id = tape_find(spec, i + 1, "NetworkID");

        if (spec->op[i].flags & TAPE_DEAD ||
            (!slice_eq(tape_text(&spec->op[i]), mode) &&
             !slice_eq(tape_string(spec, id), mode)))
            continue;
        *ret_endpoint = i + 1;
        return ST_OK;
    }
    err_set(why, "it was disconnected from the network %.*s it was made with",
            SLICE_ARG(mode));
    return ST_BAD;
}

static void aliases(const struct tape *t, size_t at, struct slice old,
                    struct buf *out)
{
    struct list l = { .out = out };

    buf_char(out, '[');
    for (size_t i = first(t, at); i; i = following(t, at, i)) {
        if (!slice_eq(tape_string(t, i), short_id(old)))
            json_value(t, i, item(&l));
    }
    buf_char(out, ']');
}

/* mac: "" or one that was asked for. */
static void endpoint_settings(const struct tape *t, size_t at, struct slice old,
                              struct slice mac, struct buf *out)
{
    /* What the engine found out, not what somebody asked for. */
    static const char *const found[] = {
        "Aliases",     "NetworkID",         "EndpointID",
        "Gateway",     "IPAddress",         "IPPrefixLen",
        "IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen",
        "MacAddress",  "DNSNames",
    };
    struct list l = { .out = out };

    buf_char(out, '{');
    aliases(t, tape_find(t, at, "Aliases"), old, member(&l, "Aliases"));
    if (mac.n)
        text_member(&l, "MacAddress", mac);
    copy_members(t, at, found, COUNT(found), &l);
    buf_char(out, '}');
}

void body_connect(const struct tape *t, size_t endpoint, struct slice old,
                  struct slice container, struct buf *out)
{
    buf_str(out, "{\"Container\":");
    json_string(container, out);
    buf_str(out, ",\"EndpointConfig\":");
    endpoint_settings(t, endpoint, old, slice_of("", 0), out);
    buf_char(out, '}');
}

/* -- volumes and binds --------------------------------------------------- */

struct bind {
    struct slice source, target, options;
};

/* "source:target[:options]", or "target" alone. */
static struct bind bind_of(struct slice text)
{
    struct bind b = { .target = text };
    const char *colon = memchr(text.p, ':', text.n);

    if (!colon)
        return b;
    b.source = slice_of(text.p, (size_t)(colon - text.p));
    b.target = slice_of(colon + 1, text.n - b.source.n - 1);
    colon = memchr(b.target.p, ':', b.target.n);
    if (colon) {
        b.options =
            slice_of(colon + 1, b.target.n - (size_t)(colon - b.target.p) - 1);
        b.target.n = (size_t)(colon - b.target.p);
    }
    return b;
}

static bool is_path(struct slice s)
{
    return s.n && *s.p == '/';
}

static bool same_path(struct slice a, struct slice b)
{
    while (a.n > 1 && a.p[a.n - 1] == '/')
        a.n--;
    while (b.n > 1 && b.p[b.n - 1] == '/')
        b.n--;
    return slice_eq(a, b);
}

static bool next_option(struct slice *rest, struct slice *ret)
{
    const char *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;

    if (!rest->n)
        return false;
    *ret = *rest;
    if (comma)
        ret->n = (size_t)(comma - rest->p);
    *rest = slice_of(rest->p + ret->n, rest->n - ret->n);
    if (rest->n)
        *rest = slice_of(rest->p + 1, rest->n - 1);
    return true;
}

/*
 * As a mount: of a bind the engine would make a missing source itself, an
 * empty directory, and start.
 */
static enum status bind_mount(const struct bind *b, struct list *mounts,
                              struct err *why)
{
    static const char *const propagations[] = {
        "private", "rprivate", "shared", "rshared", "slave", "rslave"
    };
    struct slice rest = b->options, o, propagation = slice_of("", 0);
    struct list l = { .out = mounts->out };
    bool read_only = false;

    while (next_option(&rest, &o)) {
        if (is_one_of(o, propagations, COUNT(propagations))) {
            propagation = o;
        } else if (slice_is(o, "ro")) {
            read_only = true;
        } else if (!slice_is(o, "rw")) {
            err_set(why,
                    "its bind of %.*s has the option %.*s, which cannot "
                    "be kept",
                    SLICE_ARG(b->source), SLICE_ARG(o));
            return ST_BAD;
        }
    }
    buf_char(item(mounts), '{');
    text_member(&l, "Type", slice_str("bind"));
    text_member(&l, "Source", b->source);
    text_member(&l, "Target", b->target);
    buf_str(member(&l, "ReadOnly"), read_only ? "true" : "false");
    if (propagation.n) {
        buf_str(member(&l, "BindOptions"), "{\"Propagation\":");
        json_string(propagation, l.out);
        buf_char(l.out, '}');
    }
    buf_char(l.out, '}');
    return ST_OK;
}

/* The name of the volume that is mounted at target; "": none. */
static struct slice volume_at(const struct tape *t, struct slice target)
{
    size_t all = tape_find(t, 0, "Mounts");

    for (size_t i = first(t, all); i; i = following(t, all, i)) {
        struct slice where = tape_string(t, tape_find(t, i, "Destination"));

        if (same_path(where, target) &&
            slice_is(tape_string(t, tape_find(t, i, "Type")), "volume"))
            return tape_string(t, tape_find(t, i, "Name"));
    }
    return slice_of("", 0);
}

/* A mount of a volume that nobody named gets the name that the engine gave. */
static void copy_mount(const struct tape *t, size_t at, struct list *mounts)
{
    static const char *const source[] = { "Source" };
    struct slice target = tape_string(t, tape_find(t, at, "Target"));
    bool anonymous =
        slice_is(tape_string(t, tape_find(t, at, "Type")), "volume") &&
        !tape_string(t, tape_find(t, at, "Source")).n;
    struct list l = { .out = mounts->out };

    if (!anonymous || t->op[at].kind != TAPE_OBJECT) {
        json_value(t, at, item(mounts));
        return;
    }
    buf_char(item(mounts), '{');
    text_member(&l, "Source", volume_at(t, target));
    copy_members(t, at, source, 1, &l);
    buf_char(l.out, '}');
}

static enum status mounts(const struct tape *t, struct buf *out,
                          struct err *why)
{
    size_t binds = tape_at(t, k_binds, 2), all = tape_at(t, k_mounts, 2);
    struct list l = { .out = out };
    enum status st = ST_OK;

    buf_char(out, '[');
    for (size_t i = first(t, all); i; i = following(t, all, i))
        copy_mount(t, i, &l);
    for (size_t i = first(t, binds); i && !st; i = following(t, binds, i)) {
        struct bind b = bind_of(tape_string(t, i));

        if (is_path(b.source))
            st = bind_mount(&b, &l, why);
    }
    buf_char(out, ']');
    return st;
}

/* Asked for in Binds or Mounts: the volume has its name from there. */
static bool is_asked_for(const struct tape *t, struct slice target)
{
    size_t binds = tape_at(t, k_binds, 2), all = tape_at(t, k_mounts, 2);

    for (size_t i = first(t, all); i; i = following(t, all, i)) {
        if (same_path(tape_string(t, tape_find(t, i, "Target")), target))
            return true;
    }
    for (size_t i = first(t, binds); i; i = following(t, binds, i)) {
        struct bind b = bind_of(tape_string(t, i));

        if (b.source.n && same_path(b.target, target))
            return true;
    }
    return false;
}

/* Named volumes as they were, and by name those that nobody had named. */
static void binds(const struct tape *t, struct buf *out)
{
    size_t asked = tape_at(t, k_binds, 2), all = tape_find(t, 0, "Mounts");
    struct list l = { .out = out };

    buf_char(out, '[');
    for (size_t i = first(t, asked); i; i = following(t, asked, i)) {
        struct bind b = bind_of(tape_string(t, i));

        if (b.source.n && !is_path(b.source))
            json_value(t, i, item(&l));
    }
    for (size_t i = first(t, all); i; i = following(t, all, i)) {
        struct slice target = tape_string(t, tape_find(t, i, "Destination"));
        struct slice name = tape_string(t, tape_find(t, i, "Name"));
        size_t rw = tape_find(t, i, "RW");
        struct buf text;

        if (!slice_is(tape_string(t, tape_find(t, i, "Type")), "volume") ||
            is_asked_for(t, target))
            continue;
        buf_init(&text, name.n + target.n + 8);
        buf_slice(&text, name);
        buf_char(&text, ':');
        buf_slice(&text, target);
        if (rw && t->op[rw].kind == TAPE_FALSE)
            buf_str(&text, ":ro");
        json_string(buf_view(&text), item(&l));
        buf_release(&text);
    }
    buf_char(out, ']');
}

/* -- create -------------------------------------------------------------- */

static void labels(const struct tape *t, struct buf *out)
{
    static const char *const ours[] = { LABEL_GENERATION, LABEL_RECREATED };
    size_t at = tape_at(t, k_labels, 2);
    char text[16];
    struct list l = { .out = out };
    long generation = 0;

    if (at) {
        copy_text(tape_string(t, tape_find(t, at, LABEL_GENERATION)), text,
                  sizeof(text));
        generation = strtol(text, NULL, 10);
    }
    if (generation < 0 || generation > 1000000000)
        generation = 0;
    buf_char(out, '{');
    copy_members(t, at, ours, COUNT(ours), &l);
    buf_printf(member(&l, LABEL_GENERATION), "\"%ld\"", generation + 1);
    text_member(&l, LABEL_RECREATED, tape_string(t, tape_find(t, 0, "Id")));
    buf_char(out, '}');
}

static void config(const struct tape *t, const struct body_create *how,
                   struct list *body)
{
    const char *skip[6] = { "Image", "Labels" };
    struct slice mode = text_at(t, k_mode), id;
    size_t n = 2;

    id = tape_string(t, tape_find(t, 0, "Id"));
    if (slice_eq(text_at(t, k_hostname), short_id(id)) || joins_another(mode) ||
        slice_is(text_at(t, k_uts), "host"))
        skip[n++] = "Hostname";
    /* The joined container has these; engines refuse them beside it. */
    if (joins_another(mode)) {
        skip[n++] = "Domainname";
        skip[n++] = "ExposedPorts";
    }
    if (how->minor >= 44)
        skip[n++] = "MacAddress"; /* it is the endpoint's */
    copy_members(t, tape_find(t, 0, "Config"), skip, n, body);
    text_member(body, "Image", how->image);
    labels(t, member(body, "Labels"));
}

static enum status host_config(const struct tape *t, struct slice network,
                               struct buf *out, struct err *why)
{
    static const char *const ours[] = { "Binds", "Mounts", "NetworkMode" };
    struct list l = { .out = out };
    enum status st;

    buf_char(out, '{');
    copy_members(t, tape_find(t, 0, "HostConfig"), ours, COUNT(ours), &l);
    /* Where it was an id, that network may have been made anew. */
    text_member(&l, "NetworkMode", network);
    binds(t, member(&l, "Binds"));
    st = mounts(t, member(&l, "Mounts"), why);
    buf_char(out, '}');
    return st;
}

static bool is_default_bridge(struct slice mode)
{
    return !mode.n || slice_is(mode, "default") || slice_is(mode, "bridge");
}

enum status body_create(const struct tape *spec, const struct body_create *how,
                        struct buf *out, struct err *why)
{
    struct slice id = tape_string(spec, tape_find(spec, 0, "Id"));
    struct slice mode = text_at(spec, k_mode), network = mode;
    struct slice mac = slice_of("", 0);
    struct list body = { .out = out };
    size_t endpoint;
    enum status st = body_primary(spec, &endpoint, why);

    if (st)
        return st;
    if (how->minor >= 44)
        mac = text_at(spec, k_mac);
    if (endpoint && !is_default_bridge(mode))
        network = tape_text(&spec->op[endpoint - 1]);
    buf_char(out, '{');
    config(spec, how, &body);
    st = host_config(spec, network, member(&body, "HostConfig"), why);
    if (endpoint && (!is_default_bridge(mode) || mac.n)) {
        buf_str(member(&body, "NetworkingConfig"), "{\"EndpointsConfig\":{");
        json_string(tape_text(&spec->op[endpoint - 1]), out);
        buf_char(out, ':');
        endpoint_settings(spec, endpoint, id, mac, out);
        buf_str(out, "}}");
    }
    buf_char(out, '}');
    if (st == ST_OK && !buf_ok(out)) {
        err_set(why, "what is kept of it is too large to be sent");
        st = ST_BAD;
    }
    return st;
}
