#include "probe/inside.h"

#include "data/json.h"

#include <stdio.h>
#include <string.h>

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

static void body_value(const struct tape *tape, size_t i, struct buf *out);

static void body_object(const struct tape *tape, size_t at, struct buf *out)
{
    bool any = false;

    buf_char(out, '{');
    for (size_t i = at + 1; i < tape->op[at].end; i = tape->op[i].end) {
        if (tape->op[i].flags & TAPE_DEAD)
            continue;
        if (any)
            buf_char(out, ',');
        literal_key(tape_text(&tape->op[i]), out);
        buf_char(out, ':');
        body_value(tape, i + 1, out);
        any = true;
    }
    buf_char(out, '}');
}

/* In an array nothing is an instruction. */
static void body_value(const struct tape *tape, size_t i, struct buf *out)
{
    if (tape->op[i].kind == TAPE_OBJECT)
        body_object(tape, i, out);
    else
        json_value(tape, i, out);
}

static bool judge_json(struct tape_parser *parser, struct slice body,
                       struct buf *json, char why[SENTENCE_MAX])
{
    struct tape tape;
    struct err err;

    if (tape_parse(parser, body, &tape, &err)) {
        snprintf(why, SENTENCE_MAX, "its body is no JSON: %.160s", err.text);
        return false;
    }
    body_value(&tape, 0, json);
    if (buf_ok(json))
        return true;
    snprintf(why, SENTENCE_MAX,
             "its JSON is longer than the %zu bytes that are recorded",
             json->cap);
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
                  int code, struct slice body, struct buf *json,
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
