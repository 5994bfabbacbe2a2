#include "probe/inside.h"

#include "base/utf8.h"
#include "data/json.h"
#include "tree/path.h"

#include <stdio.h>
#include <string.h>

/* It stands at probes.NAME.body. */
#define BODY_DEPTH 3

static bool key_fits(struct slice key)
{
    return key.n + (key.n && *key.p == '$') <= PATH_KEY_MAX;
}

/* A key that begins with '$' is written with one more. */
static void literal_key(struct slice key, struct buf *out)
{
    struct buf text;

    if (!key.n || *key.p != '$') {
        json_string(key, out);
        return;
    }
    buf_init(&text, key.n + 1);
    buf_char(&text, '$');
    buf_slice(&text, key);
    json_string(buf_view(&text), out);
    buf_release(&text);
}

static void body_value(const struct tape *tape, size_t i, size_t depth,
                       struct body *out);

static void body_object(const struct tape *tape, size_t at, size_t depth,
                        struct body *out)
{
    struct buf *b = &out->json;
    bool any = false;

    buf_char(b, '{');
    for (size_t i = at + 1; i < tape->op[at].end; i = tape->op[i].end) {
        if (tape->op[i].flags & TAPE_DEAD)
            continue;
        if (depth == PATH_KEYS_MAX || !key_fits(tape_text(&tape->op[i]))) {
            out->cut = true;
            continue;
        }
        if (any)
            buf_char(b, ',');
        literal_key(tape_text(&tape->op[i]), b);
        buf_char(b, ':');
        body_value(tape, i + 1, depth + 1, out);
        any = true;
    }
    buf_char(b, '}');
}

/* In an array nothing is an instruction; it ends before what is too long. */
static void body_array(const struct tape *tape, size_t at, struct body *out)
{
    struct buf *b = &out->json;
    size_t from = b->n, end;

    buf_char(b, '[');
    for (size_t i = at + 1; i < tape->op[at].end; i = tape_after(tape, i)) {
        end = b->n;
        if (i > at + 1)
            buf_char(b, ',');
        json_value(tape, i, b);
        if (b->n - from < out->string_max)
            continue;
        b->n = end;
        out->cut = true;
        break;
    }
    buf_char(b, ']');
}

static void body_value(const struct tape *tape, size_t i, size_t depth,
                       struct body *out)
{
    const struct tape_op *op = &tape->op[i];
    bool fits = op->n <= out->string_max;

    if (op->kind == TAPE_OBJECT) {
        body_object(tape, i, depth, out);
    } else if (op->kind == TAPE_ARRAY) {
        body_array(tape, i, out);
    } else if (fits) {
        json_value(tape, i, &out->json);
    } else {
        out->cut = true;
        if (op->kind == TAPE_STRING)
            json_string(utf8_cut(tape_text(op), out->string_max), &out->json);
        else
            buf_str(&out->json, "null"); /* half a number is another one */
    }
}

static bool judge_json(struct tape_parser *parser, struct slice body,
                       struct body *json, char why[SENTENCE_MAX])
{
    struct tape tape;
    struct err err;

    if (tape_parse(parser, body, &tape, &err)) {
        snprintf(why, SENTENCE_MAX, "its body is no JSON: %.160s", err.text);
        return false;
    }
    body_value(&tape, 0, BODY_DEPTH, json);
    if (buf_ok(&json->json))
        return true;
    snprintf(why, SENTENCE_MAX,
             "its JSON is longer than the %zu bytes that are recorded",
             json->json.cap);
    return false;
}

static void wrong_status(const struct probe_spec *s, int code,
                         char why[SENTENCE_MAX])
{
    if (s->code_from == s->code_to)
        snprintf(why, SENTENCE_MAX, "it answers %d, not %u", code,
                 s->code_from);
    else
        snprintf(why, SENTENCE_MAX, "it answers %d, not %u to %u", code,
                 s->code_from, s->code_to);
}

bool answer_judge(const struct probe_spec *s, struct tape_parser *parser,
                  int code, struct slice body, struct body *json,
                  char why[SENTENCE_MAX])
{
    if (code < s->code_from || code > s->code_to) {
        wrong_status(s, code, why);
        return false;
    }
    if (s->match[0] && !memmem(body.p, body.n, s->match, strlen(s->match))) {
        snprintf(why, SENTENCE_MAX, "its body does not contain what it has to");
        return false;
    }
    return !s->json || judge_json(parser, body, json, why);
}
