/*
 * A recording of any bytes, pushed in pieces: nothing crashes, reading ends,
 * and what is delivered can be written and read again.
 */
#include "base/buf.h"
#include "journal/format.h"
#include "journal/reader.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct event *ev, struct buf *out,
                        struct decoded *decoded)
{
    struct event back;

    buf_reset(out);
    if (event_encode(out, ev, NULL))
        return;
    assert(!event_decode(slice_of(out->p, out->n - 1), false, decoded, &back,
                         NULL));
    assert(back.kind == ev->kind && slice_eq(back.line, ev->line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader_options opt = { .window_bytes = 4096, .line_bytes = 1000 };
    size_t piece = size ? 1 + data[size - 1] : 1, at = 0, bad = 0;
    struct reader *r = reader_new_push("fuzz", opt);
    struct decoded decoded = { 0 };
    struct event ev;
    struct buf out;
    enum status st;

    buf_init(&out, (size_t)1 << 20);
    while ((st = reader_next(r, &ev, NULL)) != ST_END) {
        if (st == ST_OK) {
            write_again(&ev, &out, &decoded);
        } else if (st == ST_AGAIN && at < size) {
            if (piece > size - at)
                piece = size - at;
            at += reader_push(r, slice_of((const char *)data + at, piece));
        } else if (st == ST_AGAIN) {
            reader_push_end(r);
        } else {
            assert(st == ST_BAD && ++bad <= size + 1);
        }
    }
    buf_release(&out);
    decoded_release(&decoded);
    reader_free(r);
    return 0;
}
