/*
 * When one that is down is acted upon, and when never.
 */
#include "support/healbench.h"
#include "support/suite.h"

static struct healbench *b;
static struct heal_facts *f;

static void setup(void)
{
    b = healbench_new(1);
    b->quiet = true;
    f = &b->node[0].f;
}

static void teardown(void)
{
    healbench_free(b);
}

#define LOG(text) ck_assert_str_eq(healbench_log(b), text)

/* The instant of the order, in ms; -1: there is none within an hour. */
static long long ordered_at(void)
{
    const struct heal_order *order;

    for (int ms = (int)((b->now - HEALBENCH_EPOCH) / NSEC_MSEC);
         ms <= 3600 * 1000; ms += 500) {
        healbench_run(b, ms);
        order = heal_order(b->node[0].h);
        if (order)
            return (order->at - HEALBENCH_EPOCH) / NSEC_MSEC;
    }
    return -1;
}

/* It is down, was stopped and revived, and has run for a while. */
static void stopped_and_revived(void)
{
    healbench_run(b, 1000);
    healbench_stop(b, 0);
    healbench_run(b, 6000);
    healbench_started(b, 0);
    healbench_run(b, 8000);
    healbench_log(b);
}

/* -- what is acted upon ---------------------------------------------- */

START_TEST(r02_one_that_exited_is_started)
{
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    healbench_run(b, 3000);
    LOG("1.000 n0 ok > suspect tells: exited with code 1 !\n"
        "3.000 n0 suspect > acting orders 1/5: exited with code 1\n");
}
END_TEST

START_TEST(r02_one_that_never_ran_is_not)
{
    f->status = HEAL_CREATED;
    f->due = true;
    ck_assert_int_eq(ordered_at(), -1);
    LOG("");
}
END_TEST

START_TEST(r02_one_that_our_start_left_created_is)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 2000);
    f->status = HEAL_CREATED;
    healbench_result(b, 0, HEAL_REFUSED, "");
    healbench_run(b, 2000);
    healbench_log(b);
    ck_assert_int_gt(ordered_at(), 3000);
}
END_TEST

START_TEST(r02_but_not_its_successor)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 2000);
    healbench_started(b, 0);
    healbench_run(b, 10000);
    f->id = slice_str("successor");
    f->status = HEAL_CREATED;
    f->due = true;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), -1);
}
END_TEST

START_TEST(r02_one_that_the_rule_does_not_call_due_is_not)
{
    healbench_die(b, 0, 1);
    f->due = false;
    ck_assert_int_eq(ordered_at(), -1);
    healbench_step(b, 0);
    LOG("0.000 n0 ok > suspect tells: exited with code 1 !\n"
        "2.000 n0 suspect > ok tells: need not run\n");
}
END_TEST

static const enum heal_status untouched[] = { HEAL_UNKNOWN, HEAL_PAUSED,
                                              HEAL_RESTARTING, HEAL_REMOVING,
                                              HEAL_DEAD };

START_TEST(r02_one_in_any_other_state_is_not)
{
    f->status = untouched[_i];
    f->pid = 0;
    f->due = true;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), -1);
}
END_TEST

START_TEST(r02_a_dead_one_is_blocked)
{
    f->status = HEAL_DEAD;
    f->error = slice_str("unable to remove filesystem: busy");
    healbench_step(b, 0);
    LOG("0.000 n0 ok > blocked tells: could not be removed and is dead: "
        "unable to remove filesystem: busy !\n");
}
END_TEST

START_TEST(r02_three_restarts_in_ten_minutes_are_a_loop_until_they_are_over)
{
    for (int i = 1; i <= 3; i++) {
        healbench_run(b, i * 100000);
        f->restarts++;
        healbench_step(b, 0);
    }
    LOG("300.000 n0 ok > looping tells: the engine restarts it again and again "
        "!\n");
    healbench_run(b, 699999);
    LOG("");
    healbench_run(b, 700000);
    LOG("700.000 n0 looping > ok recovers: runs again after 400000 ms\n");
}
END_TEST

START_TEST(r02_restarts_further_apart_are_none)
{
    for (int i = 1; i <= 9; i++) {
        healbench_run(b, i * 301000);
        f->restarts++;
        healbench_step(b, 0);
    }
    LOG("");
}
END_TEST

START_TEST(r02_one_that_stays_restarting_loops)
{
    f->policy = HEAL_ALWAYS;
    f->status = HEAL_RESTARTING;
    healbench_step(b, 0);
    healbench_run(b, 5000);
    LOG("0.000 n0 ok > suspect tells: is being restarted by the engine, in the "
        "care of the engine's restart policy always !\n"
        "5.000 n0 suspect > looping tells: the engine tries in vain to restart "
        "it !\n");
    ck_assert_int_eq(ordered_at(), -1);
}
END_TEST

/* -- settling -------------------------------------------------------- */

START_TEST(r03_a_start_in_between_cancels)
{
    healbench_stop(b, 0);
    healbench_run(b, 300);
    f->restart_at = b->now;
    healbench_start(b, 0);
    healbench_run(b, 60000);
    LOG("0.000 n0 ok > suspect tells: stopped by a person, exit code 143 !\n"
        "0.300 n0 suspect > ok recovers: runs again after 300 ms\n");
}
END_TEST

START_TEST(r03_two_seconds_after_a_death)
{
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 2000);
}
END_TEST

START_TEST(r03_five_seconds_after_a_kill)
{
    f->kill_at = b->now;
    f->kill_signal = 9;
    healbench_run(b, 30);
    healbench_die(b, 0, 137);
    ck_assert_int_eq(ordered_at(), 5030);
}
END_TEST

START_TEST(r03_a_signal_long_before_does_not_count)
{
    f->kill_at = b->now; /* docker kill -s HUP */
    f->kill_signal = 1;
    healbench_run(b, 31000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 33000);
}
END_TEST

START_TEST(r03_the_stop_that_ends_a_long_stop_is_waited_for)
{
    f->kill_at = b->now;
    f->kill_signal = 15;
    healbench_run(b, 40000); /* docker stop -t 60 */
    healbench_die(b, 0, 0);
    healbench_run(b, 40500);
    f->stop_at = b->now;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), 45500);
    ck_assert(heal_view(b->node[0].h).by_person);
}
END_TEST

START_TEST(r03_a_rename_puts_it_off)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 1500);
    f->rename_at = b->now;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), 3500);
}
END_TEST

START_TEST(r03_one_that_was_down_before_is_taken_to_have_settled)
{
    b->n = 0;
    heal_free(b->node[0].h);
    b->node[0].h = heal_new(b->scope, 0);
    b->n = 1;
    healbench_run(b, 1000);
    f->die_at = f->finished_at = b->now - 60 * NSEC_SEC;
    f->status = HEAL_EXITED;
    f->due = true;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), 1000);
}
END_TEST

START_TEST(r03_a_death_nobody_told_of_settles_from_when_it_is_seen)
{
    healbench_run(b, 1000);
    f->finished_at = b->now - 60 * NSEC_SEC;
    f->status = HEAL_EXITED;
    f->due = true;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), 6000);
}
END_TEST

static const int64_t skew[] = { -3600, 3600 };

START_TEST(r03_an_engine_with_another_clock_is_waited_for_all_the_same)
{
    f->started_at += skew[_i] * NSEC_SEC;
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    f->die_at = f->finished_at = b->now + skew[_i] * NSEC_SEC;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), 3000);
}
END_TEST

static const struct engine_case {
    int64_t down, die, up; /* ms */
    bool stop;
    long long ordered;
} engine_cases[] = {
    { 10000, 1000, 12000, true, -2 },     /* a person, long before */
    { 10000, 6000, 12000, true, 32000 },  /* systemctl stop docker */
    { 10000, 13000, 12000, true, 32000 }, /* survivors of a SIGKILL */
    { 10000, 21999, 12000, true, 32000 },
    { 10000, 22001, 12000, false, 24001 }, /* by itself, after all that */
    { 10000, 8001, 60000, false, 80000 },
    { 20000, 9000, 22000, false, 11000 }, /* long enough before */
};

START_TEST(r03_what_fell_with_the_engine_waits_for_its_policies)
{
    const struct engine_case *c = &engine_cases[_i];

    for (int64_t ms = 0; ms < 100000 && !heal_order(b->node[0].h); ms += 1) {
        if (ms != c->down && ms != c->die && ms != c->up)
            continue;
        healbench_run(b, ms);
        if (ms == c->down)
            healbench_engine(b, false);
        else if (ms == c->up)
            healbench_engine(b, true);
        else if (c->stop)
            healbench_stop(b, 0);
        else
            healbench_die(b, 0, 1);
        if (ms == c->die && c->ordered == -2)
            break;
    }
    if (c->ordered == -2) {
        ck_assert(heal_view(b->node[0].h).by_person);
        return;
    }
    ck_assert_int_eq(ordered_at(), c->ordered);
    ck_assert(!heal_view(b->node[0].h).by_person);
}
END_TEST

START_TEST(r03_the_first_connection_is_no_return_of_the_engine)
{
    f->engine_up_at = b->now;
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 3000);
}
END_TEST

START_TEST(r03_a_monitor_started_anew_is_no_return_of_the_engine)
{
    healbench_engine(b, false);
    healbench_run(b, 1000);
    healbench_engine(b, true);
    healbench_run(b, 100000);
    f->engine_up_at = b->now;
    healbench_step(b, 0);
    healbench_run(b, 101000);
    healbench_stop(b, 0);
    ck_assert(heal_view(b->node[0].h).by_person);
    ck_assert_int_eq(ordered_at(), 106000);
}
END_TEST

START_TEST(r03_nothing_is_ordered_while_the_engine_is_away)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 11000);
    healbench_result(b, 0, HEAL_REFUSED, "");
    healbench_engine(b, false);
    healbench_log(b);
    healbench_run(b, 600000);
    LOG("12.478 n0 waiting > waiting declines: the engine is not reachable "
        "!\n");
    healbench_engine(b, true);
    ck_assert_int_eq(ordered_at(), 602000);
}
END_TEST

/* -- what a person wants --------------------------------------------- */

START_TEST(r04_the_first_stop_is_undone)
{
    healbench_stop(b, 0);
    healbench_run(b, 5000);
    LOG("0.000 n0 ok > suspect tells: stopped by a person, exit code 143 !\n"
        "5.000 n0 suspect > acting orders 1/5: stopped by a person, exit code "
        "143\n");
}
END_TEST

START_TEST(r04_the_second_one_is_obeyed)
{
    stopped_and_revived();
    healbench_run(b, 48000);
    healbench_stop(b, 0);
    healbench_run(b, 3600000);
    LOG("48.000 n0 ok > suspect tells: stopped by a person, exit code 143 !\n"
        "53.000 n0 suspect > held tells: a person stopped it again 42 s after "
        "it was revived; docker start or 'bladewatch release id0' ends "
        "that\n");
}
END_TEST

START_TEST(r04_a_stop_five_minutes_later_is_a_first_one)
{
    stopped_and_revived();
    healbench_run(b, 306001);
    healbench_stop(b, 0);
    ck_assert_int_eq(ordered_at(), 311001);
}
END_TEST

START_TEST(r04_a_stop_after_a_crash_is_a_first_one)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 2000);
    healbench_started(b, 0);
    healbench_run(b, 60000);
    healbench_stop(b, 0);
    ck_assert_int_eq(ordered_at(), 65000);
}
END_TEST

START_TEST(r04_a_crash_after_a_stop_is_no_second_stop)
{
    stopped_and_revived();
    healbench_run(b, 60000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 62000);
}
END_TEST

START_TEST(r04_a_second_stop_while_it_is_verified_is_obeyed)
{
    healbench_stop(b, 0);
    healbench_run(b, 6000);
    healbench_started(b, 0);
    healbench_run(b, 7000);
    healbench_log(b);
    healbench_stop(b, 0);
    healbench_run(b, 3600000);
    LOG("7.000 n0 verifying > suspect tells 1/5: stopped by a person, exit "
        "code 143 !\n"
        "12.000 n0 suspect > held tells: a person stopped it again 1 s after "
        "it was revived; docker start or 'bladewatch release id0' ends "
        "that\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).failed, 0);
}
END_TEST

static void be_held(void)
{
    stopped_and_revived();
    healbench_stop(b, 0);
    healbench_run(b, 20000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_HELD);
    healbench_log(b);
}

START_TEST(r04_a_start_by_anybody_frees_it)
{
    be_held();
    healbench_start(b, 0);
    LOG("20.000 n0 held > ok recovers: runs again after 12000 ms\n");
    ck_assert(!heal_view(b->node[0].h).by_person);
    healbench_run(b, 21000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 23000);
}
END_TEST

START_TEST(r04_a_start_too_short_to_be_seen_frees_it)
{
    be_held();
    f->started_at = b->now;
    healbench_run(b, 20010);
    f->kill_at = f->stop_at = 0;
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 22010);
}
END_TEST

START_TEST(r04_a_release_frees_it)
{
    be_held();
    f->released_at = b->now;
    healbench_step(b, 0);
    LOG("20.000 n0 held > suspect tells: exited with code 143 !\n"
        "20.000 n0 suspect > acting orders 1/5: exited with code 143\n");
}
END_TEST

START_TEST(r04_a_hold_that_runs_out_does_not_free_it)
{
    be_held();
    f->held = true;
    f->held_why = slice_str("disk swap");
    healbench_step(b, 0);
    healbench_run(b, 30000);
    f->held = false;
    healbench_step(b, 0);
    LOG("20.000 n0 held > held declines: stopped by a person, exit code 143; "
        "held by operator: disk swap, left alone\n"
        "30.000 n0 held > held tells: a person stopped it again 2 s after it "
        "was revived; docker start or 'bladewatch release id0' ends that\n");
    healbench_run(b, 3600000);
    LOG("");
}
END_TEST

START_TEST(r04_a_first_stop_under_a_hold_is_undone_when_that_runs_out)
{
    f->held = true;
    healbench_step(b, 0);
    healbench_run(b, 10000);
    healbench_stop(b, 0);
    healbench_run(b, 30000);
    ck_assert_ptr_null(heal_order(b->node[0].h));
    f->held = false;
    healbench_step(b, 0);
    ck_assert_ptr_nonnull(heal_order(b->node[0].h));
}
END_TEST

START_TEST(r04_a_second_stop_under_a_hold_is_obeyed_when_that_runs_out)
{
    stopped_and_revived();
    f->held = true;
    healbench_step(b, 0);
    healbench_run(b, 100000);
    healbench_stop(b, 0);
    healbench_run(b, 3000000);
    f->held = false;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), -1);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_HELD);
}
END_TEST

START_TEST(r04_what_left_the_scope_is_still_obeyed_when_it_is_back)
{
    be_held();
    f->in_scope = false;
    healbench_step(b, 0);
    healbench_run(b, 1000000);
    healbench_log(b);
    f->in_scope = true;
    healbench_step(b, 0);
    LOG("1000.000 n0 ok > held tells: a person stopped it again 2 s after it "
        "was revived; docker start or 'bladewatch release id0' ends that\n");
    ck_assert_int_eq(ordered_at(), -1);
}
END_TEST

START_TEST(r04_a_second_stop_out_of_the_scope_counts_from_when_it_was)
{
    stopped_and_revived();
    f->in_scope = false;
    healbench_stop(b, 0);
    healbench_run(b, 1000000);
    f->in_scope = true;
    healbench_step(b, 0);
    ck_assert_int_eq(ordered_at(), -1);
}
END_TEST

START_TEST(r04_a_crash_between_two_stops_forgets_none)
{
    stopped_and_revived();
    healbench_die(b, 0, 1);
    healbench_run(b, 30000);
    healbench_started(b, 0);
    healbench_run(b, 60000);
    healbench_log(b);
    healbench_stop(b, 0);
    healbench_run(b, 3000000);
    LOG("60.000 n0 ok > suspect tells: stopped by a person, exit code 143 !\n"
        "65.000 n0 suspect > held tells: a person stopped it again 54 s after "
        "it was revived; docker start or 'bladewatch release id0' ends "
        "that\n");
}
END_TEST

START_TEST(r04_a_stop_is_respected_where_the_policy_says_so)
{
    b->policy.on_stop = HEAL_RESPECT;
    healbench_stop(b, 0);
    healbench_run(b, 3600000);
    LOG("0.000 n0 ok > suspect tells: stopped by a person, exit code 143 !\n"
        "5.000 n0 suspect > held tells: a person stopped it; docker start "
        "or 'bladewatch release id0' ends that\n");
    f->held = true;
    healbench_step(b, 0);
    f->held = false;
    healbench_step(b, 0);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_HELD);
    f->released_at = b->now;
    healbench_step(b, 0);
    ck_assert_ptr_nonnull(heal_order(b->node[0].h));
}
END_TEST

START_TEST(r04_a_stop_of_its_successor_is_not_pardoned)
{
    b->policy.on_stop = HEAL_RESPECT;
    f->id = slice_str("successor");
    f->started_at = b->now;
    healbench_stop(b, 0);
    healbench_run(b, 3600000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_HELD);
}
END_TEST

START_TEST(r04_every_stop_is_undone_where_the_policy_says_so)
{
    b->policy.on_stop = HEAL_REVIVE;
    stopped_and_revived();
    healbench_stop(b, 0);
    ck_assert_int_gt(ordered_at(), 8000);
}
END_TEST

START_TEST(r04_a_hold_takes_an_order_back_at_once)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 2100);
    ck_assert_ptr_nonnull(heal_order(b->node[0].h));
    healbench_log(b);
    f->held = true;
    f->held_why = slice_str("mine.");
    healbench_step(b, 0);
    ck_assert_ptr_null(heal_order(b->node[0].h));
    LOG("2.100 n0 acting > held declines 1/5: exited with code 1; held by "
        "operator: mine, left alone !\n");
    f->held = false;
    healbench_run(b, 10000);
    healbench_step(b, 0);
    LOG("10.000 n0 held > suspect tells: exited with code 1 !\n"
        "10.000 n0 suspect > acting orders 2/5: exited with code 1\n");
}
END_TEST

START_TEST(r04_one_that_runs_can_be_held)
{
    f->held = true;
    healbench_step(b, 0);
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), -1);
    LOG("0.000 n0 ok > held tells: held by operator\n"
        "1.000 n0 held > held declines: exited with code 1; held by operator, "
        "left alone !\n");
    ck_assert_int_eq(heal_view(b->node[0].h).down_since, healbench_at(1000));
}
END_TEST

static void hold(void)
{
    f->held = true;
    f->held_by = slice_str("alice");
    f->held_until = healbench_at(7200000);
    f->held_why = slice_str("disk");
    healbench_step(b, 0);
}

#define HELD "held by alice until 2023-11-15T00:13:20Z: disk"

START_TEST(r04_who_holds_it_and_until_when_is_said)
{
    hold();
    healbench_run(b, 1000);
    f->held_until = 0;
    healbench_step(b, 0);
    LOG("0.000 n0 ok > held tells: " HELD "\n"
        "1.000 n0 held > held tells: held by alice: disk\n");
}
END_TEST

START_TEST(r04_each_fall_of_one_that_is_held_is_told_once)
{
    hold();
    healbench_log(b);
    for (int i = 1; i <= 2; i++) {
        healbench_run(b, i * 100000);
        healbench_die(b, 0, 0);
        assert_slice(heal_view(b->node[0].h).reason,
                     "exited with code 0; " HELD ", left alone");
        healbench_run(b, i * 100000 + 1000);
        f->released_at = b->now;
        healbench_step(b, 0);
        f->status = HEAL_UNKNOWN;
        healbench_step(b, 0);
        f->status = HEAL_EXITED;
        healbench_step(b, 0);
        healbench_run(b, i * 100000 + 50000);
        healbench_start(b, 0);
        assert_slice(heal_view(b->node[0].h).reason, HELD);
    }
    LOG("100.000 n0 held > held declines: exited with code 0; " HELD
        ", left alone !\n"
        "200.000 n0 held > held declines: exited with code 0; " HELD
        ", left alone !\n");
}
END_TEST

START_TEST(r04_a_stop_of_one_that_is_held_is_no_surprise)
{
    hold();
    healbench_run(b, 1000);
    healbench_log(b);
    healbench_stop(b, 0);
    LOG("1.000 n0 held > held declines: stopped by a person, exit code "
        "143; " HELD ", left alone\n");
}
END_TEST

START_TEST(r04_a_paused_one_is_let_be)
{
    f->status = HEAL_PAUSED;
    f->due = true; /* it does not answer */
    healbench_step(b, 0);
    healbench_run(b, 60000);
    f->status = HEAL_RUNNING;
    f->due = false;
    healbench_step(b, 0);
    LOG("0.000 n0 ok > held tells: paused by a person\n"
        "60.000 n0 held > ok tells: runs\n");
}
END_TEST

/* -- how it ended ---------------------------------------------------- */

START_TEST(r05_a_good_end_is_undone_by_default)
{
    healbench_die(b, 0, 0);
    ck_assert_int_eq(ordered_at(), 2000);
}
END_TEST

START_TEST(r05_a_job_that_ended_well_is_done)
{
    f->on_failure_label = true;
    healbench_die(b, 0, 0);
    ck_assert_int_eq(ordered_at(), -1);
    LOG("0.000 n0 ok > suspect tells: exited with code 0\n"
        "2.000 n0 suspect > completed tells: ended well (exit code 0) and need "
        "not run again\n");
}
END_TEST

START_TEST(r05_one_that_our_start_left_created_has_not_ended)
{
    f->on_failure_label = true;
    healbench_die(b, 0, 1);
    healbench_run(b, 2000);
    f->status = HEAL_CREATED;
    f->exit_code = 0;
    healbench_result(b, 0, HEAL_BEING_REMOVED, "");
    ck_assert_int_eq(ordered_at(), 7000);
}
END_TEST

START_TEST(r05_a_job_that_failed_is_started)
{
    b->policy.on_exit = HEAL_EXIT_ON_FAILURE;
    healbench_die(b, 0, 3);
    ck_assert_int_eq(ordered_at(), 2000);
}
END_TEST

START_TEST(r05_the_label_goes_before_the_policy)
{
    b->policy.on_exit = HEAL_EXIT_ON_FAILURE;
    f->always_label = true;
    healbench_die(b, 0, 0);
    ck_assert_int_eq(ordered_at(), 2000);
}
END_TEST

START_TEST(r05_out_of_memory_is_said_and_counts_twice)
{
    f->oom = true;
    healbench_die(b, 0, 137);
    healbench_run(b, 2000);
    LOG("0.000 n0 ok > suspect tells: exited with code 137, out of memory !\n"
        "2.000 n0 suspect > acting orders 1/5: exited with code 137, out of "
        "memory (counts double)\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 2);
}
END_TEST

/* -- restart policies ------------------------------------------------ */

START_TEST(r09_the_engine_has_the_first_five_seconds)
{
    f->policy = HEAL_ALWAYS;
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), 5000);
    LOG("0.000 n0 ok > suspect tells: exited with code 1, in the care of the "
        "engine's restart policy always !\n"
        "5.000 n0 suspect > acting orders 1/5: exited with code 1, in the care "
        "of the engine's restart policy always\n");
}
END_TEST

START_TEST(r09_and_sixty_five_where_it_backs_off)
{
    f->policy = HEAL_ON_FAILURE;
    healbench_die(b, 0, 9);
    ck_assert_int_eq(ordered_at(), 65000);
}
END_TEST

START_TEST(r09_what_the_engine_restarts_is_left_alone)
{
    f->policy = HEAL_ALWAYS;
    healbench_die(b, 0, 1);
    healbench_run(b, 100);
    f->status = HEAL_RESTARTING;
    healbench_step(b, 0);
    healbench_run(b, 900);
    healbench_start(b, 0);
    healbench_run(b, 3600000);
    LOG("0.000 n0 ok > suspect tells: exited with code 1, in the care of the "
        "engine's restart policy always !\n"
        "0.900 n0 suspect > ok recovers: runs again after 900 ms\n");
}
END_TEST

/* -- exempt ---------------------------------------------------------------- */

static const enum heal_exempt exempts[] = { HEAL_IS_MONITOR, HEAL_IS_TASK,
                                            HEAL_AUTO_REMOVED, HEAL_NEVER,
                                            HEAL_OTHER_RULE };

START_TEST(one_that_is_exempt_is_never_started_and_that_is_said_once)
{
    f->exempt = exempts[_i];
    healbench_step(b, 0);
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), -1);
    ck_assert_ptr_nonnull(strstr(healbench_log(b), "n0 ok > exempt tells: "));
    ck_assert_int_eq(healbench_state(b, 0), HEAL_EXEMPT);
}
END_TEST

START_TEST(a_label_that_nobody_knows_is_a_warning)
{
    f->exempt = HEAL_BAD_LABEL;
    f->revive_label = slice_str("nerver");
    healbench_die(b, 0, 1);
    ck_assert_int_eq(ordered_at(), -1);
    f->revive_label = slice_str("nver");
    healbench_step(b, 0);
    LOG("0.000 n0 ok > exempt tells: label bladewatch.revive=nerver is none of "
        "always, on-failure, never !\n"
        "3600.000 n0 exempt > exempt tells: label bladewatch.revive=nver is "
        "none of always, on-failure, never !\n");
}
END_TEST

static const TTest **const tests[] = {
    &r02_one_that_exited_is_started,
    &r02_one_that_never_ran_is_not,
    &r02_one_that_our_start_left_created_is,
    &r02_but_not_its_successor,
    &r02_one_that_the_rule_does_not_call_due_is_not,
    &r02_a_dead_one_is_blocked,
    &r02_three_restarts_in_ten_minutes_are_a_loop_until_they_are_over,
    &r02_restarts_further_apart_are_none,
    &r02_one_that_stays_restarting_loops,
    &r03_a_start_in_between_cancels,
    &r03_two_seconds_after_a_death,
    &r03_five_seconds_after_a_kill,
    &r03_a_signal_long_before_does_not_count,
    &r03_the_stop_that_ends_a_long_stop_is_waited_for,
    &r03_a_rename_puts_it_off,
    &r03_one_that_was_down_before_is_taken_to_have_settled,
    &r03_a_death_nobody_told_of_settles_from_when_it_is_seen,
    &r03_the_first_connection_is_no_return_of_the_engine,
    &r03_a_monitor_started_anew_is_no_return_of_the_engine,
    &r03_nothing_is_ordered_while_the_engine_is_away,
    &r04_the_first_stop_is_undone,
    &r04_the_second_one_is_obeyed,
    &r04_a_stop_five_minutes_later_is_a_first_one,
    &r04_a_stop_after_a_crash_is_a_first_one,
    &r04_a_crash_after_a_stop_is_no_second_stop,
    &r04_a_second_stop_while_it_is_verified_is_obeyed,
    &r04_a_start_by_anybody_frees_it,
    &r04_a_start_too_short_to_be_seen_frees_it,
    &r04_a_release_frees_it,
    &r04_a_hold_that_runs_out_does_not_free_it,
    &r04_a_first_stop_under_a_hold_is_undone_when_that_runs_out,
    &r04_a_second_stop_under_a_hold_is_obeyed_when_that_runs_out,
    &r04_what_left_the_scope_is_still_obeyed_when_it_is_back,
    &r04_a_second_stop_out_of_the_scope_counts_from_when_it_was,
    &r04_a_crash_between_two_stops_forgets_none,
    &r04_a_stop_is_respected_where_the_policy_says_so,
    &r04_a_stop_of_its_successor_is_not_pardoned,
    &r04_every_stop_is_undone_where_the_policy_says_so,
    &r04_a_hold_takes_an_order_back_at_once,
    &r04_one_that_runs_can_be_held,
    &r04_who_holds_it_and_until_when_is_said,
    &r04_each_fall_of_one_that_is_held_is_told_once,
    &r04_a_stop_of_one_that_is_held_is_no_surprise,
    &r04_a_paused_one_is_let_be,
    &r05_a_good_end_is_undone_by_default,
    &r05_a_job_that_ended_well_is_done,
    &r05_one_that_our_start_left_created_has_not_ended,
    &r05_a_job_that_failed_is_started,
    &r05_the_label_goes_before_the_policy,
    &r05_out_of_memory_is_said_and_counts_twice,
    &r09_the_engine_has_the_first_five_seconds,
    &r09_and_sixty_five_where_it_backs_off,
    &r09_what_the_engine_restarts_is_left_alone,
    &a_label_that_nobody_knows_is_a_warning,
};

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static const struct suite_table tables[] = {
    { &r02_one_in_any_other_state_is_not, ROWS(untouched) },
    { &r03_an_engine_with_another_clock_is_waited_for_all_the_same,
      ROWS(skew) },
    { &r03_what_fell_with_the_engine_waits_for_its_policies,
      ROWS(engine_cases) },
    { &one_that_is_exempt_is_never_started_and_that_is_said_once,
      ROWS(exempts) },
};

int main(void)
{
    return RUN_SUITE_WITH("heal down", setup, teardown, tests, tables);
}
