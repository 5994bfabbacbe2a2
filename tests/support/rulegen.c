#include "rulegen.h"

#include "data/json.h"
#include "support/val.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NAMED_MAX    24
#define VARIABLE_MAX 16
#define DEPTH_MAX    4

/* What an expression may name. */
struct variable {
    char name[8];
    bool text; /* a key, else a place */
    int level; /* of the place */
};

struct named {
    const char *section; /* below monitor */
    char name[24];
    int stars;
    bool breaks; /* it is a revive rule */
};

struct maker {
    uint64_t *seed;
    struct variable variable[VARIABLE_MAX];
    size_t nvariables;
    struct named named[NAMED_MAX]; /* rules made so far */
    size_t nnamed;
    int depth;
};

static const char *const level_key[DEPTH_MAX][4] = {
    { "a", "b", "a", "c" },
    { "x", "y", "z", "x" },
    { "n", "m", "s", "n" },
    { "n", "k", "x", "n" },
};

static unsigned pick(struct maker *m, unsigned n)
{
    return (unsigned)random_below(m->seed, n);
}

static bool chance(struct maker *m, unsigned percent)
{
    return pick(m, 100) < percent;
}

#define ANY(m, list) ((list)[pick(m, COUNT(list))])

static const char *some_key(struct maker *m, int level)
{
    return level_key[level < DEPTH_MAX ? level : DEPTH_MAX - 1][pick(m, 4)];
}

static const char *some_span(struct maker *m)
{
    static const char *const spans[] = { "30ms", "70ms",   "100ms",
                                         "23ms", "333ms",  "1s",
                                         "5ms",  "1500ms", "123456789ns" };

    return ANY(m, spans);
}

/* -- places --------------------------------------------------------------- */

static void text(struct maker *m, struct buf *out, int fuel);

static const struct variable *some_variable(struct maker *m, bool wants_text)
{
    size_t start, i;

    if (m->nvariables == 0)
        return NULL;
    start = pick(m, (unsigned)m->nvariables);
    for (i = 0; i < m->nvariables; i++) {
        const struct variable *v = &m->variable[(start + i) % m->nvariables];

        if (v->text == wants_text)
            return v;
    }
    return NULL;
}

static void step(struct maker *m, struct buf *out, int level, int fuel)
{
    switch (pick(m, 12)) {
    case 0:
        buf_printf(out, "['%s']", some_key(m, level));
        break;
    case 1:
        if (fuel > 0) {
            buf_char(out, '[');
            text(m, out, fuel - 1);
            buf_char(out, ']');
            break;
        }
        /* fall through */
    default:
        buf_printf(out, ".%s", some_key(m, level));
    }
}

/* What a rule of before derives. */
static void derived(struct maker *m, struct buf *out)
{
    static const char *const keys[] = { "status", "value",   "phase",
                                        "since",  "state",   "count",
                                        "firing", "missing", "due",
                                        "reason", "attempts" };
    const struct named *n = &m->named[pick(m, (unsigned)m->nnamed)];
    int i;

    if (n->breaks && chance(m, 20)) {
        buf_printf(out, "state.monitor.breakers.%s.open", n->name);
        return;
    }
    buf_printf(out, "state.monitor.%s.%s", n->section, n->name);
    if (chance(m, 20))
        return;
    if (n->stars && chance(m, 70)) {
        if (*n->section == 'a')
            buf_str(out, ".instances");
        for (i = 0; i < n->stars; i++)
            buf_printf(out, ".%s", some_key(m, 1 + i));
    }
    buf_printf(out, ".%s", ANY(m, keys));
}

static void place(struct maker *m, struct buf *out, int fuel)
{
    const struct variable *v = chance(m, 60) ? some_variable(m, false) : NULL;
    int level = v ? v->level : 0, to = (int)(level + (int)pick(m, 3));

    if (!v && m->nnamed && chance(m, 20)) {
        derived(m, out);
        return;
    }
    if (!v && chance(m, 3)) {
        buf_str(out, "state");
        return;
    }
    buf_str(out, v ? v->name : "state");
    to = v ? to : to + 1;
    for (; level < to || (!v && level < 1); level++)
        step(m, out, level, fuel);
}

/* Below c there are counters and nothing else. */
static void counter(struct maker *m, struct buf *out, int fuel)
{
    if (chance(m, 50))
        place(m, out, fuel);
    else
        buf_printf(out, "state.c.%s", some_key(m, 1));
}

/* -- texts, numbers, spans ------------------------------------------------ */

static void text(struct maker *m, struct buf *out, int fuel)
{
    static const char *const literals[] = { "'x'",       "'n'",
                                            "'y'",       "'a'",
                                            "'b1'",      "'resolved'",
                                            "'running'", "'monitor'" };
    const struct variable *v;

    switch (pick(m, fuel > 0 ? 8 : 3)) {
    case 0:
    case 1:
        v = some_variable(m, true);
        if (v) {
            buf_str(out, v->name);
            break;
        }
        /* fall through */
    case 2:
        buf_str(out, ANY(m, literals));
        break;
    case 3:
    case 4:
        place(m, out, fuel - 1);
        break;
    default:
        buf_str(out, ((const char *const[]){ "key(", "blade(", "path(",
                                             "string(" })[pick(m, 4)]);
        place(m, out, fuel - 1);
        buf_char(out, ')');
    }
}

static void number(struct maker *m, struct buf *out, int fuel)
{
    switch (pick(m, fuel > 0 ? 10 : 3)) {
    case 0:
        buf_i64(out, (int64_t)pick(m, 5) - 1);
        break;
    case 1:
    case 2:
    case 3:
        place(m, out, fuel - 1);
        break;
    case 4:
        buf_str(out, "size(");
        place(m, out, fuel - 1);
        buf_char(out, ')');
        break;
    case 5:
    case 6:
        buf_str(out, ((const char *const[]){ "increase(", "changes(",
                                             "rate(" })[pick(m, 3)]);
        counter(m, out, 0);
        buf_printf(out, ", '%s')", some_span(m));
        break;
    case 7:
        buf_str(out, "byBlade(");
        counter(m, out, fuel - 1);
        buf_printf(out, ")['b%u']", 1 + pick(m, 2));
        break;
    case 8:
        buf_str(out, "int(");
        number(m, out, fuel - 2);
        buf_str(out, chance(m, 50) ? ") + int(" : ") - int(");
        number(m, out, fuel - 2);
        buf_char(out, ')');
        break;
    default:
        place(m, out, fuel - 1);
        buf_printf(out, ".?%s.orValue(%u)", some_key(m, 2), pick(m, 3));
    }
}

/* Time against time, with one slope. */
static void timed(struct maker *m, struct buf *out, int fuel)
{
    static const char *const sign[] = { "<", "<=", ">", ">=" };

    switch (pick(m, 6)) {
    case 0:
        buf_str(out, "stale(");
        place(m, out, fuel - 1);
        buf_printf(out, ", '%s')", some_span(m));
        break;
    case 1:
        buf_str(out, "lastSeen(");
        place(m, out, fuel - 1);
        buf_printf(out, ") %s now - duration('%s')", ANY(m, sign),
                   some_span(m));
        break;
    case 2:
        buf_str(out, "age(");
        place(m, out, fuel - 1);
        buf_printf(out, ") %s age(", ANY(m, sign));
        place(m, out, fuel - 1);
        buf_char(out, ')');
        break;
    case 3:
        buf_printf(out, "now %s timestamp('2023-11-14T22:13:%02u.%03uZ')",
                   ANY(m, sign), 20 + pick(m, 5), pick(m, 1000));
        break;
    default:
        buf_str(out, "age(");
        counter(m, out, fuel - 1);
        buf_printf(out, ") %s duration('%s')", ANY(m, sign), some_span(m));
    }
}

/* -- conditions ----------------------------------------------------------- */

static void condition(struct maker *m, struct buf *out, int fuel);

static void variable_add(struct maker *m, const char *name, bool is_text,
                         int level)
{
    struct variable *v;

    if (m->nvariables == VARIABLE_MAX)
        abort();
    v = &m->variable[m->nvariables++];
    *v = (struct variable){ .text = is_text, .level = level };
    snprintf(v->name, sizeof(v->name), "%s", name);
}

/* Over the children of a place. */
static void loop(struct maker *m, struct buf *out, int fuel)
{
    static const struct {
        const char *before, *behind, *end;
        bool with_value; /* it names the child beside its key */
    } forms[] = {
        { "", ".exists(", ")", true },
        { "", ".all(", ")", true },
        { "", ".existsOne(", ")", true },
        { "", ".exists(", ")", false },
        { "", ".all(", ")", false },
        { "size(", ".filter(", ")) > 1", false },
        { "size(", ".transformList(", ")) == 2", true },
        { "true in ", ".transformList(", ")", true },
        { "size(", ".transformMap(", ")) < 2", true },
    };
    size_t before = m->nvariables, form = pick(m, COUNT(forms));
    char k[8], v[8];

    buf_str(out, forms[form].before);
    place(m, out, 0);
    snprintf(k, sizeof(k), "k%d", m->depth);
    snprintf(v, sizeof(v), "v%d", m->depth);
    variable_add(m, k, true, 0);
    buf_printf(out, "%s%s, ", forms[form].behind, k);
    if (forms[form].with_value) {
        variable_add(m, v, false, 2);
        buf_printf(out, "%s, ", v);
    }
    m->depth++;
    condition(m, out, fuel - 2);
    buf_str(out, forms[form].end);
    m->nvariables = before;
    m->depth--;
}

static void compared(struct maker *m, struct buf *out, int fuel)
{
    static const char *const sign[] = { "<", "<=", ">", ">=", "==", "!=" };
    unsigned what = pick(m, 4);

    if (what == 0) {
        text(m, out, fuel - 1);
        buf_str(out, chance(m, 50) ? " == " : " != ");
        text(m, out, fuel - 1);
        return;
    }
    number(m, out, fuel - 1);
    buf_printf(out, " %s ", ANY(m, sign));
    if (what == 1)
        number(m, out, fuel - 1);
    else
        buf_u64(out, pick(m, 4));
}

static void looked_at(struct maker *m, struct buf *out, int fuel)
{
    static const char *const types[] = { "map", "int", "string", "list",
                                         "bool" };

    switch (pick(m, 7)) {
    case 0:
        buf_str(out, "type(");
        place(m, out, fuel - 1);
        buf_printf(out, ") == %s", ANY(m, types));
        break;
    case 1:
        text(m, out, 0);
        buf_str(out, " in ");
        place(m, out, fuel - 1);
        break;
    case 2:
        place(m, out, fuel - 1);
        buf_str(out, chance(m, 50) ? " == " : " != ");
        place(m, out, fuel - 1);
        break;
    case 3:
    case 4:
        buf_printf(out, "'b%u' in byBlade(", 1 + pick(m, 2));
        counter(m, out, fuel - 1);
        buf_char(out, ')');
        break;
    default:
        buf_str(out, "has(");
        place(m, out, fuel - 1);
        buf_printf(out, ".%s)", some_key(m, 1 + (int)pick(m, 3)));
    }
}

static void joined(struct maker *m, struct buf *out, int fuel)
{
    static const char *const join[] = { " && ", " || ", " ? true : " };

    buf_char(out, '(');
    condition(m, out, fuel - 1);
    buf_str(out, ANY(m, join));
    condition(m, out, fuel - 1);
    buf_char(out, ')');
}

static void condition(struct maker *m, struct buf *out, int fuel)
{
    switch (pick(m, fuel > 1 ? 14 : 8)) {
    case 0:
    case 1:
        timed(m, out, fuel);
        break;
    case 2:
    case 3:
        looked_at(m, out, fuel);
        break;
    case 8:
        buf_str(out, "!(");
        condition(m, out, fuel - 1);
        buf_char(out, ')');
        break;
    case 9:
    case 10:
        joined(m, out, fuel);
        break;
    case 11:
    case 12:
        loop(m, out, fuel);
        break;
    default:
        compared(m, out, fuel);
    }
}

/* -- members of a rule ---------------------------------------------------- */

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    json_string(value, out);
}

typedef void expression(struct maker *, struct buf *, int fuel);

static void member_expression(struct maker *m, struct buf *out,
                              const char *name, expression *make, int fuel)
{
    struct buf expr;

    buf_init(&expr, BUF_NO_CAP);
    make(m, &expr, fuel);
    member(out, name, buf_view(&expr));
    buf_release(&expr);
}

/* A foreach over what is logged; what it names can be named from here on. */
static void over_state(struct maker *m, struct buf *out, int *ret_stars)
{
    static const struct {
        const char *path;
        int stars, level;
    } paths[] = {
        { "k, e in state.a", 1, 2 },
        { "k, e in state.b.*", 1, 2 },
        { "k, e in state.a.*.n", 1, 3 },
        { "k, j, e in state.*.*", 2, 2 },
        { "k, j, e in state.a.*.*", 2, 3 },
        { "k, j, e in state.*.x.*", 2, 3 },
        { "k, e in state.*.y", 1, 2 },
        { "k, j, i, e in state.*.*.*", 3, 3 },
        { "k, e in state.*", 1, 1 },
    };
    size_t i = pick(m, COUNT(paths));

    member(out, "foreach", slice_str(paths[i].path));
    variable_add(m, "k", true, 0);
    if (paths[i].stars > 1)
        variable_add(m, "j", true, 0);
    if (paths[i].stars > 2)
        variable_add(m, "i", true, 0);
    variable_add(m, "e", false, paths[i].level);
    *ret_stars = paths[i].stars;
}

/* A foreach over what another rule derives. */
static bool over_derived(struct maker *m, struct buf *out)
{
    struct named *n;
    char path[64];

    if (m->nnamed == 0)
        return false;
    n = &m->named[pick(m, (unsigned)m->nnamed)];
    snprintf(path, sizeof(path), "k, e in state.monitor.%s.%s%s", n->section,
             n->name, *n->section == 'a' ? ".instances" : "");
    member(out, "foreach", slice_str(path));
    variable_add(m, "k", true, 0);
    variable_add(m, "e", false, 2);
    return true;
}

static int foreach (struct maker *m, struct buf * out)
{
    int stars = 1;

    if (!chance(m, 15) || !over_derived(m, out))
        over_state(m, out, &stars);
    return stars;
}

static int maybe_foreach(struct maker *m, struct buf *out)
{
    return chance(m, 65) ? foreach (m, out) : 0;
}

/* Of labels: when an alert begins, time may show in them. */
static void templated(struct maker *m, struct buf *out, bool with_time)
{
    struct buf t;

    buf_init(&t, BUF_NO_CAP);
    buf_str(&t, "it is {{ ");
    if (with_time && chance(m, 30))
        timed(m, &t, 1);
    else
        text(m, &t, 2);
    buf_str(&t, " }}");
    json_string(buf_view(&t), out);
    buf_release(&t);
}

/* -- kinds ---------------------------------------------------------------- */

static int make_alert(struct maker *m, struct buf *out)
{
    static const char *const no_data[] = { "ok", "alert", "keep" };
    static const char *const spans[] = { "0s", "30ms", "37ms", "200ms" };
    int stars = maybe_foreach(m, out);

    member_expression(m, out, "expr", condition, 4);
    if (chance(m, 50))
        member(out, "for", slice_str(ANY(m, spans)));
    if (chance(m, 40))
        member(out, "keep_firing_for", slice_str(ANY(m, spans)));
    if (chance(m, 30))
        member(out, "no_data", slice_str(ANY(m, no_data)));
    if (chance(m, 50)) {
        buf_str(out, ",\"labels\":{\"what\":");
        templated(m, out, true);
        buf_char(out, '}');
    }
    if (chance(m, 50)) {
        buf_str(out, ",\"annotations\":{\"summary\":");
        templated(m, out, false);
        buf_char(out, '}');
    }
    return stars;
}

static void parties(struct maker *m, struct buf *out, int fuel)
{
    switch (pick(m, 4)) {
    case 0:
        buf_str(out, "['x', 'y']");
        break;
    case 1:
        buf_str(out, "{'first': 'x', 'second': ");
        text(m, out, fuel);
        buf_char(out, '}');
        break;
    default:
        place(m, out, fuel);
    }
}

static void deadline(struct maker *m, struct buf *out, int fuel)
{
    (void)fuel;
    if (chance(m, 70)) {
        buf_printf(out, "duration('%s')", some_span(m));
        return;
    }
    place(m, out, 0);
    buf_printf(out, " == 1 ? duration('%s') : ", some_span(m));
    buf_printf(out, "duration('%s')", some_span(m));
}

static int make_intent(struct maker *m, struct buf *out)
{
    int stars = foreach (m, out);

    if (chance(m, 40))
        member_expression(m, out, "when", condition, 2);
    member_expression(m, out, "parties", parties, 2);
    member_expression(m, out, "answers", parties, 1);
    if (chance(m, 70))
        member_expression(m, out, "deadline", deadline, 0);
    return stars;
}

static int make_machine(struct maker *m, struct buf *out)
{
    static const char *const names[] = { "p", "q", "r", "s" };
    size_t n = 2 + pick(m, 3), k, from;
    int stars = maybe_foreach(m, out);

    buf_str(out, ",\"phases\":[");
    for (k = 0; k < n; k++) {
        buf_printf(out, "%s{\"phase\":\"%s\"", k ? "," : "", names[k]);
        if (k || chance(m, 50))
            member_expression(m, out, "when", condition, 3);
        from = pick(m, (unsigned)n);
        if (chance(m, 40) && from != k)
            buf_printf(out, ",\"from\":[\"%s\"]",
                       chance(m, 30) ? "start" : names[from]);
        if (k + 1 == n && chance(m, 50))
            buf_str(out, ",\"final\":true");
        buf_char(out, '}');
    }
    buf_char(out, ']');
    return stars;
}

static int make_count(struct maker *m, struct buf *out)
{
    int stars = maybe_foreach(m, out);

    if (stars == 0 || chance(m, 80))
        member_expression(m, out, "value", number, 3);
    if (chance(m, 40))
        member_expression(m, out, "when", condition, 2);
    if (chance(m, 50))
        member(out, "type", slice_str("gauge"));
    if (chance(m, 50)) {
        buf_str(out, ",\"by\":{\"key\":\"'b'\"");
        member_expression(m, out, "what", text, 2);
        buf_char(out, '}');
    }
    return stars;
}

static int make_errors(struct maker *m, struct buf *out)
{
    static const char *const paths[] = { "state.a.*.m", "state.*.x.s",
                                         "state.b.y.*", "state.*.z",
                                         "state.a.*.*" };
    static const char *const matches[] = {
        "line.a.x.n == 1",
        "blade == 'b1'",
        "line.level == 'error'",
        "line.exists(k, v, k == 'b')",
    };
    size_t n = 1 + pick(m, 2), k;

    buf_str(out, ",\"paths\":[");
    for (k = 0; k < n; k++)
        buf_printf(out, "%s\"%s\"", k ? "," : "", ANY(m, paths));
    buf_char(out, ']');
    if (chance(m, 60))
        member(out, "match", slice_str(ANY(m, matches)));
    if (chance(m, 40))
        member(out, "message", slice_str("string(line.a.x)"));
    return 0;
}

/* Short enough for something to come of it. */
static void policy(struct maker *m, struct buf *out)
{
    static const char *const on_stop[] = { "second-stop-holds", "revive",
                                           "respect" };

    buf_printf(out,
               ",\"policy\":{\"on_stop\":\"%s\",\"attempts\":%u,"
               "\"window\":\"%us\",\"backoff\":\"%s\",\"max_backoff\":"
               "\"2s\",\"verify_after\":\"0%s\",\"verify_timeout\":"
               "\"2s\",\"reset_after\":\"%us\"",
               ANY(m, on_stop), 1 + pick(m, 4), 1 + pick(m, 20), some_span(m),
               some_span(m), pick(m, 8));
    if (chance(m, 30))
        buf_str(out, ",\"on_exit\":\"on-failure\"");
    if (chance(m, 50))
        buf_str(out, ",\"on_unhealthy\":\"restart\"");
    if (chance(m, 30))
        buf_str(out, ",\"recreate\":true");
    if (chance(m, 30))
        buf_str(out, ",\"breaker\":\"off\"");
    else if (chance(m, 60))
        buf_printf(out,
                   ",\"breaker\":{\"down\":%u,\"within\":\"%s\","
                   "\"failures\":%u,\"open\":\"%s\"}",
                   2 + pick(m, 3), some_span(m), 1 + pick(m, 3), some_span(m));
    buf_char(out, '}');
}

static int make_revive(struct maker *m, struct buf *out)
{
    if (chance(m, 80))
        policy(m, out);
    variable_add(m, "c", false, 2);
    if (chance(m, 50))
        member(out, "containers", slice_str("c.labels['role'] == 'node'"));
    else
        member_expression(m, out, "containers", condition, 2);
    if (chance(m, 50))
        member(out, "when",
               slice_str("c.state == 'exited' || c.n >= 3 || "
                         "c.probe.down"));
    else
        member_expression(m, out, "when", condition, 2);
    return 1;
}

static const struct {
    const char *kind, *section;
    int (*make)(struct maker *, struct buf *); /* stars */
} kinds[] = {
    { "alert", "alerts", make_alert },
    { "alert", "alerts", make_alert },
    { "alert", "alerts", make_alert },
    { "intent", "intents", make_intent },
    { "machine", "machines", make_machine },
    { "count", "counts", make_count },
    { "errors", "errors", make_errors },
    { "revive", "revivals", make_revive },
    { "revive", "revivals", make_revive },
};

static void make_rule(struct maker *m, struct buf *out, size_t number)
{
    size_t kind = pick(m, COUNT(kinds));
    struct named named = { .section = kinds[kind].section };

    m->nvariables = 0;
    snprintf(named.name, sizeof(named.name), "r%zu", number);
    named.breaks = strcmp(named.section, "revivals") == 0;
    buf_printf(out, "{\"%s\":\"%s\"", kinds[kind].kind, named.name);
    named.stars = kinds[kind].make(m, out);
    buf_char(out, '}');
    if (m->nnamed < NAMED_MAX)
        m->named[m->nnamed++] = named;
}

static bool loads(struct slice rules)
{
    struct buf file;
    struct rule_file f = { .name = slice_str("r.json") };
    const struct rule_options options = { 0 };
    struct diagnostics diags = { 0 };
    struct ruleset *set = NULL;
    bool good;

    buf_init(&file, BUF_NO_CAP);
    buf_printf(&file, "{\"groups\":[{\"name\":\"g\",\"rules\":[%.*s]}]}",
               SLICE_ARG(rules));
    f.text = buf_view(&file);
    good = !ruleset_load(&f, 1, &options, &diags, &set);
    ruleset_free(set);
    diagnostics_release(&diags);
    buf_release(&file);
    return good;
}

/*
 * What the checker refuses - a text compared with a number - is left out; most
 * of what is made is dynamic, and loads.
 */
void rulegen_rules(uint64_t *seed, size_t n, struct buf *out)
{
    struct maker m = { .seed = seed };
    struct buf rules;
    size_t tries, before, made = 0;

    buf_init(&rules, BUF_NO_CAP);
    for (tries = 0; made < n && tries < 4 * n; tries++) {
        before = rules.n;
        buf_str(&rules, made ? "," : "");
        make_rule(&m, &rules, made);
        if (loads(buf_view(&rules))) {
            made++;
            continue;
        }
        rules.n = before;
        m.nnamed -= m.nnamed > made;
    }
    buf_printf(out, "{\"groups\":[{\"name\":\"g\",\"rules\":[%.*s]}]}",
               SLICE_ARG(buf_view(&rules)));
    buf_release(&rules);
}
