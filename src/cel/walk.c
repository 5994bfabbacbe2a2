#include "cel/op.h"

#include "base/utf8.h"

/* -- finding ------------------------------------------------------------ */

/*
 * Whatever stands in the way of a path, a hole, a scalar or an array, there is
 * nothing at its end.  So what comes of it depends on no more than the node
 * there, which is what the expression is said to read.
 */
static struct cel_value nothing_there(struct cel_vm *vm, struct slice key)
{
    return cel_fail(&vm->cx, CEL_NO_SUCH_KEY, "no such key: \"%.*s\"",
                    (int)utf8_cut(key, CEL_BRIEF).n, key.p);
}

static bool find_variable(struct cel_vm *vm, const struct op *op,
                          struct cel_place *ret, struct cel_value *why)
{
    *ret = (struct cel_place){ 0 };
    if (vm->place)
        *ret = vm->place[op->slot];
    if (ret->node)
        return true;
    *why = nothing_there(vm, cel_text(op->value));
    return false;
}

static bool find_local(struct cel_vm *vm, const struct op *op,
                       struct cel_place *ret, struct cel_value *why)
{
    const struct slot *slot = &vm->slot[op->slot];

    *ret = slot->place;
    *why = slot->value;
    return ret->node != NULL;
}

static bool find_lazy(struct cel_vm *vm, const struct op *op,
                      struct cel_place *ret, struct cel_value *why)
{
    struct slot *slot = &vm->slot[op->slot];

    if (!slot->place.node && slot->value.kind == CEL_ERROR) {
        if (!op_enter(vm, op)) {
            *why = cel_spent();
            return false;
        }
        if (!place_find(vm, op->a, &slot->place, &slot->value))
            slot->place.node = NULL;
        vm->depth -= op->height;
    }
    return find_local(vm, op, ret, why);
}

static bool find_path(struct cel_vm *vm, const struct op *op,
                      struct cel_place *ret, struct cel_value *why)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place at;
    uint32_t i = 0;

    if (!place_find(vm, op->a, &at, why)) {
        *ret = (struct cel_place){ 0 };
    } else {
        for (; i < op->n; i++) {
            *ret = (struct cel_place){ 0 };
            if (!host->child(host->self, &at, &op->key[i], ret))
                break;
            at = *ret;
        }
        if (i == op->n)
            return true;
        *why = nothing_there(vm, op->key[i].text);
        i++;
    }
    if (i < op->n)
        ret->map = NULL; /* its parent is not there either */
    ret->node = NULL;
    for (; i < op->n && why->kind != CEL_ERROR; i++)
        *why = value_index(&vm->cx, *why, cel_string(op->key[i].text));
    return false;
}

/* By a computed key: the child of a map, or an item of an array. */
static bool step_by(struct cel_vm *vm, const struct cel_place *from,
                    struct cel_value key, struct cel_place *ret,
                    struct cel_value *why)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_key k;

    if (key.kind == CEL_STRING) {
        k.text = cel_text(key);
        k.hash = host->hash(host->self, k.text);
        if (host->child(host->self, from, &k, ret))
            return true;
        *why = nothing_there(vm, k.text);
    } else {
        *why = cel_load(&vm->cx, from);
        if (why->kind != CEL_ERROR)
            *why = value_index(&vm->cx, *why, key);
    }
    ret->node = NULL;
    return false;
}

/* The key comes first: an error in it is the same whether or not there is
 * anything to look it up in, which is not waited for. */
static bool find_index(struct cel_vm *vm, const struct op *op,
                       struct cel_place *ret, struct cel_value *why)
{
    struct cel_value key = op_eval(vm, op->b);
    struct cel_place from;

    *ret = (struct cel_place){ 0 };
    if (key.kind == CEL_ERROR)
        *why = key;
    else if (place_find(vm, op->a, &from, why))
        return step_by(vm, &from, key, ret, why);
    else if (why->kind != CEL_ERROR)
        *why = value_index(&vm->cx, *why, key);
    return false;
}

bool place_find(struct cel_vm *vm, const struct op *op, struct cel_place *ret,
                struct cel_value *why)
{
    if (!cel_charge(&vm->cx, 1)) {
        *ret = (struct cel_place){ 0 };
        *why = cel_spent();
        return false;
    }
    switch (op->code) {
    case PLACE_VARIABLE:
        return find_variable(vm, op, ret, why);
    case PLACE_LOCAL:
        return find_local(vm, op, ret, why);
    case PLACE_LAZY:
        return find_lazy(vm, op, ret, why);
    case PLACE_PATH:
        return find_path(vm, op, ret, why);
    default:
        return find_index(vm, op, ret, why);
    }
}

/* -- values ------------------------------------------------------------- */

static __attribute__((noinline)) struct cel_value
load_slowly(struct cel_vm *vm, const struct op *op)
{
    struct cel_place place;
    struct cel_value why;

    if (!place_find(vm, op->a, &place, &why))
        return why;
    return cel_load(&vm->cx, &place);
}

struct cel_value run_load(struct cel_vm *vm, const struct op *op)
{
    return load_slowly(vm, op);
}

/* The same for the commonest forms, with nothing in their way. */
struct cel_value run_load_key(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;

    if (vm->place && vm->place[op->slot].node &&
        host->child(host->self, &vm->place[op->slot], op->key, &place))
        return cel_load(&vm->cx, &place);
    return load_slowly(vm, op);
}

struct cel_value run_load_path(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    const struct cel_place *from;
    struct cel_place at[2], *to;
    uint32_t i;

    if (!vm->place || !vm->place[op->slot].node)
        return load_slowly(vm, op);
    from = &vm->place[op->slot];
    for (i = 0; i < op->n; i++) {
        to = &at[i & 1];
        if (!host->child(host->self, from, &op->key[i], to))
            return load_slowly(vm, op);
        from = to;
    }
    return cel_load(&vm->cx, from);
}

struct cel_value run_place_has(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place, child = { 0 };
    struct cel_value v;

    if (place_find(vm, op->a, &place, &v)) {
        if (host->child(host->self, &place, op->key, &child))
            return cel_bool(true);
        v = cel_load(&vm->cx, &place);
    }
    if (v.kind == CEL_ERROR)
        return v;
    return value_has(&vm->cx, v, cel_string(op->key->text));
}

/* -- what only a place has ---------------------------------------------- */

static bool find_node(struct cel_vm *vm, const struct op *op,
                      struct cel_place *ret, struct cel_value *why)
{
    if (place_find(vm, op->a, ret, why))
        return true;
    if (why->kind != CEL_ERROR)
        *why = cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                        "an item of a list is no place in the state");
    return false;
}

static nsec seen(struct cel_vm *vm, const struct cel_place *place)
{
    return vm->cx.host->last_seen(vm->cx.host->self, place);
}

struct cel_value run_age(struct cel_vm *vm, const struct op *op)
{
    struct cel_place place;
    struct cel_value v;
    nsec age;

    if (!find_node(vm, op, &place, &v))
        return v;
    if (__builtin_sub_overflow(vm->cx.now, seen(vm, &place), &age))
        return cel_fail(&vm->cx, CEL_OVERFLOW, "duration overflow");
    v = cel_duration(age);
    wake_overflow(vm, op->drift, v);
    return v;
}

struct cel_value run_last_seen(struct cel_vm *vm, const struct op *op)
{
    struct cel_place place;
    struct cel_value why;

    if (!find_node(vm, op, &place, &why))
        return why;
    return cel_instant(seen(vm, &place));
}

struct cel_value run_stale(struct cel_vm *vm, const struct op *op)
{
    struct cel_value limit = op_eval(vm, op->b), why;
    struct cel_place place;
    __int128 late_at;

    if (limit.kind == CEL_ERROR)
        return limit;
    if (limit.kind != CEL_DURATION)
        return cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                        "stale() needs a duration, not %s",
                        cel_kind_phrase(limit.kind));
    if (!place_find(vm, op->a, &place, &why))
        return cel_bool(true);
    late_at = (__int128)seen(vm, &place) + limit.i;
    if (vm->cx.now > late_at) {
        vm->touchy = true;
        return cel_bool(true);
    }
    if (late_at < NSEC_MAX)
        wake_at(vm, (nsec)late_at + 1);
    return cel_bool(false);
}

/* No blade is an empty string, and that has an address too. */
static struct cel_value string_of(struct slice s)
{
    return cel_string(s.n ? s : slice_of("", 0));
}

struct cel_value run_blade(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;
    struct cel_value why;

    if (!find_node(vm, op, &place, &why))
        return why;
    vm->touchy = true;
    return string_of(host->blade(host->self, &place));
}

struct cel_value run_by_blade(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;
    struct cel_value why;

    if (!find_node(vm, op, &place, &why))
        return why;
    vm->touchy = true; /* adding nothing makes a part of 0 */
    return host->by_blade(host->self, &vm->cx, &place);
}

struct cel_value run_path(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;
    struct cel_value v;
    struct buf text;

    if (!find_node(vm, op, &place, &v))
        return v;
    buf_init(&text, CEL_STRING_MAX + 1);
    host->path(host->self, &place, &text);
    v = cel_new_string(&vm->cx, buf_view(&text));
    buf_release(&text);
    return v;
}

struct cel_value run_key(struct cel_vm *vm, const struct op *op)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;
    struct cel_value why;

    if (!find_node(vm, op, &place, &why))
        return why;
    return string_of(host->key(host->self, &place));
}

/* -- windows ------------------------------------------------------------ */

static struct cel_value window(struct cel_vm *vm, const struct op *op,
                               enum cel_window kind)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;
    struct cel_value v;
    nsec until = NSEC_MAX;

    /* A counter that is not there has grown by nothing, whatever it did. */
    if (!find_node(vm, op, &place, &v)) {
        if (v.kind == CEL_ERROR && v.error->code == CEL_NO_SUCH_KEY)
            v = cel_int(0);
        return v;
    }
    v = host->window(host->self, &vm->cx, &place, kind, op->span, &until);
    wake_at(vm, until);
    return v;
}

struct cel_value run_window(struct cel_vm *vm, const struct op *op)
{
    return window(vm, op, op->how);
}

struct cel_value run_rate(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v = window(vm, op, CEL_INCREASE);
    double seconds = (double)op->span / (double)NSEC_SEC;

    switch (v.kind) {
    case CEL_INT:
        return cel_double((double)v.i / seconds);
    case CEL_DOUBLE:
        return cel_double(v.d / seconds);
    default:
        return v;
    }
}
