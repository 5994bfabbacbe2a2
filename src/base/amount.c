#include "amount.h"

#include <stdint.h>

/* A decimal number taken apart: 0.digits * 10^point, no leading zero. */
struct decimal {
    bool negative;
    const char *p, *end; /* digits, perhaps with one '.' among them */
    int64_t point;
};

static int64_t exponent(const char *p, const char *end)
{
    bool negative = false;
    int64_t v = 0;

    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    for (; p < end && v < 1000000000; p++)
        v = v * 10 + (*p - '0');
    return negative ? -v : v;
}

static struct decimal take_apart(struct slice s)
{
    struct decimal d = { .p = s.p, .end = s.p + s.n };
    const char *p;
    bool whole = true, zero = true;

    if (d.p < d.end && *d.p == '-') {
        d.negative = true;
        d.p++;
    }
    for (p = d.p; p < d.end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            whole = false;
        } else if (zero && *p == '0') {
            d.point -= !whole; /* a zero before the first digit */
        } else {
            if (zero)
                d.p = p;
            zero = false;
            d.point += whole;
        }
    }
    if (p < d.end)
        d.point += exponent(p + 1, d.end);
    d.end = zero ? d.p : p;
    return d;
}

enum status amount_parse(struct slice number, amount *ret)
{
    struct decimal d = take_apart(number);
    const char *p = d.p;
    amount v = 0;
    int64_t digits;

    if (d.p == d.end) {
        *ret = 0;
        return ST_OK;
    }
    if (d.point > 18)
        return ST_LIMIT;
    for (digits = d.point + 6; digits > 0; digits--) {
        if (p < d.end && *p == '.')
            p++;
        v = v * 10 + (p < d.end ? *p++ - '0' : 0);
    }
    *ret = d.negative ? -v : v;
    return ST_OK;
}

amount amount_add(amount a, amount b)
{
    const amount max = (amount)(~(unsigned __int128)0 >> 1);
    amount sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? -max : max;
    return sum;
}

void amount_write(amount a, struct buf *out)
{
    unsigned __int128 n = a < 0 ? -(unsigned __int128)a : (unsigned __int128)a;
    char text[AMOUNT_TEXT], *p = text + sizeof(text);
    unsigned frac = (unsigned)(n % AMOUNT_UNIT), i;
    bool shown = false;

    n /= AMOUNT_UNIT;
    for (i = 0; i < 6; i++, frac /= 10) {
        shown = shown || frac % 10;
        if (shown)
            *--p = (char)('0' + frac % 10);
    }
    if (shown)
        *--p = '.';
    do
        *--p = (char)('0' + (unsigned)(n % 10));
    while (n /= 10);
    if (a < 0)
        *--p = '-';
    buf_slice(out, slice_of(p, (size_t)(text + sizeof(text) - p)));
}
