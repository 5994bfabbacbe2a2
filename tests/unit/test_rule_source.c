#include "rule/source.h"

#include "base/buf.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct yaml *doc;

static const struct yaml_node *parse(const char *text)
{
    struct err err;

    ck_assert_msg(!yaml_parse(slice_str(text), &doc, &err), "%s", err.text);
    return yaml_get(yaml_root(doc), "k");
}

static void teardown(void)
{
    yaml_free(doc);
    doc = NULL;
}

/* Values of k in every style, and what they say. */
static const struct {
    const char *yaml, *text;
} styles[] = {
    { "k: abc", "abc" },
    { "k: a b  c", "a b  c" },
    { "k:   abc   # no", "abc" },
    { "k: ab\n  cd", "ab cd" },
    { "k: ab  \n\n\n   cd\n  ef", "ab\n\ncd ef" },
    { "k: ab\r\n  cd\r\n", "ab cd" },
    { "k: \xc3\xa9"
      "b",
      "\xc3\xa9"
      "b" },
    { "{k: abc, z: 1}", "abc" },
    { "{\"k\":\"abc\"}", "abc" },
    { "k: 'abc'", "abc" },
    { "k: ' a ''b'' '", " a 'b' " },
    { "k: 'ab\n\n  cd'", "ab\ncd" },
    { "k: 'ab\n  '", "ab " },
    { "k: \"abc\"", "abc" },
    { "k: \"a\\tb\\\"c\"", "a\tb\"c" },
    { "k: \"\\u00e9b\\xe9\\U0001F600c\"", "\xc3\xa9"
                                          "b\xc3\xa9\xf0\x9f\x98\x80"
                                          "c" },
    { "k: \"\\ud83d\\ude00c\"", "\xf0\x9f\x98\x80"
                                "c" },
    { "k: \"\\L\\_\\Nc\"", "\xe2\x80\xa8\xc2\xa0\xc2\x85"
                           "c" },
    { "k: \"ab \\\n   cd\"", "ab cd" },
    { "k: \"ab\\\n\n   cd\"", "ab\ncd" },
    { "k: \"ab\\n\n   cd\"", "ab\n cd" },
    { "k: |\n  ab\n  cd\n", "ab\ncd\n" },
    { "k: |\n  ab\n    cd\n\n  ef\n", "ab\n  cd\n\nef\n" },
    { "k: |-\r\n  ab\r\n  cd\r\n", "ab\ncd" },
    { "k: |+ # why\n  ab\n\n\nz: 1", "ab\n\n\n" },
    { "k: |\n\n\n  ab\n", "\n\nab\n" },
    { "k: |2\n    ab\n   cd\n", "  ab\n cd\n" },
    { "k: |1-\n\n   ab", "\n  ab" },
    { "k: |\n\tx\n", NULL },
    { "k: |\n  \tab\n", "\tab\n" },
    { "k: >\n  ab\n  cd\n", "ab cd\n" },
    { "k: >-\n  ab\n\n  cd\n\n\n  ef", "ab\ncd\n\nef" },
    { "k: >\n  ab\n    cd\n    ef\n  gh\n", "ab\n  cd\n  ef\ngh\n" },
    { "k: >\n  ab\n\n    cd\n\n  ef\n", "ab\n\n  cd\n\nef\n" },
    { "k: >\n\n   ab\n  \n   cd  \n   ef\n", "\nab\ncd   ef\n" },
    { "k: >1-\n   ab\n  cd", "  ab\n cd" },
    { "z:\n - y: 1\nk: |\n   ab\n", "ab\n" },
};

static bool is_visible(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0xc0;
}

START_TEST(every_letter_is_found_where_it_was_written)
{
    const struct yaml_node *node;
    struct source_span span;
    struct slice source;
    struct err err;
    size_t i;
    char c;

    if (!styles[_i].text) { /* a tab does not indent: no YAML */
        ck_assert(yaml_parse(slice_str(styles[_i].yaml), &doc, &err));
        doc = NULL;
        return;
    }
    node = parse(styles[_i].yaml);
    source = yaml_source(doc);
    assert_slice(node->text, styles[_i].text);
    for (i = 0; i < node->text.n; i++) {
        c = node->text.p[i];
        span = source_span(doc, node, i, i + 1);
        ck_assert_uint_le(span.from, span.to);
        ck_assert_uint_le(span.to, source.n);
        if (is_visible(c) && source.p[span.from] != '\\')
            ck_assert_msg(source.p[span.from] == c, "%zu of %s: '%c' at %zu", i,
                          styles[_i].yaml, c, span.from);
    }
}
END_TEST

/* '<' and '>' in the file are where from and to have to be; they are taken
 * out before it is parsed. */
static const struct {
    const char *marked, *part;
} parts[] = {
    { "k: a <bc> d", "bc" },
    { "k: 'it<''s> d'", "'s" },
    { "k: \"a<\\x41b\\n>d\"", "Ab\n" },
    { "k: \"a\\\n   <bc>\"", "bc" },
    { "k: |\n  ab\n  c<d> e\n", "d" },
    { "k: a\n  <b\n  c> d", "b c" },
    { "k: \"<\\ud83d\\ude00>b\"", "\xf0\x9f\x98\x80" },
    { "k: \"a\\tb<\\\">\"", "\"" },
};

START_TEST(a_part_is_found_from_its_first_to_its_last_character)
{
    size_t from = SIZE_MAX, to = SIZE_MAX, at;
    const struct yaml_node *node;
    struct source_span span;
    struct buf yaml;
    const char *p, *found;

    buf_init(&yaml, BUF_NO_CAP);
    for (p = parts[_i].marked; *p; p++) {
        if (*p == '<' && from == SIZE_MAX)
            from = yaml.n;
        else if (*p == '>' && from != SIZE_MAX)
            to = yaml.n;
        else
            buf_char(&yaml, *p);
    }
    node = parse(buf_cstr(&yaml));
    found = memmem(node->text.p, node->text.n, parts[_i].part,
                   strlen(parts[_i].part));
    ck_assert_ptr_nonnull(found);
    at = (size_t)(found - node->text.p);
    span = source_span(doc, node, at, at + strlen(parts[_i].part));
    ck_assert_uint_eq(span.from, from);
    ck_assert_uint_eq(span.to, to);
    buf_release(&yaml);
}
END_TEST

static const struct {
    const char *yaml;
    size_t end;
} ends[] = {
    { "k: abc # x", 6 },
    { "k: 'abc'", 7 },
    { "k: \"ab\\x41\"", 10 },
    { "k: |\n  abc\n\n", 10 },
    { "k: >\n  ab\n  cd  \n", 14 },
    { "k: ''", 4 },
    { "k: \"\"", 4 },
};

START_TEST(the_end_is_behind_the_last_visible_character)
{
    const struct yaml_node *node = parse(ends[_i].yaml);
    struct source_span span =
        source_span(doc, node, node->text.n, node->text.n + 1);

    ck_assert_uint_eq(span.from, ends[_i].end);
    ck_assert_uint_eq(span.to, ends[_i].end);
}
END_TEST

static const struct suite_table tables[] = {
    { &every_letter_is_found_where_it_was_written, COUNT(styles) },
    { &a_part_is_found_from_its_first_to_its_last_character, COUNT(parts) },
    { &the_end_is_behind_the_last_visible_character, COUNT(ends) },
};

int main(void)
{
    return run_suite(&(struct suite_plan){ .name = "rule source",
                                           .teardown = teardown,
                                           .tables = tables,
                                           .ntables = COUNT(tables) });
}
