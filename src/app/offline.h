/*
 * offline.h - the machine fed from files, in virtual time.
 *
 * The same core as live; only who supplies the events differs.
 */
#ifndef APP_OFFLINE_H
#define APP_OFFLINE_H

#include "base/instant.h"
#include "base/status.h"
#include "core/core.h"

#include <stdbool.h>
#include <stdint.h>

enum input_format {
    FORMAT_AUTO,      /* by the first line */
    FORMAT_RECORDING, /* the journal's own: a file or its directory */
    FORMAT_JSONL,     /* plain lines */
    FORMAT_SHARDS     /* lines that say whose they are (core/core.h) */
};

CHECKED enum status format_parse(struct slice name, enum input_format *ret);

struct offline_config {
    enum input_format format;
    nsec reorder_for;     /* of plain lines: how far out of order; 100 ms */
    const char *ts_field; /* of plain lines, where $ts is missing; or NULL */
    bool has_until;
    nsec until_at; /* stop at the first line logged after it */
    struct limits limits;
    bool own_rules; /* the core has its rules: those of recordings are not
                       taken */
    void *self;
    /* A line or a file that is not right; the replay goes on. */
    void (*complain)(void *self, const char *file, const struct err *err);
    /* Now and then, for a progress bar; may be NULL. */
    void (*progress)(void *self, const char *file, uint64_t bytes);
};

struct offline_config offline_defaults(void);

struct offline_result {
    uint64_t lines;    /* read, of any kind */
    uint64_t problems; /* complained about */
    uint64_t damaged;  /* parts of recordings that are unreadable */
    uint64_t dropped;  /* records behind the last good seal */
    uint64_t untimed;  /* plain lines without $ts and ts_field */
    bool ts_field_met; /* in a plain line */
    bool stopped;      /* at until */
};

struct offline;

struct offline *offline_new(struct core *core,
                            const struct offline_config *config);
void offline_free(struct offline *o);
/* path "-" is standard input.  ST_BAD, ST_NONE, ST_IO: it cannot be read. */
CHECKED enum status offline_read(struct offline *o, const char *path,
                                 struct err *err);
/* Ends the input: all that waits is merged, time moves to until. */
void offline_finish(struct offline *o);
struct offline_result offline_result(const struct offline *o);

#endif
