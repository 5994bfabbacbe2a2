/*
 * bench_cel [ROUNDS] - what an evaluation costs: ours, Lua's and jq's.
 *
 * Some conditions over a small state, each in three languages.  The three are
 * run in turns, a few times; the least of each counts, in nanoseconds.  All
 * three must agree on the outcome.  "-": there is nothing to compare with.
 */
#include "base/alloc.h"
#include "cel/program.h"
#include "data/tape.h"
#include "engine/inside.h"
#include "support/rulebench.h"

#include <jq.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOSTS 1000
#define SLICE 20e6 /* ns that one measurement takes at least */

static const struct bench {
    const char *name, *cel, *lua, *jq;
} benches[] = {
    { "four terms",
      "(state.Origin == 'MOW' || state.Country == 'RU') && "
      "(state.Value >= 100 || state.Adults == 1)",
      "(state.Origin == 'MOW' or state.Country == 'RU') and "
      "(state.Value >= 100 or state.Adults == 1)",
      "(.Origin == \"MOW\" or .Country == \"RU\") and "
      "(.Value >= 100 or .Adults == 1)" },
    { "its first two",
      "(state.Country == 'RU' || state.Origin == 'MOW') && "
      "(state.Adults == 1 || state.Value >= 100)",
      "(state.Country == 'RU' or state.Origin == 'MOW') and "
      "(state.Adults == 1 or state.Value >= 100)",
      "(.Country == \"RU\" or .Origin == \"MOW\") and "
      "(.Adults == 1 or .Value >= 100)" },
    { "has and count",
      "has(state.intents.i1.resolution.h3) && state.intents.i1.count > 3",
      "state.intents.i1.resolution.h3 ~= nil and state.intents.i1.count > 3",
      "(.intents.i1.resolution | has(\"h3\")) and .intents.i1.count > 3" },
    { "optional", "state.intents.i1.?state.orValue('') == 'active'",
      "(state.intents.i1.state or '') == 'active'",
      "(.intents.i1.state // \"\") == \"active\"" },
    { "arithmetic",
      "state.Value * 100 / (state.Adults + 9) > 500 && state.Value % 7 == 1",
      "state.Value * 100 // (state.Adults + 9) > 500 and state.Value % 7 == 1",
      ".Value * 100 / (.Adults + 9) > 500 and .Value % 7 == 1" },
    { "in a list", "state.Origin in ['MOW', 'AER', 'LED', 'KZN']",
      "({MOW = 1, AER = 1, LED = 1, KZN = 1})[state.Origin] ~= nil",
      ".Origin | IN(\"MOW\", \"AER\", \"LED\", \"KZN\")" },
    { "starts with", "state.intents.i1.name.startsWith('intent')",
      "state.intents.i1.name:sub(1, 6) == 'intent'",
      ".intents.i1.name | startswith(\"intent\")" },
    { "pattern", "state.intents.i1.name.matches('^intent [0-9]+ of')",
      "state.intents.i1.name:find('^intent [0-9]+ of') ~= nil",
      ".intents.i1.name | test(\"^intent [0-9]+ of\")" },
    { "all answered",
      "!state.intents.i1.hosts.all(h, h in state.intents.i1.resolution)",
      "(function() for _, h in ipairs(state.intents.i1.hosts) do "
      "if state.intents.i1.resolution[h] == nil then return true end end "
      "return false end)()",
      "(.intents.i1.resolution as $r | .intents.i1.hosts | "
      "all(. as $h | $r | has($h))) | not" },
    { "exists, 1000 hosts", "state.hosts.exists(k, h, h.errors > 1000)",
      "(function() for _, h in pairs(state.hosts) do "
      "if h.errors > 1000 then return true end end return false end)()",
      "any(.hosts[]; .errors > 1000)" },
    { "stale or growing",
      "stale(state.intents.i1, '5m') || increase(state.hosts.h1.errors, '5m') "
      "> 20",
      NULL, NULL },
};

/* One condition in one language. */
struct contender {
    bool (*run)(struct contender *);
    struct cel_vm *vm;
    struct cel_program *program;
    struct cel_place root;
    lua_State *lua;
    int function;
    jq_state *jq;
    jv input;
    double best;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void write_state(struct buf *b)
{
    int i;

    buf_str(b, "{\"Origin\":\"LED\",\"Country\":\"RU\",\"Value\":99,"
               "\"Adults\":1,\"intents\":{\"i1\":{\"count\":5,\"state\":"
               "\"active\",\"name\":\"intent 17 of many\",\"hosts\":[\"h1\","
               "\"h2\",\"h3\"],\"resolution\":{\"h1\":1,\"h2\":2,\"h3\":3}}},"
               "\"hosts\":{");
    for (i = 0; i < HOSTS; i++)
        buf_printf(b, "%s\"h%d\":{\"errors\":%d,\"up\":true}", i ? "," : "", i,
                   i % 100);
    buf_str(b, "}}");
}

/* -- ours --------------------------------------------------------------- */

static bool run_cel(struct contender *c)
{
    const struct cel_activation with = { .place = &c->root };
    struct cel_outcome out;

    cel_eval(c->vm, c->program, &with, NSEC_SEC, &out);
    if (out.value.kind != CEL_BOOL)
        abort();
    return out.value.b;
}

static void make_cel(struct contender *c, const struct cel_functions *functions,
                     const char *text)
{
    const struct cel_variable state = { slice_str("state"),
                                        cel_type_simple(TYPE_DYN), true };
    const struct cel_env env = { .functions = functions,
                                 .variable = &state,
                                 .nvariables = 1 };
    struct cel_problems problems = { 0 };

    c->run = run_cel;
    if (cel_compile(&env, slice_str(text), &problems, &c->program)) {
        fprintf(stderr, "%s: %s\n", text, problems.item[0].text);
        exit(1);
    }
}

/* -- Lua ---------------------------------------------------------------- */

static size_t push(lua_State *lua, const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];
    size_t k, end;
    int n = 0;

    switch (op->kind) {
    case TAPE_STRING:
        lua_pushlstring(lua, op->p, op->n);
        return i + 1;
    case TAPE_NUMBER:
        lua_pushinteger(lua, strtoll(op->p, NULL, 10));
        return i + 1;
    case TAPE_ARRAY:
        lua_newtable(lua);
        for (k = i + 1, end = op->end; k < end;) {
            k = push(lua, tape, k);
            lua_rawseti(lua, -2, ++n);
        }
        return end;
    case TAPE_OBJECT:
        lua_newtable(lua);
        for (k = i + 1, end = op->end; k < end;) {
            lua_pushlstring(lua, tape->op[k].p, tape->op[k].n);
            k = push(lua, tape, k + 1);
            lua_rawset(lua, -3);
        }
        return end;
    default:
        lua_pushboolean(lua, op->kind == TAPE_TRUE);
        return i + 1;
    }
}

static bool run_lua(struct contender *c)
{
    bool result;

    lua_rawgeti(c->lua, LUA_REGISTRYINDEX, c->function);
    if (lua_pcall(c->lua, 0, 1, 0))
        abort();
    result = lua_toboolean(c->lua, -1);
    lua_pop(c->lua, 1);
    return result;
}

static void make_lua(struct contender *c, const struct tape *tape,
                     const char *text)
{
    char chunk[1024];

    snprintf(chunk, sizeof(chunk),
             "local state = ...; return function() return %s end", text);
    c->run = run_lua;
    c->lua = luaL_newstate();
    luaL_openlibs(c->lua);
    if (luaL_loadstring(c->lua, chunk)) {
        fprintf(stderr, "%s\n", lua_tostring(c->lua, -1));
        exit(1);
    }
    (void)push(c->lua, tape, 0);
    if (lua_pcall(c->lua, 1, 1, 0))
        abort();
    c->function = luaL_ref(c->lua, LUA_REGISTRYINDEX);
}

/* -- jq ----------------------------------------------------------------- */

static bool run_jq(struct contender *c)
{
    jv result;
    bool yes;

    jq_start(c->jq, jv_copy(c->input), 0);
    result = jq_next(c->jq);
    yes = jv_get_kind(result) == JV_KIND_TRUE;
    jv_free(result);
    return yes;
}

static void make_jq(struct contender *c, const char *json, const char *text)
{
    c->run = run_jq;
    c->jq = jq_init();
    c->input = jv_parse(json);
    if (!jq_compile(c->jq, text))
        exit(1);
}

/* -- in turns ----------------------------------------------------------- */

static void measure(struct contender *c)
{
    double start, took;
    long n, i;

    for (n = 1;; n *= 4) {
        start = now();
        for (i = 0; i < n; i++)
            (void)c->run(c);
        took = now() - start;
        if (took > SLICE)
            break;
    }
    took /= (double)n;
    if (c->best == 0 || took < c->best)
        c->best = took;
}

static void report(const struct bench *b, struct contender c[3], int rounds)
{
    bool outcome = c[0].run(&c[0]);
    int i, k;

    for (k = 1; k < 3; k++)
        if (c[k].run && c[k].run(&c[k]) != outcome) {
            fprintf(stderr, "%s: they do not agree\n", b->name);
            exit(1);
        }
    for (i = 0; i < rounds; i++)
        for (k = 0; k < 3; k++)
            if (c[k].run)
                measure(&c[k]);
    printf("%-20s", b->name);
    for (k = 0; k < 3; k++)
        if (c[k].run)
            printf("  %10.0f", c[k].best);
        else
            printf("  %10s", "-");
    printf("\n");
}

int main(int argc, char **argv)
{
    struct cel_functions *functions = cel_functions_new();
    struct tape_parser *parser = tape_parser_new(1);
    int rounds = argc > 1 ? atoi(argv[1]) : 5;
    struct rulebench *rb = rulebench_new("groups: []\n");
    struct engine *e = core_engine(rulebench_core(rb));
    struct tape tape;
    struct buf json;
    size_t i;

    buf_init(&json, BUF_NO_CAP);
    write_state(&json);
    rulebench_line(rb, 0, buf_cstr(&json));
    rulebench_advance(rb, 1000);
    if (tape_parse(parser, buf_view(&json), &tape, NULL))
        abort();
    printf("%-20s  %10s  %10s  %10s  ns\n", "", "bladewatch", "Lua", "jq");
    for (i = 0; i < sizeof(benches) / sizeof(*benches); i++) {
        struct contender c[3] = { 0 };

        c[0].vm = cel_vm_new();
        c[0].root = e->host.root(e->host.self);
        cel_vm_host(c[0].vm, &e->host, NULL);
        make_cel(&c[0], functions, benches[i].cel);
        if (benches[i].lua)
            make_lua(&c[1], &tape, benches[i].lua);
        if (benches[i].jq)
            make_jq(&c[2], buf_cstr(&json), benches[i].jq);
        report(&benches[i], c, rounds);
        cel_vm_free(c[0].vm);
        cel_program_free(c[0].program);
        if (c[1].lua)
            lua_close(c[1].lua);
        if (c[2].jq) {
            jv_free(c[2].input);
            jq_teardown(&c[2].jq);
        }
    }
    rulebench_free(rb);
    tape_parser_free(parser);
    buf_release(&json);
    cel_functions_free(functions);
    return 0;
}
