#include "support/ruleset.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct rules rules;

static void teardown(void)
{
    rules_release(&rules);
    rules = (struct rules){ 0 };
}

static void load(const char *foreach)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text,
               "groups:\n- name: g\n  variables: [{name: quiet, expr: 'true'}]"
               "\n  rules:\n  - alert: a\n    expr: 'true'\n    foreach: %s\n",
               foreach);
    rules = rules_of(buf_cstr(&text));
    buf_release(&text);
}

static void write_path(const struct rule_foreach *f, struct buf *out)
{
    uint32_t i;

    for (i = 0; i < f->n; i++) {
        buf_char(out, '/');
        if (f->key[i].p)
            buf_slice(out, f->key[i]);
        else
            buf_printf(out, "*");
    }
}

/* What foreach says, as "PATH: NAMES"; the element's name in brackets. */
static const struct {
    const char *foreach, *wanted;
} good[] = {
    { "id, host, r in state.intents.*.resolution.*",
      "/intents/*/resolution/*: id host [r]" },
    { "id, it in state.intents", "/intents/*: id [it]" },
    { "id in state.intents", "/intents/*: id []" },
    { "id in state.intents.*", "/intents/*: id []" },
    { "name, msg in state.*.msg", "/*/msg: name [msg]" },
    { "name in state", "/*: name []" },
    { "'  a ,b  in   state . x'", NULL },
    { "' a ,b  in   state.x '", "/x/*: a [b]" },
    { "a in state.x.`db-1`.y", "/x/db-1/y/*: a []" },
    { "'a in state[\"in\"].x'", "/in/x/*: a []" },
    { "\"a in state['it\\\\'s']\"", "/it's/*: a []" },
    { "\"a in state['*']\"", "/*/*: a []" },
    { "\"a in state['']\"", "//*: a []" },
    { "in1, _ in state.x", "/x/*: in1 [_]" },
    { "a, b, c, d, e, f, g, h, i in state.*.*.*.*.*.*.*.*",
      "/*/*/*/*/*/*/*/*: a b c d e f g h [i]" },
};

START_TEST(names_and_path_are_read)
{
    const struct rule_foreach *f;
    const struct rule *rule;
    struct buf got;
    uint32_t i;

    load(good[_i].foreach);
    if (!good[_i].wanted) {
        ck_assert_uint_eq(rules.diags.errors, 1);
        return;
    }
    rule = rules_at(&rules, 0);
    f = &rule->foreach;
    buf_init(&got, BUF_NO_CAP);
    write_path(f, &got);
    buf_char(&got, ':');
    for (i = 0; i < f->nstars; i++)
        buf_printf(&got, " %.*s", SLICE_ARG(f->star[i]));
    buf_printf(&got, " [%.*s]", SLICE_ARG(rule->env.variable[i + 2].name));
    ck_assert_str_eq(buf_cstr(&got), good[_i].wanted);
    buf_release(&got);
}
END_TEST

static const struct {
    const char *foreach, *wanted;
} bad[] = {
    { "id", "7:16 foreach: a comma or \"in\" is wanted here" },
    { "'3 in state.x'", "7:15 foreach: a name is wanted here" },
    { "a, in state.x", "7:17 \"in\" cannot be a variable's name" },
    { "a in intents", "7:19 foreach: the path has to begin with state" },
    { "a in stat.x", "7:19 foreach: the path has to begin with state" },
    { "a in state.", "7:25 foreach: a key or * is wanted here" },
    { "a in state.3", "7:25 foreach: a key or * is wanted here" },
    { "a in state.x-y", "7:26 foreach: this does not belong to a path" },
    { "a in state[x]", "7:25 foreach: a key in quotes is wanted here" },
    { "a in state['x'", "7:28 foreach: ] is wanted here" },
    { "a in state.`x", "7:25 foreach: this quote has no end" },
    { "a, a in state.x", "7:17 foreach: this name stands here twice" },
    { "state in state.x",
      "7:14 \"state\" is there already and cannot be another variable" },
    { "state.orders.*", "7:14 foreach: names come first" },
    { "id, state['x']", "7:18 foreach: names come first" },
    { "a, now in state.x",
      "7:17 \"now\" is there already and cannot be another variable" },
    { "quiet in state.x", "7:14 \"quiet\" is a variable of the group already" },
    { "if in state.x", "7:14 \"if\" cannot be a variable's name" },
    { "a, b, c in state.x.*",
      "7:14 foreach: 3 names for 1 star; each * gives a name to a key, and "
      "one more may name what is there" },
    { "a in state.*.*",
      "7:14 foreach: 1 name for 2 stars; each * gives a name to a key, and "
      "one more may name what is there" },
    { "a in state.*.*.*.*.*.*.*.*.*", "7:41 foreach: more than 8 stars" },
    { "a, b, c, d, e, f, g, h, i, j in state.x",
      "7:41 foreach: too many names" },
    { "a in state.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
      "a.a",
      "7:14 foreach: the path is too deep" },
    { "[a]", "7:14 foreach: a text such as \"id, intent in state.intents\" is "
             "wanted, not a list" },
};

START_TEST(a_fault_is_told_where_it_is)
{
    load(bad[_i].foreach);
    rules_assert_one(&rules, bad[_i].wanted);
}
END_TEST

static const struct suite_table tables[] = {
    { &names_and_path_are_read, COUNT(good) },
    { &a_fault_is_told_where_it_is, COUNT(bad) },
};

int main(void)
{
    return run_suite(&(struct suite_plan){ .name = "rule foreach",
                                           .teardown = teardown,
                                           .tables = tables,
                                           .ntables = COUNT(tables) });
}
