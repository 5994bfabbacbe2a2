#include "audit.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <utlist.h>

/* Of decisions that no journal holds, as of one written before there were
 * any, the last ones will do. */
#define UNTOLD_MAX 1000
#define LEASE      604800 /* seconds */
#define ID_SHOWN   12
#define TEXT_MAX   1000

/* A decision made at recovery that may be in the journal yet. */
struct audit_entry {
    struct audit_entry *prev, *next;
    uint64_t ordinal;
    bool warning;
    struct buf line, shard;
};

void audit_init(struct audit *a, struct ledger *ledger, bool dry_run,
                void *log_self,
                void (*log)(void *self, bool warning, const char *line))
{
    *a = (struct audit){
        .ledger = ledger,
        .dry_run = dry_run,
        .log_self = log_self,
        .log = log,
        .recovering = true,
    };
}

static void drop_first(struct audit *a)
{
    struct audit_entry *e = a->entries;

    DL_DELETE(a->entries, e);
    buf_release(&e->line);
    buf_release(&e->shard);
    free(e);
    a->n--;
}

void audit_release(struct audit *a)
{
    while (a->entries)
        drop_first(a);
}

/* -- for people ------------------------------------------------------------ */

/* "2 s", "5.2 s", "5 min", "3 h" */
static void span_text(nsec span, struct buf *out)
{
    long long tenths = (long long)((span + 50 * NSEC_MSEC) / (100 * NSEC_MSEC));

    if (span >= 7200 * NSEC_SEC)
        buf_printf(out, "%lld h", tenths / 36000);
    else if (span >= 120 * NSEC_SEC)
        buf_printf(out, "%lld min", tenths / 600);
    else if (tenths % 10)
        buf_printf(out, "%lld.%lld s", tenths / 10, tenths % 10);
    else
        buf_printf(out, "%lld s", tenths / 10);
}

static void name_text(const struct decision *d, bool with_id, struct buf *out)
{
    struct slice id = d->container;

    if (id.n > ID_SHOWN)
        id.n = ID_SHOWN;
    buf_slice(out, d->name);
    if (with_id && id.n)
        buf_printf(out, " (%.*s)", SLICE_ARG(id));
}

/* What stands before and behind the name. */
static const struct phrase {
    const char *before, *behind;
    bool with_id;
    bool enough; /* the reason adds nothing */
} phrases[HEAL_WORDS] = {
    [HEAL_SAYS_OK] = { "NODE OK ", "", false, false },
    [HEAL_SAYS_DOWN] = { "NODE DOWN ", "", true, false },
    [HEAL_SAYS_WAITS] = { "REVIVAL waits with ", "", false, false },
    [HEAL_SAYS_STARTING] = { "REVIVAL starting ", "", true, false },
    [HEAL_SAYS_RESTARTING] = { "REVIVAL restarting ", "", true, false },
    [HEAL_SAYS_RECREATING] = { "REVIVAL recreating ", "", true, false },
    [HEAL_SAYS_WOULD_START] = { "REVIVAL would start ", "", true, false },
    [HEAL_SAYS_WOULD_RESTART] = { "REVIVAL would restart ", "", true, false },
    [HEAL_SAYS_WOULD_RECREATE] = { "REVIVAL would recreate ", "", true, false },
    [HEAL_SAYS_DID_NOT_START] = { "REVIVAL did not start ", "", false, false },
    [HEAL_SAYS_REFUSED] = { "REVIVAL refused ", "", false, false },
    [HEAL_SAYS_DECLINES] = { "REVIVAL declines for ", "", false, false },
    [HEAL_SAYS_STARTED] = { "REVIVAL started ", "", false, false },
    [HEAL_SAYS_SILENT] = { "REVIVAL ", " runs but does not answer its probe",
                           false, true },
    [HEAL_SAYS_FAILED] = { "REVIVAL failed for ", "", false, false },
    [HEAL_SAYS_RECOVERED] = { "NODE RECOVERED ", "", false, false },
    [HEAL_SAYS_KEEPS_OFF] = { "REVIVAL keeps off ", "", false, false },
    [HEAL_SAYS_GIVES_UP] = { "REVIVAL gives up ", "", false, false },
    [HEAL_SAYS_BLOCKED] = { "REVIVAL is blocked for ", "", false, false },
    [HEAL_SAYS_LEAVES_ALONE] = { "REVIVAL leaves alone ", "", false, false },
    [HEAL_SAYS_COMPLETED] = { "NODE COMPLETED ", "", true, false },
    [HEAL_SAYS_LOOPING] = { "NODE LOOPING ", "", true, false },
    [HEAL_SAYS_FROZEN] = { "NODE FROZEN ", "", true, false },
    [HEAL_SAYS_REMOVED] = { "NODE REMOVED ", "", true, false },
};

/* When that is not said otherwise. */
static bool says_when(const struct decision *d)
{
    const struct heal_decision *what = &d->what;

    return what->next_at > d->at && what->next_at != NSEC_MAX &&
           what->verb != HEAL_ORDERS && what->to != HEAL_VERIFYING &&
           what->to != HEAL_OK &&
           !(what->verb == HEAL_TELLS && what->from == what->to);
}

void audit_line(const struct decision *d, bool dry_run, struct buf *out)
{
    const struct heal_decision *what = &d->what;
    const struct phrase *p = &phrases[heal_word(what, dry_run)];

    buf_str(out, p->before);
    name_text(d, p->with_id, out);
    buf_str(out, p->behind);
    if (what->verb == HEAL_ORDERS && what->attempts)
        buf_printf(out, ", attempt %u of %u", what->attempt, what->attempts);
    if (what->reason.n && !p->enough && !slice_is(what->reason, "started"))
        buf_printf(out, ": %.*s", SLICE_ARG(what->reason));
    if (what->verb == HEAL_RECOVERS && what->down_for) {
        buf_str(out, ", after ");
        span_text(what->down_for, out);
    } else if (says_when(d)) {
        buf_str(out, "; looked at again in ");
        span_text(what->next_at - d->at, out);
    }
}

/* -- for the journal ------------------------------------------------------- */

static const char *verb_name(enum heal_verb verb)
{
    static const char *const name[] = {
        [HEAL_TELLS] = "tells",
        [HEAL_ORDERS] = "orders",
        [HEAL_DECLINES] = "declines",
        [HEAL_RECOVERS] = "recovers",
    };

    return name[verb];
}

static void number_maybe(const char *name, const struct seen_number *seen,
                         struct buf *out)
{
    if (seen->known)
        ledger_number(name, seen->n, out);
}

static void text_maybe(const char *name, struct slice text, struct buf *out)
{
    if (text.n)
        ledger_text(name, text, TEXT_MAX, out);
}

static void write_was(const struct seen *was, struct buf *out)
{
    buf_str(out, ",\"was\":{");
    number_maybe("exitCode", &was->exit_code, out);
    text_maybe("health", was->health, out);
    if (was->oom_killed.known)
        ledger_bool("oomKilled", was->oom_killed.n, out);
    number_maybe("restartCount", &was->restarts, out);
    text_maybe("status", was->status, out);
    buf_char(out, '}');
}

static void write_shard(const struct decision *d, struct buf *out)
{
    const struct heal_decision *what = &d->what;

    buf_printf(out, "{\"docker\":{\"audit\":{\"ordinal\":%llu},\"decisions\":{",
               (unsigned long long)d->ordinal);
    ledger_key(d->name, out);
    buf_str(out, "{\"$push\":{");
    ledger_instant("at", d->at, out);
    if (what->attempts) {
        ledger_number("attempt", what->attempt, out);
        ledger_number("attempts", what->attempts, out);
    }
    text_maybe("container", d->container, out);
    ledger_text("from", slice_str(heal_state_name(what->from)), 16, out);
    if (what->next_at)
        ledger_instant("next", what->next_at, out);
    text_maybe("order", d->order, out);
    ledger_number("ordinal", (int64_t)d->ordinal, out);
    ledger_text("reason", what->reason, TEXT_MAX, out);
    ledger_text("rule", d->rule, TEXT_MAX, out);
    ledger_text("to", slice_str(heal_state_name(what->to)), 16, out);
    ledger_text("verb", slice_str(verb_name(what->verb)), 16, out);
    write_was(&d->was, out);
    buf_printf(out, "},\"$ttl\":%d}}}}", LEASE);
}

/* -- recovery -------------------------------------------------------------- */

static void keep(struct audit *a, const struct decision *d)
{
    struct audit_entry *e = xcalloc(1, sizeof(*e));
    char at[INSTANT_TEXT];

    e->ordinal = d->ordinal;
    e->warning = d->what.warning;
    buf_init(&e->line, BUF_NO_CAP);
    buf_init(&e->shard, BUF_NO_CAP);
    audit_line(d, a->dry_run || d->dry_run, &e->line);
    instant_format(d->at, at);
    buf_printf(&e->line, " (decided at %.23sZ)", at);
    write_shard(d, &e->shard);
    DL_APPEND(a->entries, e);
    if (++a->n > UNTOLD_MAX)
        drop_first(a);
}

void audit_decision(struct audit *a, const struct decision *d)
{
    struct buf b;

    if (a->recovering) {
        keep(a, d);
        return;
    }
    buf_init(&b, BUF_NO_CAP);
    audit_line(d, a->dry_run || d->dry_run, &b);
    a->log(a->log_self, d->what.warning, buf_cstr(&b));
    buf_reset(&b);
    write_shard(d, &b);
    ledger_put(a->ledger, buf_view(&b));
    buf_release(&b);
}

void audit_recovered(struct audit *a, uint64_t ordinal)
{
    while (a->entries && a->entries->ordinal <= ordinal)
        drop_first(a);
}

void audit_begin(struct audit *a)
{
    struct audit_entry *e;

    a->recovering = false;
    DL_FOREACH(a->entries, e)
    {
        a->log(a->log_self, e->warning, buf_cstr(&e->line));
        ledger_put(a->ledger, buf_view(&e->shard));
    }
    while (a->entries)
        drop_first(a);
}
