#include "app/outage.h"

#include "support/suite.h"

static const struct err full = { .text = "the disk is full" };
static const struct err broken = { .text = "the disk is broken" };

static struct outage o;
static unsigned times;
static nsec lasted;

static nsec s(double seconds)
{
    return 1000 * NSEC_SEC + (nsec)(seconds * (double)NSEC_SEC);
}

START_TEST(trouble_is_said_once_and_its_end_after_a_calm)
{
    ck_assert(outage_failed(&o, s(0), &full, &times));
    ck_assert_uint_eq(times, 0);
    ck_assert(!outage_failed(&o, s(1), &full, &times));
    outage_wrote(&o, s(2));
    ck_assert(!outage_over(&o, s(11.9), &lasted));
    ck_assert(outage_over(&o, s(12), &lasted));
    ck_assert_int_eq(lasted, 2 * NSEC_SEC);
    ck_assert(!outage_over(&o, s(100), &lasted));
}
END_TEST

/* Each second something small fits and something else does not. */
START_TEST(in_turn_good_and_bad_it_is_said_once_a_minute_with_a_count)
{
    size_t said = 0;

    for (int i = 0; i <= 180; i++) {
        said += outage_failed(&o, s(i), &full, &times);
        ck_assert(!said || i % 60 || times == (i ? 60 : 0));
        outage_wrote(&o, s(i + 0.5));
        ck_assert(!outage_over(&o, s(i + 0.9), &lasted));
    }
    ck_assert_uint_eq(said, 4);
    ck_assert(outage_over(&o, s(200), &lasted));
    ck_assert_int_eq(lasted, 1805 * NSEC_SEC / 10);
}
END_TEST

START_TEST(other_trouble_is_said_at_once)
{
    ck_assert(outage_failed(&o, s(0), &full, &times));
    ck_assert(outage_failed(&o, s(1), &broken, &times));
    ck_assert_uint_eq(times, 0);
    ck_assert(!outage_failed(&o, s(2), &broken, &times));
}
END_TEST

START_TEST(what_comes_back_after_its_end_is_said_anew)
{
    ck_assert(outage_failed(&o, s(0), &full, &times));
    outage_wrote(&o, s(1));
    ck_assert(outage_over(&o, s(20), &lasted));
    ck_assert(outage_failed(&o, s(21), &full, &times));
    ck_assert_uint_eq(times, 0);
}
END_TEST

START_TEST(without_trouble_nothing_is_said)
{
    outage_wrote(&o, s(0));
    ck_assert(!outage_over(&o, s(100), &lasted));
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &trouble_is_said_once_and_its_end_after_a_calm,
        &in_turn_good_and_bad_it_is_said_once_a_minute_with_a_count,
        &other_trouble_is_said_at_once,
        &what_comes_back_after_its_end_is_said_anew,
        &without_trouble_nothing_is_said,
    };
    const struct suite_table tables[] = { { 0 } };

    return run_suite(&(struct suite_plan){ "app_outage", NULL, NULL, tests,
                                           sizeof(tests) / sizeof(*tests),
                                           tables, 0 });
}
