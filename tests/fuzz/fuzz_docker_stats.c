/*
 * fuzz_docker_stats.c - what a container uses, told by an engine of any kind.
 *
 * Each line is an answer, and the one before it is what it is compared with.
 * Whatever they say, what comes of it is JSON that can be recorded.
 */
#include "docker/usage.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static void check_json(struct tape_parser *parser, struct buf *b)
{
    struct tape t;

    assert(buf_ok(b));
    assert(tape_parse(parser, buf_view(b), &t, NULL) == ST_OK);
    buf_reset(b);
}

static void check_usage(struct tape_parser *parser, const struct usage *u)
{
    struct buf b;

    assert(isfinite(u->cpu_percent) && u->cpu_percent >= 0);
    assert(u->has_cpu_percent || u->cpu_percent == 0);
    assert(u->memory_used <= u->memory);
    assert(u->at >= 0);
    buf_init(&b, 1024);
    buf_char(&b, '{');
    usage_members(u, &b);
    buf_char(&b, '}');
    check_json(parser, &b);
    usage_text(u, &b);
    check_json(parser, &b);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tape_parser *parser = tape_parser_new(1);
    struct slice rest = slice_of((const char *)data, n);
    struct usage u = { 0 };
    struct tape t;

    while (rest.n) {
        const char *nl = memchr(rest.p, '\n', rest.n);
        size_t used = nl ? (size_t)(nl - rest.p) + 1 : rest.n;

        if (!tape_parse(parser, slice_of(rest.p, used), &t, NULL)) {
            u = usage_read(&t, 1, &u);
            check_usage(parser, &u);
        }
        rest = slice_of(rest.p + used, rest.n - used);
    }
    tape_parser_free(parser);
    return 0;
}
