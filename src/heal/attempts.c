#include "heal/inside.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

void attempts_release(struct attempts *a)
{
    free(a->list);
    *a = (struct attempts){ 0 };
}

void attempts_forget(struct attempts *a)
{
    a->n = 0;
}

void attempts_add(struct attempts *a, nsec at, uint32_t halves)
{
    if (a->n == a->room) {
        a->room = a->room ? 2 * a->room : 8;
        a->list = xrealloc(a->list, a->room * sizeof(*a->list));
    }
    a->list[a->n++] = (struct attempt){ at, halves };
}

void attempts_halve_last(struct attempts *a)
{
    if (a->n)
        a->list[a->n - 1].halves /= 2;
}

void attempts_take_back(struct attempts *a, nsec at)
{
    if (a->n && a->list[a->n - 1].at == at)
        a->n--;
}

uint32_t attempts_spent(struct attempts *a, nsec window_for, nsec now)
{
    nsec from = nsec_sub(now, window_for);
    uint32_t halves = 0;
    size_t i, kept = 0;

    for (i = 0; i < a->n; i++) {
        if (a->list[i].at <= from)
            continue;
        halves += a->list[i].halves;
        a->list[kept++] = a->list[i];
    }
    a->n = kept;
    return halves;
}

uint32_t attempts_counted(const struct attempts *a)
{
    uint32_t halves = 0;

    for (size_t i = 0; i < a->n; i++)
        halves += a->list[i].halves;
    return (halves + 1) / 2;
}

uint32_t attempts_number(const struct attempts *a)
{
    uint32_t number = 1;

    for (size_t i = 0; i < a->n; i++)
        number += (a->list[i].halves + 1) / 2;
    return number;
}

/* 0.5 to 1.0 of it, the same in every process. */
static nsec jitter(const struct step *s, nsec delay_for)
{
    const int64_t from[] = { (int64_t)s->h->attempts.n, s->f->finished_at };
    uint64_t hash = XXH3_64bits_withSeed(from, sizeof(from), s->h->seed);

    return delay_for / 2 + delay_for / 2048 * (nsec)(hash % 1025);
}

nsec attempts_backoff(const struct step *s)
{
    struct attempts *a = &s->h->attempts;
    nsec delay_for = s->p->backoff;
    size_t i;

    if (attempts_spent(a, s->p->window, s->now) == 0)
        return 0;
    for (i = 1; i < a->n && delay_for < s->p->max_backoff; i++)
        delay_for = nsec_add(delay_for, delay_for);
    if (delay_for > s->p->max_backoff)
        delay_for = s->p->max_backoff;
    return jitter(s, delay_for);
}
