#include "heal/heal.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char *const states[HEAL_STATES] = {
    [HEAL_OK] = "ok",
    [HEAL_SUSPECT] = "suspect",
    [HEAL_WAITING] = "waiting",
    [HEAL_ACTING] = "acting",
    [HEAL_VERIFYING] = "verifying",
    [HEAL_HELD] = "held",
    [HEAL_COMPLETED] = "completed",
    [HEAL_GIVEN_UP] = "given_up",
    [HEAL_BLOCKED] = "blocked",
    [HEAL_LOOPING] = "looping",
    [HEAL_FROZEN] = "frozen",
    [HEAL_MISSING] = "missing",
    [HEAL_EXEMPT] = "exempt",
};

static const char *const statuses[] = {
    [HEAL_UNKNOWN] = "unknown",
    [HEAL_CREATED] = "created",
    [HEAL_RUNNING] = "running",
    [HEAL_PAUSED] = "paused",
    [HEAL_RESTARTING] = "restarting",
    [HEAL_EXITED] = "exited",
    [HEAL_REMOVING] = "removing",
    [HEAL_DEAD] = "dead",
    [HEAL_GONE] = "gone",
};

static const char *const results[HEAL_RESULTS] = {
    [HEAL_NO_RESULT] = "none",
    [HEAL_STARTED] = "started",
    [HEAL_RUNS] = "running",
    [HEAL_CHANGED] = "changed",
    [HEAL_NOT_THERE] = "missing",
    [HEAL_NETWORK] = "network",
    [HEAL_PORT] = "port",
    [HEAL_WAS_PAUSED] = "paused",
    [HEAL_BEING_REMOVED] = "removing",
    [HEAL_CONFIG] = "config",
    [HEAL_DENIED] = "denied",
    [HEAL_REFUSED] = "refused",
    [HEAL_TIMEOUT] = "timeout",
    [HEAL_UNREACHABLE] = "unreachable",
    [HEAL_DRY_RUN] = "dry_run",
    [HEAL_UNFAITHFUL] = "unfaithful",
};

static const char *const acts[] = {
    [HEAL_START] = "start",
    [HEAL_RESTART] = "restart",
    [HEAL_RECREATE] = "recreate",
};

const char *heal_state_name(enum heal_state state)
{
    return states[state];
}

const char *heal_status_name(enum heal_status status)
{
    return statuses[status];
}

const char *heal_result_name(enum heal_result result)
{
    return results[result];
}

const char *heal_act_name(enum heal_act act)
{
    return acts[act];
}

enum status heal_status_parse(struct slice text, enum heal_status *ret)
{
    for (size_t i = 0; i < COUNT(statuses); i++) {
        if (slice_is(text, statuses[i])) {
            *ret = (enum heal_status)i;
            return ST_OK;
        }
    }
    *ret = HEAL_UNKNOWN;
    return ST_BAD;
}

enum status heal_result_parse(struct slice text, enum heal_result *ret)
{
    for (size_t i = 0; i < COUNT(results); i++) {
        if (slice_is(text, results[i])) {
            *ret = (enum heal_result)i;
            return ST_OK;
        }
    }
    *ret = HEAL_NO_RESULT;
    return ST_BAD;
}
