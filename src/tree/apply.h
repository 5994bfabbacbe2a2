/*
 * apply.h - a shard's body turned into writes.
 *
 * Plain bodies are RFC 7396 merge patches.  Where instructions are on, an
 * object with one of these members is one:
 *
 *   {"$set": x}    erase, then merge x
 *   {"$inc": n}    add n to this blade's entry of the counter here
 *   {"$count": n}  this run has counted n so far; becomes an $inc
 *   {"$push": x}   append x, or each item of x if it is an array
 *   {"$ttl": s}    a lease of s seconds; combines with the others, with plain
 *                  members, or stands alone
 *
 * $set goes before $inc before $push; other members of such an object that
 * begin with '$' (not '$$') are not stored.  Where instructions are off,
 * '$x' is stored as '$$x' and a null member says nothing.
 */
#ifndef TREE_APPLY_H
#define TREE_APPLY_H

#include "data/tape.h"
#include "tree/counts.h"
#include "tree/tree.h"

#define MOUNT_SCOPE_MAX 8

/* Where and how the bodies of a source are merged. */
struct mount {
    const struct step *at;
    size_t n;
    bool instructions;
    bool trusted;             /* may write under docker and probes */
    nsec ttl_for;             /* lease on the mount, 0: none */
    const struct path *scope; /* at most MOUNT_SCOPE_MAX */
    size_t nscope;            /* 0: everywhere but the reserved keys */
};

/* Why a part of a body was not merged. */
enum refusal {
    REFUSED_DEPTH,       /* deeper than PATH_KEYS_MAX */
    REFUSED_KEY,         /* a key longer than PATH_KEY_MAX */
    REFUSED_STRING,      /* a string or number longer than the limit */
    REFUSED_NODES,       /* the tree or the blade's share of it is full */
    REFUSED_SCOPE,       /* the blade may not write there */
    REFUSED_INSTRUCTION, /* "$incr", {"$inc":"x"}: none that is known, or not
                            with what it wants */
    REFUSALS
};

const char *refusal_name(enum refusal why);

struct apply {
    struct tree *tree;
    struct counts *counts;
    uint64_t string_bytes;
    uint64_t refused[REFUSALS]; /* added to */
};

/* What is merged: a value on a tape, or (tape == NULL) plain text. */
struct body {
    const struct mount *mount;
    const struct tape *tape;
    size_t at; /* the value's index */
    struct slice text;
    uint32_t blade, run; /* for $count */
    uint64_t seq;
};

void apply_body(struct apply *a, const struct body *body,
                const struct write *w);

#endif
