/*
 * body.h - what the engine is sent, made of what inspect said.  Pure.
 *
 * Members that are not known here pass as they are, numbers with their text:
 * an engine may be newer than this file.
 */
#ifndef DOCKER_BODY_H
#define DOCKER_BODY_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "data/tape.h"

#define LABEL_GENERATION "bladewatch.generation" /* how often made anew */
#define LABEL_RECREATED  "bladewatch.recreated"  /* the id it had before */

/*
 * Appends what is kept of an inspect for recreation: the members that follow
 * are read by the functions below.
 */
void body_spec(const struct tape *inspect, struct buf *out);

struct body_create {
    struct slice image; /* reference or id to create from */
    int minor;          /* of the API version it is sent to */
};

/*
 * Appends the body of POST /containers/create that makes the container of the
 * spec anew, with one network at most: engines before API 1.44 take no more.
 * ST_BAD: it would not be the same; why says what.
 */
CHECKED enum status body_create(const struct tape *spec,
                                const struct body_create *how, struct buf *out,
                                struct err *why);

/*
 * The entry in NetworkSettings.Networks that create connects, by its index;
 * 0: none, as with the networks host, none and another container's.  ST_BAD:
 * it was disconnected from the network it was created with.
 */
CHECKED enum status body_primary(const struct tape *spec, size_t *ret_endpoint,
                                 struct err *why);

/*
 * Appends the body that connects container to a network as before.  endpoint:
 * the tape's index of its entry in NetworkSettings.Networks.  old: the id of
 * the container it was of, whose short form is an alias that nobody chose.
 */
void body_connect(const struct tape *t, size_t endpoint, struct slice old,
                  struct slice container, struct buf *out);

#endif
