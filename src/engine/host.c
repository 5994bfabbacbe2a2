/*
 * The two trees as an expression sees them: one state, with what rules derive
 * under "monitor".  Visiting the root's children shows what was logged alone;
 * monitor is there for who names it, so that no rule reads its own outcome by
 * looking around.
 */
#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "prove.h"

#define MONITOR "monitor"

struct tree *tree_of(const struct engine *e, unsigned mark)
{
    return mark == MARK_MONITOR ? e->config.monitor : e->config.state;
}

static const struct map *map_of(const struct cel_place *p)
{
    const struct node *n = p->node;

    return n && n->kind == NODE_MAP ? n->u.map : NULL;
}

static uint32_t host_hash(void *self, struct slice key)
{
    struct engine *e = self;

    return hash_key(e->config.state->seed, key);
}

static struct cel_place host_root(void *self)
{
    struct engine *e = self;

    return (struct cel_place){ .node = &e->config.state->root,
                               .key = KEY_NONE,
                               .tree = MARK_STATE };
}

static bool child_of(const struct engine *e, const struct map *m, uint8_t mark,
                     const struct cel_key *key, struct cel_place *ret)
{
    const struct tree *t = tree_of(e, mark);
    const struct node *n = NULL;
    uint32_t id = keys_find(&t->keys, key->text, key->hash);

    if (id != KEY_NONE)
        n = map_find(m, id);
    if (n && n->kind == NODE_NONE)
        n = NULL;
    *ret = (struct cel_place){ m, n, id, mark };
    prove_read(e, mark, m, id, key->text, READ_EXISTS);
    return n != NULL;
}

static bool is_monitor(const struct engine *e, const struct map *m,
                       uint8_t mark, const struct cel_key *key)
{
    return mark == MARK_STATE && m == e->config.state->root.u.map &&
           slice_is(key->text, MONITOR);
}

static bool child_in(const struct engine *e, const struct map *m, uint8_t mark,
                     const struct cel_key *key, struct cel_place *ret)
{
    if (is_monitor(e, m, mark, key)) {
        *ret = (struct cel_place){ .node = &e->config.monitor->root,
                                   .key = KEY_NONE,
                                   .tree = MARK_MONITOR };
        return true;
    }
    return child_of(e, m, mark, key, ret);
}

static bool host_child(void *self, const struct cel_place *in,
                       const struct cel_key *key, struct cel_place *ret)
{
    const struct map *m = map_of(in);

    return m && child_in(self, m, in->tree, key, ret);
}

static bool host_get(void *self, struct cel_value map,
                     const struct cel_key *key, struct cel_place *ret)
{
    return child_in(self, map.node, map.host, key, ret);
}

/* -- values --------------------------------------------------------------- */

static struct cel_value amount_value(amount a)
{
    amount whole = a / AMOUNT_UNIT;

    if (whole * AMOUNT_UNIT == a && whole >= INT64_MIN && whole <= INT64_MAX)
        return cel_int((int64_t)whole);
    return cel_double((double)a / AMOUNT_UNIT);
}

static struct cel_value list_value(struct cel_context *cx, const struct list *l)
{
    struct cel_value *item = cel_new_items(cx, l->n);
    uint32_t i;

    if (!item)
        return cel_spent();
    for (i = 0; i < l->n; i++) {
        item[i] = cel_from_json(cx, l->item[i]);
        if (item[i].kind == CEL_ERROR)
            return item[i];
    }
    return cel_list_of(cx, item, l->n);
}

static struct cel_value host_load(void *self, struct cel_context *cx,
                                  const struct cel_place *p)
{
    const struct node *n = p->node;

    prove_read(self, p->tree, p->map, p->key, slice_of(NULL, 0), READ_VALUE);
    switch ((enum node_kind)n->kind) {
    case NODE_NONE:
        break;
    case NODE_FALSE:
    case NODE_TRUE:
        return cel_bool(n->kind == NODE_TRUE);
    case NODE_NUMBER:
        return cel_number(node_text(n));
    case NODE_STRING:
        return cel_string(node_text(n));
    case NODE_ARRAY:
        return cel_from_json(cx, node_text(n));
    case NODE_LIST:
        return list_value(cx, n->u.list);
    case NODE_COUNTER:
        return amount_value(node_sum(n));
    case NODE_MAP:
        return (struct cel_value){ .kind = CEL_MAP,
                                   .host = p->tree,
                                   .node = n->u.map };
    }
    return cel_null();
}

static bool host_next(void *self, struct cel_value map, struct cel_step *step,
                      struct cel_place *ret)
{
    const struct map *m = map.node;
    struct map_iter it = { step->page, step->i };
    struct node *n;
    uint32_t key;
    bool more;

    if (it.page == 0 && it.i == 0)
        prove_keys(self, map.host, m);
    do {
        more = map_next(m, &it, &key, &n);
    } while (more && n->kind == NODE_NONE);
    *step = (struct cel_step){ it.page, it.i };
    if (more)
        *ret = (struct cel_place){ m, n, key, map.host };
    return more;
}

static size_t host_size(void *self, struct cel_value map)
{
    struct cel_step step = { 0 };
    struct cel_place p;
    size_t n = 0;

    while (host_next(self, map, &step, &p))
        n++;
    return n;
}

static struct slice host_key(void *self, const struct cel_place *p)
{
    const struct engine *e = self;

    if (!p->map)
        return slice_str(p->tree == MARK_MONITOR ? MONITOR : "");
    if (p->key == KEY_NONE)
        return slice_of("", 0);
    return keys_text(&tree_of(e, p->tree)->keys, p->key);
}

/* -- where and when ---------------------------------------------------------
 */

static bool is_word(struct slice key)
{
    size_t i;

    for (i = 0; i < key.n; i++) {
        char c = key.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i && c >= '0' && c <= '9')))
            return false;
    }
    return key.n > 0;
}

static void add_key(struct buf *out, struct slice key)
{
    if (is_word(key)) {
        buf_str(out, out->n ? "." : "");
        buf_slice(out, key);
        return;
    }
    buf_str(out, out->n ? ".`" : "`");
    buf_slice(out, key);
    buf_char(out, '`');
}

static void add_path(const struct engine *e, uint8_t mark, const struct map *m,
                     struct buf *out)
{
    if (m->parent) {
        add_path(e, mark, m->parent, out);
        add_key(out, keys_text(&tree_of(e, mark)->keys, m->key));
    } else if (mark == MARK_MONITOR) {
        add_key(out, slice_str(MONITOR));
    }
}

static void host_path(void *self, const struct cel_place *p, struct buf *out)
{
    if (p->map) {
        add_path(self, p->tree, p->map, out);
        add_key(out, host_key(self, p));
    } else if (p->tree == MARK_MONITOR) {
        add_key(out, slice_str(MONITOR));
    }
}

static nsec host_last_seen(void *self, const struct cel_place *p)
{
    const struct node *n = p->node;

    prove_read(self, p->tree, p->map, p->key, slice_of(NULL, 0), READ_META);
    return n->tag.ts;
}

static struct slice host_blade(void *self, const struct cel_place *p)
{
    const struct engine *e = self;
    const struct node *n = p->node;

    prove_read(e, p->tree, p->map, p->key, slice_of(NULL, 0), READ_META);
    if (n->tag.ts == TAG_NEVER.ts)
        return slice_of("", 0);
    return names_blade_text(e->config.names,
                            names_origin_blade(e->config.names, n->tag.origin));
}

/* Parts of blades that have retired belong to the base, which is called "". */
static size_t split_counter(const struct engine *e, const struct node *n,
                            struct cel_entry *entry)
{
    struct counter_entry one;
    amount base = 0;
    bool has_base = false;
    size_t i, count = 0;

    for (i = 0; node_entry(n, i, &one); i++) {
        struct slice name = names_entry_text(e->config.names, one.entry);

        if (name.n == 0) {
            base = amount_add(base, one.by);
            has_base = true;
        } else {
            entry[count++] =
                (struct cel_entry){ cel_string(name), amount_value(one.by) };
        }
    }
    if (has_base)
        entry[count++] = (struct cel_entry){ cel_string(slice_of("", 0)),
                                             amount_value(base) };
    return count;
}

static struct cel_value host_by_blade(void *self, struct cel_context *cx,
                                      const struct cel_place *p)
{
    const struct engine *e = self;
    const struct node *n = p->node;
    struct counter_entry one;
    struct cel_entry *entry;
    size_t count = 0;

    prove_read(e, p->tree, p->map, p->key, slice_of(NULL, 0), READ_META);
    if (n->kind != NODE_COUNTER)
        return cel_map_of(cx, NULL, 0);
    while (node_entry(n, count, &one))
        count++;
    entry = arena_alloc(&cx->arena, count * sizeof(*entry));
    if (!entry || !cel_charge(cx, count))
        return cel_spent();
    return cel_map_of(cx, entry, split_counter(e, n, entry));
}

void window_path(const struct engine *e, uint8_t mark, const struct map *in,
                 uint32_t key, struct buf *out)
{
    const struct tree *t = tree_of(e, mark);

    buf_str(out, mark == MARK_MONITOR ? "m" : "s");
    tree_pointer(t, in, keys_text(&t->keys, key), out);
}

static struct cel_value host_window(void *self, struct cel_context *cx,
                                    const struct cel_place *p,
                                    enum cel_window kind, nsec window_for,
                                    nsec *ret_until)
{
    struct engine *e = self;
    struct buf path;
    amount sum;
    bool known;

    *ret_until = NSEC_MAX;
    if (!p->map)
        return cel_int(0);
    prove_read(e, p->tree, p->map, p->key, slice_of(NULL, 0),
               kind == CEL_INCREASE ? READ_INCREASE : READ_CHANGES);
    buf_init(&path, BUF_NO_CAP);
    window_path(e, p->tree, p->map, p->key, &path);
    sum = windows_sum(e->windows, buf_view(&path), kind, window_for, cx->now,
                      ret_until);
    known = !windows_unknown(e->windows, buf_view(&path), kind, window_for);
    buf_release(&path);
    if (!known)
        return cel_fail(cx, CEL_LIMIT,
                        "more than %d nodes would have a history, and this "
                        "one has none",
                        WINDOWS_MAX);
    return amount_value(sum);
}

bool node_amount(const struct node *n, amount *ret)
{
    if (n->kind == NODE_COUNTER)
        *ret = node_sum(n);
    else if (n->kind != NODE_NUMBER || amount_parse(node_text(n), ret))
        return false;
    return true;
}

void host_init(struct engine *e)
{
    e->host = (struct cel_host){
        .self = e,
        .hash = host_hash,
        .root = host_root,
        .child = host_child,
        .load = host_load,
        .size = host_size,
        .next = host_next,
        .get = host_get,
        .key = host_key,
        .path = host_path,
        .last_seen = host_last_seen,
        .blade = host_blade,
        .by_blade = host_by_blade,
        .window = host_window,
    };
}
