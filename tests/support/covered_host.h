/*
 * covered_host.h - a host that holds an expression to what it said it reads.
 *
 * It stands before a json_host and notes whatever the evaluator looks at that
 * none of the program's reads (cel/check.h) covers: a rule would then not be
 * evaluated again when that changes.
 */
#ifndef SUPPORT_COVERED_HOST_H
#define SUPPORT_COVERED_HOST_H

#include "cel/program.h"
#include "support/json_host.h"

struct covered_host {
    struct cel_host port; /* first */
    struct cel_host *inner;
    const struct cel_read *read;
    size_t nreads;
    const struct cel_place *variable; /* by read[i].variable */
    char fault[256];                  /* "": all was covered */
};

/* All of it is borrowed. */
void covered_init(struct covered_host *c, struct json_host *inner,
                  const struct cel_program *p,
                  const struct cel_place *variable);

#endif
