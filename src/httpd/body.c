#include "body.h"

#include "data/json.h"
#include "inflate.h"

#include <assert.h>
#include <string.h>

#define RATIO_FREE (1u << 20)
/* Beyond this no single value is looked for: no shard is as large. */
#define OBJECT_MAX (1u << 20)

void body_init(struct body *b, const struct body_caps *caps, bool gzip)
{
    *b = (struct body){ .caps = *caps };
    /* One byte more than allowed, to tell full from too much. */
    buf_init(&b->text, caps->text_bytes + 1);
    buf_init(&b->flat, caps->text_bytes + 1);
    if (gzip)
        b->gzip = inflater_new();
}

void body_release(struct body *b)
{
    inflater_free(b->gzip);
    b->gzip = NULL;
    buf_release(&b->text);
    buf_release(&b->flat);
}

static enum status too_large(struct err *err, size_t cap, const char *what)
{
    err_set(err, "the body is larger than %zu bytes%s: send it in parts", cap,
            what);
    return ST_LIMIT;
}

enum status body_feed(struct body *b, struct slice chunk, struct err *err)
{
    enum status st;

    b->raw += chunk.n;
    if (b->raw > b->caps.raw_bytes)
        return too_large(err, b->caps.raw_bytes, "");
    if (b->gzip)
        st = inflater_feed(b->gzip, chunk, &b->text, err);
    else
        st = buf_add(&b->text, chunk.p, chunk.n);
    if (st == ST_LIMIT || (!st && b->text.n > b->caps.text_bytes))
        return too_large(err, b->caps.text_bytes,
                         b->gzip ? " once expanded" : "");
    if (!st && b->gzip && b->caps.ratio && b->text.n > RATIO_FREE &&
        b->text.n / b->caps.ratio > b->raw) {
        err_set(err, "the gzip expands more than %zu times: send it plain",
                b->caps.ratio);
        return ST_LIMIT;
    }
    return st;
}

static struct slice first_line(struct slice s)
{
    const char *end = memchr(s.p, '\n', s.n);

    return end ? slice_of(s.p, (size_t)(end - s.p)) : s;
}

static bool is_value(struct tape_parser *parser, struct slice s)
{
    struct tape tape;

    return s.n <= OBJECT_MAX && tape_parse(parser, s, &tape, NULL) == ST_OK;
}

static enum body_shape shape_of(struct slice text, struct tape_parser *parser)
{
    struct slice first = first_line(text);

    if (*text.p == '[')
        return BODY_ARRAY;
    if (*text.p == '{' && first.n < text.n && !is_value(parser, first) &&
        is_value(parser, text))
        return BODY_OBJECT;
    return BODY_LINES;
}

enum status body_end(struct body *b, struct tape_parser *parser,
                     struct err *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* UTF-8's byte order mark */
    struct slice text, all = buf_view(&b->text);

    if (b->gzip && inflater_end(b->gzip, err))
        return ST_BAD;
    if (!b->gzip && all.n >= 2 && memcmp(all.p, "\x1f\x8b", 2) == 0) {
        err_set(err, "the body is gzip: say so with Content-Encoding: gzip");
        return ST_BAD;
    }
    b->rest = all;
    if (all.n >= 3 && memcmp(all.p, mark, 3) == 0)
        b->rest = slice_of(all.p + 3, all.n - 3);
    b->line = 1;
    b->seen = b->line_start = b->rest.p;
    text = json_trim(b->rest);
    if (text.n == 0) {
        err_set(err, "the body is empty: send one JSON object a line");
        return ST_BAD;
    }
    b->shape = b->lines_only ? BODY_LINES : shape_of(text, parser);
    if (b->shape != BODY_LINES)
        b->rest = text;
    return ST_OK;
}

/* Counts lines up to p and says where p stands. */
static void count_lines(struct body *b, const char *p, struct body_item *item)
{
    const char *nl;

    while (b->seen < p && (nl = memchr(b->seen, '\n', (size_t)(p - b->seen)))) {
        b->line++;
        b->seen = b->line_start = nl + 1;
    }
    b->seen = p;
    item->at = p;
    item->line = b->line;
    item->column = (size_t)(p - b->line_start) + 1;
}

static enum status next_line(struct body *b, struct body_item *ret)
{
    struct slice line;

    while (b->rest.n) {
        line = first_line(b->rest);
        count_lines(b, line.p, ret);
        b->rest.p += line.n;
        b->rest.n -= line.n;
        if (b->rest.n) {
            b->rest.p++;
            b->rest.n--;
        }
        if (json_trim(line).n == 0)
            continue;
        if (line.p[line.n - 1] == '\r')
            line.n--;
        ret->text = line;
        ret->n = ++b->items;
        return ST_OK;
    }
    return ST_END;
}

static enum status fault(const struct body_item *item, const char *what,
                         struct err *err)
{
    err_set(err, "%s", what);
    if (err) {
        err->line = item->line;
        err->column = item->column;
    }
    return ST_BAD;
}

/*
 * A line holds no line break.  Outside strings a break is as good as a space;
 * inside one it is an error that must not be repaired by the way.
 */
static enum status flatten(struct body *b, struct body_item *item,
                           struct err *err)
{
    bool quoted = false;
    size_t i;

    if (!memchr(item->text.p, '\n', item->text.n))
        return ST_OK;
    buf_reset(&b->flat);
    buf_slice(&b->flat, item->text);
    assert(buf_ok(&b->flat));
    for (i = 0; i < b->flat.n; i++) {
        if (b->flat.p[i] == '"')
            quoted = !quoted;
        else if (quoted && b->flat.p[i] == '\\')
            i++;
        if (i >= b->flat.n || b->flat.p[i] != '\n')
            continue;
        if (quoted) {
            err_set(err, "a line break inside a string must be written \\n");
            if (err)
                err->column = i + 1;
            body_locate(b, item, err);
            return ST_BAD;
        }
        b->flat.p[i] = ' ';
    }
    item->text = buf_view(&b->flat);
    return ST_OK;
}

static enum status next_member(struct body *b, struct body_item *ret,
                               struct err *err)
{
    enum status st;

    if (b->ended)
        return ST_END;
    st = json_array_next(&b->rest, &ret->text, err);
    if (st) {
        b->ended = true;
        count_lines(b, b->text.p + b->text.n, ret);
        if (st == ST_BAD && err) {
            err->line = ret->line;
            err->column = ret->column;
        }
        return st;
    }
    count_lines(b, ret->text.p, ret);
    ret->n = ++b->items;
    if (ret->text.n == 0)
        return fault(ret, "a member of the array is missing", err);
    if (*ret->text.p != '{')
        return fault(ret, "a member of the array is no object", err);
    return flatten(b, ret, err);
}

enum status body_next(struct body *b, struct body_item *ret, struct err *err)
{
    if (b->shape == BODY_LINES)
        return next_line(b, ret);
    if (b->shape == BODY_ARRAY)
        return next_member(b, ret, err);
    if (b->ended)
        return ST_END;
    b->ended = true;
    count_lines(b, b->rest.p, ret);
    ret->text = b->rest;
    ret->n = ++b->items;
    return flatten(b, ret, err);
}

void body_locate(const struct body *b, const struct body_item *item,
                 struct err *err)
{
    const char *end = b->text.p + b->text.n, *p = item->at, *stop, *nl;

    if (!err)
        return;
    err->line = item->line;
    if (err->column == 0) {
        err->column = item->column;
        return;
    }
    stop = (size_t)(end - p) < err->column ? end : p + err->column - 1;
    err->column += item->column - 1;
    while ((nl = memchr(p, '\n', (size_t)(stop - p)))) {
        p = nl + 1;
        err->line++;
        err->column = (size_t)(stop - p) + 1;
    }
}
