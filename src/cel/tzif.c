#include "cel/tzif.h"

#include "base/instant.h"

#include <stdbool.h>

#define HEADER     44
#define TYPE_BYTES 6
#define OFFSET_MAX (26 * 3600) /* RFC 8536 section 3.2 */

/* A data block: counts from its header, and where its parts begin. */
struct block {
    const unsigned char *times, *kinds, *types;
    uint32_t ntimes, ntypes;
    unsigned width; /* bytes of an instant: 4 or 8 */
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Takes a header and its data block off the front of file. */
static bool take_block(struct slice *file, unsigned width, struct block *ret)
{
    const unsigned char *p = (const unsigned char *)file->p;
    uint32_t nutc, nstd, nleaps, nchars;
    uint64_t size;

    if (file->n < HEADER || memcmp(p, "TZif", 4) != 0)
        return false;
    nutc = be32(p + 20);
    nstd = be32(p + 24);
    nleaps = be32(p + 28);
    ret->ntimes = be32(p + 32);
    ret->ntypes = be32(p + 36);
    nchars = be32(p + 40);
    ret->width = width;
    size = (uint64_t)ret->ntimes * (width + 1) +
           (uint64_t)ret->ntypes * TYPE_BYTES + nchars +
           (uint64_t)nleaps * (width + 4) + nstd + nutc;
    if (size > file->n - HEADER)
        return false;
    ret->times = p + HEADER;
    ret->kinds = ret->times + (size_t)ret->ntimes * width;
    ret->types = ret->kinds + ret->ntimes;
    file->p += HEADER + size;
    file->n -= HEADER + (size_t)size;
    return true;
}

static int64_t time_at(const struct block *b, uint32_t i)
{
    return b->width == 8 ? be64(b->times + (size_t)i * 8)
                         : (int32_t)be32(b->times + (size_t)i * 4);
}

static bool type_offset(const struct block *b, uint32_t type, int32_t *ret)
{
    int32_t offset;

    if (type >= b->ntypes)
        return false;
    offset = (int32_t)be32(b->types + (size_t)type * TYPE_BYTES);
    if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
        return false;
    *ret = offset;
    return true;
}

/* The number of transitions at or before seconds. */
static uint32_t count_until(const struct block *b, int64_t seconds)
{
    uint32_t low = 0, high = b->ntimes, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (time_at(b, middle) <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* -- the footer: a POSIX TZ string, "CET-1CEST,M3.5.0,M10.5.0/3" ---------- */

struct cursor {
    const char *p, *end;
};

/* When summer time begins or ends, in any year. */
struct change {
    char form; /* 'M': month, week, weekday; 'J': day 1 to 365, no February
                  29th; 'N': day 0 to 365 */
    int month, week, day;
    int32_t time; /* since midnight */
};

struct rule {
    int32_t standard, summer; /* offsets east of UTC */
    bool has_summer;
    struct change begin, end;
};

static bool take(struct cursor *c, char expected)
{
    if (c->p == c->end || *c->p != expected)
        return false;
    c->p++;
    return true;
}

static bool take_number(struct cursor *c, int most, int *ret)
{
    int v = 0;

    if (c->p == c->end || *c->p < '0' || *c->p > '9')
        return false;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        v = v * 10 + (*c->p - '0');
        if (v > most)
            return false;
    }
    *ret = v;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "CET", "<+02>". */
static bool skip_name(struct cursor *c)
{
    const char *from = c->p;

    if (take(c, '<')) {
        while (c->p < c->end && *c->p != '>')
            c->p++;
        return take(c, '>');
    }
    while (c->p < c->end && is_letter(*c->p))
        c->p++;
    return c->p > from;
}

/* "-1", "3:30", "-167:59:59": seconds. */
static bool take_time(struct cursor *c, int hours_most, int32_t *ret)
{
    int sign = take(c, '-') ? -1 : (take(c, '+'), 1);
    int hours, minutes = 0, seconds = 0;

    if (!take_number(c, hours_most, &hours))
        return false;
    if (take(c, ':') && !take_number(c, 59, &minutes))
        return false;
    if (take(c, ':') && !take_number(c, 59, &seconds))
        return false;
    *ret = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_change(struct cursor *c, struct change *ret)
{
    ret->time = 2 * 3600;
    ret->form = take(c, 'M') ? 'M' : take(c, 'J') ? 'J' : 'N';
    if (ret->form == 'M') {
        if (!take_number(c, 12, &ret->month) || !take(c, '.') ||
            !take_number(c, 5, &ret->week) || !take(c, '.') ||
            !take_number(c, 6, &ret->day) || ret->month < 1 || ret->week < 1)
            return false;
    } else if (!take_number(c, 365, &ret->day) ||
               (ret->form == 'J' && ret->day < 1)) {
        return false;
    }
    return !take(c, '/') || take_time(c, 167, &ret->time);
}

static bool parse_rule(struct slice text, struct rule *ret)
{
    struct cursor c = { text.p, text.p + text.n };
    int32_t west;

    if (!skip_name(&c) || !take_time(&c, 24, &west))
        return false;
    ret->standard = -west;
    ret->has_summer = c.p < c.end;
    if (!ret->has_summer)
        return true;
    if (!skip_name(&c))
        return false;
    ret->summer = ret->standard + 3600;
    if (c.p < c.end && *c.p != ',') {
        if (!take_time(&c, 24, &west))
            return false;
        ret->summer = -west;
    }
    return take(&c, ',') && take_change(&c, &ret->begin) && take(&c, ',') &&
           take_change(&c, &ret->end) && c.p == c.end;
}

/* The day of a month that "week 2, Sunday" names; week 5 is the last. */
static int64_t nth_weekday(const struct change *c, int64_t year)
{
    unsigned month = (unsigned)c->month;
    int64_t first = days_from_civil(year, month, 1);
    int64_t next = month == 12 ? days_from_civil(year + 1, 1, 1)
                               : days_from_civil(year, month + 1, 1);
    int64_t day = first + (c->day - days_weekday(first) + 7) % 7;

    day += 7 * (c->week - 1);
    return day < next ? day : day - 7;
}

/* The local instant of a change, as if local time were UTC. */
static int64_t change_at(const struct change *c, int64_t year)
{
    int64_t january = days_from_civil(year, 1, 1), day = january + c->day;
    bool leap = days_from_civil(year, 3, 1) - january == 60;

    if (c->form == 'M')
        day = nth_weekday(c, year);
    else if (c->form == 'J' && !(leap && c->day >= 60))
        day--;
    return day * DAY_SECONDS + c->time;
}

static int32_t rule_offset(const struct rule *r, int64_t seconds)
{
    int64_t year, begin, end;
    unsigned month, day, rest;
    bool summer;

    if (!r->has_summer)
        return r->standard;
    civil_from_days(days_of_seconds(seconds + r->standard, &rest), &year,
                    &month, &day);
    begin = change_at(&r->begin, year) - r->standard;
    end = change_at(&r->end, year) - r->summer;
    summer = begin < end ? seconds >= begin && seconds < end
                         : seconds >= begin || seconds < end;
    return summer ? r->summer : r->standard;
}

/* The footer's text, between two newlines; n == 0: there is none. */
static bool take_footer(struct slice file, struct slice *ret)
{
    const char *end;

    *ret = slice_of(NULL, 0);
    if (file.n == 0)
        return true;
    if (*file.p != '\n')
        return false;
    end = memchr(file.p + 1, '\n', file.n - 1);
    if (!end)
        return false;
    *ret = slice_of(file.p + 1, (size_t)(end - file.p - 1));
    return true;
}

enum status tzif_offset(struct slice file, int64_t seconds, int32_t *ret_offset)
{
    struct block b;
    struct slice footer = { 0 };
    struct rule rule;
    bool first = file.n > 4 && file.p[4] == '\0';
    uint32_t n;

    if (!take_block(&file, 4, &b))
        return ST_BAD;
    if (!first && (!take_block(&file, 8, &b) || !take_footer(file, &footer)))
        return ST_BAD;
    n = count_until(&b, seconds);
    if (n == b.ntimes && footer.n) {
        if (!parse_rule(footer, &rule))
            return ST_BAD;
        *ret_offset = rule_offset(&rule, seconds);
        return ST_OK;
    }
    return type_offset(&b, n ? b.kinds[n - 1] : 0, ret_offset) ? ST_OK : ST_BAD;
}
