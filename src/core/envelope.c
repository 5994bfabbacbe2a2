/*
 * The form of the state model: every line says itself whose it is.
 *
 *   {"blade":"b","run":"1","seq":7,"ts":170...,"at":["x"],"body":{...}}
 *   {"tick":170...}
 *   {"retire":"b","ts":170...}
 *
 * "run" is "0" and "at" the root where they are missing.  A source is made
 * for every blade, run and mount.  Blades do not retire by themselves here.
 */
#include "inside.h"

#include "base/alloc.h"
#include "data/json.h"

#include <stdlib.h>
#include <uthash.h>

struct envelope {
    uint32_t source;
    UT_hash_handle hh;
    size_t n;
    char key[]; /* blade, run and mount, each with its length in front */
};

void envelope_release(struct core *core)
{
    struct envelope *e, *next;

    HASH_ITER(hh, core->envelopes, e, next)
    {
        HASH_DEL(core->envelopes, e);
        free(e);
    }
}

static enum status text_member(const struct tape *t, const char *name,
                               struct slice *io, struct err *err)
{
    const struct tape_op *op = tape_member(t, name);

    if (op && op->kind == TAPE_STRING) {
        *io = tape_text(op);
        return ST_OK;
    }
    if (!op && io->p)
        return ST_OK;
    if (op)
        err_set(err, "\"%s\" must be a string", name);
    else
        err_set(err, "\"%s\" is missing", name);
    return ST_BAD;
}

/* ts and seq may be written as strings, as the model writes big numbers. */
static enum status integer_member(const struct shard *s, const char *name,
                                  int64_t *ret, struct err *err)
{
    if (!shard_ts(s, name, ret))
        return ST_OK;
    err_set(err, "\"%s\" must be an integer of 64 bits", name);
    return ST_BAD;
}

static enum status read_mount(const struct tape *t, struct path *at,
                              struct err *err)
{
    const struct tape_op *op = tape_member(t, "at");
    size_t i, end;

    at->n = 0;
    if (!op)
        return ST_OK;
    if (op->kind != TAPE_ARRAY)
        goto bad;
    i = (size_t)(op - t->op) + 1;
    for (end = op->end; i < end; i++) {
        if (t->op[i].kind != TAPE_STRING)
            goto bad;
        if (at->n == PATH_KEYS_MAX || t->op[i].n > PATH_KEY_MAX) {
            err_set(err,
                    "\"at\" has more than %d keys or a key of more than "
                    "%d bytes",
                    PATH_KEYS_MAX, PATH_KEY_MAX);
            return ST_LIMIT;
        }
        at->key[at->n++] = tape_text(&t->op[i]);
    }
    return ST_OK;
bad:
    err_set(err, "\"at\" must be an array of strings");
    return ST_BAD;
}

static void add_part(struct buf *key, struct slice part)
{
    buf_u64(key, part.n);
    buf_char(key, ':');
    buf_slice(key, part);
}

static uint32_t source_of(struct core *core, const struct source *decl)
{
    struct envelope *e;
    struct buf key;
    size_t i;

    buf_init(&key, BUF_NO_CAP);
    add_part(&key, decl->blade);
    add_part(&key, decl->run);
    for (i = 0; i < decl->at.n; i++)
        add_part(&key, decl->at.key[i]);
    HASH_FIND(hh, core->envelopes, key.p, key.n, e);
    if (!e) {
        e = xcalloc(1, sizeof(*e) + key.n);
        e->n = key.n;
        memcpy(e->key, key.p, key.n);
        e->source = (uint32_t)core->nsources;
        core_declare(core, e->source, decl)->minded = false;
        HASH_ADD_KEYPTR(hh, core->envelopes, e->key, e->n, e);
    }
    buf_release(&key);
    return e->source;
}

static enum status envelope(struct core *core, struct shard *s,
                            struct event *ev, struct err *err)
{
    struct source decl = { .run = slice_str("0"), .trusted = true };
    const struct tape_op *body = tape_member(&s->tape, "body");
    enum status st;
    int64_t seq;

    st = text_member(&s->tape, "blade", &decl.blade, err);
    if (!st)
        st = text_member(&s->tape, "run", &decl.run, err);
    if (!st)
        st = integer_member(s, "seq", &seq, err);
    if (!st)
        st = integer_member(s, "ts", &ev->ts, err);
    if (!st)
        st = read_mount(&s->tape, &decl.at, err);
    if (!st && !body) {
        err_set(err, "\"body\" is missing");
        st = ST_BAD;
    }
    if (st)
        return st;
    s->body = (size_t)(body - s->tape.op);
    s->source = source_of(core, &decl);
    ev->seq = seq < 0 ? 0 : (uint64_t)seq;
    ev->logged_at = ev->ts;
    return ST_OK;
}

static enum status control(struct core *core, const struct shard *s,
                           bool *ret_done, struct err *err)
{
    struct slice blade = { 0 };
    int64_t ts;
    enum status st;

    *ret_done = true;
    if (tape_member(&s->tape, "tick")) {
        st = integer_member(s, "tick", &ts, err);
        if (!st)
            core_tick(core, ts);
        return st;
    }
    if (tape_member(&s->tape, "retire")) {
        st = text_member(&s->tape, "retire", &blade, err);
        if (!st)
            st = integer_member(s, "ts", &ts, err);
        if (!st)
            core_retire(core, blade, ts);
        return st;
    }
    *ret_done = false;
    return ST_OK;
}

enum status core_envelope(struct core *core, struct slice line, struct err *err)
{
    struct err why;
    struct shard *s = shard_new(&core->pool, line, false, &why);
    struct event ev = { .kind = EV_LINE };
    enum status st = ST_BAD;
    bool done = false;

    if (!s->json || s->tape.op[0].kind != TAPE_OBJECT) {
        if (err && why.text[0])
            *err = why;
        else
            err_set(err, "not a JSON object");
        goto out;
    }
    st = control(core, s, &done, err);
    if (st || done)
        goto out;
    st = envelope(core, s, &ev, err);
    if (st)
        goto out;
    s->empty = s->tape.op[s->body].kind != TAPE_OBJECT;
    core_take(core, s, &ev);
    return ST_OK;
out:
    shard_free(&core->pool, s);
    return st;
}
