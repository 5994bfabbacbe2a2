#include "notify/alert.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/utf8.h"

#include <stdlib.h>

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static bool is_valid_name(struct slice name)
{
    size_t i;

    for (i = 0; i < name.n; i++)
        if (!is_name_byte(name.p[i], i == 0))
            return false;
    return name.n > 0;
}

static void clean_name(struct slice name, struct buf *out)
{
    size_t i;

    buf_reset(out);
    if (name.n == 0 || (*name.p >= '0' && *name.p <= '9'))
        buf_char(out, '_');
    for (i = 0; i < name.n; i++)
        buf_char(out, is_name_byte(name.p[i], false) ? name.p[i] : '_');
}

static bool has_name(const struct notice_pair *pair, size_t n,
                     struct slice name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (slice_eq(pair[i].name, name))
            return true;
    return false;
}

/* name made valid and unlike those of the n pairs. */
static struct slice distinct_name(struct alert *a,
                                  const struct notice_pair *pair, size_t n,
                                  struct slice name)
{
    struct buf text;
    size_t bare;
    unsigned suffix;

    buf_init(&text, BUF_NO_CAP);
    clean_name(name, &text);
    bare = text.n;
    for (suffix = 2; has_name(pair, n, buf_view(&text)); suffix++) {
        text.n = bare;
        buf_printf(&text, "_%u", suffix);
    }
    name = arena_copy(&a->arena, buf_view(&text));
    buf_release(&text);
    return name;
}

static struct slice copy_value(struct alert *a, struct slice value)
{
    struct buf text;

    if (utf8_valid(value))
        return arena_copy(&a->arena, value);
    buf_init(&text, BUF_NO_CAP);
    utf8_repair(value, &text);
    value = arena_copy(&a->arena, buf_view(&text));
    buf_release(&text);
    return value;
}

static int by_name(const void *x, const void *y)
{
    const struct notice_pair *a = x, *b = y;

    return slice_cmp(a->name, b->name);
}

static struct notice_pair *copy_pairs(struct alert *a,
                                      const struct notice_pair *from, size_t n,
                                      size_t *ret_n)
{
    struct notice_pair *pair =
        arena_alloc(&a->arena, n * sizeof(*pair) + sizeof(*pair));
    size_t i, used = 0;

    for (i = 0; i < n; i++)
        if (from[i].value.n && is_valid_name(from[i].name))
            pair[used++] = (struct notice_pair){
                arena_copy(&a->arena, from[i].name),
                copy_value(a, from[i].value),
            };
    for (i = 0; i < n; i++)
        if (from[i].value.n && !is_valid_name(from[i].name)) {
            pair[used].name = distinct_name(a, pair, used, from[i].name);
            pair[used++].value = copy_value(a, from[i].value);
        }
    qsort(pair, used, sizeof(*pair), by_name);
    *ret_n = used;
    return pair;
}

static uint64_t fnv_add(uint64_t sum, struct slice s)
{
    size_t i;

    for (i = 0; i < s.n; i++)
        sum = (sum ^ (unsigned char)s.p[i]) * 1099511628211u;
    return (sum ^ 0xff) * 1099511628211u;
}

/* FNV-1a over the sorted labels, 0xff behind each name and each value. */
static uint64_t fingerprint(const struct alert *a)
{
    uint64_t sum = 14695981039346656037u;
    size_t i;

    for (i = 0; i < a->nlabels; i++) {
        sum = fnv_add(sum, a->label[i].name);
        sum = fnv_add(sum, a->label[i].value);
    }
    return sum;
}

struct alert *alert_new(const struct notice *notice)
{
    struct alert *a = xcalloc(1, sizeof(*a));
    size_t i;

    a->refs = 1;
    arena_init(&a->arena, SIZE_MAX); /* the core bounds its notices */
    a->ordinal = notice->ordinal;
    a->firing = notice->firing;
    a->starts_at = notice->starts_at;
    a->ends_at = notice->ends_at;
    a->id = arena_copy(&a->arena, notice->id);
    a->label = copy_pairs(a, notice->label, notice->nlabels, &a->nlabels);
    a->annotation = copy_pairs(a, notice->annotation, notice->nannotations,
                               &a->nannotations);
    a->name = slice_str("");
    for (i = 0; i < a->nlabels; i++)
        if (slice_is(a->label[i].name, "alertname"))
            a->name = a->label[i].value;
    a->fingerprint = fingerprint(a);
    return a;
}

struct alert *alert_ref(struct alert *a)
{
    a->refs++;
    return a;
}

void alert_unref(struct alert *a)
{
    if (!a || --a->refs > 0)
        return;
    arena_release(&a->arena);
    free(a);
}
