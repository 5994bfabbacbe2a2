/*
 * cel_conformance [--stress] FILE... - runs CEL's conformance cases.
 *
 * A case is a line of JSON: {"file", "section", "name", "expr",
 * "disable_check"?, "check_only"?, "type_env"?, "bindings"?, "expect",
 * "requires"}.  A value has one member that tells its kind, {"int64": "1"},
 * {"map": [[k, v], ...]}, ...; "expect" is {"value"}, {"error"}, {"type"} or
 * {"value", "type"}.  Any error will do where one is expected.
 *
 * --stress: each case is evaluated with every small amount of fuel and memory
 * as well; what comes of it does not matter, only that something does.
 *
 * Exit: 0 none failed, 1 which did, 2 usage.
 */
#include "base/alloc.h"
#include "base/base64.h"
#include "cel/program.h"
#include "data/tape.h"
#include "support/zones.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CASE_MEMORY ((size_t)16 << 20)
#define NAMES_MAX   64

/* What we do not claim to have. */
static const char *const lacking[] = {
    "container", "declared_functions", "ext:network", "ext:block", "ext:regex",
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct suite {
    struct cel_functions *functions;
    struct cel_vm *vm;
    struct tape_parser *parser;
    bool stress;
    unsigned passed, failed, skipped;
    unsigned skipped_for[COUNT(lacking)];
};

struct test {
    struct suite *suite;
    struct tape tape;
    struct cel_context cx; /* of bindings and expectations */
    struct cel_env env;
    struct cel_variable variable[NAMES_MAX];
    struct cel_value value[NAMES_MAX];
    const struct tape_op *expect;
};

/* -- JSON --------------------------------------------------------------- */

static size_t past(const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];

    return op->kind == TAPE_ARRAY || op->kind == TAPE_OBJECT ? op->end : i + 1;
}

/* The index of the member of the object at i; 0: none. */
static size_t member(const struct tape *tape, size_t i, const char *key)
{
    size_t end = tape->op[i].end, k;

    if (tape->op[i].kind != TAPE_OBJECT)
        return 0;
    for (k = i + 1; k < end; k = tape->op[k].end)
        if (slice_is(tape_text(&tape->op[k]), key))
            return k + 1;
    return 0;
}

static struct slice text(const struct test *t, size_t i, const char *key)
{
    size_t k = member(&t->tape, i, key);

    return k ? tape_text(&t->tape.op[k]) : slice_of("", 0);
}

static bool flag(const struct test *t, const char *key)
{
    size_t k = member(&t->tape, 0, key);

    return k && t->tape.op[k].kind == TAPE_TRUE;
}

static int64_t number(struct slice s)
{
    char copy[32];

    snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(s));
    return strtoll(copy, NULL, 10);
}

static double real(struct slice s)
{
    char copy[64];

    snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(s));
    return strtod(copy, NULL);
}

/* -- values ------------------------------------------------------------- */

static struct cel_value read_value(struct test *t, size_t i);

static struct cel_value read_list(struct test *t, size_t at)
{
    struct cel_value *item;
    size_t end = t->tape.op[at].end, n = 0, i;

    item = cel_new_items(&t->cx, end - at);
    for (i = at + 1; i < end; i = past(&t->tape, i))
        item[n++] = read_value(t, i);
    return cel_list_of(&t->cx, item, n);
}

static struct cel_value read_map(struct test *t, size_t at)
{
    struct cel_entry *entry;
    size_t end = t->tape.op[at].end, n = 0, i;

    entry = arena_alloc(&t->cx.arena, (end - at) * sizeof(*entry));
    for (i = at + 1; i < end; i = past(&t->tape, i)) {
        entry[n].key = read_value(t, i + 1);
        entry[n++].value = read_value(t, past(&t->tape, i + 1));
    }
    return cel_map_of(&t->cx, entry, n);
}

static struct cel_value read_bytes(struct test *t, struct slice s)
{
    struct cel_value v;
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    (void)!base64_decode(s, &b);
    v = cel_new_bytes(&t->cx, buf_view(&b));
    buf_release(&b);
    return v;
}

static struct cel_value read_span(struct test *t, size_t i, bool instant)
{
    int64_t seconds = number(text(t, i, "seconds"));
    int64_t nanos = number(text(t, i, "nanos"));

    return instant ? cel_timestamp(seconds, (uint32_t)nanos)
                   : cel_duration(seconds * NSEC_SEC + nanos);
}

static struct cel_value read_type(struct test *t, struct slice name)
{
    return (struct cel_value){ .kind = CEL_TYPE,
                               .n = (uint32_t)name.n,
                               .s = arena_copy(&t->cx.arena, name).p };
}

static struct cel_value read_value(struct test *t, size_t i)
{
    struct slice kind = tape_text(&t->tape.op[i + 1]);
    struct slice s = tape_text(&t->tape.op[i + 2]);
    char copy[32];

    if (slice_is(kind, "int64"))
        return cel_int(number(s));
    if (slice_is(kind, "uint64")) {
        snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(s));
        return cel_uint(strtoull(copy, NULL, 10));
    }
    if (slice_is(kind, "double"))
        return cel_double(real(s));
    if (slice_is(kind, "string"))
        return cel_new_string(&t->cx, s);
    if (slice_is(kind, "bytes_b64"))
        return read_bytes(t, s);
    if (slice_is(kind, "bool"))
        return cel_bool(t->tape.op[i + 2].kind == TAPE_TRUE);
    if (slice_is(kind, "list"))
        return read_list(t, i + 2);
    if (slice_is(kind, "map"))
        return read_map(t, i + 2);
    if (slice_is(kind, "type"))
        return read_type(t, s);
    if (slice_is(kind, "timestamp") || slice_is(kind, "duration"))
        return read_span(t, i + 2, slice_is(kind, "timestamp"));
    return cel_null();
}

/* As a test sees it: 1 is not 1.0, but NaN is NaN. */
static bool same(struct cel_context *cx, struct cel_value a, struct cel_value b)
{
    size_t i;

    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case CEL_DOUBLE:
        return a.d == b.d || (isnan(a.d) && isnan(b.d));
    case CEL_LIST:
        for (i = 0; i < a.list->n && i < b.list->n; i++)
            if (!same(cx, a.list->item[i], b.list->item[i]))
                return false;
        return a.list->n == b.list->n;
    case CEL_MAP:
        for (i = 0; i < a.map->n && i < b.map->n; i++)
            if (!same(cx, a.map->entry[i].key, b.map->entry[i].key) ||
                !same(cx, a.map->entry[i].value, b.map->entry[i].value))
                return false;
        return a.map->n == b.map->n;
    default:
        return cel_equal(cx, a, b);
    }
}

/* -- one case ----------------------------------------------------------- */

static size_t declare(struct test *t, struct slice name)
{
    size_t i;

    for (i = 0; i < t->env.nvariables; i++)
        if (slice_eq(t->variable[i].name, name))
            return i;
    if (i == NAMES_MAX)
        abort();
    t->variable[i].name = name;
    t->variable[i].type = cel_type_simple(TYPE_DYN);
    t->env.nvariables++;
    return i;
}

static void fail(struct test *t, const char *want, struct slice got)
{
    t->suite->failed++;
    printf("FAIL %.*s/%.*s/%.*s: %.*s\n  want %s\n  got  %.*s\n",
           SLICE_ARG(text(t, 0, "file")), SLICE_ARG(text(t, 0, "section")),
           SLICE_ARG(text(t, 0, "name")), SLICE_ARG(text(t, 0, "expr")), want,
           SLICE_ARG(got));
}

static bool read_type_of(struct test *t, size_t at, const struct cel_type **ret)
{
    if (!cel_type_parse(&t->cx.arena, text(t, at, "type"), ret))
        return true;
    fail(t, "a type that is known", text(t, at, "type"));
    return false;
}

static bool read_names(struct test *t)
{
    size_t at = member(&t->tape, 0, "type_env"), i, k;

    for (i = at + 1; at && i < t->tape.op[at].end; i = past(&t->tape, i)) {
        k = declare(t, text(t, i, "name"));
        if (!read_type_of(t, i, &t->variable[k].type))
            return false;
    }
    at = member(&t->tape, 0, "bindings");
    for (i = at + 1; at && i < t->tape.op[at].end; i = t->tape.op[i].end) {
        k = declare(t, tape_text(&t->tape.op[i]));
        t->value[k] = read_value(t, i + 1);
    }
    return true;
}

static void describe(struct cel_context *cx, struct cel_value v,
                     struct buf *out)
{
    buf_str(out, cel_kind_name(v.kind));
    buf_char(out, ' ');
    cel_to_json(cx, v, out);
}

/* Whether it is of the type that was to be found; "" matches any. */
static bool type_fits(struct test *t, const struct cel_program *p, size_t at)
{
    const struct cel_type *want;
    struct buf got, expected;
    bool fits = true;

    if (!member(&t->tape, at, "type"))
        return true;
    if (!read_type_of(t, at, &want))
        return false;
    buf_init(&got, BUF_NO_CAP);
    buf_init(&expected, BUF_NO_CAP);
    cel_type_write(want, &expected);
    cel_type_write(cel_program_type(p), &got);
    if (!cel_type_same(want, cel_program_type(p))) {
        fail(t, buf_cstr(&expected), buf_view(&got));
        fits = false;
    }
    buf_release(&got);
    buf_release(&expected);
    return fits;
}

static void judge(struct test *t, size_t at, struct cel_value got)
{
    struct cel_context *cx = cel_vm_context(t->suite->vm);
    size_t v = member(&t->tape, at, "value");
    bool error = member(&t->tape, at, "error");
    struct cel_value want = v ? read_value(t, v) : cel_bool(true);
    struct buf a, b;

    if (error ? got.kind == CEL_ERROR : same(cx, want, got)) {
        t->suite->passed++;
        return;
    }
    buf_init(&a, BUF_NO_CAP);
    buf_init(&b, BUF_NO_CAP);
    if (error)
        buf_str(&a, "an error");
    else
        describe(cx, want, &a);
    describe(cx, got, &b);
    fail(t, buf_cstr(&a), buf_view(&b));
    buf_release(&a);
    buf_release(&b);
}

static void stress(struct test *t, const struct cel_program *p,
                   const struct cel_activation *with)
{
    struct cel_vm *vm = t->suite->vm;
    struct cel_outcome out;
    unsigned i;

    for (i = 0; i < 200; i++) {
        cel_vm_limits(vm, i, CEL_MEMORY_MAX);
        cel_eval(vm, p, with, 0, &out);
        cel_vm_limits(vm, CEL_FUEL_MAX, (size_t)i * 16);
        cel_eval(vm, p, with, 0, &out);
    }
    cel_vm_limits(vm, CEL_FUEL_MAX, CEL_MEMORY_MAX);
}

static void run(struct test *t)
{
    struct suite *s = t->suite;
    struct cel_activation with = { .value = t->value };
    struct cel_problems *problems = xcalloc(1, sizeof(*problems));
    struct cel_program *p = NULL;
    struct cel_outcome out;
    size_t expect = member(&t->tape, 0, "expect");

    t->env.options.no_check = flag(t, "disable_check");
    if (cel_compile(&t->env, text(t, 0, "expr"), problems, &p)) {
        if (member(&t->tape, expect, "error"))
            s->passed++;
        else
            fail(t, "a program", slice_str(problems->item[0].text));
    } else if (type_fits(t, p, expect)) {
        if (s->stress)
            stress(t, p, &with);
        cel_eval(s->vm, p, &with, 0, &out);
        if (flag(t, "check_only"))
            s->passed++;
        else
            judge(t, expect, out.value);
    }
    cel_program_free(p);
    free(problems);
}

/* -- all of them -------------------------------------------------------- */

static bool skip(struct test *t)
{
    size_t at = member(&t->tape, 0, "requires"), i, k;

    for (i = at + 1; at && i < t->tape.op[at].end; i++)
        for (k = 0; k < COUNT(lacking); k++)
            if (slice_is(tape_text(&t->tape.op[i]), lacking[k])) {
                t->suite->skipped++;
                t->suite->skipped_for[k]++;
                return true;
            }
    return false;
}

static bool run_line(struct suite *s, struct slice line)
{
    struct test *t = xcalloc(1, sizeof(*t));
    struct err err;
    bool good;

    t->suite = s;
    t->env.functions = s->functions;
    t->env.variable = t->variable;
    arena_init(&t->cx.arena, CASE_MEMORY);
    t->cx.fuel = UINT64_MAX;
    good = !tape_parse(s->parser, line, &t->tape, &err);
    if (good && !skip(t) && read_names(t))
        run(t);
    arena_release(&t->cx.arena);
    free(t);
    return good;
}

static bool run_file(struct suite *s, const char *path)
{
    FILE *f = fopen(path, "r");
    size_t room = 0;
    char *line = NULL;
    ssize_t n;
    bool good = f;

    while (good && (n = getline(&line, &room, f)) > 0)
        good = run_line(s, slice_of(line, (size_t)n));
    if (!good)
        fprintf(stderr, "cel_conformance: %s is not to be read\n", path);
    free(line);
    if (f)
        fclose(f);
    return good;
}

int main(int argc, char **argv)
{
    struct suite s = { 0 };
    bool good = argc > 1;
    size_t k;
    int i;

    s.functions = cel_functions_new();
    s.vm = cel_vm_new();
    s.parser = tape_parser_new(1);
    cel_vm_host(s.vm, NULL, zones_of_machine());
    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--stress") == 0)
            s.stress = true;
        else
            good &= run_file(&s, argv[i]);
    }
    for (k = 0; k < COUNT(lacking); k++)
        if (s.skipped_for[k])
            printf("%u skipped: %s\n", s.skipped_for[k], lacking[k]);
    printf("%u passed, %u failed, %u skipped\n", s.passed, s.failed, s.skipped);
    tape_parser_free(s.parser);
    cel_vm_free(s.vm);
    cel_functions_free(s.functions);
    return !good ? 2 : s.failed != 0;
}
