#include "inside.h"

static const char *const keys[] = { "count", "foreach", "value",
                                    "when",  "type",    "by" };

static void one_piece(struct loader *l, struct rule_label *label,
                      struct cel_program *program)
{
    label->value.n = 1;
    label->value.piece = load_alloc(l, sizeof(*label->value.piece));
    label->value.piece->text = slice_of("", 0);
    label->value.piece->program = program;
}

/* by: [host, domain] names variables. */
static void read_by_name(struct loader *l, const struct yaml_node *item,
                         struct rule_label *label)
{
    if (!load_is(l, item, YAML_SCALAR, "a variable's name"))
        return;
    if (!rule_is_identifier(item->text)) {
        load_help(load_error(l, item, "by: \"%.*s\" is no variable's name",
                             SHOWN(item->text)),
                  "for an expression write by: {label: EXPRESSION}");
        return;
    }
    if (!load_check_label(l, item, "a label"))
        return;
    label->name = load_keep(l, item->text);
    one_piece(l, label, load_part(l, item, 0, item->text));
}

/* by: {host: answer.host} */
static void read_by_expression(struct loader *l, const struct yaml_node *item,
                               struct rule_label *label)
{
    if (!load_check_label(l, item->key, "a label"))
        return;
    label->name = load_keep(l, item->key->text);
    one_piece(l, label, load_expression(l, item, WANT_ANY, "a label"));
}

static bool is_twice(const struct rule_count *c, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (slice_eq(c->by[i].name, c->by[n].name))
            return true;
    return false;
}

static void read_by(struct loader *l, const struct yaml_node *value,
                    struct rule_count *c)
{
    const struct yaml_node *item;
    size_t n = 0;

    if (!value)
        return;
    if (value->kind == YAML_SCALAR) {
        (void)load_is(l, value, YAML_SEQUENCE,
                      "a list of variables or a mapping of labels");
        return;
    }
    if (value->n > RULE_LABELS_MAX) {
        load_error(l, value, "by: at most %d", RULE_LABELS_MAX);
        return;
    }
    c->by = load_alloc(l, (value->n + 1) * sizeof(*c->by));
    for (item = value->first; item; item = item->next, n++) {
        if (value->kind == YAML_SEQUENCE)
            read_by_name(l, item, &c->by[n]);
        else
            read_by_expression(l, item, &c->by[n]);
        if (c->by[n].name.n && is_twice(c, n))
            load_error(l, item, "by: \"%.*s\" stands here twice",
                       SHOWN(c->by[n].name));
    }
    c->nby = n;
}

static void read_count(struct loader *l, const struct yaml_node *node,
                       struct rule *rule)
{
    static const char *const types[] = { "total", "gauge" };
    struct rule_count *c = &rule->count;
    unsigned type = 0;

    if (!yaml_get(node, "value") && !yaml_get(node, "foreach"))
        load_error(l, node, "a count needs value: or foreach:");
    c->value = load_expression(l, yaml_get(node, "value"), WANT_NUMBER,
                               "a count's value");
    c->when =
        load_expression(l, yaml_get(node, "when"), WANT_BOOL, "a count's when");
    load_choice(l, yaml_get(node, "type"),
                (struct key_list){ types, COUNT(types) }, &type);
    c->gauge = type == 1;
    read_by(l, yaml_get(node, "by"), c);
}

const struct kind kind_count = {
    "count", "counts", "a count", { keys, COUNT(keys) }, false, read_count,
};
