#include "cel/library.h"

#include "base/utf8.h"
#include "cel/timezone.h"

/* -- conversions -------------------------------------------------------- */

static struct cel_value out_of_range(struct cel_context *cx, const char *kind)
{
    return cel_fail(cx, CEL_OVERFLOW, "%s out of range", kind);
}

static struct cel_value unreadable(struct cel_context *cx, const char *kind,
                                   struct slice text)
{
    return cel_fail(cx, CEL_BAD_ARGUMENT, "'%.*s' is no %s",
                    (int)utf8_cut(text, 40).n, text.p, kind);
}

CEL_CALL(itself)
{
    return arg[0];
}

CEL_CALL(timestamp_of_string)
{
    struct cel_value v;
    enum status st = timestamp_parse(cel_text(arg[0]), &v);

    if (st)
        return st == ST_LIMIT ? out_of_range(cx, "timestamp")
                              : unreadable(cx, "timestamp", cel_text(arg[0]));
    return v;
}

CEL_CALL(timestamp_of_int)
{
    if (arg[0].i < TIMESTAMP_MIN || arg[0].i > TIMESTAMP_MAX)
        return out_of_range(cx, "timestamp");
    return cel_timestamp(arg[0].i, 0);
}

CEL_CALL(duration_of_string)
{
    struct cel_value v;
    enum status st;

    if (!cel_charge_bytes(cx, arg[0].n))
        return cel_spent();
    st = duration_parse(cel_text(arg[0]), &v);
    if (st)
        return st == ST_LIMIT ? out_of_range(cx, "duration")
                              : unreadable(cx, "duration", cel_text(arg[0]));
    return v;
}

CEL_CALL(int_of_timestamp)
{
    return cel_int(arg[0].i);
}

CEL_CALL(string_of_timestamp)
{
    struct buf out = cel_text_begin();

    timestamp_write(arg[0], &out);
    return cel_text_end(cx, &out);
}

CEL_CALL(string_of_duration)
{
    struct buf out = cel_text_begin();

    duration_write(arg[0].i, &out);
    return cel_text_end(cx, &out);
}

/* -- parts -------------------------------------------------------------- */

enum part {
    PART_YEAR,
    PART_MONTH,
    PART_DAY_OF_YEAR,
    PART_DAY_OF_MONTH,
    PART_DATE,
    PART_DAY_OF_WEEK,
    PART_HOURS,
    PART_MINUTES,
    PART_SECONDS
};

static int64_t part_of(const struct civil *c, enum part part)
{
    switch (part) {
    case PART_YEAR:
        return c->year;
    case PART_MONTH:
        return c->month - 1;
    case PART_DAY_OF_YEAR:
        return c->yearday;
    case PART_DAY_OF_MONTH:
        return c->day - 1;
    case PART_DATE:
        return c->day;
    case PART_DAY_OF_WEEK:
        return c->weekday;
    case PART_HOURS:
        return c->hour;
    case PART_MINUTES:
        return c->minute;
    case PART_SECONDS:
        return c->second;
    }
    return 0;
}

/* Of a timestamp, in the zone that a second argument names. */
static struct cel_value get(struct cel_context *cx, const struct cel_value *arg,
                            size_t n, enum part part)
{
    struct slice zone = n > 1 ? cel_text(arg[1]) : slice_of(NULL, 0);
    struct civil c;

    if (civil_at(cx->zones, zone, arg[0].i, &c))
        return unreadable(cx, "time zone", zone);
    return cel_int(part_of(&c, part));
}

#define GET(name, part)                                                        \
    CEL_CALL(name)                                                             \
    {                                                                          \
        return get(cx, arg, n, part);                                          \
    }

GET(get_year, PART_YEAR)
GET(get_month, PART_MONTH)
GET(get_day_of_year, PART_DAY_OF_YEAR)
GET(get_day_of_month, PART_DAY_OF_MONTH)
GET(get_date, PART_DATE)
GET(get_day_of_week, PART_DAY_OF_WEEK)
GET(get_hours, PART_HOURS)
GET(get_minutes, PART_MINUTES)
GET(get_seconds, PART_SECONDS)

CEL_CALL(get_milliseconds)
{
    return cel_int(arg[0].n / NSEC_MSEC);
}

/* Offsets of zones are whole seconds, but the zone has to be one. */
CEL_CALL(get_milliseconds_in)
{
    struct cel_value seconds = get_seconds(cx, arg, n);

    return seconds.kind == CEL_ERROR ? seconds : get_milliseconds(cx, arg, n);
}

CEL_CALL(hours_of_duration)
{
    return cel_int(arg[0].i / (3600 * NSEC_SEC));
}

CEL_CALL(minutes_of_duration)
{
    return cel_int(arg[0].i / (60 * NSEC_SEC));
}

CEL_CALL(seconds_of_duration)
{
    return cel_int(arg[0].i / NSEC_SEC);
}

CEL_CALL(milliseconds_of_duration)
{
    return cel_int(arg[0].i / NSEC_MSEC % 1000);
}

static const struct cel_overload overloads[] = {
    { "timestamp(timestamp) -> timestamp", itself },
    { "timestamp(string) -> timestamp", timestamp_of_string },
    { "timestamp(int) -> timestamp", timestamp_of_int },
    { "duration(duration) -> duration", itself },
    { "duration(string) -> duration", duration_of_string },
    { "int(timestamp) -> int", int_of_timestamp },
    { "string(timestamp) -> string", string_of_timestamp },
    { "string(duration) -> string", string_of_duration },
    { "timestamp.getFullYear() -> int", get_year },
    { "timestamp.getFullYear(string) -> int", get_year },
    { "timestamp.getMonth() -> int", get_month },
    { "timestamp.getMonth(string) -> int", get_month },
    { "timestamp.getDayOfYear() -> int", get_day_of_year },
    { "timestamp.getDayOfYear(string) -> int", get_day_of_year },
    { "timestamp.getDayOfMonth() -> int", get_day_of_month },
    { "timestamp.getDayOfMonth(string) -> int", get_day_of_month },
    { "timestamp.getDate() -> int", get_date },
    { "timestamp.getDate(string) -> int", get_date },
    { "timestamp.getDayOfWeek() -> int", get_day_of_week },
    { "timestamp.getDayOfWeek(string) -> int", get_day_of_week },
    { "timestamp.getHours() -> int", get_hours },
    { "timestamp.getHours(string) -> int", get_hours },
    { "timestamp.getMinutes() -> int", get_minutes },
    { "timestamp.getMinutes(string) -> int", get_minutes },
    { "timestamp.getSeconds() -> int", get_seconds },
    { "timestamp.getSeconds(string) -> int", get_seconds },
    { "timestamp.getMilliseconds() -> int", get_milliseconds },
    { "timestamp.getMilliseconds(string) -> int", get_milliseconds_in },
    { "duration.getHours() -> int", hours_of_duration },
    { "duration.getMinutes() -> int", minutes_of_duration },
    { "duration.getSeconds() -> int", seconds_of_duration },
    { "duration.getMilliseconds() -> int", milliseconds_of_duration },
};

struct cel_library cel_library_time(void)
{
    return CEL_LIBRARY(overloads);
}
