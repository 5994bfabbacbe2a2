#include "format.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "data/json.h"

#include <inttypes.h>

void header_encode(struct buf *out, const struct header *h)
{
    buf_printf(out,
               "{\"bladewatch\":%" PRIu64 ",\"segment\":%" PRIu64
               ",\"created\":%" PRId64 ",\"after\":%" PRIu64 "%s}\n",
               h->version, h->segment, h->created_at, h->after,
               h->sealed ? ",\"sealed\":true" : "");
}

void seal_encode_head(struct buf *out, uint64_t ordinal, uint64_t bytes)
{
    buf_printf(out, "{\"seal\":%" PRIu64 ",\"bytes\":%" PRIu64, ordinal, bytes);
}

void seal_encode_tail(struct buf *out, uint32_t crc)
{
    buf_printf(out, ",\"crc\":\"%08" PRIx32 "\"}\n", crc);
}

static bool is_utf8(struct slice s)
{
    return !s.n || utf8_valid(s);
}

/* name is punctuated: ",\"run\":". */
static void put_string(struct buf *out, const char *name, struct slice s)
{
    buf_str(out, name);
    json_string(s, out);
}

static void put_u64(struct buf *out, const char *name, uint64_t v)
{
    buf_str(out, name);
    buf_u64(out, v);
}

static void put_i64(struct buf *out, const char *name, int64_t v)
{
    buf_str(out, name);
    buf_i64(out, v);
}

/*
 * A line stands in the record as it is only if taking the record apart gives
 * back each of its bytes, also for a reader that parses JSON: blanks around a
 * value would be lost to it.
 */
static bool fits_verbatim(const struct event *ev)
{
    struct slice s = ev->line;

    return ev->json && s.n && (unsigned char)s.p[0] > ' ' &&
           (unsigned char)s.p[s.n - 1] > ' ' && !memchr(s.p, '\n', s.n);
}

/* The longest: five numbers of 20 digits and the names in between. */
#define RECORD_HEAD_MAX 160

struct head {
    char text[RECORD_HEAD_MAX];
    size_t n;
};

static void head_text(struct head *h, const char *text, size_t n)
{
    memcpy(h->text + h->n, text, n);
    h->n += n;
}

#define HEAD_TEXT(h, text) head_text(h, text, sizeof(text) - 1)

static void head_u64(struct head *h, uint64_t v)
{
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334"
        "3536373839404142434445464748495051525354555657585960616263646566676869"
        "707172737475767778798081828384858687888990919293949596979899";
    char text[20];
    size_t i = sizeof(text);

    for (; v >= 100; v /= 100) {
        i -= 2;
        memcpy(text + i, pairs + v % 100 * 2, 2);
    }
    if (v >= 10) {
        i -= 2;
        memcpy(text + i, pairs + v * 2, 2);
    } else {
        text[--i] = (char)('0' + v);
    }
    head_text(h, text + i, sizeof(text) - i);
}

static void head_i64(struct head *h, int64_t v)
{
    if (v < 0)
        HEAD_TEXT(h, "-");
    head_u64(h, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_line(struct buf *out, const struct event *ev)
{
    if (fits_verbatim(ev)) {
        buf_slice(out, slice_of(",\"line\":", 8));
        buf_slice(out, ev->line);
    } else if (is_utf8(ev->line)) {
        put_string(out, ",\"text\":", ev->line);
    } else {
        buf_str(out, ",\"b64\":\"");
        base64_encode(ev->line, out);
        buf_char(out, '"');
    }
}

/* There is one for every line logged, so it is put together by hand. */
static void put_record(struct buf *out, const struct event *ev)
{
    struct head h;

    h.n = 0;
    HEAD_TEXT(&h, "{\"src\":");
    head_u64(&h, ev->source);
    HEAD_TEXT(&h, ",\"seq\":");
    head_u64(&h, ev->seq);
    HEAD_TEXT(&h, ",\"ts\":");
    head_i64(&h, ev->ts);
    if (ev->logged_at != ev->ts) {
        HEAD_TEXT(&h, ",\"logged\":");
        head_i64(&h, ev->logged_at);
    }
    if (ev->fd) {
        HEAD_TEXT(&h, ",\"fd\":");
        head_i64(&h, ev->fd);
    }
    buf_slice(out, slice_of(h.text, h.n));
    if (ev->id.n)
        put_string(out, ",\"id\":", ev->id);
    put_line(out, ev);
}

static void put_path(struct buf *out, const struct path *path)
{
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < path->n; i++) {
        if (i)
            buf_char(out, ',');
        json_string(path->key[i], out);
    }
    buf_char(out, ']');
}

static void put_source(struct buf *out, const struct event *ev)
{
    const struct source *decl = ev->decl;
    size_t i;

    put_u64(out, "{\"source\":", ev->source);
    put_string(out, ",\"blade\":", decl->blade);
    put_string(out, ",\"run\":", decl->run);
    put_string(out, ",\"mode\":", slice_str(mode_name(decl->mode)));
    if (decl->at.n) {
        buf_str(out, ",\"at\":");
        put_path(out, &decl->at);
    }
    if (decl->ttl_for)
        put_i64(out, ",\"ttl\":", decl->ttl_for);
    for (i = 0; i < decl->nscope; i++) {
        buf_str(out, i ? "," : ",\"scope\":[");
        put_path(out, &decl->scope[i]);
    }
    buf_str(out, decl->nscope ? "]" : "");
    if (decl->trusted)
        buf_str(out, ",\"trusted\":true");
}

static void put_limits(struct buf *out, const struct limits *l)
{
    put_u64(out, "{\"limits\":{\"shard_bytes\":", l->shard_bytes);
    put_u64(out, ",\"string_bytes\":", l->string_bytes);
    put_u64(out, ",\"list_items\":", l->list_items);
    put_u64(out, ",\"nodes\":", l->nodes);
    put_u64(out, ",\"blade_nodes\":", l->blade_nodes);
    put_u64(out, ",\"bank_keys\":", l->bank_keys);
    put_u64(out, ",\"filter_gaps\":", l->filter_gaps);
    put_u64(out, ",\"ids\":", l->ids);
    put_i64(out, ",\"retire_after\":", l->retire_after);
    buf_char(out, '}');
}

static void put_gap(struct buf *out, const struct event *ev)
{
    put_u64(out, "{\"gap\":{\"src\":", ev->source);
    put_i64(out, ",\"from\":", ev->from_at);
    put_i64(out, ",\"to\":", ev->to_at);
    put_u64(out, ",\"lines\":", ev->lines);
    put_string(out, ",\"why\":", ev->why);
    buf_char(out, '}');
}

static void put_rules(struct buf *out, const struct event *ev)
{
    put_u64(out, "{\"rules\":", ev->seq);
    if (ev->id.n)
        put_string(out, ",\"zones\":", ev->id);
    buf_str(out, ",\"files\":");
    buf_slice(out, ev->line);
}

static bool path_is_utf8(const struct path *path)
{
    size_t i;

    for (i = 0; i < path->n; i++)
        if (!is_utf8(path->key[i]))
            return false;
    return true;
}

/* Whether every name in ev can be written as a JSON string. */
static bool names_are_utf8(const struct event *ev)
{
    size_t i;

    if (ev->kind != EV_SOURCE)
        return is_utf8(ev->id) && is_utf8(ev->blade) && is_utf8(ev->why);
    for (i = 0; i < ev->decl->nscope; i++)
        if (!path_is_utf8(&ev->decl->scope[i]))
            return false;
    return is_utf8(ev->decl->blade) && is_utf8(ev->decl->run) &&
           path_is_utf8(&ev->decl->at);
}

static void put_event(struct buf *out, const struct event *ev)
{
    switch (ev->kind) {
    case EV_LINE:
        put_record(out, ev);
        break;
    case EV_SOURCE:
        put_source(out, ev);
        break;
    case EV_TICK:
        put_i64(out, "{\"tick\":", ev->ts);
        break;
    case EV_RETIRE:
        put_string(out, "{\"retire\":", ev->blade);
        put_i64(out, ",\"ts\":", ev->ts);
        break;
    case EV_LIMITS:
        put_limits(out, &ev->limits);
        break;
    case EV_RULES:
        put_rules(out, ev);
        break;
    case EV_GAP:
        put_gap(out, ev);
        break;
    case EV_DAMAGE:
        put_u64(out, "{\"damage\":{\"lines\":", ev->lines);
        put_string(out, ",\"why\":", ev->why);
        buf_char(out, '}');
        break;
    }
    buf_slice(out, slice_of("}\n", 2));
}

enum status event_encode(struct buf *out, const struct event *ev,
                         struct err *err)
{
    size_t before = out->n;

    if (!names_are_utf8(ev)) {
        err_set(err, "a name that is not valid UTF-8 cannot be recorded");
        return ST_BAD;
    }
    out->full = false;
    put_event(out, ev);
    if (!buf_ok(out) || out->n - before > RECORDING_LINE_MAX) {
        out->n = before;
        err_set(err, "a line of %zu bytes is too long to be recorded",
                ev->line.n);
        return ST_LIMIT;
    }
    return ST_OK;
}
