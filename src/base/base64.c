#include "base64.h"

#include <stdint.h>

static const char letters[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
    'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
    'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

void base64_encode(struct slice bytes, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t i, left;
    uint32_t v;
    char four[4];

    for (i = 0; i < bytes.n; i += 3) {
        left = bytes.n - i;
        v = (uint32_t)p[i] << 16;
        v |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        v |= left > 2 ? p[i + 2] : 0;
        four[0] = letters[v >> 18];
        four[1] = letters[v >> 12 & 63];
        four[2] = left > 1 ? letters[v >> 6 & 63] : '=';
        four[3] = left > 2 ? letters[v & 63] : '=';
        buf_slice(out, slice_of(four, 4));
    }
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum status base64_decode(struct slice text, struct buf *out)
{
    size_t i, n = text.n, bits = 0;
    uint32_t v = 0;
    int d;

    if (n % 4)
        return ST_BAD;
    if (n && text.p[n - 1] == '=')
        n -= text.p[n - 2] == '=' ? 2 : 1;
    for (i = 0; i < n; i++) {
        d = digit(text.p[i]);
        if (d < 0)
            return ST_BAD;
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_char(out, (char)(v >> bits & 0xff));
        }
    }
    /* One text for one run of bytes: the unused bits are zero. */
    return v & ((1u << bits) - 1) ? ST_BAD : ST_OK;
}
