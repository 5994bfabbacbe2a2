#include "probe/probe.h"

#include "support/suite.h"

struct spelling {
    const char *text, *host, *kind, *path;
    unsigned port;
};

static const struct spelling good[] = {
    { "udp:8888", "", "udp", "/", 8888 },
    { "tcp:1", "", "tcp", "/", 1 },
    { "http:8000", "", "http", "/", 8000 },
    { "http:8000/health?full=1", "", "http", "/health?full=1", 8000 },
    { "http:8000?full", "", "http", "/?full", 8000 },
    { "https:65535/", "", "https", "/", 65535 },
    { "udp:gw:8888", "gw", "udp", "/", 8888 },
    { "udp:10.0.0.2:8888", "10.0.0.2", "udp", "/", 8888 },
    { "tcp:[::1]:5432", "::1", "tcp", "/", 5432 },
    { "http:gw:80/x", "gw", "http", "/x", 80 },
    { "http://gw", "gw", "http", "/", 80 },
    { "http://gw_1.example-x:81/a/b", "gw_1.example-x", "http", "/a/b", 81 },
    { "https://[fe80::1]/", "fe80::1", "https", "/", 443 },
};

START_TEST(kind_host_port_and_path_are_read)
{
    const struct spelling *w = &good[_i];
    struct probe_spec s = probe_spec_default();
    struct slice host;
    struct err err = { 0 };

    ck_assert_msg(!probe_spec_parse(slice_str(w->text), &s, &host, &err), "%s",
                  err.text);
    assert_slice(host, w->host);
    ck_assert_str_eq(probe_spec_kind(&s), w->kind);
    ck_assert_str_eq(s.path, w->path);
    ck_assert_uint_eq(s.port, w->port);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    { "", "\"\" is no probe: write udp:8888, tcp:5432" },
    { "8888", "\"8888\" is no probe: write udp:8888" },
    { "icmp:1", "is no probe: write udp:8888" },
    { "udp", "is no probe: write udp:8888" },
    { "UDP:1", "is no probe: write udp:8888" },
    { "udp:", "its port is no number from 1 to 65535" },
    { "udp:0", "its port is no number" },
    { "udp:65536", "its port is no number" },
    { "udp:8888x", "its port is no number" },
    { "udp:99999999999999999999", "its port is no number" },
    { "udp:-1", "its port is no number" },
    { "udp:gw:", "its port is no number" },
    { "udp::1", "its host is no name" },
    { "udp:[::1]", "it names no port" },
    { "udp:[::1", "its host is no name" },
    { "udp:[]:1", "its host is no name" },
    { "udp:a b:1", "its host is no name" },
    { "udp:1/x", "only http has a path" },
    { "http:/x", "its port is no number" },
    { "http://", "its host is no name" },
    { "http://a@b/", "its host is no name" },
    { "http:80/a b", "its path holds a byte that none has" },
    { "http:80/a#b", "its path holds a byte that none has" },
    { "http:80/\xff", "its path holds a byte that none has" },
};

START_TEST(what_is_no_probe_is_told_why)
{
    struct probe_spec s = probe_spec_default();
    struct slice host = slice_str("untouched");
    struct err err = { 0 };

    ck_assert_int_eq(probe_spec_parse(slice_str(bad[_i].text), &s, &host, &err),
                     ST_BAD);
    ck_assert_msg(strstr(err.text, bad[_i].says), "%s: %s", bad[_i].text,
                  err.text);
    assert_slice(host, "untouched");
    ck_assert_uint_eq(s.port, 0);
}
END_TEST

START_TEST(a_long_path_and_a_long_host_are_refused)
{
    char text[600] = "http:80/";
    struct probe_spec s = probe_spec_default();
    struct slice host;

    memset(text + 8, 'a', 253);
    ck_assert_int_eq(probe_spec_parse(slice_of(text, 8 + 253), &s, &host, NULL),
                     ST_OK);
    ck_assert_uint_eq(strlen(s.path), 254);
    memset(text + 8, 'a', 254);
    ck_assert_int_eq(probe_spec_parse(slice_of(text, 8 + 254), &s, &host, NULL),
                     ST_BAD);
    memcpy(text, "udp:", 4);
    memset(text + 4, 'a', 254);
    memcpy(text + 4 + 254, ":1", 2);
    ck_assert_int_eq(
        probe_spec_parse(slice_of(text, 4 + 254 + 2), &s, &host, NULL), ST_BAD);
}
END_TEST

static struct probe_spec with(const char *name, const char *value)
{
    struct probe_spec s = probe_spec_default();
    struct err err = { 0 };

    ck_assert_msg(!probe_spec_set(&s, slice_str(name), slice_str(value), &err),
                  "%s: %s", name, err.text);
    return s;
}

START_TEST(settings_are_read)
{
    ck_assert_int_eq(with("interval", "2.5").interval, 2500 * NSEC_MSEC);
    ck_assert_int_eq(with("timeout", "300ms").timeout, 300 * NSEC_MSEC);
    ck_assert_uint_eq(with("failures", "5").failures, 5);
    ck_assert_int_eq(with("start_period", "0").start_period, 0);
    ck_assert_uint_eq(with("status", "204").code_from, 204);
    ck_assert_uint_eq(with("status", "204").code_to, 204);
    ck_assert_uint_eq(with("status", "200-399").code_to, 399);
    ck_assert_str_eq(with("match", "\"ok\"").match, "\"ok\"");
    ck_assert(with("json", "true").json);
    ck_assert(with("insecure", "true").insecure);
}
END_TEST

static const struct {
    const char *name, *value, *says;
} nonsense[] = {
    { "interval", "99ms", "\"99ms\" is not a span from 100ms to 1h" },
    { "interval", "soon", "is not a span" },
    { "interval", "2h", "is not a span" },
    { "timeout", "0", "is not a span from 10ms to 1h" },
    { "timeout", "-1", "is not a span" },
    { "start_period", "61m", "is not a span from 0s to 1h" },
    { "failures", "0", "is not a number from 1 to 100" },
    { "failures", "101", "is not a number" },
    { "failures", "3.0", "is not a number" },
    { "status", "99", "is not a status or a range" },
    { "status", "600", "is not a status" },
    { "status", "200-", "is not a status" },
    { "status", "300-200", "is not a status" },
    { "status", "2xx", "is not a status" },
    { "match", "", "is not a text of 1 to 255 bytes" },
    { "json", "yes", "is not true or false" },
    { "insecure", "", "is not true or false" },
    { "interfal", "1s", "no setting \"interfal\"; did you mean \"interval\"?" },
    { "colour", "red", "a probe has no setting \"colour\"" },
};

START_TEST(nonsense_is_told_and_changes_nothing)
{
    const struct probe_spec before = probe_spec_default();
    struct probe_spec s = before;
    struct err err = { 0 };

    ck_assert_int_eq(probe_spec_set(&s, slice_str(nonsense[_i].name),
                                    slice_str(nonsense[_i].value), &err),
                     ST_BAD);
    ck_assert_msg(strstr(err.text, nonsense[_i].says), "%s", err.text);
    ck_assert(probe_spec_same(&s, &before));
}
END_TEST

START_TEST(the_time_out_is_within_the_interval)
{
    struct probe_spec s = probe_spec_default();

    ck_assert_int_eq(probe_spec_timeout(&s), 2 * NSEC_SEC);
    s.interval = NSEC_SEC;
    ck_assert_int_eq(probe_spec_timeout(&s), NSEC_SEC);
    ck_assert_int_eq(probe_spec_check(&s, NULL), ST_OK);
    s.timeout = NSEC_SEC + 1;
    ck_assert_int_eq(probe_spec_check(&s, NULL), ST_BAD);
}
END_TEST

START_TEST(what_is_for_http_alone_does_not_go_with_others)
{
    struct probe_spec s = with("json", "true");
    struct err err = { 0 };

    ck_assert_int_eq(probe_spec_check(&s, &err), ST_BAD);
    ck_assert_ptr_nonnull(strstr(err.text, "for http alone"));
    s.kind = PROBE_HTTP;
    ck_assert_int_eq(probe_spec_check(&s, &err), ST_OK);
    s.insecure = true;
    ck_assert_int_eq(probe_spec_check(&s, &err), ST_BAD);
    s.tls = true;
    ck_assert_int_eq(probe_spec_check(&s, &err), ST_OK);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_long_path_and_a_long_host_are_refused,
        &settings_are_read,
        &the_time_out_is_within_the_interval,
        &what_is_for_http_alone_does_not_go_with_others,
    };
    const struct suite_table tables[] = {
        { &kind_host_port_and_path_are_read, sizeof(good) / sizeof(*good) },
        { &what_is_no_probe_is_told_why, sizeof(bad) / sizeof(*bad) },
        { &nonsense_is_told_and_changes_nothing,
          sizeof(nonsense) / sizeof(*nonsense) },
    };

    return RUN_SUITE("probe_spec", tests, tables);
}
