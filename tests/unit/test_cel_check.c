#include "cel/check.h"

#include "cel/parse.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct cel_functions *functions;
static struct arena arena;
static struct cel_problems problems;
static struct cel_env env;
static struct ast *tree;
static const struct cel_read *reads;
static size_t nreads;
static uint32_t slots;
static struct buf out;

static struct cel_variable variables[] = {
    { { "state", 5 }, NULL, true },  { { "intent", 6 }, NULL, true },
    { { "n", 1 }, NULL, false },     { { "s", 1 }, NULL, false },
    { { "d", 1 }, NULL, false },     { { "u", 1 }, NULL, false },
    { { "x", 1 }, NULL, false },     { { "xs", 2 }, NULL, false },
    { { "m", 1 }, NULL, false },     { { "now", 3 }, NULL, false },
    { { "a.b.c", 5 }, NULL, false },
};

static const char *const types[] = {
    "map(string, dyn)", "dyn",       "int",   "string",
    "double",           "uint",      "dyn",   "list(int)",
    "map(string, int)", "timestamp", "string"
};

static const struct cel_alias aliases[] = {
    { { "quiet", 5 }, { "n < 6", 5 } },
    { { "resolved", 8 }, { "intent.resolution", 17 } },
    { { "calm", 4 }, { "quiet && has(resolved.h1)", 25 } },
    { { "broken", 6 }, { "n < 'a'", 7 } },
    { { "torn", 4 }, { "n <", 3 } },
    { { "late", 4 }, { "later", 5 } },
    { { "later", 5 }, { "1", 1 } },
};

static void setup(void)
{
    size_t i;

    functions = cel_functions_new();
    arena_init(&arena, (size_t)16 << 20);
    buf_init(&out, 4096);
    for (i = 0; i < COUNT(variables); i++)
        ck_assert_int_eq(
            cel_type_parse(&arena, slice_str(types[i]), &variables[i].type),
            ST_OK);
    env = (struct cel_env){ .functions = functions,
                            .variable = variables,
                            .nvariables = COUNT(variables),
                            .alias = aliases,
                            .naliases = COUNT(aliases) };
}

static void teardown(void)
{
    cel_functions_free(functions);
    arena_release(&arena);
    buf_release(&out);
}

static enum status check(const char *text)
{
    enum status st;

    problems = (struct cel_problems){ 0 };
    st = cel_parse(&arena, slice_str(text), (struct cel_parse_options){ false },
                   &problems, &tree);
    ck_assert_msg(!st, "%s: %s", text, problems.item[0].text);
    return cel_check(&arena, &env, tree, &problems, &reads, &nreads, &slots);
}

static const char *type_of(const char *text)
{
    enum status st = check(text);

    ck_assert_msg(!st, "%s: %s", text, problems.item[0].text);
    buf_reset(&out);
    cel_type_write(tree->type, &out);
    return buf_cstr(&out);
}

/* -- types -------------------------------------------------------------- */

static const struct {
    const char *text, *type;
} typed[] = {
    { "null", "null_type" },
    { "b'a'", "bytes" },
    { "[]", "list(dyn)" },
    { "{}", "map(dyn, dyn)" },
    { "[1, 'a']", "list(dyn)" },
    { "[[1], ['a']]", "list(dyn)" },
    { "[[], [1]]", "list(list(int))" },
    { "[1, dyn(1)]", "list(dyn)" },
    { "{'a': 1, 'b': 2.0}", "map(string, dyn)" },
    { "{'a': 1, 2: 1}", "map(dyn, int)" },
    { "[] + [1]", "list(int)" },
    { "[duration('1s'), null]", "list(duration)" },
    { "[null, now]", "list(timestamp)" },
    { "[1, null]", "list(dyn)" },
    { "[optional.of(1), null][0]", "optional_type(int)" },
    { "([].map(q, q))[0].foo", "dyn" },
    /* names of types */
    { "int", "type(int)" },
    { "type(1)", "type(int)" },
    { "type(int)", "type(type(int))" },
    { "google.protobuf.Timestamp", "type(timestamp)" },
    { "type(x) == google.protobuf.Duration", "bool" },
    { "[list, map, null_type, type, optional_type].size()", "int" },
    { "cel.bind(int, 's', int)", "string" },
    /* names */
    { "a.b.c", "string" },
    { "a.b.c.size()", "int" },
    { ".n", "int" },
    { "xs.map(n, string(n))", "list(string)" },
    { "xs.map(s, .s)", "list(string)" },
    { "['q'].map(a, {'b': a}).map(a, a.b)", "list(string)" },
    { "math.ceil(d)", "double" },
    { "cel.bind(math, 'a', math.size())", "int" },
    /* operators */
    { "x + x", "dyn" },
    { "x + 1", "int" },
    { "x < 1", "bool" },
    { "x && n > 1", "bool" },
    { "n > 1 ? 1 : x", "dyn" },
    { "true ? 1 : 'a'", "dyn" },
    { "true ? null : now", "timestamp" },
    { "true ? optional.none() : optional.of(1)", "optional_type(int)" },
    { "now - now", "duration" },
    { "m.a", "int" },
    { "m['a']", "int" },
    { "x['a']", "dyn" },
    { "xs[x]", "int" },
    { "x[x]", "dyn" },
    { "x == 1", "bool" },
    { "1 in x", "bool" },
    /* comprehensions */
    { "xs.filter(i, i > 1)", "list(int)" },
    { "m.filter(k, true)", "list(string)" },
    { "m.map(k, m[k])", "list(int)" },
    { "x.map(k, k)", "list(dyn)" },
    { "x.exists_one(k, k)", "bool" },
    { "xs.transformList(i, v, i + v)", "list(int)" },
    { "m.transformMap(k, v, k)", "map(string, string)" },
    { "xs.transformMap(i, v, 's')", "map(int, string)" },
    { "m.transformMapEntry(k, v, {v: k})", "map(int, string)" },
    { "xs.sortBy(i, -i)", "list(int)" },
    /* optionals */
    { "x.?a", "optional_type(dyn)" },
    { "m.?a", "optional_type(int)" },
    { "m.?a.orValue(1)", "int" },
    { "m.?a.optMap(q, string(q))", "optional_type(string)" },
    { "m.?a.optFlatMap(q, optional.of(d))", "optional_type(double)" },
    { "x.?a.b", "optional_type(dyn)" },
    { "{'a': m}.?a.b", "optional_type(int)" },
    { "xs[?0]", "optional_type(int)" },
    { "[?m.?a, 1]", "list(int)" },
    { "{?'a': m.?a}", "map(string, int)" },
    { "has(x.?a.b)", "bool" },
    { "optional.none()", "optional_type(dyn)" },
    /* the monitor's functions */
    { "age(intent)", "duration" },
    { "lastSeen(state.a)", "timestamp" },
    { "stale(intent.a, '30s')", "bool" },
    { "stale(intent.a, x)", "bool" },
    { "blade(intent)", "string" },
    { "byBlade(intent.a)", "map(string, dyn)" },
    { "path(intent) + key(intent)", "string" },
    { "increase(intent.a, '5m')", "dyn" },
    { "rate(intent.a, duration('1h30m'))", "double" },
    { "changes(intent.a, '5m')", "int" },
    /* aliases */
    { "quiet", "bool" },
    { "[resolved]", "list(dyn)" },
    { "cel.bind(quiet, 1, quiet)", "int" },
};

START_TEST(an_expression_has_its_type)
{
    ck_assert_str_eq(type_of(typed[_i].text), typed[_i].type);
    ck_assert_uint_eq(problems.errors, 0);
}
END_TEST

static const char *const type_texts[] = {
    "dyn",
    "null_type",
    "list(dyn)",
    "map(string, list(uint))",
    "optional_type(map(bool, bytes))",
    "type(type(double))",
    "type",
    "A",
    "timestamp",
    "duration",
};

START_TEST(a_type_reads_back_as_it_is_written)
{
    const struct cel_type *type;

    ck_assert_int_eq(cel_type_parse(&arena, slice_str(type_texts[_i]), &type),
                     ST_OK);
    cel_type_write(type, &out);
    ck_assert_str_eq(buf_cstr(&out), type_texts[_i]);
}
END_TEST

START_TEST(what_is_no_type_is_refused)
{
    static const char *const bad[] = {
        "",         "integer",           "list(",
        "list()",   "list(int",          "map(int)",
        "int(int)", "list(int))",        "int int",
        "param(t)", "map(int, int, int)"
    };
    const struct cel_type *type;
    size_t i;

    for (i = 0; i < COUNT(bad); i++)
        ck_assert_msg(cel_type_parse(&arena, slice_str(bad[i]), &type) ==
                          ST_BAD,
                      "%s", bad[i]);
}
END_TEST

/* -- problems ----------------------------------------------------------- */

static const struct {
    const char *text;
    uint32_t from, to;
    const char *problem, *help;
} faulty[] = {
    /* names */
    { "intnets.a", 0, 7, "undeclared name 'intnets'",
      "did you mean 'intent'?" },
    { "n + zones", 4, 9, "undeclared name 'zones'",
      "names of the state are written state.zones" },
    { "state.orders.my-order.n > 1", 16, 21, "undeclared name 'order'",
      "a key with - in it is written state.orders['my-order']" },
    { "state.a - order > 1", 10, 15, "undeclared name 'order'",
      "names of the state are written state.order" },
    { "size > 1", 0, 4, "undeclared name 'size'",
      "size is a function: write size(...)" },
    { "siz(s)", 0, 3, "undeclared function 'siz'", "did you mean 'size'?" },
    { "absent(intent.a)", 0, 6, "undeclared function 'absent'",
      "write !has(a.b)" },
    { "age(intent) > 30", 0, 16, "no overload of '>' for (duration, int)",
      "a span is written duration('30s')" },
    { "d < age(intent)", 0, 15, "no overload of '<' for (double, duration)",
      "a span is written duration('30s')" },
    { "ege(intent)", 0, 3, "undeclared function 'ege'", "did you mean 'age'?" },
    { "s.startWith('a')", 2, 11, "undeclared function 'startWith'",
      "did you mean 'startsWith'?" },
    { "startsWith(s, 'a')", 0, 10, "undeclared function 'startsWith'",
      "startsWith is a method: write x.startsWith(...)" },
    { "now.timestamp()", 4, 13, "undeclared function 'timestamp'",
      "timestamp is a function: write timestamp(x)" },
    { "math.cel(d)", 0, 8, "undeclared function 'math.cel'",
      "did you mean 'math.ceil'?" },
    { "xs.exist(q, q > 1)", 3, 8, "undeclared function 'exist'",
      "did you mean 'exists'?" },
    { "late", 0, 1, "in the variable 'late': undeclared name 'later'",
      "names of the state are written state.later" },
    /* overloads */
    { "s < 3", 0, 5, "no overload of '<' for (string, int)",
      "write int(s) < 3" },
    { "3 < s", 0, 5, "no overload of '<' for (int, string)",
      "write 3 < int(s)" },
    { "s + 3", 0, 5, "no overload of '+' for (string, int)",
      "write s + string(3)" },
    { "d * n", 0, 5, "no overload of '*' for (double, int)",
      "write d * double(n)" },
    { "u - n", 0, 5, "no overload of '-' for (uint, int)", "write int(u) - n" },
    { "now - '5m'", 0, 10, "no overload of '-' for (timestamp, string)",
      "write now - duration(\"5m\")" },
    { "age(intent) > '5m'", 0, 18, "no overload of '>' for (duration, string)",
      "write age(intent) > duration(\"5m\")" },
    { "base64.encode(b'a') < 3", 0, 23, "no overload of '<' for (string, int)",
      "write int(base64.encode(b\"a\")) < 3" },
    { "!n", 0, 2, "no overload of '!' for (int)", "" },
    { "1 in s", 0, 6, "no overload of 'in' for (int, string)", "" },
    { "xs['a']", 0, 7, "no overload of '[]' for (list(int), string)", "" },
    { "s.charAt('a')", 0, 13, "no overload of 'charAt' for (string, string)",
      "there is string.charAt(int)" },
    { "n && true", 0, 9, "no overload of '&&' for (int, bool)", "" },
    /* forms */
    { "n ? 1 : 2", 0, 1, "the condition must be bool, not int", "" },
    { "xs.all(i, i)", 10, 11, "the condition must be bool, not int", "" },
    { "n.all(i, true)", 0, 1,
      "a comprehension goes over a list or a map, not int", "" },
    { "xs.foo", 0, 6, "a value of type list(int) has no field 'foo'", "" },
    { "{1.5: 1}", 1, 4,
      "a map's key must be string, int, uint or bool, not double", "" },
    { "[?n]", 2, 3, "what ? adds must be an optional value, not int",
      "leave the ? out" },
    { "m.?a.optFlatMap(q, q)", 19, 20,
      "optFlatMap() must make an optional value, not int", "write optMap" },
    { "n.optMap(q, q)", 0, 1, "this must be an optional value, not int", "" },
    { "xs.transformMapEntry(i, v, v)", 27, 28,
      "transformMapEntry() must make a map, not int", "" },
    /* the monitor's functions */
    { "age(n)", 4, 5,
      "age() needs a path of the state such as state.intents.i1, not a "
      "computed value",
      "" },
    { "stale(intent.?a, '5m')", 6, 15,
      "stale() needs a path of the state such as state.intents.i1, not a "
      "computed value",
      "" },
    { "age(s)", 4, 5,
      "age() needs a path of the state such as state.intents.i1, not a "
      "computed value",
      "s is the key; the element's variable comes last: foreach: s, worker in "
      "..." },
    { "state.w.exists(k, stale(k, '5m'))", 24, 25,
      "stale() needs a path of the state such as state.intents.i1, not a "
      "computed value",
      "of a map, the first variable of a macro is the key; a second one is "
      "what is there, as in state.workers.exists(k, w, ...)" },
    { "blade(intent[0])", 6, 15,
      "blade() needs a path of the state such as state.intents.i1, not a "
      "computed value",
      "" },
    { "age()", 0, 5, "age() takes a path of the state",
      "write age(state.intents.i1)" },
    { "rate(intent)", 0, 12, "rate() takes a path of the state and a span",
      "write rate(state.errors, '5m')" },
    { "rate(intent, s)", 13, 14, "rate() needs a constant span such as '5m'",
      "write rate(state.errors, '5m')" },
    { "changes(intent, '1d')", 16, 20, "'1d' is no duration",
      "write it like '30s', '5m' or '1h30m'" },
    { "increase(intent, '-1s')", 17, 22,
      "increase() needs a span longer than nothing", "" },
    { "stale(intent, '30x')", 14, 19, "'30x' is no duration",
      "write it like '30s', '5m' or '1h30m'" },
    { "stale(intent, n)", 14, 15, "stale() needs a duration, not int",
      "write it like '30s', '5m' or '1h30m'" },
    /* aliases */
    { "n > 1 || broken", 0, 1,
      "in the variable 'broken': no overload of '<' for (int, string)",
      "write n < int(\"a\")" },
};

static void assert_problem(const char *text, bool warning, uint32_t from,
                           uint32_t to)
{
    ck_assert_uint_eq(problems.n, 1);
    ck_assert_int_eq(problems.item[0].warning, warning);
    ck_assert_msg(problems.item[0].from == from && problems.item[0].to == to,
                  "%s: %u to %u", text, problems.item[0].from,
                  problems.item[0].to);
}

START_TEST(a_fault_is_told_with_its_place_and_its_mend)
{
    ck_assert_int_eq(check(faulty[_i].text), ST_BAD);
    ck_assert_str_eq(problems.item[0].text, faulty[_i].problem);
    ck_assert_str_eq(problems.item[0].help, faulty[_i].help);
    assert_problem(faulty[_i].text, false, faulty[_i].from, faulty[_i].to);
}
END_TEST

static const struct {
    const char *text;
    uint32_t from, to;
    const char *problem, *help;
} doubtful[] = {
    { "x.errors / x.total", 0, 18,
      "integer division truncates if both are whole numbers",
      "write double(x.errors) / x.total" },
    { "n / n", 0, 5, "integer division truncates if both are whole numbers",
      "write double(n) / n" },
    { "math.round(x)", 11, 12, "math.round() fails if this is a whole number",
      "write math.round(double(x))" },
    { "state.intnets.i1", 0, 13, "the given state never had state.intnets",
      "did you mean 'intents'?" },
    { "state['intents'].i1.coumt > 1", 0, 25,
      "the given state never had state[\"intents\"].i1.coumt",
      "did you mean 'count'?" },
    { "has(state.zones.a)", 4, 15, "the given state never had state.zones",
      "" },
};

static const char *const certain[] = {
    "n / 2",
    "double(x) / x",
    "d / d",
    "math.ceil(d)",
    "state.intents[s].b",
    "has(state.zones)",
    "state.?zones",
    "state.intents.i1.count",
    "x.intnets",
    "xs.map(state, state)",
};

static struct tape_parser *give_snapshot(struct tape *snapshot)
{
    struct tape_parser *parser = tape_parser_new(7);
    struct slice text =
        slice_str("{\"intents\":{\"i1\":{\"count\":1}},\"hosts\":{}}");

    ck_assert_int_eq(tape_parse(parser, text, snapshot, NULL), ST_OK);
    env.snapshot = snapshot;
    return parser;
}

START_TEST(what_is_doubtful_is_warned_about)
{
    struct tape snapshot;
    struct tape_parser *parser = give_snapshot(&snapshot);

    ck_assert_int_eq(check(doubtful[_i].text), ST_OK);
    ck_assert_str_eq(problems.item[0].text, doubtful[_i].problem);
    ck_assert_str_eq(problems.item[0].help, doubtful[_i].help);
    assert_problem(doubtful[_i].text, true, doubtful[_i].from, doubtful[_i].to);
    tape_parser_free(parser);
}
END_TEST

START_TEST(what_is_certain_is_not_warned_about)
{
    struct tape snapshot;
    struct tape_parser *parser = give_snapshot(&snapshot);

    ck_assert_int_eq(check(certain[_i]), ST_OK);
    ck_assert_msg(problems.n == 0, "%s", problems.item[0].text);
    tape_parser_free(parser);
}
END_TEST

START_TEST(a_root_of_the_state_without_state_is_recognised)
{
    static const char *const rows[][2] = {
        { "hosts.h1 == 1", "did you mean state.hosts?" },
        { "intnets.i1 == 1", "did you mean state.intents?" },
        { "intebt.i1 == 1", "did you mean 'intent'?" },
        { "size.i1 == 1", "size is a function: write size(...)" },
        { "zones.i1 == 1", "names of the state are written state.zones" },
    };
    struct tape snapshot;
    struct tape_parser *parser = give_snapshot(&snapshot);
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        ck_assert_int_eq(check(rows[i][0]), ST_BAD);
        ck_assert_str_eq(problems.item[0].help, rows[i][1]);
    }
    tape_parser_free(parser);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
    ck_assert_int_eq(check("s < 3 && foo(1) == 2 && [1].all(i, i) && n"),
                     ST_BAD);
    ck_assert_uint_eq(problems.errors, 4);
}
END_TEST

START_TEST(an_alias_that_does_not_parse_is_told_once)
{
    ck_assert_int_eq(check("torn || torn"), ST_BAD);
    ck_assert_uint_eq(problems.errors, 1);
    ck_assert_ptr_nonnull(
        strstr(problems.item[0].text, "in the variable 'torn': "));
}
END_TEST

START_TEST(without_checking_names_and_overloads_are_left_to_run_time)
{
    static const char *const loose[] = {
        "foo",     "foo(1)",   "s < 3",     "'a' ? 1 : 2", "xs.foo",
        "n.bar()", "!0",       "1 && 2",    "{1.5: 1}",    "n.all(i, i)",
        "[?n]",    "foo.b(1)", "math.x(1)",
    };
    size_t i;

    env.options.no_check = true;
    for (i = 0; i < COUNT(loose); i++)
        ck_assert_msg(!check(loose[i]), "%s: %s", loose[i],
                      problems.item[0].text);
    (void)type_of("foo");
    ck_assert_uint_eq(tree->slot, AST_NO_SLOT);
    ck_assert_str_eq(type_of("foo"), "dyn");
}
END_TEST

/* -- what the compiler is told ------------------------------------------ */

START_TEST(used_aliases_are_bound_in_order_around_the_whole)
{
    ck_assert_int_eq(check("calm || calm"), ST_OK);
    cel_unparse(tree, &out);
    ck_assert_str_eq(buf_cstr(&out),
                     "cel.bind(quiet, n < 6, cel.bind(resolved, "
                     "intent.resolution, cel.bind(calm, quiet && "
                     "has(resolved.h1), calm || calm)))");
    ck_assert_uint_eq(slots, COUNT(variables) + 3);
    ck_assert(tree->a->from == 0 && tree->a->to == 4);
    ck_assert(tree->b->a->place);
    ck_assert(!tree->place);
}
END_TEST

START_TEST(variables_of_loops_and_binds_have_slots_of_their_own)
{
    ck_assert_int_eq(check("cel.bind(q, 1, m.all(k, v, v > q))"), ST_OK);
    ck_assert_uint_eq(tree->slot, COUNT(variables));
    ck_assert_uint_eq(tree->b->slot, COUNT(variables) + 1);
    ck_assert_uint_eq(tree->b->slot2, COUNT(variables) + 2);
    ck_assert_uint_eq(tree->b->c->list->slot, COUNT(variables) + 2);
    ck_assert_uint_eq(tree->b->c->list->next->slot, COUNT(variables));
    ck_assert_uint_eq(slots, COUNT(variables) + 3);
}
END_TEST

START_TEST(qualified_names_and_namespaces_become_one_name)
{
    ck_assert_int_eq(check("a.b.c"), ST_OK);
    ck_assert_int_eq(tree->kind, AST_IDENT);
    assert_slice(tree->name, "a.b.c");
    ck_assert_int_eq(check("math.ceil(d)"), ST_OK);
    ck_assert(!tree->receiver && !tree->a);
    assert_slice(tree->name, "math.ceil");
    assert_slice(tree->group->name, "math.ceil");
    ck_assert_int_eq(check("google.protobuf.Duration"), ST_OK);
    ck_assert_int_eq(tree->kind, AST_LITERAL);
    assert_slice(cel_text(tree->value), "google.protobuf.Duration");
}
END_TEST

START_TEST(places_are_marked)
{
    static const struct {
        const char *text;
        bool place;
    } rows[] = {
        { "state", true },
        { "state.a['b'][s]", true },
        { "state[x]", true },
        { "resolved", false }, /* the bind around it */
        { "intent[n]", false },
        { "state.?a", false },
        { "has(state.a)", false },
        { "m.a", false },
        { "(true ? state.a : state.b)", false },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        ck_assert_int_eq(check(rows[i].text), ST_OK);
        ck_assert_msg(tree->place == rows[i].place, "%s", rows[i].text);
    }
    ck_assert_int_eq(check("resolved"), ST_OK);
    ck_assert(tree->b->place);
}
END_TEST

START_TEST(a_constant_span_is_a_duration_in_the_tree)
{
    const struct ast *span;

    ck_assert_int_eq(check("rate(intent.a, duration('1m30s'))"), ST_OK);
    ck_assert_uint_eq(tree->special, SPECIAL_RATE);
    span = tree->list->next;
    ck_assert_int_eq(span->kind, AST_LITERAL);
    ck_assert_int_eq(span->value.kind, CEL_DURATION);
    ck_assert_int_eq(span->value.i, 90 * NSEC_SEC);
}
END_TEST

START_TEST(a_small_arena_is_a_limit_and_no_crash)
{
    static const char text[] = "calm && xs.map(i, {'a': [i, x]}).size() > 1 && "
                               "intnets.a < math.cel(1)";
    struct arena small;
    enum status st = ST_LIMIT;
    size_t cap;

    for (cap = 0; cap < 1000000; cap += cap / 8 + 64) {
        arena_init(&small, cap);
        problems = (struct cel_problems){ 0 };
        st = cel_parse(&small, slice_str(text),
                       (struct cel_parse_options){ false }, &problems, &tree);
        if (!st)
            st = cel_check(&small, &env, tree, &problems, &reads, &nreads,
                           &slots);
        ck_assert(st == ST_LIMIT || st == ST_BAD);
        arena_release(&small);
    }
    ck_assert_int_eq(st, ST_BAD);
}
END_TEST

START_TEST(types_without_end_end)
{
    /* each level wraps the type of the one before and takes it apart */
    enum { LEVELS = 60 };
    static char text[65536];
    size_t n = 0;
    int i, j;

    n += (size_t)sprintf(text + n, "cel.bind(v0, [], ");
    for (i = 1; i < LEVELS; i++) {
        n += (size_t)sprintf(text + n, "cel.bind(v%d, [v%d", i, i - 1);
        for (j = 0; j < 100; j++)
            n += (size_t)sprintf(text + n, "[0]");
        n += (size_t)sprintf(text + n, " == [[]]], ");
    }
    n += (size_t)sprintf(text + n, "v%d", LEVELS - 1);
    for (i = 0; i < LEVELS; i++)
        text[n++] = ')';
    env.options.no_check = true;
    ck_assert_int_eq(check(text), ST_OK);
}
END_TEST

START_TEST(types_that_double_at_each_step_are_refused)
{
    enum { LEVELS = 30 };
    static char text[65536];
    size_t n = 0;
    int i;

    n += (size_t)sprintf(text + n, "cel.bind(v0, {1: 2}, ");
    for (i = 1; i < LEVELS; i++)
        n +=
            (size_t)sprintf(text + n, "cel.bind(v%d, [][0], v%d[v%d] == v%d ? ",
                            i, i, i - 1, i - 1);
    n += (size_t)sprintf(text + n, "true");
    for (i = 1; i < LEVELS; i++)
        n += (size_t)sprintf(text + n, " : false)");
    text[n++] = ')';
    ck_assert_int_eq(check(text), ST_BAD);
    ck_assert_str_eq(problems.item[0].text,
                     "the types in this expression are too complicated");
}
END_TEST

/* -- functions ---------------------------------------------------------- */

START_TEST(a_call_that_fits_no_overload_says_what_it_got)
{
    const struct cel_group *g =
        cel_functions_find(functions, slice_str("charAt"), true);
    struct cel_value arg[2] = { cel_int(1), cel_string(slice_str("a")) };
    struct cel_context cx = { .fuel = 1000 };
    struct cel_value v;

    arena_init(&cx.arena, 65536);
    ck_assert_ptr_nonnull(g);
    v = cel_group_call(g, &cx, arg, 2);
    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_NO_OVERLOAD);
    assert_slice(v.error->text, "no overload of 'charAt' for (int, string)");
    arg[0] = cel_string(slice_str("abc"));
    arg[1] = cel_int(1);
    v = cel_group_call(g, &cx, arg, 2);
    assert_slice(cel_text(v), "b");
    ck_assert_int_eq(cel_group_call(g, &cx, arg, 1).kind, CEL_ERROR);
    arena_release(&cx.arena);
}
END_TEST

START_TEST(functions_and_methods_of_one_name_are_apart)
{
    const struct cel_group *function, *method;
    size_t i;

    function = cel_functions_find(functions, slice_str("size"), false);
    method = cel_functions_find(functions, slice_str("size"), true);
    ck_assert(function && method && function != method);
    ck_assert(!function->receiver && method->receiver);
    ck_assert_uint_eq(method->signature[0].nargs, 1);
    ck_assert_ptr_null(
        cel_functions_find(functions, slice_str("charAt"), false));
    for (i = 0; cel_functions_at(functions, i); i++)
        ck_assert_uint_gt(cel_functions_at(functions, i)->n, 0);
    ck_assert_uint_gt(i, 50);
}
END_TEST

START_TEST(an_operator_is_labelled_as_people_write_it)
{
    static const char *const rows[][2] = {
        { "_<=_", "<=" }, { "@in", "in" },    { "-_", "-" },
        { "_[_]", "[]" }, { "size", "size" }, { "math.@max", "math.max" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        cel_function_label(slice_str(rows[i][0]), &out);
        ck_assert_str_eq(buf_cstr(&out), rows[i][1]);
    }
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &what_is_no_type_is_refused,
        &a_root_of_the_state_without_state_is_recognised,
        &all_faults_are_told_at_once,
        &an_alias_that_does_not_parse_is_told_once,
        &without_checking_names_and_overloads_are_left_to_run_time,
        &used_aliases_are_bound_in_order_around_the_whole,
        &variables_of_loops_and_binds_have_slots_of_their_own,
        &qualified_names_and_namespaces_become_one_name,
        &places_are_marked,
        &a_constant_span_is_a_duration_in_the_tree,
        &a_small_arena_is_a_limit_and_no_crash,
        &types_without_end_end,
        &types_that_double_at_each_step_are_refused,
        &a_call_that_fits_no_overload_says_what_it_got,
        &functions_and_methods_of_one_name_are_apart,
        &an_operator_is_labelled_as_people_write_it,
    };
    static const struct suite_table tables[] = {
        { &an_expression_has_its_type, COUNT(typed) },
        { &a_type_reads_back_as_it_is_written, COUNT(type_texts) },
        { &a_fault_is_told_with_its_place_and_its_mend, COUNT(faulty) },
        { &what_is_doubtful_is_warned_about, COUNT(doubtful) },
        { &what_is_certain_is_not_warned_about, COUNT(certain) },
    };

    return RUN_SUITE_WITH("cel_check", setup, teardown, tests, tables);
}
