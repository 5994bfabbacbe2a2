#include "reading.h"

#include "base/alloc.h"
#include "base/crc32c.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count(const struct reader *r, size_t from, size_t to,
                  struct stretch *add, uint64_t *lines)
{
    const char *p = r->w + from, *end = r->w + to, *nl;

    for (; p < end; p = nl + 1) {
        add->records += end - p >= 7 && !memcmp(p, "{\"src\":", 7);
        nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            break;
        add->seals |= seal_begins(slice_of(p, (size_t)(nl - p)));
        ++*lines;
    }
}

/* Everything up to `to` that no seal vouches for, and forgets it. */
static struct stretch leave(struct reader *r, size_t to)
{
    struct stretch s = { .from = r->unsealed_at,
                         .to = r->w_at + to,
                         .records = r->dropped_records,
                         .seals = r->dropped_seals };

    if (r->next_segment)
        segment_name(r->segments.number[r->next_segment - 1], s.name);
    r->line_no += r->dropped_lines;
    count(r, r->floor, to, &s, &r->line_no);
    r->dropped_records = r->dropped_lines = 0;
    r->dropped_seals = false;
    return s;
}

/* --- Sealed: batch by batch. --- */

/* The window is full and has no good seal: gives up its older half. */
static void give_up_half(struct reader *r)
{
    size_t to = r->floor + (r->end - r->floor + 1) / 2;
    struct stretch s = { 0 };

    count(r, r->floor, to, &s, &r->dropped_lines);
    r->dropped_records += s.records;
    r->dropped_seals |= s.seals;
    r->floor = to;
    if (r->resync < to)
        r->resync = to;
    if (r->line < to)
        r->line = to;
    if (r->search < to)
        r->search = to;
}

static void report(struct reader *r, const struct stretch *s, const char *what)
{
    const char *file = s->name[0] ? s->name : r->name;

    r->damage = true;
    r->damage_lines = s->records;
    if (s->to > s->from)
        snprintf(r->why, sizeof(r->why),
                 "bytes %" PRIu64 " to %" PRIu64 " of %s are damaged and "
                 "about %" PRIu64 " records in them are lost%s",
                 s->from, s->to, file, s->records, what);
    else
        snprintf(r->why, sizeof(r->why),
                 "at byte %" PRIu64 " of %s records are lost%s", s->from, file,
                 what);
}

/* A good batch begins at start and has this ordinal: what lies before it? */
static void note_damage(struct reader *r, size_t start, uint64_t ordinal)
{
    struct stretch s = leave(r, start);
    uint64_t next = r->ordinal + 1;
    /* Of a journal nothing may be missing, of a single file the front may. */
    bool missing = (r->ordinal || r->dir) && ordinal > next;
    char what[96] = "";

    if (missing)
        snprintf(what, sizeof(what),
                 ": batch %" PRIu64 " to %" PRIu64 " of the journal", next,
                 ordinal - 1);
    if (s.to > s.from)
        report(r, &s, what);
    else if (missing)
        report(r, r->carried.to ? &r->carried : &s, what);
    r->carried = (struct stretch){ 0 };
}

/* The line at `at` begins as a seal; true if it is one and its batch good. */
static bool try_seal(struct reader *r, size_t at, struct slice line)
{
    struct seal seal;
    size_t start;

    if (seal_decode(line, &seal, NULL) || seal.bytes > at - r->resync)
        goto bad;
    start = at - (size_t)seal.bytes;
    if (crc32c(0, r->w + start, (size_t)seal.bytes + seal.head) != seal.crc ||
        seal.ordinal <= r->ordinal || seal.ordinal > r->ordinal_max)
        goto bad;
    note_damage(r, start, seal.ordinal);
    r->cur = start;
    r->good = r->floor = r->resync = r->line;
    r->unsealed_at = r->w_at + r->floor;
    r->ordinal = seal.ordinal;
    r->in_segment = true;
    r->stats.batches++;
    return true;
bad:
    /* A batch holds no other seal, so the next one begins behind this. */
    r->resync = at + 1;
    return false;
}

static enum status newer(const struct header *h, struct err *err)
{
    err_set(err,
            "this recording has version %" PRIu64 " of the format and "
            "this bladewatch reads version %d; use a newer one",
            h->version, RECORDING_VERSION);
    if (err)
        err->line = 1;
    return ST_BAD;
}

/* A segment of a newer format that has no batch this reader understands. */
static enum status check_version(struct reader *r, struct err *err)
{
    struct header h;
    const char *nl;
    struct slice line;

    if (r->in_segment)
        return ST_OK;
    if (r->header_bad) {
        if (err)
            *err = r->header_err;
        return ST_BAD;
    }
    nl = r->end && !r->w_at ? memchr(r->w, '\n', r->end) : NULL;
    if (!nl)
        return ST_OK;
    line = slice_of(r->w, (size_t)(nl - r->w));
    if (!header_begins(line) || header_decode(line, &r->decoded, &h, NULL) ||
        h.version == RECORDING_VERSION)
        return ST_OK;
    return newer(&h, err);
}

static char *segment_path(const struct reader *r, size_t i)
{
    char name[SEGMENT_NAME_MAX];
    struct buf path;

    segment_name(r->segments.number[i], name);
    buf_init(&path, BUF_NO_CAP);
    buf_printf(&path, "%s/%s", r->dir, name);
    buf_cstr(&path);
    return path.p;
}

static enum status find_batch(struct reader *r, struct err *err);

/* The header of a segment, if its first batch is good. */
static bool first_header(const char *path, struct reader_options opt,
                         struct header *ret)
{
    struct reader *r = reader_new(opt, path);
    const char *nl;
    bool found = false;

    r->framing = FRAMING_SEALED;
    if (!reader_file(r, path, NULL) && !find_batch(r, NULL) && !r->w_at &&
        !r->cur) {
        nl = memchr(r->w, '\n', r->good);
        found = !header_decode(slice_of(r->w, (size_t)(nl - r->w)), &r->decoded,
                               ret, NULL);
    }
    reader_free(r);
    return found;
}

/*
 * A batch whose sync failed was not acknowledged, but it may have reached the
 * disk all the same when cutting it off failed, too.  The next segment says
 * which batch was the last that counts.
 */
static uint64_t find_ordinal_max(const struct reader *r)
{
    struct header h = { 0 };
    bool found = false;
    char *path;
    size_t i;

    for (i = r->next_segment; i < r->segments.n && !found; i++) {
        path = segment_path(r, i);
        found = first_header(path, r->opt, &h);
        free(path);
    }
    return found ? h.after : UINT64_MAX;
}

static enum status open_segment(struct reader *r, struct err *err)
{
    char *path = segment_path(r, r->next_segment);
    enum status st = reader_file(r, path, err);

    if (st) {
        free(path);
        return st;
    }
    free(r->name);
    r->name = path;
    r->next_segment++;
    r->end = r->floor = r->resync = r->line = r->search = 0;
    r->cur = r->good = 0;
    r->w_at = r->unsealed_at = r->line_no = 0;
    r->ended = r->in_segment = false;
    r->ordinal_max = find_ordinal_max(r);
    return ST_OK;
}

static enum status end_of_file(struct reader *r, struct err *err)
{
    enum status st = check_version(r, err);
    struct stretch left;

    if (st) {
        r->over = true;
        return st;
    }
    left = leave(r, r->end);
    r->floor = r->resync = r->line = r->search = r->end;
    if (r->dir && r->next_segment < r->segments.n) {
        if (left.to > left.from)
            r->carried = left;
        return open_segment(r, err);
    }
    r->over = true;
    r->tail = (struct reader_tail){ .bytes = left.to - left.from,
                                    .records = left.records,
                                    .seals = left.seals };
    return ST_END;
}

static enum status find_batch(struct reader *r, struct err *err)
{
    struct slice line;
    const char *nl;
    enum status st;
    size_t at;

    for (;;) {
        nl = r->search < r->end
                 ? memchr(r->w + r->search, '\n', r->end - r->search)
                 : NULL;
        if (!nl) {
            r->search = r->end;
            if (r->end - r->floor >= r->opt.window_bytes)
                give_up_half(r);
            st = reader_fill(r, err);
            if (st == ST_END)
                return end_of_file(r, err);
            if (st)
                return st;
            continue;
        }
        at = r->line;
        line = slice_of(r->w + at, (size_t)(nl - r->w) - at);
        r->line = r->search = (size_t)(nl - r->w) + 1;
        if (seal_begins(line) && try_seal(r, at, line))
            return ST_OK;
    }
}

/* --- Loose: line by line. --- */

static enum status line_too_long(struct reader *r, struct err *err)
{
    r->skipping = false;
    r->line_no++;
    err_set(err, "the line is longer than %zu bytes; split it or shorten it",
            r->opt.line_bytes);
    if (err)
        err->line = (size_t)r->line_no;
    return ST_BAD;
}

static void take_line(struct reader *r, size_t to)
{
    r->cur = r->floor;
    r->good = r->floor = r->resync = r->line = r->search = to;
}

/* Finds the end of the line that begins at floor; ST_END: of the input. */
static enum status find_line_end(struct reader *r, size_t *ret, struct err *err)
{
    const char *nl;
    enum status st;

    for (;;) {
        nl = r->search < r->end
                 ? memchr(r->w + r->search, '\n', r->end - r->search)
                 : NULL;
        if (nl)
            break;
        r->search = r->end;
        if (r->end - r->floor > r->opt.line_bytes ||
            r->end - r->floor >= r->opt.window_bytes || r->skipping) {
            r->skipping = true;
            take_line(r, r->end);
            r->cur = r->good;
        }
        st = reader_fill(r, err);
        if (st)
            return st;
    }
    *ret = (size_t)(nl - r->w) + 1;
    return ST_OK;
}

static enum status find_line(struct reader *r, struct err *err)
{
    size_t to = 0;
    enum status st = find_line_end(r, &to, err);

    if (st == ST_END && (r->end > r->floor || r->skipping)) {
        to = r->end; /* the last line needs no newline */
        st = ST_OK;
    }
    if (st)
        return st;
    take_line(r, to);
    if (!r->skipping && r->good - r->cur <= r->opt.line_bytes + 1)
        return ST_OK;
    r->cur = r->good;
    return line_too_long(r, err);
}

/* --- The first line. --- */

static enum status no_recording(struct reader *r, struct err *err)
{
    r->over = true;
    err_set(err, "this is no recording: its first line must begin "
                 "{\"bladewatch\":1");
    if (err)
        err->line = 1;
    return ST_BAD;
}

static enum status find_header(struct reader *r, struct err *err)
{
    struct header h = { 0 };
    struct slice line;
    enum status st;
    size_t to = 0;

    st = find_line_end(r, &to, err);
    if (st == ST_END)
        to = r->end;
    else if (st)
        return st;
    line = slice_of(to ? r->w : "", to);
    if (r->skipping || !to)
        return no_recording(r, err);
    r->search = 0;
    st = header_decode(line, &r->decoded, &h, &r->header_err);
    if (st && !header_begins(line))
        return no_recording(r, err);
    /* A damaged header: perhaps there are good seals further on. */
    r->header_bad = st != ST_OK;
    r->header_err.line = 1;
    r->framing = st || h.sealed ? FRAMING_SEALED : FRAMING_LOOSE;
    return ST_OK;
}

/* --- A line of what counts. --- */

static bool is_known(struct reader *r, uint32_t id)
{
    struct known *k = r->recent[id % RECENT];

    if (k && k->id == id)
        return true;
    HASH_FIND(hh, r->known, &id, sizeof(id), k);
    if (k)
        r->recent[id % RECENT] = k;
    return k != NULL;
}

static void learn(struct reader *r, uint32_t id)
{
    struct known *k;

    if (is_known(r, id))
        return;
    k = xcalloc(1, sizeof(*k));
    k->id = id;
    HASH_ADD(hh, r->known, id, sizeof(k->id), k);
}

static enum status read_header(struct reader *r, struct slice line,
                               struct err *err)
{
    struct header h;
    enum status st = header_decode(line, &r->decoded, &h, err);

    if (st)
        return st;
    if (h.version == RECORDING_VERSION)
        return ST_NONE;
    r->over = true;
    r->cur = r->good;
    return newer(&h, err);
}

static enum status check_seal(struct reader *r, struct slice line,
                              struct err *err)
{
    struct seal seal;
    enum status st = seal_decode(line, &seal, err);
    uint32_t crc = r->crc;
    uint64_t bytes = r->crc_bytes;

    r->crc = 0;
    r->crc_bytes = 0;
    if (st)
        return st;
    crc = crc32c(crc, line.p, seal.head);
    if (seal.bytes == bytes && seal.crc == crc)
        return ST_NONE;
    err_set(err,
            "the seal does not fit the %" PRIu64 " bytes above it, whose "
            "CRC-32C would be %08" PRIx32 ": they were changed; remove "
            "the seal if that was you",
            bytes, crc);
    return ST_BAD;
}

static enum status check_source(struct reader *r, const struct event *ev,
                                struct err *err)
{
    if (ev->kind == EV_SOURCE)
        learn(r, ev->source);
    if ((ev->kind != EV_LINE && ev->kind != EV_GAP) || is_known(r, ev->source))
        return ST_OK;
    if (r->framing == FRAMING_SEALED) {
        r->orphans++;
        return ST_NONE;
    }
    err_set(err,
            "source %" PRIu32 " is not declared; put {\"source\":%" PRIu32
            ",\"blade\":\"NAME\"} above this line",
            ev->source, ev->source);
    return ST_BAD;
}

/* The lines of a batch whose sources were declared in a damaged one. */
static void note_orphans(struct reader *r)
{
    r->damage = true;
    r->damage_lines = r->orphans;
    snprintf(r->why, sizeof(r->why),
             "%" PRIu64 " records of %s are lost: the line that declares "
             "their source is damaged",
             r->orphans, r->name);
    r->orphans = 0;
}

static bool is_blank(struct slice line)
{
    size_t i;

    for (i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    return true;
}

/* ST_NONE: a line that is no event. */
static enum status read_line(struct reader *r, struct slice line,
                             struct event *ret, struct err *err)
{
    bool sealed = r->framing == FRAMING_SEALED;
    enum status st;
    size_t n;

    if (seal_begins(line))
        return sealed ? ST_NONE : check_seal(r, line, err);
    if (!sealed) {
        n = (size_t)(r->w + r->cur - line.p); /* with its newline */
        r->crc = crc32c(r->crc, line.p, n);
        r->crc_bytes += n;
    }
    if (header_begins(line) || (r->line_no == 1 && !sealed))
        return read_header(r, line, err);
    if (is_blank(line))
        return ST_NONE;
    st = event_decode(line, sealed, &r->decoded, ret, err);
    if (st == ST_NONE)
        r->stats.passed++;
    return st ? st : check_source(r, ret, err);
}

static enum status deliver_line(struct reader *r, struct event *ret,
                                struct err *err)
{
    const char *p = r->w + r->cur;
    const char *nl = memchr(p, '\n', r->good - r->cur);
    size_t n = nl ? (size_t)(nl - p) : r->good - r->cur;
    enum status st;

    r->line_no++;
    r->cur += n + (nl != NULL);
    st = read_line(r, slice_of(p, n), ret, err);
    if (st == ST_BAD && err)
        err->line = (size_t)r->line_no;
    if (r->cur == r->good && r->orphans)
        note_orphans(r);
    return st;
}

static enum status advance(struct reader *r, struct err *err)
{
    switch (r->framing) {
    case FRAMING_SEALED:
        return find_batch(r, err);
    case FRAMING_LOOSE:
        return find_line(r, err);
    default:
        return find_header(r, err);
    }
}

enum status reader_next(struct reader *r, struct event *ret, struct err *err)
{
    enum status st;

    for (;;) {
        if (r->damage) {
            r->damage = false;
            r->stats.damaged++;
            *ret = (struct event){ .kind = EV_DAMAGE,
                                   .lines = r->damage_lines,
                                   .why = slice_str(r->why) };
            return ST_OK;
        }
        if (r->cur < r->good) {
            st = deliver_line(r, ret, err);
            if (st != ST_NONE)
                return st;
        } else {
            st = r->over ? ST_END : advance(r, err);
            if (st)
                return st;
        }
    }
}
