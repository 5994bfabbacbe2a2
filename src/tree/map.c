/*
 * Two kinds of store.  A small one is a block of keys and, behind them, a
 * block of nodes, searched from the front.  Past SMALL_MAX it becomes wide:
 * extendible hashing (Fagin et al. 1979), a directory of 2^depth pointers to
 * pages of PAGE nodes.  A full page splits alone, so that growth never moves
 * more than one page and a directory of pointers: no pause, whatever the
 * size.
 */
#include "node.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#ifdef BW_HOSTILE
#define SMALL_MAX 2
#define PAGE      2
#else
#define SMALL_MAX 24
#define PAGE      32
#endif
#define DEPTH_MAX 22 /* past it a page grows instead of splitting */

/* One block: the keys lie beside the counts, the nodes behind them. */
struct page {
    uint32_t n, room;
    uint64_t depth; /* key hashes in it agree in this many low bits */
    uint32_t key[]; /* room of them, then the nodes */
};

struct wide {
    struct page **dir;
    uint8_t depth;
};

/* The finaliser of MurmurHash3: every bit of the number moves every bit. */
static uint32_t spread_bits(uint32_t key)
{
    key ^= key >> 16;
    key *= 0x85ebca6bu;
    key ^= key >> 13;
    key *= 0xc2b2ae35u;
    return key ^ key >> 16;
}

static size_t nodes_offset(size_t room)
{
    return (room * sizeof(uint32_t) + 7) & ~(size_t)7;
}

static struct node *page_nodes(const struct page *p)
{
    return (struct node *)((uintptr_t)p->key + nodes_offset(p->room));
}

static uint32_t *small_keys(const struct map *m)
{
    return m->store;
}

static struct node *small_nodes(const struct map *m)
{
    return (struct node *)((uintptr_t)m->store + nodes_offset(m->room));
}

struct map *map_new(struct map *parent, uint32_t key)
{
    struct map *m = xcalloc(1, sizeof(*m));

    m->parent = parent;
    m->key = key;
    return m;
}

static size_t dir_size(const struct wide *w)
{
    return (size_t)1 << w->depth;
}

/* A page stands in the directory more than once; this is its first place. */
static bool first_place(const struct wide *w, size_t i)
{
    return i < (size_t)1 << w->dir[i]->depth;
}

static void wide_free(struct wide *w)
{
    size_t i = dir_size(w);

    while (i-- > 0) {
        if (first_place(w, i))
            free(w->dir[i]);
    }
    free(w->dir);
    free(w);
}

void map_free(struct map *m)
{
    assert(m->n == 0);
    if (m->wide)
        wide_free(m->store);
    else
        free(m->store);
    free(m);
}

static struct page *page_of(const struct map *m, uint32_t key)
{
    const struct wide *w = m->store;

    return w->dir[spread_bits(key) & (dir_size(w) - 1)];
}

struct node *map_find(const struct map *m, uint32_t key)
{
    const uint32_t *keys;
    struct node *nodes;
    struct page *p;
    uint32_t n, i;

    if (m->wide) {
        p = page_of(m, key);
        keys = p->key;
        nodes = page_nodes(p);
        n = p->n;
    } else {
        keys = small_keys(m);
        nodes = small_nodes(m);
        n = m->n;
    }
    for (i = 0; i < n; i++)
        if (keys[i] == key)
            return &nodes[i];
    return NULL;
}

void map_prefetch(const struct map *m, uint32_t key)
{
    /* As a number: an empty map has no store, a short one ends sooner. */
    uintptr_t keys =
        m->wide ? (uintptr_t)page_of(m, key)->key : (uintptr_t)m->store;

    __builtin_prefetch((const void *)keys);
    __builtin_prefetch((const void *)(keys + 64));
}

static struct page *page_new(uint64_t depth, uint32_t room)
{
    struct page *p =
        xmalloc(sizeof(*p) + nodes_offset(room) + room * sizeof(struct node));

    p->n = 0;
    p->room = room;
    p->depth = depth;
    return p;
}

static struct node *page_add(struct page *p, uint32_t key)
{
    p->key[p->n] = key;
    return &page_nodes(p)[p->n++];
}

static void double_dir(struct wide *w)
{
    size_t n = dir_size(w);

    w->dir = xrealloc(w->dir, 2 * n * sizeof(struct page *));
    memcpy(w->dir + n, w->dir, n * sizeof(struct page *));
    w->depth++;
}

/* Moves those of p whose next hash bit is 1 to a page of their own. */
static void split(struct wide *w, struct page *p, uint32_t hash)
{
    struct page *q;
    struct node *nodes;
    uint32_t bit, i, kept = 0;
    size_t at;

    if (p->depth == w->depth)
        double_dir(w);
    bit = 1u << p->depth++;
    q = page_new(p->depth, PAGE);
    nodes = page_nodes(p);
    for (i = 0; i < p->n; i++) {
        if (spread_bits(p->key[i]) & bit) {
            *page_add(q, p->key[i]) = nodes[i];
        } else {
            p->key[kept] = p->key[i];
            nodes[kept++] = nodes[i];
        }
    }
    p->n = kept;
    for (at = (hash & (bit - 1)) | bit; at < dir_size(w); at += 2 * bit)
        w->dir[at] = q;
}

/* A page that may not split any more; it may stand in several places. */
static struct page *page_grow(struct wide *w, struct page *p, uint32_t hash)
{
    struct page *q = page_new(p->depth, p->room * 2);
    size_t at = hash & (((size_t)1 << p->depth) - 1);

    memcpy(q->key, p->key, p->n * sizeof(p->key[0]));
    memcpy(page_nodes(q), page_nodes(p), p->n * sizeof(struct node));
    q->n = p->n;
    for (; at < dir_size(w); at += (size_t)1 << p->depth)
        w->dir[at] = q;
    free(p);
    return q;
}

static struct node *wide_insert(struct map *m, uint32_t key)
{
    uint32_t hash = spread_bits(key);
    struct page *p = page_of(m, key);

    while (p->n == p->room && p->depth < DEPTH_MAX) {
        split(m->store, p, hash);
        p = page_of(m, key);
    }
    if (p->n == p->room)
        p = page_grow(m->store, p, hash);
    return page_add(p, key);
}

static void widen(struct map *m)
{
    uint32_t *keys = small_keys(m), n = m->n, i;
    struct node *nodes = small_nodes(m);
    void *old = m->store;
    struct wide *w = xcalloc(1, sizeof(*w));

    w->dir = xmalloc(sizeof(struct page *));
    w->dir[0] = page_new(0, PAGE);
    m->store = w;
    m->wide = true;
    m->room = 0;
    for (i = 0; i < n; i++)
        *wide_insert(m, keys[i]) = nodes[i];
    free(old);
}

static void small_grow(struct map *m)
{
    static const uint16_t rooms[] = { 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24 };
    uint16_t room = SMALL_MAX;
    char *store;
    size_t i;

    for (i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
        if (rooms[i] > m->room && rooms[i] <= SMALL_MAX) {
            room = rooms[i];
            break;
        }
    }
    store = xmalloc(nodes_offset(room) + room * sizeof(struct node));
    if (m->n) {
        memcpy(store, small_keys(m), m->n * sizeof(uint32_t));
        memcpy(store + nodes_offset(room), small_nodes(m),
               m->n * sizeof(struct node));
    }
    free(m->store);
    m->store = store;
    m->room = room;
}

struct node *map_insert(struct map *m, uint32_t key)
{
    struct node *n;

    if (!m->wide && m->n == m->room) {
        if (m->n == SMALL_MAX)
            widen(m);
        else
            small_grow(m);
    }
    if (m->wide) {
        n = wide_insert(m, key);
    } else {
        small_keys(m)[m->n] = key;
        n = &small_nodes(m)[m->n];
    }
    m->n++;
    *n = (struct node){ .tag = TAG_NEVER };
    return n;
}

void map_remove(struct map *m, uint32_t key)
{
    struct page *p = m->wide ? page_of(m, key) : NULL;
    uint32_t *keys = p ? p->key : small_keys(m), *n = p ? &p->n : &m->n, i;
    struct node *nodes = p ? page_nodes(p) : small_nodes(m);

    for (i = 0; keys[i] != key; i++)
        assert(i + 1 < *n);
    keys[i] = keys[*n - 1];
    nodes[i] = nodes[*n - 1];
    --*n;
    if (p)
        m->n--;
}

bool map_next(const struct map *m, struct map_iter *it, uint32_t *ret_key,
              struct node **ret_node)
{
    const struct wide *w = m->wide ? m->store : NULL;

    while (w && it->page < dir_size(w) &&
           (!first_place(w, it->page) || it->i == w->dir[it->page]->n)) {
        it->page++;
        it->i = 0;
    }
    if (w ? it->page == dir_size(w) : it->i == m->n)
        return false;
    *ret_key = w ? w->dir[it->page]->key[it->i] : small_keys(m)[it->i];
    *ret_node =
        w ? &page_nodes(w->dir[it->page])[it->i] : &small_nodes(m)[it->i];
    it->i++;
    return true;
}
