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

struct suite_plan {
    const char *name;
    void (*setup)(void), (*teardown)(void); /* around each test, or NULL */
    const TTest **const *tests;
    size_t ntests;
    const struct suite_table *tables;
    size_t ntables;
};

static inline int run_suite(const struct suite_plan *plan)
{
    Suite *suite = suite_create(plan->name);
    TCase *tc = tcase_create(plan->name);
    SRunner *runner;
    int failed;
    size_t i;

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, plan->setup, plan->teardown);
    for (i = 0; i < plan->ntests; i++)
        tcase_add_test(tc, *plan->tests[i]);
    for (i = 0; i < plan->ntables; i++)
        tcase_add_loop_test(tc, *plan->tables[i].test, 0,
                            (int)plan->tables[i].rows);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_SUITE_WITH(name, setup, teardown, tests, tables)                   \
    run_suite(&(struct suite_plan){ name, setup, teardown, tests,              \
                                    sizeof(tests) / sizeof(*(tests)), tables,  \
                                    sizeof(tables) / sizeof(*(tables)) })
#define RUN_SUITE(name, tests, tables)                                         \
    RUN_SUITE_WITH(name, NULL, NULL, tests, tables)

/* Compares a slice with a text. */
#define assert_slice(s, text)                                                  \
    do {                                                                       \
        struct slice slice_ = (s);                                             \
        ck_assert_msg(slice_is(slice_, text), "got %.*s, not %s",              \
                      SLICE_ARG(slice_), (const char *)(text));                \
    } while (0)

#endif
