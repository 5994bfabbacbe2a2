/*
 * lines.h - from a stream's lines to the intake: lives, repetitions, losses.
 * Part of follow.h; not for others.
 */
#ifndef DOCKER_LINES_H
#define DOCKER_LINES_H

#include "docker/engine.h"

/*
 * Takes up a life as inspect or a start event tell of it; finished_at: when
 * the life before ended, 0 if that is not known.
 */
void lines_begin_life(struct container *c, const char *started_text,
                      nsec started_at, nsec finished_at);
/* Where the next read begins: sets since, tail and need_anchor. */
void lines_plan_read(struct container *c);
/* Sinks of a frame whose self is the container: the stream's, an audit's. */
void lines_take(void *self, const struct frame_line *line);
void lines_take_audited(void *self, const struct frame_line *line);
void lines_too_long(void *self, const struct frame_line *line);
void lines_engine_error(void *self, struct slice text);
/* Offers what is held again; false if some is left. */
bool lines_flush(struct container *c);
void lines_drop_held(struct container *c);
/* The intake's cursors are the truth. */
void lines_reload(struct container *c);
void lines_release(struct container *c);
/* From when a reading beside the present one must be, to end it. */
nsec lines_since(const struct container *c);
/* Such a one is taken now, all of it. */
void lines_plan_from(struct container *c, nsec since);
/* The newest line taken of the present and the past life; 0: none. */
nsec lines_last(const struct container *c);
/* Lines between were lost for ever: declared before the next new one. */
void lines_lost(struct container *c, nsec from, const char *why);
/* The container is gone, its log with it, before that was read to the end. */
void lines_unread(struct container *c);
/* So it is, too, of what the journal took and could not write. */
void lines_taken_back(struct container *c);

#endif
