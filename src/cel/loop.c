#include "cel/library.h"
#include "cel/op.h"

#include <stdlib.h>

/* -- visiting a range --------------------------------------------------- */

struct child {
    struct slice key;
    struct cel_place place;
};

/*
 * A list is visited in its order, a map in that of its keys.  Only where the
 * order cannot show is a map of the host's visited as it lies.
 */
struct visit {
    struct cel_value range;
    size_t i, n;
    struct cel_step step; /* as it lies */
    struct child *child;  /* in order */
    struct slice key;     /* of the host's map, the one visited */
};

static int order_children(const void *a, const void *b)
{
    return slice_cmp(((const struct child *)a)->key,
                     ((const struct child *)b)->key);
}

static bool sort_children(struct cel_vm *vm, struct visit *v)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_step step = { 0 };
    size_t i = 0;

    if (!cel_charge(&vm->cx, v->n))
        return false;
    v->child = arena_alloc(&vm->cx.arena, v->n * sizeof(*v->child));
    if (!v->child)
        return false;
    while (i < v->n &&
           host->next(host->self, v->range, &step, &v->child[i].place)) {
        v->child[i].key = host->key(host->self, &v->child[i].place);
        i++;
    }
    v->n = i;
    qsort(v->child, v->n, sizeof(*v->child), order_children);
    return true;
}

/* False: *v->range is an error. */
static bool visit_begin(struct cel_vm *vm, const struct op *op, bool ordered,
                        struct visit *v)
{
    *v = (struct visit){ .range = op_eval(vm, op->a) };
    switch (v->range.kind) {
    case CEL_ERROR:
        return false;
    case CEL_LIST:
        v->n = v->range.list->n;
        return true;
    case CEL_MAP:
        v->n = cel_map_size(&vm->cx, v->range);
        if (!v->range.host || !ordered || sort_children(vm, v))
            return true;
        v->range = cel_spent();
        return false;
    default:
        v->range = cel_fail(&vm->cx, CEL_NO_OVERLOAD,
                            "a list or a map is wanted, not %s",
                            cel_kind_word(v->range.kind));
        return false;
    }
}

static void set_value(struct cel_vm *vm, uint32_t slot, struct cel_value v)
{
    vm->slot[slot] = (struct slot){ .value = v };
}

static bool visit_host(struct cel_vm *vm, const struct op *op, struct visit *v)
{
    const struct cel_host *host = vm->cx.host;
    struct cel_place place;

    if (v->child) {
        if (v->i == v->n)
            return false;
        place = v->child[v->i].place;
        v->key = v->child[v->i++].key;
    } else {
        if (!host->next(host->self, v->range, &v->step, &place))
            return false;
        v->key = host->key(host->self, &place);
    }
    set_value(vm, op->slot, cel_string(v->key));
    if (!op->two)
        return true;
    if (op->place)
        vm->slot[op->slot2] = (struct slot){ .place = place };
    else
        set_value(vm, op->slot2, cel_load(&vm->cx, &place));
    return true;
}

/* Sets the variables to the next member; false past the last. */
static bool visit_next(struct cel_vm *vm, const struct op *op, struct visit *v)
{
    const struct cel_entry *entry;

    if (v->range.host)
        return visit_host(vm, op, v);
    if (v->i == v->n)
        return false;
    if (v->range.kind == CEL_MAP) {
        entry = &v->range.map->entry[v->i++];
        set_value(vm, op->slot, entry->key);
        if (op->two)
            set_value(vm, op->slot2, entry->value);
        return true;
    }
    if (op->two)
        set_value(vm, op->slot, cel_int((int64_t)v->i));
    set_value(vm, op->two ? op->slot2 : op->slot, v->range.list->item[v->i++]);
    return true;
}

/* -- predicates --------------------------------------------------------- */

/*
 * Visiting as it lies must not show.  So the host's maps are visited to the
 * end, whatever that costs is then the same in any order, and of several
 * errors that of the first key is told.
 */
struct fault {
    struct cel_value error; /* CEL_NULL: none */
    struct slice key;
};

static void note_fault(struct fault *f, const struct visit *v,
                       struct cel_value error)
{
    if (f->error.kind == CEL_ERROR &&
        (!v->range.host || slice_cmp(f->key, v->key) <= 0))
        return;
    *f = (struct fault){ error, v->key };
}

/* all() and exists(): the value that decides hides errors. */
static struct cel_value decide(struct cel_vm *vm, const struct op *op,
                               bool decisive)
{
    struct fault fault = { .error = { .kind = CEL_NULL } };
    bool decided = false;
    struct visit visit;
    struct cel_value v;

    if (!visit_begin(vm, op, false, &visit))
        return visit.range;
    while (!(decided && !visit.range.host) && visit_next(vm, op, &visit)) {
        v = op_eval(vm, op->c);
        if (v.kind != CEL_BOOL)
            note_fault(&fault, &visit, op_not_bool(vm, v));
        else if (v.b == decisive)
            decided = true;
        if (vm->cx.fuel == 0)
            return cel_spent();
    }
    if (!decided && fault.error.kind == CEL_ERROR)
        return fault.error;
    return cel_bool(decided == decisive);
}

/* How many members the predicate holds for; an error is one. */
static struct cel_value count(struct cel_vm *vm, const struct op *op)
{
    struct fault fault = { .error = { .kind = CEL_NULL } };
    struct visit visit;
    struct cel_value v;
    int64_t n = 0;

    if (!visit_begin(vm, op, false, &visit))
        return visit.range;
    while (visit_next(vm, op, &visit)) {
        v = op_eval(vm, op->c);
        if (v.kind != CEL_BOOL) {
            note_fault(&fault, &visit, op_not_bool(vm, v));
            if (!visit.range.host || vm->cx.fuel == 0)
                break;
        } else {
            n += v.b;
        }
    }
    return fault.error.kind == CEL_ERROR ? fault.error : cel_int(n);
}

struct cel_value run_count(struct cel_vm *vm, const struct op *op)
{
    return count(vm, op);
}

static struct cel_value exists_one(struct cel_vm *vm, const struct op *op)
{
    struct cel_value n = count(vm, op);

    return n.kind == CEL_ERROR ? n : cel_bool(n.i == 1);
}

/* -- collecting --------------------------------------------------------- */

/* Rows of one or two values that grow in the arena. */
struct rows {
    struct cel_value *item;
    size_t n, room, width;
    size_t first; /* room to begin with, 0: a little */
};

static struct cel_value *add_row(struct cel_vm *vm, struct rows *rows)
{
    struct cel_value *item;
    size_t room = rows->room ? rows->room * 2 : rows->first ? rows->first : 8;

    if (rows->n == rows->room) {
        if (rows->n == CEL_LIST_MAX || !cel_charge(&vm->cx, room))
            return NULL;
        item = arena_alloc(&vm->cx.arena, room * rows->width * sizeof(*item));
        if (!item)
            return NULL;
        if (rows->n)
            memcpy(item, rows->item, rows->n * rows->width * sizeof(*item));
        rows->item = item;
        rows->room = room;
    }
    return &rows->item[rows->width * rows->n++];
}

/* Whether this member is wanted: a bool or an error. */
static struct cel_value filtered(struct cel_vm *vm, const struct op *op)
{
    struct cel_value v;

    if (!op->b)
        return cel_bool(true);
    v = op_eval(vm, op->b);
    return v.kind == CEL_BOOL ? v : op_not_bool(vm, v);
}

/*
 * A row for each member that is wanted: what the body yields, the member itself
 * without one, and in a second column the first variable.  CEL_NULL or an
 * error.
 */
static struct cel_value collect(struct cel_vm *vm, const struct op *op,
                                struct rows *rows)
{
    struct cel_value wanted, v, *row;
    struct visit visit;

    if (!visit_begin(vm, op, true, &visit))
        return visit.range;
    if (!op->b)
        rows->first = visit.n;
    while (visit_next(vm, op, &visit)) {
        wanted = filtered(vm, op);
        if (wanted.kind == CEL_ERROR)
            return wanted;
        if (!wanted.b)
            continue;
        v = op->c ? op_eval(vm, op->c) : vm->slot[op->slot].value;
        if (v.kind == CEL_ERROR)
            return v;
        row = add_row(vm, rows);
        if (!row)
            return cel_spent();
        row[0] = v;
        if (rows->width == 2)
            row[1] = vm->slot[op->slot].value;
    }
    return cel_null();
}

static struct cel_value collect_list(struct cel_vm *vm, const struct op *op)
{
    struct rows rows = { .width = 1 };
    struct cel_value v = collect(vm, op, &rows);

    return v.kind == CEL_ERROR ? v : cel_list_of(&vm->cx, rows.item, rows.n);
}

static struct cel_value sort_by(struct cel_vm *vm, const struct op *op)
{
    struct rows rows = { .width = 2 };
    struct cel_value v = collect(vm, op, &rows), *keys, *items;
    size_t i;

    if (v.kind == CEL_ERROR)
        return v;
    keys = cel_new_items(&vm->cx, rows.n);
    items = cel_new_items(&vm->cx, rows.n);
    if (!keys || !items)
        return cel_spent();
    for (i = 0; i < rows.n; i++) {
        keys[i] = rows.item[2 * i];
        items[i] = rows.item[2 * i + 1];
    }
    return cel_sort(&vm->cx, keys, items, rows.n);
}

static struct cel_value map_of_rows(struct cel_vm *vm, const struct rows *rows)
{
    struct cel_entry *entry =
        arena_alloc(&vm->cx.arena, rows->n * sizeof(*entry));
    size_t i;

    if (!entry)
        return cel_spent();
    for (i = 0; i < rows->n; i++)
        entry[i] =
            (struct cel_entry){ rows->item[2 * i], rows->item[2 * i + 1] };
    return cel_map_of(&vm->cx, entry, rows->n);
}

/* The same keys, other values. */
static struct cel_value transform_map(struct cel_vm *vm, const struct op *op)
{
    struct rows rows = { .width = 2 };
    struct cel_value v = collect(vm, op, &rows), key;
    size_t i;

    if (v.kind == CEL_ERROR)
        return v;
    for (i = 0; i < rows.n; i++) {
        key = rows.item[2 * i + 1];
        rows.item[2 * i + 1] = rows.item[2 * i];
        rows.item[2 * i] = key;
    }
    return map_of_rows(vm, &rows);
}

/* The entries of all the maps that the body yields. */
static struct cel_value transform_entry(struct cel_vm *vm, const struct op *op)
{
    struct rows maps = { .width = 1 }, rows = { .width = 2 };
    struct cel_value v = collect(vm, op, &maps), *row;
    size_t i, k;

    if (v.kind == CEL_ERROR)
        return v;
    for (i = 0; i < maps.n; i++) {
        if (maps.item[i].kind != CEL_MAP)
            return cel_fail(&vm->cx, CEL_NO_OVERLOAD, "a map is wanted, not %s",
                            cel_kind_word(maps.item[i].kind));
        v = cel_map_open(&vm->cx, maps.item[i]);
        if (v.kind == CEL_ERROR)
            return v;
        for (k = 0; k < v.map->n; k++) {
            row = add_row(vm, &rows);
            if (!row)
                return cel_spent();
            row[0] = v.map->entry[k].key;
            row[1] = v.map->entry[k].value;
        }
    }
    return map_of_rows(vm, &rows);
}

struct cel_value run_loop(struct cel_vm *vm, const struct op *op)
{
    switch (op->how) {
    case LOOP_ALL:
        return decide(vm, op, false);
    case LOOP_EXISTS:
        return decide(vm, op, true);
    case LOOP_EXISTS_ONE:
        return exists_one(vm, op);
    case LOOP_SORT_BY:
        return sort_by(vm, op);
    case LOOP_TRANSFORM_MAP:
        return transform_map(vm, op);
    case LOOP_TRANSFORM_ENTRY:
        return transform_entry(vm, op);
    default:
        return collect_list(vm, op);
    }
}
