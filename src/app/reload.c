#include "reload.h"

void reload_init(struct reload *r)
{
    *r = (struct reload){ 0 };
    load_init(&r->load);
    buf_init(&r->said, BUF_NO_CAP);
}

void reload_release(struct reload *r)
{
    load_release(&r->load);
    buf_release(&r->said);
}

void reload_known(struct reload *r, const struct event *ev)
{
    load_known(&r->load, ev);
}

void reload_begin(struct reload *r, const struct reload_config *config)
{
    r->config = *config;
}

static void finish(struct reload *r, enum status st)
{
    if (st == ST_OK || st == ST_NONE)
        buf_printf(&r->said, "%zu file%s, %zu rule%s: %s\n", r->load.nfiles,
                   r->load.nfiles == 1 ? "" : "s", r->load.nrules,
                   r->load.nrules == 1 ? "" : "s",
                   st ? "in force already" : "loaded");
    r->config.done(r->config.self, st, &r->said);
}

static void wait_for_journal(struct reload *r, const struct err *why)
{
    r->lost = true;
    buf_printf(&r->said,
               "%s\nthe rules are read again as soon as the journal can be "
               "written\n",
               why->text);
}

static enum status journal(struct reload *r, const struct event *ev)
{
    const struct err *trouble = committer_trouble(r->config.committer);
    struct err err = { 0 };
    enum status st;

    if (trouble) {
        wait_for_journal(r, trouble);
        return ST_IO;
    }
    r->config.tick(r->config.self);
    st = committer_event(r->config.committer, ev, &err);
    if (st == ST_AGAIN)
        buf_str(&r->said, "too much waits for the disk; try again\n");
    else if (st)
        buf_printf(&r->said, "the rules cannot be journalled: %s\n", err.text);
    return st;
}

void reload_now(struct reload *r)
{
    const struct reload_config *c = &r->config;
    struct event ev;
    enum status st;

    if (r->under_way) {
        r->again = true;
        return;
    }
    r->lost = false;
    buf_reset(&r->said);
    st = load_read(&r->load, c->path, c->npaths, &ev, &r->said);
    if (!st)
        st = journal(r, &ev);
    if (st) {
        finish(r, st);
        return;
    }
    load_known(&r->load, &ev);
    r->loads = core_stats(c->core).loads + 1;
    r->under_way = true;
}

void reload_merged(struct reload *r)
{
    if (!r->under_way || core_stats(r->config.core).loads < r->loads)
        return;
    r->under_way = false;
    if (r->again) {
        r->again = false;
        reload_now(r);
    } else {
        finish(r, ST_OK);
    }
}

void reload_trouble(struct reload *r, const struct err *why)
{
    if (why && r->under_way) {
        load_forget(&r->load);
        r->under_way = r->again = false;
        wait_for_journal(r, why);
        finish(r, ST_IO);
    } else if (!why && r->lost) {
        reload_now(r);
    }
}
