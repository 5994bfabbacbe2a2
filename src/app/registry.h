/*
 * registry.h - the sources of a live process: their numbers, how far each run
 * has been counted, and where each stream is to be resumed.
 *
 * All of it follows from the journal: a restart rebuilds it event by event.
 */
#ifndef APP_REGISTRY_H
#define APP_REGISTRY_H

#include "core/event.h"
#include "core/port.h"

/* New ones in the life of a process: what the journal holds must not stop the
 * next process from having sources at all. */
#define REGISTRY_SOURCES_MAX 100000

/* One life of a blade. */
struct run {
    uint64_t next_seq;        /* of the next line */
    uint64_t durable_seq;     /* the greatest on disk */
    struct cursor *cursor[3]; /* by fd; NULL: nothing seen */
};

struct registered {
    struct source *decl;
    struct run *run;
    bool journalled; /* declared in the journal, perhaps not yet on disk */
    bool durable;
};

struct registry;

struct registry *registry_new(void);
void registry_free(struct registry *r);

/* The number of a source like decl, made if need be.  ST_LIMIT. */
CHECKED enum status registry_source(struct registry *r,
                                    const struct source *decl, uint32_t *ret_id,
                                    struct err *err);
/* The same under a number that the journal gave. */
void registry_recover(struct registry *r, uint32_t id,
                      const struct source *decl);
/* NULL: no such number. */
struct registered *registry_get(struct registry *r, uint32_t id);
/* A line is on disk. */
void registry_durable(struct registry *r, const struct event *ev);
/* What is not on disk never was. */
void registry_rewind(struct registry *r);

CHECKED enum status registry_cursor(struct registry *r, struct slice blade,
                                    struct slice run, int fd,
                                    struct cursor *ret);
void registry_runs(struct registry *r, struct slice blade,
                   bool (*fn)(void *arg, struct slice run), void *arg);

#endif
