/*
 * revival.h - what a running process does about containers: it records what is
 * decided, carries out what is ordered, and says whom it has in its care.
 *
 *   core --decision--> audit --\
 *   core --orders----> healer --> ledger --> intake, journal, core
 *                         \-----> docker/act.h
 */
#ifndef APP_REVIVAL_H
#define APP_REVIVAL_H

#include "app/audit.h"
#include "app/healer.h"
#include "app/ledger.h"
#include "app/pending.h"
#include "app/roster.h"
#include "loop/loop.h"

struct revival {
    struct loop *loop;
    struct core *core;
    struct docker *docker; /* where acts go; NULL: nowhere at present */
    struct ledger ledger;
    struct pending pending; /* holds */
    struct audit audit;
    struct healer *healer;
    struct roster roster;
    struct tape_parser *parser; /* of recovered lines */
    bool enabled, dry_run, begun;
    bool mode_said; /* that it is off, or a dry run */
};

/* Before recovery.  loop and core are borrowed. */
void revival_init(struct revival *r, struct loop *loop, struct core *core);
/* A line of the journal, at recovery. */
void revival_recovered(struct revival *r, const struct event *ev);
/* The core's sink; self is the revival. */
void revival_decision(void *self, const struct decision *d);

/* After recovery; run: when the process started, borrowed. */
CHECKED enum status revival_begin(struct revival *r,
                                  const struct intake *intake, struct slice run,
                                  struct err *err);
/* A group is on disk and merged. */
void revival_merged(struct revival *r);
/* From time to time. */
void revival_tick(struct revival *r);
/* After docker_stop(), once the intake calls its listeners no more. */
void revival_release(struct revival *r);

#endif
