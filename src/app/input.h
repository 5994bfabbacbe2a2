/*
 * input.h - a file or standard input, line by line.
 *
 * A line longer than the cap is cut there and said to be so; memory never
 * follows the input.
 */
#ifndef APP_INPUT_H
#define APP_INPUT_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct input {
    int fd;
    char *p;        /* the window */
    size_t n, from; /* bytes in it; where the next line begins */
    size_t room, cap;
    uint64_t used; /* bytes of input behind us */
    char *kept;    /* the last line that was cut */
    bool end;
};

struct input_line {
    struct slice text; /* no newline, no CR before it */
    bool cut;          /* the line was longer */
};

void input_init(struct input *l, int fd, size_t cap);
void input_release(struct input *l);
/* ST_OK, ST_END, ST_IO.  The text is good until the next call. */
CHECKED enum status input_next(struct input *l, struct input_line *ret,
                               struct err *err);
/* The next line again, without taking it. */
CHECKED enum status input_peek(struct input *l, struct input_line *ret,
                               struct err *err);

#endif
