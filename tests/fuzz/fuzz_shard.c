/*
 * The input is lines; a first byte of its own decides what each is: '\t' a
 * tick (its text the step in ms), '\v' a line of plain JSON in the name of a
 * third-party source, '\f' plain text, '\b' limits, otherwise an envelope.
 * Everything goes through two cores with tiny limits, which must agree.
 */
#include "core/inside.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START ((nsec)1700000000000000000)

/* Stays on whatever the build says. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct limits tiny = {
    .shard_bytes = 4096,
    .string_bytes = 64,
    .list_items = 3,
    .nodes = 60,
    .blade_nodes = 40,
    .bank_keys = 3,
    .filter_gaps = 2,
    .ids = 4,
    .retire_after = 10 * NSEC_SEC,
};

static void declare(struct core *core, uint32_t id, enum mode mode)
{
    struct source decl = {
        .blade = slice_str("web"),
        .run = slice_str("1"),
        .mode = mode,
        .ttl_for = mode == MODE_TEXT ? NSEC_SEC : 0,
    };
    struct event ev = { .kind = EV_SOURCE, .source = id, .decl = &decl };
    struct path scope = { { { "a", 1 } }, 1 };

    decl.at.key[0] = slice_str("blades");
    decl.at.key[1] = slice_str("web");
    decl.at.n = mode == MODE_SHARD ? 0 : 2;
    if (mode == MODE_SHARD) {
        decl.scope = &scope;
        decl.nscope = 1;
    }
    core_step(core, &ev);
}

static struct core *make(uint64_t seed)
{
    struct core *core = core_new(seed);
    struct event ev = { .kind = EV_LIMITS, .limits = tiny };

    core_step(core, &ev);
    declare(core, 0, MODE_JSON);
    declare(core, 1, MODE_TEXT);
    declare(core, 2, MODE_SHARD);
    return core;
}

static void line(struct core *core, struct slice text, uint64_t n, nsec *now)
{
    struct event ev = { .kind = EV_LINE, .seq = n, .ts = *now };
    struct err err;

    if (text.n == 0)
        return;
    ev.line = slice_of(text.p + 1, text.n - 1);
    switch (*text.p) {
    case '\t':
        *now +=
            (nsec)(text.n > 1 ? (unsigned char)text.p[1] : 1) * 100 * NSEC_MSEC;
        core_step(core, &(struct event){ .kind = EV_TICK, .ts = *now });
        return;
    case '\b':
        ev.kind = EV_LIMITS;
        ev.limits = tiny;
        ev.limits.nodes = text.n;
        core_step(core, &ev);
        return;
    case '\v':
    case '\f':
        ev.source = (uint32_t)(*text.p - '\v');
        core_step(core, &ev);
        return;
    case '\r':
        ev.source = 2;
        ev.ts -= NSEC_SEC; /* late, once there was a tick */
        core_step(core, &ev);
        return;
    default:
        if (core_envelope(core, text, &err))
            must(err.text[0] != '\0');
    }
}

static bool gather(void *self, struct slice text)
{
    return !buf_add(self, text.p, text.n);
}

static void render(const struct core *core, bool split, struct buf *out)
{
    struct sink sink = { out, gather };
    struct path root = { .n = 0 };

    buf_reset(out);
    must(!view_write(core, &root, (struct view_options){ split }, &sink));
}

static void check_text(struct slice text)
{
    static struct tape_parser *parser;
    struct tape tape;
    size_t i;

    if (!parser)
        parser = tape_parser_new(7);
    must(!tape_parse(parser, text, &tape, NULL));
    for (i = 0; i < tape.n; i++)
        must(!(tape.op[i].flags & TAPE_DEAD));
}

static void check_nodes(struct core *core)
{
    uint64_t bill = 0;
    size_t i;

    tree_reap(&core->state, SIZE_MAX);
    for (i = 0; i < core->state.npayers; i++)
        bill += core->state.bill[i];
    must(render_weight(&core->state.root, SIZE_MAX) - 1 == core->state.nodes);
    must(bill == core->state.nodes);
    must(core->state.nodes <= tiny.nodes || tiny.nodes == 0);
}

static void run(struct core *core, const char *p, size_t size,
                struct watch *watch, struct buf *patch)
{
    const char *end = p + size, *stop;
    nsec now = START;
    uint64_t n = 0;

    while (p < end) {
        stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            stop = end;
        line(core, slice_of(p, (size_t)(stop - p)), ++n, &now);
        if (n % 8 == 0 && view_changes(core, watch, patch) == ST_OK)
            check_text(buf_view(patch));
        p = stop + 1;
    }
    core_flush(core);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct core *a = make(1), *b = make(2);
    struct watch *watch_a, *watch_b;
    struct buf text_a, text_b;
    struct path root = { .n = 0 };
    bool split = size & 1;

    buf_init(&text_a, BUF_NO_CAP);
    buf_init(&text_b, BUF_NO_CAP);
    watch_a = watch_new(a, &root);
    watch_b = watch_new(b, &root);
    run(a, (const char *)data, size, watch_a, &text_a);
    run(b, (const char *)data, size, watch_b, &text_b);
    render(a, split, &text_a);
    render(b, split, &text_b);
    must(slice_eq(buf_view(&text_a), buf_view(&text_b)));
    check_text(buf_view(&text_a));
    check_nodes(a);
    buf_release(&text_a);
    buf_release(&text_b);
    watch_free(a, watch_a);
    core_free(a);
    core_free(b);
    return 0;
}
