#include "cli.h"

#include "app/client.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    { "watch", no_argument, NULL, 'w' },
    { "split", no_argument, NULL, 's' },
    { "url", required_argument, NULL, 'u' },
    { "token-file", required_argument, NULL, 't' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int take(struct client_options *o, bool *watch, int option,
                const char *text)
{
    switch (option) {
    case 'w':
        *watch = true;
        return EXIT_FINE;
    case 's':
        o->split = true;
        return EXIT_FINE;
    case 'u':
        o->url = text;
        return EXIT_FINE;
    case 't':
        o->token_file = text;
        return EXIT_FINE;
    default:
        return usage(&cmd_state, "see the options");
    }
}

static int ask(const struct client_options *o, bool watch)
{
    struct err err = { 0 };
    enum status st = watch ? client_watch(o, &err) : client_state(o, &err);

    if (st == ST_OK)
        return EXIT_FINE;
    cli_complain("%s", err.text);
    return st == ST_BAD ? EXIT_USAGE : EXIT_PROBLEMS;
}

static int run(int argc, char **argv)
{
    static char help[] = "help", me[] = "state";
    struct client_options o = { .url = cli_url() };
    bool watch = false;
    int option, status;

    o.pretty = isatty(STDOUT_FILENO);
    o.colour = cli_colour(STDOUT_FILENO);
    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h')
            return cmd_help.run(2, (char *[]){ help, me, NULL });
        status = take(&o, &watch, option, optarg);
        if (status)
            return status;
    }
    if (argc - optind > 1)
        return usage(&cmd_state, "takes one path, got \"%s\" too",
                     argv[optind + 1]);
    o.path = argv[optind];
    return ask(&o, watch);
}

const struct command cmd_state = {
    "state",
    "[PATH] [OPTIONS]",
    "Asks a running bladewatch for its state, or for the part at PATH",
    "\n"
    "PATH is dotted, as in intents.i7, or a JSON Pointer, as in /intents/i7.\n"
    "On a terminal the state is indented, elsewhere it is one line of\n"
    "canonical JSON.\n\n"
    "  --watch            print each change as it comes; elsewhere than on a\n"
    "                     terminal as JSON Patches, the first adds the whole\n"
    "  --split            counters by blade\n"
    "  --url URL          who is asked (http://127.0.0.1:7433)\n"
    "  --token-file FILE  holds the secret to show\n\n"
    "BLADEWATCH_URL is as --url.\n",
    run,
};
