#include "inside.h"

static const char *const keys[] = { "alert",           "expr",
                                    "foreach",         "for",
                                    "keep_firing_for", "no_data",
                                    "labels",          "annotations" };

/* Whose alert it is shows in the foreach's keys, unless a label of the same
 * name stands in their place: then several alerts may have the same labels. */
static void mind_hidden(struct loader *l, const struct yaml_node *labels,
                        const struct rule_foreach *f)
{
    const struct yaml_node *child;
    struct diagnostic *item;
    uint32_t k;

    if (!labels || labels->kind != YAML_MAPPING)
        return;
    for (child = labels->first; child; child = child->next) {
        for (k = 0; k < f->nstars; k++) {
            if (!slice_eq(child->key->text, f->star[k]))
                continue;
            item = load_warning(l, child->key,
                                "this label hides the key of the same name");
            load_help(item, "every alert has its keys as labels; to a receiver "
                            "those with the same labels are one alert");
        }
    }
}

static void read_alert(struct loader *l, const struct yaml_node *node,
                       struct rule *rule)
{
    static const char *const no_data[] = { "ok", "alert", "keep" };
    struct rule_alert *a = &rule->alert;
    unsigned choice = NO_DATA_OK;

    a->expr = load_expression(l, load_need(l, node, "expr", "an alert"),
                              WANT_BOOL, "an alert's expr");
    load_span(l, yaml_get(node, "for"), &a->hold_for);
    load_span(l, yaml_get(node, "keep_firing_for"), &a->keep_firing_for);
    load_choice(l, yaml_get(node, "no_data"),
                (struct key_list){ no_data, COUNT(no_data) }, &choice);
    a->no_data = (enum rule_no_data)choice;
    a->nlabels = load_labels(l, yaml_get(node, "labels"), &a->label);
    mind_hidden(l, yaml_get(node, "labels"), &rule->foreach);
    a->nannotations =
        load_labels(l, yaml_get(node, "annotations"), &a->annotation);
}

const struct kind kind_alert = {
    "alert", "alerts", "an alert", { keys, COUNT(keys) }, false, read_alert,
};
