#include "inside.h"

static const char *const keys[] = { "revive", "containers", "when", "policy" };
static const char *const policy_keys[] = {
    "on_stop",      "attempts",       "window",      "backoff", "max_backoff",
    "verify_after", "verify_timeout", "reset_after", "dry_run", "recreate",
};

#define ATTEMPTS_MAX 1000

/* At the key, or at the whole policy where that is left to its default. */
static void clash(struct loader *l, const struct yaml_node *policy,
                  const char *key, const char *text)
{
    const struct yaml_node *value = yaml_get(policy, key);

    load_error(l, value ? value : policy, "%s: %s", key, text);
}

static void check_policy(struct loader *l, const struct yaml_node *policy,
                         const struct rule_revive *r)
{
    if (r->window == 0)
        clash(
            l, policy, "window",
            "attempts are counted in it, so it has to be longer than nothing");
    if (r->max_backoff < r->backoff)
        clash(l, policy, "max_backoff", "it is shorter than backoff");
    if (r->verify_timeout < r->verify_after)
        clash(l, policy, "verify_timeout", "it is shorter than verify_after");
}

static void read_policy(struct loader *l, const struct yaml_node *policy,
                        struct rule_revive *r)
{
    static const char *const on_stop[] = { "second-stop-holds", "revive",
                                           "respect" };
    unsigned choice = STOP_SECOND_HOLDS;

    if (!policy || !load_is(l, policy, YAML_MAPPING, "a mapping"))
        return;
    load_keys(l, policy, (struct key_list){ policy_keys, COUNT(policy_keys) });
    load_choice(l, yaml_get(policy, "on_stop"),
                (struct key_list){ on_stop, COUNT(on_stop) }, &choice);
    r->on_stop = (enum rule_on_stop)choice;
    load_number(l, yaml_get(policy, "attempts"), 1, ATTEMPTS_MAX, &r->attempts);
    load_span(l, yaml_get(policy, "window"), &r->window);
    load_span(l, yaml_get(policy, "backoff"), &r->backoff);
    load_span(l, yaml_get(policy, "max_backoff"), &r->max_backoff);
    load_span(l, yaml_get(policy, "verify_after"), &r->verify_after);
    load_span(l, yaml_get(policy, "verify_timeout"), &r->verify_timeout);
    load_span(l, yaml_get(policy, "reset_after"), &r->reset_after);
    load_flag(l, yaml_get(policy, "dry_run"), &r->dry_run);
    load_flag(l, yaml_get(policy, "recreate"), &r->recreate);
    check_policy(l, policy, r);
}

static void read_revive(struct loader *l, const struct yaml_node *node,
                        struct rule *rule)
{
    struct rule_revive *r = &rule->revive;

    *r = (struct rule_revive){
        .on_stop = STOP_SECOND_HOLDS,
        .attempts = 5,
        .window = 30 * 60 * NSEC_SEC,
        .backoff = 2 * NSEC_SEC,
        .max_backoff = 5 * 60 * NSEC_SEC,
        .verify_after = 2 * NSEC_SEC,
        .verify_timeout = 30 * NSEC_SEC,
        .reset_after = 10 * 60 * NSEC_SEC,
    };
    r->containers =
        load_expression(l, load_need(l, node, "containers", "a revive rule"),
                        WANT_BOOL, "containers of a revive rule");
    r->when = load_expression(l, load_need(l, node, "when", "a revive rule"),
                              WANT_BOOL, "when of a revive rule");
    read_policy(l, yaml_get(node, "policy"), r);
}

const struct kind kind_revive = {
    "revive", "revivals",  "a revive rule", { keys, COUNT(keys) },
    false,    read_revive,
};
