/*
 * segment.h - the files of a journal: 00000001.bwj, 00000002.bwj, ...
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_NAME_MAX 32

struct segments {
    uint64_t *number; /* ascending */
    size_t n;
};

void segments_release(struct segments *s);
/* Finds the segments in a directory; other files there do not matter. */
CHECKED enum status segments_list(const char *dir, struct segments *ret,
                                  struct err *err);
void segment_name(uint64_t number, char out[SEGMENT_NAME_MAX]);
/* Turns errno of a failed call into a status and a sentence that begins
 * with what was tried. */
CHECKED enum status file_failed(int error, const char *tried, const char *name,
                                struct err *err);

#endif
