#include "app/pending.h"

#include "support/suite.h"

static struct pending p;

static void teardown(void)
{
    pending_release(&p);
}

static bool holds(const char *name)
{
    return pending_holds(&p, slice_str(name));
}

START_TEST(a_hold_counts_until_the_state_has_it)
{
    pending_add(&p, slice_str("web"), 5);
    pending_add(&p, slice_str("db"), 7);
    pending_merged(&p, 5); /* what is of this very instant waits */
    ck_assert(holds("web") && holds("db") && !holds("we"));
    pending_merged(&p, 6);
    ck_assert(!holds("web") && holds("db"));
    pending_merged(&p, 8);
    ck_assert(!holds("db"));
}
END_TEST

START_TEST(a_hold_of_all_is_one_of_each)
{
    ck_assert(!holds("web"));
    pending_add(&p, slice_str("*"), 5);
    ck_assert(holds("web") && holds("db"));
}
END_TEST

START_TEST(of_two_holds_of_one_the_later_counts)
{
    pending_add(&p, slice_str("web"), 5);
    pending_add(&p, slice_str("web"), 9);
    pending_merged(&p, 6);
    ck_assert(holds("web"));
}
END_TEST

static const TTest **const tests[] = {
    &a_hold_counts_until_the_state_has_it,
    &a_hold_of_all_is_one_of_each,
    &of_two_holds_of_one_the_later_counts,
};

int main(void)
{
    return run_suite(
        &(struct suite_plan){ .name = "pending",
                              .teardown = teardown,
                              .tests = tests,
                              .ntests = sizeof(tests) / sizeof(*tests) });
}
