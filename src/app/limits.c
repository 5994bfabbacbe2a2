#include "limits.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t offset;
    bool span;
} fields[] = {
    { "shard_bytes", offsetof(struct limits, shard_bytes), false },
    { "string_bytes", offsetof(struct limits, string_bytes), false },
    { "list_items", offsetof(struct limits, list_items), false },
    { "nodes", offsetof(struct limits, nodes), false },
    { "blade_nodes", offsetof(struct limits, blade_nodes), false },
    { "bank_keys", offsetof(struct limits, bank_keys), false },
    { "filter_gaps", offsetof(struct limits, filter_gaps), false },
    { "ids", offsetof(struct limits, ids), false },
    { "retire_after", offsetof(struct limits, retire_after), true },
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

static enum status unknown(struct slice name, struct err *err)
{
    struct buf list;
    size_t i;

    buf_init(&list, 1024);
    for (i = 0; i < FIELDS; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", fields[i].name);
    err_set(err, "there is no limit \"%.*s\"; there are: %s", SLICE_ARG(name),
            buf_cstr(&list));
    buf_release(&list);
    return ST_BAD;
}

static enum status number(struct slice text, uint64_t *ret, struct err *err)
{
    uint64_t v = 0;
    size_t i;

    for (i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' ||
            __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(text.p[i] - '0'), &v))
            break;
    if (text.n == 0 || i < text.n || v > INT64_MAX) {
        err_set(err, "\"%.*s\" is no whole number", SLICE_ARG(text));
        return ST_BAD;
    }
    *ret = v;
    return ST_OK;
}

enum status limits_set(struct limits *l, struct slice assignment,
                       struct err *err)
{
    const char *eq = memchr(assignment.p, '=', assignment.n);
    struct slice name, value;
    char *base = (char *)l;
    size_t i;

    if (!eq) {
        err_set(err, "a limit is set as name=value, as in nodes=5000000");
        return ST_BAD;
    }
    name = slice_of(assignment.p, (size_t)(eq - assignment.p));
    value = slice_of(eq + 1, assignment.n - name.n - 1);
    for (i = 0; i < FIELDS; i++)
        if (slice_is(name, fields[i].name))
            break;
    if (i == FIELDS)
        return unknown(name, err);
    if (!fields[i].span)
        return number(value, (uint64_t *)(void *)(base + fields[i].offset),
                      err);
    if (span_parse(value, (nsec *)(void *)(base + fields[i].offset))) {
        err_set(err, "\"%.*s\" is no span of time; write 90s, 10m or 24h",
                SLICE_ARG(value));
        return ST_BAD;
    }
    return ST_OK;
}
