#include "json.h"

#include "base/alloc.h"

#include <stdlib.h>

/* 0: as it is; 'u': \u00xx; otherwise the letter behind the backslash. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't', ['\b'] = 'b',
    ['\f'] = 'f', ['\r'] = 'r',  [0] = 'u',    [1] = 'u',    [2] = 'u',
    [3] = 'u',    [4] = 'u',     [5] = 'u',    [6] = 'u',    [7] = 'u',
    [11] = 'u',   [14] = 'u',    [15] = 'u',   [16] = 'u',   [17] = 'u',
    [18] = 'u',   [19] = 'u',    [20] = 'u',   [21] = 'u',   [22] = 'u',
    [23] = 'u',   [24] = 'u',    [25] = 'u',   [26] = 'u',   [27] = 'u',
    [28] = 'u',   [29] = 'u',    [30] = 'u',   [31] = 'u',
};

static void escape(unsigned char c, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = { '\\', escapes[c], '0', '0', hex[c >> 4], hex[c & 15] };

    buf_slice(out, slice_of(text, escapes[c] == 'u' ? 6 : 2));
}

void json_string(struct slice s, struct buf *out)
{
    size_t i, from = 0;

    buf_char(out, '"');
    for (i = 0; i < s.n; i++) {
        if (!escapes[(unsigned char)s.p[i]])
            continue;
        buf_slice(out, slice_of(s.p + from, i - from));
        escape((unsigned char)s.p[i], out);
        from = i + 1;
    }
    if (from < s.n)
        buf_slice(out, slice_of(s.p + from, s.n - from));
    buf_char(out, '"');
}

static int by_key(const void *a, const void *b)
{
    const struct tape_op *const *x = a, *const *y = b;

    return slice_cmp(tape_text(*x), tape_text(*y));
}

static void json_object(const struct tape *tape, size_t at, struct buf *out)
{
    const struct tape_op *few[16], **key = few;
    size_t i, n = 0, end = tape->op[at].end;

    for (i = at + 1; i < end; i = tape->op[i].end)
        n += !(tape->op[i].flags & TAPE_DEAD);
    if (n > sizeof(few) / sizeof(*few))
        key = xmalloc(n * sizeof(const struct tape_op *));
    n = 0;
    for (i = at + 1; i < end; i = tape->op[i].end)
        if (!(tape->op[i].flags & TAPE_DEAD))
            key[n++] = &tape->op[i];
    qsort(key, n, sizeof(const struct tape_op *), by_key);
    for (i = 0; i < n; i++) {
        buf_char(out, i ? ',' : '{');
        json_string(tape_text(key[i]), out);
        buf_char(out, ':');
        json_value(tape, (size_t)(key[i] - tape->op) + 1, out);
    }
    buf_str(out, n ? "}" : "{}");
    if (key != few)
        free(key);
}

static void json_array(const struct tape *tape, size_t at, struct buf *out)
{
    size_t i;

    buf_char(out, '[');
    for (i = at + 1; i < tape->op[at].end; i = tape_after(tape, i)) {
        if (i > at + 1)
            buf_char(out, ',');
        json_value(tape, i, out);
    }
    buf_char(out, ']');
}

void json_value(const struct tape *tape, size_t i, struct buf *out)
{
    const struct tape_op *op = &tape->op[i];

    switch (op->kind) {
    case TAPE_NULL:
        buf_str(out, "null");
        break;
    case TAPE_FALSE:
        buf_str(out, "false");
        break;
    case TAPE_TRUE:
        buf_str(out, "true");
        break;
    case TAPE_NUMBER:
        buf_slice(out, tape_text(op));
        break;
    case TAPE_ARRAY:
        json_array(tape, i, out);
        break;
    case TAPE_OBJECT:
        json_object(tape, i, out);
        break;
    default:
        json_string(tape_text(op), out);
    }
}

struct slice json_trim(struct slice s)
{
    while (s.n && strchr(" \t\r\n", *s.p) && *s.p)
        s = slice_of(s.p + 1, s.n - 1);
    while (s.n && s.p[s.n - 1] && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The end of the item that begins at p: the ',' or ']' behind it, or end. */
static const char *item_end(const char *p, const char *end)
{
    size_t depth = 0;
    bool quoted = false;

    for (; p < end; p++) {
        if (quoted) {
            if (*p == '\\' && p + 1 < end)
                p++;
            else if (*p == '"')
                quoted = false;
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '[' || *p == '{') {
            depth++;
        } else if (depth == 0 && (*p == ',' || *p == ']')) {
            return p;
        } else if (*p == ']' || *p == '}') {
            depth -= depth > 0;
        }
    }
    return end;
}

enum status json_array_next(struct slice *rest, struct slice *ret_item,
                            struct err *err)
{
    struct slice s = json_trim(*rest);
    const char *end;

    if (s.n && *s.p == ']') {
        s = json_trim(slice_of(s.p + 1, s.n - 1));
        *rest = s;
        if (s.n == 0)
            return ST_END;
        err_set(err, "there is more text behind the array");
        return ST_BAD;
    }
    if (s.n == 0 || (*s.p != '[' && *s.p != ',')) {
        err_set(err, "not a JSON array");
        return ST_BAD;
    }
    end = item_end(s.p + 1, s.p + s.n);
    if (end == s.p + s.n) {
        err_set(err, "the array is not closed: a ']' is missing");
        return ST_BAD;
    }
    *ret_item = json_trim(slice_of(s.p + 1, (size_t)(end - s.p - 1)));
    if (ret_item->n == 0 && *s.p == '[' && *end == ']') {
        *rest = slice_of(end, (size_t)(s.p + s.n - end));
        return json_array_next(rest, ret_item, err);
    }
    *rest = slice_of(end, (size_t)(s.p + s.n - end));
    return ST_OK;
}
