/*
 * diagnostic.h - what is wrong in a file that a person wrote, and where.
 *
 *   rules/intents.yaml:9:11: error: no overload of '<' for (string, int)
 *      9 |     expr: host.version < 3
 *        |           ^~~~~~~~~~~~~~~~
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
    uint32_t order;        /* of its file among all of them */
    uint32_t line, column; /* 1-based, column in bytes; 0: the whole file */
    uint32_t end_column;   /* past the last byte, on the same line */
    char *file, *text, *help, *source; /* help and source may be NULL */
    /* Of source, which is a long line's part, in characters. */
    uint32_t mark, nmark;
};

/* All-zero is none. */
struct diagnostics {
    size_t n, errors, warnings; /* errors and warnings count all there were */
    struct diagnostic *item;    /* in the order they were found */
};

/* Bytes of a file; line and column are those of from, line 0: the whole. */
struct diagnostic_place {
    uint32_t order;
    struct slice file; /* its name */
    struct slice text;
    uint32_t line, column;
    size_t from, to;
};

void diagnostics_release(struct diagnostics *d);
/*
 * What is not printable in a text is replaced.  NULL: counted, but not kept,
 * because there are DIAGNOSTICS_MAX already; an error takes the place of a
 * warning, though.
 */
struct diagnostic *diagnostics_add(struct diagnostics *d, bool warning,
                                   const struct diagnostic_place *at,
                                   const char *text);
void diagnostic_help(struct diagnostic *item, const char *help);
/* By file (in the order given), line and column. */
void diagnostics_sort(struct diagnostics *d);
/* For people: as above, at most DIAGNOSTICS_MAX of them. */
void diagnostics_write(const struct diagnostics *d, bool colour,
                       struct buf *out);
/* [{"file","line","column","end_column","severity","message","help"}...] */
void diagnostics_json(const struct diagnostics *d, struct buf *out);

#endif
