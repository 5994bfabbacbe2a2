#include "docker/frame.h"

#include <stdint.h>

#define HEAD_SIZE  8
#define STAMP_MAX  40     /* no RFC 3339 stamp is longer */
#define ENTRY_TEXT 16384u /* where the engine cuts */

void frame_init(struct frame *f, bool tty, size_t line_max,
                const struct frame_sink *sink)
{
    size_t in_max = FRAME_MAX + HEAD_SIZE;

    /* Of a terminal's line the stamps within are held too. */
    if (tty)
        in_max = line_max + (line_max / ENTRY_TEXT + 2) * STAMP_MAX + 2;
    *f = (struct frame){ .sink = *sink, .tty = tty, .line_max = line_max };
    buf_init(&f->in, in_max);
    for (int fd = 0; fd < 3; fd++)
        buf_init(&f->part[fd].text, line_max);
}

void frame_release(struct frame *f)
{
    if (!f)
        return;
    buf_release(&f->in);
    for (int fd = 0; fd < 3; fd++)
        buf_release(&f->part[fd].text);
}

/* Takes "TIMESTAMP " off the front of *text; ST_BAD if there is none. */
static enum status take_stamp(struct slice *text, nsec *ret_ts,
                              bool *ret_coarse, size_t *ret_n)
{
    size_t most = text->n < STAMP_MAX ? text->n : STAMP_MAX;
    const char *space = most ? memchr(text->p, ' ', most) : NULL;
    struct slice stamp;

    if (!space)
        return ST_BAD;
    stamp = slice_of(text->p, (size_t)(space - text->p));
    if (instant_parse(stamp, ret_ts))
        return ST_BAD;
    *ret_coarse = !memchr(stamp.p, '.', stamp.n);
    *ret_n = stamp.n + 1;
    *text = slice_of(space + 1, text->n - stamp.n - 1);
    return ST_OK;
}

static void report(struct frame *f, int fd, struct slice text,
                   void (*to)(void *self, const struct frame_line *line))
{
    struct frame_part *part = &f->part[fd];
    struct frame_line line = { fd, part->ts, part->coarse, text };

    to(f->sink.self, &line);
}

static void close_part(struct frame *f, int fd)
{
    struct frame_part *part = &f->part[fd];

    if (part->open && !part->skipping)
        report(f, fd, buf_view(&part->text), f->sink.line);
    part->open = false;
    part->skipping = false;
    /* Long lines are rare: do not keep their room. */
    if (part->text.room > 4 * ENTRY_TEXT) {
        buf_release(&part->text);
        buf_init(&part->text, f->line_max);
    } else {
        buf_reset(&part->text);
    }
}

static void add_piece(struct frame *f, int fd, struct slice piece)
{
    struct frame_part *part = &f->part[fd];

    part->open = true;
    if (part->skipping || buf_add(&part->text, piece.p, piece.n) == ST_OK)
        return;
    part->skipping = true;
    report(f, fd, slice_of(NULL, 0), f->sink.too_long);
    buf_release(&part->text);
    buf_init(&part->text, f->line_max);
}

/* The common case: a whole line in one entry, not copied. */
static bool whole_line(const struct frame *f, int fd, struct slice text)
{
    return !f->part[fd].open && text.n && text.n - 1 <= f->line_max &&
           memchr(text.p, '\n', text.n) == text.p + text.n - 1;
}

static void take_text(struct frame *f, int fd, struct slice text)
{
    if (whole_line(f, fd, text)) {
        report(f, fd, slice_of(text.p, text.n - 1), f->sink.line);
        return;
    }
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;

        add_piece(f, fd, slice_of(text.p, n));
        if (!nl)
            return;
        close_part(f, fd);
        text = slice_of(nl + 1, text.n - n - 1);
    }
}

static void take_entry(struct frame *f, int fd, struct slice text)
{
    struct frame_part *part = &f->part[fd];
    nsec ts = part->ts;
    bool coarse = part->coarse;
    size_t n;

    /* Without a stamp it is of the time of the line before it. */
    if (take_stamp(&text, &ts, &coarse, &n) == ST_OK && part->open &&
        ts != part->ts)
        close_part(f, fd);
    part->ts = ts;
    part->coarse = coarse;
    take_text(f, fd, text);
}

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 |
           u[3];
}

static enum status check_head(const char *p, struct err *err)
{
    if ((unsigned char)p[0] > 3 || p[1] || p[2] || p[3]) {
        err_set(err,
                "the log stream is not framed as expected (header %02x %02x "
                "%02x %02x): does the container have a terminal?",
                (unsigned char)p[0], (unsigned char)p[1], (unsigned char)p[2],
                (unsigned char)p[3]);
        return ST_BAD;
    }
    if (be32(p + 4) > FRAME_MAX) {
        err_set(err, "a frame of %u bytes in the log stream, more than %u",
                (unsigned)be32(p + 4), FRAME_MAX);
        return ST_BAD;
    }
    return ST_OK;
}

static void take_frame(struct frame *f, const char *p, size_t n)
{
    struct slice payload = slice_of(p + HEAD_SIZE, n);

    if (*p == 3)
        f->sink.engine_error(f->sink.self, payload);
    else
        take_entry(f, *p == 2 ? 2 : 1, payload);
}

/* Takes the whole frames at the front of *bytes. */
static enum status take_frames(struct frame *f, struct slice *bytes,
                               struct err *err)
{
    while (bytes->n >= HEAD_SIZE) {
        enum status st = check_head(bytes->p, err);
        size_t n;

        if (st)
            return st;
        n = be32(bytes->p + 4);
        if (bytes->n - HEAD_SIZE < n)
            return ST_OK;
        take_frame(f, bytes->p, n);
        *bytes = slice_of(bytes->p + HEAD_SIZE + n, bytes->n - HEAD_SIZE - n);
    }
    return ST_OK;
}

/* Moves up to n bytes; in's cap covers the largest frame. */
static void top_up(struct frame *f, struct slice *bytes, size_t n)
{
    if (n > bytes->n)
        n = bytes->n;
    (void)buf_add(&f->in, bytes->p, n);
    *bytes = slice_of(bytes->p + n, bytes->n - n);
}

/* Completes the frame that an earlier piece left in f->in. */
static enum status finish_frame(struct frame *f, struct slice *bytes,
                                struct err *err)
{
    struct slice in;
    enum status st;

    if (f->in.n < HEAD_SIZE)
        top_up(f, bytes, HEAD_SIZE - f->in.n);
    if (f->in.n < HEAD_SIZE)
        return ST_OK;
    st = check_head(f->in.p, err);
    if (st)
        return st;
    top_up(f, bytes, HEAD_SIZE + be32(f->in.p + 4) - f->in.n);
    in = buf_view(&f->in);
    st = take_frames(f, &in, err);
    if (in.n == 0)
        buf_reset(&f->in);
    return st;
}

static enum status feed_frames(struct frame *f, struct slice bytes,
                               struct err *err)
{
    enum status st = ST_OK;

    if (f->in.n)
        st = finish_frame(f, &bytes, err);
    if (st || f->in.n)
        return st;
    st = take_frames(f, &bytes, err);
    if (st == ST_OK && bytes.n)
        top_up(f, &bytes, bytes.n);
    return st;
}

/* The line's own stamp, where it stands again inside the line. */
static const char *find_stamp(struct slice text, struct slice stamp)
{
    return text.n > ENTRY_TEXT ? memmem(text.p + ENTRY_TEXT,
                                        text.n - ENTRY_TEXT, stamp.p, stamp.n)
                               : NULL;
}

static void end_tty_line(struct frame *f, struct slice text)
{
    struct frame_part *part = &f->part[1];
    struct slice stamp = text;
    const char *again;

    if (text.n && text.p[text.n - 1] == '\r')
        text.n--;
    if (take_stamp(&text, &part->ts, &part->coarse, &stamp.n))
        stamp.n = 0;
    while (stamp.n && (again = find_stamp(text, stamp))) {
        size_t n = (size_t)(again - text.p);

        add_piece(f, 1, slice_of(text.p, n));
        text = slice_of(again + stamp.n, text.n - n - stamp.n);
    }
    add_piece(f, 1, text);
    close_part(f, 1);
}

static void feed_tty(struct frame *f, struct slice bytes)
{
    while (bytes.n) {
        const char *nl = memchr(bytes.p, '\n', bytes.n);
        size_t n = nl ? (size_t)(nl - bytes.p) : bytes.n;
        struct slice piece = slice_of(bytes.p, n);

        bytes =
            slice_of(bytes.p + n + (nl != NULL), bytes.n - n - (nl != NULL));
        if (nl && f->in.n == 0 && !f->tty_skipping) {
            end_tty_line(f, piece);
            continue;
        }
        if (!f->tty_skipping && buf_add(&f->in, piece.p, piece.n)) {
            struct slice text = buf_view(&f->in);
            struct frame_part *part = &f->part[1];
            size_t stamp;

            take_stamp(&text, &part->ts, &part->coarse, &stamp);
            report(f, 1, slice_of(NULL, 0), f->sink.too_long);
            f->tty_skipping = true;
        }
        if (nl && !f->tty_skipping)
            end_tty_line(f, buf_view(&f->in));
        if (nl || f->tty_skipping)
            buf_reset(&f->in);
        if (nl)
            f->tty_skipping = false;
    }
}

enum status frame_feed(struct frame *f, struct slice bytes, struct err *err)
{
    if (!f->tty)
        return feed_frames(f, bytes, err);
    feed_tty(f, bytes);
    return ST_OK;
}

void frame_end(struct frame *f)
{
    if (f->tty && f->in.n)
        end_tty_line(f, buf_view(&f->in));
    buf_reset(&f->in);
    f->tty_skipping = false;
    close_part(f, 1);
    close_part(f, 2);
}

nsec frame_open_at(const struct frame *f)
{
    struct slice text = buf_view(&f->in);
    nsec at = 0;
    bool coarse;
    size_t n;

    if (f->tty)
        return take_stamp(&text, &at, &coarse, &n) ? 0 : at;
    for (int fd = 1; fd < 3; fd++) {
        const struct frame_part *part = &f->part[fd];

        if (part->open && !part->skipping && (!at || part->ts < at))
            at = part->ts;
    }
    return at;
}

size_t frame_held(const struct frame *f)
{
    return f->in.room + f->part[1].text.room + f->part[2].text.room;
}
