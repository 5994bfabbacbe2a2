#include "sse.h"

#include <string.h>

void sse_init(struct sse *s, const struct sse_handler *handler, size_t data_max)
{
    *s = (struct sse){ .handler = *handler, .blank = true };
    buf_init(&s->data, data_max);
}

void sse_release(struct sse *s)
{
    buf_release(&s->data);
}

static void next_event(struct sse *s)
{
    s->nevent = 0;
    s->event[0] = '\0';
    s->streams = s->has_data = false;
    buf_reset(&s->data);
}

static void next_line(struct sse *s)
{
    s->nline = 0;
    s->field = SSE_NONE;
    s->in_value = false;
    s->blank = true;
}

void sse_reset(struct sse *s)
{
    next_event(s);
    next_line(s);
    s->after_cr = false;
}

static void begin_data(struct sse *s)
{
    if (!s->has_data)
        s->streams = s->handler.stream(s->handler.self, s->event);
    else if (!s->streams)
        buf_char(&s->data, '\n');
    s->has_data = true;
}

static void begin_value(struct sse *s)
{
    struct slice name = slice_of(s->line, s->nline);

    s->in_value = true;
    s->nline = 0; /* from here on: was there a blank to skip? */
    if (slice_is(name, "event")) {
        s->field = SSE_EVENT;
        s->nevent = 0;
    } else if (slice_is(name, "id")) {
        s->field = SSE_ID;
        s->nid = 0;
    } else if (slice_is(name, "data")) {
        s->field = SSE_DATA;
        begin_data(s);
    } else {
        s->field = SSE_NONE;
    }
}

static void add_name(char *to, size_t *n, struct slice piece)
{
    for (size_t i = 0; i < piece.n && *n < SSE_NAME_MAX - 1; i++)
        to[(*n)++] = piece.p[i];
    to[*n] = '\0';
}

static void add_value(struct sse *s, struct slice piece)
{
    if (s->nline == 0) {
        s->nline = 1;
        if (*piece.p == ' ')
            piece = slice_of(piece.p + 1, piece.n - 1);
    }
    if (s->field == SSE_EVENT)
        add_name(s->event, &s->nevent, piece);
    else if (s->field == SSE_ID)
        add_name(s->id, &s->nid, piece);
    else if (s->field == SSE_DATA && s->streams)
        s->handler.on_piece(s->handler.self, piece);
    else if (s->field == SSE_DATA)
        buf_slice(&s->data, piece);
}

static void end_line(struct sse *s)
{
    if (s->blank) {
        if (s->has_data)
            s->handler.on_event(s->handler.self,
                                s->nevent ? s->event : "message", s->id,
                                buf_view(&s->data));
        next_event(s);
    }
    next_line(s);
}

static size_t value_length(struct slice piece)
{
    size_t n = 0;

    while (n < piece.n && piece.p[n] != '\n' && piece.p[n] != '\r')
        n++;
    return n;
}

enum status sse_add(struct sse *s, struct slice piece)
{
    size_t n;

    while (piece.n) {
        char c = *piece.p;

        n = 1;
        if (c == '\n' && s->after_cr) {
            s->after_cr = false;
        } else if (c == '\n' || c == '\r') {
            s->after_cr = c == '\r';
            end_line(s);
        } else {
            s->blank = s->after_cr = false;
            if (s->in_value) {
                n = value_length(piece);
                add_value(s, slice_of(piece.p, n));
            } else if (c == ':') {
                begin_value(s);
            } else if (s->nline < SSE_NAME_MAX) {
                s->line[s->nline++] = c;
            }
        }
        if (!buf_ok(&s->data))
            return ST_LIMIT;
        piece = slice_of(piece.p + n, piece.n - n);
    }
    return ST_OK;
}
