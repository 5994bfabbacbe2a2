/*
 * One that was removed: R-12; and what is remembered of whom.
 */
#include "support/healbench.h"
#include "support/suite.h"

static struct healbench *b;
static struct heal_facts *f;

static void begin(size_t n)
{
    b = healbench_new(n);
    b->quiet = true;
    b->policy.recreate = true;
    f = &b->node[0].f;
    for (size_t i = 0; i < n; i++)
        b->node[i].f.recreate_label = true;
    healbench_run(b, 1000);
    healbench_step_all(b);
}

static void setup(void)
{
    begin(1);
}

static void teardown(void)
{
    healbench_free(b);
}

#define LOG(text) ck_assert_str_eq(healbench_log(b), text)

static const struct heal_order *order_of(unsigned node)
{
    return heal_order(b->node[node].h);
}

/* Our own recreation was done, under another id. */
static void recreated(const char *id)
{
    f->id = f->name = slice_str(id);
    f->recreate_label = true;
    healbench_started(b, 0);
}

static void recreated_by_person(void)
{
    f->id = f->name = slice_str("id0");
    f->recreate_label = true;
    healbench_start(b, 0);
}

START_TEST(r12_a_removed_one_is_made_anew_ten_seconds_later)
{
    healbench_remove(b, 0);
    healbench_run(b, 11000);
    ck_assert_int_eq(order_of(0)->act, HEAL_RECREATE);
    ck_assert_int_eq(order_of(0)->status, HEAL_GONE);
    assert_slice(order_of(0)->container, "id0");
    recreated("new");
    healbench_run(b, 13000);
    LOG("1.000 n0 ok > missing tells: was removed, and ought to be there !\n"
        "11.000 n0 missing > acting orders 1/5: was removed\n"
        "11.000 n0 acting > verifying tells 1/5: started\n"
        "13.000 n0 verifying > ok recovers 1/5: runs after 12000 ms\n");
}
END_TEST

START_TEST(r12_its_attempts_are_remembered_under_the_new_id)
{
    healbench_remove(b, 0);
    healbench_run(b, 11000);
    recreated("new");
    healbench_run(b, 14000);
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 1);
    f->id = slice_str("of a person");
    healbench_step(b, 0);
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 0);
}
END_TEST

START_TEST(r12_not_without_the_policy)
{
    b->policy.recreate = false;
    healbench_remove(b, 0);
    healbench_run(b, 3600000);
    LOG("1.000 n0 ok > missing tells: was removed\n");
    ck_assert(heal_idle(b->node[0].h));
}
END_TEST

START_TEST(r12_not_without_the_label)
{
    f->recreate_label = false;
    healbench_step(b, 0);
    healbench_remove(b, 0);
    healbench_run(b, 3600000);
    LOG("1.000 n0 ok > missing tells: was removed and is not recreated: it had "
        "no label bladewatch.recreate=true\n");
    ck_assert(heal_idle(b->node[0].h));
}
END_TEST

START_TEST(r12_not_one_that_was_held)
{
    f->held = true;
    healbench_step(b, 0);
    healbench_remove(b, 0);
    healbench_run(b, 3600000);
    LOG("1.000 n0 ok > held tells: held by operator\n"
        "1.000 n0 held > missing tells: was removed and is not recreated: it "
        "was held\n");
}
END_TEST

START_TEST(r12_not_one_that_is_held_before_its_time)
{
    healbench_remove(b, 0);
    healbench_run(b, 5000);
    f->held = true;
    healbench_step(b, 0);
    healbench_run(b, 3600000);
    LOG("1.000 n0 ok > missing tells: was removed, and ought to be there !\n"
        "5.000 n0 missing > held tells: held by operator\n"
        "5.000 n0 held > missing tells: was removed and is not recreated: it "
        "was held\n");
}
END_TEST

START_TEST(r12_not_one_that_had_ended_well)
{
    f->on_failure_label = true;
    healbench_die(b, 0, 0);
    healbench_run(b, 5000);
    healbench_log(b);
    healbench_remove(b, 0);
    LOG("5.000 n0 completed > missing tells: was removed and is not recreated: "
        "it had ended well\n");
}
END_TEST

START_TEST(r12_not_one_that_went_with_the_engine)
{
    healbench_engine(b, false);
    healbench_run(b, 5000);
    healbench_engine(b, true);
    healbench_run(b, 14999);
    healbench_remove(b, 0);
    healbench_run(b, 3600000);
    LOG("14.999 n0 ok > missing tells: was removed and is not recreated: it "
        "went while the engine was down\n");
}
END_TEST

START_TEST(r12_not_where_several_were_removed_together)
{
    teardown();
    begin(4);
    healbench_remove(b, 0);
    healbench_run(b, 9000);
    healbench_remove(b, 1);
    healbench_run(b, 18000);
    healbench_remove(b, 2);
    healbench_run(b, 30000);
    ck_assert_ptr_null(order_of(0));
    ck_assert_ptr_null(order_of(1));
    ck_assert_ptr_null(order_of(2));
    healbench_remove(b, 3);
    healbench_run(b, 40000);
    ck_assert_ptr_nonnull(order_of(3));
    LOG("1.000 n0 ok > missing tells: was removed, and ought to be there !\n"
        "9.000 n1 ok > missing tells: was removed, and ought to be there !\n"
        "11.000 n0 missing > missing declines: is not recreated: 2 were "
        "removed shortly after one another !\n"
        "18.000 n2 ok > missing tells: was removed, and ought to be there !\n"
        "19.000 n1 missing > missing declines: is not recreated: 3 were "
        "removed shortly after one another !\n"
        "28.000 n2 missing > missing declines: is not recreated: 3 were "
        "removed shortly after one another !\n"
        "30.000 n3 ok > missing tells: was removed, and ought to be there !\n"
        "40.000 n3 missing > acting orders 1/5: was removed\n");
}
END_TEST

START_TEST(r12_not_a_third_time_within_an_hour)
{
    static const char *const ids[] = { "first", "second" };
    nsec first_at = 0;

    for (int i = 0; i < 2; i++) {
        healbench_remove(b, 0);
        healbench_run(b, 30000 * (i + 1));
        ck_assert_ptr_nonnull(order_of(0));
        if (i == 0)
            first_at = order_of(0)->at;
        recreated(ids[i]);
    }
    healbench_log(b);
    healbench_run(b, 100000);
    healbench_remove(b, 0);
    healbench_run(b, 110000);
    ck_assert_ptr_nonnull(strstr(healbench_log(b),
                                 "110.000 n0 missing > missing declines: is "
                                 "not recreated: it was so twice within an "
                                 "hour !\n"));
    f->status = HEAL_RUNNING;
    f->in_scope = f->recreate_label = true;
    f->pid = 1;
    healbench_step(b, 0);
    healbench_run_to(b, first_at + 3600 * NSEC_SEC - 10 * NSEC_SEC);
    healbench_remove(b, 0);
    healbench_run_to(b, first_at + 3600 * NSEC_SEC);
    ck_assert_msg(order_of(0) != NULL, "%s", healbench_log(b));
}
END_TEST

START_TEST(r12_what_cannot_be_as_it_was_is_left)
{
    healbench_remove(b, 0);
    healbench_run(b, 11000);
    healbench_log(b);
    healbench_result(b, 0, HEAL_UNFAITHFUL, "bind source /srv/x is gone");
    healbench_run(b, 3600000);
    LOG("11.000 n0 acting > missing tells 1/5: cannot be recreated as it was: "
        "bind source /srv/x is gone !\n");
}
END_TEST

START_TEST(r12_a_failure_is_tried_again_after_a_back_off)
{
    healbench_remove(b, 0);
    healbench_run(b, 11000);
    healbench_result(b, 0, HEAL_TIMEOUT, "");
    healbench_run(b, 11999);
    ck_assert_ptr_null(order_of(0));
    healbench_run(b, 13000);
    ck_assert_uint_eq(order_of(0)->attempt, 2);
}
END_TEST

START_TEST(r12_not_when_no_attempt_is_left)
{
    b->policy.attempts = 1;
    healbench_remove(b, 0);
    healbench_run(b, 11000);
    healbench_result(b, 0, HEAL_TIMEOUT, "");
    healbench_log(b);
    healbench_run(b, 1700000);
    ck_assert_ptr_null(order_of(0));
    ck_assert_ptr_nonnull(strstr(
        healbench_log(b), "n0 missing > missing declines: is not recreated: no "
                          "attempt is left, the last: the engine did not "
                          "answer !\n"));
}
END_TEST

START_TEST(r12_it_comes_back_by_itself)
{
    healbench_remove(b, 0);
    healbench_run(b, 5000);
    f->id = slice_str("deployed");
    healbench_start(b, 0);
    healbench_run(b, 3600000);
    LOG("1.000 n0 ok > missing tells: was removed, and ought to be there !\n"
        "5.000 n0 missing > ok recovers: runs again after 4000 ms\n");
}
END_TEST

START_TEST(one_the_engine_does_not_know_is_looked_at_again)
{
    healbench_remove(b, 0);
    recreated_by_person();
    healbench_die(b, 0, 1);
    healbench_run(b, 3000);
    healbench_result(b, 0, HEAL_NOT_THERE, "");
    healbench_log(b);
    healbench_run(b, 8000);
    LOG("8.000 n0 missing > suspect tells: exited with code 1\n"
        "8.000 n0 suspect > acting orders 2/5: exited with code 1\n");
    healbench_result(b, 0, HEAL_NOT_THERE, "");
    healbench_remove(b, 0);
    healbench_log(b);
    healbench_run(b, 13000);
    LOG("13.000 n0 missing > missing tells: was removed, and ought to be there "
        "!\n");
}
END_TEST

START_TEST(r12_one_that_failed_is_none_of_the_two_in_an_hour)
{
    healbench_remove(b, 0);
    for (int i = 1; i <= 3; i++) {
        healbench_run(b, 20000 * i);
        ck_assert_ptr_nonnull(order_of(0));
        healbench_result(b, 0, HEAL_REFUSED, "");
    }
}
END_TEST

START_TEST(an_order_for_one_that_is_renamed_is_taken_back)
{
    teardown();
    begin(3);
    healbench_die(b, 0, 1);
    healbench_run(b, 3000);
    ck_assert_ptr_nonnull(order_of(0));
    heal_rename(b->node[0].h, slice_str(""));
    ck_assert_ptr_null(order_of(0));
    healbench_log(b);
    healbench_start(b, 0);
    LOG("3.000 n0 waiting > ok recovers: runs again after 2000 ms\n");
    healbench_die(b, 1, 1);
    healbench_die(b, 2, 1);
    healbench_run(b, 7000);
    ck_assert(order_of(1) && order_of(2));
}
END_TEST

START_TEST(a_release_of_another_that_had_the_name_releases_nothing)
{
    heal_rename(b->node[0].h, slice_str("old"));
    f->released_at = b->now - NSEC_SEC;
    healbench_step(b, 0);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_HELD);
    f->released_at = b->now;
    healbench_step(b, 0);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_OK);
}
END_TEST

START_TEST(one_that_leaves_gives_back_what_it_holds)
{
    teardown();
    begin(3);
    b->policy.breaker_down = 0;
    for (unsigned i = 0; i < 3; i++)
        healbench_die(b, i, 1);
    healbench_run(b, 5000);
    ck_assert_ptr_null(order_of(2));
    heal_leave(b->node[0].h);
    b->node[0].f.in_scope = false;
    healbench_run(b, 6000);
    ck_assert_ptr_nonnull(order_of(2));
    ck_assert_uint_eq(heal_scope_view(b->scope).in_scope, 2);
}
END_TEST

START_TEST(a_result_is_read_as_it_is_written)
{
    struct slice name = slice_str(heal_result_name((enum heal_result)_i));
    enum heal_result result = HEAL_RESULTS;

    ck_assert_int_eq(heal_result_parse(name, &result), ST_OK);
    ck_assert_int_eq((int)result, _i);
}
END_TEST

START_TEST(a_status_is_read_as_it_is_written)
{
    struct slice name = slice_str(heal_status_name((enum heal_status)_i));
    enum heal_status status = HEAL_GONE;

    ck_assert_int_eq(heal_status_parse(name, &status), ST_OK);
    ck_assert_int_eq((int)status, _i);
}
END_TEST

static const TTest **const tests[] = {
    &r12_a_removed_one_is_made_anew_ten_seconds_later,
    &r12_its_attempts_are_remembered_under_the_new_id,
    &r12_not_without_the_policy,
    &r12_not_without_the_label,
    &r12_not_one_that_was_held,
    &r12_not_one_that_is_held_before_its_time,
    &r12_not_one_that_had_ended_well,
    &r12_not_one_that_went_with_the_engine,
    &r12_not_where_several_were_removed_together,
    &r12_not_a_third_time_within_an_hour,
    &r12_what_cannot_be_as_it_was_is_left,
    &r12_a_failure_is_tried_again_after_a_back_off,
    &r12_not_when_no_attempt_is_left,
    &r12_it_comes_back_by_itself,
    &one_the_engine_does_not_know_is_looked_at_again,
    &r12_one_that_failed_is_none_of_the_two_in_an_hour,
    &an_order_for_one_that_is_renamed_is_taken_back,
    &a_release_of_another_that_had_the_name_releases_nothing,
    &one_that_leaves_gives_back_what_it_holds,
};

static const struct suite_table tables[] = {
    { &a_result_is_read_as_it_is_written, HEAL_RESULTS },
    { &a_status_is_read_as_it_is_written, HEAL_GONE + 1 },
};

int main(void)
{
    return RUN_SUITE_WITH("heal missing", setup, teardown, tests, tables);
}
