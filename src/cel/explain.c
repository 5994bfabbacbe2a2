#include "checker.h"

#include "cel/parse.h"
#include "data/near.h"

#include <stdarg.h>
#include <stdio.h>

#define PART_TEXT 64 /* of an operand quoted in help; longer: x */

/* -- putting them down -------------------------------------------------- */

static struct cel_problem *tell(struct checker *c, bool warning, uint32_t from,
                                uint32_t to, const char *text)
{
    c->errors += !warning;
    if (!c->inside)
        return cel_problem(c->problems, warning, from,
                           to > from ? to : from + 1, "%s", text);
    return cel_problem(c->problems, warning, 0, 1, "in the variable '%.*s': %s",
                       SLICE_ARG(c->inside->name), text);
}

struct cel_problem *mistake(struct checker *c, const struct ast *at,
                            const char *format, ...)
{
    char text[CEL_PROBLEM_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return tell(c, false, at->from, at->to, text);
}

struct cel_problem *caution(struct checker *c, const struct ast *at,
                            const char *format, ...)
{
    char text[CEL_PROBLEM_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return tell(c, true, at->from, at->to, text);
}

/* -- text --------------------------------------------------------------- */

static void copy_text(struct buf *from, char *out, size_t room,
                      const char *instead)
{
    snprintf(out, room, "%s", buf_ok(from) ? buf_cstr(from) : instead);
    buf_release(from);
}

const char *type_text(struct checker *c, const struct cel_type *type,
                      char out[TYPE_TEXT])
{
    struct buf b;

    buf_init(&b, TYPE_TEXT - 1);
    cel_type_write(types_resolve(&c->types, type, true), &b);
    copy_text(&b, out, TYPE_TEXT, "...");
    return out;
}

/* What the node was written as, if that is short. */
static const char *node_text(const struct ast *ast, const char *instead,
                             char out[PART_TEXT])
{
    struct buf b;

    buf_init(&b, PART_TEXT - 1);
    cel_unparse(ast, &b);
    copy_text(&b, out, PART_TEXT, instead);
    return out;
}

static const char *label_text(struct slice name, char out[PART_TEXT])
{
    struct buf b;

    buf_init(&b, PART_TEXT - 1);
    cel_function_label(name, &b);
    copy_text(&b, out, PART_TEXT, "...");
    return out;
}

/* -- words that may be meant -------------------------------------------- */

#define WORDS_MAX 1000

struct words {
    struct arena *arena;
    const char **word;
    size_t n, room;
};

static struct words words_new(struct checker *c)
{
    struct words w = { .arena = c->arena, .room = WORDS_MAX };

    w.word = arena_alloc(c->arena, w.room * sizeof(*w.word));
    return w;
}

static void words_add(struct words *w, struct slice word)
{
    struct slice copy;

    if (!w->word || w->n == w->room)
        return;
    copy = arena_copy(w->arena, word);
    if (copy.p)
        w->word[w->n++] = copy.p;
}

static const char *nearest(const struct words *w, struct slice word)
{
    return near_word(word, w->word, w->n);
}

/* -- the snapshot ------------------------------------------------------- */

static size_t member(const struct tape *tape, size_t object, struct slice key)
{
    uint32_t i;

    if (tape->op[object].kind != TAPE_OBJECT)
        return SIZE_MAX;
    for (i = (uint32_t)object + 1; i < tape->op[object].end;
         i = tape->op[i].end)
        if (!(tape->op[i].flags & TAPE_DEAD) &&
            slice_eq(tape_text(&tape->op[i]), key))
            return i + 1;
    return SIZE_MAX;
}

static void add_keys(struct checker *c, struct words *w, size_t object)
{
    const struct tape *tape = c->env->snapshot;
    uint32_t i;

    if (tape->op[object].kind != TAPE_OBJECT)
        return;
    for (i = (uint32_t)object + 1; i < tape->op[object].end;
         i = tape->op[i].end)
        words_add(w, tape_text(&tape->op[i]));
}

static bool is_state(const struct checker *c, const struct ast *ast)
{
    return ast->kind == AST_IDENT && ast->place &&
           ast->slot < c->env->nvariables &&
           slice_is(c->env->variable[ast->slot].name, "state");
}

static const struct ast *base_of(const struct ast *ast)
{
    return ast->kind == AST_SELECT ? ast->a : index_base(ast);
}

/* What rules derive need not be there: they may have been others. */
static bool is_derived(size_t base, struct slice key)
{
    return base == 0 && slice_is(key, "monitor");
}

/* Where the snapshot has the path, SIZE_MAX: nowhere, or it is not literal. */
static size_t snapshot_find(const struct checker *c, const struct ast *ast)
{
    struct slice key;
    size_t base;

    if (is_state(c, ast))
        return c->env->snapshot->n ? 0 : SIZE_MAX;
    if (!ast->place || ast->kind == AST_IDENT)
        return SIZE_MAX;
    key = ast_literal_key(ast);
    base = key.p ? snapshot_find(c, base_of(ast)) : SIZE_MAX;
    if (base == SIZE_MAX || is_derived(base, key))
        return SIZE_MAX;
    return member(c->env->snapshot, base, key);
}

void caution_snapshot(struct checker *c, const struct ast *ast)
{
    struct slice key = ast_literal_key(ast);
    struct cel_problem *p;
    char text[PART_TEXT];
    const char *near;
    struct words w;
    size_t base;

    if (!key.p)
        return;
    base = snapshot_find(c, base_of(ast));
    if (base == SIZE_MAX || is_derived(base, key) ||
        member(c->env->snapshot, base, key) != SIZE_MAX)
        return;
    p = caution(c, ast, "the given state never had %s",
                node_text(ast, "this", text));
    if (!p)
        return;
    w = words_new(c);
    add_keys(c, &w, base);
    near = nearest(&w, key);
    if (near)
        cel_help(p, "did you mean '%s'?", near);
}

/* -- names that nobody declared ----------------------------------------- */

static bool has_state(const struct checker *c)
{
    size_t i = variable_find(c, slice_str("state"));

    return i != SIZE_MAX && c->env->variable[i].place;
}

static void add_names(struct checker *c, struct words *w)
{
    const struct local *l;
    size_t i;

    for (l = c->local; l; l = l->outer)
        words_add(w, l->name);
    for (i = 0; i < c->env->nvariables; i++)
        words_add(w, c->env->variable[i].name);
    for (i = 0; i < c->visible; i++)
        words_add(w, c->env->alias[i].name);
}

/* One of the names, or of the roots of the state if it is nearer. */
static bool help_near_name(struct checker *c, struct cel_problem *p,
                           struct slice name)
{
    struct words w = words_new(c);
    const char *near;
    size_t names, i = 0;

    add_names(c, &w);
    names = w.n;
    if (has_state(c) && c->env->snapshot && c->env->snapshot->n)
        add_keys(c, &w, 0);
    near = nearest(&w, name);
    if (!near)
        return false;
    while (w.word[i] != near)
        i++;
    if (i < names)
        cel_help(p, "did you mean '%s'?", near);
    else
        cel_help(p, "did you mean state.%s?", near);
    return true;
}

/* state.orders.my-order, of which CEL makes a difference. */
static bool help_hyphen(const struct checker *c, struct cel_problem *p,
                        const struct ast *ast)
{
    const struct ast *left = c->minuend;
    char text[PART_TEXT];

    if (!left || !left->place || left->to + 1 != ast->from)
        return false;
    cel_help(p, "a key with - in it is written %s['%.*s-%.*s']",
             node_text(left->a, "x", text), SLICE_ARG(left->name),
             SLICE_ARG(ast->name));
    return true;
}

void undeclared_name(struct checker *c, const struct ast *ast)
{
    struct slice name = ast->name;
    struct cel_problem *p;

    p = mistake(c, ast, "undeclared name '%.*s'", SLICE_ARG(name));
    if (!p)
        return;
    if (cel_functions_find(c->env->functions, name, false) ||
        special_named(name))
        cel_help(p, "%.*s is a function: write %.*s(...)", SLICE_ARG(name),
                 SLICE_ARG(name));
    else if (!help_hyphen(c, p, ast) && !help_near_name(c, p, name) &&
             has_state(c))
        cel_help(p, "names of the state are written state.%.*s",
                 SLICE_ARG(name));
}

/* Macros are known to the parser alone; what it did not take has the wrong
 * form. */
static const struct {
    const char *name, *form;
} macros[] = {
    { "has", "has(a.b)" },
    { "all", "list.all(x, condition)" },
    { "exists", "list.exists(x, condition)" },
    { "exists_one", "list.exists_one(x, condition)" },
    { "existsOne", "list.existsOne(x, condition)" },
    { "filter", "list.filter(x, condition)" },
    { "map", "list.map(x, value)" },
    { "sortBy", "list.sortBy(x, key)" },
    { "transformList", "map.transformList(k, v, value)" },
    { "transformMap", "map.transformMap(k, v, value)" },
    { "transformMapEntry", "map.transformMapEntry(k, v, {key: value})" },
    { "optMap", "optional.optMap(x, value)" },
    { "optFlatMap", "optional.optFlatMap(x, optional)" },
    { "bind", "cel.bind(x, value, result)" },
};

#define MACROS (sizeof(macros) / sizeof(*macros))

static const char *macro_form(struct slice name)
{
    size_t i;

    for (i = 0; i < MACROS; i++)
        if (slice_is(name, macros[i].name))
            return macros[i].form;
    return NULL;
}

static const char *near_function(struct checker *c, struct slice name,
                                 bool receiver)
{
    struct words w = words_new(c);
    const struct cel_group *g;
    const char *special;
    size_t i;

    for (i = 0; (g = cel_functions_at(c->env->functions, i)); i++)
        if (g->receiver == receiver && *g->name.p != '_' &&
            !memchr(g->name.p, '@', g->name.n))
            words_add(&w, g->name);
    for (i = 0; !receiver && (special = special_name(i)); i++)
        words_add(&w, slice_str(special));
    for (i = 0; receiver && i < MACROS; i++)
        words_add(&w, slice_str(macros[i].name));
    return nearest(&w, name);
}

static void help_function(struct checker *c, struct cel_problem *p,
                          const struct ast *ast, struct slice name)
{
    const struct cel_functions *f = c->env->functions;
    const char *form = macro_form(ast->name), *near;

    if (form) {
        cel_help(p, "write %s", form);
    } else if (slice_is(name, "absent")) { /* of PromQL */
        cel_help(p, "write !has(a.b)");
    } else if (!ast->receiver && cel_functions_find(f, name, true)) {
        cel_help(p, "%.*s is a method: write x.%.*s(...)", SLICE_ARG(name),
                 SLICE_ARG(name));
    } else if (ast->receiver &&
               (cel_functions_find(f, name, false) || special_named(name))) {
        cel_help(p, "%.*s is a function: write %.*s(x)", SLICE_ARG(name),
                 SLICE_ARG(name));
    } else {
        near = near_function(c, name,
                             ast->receiver && !memchr(name.p, '.', name.n));
        if (near)
            cel_help(p, "did you mean '%s'?", near);
    }
}

void undeclared_function(struct checker *c, const struct ast *ast,
                         struct slice prefix)
{
    uint32_t to = ast->at + (uint32_t)ast->name.n;
    char name[CEL_PROBLEM_TEXT], text[CEL_PROBLEM_TEXT];
    struct cel_problem *p;

    snprintf(name, sizeof(name), "%.*s%s%.*s", SLICE_ARG(prefix),
             prefix.n ? "." : "", SLICE_ARG(ast->name));
    snprintf(text, sizeof(text), "undeclared function '%.200s'", name);
    p = tell(c, false, prefix.n ? ast->from : ast->at, to, text);
    if (p)
        help_function(c, p, ast, slice_str(name));
}

/* -- overloads ---------------------------------------------------------- */

/* Which operand a conversion mends: both are known and do not go together. */
static const struct mend {
    uint8_t left, right;
    bool second; /* wrap the right one */
    const char *function;
} mends[] = {
    { TYPE_STRING, TYPE_INT, false, "int" },
    { TYPE_INT, TYPE_STRING, true, "int" },
    { TYPE_STRING, TYPE_UINT, false, "uint" },
    { TYPE_UINT, TYPE_STRING, true, "uint" },
    { TYPE_STRING, TYPE_DOUBLE, false, "double" },
    { TYPE_DOUBLE, TYPE_STRING, true, "double" },
    { TYPE_INT, TYPE_DOUBLE, false, "double" },
    { TYPE_DOUBLE, TYPE_INT, true, "double" },
    { TYPE_UINT, TYPE_DOUBLE, false, "double" },
    { TYPE_DOUBLE, TYPE_UINT, true, "double" },
    { TYPE_INT, TYPE_UINT, true, "int" },
    { TYPE_UINT, TYPE_INT, false, "int" },
    { TYPE_STRING, TYPE_DURATION, false, "duration" },
    { TYPE_DURATION, TYPE_STRING, true, "duration" },
    { TYPE_STRING, TYPE_TIMESTAMP, false, "timestamp" },
    { TYPE_TIMESTAMP, TYPE_STRING, true, "timestamp" },
};

static struct mend find_mend(const struct ast *ast, uint8_t left, uint8_t right)
{
    bool sum = slice_is(ast->name, "_+_");
    size_t i;

    if (left == TYPE_TIMESTAMP && right == TYPE_STRING &&
        (sum || slice_is(ast->name, "_-_")))
        return (struct mend){ left, right, true, "duration" };
    if (sum && left != TYPE_DURATION && right != TYPE_DURATION &&
        (left == TYPE_STRING) != (right == TYPE_STRING))
        return (struct mend){ left, right, left == TYPE_STRING, "string" };
    for (i = 0; i < sizeof(mends) / sizeof(*mends); i++)
        if (mends[i].left == left && mends[i].right == right)
            return mends[i];
    return (struct mend){ 0 };
}

static bool is_number(const struct cel_type *type)
{
    return type->kind == TYPE_INT || type->kind == TYPE_UINT ||
           type->kind == TYPE_DOUBLE;
}

static void help_operator(struct checker *c, struct cel_problem *p,
                          const struct ast *ast,
                          const struct cel_type *const *arg)
{
    const struct cel_type *left = types_resolve(&c->types, arg[0], true);
    const struct cel_type *right = types_resolve(&c->types, arg[1], true);
    struct mend mend = find_mend(ast, left->kind, right->kind);
    char a[PART_TEXT], b[PART_TEXT], label[PART_TEXT];

    if (!mend.function) {
        if ((left->kind == TYPE_DURATION && is_number(right)) ||
            (right->kind == TYPE_DURATION && is_number(left)))
            cel_help(p, "a span is written duration('30s')");
        return;
    }
    node_text(ast->list, "x", a);
    node_text(ast->list->next, "y", b);
    label_text(ast->name, label);
    if (mend.second)
        cel_help(p, "write %s %s %s(%s)", a, label, mend.function, b);
    else
        cel_help(p, "write %s(%s) %s %s", mend.function, a, label, b);
}

static void write_signature(const struct cel_group *g,
                            const struct cel_signature *s, struct buf *out)
{
    size_t i, first = g->receiver ? 1 : 0;

    if (g->receiver) {
        cel_type_write(s->arg[0], out);
        buf_char(out, '.');
    }
    cel_function_label(g->name, out);
    buf_char(out, '(');
    for (i = first; i < s->nargs; i++) {
        buf_str(out, i > first ? ", " : "");
        cel_type_write(s->arg[i], out);
    }
    if (s->rest)
        buf_str(out, s->nargs > first ? ", ..." : "...");
    buf_char(out, ')');
}

#define SIGNATURES_TOLD 3

static void help_signatures(struct cel_problem *p, const struct cel_group *g)
{
    struct buf b;
    size_t i;

    buf_init(&b, CEL_PROBLEM_TEXT - 1);
    for (i = 0; i < g->n && i < SIGNATURES_TOLD; i++) {
        buf_str(&b, i ? ", " : "there is ");
        write_signature(g, &g->signature[i], &b);
    }
    buf_str(&b, i < g->n ? ", ..." : "");
    if (buf_ok(&b))
        cel_help(p, "%s", buf_cstr(&b));
    buf_release(&b);
}

static bool is_operator(struct slice name)
{
    return name.n && (*name.p == '_' || *name.p == '@' || *name.p == '!' ||
                      *name.p == '-');
}

void no_overload(struct checker *c, const struct ast *ast,
                 const struct cel_type *const *arg, size_t n)
{
    struct cel_problem *p;
    char text[TYPE_TEXT], label[PART_TEXT];
    struct buf types;
    size_t i;

    if (c->env->options.no_check)
        return;
    buf_init(&types, CEL_PROBLEM_TEXT);
    for (i = 0; i < n; i++) {
        buf_str(&types, i ? ", " : "");
        buf_str(&types, type_text(c, arg[i], text));
    }
    p = mistake(c, ast, "no overload of '%s' for (%s)",
                label_text(ast->name, label), buf_cstr(&types));
    buf_release(&types);
    if (!p)
        return;
    if (!is_operator(ast->name) && ast->group)
        help_signatures(p, ast->group);
    else if (n == 2 && *ast->name.p == '_')
        help_operator(c, p, ast, arg);
}

/* -- places -------------------------------------------------------------- */

/* A key was named where what stands there is meant. */
static void help_key(struct checker *c, struct cel_problem *p,
                     const struct ast *ast)
{
    size_t i = variable_find(c, ast->name);

    if (local_find(c, ast->name))
        cel_help(p,
                 "of a map, the first variable of a macro is the key; a second "
                 "one is what is there, as in state.workers.exists(k, w, ...)");
    else if (has_state(c) && i != SIZE_MAX &&
             c->env->variable[i].type->kind == TYPE_STRING)
        cel_help(p,
                 "%.*s is the key; the element's variable comes last: "
                 "foreach: %.*s, worker in ...",
                 SLICE_ARG(ast->name), SLICE_ARG(ast->name));
}

void no_place(struct checker *c, const struct ast *ast, const char *function)
{
    struct cel_problem *p;

    p = mistake(c, ast,
                "%s() needs a path of the state such as state.intents.i1, "
                "not a computed value",
                function);
    if (p && ast->kind == AST_IDENT)
        help_key(c, p, ast);
}

/* -- warnings ----------------------------------------------------------- */

static bool may_be_whole(struct checker *c, const struct ast *ast)
{
    const struct cel_type *type = resolved(c, ast);

    return ast->kind != AST_LITERAL && type->kind != TYPE_DOUBLE;
}

void caution_division(struct checker *c, const struct ast *ast)
{
    const struct ast *x = ast->list, *y = x->next;
    char a[PART_TEXT], b[PART_TEXT];

    if (may_be_whole(c, x) && may_be_whole(c, y))
        cel_help(caution(c, ast,
                         "integer division truncates if both are whole "
                         "numbers"),
                 "write double(%s) / %s", node_text(x, "x", a),
                 node_text(y, "y", b));
}

void caution_rounding(struct checker *c, const struct ast *ast)
{
    const struct ast *x = ast->list;
    char text[PART_TEXT];

    if (ast->nlist == 1 && resolved(c, x)->kind == TYPE_DYN)
        cel_help(caution(c, x, "%.*s() fails if this is a whole number",
                         SLICE_ARG(ast->name)),
                 "write %.*s(double(%s))", SLICE_ARG(ast->name),
                 node_text(x, "x", text));
}
