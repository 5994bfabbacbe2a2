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
#include "notify/notify.h"
#include "probe/probe.h"

#define CONFIG_RULES_MAX 100 /* paths of rules */

/* Of those that have a name and an address of their own, or of all containers
 * that carry a label ("key" or "key=value"). */
struct probe_entry {
    char *name, *host; /* or */
    char *label;
    struct probe_spec spec;
    bool asked; /* the file says how */
};

struct config_probe {
    struct probe_spec usual; /* what is not said of one */
    struct probe_entry *entry;
    size_t n;
    char *told;  /* what the environment has set, a sentence; or NULL */
    bool leader; /* HEARTBEAT_INTERVAL or LEADER_TIMEOUT is set */
};

/* All that is pointed to is the configuration's own, on the heap. */
struct config {
    char *listen; /* "127.0.0.1:7433" */
    bool allow_anonymous;
    struct httpd_token *tokens; /* secrets read from their files */
    size_t ntokens;

    char *data; /* the journal's directory; not NULL after config_finish() */
    enum journal_fsync fsync;
    uint64_t segment_bytes; /* 0: the journal's default */

    bool docker;          /* false: --no-docker */
    bool docker_tls;      /* DOCKER_TLS_VERIFY asks for what is not there */
    char *docker_host;    /* NULL: the default socket */
    char *docker_act;     /* what changes containers goes there; NULL: there */
    char *docker_version; /* NULL: negotiated */
    nsec stats_every;     /* of containers, 5 s; 0: none are asked for */
    char *self_id;        /* BLADEWATCH_SELF; NULL: found out at start */
    struct docker_rule *rules; /* docker.select */
    size_t nrules;
    enum docker_history history;
    uint64_t history_lines; /* 0: the default */

    bool revive;  /* false: nothing is started, whatever rules say */
    bool dry_run; /* as if, and said so */

    struct receiver *receivers; /* who is told of alerts, see notify.h */
    size_t nreceivers;
    nsec resend_every;  /* 0: the default */
    char *external_url; /* of this bladewatch, in what they are told; or NULL */

    struct config_probe probe;

    char **rule_paths; /* rule files, and directories of them */
    size_t nrule_paths;

    nsec reorder_for; /* how long shards may wait for earlier ones, 100 ms */
    struct limits limits;
};

void config_init(struct config *c); /* the defaults */
void config_release(struct config *c);

/* What is wrong with a file, problem by problem; err has the position. */
struct config_told {
    void *self;
    void (*problem)(void *self, const char *path, const struct err *err);
    void (*warning)(void *self, const char *path, const struct err *err);
};

/*
 * Reads a YAML (or JSON) file over what c holds.  Unknown keys, wrong types
 * and values out of range are ST_BAD with line and column; told (NULL: nobody)
 * hears all of them, err has the first.  After a failure c holds the defaults.
 */
CHECKED enum status config_read(struct config *c, const char *path,
                                const struct config_told *told,
                                struct err *err);
/* The same from text that is at hand; path is for messages and for finding
 * the files of secrets, which are relative to its directory. */
CHECKED enum status config_parse(struct config *c, struct slice text,
                                 const char *path,
                                 const struct config_told *told,
                                 struct err *err);

/* getenv is an argument so that tests need no environment. */
typedef const char *config_getenv(const char *name);

CHECKED enum status config_environment(struct config *c, config_getenv *getenv,
                                       struct err *err);

/* "rules" adds a path; what a flag or the environment names replaces what the
 * file does (config_forget_rules() first). */
void config_forget_rules(struct config *c);

/* One setting by the name it has in the file: "listen", "data", "fsync",
 * "segment_size", "reorder", "docker.host", "docker.act_host",
 * "docker.api_version", "docker.history", "docker.stats",
 * "notify.resend_every", "notify.external_url"; "webhook" and "alertmanager"
 * add a receiver at a URL.  ST_BAD: the value; err does not name the setting.
 */
CHECKED enum status config_set(struct config *c, const char *name,
                               struct slice value, struct err *err);

/*
 * Once all three have spoken: what still has no value gets its default, and
 * what does not go together is ST_BAD.
 */
CHECKED enum status config_finish(struct config *c, config_getenv *getenv,
                                  struct err *err);

#endif
