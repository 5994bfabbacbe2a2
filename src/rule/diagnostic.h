/*
 * diagnostic.h - what is wrong in a file that a person wrote, and where.
 *
 *   rules/intents.yaml:9:24: error: no overload of '<' for (string, int)
 *      9 |     expr: host.version < 3
 *        |           ~~~~~~~~~~~~~^~~
 *        = help: int(host.version) < 3
 */
#ifndef RULE_DIAGNOSTIC_H
#define RULE_DIAGNOSTIC_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define DIAGNOSTICS_MAX 100 /* kept; the rest is counted */

struct diagnostic {
    bool warning;
    uint32_t line, column; /* 1-based, column in bytes; 0: the whole file */
    uint32_t end_column;   /* past the last byte, on the same line */
    char *file, *text, *help, *source; /* help and source may be NULL */
};

struct diagnostics {
    size_t n, errors, warnings; /* errors and warnings count all there were */
    struct diagnostic *item;    /* in the order they were found */
};

void diagnostics_release(struct diagnostics *d);
/* By file (in the order given), line and column. */
void diagnostics_sort(struct diagnostics *d);
/* For people: as above, at most DIAGNOSTICS_MAX of them. */
void diagnostics_write(const struct diagnostics *d, bool colour,
                       struct buf *out);
/* [{"file","line","column","end_column","severity","message","help"}...] */
void diagnostics_json(const struct diagnostics *d, struct buf *out);

#endif
