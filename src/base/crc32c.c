#include "crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected */
#define BLOCK      1024

/* table[k][b]: the CRC of byte b with k zero bytes behind it. */
static uint32_t table[8][256];
/* shifted[k][b]: byte k of a CRC, moved past BLOCK zero bytes. */
static uint32_t shifted[4][256];

static void fill_shifted(void)
{
    uint32_t bit, i, c;

    for (bit = 0; bit < 32; bit++) {
        c = (uint32_t)1 << bit;
        for (i = 0; i < BLOCK; i++)
            c = (c >> 8) ^ table[0][c & 0xff];
        for (i = 0; i < 256; i++)
            if (i >> bit % 8 & 1)
                shifted[bit / 8][i] ^= c;
    }
}

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
    fill_shifted();
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

static uint64_t shift(uint64_t c)
{
    return shifted[0][c & 0xff] ^ shifted[1][c >> 8 & 0xff] ^
           shifted[2][c >> 16 & 0xff] ^ shifted[3][c >> 24 & 0xff];
}

static uint64_t word_at(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
    return word;
}

/*
 * The instruction takes three cycles and one can start in each, so three
 * blocks are done side by side and joined.
 */
__attribute__((target("sse4.2"))) static uint64_t
three_blocks(uint64_t c, const unsigned char *s)
{
    uint64_t c1 = 0, c2 = 0;
    size_t i;

    for (i = 0; i < BLOCK; i += 8) {
        c = __builtin_ia32_crc32di(c, word_at(s + i));
        c1 = __builtin_ia32_crc32di(c1, word_at(s + BLOCK + i));
        c2 = __builtin_ia32_crc32di(c2, word_at(s + 2 * BLOCK + i));
    }
    return shift(shift(c) ^ c1) ^ c2;
}

__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const void *p, size_t n)
{
    const unsigned char *s = p;
    uint64_t c = ~crc;

    for (; n >= 3 * BLOCK; n -= 3 * BLOCK, s += 3 * BLOCK)
        c = three_blocks(c, s);
    for (; n >= 8; n -= 8, s += 8)
        c = __builtin_ia32_crc32di(c, word_at(s));
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
