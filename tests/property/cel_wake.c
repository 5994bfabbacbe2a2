/*
 * cel_wake [SEED [ROUNDS]] - an evaluation says until when its value holds.
 *
 * Random conditions on the age of nodes, on now and on windows are evaluated
 * over a small state whose times are a few nanoseconds apart.  At every
 * instant before wake_at the value must be the same; and unless the outcome is
 * touchy, it must also be the same when any node has just been touched.  A
 * plain comparison must have flipped at wake_at, too.
 */
#include "base/alloc.h"
#include "cel/program.h"
#include "support/json_host.h"
#include "support/val.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SPAN   40 /* instants of the history, and of spans */
#define AHEAD  160
#define ROUNDS 4000

static const char *const places[] = { "a", "b", "a.n" };

static uint64_t seed;

static unsigned pick(unsigned n)
{
    return (unsigned)random_below(&seed, n);
}

/* -- random conditions -------------------------------------------------- */

/* An expression of time and its slope, which is kept within -1 and 1. */
static int instant(struct buf *out, unsigned depth);

static const char *place(void)
{
    return places[pick(3)];
}

static int constant(struct buf *out)
{
    buf_printf(out, "duration('%uns')", pick(SPAN));
    return 0;
}

static int span(struct buf *out, unsigned depth)
{
    struct buf left, right;
    int a, b, slope = 2;
    bool minus = false, instants = false;

    if (depth == 0 || pick(3) == 0) {
        if (pick(2))
            return constant(out);
        buf_printf(out, "age(state.%s)", place());
        return 1;
    }
    buf_init(&left, BUF_NO_CAP);
    buf_init(&right, BUF_NO_CAP);
    while (slope < -1 || slope > 1) {
        buf_reset(&left);
        buf_reset(&right);
        instants = pick(2);
        minus = instants || pick(2);
        a = instants ? instant(&left, depth - 1) : span(&left, depth - 1);
        b = instants ? instant(&right, depth - 1) : span(&right, depth - 1);
        slope = a + (minus ? -b : b);
    }
    buf_printf(out, "(%s %c ", buf_cstr(&left), minus ? '-' : '+');
    buf_printf(out, "%s)", buf_cstr(&right));
    buf_release(&left);
    buf_release(&right);
    return slope;
}

static int instant(struct buf *out, unsigned depth)
{
    struct buf by;
    int slope = 2, sign = 1;

    if (pick(3) == 0) {
        buf_printf(out, "lastSeen(state.%s)", place());
        return 0;
    }
    if (depth == 0 || pick(3) == 0) {
        buf_str(out, "now");
        return 1;
    }
    buf_init(&by, BUF_NO_CAP);
    buf_str(out, "(now ");
    while (slope < -1 || slope > 1) {
        buf_reset(&by);
        sign = pick(2) ? 1 : -1;
        slope = 1 + sign * span(&by, depth - 1);
    }
    buf_printf(out, "%c %s)", sign > 0 ? '+' : '-', buf_cstr(&by));
    buf_release(&by);
    return slope;
}

static void comparison(struct buf *out)
{
    static const char *const sign[] = { "<", "<=", ">", ">=", "==", "!=" };
    struct buf left, right;
    int slope = 2;

    buf_init(&left, BUF_NO_CAP);
    buf_init(&right, BUF_NO_CAP);
    while (slope < -1 || slope > 1) {
        bool instants = pick(2);

        buf_reset(&left);
        buf_reset(&right);
        slope = instants ? instant(&left, 2) - instant(&right, 2)
                         : span(&left, 2) - span(&right, 2);
    }
    buf_printf(out, "%s %s ", buf_cstr(&left), sign[pick(6)]);
    buf_str(out, buf_cstr(&right));
    buf_release(&left);
    buf_release(&right);
}

static void condition(struct buf *out, unsigned depth)
{
    static const char *const join[] = { " && ", " || " };

    switch (depth ? pick(9) : pick(3)) {
    case 0:
        buf_printf(out, "stale(state.%s, '%uns')", place(), pick(SPAN));
        break;
    case 1:
        buf_printf(out, "%s(state.%s, '%uns') > %u",
                   pick(2) ? "increase" : "changes", place(), 1 + pick(SPAN),
                   pick(4));
        break;
    case 3:
        buf_str(out, "!(");
        condition(out, depth - 1);
        buf_char(out, ')');
        break;
    case 4:
        buf_str(out, "((");
        condition(out, depth - 1);
        buf_str(out, ") ? (");
        condition(out, depth - 1);
        buf_str(out, ") : (");
        condition(out, depth - 1);
        buf_str(out, "))");
        break;
    case 5:
        buf_printf(out, "cel.bind(p, state.%s, cel.bind(x, age(p), x > ",
                   place());
        constant(out);
        buf_str(out, " && stale(p, '9ns')))");
        break;
    case 6:
        buf_str(out, "state.exists(k, v, age(v) > ");
        constant(out);
        buf_char(out, ')');
        break;
    case 7:
    case 8:
        buf_char(out, '(');
        condition(out, depth - 1);
        buf_printf(out, ")%s(", join[pick(2)]);
        condition(out, depth - 1);
        buf_char(out, ')');
        break;
    default:
        comparison(out);
        break;
    }
}

/* -- what must hold ----------------------------------------------------- */

struct machine {
    struct cel_functions *functions;
    struct cel_vm *vm;
    struct json_host *host;
    nsec seen[3];
};

static struct json_host *state(struct machine *m)
{
    struct json_host *h = json_host_new(slice_str("{\"a\":{\"n\":1},\"b\":2}"));
    unsigned i;

    m->seen[0] = m->seen[2] = pick(SPAN);
    m->seen[1] = pick(SPAN);
    for (i = 0; i < 3; i++)
        json_host_touch(h, slice_str(places[i]), m->seen[i], slice_str("x"));
    for (i = 0; i < 12; i++)
        json_host_event(h, slice_str(place()),
                        pick(2) ? CEL_INCREASE : CEL_CHANGES, pick(SPAN),
                        1 + pick(3));
    return h;
}

static struct cel_outcome eval(struct machine *m, const struct cel_program *p,
                               nsec now)
{
    const struct cel_place place = json_host_root(m->host);
    struct cel_outcome out;

    cel_eval(m->vm, p, &(struct cel_activation){ .place = &place }, now, &out);
    return out;
}

static void complain(const struct cel_program *p, const char *what, nsec now,
                     nsec at)
{
    fprintf(stderr, "%.*s\n  at %d: %s at %d\n", SLICE_ARG(cel_program_text(p)),
            (int)now, what, (int)at);
    exit(1);
}

static bool as_before(struct cel_outcome a, struct cel_outcome b)
{
    return a.value.kind == CEL_BOOL && b.value.kind == CEL_BOOL &&
           a.value.b == b.value.b;
}

static void check_touches(struct machine *m, const struct cel_program *p,
                          struct cel_outcome first, nsec now, nsec at)
{
    unsigned i, k;

    for (i = 0; i < 3; i++) {
        json_host_touch(m->host, slice_str(places[i]), at, slice_str("x"));
        if (!as_before(first, eval(m, p, at)))
            complain(p, "a touch shows", now, at);
        for (k = 0; k < 3; k++)
            json_host_touch(m->host, slice_str(places[k]), m->seen[k],
                            slice_str("x"));
    }
}

static void check(struct machine *m, const struct cel_program *p, nsec now,
                  bool exact)
{
    struct cel_outcome first = eval(m, p, now);
    nsec at, until = now + AHEAD;

    if (first.value.kind != CEL_BOOL || first.wake_at <= now)
        complain(p, "no bool, or no time to sleep", now, first.wake_at);
    if (first.wake_at < until)
        until = first.wake_at;
    for (at = now; at < until; at++) {
        if (!as_before(first, eval(m, p, at)))
            complain(p, "another value", now, at);
        if (!first.touchy)
            check_touches(m, p, first, now, at);
    }
    if (exact && first.wake_at < now + AHEAD &&
        as_before(first, eval(m, p, first.wake_at)))
        complain(p, "the same value", now, first.wake_at);
}

static void round_of(struct machine *m, bool exact)
{
    const struct cel_variable variable[] = {
        { slice_str("state"), cel_type_simple(TYPE_DYN), true },
        { slice_str("now"), cel_type_simple(TYPE_TIMESTAMP), false },
    };
    const struct cel_env env = { .functions = m->functions,
                                 .variable = variable,
                                 .nvariables = 2 };
    struct cel_problems *problems = xcalloc(1, sizeof(*problems));
    struct cel_program *p = NULL;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    if (exact)
        comparison(&text);
    else
        condition(&text, 3);
    if (cel_compile(&env, buf_view(&text), problems, &p)) {
        fprintf(stderr, "%s: %s\n", buf_cstr(&text), problems->item[0].text);
        exit(1);
    }
    m->host = state(m);
    cel_vm_host(m->vm, json_host_port(m->host), NULL);
    check(m, p, SPAN + pick(SPAN), exact);
    json_host_free(m->host);
    cel_program_free(p);
    buf_release(&text);
    free(problems);
}

int main(int argc, char **argv)
{
    struct machine m = { 0 };
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS, i;

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 20261127;
    printf("seed %llu\n", (unsigned long long)seed);
    m.functions = cel_functions_new();
    m.vm = cel_vm_new();
    for (i = 0; i < rounds; i++)
        round_of(&m, i % 2);
    cel_vm_free(m.vm);
    cel_functions_free(m.functions);
    return 0;
}
