/*
 * suite.h - a main() for unit tests: every test that a table names.
 */
#ifndef SUPPORT_SUITE_H
#define SUPPORT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* A test that runs once for each row of a table, _i. */
struct suite_table {
    const TTest **test;
    size_t rows;
};

static inline int run_suite(const char *name, const TTest **const *tests,
                            size_t n, const struct suite_table *tables,
                            size_t ntables)
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;
    size_t i;

    tcase_set_timeout(tc, 120);
    for (i = 0; i < n; i++)
        tcase_add_test(tc, *tests[i]);
    for (i = 0; i < ntables; i++)
        tcase_add_loop_test(tc, *tables[i].test, 0, (int)tables[i].rows);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_SUITE(name, tests, tables)                                       \
    run_suite(name, tests, sizeof(tests) / sizeof(*(tests)), tables,         \
              sizeof(tables) / sizeof(*(tables)))

/* Compares a slice with a text. */
#define assert_slice(s, text)                                                \
    do {                                                                     \
        struct slice slice_ = (s);                                           \
        ck_assert_msg(slice_is(slice_, text), "got %.*s, not %s",            \
                      SLICE_ARG(slice_), (const char *)(text));              \
    } while (0)

#endif
