#include "inside.h"

#include <string.h>

#define PATHS_MAX     16
#define MATCH_DEFAULT "line.level == \"error\""

static const char *const keys[] = { "errors", "paths", "match", "message" };

static void read_paths(struct loader *l, const struct yaml_node *value,
                       struct rule_errors *e)
{
    const struct yaml_node *item;

    if (!value || !load_is(l, value, YAML_SEQUENCE, "a list of paths"))
        return;
    if (value->n == 0 || value->n > PATHS_MAX) {
        load_error(l, value, "paths: 1 to %d", PATHS_MAX);
        return;
    }
    e->path = load_alloc(l, value->n * sizeof(*e->path));
    for (item = value->first; item; item = item->next)
        load_path(l, item, &e->path[e->npaths++]);
}

static bool accept(struct slice *s, const char *text)
{
    size_t n = strlen(text);

    while (s->n && strchr(" \t\n", *s->p))
        *s = slice_of(s->p + 1, s->n - 1);
    if (s->n < n || memcmp(s->p, text, n) != 0)
        return false;
    *s = slice_of(s->p + n, s->n - n);
    return true;
}

/* line.level == 'x', which can be seen without evaluating anything. */
static bool is_level_only(struct slice s)
{
    char quote[2] = { 0 };

    if (!accept(&s, "line") || !accept(&s, ".") || !accept(&s, "level") ||
        !accept(&s, "==") || !accept(&s, "") || s.n < 2)
        return false;
    quote[0] = *s.p;
    if (!strchr("'\"", *quote) || s.p[1] == *quote)
        return false;
    for (s = slice_of(s.p + 1, s.n - 1); s.n && *s.p != *quote;
         s = slice_of(s.p + 1, s.n - 1))
        if (*s.p == '\\' || *s.p == '\n')
            return false;
    return accept(&s, quote) && accept(&s, "") && s.n == 0;
}

static void read_match(struct loader *l, const struct yaml_node *node,
                       struct rule_errors *e)
{
    const struct yaml_node *value = yaml_get(node, "match");

    if (value) {
        e->match =
            load_expression(l, value, WANT_BOOL, "match of an errors rule");
        e->level_only = e->match && is_level_only(value->text);
    } else if (!yaml_get(node, "paths")) {
        e->match = load_ours(l, node, MATCH_DEFAULT);
        e->level_only = true;
    }
}

static void read_errors(struct loader *l, const struct yaml_node *node,
                        struct rule *rule)
{
    struct rule_errors *e = &rule->errors;

    read_paths(l, yaml_get(node, "paths"), e);
    read_match(l, node, e);
    e->message = load_expression(l, yaml_get(node, "message"), WANT_STRING,
                                 "message of an errors rule");
}

const struct kind kind_errors = {
    "errors", "errors",    "an errors rule", { keys, COUNT(keys) },
    false,    read_errors,
};
