/*
 * tape.h - one JSON value as a flat run of operations.
 *
 * yajl's events are put on a tape first and used only when the whole line has
 * proved good, so a broken line changes nothing.  Strings are decoded: escapes
 * resolved, lone surrogates and ill-formed UTF-8 replaced by U+FFFD.  Numbers
 * keep their text.
 *
 *   {"a":[1,"x"]}  ->  OBJECT end=5, KEY "a" end=5, ARRAY end=5,
 *                      NUMBER "1", STRING "x"
 *
 * A member is its KEY and, right behind it, its value; a KEY's end is the
 * index of the next member.  Of members with the same key the last one wins;
 * the earlier ones are marked DEAD.
 */
#ifndef DATA_TAPE_H
#define DATA_TAPE_H

#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

#define TAPE_DEPTH_MAX 512 /* containers inside one another */

enum tape_kind {
    TAPE_NULL,
    TAPE_FALSE,
    TAPE_TRUE,
    TAPE_NUMBER, /* p, n: its text */
    TAPE_STRING, /* p, n: decoded */
    TAPE_ARRAY,  /* end */
    TAPE_OBJECT, /* end */
    TAPE_KEY     /* p, n: decoded; hash; end */
};

enum {
    TAPE_DEAD = 1,  /* a KEY that a later one replaces */
    TAPE_DOLLAR = 2 /* an OBJECT with a key that begins with '$' */
};

struct tape_op {
    const char *p;
    uint32_t n;
    uint32_t end;
    uint32_t hash;
    uint8_t kind;
    uint8_t flags;
};

struct tape {
    struct tape_op *op;
    size_t n;
};

struct tape_parser; /* keeps its memory from line to line */

/* seed: see hash.h; keys are hashed with it. */
struct tape_parser *tape_parser_new(uint64_t seed);
void tape_parser_free(struct tape_parser *t);

/*
 * Reads exactly one JSON value from line, blanks around it allowed.  The tape
 * points into line and into the parser and is good until the next call.
 * ST_BAD: no JSON (RFC 8259); err has text and column.  ST_LIMIT: nested
 * deeper than TAPE_DEPTH_MAX.
 */
CHECKED enum status tape_parse(struct tape_parser *t, struct slice line,
                               struct tape *ret, struct err *err);

/* Bytes that a copy of the tape needs, and the copy: one block, in which the
 * pointers into the parser's own memory are made good.  Pointers into line
 * are moved by to_line - from_line. */
size_t tape_copy_size(const struct tape_parser *t, const struct tape *tape);
struct tape tape_copy(const struct tape_parser *t, const struct tape *tape,
                      void *to, struct slice from_line, const char *to_line);

static inline struct slice tape_text(const struct tape_op *op)
{
    return slice_of(op->p, op->n);
}

/* The index behind the value at index i. */
static inline size_t tape_after(const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];

    return op->kind == TAPE_ARRAY || op->kind == TAPE_OBJECT ? op->end : i + 1;
}

/* The value of the member called key of the object at index at, or NULL. */
const struct tape_op *tape_member_of(const struct tape *tape, size_t at,
                                     const char *key);
/* Of the top-level one. */
const struct tape_op *tape_member(const struct tape *tape, const char *key);

#endif
