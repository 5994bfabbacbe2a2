#include "evaluate.h"

#include "app/offline.h"
#include "app/zones.h"
#include "base/alloc.h"
#include "rule/diagnostic.h"

#include <stdlib.h>

/* A state is one line, and larger than lines of logs are. */
static struct limits wide_limits(void)
{
    struct limits l = limits_default();

    l.shard_bytes = l.string_bytes = (uint64_t)16 << 20;
    l.nodes = l.blade_nodes = 10 * 1000 * 1000;
    l.filter_gaps = 0;
    return l;
}

static void on_complaint(void *self, const char *file, const struct err *err)
{
    struct err *first = self;

    if (!first->text[0])
        err_set(first, "%.100s:%zu: %.250s", file, err->line, err->text);
}

/* *ret_untimed: nothing in it has a time of its own. */
static enum status read_state(struct core *core, const char *path,
                              bool *ret_untimed, struct err *err)
{
    struct offline_config config = offline_defaults();
    struct err complaint = { 0 };
    struct offline_result result;
    struct offline *o;
    enum status st;

    config.limits = wide_limits();
    config.own_rules = true;
    config.self = &complaint;
    config.complain = on_complaint;
    o = offline_new(core, &config);
    st = offline_read(o, path, err);
    if (!st)
        offline_finish(o);
    result = offline_result(o);
    *ret_untimed = result.lines && result.untimed == result.lines;
    offline_free(o);
    if (!st && complaint.text[0]) {
        *err = complaint;
        st = ST_IO;
    }
    return st ? ST_IO : ST_OK;
}

static void find_line(struct slice text, size_t at, uint32_t *ret_line,
                      uint32_t *ret_column)
{
    size_t i;

    *ret_line = 1;
    *ret_column = 1;
    for (i = 0; i < at && i < text.n; i++) {
        ++*ret_column;
        if (text.p[i] == '\n') {
            ++*ret_line;
            *ret_column = 1;
        }
    }
}

static void describe(struct slice text, const struct cel_problems *found,
                     bool colour, struct buf *out)
{
    struct diagnostics diags = { 0 };
    size_t i;

    for (i = 0; i < found->n; i++) {
        const struct cel_problem *p = &found->item[i];
        struct diagnostic_place at = { .file = slice_str("EXPR"),
                                       .text = text,
                                       .from = p->from,
                                       .to = p->to };
        struct diagnostic *d;

        find_line(text, p->from, &at.line, &at.column);
        d = diagnostics_add(&diags, p->warning, &at, p->text);
        if (d && p->help[0])
            diagnostic_help(d, p->help);
    }
    diagnostics_write(&diags, colour, out);
    diagnostics_release(&diags);
}

enum status evaluate_expression(const struct evaluate_options *o,
                                struct buf *out, struct buf *problems,
                                struct err *err)
{
    struct cel_problems *found = xcalloc(1, sizeof(*found));
    struct core *core = core_new(0);
    struct slice text = slice_str(o->text);
    enum status st = ST_OK;
    struct engine_asks asks = { 0 };
    bool untimed = false;
    struct zones zones;

    zones_init(&zones);
    core_zones(core, &zones.port);
    if (o->state)
        st = read_state(core, o->state, &untimed, err);
    if (!st) {
        st = engine_eval(core_engine(core), text,
                         o->has_now ? o->now_at : core_stats(core).watermark,
                         found, out, &asks);
        describe(text, found, o->colour, problems);
        if (asks.derived)
            buf_str(problems,
                    "note: what rules derive is not in an eval, so there is "
                    "nothing of it in state.monitor; bladewatch state monitor "
                    "shows that of a running one\n");
        if (asks.timed && untimed)
            buf_str(problems, "note: the state has no times: all of it counts "
                              "as logged at the start of 1970\n");
    }
    core_free(core);
    zones_release(&zones);
    free(found);
    return st;
}
