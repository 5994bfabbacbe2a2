/*
 * timezone.h - calendar arithmetic for timestamps: RFC 3339, civil dates,
 * fixed offsets and named zones (TZif, RFC 8536).
 */
#ifndef CEL_TIMEZONE_H
#define CEL_TIMEZONE_H

#include "cel/host.h"

struct civil {
    int64_t year;
    int month, day;           /* 1-based */
    int hour, minute, second; /* local */
    int weekday;              /* 0: Sunday */
    int yearday;              /* 0-based */
};

/* The first and last second that a timestamp can be in. */
#define TIMESTAMP_MIN INT64_C(-62135596800)
#define TIMESTAMP_MAX INT64_C(253402300799)

/* What a clock shows at seconds in a zone: "", "UTC", "+02:00", "-07:30",
 * "Europe/Berlin".  ST_BAD: no such zone. */
CHECKED enum status civil_at(const struct cel_zones *zones, struct slice zone,
                             int64_t seconds, struct civil *ret);
/* RFC 3339, years 0001 to 9999.  ST_BAD, ST_LIMIT: beyond the range. */
CHECKED enum status timestamp_parse(struct slice text, struct cel_value *ret);
void timestamp_write(struct cel_value v, struct buf *out);
/* Go's form: "1h30m", "-1.5s", "100ms", "5us", "1ns", "0".  ST_BAD, ST_LIMIT:
 * beyond 64 bits of nanoseconds. */
CHECKED enum status duration_parse(struct slice text, struct cel_value *ret);
/* Seconds with their fraction: "5400s", "-0.1s", as CEL prints them. */
void duration_write(int64_t ns, struct buf *out);

#endif
