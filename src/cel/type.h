/*
 * type.h - what the checker knows of a value before there is one.
 *
 * Types are immutable and live in an arena, or are one of the static simple
 * ones below.  dyn is compatible with everything.
 */
#ifndef CEL_TYPE_H
#define CEL_TYPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

enum cel_type_kind {
    TYPE_DYN,
    TYPE_NULL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_UINT,
    TYPE_DOUBLE,
    TYPE_STRING,
    TYPE_BYTES,
    TYPE_TIMESTAMP,
    TYPE_DURATION,
    TYPE_LIST,     /* arg[0] */
    TYPE_MAP,      /* arg[0]: keys, arg[1]: values */
    TYPE_OPTIONAL, /* arg[0] */
    TYPE_TYPE,     /* arg[0], or NULL */
    TYPE_PARAM     /* name: "A" */
};

/* A type of more parts is dyn: who walks types need not fear for the stack. */
#define CEL_TYPE_SIZE 200

struct cel_type {
    uint8_t kind;
    uint8_t size; /* the arguments and theirs */
    const struct cel_type *arg[2];
    struct slice name;
    uint32_t variable; /* TYPE_PARAM inside the checker: its number, else 0 */
};

/* kind must be one without arguments; TYPE_TYPE is "type" then. */
const struct cel_type *cel_type_simple(enum cel_type_kind kind);
const struct cel_type *cel_type_of(struct arena *a, enum cel_type_kind kind,
                                   const struct cel_type *first,
                                   const struct cel_type *second);
/* "map(string, list(int))", "optional_type(int)", "type(int)", "dyn", "A",
 * "timestamp" or "google.protobuf.Timestamp", "duration", "null_type";
 * "param(T)" is "T", "list" is "list(dyn)".  ST_BAD: anything else. */
CHECKED enum status cel_type_parse(struct arena *a, struct slice text,
                                   const struct cel_type **ret);
/* The same text; "timestamp" and "duration" by their short names. */
void cel_type_write(const struct cel_type *t, struct buf *out);
bool cel_type_same(const struct cel_type *a, const struct cel_type *b);

#endif
