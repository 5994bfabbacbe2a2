#include "base/amount.h"
#include "base/buf.h"
#include "base/heap.h"
#include "base/instant.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "support/suite.h"
#include "support/val.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

START_TEST(a_write_past_the_cap_changes_nothing_and_is_remembered)
{
    struct buf b;

    buf_init(&b, 5);
    ck_assert_int_eq(buf_add(&b, "abc", 3), ST_OK);
    ck_assert_int_eq(buf_add(&b, "def", 3), ST_LIMIT);
    assert_slice(buf_view(&b), "abc");
    ck_assert(!buf_ok(&b));
    ck_assert_int_eq(buf_add(&b, "de", 2), ST_OK);
    assert_slice(buf_view(&b), "abcde");
    ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), ST_LIMIT);
    buf_reset(&b);
    ck_assert(buf_ok(&b));
    ck_assert_str_eq(buf_cstr(&b), "");
    buf_release(&b);
}
END_TEST

START_TEST(a_metric_tells_a_time_since_1970_to_less_than_a_millisecond)
{
    struct buf b;
    struct metrics m = { .out = &b };

    buf_init(&b, BUF_NO_CAP);
    metrics_family(&m, "t", "gauge", "A time.");
    metrics_double(&m, 1795787470.1234);
    metrics_double(&m, 0.1);
    assert_slice(buf_view(&b), "# HELP t A time.\n# TYPE t gauge\n"
                               "t 1795787470.1234\nt 0.1\n");
    buf_release(&b);
}
END_TEST

START_TEST(an_all_zero_buffer_takes_nothing)
{
    struct buf b = { 0 };

    buf_char(&b, 'x');
    ck_assert_uint_eq(b.n, 0);
    ck_assert(!buf_ok(&b));
    buf_release(&b);
    buf_release(NULL);
}
END_TEST

START_TEST(numbers_at_the_ends_of_their_range_are_written_whole)
{
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    buf_i64(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MAX);
    buf_char(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_printf(&b, " %s", "end");
    assert_slice(buf_view(&b), "-9223372036854775808 9223372036854775807 "
                               "18446744073709551615 end");
    buf_drop(&b, b.n - 3);
    assert_slice(buf_view(&b), "end");
    buf_release(&b);
}
END_TEST

static const struct {
    const char *text;
    enum status st;
    nsec at;
    const char *back; /* NULL: the text itself */
} instants[] = {
    { "1970-01-01T00:00:00.000000000Z", ST_OK, 0, NULL },
    { "1969-12-31T23:59:59.999999999Z", ST_OK, -1, NULL },
    { "2023-11-14T22:13:20.123456789Z", ST_OK, 1700000000123456789, NULL },
    { "2023-11-14t22:13:20.5z", ST_OK, 1700000000500000000,
      "2023-11-14T22:13:20.500000000Z" },
    { "2023-11-14 23:43:20+01:30", ST_OK, 1700000000000000000,
      "2023-11-14T22:13:20.000000000Z" },
    { "2023-11-14T12:13:20-10:00", ST_OK, 1700000000000000000,
      "2023-11-14T22:13:20.000000000Z" },
    { "2023-11-14T22:13:20.1234567899999Z", ST_OK, 1700000000123456789,
      "2023-11-14T22:13:20.123456789Z" },
    { "2000-02-29T00:00:00Z", ST_OK, 951782400000000000,
      "2000-02-29T00:00:00.000000000Z" },
    { "2016-12-31T23:59:60Z", ST_OK, 1483228800000000000,
      "2017-01-01T00:00:00.000000000Z" },
    { "2262-04-11T23:47:16.854775807Z", ST_OK, INT64_MAX, NULL },
    { "1678-01-01T00:00:00.000000000Z", ST_OK, -9214560000000000000, NULL },
    { "2262-04-11T23:47:16.854775808Z", ST_BAD, 0, NULL },
    { "9999-12-31T23:59:59Z", ST_BAD, 0, NULL },
    { "0000-01-01T00:00:00Z", ST_BAD, 0, NULL },
    { "2100-02-29T00:00:00Z", ST_BAD, 0, NULL },
    { "2023-02-30T00:00:00Z", ST_BAD, 0, NULL },
    { "2023-13-01T00:00:00Z", ST_BAD, 0, NULL },
    { "2023-00-01T00:00:00Z", ST_BAD, 0, NULL },
    { "2023-01-00T00:00:00Z", ST_BAD, 0, NULL },
    { "2023-01-01T24:00:00Z", ST_BAD, 0, NULL },
    { "2023-01-01T00:60:00Z", ST_BAD, 0, NULL },
    { "2023-01-01T00:00:61Z", ST_BAD, 0, NULL },
    { "2023-01-01T00:00:00", ST_BAD, 0, NULL },
    { "2023-01-01T00:00:00+24:00", ST_BAD, 0, NULL },
    { "2023-01-01T00:00:00+0100", ST_BAD, 0, NULL },
    { "2023-01-01T00:00:00Zx", ST_BAD, 0, NULL },
    { "2023-01-01", ST_BAD, 0, NULL },
    { "+023-01-01T00:00:00Z", ST_BAD, 0, NULL },
    { "", ST_BAD, 0, NULL },
};

START_TEST(instants_are_read_and_written_as_rfc_3339)
{
    char text[INSTANT_TEXT];
    nsec at = 42;

    ck_assert_msg(instant_parse(slice_str(instants[_i].text), &at) ==
                      instants[_i].st,
                  "%s", instants[_i].text);
    if (instants[_i].st) {
        ck_assert_int_eq(at, 42);
        return;
    }
    ck_assert_int_eq(at, instants[_i].at);
    instant_format(at, text);
    ck_assert_str_eq(text,
                     instants[_i].back ? instants[_i].back : instants[_i].text);
}
END_TEST

START_TEST(every_instant_that_is_written_can_be_read_again)
{
    uint64_t seed = 11;
    char text[INSTANT_TEXT];
    nsec at, back = 0;
    int i;

    for (i = 0; i < 20000; i++) {
        at = (nsec)random_next(&seed);
        if (at < INT64_MIN + NSEC_SEC)
            continue;
        instant_format(at, text);
        ck_assert_msg(!instant_parse(slice_str(text), &back), "%s", text);
        ck_assert_msg(at == back, "%s", text);
    }
}
END_TEST

START_TEST(spans_have_units_and_stay_in_range)
{
    static const struct {
        const char *text;
        enum status st;
        nsec n;
    } spans[] = {
        { "0", ST_OK, 0 },
        { "2", ST_OK, 2 * NSEC_SEC },
        { "1.5", ST_OK, 1500 * NSEC_MSEC },
        { "250ms", ST_OK, 250 * NSEC_MSEC },
        { "1.5s", ST_OK, 1500 * NSEC_MSEC },
        { "7ns", ST_OK, 7 },
        { "1.9ns", ST_OK, 1 },
        { "3us", ST_OK, 3000 },
        { "10m", ST_OK, 600 * NSEC_SEC },
        { "24h", ST_OK, 86400 * NSEC_SEC },
        { "7d", ST_OK, 604800 * NSEC_SEC },
        { "0.5d", ST_OK, 43200 * NSEC_SEC },
        { "2w", ST_OK, 1209600 * NSEC_SEC },
        { "1h30m", ST_OK, 5400 * NSEC_SEC },
        { "1d2h3m4s5ms", ST_OK, 93784005 * NSEC_MSEC },
        { "106751d86400s", ST_OK, NSEC_MAX },
        { "1h30", ST_BAD, 0 },
        { "30m1h", ST_BAD, 0 },
        { "1s1s", ST_BAD, 0 },
        { "1h 30m", ST_BAD, 0 },
        { "9223372036s", ST_OK, 9223372036 * NSEC_SEC },
        { "9223372036.999999999s", ST_OK, NSEC_MAX },
        { "9223372037s", ST_BAD, 0 },
        { "99999999999999999999ns", ST_BAD, 0 },
        { "106752d", ST_BAD, 0 },
        { "", ST_BAD, 0 },
        { "s", ST_BAD, 0 },
        { "-1s", ST_BAD, 0 },
        { "1x", ST_BAD, 0 },
        { "1 s", ST_BAD, 0 },
        { ".5s", ST_BAD, 0 },
    };
    size_t i;

    for (i = 0; i < COUNT(spans); i++) {
        nsec n = 42;

        ck_assert_msg(span_parse(slice_str(spans[i].text), &n) == spans[i].st,
                      "%s", spans[i].text);
        ck_assert_msg(n == (spans[i].st ? 42 : spans[i].n), "%s: %lld",
                      spans[i].text, (long long)n);
    }
}
END_TEST

START_TEST(sums_and_differences_of_instants_stop_at_the_ends)
{
    ck_assert_int_eq(nsec_add(NSEC_MAX, 1), NSEC_MAX);
    ck_assert_int_eq(nsec_add(INT64_MIN, -1), INT64_MIN);
    ck_assert_int_eq(nsec_add(3, -5), -2);
    ck_assert_int_eq(nsec_sub(NSEC_MAX, -1), NSEC_MAX);
    ck_assert_int_eq(nsec_sub(INT64_MIN, 1), INT64_MIN);
    ck_assert_int_eq(nsec_sub(3, 5), -2);
}
END_TEST

/* Unicode 15, table 3-7, each line from inside and from just outside. */
static const struct {
    const char *text;
    size_t good; /* bytes of valid prefix */
    const char *mended;
} ill_formed[] = {
    { "plain ascii of more than eight bytes", 36,
      "plain ascii of more than eight bytes" },
    { "\xc2\x80\xdf\xbf", 4, "\xc2\x80\xdf\xbf" },
    { "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12,
      "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8,
      "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
    { "a\x80z", 1, "a\xef\xbf\xbdz" }, /* lone continuation */
    { "\xbf\xbf", 0, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xc0\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong */
    { "\xc1\xbf", 0, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xe0\x9f\xbf", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf0\x8f\xbf\xbf", 0,
      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xed\xa0\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf4\x90\x80\x80", 0,
      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf5\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xff\xfe", 0, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "ok\xc3", 2, "ok\xef\xbf\xbd" }, /* cut short */
    { "\xe2\x82", 0, "\xef\xbf\xbd" },
    { "\xf0\x9f\x9a", 0, "\xef\xbf\xbd" },
    { "\xf0\x9f\x9a"
      "a",
      0,
      "\xef\xbf\xbd"
      "a" },
    { "\xe2\x82\xc3\xa9", 0, "\xef\xbf\xbd\xc3\xa9" },
    { "", 0, "" },
};

START_TEST(each_maximal_ill_formed_part_becomes_one_replacement)
{
    struct slice s = slice_str(ill_formed[_i].text);
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    ck_assert_uint_eq(utf8_prefix(s), ill_formed[_i].good);
    ck_assert_int_eq(utf8_valid(s), ill_formed[_i].good == s.n);
    utf8_repair(s, &out);
    assert_slice(buf_view(&out), ill_formed[_i].mended);
    ck_assert(utf8_valid(buf_view(&out)));
    buf_release(&out);
}
END_TEST

START_TEST(whatever_is_repaired_is_valid_and_what_is_valid_stays)
{
    uint64_t seed = 5;
    char bytes[24];
    struct buf once, twice;
    size_t i, j, n;

    buf_init(&once, BUF_NO_CAP);
    buf_init(&twice, BUF_NO_CAP);
    for (i = 0; i < 50000; i++) {
        n = random_below(&seed, sizeof(bytes));
        for (j = 0; j < n; j++)
            bytes[j] =
                (char)(random_below(&seed, 3) ? random_next(&seed) >> 8 : 0xf0);
        buf_reset(&once);
        buf_reset(&twice);
        utf8_repair(slice_of(bytes, n), &once);
        ck_assert(utf8_valid(buf_view(&once)));
        utf8_repair(buf_view(&once), &twice);
        ck_assert(slice_eq(buf_view(&once), buf_view(&twice)));
    }
    buf_release(&once);
    buf_release(&twice);
}
END_TEST

START_TEST(a_cut_never_goes_through_a_character)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80";
    static const size_t kept[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
    size_t i;

    for (i = 0; i < COUNT(kept); i++)
        ck_assert_uint_eq(utf8_cut(slice_str(text), i).n, kept[i]);
}
END_TEST

START_TEST(amounts_are_cut_at_six_decimals_and_refused_from_ten_to_the_18)
{
    static const struct {
        const char *text;
        enum status st;
        const char *shown;
    } amounts[] = {
        { "0", ST_OK, "0" },
        { "-0", ST_OK, "0" },
        { "0.000e99", ST_OK, "0" },
        { "1", ST_OK, "1" },
        { "-1.5", ST_OK, "-1.5" },
        { "0.25", ST_OK, "0.25" },
        { "1e2", ST_OK, "100" },
        { "1E+2", ST_OK, "100" },
        { "12e-1", ST_OK, "1.2" },
        { "1.234567e3", ST_OK, "1234.567" },
        { "0.0000019", ST_OK, "0.000001" },
        { "-0.0000009", ST_OK, "0" },
        { "1e-7", ST_OK, "0" },
        { "1e-999999999999", ST_OK, "0" },
        { "0.00000000000000000000000000001e30", ST_OK, "10" },
        { "999999999999999999", ST_OK, "999999999999999999" },
        { "-999999999999999999.999999", ST_OK, "-999999999999999999.999999" },
        { "99999999999999999999e-2", ST_OK, "999999999999999999.99" },
        { "1000000000000000000", ST_LIMIT, NULL },
        { "18446744073709551615", ST_LIMIT, NULL },
        { "1e18", ST_LIMIT, NULL },
        { "1e400", ST_LIMIT, NULL },
        { "-1e999999999999", ST_LIMIT, NULL },
    };
    struct buf out;
    size_t i;

    buf_init(&out, BUF_NO_CAP);
    for (i = 0; i < COUNT(amounts); i++) {
        amount a = 42;

        ck_assert_msg(amount_parse(slice_str(amounts[i].text), &a) ==
                          amounts[i].st,
                      "%s", amounts[i].text);
        if (amounts[i].st) {
            ck_assert(a == 42);
            continue;
        }
        buf_reset(&out);
        amount_write(a, &out);
        assert_slice(buf_view(&out), amounts[i].shown);
    }
    buf_release(&out);
}
END_TEST

START_TEST(a_sum_past_128_bits_stays_at_the_end)
{
    const amount max = (amount)(~(unsigned __int128)0 >> 1);
    struct buf out;

    ck_assert(amount_add(max, 1) == max);
    ck_assert(amount_add(-max, -2) == -max);
    ck_assert(amount_add(max, -1) == max - 1);
    buf_init(&out, AMOUNT_TEXT);
    amount_write(-max - 1, &out);
    assert_slice(buf_view(&out), "-170141183460469231731687303715884.105728");
    buf_release(&out);
}
END_TEST

START_TEST(deadlines_come_out_in_order_and_equal_ones_as_pushed)
{
    struct heap h = { 0 };
    const struct heap_entry *top;
    uint64_t seed = 3;
    nsec last = INT64_MIN;
    uint32_t i, last_id = 0;

    for (i = 0; i < 5000; i++)
        heap_push(&h, (nsec)random_below(&seed, 50), i, i);
    for (i = 0; i < 5000; i++) {
        top = heap_top(&h);
        ck_assert(top->at > last || (top->at == last && top->id > last_id));
        last = top->at;
        last_id = top->id;
        heap_pop(&h);
    }
    ck_assert_ptr_null(heap_top(&h));
    heap_release(&h);
    heap_release(NULL);
}
END_TEST

static const TTest **const tests[] = {
    &a_write_past_the_cap_changes_nothing_and_is_remembered,
    &a_metric_tells_a_time_since_1970_to_less_than_a_millisecond,
    &an_all_zero_buffer_takes_nothing,
    &numbers_at_the_ends_of_their_range_are_written_whole,
    &every_instant_that_is_written_can_be_read_again,
    &spans_have_units_and_stay_in_range,
    &sums_and_differences_of_instants_stop_at_the_ends,
    &whatever_is_repaired_is_valid_and_what_is_valid_stays,
    &a_cut_never_goes_through_a_character,
    &amounts_are_cut_at_six_decimals_and_refused_from_ten_to_the_18,
    &a_sum_past_128_bits_stays_at_the_end,
    &deadlines_come_out_in_order_and_equal_ones_as_pushed,
};

static const struct suite_table tables[] = {
    { &instants_are_read_and_written_as_rfc_3339, COUNT(instants) },
    { &each_maximal_ill_formed_part_becomes_one_replacement,
      COUNT(ill_formed) },
};

int main(void)
{
    return RUN_SUITE("base", tests, tables);
}
