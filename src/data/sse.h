/*
 * sse.h - server-sent events, read as they come, cut anywhere.
 *
 * What is wanted of data is said per event: kept up to a cap, or handed on
 * piece by piece.  Comments and unknown fields are passed over.
 */
#ifndef DATA_SSE_H
#define DATA_SSE_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>

#define SSE_NAME_MAX 32

struct sse_handler {
    void *self;
    /* True: this event's data is handed to on_piece and not kept. */
    bool (*stream)(void *self, const char *event);
    void (*on_piece)(void *self, struct slice piece);
    /* At the blank line; data is empty if it was streamed. */
    void (*on_event)(void *self, const char *event, const char *id,
                     struct slice data);
};

enum sse_field { SSE_NONE, SSE_EVENT, SSE_ID, SSE_DATA };

struct sse {
    struct sse_handler handler;
    char line[SSE_NAME_MAX];  /* the name of a field, coming in */
    char event[SSE_NAME_MAX]; /* "" is "message" */
    char id[SSE_NAME_MAX];
    size_t nline, nevent, nid;
    enum sse_field field;
    bool in_value, blank, after_cr, streams, has_data;
    struct buf data;
};

void sse_init(struct sse *s, const struct sse_handler *handler,
              size_t data_max);
void sse_release(struct sse *s);
void sse_reset(struct sse *s); /* a new connection */
/* ST_LIMIT: an event's data is larger than data_max. */
CHECKED enum status sse_add(struct sse *s, struct slice piece);

#endif
