/*
 * tzif.h - time zone files (RFC 8536), versions 1 to 4, read where they lie.
 *
 * Nothing of a file is trusted.  Instants past its table follow the rule in
 * its footer; leap seconds ("right/" files) are not counted, as nowhere here.
 */
#ifndef CEL_TZIF_H
#define CEL_TZIF_H

#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

/* How far east of UTC, in seconds, the zone's clocks are at seconds since 1970
 * (in years 1 to 9999).  ST_BAD: not such a file. */
CHECKED enum status tzif_offset(struct slice file, int64_t seconds,
                                int32_t *ret_offset);

#endif
