#include "heal/heal.h"

static const char *const words[HEAL_WORDS] = {
    [HEAL_SAYS_OK] = "ok",
    [HEAL_SAYS_DOWN] = "down",
    [HEAL_SAYS_WAITS] = "waits",
    [HEAL_SAYS_STARTING] = "starting",
    [HEAL_SAYS_RESTARTING] = "restarting",
    [HEAL_SAYS_RECREATING] = "recreating",
    [HEAL_SAYS_WOULD_START] = "would_start",
    [HEAL_SAYS_WOULD_RESTART] = "would_restart",
    [HEAL_SAYS_WOULD_RECREATE] = "would_recreate",
    [HEAL_SAYS_DID_NOT_START] = "did_not_start",
    [HEAL_SAYS_REFUSED] = "refused",
    [HEAL_SAYS_DECLINES] = "declines",
    [HEAL_SAYS_STARTED] = "started",
    [HEAL_SAYS_SILENT] = "silent",
    [HEAL_SAYS_FAILED] = "failed",
    [HEAL_SAYS_RECOVERED] = "recovered",
    [HEAL_SAYS_KEEPS_OFF] = "keeps_off",
    [HEAL_SAYS_GIVES_UP] = "gives_up",
    [HEAL_SAYS_BLOCKED] = "blocked",
    [HEAL_SAYS_LEAVES_ALONE] = "leaves_alone",
    [HEAL_SAYS_COMPLETED] = "completed",
    [HEAL_SAYS_LOOPING] = "looping",
    [HEAL_SAYS_FROZEN] = "frozen",
    [HEAL_SAYS_REMOVED] = "removed",
};

const char *heal_word_name(enum heal_word word)
{
    return words[word];
}

/* By what it was in. */
static enum heal_word ordered(enum heal_state from, bool dry_run)
{
    switch (from) {
    case HEAL_FROZEN:
        return dry_run ? HEAL_SAYS_WOULD_RESTART : HEAL_SAYS_RESTARTING;
    case HEAL_MISSING:
        return dry_run ? HEAL_SAYS_WOULD_RECREATE : HEAL_SAYS_RECREATING;
    default:
        return dry_run ? HEAL_SAYS_WOULD_START : HEAL_SAYS_STARTING;
    }
}

/* Of changes of state. */
static enum heal_word told(enum heal_state from, enum heal_state to,
                           bool dry_run)
{
    static const enum heal_word of[HEAL_STATES] = {
        [HEAL_OK] = HEAL_SAYS_OK,
        [HEAL_SUSPECT] = HEAL_SAYS_DOWN,
        [HEAL_WAITING] = HEAL_SAYS_WAITS,
        [HEAL_ACTING] = HEAL_SAYS_STARTING,
        [HEAL_VERIFYING] = HEAL_SAYS_STARTED,
        [HEAL_HELD] = HEAL_SAYS_KEEPS_OFF,
        [HEAL_COMPLETED] = HEAL_SAYS_COMPLETED,
        [HEAL_GIVEN_UP] = HEAL_SAYS_GIVES_UP,
        [HEAL_BLOCKED] = HEAL_SAYS_BLOCKED,
        [HEAL_LOOPING] = HEAL_SAYS_LOOPING,
        [HEAL_FROZEN] = HEAL_SAYS_FROZEN,
        [HEAL_MISSING] = HEAL_SAYS_REMOVED,
        [HEAL_EXEMPT] = HEAL_SAYS_LEAVES_ALONE,
    };
    bool again = to == HEAL_WAITING || to == HEAL_FROZEN ||
                 to == HEAL_MISSING || to == HEAL_BLOCKED;

    if (from == HEAL_ACTING && again)
        return dry_run ? HEAL_SAYS_DID_NOT_START : HEAL_SAYS_REFUSED;
    if (from == HEAL_VERIFYING && to == HEAL_FROZEN)
        return HEAL_SAYS_SILENT;
    if (from == HEAL_VERIFYING && again)
        return HEAL_SAYS_FAILED;
    return of[to];
}

enum heal_word heal_word(const struct heal_decision *d, bool dry_run)
{
    switch (d->verb) {
    case HEAL_ORDERS:
        return ordered(d->from, dry_run);
    case HEAL_DECLINES:
        return HEAL_SAYS_DECLINES;
    case HEAL_RECOVERS:
        return HEAL_SAYS_RECOVERED;
    default:
        return told(d->from, d->to, dry_run);
    }
}
