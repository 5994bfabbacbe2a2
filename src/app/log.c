#include "log.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_MAX 1024

static const struct {
    uint32_t from, to;
} acting[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     /* C0, DEL and C1 */
    { 0x61c, 0x61c },   { 0x200e, 0x200f }, /* marks of direction */
    { 0x2028, 0x202e }, { 0x2066, 0x2069 }, /* ends of lines, overrides */
};

static bool acts(uint32_t c)
{
    for (size_t i = 0; i < sizeof(acting) / sizeof(*acting); i++) {
        if (c >= acting[i].from && c <= acting[i].to)
            return true;
    }
    return false;
}

/* The first character of a text that is UTF-8, and its length. */
static size_t decode(const char *p, uint32_t *ret)
{
    unsigned char lead = (unsigned char)*p;
    size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    *ret = n == 1 ? lead : lead & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        *ret = *ret << 6 | ((unsigned char)p[i] & 0x3f);
    return n;
}

void log_plain(struct slice text, struct buf *out)
{
    struct buf good;
    uint32_t c;
    size_t n;

    buf_init(&good, BUF_NO_CAP);
    utf8_repair(text, &good);
    for (size_t i = 0; i < good.n; i += n) {
        n = decode(good.p + i, &c);
        if (acts(c))
            buf_printf(out, "\\u{%x}", (unsigned)c);
        else
            buf_slice(out, slice_of(good.p + i, n));
    }
    buf_release(&good);
}

static void say(nsec at, const char *level, const char *format, va_list args)
{
    char when[INSTANT_TEXT], text[TEXT_MAX];
    struct buf line;

    instant_format(at, when);
    vsnprintf(text, sizeof(text), format, args);
    buf_init(&line, BUF_NO_CAP);
    log_plain(slice_str(text), &line);
    fprintf(stderr, "%.23sZ %s %s\n", when, level, buf_cstr(&line));
    buf_release(&line);
}

void log_info(nsec at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(at, "info", format, args);
    va_end(args);
}

void log_warn(nsec at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(at, "warn", format, args);
    va_end(args);
}
