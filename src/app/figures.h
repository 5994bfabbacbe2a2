/*
 * figures.h - what GET /metrics says of the middle and of the process.
 */
#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include "app/intake.h"
#include "base/metrics.h"

/* One figure without labels; a counter, if its name ends in _total. */
void figure(struct metrics *m, const char *name, const char *help,
            uint64_t value);

void figures_core(const struct core *core, struct metrics *m);
void figures_journal(const struct journal *journal,
                     const struct committer *committer, struct metrics *m);
void figures_process(nsec started_at, struct metrics *m);

#endif
