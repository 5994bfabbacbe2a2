#include "test_journal.h"

#include <ctype.h>

static struct buf out;
static struct decoded decoded;

static void setup(void)
{
    buf_init(&out, BUF_NO_CAP);
    decoded = (struct decoded){ 0 };
}

static void teardown(void)
{
    buf_release(&out);
    decoded_release(&decoded);
}

static struct slice encoded(const struct event *ev)
{
    struct err err = { 0 };

    buf_reset(&out);
    ck_assert_msg(!event_encode(&out, ev, &err), "%s", err.text);
    ck_assert_int_eq(out.p[out.n - 1], '\n');
    ck_assert_ptr_null(memchr(out.p, '\n', out.n - 1));
    return slice_of(out.p, out.n - 1);
}

static void same_path(const struct path *a, const struct path *b)
{
    size_t i;

    ck_assert_uint_eq(a->n, b->n);
    for (i = 0; i < a->n; i++)
        ck_assert(slice_eq(a->key[i], b->key[i]));
}

static void same_source(const struct source *a, const struct source *b)
{
    size_t i;

    ck_assert(slice_eq(a->blade, b->blade));
    ck_assert(slice_eq(a->run, b->run));
    ck_assert_int_eq(a->mode, b->mode);
    same_path(&a->at, &b->at);
    ck_assert_int_eq(a->ttl_for, b->ttl_for);
    ck_assert_uint_eq(a->nscope, b->nscope);
    for (i = 0; i < a->nscope; i++)
        same_path(&a->scope[i], &b->scope[i]);
    ck_assert_int_eq(a->trusted, b->trusted);
}

static void same_event(const struct event *a, const struct event *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_uint_eq(a->source, b->source);
    ck_assert_int_eq(a->fd, b->fd);
    ck_assert_uint_eq(a->seq, b->seq);
    ck_assert_int_eq(a->ts, b->ts);
    ck_assert_int_eq(a->logged_at, b->logged_at);
    ck_assert(slice_eq(a->line, b->line));
    ck_assert(slice_eq(a->id, b->id));
    ck_assert(slice_eq(a->blade, b->blade));
    ck_assert(slice_eq(a->why, b->why));
    ck_assert_int_eq(a->from_at, b->from_at);
    ck_assert_int_eq(a->to_at, b->to_at);
    ck_assert_uint_eq(a->lines, b->lines);
    ck_assert(!memcmp(&a->limits, &b->limits, sizeof(a->limits)));
    if (a->kind == EV_SOURCE)
        same_source(a->decl, b->decl);
}

/* Both ways of reading must give back what was written. */
static void round_trip(const struct event *ev)
{
    struct slice line = encoded(ev);
    struct err err = { 0 };
    struct event back = { 0 };

    ck_assert_msg(!event_decode(line, true, &decoded, &back, &err), "%s: %.*s",
                  err.text, SLICE_ARG(line));
    same_event(ev, &back);
    ck_assert_msg(!event_decode(line, false, &decoded, &back, &err), "%s: %.*s",
                  err.text, SLICE_ARG(line));
    same_event(ev, &back);
}

static const char *const json_lines[] = {
    "{}",
    "{\"a\":1}",
    "[1,2,{\"b\":[]}]",
    "\"text\"",
    "-0.5e3",
    "null",
    "{\"a\":\"}\\\"{\",\"src\":1}",
    "{\"a\" : 1 , \"b\":\t[ 1 ]}",
    "{\"\\u006cine\":\"\xc3\xa4\\ud83d\\ude00\"}",
    "{\"a\":1,\"a\":2}",
    "18446744073709551616",
    "{\"seal\":1}",
    "{\"x\":\",\\\"fd\\\":2}\"}",
};

#define NJSON (sizeof(json_lines) / sizeof(*json_lines))

static int64_t any_i64(uint64_t *state)
{
    static const int64_t edges[] = { 0, 1, -1, INT64_MAX, INT64_MIN, T0 };
    uint64_t r = rnd(state);

    return r % 4 ? (int64_t)rnd(state) : edges[r / 4 % 6];
}

static uint64_t any_u64(uint64_t *state)
{
    return (uint64_t)any_i64(state);
}

/* Up to n bytes: any ones, or ASCII, or UTF-8. */
static struct slice any_bytes(uint64_t *state, char *to, size_t n, bool utf8)
{
    uint64_t r = rnd(state);
    size_t len = r % (n + 1), i;

    for (i = 0; i < len; i++)
        to[i] = (char)(rnd(state) % (utf8 || r >> 32 & 1 ? 128 : 256));
    if (utf8 && len >= 2 && r >> 33 & 1)
        memcpy(to, "\xc3\xbc", 2);
    return slice_of(to, len);
}

static struct event any_line(uint64_t *state, char *text, char *id)
{
    struct event ev = { .kind = EV_LINE,
                        .source = (uint32_t)any_u64(state),
                        .seq = any_u64(state),
                        .ts = any_i64(state),
                        .fd = (int)(rnd(state) % 3) };

    ev.logged_at = rnd(state) % 2 ? ev.ts : any_i64(state);
    if (rnd(state) % 2)
        ev.id = any_bytes(state, id, 20, true);
    if (rnd(state) % 2) {
        ev.json = true;
        ev.line = slice_str(json_lines[rnd(state) % NJSON]);
    } else {
        do
            ev.line = any_bytes(state, text, 40, false);
        while (memchr(text, '\n', ev.line.n));
    }
    return ev;
}

START_TEST(random_lines_of_any_bytes_come_back_as_they_were)
{
    uint64_t state = 7;
    char text[64], id[64];
    struct event ev;
    int i;

    for (i = 0; i < 4000; i++) {
        ev = any_line(&state, text, id);
        round_trip(&ev);
    }
}
END_TEST

START_TEST(random_names_and_numbers_of_the_other_kinds_come_back)
{
    uint64_t state = 11;
    char a[64], b[64];
    struct event ev;
    int i;

    for (i = 0; i < 400; i++) {
        ev = (struct event){ .kind = EV_TICK, .ts = any_i64(&state) };
        round_trip(&ev);
        ev = (struct event){ .kind = EV_RETIRE,
                             .ts = any_i64(&state),
                             .blade = any_bytes(&state, a, 30, true) };
        round_trip(&ev);
        ev = (struct event){ .kind = EV_GAP,
                             .source = (uint32_t)any_u64(&state),
                             .from_at = any_i64(&state),
                             .to_at = any_i64(&state),
                             .lines = any_u64(&state),
                             .why = any_bytes(&state, b, 30, true) };
        round_trip(&ev);
        ev = (struct event){ .kind = EV_DAMAGE,
                             .lines = any_u64(&state),
                             .why = any_bytes(&state, b, 30, true) };
        round_trip(&ev);
    }
}
END_TEST

START_TEST(a_source_comes_back_with_mount_lease_scope_and_trust)
{
    struct source decl = {
        .blade = slice_str("a\"b\xc3\xa4"),
        .run = slice_str(""),
        .mode = MODE_TEXT,
        .at = { .key = { { "", 0 }, { "x/~y", 4 } }, .n = 2 },
        .ttl_for = 90 * NSEC_SEC,
        .scope = (struct path[]){ { .n = 0 },
                                  { .key = { { "intents", 7 } }, .n = 1 } },
        .nscope = 2,
        .trusted = true,
    };
    struct event ev = { .kind = EV_SOURCE,
                        .source = UINT32_MAX,
                        .decl = &decl };

    round_trip(&ev);
    decl = (struct source){ .blade = slice_str("b"), .run = slice_str("r") };
    round_trip(&ev);
}
END_TEST

START_TEST(limits_come_back_each_in_its_place)
{
    struct event ev = { .kind = EV_LIMITS,
                        .limits = { 1, 2, 3, 4, 5, 6, 0, UINT64_MAX, 9 } };

    round_trip(&ev);
}
END_TEST

#define FILES "[{\"name\":\"a.yaml\",\"text\":\"groups: []\\n\"}]"

START_TEST(rules_come_back_with_their_files_as_they_were)
{
    struct event ev = { .kind = EV_RULES,
                        .seq = UINT64_MAX,
                        .id = slice_str("2024a"),
                        .line = slice_str(FILES) };

    round_trip(&ev);
    ck_assert(slice_is(encoded(&ev),
                       "{\"rules\":18446744073709551615,"
                       "\"zones\":\"2024a\",\"files\":" FILES "}"));
    ev = (struct event){ .kind = EV_RULES, .seq = 1, .line = slice_str("[]") };
    round_trip(&ev);
    ck_assert(slice_is(encoded(&ev), "{\"rules\":1,\"files\":[]}"));
}
END_TEST

START_TEST(rules_written_by_hand_need_their_files_and_no_more)
{
    struct event ev;

    ck_assert(!event_decode(slice_str(" { \"files\" : [ {\"text\":\"\"} ], "
                                      "\"rules\": 1 }"),
                            false, &decoded, &ev, NULL));
    ck_assert_int_eq(ev.kind, EV_RULES);
    ck_assert_uint_eq(ev.seq, 1);
    ck_assert_uint_eq(ev.id.n, 0);
    ck_assert(slice_is(ev.line, "[ {\"text\":\"\"} ]"));
    ck_assert_int_eq(
        event_decode(slice_str("{\"rules\":1}"), false, &decoded, &ev, NULL),
        ST_BAD);
}
END_TEST

START_TEST(json_stands_in_a_record_as_it_was_logged_and_other_lines_as_text)
{
    struct event ev = line_event(1, 2, "{\"a\":1}");

    ev.ts = ev.logged_at = 5;
    ck_assert(slice_is(encoded(&ev), "{\"src\":1,\"seq\":2,\"ts\":5,"
                                     "\"line\":{\"a\":1}}"));
    ev.line = slice_str(" {\"a\":1}");
    ck_assert(slice_is(encoded(&ev), "{\"src\":1,\"seq\":2,\"ts\":5,"
                                     "\"text\":\" {\\\"a\\\":1}\"}"));
    ev.line = slice_str("{\"a\":1}\r");
    ck_assert(slice_is(encoded(&ev), "{\"src\":1,\"seq\":2,\"ts\":5,"
                                     "\"text\":\"{\\\"a\\\":1}\\r\"}"));
    ev.json = false;
    ev.fd = 2;
    ev.logged_at = 6;
    ev.id = slice_str("k");
    ev.line = slice_str("\xff\xfe");
    ck_assert(slice_is(encoded(&ev),
                       "{\"src\":1,\"seq\":2,\"ts\":5,\"logged\":6,\"fd\":2,"
                       "\"id\":\"k\",\"b64\":\"//4=\"}"));
}
END_TEST

START_TEST(a_name_that_is_not_utf8_is_refused_and_leaves_nothing_behind)
{
    struct event ev = { .kind = EV_RETIRE, .blade = slice_str("\xff") };
    struct err err = { 0 };

    buf_str(&out, "before");
    ck_assert_int_eq(event_encode(&out, &ev, &err), ST_BAD);
    ck_assert_str_eq(buf_cstr(&out), "before");
    ck_assert_ptr_nonnull(strstr(err.text, "UTF-8"));
}
END_TEST

START_TEST(hand_written_lines_may_have_any_order_blanks_and_escapes)
{
    struct event ev;

    ck_assert(!event_decode(
        slice_str(" { \"line\" : { \"a\" : [1, \"}\"] } , \"x-note\": [{}], "
                  "\"ts\":\"1970-01-01T00:00:00.000000007Z\",\"\\u0073rc\":3, "
                  "\"seq\":1 }\r"),
        false, &decoded, &ev, NULL));
    ck_assert(slice_is(ev.line, "{ \"a\" : [1, \"}\"] }"));
    ck_assert(ev.json);
    ck_assert_uint_eq(ev.source, 3);
    ck_assert_int_eq(ev.ts, 7);
    ck_assert_int_eq(ev.logged_at, 7);

    ck_assert(!event_decode(slice_str("{\"mode\":\"text\",\"blade\":\"b\","
                                      "\"ttl\":\"1.5s\",\"source\":1}"),
                            false, &decoded, &ev, NULL));
    ck_assert_int_eq(ev.decl->ttl_for, 1500 * NSEC_MSEC);
    ck_assert(slice_is(ev.decl->run, "0"));
    ck_assert_int_eq(event_decode(slice_str("{\"x-comment\":\"hello\"}"), false,
                                  &decoded, &ev, NULL),
                     ST_NONE);
}
END_TEST

static const struct {
    const char *line;
    size_t column;
    const char *says;
} wrong[] = {
    { "{\"src\":1,\"seq\":2,\"ts\":3}", 1, "line" },
    { "{\"src\":1,\"ts\":3,\"text\":\"\"}", 1, "\"seq\" is missing" },
    { "{\"src\":-1,\"seq\":2,\"ts\":3,\"text\":\"\"}", 3, "4294967295" },
    { "{\"src\":4294967296,\"seq\":2,\"ts\":3,\"text\":\"\"}", 3, "\"src\"" },
    { "{\"src\":1,\"seq\":1e3,\"ts\":3,\"text\":\"\"}", 11, "whole number" },
    { "{\"src\":1,\"seq\":18446744073709551616,\"ts\":3,\"text\":\"\"}", 11,
      "whole number" },
    { "{\"src\":1,\"seq\":1,\"ts\":9223372036854775808,\"text\":\"\"}", 19,
      "nanoseconds" },
    { "{\"src\":1,\"seq\":1,\"ts\":\"now\",\"text\":\"\"}", 19, "RFC 3339" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"fd\":3,\"text\":\"\"}", 26, "0, 1" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"text\":7}", 26, "a string" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"b64\":\"A\"}", 26, "base64" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"b64\":\"=\"}", 26, "base64" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"b64\":\"====\"}", 26, "base64" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"b64\":\"AB==\"}", 26, "base64" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"line\":1,\"text\":\"\"}", 35, "one of" },
    { "{\"src\":1,\"seq\":1,\"ts\":1,\"lien\":1}", 26, "unknown member" },
    { "{\"source\":1,\"blade\":\"b\",\"mode\":\"js\"}", 26, "\"json\"" },
    { "{\"source\":1,\"blade\":\"b\",\"at\":\"/a\"}", 26, "array" },
    { "{\"source\":1,\"blade\":\"b\",\"scope\":[\"a\"]}", 26, "paths" },
    { "{\"source\":1,\"blade\":\"b\",\"trusted\":1}", 26, "true or false" },
    { "{\"source\":1,\"blade\":\"b\",\"ttl\":-5}", 26, "10m" },
    { "{\"gap\":1}", 3, "an object" },
    { "{\"limits\":{\"node\":1}}", 13, "unknown member" },
    { "{\"rules\":1}", 1, "\"files\" is missing" },
    { "{\"rules\":\"1\",\"files\":[]}", 3, "whole number" },
    { "{\"rules\":1,\"zones\":7,\"files\":[]}", 13, "a string" },
    { "{\"rules\":1,\"file\":[]}", 13, "unknown member" },
    { "{\"tock\":1}", 3, "unknown kind" },
    { "{\"to\\nck\":1}", 1, "\"to\\nck\"" },
    { "{}", 1, "empty" },
    { "[]", 1, "JSON object" },
    { "17", 1, "JSON object" },
};

START_TEST(a_wrong_line_is_told_with_its_column_and_what_would_be_right)
{
    struct event ev;
    struct err err;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        memset(&err, 0, sizeof(err));
        ck_assert_int_eq(
            event_decode(slice_str(wrong[i].line), false, &decoded, &ev, &err),
            ST_BAD);
        ck_assert_msg(strstr(err.text, wrong[i].says) != NULL, "%s: %s",
                      wrong[i].line, err.text);
        ck_assert_msg(err.column == wrong[i].column, "%s: %s: %zu",
                      wrong[i].line, err.text, err.column);
    }
}
END_TEST

START_TEST(a_seal_is_read_only_as_it_is_written)
{
    static const char good[] =
        "{\"seal\":7,\"bytes\":120,\"crc\":\"00ab34ff\"}";
    char line[sizeof(good)];
    struct seal seal;
    size_t i;

    ck_assert(!seal_decode(slice_str(good), &seal, NULL));
    ck_assert_uint_eq(seal.ordinal, 7);
    ck_assert_uint_eq(seal.bytes, 120);
    ck_assert_uint_eq(seal.crc, 0x00ab34ffu);
    ck_assert_uint_eq(seal.head, strlen("{\"seal\":7,\"bytes\":120"));
    for (i = 0; i < sizeof(good) - 1; i++) {
        memcpy(line, good, sizeof(good));
        line[i] = ' ';
        ck_assert_int_eq(seal_decode(slice_str(line), &seal, NULL), ST_BAD);
    }
}
END_TEST

static const TTest **const tests[] = {
    &random_lines_of_any_bytes_come_back_as_they_were,
    &random_names_and_numbers_of_the_other_kinds_come_back,
    &a_source_comes_back_with_mount_lease_scope_and_trust,
    &limits_come_back_each_in_its_place,
    &rules_come_back_with_their_files_as_they_were,
    &rules_written_by_hand_need_their_files_and_no_more,
    &json_stands_in_a_record_as_it_was_logged_and_other_lines_as_text,
    &a_name_that_is_not_utf8_is_refused_and_leaves_nothing_behind,
    &hand_written_lines_may_have_any_order_blanks_and_escapes,
    &a_wrong_line_is_told_with_its_column_and_what_would_be_right,
    &a_seal_is_read_only_as_it_is_written,
};

int main(void)
{
    return RUN_TESTS("journal format", setup, teardown, tests);
}
