#include "docker/engine.h"
#include "support/suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* -- addresses ------------------------------------------------------------- */

static const struct networks own = { .own = { "id of back", "id of six" },
                                     .n = 2 };

#define NETS(text) "{\"NetworkSettings\":{\"Networks\":{" text "}}}"
#define NET(name, address)                                                     \
    "\"" name "\":{\"NetworkID\":\"id of " name "\",\"IPAddress\":\"" address  \
    "\"}"

static const struct {
    const char *inspect, *address;
} cases[] = {
    { NETS(NET("front", "10.0.0.2")), "10.0.0.2" },
    { NETS(NET("front", "10.0.0.2") "," NET("side", "10.2.0.2")), "10.0.0.2" },
    { NETS(NET("front", "10.0.0.2") "," NET("back", "10.1.0.2")), "10.1.0.2" },
    { NETS(NET("back", "10.1.0.2") "," NET("front", "10.0.0.2")), "10.1.0.2" },
    { NETS(NET("back", "") "," NET("front", "10.0.0.2")), "10.0.0.2" },
    { NETS("\"six\":{\"NetworkID\":\"id of six\",\"IPAddress\":\"\","
           "\"GlobalIPv6Address\":\"2001:db8::1\"}," NET("front", "10.0.0.2")),
      "2001:db8::1" },
    { "{\"HostConfig\":{\"NetworkMode\":\"host\"},\"NetworkSettings\":"
      "{\"Networks\":{\"host\":{\"IPAddress\":\"\"}}}}",
      "127.0.0.1" },
    { "{\"NetworkSettings\":{\"IPAddress\":\"172.17.0.2\"}}", "" },
    { NETS(""), "" },
    { NETS("\"a\":7,\"b\":null,\"c\":[],\"d\":{\"IPAddress\":{}}"), "" },
    { "{\"NetworkSettings\":{\"Networks\":[1,2]}}", "" },
    { "{\"NetworkSettings\":7}", "" },
    { "{}", "" },
};

START_TEST(the_address_is_of_a_network_that_we_share)
{
    struct tape_parser *parser = tape_parser_new(1);
    char address[ADDRESS_MAX];
    struct tape t;

    ck_assert_int_eq(tape_parse(parser, slice_str(cases[_i].inspect), &t, NULL),
                     ST_OK);
    networks_address(&own, &t, address);
    ck_assert_str_eq(address, cases[_i].address);
    tape_parser_free(parser);
}
END_TEST

/* -- what is wrong with a socket ------------------------------------------- */

static char dir[] = "/tmp/bw-explain-XXXXXX";
static char path[64];

static void set_up(void)
{
    strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/docker.sock", dir);
}

static void tear_down(void)
{
    remove(path);
    rmdir(dir);
}

static void listen_with(mode_t mode)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    close(fd);
}

static const char *said(const struct http_end *end)
{
    static char out[ERR_TEXT_MAX];
    struct docker d = { .parser = tape_parser_new(1), .version_set = 99 };
    const struct endpoint e = { .unix_path = path, .base_url = path };

    engine_explain(&d, &e, end, out, sizeof(out));
    tape_parser_free(d.parser);
    return out;
}

#define assert_says(end, what)                                                 \
    do {                                                                       \
        const char *said_ = said(end);                                         \
        ck_assert_msg(strstr(said_, what), "%s", said_);                       \
    } while (0)

START_TEST(a_socket_that_is_closed_to_us_names_who_may_open_it)
{
    const struct http_end denied = { .status = ST_DENIED, .os_errno = EACCES };
    char text[128];

    listen_with(0660);
    snprintf(text, sizeof(text), "(uid %u, gid %u, mode 0660)",
             (unsigned)getuid(), (unsigned)getgid());
    assert_says(&denied, text);
    snprintf(text, sizeof(text), "--group-add %u", (unsigned)getgid());
    assert_says(&denied, text);
    ck_assert_int_eq(chmod(path, 0600), 0);
    snprintf(text, sizeof(text), "only uid %u and root may",
             (unsigned)getuid());
    assert_says(&denied, text);
    remove(path);
    assert_says(&denied, "a directory on the way to it is closed");
}
END_TEST

START_TEST(no_socket_and_nobody_behind_it_are_told_apart)
{
    const struct http_end none = { .status = ST_NONE, .os_errno = ENOENT };
    const struct http_end refused = { .status = ST_NONE,
                                      .os_errno = ECONNREFUSED };

    assert_says(&none, "does not exist");
    listen_with(0600);
    assert_says(&refused, "the engine is down");
    remove(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    assert_says(&refused, "is none, but a directory");
}
END_TEST

START_TEST(an_answer_that_is_an_error_is_quoted)
{
    struct http_end end = { .status = ST_OK, .head = { .code = 403 } };

    assert_says(&end, "answers 403: a proxy forbids");
    end.head.code = 400;
    end.body = slice_str("{\"message\":\"client version 1.99 is too new\"}");
    assert_says(&end, "answers 400: client version 1.99 is too new; "
                      "docker.api_version asks for 1.99");
    end.head.code = 500;
    assert_says(&end, "answers 500: client version 1.99 is too new");
}
END_TEST

static const TTest **const tests[] = {
    &a_socket_that_is_closed_to_us_names_who_may_open_it,
    &no_socket_and_nobody_behind_it_are_told_apart,
    &an_answer_that_is_an_error_is_quoted,
};

static const struct suite_table tables[] = {
    { &the_address_is_of_a_network_that_we_share,
      sizeof(cases) / sizeof(*cases) },
};

int main(void)
{
    return RUN_SUITE_WITH("docker_networks", set_up, tear_down, tests, tables);
}
