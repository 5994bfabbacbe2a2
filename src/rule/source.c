#include "source.h"

#include <stdbool.h>
#include <stdint.h>

/* A walk over a scalar as written, beside the text that it stands for. */
struct walk {
    const char *raw;
    size_t at, end; /* of raw */
    struct slice text;
    size_t i; /* of text */
    enum yaml_style style;
    size_t indent;   /* of a block's lines */
    bool line_start; /* of a block's line */
    bool joined;     /* behind a line's end that a backslash takes away */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

static size_t skip_break(const struct walk *w, size_t at)
{
    if (w->raw[at] == '\r' && at + 1 < w->end && w->raw[at + 1] == '\n')
        at++;
    return at + 1;
}

/* The blanks in front of the first line that holds anything else. */
static size_t first_margin(struct slice text)
{
    size_t i, start = 0;

    for (i = 0; i < text.n; i++) {
        if (is_break(text.p[i]))
            start = i + 1;
        else if (text.p[i] != ' ')
            return i - start;
    }
    return SIZE_MAX;
}

/*
 * What was cut off each line: an indicator such as |2 counts from the parent,
 * which a scalar does not know, but the two texts tell the difference.
 */
static size_t block_indent(const struct walk *w)
{
    size_t written = first_margin(slice_of(w->raw + w->at, w->end - w->at));
    size_t kept = first_margin(w->text);

    if (written == SIZE_MAX || kept == SIZE_MAX || written < kept)
        return SIZE_MAX;
    return written - kept;
}

static size_t skip_indent(const struct walk *w, size_t at)
{
    size_t n = 0;

    for (; n < w->indent && at < w->end && w->raw[at] == ' '; n++)
        at++;
    return at;
}

/* Line ends in a row, from at on; each passed one takes its indentation. */
static size_t block_breaks(const struct walk *w, size_t *at)
{
    size_t n = 0;

    while (*at < w->end && is_break(w->raw[*at]) &&
           (n == 0 || w->style == YAML_FOLDED)) {
        *at = skip_indent(w, skip_break(w, *at));
        n++;
    }
    return n;
}

/* How many bytes of the text the line ends in front of at stand for. */
static size_t kept_breaks(const struct walk *w, size_t breaks)
{
    size_t n = 0;

    while (n < breaks && w->i + n < w->text.n && w->text.p[w->i + n] == '\n')
        n++;
    return n || w->i == w->text.n ? n : 1;
}

static size_t step_block(struct walk *w)
{
    size_t n;

    if (w->line_start) {
        w->at = skip_indent(w, w->at);
        w->line_start = false;
        return 0;
    }
    if (!is_break(w->raw[w->at])) {
        w->at++;
        return 1;
    }
    n = block_breaks(w, &w->at);
    return kept_breaks(w, n);
}

static size_t hex_digits(char kind)
{
    return kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
}

/* Bytes of UTF-8 that an escape of one character makes. */
static size_t escape_bytes(const struct walk *w)
{
    unsigned char c = w->i < w->text.n ? (unsigned char)w->text.p[w->i] : 0;

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static size_t step_escape(struct walk *w)
{
    char kind = w->at + 1 < w->end ? w->raw[w->at + 1] : 0;
    size_t n;

    if (!is_break(kind)) {
        n = escape_bytes(w);
        w->at += 2 + hex_digits(kind);
        if (kind == 'u' && n == 4) /* a pair of surrogates, \ud83d\ude00 */
            w->at += 2 + hex_digits(kind);
        return n;
    }
    w->at = skip_break(w, w->at + 1);
    while (w->at < w->end && is_blank(w->raw[w->at]))
        w->at++;
    w->joined = true;
    return 0;
}

/* Blanks and line ends between two words of a plain or quoted text. */
static size_t step_gap(struct walk *w)
{
    size_t at = w->at, breaks = 0, n;

    while (at < w->end && (is_blank(w->raw[at]) || is_break(w->raw[at]))) {
        if (is_break(w->raw[at])) {
            at = skip_break(w, at);
            breaks++;
        } else {
            at++;
        }
    }
    if (breaks == 0) {
        w->at++;
        return 1;
    }
    n = w->joined ? breaks : breaks > 1 ? breaks - 1 : 1;
    w->at = at;
    return n;
}

static size_t step_flow(struct walk *w)
{
    char c = w->raw[w->at];
    size_t n;

    if (is_blank(c) || is_break(c)) {
        n = step_gap(w);
        w->joined = false;
        return n;
    }
    w->joined = false;
    if (w->style == YAML_DOUBLE && c == '\\')
        return step_escape(w);
    w->at += w->style == YAML_SINGLE && c == '\'' ? 2 : 1;
    return 1;
}

/* Moves over one part as written; answers how much of the text it makes. */
static size_t step(struct walk *w)
{
    if (w->style == YAML_LITERAL || w->style == YAML_FOLDED)
        return step_block(w);
    return step_flow(w);
}

static struct walk walk_of(const struct yaml *doc,
                           const struct yaml_node *scalar)
{
    bool quoted = scalar->style == YAML_SINGLE || scalar->style == YAML_DOUBLE;
    struct walk w = {
        .raw = yaml_source(doc).p,
        .at = scalar->from,
        .end = scalar->to,
        .text = scalar->text,
        .style = (enum yaml_style)scalar->style,
        .line_start = true,
    };

    if (quoted && w.end - w.at >= 2) {
        w.at++;
        w.end--;
    }
    w.indent = block_indent(&w);
    return w;
}

/* The bytes behind the last visible character are hard to point at. */
static size_t visible_end(struct slice text)
{
    size_t n = text.n;

    while (n && (is_blank(text.p[n - 1]) || is_break(text.p[n - 1])))
        n--;
    return n;
}

static bool find(struct walk *w, size_t byte, struct source_span *ret)
{
    struct walk before;
    size_t n;

    while (w->at < w->end) {
        before = *w;
        n = step(w);
        if (byte < w->i + n) {
            *ret = (struct source_span){ before.at, w->at };
            *w = before; /* what is looked for next may be the same part */
            return true;
        }
        w->i += n;
    }
    return false;
}

struct source_span source_span(const struct yaml *doc,
                               const struct yaml_node *scalar, size_t from,
                               size_t to)
{
    struct walk w = walk_of(doc, scalar);
    struct source_span span = { w.at, w.at }, part;
    size_t end = visible_end(scalar->text);

    if (from >= end) {
        if (end && find(&w, end - 1, &part))
            span.from = span.to = part.to;
        return span;
    }
    if (!find(&w, from, &part))
        return span;
    span = part;
    if (to > from + 1 && find(&w, (to < end ? to : end) - 1, &part))
        span.to = part.to;
    return span;
}
