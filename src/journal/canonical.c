/*
 * Lines in canonical form, as event_encode() writes them, without a parser.
 */
#include "canonical.h"

#include "format.h"

#include <endian.h>

static bool step(struct cursor_text *c, const char *text, size_t n)
{
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, text, n))
        return false;
    c->p += n;
    return true;
}

#define STEP(c, text) step(c, text, sizeof(text) - 1)

/* Eight digits at once: true if p[0..8) are digits, the first the greatest. */
static bool eight_digits(const char *p, uint64_t *ret)
{
    uint64_t v;

    memcpy(&v, p, 8);
    v = le64toh(v);
    if (((v & 0xf0f0f0f0f0f0f0f0u) |
         ((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4) !=
        0x3333333333333333u)
        return false;
    v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    *ret = (v & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool step_u64(struct cursor_text *c, uint64_t *ret)
{
    const char *p = c->p;
    uint64_t v = 0, eight;
    unsigned digit;
    size_t n;

    /* An instant has 19 digits; most other numbers have a few. */
    if (c->end - p > 16 && is_digit(p[15]) && eight_digits(p, &v) &&
        eight_digits(p + 8, &eight)) {
        v = v * 100000000 + eight;
        p += 16;
    } else {
        v = 0;
    }
    for (; p < c->end && (digit = (unsigned)*p - '0') < 10; p++)
        v = v * 10 + digit;
    n = (size_t)(p - c->p);
    /* 20 digits that fit begin with 1 and have not wrapped. */
    if (n == 0 || n > 20 || (n > 1 && *c->p == '0') ||
        (n == 20 && (*c->p != '1' || v < 10000000000000000000u)))
        return false;
    c->p = p;
    *ret = v;
    return true;
}

bool step_i64(struct cursor_text *c, int64_t *ret)
{
    bool minus = STEP(c, "-");
    uint64_t v;

    if (!step_u64(c, &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static bool step_plain_string(struct cursor_text *c, struct slice *ret)
{
    const char *p = c->p, *quote;

    if (p == c->end || *p != '"')
        return false;
    quote = memchr(p + 1, '"', (size_t)(c->end - p - 1));
    if (!quote || memchr(p, '\\', (size_t)(quote - p)))
        return false;
    *ret = slice_of(p + 1, (size_t)(quote - p - 1));
    c->p = quote + 1;
    return true;
}

/*
 * Member by member: gcc clears a struct of this size with a string
 * instruction that takes longer than all the rest.  The limits stay as they
 * are, no reader of these kinds looks at them.
 */
static void begin_event(struct event *ev, enum event_kind kind)
{
    const struct slice none = { 0 };

    ev->kind = kind;
    ev->source = 0;
    ev->fd = 0;
    ev->seq = ev->lines = 0;
    ev->ts = ev->logged_at = ev->from_at = ev->to_at = 0;
    ev->line = ev->id = ev->blade = ev->why = none;
    ev->json = false;
    ev->decl = NULL;
}

static bool fast_line(struct cursor_text *c, struct event *ret)
{
    if (STEP(c, "\"line\":") && c->end - c->p >= 2 && c->end[-1] == '}') {
        ret->line = slice_of(c->p, (size_t)(c->end - c->p) - 1);
        ret->json = true;
        return true;
    }
    return STEP(c, "\"text\":") && step_plain_string(c, &ret->line) &&
           STEP(c, "}") && c->p == c->end;
}

bool canonical_record(struct slice line, struct event *ret)
{
    struct cursor_text c = { line.p, line.p + line.n };
    uint64_t source, fd;

    if (line.n < 8 || memcmp(line.p, "{\"src\":", 7))
        return false;
    c.p += 7;
    begin_event(ret, EV_LINE);
    if (!step_u64(&c, &source) || source > UINT32_MAX ||
        !STEP(&c, ",\"seq\":") || !step_u64(&c, &ret->seq) ||
        !STEP(&c, ",\"ts\":") || !step_i64(&c, &ret->ts) || !STEP(&c, ","))
        return false;
    ret->source = (uint32_t)source;
    ret->logged_at = ret->ts;
    if (STEP(&c, "\"logged\":") &&
        (!step_i64(&c, &ret->logged_at) || !STEP(&c, ",")))
        return false;
    if (STEP(&c, "\"fd\":")) {
        if (!step_u64(&c, &fd) || fd > 2 || !STEP(&c, ","))
            return false;
        ret->fd = (int)fd;
    }
    if (STEP(&c, "\"id\":") &&
        (!step_plain_string(&c, &ret->id) || !STEP(&c, ",")))
        return false;
    return fast_line(&c, ret);
}

bool canonical_tick(struct slice line, struct event *ret)
{
    struct cursor_text c = { line.p, line.p + line.n };

    if (!STEP(&c, "{\"tick\":"))
        return false;
    begin_event(ret, EV_TICK);
    return step_i64(&c, &ret->ts) && STEP(&c, "}") && c.p == c.end;
}

enum status seal_decode(struct slice line, struct seal *ret, struct err *err)
{
    struct cursor_text c = { line.p, line.p + line.n };
    struct seal seal = { 0 };
    int i;

    if (!STEP(&c, "{\"seal\":") || !step_u64(&c, &seal.ordinal) ||
        !STEP(&c, ",\"bytes\":") || !step_u64(&c, &seal.bytes))
        goto bad;
    seal.head = (size_t)(c.p - line.p);
    if (!STEP(&c, ",\"crc\":\"") || c.end - c.p != 10)
        goto bad;
    for (i = 0; i < 8; i++, c.p++) {
        if (!(*c.p >= '0' && *c.p <= '9') && !(*c.p >= 'a' && *c.p <= 'f'))
            goto bad;
        seal.crc = seal.crc << 4 |
                   (uint32_t)(*c.p <= '9' ? *c.p - '0' : *c.p - 'a' + 10);
    }
    if (!STEP(&c, "\"}"))
        goto bad;
    *ret = seal;
    return ST_OK;
bad:
    err_set(err, "this is not a seal: write {\"seal\":N,\"bytes\":N,"
                 "\"crc\":\"8 hex digits\"} without spaces, or leave it out");
    if (err)
        err->column = (size_t)(c.p - line.p) + 1;
    return ST_BAD;
}
