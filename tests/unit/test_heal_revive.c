/*
 * What comes of orders.
 */
#include "support/healbench.h"
#include "support/suite.h"

#include <stdio.h>

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define SEC         NSEC_SEC

static struct healbench *b;
static struct heal_facts *f;

static void begin(size_t n)
{
    b = healbench_new(n);
    b->quiet = true;
    f = &b->node[0].f;
}

static void setup(void)
{
    begin(1);
}

static void teardown(void)
{
    healbench_free(b);
}

/* A bench of another size. */
static void bench_of(size_t n)
{
    teardown();
    begin(n);
}

#define LOG(text) ck_assert_str_eq(healbench_log(b), text)

static const struct heal_order *order_of(unsigned node)
{
    return heal_order(b->node[node].h);
}

static int64_t ms(void)
{
    return (b->now - HEALBENCH_EPOCH) / NSEC_MSEC;
}

/* On to the next order, or that instant. */
static bool next_order(unsigned node, int64_t until)
{
    for (int64_t at = ms(); at <= until && !order_of(node); at++)
        healbench_run(b, at);
    return order_of(node);
}

static void revive(unsigned node)
{
    ck_assert(next_order(node, ms() + 3600 * 1000));
    healbench_started(b, node);
}

/* It is revived, and dies so soon after. */
static void revive_in_vain(unsigned node, int64_t lives_ms)
{
    revive(node);
    healbench_run(b, ms() + lives_ms);
    healbench_die(b, node, 1);
}

static void acting(void)
{
    healbench_run(b, 1000);
    healbench_die(b, 0, 1);
    healbench_run(b, 3000);
    ck_assert_ptr_nonnull(order_of(0));
    healbench_log(b);
}

/* -- attempts -------------------------------------------------------- */

START_TEST(r06_a_crash_loop_is_given_up_after_five_attempts)
{
    healbench_die(b, 0, 1);
    for (int i = 0; i < 5; i++)
        revive_in_vain(0, 1200);
    ck_assert(!next_order(0, ms() + 3600 * 1000));
    LOG("0.000 n0 ok > suspect tells: exited with code 1 !\n"
        "2.000 n0 suspect > acting orders 1/5: exited with code 1\n"
        "2.000 n0 acting > verifying tells 1/5: started\n"
        "3.200 n0 verifying > suspect tells 1/5: died again after 1.2 s: "
        "exited with code 1 !\n"
        "5.200 n0 suspect > acting orders 2/5: exited with code 1\n"
        "5.200 n0 acting > verifying tells 2/5: started\n"
        "6.400 n0 verifying > suspect tells 2/5: died again after 1.2 s: "
        "exited with code 1 !\n"
        "8.400 n0 suspect > waiting tells: exited with code 1; waits 0.6 s "
        "before it is started again\n"
        "9.028 n0 waiting > acting orders 3/5: exited with code 1\n"
        "9.029 n0 acting > verifying tells 3/5: started\n"
        "10.229 n0 verifying > suspect tells 3/5: died again after 1.2 s: "
        "exited with code 1 !\n"
        "12.229 n0 suspect > waiting tells: exited with code 1; waits 2.1 s "
        "before it is started again\n"
        "14.369 n0 waiting > acting orders 4/5: exited with code 1\n"
        "14.370 n0 acting > verifying tells 4/5: started\n"
        "15.570 n0 verifying > suspect tells 4/5: died again after 1.2 s: "
        "exited with code 1 !\n"
        "17.570 n0 suspect > waiting tells: exited with code 1; waits 6.8 s "
        "before it is started again\n"
        "24.359 n0 waiting > acting orders 5/5: exited with code 1\n"
        "24.360 n0 acting > verifying tells 5/5: started\n"
        "25.560 n0 verifying > suspect tells 5/5: died again after 1.2 s: "
        "exited with code 1 !\n"
        "27.560 n0 suspect > given_up tells: 5 attempts in 30 minutes, the "
        "last: died again after 1.2 s: exited with code 1 !\n");
}
END_TEST

START_TEST(r06_the_back_off_doubles_with_a_jitter_of_a_half_to_one)
{
    static const int64_t least[] = { 1, 2, 4, 8, 16, 32, 64, 128, 150, 150 };
    int64_t died_at;

    b->policy.attempts = 11;
    b->policy.breaker_down = b->policy.breaker_failures = 0;
    b->policy.window = 24 * 3600 * SEC;
    healbench_die(b, 0, 1);
    for (size_t i = 0; i < ROWS(least); i++) {
        revive_in_vain(0, 100);
        died_at = ms();
        ck_assert(next_order(0, died_at + 400 * 1000));
        ck_assert_int_ge(ms() - died_at, least[i] > 2 ? least[i] * 1000 : 2000);
        ck_assert_int_le(ms() - died_at,
                         least[i] > 1 ? 2 * least[i] * 1000 : 2000);
    }
}
END_TEST

/* What it waits beyond the two seconds in which it settles, in ms. */
static int64_t waits_after(nsec backoff)
{
    bench_of(1);
    b->policy.backoff = backoff;
    healbench_die(b, 0, 1);
    revive_in_vain(0, 1000);
    healbench_log(b);
    ck_assert(next_order(0, ms() + 9000));
    return ms() - 5000;
}

START_TEST(r06_what_is_hardly_a_wait_is_not_told)
{
    unsigned hardly = 0, waits = 0;

    for (int64_t i = 200; i < 400; i++) {
        int64_t wait = waits_after(i * 10 * NSEC_MSEC);
        bool told = strstr(healbench_log(b), "waits");

        ck_assert_int_eq(told, wait > 100);
        hardly += wait > 0 && wait < 100;
        waits += told;
    }
    ck_assert_uint_gt(hardly, 0);
    ck_assert_uint_gt(waits, 0);
}
END_TEST

static int64_t tried_again_at(unsigned node)
{
    bench_of(2);
    healbench_die(b, node, 1);
    ck_assert(next_order(node, 2000));
    healbench_result(b, node, HEAL_TIMEOUT, "");
    ck_assert(next_order(node, 4000));
    return ms();
}

START_TEST(r06_the_jitter_differs_by_container_but_not_by_run)
{
    int64_t at = tried_again_at(0);

    ck_assert_int_ne(tried_again_at(1), at);
    ck_assert_int_eq(tried_again_at(0), at);
}
END_TEST

START_TEST(r06_attempts_are_forgotten_after_ten_healthy_minutes)
{
    acting();
    healbench_started(b, 0);
    healbench_run(b, 5000);
    healbench_log(b);
    healbench_run(b, 604999);
    LOG("");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 1);
    healbench_run(b, 605000);
    LOG("605.000 n0 ok > ok tells: was well for 10 minutes, earlier attempts "
        "are forgotten\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 0);
}
END_TEST

START_TEST(r06_health_that_is_interrupted_counts_anew)
{
    acting();
    healbench_started(b, 0);
    healbench_run(b, 300000);
    healbench_die(b, 0, 1);
    healbench_run(b, 300500);
    healbench_start(b, 0);
    healbench_run(b, 900499);
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 1);
    healbench_run(b, 900500);
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 0);
}
END_TEST

START_TEST(r06_the_window_lets_attempts_go)
{
    b->policy.attempts = 1;
    b->policy.window = 60 * SEC;
    healbench_die(b, 0, 1);
    revive(0); /* at 2 s */
    healbench_run(b, 59000);
    healbench_log(b);
    healbench_die(b, 0, 1);
    healbench_run(b, 61000);
    LOG("59.000 n0 ok > suspect tells: exited with code 1 !\n"
        "61.000 n0 suspect > given_up tells: 1 attempt in 60 s, the last: "
        "exited with code 1 !\n");
    healbench_start(b, 0);
    healbench_run(b, 62000);
    healbench_die(b, 0, 1);
    ck_assert(next_order(0, 64000));
}
END_TEST

static void given_up(void)
{
    b->policy.attempts = 1;
    acting();
    healbench_result(b, 0, HEAL_TIMEOUT, "no answer in 30 s");
    LOG("3.000 n0 acting > given_up tells 1/1: 1 attempt in 30 minutes, the "
        "last: the engine did not answer: no answer in 30 s !\n");
    healbench_run(b, 20000);
}

START_TEST(r06_a_release_lets_it_try_again)
{
    given_up();
    f->released_at = b->now;
    healbench_step(b, 0);
    LOG("20.000 n0 given_up > suspect tells: exited with code 1 !\n"
        "20.000 n0 suspect > acting orders 1/1: exited with code 1\n");
}
END_TEST

START_TEST(r06_a_start_by_somebody_ends_it_but_forgets_nothing)
{
    given_up();
    healbench_start(b, 0);
    healbench_run(b, 21000);
    healbench_die(b, 0, 1);
    healbench_run(b, 40000);
    LOG("20.000 n0 given_up > ok recovers: runs again after 19000 ms\n"
        "21.000 n0 ok > suspect tells: exited with code 1 !\n"
        "23.000 n0 suspect > given_up tells: 1 attempt in 30 minutes, the "
        "last: exited with code 1 !\n");
}
END_TEST

START_TEST(r06_another_container_of_that_name_starts_afresh)
{
    given_up();
    f->id = slice_str("another");
    healbench_start(b, 0);
    healbench_run(b, 21000);
    healbench_die(b, 0, 1);
    ck_assert(next_order(0, 23000));
}
END_TEST

START_TEST(r06_out_of_memory_uses_them_up_twice_as_fast)
{
    int orders = 0;

    healbench_die(b, 0, 137);
    for (; next_order(0, ms() + 600 * 1000); orders++) {
        f->oom = true;
        healbench_started(b, 0);
        healbench_run(b, ms() + 1000);
        f->oom = true;
        healbench_die(b, 0, 137);
    }
    ck_assert_int_eq(orders, 3);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_GIVEN_UP);
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 5);
}
END_TEST

/* The numbers of its orders: "1/3 3/3 ". */
static void numbers(bool oom, char out[100])
{
    size_t n = 0;

    b->policy.attempts = 3;
    b->policy.restart_unhealthy = f->has_probe = true;
    f->oom = oom;
    healbench_die(b, 0, 1);
    for (out[0] = '\0'; next_order(0, ms() + 600 * 1000);) {
        n += (size_t)snprintf(out + n, 100 - n, "%u/%u ", order_of(0)->attempt,
                              order_of(0)->attempts);
        healbench_started(b, 0);
        f->due = true; /* and does not answer */
        healbench_step(b, 0);
    }
}

START_TEST(r06_each_attempt_has_a_higher_number)
{
    char said[100];

    numbers(false, said);
    ck_assert_str_eq(said, "1/3 2/4 3/4 4/5 5/5 6/6 ");
    bench_of(1);
    numbers(true, said);
    ck_assert_str_eq(said, "1/3 2/3 3/4 4/4 5/5 ");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 3);
}
END_TEST

/* -- the breaker, and turns ------------------------------------------ */

static void fall(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        healbench_die(b, i, 1);
}

static unsigned orders_out(void)
{
    unsigned out = 0;

    for (unsigned i = 0; i < b->n; i++)
        out += order_of(i) != NULL;
    return out;
}

START_TEST(r07_five_that_fall_within_thirty_seconds_open_it)
{
    struct heal_scope_view v;

    bench_of(16);
    b->policy.breaker_percent = 100;
    fall(0, 3);
    healbench_run(b, 2000);
    ck_assert_uint_eq(orders_out(), 1);
    bench_of(16);
    b->policy.breaker_percent = 100;
    fall(0, 4);
    healbench_run(b, 100000);
    v = heal_scope_view(b->scope);
    ck_assert(v.breaker_open && !v.half_open);
    ck_assert_int_eq(v.breaker_since, HEALBENCH_EPOCH);
    ck_assert_int_eq(v.breaker_until, healbench_at(120000));
    ck_assert_uint_eq(v.down, 5);
    ck_assert_uint_eq(v.in_scope, 16);
    ck_assert_uint_eq(orders_out(), 0);
    ck_assert_ptr_nonnull(strstr(
        healbench_log(b), "2.000 n4 suspect > waiting declines: waits for the "
                          "breaker until 22:15:20Z: 5 of 16 are down !\n"));
}
END_TEST

START_TEST(r07_to_release_all_closes_it_and_counts_no_fall_before)
{
    bench_of(16);
    fall(0, 4);
    healbench_run(b, 10000);
    ck_assert(heal_scope_view(b->scope).breaker_open);
    for (unsigned i = 0; i < b->n; i++) {
        b->node[i].f.released_at = b->node[i].f.released_all_at = b->now;
        healbench_step(b, i);
    }
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 13000);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    ck_assert_uint_eq(orders_out(), 2);
    fall(5, 8);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    fall(9, 9);
    ck_assert(heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_to_release_each_leaves_it_open)
{
    bench_of(16);
    fall(0, 4);
    healbench_run(b, 10000);
    for (unsigned i = 0; i < b->n; i++) {
        b->node[i].f.released_at = b->now;
        healbench_step(b, i);
    }
    healbench_run(b, 13000);
    ck_assert(heal_scope_view(b->scope).breaker_open);
    ck_assert_uint_eq(orders_out(), 0);
}
END_TEST

START_TEST(r07_more_than_a_share_open_it_if_they_are_three)
{
    static const struct {
        size_t all;
        unsigned down;
        bool open;
    } cases[] = { { 3, 2, false },  { 3, 3, true },  { 9, 3, true },
                  { 10, 3, false }, { 13, 4, true }, { 14, 4, false } };

    bench_of(cases[_i].all);
    fall(0, cases[_i].down - 1);
    ck_assert_int_eq(heal_scope_view(b->scope).breaker_open, cases[_i].open);
}
END_TEST

START_TEST(r07_what_fell_further_apart_does_not)
{
    bench_of(10);
    b->policy.on_stop = HEAL_RESPECT;
    fall(0, 1);
    healbench_run(b, 30000);
    fall(2, 4);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

/* Stopped gracefully, it ends its containers before it goes itself. */
START_TEST(r07_what_falls_with_the_engine_does_not_though_it_looks_so_first)
{
    bench_of(7);
    fall(0, 5);
    ck_assert(heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 1500);
    healbench_engine(b, false);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 4000);
    healbench_engine(b, true);
    healbench_run(b, 24500);
    ck_assert_uint_eq(orders_out(), 1);
}
END_TEST

START_TEST(r07_what_is_held_does_not)
{
    bench_of(9);
    b->policy.on_stop = HEAL_RESPECT;
    healbench_stop(b, 0);
    healbench_stop(b, 1);
    healbench_run(b, 10000);
    fall(2, 2);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_what_is_up_again_does_not)
{
    bench_of(10);
    fall(0, 3);
    for (unsigned i = 0; i < 4; i++)
        healbench_start(b, i);
    healbench_run(b, 1000);
    fall(4, 4);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_what_went_with_the_engine_does_not)
{
    bench_of(10);
    healbench_engine(b, false);
    fall(0, 9);
    healbench_run(b, 1000);
    healbench_engine(b, true);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 21500);
    ck_assert_uint_eq(orders_out(), 1);
}
END_TEST

START_TEST(r07_half_open_it_lets_one_go_and_closes_when_that_is_well)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 119999);
    ck_assert_uint_eq(orders_out(), 0);
    healbench_run(b, 120000);
    ck_assert_uint_eq(orders_out(), 1);
    ck_assert_ptr_nonnull(order_of(0));
    ck_assert(heal_scope_view(b->scope).half_open);
    ck_assert_int_eq(heal_scope_view(b->scope).breaker_until, 0);
    healbench_log(b);
    healbench_die(b, 3, 1);
    healbench_run(b, 122000);
    LOG("120.000 n3 ok > suspect tells: exited with code 1 !\n"
        "122.000 n3 suspect > waiting declines: waits for the breaker, which "
        "tries another first: 3 of 5 are down !\n");
    ck_assert_uint_eq(orders_out(), 1);
    healbench_started(b, 0);
    healbench_run(b, 124000);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 132000);
    ck_assert_uint_eq(orders_out(), 2);
}
END_TEST

START_TEST(r07_it_opens_again_when_that_one_fails)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 120000);
    healbench_result(b, 0, HEAL_TIMEOUT, "");
    healbench_log(b);
    ck_assert(heal_scope_view(b->scope).breaker_open);
    ck_assert(!heal_scope_view(b->scope).half_open);
    healbench_run(b, 239999);
    ck_assert_uint_eq(orders_out(), 0);
    ck_assert_ptr_nonnull(
        strstr(healbench_log(b),
               "n1 waiting > waiting declines: waits for the "
               "breaker until 22:17:20Z: its trial with id0 failed !\n"));
    healbench_run(b, 240000);
    ck_assert_uint_eq(orders_out(), 1);
}
END_TEST

START_TEST(r07_another_one_goes_when_the_one_on_trial_is_held)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 120000);
    b->node[0].f.held = true;
    healbench_step(b, 0);
    healbench_run(b, 125000);
    ck_assert_uint_eq(orders_out(), 1);
    ck_assert_ptr_nonnull(order_of(1));
}
END_TEST

START_TEST(r07_another_one_goes_when_the_one_on_trial_cannot_be_started)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 120000);
    healbench_result(b, 0, HEAL_BEING_REMOVED, "");
    b->node[0].f.status = HEAL_DEAD;
    healbench_run(b, 130000);
    ck_assert_uint_eq(orders_out(), 1);
    ck_assert_ptr_nonnull(order_of(1));
}
END_TEST

START_TEST(r07_a_trial_that_does_not_end_keeps_the_others_waiting_no_longer)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 120000);
    b->node[0].f.verify_timeout = 3600 * NSEC_SEC;
    b->node[0].f.has_probe = true;
    healbench_started(b, 0);
    healbench_run(b, 239999);
    ck_assert_uint_eq(orders_out(), 0);
    healbench_run(b, 246000);
    ck_assert_uint_eq(orders_out(), 1);
}
END_TEST

START_TEST(r07_it_closes_when_the_last_one_is_not_looked_at_any_more)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 120000);
    for (unsigned i = 1; i < 5; i++)
        healbench_start(b, i);
    healbench_result(b, 0, HEAL_BEING_REMOVED, "");
    b->node[0].f.status = HEAL_DEAD;
    ck_assert(heal_scope_view(b->scope).breaker_open);
    healbench_run(b, 125000);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_it_closes_when_nobody_waits_for_it)
{
    bench_of(5);
    fall(0, 2);
    healbench_run(b, 10000);
    healbench_start(b, 0);
    healbench_start(b, 1);
    ck_assert(heal_scope_view(b->scope).breaker_open);
    heal_leave(b->node[2].h);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_three_of_which_the_revival_failed_open_it)
{
    bench_of(10);
    b->policy.backoff = b->policy.max_backoff;
    for (unsigned i = 0; i < 3; i++) {
        healbench_run(b, 40000 * i);
        healbench_die(b, i, 1);
        ck_assert(!heal_scope_view(b->scope).breaker_open);
        ck_assert(next_order(i, ms() + 5000));
        healbench_result(b, i, HEAL_TIMEOUT, "");
    }
    ck_assert(heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_one_that_fails_again_and_again_opens_nothing)
{
    bench_of(10);
    healbench_die(b, 0, 1);
    for (int i = 0; i < 5; i++)
        revive_in_vain(0, 500);
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_a_revival_that_is_well_in_between_makes_it_count_anew)
{
    bench_of(10);
    b->policy.backoff = b->policy.max_backoff;
    for (unsigned i = 0; i < 4; i++) {
        healbench_run(b, 40000 * i);
        healbench_die(b, i, 1);
        ck_assert(next_order(i, ms() + 5000));
        if (i == 1)
            healbench_started(b, i);
        else
            healbench_result(b, i, HEAL_TIMEOUT, "");
        healbench_run(b, ms() + 2000);
    }
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_what_left_the_scope_does_not_count)
{
    bench_of(10);
    b->policy.backoff = b->policy.max_backoff;
    for (unsigned i = 0; i < 3; i++) {
        healbench_run(b, 40000 * i);
        healbench_die(b, i, 1);
        ck_assert(next_order(i, ms() + 5000));
        healbench_result(b, i, HEAL_TIMEOUT, "");
        if (i > 0)
            continue;
        b->node[i].f.in_scope = false;
        heal_leave(b->node[i].h);
    }
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r07_off_is_off)
{
    bench_of(10);
    b->policy.breaker_down = b->policy.breaker_failures = 0;
    fall(0, 9);
    healbench_run(b, 3000);
    ck_assert_uint_eq(orders_out(), 2);
}
END_TEST

START_TEST(r07_two_at_a_time_and_one_in_a_second)
{
    bench_of(4);
    b->policy.breaker_down = 0;
    fall(0, 3);
    healbench_run(b, 10000);
    LOG("0.000 n0 ok > suspect tells: exited with code 1 !\n"
        "0.000 n1 ok > suspect tells: exited with code 1 !\n"
        "0.000 n2 ok > suspect tells: exited with code 1 !\n"
        "0.000 n3 ok > suspect tells: exited with code 1 !\n"
        "2.000 n0 suspect > acting orders 1/5: exited with code 1\n"
        "2.000 n1 suspect > waiting declines: waits for its turn: others are "
        "being started\n"
        "2.000 n2 suspect > waiting declines: waits for its turn: others are "
        "being started\n"
        "2.000 n3 suspect > waiting declines: waits for its turn: others are "
        "being started\n"
        "3.000 n1 waiting > acting orders 1/5: exited with code 1\n");
    healbench_started(b, 0);
    healbench_run(b, 11000);
    ck_assert_uint_eq(orders_out(), 2);
}
END_TEST

START_TEST(r07_what_it_waits_for_is_told_in_each_outage)
{
    bench_of(3);
    b->policy.breaker_down = 0;
    for (int i = 0; i < 2; i++) {
        fall(0, 1);
        healbench_run(b, ms() + 2000);
        ck_assert_ptr_nonnull(strstr(healbench_log(b),
                                     "n1 suspect > waiting declines: waits for "
                                     "its turn: others are being started\n"));
        healbench_start(b, 0);
        healbench_start(b, 1);
        healbench_run(b, ms() + 700000);
    }
}
END_TEST

/* -- what the engine says -------------------------------------------- */

static const struct result_case {
    enum heal_result result;
    const char *message, *log;
} result_cases[] = {
    { HEAL_STARTED, "", "verifying tells 1/5: started\n" },
    { HEAL_RUNS, "", "verifying tells 1/5: runs already\n" },
    { HEAL_CHANGED, "it is running",
      "waiting tells 1/5: nothing was done, it is not as it was: it is running "
      "!\n" },
    { HEAL_NOT_THERE, "No such container: id0",
      "missing tells 1/5: the engine does not know it: No such container: id0 "
      "!\n" },
    { HEAL_NETWORK, "network c0a4 not found",
      "blocked tells 1/5: its network is gone: network c0a4 not found !\n" },
    { HEAL_PORT, "Bind for 0.0.0.0:18080 failed: port is already allocated",
      "blocked tells 1/5: port 18080 is taken: Bind for 0.0.0.0:18080 failed: "
      "port is already allocated !\n" },
    { HEAL_PORT, "port is already allocated",
      "blocked tells 1/5: its port is taken: port is already allocated !\n" },
    { HEAL_WAS_PAUSED, "cannot start a paused container",
      "held tells 1/5: it is paused: cannot start a paused container !\n" },
    { HEAL_BEING_REMOVED, "", "blocked tells 1/5: it is being removed !\n" },
    { HEAL_CONFIG, "no such file or directory",
      "given_up tells 1/5: no attempt can help: no such file or directory "
      "!\n" },
    { HEAL_DENIED, "", "waiting tells 1/5: the engine denies it to act !\n" },
    { HEAL_REFUSED, "disk\x01on\nfire.\n",
      "waiting tells 1/5: the engine refuses: disk on fire !\n" },
    { HEAL_TIMEOUT, "", "waiting tells 1/5: the engine did not answer !\n" },
    { HEAL_UNREACHABLE, "",
      "waiting tells 1/5: the engine is not reachable !\n" },
    { HEAL_DRY_RUN, "",
      "blocked tells 1/5: dry run: it would have been started\n" },
};

START_TEST(r10_each_answer_of_the_engine_has_its_consequence)
{
    const struct result_case *c = &result_cases[_i];
    char want[400];

    acting();
    healbench_result(b, 0, c->result, c->message);
    snprintf(want, sizeof(want), "3.000 n0 acting > %s", c->log);
    LOG(want);
    ck_assert_ptr_null(order_of(0));
}
END_TEST

START_TEST(r10_no_answer_within_a_minute_is_a_failure)
{
    acting();
    healbench_run(b, 62999);
    LOG("");
    healbench_run(b, 63000);
    LOG("63.000 n0 acting > waiting tells 1/5: no answer from the engine !\n");
}
END_TEST

START_TEST(r10_one_that_is_seen_to_run_needs_no_answer)
{
    acting();
    healbench_run(b, 4000);
    healbench_start(b, 0);
    healbench_run(b, 11000);
    LOG("8.000 n0 acting > verifying tells 1/5: runs again; what the engine "
        "answered is not known\n"
        "10.000 n0 verifying > ok recovers 1/5: runs after 9000 ms\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).revived, 1);
}
END_TEST

START_TEST(r10_an_answer_may_come_after_the_start_is_seen)
{
    acting();
    healbench_run(b, 20000);
    healbench_start(b, 0);
    healbench_run(b, 20999);
    LOG("");
    healbench_result(b, 0, HEAL_STARTED, "");
    LOG("20.999 n0 acting > verifying tells 1/5: started\n");
}
END_TEST

START_TEST(r10_one_that_fell_again_needs_no_answer_either)
{
    acting();
    healbench_run(b, 4000);
    healbench_start(b, 0);
    healbench_run(b, 5000);
    healbench_die(b, 0, 1);
    healbench_run(b, 8000);
    LOG("8.000 n0 acting > verifying tells 1/5: has run again; what the engine "
        "answered is not known\n"
        "8.000 n0 verifying > suspect tells 1/5: died again after 1 s: exited "
        "with code 1 !\n"
        "8.000 n0 suspect > waiting tells: exited with code 1; waits 1.8 s "
        "before it is started again\n");
}
END_TEST

START_TEST(r10_the_result_of_another_order_means_nothing)
{
    acting();
    f->result_order = slice_str("g/r/n0/start/2023-11-14T22:13:20Z/1");
    f->result = HEAL_STARTED;
    healbench_step(b, 0);
    LOG("");
    ck_assert_ptr_nonnull(order_of(0));
}
END_TEST

START_TEST(r10_an_order_names_what_was_seen)
{
    char id[HEAL_ID_MAX];
    const struct heal_order *o;

    acting();
    o = order_of(0);
    heal_order_id(o, id);
    ck_assert_str_eq(id, "start/2023-11-14T22:13:23.000000000Z/1");
    assert_slice(o->container, "id0");
    assert_slice(o->reason, "exited with code 1");
    ck_assert_int_eq(o->status, HEAL_EXITED);
    ck_assert_int_eq(o->started_at, f->started_at);
    ck_assert_int_eq(o->finished_at, healbench_at(1000));
}
END_TEST

START_TEST(r10_a_blocked_one_is_tried_again_after_the_longest_back_off)
{
    acting();
    healbench_result(b, 0, HEAL_PORT, "");
    ck_assert(!next_order(0, 302999));
    ck_assert(next_order(0, 303000));
}
END_TEST

START_TEST(r10_what_is_denied_waits_for_another_connection)
{
    acting();
    healbench_result(b, 0, HEAL_DENIED, "");
    f->act_denied = true;
    healbench_step(b, 0);
    healbench_log(b);
    healbench_run(b, 3600000);
    LOG("8.000 n0 waiting > waiting declines: observes only: the engine denies "
        "it to act !\n");
    f->act_denied = false;
    healbench_step(b, 0);
    ck_assert_ptr_nonnull(order_of(0));
}
END_TEST

static const struct unsent_case {
    enum heal_result result;
    const char *reason;
} unsent_cases[] = {
    { HEAL_UNREACHABLE, "the engine is not reachable" },
    { HEAL_DENIED, "the engine denies it to act" },
    { HEAL_CHANGED, "nothing was done, it is not as it was" },
};

START_TEST(r10_what_was_not_sent_is_tried_again_and_costs_nothing)
{
    static const int64_t after[] = { 5, 10, 20, 40, 60, 60, 60 };
    const struct unsent_case *c = &unsent_cases[_i];
    int64_t at = 3000;
    char want[200];

    acting();
    for (size_t i = 0; i < ROWS(after); i++) {
        healbench_result(b, 0, c->result, "");
        ck_assert_int_eq(healbench_state(b, 0), HEAL_WAITING);
        assert_slice(heal_view(b->node[0].h).reason, c->reason);
        ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 0);
        ck_assert_uint_eq(heal_view(b->node[0].h).failed, 0);
        at += after[i] * 1000;
        ck_assert(next_order(0, at));
        ck_assert_int_eq(ms(), at);
    }
    snprintf(want, sizeof(want), "3.000 n0 acting > waiting tells 1/5: %s !\n",
             c->reason);
    LOG(want);
    healbench_started(b, 0);
    LOG("258.000 n0 acting > verifying tells 1/5: started\n");
}
END_TEST

START_TEST(r10_another_reason_not_to_be_sent_is_told_once)
{
    acting();
    healbench_result(b, 0, HEAL_UNREACHABLE, "");
    for (int i = 0; i < 3; i++) {
        ck_assert(next_order(0, 600000));
        healbench_result(b, 0, HEAL_CHANGED, "");
    }
    LOG("3.000 n0 acting > waiting tells 1/5: the engine is not reachable !\n"
        "8.000 n0 acting > waiting tells 1/5: nothing was done, it is not as "
        "it was !\n");
}
END_TEST

START_TEST(r10_what_was_not_sent_opens_no_breaker)
{
    bench_of(10);
    for (unsigned i = 0; i < 10; i++) {
        healbench_run(b, 40000 * i);
        healbench_die(b, i, 1);
        ck_assert(next_order(i, ms() + 9000));
        healbench_result(b, i, HEAL_UNREACHABLE, "");
        healbench_start(b, i);
    }
    ck_assert(!heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r10_an_engine_that_is_away_is_told_once)
{
    acting();
    healbench_result(b, 0, HEAL_UNREACHABLE, "");
    healbench_engine(b, false);
    healbench_run(b, 600000);
    LOG("3.000 n0 acting > waiting tells 1/5: the engine is not reachable "
        "!\n");
    healbench_engine(b, true);
    ck_assert(next_order(0, 620000));
    LOG("");
}
END_TEST

static void rehearse(void)
{
    f->dry_run = true;
    acting();
    healbench_result(b, 0, HEAL_DRY_RUN, "");
    LOG("3.000 n0 acting > blocked tells 1/5: dry run: it would have been "
        "started\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 0);
    healbench_run(b, 3600000);
    LOG("");
}

START_TEST(r10_a_dry_run_says_once_what_would_be_done)
{
    rehearse();
    ck_assert_uint_eq(heal_view(b->node[0].h).failed, 0);
    healbench_start(b, 0);
    healbench_run(b, 3601000);
    healbench_die(b, 0, 1);
    ck_assert(next_order(0, 3603000));
    healbench_log(b);
    healbench_result(b, 0, HEAL_DRY_RUN, "");
    f->released_at = b->now;
    healbench_step(b, 0);
    ck_assert(next_order(0, 3604000));
}
END_TEST

START_TEST(r10_when_a_dry_run_is_over_it_is_really_done)
{
    rehearse();
    f->dry_run = false;
    healbench_step(b, 0);
    LOG("3600.000 n0 blocked > suspect tells: exited with code 1\n"
        "3600.000 n0 suspect > acting orders 1/5: exited with code 1\n");
}
END_TEST

START_TEST(r10_also_when_it_is_over_before_the_result_is_in)
{
    f->dry_run = true;
    acting();
    f->dry_run = false;
    healbench_result(b, 0, HEAL_DRY_RUN, "");
    ck_assert(next_order(0, 4000));
}
END_TEST

START_TEST(r10_a_dry_run_that_nobody_tells_of_is_not_over)
{
    acting();
    healbench_result(b, 0, HEAL_DRY_RUN, "");
    healbench_run(b, 3600000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_BLOCKED);
    f->dry_run = true;
    healbench_step(b, 0);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_BLOCKED);
    f->dry_run = false;
    healbench_step(b, 0);
    ck_assert_ptr_nonnull(order_of(0));
}
END_TEST

/* -- verifying ------------------------------------------------------- */

START_TEST(r11_without_a_probe_it_has_to_stay_up)
{
    acting();
    healbench_started(b, 0);
    healbench_run(b, 5000);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "5.000 n0 verifying > ok recovers 1/5: runs after 4000 ms\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).revived, 1);
}
END_TEST

START_TEST(r11_the_result_may_come_before_the_facts)
{
    acting();
    healbench_result(b, 0, HEAL_STARTED, "");
    healbench_run(b, 3400);
    healbench_start(b, 0);
    healbench_run(b, 5400);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "5.400 n0 verifying > ok recovers 1/5: runs after 4400 ms\n");
}
END_TEST

static void probed(bool ok, int64_t at_ms)
{
    f->probe_ok = ok;
    f->probe_at = healbench_at(at_ms);
    healbench_step(b, 0);
}

START_TEST(r11_with_a_probe_it_has_to_answer)
{
    f->has_probe = f->probe_ok = true;
    f->probe_at = healbench_at(900);
    acting();
    healbench_started(b, 0);
    healbench_run(b, 8000);
    probed(false, 8000);
    healbench_run(b, 13000);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n");
    probed(true, 13000);
    LOG("13.000 n0 verifying > ok recovers 1/5: runs and answers after 12000 "
        "ms\n");
}
END_TEST

START_TEST(r11_an_answer_counts_by_whatever_clock_the_engine_has)
{
    f->has_probe = true;
    acting();
    healbench_started(b, 0);
    f->started_at += _i * 3600 * SEC;
    healbench_step(b, 0);
    healbench_run(b, 6000);
    probed(true, 6000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_OK);
}
END_TEST

START_TEST(r11_an_answer_of_the_life_before_does_not_count)
{
    b->policy.restart_unhealthy = true;
    f->due = f->has_probe = true;
    healbench_step(b, 0);
    ck_assert_int_eq(order_of(0)->act, HEAL_RESTART);
    healbench_run(b, 100);
    probed(true, 100); /* so it was only slow */
    healbench_run(b, 200);
    healbench_started(b, 0);
    healbench_run(b, 10000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_VERIFYING);
}
END_TEST

START_TEST(r11_an_early_answer_counts_when_it_has_stayed_up)
{
    f->has_probe = true;
    acting();
    healbench_started(b, 0);
    healbench_run(b, 4000);
    probed(true, 4000);
    healbench_log(b);
    healbench_run(b, 5000);
    LOG("5.000 n0 verifying > ok recovers 1/5: runs and answers after 4000 "
        "ms\n");
}
END_TEST

START_TEST(r11_one_that_does_not_answer_is_frozen_and_counts_a_half)
{
    f->has_probe = true;
    acting();
    healbench_started(b, 0);
    healbench_run(b, 60000);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "33.000 n0 verifying > frozen tells 1/5: runs, but did not answer "
        "within 30 s !\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 1);
    probed(true, 60000);
    LOG("60.000 n0 frozen > ok recovers: answers again after 59000 ms\n");
}
END_TEST

START_TEST(r11_the_label_says_how_long_it_may_take)
{
    f->has_probe = true;
    f->verify_timeout = 5 * SEC;
    acting();
    healbench_started(b, 0);
    healbench_run(b, 8000);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_FROZEN);
}
END_TEST

START_TEST(r11_one_that_dies_again_counts)
{
    acting();
    healbench_started(b, 0);
    healbench_run(b, 4200);
    healbench_die(b, 0, 137);
    healbench_run(b, 6200);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "4.200 n0 verifying > suspect tells 1/5: died again after 1.2 s: "
        "exited with code 137 !\n"
        "6.200 n0 suspect > acting orders 2/5: exited with code 137\n");
    ck_assert_uint_eq(heal_view(b->node[0].h).failed, 1);
}
END_TEST

START_TEST(r11_one_that_goes_with_the_engine_has_not_failed)
{
    acting();
    healbench_started(b, 0);
    healbench_run(b, 3500);
    healbench_engine(b, false);
    healbench_run(b, 4000);
    healbench_die(b, 0, 255);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_SUSPECT);
    ck_assert_uint_eq(heal_view(b->node[0].h).failed, 0);
}
END_TEST

START_TEST(r11_one_that_is_not_seen_to_run_has_failed)
{
    acting();
    healbench_result(b, 0, HEAL_STARTED, "");
    healbench_run(b, 33000);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "33.000 n0 verifying > waiting tells 1/5: was started, but is not seen "
        "to run !\n");
}
END_TEST

START_TEST(r11_nothing_is_verified_while_the_engine_is_away)
{
    acting();
    healbench_started(b, 0);
    healbench_engine(b, false);
    healbench_log(b);
    healbench_run(b, 50000);
    LOG("");
    healbench_engine(b, true);
    healbench_run(b, 51999);
    LOG("");
    healbench_run(b, 52000);
    LOG("52.000 n0 verifying > ok recovers 1/5: runs after 51000 ms\n");
}
END_TEST

/* -- frozen ---------------------------------------------------------- */

static void freeze(void)
{
    healbench_run(b, 1000);
    f->due = f->has_probe = f->probe_down = true;
    healbench_step(b, 0);
}

START_TEST(r13_a_frozen_one_is_only_told)
{
    freeze();
    healbench_run(b, 3600000);
    f->due = f->probe_down = false;
    probed(true, 3600000);
    LOG("1.000 n0 ok > frozen tells: runs, but does not answer !\n"
        "3600.000 n0 frozen > ok recovers: answers again after 3599000 ms\n");
}
END_TEST

START_TEST(r13_what_the_probe_says_is_said)
{
    f->probe_error = slice_str("it answers 404, not 200 to 299");
    freeze();
    LOG("1.000 n0 ok > frozen tells: runs, but does not answer: it answers "
        "404, not 200 to 299 !\n");
    f->due = false;
    healbench_start(b, 0);
    probed(true, 1001);
    f->probe_ok = false;
    acting();
    healbench_started(b, 0);
    f->probe_error = slice_str("no connection: Connection refused");
    healbench_run(b, 60000);
    LOG("3.000 n0 acting > verifying tells 1/5: started\n"
        "33.000 n0 verifying > frozen tells 1/5: runs, but did not answer "
        "within 30 s: no connection: Connection refused !\n");
}
END_TEST

START_TEST(r13_or_restarted_where_the_policy_says_so)
{
    b->policy.restart_unhealthy = true;
    freeze();
    ck_assert_int_eq(order_of(0)->act, HEAL_RESTART);
    ck_assert_int_eq(order_of(0)->status, HEAL_RUNNING);
    healbench_run(b, 1100);
    f->kill_at = f->stop_at = b->now;
    f->kill_signal = 15;
    healbench_die(b, 0, 143);
    healbench_run(b, 1500);
    healbench_started(b, 0);
    healbench_run(b, 4000);
    probed(true, 4000);
    LOG("1.000 n0 ok > frozen tells: runs, but does not answer !\n"
        "1.000 n0 frozen > acting orders 1/5: runs, but does not answer\n"
        "1.500 n0 acting > verifying tells 1/5: started\n"
        "4.000 n0 verifying > ok recovers 1/5: runs and answers after 3000 "
        "ms\n");
}
END_TEST

START_TEST(r13_what_our_own_restart_stopped_was_no_person)
{
    b->policy.restart_unhealthy = true;
    b->policy.on_stop = HEAL_RESPECT;
    freeze();
    f->kill_at = f->stop_at = b->now;
    f->kill_signal = 15;
    healbench_die(b, 0, 143);
    healbench_result(b, 0, HEAL_REFUSED, "");
    healbench_run(b, 6000);
    ck_assert_int_eq(order_of(0)->act, HEAL_START);
}
END_TEST

START_TEST(r13_a_stop_that_is_under_way_is_not_interfered_with)
{
    b->policy.restart_unhealthy = true;
    healbench_run(b, 500);
    f->kill_at = b->now; /* docker stop, and it ignores SIGTERM */
    f->kill_signal = 15;
    healbench_step(b, 0);
    freeze();
    ck_assert(!next_order(0, 10500));
    healbench_die(b, 0, 137);
    f->stop_at = b->now;
    healbench_step(b, 0);
    ck_assert(heal_view(b->node[0].h).by_person);
}
END_TEST

START_TEST(r13_the_breaker_counts_what_is_to_be_restarted)
{
    bench_of(5);
    b->policy.restart_unhealthy = true;
    healbench_engine(b, false);
    fall(0, 2);
    healbench_engine(b, true);
    for (unsigned i = 0; i < 3; i++)
        healbench_start(b, i);
    healbench_run(b, 60000);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(!heal_scope_view(b->scope).breaker_open);
        b->node[i].f.due = true;
        healbench_step(b, i);
    }
    ck_assert(heal_scope_view(b->scope).breaker_open);
}
END_TEST

START_TEST(r11_two_halves_are_one)
{
    f->has_probe = true;
    for (int i = 0; i < 2; i++) {
        healbench_run(b, ms() + 1000);
        healbench_die(b, 0, 1);
        revive(0);
        healbench_run(b, ms() + 30000);
        ck_assert_int_eq(healbench_state(b, 0), HEAL_FROZEN);
    }
    ck_assert_uint_eq(heal_view(b->node[0].h).attempts, 1);
}
END_TEST

START_TEST(r13_restarts_are_bounded_like_starts)
{
    int orders = 0;

    b->policy.restart_unhealthy = true;
    freeze();
    for (; next_order(0, ms() + 900 * 1000); orders++)
        healbench_result(b, 0, HEAL_TIMEOUT, "");
    ck_assert_int_eq(orders, 5);
    ck_assert_int_eq(healbench_state(b, 0), HEAL_GIVEN_UP);
}
END_TEST

START_TEST(r13_a_dry_run_restarts_nothing_until_it_is_over)
{
    f->dry_run = b->policy.restart_unhealthy = true;
    freeze();
    healbench_log(b);
    healbench_result(b, 0, HEAL_DRY_RUN, "");
    healbench_run(b, 3600000);
    LOG("1.000 n0 acting > frozen tells 1/5: dry run: it would have been "
        "restarted\n");
    f->dry_run = false;
    healbench_step(b, 0);
    ck_assert_int_eq(order_of(0)->act, HEAL_RESTART);
}
END_TEST

static const TTest **const tests[] = {
    &r06_a_crash_loop_is_given_up_after_five_attempts,
    &r06_the_back_off_doubles_with_a_jitter_of_a_half_to_one,
    &r06_what_is_hardly_a_wait_is_not_told,
    &r06_the_jitter_differs_by_container_but_not_by_run,
    &r06_attempts_are_forgotten_after_ten_healthy_minutes,
    &r06_health_that_is_interrupted_counts_anew,
    &r06_the_window_lets_attempts_go,
    &r06_a_release_lets_it_try_again,
    &r06_a_start_by_somebody_ends_it_but_forgets_nothing,
    &r06_another_container_of_that_name_starts_afresh,
    &r06_out_of_memory_uses_them_up_twice_as_fast,
    &r06_each_attempt_has_a_higher_number,
    &r07_five_that_fall_within_thirty_seconds_open_it,
    &r07_to_release_all_closes_it_and_counts_no_fall_before,
    &r07_to_release_each_leaves_it_open,
    &r07_what_fell_further_apart_does_not,
    &r07_what_falls_with_the_engine_does_not_though_it_looks_so_first,
    &r07_what_is_held_does_not,
    &r07_what_is_up_again_does_not,
    &r07_what_went_with_the_engine_does_not,
    &r07_half_open_it_lets_one_go_and_closes_when_that_is_well,
    &r07_it_opens_again_when_that_one_fails,
    &r07_another_one_goes_when_the_one_on_trial_is_held,
    &r07_another_one_goes_when_the_one_on_trial_cannot_be_started,
    &r07_a_trial_that_does_not_end_keeps_the_others_waiting_no_longer,
    &r07_it_closes_when_the_last_one_is_not_looked_at_any_more,
    &r07_it_closes_when_nobody_waits_for_it,
    &r07_three_of_which_the_revival_failed_open_it,
    &r07_one_that_fails_again_and_again_opens_nothing,
    &r07_a_revival_that_is_well_in_between_makes_it_count_anew,
    &r07_what_left_the_scope_does_not_count,
    &r07_what_it_waits_for_is_told_in_each_outage,
    &r07_off_is_off,
    &r07_two_at_a_time_and_one_in_a_second,
    &r10_no_answer_within_a_minute_is_a_failure,
    &r10_one_that_is_seen_to_run_needs_no_answer,
    &r10_an_answer_may_come_after_the_start_is_seen,
    &r10_one_that_fell_again_needs_no_answer_either,
    &r10_the_result_of_another_order_means_nothing,
    &r10_an_order_names_what_was_seen,
    &r10_a_blocked_one_is_tried_again_after_the_longest_back_off,
    &r10_what_is_denied_waits_for_another_connection,
    &r10_another_reason_not_to_be_sent_is_told_once,
    &r10_what_was_not_sent_opens_no_breaker,
    &r10_an_engine_that_is_away_is_told_once,
    &r10_a_dry_run_says_once_what_would_be_done,
    &r10_when_a_dry_run_is_over_it_is_really_done,
    &r10_also_when_it_is_over_before_the_result_is_in,
    &r10_a_dry_run_that_nobody_tells_of_is_not_over,
    &r13_a_dry_run_restarts_nothing_until_it_is_over,
    &r11_without_a_probe_it_has_to_stay_up,
    &r11_the_result_may_come_before_the_facts,
    &r11_with_a_probe_it_has_to_answer,
    &r11_an_answer_of_the_life_before_does_not_count,
    &r11_an_early_answer_counts_when_it_has_stayed_up,
    &r11_one_that_does_not_answer_is_frozen_and_counts_a_half,
    &r11_the_label_says_how_long_it_may_take,
    &r11_one_that_dies_again_counts,
    &r11_one_that_goes_with_the_engine_has_not_failed,
    &r11_one_that_is_not_seen_to_run_has_failed,
    &r11_nothing_is_verified_while_the_engine_is_away,
    &r13_a_frozen_one_is_only_told,
    &r13_what_the_probe_says_is_said,
    &r13_or_restarted_where_the_policy_says_so,
    &r13_what_our_own_restart_stopped_was_no_person,
    &r13_a_stop_that_is_under_way_is_not_interfered_with,
    &r11_two_halves_are_one,
    &r13_the_breaker_counts_what_is_to_be_restarted,
    &r13_restarts_are_bounded_like_starts,
};

static const struct suite_table tables[] = {
    { &r07_more_than_a_share_open_it_if_they_are_three, 6 },
    { &r11_an_answer_counts_by_whatever_clock_the_engine_has, 2 },
    { &r10_what_was_not_sent_is_tried_again_and_costs_nothing,
      ROWS(unsent_cases) },
    { &r10_each_answer_of_the_engine_has_its_consequence, ROWS(result_cases) },
};

int main(void)
{
    return RUN_SUITE_WITH("heal revive", setup, teardown, tests, tables);
}
