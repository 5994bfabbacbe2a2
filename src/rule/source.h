/*
 * source.h - where in a file the characters of a YAML scalar were written.
 *
 * What a scalar says and what stands in the file differ: quotes, escapes,
 * indentation and folded lines.  An expression's problem is known by bytes of
 * the former, a person looks for it in the latter.
 */
#ifndef RULE_SOURCE_H
#define RULE_SOURCE_H

#include "data/yaml.h"

#include <stddef.h>

/* Bytes of yaml_source(); from <= to <= its length. */
struct source_span {
    size_t from, to;
};

/*
 * Where bytes from (inclusive) to to (exclusive) of the scalar's text were
 * written.  Both may be the text's length: the place behind its last visible
 * character.
 */
struct source_span source_span(const struct yaml *doc,
                               const struct yaml_node *scalar, size_t from,
                               size_t to);

#endif
