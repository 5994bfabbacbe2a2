/*
 * value.h - what an expression computes with: 16 bytes, passed by value.
 *
 * A value owns nothing.  Strings, lists and maps lie in the arena of the
 * evaluation, in the program's constants, or (host != 0) in the state tree;
 * they are good until the evaluation's arena is reset or the tree changes.
 *
 * Errors are values too, so that && and || absorb them as CEL demands.
 *
 * Semantics: the CEL language definition (cel-spec, doc/langdef.md).  Two
 * things are ours: an integral JSON number is an int (or a uint above the
 * range of int), and maps are visited in the order of their keys wherever the
 * order shows.
 */
#ifndef CEL_VALUE_H
#define CEL_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/instant.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum cel_kind {
    CEL_ERROR, /* all-zero is one: nothing was computed */
    CEL_NULL,
    CEL_BOOL,
    CEL_INT,
    CEL_UINT,
    CEL_DOUBLE,
    CEL_STRING, /* valid UTF-8 */
    CEL_BYTES,
    CEL_LIST,
    CEL_MAP,
    CEL_TIMESTAMP, /* i: seconds since 1970 (floor), n: nanoseconds 0..999999999
                    */
    CEL_DURATION,  /* i: nanoseconds */
    CEL_TYPE,      /* s, n: the name, "int", "list", "google.protobuf.Duration"
                    */
    CEL_OPTIONAL,  /* of: NULL is optional.none() */
    CEL_KINDS
};

struct cel_list;
struct cel_map;
struct cel_error;

struct cel_value {
    uint8_t kind; /* enum cel_kind */
    uint8_t host; /* CEL_MAP: not 0: node is a map of the host's (host.h), and
                     this is the host's own mark (which of its trees) */
    uint32_t n;   /* bytes of s; nanoseconds of a timestamp */
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        const char *s;
        const struct cel_list *list;
        const struct cel_map *map;
        const void *node;
        const struct cel_value *of;
        const struct cel_error *error;
    };
};

struct cel_list {
    size_t n;
    const struct cel_value *item;
};

struct cel_entry {
    struct cel_value key, value;
};

/* Sorted by key (cel_key_order), no two keys equal. */
struct cel_map {
    size_t n;
    const struct cel_entry *entry;
};

enum cel_code {
    CEL_NO_SUCH_KEY,     /* missing key or field: "no data" to a rule */
    CEL_NO_SUCH_INDEX,   /* out of a list's range */
    CEL_NO_OVERLOAD,     /* no function for these kinds of arguments */
    CEL_OVERFLOW,        /* of int, uint, timestamp or duration */
    CEL_DIVISION,        /* by zero, modulus by zero */
    CEL_BAD_ARGUMENT,    /* text that does not convert, bad pattern, ... */
    CEL_LIMIT,           /* out of fuel, memory or depth */
    CEL_UNKNOWN_VARIABLE /* a variable the activation does not bind */
};

struct cel_error {
    enum cel_code code;
    uint32_t from, to; /* bytes of the expression; both 0: not known yet */
    struct slice text; /* one sentence without a full stop */
};

/* -- making ------------------------------------------------------------- */

static inline struct cel_value cel_null(void)
{
    return (struct cel_value){ .kind = CEL_NULL };
}
static inline struct cel_value cel_bool(bool b)
{
    return (struct cel_value){ .kind = CEL_BOOL, .b = b };
}
static inline struct cel_value cel_int(int64_t i)
{
    return (struct cel_value){ .kind = CEL_INT, .i = i };
}
static inline struct cel_value cel_uint(uint64_t u)
{
    return (struct cel_value){ .kind = CEL_UINT, .u = u };
}
static inline struct cel_value cel_double(double d)
{
    return (struct cel_value){ .kind = CEL_DOUBLE, .d = d };
}
/* The bytes are borrowed. */
static inline struct cel_value cel_string(struct slice s)
{
    return (
        struct cel_value){ .kind = CEL_STRING, .n = (uint32_t)s.n, .s = s.p };
}
static inline struct cel_value cel_bytes(struct slice s)
{
    return (
        struct cel_value){ .kind = CEL_BYTES, .n = (uint32_t)s.n, .s = s.p };
}
static inline struct cel_value cel_duration(int64_t ns)
{
    return (struct cel_value){ .kind = CEL_DURATION, .i = ns };
}
static inline struct cel_value cel_timestamp(int64_t seconds, uint32_t nanos)
{
    return (
        struct cel_value){ .kind = CEL_TIMESTAMP, .n = nanos, .i = seconds };
}
/* From our own instants, which are years 1678 to 2262. */
struct cel_value cel_instant(nsec at);
static inline struct slice cel_text(struct cel_value v)
{
    return slice_of(v.s, v.n);
}

/* -- one evaluation's surroundings -------------------------------------- */

struct cel_host;
struct cel_zones;
struct regex_cache;
struct tape;
struct tape_parser;

/* What functions may use; the evaluator (program.h) owns it. */
struct cel_context {
    struct arena arena;    /* capped: CEL_MEMORY_MAX */
    uint64_t fuel;         /* left; functions charge what they copy or visit */
    struct cel_host *host; /* NULL: no state */
    const struct cel_zones *zones; /* NULL: UTC and fixed offsets only */
    struct regex_cache *patterns;  /* of matches() with computed patterns */
    struct tape_parser *json;      /* of cel_from_json(); NULL: a new one */
    nsec now;
    bool strict; /* no promotion of int to double */
};

#define CEL_FUEL_MAX   1000000u /* units an evaluation starts with */
#define CEL_MEMORY_MAX ((size_t)1 << 20)
#define CEL_STRING_MAX ((size_t)65536) /* bytes of a string that is created */
#define CEL_LIST_MAX   ((size_t)65536) /* items of a list or map, likewise */

/* An error; the arena holds it.  Never fails: without room for the text a
 * static error of the same code is answered. */
struct cel_value cel_fail(struct cel_context *cx, enum cel_code code,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes fuel; false: there is not enough, answer cel_spent(). */
static inline bool cel_charge(struct cel_context *cx, uint64_t units)
{
    if (cx->fuel < units) {
        cx->fuel = 0;
        return false;
    }
    cx->fuel -= units;
    return true;
}
struct cel_value cel_spent(void); /* the CEL_LIMIT error of fuel or memory */

/* A copy of s in the arena, or an error (beyond CEL_STRING_MAX or memory). */
struct cel_value cel_new_string(struct cel_context *cx, struct slice s);
struct cel_value cel_new_bytes(struct cel_context *cx, struct slice s);
/* Room for n items, to be filled by the caller; NULL: past a limit. */
struct cel_value *cel_new_items(struct cel_context *cx, size_t n);
struct cel_value cel_list_of(struct cel_context *cx,
                             const struct cel_value *item, size_t n);
/* Sorts entry in place.  Two equal keys or a bad kind of key: an error. */
struct cel_value cel_map_of(struct cel_context *cx, struct cel_entry *entry,
                            size_t n);
struct cel_value cel_optional_of(struct cel_context *cx, struct cel_value v);
struct cel_value cel_optional_none(void);
/* {"a":1} and so on; integral numbers are int or uint.  Text that is not JSON
 * is an error. */
struct cel_value cel_from_json(struct cel_context *cx, struct slice text);
/* The value at index i of a tape, copied. */
struct cel_value cel_from_tape(struct cel_context *cx, const struct tape *tape,
                               size_t i);
/* A JSON number's text as int, uint or double. */
struct cel_value cel_number(struct slice text);

/* -- looking ------------------------------------------------------------ */

/* "int", "map", "google.protobuf.Timestamp", "optional_type", ... as type()
 * names it. */
const char *cel_kind_name(enum cel_kind kind);
/* The same in messages: "timestamp", "null", "optional". */
const char *cel_kind_word(enum cel_kind kind);
/* And with its article: "an int", "null", "a timestamp". */
const char *cel_kind_phrase(enum cel_kind kind);
/* CEL's == : numbers across kinds, NaN is unequal, no error ever. */
bool cel_equal(struct cel_context *cx, struct cel_value a, struct cel_value b);
/* CEL's < : -1, 0, 1; 2: not ordered (kinds that do not compare, NaN). */
int cel_compare(struct cel_value a, struct cel_value b);
/* A total order of map keys: bool, then numbers by value, then strings. */
int cel_key_order(struct cel_value a, struct cel_value b);
/* The entries of any map, the host's too: those of the host are visited in
 * key order.  An error where a limit is passed; else a CEL_MAP with host 0. */
struct cel_value cel_map_open(struct cel_context *cx, struct cel_value map);
/* The number of members. */
size_t cel_map_size(struct cel_context *cx, struct cel_value map);
/* False: no such key.  key of any kind; ret may be NULL. */
bool cel_map_get(struct cel_context *cx, struct cel_value map,
                 struct cel_value key, struct cel_value *ret);
/* Shortest text that reads back as the same double, as string(double). */
void cel_double_text(double d, struct buf *out);
/* The value as canonical JSON: for eval's output, labels and fixtures.
 * timestamps and durations as strings, bytes in base64, NaN as "NaN", whole
 * doubles with ".0".  Costs fuel; without it, out is marked full. */
void cel_to_json(struct cel_context *cx, struct cel_value v, struct buf *out);

/* The beginning of it, for messages; of what holds values the kind alone. */
#define CEL_BRIEF 80
void cel_brief(struct cel_context *cx, struct cel_value v, char out[CEL_BRIEF]);

#endif
