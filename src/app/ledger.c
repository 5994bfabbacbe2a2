#include "ledger.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "data/json.h"

#include <stdlib.h>
#include <utlist.h>

struct ledger_entry {
    struct ledger_entry *prev, *next;
    uint64_t ticket; /* 0: not handed over */
    size_t n;
    char text[];
};

static void drop(struct ledger *l, struct ledger_entry *e)
{
    DL_DELETE(l->entries, e);
    free(e);
}

static void on_durable(void *self, uint64_t ticket)
{
    struct ledger *l = self;

    while (l->entries && l->entries->ticket && l->entries->ticket <= ticket)
        drop(l, l->entries);
}

static void on_discarded(void *self, uint64_t ticket, const struct err *why)
{
    struct ledger *l = self;
    struct ledger_entry *e;

    (void)why;
    DL_FOREACH(l->entries, e)
    {
        if (e->ticket >= ticket)
            e->ticket = 0;
    }
}

enum status ledger_begin(struct ledger *l, const struct intake *intake,
                         struct slice run, struct err *err)
{
    const struct source source = {
        .blade = slice_str(LEDGER_BLADE),
        .run = run,
        .mode = MODE_SHARD,
        .trusted = true,
    };
    enum status st = intake->source(intake->self, &source, &l->source, err);

    if (st)
        return st;
    l->intake = intake;
    l->listener = (struct intake_listener){ l, on_durable, on_discarded, NULL };
    intake->listen(intake->self, &l->listener);
    return ST_OK;
}

void ledger_release(struct ledger *l)
{
    while (l->entries)
        drop(l, l->entries);
}

void ledger_put(struct ledger *l, struct slice shard)
{
    struct ledger_entry *e = xmalloc(sizeof(*e) + shard.n);

    e->ticket = 0;
    e->n = shard.n;
    memcpy(e->text, shard.p, shard.n);
    DL_APPEND(l->entries, e);
}

enum status ledger_write(const struct ledger *l, struct slice shard,
                         uint64_t *ret_ticket, struct err *err)
{
    const struct line line = { .source = l->source, .text = shard };

    return l->intake->line(l->intake->self, &line, ret_ticket, err);
}

void ledger_flush(struct ledger *l)
{
    struct ledger_entry *e, *next;
    enum status st;

    DL_FOREACH_SAFE(l->entries, e, next)
    {
        if (e->ticket)
            continue;
        st = ledger_write(l, slice_of(e->text, e->n), &e->ticket, NULL);
        if (st == ST_BAD || st == ST_LIMIT)
            drop(l, e); /* would stop all that follow, for ever */
        else if (st)
            return;
    }
}

/* -- the text of a shard ----------------------------------------------------
 */

static void comma(struct buf *out)
{
    char last = out->n ? out->p[out->n - 1] : '{';

    if (last != '{')
        buf_char(out, ',');
}

static void quote(struct slice text, struct buf *out)
{
    struct buf good;

    buf_init(&good, BUF_NO_CAP);
    utf8_repair(text, &good);
    json_string(buf_view(&good), out);
    buf_release(&good);
}

/* A key that begins with '$' is no instruction: it is written '$$'. */
void ledger_key(struct slice key, struct buf *out)
{
    struct buf literal;

    buf_init(&literal, BUF_NO_CAP);
    if (key.n && *key.p == '$')
        buf_char(&literal, '$');
    buf_slice(&literal, key);
    quote(buf_view(&literal), out);
    buf_char(out, ':');
    buf_release(&literal);
}

static void name_it(const char *name, struct buf *out)
{
    comma(out);
    json_string(slice_str(name), out);
    buf_char(out, ':');
}

void ledger_text(const char *name, struct slice text, size_t most,
                 struct buf *out)
{
    name_it(name, out);
    quote(utf8_cut(text, most), out);
}

void ledger_instant(const char *name, nsec at, struct buf *out)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    ledger_text(name, slice_str(text), sizeof(text), out);
}

void ledger_number(const char *name, int64_t n, struct buf *out)
{
    name_it(name, out);
    buf_i64(out, n);
}

void ledger_bool(const char *name, bool value, struct buf *out)
{
    name_it(name, out);
    buf_str(out, value ? "true" : "false");
}
