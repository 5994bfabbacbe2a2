/*
 * test_notify_fake.h - a receiver on a loopback port, on a thread of its own,
 * that answers each request with the next of its answers.
 */
#ifndef TEST_NOTIFY_FAKE_H
#define TEST_NOTIFY_FAKE_H

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_REQUESTS 16
#define FAKE_ROOM     65536

/* Says nothing until it is ended. */
#define FAKE_HANG "hang"
#define FAKE_OK   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

struct fake {
    const char *const *answer; /* NULL at the end; the last is for all more */
    int listener, client;
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    size_t n;
    char *request[FAKE_REQUESTS];
};

/* One request with all of its content; false: the connection ended. */
static inline bool fake_read(int fd, char *p)
{
    size_t n = 0, content;
    char *end, *length;
    ssize_t got;

    for (;;) {
        got = read(fd, p + n, FAKE_ROOM - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        p[n] = '\0';
        end = strstr(p, "\r\n\r\n");
        length = strstr(p, "Content-Length: ");
        content = length ? (size_t)atol(length + 16) : 0;
        if (end && n >= (size_t)(end + 4 - p) + content)
            return true;
    }
}

static inline void *fake_serve(void *arg)
{
    struct fake *f = arg;
    const char *const *answer = f->answer;
    char *request;

    for (;;) {
        int fd = accept(f->listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&f->lock);
        f->client = fd;
        pthread_mutex_unlock(&f->lock);
        request = malloc(FAKE_ROOM);
        while (fake_read(fd, request)) {
            pthread_mutex_lock(&f->lock);
            ck_assert_uint_lt(f->n, FAKE_REQUESTS);
            f->request[f->n++] = strdup(request);
            pthread_mutex_unlock(&f->lock);
            if (strcmp(*answer, FAKE_HANG) == 0)
                continue;
            if (send(fd, *answer, strlen(*answer), MSG_NOSIGNAL) < 0)
                break;
            if (strncmp(*answer, "HTTP", 4) != 0)
                break;
            if (answer[1])
                answer++;
        }
        free(request);
        pthread_mutex_lock(&f->lock);
        f->client = -1;
        close(fd);
        pthread_mutex_unlock(&f->lock);
    }
}

/* At a port, or at any (0). */
static inline void fake_start(struct fake *f, const char *const *answer,
                              int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof(a);
    int on = 1;

    *f = (struct fake){ .answer = answer, .client = -1 };
    pthread_mutex_init(&f->lock, NULL);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ck_assert_int_eq(bind(f->listener, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(f->listener, 8), 0);
    ck_assert_int_eq(getsockname(f->listener, (struct sockaddr *)&a, &n), 0);
    f->port = ntohs(a.sin_port);
    ck_assert_int_eq(pthread_create(&f->thread, NULL, fake_serve, f), 0);
}

static inline void fake_stop(struct fake *f)
{
    shutdown(f->listener, SHUT_RDWR);
    pthread_mutex_lock(&f->lock);
    if (f->client >= 0)
        shutdown(f->client, SHUT_RDWR);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    close(f->listener);
    for (size_t i = 0; i < f->n; i++)
        free(f->request[i]);
}

static inline size_t fake_heard(struct fake *f)
{
    size_t n;

    pthread_mutex_lock(&f->lock);
    n = f->n;
    pthread_mutex_unlock(&f->lock);
    return n;
}

#endif
