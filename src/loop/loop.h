/*
 * loop.h - the event loop: the only reader of the clock.
 *
 * A thin layer over libuv, so that no other folder includes uv.h.  One
 * thread runs the loop; loop_work() alone runs something elsewhere.  Two
 * clocks, both sampled once a turn, right after waking: loop_now() is
 * monotonic and for time-outs, loop_wall() is UTC and for time stamps.
 *
 * Handles are embedded in their user's struct and must stay where they are
 * from start until stop; stop takes effect at once, no callback follows it.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/instant.h"
#include "base/status.h"

#include <stdbool.h>

struct loop;

CHECKED enum status loop_new(struct loop **ret_loop, struct err *err);
void loop_free(struct loop *loop); /* everything must have been stopped */
void loop_run(struct loop *loop);  /* until loop_stop() */
void loop_stop(struct loop *loop);

nsec loop_now(const struct loop *loop);
nsec loop_wall(const struct loop *loop);
/* Samples both clocks anew, for a turn that has worked long. */
void loop_update(struct loop *loop);

struct loop_timer {
    void *handle; /* private */
};

/* Calls fn after `after`, then every `repeat` (0: once).  Restarts if set. */
void loop_timer_start(struct loop *loop, struct loop_timer *t, nsec after,
                      nsec repeat, void (*fn)(void *arg), void *arg);
void loop_timer_stop(struct loop_timer *t); /* also if not started */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop_poll {
    void *handle; /* private */
};

/* events and ready are LOOP_READ | LOOP_WRITE; may be started again with
 * other events while running. */
CHECKED enum status loop_poll_start(struct loop *loop, struct loop_poll *p,
                                    int fd, int events,
                                    void (*fn)(void *arg, int ready), void *arg,
                                    struct err *err);
void loop_poll_stop(struct loop_poll *p); /* also if not started */

struct loop_signal {
    void *handle; /* private */
};

CHECKED enum status loop_signal_start(struct loop *loop, struct loop_signal *s,
                                      int signum,
                                      void (*fn)(void *arg, int signum),
                                      void *arg, struct err *err);
void loop_signal_stop(struct loop_signal *s);

/*
 * Runs work(arg) on another thread, then done(arg) on the loop's.  work must
 * touch nothing the loop's thread touches meanwhile.  loop_run() does not
 * return before every done has been called.
 */
void loop_work(struct loop *loop, void (*work)(void *arg),
               void (*done)(void *arg), void *arg);

struct loop_turn {
    void *handle; /* private */
};

/* Calls fn at the end of every turn, just before the loop sleeps. */
void loop_turn_start(struct loop *loop, struct loop_turn *t,
                     void (*fn)(void *arg), void *arg);
void loop_turn_stop(struct loop_turn *t);

#endif
