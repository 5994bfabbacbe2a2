#include "shard.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#define CHUNK ((size_t)256 * 1024)

struct shard_chunk {
    size_t live; /* shards in it */
    size_t used, room;
    max_align_t data[];
};

void shard_pool_init(struct shard_pool *pool, uint64_t seed)
{
    *pool = (struct shard_pool){ .parser = tape_parser_new(seed) };
}

void shard_pool_release(struct shard_pool *pool)
{
    tape_parser_free(pool->parser);
    free(pool->current);
    free(pool->spare);
    *pool = (struct shard_pool){ 0 };
}

static struct shard_chunk *chunk_for(struct shard_pool *pool, size_t n)
{
    struct shard_chunk *c = pool->current;
    size_t room = n > CHUNK ? n : CHUNK;

    if (c && c->room - c->used >= n)
        return c;
    if (c && c->live == 0 && room <= c->room) {
        c->used = 0;
        return c;
    }
    if (c && c->live == 0) {
        pool->bytes -= c->room;
        free(c);
    }
    c = pool->spare;
    pool->spare = NULL;
    if (!c || c->room < room) {
        free(c);
        c = xmalloc(sizeof(*c) + room);
        c->room = room;
    }
    c->live = c->used = 0;
    pool->bytes += c->room;
    pool->current = c;
    return c;
}

static void *take(struct shard_pool *pool, size_t n, struct shard_chunk **ret)
{
    struct shard_chunk *c;
    char *p;

    n = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    c = chunk_for(pool, n);
    p = (char *)c->data + c->used;
    c->used += n;
    c->live++;
    *ret = c;
    return p;
}

struct shard *shard_new(struct shard_pool *pool, struct slice line, bool text,
                        struct err *err)
{
    struct tape tape = { 0 };
    struct shard_chunk *chunk;
    struct shard *s;
    size_t copy = 0;
    char *p;

    err->text[0] = '\0';
    if (!text && !tape_parse(pool->parser, line, &tape, err))
        copy = tape_copy_size(pool->parser, &tape);
    p = take(pool, sizeof(*s) + copy + line.n + 1, &chunk);
    s = (struct shard *)p;
    *s = (struct shard){ .chunk = chunk, .json = tape.n > 0 };
    p += sizeof(*s);
    s->line = slice_of(p + copy, line.n);
    if (line.n)
        memcpy(p + copy, line.p, line.n);
    p[copy + line.n] = '\0';
    if (tape.n)
        s->tape = tape_copy(pool->parser, &tape, p, line, s->line.p);
    return s;
}

void shard_free(struct shard_pool *pool, struct shard *s)
{
    struct shard_chunk *c = s->chunk;

    assert(c->live);
    if (--c->live)
        return;
    if (c == pool->current) {
        c->used = 0;
        return;
    }
    pool->bytes -= c->room;
    if (pool->spare || c->room > CHUNK) {
        free(c);
        return;
    }
    pool->spare = c;
}

static enum status integer(struct slice text, nsec *ret)
{
    bool negative = text.n && *text.p == '-';
    nsec v = 0;
    size_t i;

    for (i = negative; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' ||
            __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, text.p[i] - '0', &v))
            return ST_BAD;
    *ret = negative ? -v : v;
    return ST_OK;
}

enum status shard_ts(const struct shard *s, const char *member, nsec *ret_ts)
{
    const struct tape_op *op = tape_member(&s->tape, member);

    if (!op)
        return ST_NONE;
    if (op->kind == TAPE_STRING)
        return instant_parse(tape_text(op), ret_ts);
    if (op->kind == TAPE_NUMBER)
        return integer(tape_text(op), ret_ts);
    return ST_BAD;
}
