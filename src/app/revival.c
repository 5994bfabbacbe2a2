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

static void on_roster(void *self, bool warning, const char *sentence)
{
    nsec now = loop_wall(((struct revival *)self)->loop);

    if (warning)
        log_warn(now, "revive: %s", sentence);
    else
        log_info(now, "revive: %s", sentence);
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

static bool on_held(void *self, struct slice name)
{
    struct revival *r = self;

    pending_merged(&r->pending, view_watermark(r->core));
    return pending_holds(&r->pending, name);
}

void revival_init(struct revival *r, struct loop *loop, struct core *core)
{
    const struct healer_config config = {
        .ledger = &r->ledger,
        .enabled = r->enabled,
        .dry_run = r->dry_run,
        .self = r,
        .wall = on_wall,
        .orders = on_orders,
        .act = on_act,
        .held = on_held,
    };

    r->loop = loop;
    r->core = core;
    r->parser = tape_parser_new(0);
    audit_init(&r->audit, &r->ledger, r->dry_run, r, on_audit);
    r->healer = healer_new(&config);
}

/* -- recovery -------------------------------------------------------------- */

static const struct tape_op *member(const struct tape *tape,
                                    const struct tape_op *of, const char *name)
{
    return of ? tape_member_of(tape, (size_t)(of - tape->op), name) : NULL;
}

static void recover_ordinal(struct revival *r, const struct tape *tape,
                            const struct tape_op *audit)
{
    const struct tape_op *op = member(tape, audit, "ordinal");
    uint64_t n = 0;
    size_t i;

    if (!op || op->kind != TAPE_NUMBER)
        return;
    for (i = 0; i < op->n && i < 19 && op->p[i] >= '0' && op->p[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(op->p[i] - '0');
    audit_recovered(&r->audit, n);
}

/* {NAME: {"$set": {"order": ...}}} */
static void recover_result(struct revival *r, const struct tape *tape,
                           const struct tape_op *acts)
{
    const struct tape_op *op = NULL;

    if (acts && acts->kind == TAPE_OBJECT &&
        acts->end > (size_t)(acts - tape->op) + 1)
        op = member(tape, member(tape, acts + 2, "$set"), "order");
    if (op && op->kind == TAPE_STRING)
        healer_recovered(r->healer, tape_text(op));
}

/* {NAME: {...} or null, ...} or null; what waits there counts as here. */
static void recover_holds(struct revival *r, const struct tape *tape,
                          const struct tape_op *holds, nsec at)
{
    size_t i = holds ? (size_t)(holds - tape->op) + 1 : 0;

    if (!holds || holds->kind != TAPE_OBJECT)
        return;
    pending_merged(&r->pending, view_watermark(r->core));
    for (; i < holds->end; i = tape->op[i].end)
        if (tape->op[i + 1].kind == TAPE_OBJECT)
            pending_add(&r->pending, tape_text(&tape->op[i]), at);
}

void revival_recovered(struct revival *r, const struct event *ev)
{
    const struct source *source = core_source(r->core, ev->source);
    const struct tape_op *docker;
    struct tape tape;

    if (!source || !source->trusted || !slice_is(source->blade, LEDGER_BLADE) ||
        tape_parse(r->parser, ev->line, &tape, NULL))
        return;
    docker = tape_member(&tape, "docker");
    recover_ordinal(r, &tape, member(&tape, docker, "audit"));
    recover_result(r, &tape, member(&tape, docker, "acts"));
    recover_holds(r, &tape, member(&tape, docker, "holds"), ev->ts);
}

void revival_decision(void *self, const struct decision *d)
{
    audit_decision(&((struct revival *)self)->audit, d);
}

enum status revival_begin(struct revival *r, const struct intake *intake,
                          struct slice run, struct err *err)
{
    enum status st = ledger_begin(&r->ledger, intake, run, err);

    if (st)
        return st;
    r->begun = true;
    r->roster = (struct roster){ .core = r->core, .self = r, .say = on_roster };
    audit_begin(&r->audit);
    return ST_OK;
}

static bool has_rule(const struct revival *r)
{
    const struct ruleset *set = engine_ruleset(core_engine(r->core));

    for (size_t i = 0; set && i < set->n; i++)
        if (set->rule[i].kind == RULE_REVIVE)
            return true;
    return false;
}

/* As soon as there is a rule that would start something; the first group has
 * the rules that this process begins with. */
static void say_mode(struct revival *r)
{
    const char *mode = !r->enabled ? "off" : r->dry_run ? "dry run" : NULL;

    if (!mode || r->mode_said || !has_rule(r))
        return;
    log_info(loop_wall(r->loop), "revive: %s, nothing is started", mode);
    r->mode_said = true;
}

void revival_merged(struct revival *r)
{
    if (!r->begun) /* a process that could not start may still write */
        return;
    say_mode(r);
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
    pending_release(&r->pending);
    roster_release(&r->roster);
    tape_parser_free(r->parser);
}
