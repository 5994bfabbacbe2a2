/*
 * pretty.h - canonical JSON for people: indented, coloured.
 *
 * Works on the text, piece by piece as it comes, cut anywhere; memory does
 * not grow with it.  The text is taken as it is: what is no JSON comes out as
 * something that is none either.  Control characters do not pass, so that
 * what was logged cannot drive a terminal.
 */
#ifndef DATA_PRETTY_H
#define DATA_PRETTY_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>

#define PRETTY_DEPTH_MAX 512 /* deeper text is not indented further */

struct pretty {
    bool colour;
    bool in_string, escaped, word;
    bool key;    /* the string that is open or comes next is a key */
    bool opened; /* a container that is still empty */
    bool lead;   /* a C2 was held back */
    unsigned depth;
    bool object[PRETTY_DEPTH_MAX];
};

void pretty_init(struct pretty *p, bool colour);
/* Appends what piece amounts to. */
void pretty_add(struct pretty *p, struct slice piece, struct buf *out);
/* After the last piece: ends the line. */
void pretty_end(struct pretty *p, struct buf *out);
/* Plain text, its control characters escaped. */
void pretty_text(struct slice text, struct buf *out);

#endif
