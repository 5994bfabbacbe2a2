#include "cel/value.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "cel/timezone.h"
#include "data/json.h"
#include "data/tape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* -- in ----------------------------------------------------------------- */

#define NUMBER_TEXT 400
#define SHORT_TEXT  18 /* digits that no int64_t is too small for */

static bool is_whole(struct slice text)
{
    size_t i;

    for (i = 0; i < text.n; i++)
        if (text.p[i] == '.' || text.p[i] == 'e' || text.p[i] == 'E')
            return false;
    return true;
}

/* Most numbers are counts of a few digits; false: it is not one of those. */
static bool short_int(struct slice text, int64_t *ret)
{
    size_t minus = text.n && *text.p == '-'; /* bytes of it */
    size_t i;

    if (text.n > SHORT_TEXT || text.n == minus)
        return false;
    *ret = 0;
    for (i = minus; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *ret = *ret * 10 + (text.p[i] - '0');
    }
    *ret = minus ? -*ret : *ret;
    return true;
}

struct cel_value cel_number(struct slice text)
{
    char copy[NUMBER_TEXT];
    size_t n = text.n < sizeof(copy) ? text.n : sizeof(copy) - 1;
    int64_t few;
    long long i;
    unsigned long long u;

    if (short_int(text, &few))
        return cel_int(few);
    memcpy(copy, text.p, n);
    copy[n] = '\0';
    if (is_whole(text) && text.n < sizeof(copy)) {
        errno = 0;
        i = strtoll(copy, NULL, 10);
        if (!errno)
            return cel_int(i);
        errno = 0;
        u = strtoull(copy, NULL, 10);
        if (!errno && copy[0] != '-')
            return cel_uint(u);
    }
    return cel_double(strtod(copy, NULL));
}

/* The index behind the value at i. */
static size_t past(const struct tape *tape, size_t i)
{
    const struct tape_op *op = &tape->op[i];

    return op->kind == TAPE_ARRAY || op->kind == TAPE_OBJECT ? op->end : i + 1;
}

static struct cel_value array(struct cel_context *cx, const struct tape *tape,
                              size_t at)
{
    size_t end = tape->op[at].end, n = 0, i;
    struct cel_value *item;

    for (i = at + 1; i < end; i = past(tape, i))
        n++;
    item = cel_new_items(cx, n);
    if (!item)
        return cel_spent();
    n = 0;
    for (i = at + 1; i < end; i = past(tape, i)) {
        item[n] = cel_from_tape(cx, tape, i);
        if (item[n++].kind == CEL_ERROR)
            return item[n - 1];
    }
    return cel_list_of(cx, item, n);
}

static struct cel_value object(struct cel_context *cx, const struct tape *tape,
                               size_t at)
{
    size_t end = tape->op[at].end, n = 0, i;
    struct cel_entry *entry;

    for (i = at + 1; i < end; i = tape->op[i].end)
        n += !(tape->op[i].flags & TAPE_DEAD);
    if (n > CEL_LIST_MAX || !cel_charge(cx, 2 * n))
        return cel_spent();
    entry = arena_alloc(&cx->arena, n * sizeof(*entry));
    if (!entry)
        return cel_spent();
    n = 0;
    for (i = at + 1; i < end; i = tape->op[i].end) {
        if (tape->op[i].flags & TAPE_DEAD)
            continue;
        entry[n].key = cel_new_string(cx, tape_text(&tape->op[i]));
        if (entry[n].key.kind == CEL_ERROR)
            return entry[n].key;
        entry[n].value = cel_from_tape(cx, tape, i + 1);
        if (entry[n].value.kind == CEL_ERROR)
            return entry[n].value;
        n++;
    }
    return cel_map_of(cx, entry, n);
}

struct cel_value cel_from_tape(struct cel_context *cx, const struct tape *tape,
                               size_t i)
{
    switch (tape->op[i].kind) {
    case TAPE_FALSE:
    case TAPE_TRUE:
        return cel_bool(tape->op[i].kind == TAPE_TRUE);
    case TAPE_NUMBER:
        return cel_number(tape_text(&tape->op[i]));
    case TAPE_STRING:
        return cel_new_string(cx, tape_text(&tape->op[i]));
    case TAPE_ARRAY:
        return array(cx, tape, i);
    case TAPE_OBJECT:
        return object(cx, tape, i);
    default:
        return cel_null();
    }
}

struct cel_value cel_from_json(struct cel_context *cx, struct slice text)
{
    struct tape_parser *parser = cx->json ? cx->json : tape_parser_new(0);
    struct cel_value v;
    struct tape tape;
    struct err err;

    if (tape_parse(parser, text, &tape, &err))
        v = cel_fail(cx, CEL_BAD_ARGUMENT, "no JSON: %s", err.text);
    else
        v = cel_from_tape(cx, &tape, 0);
    if (!cx->json)
        tape_parser_free(parser);
    return v;
}

/* -- out ---------------------------------------------------------------- */

#define BRIEF_WRITTEN 1024

static void write_double(double d, struct buf *out)
{
    size_t at = out->n;

    if (!isfinite(d))
        buf_char(out, '"');
    cel_double_text(d, out);
    if (!isfinite(d))
        buf_char(out, '"');
    else if (buf_ok(out) && is_whole(slice_of(out->p + at, out->n - at)))
        buf_str(out, ".0"); /* it stays a double when it is read again */
}

static void write_key(struct cel_context *cx, struct cel_value key,
                      struct buf *out)
{
    if (key.kind == CEL_STRING) {
        json_string(cel_text(key), out);
        return;
    }
    buf_char(out, '"');
    cel_to_json(cx, key, out);
    buf_char(out, '"');
}

static void write_map(struct cel_context *cx, struct cel_value map,
                      struct buf *out)
{
    size_t i;

    map = cel_map_open(cx, map);
    if (map.kind != CEL_MAP) {
        out->full = true;
        return;
    }
    buf_char(out, '{');
    for (i = 0; i < map.map->n; i++) {
        if (i)
            buf_char(out, ',');
        write_key(cx, map.map->entry[i].key, out);
        buf_char(out, ':');
        cel_to_json(cx, map.map->entry[i].value, out);
    }
    buf_char(out, '}');
}

static void write_list(struct cel_context *cx, const struct cel_list *list,
                       struct buf *out)
{
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < list->n; i++) {
        if (i)
            buf_char(out, ',');
        cel_to_json(cx, list->item[i], out);
    }
    buf_char(out, ']');
}

static void write_quoted(struct cel_value v, struct buf *out)
{
    buf_char(out, '"');
    switch (v.kind) {
    case CEL_BYTES:
        base64_encode(cel_text(v), out);
        break;
    case CEL_TIMESTAMP:
        timestamp_write(v, out);
        break;
    default:
        duration_write(v.i, out);
        break;
    }
    buf_char(out, '"');
}

void cel_to_json(struct cel_context *cx, struct cel_value v, struct buf *out)
{
    if (!buf_ok(out) || !cel_charge(cx, 1)) {
        out->full = true;
        return;
    }
    switch (v.kind) {
    case CEL_BOOL:
        buf_str(out, v.b ? "true" : "false");
        break;
    case CEL_INT:
        buf_i64(out, v.i);
        break;
    case CEL_UINT:
        buf_u64(out, v.u);
        break;
    case CEL_DOUBLE:
        write_double(v.d, out);
        break;
    case CEL_STRING:
    case CEL_TYPE:
        json_string(cel_text(v), out);
        break;
    case CEL_LIST:
        write_list(cx, v.list, out);
        break;
    case CEL_MAP:
        write_map(cx, v, out);
        break;
    case CEL_BYTES:
    case CEL_TIMESTAMP:
    case CEL_DURATION:
        write_quoted(v, out);
        break;
    case CEL_OPTIONAL:
        cel_to_json(cx, v.of ? *v.of : cel_null(), out);
        break;
    case CEL_ERROR:
        json_string(v.error ? v.error->text : slice_str("nothing"), out);
        break;
    default:
        buf_str(out, "null");
        break;
    }
}

void cel_brief(struct cel_context *cx, struct cel_value v, char out[CEL_BRIEF])
{
    struct slice s;
    struct buf b;

    if (v.kind == CEL_MAP || v.kind == CEL_LIST || v.kind == CEL_OPTIONAL) {
        /* What is in a map of the state is not for us to read. */
        snprintf(out, CEL_BRIEF, "a %s", cel_kind_word(v.kind));
        return;
    }
    buf_init(&b, BRIEF_WRITTEN);
    cel_to_json(cx, v, &b);
    s = utf8_cut(buf_view(&b), CEL_BRIEF - sizeof("..."));
    snprintf(out, CEL_BRIEF, "%.*s%s", SLICE_ARG(s),
             s.n < b.n || !buf_ok(&b) ? "..." : "");
    buf_release(&b);
}
