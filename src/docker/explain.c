/*
 * Why there is no answer, and what would mend it.  What is not there, closed
 * to us, and not listening is one error to many a tool.
 */
#include "docker/engine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP_MAY (S_IRGRP | S_IWGRP)

static void hint(const struct stat *st, char *out, size_t size)
{
    unsigned group = (unsigned)st->st_gid;

    if ((st->st_mode & GROUP_MAY) == GROUP_MAY)
        snprintf(out, size,
                 "its group may: run as a member of group %u (usermod -aG %u "
                 "USER; docker run --group-add %u)",
                 group, group, group);
    else
        snprintf(out, size, "only uid %u and root may", (unsigned)st->st_uid);
}

static void explain_denied(const char *path, char *out, size_t size)
{
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    struct stat st;
    char more[128];

    if (stat(path, &st)) {
        snprintf(out, size,
                 "Docker's socket %s may not be opened by uid %u, gid %u: a "
                 "directory on the way to it is closed to them",
                 path, uid, gid);
        return;
    }
    hint(&st, more, sizeof(more));
    snprintf(out, size,
             "Docker's socket %s (uid %u, gid %u, mode %04o) may not be opened "
             "by uid %u, gid %u; %s",
             path, (unsigned)st.st_uid, (unsigned)st.st_gid,
             (unsigned)st.st_mode & 07777, uid, gid, more);
}

/* Docker makes a directory of what it is to mount and does not find. */
static void explain_refused(const struct endpoint *e, char *out, size_t size)
{
    struct stat st;

    if (!e->unix_path)
        snprintf(out, size,
                 "nobody listens on the Docker endpoint %s: is the engine "
                 "running, and told to listen there?",
                 e->base_url);
    else if (stat(e->unix_path, &st) == 0 && !S_ISSOCK(st.st_mode))
        snprintf(out, size,
                 "Docker's socket %s is none, but a %s: was something else "
                 "mounted there?",
                 e->unix_path, S_ISDIR(st.st_mode) ? "directory" : "file");
    else
        snprintf(out, size,
                 "nobody listens on Docker's socket %s: the engine is down",
                 e->unix_path);
}

static void explain_code(struct docker *d, const struct endpoint *e,
                         const struct http_end *end, char *out, size_t size)
{
    char message[160], asked[64] = "";

    if (end->head.code == 403) {
        snprintf(out, size,
                 "the Docker endpoint %s answers 403: a proxy forbids "
                 "reading /version, /events, /containers",
                 endpoint_name(e));
        return;
    }
    engine_message(d, end, message, sizeof(message));
    if (end->head.code == 400 && d->version_set)
        snprintf(asked, sizeof(asked), "; docker.api_version asks for 1.%d",
                 d->version_set);
    snprintf(out, size, "the Docker endpoint %s answers %d: %s%s",
             endpoint_name(e), end->head.code, message, asked);
}

void engine_explain(struct docker *d, const struct endpoint *e,
                    const struct http_end *end, char *out, size_t size)
{
    if (end->os_errno == ENOENT && e->unix_path)
        snprintf(out, size,
                 "Docker's socket %s does not exist: is the engine running, "
                 "and its socket mounted here?",
                 e->unix_path);
    else if (end->status == ST_DENIED && e->unix_path)
        explain_denied(e->unix_path, out, size);
    else if (end->os_errno == ECONNREFUSED)
        explain_refused(e, out, size);
    else if (end->status == ST_OK)
        explain_code(d, e, end, out, size);
    else
        snprintf(out, size, "no answer from the Docker endpoint %s: %s",
                 endpoint_name(e), end->text);
}
