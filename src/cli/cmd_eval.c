#include "cli.h"

#include "app/evaluate.h"
#include "data/pretty.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { OPT_STATE = 256, OPT_NOW };

static const struct option options[] = {
    { "state", required_argument, NULL, OPT_STATE },
    { "now", required_argument, NULL, OPT_NOW },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

/* It may quote what was logged: nothing of that drives the terminal. */
static void complain_of(struct slice text)
{
    struct buf plain;

    buf_init(&plain, BUF_NO_CAP);
    pretty_text(text, &plain);
    cli_complain("%s", buf_cstr(&plain));
    buf_release(&plain);
}

static int evaluate(const struct evaluate_options *o)
{
    struct buf out, problems;
    struct err err = { 0 };
    enum status st;

    buf_init(&out, BUF_NO_CAP);
    buf_init(&problems, BUF_NO_CAP);
    st = evaluate_expression(o, &out, &problems, &err);
    if (problems.n)
        fwrite(problems.p, 1, problems.n, stderr);
    if (st == ST_OK)
        puts(buf_cstr(&out));
    else if (st == ST_NONE)
        complain_of(buf_view(&out));
    else if (st != ST_BAD || !problems.n)
        cli_complain("%s", err.text);
    buf_release(&out);
    buf_release(&problems);
    if (st == ST_OK)
        return EXIT_FINE;
    return st == ST_BAD || st == ST_NONE ? EXIT_PROBLEMS : EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    static char help[] = "help", me[] = "eval";
    struct evaluate_options o = { .colour = cli_colour(STDERR_FILENO) };
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            return cmd_help.run(2, (char *[]){ help, me, NULL });
        case OPT_STATE:
            o.state = optarg;
            break;
        case OPT_NOW:
            o.has_now = true;
            if (cli_instant(optarg, &o.now_at))
                return usage(&cmd_eval,
                             "--now takes nanoseconds or a time like "
                             "2026-11-20T12:00:00Z, not \"%s\"",
                             optarg);
            break;
        default:
            return usage(&cmd_eval, "see the options");
        }
    }
    if (optind == argc)
        return usage(&cmd_eval, "which expression?");
    if (argc - optind > 1)
        return usage(&cmd_eval,
                     "takes one expression, in quotes; got \"%s\" too",
                     argv[optind + 1]);
    o.text = argv[optind];
    return evaluate(&o);
}

const struct command cmd_eval = {
    "eval",
    "EXPR [--state FILE] [--now T]",
    "Evaluates a CEL expression over a state and prints the value",
    "\n"
    "FILE is a state as JSON ('bladewatch state', 'replay FILE --state'), or\n"
    "anything that replay reads; '-' is standard input.  Without it the state\n"
    "is empty.\n\n"
    "  --state FILE  what `state` is\n"
    "  --now T       what `now` is (the time of the last line, or 1970)\n\n"
    "The value is printed as JSON.  Exit: 0 there is one, 1 the expression is\n"
    "wrong or ends in an error, 2 usage.\n",
    run,
};
