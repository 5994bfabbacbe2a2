#include "render.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef BW_HOSTILE
#define CHUNK 61
#else
#define CHUNK 65536
#endif

#define CHILD_NICE 5 /* merging goes first */
#define PIPE_BYTES (1 << 20)
#define REAP_EVERY (20 * NSEC_MSEC)

struct render {
    struct renders *renders;
    struct loop_poll poll;
    bool polling;
    pid_t child;
    int fd;
    bool complete; /* the last byte so far was the closing newline */
    void (*fn)(void *arg);
    void *arg;
};

/* The child's side of the pipe. */
struct spill {
    int fd;
    size_t n;
    char p[CHUNK];
};

static bool spill_flush(struct spill *s)
{
    size_t done = 0;
    ssize_t n;

    while (done < s->n) {
        n = write(s->fd, s->p + done, s->n - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n < 0 ? 0 : (size_t)n;
    }
    s->n = 0;
    return true;
}

static bool spill_write(void *self, struct slice text)
{
    struct spill *s = self;
    size_t n;

    while (text.n) {
        n = CHUNK - s->n < text.n ? CHUNK - s->n : text.n;
        memcpy(s->p + s->n, text.p, n);
        s->n += n;
        text = slice_of(text.p + n, text.n - n);
        if (s->n == CHUNK && !spill_flush(s))
            return false;
    }
    return true;
}

/*
 * The child keeps nothing of its parent's but the memory: an inherited
 * descriptor would hold the port and the data directory's lock, and a signal
 * meant for the parent would reach the parent's pipes.
 */
static void become_writer(int fd)
{
    static const int signals[] = { SIGINT,  SIGTERM, SIGHUP, SIGUSR1,
                                   SIGUSR2, SIGPIPE, SIGCHLD };
    sigset_t none;
    size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        signal(signals[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)!nice(CHILD_NICE);
    if (fd != 3 && dup2(fd, 3) < 0)
        _exit(1);
    close_range(4, UINT_MAX, 0);
}

static void write_state(int fd, const struct render_job *job)
{
    static struct spill spill;
    struct sink sink = { &spill, spill_write };

    become_writer(fd);
    spill.fd = 3;
    if (!spill_write(&spill, job->before) ||
        view_write(job->core, job->path, job->options, &sink) ||
        !spill_write(&spill, job->after) || !spill_flush(&spill))
        _exit(1);
    _exit(0);
}

static void reap(void *arg)
{
    struct renders *rs = arg;
    size_t i, left = 0;

    for (i = 0; i < RENDERS_MAX; i++) {
        if (rs->child[i] && waitpid(rs->child[i], NULL, WNOHANG) != 0)
            rs->child[i] = 0;
        left += rs->child[i] != 0;
    }
    if (!left)
        loop_timer_stop(&rs->reap);
}

void renders_init(struct renders *rs, struct loop *loop)
{
    *rs = (struct renders){ .loop = loop };
}

void renders_release(struct renders *rs)
{
    size_t i;

    for (i = 0; i < RENDERS_MAX; i++) {
        if (!rs->child[i])
            continue;
        kill(rs->child[i], SIGKILL);
        waitpid(rs->child[i], NULL, 0);
        rs->child[i] = 0;
    }
    if (rs->loop)
        loop_timer_stop(&rs->reap);
}

static struct render *adopt(struct renders *rs, size_t place, pid_t child,
                            int fd)
{
    struct render *r = xcalloc(1, sizeof(*r));

    fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
    r->renders = rs;
    r->child = rs->child[place] = child;
    r->fd = fd;
    return r;
}

enum status render_start(struct renders *rs, const struct render_job *job,
                         struct render **ret, struct err *err)
{
    size_t place = 0;
    int fds[2];
    pid_t child;

    reap(rs);
    while (place < RENDERS_MAX && rs->child[place])
        place++;
    if (place == RENDERS_MAX) {
        err_set(err, "%d large states are being written already", RENDERS_MAX);
        return ST_LIMIT;
    }
    if (pipe2(fds, O_CLOEXEC)) {
        err_set(err, "no pipe to write the state through: %s", strerror(errno));
        return ST_IO;
    }
    child = fork();
    if (child == 0)
        write_state(fds[1], job);
    close(fds[1]);
    if (child < 0) {
        err_set(err, "no process to write the state: %s", strerror(errno));
        close(fds[0]);
        return ST_IO;
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *ret = adopt(rs, place, child, fds[0]);
    return ST_OK;
}

void render_free(struct render *r)
{
    struct renders *rs;
    size_t i;

    if (!r)
        return;
    rs = r->renders;
    if (r->polling)
        loop_poll_stop(&r->poll);
    close(r->fd);
    for (i = 0; i < RENDERS_MAX; i++)
        if (rs->child[i] == r->child)
            kill(r->child, SIGKILL);
    loop_timer_start(rs->loop, &rs->reap, 0, REAP_EVERY, reap, rs);
    free(r);
}

static void on_readable(void *arg, int ready)
{
    struct render *r = arg;

    (void)ready;
    loop_poll_stop(&r->poll);
    r->polling = false;
    r->fn(r->arg);
}

enum status render_read(struct render *r, char *p, size_t *n,
                        void (*fn)(void *arg), void *arg)
{
    ssize_t got;

    do
        got = read(r->fd, p, *n);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        r->complete = p[got - 1] == '\n';
        *n = (size_t)got;
        return ST_OK;
    }
    if (got == 0)
        return r->complete ? ST_END : ST_IO;
    if (errno != EAGAIN)
        return ST_IO;
    r->fn = fn;
    r->arg = arg;
    if (!r->polling && loop_poll_start(r->renders->loop, &r->poll, r->fd,
                                       LOOP_READ, on_readable, r, NULL))
        return ST_IO;
    r->polling = true;
    return ST_AGAIN;
}
