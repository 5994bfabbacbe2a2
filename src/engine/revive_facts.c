/*
 * What a revive rule looks at beside its expressions.  All of it stands in one
 * table, by which it is listened to as well: what is not in it cannot be read.
 */
#include "revive.h"

#include "base/hash.h"
#include "prove.h"

#define UNKNOWN_PID    1 /* what runs has one, unless the state says none */
#define OOM_KILLS_FOR  NSEC_SEC /* until what had no memory is gone */
#define HEALTH_RETRIES 3        /* Docker's own, where none are configured */

enum fact {
    ID,
    STATE,
    EXIT_CODE,
    PID,
    RESTARTS,
    OOM_KILLED,
    STARTED_AT,
    FINISHED_AT,
    POLICY,
    ERROR,
    AUTO_REMOVE,
    HEALTH,
    FAILING_STREAK,
    HEALTH_RETRIES_SET,
    LABEL_ROLE,
    LABEL_TASK,
    LABEL_REVIVE,
    LABEL_IGNORE,
    LABEL_RECREATE,
    LABEL_VERIFY,
    CREATE_AT,
    START_AT,
    DIE_AT,
    KILL_AT,
    KILL_SIGNAL,
    STOP_AT,
    RESTART_AT,
    RENAME_AT,
    PAUSE_AT,
    DESTROY_AT,
    OOM_AT,
    HEALTH_AT,
    PROBE_OK,
    PROBE_DOWN,
    PROBE_AT,
    PROBE_ERROR,
    ENGINE_STATE,
    ENGINE_UP_AT,
    ENGINE_DOWN_AT,
    ENGINE_ACT,
    HOLD,
    HOLD_BY,
    HOLD_WHY,
    HOLD_UNTIL,
    HOLD_ALL,
    HOLD_ALL_BY,
    HOLD_ALL_WHY,
    HOLD_ALL_UNTIL,
    RELEASED_AT,
    RELEASED_ALL_AT,
    ACT_ORDER,
    ACT_RESULT,
    ACT_MESSAGE,
    ACT_AT,
    FACTS
};

/* docker.SECTION[.NAME].KEY...; NAME where the section has one for each
 * container. */
static const struct {
    const char *section;
    bool named;
    const char *key[3];
} facts[FACTS] = {
#define CONTAINER(...)                                                         \
    {                                                                          \
        "containers", true,                                                    \
        {                                                                      \
            __VA_ARGS__                                                        \
        }                                                                      \
    }
    [ID] = CONTAINER("id"),
    [STATE] = CONTAINER("state"),
    [EXIT_CODE] = CONTAINER("exitCode"),
    [PID] = CONTAINER("pid"),
    [RESTARTS] = CONTAINER("restartCount"),
    [OOM_KILLED] = CONTAINER("oomKilled"),
    [STARTED_AT] = CONTAINER("startedAt"),
    [FINISHED_AT] = CONTAINER("finishedAt"),
    [POLICY] = CONTAINER("restartPolicy"),
    [ERROR] = CONTAINER("error"),
    [AUTO_REMOVE] = CONTAINER("autoRemove"),
    [HEALTH] = CONTAINER("health"),
    [FAILING_STREAK] = CONTAINER("failingStreak"),
    [HEALTH_RETRIES_SET] = CONTAINER("healthRetries"),
    [LABEL_ROLE] = CONTAINER("labels", "role"),
    [LABEL_TASK] = CONTAINER("labels", "com.docker.swarm.task.id"),
    [LABEL_REVIVE] = CONTAINER("labels", "bladewatch.revive"),
    [LABEL_IGNORE] = CONTAINER("labels", "bladewatch.ignore"),
    [LABEL_RECREATE] = CONTAINER("labels", "bladewatch.recreate"),
    [LABEL_VERIFY] = CONTAINER("labels", "bladewatch.verify"),
    [CREATE_AT] = CONTAINER("events", "create", "at"),
    [START_AT] = CONTAINER("events", "start", "at"),
    [DIE_AT] = CONTAINER("events", "die", "at"),
    [KILL_AT] = CONTAINER("events", "kill", "at"),
    [KILL_SIGNAL] = CONTAINER("events", "kill", "signal"),
    [STOP_AT] = CONTAINER("events", "stop", "at"),
    [RESTART_AT] = CONTAINER("events", "restart", "at"),
    [RENAME_AT] = CONTAINER("events", "rename", "at"),
    [PAUSE_AT] = CONTAINER("events", "pause", "at"),
    [DESTROY_AT] = CONTAINER("events", "destroy", "at"),
    [OOM_AT] = CONTAINER("events", "oom", "at"),
    [HEALTH_AT] = CONTAINER("events", "health_status", "at"),
    [PROBE_OK] = CONTAINER("probe", "ok"),
    [PROBE_DOWN] = CONTAINER("probe", "down"),
    [PROBE_AT] = CONTAINER("probe", "at"),
    [PROBE_ERROR] = CONTAINER("probe", "error"),
#undef CONTAINER
    [ENGINE_STATE] = { "engine", false, { "state" } },
    [ENGINE_UP_AT] = { "engine", false, { "upAt" } },
    [ENGINE_DOWN_AT] = { "engine", false, { "downAt" } },
    [ENGINE_ACT] = { "engine", false, { "act" } },
    [HOLD] = { "holds", true, { NULL } },
    [HOLD_BY] = { "holds", true, { "by" } },
    [HOLD_WHY] = { "holds", true, { "why" } },
    [HOLD_UNTIL] = { "holds", true, { "until" } },
    [HOLD_ALL] = { "holds", false, { "*" } },
    [HOLD_ALL_BY] = { "holds", false, { "*", "by" } },
    [HOLD_ALL_WHY] = { "holds", false, { "*", "why" } },
    [HOLD_ALL_UNTIL] = { "holds", false, { "*", "until" } },
    [RELEASED_AT] = { "releases", true, { "at" } },
    [RELEASED_ALL_AT] = { "releases", false, { "*", "at" } },
    [ACT_ORDER] = { "acts", true, { "order" } },
    [ACT_RESULT] = { "acts", true, { "result" } },
    [ACT_MESSAGE] = { "acts", true, { "message" } },
    [ACT_AT] = { "acts", true, { "at" } },
};

bool revive_path(size_t k, struct rule_foreach *ret)
{
    size_t j;

    if (k >= FACTS)
        return false;
    *ret = (struct rule_foreach){ .n = 2, .nstars = facts[k].named };
    ret->key[0] = slice_str("docker");
    ret->key[1] = slice_str(facts[k].section);
    ret->n += facts[k].named; /* p == NULL: a star */
    for (j = 0; j < 3 && facts[k].key[j]; j++)
        ret->key[ret->n++] = slice_str(facts[k].key[j]);
    return true;
}

/* -- from the tree ----------------------------------------------------------
 */

/* What stands there; NULL: nothing. */
static const struct node *node_of(const struct engine *e,
                                  const struct instance *i, enum fact fact)
{
    const struct tree *t = e->config.state;
    const struct node *n = &t->root;
    struct rule_foreach path;
    uint32_t key, k;

    if (!revive_path(fact, &path))
        return NULL;
    for (k = 0; k < path.n; k++) {
        const struct map *m = n->u.map;

        key = i->key[0];
        if (path.key[k].p) {
            struct step s = tree_step(t, path.key[k]);

            key = keys_find(&t->keys, s.key, s.hash);
        }
        if (k + 1 == path.n)
            prove_heard(e, i->live, m, key);
        n = key == KEY_NONE ? NULL : map_find(m, key);
        if (!n || n->kind == NODE_NONE)
            return NULL;
        if (k + 1 < path.n && n->kind != NODE_MAP)
            return NULL;
    }
    return n;
}

static struct slice text_of(const struct engine *e, const struct instance *i,
                            enum fact fact)
{
    const struct node *n = node_of(e, i, fact);

    return n && n->kind == NODE_STRING ? node_text(n) : slice_of("", 0);
}

static bool is_true(const struct engine *e, const struct instance *i,
                    enum fact fact)
{
    const struct node *n = node_of(e, i, fact);

    return n && n->kind == NODE_TRUE;
}

/* A whole number, also one that is written as text; 0: there is none. */
static int64_t number_of(const struct engine *e, const struct instance *i,
                         enum fact fact)
{
    const struct node *n = node_of(e, i, fact);
    amount a;

    if (!n || (n->kind != NODE_NUMBER && n->kind != NODE_STRING) ||
        amount_parse(node_text(n), &a))
        return 0;
    return (int64_t)(a / AMOUNT_UNIT);
}

/* 0: never, or no instant. */
static nsec instant_of(const struct engine *e, const struct instance *i,
                       enum fact fact)
{
    nsec at = 0;

    if (instant_parse(text_of(e, i, fact), &at) || at < 0)
        return 0;
    return at;
}

/* -- what it means ----------------------------------------------------------
 */

static enum heal_restart_policy policy_of(struct slice name)
{
    if (slice_is(name, "on-failure"))
        return HEAL_ON_FAILURE;
    if (slice_is(name, "always") || slice_is(name, "unless-stopped"))
        return HEAL_ALWAYS;
    return HEAL_NO_POLICY;
}

/* Does the label bladewatch.revive mean anything? */
static bool says_when(struct slice revive)
{
    return slice_is(revive, "always") || slice_is(revive, "on-failure") ||
           slice_is(revive, "never");
}

static enum heal_exempt exempt_of(const struct engine *e,
                                  const struct instance *i)
{
    if (slice_is(text_of(e, i, LABEL_ROLE), "monitor"))
        return HEAL_IS_MONITOR;
    if (node_of(e, i, LABEL_TASK))
        return HEAL_IS_TASK;
    if (is_true(e, i, AUTO_REMOVE))
        return HEAL_AUTO_REMOVED;
    if (slice_is(text_of(e, i, LABEL_REVIVE), "never") ||
        slice_is(text_of(e, i, LABEL_IGNORE), "true"))
        return HEAL_NEVER;
    if (node_of(e, i, LABEL_REVIVE) && !says_when(text_of(e, i, LABEL_REVIVE)))
        return HEAL_BAD_LABEL;
    return HEAL_NOT_EXEMPT;
}

static void read_container(const struct engine *e, const struct instance *i,
                           struct heal_facts *ret)
{
    struct slice revive = text_of(e, i, LABEL_REVIVE);

    ret->exempt = exempt_of(e, i);
    ret->id = text_of(e, i, ID);
    if (heal_status_parse(text_of(e, i, STATE), &ret->status))
        ret->status = HEAL_UNKNOWN;
    ret->exit_code = number_of(e, i, EXIT_CODE);
    ret->pid = node_of(e, i, PID) ? number_of(e, i, PID) : UNKNOWN_PID;
    ret->restarts = number_of(e, i, RESTARTS);
    ret->oom = is_true(e, i, OOM_KILLED);
    ret->started_at = instant_of(e, i, STARTED_AT);
    ret->finished_at = instant_of(e, i, FINISHED_AT);
    ret->policy = policy_of(text_of(e, i, POLICY));
    ret->error = text_of(e, i, ERROR);
    ret->on_failure_label = slice_is(revive, "on-failure");
    ret->always_label = slice_is(revive, "always");
    ret->revive_label = revive;
    ret->recreate_label = slice_is(text_of(e, i, LABEL_RECREATE), "true");
    if (span_parse(text_of(e, i, LABEL_VERIFY), &ret->verify_timeout))
        ret->verify_timeout = 0;
}

static void read_events(const struct engine *e, const struct instance *i,
                        struct heal_facts *ret)
{
    ret->create_at = instant_of(e, i, CREATE_AT);
    ret->start_at = instant_of(e, i, START_AT);
    ret->die_at = instant_of(e, i, DIE_AT);
    ret->kill_at = instant_of(e, i, KILL_AT);
    ret->kill_signal = number_of(e, i, KILL_SIGNAL);
    ret->stop_at = instant_of(e, i, STOP_AT);
    ret->restart_at = instant_of(e, i, RESTART_AT);
    ret->rename_at = instant_of(e, i, RENAME_AT);
    ret->pause_at = instant_of(e, i, PAUSE_AT);
    ret->destroy_at = instant_of(e, i, DESTROY_AT);
    ret->oom_at = instant_of(e, i, OOM_AT);
    /* The engine now and then forgets to say so of the container. */
    ret->oom |= ret->oom_at && ret->oom_at >= ret->started_at &&
                ret->die_at >= ret->started_at &&
                nsec_sub(ret->die_at, ret->oom_at) <= OOM_KILLS_FOR;
}

/*
 * Docker's own check.  Its verdict is about the life that the same look found,
 * and later than its beginning; one that is stopped or paused is called
 * unhealthy, too.
 */
static void read_health(const struct engine *e, const struct instance *i,
                        struct heal_facts *ret)
{
    struct slice health = text_of(e, i, HEALTH);
    int64_t streak = number_of(e, i, FAILING_STREAK);
    int64_t retries = number_of(e, i, HEALTH_RETRIES_SET);
    bool unhealthy = slice_is(health, "unhealthy");
    bool running = ret->status == HEAL_RUNNING;

    ret->probe_ok = running && slice_is(health, "healthy");
    ret->probe_down = running && unhealthy &&
                      streak >= (retries > 0 ? retries : HEALTH_RETRIES);
    ret->has_probe = unhealthy || slice_is(health, "healthy") ||
                     slice_is(health, "starting");
    if (unhealthy)
        ret->probe_error = slice_str("its health check fails");
    ret->probe_at = instant_of(e, i, HEALTH_AT);
    if (ret->probe_at <= ret->started_at)
        ret->probe_at = nsec_add(ret->started_at, 1);
}

static void read_probe(const struct engine *e, const struct instance *i,
                       struct heal_facts *ret)
{
    /* One that was begun anew has no answer yet, but there is one. */
    if (!node_of(e, i, PROBE_OK) && !node_of(e, i, PROBE_DOWN)) {
        read_health(e, i, ret);
        return;
    }
    ret->has_probe = true;
    ret->probe_ok = is_true(e, i, PROBE_OK);
    ret->probe_down = is_true(e, i, PROBE_DOWN);
    ret->probe_at = instant_of(e, i, PROBE_AT);
    ret->probe_error = text_of(e, i, PROBE_ERROR);
}

static void read_engine(const struct engine *e, const struct instance *i,
                        struct heal_facts *ret)
{
    struct slice act = text_of(e, i, ENGINE_ACT);

    ret->engine_up = !slice_is(text_of(e, i, ENGINE_STATE), "down");
    ret->engine_up_at = instant_of(e, i, ENGINE_UP_AT);
    ret->engine_down_at = instant_of(e, i, ENGINE_DOWN_AT);
    ret->act_off = slice_is(act, "off");
    ret->dry_run = slice_is(act, "dry_run");
    ret->act_denied = ret->act_off || slice_is(act, "denied");
}

/* A hold is anything that stands there and is not false. */
static bool holds(const struct engine *e, const struct instance *i,
                  enum fact fact)
{
    const struct node *n = node_of(e, i, fact);

    return n && n->kind != NODE_FALSE;
}

static void read_operator(const struct engine *e, const struct instance *i,
                          struct heal_facts *ret)
{
    bool own = holds(e, i, HOLD);
    nsec all_at = instant_of(e, i, RELEASED_ALL_AT);

    ret->held = own || holds(e, i, HOLD_ALL);
    if (ret->held) {
        ret->held_by = text_of(e, i, own ? HOLD_BY : HOLD_ALL_BY);
        ret->held_why = text_of(e, i, own ? HOLD_WHY : HOLD_ALL_WHY);
        ret->held_until = instant_of(e, i, own ? HOLD_UNTIL : HOLD_ALL_UNTIL);
    }
    ret->released_at = instant_of(e, i, RELEASED_AT);
    ret->released_all_at = all_at;
    if (all_at > ret->released_at)
        ret->released_at = all_at;
}

static void read_act(const struct engine *e, const struct instance *i,
                     struct heal_facts *ret)
{
    ret->result_order = text_of(e, i, ACT_ORDER);
    if (heal_result_parse(text_of(e, i, ACT_RESULT), &ret->result))
        ret->result = HEAL_REFUSED;
    ret->result_message = text_of(e, i, ACT_MESSAGE);
    ret->result_at = instant_of(e, i, ACT_AT);
}

void revive_facts(const struct engine *e, const struct instance *i,
                  struct heal_facts *ret)
{
    *ret = (struct heal_facts){ .status = HEAL_GONE };
    ret->name = instance_key(e, i, 0);
    if (!i->gone) {
        read_container(e, i, ret);
        read_events(e, i, ret);
        read_probe(e, i, ret);
    }
    read_engine(e, i, ret);
    read_operator(e, i, ret);
    read_act(e, i, ret);
}

void revive_seen(const struct engine *e, const struct instance *i,
                 const struct heal_facts *judged, struct seen *ret)
{
    *ret = (struct seen){ 0 };
    if (i->gone) {
        ret->status = slice_str(heal_status_name(HEAL_GONE));
        return;
    }
    ret->status = text_of(e, i, STATE);
    ret->health = text_of(e, i, HEALTH);
    ret->exit_code.known = node_of(e, i, EXIT_CODE);
    ret->exit_code.n = judged->exit_code;
    ret->oom_killed.known = judged->oom || node_of(e, i, OOM_KILLED);
    ret->oom_killed.n = judged->oom;
    ret->restarts.known = node_of(e, i, RESTARTS);
    ret->restarts.n = judged->restarts;
}

struct slice revive_id(const struct engine *e, const struct instance *i)
{
    return i->gone ? slice_of("", 0) : text_of(e, i, ID);
}

bool revive_is_told(const struct engine *e, const struct instance *i)
{
    return text_of(e, i, STATE).n > 0;
}

bool revive_is_held(const struct engine *e, const struct instance *i)
{
    return holds(e, i, HOLD);
}

struct slice revive_result(const struct engine *e, const struct instance *i)
{
    return text_of(e, i, ACT_ORDER);
}

/* -- labels -----------------------------------------------------------------
 */

static void tell_label(struct buf *out, const char *label, struct slice value,
                       const char *wanted)
{
    buf_printf(out, "%slabel %s: %s is wanted, not \"%.*s\"",
               out->n ? "; " : "", label, wanted,
               (int)(value.n < 80 ? value.n : 80), value.p);
}

void revive_nonsense(const struct engine *e, const struct instance *i,
                     struct buf *out)
{
    struct slice verify = text_of(e, i, LABEL_VERIFY);
    struct slice recreate = text_of(e, i, LABEL_RECREATE);
    nsec span;

    if (verify.n && span_parse(verify, &span))
        tell_label(out, "bladewatch.verify", verify, "a span such as 30s");
    if (recreate.n && !slice_is(recreate, "true") &&
        !slice_is(recreate, "false"))
        tell_label(out, "bladewatch.recreate", recreate, "true or false");
}
