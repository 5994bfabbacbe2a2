#include "roster.h"

#include "base/alloc.h"
#include "data/json.h"

#include <stdlib.h>
#include <uthash.h>

#define LOOK_FOR  NSEC_SEC
#define NAMES_MAX 800 /* bytes of names in a line */

static struct path revival_path(struct slice rule)
{
    return (struct path){
        .key = { slice_str("monitor"), slice_str("revivals"), rule }, .n = 3
    };
}

static bool is_true(const struct tape *tape, size_t at, const char *member)
{
    const struct tape_op *op = tape_member_of(tape, at, member);

    return op && op->kind == TAPE_TRUE;
}

/* -- one container --------------------------------------------------------- */

static void put_member(const struct tape *tape, const char *name,
                       struct buf *out)
{
    const struct tape_op *op = tape_member(tape, name);

    buf_printf(out, ",\"%s\":", name);
    if (op)
        json_value(tape, (size_t)(op - tape->op), out);
    else
        buf_str(out, "null");
}

static void put_revival(const struct tape *tape, const struct rule *rule,
                        struct buf *out)
{
    buf_str(out, "{\"rule\":");
    json_string(rule->name, out);
    put_member(tape, "state", out);
    put_member(tape, "reason", out);
    put_member(tape, "attempts", out);
    put_member(tape, "next", out);
    buf_char(out, '}');
}

/* Appends it if the container is in the scope of the rule. */
static bool try_rule(const struct core *core, const struct rule *rule,
                     struct slice name, struct buf *out)
{
    struct path path = revival_path(rule->name);
    struct tape_parser *parser = tape_parser_new(0);
    struct tape tape;
    struct buf text;
    bool found;

    path.key[path.n++] = name;
    buf_init(&text, BUF_NO_CAP);
    found = view_text(core, &path, &text) &&
            !tape_parse(parser, buf_view(&text), &tape, NULL) &&
            is_true(&tape, 0, "in_scope");
    if (found)
        put_revival(&tape, rule, out);
    buf_release(&text);
    tape_parser_free(parser);
    return found;
}

void roster_revival(const struct core *core, struct slice name, struct buf *out)
{
    const struct ruleset *set = engine_ruleset(core_engine(core));
    size_t i;

    for (i = 0; set && i < set->n; i++)
        if (set->rule[i].kind == RULE_REVIVE &&
            try_rule(core, &set->rule[i], name, out))
            return;
    buf_str(out, "null");
}

void roster_container(const struct core *core, struct slice name,
                      struct buf *out)
{
    const struct path probe = { .key = { slice_str("docker"),
                                         slice_str("containers"), name,
                                         slice_str("probe") },
                                .n = 4 };

    buf_str(out, ",\"probe\":");
    if (!view_text(core, &probe, out))
        buf_str(out, "null");
    buf_str(out, ",\"revival\":");
    roster_revival(core, name, out);
}

/* -- the scopes of the rules ----------------------------------------------- */

struct roster_rule {
    UT_hash_handle hh;
    struct buf said;
    bool there; /* at this look */
    size_t n;
    char name[];
};

/* "a, b, c and 12 more", in the order of canonical JSON. */
static size_t name_all(const struct tape *tape, struct buf *out)
{
    size_t i, n = 0, shown = 0;

    for (i = 1; i < tape->op[0].end; i = tape->op[i].end) {
        struct slice name = tape_text(&tape->op[i]);

        if (!is_true(tape, i + 1, "in_scope"))
            continue;
        n++;
        if (out->n + name.n > NAMES_MAX)
            continue;
        buf_str(out, shown++ ? ", " : "");
        buf_slice(out, name);
    }
    if (n > shown)
        buf_printf(out, " and %zu more", n - shown);
    return n;
}

static void sentence(const struct core *core, struct slice rule,
                     struct buf *out)
{
    struct path path = revival_path(rule);
    struct tape_parser *parser = tape_parser_new(0);
    struct tape tape;
    struct buf text, names;
    size_t n = 0;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&names, BUF_NO_CAP);
    if (view_text(core, &path, &text) &&
        !tape_parse(parser, buf_view(&text), &tape, NULL) &&
        tape.op[0].kind == TAPE_OBJECT)
        n = name_all(&tape, &names);
    buf_printf(out, "rule %.*s has ", SLICE_ARG(rule));
    if (n)
        buf_printf(out, "%zu container%s in its scope: %s", n,
                   n == 1 ? "" : "s", buf_cstr(&names));
    else
        buf_str(out, "no container in its scope");
    buf_release(&text);
    buf_release(&names);
    tape_parser_free(parser);
}

static struct roster_rule *find_rule(struct roster *r, struct slice name)
{
    struct roster_rule *rule;

    HASH_FIND(hh, r->rules, name.p, name.n, rule);
    if (rule)
        return rule;
    rule = xcalloc(1, sizeof(*rule) + name.n);
    rule->n = name.n;
    memcpy(rule->name, name.p, name.n);
    buf_init(&rule->said, BUF_NO_CAP);
    HASH_ADD_KEYPTR(hh, r->rules, rule->name, rule->n, rule);
    return rule;
}

static void drop_rule(struct roster *r, struct roster_rule *rule)
{
    HASH_DEL(r->rules, rule);
    buf_release(&rule->said);
    free(rule);
}

static void look(struct roster *r, struct slice name)
{
    struct roster_rule *rule = find_rule(r, name);
    struct buf now;

    rule->there = true;
    buf_init(&now, BUF_NO_CAP);
    sentence(r->core, name, &now);
    if (!slice_eq(buf_view(&now), buf_view(&rule->said))) {
        r->say(r->self, buf_cstr(&now));
        buf_reset(&rule->said);
        buf_slice(&rule->said, buf_view(&now));
    }
    buf_release(&now);
}

static void look_at_all(struct roster *r)
{
    const struct ruleset *set = engine_ruleset(core_engine(r->core));
    struct roster_rule *rule, *next;
    size_t i;

    for (i = 0; set && i < set->n; i++)
        if (set->rule[i].kind == RULE_REVIVE)
            look(r, set->rule[i].name);
    HASH_ITER(hh, r->rules, rule, next)
    {
        if (!rule->there)
            drop_rule(r, rule);
        else
            rule->there = false;
    }
}

void roster_tick(struct roster *r, nsec now)
{
    uint64_t instants = engine_stats(core_engine(r->core)).instants;

    if (r->look_at == 0 && r->looked && instants == r->instants)
        return;
    if (r->look_at == 0) {
        r->looked = true;
        r->instants = instants;
        r->look_at = nsec_add(now, LOOK_FOR);
    } else if (now >= r->look_at) {
        r->look_at = 0;
        look_at_all(r);
    }
}

void roster_release(struct roster *r)
{
    struct roster_rule *rule, *next;

    HASH_ITER(hh, r->rules, rule, next)
    {
        drop_rule(r, rule);
    }
}
