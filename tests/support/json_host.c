#include "support/json_host.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "data/json.h"
#include "data/tape.h"

#include <stdlib.h>

#define MARK 7 /* which of a host's trees: there is one */
#define SEED 11

struct event {
    nsec at;
    int64_t amount;
    enum cel_window kind;
};

struct node {
    struct node *parent; /* NULL: the root */
    char *key;
    uint32_t nkey, hash;
    uint8_t kind; /* enum tape_kind */
    char *text;   /* of a scalar, or of an array: JSON */
    size_t ntext;
    struct cel_value value; /* of a scalar */
    struct node **child;    /* of an object, in no order */
    size_t nchildren;
    struct node **index; /* the same by hash: open addressing */
    uint32_t mask;
    nsec seen;
    char *blade, *by_blade;
    struct event *event;
    size_t nevents;
};

struct json_host {
    struct cel_host port;
    struct node *root;
    uint64_t seed;
};

/* -- building ----------------------------------------------------------- */

static struct node *build(const struct tape *tape, size_t i);

static void index_children(struct node *n)
{
    size_t room = 4, i;
    uint32_t at;

    while (room < n->nchildren * 2)
        room *= 2;
    n->mask = (uint32_t)room - 1;
    n->index = xcalloc(room, sizeof(struct node *));
    for (i = 0; i < n->nchildren; i++) {
        at = n->child[i]->hash & n->mask;
        while (n->index[at])
            at = (at + 1) & n->mask;
        n->index[at] = n->child[i];
    }
}

static void build_object(struct node *n, const struct tape *tape, size_t at)
{
    size_t end = tape->op[at].end, i;
    struct node *child;

    n->child = xcalloc(end - at, sizeof(struct node *));
    for (i = at + 1; i < end; i = tape->op[i].end) {
        if (tape->op[i].flags & TAPE_DEAD)
            continue;
        child = build(tape, i + 1);
        child->parent = n;
        child->key = xmemdup0(tape->op[i].p, tape->op[i].n);
        child->nkey = tape->op[i].n;
        child->hash = tape->op[i].hash;
        n->child[n->nchildren++] = child;
    }
    index_children(n);
}

static void keep_text(struct node *n, struct slice text)
{
    n->text = xmemdup0(text.p, text.n);
    n->ntext = text.n;
}

static void build_array(struct node *n, const struct tape *tape, size_t at)
{
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    json_value(tape, at, &b);
    keep_text(n, buf_view(&b));
    buf_release(&b);
}

static struct node *build(const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];
    struct node *n = xcalloc(1, sizeof(*n));

    n->kind = op->kind;
    switch (op->kind) {
    case TAPE_OBJECT:
        build_object(n, tape, i);
        break;
    case TAPE_ARRAY:
        build_array(n, tape, i);
        break;
    case TAPE_STRING:
        keep_text(n, tape_text(op));
        n->value = cel_string(slice_of(n->text, n->ntext));
        break;
    case TAPE_NUMBER:
        n->value = cel_number(tape_text(op));
        break;
    case TAPE_FALSE:
    case TAPE_TRUE:
        n->value = cel_bool(op->kind == TAPE_TRUE);
        break;
    default:
        n->value = cel_null();
        break;
    }
    return n;
}

static void free_node(struct node *n)
{
    size_t i;

    for (i = 0; i < n->nchildren; i++)
        free_node(n->child[i]);
    free(n->child);
    free(n->index);
    free(n->key);
    free(n->text);
    free(n->blade);
    free(n->by_blade);
    free(n->event);
    free(n);
}

/* -- the port ----------------------------------------------------------- */

static uint32_t hash(void *self, struct slice key)
{
    const struct json_host *h = self;

    return hash_key(h->seed, key);
}

static struct cel_place root(void *self)
{
    struct json_host *h = self;

    return (struct cel_place){ .node = h->root, .tree = MARK };
}

static struct cel_place place_of(const struct node *map, struct node *n)
{
    return (struct cel_place){ .map = map, .node = n, .tree = MARK };
}

static bool find_child(const struct node *map, const struct cel_key *key,
                       struct cel_place *ret)
{
    uint32_t at = key->hash & map->mask;
    struct node *n;

    for (; (n = map->index[at]); at = (at + 1) & map->mask) {
        if (n->hash == key->hash && n->nkey == key->text.n &&
            memcmp(n->key, key->text.p, n->nkey) == 0) {
            *ret = place_of(map, n);
            return true;
        }
    }
    *ret = place_of(map, NULL);
    return false;
}

static bool child(void *self, const struct cel_place *in,
                  const struct cel_key *key, struct cel_place *ret)
{
    const struct node *map = in->node;

    (void)self;
    return map->kind == TAPE_OBJECT && find_child(map, key, ret);
}

static struct cel_value load(void *self, struct cel_context *cx,
                             const struct cel_place *place)
{
    const struct node *n = place->node;

    (void)self;
    if (n->kind < TAPE_ARRAY)
        return n->value;
    if (n->kind == TAPE_ARRAY)
        return cel_from_json(cx, slice_of(n->text, n->ntext));
    return (struct cel_value){ .kind = CEL_MAP, .host = MARK, .node = n };
}

static size_t size(void *self, struct cel_value map)
{
    (void)self;
    return ((const struct node *)map.node)->nchildren;
}

static bool next(void *self, struct cel_value map, struct cel_step *step,
                 struct cel_place *ret)
{
    const struct node *n = map.node;

    (void)self;
    if (step->i == n->nchildren)
        return false;
    *ret = place_of(n, n->child[step->i++]);
    return true;
}

static bool get(void *self, struct cel_value map, const struct cel_key *key,
                struct cel_place *ret)
{
    (void)self;
    return find_child(map.node, key, ret);
}

static struct slice key_of(void *self, const struct cel_place *place)
{
    const struct node *n = place->node;

    (void)self;
    return n->key ? slice_of(n->key, n->nkey) : slice_of("", 0);
}

static void path(void *self, const struct cel_place *place, struct buf *out)
{
    struct slice key[TAPE_DEPTH_MAX];
    size_t n = json_host_keys(place, key, TAPE_DEPTH_MAX), i;

    (void)self;
    for (i = 0; i < n; i++) {
        buf_str(out, i ? "." : "");
        buf_slice(out, key[i]);
    }
}

static nsec last_seen(void *self, const struct cel_place *place)
{
    (void)self;
    return ((const struct node *)place->node)->seen;
}

static struct slice blade(void *self, const struct cel_place *place)
{
    (void)self;
    return slice_str(((const struct node *)place->node)->blade);
}

static struct cel_value by_blade(void *self, struct cel_context *cx,
                                 const struct cel_place *place)
{
    const struct node *n = place->node;

    (void)self;
    return cel_from_json(cx, slice_str(n->by_blade ? n->by_blade : "{}"));
}

static struct cel_value window(void *self, struct cel_context *cx,
                               const struct cel_place *place,
                               enum cel_window kind, nsec window_for,
                               nsec *ret_until)
{
    const struct node *n = place->node;
    int64_t sum = 0;
    size_t i;
    nsec end;

    (void)self;
    *ret_until = NSEC_MAX;
    for (i = 0; n && i < n->nevents; i++) {
        end = nsec_add(n->event[i].at, window_for);
        if (n->event[i].kind != kind || n->event[i].at > cx->now ||
            end <= cx->now)
            continue;
        sum += n->event[i].amount;
        if (end < *ret_until)
            *ret_until = end;
    }
    return cel_int(sum);
}

/* -- for tests ---------------------------------------------------------- */

struct json_host *json_host_seeded(struct slice json, uint64_t seed)
{
    struct json_host *h = xcalloc(1, sizeof(*h));
    struct tape_parser *parser = tape_parser_new(seed);
    struct tape tape;

    if (tape_parse(parser, json, &tape, NULL) || tape.op[0].kind != TAPE_OBJECT)
        abort();
    h->seed = seed;
    h->root = build(&tape, 0);
    tape_parser_free(parser);
    h->port = (struct cel_host){ h,         hash,  root,     child,  load,
                                 size,      next,  get,      key_of, path,
                                 last_seen, blade, by_blade, window };
    return h;
}

struct json_host *json_host_new(struct slice json)
{
    return json_host_seeded(json, SEED);
}

void json_host_free(struct json_host *h)
{
    if (!h)
        return;
    free_node(h->root);
    free(h);
}

struct cel_host *json_host_port(struct json_host *h)
{
    return &h->port;
}

struct cel_place json_host_root(struct json_host *h)
{
    return root(h);
}

/* The next name of a path; false: there is none. */
static bool next_name(struct json_host *h, struct slice *path,
                      struct cel_key *ret)
{
    size_t i = 0;

    if (path->n == 0)
        return false;
    while (i < path->n && path->p[i] != '.')
        i++;
    ret->text = slice_of(path->p, i);
    ret->hash = hash(h, ret->text);
    i += i < path->n;
    *path = slice_of(path->p + i, path->n - i);
    return true;
}

struct cel_place json_host_find(struct json_host *h, struct slice at)
{
    struct cel_place place = root(h), in;
    struct cel_key key;

    while (next_name(h, &at, &key)) {
        in = place;
        if (!child(h, &in, &key, &place))
            return (struct cel_place){ .tree = MARK };
    }
    return place;
}

size_t json_host_keys(const struct cel_place *place, struct slice *key,
                      size_t max)
{
    const struct node *n;
    size_t depth = 0, i;

    for (n = place->node; n && n->parent; n = n->parent)
        depth++;
    if (depth > max)
        abort();
    i = depth;
    for (n = place->node; n && n->parent; n = n->parent)
        key[--i] = slice_of(n->key, n->nkey);
    return depth;
}

static struct node *must_find(struct json_host *h, struct slice at)
{
    struct node *n = (struct node *)json_host_find(h, at).node;

    if (!n)
        abort();
    return n;
}

void json_host_touch(struct json_host *h, struct slice at, nsec when,
                     struct slice by)
{
    struct slice whole = at;
    struct cel_key key;
    struct node *n;

    for (;;) {
        n = must_find(h, slice_of(whole.p, whole.n - at.n));
        if (n->seen < when)
            n->seen = when;
        if (at.n == 0)
            break;
        (void)next_name(h, &at, &key);
    }
    n->seen = when;
    free(n->blade);
    n->blade = xmemdup0(by.p, by.n);
}

void json_host_event(struct json_host *h, struct slice at, enum cel_window kind,
                     nsec when, int64_t amount)
{
    struct node *n = must_find(h, at);

    n->event = xrealloc(n->event, (n->nevents + 1) * sizeof(*n->event));
    n->event[n->nevents++] = (struct event){ when, amount, kind };
}

void json_host_by_blade(struct json_host *h, struct slice at, struct slice json)
{
    struct node *n = must_find(h, at);

    free(n->by_blade);
    n->by_blade = xmemdup0(json.p, json.n);
}
