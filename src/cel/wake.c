#include "cel/op.h"

typedef __int128 wide;

void wake_at(struct cel_vm *vm, nsec at)
{
    if (at < vm->wake_at)
        vm->wake_at = at;
}

/* Whole seconds of log time: polling must not drift. */
void wake_poll(struct cel_vm *vm)
{
    nsec late = vm->cx.now % CEL_WAKE_DEFAULT;

    if (late < 0)
        late += CEL_WAKE_DEFAULT;
    wake_at(vm, nsec_add(vm->cx.now - late, vm->poll_for));
}

void cel_vm_poll(struct cel_vm *vm, nsec poll_for)
{
    vm->poll_for = poll_for;
}

static void wake_in(struct cel_vm *vm, wide ns)
{
    wide at = vm->cx.now + ns;

    if (at < NSEC_MAX)
        wake_at(vm, (nsec)at);
}

static wide nanoseconds(struct cel_value v)
{
    if (v.kind == CEL_TIMESTAMP)
        return (wide)v.i * NSEC_SEC + v.n;
    return v.i;
}

static bool is_time(struct cel_value v)
{
    return v.kind == CEL_TIMESTAMP || v.kind == CEL_DURATION;
}

enum op_compare compare_mirrored(enum op_compare how)
{
    static const uint8_t other[] = {
        [EQUAL] = EQUAL,      [NOT_EQUAL] = NOT_EQUAL, [LESS] = MORE,
        [AT_MOST] = AT_LEAST, [MORE] = LESS,           [AT_LEAST] = AT_MOST,
    };

    return other[how];
}

/*
 * How far d, which is compared with 0, has to grow until the comparison turns
 * out differently; 0: it never will.
 */
static wide flips_after(enum op_compare how, wide d)
{
    switch (how) {
    case LESS:
    case AT_LEAST:
        return d < 0 ? -d : 0;
    case AT_MOST:
    case MORE:
        return d <= 0 ? 1 - d : 0;
    default:
        return d < 0 ? -d : d == 0;
    }
}

void wake_compare(struct cel_vm *vm, const struct op *op, struct cel_value a,
                  struct cel_value b)
{
    enum op_compare how = op->how;
    wide d, after;

    if (a.kind != b.kind || !is_time(a))
        return;
    d = nanoseconds(a) - nanoseconds(b);
    if (op->drift.time) {
        after = op->drift.time > 0 ? flips_after(how, d)
                                   : flips_after(compare_mirrored(how), -d);
        if (after)
            wake_in(vm, after);
    }
    if (op->drift.touch == BOTH_WAYS)
        vm->touchy = true;
    else if (op->drift.touch > 0)
        vm->touchy |= flips_after(how, d) != 0;
    else if (op->drift.touch < 0)
        vm->touchy |= flips_after(compare_mirrored(how), -d) != 0;
}

void wake_overflow(struct cel_vm *vm, struct drift drift, struct cel_value v)
{
    if (v.kind != CEL_DURATION || drift.time == 0)
        return;
    wake_in(vm,
            (drift.time > 0 ? (wide)INT64_MAX - v.i : v.i - (wide)INT64_MIN) +
                1);
}
