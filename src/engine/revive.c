/*
 * Revivals: which containers ought to be started again, and why.
 *
 * What is decided here is that one is due.  Nothing is done about it.
 */
#include "inside.h"

#include "base/hash.h"

struct revival {
    bool seen; /* it has been evaluated */
    bool in_scope, due;
    nsec since; /* when it became what `due` says */
};

struct revive_rule {
    uint64_t in_scope, due;
    uint64_t became_due, recovered;
};

static const char *const on_stop_name[] = {
    [STOP_SECOND_HOLDS] = "second-stop-holds",
    [STOP_REVIVE] = "revive",
    [STOP_RESPECT] = "respect",
};

/* -- why ----------------------------------------------------------------- */

/* A member of the container as text; "": there is none. */
static struct slice member_text(const struct engine *e,
                                const struct instance *i, const char *name)
{
    struct cel_place place = instance_place(e, i);
    const struct tree *t = tree_of(e, place.tree);
    const struct node *n = place.node;
    struct slice key = slice_str(name);
    uint32_t id = keys_find(&t->keys, key, hash_key(t->seed, key));

    n = n && n->kind == NODE_MAP && id != KEY_NONE ? map_find(n->u.map, id)
                                                   : NULL;
    if (n && n->kind == NODE_TRUE)
        return slice_str("true");
    if (n && (n->kind == NODE_STRING || n->kind == NODE_NUMBER))
        return node_text(n);
    return slice_of("", 0);
}

/* "exited, exit code 3, out of memory" */
static void say_why(const struct engine *e, const struct instance *i,
                    struct buf *out)
{
    struct slice state = member_text(e, i, "state");
    struct slice code = member_text(e, i, "exitCode");

    buf_slice(out, state);
    if (code.n)
        buf_printf(out, "%sexit code %.*s", out->n ? ", " : "",
                   SLICE_ARG(code));
    if (slice_is(member_text(e, i, "oomKilled"), "true"))
        buf_printf(out, "%sout of memory", out->n ? ", " : "");
}

/* -- what is due --------------------------------------------------------- */

static void become(struct engine *e, struct instance *i, bool due,
                   const char *how)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;
    struct buf why;

    if (due == v->due)
        return;
    v->due = due;
    v->since = e->now;
    buf_init(&why, BUF_NO_CAP);
    if (due) {
        r->due++;
        r->became_due++;
        say_why(e, i, &why);
    } else {
        r->due--;
        r->recovered += v->in_scope;
    }
    tell(e, i->live, i, due ? "" : "due", how, buf_view(&why));
    buf_release(&why);
}

static void put_in_scope(struct instance *i, bool in_scope)
{
    struct revive_rule *r = i->live->own;
    struct revival *v = i->own;

    r->in_scope += in_scope;
    r->in_scope -= v->in_scope;
    v->in_scope = in_scope;
}

/* Missing data is no; what cannot be told is what it was. */
static bool holds(struct engine *e, struct instance *i,
                  const struct cel_program *p, bool before)
{
    enum verdict v = eval_bool(e, i, p);

    return v == VERDICT_ERROR ? before : v == VERDICT_TRUE;
}

static void derive(struct engine *e, const struct instance *i)
{
    const struct revival *v = i->own;
    struct map *m = derive_instance(e, i);

    derive_bool(e, m, "due", v->due);
    derive_bool(e, m, "in_scope", v->in_scope);
    derive_instant(e, m, "since", v->since);
}

/* It is no container of the rule any more. */
static void finish(struct engine *e, struct instance *i, const char *how)
{
    struct revival *v = i->own;

    put_in_scope(i, false);
    become(e, i, false, how);
    if (v->seen)
        derive_forget(e, i);
    v->seen = false;
}

static void evaluate(struct engine *e, struct instance *i, nsec at)
{
    const struct rule_revive *rule = &i->live->rule->revive;
    struct revival *v = i->own;

    if (i->gone) {
        finish(e, i, "gone");
        return;
    }
    if (!v->seen)
        v->since = at;
    v->seen = true;
    put_in_scope(i, holds(e, i, rule->containers, v->in_scope));
    if (!v->in_scope)
        become(e, i, false, "out of scope");
    else if (holds(e, i, rule->when, v->due))
        become(e, i, true, "due");
    else
        become(e, i, false, "recovered");
    derive(e, i);
}

static bool finished(const struct instance *i)
{
    return !((const struct revival *)i->own)->seen;
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

/* -- reports ------------------------------------------------------------- */

static int rank(const struct instance *i)
{
    const struct revival *v = i->own;

    return v->in_scope ? !v->due : -1;
}

static void json_member_bool(struct buf *out, const char *name, bool value)
{
    json_member_raw(out, name, slice_str(value ? "true" : "false"));
}

static void policy_json(const struct rule_revive *p, struct buf *out)
{
    buf_char(out, '{');
    json_member_u64(out, "attempts", p->attempts);
    json_member_span(out, "backoff", p->backoff);
    json_member_bool(out, "dry_run", p->dry_run);
    json_member_span(out, "max_backoff", p->max_backoff);
    json_member(out, "on_stop", slice_str(on_stop_name[p->on_stop]));
    json_member_bool(out, "recreate", p->recreate);
    json_member_span(out, "reset_after", p->reset_after);
    json_member_span(out, "verify_after", p->verify_after);
    json_member_span(out, "verify_timeout", p->verify_timeout);
    json_member_span(out, "window", p->window);
    buf_char(out, '}');
}

static void container_json(const struct engine *e, const struct instance *i,
                           struct buf *out)
{
    const struct revival *v = i->own;
    struct buf name;

    buf_init(&name, BUF_NO_CAP);
    instance_text(e, i, &name);
    buf_char(out, '{');
    json_member(out, "container", buf_view(&name));
    json_member_bool(out, "due", v->due);
    json_name(out, "policy");
    policy_json(&i->live->rule->revive, out);
    json_member_instant(out, "since", v->since);
    buf_char(out, '}');
    buf_release(&name);
}

static void report(struct engine *e, struct live *l, struct buf *out)
{
    const struct revive_rule *r = l->own;
    size_t left_out;

    json_name(out, "containers");
    left_out = instances_json(e, l, rank, container_json, out);
    json_member_u64(out, "due", r->due);
    json_member_u64(out, "due_ever", r->became_due);
    json_member(out, "group", l->rule->group);
    json_member_u64(out, "in_scope", r->in_scope);
    json_member_u64(out, "left_out", left_out);
    json_member_u64(out, "recovered", r->recovered);
    json_member(out, "rule", l->rule->name);
}

/* "30m", "1.5s": the largest unit that it is a whole number of. */
static void span_text(nsec span_for, struct buf *out)
{
    static const struct {
        nsec unit_for;
        const char *name;
    } unit[] = { { 24 * 60 * 60 * NSEC_SEC, "d" },
                 { 60 * 60 * NSEC_SEC, "h" },
                 { 60 * NSEC_SEC, "m" } };
    size_t k;

    for (k = 0; k < sizeof(unit) / sizeof(*unit); k++) {
        if (span_for == 0 || span_for % unit[k].unit_for)
            continue;
        buf_i64(out, span_for / unit[k].unit_for);
        buf_str(out, unit[k].name);
        return;
    }
    json_span(span_for, out);
    buf_char(out, 's');
}

static void due_line(const struct engine *e, const struct instance *i,
                     struct buf *out)
{
    const struct rule_revive *p = &i->live->rule->revive;
    const struct revival *v = i->own;
    char since[INSTANT_TEXT];
    struct buf name;

    instant_format(v->since, since);
    buf_init(&name, BUF_NO_CAP);
    instance_text(e, i, &name);
    buf_str(out, "    revival due: ");
    pretty_text(buf_view(&name), out);
    buf_printf(out, " since %s (policy: %u attempts in ", since, p->attempts);
    span_text(p->window, out);
    buf_str(out, p->dry_run ? ", dry run)\n" : ")\n");
    buf_release(&name);
}

static void report_text(struct engine *e, struct live *l, struct buf *out)
{
    const struct revive_rule *r = l->own;

    buf_printf(out, "  %.*s: %llu due of %llu in scope, recovered %llu\n",
               SLICE_ARG(l->rule->name), (unsigned long long)r->due,
               (unsigned long long)r->in_scope,
               (unsigned long long)r->recovered);
    instances_text(e, l, rank, due_line, out);
}

uint64_t revive_due(const struct live *l)
{
    return ((const struct revive_rule *)l->own)->due;
}

const struct kind revive_kind = {
    .instance_bytes = sizeof(struct revival),
    .rule_bytes = sizeof(struct revive_rule),
    .end = end,
    .evaluate = evaluate,
    .finished = finished,
    .report = report,
    .report_text = report_text,
};
