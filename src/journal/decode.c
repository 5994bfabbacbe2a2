#include "format.h"

#include "canonical.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "data/json.h"

#include <stddef.h>

/* What a member of a line holds, and where it goes. */
enum holds {
    HOLDS_U64,
    HOLDS_ID, /* of a source */
    HOLDS_FD,
    HOLDS_INSTANT, /* ns, or RFC 3339 */
    HOLDS_SPAN,    /* ns, or "10m" */
    HOLDS_STRING,
    HOLDS_TRUTH,
    HOLDS_MODE,
    HOLDS_PATH,
    HOLDS_SCOPE,
    HOLDS_JSON,  /* the line of a record, as it stands there */
    HOLDS_TEXT,  /* the line of a record, as a string */
    HOLDS_BASE64 /* the line of a record, as any bytes */
};

struct member {
    const char *name;
    enum holds holds;
    bool required;
    size_t at; /* offset in the struct that is filled */
};

#define HEADER(member) offsetof(struct header, member)
#define EVENT(member)  offsetof(struct event, member)
#define DECL(member)   offsetof(struct source, member)
#define LIMITS(member) offsetof(struct limits, member)

static const struct member header_members[] = {
    { "bladewatch", HOLDS_U64, true, HEADER(version) },
    { "segment", HOLDS_U64, false, HEADER(segment) },
    { "created", HOLDS_INSTANT, false, HEADER(created_at) },
    { "after", HOLDS_U64, false, HEADER(after) },
    { "sealed", HOLDS_TRUTH, false, HEADER(sealed) },
    { 0 },
};

static const struct member record_members[] = {
    { "src", HOLDS_ID, true, 0 },
    { "seq", HOLDS_U64, true, EVENT(seq) },
    { "ts", HOLDS_INSTANT, true, EVENT(ts) },
    { "logged", HOLDS_INSTANT, false, EVENT(logged_at) },
    { "fd", HOLDS_FD, false, EVENT(fd) },
    { "id", HOLDS_STRING, false, EVENT(id) },
    { "line", HOLDS_JSON, false, EVENT(line) },
    { "text", HOLDS_TEXT, false, EVENT(line) },
    { "b64", HOLDS_BASE64, false, EVENT(line) },
    { 0 },
};

static const struct member source_members[] = {
    { "source", HOLDS_ID, true, 0 },
    { "blade", HOLDS_STRING, true, DECL(blade) },
    { "run", HOLDS_STRING, false, DECL(run) },
    { "mode", HOLDS_MODE, false, DECL(mode) },
    { "at", HOLDS_PATH, false, DECL(at) },
    { "ttl", HOLDS_SPAN, false, DECL(ttl_for) },
    { "scope", HOLDS_SCOPE, false, 0 },
    { "trusted", HOLDS_TRUTH, false, DECL(trusted) },
    { 0 },
};

static const struct member tick_members[] = {
    { "tick", HOLDS_INSTANT, true, EVENT(ts) },
    { 0 },
};

static const struct member retire_members[] = {
    { "retire", HOLDS_STRING, true, EVENT(blade) },
    { "ts", HOLDS_INSTANT, true, EVENT(ts) },
    { 0 },
};

static const struct member gap_members[] = {
    { "src", HOLDS_ID, true, 0 },
    { "from", HOLDS_INSTANT, false, EVENT(from_at) },
    { "to", HOLDS_INSTANT, false, EVENT(to_at) },
    { "lines", HOLDS_U64, false, EVENT(lines) },
    { "why", HOLDS_STRING, true, EVENT(why) },
    { 0 },
};

static const struct member damage_members[] = {
    { "lines", HOLDS_U64, false, EVENT(lines) },
    { "why", HOLDS_STRING, true, EVENT(why) },
    { 0 },
};

static const struct member rules_members[] = {
    { "rules", HOLDS_U64, true, EVENT(seq) },
    { "zones", HOLDS_STRING, false, EVENT(id) },
    { "files", HOLDS_JSON, true, EVENT(line) },
    { 0 },
};

static const struct member limits_members[] = {
    { "shard_bytes", HOLDS_U64, false, LIMITS(shard_bytes) },
    { "string_bytes", HOLDS_U64, false, LIMITS(string_bytes) },
    { "list_items", HOLDS_U64, false, LIMITS(list_items) },
    { "nodes", HOLDS_U64, false, LIMITS(nodes) },
    { "blade_nodes", HOLDS_U64, false, LIMITS(blade_nodes) },
    { "bank_keys", HOLDS_U64, false, LIMITS(bank_keys) },
    { "filter_gaps", HOLDS_U64, false, LIMITS(filter_gaps) },
    { "ids", HOLDS_U64, false, LIMITS(ids) },
    { "retire_after", HOLDS_SPAN, false, LIMITS(retire_after) },
    { 0 },
};

/* The kinds of lines that become events, by the member that tells them. */
static const struct kind {
    const char *name;
    enum event_kind event;
    const struct member *members;
    bool nested; /* the members stand in an object of that name */
} kinds[] = {
    { "src", EV_LINE, record_members, false },
    { "source", EV_SOURCE, source_members, false },
    { "tick", EV_TICK, tick_members, false },
    { "retire", EV_RETIRE, retire_members, false },
    { "limits", EV_LIMITS, limits_members, true },
    { "rules", EV_RULES, rules_members, false },
    { "gap", EV_GAP, gap_members, true },
    { "damage", EV_DAMAGE, damage_members, true },
};

#define NKINDS (sizeof(kinds) / sizeof(*kinds))

/* One line being taken apart. */
struct parse {
    struct slice line;
    struct tape tape;
    struct decoded *d;
    struct event *event;
    struct err *err;
};

void decoded_release(struct decoded *d)
{
    if (!d)
        return;
    buf_release(&d->text);
    tape_parser_free(d->parser);
    *d = (struct decoded){ 0 };
}

bool header_begins(struct slice line)
{
    static const char head[] = "{\"bladewatch\":";

    return line.n >= sizeof(head) - 1 &&
           !memcmp(line.p, head, sizeof(head) - 1);
}

bool seal_begins(struct slice line)
{
    return line.n >= 8 && !memcmp(line.p, "{\"seal\":", 8);
}

static size_t after(const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];

    return op->kind == TAPE_ARRAY || op->kind == TAPE_OBJECT ? op->end : i + 1;
}

/* The column of op if its text stands in the line, else that of the line. */
static enum status bad(const struct parse *p, const struct tape_op *op)
{
    const char *line = p->line.p;

    if (p->err && op)
        p->err->column = op->p >= line && op->p < line + p->line.n
                             ? (size_t)(op->p - line) + 1
                             : 1;
    return ST_BAD;
}

static enum status wants(const struct parse *p, const struct tape_op *key,
                         const char *what)
{
    err_set(p->err, "\"%.*s\" must be %s", SLICE_ARG(tape_text(key)), what);
    return bad(p, key);
}

static bool whole(const struct tape_op *op, int64_t *ret)
{
    struct cursor_text c;

    if (op->kind != TAPE_NUMBER)
        return false;
    c = (struct cursor_text){ op->p, op->p + op->n };
    return step_i64(&c, ret) && c.p == c.end;
}

static bool natural(const struct tape_op *op, uint64_t max, uint64_t *ret)
{
    struct cursor_text c;
    uint64_t v;

    if (op->kind != TAPE_NUMBER)
        return false;
    c = (struct cursor_text){ op->p, op->p + op->n };
    if (!step_u64(&c, &v) || c.p != c.end || v > max)
        return false;
    *ret = v;
    return true;
}

static bool read_path(const struct tape *tape, size_t i, struct path *ret)
{
    size_t end = tape->op[i].end;

    if (tape->op[i].kind != TAPE_ARRAY)
        return false;
    for (i++; i < end; i++) {
        if (tape->op[i].kind != TAPE_STRING || tape->op[i].n > PATH_KEY_MAX ||
            ret->n == PATH_KEYS_MAX)
            return false;
        ret->key[ret->n++] = tape_text(&tape->op[i]);
    }
    return true;
}

static bool read_scope(const struct tape *tape, size_t i, struct decoded *d)
{
    size_t end = tape->op[i].end;

    if (tape->op[i].kind != TAPE_ARRAY)
        return false;
    for (i++; i < end; i = after(tape, i)) {
        if (d->decl.nscope == SOURCE_SCOPE_MAX)
            return false;
        d->scope[d->decl.nscope].n = 0;
        if (!read_path(tape, i, &d->scope[d->decl.nscope++]))
            return false;
    }
    d->decl.scope = d->scope;
    return true;
}

/*
 * The text of the n-th member's value in an object that is known to be JSON.
 * The tape does not keep where a container stood.
 */
static struct slice raw_value(struct slice object, size_t n)
{
    const char *p = object.p, *end = p + object.n, *from = NULL;
    size_t depth = 0;

    for (; p < end; p++) {
        if (*p == '"') {
            for (p++; *p != '"'; p++)
                p += *p == '\\';
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (depth == 1 && *p == ':') {
            from = p + 1;
        } else if (depth == 1 && (*p == ',' || *p == '}') && !n--) {
            return json_trim(slice_of(from, (size_t)(p - from)));
        } else if (*p == '}' || *p == ']') {
            depth--;
        }
    }
    return slice_of(NULL, 0);
}

static size_t member_number(const struct tape *tape, const struct tape_op *key)
{
    size_t i = 1, n = 0;

    for (; &tape->op[i] != key; i = tape->op[i].end)
        n++;
    return n;
}

static enum status read_line(struct parse *p, const struct member *m,
                             const struct tape_op *key)
{
    struct event *ev = p->event;

    if (ev->line.p) {
        err_set(p->err, "a record has one of \"line\", \"text\" and \"b64\"");
        return bad(p, key);
    }
    if (m->holds == HOLDS_JSON) {
        ev->line = raw_value(p->line, member_number(&p->tape, key));
        ev->json = true;
        return ST_OK;
    }
    if (key[1].kind != TAPE_STRING)
        return wants(p, key, "a string");
    ev->line = slice_of(key[1].n ? key[1].p : "", key[1].n);
    if (m->holds == HOLDS_TEXT)
        return ST_OK;
    buf_reset(&p->d->text);
    if (base64_decode(ev->line, &p->d->text))
        return wants(p, key, "base64 with padding (RFC 4648, section 4)");
    ev->line = p->d->text.n ? buf_view(&p->d->text) : slice_of("", 0);
    return ST_OK;
}

static enum status read_instant(struct parse *p, const struct tape_op *key,
                                nsec *ret)
{
    if (key[1].kind == TAPE_STRING && !instant_parse(tape_text(&key[1]), ret))
        return ST_OK;
    if (whole(&key[1], ret))
        return ST_OK;
    return wants(p, key,
                 "whole nanoseconds since 1970, or RFC 3339 like "
                 "\"2026-11-20T12:00:00.5Z\"");
}

static enum status read_span(struct parse *p, const struct tape_op *key,
                             nsec *ret)
{
    if (key[1].kind == TAPE_STRING && !span_parse(tape_text(&key[1]), ret))
        return ST_OK;
    if (whole(&key[1], ret) && *ret >= 0)
        return ST_OK;
    return wants(p, key, "whole nanoseconds, or a time like \"10m\"");
}

static enum status read_small(struct parse *p, const struct member *m,
                              const struct tape_op *key)
{
    uint64_t v;

    if (m->holds == HOLDS_FD) {
        if (!natural(&key[1], 2, &v))
            return wants(p, key, "0, 1 or 2");
        p->event->fd = (int)v;
        return ST_OK;
    }
    if (!natural(&key[1], UINT32_MAX, &v))
        return wants(p, key, "a whole number from 0 to 4294967295");
    p->event->source = (uint32_t)v;
    return ST_OK;
}

/* to: where the value of this member goes. */
static enum status read_member(struct parse *p, const struct member *m,
                               const struct tape_op *key, void *to)
{
    const struct tape_op *v = key + 1;
    size_t i = (size_t)(v - p->tape.op);

    switch (m->holds) {
    case HOLDS_U64:
        if (natural(v, UINT64_MAX, to))
            return ST_OK;
        return wants(p, key, "a whole number from 0 to 18446744073709551615");
    case HOLDS_ID:
    case HOLDS_FD:
        return read_small(p, m, key);
    case HOLDS_INSTANT:
        return read_instant(p, key, to);
    case HOLDS_SPAN:
        return read_span(p, key, to);
    case HOLDS_STRING:
        if (v->kind != TAPE_STRING)
            return wants(p, key, "a string");
        *(struct slice *)to = tape_text(v);
        return ST_OK;
    case HOLDS_TRUTH:
        if (v->kind != TAPE_TRUE && v->kind != TAPE_FALSE)
            return wants(p, key, "true or false");
        *(bool *)to = v->kind == TAPE_TRUE;
        return ST_OK;
    case HOLDS_MODE:
        if (v->kind == TAPE_STRING && !mode_parse(tape_text(v), to))
            return ST_OK;
        return wants(p, key, "\"shard\", \"json\" or \"text\"");
    case HOLDS_PATH:
        return read_path(&p->tape, i, to)
                   ? ST_OK
                   : wants(p, key,
                           "an array of at most 32 keys of at most "
                           "256 bytes");
    case HOLDS_SCOPE:
        return read_scope(&p->tape, i, p->d)
                   ? ST_OK
                   : wants(p, key,
                           "an array of at most 8 paths, each an "
                           "array of keys");
    case HOLDS_JSON:
    case HOLDS_TEXT:
    case HOLDS_BASE64:
        return read_line(p, m, key);
    }
    return ST_BAD;
}

static const struct member *find_member(const struct member *m,
                                        struct slice name)
{
    for (; m->name; m++)
        if (slice_is(name, m->name))
            return m;
    return NULL;
}

static bool is_extra(struct slice name)
{
    return name.n >= 2 && !memcmp(name.p, "x-", 2);
}

/* A name that a stranger chose: escaped, in quotes. */
static void quote(struct slice name, struct buf *out)
{
    buf_init(out, ERR_TEXT_MAX);
    json_string(utf8_cut(name, 40), out);
}

static enum status unknown_member(const struct parse *p,
                                  const struct member *members,
                                  const struct tape_op *key)
{
    struct buf name, list;

    quote(tape_text(key), &name);
    buf_init(&list, ERR_TEXT_MAX);
    for (; members->name; members++)
        buf_printf(&list, "%s%s", list.n ? ", " : "", members->name);
    err_set(p->err,
            "unknown member %s; known here are %s (and any name that begins "
            "with x-)",
            buf_cstr(&name), buf_cstr(&list));
    buf_release(&list);
    buf_release(&name);
    return bad(p, key);
}

/* Reads the object at index i into what base points to. */
static enum status read_object(struct parse *p, size_t i,
                               const struct member *members, void *base)
{
    const struct tape_op *key;
    const struct member *m;
    size_t end = p->tape.op[i].end;
    uint64_t seen = 0;
    enum status st;

    for (i++; i < end; i = key->end) {
        key = &p->tape.op[i];
        m = find_member(members, tape_text(key));
        if (key->flags & TAPE_DEAD || (!m && is_extra(tape_text(key))))
            continue;
        if (!m)
            return unknown_member(p, members, key);
        st = read_member(p, m, key, (char *)base + m->at);
        if (st)
            return st;
        seen |= (uint64_t)1 << (m - members);
    }
    for (m = members; m->name; m++)
        if (m->required && !(seen >> (m - members) & 1)) {
            err_set(p->err, "\"%s\" is missing", m->name);
            return bad(p, &p->tape.op[0]);
        }
    return ST_OK;
}

static enum status parse_object(struct parse *p)
{
    enum status st;

    if (!p->d->parser)
        p->d->parser = tape_parser_new(0);
    p->d->text.cap = RECORDING_LINE_MAX;
    st = tape_parse(p->d->parser, p->line, &p->tape, p->err);
    if (st)
        return ST_BAD;
    if (p->tape.op[0].kind != TAPE_OBJECT) {
        err_set(p->err, "a line of a recording is a JSON object");
        return bad(p, &p->tape.op[0]);
    }
    return ST_OK;
}

/* Sets ret_key to the member that tells the kind; NULL if none does. */
static const struct kind *find_kind(const struct tape *tape,
                                    const struct tape_op **ret_key)
{
    size_t i, k;

    for (i = 1; i < tape->op[0].end; i = tape->op[i].end)
        for (k = 0; k < NKINDS; k++)
            if (slice_is(tape_text(&tape->op[i]), kinds[k].name) &&
                !(tape->op[i].flags & TAPE_DEAD)) {
                *ret_key = &tape->op[i];
                return &kinds[k];
            }
    return NULL;
}

static enum status unknown_kind(const struct parse *p)
{
    const struct tape_op *op = p->tape.op;
    struct buf name;

    if (p->tape.n == 1) {
        err_set(p->err, "an empty object says nothing; remove the line");
        return bad(p, &op[0]);
    }
    if (is_extra(tape_text(&op[1])))
        return ST_NONE;
    quote(tape_text(&op[1]), &name);
    err_set(p->err,
            "unknown kind of line %s; this bladewatch knows src, source, "
            "tick, retire, limits, rules, gap and damage: a newer one may have "
            "written it",
            buf_cstr(&name));
    buf_release(&name);
    return bad(p, &op[1]);
}

static enum status read_kind(struct parse *p, const struct kind *kind,
                             const struct tape_op *key)
{
    struct event *ev = p->event;
    size_t i = kind->nested ? (size_t)(key - p->tape.op) + 1 : 0;
    void *base = ev;

    if (p->tape.op[i].kind != TAPE_OBJECT)
        return wants(p, key, "an object");
    if (kind->event == EV_LIMITS) {
        ev->limits = limits_default();
        base = &ev->limits;
    }
    if (kind->event == EV_SOURCE) {
        p->d->decl = (struct source){ .run = slice_str("0") };
        ev->decl = &p->d->decl;
        base = &p->d->decl;
    }
    return read_object(p, i, kind->members, base);
}

/* What the table cannot say. */
static enum status finish_record(struct parse *p, bool has_logged)
{
    struct event *ev = p->event;

    if (!ev->line.p) {
        err_set(p->err, "a record needs \"line\", \"text\" or \"b64\"");
        return bad(p, &p->tape.op[0]);
    }
    if (!has_logged)
        ev->logged_at = ev->ts;
    return ST_OK;
}

static enum status any_spelling(struct parse *p)
{
    const struct tape_op *key = NULL;
    const struct kind *kind;
    enum status st = parse_object(p);

    if (st)
        return st;
    kind = find_kind(&p->tape, &key);
    if (!kind)
        return unknown_kind(p);
    *p->event = (struct event){ .kind = kind->event };
    st = read_kind(p, kind, key);
    if (st || kind->event != EV_LINE)
        return st;
    return finish_record(p, tape_member(&p->tape, "logged") != NULL);
}

static __attribute__((noinline)) enum status slow_decode(struct slice line,
                                                         struct decoded *d,
                                                         struct event *ret,
                                                         struct err *err)
{
    struct event ev;
    struct parse p = { .line = line, .d = d, .event = &ev, .err = err };
    enum status st = any_spelling(&p);

    if (!st)
        *ret = ev;
    return st;
}

enum status event_decode(struct slice line, bool verified, struct decoded *d,
                         struct event *ret, struct err *err)
{
    if (verified && (canonical_record(line, ret) || canonical_tick(line, ret)))
        return ST_OK;
    return slow_decode(line, d, ret, err);
}

enum status header_decode(struct slice line, struct decoded *d,
                          struct header *ret, struct err *err)
{
    struct parse p = { .line = line, .d = d, .err = err };
    struct header h = { 0 };
    enum status st = parse_object(&p);

    if (!st)
        st = read_object(&p, 0, header_members, &h);
    if (st)
        return st;
    *ret = h;
    return ST_OK;
}
