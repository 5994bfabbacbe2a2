/*
 * The first byte says how the rest is posted: as gzip, as lines only, in
 * pieces of which size.  Whatever comes out is made of whole lines, in order.
 */
#include "httpd/body.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GZIP = 1, LINES_ONLY = 2, STEP_SHIFT = 2 };

static const struct body_caps caps = { 1 << 16, 1 << 18, 50 };

static enum status feed(struct body *b, struct slice text, size_t step)
{
    enum status st = ST_OK;
    size_t n;

    while (text.n && !st) {
        n = text.n < step ? text.n : step;
        st = body_feed(b, slice_of(text.p, n), NULL);
        text = slice_of(text.p + n, text.n - n);
    }
    return st;
}

static void check_item(const struct body *b, const struct body_item *item,
                       size_t line)
{
    struct err err = { .column = item->text.n };

    assert(item->text.n > 0);
    assert(!memchr(item->text.p, '\n', item->text.n));
    assert(item->line >= line && item->column >= 1);
    assert(item->at >= b->text.p && item->at < b->text.p + b->text.n);
    body_locate(b, item, &err);
    assert(err.line >= item->line && err.column >= 1);
}

static void drain(struct body *b)
{
    struct body_item item = { 0 };
    size_t line = 1, steps = 0;
    enum status st;
    struct err err;

    for (;;) {
        err = (struct err){ 0 };
        st = body_next(b, &item, &err);
        if (st == ST_END)
            return;
        assert(++steps <= b->text.n + 1);
        if (st == ST_OK)
            check_item(b, &item, line);
        else
            assert(st == ST_BAD && err.text[0] && err.line >= line);
        line = st ? err.line : item.line;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tape_parser *parser;
    struct body b;

    if (!parser)
        parser = tape_parser_new(0);
    if (size == 0)
        return 0;
    body_init(&b, &caps, data[0] & GZIP);
    b.lines_only = data[0] & LINES_ONLY;
    if (feed(&b, slice_of((const char *)data + 1, size - 1),
             1 + (data[0] >> STEP_SHIFT)) == ST_OK &&
        body_end(&b, parser, NULL) == ST_OK)
        drain(&b);
    body_release(&b);
    return 0;
}
