#include "registry.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <stdlib.h>
#include <uthash.h>

struct source_entry {
    struct registered is;
    uint32_t id;
    UT_hash_handle hh;
    size_t n;
    char key[]; /* all of the declaration, each part with its length */
};

struct run_entry {
    struct run is;
    UT_hash_handle hh;
    size_t nblade, n;
    char key[]; /* blade, then run */
};

struct registry {
    struct source_entry *sources, **by_id;
    size_t nids, room;
    size_t made; /* sources that the journal did not know at the start */
    struct run_entry *runs; /* in the order they began */
};

struct registry *registry_new(void)
{
    return xcalloc(1, sizeof(struct registry));
}

void registry_free(struct registry *r)
{
    struct source_entry *s, *next_s;
    struct run_entry *u, *next_u;
    int fd;

    if (!r)
        return;
    HASH_ITER(hh, r->sources, s, next_s)
    {
        HASH_DEL(r->sources, s);
        free(s->is.decl);
        free(s);
    }
    HASH_ITER(hh, r->runs, u, next_u)
    {
        HASH_DEL(r->runs, u);
        for (fd = 0; fd < 3; fd++)
            free(u->is.cursor[fd]);
        free(u);
    }
    free(r->by_id);
    free(r);
}

/* -- runs ---------------------------------------------------------------- */

static struct run_entry *find_run(const struct registry *r, struct slice blade,
                                  struct slice run, bool make)
{
    struct run_entry *u = NULL;
    struct buf key;

    buf_init(&key, BUF_NO_CAP);
    buf_u64(&key, blade.n);
    buf_char(&key, ':');
    buf_slice(&key, blade);
    buf_slice(&key, run);
    HASH_FIND(hh, r->runs, key.p, key.n, u);
    if (!u && make) {
        u = xcalloc(1, sizeof(*u) + key.n);
        u->n = key.n;
        u->nblade = key.n - run.n;
        u->is.next_seq = 1;
        memcpy(u->key, key.p, key.n);
    }
    buf_release(&key);
    return u;
}

static struct run *run_of(struct registry *r, const struct source *decl)
{
    struct run_entry *u = find_run(r, decl->blade, decl->run, true), *known;

    HASH_FIND(hh, r->runs, u->key, u->n, known);
    if (!known)
        HASH_ADD_KEYPTR(hh, r->runs, u->key, u->n, u);
    return &u->is;
}

void registry_runs(struct registry *r, struct slice blade,
                   bool (*fn)(void *arg, struct slice run), void *arg)
{
    struct run_entry *u;
    struct buf head;

    buf_init(&head, BUF_NO_CAP);
    buf_u64(&head, blade.n);
    buf_char(&head, ':');
    buf_slice(&head, blade);
    for (u = r->runs; u; u = u->hh.next)
        if (u->nblade == head.n && memcmp(u->key, head.p, head.n) == 0 &&
            !fn(arg, slice_of(u->key + head.n, u->n - head.n)))
            break;
    buf_release(&head);
}

/* -- sources -------------------------------------------------------------- */

static void add_part(struct buf *key, struct slice part)
{
    buf_u64(key, part.n);
    buf_char(key, ':');
    buf_slice(key, part);
}

static void add_path(struct buf *key, const struct path *path)
{
    size_t i;

    buf_printf(key, "%zu;", path->n);
    for (i = 0; i < path->n; i++)
        add_part(key, path->key[i]);
}

static void describe(const struct source *d, struct buf *key)
{
    size_t i;

    add_part(key, d->blade);
    add_part(key, d->run);
    buf_printf(key, "%d;%d;%lld;", d->mode, d->trusted, (long long)d->ttl_for);
    add_path(key, &d->at);
    for (i = 0; i < d->nscope; i++)
        add_path(key, &d->scope[i]);
}

static struct source_entry *add(struct registry *r, uint32_t id,
                                const struct source *decl,
                                const struct buf *key)
{
    struct source_entry *s = xcalloc(1, sizeof(*s) + key->n);

    s->id = id;
    s->n = key->n;
    memcpy(s->key, key->p, key->n);
    s->is.decl = source_copy(decl);
    s->is.run = run_of(r, decl);
    HASH_ADD_KEYPTR(hh, r->sources, s->key, s->n, s);
    if (id >= r->room) {
        size_t room = (size_t)id + 64 + r->room;

        r->by_id = xrealloc(r->by_id, room * sizeof(*r->by_id));
        memset(r->by_id + r->room, 0, (room - r->room) * sizeof(*r->by_id));
        r->room = room;
    }
    r->by_id[id] = s;
    if (id >= r->nids)
        r->nids = (size_t)id + 1;
    return s;
}

enum status registry_source(struct registry *r, const struct source *decl,
                            uint32_t *ret_id, struct err *err)
{
    struct source_entry *s;
    struct buf key;
    enum status st = ST_OK;

    buf_init(&key, BUF_NO_CAP);
    describe(decl, &key);
    HASH_FIND(hh, r->sources, key.p, key.n, s);
    if (!s && r->made >= REGISTRY_SOURCES_MAX) {
        err_set(err,
                "there are %d new sources since the start; no other one "
                "is taken",
                REGISTRY_SOURCES_MAX);
        st = ST_LIMIT;
    } else {
        if (!s) {
            s = add(r, (uint32_t)r->nids, decl, &key);
            r->made++;
        }
        *ret_id = s->id;
    }
    buf_release(&key);
    return st;
}

void registry_recover(struct registry *r, uint32_t id,
                      const struct source *decl)
{
    struct source_entry *s = NULL;
    struct buf key;

    buf_init(&key, BUF_NO_CAP);
    describe(decl, &key);
    HASH_FIND(hh, r->sources, key.p, key.n, s);
    if (!s)
        s = add(r, id, decl, &key);
    s->is.journalled = s->is.durable = true;
    buf_release(&key);
}

struct registered *registry_get(struct registry *r, uint32_t id)
{
    return id < r->nids && r->by_id[id] ? &r->by_id[id]->is : NULL;
}

/* -- how far -------------------------------------------------------------- */

static void move_cursor(struct cursor *c, const struct event *ev)
{
    if (ev->logged_at < c->ts)
        return;
    if (ev->logged_at > c->ts || c->nhash == 0) {
        c->ts = ev->logged_at;
        c->nhash = 0;
    }
    if (c->nhash == CURSOR_HASHES) {
        memmove(c->hash, c->hash + 1, (CURSOR_HASHES - 1) * sizeof(c->hash[0]));
        c->nhash--;
    }
    c->hash[c->nhash++] = cursor_hash(ev->line);
}

void registry_durable(struct registry *r, const struct event *ev)
{
    struct registered *s = registry_get(r, ev->source);
    struct cursor **c;

    if (!s)
        return;
    if (ev->seq > s->run->durable_seq)
        s->run->durable_seq = ev->seq;
    if (ev->seq >= s->run->next_seq)
        s->run->next_seq = ev->seq + 1;
    if (ev->fd < 1 || ev->fd > 2)
        return;
    c = &s->run->cursor[ev->fd];
    if (!*c)
        *c = xcalloc(1, sizeof(**c));
    move_cursor(*c, ev);
}

void registry_rewind(struct registry *r)
{
    struct source_entry *s;
    struct run_entry *u;

    for (s = r->sources; s; s = s->hh.next)
        s->is.journalled = s->is.durable;
    for (u = r->runs; u; u = u->hh.next)
        u->is.next_seq = u->is.durable_seq + 1;
}

enum status registry_cursor(struct registry *r, struct slice blade,
                            struct slice run, int fd, struct cursor *ret)
{
    struct run_entry *u = find_run(r, blade, run, false);

    if (!u || fd < 0 || fd > 2 || !u->is.cursor[fd])
        return ST_NONE;
    *ret = *u->is.cursor[fd];
    return ST_OK;
}
