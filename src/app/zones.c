#include "zones.h"

#include "base/alloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#define FOLDER       "/usr/share/zoneinfo/"
#define ZONE_BYTES   ((size_t)256 * 1024) /* the largest has 4 KiB */
#define NAME_MAX_LEN 200

struct zone {
    UT_hash_handle hh;
    char *name;
    struct slice tzif;
};

/* Names that mean another zone on another machine. */
static bool is_local(struct slice name)
{
    return slice_is(name, "localtime") || slice_is(name, "posixrules");
}

static struct slice read_whole(int fd)
{
    char *p = xmalloc(ZONE_BYTES);
    ssize_t n = read(fd, p, ZONE_BYTES);

    if (n <= 0 || (size_t)n == ZONE_BYTES) {
        free(p);
        return slice_of(NULL, 0);
    }
    return slice_of(xrealloc(p, (size_t)n), (size_t)n);
}

static struct slice read_zone(const char *name)
{
    char path[sizeof(FOLDER) + NAME_MAX_LEN];
    struct slice text;
    int fd;

    snprintf(path, sizeof(path), FOLDER "%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return slice_of(NULL, 0);
    text = read_whole(fd);
    close(fd);
    return text;
}

/* Names that are no zones are not kept: strangers may make up any number. */
static struct slice tzif(void *self, struct slice name)
{
    struct zones *z = self;
    struct slice file;
    struct zone *zone;
    char *text;

    if (name.n == 0 || name.n > NAME_MAX_LEN || is_local(name))
        return slice_of(NULL, 0);
    HASH_FIND(hh, z->zone, name.p, name.n, zone);
    if (zone)
        return zone->tzif;
    text = xmemdup0(name.p, name.n);
    file = read_zone(text);
    if (!file.p) {
        free(text);
        return file;
    }
    zone = xcalloc(1, sizeof(*zone));
    zone->name = text;
    zone->tzif = file;
    HASH_ADD_KEYPTR(hh, z->zone, zone->name, name.n, zone);
    return file;
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
