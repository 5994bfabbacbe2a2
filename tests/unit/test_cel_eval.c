#include "cel/program.h"

#include "base/alloc.h"
#include "support/json_host.h"
#include "support/suite.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct cel_functions *functions;
static struct cel_problems problems;
static struct cel_program *program;
static struct cel_vm *vm;
static struct json_host *host;
static struct buf out;

static void setup(void)
{
    functions = cel_functions_new();
    vm = cel_vm_new();
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    cel_program_free(program);
    program = NULL;
    json_host_free(host);
    host = NULL;
    cel_vm_free(vm);
    cel_functions_free(functions);
    buf_release(&out);
}

static void compile_with(const char *text, const struct cel_alias *alias,
                         size_t naliases)
{
    const struct cel_variable variable[] = {
        { slice_str("state"), cel_type_simple(TYPE_DYN), true },
        { slice_str("id"), cel_type_simple(TYPE_STRING), false },
        { slice_str("now"), cel_type_simple(TYPE_TIMESTAMP), false },
    };
    const struct cel_env env = { .functions = functions,
                                 .variable = variable,
                                 .nvariables = COUNT(variable),
                                 .alias = alias,
                                 .naliases = naliases };

    problems = (struct cel_problems){ 0 };
    cel_program_free(program);
    program = NULL;
    ck_assert_msg(!cel_compile(&env, slice_str(text), &problems, &program),
                  "%s: %s", text, problems.item[0].text);
}

static void compile(const char *text)
{
    compile_with(text, NULL, 0);
}

static void state(const char *json, uint64_t seed)
{
    json_host_free(host);
    host = json_host_seeded(slice_str(json), seed);
    cel_vm_host(vm, json_host_port(host), NULL);
}

static struct cel_outcome eval(void)
{
    const struct cel_place place[] = {
        host ? json_host_root(host) : (struct cel_place){ 0 }, { 0 }, { 0 }
    };
    const struct cel_value value[3] = { { 0 } };
    const struct cel_activation with = { value, place };
    struct cel_outcome ret;

    cel_eval(vm, program, &with, NSEC_SEC, &ret);
    return ret;
}

static const char *result(void)
{
    buf_reset(&out);
    cel_to_json(cel_vm_context(vm), eval().value, &out);
    return buf_cstr(&out);
}

static bool spent(struct cel_value v)
{
    return v.kind == CEL_ERROR && v.error->code == CEL_LIMIT;
}

/* -- limits ------------------------------------------------------------- */

static const char *const heavy[] = {
    "state.l[0] + 2 * 3",
    "state.a.exists(k, v, v.n == 3) || state.a.all(k, k != 'x')",
    "[1, 2, 3].map(x, [x, x + 1]).flatten().distinct().size()",
    "state.a.transformMap(k, v, v.n * 2) == {'x': 2, 'y': 4, 'z': 6}",
    "'%s'.format([state]).matches('x' + '')",
    "cel.bind(a, state.a, a.map(k, string(a[k].n)).join(','))",
    "state.l.sortBy(x, -x)",
};

static const char small[] =
    "{\"a\":{\"x\":{\"n\":1},\"y\":{\"n\":2},\"z\":{\"n\":3}},\"l\":[3,1,2]}";

START_TEST(too_little_fuel_is_an_error_and_enough_is_not)
{
    char *whole;
    unsigned fuel;

    state(small, 1);
    compile(heavy[_i]);
    whole = xstrdup(result());
    for (fuel = 0; fuel < 20000; fuel++) {
        cel_vm_limits(vm, fuel, CEL_MEMORY_MAX);
        if (!spent(eval().value))
            break;
    }
    ck_assert_uint_gt(fuel, 2);
    cel_vm_limits(vm, fuel + 200, CEL_MEMORY_MAX);
    ck_assert_str_eq(result(), whole);
    free(whole);
}
END_TEST

START_TEST(too_little_memory_is_an_error_and_enough_is_not)
{
    char *whole;
    size_t room;

    state(small, 1);
    compile(heavy[_i]);
    whole = xstrdup(result());
    for (room = 0; room < 65536; room += 16) {
        cel_vm_limits(vm, CEL_FUEL_MAX, room);
        if (!spent(eval().value))
            break;
    }
    cel_vm_limits(vm, CEL_FUEL_MAX, room + 4096);
    ck_assert_str_eq(result(), whole);
    free(whole);
}
END_TEST

START_TEST(an_error_for_want_of_fuel_is_not_absorbed)
{
    unsigned fuel;

    compile("lists.range(50).all(x, x < 100) || true");
    for (fuel = 0; fuel < 100; fuel++) {
        cel_vm_limits(vm, fuel, CEL_MEMORY_MAX);
        ck_assert(spent(eval().value));
    }
}
END_TEST

/* -- order -------------------------------------------------------------- */

static const char *const orders[] = {
    "{\"a\":{\"x\":{\"n\":1},\"y\":{\"m\":2},\"z\":{\"n\":\"3\"}}}",
    "{\"a\":{\"z\":{\"n\":\"3\"},\"y\":{\"m\":2},\"x\":{\"n\":1}}}",
    "{\"a\":{\"y\":{\"m\":2},\"x\":{\"n\":1},\"z\":{\"n\":\"3\"}}}",
};

static const char *const visits[] = {
    "state.a.exists(k, v, v.n == 1)",
    "state.a.exists(k, v, v.n > 1)",
    "state.a.all(k, v, v.n < 1)",
    "state.a.all(k, v, v.n < 2)",
    "state.a.exists_one(k, state.a[k].n == 1)",
    "state.a.filter(k, state.a[k].n > 0).size() > 0",
    "state.a.transformList(k, v, v.n)",
    "state.a.map(k, k)",
    "state.a",
};

/* The least fuel that it takes, and what comes out. */
static unsigned cost(void)
{
    unsigned fuel = 0;

    do
        cel_vm_limits(vm, ++fuel, CEL_MEMORY_MAX);
    while (spent(eval().value));
    return fuel;
}

START_TEST(the_order_of_a_maps_members_does_not_show)
{
    char *first = NULL;
    unsigned fuel = 0;
    size_t i;

    compile(visits[_i]);
    for (i = 0; i < COUNT(orders); i++) {
        state(orders[i], i);
        cel_vm_limits(vm, CEL_FUEL_MAX, CEL_MEMORY_MAX);
        if (!first)
            first = xstrdup(result());
        ck_assert_str_eq(result(), first);
        if (!fuel)
            fuel = cost();
        ck_assert_uint_eq(cost(), fuel);
    }
    free(first);
}
END_TEST

START_TEST(a_program_finds_its_keys_in_another_host)
{
    compile("state.a.x.n + state['a'].x.n");
    state("{\"a\":{\"x\":{\"n\":1}}}", 1);
    ck_assert_str_eq(result(), "2");
    state("{\"a\":{\"x\":{\"n\":2}}}", 2);
    ck_assert_str_eq(result(), "4");
}
END_TEST

/* -- names -------------------------------------------------------------- */

START_TEST(a_variable_without_a_value_is_an_error_where_it_is_used)
{
    struct cel_value v;

    compile("id == 'x' || true");
    ck_assert_str_eq(result(), "true");
    compile("id == 'x'");
    v = eval().value;
    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_int_eq(v.error->code, CEL_UNKNOWN_VARIABLE);
}
END_TEST

START_TEST(a_place_that_is_not_there_is_a_missing_key)
{
    struct cel_value v;

    compile("state.a == 1");
    v = eval().value;
    ck_assert_int_eq(v.error->code, CEL_NO_SUCH_KEY);
    compile("stale(state.a, '1s') && increase(state, '1s') == 0");
    v = eval().value;
    ck_assert(v.kind == CEL_ERROR || v.b);
}
END_TEST

static unsigned loads;
static struct cel_value (*real_load)(void *, struct cel_context *,
                                     const struct cel_place *);

static struct cel_value count_load(void *self, struct cel_context *cx,
                                   const struct cel_place *place)
{
    loads++;
    return real_load(self, cx, place);
}

static unsigned loads_of(const char *text, const struct cel_alias *alias,
                         size_t n)
{
    struct cel_host counting;

    state("{\"n\":1}", 1);
    counting = *json_host_port(host);
    real_load = counting.load;
    counting.load = count_load;
    cel_vm_host(vm, &counting, NULL);
    compile_with(text, alias, n);
    loads = 0;
    (void)eval();
    cel_vm_host(vm, NULL, NULL);
    return loads;
}

START_TEST(a_bind_is_computed_once_and_only_if_it_is_used)
{
    const struct cel_alias alias = { slice_str("one"),
                                     slice_str("state.n + 0") };

    ck_assert_uint_eq(loads_of("cel.bind(x, state.n + 0, x + x + x)", NULL, 0),
                      1);
    ck_assert_uint_eq(
        loads_of("cel.bind(x, state.n + 0, true || x == 1)", NULL, 0), 0);
    ck_assert_uint_eq(
        loads_of("[1, 2].map(y, cel.bind(x, state.n + 0, x + x))", NULL, 0), 2);
    ck_assert_uint_eq(loads_of("one + one", &alias, 1), 1);
    ck_assert_uint_eq(loads_of("[1, 2, 3].map(x, one)", &alias, 1), 1);
    ck_assert_uint_eq(loads_of("true || one == 1", &alias, 1), 0);
}
END_TEST

START_TEST(variables_that_use_one_another_are_no_danger_to_the_stack)
{
    enum { CHAIN = 100, HEIGHT = 100 };
    static char name[CHAIN][8], text[CHAIN][8 + HEIGHT * 4];
    struct cel_alias alias[CHAIN];
    size_t i, k;

    buf_str(&out, "false ? [v0");
    for (i = 0; i < CHAIN; i++) {
        snprintf(name[i], sizeof(name[i]), "v%zu", i);
        snprintf(text[i], sizeof(text[i]), i ? "v%zu" : "1", i - 1);
        for (k = 0; k < HEIGHT; k++)
            strcat(text[i], k % 2 ? " + 1" : " * 1");
        alias[i] = (struct cel_alias){ slice_str(name[i]), slice_str(text[i]) };
        buf_printf(&out, ", %s", name[i]);
    }
    compile_with("v3", alias, CHAIN);
    ck_assert_int_eq(eval().value.i, 201);
    /* The checker meets them one by one, the evaluator all at once. */
    buf_str(&out, "] : [v99]");
    compile_with(buf_cstr(&out), alias, CHAIN);
    ck_assert(spent(eval().value));
}
END_TEST

/* -- errors ------------------------------------------------------------- */

static const struct {
    const char *text;
    uint32_t from, to;
} positions[] = {
    { "1 + 2 / (3 - 3)", 4, 15 },
    { "[1, 2].map(x, x % 0)", 14, 19 },
    { "state.a == 1 || state.b == 2", 0, 7 },
    { "true ? {'a': 1}['b'] : 0", 7, 20 },
    { "cel.bind(x, 1 / 0, [x])", 12, 17 },
    { "'a' + string(b'\\xff')", 6, 21 },
};

START_TEST(an_error_knows_where_it_happened)
{
    struct cel_value v;

    state("{}", 1);
    compile(positions[_i].text);
    v = eval().value;
    ck_assert_int_eq(v.kind, CEL_ERROR);
    ck_assert_uint_eq(v.error->from, positions[_i].from);
    ck_assert_uint_eq(v.error->to, positions[_i].to);
}
END_TEST

static const struct {
    const char *text;
    bool timed;
} timed[] = {
    { "state.a > 1", false },
    { "now > timestamp('2026-01-01T00:00:00Z')", true },
    { "age(state.a) > duration('1s')", true },
    { "lastSeen(state.a) == lastSeen(state.b)", false },
    { "increase(state.a, '1m') > 1", true },
    { "stale(state.a, '1m')", true },
    { "blade(state.a) == 'x'", false },
};

START_TEST(a_program_says_whether_time_alone_may_change_it)
{
    compile(timed[_i].text);
    ck_assert_int_eq(cel_program_timed(program), timed[_i].timed);
}
END_TEST

static const TTest **const tests[] = {
    &an_error_for_want_of_fuel_is_not_absorbed,
    &a_program_finds_its_keys_in_another_host,
    &a_variable_without_a_value_is_an_error_where_it_is_used,
    &a_place_that_is_not_there_is_a_missing_key,
    &a_bind_is_computed_once_and_only_if_it_is_used,
    &variables_that_use_one_another_are_no_danger_to_the_stack,
};

static const struct suite_table tables[] = {
    { &too_little_fuel_is_an_error_and_enough_is_not, COUNT(heavy) },
    { &too_little_memory_is_an_error_and_enough_is_not, COUNT(heavy) },
    { &the_order_of_a_maps_members_does_not_show, COUNT(visits) },
    { &an_error_knows_where_it_happened, COUNT(positions) },
    { &a_program_says_whether_time_alone_may_change_it, COUNT(timed) },
};

int main(void)
{
    return RUN_SUITE_WITH("cel eval", setup, teardown, tests, tables);
}
