#include "inflate.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#ifdef BW_HOSTILE
#define STEP 7
#else
#define STEP 65536
#endif

#define GZIP_ONLY (16 + MAX_WBITS)

struct inflater {
    z_stream stream;
    uint64_t taken; /* bytes of all chunks before the current one */
    bool inside;    /* of a member */
    bool any;
};

struct inflater *inflater_new(void)
{
    struct inflater *z = xcalloc(1, sizeof(*z));

    if (inflateInit2(&z->stream, GZIP_ONLY) != Z_OK)
        abort();
    return z;
}

void inflater_free(struct inflater *z)
{
    if (!z)
        return;
    inflateEnd(&z->stream);
    free(z);
}

static uint64_t position(const struct inflater *z, struct slice chunk)
{
    return z->taken + chunk.n - z->stream.avail_in;
}

/* One call of inflate() into what room out has. */
static int expand(struct inflater *z, struct buf *out)
{
    size_t left = out->cap - out->n, room = left < STEP ? left : STEP;
    int rc;

    if (buf_reserve(out, room))
        abort();
    z->stream.next_out = (Bytef *)out->p + out->n;
    z->stream.avail_out = (uInt)room;
    rc = inflate(&z->stream, Z_NO_FLUSH);
    out->n += room - z->stream.avail_out;
    return rc;
}

static enum status broken(const struct inflater *z, struct slice chunk,
                          struct err *err)
{
    err_set(err, "the gzip is broken at byte %llu: %s",
            (unsigned long long)position(z, chunk),
            z->stream.msg ? z->stream.msg : "it makes no sense");
    return ST_BAD;
}

enum status inflater_feed(struct inflater *z, struct slice chunk,
                          struct buf *out, struct err *err)
{
    int rc = Z_OK;

    z->stream.next_in = (Bytef *)(uintptr_t)chunk.p;
    z->stream.avail_in = (uInt)chunk.n;
    while (z->stream.avail_in || (z->inside && rc != Z_BUF_ERROR)) {
        if (out->n == out->cap)
            return ST_LIMIT;
        z->inside = z->any = true;
        rc = expand(z, out);
        if (rc == Z_STREAM_END) {
            z->inside = false;
            if (inflateReset(&z->stream) != Z_OK)
                return broken(z, chunk, err);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return broken(z, chunk, err);
        } else if (z->stream.avail_in == 0 && z->stream.avail_out) {
            break;
        }
    }
    z->taken += chunk.n;
    return ST_OK;
}

enum status inflater_end(const struct inflater *z, struct err *err)
{
    if (z->any && !z->inside)
        return ST_OK;
    err_set(err, "the gzip stops too early, behind byte %llu",
            (unsigned long long)z->taken);
    return ST_BAD;
}
