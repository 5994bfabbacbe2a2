/*
 * bare_mhd - the least that a durable POST can cost with libmicrohttpd.
 *
 *   bare_mhd PORT FILE
 *
 * Bodies are appended to FILE unread.  All that arrived in one turn of the
 * loop is written and synced at once, and answered only then: the same
 * promise as POST /logs, without looking at a single byte.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_MAX 4096

struct server {
    int fd;
    char *p; /* bodies of this turn */
    size_t n, room;
    struct MHD_Connection *waiting[WAITING_MAX];
    size_t nwaiting;
};

static volatile sig_atomic_t stopped;
static char seen, whole; /* marks: headers read, body on disk */

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void append(struct server *s, const char *p, size_t n)
{
    if (s->n + n > s->room) {
        s->room = 2 * (s->n + n);
        s->p = realloc(s->p, s->room);
        if (!s->p)
            abort();
    }
    memcpy(s->p + s->n, p, n);
    s->n += n;
}

static enum MHD_Result answer(struct MHD_Connection *c)
{
    static char text[] = "{\"accepted\":1}\n";
    struct MHD_Response *r = MHD_create_response_from_buffer(
        sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result ok = MHD_queue_response(c, MHD_HTTP_OK, r);

    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *n, void **ret_mark)
{
    struct server *s = arg;

    (void)url;
    (void)method;
    (void)version;
    if (!*ret_mark) {
        *ret_mark = &seen;
        return MHD_YES;
    }
    if (*n) {
        append(s, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (*ret_mark == &whole)
        return answer(c);
    if (s->nwaiting == WAITING_MAX)
        return MHD_NO;
    *ret_mark = &whole;
    MHD_suspend_connection(c);
    s->waiting[s->nwaiting++] = c;
    return MHD_YES;
}

static bool commit(struct server *s)
{
    size_t done = 0;

    while (done < s->n) {
        ssize_t put = write(s->fd, s->p + done, s->n - done);

        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    s->n = 0;
    if (fdatasync(s->fd))
        return false;
    while (s->nwaiting)
        MHD_resume_connection(s->waiting[--s->nwaiting]);
    return true;
}

/* As long as the daemon has work of its own it must not be slept over. */
static int patience(struct MHD_Daemon *d)
{
    MHD_UNSIGNED_LONG_LONG ms;

    return MHD_get_timeout(d, &ms) == MHD_YES && ms < 100 ? (int)ms : 100;
}

static int serve(struct server *s, struct MHD_Daemon *d)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd p = { .fd = info->epoll_fd, .events = POLLIN };

    while (!stopped || s->nwaiting) {
        poll(&p, 1, s->nwaiting ? 0 : patience(d));
        MHD_run(d);
        if (s->nwaiting && !commit(s)) {
            perror("write");
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct server s = { .fd = -1 };
    struct MHD_Daemon *d;

    if (argc != 3) {
        fputs("usage: bare_mhd PORT FILE\n", stderr);
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGTERM, on_signal);
    s.fd = open(argv[2], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    d = s.fd < 0
            ? NULL
            : MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0,
                               NULL, NULL, on_request, &s, MHD_OPTION_SOCK_ADDR,
                               &at, MHD_OPTION_CONNECTION_LIMIT, 1024u,
                               MHD_OPTION_END);
    if (!d) {
        perror(argv[2]);
        return 1;
    }
    return serve(&s, d); /* the kernel closes what is still open */
}
