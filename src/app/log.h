/*
 * log.h - the program's own log: one line a sentence, on standard error.
 *
 * What strangers named is shown, not obeyed: see log_plain().
 */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/slice.h"

void log_info(nsec at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(nsec at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The door of the log: appends text so that nothing in it begins a line, moves
 * a cursor or turns the order of what is read.  Control characters, marks of
 * direction and ends of lines become \u{202e}, what is no UTF-8 U+FFFD. */
void log_plain(struct slice text, struct buf *out);

#endif
