/*
 * zones.h - the system's time zones, for tests of expressions.
 */
#ifndef SUPPORT_ZONES_H
#define SUPPORT_ZONES_H

#include "cel/host.h"

/* Reads /usr/share/zoneinfo; keeps what it has read. */
struct cel_zones *zones_new(void);
void zones_free(struct cel_zones *z);

#endif
