#include "docker/select.h"

#include "base/alloc.h"

static const struct label *find(struct labels labels, const char *key)
{
    for (size_t i = 0; i < labels.n; i++) {
        if (slice_is(labels.label[i].key, key))
            return &labels.label[i];
    }
    return NULL;
}

bool labels_match(struct labels labels, struct slice wanted)
{
    const char *eq = memchr(wanted.p, '=', wanted.n);
    struct slice key = wanted, value = { 0 };

    if (eq) {
        key.n = (size_t)(eq - wanted.p);
        value = slice_of(eq + 1, wanted.n - key.n - 1);
    }
    for (size_t i = 0; i < labels.n; i++) {
        if (slice_eq(labels.label[i].key, key))
            return !eq || slice_eq(labels.label[i].value, value);
    }
    return false;
}

bool label_says_yes(struct slice value)
{
    return slice_is(value, "true") || slice_is(value, "1") ||
           slice_is(value, "yes");
}

static void warn(struct buf *out, const struct label *l, const char *want)
{
    if (!out)
        return;
    if (out->n)
        buf_str(out, "; ");
    buf_printf(out, "label %.*s=%.*s is not %s", SLICE_ARG(l->key),
               l->value.n > 60 ? 60 : (int)l->value.n, l->value.p, want);
}

static void choose_mode(struct choice *c, const struct docker_rule *rules,
                        size_t nrules, struct labels labels, struct buf *out)
{
    const struct label *l = find(labels, "bladewatch");

    c->mode = MODE_JSON;
    for (size_t i = 0; i < nrules && !c->follow; i++) {
        if (!labels_match(labels, rules[i].label))
            continue;
        c->follow = true;
        c->mode = rules[i].mode;
    }
    if (!l)
        return;
    c->follow = true;
    if (mode_parse(l->value, &c->mode))
        warn(out, l, "shard, json or text; taken as json");
}

static void choose_scope(struct choice *c, const struct label *l,
                         struct buf *out)
{
    struct slice rest = l->value;

    while (rest.n) {
        const char *comma = memchr(rest.p, ',', rest.n);
        size_t n = comma ? (size_t)(comma - rest.p) : rest.n;

        if (c->nscope == SOURCE_SCOPE_MAX ||
            path_parse(&c->scope[c->nscope], slice_of(rest.p, n), &c->store,
                       NULL)) {
            warn(out, l, "a list of at most 8 paths; ignored");
            c->nscope = 0;
            return;
        }
        c->nscope++;
        rest = slice_of(rest.p + n + (comma != NULL),
                        rest.n - n - (comma != NULL));
    }
}

/* Paths point into the store: it must not move. */
static void reserve_store(struct choice *c, struct labels labels)
{
    const struct label *at = find(labels, "bladewatch.at");
    const struct label *scope = find(labels, "bladewatch.scope");
    size_t n = (at ? at->value.n : 0) + (scope ? scope->value.n : 0);

    buf_init(&c->store, n);
    if (n)
        buf_reserve(&c->store, n);
}

static void choose_all(struct choice *c, const struct docker_rule *rules,
                       size_t nrules, struct labels labels, struct buf *out)
{
    const struct label *l;

    *c = (struct choice){ 0 };
    reserve_store(c, labels);
    choose_mode(c, rules, nrules, labels, out);
    l = find(labels, "bladewatch.ignore");
    c->ignored = l && label_says_yes(l->value);
    if (c->ignored)
        c->follow = false;
    l = find(labels, "bladewatch.at");
    if (l && path_parse(&c->at, l->value, &c->store, NULL))
        warn(out, l, "a path such as a.b or /a/b; the default is used");
    else if (l)
        c->at_set = true;
    l = find(labels, "bladewatch.ttl");
    if (l && (span_parse(l->value, &c->ttl_for) || c->ttl_for < 0)) {
        warn(out, l, "a span such as 30s or 10m; no lease");
        c->ttl_for = 0;
    }
    l = find(labels, "bladewatch.scope");
    if (l)
        choose_scope(c, l, out);
}

void choose(struct choice *c, const struct docker_rule *rules, size_t nrules,
            struct labels labels)
{
    choose_all(c, rules, nrules, labels, NULL);
}

void choice_release(struct choice *c)
{
    buf_release(&c->store);
    *c = (struct choice){ 0 };
}

struct path choice_mount(const struct choice *c, struct slice name)
{
    struct path p = { 0 };

    if (c->at_set)
        return c->at;
    if (c->mode == MODE_SHARD)
        return p;
    p.key[0] = slice_str("blades");
    p.key[1] = name;
    p.n = 2;
    return p;
}

void choice_warnings(struct labels labels, struct buf *out)
{
    struct choice c;

    choose_all(&c, NULL, 0, labels, out);
    choice_release(&c);
}
