#include "checker.h"

#include "cel/parse.h"

/* Aliases named in aliases: more levels than this are refused. */
#define INFER_DEPTH (4 * CEL_DEPTH_MAX)

static const struct cel_type *simple(enum cel_type_kind kind)
{
    return cel_type_simple(kind);
}

static const struct cel_type *type_of(struct checker *c,
                                      enum cel_type_kind kind,
                                      const struct cel_type *first,
                                      const struct cel_type *second)
{
    return cel_type_of(c->arena, kind, first, second);
}

const struct cel_type *resolved(struct checker *c, const struct ast *ast)
{
    return types_resolve(&c->types, ast->type, false);
}

static bool is_open(const struct cel_type *type)
{
    return type->kind == TYPE_DYN || type->kind == TYPE_PARAM;
}

/* The type is not known: what it stands for must not be guessed later. */
static void make_dyn(struct checker *c, const struct cel_type *type)
{
    (void)types_assign(&c->types, simple(TYPE_DYN), type);
}

/* -- names -------------------------------------------------------------- */

const struct local *local_find(const struct checker *c, struct slice name)
{
    const struct local *l = c->local;

    while (l && !slice_eq(l->name, name))
        l = l->outer;
    return l;
}

size_t variable_find(const struct checker *c, struct slice name)
{
    size_t i;

    for (i = 0; i < c->env->nvariables; i++)
        if (slice_eq(c->env->variable[i].name, name))
            return i;
    return SIZE_MAX;
}

static size_t alias_find(const struct checker *c, struct slice name)
{
    size_t i;

    for (i = 0; i < c->visible; i++)
        if (slice_eq(c->env->alias[i].name, name))
            return i;
    return SIZE_MAX;
}

static const struct ast *leftmost(const struct ast *ast)
{
    while (ast->kind == AST_SELECT && !ast->test && !ast->optional)
        ast = ast->a;
    return ast->kind == AST_IDENT ? ast : NULL;
}

bool dotted_name(const struct ast *ast, char out[DOTTED_MAX], struct slice *ret)
{
    size_t at = DOTTED_MAX;

    if (!leftmost(ast))
        return false;
    for (;; ast = ast->a) {
        if (ast->name.n + 1 > at)
            return false;
        at -= ast->name.n;
        if (ast->name.n)
            memcpy(out + at, ast->name.p, ast->name.n);
        if (ast->kind == AST_IDENT)
            break;
        out[--at] = '.';
    }
    *ret = slice_of(out + at, DOTTED_MAX - at);
    return true;
}

bool dotted_is_variable(const struct checker *c, const struct ast *ast)
{
    const struct ast *first = leftmost(ast);
    char text[DOTTED_MAX];
    struct slice name;

    if (!first->rooted && local_find(c, first->name))
        return true;
    if (variable_find(c, first->name) != SIZE_MAX ||
        alias_find(c, first->name) != SIZE_MAX)
        return true;
    return dotted_name(ast, text, &name) && variable_find(c, name) != SIZE_MAX;
}

/* Names of types denote them: the node becomes a constant. */
static bool infer_type_name(struct checker *c, struct ast *ast,
                            struct slice name)
{
    static const struct {
        const char *name;
        uint8_t type, kind;
    } known[] = {
        { "bool", TYPE_BOOL, CEL_BOOL },
        { "int", TYPE_INT, CEL_INT },
        { "uint", TYPE_UINT, CEL_UINT },
        { "double", TYPE_DOUBLE, CEL_DOUBLE },
        { "string", TYPE_STRING, CEL_STRING },
        { "bytes", TYPE_BYTES, CEL_BYTES },
        { "list", TYPE_LIST, CEL_LIST },
        { "map", TYPE_MAP, CEL_MAP },
        { "null_type", TYPE_NULL, CEL_NULL },
        { "type", TYPE_TYPE, CEL_TYPE },
        { "optional_type", TYPE_OPTIONAL, CEL_OPTIONAL },
        { "google.protobuf.Timestamp", TYPE_TIMESTAMP, CEL_TIMESTAMP },
        { "google.protobuf.Duration", TYPE_DURATION, CEL_DURATION },
    };
    const struct cel_type *type;
    struct slice text;
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (slice_is(name, known[i].name))
            break;
    if (i == sizeof(known) / sizeof(*known) ||
        cel_type_parse(c->arena, name, &type))
        return false;
    text = slice_str(cel_kind_name((enum cel_kind)known[i].kind));
    ast->kind = AST_LITERAL;
    ast->a = NULL;
    ast->value = (struct cel_value){ .kind = CEL_TYPE,
                                     .n = (uint32_t)text.n,
                                     .s = text.p };
    ast->type = type_of(c, TYPE_TYPE, type, NULL);
    return true;
}

static bool infer_variable(struct checker *c, struct ast *ast,
                           struct slice name)
{
    size_t i = variable_find(c, name);

    if (i == SIZE_MAX)
        return false;
    ast->slot = (uint32_t)i;
    ast->type = c->env->variable[i].type;
    ast->place = c->env->variable[i].place;
    return true;
}

/* The text of an alias has no positions of the expression: its nodes take
 * that of the name that stands for it. */
static void relocate(struct ast *ast, const struct ast *at)
{
    struct ast *child;

    if (!ast)
        return;
    ast->from = at->from;
    ast->to = at->to;
    ast->at = at->at;
    relocate(ast->a, at);
    relocate(ast->b, at);
    relocate(ast->c, at);
    for (child = ast->list; child; child = child->next)
        relocate(child, at);
}

static void report_alias(struct checker *c, const struct ast *at,
                         const struct cel_problems *found)
{
    size_t i;

    for (i = 0; i < found->n; i++) {
        const struct cel_problem *p = &found->item[i];
        struct cel_problem *told = p->warning ? caution(c, at, "%s", p->text)
                                              : mistake(c, at, "%s", p->text);

        if (told)
            cel_help(told, "%s", p->help);
    }
}

static struct ast *parse_alias(struct checker *c, const struct ast *at,
                               struct slice text)
{
    struct cel_problems *found = arena_alloc(c->arena, sizeof(*found));
    struct cel_parse_options options = { c->env->options.no_macros };
    struct ast *tree = NULL;
    enum status st;

    if (!found)
        return NULL;
    st = cel_parse(c->arena, text, options, found, &tree);
    report_alias(c, at, found);
    if (st)
        return NULL;
    relocate(tree, at);
    return tree;
}

/* Reads an alias where it is named first, as if it stood by itself. */
static void open_alias(struct checker *c, const struct ast *at, size_t i)
{
    const struct cel_alias *inside = c->inside;
    const struct local *local = c->local;
    size_t visible = c->visible;
    struct ast *tree;

    c->inside = &c->env->alias[i];
    c->local = NULL;
    c->visible = i;
    tree = parse_alias(c, at, c->env->alias[i].text);
    if (tree) {
        (void)infer(c, tree);
        c->alias[i].tree = tree;
        c->alias[i].slot = c->slots++;
    }
    c->inside = inside;
    c->local = local;
    c->visible = visible;
}

static bool infer_alias(struct checker *c, struct ast *ast)
{
    size_t i = alias_find(c, ast->name);
    const struct ast *tree;

    if (i == SIZE_MAX)
        return false;
    if (!c->alias[i].named)
        open_alias(c, ast, i);
    c->alias[i].named = true;
    tree = c->alias[i].tree;
    ast->type = tree ? tree->type : simple(TYPE_DYN);
    ast->slot = c->alias[i].slot;
    ast->place = tree && tree->place;
    return true;
}

static const struct cel_type *infer_ident(struct checker *c, struct ast *ast)
{
    const struct local *l = ast->rooted ? NULL : local_find(c, ast->name);

    if (l) {
        ast->slot = l->slot;
        ast->place = l->place;
        return l->type;
    }
    if (infer_variable(c, ast, ast->name) || infer_alias(c, ast) ||
        infer_type_name(c, ast, ast->name))
        return ast->type;
    ast->slot = AST_NO_SLOT;
    if (!c->env->options.no_check)
        undeclared_name(c, ast);
    return simple(TYPE_DYN);
}

/* a.b.c is one name if something is declared under it. */
static bool infer_qualified(struct checker *c, struct ast *ast)
{
    const struct ast *first = leftmost(ast);
    char text[DOTTED_MAX];
    struct slice name;

    if (!first || (!first->rooted && local_find(c, first->name)) ||
        !dotted_name(ast, text, &name))
        return false;
    if (!infer_variable(c, ast, name))
        return infer_type_name(c, ast, name);
    ast->kind = AST_IDENT;
    ast->name = c->env->variable[ast->slot].name;
    ast->a = NULL;
    return true;
}

/* -- selects ------------------------------------------------------------ */

static const struct cel_type *
field_type(struct checker *c, const struct ast *ast, const struct cel_type *of)
{
    char text[TYPE_TEXT];

    if (of->kind == TYPE_MAP)
        return of->arg[1];
    if (is_open(of))
        make_dyn(c, of);
    else if (!ast->optional && !c->env->options.no_check)
        mistake(c, ast, "a value of type %s has no field '%.*s'",
                type_text(c, of, text), SLICE_ARG(ast->name));
    return simple(TYPE_DYN);
}

static const struct cel_type *infer_select(struct checker *c, struct ast *ast)
{
    const struct cel_type *of, *field;
    bool optional;

    if (!ast->test && !ast->optional && infer_qualified(c, ast))
        return ast->type;
    (void)infer(c, ast->a);
    of = resolved(c, ast->a);
    optional = ast->optional || of->kind == TYPE_OPTIONAL;
    if (of->kind == TYPE_OPTIONAL)
        of = types_resolve(&c->types, of->arg[0], false);
    field = field_type(c, ast, of);
    if (ast->test)
        return simple(TYPE_BOOL);
    return optional ? type_of(c, TYPE_OPTIONAL, field, NULL) : field;
}

/* -- literals ----------------------------------------------------------- */

static const struct cel_type *infer_literal(const struct ast *ast)
{
    static const uint8_t type[CEL_KINDS] = {
        [CEL_NULL] = TYPE_NULL,         [CEL_BOOL] = TYPE_BOOL,
        [CEL_INT] = TYPE_INT,           [CEL_UINT] = TYPE_UINT,
        [CEL_DOUBLE] = TYPE_DOUBLE,     [CEL_STRING] = TYPE_STRING,
        [CEL_BYTES] = TYPE_BYTES,       [CEL_TIMESTAMP] = TYPE_TIMESTAMP,
        [CEL_DURATION] = TYPE_DURATION,
    };

    return simple(type[ast->value.kind]);
}

/* The type of what ?x contributes. */
static const struct cel_type *spread_type(struct checker *c, struct ast *ast)
{
    const struct cel_type *type = types_resolve(&c->types, ast->type, false);
    char text[TYPE_TEXT];

    if (type->kind == TYPE_OPTIONAL)
        return type->arg[0];
    if (is_open(type))
        make_dyn(c, type);
    else if (!c->env->options.no_check)
        cel_help(mistake(c, ast,
                         "what ? adds must be an optional value, not %s",
                         type_text(c, type, text)),
                 "leave the ? out");
    return simple(TYPE_DYN);
}

static const struct cel_type *infer_list(struct checker *c, struct ast *ast)
{
    const struct cel_type *joined = NULL, *type;
    struct ast *item;

    for (item = ast->list; item; item = item->next) {
        type = infer(c, item);
        if (item->spread)
            type = spread_type(c, item);
        joined = types_join(&c->types, joined, type);
    }
    if (!joined)
        joined = types_variable(&c->types);
    return type_of(c, TYPE_LIST, joined, NULL);
}

static void check_key(struct checker *c, const struct ast *key,
                      const struct cel_type *type)
{
    char text[TYPE_TEXT];

    if (type->kind == TYPE_INT || type->kind == TYPE_UINT ||
        type->kind == TYPE_BOOL || type->kind == TYPE_STRING ||
        type->kind == TYPE_DYN || c->env->options.no_check)
        return;
    mistake(c, key, "a map's key must be string, int, uint or bool, not %s",
            type_text(c, type, text));
}

static const struct cel_type *infer_map(struct checker *c, struct ast *ast)
{
    const struct cel_type *keys = NULL, *values = NULL, *key, *type;
    struct ast *item;

    for (item = ast->list; item; item = item->next->next) {
        (void)infer(c, item);
        key = types_resolve(&c->types, item->type, true);
        check_key(c, item, key);
        keys = types_join(&c->types, keys, key);
        type = infer(c, item->next);
        if (item->spread)
            type = spread_type(c, item->next);
        values = types_join(&c->types, values, type);
    }
    if (!keys) {
        keys = types_variable(&c->types);
        values = types_variable(&c->types);
    }
    return type_of(c, TYPE_MAP, keys, values);
}

/* -- comprehensions and binds ------------------------------------------- */

static void want_bool(struct checker *c, struct ast *ast)
{
    const struct cel_type *type;
    char text[TYPE_TEXT];

    type = infer(c, ast);
    if (c->env->options.no_check ||
        types_assign(&c->types, type, simple(TYPE_BOOL)))
        return;
    mistake(c, ast, "the condition must be bool, not %s",
            type_text(c, type, text));
}

/* What the variables of a comprehension are; two: it has a second one. */
static void loop_types(struct checker *c, const struct ast *ast, bool two,
                       const struct cel_type *type[2])
{
    const struct cel_type *range = resolved(c, ast->a);
    char text[TYPE_TEXT];

    type[0] = type[1] = simple(TYPE_DYN);
    if (range->kind == TYPE_LIST) {
        type[0] = two ? simple(TYPE_INT) : range->arg[0];
        type[1] = range->arg[0];
    } else if (range->kind == TYPE_MAP) {
        type[0] = range->arg[0];
        type[1] = range->arg[1];
    } else if (is_open(range)) {
        make_dyn(c, range);
    } else if (!c->env->options.no_check) {
        mistake(c, ast->a, "a comprehension goes over a list or a map, not %s",
                type_text(c, range, text));
    }
}

static const struct cel_type *entry_type(struct checker *c, struct ast *ast)
{
    const struct cel_type *type = resolved(c, ast);
    char text[TYPE_TEXT];

    if (type->kind == TYPE_MAP)
        return type;
    if (is_open(type))
        make_dyn(c, type);
    else if (!c->env->options.no_check)
        mistake(c, ast, "transformMapEntry() must make a map, not %s",
                type_text(c, type, text));
    return type_of(c, TYPE_MAP, simple(TYPE_DYN), simple(TYPE_DYN));
}

static const struct cel_type *loop_result(struct checker *c, struct ast *ast,
                                          const struct cel_type *first)
{
    switch ((enum ast_loop)ast->loop) {
    case LOOP_ALL:
    case LOOP_EXISTS:
    case LOOP_EXISTS_ONE:
        want_bool(c, ast->c);
        return simple(TYPE_BOOL);
    case LOOP_FILTER:
        want_bool(c, ast->c);
        return type_of(c, TYPE_LIST, first, NULL);
    case LOOP_MAP:
    case LOOP_TRANSFORM_LIST:
        return type_of(c, TYPE_LIST, infer(c, ast->c), NULL);
    case LOOP_TRANSFORM_MAP:
        return type_of(c, TYPE_MAP, first, infer(c, ast->c));
    case LOOP_TRANSFORM_ENTRY:
        (void)infer(c, ast->c);
        return entry_type(c, ast->c);
    case LOOP_SORT_BY:
        (void)infer(c, ast->c);
        return type_of(c, TYPE_LIST, first, NULL);
    }
    return simple(TYPE_DYN);
}

static const struct cel_type *infer_loop(struct checker *c, struct ast *ast)
{
    bool two = ast->name2.n > 0;
    const struct cel_type *type[2], *result;
    const struct local *outer = c->local;
    struct local first, second;

    (void)infer(c, ast->a);
    loop_types(c, ast, two, type);
    ast->slot = c->slots++;
    first = (struct local){ ast->name, type[0], ast->slot, false, outer };
    c->local = &first;
    if (two) {
        ast->slot2 = c->slots++;
        second = (struct local){ ast->name2, type[1], ast->slot2, ast->a->place,
                                 &first };
        c->local = &second;
    }
    if (ast->b)
        want_bool(c, ast->b);
    result = loop_result(c, ast, type[0]);
    c->local = outer;
    return result;
}

/* What optMap() and optFlatMap() bind. */
static const struct cel_type *unwrapped(struct checker *c, const struct ast *of)
{
    const struct cel_type *type = resolved(c, of);
    char text[TYPE_TEXT];

    if (type->kind == TYPE_OPTIONAL)
        return type->arg[0];
    if (is_open(type))
        make_dyn(c, type);
    else if (!c->env->options.no_check)
        mistake(c, of, "this must be an optional value, not %s",
                type_text(c, type, text));
    return simple(TYPE_DYN);
}

static const struct cel_type *bind_result(struct checker *c, struct ast *ast,
                                          const struct cel_type *body)
{
    const struct cel_type *optional;
    char text[TYPE_TEXT];

    if (ast->loop == BIND_PLAIN)
        return body;
    if (ast->loop == BIND_OPT_MAP)
        return type_of(c, TYPE_OPTIONAL, body, NULL);
    optional = type_of(c, TYPE_OPTIONAL, types_variable(&c->types), NULL);
    if (!types_assign(&c->types, body, optional) && !c->env->options.no_check)
        cel_help(mistake(c, ast->b,
                         "optFlatMap() must make an optional value, not %s",
                         type_text(c, body, text)),
                 "write optMap");
    return optional;
}

static const struct cel_type *infer_bind(struct checker *c, struct ast *ast)
{
    const struct cel_type *body;
    struct local l = { .name = ast->name, .outer = c->local };

    l.type = infer(c, ast->a);
    if (ast->loop == BIND_PLAIN)
        l.place = ast->a->place;
    else
        l.type = unwrapped(c, ast->a);
    l.slot = ast->slot = c->slots++;
    c->local = &l;
    body = infer(c, ast->b);
    c->local = l.outer;
    return bind_result(c, ast, body);
}

/* -- all of them -------------------------------------------------------- */

static const struct cel_type *infer_node(struct checker *c, struct ast *ast)
{
    switch ((enum ast_kind)ast->kind) {
    case AST_LITERAL:
        return infer_literal(ast);
    case AST_IDENT:
        return infer_ident(c, ast);
    case AST_SELECT:
        return infer_select(c, ast);
    case AST_CALL:
        return infer_call(c, ast);
    case AST_LIST:
        return infer_list(c, ast);
    case AST_MAP:
        return infer_map(c, ast);
    case AST_LOOP:
        return infer_loop(c, ast);
    case AST_BIND:
        return infer_bind(c, ast);
    }
    return simple(TYPE_DYN);
}

const struct cel_type *infer(struct checker *c, struct ast *ast)
{
    ast->type = simple(TYPE_DYN);
    if (c->depth == INFER_DEPTH) {
        if (!c->too_deep)
            mistake(c, ast, "the variables are nested too deep");
        c->too_deep = true;
        return ast->type;
    }
    c->depth++;
    ast->type = infer_node(c, ast);
    mark_place(c, ast);
    c->depth--;
    return ast->type;
}
