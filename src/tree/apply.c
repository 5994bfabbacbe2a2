#include "apply.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "data/json.h"

/* One pass over a body; path[0..depth) leads to the value at hand. */
struct walk {
    struct apply *a;
    const struct body *body;
    const struct write *w;
    struct step path[PATH_KEYS_MAX];
    /* Keys that instructions-off mode writes with one more '$'. */
    char escaped[PATH_KEYS_MAX][PATH_KEY_MAX + 1];
};

/* Which scopes the path still fits, one bit each; INSIDE: it is in one. */
#define INSIDE 0x100u

static void value(struct walk *k, struct map *in, size_t depth, unsigned scope,
                  size_t i);

const char *refusal_name(enum refusal why)
{
    static const char *const names[REFUSALS] = {
        [REFUSED_DEPTH] = "depth",   [REFUSED_KEY] = "key",
        [REFUSED_STRING] = "string", [REFUSED_NODES] = "nodes",
        [REFUSED_SCOPE] = "scope",   [REFUSED_INSTRUCTION] = "instruction",
    };

    return names[why];
}

static void refuse(struct walk *k, enum refusal why)
{
    k->a->refused[why]++;
}

static void check(struct walk *k, enum status st)
{
    if (st)
        refuse(k, REFUSED_NODES);
}

static const struct tape_op *op_at(const struct walk *k, size_t i)
{
    return &k->body->tape->op[i];
}

/* -- scope ------------------------------------------------------------- */

/* "monitor" is another tree's: no shard may write there at all. */
static bool reserved(struct slice key, bool trusted)
{
    if (slice_is(key, "monitor"))
        return true;
    return !trusted && (slice_is(key, "docker") || slice_is(key, "probes"));
}

/* The scope one key further down; 0: not allowed. */
static unsigned narrow(const struct walk *k, unsigned scope, size_t depth,
                       struct slice key)
{
    const struct mount *m = k->body->mount;
    unsigned next = 0;
    size_t i;

    if (scope & INSIDE)
        return scope;
    if (depth == 0 && reserved(key, m->trusted))
        return 0;
    if (m->nscope == 0)
        return INSIDE;
    for (i = 0; i < m->nscope; i++) {
        if (!(scope & 1u << i) || depth >= m->scope[i].n ||
            !slice_eq(m->scope[i].key[depth], key))
            continue;
        next |= 1u << i;
        if (depth + 1 == m->scope[i].n)
            next |= INSIDE;
    }
    return next;
}

/* -- the writes -------------------------------------------------------- */

/*
 * The map to write into, or NULL if this write is not to be.  Where the
 * caller does not have it (below a mount, or late) the way there is made.
 */
static struct map *parent_of(struct walk *k, struct map *in, size_t depth,
                             enum tree_op op)
{
    struct tree *t = k->a->tree;
    size_t i;

    if (k->w->late && !tree_allows(t, op, k->path, depth, k->w->tag))
        return NULL;
    if (in)
        return in;
    in = t->root.u.map;
    for (i = 0; i + 1 < depth; i++) {
        in = tree_map(t, in, &k->path[i], k->w);
        if (!in) {
            refuse(k, REFUSED_NODES);
            return NULL;
        }
    }
    return in;
}

static void erase(struct walk *k, struct map *in, size_t depth)
{
    in = parent_of(k, in, depth, TREE_ERASE);
    if (in)
        tree_erase(k->a->tree, in, &k->path[depth - 1], k->w);
}

static void set_text(struct walk *k, struct map *in, size_t depth,
                     enum node_kind kind, struct slice text)
{
    const struct scalar v = { kind, text };

    in = parent_of(k, in, depth, TREE_SET);
    if (in)
        check(k, tree_set(k->a->tree, in, &k->path[depth - 1], k->w, &v));
}

static void set_array(struct walk *k, struct map *in, size_t depth, size_t i)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    json_value(k->body->tape, i, &text);
    set_text(k, in, depth, NODE_ARRAY, buf_view(&text));
    buf_release(&text);
}

static void set(struct walk *k, struct map *in, size_t depth, size_t i)
{
    static const enum node_kind kinds[] = {
        [TAPE_FALSE] = NODE_FALSE,
        [TAPE_TRUE] = NODE_TRUE,
        [TAPE_NUMBER] = NODE_NUMBER,
        [TAPE_STRING] = NODE_STRING,
    };
    const struct tape_op *op = op_at(k, i);

    if (op->kind == TAPE_NULL)
        erase(k, in, depth);
    else if (op->kind == TAPE_ARRAY)
        set_array(k, in, depth, i);
    else if (op->n > k->a->string_bytes)
        refuse(k, REFUSED_STRING);
    else
        set_text(k, in, depth, kinds[op->kind], tape_text(op));
}

static void inc(struct walk *k, struct map *in, size_t depth, amount by)
{
    in = parent_of(k, in, depth, TREE_INC);
    if (in)
        check(k, tree_inc(k->a->tree, in, &k->path[depth - 1], k->w, by));
}

static void push_item(struct walk *k, struct map *in, size_t depth, size_t i)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    json_value(k->body->tape, i, &text);
    if (text.n > k->a->string_bytes)
        refuse(k, REFUSED_STRING);
    else
        check(k, tree_push(k->a->tree, in, &k->path[depth - 1], k->w,
                           buf_view(&text)));
    buf_release(&text);
}

static void push(struct walk *k, struct map *in, size_t depth, size_t i)
{
    const struct tape_op *op = op_at(k, i);
    size_t j;

    in = parent_of(k, in, depth, TREE_PUSH);
    if (!in)
        return;
    if (op->kind != TAPE_ARRAY) {
        push_item(k, in, depth, i);
        return;
    }
    if (op->end == i + 1) /* nothing to append, but a list it is */
        check(k, tree_push(k->a->tree, in, &k->path[depth - 1], k->w,
                           slice_of(NULL, 0)));
    for (j = i + 1; j < op->end;) {
        const struct tape_op *item = op_at(k, j);

        push_item(k, in, depth, j);
        j = item->kind == TAPE_ARRAY || item->kind == TAPE_OBJECT ? item->end
                                                                  : j + 1;
    }
}

static void lease(struct walk *k, struct map *in, size_t depth, nsec hold_for)
{
    in = parent_of(k, in, depth, TREE_LEASE);
    if (in)
        check(k,
              tree_lease(k->a->tree, in, &k->path[depth - 1], k->w, hold_for));
}

/* -- instructions ------------------------------------------------------ */

struct instruction {
    size_t set, inc, count, push, ttl; /* index of the value, 0: absent */
    size_t members;
};

static struct instruction read_instruction(const struct walk *k, size_t i)
{
    struct instruction got = { 0 };
    size_t end = op_at(k, i)->end, j;

    for (j = i + 1; j < end; j = op_at(k, j)->end) {
        const struct tape_op *key = op_at(k, j);
        struct slice name = tape_text(key);

        if (key->flags & TAPE_DEAD)
            continue;
        got.members++;
        if (slice_is(name, "$set"))
            got.set = j + 1;
        else if (slice_is(name, "$inc"))
            got.inc = j + 1;
        else if (slice_is(name, "$count"))
            got.count = j + 1;
        else if (slice_is(name, "$push"))
            got.push = j + 1;
        else if (slice_is(name, "$ttl"))
            got.ttl = j + 1;
    }
    return got;
}

static bool amount_at(const struct walk *k, size_t i, amount *ret)
{
    return i && op_at(k, i)->kind == TAPE_NUMBER &&
           !amount_parse(tape_text(op_at(k, i)), ret);
}

/* A running total becomes what it adds; false: it cannot be taken. */
static bool count_step(struct walk *k, size_t depth, amount *io)
{
    struct counted now = { .blade = k->body->blade,
                           .run = k->body->run,
                           .seq = k->body->seq,
                           .total = *io };
    struct buf path;
    enum status st;
    size_t i;

    buf_init(&path, BUF_NO_CAP);
    for (i = 0; i < depth; i++) {
        buf_char(&path, '/');
        path_escape(k->path[i].key, &path);
    }
    now.path = buf_view(&path);
    st = counts_step(k->a->counts, &now, io);
    buf_release(&path);
    check(k, st);
    return !st;
}

static void members(struct walk *k, struct map *in, size_t depth,
                    unsigned scope, size_t i);

/* An object as a plain patch: a map, then each member. */
static void merge(struct walk *k, struct map *in, size_t depth, unsigned scope,
                  size_t i)
{
    struct map *into = parent_of(k, in, depth, TREE_MAP), *below = NULL;

    if (into) {
        below = tree_map(k->a->tree, into, &k->path[depth - 1], k->w);
        if (!below)
            refuse(k, REFUSED_NODES);
    }
    if (k->w->late)
        members(k, NULL, depth, scope, i); /* each is judged by itself */
    else if (below)
        members(k, below, depth, scope, i);
}

static void instruct(struct walk *k, struct map *in, size_t depth,
                     unsigned scope, size_t i)
{
    struct instruction got = read_instruction(k, i);
    amount n;
    bool counted = amount_at(k, got.count, &n);

    if (counted && !count_step(k, depth, &n))
        return;
    if (got.set) {
        if (op_at(k, got.set)->kind == TAPE_OBJECT)
            erase(k, in, depth);
        value(k, in, depth, scope, got.set);
    } else if (counted) {
        inc(k, in, depth, n);
    } else if (got.inc) {
        if (amount_at(k, got.inc, &n))
            inc(k, in, depth, n);
        else
            refuse(k, REFUSED_INSTRUCTION);
    } else if (got.push) {
        push(k, in, depth, got.push);
    } else if (!(got.members == 1 && got.ttl)) {
        merge(k, in, depth, scope, i);
    }
    if (amount_at(k, got.ttl, &n) && n > 0)
        lease(k, in, depth,
              n > NSEC_MAX / 1000 ? NSEC_MAX
                                  : (nsec)n * (NSEC_SEC / AMOUNT_UNIT));
}

static void value(struct walk *k, struct map *in, size_t depth, unsigned scope,
                  size_t i)
{
    const struct tape_op *op = op_at(k, i);
    bool object = op->kind == TAPE_OBJECT;
    bool inside = scope & INSIDE;

    if (object && inside && k->body->mount->instructions &&
        op->flags & TAPE_DOLLAR)
        instruct(k, in, depth, scope, i);
    else if (object)
        merge(k, in, depth, scope, i); /* maybe on the way to its scope */
    else if (inside)
        set(k, in, depth, i);
    else
        refuse(k, REFUSED_SCOPE);
}

/* The key as it is stored; NULL slice: this member is not. */
static struct slice stored_key(struct walk *k, size_t depth,
                               const struct tape_op *key)
{
    struct slice text = tape_text(key);

    if (!text.n || *text.p != '$')
        return text;
    if (k->body->mount->instructions)
        return text.n > 1 && text.p[1] == '$' ? text : slice_of(NULL, 0);
    if (text.n > PATH_KEY_MAX)
        return text; /* refused by the caller */
    k->escaped[depth][0] = '$';
    memcpy(k->escaped[depth] + 1, text.p, text.n);
    return slice_of(k->escaped[depth], text.n + 1);
}

/* Of the instructions that stand among plain members. */
static bool is_known(const struct walk *k, size_t depth, struct slice name)
{
    return slice_is(name, "$ttl") ||
           (depth == k->body->mount->n &&
            (slice_is(name, "$ts") || slice_is(name, "$id")));
}

static void member(struct walk *k, struct map *in, size_t depth, unsigned scope,
                   const struct tape_op *key)
{
    size_t i = (size_t)(key - k->body->tape->op) + 1;
    struct slice text;

    if (key->flags & TAPE_DEAD ||
        (!k->body->mount->instructions && op_at(k, i)->kind == TAPE_NULL))
        return;
    if (depth == PATH_KEYS_MAX) {
        refuse(k, REFUSED_DEPTH);
        return;
    }
    text = stored_key(k, depth, key);
    if (!text.p) {
        if (!is_known(k, depth, tape_text(key)))
            refuse(k, REFUSED_INSTRUCTION);
        return;
    }
    if (text.n > PATH_KEY_MAX) {
        refuse(k, REFUSED_KEY);
        return;
    }
    scope = narrow(k, scope, depth, text);
    if (!scope) {
        refuse(k, REFUSED_SCOPE);
        return;
    }
    k->path[depth] = (struct step){ text, key->hash };
    if (text.p != key->p)
        k->path[depth] = tree_step(k->a->tree, text);
    value(k, in, depth + 1, scope, i);
}

static void members(struct walk *k, struct map *in, size_t depth,
                    unsigned scope, size_t i)
{
    size_t end = op_at(k, i)->end, j;

    for (j = i + 1; j < end; j = op_at(k, j)->end)
        member(k, in, depth, scope, op_at(k, j));
}

/* -- bodies ------------------------------------------------------------ */

/* At the root nothing can be set or leased: only its members count. */
static void at_root(struct walk *k, unsigned scope, size_t i)
{
    struct map *in = k->w->late ? NULL : k->a->tree->root.u.map;
    const struct tape_op *op = op_at(k, i);
    struct instruction got = { 0 };

    if (op->kind != TAPE_OBJECT)
        return;
    if (k->body->mount->instructions && op->flags & TAPE_DOLLAR)
        got = read_instruction(k, i);
    if (got.set)
        at_root(k, scope, got.set);
    else if (!got.inc && !got.push)
        members(k, in, 0, scope, i);
}

/* The body is plain text: any bytes, of which the state holds only UTF-8. */
static void set_plain(struct walk *k, size_t depth)
{
    struct slice text = k->body->text;
    struct buf fixed;

    buf_init(&fixed, BUF_NO_CAP);
    if (!utf8_valid(text)) {
        utf8_repair(text, &fixed);
        text = buf_view(&fixed);
    }
    set_text(k, NULL, depth, NODE_STRING, utf8_cut(text, k->a->string_bytes));
    buf_release(&fixed);
}

/* {"msg": ...}: of text, or of a JSON value that is no object. */
static void message(struct walk *k, size_t depth, unsigned scope)
{
    struct step msg = tree_step(k->a->tree, slice_str("msg"));
    struct map *in = NULL;

    if (depth) {
        in = parent_of(k, NULL, depth, TREE_MAP);
        if (in && !tree_map(k->a->tree, in, &k->path[depth - 1], k->w))
            refuse(k, REFUSED_NODES);
    }
    scope = depth < PATH_KEYS_MAX ? narrow(k, scope, depth, msg.key) : 0;
    if (!(scope & INSIDE)) {
        refuse(k, REFUSED_SCOPE);
        return;
    }
    k->path[depth] = msg;
    if (!k->body->tape)
        set_plain(k, depth + 1);
    else if (k->body->mount->instructions ||
             op_at(k, k->body->at)->kind != TAPE_NULL)
        set(k, NULL, depth + 1, k->body->at);
}

/* Puts the mount on the path; 0: the source may not write there at all. */
static unsigned go_to_mount(struct walk *k)
{
    const struct mount *m = k->body->mount;
    unsigned scope = m->nscope ? (1u << m->nscope) - 1 : 1;
    size_t i;

    for (i = 0; i < m->n && scope; i++) {
        k->path[i] = m->at[i];
        scope = narrow(k, scope, i, m->at[i].key);
    }
    return scope;
}

void apply_body(struct apply *a, const struct body *body, const struct write *w)
{
    const struct mount *m = body->mount;
    struct walk k;
    unsigned scope;

    k.a = a;
    k.body = body;
    k.w = w;
    scope = go_to_mount(&k);
    if (!scope) {
        refuse(&k, REFUSED_SCOPE);
        return;
    }
    if (!body->tape || op_at(&k, body->at)->kind != TAPE_OBJECT)
        message(&k, m->n, scope);
    else if (m->n == 0)
        at_root(&k, scope, body->at);
    else
        value(&k, NULL, m->n, scope, body->at);
    if (m->ttl_for && m->n && scope & INSIDE)
        lease(&k, NULL, m->n, m->ttl_for);
    /* Faster than a line of this length can make new ones. */
    tree_reap(a->tree, 64 + (body->tape ? 2 * body->tape->n : 0));
}
