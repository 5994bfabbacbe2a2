#include "cli.h"

#include "app/config.h"
#include "app/limits.h"
#include "app/live.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CONFIG = 256,
    OPT_RULES,
    OPT_LISTEN,
    OPT_DATA,
    OPT_DOCKER,
    OPT_DOCKER_ACT,
    OPT_NO_DOCKER,
    OPT_FSYNC,
    OPT_ALLOW_ANONYMOUS,
    OPT_LIMIT,
    OPT_WEBHOOK,
    OPT_ALERTMANAGER,
    OPT_DRY_RUN,
    OPT_NO_REVIVE
};

static const struct option options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "rules", required_argument, NULL, OPT_RULES },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "data", required_argument, NULL, OPT_DATA },
    { "docker", required_argument, NULL, OPT_DOCKER },
    { "docker-read", required_argument, NULL, OPT_DOCKER },
    { "docker-act", required_argument, NULL, OPT_DOCKER_ACT },
    { "no-docker", no_argument, NULL, OPT_NO_DOCKER },
    { "fsync", required_argument, NULL, OPT_FSYNC },
    { "allow-anonymous", no_argument, NULL, OPT_ALLOW_ANONYMOUS },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "webhook", required_argument, NULL, OPT_WEBHOOK },
    { "alertmanager", required_argument, NULL, OPT_ALERTMANAGER },
    { "dry-run", no_argument, NULL, OPT_DRY_RUN },
    { "no-revive", no_argument, NULL, OPT_NO_REVIVE },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static const char *environment(const char *name)
{
    return getenv(name);
}

static void position(const char *path, const struct err *err)
{
    fputs(path, stderr);
    if (err->line)
        fprintf(stderr, ":%zu", err->line);
    if (err->line && err->column)
        fprintf(stderr, ":%zu", err->column);
}

static void on_problem(void *self, const char *path, const struct err *err)
{
    (void)self;
    position(path, err);
    fprintf(stderr, ": %s\n", err->text);
}

static void on_warning(void *self, const char *path, const struct err *err)
{
    (void)self;
    position(path, err);
    fprintf(stderr, ": warning: %s\n", err->text);
}

static int set(struct config *c, const char *name, const char *text)
{
    struct err err;

    if (config_set(c, name, slice_str(text), &err) == ST_OK)
        return EXIT_FINE;
    if (strcmp(name, "docker.act_host") == 0)
        name = "docker-act";
    else if (strncmp(name, "docker.", 7) == 0)
        name = "docker";
    return usage(&cmd_run, "--%s: %s", name, err.text);
}

/* A name that is wrong is told at once; what the files say, at the start. */
static int set_rules(struct config *c, const char *path)
{
    if (access(path, R_OK))
        return usage(&cmd_run, "--rules: cannot read %s: %s", path,
                     strerror(errno));
    return set(c, "rules", path);
}

static int take(struct config *c, int option, const char *text)
{
    struct err err;

    switch (option) {
    case OPT_CONFIG:
        return EXIT_FINE;
    case OPT_RULES:
        return set_rules(c, text);
    case OPT_LISTEN:
        return set(c, "listen", text);
    case OPT_DATA:
        return set(c, "data", text);
    case OPT_FSYNC:
        return set(c, "fsync", text);
    case OPT_WEBHOOK:
        return set(c, "webhook", text);
    case OPT_ALERTMANAGER:
        return set(c, "alertmanager", text);
    case OPT_DOCKER:
        c->docker = true;
        return set(c, "docker.host", text);
    case OPT_DOCKER_ACT:
        return set(c, "docker.act_host", text);
    case OPT_NO_DOCKER:
        c->docker = false;
        return EXIT_FINE;
    case OPT_DRY_RUN:
        c->dry_run = true;
        return EXIT_FINE;
    case OPT_NO_REVIVE:
        c->revive = false;
        return EXIT_FINE;
    case OPT_ALLOW_ANONYMOUS:
        c->allow_anonymous = true;
        return EXIT_FINE;
    case OPT_LIMIT:
        if (limits_set(&c->limits, slice_str(text), &err) == ST_OK)
            return EXIT_FINE;
        return usage(&cmd_run, "--limit: %s", err.text);
    default:
        return usage(&cmd_run, "see the options");
    }
}

/* What concerns the command line alone, before anything is read. */
struct glance {
    const char *config;
    bool help, docker, no_docker, rules;
};

static int glance(struct glance *g, int argc, char **argv)
{
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == '?')
            return usage(&cmd_run, "see the options");
        if (option == OPT_CONFIG)
            g->config = optarg;
        g->help |= option == 'h';
        g->docker |= option == OPT_DOCKER;
        g->rules |= option == OPT_RULES;
        g->no_docker |= option == OPT_NO_DOCKER;
    }
    if (g->help)
        return EXIT_FINE;
    if (optind < argc)
        return usage(&cmd_run, "takes no argument, got \"%s\"", argv[optind]);
    if (g->docker && g->no_docker)
        return usage(&cmd_run, "--docker and --no-docker exclude each other");
    return EXIT_FINE;
}

/* File, then environment, then flags. */
static int configure(struct config *c, const struct glance *g, int argc,
                     char **argv)
{
    const char *path = g->config;
    const struct config_told told = { NULL, on_problem, on_warning };
    struct err err = { 0 };
    int option, status;

    if (!path)
        path = environment("BLADEWATCH_CONFIG");
    if (path && *path && config_read(c, path, &told, &err))
        return EXIT_USAGE;
    if (config_environment(c, environment, &err)) {
        cli_complain("%s", err.text);
        return EXIT_USAGE;
    }
    if (g->rules) /* the command line's are all there are */
        config_forget_rules(c);
    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        status = take(c, option, optarg);
        if (status)
            return status;
    }
    if (config_finish(c, environment, &err)) {
        cli_complain("%s", err.text);
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

static int run(int argc, char **argv)
{
    static char help[] = "help", me[] = "run";
    struct glance g = { 0 };
    struct config config;
    struct err err = { 0 };
    int status = glance(&g, argc, argv);

    if (status)
        return status;
    if (g.help)
        return cmd_help.run(2, (char *[]){ help, me, NULL });
    config_init(&config);
    status = configure(&config, &g, argc, argv);
    if (status)
        goto out;
    if (live_run(&config, &err)) {
        cli_complain("%s", err.text);
        status = EXIT_PROBLEMS;
    }
out:
    config_release(&config);
    return status;
}

const struct command cmd_run = {
    "run",
    "[OPTIONS]",
    "Watches: reads lines, keeps the state, serves it over HTTP",
    "\n"
    "The environment (BLADEWATCH_*, DOCKER_HOST) is stronger than the file,\n"
    "and these options are stronger than both.\n\n"
    "  --config FILE       the configuration, YAML\n"
    "  --listen ADDR:PORT  where to serve HTTP (127.0.0.1:7433)\n"
    "  --allow-anonymous   listen beyond this host without a token\n"
    "  --data DIR          keep the recording there; one process at a time\n"
    "  --fsync WHEN        always, interval or never (always)\n"
    "  --docker URL        the engine: unix:///path or tcp://host:port\n"
    "  --docker-read URL   the same\n"
    "  --docker-act URL    where containers are started, if it is elsewhere\n"
    "  --no-docker         follow no containers\n"
    "  --dry-run           decide about containers as ever, and start nothing\n"
    "  --no-revive         observe only\n"
    "  --webhook URL       tell alerts there, in Alertmanager's form; again\n"
    "                      for another\n"
    "  --alertmanager URL  tell alerts to an Alertmanager; again for another\n"
    "  --limit NAME=N      raise or lower a bound, as in nodes=5000000\n"
    "  --rules PATH        rule files, or a directory of them; SIGHUP and\n"
    "                      POST /-/reload read them anew\n",
    run,
};
