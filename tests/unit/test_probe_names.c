/* A resolver that can be told to fail or hang; its trouble is no target's. */
#include "probe/inside.h"

#include "support/suite.h"
#include "support/taking.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVERY (100 * NSEC_MSEC)

static struct loop *loop;
static struct probes *probes;

/* -- the resolver --------------------------------------------------------- */

static enum { KNOWS, FAILS, HANGS } resolver;
static atomic_uint looked_up;
static char known[INET_ADDRSTRLEN];

static int answer(const char *address, struct addrinfo **ret)
{
    static struct sockaddr_in a;
    static struct addrinfo one = { .ai_addr = (struct sockaddr *)&a,
                                   .ai_addrlen = sizeof(a) };

    a.sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
        return EAI_NONAME;
    *ret = &one;
    return 0;
}

__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret)
{
    (void)service;
    if (hints->ai_flags & AI_NUMERICHOST)
        return answer(node, ret);
    looked_up++;
    if (resolver == HANGS || strncmp(node, "hang", 4) == 0)
        sleep(60);
    return resolver == FAILS ? EAI_AGAIN : answer(known, ret);
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

/* -- the intake ----------------------------------------------------------- */

static struct buf shards; /* a line each */

static struct intake intake; /* what it takes is in shards */

/* -- set-up --------------------------------------------------------------- */

static char said[4096];
static int gw = -1; /* who answers, or only hears */

static void on_log(void *self, enum probe_log level, const char *sentence)
{
    (void)self;
    (void)level;
    strncat(said, sentence, sizeof(said) - strlen(said) - 2);
    strcat(said, "\n");
}

static uint16_t listen_on(int *ret_fd)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof(a);

    *ret_fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(*ret_fd, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(listen(*ret_fd, 100), 0);
    ck_assert_int_eq(getsockname(*ret_fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

static void setup(void)
{
    const struct probe_config config = { .seed = 1, .log = on_log };

    strcpy(known, "127.0.0.1");
    buf_init(&shards, 4u << 20);
    intake = taking_intake(&shards);
    ck_assert_int_eq(loop_new(&loop, NULL), ST_OK);
    ck_assert_int_eq(probes_start(loop, &config, &intake, &probes, NULL),
                     ST_OK);
}

static void teardown(void)
{
    probes_free(probes);
    if (gw >= 0)
        close(gw);
    loop_free(loop);
    buf_release(&shards);
}

static void ask(const char *name, const char *host, uint16_t port)
{
    struct probe_target t = { .name = slice_str(name),
                              .host = slice_str(host),
                              .counts = true,
                              .spec = probe_spec_default() };

    t.spec.kind = PROBE_TCP;
    t.spec.port = port;
    t.spec.interval = EVERY;
    t.spec.timeout = EVERY / 2;
    t.spec.start_period = 0;
    ck_assert_int_eq(probes_set(probes, &t), ST_OK);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void run_for(nsec span)
{
    struct loop_timer timer = { 0 };

    buf_reset(&shards);
    loop_timer_start(loop, &timer, span, 0, stop, NULL);
    loop_run(loop);
    loop_timer_stop(&timer);
}

static bool is_written(const char *text)
{
    return strstr(buf_cstr(&shards), text) != NULL;
}

#define assert_written(text)                                                   \
    ck_assert_msg(is_written(text), "no %s in %s", text, buf_cstr(&shards))
#define assert_not_written(text)                                               \
    ck_assert_msg(!is_written(text), "%s in %s", text, buf_cstr(&shards))

/* -- tests ---------------------------------------------------------------- */

START_TEST(behind_names_that_hang_a_good_one_is_not_down)
{
    uint16_t port = listen_on(&gw);
    char name[16];

    for (int i = 0; i < 2 * LOOKUPS_MAX; i++) {
        snprintf(name, sizeof(name), "hang%d", i);
        ask(name, name, port);
    }
    run_for(2 * EVERY); /* they have all threads */
    ck_assert_uint_eq(looked_up, LOOKUPS_MAX);
    ask("gw", "gw", port);
    ask("here", "localhost", port);
    ask("there", "127.0.0.1", port);
    run_for(10 * EVERY);
    assert_written("\"error\":\"its name was not looked up within 0.05 s\"");
    assert_written("{\"probes\":{\"gw\":{");
    run_for(5 * EVERY);
    assert_not_written("{\"probes\":{\"gw\":{");
    assert_written("{\"probes\":{\"here\":{\"$ttl\":0.350,\"fails\":0,");
    assert_written("{\"probes\":{\"there\":{\"$ttl\":0.350,\"fails\":0,");
    ck_assert(strstr(said, "waits to be looked up"));
    ck_assert_ptr_null(strstr(said, "gw is down"));
    ck_assert_ptr_null(strstr(said, "here is down"));
}
END_TEST

START_TEST(while_the_resolver_is_in_trouble_the_last_address_is_asked)
{
    uint16_t port = listen_on(&gw);
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const int yes = 1;

    ask("gw", "gw", port);
    run_for(5 * EVERY);
    assert_written("\"ok\":true");
    resolver = _i ? HANGS : FAILS;
    close(gw);
    run_for(5 * EVERY);
    assert_written(_i ? "\"error\":\"refused: nobody listens on its port, at "
                        "its last address: its name cannot be looked up (no "
                        "answer yet)\""
                      : "at its last address: its name cannot be looked up "
                        "(Temporary failure in name resolution)\"");
    ck_assert(strstr(said, "gw is asked at its last address: its name cannot "
                           "be looked up"));
    gw = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(gw, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    ck_assert_int_eq(bind(gw, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(gw, 100), 0);
    run_for(2 * EVERY);
    run_for(5 * EVERY);
    assert_written("\"ok\":true");
    assert_not_written("\"ok\":false");
}
END_TEST

START_TEST(what_has_moved_is_asked_where_it_is_by_its_next_turn)
{
    uint16_t port = listen_on(&gw);

    strcpy(known, "127.0.0.2"); /* nobody is there */
    ask("gw", "gw", port);
    run_for(EVERY / 2 * 5);
    assert_written("\"error\":\"refused: nobody listens on its port\"");
    assert_not_written("last address");
    strcpy(known, "127.0.0.1");
    run_for(2 * EVERY);
    run_for(5 * EVERY);
    assert_written("\"ok\":true");
    assert_not_written("\"ok\":false");
}
END_TEST

START_TEST(an_address_is_not_kept_for_ever)
{
    uint16_t port = listen_on(&gw);
    struct target *t;

    ask("gw", "gw", port);
    run_for(5 * EVERY);
    assert_written("\"ok\":true");
    resolver = FAILS;
    close(gw);
    t = probes->targets;
    run_for(5 * EVERY);
    ck_assert_uint_eq(t->found.n, 1);
    t->found_at -= 300 * NSEC_SEC;
    run_for(2 * EVERY);
    run_for(5 * EVERY);
    ck_assert_uint_eq(t->found.n, 0);
    assert_written("\"error\":\"its name cannot be looked up: Temporary "
                   "failure in name resolution\"");
    assert_not_written("last address");
    gw = -1;
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &behind_names_that_hang_a_good_one_is_not_down,
        &what_has_moved_is_asked_where_it_is_by_its_next_turn,
        &an_address_is_not_kept_for_ever,
    };
    const struct suite_table tables[] = {
        { &while_the_resolver_is_in_trouble_the_last_address_is_asked, 2 },
    };

    return RUN_SUITE_WITH("probe_names", setup, teardown, tests, tables);
}
