#include "base/buf.h"
#include "notify/outbox.h"
#include "unit/test_notify.h"

/* An outbox under test, and the last post in few words. */
static struct outbox *box;
static struct buf body, posted;

static void open_kind(enum receiver_kind kind, struct outbox_config config)
{
    config.kind = kind;
    config.name = "pager";
    config.resend_every = 60 * NSEC_SEC;
    if (!config.max)
        config.max = 100;
    box = outbox_new(&config);
    buf_init(&body, BUF_NO_CAP);
    buf_init(&posted, BUF_NO_CAP);
}

static void webhook(struct outbox_config config)
{
    open_kind(RECEIVER_WEBHOOK, config);
}

static void alertmanager(struct outbox_config config)
{
    open_kind(RECEIVER_ALERTMANAGER, config);
}

static void teardown(void)
{
    outbox_free(box);
    box = NULL;
    buf_release(&body);
    buf_release(&posted);
}

static unsigned put_at(nsec now, uint64_t ordinal, const char *name,
                       const char *instance, bool firing)
{
    struct note t;
    struct alert *a = alert_new(note_make(&t, ordinal, name, instance, firing));
    unsigned news = outbox_put(box, a, now);

    alert_unref(a);
    return news;
}

/* "+a": Up of instance a fires; "-a": it has ended. */
static void put(uint64_t ordinal, const char *what)
{
    (void)put_at(0, ordinal, "Up", what + 1, *what == '+');
}

/* The value behind `key` from *at on; NULL if there is none. */
static const char *value_of(const char **at, const char *key, size_t *n)
{
    const char *p = strstr(*at, key);

    if (!p)
        return NULL;
    p += strlen(key);
    *n = strcspn(p, "\"");
    *at = p + *n;
    return p;
}

static void sum_up(void)
{
    const char *at = buf_cstr(&body), *p;
    size_t n;

    while ((p = value_of(&at, "\"endsAt\":\"", &n))) {
        /* Ended at 200 s; what fires has another end. */
        buf_str(&posted, posted.n ? " " : "");
        buf_char(&posted, strncmp(p, "1970-01-01T00:03:20", 19) ? '+' : '-');
        p = value_of(&at, "\"instance\":\"", &n);
        buf_slice(&posted, slice_of(p, n));
    }
}

/* What is posted at `now`, or "". */
static const char *take(nsec now)
{
    buf_reset(&body);
    buf_reset(&posted);
    if (outbox_take(box, now, 500 * NSEC_SEC, &body))
        sum_up();
    return buf_cstr(&posted);
}

static unsigned answer(nsec now, enum verdict verdict)
{
    return outbox_answer(box, now, &(struct outbox_answer){ verdict, 0 });
}

static unsigned taken(nsec now)
{
    return answer(now, VERDICT_TAKEN);
}

START_TEST(a_webhook_is_told_all_in_order)
{
    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+b");
    put(3, "-a");
    ck_assert_int_eq(outbox_due(box), 0);
    ck_assert_str_eq(take(1), "+a +b -a");
    put(4, "+c");
    ck_assert_str_eq(take(2), ""); /* one at a time */
    ck_assert_int_eq(outbox_due(box), NSEC_MAX);
    ck_assert_uint_eq(outbox_delivered(box), 0);
    ck_assert_uint_eq(taken(3), 0);
    ck_assert_uint_eq(outbox_delivered(box), 3);
    ck_assert_str_eq(take(4), "+c");
    ck_assert_uint_eq(taken(5), 0);
    ck_assert_uint_eq(outbox_delivered(box), 4);
    ck_assert_int_eq(outbox_due(box), NSEC_MAX);
    ck_assert_uint_eq(outbox_figures(box).taken, 4);
}
END_TEST

START_TEST(a_post_holds_alerts_of_one_name)
{
    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    (void)put_at(0, 1, "Up", "a", true);
    (void)put_at(0, 2, "Up", "b", true);
    (void)put_at(0, 3, "Full", "c", true);
    (void)put_at(0, 4, "Up", "d", true);
    ck_assert_str_eq(take(1), "+a +b");
    taken(1);
    ck_assert_str_eq(take(1), "+c");
    taken(1);
    ck_assert_str_eq(take(1), "+d");
    taken(1);
}
END_TEST

START_TEST(a_post_holds_64_alerts)
{
    char name[8];
    uint64_t i;

    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    for (i = 1; i <= 70; i++) {
        snprintf(name, sizeof(name), "+%d", (int)i);
        put(i, name);
    }
    take(1);
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 64);
    ck_assert_str_eq(take(1), "+65 +66 +67 +68 +69 +70");
    taken(1);
}
END_TEST

START_TEST(recovery_goes_on_behind_what_was_delivered)
{
    webhook((struct outbox_config){ .delivered = 2 });
    put(1, "+a");
    put(2, "+b");
    put(3, "-a");
    put(4, "+c");
    put(5, "-c");
    ck_assert_str_eq(take(1), ""); /* not open yet */
    ck_assert_int_eq(outbox_due(box), NSEC_MAX);
    outbox_open(box);
    ck_assert_uint_eq(outbox_delivered(box), 2);
    ck_assert_str_eq(take(1), "-a +c -c");
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 5);
}
END_TEST

START_TEST(a_new_receiver_is_told_what_fires_and_no_history)
{
    webhook((struct outbox_config){ .is_new = true });
    put(1, "+a");
    put(2, "+b");
    put(3, "-a");
    put(4, "+c");
    put(5, "-c");
    put(6, "+c");
    outbox_open(box);
    ck_assert_uint_eq(outbox_delivered(box), 1);
    put(7, "-b");
    ck_assert_str_eq(take(1), "+b +c -b");
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 7);
}
END_TEST

/* As after a crash that lost the end of the journal. */
START_TEST(ordinals_behind_what_was_delivered_are_told_again)
{
    webhook((struct outbox_config){ .delivered = 100 });
    put(1, "+a");
    outbox_open(box);
    ck_assert_uint_eq(outbox_delivered(box), 1);
    put(2, "-a");
    ck_assert_str_eq(take(1), "-a");
    taken(1);
}
END_TEST

START_TEST(a_failure_is_tried_again_later_and_later)
{
    static const int seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
    nsec now = 1, wait;
    size_t i;

    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+b");
    for (i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        ck_assert_str_eq(take(now), "+a +b");
        ck_assert_uint_eq(answer(now, VERDICT_FAILED),
                          i == 0 ? OUTBOX_DOWN : 0);
        wait = outbox_due(box) - now;
        ck_assert_int_le(wait, seconds[i] * NSEC_SEC);
        ck_assert_int_ge(wait, seconds[i] * NSEC_SEC * 4 / 5);
        ck_assert_str_eq(take(now + wait - 1), "");
        now += wait;
    }
    ck_assert_str_eq(take(now), "+a +b");
    ck_assert_uint_eq(outbox_figures(box).tries, 8);
    ck_assert_uint_eq(taken(now), OUTBOX_UP);
    ck_assert_uint_eq(outbox_figures(box).failed, 8);
    put(3, "-a");
    ck_assert_str_eq(take(now), "-a"); /* at once again */
    ck_assert_uint_eq(answer(now, VERDICT_FAILED), OUTBOX_DOWN);
    ck_assert_int_le(outbox_due(box) - now, NSEC_SEC);
}
END_TEST

START_TEST(a_receiver_may_ask_for_time_but_not_for_ever)
{
    struct outbox_answer later = { VERDICT_FAILED, 20 * NSEC_SEC };
    struct outbox_answer never = { VERDICT_FAILED, NSEC_MAX };

    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    take(0);
    outbox_answer(box, 0, &later);
    ck_assert_int_eq(outbox_due(box), 20 * NSEC_SEC);
    take(20 * NSEC_SEC);
    outbox_answer(box, 20 * NSEC_SEC, &never);
    ck_assert_int_eq(outbox_due(box), 320 * NSEC_SEC);
}
END_TEST

START_TEST(what_is_refused_alone_is_dropped_and_nothing_else)
{
    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+poison");
    put(3, "+c");
    ck_assert_str_eq(take(1), "+a +poison +c");
    ck_assert_uint_eq(answer(1, VERDICT_REFUSED), 0);
    put(4, "+d");
    ck_assert_int_eq(outbox_due(box), 0); /* no back-off */
    ck_assert_str_eq(take(1), "+a");
    taken(1);
    ck_assert_str_eq(take(1), "+poison");
    ck_assert_uint_eq(answer(1, VERDICT_REFUSED), OUTBOX_DROPPED);
    ck_assert_str_eq(take(1), "+c");
    taken(1);
    ck_assert_str_eq(take(1), "+d");
    taken(1);
    ck_assert_uint_eq(outbox_figures(box).dropped, 1);
    ck_assert_uint_eq(outbox_delivered(box), 4);
}
END_TEST

START_TEST(an_outage_among_refusals_loses_nothing)
{
    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+b");
    take(1);
    answer(1, VERDICT_REFUSED);
    ck_assert_str_eq(take(1), "+a");
    answer(1, VERDICT_FAILED);
    ck_assert_str_eq(take(2 * NSEC_SEC), "+a");
    ck_assert_uint_eq(answer(2 * NSEC_SEC, VERDICT_REFUSED), OUTBOX_DROPPED);
    ck_assert_str_eq(take(2 * NSEC_SEC), "+b");
    ck_assert_uint_eq(taken(2 * NSEC_SEC), OUTBOX_UP);
}
END_TEST

START_TEST(the_oldest_are_dropped_when_too_many_wait)
{
    webhook((struct outbox_config){ .is_new = true, .max = 3 });
    outbox_open(box);
    ck_assert_uint_eq(put_at(0, 1, "Up", "a", true), 0);
    ck_assert_uint_eq(put_at(0, 2, "Up", "b", true), 0);
    ck_assert_uint_eq(put_at(0, 3, "Up", "c", true), 0);
    ck_assert_uint_eq(put_at(0, 4, "Up", "d", true), OUTBOX_FULL);
    ck_assert_uint_eq(put_at(0, 5, "Up", "e", true), 0); /* said once */
    ck_assert_uint_eq(outbox_figures(box).dropped, 2);
    ck_assert_uint_eq(outbox_figures(box).waiting, 3);
    ck_assert_uint_eq(outbox_delivered(box), 2);
    ck_assert_str_eq(take(1), "+c +d +e");
    taken(1);
    put(6, "+f");
    put(7, "+g");
    put(8, "+h");
    ck_assert_uint_eq(put_at(0, 9, "Up", "i", true), OUTBOX_FULL);
}
END_TEST

START_TEST(ends_can_be_left_out)
{
    webhook((struct outbox_config){ .is_new = true, .skip_resolved = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "-a");
    ck_assert_str_eq(take(1), "+a");
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 2);
    ck_assert_str_eq(take(1), "");
}
END_TEST

START_TEST(an_alertmanager_is_told_the_newest_state)
{
    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+b");
    put(3, "-a");
    ck_assert_str_eq(take(1), "+b -a");
    ck_assert_uint_eq(outbox_delivered(box), 1);
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 3);
}
END_TEST

START_TEST(an_alertmanager_is_told_again_what_fires)
{
    nsec now = NSEC_SEC;

    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    ck_assert_str_eq(take(now), "+a");
    /* Until four times resend_every from now. */
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "1970-01-01T00:12:20.0"));
    taken(now);
    ck_assert_int_eq(outbox_due(box), now + 60 * NSEC_SEC);
    put(2, "+b");
    ck_assert_str_eq(take(now + NSEC_SEC), "+b");
    taken(now + NSEC_SEC);
    ck_assert_str_eq(take(now + 59 * NSEC_SEC), "");
    /* b is due soon and goes along. */
    ck_assert_str_eq(take(now + 60 * NSEC_SEC), "+a +b");
    taken(now + 60 * NSEC_SEC);
    ck_assert_int_eq(outbox_due(box), now + 120 * NSEC_SEC);
    ck_assert_uint_eq(outbox_figures(box).taken, 2);
}
END_TEST

START_TEST(an_alertmanager_is_told_an_end_for_15_minutes)
{
    nsec now;
    int told = 0;

    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    take(1);
    taken(1);
    put(2, "-a");
    for (now = 1; now < 1800 * NSEC_SEC; now += NSEC_SEC) {
        if (!*take(now))
            continue;
        ck_assert_str_eq(buf_cstr(&posted), "-a");
        told++;
        taken(now);
    }
    ck_assert_int_eq(told, 15);
    ck_assert_int_eq(outbox_due(box), NSEC_MAX);
}
END_TEST

START_TEST(a_change_replaces_what_is_under_way)
{
    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    ck_assert_str_eq(take(1), "+a");
    put(2, "-a");
    taken(2);
    ck_assert_str_eq(take(2), "-a");
    put(3, "+a");
    answer(3, VERDICT_FAILED); /* the end is told no more */
    ck_assert_str_eq(take(10 * NSEC_SEC), "+a");
    ck_assert_uint_eq(outbox_delivered(box), 2);
    taken(10 * NSEC_SEC);
    ck_assert_uint_eq(outbox_delivered(box), 3);
}
END_TEST

START_TEST(recovery_tells_an_alertmanager_what_fires_and_what_ended_since)
{
    alertmanager((struct outbox_config){ .delivered = 4 });
    put(1, "+a");
    put(2, "+b");
    put(3, "-b");
    put(4, "+c");
    put(5, "-c");
    put(6, "+d");
    put(7, "-d");
    outbox_open(box);
    ck_assert_uint_eq(outbox_delivered(box), 4);
    ck_assert_str_eq(take(1), "-c -d +a");
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 7);
}
END_TEST

START_TEST(a_new_alertmanager_is_told_what_fires_and_no_history)
{
    alertmanager((struct outbox_config){ .is_new = true });
    put(1, "+a");
    put(2, "+b");
    put(3, "-b");
    outbox_open(box);
    ck_assert_str_eq(take(1), "+a");
    taken(1);
    ck_assert_uint_eq(outbox_delivered(box), 3);
}
END_TEST

START_TEST(an_alertmanager_that_was_away_hears_the_state_it_missed)
{
    nsec now = NSEC_SEC;

    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+b");
    take(now);
    taken(now);
    now += 60 * NSEC_SEC;
    ck_assert_str_eq(take(now), "+a +b");
    answer(now, VERDICT_FAILED);
    put(3, "-a");
    put(4, "+c");
    now += NSEC_SEC;
    ck_assert_str_eq(take(now), "-a +c +b");
    taken(now);
}
END_TEST

START_TEST(a_poisoned_alert_is_not_sent_again_and_again)
{
    nsec now = NSEC_SEC;

    alertmanager((struct outbox_config){ .is_new = true });
    outbox_open(box);
    put(1, "+a");
    put(2, "+poison");
    take(now);
    answer(now, VERDICT_REFUSED);
    ck_assert_str_eq(take(now), "+a");
    taken(now);
    ck_assert_str_eq(take(now), "+poison");
    ck_assert_uint_eq(answer(now, VERDICT_REFUSED), OUTBOX_DROPPED);
    now += 60 * NSEC_SEC;
    ck_assert_str_eq(take(now), "+a");
    taken(now);
}
END_TEST

START_TEST(ends_that_were_taken_make_room_first)
{
    alertmanager((struct outbox_config){ .is_new = true, .max = 2 });
    outbox_open(box);
    put(1, "+a");
    put(2, "-b");
    take(1);
    taken(1);
    ck_assert_uint_eq(put_at(1, 3, "Up", "c", true), 0);
    ck_assert_uint_eq(outbox_figures(box).dropped, 0);
    ck_assert_uint_eq(put_at(1, 4, "Up", "d", true), OUTBOX_FULL);
    ck_assert_str_eq(take(2), "+d");
    taken(2);
    ck_assert_str_eq(take(100 * NSEC_SEC), "+a +d");
    taken(100 * NSEC_SEC);
}
END_TEST

START_TEST(the_time_until_the_answer_is_known)
{
    webhook((struct outbox_config){ .is_new = true });
    outbox_open(box);
    (void)put_at(5, 1, "Up", "a", true);
    take(6);
    taken(12);
    ck_assert_int_eq(outbox_figures(box).latency, 7);
}
END_TEST

static const TTest **const tests[] = {
    &a_webhook_is_told_all_in_order,
    &a_post_holds_alerts_of_one_name,
    &a_post_holds_64_alerts,
    &recovery_goes_on_behind_what_was_delivered,
    &a_new_receiver_is_told_what_fires_and_no_history,
    &ordinals_behind_what_was_delivered_are_told_again,
    &a_failure_is_tried_again_later_and_later,
    &a_receiver_may_ask_for_time_but_not_for_ever,
    &what_is_refused_alone_is_dropped_and_nothing_else,
    &an_outage_among_refusals_loses_nothing,
    &the_oldest_are_dropped_when_too_many_wait,
    &ends_can_be_left_out,
    &an_alertmanager_is_told_the_newest_state,
    &an_alertmanager_is_told_again_what_fires,
    &an_alertmanager_is_told_an_end_for_15_minutes,
    &a_change_replaces_what_is_under_way,
    &recovery_tells_an_alertmanager_what_fires_and_what_ended_since,
    &a_new_alertmanager_is_told_what_fires_and_no_history,
    &an_alertmanager_that_was_away_hears_the_state_it_missed,
    &a_poisoned_alert_is_not_sent_again_and_again,
    &ends_that_were_taken_make_room_first,
    &the_time_until_the_answer_is_known,
};

int main(void)
{
    return RUN_TESTS_WITH("notify outbox", NULL, teardown, tests);
}
