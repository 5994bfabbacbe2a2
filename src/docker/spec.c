#include "docker/spec.h"

#include "docker/body.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_FOR    (24 * 3600 * NSEC_SEC)
#define SWEEP_EVERY (600 * NSEC_SEC)
#define TOGETHER    (10 * NSEC_SEC) /* removed within: taken down */
#define QUEUE_MAX   512
#define REMOVED_MAX 64
#define PROJECT_MAX 64

/* A file to be written; the worker touches nothing else. */
struct job {
    struct job *next;
    struct specs *specs;
    char *dir, id[ID_MAX + 1];
    char *text;
    size_t n;
    int failed; /* errno */
    bool gone;  /* the container, meanwhile */
};

struct removed {
    char id[ID_MAX + 1], project[PROJECT_MAX];
    nsec at;
};

struct specs {
    struct docker *d;
    char *dir;
    struct job *queue, **end; /* the first is being written */
    size_t queued;
    bool closed, grumbled;
    nsec sweep_at;
    struct removed removed[REMOVED_MAX]; /* the latest, in a ring */
    size_t nremoved;
};

/* -- writing -------------------------------------------------------------- */

static int open_in(int dir, const char *id, const char *suffix, int flags)
{
    char name[ID_MAX + 16];

    snprintf(name, sizeof(name), "%s%s", id, suffix);
    return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Ours alone: it may have been made by somebody with another umask. */
static int open_dir(const char *path)
{
    int fd;

    if (mkdir(path, 0700) && errno != EEXIST)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, 0700)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_written(int dir, const struct job *j)
{
    int fd = open_in(dir, j->id, ".json", O_RDONLY);
    char *text;
    bool same;

    if (fd < 0)
        return false;
    text = xmalloc(j->n + 1);
    same = read(fd, text, j->n + 1) == (ssize_t)j->n &&
           memcmp(text, j->text, j->n) == 0;
    free(text);
    close(fd);
    return same;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);

        if (k < 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return fdatasync(fd) == 0;
}

static bool write_in(int dir, const struct job *j)
{
    char beside[ID_MAX + 16], name[ID_MAX + 16];
    int fd = open_in(dir, j->id, ".new", O_WRONLY | O_CREAT | O_TRUNC);
    bool ok;

    if (fd < 0)
        return false;
    snprintf(beside, sizeof(beside), "%s.new", j->id);
    snprintf(name, sizeof(name), "%s.json", j->id);
    ok = write_all(fd, j->text, j->n);
    close(fd);
    if (ok && renameat(dir, beside, dir, name) == 0)
        return fsync(dir) == 0;
    unlinkat(dir, beside, 0);
    return false;
}

static void work(void *arg)
{
    struct job *j = arg;
    int dir = open_dir(j->dir);

    j->failed = 0;
    if (dir < 0) {
        j->failed = errno;
        return;
    }
    if (!is_written(dir, j) && !write_in(dir, j))
        j->failed = errno ? errno : EIO;
    close(dir);
}

/* From now on the day counts. */
static void mark_gone(int dir, const char *id)
{
    char from[ID_MAX + 16], to[ID_MAX + 16];

    snprintf(from, sizeof(from), "%s.json", id);
    snprintf(to, sizeof(to), "%s.gone", id);
    if (renameat(dir, from, dir, to) == 0)
        utimensat(dir, to, NULL, 0);
}

static void mark(const struct specs *s, const char *id)
{
    int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return;
    mark_gone(dir, id);
    close(dir);
}

static void free_job(struct job *j)
{
    free(j->dir);
    free(j->text);
    free(j);
}

static void free_specs(struct specs *s)
{
    while (s->queue) {
        struct job *j = s->queue;

        s->queue = j->next;
        free_job(j);
    }
    free(s->dir);
    free(s);
}

static void written(void *arg)
{
    struct job *j = arg;
    struct specs *s = j->specs;

    s->queue = j->next;
    if (!s->queue)
        s->end = &s->queue;
    s->queued--;
    if (j->failed && !s->closed && !s->grumbled)
        docker_say(s->d, DOCKER_WARN,
                   "what is needed to recreate containers cannot be kept in "
                   "%s: %s",
                   s->dir, strerror(j->failed));
    s->grumbled = j->failed != 0;
    if (j->gone && !s->closed)
        mark(s, j->id);
    free_job(j);
    if (s->closed)
        free_specs(s);
    else if (s->queue)
        loop_work(s->d->loop, work, written, s->queue);
}

struct specs *specs_open(struct docker *d, const char *dir)
{
    struct specs *s = xcalloc(1, sizeof(*s));

    s->d = d;
    s->dir = xstrdup(dir);
    s->end = &s->queue;
    return s;
}

/* A file that is being written outlives us. */
void specs_close(struct specs *s)
{
    if (!s)
        return;
    s->closed = true;
    if (!s->queue)
        free_specs(s);
}

static struct slice label(const struct container *c, const char *key)
{
    struct labels labels = container_labels(c);

    for (size_t i = 0; i < labels.n; i++) {
        if (slice_is(labels.label[i].key, key))
            return labels.label[i].value;
    }
    return slice_of("", 0);
}

/* One that never ran may lack a part of what it is to be. */
void spec_keep(struct specs *s, const struct container *c,
               const struct tape *inspect)
{
    struct job *j;
    struct buf text;

    if (!s || !slice_is(label(c, "bladewatch.recreate"), "true") ||
        !c->info.started_at || s->queued == QUEUE_MAX)
        return;
    buf_init(&text, SPEC_MAX);
    body_spec(inspect, &text);
    if (buf_ok(&text)) {
        j = xcalloc(1, sizeof(*j));
        j->specs = s;
        j->dir = xstrdup(s->dir);
        memcpy(j->id, c->id, sizeof(j->id));
        j->text = xmemdup0(text.p, text.n);
        j->n = text.n;
        *s->end = j;
        s->end = &j->next;
        if (s->queued++ == 0)
            loop_work(s->d->loop, work, written, j);
    }
    buf_release(&text);
}

/* -- reading -------------------------------------------------------------- */

static enum status read_file(int dir, const char *id, const char *suffix,
                             struct buf *out)
{
    int fd = open_in(dir, id, suffix, O_RDONLY);
    char piece[8192];
    ssize_t n;

    if (fd < 0)
        return ST_NONE;
    buf_reset(out);
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        buf_slice(out, slice_of(piece, (size_t)n));
    close(fd);
    return n == 0 && buf_ok(out) && out->n ? ST_OK : ST_NONE;
}

enum status spec_load(struct specs *s, const char *id, struct buf *out)
{
    const struct job *j, *newest = NULL;
    enum status st;
    int dir;

    if (!s)
        return ST_NONE;
    for (j = s->queue; j; j = j->next) {
        if (strcmp(j->id, id) == 0)
            newest = j;
    }
    if (newest) {
        buf_reset(out);
        return buf_add(out, newest->text, newest->n);
    }
    dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return ST_NONE;
    /* One that was written when it had been removed is the newer. */
    st = read_file(dir, id, ".json", out);
    if (st)
        st = read_file(dir, id, ".gone", out);
    close(dir);
    return st;
}

/* -- removing ------------------------------------------------------------- */

static void note_removed(struct specs *s, const char *id, struct slice project)
{
    struct removed *r = &s->removed[s->nremoved % REMOVED_MAX];

    if (!project.n)
        return;
    s->nremoved++;
    snprintf(r->id, sizeof(r->id), "%s", id);
    copy_text(project, r->project, sizeof(r->project));
    r->at = loop_now(s->d->loop);
}

bool spec_taken_down(const struct specs *s, const char *id)
{
    const struct removed *own = NULL;

    for (size_t i = 0; s && i < REMOVED_MAX; i++) {
        if (strcmp(s->removed[i].id, id) == 0)
            own = &s->removed[i];
    }
    for (size_t i = 0; own && i < REMOVED_MAX; i++) {
        const struct removed *r = &s->removed[i];
        nsec apart = nsec_sub(r->at, own->at);

        if (r != own && strcmp(r->project, own->project) == 0 &&
            apart <= TOGETHER && apart >= -TOGETHER)
            return true;
    }
    return false;
}

void spec_gone(struct specs *s, const struct container *c)
{
    struct job *j;

    if (!s)
        return;
    note_removed(s, c->id, label(c, "com.docker.compose.project"));
    mark(s, c->id);
    for (j = s->queue; j; j = j->next)
        j->gone |= strcmp(j->id, c->id) == 0; /* it will be written yet */
}

void spec_forget(struct specs *s, const char *id)
{
    char name[ID_MAX + 16];
    int dir = s ? open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (dir < 0)
        return;
    snprintf(name, sizeof(name), "%s.gone", id);
    unlinkat(dir, name, 0);
    snprintf(name, sizeof(name), "%s.json", id);
    unlinkat(dir, name, 0);
    close(dir);
}

/* Removed while nobody watched: of several of a project nobody knows why. */
static void found_gone(struct specs *s, int dir, const char *id)
{
    static const char *const k_project[] = { "Config", "Labels",
                                             "com.docker.compose.project" };
    struct buf text;
    struct tape t;

    buf_init(&text, SPEC_MAX);
    if (read_file(dir, id, ".json", &text) == ST_OK &&
        tape_parse(s->d->parser, buf_view(&text), &t, NULL) == ST_OK)
        note_removed(s, id, tape_string(&t, tape_at(&t, k_project, 3)));
    buf_release(&text);
    mark_gone(dir, id);
}

static void sweep_one(struct specs *s, int dir, const char *name)
{
    const char *dot = strchr(name, '.');
    char id[ID_MAX + 1];
    struct stat st;
    nsec age;

    if (!dot || (size_t)(dot - name) > ID_MAX ||
        !container_id_ok(slice_of(name, (size_t)(dot - name))))
        return;
    copy_text(slice_of(name, (size_t)(dot - name)), id, sizeof(id));
    if (strcmp(dot, ".json") == 0 && !container_find(s->d, slice_str(id)))
        found_gone(s, dir, id);
    if (strcmp(dot, ".gone") != 0 && strcmp(dot, ".new") != 0)
        return;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return;
    age = nsec_sub(loop_wall(s->d->loop), st.st_mtim.tv_sec * NSEC_SEC);
    if (age > KEPT_FOR)
        unlinkat(dir, name, 0);
}

void specs_tick(struct specs *s)
{
    const struct dirent *e;
    DIR *dir;

    /* Only when all that are here are known. */
    if (!s || s->d->state != ENGINE_UP || loop_now(s->d->loop) < s->sweep_at)
        return;
    s->sweep_at = loop_now(s->d->loop) + SWEEP_EVERY;
    dir = opendir(s->dir);
    if (!dir)
        return;
    while ((e = readdir(dir)))
        sweep_one(s, dirfd(dir), e->d_name);
    closedir(dir);
}
