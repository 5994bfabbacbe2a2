/*
 * ids.h - the idempotency keys seen last.
 *
 * Keys are kept as 128-bit hashes (XXH3), the oldest given up past the cap.
 */
#ifndef CORE_IDS_H
#define CORE_IDS_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct ids;

struct ids *ids_new(void);
void ids_free(struct ids *ids);
/* Remembers scope + id, at most cap of them; false: it was known. */
bool ids_add(struct ids *ids, struct slice scope, struct slice id,
             uint64_t cap);

#endif
