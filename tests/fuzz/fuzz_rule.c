/*
 * The input is a rule file, or several with NUL bytes between them.  Whatever
 * it says, loading ends in a set or in errors; every diagnostic stands in its
 * file; and a set that loads once loads again, in the same order.
 */
#include "rule/rule.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 4

/* Stays on whatever the build says. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t split(const char *p, size_t n, struct rule_file *file)
{
    static const char *const names[FILES_MAX] = { "0", "1", "2", "3" };
    const char *end = p + n, *stop;
    size_t i;

    for (i = 0; i < FILES_MAX; i++) {
        stop = i + 1 < FILES_MAX && p < end ? memchr(p, '\0', (size_t)(end - p))
                                            : NULL;
        file[i].name = slice_str(names[i]);
        file[i].text = slice_of(p, (size_t)((stop ? stop : end) - p));
        if (!stop)
            return i + 1;
        p = stop + 1;
    }
    return i;
}

static size_t line_bytes(struct slice text, uint32_t line)
{
    const char *p = text.p, *end = p + text.n, *stop;

    for (; line > 1; line--) {
        p = memchr(p, '\n', (size_t)(end - p));
        must(p != NULL);
        p++;
    }
    stop = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return (size_t)((stop ? stop : end) - p);
}

static void check_places(const struct diagnostics *d,
                         const struct rule_file *file)
{
    const struct diagnostic *item;
    size_t i;

    for (i = 0; i < d->n; i++) {
        item = &d->item[i];
        must(item->text[0] != '\0');
        if (item->line == 0)
            continue;
        must(item->column >= 1 && item->end_column >= item->column);
        must(item->end_column - 1 <=
             line_bytes(file[item->order].text, item->line));
    }
}

static struct ruleset *load(const struct rule_file *file, size_t n)
{
    struct rule_options options = { 0 };
    struct diagnostics d = { 0 };
    struct ruleset *set = NULL;
    enum status st = ruleset_load(file, n, &options, &d, &set);
    struct buf out;

    must((st == ST_OK) == (d.errors == 0) && (st == ST_OK) == (set != NULL));
    check_places(&d, file);
    buf_init(&out, BUF_NO_CAP);
    diagnostics_write(&d, true, &out);
    diagnostics_json(&d, &out);
    buf_release(&out);
    diagnostics_release(&d);
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_file file[FILES_MAX];
    size_t i, n = split((const char *)data, size, file);
    struct ruleset *a = load(file, n), *b = load(file, n);

    must(!a == !b);
    for (i = 0; a && i < a->n; i++) {
        must(slice_eq(a->rule[i].name, b->rule[i].name));
        must(slice_eq(a->rule[i].text, b->rule[i].text));
        must(rule_program(&a->rule[i], 0) == NULL ||
             cel_program_type(rule_program(&a->rule[i], 0)) != NULL);
    }
    ruleset_free(a);
    ruleset_free(b);
    return 0;
}
