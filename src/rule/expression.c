#include "inside.h"

#include "base/alloc.h"

#include <string.h>

#define PATTERN_COST       ((size_t)1 << 10)
#define HEAVY_PATTERN_COST ((size_t)32 << 10)

size_t load_alias_cost(const struct loader *l, struct slice text)
{
    const struct group *g = &l->group;
    size_t i, sum = 0;

    for (i = 0; i < g->naliases; i++)
        if (memmem(text.p, text.n, g->alias[i].name.p, g->alias[i].name.n))
            sum += g->alias_cost[i];
    return sum;
}

/* A { with a number behind it. */
static bool has_repetition(struct slice text)
{
    size_t i;

    for (i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '{' && text.p[i + 1] >= '0' && text.p[i + 1] <= '9')
            return true;
    return false;
}

/*
 * What patterns cost to compile is not in proportion to their length: a counted
 * repetition or a class of Unicode makes a few bytes into a million.
 */
static size_t pattern_cost(struct slice text)
{
    bool heavy = memmem(text.p, text.n, "\\p", 2) ||
                 memmem(text.p, text.n, "\\P", 2) || has_repetition(text);
    const char *p = text.p, *end = p + text.n;
    size_t cost = 0;

    while (p < end && (p = memmem(p, (size_t)(end - p), "matches", 7))) {
        cost += heavy ? HEAVY_PATTERN_COST : PATTERN_COST;
        p += 7;
    }
    return cost ? cost + text.n * 32 : 0;
}

/* False: the set as a whole is too large, which is told once. */
static bool charge(struct loader *l, const struct yaml_node *where,
                   struct slice text)
{
    if (l->too_many)
        return false;
    l->expression_bytes +=
        text.n + pattern_cost(text) + load_alias_cost(l, text);
    if (l->expression_bytes <= EXPRESSION_BYTES_MAX &&
        l->own->nprograms < PROGRAMS_MAX)
        return true;
    l->too_many = true;
    load_help(
        load_error(l, where,
                   "the rules hold more than %d expressions or %zu bytes of "
                   "them",
                   PROGRAMS_MAX, EXPRESSION_BYTES_MAX),
        "variables and aliases count wherever they are used");
    return false;
}

static void own_program(struct ruleset_own *own, struct cel_program *program)
{
    if (own->nprograms == own->room) {
        own->room = own->room ? own->room * 2 : 64;
        own->program =
            xrealloc(own->program, own->room * sizeof(struct cel_program *));
    }
    own->program[own->nprograms++] = program;
}

/* Steps over digits; true if there were any. */
static bool digits(struct slice s, size_t *i)
{
    size_t from = *i;

    while (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9')
        ++*i;
    return *i > from;
}

static bool word(struct slice s, size_t *i)
{
    size_t from = *i;

    while (*i < s.n && rule_is_word(s.p[*i]))
        ++*i;
    return *i > from;
}

/* [5m], {job="x"}: no CEL has these. */
static bool has_selector(struct slice s)
{
    size_t i, j;

    for (i = 0; i < s.n; i++) {
        j = i + 1;
        if (s.p[i] == '[' && digits(s, &j) && j + 1 < s.n &&
            strchr("smhdwy", s.p[j]) && s.p[j + 1] == ']')
            return true;
        if (s.p[i] == '{' && word(s, &j) && j + 1 < s.n &&
            (s.p[j] == '=' || (s.p[j] == '!' && s.p[j + 1] == '~')) &&
            s.p[j + 1] != '=')
            return true;
    }
    return false;
}

static void tell_problem(struct loader *l, const struct yaml_node *node,
                         size_t from, const struct cel_problem *p, bool promql)
{
    struct diagnostic_place at =
        from == WHOLE ? load_place(l, node, 0, WHOLE)
                      : load_place(l, node, from + p->from, from + p->to);
    struct diagnostic *item = load_tell(l, p->warning, &at, "%s", p->text);

    if (promql)
        load_help(item, "this looks like PromQL; expressions are CEL on the "
                        "state, as in increase(state.web.errors, '5m') > 3");
    else if (p->help[0])
        load_help(item, "%s", p->help);
}

/* What the kinds of rules look at in such a value. */
static uint32_t use_of(enum want want)
{
    switch (want) {
    case WANT_BOOL:
    case WANT_NUMBER:
    case WANT_DURATION:
        return READ_VALUE;
    case WANT_ANSWERS: /* of a map only who answered, not what */
        return READ_VALUE | READ_KEYS;
    case WANT_ANY:
    case WANT_STRING:
    case WANT_NAMES:
        break;
    }
    return READ_SUBTREE;
}

/* from == WHOLE: text does not stand in the file. */
static struct cel_program *compile(struct loader *l,
                                   const struct yaml_node *node, size_t from,
                                   struct slice text, enum want want)
{
    struct cel_program *program = NULL;
    struct cel_problems problems;
    struct cel_env env;
    size_t i, nreads;

    if (!l->env || !charge(l, node, text))
        return NULL;
    problems.n = problems.errors = 0;
    problems.more = false;
    env = *l->env;
    env.use = use_of(want);
    if (cel_compile(&env, text, &problems, &program) == ST_OK) {
        own_program(l->own, program);
        (void)cel_program_reads(program, &nreads);
        l->expression_bytes += nreads * READ_COST;
        load_note_program(l, program, node, from);
        load_check_program(l, program, node, from);
    }
    for (i = 0; i < problems.n; i++)
        tell_problem(l, node, from, &problems.item[i],
                     i == 0 && !program && has_selector(text));
    return program;
}

struct cel_program *load_part(struct loader *l, const struct yaml_node *node,
                              size_t from, struct slice text)
{
    return compile(l, node, from, text, WANT_ANY);
}

struct cel_program *load_ours(struct loader *l, const struct yaml_node *node,
                              const char *text)
{
    return compile(l, node, WHOLE, slice_str(text), WANT_ANY);
}

static bool is_text(const struct cel_type *t)
{
    return t->kind == TYPE_STRING || t->kind == TYPE_DYN;
}

static bool fits(const struct cel_type *t, enum want want)
{
    if (t->kind == TYPE_DYN)
        return true;
    switch (want) {
    case WANT_ANY:
        return true;
    case WANT_BOOL:
        return t->kind == TYPE_BOOL;
    case WANT_NUMBER:
        return t->kind == TYPE_INT || t->kind == TYPE_UINT ||
               t->kind == TYPE_DOUBLE;
    case WANT_STRING:
        return t->kind == TYPE_STRING;
    case WANT_DURATION:
        return t->kind == TYPE_DURATION;
    case WANT_NAMES:
        return (t->kind == TYPE_LIST && is_text(t->arg[0])) ||
               (t->kind == TYPE_MAP && is_text(t->arg[0]) &&
                is_text(t->arg[1]));
    case WANT_ANSWERS:
        return (t->kind == TYPE_LIST || t->kind == TYPE_MAP) &&
               is_text(t->arg[0]);
    }
    return false;
}

static const char *const wanted[] = {
    [WANT_ANY] = "a value",
    [WANT_BOOL] = "a bool",
    [WANT_NUMBER] = "a number",
    [WANT_STRING] = "a string",
    [WANT_DURATION] = "a duration",
    [WANT_NAMES] = "a list of strings or a map of strings to strings",
    [WANT_ANSWERS] = "a list of strings or a map with strings as keys",
};

static void check_type(struct loader *l, const struct yaml_node *node,
                       const struct cel_program *program, enum want want,
                       const char *what)
{
    const struct cel_type *type = cel_program_type(program);
    struct diagnostic *item;
    struct buf name;

    if (fits(type, want))
        return;
    buf_init(&name, 200);
    cel_type_write(type, &name);
    item = load_error(
        l, node, "%s has to be %s, this is a%s %s", what, wanted[want],
        name.n && strchr("aeio", name.p[0]) ? "n" : "", buf_cstr(&name));
    if (type->kind == TYPE_OPTIONAL)
        load_help(item, "say what it is where there is none: .orValue(...)");
    else if (want == WANT_DURATION && fits(type, WANT_STRING))
        load_help(item, "write duration('30s'), or 30s without quotes");
    buf_release(&name);
}

struct cel_program *load_expression(struct loader *l,
                                    const struct yaml_node *value,
                                    enum want want, const char *what)
{
    struct cel_program *program;

    if (!value)
        return NULL;
    if (value->kind != YAML_SCALAR) {
        load_help(load_error(l, value, "%.*s: an expression is wanted, not %s",
                             SHOWN(value->key->text), yaml_kind_name(value)),
                  "put it in quotes: to YAML, { and [ begin something else");
        return NULL;
    }
    if (!load_is(l, value, YAML_SCALAR, "an expression"))
        return NULL;
    program = compile(l, value, 0, value->text, want);
    if (program)
        check_type(l, value, program, want, what);
    return program;
}
