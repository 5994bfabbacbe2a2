#include "support/covered_host.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_MAX 64

struct path {
    size_t n;
    struct slice key[PATH_MAX];
};

static struct path path_of(const struct cel_place *place)
{
    struct path p;

    p.n = json_host_keys(place, p.key, PATH_MAX);
    return p;
}

/* A read with the path of its variable in front. */
static struct path absolute(const struct covered_host *c,
                            const struct cel_read *read)
{
    struct path p = path_of(&c->variable[read->variable]);
    uint32_t i;

    for (i = 0; i < read->n && p.n < PATH_MAX; i++)
        p.key[p.n++] = read->key[i];
    return p;
}

/* As far as the shorter of them goes. */
static bool agree(const struct path *pattern, const struct path *path)
{
    size_t i;

    for (i = 0; i < pattern->n && i < path->n; i++)
        if (pattern->key[i].p && !slice_eq(pattern->key[i], path->key[i]))
            return false;
    return true;
}

struct want {
    uint32_t kinds;  /* of cel_read_kind: one of them at the path itself */
    bool on_the_way; /* or a read further down */
    nsec window_for;
};

static bool covers(const struct covered_host *c, const struct cel_read *read,
                   const struct path *path, const struct want *want)
{
    struct path pattern = absolute(c, read);

    if (!c->variable[read->variable].node || !agree(&pattern, path))
        return false;
    if (pattern.n == path->n)
        return want->on_the_way || ((read->kinds & want->kinds) &&
                                    read->window_for >= want->window_for);
    if (pattern.n > path->n)
        return want->on_the_way;
    if (want->window_for || (want->kinds & READ_META))
        return false;
    return (read->kinds & READ_SUBTREE) ||
           (want->on_the_way && pattern.n + 1 == path->n &&
            (read->kinds & READ_KEYS));
}

static void check(struct covered_host *c, const struct path *path,
                  const char *what, struct want want)
{
    size_t i, at;

    for (i = 0; i < c->nreads; i++)
        if (covers(c, &c->read[i], path, &want))
            return;
    if (c->fault[0] || (path->n == 0 && want.on_the_way))
        return; /* told already; or the root, which is always there */
    snprintf(c->fault, sizeof(c->fault), "%s of /", what);
    for (i = 0; i < path->n; i++) {
        at = strlen(c->fault);
        snprintf(c->fault + at, sizeof(c->fault) - at, "%.*s/",
                 SLICE_ARG(path->key[i]));
    }
}

static void check_child(struct covered_host *c, const struct cel_place *in,
                        const struct cel_key *key)
{
    struct path path = path_of(in);

    if (path.n < PATH_MAX)
        path.key[path.n++] = key->text;
    check(c, &path, "existence", (struct want){ .on_the_way = true });
}

static struct cel_place handle(struct cel_value map)
{
    return (struct cel_place){ .node = map.node, .tree = map.host };
}

/* -- the port ----------------------------------------------------------- */

static uint32_t hash(void *self, struct slice key)
{
    struct covered_host *c = self;

    return c->inner->hash(c->inner->self, key);
}

static struct cel_place root(void *self)
{
    struct covered_host *c = self;

    return c->inner->root(c->inner->self);
}

static bool child(void *self, const struct cel_place *in,
                  const struct cel_key *key, struct cel_place *ret)
{
    struct covered_host *c = self;

    check_child(c, in, key);
    return c->inner->child(c->inner->self, in, key, ret);
}

static struct cel_value load(void *self, struct cel_context *cx,
                             const struct cel_place *place)
{
    struct covered_host *c = self;
    struct cel_value v = c->inner->load(c->inner->self, cx, place);
    struct path path = path_of(place);

    check(c, &path, "value",
          (struct want){ .kinds = READ_VALUE | READ_SUBTREE,
                         .on_the_way = v.kind == CEL_MAP });
    return v;
}

static void check_keys(struct covered_host *c, struct cel_value map)
{
    struct cel_place place = handle(map);
    struct path path = path_of(&place);

    check(c, &path, "keys", (struct want){ .kinds = READ_KEYS | READ_SUBTREE });
}

static size_t size(void *self, struct cel_value map)
{
    struct covered_host *c = self;

    check_keys(c, map);
    return c->inner->size(c->inner->self, map);
}

static bool next(void *self, struct cel_value map, struct cel_step *step,
                 struct cel_place *ret)
{
    struct covered_host *c = self;

    check_keys(c, map);
    return c->inner->next(c->inner->self, map, step, ret);
}

static bool get(void *self, struct cel_value map, const struct cel_key *key,
                struct cel_place *ret)
{
    struct covered_host *c = self;
    struct cel_place in = handle(map);

    check_child(c, &in, key);
    return c->inner->get(c->inner->self, map, key, ret);
}

static struct slice key_of(void *self, const struct cel_place *place)
{
    struct covered_host *c = self;

    return c->inner->key(c->inner->self, place);
}

static void path_text(void *self, const struct cel_place *place,
                      struct buf *out)
{
    struct covered_host *c = self;

    c->inner->path(c->inner->self, place, out);
}

static void check_meta(struct covered_host *c, const struct cel_place *place)
{
    struct path path = path_of(place);

    check(c, &path, "time and blade", (struct want){ .kinds = READ_META });
}

static nsec last_seen(void *self, const struct cel_place *place)
{
    struct covered_host *c = self;

    check_meta(c, place);
    return c->inner->last_seen(c->inner->self, place);
}

static struct slice blade(void *self, const struct cel_place *place)
{
    struct covered_host *c = self;

    check_meta(c, place);
    return c->inner->blade(c->inner->self, place);
}

static struct cel_value by_blade(void *self, struct cel_context *cx,
                                 const struct cel_place *place)
{
    struct covered_host *c = self;
    struct path path = path_of(place);

    check(c, &path, "parts",
          (struct want){ .kinds = READ_VALUE | READ_SUBTREE });
    return c->inner->by_blade(c->inner->self, cx, place);
}

static struct cel_value window(void *self, struct cel_context *cx,
                               const struct cel_place *place,
                               enum cel_window kind, nsec window_for,
                               nsec *ret_until)
{
    struct covered_host *c = self;
    struct path path;

    if (place->node) {
        path = path_of(place);
        check(c, &path, "window",
              (struct want){ .kinds = kind == CEL_INCREASE ? READ_INCREASE
                                                           : READ_CHANGES,
                             .window_for = window_for });
    }
    return c->inner->window(c->inner->self, cx, place, kind, window_for,
                            ret_until);
}

void covered_init(struct covered_host *c, struct json_host *inner,
                  const struct cel_program *p, const struct cel_place *variable)
{
    *c = (struct covered_host){
        .port = { c, hash, root, child, load, size, next, get, key_of,
                  path_text, last_seen, blade, by_blade, window },
        .inner = json_host_port(inner),
        .variable = variable,
    };
    c->read = cel_program_reads(p, &c->nreads);
}
