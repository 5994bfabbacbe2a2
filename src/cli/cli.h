/*
 * cli.h - the sub-commands, one const struct each.
 *
 * Exit status: 0 fine, 1 problems found, 2 the command line or a file it
 * names is wrong, 3 warnings where --lint-fatal was given.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/status.h"

#include <stdbool.h>

enum { EXIT_FINE = 0, EXIT_PROBLEMS = 1, EXIT_USAGE = 2, EXIT_LINT = 3 };

struct command {
    const char *name;
    const char *args;    /* for the usage line */
    const char *does;    /* one line for help */
    const char *options; /* what help NAME prints below the usage */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command cmd_run, cmd_replay, cmd_check, cmd_eval, cmd_state,
    cmd_report, cmd_top, cmd_hold, cmd_release, cmd_version, cmd_help;

/* All of them, in the order help shows; ends with NULL. */
extern const struct command *const commands[];

int cli_main(int argc, char **argv);

/* Who is asked: BLADEWATCH_URL, else this host. */
const char *cli_url(void);
/* May what goes to this descriptor be coloured?  A terminal and NO_COLOR. */
bool cli_colour(int fd);
/* Integer nanoseconds or RFC 3339; ST_BAD: neither. */
CHECKED enum status cli_instant(const char *text, nsec *ret);

/* Appends an instant in RFC 3339 as people read it: "18:00:00Z" of today, else
 * with its date. */
void cli_when(struct slice instant, struct buf *out);

/* "bladewatch: ..." on standard error. */
void cli_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* The same and the usage line of the command; answers EXIT_USAGE. */
int usage(const struct command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
