/*
 * macro.h - calls that are not calls: has(), comprehensions, bindings.
 */
#ifndef CEL_MACRO_H
#define CEL_MACRO_H

#include "cel/ast.h"
#include "cel/problem.h"

/*
 * call is a whole AST_CALL.  If its name, style and number of arguments are a
 * macro's, it becomes the macro's node; else it stays what it is.  Returns
 * the node to use, which is call but for has().
 */
struct ast *macro_apply(struct ast *call, struct cel_problems *problems);
/* The name a loop or binding is written with. */
const char *macro_name(const struct ast *n);

#endif
