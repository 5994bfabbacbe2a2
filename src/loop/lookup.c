#include "loop/lookup.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * Between the threads and the loop.  The last of them frees it: a thread may
 * come back when the loop is gone.
 */
struct mailbox {
    pthread_mutex_t lock;
    int fd;               /* an eventfd: there is mail */
    unsigned held;        /* by the loop and by each thread */
    bool closed;          /* nobody reads it any more */
    struct lookup *first; /* mail, the newest first */
};

struct lookup {
    struct mailbox *box;
    struct lookup *next; /* in the mailbox, or in the queue */
    /* The thread's until it is in the mailbox: */
    char name[LOOKUP_NAME_MAX + 1];
    struct lookup_answer answer;
    /* The loop's: */
    bool begun, cancelled;
    void (*done)(void *arg, const struct lookup_answer *answer);
    void *arg;
};

struct lookups {
    struct loop *loop;
    struct loop_poll poll;
    struct mailbox *box;
    size_t nrunning;
    struct lookup *queue, **queue_end;
};

static void mailbox_leave(struct mailbox *box)
{
    bool last;

    pthread_mutex_lock(&box->lock);
    last = --box->held == 0;
    pthread_mutex_unlock(&box->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&box->lock);
    if (box->fd >= 0)
        close(box->fd);
    free(box);
}

/* Takes what is in it. */
static struct lookup *mailbox_empty(struct mailbox *box)
{
    struct lookup *mail;

    pthread_mutex_lock(&box->lock);
    mail = box->first;
    box->first = NULL;
    pthread_mutex_unlock(&box->lock);
    return mail;
}

static void mailbox_put(struct mailbox *box, struct lookup *lookup)
{
    const uint64_t one = 1;
    bool closed;

    pthread_mutex_lock(&box->lock);
    closed = box->closed;
    if (!closed) {
        lookup->next = box->first;
        box->first = lookup;
        (void)!write(box->fd, &one, sizeof(one));
    }
    pthread_mutex_unlock(&box->lock);
    if (closed)
        free(lookup);
}

static void take_addresses(const struct addrinfo *list,
                           struct lookup_answer *ret)
{
    for (; list && ret->n < LOOKUP_ADDRESSES_MAX; list = list->ai_next) {
        if (list->ai_addrlen <= sizeof(ret->address[0]))
            memcpy(&ret->address[ret->n++], list->ai_addr, list->ai_addrlen);
    }
}

/* One entry for each address, whatever it is asked by. */
static void resolve(const char *name, int flags, struct lookup_answer *ret)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = flags };
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(name, NULL, &hints, &list);

    if (rc == 0)
        take_addresses(list, ret);
    if (list)
        freeaddrinfo(list);
    if (ret->n == 0)
        ret->why = rc ? gai_strerror(rc) : "it has no address";
}

bool lookup_figures(const char *name, struct lookup_answer *ret)
{
    struct lookup_answer found = { 0 };

    resolve(name, AI_NUMERICHOST, &found);
    if (found.n == 0)
        return false;
    *ret = found;
    return true;
}

bool lookup_localhost(const char *name, struct lookup_answer *ret)
{
    const struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    const struct sockaddr_in four = { .sin_family = AF_INET,
                                      .sin_addr = { htonl(INADDR_LOOPBACK) } };

    if (strcasecmp(name, "localhost") != 0)
        return false;
    *ret = (struct lookup_answer){ .n = 2 };
    memcpy(&ret->address[0], &six, sizeof(six));
    memcpy(&ret->address[1], &four, sizeof(four));
    return true;
}

static void *run(void *arg)
{
    struct lookup *lookup = arg;
    struct mailbox *box = lookup->box;

    resolve(lookup->name, 0, &lookup->answer);
    mailbox_put(box, lookup);
    mailbox_leave(box);
    return NULL;
}

static bool start_thread(struct lookup *lookup)
{
    struct mailbox *box = lookup->box;
    pthread_t thread;

    pthread_mutex_lock(&box->lock);
    box->held++;
    pthread_mutex_unlock(&box->lock);
    if (pthread_create(&thread, NULL, run, lookup)) {
        mailbox_leave(box);
        return false;
    }
    pthread_detach(thread);
    return true;
}

static void drop_first(struct lookups *l)
{
    l->queue = l->queue->next;
    if (!l->queue)
        l->queue_end = &l->queue;
}

/* Threads for those that wait, as far as there may be. */
static void pump(struct lookups *l)
{
    while (l->queue && l->nrunning < LOOKUPS_MAX) {
        struct lookup *first = l->queue;

        drop_first(l);
        if (first->cancelled) {
            free(first);
            continue;
        }
        l->nrunning++;
        first->begun = true;
        if (!start_thread(first)) {
            first->answer.unasked = true;
            first->answer.why = "no thread can be started";
            mailbox_put(l->box, first);
        }
    }
}

static void deliver(struct lookups *l)
{
    struct lookup *mail = mailbox_empty(l->box), *next;

    for (; mail; mail = next) {
        next = mail->next;
        l->nrunning--;
        if (!mail->cancelled)
            mail->done(mail->arg, &mail->answer);
        free(mail);
    }
}

static void on_mail(void *arg, int ready)
{
    struct lookups *l = arg;
    uint64_t n;

    (void)ready;
    (void)!read(l->box->fd, &n, sizeof(n));
    deliver(l);
    pump(l);
}

enum status lookups_new(struct loop *loop, struct lookups **ret,
                        struct err *err)
{
    struct mailbox *box = xcalloc(1, sizeof(*box));
    struct lookups *l = xcalloc(1, sizeof(*l));
    enum status st = ST_IO;

    pthread_mutex_init(&box->lock, NULL);
    box->held = 1;
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->loop = loop;
    l->box = box;
    l->queue_end = &l->queue;
    if (box->fd < 0)
        err_set(err, "names cannot be looked up: %s", strerror(errno));
    else
        st = loop_poll_start(loop, &l->poll, box->fd, LOOP_READ, on_mail, l,
                             err);
    if (st) {
        lookups_free(l);
        return st;
    }
    *ret = l;
    return ST_OK;
}

void lookups_free(struct lookups *l)
{
    struct lookup *mail, *next;

    if (!l)
        return;
    loop_poll_stop(&l->poll);
    pthread_mutex_lock(&l->box->lock);
    l->box->closed = true;
    pthread_mutex_unlock(&l->box->lock);
    for (mail = mailbox_empty(l->box); mail; mail = next) {
        next = mail->next;
        free(mail);
    }
    for (; l->queue; l->queue = next) {
        next = l->queue->next;
        free(l->queue);
    }
    mailbox_leave(l->box);
    free(l);
}

struct lookup *lookup_start(struct lookups *l, const char *name,
                            void (*done)(void *arg,
                                         const struct lookup_answer *answer),
                            void *arg)
{
    struct lookup *lookup = xcalloc(1, sizeof(*lookup));

    lookup->box = l->box;
    lookup->done = done;
    lookup->arg = arg;
    assert(strlen(name) <= LOOKUP_NAME_MAX);
    snprintf(lookup->name, sizeof(lookup->name), "%s", name);
    *l->queue_end = lookup;
    l->queue_end = &lookup->next;
    pump(l);
    return lookup;
}

bool lookup_begun(const struct lookup *lookup)
{
    return lookup->begun;
}

void lookup_cancel(struct lookup *lookup)
{
    if (lookup)
        lookup->cancelled = true;
}
