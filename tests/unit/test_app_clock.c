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
    ck_assert_int_eq(clock_step(&c, 6000 * SEC, 13 * SEC), 6000 * SEC);
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
    tcase_add_test(t, a_journal_from_the_future_is_where_log_time_begins);
    suite_add_tcase(suite, t);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
