#include "function.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#define FUNCTIONS_MEMORY ((size_t)4 << 20)
#define ARGS_MAX                                                               \
    (sizeof(((struct cel_signature *)0)->arg) / sizeof(const struct cel_type *))

struct cel_functions {
    struct arena arena;
    struct cel_group *group; /* sorted by name, functions before methods */
    size_t n;
};

/* A signature with the name that groups it. */
struct entry {
    struct slice name;
    bool receiver;
    size_t order; /* overloads stay in the order of their table */
    struct cel_signature signature;
};

/* -- reading signatures ------------------------------------------------- */

static struct slice cut(struct slice s, size_t from, size_t to)
{
    return slice_of(s.p + from, to - from);
}

static struct slice trim(struct slice s)
{
    while (s.n && *s.p == ' ')
        s = cut(s, 1, s.n);
    while (s.n && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static const struct cel_type *read_type(struct arena *a, struct slice text)
{
    const struct cel_type *t = NULL;
    enum status st = cel_type_parse(a, trim(text), &t);

    assert(!st && "a signature's type");
    return t;
}

/* What may come as an argument of a type. */
static uint32_t kinds_of(const struct cel_type *t)
{
    static const uint8_t kind[] = {
        [TYPE_NULL] = CEL_NULL,         [TYPE_BOOL] = CEL_BOOL,
        [TYPE_INT] = CEL_INT,           [TYPE_UINT] = CEL_UINT,
        [TYPE_DOUBLE] = CEL_DOUBLE,     [TYPE_STRING] = CEL_STRING,
        [TYPE_BYTES] = CEL_BYTES,       [TYPE_TIMESTAMP] = CEL_TIMESTAMP,
        [TYPE_DURATION] = CEL_DURATION, [TYPE_LIST] = CEL_LIST,
        [TYPE_MAP] = CEL_MAP,           [TYPE_OPTIONAL] = CEL_OPTIONAL,
        [TYPE_TYPE] = CEL_TYPE,
    };

    if (t->kind == TYPE_DYN || t->kind == TYPE_PARAM)
        return ((1u << CEL_KINDS) - 1) & ~(1u << CEL_ERROR);
    return 1u << kind[t->kind];
}

static void add_argument(struct cel_signature *s, const struct cel_type *t)
{
    assert(s->nargs < ARGS_MAX);
    s->kinds[s->nargs] = kinds_of(t);
    s->arg[s->nargs++] = t;
}

/* The comma-separated types between the brackets. */
static void read_arguments(struct arena *a, struct slice text,
                           struct cel_signature *s)
{
    size_t i, from = 0, depth = 0;

    for (i = 0; i <= text.n && trim(text).n; i++) {
        char c = i < text.n ? text.p[i] : ',';
        struct slice one;

        depth += c == '(';
        depth -= c == ')';
        if (c != ',' || depth)
            continue;
        one = trim(cut(text, from, i));
        from = i + 1;
        assert(!s->rest && "... comes last");
        if (slice_is(one, "..."))
            s->rest = true;
        else
            add_argument(s, read_type(a, one));
    }
}

/* "string.charAt" is a method, "math.ceil" a function, "size" one too. */
static void read_name(struct arena *a, struct slice head, struct entry *e)
{
    const struct cel_type *type;
    size_t dot = head.n;

    e->name = head;
    while (dot && head.p[dot - 1] != '.' && head.p[dot - 1] != ')')
        dot--;
    if (dot < 2 || head.p[dot - 1] != '.' ||
        cel_type_parse(a, cut(head, 0, dot - 1), &type))
        return;
    e->name = cut(head, dot, head.n);
    e->receiver = true;
    add_argument(&e->signature, type);
}

static struct slice before_arrow(struct slice text, struct slice *ret_result)
{
    const char *arrow = memmem(text.p, text.n, " -> ", 4);

    if (!arrow)
        return trim(text);
    *ret_result = cut(text, (size_t)(arrow - text.p) + 4, text.n);
    return trim(cut(text, 0, (size_t)(arrow - text.p)));
}

static void read_signature(struct arena *a, const struct cel_overload *o,
                           struct entry *e)
{
    struct slice result = slice_str("dyn");
    struct slice text = before_arrow(slice_str(o->signature), &result);
    size_t open = text.n - 1, depth = 0;

    assert(text.n && text.p[open] == ')');
    do {
        depth += text.p[open] == ')';
        depth -= text.p[open] == '(';
    } while (depth && open--);
    assert(!depth && "a signature's brackets");
    e->signature.call = o->call;
    e->signature.result = read_type(a, result);
    read_name(a, cut(text, 0, open), e);
    read_arguments(a, cut(text, open + 1, text.n - 1), &e->signature);
}

/* -- the table ---------------------------------------------------------- */

static int compare_names(struct slice a, bool a_receiver, struct slice b,
                         bool b_receiver)
{
    int d = slice_cmp(a, b);

    return d ? d : (int)a_receiver - (int)b_receiver;
}

static int compare_entries(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    int d = compare_names(a->name, a->receiver, b->name, b->receiver);

    return d ? d : (a->order > b->order) - (a->order < b->order);
}

static void group_entries(struct cel_functions *f, const struct entry *entry,
                          size_t n)
{
    struct cel_signature *signature =
        arena_alloc(&f->arena, n * sizeof(*signature));
    size_t i;

    f->group = arena_alloc(&f->arena, n * sizeof(*f->group));
    assert(signature && f->group);
    for (i = 0; i < n; i++) {
        struct cel_group *g = &f->group[f->n ? f->n - 1 : 0];

        if (i == 0 || compare_names(g->name, g->receiver, entry[i].name,
                                    entry[i].receiver)) {
            g = &f->group[f->n++];
            *g = (struct cel_group){ .name = entry[i].name,
                                     .receiver = entry[i].receiver,
                                     .signature = &signature[i] };
        }
        signature[i] = entry[i].signature;
        g->n++;
    }
}

struct cel_functions *cel_functions_new(void)
{
    const struct cel_library library[] = {
        cel_library_operators(),   cel_library_standard(), cel_library_time(),
        cel_library_optionals(),   cel_library_strings(),  cel_library_math(),
        cel_library_collections(), cel_library_encoders(),
    };
    struct cel_functions *f = xcalloc(1, sizeof(*f));
    struct entry *entry;
    size_t i, j, n = 0, total = 0;

    arena_init(&f->arena, FUNCTIONS_MEMORY);
    for (i = 0; i < sizeof(library) / sizeof(*library); i++)
        total += library[i].n;
    entry = xcalloc(total + 1, sizeof(*entry));
    for (i = 0; i < sizeof(library) / sizeof(*library); i++)
        for (j = 0; j < library[i].n; j++, n++) {
            entry[n].order = n;
            read_signature(&f->arena, &library[i].overload[j], &entry[n]);
        }
    qsort(entry, n, sizeof(*entry), compare_entries);
    group_entries(f, entry, n);
    free(entry);
    return f;
}

void cel_functions_free(struct cel_functions *f)
{
    if (!f)
        return;
    arena_release(&f->arena);
    free(f);
}

const struct cel_group *cel_functions_find(const struct cel_functions *f,
                                           struct slice name, bool receiver)
{
    size_t low = 0, high = f->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct cel_group *g = &f->group[middle];
        int d = compare_names(name, receiver, g->name, g->receiver);

        if (d == 0)
            return g;
        if (d < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct cel_group *cel_functions_at(const struct cel_functions *f,
                                         size_t i)
{
    return i < f->n ? &f->group[i] : NULL;
}

/* -- names in messages -------------------------------------------------- */

void cel_function_label(struct slice name, struct buf *out)
{
    bool word = name.n && (*name.p | 32) >= 'a' && (*name.p | 32) <= 'z';
    size_t i;

    for (i = 0; i < name.n; i++)
        if (name.p[i] != '@' && (word || name.p[i] != '_'))
            buf_char(out, name.p[i]);
}

/* -- calls -------------------------------------------------------------- */

static bool fits(const struct cel_signature *s, const struct cel_value *arg,
                 size_t n)
{
    size_t i;

    if (n < s->nargs || (n > s->nargs && !s->rest))
        return false;
    for (i = 0; i < s->nargs; i++)
        if (!(s->kinds[i] & 1u << arg[i].kind))
            return false;
    for (; i < n; i++)
        if (arg[i].kind == CEL_ERROR)
            return false;
    return true;
}

static struct cel_value no_overload(const struct cel_group *group,
                                    struct cel_context *cx,
                                    const struct cel_value *arg, size_t n)
{
    struct cel_value error;
    struct buf text;
    size_t i;

    buf_init(&text, 1024);
    buf_str(&text, "no overload of '");
    cel_function_label(group->name, &text);
    buf_str(&text, "' for (");
    for (i = 0; i < n; i++) {
        buf_str(&text, i ? ", " : "");
        buf_str(&text, cel_kind_word(arg[i].kind));
    }
    buf_char(&text, ')');
    error = cel_fail(cx, CEL_NO_OVERLOAD, "%s", buf_cstr(&text));
    buf_release(&text);
    return error;
}

struct cel_value cel_group_call(const struct cel_group *group,
                                struct cel_context *cx,
                                const struct cel_value *arg, size_t n)
{
    size_t i;

    for (i = 0; i < group->n; i++)
        if (fits(&group->signature[i], arg, n))
            return group->signature[i].call(cx, arg, n);
    return no_overload(group, cx, arg, n);
}
