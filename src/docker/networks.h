/*
 * networks.h - at which address a container is reached from here.
 *
 * Of a network that our own container is in as well, else of any; 127.0.0.1 if
 * the container is in the network of the host.  Read from NetworkSettings.
 * Networks alone: other fields are gone from newer engines.
 */
#ifndef DOCKER_NETWORKS_H
#define DOCKER_NETWORKS_H

#include "data/tape.h"

#include <stdbool.h>
#include <stddef.h>

struct docker;
struct http_request;

#define ADDRESS_MAX      64
#define OWN_NETWORKS_MAX 32
#define NETWORK_ID_MAX   64

struct networks {
    char own[OWN_NETWORKS_MAX][NETWORK_ID_MAX + 1]; /* we are in */
    size_t n;
    struct http_request *request;
};

/* Which networks our own container is in; looks at all others again if those
 * have changed. */
void networks_ask(struct docker *d);
void networks_cancel(struct docker *d);
/* inspect: of a container that runs; "": it has none. */
void networks_address(const struct networks *own, const struct tape *inspect,
                      char out[ADDRESS_MAX]);

#endif
