/*
 * reload.h - the rules of a running process: read from their files, checked,
 * journalled, and in force once they are on disk.
 *
 *   reload_now -> wrong, or in force already: done() at once
 *              -> journalled -> on disk: done(ST_OK)
 *                            \> lost: done(ST_IO)
 *
 * Where the journal cannot be written the files are read again as soon as it
 * can.
 *
 * One asked for while another is under way begins when that has ended, and
 * done() tells of the last.
 */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include "app/intake.h"
#include "app/load.h"

/* All borrowed. */
struct reload_config {
    char *const *path;
    size_t npaths;
    struct core *core;
    struct committer *committer;
    void *self;
    /* Brings log time up to now: rules begin when they are loaded, however
     * quiet the hour. */
    void (*tick)(void *self);
    /*
     * ST_OK: other rules than before are in force; ST_NONE: the same.  Else
     * nothing has changed: ST_BAD, ST_DENIED as load_read() says, or the
     * journal cannot take them.  said: lines for people, may be added to.
     */
    void (*done)(void *self, enum status st, struct buf *said);
};

struct reload {
    struct reload_config config;
    struct load load;
    struct buf said;
    uint64_t loads; /* of the core, once what is under way is in force */
    bool under_way; /* journalled, not on disk yet */
    bool again;     /* asked for meanwhile */
    bool lost;      /* the journal could not take it; to be read again */
};

void reload_init(struct reload *r);
void reload_release(struct reload *r);
/* An EV_RULES of the journal, at recovery. */
void reload_known(struct reload *r, const struct event *ev);
/* After recovery, before all that follows. */
void reload_begin(struct reload *r, const struct reload_config *config);

void reload_now(struct reload *r);
/* A group is on disk and merged. */
void reload_merged(struct reload *r);
/* The journal cannot be written (why), or can again (NULL). */
void reload_trouble(struct reload *r, const struct err *why);

#endif
