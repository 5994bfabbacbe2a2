/*
 * shard.h - a line on its way into the tree.
 *
 * A shard is one block of memory with a copy of the line and its tape, so
 * that a line is parsed once, whether it waits for the disk, for its turn or
 * not at all.  Blocks come from chunks that are used again; shards are freed
 * roughly in the order they were made.
 */
#ifndef CORE_SHARD_H
#define CORE_SHARD_H

#include "base/instant.h"
#include "base/slice.h"
#include "data/tape.h"
#include "tree/names.h"

#include <stdbool.h>
#include <stdint.h>

struct shard {
    struct tag tag; /* ts, origin and seq once the core has it */
    uint64_t seq;
    uint32_t source; /* the core's number */
    int fd;
    nsec logged_at;
    struct slice line; /* raw, with a NUL behind it */
    struct slice id;   /* idempotency key or empty */
    struct tape tape;  /* n == 0: plain text */
    size_t body;       /* the index of the body on the tape */
    bool json;         /* the line is one valid JSON value */
    bool empty;        /* the body asks for nothing */
    bool retire;       /* no body: fold blade `source` */
    struct shard_chunk *chunk;
};

struct shard_pool {
    struct shard_chunk *current, *spare;
    struct tape_parser *parser;
    size_t bytes; /* in chunks in use */
};

void shard_pool_init(struct shard_pool *pool, uint64_t seed);
/* Every shard must have been freed. */
void shard_pool_release(struct shard_pool *pool);

/*
 * Parses the line unless text is set.  What is no JSON becomes plain text,
 * and err says why (its text is empty if all is well).  Never fails.
 */
struct shard *shard_new(struct shard_pool *pool, struct slice line, bool text,
                        struct err *err);
void shard_free(struct shard_pool *pool, struct shard *shard);

/*
 * The top-level $ts of the line as an instant: RFC 3339 text or integer
 * nanoseconds.  ST_NONE: there is none; ST_BAD: it is neither.
 */
CHECKED enum status shard_ts(const struct shard *shard, const char *member,
                             nsec *ret_ts);

#endif
