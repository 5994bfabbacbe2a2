#include "input.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is read at once stays in the cache until it is parsed. */
#define READ_MAX ((size_t)128 << 10)

void input_init(struct input *l, int fd, size_t cap)
{
    *l = (struct input){ .fd = fd, .cap = cap };
    l->room = 2 * READ_MAX;
    l->p = xmalloc(l->room);
}

void input_release(struct input *l)
{
    free(l->p);
    free(l->kept);
    *l = (struct input){ 0 };
}

static enum status fill(struct input *l, struct err *err)
{
    ssize_t n;

    if (l->from) {
        memmove(l->p, l->p + l->from, l->n - l->from);
        l->n -= l->from;
        l->from = 0;
    }
    if (l->room - l->n < READ_MAX) {
        l->room = 2 * l->room;
        l->p = xrealloc(l->p, l->room);
    }
    do
        n = read(l->fd, l->p + l->n, READ_MAX);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        err_set(err, "cannot read: %s", strerror(errno));
        return ST_IO;
    }
    l->end = n == 0;
    l->n += (size_t)n;
    return ST_OK;
}

/* Drops input up to and with the next newline. */
static enum status skip_rest(struct input *l, struct err *err)
{
    char *newline;
    enum status st;

    for (;;) {
        newline = memchr(l->p + l->from, '\n', l->n - l->from);
        if (newline) {
            l->used += (size_t)(newline + 1 - l->p) - l->from;
            l->from = (size_t)(newline + 1 - l->p);
            return ST_OK;
        }
        l->used += l->n - l->from;
        l->from = l->n;
        if (l->end)
            return ST_OK;
        st = fill(l, err);
        if (st)
            return st;
    }
}

enum status input_peek(struct input *l, struct input_line *ret, struct err *err)
{
    size_t seen = 0;
    char *start, *newline;
    enum status st;

    for (;;) {
        start = l->p + l->from;
        newline = memchr(start + seen, '\n', l->n - l->from - seen);
        if (newline || l->end || l->n - l->from > l->cap)
            break;
        seen = l->n - l->from;
        st = fill(l, err);
        if (st)
            return st;
    }
    if (!newline && l->n == l->from)
        return ST_END;
    ret->text =
        slice_of(start, newline ? (size_t)(newline - start) : l->n - l->from);
    ret->cut = ret->text.n > l->cap;
    if (ret->cut)
        ret->text.n = l->cap;
    else if (ret->text.n && ret->text.p[ret->text.n - 1] == '\r')
        ret->text.n--;
    return ST_OK;
}

enum status input_next(struct input *l, struct input_line *ret, struct err *err)
{
    enum status st = input_peek(l, ret, err);
    size_t step;
    char *start;

    if (st)
        return st;
    start = l->p + l->from;
    if (ret->cut) {
        free(l->kept);
        l->kept = xmemdup0(ret->text.p, ret->text.n);
        ret->text.p = l->kept;
        return skip_rest(l, err);
    }
    step = ret->text.n;
    while (start + step < l->p + l->n && start[step] != '\n')
        step++;
    step += start + step < l->p + l->n;
    l->from += step;
    l->used += step;
    return ST_OK;
}
