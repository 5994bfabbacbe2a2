#include "notify/body.h"
#include "unit/test_notify.h"

static struct alert *labelled(const struct notice_pair *label, size_t n)
{
    const struct notice notice = {
        .ordinal = 1, .firing = true, .nlabels = n, .label = label
    };

    return alert_new(&notice);
}

/* name=value name=value */
static void assert_labels(const struct notice_pair *label, size_t n,
                          const char *wanted)
{
    struct alert *a = labelled(label, n);
    struct buf text;
    size_t i;

    buf_init(&text, BUF_NO_CAP);
    for (i = 0; i < a->nlabels; i++) {
        buf_str(&text, i ? " " : "");
        buf_slice(&text, a->label[i].name);
        buf_char(&text, '=');
        buf_slice(&text, a->label[i].value);
    }
    ck_assert_str_eq(buf_cstr(&text), wanted);
    buf_release(&text);
    alert_unref(a);
}

#define LABELS(wanted, ...)                                                    \
    do {                                                                       \
        const struct notice_pair label_[] = { __VA_ARGS__ };                   \
        assert_labels(label_, sizeof(label_) / sizeof(*label_), wanted);       \
    } while (0)

START_TEST(names_are_made_valid)
{
    LABELS("a_b_c=1", PAIR("a.b-c", "1"));
    LABELS("_9lives=1", PAIR("9lives", "1"));
    LABELS("_=1", PAIR("", "1"));
    LABELS("gr____e=1", PAIR("gr\xc3\xb6\xc3\x9f"
                             "e",
                             "1"));
    LABELS("_x=1 y9=2", PAIR("_x", "1"), PAIR("y9", "2"));
}
END_TEST

START_TEST(names_that_collide_are_both_kept)
{
    LABELS("a_b=3 a_b_2=1 a_b_3=2", PAIR("a-b", "1"), PAIR("a.b", "2"),
           PAIR("a_b", "3"));
    LABELS("a_b=3 a_b_2=4 a_b_3=1", PAIR("a.b", "1"), PAIR("a_b", "3"),
           PAIR("a_b_2", "4"));
}
END_TEST

START_TEST(empty_values_are_dropped_and_broken_ones_repaired)
{
    LABELS("b=x", PAIR("a", ""), PAIR("b", "x"), PAIR("c.d", ""));
    LABELS("a=x\xef\xbf\xbdy", PAIR("a", "x\xffy"));
}
END_TEST

/* As an Alertmanager 0.25 shows them. */
START_TEST(the_fingerprint_is_that_of_alertmanager)
{
    const struct notice_pair label[] = { PAIR("alertname", "Up") };
    struct alert *none = labelled(NULL, 0), *up = labelled(label, 1);

    ck_assert_uint_eq(none->fingerprint, 14695981039346656037u);
    ck_assert_uint_eq(up->fingerprint, 0x57fc0d42e24a6ea7u);
    alert_unref(none);
    alert_unref(up);
}
END_TEST

static const struct body_about about = {
    .receiver = "pager",
    .external_url = "http://bw:7433",
    .firing_until = 1000 * NSEC_SEC,
};

START_TEST(a_webhook_gets_version_4)
{
    struct note t[2];
    struct alert *a[2] = {
        alert_new(note_make(&t[0], 1, "Up", "a", true)),
        alert_new(note_make(&t[1], 2, "Up", "b", false)),
    };
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_uint_eq(body_webhook(&about, a, 2, &out), 2);
    ck_assert_str_eq(buf_cstr(&out),
                     "{\"alerts\":["
                     "{\"annotations\":{\"summary\":\"it is so\"},"
                     "\"endsAt\":\"0001-01-01T00:00:00Z\","
                     "\"fingerprint\":\"812c5e56abfebd5d\","
                     "\"generatorURL\":\"http://bw:7433\","
                     "\"id\":\"g/Up/a/firing/1\","
                     "\"labels\":{\"alertname\":\"Up\",\"instance\":\"a\"},"
                     "\"startsAt\":\"1970-01-01T00:01:40.000000000Z\","
                     "\"status\":\"firing\"},"
                     "{\"annotations\":{\"summary\":\"it is so\"},"
                     "\"endsAt\":\"1970-01-01T00:03:20.000000000Z\","
                     "\"fingerprint\":\"81365e56ac0711e2\","
                     "\"generatorURL\":\"http://bw:7433\","
                     "\"id\":\"g/Up/b/resolved/2\","
                     "\"labels\":{\"alertname\":\"Up\",\"instance\":\"b\"},"
                     "\"startsAt\":\"1970-01-01T00:01:40.000000000Z\","
                     "\"status\":\"resolved\"}],"
                     "\"commonAnnotations\":{\"summary\":\"it is so\"},"
                     "\"commonLabels\":{\"alertname\":\"Up\"},"
                     "\"externalURL\":\"http://bw:7433\","
                     "\"groupKey\":\"{}:{alertname=\\\"Up\\\"}\","
                     "\"groupLabels\":{\"alertname\":\"Up\"},"
                     "\"receiver\":\"pager\",\"status\":\"firing\","
                     "\"truncatedAlerts\":0,\"version\":\"4\"}");
    buf_release(&out);
    alert_unref(a[0]);
    alert_unref(a[1]);
}
END_TEST

START_TEST(a_webhook_is_told_of_ends_alone_as_resolved)
{
    struct note t;
    struct alert *a = alert_new(note_make(&t, 1, "Up", "a", false));
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_uint_eq(body_webhook(&about, &a, 1, &out), 1);
    ck_assert_ptr_nonnull(strstr(
        buf_cstr(&out), "\"receiver\":\"pager\",\"status\":\"resolved\""));
    buf_release(&out);
    alert_unref(a);
}
END_TEST

START_TEST(an_alertmanager_gets_an_array_with_ends)
{
    struct note t[2];
    struct alert *a[2] = {
        alert_new(note_make(&t[0], 1, "Up", "a", true)),
        alert_new(note_make(&t[1], 2, "Up", "b", false)),
    };
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_uint_eq(body_alertmanager(&about, a, 2, &out), 2);
    ck_assert_str_eq(buf_cstr(&out),
                     "[{\"annotations\":{\"summary\":\"it is so\"},"
                     "\"endsAt\":\"1970-01-01T00:16:40.000000000Z\","
                     "\"generatorURL\":\"http://bw:7433\","
                     "\"labels\":{\"alertname\":\"Up\",\"instance\":\"a\"},"
                     "\"startsAt\":\"1970-01-01T00:01:40.000000000Z\"},"
                     "{\"annotations\":{\"summary\":\"it is so\"},"
                     "\"endsAt\":\"1970-01-01T00:03:20.000000000Z\","
                     "\"generatorURL\":\"http://bw:7433\","
                     "\"labels\":{\"alertname\":\"Up\",\"instance\":\"b\"},"
                     "\"startsAt\":\"1970-01-01T00:01:40.000000000Z\"}]");
    buf_release(&out);
    alert_unref(a[0]);
    alert_unref(a[1]);
}
END_TEST

START_TEST(an_end_is_never_before_its_start)
{
    const struct body_about early = { .firing_until = 5 * NSEC_SEC };
    struct note t;
    struct alert *a = alert_new(note_make(&t, 1, "Up", "a", true));
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_uint_eq(body_alertmanager(&early, &a, 1, &out), 1);
    ck_assert_ptr_nonnull(strstr(
        buf_cstr(&out), "\"endsAt\":\"1970-01-01T00:01:40.000000000Z\""));
    ck_assert_ptr_null(strstr(buf_cstr(&out), "generatorURL"));
    buf_release(&out);
    alert_unref(a);
}
END_TEST

START_TEST(a_body_is_bounded_but_holds_one)
{
    size_t room = 3 * BODY_BYTES_MAX / 4, i;
    char *text = xcalloc(1, room + 1);
    struct alert *a[BODY_ALERTS_MAX + 1];
    struct note t;
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    memset(text, 'x', room);
    note_make(&t, 1, "Up", "a", true);
    t.annotation[0].value = slice_of(text, room);
    a[0] = alert_new(&t.notice);
    a[1] = alert_ref(a[0]);
    ck_assert_uint_eq(body_webhook(&about, a, 2, &out), 1);
    ck_assert_uint_eq(body_alertmanager(&about, a, 2, &out), 1);
    alert_unref(a[0]);
    alert_unref(a[1]);

    buf_reset(&out);
    a[0] = alert_new(note_make(&t, 1, "Up", "a", true));
    for (i = 1; i <= BODY_ALERTS_MAX; i++)
        a[i] = a[0];
    ck_assert_uint_eq(body_webhook(&about, a, i, &out), BODY_ALERTS_MAX);
    alert_unref(a[0]);
    free(text);
    buf_release(&out);
}
END_TEST

static const TTest **const tests[] = {
    &names_are_made_valid,
    &names_that_collide_are_both_kept,
    &empty_values_are_dropped_and_broken_ones_repaired,
    &the_fingerprint_is_that_of_alertmanager,
    &a_webhook_gets_version_4,
    &a_webhook_is_told_of_ends_alone_as_resolved,
    &an_alertmanager_gets_an_array_with_ends,
    &an_end_is_never_before_its_start,
    &a_body_is_bounded_but_holds_one,
};

int main(void)
{
    return RUN_TESTS("notify body", tests);
}
