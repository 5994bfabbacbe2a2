#include "fold.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEP 16
#define SEP  '\x1f' /* between the keys of a path as text; in no key */

enum kind { REG, COUNTER, LIST, MAP };

struct share {
    char *name;
    int64_t by;
    struct share *next;
};

struct ref {
    enum kind kind;
    char *key;
    struct val *val;     /* REG, LIST */
    struct share *share; /* COUNTER: by blade; MAP: its bank */
    struct ref *first, *next;
};

struct lease {
    char *path;
    int64_t at;
    struct lease *next;
};

struct state {
    struct ref *root;
    struct lease *leases;
    const struct fold_shard *shard;
};

struct way {
    const char *key[DEEP];
    size_t n;
};

/* -- parts --------------------------------------------------------------- */

static void share_add(struct share **list, const char *name, int64_t by)
{
    struct share *s;

    for (s = *list; s; s = s->next) {
        if (strcmp(s->name, name) == 0) {
            s->by += by;
            return;
        }
    }
    s = xcalloc(1, sizeof(*s));
    s->name = xstrdup(name);
    s->by = by;
    s->next = *list;
    *list = s;
}

static void shares_free(struct share *s)
{
    struct share *next;

    for (; s; s = next) {
        next = s->next;
        free(s->name);
        free(s);
    }
}

static struct ref *ref_new(enum kind kind, const char *key)
{
    struct ref *r = xcalloc(1, sizeof(*r));

    r->kind = kind;
    r->key = xstrdup(key);
    return r;
}

static void ref_free(struct ref *r)
{
    struct ref *c, *next;

    for (c = r->first; c; c = next) {
        next = c->next;
        ref_free(c);
    }
    val_free(r->val);
    shares_free(r->share);
    free(r->key);
    free(r);
}

static struct ref *child(const struct ref *r, const char *key)
{
    struct ref *c;

    for (c = r->first; c; c = c->next)
        if (strcmp(c->key, key) == 0)
            return c;
    return NULL;
}

static void cut(struct ref *r, const char *key)
{
    struct ref **at, *gone;

    for (at = &r->first; *at; at = &(*at)->next) {
        if (strcmp((*at)->key, key) == 0) {
            gone = *at;
            *at = gone->next;
            ref_free(gone);
            return;
        }
    }
}

static char *way_text(const struct way *w, size_t n)
{
    struct buf b;
    size_t i;

    buf_init(&b, BUF_NO_CAP);
    for (i = 0; i < n; i++) {
        buf_char(&b, SEP);
        buf_str(&b, w->key[i]);
    }
    (void)buf_cstr(&b);
    return b.p;
}

static void drop_leases(struct state *f, const char *path, bool own)
{
    struct lease **at = &f->leases, *l;
    size_t n = strlen(path);

    while ((l = *at)) {
        if (strncmp(l->path, path, n) == 0 &&
            (l->path[n] == SEP || (own && l->path[n] == '\0'))) {
            *at = l->next;
            free(l->path);
            free(l);
        } else {
            at = &l->next;
        }
    }
}

static bool leased(const struct state *f, const char *path)
{
    const struct lease *l;

    for (l = f->leases; l; l = l->next)
        if (strcmp(l->path, path) == 0)
            return true;
    return false;
}

/* -- writes -------------------------------------------------------------- */

/* Puts a new node at the first n keys of the way, in place of the old. */
static struct ref *put(struct state *f, struct ref *in, const struct way *w,
                       size_t n, enum kind kind)
{
    struct ref *made = ref_new(kind, w->key[n - 1]);
    char *path = way_text(w, n);

    drop_leases(f, path, false);
    free(path);
    cut(in, w->key[n - 1]);
    made->next = in->first;
    in->first = made;
    return made;
}

static struct ref *parent(struct state *f, const struct way *w)
{
    struct ref *r = f->root, *c;
    size_t i;

    for (i = 0; i + 1 < w->n; i++) {
        c = child(r, w->key[i]);
        if (!c || c->kind != MAP)
            c = put(f, r, w, i + 1, MAP);
        r = c;
    }
    return r;
}

static void set(struct state *f, const struct way *w, const struct val *v)
{
    struct ref *in = parent(f, w);
    char *path = way_text(w, w->n);

    drop_leases(f, path, true);
    free(path);
    cut(in, w->key[w->n - 1]);
    if (v->kind != VAL_NULL)
        put(f, in, w, w->n, REG)->val = val_copy(v);
}

static void make_map(struct state *f, const struct way *w)
{
    struct ref *in = parent(f, w), *c = child(in, w->key[w->n - 1]);

    if (!c || c->kind != MAP)
        put(f, in, w, w->n, MAP);
}

static void inc(struct state *f, const struct way *w, int64_t by)
{
    struct ref *in = parent(f, w), *c = child(in, w->key[w->n - 1]);
    bool base = c && c->kind == REG && c->val->kind == VAL_NUMBER;
    int64_t from = base ? c->val->micro : 0;

    if (!c || c->kind != COUNTER) {
        c = put(f, in, w, w->n, COUNTER);
        if (base)
            share_add(&c->share, "", from);
    }
    share_add(&c->share, f->shard->blade, by);
}

static void push(struct state *f, const struct way *w, const struct val *v)
{
    struct ref *in = parent(f, w), *c = child(in, w->key[w->n - 1]);
    struct val *list = val_new(VAL_ARRAY, NULL), *gone;
    const struct val *item = v->kind == VAL_ARRAY ? v->first : v;
    size_t n = 0;

    if (c &&
        (c->kind == LIST || (c->kind == REG && c->val->kind == VAL_ARRAY))) {
        val_free(list);
        list = val_copy(c->val);
    }
    if (!c || c->kind != LIST)
        c = put(f, in, w, w->n, LIST);
    for (; item; item = v->kind == VAL_ARRAY ? item->next : NULL) {
        struct val *copy = val_copy(item);

        free(copy->key);
        copy->key = NULL;
        val_append(list, copy);
    }
    for (item = list->first; item; item = item->next)
        n++;
    for (; n > 100; n--) {
        gone = list->first;
        list->first = gone->next;
        val_free(gone);
    }
    val_free(c->val);
    c->val = list;
}

static void lease(struct state *f, const struct way *w, int64_t hold_for)
{
    struct lease *l;
    char *path = way_text(w, w->n);
    int64_t at = f->shard->ts + hold_for;

    (void)parent(f, w);
    for (l = f->leases; l; l = l->next) {
        if (strcmp(l->path, path) == 0) {
            l->at = at;
            free(path);
            return;
        }
    }
    l = xcalloc(1, sizeof(*l));
    l->path = path;
    l->at = at;
    l->next = f->leases;
    f->leases = l;
}

static void walk(struct state *f, const struct way *w, const struct val *v)
{
    const struct val *of, *ttl, *c;
    struct way below = *w;

    if (v->kind != VAL_OBJECT) {
        if (w->n)
            set(f, w, v);
        return;
    }
    ttl = val_get(v, "$ttl");
    if ((of = val_get(v, "$set"))) {
        if (of->kind == VAL_OBJECT && w->n)
            set(f, w, &(struct val){ .kind = VAL_NULL });
        walk(f, w, of);
    } else if ((of = val_get(v, "$inc"))) {
        if (w->n)
            inc(f, w, of->micro);
    } else if ((of = val_get(v, "$push"))) {
        if (w->n)
            push(f, w, of);
    } else if (!ttl || v->first->next) {
        if (w->n)
            make_map(f, w);
        below.n++;
        for (c = v->first; c; c = c->next) {
            if (c->key[0] == '$' && c->key[1] != '$')
                continue;
            below.key[w->n] = c->key;
            walk(f, &below, c);
        }
    }
    if (ttl && w->n)
        lease(f, w, ttl->micro * 1000);
}

/* -- leases -------------------------------------------------------------- */

static void escape(struct buf *out, const char *key)
{
    for (; *key; key++)
        if (*key == '~')
            buf_str(out, "~0");
        else if (*key == '/')
            buf_str(out, "~1");
        else
            buf_char(out, *key);
}

/* rel: the keys below the node that is forgotten, each behind a slash. */
static void bank(struct state *f, struct ref *into, const struct ref *r,
                 const char *path, const char *rel)
{
    const struct share *s;
    const struct ref *c;
    struct buf deeper, text;

    for (s = r->share; s && r->kind == COUNTER; s = s->next)
        share_add(&into->share, *rel ? rel + 1 : ".", s->by);
    buf_init(&deeper, BUF_NO_CAP);
    buf_init(&text, BUF_NO_CAP);
    for (s = r->share; s && r->kind == MAP; s = s->next) {
        buf_reset(&text);
        buf_printf(&text, "%s/*", rel);
        if (strcmp(s->name, ".") != 0)
            buf_printf(&text, "/%s", s->name);
        share_add(&into->share, buf_cstr(&text) + 1, s->by);
    }
    for (c = r->first; c; c = c->next) {
        buf_reset(&deeper);
        buf_printf(&deeper, "%s%c%s", path, SEP, c->key);
        buf_reset(&text);
        buf_printf(&text, "%s/", rel);
        if (leased(f, buf_cstr(&deeper)))
            buf_char(&text, '*');
        else
            escape(&text, c->key);
        bank(f, into, c, buf_cstr(&deeper), buf_cstr(&text));
    }
    buf_release(&deeper);
    buf_release(&text);
}

static void forget(struct state *f, const struct lease *l)
{
    char *path = xstrdup(l->path), *text = xstrdup(path), *key, *next;
    struct ref *in = f->root;

    for (key = text + 1; in && (next = strchr(key, SEP)); key = next + 1) {
        *next = '\0';
        in = in->kind == MAP ? child(in, key) : NULL;
    }
    if (in && in->kind == MAP && child(in, key)) {
        bank(f, in, child(in, key), path, "");
        cut(in, key);
    }
    drop_leases(f, path, true);
    free(text);
    free(path);
}

static void fire(struct state *f, int64_t upto)
{
    const struct lease *l, *first;

    for (;;) {
        first = f->leases;
        for (l = f->leases; l; l = l->next)
            if (l->at < first->at)
                first = l;
        if (!first || first->at > upto)
            return;
        forget(f, first);
    }
}

static void retire(struct ref *r, const char *blade)
{
    struct share **at, *s;
    struct ref *c;

    for (c = r->first; c; c = c->next)
        retire(c, blade);
    if (r->kind != COUNTER)
        return;
    for (at = &r->share; (s = *at); at = &s->next) {
        if (strcmp(s->name, blade) == 0) {
            *at = s->next;
            share_add(&r->share, "", s->by);
            free(s->name);
            free(s);
            return;
        }
    }
}

/* -- reading ------------------------------------------------------------- */

static struct val *amount_val(int64_t micro)
{
    uint64_t n = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    char text[64];
    size_t len;

    snprintf(text, sizeof(text), "%s%llu.%06llu", micro < 0 ? "-" : "",
             (unsigned long long)(n / 1000000),
             (unsigned long long)(n % 1000000));
    for (len = strlen(text); text[len - 1] == '0'; len--)
        text[len - 1] = '\0';
    if (text[len - 1] == '.')
        text[len - 1] = '\0';
    return val_number(text, micro);
}

static struct val *shares_val(const struct share *s)
{
    struct val *v = val_new(VAL_OBJECT, NULL);

    for (; s; s = s->next)
        val_put(v, s->name, amount_val(s->by));
    return v;
}

static struct val *view(const struct ref *r, bool split)
{
    const struct share *s;
    const struct ref *c;
    struct val *v;
    int64_t sum = 0;

    if (r->kind == REG || r->kind == LIST)
        return val_copy(r->val);
    if (r->kind == COUNTER && !split) {
        for (s = r->share; s; s = s->next)
            sum += s->by;
        return amount_val(sum);
    }
    v = val_new(VAL_OBJECT, NULL);
    if (r->kind == COUNTER) {
        val_put(v, "$counter", shares_val(r->share));
        return v;
    }
    for (c = r->first; c; c = c->next)
        val_put(v, c->key, view(c, split));
    if (r->share)
        val_put(v, "$expired", shares_val(r->share));
    return v;
}

static void run_text(const struct fold_shard *s, char text[32])
{
    if (s->retire)
        snprintf(text, 32, "retire:%s", s->blade);
    else
        snprintf(text, 32, "%s", s->run);
}

static int by_tag(const void *a, const void *b)
{
    const struct fold_shard *x = *(const struct fold_shard *const *)a;
    const struct fold_shard *y = *(const struct fold_shard *const *)b;
    char run_x[32], run_y[32];
    int d;

    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    d = strcmp(x->retire ? "" : x->blade, y->retire ? "" : y->blade);
    if (d)
        return d;
    run_text(x, run_x);
    run_text(y, run_y);
    d = strcmp(run_x, run_y);
    return d ? d : (x->seq > y->seq) - (x->seq < y->seq);
}

static void apply(struct state *f, const struct fold_shard *s)
{
    struct way way = { { NULL }, s->nat };
    size_t i;

    f->shard = s;
    fire(f, s->ts);
    if (s->retire) {
        retire(f->root, s->blade);
        return;
    }
    for (i = 0; i < s->nat; i++)
        way.key[i] = s->at[i];
    walk(f, &way, s->body);
}

void fold(const struct fold_stream *s, int64_t below, int64_t now, bool split,
          struct buf *out)
{
    const struct fold_shard **sorted = xcalloc(s->n + 1, sizeof(*sorted));
    struct state f = { .root = ref_new(MAP, "") };
    struct val *v;
    size_t i;

    for (i = 0; i < s->n; i++)
        sorted[i] = &s->shard[i];
    qsort(sorted, s->n, sizeof(*sorted), by_tag);
    for (i = 0; i < s->n && sorted[i]->ts < below; i++)
        apply(&f, sorted[i]);
    fire(&f, now);
    v = view(f.root, split);
    buf_reset(out);
    val_write(v, out);
    val_free(v);
    drop_leases(&f, "", true);
    ref_free(f.root);
    free(sorted);
}
