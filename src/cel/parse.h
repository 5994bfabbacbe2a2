/*
 * parse.h - text to tree, after the grammar of cel-spec (doc/langdef.md).
 *
 * Limits: 100,000 bytes of text, 250 levels, 100,000 nodes.  The parser goes
 * on after a fault, at the next closing bracket or comma, so that all faults
 * of a text are told at once.
 */
#ifndef CEL_PARSE_H
#define CEL_PARSE_H

#include "cel/ast.h"
#include "cel/problem.h"

#define CEL_TEXT_MAX  ((size_t)100000)
#define CEL_DEPTH_MAX 250
#define CEL_NODES_MAX 100000

struct cel_parse_options {
    bool no_macros; /* has, all, ... are ordinary calls */
};

/*
 * ST_BAD: problems, which are not NULL, say why (at least one error); ST_LIMIT:
 * the arena is full, and problems say so too.  The tree and its texts lie in
 * arena; text need not outlive it.
 */
CHECKED enum status cel_parse(struct arena *arena, struct slice text,
                              struct cel_parse_options options,
                              struct cel_problems *problems, struct ast **ret);
/*
 * The tree as text again, for tests and messages, with brackets wherever one
 * operator stands in another.  That text, parsed, gives an equal tree.
 */
void cel_unparse(const struct ast *ast, struct buf *out);

#endif
