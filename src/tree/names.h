/*
 * names.h - blades and their runs, known by numbers.
 *
 * Three kinds of numbers:
 *   blade   who logs.  Never forgotten, its name decides between equal times.
 *   origin  (blade, run, upper half of seq): with ts and the lower half of
 *           seq it is the tag of a write.
 *   entry   a blade's share in counters.  When a blade retires its entry
 *           stands for the base from then on, in every counter at once, and
 *           the blade gets a new one when it is next heard of.  Entry 0 is
 *           the base.
 */
#ifndef TREE_NAMES_H
#define TREE_NAMES_H

#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct tag {
    nsec ts; /* INT64_MIN: never written */
    uint32_t origin;
    uint32_t seq;
};

#define TAG_NEVER ((struct tag){ INT64_MIN, 0, 0 })

struct names;

struct names *names_new(void);
void names_free(struct names *names);

uint32_t names_blade(struct names *names, struct slice name);
struct slice names_blade_text(const struct names *names, uint32_t blade);
/* run may be any text; epoch is seq >> 32. */
uint32_t names_origin(struct names *names, uint32_t blade, struct slice run,
                      uint32_t epoch);
uint32_t names_origin_blade(const struct names *names, uint32_t origin);
size_t names_origins(const struct names *names); /* numbers are below this */

uint32_t names_entry(struct names *names, uint32_t blade);
void names_retire(struct names *names, uint32_t blade);
/* The name an entry is shown under: "" once it has retired. */
struct slice names_entry_text(const struct names *names, uint32_t entry);
bool names_entry_retired(const struct names *names, uint32_t entry);

/* By ts, then blade and run as bytes, then seq; TAG_NEVER is the least. */
int tag_cmp(const struct names *names, struct tag a, struct tag b);

#endif
