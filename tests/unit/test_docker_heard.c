#include "docker/heard.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>

#define SEC   NSEC_SEC
#define START (2000000000 * SEC) /* of this process, by the wall clock */

static struct heard h;

static bool hear(nsec at, const char *id)
{
    nsec wall = at > START + 100 * SEC ? START + 100 * SEC : at;

    return heard_add(&h, at, slice_str(id), wall > START ? wall : START);
}

static void set_up(void)
{
    h = (struct heard){ 0 };
}

START_TEST(the_first_process_ever_hears_what_happens_from_now_on)
{
    heard_begin(&h, 0, START);
    ck_assert_int_eq(heard_since(&h), START);
    ck_assert(hear(START + SEC, "a"));
    ck_assert_int_eq(heard_since(&h), START);
    ck_assert(hear(START + 10 * SEC, "b"));
    ck_assert_int_eq(heard_since(&h), START + 8 * SEC);
    ck_assert(!heard_before(&h, START - 1));
}
END_TEST

START_TEST(an_engine_whose_clock_is_behind_loses_nothing)
{
    heard_begin(&h, 0, START);
    ck_assert(hear(START - 60 * SEC, "a"));
    ck_assert_int_eq(heard_since(&h), START - 62 * SEC);
}
END_TEST

START_TEST(the_next_process_begins_a_little_before_the_last_event)
{
    heard_begin(&h, START - 60 * SEC, START);
    ck_assert_int_eq(heard_since(&h), START - 62 * SEC);
    ck_assert(heard_before(&h, START - 62 * SEC));
    ck_assert(heard_before(&h, START - 1));
    ck_assert(!heard_before(&h, START));
    /* Not asked for: the clock was set back. */
    ck_assert(!heard_before(&h, START - 3600 * SEC));
}
END_TEST

START_TEST(what_is_told_twice_is_known)
{
    heard_begin(&h, 0, START);
    ck_assert(hear(START + SEC, "a"));
    ck_assert(hear(START + SEC, "b"));
    ck_assert(!hear(START + SEC, "a"));
    ck_assert(!hear(START + SEC, "b"));
}
END_TEST

START_TEST(more_are_known_than_the_engine_remembers)
{
    char id[16];

    heard_begin(&h, 0, START);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert(hear(START + i, id));
    }
    for (int i = 5000 - 256; i < 5000; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert(!hear(START + i, id));
    }
}
END_TEST

START_TEST(an_event_far_ahead_is_no_place_to_go_on)
{
    heard_begin(&h, 0, START);
    ck_assert(hear(START + 3600 * SEC, "a"));
    ck_assert_int_eq(heard_since(&h), START + 98 * SEC);
    ck_assert(hear(START + 50 * SEC, "b"));
    ck_assert_int_eq(heard_since(&h), START + 48 * SEC);
}
END_TEST

START_TEST(an_engine_that_tells_the_last_event_again_was_not_started_anew)
{
    heard_begin(&h, START - 60 * SEC, START);
    ck_assert(hear(START - 61 * SEC, "a"));
    ck_assert(!h.anchored);
    ck_assert(hear(START - 60 * SEC, "b"));
    ck_assert(h.anchored);
}
END_TEST

static const TTest **const tests[] = {
    &the_first_process_ever_hears_what_happens_from_now_on,
    &an_engine_whose_clock_is_behind_loses_nothing,
    &the_next_process_begins_a_little_before_the_last_event,
    &what_is_told_twice_is_known,
    &more_are_known_than_the_engine_remembers,
    &an_event_far_ahead_is_no_place_to_go_on,
    &an_engine_that_tells_the_last_event_again_was_not_started_anew,
};

int main(void)
{
    return run_suite(&(struct suite_plan){ "docker_heard", set_up, NULL, tests,
                                           sizeof(tests) / sizeof(*tests), NULL,
                                           0 });
}
