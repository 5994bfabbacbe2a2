#include "cli.h"

#include "app/limits.h"
#include "app/offline.h"
#include "app/rules.h"
#include "app/zones.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arguments {
    struct offline_config config;
    struct app_rules rules;
    bool state, split, json, has_now, report, timeline;
    nsec now_at;
};

enum {
    OPT_STATE = 256,
    OPT_SPLIT,
    OPT_NOW,
    OPT_UNTIL,
    OPT_FORMAT,
    OPT_JSON,
    OPT_REORDER,
    OPT_TS_FIELD,
    OPT_LIMIT,
    OPT_RULES,
    OPT_REPORT,
    OPT_TIMELINE,
    OPT_HELP
};

static const struct option options[] = {
    { "state", no_argument, NULL, OPT_STATE },
    { "split", no_argument, NULL, OPT_SPLIT },
    { "now", required_argument, NULL, OPT_NOW },
    { "until", required_argument, NULL, OPT_UNTIL },
    { "format", required_argument, NULL, OPT_FORMAT },
    { "json", no_argument, NULL, OPT_JSON },
    { "reorder", required_argument, NULL, OPT_REORDER },
    { "ts-field", required_argument, NULL, OPT_TS_FIELD },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "rules", required_argument, NULL, OPT_RULES },
    { "report", no_argument, NULL, OPT_REPORT },
    { "timeline", no_argument, NULL, OPT_TIMELINE },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static int take_instant(const char *name, const char *text, nsec *ret)
{
    if (!cli_instant(text, ret))
        return EXIT_FINE;
    return usage(&cmd_replay,
                 "--%s takes nanoseconds or a time like "
                 "2026-11-20T12:00:00Z, not \"%s\"",
                 name, text);
}

static int take_rules(struct arguments *a, const char *path)
{
    struct err err;

    a->config.own_rules = true;
    if (!app_rules_read(&a->rules, path, &err))
        return EXIT_FINE;
    return usage(&cmd_replay, "--rules: %s", err.text);
}

static int take(struct arguments *a, int option, const char *text)
{
    struct err err;

    switch (option) {
    case OPT_RULES:
        return take_rules(a, text);
    case OPT_REPORT:
        a->report = true;
        return EXIT_FINE;
    case OPT_TIMELINE:
        a->timeline = true;
        return EXIT_FINE;
    case OPT_STATE:
        a->state = true;
        return EXIT_FINE;
    case OPT_SPLIT:
        a->split = true;
        return EXIT_FINE;
    case OPT_JSON:
        a->json = true;
        return EXIT_FINE;
    case OPT_TS_FIELD:
        a->config.ts_field = text;
        return EXIT_FINE;
    case OPT_NOW:
        a->has_now = true;
        return take_instant("now", text, &a->now_at);
    case OPT_UNTIL:
        a->config.has_until = true;
        return take_instant("until", text, &a->config.until_at);
    case OPT_FORMAT:
        if (!format_parse(slice_str(text), &a->config.format))
            return EXIT_FINE;
        return usage(&cmd_replay,
                     "--format is auto, recording, jsonl or shards, not "
                     "\"%s\"",
                     text);
    case OPT_REORDER:
        if (!span_parse(slice_str(text), &a->config.reorder_for))
            return EXIT_FINE;
        return usage(&cmd_replay,
                     "--reorder takes a span like 100ms or 2s, "
                     "not \"%s\"",
                     text);
    case OPT_LIMIT:
        if (!limits_set(&a->config.limits, slice_str(text), &err))
            return EXIT_FINE;
        return usage(&cmd_replay, "--limit: %s", err.text);
    default:
        return EXIT_USAGE;
    }
}

static void on_complaint(void *self, const char *file, const struct err *err)
{
    (void)self;
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (err->line && err->column)
        fprintf(stderr, "%s:%zu:%zu: %s\n", file, err->line, err->column,
                err->text);
    else if (err->line)
        fprintf(stderr, "%s:%zu: %s\n", file, err->line, err->text);
    else
        fprintf(stderr, "%s: %s\n", file, err->text);
}

static void on_progress(void *self, const char *file, uint64_t bytes)
{
    uint64_t *shown = self;

    if (bytes - *shown < (uint64_t)64 << 20)
        return;
    *shown = bytes;
    fprintf(stderr, "\r\033[K%s: %.1f MB read", file, (double)bytes / 1e6);
    fflush(stderr);
}

static bool print(void *self, struct slice text)
{
    return fwrite(text.p, 1, text.n, self) == text.n;
}

static void summary(const struct core *core, struct offline_result r, bool json)
{
    struct core_stats s = core_stats(core);
    const struct {
        const char *name, *text;
        uint64_t n;
    } rows[] = {
        { "lines", "lines read", r.lines },
        { "merged", "merged into the state", s.merged },
        { "duplicates", "seen before and left out", s.duplicates },
        { "late", "late, replaced nothing newer", s.late },
        { "not_json", "no JSON, kept as msg", s.not_json },
        { "refused", "parts beyond a limit or a scope", s.refused },
        { "not_known", "instructions that are none, such as $incr",
          s.not_known },
        { "lost", "declared as lost", s.lost },
        { "problems", "problems, each told above", r.problems },
        { "damaged", "damaged parts of recordings", r.damaged },
        { "dropped", "records never acknowledged", r.dropped },
        { "untimed",
          "lines without a time, put at 1 ms a line (see --ts-field)",
          r.untimed },
        { "nodes", "nodes in the state", s.nodes },
    };
    char at[INSTANT_TEXT];
    size_t i;

    instant_format(s.watermark, at);
    if (json)
        printf("{\"until\":\"%s\"", at);
    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (json)
            printf(",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].n);
        else if (rows[i].n || i < 2)
            printf("%12llu  %s\n", (unsigned long long)rows[i].n, rows[i].text);
    }
    if (json)
        puts("}");
    else
        printf("%12s  log time %s\n", "", at);
}

/* -- what rules make of it ---------------------------------------------- */

/* As it comes, so that it may be as long as it likes. */
static void on_transition(void *self, const struct transition *t)
{
    const struct arguments *a = self;
    struct buf line;

    buf_init(&line, BUF_NO_CAP);
    if (a->json)
        transition_json(t, &line);
    else
        transition_text(t, &line);
    buf_char(&line, '\n');
    fwrite(line.p, 1, line.n, stdout);
    buf_release(&line);
}

static int load_rules(struct core *core, const struct arguments *a)
{
    struct diagnostics diags = { 0 };
    struct buf text;
    enum status st;

    if (!a->config.own_rules)
        return EXIT_FINE;
    st = core_rules(core, a->rules.file, a->rules.n, &diags);
    buf_init(&text, BUF_NO_CAP);
    diagnostics_write(&diags, cli_colour(STDERR_FILENO), &text);
    if (text.n)
        fwrite(text.p, 1, text.n, stderr);
    buf_release(&text);
    diagnostics_release(&diags);
    return st ? EXIT_USAGE : EXIT_FINE;
}

static bool print_report(const struct core *core, bool json)
{
    struct buf text;
    bool good;

    buf_init(&text, BUF_NO_CAP);
    view_report(core, !json, &text);
    if (json)
        buf_char(&text, '\n');
    good = fwrite(text.p, 1, text.n, stdout) == text.n;
    buf_release(&text);
    return good;
}

/* Rules that a recording brought and that this version does not take. */
static void mind_refused(const struct core *core)
{
    uint64_t n = core_stats(core).loads_refused;

    if (n)
        cli_complain(
            "rules in the recording were not taken (%llu time%s): this "
            "version reads them as wrong; --rules gives others",
            (unsigned long long)n, n == 1 ? "" : "s");
}

static void mind_times(const struct core *core, const struct arguments *a,
                       struct offline_result r)
{
    nsec end = core_stats(core).watermark;
    char at[INSTANT_TEXT];

    if (a->config.ts_field && r.untimed && !r.ts_field_met)
        cli_complain("no line has a time in --ts-field %s, as RFC 3339 text "
                     "with an offset or in nanoseconds",
                     a->config.ts_field);
    instant_format(end, at);
    if (a->has_now && a->now_at < end)
        cli_complain("--now is before the last line (%s); --until stops there",
                     at);
}

static void mind_absence(const struct core *core, const struct arguments *a)
{
    if ((a->report || a->timeline) && !a->config.own_rules &&
        core_stats(core).loads == 0)
        cli_complain("there are no rules: --rules names them");
}

/* What was asked for is printed; nothing else on standard output. */
static bool told(struct core *core, const struct arguments *a,
                 struct offline_result r)
{
    struct sink sink = { stdout, print };
    bool ruled = engine_stats(core_engine(core)).rules > 0;

    if (a->state)
        return !core_write_state(core, a->split, &sink) && putchar('\n') >= 0;
    if (a->report)
        return print_report(core, a->json);
    if (a->timeline)
        return true;
    summary(core, r, a->json);
    if (ruled && !a->json) {
        putchar('\n');
        return print_report(core, false);
    }
    return true;
}

static int output(struct core *core, const struct arguments *a,
                  struct offline_result r)
{
    struct event tick = { .kind = EV_TICK, .ts = a->now_at };

    mind_times(core, a, r);
    if (a->has_now)
        core_step(core, &tick);
    if (a->state && core_stats(core).refused)
        cli_complain(
            "%llu parts of lines were beyond a limit or a scope and are "
            "not in the state; without --state the summary counts them, "
            "--limit raises a limit",
            (unsigned long long)core_stats(core).refused);
    if (a->state && r.dropped)
        cli_complain("%llu records behind the last good seal were never "
                     "acknowledged and are left out",
                     (unsigned long long)r.dropped);
    mind_refused(core);
    mind_absence(core, a);
    if (!told(core, a, r))
        return EXIT_PROBLEMS;
    return r.problems || r.damaged || core_stats(core).loads_refused
               ? EXIT_PROBLEMS
               : EXIT_FINE;
}

static int replay(const struct arguments *a, char **files)
{
    struct core *core = core_new(0);
    struct offline *o = offline_new(core, &a->config);
    const struct engine_sink sink = { .self = (void *)(uintptr_t)a,
                                      .transition = on_transition };
    struct zones zones;
    struct err err;
    int status;

    zones_init(&zones);
    core_zones(core, &zones.port);
    if (a->timeline)
        core_sink(core, &sink);
    status = load_rules(core, a);
    if (status)
        goto out;
    for (; *files && !offline_result(o).stopped; files++) {
        if (offline_read(o, *files, &err)) {
            cli_complain("%s", err.text);
            status = EXIT_USAGE;
            goto out;
        }
    }
    offline_finish(o);
    if (isatty(STDERR_FILENO) && a->config.progress)
        fputs("\r\033[K", stderr);
    status = output(core, a, offline_result(o));
out:
    offline_free(o);
    core_free(core);
    zones_release(&zones);
    return status;
}

static int check(const struct arguments *a, int files)
{
    if (files == 0)
        return usage(&cmd_replay, "which file? '-' is standard input");
    if (a->split && !a->state)
        return usage(&cmd_replay, "--split goes with --state");
    if (a->state + a->report + a->timeline > 1)
        return usage(&cmd_replay,
                     "--state, --report and --timeline exclude one another");
    return EXIT_FINE;
}

static int run(int argc, char **argv)
{
    struct arguments a = { .config = offline_defaults() };
    uint64_t shown = 0;
    int option, status;

    a.config.complain = on_complaint;
    a.config.self = &shown;
    if (isatty(STDERR_FILENO))
        a.config.progress = on_progress;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == OPT_HELP || option == 'h')
            return cmd_help.run(2, (char *[]){ argv[0], argv[0], NULL });
        status = option == '?' ? usage(&cmd_replay, "see the options")
                               : take(&a, option, optarg);
        if (status)
            goto out;
    }
    status = check(&a, argc - optind);
    if (!status)
        status = replay(&a, argv + optind);
out:
    app_rules_release(&a.rules);
    return status;
}

const struct command cmd_replay = {
    "replay",
    "FILE... [OPTIONS]",
    "Merges recorded logs in virtual time and tells the outcome",
    "\n"
    "FILE is a recording (a file or a journal's directory), plain JSON lines\n"
    "or shards that say whose they are; '-' is standard input.\n\n"
    "  --state          print the final state and nothing else\n"
    "  --split          with it: counters by blade\n"
    "  --rules PATH     rule files or a directory of them; a recording that\n"
    "                   brings its own is replayed under these instead\n"
    "  --report         print what the rules came to and nothing else\n"
    "  --timeline       print each transition of a rule and nothing else\n"
    "  --now T          move time there first, so that leases run out\n"
    "  --until T        stop at the first line after T, then move time to T\n"
    "  --format NAME    auto, recording, jsonl or shards (auto)\n"
    "  --reorder SPAN   plain lines: how far out of order they may be (100ms)\n"
    "  --ts-field NAME  plain lines: where the time is if there is no $ts\n"
    "  --limit NAME=N   raise or lower a bound, as in nodes=5000000; a\n"
    "                   recording brings its own\n"
    "  --json           the summary, report or timeline as JSON\n\n"
    "T is a time like 2026-11-20T12:00:00Z or nanoseconds since 1970.\n",
    run,
};
