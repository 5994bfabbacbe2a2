/*
 * buf.h - a growing run of bytes with a mandatory cap.
 *
 * The cap is given once at init.  A write that would pass it changes nothing
 * and answers ST_LIMIT; the buffer then remembers `full`, so a long chain of
 * writes may be checked once at its end with buf_ok().  Writers that return
 * void are for such chains.
 *
 * All-zero is an empty buffer with cap 0: every write to it answers ST_LIMIT.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "slice.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_NO_CAP SIZE_MAX /* only where the caller bounds the input */

struct buf {
    char *p;
    size_t n;    /* bytes in use */
    size_t room; /* bytes allocated */
    size_t cap;  /* n never passes this */
    bool full;   /* a write was refused since init or reset */
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b); /* also of NULL and all-zero */
void buf_reset(struct buf *b);   /* empty, keep memory, forget full */

enum status buf_add(struct buf *b, const void *p, size_t n);
enum status buf_reserve(struct buf *b, size_t n); /* room for n more */
/* Drops the first n bytes and moves the rest to the front. */
void buf_drop(struct buf *b, size_t n);

void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *s);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void buf_char(struct buf *b, char c)
{
    if (b->n < b->room && b->n < b->cap)
        b->p[b->n++] = c;
    else
        (void)!buf_add(b, &c, 1);
}

static inline bool buf_ok(const struct buf *b)
{
    return !b->full;
}

static inline struct slice buf_view(const struct buf *b)
{
    return slice_of(b->p, b->n);
}

/* NUL-terminates (not counted in n) and returns the text; "" if empty. */
const char *buf_cstr(struct buf *b);

#endif
