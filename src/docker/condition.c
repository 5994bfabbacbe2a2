#include "docker/condition.h"

#include "data/json.h"
#include "docker/engine.h"

#include <string.h>

#define CONDITION_MAX 4096

void condition_remember(struct docker *d, const struct tape *docker)
{
    size_t at = tape_find(docker, 0, "engine");
    struct condition *c = &d->condition;

    if (!at)
        return;
    c->was_up =
        slice_is(tape_string(docker, tape_find(docker, at, "state")), "up");
    if (instant_parse(tape_string(docker, tape_find(docker, at, "since")),
                      &c->was_since))
        c->was_since = 0;
}

static void change(struct docker *d, bool up, nsec at)
{
    struct condition *c = &d->condition;

    c->known = true;
    c->up = up;
    c->since = at;
    if (up)
        c->up_at = at;
    else
        c->down_at = at;
}

void condition_up(struct docker *d)
{
    struct condition *c = &d->condition;

    c->cut_at = 0;
    if (engine_act_denied(d))
        engine_act_is(d, "ok");
    if (c->known && c->up)
        return;
    if (!c->known && c->was_up && d->heard.anchored)
        c->known = c->up = true;
    else
        change(d, true, docker_now(d));
    c->why[0] = '\0';
    c->dirty = true;
    condition_flush(d);
}

void condition_lost(struct docker *d, bool was_up, const char *why)
{
    struct condition *c = &d->condition;

    if (was_up) {
        c->cut_at = docker_now(d);
        return;
    }
    if (c->known && !c->up && strcmp(c->why, why) == 0)
        return;
    if (!c->known || c->up)
        change(d, false, c->cut_at ? c->cut_at : docker_now(d));
    copy_text(slice_str(why), c->why, sizeof(c->why));
    c->dirty = true;
    condition_flush(d);
}

bool engine_act_denied(const struct docker *d)
{
    return d->condition.act && strcmp(d->condition.act, "denied") == 0;
}

void engine_act_is(struct docker *d, const char *act)
{
    struct condition *c = &d->condition;

    if (c->act && strcmp(c->act, act) == 0)
        return;
    c->act = act;
    c->dirty = true;
    condition_flush(d);
}

static const char *act_of(const struct condition *c)
{
    return c->act ? c->act : "ok";
}

static void instant(struct buf *b, const char *key, nsec at)
{
    char text[INSTANT_TEXT];

    if (!at)
        return;
    instant_format(at, text);
    buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

static void string(struct buf *b, const char *key, const char *text)
{
    buf_printf(b, ",\"%s\":", key);
    if (*text)
        json_string(slice_str(text), b);
    else
        buf_str(b, "null");
}

static void write_condition(const struct docker *d, struct buf *b)
{
    const struct condition *c = &d->condition;

    buf_printf(b, "{\"docker\":{\"engine\":{\"state\":\"%s\"",
               c->up ? "up" : "down");
    instant(b, "since", c->since);
    instant(b, "upAt", c->up_at);
    instant(b, "downAt", c->down_at);
    string(b, "why", c->why);
    if (c->version[0]) {
        string(b, "version", c->version);
        buf_printf(b, ",\"api\":\"1.%d\"", d->minor);
    }
    string(b, "act", act_of(c));
    buf_str(b, "}}}");
}

void condition_flush(struct docker *d)
{
    struct condition *c = &d->condition;
    struct buf b;

    if (!c->known || !c->dirty || d->stopped)
        return;
    buf_init(&b, CONDITION_MAX);
    write_condition(d, &b);
    c->dirty = facts_put(d, &b, 0) != ST_OK;
    buf_release(&b);
}

void condition_metrics(const struct docker *d, struct metrics *m)
{
    static const char *const acts[] = { "ok", "denied", "unreachable", "off",
                                        "dry_run" };
    const char *act = act_of(&d->condition);

    metrics_family(m, "bladewatch_docker_act", "gauge",
                   "1 with the label that says whether containers can be "
                   "started.");
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
        const struct slice pair[] = { slice_str("state"), slice_str(acts[i]) };

        metrics_label_u64(m, pair, 1, strcmp(acts[i], act) == 0);
    }
}
