#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DATE_TEXT    11 /* "2026-11-20T" */
#define SECONDS_TEXT 19 /* up to the fraction */

const struct command *const commands[] = {
    &cmd_run, &cmd_replay, &cmd_check,   &cmd_eval,    &cmd_state, &cmd_report,
    &cmd_top, &cmd_hold,   &cmd_release, &cmd_version, &cmd_help,  NULL,
};

const char *cli_url(void)
{
    const char *url = getenv("BLADEWATCH_URL");

    return url && *url ? url : "http://127.0.0.1:7433";
}

bool cli_colour(int fd)
{
    const char *plain = getenv("NO_COLOR");

    return isatty(fd) && !(plain && *plain);
}

enum status cli_instant(const char *text, nsec *ret)
{
    char *end;

    if (!instant_parse(slice_str(text), ret))
        return ST_OK;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return *text == '\0' || *end || errno ? ST_BAD : ST_OK;
}

void cli_when(struct slice instant, struct buf *out)
{
    char today[INSTANT_TEXT];

    instant_format((nsec)time(NULL) * NSEC_SEC, today);
    if (instant.n < SECONDS_TEXT)
        buf_slice(out, instant);
    else if (memcmp(instant.p, today, DATE_TEXT) == 0)
        buf_printf(out, "%.*sZ", SECONDS_TEXT - DATE_TEXT,
                   instant.p + DATE_TEXT);
    else
        buf_printf(out, "%.*sZ", SECONDS_TEXT, instant.p);
}

void cli_complain(const char *format, ...)
{
    va_list args;

    fputs("bladewatch: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int usage(const struct command *c, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "bladewatch %s: ", c->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr,
            "\nusage: bladewatch %s%s%s\n"
            "Try 'bladewatch help %s'.\n",
            c->name, *c->args ? " " : "", c->args, c->name);
    return EXIT_USAGE;
}

static const struct command *find(const char *name)
{
    size_t i;

    for (i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int help(int argc, char **argv)
{
    const struct command *c;
    size_t i;

    if (argc > 1) {
        c = find(argv[1]);
        if (!c) {
            cli_complain("there is no command \"%s\"; try 'bladewatch help'",
                         argv[1]);
            return EXIT_USAGE;
        }
        printf("usage: bladewatch %s%s%s\n\n%s.\n%s", c->name,
               *c->args ? " " : "", c->args, c->does, c->options);
        return EXIT_FINE;
    }
    puts("usage: bladewatch COMMAND [ARGUMENTS]\n\n"
         "Watches a cluster by the JSON it logs: every line is merged into "
         "one state.\n");
    for (i = 0; commands[i]; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->does);
    puts("\n'bladewatch help COMMAND' tells the options; see also "
         "bladewatch(1).");
    return EXIT_FINE;
}

static int version(int argc, char **argv)
{
    if (argc > 1)
        return usage(&cmd_version, "takes no argument, got \"%s\"", argv[1]);
    puts("bladewatch " BW_VERSION);
    return EXIT_FINE;
}

const struct command cmd_help = {
    "help", "[COMMAND]", "Tells what there is and how it is used", "", help,
};

const struct command cmd_version = {
    "version", "", "Prints the version", "", version,
};

/* As of a pipe into head, which is nobody's fault. */
static bool reader_left(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO };

    return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP));
}

int cli_main(int argc, char **argv)
{
    const struct command *c;
    int status;

    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help(1, argv);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        c = &cmd_help;
    else if (strcmp(argv[1], "--version") == 0)
        c = &cmd_version;
    else
        c = find(argv[1]);
    if (!c) {
        cli_complain("there is no command \"%s\"; try 'bladewatch help'",
                     argv[1]);
        return EXIT_USAGE;
    }
    status = c->run(argc - 1, argv + 1);
    if (fflush(stdout) || ferror(stdout)) {
        if (!reader_left())
            cli_complain("cannot write to standard output");
        return EXIT_PROBLEMS;
    }
    return status;
}
