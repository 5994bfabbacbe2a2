/*
 * fuzz_docker_frame.c - a container's log stream of any bytes.
 *
 * The first byte says how the rest is read (bit 0: a terminal) and how it is
 * cut into pieces (the other bits).  However it is cut, the lines are the
 * same.
 */
#include "docker/frame.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 70000
#define HELD_MAX       (3u << 20)

struct sum {
    uint64_t lines, hash;
};

static void add(struct sum *s, uint64_t v)
{
    s->hash = (s->hash ^ v) * 1099511628211u;
}

static void on_line(void *self, const struct frame_line *line)
{
    struct sum *s = self;

    assert(line->fd == 1 || line->fd == 2);
    assert(line->text.n <= LINE_MAX_BYTES);
    s->lines++;
    add(s, (uint64_t)line->ts);
    add(s, (uint64_t)line->fd);
    for (size_t i = 0; i < line->text.n; i++)
        add(s, (unsigned char)line->text.p[i]);
}

static void on_too_long(void *self, const struct frame_line *line)
{
    assert(line->text.n == 0);
    add(self, 7);
}

static void on_engine_error(void *self, struct slice text)
{
    add(self, text.n);
}

static struct sum run(struct slice bytes, bool tty, size_t step)
{
    struct sum sum = { 0 };
    const struct frame_sink sink = { &sum, on_line, on_too_long,
                                     on_engine_error };
    enum status st = ST_OK;
    struct frame f;

    frame_init(&f, tty, LINE_MAX_BYTES, &sink);
    while (bytes.n && st == ST_OK) {
        size_t n = step < bytes.n ? step : bytes.n;

        st = frame_feed(&f, slice_of(bytes.p, n), NULL);
        assert(frame_held(&f) < HELD_MAX);
        (void)frame_open_at(&f);
        bytes = slice_of(bytes.p + n, bytes.n - n);
    }
    if (st == ST_OK)
        frame_end(&f);
    add(&sum, st);
    frame_release(&f);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest;
    struct sum whole, pieces;

    if (n < 1)
        return 0;
    rest = slice_of((const char *)data + 1, n - 1);
    whole = run(rest, data[0] & 1, n);
    pieces = run(rest, data[0] & 1, (size_t)(data[0] >> 1) + 1);
    if (whole.lines != pieces.lines || whole.hash != pieces.hash)
        abort();
    return 0;
}
