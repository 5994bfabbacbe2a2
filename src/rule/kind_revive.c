#include "inside.h"

static const char *const keys[] = { "revive", "containers", "when", "policy" };
static const char *const policy_keys[] = {
    "on_stop", "on_exit",     "on_unhealthy",   "attempts",       "window",
    "backoff", "max_backoff", "verify_after",   "verify_timeout", "reset_after",
    "dry_run", "recreate",    "repair_network", "breaker",
};
static const char *const breaker_keys[] = { "down", "percent", "within",
                                            "failures", "open" };

#define ATTEMPTS_MAX 1000
#define DOWN_MAX     100000

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

/* `off`, which YAML 1.1 took for false. */
static bool is_off(const struct yaml_node *breaker)
{
    return breaker->kind == YAML_SCALAR && breaker->style == YAML_PLAIN &&
           (slice_is(breaker->text, "off") || slice_is(breaker->text, "false"));
}

static void read_breaker(struct loader *l, const struct yaml_node *breaker,
                         struct rule_breaker *b)
{
    if (!breaker)
        return;
    if (is_off(breaker)) {
        *b = (struct rule_breaker){ 0 };
        return;
    }
    if (!load_is(l, breaker, YAML_MAPPING, "a mapping or off"))
        return;
    load_keys(l, breaker,
              (struct key_list){ breaker_keys, COUNT(breaker_keys) });
    load_number(l, yaml_get(breaker, "down"), 1, DOWN_MAX, &b->down);
    load_number(l, yaml_get(breaker, "percent"), 1, 100, &b->percent);
    load_number(l, yaml_get(breaker, "failures"), 1, ATTEMPTS_MAX,
                &b->failures);
    load_span(l, yaml_get(breaker, "within"), &b->within);
    load_span(l, yaml_get(breaker, "open"), &b->open_for);
    if (b->within == 0)
        clash(l, breaker, "within",
              "falls are counted in it, so it has to be longer than nothing");
    if (b->open_for == 0)
        clash(l, breaker, "open",
              "to have none write breaker: off; else it has to be longer than "
              "nothing");
}

static void read_choices(struct loader *l, const struct yaml_node *policy,
                         struct rule_revive *r)
{
    static const char *const on_stop[] = { "second-stop-holds", "revive",
                                           "respect" };
    static const char *const on_exit[] = { "always", "on-failure" };
    static const char *const on_unhealthy[] = { "alert", "restart" };
    unsigned choice = STOP_SECOND_HOLDS;

    load_choice(l, yaml_get(policy, "on_stop"),
                (struct key_list){ on_stop, COUNT(on_stop) }, &choice);
    r->on_stop = (enum rule_on_stop)choice;
    choice = EXIT_ALWAYS;
    load_choice(l, yaml_get(policy, "on_exit"),
                (struct key_list){ on_exit, COUNT(on_exit) }, &choice);
    r->on_exit = (enum rule_on_exit)choice;
    choice = 0;
    load_choice(l, yaml_get(policy, "on_unhealthy"),
                (struct key_list){ on_unhealthy, COUNT(on_unhealthy) },
                &choice);
    r->restart_unhealthy = choice == 1;
}

static void read_policy(struct loader *l, const struct yaml_node *policy,
                        struct rule_revive *r)
{
    if (!policy || !load_is(l, policy, YAML_MAPPING, "a mapping"))
        return;
    load_keys(l, policy, (struct key_list){ policy_keys, COUNT(policy_keys) });
    read_choices(l, policy, r);
    load_number(l, yaml_get(policy, "attempts"), 1, ATTEMPTS_MAX, &r->attempts);
    load_span(l, yaml_get(policy, "window"), &r->window);
    load_span(l, yaml_get(policy, "backoff"), &r->backoff);
    load_span(l, yaml_get(policy, "max_backoff"), &r->max_backoff);
    load_span(l, yaml_get(policy, "verify_after"), &r->verify_after);
    load_span(l, yaml_get(policy, "verify_timeout"), &r->verify_timeout);
    load_span(l, yaml_get(policy, "reset_after"), &r->reset_after);
    load_flag(l, yaml_get(policy, "dry_run"), &r->dry_run);
    load_flag(l, yaml_get(policy, "recreate"), &r->recreate);
    load_flag(l, yaml_get(policy, "repair_network"), &r->repair_network);
    read_breaker(l, yaml_get(policy, "breaker"), &r->breaker);
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
        .breaker = { .down = 5,
                     .percent = 30,
                     .failures = 3,
                     .within = 30 * NSEC_SEC,
                     .open_for = 2 * 60 * NSEC_SEC },
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
