/*
 * stuck.h - streams that are stuck although they look alive, and lines that
 * an engine lost while it rotated a log.
 *
 * A probe reads the log's last entry.  If that is newer than what the stream
 * has brought and the stream does not bring it within a second either, the
 * stream is opened anew at the cursor.  An audit reads the last seconds of a
 * rotated log again and takes what was skipped.
 */
#ifndef DOCKER_STUCK_H
#define DOCKER_STUCK_H

#include "docker/engine.h"

void stuck_plan(struct container *c); /* a stream was opened */
void stuck_tick(struct container *c);
void stuck_cancel(struct container *c);

#endif
