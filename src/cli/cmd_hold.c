#include "cli.h"

#include "app/client.h"
#include "data/pretty.h"
#include "data/tape.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    { "all", no_argument, NULL, 'a' },
    { "url", required_argument, NULL, 'u' },
    { "token-file", required_argument, NULL, 't' },
    { "json", no_argument, NULL, 'j' },
    { "help", no_argument, NULL, 'h' },
    { "for", required_argument, NULL, 'f' }, /* of hold alone */
    { "why", required_argument, NULL, 'y' },
    { 0 },
};

struct wish {
    const struct command *command;
    struct client_options client;
    bool all, json, help;
    const char *hold_for, *why;
    struct tape_parser *parser;
};

static bool releases(const struct wish *w)
{
    return w->command == &cmd_release;
}

/* -- what was done --------------------------------------------------------- */

static struct slice text_of(const struct tape *tape, size_t at,
                            const char *name)
{
    const struct tape_op *op = tape_member_of(tape, at, name);

    return op && op->kind == TAPE_STRING ? tape_text(op) : slice_of("", 0);
}

static bool is_held(const struct tape *tape)
{
    const struct tape_op *op = tape_member(tape, "held");

    return op && op->kind == TAPE_TRUE;
}

/* "; it is exited (0)" */
static void say_state(const struct tape *tape, struct buf *out)
{
    struct slice state = text_of(tape, 0, "state");
    const struct tape_op *code = tape_member(tape, "exit_code");

    if (state.n)
        buf_printf(out, "; it is %.*s", SLICE_ARG(state));
    else
        buf_str(out, "; it is removed");
    if (code && code->kind == TAPE_NUMBER)
        buf_printf(out, " (%.*s)", SLICE_ARG(tape_text(code)));
}

static void say_until(struct slice until, struct buf *out)
{
    if (!until.n)
        return;
    buf_str(out, " until ");
    cli_when(until, out);
}

/* "; was held until ... by alice: disk" */
static void say_replaced(const struct tape *tape, struct buf *out)
{
    const struct tape_op *was = tape_member(tape, "was");
    struct slice by, why;
    size_t at;

    if (!was || was->kind != TAPE_OBJECT)
        return;
    at = (size_t)(was - tape->op);
    by = text_of(tape, at, "by");
    why = text_of(tape, at, "why");
    buf_str(out, "; was held");
    say_until(text_of(tape, at, "until"), out);
    buf_printf(out, " by %.*s", SLICE_ARG(by));
    if (why.n)
        buf_printf(out, ": %.*s", SLICE_ARG(why));
}

static void say(const struct wish *w, const struct tape *tape, struct buf *out)
{
    struct slice name = text_of(tape, 0, "container");
    bool all = slice_is(name, "*");

    if (all)
        buf_printf(out, "all containers are %s",
                   releases(w) ? "released" : "held");
    else
        buf_printf(out, "%.*s is %s", SLICE_ARG(name),
                   releases(w) ? "released" : "held");
    say_until(text_of(tape, 0, "until"), out);
    if (releases(w) && is_held(tape))
        buf_str(out, ", but all are held ('bladewatch release --all')");
    if (releases(w) && !all)
        say_state(tape, out);
    buf_printf(out, ": %.*s", SLICE_ARG(text_of(tape, 0, "follows")));
    if (!releases(w))
        say_replaced(tape, out);
}

static void show(const struct wish *w, struct slice answer)
{
    struct tape tape;
    struct buf text, safe;

    buf_init(&text, BUF_NO_CAP);
    buf_init(&safe, BUF_NO_CAP);
    if (w->json || tape_parse(w->parser, answer, &tape, NULL) ||
        tape.op[0].kind != TAPE_OBJECT) {
        buf_slice(&safe, answer);
    } else {
        say(w, &tape, &text);
        pretty_text(buf_view(&text), &safe);
    }
    puts(buf_cstr(&safe));
    buf_release(&text);
    buf_release(&safe);
}

static void show_all(const struct wish *w, struct buf *answer)
{
    char *line, *rest = NULL;

    for (line = strtok_r((char *)(uintptr_t)buf_cstr(answer), "\n", &rest);
         line; line = strtok_r(NULL, "\n", &rest))
        show(w, slice_str(line));
}

/* -- asking ---------------------------------------------------------------- */

static int ask(struct wish *w, char **names)
{
    struct buf page, answer;
    struct err err = { 0 };
    enum status st;

    w->parser = tape_parser_new(0);
    buf_init(&page, BUF_NO_CAP);
    buf_init(&answer, BUF_NO_CAP);
    buf_printf(&page, "/-/%s", w->command->name);
    if (w->all)
        client_param("all", "1", &page);
    for (; *names; names++)
        client_param("container", *names, &page);
    if (w->hold_for)
        client_param("for", w->hold_for, &page);
    if (w->why)
        client_param("why", w->why, &page);
    st = client_post(&w->client, buf_cstr(&page), &answer, &err);
    if (st == ST_OK)
        show_all(w, &answer);
    else
        cli_complain("%s", err.text);
    buf_release(&page);
    buf_release(&answer);
    tape_parser_free(w->parser);
    if (st == ST_OK)
        return EXIT_FINE;
    return st == ST_BAD ? EXIT_USAGE : EXIT_PROBLEMS;
}

static int take(struct wish *w, int option, const char *text)
{
    switch (option) {
    case 'a':
        w->all = true;
        return EXIT_FINE;
    case 'f':
        w->hold_for = text;
        break;
    case 'y':
        w->why = text;
        break;
    case 'j':
        w->json = true;
        return EXIT_FINE;
    case 'u':
        w->client.url = text;
        return EXIT_FINE;
    case 't':
        w->client.token_file = text;
        return EXIT_FINE;
    case 'h':
        w->help = true;
        return EXIT_FINE;
    default:
        return usage(w->command, "see the options");
    }
    if (releases(w))
        return usage(w->command, "--for and --why go with hold");
    return EXIT_FINE;
}

static int run_wish(struct wish *w, int argc, char **argv)
{
    static char help[] = "help";
    int option, status;

    w->client.url = cli_url();
    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        status = take(w, option, optarg);
        if (status)
            return status;
    }
    if (w->help)
        return cmd_help.run(2, (char *[]){ help, argv[0], NULL });
    if (w->all && optind < argc)
        return usage(w->command, "either names or --all, not both");
    if (!w->all && optind == argc)
        return usage(w->command, "which container? or --all");
    return ask(w, argv + optind);
}

static int run_hold(int argc, char **argv)
{
    struct wish w = { .command = &cmd_hold };

    return run_wish(&w, argc, argv);
}

static int run_release(int argc, char **argv)
{
    struct wish w = { .command = &cmd_release };

    return run_wish(&w, argc, argv);
}

const struct command cmd_hold = {
    "hold",
    "NAME...|--all [OPTIONS]",
    "Leaves containers as they are: they are not revived",
    "\n"
    "Whatever becomes of a container that is held, no revive rule has it\n"
    "started.  It stays held until it is released, or for as long as is said,\n"
    "over restarts of bladewatch too.  NAME may be an id, or 4 and more "
    "digits\n"
    "that it begins with; with one that is nobody's, nothing is done.\n\n"
    "  --all              all containers\n"
    "  --for SPAN         for so long, as in 1h\n"
    "  --why TEXT         the reason, for others to read\n"
    "  --json             what was answered, as JSON\n"
    "  --url URL          who is asked (http://127.0.0.1:7433)\n"
    "  --token-file FILE  holds the secret to show\n\n"
    "BLADEWATCH_URL is as --url.\n",
    run_hold,
};

const struct command cmd_release = {
    "release",
    "NAME...|--all [OPTIONS]",
    "Lets containers be revived again",
    "\n"
    "Ends a hold, and also begins anew with a container that was given up, or\n"
    "that a second stop has put to rest: its attempts are forgotten.  NAME "
    "may\n"
    "be an id, or 4 and more digits that it begins with.\n\n"
    "  --all              ends all holds, and the pause that a breaker makes\n"
    "  --json             what was answered, as JSON\n"
    "  --url URL          who is asked (http://127.0.0.1:7433)\n"
    "  --token-file FILE  holds the secret to show\n\n"
    "BLADEWATCH_URL is as --url.\n",
    run_release,
};
