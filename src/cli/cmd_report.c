#include "cli.h"

#include "app/client.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
    { "json", no_argument, NULL, 'j' },
    { "url", required_argument, NULL, 'u' },
    { "token-file", required_argument, NULL, 't' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int ask(struct client_options *o, bool json)
{
    struct err err = { 0 };
    enum status st;

    o->pretty = json && isatty(STDOUT_FILENO);
    o->colour = json && cli_colour(STDOUT_FILENO);
    st = client_page(o, json ? "/report" : "/report?format=text", &err);
    if (st == ST_OK)
        return EXIT_FINE;
    cli_complain("%s", err.text);
    return st == ST_BAD ? EXIT_USAGE : EXIT_PROBLEMS;
}

static int run(int argc, char **argv)
{
    static char help[] = "help", me[] = "report";
    struct client_options o = { .url = cli_url() };
    bool json = false;
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            return cmd_help.run(2, (char *[]){ help, me, NULL });
        case 'j':
            json = true;
            break;
        case 'u':
            o.url = optarg;
            break;
        case 't':
            o.token_file = optarg;
            break;
        default:
            return usage(&cmd_report, "see the options");
        }
    }
    if (optind < argc)
        return usage(&cmd_report, "takes no argument, got \"%s\"",
                     argv[optind]);
    return ask(&o, json);
}

const struct command cmd_report = {
    "report",
    "[OPTIONS]",
    "Asks a running bladewatch what its rules have come to",
    "\n"
    "Alerts, intents and who answered them, machines, counts, errors, and\n"
    "revivals that are due.  'bladewatch replay FILE --report' tells the same\n"
    "of a recording.\n\n"
    "  --json             as JSON\n"
    "  --url URL          who is asked (http://127.0.0.1:7433)\n"
    "  --token-file FILE  holds the secret to show\n\n"
    "BLADEWATCH_URL is as --url.\n",
    run,
};
