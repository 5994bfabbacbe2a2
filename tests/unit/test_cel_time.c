#include "cel/timezone.h"

#include "base/alloc.h"
#include "cel/tzif.h"
#include "support/suite.h"
#include "support/zones.h"

#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct buf out;

static void setup(void)
{
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    buf_release(&out);
}

/* -- timestamps --------------------------------------------------------- */

static const struct {
    const char *text;
    int64_t seconds;
    uint32_t nanos;
    const char *written;
} good_timestamps[] = {
    { "1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z" },
    { "1969-12-31T23:59:59.5Z", -1, 500000000, "1969-12-31T23:59:59.5Z" },
    { "2009-02-13T23:31:30Z", 1234567890, 0, "2009-02-13T23:31:30Z" },
    { "2009-02-14T01:31:30+02:00", 1234567890, 0, "2009-02-13T23:31:30Z" },
    { "2009-02-13T16:01:30.000000001-07:30", 1234567890, 1,
      "2009-02-13T23:31:30.000000001Z" },
    { "2000-02-29t12:00:00.120z", 951825600, 120000000,
      "2000-02-29T12:00:00.12Z" },
    { "0001-01-01T00:00:00Z", TIMESTAMP_MIN, 0, "0001-01-01T00:00:00Z" },
    { "9999-12-31T23:59:59.999999999Z", TIMESTAMP_MAX, 999999999,
      "9999-12-31T23:59:59.999999999Z" },
};

START_TEST(timestamps_are_read_and_written_as_rfc_3339)
{
    struct cel_value v;

    ck_assert_int_eq(timestamp_parse(slice_str(good_timestamps[_i].text), &v),
                     ST_OK);
    ck_assert_int_eq(v.kind, CEL_TIMESTAMP);
    ck_assert_int_eq(v.i, good_timestamps[_i].seconds);
    ck_assert_uint_eq(v.n, good_timestamps[_i].nanos);
    timestamp_write(v, &out);
    assert_slice(buf_view(&out), good_timestamps[_i].written);
}
END_TEST

static const struct {
    const char *text;
    enum status st;
} bad_timestamps[] = {
    { "", ST_BAD },
    { "2009-02-13", ST_BAD },
    { "2009-02-13T23:31:30", ST_BAD },
    { "2009-02-13 23:31:30Z", ST_BAD },
    { "2009-02-30T23:31:30Z", ST_BAD },
    { "2009-02-13T24:31:30Z", ST_BAD },
    { "2009-02-13T23:31:30Zx", ST_BAD },
    { "2009-02-13T23:31:30+2:00", ST_BAD },
    { "10000-01-01T00:00:00Z", ST_BAD },
    { "0000-12-31T23:59:59Z", ST_LIMIT },
    { "0001-01-01T00:00:00+00:01", ST_LIMIT },
    { "9999-12-31T23:59:59-00:01", ST_LIMIT },
};

START_TEST(other_timestamps_are_refused)
{
    struct cel_value v = cel_int(7);

    ck_assert_int_eq(timestamp_parse(slice_str(bad_timestamps[_i].text), &v),
                     bad_timestamps[_i].st);
    ck_assert_int_eq(v.i, 7);
}
END_TEST

/* -- durations ---------------------------------------------------------- */

static const struct {
    const char *text;
    int64_t ns;
    const char *written;
} good_durations[] = {
    { "0", 0, "0s" },
    { "-0", 0, "0s" },
    { "0s", 0, "0s" },
    { "1h30m", 5400 * NSEC_SEC, "5400s" },
    { "-1.5s", -1500 * NSEC_MSEC, "-1.5s" },
    { "+.5m", 30 * NSEC_SEC, "30s" },
    { "1.h", 3600 * NSEC_SEC, "3600s" },
    { "100ms", 100 * NSEC_MSEC, "0.1s" },
    { "5us", 5000, "0.000005s" },
    { "5\xc2\xb5s", 5000, "0.000005s" },
    { "5\xce\xbcs", 5000, "0.000005s" },
    { "1ns", 1, "0.000000001s" },
    { "1m1ms", 60001 * NSEC_MSEC, "60.001s" },
    { "0.3333333333333333333333h", 1199999999999, "1199.999999999s" },
    { "00000000000000000000000000000000000000000001s", NSEC_SEC, "1s" },
    { "9223372036854775807ns", INT64_MAX, "9223372036.854775807s" },
    { "-9223372036854775808ns", INT64_MIN, "-9223372036.854775808s" },
    { "-9223372036.854775808s", INT64_MIN, "-9223372036.854775808s" },
};

START_TEST(durations_are_read_as_go_does_and_written_in_seconds)
{
    struct cel_value v;

    ck_assert_int_eq(duration_parse(slice_str(good_durations[_i].text), &v),
                     ST_OK);
    ck_assert_int_eq(v.kind, CEL_DURATION);
    ck_assert_int_eq(v.i, good_durations[_i].ns);
    duration_write(v.i, &out);
    assert_slice(buf_view(&out), good_durations[_i].written);
}
END_TEST

static const struct {
    const char *text;
    enum status st;
} bad_durations[] = {
    { "", ST_BAD },
    { "-", ST_BAD },
    { "1", ST_BAD },
    { "s", ST_BAD },
    { ".s", ST_BAD },
    { "1d", ST_BAD },
    { "1 s", ST_BAD },
    { "1s ", ST_BAD },
    { "1s2", ST_BAD },
    { "--1s", ST_BAD },
    { "1h-1m", ST_BAD },
    { "1S", ST_BAD },
    { "9223372036854775808ns", ST_LIMIT },
    { "-9223372036854775809ns", ST_LIMIT },
    { "320000000000s", ST_LIMIT },
    { "10000000000000000000000ns", ST_LIMIT },
    { "99999999999999999999999999999999999999999999999h", ST_LIMIT },
    { "2562047h2562047h", ST_LIMIT },
};

START_TEST(other_durations_are_refused)
{
    struct cel_value v = cel_int(7);

    ck_assert_int_eq(duration_parse(slice_str(bad_durations[_i].text), &v),
                     bad_durations[_i].st);
    ck_assert_int_eq(v.i, 7);
}
END_TEST

/* -- zones -------------------------------------------------------------- */

static void assert_civil(const struct civil *c, const char *expected)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
                                        "Thu", "Fri", "Sat" };

    buf_reset(&out);
    buf_printf(&out, "%04d-%02d-%02d %02d:%02d:%02d %s %d", (int)c->year,
               c->month, c->day, c->hour, c->minute, c->second,
               days[c->weekday], c->yearday);
    assert_slice(buf_view(&out), expected);
}

static const struct {
    const char *zone;
    int64_t seconds;
    const char *civil;
} clocks[] = {
    { "", 1234567890, "2009-02-13 23:31:30 Fri 43" },
    { "UTC", 0, "1970-01-01 00:00:00 Thu 0" },
    { "UTC", -1, "1969-12-31 23:59:59 Wed 364" },
    { "UTC", TIMESTAMP_MIN, "0001-01-01 00:00:00 Mon 0" },
    { "UTC", TIMESTAMP_MAX, "9999-12-31 23:59:59 Fri 364" },
    { "+02:00", 1234567890, "2009-02-14 01:31:30 Sat 44" },
    { "02:00", 1234567890, "2009-02-14 01:31:30 Sat 44" },
    { "-07:30", 1234567890, "2009-02-13 16:01:30 Fri 43" },
    { "-00:00", 1234567890, "2009-02-13 23:31:30 Fri 43" },
    { "+23:59", TIMESTAMP_MAX, "10000-01-01 23:58:59 Sat 0" },
    { "-23:59", TIMESTAMP_MIN, "0000-12-31 00:01:00 Sun 365" },
};

START_TEST(a_clock_shows_utc_or_a_fixed_offset_without_zones)
{
    struct civil c;

    ck_assert_int_eq(
        civil_at(NULL, slice_str(clocks[_i].zone), clocks[_i].seconds, &c),
        ST_OK);
    assert_civil(&c, clocks[_i].civil);
}
END_TEST

static struct slice never_asked(void *self, struct slice name)
{
    (void)self;
    ck_abort_msg("asked for %.*s", SLICE_ARG(name));
    return slice_of(NULL, 0);
}

static const char *const bad_zones[] = {
    "/etc/passwd",
    "../passwd",
    "Europe/../../x",
    "Europe//Berlin",
    "Europe/",
    "Europe Berlin",
    "a.b",
    ".",
    "\xc3\xa9t\xc3\xa9",
    "%s",
    "Z\n",
    "\\",
    "+24:00",
    "+02:60",
    "+2:00",
    "+02:00:00",
    "a23456789012345678901234567890123456789012345678901234567890abcde",
};

START_TEST(a_name_that_could_leave_the_directory_is_never_looked_for)
{
    const struct cel_zones zones = { NULL, never_asked };
    struct civil c;

    ck_assert_int_eq(civil_at(&zones, slice_str(bad_zones[_i]), 0, &c), ST_BAD);
}
END_TEST

START_TEST(a_zone_that_is_not_there_is_bad)
{
    struct civil c;

    ck_assert_int_eq(
        civil_at(zones_of_machine(), slice_str("Europe/Atlantis"), 0, &c),
        ST_BAD);
    ck_assert_int_eq(civil_at(NULL, slice_str("Europe/Berlin"), 0, &c), ST_BAD);
}
END_TEST

static const char *const places[] = {
    "Europe/Berlin",       "America/New_York", "Australia/Sydney",
    "Asia/Kathmandu",      "America/St_Johns", "Africa/Casablanca",
    "America/Nuuk",        "Asia/Tehran",      "Pacific/Apia",
    "Europe/Dublin",       "Asia/Gaza",        "America/Sao_Paulo",
    "Australia/Lord_Howe", "Etc/GMT+5",        "Antarctica/Troll",
};

static void assert_as_libc(const char *zone, int64_t seconds)
{
    time_t at = (time_t)seconds;
    struct civil c;
    struct tm tm;

    ck_assert_int_eq(civil_at(zones_of_machine(), slice_str(zone), seconds, &c),
                     ST_OK);
    ck_assert_ptr_nonnull(localtime_r(&at, &tm));
    ck_assert_msg(c.year == tm.tm_year + 1900 && c.month == tm.tm_mon + 1 &&
                      c.day == tm.tm_mday && c.hour == tm.tm_hour &&
                      c.minute == tm.tm_min && c.second == tm.tm_sec &&
                      c.weekday == tm.tm_wday && c.yearday == tm.tm_yday,
                  "%s at %lld: %02d:%02d, not %02d:%02d", zone,
                  (long long)seconds, c.hour, c.minute, tm.tm_hour, tm.tm_min);
}

/* Every 30 days and a bit from 1800 to 2500: each change of the clocks has
 * instants on both sides of it within a few steps. */
START_TEST(named_zones_show_what_the_c_library_shows)
{
    const int64_t step = 30 * 86400 + 5077;
    int64_t at;

    if (!zones_are_there())
        return;
    setenv("TZ", places[_i], 1);
    tzset();
    for (at = INT64_C(-5364662400); at < INT64_C(16725225600); at += step)
        assert_as_libc(places[_i], at);
}
END_TEST

static const struct {
    const char *zone;
    int64_t before; /* the last second before the clocks change */
    const char *shows, *then;
} changes[] = {
    { "Europe/Berlin", 1774745999, "2026-03-29 01:59:59 Sun 87",
      "2026-03-29 03:00:00 Sun 87" },
    { "Europe/Berlin", 1792889999, "2026-10-25 02:59:59 Sun 297",
      "2026-10-25 02:00:00 Sun 297" },
    { "Europe/Berlin", 4109878799, "2100-03-28 01:59:59 Sun 86",
      "2100-03-28 03:00:00 Sun 86" },
    { "Australia/Sydney", 1775318399, "2026-04-05 02:59:59 Sun 94",
      "2026-04-05 02:00:00 Sun 94" },
};

START_TEST(the_clocks_change_at_the_second)
{
    struct slice zone = slice_str(changes[_i].zone);
    struct civil c;

    if (!zones_are_there())
        return;
    ck_assert(!civil_at(zones_of_machine(), zone, changes[_i].before, &c));
    assert_civil(&c, changes[_i].shows);
    ck_assert(!civil_at(zones_of_machine(), zone, changes[_i].before + 1, &c));
    assert_civil(&c, changes[_i].then);
}
END_TEST

/* -- files -------------------------------------------------------------- */

static void add_header(char version, uint8_t types)
{
    char header[44] = "TZif";

    header[4] = version;
    header[39] = (char)types;
    buf_slice(&out, slice_of(header, sizeof(header)));
}

/* A file of no table, whose clocks follow a footer. */
static void make_file(const char *footer)
{
    const char type[6] = { 0 };

    buf_reset(&out);
    add_header('3', 0);
    add_header('3', 1);
    buf_slice(&out, slice_of(type, sizeof(type)));
    buf_printf(&out, "\n%s\n", footer);
}

/* From a copy that ends where the file does: a byte too far is seen. */
static enum status offset_in(struct slice file, int64_t seconds, int32_t *ret)
{
    char *copy = xmalloc(file.n ? file.n : 1);
    enum status st;

    if (file.n)
        memcpy(copy, file.p, file.n);
    st = tzif_offset(slice_of(copy, file.n), seconds, ret);
    free(copy);
    return st;
}

#define JANUARY_2024 1704067200 /* a leap year */
#define JANUARY_2025 1735689600
#define DAYS(n)      ((n)*INT64_C(86400))

static const struct {
    const char *footer;
    int64_t seconds;
    int32_t offset;
} footers[] = {
    { "", 0, 0 },
    { "UTC0", 0, 0 },
    { "<+03>-3", 0, 10800 },
    { "<-0330>3:30", 0, -12600 },
    { "XXX-1:02:03", 0, 3723 },
    { "AAA0BBB,J60/0,J61/0", JANUARY_2024 + DAYS(59), 0 },
    { "AAA0BBB,J60/0,J61/0", JANUARY_2024 + DAYS(60), 3600 },
    { "AAA0BBB,J60/0,J61/0", JANUARY_2025 + DAYS(59), 3600 },
    { "AAA0BBB,59/0,60/0", JANUARY_2024 + DAYS(59), 3600 },
    { "AAA0BBB,59/0,60/0", JANUARY_2024 + DAYS(59) - 1, 0 },
    { "AAA0BBB-2,M1.1.1/0,M12.5.0/0", JANUARY_2024 - 1, 0 },
    { "AAA0BBB-2,M1.1.1/0,M12.5.0/0", JANUARY_2024, 7200 },
    { "AAA3BBB2,M3.4.0/-1,M10.4.0/0", 1711238399, -10800 },
    { "AAA3BBB2,M3.4.0/-1,M10.4.0/0", 1711249200, -7200 },
    { "EST5EDT,0/0,J365/25", JANUARY_2025, -14400 },
    { "EST5EDT,0/0,J365/25", JANUARY_2025 + DAYS(180), -14400 },
};

START_TEST(past_its_table_a_zone_follows_the_footer)
{
    int32_t offset = 1;

    make_file(footers[_i].footer);
    ck_assert_int_eq(offset_in(buf_view(&out), footers[_i].seconds, &offset),
                     ST_OK);
    ck_assert_int_eq(offset, footers[_i].offset);
}
END_TEST

static const char *const bad_footers[] = {
    "0",
    "UTC",
    "<UTC0",
    "UTC25",
    "UTC0:60",
    "AAA0BBB",
    "AAA0BBB,",
    "AAA0BBB,M3.1.0",
    "AAA0BBB,M13.1.0,M1.1.0",
    "AAA0BBB,M0.1.0,M1.1.0",
    "AAA0BBB,M1.6.0,M1.1.0",
    "AAA0BBB,M1.1.7,M1.1.0",
    "AAA0BBB,J0,J1",
    "AAA0BBB,366,1",
    "AAA0BBB,1/168,2",
    "AAA0BBB,1,2x",
    "AAA0BBB,99999999999999999999,2",
};

START_TEST(another_footer_makes_the_file_bad)
{
    int32_t offset = 1;

    make_file(bad_footers[_i]);
    ck_assert_int_eq(offset_in(buf_view(&out), 0, &offset), ST_BAD);
    ck_assert_int_eq(offset, 1);
}
END_TEST

START_TEST(a_file_cut_anywhere_or_with_any_byte_changed_ends_well)
{
    struct slice file;
    int32_t offset;
    size_t i;
    int c;

    if (!zones_are_there())
        return;
    file = zones_of_machine()->tzif(NULL, slice_str("Europe/Dublin"));
    for (i = 0; i < file.n; i++)
        (void)!offset_in(slice_of(file.p, i), 1234567890, &offset);
    buf_slice(&out, file);
    for (i = 0; i < file.n; i++) {
        for (c = 0; c < 256; c += 17) {
            out.p[i] = (char)c;
            if (!offset_in(buf_view(&out), 4102444800, &offset))
                ck_assert(offset >= -7 * 86400 && offset <= 7 * 86400);
        }
        out.p[i] = file.p[i];
    }
}
END_TEST

static const TTest **const tests[] = {
    &a_zone_that_is_not_there_is_bad,
    &a_file_cut_anywhere_or_with_any_byte_changed_ends_well,
};

static const struct suite_table tables[] = {
    { &timestamps_are_read_and_written_as_rfc_3339, COUNT(good_timestamps) },
    { &other_timestamps_are_refused, COUNT(bad_timestamps) },
    { &durations_are_read_as_go_does_and_written_in_seconds,
      COUNT(good_durations) },
    { &other_durations_are_refused, COUNT(bad_durations) },
    { &a_clock_shows_utc_or_a_fixed_offset_without_zones, COUNT(clocks) },
    { &a_name_that_could_leave_the_directory_is_never_looked_for,
      COUNT(bad_zones) },
    { &named_zones_show_what_the_c_library_shows, COUNT(places) },
    { &the_clocks_change_at_the_second, COUNT(changes) },
    { &past_its_table_a_zone_follows_the_footer, COUNT(footers) },
    { &another_footer_makes_the_file_bad, COUNT(bad_footers) },
};

int main(void)
{
    return RUN_SUITE_WITH("cel time", setup, teardown, tests, tables);
}
