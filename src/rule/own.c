#include "rule/own.h"

#include "base/alloc.h"
#include "data/near.h"
#include "inside.h"

#include <string.h>

#define MEMBERS_MAX 24

/*
 * A place is keys with dots between them: * is any key, ** at the end one key
 * for each star of the rule.  Below a member without a row of its own stands
 * anything.
 */
static const struct {
    const char *at;
    const char *member[MEMBERS_MAX];
} places[] = {
    /* docker/, app/healer.c, app/holds.c, app/audit.c */
    { "docker",
      { "acts", "audit", "containers", "decisions", "engine", "holds",
        "releases" } },
    { "docker.acts.*",
      { "act", "at", "code", "container", "message", "order", "result",
        "took" } },
    { "docker.audit", { "ordinal" } },
    { "docker.containers.*",
      { "autoRemove",
        "error",
        "event",
        "events",
        "exitCode",
        "failingStreak",
        "finishedAt",
        "health",
        "healthRetries",
        "healthStartPeriod",
        "id",
        "image",
        "labels",
        "name",
        "oomKilled",
        "pid",
        "probe",
        "restartCount",
        "restartPolicy",
        "startedAt",
        "state",
        "stats" } },
    { "docker.containers.*.event", { "action", "at", "exitCode" } },
    { "docker.containers.*.events",
      { "create", "destroy", "die", "health_status", "kill", "oom", "pause",
        "rename", "restart", "start", "stop", "unpause", "update" } },
    { "docker.containers.*.events.*", { "at", "exitCode", "n", "signal" } },
    { "docker.containers.*.probe",
      { "at", "down", "error", "fails", "ok", "since" } },
    { "docker.containers.*.stats",
      { "blkRead", "blkWrite", "cpuPercent", "memLimit", "memPercent",
        "memUsage", "netRx", "netTx", "pids" } },
    { "docker.engine",
      { "act", "api", "downAt", "since", "state", "upAt", "version", "why" } },
    { "docker.holds.*", { "at", "by", "until", "why" } },
    { "docker.releases.*", { "at", "by" } },
    /* probe/record.c */
    { "probes.*",
      { "at", "body", "code", "down", "error", "fails", "kind", "latency", "ok",
        "since", "target" } },
    /* engine/, core/ */
    { "monitor",
      { "alerts", "breakers", "counts", "damage", "duplicates", "errors",
        "gaps", "intents", "late", "lost", "machines", "not_json", "refusals",
        "refused", "revivals", "rules", "rules_refused" } },
    { "monitor.alerts.*", { "firing", "instances", "pending" } },
    { "monitor.alerts.*.instances.**", { "active_at", "state" } },
    { "monitor.breakers.*",
      { "down", "half_open", "in_scope", "open", "since", "until" } },
    { "monitor.counts.*", { "by", "value" } },
    { "monitor.errors.*", { "count", "groups" } },
    { "monitor.errors.*.groups.*", { "count", "first", "last", "sample" } },
    { "monitor.intents.*.**",
      { "answered", "changed", "deadline", "late", "missing", "roles", "since",
        "status", "unexpected" } },
    { "monitor.machines.*.**",
      { "entered", "final", "phase", "since", "times", "transitions" } },
    { "monitor.refusals",
      { "depth", "instruction", "key", "nodes", "scope", "shard", "string" } },
    { "monitor.revivals.*.*",
      { "attempts", "byPerson", "downSince", "due", "failed", "in_scope",
        "next", "reason", "revived", "since", "state" } },
    { "monitor.rules",
      { "alerts", "counts", "errors", "intents", "machines", "revivals" } },
    { "monitor.rules.*.*", { "errors", "health", "last_error" } },
};

static bool is_at(const char *at, const struct slice *key, uint32_t n,
                  uint32_t *ret_stars)
{
    uint32_t i;
    size_t len;

    *ret_stars = OWN_ALWAYS;
    for (i = 0; *at; i++) {
        len = strcspn(at, ".");
        if (len == 2 && at[0] == '*') {
            *ret_stars = n - i;
            return true;
        }
        if (i == n)
            return false;
        if (*at != '*' && (!key[i].p || !slice_eq(key[i], slice_of(at, len))))
            return false;
        at += len + (at[len] == '.');
    }
    return i == n;
}

const char *const *own_members(const struct slice *key, uint32_t n,
                               uint32_t *ret_stars)
{
    size_t i;

    for (i = 0; i < COUNT(places); i++)
        if (is_at(places[i].at, key, n, ret_stars))
            return places[i].member;
    return NULL;
}

/* -- a path of a rule ----------------------------------------------------- */

static size_t count_words(const char *const *word)
{
    size_t n = 0;

    while (word[n])
        n++;
    return n;
}

static bool is_member(struct slice key, const char *const *word)
{
    for (; *word; word++)
        if (slice_is(key, *word))
            return true;
    return key.n && *key.p == '$';
}

/* What stands between a word and the one behind it: .x .?x ["x"] [?"x"] .`x` */
static bool is_joined(struct slice text, size_t end, size_t at)
{
    bool any = end < at;

    for (; end < at; end++)
        if (!strchr(" \t\n.?[]'\"`", text.p[end]))
            return false;
    return any;
}

/* Where the text says word, right behind the one before it if it says that;
 * text.n: nowhere. */
static size_t find_member(struct slice text, size_t from, struct slice before,
                          struct slice word)
{
    size_t owner, at;

    for (owner = load_find_word(text, from, before); owner < text.n;
         owner = load_find_word(text, owner + 1, before)) {
        at = load_find_word(text, owner + before.n, word);
        if (at < text.n && is_joined(text, owner + before.n, at))
            return at;
    }
    return load_find_word(text, from, word);
}

void own_tell(struct loader *l, const struct doubt *d)
{
    struct diagnostic *item =
        load_tell(l, true, &d->at, "bladewatch writes no \"%.*s\" below %.*s",
                  SHOWN(d->member), (int)d->below.n, d->below.p);
    const char *meant = near_word(d->member, d->words, count_words(d->words));

    if (meant)
        load_help(item, "did you mean \"%s\"?", meant);
}

/* What the rule that derives the place is called: monitor.SECTION.RULE */
static bool find_deriver(const struct own_path *p, struct doubt *d)
{
    d->rule = p->key[2];
    return d->rule.p && rule_section_kind(p->key[1], &d->kind);
}

static void write_place(const struct own_path *p, uint32_t n, struct buf *out)
{
    uint32_t i;

    buf_str(out, "state");
    for (i = 0; i < n; i++) {
        buf_char(out, '.');
        if (p->key[i].p)
            buf_slice(out, p->key[i]);
        else
            buf_char(out, '*');
    }
}

/* Doubts are for when all rules are known. */
static void keep_doubt(struct loader *l, struct doubt *d)
{
    d->rule = load_keep(l, d->rule);
    d->member = load_keep(l, d->member);
    d->below = load_keep(l, d->below);
    if (l->ndoubts == l->doubts_room) {
        l->doubts_room = l->doubts_room ? l->doubts_room * 2 : 16;
        l->doubts = xrealloc(l->doubts, l->doubts_room * sizeof(*l->doubts));
    }
    l->doubts[l->ndoubts++] = *d;
}

/* The key at i is not among words; stars: see own_members(). */
static void suspect(struct loader *l, const struct own_path *p, uint32_t i,
                    const char *const *words, uint32_t stars)
{
    struct slice text = p->where->text;
    struct doubt d = { .member = p->key[i], .words = words, .stars = stars };
    size_t at = p->from == WHOLE
                    ? text.n
                    : find_member(text, p->from, p->said[i], p->key[i]);
    struct buf below;

    if (at < text.n)
        d.at = load_place(l, p->where, at, at + p->key[i].n);
    else if (l->env && l->env->naliases)
        return; /* a variable says it, and was told so */
    else
        d.at = load_place(l, p->where, 0, WHOLE);
    if (stars != OWN_ALWAYS && !find_deriver(p, &d))
        return;
    buf_init(&below, 200);
    write_place(p, i, &below);
    d.below = buf_view(&below);
    if (stars == OWN_ALWAYS)
        own_tell(l, &d);
    else
        keep_doubt(l, &d);
    buf_release(&below);
}

static const char *const *unknown_at(const struct own_path *p, uint32_t i,
                                     uint32_t *ret_stars)
{
    const char *const *words = own_members(p->key, i, ret_stars);

    return words && p->key[i].p && !is_member(p->key[i], words) ? words : NULL;
}

/* Whether an earlier read says the same down to the key at i. */
static bool is_repeated(const struct cel_read *read, size_t at, uint32_t i)
{
    size_t k;
    uint32_t j;

    for (k = 0; k < at; k++) {
        if (read[k].variable != read[at].variable || read[k].n <= i)
            continue;
        for (j = 0; j <= i && slice_eq(read[k].key[j], read[at].key[j]);)
            j++;
        if (j > i)
            return true;
    }
    return false;
}

/* False: it was told.  p is the at-th of reads, or of none. */
static bool check_keys(struct loader *l, const struct own_path *p,
                       const struct cel_read *read, size_t at)
{
    const char *const *words;
    uint32_t i, stars;

    for (i = p->first; i < p->n; i++) {
        words = unknown_at(p, i, &stars);
        if (!words)
            continue;
        if (!is_repeated(read, at, i - p->first))
            suspect(l, p, i, words, stars);
        if (stars == OWN_ALWAYS)
            return false;
    }
    return true;
}

static struct slice said_by(const struct cel_env *env,
                            const struct cel_read *read, uint32_t i)
{
    if (read->key[i].p || read->by[i] == CEL_NO_VARIABLE)
        return read->key[i];
    return env->variable[read->by[i]].name;
}

/* What a read of a program is in the state; false: nothing of it. */
static bool follow_read(const struct loader *l, const struct cel_read *read,
                        struct own_path *ret)
{
    const struct rule_foreach *f = l->rule ? &l->rule->foreach : NULL;
    uint32_t i;

    if (read->variable == RULE_SLOT_STATE)
        ret->n = 0;
    else if (f && f->nstars && read->variable == RULE_SLOT_STAR + f->nstars)
        ret->n = f->n;
    else
        return false;
    for (i = 0; i < ret->n; i++) {
        ret->key[i] = f->key[i];
        ret->said[i + 1] = slice_of(NULL, 0);
    }
    ret->first = ret->n;
    ret->said[ret->n] = l->env->variable[read->variable].name;
    for (i = 0; i < read->n; i++) {
        ret->key[ret->n++] = read->key[i];
        ret->said[ret->n] = said_by(l->env, read, i);
    }
    return true;
}

void load_check_program(struct loader *l, const struct cel_program *program,
                        const struct yaml_node *where, size_t from)
{
    struct own_path p = { .where = where, .from = from };
    const struct cel_read *read;
    size_t k, n;

    read = cel_program_reads(program, &n);
    for (k = 0; k < n; k++)
        if (follow_read(l, &read[k], &p))
            (void)check_keys(l, &p, read, k);
}

bool load_check_path(struct loader *l, const struct rule_foreach *path,
                     const struct yaml_node *where)
{
    struct own_path p = { .n = path->n, .where = where };
    uint32_t i;

    p.said[0] = slice_str("state");
    for (i = 0; i < path->n; i++)
        p.key[i] = p.said[i + 1] = path->key[i];
    return check_keys(l, &p, NULL, 0);
}
