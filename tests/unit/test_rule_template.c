#include "support/ruleset.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct rules rules;

static void teardown(void)
{
    rules_release(&rules);
    rules = (struct rules){ 0 };
}

static void load(const char *text)
{
    struct buf yaml;

    buf_init(&yaml, BUF_NO_CAP);
    buf_printf(&yaml,
               "groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 'true'\n"
               "    foreach: id, it in state.x\n    labels:\n      l: %s\n",
               text);
    rules = rules_of(buf_cstr(&yaml));
    buf_release(&yaml);
}

/* Pieces as TEXT|EXPRESSION|TEXT... */
static const struct {
    const char *text, *wanted;
} good[] = {
    { "plain", "plain" },
    { "''", "" },
    { "", "" },
    { "12", "12" },
    { "'{{ id }}'", "| id " },
    { "'a {{id}} b'", "a |id| b" },
    { "'{{id}}{{ it.x }}!'", "|id|| it.x |!" },
    { "\"{{ '{{' }}\"", "| '{{' " },
    { "\"{{ '}}' }}.\"", "| '}}' |." },
    { "\"{{ {'a': {'b': 1}}['a'] }}\"", "| {'a': {'b': 1}}['a'] " },
    { "\"{{{'a':1}}}.\"", "|{'a':1}|." },
    { "\"{{ r'\\\\' }}.\"", "| r'\\' |." },
    { "\"{{ '''a'}}b''' }}.\"", "| '''a'}}b''' |." },
    { "\"{{ 'a\\\\'}}b' }}.\"", "| 'a\\'}}b' |." },
    { "'a } b }} c { d'", "a } b }} c { d" },
    { "|\n        one {{ id }}\n        two", "one | id |\ntwo\n" },
};

START_TEST(text_and_expressions_are_told_apart)
{
    const struct rule_template *t;
    struct buf got;
    size_t i;

    load(good[_i].text);
    t = &rules_at(&rules, 0)->alert.label[0].value;
    buf_init(&got, BUF_NO_CAP);
    for (i = 0; i < t->n; i++) {
        buf_str(&got, i ? "|" : "");
        buf_slice(&got, t->piece[i].text);
        if (t->piece[i].program) {
            buf_char(&got, '|');
            buf_slice(&got, cel_program_text(t->piece[i].program));
        }
    }
    ck_assert_str_eq(buf_cstr(&got), good[_i].wanted);
    buf_release(&got);
}
END_TEST

static const struct {
    const char *text, *wanted;
} bad[] = {
    { "'a {{ id'", "8:13 this {{ has no }} behind it" },
    { "\"{{ '}}\"", "8:11 this {{ has no }} behind it" },
    { "'a {{ }}'", "8:13 there is no expression between {{ and }}" },
    { "'a {{ $value }}'",
      "8:15 between {{ and }} stands CEL, not Go's templates" },
    { "'{{ .Labels.x }}'",
      "8:13 between {{ and }} stands CEL, not Go's templates" },
    { "'a {{ nix }}'", "8:16 undeclared name 'nix'" },
    { ">\n        folded\n        {{ nix }}", "10:12 undeclared name 'nix'" },
    { "x\n      a-b: x", "9:7 \"a-b\" cannot be a label's name" },
    { "x\n    annotations: {a-b: x}",
      "9:19 \"a-b\" cannot be an annotation's name" },
    { "[a]", "8:10 l: a text is wanted, not a list" },
    { "~", "8:10 l: a text is wanted, not nothing" },
};

START_TEST(a_fault_is_told_where_it_is)
{
    load(bad[_i].text);
    rules_assert_one(&rules, bad[_i].wanted);
}
END_TEST

START_TEST(a_text_has_at_most_64_expressions)
{
    struct buf text;
    size_t i;

    buf_init(&text, BUF_NO_CAP);
    buf_char(&text, '\'');
    for (i = 0; i < 64; i++)
        buf_str(&text, "{{id}}");
    buf_str(&text, "'");
    load(buf_cstr(&text));
    ck_assert_uint_eq(rules_at(&rules, 0)->alert.label[0].value.n, 64);
    teardown();
    text.n--;
    buf_str(&text, "{{id}}'");
    load(buf_cstr(&text));
    rules_assert_one(&rules, "8:395 more than 64 expressions in one text");
    buf_release(&text);
}
END_TEST

static const TTest **const tests[] = {
    &a_text_has_at_most_64_expressions,
};

static const struct suite_table tables[] = {
    { &text_and_expressions_are_told_apart, COUNT(good) },
    { &a_fault_is_told_where_it_is, COUNT(bad) },
};

int main(void)
{
    return RUN_SUITE_WITH("rule template", NULL, teardown, tests, tables);
}
