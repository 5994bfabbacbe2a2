#include "val.h"

#include "base/alloc.h"
#include "data/tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct val *val_new(enum val_kind kind, const char *text)
{
    struct val *v = xcalloc(1, sizeof(*v));

    v->kind = kind;
    v->text = text ? xstrdup(text) : NULL;
    return v;
}

struct val *val_number(const char *text, int64_t micro)
{
    struct val *v = val_new(VAL_NUMBER, text);

    v->micro = micro;
    return v;
}

void val_free(struct val *v)
{
    struct val *c, *next;

    if (!v)
        return;
    for (c = v->first; c; c = next) {
        next = c->next;
        val_free(c);
    }
    free(v->text);
    free(v->key);
    free(v);
}

struct val *val_copy(const struct val *v)
{
    struct val *copy = val_new(v->kind, v->text), **end = &copy->first;
    const struct val *c;

    copy->micro = v->micro;
    copy->key = v->key ? xstrdup(v->key) : NULL;
    for (c = v->first; c; c = c->next) {
        *end = val_copy(c);
        end = &(*end)->next;
    }
    return copy;
}

struct val *val_get(const struct val *object, const char *key)
{
    struct val *c;

    for (c = object->first; c; c = c->next)
        if (strcmp(c->key, key) == 0)
            return c;
    return NULL;
}

bool val_remove(struct val *object, const char *key)
{
    struct val **at, *gone;

    for (at = &object->first; *at; at = &(*at)->next) {
        if (strcmp((*at)->key, key) == 0) {
            gone = *at;
            *at = gone->next;
            val_free(gone);
            return true;
        }
    }
    return false;
}

void val_append(struct val *array, struct val *item)
{
    struct val **end = &array->first;

    while (*end)
        end = &(*end)->next;
    *end = item;
}

void val_put(struct val *object, const char *key, struct val *member)
{
    val_remove(object, key);
    free(member->key);
    member->key = xstrdup(key);
    val_append(object, member);
}

static void write_string(const char *s, struct buf *out)
{
    static const char from[] = "\"\\\n\t\b\f\r", to[] = "\"\\ntbfr";
    const char *special;

    buf_char(out, '"');
    for (; *s; s++) {
        special = strchr(from, *s);
        if (special)
            buf_printf(out, "\\%c", to[special - from]);
        else if ((unsigned char)*s < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)*s);
        else
            buf_char(out, *s);
    }
    buf_char(out, '"');
}

static int by_key(const void *a, const void *b)
{
    const struct val *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

static void write_children(const struct val *v, struct buf *out)
{
    const struct val *c, **sorted;
    size_t n = 0, i = 0;

    for (c = v->first; c; c = c->next)
        n++;
    sorted = xcalloc(n + 1, sizeof(const struct val *));
    for (c = v->first; c; c = c->next)
        sorted[i++] = c;
    if (v->kind == VAL_OBJECT)
        qsort(sorted, n, sizeof(const struct val *), by_key);
    for (i = 0; i < n; i++) {
        if (i)
            buf_char(out, ',');
        if (v->kind == VAL_OBJECT) {
            write_string(sorted[i]->key, out);
            buf_char(out, ':');
        }
        val_write(sorted[i], out);
    }
    free(sorted);
}

void val_write(const struct val *v, struct buf *out)
{
    static const char *const words[] = { "null", "false", "true" };

    if (v->kind <= VAL_TRUE) {
        buf_str(out, words[v->kind]);
    } else if (v->kind == VAL_NUMBER) {
        buf_str(out, v->text);
    } else if (v->kind == VAL_STRING) {
        write_string(v->text, out);
    } else {
        buf_char(out, v->kind == VAL_ARRAY ? '[' : '{');
        write_children(v, out);
        buf_char(out, v->kind == VAL_ARRAY ? ']' : '}');
    }
}

static struct val *from_tape(const struct tape *t, size_t *at)
{
    static const enum val_kind kinds[] = {
        [TAPE_NULL] = VAL_NULL,     [TAPE_FALSE] = VAL_FALSE,
        [TAPE_TRUE] = VAL_TRUE,     [TAPE_NUMBER] = VAL_NUMBER,
        [TAPE_STRING] = VAL_STRING, [TAPE_ARRAY] = VAL_ARRAY,
        [TAPE_OBJECT] = VAL_OBJECT,
    };
    const struct tape_op *op = &t->op[(*at)++];
    struct val *v = val_new(kinds[op->kind], NULL), *c, **end = &v->first;
    char *key = NULL;

    if (op->kind == TAPE_NUMBER || op->kind == TAPE_STRING)
        v->text = xmemdup0(op->p, op->n);
    while (op->kind >= TAPE_ARRAY && *at < op->end) {
        if (op->kind == TAPE_OBJECT) {
            assert(!(t->op[*at].flags & TAPE_DEAD));
            key = xmemdup0(t->op[*at].p, t->op[*at].n);
            ++*at;
        }
        c = from_tape(t, at);
        c->key = key;
        *end = c;
        end = &c->next;
    }
    return v;
}

struct val *val_parse(struct slice text)
{
    struct tape_parser *parser = tape_parser_new(1);
    struct tape tape;
    struct val *v = NULL;
    size_t at = 0;

    if (!tape_parse(parser, text, &tape, NULL))
        v = from_tape(&tape, &at);
    tape_parser_free(parser);
    assert(v);
    return v;
}

/* Takes one key off a JSON Pointer. */
static char *next_key(const char **pointer)
{
    const char *p = *pointer + 1;
    char *key = xcalloc(1, strlen(p) + 1), *to = key;

    for (; *p && *p != '/'; p++) {
        *to++ = *p == '~' ? p[1] == '1' ? '/' : '~' : *p;
        p += *p == '~';
    }
    *pointer = p;
    return key;
}

static bool patch_one(struct val **doc, const struct val *op)
{
    const struct val *value = val_get(op, "value");
    const char *at = val_get(op, "path")->text;
    bool add = strcmp(val_get(op, "op")->text, "add") == 0, good;
    struct val *in = *doc;
    char *key;

    if (*at == '\0') {
        good = add || *doc;
        val_free(*doc);
        *doc = add ? val_copy(value) : NULL;
        return good;
    }
    for (key = next_key(&at); *at; key = next_key(&at)) {
        in = in && in->kind == VAL_OBJECT ? val_get(in, key) : NULL;
        free(key);
    }
    good = in && in->kind == VAL_OBJECT;
    if (good && add)
        val_put(in, key, val_copy(value));
    else if (good)
        good = val_remove(in, key);
    free(key);
    return good;
}

bool val_patch(struct val **doc, const struct val *patch)
{
    const struct val *op;

    for (op = patch->first; op; op = op->next)
        if (!patch_one(doc, op))
            return false;
    return true;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

uint64_t random_below(uint64_t *state, uint64_t n)
{
    return (random_next(state) >> 11) % n;
}
