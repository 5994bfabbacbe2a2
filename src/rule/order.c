#include "inside.h"

#include "base/alloc.h"
#include "data/near.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CYCLE_SHOWN 8

/* -- noting what is read -------------------------------------------------- */

static bool is_word_part(struct slice s, size_t i)
{
    return i < s.n && (s.p[i] == '-' || rule_is_word(s.p[i]));
}

size_t load_find_word(struct slice text, size_t from, struct slice word)
{
    const char *at;
    size_t i;

    for (; word.n && from < text.n; from = i + 1) {
        at = memmem(text.p + from, text.n - from, word.p, word.n);
        if (!at)
            break;
        i = (size_t)(at - text.p);
        if ((i == 0 || !is_word_part(text, i - 1)) &&
            !is_word_part(text, i + word.n))
            return i;
    }
    return text.n;
}

/* Where the text at a node says section and name; the node if it does not. */
static struct diagnostic_place find_place(const struct loader *l,
                                          const struct yaml_node *where,
                                          size_t from, struct slice section,
                                          struct slice name)
{
    struct slice text = where->text, word = name.p ? name : section;
    size_t at = from == WHOLE ? text.n : from;

    if (name.p && section.p)
        at = load_find_word(text, at, section);
    at = load_find_word(text, at, word);
    if (at == text.n)
        return load_place(l, where, 0, WHOLE);
    return load_place(l, where, at, at + word.n);
}

static void add_reference(struct loader *l, const struct reference *r)
{
    if (l->nreferences == l->references_room) {
        l->references_room = l->references_room ? l->references_room * 2 : 64;
        l->references = xrealloc(l->references,
                                 l->references_room * sizeof(*l->references));
    }
    l->references[l->nreferences++] = *r;
}

/* Twice in a row is one fault. */
static bool is_noted(const struct loader *l, const struct reference *r)
{
    const struct reference *last;

    if (l->nreferences == 0)
        return false;
    last = &l->references[l->nreferences - 1];
    return last->rule == r->rule && last->all == r->all &&
           last->kind == r->kind && slice_eq(last->name, r->name) &&
           last->at.from == r->at.from;
}

/*
 * monitor and its sections are maps whatever the rules do: to look whether they
 * are (READ_VALUE), or whether they exist, says nothing of rules.
 */
static bool is_trivial(const struct cel_read *read)
{
    return read->n <= 2 && (read->kinds | READ_VALUE | READ_EXISTS) ==
                               (READ_VALUE | READ_EXISTS);
}

static void note(struct loader *l, const struct cel_read *read,
                 const struct yaml_node *where, size_t from)
{
    struct slice section = read->n > 1 ? read->key[1] : slice_of(NULL, 0);
    struct slice name = read->n > 2 ? read->key[2] : slice_of(NULL, 0);
    struct reference r = { .rule = (uint32_t)l->n };

    if (read->n == 0 || !slice_is(read->key[0], "monitor") ||
        (section.p && !rule_section_kind(section, &r.kind)) || is_trivial(read))
        return;
    r.all = !section.p && !name.p;
    r.name = name;
    r.at = find_place(l, where, from, section, name);
    if (is_noted(l, &r))
        return;
    if (name.p)
        r.name = load_keep(l, name);
    add_reference(l, &r);
}

void load_note_path(struct loader *l, const struct rule_foreach *path,
                    const struct yaml_node *where)
{
    struct cel_read read = { .kinds = READ_KEYS, .n = path->n };

    memcpy(read.key, path->key, sizeof(read.key));
    note(l, &read, where, 0);
}

/* What is read of an element is below what the rule's foreach has noted. */
void load_note_program(struct loader *l, const struct cel_program *program,
                       const struct yaml_node *where, size_t from)
{
    const struct cel_read *read;
    size_t i, n;

    if (!l->rule)
        return;
    read = cel_program_reads(program, &n);
    for (i = 0; i < n; i++)
        if (read[i].variable == RULE_SLOT_STATE)
            note(l, &read[i], where, from);
}

/* -- putting in order ----------------------------------------------------- */

/* Nodes: every rule, then "all rules of that kind" for each kind, then all. */
struct graph {
    struct loader *l;
    const struct rule *rule;
    size_t n;
    const struct rule **sorted; /* see load_sort() */
    size_t *first;              /* reference of each rule, and one past */
    uint8_t *state;
};

enum { NEW, OPEN, DONE };

/* Where a walk stands: at the at-th edge of a node. */
struct frame {
    size_t node, reference, at;
};

static int by_name(const void *a, const void *b)
{
    const struct rule *x = *(const struct rule *const *)a;
    const struct rule *y = *(const struct rule *const *)b;
    int d;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    d = slice_cmp(x->name, y->name);
    if (d == 0)
        d = slice_cmp(x->group, y->group);
    return d ? d : (x > y) - (x < y);
}

const struct rule **load_sort(const struct rule *rule, size_t n)
{
    const struct rule **sorted = xmalloc((n + 1) * sizeof(*sorted));
    size_t i;

    for (i = 0; i < n; i++)
        sorted[i] = &rule[i];
    qsort(sorted, n, sizeof(*sorted), by_name);
    return sorted;
}

static bool is_below(const struct rule *rule, enum rule_kind kind,
                     struct slice name)
{
    if (rule->kind != kind)
        return rule->kind < kind;
    return slice_cmp(rule->name, name) < 0;
}

static bool is_called(const struct rule *rule, enum rule_kind kind,
                      struct slice name)
{
    return rule->kind == kind && slice_eq(rule->name, name);
}

/* The first of sorted that is not below. */
static size_t find_rule(const struct graph *g, enum rule_kind kind,
                        struct slice name)
{
    size_t low = 0, high = g->n, mid;

    while (low < high) {
        mid = (low + high) / 2;
        if (is_below(g->sorted[mid], kind, name))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The next node that a reference needs; at counts those of this reference. */
static bool reference_edge(const struct graph *g, const struct reference *r,
                           size_t at, size_t *ret)
{
    size_t i;

    if (r->all || !r->name.p) {
        *ret = r->all ? g->n + RULE_KINDS : g->n + r->kind;
        return at == 0;
    }
    i = find_rule(g, r->kind, r->name) + at;
    if (i >= g->n || !is_called(g->sorted[i], r->kind, r->name))
        return false;
    *ret = (size_t)(g->sorted[i] - g->rule);
    return true;
}

static bool rule_edge(const struct graph *g, struct frame *f, size_t *ret)
{
    for (; f->reference < g->first[f->node + 1]; f->reference++, f->at = 0)
        if (reference_edge(g, &g->l->references[f->reference], f->at, ret)) {
            f->at++;
            return true;
        }
    return false;
}

static bool next_edge(const struct graph *g, struct frame *f, size_t *ret)
{
    if (f->node < g->n)
        return rule_edge(g, f, ret);
    if (f->node == g->n + RULE_KINDS) {
        *ret = g->n + f->at;
        return f->at++ < RULE_KINDS;
    }
    for (; f->at < g->n; f->at++)
        if (g->rule[f->at].kind == f->node - g->n) {
            *ret = f->at++;
            return true;
        }
    return false;
}

static void node_name(const struct graph *g, size_t node, struct buf *out)
{
    if (node < g->n)
        rule_describe(&g->rule[node], out);
    else if (node == g->n + RULE_KINDS)
        buf_str(out, "all rules");
    else
        buf_printf(out, "all %s",
                   rule_kind_section((enum rule_kind)(node - g->n)));
}

/* The walk came from frame[from] back to it. */
static void tell_cycle(struct graph *g, const struct frame *frame, size_t from,
                       size_t depth)
{
    size_t i, rule = from;
    struct buf path;

    while (frame[rule].node >= g->n)
        rule++;
    buf_init(&path, BUF_NO_CAP);
    for (i = from; i <= depth; i++) {
        if (i - from == CYCLE_SHOWN && depth > i) {
            buf_printf(&path, "(%zu more) -> ", depth - i + 1);
            break;
        }
        node_name(g, frame[i].node, &path);
        buf_str(&path, " -> ");
    }
    node_name(g, frame[from].node, &path);
    load_help(load_tell(g->l, false,
                        &g->l->references[frame[rule].reference].at,
                        "rules depend on one another in a circle: %s",
                        buf_cstr(&path)),
              "a rule cannot read what follows from itself");
    buf_release(&path);
}

/* Depth first: what a node needs is put out before it. */
static void walk(struct graph *g, struct frame *frame, size_t start,
                 uint32_t *out, size_t *nout)
{
    size_t depth = 0, to, i;

    frame[0] = (struct frame){ start, start < g->n ? g->first[start] : 0, 0 };
    g->state[start] = OPEN;
    for (;;) {
        if (next_edge(g, &frame[depth], &to)) {
            if (g->state[to] == OPEN) {
                for (i = depth; frame[i].node != to;)
                    i--;
                tell_cycle(g, frame, i, depth);
            } else if (g->state[to] == NEW) {
                g->state[to] = OPEN;
                frame[++depth] =
                    (struct frame){ to, to < g->n ? g->first[to] : 0, 0 };
            }
            continue;
        }
        g->state[frame[depth].node] = DONE;
        if (frame[depth].node < g->n)
            out[(*nout)++] = (uint32_t)frame[depth].node;
        if (depth-- == 0)
            return;
    }
}

static void tell_unknown(struct graph *g, const struct reference *r)
{
    const char **names, *meant;
    struct diagnostic *item;
    size_t i, n = 0;

    item = load_tell(g->l, true, &r->at, "there is no %s called \"%.*s\"",
                     rule_kind_name(r->kind), SHOWN(r->name));
    if (!item)
        return;
    names = xmalloc((g->n + 1) * sizeof(*names));
    for (i = 0; i < g->n; i++)
        if (g->rule[i].kind == r->kind)
            names[n++] = g->rule[i].name.p;
    meant = near_word(r->name, names, n);
    if (meant)
        load_help(item, "did you mean \"%s\"?", meant);
    free(names);
}

static void check_references(struct graph *g)
{
    const struct reference *r;
    size_t i, node;

    if (g->l->incomplete || g->l->too_many)
        return;
    for (i = 0; i < g->l->nreferences; i++) {
        r = &g->l->references[i];
        if (!reference_edge(g, r, 0, &node))
            tell_unknown(g, r);
    }
}

static void check_doubts(struct graph *g)
{
    const struct doubt *d;
    size_t i, at;

    for (i = 0; i < g->l->ndoubts; i++) {
        d = &g->l->doubts[i];
        at = find_rule(g, d->kind, d->rule);
        if (at < g->n && is_called(g->sorted[at], d->kind, d->rule) &&
            g->sorted[at]->foreach.nstars == d->stars)
            own_tell(g->l, d);
    }
}

/* References stand in the order of the rules that have them. */
static void find_first(struct graph *g)
{
    size_t i, r = 0;

    for (i = 0; i <= g->n; i++) {
        while (r < g->l->nreferences && g->l->references[r].rule < i)
            r++;
        g->first[i] = r;
    }
}

void load_order(struct loader *l, const struct rule **sorted, uint32_t *ret)
{
    size_t n = l->n, i, nout = 0, nodes = n + RULE_KINDS + 1;
    struct graph g = { l, l->own->rules, n, sorted, NULL, NULL };
    struct frame *frame;

    g.first = xcalloc(n + 1, sizeof(*g.first));
    g.state = xcalloc(nodes, 1);
    frame = xcalloc(nodes, sizeof(*frame));
    find_first(&g);
    check_references(&g);
    check_doubts(&g);
    for (i = 0; i < n; i++)
        if (g.state[i] == NEW)
            walk(&g, frame, i, ret, &nout);
    assert(nout == n);
    free(g.first);
    free(g.state);
    free(frame);
}
