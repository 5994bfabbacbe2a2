#include "notify/progress.h"

#include "base/alloc.h"
#include "data/json.h"
#include "data/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)

struct progress {
    char *dir, *path, *beside;
    char *journal_id;
    struct buf text;
    struct tape_parser *parser;
    struct tape tape; /* of text */
    size_t receivers; /* where they are on the tape; 0: nothing is known */
};

static char *join(const char *dir, const char *name)
{
    struct buf path;
    char *copy;

    buf_init(&path, BUF_NO_CAP);
    buf_printf(&path, "%s/%s", dir, name);
    copy = xstrdup(buf_cstr(&path));
    buf_release(&path);
    return copy;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    tape_parser_free(p->parser);
    buf_release(&p->text);
    free(p->dir);
    free(p->path);
    free(p->beside);
    free(p->journal_id);
    free(p);
}

/* The index of a member's value in the object at `at`; 0: there is none. */
static size_t member(const struct tape *tape, size_t at, const char *key)
{
    size_t i;

    if (tape->op[at].kind != TAPE_OBJECT)
        return 0;
    for (i = at + 1; i < tape->op[at].end; i = tape->op[i].end)
        if (!(tape->op[i].flags & TAPE_DEAD) &&
            slice_is(tape_text(&tape->op[i]), key))
            return i + 1;
    return 0;
}

static bool read_number(const struct tape *tape, size_t at, uint64_t *ret)
{
    char text[24], *end;
    struct slice s = tape_text(&tape->op[at]);

    if (tape->op[at].kind != TAPE_NUMBER || s.n >= sizeof(text) || *s.p == '-')
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return !*end && !errno;
}

/* Is it {receiver: {"delivered": n}, ...}? */
static bool are_receivers(const struct tape *tape, size_t at)
{
    uint64_t n;
    size_t i, value;

    if (!at || tape->op[at].kind != TAPE_OBJECT)
        return false;
    for (i = at + 1; i < tape->op[at].end; i = tape->op[i].end) {
        value = member(tape, i + 1, "delivered");
        if (!value || !read_number(tape, value, &n))
            return false;
    }
    return true;
}

static bool understand(struct progress *p)
{
    size_t version, journal, receivers;
    uint64_t n;

    if (tape_parse(p->parser, buf_view(&p->text), &p->tape, NULL))
        return false;
    version = member(&p->tape, 0, "version");
    journal = member(&p->tape, 0, "journal");
    receivers = member(&p->tape, 0, "receivers");
    if (!version || !read_number(&p->tape, version, &n) || n != 1 || !journal ||
        p->tape.op[journal].kind != TAPE_STRING ||
        !are_receivers(&p->tape, receivers))
        return false;
    if (slice_is(tape_text(&p->tape.op[journal]), p->journal_id))
        p->receivers = receivers;
    return true;
}

static enum status read_all(struct progress *p, int fd)
{
    char piece[4096];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ST_IO;
        if (buf_add(&p->text, piece, (size_t)n))
            return ST_BAD;
    }
    return ST_OK;
}

static enum status load(struct progress *p, struct err *err)
{
    int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    enum status st;

    if (fd < 0 && errno == ENOENT)
        return ST_OK;
    st = fd < 0 ? ST_IO : read_all(p, fd);
    if (st == ST_IO)
        err_set(err, "%s cannot be read: %s", p->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (st == ST_OK && !understand(p))
        st = ST_BAD;
    if (st == ST_BAD)
        err_set(err,
                "%s is not what bladewatch wrote there; restore it, or "
                "remove it: then receivers are told what fires now and "
                "nothing of the past",
                p->path);
    return st;
}

enum status progress_open(const char *dir, const char *journal_id,
                          struct progress **ret, struct err *err)
{
    struct progress *p = xcalloc(1, sizeof(*p));
    enum status st;

    buf_init(&p->text, FILE_MAX);
    p->parser = tape_parser_new(0);
    p->dir = xstrdup(dir);
    p->path = join(dir, "notify.json");
    p->beside = join(dir, "notify.json.new");
    p->journal_id = xstrdup(journal_id ? journal_id : "");
    st = load(p, err);
    if (st)
        progress_free(p);
    else
        *ret = p;
    return st;
}

bool progress_is_there(const struct progress *p)
{
    return p->text.n > 0;
}

bool progress_find(const struct progress *p, const char *receiver,
                   uint64_t *ret_delivered)
{
    size_t at = p->receivers ? member(&p->tape, p->receivers, receiver) : 0;

    return at && read_number(&p->tape, member(&p->tape, at, "delivered"),
                             ret_delivered);
}

void progress_render(const struct progress *p, const struct progress_mark *mark,
                     size_t n, struct buf *out)
{
    size_t i;

    buf_str(out, "{\"journal\":");
    json_string(slice_str(p->journal_id), out);
    buf_str(out, ",\"receivers\":{");
    for (i = 0; i < n; i++) {
        if (i)
            buf_char(out, ',');
        json_string(slice_str(mark[i].receiver), out);
        buf_str(out, ":{\"delivered\":");
        buf_u64(out, mark[i].delivered);
        buf_char(out, '}');
    }
    buf_str(out, "},\"version\":1}\n");
}

static bool write_all(int fd, struct slice text)
{
    size_t at = 0;
    ssize_t n;

    while (at < text.n) {
        n = write(fd, text.p + at, text.n - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

/* So that the new name outlives a crash of the machine. */
static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

enum status progress_write(const struct progress *p, struct slice text,
                           struct err *err)
{
    int fd = open(p->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool ok = fd >= 0 && write_all(fd, text);
    int why = errno;

    if (fd >= 0 && close(fd) && ok) {
        ok = false;
        why = errno;
    }
    if (ok && (rename(p->beside, p->path) || !sync_dir(p->dir))) {
        ok = false;
        why = errno;
    }
    if (ok)
        return ST_OK;
    err_set(err, "%s cannot be written: %s", p->path, strerror(why));
    return why == ENOSPC || why == EDQUOT ? ST_FULL : ST_IO;
}
