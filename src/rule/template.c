#include "inside.h"

#include <string.h>

/* Steps behind a string of CEL that begins at i: 'x', "x", '''x''', r'x'. */
static size_t skip_string(struct slice s, size_t i)
{
    bool raw = i && (s.p[i - 1] == 'r' || s.p[i - 1] == 'R');
    char quote = s.p[i];
    size_t n =
        i + 2 < s.n && s.p[i + 1] == quote && s.p[i + 2] == quote ? 3 : 1;

    for (i += n; i < s.n; i++) {
        if (s.p[i] == '\\' && !raw)
            i++;
        else if (s.p[i] == quote &&
                 (n == 1 ||
                  (i + 2 < s.n && s.p[i + 1] == quote && s.p[i + 2] == quote)))
            return i + n;
    }
    return s.n;
}

/* The }} that ends the expression which begins at i; s.n: there is none. */
static size_t find_end(struct slice s, size_t i)
{
    size_t depth = 0;

    while (i < s.n) {
        if (s.p[i] == '\'' || s.p[i] == '"') {
            i = skip_string(s, i);
            continue;
        }
        if (depth == 0 && s.p[i] == '}' && i + 1 < s.n && s.p[i + 1] == '}')
            return i;
        if (s.p[i] == '{')
            depth++;
        else if (s.p[i] == '}' && depth)
            depth--;
        i++;
    }
    return s.n;
}

static size_t find_start(struct slice s, size_t i)
{
    const char *at = memmem(s.p + i, s.n - i, "{{", 2);

    return at ? (size_t)(at - s.p) : s.n;
}

/* {{ $value }}, {{ .Labels.x }}: templates of Go. */
static bool is_go(struct loader *l, const struct yaml_node *value, size_t from,
                  struct slice text)
{
    size_t i = 0;

    while (i < text.n && text.p[i] == ' ')
        i++;
    if (i == text.n || (text.p[i] != '$' && text.p[i] != '.'))
        return false;
    load_help(load_error_in(l, value, from, from + text.n,
                            "between {{ and }} stands CEL, not Go's templates"),
              "the variables are state, now and those of foreach, as in "
              "{{ host }}");
    return true;
}

static struct cel_program *read_hole(struct loader *l,
                                     const struct yaml_node *value,
                                     size_t start, size_t end)
{
    struct slice text = slice_of(value->text.p + start, end - start);
    size_t i = 0;

    while (i < text.n && strchr(" \t\n", text.p[i]))
        i++;
    if (i == text.n) {
        load_error_in(l, value, start - 2, end + 2,
                      "there is no expression between {{ and }}");
        return NULL;
    }
    if (is_go(l, value, start, text))
        return NULL;
    return load_part(l, value, start, text);
}

static size_t read_pieces(struct loader *l, const struct yaml_node *value,
                          struct slice text, struct rule_piece *piece)
{
    size_t n = 0, at = 0, start, end;

    for (; at < text.n; n++) {
        start = find_start(text, at);
        piece[n].text = slice_of(text.p + at, start - at);
        piece[n].program = NULL;
        if (start == text.n)
            return n + 1;
        end = find_end(text, start + 2);
        if (end == text.n) {
            load_help(load_error_in(l, value, start, start + 2,
                                    "this {{ has no }} behind it"),
                      "for braces as text write {{ '{{' }}");
            return n;
        }
        if (n == TEMPLATE_PIECES_MAX) {
            load_error_in(l, value, start, start + 2,
                          "more than %d expressions in one text",
                          TEMPLATE_PIECES_MAX);
            return n;
        }
        piece[n].program = read_hole(l, value, start + 2, end);
        at = end + 2;
    }
    return n;
}

void load_template(struct loader *l, const struct yaml_node *value,
                   struct rule_template *ret)
{
    struct rule_piece piece[TEMPLATE_PIECES_MAX + 1];
    struct slice text;

    if (value->kind == YAML_SCALAR && yaml_is_null(value) && value->text.n == 0)
        return; /* a label with nothing is an empty text */
    if (!load_is(l, value, YAML_SCALAR, "a text"))
        return;
    if (value->text.n > TEMPLATE_BYTES_MAX) {
        load_error(l, value, "a text is at most %zu bytes", TEMPLATE_BYTES_MAX);
        return;
    }
    text = load_keep(l, value->text);
    ret->n = read_pieces(l, value, text, piece);
    ret->piece = load_alloc(l, (ret->n + 1) * sizeof(*piece));
    memcpy(ret->piece, piece, ret->n * sizeof(*piece));
}

bool load_check_label(struct loader *l, const struct yaml_node *key,
                      const char *what)
{
    if (!rule_is_identifier(key->text) || key->text.n > RULE_NAME_MAX) {
        load_help(load_error(l, key, "\"%.*s\" cannot be %s's name",
                             SHOWN(key->text), what),
                  "letters, digits and _, no digit first");
        return false;
    }
    if (slice_is(key->text, "alertname")) {
        load_error(l, key, "alertname is set by itself: the alert's name");
        return false;
    }
    return true;
}

size_t load_labels(struct loader *l, const struct yaml_node *mapping,
                   const char *what, struct rule_label **ret)
{
    const struct yaml_node *child;
    struct rule_label *label;
    size_t n = 0;

    if (!mapping ||
        !load_is(l, mapping, YAML_MAPPING, "a mapping of names to texts"))
        return 0;
    if (mapping->n > RULE_LABELS_MAX) {
        load_error(l, mapping, "%.*s: at most %d", SHOWN(mapping->key->text),
                   RULE_LABELS_MAX);
        return 0;
    }
    label = load_alloc(l, (mapping->n + 1) * sizeof(*label));
    for (child = mapping->first; child; child = child->next) {
        if (!load_check_label(l, child->key, what))
            continue;
        label[n].name = load_keep(l, child->key->text);
        load_template(l, child, &label[n++].value);
    }
    *ret = label;
    return n;
}
