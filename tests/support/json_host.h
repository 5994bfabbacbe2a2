/*
 * json_host.h - a state for expressions to look at, made of JSON text.
 *
 * Objects are maps of places, arrays and scalars are values.  When and by whom
 * a node was written, and how a counter grew, is told by hand.
 */
#ifndef SUPPORT_JSON_HOST_H
#define SUPPORT_JSON_HOST_H

#include "cel/host.h"

struct json_host;

/* json must be an object; aborts if it is not.  Everything was seen at 0. */
struct json_host *json_host_new(struct slice json);
/* Keys are hashed with the seed. */
struct json_host *json_host_seeded(struct slice json, uint64_t seed);
void json_host_free(struct json_host *h);
struct cel_host *json_host_port(struct json_host *h);
struct cel_place json_host_root(struct json_host *h);
/* By a path of names with dots between; node NULL: there is no such node. */
struct cel_place json_host_find(struct json_host *h, struct slice path);
/* The keys that lead to a node, at most max of them. */
size_t json_host_keys(const struct cel_place *place, struct slice *key,
                      size_t max);
/* It and all above it are then as new.  The path must be there. */
void json_host_touch(struct json_host *h, struct slice path, nsec at,
                     struct slice blade);
/* A counter grew, or with kind CEL_CHANGES another value was set. */
void json_host_event(struct json_host *h, struct slice path,
                     enum cel_window kind, nsec at, int64_t amount);
/* What byBlade() answers: the text of an object. */
void json_host_by_blade(struct json_host *h, struct slice path,
                        struct slice json);

#endif
