/*
 * Where errors come from: lines that match, judged before they are merged,
 * and writes at certain paths, which are only noted while the tree is written
 * and become errors when the shard is merged.
 */
#include "errors.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "error_text.h"
#include "tree/render.h"

#include <stdlib.h>

/* A write; texts are bytes of the batch's. */
struct seen {
    struct live *live; /* NULL: the rule has gone */
    size_t where, nwhere;
    size_t json, njson; /* the value, or (is_map) the pointer to it */
    bool is_map;
    uint8_t mark;
    uint32_t blade;
};

struct batch {
    struct seen *seen;
    size_t n, room;
    struct buf text;
};

struct heard {
    struct live **live; /* that judge lines */
    size_t n, room;
    struct batch batch;
    struct tape_parser *parser;
    struct cel_context line; /* where lines become values */
};

/* What is judged: a line, or a value that was written. */
struct line {
    struct tape tape; /* n == 0: text, not parsed yet */
    size_t at;
    struct slice text;
    struct buf json; /* what the tape of a text points to */
    uint32_t blade;
    nsec ts;
    bool loaded;
    struct cel_value value;
};

static struct heard *heard_of(struct engine *e)
{
    if (!e->heard) {
        e->heard = xcalloc(1, sizeof(*e->heard));
        buf_init(&e->heard->batch.text, BUF_NO_CAP);
        arena_init(&e->heard->line.arena, CEL_MEMORY_MAX);
        e->heard->parser = tape_parser_new(e->config.state->seed);
    }
    return e->heard;
}

static void batch_release(struct batch *b)
{
    free(b->seen);
    buf_release(&b->text);
}

void errors_forget(struct engine *e)
{
    if (!e->heard)
        return;
    free(e->heard->live);
    batch_release(&e->heard->batch);
    arena_release(&e->heard->line.arena);
    tape_parser_free(e->heard->parser);
    free(e->heard);
    e->heard = NULL;
}

void errors_listen(struct engine *e, struct live *l)
{
    struct heard *h = heard_of(e);

    if (h->n == h->room) {
        h->room = h->room ? h->room * 2 : 8;
        h->live = xrealloc(h->live, h->room * sizeof(struct live *));
    }
    h->live[h->n++] = l;
}

void errors_leave(struct engine *e, struct live *l)
{
    struct heard *h = e->heard;
    size_t k, n = 0;

    if (!h)
        return;
    for (k = 0; k < h->n; k++)
        if (h->live[k] != l)
            h->live[n++] = h->live[k];
    h->n = n;
    for (k = 0; k < h->batch.n; k++)
        if (h->batch.seen[k].live == l)
            h->batch.seen[k].live = NULL;
}

/* -- judging -----------------------------------------------------------------
 */

static void parse(struct heard *h, struct line *line, struct slice json)
{
    struct err err;

    line->at = 0;
    if (!tape_parse(h->parser, json, &line->tape, &err))
        return;
    /* Where it was written it is nested deeper still than in its line. */
    json = slice_str("\"nested too deeply\"");
    if (tape_parse(h->parser, json, &line->tape, &err))
        line->tape.n = 0;
}

/* A text is {"msg": text}, as it is merged. */
static void need_tape(struct heard *h, struct line *line)
{
    struct buf text;

    if (line->tape.n)
        return;
    buf_init(&text, BUF_NO_CAP);
    utf8_repair(line->text, &text);
    buf_init(&line->json, BUF_NO_CAP);
    buf_str(&line->json, "{\"msg\":");
    json_string(buf_view(&text), &line->json);
    buf_char(&line->json, '}');
    buf_release(&text);
    parse(h, line, buf_view(&line->json));
}

static struct cel_value line_value(struct heard *h, struct line *line)
{
    struct cel_context *cx = &h->line;

    if (line->loaded)
        return line->value;
    need_tape(h, line);
    arena_reset(&cx->arena);
    cx->fuel = CEL_FUEL_MAX;
    line->loaded = true;
    line->value = cel_from_tape(cx, &line->tape, line->at);
    return line->value;
}

/* A line that cannot be judged is none that was looked for: what strangers
 * log must not make a rule ill.  It is told all the same. */
static void not_judged(struct engine *e, struct live *l, const char *what,
                       struct slice why)
{
    struct buf text;

    buf_init(&text, 2 * ERR_TEXT_MAX);
    why = utf8_cut(why, ERR_TEXT_MAX);
    buf_printf(&text, "%s: %.*s", what, SLICE_ARG(why));
    rule_said(e, l, buf_view(&text));
    buf_release(&text);
    queue_rule(e, l);
}

/* Of another kind than wanted: no value. */
static struct cel_value ask(struct engine *e, struct live *l, struct line *line,
                            const struct cel_program *p, enum cel_kind wanted)
{
    struct cel_value value[RULE_SLOTS_MAX] = { 0 };
    struct cel_place place[RULE_SLOTS_MAX] = { 0 };
    struct cel_activation with = { value, place };
    bool is_match = p == l->rule->errors.match;
    const char *what = is_match ? "match" : "message";
    struct cel_outcome out;

    place[RULE_SLOT_STATE] = e->host.root(e);
    value[RULE_SLOT_LINE] = line_value(e->heard, line);
    value[RULE_SLOT_BLADE] =
        cel_string(names_blade_text(e->config.names, line->blade));
    l->evaluations++;
    l->evaluated_at = line->ts;
    e->stats.evaluations++;
    cel_eval(e->vm, p, &with, line->ts, &out);
    if (out.value.kind == wanted || is_no_data(out.value))
        return out.value;
    if (out.value.kind == CEL_ERROR)
        not_judged(e, l, what, out.value.error->text);
    else
        not_judged(e, l, what, slice_str("is of the wrong type"));
    return (struct cel_value){ .kind = CEL_ERROR };
}

/* TEXT of line.level == "TEXT": there is no escape in it. */
static struct slice wanted_level(const struct cel_program *match)
{
    struct slice s = json_trim(cel_program_text(match));
    const char *end = s.p + s.n - 1, *from = end - 1;

    while (*from != *end)
        from--;
    return slice_of(from + 1, (size_t)(end - from - 1));
}

static bool matches(struct engine *e, struct live *l, struct line *line)
{
    const struct rule_errors *rule = &l->rule->errors;
    const struct tape_op *level;
    struct cel_value v;

    if (rule->level_only) {
        level = tape_member_of(&line->tape, line->at, "level");
        return level && level->kind == TAPE_STRING &&
               slice_eq(tape_text(level), wanted_level(rule->match));
    }
    v = ask(e, l, line, rule->match, CEL_BOOL);
    return v.kind == CEL_BOOL && v.b;
}

static void found(struct engine *e, struct live *l, struct line *line,
                  struct slice where)
{
    const struct cel_program *program = l->rule->errors.message;
    struct cel_value v = { .kind = CEL_ERROR };
    struct error error = { .where = where,
                           .blade = line->blade,
                           .ts = line->ts };
    struct buf message;

    if (program)
        v = ask(e, l, line, program, CEL_STRING);
    buf_init(&message, BUF_NO_CAP);
    need_tape(e->heard, line);
    if (v.kind == CEL_STRING)
        buf_slice(&message, utf8_cut(cel_text(v), ERROR_MESSAGE_MAX));
    else
        error_message(&line->tape, line->at, &message);
    error.message = buf_view(&message);
    errors_count(e, l, &error);
    buf_release(&message);
}

void engine_line(struct engine *e, const struct tape *tape, size_t body,
                 struct slice text, uint32_t blade, nsec ts)
{
    struct heard *h = e->heard;
    struct line line = { .at = body, .text = text, .blade = blade, .ts = ts };
    size_t k;

    if (tape)
        line.tape = *tape;
    for (k = 0; h && k < h->n; k++)
        if (matches(e, h->live[k], &line))
            found(e, h->live[k], &line, slice_str("line"));
    buf_release(&line.json);
}

/* -- writes, as they happen --------------------------------------------------
 */

static struct seen *see(struct heard *h, const struct seen *like)
{
    struct batch *b = &h->batch;
    struct seen *s;

    if (b->n == b->room) {
        b->room = b->room ? b->room * 2 : 8;
        b->seen = xrealloc(b->seen, b->room * sizeof(*b->seen));
    }
    s = &b->seen[b->n++];
    *s = *like;
    s->json = b->text.n;
    return s;
}

static void see_json(struct heard *h, const struct seen *like,
                     struct slice json)
{
    struct seen *s = see(h, like);

    buf_slice(&h->batch.text, json);
    s->njson = json.n;
}

static void see_text(struct heard *h, const struct seen *like,
                     struct slice text)
{
    struct seen *s = see(h, like);

    json_string(text, &h->batch.text);
    s->njson = h->batch.text.n - s->json;
}

static void see_map(struct engine *e, const struct seen *like,
                    const struct tree_change *c)
{
    const struct tree *t = tree_of(e, like->mark);
    struct batch *b = &e->heard->batch;
    struct seen *s = see(e->heard, like);

    s->is_map = true;
    tree_pointer(t, c->in, keys_text(&t->keys, c->key), &b->text);
    s->njson = b->text.n - s->json;
}

/* Equal items of what was there before, and how many. */
struct item {
    struct slice text;
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return slice_cmp(x->text, y->text);
}

/* Items of an array's text, room for them made; free() *ret. */
static size_t split(struct slice array, struct item **ret)
{
    size_t n = 0, room = 0;
    struct item *list = NULL;
    struct slice item;

    while (json_array_next(&array, &item, NULL) == ST_OK) {
        if (n == room) {
            room = room ? room * 2 : 16;
            list = xrealloc(list, room * sizeof(*list));
        }
        list[n++] = (struct item){ item, 1 };
    }
    *ret = list;
    return n;
}

/* Sorted, equal ones once. */
static size_t items_before(const struct node *before, struct item **ret)
{
    size_t n = 0, i, k = 0;
    struct item *list = NULL;

    if (before->kind == NODE_ARRAY) {
        n = split(node_text(before), &list);
    } else if (before->kind == NODE_LIST) {
        n = before->u.list->n;
        list = xmalloc((n + 1) * sizeof(*list));
        for (i = 0; i < n; i++)
            list[i] = (struct item){ before->u.list->item[i], 1 };
    }
    if (n)
        qsort(list, n, sizeof(*list), by_text);
    for (i = 0; i < n; i++) {
        if (k && slice_eq(list[k - 1].text, list[i].text))
            list[k - 1].n++;
        else
            list[k++] = list[i];
    }
    *ret = list;
    return k;
}

static void see_array(struct heard *h, const struct seen *like,
                      const struct tree_change *c)
{
    struct item *old, *new, *same;
    size_t nold = items_before(c->before, &old), nnew = split(c->text, &new), i;

    for (i = 0; i < nnew; i++) {
        same = nold ? bsearch(&new[i], old, nold, sizeof(*old), by_text) : NULL;
        if (same && same->n)
            same->n--;
        else
            see_json(h, like, new[i].text);
    }
    free(old);
    free(new);
}

static void see_change(struct engine *e, const struct seen *like,
                       const struct tree_change *c)
{
    struct heard *h = e->heard;

    switch (c->kind) {
    case NODE_FALSE:
    case NODE_TRUE:
        see_json(h, like, slice_str(c->kind == NODE_TRUE ? "true" : "false"));
        break;
    case NODE_NUMBER:
        see_json(h, like, c->text);
        break;
    case NODE_STRING:
        see_text(h, like, c->text);
        break;
    case NODE_ARRAY:
        see_array(h, like, c);
        break;
    case NODE_LIST:
        if (c->text.p)
            see_json(h, like, c->text);
        break;
    case NODE_MAP:
        see_map(e, like, c);
        break;
    case NODE_NONE:
    case NODE_COUNTER: /* how many is for a count to say */
        break;
    }
}

void errors_written(struct engine *e, struct live *l, unsigned mark,
                    const struct tree_change *c)
{
    struct heard *h = heard_of(e);
    struct cel_place place = { c->in, c->before, c->key, (uint8_t)mark };
    struct seen like = { .live = l, .mark = (uint8_t)mark };
    struct buf path;

    if (!c->w || c->what == NOTE_TOUCH || c->what == NOTE_REMOVE)
        return;
    like.blade = names_origin_blade(e->config.names, c->w->tag.origin);
    like.where = h->batch.text.n;
    buf_init(&path, BUF_NO_CAP);
    e->host.path(e, &place, &path);
    buf_slice(&h->batch.text, buf_view(&path));
    buf_release(&path);
    like.nwhere = h->batch.text.n - like.where;
    see_change(e, &like, c);
    /* No shard will settle what a rule has derived. */
    if (mark == MARK_MONITOR)
        queue_rule(e, l);
}

/* -- and once the shard is merged --------------------------------------------
 */

/* False: it is no longer there. */
static bool render_map(const struct engine *e, const struct seen *s,
                       struct slice pointer, struct buf *out)
{
    const struct tree *t = tree_of(e, s->mark);
    struct render r = { .split = false };
    const struct node *n = NULL;
    struct buf store;
    struct path path;

    buf_init(&store, BUF_NO_CAP);
    if (!path_parse(&path, pointer, &store, NULL))
        n = tree_get(t, &path);
    buf_release(&store);
    if (!n)
        return false;
    r.out = *out;
    render_node(&r, t, n);
    *out = r.out;
    return true;
}

static void settle_one(struct engine *e, const struct batch *b,
                       const struct seen *s, nsec ts)
{
    struct slice where = slice_of(b->text.p + s->where, s->nwhere);
    struct slice json = slice_of(b->text.p + s->json, s->njson);
    struct line line = { .blade = s->blade, .ts = ts };
    struct buf map;

    buf_init(&map, BUF_NO_CAP);
    if (!s->is_map || render_map(e, s, json, &map)) {
        parse(e->heard, &line, s->is_map ? buf_view(&map) : json);
        found(e, s->live, &line, where);
    }
    buf_release(&map);
}

/* What comes up meanwhile, by what is derived, is of the next batch. */
ASIDE static void settle_batch(struct engine *e, nsec ts)
{
    struct batch b;
    size_t k;

    b = e->heard->batch;
    e->heard->batch = (struct batch){ 0 };
    buf_init(&e->heard->batch.text, BUF_NO_CAP);
    for (k = 0; k < b.n; k++)
        if (b.seen[k].live)
            settle_one(e, &b, &b.seen[k], ts);
    batch_release(&b);
}

void engine_settle(struct engine *e, nsec ts)
{
    e->heard_at = ts;
    if (e->heard && e->heard->batch.n)
        settle_batch(e, ts);
}
