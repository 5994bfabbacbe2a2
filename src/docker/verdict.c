#include "docker/verdict.h"

#include <ctype.h>

struct reading {
    int code;          /* 0: any that is an error */
    const char *words; /* "": any */
    const char *result;
};

/* The first that fits.  A restart answers 500 where a start has a code. */
static const struct reading readings[] = {
    { 204, "", "started" },
    { 304, "", "running" },
    { 403, "", "denied" },
    { 400, "", "config" },
    { 0, "unpause", "paused" },
    { 0, "marked for removal", "removing" },
    { 0, "removal of container", "removing" },
    { 0, "is dead", "removing" },
    { 0, "port is already allocated", "port" },
    { 0, "address already in use", "port" },
    { 0, "could not attach to network", "network" },
    { 0, "cannot join network", "network" },
    { 0, "no such container", "missing" },
    { 0, "executable file not found", "config" },
    { 0, "no such file or directory", "config" },
    { 0, "source path does not exist", "config" },
    { 0, "permission denied: unknown", "config" },
    { 0, "", "refused" },
};

/* Letters are compared without their case; words are in lower case. */
static const char *find(struct slice text, const char *words)
{
    size_t n = strlen(words);

    for (size_t i = 0; i + n <= text.n; i++) {
        size_t k = 0;

        while (k < n && tolower((unsigned char)text.p[i + k]) == words[k])
            k++;
        if (k == n)
            return text.p + i;
    }
    return NULL;
}

static struct slice behind(struct slice text, const char *at)
{
    return slice_of(at, (size_t)(text.p + text.n - at));
}

static struct slice word(struct slice text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] != ' ' && text.p[n] != ':' &&
           text.p[n] != '"')
        n++;
    return slice_of(text.p, n);
}

struct slice verdict_network(struct slice message)
{
    const char *at = find(message, "network ");

    if (!at || !(find(message, "not found") || find(message, "attach")))
        return slice_of("", 0);
    return word(behind(message, at + strlen("network ")));
}

/* An address ends at i: "0.0.0.0", "[::]" or "::". */
static bool is_address(struct slice text, size_t i)
{
    size_t from = i;
    bool dotted = false;

    if (i && text.p[i - 1] == ']')
        return true;
    if (i > 1 && text.p[i - 1] == ':' && text.p[i - 2] == ':')
        return true;
    while (from && (isdigit((unsigned char)text.p[from - 1]) ||
                    text.p[from - 1] == '.'))
        dotted |= text.p[--from] == '.';
    return dotted;
}

/* The first of "0.0.0.0:18080:172.17.0.2:80/tcp". */
int verdict_port(struct slice message)
{
    for (size_t i = 0; i < message.n; i++) {
        int n = 0;

        if (message.p[i] != ':' || !is_address(message, i))
            continue;
        for (size_t k = i + 1; k < message.n && n < 65536; k++) {
            if (!isdigit((unsigned char)message.p[k]))
                break;
            n = 10 * n + (message.p[k] - '0');
        }
        if (n > 0 && n < 65536)
            return n;
    }
    return 0;
}

/* "No such container: X" where X is not ours: it joins X's network. */
static bool is_another(struct slice message, struct slice id)
{
    static const char words[] = "no such container: ";
    const char *at = find(message, words);
    struct slice who;

    if (!at)
        return false;
    who = word(behind(message, at + strlen(words)));
    /* A proxy may shorten it. */
    return who.n && (who.n > id.n || memcmp(who.p, id.p, who.n) != 0);
}

const char *verdict_of(int code, struct slice message, struct slice id)
{
    const struct reading *r = readings;

    if (code != 400 && code != 403 && code >= 400 &&
        (is_another(message, id) || verdict_network(message).n))
        return "network";
    while ((r->code && r->code != code) || !find(message, r->words))
        r++;
    return r->result;
}

static bool runs(const struct sight *s)
{
    return slice_is(s->status, "running") || slice_is(s->status, "restarting");
}

const char *verdict_after(const char *verdict, const struct sight *before,
                          const struct sight *after)
{
    struct slice v = slice_str(verdict);
    bool anew = after->started_at != before->started_at && after->started_at;

    if (!after->known)
        return verdict;
    if (after->gone)
        return "missing";
    if (slice_is(after->status, "paused"))
        return "paused";
    if (slice_is(after->status, "removing") || slice_is(after->status, "dead"))
        return "removing";
    if (slice_is(v, "started"))
        return anew ? verdict : "refused";
    if (slice_is(v, "running"))
        return anew || runs(after) ? verdict : "refused";
    if (!anew || !runs(after))
        return verdict;
    return slice_is(v, "timeout") || slice_is(v, "refused") ? "started"
                                                            : "running";
}
