#include "cli.h"

#include "app/rules.h"
#include "base/alloc.h"
#include "data/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_BYTES_MAX ((size_t)256 << 20)

struct arguments {
    const char *state;
    bool json, lint_fatal;
};

/* What the state was once, for paths to be held against. */
struct snapshot {
    struct buf text;
    struct tape_parser *parser;
    struct tape tape;
};

static const struct option options[] = {
    { "state", required_argument, NULL, 's' },
    { "json", no_argument, NULL, 'j' },
    { "lint-fatal", no_argument, NULL, 'l' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static enum status read_all(FILE *f, const char *path, struct buf *to)
{
    char some[65536];
    size_t n;

    while ((n = fread(some, 1, sizeof(some), f)) > 0)
        if (buf_add(to, some, n)) {
            cli_complain("%s is more than %zu bytes", path, STATE_BYTES_MAX);
            return ST_LIMIT;
        }
    if (!ferror(f))
        return ST_OK;
    cli_complain("cannot read %s: %s", path, strerror(errno));
    return ST_IO;
}

/* Not one JSON text, but its first line is one. */
static bool is_log(struct snapshot *s)
{
    const char *text = buf_cstr(&s->text), *end = strchr(text, '\n');

    return end && !tape_parse(s->parser, slice_of(text, (size_t)(end - text)),
                              &s->tape, NULL);
}

static enum status read_snapshot(const char *path, struct snapshot *s)
{
    FILE *f = fopen(path, "rbe");
    struct err err = { 0 };
    enum status st;

    if (!f) {
        cli_complain("cannot read %s: %s", path, strerror(errno));
        return ST_IO;
    }
    st = read_all(f, path, &s->text);
    fclose(f);
    if (st)
        return st;
    st = tape_parse(s->parser, buf_view(&s->text), &s->tape, &err);
    if (st)
        cli_complain("%s is no state: %s%s", path, err.text,
                     is_log(s) ? "; use 'bladewatch replay FILE --state > "
                                 "state.json' first"
                               : "");
    return st;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void summary(size_t files, const struct ruleset *set,
                    const struct diagnostics *d)
{
    printf("%zu file%s", files, plural(files));
    if (set)
        printf(", %zu rule%s: fine", set->n, plural(set->n));
    else
        printf(": %zu error%s", d->errors, plural(d->errors));
    if (d->warnings)
        printf(", %zu warning%s", d->warnings, plural(d->warnings));
    putchar('\n');
}

static void show(const struct arguments *a, size_t files,
                 const struct ruleset *set, const struct diagnostics *d)
{
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    if (a->json)
        diagnostics_json(d, &out);
    else
        diagnostics_write(d, cli_colour(STDOUT_FILENO), &out);
    fwrite(buf_cstr(&out), 1, out.n, stdout);
    buf_release(&out);
    if (a->json)
        putchar('\n');
    else
        summary(files, set, d);
}

static int judge(const struct arguments *a, const struct app_rules *rules,
                 const struct tape *snapshot)
{
    struct rule_options how = { .snapshot = snapshot };
    struct diagnostics d = { 0 };
    struct ruleset *set = NULL;
    int status = EXIT_FINE;

    if (ruleset_load(rules->file, rules->n, &how, &d, &set))
        status = EXIT_PROBLEMS;
    else if (d.warnings && a->lint_fatal)
        status = EXIT_LINT;
    show(a, rules->n, set, &d);
    ruleset_free(set);
    diagnostics_release(&d);
    return status;
}

static int check(const struct arguments *a, char **paths)
{
    struct snapshot s = { .parser = tape_parser_new(0) };
    struct app_rules rules = { 0 };
    int status = EXIT_USAGE;
    struct err err;

    buf_init(&s.text, STATE_BYTES_MAX);
    if (a->state && read_snapshot(a->state, &s))
        goto out;
    for (; *paths; paths++)
        if (app_rules_read(&rules, *paths, &err)) {
            cli_complain("%s", err.text);
            goto out;
        }
    status = judge(a, &rules, a->state ? &s.tape : NULL);
out:
    app_rules_release(&rules);
    tape_parser_free(s.parser);
    buf_release(&s.text);
    return status;
}

static int run(int argc, char **argv)
{
    struct arguments a = { 0 };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 's':
            a.state = optarg;
            break;
        case 'j':
            a.json = true;
            break;
        case 'l':
            a.lint_fatal = true;
            break;
        case 'h':
            return cmd_help.run(2, (char *[]){ argv[0], argv[0], NULL });
        default:
            return usage(&cmd_check, "see the options");
        }
    }
    if (optind == argc)
        return usage(&cmd_check, "which rules? '-' is standard input");
    return check(&a, argv + optind);
}

const struct command cmd_check = {
    "check",
    "PATH... [OPTIONS]",
    "Checks rule files and tells what is wrong in them, and where",
    "\n"
    "PATH is a file, a directory (its *.yaml, *.yml and *.json), or '-',\n"
    "standard input.  All of them are one set: rules may read what the others\n"
    "derive.\n\n"
    "  --state FILE     warn of paths that this state, as 'replay --state' or\n"
    "                   GET /state give it, does not have\n"
    "  --lint-fatal     end with 3 if there are warnings\n"
    "  --json           what is wrong as JSON\n\n"
    "Exit: 0 fine, 1 something is wrong, 2 usage, 3 see --lint-fatal.\n",
    run,
};
