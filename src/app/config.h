/*
 * config.h - how this process is to run.
 *
 * From three places, the later ones stronger: one YAML file, the environment
 * (BLADEWATCH_*, DOCKER_HOST), the flags of `bladewatch run`.  Labels on
 * containers decide last, about their container alone.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "base/instant.h"
#include "base/status.h"
#include "core/event.h"
#include "docker/docker.h"
#include "httpd/httpd.h"
#include "journal/journal.h"

struct config {
    char *listen; /* "127.0.0.1:7433" */
    bool allow_anonymous;
    struct httpd_token *tokens; /* secrets read from their files */
    size_t ntokens;

    char *data; /* the journal's directory; never NULL */
    enum journal_fsync fsync;
    uint64_t segment_bytes; /* 0: the journal's default */

    bool docker;           /* false: --no-docker */
    char *docker_host;     /* NULL: the default socket */
    char *docker_version;  /* NULL: negotiated */
    char *self_id;         /* BLADEWATCH_SELF; NULL: found out at start */
    struct docker_rule *rules; /* docker.select */
    size_t nrules;
    enum docker_history history;
    uint64_t history_lines; /* 0: the default */

    nsec reorder_for; /* how long shards may wait for earlier ones, 100 ms */
    struct limits limits;
};

void config_init(struct config *c); /* the defaults */
void config_release(struct config *c);

/*
 * Reads a YAML (or JSON) file over what c holds.  Unknown keys, wrong types
 * and values out of range are ST_BAD with line and column; nothing of such a
 * file is kept.
 */
CHECKED enum status config_read(struct config *c, const char *path,
                                struct err *err);
/* getenv is an argument so that tests need no environment. */
CHECKED enum status config_environment(struct config *c,
                                       const char *(*getenv)(const char *name),
                                       struct err *err);

#endif
