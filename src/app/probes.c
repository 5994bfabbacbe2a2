#include "app/probes.h"

#include "app/log.h"
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define LABEL        "bladewatch.probe"
#define WARNINGS_MAX 1000

/* A container that was seen. */
struct watched {
    UT_hash_handle hh;
    char *id;
    char *name;  /* it is asked under; NULL: it is not asked */
    bool warned; /* of its labels */
};

struct prober {
    struct loop *loop;
    const struct config_probe *config;
    struct probes *probes;
    struct watched *containers;
};

static void on_log(void *self, enum probe_log level, const char *sentence)
{
    struct prober *p = self;

    if (level == PROBE_WARN)
        log_warn(loop_wall(p->loop), "probe: %s", sentence);
    else
        log_info(loop_wall(p->loop), "probe: %s", sentence);
}

/* -- how a container is asked --------------------------------------------- */

/* key is "bladewatch.probe.x": x. */
static bool is_setting(struct slice key, struct slice *ret_name)
{
    size_t n = strlen(LABEL ".");

    if (key.n < n || memcmp(key.p, LABEL ".", n) != 0)
        return false;
    *ret_name = slice_of(key.p + n, key.n - n);
    return true;
}

static void complain(struct buf *out, struct slice key, const struct err *err)
{
    buf_printf(out, "%slabel %.*s: %s", out->n ? "; " : "",
               key.n > 80 ? 80 : (int)key.n, key.p, err->text);
}

static bool by_label(const struct config_probe *config, struct labels labels,
                     struct probe_spec *spec, struct buf *warnings)
{
    struct probe_spec said = config->usual;
    struct slice host = { 0 }, value = { 0 };
    enum status st;
    struct err err;

    for (size_t i = 0; i < labels.n; i++) {
        if (slice_is(labels.label[i].key, LABEL))
            value = labels.label[i].value;
    }
    if (!value.p)
        return false;
    st = probe_spec_parse(value, &said, &host, &err);
    if (!st && host.n)
        err_set(&err, "containers are asked at their own address: only a port "
                      "is wanted");
    if (st || host.n) {
        complain(warnings, slice_str(LABEL), &err);
        return false;
    }
    *spec = said;
    return true;
}

static bool by_config(const struct config_probe *config, struct labels labels,
                      struct probe_spec *spec)
{
    for (size_t i = 0; i < config->n; i++) {
        const struct probe_entry *e = &config->entry[i];

        if (!e->label || !labels_match(labels, slice_str(e->label)))
            continue;
        *spec = e->spec;
        return true;
    }
    return false;
}

bool prober_choose(const struct config_probe *config, struct labels labels,
                   nsec start_period, struct probe_spec *ret,
                   struct buf *warnings)
{
    struct probe_spec plain, spec;
    struct slice name;
    struct err err;

    if (!by_label(config, labels, &plain, warnings) &&
        !by_config(config, labels, &plain))
        return false;
    if (start_period > 0)
        plain.start_period =
            start_period < PROBE_SPAN_MAX ? start_period : PROBE_SPAN_MAX;
    spec = plain;
    for (size_t i = 0; i < labels.n; i++) {
        const struct label *l = &labels.label[i];

        if (is_setting(l->key, &name) &&
            probe_spec_set(&spec, name, l->value, &err))
            complain(warnings, l->key, &err);
    }
    /* A time-out that was meant for another interval. */
    if (spec.timeout == plain.timeout && spec.timeout > spec.interval)
        spec.timeout = 0;
    if (probe_spec_check(&spec, &err)) {
        complain(warnings, slice_str(LABEL ".*"), &err);
        spec = plain;
    }
    *ret = spec;
    return true;
}

/* -- containers that are seen --------------------------------------------- */

static struct watched *watch(struct prober *p, struct slice id)
{
    struct watched *w;

    HASH_FIND(hh, p->containers, id.p, id.n, w);
    if (w)
        return w;
    w = xcalloc(1, sizeof(*w));
    w->id = xmemdup0(id.p, id.n);
    HASH_ADD_KEYPTR(hh, p->containers, w->id, id.n, w);
    return w;
}

static bool has_name(const struct prober *p, const struct watched *but,
                     struct slice name)
{
    const struct watched *w;

    for (w = p->containers; w; w = w->hh.next) {
        if (w != but && w->name && slice_is(name, w->name))
            return true;
    }
    return false;
}

/* Another container may have its name by now, and its target. */
static void leave(struct prober *p, struct watched *w)
{
    if (w->name && !has_name(p, w, slice_str(w->name)))
        probes_drop(p->probes, slice_str(w->name));
    free(w->name);
    w->name = NULL;
}

static void forget(struct prober *p, struct watched *w)
{
    HASH_DEL(p->containers, w);
    free(w->name);
    free(w->id);
    free(w);
}

static bool is_configured(const struct prober *p, struct slice name)
{
    for (size_t i = 0; i < p->config->n; i++) {
        const struct probe_entry *e = &p->config->entry[i];

        if (e->name && slice_is(name, e->name))
            return true;
    }
    return false;
}

/* Once for a container, whatever becomes of it. */
static void warn(struct prober *p, struct watched *w,
                 const struct docker_seen *c, const char *what)
{
    if (!w->warned)
        log_warn(loop_wall(p->loop), "probe: container %.*s: %s",
                 SLICE_ARG(c->name), what);
    w->warned = true;
}

static void ask(struct prober *p, struct watched *w,
                const struct docker_seen *c, const struct probe_spec *spec)
{
    bool runs = slice_is(c->status, "running");
    const struct probe_target target = {
        .name = c->name,
        .host = c->address,
        .container = true,
        .counts = runs,
        .started_at = c->started_at,
        .spec = *spec,
    };
    enum status st;

    if (w->name && !slice_is(c->name, w->name))
        leave(p, w);
    if (is_configured(p, c->name)) {
        warn(p, w, c,
             "the configuration has a target of this name, and that is asked");
        return;
    }
    if (runs && !c->address.n)
        warn(p, w, c, "it has no address that could be asked");
    st = probes_set(p->probes, &target);
    if (st == ST_LIMIT)
        warn(p, w, c, "it is not asked: there are too many targets");
    else if (st)
        warn(p, w, c, "it is not asked: its name or address is none");
    else if (!w->name)
        w->name = xmemdup0(c->name.p, c->name.n);
}

void prober_seen(void *self, const struct docker_seen *c)
{
    struct prober *p = self;
    struct watched *w = watch(p, c->id);
    struct probe_spec spec;
    struct buf warnings;

    if (c->gone || c->ignored) {
        leave(p, w);
        forget(p, w);
        return;
    }
    buf_init(&warnings, WARNINGS_MAX);
    if (prober_choose(p->config, c->labels, c->start_period, &spec, &warnings))
        ask(p, w, c, &spec);
    else
        leave(p, w);
    if (warnings.n)
        warn(p, w, c, buf_cstr(&warnings));
    buf_release(&warnings);
}

/* -- life ----------------------------------------------------------------- */

/* They may be starting, as we are. */
static enum status ask_configured(struct prober *p, struct err *err)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < p->config->n && !st; i++) {
        const struct probe_entry *e = &p->config->entry[i];
        const struct probe_target target = {
            .name = slice_str(e->name),
            .host = slice_str(e->host),
            .counts = true,
            .started_at = loop_wall(p->loop),
            .spec = e->spec,
        };

        if (e->name)
            st = probes_set(p->probes, &target);
        if (st)
            err_set(err, "%s at %s cannot be asked whether it answers", e->name,
                    e->host);
    }
    return st;
}

enum status prober_start(struct loop *loop, const struct config_probe *config,
                         const struct intake *intake, uint64_t seed,
                         size_t string_max, struct prober **ret,
                         struct err *err)
{
    struct prober *p = xcalloc(1, sizeof(*p));
    const struct probe_config probe = {
        .seed = seed, .string_max = string_max, .log_self = p, .log = on_log
    };
    enum status st;

    p->loop = loop;
    p->config = config;
    if (config->told)
        log_info(loop_wall(loop), "%s", config->told);
    if (config->leader)
        log_warn(loop_wall(loop), "HEARTBEAT_INTERVAL and LEADER_TIMEOUT mean "
                                  "nothing here: there is one monitor, and no "
                                  "leader");
    st = probes_start(loop, &probe, intake, &p->probes, err);
    if (!st)
        st = ask_configured(p, err);
    *ret = p;
    return st;
}

void prober_stop(struct prober *p)
{
    if (p)
        probes_stop(p->probes);
}

void prober_free(struct prober *p)
{
    if (!p)
        return;
    probes_free(p->probes);
    while (p->containers)
        forget(p, p->containers);
    free(p);
}

void prober_metrics(const struct prober *p, struct metrics *m)
{
    probes_metrics(p->probes, m);
}
