/*
 * problem.h - what is wrong with an expression, all of it at once.
 *
 * Positions are bytes of the expression's own text; who knows where that text
 * stood in a file (rule/source.h) turns them into lines and columns.
 */
#ifndef CEL_PROBLEM_H
#define CEL_PROBLEM_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CEL_PROBLEMS_MAX 30
#define CEL_PROBLEM_TEXT 240

struct cel_problem {
    bool warning;
    uint32_t from, to; /* to > from; from may be the end of the text */
    char text[CEL_PROBLEM_TEXT]; /* one sentence, lower case, no full stop */
    char help[CEL_PROBLEM_TEXT]; /* what to write instead, or "" */
};

/* All-zero is empty.  Nothing is allocated. */
struct cel_problems {
    size_t n, errors;
    bool more; /* there were others */
    struct cel_problem item[CEL_PROBLEMS_MAX];
};

/* NULL problems are ignored.  Returns the item to add help to, or NULL. */
struct cel_problem *cel_problem(struct cel_problems *to, bool warning,
                                uint32_t from, uint32_t to_, const char *format,
                                ...) __attribute__((format(printf, 5, 6)));
void cel_help(struct cel_problem *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
