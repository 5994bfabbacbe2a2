/*
 * Machines: a ladder of phases that each instance climbs.
 *
 * Of the phases that may be entered from the present one and whose guard
 * holds, the last in the ladder is next.  There is at most one transition at
 * an instant; what may follow is looked at at the next boundary, so that every
 * phase passed through shows.  A guard without data does not hold.
 *
 * Guards that hold all the time can send an instance round in circles without
 * anything being logged.  Once it has moved HOPS_MAX times from one boundary
 * to the next it rests for a second after each move.
 */
#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>

#define HOPS_MAX RULE_PHASES_MAX /* a whole ladder may be climbed at once */
#define REST     NSEC_SEC

#define NO_PHASE    0 /* phase k of the rule is number k + 1 */
#define NUMBERS_MAX (RULE_PHASES_MAX + 1)

struct stay {
    bool entered, left;
    nsec entered_at; /* for the first time */
    nsec spent_for;  /* until it was left, each time */
};

struct machine {
    uint32_t phase;
    bool begun, moved;
    nsec since;
    uint64_t transitions;
    uint32_t hops;     /* transitions in a row without a rest */
    struct stay *stay; /* by number */
};

struct machine_rule {
    uint64_t live[NUMBERS_MAX], ended[NUMBERS_MAX];
    struct spans spent[NUMBERS_MAX];
};

/* -- phases -------------------------------------------------------------- */

static size_t numbers(const struct live *l)
{
    return l->rule->machine.n + 1;
}

/* The rules' names have a NUL behind them. */
static struct slice phase_name(const struct live *l, uint32_t number)
{
    if (number == NO_PHASE)
        return slice_str("");
    return l->rule->machine.phase[number - 1].name;
}

static bool is_final(const struct live *l, uint32_t number)
{
    return number != NO_PHASE && l->rule->machine.phase[number - 1].final;
}

static bool may_follow(const struct rule_phase *p, uint32_t number)
{
    if (number == NO_PHASE)
        return p->from_start;
    return p->from >> (number - 1) & 1;
}

static uint32_t next_phase(struct engine *e, struct instance *i)
{
    const struct rule_machine *rule = &i->live->rule->machine;
    const struct machine *m = i->own;
    size_t k;

    for (k = rule->n; k-- > 0;) {
        const struct rule_phase *p = &rule->phase[k];

        if (k + 1 == m->phase || !may_follow(p, m->phase))
            continue;
        if (!p->when || eval_bool(e, i, p->when) == VERDICT_TRUE)
            return (uint32_t)k + 1;
    }
    return m->phase;
}

/* -- the life of an instance --------------------------------------------- */

/* Until then it stays where it is. */
static nsec rest_until(const struct machine *m)
{
    if (!m->moved)
        return m->since;
    return m->hops < HOPS_MAX ? next_boundary(m->since)
                              : nsec_add(m->since, REST);
}

/* Adds up the time in the phase that is being left. */
static void leave(struct engine *e, struct instance *i)
{
    struct machine_rule *r = i->live->own;
    struct machine *m = i->own;
    nsec spent_for = nsec_sub(e->now, m->since);
    struct stay *stay = &m->stay[m->phase];

    r->live[m->phase]--;
    if (is_final(i->live, m->phase))
        return;
    stay->left = true;
    stay->spent_for = nsec_add(stay->spent_for, spent_for);
    spans_add(&r->spent[m->phase], spent_for);
}

static void enter(struct engine *e, struct instance *i, uint32_t phase)
{
    struct machine_rule *r = i->live->own;
    struct machine *m = i->own;
    uint32_t from = m->phase;
    struct stay *stay = &m->stay[phase];

    leave(e, i);
    m->hops = m->moved && e->now == rest_until(m) ? m->hops + 1 : 0;
    m->moved = true;
    m->phase = phase;
    m->since = e->now;
    m->transitions++;
    r->live[phase]++;
    if (!stay->entered)
        stay->entered_at = e->now;
    stay->entered = true;
    tell(e, i->live, i, phase_name(i->live, from).p,
         phase_name(i->live, phase).p, slice_of("", 0));
}

static void begin(struct engine *e, struct instance *i)
{
    struct machine_rule *r = i->live->own;
    struct machine *m = i->own;

    m->begun = true;
    m->since = e->now;
    m->stay = xcalloc(numbers(i->live), sizeof(*m->stay));
    r->live[NO_PHASE]++;
    if (!i->live->rule->machine.phase[0].when)
        enter(e, i, 1);
}

static void finish(struct engine *e, struct instance *i, const char *how)
{
    struct machine_rule *r = i->live->own;
    struct machine *m = i->own;

    if (!m->begun)
        return;
    leave(e, i);
    r->ended[m->phase]++;
    if (m->phase != NO_PHASE && !is_final(i->live, m->phase))
        tell(e, i->live, i, phase_name(i->live, m->phase).p, how,
             slice_of("", 0));
    derive_forget(e, i);
    free(m->stay);
    *m = (struct machine){ 0 };
}

static void derive_phases(struct engine *e, struct map *in,
                          const struct instance *i)
{
    struct map *times = derive_map(e, in, slice_str("times"));
    struct map *entered = derive_map(e, in, slice_str("entered"));
    const struct machine *m = i->own;
    char at[INSTANT_TEXT];
    struct buf spent;
    uint32_t k;

    buf_init(&spent, AMOUNT_TEXT);
    for (k = 1; k < numbers(i->live); k++) {
        if (!m->stay[k].entered)
            continue;
        instant_format(m->stay[k].entered_at, at);
        derive_entry(e, entered, phase_name(i->live, k), slice_str(at));
        if (!m->stay[k].left)
            continue;
        buf_reset(&spent);
        json_span(m->stay[k].spent_for, &spent);
        derive_json(e, times, phase_name(i->live, k), buf_view(&spent));
    }
    buf_release(&spent);
}

static void derive(struct engine *e, const struct instance *i)
{
    const struct machine *m = i->own;
    struct map *in = derive_instance(e, i);

    derive_text(e, in, "phase", phase_name(i->live, m->phase));
    derive_instant(e, in, "since", m->since);
    derive_u64(e, in, "transitions", m->transitions);
    derive_bool(e, in, "final", is_final(i->live, m->phase));
    derive_phases(e, in, i);
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    struct machine *m = i->own;
    uint32_t next;

    if (i->gone) {
        finish(e, i, "gone");
        return;
    }
    if (!m->begun)
        begin(e, i);
    if (!is_final(i->live, m->phase) && at >= rest_until(m)) {
        next = next_phase(e, i);
        if (next != m->phase)
            enter(e, i, next);
    } else {
        i->broken = i->failing; /* no guard was asked */
    }
    if (is_final(i->live, m->phase))
        i->broken = false; /* and none will be */
    else if (at < rest_until(m))
        wake(i, rest_until(m));
    derive(e, i);
}

static bool finished(const struct instance *i)
{
    return !((const struct machine *)i->own)->begun;
}

static void withdraw(struct engine *e, struct instance *i)
{
    finish(e, i, "withdrawn");
}

static void end(struct engine *e, struct live *l, nsec at)
{
    (void)at;
    instances_each(e, l, withdraw);
}

static void release(struct engine *e, struct instance *i)
{
    (void)e;
    free(((struct machine *)i->own)->stay);
}

/* -- reports ------------------------------------------------------------- */

static int rank(const struct instance *i)
{
    const struct machine *m = i->own;

    return m->begun ? is_final(i->live, m->phase) : -1;
}

/* The numbers of all phases by name, that of none first. */
static void sort_numbers(const struct live *l, uint32_t *ret)
{
    uint32_t k, j;

    for (k = 0; k < numbers(l); k++) {
        for (j = k; j > 0 &&
                    slice_cmp(phase_name(l, ret[j - 1]), phase_name(l, k)) > 0;
             j--)
            ret[j] = ret[j - 1];
        ret[j] = k;
    }
}

static void phase_member(const struct live *l, uint32_t number, struct buf *out)
{
    json_comma(out);
    json_string(phase_name(l, number), out);
    buf_char(out, ':');
}

static void counts_json(const struct live *l, const uint64_t *count,
                        const uint32_t *sorted, struct buf *out)
{
    size_t k;

    buf_char(out, '{');
    for (k = 0; k < numbers(l); k++) {
        phase_member(l, sorted[k], out);
        buf_u64(out, count[sorted[k]]);
    }
    buf_char(out, '}');
}

static void times_json(const struct live *l, const uint32_t *sorted,
                       struct buf *out)
{
    const struct machine_rule *r = l->own;
    size_t k;

    buf_char(out, '{');
    for (k = 0; k < numbers(l); k++) {
        if (sorted[k] == NO_PHASE || r->spent[sorted[k]].n == 0)
            continue;
        phase_member(l, sorted[k], out);
        spans_json(&r->spent[sorted[k]], out);
    }
    buf_char(out, '}');
}

static void instance_report(const struct engine *e, const struct instance *i,
                            struct buf *out)
{
    const struct machine *m = i->own;
    uint32_t sorted[NUMBERS_MAX] = { 0 };
    size_t k;

    sort_numbers(i->live, sorted);
    buf_char(out, '{');
    json_name(out, "key");
    instance_json(e, i, out);
    json_member(out, "phase", phase_name(i->live, m->phase));
    json_member_instant(out, "since", m->since);
    json_name(out, "times");
    buf_char(out, '{');
    for (k = 0; k < numbers(i->live); k++) {
        if (sorted[k] == NO_PHASE || !m->stay[sorted[k]].left)
            continue;
        phase_member(i->live, sorted[k], out);
        json_span(m->stay[sorted[k]].spent_for, out);
    }
    buf_str(out, "}}");
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct machine_rule *r = l->own;
    uint32_t sorted[NUMBERS_MAX] = { 0 };
    size_t left_out;

    sort_numbers(l, sorted);
    json_name(out, "ended");
    counts_json(l, r->ended, sorted, out);
    json_member(out, "group", l->rule->group);
    json_name(out, "instances");
    left_out = instances_json(e, l, rank, instance_report, out);
    json_member_u64(out, "left_out", left_out);
    json_name(out, "phases");
    counts_json(l, r->live, sorted, out);
    json_member(out, "rule", l->rule->name);
    json_name(out, "times");
    times_json(l, sorted, out);
}

static void counts_text(const struct live *l, const uint64_t *count,
                        struct buf *out)
{
    const char *between = " ";
    uint32_t k;

    for (k = 0; k < numbers(l); k++) {
        if (count[k] == 0)
            continue;
        buf_printf(out, "%s%llu ", between, (unsigned long long)count[k]);
        pretty_text(k ? phase_name(l, k) : slice_str("in no phase"), out);
        between = ", ";
    }
    buf_str(out, *between == ' ' ? " none" : "");
}

static void instance_line(const struct engine *e, const struct instance *i,
                          struct buf *out)
{
    const struct machine *m = i->own;
    const char *between = "  before: ";
    char since[INSTANT_TEXT];
    struct buf text;
    uint32_t k;

    instant_format(m->since, since);
    buf_init(&text, BUF_NO_CAP);
    buf_printf(
        &text, "    %-12.*s  since %s  ",
        SLICE_ARG(m->phase ? phase_name(i->live, m->phase) : slice_str("-")),
        since);
    instance_text(e, i, &text);
    for (k = 1; k < numbers(i->live); k++) {
        if (!m->stay[k].left)
            continue;
        buf_printf(&text, "%s%.*s ", between,
                   SLICE_ARG(phase_name(i->live, k)));
        json_span(m->stay[k].spent_for, &text);
        buf_str(&text, " s");
        between = ", ";
    }
    pretty_text(buf_view(&text), out);
    buf_char(out, '\n');
    buf_release(&text);
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct machine_rule *r = l->own;

    buf_printf(out, "  %.*s:", SLICE_ARG(l->rule->name));
    counts_text(l, r->live, out);
    buf_str(out, "; ended:");
    counts_text(l, r->ended, out);
    buf_char(out, '\n');
    instances_text(e, l, rank, instance_line, out);
}

bool machine_tally(const struct live *l, size_t k, struct slice *ret_phase,
                   uint64_t *ret_n)
{
    const struct machine_rule *r = l->own;
    uint32_t number = (uint32_t)k + NO_PHASE + 1;

    if (k >= l->rule->machine.n)
        return false;
    *ret_phase = phase_name(l, number);
    *ret_n = r->live[number];
    return true;
}

const struct kind machine_kind = {
    .instance_bytes = sizeof(struct machine),
    .rule_bytes = sizeof(struct machine_rule),
    .end = end,
    .evaluate = evaluate,
    .finished = finished,
    .release = release,
    .report = report,
    .report_text = report_text,
};
