/*
 * fuzz_engine - rules at work.  The input has parts, with a line "----" between
 * them: a rule file, then what is logged, then the rules that take the place of
 * those before, and so on.  A line that is logged may begin with a number, so
 * many milliseconds later than the line before; blades take turns.  A sanitized
 * build proves besides that every read was waited for.
 */
#include "engine/order.h"
#include "support/machine.h"

#include <stdint.h>
#include <stdlib.h>

#define MOST_MS 5000
#define ALL_MS  20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bench {
    struct core *core;
    int64_t now_ms;
    uint64_t seq;
};

static struct slice cut_line(struct slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    struct slice line = slice_of(rest->p, n);

    n += end != NULL;
    *rest = slice_of(rest->p + n, rest->n - n);
    return line;
}

/* Up to the next line "----", which is taken as well. */
static struct slice cut_part(struct slice *rest)
{
    struct slice part = slice_of(rest->p, 0), line;

    while (rest->n) {
        line = cut_line(rest);
        if (slice_is(line, "----"))
            return part;
        part.n = (size_t)(rest->p - part.p);
    }
    return part;
}

static void load(struct bench *b, struct slice text)
{
    const struct rule_file file = { slice_str("rules.yaml"), text };
    struct diagnostics diags = { 0 };

    (void)!core_rules(b->core, &file, 1, &diags);
    diagnostics_release(&diags);
}

static void go_on(struct bench *b, struct slice *line)
{
    int64_t by_ms = 0;

    while (line->n && *line->p >= '0' && *line->p <= '9' && by_ms < MOST_MS) {
        by_ms = by_ms * 10 + (*line->p - '0');
        *line = slice_of(line->p + 1, line->n - 1);
    }
    by_ms = by_ms < MOST_MS ? by_ms : MOST_MS;
    if (b->now_ms + by_ms <= ALL_MS)
        b->now_ms += by_ms;
    machine_tick(b->core, b->now_ms * NSEC_MSEC);
}

static void take(struct bench *b, struct slice line)
{
    struct event ev = { .kind = EV_LINE, .source = (uint32_t)(b->seq % 2) };

    go_on(b, &line);
    ev.seq = ++b->seq;
    ev.ts = ev.logged_at = b->now_ms * NSEC_MSEC;
    ev.line = line;
    core_step(b->core, &ev);
}

static void declare(struct bench *b)
{
    const struct source sources[] = {
        { .blade = slice_str("a"), .run = slice_str("1") },
        { .blade = slice_str("docker"),
          .run = slice_str("1"),
          .trusted = true },
    };
    uint32_t i;

    for (i = 0; i < 2; i++)
        core_step(b->core, &(struct event){ .kind = EV_SOURCE,
                                            .source = i,
                                            .decl = &sources[i] });
}

static void on_order(void *self, const struct order *order)
{
    buf_slice(self, order->id);
}

static void look(struct core *core)
{
    struct buf out;
    struct metrics m = { .out = &out };

    buf_init(&out, BUF_NO_CAP);
    engine_report(core_engine(core), core_stats(core).watermark, &out);
    engine_report_text(core_engine(core), core_stats(core).watermark, &out);
    engine_api_rules(core_engine(core), &out);
    engine_metrics(core_engine(core), &m);
    engine_orders(core_engine(core), &out, on_order);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = slice_of((const char *)data, n), log;
    struct bench b = { .core = core_new(7) };

    declare(&b);
    while (rest.n) {
        load(&b, cut_part(&rest));
        log = cut_part(&rest);
        while (log.n)
            take(&b, cut_line(&log));
    }
    machine_tick(b.core, (b.now_ms + 1000) * NSEC_MSEC);
    look(b.core);
    core_free(b.core);
    return 0;
}
