#include "app/config_probe.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES  128
#define LABEL_MAX_BYTES 1024
#define NOT_SAID        (-1) /* of a start period, which may be 0 */

void config_probe_init(struct config_probe *c)
{
    *c = (struct config_probe){ .usual = probe_spec_default() };
}

static void entry_release(struct probe_entry *e)
{
    free(e->name);
    free(e->label);
    free(e->host);
}

void config_probe_release(struct config_probe *c)
{
    for (size_t i = 0; i < c->n; i++)
        entry_release(&c->entry[i]);
    free(c->entry);
    free(c->told);
    *c = (struct config_probe){ 0 };
}

/* -- the file ------------------------------------------------------------- */

/* into is a struct probe_spec. */
static void read_setting(struct reader *r, const struct yaml_node *value,
                         void *into)
{
    struct err err;

    if (config_is_kind(r, value, YAML_SCALAR, "a single value") &&
        probe_spec_set(into, value->key->text, value->text, &err))
        config_problem_of(r, value, &err);
}

static void read_entry_setting(struct reader *r, const struct yaml_node *value,
                               void *into)
{
    struct probe_entry *e = into;

    read_setting(r, value, &e->spec);
}

static void read_name(struct reader *r, const struct yaml_node *value,
                      void *into)
{
    struct probe_entry *e = into;

    config_read_name(r, value, NAME_MAX_BYTES, &e->name);
}

static void read_label(struct reader *r, const struct yaml_node *value,
                       void *into)
{
    struct probe_entry *e = into;
    struct slice t = value->text;

    if (!config_is_kind(r, value, YAML_SCALAR, "\"key\" or \"key=value\""))
        return;
    if (t.n == 0 || t.n > LABEL_MAX_BYTES || *t.p == '=' ||
        memchr(t.p, '\0', t.n))
        config_problem(r, value, "label: \"key\" or \"key=value\" is wanted");
    else
        e->label = xmemdup0(t.p, t.n);
}

/* udp, tcp, http or https: what is asked there. */
static void read_kind(struct reader *r, const struct yaml_node *value,
                      void *into)
{
    struct probe_entry *e = into;
    struct slice host = { 0 };
    struct buf text;
    struct err err;

    if (!config_is_kind(r, value, YAML_SCALAR, "a port or an address"))
        return;
    if (e->asked)
        config_problem(r, value->key, "a target is asked in one way");
    e->asked = true;
    buf_init(&text, value->text.n + 16);
    if (!memmem(value->text.p, value->text.n, "://", 3))
        buf_printf(&text, "%.*s:", SHOWN(value->key->text));
    buf_slice(&text, value->text);
    if (probe_spec_parse(buf_view(&text), &e->spec, &host, &err)) {
        config_problem_of(r, value, &err);
    } else if (host.n) {
        free(e->host);
        e->host = xmemdup0(host.p, host.n);
    }
    buf_release(&text);
}

static void check_entry(struct reader *r, const struct yaml_node *item,
                        const struct probe_entry *e)
{
    const struct config_probe *c = &r->config->probe;

    if (item->kind != YAML_MAPPING)
        return;
    if (!yaml_get(item, "name") == !yaml_get(item, "label"))
        config_problem(r, item,
                       "a target has a name and an address, or the label of "
                       "containers and a port");
    if (!e->asked)
        config_problem(r, item, "how is it asked? udp, tcp, http or https");
    else if (e->name && !e->host)
        config_problem(r, item,
                       "where is %s? an address is wanted before its port",
                       e->name);
    else if (e->label && e->host)
        config_problem(
            r, item,
            "containers are asked at their own address: only a port is "
            "wanted");
    for (size_t i = 0; e->name && i < c->n; i++)
        if (c->entry[i].name && strcmp(c->entry[i].name, e->name) == 0)
            config_problem(r, item, "two targets are called \"%s\"", e->name);
}

static void read_targets(struct reader *r, const struct yaml_node *value,
                         void *into)
{
    static const struct key key[] = {
        { "name", read_name },
        { "label", read_label },
        { "udp", read_kind },
        { "tcp", read_kind },
        { "http", read_kind },
        { "https", read_kind },
        { "interval", read_entry_setting },
        { "timeout", read_entry_setting },
        { "failures", read_entry_setting },
        { "start_period", read_entry_setting },
        { "status", read_entry_setting },
        { "match", read_entry_setting },
        { "json", read_entry_setting },
        { "insecure", read_entry_setting },
    };
    struct config_probe *c = &r->config->probe;
    struct probe_spec nothing = probe_spec_default();

    (void)into;
    if (!config_is_kind(r, value, YAML_SEQUENCE, "a list of targets"))
        return;
    if (value->n > PROBE_TARGETS_MAX) {
        config_problem(r, value, "targets: at most %d", PROBE_TARGETS_MAX);
        return;
    }
    nothing.interval = 0;
    nothing.failures = 0;
    nothing.start_period = NOT_SAID;
    c->entry = xcalloc(value->n + 1, sizeof(*c->entry));
    for (const struct yaml_node *item = value->first; item; item = item->next) {
        struct probe_entry e = { .spec = nothing };

        config_read_mapping(r, item, (struct keys){ key, COUNT(key) }, &e);
        check_entry(r, item, &e);
        c->entry[c->n++] = e;
    }
}

void config_probe_read(struct reader *r, const struct yaml_node *value,
                       void *into)
{
    static const struct key key[] = {
        { "interval", read_setting },     { "timeout", read_setting },
        { "failures", read_setting },     { "targets", read_targets },
        { "start_period", read_setting },
    };

    (void)into;
    config_read_mapping(r, value, (struct keys){ key, COUNT(key) },
                        &r->config->probe.usual);
}

/* -- the rest ------------------------------------------------------------- */

enum variable {
    CHECK_INTERVAL,
    TIMEOUT,
    MAX_FAILED_ATTEMPTS,
    HEARTBEAT_INTERVAL,
    LEADER_TIMEOUT
};

static const struct {
    const char *variable, *setting; /* NULL: it means nothing here */
} variables[] = {
    [CHECK_INTERVAL] = { "CHECK_INTERVAL", "interval" },
    [TIMEOUT] = { "TIMEOUT", "timeout" },
    [MAX_FAILED_ATTEMPTS] = { "MAX_FAILED_ATTEMPTS", "failures" },
    [HEARTBEAT_INTERVAL] = { "HEARTBEAT_INTERVAL", NULL },
    [LEADER_TIMEOUT] = { "LEADER_TIMEOUT", NULL },
};

static void put_meaning(const struct probe_spec *usual, enum variable which,
                        struct buf *out)
{
    if (which == CHECK_INTERVAL)
        buf_printf(out, "probes are asked every %g s",
                   (double)usual->interval / NSEC_SEC);
    else if (which == TIMEOUT)
        buf_printf(out, "an answer may take %g s",
                   (double)usual->timeout / NSEC_SEC);
    else
        buf_printf(out, "%u bad answers in a row are down",
                   (unsigned)usual->failures);
}

/* "CHECK_INTERVAL=5.0: probes are asked every 5 s, whatever ..." */
static void tell(struct config_probe *c, config_getenv *getenv)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i].variable);

        if (!value || !*value || !variables[i].setting)
            continue;
        buf_printf(&text, "%s%s=%s: ", text.n ? ", " : "",
                   variables[i].variable, value);
        put_meaning(&c->usual, (enum variable)i, &text);
    }
    if (text.n) {
        buf_str(&text, ", whatever the configuration says of all targets");
        c->told = xstrdup(buf_cstr(&text));
    }
    buf_release(&text);
}

enum status config_probe_environment(struct config_probe *c,
                                     config_getenv *getenv, struct err *err)
{
    bool said = false;

    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i].variable);

        if (!value || !*value)
            continue;
        said = true;
        c->leader |= !variables[i].setting;
        if (variables[i].setting &&
            probe_spec_set(&c->usual, slice_str(variables[i].setting),
                           slice_str(value), err)) {
            err_prefix(err, "%s", variables[i].variable);
            return ST_BAD;
        }
    }
    /* They may stand there for others: no reason to refuse to start. */
    if (said && c->usual.timeout > c->usual.interval)
        c->usual.timeout = c->usual.interval;
    tell(c, getenv);
    return ST_OK;
}

static void fill(struct probe_spec *spec, const struct probe_spec *usual)
{
    if (!spec->interval)
        spec->interval = usual->interval;
    if (!spec->timeout && usual->timeout <= spec->interval)
        spec->timeout = usual->timeout;
    if (!spec->failures)
        spec->failures = usual->failures;
    if (spec->start_period == NOT_SAID)
        spec->start_period = usual->start_period;
}

enum status config_probe_finish(struct config_probe *c, struct err *err)
{
    enum status st = probe_spec_check(&c->usual, err);

    if (st)
        err_prefix(err, "probe");
    for (size_t i = 0; !st && i < c->n; i++) {
        struct probe_entry *e = &c->entry[i];

        fill(&e->spec, &c->usual);
        st = probe_spec_check(&e->spec, err);
        if (st)
            err_prefix(err, "probe: target %.100s",
                       e->name ? e->name : e->label);
    }
    return st;
}
