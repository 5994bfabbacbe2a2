#include "problem.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* Whole characters only, however much fits. */
__attribute__((format(printf, 2, 0))) static void
set_text(char text[CEL_PROBLEM_TEXT], const char *format, va_list args)
{
    (void)vsnprintf(text, CEL_PROBLEM_TEXT, format, args);
    text[utf8_prefix(slice_str(text))] = '\0';
}

struct cel_problem *cel_problem(struct cel_problems *to, bool warning,
                                uint32_t from, uint32_t to_, const char *format,
                                ...)
{
    struct cel_problem *p;
    va_list args;

    if (!to)
        return NULL;
    to->errors += !warning;
    if (to->n == CEL_PROBLEMS_MAX) {
        to->more = true;
        return NULL;
    }
    p = &to->item[to->n++];
    p->warning = warning;
    p->from = from;
    p->to = to_;
    p->help[0] = '\0';
    va_start(args, format);
    set_text(p->text, format, args);
    va_end(args);
    return p;
}

void cel_help(struct cel_problem *p, const char *format, ...)
{
    va_list args;

    if (!p)
        return;
    va_start(args, format);
    set_text(p->help, format, args);
    va_end(args);
}
