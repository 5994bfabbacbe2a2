/*
 * status.h - what a function answers, and what a person is told.
 *
 * enum status tells the program what to do next; struct err tells a person
 * why, and is filled where the fault was found.  Both travel together: a
 * function that can fail for a reason a user must hear takes a struct err
 * (NULL is accepted and ignored).  Out-parameters named ret_x stay untouched
 * on failure.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stddef.h>

enum status {
    ST_OK = 0, /* done */
    ST_AGAIN,  /* nothing to do now; try when there is more */
    ST_END,    /* no more, ever */
    ST_BAD,    /* the input is wrong; err says where */
    ST_LIMIT,  /* a cap was reached; nothing was changed */
    ST_NONE,   /* what was asked for is not there */
    ST_BUSY,   /* somebody else holds it */
    ST_DENIED, /* not allowed: permissions, a refused call */
    ST_FULL,   /* the disk is full */
    ST_IO      /* the operating system or a peer failed */
};

/* To ignore a status is a mistake the compiler finds. */
#define CHECKED __attribute__((warn_unused_result))
/* Seldom called from where much happens: kept out of the caller's way. */
#define ASIDE __attribute__((noinline))

#define ERR_TEXT_MAX 400

struct err {
    char text[ERR_TEXT_MAX]; /* one sentence, no newline, may be cut */
    size_t line;             /* 1-based, 0 where there is none */
    size_t column;           /* 1-based, in bytes; 0 where there is none */
};

/* Sets the text and forgets the position; err may be NULL. */
void err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "text: " in front of what err already says. */
void err_prefix(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The lower-case name of a status, for logs and JSON. */
const char *status_name(enum status st);

#endif
