#include "inside.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static const char *const group_keys[] = { "name", "variables", "rules" };
static const char *const variable_keys[] = { "name", "expr" };

/* Stands for a variable that is wrong: to use it is no second fault. */
#define ANYTHING "dyn(null)"

/* -- what expressions may use --------------------------------------------- */

static void add_variable(struct cel_variable *v, size_t *n, struct slice name,
                         const struct cel_type *type, bool place)
{
    v[(*n)++] = (struct cel_variable){ name, type, place };
}

/* See RULE_SLOT_STATE and the others. */
static struct cel_env make_env(struct loader *l, const struct rule *rule,
                               struct slice element)
{
    const struct cel_type *dyn = cel_type_simple(TYPE_DYN);
    const struct cel_type *text = cel_type_simple(TYPE_STRING);
    struct cel_variable *v = load_alloc(l, RULE_SLOTS_MAX * sizeof(*v));
    size_t n = 0;
    uint32_t i;

    add_variable(v, &n, slice_str("state"), dyn, true);
    add_variable(v, &n, slice_str("now"), cel_type_simple(TYPE_TIMESTAMP),
                 false);
    for (i = 0; rule && i < rule->foreach.nstars; i++)
        add_variable(v, &n, rule->foreach.star[i], text, false);
    if (rule && rule->foreach.nstars)
        add_variable(v, &n, element, dyn, true);
    if (rule && rule->kind == RULE_ERRORS) {
        add_variable(v, &n, slice_str("line"), dyn, false);
        add_variable(v, &n, slice_str("blade"), text, false);
    }
    return (struct cel_env){
        .functions = l->own->functions,
        .variable = v,
        .nvariables = n,
        .alias = l->group.alias,
        .naliases = l->group.naliases,
        .options = { .strict = l->options->strict_cel },
        .snapshot = l->options->snapshot,
    };
}

static void read_variable(struct loader *l, const struct yaml_node *node)
{
    const struct yaml_node *name, *value;
    struct group *g = &l->group;
    struct cel_alias alias = { .text = slice_str(ANYTHING) };
    struct cel_env env = make_env(l, NULL, slice_of("", 0));
    size_t errors = l->diags->errors, cost;

    if (!load_is(l, node, YAML_MAPPING, "a variable"))
        return;
    load_keys(l, node,
              (struct key_list){ variable_keys, COUNT(variable_keys) });
    name = load_need(l, node, "name", "a variable");
    value = load_need(l, node, "expr", "a variable");
    l->env = &env;
    (void)load_expression(l, value, WANT_ANY, "a variable");
    l->env = NULL;
    if (!name || !load_is(l, name, YAML_SCALAR, "a name") ||
        !load_check_variable(l, name, 0, name->text))
        return;
    alias.name = load_keep(l, name->text);
    if (l->diags->errors == errors)
        alias.text = load_keep(l, value->text);
    cost = alias.text.n + load_alias_cost(l, alias.text);
    g->alias_cost[g->naliases] =
        cost < EXPRESSION_BYTES_MAX ? cost : EXPRESSION_BYTES_MAX;
    g->alias[g->naliases++] = alias;
}

static void read_variables(struct loader *l, const struct yaml_node *list)
{
    const struct yaml_node *item;
    struct buf text;

    if (!list || !load_is(l, list, YAML_SEQUENCE, "a list of variables"))
        return;
    if (list->n > VARIABLES_MAX) {
        load_error(l, list, "variables: at most %d", VARIABLES_MAX);
        return;
    }
    l->group.alias = load_alloc(l, (list->n + 1) * sizeof(*l->group.alias));
    for (item = list->first; item; item = item->next)
        read_variable(l, item);
    buf_init(&text, CANONICAL_BYTES_MAX);
    rule_canonical(list, &text);
    if (!buf_ok(&text))
        load_error(l, list, "variables: too large");
    l->group.text = load_keep(l, buf_view(&text));
    buf_release(&text);
}

/* -- one rule ------------------------------------------------------------- */

static void help_kinds(struct diagnostic *item, const struct yaml_node *node)
{
    const struct yaml_node *record = yaml_get(node, "record");

    if (record)
        load_help(item,
                  "what is worth a name is a count: NAME with value: and, for "
                  "the latest value instead of a total, type: gauge");
    else
        load_help(item, "as in alert: NAME");
}

/* The key that says what the rule is, or NULL. */
static const struct yaml_node *
find_kind(struct loader *l, const struct yaml_node *node, enum rule_kind *ret)
{
    const struct yaml_node *found = NULL, *value;
    unsigned kind;

    for (kind = 0; kind < RULE_KINDS; kind++) {
        value = yaml_get(node, rule_kind_name((enum rule_kind)kind));
        if (value && found) {
            load_error(l, value->key, "a rule is one thing: %s, or %s",
                       rule_kind_of(*ret)->called,
                       rule_kind_of((enum rule_kind)kind)->called);
            return NULL;
        }
        if (value) {
            found = value;
            *ret = (enum rule_kind)kind;
        }
    }
    if (!found)
        help_kinds(load_error(l, node,
                              "a rule is one of alert, intent, machine, "
                              "count, errors and revive"),
                   node);
    return found;
}

static bool has_key(struct key_list keys, const char *key)
{
    size_t i;

    for (i = 0; i < keys.n; i++)
        if (strcmp(keys.name[i], key) == 0)
            return true;
    return false;
}

static void imply_containers(struct rule *rule, struct slice *ret_element)
{
    rule->foreach = (struct rule_foreach){
        .n = 3,
        .key = { slice_str("docker"), slice_str("containers") },
        .nstars = 1,
        .star = { slice_str("name") },
    };
    *ret_element = slice_str("c");
}

/* False: what the variables are called is not known. */
static bool read_instances(struct loader *l, const struct yaml_node *node,
                           struct rule *rule, struct slice *ret_element)
{
    const struct kind *kind = rule_kind_of(rule->kind);
    const struct yaml_node *value = NULL;

    if (rule->kind == RULE_REVIVE)
        imply_containers(rule, ret_element);
    else if (kind->needs_foreach)
        value = load_need(l, node, "foreach", kind->called);
    else if (has_key(kind->keys, "foreach"))
        value = yaml_get(node, "foreach");
    return !value || load_foreach(l, value, &rule->foreach, ret_element);
}

/* Variables that a kind brings along can be hidden by those of the group. */
static void check_hidden(struct loader *l, const struct yaml_node *name,
                         const struct cel_env *env)
{
    size_t i, j;

    for (i = 0; i < env->naliases; i++)
        for (j = RULE_SLOT_STAR; j < env->nvariables; j++)
            if (slice_eq(env->alias[i].name, env->variable[j].name))
                load_error(l, name,
                           "the group's variable \"%.*s\" hides the "
                           "one that this rule has",
                           SHOWN(env->alias[i].name));
}

/* {"rule":{...},"variables":[...]} */
static void read_text(struct loader *l, const struct yaml_node *node,
                      struct rule *rule)
{
    struct buf text;

    buf_init(&text, CANONICAL_BYTES_MAX);
    buf_str(&text, "{\"rule\":");
    rule_canonical(node, &text);
    if (l->group.text.n) {
        buf_str(&text, ",\"variables\":");
        buf_slice(&text, l->group.text);
    }
    buf_char(&text, '}');
    if (!buf_ok(&text))
        load_error(l, node,
                   "this rule, its aliases and its variables are more "
                   "than %zu bytes",
                   CANONICAL_BYTES_MAX);
    rule->text = load_keep(l, buf_view(&text));
    buf_release(&text);
}

static void add_rule(struct loader *l, const struct rule *rule,
                     const struct yaml_node *name)
{
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 64;
        l->own->rules =
            xrealloc(l->own->rules, l->room * sizeof(*l->own->rules));
        l->name_at = xrealloc(l->name_at, l->room * sizeof(*l->name_at));
    }
    l->own->rules[l->n] = *rule;
    l->name_at[l->n] = load_place(l, name, 0, WHOLE);
    l->n++;
}

static void read_rule(struct loader *l, const struct yaml_node *node)
{
    struct rule rule = { .group = l->group.name, .file = l->file_name };
    struct slice element = slice_of("", 0);
    size_t references = l->nreferences;
    const struct yaml_node *name = NULL;
    bool named, known;

    if (load_is(l, node, YAML_MAPPING, "a rule"))
        name = find_kind(l, node, &rule.kind);
    if (!name) {
        l->incomplete = true;
        return;
    }
    rule.line = name->line;
    named = load_name(l, name, &rule.name);
    load_keys(l, node, rule_kind_of(rule.kind)->keys);
    l->rule = &rule;
    known = read_instances(l, node, &rule, &element);
    rule.env = make_env(l, &rule, element);
    check_hidden(l, name, &rule.env);
    l->env = known ? &rule.env : NULL;
    rule_kind_of(rule.kind)->read(l, node, &rule);
    l->rule = NULL;
    l->env = NULL;
    read_text(l, node, &rule);
    if (named) {
        add_rule(l, &rule, name);
        return;
    }
    l->nreferences = references;
    l->incomplete = true;
}

/* -- files and groups ----------------------------------------------------- */

static bool has_room(struct loader *l, const struct yaml_node *node)
{
    if (l->too_many)
        return false;
    if (l->n < RULES_MAX && l->own->arena.used < KEPT_BYTES_MAX)
        return true;
    l->too_many = true;
    if (l->n == RULES_MAX)
        load_error(l, node, "more than %d rules", RULES_MAX);
    else
        load_error(l, node, "the rules are too large, aliases expanded");
    return false;
}

static void read_group(struct loader *l, const struct yaml_node *node)
{
    const struct yaml_node *rules, *item;

    l->group = (struct group){ .name = slice_of("", 0) };
    if (!load_is(l, node, YAML_MAPPING, "a group"))
        return;
    load_keys(l, node, (struct key_list){ group_keys, COUNT(group_keys) });
    (void)load_name(l, load_need(l, node, "name", "a group"), &l->group.name);
    read_variables(l, yaml_get(node, "variables"));
    rules = load_need(l, node, "rules", "a group");
    if (!rules || !load_is(l, rules, YAML_SEQUENCE, "a list of rules"))
        return;
    for (item = rules->first; item && has_room(l, item); item = item->next)
        read_rule(l, item);
}

static void read_root(struct loader *l, const struct yaml_node *root)
{
    static const char *const keys[] = { "groups" };
    const struct yaml_node *groups, *item;

    if (!load_is(l, root, YAML_MAPPING, "a mapping with groups:"))
        return;
    load_keys(l, root, (struct key_list){ keys, COUNT(keys) });
    groups = load_need(l, root, "groups", "a file of rules");
    if (!groups || !load_is(l, groups, YAML_SEQUENCE, "a list of groups"))
        return;
    for (item = groups->first; item && has_room(l, item); item = item->next)
        read_group(l, item);
}

static struct diagnostic_place whole_file(const struct loader *l)
{
    return (struct diagnostic_place){ .order = l->order,
                                      .file = l->file->name,
                                      .text = l->file->text };
}

/* Where line and column of err are. */
static struct diagnostic_place err_place(const struct loader *l,
                                         const struct err *err)
{
    struct diagnostic_place at = whole_file(l);
    const char *p = at.text.p, *end = p + at.text.n;
    size_t line;

    for (line = 1; line < err->line && p; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (err->line == 0 || !p || err->column == 0 ||
        err->column - 1 > (size_t)(end - p))
        return at;
    at.line = (uint32_t)err->line;
    at.column = (uint32_t)err->column;
    at.from = (size_t)(p - at.text.p) + err->column - 1;
    at.to = at.from + 1;
    return at;
}

static void tell_yaml(struct loader *l, const struct err *err)
{
    struct diagnostic_place at = err_place(l, err);
    struct diagnostic *item = load_tell(l, false, &at, "%s", err->text);
    const char *line = at.text.p + at.from - (at.line ? at.column - 1 : 0);
    const char *end =
        at.line ? memchr(line, '\n', at.text.n - (size_t)(line - at.text.p))
                : line;

    if (!end)
        end = at.text.p + at.text.n;
    if (at.line && memmem(line, (size_t)(end - line), "{{", 2))
        load_help(item, "a text with {{ }} in it has to stand in quotes");
}

/* As a file is that was cut while it was written: its rules are not gone. */
static void tell_empty(struct loader *l)
{
    struct diagnostic_place at = whole_file(l);

    load_help(load_tell(l, false, &at, "there are no rules in this file"),
              "write \"groups: []\" if that is meant");
    l->incomplete = true;
}

static void read_file(struct loader *l)
{
    struct yaml *doc;
    struct err err = { 0 };

    if (yaml_parse(l->file->text, &doc, &err)) {
        tell_yaml(l, &err);
        l->incomplete = true;
        return;
    }
    l->doc = doc;
    l->file_name = load_keep(l, l->file->name);
    if (yaml_root(doc))
        read_root(l, yaml_root(doc));
    else
        tell_empty(l);
    l->doc = NULL;
    yaml_free(doc);
}

static void read_files(struct loader *l, const struct rule_file *file, size_t n)
{
    struct diagnostic_place at;
    size_t i, bytes = 0;

    for (i = 0; i < n && !l->too_many; i++) {
        l->file = &file[i];
        l->order = (uint32_t)i;
        bytes += file[i].text.n;
        if (bytes > RULE_FILES_BYTES_MAX) {
            at = whole_file(l);
            load_tell(l, false, &at,
                      "the files are more than %zu bytes together",
                      RULE_FILES_BYTES_MAX);
            return;
        }
        read_file(l);
    }
}

/* -- all of them ---------------------------------------------------------- */

/* The name says where below monitor they are, whatever the group. */
static bool is_same(const struct rule *a, const struct rule *b)
{
    return a->kind == b->kind && slice_eq(a->name, b->name);
}

static void check_names(struct loader *l, const struct rule **sorted)
{
    const struct rule *a, *b;
    struct diagnostic *item;
    size_t i;

    for (i = 1; i < l->n; i++) {
        a = sorted[i - 1];
        b = sorted[i];
        if (!is_same(a, b))
            continue;
        if (a > b) {
            a = sorted[i];
            b = sorted[i - 1];
        }
        item = load_tell(l, false, &l->name_at[b - l->own->rules],
                         "there is %s \"%.*s\" already, at %.*s:%u",
                         rule_kind_of(b->kind)->called, SHOWN(b->name),
                         SHOWN(a->file), a->line);
        load_help(item, "what it derives would be at monitor.%s.%.*s as well",
                  rule_kind_section(b->kind), SHOWN(b->name));
    }
}

static void finish(struct loader *l)
{
    const struct rule **sorted = load_sort(l->own->rules, l->n);
    uint32_t *order = xcalloc(l->n + 1, sizeof(*order));
    struct rule *rules = xcalloc(l->n + 1, sizeof(*rules));
    size_t i;

    check_names(l, sorted);
    load_order(l, sorted, order);
    for (i = 0; i < l->n; i++)
        rules[i] = l->own->rules[order[i]];
    free(l->own->rules);
    l->own->rules = rules;
    free(order);
    free(sorted);
}

enum status ruleset_load(const struct rule_file *file, size_t n,
                         const struct rule_options *options,
                         struct diagnostics *diags, struct ruleset **ret)
{
    struct ruleset *set = xcalloc(1, sizeof(*set));
    struct loader l = { .options = options, .diags = diags };
    size_t errors = diags->errors;

    set->own = l.own = xcalloc(1, sizeof(*l.own));
    arena_init(&l.own->arena, SIZE_MAX);
    l.own->functions = cel_functions_new();
    read_files(&l, file, n);
    finish(&l);
    diagnostics_sort(diags);
    set->rule = l.own->rules;
    set->n = l.n;
    free(l.name_at);
    free(l.references);
    free(l.doubts);
    if (diags->errors > errors) {
        ruleset_free(set);
        return ST_BAD;
    }
    *ret = set;
    return ST_OK;
}
