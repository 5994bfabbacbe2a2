#include "inside.h"

#include "base/alloc.h"
#include "tree/path.h"

#include <string.h>

/* A scalar being taken apart; the first fault ends it. */
struct cursor {
    struct loader *l;
    const struct yaml_node *node;
    struct slice s;
    size_t i;
};

static bool refuse(struct cursor *c, size_t from, size_t to, const char *text,
                   const char *advice)
{
    struct diagnostic *item = load_error_in(
        c->l, c->node, from, to > from ? to : from + 1, "%.*s: %s",
        SHOWN(c->node->key ? c->node->key->text : slice_str("paths")), text);

    if (advice)
        load_help(item, "%s", advice);
    return false;
}

static void skip_blanks(struct cursor *c)
{
    while (c->i < c->s.n && strchr(" \t\n", c->s.p[c->i]))
        c->i++;
}

static char peek(const struct cursor *c)
{
    return c->i < c->s.n ? c->s.p[c->i] : '\0';
}

static bool accept(struct cursor *c, char wanted)
{
    if (c->i == c->s.n || c->s.p[c->i] != wanted)
        return false;
    c->i++;
    return true;
}

static struct slice take_word(struct cursor *c)
{
    size_t from = c->i;

    if (c->i < c->s.n && rule_is_identifier(slice_of(c->s.p + from, 1)))
        while (c->i < c->s.n && rule_is_word(c->s.p[c->i]))
            c->i++;
    return slice_of(c->s.p + from, c->i - from);
}

static bool add_key(struct cursor *c, struct rule_foreach *ret, size_t from,
                    struct slice key, bool star)
{
    if (ret->n == CEL_READ_DEPTH)
        return refuse(c, from, c->i, "the path is too deep", NULL);
    if (star && ret->nstars == RULE_STARS_MAX)
        return refuse(c, from, c->i, "more than 8 stars", NULL);
    if (key.n > PATH_KEY_MAX)
        return refuse(c, from, c->i, "a key is at most 256 bytes", NULL);
    ret->nstars += star;
    ret->key[ret->n++] = star ? slice_of(NULL, 0) : load_keep(c->l, key);
    return true;
}

/* A key in backquotes, or in quotes with \ in front of what would end it. */
static bool take_quoted(struct cursor *c, struct buf *key)
{
    char quote = c->s.p[c->i++];

    for (; c->i < c->s.n; c->i++) {
        if (c->s.p[c->i] == quote) {
            c->i++;
            return true;
        }
        if (c->s.p[c->i] == '\\' && quote != '`' && c->i + 1 < c->s.n)
            c->i++;
        buf_char(key, c->s.p[c->i]);
    }
    return false;
}

static bool take_quoted_key(struct cursor *c, struct rule_foreach *ret)
{
    size_t from = c->i;
    struct buf key;
    bool ok;

    buf_init(&key, BUF_NO_CAP);
    ok = take_quoted(c, &key);
    if (!ok)
        (void)refuse(c, from, c->i, "this quote has no end", NULL);
    else
        ok = add_key(c, ret, from, slice_of(key.p ? key.p : "", key.n), false);
    buf_release(&key);
    return ok;
}

/* Behind a dot. */
static bool take_member(struct cursor *c, struct rule_foreach *ret)
{
    size_t from = c->i;
    struct slice word;

    if (peek(c) == '`')
        return take_quoted_key(c, ret);
    if (accept(c, '*'))
        return add_key(c, ret, from, slice_of(NULL, 0), true);
    word = take_word(c);
    if (word.n)
        return add_key(c, ret, from, word, false);
    while (c->i < c->s.n && !strchr(" \t\n.[", c->s.p[c->i]))
        c->i++;
    return refuse(c, from, c->i, "a key or * is wanted here",
                  "a key that is no identifier stands in backquotes, as in "
                  "state.hosts.`10.0.0.1`");
}

static bool take_index(struct cursor *c, struct rule_foreach *ret)
{
    size_t from = c->i;

    if (peek(c) != '"' && peek(c) != '\'')
        return refuse(c, from, c->i + 1, "a key in quotes is wanted here",
                      "as in state[\"in\"]; a * stands behind a dot");
    if (!take_quoted_key(c, ret))
        return false;
    if (!accept(c, ']'))
        return refuse(c, c->i, c->i + 1, "] is wanted here", NULL);
    return true;
}

static bool take_path(struct cursor *c, struct rule_foreach *ret)
{
    size_t from, end;
    bool ok = true;

    skip_blanks(c);
    from = c->i;
    if (!slice_is(take_word(c), "state"))
        return refuse(c, from, c->i > from ? c->i : c->s.n,
                      "the path has to begin with state",
                      "as in state.intents");
    while (ok) {
        if (accept(c, '.'))
            ok = take_member(c, ret);
        else if (accept(c, '['))
            ok = take_index(c, ret);
        else
            break;
    }
    end = c->i;
    skip_blanks(c);
    if (ok && c->i < c->s.n)
        return refuse(c, end, c->s.n, "this does not belong to a path",
                      "a key that is no identifier stands in backquotes, as "
                      "in state.hosts.`db-1`; filter in the expression");
    return ok;
}

static bool take_names(struct cursor *c, struct slice *name, size_t *ret_n)
{
    size_t from, i, n = 0;

    do {
        skip_blanks(c);
        from = c->i;
        if (n == RULE_STARS_MAX + 1)
            return refuse(c, from, from + 1, "too many names", NULL);
        name[n] = take_word(c);
        if (name[n].n == 0)
            return refuse(c, from, from + 1, "a name is wanted here",
                          "as in foreach: id, intent in state.intents");
        if (slice_is(name[n], "state") && (peek(c) == '.' || peek(c) == '['))
            return refuse(c, from, c->s.n, "names come first",
                          "as in id, order in state.orders.*");
        if (!load_check_variable(c->l, c->node, from, name[n]))
            return false;
        for (i = 0; i < n; i++)
            if (slice_eq(name[i], name[n]))
                return refuse(c, from, c->i, "this name stands here twice",
                              NULL);
        n++;
        skip_blanks(c);
    } while (accept(c, ','));
    from = c->i;
    if (!slice_is(take_word(c), "in"))
        return refuse(c, from, c->i > from ? c->i : from + 1,
                      "a comma or \"in\" is wanted here",
                      "as in foreach: id, intent in state.intents");
    *ret_n = n;
    return true;
}

static bool check_names(struct cursor *c, size_t names, size_t stars)
{
    struct diagnostic *item;

    if (names == stars || names == stars + 1)
        return true;
    item =
        load_error(c->l, c->node,
                   "foreach: %zu name%s for %zu star%s; each * gives a name "
                   "to a key, and one more may name what is there",
                   names, names == 1 ? "" : "s", stars, stars == 1 ? "" : "s");
    load_help(item, "as in id, host, answer in state.intents.*.resolution.*; a "
                    "path without * means what is directly below it");
    return false;
}

static struct cursor cursor_of(struct loader *l, const struct yaml_node *value)
{
    return (struct cursor){ l, value, value->text, 0 };
}

/* Names for what stands in the expressions, though the path is wrong. */
static void guess(const struct slice *name, size_t n, struct rule_foreach *ret,
                  struct slice *ret_element)
{
    size_t i;

    ret->nstars = (uint32_t)(n > 1 ? n - 1 : n);
    for (i = 0; i < ret->nstars; i++)
        ret->star[i] = name[i];
    if (i < n)
        *ret_element = name[i];
}

bool load_foreach(struct loader *l, const struct yaml_node *value,
                  struct rule_foreach *ret, struct slice *ret_element)
{
    struct slice name[RULE_STARS_MAX + 1];
    struct rule_foreach path = { 0 };
    struct cursor c;
    size_t i, n = 0;

    if (!load_is(l, value, YAML_SCALAR,
                 "a text such as \"id, intent in state.intents\""))
        return false;
    c = cursor_of(l, value);
    if (!take_names(&c, name, &n))
        return false;
    for (i = 0; i < n; i++)
        name[i] = load_keep(l, name[i]);
    if (!take_path(&c, &path) ||
        (path.nstars == 0 && !add_key(&c, &path, 0, slice_of(NULL, 0), true)) ||
        !check_names(&c, n, path.nstars)) {
        guess(name, n, ret, ret_element);
        return true;
    }
    for (i = 0; i < path.nstars; i++)
        path.star[i] = name[i];
    if (i < n)
        *ret_element = name[i];
    *ret = path;
    load_note_path(l, ret, value);
    if (load_check_path(l, ret, value))
        load_check_snapshot(l, ret->key, ret->n, value);
    return true;
}

void load_path(struct loader *l, const struct yaml_node *value,
               struct rule_foreach *ret)
{
    struct cursor c;

    if (!load_is(l, value, YAML_SCALAR, "a path such as state.web.errors"))
        return;
    c = cursor_of(l, value);
    if (!take_path(&c, ret))
        return;
    if (ret->n == 0) {
        (void)refuse(&c, 0, c.s.n, "errors cannot be the whole state", NULL);
        return;
    }
    load_note_path(l, ret, value);
    /* That there were no errors yet is no mistake. */
    if (load_check_path(l, ret, value))
        load_check_snapshot(l, ret->key, ret->n - 1, value);
}
