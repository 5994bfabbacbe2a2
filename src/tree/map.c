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
#define PAGE 2
#else
#define SMALL_MAX 24
#define PAGE 32
#endif
#define DEPTH_MAX 22 /* past it a page grows instead of splitting */

struct page {
    struct node *node; /* room of them */
    uint32_t *key;
    uint32_t n, room;
    uint8_t depth; /* key hashes in it agree in this many low bits */
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

static uint32_t *small_keys(const struct map *m)
{
    return m->store;
}

static struct node *small_nodes(const struct map *m)
{
    return (struct node *)((char *)m->store + nodes_offset(m->room));
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
        if (first_place(w, i)) {
            free(w->dir[i]->node);
            free(w->dir[i]->key);
            free(w->dir[i]);
        }
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
        nodes = p->node;
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

static struct page *page_new(uint8_t depth)
{
    struct page *p = xcalloc(1, sizeof(*p));

    p->depth = depth;
    p->room = PAGE;
    p->node = xmalloc(PAGE * sizeof(*p->node));
    p->key = xmalloc(PAGE * sizeof(*p->key));
    return p;
}

static struct node *page_add(struct page *p, uint32_t key)
{
    p->key[p->n] = key;
    return &p->node[p->n++];
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
    uint32_t bit, i, kept = 0;
    size_t at;

    if (p->depth == w->depth)
        double_dir(w);
    bit = 1u << p->depth++;
    q = page_new(p->depth);
    for (i = 0; i < p->n; i++) {
        if (spread_bits(p->key[i]) & bit) {
            *page_add(q, p->key[i]) = p->node[i];
        } else {
            p->key[kept] = p->key[i];
            p->node[kept++] = p->node[i];
        }
    }
    p->n = kept;
    for (at = (hash & (bit - 1)) | bit; at < dir_size(w); at += 2 * bit)
        w->dir[at] = q;
}

static void page_grow(struct page *p)
{
    p->room *= 2;
    p->node = xrealloc(p->node, p->room * sizeof(*p->node));
    p->key = xrealloc(p->key, p->room * sizeof(*p->key));
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
        page_grow(p);
    return page_add(p, key);
}

static void widen(struct map *m)
{
    uint32_t *keys = small_keys(m), n = m->n, i;
    struct node *nodes = small_nodes(m);
    void *old = m->store;
    struct wide *w = xcalloc(1, sizeof(*w));

    w->dir = xmalloc(sizeof(struct page *));
    w->dir[0] = page_new(0);
    m->store = w;
    m->wide = true;
    m->room = 0;
    for (i = 0; i < n; i++)
        *wide_insert(m, keys[i]) = nodes[i];
    free(old);
}

static void small_grow(struct map *m)
{
    static const uint16_t rooms[] = { 1, 2, 4, 6, 8, 12, 16, 24 };
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
    struct node *nodes = p ? p->node : small_nodes(m);

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
    *ret_node = w ? &w->dir[it->page]->node[it->i] : &small_nodes(m)[it->i];
    it->i++;
    return true;
}
