#include "zones.h"

#include "base/alloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#define FOLDER       "/usr/share/zoneinfo/"
#define ZONE_BYTES   ((size_t)256 * 1024) /* the largest has 4 KiB */
#define ZONES_MAX    1000
#define NAME_MAX_LEN 200

struct zone {
    UT_hash_handle hh;
    char *name;
    struct slice tzif; /* p NULL: there is no such zone */
};

static struct slice read_whole(const char *path)
{
    char *p = xmalloc(ZONE_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, p, ZONE_BYTES);

    if (fd >= 0)
        close(fd);
    if (n <= 0 || (size_t)n == ZONE_BYTES) {
        free(p);
        return slice_of(NULL, 0);
    }
    return slice_of(xrealloc(p, (size_t)n), (size_t)n);
}

static struct zone *load(struct zones *z, const char *name, size_t n)
{
    char path[sizeof(FOLDER) + NAME_MAX_LEN];
    struct zone *zone = xcalloc(1, sizeof(*zone));

    snprintf(path, sizeof(path), FOLDER "%s", name);
    zone->name = xmemdup0(name, n);
    zone->tzif = read_whole(path);
    HASH_ADD_KEYPTR(hh, z->zone, zone->name, n, zone);
    return zone;
}

static struct slice tzif(void *self, struct slice name)
{
    struct zones *z = self;
    char text[NAME_MAX_LEN + 1];
    struct zone *zone;

    if (name.n == 0 || name.n > NAME_MAX_LEN)
        return slice_of(NULL, 0);
    HASH_FIND(hh, z->zone, name.p, name.n, zone);
    if (zone)
        return zone->tzif;
    if (HASH_COUNT(z->zone) >= ZONES_MAX)
        return slice_of(NULL, 0);
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return load(z, text, name.n)->tzif;
}

void zones_init(struct zones *z)
{
    *z = (struct zones){ .port = { z, tzif } };
}

void zones_release(struct zones *z)
{
    struct zone *zone, *next;

    HASH_ITER(hh, z->zone, zone, next)
    {
        HASH_DEL(z->zone, zone);
        free((void *)(uintptr_t)zone->tzif.p);
        free(zone->name);
        free(zone);
    }
}

void zones_version(char *out, size_t n)
{
    FILE *f = fopen(FOLDER "tzdata.zi", "re");
    char word[33] = "";

    if (f && fscanf(f, "# version %32s", word) != 1)
        word[0] = '\0';
    if (f)
        fclose(f);
    snprintf(out, n, "%s", word);
}
