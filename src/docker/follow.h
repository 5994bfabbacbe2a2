/*
 * follow.h - one container's log stream: states, cursor, losses.
 *
 *   OFF -> OPENING -> REPLAY -> LIVE -> DRAIN -> ASK -> WAIT
 *             ^                   |              |
 *             +---- BACKOFF <-----+--------------+     UNREADABLE, GONE
 *
 * Every end of a stream has one successor: a clean end is read once more
 * (DRAIN; of what is removed at its end that was asked for as it died), then
 * inspect decides (ASK); a cut is opened again where it broke
 * off.  What to do in which state is one table, follow_table.
 *
 * Between a container's lives the log file is the same: lines up to the
 * boundary are of the past life, later ones of the present.
 */
#ifndef DOCKER_FOLLOW_H
#define DOCKER_FOLLOW_H

#include "base/buf.h"
#include "base/instant.h"
#include "core/port.h"
#include "docker/frame.h"
#include "docker/seen.h"
#include "net/http.h"

#include <stdbool.h>
#include <stdint.h>

struct container;
struct docker;

enum follow_state {
    FOLLOW_OFF, /* not chosen, or not known yet */
    FOLLOW_OPENING,
    FOLLOW_REPLAY, /* reads what was logged before it was opened */
    FOLLOW_LIVE,
    FOLLOW_DRAIN,
    FOLLOW_ASK,
    FOLLOW_WAIT, /* for the next start */
    FOLLOW_BACKOFF,
    FOLLOW_UNREADABLE,
    FOLLOW_GONE,
    FOLLOW_STATES
};

enum follow_event {
    FOLLOW_START,   /* it runs a life that is not followed yet */
    FOLLOW_DOWN,    /* it does not run */
    FOLLOW_RUNS,    /* it runs the life that is followed */
    FOLLOW_HEAD,    /* the engine sends the stream */
    FOLLOW_CAUGHT,  /* all that was logged before has been read */
    FOLLOW_CLEAN,   /* the stream ended as it should */
    FOLLOW_CUT,     /* it broke off */
    FOLLOW_REFUSED, /* the engine has no such log */
    FOLLOW_MUTE,    /* the log driver cannot be read */
    FOLLOW_FAILED,  /* any other answer, or a broken stream */
    FOLLOW_DUE,     /* the wait is over */
    FOLLOW_REMOVED, /* the container is gone */
    FOLLOW_EVENTS
};

enum follow_act {
    NOT_DECIDED, /* an empty cell: a mistake that a test finds */
    DO_NOTHING,
    DO_OPEN,
    DO_REPLAY,
    DO_LIVE,
    DO_DRAIN,
    DO_ASK,
    DO_RECHECK, /* it says it runs: a moment later it may not */
    DO_WAIT,
    DO_SOON,    /* again in 50-250 ms */
    DO_BACKOFF, /* again in 0.5 s, doubling to 30 s */
    DO_MUTE,
    DO_END,
    FOLLOW_ACTS
};

extern const enum follow_act follow_table[FOLLOW_STATES][FOLLOW_EVENTS];

/* One life of a container: its lines are one run. */
struct lane {
    char *run; /* NULL: there is none */
    uint32_t source;
    bool declared;
    struct seen seen[3]; /* by fd */
};

/* A line (or a loss) the intake did not take yet. */
struct held {
    struct held *next;
    struct frame_line line;
    bool judged;      /* new for certain */
    const char *lost; /* NULL: a line; else why it is none */
    char text[];
};

/*
 * The last reading, of what is removed at its end: asked for as it dies, and
 * taken once the stream has ended.
 */
struct final_reading {
    struct http_request *request; /* on its way */
    nsec since;
    struct http_head head; /* code 0: it has not come */
    struct buf body;
    bool wanted; /* the stream has ended */
};

struct follow {
    enum follow_state state;
    struct http_request *stream;
    struct http_request *side; /* a probe or an audit */
    struct final_reading final;
    struct frame frame;
    bool framed;       /* frame is initialised */
    size_t open_bytes; /* what frame holds, as docker.open_bytes counts it */
    struct lane now, past;
    nsec boundary;   /* lines before it belong to past */
    nsec life_at;    /* StartedAt of now; 0: not known */
    bool ready;      /* lanes are known, lines may be taken */
    bool from_start; /* began while we watched: its log is all ours */
    nsec start_event_at;
    bool heard;    /* the engine has sent its log, or a part */
    bool lagged;   /* it had to wait for us in this reading */
    bool grumbled; /* the engine reported an error inside this reading */
    bool whole;    /* this life has been read to its end, for certain */
    bool reload;   /* the intake's cursor is the truth, not ours */

    nsec dropped_at;  /* stamp of an open line that was given up; 0: none */
    nsec since;       /* of the present read; 0: from the beginning */
    int64_t tail;     /* -1: all */
    bool need_anchor; /* a known line must come before new ones */
    int escalation;
    nsec gap_from; /* a loss to declare before the next new line */
    const char *gap_why;

    struct held *held, **held_end;
    uint64_t ticket; /* of what was taken last; 0: it is on disk */
    bool paused;
    bool ended; /* the stream ended; acted on when nothing is held */
    enum follow_event end_event;
    bool broken; /* drop the rest of the piece and do broken_event */
    enum follow_event broken_event;

    nsec due_at, opened_at, bytes_at, live_at, opened_wall;
    nsec backoff_for;
    int quick_ends, asks;
    nsec cut_at[5];
    unsigned ncuts;
    bool cuts_said;

    struct frame side_frame;
    bool side_audit, side_anchored;
    nsec side_ts[3], stuck_at, probe_at, audit_at;
    nsec side_from;   /* the newest line when the probe found more */
    nsec resume_from; /* lines after it were skipped; 0: none known */

    uint64_t lines, gaps, duplicates, reopens;
    nsec last_ts, last_arrival;
    char error[160];
};

void follow_init(struct follow *f);
void follow_release(struct container *c);
/* Runs the table. */
void follow_on(struct container *c, enum follow_event event);
/* inspect has come (or says 404: found is false). */
void follow_inspected(struct container *c, bool found);
/* A start event: do not wait for inspect if what it says is known. */
void follow_started(struct container *c, nsec at);
/* A die event. */
void follow_died(struct container *c);
void follow_tick(struct container *c);
/* The intake takes lines again. */
void follow_flush(struct container *c);
/* What was not durable is void. */
void follow_discarded(struct container *c);
/* All up to this ticket is on disk. */
void follow_durable(struct container *c, uint64_t ticket);
/* The path of its log.  since: 0 for all of it, tail: -1 likewise. */
void follow_path(const struct container *c, bool follow, nsec since,
                 int64_t tail, char *out, size_t size);
const char *follow_state_name(enum follow_state state);

#endif
