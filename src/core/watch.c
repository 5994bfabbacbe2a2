#include "inside.h"

#include "base/alloc.h"
#include "data/json.h"

#include <stdlib.h>
#include <uthash.h>

#define CHANGES_MAX 4096
#define PATCH_MAX   ((size_t)1 << 20)

/* A path below the watched one that changed. */
struct change {
    bool existed; /* before the first change */
    UT_hash_handle hh;
    size_t n;
    char pointer[]; /* relative; "" is the watched path itself */
};

struct watch {
    struct watch *next;
    struct path path;
    char *text; /* the keys of path */
    struct buf pointer;
    struct change *changes;
    bool whole; /* more than CHANGES_MAX */
    bool shown; /* something stood at path when it was last told */
};

static void forget_changes(struct watch *w)
{
    struct change *c, *next;

    HASH_ITER(hh, w->changes, c, next)
    {
        HASH_DEL(w->changes, c);
        free(c);
    }
    w->whole = false;
}

static void note(struct watch *w, struct slice relative, bool existed)
{
    struct change *c;

    if (w->whole)
        return;
    HASH_FIND(hh, w->changes, relative.p, relative.n, c);
    if (c)
        return;
    if (HASH_COUNT(w->changes) == CHANGES_MAX) {
        forget_changes(w);
        w->whole = true;
        return;
    }
    c = xcalloc(1, sizeof(*c) + relative.n);
    c->existed = existed;
    c->n = relative.n;
    if (relative.n)
        memcpy(c->pointer, relative.p, relative.n);
    HASH_ADD_KEYPTR(hh, w->changes, c->pointer, c->n, c);
}

/* Is `below` the path `above` or one under it? */
static bool is_below(struct slice below, struct slice above)
{
    return below.n >= above.n && memcmp(below.p, above.p, above.n) == 0 &&
           (below.n == above.n || below.p[above.n] == '/');
}

static void tell(struct core *core, const struct buf *pointer, bool existed)
{
    struct slice at = buf_view(pointer), own;
    struct watch *w;

    for (w = core->watches; w; w = w->next) {
        own = w->pointer.n ? buf_view(&w->pointer) : slice_of("", 0);
        if (is_below(at, own))
            note(w, slice_of(at.p + own.n, at.n - own.n), existed);
        else if (is_below(own, at))
            note(w, slice_of("", 0), w->shown);
    }
}

static void on_state(void *self, const struct map *parent, struct slice key,
                     bool existed)
{
    struct core *core = self;
    struct buf pointer;

    buf_init(&pointer, BUF_NO_CAP);
    tree_pointer(&core->state, parent, key, &pointer);
    tell(core, &pointer, existed);
    buf_release(&pointer);
}

static void on_monitor(void *self, const struct map *parent, struct slice key,
                       bool existed)
{
    struct core *core = self;
    struct buf pointer;

    buf_init(&pointer, BUF_NO_CAP);
    buf_str(&pointer, "/monitor");
    tree_pointer(&core->monitor, parent, key, &pointer);
    tell(core, &pointer, existed);
    buf_release(&pointer);
}

/* While nobody watches the trees need not tell. */
static void listen(struct core *core)
{
    bool any = core->watches != NULL;

    core->state.watcher = (struct tree_watcher){ core, any ? on_state : NULL };
    core->monitor.watcher =
        (struct tree_watcher){ core, any ? on_monitor : NULL };
}

struct watch *watch_new(struct core *core, const struct path *path)
{
    struct watch *w = xcalloc(1, sizeof(*w));
    size_t n = 0, i;
    char *p;

    for (i = 0; i < path->n; i++)
        n += path->key[i].n;
    p = w->text = xmalloc(n);
    w->path.n = path->n;
    for (i = 0; i < path->n; i++) {
        if (path->key[i].n)
            memcpy(p, path->key[i].p, path->key[i].n);
        w->path.key[i] = slice_of(p, path->key[i].n);
        p += path->key[i].n;
    }
    buf_init(&w->pointer, BUF_NO_CAP);
    path_pointer(&w->path, &w->pointer);
    w->shown = view_weight(core, path, 1) > 0;
    w->next = core->watches;
    core->watches = w;
    listen(core);
    return w;
}

void watch_free(struct core *core, struct watch *watch)
{
    struct watch **at;

    if (!watch)
        return;
    for (at = &core->watches; *at != watch; at = &(*at)->next)
        ;
    *at = watch->next;
    listen(core);
    forget_changes(watch);
    buf_release(&watch->pointer);
    free(watch->text);
    free(watch);
}

void watch_release_all(struct core *core)
{
    while (core->watches)
        watch_free(core, core->watches);
}

/* A change above this one says it all. */
static bool is_covered(const struct watch *w, const struct change *c)
{
    struct change *above;
    size_t n = c->n;

    while (n > 0) {
        while (n > 0 && c->pointer[n - 1] != '/')
            n--;
        n -= n > 0; /* the slash */
        HASH_FIND(hh, w->changes, c->pointer, n, above);
        if (above)
            return true;
    }
    return false;
}

static int by_pointer(struct change *a, struct change *b)
{
    return slice_cmp(slice_of(a->pointer, a->n), slice_of(b->pointer, b->n));
}

static bool add_piece(void *self, struct slice text)
{
    return !buf_add(self, text.p, text.n);
}

/* The watched path and, behind it, the change's. */
static enum status value_at(const struct core *core, const struct watch *w,
                            const struct change *c, struct buf *out)
{
    struct sink sink = { out, add_piece };
    struct buf text, store;
    struct path path;
    struct err err;
    enum status st;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&store, BUF_NO_CAP);
    buf_slice(&text, buf_view(&w->pointer));
    buf_slice(&text, slice_of(c->pointer, c->n));
    st = path_parse(&path, buf_view(&text), &store, &err);
    if (!st)
        st = view_write(core, &path, (struct view_options){ 0 }, &sink);
    buf_release(&store);
    buf_release(&text);
    return st;
}

static enum status operation(const struct core *core, const struct watch *w,
                             const struct change *c, struct buf *out)
{
    size_t start = out->n;
    enum status st;

    buf_str(out, start > 1 ? "," : "");
    buf_str(out, "{\"op\":\"add\",\"path\":");
    json_string(slice_of(c->pointer, c->n), out);
    buf_str(out, ",\"value\":");
    st = value_at(core, w, c, out);
    if (st == ST_NONE) {
        out->n = start;
        if (!c->existed)
            return ST_OK;
        buf_str(out, start > 1 ? "," : "");
        buf_str(out, "{\"op\":\"remove\",\"path\":");
        json_string(slice_of(c->pointer, c->n), out);
        st = ST_OK;
    }
    buf_char(out, '}');
    return st || out->full || out->n > PATCH_MAX ? ST_LIMIT : ST_OK;
}

enum status view_changes(struct core *core, struct watch *w, struct buf *out)
{
    enum status st = w->whole ? ST_LIMIT : ST_OK;
    struct change *c;

    buf_reset(out);
    buf_char(out, '[');
    HASH_SORT(w->changes, by_pointer);
    for (c = w->changes; c && !st; c = c->hh.next)
        if (!is_covered(w, c))
            st = operation(core, w, c, out);
    forget_changes(w);
    w->shown = view_weight(core, &w->path, 1) > 0;
    if (!st && out->n == 1)
        st = ST_AGAIN;
    buf_char(out, ']');
    if (st)
        buf_reset(out);
    return st;
}
