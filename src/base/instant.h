/*
 * instant.h - points in time and their text.  Arithmetic only: nothing here
 * reads a clock.
 *
 * nsec counts nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored
 * (POSIX time), or is a span of nanoseconds; names ending in _at are instants,
 * in _for are spans.  Range: years 1678 to 2262.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include "slice.h"
#include "status.h"

#include <stdint.h>

typedef int64_t nsec;

#define NSEC_USEC ((nsec)1000)
#define NSEC_MSEC ((nsec)1000000)
#define NSEC_SEC  ((nsec)1000000000)
#define NSEC_MAX  INT64_MAX

#define INSTANT_TEXT 56 /* room for one instant and its NUL */

/* a + b, held at the ends of the range instead of wrapping. */
nsec nsec_add(nsec a, nsec b);
/* a - b, likewise. */
nsec nsec_sub(nsec a, nsec b);

/* RFC 3339 in UTC with nine digits; "2026-11-20T12:55:22.549557202Z". */
void instant_format(nsec at, char out[INSTANT_TEXT]);
/*
 * RFC 3339 with an offset or Z, 'T' or a space, 0 to 9 fraction digits (more
 * are cut), the whole slice.  ST_BAD otherwise.
 */
CHECKED enum status instant_parse(struct slice text, nsec *ret_at);
/* The same for years 0000 to 9999: seconds since 1970, and nanoseconds more. */
CHECKED enum status instant_split(struct slice text, int64_t *ret_seconds,
                                  uint32_t *ret_nanos);
/*
 * A span written 250ms, 1.5s, 10m, 24h, 7d or 2w, as several of these with
 * falling units (1h30m), or as a bare number of seconds.
 */
CHECKED enum status span_parse(struct slice text, nsec *ret_for);

/* -- the calendar ------------------------------------------------------- */

#define DAY_SECONDS 86400

/* Days since 1970-01-01 of a date of the Gregorian calendar, however early. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month,
                     unsigned *ret_day);
/* Rounded down; *ret_rest, 0 to 86399: the seconds since midnight. */
int64_t days_of_seconds(int64_t seconds, unsigned *ret_rest);
/* 0: Sunday. */
int days_weekday(int64_t days);

#endif
