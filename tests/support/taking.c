#include "support/taking.h"

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    (void)self;
    (void)decl;
    (void)err;
    *ret_id = 0;
    return ST_OK;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    struct buf *lines = self;

    (void)err;
    buf_slice(lines, line->text);
    buf_char(lines, '\n');
    *ret_ticket = 1;
    return ST_OK;
}

static void on_listen(void *self, struct intake_listener *listener)
{
    (void)self;
    (void)listener;
}

struct intake taking_intake(struct buf *lines)
{
    return (struct intake){
        .self = lines, .source = on_source, .line = on_line, .listen = on_listen
    };
}
