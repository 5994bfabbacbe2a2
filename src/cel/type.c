#include "type.h"

#include <assert.h>
#include <stdbool.h>

static const struct cel_type simple[] = {
    [TYPE_DYN] = { .kind = TYPE_DYN },
    [TYPE_NULL] = { .kind = TYPE_NULL },
    [TYPE_BOOL] = { .kind = TYPE_BOOL },
    [TYPE_INT] = { .kind = TYPE_INT },
    [TYPE_UINT] = { .kind = TYPE_UINT },
    [TYPE_DOUBLE] = { .kind = TYPE_DOUBLE },
    [TYPE_STRING] = { .kind = TYPE_STRING },
    [TYPE_BYTES] = { .kind = TYPE_BYTES },
    [TYPE_TIMESTAMP] = { .kind = TYPE_TIMESTAMP },
    [TYPE_DURATION] = { .kind = TYPE_DURATION },
    [TYPE_TYPE] = { .kind = TYPE_TYPE },
};

static const struct {
    const char *name;
    uint8_t kind;
    uint8_t nargs;
} names[] = {
    /* the first name of a kind is the one that is written */
    { "dyn", TYPE_DYN, 0 },
    { "null_type", TYPE_NULL, 0 },
    { "bool", TYPE_BOOL, 0 },
    { "int", TYPE_INT, 0 },
    { "uint", TYPE_UINT, 0 },
    { "double", TYPE_DOUBLE, 0 },
    { "string", TYPE_STRING, 0 },
    { "bytes", TYPE_BYTES, 0 },
    { "timestamp", TYPE_TIMESTAMP, 0 },
    { "google.protobuf.Timestamp", TYPE_TIMESTAMP, 0 },
    { "duration", TYPE_DURATION, 0 },
    { "google.protobuf.Duration", TYPE_DURATION, 0 },
    { "list", TYPE_LIST, 1 },
    { "map", TYPE_MAP, 2 },
    { "optional_type", TYPE_OPTIONAL, 1 },
    { "type", TYPE_TYPE, 1 },
};

#define NAMES (sizeof(names) / sizeof(*names))

const struct cel_type *cel_type_simple(enum cel_type_kind kind)
{
    assert(kind <= TYPE_DURATION || kind == TYPE_TYPE);
    return &simple[kind];
}

const struct cel_type *cel_type_of(struct arena *a, enum cel_type_kind kind,
                                   const struct cel_type *first,
                                   const struct cel_type *second)
{
    unsigned size =
        (first ? 1u + first->size : 0) + (second ? 1u + second->size : 0);
    struct cel_type *t;

    t = size <= CEL_TYPE_SIZE ? arena_alloc(a, sizeof(*t)) : NULL;
    if (!t)
        return &simple[TYPE_DYN];
    *t = (struct cel_type){ .kind = (uint8_t)kind,
                            .size = (uint8_t)size,
                            .arg = { first, second } };
    return t;
}

/* -- reading ------------------------------------------------------------ */

struct reader {
    struct arena *arena;
    const char *p, *end;
};

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && *r->p == ' ')
        r->p++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static struct slice take_word(struct reader *r)
{
    const char *from;

    skip_blanks(r);
    from = r->p;
    while (r->p < r->end && *r->p != '(' && *r->p != ')' && *r->p != ',' &&
           *r->p != ' ')
        r->p++;
    return slice_of(from, (size_t)(r->p - from));
}

static enum status read_param(struct reader *r, struct slice name,
                              const struct cel_type **ret)
{
    struct cel_type *t;

    if (name.n != 1 || *name.p < 'A' || *name.p > 'Z')
        return ST_BAD;
    t = arena_alloc(r->arena, sizeof(*t));
    if (!t)
        return ST_LIMIT;
    *t = (struct cel_type){ .kind = TYPE_PARAM,
                            .name = arena_copy(r->arena, name) };
    *ret = t;
    return ST_OK;
}

static enum status read_type(struct reader *r, unsigned depth,
                             const struct cel_type **ret);

static enum status read_arguments(struct reader *r, unsigned depth, size_t row,
                                  const struct cel_type **ret)
{
    const struct cel_type *arg[2] = { NULL, NULL };
    enum status st;
    uint8_t i;

    for (i = 0; i < names[row].nargs; i++) {
        if (i && !take(r, ','))
            return ST_BAD;
        st = read_type(r, depth + 1, &arg[i]);
        if (st)
            return st;
    }
    if (!take(r, ')'))
        return ST_BAD;
    *ret = cel_type_of(r->arena, names[row].kind, arg[0], arg[1]);
    return ST_OK;
}

static enum status read_type(struct reader *r, unsigned depth,
                             const struct cel_type **ret)
{
    struct slice word = take_word(r);
    const struct cel_type *dyn = &simple[TYPE_DYN];
    enum status st;
    size_t i;

    if (depth > CEL_TYPE_SIZE)
        return ST_BAD;
    if (slice_is(word, "param") && take(r, '(')) {
        st = read_param(r, take_word(r), ret);
        return !st && !take(r, ')') ? ST_BAD : st;
    }
    for (i = 0; i < NAMES && !slice_is(word, names[i].name); i++)
        ;
    if (i == NAMES)
        return read_param(r, word, ret);
    if (names[i].nargs && take(r, '('))
        return read_arguments(r, depth, i, ret);
    *ret = names[i].nargs == 0 || names[i].kind == TYPE_TYPE
               ? &simple[names[i].kind]
               : cel_type_of(r->arena, names[i].kind, dyn,
                             names[i].nargs == 2 ? dyn : NULL);
    return ST_OK;
}

enum status cel_type_parse(struct arena *a, struct slice text,
                           const struct cel_type **ret)
{
    struct reader r = { a, text.p, text.p + text.n };
    const struct cel_type *t = NULL;
    enum status st = read_type(&r, 0, &t);

    if (st)
        return st;
    skip_blanks(&r);
    if (r.p != r.end)
        return ST_BAD;
    *ret = t;
    return ST_OK;
}

/* -- writing ------------------------------------------------------------ */

void cel_type_write(const struct cel_type *t, struct buf *out)
{
    size_t i;

    if (t->kind == TYPE_PARAM) {
        buf_slice(out, t->name);
        return;
    }
    for (i = 0; names[i].kind != t->kind; i++)
        ;
    buf_str(out, names[i].name);
    if (!t->arg[0])
        return;
    buf_char(out, '(');
    cel_type_write(t->arg[0], out);
    if (t->arg[1]) {
        buf_str(out, ", ");
        cel_type_write(t->arg[1], out);
    }
    buf_char(out, ')');
}

bool cel_type_same(const struct cel_type *a, const struct cel_type *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->variable != b->variable ||
        !slice_eq(a->name, b->name))
        return false;
    return cel_type_same(a->arg[0], b->arg[0]) &&
           cel_type_same(a->arg[1], b->arg[1]);
}
