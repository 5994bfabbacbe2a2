#include "source.h"

#include "base/alloc.h"

static const char *const names[] = {
    [MODE_SHARD] = "shard",
    [MODE_JSON] = "json",
    [MODE_TEXT] = "text",
};

const char *mode_name(enum mode mode)
{
    return names[mode];
}

enum status mode_parse(struct slice text, enum mode *ret_mode)
{
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (slice_is(text, names[i])) {
            *ret_mode = (enum mode)i;
            return ST_OK;
        }
    }
    return ST_BAD;
}

static size_t path_bytes(const struct path *path)
{
    size_t n = 0, i;

    for (i = 0; i < path->n; i++)
        n += path->key[i].n;
    return n;
}

static struct slice keep(char **p, struct slice s)
{
    struct slice kept = slice_of(*p, s.n);

    if (s.n)
        memcpy(*p, s.p, s.n);
    *p += s.n;
    return kept;
}

static void keep_path(char **p, struct path *path)
{
    size_t i;

    for (i = 0; i < path->n; i++)
        path->key[i] = keep(p, path->key[i]);
}

struct source *source_copy(const struct source *source)
{
    size_t n = source->blade.n + source->run.n + path_bytes(&source->at), i;
    struct source *copy;
    struct path *scope;
    char *text;

    for (i = 0; i < source->nscope; i++)
        n += sizeof(*scope) + path_bytes(&source->scope[i]);
    copy = xmalloc(sizeof(*copy) + n);
    *copy = *source;
    scope = (struct path *)(copy + 1);
    text = (char *)(scope + source->nscope);
    copy->blade = keep(&text, source->blade);
    copy->run = keep(&text, source->run);
    keep_path(&text, &copy->at);
    for (i = 0; i < source->nscope; i++) {
        scope[i] = source->scope[i];
        keep_path(&text, &scope[i]);
    }
    copy->scope = scope;
    return copy;
}
