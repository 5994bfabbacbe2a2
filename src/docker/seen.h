/*
 * seen.h - which lines of a stream have been taken already.  Pure.
 *
 * An engine repeats lines: what is asked for again begins at the last line
 * inclusive, a rotated file is read twice.  The stamps of one stream rise
 * (1.2 in the notes measured every one distinct), so a line older than the
 * last one is a repetition - unless it was never seen although lines older
 * than it were (it had been skipped), or the engine's clock was set back.
 *
 * Stamps without a fraction say little: then only the hashes of the lines of
 * that very second decide, each as often as it was seen, and only for what
 * is read again.
 */
#ifndef DOCKER_SEEN_H
#define DOCKER_SEEN_H

#include "base/instant.h"
#include "core/port.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seen_verdict {
    SEEN_NEW,
    SEEN_OLD,
    SEEN_STEP /* new, and the clock went back to it */
};

struct seen_line {
    nsec ts;
    bool coarse;
    uint64_t hash; /* cursor_hash() */
};

struct seen_mark {
    nsec ts;
    uint64_t hash;
};

struct seen {
    nsec last;  /* of the newest line; 0: none yet */
    nsec high;  /* the greatest ever: above last once a clock was set back */
    nsec floor; /* nothing older was asked for; a repetition is not older */
    struct seen_mark *ring; /* the newest lines, allocated on first use */
    size_t size, n, head;
    struct seen_mark *expect; /* to come once more after a resume */
    size_t nexpect;
    nsec too_long_at; /* stamp of a line that was too long to take */
};

/* All-zero is a stream of which nothing was seen. */
void seen_release(struct seen *s);
/* Forgets all and goes on where the cursor stands. */
void seen_load(struct seen *s, const struct cursor *cursor);
/* A read from since (0: from the beginning) is about to bring lines. */
void seen_resume(struct seen *s, nsec since);
/*
 * Judges a line.  stepped: the clock was set lately, only a known hash is a
 * repetition.
 */
enum seen_verdict seen_judge(struct seen *s, const struct seen_line *line,
                             bool stepped);
/* Remembers a new line, so judged, among the newest `keep`, at least one. */
void seen_add(struct seen *s, const struct seen_line *line,
              enum seen_verdict verdict, size_t keep);
/* Was a line of this stamp among the newest? */
bool seen_has(const struct seen *s, nsec ts);
/* A line that was too long; false if that is known already. */
bool seen_too_long(struct seen *s, nsec ts);

#endif
