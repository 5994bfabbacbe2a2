#include "offline.h"

#include "base/alloc.h"
#include "app/input.h"
#include "data/json.h"
#include "journal/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#define LINE_CAP       ((size_t)16 << 20)
#define PROGRESS_EVERY 16384 /* lines */

/* A recording's number of a source, and the core's. */
struct renamed {
    uint32_t from, to;
    UT_hash_handle hh;
};

struct offline {
    struct core *core;
    struct offline_config config;
    struct offline_result result;
    struct tape_parser *parser; /* to look at a line before it is taken */
    const char *file;
    uint64_t line;         /* of the file */
    uint64_t plain_lines;  /* of all plain files */
    uint32_t plain_source; /* declared if plain_declared */
    bool plain_declared;
    nsec greatest_ts;
    struct renamed *renamed; /* sources of the recording being read */
};

enum status format_parse(struct slice name, enum input_format *ret)
{
    static const char *const names[] = {
        [FORMAT_AUTO] = "auto",
        [FORMAT_RECORDING] = "recording",
        [FORMAT_JSONL] = "jsonl",
        [FORMAT_SHARDS] = "shards",
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (slice_is(name, names[i])) {
            *ret = (enum input_format)i;
            return ST_OK;
        }
    }
    return ST_BAD;
}

struct offline_config offline_defaults(void)
{
    struct offline_config c = {
        .reorder_for = 100 * NSEC_MSEC,
        .limits = limits_default(),
    };

    /* Nobody waits for a file to end, and its lines are all of one blade. */
    c.limits.filter_gaps = 0;
    c.limits.blade_nodes = c.limits.nodes;
    return c;
}

struct offline *offline_new(struct core *core,
                            const struct offline_config *config)
{
    struct offline *o = xcalloc(1, sizeof(*o));

    o->core = core;
    o->config = *config;
    o->greatest_ts = INT64_MIN;
    o->parser = tape_parser_new(0);
    return o;
}

static void forget_names(struct offline *o)
{
    struct renamed *r, *next;

    HASH_ITER(hh, o->renamed, r, next)
    {
        HASH_DEL(o->renamed, r);
        free(r);
    }
}

void offline_free(struct offline *o)
{
    if (!o)
        return;
    forget_names(o);
    tape_parser_free(o->parser);
    free(o);
}

/*
 * A recording says for itself which bounds were in force, and where it says
 * nothing the defaults were; other input is bounded by the caller.
 */
static void set_limits(struct offline *o, bool recording)
{
    struct event ev = { .kind = EV_LIMITS, .limits = o->config.limits };

    if (recording)
        ev.limits = limits_default();
    core_step(o->core, &ev);
}

static void complain(struct offline *o, struct err *err)
{
    o->result.problems++;
    if (o->config.complain)
        o->config.complain(o->config.self, o->file, err);
}

static void progress(struct offline *o, uint64_t bytes)
{
    if (o->config.progress && o->result.lines % PROGRESS_EVERY == 0)
        o->config.progress(o->config.self, o->file, bytes);
}

static bool past_until(struct offline *o, nsec ts)
{
    if (!o->config.has_until || ts <= o->config.until_at)
        return false;
    o->result.stopped = true;
    return true;
}

static bool is_blank(struct slice line)
{
    return json_trim(line).n == 0;
}

/* -- lines that say whose they are -------------------------------------- */

/* The instant such a line is at, for until; ST_NONE if it has none. */
static enum status envelope_ts(struct offline *o, struct slice line, nsec *ret)
{
    const struct tape_op *op = NULL;
    struct tape tape;
    char text[32] = "", *end;
    enum status st = tape_parse(o->parser, line, &tape, NULL);

    if (!st)
        op = tape_member(&tape, "ts");
    if (!st && !op)
        op = tape_member(&tape, "tick");
    st = ST_NONE;
    if (op && op->kind == TAPE_NUMBER && op->n < sizeof(text)) {
        memcpy(text, op->p, op->n);
        *ret = strtoll(text, &end, 10);
        st = *end ? ST_NONE : ST_OK;
    }
    return st;
}

static void envelope_line(struct offline *o, struct slice line)
{
    struct err err;
    nsec ts;

    if (is_blank(line) || (o->config.has_until && !envelope_ts(o, line, &ts) &&
                           past_until(o, ts)))
        return;
    if (core_envelope(o->core, line, &err)) {
        err.line = o->line;
        complain(o, &err);
    }
}

/* -- plain lines --------------------------------------------------------- */

static void declare_plain(struct offline *o)
{
    struct source decl = {
        .blade = slice_str("-"),
        .run = slice_str("0"),
        .mode = MODE_SHARD,
        .trusted = true,
    };
    struct event ev = { .kind = EV_SOURCE, .decl = &decl };

    o->plain_source = ev.source = core_next_source(o->core);
    o->plain_declared = true;
    core_step(o->core, &ev);
}

static nsec plain_ts(struct offline *o, const struct shard *s)
{
    nsec ts;

    if (!shard_ts(s, "$ts", &ts))
        return ts;
    if (o->config.ts_field && !shard_ts(s, o->config.ts_field, &ts)) {
        o->result.ts_field_met = true;
        return ts;
    }
    o->result.untimed++;
    return (nsec)o->plain_lines * NSEC_MSEC;
}

static void plain_line(struct offline *o, struct slice line)
{
    struct event ev = { .kind = EV_LINE };
    struct err why;
    struct shard *s;

    if (is_blank(line))
        return;
    if (!o->plain_declared)
        declare_plain(o);
    o->plain_lines++;
    s = core_shard(o->core, o->plain_source, line, &why);
    ev.seq = o->plain_lines;
    ev.ts = ev.logged_at = plain_ts(o, s);
    if (past_until(o, ev.ts)) {
        core_drop(o->core, s);
        return;
    }
    core_take(o->core, s, &ev);
    if (ev.ts > o->greatest_ts) {
        o->greatest_ts = ev.ts;
        ev.kind = EV_TICK;
        ev.ts = nsec_add(ev.ts, -o->config.reorder_for);
        core_step(o->core, &ev);
    }
}

static enum status read_lines(struct offline *o, struct input *l, bool plain,
                              struct err *err)
{
    struct input_line line;
    enum status st = ST_OK;
    struct err long_line;

    set_limits(o, false);
    while (!o->result.stopped && !(st = input_next(l, &line, err))) {
        o->line++;
        o->result.lines++;
        if (line.cut) {
            err_set(&long_line, "a line of more than %zu bytes was cut",
                    LINE_CAP);
            long_line.line = o->line;
            complain(o, &long_line);
        }
        if (plain)
            plain_line(o, line.text);
        else
            envelope_line(o, line.text);
        progress(o, l->used);
    }
    return st == ST_END ? ST_OK : st;
}

/* -- recordings ---------------------------------------------------------- */

/* Every recording numbers its sources as it likes. */
static bool rename_source(struct offline *o, struct event *ev)
{
    uint32_t from = ev->source;
    struct renamed *r;

    HASH_FIND(hh, o->renamed, &from, sizeof(from), r);
    if (!r && ev->kind != EV_SOURCE)
        return false;
    if (!r) {
        r = xcalloc(1, sizeof(*r));
        r->from = from;
        r->to = core_next_source(o->core);
        HASH_ADD(hh, o->renamed, from, sizeof(from), r);
    }
    ev->source = r->to;
    return true;
}

static void recorded(struct offline *o, struct event *ev)
{
    bool sourced =
        ev->kind == EV_SOURCE || ev->kind == EV_LINE || ev->kind == EV_GAP;

    if ((sourced && !rename_source(o, ev)) ||
        (ev->kind == EV_RULES && o->config.own_rules))
        return;
    if (ev->kind == EV_LINE)
        o->result.lines++;
    if ((ev->kind == EV_LINE || ev->kind == EV_TICK) && past_until(o, ev->ts))
        return;
    core_step(o->core, ev);
}

static void describe_damage(struct offline *o, const struct event *ev)
{
    struct err err;

    err_set(&err, "%.*s", SLICE_ARG(ev->why));
    o->result.damaged++;
    complain(o, &err);
}

/* All events there are; ST_END or ST_AGAIN when there are no more. */
static enum status drain(struct offline *o, struct reader *r, struct err *err)
{
    struct event ev;
    enum status st;

    while (!o->result.stopped) {
        st = reader_next(r, &ev, err);
        if (st == ST_BAD) {
            complain(o, err);
            continue;
        }
        if (st)
            return st;
        if (ev.kind == EV_DAMAGE)
            describe_damage(o, &ev);
        recorded(o, &ev);
        progress(o, reader_bytes(r));
    }
    return ST_END;
}

static void begin_recording(struct offline *o)
{
    forget_names(o);
    set_limits(o, true);
}

static enum status end_recording(struct offline *o, const struct reader *r,
                                 enum status st)
{
    o->result.dropped += reader_tail(r).records;
    return st == ST_END ? ST_OK : st;
}

/* -- which of the three --------------------------------------------------- */

static bool has_member(struct slice line, const char *name)
{
    return memmem(line.p, line.n, name, strlen(name)) != NULL;
}

static enum input_format guess(struct slice line)
{
    struct slice s = json_trim(line);

    if (s.n == 0 || *s.p != '{')
        return FORMAT_JSONL;
    s.n = s.n < 4096 ? s.n : 4096;
    if (has_member(s, "\"bladewatch\":") &&
        memmem(s.p, 20, "\"bladewatch\"", 12))
        return FORMAT_RECORDING;
    if ((has_member(s, "\"blade\":") && has_member(s, "\"seq\":") &&
         has_member(s, "\"ts\":")) ||
        memmem(s.p, s.n < 16 ? s.n : 16, "\"tick\":", 7) ||
        memmem(s.p, s.n < 16 ? s.n : 16, "\"retire\":", 9))
        return FORMAT_SHARDS;
    return FORMAT_JSONL;
}

static enum status read_more(struct input *l, struct slice *ret,
                             struct err *err)
{
    ssize_t n = read(l->fd, l->p, l->room);

    if (n < 0) {
        err_set(err, "cannot read: %s", strerror(errno));
        return ST_IO;
    }
    *ret = slice_of(l->p, (size_t)n);
    return ST_OK;
}

/* What has been read to guess the format goes first. */
static enum status push_recording(struct offline *o, struct input *l,
                                  struct err *err)
{
    struct reader *r = reader_new_push(o->file, (struct reader_options){ 0 });
    struct slice rest = slice_of(l->p + l->from, l->n - l->from);
    enum status st;
    size_t took;

    begin_recording(o);
    do {
        st = rest.n ? ST_OK : read_more(l, &rest, err);
        if (st)
            break;
        if (rest.n == 0)
            reader_push_end(r);
        took = reader_push(r, rest);
        rest = slice_of(rest.p + took, rest.n - took);
        st = drain(o, r, err);
    } while (st == ST_AGAIN);
    st = end_recording(o, r, st);
    reader_free(r);
    return st;
}

static enum status read_fd(struct offline *o, int fd, struct err *err)
{
    enum input_format format = o->config.format;
    struct input_line line;
    struct input l;
    enum status st;

    input_init(&l, fd, LINE_CAP);
    st = input_peek(&l, &line, err);
    if (st == ST_END) {
        st = ST_OK;
        goto out;
    }
    if (st)
        goto out;
    if (line.text.n > 1 && memcmp(line.text.p, "\x1f\x8b", 2) == 0) {
        err_set(err, "%s is compressed; try 'zcat FILE | bladewatch replay -'",
                o->file);
        st = ST_BAD;
        goto out;
    }
    if (format == FORMAT_AUTO)
        format = guess(line.text);
    if (format == FORMAT_RECORDING)
        st = push_recording(o, &l, err);
    else
        st = read_lines(o, &l, format == FORMAT_JSONL, err);
out:
    input_release(&l);
    return st;
}

static enum status open_failed(const char *path, struct err *err)
{
    err_set(err, "cannot open %s: %s", path, strerror(errno));
    return errno == ENOENT ? ST_NONE : ST_IO;
}

static enum status read_dir(struct offline *o, const char *path,
                            struct err *err)
{
    struct reader *r = NULL;
    enum status st;

    st = reader_open(path, (struct reader_options){ 0 }, &r, err);
    if (!st) {
        begin_recording(o);
        st = end_recording(o, r, drain(o, r, err));
    }
    reader_free(r);
    return st;
}

enum status offline_read(struct offline *o, const char *path, struct err *err)
{
    struct stat info;
    enum status st;
    int fd;

    o->file = strcmp(path, "-") == 0 ? "standard input" : path;
    o->line = 0;
    if (strcmp(path, "-") == 0)
        return read_fd(o, STDIN_FILENO, err);
    if (stat(path, &info))
        return open_failed(path, err);
    if (S_ISDIR(info.st_mode))
        return read_dir(o, path, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return open_failed(path, err);
    st = read_fd(o, fd, err);
    if (st == ST_IO)
        err_prefix(err, "%s", path);
    close(fd);
    return st;
}

void offline_finish(struct offline *o)
{
    struct event ev = { .kind = EV_TICK, .ts = o->config.until_at };

    core_flush(o->core);
    if (o->config.has_until)
        core_step(o->core, &ev);
}

struct offline_result offline_result(const struct offline *o)
{
    return o->result;
}
