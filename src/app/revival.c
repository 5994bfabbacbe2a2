#include "revival.h"

#include "app/log.h"
#include "core/core.h"

static void on_audit(void *self, bool warning, const char *line)
{
    struct revival *r = self;

    if (warning)
        log_warn(loop_wall(r->loop), "%s", line);
    else
        log_info(loop_wall(r->loop), "%s", line);
}

static void on_roster(void *self, const char *sentence)
{
    log_info(loop_wall(((struct revival *)self)->loop), "revive: %s", sentence);
}

static nsec on_wall(void *self)
{
    return loop_wall(((struct revival *)self)->loop);
}

static void on_orders(void *self, void *arg,
                      void (*fn)(void *arg, const struct order *order))
{
    engine_orders(core_engine(((struct revival *)self)->core), arg, fn);
}

static enum status on_act(void *self, const struct docker_act *act)
{
    struct revival *r = self;

    return r->docker ? docker_act(r->docker, act) : ST_AGAIN;
}

void revival_init(struct revival *r, struct loop *loop, struct core *core)
{
    r->loop = loop;
    r->core = core;
    audit_init(&r->audit, &r->ledger, r->dry_run, r, on_audit);
}

void revival_recovered(struct revival *r, const struct event *ev)
{
    const struct source *source = core_source(r->core, ev->source);

    if (source && source->trusted && slice_is(source->blade, LEDGER_BLADE))
        audit_recovered(&r->audit, ev->line);
}

void revival_decision(void *self, const struct decision *d)
{
    audit_decision(&((struct revival *)self)->audit, d);
}

enum status revival_begin(struct revival *r, const struct intake *intake,
                          struct slice run, struct err *err)
{
    const struct healer_config config = {
        .ledger = &r->ledger,
        .enabled = r->enabled,
        .dry_run = r->dry_run,
        .self = r,
        .wall = on_wall,
        .orders = on_orders,
        .act = on_act,
    };
    enum status st = ledger_begin(&r->ledger, intake, run, err);

    if (st)
        return st;
    r->healer = healer_new(&config);
    r->roster = (struct roster){ .core = r->core, .self = r, .say = on_roster };
    audit_begin(&r->audit);
    if (!r->enabled)
        log_info(loop_wall(r->loop), "revive: off, nothing is started");
    else if (r->dry_run)
        log_info(loop_wall(r->loop), "revive: dry run, nothing is started");
    return ST_OK;
}

void revival_merged(struct revival *r)
{
    if (r->healer) /* a process that could not start may still write */
        healer_look(r->healer, loop_now(r->loop));
}

void revival_tick(struct revival *r)
{
    healer_tick(r->healer, loop_now(r->loop));
    roster_tick(&r->roster, loop_now(r->loop));
}

void revival_release(struct revival *r)
{
    healer_free(r->healer);
    audit_release(&r->audit);
    ledger_release(&r->ledger);
    roster_release(&r->roster);
}
