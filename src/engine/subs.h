/*
 * subs.h - who waits for which paths of one tree.
 *
 * All patterns make one automaton over the keys of a path; its states are the
 * `sub` numbers that the tree caches in its maps (tree.h).  It is determinised
 * as paths turn up: a state is a set of (pattern, position).  Keys that stand
 * in no pattern all take the same way, so the automaton does not grow with
 * what is logged.
 */
#ifndef ENGINE_SUBS_H
#define ENGINE_SUBS_H

#include "base/instant.h"
#include "rule/rule.h"
#include "tree/tree.h"

/* What is waited for, at the end of a pattern. */
enum {
    SUB_VALUE = 1,    /* it has another value, appears or goes */
    SUB_EXISTS = 2,   /* it appears or goes */
    SUB_BELOW = 4,    /* anything at or below it changes */
    SUB_META = 8,     /* anything at or below it is written, equal or not */
    SUB_ELEMENT = 16, /* an instance of the rule appears or goes with it */
    SUB_INCREASE = 32,
    SUB_CHANGES = 64,
    SUB_ERRORS = 128 /* what is written here is an error */
};

#define SUB_DEEP (SUB_BELOW | SUB_META)

struct sub_entry {
    uint32_t rule; /* the reader's number */
    uint32_t kinds;
    nsec window_for; /* of SUB_INCREASE and SUB_CHANGES */
    /* The path's own keys at these depths say which instance; none: all. */
    uint8_t nstars;
    uint8_t star[RULE_STARS_MAX];
};

struct sub_found {
    const struct sub_entry *entry;
    bool exact; /* the pattern ends here, not above */
    /* SUB_INCREASE, SUB_CHANGES: the first here to ask for this window. */
    uint32_t measures;
};

struct subs;

/* keys and seed are the tree's; literal keys are referred to. */
struct subs *subs_new(struct keys *keys, uint64_t seed);
void subs_free(struct subs *s); /* NULL is fine */
/* key[i].p == NULL: any key.  Before the first subs_root(). */
void subs_add(struct subs *s, const struct slice *key, size_t n,
              const struct sub_entry *entry);
uint32_t subs_root(struct subs *s);
uint32_t subs_next(struct subs *s, uint32_t sub, uint32_t key);
/* All that ends at a state. */
const struct sub_found *subs_at(const struct subs *s, uint32_t sub,
                                size_t *ret_n);

#endif
