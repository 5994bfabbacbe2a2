#include "instant.h"

#include <stdbool.h>
#include <stdio.h>

nsec nsec_add(nsec a, nsec b)
{
    nsec sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

nsec nsec_sub(nsec a, nsec b)
{
    nsec left;

    if (__builtin_sub_overflow(a, b, &left))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return left;
}

/* Howard Hinnant's algorithm: years begin in March. */
int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    int64_t era;
    unsigned yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = (unsigned)(y - era * 400);
    doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month,
                     unsigned *ret_day)
{
    int64_t era;
    unsigned doe, yoe, doy, mp;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    doe = (unsigned)(days - era * 146097);
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int64_t)yoe + era * 400 + (*ret_month <= 2);
}

int64_t days_of_seconds(int64_t seconds, unsigned *ret_rest)
{
    int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);

    *ret_rest = (unsigned)(seconds - days * DAY_SECONDS);
    return days;
}

int days_weekday(int64_t days)
{
    int weekday = (int)((days + 4) % 7); /* 1970-01-01 was a Thursday */

    return weekday < 0 ? weekday + 7 : weekday;
}

void instant_format(nsec at, char out[INSTANT_TEXT])
{
    int64_t sec = at / NSEC_SEC, frac = at % NSEC_SEC, y;
    unsigned m, d, tod;

    if (frac < 0) {
        frac += NSEC_SEC;
        sec--;
    }
    civil_from_days(days_of_seconds(sec, &tod), &y, &m, &d);
    snprintf(out, INSTANT_TEXT, "%04d-%02u-%02uT%02u:%02u:%02u.%09uZ", (int)y,
             m, d, tod / 3600, tod / 60 % 60, tod % 60, (unsigned)frac);
}

/* Reads exactly n digits at *p and steps over them. */
static bool digits(const char **p, const char *end, int n, unsigned *ret)
{
    unsigned v = 0;

    if (end - *p < n)
        return false;
    for (; n > 0; n--, ++*p) {
        if (**p < '0' || **p > '9')
            return false;
        v = v * 10 + (unsigned)(**p - '0');
    }
    *ret = v;
    return true;
}

static bool expect(const char **p, const char *end, const char *any)
{
    if (*p == end || !**p || !strchr(any, **p))
        return false;
    ++*p;
    return true;
}

static uint32_t fraction(const char **p, const char *end)
{
    uint32_t v = 0, unit = NSEC_SEC / 10;

    for (; *p < end && **p >= '0' && **p <= '9'; ++*p, unit /= 10)
        v += unit * (uint32_t)(**p - '0');
    return v;
}

/* Z or an offset, in seconds east of UTC. */
static bool offset(const char **p, const char *end, int64_t *ret)
{
    unsigned h, m;
    bool west;

    if (expect(p, end, "Zz")) {
        *ret = 0;
        return true;
    }
    west = *p < end && **p == '-';
    if (!expect(p, end, "+-") || !digits(p, end, 2, &h) ||
        !expect(p, end, ":") || !digits(p, end, 2, &m) || h > 23 || m > 59)
        return false;
    *ret = (west ? -1 : 1) * (int64_t)(h * 3600 + m * 60);
    return true;
}

static unsigned month_days(unsigned y, unsigned m)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30,
                                          31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return days[m - 1] + (m == 2 && leap ? 1u : 0u);
}

enum status instant_split(struct slice text, int64_t *ret_seconds,
                          uint32_t *ret_nanos)
{
    const char *p = text.p, *end = text.p + text.n;
    unsigned y, mo, d, h, mi, s;
    uint32_t frac = 0;
    int64_t east;

    if (!digits(&p, end, 4, &y) || !expect(&p, end, "-") ||
        !digits(&p, end, 2, &mo) || !expect(&p, end, "-") ||
        !digits(&p, end, 2, &d) || !expect(&p, end, "Tt ") ||
        !digits(&p, end, 2, &h) || !expect(&p, end, ":") ||
        !digits(&p, end, 2, &mi) || !expect(&p, end, ":") ||
        !digits(&p, end, 2, &s))
        return ST_BAD;
    if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 ||
        mi > 59 || s > 60)
        return ST_BAD;
    if (expect(&p, end, "."))
        frac = fraction(&p, end);
    if (!offset(&p, end, &east) || p != end)
        return ST_BAD;
    *ret_seconds =
        days_from_civil(y, mo, d) * DAY_SECONDS + h * 3600 + mi * 60 + s - east;
    *ret_nanos = frac;
    return ST_OK;
}

enum status instant_parse(struct slice text, nsec *ret_at)
{
    int64_t seconds;
    uint32_t nanos;
    nsec at;

    if (instant_split(text, &seconds, &nanos) ||
        __builtin_mul_overflow(seconds, NSEC_SEC, &at) ||
        __builtin_add_overflow(at, (nsec)nanos, &at))
        return ST_BAD;
    *ret_at = at;
    return ST_OK;
}

/* One number with its unit: "1.5h".  A bare number is seconds. */
static bool span_part(const char **p, const char *end, nsec *ret_unit,
                      nsec *ret_for)
{
    static const struct {
        const char *name;
        nsec n;
    } units[] = {
        { "", NSEC_SEC },
        { "ns", 1 },
        { "us", NSEC_USEC },
        { "ms", NSEC_MSEC },
        { "s", NSEC_SEC },
        { "m", 60 * NSEC_SEC },
        { "h", 3600 * NSEC_SEC },
        { "d", DAY_SECONDS * NSEC_SEC },
        { "w", 7 * DAY_SECONDS * NSEC_SEC },
    };
    const char *unit;
    nsec whole = 0, frac = 0;
    size_t i;

    if (*p == end || **p < '0' || **p > '9')
        return false;
    for (; *p < end && **p >= '0' && **p <= '9'; ++*p)
        if (whole > NSEC_MAX / NSEC_SEC || (whole = whole * 10 + **p - '0') < 0)
            return false;
    if (expect(p, end, "."))
        frac = fraction(p, end);
    unit = *p;
    while (*p < end && **p >= 'a' && **p <= 'z')
        ++*p;
    for (i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (slice_is(slice_of(unit, (size_t)(*p - unit)), units[i].name))
            break;
    if (i == sizeof(units) / sizeof(*units) || whole > NSEC_MAX / units[i].n)
        return false;
    *ret_unit = i == 0 ? 0 : units[i].n;
    *ret_for = nsec_add(whole * units[i].n,
                        (nsec)((__int128)frac * units[i].n / NSEC_SEC));
    return true;
}

enum status span_parse(struct slice text, nsec *ret_for)
{
    const char *p = text.p, *end = text.p + text.n;
    nsec sum = 0, part, unit, before = NSEC_MAX;

    do {
        if (!span_part(&p, end, &unit, &part) || unit >= before ||
            (unit == 0 && before != NSEC_MAX))
            return ST_BAD;
        sum = nsec_add(sum, part);
        before = unit;
    } while (p < end);
    *ret_for = sum;
    return ST_OK;
}
