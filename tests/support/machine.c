#include "machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void machine_feed(struct core *core, struct slice line)
{
    struct err err = { 0 };

    if (!core_envelope(core, line, &err))
        return;
    fprintf(stderr, "refused: %s\n%.*s\n", err.text, SLICE_ARG(line));
    abort();
}

void machine_tick(struct core *core, nsec ts)
{
    struct event ev = { .kind = EV_TICK, .ts = ts };

    core_step(core, &ev);
}

static bool gather(void *self, struct slice text)
{
    return !buf_add(self, text.p, text.n);
}

void machine_state(const struct core *core, bool split, struct buf *out)
{
    struct sink sink = { out, gather };

    buf_reset(out);
    if (core_write_state(core, split, &sink))
        abort();
}

void machine_at(const struct core *core, const char *path, struct buf *out)
{
    struct sink sink = { out, gather };
    struct path at;
    struct buf store;

    buf_reset(out);
    buf_init(&store, BUF_NO_CAP);
    if (path_parse(&at, slice_str(path), &store, NULL))
        abort();
    (void)!view_write(core, &at, (struct view_options){ 0 }, &sink);
    buf_release(&store);
}

void machine_all(const struct core *core, struct buf *out)
{
    machine_at(core, "", out);
}
