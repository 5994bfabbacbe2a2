#include "docker/verdict.h"
#include "heal/heal.h"

#include "support/suite.h"

#define ID    "d23f1efe5fa02615d09c8ea0e12a8354e67a848ab998f4054d25335004a044c6"
#define OTHER "14c79759c1ce7fc31998035edb3bc1cc3dc3543f5cd8d28e6dd5bd2db0a1fab9"
#define NET   "97c62f9b0dd757015a0ac61cdbae53581a8e01e14a9cd702e9e6ab9141ca840c"

struct answer {
    int code;
    const char *message, *result;
};

static const struct answer answers[] = {
    { 204, "", "started" },
    { 304, "", "running" },
    { 200, "", "refused" },
    { 404, "No such container: " ID, "missing" },
    { 404, "No such container: d23f1efe5fa0", "missing" },
    { 404, "No such container: " OTHER, "network" },
    { 500, "Cannot restart container join: No such container: " OTHER,
      "network" },
    { 409, "cannot join network of a non running container: " OTHER,
      "network" },
    { 404, "network " NET " not found", "network" },
    { 500, "Could not attach to network over: rpc error: code = NotFound",
      "network" },
    { 500, "Cannot restart container a: network " NET " not found", "network" },
    { 404, "page not found", "refused" },
    { 404, "", "refused" },
    { 409, "cannot start a paused container, try unpause instead", "paused" },
    { 409, "container is marked for removal and cannot be started",
      "removing" },
    { 500,
      "Cannot restart container d: container is marked for removal and "
      "cannot be started",
      "removing" },
    { 409, "You cannot remove a running container", "refused" },
    { 500,
      "driver failed programming external connectivity on endpoint pB "
      "(cea1): Bind for 0.0.0.0:18080 failed: port is already allocated",
      "port" },
    { 500,
      "driver failed programming external connectivity on endpoint pB "
      "(cea1): failed to bind host port 0.0.0.0:80/tcp: address already in "
      "use",
      "port" },
    { 400, "OCI runtime create failed: exec: \"/bin/nope\"", "config" },
    { 400, "", "config" },
    { 500,
      "Cannot restart container n: failed to create shim task: exec: "
      "\"/bin/nope\": stat /bin/nope: no such file or directory: unknown",
      "config" },
    { 403, "Forbidden", "denied" },
    { 403, "No such container: " OTHER, "denied" },
    { 500, "anything", "refused" },
    { 503, "", "refused" },
    { 101, "", "refused" },
};

START_TEST(an_answer_is_told_by_its_code_and_its_words)
{
    const struct answer *a = &answers[_i];
    const char *got = verdict_of(a->code, slice_str(a->message), slice_str(ID));
    enum heal_result result;

    ck_assert_str_eq(got, a->result);
    ck_assert_int_eq(heal_result_parse(slice_str(got), &result), ST_OK);
}
END_TEST

struct after {
    const char *verdict, *status;
    nsec started_at; /* it was 10 before */
    const char *result;
};

static const struct after afters[] = {
    { "started", "running", 20, "started" },
    { "started", "exited", 20, "started" }, /* it did not run for long */
    { "started", "exited", 10, "refused" }, /* a lie */
    { "started", "paused", 20, "paused" },
    { "running", "running", 20, "running" },
    { "running", "restarting", 10, "running" },
    { "running", "exited", 10, "refused" },
    { "timeout", "exited", 10, "timeout" },
    { "timeout", "running", 20, "started" },
    { "timeout", "running", 10, "timeout" }, /* a restart that did not come */
    { "timeout", "exited", 20, "timeout" },
    { "refused", "running", 20, "started" },
    { "refused", "dead", 10, "removing" },
    { "port", "created", 10, "port" },
    { "network", "running", 20, "running" }, /* somebody else mended it */
    { "config", "removing", 10, "removing" },
};

START_TEST(a_look_afterwards_has_the_last_word)
{
    const struct after *a = &afters[_i];
    const struct sight before = { .known = true, .started_at = 10 };
    const struct sight after = { .known = true,
                                 .status = slice_str(a->status),
                                 .started_at = a->started_at };

    ck_assert_str_eq(verdict_after(a->verdict, &before, &after), a->result);
}
END_TEST

START_TEST(without_a_look_afterwards_the_answer_stands)
{
    const struct sight before = { .known = true };
    const struct sight nothing = { 0 }, gone = { .known = true, .gone = true };

    ck_assert_str_eq(verdict_after("started", &before, &nothing), "started");
    ck_assert_str_eq(verdict_after("timeout", &before, &nothing), "timeout");
    ck_assert_str_eq(verdict_after("started", &before, &gone), "missing");
    ck_assert_str_eq(verdict_after("timeout", &before, &gone), "missing");
}
END_TEST

START_TEST(a_port_is_found_among_addresses)
{
    static const struct {
        const char *message;
        int port;
    } cases[] = {
        { "Bind for 0.0.0.0:18080 failed: port is already allocated", 18080 },
        { "endpoint pB (cea19fee1f08): Bind for :::8001 failed", 8001 },
        { "listen tcp4 0.0.0.0:80: bind: address already in use", 80 },
        { "listen tcp6 [::]:443: bind: address already in use", 443 },
        { "failed to bind host port for 0.0.0.0:53:172.17.0.2:5353/udp", 53 },
        { "Bind for 0.0.0.0:99999 failed", 0 },
        { "Bind for 0.0.0.0: failed", 0 },
        { "port is already allocated", 0 },
        { ":80", 0 },
        { "", 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_int_eq(verdict_port(slice_str(cases[i].message)),
                         cases[i].port);
}
END_TEST

START_TEST(a_network_is_found_by_what_is_said_of_it)
{
    assert_slice(verdict_network(slice_str("network " NET " not found")), NET);
    assert_slice(verdict_network(slice_str("Could not attach to network n1: "
                                           "rpc error")),
                 "n1");
    assert_slice(verdict_network(slice_str("network n1 is busy")), "");
    assert_slice(verdict_network(slice_str("network ")), "");
}
END_TEST

static const TTest **const tests[] = {
    &without_a_look_afterwards_the_answer_stands,
    &a_port_is_found_among_addresses,
    &a_network_is_found_by_what_is_said_of_it,
};

static const struct suite_table tables[] = {
    { &an_answer_is_told_by_its_code_and_its_words,
      sizeof(answers) / sizeof(*answers) },
    { &a_look_afterwards_has_the_last_word, sizeof(afters) / sizeof(*afters) },
};

int main(void)
{
    return RUN_SUITE("docker/verdict", tests, tables);
}
