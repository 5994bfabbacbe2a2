#include "cli.h"

#include "app/client.h"
#include "cli/top.h"
#include "data/json.h"
#include "data/pretty.h"
#include "data/tape.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVERY_DEFAULT NSEC_SEC
#define EVERY_LEAST   (100 * NSEC_MSEC)

/* The alternate screen, without a cursor; and back. */
#define SCREEN_OPEN  "\033[?1049h\033[?25l"
#define SCREEN_CLOSE "\033[?25h\033[?1049l"

struct top {
    struct client_options client;
    struct top_view view;
    nsec every; /* 0: once */
    bool once;
    bool screen;                  /* it is refreshed in place */
    bool open;                    /* ... and that is what the terminal shows */
    bool shown;                   /* something was, in whatever way */
    bool printed;                 /* a table, on its own lines */
    struct buf last;              /* the answer that is shown */
    struct buf engine;            /* ... and how the engine was, as JSON */
    bool missing;                 /* one that was named is not there */
    char lost[ERR_TEXT_MAX + 20]; /* why nothing comes; "": it does */
};

static const struct option options[] = {
    { "all", no_argument, NULL, 'a' },
    { "once", no_argument, NULL, 'o' },
    { "json", no_argument, NULL, 'j' },
    { "interval", required_argument, NULL, 'i' },
    { "sort", required_argument, NULL, 's' },
    { "url", required_argument, NULL, 'u' },
    { "token-file", required_argument, NULL, 't' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

/* -- showing -------------------------------------------------------------- */

static bool write_out(const struct buf *out)
{
    return fwrite(out->p, 1, out->n, stdout) == out->n && !fflush(stdout);
}

static void measure(struct top *t)
{
    struct winsize size;

    t->view.width = t->view.height = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
        return;
    t->view.width = size.ws_col;
    if (t->every)
        t->view.height = size.ws_row;
}

/* Over what is there, so that nothing flickers. */
static void put_screen(struct top *t, struct slice table, struct buf *out)
{
    buf_str(out, t->open ? "\033[H" : SCREEN_OPEN "\033[H");
    t->open = true;
    for (size_t i = 0; i < table.n; i++) {
        if (table.p[i] == '\n')
            buf_str(out, "\033[K");
        if (table.p[i] != '\n' || i + 1 < table.n)
            buf_char(out, table.p[i]);
    }
    buf_str(out, "\033[J");
}

static void put(struct top *t, struct slice table, struct buf *out)
{
    if (t->screen) {
        put_screen(t, table, out);
        return;
    }
    if (t->printed && !t->view.json)
        buf_char(out, '\n');
    buf_slice(out, table);
    t->printed = true;
}

/* A line above the table; there must be room for one row. */
static void put_note(struct top *t, struct slice note, struct buf *out)
{
    if (t->view.width && note.n > t->view.width)
        note.n = t->view.width;
    buf_printf(out, "%s%.*s%s\n", t->view.colour ? "\033[31m" : "",
               SLICE_ARG(note), t->view.colour ? "\033[0m" : "");
    t->view.height -= t->view.height > 1;
}

static struct slice text_of(const struct tape *tape, const char *name)
{
    const struct tape_op *op = tape_member(tape, name);

    return op && op->kind == TAPE_STRING ? tape_text(op) : slice_of("", 0);
}

/* As "/state?path=docker.engine" has it. */
static void put_engine(struct top *t, struct buf *out)
{
    struct tape_parser *parser = tape_parser_new(0);
    struct tape tape;
    struct buf since, note;

    buf_init(&since, BUF_NO_CAP);
    buf_init(&note, BUF_NO_CAP);
    if (!tape_parse(parser, json_trim(buf_view(&t->engine)), &tape, NULL) &&
        tape.op[0].kind == TAPE_OBJECT &&
        slice_is(text_of(&tape, "state"), "down")) {
        cli_when(text_of(&tape, "since"), &since);
        buf_str(&note, "the Docker engine has been down since ");
        pretty_text(buf_view(&since), &note);
        buf_str(&note, " (");
        pretty_text(text_of(&tape, "why"), &note);
        buf_str(&note, "); what is shown is from then");
        put_note(t, buf_view(&note), out);
    }
    buf_release(&since);
    buf_release(&note);
    tape_parser_free(parser);
}

/* On a screen the table says so by itself. */
static void say_missing(struct top *t, const struct err *missing)
{
    if (*missing->text && !t->missing && !t->screen)
        cli_complain("%s", missing->text);
    t->missing = *missing->text;
}

/* Nothing is shown if that would be wrong from the start. */
static enum status draw(struct top *t, struct err *err)
{
    struct err missing = { 0 };
    struct buf table, out;
    enum status st;

    buf_init(&table, BUF_NO_CAP);
    buf_init(&out, BUF_NO_CAP);
    measure(t);
    t->view.stale = *t->lost != '\0';
    t->view.noted = t->screen;
    if (t->view.stale)
        put_note(t, slice_str(t->lost), &table);
    else if (!t->view.json)
        put_engine(t, &table);
    st = top_render(&t->view, buf_view(&t->last), &table, &missing);
    if (st == ST_NONE && t->shown)
        st = ST_OK;
    if (st == ST_OK) {
        say_missing(t, &missing);
        put(t, buf_view(&table), &out);
        st = write_out(&out) ? ST_OK : ST_END;
        t->shown = true;
    } else {
        *err = missing;
    }
    buf_release(&table);
    buf_release(&out);
    return st;
}

static void close_screen(struct top *t)
{
    if (t->open)
        fputs(SCREEN_CLOSE, stdout);
    t->open = false;
    fflush(stdout);
}

/* -- hearing -------------------------------------------------------------- */

static enum status on_answer(void *self, struct slice page, struct slice engine,
                             struct err *err)
{
    struct top *t = self;

    if (*t->lost && !t->screen)
        cli_complain("connected again");
    *t->lost = '\0';
    buf_reset(&t->last);
    buf_slice(&t->last, page);
    buf_reset(&t->engine);
    buf_slice(&t->engine, engine);
    return draw(t, err);
}

static void on_lost(void *self, const struct err *why)
{
    struct top *t = self;
    bool told = *t->lost;
    struct err err;

    snprintf(t->lost, sizeof(t->lost), "%s; trying again", why->text);
    if (t->screen)
        (void)draw(t, &err);
    else if (!told)
        cli_complain("%s", t->lost);
}

static void on_signalled(void *self, int signum)
{
    struct top *t = self;
    struct err err;

    if (signum == SIGTSTP) {
        close_screen(t);
        raise(SIGSTOP);
    }
    if (t->screen && t->shown)
        (void)draw(t, &err);
}

/* The last table stays below what was on the terminal before. */
static void leave(struct top *t)
{
    bool was_open = t->open;
    struct err err;

    close_screen(t);
    t->screen = false;
    if (was_open)
        (void)draw(t, &err);
}

static int watch(struct top *t)
{
    const struct client_poll poll = {
        .every = t->every,
        .beside = "/state?path=docker.engine",
        .self = t,
        .answer = on_answer,
        .lost = on_lost,
        .signalled = on_signalled,
    };
    struct err err = { 0 };
    enum status st;

    t->screen = t->every && !t->view.json && isatty(STDOUT_FILENO);
    t->view.colour = cli_colour(STDOUT_FILENO);
    buf_init(&t->last, BUF_NO_CAP);
    buf_init(&t->engine, BUF_NO_CAP);
    st = client_poll(&t->client, "/containers", &poll, &err);
    leave(t);
    buf_release(&t->last);
    buf_release(&t->engine);
    if (st == ST_OK)
        return t->missing && !t->every ? EXIT_PROBLEMS : EXIT_FINE;
    cli_complain("%s", err.text);
    return st == ST_BAD ? EXIT_USAGE : EXIT_PROBLEMS;
}

/* -- the command line ----------------------------------------------------- */

static int take_interval(struct top *t, const char *text)
{
    if (!span_parse(slice_str(text), &t->every) && t->every >= EVERY_LEAST)
        return EXIT_FINE;
    return usage(&cmd_top, "--interval takes 100ms or more, not \"%s\"", text);
}

static int take(struct top *t, int option, const char *text)
{
    switch (option) {
    case 'a':
        t->view.all = true;
        return EXIT_FINE;
    case 'o':
        t->once = true;
        return EXIT_FINE;
    case 'j':
        t->view.json = true;
        return EXIT_FINE;
    case 'i':
        return take_interval(t, text);
    case 's':
        if (top_sort_parse(slice_str(text), &t->view.sort))
            return usage(&cmd_top, "--sort takes name, cpu or mem, not \"%s\"",
                         text);
        return EXIT_FINE;
    case 'u':
        t->client.url = text;
        return EXIT_FINE;
    case 't':
        t->client.token_file = text;
        return EXIT_FINE;
    default:
        return usage(&cmd_top, "see the options");
    }
}

static int run(int argc, char **argv)
{
    static char help[] = "help", me[] = "top";
    struct top t = { .client.url = cli_url(), .every = EVERY_DEFAULT };
    int option, status;

    optind = 0;
    while ((option = getopt_long(argc, argv, "ah", options, NULL)) != -1) {
        if (option == 'h')
            return cmd_help.run(2, (char *[]){ help, me, NULL });
        status = take(&t, option, optarg);
        if (status)
            return status;
    }
    if (t.once)
        t.every = 0;
    t.view.names = argv + optind;
    t.view.nnames = (size_t)(argc - optind);
    return watch(&t);
}

const struct command cmd_top = {
    "top",
    "[NAME...] [OPTIONS]",
    "Shows what containers use and how they are, as 'docker stats' does",
    "\n"
    "Those that run and those that are not well, or the ones that are named.\n"
    "Red is down, yellow is held by somebody, paused or not verified yet.  On "
    "a\n"
    "terminal the table is refreshed in place until Ctrl-C; columns that do\n"
    "not fit are left out.  \"--\" is what is not known.\n\n"
    "  -a, --all          those too that are stopped and nobody misses\n"
    "  --sort BY          name, cpu or mem (name)\n"
    "  --interval SPAN    how often it is asked (1s); the figures themselves\n"
    "                     are as old as 'stats' in the configuration lets "
    "them\n"
    "  --once             one table, and the end\n"
    "  --json             an array of what GET /containers says of them, in "
    "one\n"
    "                     line each time\n"
    "  --url URL          who is asked (http://127.0.0.1:7433)\n"
    "  --token-file FILE  holds the secret to show\n\n"
    "BLADEWATCH_URL is as --url.\n",
    run,
};
