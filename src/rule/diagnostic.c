#include "diagnostic.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "data/json.h"

#include <stdlib.h>
#include <string.h>

#define BEFORE_MAX 60 /* characters of a line shown in front of the mark */
#define AFTER_MAX  70 /* and from its first on */
#define CUT        "..."

static void item_release(struct diagnostic *item)
{
    free(item->file);
    free(item->text);
    free(item->help);
    free(item->source);
}

void diagnostics_release(struct diagnostics *d)
{
    size_t i;

    if (!d)
        return;
    for (i = 0; i < d->n; i++)
        item_release(&d->item[i]);
    free(d->item);
    *d = (struct diagnostics){ 0 };
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* C0, DEL and, as UTF-8, C1: what a terminal might obey. */
static bool is_control(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;

    return c < 0x20 || c == 0x7f ||
           (c == 0xc2 && p + 1 < end && (unsigned char)p[1] < 0xa0);
}

/* Each character of s as one that is safe to show. */
static void write_shown(struct slice s, struct buf *out)
{
    struct buf valid;
    const char *p, *end;

    if (s.n == 0)
        return;
    buf_init(&valid, BUF_NO_CAP);
    utf8_repair(s, &valid);
    p = valid.p;
    end = p + valid.n;
    while (p < end) {
        if (!is_control(p, end))
            buf_char(out, *p++);
        else {
            buf_char(out, *p == '\t' ? ' ' : '?');
            p += *p == '\xc2' ? 2 : 1;
        }
    }
    buf_release(&valid);
}

static char *shown(struct slice s)
{
    struct buf out;
    char *copy;

    buf_init(&out, BUF_NO_CAP);
    write_shown(s, &out);
    copy = xmemdup0(out.p ? out.p : "", out.n);
    buf_release(&out);
    return copy;
}

static size_t back(struct slice s, size_t at, size_t least, size_t characters)
{
    while (characters-- > 0 && at > least)
        do
            at--;
        while (at > least && is_tail(s.p[at]));
    return at;
}

static size_t forth(struct slice s, size_t at, size_t most, size_t characters)
{
    while (characters-- > 0 && at < most)
        do
            at++;
        while (at < most && is_tail(s.p[at]));
    return at;
}

static uint32_t characters(struct slice s)
{
    uint32_t n = 0;
    size_t i;

    for (i = 0; i < s.n; i++)
        n += !is_tail(s.p[i]);
    return n;
}

/* The line that the place is in, or the part around it. */
static void take_source(struct diagnostic *item,
                        const struct diagnostic_place *at)
{
    size_t start = at->from - (at->column - 1), end = at->from, to, left, right;
    struct slice text = at->text;
    struct buf out;

    while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r')
        end++;
    to = at->to < at->from ? at->from : at->to > end ? end : at->to;
    item->end_column = item->column + (uint32_t)(to - at->from);
    left = back(text, at->from, start, BEFORE_MAX);
    right = forth(text, at->from, end, AFTER_MAX);
    buf_init(&out, BUF_NO_CAP);
    buf_str(&out, left > start ? CUT : "");
    write_shown(slice_of(text.p + left, at->from - left), &out);
    item->mark = characters(buf_view(&out));
    write_shown(slice_of(text.p + at->from, right - at->from), &out);
    to = to < right ? to : right;
    item->nmark = characters(slice_of(text.p + at->from, to - at->from));
    buf_str(&out, right < end ? CUT : "");
    item->source = xmemdup0(out.p ? out.p : "", out.n);
    buf_release(&out);
}

static struct diagnostic *slot(struct diagnostics *d, bool warning)
{
    size_t i;

    if (d->n < DIAGNOSTICS_MAX) {
        d->item = xrealloc(d->item, (d->n + 1) * sizeof(*d->item));
        return &d->item[d->n++];
    }
    for (i = d->n; !warning && i-- > 0;)
        if (d->item[i].warning) {
            item_release(&d->item[i]);
            return &d->item[i];
        }
    return NULL;
}

struct diagnostic *diagnostics_add(struct diagnostics *d, bool warning,
                                   const struct diagnostic_place *at,
                                   const char *text)
{
    struct diagnostic *item = slot(d, warning);

    *(warning ? &d->warnings : &d->errors) += 1;
    if (!item)
        return NULL;
    *item = (struct diagnostic){
        .warning = warning,
        .order = at->order,
        .line = at->line,
        .column = at->line ? at->column : 0,
        .file = shown(at->file),
        .text = shown(slice_str(text)),
    };
    if (at->line)
        take_source(item, at);
    return item;
}

void diagnostic_help(struct diagnostic *item, const char *help)
{
    if (item && !item->help)
        item->help = shown(slice_str(help));
}

static bool is_before(const struct diagnostic *a, const struct diagnostic *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    if (a->line != b->line)
        return a->line < b->line;
    return a->column < b->column;
}

/* By insertion, which keeps equal ones as they were found. */
void diagnostics_sort(struct diagnostics *d)
{
    struct diagnostic item;
    size_t i, j;

    for (i = 1; i < d->n; i++) {
        item = d->item[i];
        for (j = i; j > 0 && is_before(&item, &d->item[j - 1]); j--)
            d->item[j] = d->item[j - 1];
        d->item[j] = item;
    }
}

struct colours {
    const char *place, *error, *warning, *mark, *off;
};

static const struct colours no_colours = { "", "", "", "", "" };
static const struct colours ansi = { "\033[1m", "\033[1;31m", "\033[1;35m",
                                     "\033[1;32m", "\033[0m" };

static void write_mark(const struct diagnostic *item, const struct colours *c,
                       struct buf *out)
{
    uint32_t i;

    buf_printf(out, "%4u | %s\n     | ", item->line, item->source);
    for (i = 0; i < item->mark; i++)
        buf_char(out, ' ');
    buf_printf(out, "%s^", c->mark);
    for (i = 1; i < item->nmark; i++)
        buf_char(out, '~');
    buf_printf(out, "%s\n", c->off);
}

static void write_item(const struct diagnostic *item, const struct colours *c,
                       struct buf *out)
{
    buf_printf(out, "%s%s", c->place, item->file);
    if (item->line)
        buf_printf(out, ":%u:%u", item->line, item->column);
    buf_printf(out, ":%s %s%s:%s %s\n", c->off,
               item->warning ? c->warning : c->error,
               item->warning ? "warning" : "error", c->off, item->text);
    if (item->source)
        write_mark(item, c, out);
    if (item->help)
        buf_printf(out, "     = help: %s\n", item->help);
}

void diagnostics_write(const struct diagnostics *d, bool colour,
                       struct buf *out)
{
    size_t i, all = d->errors + d->warnings;

    for (i = 0; i < d->n; i++)
        write_item(&d->item[i], colour ? &ansi : &no_colours, out);
    if (all > d->n)
        buf_printf(out, "and %zu more\n", all - d->n);
}

static void json_member(const char *name, const char *value, struct buf *out)
{
    buf_printf(out, ",\"%s\":", name);
    if (value)
        json_string(slice_str(value), out);
    else
        buf_str(out, "null");
}

void diagnostics_json(const struct diagnostics *d, struct buf *out)
{
    const struct diagnostic *item;
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < d->n; i++) {
        item = &d->item[i];
        buf_str(out, i ? ",{\"file\":" : "{\"file\":");
        json_string(slice_str(item->file), out);
        buf_printf(out, ",\"line\":%u,\"column\":%u,\"end_column\":%u",
                   item->line, item->column, item->end_column);
        json_member("severity", item->warning ? "warning" : "error", out);
        json_member("message", item->text, out);
        json_member("help", item->help, out);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}
