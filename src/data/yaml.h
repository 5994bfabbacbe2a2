/*
 * yaml.h - YAML 1.2 (and so JSON) as a small tree that knows where it stood.
 *
 * For files that people write: configuration and rules.  Strict where a
 * mistake would hide: duplicate keys, tags, keys that are no scalars and a
 * second document are errors with a position.  Aliases are expanded; all that
 * could grow has a cap.
 *
 * A document owns its nodes and a copy of its text.  A scalar's from and to
 * are the bytes of that text it was written as, quotes included, so that each
 * of its characters can be found again; an alias keeps the position of what
 * it stands for.
 */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_BYTES_MAX ((size_t)1 << 20)
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 200000 /* with all aliases expanded */

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

enum yaml_style {
    YAML_PLAIN, /* also of sequences and mappings */
    YAML_SINGLE,
    YAML_DOUBLE,
    YAML_LITERAL,
    YAML_FOLDED
};

struct yaml_node {
    uint8_t kind;          /* enum yaml_kind */
    uint8_t style;         /* enum yaml_style */
    uint32_t line, column; /* 1-based, column in bytes */
    uint32_t from, to;
    uint32_t n;                    /* children */
    struct slice text;             /* of a scalar, decoded */
    const struct yaml_node *key;   /* in a mapping: the scalar before it */
    const struct yaml_node *first; /* child */
    const struct yaml_node *next;  /* sibling, in the order of the file */
};

struct yaml;

/*
 * ST_BAD: not YAML, or not what is said above.  ST_LIMIT: a cap.  err says
 * what and where.
 */
CHECKED enum status yaml_parse(struct slice text, struct yaml **ret,
                               struct err *err);
void yaml_free(struct yaml *doc); /* NULL is fine */

/* NULL if the text holds nothing but comments. */
const struct yaml_node *yaml_root(const struct yaml *doc);
struct slice yaml_source(const struct yaml *doc);
/* The value of key in a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping,
                                 const char *key);
/* Line and column of a byte of the text, as nodes have them. */
void yaml_position(const struct yaml *doc, size_t at, uint32_t *ret_line,
                   uint32_t *ret_column);
/* A plain scalar that stands for nothing: "", "~" or "null". */
bool yaml_is_null(const struct yaml_node *node);
/* "a mapping", "a list", "a text", ... for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
