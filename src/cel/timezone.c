#include "cel/timezone.h"

#include "cel/tzif.h"

#define NAME_MAX_BYTES 64

/* -- zones -------------------------------------------------------------- */

static bool two_digits(const char *p, int most, int *ret)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *ret = (p[0] - '0') * 10 + p[1] - '0';
    return *ret <= most;
}

/* "+02:00", "-07:30", "02:00". */
static bool fixed_offset(struct slice zone, int32_t *ret)
{
    bool west = zone.n && zone.p[0] == '-';
    int hours, minutes;

    if (zone.n == 6 && (west || zone.p[0] == '+'))
        zone = slice_of(zone.p + 1, 5);
    if (zone.n != 5 || zone.p[2] != ':' || !two_digits(zone.p, 23, &hours) ||
        !two_digits(zone.p + 3, 59, &minutes))
        return false;
    *ret = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
}

/* "Etc/GMT+1": parts of plain bytes, none of them empty.  There is no dot, so
 * no way out of the directory. */
static bool is_zone_name(struct slice zone)
{
    size_t i, part = 0;

    if (zone.n > NAME_MAX_BYTES)
        return false;
    for (i = 0; i < zone.n; i++) {
        if (zone.p[i] == '/' && part > 0)
            part = 0;
        else if (is_name_byte(zone.p[i]))
            part++;
        else
            return false;
    }
    return part > 0;
}

static enum status zone_offset(const struct cel_zones *zones, struct slice zone,
                               int64_t seconds, int32_t *ret)
{
    struct slice file;

    if (zone.n == 0 || slice_is(zone, "UTC")) {
        *ret = 0;
        return ST_OK;
    }
    if (fixed_offset(zone, ret))
        return ST_OK;
    if (!zones || !is_zone_name(zone))
        return ST_BAD;
    file = zones->tzif(zones->self, zone);
    return file.p ? tzif_offset(file, seconds, ret) : ST_BAD;
}

enum status civil_at(const struct cel_zones *zones, struct slice zone,
                     int64_t seconds, struct civil *ret)
{
    unsigned month, day, rest;
    int32_t offset;
    int64_t days;

    if (zone_offset(zones, zone, seconds, &offset))
        return ST_BAD;
    days = days_of_seconds(seconds + offset, &rest);
    civil_from_days(days, &ret->year, &month, &day);
    ret->month = (int)month;
    ret->day = (int)day;
    ret->hour = (int)(rest / 3600);
    ret->minute = (int)(rest / 60 % 60);
    ret->second = (int)(rest % 60);
    ret->weekday = days_weekday(days);
    ret->yearday = (int)(days - days_from_civil(ret->year, 1, 1));
    return ST_OK;
}

/* -- timestamps --------------------------------------------------------- */

enum status timestamp_parse(struct slice text, struct cel_value *ret)
{
    int64_t seconds;
    uint32_t nanos;

    /* RFC 3339 has a T there; instants of logs may have a space. */
    if (text.n < 11 || (text.p[10] | 0x20) != 't' ||
        instant_split(text, &seconds, &nanos))
        return ST_BAD;
    if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX)
        return ST_LIMIT;
    *ret = cel_timestamp(seconds, nanos);
    return ST_OK;
}

/* ".5" for 500000000 of 10^9: nothing for 0. */
static void write_fraction(uint32_t nanos, struct buf *out)
{
    char digits[9];
    size_t n;

    for (n = 9; n > 0; n--, nanos /= 10)
        digits[n - 1] = (char)('0' + nanos % 10);
    for (n = 9; n > 0 && digits[n - 1] == '0'; n--)
        ;
    if (n) {
        buf_char(out, '.');
        buf_slice(out, slice_of(digits, n));
    }
}

void timestamp_write(struct cel_value v, struct buf *out)
{
    unsigned month, day, rest;
    int64_t year;

    civil_from_days(days_of_seconds(v.i, &rest), &year, &month, &day);
    buf_printf(out, "%04d-%02u-%02uT%02u:%02u:%02u", (int)year, month, day,
               rest / 3600, rest / 60 % 60, rest % 60);
    write_fraction(v.n, out);
    buf_char(out, 'Z');
}

/* -- durations ---------------------------------------------------------- */

static const struct {
    const char *name;
    nsec length;
} units[] = {
    { "ns", 1 },
    { "us", NSEC_USEC },
    { "\xc2\xb5s", NSEC_USEC }, /* micro sign */
    { "\xce\xbcs", NSEC_USEC }, /* Greek mu */
    { "ms", NSEC_MSEC },
    { "s", NSEC_SEC },
    { "m", 60 * NSEC_SEC },
    { "h", 3600 * NSEC_SEC },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* What stands before the next digit or dot. */
static struct slice take_unit(struct slice *text)
{
    struct slice unit = { text->p, 0 };

    while (unit.n < text->n && text->p[unit.n] != '.' &&
           !(text->p[unit.n] >= '0' && text->p[unit.n] <= '9'))
        unit.n++;
    text->p += unit.n;
    text->n -= unit.n;
    return unit;
}

static nsec unit_length(struct slice unit)
{
    size_t i;

    for (i = 0; i < COUNT(units); i++)
        if (slice_is(unit, units[i].name))
            return units[i].length;
    return 0;
}

static struct slice take_digits(struct slice *text)
{
    struct slice digits = { text->p, 0 };

    while (digits.n < text->n && text->p[digits.n] >= '0' &&
           text->p[digits.n] <= '9')
        digits.n++;
    text->p += digits.n;
    text->n -= digits.n;
    return digits;
}

/* Held at something above 10^20, which is too much in any unit. */
static __int128 number(struct slice digits)
{
    const __int128 most = (__int128)10000000000 * 10000000000;
    __int128 v = 0;
    size_t i;

    for (i = 0; i < digits.n && v < most; i++)
        v = v * 10 + (digits.p[i] - '0');
    return v;
}

/* ".5" of a unit, in nanoseconds, rounded down. */
static nsec part_of(struct slice decimals, nsec length)
{
    size_t i;
    __int128 scale = 1;

    if (decimals.n > 18)
        decimals.n = 18;
    for (i = 0; i < decimals.n; i++)
        scale *= 10;
    return (nsec)(number(decimals) * length / scale);
}

/* "1.5h", "250ms": added to *sum. */
static enum status take_term(struct slice *text, __int128 *sum)
{
    struct slice whole = take_digits(text), decimals = { 0 };
    nsec length;

    if (text->n && *text->p == '.') {
        *text = slice_of(text->p + 1, text->n - 1);
        decimals = take_digits(text);
    }
    if (whole.n + decimals.n == 0)
        return ST_BAD;
    length = unit_length(take_unit(text));
    if (length == 0)
        return ST_BAD;
    *sum += number(whole) * length + part_of(decimals, length);
    return *sum > (__int128)INT64_MAX + 1 ? ST_LIMIT : ST_OK;
}

enum status duration_parse(struct slice text, struct cel_value *ret)
{
    bool negative = text.n && *text.p == '-';
    __int128 sum = 0;
    enum status st;

    if (text.n && (negative || *text.p == '+'))
        text = slice_of(text.p + 1, text.n - 1);
    if (text.n == 0)
        return ST_BAD;
    if (slice_is(text, "0"))
        text.n = 0;
    while (text.n) {
        st = take_term(&text, &sum);
        if (st)
            return st;
    }
    if (negative)
        sum = -sum;
    if (sum > INT64_MAX)
        return ST_LIMIT;
    *ret = cel_duration((int64_t)sum);
    return ST_OK;
}

void duration_write(int64_t ns, struct buf *out)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

    if (ns < 0)
        buf_char(out, '-');
    buf_u64(out, size / NSEC_SEC);
    write_fraction((uint32_t)(size % NSEC_SEC), out);
    buf_char(out, 's');
}
