/*
 * act_probe - acts alone, told by lines on standard input.
 *
 *   act_probe --endpoint URL [--act URL] [--specs DIR] [--self ID] [--api V]
 *
 * A line: ACT NAME ID STATUS STARTED FINISHED repair|-
 * with ACT start, restart or recreate, instants in RFC 3339 ("-": never).
 * "withdraw" takes back what is under way, until the next order.
 * The answer, a line each on standard output, tabs between:
 *   NAME RESULT CODE CONTAINER MILLISECONDS MESSAGE
 * "up" is printed when the engine answers.  The end of the input ends it.
 */
#include "base/alloc.h"
#include "docker/act.h"
#include "docker/docker.h"
#include "loop/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACTS_MAX 1024

struct probe {
    struct loop *loop;
    struct docker *docker;
    struct intake intake;
    struct intake_listener *listener;
    uint64_t ticket, durable;
    struct loop_poll input;
    struct loop_timer tick;
    bool up;
    char *names[ACTS_MAX]; /* of all acts there were */
    size_t nnames;
    char line[4096];
    size_t n;
};

/* -- an intake that takes all and keeps nothing -------------------------- */

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    (void)self;
    (void)decl;
    (void)err;
    *ret_id = 1;
    return ST_OK;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    struct probe *p = self;

    (void)line;
    (void)err;
    *ret_ticket = ++p->ticket;
    return ST_OK;
}

static enum status on_gap(void *self, const struct gap *gap,
                          uint64_t *ret_ticket, struct err *err)
{
    struct probe *p = self;

    (void)gap;
    (void)err;
    *ret_ticket = ++p->ticket;
    return ST_OK;
}

static enum status on_cursor(void *self, struct slice blade, struct slice run,
                             int fd, struct cursor *ret)
{
    (void)self;
    (void)blade;
    (void)run;
    (void)fd;
    (void)ret;
    return ST_NONE;
}

static void on_runs(void *self, struct slice blade,
                    bool (*fn)(void *arg, struct slice run), void *arg)
{
    (void)self;
    (void)blade;
    (void)fn;
    (void)arg;
}

static void on_listen(void *self, struct intake_listener *l)
{
    struct probe *p = self;

    p->listener = l;
}

/* -- acts ---------------------------------------------------------------- */

static void on_done(void *self, const struct docker_acted *acted)
{
    const char *name = self;

    printf("%s\t%s\t%d\t%.*s\t%lld\t%.*s\n", name, acted->result, acted->code,
           SLICE_ARG(acted->container),
           (long long)(acted->took_for / NSEC_MSEC), SLICE_ARG(acted->message));
    fflush(stdout);
}

static nsec instant(const char *text)
{
    nsec at = 0;

    if (strcmp(text, "-") != 0 &&
        (instant_parse(slice_str(text), &at) || at < 0))
        at = 0;
    return at;
}

static bool withdrawn;

static bool on_stands(void *self)
{
    (void)self;
    return !withdrawn;
}

static void order(struct probe *p, char *line)
{
    static const char *const kinds[] = { "start", "restart", "recreate" };
    char *word[7], *save = NULL;
    struct docker_act act = { .stands = on_stands, .done = on_done };

    withdrawn = strcmp(line, "withdraw") == 0;
    if (withdrawn)
        return;
    for (int i = 0; i < 7; i++) {
        word[i] = strtok_r(i ? NULL : line, " ", &save);
        if (!word[i]) {
            fprintf(stderr, "act_probe: seven words are needed\n");
            exit(2);
        }
    }
    while (strcmp(kinds[act.kind], word[0]) != 0)
        act.kind++;
    act.name = slice_str(word[1]);
    act.container = slice_str(word[2]);
    act.status = slice_str(word[3]);
    act.started_at = instant(word[4]);
    act.finished_at = instant(word[5]);
    act.repair_network = strcmp(word[6], "repair") == 0;
    if (p->nnames == ACTS_MAX)
        abort();
    act.self = p->names[p->nnames++] = xstrdup(word[1]);
    if (docker_act(p->docker, &act) == ST_OK)
        return;
    on_done(act.self, &(struct docker_acted){ .result = "again" });
}

static void on_input(void *arg, int ready)
{
    struct probe *p = arg;
    ssize_t n = read(0, p->line + p->n, sizeof(p->line) - 1 - p->n);
    char *nl;

    (void)ready;
    if (n <= 0) {
        loop_poll_stop(&p->input);
        loop_stop(p->loop);
        return;
    }
    p->n += (size_t)n;
    p->line[p->n] = '\0';
    while ((nl = strchr(p->line, '\n'))) {
        *nl = '\0';
        order(p, p->line);
        p->n -= (size_t)(nl + 1 - p->line);
        memmove(p->line, nl + 1, p->n + 1);
    }
}

static void on_tick(void *arg)
{
    struct probe *p = arg;

    if (p->ticket > p->durable)
        p->listener->durable(p->listener->self, p->ticket);
    p->durable = p->ticket;
    if (p->up || !docker_up(p->docker))
        return;
    p->up = true;
    printf("up\n");
    fflush(stdout);
}

static void on_log(void *self, enum docker_log level, const char *sentence)
{
    (void)self;
    fprintf(stderr, "%s: %s\n", level == DOCKER_WARN ? "warn" : "info",
            sentence);
    fflush(stderr);
}

static void read_arguments(struct docker_config *c, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];

        if (strcmp(k, "--endpoint") == 0)
            c->endpoint = v;
        else if (strcmp(k, "--act") == 0)
            c->act_endpoint = v;
        else if (strcmp(k, "--specs") == 0)
            c->spec_dir = v;
        else if (strcmp(k, "--self") == 0)
            c->self_id = v;
        else if (strcmp(k, "--api") == 0)
            c->api_version = v;
        else {
            fprintf(stderr, "act_probe: unknown option %s\n", k);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    static struct probe p;
    struct docker_config config = { .log = on_log, .seed = 1 };
    struct err err = { 0 };

    read_arguments(&config, argc, argv);
    p.intake = (struct intake){
        .self = &p,
        .source = on_source,
        .line = on_line,
        .gap = on_gap,
        .cursor = on_cursor,
        .runs = on_runs,
        .listen = on_listen,
    };
    if (loop_new(&p.loop, &err) ||
        loop_poll_start(p.loop, &p.input, 0, LOOP_READ, on_input, &p, &err) ||
        docker_start(p.loop, &config, &p.intake, &p.docker, &err)) {
        fprintf(stderr, "act_probe: %s\n", err.text);
        return 1;
    }
    loop_timer_start(p.loop, &p.tick, 20 * NSEC_MSEC, 20 * NSEC_MSEC, on_tick,
                     &p);
    loop_run(p.loop);
    docker_stop(p.docker);
    docker_free(p.docker);
    loop_timer_stop(&p.tick);
    loop_free(p.loop);
    while (p.nnames)
        free(p.names[--p.nnames]);
    return 0;
}
