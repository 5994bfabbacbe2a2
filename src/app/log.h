/*
 * log.h - the program's own log: one line a sentence, on standard error.
 */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "base/instant.h"

void log_info(nsec at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(nsec at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
