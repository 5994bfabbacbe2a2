/*
 * intake.h - group commit: lines are journalled, then merged.
 *
 *   line() -> parsed, numbered, appended to the journal, queued
 *   end of the loop's turn -> seal, write and sync on another thread
 *   on disk -> merged in the order of the journal, listeners told
 *   failed  -> all of it forgotten, listeners told; the journal is tried
 *              again every second
 *
 * While one batch is being written the next one collects.
 */
#ifndef APP_INTAKE_H
#define APP_INTAKE_H

#include "app/registry.h"
#include "core/core.h"
#include "core/port.h"
#include "journal/journal.h"
#include "loop/loop.h"

struct committer;

struct committer_config {
    struct loop *loop;
    struct core *core;
    struct journal *journal;
    struct registry *registry;
    void *self;
    nsec (*now)(void *self);    /* log time, clock.h */
    void (*merged)(void *self); /* after each group */
    /* The journal cannot be written (why), or can again (NULL). */
    void (*trouble)(void *self, const struct err *why);
};

struct committer *committer_new(const struct committer_config *config);
void committer_free(struct committer *c);

/* The port for the edges; lives as long as the committer. */
const struct intake *committer_intake(struct committer *c);

/* Journals an event of the monitor's own: a tick, new limits, new rules. */
CHECKED enum status committer_event(struct committer *c, const struct event *ev,
                                    struct err *err);
/* Something is appended or being written. */
bool committer_busy(const struct committer *c);
/* NULL: all is well. */
const struct err *committer_trouble(const struct committer *c);

struct committer_stats {
    uint64_t accepted;  /* lines taken */
    uint64_t refused;   /* lines that could not be */
    uint64_t discarded; /* taken, then lost to a failed write and given back */
    uint64_t groups;    /* batches on disk */
    uint64_t waiting;   /* events not yet merged */
};

struct committer_stats committer_stats(const struct committer *c);

#endif
