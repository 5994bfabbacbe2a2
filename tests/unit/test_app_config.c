#include "app/config.h"
#include "app/self.h"
#include "base/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct heard {
    size_t problems, warnings;
    struct err last;
};

static void on_problem(void *self, const char *path, const struct err *err)
{
    struct heard *h = self;

    ck_assert_ptr_nonnull(path);
    h->problems++;
    h->last = *err;
}

static void on_warning(void *self, const char *path, const struct err *err)
{
    struct heard *h = self;

    ck_assert_ptr_nonnull(path);
    h->warnings++;
    h->last = *err;
}

static void good(struct config *c, const char *text)
{
    struct err err = { 0 };

    config_init(c);
    ck_assert_msg(config_parse(c, slice_str(text), "c.yaml", NULL, &err) ==
                      ST_OK,
                  "%zu:%zu: %s", err.line, err.column, err.text);
}

/* The first problem of text. */
#define TEN "1234567890"

static void bad(const char *text, size_t line, size_t column, const char *says)
{
    struct config c;
    struct err err = { 0 };

    config_init(&c);
    ck_assert_int_eq(config_parse(&c, slice_str(text), "c.yaml", NULL, &err),
                     ST_BAD);
    ck_assert_msg(strstr(err.text, says), "said: %s", err.text);
    ck_assert_uint_eq(err.line, line);
    ck_assert_uint_eq(err.column, column);
    ck_assert_str_eq(c.listen, "127.0.0.1:7433");
    config_release(&c);
}

/* A file of this test's own; removed by the caller. */
static void make_file(char path[64], const char *text, mode_t mode)
{
    int fd;

    snprintf(path, 64, "/tmp/bladewatch-config-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

START_TEST(a_full_file_is_understood)
{
    struct config c;

    good(&c, "listen: 0.0.0.0:8000\n"
             "allow_anonymous: true\n"
             "data: /srv/bw\n"
             "fsync: interval\n"
             "segment_size: 16MiB\n"
             "reorder: 2s\n"
             "docker:\n"
             "  host: unix:///tmp/d.sock\n"
             "  api_version: 1.41\n"
             "  enabled: true\n"
             "  history: tail 50\n"
             "  act_host: tcp://act:2375\n"
             "  stats: 30s\n"
             "  select:\n"
             "    - {label: app}\n"
             "    - {label: role=node, mode: text}\n"
             "revive: {dry_run: true, enabled: false}\n"
             "limits: {nodes: 5000000, retire_after: 48h}\n");
    ck_assert_str_eq(c.listen, "0.0.0.0:8000");
    ck_assert(c.allow_anonymous);
    ck_assert_str_eq(c.data, "/srv/bw");
    ck_assert_int_eq(c.fsync, FSYNC_INTERVAL);
    ck_assert_uint_eq(c.segment_bytes, 16 << 20);
    ck_assert_int_eq(c.reorder_for, 2 * NSEC_SEC);
    ck_assert_str_eq(c.docker_host, "unix:///tmp/d.sock");
    ck_assert_str_eq(c.docker_version, "1.41");
    ck_assert_int_eq(c.history, DOCKER_TAIL);
    ck_assert_uint_eq(c.history_lines, 50);
    ck_assert_str_eq(c.docker_act, "tcp://act:2375");
    ck_assert_int_eq(c.stats_every, 30 * NSEC_SEC);
    ck_assert(c.dry_run);
    ck_assert(!c.revive);
    ck_assert_uint_eq(c.nrules, 2);
    ck_assert(slice_is(c.rules[0].label, "app"));
    ck_assert_int_eq(c.rules[0].mode, MODE_JSON);
    ck_assert(slice_is(c.rules[1].label, "role=node"));
    ck_assert_int_eq(c.rules[1].mode, MODE_TEXT);
    ck_assert_uint_eq(c.limits.nodes, 5000000);
    ck_assert_int_eq(c.limits.retire_after, 48 * 3600 * NSEC_SEC);
    config_release(&c);
}
END_TEST

START_TEST(an_empty_file_changes_nothing)
{
    struct config c;

    good(&c, "# nothing yet\n");
    ck_assert_str_eq(c.listen, "127.0.0.1:7433");
    ck_assert(c.docker);
    ck_assert_ptr_null(c.docker_act);
    ck_assert_int_eq(c.stats_every, 5 * NSEC_SEC);
    ck_assert(c.revive);
    ck_assert(!c.dry_run);
    ck_assert_int_eq(c.reorder_for, 100 * NSEC_MSEC);
    config_release(&c);
    good(&c, "{\"listen\": \"127.0.0.1:1\"}");
    ck_assert_str_eq(c.listen, "127.0.0.1:1");
    config_release(&c);
}
END_TEST

START_TEST(a_key_that_is_not_known_is_named_with_what_was_meant)
{
    bad("data: /x\nlisen: 127.0.0.1:1\n", 2, 1,
        "unknown key \"lisen\"; did you mean \"listen\"?");
    bad("docker:\n  hots: unix:///x\n", 2, 3,
        "unknown key \"hots\"; did you mean \"host\"?");
    bad("docker:\n  select:\n    - label: x\n      mod: json\n", 4, 7,
        "did you mean \"mode\"?");
    bad("tokens:\n  - {nmae: x}\n", 2, 6, "did you mean \"name\"?");
    bad("zzzzzzzz: 1\n", 1, 1, "there are: listen, allow_anonymous, tokens");
    bad("limits: {node: 5}\n", 1, 16, "there is no limit \"node\"");
}
END_TEST

START_TEST(a_value_of_the_wrong_kind_is_named)
{
    bad("- listen\n", 1, 1, "a mapping is wanted here, not a list");
    bad("hello\n", 1, 1, "a mapping is wanted here, not a single value");
    bad("listen: [1]\n", 1, 9, "listen: a single value is wanted, not a list");
    bad("listen: {a: 1}\n", 1, 9, "not a mapping");
    bad("data: /x\nlisten:\n", 2, 1,
        "listen: a single value is wanted, not "
        "nothing");
    bad("docker: false\n", 1, 9, "docker: a mapping is wanted");
    bad("tokens: {}\n", 1, 9, "tokens: a list of tokens is wanted");
    bad("tokens: [x]\n", 1, 10, "a mapping is wanted here");
    bad("allow_anonymous: 1\n", 1, 18, "true or false is wanted, not \"1\"");
    bad("allow_anonymous: 'true'\n", 1, 18, "true or false is wanted");
    bad("docker: {enabled: yes}\n", 1, 19, "true or false is wanted");
    bad("docker: {select: {label: x}}\n", 1, 18, "select: a list of labels");
    bad("limits: 5\n", 1, 9, "limits: a mapping of names");
    bad("limits: {nodes: [5]}\n", 1, 17, "nodes: a number is wanted");
}
END_TEST

START_TEST(a_value_out_of_range_is_named)
{
    bad("listen: somewhere\n", 1, 9, "listen: cannot listen on 'somewhere'");
    bad("listen: 127.0.0.1:70000\n", 1, 9, "cannot listen on");
    bad("fsync: sometimes\n", 1, 8, "not one of always, interval, never");
    bad("segment_size: 1\n", 1, 15, "no size from 64KiB to 64GiB");
    bad("segment_size: 999999999999999GiB\n", 1, 15, "no size");
    bad("segment_size: 64 parsecs\n", 1, 15, "no size");
    bad("reorder: 2h\n", 1, 10, "no span from 0s to 60s");
    bad("reorder: -1s\n", 1, 10, "no span");
    bad("data: ''\n", 1, 7, "a directory is wanted");
    bad("docker: {history: tail}\n", 1, 19, "none, all, tail N");
    bad("docker: {history: tail 0}\n", 1, 19, "none, all, tail N");
    bad("docker: {api_version: 2.0}\n", 1, 23, "no version");
    bad("docker: {host: 'ssh://x'}\n", 1, 16, "ssh:// is not supported");
    bad("docker: {host: 'https://x'}\n", 1, 16, "TLS");
    bad("docker: {host: /var/run}\n", 1, 16, "no Docker engine");
    bad("docker: {host: unix:///" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
        "1234567}\n",
        1, 16, "at most 107 bytes, and this one has 108");
    bad("docker: {select: [{label: '=x'}]}\n", 1, 27, "label:");
    bad("docker: {select: [{mode: xml, label: a}]}\n", 1, 26, "shard, json");
    bad("docker: {select: [{mode: json}]}\n", 1, 19, "which label?");
    bad("limits: {nodes: many}\n", 1, 17, "\"many\" is no whole number");
    bad("limits: {retire_after: soon}\n", 1, 24, "no span");
}
END_TEST

START_TEST(all_problems_of_a_file_are_told)
{
    struct heard heard = { 0 };
    const struct config_told told = { &heard, on_problem, on_warning };
    struct config c;
    struct err err = { 0 };

    config_init(&c);
    ck_assert_int_eq(config_parse(&c,
                                  slice_str("lisen: 1\nfsync: x\n"
                                            "docker: {hots: 1}\n"),
                                  "c.yaml", &told, &err),
                     ST_BAD);
    ck_assert_uint_eq(heard.problems, 3);
    ck_assert_uint_eq(err.line, 1);
    ck_assert_uint_eq(heard.last.line, 3);
    config_release(&c);
}
END_TEST

START_TEST(a_secret_comes_from_its_file)
{
    struct heard heard = { 0 };
    const struct config_told told = { &heard, on_problem, on_warning };
    struct config c;
    struct err err = { 0 };
    char path[64], text[256];

    make_file(path, "s3cret\n", 0600);
    snprintf(text, sizeof(text),
             "tokens: [{name: n1, file: %s, may: [write, act]}]", path);
    config_init(&c);
    ck_assert_int_eq(config_parse(&c, slice_str(text), "c.yaml", &told, &err),
                     ST_OK);
    ck_assert_uint_eq(c.ntokens, 1);
    ck_assert_str_eq(c.tokens[0].name, "n1");
    ck_assert_str_eq(c.tokens[0].secret, "s3cret");
    ck_assert_uint_eq(c.tokens[0].may, HTTPD_WRITE | HTTPD_ACT);
    ck_assert_uint_eq(heard.warnings, 0);
    config_release(&c);

    /* Beside the configuration, and open to everybody. */
    ck_assert_int_eq(chmod(path, 0644), 0);
    snprintf(text, sizeof(text), "tokens: [{name: n1, file: %s, may: [read]}]",
             path + 5);
    config_init(&c);
    ck_assert_int_eq(
        config_parse(&c, slice_str(text), "/tmp/c.yaml", &told, &err), ST_OK);
    ck_assert_uint_eq(heard.warnings, 1);
    ck_assert(strstr(heard.last.text, "everybody on this machine"));
    config_release(&c);
    unlink(path);
}
END_TEST

START_TEST(a_token_that_cannot_work_is_named)
{
    static const char *const secrets[] = { "",       "\n",     "a b\n",
                                           "a\nb\n", "\x01\n", "\xc3\xa4" };
    char path[64], text[256];
    size_t i;

    bad("tokens: [{name: a, file: /nonexistent/x, may: [read]}]", 1, 26,
        "/nonexistent/x cannot be read");
    bad("tokens: [{name: a, file: /tmp, may: [read]}]", 1, 26,
        "cannot be read");
    bad("tokens: [{}]", 1, 10, "a token needs a name");
    bad("tokens: [{name: '', file: /nonexistent}]", 1, 17, "1 to 128");
    for (i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
        make_file(path, secrets[i], 0600);
        snprintf(text, sizeof(text),
                 "tokens: [{name: a, file: %s, may: [read]}]", path);
        bad(text, 1, 26, "must hold one secret");
        unlink(path);
    }
    make_file(path, "s", 0600);
    snprintf(text, sizeof(text), "tokens: [{name: a, file: %s, may: [wriet]}]",
             path);
    bad(text, 1, (size_t)(strstr(text, "wriet") - text) + 1,
        "\"wriet\" is not one of write, read, act");
    snprintf(text, sizeof(text),
             "tokens:\n- {name: a, file: %s, may: [act]}\n"
             "- {name: a, file: %s, may: [act]}\n",
             path, path);
    bad(text, 3, 3, "two tokens are called \"a\"");
    unlink(path);
}
END_TEST

START_TEST(receivers_are_understood)
{
    struct config c;

    good(&c, "notify:\n"
             "  receivers:\n"
             "    - {webhook: 'http://h/a'}\n"
             "    - {name: webhook-1, webhook: 'https://h/b', timeout: 500ms,\n"
             "       send_resolved: false}\n"
             "    - {alertmanager: 'http://h:9093'}\n"
             "  resend_every: 30s\n"
             "  external_url: http://me:7433\n");
    ck_assert_uint_eq(c.nreceivers, 3);
    ck_assert_str_eq(c.receivers[0].name, "webhook-2");
    ck_assert_str_eq(c.receivers[0].url, "http://h/a");
    ck_assert_int_eq(c.receivers[0].timeout_for, 0);
    ck_assert(!c.receivers[0].skip_resolved);
    ck_assert_str_eq(c.receivers[1].name, "webhook-1");
    ck_assert_int_eq(c.receivers[1].timeout_for, 500 * NSEC_MSEC);
    ck_assert(c.receivers[1].skip_resolved);
    ck_assert_int_eq(c.receivers[2].kind, RECEIVER_ALERTMANAGER);
    ck_assert_str_eq(c.receivers[2].name, "alertmanager-1");
    ck_assert_int_eq(c.resend_every, 30 * NSEC_SEC);
    ck_assert_str_eq(c.external_url, "http://me:7433");
    config_release(&c);
}
END_TEST

START_TEST(a_receiver_that_cannot_work_is_named)
{
    bad("notify: {receivers: {}}", 1, 21, "a list of receivers is wanted");
    bad("notify: {receivers: [{}]}", 1, 22, "needs the URL of a webhook or");
    bad("notify: {receivers: [{webhook: 'h:1'}]}", 1, 32, "no URL");
    bad("notify: {receivers: [{webhook: 'http://u:pw@h:x'}]}", 1, 32,
        "webhook: \"http://h:x\" is no URL of a receiver: the port");
    bad("notify: {receivers: [{alertmanager: 'http://h/?x'}]}", 1, 37,
        "has no query");
    bad("notify: {receivers: [{webhook: 'http://h', alertmanager: "
        "'http://h'}]}",
        1, 58, "either a webhook or an alertmanager");
    bad("notify: {receivers: [{name: 'a b', webhook: 'http://h'}]}", 1, 29,
        "name: letters, digits");
    bad("notify: {receivers: [{webhook: 'http://h', timeout: 0s}]}", 1, 53,
        "no span from 1ms to 5m");
    bad("notify: {receivers: [{webhook: 'http://h', send_resolved: 1}]}", 1, 59,
        "true or false");
    bad("notify: {receivers: [{webhook: 'http://h', token_file: /no/x}]}", 1,
        56, "token_file: /no/x cannot be read");
    bad("notify:\n  receivers:\n  - {name: a, webhook: 'http://h'}\n"
        "  - {name: a, webhook: 'http://i'}\n",
        4, 5, "two receivers are called \"a\"");
    bad("notify: {resend_every: 0s}", 1, 24, "no span from 1s to 1h");
    bad("notify: {external_url: here}", 1, 24, "no URL");
    bad("notify: {reciever: []}", 1, 10, "did you mean \"receivers\"?");
}
END_TEST

START_TEST(the_token_of_a_receiver_is_found_beside_the_file)
{
    struct config c;
    char path[64], text[256];

    make_file(path, "s3cret\n", 0600);
    snprintf(text, sizeof(text),
             "notify: {receivers: [{webhook: 'http://h', token_file: %s}]}",
             path);
    good(&c, text);
    ck_assert_str_eq(c.receivers[0].token_file, path);
    config_release(&c);
    unlink(path);
}
END_TEST

START_TEST(what_is_no_yaml_is_no_configuration)
{
    bad("listen: [\n", 2, 1, "this is not YAML");
    bad("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", 2, 1, "twice");
    bad("data: \xff\n", 1, 7, "UTF-8");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_said_to_be_so)
{
    struct config c;
    struct err err = { 0 };

    config_init(&c);
    ck_assert_int_eq(config_read(&c, "/nonexistent/c.yaml", NULL, &err),
                     ST_BAD);
    ck_assert_str_eq(err.text, "cannot be read: No such file or directory");
    ck_assert_int_eq(config_read(&c, "/tmp", NULL, &err), ST_BAD);
    ck_assert_str_eq(err.text, "cannot be read: Is a directory");
    config_release(&c);
}
END_TEST

/* NAME, value, NAME, value, ..., NULL */
static const char *const *variables;

static const char *fake_getenv(const char *name)
{
    size_t i;

    for (i = 0; variables[i]; i += 2)
        if (strcmp(variables[i], name) == 0)
            return variables[i + 1];
    return NULL;
}

static enum status with(struct config *c, const char *const *vars,
                        struct err *err)
{
    enum status st;

    variables = vars;
    config_init(c);
    st = config_environment(c, fake_getenv, err);
    return st ? st : config_finish(c, fake_getenv, err);
}

START_TEST(the_environment_speaks_after_the_file)
{
    const char *const vars[] = { "BLADEWATCH_LISTEN",
                                 "127.0.0.1:9",
                                 "BLADEWATCH_DATA",
                                 "/d",
                                 "BLADEWATCH_FSYNC",
                                 "never",
                                 "BLADEWATCH_ALLOW_ANONYMOUS",
                                 "true",
                                 "BLADEWATCH_SELF",
                                 "abc",
                                 "BLADEWATCH_DOCKER",
                                 "0",
                                 "DOCKER_API_VERSION",
                                 "1.30",
                                 "BLADEWATCH_WEBHOOK",
                                 "http://h/hook",
                                 "BLADEWATCH_ALERTMANAGER",
                                 "http://h:9093",
                                 NULL };
    struct config c;
    struct err err = { 0 };

    ck_assert_int_eq(with(&c, vars, &err), ST_OK);
    ck_assert_str_eq(c.listen, "127.0.0.1:9");
    ck_assert_str_eq(c.data, "/d");
    ck_assert_int_eq(c.fsync, FSYNC_NEVER);
    ck_assert(c.allow_anonymous);
    ck_assert_str_eq(c.self_id, "abc");
    ck_assert(!c.docker);
    ck_assert_str_eq(c.docker_version, "1.30");
    ck_assert_uint_eq(c.nreceivers, 2);
    ck_assert_str_eq(c.receivers[0].url, "http://h/hook");
    ck_assert_int_eq(c.receivers[1].kind, RECEIVER_ALERTMANAGER);
    config_release(&c);
}
END_TEST

START_TEST(receivers_add_up)
{
    struct config c;
    struct err err = { 0 };
    char url[32];
    int i;

    good(&c, "notify: {receivers: [{name: a, webhook: 'http://h/a'}]}");
    ck_assert_int_eq(config_set(&c, "webhook", slice_str("http://h/b"), &err),
                     ST_OK);
    ck_assert_int_eq(config_set(&c, "webhook", slice_str("http://h/a"), &err),
                     ST_OK);
    ck_assert_int_eq(
        config_set(&c, "alertmanager", slice_str("http://h/a"), &err), ST_OK);
    ck_assert_uint_eq(c.nreceivers, 3);
    ck_assert_str_eq(c.receivers[1].name, "webhook-1");
    ck_assert_str_eq(c.receivers[2].name, "alertmanager-1");
    for (i = 3; i < 32; i++) {
        snprintf(url, sizeof(url), "http://h/%d", i);
        ck_assert_int_eq(config_set(&c, "webhook", slice_str(url), &err),
                         ST_OK);
    }
    ck_assert_int_eq(config_set(&c, "webhook", slice_str("http://x"), &err),
                     ST_LIMIT);
    ck_assert_str_eq(err.text, "at most 32 receivers");
    config_release(&c);
}
END_TEST

static void refused(const char *const *vars, const char *says)
{
    struct config c;
    struct err err = { 0 };

    ck_assert_int_eq(with(&c, vars, &err), ST_BAD);
    ck_assert_msg(strstr(err.text, says), "said: %s", err.text);
    config_release(&c);
}

#define VARS(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(the_environment_says_where_and_whether_to_act)
{
    const char *const vars[] = { "BLADEWATCH_DOCKER_READ",
                                 "tcp://read:2375",
                                 "BLADEWATCH_DOCKER_ACT",
                                 "tcp://act:2375",
                                 "BLADEWATCH_DRY_RUN",
                                 "yes",
                                 "BLADEWATCH_REVIVE",
                                 "off",
                                 NULL };
    struct config c;
    struct err err = { 0 };

    ck_assert_int_eq(with(&c, vars, &err), ST_OK);
    ck_assert_str_eq(c.docker_host, "tcp://read:2375");
    ck_assert_str_eq(c.docker_act, "tcp://act:2375");
    ck_assert(c.dry_run);
    ck_assert(!c.revive);
    config_release(&c);
}
END_TEST

START_TEST(a_variable_that_is_nonsense_is_named)
{
    struct config c;
    struct err err = { 0 };

    refused(VARS("BLADEWATCH_LISTEN", "x"), "BLADEWATCH_LISTEN: cannot");
    refused(VARS("BLADEWATCH_FSYNC", "x"), "BLADEWATCH_FSYNC: \"x\"");
    refused(VARS("BLADEWATCH_DOCKER", "maybe"), "true or false");
    refused(VARS("BLADEWATCH_ALLOW_ANONYMOUS", "2"), "true or false");
    refused(VARS("DOCKER_API_VERSION", "new"), "DOCKER_API_VERSION");
    refused(VARS("DOCKER_HOST", "ssh://u@h"), "ssh:// is not supported");
    refused(VARS("DOCKER_HOST", "tcp://h:2376", "DOCKER_TLS_VERIFY", "1"),
            "DOCKER_TLS_VERIFY asks for TLS");
    ck_assert_int_eq(
        with(&c, VARS("DOCKER_HOST", "ssh://u@h", "BLADEWATCH_DOCKER", "false"),
             &err),
        ST_OK);
    config_release(&c);
    ck_assert_int_eq(
        with(&c, VARS("DOCKER_HOST", "unix:///x", "DOCKER_TLS_VERIFY", "1"),
             &err),
        ST_OK);
    config_release(&c);
}
END_TEST

START_TEST(the_recording_has_a_place_by_default)
{
    struct config c;
    struct err err = { 0 };

    ck_assert_int_eq(with(&c, VARS("XDG_STATE_HOME", "/s", "HOME", "/h"), &err),
                     ST_OK);
    ck_assert_str_eq(c.data, "/s/bladewatch");
    config_release(&c);
    ck_assert_int_eq(with(&c, VARS("HOME", "/h"), &err), ST_OK);
    ck_assert_str_eq(c.data, geteuid() == 0 ? "/var/lib/bladewatch"
                                            : "/h/.local/state/bladewatch");
    config_release(&c);
}
END_TEST

static void rule_paths(const struct config *c, const char *const *wanted)
{
    size_t i;

    for (i = 0; wanted[i]; i++) {
        ck_assert_uint_lt(i, c->nrule_paths);
        ck_assert_str_eq(c->rule_paths[i], wanted[i]);
    }
    ck_assert_uint_eq(c->nrule_paths, i);
}

START_TEST(rules_are_a_path_or_a_list_beside_the_file)
{
    struct config c;
    struct err err = { 0 };

    good(&c, "rules: /etc/rules\n");
    rule_paths(&c, VARS("/etc/rules"));
    config_release(&c);
    config_init(&c);
    ck_assert_int_eq(config_parse(&c, slice_str("rules: [a, /b/c.yaml, a]\n"),
                                  "/etc/bw/c.yaml", NULL, &err),
                     ST_OK);
    rule_paths(&c, VARS("/etc/bw/a", "/b/c.yaml", "/etc/bw/a"));
    config_release(&c);
    bad("rules: {a: b}\n", 1, 8, "a file or a directory");
    bad("rules: [a, [b]]\n", 1, 12, "a file or a directory");
    bad("rules: ''\n", 1, 8, "rules: a file or a directory is wanted");
}
END_TEST

START_TEST(the_environments_rules_are_instead_of_the_files)
{
    struct config c;
    struct err err = { 0 };

    good(&c, "rules: [/a, /b]\n");
    variables = VARS("BLADEWATCH_RULES", "");
    ck_assert_int_eq(config_environment(&c, fake_getenv, &err), ST_OK);
    rule_paths(&c, VARS("/a", "/b"));
    variables = VARS("BLADEWATCH_RULES", "/e");
    ck_assert_int_eq(config_environment(&c, fake_getenv, &err), ST_OK);
    rule_paths(&c, VARS("/e"));
    ck_assert_int_eq(config_set(&c, "rules", slice_str("/f"), &err), ST_OK);
    rule_paths(&c, VARS("/e", "/f"));
    config_forget_rules(&c);
    ck_assert_uint_eq(c.nrule_paths, 0);
    config_release(&c);
}
END_TEST

START_TEST(more_paths_of_rules_than_a_hundred_are_refused)
{
    struct config c;
    struct err err = { 0 };
    size_t i;

    config_init(&c);
    for (i = 0; i < CONFIG_RULES_MAX; i++)
        ck_assert_int_eq(config_set(&c, "rules", slice_str("/a"), &err), ST_OK);
    ck_assert_int_eq(config_set(&c, "rules", slice_str("/a"), &err), ST_BAD);
    ck_assert_str_eq(err.text, "at most 100 paths");
    config_release(&c);
}
END_TEST

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void finds(const char *mounts, const char *cgroup, const char *host,
                  const char *wanted)
{
    char *id = self_find(slice_str(mounts), slice_str(cgroup), slice_str(host));

    ck_assert_pstr_eq(id, wanted);
    free(id);
}

START_TEST(the_own_container_is_found)
{
    finds("1 2 0:1 /var/lib/docker/containers/" ID "/hostname /etc/hostname "
          "rw - ext4 x rw\n",
          "", "", ID);
    finds("", "12:pids:/docker/" ID "\n0::/\n", "", ID);
    finds("", "0::/system.slice/docker-" ID ".scope\n", "", ID);
    finds("", "0::/\n", "0123456789ab", "0123456789ab");
    finds("", "0::/user.slice\n", "myhost", NULL);
    finds("1 2 0:1 / /var/lib/docker/containers/" ID "/mounts/shm rw\n", "", "",
          NULL);
    finds("1 2\n\n \n", "/" ID "0\n", "", NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tc = tcase_create("config");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, a_full_file_is_understood);
    tcase_add_test(tc, an_empty_file_changes_nothing);
    tcase_add_test(tc, a_key_that_is_not_known_is_named_with_what_was_meant);
    tcase_add_test(tc, a_value_of_the_wrong_kind_is_named);
    tcase_add_test(tc, a_value_out_of_range_is_named);
    tcase_add_test(tc, all_problems_of_a_file_are_told);
    tcase_add_test(tc, a_secret_comes_from_its_file);
    tcase_add_test(tc, a_token_that_cannot_work_is_named);
    tcase_add_test(tc, receivers_are_understood);
    tcase_add_test(tc, a_receiver_that_cannot_work_is_named);
    tcase_add_test(tc, the_token_of_a_receiver_is_found_beside_the_file);
    tcase_add_test(tc, receivers_add_up);
    tcase_add_test(tc, what_is_no_yaml_is_no_configuration);
    tcase_add_test(tc, a_file_that_is_not_there_is_said_to_be_so);
    tcase_add_test(tc, the_environment_speaks_after_the_file);
    tcase_add_test(tc, the_environment_says_where_and_whether_to_act);
    tcase_add_test(tc, a_variable_that_is_nonsense_is_named);
    tcase_add_test(tc, the_recording_has_a_place_by_default);
    tcase_add_test(tc, rules_are_a_path_or_a_list_beside_the_file);
    tcase_add_test(tc, the_environments_rules_are_instead_of_the_files);
    tcase_add_test(tc, more_paths_of_rules_than_a_hundred_are_refused);
    tcase_add_test(tc, the_own_container_is_found);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
