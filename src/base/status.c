#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_set(struct err *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return;
    err->line = err->column = 0;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
}

void err_prefix(struct err *err, const char *format, ...)
{
    char head[ERR_TEXT_MAX], tail[ERR_TEXT_MAX];
    va_list args;

    if (!err)
        return;
    va_start(args, format);
    vsnprintf(head, sizeof(head), format, args);
    va_end(args);
    memcpy(tail, err->text, sizeof(tail));
    snprintf(err->text, sizeof(err->text), "%.*s: %.*s",
             (int)(sizeof(head) / 2 - 3), head, (int)(sizeof(tail) / 2), tail);
}

const char *status_name(enum status st)
{
    static const char *const names[] = {
        [ST_OK] = "ok",         [ST_AGAIN] = "again",   [ST_END] = "end",
        [ST_BAD] = "bad input", [ST_LIMIT] = "limit",   [ST_NONE] = "not found",
        [ST_BUSY] = "busy",     [ST_DENIED] = "denied", [ST_FULL] = "disk full",
        [ST_IO] = "i/o error",
    };

    return (unsigned)st < sizeof(names) / sizeof(*names) ? names[st] : "?";
}
