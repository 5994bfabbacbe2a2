#include "tape.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#define NO_KEY      UINT32_MAX
#define KEYS_WALKED 64 /* members of an object that a walk may compare */

/* An open container. */
struct frame {
    uint32_t op;       /* its index */
    uint32_t last_key; /* the newest KEY in it, NO_KEY if none */
    uint64_t seen;     /* one bit a key hash: a clear bit proves a new key */
    uint32_t nkeys;
};

struct tape_parser {
    yajl_handle yajl;
    uint64_t seed;
    struct tape_op *op;
    size_t n, room;
    char *text; /* decoded strings; never moves while a line is read */
    size_t ntext, text_room;
    struct buf fixed; /* the line, where it had to be mended first */
    struct slice line;
    size_t end;    /* bytes used when the outermost value was complete */
    size_t values; /* complete at depth 0 */
    bool too_deep;
    size_t depth;
    struct frame frame[TAPE_DEPTH_MAX];
    uint32_t *slot; /* of shadow_all(): indices of keys, open addressing */
    size_t slots;
};

static struct tape_op *put(struct tape_parser *t, enum tape_kind kind)
{
    struct tape_op *op;

    if (t->n == t->room) {
        t->room = t->room ? t->room * 2 : 256;
        t->op = xrealloc(t->op, t->room * sizeof(*t->op));
    }
    op = &t->op[t->n++];
    *op = (struct tape_op){ .kind = (uint8_t)kind };
    return op;
}

/* Keeps text: it lies in the line already, or it is copied. */
static const char *keep(struct tape_parser *t, const unsigned char *text,
                        size_t n)
{
    const char *p = (const char *)text;
    char *copy;

    if (p >= t->line.p && p < t->line.p + t->line.n)
        return p;
    copy = t->text + t->ntext;
    if (n)
        memcpy(copy, p, n);
    t->ntext += n;
    return copy;
}

/* After a value: the member it belongs to ends here. */
static int value_done(struct tape_parser *t)
{
    struct frame *f;

    if (t->depth == 0) {
        if (t->values++ == 0)
            t->end = yajl_get_bytes_consumed(t->yajl);
        return 1;
    }
    f = &t->frame[t->depth - 1];
    if (f->last_key != NO_KEY)
        t->op[f->last_key].end = (uint32_t)t->n;
    return 1;
}

static int on_null(void *ctx)
{
    put(ctx, TAPE_NULL);
    return value_done(ctx);
}

static int on_boolean(void *ctx, int value)
{
    put(ctx, value ? TAPE_TRUE : TAPE_FALSE);
    return value_done(ctx);
}

static int on_number(void *ctx, const char *text, size_t n)
{
    struct tape_op *op = put(ctx, TAPE_NUMBER);

    op->p = keep(ctx, (const unsigned char *)text, n);
    op->n = (uint32_t)n;
    return value_done(ctx);
}

static int on_string(void *ctx, const unsigned char *text, size_t n)
{
    struct tape_op *op = put(ctx, TAPE_STRING);

    op->p = keep(ctx, text, n);
    op->n = (uint32_t)n;
    return value_done(ctx);
}

/* Marks an earlier member of the same key; rare, hence the walk. */
static void shadow(struct tape_parser *t, const struct frame *f,
                   struct slice key, uint32_t hash)
{
    uint32_t i;

    for (i = f->op + 1; i < t->n - 1; i = t->op[i].end)
        if (t->op[i].hash == hash && slice_eq(tape_text(&t->op[i]), key))
            t->op[i].flags |= TAPE_DEAD;
}

/*
 * The same for an object of many keys, once it is complete: the walk above
 * would be quadratic in them.
 */
static void shadow_all(struct tape_parser *t, const struct frame *f)
{
    size_t room = 64, at;
    uint32_t i;

    while (room < 2 * (size_t)f->nkeys)
        room *= 2;
    if (room > t->slots) {
        t->slot = xrealloc(t->slot, room * sizeof(*t->slot));
        t->slots = room;
    }
    memset(t->slot, 0, room * sizeof(*t->slot));
    for (i = f->op + 1; i < t->n; i = t->op[i].end) {
        const struct tape_op *op = &t->op[i];

        for (at = op->hash & (room - 1); t->slot[at];
             at = (at + 1) & (room - 1)) {
            struct tape_op *other = &t->op[t->slot[at]];

            if (other->hash == op->hash &&
                slice_eq(tape_text(other), tape_text(op))) {
                other->flags |= TAPE_DEAD;
                break;
            }
        }
        t->slot[at] = i;
    }
}

static int on_key(void *ctx, const unsigned char *text, size_t n)
{
    struct tape_parser *t = ctx;
    struct frame *f = &t->frame[t->depth - 1];
    struct tape_op *op = put(t, TAPE_KEY);
    uint64_t bit;

    op->p = keep(t, text, n);
    op->n = (uint32_t)n;
    op->hash = hash_key(t->seed, tape_text(op));
    bit = UINT64_C(1) << (op->hash & 63);
    if (f->seen & bit && f->nkeys < KEYS_WALKED)
        shadow(t, f, tape_text(op), op->hash);
    f->nkeys++;
    f->seen |= bit;
    f->last_key = (uint32_t)(t->n - 1);
    if (n && text[0] == '$')
        t->op[f->op].flags |= TAPE_DOLLAR;
    return 1;
}

static int open_container(struct tape_parser *t, enum tape_kind kind)
{
    if (t->depth == TAPE_DEPTH_MAX) {
        t->too_deep = true;
        return 0;
    }
    put(t, kind);
    t->frame[t->depth++] =
        (struct frame){ .op = (uint32_t)(t->n - 1), .last_key = NO_KEY };
    return 1;
}

static int close_container(void *ctx)
{
    struct tape_parser *t = ctx;
    const struct frame *f = &t->frame[--t->depth];

    t->op[f->op].end = (uint32_t)t->n;
    if (f->nkeys > KEYS_WALKED)
        shadow_all(t, f);
    return value_done(t);
}

static int on_start_map(void *ctx)
{
    return open_container(ctx, TAPE_OBJECT);
}

static int on_start_array(void *ctx)
{
    return open_container(ctx, TAPE_ARRAY);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = close_container,
    .yajl_start_array = on_start_array,
    .yajl_end_array = close_container,
};

static void new_handle(struct tape_parser *t)
{
    if (t->yajl)
        yajl_free(t->yajl);
    t->yajl = yajl_alloc(&callbacks, NULL, t);
    if (!t->yajl)
        abort();
    yajl_config(t->yajl, yajl_allow_multiple_values, 1);
    yajl_config(t->yajl, yajl_dont_validate_strings, 1);
}

struct tape_parser *tape_parser_new(uint64_t seed)
{
    struct tape_parser *t = xcalloc(1, sizeof(*t));

    t->seed = seed;
    buf_init(&t->fixed, BUF_NO_CAP);
    new_handle(t);
    return t;
}

void tape_parser_free(struct tape_parser *t)
{
    if (!t)
        return;
    yajl_free(t->yajl);
    buf_release(&t->fixed);
    free(t->op);
    free(t->slot);
    free(t->text);
    free(t);
}

/* The code unit of a \uXXXX at p, or -1. */
static int code_unit(const char *p, const char *end)
{
    int v = 0, i;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (i = 2; i < 6; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/*
 * yajl decodes a lone surrogate to '?' or to bytes that are no UTF-8; so it
 * gets to see \ufffd instead.  Writes the mended line to out.
 */
static void fix_surrogates(struct slice line, struct buf *out)
{
    const char *p = line.p, *end = p + line.n, *from = p;
    int unit, next;

    while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
        unit = code_unit(p, end);
        if (unit < 0xd800 || unit > 0xdfff) {
            p += end - p < 2 ? 1 : 2;
            continue;
        }
        next = code_unit(p + 6, end);
        if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
            p += 12;
            continue;
        }
        buf_slice(out, slice_of(from, (size_t)(p - from)));
        buf_str(out, "\\ufffd");
        from = p += 6;
    }
    buf_slice(out, slice_of(from, (size_t)(end - from)));
}

static bool has_surrogate(struct slice line)
{
    const char *p = line.p, *end = p + line.n;

    while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
        if (end - p >= 3 && p[1] == 'u' && (p[2] | 32) == 'd')
            return true;
        p += 2;
    }
    return false;
}

/* Makes the line one that yajl reads right; most need nothing. */
static struct slice mend(struct tape_parser *t, struct slice line)
{
    struct buf utf8;

    if (!utf8_valid(line)) {
        buf_init(&utf8, BUF_NO_CAP);
        utf8_repair(line, &utf8);
        buf_reset(&t->fixed);
        fix_surrogates(buf_view(&utf8), &t->fixed);
        buf_release(&utf8);
        return buf_view(&t->fixed);
    }
    if (!has_surrogate(line))
        return line;
    buf_reset(&t->fixed);
    fix_surrogates(line, &t->fixed);
    return buf_view(&t->fixed);
}

static void prepare(struct tape_parser *t, struct slice line)
{
    t->line = line;
    t->n = t->depth = t->values = t->end = t->ntext = 0;
    t->too_deep = false;
    if (t->text_room < line.n) {
        t->text_room = line.n < 1024 ? 1024 : line.n + line.n / 2;
        t->text = xrealloc(t->text, t->text_room);
    }
}

static bool only_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p == end;
}

/* yajl's sentence without its quotation of the text. */
static void explain(struct tape_parser *t, size_t column, struct err *err)
{
    unsigned char *text = yajl_get_error(t->yajl, 0, NULL, 0);
    const char *p = (const char *)text, *colon;
    size_t n = strcspn(p, "\n");

    n -= n && p[n - 1] == '.';
    colon = memchr(p, ':', n);
    if (colon && colon[1] == ' ') {
        n -= (size_t)(colon + 2 - p);
        p = colon + 2;
    }
    err_set(err, "not JSON: %.*s at column %zu", (int)n, p, column);
    yajl_free_error(t->yajl, text);
}

static enum status refuse(struct tape_parser *t, yajl_status ys,
                          struct err *err)
{
    size_t column = yajl_get_bytes_consumed(t->yajl) + 1;
    enum status st = ST_BAD;

    if (t->too_deep) {
        st = ST_LIMIT;
        err_set(err, "nested deeper than %d levels at column %zu",
                TAPE_DEPTH_MAX, column);
    } else if (ys == yajl_status_error && t->values == 0) {
        explain(t, column, err);
    } else if (t->values) {
        column = t->end + 1;
        while (column <= t->line.n &&
               only_blanks(t->line.p + column - 1, t->line.p + column))
            column++;
        err_set(err,
                "more than one JSON value on the line, the second at "
                "column %zu",
                column);
    } else {
        column = t->line.n + 1;
        err_set(err, "not JSON: the line ends inside a value, at column %zu",
                column);
    }
    if (err)
        err->column = column;
    new_handle(t);
    return st;
}

enum status tape_parse(struct tape_parser *t, struct slice line,
                       struct tape *ret, struct err *err)
{
    static const unsigned char newline[] = "\n";
    yajl_status ys;

    line = mend(t, line);
    prepare(t, line);
    ys = yajl_parse(t->yajl, (const unsigned char *)line.p, line.n);
    if (ys == yajl_status_ok && t->values == 0)
        /* A scalar at the very end is complete only with what follows. */
        ys = yajl_parse(t->yajl, newline, 1), t->end = line.n;
    if (ys != yajl_status_ok || t->values != 1 || t->depth ||
        !only_blanks(line.p + t->end, line.p + line.n))
        return refuse(t, ys, err);
    *ret = (struct tape){ t->op, t->n };
    return ST_OK;
}

size_t tape_copy_size(const struct tape_parser *t, const struct tape *tape)
{
    size_t fixed = t->line.p == t->fixed.p ? t->line.n : 0;

    return tape->n * sizeof(*tape->op) + t->ntext + fixed;
}

struct tape tape_copy(const struct tape_parser *t, const struct tape *tape,
                      void *to, struct slice from_line, const char *to_line)
{
    struct tape copy = { to, tape->n };
    char *text = (char *)(copy.op + copy.n), *fixed = text + t->ntext;
    size_t i;

    memcpy(copy.op, tape->op, tape->n * sizeof(*tape->op));
    if (t->ntext)
        memcpy(text, t->text, t->ntext);
    if (t->line.n && t->line.p == t->fixed.p)
        memcpy(fixed, t->line.p, t->line.n);
    for (i = 0; i < copy.n; i++) {
        const char *p = copy.op[i].p;

        if (!p)
            continue;
        if (p >= from_line.p && p < from_line.p + from_line.n)
            copy.op[i].p = to_line + (p - from_line.p);
        else if (p >= t->text && p < t->text + t->text_room)
            copy.op[i].p = text + (p - t->text);
        else
            copy.op[i].p = fixed + (p - t->fixed.p);
    }
    return copy;
}

const struct tape_op *tape_member_of(const struct tape *tape, size_t at,
                                     const char *key)
{
    size_t i;

    if (tape->n == 0 || tape->op[at].kind != TAPE_OBJECT ||
        (*key == '$' && !(tape->op[at].flags & TAPE_DOLLAR)))
        return NULL;
    for (i = at + 1; i < tape->op[at].end; i = tape->op[i].end)
        if (!(tape->op[i].flags & TAPE_DEAD) &&
            slice_is(tape_text(&tape->op[i]), key))
            return &tape->op[i + 1];
    return NULL;
}

const struct tape_op *tape_member(const struct tape *tape, const char *key)
{
    return tape_member_of(tape, 0, key);
}
