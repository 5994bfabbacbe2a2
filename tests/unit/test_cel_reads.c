#include "cel/check.h"

#include "cel/parse.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct cel_functions *functions;
static struct arena arena;
static struct buf out;

static void setup(void)
{
    functions = cel_functions_new();
    arena_init(&arena, (size_t)16 << 20);
    buf_init(&out, 65536);
}

static void teardown(void)
{
    cel_functions_free(functions);
    arena_release(&arena);
    buf_release(&out);
}

static const struct cel_alias aliases[] = {
    { { "resolved", 8 }, { "intent.resolution", 17 } },
    { { "quiet", 5 }, { "intent.n < 6", 12 } },
};

static const struct cel_type dyn = { .kind = TYPE_DYN };
static const struct cel_type text_type = { .kind = TYPE_STRING };
static const struct cel_type number = { .kind = TYPE_INT };

static const struct cel_variable variables[] = {
    { { "state", 5 }, &dyn, true },     { { "intent", 6 }, &dyn, true },
    { { "id", 2 }, &text_type, false }, { { "x", 1 }, &dyn, false },
    { { "n", 1 }, &number, false },
};

/* "state.a.*.[id] value keys": a line for each, in the order of the text; id:
 * a variable. */
static void write_read(const struct cel_read *read)
{
    static const char *const kinds[] = { "value",   "exists", "keys",
                                         "subtree", "meta",   "increase",
                                         "changes" };
    uint32_t i;

    buf_slice(&out, variables[read->variable].name);
    for (i = 0; i < read->n; i++) {
        buf_char(&out, '.');
        if (read->by[i] != CEL_NO_VARIABLE)
            buf_printf(&out, "[%.*s]", SLICE_ARG(variables[read->by[i]].name));
        else
            buf_slice(&out, read->key[i].p ? read->key[i] : slice_of("*", 1));
    }
    for (i = 0; i < COUNT(kinds); i++)
        if (read->kinds & 1u << i)
            buf_printf(&out, " %s", kinds[i]);
    if (read->window_for)
        buf_printf(&out, " %llds", (long long)(read->window_for / NSEC_SEC));
    buf_char(&out, '\n');
}

static enum status collect(const char *text, struct cel_problems *problems)
{
    const struct cel_env env = { .functions = functions,
                                 .variable = variables,
                                 .nvariables = COUNT(variables),
                                 .alias = aliases,
                                 .naliases = COUNT(aliases) };
    const struct cel_read *read = NULL;
    size_t i, n = 0;
    struct ast *tree;
    uint32_t slots;
    enum status st;

    st = cel_parse(&arena, slice_str(text), (struct cel_parse_options){ false },
                   problems, &tree);
    if (!st)
        st = cel_check(&arena, &env, tree, problems, &read, &n, &slots);
    buf_reset(&out);
    for (i = 0; i < n; i++)
        write_read(&read[i]);
    return st;
}

static const struct {
    const char *text, *reads;
} rows[] = {
    /* nothing */
    { "1 + 2", "" },
    { "n > 1 && x.y == id", "" },
    { "[1].all(state, state > 0)", "" },
    /* the founding example */
    { "!intent.hosts.all(h, h in intent.resolution) && "
      "age(intent.resolution) > duration('5m')",
      "intent.hosts value keys\n"
      "intent.resolution value keys meta\n" },
    /* scalars */
    { "state.a.b < 3", "state.a.b value\n" },
    { "state.a + state.b", "state.a value\nstate.b value\n" },
    { "-state.a", "state.a value\n" },
    { "state.a && !state.b", "state.a value\nstate.b value\n" },
    { "state.a == 'x'", "state.a value\n" },
    { "state.a != null", "state.a value\n" },
    { "state.a == [1]", "state.a value\n" },
    { "state.a.startsWith(state.b)", "state.a value\nstate.b value\n" },
    { "int(state.a)", "state.a value\n" },
    { "type(state.a) == map", "state.a value\n" },
    { "state.a.join(',')", "state.a value\n" },
    /* wholes */
    { "state", "state subtree\n" },
    { "state.a", "state.a subtree\n" },
    { "state.a == state.b", "state.a subtree\nstate.b subtree\n" },
    { "state.a == {}", "state.a subtree\n" },
    { "[state.a]", "state.a subtree\n" },
    { "{id: state.a}", "state.a subtree\n" },
    { "state.a.values()", "state.a subtree\n" },
    { "optional.of(state.a)", "state.a subtree\n" },
    { "'%s'.format([state.a])", "state.a subtree\n" },
    { "{'k': state.a}.k.b", "state.a subtree\n" },
    /* keys */
    { "size(state.a)", "state.a value keys\n" },
    { "state.a.size()", "state.a value keys\n" },
    { "state.a.keys()", "state.a value keys\n" },
    { "id in state.a", "state.a.[id] exists\nstate.a value\n" },
    { "string(n) in state.a", "state.a value keys\n" },
    { "size(state)", "state keys\n" },
    /* whether it is there */
    { "has(state.a)", "state.a exists\n" },
    { "has(state.a.b)", "state.a.b exists\nstate.a value\n" },
    { "'b' in state.a", "state.a.b exists\nstate.a value\n" },
    { "state.?a.hasValue()", "state.a exists\n" },
    { "state.?a.orValue(1) > n", "state.a value exists\n" },
    { "state.?a.?b.orValue('') == ''",
      "state.a value exists\nstate.a.b value exists\n" },
    { "state.?a.b.orValue(state.c) > 1",
      "state.a value exists\nstate.a.b value exists\nstate.c value\n" },
    { "state[?'a'].or(state[?id]).orValue(1) > n",
      "state.a value exists\nstate.[id] value exists\n" },
    { "state.?a.optMap(v, v.b + 1)",
      "state.a value exists\nstate.a.b value exists\n" },
    { "state.?a", "state.a subtree\n" },
    { "[?state.?a]", "state.a subtree\n" },
    { "state.?a.value().b > 1",
      "state.a value exists\nstate.a.b value exists\n" },
    /* indexes */
    { "state['a']['b'] > 1", "state.a.b value\n" },
    { "state[''] > 1", "state. value\n" },
    { "state[id].b > 1", "state.[id].b value\n" },
    { "state[string(n)].b > 1", "state.*.b value\n" },
    { "state[state.a].b > 1", "state.a value\nstate.*.b value\n" },
    { "state.a[x].b > 1", "state.a value\nstate.a.*.b value\n" },
    { "state.a[0] > 1", "state.a value\n" },
    { "state.a[n].b > 1", "state.a value\n" },
    { "state.a[?0].hasValue()", "state.a value\n" },
    /* comprehensions */
    { "state.a.exists(k, state.a[k].n > 1)",
      "state.a value keys\nstate.a.*.n value\n" },
    { "state.a.exists(k, v, v.n > 1)",
      "state.a value keys\nstate.a.*.n value\n" },
    { "state.a.all(k, v, v.all(l, w, w > n))",
      "state.a value keys\nstate.a.* value keys\nstate.a.*.* value\n" },
    { "state.a.map(k, k)", "state.a value keys\n" },
    { "state.a.map(k, k == 'x', state.a[k])",
      "state.a value keys\nstate.a.* subtree\n" },
    { "state.a.transformMap(k, v, v.n)",
      "state.a value keys\nstate.a.*.n subtree\n" },
    { "state.a.filter(k, has(state.b[k].c))",
      "state.a value keys\nstate.b value\nstate.b.*.c exists\n"
      "state.b.* value\n" },
    { "state.a.sortBy(e, e.n)", "state.a value keys\n" },
    { "[state.a, state.b].all(e, e.n > 1)",
      "state.a subtree\nstate.b subtree\n" },
    { "state.?a.orValue({}).all(k, v, v.n > 1)", "state.a subtree\n" },
    /* binds and aliases */
    { "cel.bind(r, state.a, r.b > 1 && has(r.c))",
      "state.a value exists\nstate.a.b value\nstate.a.c exists\n" },
    { "cel.bind(r, state.a, cel.bind(q, r.b, q.c > 1))",
      "state.a exists\nstate.a.b exists\nstate.a.b.c value\n" },
    { "cel.bind(r, n > 1 ? state.a : state.b, r.c > 1)",
      "state.a subtree\nstate.b subtree\n" },
    { "cel.bind(r, state.?a, r.hasValue())", "state.a exists\n" },
    { "age(resolved) > duration('1m')", "intent.resolution exists meta\n" },
    { "quiet", "intent.n value\n" },
    /* branches */
    { "(n > 1 ? state.a : state.b) > 1", "state.a value\nstate.b value\n" },
    { "n > 1 ? state.a : 1", "state.a subtree\n" },
    { "dyn(state.a).b > 1", "state.a.b value exists\nstate.a value\n" },
    /* times, blades, windows */
    { "age(intent) > duration('5m')", "intent meta\n" },
    { "lastSeen(state.a[id])", "state.a.[id] meta\n" },
    { "blade(state.a)", "state.a meta\n" },
    { "byBlade(state.a)", "state.a value meta\n" },
    { "path(state.a) + key(state.b)", "state.a exists\nstate.b exists\n" },
    { "stale(state.a, '30s')", "state.a exists meta\n" },
    { "stale(state.a, state.limit)",
      "state.a exists meta\nstate.limit value\n" },
    { "increase(state.a, '5m') > 3", "state.a increase 300s\n" },
    { "rate(state.a, '1h') > rate(state.a, '5m')",
      "state.a increase 3600s\nstate.a increase 300s\n" },
    { "changes(state.a, '5m') > 3 && state.a > 1",
      "state.a value changes 300s\n" },
    { "state.hosts.all(k, v, increase(v.errors, '5m') == 0)",
      "state.hosts value keys\nstate.hosts.*.errors increase 300s\n" },
    /* what is covered is not said */
    { "state.a.b > 1 && state.a == {} && has(state.a.c)", "state.a subtree\n" },
    { "state.a.b > 1 && state == {}", "state subtree\n" },
    { "state[string(n)] == {} && state.a.b > 1", "state.* subtree\n" },
    { "state[id] == {} && state.a.b > 1",
      "state.[id] subtree\nstate.a.b value\n" },
    { "state[id] == {} && state[id].b > 1", "state.[id] subtree\n" },
    { "state.a == {} && state[id].b > 1",
      "state.a subtree\nstate.[id].b value\n" },
    { "state.a == {} && age(state.a.b) > duration('1s')",
      "state.a subtree\nstate.a.b meta\n" },
    { "state.a.b > 1 && state.a.b > 2", "state.a.b value\n" },
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same lines in any order. */
static bool same_lines(const char *a, const char *b)
{
    const char *text[2] = { a, b };
    char store[2][4096], *line[2][64], *save;
    size_t n[2] = { 0, 0 }, i;

    for (i = 0; i < 2; i++) {
        snprintf(store[i], sizeof(store[i]), "%s", text[i]);
        for (char *l = strtok_r(store[i], "\n", &save); l && n[i] < 64;
             l = strtok_r(NULL, "\n", &save))
            line[i][n[i]++] = l;
        qsort(line[i], n[i], sizeof(*line[i]), compare_lines);
    }
    for (i = 0; i < n[0] && i < n[1]; i++)
        if (strcmp(line[0][i], line[1][i]) != 0)
            return false;
    return n[0] == n[1];
}

START_TEST(an_expression_reads_these_patterns)
{
    struct cel_problems problems = { 0 };
    enum status st = collect(rows[_i].text, &problems);

    ck_assert_msg(!st, "%s: %s", rows[_i].text, problems.item[0].text);
    ck_assert_msg(same_lines(buf_cstr(&out), rows[_i].reads),
                  "%s reads\n%snot\n%s", rows[_i].text, buf_cstr(&out),
                  rows[_i].reads);
}
END_TEST

START_TEST(a_path_too_deep_is_read_as_a_subtree)
{
    struct cel_problems problems = { 0 };
    char text[512] = "state";
    size_t i;

    for (i = 0; i <= CEL_READ_DEPTH; i++)
        strcat(text, ".a");
    strcat(text, " > 1");
    ck_assert_int_eq(collect(text, &problems), ST_OK);
    ck_assert_str_eq(buf_cstr(&out),
                     "state.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
                     "a.a.a.a.a.a.a subtree\n");
}
END_TEST

START_TEST(a_path_too_deep_for_a_window_is_refused)
{
    struct cel_problems problems = { 0 };
    char text[512] = "increase(state";
    size_t i;

    for (i = 0; i <= CEL_READ_DEPTH; i++)
        strcat(text, ".a");
    strcat(text, ", '1m') > 1");
    ck_assert_int_eq(collect(text, &problems), ST_BAD);
    ck_assert_str_eq(problems.item[0].text,
                     "a path of the state is too deep for a window");
}
END_TEST

START_TEST(too_many_paths_are_refused)
{
    static struct cel_problems problems;
    struct buf text;
    int i;

    buf_init(&text, CEL_TEXT_MAX);
    buf_str(&text, "[");
    for (i = 0; i < 1001; i++)
        buf_printf(&text, "%sstate.a%d", i ? ", " : "", i);
    buf_str(&text, "]");
    ck_assert_int_eq(collect(buf_cstr(&text), &problems), ST_BAD);
    ck_assert_str_eq(problems.item[0].text,
                     "the expression reads too many paths of the state");
    buf_release(&text);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_path_too_deep_is_read_as_a_subtree,
        &a_path_too_deep_for_a_window_is_refused,
        &too_many_paths_are_refused,
    };
    static const struct suite_table tables[] = {
        { &an_expression_reads_these_patterns, COUNT(rows) },
    };

    return RUN_SUITE_WITH("cel_reads", setup, teardown, tests, tables);
}
