/*
 * path.h - where in the tree: keys from the root down.
 *
 * Keys are any UTF-8, "" included.  In text a path is a JSON Pointer
 * (RFC 6901: "/blades/web", "~1" is '/', "~0" is '~') or dotted
 * ("blades.web"); text that starts with '/' or is empty is a pointer.
 */
#ifndef TREE_PATH_H
#define TREE_PATH_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define PATH_KEYS_MAX 32  /* deepest path there can be */
#define PATH_KEY_MAX  256 /* bytes of one key */

struct path {
    struct slice key[PATH_KEYS_MAX]; /* borrowed */
    size_t n;
};

/* Keys that need unescaping are written to store, which must outlive p. */
CHECKED enum status path_parse(struct path *p, struct slice text,
                               struct buf *store, struct err *err);
/* Appends the JSON Pointer of p. */
void path_pointer(const struct path *p, struct buf *out);
/* Appends key with '~' and '/' escaped, no slash in front. */
void path_escape(struct slice key, struct buf *out);

#endif
