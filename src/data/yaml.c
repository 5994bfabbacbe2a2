#include "yaml.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <assert.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define CHUNK       16384
#define ANCHORS_MAX 1000
#define NAME_SHOWN  40
#define BLANKS_MAX  200
#define OPEN_MAX    4096
#define FLOW_MAX    250000

struct chunk {
    struct chunk *next;
    size_t used, room;
    _Alignas(16) char data[];
};

struct yaml {
    struct slice text;
    struct yaml_node *root;
    struct chunk *chunks;
    uint32_t *line_at; /* where each line begins */
    size_t nlines;
    size_t nnodes;
};

struct anchor {
    UT_hash_handle hh;
    const char *name;
    struct yaml_node *node;
    bool open; /* its end has not come yet */
};

struct level {
    struct yaml_node *node, *key;
    const struct yaml_node **tail;
    struct anchor *anchor;
};

struct builder {
    struct yaml *doc;
    struct anchor *anchors;
    struct level level[YAML_DEPTH_MAX];
    size_t depth;
    size_t documents;
    size_t at; /* of the event being looked at */
    struct err *err;
};

static void *take(struct yaml *doc, size_t n)
{
    struct chunk *c = doc->chunks;
    size_t room = n > CHUNK ? n : CHUNK;
    void *p;

    n = (n + 15) & ~(size_t)15;
    if (!c || c->room - c->used < n) {
        c = xmalloc(sizeof(*c) + room + 15);
        c->next = doc->chunks;
        c->used = 0;
        c->room = (room + 15) & ~(size_t)15;
        doc->chunks = c;
    }
    p = c->data + c->used;
    c->used += n;
    return p;
}

static struct slice take_text(struct yaml *doc, const char *p, size_t n)
{
    char *copy = take(doc, n + 1);

    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return slice_of(copy, n);
}

void yaml_position(const struct yaml *doc, size_t at, uint32_t *ret_line,
                   uint32_t *ret_column)
{
    size_t low = 0, high = doc->nlines, mid;

    while (high - low > 1) {
        mid = (low + high) / 2;
        if (doc->line_at[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    *ret_line = (uint32_t)low + 1;
    *ret_column = (uint32_t)(at - doc->line_at[low]) + 1;
}

static void find_lines(struct yaml *doc)
{
    size_t i, n = 1;

    for (i = 0; i < doc->text.n; i++)
        n += doc->text.p[i] == '\n';
    doc->line_at = take(doc, n * sizeof(*doc->line_at));
    doc->line_at[doc->nlines++] = 0;
    for (i = 0; i < doc->text.n; i++)
        if (doc->text.p[i] == '\n')
            doc->line_at[doc->nlines++] = (uint32_t)i + 1;
}

static void place_err(const struct yaml *doc, size_t at, struct err *err)
{
    uint32_t line, column;

    if (!err)
        return;
    yaml_position(doc, at, &line, &column);
    err->line = line;
    err->column = column;
}

/* ST_BAD at the event being looked at. */
static enum status refuse(struct builder *b, const char *text)
{
    err_set(b->err, "%s", text);
    place_err(b->doc, b->at, b->err);
    return ST_BAD;
}

static enum status too_many(struct builder *b)
{
    err_set(b->err, "more than %d values, aliases expanded", YAML_NODES_MAX);
    place_err(b->doc, b->at, b->err);
    return ST_LIMIT;
}

static enum status too_deep(struct builder *b)
{
    err_set(b->err, "nested deeper than %d levels", YAML_DEPTH_MAX);
    place_err(b->doc, b->at, b->err);
    return ST_LIMIT;
}

static struct yaml_node *new_node(struct yaml *doc)
{
    struct yaml_node *node = take(doc, sizeof(*node));

    memset(node, 0, sizeof(*node));
    doc->nnodes++;
    return node;
}

/* A node becomes a key, a value, an item or the root. */
static enum status attach(struct builder *b, struct yaml_node *node)
{
    struct level *top;

    if (b->doc->nnodes > YAML_NODES_MAX)
        return too_many(b);
    if (b->depth == 0) {
        b->doc->root = node;
        return ST_OK;
    }
    top = &b->level[b->depth - 1];
    if (top->node->kind == YAML_MAPPING && !top->key) {
        if (node->kind != YAML_SCALAR)
            return refuse(b, "a key must be a plain word or a quoted text");
        top->key = node;
        return ST_OK;
    }
    node->key = top->key;
    top->key = NULL;
    *top->tail = node;
    top->tail = &node->next;
    top->node->n++;
    return ST_OK;
}

static enum status copy_node(struct builder *b, const struct yaml_node *from,
                             size_t depth, struct yaml_node **ret)
{
    const struct yaml_node *child;
    const struct yaml_node **tail;
    struct yaml_node *node, *copy;
    enum status st;

    if (b->doc->nnodes >= YAML_NODES_MAX)
        return too_many(b);
    if (depth >= YAML_DEPTH_MAX && from->kind != YAML_SCALAR)
        return too_deep(b);
    node = new_node(b->doc);
    *node = *from;
    node->key = node->next = node->first = NULL;
    tail = &node->first;
    for (child = from->first; child; child = child->next) {
        st = copy_node(b, child, depth + 1, &copy);
        if (st)
            return st;
        copy->key = child->key;
        *tail = copy;
        tail = &copy->next;
    }
    *ret = node;
    return ST_OK;
}

static const char *token_name(struct builder *b, struct fy_token *token)
{
    size_t n = 0;
    const char *p = fy_token_get_text(token, &n);

    return take_text(b->doc, p ? p : "", p ? n : 0).p;
}

static enum status on_alias(struct builder *b, struct fy_event *ev)
{
    const char *name = token_name(b, ev->alias.anchor);
    struct anchor *a;
    struct yaml_node *copy;
    enum status st;

    /* libfyaml marks the name. */
    if (b->at && b->doc->text.p[b->at - 1] == '*')
        b->at--;
    HASH_FIND_STR(b->anchors, name, a);
    if (a && !a->open) {
        st = copy_node(b, a->node, b->depth, &copy);
        return st ? st : attach(b, copy);
    }
    err_set(b->err,
            a ? "the alias *%.*s stands inside what it names"
              : "the alias *%.*s names nothing before it",
            NAME_SHOWN, name);
    place_err(b->doc, b->at, b->err);
    return ST_BAD;
}

static enum status name_node(struct builder *b, struct fy_token *token,
                             struct yaml_node *node, struct anchor **ret)
{
    struct anchor *a;
    const char *name;

    *ret = NULL;
    if (!token)
        return ST_OK;
    name = token_name(b, token);
    HASH_FIND_STR(b->anchors, name, a);
    if (!a) {
        if (HASH_COUNT(b->anchors) >= ANCHORS_MAX)
            return refuse(b, "more than 1000 anchors");
        a = take(b->doc, sizeof(*a));
        a->name = name;
        HASH_ADD_KEYPTR(hh, b->anchors, a->name, strlen(a->name), a);
    }
    a->node = node;
    a->open = false;
    *ret = a;
    return ST_OK;
}

static size_t mark_at(const struct yaml *doc, const struct fy_mark *mark,
                      size_t otherwise)
{
    if (!mark)
        return otherwise;
    return mark->input_pos < doc->text.n ? mark->input_pos : doc->text.n;
}

static struct yaml_node *event_node(struct builder *b, enum yaml_kind kind,
                                    struct fy_event *ev)
{
    struct yaml_node *node = new_node(b->doc);

    node->kind = (uint8_t)kind;
    node->from = (uint32_t)b->at;
    node->to = (uint32_t)mark_at(b->doc, fy_event_end_mark(ev), b->at);
    yaml_position(b->doc, b->at, &node->line, &node->column);
    return node;
}

static enum yaml_style style_of(struct fy_token *token)
{
    switch (token ? fy_token_scalar_style(token) : FYSS_PLAIN) {
    case FYSS_SINGLE_QUOTED:
        return YAML_SINGLE;
    case FYSS_DOUBLE_QUOTED:
        return YAML_DOUBLE;
    case FYSS_LITERAL:
        return YAML_LITERAL;
    case FYSS_FOLDED:
        return YAML_FOLDED;
    default:
        return YAML_PLAIN;
    }
}

/* libfyaml marks what is between the quotes. */
static void take_in_quotes(const struct yaml *doc, struct yaml_node *node)
{
    char quote = node->style == YAML_SINGLE ? '\'' : '"';

    if (node->from && doc->text.p[node->from - 1] == quote)
        node->from--;
    if (node->to < doc->text.n && doc->text.p[node->to] == quote)
        node->to++;
    yaml_position(doc, node->from, &node->line, &node->column);
}

static enum status on_scalar(struct builder *b, struct fy_event *ev)
{
    struct yaml_node *node;
    struct anchor *a;
    const char *p = NULL;
    enum status st;
    size_t n = 0;

    if (ev->scalar.tag)
        return refuse(b, "tags such as !name mean nothing here");
    node = event_node(b, YAML_SCALAR, ev);
    node->style = (uint8_t)style_of(ev->scalar.value);
    if (ev->scalar.value)
        p = fy_token_get_text(ev->scalar.value, &n);
    node->text = take_text(b->doc, p, p ? n : 0);
    if (node->style == YAML_SINGLE || node->style == YAML_DOUBLE)
        take_in_quotes(b->doc, node);
    st = name_node(b, ev->scalar.anchor, node, &a);
    return st ? st : attach(b, node);
}

static enum status on_start(struct builder *b, struct fy_event *ev,
                            enum yaml_kind kind)
{
    bool map = kind == YAML_MAPPING;
    struct fy_token *tag = map ? ev->mapping_start.tag : ev->sequence_start.tag;
    struct fy_token *name =
        map ? ev->mapping_start.anchor : ev->sequence_start.anchor;
    struct level level = { 0 };
    enum status st;

    if (tag)
        return refuse(b, "tags such as !name mean nothing here");
    if (b->depth == YAML_DEPTH_MAX)
        return too_deep(b);
    level.node = event_node(b, kind, ev);
    level.tail = &level.node->first;
    st = attach(b, level.node);
    if (st == ST_OK)
        st = name_node(b, name, level.node, &level.anchor);
    if (st)
        return st;
    if (level.anchor)
        level.anchor->open = true;
    b->level[b->depth++] = level;
    return ST_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct yaml_node *const *x = a, *const *y = b;
    int d = slice_cmp((*x)->text, (*y)->text);

    return d ? d : ((*x)->from > (*y)->from) - ((*x)->from < (*y)->from);
}

/* The first key of the file that stands there a second time, or NULL. */
static const struct yaml_node *find_twin(const struct yaml_node *mapping)
{
    const struct yaml_node **keys = xmalloc(mapping->n * sizeof(*keys));
    const struct yaml_node *child, *twin = NULL;
    size_t i, n = 0;

    for (child = mapping->first; child; child = child->next)
        keys[n++] = child->key;
    qsort(keys, n, sizeof(*keys), by_key);
    for (i = 1; i < n; i++)
        if (slice_eq(keys[i - 1]->text, keys[i]->text) &&
            (!twin || keys[i]->from < twin->from))
            twin = keys[i];
    free(keys);
    return twin;
}

static enum status on_end(struct builder *b, struct fy_event *ev)
{
    const struct yaml_node *twin = NULL;
    struct level *top;

    assert(b->depth); /* libfyaml ends only what it has begun */
    top = &b->level[--b->depth];
    if (top->anchor && top->anchor->node == top->node)
        top->anchor->open = false;
    top->node->to = (uint32_t)mark_at(b->doc, fy_event_end_mark(ev), b->at);
    if (top->node->kind == YAML_MAPPING && top->node->n > 1)
        twin = find_twin(top->node);
    if (!twin)
        return ST_OK;
    err_set(b->err, "the key \"%.*s\" stands here twice",
            (int)(twin->text.n < NAME_SHOWN ? twin->text.n : NAME_SHOWN),
            twin->text.p);
    place_err(b->doc, twin->from, b->err);
    return ST_BAD;
}

static enum status on_event(struct builder *b, struct fy_event *ev)
{
    b->at = mark_at(b->doc, fy_event_start_mark(ev), b->at);
    switch (ev->type) {
    case FYET_DOCUMENT_START:
        return b->documents++ ? refuse(b, "a second document begins here; "
                                          "one file holds one")
                              : ST_OK;
    case FYET_SCALAR:
        return on_scalar(b, ev);
    case FYET_ALIAS:
        return on_alias(b, ev);
    case FYET_MAPPING_START:
        return on_start(b, ev, YAML_MAPPING);
    case FYET_SEQUENCE_START:
        return on_start(b, ev, YAML_SEQUENCE);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return on_end(b, ev);
    default:
        return ST_OK;
    }
}

/* Columns of libfyaml count characters from 1. */
static size_t byte_of(const struct yaml *doc, int line, int column)
{
    size_t at, end;

    if (line < 1 || (size_t)line > doc->nlines)
        return doc->text.n;
    at = doc->line_at[line - 1];
    end = (size_t)line < doc->nlines ? doc->line_at[line] - 1 : doc->text.n;
    for (; column > 1 && at < end; column--)
        do
            at++;
        while (at < end && ((unsigned char)doc->text.p[at] & 0xc0) == 0x80);
    return at;
}

/* What libfyaml complained about. */
static enum status malformed(struct builder *b, struct fy_diag *diag)
{
    struct fy_diag_error *e;
    void *state = NULL;

    e = fy_diag_errors_iterate(diag, &state);
    err_set(b->err, "this is not YAML: %.200s",
            e && e->msg ? e->msg : "it cannot be read");
    if (e && e->line > 0)
        b->at = byte_of(b->doc, e->line, e->column);
    place_err(b->doc, b->at, b->err);
    return ST_BAD;
}

static enum status build(struct builder *b)
{
    struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                         FYPCF_DEFAULT_VERSION_1_2 |
                                         FYPCF_JSON_NONE };
    struct fy_diag_cfg dcfg;
    struct fy_parser *parser;
    struct fy_event *ev;
    enum status st = ST_OK;

    fy_diag_cfg_default(&dcfg);
    dcfg.fp = NULL;
    dcfg.colorize = false;
    cfg.diag = fy_diag_create(&dcfg);
    if (!cfg.diag)
        abort();
    fy_diag_set_collect_errors(cfg.diag, true);
    parser = fy_parser_create(&cfg);
    if (!parser || fy_parser_set_string(parser, b->doc->text.p, b->doc->text.n))
        abort();
    while (st == ST_OK && (ev = fy_parser_parse(parser))) {
        st = on_event(b, ev);
        fy_parser_event_free(parser, ev);
    }
    if (st == ST_OK && fy_diag_got_error(cfg.diag))
        st = malformed(b, cfg.diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(cfg.diag);
    return st;
}

/* libfyaml 0.7 never comes back from a directive without an end. */
static enum status check_directives(const struct yaml *doc, struct err *err)
{
    size_t i;

    for (i = 0; i < doc->nlines; i++)
        if (doc->line_at[i] < doc->text.n &&
            doc->text.p[doc->line_at[i]] == '%') {
            err_set(err, "a line must not begin with '%%': directives mean "
                         "nothing here");
            place_err(doc, doc->line_at[i], err);
            return ST_BAD;
        }
    return ST_OK;
}

/* libfyaml's time for blank lines in a text grows with their square. */
static enum status check_blanks(const struct yaml *doc, struct err *err)
{
    size_t i, at, run = 0;

    for (i = 0; i < doc->nlines; i++) {
        at = doc->line_at[i];
        while (at < doc->text.n && strchr(" \t\r", doc->text.p[at]))
            at++;
        run = at < doc->text.n && doc->text.p[at] == '\n' ? run + 1 : 0;
        if (run > BLANKS_MAX) {
            err_set(err, "more than %d blank lines one after another",
                    BLANKS_MAX);
            place_err(doc, doc->line_at[i], err);
            return ST_LIMIT;
        }
    }
    return ST_OK;
}

/*
 * libfyaml reads far ahead in flow collections and takes 400 bytes for every
 * bracket and comma, whatever becomes of them.  In a text brackets need no
 * closing, hence the room.
 */
static enum status check_flow(const struct yaml *doc, struct err *err)
{
    size_t i, open = 0, all = 0;
    const char *kind;

    for (i = 0; i < doc->text.n && open <= OPEN_MAX && all <= FLOW_MAX; i++) {
        kind = doc->text.p[i] ? strchr("[{]},", doc->text.p[i]) : NULL;
        if (!kind)
            continue;
        all++;
        if (*kind == '[' || *kind == '{')
            open++;
        else if (*kind != ',' && open)
            open--;
    }
    if (open <= OPEN_MAX && all <= FLOW_MAX)
        return ST_OK;
    if (open > OPEN_MAX)
        err_set(err, "more than %d brackets that nothing closes", OPEN_MAX);
    else
        err_set(err, "more than %d brackets and commas", FLOW_MAX);
    place_err(doc, i - 1, err);
    return ST_LIMIT;
}

/* What no YAML may hold, before libfyaml sees it. */
static enum status check_bytes(const struct yaml *doc, struct err *err)
{
    const char *nul = memchr(doc->text.p, '\0', doc->text.n);
    size_t good = utf8_prefix(doc->text);
    enum status st;

    if (nul && (size_t)(nul - doc->text.p) < good) {
        err_set(err, "a NUL byte: this is no text");
        place_err(doc, (size_t)(nul - doc->text.p), err);
        return ST_BAD;
    }
    if (good < doc->text.n) {
        err_set(err, "a byte that is not UTF-8: this is no text, or in "
                     "another encoding");
        place_err(doc, good, err);
        return ST_BAD;
    }
    st = check_directives(doc, err);
    if (st == ST_OK)
        st = check_blanks(doc, err);
    return st ? st : check_flow(doc, err);
}

enum status yaml_parse(struct slice text, struct yaml **ret, struct err *err)
{
    struct builder b = { .err = err };
    enum status st;

    if (text.n > YAML_BYTES_MAX) {
        err_set(err, "larger than %zu bytes", YAML_BYTES_MAX);
        return ST_LIMIT;
    }
    b.doc = xcalloc(1, sizeof(*b.doc));
    b.doc->text = take_text(b.doc, text.p, text.n);
    find_lines(b.doc);
    st = check_bytes(b.doc, err);
    if (st == ST_OK)
        st = build(&b);
    HASH_CLEAR(hh, b.anchors);
    if (st)
        yaml_free(b.doc);
    else
        *ret = b.doc;
    return st;
}

void yaml_free(struct yaml *doc)
{
    struct chunk *c, *next;

    if (!doc)
        return;
    for (c = doc->chunks; c; c = next) {
        next = c->next;
        free(c);
    }
    free(doc);
}

const struct yaml_node *yaml_root(const struct yaml *doc)
{
    return doc->root;
}

struct slice yaml_source(const struct yaml *doc)
{
    return doc->text;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping,
                                 const char *key)
{
    const struct yaml_node *child;

    if (!mapping || mapping->kind != YAML_MAPPING)
        return NULL;
    for (child = mapping->first; child; child = child->next)
        if (slice_is(child->key->text, key))
            return child;
    return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
           (node->text.n == 0 || slice_is(node->text, "~") ||
            slice_is(node->text, "null"));
}

const char *yaml_kind_name(const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING)
        return "a mapping";
    if (node->kind == YAML_SEQUENCE)
        return "a list";
    return yaml_is_null(node) ? "nothing" : "a single value";
}
