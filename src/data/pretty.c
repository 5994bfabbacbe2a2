#include "pretty.h"

#define COLOUR_KEY    "\033[34m"
#define COLOUR_STRING "\033[32m"
#define COLOUR_WORD   "\033[36m"
#define COLOUR_END    "\033[0m"

void pretty_init(struct pretty *p, bool colour)
{
    *p = (struct pretty){ .colour = colour };
}

static void paint(const struct pretty *p, const char *code, struct buf *out)
{
    if (p->colour)
        buf_str(out, code);
}

static void new_line(const struct pretty *p, struct buf *out)
{
    unsigned i, depth = p->depth;

    buf_char(out, '\n');
    if (depth > PRETTY_DEPTH_MAX)
        depth = PRETTY_DEPTH_MAX;
    for (i = 0; i < depth; i++)
        buf_str(out, "  ");
}

static void end_word(struct pretty *p, struct buf *out)
{
    if (p->word)
        paint(p, COLOUR_END, out);
    p->word = false;
}

/* Something stands in the container that was opened last. */
static void begin_item(struct pretty *p, struct buf *out)
{
    if (p->opened)
        new_line(p, out);
    p->opened = false;
}

static void open_container(struct pretty *p, char c, struct buf *out)
{
    begin_item(p, out);
    buf_char(out, c);
    if (p->depth < PRETTY_DEPTH_MAX)
        p->object[p->depth] = c == '{';
    p->depth++;
    p->opened = true;
    p->key = c == '{';
}

static void close_container(struct pretty *p, char c, struct buf *out)
{
    if (p->depth)
        p->depth--;
    if (!p->opened)
        new_line(p, out);
    p->opened = p->key = false;
    buf_char(out, c);
}

static bool in_object(const struct pretty *p)
{
    return p->depth && p->depth <= PRETTY_DEPTH_MAX && p->object[p->depth - 1];
}

/*
 * DEL and the C1 controls, which JSON lets through: a terminal would obey
 * them.  The latter are C2 80 to C2 9F.
 */
static void put_char(struct pretty *p, char c, struct buf *out)
{
    unsigned char u = (unsigned char)c;

    if (p->lead) {
        p->lead = false;
        if (u >= 0x80 && u < 0xa0) {
            buf_printf(out, "\\u%04x", u);
            return;
        }
        buf_char(out, (char)0xc2);
    }
    if (u == 0xc2)
        p->lead = true;
    else if (u < ' ' || u == 0x7f)
        buf_printf(out, "\\u%04x", u);
    else
        buf_char(out, c);
}

static void in_string(struct pretty *p, char c, struct buf *out)
{
    put_char(p, c, out);
    if (p->escaped) {
        p->escaped = false;
    } else if (c == '\\') {
        p->escaped = true;
    } else if (c == '"') {
        p->in_string = p->key = false;
        paint(p, COLOUR_END, out);
    }
}

static void begin_string(struct pretty *p, struct buf *out)
{
    begin_item(p, out);
    paint(p, p->key ? COLOUR_KEY : COLOUR_STRING, out);
    buf_char(out, '"');
    p->in_string = true;
}

static void outside(struct pretty *p, char c, struct buf *out)
{
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        return;
    if (c == '{' || c == '[') {
        open_container(p, c, out);
    } else if (c == '"') {
        begin_string(p, out);
    } else if (c == '}' || c == ']') {
        end_word(p, out);
        close_container(p, c, out);
    } else if (c == ',') {
        end_word(p, out);
        buf_char(out, c);
        new_line(p, out);
        p->key = in_object(p);
    } else if (c == ':') {
        buf_str(out, ": ");
    } else {
        if (!p->word) {
            begin_item(p, out);
            paint(p, COLOUR_WORD, out);
        }
        p->word = true;
        put_char(p, c, out);
    }
}

void pretty_add(struct pretty *p, struct slice piece, struct buf *out)
{
    size_t i;

    for (i = 0; i < piece.n; i++)
        if (p->in_string)
            in_string(p, piece.p[i], out);
        else
            outside(p, piece.p[i], out);
}

void pretty_end(struct pretty *p, struct buf *out)
{
    end_word(p, out);
    if (p->in_string)
        paint(p, COLOUR_END, out);
    buf_char(out, '\n');
}

void pretty_text(struct slice text, struct buf *out)
{
    struct pretty p = { 0 };
    size_t i;

    for (i = 0; i < text.n; i++)
        put_char(&p, text.p[i], out);
}
