#include "path.h"

void path_escape(struct slice key, struct buf *out)
{
    size_t i;

    for (i = 0; i < key.n; i++) {
        if (key.p[i] == '~')
            buf_str(out, "~0");
        else if (key.p[i] == '/')
            buf_str(out, "~1");
        else
            buf_char(out, key.p[i]);
    }
}

void path_pointer(const struct path *p, struct buf *out)
{
    size_t i;

    for (i = 0; i < p->n; i++) {
        buf_char(out, '/');
        path_escape(p->key[i], out);
    }
}

/* Writes the key without its escapes to store; the slice points there. */
static enum status unescape(struct slice raw, struct buf *store,
                            struct slice *ret, struct err *err)
{
    size_t i, from = store->n;

    if (buf_reserve(store, raw.n)) {
        err_set(err, "the path is too long");
        return ST_LIMIT;
    }
    for (i = 0; i < raw.n; i++) {
        if (raw.p[i] != '~') {
            buf_char(store, raw.p[i]);
        } else if (i + 1 < raw.n && (raw.p[i + 1] | 1) == '1') {
            buf_char(store, raw.p[++i] == '0' ? '~' : '/');
        } else {
            err_set(err, "in a JSON Pointer '~' is followed by 0 or 1");
            return ST_BAD;
        }
    }
    *ret = slice_of(store->p + from, store->n - from);
    return ST_OK;
}

enum status path_parse(struct path *p, struct slice text, struct buf *store,
                       struct err *err)
{
    bool pointer = text.n && *text.p == '/';
    struct path got = { .n = 0 };
    const char *end = text.p + text.n, *at = text.p, *stop;
    enum status st;

    if (text.n && buf_reserve(store, text.n)) {
        err_set(err, "the path is too long");
        return ST_LIMIT;
    }
    at += pointer;
    while (text.n && at <= end) {
        stop = at;
        while (stop < end && *stop != (pointer ? '/' : '.'))
            stop++;
        if (got.n == PATH_KEYS_MAX) {
            err_set(err, "the path has more than %d keys", PATH_KEYS_MAX);
            return ST_LIMIT;
        }
        if (!pointer && stop == at) {
            err_set(err,
                    "a key of the path is empty at column %zu; write "
                    "the path as a JSON Pointer (/a//b) if that is meant",
                    (size_t)(at - text.p) + 1);
            return ST_BAD;
        }
        got.key[got.n] = slice_of(at, (size_t)(stop - at));
        st = pointer ? unescape(got.key[got.n], store, &got.key[got.n], err)
                     : ST_OK;
        if (st)
            return st;
        got.n++;
        at = stop + 1;
    }
    *p = got;
    return ST_OK;
}
