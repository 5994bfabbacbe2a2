#include "inside.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const keys[] = { "intent",  "foreach", "when",
                                    "parties", "answers", "deadline" };

/* A span such as 30s, or an expression. */
static struct cel_program *read_deadline(struct loader *l,
                                         const struct yaml_node *value)
{
    char text[64];
    nsec span;

    if (!value)
        return NULL;
    if (value->kind != YAML_SCALAR || span_parse(value->text, &span))
        return load_expression(l, value, WANT_DURATION, "an intent's deadline");
    snprintf(text, sizeof(text), "duration('%" PRId64 "ns')", span);
    return load_ours(l, value, text);
}

static void read_intent(struct loader *l, const struct yaml_node *node,
                        struct rule *rule)
{
    struct rule_intent *i = &rule->intent;

    i->when = load_expression(l, yaml_get(node, "when"), WANT_BOOL,
                              "an intent's when");
    i->parties = load_expression(l, load_need(l, node, "parties", "an intent"),
                                 WANT_NAMES, "an intent's parties");
    i->answers = load_expression(l, load_need(l, node, "answers", "an intent"),
                                 WANT_ANSWERS, "an intent's answers");
    i->deadline = read_deadline(l, yaml_get(node, "deadline"));
}

const struct kind kind_intent = {
    "intent", "intents", "an intent", { keys, COUNT(keys) }, true, read_intent,
};
