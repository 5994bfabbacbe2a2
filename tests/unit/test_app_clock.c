#include "app/clock.h"

#include <check.h>
#include <stdlib.h>

#define SEC NSEC_SEC

START_TEST(a_right_clock_is_log_time)
{
    struct clock c = { 0 };

    ck_assert_int_eq(clock_step(&c, 1000 * SEC, 5 * SEC), 1000 * SEC);
    ck_assert_int_eq(clock_step(&c, 1001 * SEC, 6 * SEC), 1001 * SEC);
}
END_TEST

START_TEST(a_clock_set_back_is_outrun_until_it_has_caught_up)
{
    struct clock c = { 0 };

    clock_step(&c, 5000 * SEC, 10 * SEC);
    ck_assert_int_eq(clock_step(&c, 1400 * SEC, 11 * SEC), 5001 * SEC);
    ck_assert_int_eq(clock_step(&c, 1401 * SEC, 12 * SEC), 5002 * SEC);
    ck_assert_int_eq(clock_step(&c, 5004 * SEC, 13 * SEC), 5004 * SEC);
    ck_assert_int_eq(clock_leap(&c), 0);
}
END_TEST

START_TEST(a_clock_set_forward_is_followed_after_a_grace)
{
    struct clock c = { .at = 10 * SEC };

    /* What it was before this process is no leap. */
    ck_assert_int_eq(clock_step(&c, 1000 * SEC, 5 * SEC), 1000 * SEC);
    ck_assert_int_eq(clock_leap(&c), 0);
    /* The process may be late itself. */
    ck_assert_int_eq(clock_step(&c, 1100 * SEC, 105 * SEC), 1100 * SEC);
    ck_assert_int_eq(clock_leap(&c), 0);
    ck_assert_int_eq(clock_step(&c, 4701 * SEC, 106 * SEC), 1101 * SEC);
    ck_assert_int_eq(clock_leap(&c), 3600 * SEC);
    ck_assert_int_eq(clock_step(&c, 4702 * SEC, 107 * SEC), 1102 * SEC);
    ck_assert_int_eq(clock_leap(&c), 3600 * SEC);
    ck_assert_int_eq(clock_step(&c, 4703 * SEC, 108 * SEC), 4703 * SEC);
    ck_assert_int_eq(clock_leap(&c), 0);
    ck_assert_int_eq(clock_step(&c, 4704 * SEC, 109 * SEC), 4704 * SEC);
}
END_TEST

START_TEST(a_step_forward_that_is_taken_back_is_none)
{
    struct clock c = { 0 };

    clock_step(&c, 1000 * SEC, 5 * SEC);
    ck_assert_int_eq(clock_step(&c, 4601 * SEC, 6 * SEC), 1001 * SEC);
    ck_assert_int_eq(clock_step(&c, 1002 * SEC, 7 * SEC), 1002 * SEC);
    ck_assert_int_eq(clock_leap(&c), 0);
    /* The next has a grace of its own. */
    ck_assert_int_eq(clock_step(&c, 4603 * SEC, 8 * SEC), 1003 * SEC);
    ck_assert_int_eq(clock_step(&c, 4604 * SEC, 9 * SEC), 1004 * SEC);
    ck_assert_int_eq(clock_step(&c, 4605 * SEC, 10 * SEC), 4605 * SEC);
}
END_TEST

START_TEST(a_journal_from_the_future_is_where_log_time_begins)
{
    struct clock c = { .at = 9000 * SEC, .mono = 2 * SEC };

    ck_assert_int_eq(clock_step(&c, 100 * SEC, 3 * SEC), 9001 * SEC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *t = tcase_create("clock");
    SRunner *runner;
    int failed;

    tcase_add_test(t, a_right_clock_is_log_time);
    tcase_add_test(t, a_clock_set_back_is_outrun_until_it_has_caught_up);
    tcase_add_test(t, a_clock_set_forward_is_followed_after_a_grace);
    tcase_add_test(t, a_step_forward_that_is_taken_back_is_none);
    tcase_add_test(t, a_journal_from_the_future_is_where_log_time_begins);
    suite_add_tcase(suite, t);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
