#include "crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected */

/* table[k][b]: the CRC of byte b with k zero bytes behind it. */
static uint32_t table[8][256];

__attribute__((constructor)) static void fill_tables(void)
{
    uint32_t i, k, bit, c;

    for (i = 0; i < 256; i++) {
        for (c = i, bit = 0; bit < 8; bit++)
            c = (c >> 1) ^ (c & 1 ? POLYNOMIAL : 0);
        table[0][i] = c;
    }
    for (k = 1; k < 8; k++)
        for (i = 0; i < 256; i++)
            table[k][i] =
                (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xff];
}

static uint32_t little32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n)
{
    const unsigned char *s = p;
    uint32_t c = ~crc, lo, hi;

    for (; n >= 8; n -= 8, s += 8) {
        lo = c ^ little32(s);
        hi = little32(s + 4);
        c = table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^
            table[5][lo >> 16 & 0xff] ^ table[4][lo >> 24] ^
            table[3][hi & 0xff] ^ table[2][hi >> 8 & 0xff] ^
            table[1][hi >> 16 & 0xff] ^ table[0][hi >> 24];
    }
    for (; n; n--, s++)
        c = (c >> 8) ^ table[0][(c ^ *s) & 0xff];
    return ~c;
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const void *p, size_t n)
{
    const unsigned char *s = p;
    uint64_t c = ~crc, word;

    for (; n >= 8; n -= 8, s += 8) {
        memcpy(&word, s, 8);
        c = __builtin_ia32_crc32di(c, word);
    }
    for (; n; n--, s++)
        c = __builtin_ia32_crc32qi((uint32_t)c, *s);
    return ~(uint32_t)c;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
    if (__builtin_cpu_supports("sse4.2"))
        return crc32c_sse42(crc, p, n);
    return crc32c_portable(crc, p, n);
}

#else

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
    return crc32c_portable(crc, p, n);
}

#endif
