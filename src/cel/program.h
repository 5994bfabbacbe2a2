/*
 * program.h - an expression compiled, and its evaluation.
 *
 *   cel_compile: parse, check, compile; all problems at once
 *   cel_eval: bounded in fuel, memory and depth; ends in a value or an error
 *
 * A program is immutable and owns all it needs but the env's functions.
 */
#ifndef CEL_PROGRAM_H
#define CEL_PROGRAM_H

#include "cel/check.h"
#include "cel/host.h"

struct cel_program;

/* ST_BAD, ST_LIMIT: problems say why. */
CHECKED enum status cel_compile(const struct cel_env *env, struct slice text,
                                struct cel_problems *problems,
                                struct cel_program **ret);
void cel_program_free(struct cel_program *p); /* NULL is fine */

const struct cel_type *cel_program_type(const struct cel_program *p);
const struct cel_read *cel_program_reads(const struct cel_program *p,
                                         size_t *ret_n);
/* It uses now or a window, or a place's age: time alone may change it. */
bool cel_program_timed(const struct cel_program *p);
struct slice cel_program_text(const struct cel_program *p);

/* What an evaluation is given: by variable of the env. */
struct cel_activation {
    const struct cel_value *value; /* of variables that are no places; one of
                                      kind CEL_ERROR is not bound */
    const struct cel_place *place; /* of those that are */
};

struct cel_outcome {
    struct cel_value value; /* in the vm's arena: good until the next eval */
    /*
     * The first instant after now at which the outcome may be another though
     * no node changes; NSEC_MAX: never.  Exact for comparisons of age(),
     * stale(), now and windows with something that does not depend on time;
     * what depends on time in other ways asks for now + 1 s.
     */
    nsec wake_at;
    /* A place's time or blade was used so that a mere touch (a write of the
     * same value) may change the outcome; without it touches only put
     * wake_at off, and the evaluation at wake_at notices. */
    bool touchy;
};

struct cel_vm;

struct cel_vm *cel_vm_new(void);
void cel_vm_free(struct cel_vm *vm);
/* Borrowed until changed; either may be NULL. */
void cel_vm_host(struct cel_vm *vm, struct cel_host *host,
                 const struct cel_zones *zones);
/* The context that functions see, for loading values by hand; eval resets it.
 */
struct cel_context *cel_vm_context(struct cel_vm *vm);

#define CEL_WAKE_DEFAULT NSEC_SEC
/* How long what moves with time in a way nobody follows waits for another
 * look; a multiple of CEL_WAKE_DEFAULT, which it is at first. */
void cel_vm_poll(struct cel_vm *vm, nsec poll_for);

/* now: what `now` is (a variable called now of type timestamp, no place, is
 * bound by the evaluator itself). */
void cel_eval(struct cel_vm *vm, const struct cel_program *p,
              const struct cel_activation *with, nsec now,
              struct cel_outcome *ret);

/* Limits for tests: what every later evaluation may spend. */
void cel_vm_limits(struct cel_vm *vm, uint64_t fuel, size_t memory);

#endif
