#include "checker.h"

#include "cel/timezone.h"

/* The monitor's functions: of a place, some with a constant span. */
static const struct special {
    const char *name;
    uint8_t code;
    uint8_t result; /* enum cel_type_kind */
    uint8_t nargs;
    const char *example;
} specials[] = {
    { "age", SPECIAL_AGE, TYPE_DURATION, 1, "age(state.intents.i1)" },
    { "lastSeen", SPECIAL_LAST_SEEN, TYPE_TIMESTAMP, 1,
      "lastSeen(state.intents.i1)" },
    { "stale", SPECIAL_STALE, TYPE_BOOL, 2, "stale(state.heartbeat, '30s')" },
    { "blade", SPECIAL_BLADE, TYPE_STRING, 1, "blade(state.intents.i1)" },
    { "byBlade", SPECIAL_BY_BLADE, TYPE_MAP, 1, "byBlade(state.errors)" },
    { "path", SPECIAL_PATH, TYPE_STRING, 1, "path(state.intents.i1)" },
    { "key", SPECIAL_KEY, TYPE_STRING, 1, "key(state.intents.i1)" },
    { "increase", SPECIAL_INCREASE, TYPE_DYN, 2,
      "increase(state.errors, '5m')" },
    { "rate", SPECIAL_RATE, TYPE_DOUBLE, 2, "rate(state.errors, '5m')" },
    { "changes", SPECIAL_CHANGES, TYPE_INT, 2, "changes(state.leader, '5m')" },
};

#define SPECIALS (sizeof(specials) / sizeof(*specials))

static const struct special *find(struct slice name)
{
    size_t i;

    for (i = 0; i < SPECIALS; i++)
        if (slice_is(name, specials[i].name))
            return &specials[i];
    return NULL;
}

enum cel_special special_named(struct slice name)
{
    const struct special *s = find(name);

    return s ? (enum cel_special)s->code : SPECIAL_NONE;
}

const char *special_name(size_t i)
{
    return i < SPECIALS ? specials[i].name : NULL;
}

/* Of '5m' or duration('5m'), p == NULL: it is neither. */
static struct slice span_text(const struct ast *ast)
{
    if (ast->kind == AST_CALL && !ast->receiver && ast->nlist == 1 &&
        slice_is(ast->name, "duration"))
        ast = ast->list;
    return literal_text(ast);
}

static void make_duration(struct ast *ast, struct cel_value value)
{
    ast->kind = AST_LITERAL;
    ast->list = NULL;
    ast->nlist = 0;
    ast->value = value;
    ast->type = cel_type_simple(TYPE_DURATION);
}

static void refuse_span(struct checker *c, const struct ast *ast,
                        struct slice text)
{
    cel_help(mistake(c, ast, "'%.*s' is no duration", SLICE_ARG(text)),
             "write it like '30s', '5m' or '1h30m'");
}

static void infer_window(struct checker *c, const struct special *s,
                         struct ast *ast)
{
    struct slice text = span_text(ast);
    struct cel_value value;

    if (!text.p)
        cel_help(
            mistake(c, ast, "%s() needs a constant span such as '5m'", s->name),
            "write %s", s->example);
    else if (duration_parse(text, &value))
        refuse_span(c, ast, text);
    else if (value.i <= 0)
        mistake(c, ast, "%s() needs a span longer than nothing", s->name);
    else
        make_duration(ast, value);
}

/* stale() compares with any duration; a text stands for one. */
static void infer_limit(struct checker *c, struct ast *ast)
{
    struct slice literal = literal_text(ast);
    const struct cel_type *type;
    struct cel_value value;
    char text[TYPE_TEXT];

    if (literal.p) {
        if (duration_parse(literal, &value))
            refuse_span(c, ast, literal);
        else
            make_duration(ast, value);
        return;
    }
    type = infer(c, ast);
    if (!types_assign(&c->types, type, cel_type_simple(TYPE_DURATION)))
        cel_help(mistake(c, ast, "stale() needs a duration, not %s",
                         type_text(c, type, text)),
                 "write it like '30s', '5m' or '1h30m'");
}

static void infer_place(struct checker *c, const struct special *s,
                        struct ast *ast)
{
    size_t errors = c->errors;

    (void)infer(c, ast);
    if (!ast->place && c->errors == errors)
        no_place(c, ast, s->name);
}

const struct cel_type *infer_special(struct checker *c, struct ast *ast)
{
    const struct special *s = find(ast->name);
    const struct cel_type *dyn = cel_type_simple(TYPE_DYN);

    ast->special = s->code;
    if (ast->nlist != s->nargs) {
        cel_help(mistake(c, ast, "%s() takes %s", s->name,
                         s->nargs == 1 ? "a path of the state"
                                       : "a path of the state and a span"),
                 "write %s", s->example);
        return dyn;
    }
    infer_place(c, s, ast->list);
    if (s->code == SPECIAL_STALE)
        infer_limit(c, ast->list->next);
    else if (s->nargs == 2)
        infer_window(c, s, ast->list->next);
    if (s->result == TYPE_MAP)
        return cel_type_of(c->arena, TYPE_MAP, cel_type_simple(TYPE_STRING),
                           dyn);
    return cel_type_simple((enum cel_type_kind)s->result);
}
