#include "utf8.h"

#include <stdint.h>

/* What may follow a lead byte; len 0 marks a byte that starts nothing. */
struct lead {
    unsigned char len, low, high; /* low..high: the second byte */
};

static struct lead lead_of(unsigned char c)
{
    if (c < 0x80)
        return (struct lead){ 1, 0, 0 };
    if (c >= 0xc2 && c <= 0xdf)
        return (struct lead){ 2, 0x80, 0xbf };
    if (c >= 0xe0 && c <= 0xef)
        return (struct lead){ 3, c == 0xe0 ? 0xa0 : 0x80,
                              c == 0xed ? 0x9f : 0xbf };
    if (c >= 0xf0 && c <= 0xf4)
        return (struct lead){ 4, c == 0xf0 ? 0x90 : 0x80,
                              c == 0xf4 ? 0x8f : 0xbf };
    return (struct lead){ 0, 0, 0 };
}

/* The length of the character at p, or minus the ill-formed bytes there. */
static int character(const unsigned char *p, size_t n)
{
    struct lead l = lead_of(*p);
    int i;

    if (l.len == 0)
        return -1;
    for (i = 1; i < l.len; i++) {
        unsigned char low = i == 1 ? l.low : 0x80;
        unsigned char high = i == 1 ? l.high : 0xbf;

        if ((size_t)i >= n || p[i] < low || p[i] > high)
            return -i;
    }
    return l.len;
}

static size_t ascii_prefix(const unsigned char *p, size_t n)
{
    size_t i = 0;
    uint64_t word;

    for (; i + 8 <= n; i += 8) {
        memcpy(&word, p + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

size_t utf8_prefix(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    int len;

    if (s.n == 0)
        return 0;
    for (;;) {
        i += ascii_prefix(p + i, s.n - i);
        if (i == s.n)
            return i;
        len = character(p + i, s.n - i);
        if (len < 0)
            return i;
        i += (size_t)len;
    }
}

void utf8_repair(struct slice s, struct buf *out)
{
    size_t good;

    while (s.n) {
        good = utf8_prefix(s);
        buf_slice(out, slice_of(s.p, good));
        s = slice_of(s.p + good, s.n - good);
        if (s.n) {
            good = (size_t)-character((const unsigned char *)s.p, s.n);
            buf_str(out, "\xef\xbf\xbd");
            s = slice_of(s.p + good, s.n - good);
        }
    }
}

struct slice utf8_cut(struct slice s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    return slice_of(s.p, max);
}
