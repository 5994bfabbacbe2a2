#include "rule.h"

#include "base/alloc.h"
#include "rule/inside.h"

#include <stdlib.h>

const struct kind *rule_kind_of(enum rule_kind kind)
{
    static const struct kind *const kinds[RULE_KINDS] = {
        [RULE_ALERT] = &kind_alert,     [RULE_INTENT] = &kind_intent,
        [RULE_MACHINE] = &kind_machine, [RULE_COUNT] = &kind_count,
        [RULE_ERRORS] = &kind_errors,   [RULE_REVIVE] = &kind_revive,
    };

    return kinds[kind];
}

const char *rule_kind_name(enum rule_kind kind)
{
    return rule_kind_of(kind)->name;
}

const char *rule_kind_section(enum rule_kind kind)
{
    return rule_kind_of(kind)->section;
}

bool rule_section_kind(struct slice section, enum rule_kind *ret)
{
    unsigned kind;

    if (slice_is(section, RULE_BREAKERS)) {
        *ret = RULE_REVIVE;
        return true;
    }
    for (kind = 0; kind < RULE_KINDS; kind++)
        if (slice_is(section, rule_kind_section((enum rule_kind)kind))) {
            *ret = (enum rule_kind)kind;
            return true;
        }
    return false;
}

void rule_describe(const struct rule *rule, struct buf *out)
{
    buf_printf(out, "%s %.*s", rule_kind_name(rule->kind),
               SLICE_ARG(rule->name));
}

/* Counts programs until the one that is asked for. */
struct search {
    size_t left;
    const struct cel_program *found;
};

static void visit(struct search *s, const struct cel_program *program)
{
    if (program && !s->found && s->left-- == 0)
        s->found = program;
}

static void visit_labels(struct search *s, const struct rule_label *label,
                         size_t n)
{
    size_t i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < label[i].value.n; j++)
            visit(s, label[i].value.piece[j].program);
}

const struct cel_program *rule_program(const struct rule *rule, size_t i)
{
    struct search s = { .left = i };
    size_t j;

    switch (rule->kind) {
    case RULE_ALERT:
        visit(&s, rule->alert.expr);
        visit_labels(&s, rule->alert.label, rule->alert.nlabels);
        visit_labels(&s, rule->alert.annotation, rule->alert.nannotations);
        break;
    case RULE_INTENT:
        visit(&s, rule->intent.when);
        visit(&s, rule->intent.parties);
        visit(&s, rule->intent.answers);
        visit(&s, rule->intent.deadline);
        break;
    case RULE_MACHINE:
        for (j = 0; j < rule->machine.n; j++)
            visit(&s, rule->machine.phase[j].when);
        break;
    case RULE_COUNT:
        visit(&s, rule->count.value);
        visit(&s, rule->count.when);
        visit_labels(&s, rule->count.by, rule->count.nby);
        break;
    case RULE_ERRORS:
        visit(&s, rule->errors.match);
        visit(&s, rule->errors.message);
        break;
    case RULE_REVIVE:
        visit(&s, rule->revive.containers);
        visit(&s, rule->revive.when);
        break;
    case RULE_KINDS:
        break;
    }
    return s.found;
}

void ruleset_free(struct ruleset *set)
{
    struct ruleset_own *own = set ? set->own : NULL;
    size_t i;

    if (!set)
        return;
    for (i = 0; i < own->nprograms; i++)
        cel_program_free(own->program[i]);
    free(own->program);
    free(own->rules);
    cel_functions_free(own->functions);
    arena_release(&own->arena);
    free(own);
    free(set);
}
