/*
 * own.h - what bladewatch itself writes into the state, name by name.
 *
 * docker, probes and monitor are closed to what programs log, so a member that
 * is not known here is a slip of the pen.  doc/state.md says what they mean.
 */
#ifndef RULE_OWN_H
#define RULE_OWN_H

#include "base/slice.h"

#include <stdint.h>

/*
 * All names that can stand below the n keys, the last one followed by NULL; p
 * == NULL is any key.  NULL: whatever it is, it is not ours to say.
 * *ret_stars: they stand there only if that many keys belong to the stars of
 * the rule that derives them, OWN_ALWAYS: in any case.
 */
#define OWN_ALWAYS UINT32_MAX
const char *const *own_members(const struct slice *key, uint32_t n,
                               uint32_t *ret_stars);

#endif
