/*
 * udpong PORT [MODE...] - answers PING by PONG over UDP, or not quite.
 *
 *   pong          at once (the default)
 *   silent        never
 *   slow MS       after so long
 *   wrong         with another word
 *   late N        the sender of N PINGs ago
 *   dup           twice
 *   flap UP DOWN  for UP seconds, not for DOWN seconds, and again
 *
 * Says hello as a shard.  After DIE_AFTER seconds (it may be 0.5) it ends with
 * DIE_CODE, else 1; SIGTERM ends it with 0.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LATE_MAX 64

struct server {
    int fd;
    double born, dies; /* 0: it does not */
    const char *mode;
    double arg[2];
    struct sockaddr_in asked[LATE_MAX]; /* who asked, round and round */
    unsigned n;                         /* how often */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

static void say(const struct server *s, const char *word, unsigned ago)
{
    const struct sockaddr_in *to = &s->asked[(s->n - 1 - ago) % LATE_MAX];

    (void)sendto(s->fd, word, strlen(word), 0, (const struct sockaddr *)to,
                 sizeof(*to));
}

static int is_up(const struct server *s)
{
    double up = s->arg[0], round = up + s->arg[1], at = now() - s->born;

    return at - (double)(long)(at / round) * round < up;
}

static void answer(const struct server *s)
{
    const char *mode = s->mode;

    if (!strcmp(mode, "silent") || (!strcmp(mode, "flap") && !is_up(s)))
        return;
    if (!strcmp(mode, "slow"))
        usleep((unsigned)(s->arg[0] * 1000));
    if (!strcmp(mode, "late")) {
        if (s->arg[0] < LATE_MAX && s->n > (unsigned)s->arg[0])
            say(s, "PONG", (unsigned)s->arg[0]);
        return;
    }
    say(s, strcmp(mode, "wrong") ? "PONG" : "PANG", 0);
    if (!strcmp(mode, "dup"))
        say(s, "PONG", 0);
}

/* Until a PING has come, or the end. */
static void listen_once(struct server *s)
{
    struct pollfd p = { .fd = s->fd, .events = POLLIN };
    struct sockaddr_in *from = &s->asked[s->n % LATE_MAX];
    socklen_t len = sizeof(*from);
    char text[64];
    ssize_t got;

    if (poll(&p, 1, s->dies > 0 ? (int)((s->dies - now()) * 1000) + 1 : -1) < 1)
        return;
    got = recvfrom(s->fd, text, sizeof(text), 0, (struct sockaddr *)from, &len);
    if (got != 4 || memcmp(text, "PING", 4))
        return;
    s->n++;
    answer(s);
}

static void say_hello(void)
{
    char host[256] = "";

    gethostname(host, sizeof(host) - 1);
    printf("{\"%s\":{\"msg\":\"Hello World\"}}\n", host);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *die_after = getenv("DIE_AFTER"), *code = getenv("DIE_CODE");
    struct sockaddr_in here = { .sin_family = AF_INET };
    struct server s = {
        .fd = socket(AF_INET, SOCK_DGRAM, 0),
        .born = now(),
        .mode = argc > 2 ? argv[2] : "pong",
        .arg = { argc > 3 ? atof(argv[3]) : 1, argc > 4 ? atof(argv[4]) : 1 },
    };

    here.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 8888));
    s.dies = die_after ? s.born + atof(die_after) : 0;
    signal(SIGTERM, end);
    if (s.fd < 0 || bind(s.fd, (struct sockaddr *)&here, sizeof(here)))
        return 1;
    say_hello();
    while (s.dies == 0 || now() < s.dies)
        listen_once(&s);
    return code ? atoi(code) : 1;
}
