/*
 * fuzz_probe_answer.c - what a target answers by HTTP.
 *
 * The first byte says the status and whether the body has to be JSON, or to
 * contain something.  Whatever is recorded is JSON in which no key is an
 * instruction; whatever is not has a sentence.
 */
#include "probe/inside.h"

#include "data/json.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define STRING_MAX 100

enum { JSON = 1, MATCH = 2, FAILED = 4 };

/* Of an array the text is kept as it is. */
static void check(const struct tape *t, size_t i)
{
    size_t j;

    if (t->op[i].kind == TAPE_ARRAY) {
        struct buf text;

        buf_init(&text, BUF_NO_CAP);
        json_value(t, i, &text);
        assert(text.n <= STRING_MAX);
        buf_release(&text);
    }
    assert(t->op[i].kind == TAPE_OBJECT || t->op[i].n <= STRING_MAX);
    if (t->op[i].kind != TAPE_OBJECT)
        return;
    for (j = i + 1; j < t->op[i].end; j = t->op[j].end) {
        struct slice key = tape_text(&t->op[j]);

        assert(!key.n || key.p[0] != '$' || (key.n > 1 && key.p[1] == '$'));
        assert(!(t->op[j].flags & TAPE_DEAD));
        check(t, j + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct tape_parser *parser;
    struct probe_spec spec = probe_spec_default();
    char why[SENTENCE_MAX] = "";
    struct tape tape;
    struct body json = { .string_max = STRING_MAX };
    struct slice body;
    bool good;

    if (n < 1)
        return 0;
    if (!parser)
        parser = tape_parser_new(0);
    spec.kind = PROBE_HTTP;
    spec.json = data[0] & JSON;
    strcpy(spec.match, data[0] & MATCH ? "ok" : "");
    body = slice_of((const char *)data + 1, n - 1);
    buf_init(&json.json, PROBE_JSON_MAX);
    good = answer_judge(&spec, parser, data[0] & FAILED ? 500 : 200, body,
                        &json, why);
    assert(good == !why[0]);
    assert(json.json.n <= PROBE_JSON_MAX);
    if (good && spec.json) {
        assert(!tape_parse(parser, buf_view(&json.json), &tape, NULL));
        check(&tape, 0);
    }
    buf_release(&json.json);
    return 0;
}
