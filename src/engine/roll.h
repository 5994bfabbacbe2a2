/*
 * roll.h - who has to answer, and who did: what an intent's expressions name.
 *
 * A roll that was read borrows the names, until the next expression is
 * evaluated; one that stays is filled by roll_replace() and owns them.
 */
#ifndef ENGINE_ROLL_H
#define ENGINE_ROLL_H

#include "inside.h"

#define ROLL_MAX 1000 /* names in one */

struct party {
    struct slice role; /* "" in a list */
    struct slice host; /* "": nobody has this role yet */
    bool answered;
    nsec answered_at; /* when it was first seen */
};

/* By host, then role; no two are the same. */
struct roll {
    size_t n;
    struct party *party;
};

enum roll_form {
    ROLL_PARTIES, /* a list of hosts, or a map of roles to hosts */
    ROLL_ANSWERS  /* a list of hosts, or a map with hosts as keys */
};

/*
 * Evaluates p into an empty roll.  A missing key makes an empty one.  False:
 * who is named is not known, and the rule has been told to be ill.
 * free(to->party) either way.
 */
bool roll_read(struct engine *e, struct instance *i,
               const struct cel_program *p, enum roll_form form,
               struct roll *to);
/* The names are borrowed. */
void roll_add(struct roll *r, struct slice role, struct slice host);
bool roll_same(const struct roll *a, const struct roll *b);
/* Puts copies of the names in place of what was there, of which it keeps
 * which hosts have answered. */
void roll_replace(struct roll *r, const struct roll *now);
void roll_release(struct roll *r); /* of one that owns its names */

#endif
