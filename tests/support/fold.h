/*
 * fold.h - the state model, told a second time and naively.
 *
 * The state of a set of shards: sort them by tag, merge one by one, let
 * leases run out in between.  No hash tables, no interned keys, no timer
 * heap, no JSON parser: lists, strings and a search for the least.
 */
#ifndef SUPPORT_FOLD_H
#define SUPPORT_FOLD_H

#include "support/val.h"

struct fold_shard {
    char blade[8], run[8];
    uint64_t seq;
    int64_t ts;
    const char *at[2];
    size_t nat;
    struct val *body;
    bool retire; /* no body: fold this blade */
};

struct fold_options {
    bool ttl, erase, conflict, push;
};

struct fold_stream {
    struct fold_shard *shard; /* distinct, in no order that matters */
    size_t n;
};

/* n random shards. */
void stream_make(struct fold_stream *s, uint64_t *seed, size_t n,
                 struct fold_options with);
void stream_free(struct fold_stream *s);
/* One line for core_envelope(), with escapes and order by chance. */
void shard_line(const struct fold_shard *s, uint64_t *seed, struct buf *out);
/* What all the $inc of the stream come to, in 10^-6. */
int64_t stream_total(const struct fold_stream *s);

/*
 * The shards with ts < below merged, leases due by now fired; canonical
 * JSON, counters apart if split.
 */
void fold(const struct fold_stream *s, int64_t below, int64_t now, bool split,
          struct buf *out);

#endif
