/*
 * cel_cases FILE... - runs cases of the expression language.
 *
 * A case is a line "expression => what comes of it":
 *
 *     => JSON            its value, as canonical JSON
 *     => type T          its type as the checker sees it
 *     => error: text     it fails when evaluated; text is part of why
 *     => problem: text   it does not compile; text is part of why
 *     => problem 4-7: text    the same, at these bytes
 *     => warning: text   it compiles, with this said
 *     => wake T          the time until it has to be evaluated again, as in
 *                        "5s", or "never"; "T touchy" if a mere touch matters
 *     => reads R, R      what it reads, "path KIND", in any order
 *
 * Lines between them say what an expression sees, from there on:
 *
 *     state: JSON object           now: instant
 *     seen: path instant [blade]   by: path JSON object
 *     grown: path instant n        changed: path instant n
 *     alias: name = expression     strict: on | off
 *
 * Whatever it looks at must be among what it says it reads, too.
 * "state:" begins anew.  A line that begins with # is a comment.
 *
 * Exit: 0 none failed, 1 which did, 2 a file is not to be read.
 */
#include "base/alloc.h"
#include "cel/program.h"
#include "cel/timezone.h"
#include "support/covered_host.h"
#include "support/zones.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(a)    (sizeof(a) / sizeof(*(a)))
#define ALIASES_MAX 16

struct runner {
    struct cel_functions *functions;
    struct cel_vm *vm;
    struct json_host *host;
    struct cel_alias alias[ALIASES_MAX];
    size_t naliases;
    nsec now;
    bool strict;
    const char *file;
    unsigned line, passed, failed;
};

/* One expression, compiled. */
struct trial {
    struct runner *r;
    struct slice text, want;
    struct cel_problems problems;
    struct cel_program *p; /* NULL: problems say why */
    struct cel_outcome out;
};

static struct slice trim(struct slice s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t'))
        s = slice_of(s.p + 1, s.n - 1);
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The first word, which is cut off. */
static struct slice word(struct slice *s)
{
    struct slice w;
    size_t i = 0;

    *s = trim(*s);
    while (i < s->n && s->p[i] != ' ')
        i++;
    w = slice_of(s->p, i);
    *s = trim(slice_of(s->p + i, s->n - i));
    return w;
}

static bool starts(struct slice s, const char *with, struct slice *ret_rest)
{
    size_t n = strlen(with);

    if (s.n < n || memcmp(s.p, with, n) != 0)
        return false;
    *ret_rest = trim(slice_of(s.p + n, s.n - n));
    return true;
}

static bool holds(struct slice s, struct slice part)
{
    return part.n == 0 || (s.n && memmem(s.p, s.n, part.p, part.n));
}

/* -- what an expression sees -------------------------------------------- */

static nsec instant(struct slice s)
{
    nsec at;

    if (instant_parse(s, &at))
        abort();
    return at;
}

static void set_state(struct runner *r, struct slice s)
{
    size_t i;

    json_host_free(r->host);
    r->host = json_host_new(s);
    for (i = 0; i < r->naliases; i++) {
        free((char *)r->alias[i].name.p);
        free((char *)r->alias[i].text.p);
    }
    r->naliases = 0;
    cel_vm_host(r->vm, json_host_port(r->host), zones_of_machine());
}

static void set_now(struct runner *r, struct slice s)
{
    r->now = instant(s);
}

static void set_seen(struct runner *r, struct slice s)
{
    struct slice path = word(&s), at = word(&s);

    json_host_touch(r->host, path, instant(at), s);
}

static void set_by(struct runner *r, struct slice s)
{
    struct slice path = word(&s);

    json_host_by_blade(r->host, path, s);
}

static void set_event(struct runner *r, struct slice s, enum cel_window kind)
{
    struct slice path = word(&s), at = word(&s);

    json_host_event(r->host, path, kind, instant(at), strtoll(s.p, NULL, 10));
}

static void set_grown(struct runner *r, struct slice s)
{
    set_event(r, s, CEL_INCREASE);
}

static void set_changed(struct runner *r, struct slice s)
{
    set_event(r, s, CEL_CHANGES);
}

static struct slice keep(struct slice s)
{
    return slice_of(xmemdup0(s.p, s.n), s.n);
}

static void set_alias(struct runner *r, struct slice s)
{
    struct slice name = word(&s);

    if (r->naliases == ALIASES_MAX || !starts(s, "=", &s))
        abort();
    r->alias[r->naliases++] = (struct cel_alias){ keep(name), keep(s) };
}

static void set_strict(struct runner *r, struct slice s)
{
    r->strict = slice_is(s, "on");
}

static const struct {
    const char *name;
    void (*set)(struct runner *, struct slice);
} directives[] = {
    { "state:", set_state }, { "now:", set_now },
    { "seen:", set_seen },   { "by:", set_by },
    { "grown:", set_grown }, { "changed:", set_changed },
    { "alias:", set_alias }, { "strict:", set_strict },
};

/* -- judging ------------------------------------------------------------ */

static bool told(const struct trial *t, bool warning, struct slice want,
                 uint32_t from, uint32_t to)
{
    size_t i;

    for (i = 0; i < t->problems.n; i++) {
        const struct cel_problem *p = &t->problems.item[i];

        if (p->warning == warning && holds(slice_str(p->text), want) &&
            (to == 0 || (p->from == from && p->to == to)))
            return true;
    }
    return false;
}

static bool is_problem(struct trial *t, struct slice want, struct buf *got)
{
    struct slice where = slice_of(want.p, 0);
    unsigned from = 0, to = 0;
    char copy[64];

    (void)got;
    while (where.n < want.n && want.p[where.n] != ':')
        where.n++;
    snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(where));
    (void)!sscanf(copy, "%u-%u", &from, &to);
    want = trim(slice_of(want.p + where.n + 1, want.n - where.n - 1));
    return !t->p && told(t, false, want, from, to);
}

static bool is_warning(struct trial *t, struct slice want, struct buf *got)
{
    (void)got;
    return t->p && told(t, true, want, 0, 0);
}

static bool is_type(struct trial *t, struct slice want, struct buf *got)
{
    if (!t->p)
        return false;
    cel_type_write(cel_program_type(t->p), got);
    return slice_eq(buf_view(got), want);
}

static bool is_error(struct trial *t, struct slice want, struct buf *got)
{
    (void)got;
    return t->p && t->out.value.kind == CEL_ERROR &&
           holds(t->out.value.error->text, want);
}

static bool is_wake(struct trial *t, struct slice want, struct buf *got)
{
    if (!t->p)
        return false;
    if (t->out.wake_at == NSEC_MAX)
        buf_str(got, "never");
    else
        duration_write(t->out.wake_at - t->r->now, got);
    if (t->out.touchy)
        buf_str(got, " touchy");
    return slice_eq(buf_view(got), want);
}

static void write_read(const struct cel_read *read, struct buf *out)
{
    static const char *const kind[] = { "VALUE",   "EXISTS", "KEYS",
                                        "SUBTREE", "META",   "INCREASE",
                                        "CHANGES" };
    uint32_t i;

    for (i = 0; i < read->n; i++) {
        buf_str(out, i ? "." : "");
        if (read->key[i].p)
            buf_slice(out, read->key[i]);
        else
            buf_char(out, '*');
    }
    for (i = 0; i < COUNT(kind); i++)
        if (read->kinds & 1u << i)
            buf_printf(out, " %s", kind[i]);
}

static bool is_reads(struct trial *t, struct slice want, struct buf *got)
{
    const struct cel_read *read;
    struct buf one;
    size_t n = 0, i, length = 0;
    bool all = true;

    if (!t->p)
        return false;
    read = cel_program_reads(t->p, &n);
    buf_init(&one, BUF_NO_CAP);
    for (i = 0; i < n; i++) {
        buf_reset(&one);
        write_read(&read[i], &one);
        all &= holds(want, buf_view(&one));
        length += one.n + (i ? 2 : 0);
        buf_str(got, i ? ", " : "");
        buf_slice(got, buf_view(&one));
    }
    buf_release(&one);
    return all && length == want.n;
}

static bool is_value(struct trial *t, struct slice want, struct buf *got)
{
    if (!t->p || t->out.value.kind == CEL_ERROR)
        return false;
    cel_to_json(cel_vm_context(t->r->vm), t->out.value, got);
    return slice_eq(buf_view(got), want);
}

static const struct {
    const char *name;
    bool (*holds)(struct trial *, struct slice want, struct buf *got);
} expectations[] = {
    { "problem", is_problem }, { "warning:", is_warning },
    { "type ", is_type },      { "error:", is_error },
    { "wake ", is_wake },      { "reads ", is_reads },
    { "", is_value },
};

static void describe(const struct trial *t, struct buf *got)
{
    size_t i;

    if (t->p && t->out.value.kind == CEL_ERROR) {
        buf_str(got, " error: ");
        buf_slice(got, t->out.value.error->text);
    }
    for (i = 0; i < t->problems.n; i++)
        buf_printf(got, " %s %u-%u: %s",
                   t->problems.item[i].warning ? "warning" : "problem",
                   t->problems.item[i].from, t->problems.item[i].to,
                   t->problems.item[i].text);
}

static void judge(struct trial *t)
{
    struct runner *r = t->r;
    struct slice rest = t->want;
    struct buf got;
    size_t i = 0;

    buf_init(&got, BUF_NO_CAP);
    while (!starts(t->want, expectations[i].name, &rest))
        i++;
    if (expectations[i].holds(t, rest, &got)) {
        r->passed++;
    } else {
        r->failed++;
        describe(t, &got);
        printf("%s:%u: %.*s\n  want %.*s\n  got  %s\n", r->file, r->line,
               SLICE_ARG(t->text), SLICE_ARG(t->want), buf_cstr(&got));
    }
    buf_release(&got);
}

static void run_case(struct runner *r, struct slice text, struct slice want)
{
    const struct cel_variable variable[] = {
        { slice_str("state"), cel_type_simple(TYPE_DYN), true },
        { slice_str("now"), cel_type_simple(TYPE_TIMESTAMP), false },
    };
    const struct cel_env env = {
        .functions = r->functions,
        .variable = variable,
        .nvariables = COUNT(variable),
        .alias = r->alias,
        .naliases = r->naliases,
        .options = { .strict = r->strict },
    };
    const struct cel_place place[] = { json_host_root(r->host), { 0 } };
    const struct cel_value value[COUNT(variable)] = { { 0 } };
    const struct cel_activation with = { value, place };
    struct trial *t = xcalloc(1, sizeof(*t));
    struct covered_host covered = { .fault = "" };

    t->r = r;
    t->text = text;
    t->want = want;
    if (!cel_compile(&env, text, &t->problems, &t->p)) {
        covered_init(&covered, r->host, t->p, place);
        cel_vm_host(r->vm, &covered.port, zones_of_machine());
        cel_eval(r->vm, t->p, &with, r->now, &t->out);
        cel_vm_host(r->vm, json_host_port(r->host), zones_of_machine());
    }
    /* hasValue() does not look at the value that is loaded for it. */
    if (covered.fault[0] && !holds(text, slice_str("hasValue"))) {
        r->failed++;
        printf("%s:%u: %.*s\n  the %s is not among what it reads\n", r->file,
               r->line, SLICE_ARG(text), covered.fault);
    } else {
        judge(t);
    }
    cel_program_free(t->p);
    free(t);
}

/* -- files -------------------------------------------------------------- */

static bool run_line(struct runner *r, struct slice line)
{
    const char *arrow = NULL, *at = line.p;
    struct slice rest;
    size_t i;

    if (line.n == 0 || *line.p == '#')
        return true;
    for (i = 0; i < COUNT(directives); i++)
        if (starts(line, directives[i].name, &rest)) {
            directives[i].set(r, rest);
            return true;
        }
    while ((at = memmem(at, line.n - (size_t)(at - line.p), " => ", 4)))
        arrow = at++;
    if (!arrow)
        return false;
    run_case(r, trim(slice_of(line.p, (size_t)(arrow - line.p))),
             trim(slice_of(arrow + 4, line.n - (size_t)(arrow + 4 - line.p))));
    return true;
}

static bool run_file(struct runner *r, const char *path)
{
    FILE *f = fopen(path, "r");
    size_t room = 0;
    char *line = NULL;
    ssize_t n;
    bool good = f;

    r->file = path;
    r->line = 0;
    set_state(r, slice_str("{}"));
    set_strict(r, slice_str("off"));
    set_now(r, slice_str("2026-01-01T00:00:00Z"));
    while (good && (n = getline(&line, &room, f)) > 0) {
        r->line++;
        good = run_line(r, trim(slice_of(line, (size_t)n)));
    }
    if (!good)
        fprintf(stderr, "%s:%u: not to be read\n", path, r->line);
    free(line);
    if (f)
        fclose(f);
    return good;
}

int main(int argc, char **argv)
{
    struct runner r = { 0 };
    bool good = argc > 1;
    int i;

    r.functions = cel_functions_new();
    r.vm = cel_vm_new();
    for (i = 1; i < argc; i++)
        good &= run_file(&r, argv[i]);
    set_state(&r, slice_str("{}"));
    printf("%u passed, %u failed\n", r.passed, r.failed);
    json_host_free(r.host);
    cel_vm_free(r.vm);
    cel_functions_free(r.functions);
    return !good ? 2 : r.failed != 0;
}
