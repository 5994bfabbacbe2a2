#include "holds.h"

#include "app/roster.h"
#include "base/alloc.h"
#include "base/amount.h"
#include "data/json.h"
#include "data/near.h"
#include "engine/engine.h"
#include "heal/heal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BY_MAX   128
#define WHY_MAX  200
#define ID_LEAST 4 /* digits of an id */

#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p

static struct path docker_path(const char *what)
{
    return (struct path){ .key = { slice_str("docker"), slice_str(what) },
                          .n = 2 };
}

static bool stands(const struct core *core, const char *what, struct slice name)
{
    struct path path = docker_path(what);

    path.key[path.n++] = name;
    return view_weight(core, &path, 1) > 0;
}

/* One that is removed may still be under a rule, or held. */
static bool is_known(const struct core *core, struct slice name)
{
    struct buf revival;
    bool under_rule;

    if (slice_is(name, "*") || stands(core, "containers", name) ||
        stands(core, "holds", name))
        return true;
    buf_init(&revival, BUF_NO_CAP);
    roster_revival(core, name, &revival);
    under_rule = !slice_is(buf_view(&revival), "null");
    buf_release(&revival);
    return under_rule;
}

/* -- which was meant? ------------------------------------------------------ */

/* A request under way: who is there, and who is meant. */
struct call {
    const struct core *core;
    const struct httpd_hold *what;
    struct tape_parser *parser;
    struct buf text;
    struct tape tape;    /* of the containers; none: n is 0 */
    struct slice *meant; /* their names, each once */
    size_t n;
};

static void call_init(struct call *c, const struct core *core,
                      const struct httpd_hold *what)
{
    const struct path path = docker_path("containers");

    *c = (struct call){ .core = core, .what = what };
    c->parser = tape_parser_new(0);
    c->meant = xcalloc(what->n, sizeof(*c->meant));
    buf_init(&c->text, BUF_NO_CAP);
    if (!view_text(core, &path, &c->text) ||
        tape_parse(c->parser, buf_view(&c->text), &c->tape, NULL) ||
        c->tape.op[0].kind != TAPE_OBJECT)
        c->tape.n = 0;
}

static void call_release(struct call *c)
{
    free(c->meant);
    buf_release(&c->text);
    tape_parser_free(c->parser);
}

/* The index of the next one's key, from 0 on; 0: there is none. */
static size_t next_container(const struct call *c, size_t at)
{
    size_t next = at ? c->tape.op[at].end : 1;

    return c->tape.n && next < c->tape.op[0].end ? next : 0;
}

static bool is_id(struct slice text)
{
    size_t i;

    for (i = 0; i < text.n; i++)
        if (!isxdigit((unsigned char)text.p[i]))
            return false;
    return text.n >= ID_LEAST;
}

static bool has_id(const struct tape *tape, size_t container, struct slice id)
{
    const struct tape_op *op = tape_member_of(tape, container, "id");

    return op && op->kind == TAPE_STRING && op->n >= id.n &&
           memcmp(op->p, id.p, id.n) == 0;
}

/* ST_BAD: several have it, err says which. */
static enum status by_id(const struct call *c, struct slice id,
                         struct slice *ret_name, struct err *err)
{
    size_t i, n = 0;

    for (i = 0; is_id(id) && (i = next_container(c, i));) {
        struct slice name = tape_text(&c->tape.op[i]);

        if (!has_id(&c->tape, i + 1, id))
            continue;
        if (n++)
            err_set(err, "the ids of %.*s and %.*s begin with \"%.*s\"",
                    SHOWN(*ret_name), SHOWN(name), SHOWN(id));
        *ret_name = name;
    }
    return n == 0 ? ST_NONE : n == 1 ? ST_OK : ST_BAD;
}

static void say_unknown(const struct call *c, struct slice name,
                        struct err *err)
{
    const char **names, *meant;
    size_t i, n = 0;

    for (i = 0; (i = next_container(c, i));)
        n++;
    names = xcalloc(n + 1, sizeof(*names));
    for (i = 0, n = 0; (i = next_container(c, i));)
        names[n++] = xmemdup0(c->tape.op[i].p, c->tape.op[i].n);
    meant = near_word(name, names, n);
    if (meant)
        err_set(err, "there is no container \"%.*s\"; did you mean \"%s\"?",
                SHOWN(name), meant);
    else
        err_set(err, "there is no container \"%.*s\"", SHOWN(name));
    while (n--)
        free((char *)(uintptr_t)names[n]);
    free(names);
}

static void mean(struct call *c, struct slice name)
{
    for (size_t i = 0; i < c->n; i++)
        if (slice_eq(c->meant[i], name))
            return;
    c->meant[c->n++] = name;
}

/* ST_NONE, ST_BAD: one is nobody's, or of several; err says which. */
static enum status find_all(struct call *c, struct err *err)
{
    for (size_t i = 0; i < c->what->n; i++) {
        struct slice name = c->what->name[i];
        enum status st = ST_OK;

        if (!is_known(c->core, name))
            st = by_id(c, c->what->name[i], &name, err);
        if (st == ST_NONE)
            say_unknown(c, name, err);
        if (st)
            return st;
        mean(c, name);
    }
    return ST_OK;
}

/* -- shards ---------------------------------------------------------------- */

/* until: 0 for ever. */
static void put_hold(const struct httpd_hold *what, struct slice name, nsec now,
                     nsec until, struct buf *out)
{
    ledger_key(name, out);
    buf_str(out, "{\"$set\":{");
    ledger_instant("at", what->at, out);
    ledger_text("by", what->by, BY_MAX, out);
    if (until)
        ledger_instant("until", until, out);
    ledger_text("why", what->why, WHY_MAX, out);
    buf_char(out, '}');
    if (until) {
        buf_str(out, ",\"$ttl\":");
        amount_write((until - now) / (NSEC_SEC / AMOUNT_UNIT), out);
    }
    buf_char(out, '}');
}

static void write_hold(const struct call *c, struct slice name, struct buf *out)
{
    const struct httpd_hold *what = c->what;

    put_hold(what, name, what->at,
             what->hold_for ? nsec_add(what->at, what->hold_for) : 0, out);
}

static void write_end(const struct call *c, struct slice name, struct buf *out)
{
    (void)c;
    ledger_key(name, out);
    buf_str(out, "null");
}

static void write_release(const struct call *c, struct slice name,
                          struct buf *out)
{
    ledger_key(name, out);
    buf_str(out, "{\"$set\":{");
    ledger_instant("at", c->what->at, out);
    ledger_text("by", c->what->by, BY_MAX, out);
    buf_str(out, "}}");
}

static void write_each(const struct call *c,
                       void (*write)(const struct call *c, struct slice name,
                                     struct buf *out),
                       struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < c->n; i++) {
        if (i)
            buf_char(out, ',');
        write(c, c->meant[i], out);
    }
    buf_char(out, '}');
}

static void write_shard(const struct call *c, struct buf *out)
{
    buf_str(out, "{\"docker\":{\"holds\":");
    if (!c->what->release) {
        write_each(c, write_hold, out);
    } else {
        if (slice_is(c->meant[0], "*"))
            buf_str(out, "null");
        else
            write_each(c, write_end, out);
        buf_str(out, ",\"releases\":");
        write_each(c, write_release, out);
    }
    buf_str(out, "}}");
}

/* {"container","was"} a line: who is meant, and the hold that stands. */
static void write_note(const struct call *c, struct buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        struct path path = docker_path("holds");

        path.key[path.n++] = c->meant[i];
        buf_char(out, '{');
        ledger_text("container", c->meant[i], c->meant[i].n, out);
        buf_str(out, ",\"was\":");
        if (!view_text(c->core, &path, out))
            buf_str(out, "null");
        buf_str(out, "}\n");
    }
}

static void put_pending(const struct call *c, const struct ledger *ledger,
                        struct pending *pending)
{
    nsec now = ledger->intake->now(ledger->intake->self);

    pending_merged(pending, view_watermark(c->core));
    for (size_t i = 0; i < c->n && !c->what->release; i++)
        pending_add(pending, c->meant[i], now);
}

enum status holds_take(const struct core *core, const struct ledger *ledger,
                       struct pending *pending, const struct httpd_hold *what,
                       uint64_t *ret_ticket, struct err *err)
{
    struct buf shard;
    struct call c;
    enum status st;

    call_init(&c, core, what);
    st = find_all(&c, err);
    if (st == ST_OK) {
        buf_init(&shard, BUF_NO_CAP);
        write_shard(&c, &shard);
        write_note(&c, what->note);
        st = ledger_write(ledger, buf_view(&shard), ret_ticket, err);
        buf_release(&shard);
        if (st == ST_OK)
            put_pending(&c, ledger, pending);
    }
    call_release(&c);
    return st;
}

/* -- when the clock is set ------------------------------------------------- */

static struct slice text_of(const struct tape *t, size_t hold, const char *name)
{
    const struct tape_op *op = tape_member_of(t, hold, name);

    return op ? tape_text(op) : slice_of("", 0);
}

/* false: it is for ever, or over. */
static bool put_longer(const struct tape *t, size_t key, nsec now, nsec by,
                       bool comma, struct buf *out)
{
    const size_t hold = key + 1;
    struct httpd_hold what = { .by = text_of(t, hold, "by"),
                               .why = text_of(t, hold, "why") };
    nsec until;

    if (instant_parse(text_of(t, hold, "until"), &until) || until <= now ||
        instant_parse(text_of(t, hold, "at"), &what.at))
        return false;
    if (comma)
        buf_char(out, ',');
    put_hold(&what, tape_text(&t->op[key]), now, nsec_add(until, by), out);
    return true;
}

void holds_extend(const struct core *core, struct ledger *ledger, nsec now,
                  nsec by)
{
    const struct path path = docker_path("holds");
    struct tape_parser *parser = tape_parser_new(0);
    struct buf text, shard;
    struct tape t;
    size_t n = 0;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&shard, BUF_NO_CAP);
    buf_str(&shard, "{\"docker\":{\"holds\":{");
    if (view_text(core, &path, &text) &&
        !tape_parse(parser, buf_view(&text), &t, NULL) &&
        t.op[0].kind == TAPE_OBJECT) {
        for (size_t i = 1; i < t.op[0].end; i = t.op[i].end)
            n += put_longer(&t, i, now, by, n > 0, &shard);
    }
    buf_str(&shard, "}}}");
    if (n)
        ledger_put(ledger, buf_view(&shard));
    buf_release(&shard);
    buf_release(&text);
    tape_parser_free(parser);
}

/* -- the answer ------------------------------------------------------------ */

/* One container, as it is by now. */
struct outcome {
    bool held, ruled, exempt, all;
    struct buf state; /* JSON, or empty */
};

/* Appends ,"rule": and sees what kind of case it is for that rule. */
static void put_rule(const struct core *core, struct slice name,
                     struct outcome *o, struct buf *out)
{
    struct tape_parser *parser = tape_parser_new(0);
    const struct tape_op *rule, *state;
    struct tape tape;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    roster_revival(core, name, &text);
    buf_str(out, ",\"rule\":");
    if (!tape_parse(parser, buf_view(&text), &tape, NULL) &&
        (rule = tape_member(&tape, "rule"))) {
        state = tape_member(&tape, "state");
        o->ruled = true;
        o->exempt =
            state && slice_is(tape_text(state), heal_state_name(HEAL_EXEMPT));
        json_string(tape_text(rule), out);
    } else {
        buf_str(out, "null");
    }
    buf_release(&text);
    tape_parser_free(parser);
}

static void put_state(const struct core *core, struct slice name,
                      struct outcome *o, struct buf *out)
{
    struct path path = docker_path("containers");
    size_t at;

    path.key[path.n++] = name;
    path.key[path.n++] = slice_str("state");
    buf_str(out, ",\"state\":");
    at = out->n;
    if (!view_text(core, &path, out))
        buf_str(out, "null");
    buf_slice(&o->state, slice_of(out->p + at, out->n - at));
    if (!slice_is(buf_view(&o->state), "\"exited\""))
        return;
    path.key[path.n - 1] = slice_str("exitCode");
    buf_str(out, ",\"exit_code\":");
    if (!view_text(core, &path, out))
        buf_str(out, "null");
}

static bool is_off(const struct core *core)
{
    struct path path = docker_path("engine");
    struct buf text;
    bool off;

    path.key[path.n++] = slice_str("act");
    buf_init(&text, BUF_NO_CAP);
    off = view_text(core, &path, &text) && slice_is(buf_view(&text), "\"off\"");
    buf_release(&text);
    return off;
}

/* What revival does from now on. */
static const char *follows(const struct core *core, const struct outcome *o)
{
    struct slice state = buf_view(&o->state);

    if (is_off(core))
        return "revival is switched off (--no-revive)";
    if (o->all)
        return o->held ? "revival keeps off them"
                       : "revival looks after them again";
    if (!o->ruled)
        return "no revive rule has it in its scope";
    if (o->exempt)
        return "revival never touches it";
    if (o->held)
        return "revival keeps off it";
    if (slice_is(state, "\"exited\"") || slice_is(state, "\"created\""))
        return "revival takes it up again";
    return "revival looks after it again";
}

static void tell(const struct core *core, const struct httpd_hold *what,
                 const struct tape *note, struct buf *out)
{
    struct slice name = tape_text(tape_member(note, "container"));
    const struct tape_op *was = tape_member(note, "was");
    struct outcome o = { .all = slice_is(name, "*") };

    o.held =
        !what->release || (!o.all && stands(core, "holds", slice_str("*")));
    buf_init(&o.state, BUF_NO_CAP);
    buf_char(out, '{');
    ledger_text("container", name, name.n, out);
    buf_printf(out, ",\"held\":%s", o.held ? "true" : "false");
    if (!what->release && what->hold_for)
        ledger_instant("until", nsec_add(what->at, what->hold_for), out);
    if (!what->release && what->why.n)
        ledger_text("why", what->why, WHY_MAX, out);
    buf_str(out, ",\"was\":");
    json_value(note, (size_t)(was - note->op), out);
    if (!o.all) {
        put_state(core, name, &o, out);
        put_rule(core, name, &o, out);
    }
    ledger_text("follows", slice_str(follows(core, &o)), 100, out);
    buf_str(out, "}\n");
    buf_release(&o.state);
}

void holds_tell(const struct core *core, const struct httpd_hold *what,
                struct buf *out)
{
    struct tape_parser *parser = tape_parser_new(0);
    struct slice rest = buf_view(what->note);
    struct tape note;

    while (rest.n) {
        size_t n =
            (size_t)((const char *)memchr(rest.p, '\n', rest.n) - rest.p);

        if (!tape_parse(parser, slice_of(rest.p, n), &note, NULL))
            tell(core, what, &note, out);
        rest = slice_of(rest.p + n + 1, rest.n - n - 1);
    }
    tape_parser_free(parser);
}
