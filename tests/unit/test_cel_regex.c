#include "cel/regex.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "support/suite.h"

#include <stdio.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct err err;

static struct regex *compile(const char *pattern)
{
    struct regex *r = NULL;

    err = (struct err){ 0 };
    ck_assert_msg(!regex_new(slice_str(pattern), &r, &err), "%s: %s", pattern,
                  err.text);
    return r;
}

static const struct {
    const char *pattern, *subject;
    bool matches;
} searches[] = {
    { "", "", true },
    { "", "abc", true },
    { "b", "abc", true },
    { "^b", "abc", false },
    { "^abc$", "abc", true },
    { "a.c",
      "a\xe2\x82\xac"
      "c",
      true }, /* one character, not three */
    { "^.$", "\xc3\xa9", true },
    { "\\pL", "\xd0\xb6", true },
    { "(?i)FATAL", "it was fatal", true },
    { "a|b|c", "xxc", true },
    { "(foo|bar)+\\d{2,3}$", "foobar123", true },
    { "(foo|bar)+\\d{2,3}$", "foobar1", false },
    { "\\bup\\b", "set up.", true },
    { "[[:alpha:]]", "123", false },
};

START_TEST(matching_is_a_search_of_characters)
{
    struct regex *r = compile(searches[_i].pattern);

    ck_assert_int_eq(regex_matches(r, slice_str(searches[_i].subject)),
                     searches[_i].matches);
    regex_free(r);
}
END_TEST

START_TEST(patterns_and_subjects_may_hold_nul)
{
    struct regex *r = NULL;

    ck_assert(!regex_new(slice_of("a\0b", 3), &r, &err));
    ck_assert(regex_matches(r, slice_of("xa\0b", 4)));
    ck_assert(!regex_matches(r, slice_of("xa", 2)));
    regex_free(r);
}
END_TEST

static const struct {
    const char *pattern;
    size_t column;
} bad[] = {
    { "ab[a-z", 3 }, { "x(", 1 },         { "x)y", 1 },    { "a**", 2 },
    { "ab\\", 0 },   { "ab\\q", 3 },      { "a{2,1}", 2 }, { "a{1001}", 2 },
    { "(?P<n", 1 },  { "x(?=y)", 2 },     { "(a)\\1", 4 }, { "[z-a]", 2 },
    { "\\pX", 1 },   { "a[[:foo:]]", 3 }, { "\xff", 0 },
};

START_TEST(a_bad_pattern_is_explained_at_its_place)
{
    struct regex *r = NULL;

    err = (struct err){ 0 };
    ck_assert_int_eq(regex_new(slice_str(bad[_i].pattern), &r, &err), ST_BAD);
    ck_assert_ptr_null(r);
    ck_assert(err.text[0] && !strchr(err.text, '\n'));
    ck_assert_msg(err.column == bad[_i].column, "%s: column %zu: %s",
                  bad[_i].pattern, err.column, err.text);
    ck_assert_int_eq(regex_new(slice_str(bad[_i].pattern), &r, NULL), ST_BAD);
}
END_TEST

/* -- bombs -------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct buf repeat(const char *unit, size_t bytes)
{
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    while (b.n + strlen(unit) <= bytes)
        buf_str(&b, unit);
    return b;
}

static const char *const bombs[] = {
    "((a{100}){100}){100}",
    "((((a{10}){10}){10}){10}){10}",
    "\\pL{1000}",
    "(\\pL{30}){33}",
};

START_TEST(a_pattern_that_would_grow_without_bound_is_refused_at_once)
{
    double began = seconds_now();
    struct regex *r = NULL;

    ck_assert_int_eq(regex_new(slice_str(bombs[_i]), &r, &err), ST_BAD);
    ck_assert(seconds_now() - began < 2);
}
END_TEST

START_TEST(nested_repetition_takes_time_in_proportion_to_the_subject)
{
    static const char *const patterns[] = { "^(a|aa)+$", "(a*)*b", "(x+x+)+y",
                                            "(a|a|a|a)*c" };
    struct buf subject = repeat("a", 1000000);
    double began = seconds_now();
    struct regex *r;
    size_t i;

    buf_char(&subject, '!');
    for (i = 0; i < COUNT(patterns); i++) {
        r = compile(patterns[i]);
        ck_assert(!regex_matches(r, buf_view(&subject)));
        regex_free(r);
    }
    ck_assert(seconds_now() - began < 5);
    buf_release(&subject);
}
END_TEST

START_TEST(a_pattern_of_more_than_4096_bytes_is_refused_unread)
{
    struct buf most = repeat("ab", REGEX_PATTERN_MAX);
    struct buf more = repeat("(a|b)*", 100000);
    struct regex *r = NULL;

    ck_assert_int_eq(regex_new(buf_view(&more), &r, &err), ST_BAD);
    ck_assert(strstr(err.text, "4096"));
    ck_assert_int_eq(regex_new(buf_view(&most), &r, &err), ST_OK);
    buf_char(&most, 'x');
    regex_free(r);
    ck_assert_int_eq(regex_new(buf_view(&most), &r, &err), ST_BAD);
    buf_release(&most);
    buf_release(&more);
}
END_TEST

START_TEST(a_search_costs_more_fuel_the_larger_pattern_and_subject_are)
{
    struct regex *small = compile("a+b"), *large = compile("(a.{400}b)+");

    ck_assert_uint_ge(regex_fuel(small, 0), 1);
    ck_assert_uint_lt(regex_fuel(small, 200), 100);
    ck_assert_uint_gt(regex_fuel(small, 65536), 4096);
    ck_assert_uint_gt(regex_fuel(large, 65536), 20 * regex_fuel(small, 65536));
    regex_free(small);
    regex_free(large);
}
END_TEST

/* -- computed patterns -------------------------------------------------- */

static const struct regex *get(struct regex_cache *c, size_t i, uint64_t *fuel)
{
    const struct regex *r = NULL;
    char pattern[32];

    snprintf(pattern, sizeof(pattern), "^p%zu$", i);
    ck_assert(!regex_cache_get(c, slice_str(pattern), fuel, &r, &err));
    ck_assert(regex_matches(r, slice_of(pattern + 1, strlen(pattern) - 2)));
    return r;
}

START_TEST(the_cache_keeps_the_16_patterns_used_last)
{
    struct regex_cache *c = regex_cache_new();
    uint64_t fuel = 1000000, before;
    size_t i;

    for (i = 0; i < REGEX_CACHED; i++)
        get(c, i, &fuel);
    before = fuel;
    for (i = 0; i < REGEX_CACHED; i++)
        get(c, i, &fuel);
    ck_assert_uint_eq(fuel, before);
    get(c, 0, &fuel);   /* now 1 is the oldest */
    get(c, 100, &fuel); /* takes its place */
    before = fuel;
    get(c, 0, &fuel);
    get(c, 2, &fuel);
    ck_assert_uint_eq(fuel, before);
    get(c, 1, &fuel);
    ck_assert_uint_lt(fuel, before);
    regex_cache_free(c);
}
END_TEST

/* Else a replay, which begins with an empty cache, could end otherwise. */
START_TEST(an_evaluation_pays_for_what_an_earlier_one_has_compiled)
{
    struct regex_cache *c = regex_cache_new();
    uint64_t fuel = 1000000, first, again;

    get(c, 1, &fuel);
    first = 1000000 - fuel;
    ck_assert_uint_gt(first, 0);
    regex_cache_turn(c);
    fuel = 1000000;
    get(c, 1, &fuel);
    again = 1000000 - fuel;
    ck_assert_uint_eq(again, first);
    get(c, 1, &fuel);
    ck_assert_uint_eq(1000000 - fuel, first);
    regex_cache_free(c);
}
END_TEST

START_TEST(without_fuel_nothing_is_compiled)
{
    struct regex_cache *c = regex_cache_new();
    const struct regex *r = NULL;
    uint64_t fuel = 10;

    ck_assert_int_eq(regex_cache_get(c, slice_str("abc"), &fuel, &r, &err),
                     ST_LIMIT);
    ck_assert_uint_eq(fuel, 10);
    ck_assert_ptr_null(r);
    regex_cache_free(c);
}
END_TEST

START_TEST(a_bad_computed_pattern_leaves_the_cache_as_it_was)
{
    struct regex_cache *c = regex_cache_new();
    const struct regex *r = NULL;
    uint64_t fuel = 1000000, before;
    size_t i;

    for (i = 0; i < REGEX_CACHED; i++)
        get(c, i, &fuel);
    ck_assert_int_eq(regex_cache_get(c, slice_str("("), &fuel, &r, &err),
                     ST_BAD);
    before = fuel;
    for (i = 0; i < REGEX_CACHED; i++)
        get(c, i, &fuel);
    ck_assert_uint_eq(fuel, before);
    regex_cache_free(c);
    regex_cache_free(NULL);
    regex_free(NULL);
}
END_TEST

/* As bad as it gets: every call compiles another hostile pattern. */
START_TEST(hostile_computed_patterns_use_up_the_fuel_before_the_patience)
{
    struct regex_cache *c = regex_cache_new();
    const struct regex *r;
    uint64_t fuel = 1000000;
    double began = seconds_now();
    char pattern[32];
    enum status st;
    size_t i = 0;

    do {
        snprintf(pattern, sizeof(pattern), "\\pL{1000}%zu", i++);
        st = regex_cache_get(c, slice_str(pattern), &fuel, &r, &err);
    } while (st != ST_LIMIT);
    ck_assert(seconds_now() - began < 20);
    regex_cache_free(c);
}
END_TEST

static const TTest **const tests[] = {
    &patterns_and_subjects_may_hold_nul,
    &nested_repetition_takes_time_in_proportion_to_the_subject,
    &a_pattern_of_more_than_4096_bytes_is_refused_unread,
    &a_search_costs_more_fuel_the_larger_pattern_and_subject_are,
    &the_cache_keeps_the_16_patterns_used_last,
    &an_evaluation_pays_for_what_an_earlier_one_has_compiled,
    &without_fuel_nothing_is_compiled,
    &a_bad_computed_pattern_leaves_the_cache_as_it_was,
    &hostile_computed_patterns_use_up_the_fuel_before_the_patience,
};

static const struct suite_table tables[] = {
    { &matching_is_a_search_of_characters, COUNT(searches) },
    { &a_bad_pattern_is_explained_at_its_place, COUNT(bad) },
    { &a_pattern_that_would_grow_without_bound_is_refused_at_once,
      COUNT(bombs) },
};

int main(void)
{
    return RUN_SUITE("cel regex", tests, tables);
}
