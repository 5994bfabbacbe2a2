#include "docker/follow.h"
#include "docker/seen.h"
#include "docker/select.h"

#include <check.h>
#include <stdlib.h>

#define SEC  NSEC_SEC
#define KEEP 16

/* Judges a line as the follower does and keeps it if it is new. */
static enum seen_verdict take(struct seen *s, nsec ts, uint64_t hash,
                              bool coarse)
{
    const struct seen_line line = { ts, coarse, hash };
    enum seen_verdict v = seen_judge(s, &line, false);

    if (v != SEEN_OLD)
        seen_add(s, &line, v, KEEP);
    return v;
}

START_TEST(a_resumed_stream_repeats_its_last_line)
{
    struct seen s = { 0 };

    ck_assert_int_eq(take(&s, 100 * SEC, 1, false), SEEN_NEW);
    ck_assert_int_eq(take(&s, 101 * SEC, 2, false), SEEN_NEW);
    seen_resume(&s, 101 * SEC);
    ck_assert_int_eq(take(&s, 101 * SEC, 2, false), SEEN_OLD);
    ck_assert_int_eq(take(&s, 102 * SEC, 2, false), SEEN_NEW);
    seen_release(&s);
}
END_TEST

START_TEST(a_cursor_from_the_journal_knows_its_last_line)
{
    struct cursor cursor = { .ts = 100 * SEC, .hash = { 7 }, .nhash = 1 };
    struct seen s = { 0 };

    seen_load(&s, &cursor);
    seen_resume(&s, 98 * SEC);
    ck_assert_int_eq(take(&s, 99 * SEC, 5, false), SEEN_OLD);
    ck_assert_int_eq(take(&s, 100 * SEC, 7, false), SEEN_OLD);
    ck_assert_int_eq(take(&s, 100 * SEC, 8, false), SEEN_NEW);
    seen_release(&s);
}
END_TEST

START_TEST(a_cursor_from_the_journal_still_knows_it_when_read_again)
{
    struct cursor cursor = { .ts = 100 * SEC, .hash = { 7 }, .nhash = 1 };
    struct seen s = { 0 };

    seen_load(&s, &cursor);
    seen_resume(&s, 100 * SEC);
    ck_assert_int_eq(take(&s, 100 * SEC, 7, false), SEEN_OLD);
    seen_resume(&s, 100 * SEC);
    ck_assert_int_eq(take(&s, 100 * SEC, 7, false), SEEN_OLD);
    ck_assert_int_eq(take(&s, 101 * SEC, 9, false), SEEN_NEW);
    seen_resume(&s, 100 * SEC);
    ck_assert_int_eq(take(&s, 100 * SEC, 7, false), SEEN_OLD);
    seen_release(&s);
}
END_TEST

START_TEST(a_rotated_file_that_is_read_twice_gives_nothing_new)
{
    struct seen s = { 0 };

    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_int_eq(take(&s, (nsec)i * SEC, i, false), SEEN_NEW);
    for (uint64_t i = 60; i <= 100; i++)
        ck_assert_int_eq(take(&s, (nsec)i * SEC, i, false), SEEN_OLD);
    ck_assert_int_eq(take(&s, 101 * SEC, 101, false), SEEN_NEW);
    seen_release(&s);
}
END_TEST

START_TEST(a_line_that_was_skipped_is_new_though_it_is_late)
{
    struct seen s = { 0 };

    take(&s, 100 * SEC, 1, false);
    take(&s, 103 * SEC, 3, false);
    ck_assert_int_eq(take(&s, 102 * SEC, 2, false), SEEN_NEW);
    ck_assert_int_eq(take(&s, 102 * SEC, 2, false), SEEN_OLD);
    ck_assert_int_eq(s.last, 103 * SEC);
    seen_release(&s);
}
END_TEST

START_TEST(a_clock_that_is_set_back_loses_no_line)
{
    struct seen s = { 0 };

    take(&s, 4000 * SEC, 1, false);
    take(&s, 4001 * SEC, 2, false);
    ck_assert_int_eq(take(&s, 400 * SEC, 3, false), SEEN_STEP);
    ck_assert_int_eq(take(&s, 401 * SEC, 4, false), SEEN_NEW);
    ck_assert_int_eq(take(&s, 401 * SEC, 4, false), SEEN_OLD);
    seen_release(&s);
}
END_TEST

START_TEST(equal_lines_of_one_second_all_count)
{
    struct seen s = { 0 };

    ck_assert_int_eq(take(&s, 100 * SEC, 1, true), SEEN_NEW);
    ck_assert_int_eq(take(&s, 100 * SEC, 1, true), SEEN_NEW);
    ck_assert_int_eq(take(&s, 100 * SEC, 2, true), SEEN_NEW);
    seen_resume(&s, 100 * SEC);
    ck_assert_int_eq(take(&s, 100 * SEC, 1, true), SEEN_OLD);
    ck_assert_int_eq(take(&s, 100 * SEC, 1, true), SEEN_OLD);
    ck_assert_int_eq(take(&s, 100 * SEC, 2, true), SEEN_OLD);
    ck_assert_int_eq(take(&s, 100 * SEC, 1, true), SEEN_NEW);
    seen_release(&s);
}
END_TEST

START_TEST(a_line_that_was_too_long_is_declared_once)
{
    struct seen s = { 0 };

    ck_assert(seen_too_long(&s, 100 * SEC));
    seen_resume(&s, 100 * SEC);
    ck_assert(!seen_too_long(&s, 100 * SEC));
    ck_assert_int_eq(take(&s, 100 * SEC, 9, false), SEEN_OLD);
    seen_release(&s);
}
END_TEST

START_TEST(no_cell_of_the_table_is_empty)
{
    for (int state = 0; state < FOLLOW_STATES; state++) {
        ck_assert_str_ne(follow_state_name((enum follow_state)state), "");
        for (int event = 0; event < FOLLOW_EVENTS; event++)
            ck_assert_int_ne(follow_table[state][event], NOT_DECIDED);
    }
}
END_TEST

START_TEST(every_end_of_a_stream_has_one_successor)
{
    static const enum follow_event ends[] = { FOLLOW_CLEAN, FOLLOW_CUT,
                                              FOLLOW_REFUSED, FOLLOW_MUTE,
                                              FOLLOW_FAILED };
    static const enum follow_state reading[] = { FOLLOW_OPENING, FOLLOW_REPLAY,
                                                 FOLLOW_LIVE, FOLLOW_DRAIN };

    for (size_t s = 0; s < sizeof(reading) / sizeof(*reading); s++) {
        for (size_t e = 0; e < sizeof(ends) / sizeof(*ends); e++)
            ck_assert_int_ne(follow_table[reading[s]][ends[e]], DO_NOTHING);
    }
}
END_TEST

START_TEST(no_end_is_opened_again_at_once)
{
    for (int state = FOLLOW_OPENING; state <= FOLLOW_DRAIN; state++) {
        for (int event = 0; event < FOLLOW_EVENTS; event++)
            ck_assert_int_ne(follow_table[state][event], DO_OPEN);
    }
}
END_TEST

static struct choice chosen(const struct label *label, size_t n,
                            const struct docker_rule *rule)
{
    struct choice c;

    choose(&c, rule, rule ? 1 : 0, (struct labels){ label, n });
    return c;
}

#define LABEL(k, v)                                                            \
    {                                                                          \
        { k, sizeof(k) - 1 },                                                  \
        {                                                                      \
            v, sizeof(v) - 1                                                   \
        }                                                                      \
    }

static void mount_is(const struct choice *c, const char *want)
{
    struct path at = choice_mount(c, slice_str("web"));
    struct buf b;

    buf_init(&b, 1000);
    path_pointer(&at, &b);
    ck_assert_str_eq(buf_cstr(&b), want);
    buf_release(&b);
}

START_TEST(the_label_says_mode_and_mount)
{
    static const struct label shard[] = { LABEL("bladewatch", "shard") };
    static const struct label json[] = { LABEL("bladewatch", "json") };
    static const struct label at[] = { LABEL("bladewatch", "text"),
                                       LABEL("bladewatch.at", "/x/a~1b"),
                                       LABEL("bladewatch.ttl", "10m"),
                                       LABEL("bladewatch.scope", "a.b,/c") };
    struct choice c = chosen(shard, 1, NULL);

    ck_assert(c.follow);
    mount_is(&c, "");
    choice_release(&c);
    c = chosen(json, 1, NULL);
    mount_is(&c, "/blades/web");
    choice_release(&c);
    c = chosen(at, 4, NULL);
    ck_assert_int_eq(c.mode, MODE_TEXT);
    mount_is(&c, "/x/a~1b");
    ck_assert_int_eq(c.ttl_for, 600 * SEC);
    ck_assert_uint_eq(c.nscope, 2);
    ck_assert_uint_eq(c.scope[0].n, 2);
    choice_release(&c);
}
END_TEST

START_TEST(a_rule_chooses_by_key_or_value_and_the_label_wins)
{
    static const struct label node[] = { LABEL("role", "node") };
    static const struct label both[] = { LABEL("role", "node"),
                                         LABEL("bladewatch", "text") };
    static const struct label off[] = { LABEL("role", "node"),
                                        LABEL("bladewatch.ignore", "true") };
    struct docker_rule rule = { slice_str("role=node"), MODE_JSON };
    struct choice c = chosen(node, 1, &rule);

    ck_assert(c.follow);
    ck_assert_int_eq(c.mode, MODE_JSON);
    choice_release(&c);
    c = chosen(both, 2, &rule);
    ck_assert_int_eq(c.mode, MODE_TEXT);
    choice_release(&c);
    c = chosen(off, 2, &rule);
    ck_assert(!c.follow);
    choice_release(&c);
    rule.label = slice_str("role");
    c = chosen(node, 1, &rule);
    ck_assert(c.follow);
    choice_release(&c);
    rule.label = slice_str("role=nod");
    c = chosen(node, 1, &rule);
    ck_assert(!c.follow);
    choice_release(&c);
}
END_TEST

START_TEST(nonsense_in_labels_warns_and_means_the_default)
{
    static const struct label odd[] = { LABEL("bladewatch", "yaml"),
                                        LABEL("bladewatch.at", "/a~7"),
                                        LABEL("bladewatch.ttl", "soon") };
    struct choice c = chosen(odd, 3, NULL);
    struct buf b;

    ck_assert(c.follow);
    ck_assert_int_eq(c.mode, MODE_JSON);
    ck_assert(!c.at_set);
    ck_assert_int_eq(c.ttl_for, 0);
    choice_release(&c);
    buf_init(&b, 1000);
    choice_warnings((struct labels){ odd, 3 }, &b);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&b), "bladewatch=yaml"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&b), "bladewatch.at"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&b), "bladewatch.ttl=soon"));
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("docker_follow");
    TCase *t = tcase_create("follow");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, a_resumed_stream_repeats_its_last_line);
    tcase_add_test(t, a_cursor_from_the_journal_knows_its_last_line);
    tcase_add_test(t, a_cursor_from_the_journal_still_knows_it_when_read_again);
    tcase_add_test(t, a_rotated_file_that_is_read_twice_gives_nothing_new);
    tcase_add_test(t, a_line_that_was_skipped_is_new_though_it_is_late);
    tcase_add_test(t, a_clock_that_is_set_back_loses_no_line);
    tcase_add_test(t, equal_lines_of_one_second_all_count);
    tcase_add_test(t, a_line_that_was_too_long_is_declared_once);
    tcase_add_test(t, no_cell_of_the_table_is_empty);
    tcase_add_test(t, every_end_of_a_stream_has_one_successor);
    tcase_add_test(t, no_end_is_opened_again_at_once);
    tcase_add_test(t, the_label_says_mode_and_mount);
    tcase_add_test(t, a_rule_chooses_by_key_or_value_and_the_label_wins);
    tcase_add_test(t, nonsense_in_labels_warns_and_means_the_default);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
