/*
 * Intents: who has to answer, who did, and by when.
 *
 *   unanswered   none of the parties has answered
 *   partial      some have
 *   timed_out    not all have, and the deadline has passed
 *   resolved     all have, in time or without a deadline
 *   late         all have, the last of them after the deadline
 *
 * What was logged before the deadline is in time: it is looked at no later
 * than at the deadline itself.
 *
 * A party that has answered has answered: the answer may be erased later, or
 * run out with its lease.  So an intent that is resolved or late stays that
 * way until it has a party that did not answer yet; then it is open again.
 */
#include "inside.h"

#include "base/alloc.h"
#include "roll.h"

#include <stdlib.h>

#define SAID_MAX 20 /* hosts that a sentence names */

enum progress {
    NO_INTENT,
    UNANSWERED,
    PARTIAL,
    TIMED_OUT,
    RESOLVED,
    LATE,
    PROGRESSES
};

static const char *const progress_name[] = {
    [NO_INTENT] = "",        [UNANSWERED] = "unanswered",
    [PARTIAL] = "partial",   [TIMED_OUT] = "timed_out",
    [RESOLVED] = "resolved", [LATE] = "late",
};

struct intent {
    enum progress progress;
    nsec since, changed_at;
    bool has_deadline;
    nsec deadline_at;
    struct roll parties;    /* with texts of its own */
    struct roll unexpected; /* likewise */
};

struct intent_rule {
    uint64_t live[PROGRESSES], ended[PROGRESSES];
    struct spans answered_after;
};

static bool is_settled(const struct intent *t)
{
    return t->progress == RESOLVED || t->progress == LATE;
}

/* -- what expressions say ------------------------------------------------ */

static void read_parties(struct engine *e, struct instance *i)
{
    struct intent *t = i->own;
    struct roll named = { 0 };

    if (roll_read(e, i, i->live->rule->intent.parties, ROLL_PARTIES, &named) &&
        !roll_same(&t->parties, &named)) {
        roll_replace(&t->parties, &named);
        derive_erase(e, derive_instance(e, i), slice_str("roles"));
    }
    free(named.party);
}

/* Notes who of the parties has answered, and who else did. */
static void hear(struct engine *e, struct intent *t, const struct roll *answers)
{
    const struct roll *parties = &t->parties;
    struct roll others = { 0 };
    size_t a, k = 0;

    for (a = 0; a < answers->n; a++) {
        struct slice host = answers->party[a].host;
        bool expected = false;

        if (host.n == 0)
            continue;
        while (k < parties->n && slice_cmp(parties->party[k].host, host) < 0)
            k++;
        for (; k < parties->n && slice_eq(parties->party[k].host, host); k++) {
            struct party *p = &parties->party[k];

            expected = true;
            if (!p->answered)
                p->answered_at = e->now;
            p->answered = true;
        }
        if (!expected)
            roll_add(&others, slice_of("", 0), host);
    }
    if (!roll_same(&t->unexpected, &others))
        roll_replace(&t->unexpected, &others);
    free(others.party);
}

static void read_answers(struct engine *e, struct instance *i)
{
    struct roll named = { 0 };

    if (roll_read(e, i, i->live->rule->intent.answers, ROLL_ANSWERS, &named))
        hear(e, i->own, &named);
    free(named.party);
}

static void read_deadline(struct engine *e, struct instance *i)
{
    const struct cel_program *p = i->live->rule->intent.deadline;
    struct intent *t = i->own;
    struct cel_value v;

    if (!p)
        return;
    v = eval_value(e, i, p);
    if (v.kind == CEL_DURATION) {
        t->has_deadline = true;
        t->deadline_at = nsec_add(t->since, v.i);
    } else if (is_no_data(v)) {
        t->has_deadline = false;
    } else if (v.kind != CEL_ERROR) {
        rule_failed(e, i, "deadline: a duration is wanted, this is %s",
                    cel_kind_phrase((enum cel_kind)v.kind));
    }
}

/* -- who has answered ---------------------------------------------------- */

enum group { ANSWERED, MISSING, TOO_LATE };

static bool is_in(const struct intent *t, const struct party *p,
                  enum group group)
{
    if (group == MISSING)
        return !p->answered;
    return p->answered &&
           (group == ANSWERED ||
            (t->has_deadline && p->answered_at > t->deadline_at));
}

static size_t count_in(const struct intent *t, enum group group)
{
    size_t k, n = 0;

    for (k = 0; k < t->parties.n; k++)
        n += is_in(t, &t->parties.party[k], group);
    return n;
}

static bool is_complete(const struct intent *t)
{
    return count_in(t, MISSING) == 0;
}

static enum progress judge(const struct engine *e, const struct intent *t)
{
    size_t n = count_in(t, ANSWERED);

    if (t->parties.n && n == t->parties.n)
        return count_in(t, TOO_LATE) ? LATE : RESOLVED;
    if (t->has_deadline && e->now >= t->deadline_at)
        return TIMED_OUT;
    return n ? PARTIAL : UNANSWERED;
}

/* -- telling it ---------------------------------------------------------- */

/* Past the parties of one host, who answer together. */
static size_t next_host(const struct roll *r, size_t k)
{
    struct slice host = r->party[k].host;

    while (k < r->n && slice_eq(r->party[k].host, host))
        k++;
    return k;
}

/* "scraper-1 (scraper, sender)" */
static void say_host(const struct roll *r, size_t from, size_t to,
                     struct buf *out)
{
    struct slice host = r->party[from].host;
    size_t k;

    buf_slice(out, host.n ? host : slice_str("unassigned"));
    for (k = from; k < to; k++) {
        if (r->party[k].role.n == 0)
            continue;
        buf_str(out, k > from ? ", " : " (");
        buf_slice(out, r->party[k].role);
        buf_str(out, k + 1 == to ? ")" : "");
    }
}

/* The hosts of a group; what: what stands in front of them. */
static void say_group(const struct intent *t, enum group group,
                      const char *what, struct buf *out)
{
    const struct roll *r = &t->parties;
    size_t k, to, said = 0;

    for (k = 0; k < r->n; k = to) {
        to = next_host(r, k);
        if (!is_in(t, &r->party[k], group))
            continue;
        if (said++ >= SAID_MAX)
            continue;
        buf_str(out, said > 1 ? ", " : what);
        say_host(r, k, to, out);
    }
    if (said > SAID_MAX)
        buf_printf(out, " and %zu more", said - SAID_MAX);
}

static void say_unexpected(const struct intent *t, const char *what,
                           struct buf *out)
{
    const struct roll *r = &t->unexpected;
    size_t k;

    for (k = 0; k < r->n && k < SAID_MAX; k++) {
        buf_str(out, k ? ", " : what);
        buf_slice(out, r->party[k].host);
    }
    if (r->n > SAID_MAX)
        buf_printf(out, " and %zu more", r->n - SAID_MAX);
}

/* between: what parts the groups. */
static void say_all(const struct intent *t, const char *const what[4],
                    const char *between, struct buf *out)
{
    static const enum group groups[] = { ANSWERED, MISSING, TOO_LATE };
    struct buf part;
    size_t k;

    buf_init(&part, BUF_NO_CAP);
    for (k = 0; k < 4; k++) {
        buf_reset(&part);
        if (k < 3)
            say_group(t, groups[k], what[k], &part);
        else
            say_unexpected(t, what[k], &part);
        if (part.n && out->n)
            buf_str(out, between);
        buf_slice(out, buf_view(&part));
    }
    buf_release(&part);
    if (t->parties.n == 0) {
        buf_str(out, out->n ? between : "");
        buf_str(out, "no parties known");
    }
}

static void tell_progress(struct engine *e, const struct instance *i,
                          const char *from, const char *to)
{
    static const char *const what[] = { "answered: ", "missing: ", "late: ",
                                        "unexpected: " };
    struct buf detail;

    buf_init(&detail, BUF_NO_CAP);
    say_all(i->own, what, "; ", &detail);
    tell(e, i->live, i, from, to, buf_view(&detail));
    buf_release(&detail);
}

/* -- as JSON ------------------------------------------------------------- */

static int by_role(const void *a, const void *b)
{
    const struct party *x = a, *y = b;

    return slice_cmp(x->role, y->role);
}

static int by_text(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* The hosts of a group; roles that nobody has go by their own name. */
static void group_json(const struct intent *t, enum group group,
                       struct buf *out)
{
    const struct roll *r = &t->parties;
    struct slice *name = xmalloc((r->n + 1) * sizeof(*name));
    size_t k, n = 0;

    for (k = 0; k < r->n; k++) {
        const struct party *p = &r->party[k];

        if (is_in(t, p, group))
            name[n++] = p->host.n ? p->host : p->role;
    }
    qsort(name, n, sizeof(*name), by_text);
    buf_char(out, '[');
    for (k = 0; k < n; k++) {
        if (k && slice_eq(name[k - 1], name[k]))
            continue;
        json_comma(out);
        json_string(name[k], out);
    }
    buf_char(out, ']');
    free(name);
}

static void unexpected_json(const struct intent *t, struct buf *out)
{
    size_t k;

    buf_char(out, '[');
    for (k = 0; k < t->unexpected.n; k++) {
        json_comma(out);
        json_string(t->unexpected.party[k].host, out);
    }
    buf_char(out, ']');
}

static void roles_json(const struct intent *t, struct buf *out)
{
    size_t n = t->parties.n, k;
    struct party *p = xmalloc((n + 1) * sizeof(*p));

    for (k = 0; k < n; k++)
        p[k] = t->parties.party[k];
    qsort(p, n, sizeof(*p), by_role);
    buf_char(out, '{');
    for (k = 0; k < n; k++) {
        if (p[k].role.n == 0)
            continue;
        json_comma(out);
        json_string(p[k].role, out);
        buf_char(out, ':');
        json_string(p[k].host, out);
    }
    buf_char(out, '}');
    free(p);
}

/* -- what is derived ----------------------------------------------------- */

static void derive_group(struct engine *e, struct map *m, const char *key,
                         const struct intent *t, enum group group)
{
    struct buf json;

    buf_init(&json, BUF_NO_CAP);
    group_json(t, group, &json);
    derive_json(e, m, slice_str(key), buf_view(&json));
    buf_release(&json);
}

static void derive_unexpected(struct engine *e, struct map *m,
                              const struct intent *t)
{
    struct buf json;

    buf_init(&json, BUF_NO_CAP);
    unexpected_json(t, &json);
    derive_json(e, m, slice_str("unexpected"), buf_view(&json));
    buf_release(&json);
}

static void derive(struct engine *e, const struct instance *i)
{
    const struct intent *t = i->own;
    struct map *m = derive_instance(e, i), *roles;
    size_t k;

    derive_text(e, m, "status", slice_str(progress_name[t->progress]));
    derive_instant(e, m, "since", t->since);
    derive_instant(e, m, "changed", t->changed_at);
    if (t->has_deadline)
        derive_instant(e, m, "deadline", t->deadline_at);
    else
        derive_erase(e, m, slice_str("deadline"));
    derive_group(e, m, "answered", t, ANSWERED);
    derive_group(e, m, "missing", t, MISSING);
    derive_group(e, m, "late", t, TOO_LATE);
    derive_unexpected(e, m, t);
    roles = derive_map(e, m, slice_str("roles"));
    for (k = 0; k < t->parties.n; k++)
        if (t->parties.party[k].role.n)
            derive_entry(e, roles, t->parties.party[k].role,
                         t->parties.party[k].host);
}

/* -- the life of an intent ----------------------------------------------- */

static void go(struct engine *e, struct instance *i, enum progress to)
{
    struct intent_rule *r = i->live->own;
    struct intent *t = i->own;
    enum progress from = t->progress;
    bool was_settled = is_settled(t);

    if (from == to)
        return;
    r->live[from] -= from != NO_INTENT;
    r->live[to]++;
    t->progress = to;
    t->changed_at = e->now;
    if (is_settled(t) && !was_settled)
        spans_add(&r->answered_after, nsec_sub(e->now, t->since));
    tell_progress(e, i, progress_name[from], progress_name[to]);
}

static void forget(struct intent *t)
{
    roll_release(&t->parties);
    roll_release(&t->unexpected);
    *t = (struct intent){ 0 };
}

/* Nobody has to answer any more. */
static void finish(struct engine *e, struct instance *i, const char *how)
{
    struct intent_rule *r = i->live->own;
    struct intent *t = i->own;

    if (t->progress == NO_INTENT)
        return;
    if (!is_settled(t))
        tell_progress(e, i, progress_name[t->progress], how);
    r->live[t->progress]--;
    r->ended[t->progress]++;
    derive_forget(e, i);
    forget(t);
}

/* Is the element an intent?  Where that cannot be told it is what it was. */
static bool is_intent(struct engine *e, struct instance *i)
{
    const struct cel_program *when = i->live->rule->intent.when;
    const struct intent *t = i->own;
    enum verdict v;

    if (!when)
        return true;
    v = eval_bool(e, i, when);
    if (v == VERDICT_ERROR)
        return t->progress != NO_INTENT;
    return v == VERDICT_TRUE;
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    struct intent *t = i->own;

    if (i->gone) {
        finish(e, i, "gone");
        return;
    }
    if (!is_intent(e, i)) {
        finish(e, i, "withdrawn");
        return;
    }
    if (t->progress == NO_INTENT)
        t->since = at;
    read_parties(e, i);
    read_answers(e, i);
    if (!is_settled(t) || !is_complete(t)) {
        read_deadline(e, i);
        go(e, i, judge(e, t));
    }
    if (!is_settled(t) && t->has_deadline && at < t->deadline_at)
        wake(i, t->deadline_at);
    derive(e, i);
}

static bool finished(const struct instance *i)
{
    return ((const struct intent *)i->own)->progress == NO_INTENT;
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
    forget(i->own);
}

/* -- reports ------------------------------------------------------------- */

/* People are spared those that went as they should. */
static int rank(const struct instance *i)
{
    const struct intent *t = i->own;

    if (t->progress == NO_INTENT)
        return -1;
    return t->progress == RESOLVED && t->unexpected.n == 0;
}

static void counts_json(const uint64_t *count, struct buf *out)
{
    static const enum progress sorted[] = { LATE, PARTIAL, RESOLVED, TIMED_OUT,
                                            UNANSWERED };
    size_t k;

    buf_char(out, '{');
    for (k = 0; k < PROGRESSES - 1; k++)
        json_member_u64(out, progress_name[sorted[k]], count[sorted[k]]);
    buf_char(out, '}');
}

static void instance_report(const struct engine *e, const struct instance *i,
                            struct buf *out)
{
    const struct intent *t = i->own;

    buf_char(out, '{');
    json_name(out, "answered");
    group_json(t, ANSWERED, out);
    if (t->has_deadline)
        json_member_instant(out, "deadline", t->deadline_at);
    json_name(out, "key");
    instance_json(e, i, out);
    json_name(out, "late");
    group_json(t, TOO_LATE, out);
    json_name(out, "missing");
    group_json(t, MISSING, out);
    json_name(out, "roles");
    roles_json(t, out);
    json_member_instant(out, "since", t->since);
    json_member(out, "status", slice_str(progress_name[t->progress]));
    json_name(out, "unexpected");
    unexpected_json(t, out);
    buf_char(out, '}');
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct intent_rule *r = l->own;
    size_t left_out;

    json_name(out, "answered_after");
    spans_json(&r->answered_after, out);
    json_name(out, "ended");
    counts_json(r->ended, out);
    json_member(out, "group", l->rule->group);
    json_name(out, "instances");
    left_out = instances_json(e, l, rank, instance_report, out);
    json_member_u64(out, "left_out", left_out);
    json_name(out, "open");
    counts_json(r->live, out);
    json_member(out, "rule", l->rule->name);
}

static void counts_text(const uint64_t *count, struct buf *out)
{
    size_t k;
    const char *between = " ";

    for (k = UNANSWERED; k < PROGRESSES; k++) {
        if (count[k] == 0)
            continue;
        buf_printf(out, "%s%llu %s", between, (unsigned long long)count[k],
                   progress_name[k]);
        between = ", ";
    }
    buf_str(out, *between == ' ' ? " none" : "");
}

static void instance_line(const struct engine *e, const struct instance *i,
                          struct buf *out)
{
    static const char *const what[] = { "answered ", "missing ", "late ",
                                        "unexpected " };
    const struct intent *t = i->own;
    char changed[INSTANT_TEXT], since[INSTANT_TEXT];
    struct buf text;

    instant_format(t->changed_at, changed);
    instant_format(t->since, since);
    buf_printf(out, "    %-10s at %s, open since %s  ",
               progress_name[t->progress], changed, since);
    buf_init(&text, BUF_NO_CAP);
    instance_text(e, i, &text);
    say_all(t, what, "  ", &text);
    pretty_text(buf_view(&text), out);
    buf_char(out, '\n');
    buf_release(&text);
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct intent_rule *r = l->own;

    buf_printf(out, "  %.*s:", SLICE_ARG(l->rule->name));
    counts_text(r->live, out);
    buf_str(out, "; ended:");
    counts_text(r->ended, out);
    buf_char(out, '\n');
    instances_text(e, l, rank, instance_line, out);
}

bool intent_tally(const struct live *l, size_t k, struct slice *ret_status,
                  uint64_t *ret_n)
{
    const struct intent_rule *r = l->own;
    size_t p = k + NO_INTENT + 1;

    if (p >= PROGRESSES)
        return false;
    *ret_status = slice_str(progress_name[p]);
    *ret_n = r->live[p];
    return true;
}

const struct kind intent_kind = {
    .instance_bytes = sizeof(struct intent),
    .rule_bytes = sizeof(struct intent_rule),
    .end = end,
    .evaluate = evaluate,
    .finished = finished,
    .release = release,
    .report = report,
    .report_text = report_text,
};
