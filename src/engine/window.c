#include "window.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <stdlib.h>
#include <uthash.h>

#define EXACT_MAX 120 /* entries kept apart */
#define GRAINS    60  /* of a window that has more */

struct growth {
    nsec at;
    amount by;
};

struct window {
    nsec window_for;
    size_t n, room;
    struct growth *growth; /* oldest first */
    UT_hash_handle hh;
    size_t nkey;
    char key[];
};

struct windows {
    struct window *by_key;
    bool refused; /* some node, ever */
    struct buf scratch;
};

struct windows *windows_new(void)
{
    struct windows *w = xcalloc(1, sizeof(*w));

    buf_init(&w->scratch, BUF_NO_CAP);
    return w;
}

static void drop(struct windows *w, struct window *it)
{
    /* The analyzer does not know that it is in the table. */
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DEL(w->by_key, it);
    free(it->growth);
    free(it);
}

void windows_free(struct windows *w)
{
    struct window *it, *next;

    if (!w)
        return;
    HASH_ITER(hh, w->by_key, it, next)
    drop(w, it);
    buf_release(&w->scratch);
    free(w);
}

static struct window *find(struct windows *w, struct slice path,
                           enum cel_window kind, nsec window_for)
{
    struct window *it;

    buf_reset(&w->scratch);
    buf_slice(&w->scratch, path);
    buf_printf(&w->scratch, " %d %lld", (int)kind, (long long)window_for);
    HASH_FIND(hh, w->by_key, w->scratch.p, w->scratch.n, it);
    return it;
}

static struct window *make(struct windows *w, nsec window_for)
{
    struct window *it = xcalloc(1, sizeof(*it) + w->scratch.n);

    it->window_for = window_for;
    it->nkey = w->scratch.n;
    memcpy(it->key, w->scratch.p, w->scratch.n);
    HASH_ADD_KEYPTR(hh, w->by_key, it->key, it->nkey, it);
    return it;
}

static void forget_before(struct window *it, nsec now)
{
    nsec since = nsec_add(now, -it->window_for);
    size_t i = 0;

    while (i < it->n && it->growth[i].at <= since)
        i++;
    if (!i)
        return;
    it->n -= i;
    memmove(it->growth, it->growth + i, it->n * sizeof(*it->growth));
}

/* Adds up what lies in the same grain; the last instant stands for all. */
static void coarsen(struct window *it)
{
    nsec grain = it->window_for / GRAINS;
    size_t i, kept = 0;

    if (grain < 1)
        grain = 1;
    for (i = 1; i < it->n; i++) {
        struct growth *last = &it->growth[kept], *next = &it->growth[i];

        if (last->at / grain == next->at / grain) {
            last->at = next->at;
            last->by = amount_add(last->by, next->by);
        } else {
            it->growth[++kept] = *next;
        }
    }
    it->n = kept + 1;
}

enum status windows_add(struct windows *w, struct slice path,
                        enum cel_window kind, nsec window_for, nsec ts,
                        amount by)
{
    struct window *it = find(w, path, kind, window_for);

    if (!it && HASH_COUNT(w->by_key) >= WINDOWS_MAX) {
        w->refused = true;
        return ST_LIMIT;
    }
    if (!it)
        it = make(w, window_for);
    forget_before(it, ts);
    if (it->n && it->growth[it->n - 1].at >= ts) { /* a late one counts now */
        it->growth[it->n - 1].by = amount_add(it->growth[it->n - 1].by, by);
        return ST_OK;
    }
    if (it->n == EXACT_MAX)
        coarsen(it);
    if (it->n == it->room) {
        it->room = it->room ? it->room * 2 : 4;
        it->growth = xrealloc(it->growth, it->room * sizeof(*it->growth));
    }
    it->growth[it->n++] = (struct growth){ ts, by };
    return ST_OK;
}

amount windows_sum(struct windows *w, struct slice path, enum cel_window kind,
                   nsec window_for, nsec now, nsec *ret_until)
{
    struct window *it = find(w, path, kind, window_for);
    nsec since = nsec_add(now, -window_for);
    amount sum = 0;
    size_t i;

    *ret_until = NSEC_MAX;
    if (!it)
        return 0;
    for (i = it->n; i > 0 && it->growth[i - 1].at > since; i--) {
        sum = amount_add(sum, it->growth[i - 1].by);
        *ret_until = nsec_add(it->growth[i - 1].at, window_for);
    }
    return sum;
}

bool windows_unknown(struct windows *w, struct slice path, enum cel_window kind,
                     nsec window_for)
{
    return w->refused && !find(w, path, kind, window_for);
}

void windows_sweep(struct windows *w, nsec now)
{
    struct window *it, *next;

    HASH_ITER(hh, w->by_key, it, next)
    {
        forget_before(it, now);
        if (!it->n)
            drop(w, it);
    }
}
