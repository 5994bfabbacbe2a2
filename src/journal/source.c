#include "reading.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef BW_HOSTILE
#define CHUNK 61
#else
#define CHUNK ((size_t)256 << 10)
#endif
#define WINDOW_DEFAULT ((size_t)64 << 20)

struct reader *reader_new(struct reader_options opt, const char *name)
{
    struct reader *r = xcalloc(1, sizeof(*r));

    r->opt = opt;
    if (!r->opt.window_bytes)
        r->opt.window_bytes = WINDOW_DEFAULT;
    if (!r->opt.line_bytes)
        r->opt.line_bytes = RECORDING_LINE_MAX;
    r->fd = -1;
    r->ordinal_max = UINT64_MAX;
    r->name = xstrdup(name);
    return r;
}

struct reader *reader_new_fd(int fd, const char *name,
                             struct reader_options opt)
{
    struct reader *r = reader_new(opt, name);

    r->fd = fd;
    return r;
}

struct reader *reader_new_push(const char *name, struct reader_options opt)
{
    struct reader *r = reader_new(opt, name);

    r->push = true;
    return r;
}

enum status reader_open_journal(const char *dir, struct reader_options opt,
                                struct reader **ret, struct err *err)
{
    struct segments segments = { 0 };
    enum status st = segments_list(dir, &segments, err);
    struct reader *r;

    if (st)
        return st;
    r = reader_new(opt, dir);
    r->dir = xstrdup(dir);
    r->segments = segments;
    r->ended = true; /* of the segment before the first */
    r->framing = FRAMING_SEALED;
    *ret = r;
    return ST_OK;
}

enum status reader_file(struct reader *r, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return file_failed(errno, "cannot read", path, err);
    if (r->own_fd)
        close(r->fd);
    r->fd = fd;
    r->own_fd = true;
    return ST_OK;
}

enum status reader_open(const char *path, struct reader_options opt,
                        struct reader **ret, struct err *err)
{
    struct reader *r;
    struct stat info;
    enum status st;

    if (stat(path, &info))
        return file_failed(errno, "cannot read", path, err);
    if (S_ISDIR(info.st_mode)) {
        st = reader_open_journal(path, opt, &r, err);
        if (st)
            return st;
        st = r->segments.n ? ST_OK : ST_NONE;
        if (st)
            err_set(err,
                    "%s holds no recording: there is no file like "
                    "00000001.bwj in it",
                    path);
    } else {
        r = reader_new(opt, path);
        st = reader_file(r, path, err);
    }
    if (st)
        reader_free(r);
    else
        *ret = r;
    return st;
}

void reader_free(struct reader *r)
{
    struct known *k, *next;

    if (!r)
        return;
    HASH_ITER(hh, r->known, k, next)
    {
        HASH_DEL(r->known, k);
        free(k);
    }
    if (r->own_fd)
        close(r->fd);
    decoded_release(&r->decoded);
    segments_release(&r->segments);
    free(r->dir);
    free(r->name);
    free(r->w);
    free(r);
}

const char *reader_name(const struct reader *r)
{
    return r->name;
}

uint64_t reader_bytes(const struct reader *r)
{
    return r->read_bytes - (r->end - r->floor);
}

struct reader_tail reader_tail(const struct reader *r)
{
    return r->tail;
}

struct reader_stats reader_stats(const struct reader *r)
{
    return r->stats;
}

struct reader_position reader_position(const struct reader *r)
{
    struct reader_position p = { .bytes = r->unsealed_at,
                                 .ordinal = r->ordinal };

    if (r->next_segment)
        p.segment = r->segments.number[r->next_segment - 1];
    return p;
}

size_t reader_segments(const struct reader *r)
{
    return r->segments.n;
}

/* --- The window. --- */

/* Makes room behind end; answers how much there is, 0 if the window is full. */
static size_t make_room(struct reader *r)
{
    size_t keep = r->cur < r->good ? r->cur : r->floor;

    if (r->room - r->end >= CHUNK)
        return r->room - r->end;
    if (keep && (keep >= r->room / 2 || r->room == r->opt.window_bytes)) {
        memmove(r->w, r->w + keep, r->end - keep);
        r->end -= keep;
        r->floor -= keep;
        r->resync -= keep;
        r->line -= keep;
        r->search -= keep;
        r->good = r->cur < r->good ? r->good - keep : 0;
        r->cur = 0;
        r->w_at += keep;
    }
    if (r->room - r->end < CHUNK && r->room < r->opt.window_bytes) {
        r->room = r->room ? r->room * 2 : 4 * CHUNK;
        if (r->room > r->opt.window_bytes)
            r->room = r->opt.window_bytes;
        r->w = xrealloc(r->w, r->room);
    }
    return r->room - r->end;
}

size_t reader_push(struct reader *r, struct slice bytes)
{
    size_t taken = 0, n;

    while (taken < bytes.n && (n = make_room(r)) > 0) {
        if (n > bytes.n - taken)
            n = bytes.n - taken;
        memcpy(r->w + r->end, bytes.p + taken, n);
        r->end += n;
        taken += n;
    }
    r->read_bytes += taken;
    return taken;
}

void reader_push_end(struct reader *r)
{
    r->ended = true;
}

enum status reader_fill(struct reader *r, struct err *err)
{
    size_t n;
    ssize_t got;

    if (r->ended)
        return ST_END;
    if (r->push)
        return ST_AGAIN;
    n = make_room(r);
    do
        got = read(r->fd, r->w + r->end, n < CHUNK ? n : CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return file_failed(errno, "cannot read", r->name, err);
    r->end += (size_t)got;
    r->read_bytes += (size_t)got;
    r->ended = got == 0;
    return got ? ST_OK : ST_END;
}
