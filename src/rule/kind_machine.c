#include "inside.h"

static const char *const keys[] = { "machine", "foreach", "phases" };
static const char *const phase_keys[] = { "phase", "when", "from", "final" };

#define START "start" /* no phase at all */

static size_t find_phase(const struct rule_machine *m, struct slice name)
{
    size_t i;

    for (i = 0; i < m->n; i++)
        if (slice_eq(m->phase[i].name, name))
            return i;
    return m->n;
}

static void read_phase(struct loader *l, const struct yaml_node *node,
                       struct rule_machine *m, size_t i)
{
    struct rule_phase *phase = &m->phase[i];
    const struct yaml_node *name, *when = yaml_get(node, "when");

    load_keys(l, node, (struct key_list){ phase_keys, COUNT(phase_keys) });
    name = load_need(l, node, "phase", "a phase");
    if (name && load_name(l, name, &phase->name)) {
        if (slice_is(phase->name, START))
            load_error(l, name,
                       "\"" START "\" is where every instance begins; "
                       "call the phase something else");
        else if (find_phase(m, phase->name) < i)
            load_error(l, name, "there is a phase \"%.*s\" already",
                       SHOWN(phase->name));
    }
    if (!when && i > 0)
        load_help(load_error(l, node, "a phase needs when:, but for the first"),
                  "say what shows that it has been reached");
    phase->when = load_expression(l, when, WANT_BOOL, "a phase's when");
    load_flag(l, yaml_get(node, "final"), &phase->final);
}

static void read_from_name(struct loader *l, const struct yaml_node *name,
                           const struct rule_machine *m,
                           struct rule_phase *phase)
{
    size_t j;

    if (!load_is(l, name, YAML_SCALAR, "the name of a phase"))
        return;
    if (slice_is(name->text, START)) {
        phase->from_start = true;
        return;
    }
    j = find_phase(m, name->text);
    if (j == m->n)
        load_error(l, name, "there is no phase \"%.*s\"", SHOWN(name->text));
    else if (&m->phase[j] == phase)
        load_error(l, name, "a phase does not follow itself");
    else if (m->phase[j].final)
        load_error(l, name, "\"%.*s\" is final: nothing follows it",
                   SHOWN(name->text));
    else
        phase->from |= 1u << j;
}

/* Without a word: from the start and from every earlier phase. */
static void read_from(struct loader *l, const struct yaml_node *value,
                      const struct rule_machine *m, size_t i)
{
    struct rule_phase *phase = &m->phase[i];
    const struct yaml_node *name;
    size_t j;

    if (!value) {
        phase->from_start = true;
        for (j = 0; j < i; j++)
            phase->from |= m->phase[j].final ? 0 : 1u << j;
        return;
    }
    if (value->kind == YAML_SEQUENCE) {
        if (value->n == 0)
            load_error(l, value, "from: names no phase");
        for (name = value->first; name; name = name->next)
            read_from_name(l, name, m, phase);
    } else if (load_is(l, value, YAML_SCALAR, "a phase or a list of them")) {
        read_from_name(l, value, m, phase);
    }
}

static void check_reached(struct loader *l, const struct yaml_node *list,
                          const struct rule_machine *m)
{
    const struct yaml_node *node;
    uint32_t reached = 0, before;
    size_t i;

    do {
        before = reached;
        for (i = 0; i < m->n; i++)
            if (m->phase[i].from_start || (m->phase[i].from & reached))
                reached |= 1u << i;
    } while (reached != before);
    for (i = 0, node = list->first; node; node = node->next, i++)
        if (!(reached & 1u << i))
            load_warning(l, node, "no way leads from the start to \"%.*s\"",
                         SHOWN(m->phase[i].name));
}

static void read_machine(struct loader *l, const struct yaml_node *node,
                         struct rule *rule)
{
    const struct yaml_node *list = load_need(l, node, "phases", "a machine"),
                           *item;
    struct rule_machine *m = &rule->machine;
    size_t i = 0;

    if (!list || !load_is(l, list, YAML_SEQUENCE, "a list of phases"))
        return;
    if (list->n == 0 || list->n > RULE_PHASES_MAX) {
        load_error(l, list, "phases: 1 to %d", RULE_PHASES_MAX);
        return;
    }
    for (item = list->first; item; item = item->next)
        if (!load_is(l, item, YAML_MAPPING, "a phase"))
            return;
    m->n = list->n;
    m->phase = load_alloc(l, m->n * sizeof(*m->phase));
    for (item = list->first; item; item = item->next)
        read_phase(l, item, m, i++);
    for (i = 0, item = list->first; item; item = item->next)
        read_from(l, yaml_get(item, "from"), m, i++);
    check_reached(l, list, m);
}

const struct kind kind_machine = {
    "machine", "machines",   "a machine", { keys, COUNT(keys) },
    false,     read_machine,
};
