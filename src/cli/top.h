/*
 * top.h - the table of `bladewatch top`: GET /containers as `docker stats`
 * would show it, with state, probe and revival beside it.
 *
 * Pure: an answer goes in, lines come out.
 */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum top_sort { TOP_BY_NAME, TOP_BY_CPU, TOP_BY_MEM };

struct top_view {
    char *const *names; /* these alone, by name or by id; none: see all */
    size_t nnames;
    bool all; /* else those that run and those that are not well */
    enum top_sort sort;
    bool json;    /* one line: what GET /containers says of them */
    bool colour;  /* red: down; yellow: held, or not verified yet */
    bool stale;   /* nothing is heard any more: figures are "--" */
    bool noted;   /* a line above the table says which of names is not there */
    size_t width; /* columns of the terminal; 0: as wide as it comes */
    size_t height;
};

CHECKED enum status top_sort_parse(struct slice text, enum top_sort *ret);
/*
 * Appends the table.  ST_BAD: containers is no answer of GET /containers.
 * ST_NONE: none of names is there.  If one is not, err says so even though the
 * others are shown.
 */
CHECKED enum status top_render(const struct top_view *view,
                               struct slice containers, struct buf *out,
                               struct err *err);

#endif
