/*
 * zones.h - the system's time zones for expressions: a file is read when it
 * is first asked for and kept.
 */
#ifndef APP_ZONES_H
#define APP_ZONES_H

#include "cel/host.h"

#include <stddef.h>

/* All-zero is empty. */
struct zones {
    struct zone *zone;
    struct cel_zones port; /* for core_zones(); good while this lives */
};

void zones_init(struct zones *z);
void zones_release(struct zones *z);
/* "2025b", or "" if the system does not say; room for n bytes. */
void zones_version(char *out, size_t n);

#endif
