#include "journal.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "format.h"
#include "reader.h"
#include "segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#define PENDING_MAX   ((size_t)8 << 20)
#define BODY_MAX      ((size_t)24 << 20) /* and one more line with its sources */
#define SEGMENT_BYTES ((uint64_t)64 << 20)
#define SYNC_EVERY    (100 * NSEC_MSEC)
#define RECENT        256

/* A source and where it is declared. */
struct declared {
    uint32_t id;
    uint64_t segment; /* of the newest declaration; 0: none that counts */
    uint64_t ordinal; /* of the batch that holds it */
    char *text;       /* the line, with its newline */
    size_t n;
    UT_hash_handle hh;
};

/* The file being written; with the batch while one is out. */
struct out {
    int fd;           /* -1: none */
    uint64_t segment; /* its number; 0: none yet */
    uint64_t bytes;   /* up to the end of the last good seal */
    bool dirty;       /* written and not synced */
    bool broken;      /* never to be written again */
    uint64_t created; /* segments since journal_done() */
};

struct journal_batch {
    struct journal *j;
    struct buf head; /* header and sources, if a segment begins here */
    struct buf body;
    struct buf seal;
    uint64_t ordinal; /* 0: nothing to write, only to sync */
    uint64_t segment;
    uint64_t body_segment; /* the one its body was encoded for */
    bool sync;
    enum status st;
    struct err err;
    bool synced;
};

struct journal {
    struct journal_options opt;
    struct journal_ops ops;
    char *dir;
    int dirfd, lockfd;
    bool ready; /* replayed */
    nsec begun_at;

    struct out out;
    uint64_t ordinal; /* of the last good seal */

    /* Where the next batch goes if the one that is out succeeds: what the
     * first thread knows of `out` meanwhile. */
    uint64_t plan_segment, plan_bytes;

    /* What collects.  Its segment is chosen with its first line. */
    struct buf body;
    uint64_t body_segment;
    uint64_t body_ordinal;

    struct journal_batch batch; /* out, or failed, if ordinal or sync */
    bool is_out, failed;
    nsec synced_at;

    struct declared *declared;
    struct declared *recent[RECENT];
    struct journal_stats stats;
    struct err last_error;
};

/* --- The system. --- */

static int sys_open(void *self, int dirfd, const char *name, int flags)
{
    (void)self;
    return openat(dirfd, name, flags, 0600);
}

static ssize_t sys_pwrite(void *self, int fd, const void *p, size_t n, off_t at)
{
    (void)self;
    return pwrite(fd, p, n, at);
}

static int sys_fdatasync(void *self, int fd)
{
    (void)self;
    return fdatasync(fd);
}

static int sys_fsync_dir(void *self, int fd)
{
    (void)self;
    return fsync(fd);
}

static int sys_ftruncate(void *self, int fd, off_t n)
{
    (void)self;
    return ftruncate(fd, n);
}

static const struct journal_ops system_ops = {
    .open = sys_open,
    .pwrite = sys_pwrite,
    .fdatasync = sys_fdatasync,
    .fsync_dir = sys_fsync_dir,
    .ftruncate = sys_ftruncate,
};

enum status journal_fsync_parse(struct slice text, enum journal_fsync *ret)
{
    static const char *const names[] = { "always", "interval", "never" };
    unsigned i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (slice_is(text, names[i])) {
            *ret = (enum journal_fsync)i;
            return ST_OK;
        }
    return ST_BAD;
}

/* --- Opening. --- */

/* A new directory outlives a crash only if its parent is on disk. */
static void sync_parent(const struct journal *j)
{
    int fd = openat(j->dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
}

static enum status open_dir(struct journal *j, struct err *err)
{
    struct stat info;
    bool created = !mkdir(j->dir, 0700);

    if (!created && errno != EEXIST) {
        if (errno != ENOENT)
            return file_failed(errno, "cannot create the data directory",
                               j->dir, err);
        err_set(err,
                "cannot create the data directory %s: the directory "
                "that should hold it does not exist",
                j->dir);
        return ST_NONE;
    }
    if (!stat(j->dir, &info) && !S_ISDIR(info.st_mode)) {
        err_set(err, "the data directory %s is no directory; choose another",
                j->dir);
        return ST_BAD;
    }
    j->dirfd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dirfd < 0)
        return file_failed(errno, "cannot open the data directory", j->dir,
                           err);
    if (created)
        sync_parent(j);
    return ST_OK;
}

static enum status lock_held(const struct journal *j, struct err *err)
{
    char pid[24] = "";
    ssize_t n = pread(j->lockfd, pid, sizeof(pid) - 1, 0);

    if (n > 0)
        pid[strspn(pid, "0123456789")] = '\0';
    err_set(err,
            "the data directory %s is in use by another bladewatch "
            "(process %s); stop that one or choose another directory",
            j->dir, n > 0 && pid[0] ? pid : "unknown");
    return ST_BUSY;
}

static enum status take_lock(struct journal *j, struct err *err)
{
    char pid[24];
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

    j->lockfd = j->ops.open(j->ops.self, j->dirfd, "lock",
                            O_RDWR | O_CREAT | O_CLOEXEC);
    if (j->lockfd < 0)
        return file_failed(errno, "cannot write to the data directory", j->dir,
                           err);
    if (flock(j->lockfd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return lock_held(j, err);
        return file_failed(errno, "cannot lock the data directory", j->dir,
                           err);
    }
    /* A full disk is told when there is something to write. */
    if (!ftruncate(j->lockfd, 0))
        (void)!pwrite(j->lockfd, pid, (size_t)n, 0);
    return ST_OK;
}

/* ST_NONE: there is no first segment, or it does not say. */
static enum status first_header(const struct journal *j, struct header *ret)
{
    struct decoded d = { 0 };
    char name[SEGMENT_NAME_MAX], text[512];
    const char *end = NULL;
    enum status st = ST_NONE;
    struct err ignored;
    ssize_t n = -1;
    int fd;

    segment_name(1, name);
    fd = openat(j->dirfd, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        n = read(fd, text, sizeof(text));
    if (fd >= 0)
        close(fd);
    if (n > 0)
        end = memchr(text, '\n', (size_t)n);
    if (end)
        st = header_decode(slice_of(text, (size_t)(end - text)), &d, ret,
                           &ignored);
    decoded_release(&d);
    return st;
}

nsec journal_begun_at(const struct journal *j)
{
    return j->begun_at;
}

enum status journal_open(const char *dir, struct journal_options opt,
                         struct journal **ret, struct err *err)
{
    struct journal *j = xcalloc(1, sizeof(*j));
    struct header first = { 0 };
    enum status st;

    j->opt = opt;
    j->ops = opt.ops ? *opt.ops : system_ops;
    if (!j->opt.segment_bytes)
        j->opt.segment_bytes = SEGMENT_BYTES;
    j->dir = xstrdup(dir);
    j->dirfd = j->lockfd = j->out.fd = -1;
    j->synced_at = opt.now;
    buf_init(&j->body, BODY_MAX);
    buf_init(&j->batch.head, BUF_NO_CAP); /* as long as our own sources are */
    buf_init(&j->batch.body, BODY_MAX);
    buf_init(&j->batch.seal, SEAL_TEXT_MAX);
    j->batch.j = j;
    st = open_dir(j, err);
    if (!st)
        st = take_lock(j, err);
    if (st) {
        journal_close(j);
        return st;
    }
    if (first_header(j, &first) || first.created_at == 0)
        first.created_at = opt.now;
    j->begun_at = first.created_at;
    *ret = j;
    return ST_OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void journal_close(struct journal *j)
{
    struct declared *d, *next;

    if (!j)
        return;
    assert(!j->is_out);
    HASH_ITER(hh, j->declared, d, next)
    {
        HASH_DEL(j->declared, d);
        free(d->text);
        free(d);
    }
    close_fd(&j->out.fd);
    close_fd(&j->dirfd);
    close_fd(&j->lockfd);
    buf_release(&j->body);
    buf_release(&j->batch.head);
    buf_release(&j->batch.body);
    buf_release(&j->batch.seal);
    free(j->dir);
    free(j);
}

/* --- Sources. --- */

static struct declared *find_declared(struct journal *j, uint32_t id)
{
    struct declared *d = j->recent[id % RECENT];

    if (d && d->id == id)
        return d;
    HASH_FIND(hh, j->declared, &id, sizeof(id), d);
    if (d)
        j->recent[id % RECENT] = d;
    return d;
}

/* Remembers the line [text, n) as the declaration of id. */
static struct declared *declare(struct journal *j, uint32_t id,
                                const char *text, size_t n)
{
    struct declared *d = find_declared(j, id);

    if (!d) {
        d = xcalloc(1, sizeof(*d));
        d->id = id;
        HASH_ADD(hh, j->declared, id, sizeof(d->id), d);
    }
    free(d->text);
    d->text = xmemdup0(text, n);
    d->n = n;
    return d;
}

/* --- Replay. --- */

struct replay {
    struct journal *j;
    struct reader *reader;
    struct buf text;
};

static enum status replay_source(struct replay *p, const struct event *ev,
                                 struct err *err)
{
    struct declared *d;
    enum status st;

    buf_reset(&p->text);
    st = event_encode(&p->text, ev, err);
    if (st)
        return st;
    d = declare(p->j, ev->source, p->text.p, p->text.n);
    d->segment = reader_position(p->reader).segment;
    return ST_OK;
}

/* Stands behind the last good seal, and cuts off what is there. */
static enum status take_position(struct journal *j, struct reader *reader,
                                 struct journal_recovery *rec, struct err *err)
{
    struct reader_position at = reader_position(reader);
    struct reader_tail tail = reader_tail(reader);
    char name[SEGMENT_NAME_MAX];

    rec->batches = reader_stats(reader).batches;
    rec->damaged = reader_stats(reader).damaged;
    rec->dropped_bytes = tail.bytes;
    rec->dropped_records = tail.records;
    rec->kept_aside = tail.seals;
    j->ordinal = at.ordinal;
    j->stats.segments = reader_segments(reader);
    j->out = (struct out){
        .fd = -1, .segment = at.segment, .bytes = at.bytes, .broken = tail.seals
    };
    j->plan_segment = at.segment + tail.seals;
    j->plan_bytes = tail.seals ? 0 : at.bytes;
    if (!at.segment || tail.seals)
        return ST_OK;
    segment_name(at.segment, name);
    j->out.fd = j->ops.open(j->ops.self, j->dirfd, name, O_RDWR | O_CLOEXEC);
    if (j->out.fd < 0)
        return file_failed(errno, "cannot open the journal's segment", name,
                           err);
    if (tail.bytes && j->ops.ftruncate(j->ops.self, j->out.fd, (off_t)at.bytes))
        return file_failed(errno, "cannot cut the journal's segment", name,
                           err);
    /* What a killed process left unsynced has been delivered by now. */
    if (j->opt.fsync != FSYNC_NEVER && j->ops.fdatasync(j->ops.self, j->out.fd))
        return file_failed(errno, "cannot sync the journal's segment", name,
                           err);
    return ST_OK;
}

enum status journal_replay(struct journal *j,
                           enum status (*fn)(void *arg, const struct event *ev,
                                             struct err *err),
                           void *arg, struct journal_recovery *ret,
                           struct err *err)
{
    struct replay p = { .j = j };
    struct journal_recovery rec = { 0 };
    struct event ev;
    enum status st;

    assert(!j->ready);
    buf_init(&p.text, RECORDING_LINE_MAX);
    st = reader_open_journal(j->dir, (struct reader_options){ 0 }, &p.reader,
                             err);
    while (!st && !(st = reader_next(p.reader, &ev, err))) {
        if (ev.kind == EV_SOURCE)
            st = replay_source(&p, &ev, err);
        if (!st)
            st = fn(arg, &ev, err);
        if (st)
            goto out;
    }
    if (st == ST_BAD && err)
        err_prefix(err, "%s:%zu", reader_name(p.reader), err->line);
    if (st == ST_END)
        st = take_position(j, p.reader, &rec, err);
out:
    j->ready = st == ST_OK;
    if (!st && ret)
        *ret = rec;
    reader_free(p.reader);
    buf_release(&p.text);
    return st;
}

/* --- Appending. --- */

/* The first line of a batch: to which segment does it go? */
static void begin_body(struct journal *j)
{
    if (j->body.n)
        return;
    j->body_ordinal = j->ordinal + 1 + (j->batch.ordinal != 0);
    j->body_segment = j->plan_segment;
    if (!j->body_segment || j->plan_bytes >= j->opt.segment_bytes)
        j->body_segment++;
}

static enum status append_source(struct journal *j, const struct event *ev,
                                 struct err *err)
{
    size_t from = j->body.n;
    enum status st = event_encode(&j->body, ev, err);
    struct declared *d;

    if (st)
        return st;
    d = declare(j, ev->source, j->body.p + from, j->body.n - from);
    d->segment = j->body_segment;
    d->ordinal = j->body_ordinal;
    return ST_OK;
}

/* A segment can be read alone: it declares each source before its first use. */
static enum status declare_again(struct journal *j, uint32_t id,
                                 struct err *err)
{
    struct declared *d = find_declared(j, id);

    if (!d) {
        err_set(err, "source %" PRIu32 " has not been declared", id);
        return ST_NONE;
    }
    if (d->segment == j->body_segment)
        return ST_OK;
    if (buf_add(&j->body, d->text, d->n))
        return ST_AGAIN;
    d->segment = j->body_segment;
    d->ordinal = j->body_ordinal;
    return ST_OK;
}

enum status journal_append(struct journal *j, const struct event *ev,
                           struct err *err)
{
    enum status st = ST_OK;

    assert(j->ready);
    if (j->body.n >= PENDING_MAX) {
        err_set(err, "%zu bytes wait to be written already", j->body.n);
        return ST_AGAIN;
    }
    begin_body(j);
    if (ev->kind == EV_SOURCE)
        return append_source(j, ev, err);
    if (ev->kind == EV_LINE || ev->kind == EV_GAP)
        st = declare_again(j, ev->source, err);
    return st ? st : event_encode(&j->body, ev, err);
}

size_t journal_pending(const struct journal *j)
{
    return j->body.n;
}

/* --- Sealing. --- */

/*
 * The header, if the batch begins a segment.  all: its body was written for
 * another segment, so that the sources it uses are declared in the head.
 */
static void encode_head(struct journal *j, struct journal_batch *b, bool all,
                        nsec now)
{
    const struct header h = { .version = RECORDING_VERSION,
                              .segment = b->segment,
                              .created_at = b->segment == 1 ? j->begun_at : now,
                              .after = j->ordinal,
                              .sealed = true };
    struct declared *d;

    header_encode(&b->head, &h);
    if (!all)
        return;
    for (d = j->declared; d; d = d->hh.next) {
        buf_slice(&b->head, slice_of(d->text, d->n));
        d->segment = b->segment;
        d->ordinal = b->ordinal;
    }
}

static void encode_seal(struct journal_batch *b)
{
    uint32_t crc = crc32c(0, b->head.p, b->head.n);

    buf_reset(&b->seal);
    seal_encode_head(&b->seal, b->ordinal, b->head.n + b->body.n);
    crc = crc32c(crc, b->body.p, b->body.n);
    seal_encode_tail(&b->seal, crc32c(crc, b->seal.p, b->seal.n));
}

/* Chooses the file for the batch and closes it with a seal. */
static void finish_batch(struct journal *j, struct journal_batch *b, nsec now)
{
    bool begins;

    /*
     * A batch before this one may have had to leave the segment that both
     * were meant for; it has then declared all sources in the new one.
     */
    if (b->segment < j->out.segment)
        b->segment = b->body_segment = j->out.segment;
    if (j->out.broken && b->segment == j->out.segment)
        b->segment++;
    begins = b->segment != j->out.segment || !j->out.bytes;
    buf_reset(&b->head);
    if (begins)
        encode_head(j, b, b->segment != b->body_segment, now);
    encode_seal(b);
    j->plan_segment = b->segment;
    j->plan_bytes = (begins ? 0 : j->out.bytes) + b->head.n + b->body.n;
}

static bool sync_is_due(const struct journal *j, nsec now)
{
    if (j->opt.fsync == FSYNC_ALWAYS)
        return true;
    return j->opt.fsync == FSYNC_INTERVAL &&
           (now >= nsec_add(j->synced_at, SYNC_EVERY) || now < j->synced_at);
}

enum status journal_seal(struct journal *j, nsec now,
                         struct journal_batch **ret)
{
    struct journal_batch *b = &j->batch;
    struct buf swap = b->body;

    if (j->is_out || j->failed)
        return ST_AGAIN;
    b->sync = sync_is_due(j, now);
    if (!j->body.n && !(b->sync && j->out.dirty && !j->out.broken &&
                        j->opt.fsync == FSYNC_INTERVAL))
        return ST_NONE;
    b->st = ST_OK;
    b->synced = false;
    if (j->body.n) {
        b->body = j->body;
        j->body = swap;
        buf_reset(&j->body);
        b->ordinal = j->body_ordinal;
        b->segment = b->body_segment = j->body_segment;
        finish_batch(j, b, now);
    }
    if (b->sync)
        j->synced_at = now;
    j->opt.now = now;
    j->is_out = true;
    *ret = b;
    return ST_OK;
}

/* --- Writing; all this may run on another thread. --- */

static enum status failed(struct journal_batch *b, const char *tried)
{
    char name[SEGMENT_NAME_MAX];

    segment_name(b->ordinal ? b->segment : b->j->out.segment, name);
    b->st = file_failed(errno, tried, name, &b->err);
    return b->st;
}

static enum status sync_file(struct journal_batch *b)
{
    struct out *out = &b->j->out;

    if (b->j->ops.fdatasync(b->j->ops.self, out->fd)) {
        out->broken = true;
        return failed(b, "cannot sync the journal's segment");
    }
    out->dirty = false;
    b->synced = true;
    return ST_OK;
}

/* Leaves the old segment for good and begins the batch's. */
static enum status next_segment(struct journal_batch *b)
{
    struct journal *j = b->j;
    struct out *out = &j->out;
    char name[SEGMENT_NAME_MAX];
    int fd;

    if (out->fd >= 0 && out->dirty && !out->broken &&
        j->opt.fsync != FSYNC_NEVER && sync_file(b))
        return b->st;
    segment_name(b->segment, name);
    fd = j->ops.open(j->ops.self, j->dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC);
    if (fd < 0)
        return failed(b, "cannot create the journal's segment");
    if (j->opt.fsync != FSYNC_NEVER &&
        j->ops.fsync_dir(j->ops.self, j->dirfd)) {
        failed(b, "cannot sync the data directory for");
        close(fd);
        return b->st;
    }
    close_fd(&out->fd);
    *out = (struct out){ .fd = fd,
                         .segment = b->segment,
                         .created = out->created + 1 };
    return ST_OK;
}

static enum status write_piece(struct journal_batch *b, const struct buf *piece,
                               uint64_t *at)
{
    struct journal *j = b->j;
    size_t done = 0;
    ssize_t n;

    while (done < piece->n) {
        n = j->ops.pwrite(j->ops.self, j->out.fd, piece->p + done,
                          piece->n - done, (off_t)*at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return failed(b, "cannot write the journal's segment");
        done += (size_t)n;
        *at += (uint64_t)n;
    }
    return ST_OK;
}

static enum status write_batch(struct journal_batch *b)
{
    struct out *out = &b->j->out;
    uint64_t at;
    enum status st = ST_OK;

    if (b->segment != out->segment || out->fd < 0)
        st = next_segment(b);
    at = out->bytes;
    if (!st)
        st = write_piece(b, &b->head, &at);
    if (!st)
        st = write_piece(b, &b->body, &at);
    if (!st)
        st = write_piece(b, &b->seal, &at);
    out->dirty |= at > out->bytes;
    return st;
}

void journal_write(struct journal_batch *b)
{
    b->st = ST_OK;
    if (b->ordinal && write_batch(b))
        return;
    if (b->sync)
        (void)!sync_file(b);
}

/* --- And back. --- */

/* A failed batch leaves no trace, or the file is left behind. */
static void cut_back(struct journal *j)
{
    struct out *out = &j->out;

    if (out->fd >= 0 &&
        j->ops.ftruncate(j->ops.self, out->fd, (off_t)out->bytes))
        out->broken = true;
}

enum status journal_done(struct journal *j, struct journal_batch *b,
                         struct err *err)
{
    assert(j->is_out && b == &j->batch);
    j->is_out = false;
    j->stats.syncs += b->synced;
    j->stats.segments += j->out.created;
    j->out.created = 0;
    if (b->st) {
        j->failed = true;
        j->stats.failures++;
        j->last_error = b->err;
        cut_back(j);
        if (j->out.broken)
            err_prefix(&j->last_error, "the journal goes on in a new segment");
        j->stats.dirty = j->out.dirty;
        if (err)
            *err = j->last_error;
        return b->st;
    }
    if (b->ordinal) {
        uint64_t n = b->head.n + b->body.n + b->seal.n;

        j->out.bytes += n;
        j->ordinal = b->ordinal;
        j->stats.bytes += n;
        j->stats.batches++;
        b->ordinal = 0;
        buf_reset(&b->body);
    }
    j->stats.dirty = j->out.dirty;
    return ST_OK;
}

void journal_retry(struct journal *j, struct journal_batch *b)
{
    assert(j->failed && b == &j->batch);
    j->failed = false;
    j->is_out = true;
    b->sync = j->opt.fsync == FSYNC_ALWAYS || b->sync;
    if (b->ordinal)
        finish_batch(j, b, j->opt.now);
}

void journal_discard(struct journal *j)
{
    struct declared *d;

    assert(!j->is_out);
    for (d = j->declared; d; d = d->hh.next)
        if (d->ordinal > j->ordinal)
            d->segment = d->ordinal = 0;
    buf_reset(&j->body);
    buf_reset(&j->batch.body);
    j->batch.ordinal = 0;
    j->failed = false;
    j->plan_segment = j->out.segment + j->out.broken;
    j->plan_bytes = j->out.broken ? 0 : j->out.bytes;
}

struct journal_stats journal_stats(const struct journal *j)
{
    struct journal_stats s = j->stats;

    s.ordinal = j->ordinal;
    s.last_error = j->last_error.text;
    return s;
}
