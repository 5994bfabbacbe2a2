/*
 * What rules derive, written to the monitor tree.  A value that is there
 * already is left alone, so that age() of it tells since when it has held.
 */
#include "inside.h"

#include <assert.h>
#include <stdio.h>

void derive_at(struct engine *e, nsec at)
{
    if (at > e->clock)
        e->clock = at;
}

static struct write write_now(struct engine *e)
{
    nsec at = engine_clock(e);

    if (e->seq_at != at) {
        e->seq_at = at;
        e->seq = 0;
    }
    return (struct write){
        .tag = { at, e->config.origin, ++e->seq },
        .entry = 0,
        .payer = tree_payer(e->config.blade),
    };
}

static const struct node *there(const struct engine *e, const struct map *in,
                                const struct step *s)
{
    uint32_t key = keys_find(&e->config.monitor->keys, s->key, s->hash);
    const struct node *n = key == KEY_NONE ? NULL : map_find(in, key);

    return n && n->kind != NODE_NONE ? n : NULL;
}

struct map *derive_map(struct engine *e, struct map *in, struct slice key)
{
    struct step s = tree_step(e->config.monitor, key);
    const struct node *n = there(e, in, &s);
    struct write w;
    struct map *m;

    if (n && n->kind == NODE_MAP)
        return n->u.map;
    w = write_now(e);
    m = tree_map(e->config.monitor, in, &s, &w);
    assert(m); /* the monitor's tree has no bounds of its own */
    return m;
}

static void derive_node(struct engine *e, struct map *in, struct slice key,
                        enum node_kind kind, struct slice text)
{
    struct step s = tree_step(e->config.monitor, key);
    const struct node *n = there(e, in, &s);
    const struct scalar value = { kind, text };
    struct write w;
    bool plain = kind == NODE_FALSE || kind == NODE_TRUE;

    if (n && n->kind == kind && (plain || slice_eq(node_text(n), text)))
        return;
    w = write_now(e);
    if (tree_set(e->config.monitor, in, &s, &w, &value))
        e->stats.errors++;
}

void derive_text(struct engine *e, struct map *in, const char *key,
                 struct slice value)
{
    derive_node(e, in, slice_str(key), NODE_STRING, value);
}

void derive_entry(struct engine *e, struct map *in, struct slice key,
                  struct slice value)
{
    derive_node(e, in, key, NODE_STRING, value);
}

void derive_json(struct engine *e, struct map *in, struct slice key,
                 struct slice json)
{
    bool array = json.n && *json.p == '[';

    derive_node(e, in, key, array ? NODE_ARRAY : NODE_NUMBER, json);
}

void derive_u64(struct engine *e, struct map *in, const char *key,
                uint64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

    derive_node(e, in, slice_str(key), NODE_NUMBER, slice_of(text, (size_t)n));
}

void derive_bool(struct engine *e, struct map *in, const char *key, bool value)
{
    derive_node(e, in, slice_str(key), value ? NODE_TRUE : NODE_FALSE,
                slice_of("", 0));
}

void derive_instant(struct engine *e, struct map *in, const char *key, nsec at)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    derive_text(e, in, key, slice_str(text));
}

void derive_count(struct engine *e, struct map *in, struct slice key,
                  uint32_t blade, amount by, nsec ts)
{
    struct step s = tree_step(e->config.monitor, key);
    struct write w = write_now(e);

    w.tag.ts = ts;
    w.late = true; /* what stands there may have a later one */
    w.entry = names_entry(e->config.names, blade);
    if (tree_inc(e->config.monitor, in, &s, &w, by))
        e->stats.errors++;
}

void derive_erase(struct engine *e, struct map *in, struct slice key)
{
    struct step s = tree_step(e->config.monitor, key);
    struct write w;

    if (!there(e, in, &s))
        return;
    w = write_now(e);
    tree_erase(e->config.monitor, in, &s, &w);
}

struct map *derive_rule(struct engine *e, const struct live *l)
{
    struct map *m = e->config.monitor->root.u.map;

    m = derive_map(e, m, slice_str(rule_kind_section(l->rule->kind)));
    return derive_map(e, m, l->rule->name);
}

struct map *derive_instance(struct engine *e, const struct instance *i)
{
    struct map *m = derive_rule(e, i->live);
    size_t k;

    if (i->live->rule->kind == RULE_ALERT)
        m = derive_map(e, m, slice_str("instances"));
    for (k = 0; k < i->live->rule->foreach.nstars; k++)
        m = derive_map(e, m, instance_key(e, i, k));
    return m;
}

void derive_forget(struct engine *e, const struct instance *i)
{
    size_t n = i->live->rule->foreach.nstars;
    struct map *m = derive_rule(e, i->live), *way[RULE_STARS_MAX + 1];
    size_t k;

    if (n == 0) { /* what stands there beside an alert's own is the rule's */
        derive_erase(e, m, slice_str("instances"));
        return;
    }
    if (i->live->rule->kind == RULE_ALERT)
        m = derive_map(e, m, slice_str("instances"));
    for (k = 0; k < n; k++) {
        way[k] = m;
        m = derive_map(e, m, instance_key(e, i, k));
    }
    way[n] = NULL;
    for (k = n; k-- > 0 && (!way[k + 1] || way[k + 1]->n == 0);)
        derive_erase(e, way[k], instance_key(e, i, k));
}

static struct map *map_there(const struct engine *e, const struct map *in,
                             struct slice key)
{
    struct step s = tree_step(e->config.monitor, key);
    const struct node *n = there(e, in, &s);

    return n && n->kind == NODE_MAP ? n->u.map : NULL;
}

/* What is at in.first.second, and first with the last that is in it. */
static void drop(struct engine *e, struct map *in, struct slice first,
                 struct slice second)
{
    struct map *m = map_there(e, in, first);

    if (!m)
        return;
    derive_erase(e, m, second);
    if (m->n == 0)
        derive_erase(e, in, first);
}

void derive_drop_rule(struct engine *e, const struct live *l)
{
    struct slice section = slice_str(rule_kind_section(l->rule->kind));
    struct map *root = e->config.monitor->root.u.map;
    struct map *rules = map_there(e, root, slice_str("rules"));

    drop(e, root, section, l->rule->name);
    if (l->rule->kind == RULE_REVIVE)
        drop(e, root, slice_str(RULE_BREAKERS), l->rule->name);
    if (!rules)
        return;
    drop(e, rules, section, l->rule->name);
    if (rules->n == 0)
        derive_erase(e, root, slice_str("rules"));
}

static struct map *derive_healths(struct engine *e, const struct live *l)
{
    struct map *m =
        derive_map(e, e->config.monitor->root.u.map, slice_str("rules"));

    return derive_map(e, m, slice_str(rule_kind_section(l->rule->kind)));
}

void derive_health(struct engine *e, const struct live *l)
{
    struct map *m = derive_map(e, derive_healths(e, l), l->rule->name);

    derive_text(e, m, "health", slice_str(rule_ill(l) ? "err" : "ok"));
    if (l->errors)
        derive_u64(e, m, "errors", l->errors);
    if (l->last_error)
        derive_text(e, m, "last_error", slice_str(l->last_error));
}
