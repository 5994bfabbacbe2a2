/*
 * load.h - rule files, read and checked, as an event for the journal.
 *
 *   load_read: files -> text of an EV_RULES event, or what is wrong with them
 *   load_known: such an event is in the journal
 *
 * Only text that has been checked is to be journalled, and only if it is
 * another than the journal's last.
 */
#ifndef APP_LOAD_H
#define APP_LOAD_H

#include "base/buf.h"
#include "core/event.h"

/* All-zero: nothing is in force. */
struct load {
    struct buf text;       /* of the last event known */
    struct buf zones;      /* the version of the time zones with it */
    bool unsure;           /* it may not be what is in force */
    uint64_t count;        /* events there were */
    struct buf read;       /* text of the last load_read() */
    char read_zones[40];   /* and with it */
    size_t nfiles, nrules; /* of the last load_read() */
};

void load_init(struct load *l);
void load_release(struct load *l);
void load_known(struct load *l, const struct event *ev);
/* What was known last has not come into force after all. */
void load_forget(struct load *l);

/*
 * ST_OK: ev is to be journalled; its slices are l's, until the next call, and
 * it is not known yet.  ST_NONE: these rules are
 * in force already.  ST_BAD: they are wrong, said has the diagnostics;
 * ST_DENIED: a file cannot be read, said has the sentence.  Warnings are in
 * said as well.
 */
CHECKED enum status load_read(struct load *l, char *const *paths, size_t n,
                              struct event *ev, struct buf *said);

#endif
