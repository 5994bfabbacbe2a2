/*
 * zones.h - the time zone files of this machine.
 */
#ifndef SUPPORT_ZONES_H
#define SUPPORT_ZONES_H

#include "cel/host.h"

#include <stdbool.h>

/* Read from /usr/share/zoneinfo as they are asked for, and kept. */
const struct cel_zones *zones_of_machine(void);
/* False, and a word about it: tzdata is not installed. */
bool zones_are_there(void);

#endif
