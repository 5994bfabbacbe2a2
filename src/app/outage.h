/*
 * outage.h - what the log says of a journal that cannot be written.
 *
 * On a full disk the next small thing may still fit, and the one after it not:
 * trouble is said once, and the same again once a minute, with how often; its
 * end only after OUTAGE_CALM in which what was written went well.  Pure.
 */
#ifndef APP_OUTAGE_H
#define APP_OUTAGE_H

#include "base/instant.h"
#include "base/status.h"

#include <stdbool.h>

#define OUTAGE_CALM  (10 * NSEC_SEC)
#define OUTAGE_AGAIN (60 * NSEC_SEC)

struct outage {
    bool said;      /* there is one, and not yet its end */
    nsec since;     /* it began */
    nsec said_at;   /* the last time */
    nsec good_at;   /* something was written, and nothing failed; 0: not so */
    unsigned times; /* it failed since said_at */
    struct err why; /* as it was said */
};

/* All-zero is none.  now: of a clock that is never set.  True: it is to be said
 * now; *ret_times: how often it failed since it was said last, 0 if anew. */
bool outage_failed(struct outage *o, nsec now, const struct err *why,
                   unsigned *ret_times);
void outage_wrote(struct outage *o, nsec now);
/* True, once, when the end is to be said; *ret_lasted: until it was good. */
bool outage_over(struct outage *o, nsec now, nsec *ret_lasted);

#endif
