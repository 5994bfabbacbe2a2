#include "arena.h"

#include "alloc.h"

#include <stdlib.h>

#define ALIGN       ((size_t)16)
#define CHUNK_FIRST ((size_t)1024)
#define CHUNK_MOST  ((size_t)256 * 1024)

struct arena_chunk {
    struct arena_chunk *older;
    size_t room, used;
    _Alignas(16) char bytes[];
};

void arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){ .cap = cap };
}

static void free_older(struct arena_chunk *c)
{
    struct arena_chunk *older;

    for (; c; c = older) {
        older = c->older;
        free(c);
    }
}

void arena_release(struct arena *a)
{
    if (!a)
        return;
    free_older(a->chunk);
    *a = (struct arena){ 0 };
}

void arena_reset(struct arena *a)
{
    if (a->chunk) {
        free_older(a->chunk->older);
        a->chunk->older = NULL;
        a->chunk->used = 0;
    }
    a->used = 0;
    a->full = false;
}

static void add_chunk(struct arena *a, size_t n)
{
    size_t room = a->chunk ? a->chunk->room * 2 : CHUNK_FIRST;
    struct arena_chunk *c;

    if (room > CHUNK_MOST)
        room = CHUNK_MOST;
    if (room < n)
        room = n;
    c = xmalloc(sizeof(*c) + room);
    c->older = a->chunk;
    c->room = room;
    c->used = 0;
    a->chunk = c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    void *p;

    if (n > a->cap) { /* before rounding, which could wrap */
        a->full = true;
        return NULL;
    }
    n = n ? (n + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
    if (n > a->cap - a->used) {
        a->full = true;
        return NULL;
    }
    if (!a->chunk || n > a->chunk->room - a->chunk->used)
        add_chunk(a, n);
    p = a->chunk->bytes + a->chunk->used;
    a->chunk->used += n;
    a->used += n;
    return memset(p, 0, n);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (!p)
        return slice_of(NULL, 0);
    if (s.n)
        memcpy(p, s.p, s.n);
    return slice_of(p, s.n);
}
