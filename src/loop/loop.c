#include "loop/loop.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_prepare_t before_sleep;
    struct turn *turns;
    size_t nworking; /* works whose done has not been called */
    nsec now;
    nsec wall;
    bool awake; /* the clocks were sampled in this turn */
};

static nsec read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (nsec)t.tv_sec * NSEC_SEC + t.tv_nsec;
}

void loop_update(struct loop *loop)
{
    loop->now = read_clock(CLOCK_MONOTONIC);
    loop->wall = read_clock(CLOCK_REALTIME);
    loop->awake = true;
    uv_update_time(&loop->uv);
}

/* Every callback from libuv enters through here. */
static void wake(struct loop *loop)
{
    if (!loop->awake)
        loop_update(loop);
}

nsec loop_now(const struct loop *loop)
{
    return loop->now;
}

nsec loop_wall(const struct loop *loop)
{
    return loop->wall;
}

static void free_handle(uv_handle_t *h)
{
    free(h->data);
}

/* libuv lets go of a handle only in a later turn, so it is on the heap. */
static void close_handle(uv_handle_t *h, void *block)
{
    h->data = block;
    uv_close(h, free_handle);
}

struct turn {
    struct loop *loop;
    struct turn *next;
    void (*fn)(void *arg);
    void *arg;
    bool stopped;
};

static void drop_stopped_turns(struct loop *loop)
{
    struct turn **at = &loop->turns;

    while (*at) {
        struct turn *t = *at;

        if (!t->stopped) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        free(t);
    }
}

static void on_before_sleep(uv_prepare_t *h)
{
    struct loop *loop = h->data;

    wake(loop);
    for (struct turn *t = loop->turns; t; t = t->next) {
        if (!t->stopped)
            t->fn(t->arg);
    }
    drop_stopped_turns(loop);
    loop->awake = false;
}

void loop_turn_start(struct loop *loop, struct loop_turn *t,
                     void (*fn)(void *arg), void *arg)
{
    struct turn *turn;

    loop_turn_stop(t);
    turn = xcalloc(1, sizeof(*turn));
    turn->loop = loop;
    turn->fn = fn;
    turn->arg = arg;
    turn->next = loop->turns;
    loop->turns = turn;
    t->handle = turn;
}

/* Freed at the end of the turn: the list may be being walked. */
void loop_turn_stop(struct loop_turn *t)
{
    struct turn *turn = t->handle;

    t->handle = NULL;
    if (turn)
        turn->stopped = true;
}

enum status loop_new(struct loop **ret_loop, struct err *err)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    int rc = uv_loop_init(&loop->uv);

    if (rc) {
        err_set(err, "cannot set up the event loop: %s", uv_strerror(rc));
        free(loop);
        return ST_IO;
    }
    uv_prepare_init(&loop->uv, &loop->before_sleep);
    loop->before_sleep.data = loop;
    uv_prepare_start(&loop->before_sleep, on_before_sleep);
    loop_update(loop);
    *ret_loop = loop;
    return ST_OK;
}

void loop_free(struct loop *loop)
{
    int rc;

    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->before_sleep, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    for (struct turn *t = loop->turns; t; t = t->next)
        assert(t->stopped);
    drop_stopped_turns(loop);
    rc = uv_loop_close(&loop->uv);
    assert(rc == 0); /* else something was not stopped */
    (void)rc;
    free(loop);
}

void loop_run(struct loop *loop)
{
    loop_update(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    while (loop->nworking > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

struct timer {
    uv_timer_t uv;
    struct loop *loop;
    struct loop_timer *owner;
    void (*fn)(void *arg);
    void *arg;
};

static void on_timer(uv_timer_t *h)
{
    struct timer *timer = h->data;
    void (*fn)(void *arg) = timer->fn;
    void *arg = timer->arg;

    wake(timer->loop);
    if (uv_timer_get_repeat(h) == 0)
        loop_timer_stop(timer->owner);
    fn(arg);
}

/* Up to the next millisecond: never early. */
static uint64_t msec_up(nsec span)
{
    return span <= 0 ? 0 : (uint64_t)((span - 1) / NSEC_MSEC) + 1;
}

void loop_timer_start(struct loop *loop, struct loop_timer *t, nsec after,
                      nsec repeat, void (*fn)(void *arg), void *arg)
{
    struct timer *timer = t->handle;

    if (!timer) {
        timer = xcalloc(1, sizeof(*timer));
        uv_timer_init(&loop->uv, &timer->uv);
        timer->uv.data = timer;
        timer->loop = loop;
        timer->owner = t;
        t->handle = timer;
    }
    timer->fn = fn;
    timer->arg = arg;
    uv_update_time(&loop->uv);
    uv_timer_start(&timer->uv, on_timer, msec_up(after) + (after > 0),
                   msec_up(repeat));
}

void loop_timer_stop(struct loop_timer *t)
{
    struct timer *timer = t->handle;

    t->handle = NULL;
    if (timer)
        close_handle((uv_handle_t *)&timer->uv, timer);
}

struct poll {
    uv_poll_t uv;
    struct loop *loop;
    bool stopped; /* its owner may be gone */
    int fd;
    int events;
    void (*fn)(void *arg, int ready);
    void *arg;
};

static int to_uv_events(int events)
{
    return (events & LOOP_READ ? UV_READABLE : 0) |
           (events & LOOP_WRITE ? UV_WRITABLE : 0);
}

static void on_poll(uv_poll_t *h, int status, int ready)
{
    struct poll *poll = h->data;

    wake(poll->loop);
    /*
     * libuv stops the watch when the descriptor has an error.  The owner
     * learns of it by reading or writing; unless it then stops, the watch
     * goes on.
     */
    if (status < 0) {
        poll->fn(poll->arg, poll->events);
        if (!poll->stopped && !uv_is_active((uv_handle_t *)h))
            uv_poll_start(h, to_uv_events(poll->events), on_poll);
        return;
    }
    poll->fn(poll->arg, (ready & UV_READABLE ? LOOP_READ : 0) |
                            (ready & UV_WRITABLE ? LOOP_WRITE : 0));
}

enum status loop_poll_start(struct loop *loop, struct loop_poll *p, int fd,
                            int events, void (*fn)(void *arg, int ready),
                            void *arg, struct err *err)
{
    struct poll *poll = p->handle;
    int rc;

    if (poll && poll->fd != fd) {
        loop_poll_stop(p);
        poll = NULL;
    }
    if (!poll) {
        poll = xcalloc(1, sizeof(*poll));
        rc = uv_poll_init(&loop->uv, &poll->uv, fd);
        if (rc) {
            err_set(err, "cannot watch descriptor %d: %s", fd, uv_strerror(rc));
            free(poll);
            return ST_IO;
        }
        poll->uv.data = poll;
        poll->loop = loop;
        poll->fd = fd;
        p->handle = poll;
    }
    poll->events = events;
    poll->fn = fn;
    poll->arg = arg;
    rc = uv_poll_start(&poll->uv, to_uv_events(events), on_poll);
    assert(rc == 0); /* fails only for a handle being closed */
    (void)rc;
    return ST_OK;
}

void loop_poll_stop(struct loop_poll *p)
{
    struct poll *poll = p->handle;

    p->handle = NULL;
    if (!poll)
        return;
    poll->stopped = true;
    close_handle((uv_handle_t *)&poll->uv, poll);
}

struct signal {
    uv_signal_t uv;
    struct loop *loop;
    void (*fn)(void *arg, int signum);
    void *arg;
};

static void on_signal(uv_signal_t *h, int signum)
{
    struct signal *s = h->data;

    wake(s->loop);
    s->fn(s->arg, signum);
}

enum status loop_signal_start(struct loop *loop, struct loop_signal *s,
                              int signum, void (*fn)(void *arg, int signum),
                              void *arg, struct err *err)
{
    struct signal *signal;
    int rc;

    loop_signal_stop(s);
    signal = xcalloc(1, sizeof(*signal));
    uv_signal_init(&loop->uv, &signal->uv);
    signal->uv.data = signal;
    signal->loop = loop;
    signal->fn = fn;
    signal->arg = arg;
    s->handle = signal;
    rc = uv_signal_start(&signal->uv, on_signal, signum);
    if (rc) {
        err_set(err, "cannot catch signal %d: %s", signum, uv_strerror(rc));
        loop_signal_stop(s);
        return ST_IO;
    }
    return ST_OK;
}

void loop_signal_stop(struct loop_signal *s)
{
    struct signal *signal = s->handle;

    s->handle = NULL;
    if (signal)
        close_handle((uv_handle_t *)&signal->uv, signal);
}

struct work {
    uv_work_t uv;
    struct loop *loop;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

static void on_work(uv_work_t *h)
{
    struct work *w = h->data;

    w->work(w->arg);
}

static void on_done(uv_work_t *h, int status)
{
    struct work *w = h->data;

    assert(status == 0); /* works are never cancelled */
    (void)status;
    wake(w->loop);
    w->loop->nworking--;
    w->done(w->arg);
    free(w);
}

void loop_work(struct loop *loop, void (*work)(void *arg),
               void (*done)(void *arg), void *arg)
{
    struct work *w = xcalloc(1, sizeof(*w));
    int rc;

    w->uv.data = w;
    w->loop = loop;
    w->work = work;
    w->done = done;
    w->arg = arg;
    loop->nworking++;
    rc = uv_queue_work(&loop->uv, &w->uv, on_work, on_done);
    assert(rc == 0); /* fails only without a work function */
    (void)rc;
}
