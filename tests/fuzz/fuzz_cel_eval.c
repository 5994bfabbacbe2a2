/*
 * The first byte chooses the options, the rest is an expression.  It is
 * compiled and, if it can be, evaluated with little fuel and memory over a
 * small state: that must end in a value or an error, the same each time, and
 * look at nothing that it does not say it reads.
 */
#include "cel/program.h"
#include "support/covered_host.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUEL   5000
#define MEMORY ((size_t)64 << 10)

/* Stays on whatever the build says. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static const char state_text[] =
    "{\"a\":{\"n\":1,\"s\":\"text\",\"l\":[1,2.5,\"x\",null,{\"k\":true}]},"
    "\"b\":{\"n\":2,\"deep\":{\"er\":{\"x\":-3}}},\"t\":\"2026-01-01T00:00:"
    "00Z\","
    "\"e\":{}}";

static void evaluate(struct cel_vm *vm, const struct cel_program *p,
                     const struct cel_activation *with, struct buf *out)
{
    struct cel_outcome outcome;

    cel_eval(vm, p, with, 7 * NSEC_SEC + 5, &outcome);
    must(outcome.wake_at > 7 * NSEC_SEC + 5);
    if (outcome.value.kind == CEL_ERROR)
        must(outcome.value.error && outcome.value.error->text.n);
    cel_to_json(cel_vm_context(vm), outcome.value, out);
    buf_printf(out, " %lld %d", (long long)outcome.wake_at, outcome.touchy);
}

static void run(const struct cel_program *p)
{
    struct json_host *host = json_host_new(slice_str(state_text));
    const struct cel_place place[] = { json_host_root(host),
                                       json_host_find(host, slice_str("a")),
                                       { 0 } };
    const struct cel_value value[] = { { 0 }, { 0 }, { 0 } };
    const struct cel_activation with = { value, place };
    struct cel_vm *vm = cel_vm_new();
    const struct slice text = cel_program_text(p);
    struct covered_host covered;
    struct buf once, again;

    buf_init(&once, MEMORY);
    buf_init(&again, MEMORY);
    json_host_touch(host, slice_str("a.n"), 3 * NSEC_SEC, slice_str("blade"));
    json_host_event(host, slice_str("a.n"), CEL_INCREASE, NSEC_SEC, 4);
    covered_init(&covered, host, p, place);
    cel_vm_host(vm, &covered.port, NULL);
    cel_vm_limits(vm, FUEL, MEMORY);
    evaluate(vm, p, &with, &once);
    evaluate(vm, p, &with, &again);
    must(slice_eq(buf_view(&once), buf_view(&again)));
    /* hasValue() does not look at the value that is loaded for it. */
    must(!covered.fault[0] || memmem(text.p, text.n, "hasValue", 8));
    cel_vm_free(vm);
    json_host_free(host);
    buf_release(&once);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cel_variable variable[] = {
        { slice_str("state"), cel_type_simple(TYPE_DYN), true },
        { slice_str("it"), cel_type_simple(TYPE_DYN), true },
        { slice_str("now"), cel_type_simple(TYPE_TIMESTAMP), false },
    };
    const struct cel_alias alias = { slice_str("old"),
                                     slice_str("age(it) > duration('3s')") };
    static struct cel_functions *functions; /* for all inputs */
    struct cel_env env = {
        .variable = variable, .nvariables = 3, .alias = &alias, .naliases = 1
    };
    struct cel_problems *problems;
    struct cel_program *p = NULL;

    if (size == 0)
        return 0;
    if (!functions)
        functions = cel_functions_new();
    problems = calloc(1, sizeof(*problems));
    env.functions = functions;
    env.options.no_check = data[0] & 1;
    env.options.no_macros = data[0] & 2;
    env.options.strict = data[0] & 4;
    if (cel_compile(&env, slice_of((const char *)data + 1, size - 1), problems,
                    &p))
        must(problems->errors > 0);
    else
        run(p);
    cel_program_free(p);
    free(problems);
    return 0;
}
