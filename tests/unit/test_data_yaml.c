#include "data/near.h"
#include "data/yaml.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <check.h>
#include <stdlib.h>

static struct yaml *good(const char *text)
{
    struct yaml *doc = NULL;
    struct err err = { 0 };
    enum status st = yaml_parse(slice_str(text), &doc, &err);

    ck_assert_msg(st == ST_OK, "%zu:%zu: %s", err.line, err.column, err.text);
    return doc;
}

static void bad_bytes(struct slice text, size_t line, size_t column,
                      const char *says)
{
    struct yaml *doc = NULL;
    struct err err = { 0 };
    enum status st = yaml_parse(text, &doc, &err);

    ck_assert_msg(st == ST_BAD || st == ST_LIMIT, "it passed: %.60s", text.p);
    ck_assert_ptr_null(doc);
    ck_assert_msg(strstr(err.text, says), "said: %s", err.text);
    if (line)
        ck_assert_uint_eq(err.line, line);
    if (column)
        ck_assert_uint_eq(err.column, column);
}

static void bad(const char *text, size_t line, size_t column, const char *says)
{
    bad_bytes(slice_str(text), line, column, says);
}

/* The text of times repetitions of what. */
static char *many(const char *before, const char *what, size_t times,
                  const char *after)
{
    struct buf b;
    size_t i;
    char *text;

    buf_init(&b, BUF_NO_CAP);
    buf_str(&b, before);
    for (i = 0; i < times; i++)
        buf_str(&b, what);
    buf_str(&b, after);
    text = xmemdup0(b.p, b.n);
    buf_release(&b);
    return text;
}

START_TEST(a_document_can_be_walked)
{
    struct yaml *doc = good("# first\na: 1\nb:\n  - x\n  - {c: 'd'}\n");
    const struct yaml_node *root = yaml_root(doc), *b = yaml_get(root, "b");

    ck_assert_int_eq(root->kind, YAML_MAPPING);
    ck_assert_uint_eq(root->n, 2);
    ck_assert(slice_is(yaml_get(root, "a")->text, "1"));
    ck_assert_int_eq(b->kind, YAML_SEQUENCE);
    ck_assert_uint_eq(b->n, 2);
    ck_assert(slice_is(b->first->text, "x"));
    ck_assert(slice_is(yaml_get(b->first->next, "c")->text, "d"));
    ck_assert_ptr_null(yaml_get(root, "c"));
    yaml_free(doc);
}
END_TEST

START_TEST(positions_are_lines_and_bytes)
{
    struct yaml *doc = good("\xc3\xa4: [\xc3\xb6, x]\nlast:   'y'\n");
    const struct yaml_node *list = yaml_root(doc)->first;
    const struct yaml_node *x = list->first->next, *y = list->next;

    ck_assert_uint_eq(x->line, 1);
    ck_assert_uint_eq(x->column, 10);
    ck_assert_uint_eq(y->key->line, 2);
    ck_assert_uint_eq(y->key->column, 1);
    ck_assert_uint_eq(y->column, 9);
    ck_assert_uint_eq(y->to - y->from, 3);
    ck_assert_mem_eq(yaml_source(doc).p + y->from, "'y'", 3);
    yaml_free(doc);
}
END_TEST

START_TEST(the_ways_to_write_a_text_are_told_apart)
{
    struct yaml *doc = good("a: p\nb: 's'\nc: \"d\\n\"\nd: |\n  l\n  m\n"
                            "e: >\n  f\n  g\n");
    const struct yaml_node *n = yaml_root(doc)->first;

    ck_assert_int_eq(n->style, YAML_PLAIN);
    n = n->next;
    ck_assert_int_eq(n->style, YAML_SINGLE);
    n = n->next;
    ck_assert_int_eq(n->style, YAML_DOUBLE);
    ck_assert(slice_is(n->text, "d\n"));
    n = n->next;
    ck_assert_int_eq(n->style, YAML_LITERAL);
    ck_assert(slice_is(n->text, "l\nm\n"));
    n = n->next;
    ck_assert_int_eq(n->style, YAML_FOLDED);
    ck_assert(slice_is(n->text, "f g\n"));
    yaml_free(doc);
}
END_TEST

START_TEST(json_is_yaml)
{
    struct yaml *doc = good("{\"a\": [1, null, \"x\\u00e4\"], \"b\": {}}");
    const struct yaml_node *a = yaml_get(yaml_root(doc), "a");

    ck_assert(yaml_is_null(a->first->next));
    ck_assert(slice_is(a->first->next->next->text, "x\xc3\xa4"));
    yaml_free(doc);
}
END_TEST

START_TEST(nothing_but_comments_has_no_root)
{
    const char *const texts[] = { "", "\n", "# hello\n", "---\n", "  \n\n" };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct yaml *doc = good(texts[i]);
        const struct yaml_node *root = yaml_root(doc);

        ck_assert(!root || yaml_is_null(root));
        yaml_free(doc);
    }
}
END_TEST

START_TEST(an_alias_is_a_copy)
{
    struct yaml *doc = good("a: &x {k: [1, 2]}\nb: *x\nc: *x\n");
    const struct yaml_node *b = yaml_get(yaml_root(doc), "b");

    ck_assert_uint_eq(yaml_get(b, "k")->n, 2);
    ck_assert(slice_is(b->key->text, "b"));
    ck_assert_uint_eq(b->line, 1);
    ck_assert(slice_is(b->next->key->text, "c"));
    yaml_free(doc);
}
END_TEST

START_TEST(what_hides_mistakes_is_an_error)
{
    bad("a: 1\nb: 2\na: 3\n", 3, 1, "the key \"a\" stands here twice");
    bad("o:\n  {\"x\": 1, 'x': 2}\n", 2, 12, "the key \"x\"");
    bad("a: !!str 1\n", 1, 0, "tags");
    bad("a: !x {}\n", 1, 0, "tags");
    bad("[a]: 1\n", 1, 1, "a key must be");
    bad("? {a: 1}\n: 2\n", 1, 3, "a key must be");
    bad("a: 1\n---\nb: 2\n", 2, 0, "a second document");
    bad("a: *nope\n", 1, 4, "the alias *nope names nothing");
    bad("a: &x [1, *x]\n", 1, 11, "inside what it names");
    bad("&x a: {b: *x, c: &y {d: *y}}\n", 1, 25, "*y stands inside");
}
END_TEST

START_TEST(what_is_no_yaml_is_named_with_its_place)
{
    bad("a: [1, 2\nb: 3\n", 0, 0, "this is not YAML");
    bad("a: 1\n b: 2\n", 0, 0, "this is not YAML");
    bad("a: \"x\n", 0, 0, "this is not YAML");
    bad("a: {\n", 0, 0, "this is not YAML");
    bad("\ta: 1\n", 0, 0, "this is not YAML");
    bad("a: 'x\\'' y\n", 1, 0, "this is not YAML");
    bad("@x\n", 1, 1, "this is not YAML");
    bad("a: 1\n%YAML", 2, 1, "directives");
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    bad_bytes(slice_of("a: \0b\n", 6), 1, 4, "NUL");
    bad("a: 1\nb: \xff\n", 2, 4, "UTF-8");
    bad_bytes(slice_of("\xff\xfe"
                       "a\0:\0",
                       6),
              1, 1, "UTF-8");
    bad_bytes(slice_of("\x7f"
                       "ELF\x01\0\0",
                       7),
              0, 0, "");
}
END_TEST

START_TEST(depth_is_capped)
{
    char *text = many("", "[", YAML_DEPTH_MAX, "");
    char *close = many(text, "]", YAML_DEPTH_MAX, "");

    yaml_free(good(close));
    free(text);
    free(close);
    text = many("", "[", YAML_DEPTH_MAX + 1, "]");
    bad(text, 1, YAML_DEPTH_MAX + 1, "nested deeper than 64 levels");
    free(text);
}
END_TEST

START_TEST(aliases_do_not_multiply_without_bound)
{
    struct buf b;
    int i;

    buf_init(&b, 1 << 16);
    buf_str(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (i = 1; i < 12; i++)
        buf_printf(&b,
                   "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, "
                   "*a%d, *a%d, *a%d]\n",
                   i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
                   i - 1, i - 1);
    bad(buf_cstr(&b), 0, 0, "aliases expanded");
    buf_reset(&b);
    buf_str(&b, "a0: &a0 [x]\n");
    for (i = 1; i < 80; i++)
        buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    bad(buf_cstr(&b), 0, 0, "nested deeper");
    buf_release(&b);
}
END_TEST

START_TEST(brackets_are_counted_before_they_are_read)
{
    struct buf b;
    int i;

    buf_init(&b, 1 << 20);
    for (i = 0; i <= 4096; i++)
        buf_str(&b, "[ ");
    bad(buf_cstr(&b), 1, 4096 * 2 + 1,
        "more than 4096 brackets that nothing closes");
    buf_reset(&b);
    for (i = 0; i <= 250000 / 3; i++)
        buf_str(&b, "[],");
    bad(buf_cstr(&b), 1, 250001, "more than 250000 brackets and commas");
    buf_release(&b);
}
END_TEST

/* Each would be slow or fatal if something in it were not bounded. */
START_TEST(a_megabyte_of_nonsense_ends_soon)
{
    static const struct {
        const char *before, *what;
    } texts[] = {
        { "", "[" },       { "", "{" },           { "", "- " },
        { "", "? " },      { "", ": " },          { "", "a: " },
        { "", "&a " },     { "", "*a " },         { "", "!" },
        { "", "'x" },      { "", "\"" },          { "\"", "\\" },
        { "", "#" },       { "", "\t" },          { "", "\n" },
        { "", "---\n" },   { "", "%" },           { "a: 1\n...\n", "%" },
        { "", "|\n" },     { ">\n", " x\n\n" },   { "|\n", " \n" },
        { "|\n", "\n" },   { "", "a\n" },         { "", "a: b: " },
        { "[", "a," },     { "{", "a: 1, " },     { "", "- a\n" },
        { "[", "{}," },    { "a: ", "\xc3\xa4" }, { "", "<<: " },
        { "&x [", "*x," }, { "[", "[]," },
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        size_t times = (YAML_BYTES_MAX - 8) / strlen(texts[i].what);
        char *text = many(texts[i].before, texts[i].what, times, "");
        struct yaml *doc = NULL;
        struct err err = { 0 };
        enum status st = yaml_parse(slice_str(text), &doc, &err);

        ck_assert_msg(st == ST_OK || err.text[0], "%s", texts[i].what);
        yaml_free(doc);
        free(text);
    }
}
END_TEST

START_TEST(too_large_a_text_is_refused)
{
    char *text = many("", "#", YAML_BYTES_MAX + 1, "");

    bad(text, 0, 0, "larger than");
    free(text);
}
END_TEST

START_TEST(a_misspelt_word_has_a_neighbour)
{
    static const char *const words[] = { "listen", "data", "docker" };

    ck_assert_str_eq(near_word(slice_str("lisen"), words, 3), "listen");
    ck_assert_str_eq(near_word(slice_str("Listen"), words, 3), "listen");
    ck_assert_str_eq(near_word(slice_str("dokcer"), words, 3), "docker");
    ck_assert_str_eq(near_word(slice_str("dta"), words, 3), "data");
    ck_assert_ptr_null(near_word(slice_str("colour"), words, 3));
    ck_assert_ptr_null(near_word(slice_str(""), words, 3));
    ck_assert_ptr_null(near_word(slice_str("x"), words, 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tc = tcase_create("yaml");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_document_can_be_walked);
    tcase_add_test(tc, positions_are_lines_and_bytes);
    tcase_add_test(tc, the_ways_to_write_a_text_are_told_apart);
    tcase_add_test(tc, json_is_yaml);
    tcase_add_test(tc, nothing_but_comments_has_no_root);
    tcase_add_test(tc, an_alias_is_a_copy);
    tcase_add_test(tc, what_hides_mistakes_is_an_error);
    tcase_add_test(tc, what_is_no_yaml_is_named_with_its_place);
    tcase_add_test(tc, what_is_no_text_is_refused);
    tcase_add_test(tc, depth_is_capped);
    tcase_add_test(tc, aliases_do_not_multiply_without_bound);
    tcase_add_test(tc, brackets_are_counted_before_they_are_read);
    tcase_add_test(tc, a_megabyte_of_nonsense_ends_soon);
    tcase_add_test(tc, too_large_a_text_is_refused);
    tcase_add_test(tc, a_misspelt_word_has_a_neighbour);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
