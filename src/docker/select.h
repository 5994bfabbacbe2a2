/*
 * select.h - which containers are followed and how their lines are read.
 *
 * A container is followed if it carries the label bladewatch (shard, json or
 * text) or matches one of the rules of docker.select; its own label wins.
 *
 *   bladewatch=shard|json|text    mode; by default at the root (shard) or at
 *                                 blades.<name>
 *   bladewatch.at=PATH            mount: dotted or a JSON Pointer
 *   bladewatch.ttl=30s            lease on the mount
 *   bladewatch.scope=PATH,PATH    where a shard blade may write
 *   bladewatch.ignore=true        never followed
 *
 * Nonsense in a label costs one warning and means the default.
 */
#ifndef DOCKER_SELECT_H
#define DOCKER_SELECT_H

#include "base/buf.h"
#include "base/slice.h"
#include "core/source.h"

#include <stdbool.h>

struct docker_rule {
    struct slice label; /* "key" or "key=value" */
    enum mode mode;
};

struct label {
    struct slice key, value;
};

struct labels {
    const struct label *label;
    size_t n;
};

/* wanted: "key" or "key=value". */
bool labels_match(struct labels labels, struct slice wanted);

struct choice {
    bool follow;
    bool ignored; /* bladewatch.ignore: not followed, no facts */
    enum mode mode;
    struct path at; /* into name, the labels or store */
    bool at_set;    /* by a label; else blades.<name> follows a rename */
    nsec ttl_for;
    struct path scope[SOURCE_SCOPE_MAX];
    size_t nscope;
    struct buf store;
};

/* bladewatch.ignore: "true", "1" or "yes". */
bool label_says_yes(struct slice value);
/* The labels and the rules are borrowed for as long as the choice lives. */
void choose(struct choice *c, const struct docker_rule *rules, size_t nrules,
            struct labels labels);
void choice_release(struct choice *c);
/* Where the lines of a container called name are merged. */
struct path choice_mount(const struct choice *c, struct slice name);
/* Appends a sentence for each label that means nothing; none if all do. */
void choice_warnings(struct labels labels, struct buf *out);

#endif
