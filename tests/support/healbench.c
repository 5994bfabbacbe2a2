#include "support/healbench.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 1000 /* at one instant */

static const char *const verb_name[] = {
    [HEAL_TELLS] = "tells",
    [HEAL_ORDERS] = "orders",
    [HEAL_DECLINES] = "declines",
    [HEAL_RECOVERS] = "recovers",
};

static void put_at(struct buf *out, nsec at)
{
    nsec ms = (at - HEALBENCH_EPOCH) / NSEC_MSEC;

    buf_printf(out, "%lld.%03lld", (long long)(ms / 1000),
               (long long)(ms % 1000));
}

static void decide(void *self, const struct heal_decision *d)
{
    struct healnode *node = self;
    struct healbench *b = node->bench;

    put_at(&b->log, b->now);
    buf_printf(&b->log, " n%u %s > %s %s", node->number,
               heal_state_name(d->from), heal_state_name(d->to),
               verb_name[d->verb]);
    if (d->attempts)
        buf_printf(&b->log, " %u/%u", d->attempt, d->attempts);
    buf_printf(&b->log, ": %.*s", SLICE_ARG(d->reason));
    if (d->verb == HEAL_RECOVERS)
        buf_printf(&b->log, " after %lld ms",
                   (long long)(d->down_for / NSEC_MSEC));
    if (d->next_at && !b->quiet) {
        buf_str(&b->log, " @");
        put_at(&b->log, d->next_at);
    }
    buf_str(&b->log, d->warning ? " !\n" : "\n");
    if (b->heard)
        b->heard(b->self, node, d);
}

nsec healbench_at(int64_t ms)
{
    return HEALBENCH_EPOCH + ms * NSEC_MSEC;
}

static void node_init(struct healbench *b, unsigned number)
{
    struct healnode *node = &b->node[number];

    node->bench = b;
    node->number = number;
    node->h = heal_new(b->scope, number);
    snprintf(node->id, sizeof(node->id), "id%u", number);
    node->f = (struct heal_facts){
        .in_scope = true,
        .id = slice_str(node->id),
        .name = slice_str(node->id),
        .status = HEAL_RUNNING,
        .pid = 100 + number,
        .started_at = HEALBENCH_EPOCH - 1000 * NSEC_SEC,
        .engine_up = true,
        .engine_up_at = HEALBENCH_EPOCH - 2000 * NSEC_SEC,
    };
}

struct healbench *healbench_new(size_t n)
{
    struct healbench *b = xcalloc(1, sizeof(*b));

    b->policy = (struct heal_policy){
        .attempts = 5,
        .window = 30 * 60 * NSEC_SEC,
        .backoff = 2 * NSEC_SEC,
        .max_backoff = 5 * 60 * NSEC_SEC,
        .verify_after = 2 * NSEC_SEC,
        .verify_timeout = 30 * NSEC_SEC,
        .reset_after = 10 * 60 * NSEC_SEC,
        .breaker_down = 5,
        .breaker_percent = 30,
        .breaker_failures = 3,
        .breaker_within = 30 * NSEC_SEC,
        .breaker_open = 120 * NSEC_SEC,
    };
    b->turns = heal_turns_new();
    b->scope = heal_scope_new(b->turns);
    b->now = HEALBENCH_EPOCH;
    b->n = n;
    buf_init(&b->log, BUF_NO_CAP);
    for (unsigned i = 0; i < n; i++)
        node_init(b, i);
    healbench_step_all(b);
    return b;
}

void healbench_free(struct healbench *b)
{
    for (size_t i = 0; i < b->n; i++)
        heal_free(b->node[i].h);
    heal_scope_free(b->scope);
    heal_turns_free(b->turns);
    buf_release(&b->log);
    free(b);
}

void healbench_step(struct healbench *b, unsigned node)
{
    const struct heal_sink sink = { &b->node[node], decide };

    heal_step(b->node[node].h, &b->policy, &b->node[node].f, b->now, &sink);
}

void healbench_step_all(struct healbench *b)
{
    for (unsigned i = 0; i < b->n; i++)
        healbench_step(b, i);
}

/* The node that is due next; b->n: none until then. */
static unsigned next_due(const struct healbench *b, nsec until)
{
    unsigned best = (unsigned)b->n;
    nsec best_at = until;

    for (unsigned i = 0; i < b->n; i++) {
        nsec at = heal_due(b->node[i].h);

        if (at < best_at || (at == best_at && best == b->n)) {
            best = i;
            best_at = at;
        }
    }
    return best;
}

void healbench_run_to(struct healbench *b, nsec at)
{
    unsigned i, steps = 0;

    while ((i = next_due(b, at)) < b->n) {
        nsec due_at = heal_due(b->node[i].h);

        if (due_at > b->now)
            b->now = due_at, steps = 0;
        healbench_step(b, i);
        if (steps++ == STEPS_MAX) {
            printf("%sn%u is due again and again\n", buf_cstr(&b->log), i);
            exit(EXIT_FAILURE);
        }
    }
    b->now = at;
}

void healbench_run(struct healbench *b, int64_t ms)
{
    healbench_run_to(b, healbench_at(ms));
}

const char *healbench_log(struct healbench *b)
{
    static char text[1 << 16];

    snprintf(text, sizeof(text), "%s", buf_cstr(&b->log));
    buf_reset(&b->log);
    return text;
}

enum heal_state healbench_state(const struct healbench *b, unsigned node)
{
    return heal_view(b->node[node].h).state;
}

/* -- what happens ---------------------------------------------------------- */

static void end_life(struct healbench *b, struct heal_facts *f, int code)
{
    f->status = HEAL_EXITED;
    f->pid = 0;
    f->exit_code = code;
    f->due = true;
    f->die_at = f->finished_at = b->now;
}

void healbench_die(struct healbench *b, unsigned node, int code)
{
    end_life(b, &b->node[node].f, code);
    healbench_step(b, node);
}

void healbench_stop(struct healbench *b, unsigned node)
{
    struct heal_facts *f = &b->node[node].f;

    f->kill_at = f->stop_at = b->now;
    f->kill_signal = 15;
    end_life(b, f, 143);
    healbench_step(b, node);
}

static void begin_life(struct healbench *b, struct heal_facts *f)
{
    f->status = HEAL_RUNNING;
    f->pid = 99;
    f->exit_code = 0;
    f->oom = f->due = false;
    f->start_at = f->started_at = b->now;
}

void healbench_start(struct healbench *b, unsigned node)
{
    begin_life(b, &b->node[node].f);
    healbench_step(b, node);
}

void healbench_remove(struct healbench *b, unsigned node)
{
    struct heal_facts *f = &b->node[node].f;

    *f = (struct heal_facts){
        .in_scope = true,
        .status = HEAL_GONE,
        .destroy_at = b->now,
        .engine_up = f->engine_up,
        .engine_up_at = f->engine_up_at,
        .engine_down_at = f->engine_down_at,
    };
    healbench_step(b, node);
}

static void put_result(struct healbench *b, struct healnode *node,
                       enum heal_result result, const char *message)
{
    const struct heal_order *order = heal_order(node->h);
    char id[HEAL_ID_MAX];

    heal_order_id(order, id);
    snprintf(node->order, sizeof(node->order), "g/r/n%u/%s", node->number, id);
    node->f.result_order = slice_str(node->order);
    node->f.result = result;
    node->f.result_message = slice_str(message);
    node->f.result_at = b->now;
}

void healbench_result(struct healbench *b, unsigned node,
                      enum heal_result result, const char *message)
{
    put_result(b, &b->node[node], result, message);
    healbench_step(b, node);
}

void healbench_started(struct healbench *b, unsigned node)
{
    put_result(b, &b->node[node], HEAL_STARTED, "");
    begin_life(b, &b->node[node].f);
    healbench_step(b, node);
}

void healbench_engine(struct healbench *b, bool up)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct heal_facts *f = &b->node[i].f;

        f->engine_up = up;
        if (up)
            f->engine_up_at = b->now;
        else
            f->engine_down_at = b->now;
    }
    healbench_step_all(b);
}
