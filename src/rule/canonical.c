#include "inside.h"

#include "base/alloc.h"
#include "data/json.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    const struct yaml_node *const *x = a, *const *y = b;

    return slice_cmp((*x)->key->text, (*y)->key->text);
}

static void write_mapping(const struct yaml_node *mapping, struct buf *out)
{
    const struct yaml_node **sorted =
        xmalloc((mapping->n + 1) * sizeof(*sorted));
    const struct yaml_node *child;
    size_t i, n = 0;

    for (child = mapping->first; child; child = child->next)
        sorted[n++] = child;
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (i = 0; i < n && buf_ok(out); i++) {
        if (i)
            buf_char(out, ',');
        json_string(sorted[i]->key->text, out);
        buf_char(out, ':');
        rule_canonical(sorted[i], out);
    }
    free(sorted);
}

/* Every scalar is a string: 5 and "5" mean the same wherever they stand. */
void rule_canonical(const struct yaml_node *node, struct buf *out)
{
    const struct yaml_node *child;

    switch ((enum yaml_kind)node->kind) {
    case YAML_SCALAR:
        json_string(node->text, out);
        return;
    case YAML_SEQUENCE:
        buf_char(out, '[');
        for (child = node->first; child && buf_ok(out); child = child->next) {
            if (child != node->first)
                buf_char(out, ',');
            rule_canonical(child, out);
        }
        buf_char(out, ']');
        return;
    case YAML_MAPPING:
        buf_char(out, '{');
        write_mapping(node, out);
        buf_char(out, '}');
        return;
    }
}
