#include "docker/engine.h"
#include "docker/spec.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSPECTS_MAX    16
#define HEALTH_RETRIES  3 /* where none are set */
#define LABELS_TEXT_MAX (LABELS_MAX * (LABEL_KEY_MAX + LABEL_VALUE_MAX))

static const char *const k_status[] = { "State", "Status" };
static const char *const k_exit[] = { "State", "ExitCode" };
static const char *const k_pid[] = { "State", "Pid" };
static const char *const k_oom[] = { "State", "OOMKilled" };
static const char *const k_started[] = { "State", "StartedAt" };
static const char *const k_finished[] = { "State", "FinishedAt" };
static const char *const k_health[] = { "State", "Health", "Status" };
static const char *const k_streak[] = { "State", "Health", "FailingStreak" };
static const char *const k_error[] = { "State", "Error" };
static const char *const k_retries[] = { "Config", "Healthcheck", "Retries" };
static const char *const k_period[] = { "Config", "Healthcheck",
                                        "StartPeriod" };
static const char *const k_remove[] = { "HostConfig", "AutoRemove" };
static const char *const k_image[] = { "Config", "Image" };
static const char *const k_tty[] = { "Config", "Tty" };
static const char *const k_labels[] = { "Config", "Labels" };
static const char *const k_policy[] = { "HostConfig", "RestartPolicy", "Name" };
static const char *const k_driver[] = { "HostConfig", "LogConfig", "Type" };
static const char *const k_size[] = { "HostConfig", "LogConfig", "Config",
                                      "max-size" };

#define AT(t, keys) tape_at(t, keys, sizeof(keys) / sizeof(*(keys)))

/* Ids come from the engine and go into addresses: letters and digits only. */
bool container_id_ok(struct slice id)
{
    if (!id.n || id.n > ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z')))
            return false;
    }
    return true;
}

struct container *container_find(struct docker *d, struct slice id)
{
    struct container *c = NULL;

    HASH_FIND(hh, d->containers, id.p, id.n, c);
    return c;
}

bool container_is_self(const struct docker *d, struct slice id)
{
    const char *self = d->config.self_id;
    size_t n = self ? strlen(self) : 0;

    return n >= 12 && n <= id.n && memcmp(self, id.p, n) == 0;
}

struct container *container_add(struct docker *d, struct slice id)
{
    struct container *c;

    if (!container_id_ok(id) || container_is_self(d, id))
        return NULL;
    if (HASH_COUNT(d->containers) >= d->config.containers_max) {
        if (!d->over_max_said)
            docker_say(d, DOCKER_WARN,
                       "more than %zu containers: the others are not watched",
                       d->config.containers_max);
        d->over_max_said = true;
        return NULL;
    }
    c = xcalloc(1, sizeof(*c));
    c->d = d;
    c->added_at = loop_now(d->loop);
    copy_text(id, c->id, sizeof(c->id));
    follow_init(&c->follow);
    HASH_ADD(hh, d->containers, id, id.n, c);
    return c;
}

void container_free(struct container *c)
{
    struct docker *d = c->d;

    HASH_DEL(d->containers, c);
    http_cancel(c->inspect);
    d->ninspecting -= c->inspect != NULL;
    stats_release(c);
    follow_release(c);
    facts_release(&c->facts);
    choice_release(&c->choice);
    buf_release(&c->info.text);
    free(c);
}

void container_show(struct container *c)
{
    const struct docker_config *config = &c->d->config;
    const struct docker_seen seen = {
        .id = slice_str(c->id),
        .name = slice_str(c->info.name),
        .gone = c->gone,
        .ignored = c->ignored,
        .status = slice_str(c->info.status),
        .started_at = c->info.started_at,
        .start_period = c->info.health_start_period,
        .address = slice_str(c->info.address),
        .labels = container_labels(c),
    };
    const struct docker_seen gone = { .id = seen.id,
                                      .name = seen.name,
                                      .gone = true };

    if (config->seen && (c->shown || !c->gone))
        config->seen(config->seen_self, c->gone ? &gone : &seen);
    c->shown = !c->gone;
}

void container_vanished(struct container *c)
{
    if (!c->gone && !c->vanished_at)
        c->vanished_at = loop_now(c->d->loop);
}

void container_gone(struct container *c, nsec at)
{
    if (c->gone)
        return;
    c->gone = true;
    spec_gone(c->d->specs, c);
    history_leave(c, at);
    container_show(c);
    follow_on(c, FOLLOW_REMOVED);
}

/*
 * The lines that follow are of another blade.  No engine gives a name that
 * begins with '$', which would be an instruction in the state.
 */
void container_rename(struct container *c, struct slice name)
{
    if (!name.n || *name.p == '$' || slice_is(name, c->info.name))
        return;
    copy_text(name, c->info.name, sizeof(c->info.name));
    c->follow.now.declared = false;
    c->follow.past.declared = false;
}

struct labels container_labels(const struct container *c)
{
    return (struct labels){ c->info.label, c->info.nlabels };
}

/* 0001-01-01 is the engine's way to say never. */
static nsec instant_of(struct slice text, char *out, size_t size)
{
    nsec at = 0;

    copy_text(text, out, size);
    if (instant_parse(slice_str(out), &at) || at < 0) {
        *out = '\0';
        return 0;
    }
    return at;
}

static struct slice keep_text(struct buf *store, struct slice s, size_t most)
{
    char text[LABEL_VALUE_MAX + 1];
    size_t from = store->n;

    copy_text(s, text, most + 1);
    buf_str(store, text);
    return slice_of(store->p + from, store->n - from);
}

static void take_labels(struct info *info, const struct tape *t)
{
    size_t at = AT(t, k_labels);

    buf_init(&info->text, LABELS_TEXT_MAX + 1);
    if (!at || t->op[at].kind != TAPE_OBJECT || t->op[at].end == at + 1)
        return;
    /* Labels point into it: it must not move. */
    buf_reserve(&info->text, LABELS_TEXT_MAX);
    for (size_t i = at + 1; i < t->op[at].end && info->nlabels < LABELS_MAX;
         i = t->op[i].end) {
        struct label *l = &info->label[info->nlabels];

        if (t->op[i].flags & TAPE_DEAD)
            continue;
        l->key = keep_text(&info->text, tape_text(&t->op[i]), LABEL_KEY_MAX);
        l->value =
            keep_text(&info->text, tape_string(t, i + 1), LABEL_VALUE_MAX);
        info->nlabels++;
    }
    /* Most labels are short. */
    if (info->text.n < LABELS_TEXT_MAX / 2) {
        char *p = xmemdup0(info->text.p, info->text.n);

        for (size_t i = 0; i < info->nlabels; i++) {
            struct label *l = &info->label[i];

            l->key.p = p + (l->key.p - info->text.p);
            l->value.p = p + (l->value.p - info->text.p);
        }
        free(info->text.p);
        info->text.p = p;
        info->text.room = info->text.n + 1;
    }
}

/* Podman says "" of a container without a health check. */
static void read_health(struct info *info, const struct tape *t)
{
    struct slice health = tape_string(t, AT(t, k_health));

    if (!health.n || slice_is(health, "none"))
        return;
    copy_text(health, info->health, sizeof(info->health));
    info->failing_streak = tape_int(t, AT(t, k_streak));
    info->health_retries = tape_int(t, AT(t, k_retries));
    if (!info->health_retries)
        info->health_retries = HEALTH_RETRIES;
    info->health_start_period = tape_int(t, AT(t, k_period));
}

static void read_state(struct info *info, const struct tape *t)
{
    copy_text(tape_string(t, AT(t, k_status)), info->status,
              sizeof(info->status));
    copy_text(tape_string(t, AT(t, k_error)), info->error, sizeof(info->error));
    info->started_at =
        instant_of(tape_string(t, AT(t, k_started)), info->started_text,
                   sizeof(info->started_text));
    info->finished_at =
        instant_of(tape_string(t, AT(t, k_finished)), info->finished_text,
                   sizeof(info->finished_text));
    info->exit_code = tape_int(t, AT(t, k_exit));
    info->pid = tape_int(t, AT(t, k_pid));
    info->restarts = tape_int(t, tape_find(t, 0, "RestartCount"));
    info->oom = tape_true(t, AT(t, k_oom));
    read_health(info, t);
}

static void read_info(struct info *info, const struct tape *t)
{
    char name[sizeof(info->name)];

    memcpy(name, info->name, sizeof(name));
    *info = (struct info){ 0 };
    memcpy(info->name, name, sizeof(name));
    read_state(info, t);
    copy_text(tape_string(t, AT(t, k_image)), info->image, sizeof(info->image));
    copy_text(tape_string(t, AT(t, k_policy)), info->policy,
              sizeof(info->policy));
    copy_text(tape_string(t, AT(t, k_driver)), info->driver,
              sizeof(info->driver));
    info->tty = tape_true(t, AT(t, k_tty));
    info->auto_remove = tape_true(t, AT(t, k_remove));
    info->rotated = AT(t, k_size) != 0 || strcmp(info->driver, "local") == 0;
    take_labels(info, t);
}

static void read_created(struct container *c, const struct tape *t)
{
    nsec at;

    if (instant_parse(tape_string(t, tape_find(t, 0, "Created")), &at) == ST_OK)
        c->created_at = history_instant(c->d, at);
}

/* Nobody answers at the address of one that is stopped. */
static bool has_address(const struct info *info)
{
    return strcmp(info->status, "running") == 0 ||
           strcmp(info->status, "paused") == 0;
}

static void choose_now(struct container *c)
{
    struct docker *d = c->d;
    struct buf warnings;

    choice_release(&c->choice);
    choose(&c->choice, d->config.rules, d->config.nrules, container_labels(c));
    if (c->warned)
        return;
    buf_init(&warnings, 512);
    choice_warnings(container_labels(c), &warnings);
    if (warnings.n)
        docker_say(d, DOCKER_WARN, "container %s: %s", c->info.name,
                   buf_cstr(&warnings));
    buf_release(&warnings);
    c->warned = true;
}

static void take_answer(struct container *c, const struct http_end *end)
{
    struct docker *d = c->d;
    struct slice name;
    struct tape t;

    if (tape_parse(d->parser, end->body, &t, NULL) ||
        t.op[0].kind != TAPE_OBJECT) {
        d->counters.bad_events++;
        return;
    }
    name = tape_string(&t, tape_find(&t, 0, "Name"));
    if (name.n && *name.p == '/')
        name = slice_of(name.p + 1, name.n - 1);
    container_rename(c, name.n ? name : slice_str(c->id));
    choice_release(&c->choice);
    buf_release(&c->info.text);
    read_info(&c->info, &t);
    read_created(c, &t);
    if (has_address(&c->info))
        networks_address(&d->networks, &t, c->info.address);
    c->known = true;
    c->vanished_at = 0;
    choose_now(c);
    c->ignored = c->choice.ignored;
    if (c->ignored)
        history_leave(c, docker_now(d));
    else if (!c->gone) /* the answer may be older than that */
        history_stand(c, docker_now(d));
    spec_keep(d->specs, c, &t);
    facts_update(c);
    container_show(c);
    follow_inspected(c, true);
}

static void on_inspect(void *self, const struct http_end *end)
{
    struct container *c = self;
    struct docker *d = c->d;

    c->inspect = NULL;
    d->ninspecting--;
    if (end->status == ST_OK && end->head.code == 200)
        take_answer(c, end);
    else if (end->status == ST_OK && end->head.code == 404)
        follow_inspected(c, false);
    else if (d->state == ENGINE_UP)
        c->want_inspect = true; /* the next tick asks again */
    if (end->status == ST_OK)
        inspect_pump(d);
}

static void inspect_now(struct container *c)
{
    struct http_ask get = { .self = c, .on_end = on_inspect };
    char path[128];

    snprintf(path, sizeof(path), "/containers/%s/json", c->id);
    if (engine_get(c->d, path, &get, &c->inspect))
        return;
    c->want_inspect = false;
    c->d->ninspecting++;
}

void inspect_want(struct container *c)
{
    c->want_inspect = true;
    inspect_pump(c->d);
}

void inspect_anew(struct container *c)
{
    if (c->inspect) {
        http_cancel(c->inspect);
        c->inspect = NULL;
        c->d->ninspecting--;
    }
    inspect_want(c);
}

void inspect_pump(struct docker *d)
{
    struct container *c, *next;

    if (d->state != ENGINE_UP)
        return;
    HASH_ITER(hh, d->containers, c, next)
    {
        if (d->ninspecting >= INSPECTS_MAX)
            return;
        if (c->want_inspect && !c->inspect)
            inspect_now(c);
    }
}
