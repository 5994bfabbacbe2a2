/*
 * Rules as the core takes them: by hand, or as an event of the recording.
 */
#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>

struct rule_files {
    struct rule_file *file;
    size_t n;
};

static enum status read_file_object(const struct tape *t, size_t i,
                                    struct rule_file *ret)
{
    size_t end = t->op[i].end, j;

    *ret = (struct rule_file){ 0 };
    if (t->op[i].kind != TAPE_OBJECT)
        return ST_BAD;
    for (j = i + 1; j < end; j = t->op[j].end) {
        const struct tape_op *value = &t->op[j + 1];

        if (value->kind != TAPE_STRING)
            return ST_BAD;
        if (slice_is(tape_text(&t->op[j]), "name"))
            ret->name = tape_text(value);
        else if (slice_is(tape_text(&t->op[j]), "text"))
            ret->text = tape_text(value);
        else
            return ST_BAD;
    }
    return ret->name.p && ret->text.p ? ST_OK : ST_BAD;
}

static enum status read_files(const struct tape *t, struct rule_files *ret)
{
    size_t i;

    if (t->op[0].kind != TAPE_ARRAY)
        return ST_BAD;
    ret->file = xcalloc(t->n, sizeof(*ret->file));
    for (i = 1; i < t->op[0].end; i = t->op[i].end)
        if (read_file_object(t, i, &ret->file[ret->n++]))
            return ST_BAD;
    return ST_OK;
}

enum status core_rules(struct core *core, const struct rule_file *file,
                       size_t n, struct diagnostics *diags)
{
    const struct rule_options options = { 0 };
    struct ruleset *set;
    enum status st = ruleset_load(file, n, &options, diags, &set);

    if (st)
        return st;
    /* In a quiet hour nothing was merged for long: it is later than that. */
    if (core->watermark > 0 && core->watermark > core->merged_at)
        core->merged_at = core->watermark;
    engine_rules(core->engine, set,
                 core->merged_at == INT64_MIN ? 0 : core->merged_at);
    return ST_OK;
}

/*
 * They were accepted when they were journalled; where this version does not
 * take them any more the replay goes on with those before, and says so.
 */
void core_step_rules(struct core *core, const struct event *ev)
{
    struct tape_parser *parser = tape_parser_new(0);
    struct rule_files files = { 0 };
    struct diagnostics diags = { 0 };
    struct tape tape;
    enum status st = tape_parse(parser, ev->line, &tape, NULL);

    core->stats.loads++;
    if (!st)
        st = read_files(&tape, &files);
    if (!st)
        st = core_rules(core, files.file, files.n, &diags);
    if (st)
        monitor_count(core, "rules_refused", slice_of(NULL, 0), 0, 1);
    core->stats.loads_refused += st != ST_OK;
    diagnostics_release(&diags);
    free(files.file);
    tape_parser_free(parser);
}

void core_zones(struct core *core, const struct cel_zones *zones)
{
    engine_zones(core->engine, zones);
}

void core_sink(struct core *core, const struct engine_sink *sink)
{
    engine_sink(core->engine, sink);
}

struct engine *core_engine(const struct core *core)
{
    return core->engine;
}
