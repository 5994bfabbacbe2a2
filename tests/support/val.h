/*
 * val.h - JSON values as plain linked structures, for tests that must not
 * lean on what they test.
 *
 * A value owns its children; members of an object carry their key.
 */
#ifndef SUPPORT_VAL_H
#define SUPPORT_VAL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum val_kind {
    VAL_NULL,
    VAL_FALSE,
    VAL_TRUE,
    VAL_NUMBER,
    VAL_STRING,
    VAL_ARRAY,
    VAL_OBJECT
};

struct val {
    enum val_kind kind;
    char *text;    /* of a number, or a string's bytes, no NUL among them */
    int64_t micro; /* of a number, where the maker knows it: 10^-6 */
    char *key;
    struct val *first, *next;
};

struct val *val_new(enum val_kind kind, const char *text);
struct val *val_number(const char *text, int64_t micro);
void val_free(struct val *v);
struct val *val_copy(const struct val *v);
/* Takes member; replaces what is called the same. */
void val_put(struct val *object, const char *key, struct val *member);
void val_append(struct val *array, struct val *item); /* takes item */
struct val *val_get(const struct val *object, const char *key);
bool val_remove(struct val *object, const char *key);
/* Canonical JSON, written by its own rules. */
void val_write(const struct val *v, struct buf *out);
/* The value of a text that must be JSON without NULs. */
struct val *val_parse(struct slice text);

/*
 * A JSON Patch (RFC 6902) of "add" and "remove" on a document, which may be
 * NULL: nothing.  False: an operation is not allowed there.
 */
bool val_patch(struct val **doc, const struct val *patch);

/* xorshift64*: the same numbers in every run. */
uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t n);

#endif
