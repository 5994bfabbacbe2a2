#include "config.h"

#include "app/config_notify.h"
#include "app/config_probe.h"
#include "app/config_read.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "data/yaml.h"
#include "notify/address.h"
#include "notify/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKENS_MAX        100
#define RULES_MAX         100
#define TIMEOUT_MAX       (300 * NSEC_SEC)
#define RECEIVER_NAME_MAX 64

/* A setting that config_set() knows. */
static void read_setting(struct reader *r, const struct yaml_node *value,
                         const char *name)
{
    struct err err;

    if (config_is_kind(r, value, YAML_SCALAR, "a single value") &&
        config_set(r->config, name, value->text, &err))
        config_problem_of(r, value, &err);
}

static void read_listen(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "listen");
}

static void read_data(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "data");
}

static void read_fsync(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "fsync");
}

static void read_segment(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "segment_size");
}

static void read_reorder(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "reorder");
}

static void read_anonymous(struct reader *r, const struct yaml_node *v,
                           void *in)
{
    (void)in;
    config_read_bool(r, v, &r->config->allow_anonymous);
}

/* Relative to the configuration's directory. */
static char *path_beside(const char *config, struct slice name)
{
    const char *slash = strrchr(config, '/');
    struct buf path;
    char *copy;

    buf_init(&path, BUF_NO_CAP);
    if (slash && name.n && *name.p != '/')
        buf_slice(&path, slice_of(config, (size_t)(slash + 1 - config)));
    buf_slice(&path, name);
    copy = xmemdup0(path.p ? path.p : "", path.n);
    buf_release(&path);
    return copy;
}

static ssize_t read_some(int fd, char *p, size_t room)
{
    size_t n = 0;
    ssize_t got;

    while (n < room) {
        got = read(fd, p + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

/* The file that value names, and the secret in it; false: a problem. */
static bool find_secret(struct reader *r, const struct yaml_node *value,
                        char **ret_path, char secret[TOKEN_MAX + 1])
{
    struct stat about;
    struct err err;
    char *path;

    if (!config_is_kind(r, value, YAML_SCALAR, "the name of a file"))
        return false;
    path = path_beside(r->path, value->text);
    if (token_read(path, secret, &err)) {
        config_problem_of(r, value, &err);
        free(path);
        return false;
    }
    if (stat(path, &about) == 0 && (about.st_mode & 07))
        config_warn(r, value,
                    "everybody on this machine can read the secret in %s; "
                    "chmod 640 it",
                    path);
    *ret_path = path;
    return true;
}

static void read_secret(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    struct httpd_token *token = into;
    char secret[TOKEN_MAX + 1], *path;

    if (!find_secret(r, value, &path, secret))
        return;
    token->secret = xstrdup(secret);
    explicit_bzero(secret, sizeof(secret));
    free(path);
}

static void read_name(struct reader *r, const struct yaml_node *value,
                      void *into)
{
    struct httpd_token *token = into;

    if (!config_is_kind(r, value, YAML_SCALAR, "a name"))
        return;
    if (value->text.n == 0 || value->text.n > 128 ||
        memchr(value->text.p, '\0', value->text.n))
        config_problem(r, value, "name: 1 to 128 characters are wanted");
    else
        token->name = xmemdup0(value->text.p, value->text.n);
}

static void read_may(struct reader *r, const struct yaml_node *value,
                     void *into)
{
    static const char *const names[] = { "write", "read", "act" };
    static const unsigned rights[] = { HTTPD_WRITE, HTTPD_READ, HTTPD_ACT };
    struct httpd_token *token = into;
    const struct yaml_node *item;
    size_t i;

    if (!config_is_kind(r, value, YAML_SEQUENCE, "a list of write, read, act"))
        return;
    for (item = value->first; item; item = item->next) {
        if (!config_is_kind(r, item, YAML_SCALAR, "write, read or act"))
            continue;
        for (i = 0; i < COUNT(names); i++)
            if (slice_is(item->text, names[i]))
                break;
        if (i == COUNT(names))
            config_problem(r, item,
                           "may: \"%.*s\" is not one of write, read, act",
                           SHOWN(item->text));
        else
            token->may |= rights[i];
    }
}

static void check_token(struct reader *r, const struct yaml_node *item,
                        const struct httpd_token *token)
{
    const struct config *c = r->config;
    size_t i;

    if (item->kind != YAML_MAPPING)
        return;
    if (!yaml_get(item, "name"))
        config_problem(r, item, "a token needs a name");
    if (!yaml_get(item, "file"))
        config_problem(r, item, "a token needs a file that holds its secret");
    if (!yaml_get(item, "may"))
        config_problem(r, item,
                       "a token needs may: what it allows, of write, read, "
                       "act");
    for (i = 0; token->name && i < c->ntokens; i++)
        if (c->tokens[i].name && strcmp(c->tokens[i].name, token->name) == 0)
            config_problem(r, item, "two tokens are called \"%s\"",
                           token->name);
    for (i = 0; token->secret && i < c->ntokens; i++)
        if (c->tokens[i].secret &&
            strcmp(c->tokens[i].secret, token->secret) == 0)
            config_problem(r, item, "two tokens have the same secret");
}

static void read_tokens(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    static const struct key key[] = {
        { "name", read_name },
        { "file", read_secret },
        { "may", read_may },
    };
    const struct keys keys = { key, COUNT(key) };
    struct config *c = r->config;
    const struct yaml_node *item;

    (void)into;
    if (!config_is_kind(r, value, YAML_SEQUENCE, "a list of tokens"))
        return;
    if (value->n > TOKENS_MAX) {
        config_problem(r, value, "tokens: at most %d", TOKENS_MAX);
        return;
    }
    c->tokens = xcalloc(value->n + 1, sizeof(*c->tokens));
    for (item = value->first; item; item = item->next) {
        struct httpd_token token = { 0 };

        config_read_mapping(r, item, keys, &token);
        check_token(r, item, &token);
        c->tokens[c->ntokens++] = token;
    }
}

static void read_host(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "docker.host");
}

static void read_act_host(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "docker.act_host");
}

static void read_stats(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "docker.stats");
}

static void read_version(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "docker.api_version");
}

static void read_history(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "docker.history");
}

static void read_enabled(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    config_read_bool(r, v, &r->config->docker);
}

static void read_label(struct reader *r, const struct yaml_node *value,
                       void *into)
{
    struct docker_rule *rule = into;
    struct slice t = value->text;

    if (!config_is_kind(r, value, YAML_SCALAR, "\"key\" or \"key=value\""))
        return;
    if (t.n == 0 || t.n > 1024 || *t.p == '=')
        config_problem(r, value, "label: \"key\" or \"key=value\" is wanted");
    else
        rule->label = slice_of(xmemdup0(t.p, t.n), t.n);
}

static void read_mode(struct reader *r, const struct yaml_node *value,
                      void *into)
{
    struct docker_rule *rule = into;

    if (config_is_kind(r, value, YAML_SCALAR, "shard, json or text") &&
        mode_parse(value->text, &rule->mode))
        config_problem(r, value,
                       "mode: \"%.*s\" is not one of shard, json, text",
                       SHOWN(value->text));
}

static void read_select(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    static const struct key key[] = {
        { "label", read_label },
        { "mode", read_mode },
    };
    const struct keys keys = { key, COUNT(key) };
    struct config *c = r->config;
    const struct yaml_node *item;

    (void)into;
    if (!config_is_kind(r, value, YAML_SEQUENCE, "a list of labels"))
        return;
    if (value->n > RULES_MAX) {
        config_problem(r, value, "select: at most %d", RULES_MAX);
        return;
    }
    c->rules = xcalloc(value->n + 1, sizeof(*c->rules));
    for (item = value->first; item; item = item->next) {
        struct docker_rule *rule = &c->rules[c->nrules++];

        rule->mode = MODE_JSON;
        config_read_mapping(r, item, keys, rule);
        if (item->kind == YAML_MAPPING && !yaml_get(item, "label"))
            config_problem(r, item, "which label? \"key\" or \"key=value\"");
    }
}

static void read_docker(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    static const struct key key[] = {
        { "host", read_host },           { "act_host", read_act_host },
        { "api_version", read_version }, { "enabled", read_enabled },
        { "history", read_history },     { "select", read_select },
        { "stats", read_stats },
    };

    (void)into;
    config_read_mapping(r, value, (struct keys){ key, COUNT(key) }, NULL);
}

static void read_revive_enabled(struct reader *r, const struct yaml_node *v,
                                void *in)
{
    (void)in;
    config_read_bool(r, v, &r->config->revive);
}

static void read_dry_run(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    config_read_bool(r, v, &r->config->dry_run);
}

static void read_revive(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    static const struct key key[] = {
        { "dry_run", read_dry_run },
        { "enabled", read_revive_enabled },
    };

    (void)into;
    config_read_mapping(r, value, (struct keys){ key, COUNT(key) }, NULL);
}

static void read_receiver_name(struct reader *r, const struct yaml_node *value,
                               void *into)
{
    struct receiver *to = into;
    char *name = NULL;

    config_read_name(r, value, RECEIVER_NAME_MAX, &name);
    if (name)
        to->name = name;
}

static void read_url(struct reader *r, const struct yaml_node *value,
                     enum receiver_kind kind, struct receiver *to)
{
    struct err err;

    if (!config_is_kind(r, value, YAML_SCALAR, "a URL"))
        return;
    if (to->url) {
        config_problem(r, value,
                       "a receiver is either a webhook or an alertmanager");
        return;
    }
    if (address_check(kind, value->text, &err))
        config_problem_of(r, value, &err);
    to->kind = kind;
    to->url = xmemdup0(value->text.p, value->text.n);
}

static void read_webhook(struct reader *r, const struct yaml_node *value,
                         void *into)
{
    read_url(r, value, RECEIVER_WEBHOOK, into);
}

static void read_alertmanager(struct reader *r, const struct yaml_node *value,
                              void *into)
{
    read_url(r, value, RECEIVER_ALERTMANAGER, into);
}

static void read_timeout(struct reader *r, const struct yaml_node *value,
                         void *into)
{
    struct receiver *to = into;
    nsec span;

    if (!config_is_kind(r, value, YAML_SCALAR, "a span"))
        return;
    if (span_parse(value->text, &span) || span < NSEC_MSEC ||
        span > TIMEOUT_MAX)
        config_problem(
            r, value,
            "timeout: \"%.*s\" is no span from 1ms to 5m; write it like "
            "10s",
            SHOWN(value->text));
    else
        to->timeout_for = span;
}

static void read_resolved(struct reader *r, const struct yaml_node *value,
                          void *into)
{
    struct receiver *to = into;
    bool send = true;

    config_read_bool(r, value, &send);
    to->skip_resolved = !send;
}

static void read_token_file(struct reader *r, const struct yaml_node *value,
                            void *into)
{
    struct receiver *to = into;
    char secret[TOKEN_MAX + 1], *path;

    if (!find_secret(r, value, &path, secret))
        return;
    explicit_bzero(secret, sizeof(secret));
    to->token_file = path;
}

static void read_receivers(struct reader *r, const struct yaml_node *value,
                           void *into)
{
    static const struct key key[] = {
        { "name", read_receiver_name },
        { "webhook", read_webhook },
        { "timeout", read_timeout },
        { "alertmanager", read_alertmanager },
        { "token_file", read_token_file },
        { "send_resolved", read_resolved },
    };
    const struct yaml_node *item;
    struct err err;

    (void)into;
    if (!config_is_kind(r, value, YAML_SEQUENCE, "a list of receivers"))
        return;
    for (item = value->first; item; item = item->next) {
        struct receiver receiver = { 0 };

        config_read_mapping(r, item, (struct keys){ key, COUNT(key) },
                            &receiver);
        if (item->kind == YAML_MAPPING && !yaml_get(item, "webhook") &&
            !yaml_get(item, "alertmanager"))
            config_problem(r, item,
                           "a receiver needs the URL of a webhook or an "
                           "alertmanager");
        if (config_add_receiver(r->config, &receiver, &err))
            config_problem(r, item, "%s", err.text);
        receiver_release(&receiver);
    }
    config_name_receivers(r->config);
}

static void read_resend(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "notify.resend_every");
}

static void read_external(struct reader *r, const struct yaml_node *v, void *in)
{
    (void)in;
    read_setting(r, v, "notify.external_url");
}

static void read_notify(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    static const struct key key[] = {
        { "receivers", read_receivers },
        { "resend_every", read_resend },
        { "external_url", read_external },
    };

    (void)into;
    config_read_mapping(r, value, (struct keys){ key, COUNT(key) }, NULL);
}

static void read_limits(struct reader *r, const struct yaml_node *value,
                        void *into)
{
    const struct yaml_node *child;
    struct buf text;
    struct err err;

    (void)into;
    if (!config_is_kind(r, value, YAML_MAPPING,
                        "a mapping of names to numbers"))
        return;
    buf_init(&text, 200);
    for (child = value->first; child; child = child->next) {
        if (!config_is_kind(r, child, YAML_SCALAR, "a number"))
            continue;
        buf_reset(&text);
        buf_slice(&text, child->key->text);
        buf_char(&text, '=');
        buf_slice(&text, child->text);
        if (!buf_ok(&text))
            config_problem(r, child->key, "this is no limit");
        else if (limits_set(&r->config->limits, buf_view(&text), &err))
            config_problem(r, child, "limits: %s", err.text);
    }
    buf_release(&text);
}

static void read_rule_path(struct reader *r, const struct yaml_node *value)
{
    char *path;
    struct err err;

    if (!config_is_kind(r, value, YAML_SCALAR, "a file or a directory"))
        return;
    path = path_beside(r->path, value->text);
    if (config_set(r->config, "rules", slice_str(path), &err))
        config_problem(r, value, "rules: %s", err.text);
    free(path);
}

static void read_rules(struct reader *r, const struct yaml_node *value,
                       void *into)
{
    const struct yaml_node *item;

    (void)into;
    if (value->kind != YAML_SEQUENCE) {
        read_rule_path(r, value);
        return;
    }
    for (item = value->first; item; item = item->next)
        read_rule_path(r, item);
}

static void read_root(struct reader *r, const struct yaml_node *root)
{
    static const struct key key[] = {
        { "listen", read_listen },      { "allow_anonymous", read_anonymous },
        { "tokens", read_tokens },      { "data", read_data },
        { "fsync", read_fsync },        { "segment_size", read_segment },
        { "reorder", read_reorder },    { "docker", read_docker },
        { "limits", read_limits },      { "notify", read_notify },
        { "rules", read_rules },        { "revive", read_revive },
        { "probe", config_probe_read },
    };

    /* A file of nothing but comments sets nothing. */
    if (root && !yaml_is_null(root))
        config_read_mapping(r, root, (struct keys){ key, COUNT(key) }, NULL);
}

enum status config_parse(struct config *c, struct slice text, const char *path,
                         const struct config_told *told, struct err *err)
{
    struct reader r = { c, path, told, err, 0 };
    struct yaml *doc = NULL;
    struct err why = { 0 };

    if (yaml_parse(text, &doc, &why))
        config_tell(&r, &why);
    else
        read_root(&r, yaml_root(doc));
    yaml_free(doc);
    if (r.problems == 0)
        return ST_OK;
    config_release(c);
    config_init(c);
    return ST_BAD;
}

enum status config_read(struct config *c, const char *path,
                        const struct config_told *told, struct err *err)
{
    struct reader r = { c, path, told, err, 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct err why = { 0 };
    enum status st = ST_BAD;
    ssize_t n = -1;
    char *p = NULL;

    if (fd >= 0) {
        p = xmalloc(YAML_BYTES_MAX + 1);
        n = read_some(fd, p, YAML_BYTES_MAX + 1);
    }
    if (n >= 0) {
        st = config_parse(c, slice_of(p, (size_t)n), path, told, err);
    } else {
        err_set(&why, "cannot be read: %s", strerror(errno));
        config_tell(&r, &why);
    }
    if (fd >= 0)
        close(fd);
    free(p);
    return st;
}
