/*
 * ast.h - an expression as a tree.
 *
 * The parser makes it (macros already recognised: comprehensions, has(), bind
 * and the optional macros are nodes of their own, not CEL's generic fold), the
 * checker fills in `type`, `slot`, `place` and `group`, the compiler turns it
 * into a program.  All nodes and texts lie in one arena.
 *
 * from and to are bytes of the expression's text: the whole of what the node
 * was written as.  `at` is where a caret belongs if it is one place: the
 * operator, the dot's field, the function's name.
 */
#ifndef CEL_AST_H
#define CEL_AST_H

#include "cel/type.h"
#include "cel/value.h"

#include <stdbool.h>
#include <stdint.h>

enum ast_kind {
    AST_LITERAL, /* value */
    AST_IDENT,   /* name; a leading dot: rooted */
    AST_SELECT,  /* a.name; optional: a.?name; test: has(a.name) */
    AST_CALL,    /* name(list...), or receiver a: a.name(list...).  Operators
                    are calls whose operands are the list: see function.h.
                    a[b]: "_[_]", a[?b]: "_[?_]", a ? b : c: "_?_:_".
                    Chains of && and || are balanced trees */
    AST_LIST,    /* [list...]; spread on a child: [?x] */
    AST_MAP,     /* {list...}: key, value, key, value; spread on the key */
    AST_LOOP,    /* a comprehension: loop, a is the range, c the last argument
                    (predicate, key, what is collected), b a filter or NULL */
    AST_BIND     /* cel.bind(name, a, b); optMap and optFlatMap: see bind */
};

enum ast_loop {
    LOOP_ALL,
    LOOP_EXISTS,
    LOOP_EXISTS_ONE,
    LOOP_FILTER,
    LOOP_MAP,             /* may have a filter; likewise the next three */
    LOOP_TRANSFORM_LIST,  /* two variables */
    LOOP_TRANSFORM_MAP,   /* two variables */
    LOOP_TRANSFORM_ENTRY, /* two variables; c yields a map of entries */
    LOOP_SORT_BY          /* list.sortBy(x, key) */
};

enum ast_bind {
    BIND_PLAIN,       /* cel.bind(name, a, b) */
    BIND_OPT_MAP,     /* a.optMap(name, b) */
    BIND_OPT_FLAT_MAP /* a.optFlatMap(name, b) */
};

struct cel_group; /* function.h */

/* The slot of a name that is not declared (cel_options.no_check). */
#define AST_NO_SLOT UINT32_MAX

struct ast {
    uint8_t kind;   /* enum ast_kind */
    uint8_t loop;   /* enum ast_loop, enum ast_bind */
    bool optional;  /* AST_SELECT: a.?name */
    bool spread;    /* any: [?this], {?this: v} */
    bool test;      /* AST_SELECT: has() */
    bool rooted;    /* AST_IDENT: ".x", AST_CALL: ".f()" */
    bool place;     /* checker: this is a node of the state, see check.h */
    bool receiver;  /* AST_CALL: a is the receiver (NULL otherwise) */
    uint8_t height; /* levels of the tree here, at most CEL_DEPTH_MAX */
    uint32_t from, to, at;
    struct slice name, name2; /* name2: a loop's second variable, or empty */
    struct cel_value value;   /* AST_LITERAL */
    struct ast *a, *b, *c;
    struct ast *list; /* arguments, elements, entries: linked by next */
    uint32_t nlist;
    struct ast *next;
    /* The checker's. */
    const struct cel_type *type;
    const struct cel_group *group; /* AST_CALL: what may be called; NULL for
                                      what the compiler knows by itself */
    uint32_t slot, slot2; /* AST_IDENT, AST_LOOP, AST_BIND: variables */
    uint8_t special;      /* AST_CALL: enum cel_special (check.h) */
};

/* The key of a select or of an index by a constant string; p == NULL: other. */
struct slice ast_literal_key(const struct ast *ast);

#endif
