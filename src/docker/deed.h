/*
 * deed.h - an act under way; what the files of acting share.
 *
 * A deed sends one request at a time, and each names the step that takes its
 * answer.  It ends by deed_done(), after which its pointer is void.
 */
#ifndef DOCKER_DEED_H
#define DOCKER_DEED_H

#include "docker/act.h"
#include "docker/engine.h"
#include "docker/verdict.h"

struct deed;

typedef void deed_step(struct deed *a, const struct http_end *end);

struct deed {
    struct docker *d;
    struct deed *next, **at;
    struct docker_act act; /* its slices point at what follows */
    char name[NAME_MAX_BYTES + 1], container[ID_MAX + 1], expected[16];
    struct loop_timer begin;
    nsec began_at;
    nsec until; /* what is asked then waits no longer */

    struct http_request *request;
    deed_step *then;
    bool apart;    /* it went to an endpoint that is for acts alone */
    nsec asked_at; /* of the request */

    int looks;
    struct buf inspect; /* of the look before acting */
    char status[16];    /* ... what it said */
    struct sight seen;

    const char *verdict; /* of the answer to the act */
    int code;
    char message[ERR_TEXT_MAX];
    int repairs; /* of networks */

    /* Of a recreation. */
    char old[ID_MAX + 1]; /* the container that was removed; "": it is none */
    struct buf spec;      /* what is kept of it */
    size_t nth;           /* of the things it needs, then of its networks */
    bool by_tag;          /* the tag still is its image */
    bool whole;           /* connected to all its networks */
};

struct errand {
    bool act;  /* to the act endpoint, not the read one */
    bool post; /* else GET */
    const char *path;
    struct slice content; /* JSON; empty: none */
    nsec connect_for;     /* 0: 5 s */
    nsec within;          /* 0: 5 s; no longer than the deed has left */
    bool after;           /* ... or however long: all is done but this */
    deed_step *then;
};

/* act.c */
void deed_send(struct deed *a, const struct errand *errand);
void deed_done(struct deed *a, const char *result, int code, const char *format,
               ...) __attribute__((format(printf, 4, 5)));
/* Ends it with what a request without a whole answer means, if this is one. */
bool deed_unanswered(struct deed *a, const struct http_end *end,
                     const char *doing);
/* Whatever anybody wants of it: why it is never touched; NULL: it may be. */
const char *deed_barred(const struct docker *d, const struct tape *inspect);
/* Looks at the container and, if it is as expected, does what is to be done. */
void deed_look(struct deed *a);

/* obstacle.c: what kept it from starting. */
/* It lost a network: if that may be repaired, connects it to the one that has
 * the name now and starts it again. */
void deed_network(struct deed *a);
/* Another has its port: says who. */
void deed_port(struct deed *a);

/* recreate.c */
void deed_recreate(struct deed *a);
/* A container that a recreation created and could not start. */
bool deed_is_half_made(const struct tape *inspect);
/* Makes it whole, then starts it. */
void deed_complete(struct deed *a, const struct tape *inspect);
/* Appends s as a part of a path; allowed: what else stays as it is. */
void deed_escape(struct slice s, const char *allowed, struct buf *out);

#endif
