/*
 * inside.h - what the parts of heal/ know of one another.
 *
 *   table.c     states x events, and what each cell does by name
 *   heal.c      one step: what is seen, then what happened, then the deadline
 *   judge.c     what the facts mean
 *   reason.c    sentences
 *   moves.c     the deeds that only change the state
 *   revive.c    the deeds that order, and what comes of an order
 *   missing.c   a container that was removed
 *   carry.c     a container that goes by another name, or to another rule
 *   attempts.c  how many in the window, and the back-off
 *   breaker.c   all of a scope together; turns.c: all of a process
 */
#ifndef HEAL_INSIDE_H
#define HEAL_INSIDE_H

#include "heal/heal.h"

/* -- states x events ------------------------------------------------------- */

/* Columns.  One of the first is what is seen at any instant; the last ones
 * happen once. */
enum heal_event {
    SEE_OUT,      /* not in the scope of the rule */
    SEE_EXEMPT,   /* never to be touched */
    SEE_HELD,     /* held by an operator, or paused */
    SEE_GONE,     /* no such container */
    SEE_DYING,    /* being removed, or dead */
    SEE_LOOPS,    /* restarted by the engine again and again */
    SEE_RESTARTS, /* the engine is about to start it */
    SEE_RUNS,
    SEE_SILENT, /* runs, but the rule says that it is due */
    SEE_DOWN,
    SEE_RESTS,   /* down, and need not run */
    SEE_NOTHING, /* nothing is known of it */
    ON_RELEASE,
    ON_REPLACED, /* another container has the name, not by our doing */
    ON_RESULT,   /* of the order that is out */
    ON_TIME,     /* the deadline */
    HEAL_EVENTS
};

/* Cells.  0 is none: a hole in the table. */
enum heal_deed {
    STAY = 1,
    QUIT, /* out of scope */
    OMIT, /* exempt */
    HOLD,
    LOST, /* removed */
    DEAD, /* being removed */
    LOOP,
    FALL, /* down: see what else happens */
    RISE, /* up */
    MUTE, /* up, but silent */
    REST, /* need not run */
    ANEW, /* is that news?  Then FALL, or MUTE */
    KEPT, /* down: is it still held?  Else FALL */
    ENDS, /* down: has it still ended well?  Else FALL */
    FORM, /* not there yet, or gone again? */
    SEEN, /* up after an order: verified? */
    DIED, /* down after an order */
    TALK, /* up: does it answer by now? */
    FREE, /* released */
    SWAP, /* replaced */
    OVER, /* replaced, and an order was about the other */
    DONE, /* a result */
    LATE, /* no result */
    SURE, /* settled: what is it? */
    TURN, /* act, if nothing speaks against it */
    MAKE, /* recreate, likewise */
    WAIT, /* verified by now, or not at all */
    LOOK, /* is it still so? */
    WELL, /* healthy for long */
    HEAL_DEEDS
};

enum heal_deed heal_cell(enum heal_state state, enum heal_event event);

/* -- one container --------------------------------------------------------- */

enum heal_hold { NO_HOLD, HOLD_OPERATOR, HOLD_PAUSE, HOLD_REFUSED, HOLD_STOP };

struct attempt {
    nsec at;
    uint32_t halves;
};

struct attempts {
    struct attempt *list; /* oldest first */
    size_t n, room;
};

struct learned {
    nsec raw; /* by somebody else's clock */
    nsec at;  /* when that was learned */
};

/* A bit each: told once while it waits. */
enum heal_hindrance {
    NO_ENGINE = 1,
    NO_RIGHT = 2,
    NO_BREAKER = 4,
    NO_TURN = 8
};

#define HEAL_RESULT_FOR (60 * NSEC_SEC) /* then there will be none */

#define HEAL_ID_ROOM 72 /* of a container */
#define HEAL_RISES   3  /* restarts by the engine in HEAL_LOOP_FOR are a loop */
#define HEAL_MAKES   2  /* recreations in an hour */

struct heal {
    struct heal_scope *scope;
    struct heal *prev, *next; /* in the scope */
    uint64_t seed;

    enum heal_state state, told; /* told: by the last decision */
    nsec since;
    char reason[HEAL_TEXT_MAX]; /* of the last decision */
    uint32_t moves;             /* changes of state: a step goes on after one */
    nsec next_at; /* of WAITING and those that look again; NSEC_MAX: no more */
    nsec due_at;

    /* What was seen. */
    bool known; /* it has been stepped before */
    bool in_scope, recreate_label;
    uint64_t id_hash;      /* 0: not known yet */
    char id[HEAL_ID_ROOM]; /* a longer one fits no container of the engine */
    struct learned quiet;  /* since the newest of its events */
    struct learned life, answer; /* the start; the last answer to a probe */
    nsec released_at;
    /* When the engine last went and came back; 0: it did not. */
    nsec engine_down_at, engine_up_at, engine_seen_down;
    int64_t restarts;
    nsec rise_at[HEAL_RISES]; /* newest first */

    /* The outage. */
    nsec down_since, fell_at; /* fell_at: again, in the same outage */
    bool by_person, with_engine;
    char cause[HEAL_TEXT_MAX], last[HEAL_TEXT_MAX]; /* last: failure */
    nsec decided_life; /* started_at, as of the last decision to rest */
    enum heal_status decided_status;
    enum heal_hold hold;
    char held[HEAL_TEXT_MAX];        /* by whom, until when and why */
    char held_as[HEAL_TEXT_MAX / 2]; /* ... by a name it had before; "" */
    nsec held_life;                  /* ... until there is another life */
    bool left_alone;  /* held, and that it is down was told, ... */
    nsec left_life;   /* ... of that life */
    nsec pardoned;    /* die_at of a stop that an operator took back */
    bool obeyed;      /* a person's stop is, ... */
    nsec obeyed_life; /* ... which ended that life */

    /* Orders. */
    struct heal_order order;
    char order_id[HEAL_ID_ROOM]; /* of its container */
    struct attempts attempts;
    uint32_t allowed;  /* of them */
    unsigned hindered; /* enum heal_hindrance that were told */
    bool parked;       /* cannot act until the engine changes */
    nsec hindered_by;  /* the breaker that was told */
    bool dry_run;      /* ... was seen since the last order */
    bool rehearsed;    /* it was; nothing more until dry run is over */
    uint32_t unsent;   /* so many orders in a row came to nothing that counts */
    enum heal_result unsent_for; /* ... the last of them because of that */
    bool has_turn;
    bool failing;         /* its last revival failed */
    bool tried;           /* an order was given for this container */
    bool own_stop;        /* a restart of ours stopped it */
    bool makes;           /* another id is expected */
    nsec up_at, up_life;  /* since when it is seen up after an order */
    bool after_stop;      /* the last order was about a person's stop */
    nsec stop_revived_at; /* started_at of the life that came of such a one */
    nsec lost_at, made_at[HEAL_MAKES];
    uint32_t lost_with; /* so many together */
    bool missed;        /* it is to be recreated */
    uint32_t revived, failed;
};

/* One step of one container. */
struct step {
    struct heal *h;
    const struct heal_policy *p;
    const struct heal_facts *f;
    nsec now;
    const struct heal_sink *sink;
};

typedef void heal_do(struct step *s);

heal_do do_quit, do_omit, do_hold, do_dead, do_loop, do_fall, do_rise, do_mute,
    do_rest, do_anew, do_kept, do_ends, do_talk, do_free, do_swap, do_over,
    do_look, do_well, do_sure;
heal_do do_form, do_seen, do_died, do_done, do_late, do_turn, do_wait;
heal_do do_lost, do_make;

/* Changes the state for h->reason and tells so; h->next_at is set before. */
void heal_move(struct step *s, enum heal_state to, enum heal_verb verb,
               bool warning);
/* Without telling: more is decided in the same step. */
void heal_pass(struct step *s, enum heal_state to);
/* Tells h->reason; the state stays. */
void heal_tell(struct step *s, enum heal_verb verb, bool warning);
/* Begins to settle; h->reason says why. */
void heal_suspect(struct step *s, bool warning);
void heal_recover(struct step *s, const char *reason);
bool heal_exhausted(struct step *s);
void heal_give_up(struct step *s);
/* Acts, if nothing speaks against it, or says what does. */
void heal_try(struct step *s, enum heal_act act);
/* The order that is out is for nobody any more. */
void heal_take_back(struct heal *h);
/* Remembers what a state in which nothing is done was decided on. */
void heal_decided(struct step *s);

/* -- judge.c --------------------------------------------------------------- */

/* Another container has the name; an operator released it: since the last
 * step. */
bool judge_replaced(const struct step *s);
bool judge_released(const struct step *s);
/* Takes in what this step has to tell. */
void judge_learn(struct step *s);
enum heal_event judge_sight(const struct step *s);
/* By an operator, under this name or the one it had when that was done. */
bool judge_held(const struct step *s);
bool judge_is_down(const struct step *s);
bool judge_restarting(const struct step *s);
bool judge_loops(const struct step *s);
bool judge_by_person(const struct step *s);
bool judge_with_engine(const struct step *s);
/* A person's stop that was obeyed once is, until it is started or released. */
bool judge_obeyed(const struct step *s);
bool judge_ended_well(const struct step *s);
/* Another life than the one that the order was about. */
bool judge_was_started(const struct step *s);
bool judge_is_result(const struct step *s);
bool judge_is_stale(const struct step *s);
/* One that was seen, since the last order. */
bool judge_dry_run_is_over(const struct step *s);
bool judge_can_act(const struct step *s);
bool judge_answers(const struct step *s);
/* When it may be acted upon, as far as is known. */
nsec judge_settled_at(const struct step *s);
nsec judge_deadline(const struct step *s);
nsec judge_steady_at(const struct step *s);
nsec judge_verify_for(const struct step *s);

/* -- reason.c -------------------------------------------------------------- */

#define SPAN_MAX 32

void say(char out[HEAL_TEXT_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "1.2 s", "42 s", "30 minutes" */
const char *say_span(nsec span_for, char out[SPAN_MAX]);
/* Why it is down, to h->cause. */
void say_cause(struct step *s);
/* That it runs but does not answer, and what its probe says, to h->cause. */
void say_silent(struct step *s, const char *what);
/* What came of an order, and what the engine says to it, to h->reason. */
void say_result(struct step *s, const char *text);
/* Who wants it as it is, to h->held; is it news? */
bool say_held(struct step *s);
/* Why it is never touched. */
void say_exempt(const struct step *s, char out[HEAL_TEXT_MAX]);
/* No more of a stranger's text than fits a sentence. */
struct slice say_cut(struct slice text);

/* -- attempts.c ------------------------------------------------------------ */

void attempts_release(struct attempts *a);
void attempts_forget(struct attempts *a);
void attempts_add(struct attempts *a, nsec at, uint32_t halves);
void attempts_halve_last(struct attempts *a);
/* The one of that instant was none. */
void attempts_take_back(struct attempts *a, nsec at);
/* What counts in the window that ends now; what does not is dropped. */
uint32_t attempts_spent(struct attempts *a, nsec window_for, nsec now);
/* All that are remembered, halves rounded up. */
uint32_t attempts_counted(const struct attempts *a);
/* The next one's number: what counts half is one as well, what counts double is
 * two. */
uint32_t attempts_number(const struct attempts *a);
/* How long to wait before the next one. */
nsec attempts_backoff(const struct step *s);

/* -- breaker.c ------------------------------------------------------------- */

struct heal_scope {
    struct heal *list;
    struct heal_turns *turns;
    bool open, half_open;
    bool avalanche;     /* it is open because so many fell */
    nsec since, until;  /* nothing is started in between */
    struct heal *trial; /* the one that may go while it is half open, ... */
    nsec trial_at;      /* ... and since when */
    char why[HEAL_TEXT_MAX / 2];
    nsec released_at; /* the last release of all */
    nsec lost_at;     /* the last that was removed */
    uint32_t nlost;   /* one shortly after another */
};

void breaker_fell(const struct step *s);
/* It fell with the engine, as shows only now: no avalanche then, maybe. */
void breaker_excuse(const struct step *s);
void breaker_failed(const struct step *s);
/* All were released: it closes, and what fell before does not count. */
void breaker_release(const struct step *s);
void breaker_succeeded(struct heal *h);
/* May it go?  Else *ret_at: when to ask again. */
bool breaker_lets(const struct step *s, nsec *ret_at);
/* After h changed its state, looks no more, or left. */
void breaker_settle(struct heal *h);
/* It was removed; how many others, shortly before and after, is at lost_with.
 */
void scope_lost(struct heal *h, nsec now);

/* -- turns.c --------------------------------------------------------------- */

bool turns_take(struct heal_turns *t, nsec now, nsec *ret_at);
void turns_give(struct heal_turns *t);

#endif
