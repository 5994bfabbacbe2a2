#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static void say(nsec at, const char *level, const char *format, va_list args)
{
    char when[INSTANT_TEXT], text[1024];
    char *p;

    instant_format(at, when);
    vsnprintf(text, sizeof(text), format, args);
    /* What a stranger named must not begin a line of ours. */
    for (p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    fprintf(stderr, "%.23sZ %s %s\n", when, level, text);
}

void log_info(nsec at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(at, "info", format, args);
    va_end(args);
}

void log_warn(nsec at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(at, "warn", format, args);
    va_end(args);
}
