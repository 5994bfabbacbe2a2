/*
 * function.h - the functions an expression may call: one table for the
 * checker, which reads the signatures, and the evaluator, which calls.
 *
 * A signature is written as CEL's documentation writes them:
 *
 *     "size(list(A)) -> int"              a global function
 *     "string.charAt(int) -> string"      a receiver of type string
 *     "math.least(dyn, ...) -> dyn"       see below
 *     "optional_type(A).value() -> A"
 *     "_+_(int, int) -> int"              an operator
 *
 * A namespaced function ("math.ceil(double) -> double", "base64.encode(bytes)
 * -> string") is told from a receiver by its first word, which is no type.
 * "..." as the last argument means any number of dyn.
 *
 * Operators: _+_ _-_ _*_ _/_ _%_ -_ !_ _==_ _!=_ _<_ _<=_ _>_ _>=_ @in _[_]
 * _[?_] _?_:_ _&&_ _||_.  The last three have signatures but no call: they
 * are the evaluator's own.
 */
#ifndef CEL_FUNCTION_H
#define CEL_FUNCTION_H

#include "cel/type.h"
#include "cel/value.h"

/*
 * arg[0] is the receiver, if there is one.  No argument is an error.  A kind
 * the signature does not name never comes, except through dyn, A and B.
 */
typedef struct cel_value cel_call(struct cel_context *cx,
                                  const struct cel_value *arg, size_t n);

struct cel_overload {
    const char *signature;
    cel_call *call;
};

struct cel_library {
    const struct cel_overload *overload;
    size_t n;
};

/* One overload, its signature read. */
struct cel_signature {
    const struct cel_type *result;
    const struct cel_type *arg[6];
    uint8_t nargs;
    bool rest;         /* any number of further dyn arguments */
    uint32_t kinds[6]; /* what each argument may be: bit 1 << enum cel_kind */
    cel_call *call;
};

/* All overloads of one name and style. */
struct cel_group {
    struct slice name; /* "charAt", "math.ceil", "_+_" */
    bool receiver;
    size_t n;
    const struct cel_signature *signature;
};

struct cel_functions; /* immutable once made; shared by all programs */

/* Reads every library there is; a signature that does not parse aborts. */
struct cel_functions *cel_functions_new(void);
void cel_functions_free(struct cel_functions *f);
const struct cel_group *cel_functions_find(const struct cel_functions *f,
                                           struct slice name, bool receiver);
/* The i-th of all groups, in no order; NULL past the last.  For suggestions. */
const struct cel_group *cel_functions_at(const struct cel_functions *f,
                                         size_t i);
/* A function's name as people write it: "_<_" is "<", "@in" is "in". */
void cel_function_label(struct slice name, struct buf *out);
/* Calls the first overload whose kinds fit; CEL_NO_OVERLOAD if none does. */
struct cel_value cel_group_call(const struct cel_group *group,
                                struct cel_context *cx,
                                const struct cel_value *arg, size_t n);

/* -- the libraries: one per file, all in cel_functions_new() -------------- */

struct cel_library cel_library_operators(void);   /* operators.c */
struct cel_library cel_library_standard(void);    /* standard.c: size, string,
                                                int, contains, matches, ... */
struct cel_library cel_library_time(void);        /* time.c */
struct cel_library cel_library_optionals(void);   /* optionals.c */
struct cel_library cel_library_strings(void);     /* strings.c */
struct cel_library cel_library_math(void);        /* math.c */
struct cel_library cel_library_collections(void); /* collections.c: lists, sets,
                                                keys, values, sum, min, max */
struct cel_library cel_library_encoders(void);    /* encoders.c: base64 */

#endif
