#include "heal/inside.h"

/* clang-format off */
#define __ STAY
static const enum heal_deed table[HEAL_STATES][HEAL_EVENTS] = {
    /*  OUT   EXMPT HELD  GONE  DYING LOOPS RSTRT RUNS
        SILNT DOWN  RESTS NOTHG RLEAS RPLAC RESLT TIME */
    [HEAL_OK] = {
        __,   OMIT, HOLD, LOST, DEAD, LOOP, FALL, __,
        MUTE, FALL, __,   __,   FREE, SWAP, __,   WELL,
    },
    [HEAL_SUSPECT] = {
        QUIT, OMIT, HOLD, LOST, DEAD, LOOP, __,   RISE,
        MUTE, __,   REST, __,   FREE, SWAP, __,   SURE,
    },
    [HEAL_WAITING] = {
        QUIT, OMIT, HOLD, LOST, DEAD, LOOP, FALL, RISE,
        MUTE, ANEW, REST, __,   FREE, SWAP, __,   TURN,
    },
    [HEAL_ACTING] = {
        QUIT, OMIT, HOLD, FORM, DEAD, __,   __,   __,
        __,   __,   FORM, __,   FREE, OVER, DONE, LATE,
    },
    [HEAL_VERIFYING] = {
        QUIT, OMIT, HOLD, FORM, DEAD, LOOP, __,   SEEN,
        SEEN, DIED, FORM, __,   FREE, OVER, __,   WAIT,
    },
    [HEAL_HELD] = {
        QUIT, OMIT, HOLD, LOST, __,   LOOP, FALL, RISE,
        MUTE, KEPT, REST, __,   FREE, SWAP, __,   LOOK,
    },
    [HEAL_COMPLETED] = {
        QUIT, OMIT, HOLD, LOST, DEAD, LOOP, FALL, RISE,
        MUTE, ENDS, REST, __,   FREE, SWAP, __,   __,
    },
    [HEAL_GIVEN_UP] = {
        QUIT, OMIT, HOLD, LOST, __,   LOOP, __,   RISE,
        ANEW, ANEW, REST, __,   FREE, SWAP, __,   __,
    },
    [HEAL_BLOCKED] = {
        QUIT, OMIT, HOLD, LOST, __,   LOOP, FALL, RISE,
        MUTE, ANEW, REST, __,   FREE, SWAP, __,   LOOK,
    },
    [HEAL_LOOPING] = {
        QUIT, OMIT, HOLD, LOST, DEAD, __,   __,   RISE,
        MUTE, FALL, REST, __,   FREE, SWAP, __,   __,
    },
    [HEAL_FROZEN] = {
        QUIT, OMIT, HOLD, LOST, DEAD, LOOP, FALL, TALK,
        __,   FALL, REST, __,   FREE, SWAP, __,   TURN,
    },
    [HEAL_MISSING] = {
        QUIT, OMIT, HOLD, __,   DEAD, LOOP, FALL, RISE,
        MUTE, ANEW, REST, __,   FREE, SWAP, __,   MAKE,
    },
    [HEAL_EXEMPT] = {
        QUIT, OMIT, HOLD, LOST, DEAD, LOOP, FALL, RISE,
        MUTE, FALL, REST, __,   FREE, SWAP, __,   __,
    },
};
#undef __
/* clang-format on */

enum heal_deed heal_cell(enum heal_state state, enum heal_event event)
{
    return table[state][event];
}
