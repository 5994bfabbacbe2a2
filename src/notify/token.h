/*
 * token.h - a secret in a file of its own.
 */
#ifndef NOTIFY_TOKEN_H
#define NOTIFY_TOKEN_H

#include "base/status.h"

#define TOKEN_MAX 4096

/* Blanks around it are no part of it; what is in between is visible ASCII.
 * err names the file, never what is in it. */
CHECKED enum status token_read(const char *path, char ret_token[TOKEN_MAX + 1],
                               struct err *err);

#endif
