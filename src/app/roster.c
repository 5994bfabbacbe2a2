#include "roster.h"

#include "base/alloc.h"
#include "data/json.h"
#include "heal/heal.h"

#include <stdlib.h>
#include <string.h>
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

static bool is_in_state(const struct tape *tape, size_t at,
                        enum heal_state state)
{
    const struct tape_op *op = tape_member_of(tape, at, "state");

    return op && op->kind == TAPE_STRING &&
           slice_is(tape_text(op), heal_state_name(state));
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

/* -- lists of names -------------------------------------------------------- */

/* "a, b, c and 12 more" */
struct listing {
    struct buf text;
    size_t n, shown;
};

static void listing_add(struct listing *l, const char *sign, struct slice name)
{
    l->n++;
    if (l->text.n + name.n > NAMES_MAX)
        return;
    buf_printf(&l->text, "%s%s%.*s", l->shown ? ", " : "", sign,
               SLICE_ARG(name));
    l->shown++;
}

static void listing_put(struct listing *l, struct buf *out)
{
    buf_slice(out, buf_view(&l->text));
    if (l->n > l->shown)
        buf_printf(out, " and %zu more", l->n - l->shown);
    buf_release(&l->text);
}

/* Takes the first of names that stand a line each. */
static struct slice take_name(struct slice *names)
{
    const char *end = names->n ? memchr(names->p, '\n', names->n) : NULL;
    struct slice name = slice_of(names->p, end ? (size_t)(end - names->p) : 0);

    if (end)
        *names = slice_of(end + 1, names->n - name.n - 1);
    return name;
}

/* Those of `from` that are not in `in`; both are in the order of bytes. */
static void listing_others(struct listing *l, const char *sign,
                           struct slice from, struct slice in)
{
    struct slice other = take_name(&in);

    while (from.n) {
        struct slice name = take_name(&from);

        while (other.n && slice_cmp(other, name) < 0)
            other = take_name(&in);
        if (!slice_eq(other, name))
            listing_add(l, sign, name);
    }
}

/* -- the scopes of the rules ----------------------------------------------- */

struct roster_rule {
    UT_hash_handle hh;
    struct buf names; /* in its scope, as it was said; a line each, sorted */
    bool said;
    bool there; /* at this look */
    size_t n;
    char name[];
};

static size_t names_in_scope(const struct tape *tape, struct buf *names)
{
    size_t i, n = 0;

    for (i = 1; tape->n && i < tape->op[0].end; i = tape->op[i].end) {
        if (!is_true(tape, i + 1, "in_scope"))
            continue;
        buf_slice(names, tape_text(&tape->op[i]));
        buf_char(names, '\n');
        n++;
    }
    return n;
}

static void say(struct roster *r, bool warning, struct buf *text)
{
    r->say(r->self, warning, buf_cstr(text));
    buf_release(text);
}

static void say_scope(struct roster *r, const struct roster_rule *rule,
                      struct slice names, size_t n)
{
    struct listing list = { 0 };
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&list.text, BUF_NO_CAP);
    listing_others(&list, "", names, slice_of("", 0));
    buf_printf(&text, "rule %s has ", rule->name);
    if (n)
        buf_printf(&text, "%zu container%s in its scope: ", n,
                   n == 1 ? "" : "s");
    else
        buf_str(&text, "no container in its scope");
    listing_put(&list, &text);
    say(r, false, &text);
}

/* Whom nobody is going to start, in the rule's eyes. */
static void say_at_rest(struct roster *r, const struct roster_rule *rule,
                        const struct tape *tape)
{
    static const struct {
        enum heal_state state;
        const char *word;
    } kind[] = {
        { HEAL_GIVEN_UP, "given up" },
        { HEAL_HELD, "held" },
        { HEAL_BLOCKED, "blocked" },
    };
    struct buf text;
    size_t i, k, n = 0;

    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text, "rule %s: ", rule->name);
    for (k = 0; k < sizeof(kind) / sizeof(*kind); k++) {
        struct listing list = { 0 };

        buf_init(&list.text, BUF_NO_CAP);
        for (i = 1; tape->n && i < tape->op[0].end; i = tape->op[i].end)
            if (is_true(tape, i + 1, "in_scope") &&
                is_in_state(tape, i + 1, kind[k].state))
                listing_add(&list, "", tape_text(&tape->op[i]));
        if (list.n)
            buf_printf(&text, "%s%zu %s (", n++ ? ", " : "", list.n,
                       kind[k].word);
        listing_put(&list, &text);
        buf_str(&text, list.n ? ")" : "");
    }
    if (n)
        say(r, false, &text);
    else
        buf_release(&text);
}

static void say_change(struct roster *r, const struct roster_rule *rule,
                       struct slice names, size_t n)
{
    struct listing list = { 0 };
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&list.text, BUF_NO_CAP);
    listing_others(&list, "+ ", names, buf_view(&rule->names));
    listing_others(&list, "- ", buf_view(&rule->names), names);
    buf_printf(&text, "rule %s: ", rule->name);
    listing_put(&list, &text);
    if (n)
        buf_printf(&text, " (%zu in scope)", n);
    else
        buf_str(&text, " (none in scope: the rule revives nothing)");
    say(r, n == 0, &text);
}

static struct roster_rule *find_rule(struct roster *r, struct slice name)
{
    struct roster_rule *rule;

    HASH_FIND(hh, r->rules, name.p, name.n, rule);
    if (rule)
        return rule;
    rule = xcalloc(1, sizeof(*rule) + name.n + 1);
    rule->n = name.n;
    memcpy(rule->name, name.p, name.n);
    buf_init(&rule->names, BUF_NO_CAP);
    HASH_ADD_KEYPTR(hh, r->rules, rule->name, rule->n, rule);
    return rule;
}

static void drop_rule(struct roster *r, struct roster_rule *rule)
{
    HASH_DEL(r->rules, rule);
    buf_release(&rule->names);
    free(rule);
}

static void look_at(struct roster *r, struct roster_rule *rule,
                    const struct tape *tape)
{
    struct buf names;
    size_t n;

    buf_init(&names, BUF_NO_CAP);
    n = names_in_scope(tape, &names);
    if (rule->names.n && !slice_eq(buf_view(&names), buf_view(&rule->names))) {
        say_change(r, rule, buf_view(&names), n);
    } else if (!rule->said || (n && !rule->names.n)) {
        say_scope(r, rule, buf_view(&names), n);
        say_at_rest(r, rule, tape);
    }
    rule->said = true;
    buf_release(&rule->names);
    rule->names = names;
}

static void look(struct roster *r, struct slice name)
{
    struct roster_rule *rule = find_rule(r, name);
    struct path path = revival_path(name);
    struct tape_parser *parser = tape_parser_new(0);
    struct tape tape = { 0 };
    struct buf text;

    rule->there = true;
    buf_init(&text, BUF_NO_CAP);
    if (!view_text(r->core, &path, &text) ||
        tape_parse(parser, buf_view(&text), &tape, NULL) ||
        tape.op[0].kind != TAPE_OBJECT)
        tape.n = 0;
    look_at(r, rule, &tape);
    buf_release(&text);
    tape_parser_free(parser);
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
