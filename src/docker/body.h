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
#include "data/tape.h"

/*
 * Appends the body that connects container to a network as before.  endpoint:
 * the tape's index of its entry in NetworkSettings.Networks.  old: the id of
 * the container it was of, whose short form is an alias that nobody chose.
 */
void body_connect(const struct tape *t, size_t endpoint, struct slice old,
                  struct slice container, struct buf *out);

#endif
