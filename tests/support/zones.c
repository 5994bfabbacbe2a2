#include "support/zones.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define ZONE_BYTES 65536

struct zone {
    struct zone *next;
    char *name;
    char *bytes; /* NULL: there is none */
    size_t n;
};

struct zones {
    struct cel_zones port; /* first */
    struct zone *zone;
};

static void read_zone(struct zone *z)
{
    char path[300];
    FILE *f;

    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", z->name);
    f = fopen(path, "rb");
    if (!f)
        return;
    z->bytes = xmalloc(ZONE_BYTES);
    z->n = fread(z->bytes, 1, ZONE_BYTES, f);
    fclose(f);
}

static struct slice tzif(void *self, struct slice name)
{
    struct zones *zones = self;
    struct zone *z;

    for (z = zones->zone; z; z = z->next)
        if (slice_is(name, z->name))
            return slice_of(z->bytes, z->n);
    z = xcalloc(1, sizeof(*z));
    z->name = xmemdup0(name.p, name.n);
    z->next = zones->zone;
    zones->zone = z;
    read_zone(z);
    return slice_of(z->bytes, z->n);
}

struct cel_zones *zones_new(void)
{
    struct zones *z = xcalloc(1, sizeof(*z));

    z->port = (struct cel_zones){ .self = z, .tzif = tzif };
    return &z->port;
}

void zones_free(struct cel_zones *port)
{
    struct zones *zones = port ? port->self : NULL;
    struct zone *z, *next;

    for (z = zones ? zones->zone : NULL; z; z = next) {
        next = z->next;
        free(z->name);
        free(z->bytes);
        free(z);
    }
    free(zones);
}
