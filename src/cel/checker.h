/*
 * checker.h - what the parts of the checker share: unify.c (types), infer.c
 * (the walk), call.c (calls), special.c (the monitor's own), explain.c (what
 * to tell), reads.c.
 */
#ifndef CEL_CHECKER_H
#define CEL_CHECKER_H

#include "cel/check.h"

/* -- unify.c: types with variables ---------------------------------------- */

struct binding; /* a type variable's number and what it stood for */

/* Types under inference.  Bindings that turn out wrong are undone. */
struct types {
    struct arena *arena;
    const struct cel_type **bound; /* by variable, from 1; NULL: free */
    uint32_t nbound, room;
    struct binding *undo;
    size_t nundo, undo_room;
    uint32_t steps;
};

void types_release(struct types *t);
/* They were too complicated: what was answered may be wrong. */
bool types_exhausted(const struct types *t);
const struct cel_type *types_variable(struct types *t);
/* Whether values of from may stand where to is wanted; variables are bound if
 * so.  Of lists: all of them, or none is. */
bool types_assign(struct types *t, const struct cel_type *from,
                  const struct cel_type *to);
bool types_assign_all(struct types *t, const struct cel_type *const *from,
                      const struct cel_type *const *to, size_t n);
/* The type of an aggregate that held a and gets b; a may be NULL. */
const struct cel_type *types_join(struct types *t, const struct cel_type *a,
                                  const struct cel_type *b);
/* With variables replaced by what they stand for; final: free ones by dyn. */
const struct cel_type *types_resolve(struct types *t,
                                     const struct cel_type *type, bool final);

#define TYPE_LETTERS 26 /* the parameters of a signature: A to Z */
/* A signature's type with its parameters as variables. */
const struct cel_type *types_open(struct types *t, const struct cel_type *type,
                                  const struct cel_type **letter);

/* -- the walk ------------------------------------------------------------- */

/* A variable of a comprehension or a bind; they live on the C stack. */
struct local {
    struct slice name;
    const struct cel_type *type;
    uint32_t slot;
    bool place;
    const struct local *outer;
};

/* An alias that was named somewhere. */
struct used_alias {
    bool named;
    struct ast *tree; /* NULL: not named, or not to be read */
    uint32_t slot;
};

struct checker {
    struct arena *arena;
    const struct cel_env *env;
    struct cel_problems *problems;
    struct types types;
    const struct local *local; /* the innermost */
    uint32_t slots;
    struct used_alias *alias;       /* naliases */
    size_t visible;                 /* aliases before this one may be named */
    const struct cel_alias *inside; /* whose text is being read, or NULL */
    const struct ast *minuend;      /* a.b of the last a.b - c that was met */
    unsigned depth;
    size_t errors; /* told or not */
    bool too_deep;
};

/* infer.c: sets ast->type and all else; never answers NULL. */
const struct cel_type *infer(struct checker *c, struct ast *ast);
const struct cel_type *resolved(struct checker *c, const struct ast *ast);
const struct local *local_find(const struct checker *c, struct slice name);
/* The index in env, SIZE_MAX: none. */
size_t variable_find(const struct checker *c, struct slice name);

/* "a.b.c" of a chain of names, false: it is none or too long. */
#define DOTTED_MAX 256
bool dotted_name(const struct ast *ast, char out[DOTTED_MAX],
                 struct slice *ret);
/* Its first name is a variable, or the whole is one. */
bool dotted_is_variable(const struct checker *c, const struct ast *ast);

/* call.c */
const struct cel_type *infer_call(struct checker *c, struct ast *ast);

/* special.c: SPECIAL_NONE: it is no name of one. */
enum cel_special special_named(struct slice name);
const char *special_name(size_t i); /* NULL past the last */
const struct cel_type *infer_special(struct checker *c, struct ast *ast);

/* -- explain.c: problems -------------------------------------------------- */

/* At the node; inside an alias at the start of the text.  NULL: no room. */
struct cel_problem *mistake(struct checker *c, const struct ast *at,
                            const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct cel_problem *caution(struct checker *c, const struct ast *at,
                            const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A type as text; one of a few static-size buffers of the caller. */
#define TYPE_TEXT 96
const char *type_text(struct checker *c, const struct cel_type *type,
                      char out[TYPE_TEXT]);

void undeclared_name(struct checker *c, const struct ast *ast);
/* prefix: what stands before the name and is no receiver, or empty. */
void undeclared_function(struct checker *c, const struct ast *ast,
                         struct slice prefix);
void no_overload(struct checker *c, const struct ast *ast,
                 const struct cel_type *const *arg, size_t n);
/* An argument of a function that asks about a place. */
void no_place(struct checker *c, const struct ast *ast, const char *function);
void caution_division(struct checker *c, const struct ast *ast);
void caution_rounding(struct checker *c, const struct ast *ast);
/* A literal path that the snapshot lacks. */
void caution_snapshot(struct checker *c, const struct ast *ast);

/* -- place.c: nodes of the state ------------------------------------------ */

/* a of a[b] and a[?b], b is its next; NULL: ast is none of them. */
struct ast *index_base(const struct ast *ast);
/* What a string constant holds; p == NULL: it is none. */
struct slice literal_text(const struct ast *ast);
/* Sets ast->place of a select or an index; the types are known. */
void mark_place(struct checker *c, struct ast *ast);

/* -- reads.c -------------------------------------------------------------- */

struct read_list {
    const struct cel_read *read;
    size_t n;
};

/* Of a tree that has its types.  Answers what is wrong, NULL: nothing. */
const char *collect_reads(struct arena *arena, const struct cel_env *env,
                          const struct ast *ast, uint32_t slots,
                          struct read_list *ret);

#endif
