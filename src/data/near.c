#include "near.h"

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Optimal string alignment; both no longer than WORD_MAX. */
static size_t distance(struct slice a, struct slice b)
{
    size_t row[3][WORD_MAX + 1], i, j;
    size_t *before = row[0], *above = row[1], *now = row[2], *spare;

    for (j = 0; j <= b.n; j++)
        above[j] = j;
    for (i = 1; i <= a.n; i++) {
        now[0] = i;
        for (j = 1; j <= b.n; j++) {
            size_t cost = lower(a.p[i - 1]) != lower(b.p[j - 1]);

            now[j] =
                least(above[j - 1] + cost, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
                a.p[i - 2] == b.p[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        spare = before;
        before = above;
        above = now;
        now = spare;
    }
    return above[b.n];
}

const char *near_word(struct slice word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t i, d, least_d = word.n / 3 + 2;

    if (word.n > WORD_MAX)
        return NULL;
    for (i = 0; i < n; i++) {
        struct slice other = slice_str(words[i]);

        if (other.n > WORD_MAX)
            continue;
        d = distance(word, other);
        if (d < least_d && d < other.n) {
            least_d = d;
            best = words[i];
        }
    }
    return best;
}
