#include "docker/seen.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A clock that is put right by less is not noticed. */
#define STEP_MIN NSEC_SEC

void seen_release(struct seen *s)
{
    free(s->ring);
    free(s->expect);
    *s = (struct seen){ 0 };
}

/* Another size; the newest marks stay. */
static void resize(struct seen *s, size_t keep)
{
    struct seen_mark *ring = xcalloc(keep, sizeof(*ring));
    size_t n = s->n < keep ? s->n : keep;

    assert(keep);
    for (size_t i = 0; i < n; i++)
        ring[i] = s->ring[(s->head + s->size - n + i) % s->size];
    free(s->ring);
    s->ring = ring;
    s->size = keep;
    s->n = n;
    s->head = n % keep;
}

static void remember(struct seen *s, nsec ts, uint64_t hash, size_t keep)
{
    if (s->size != keep)
        resize(s, keep);
    s->ring[s->head] = (struct seen_mark){ ts, hash };
    s->head = (s->head + 1) % s->size;
    if (s->n < s->size)
        s->n++;
}

static void expect_last(struct seen *s)
{
    s->nexpect = 0;
    if (!s->n)
        return;
    s->expect = xrealloc(s->expect, s->n * sizeof(*s->expect));
    for (size_t i = 0; i < s->n; i++) {
        if (s->ring[i].ts == s->last)
            s->expect[s->nexpect++] = s->ring[i];
    }
}

void seen_load(struct seen *s, const struct cursor *cursor)
{
    seen_release(s);
    s->last = cursor->ts;
    for (size_t i = 0; i < cursor->nhash; i++)
        remember(s, cursor->ts, cursor->hash[i], CURSOR_HASHES);
    expect_last(s);
}

void seen_resume(struct seen *s, nsec since)
{
    s->floor = since;
    expect_last(s);
}

static bool take_expected(struct seen *s, const struct seen_line *line)
{
    for (size_t i = 0; i < s->nexpect; i++) {
        if (s->expect[i].ts != line->ts || s->expect[i].hash != line->hash)
            continue;
        s->expect[i] = s->expect[--s->nexpect];
        return true;
    }
    return false;
}

static bool in_ring(const struct seen *s, const struct seen_line *line)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->ring[i].ts == line->ts && s->ring[i].hash == line->hash)
            return true;
    }
    return false;
}

/* The ring would know the line, had it been seen. */
static bool covered(const struct seen *s, nsec ts)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->ring[i].ts < ts)
            return true;
    }
    return false;
}

static enum seen_verdict judge_old(const struct seen *s,
                                   const struct seen_line *line, bool stepped)
{
    if (in_ring(s, line))
        return SEEN_OLD;
    if (stepped || line->ts < s->floor - STEP_MIN)
        return SEEN_STEP;
    return covered(s, line->ts) ? SEEN_NEW : SEEN_OLD;
}

enum seen_verdict seen_judge(struct seen *s, const struct seen_line *line,
                             bool stepped)
{
    if (line->ts == s->too_long_at && line->ts != 0)
        return SEEN_OLD;
    if (line->ts > s->last)
        return line->ts <= s->high && in_ring(s, line) ? SEEN_OLD : SEEN_NEW;
    if (line->ts < s->last)
        return judge_old(s, line, stepped);
    if (take_expected(s, line))
        return SEEN_OLD;
    return !line->coarse && in_ring(s, line) ? SEEN_OLD : SEEN_NEW;
}

void seen_add(struct seen *s, const struct seen_line *line,
              enum seen_verdict verdict, size_t keep)
{
    if (s->floor == 0 || verdict == SEEN_STEP)
        s->floor = line->ts;
    if (line->ts > s->last)
        s->nexpect = 0;
    if (verdict == SEEN_STEP || line->ts > s->last)
        s->last = line->ts;
    if (s->last > s->high)
        s->high = s->last;
    remember(s, line->ts, line->hash, keep);
}

bool seen_has(const struct seen *s, nsec ts)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->ring[i].ts == ts)
            return true;
    }
    return ts == s->last || ts == s->too_long_at;
}

bool seen_too_long(struct seen *s, nsec ts)
{
    if (ts <= s->too_long_at)
        return false;
    s->too_long_at = ts;
    if (ts > s->last)
        s->last = ts;
    return true;
}
