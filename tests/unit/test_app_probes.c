#include "app/probes.h"

#include "app/config.h"
#include "support/suite.h"
#include "support/taking.h"

/* -- the section `probe` -------------------------------------------------- */

static const char *const none[] = { NULL };
static const char *const *variables = none; /* name, value, ..., NULL */

static const char *get(const char *name)
{
    for (size_t i = 0; variables[i]; i += 2) {
        if (strcmp(variables[i], name) == 0)
            return variables[i + 1];
    }
    return NULL;
}

/* File and environment; data is set, so that no home is needed. */
static enum status configure(struct config *c, const char *text,
                             struct err *err)
{
    enum status st;

    config_init(c);
    st = config_parse(c, slice_str(text), "c.yaml", NULL, err);
    if (!st)
        st = config_set(c, "data", slice_str("/nowhere"), err);
    if (!st)
        st = config_environment(c, get, err);
    if (!st)
        st = config_finish(c, get, err);
    return st;
}

static void good(struct config *c, const char *text)
{
    struct err err = { 0 };

    ck_assert_msg(!configure(c, text, &err), "%s", err.text);
}

START_TEST(without_a_word_the_founding_defaults_hold)
{
    struct config c;

    good(&c, "");
    ck_assert_int_eq(c.probe.usual.interval, 5 * NSEC_SEC);
    ck_assert_int_eq(probe_spec_timeout(&c.probe.usual), 2 * NSEC_SEC);
    ck_assert_uint_eq(c.probe.usual.failures, 3);
    ck_assert_uint_eq(c.probe.n, 0);
    ck_assert(!c.probe.leader);
    ck_assert_ptr_null(c.probe.told);
    config_release(&c);
}
END_TEST

START_TEST(what_a_target_does_not_say_is_as_for_all)
{
    struct config c;
    const struct probe_entry *e;

    good(&c, "probe:\n"
             "  targets:\n"
             "    - {name: gw, udp: gw:8888, failures: 5}\n"
             "    - {label: role=node, http: 8000/health, start_period: 0}\n"
             "    - {name: api, http: 'https://[::1]/x', interval: 1s}\n"
             "  interval: 4s\n"
             "  timeout: 3s\n"
             "  failures: 7\n"
             "  start_period: 1m\n");
    ck_assert_uint_eq(c.probe.n, 3);
    e = c.probe.entry;
    ck_assert_str_eq(e[0].name, "gw");
    ck_assert_str_eq(e[0].host, "gw");
    ck_assert_uint_eq(e[0].spec.port, 8888);
    ck_assert_uint_eq(e[0].spec.failures, 5);
    ck_assert_int_eq(e[0].spec.interval, 4 * NSEC_SEC);
    ck_assert_int_eq(e[0].spec.timeout, 3 * NSEC_SEC);
    ck_assert_int_eq(e[0].spec.start_period, 60 * NSEC_SEC);
    ck_assert_str_eq(e[1].label, "role=node");
    ck_assert_ptr_null(e[1].host);
    ck_assert_str_eq(e[1].spec.path, "/health");
    ck_assert_int_eq(e[1].spec.start_period, 0);
    ck_assert_uint_eq(e[1].spec.failures, 7);
    ck_assert(e[2].spec.tls);
    ck_assert_int_eq(probe_spec_timeout(&e[2].spec), NSEC_SEC);
    config_release(&c);
}
END_TEST

#define TARGET(t) "probe: {targets: [" t "]}"

static const struct {
    const char *text, *says;
} wrong[] = {
    { "probe: {intervall: 5s}", "did you mean \"interval\"?" },
    { "probe: {interval: soon}", "interval: \"soon\" is not a span" },
    { "probe: {failures: [3]}", "failures: a single value is wanted" },
    { "probe: {targets: {}}", "targets: a list of targets is wanted" },
    { "probe: {interval: 1s, timeout: 2s}",
      "probe: a timeout of 2s is longer than the interval of 1s" },
    { TARGET("{}"), "a target has a name and an address, or the label" },
    { TARGET("{name: a, label: b, udp: 1}"), "a target has a name and" },
    { TARGET("{name: a}"), "how is it asked? udp, tcp, http or https" },
    { TARGET("{name: a, udp: 1}"), "where is a? an address is wanted" },
    { TARGET("{label: a, udp: 'h:1'}"), "only a port is wanted" },
    { TARGET("{name: a, udp: 'h:1', tcp: 'h:1'}"), "asked in one way" },
    { TARGET("{name: a, udp: h:x}"), "its port is no number" },
    { TARGET("{name: 'a b', udp: h:1}"), "name: letters, digits" },
    { TARGET("{name: $set, udp: h:1}"), "name: letters, digits" },
    { TARGET("{label: =x, udp: 1}"), "\"key\" or \"key=value\" is wanted" },
    { TARGET("{name: a, udp: h:1}, {name: a, udp: h:2}"),
      "two targets are called \"a\"" },
    { TARGET("{name: a, udp: h:1, json: true}"),
      "probe: target a: status, match, json and insecure are for http" },
    { TARGET("{name: a, udp: h:1, interval: 1s, timeout: 3s}"),
      "probe: target a: a timeout of 3s is longer than the interval of 1s" },
    { TARGET("{name: a, http: h:1, status: 2xx}"),
      "status: \"2xx\" is not a status or a range" },
    { TARGET("{name: a, http: h:1, mach: x}"), "did you mean \"match\"?" },
};

START_TEST(what_is_wrong_in_the_file_is_told)
{
    struct config c;
    struct err err = { 0 };

    ck_assert_int_eq(configure(&c, wrong[_i].text, &err), ST_BAD);
    ck_assert_msg(strstr(err.text, wrong[_i].says), "%s", err.text);
    config_release(&c);
}
END_TEST

START_TEST(the_environment_of_the_monitor_before_is_understood)
{
    static const char *const all[] = {
        "CHECK_INTERVAL", "2.5", "TIMEOUT", "0.5", "MAX_FAILED_ATTEMPTS", "4",
        "LEADER_TIMEOUT", "10",  NULL
    };
    struct config c;

    variables = all;
    good(&c, TARGET("{name: a, udp: h:1}"));
    ck_assert_int_eq(c.probe.entry[0].spec.interval, 2500 * NSEC_MSEC);
    ck_assert_int_eq(c.probe.entry[0].spec.timeout, 500 * NSEC_MSEC);
    ck_assert_uint_eq(c.probe.entry[0].spec.failures, 4);
    ck_assert(c.probe.leader);
    ck_assert_str_eq(c.probe.told,
                     "CHECK_INTERVAL=2.5: probes are asked every 2.5 s, "
                     "TIMEOUT=0.5: an answer may take 0.5 s, "
                     "MAX_FAILED_ATTEMPTS=4: 4 bad answers in a row are down, "
                     "whatever the configuration says of all targets");
    config_release(&c);
}
END_TEST

START_TEST(a_time_out_of_the_environment_ends_with_the_interval)
{
    static const char *const all[] = { "TIMEOUT", "30", NULL };
    struct config c;

    variables = all;
    good(&c, "");
    ck_assert_int_eq(c.probe.usual.timeout, 5 * NSEC_SEC);
    ck_assert_str_eq(c.probe.told,
                     "TIMEOUT=30: an answer may take 5 s, whatever the "
                     "configuration says of all targets");
    config_release(&c);
}
END_TEST

START_TEST(nonsense_in_the_environment_is_told)
{
    static const char *const all[] = { "CHECK_INTERVAL", "often", NULL };
    struct config c;
    struct err err = { 0 };

    variables = all;
    ck_assert_int_eq(configure(&c, "", &err), ST_BAD);
    ck_assert_msg(strstr(err.text, "CHECK_INTERVAL: \"often\" is not a span"),
                  "%s", err.text);
    config_release(&c);
}
END_TEST

/* -- labels --------------------------------------------------------------- */

#define LABELS(...)                                                            \
    (struct labels)                                                            \
    {                                                                          \
        (const struct label[]){ __VA_ARGS__ },                                 \
            sizeof((const struct label[]){ __VA_ARGS__ }) /                    \
                sizeof(struct label)                                           \
    }
#define L(key, value)                                                          \
    {                                                                          \
        { key, sizeof(key) - 1 },                                              \
        {                                                                      \
            value, sizeof(value) - 1                                           \
        }                                                                      \
    }

static struct config config;
static nsec start_period; /* of its HEALTHCHECK */
static struct probe_spec spec;
static struct buf warnings;

static bool choose_probe(struct labels labels)
{
    buf_reset(&warnings);
    return prober_choose(&config.probe, labels, start_period, &spec, &warnings);
}

START_TEST(a_label_says_how_a_container_is_asked)
{
    ck_assert(choose_probe(LABELS(L("bladewatch.probe", "http:8000/health"),
                                  L("bladewatch.probe.interval", "1s"),
                                  L("bladewatch.probe.match", "ok"),
                                  L("bladewatch.probes", "x"))));
    ck_assert_uint_eq(spec.port, 8000);
    ck_assert_int_eq(spec.interval, NSEC_SEC);
    ck_assert_str_eq(spec.match, "ok");
    ck_assert_uint_eq(warnings.n, 0);
}
END_TEST

START_TEST(without_a_label_nothing_is_asked)
{
    ck_assert(!choose_probe(LABELS(L("role", "gw"))));
    ck_assert(!choose_probe(LABELS(L("bladewatch.probe.interval", "1s"))));
    ck_assert_uint_eq(warnings.n, 0);
}
END_TEST

START_TEST(the_configuration_asks_by_label_and_labels_change_it)
{
    ck_assert(choose_probe(
        LABELS(L("role", "node"), L("bladewatch.probe.failures", "9"))));
    ck_assert_int_eq(spec.kind, PROBE_UDP);
    ck_assert_uint_eq(spec.port, 8888);
    ck_assert_uint_eq(spec.failures, 9);
    ck_assert(choose_probe(
        LABELS(L("role", "node"), L("bladewatch.probe", "tcp:1"))));
    ck_assert_int_eq(spec.kind, PROBE_TCP);
}
END_TEST

START_TEST(nonsense_means_the_default_and_is_told)
{
    ck_assert(!choose_probe(LABELS(L("bladewatch.probe", "ping"))));
    ck_assert_str_eq(buf_cstr(&warnings),
                     "label bladewatch.probe: \"ping\" is no probe: write "
                     "udp:8888, tcp:5432, http:8000/health or https:8443/");
    ck_assert(!choose_probe(LABELS(L("bladewatch.probe", "udp:gw:1"))));
    ck_assert(strstr(buf_cstr(&warnings), "only a port is wanted"));
    ck_assert(choose_probe(LABELS(L("bladewatch.probe", "udp:1"),
                                  L("bladewatch.probe.interval", "x"),
                                  L("bladewatch.probe.failures", "4"),
                                  L("bladewatch.probe.colour", "red"))));
    ck_assert_int_eq(spec.interval, 5 * NSEC_SEC);
    ck_assert_uint_eq(spec.failures, 4);
    ck_assert_str_eq(buf_cstr(&warnings),
                     "label bladewatch.probe.interval: \"x\" is not a span "
                     "from 100ms to 1h, like 5s; label "
                     "bladewatch.probe.colour: a probe has no setting "
                     "\"colour\"");
    /* The configuration's goes on where the label's means nothing. */
    ck_assert(
        choose_probe(LABELS(L("role", "node"), L("bladewatch.probe", "ping"))));
    ck_assert_uint_eq(spec.port, 8888);
}
END_TEST

START_TEST(what_does_not_go_together_means_the_defaults)
{
    ck_assert(choose_probe(LABELS(L("bladewatch.probe", "udp:1"),
                                  L("bladewatch.probe.failures", "4"),
                                  L("bladewatch.probe.json", "true"))));
    ck_assert_uint_eq(spec.failures, 3);
    ck_assert(!spec.json);
    ck_assert(strstr(buf_cstr(&warnings), "for http alone"));
    ck_assert(choose_probe(LABELS(L("bladewatch.probe", "udp:1"),
                                  L("bladewatch.probe.interval", "1s"))));
    ck_assert_int_eq(probe_spec_timeout(&spec), NSEC_SEC);
    ck_assert_uint_eq(warnings.n, 0);
}
END_TEST

START_TEST(the_start_period_of_a_healthcheck_holds_unless_a_label_says_another)
{
    start_period = 90 * NSEC_SEC;
    ck_assert(choose_probe(LABELS(L("bladewatch.probe", "udp:1"))));
    ck_assert_int_eq(spec.start_period, 90 * NSEC_SEC);
    ck_assert(choose_probe(LABELS(L("role", "node"))));
    ck_assert_int_eq(spec.start_period, 90 * NSEC_SEC);
    ck_assert(choose_probe(
        LABELS(L("role", "node"), L("bladewatch.probe.start_period", "0s"))));
    ck_assert_int_eq(spec.start_period, 0);
    /* What does not go together means the defaults, of which it is one. */
    ck_assert(choose_probe(
        LABELS(L("role", "node"), L("bladewatch.probe.json", "true"))));
    ck_assert_int_eq(spec.start_period, 90 * NSEC_SEC);
    start_period = 0;
    ck_assert(choose_probe(LABELS(L("role", "node"))));
    ck_assert_int_eq(spec.start_period, 10 * NSEC_SEC);
    start_period = INT64_MAX;
    ck_assert(choose_probe(LABELS(L("role", "node"))));
    ck_assert_int_eq(spec.start_period, PROBE_SPAN_MAX);
    start_period = -1;
    ck_assert(choose_probe(LABELS(L("role", "node"))));
    ck_assert_int_eq(spec.start_period, 10 * NSEC_SEC);
}
END_TEST

/* -- containers ----------------------------------------------------------- */

static struct loop *loop;
static struct prober *prober;
static struct buf shards;

static struct intake intake; /* what it takes is in shards */

static void setup(void)
{
    variables = none;
    good(&config, TARGET("{label: role=node, udp: 8888},"
                         "{name: own, tcp: '127.0.0.1:1', interval: 1h}"));
    buf_init(&warnings, 1000);
    buf_init(&shards, 1 << 20);
    intake = taking_intake(&shards);
    ck_assert_int_eq(loop_new(&loop, NULL), ST_OK);
    ck_assert_int_eq(
        prober_start(loop, &config.probe, &intake, 1, 8192, &prober, NULL),
        ST_OK);
}

static void teardown(void)
{
    prober_stop(prober);
    prober_free(prober);
    loop_free(loop);
    buf_release(&shards);
    buf_release(&warnings);
    config_release(&config);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* What is written within a turn. */
/* Runs until the text is written, for two seconds at most. */
static bool is_written(const char *text)
{
    struct loop_timer timer = { 0 };
    nsec end_at = loop_now(loop) + 2 * NSEC_SEC;

    while (!strstr(buf_cstr(&shards), text) && loop_now(loop) < end_at) {
        loop_timer_start(loop, &timer, NSEC_MSEC, 0, stop, NULL);
        loop_run(loop);
        loop_timer_stop(&timer);
    }
    return strstr(buf_cstr(&shards), text) != NULL;
}

static struct docker_seen container(const char *id, const char *name)
{
    static const struct label node = L("role", "node");

    return (struct docker_seen){ .id = slice_str(id),
                                 .name = slice_str(name),
                                 .status = slice_str("running"),
                                 .started_at = 1,
                                 .address = slice_str("127.0.0.1"),
                                 .labels = { &node, 1 } };
}

static double asked(void)
{
    struct buf out;
    struct metrics m = { .out = &out };
    const char *at;
    double n;

    buf_init(&out, 1 << 16);
    prober_metrics(prober, &m);
    at = strstr(buf_cstr(&out), "\nbladewatch_probe_targets ");
    ck_assert_ptr_nonnull(at);
    n = atof(at + strlen("\nbladewatch_probe_targets "));
    buf_release(&out);
    return n;
}

START_TEST(a_container_that_is_seen_is_asked_until_it_is_gone)
{
    struct docker_seen c = container("aa", "gw");

    prober_seen(prober, &c);
    ck_assert(is_written("{\"probes\":{\"gw\":{"));
    ck_assert(strstr(buf_cstr(&shards), "{\"containers\":{\"gw\":{\"probe\":"));
    ck_assert(strstr(buf_cstr(&shards), "\"target\":\"127.0.0.1:8888\""));
    ck_assert(asked() == 2);
    prober_seen(prober, &(struct docker_seen){ .id = c.id, .gone = true });
    ck_assert(strstr(buf_cstr(&shards), "{\"probes\":{\"gw\":null}}"));
    ck_assert(asked() == 1);
}
END_TEST

START_TEST(a_renamed_one_is_asked_under_its_new_name)
{
    struct docker_seen c = container("aa", "gw");

    prober_seen(prober, &c);
    c.name = slice_str("other");
    prober_seen(prober, &c);
    ck_assert(strstr(buf_cstr(&shards), "{\"probes\":{\"gw\":null}}"));
    ck_assert(is_written("{\"probes\":{\"other\":{"));
    ck_assert(asked() == 2);
}
END_TEST

START_TEST(the_end_of_one_is_not_the_end_of_the_next_by_its_name)
{
    struct docker_seen old = container("aa", "gw"), new = container("bb", "gw");

    prober_seen(prober, &old);
    prober_seen(prober, &new);
    prober_seen(prober, &(struct docker_seen){ .id = old.id, .gone = true });
    ck_assert(is_written("{\"probes\":{\"gw\":{"));
    ck_assert_ptr_null(strstr(buf_cstr(&shards), "\"gw\":null"));
    ck_assert(asked() == 2);
}
END_TEST

START_TEST(an_ignored_one_is_not_asked)
{
    struct docker_seen c = container("aa", "gw");

    c.ignored = true;
    prober_seen(prober, &c);
    ck_assert(asked() == 1);
}
END_TEST

START_TEST(a_target_of_the_configuration_goes_before_a_container)
{
    struct docker_seen c = container("aa", "own");

    prober_seen(prober, &c);
    ck_assert(is_written("\"target\":\"127.0.0.1:1\""));
    ck_assert_ptr_null(strstr(buf_cstr(&shards), "docker"));
    ck_assert(asked() == 1);
    prober_seen(prober, &(struct docker_seen){ .id = c.id, .gone = true });
    ck_assert(asked() == 1);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &without_a_word_the_founding_defaults_hold,
        &what_a_target_does_not_say_is_as_for_all,
        &the_environment_of_the_monitor_before_is_understood,
        &a_time_out_of_the_environment_ends_with_the_interval,
        &nonsense_in_the_environment_is_told,
        &a_label_says_how_a_container_is_asked,
        &without_a_label_nothing_is_asked,
        &the_configuration_asks_by_label_and_labels_change_it,
        &nonsense_means_the_default_and_is_told,
        &what_does_not_go_together_means_the_defaults,
        &the_start_period_of_a_healthcheck_holds_unless_a_label_says_another,
        &a_container_that_is_seen_is_asked_until_it_is_gone,
        &a_renamed_one_is_asked_under_its_new_name,
        &the_end_of_one_is_not_the_end_of_the_next_by_its_name,
        &an_ignored_one_is_not_asked,
        &a_target_of_the_configuration_goes_before_a_container,
    };
    const struct suite_table tables[] = {
        { &what_is_wrong_in_the_file_is_told, sizeof(wrong) / sizeof(*wrong) },
    };

    return RUN_SUITE_WITH("app_probes", setup, teardown, tests, tables);
}
