#include "segment.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".bwj"

void segments_release(struct segments *s)
{
    if (!s)
        return;
    free(s->number);
    *s = (struct segments){ 0 };
}

void segment_name(uint64_t number, char out[SEGMENT_NAME_MAX])
{
    snprintf(out, SEGMENT_NAME_MAX, "%08" PRIu64 SUFFIX, number);
}

/* True if name is what segment_name() makes of a number from 1. */
static bool parse_name(const char *name, uint64_t *ret)
{
    char again[SEGMENT_NAME_MAX];
    size_t n = strspn(name, "0123456789");

    if (n < 8 || n > 19)
        return false;
    *ret = strtoull(name, NULL, 10);
    segment_name(*ret, again);
    return *ret && !strcmp(name, again);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

enum status segments_list(const char *dir, struct segments *ret,
                          struct err *err)
{
    struct segments s = { 0 };
    DIR *d = opendir(dir);
    struct dirent *entry;
    uint64_t number;
    size_t room = 0;

    if (!d)
        return file_failed(errno, "cannot list", dir, err);
    while ((entry = readdir(d)) != NULL) {
        if (!parse_name(entry->d_name, &number))
            continue;
        if (s.n == room) {
            room = room ? room * 2 : 16;
            s.number = xrealloc(s.number, room * sizeof(*s.number));
        }
        s.number[s.n++] = number;
    }
    closedir(d);
    if (s.n)
        qsort(s.number, s.n, sizeof(*s.number), by_number);
    *ret = s;
    return ST_OK;
}

static const struct {
    int error;
    enum status st;
    const char *text;
} reasons[] = {
    { EACCES, ST_DENIED, "permission denied; give this user access to it" },
    { EPERM, ST_DENIED, "not permitted; give this user access to it" },
    { EROFS, ST_DENIED,
      "the file system is read-only; mount it read-write or choose another "
      "directory" },
    { ENOSPC, ST_FULL, "the disk is full; free some space" },
    { EDQUOT, ST_FULL, "the disk quota is used up; free some space" },
    { EFBIG, ST_FULL, "the file would pass the largest size allowed" },
    { ENOENT, ST_NONE, "it does not exist" },
    { ENOTDIR, ST_BAD, "a part of the path is a file, not a directory" },
    { EIO, ST_IO, "the disk reports an error; look at the kernel's log" },
};

enum status file_failed(int error, const char *tried, const char *name,
                        struct err *err)
{
    size_t i;

    for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].error == error) {
            err_set(err, "%s %s: %s", tried, name, reasons[i].text);
            return reasons[i].st;
        }
    err_set(err, "%s %s: %s", tried, name, strerror(error));
    return ST_IO;
}
