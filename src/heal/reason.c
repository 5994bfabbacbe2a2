#include "heal/inside.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define STRANGER_MAX 160 /* of the engine's or an operator's own words */

/* One line of whole characters: what a stranger wrote is among it. */
static void tidy(char *text)
{
    size_t n = utf8_cut(slice_str(text), HEAL_TEXT_MAX - 4).n;

    text[n] = '\0';
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

void say(char out[HEAL_TEXT_MAX], const char *format, ...)
{
    char text[HEAL_TEXT_MAX]; /* out may be among the arguments */
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    tidy(text);
    memcpy(out, text, sizeof(text));
}

struct slice say_cut(struct slice text)
{
    while (text.n && strchr(" \t\r\n.", text.p[text.n - 1]))
        text.n--;
    return utf8_cut(text, STRANGER_MAX);
}

const char *say_span(nsec span_for, char out[SPAN_MAX])
{
    int64_t s = span_for / NSEC_SEC;

    if (span_for % NSEC_SEC && s < 60)
        snprintf(out, SPAN_MAX, "%.1f s", (double)span_for / NSEC_SEC);
    else if (s < 120)
        snprintf(out, SPAN_MAX, "%" PRId64 " s", s);
    else if (s < 2 * 60 * 60)
        snprintf(out, SPAN_MAX, "%" PRId64 " minutes", s / 60);
    else
        snprintf(out, SPAN_MAX, "%" PRId64 " hours", s / (60 * 60));
    return out;
}

/* -- why it is down -------------------------------------------------------- */

static const char *const policies[] = {
    [HEAL_ON_FAILURE] = "on-failure",
    [HEAL_ALWAYS] = "always",
};

static void say_exit(struct step *s)
{
    const struct heal_facts *f = s->f;
    char *out = s->h->cause;

    if (f->status == HEAL_CREATED)
        say(out, "was created and does not run");
    else if (s->h->by_person)
        say(out, "stopped by a person, exit code %" PRId64, f->exit_code);
    else
        say(out, "exited with code %" PRId64 "%s%s", f->exit_code,
            f->oom ? ", out of memory" : "",
            s->h->with_engine ? ", when the engine went down" : "");
    if (f->error.n)
        say(out, "%s: %.*s", out, SLICE_ARG(say_cut(f->error)));
}

void say_cause(struct step *s)
{
    char *out = s->h->cause;

    if (judge_restarting(s))
        say(out, "is being restarted by the engine");
    else
        say_exit(s);
    if (s->f->policy != HEAL_NO_POLICY)
        say(out, "%s, in the care of the engine's restart policy %s", out,
            policies[s->f->policy]);
}

void say_silent(struct step *s, const char *what)
{
    struct slice error = say_cut(s->f->probe_error);

    say(s->h->cause, "runs, but %s%s%.*s", what, error.n ? ": " : "",
        SLICE_ARG(error));
}

bool say_held(struct step *s)
{
    const struct heal_facts *f = s->f;
    struct slice by =
        f->held_by.n ? say_cut(f->held_by) : slice_str("operator");
    struct slice why = say_cut(f->held_why);
    char before[HEAL_TEXT_MAX], at[INSTANT_TEXT];
    char *out = s->h->held;

    memcpy(before, out, sizeof(before));
    say(out, "paused by a person");
    if (f->held)
        say(out, "held by %.*s", SLICE_ARG(by));
    else if (s->h->held_as[0])
        say(out, "was held as %s when it was renamed", s->h->held_as);
    if (f->held && f->held_until) {
        instant_format(f->held_until, at);
        say(out, "%s until %.19sZ", out, at);
    }
    if (f->held && why.n)
        say(out, "%s: %.*s", out, SLICE_ARG(why));
    return strcmp(before, out) != 0;
}

void say_exempt(const struct step *s, char out[HEAL_TEXT_MAX])
{
    static const char *const text[] = {
        [HEAL_NOT_EXEMPT] = "",
        [HEAL_IS_MONITOR] = "it is a monitor (label role=monitor)",
        [HEAL_IS_TASK] = "it is a task of a swarm, which replaces it",
        [HEAL_AUTO_REMOVED] = "it removes itself when it ends (--rm)",
        [HEAL_NEVER] = "it has the label bladewatch.revive=never",
        [HEAL_BAD_LABEL] = "is none of always, on-failure, never",
        [HEAL_OTHER_RULE] = "another rule heals it",
    };

    if (s->f->exempt == HEAL_BAD_LABEL)
        say(out, "label bladewatch.revive=%.*s %s",
            SLICE_ARG(say_cut(s->f->revive_label)), text[HEAL_BAD_LABEL]);
    else
        say(out, "%s", text[s->f->exempt]);
}

/* -- what came of an order ------------------------------------------------- */

/* The port of "... Bind for 0.0.0.0:18080 failed: ..."; empty: none is named.
 */
static struct slice port_of(struct slice message)
{
    size_t from = 0, to;

    for (to = 0; to < message.n; to++) {
        if (message.p[to] >= '0' && message.p[to] <= '9')
            continue;
        if (from > 0 && message.p[from - 1] == ':' && to > from &&
            to - from <= 5 && message.p[to] == ' ')
            return slice_of(message.p + from, to - from);
        from = to + 1;
    }
    return slice_of("", 0);
}

void say_result(struct step *s, const char *text)
{
    char *out = s->h->reason;
    struct slice message = say_cut(s->f->result_message);
    struct slice port = port_of(s->f->result_message);

    if (s->f->result == HEAL_PORT && port.n)
        say(out, "port %.*s is taken", SLICE_ARG(port));
    else
        say(out, "%s", text);
    if (message.n)
        say(out, "%s: %.*s", out, SLICE_ARG(message));
}
