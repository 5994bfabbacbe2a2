/*
 * lookup.h - the addresses of a name, without waiting for them.
 *
 * Every look-up has a thread of its own, which nobody waits for: a resolver
 * that hangs holds up neither the loop nor its workers (the journal writes
 * there) nor the end of the process.  There are at most LOOKUPS_MAX at a time;
 * what is more waits for its turn.
 */
#ifndef LOOP_LOOKUP_H
#define LOOP_LOOKUP_H

#include "base/status.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define LOOKUPS_MAX          32
#define LOOKUP_NAME_MAX      255
#define LOOKUP_ADDRESSES_MAX 4

struct lookup_answer {
    size_t n; /* 0: there is none; why says the resolver's words */
    struct sockaddr_storage address[LOOKUP_ADDRESSES_MAX]; /* without ports */
    const char *why;                                       /* static */
    bool unasked; /* the resolver was not asked */
};

struct lookups;
struct lookup;

CHECKED enum status lookups_new(struct loop *loop, struct lookups **ret,
                                struct err *err);
void lookups_free(struct lookups *l); /* cancels what is left; NULL is fine */

/* An address in figures needs no looking up; false: name is none. */
bool lookup_figures(const char *name, struct lookup_answer *ret);
/* Nor does localhost, which is this machine whatever a resolver says. */
bool lookup_localhost(const char *name, struct lookup_answer *ret);

/* done is called once, later, from the loop, unless it is cancelled before;
 * after either the pointer is void.  The name, at most LOOKUP_NAME_MAX bytes,
 * is copied. */
struct lookup *lookup_start(struct lookups *l, const char *name,
                            void (*done)(void *arg,
                                         const struct lookup_answer *answer),
                            void *arg);
/* false: it waits for its turn. */
bool lookup_begun(const struct lookup *lookup);
void lookup_cancel(struct lookup *lookup); /* NULL is fine */

#endif
