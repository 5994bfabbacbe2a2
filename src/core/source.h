/*
 * source.h - whose lines these are and how they are read.
 *
 * A blade is a program that logs; a run is one life of it.  (blade, run, seq)
 * is the identity of a shard: seq counts the lines of a run from 1 without
 * gaps.  Several sources may share blade and run; the duplicate filter knows
 * only blade and run.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "base/instant.h"
#include "base/slice.h"
#include "tree/path.h"

#include <stdbool.h>

enum mode {
    MODE_SHARD, /* JSON with instructions ($inc, $ttl, ...) */
    MODE_JSON,  /* third-party JSON: '$x' is stored as '$$x', null says nothing
                 */
    MODE_TEXT   /* {"msg": line} */
};

#define SOURCE_SCOPE_MAX 8

/* All slices are borrowed by whoever is handed a source, and copied if kept. */
struct source {
    struct slice blade;
    struct slice run;
    enum mode mode;
    struct path at; /* where the body is merged; n == 0 is the root */
    nsec ttl_for;   /* a lease on the mount, renewed by every line; 0: none */
    /*
     * Where a body may write; none: everywhere but the reserved first keys
     * docker, probes and monitor.
     */
    const struct path *scope; /* nscope of them, at most SOURCE_SCOPE_MAX */
    size_t nscope;
    bool trusted; /* the monitor itself: may write docker and probes */
};

/* A copy with all its text in one block, for free(). */
struct source *source_copy(const struct source *source);

/* "shard", "json", "text"; and back (ST_BAD for anything else). */
const char *mode_name(enum mode mode);
CHECKED enum status mode_parse(struct slice text, enum mode *ret_mode);

#endif
