#include "buf.h"

#include "alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BW_HOSTILE
#define FIRST_ROOM 23
#else
#define FIRST_ROOM 256
#endif

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){ .cap = cap };
}

void buf_release(struct buf *b)
{
    if (!b)
        return;
    free(b->p);
    b->p = NULL;
    b->n = b->room = 0;
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

enum status buf_reserve(struct buf *b, size_t n)
{
    size_t room;

    if (n > b->cap || b->n > b->cap - n) {
        b->full = true;
        return ST_LIMIT;
    }
    if (b->n + n <= b->room)
        return ST_OK;
    room = b->room ? b->room : FIRST_ROOM;
    while (room < b->n + n)
        room = room > SIZE_MAX / 2 ? b->n + n : room * 2;
    b->p = xrealloc(b->p, room);
    b->room = room;
    return ST_OK;
}

enum status buf_add(struct buf *b, const void *p, size_t n)
{
    enum status st = buf_reserve(b, n);

    if (st)
        return st;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return ST_OK;
}

void buf_drop(struct buf *b, size_t n)
{
    b->n -= n;
    if (b->n)
        memmove(b->p, b->p + n, b->n);
}

void buf_slice(struct buf *b, struct slice s)
{
    (void)!buf_add(b, s.p, s.n);
}

void buf_str(struct buf *b, const char *s)
{
    (void)!buf_add(b, s, strlen(s));
}

void buf_u64(struct buf *b, uint64_t v)
{
    char text[20];
    size_t i = sizeof(text);

    do {
        text[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    (void)!buf_add(b, text + i, sizeof(text) - i);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_char(b, '-');
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0 && !buf_reserve(b, (size_t)n + 1)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

const char *buf_cstr(struct buf *b)
{
    if (!b->p || b->n == b->room)
        b->p = xrealloc(b->p, b->room = b->n + 1);
    b->p[b->n] = '\0';
    return b->p;
}
