/* What is recorded of a JSON answer: no more than the state takes. */
#include "probe/inside.h"

#include "tree/path.h"

#include "support/suite.h"

#include <stdio.h>
#include <string.h>

#define STRING_MAX 8

static struct tape_parser *parser;
static struct body json;
static char why[SENTENCE_MAX];

static void setup(void)
{
    parser = tape_parser_new(1);
    json = (struct body){ .string_max = STRING_MAX };
    buf_init(&json.json, PROBE_JSON_MAX);
}

static void teardown(void)
{
    buf_release(&json.json);
    tape_parser_free(parser);
}

static bool judge(const char *text)
{
    struct probe_spec s = probe_spec_default();

    s.json = true;
    return answer_judge(&s, parser, 200, slice_str(text), &json, why);
}

static const struct {
    const char *answer, *recorded;
    bool cut;
} cases[] = {
    { "{\"a\":\"12345678\",\"b\":[1,23,4]}",
      "{\"a\":\"12345678\",\"b\":[1,23,4]}", false },
    { "{\"a\":\"123456789\",\"b\":1}", "{\"a\":\"12345678\",\"b\":1}", true },
    { "{\"a\":{\"b\":\"1234567\xc3\xab\"}}", "{\"a\":{\"b\":\"1234567\"}}",
      true },
    { "\"123456789\"", "\"12345678\"", true },
    { "{\"n\":123456789,\"m\":12345678}", "{\"n\":null,\"m\":12345678}", true },
    { "{\"a\":[1,23,4,5],\"b\":2}", "{\"a\":[1,23,4],\"b\":2}", true },
    { "[\"1234567\"]", "[]", true },
    { "{\"$set\":[{\"$x\":0}]}", "{\"$$set\":[]}", true },
    { "{}", "{}", false },
};

START_TEST(what_is_longer_than_the_state_takes_is_cut_and_that_is_told)
{
    ck_assert_msg(judge(cases[_i].answer), "%s", why);
    ck_assert_str_eq(buf_cstr(&json.json), cases[_i].recorded);
    ck_assert(json.cut == cases[_i].cut);
}
END_TEST

/* {KEY:1,"a":2}, a key of n times c */
static void with_key(char c, int n)
{
    char text[PATH_KEY_MAX + 32], key[PATH_KEY_MAX + 8];

    memset(key, c, (size_t)n);
    snprintf(text, sizeof(text), "{\"%.*s\":1,\"a\":2}", n, key);
    ck_assert(judge(text));
}

START_TEST(a_key_that_is_too_long_is_left_out)
{
    with_key('k', PATH_KEY_MAX);
    ck_assert(!json.cut);
    buf_reset(&json.json);
    with_key('k', PATH_KEY_MAX + 1);
    ck_assert_str_eq(buf_cstr(&json.json), "{\"a\":2}");
    ck_assert(json.cut);
    /* With the '$' that makes it literal. */
    buf_reset(&json.json);
    json.cut = false;
    with_key('$', PATH_KEY_MAX);
    ck_assert_str_eq(buf_cstr(&json.json), "{\"a\":2}");
    ck_assert(json.cut);
}
END_TEST

/* {"a":{"a":... so many keys, 1 } } */
static void with_depth(size_t n)
{
    char text[1024] = "";

    for (size_t i = 0; i < n; i++)
        strcat(text, "{\"a\":");
    strcat(text, "1");
    for (size_t i = 0; i < n; i++)
        strcat(text, "}");
    ck_assert_msg(judge(text), "%s", why);
}

START_TEST(what_is_too_deep_is_left_out)
{
    with_depth(PATH_KEYS_MAX - 3);
    ck_assert(!json.cut);
    buf_reset(&json.json);
    with_depth(PATH_KEYS_MAX - 2);
    ck_assert(json.cut);
    ck_assert(strstr(buf_cstr(&json.json), ":{}}"));
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_key_that_is_too_long_is_left_out,
        &what_is_too_deep_is_left_out,
    };
    const struct suite_table tables[] = {
        { &what_is_longer_than_the_state_takes_is_cut_and_that_is_told,
          sizeof(cases) / sizeof(*cases) },
    };

    return RUN_SUITE_WITH("probe_judge", setup, teardown, tests, tables);
}
