/*
 * notice.h - what leaves: an alert that began to fire or has ended.
 *
 * Notices are made by the core at instants of log time and are the same in
 * every run over the same recording, their ordinals too.  An edge that
 * delivers them remembers how far each receiver has got by the ordinal, so
 * that after a crash, when the journal is replayed and all notices are made
 * again, it goes on where it was.
 */
#ifndef ENGINE_NOTICE_H
#define ENGINE_NOTICE_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notice_pair {
    struct slice name, value; /* UTF-8 */
};

/* All borrowed for the call. */
struct notice {
    uint64_t ordinal; /* counts from 1 */
    struct slice id;  /* group/rule/instance/transition/log time/ordinal */
    bool firing;      /* else resolved */
    nsec at;          /* log time of this transition */
    nsec starts_at;   /* since when it fires */
    nsec ends_at;     /* 0 while it fires */
    size_t nlabels, nannotations;
    const struct notice_pair *label, *annotation; /* sorted by name, distinct;
                                                     alertname among them */
};

struct notice_sink {
    void *self;
    void (*put)(void *self, const struct notice *notice);
};

#endif
