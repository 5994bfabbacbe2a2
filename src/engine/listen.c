/*
 * From the trees to the rules: patterns in, dirty instances out.
 */
#include "inside.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>

/* -- from reads to patterns ------------------------------------------------ */

struct pattern_path {
    struct slice key[PATH_KEYS_MAX + 1];
    size_t n;
};

static uint8_t mark_of(const struct slice *key, size_t n)
{
    return n && key[0].p && slice_is(key[0], "monitor") ? MARK_MONITOR
                                                        : MARK_STATE;
}

static uint32_t kinds_of(uint32_t reads)
{
    static const struct {
        uint32_t read, sub;
    } same[] = {
        { READ_VALUE, SUB_VALUE },     { READ_EXISTS, SUB_EXISTS },
        { READ_KEYS, SUB_VALUE },      { READ_SUBTREE, SUB_BELOW },
        { READ_META, SUB_META },       { READ_INCREASE, SUB_INCREASE },
        { READ_CHANGES, SUB_CHANGES },
    };
    uint32_t kinds = 0;
    size_t i;

    for (i = 0; i < sizeof(same) / sizeof(*same); i++)
        if (reads & same[i].read)
            kinds |= same[i].sub;
    return kinds;
}

/* In its own tree, "monitor" being the root of the second one. */
static void subscribe(struct engine *e, const struct pattern_path *path,
                      const struct sub_entry *entry)
{
    uint8_t mark = mark_of(path->key, path->n);
    size_t from = mark == MARK_MONITOR, i;
    struct sub_entry there = *entry;

    if (path->n - from > PATH_KEYS_MAX)
        return; /* deeper than anything can be */
    for (i = 0; i < there.nstars; i++)
        there.star[i] = (uint8_t)(there.star[i] - from);
    subs_add(e->subs[mark], path->key + from, path->n - from, &there);
}

static void add_stars(const struct rule_foreach *f, struct sub_entry *entry)
{
    uint32_t i;

    entry->nstars = 0;
    for (i = 0; i < f->n; i++)
        if (!f->key[i].p)
            entry->star[entry->nstars++] = (uint8_t)i;
}

/* A path that all stars name, as state.intents[id] does, is of the instance
 * that has these keys; any other of a read below the state is of all. */
static void add_named_stars(const struct rule_foreach *f,
                            const struct cel_read *r, struct sub_entry *entry)
{
    uint32_t star, i;

    for (star = 0; star < f->nstars; star++) {
        for (i = 0; i < r->n && r->by[i] != RULE_SLOT_STAR + star;)
            i++;
        if (i == r->n)
            return;
        entry->star[star] = (uint8_t)i;
    }
    entry->nstars = (uint8_t)f->nstars;
}

static void subscribe_read(struct engine *e, const struct live *l,
                           const struct cel_read *r)
{
    const struct rule_foreach *f = &l->rule->foreach;
    struct sub_entry entry = { .rule = l->number,
                               .kinds = kinds_of(r->kinds),
                               .window_for = r->window_for };
    struct pattern_path path = { .n = 0 };
    uint32_t i;

    if (r->variable != RULE_SLOT_STATE) {
        add_stars(f, &entry);
        for (i = 0; i < f->n && path.n <= PATH_KEYS_MAX; i++)
            path.key[path.n++] = f->key[i];
    } else {
        add_named_stars(f, r, &entry);
    }
    for (i = 0; i < r->n && path.n <= PATH_KEYS_MAX; i++)
        path.key[path.n++] = r->key[i];
    subscribe(e, &path, &entry);
    if (r->kinds & READ_KEYS && path.n <= PATH_KEYS_MAX) {
        entry.kinds = SUB_EXISTS;
        path.key[path.n++] = slice_of(NULL, 0);
        subscribe(e, &path, &entry);
    }
}

static void subscribe_foreach(struct engine *e, const struct live *l,
                              const struct rule_foreach *f, uint32_t kinds)
{
    struct sub_entry entry = { .rule = l->number, .kinds = kinds };
    struct pattern_path path = { .n = 0 };

    if (kinds != SUB_ERRORS) /* of all instances, whatever the stars are */
        add_stars(f, &entry);
    for (path.n = 0; path.n < f->n && path.n <= PATH_KEYS_MAX; path.n++)
        path.key[path.n] = f->key[path.n];
    subscribe(e, &path, &entry);
}

/* What decides on a container beside the rule's expressions. */
static void subscribe_facts(struct engine *e, const struct live *l)
{
    struct rule_foreach path;
    size_t k;

    for (k = 0; revive_path(k, &path); k++)
        subscribe_foreach(e, l, &path, SUB_VALUE);
}

static void subscribe_rule(struct engine *e, const struct live *l)
{
    const struct cel_program *p;
    const struct cel_read *reads;
    size_t i, j, n;

    if (l->rule->foreach.nstars)
        subscribe_foreach(e, l, &l->rule->foreach, SUB_ELEMENT);
    if (l->rule->kind == RULE_ERRORS) {
        for (i = 0; i < l->rule->errors.npaths; i++)
            subscribe_foreach(e, l, &l->rule->errors.path[i], SUB_ERRORS);
        return; /* what it says of lines is no read of the state */
    }
    if (l->rule->kind == RULE_REVIVE)
        subscribe_facts(e, l);
    for (i = 0; (p = rule_program(l->rule, i)); i++) {
        reads = cel_program_reads(p, &n);
        for (j = 0; j < n; j++)
            subscribe_read(e, l, &reads[j]);
    }
}

/* -- from changes to instances -----------------------------------------------
 */

/* The keys of the path to a change, from the tree's root. */
static size_t keys_to(const struct map *in, uint32_t key, uint32_t *ret)
{
    const struct map *m;
    size_t n = 1, i;

    for (m = in; m->parent; m = m->parent)
        n++;
    i = n;
    ret[--i] = key;
    for (m = in; m->parent; m = m->parent)
        ret[--i] = m->key;
    return n;
}

static bool is_wanted(const struct sub_found *f, enum tree_note what)
{
    uint32_t kinds = f->entry->kinds;
    bool moved = what == NOTE_CREATE || what == NOTE_REMOVE;

    if (f->exact && kinds & SUB_EXISTS && moved)
        return true;
    if (f->exact && kinds & (SUB_VALUE | SUB_INCREASE | SUB_CHANGES) &&
        what != NOTE_TOUCH)
        return true;
    if (kinds & SUB_BELOW && what != NOTE_TOUCH)
        return true;
    return f->exact && kinds & SUB_META && moved;
}

/* Instances of a rule that no key tells apart: any may be touchy. */
static void touch_all(struct engine *e, struct live *l)
{
    struct instance *i;

    for (i = l->first; i; i = i->next)
        if (i->touchy)
            dirty_instance(e, i);
}

static void element(struct engine *e, struct live *l, const uint32_t *key,
                    bool there)
{
    struct instance *i =
        there ? instance_get(e, l, key) : instance_find(e, l, key);

    if (!i)
        return;
    i->gone = !there;
    i->changed = true;
    dirty_instance(e, i);
}

/* Keys of one tree as those of the other one; false: it does not know them. */
static bool translate(const struct engine *e, const struct sub_found *f,
                      uint8_t from, uint8_t to, uint32_t *io_key)
{
    const struct keys *theirs = &tree_of(e, from)->keys;
    const struct tree *ours = tree_of(e, to);
    uint8_t i;

    for (i = 0; from != to && i < f->entry->nstars; i++) {
        struct step s = tree_step(ours, keys_text(theirs, io_key[i]));

        io_key[i] = keys_find(&ours->keys, s.key, s.hash);
        if (io_key[i] == KEY_NONE)
            return false;
    }
    return true;
}

static struct instance *reader_of(const struct engine *e,
                                  const struct sub_found *f, uint8_t mark,
                                  uint32_t *key)
{
    const struct live *l = e->live[f->entry->rule];

    return translate(e, f, mark, l->mark, key) ? instance_find(e, l, key)
                                               : NULL;
}

static void hear(struct engine *e, const struct sub_found *f, uint8_t mark,
                 const uint32_t *path, enum tree_note what)
{
    struct live *l = e->live[f->entry->rule];
    bool wanted = is_wanted(f, what);
    uint32_t key[RULE_STARS_MAX];
    struct instance *reader;
    uint8_t i;

    if (!wanted && !(f->entry->kinds & (SUB_META | SUB_ELEMENT)))
        return;
    for (i = 0; i < f->entry->nstars; i++)
        key[i] = path[f->entry->star[i]];
    if (f->entry->kinds & SUB_ELEMENT) {
        if (f->exact && (what == NOTE_CREATE || what == NOTE_REMOVE))
            element(e, l, key, what == NOTE_CREATE);
    } else if (f->entry->nstars) {
        reader = reader_of(e, f, mark, key);
        if (!reader || (!wanted && !reader->touchy))
            return;
        reader->changed |= wanted;
        dirty_instance(e, reader);
    } else if (wanted) {
        dirty_rule(e, l);
    } else {
        touch_all(e, l);
    }
}

/* -- windows
 * ------------------------------------------------------------------- */

static amount growth_of(const struct tree_change *c)
{
    amount before = 0, after = 0;

    if (c->kind == NODE_COUNTER)
        return c->by > 0 ? c->by : 0;
    if (c->kind != NODE_NUMBER || amount_parse(c->text, &after))
        return 0;
    if (!node_amount(c->before, &before) || after < before)
        before = 0; /* new, or counting from the start again */
    return amount_add(after, -before);
}

static void add_to_window(struct engine *e, struct slice path,
                          enum cel_window kind, nsec window_for, nsec ts,
                          amount by)
{
    if (by && windows_add(e->windows, path, kind, window_for, ts, by))
        e->stats.unmeasured++;
}

static void measure(struct engine *e, const struct sub_found *f, uint8_t mark,
                    const struct tree_change *c)
{
    nsec window_for = f->entry->window_for;
    struct buf path;

    if (!c->w || c->what == NOTE_TOUCH || c->what == NOTE_REMOVE)
        return;
    buf_init(&path, BUF_NO_CAP);
    window_path(e, mark, c->in, c->key, &path);
    if (f->measures & SUB_INCREASE)
        add_to_window(e, buf_view(&path), CEL_INCREASE, window_for,
                      c->w->tag.ts, growth_of(c));
    if (f->measures & SUB_CHANGES)
        add_to_window(e, buf_view(&path), CEL_CHANGES, window_for, c->w->tag.ts,
                      AMOUNT_UNIT);
    buf_release(&path);
}

/* -- the tree's side
 * -------------------------------------------------------------
 */

static void on_note(struct engine *e, uint8_t mark, const struct tree_change *c)
{
    uint32_t path[PATH_KEYS_MAX], sub;
    const struct sub_found *f;
    const struct live *told = NULL; /* paths of a rule may overlap */
    bool known = false;
    size_t n, i;

    sub = subs_next(e->subs[mark], c->in->sub, c->key);
    if (!sub)
        return;
    f = subs_at(e->subs[mark], sub, &n);
    for (i = 0; i < n; i++) {
        if (f[i].measures)
            measure(e, &f[i], mark, c);
        if (f[i].exact && f[i].entry->kinds & SUB_ERRORS &&
            told != e->live[f[i].entry->rule]) {
            told = e->live[f[i].entry->rule];
            errors_written(e, e->live[f[i].entry->rule], mark, c);
        }
        if (!known)
            keys_to(c->in, c->key, path);
        known = true;
        hear(e, &f[i], mark, path, c->what);
    }
}

static void on_gone(struct engine *e, uint8_t mark, const struct map *m)
{
    uint32_t path[PATH_KEYS_MAX], sub, key;
    struct map_iter it = { 0 };
    const struct sub_found *f;
    struct node *child;
    size_t n, i;

    while (map_next(m, &it, &key, &child)) {
        sub = subs_next(e->subs[mark], m->sub, key);
        if (!sub || child->kind == NODE_NONE)
            continue;
        f = subs_at(e->subs[mark], sub, &n);
        if (n)
            keys_to(m, key, path);
        for (i = 0; i < n; i++)
            hear(e, &f[i], mark, path, NOTE_REMOVE);
        if (child->kind == NODE_MAP && child->u.map->sub)
            on_gone(e, mark, child->u.map);
    }
}

static uint32_t state_next(void *self, uint32_t sub, uint32_t key)
{
    return subs_next(((struct engine *)self)->subs[MARK_STATE], sub, key);
}

static uint32_t monitor_next(void *self, uint32_t sub, uint32_t key)
{
    return subs_next(((struct engine *)self)->subs[MARK_MONITOR], sub, key);
}

static void state_note(void *self, const struct tree_change *c)
{
    on_note(self, MARK_STATE, c);
}

static void monitor_note(void *self, const struct tree_change *c)
{
    on_note(self, MARK_MONITOR, c);
}

static void state_gone(void *self, const struct map *m)
{
    on_gone(self, MARK_STATE, m);
}

static void monitor_gone(void *self, const struct map *m)
{
    on_gone(self, MARK_MONITOR, m);
}

void listen_begin(struct engine *e)
{
    struct tree *state = e->config.state, *monitor = e->config.monitor;
    size_t i;

    e->subs[MARK_STATE] = subs_new(&state->keys, state->seed);
    e->subs[MARK_MONITOR] = subs_new(&monitor->keys, monitor->seed);
    for (i = 0; i < e->nlive; i++)
        subscribe_rule(e, e->live[i]);
    tree_interest(
        state, (struct tree_interest){ e, state_next, state_note, state_gone },
        subs_root(e->subs[MARK_STATE]));
    tree_interest(
        monitor,
        (struct tree_interest){ e, monitor_next, monitor_note, monitor_gone },
        subs_root(e->subs[MARK_MONITOR]));
}

void listen_end(struct engine *e)
{
    tree_interest(e->config.state, (struct tree_interest){ 0 }, 0);
    tree_interest(e->config.monitor, (struct tree_interest){ 0 }, 0);
    subs_free(e->subs[MARK_STATE]);
    subs_free(e->subs[MARK_MONITOR]);
    e->subs[MARK_STATE] = e->subs[MARK_MONITOR] = NULL;
}

/* -- blades
 * ------------------------------------------------------------------------ */

/* byBlade() is among what asks who wrote.  That it reads a value, too, may be
 * covered by a read of more, and say nothing any more. */
static bool reads_by_blade(const struct rule *rule)
{
    const struct cel_program *p;
    const struct cel_read *reads;
    size_t i, j, n;

    for (i = 0; (p = rule_program(rule, i)); i++) {
        reads = cel_program_reads(p, &n);
        for (j = 0; j < n; j++)
            if (reads[j].kinds & READ_META)
                return true;
    }
    return false;
}

void engine_retired(struct engine *e)
{
    size_t k;

    for (k = 0; k < e->nlive; k++)
        if (reads_by_blade(e->live[k]->rule))
            dirty_rule(e, e->live[k]);
}

/* -- elements that are there already
 * ---------------------------------------------
 */

static void look(struct engine *e, struct live *l, const struct node *n,
                 size_t at, uint32_t *key, size_t nkeys)
{
    const struct rule_foreach *f = &l->rule->foreach;
    struct map_iter it = { 0 };
    struct node *child;
    struct instance *i;

    if (at == f->n) {
        i = instance_get(e, l, key);
        if (i) {
            i->gone = false;
            dirty_instance(e, i);
        }
        return;
    }
    if (n->kind != NODE_MAP)
        return;
    if (f->key[at].p) {
        child = map_find(n->u.map, l->literal[at]);
        if (child && child->kind != NODE_NONE)
            look(e, l, child, at + 1, key, nkeys);
        return;
    }
    while (map_next(n->u.map, &it, &key[nkeys], &child))
        if (child->kind != NODE_NONE)
            look(e, l, child, at + 1, key, nkeys + 1);
}

void listen_elements(struct engine *e, struct live *l)
{
    const struct tree *t = tree_of(e, l->mark);
    uint32_t key[RULE_STARS_MAX + 1];

    look(e, l, &t->root, l->mark == MARK_MONITOR, key, 0);
}
