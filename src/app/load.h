/*
 * load.h - the rules of a running process: read, checked, journalled.
 *
 *   load_read: files -> text of an EV_RULES event, or what is wrong with them
 *   load_known: an EV_RULES of the journal, at recovery
 *
 * Only text that has been checked is journalled, and only if it is another
 * than the journal's last.
 */
#ifndef APP_LOAD_H
#define APP_LOAD_H

#include "base/buf.h"
#include "core/event.h"

/* All-zero: nothing is in force. */
struct load {
    struct buf text;       /* of the last event journalled, or known */
    struct buf zones;      /* the version of the time zones with it */
    uint64_t count;        /* events there were */
    size_t nfiles, nrules; /* of the last load_read() */
};

void load_init(struct load *l);
void load_release(struct load *l);
void load_known(struct load *l, const struct event *ev);

/*
 * ST_OK: ev is to be journalled; its slices are l's.  ST_NONE: these rules are
 * in force already.  ST_BAD: they are wrong, said has the diagnostics;
 * ST_DENIED: a file cannot be read, said has the sentence.  Warnings are in
 * said as well.
 */
CHECKED enum status load_read(struct load *l, char *const *paths, size_t n,
                              struct event *ev, struct buf *said);

#endif
