#include "holds.h"

#include "app/roster.h"
#include "base/alloc.h"
#include "base/amount.h"
#include "data/json.h"
#include "data/near.h"
#include "engine/engine.h"

#include <stdlib.h>

#define BY_MAX  128
#define WHY_MAX 200

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

static void suggest(struct slice name, const struct tape *tape, struct err *err)
{
    const char **names, *meant;
    size_t i, n = 0, k = 0;

    for (i = 1; i < tape->op[0].end; i = tape->op[i].end)
        n++;
    names = xcalloc(n + 1, sizeof(*names));
    for (i = 1; i < tape->op[0].end; i = tape->op[i].end)
        names[k++] = xmemdup0(tape->op[i].p, tape->op[i].n);
    meant = near_word(name, names, n);
    if (meant)
        err_set(err, "there is no container \"%.*s\"; did you mean \"%s\"?",
                SLICE_ARG(name), meant);
    while (k--)
        free((char *)(uintptr_t)names[k]);
    free(names);
}

static void say_unknown(const struct core *core, struct slice name,
                        struct err *err)
{
    const struct path path = docker_path("containers");
    struct tape_parser *parser = tape_parser_new(0);
    struct tape tape;
    struct buf text;

    if (name.n > 100)
        name.n = 100;
    err_set(err, "there is no container \"%.*s\"", SLICE_ARG(name));
    buf_init(&text, BUF_NO_CAP);
    if (view_text(core, &path, &text) &&
        !tape_parse(parser, buf_view(&text), &tape, NULL) &&
        tape.op[0].kind == TAPE_OBJECT)
        suggest(name, &tape, err);
    buf_release(&text);
    tape_parser_free(parser);
}

/* -- shards ---------------------------------------------------------------- */

static void write_hold(const struct httpd_hold *what, struct buf *out)
{
    buf_str(out, "{\"docker\":{\"holds\":{");
    ledger_key(what->name, out);
    buf_str(out, "{\"$set\":{");
    ledger_instant("at", what->at, out);
    ledger_text("by", what->by, BY_MAX, out);
    ledger_text("why", what->why, WHY_MAX, out);
    buf_char(out, '}');
    if (what->hold_for) {
        buf_str(out, ",\"$ttl\":");
        amount_write(what->hold_for / (NSEC_SEC / AMOUNT_UNIT), out);
    }
    buf_str(out, "}}}}");
}

static void write_release(const struct httpd_hold *what, struct buf *out)
{
    buf_str(out, "{\"docker\":{\"holds\":");
    if (slice_is(what->name, "*")) {
        buf_str(out, "null");
    } else {
        buf_char(out, '{');
        ledger_key(what->name, out);
        buf_str(out, "null}");
    }
    buf_str(out, ",\"releases\":{");
    ledger_key(what->name, out);
    buf_str(out, "{\"$set\":{");
    ledger_instant("at", what->at, out);
    ledger_text("by", what->by, BY_MAX, out);
    buf_str(out, "}}}}}");
}

enum status holds_take(const struct core *core, const struct ledger *ledger,
                       const struct httpd_hold *what, uint64_t *ret_ticket,
                       struct err *err)
{
    struct buf shard;
    enum status st;

    if (!is_known(core, what->name)) {
        say_unknown(core, what->name, err);
        return ST_NONE;
    }
    buf_init(&shard, BUF_NO_CAP);
    if (what->release)
        write_release(what, &shard);
    else
        write_hold(what, &shard);
    st = ledger_write(ledger, buf_view(&shard), ret_ticket, err);
    buf_release(&shard);
    return st;
}

/* -- the answer ------------------------------------------------------------ */

static void put_state(const struct core *core, struct slice name,
                      struct buf *out)
{
    struct path path = docker_path("containers");

    path.key[path.n++] = name;
    path.key[path.n++] = slice_str("state");
    buf_str(out, ",\"state\":");
    if (!view_text(core, &path, out))
        buf_str(out, "null");
    buf_str(out, ",\"revival\":");
    roster_revival(core, name, out);
}

void holds_tell(const struct core *core, const struct httpd_hold *what,
                struct buf *out)
{
    bool all = slice_is(what->name, "*");
    bool held =
        !what->release || (!all && stands(core, "holds", slice_str("*")));

    buf_char(out, '{');
    ledger_text("container", what->name, what->name.n, out);
    buf_printf(out, ",\"held\":%s", held ? "true" : "false");
    if (!what->release && what->hold_for)
        ledger_instant("until", nsec_add(what->at, what->hold_for), out);
    if (!what->release && what->why.n)
        ledger_text("why", what->why, WHY_MAX, out);
    if (!all)
        put_state(core, what->name, out);
    buf_char(out, '}');
}
