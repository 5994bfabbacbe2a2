/*
 * docker_probe - the Docker source alone, its lines in a file.
 *
 *   docker_probe --endpoint URL --journal FILE [--again N] [--discard N]
 *                [--history all|none|N] [--select LABEL=MODE] [--self ID]
 *                [--line-max N] [--api V] [--seen yes] [--stats MILLISECONDS]
 *                [--broken FILE]
 *
 * The journal is a text file, an entry a line, written when "durable":
 *   L blade run fd ts text | G blade run from to lines why |
 *   F blade run fd ts id text
 * (tabs between; F: what it says of the engine and of containers).  A second
 * start reads it and goes on.  --again refuses every Nth line once, --discard
 * voids what is pending after every N lines, --broken writes nothing while FILE
 * is there, --seen prints who is where.
 * SIGTERM ends it; SIGUSR1 prints containers and metrics to stderr.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "core/core.h"
#include "docker/docker.h"
#include "loop/loop.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCES_MAX  4096
#define COMMIT_EVERY (20 * NSEC_MSEC)

struct known {
    char *blade, *run, *where;
    bool trusted;
    struct cursor cursor[3];
};

struct pending {
    struct pending *next;
    char kind;
    uint32_t source;
    int fd;
    nsec ts, to;
    uint64_t lines;
    char *text, *id;
    size_t n;
};

struct store {
    struct loop *loop;
    struct docker *docker;
    struct core *core; /* what the journal said at the start */
    struct intake intake;
    struct intake_listener *listener;
    struct known known[SOURCES_MAX];
    uint32_t nknown;
    struct pending *first, **end;
    FILE *file;
    char **id; /* of all that was written */
    size_t nids;
    uint64_t repeated, recalled, ticket, calls, since_discard, again, discard;
    const char *broken; /* a file: while it is there, nothing can be written */
    bool refusing, troubled, show_seen;
    struct loop_timer commit;
    struct loop_signal term, usr1, intr;
};

static uint32_t find(struct store *s, struct slice blade, struct slice run,
                     const char *where)
{
    for (uint32_t i = 0; i < s->nknown; i++) {
        if (slice_is(blade, s->known[i].blade) &&
            slice_is(run, s->known[i].run) &&
            (!where || !s->known[i].where ||
             strcmp(where, s->known[i].where) == 0))
            return i + 1;
    }
    return 0;
}

static uint32_t add(struct store *s, struct slice blade, struct slice run)
{
    struct known *k = &s->known[s->nknown++];

    if (s->nknown == SOURCES_MAX)
        abort();
    k->blade = xmemdup0(blade.p, blade.n);
    k->run = xmemdup0(run.p, run.n);
    return s->nknown;
}

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    struct store *s = self;
    struct buf where;
    uint32_t id;

    (void)err;
    buf_init(&where, 4096);
    buf_printf(&where, "%s ", mode_name(decl->mode));
    path_pointer(&decl->at, &where);
    buf_printf(&where, " %" PRId64 " %zu", decl->ttl_for, decl->nscope);
    id = find(s, decl->blade, decl->run, buf_cstr(&where));
    if (!id)
        id = add(s, decl->blade, decl->run);
    s->known[id - 1].trusted = decl->trusted;
    if (!s->known[id - 1].where) {
        s->known[id - 1].where = xstrdup(buf_cstr(&where));
        if (s->file)
            fprintf(s->file, "S\t%s\t%s\t%s\n", s->known[id - 1].blade,
                    s->known[id - 1].run, s->known[id - 1].where);
    }
    buf_release(&where);
    *ret_id = id;
    return ST_OK;
}

static struct pending *push(struct store *s, char kind, uint32_t source)
{
    struct pending *p = xcalloc(1, sizeof(*p));

    p->kind = kind;
    p->source = source;
    *s->end = p;
    s->end = &p->next;
    s->ticket++;
    return p;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    struct store *s = self;
    struct pending *p;

    (void)err;
    if (s->troubled)
        return ST_IO;
    if (s->refusing)
        return ST_AGAIN;
    if (s->again && ++s->calls % s->again == 0) {
        s->refusing = true;
        return ST_AGAIN;
    }
    p = push(s, s->known[line->source - 1].trusted ? 'F' : 'L', line->source);
    p->fd = line->fd;
    p->ts = line->ts;
    if (p->kind == 'F' && !p->ts)
        p->ts = loop_wall(s->loop);
    p->text = xmemdup0(line->text.p, line->text.n);
    p->n = line->text.n;
    p->id = xmemdup0(line->id.p, line->id.n);
    s->since_discard++;
    *ret_ticket = s->ticket;
    return ST_OK;
}

static enum status on_gap(void *self, const struct gap *gap,
                          uint64_t *ret_ticket, struct err *err)
{
    struct store *s = self;
    struct pending *p;

    (void)err;
    if (s->troubled)
        return ST_IO;
    p = push(s, 'G', gap->source);
    p->ts = gap->from_at;
    p->to = gap->to_at;
    p->lines = gap->lines;
    p->text = xmemdup0(gap->why.p, gap->why.n);
    p->id = xstrdup("");
    p->n = gap->why.n;
    *ret_ticket = s->ticket;
    return ST_OK;
}

static enum status on_cursor(void *self, struct slice blade, struct slice run,
                             int fd, struct cursor *ret)
{
    struct store *s = self;
    uint32_t id = find(s, blade, run, NULL);

    if (!id || !s->known[id - 1].cursor[fd].ts)
        return ST_NONE;
    *ret = s->known[id - 1].cursor[fd];
    return ST_OK;
}

static void on_runs(void *self, struct slice blade,
                    bool (*fn)(void *arg, struct slice run), void *arg)
{
    struct store *s = self;

    for (uint32_t i = 0; i < s->nknown; i++) {
        if (slice_is(blade, s->known[i].blade) &&
            !fn(arg, slice_str(s->known[i].run)))
            return;
    }
}

static void on_listen(void *self, struct intake_listener *l)
{
    ((struct store *)self)->listener = l;
}

static void advance(struct cursor *c, nsec ts, struct slice text)
{
    if (ts < c->ts)
        return;
    if (ts > c->ts)
        c->nhash = 0;
    c->ts = ts;
    if (c->nhash == CURSOR_HASHES) {
        memmove(c->hash, c->hash + 1, sizeof(c->hash) - sizeof(*c->hash));
        c->nhash--;
    }
    c->hash[c->nhash++] = cursor_hash(text);
}

/* As the core does. */
static bool is_repeated(struct store *s, const char *id)
{
    for (size_t i = 0; *id && i < s->nids; i++) {
        if (strcmp(s->id[i], id) == 0)
            return true;
    }
    if (*id) {
        s->id = xrealloc(s->id, (s->nids + 1) * sizeof(*s->id));
        s->id[s->nids++] = xstrdup(id);
    }
    return false;
}

static void write_out(struct store *s, const struct pending *p)
{
    struct known *k = &s->known[p->source - 1];

    if (p->kind == 'F' && !is_repeated(s, p->id))
        fprintf(s->file, "F\t%s\t%s\t%d\t%" PRId64 "\t%s\t%s\n", k->blade,
                k->run, p->fd, p->ts, p->id, p->text);
    else if (p->kind == 'F')
        s->repeated++;
    else if (p->kind == 'G')
        fprintf(s->file,
                "G\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t%s\n",
                k->blade, k->run, p->ts, p->to, p->lines, p->text);
    else
        fprintf(s->file, "L\t%s\t%s\t%d\t%" PRId64 "\t%s\n", k->blade, k->run,
                p->fd, p->ts, p->text);
    if (p->kind == 'L' || (p->kind == 'F' && p->fd))
        advance(&k->cursor[p->fd], p->ts, slice_of(p->text, p->n));
}

static void commit(void *arg)
{
    struct store *s = arg;
    struct err err = { .text = "the journal was told to fail" };
    bool broken = s->broken && access(s->broken, F_OK) == 0;
    bool voided = broken || (s->discard && s->since_discard >= s->discard);

    if (!s->first && !s->refusing && broken == s->troubled)
        return;
    s->troubled = broken;
    while (s->first) {
        struct pending *p = s->first;

        s->first = p->next;
        if (!voided)
            write_out(s, p);
        free(p->text);
        free(p->id);
        free(p);
    }
    s->end = &s->first;
    s->refusing = false;
    fflush(s->file);
    if (voided)
        s->since_discard = 0;
    if (voided)
        s->listener->discarded(s->listener->self, s->ticket, &err);
    else
        s->listener->durable(s->listener->self, s->ticket);
}

static char *field(char **rest)
{
    char *f = *rest, *tab = f ? strchr(f, '\t') : NULL;

    if (tab)
        *tab = '\0';
    *rest = tab ? tab + 1 : NULL;
    return f ? f : (char *)"";
}

/* What was said of the engine and of containers, as the state has it. */
static void recall(struct store *s, int fd, nsec ts, struct slice text)
{
    const struct source source = { .blade = slice_str("docker"),
                                   .run = slice_str("events"),
                                   .trusted = true };
    struct event ev = { .kind = EV_SOURCE, .decl = &source };

    if (!s->core) {
        s->core = core_new(1);
        core_step(s->core, &ev);
    }
    ev = (struct event){ .kind = EV_LINE,
                         .seq = ++s->recalled,
                         .fd = fd,
                         .ts = ts,
                         .logged_at = ts,
                         .line = text };
    core_step(s->core, &ev);
}

static bool add_to(void *self, struct slice text)
{
    buf_slice(self, text);
    return true;
}

static void on_recorded(void *self, struct buf *out)
{
    struct store *s = self;
    const struct path docker = { .key = { slice_str("docker") }, .n = 1 };
    const struct sink sink = { .self = out, .write = add_to };

    if (!s->core)
        return;
    core_flush(s->core);
    (void)!view_write(s->core, &docker, (struct view_options){ 0 }, &sink);
}

static void read_back(struct store *s, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (!file)
        return;
    while ((n = getline(&line, &room, file)) > 0) {
        char *rest = line, *kind, *blade, *run, *fd, *ts;
        uint32_t id;

        if (line[n - 1] != '\n')
            break;
        line[n - 1] = '\0';
        kind = field(&rest);
        if (*kind != 'L' && *kind != 'F')
            continue;
        blade = field(&rest);
        run = field(&rest);
        fd = field(&rest);
        ts = field(&rest);
        if (*kind == 'F') {
            if (!is_repeated(s, field(&rest)))
                recall(s, atoi(fd), strtoll(ts, NULL, 10),
                       slice_of(rest, (size_t)(line + n - 1 - rest)));
            if (*fd == '0')
                continue;
        }
        id = find(s, slice_str(blade), slice_str(run), NULL);
        if (!id)
            id = add(s, slice_str(blade), slice_str(run));
        advance(&s->known[id - 1].cursor[atoi(fd)], strtoll(ts, NULL, 10),
                slice_of(rest, (size_t)(line + n - 1 - rest)));
    }
    free(line);
    fclose(file);
}

static void on_seen(void *self, const struct docker_seen *c)
{
    struct store *s = self;

    if (!s->show_seen)
        return;
    fprintf(stderr, "seen %.*s %s %.*s [%.*s]", SLICE_ARG(c->name),
            c->gone      ? "gone"
            : c->ignored ? "ignored"
                         : "here",
            SLICE_ARG(c->status), SLICE_ARG(c->address));
    if (c->start_period)
        fprintf(stderr, " starts for %lld s",
                (long long)(c->start_period / NSEC_SEC));
    fprintf(stderr, "\n");
    fflush(stderr);
}

static void on_log(void *self, enum docker_log level, const char *sentence)
{
    (void)self;
    fprintf(stderr, "%s: %s\n", level == DOCKER_WARN ? "warn" : "info",
            sentence);
    fflush(stderr);
}

static void on_term(void *arg, int signum)
{
    struct store *s = arg;

    (void)signum;
    commit(s);
    loop_stop(s->loop);
}

static void on_usr1(void *arg, int signum)
{
    struct store *s = arg;
    struct buf out;
    struct metrics m = { .out = &out };
    nsec since;

    (void)signum;
    buf_init(&out, 64u << 20);
    docker_containers(s->docker, &out, NULL, NULL);
    buf_char(&out, '\n');
    docker_metrics(s->docker, &m);
    fprintf(stderr, "%srepeated %" PRIu64 "\ndraining %d up %d\n",
            buf_cstr(&out), s->repeated, docker_draining(s->docker, &since),
            docker_up(s->docker));
    fflush(stderr);
    buf_release(&out);
}

static void read_arguments(struct store *s, struct docker_config *c, int argc,
                           char **argv, const char **journal)
{
    static struct docker_rule rule;

    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];

        if (strcmp(k, "--endpoint") == 0)
            c->endpoint = v;
        else if (strcmp(k, "--journal") == 0)
            *journal = v;
        else if (strcmp(k, "--again") == 0)
            s->again = strtoull(v, NULL, 10);
        else if (strcmp(k, "--discard") == 0)
            s->discard = strtoull(v, NULL, 10);
        else if (strcmp(k, "--broken") == 0)
            s->broken = v;
        else if (strcmp(k, "--self") == 0)
            c->self_id = v;
        else if (strcmp(k, "--seen") == 0)
            s->show_seen = strcmp(v, "yes") == 0;
        else if (strcmp(k, "--api") == 0)
            c->api_version = v;
        else if (strcmp(k, "--stats") == 0)
            c->stats_every = strtoll(v, NULL, 10) * NSEC_MSEC;
        else if (strcmp(k, "--line-max") == 0)
            c->line_max = strtoull(v, NULL, 10);
        else if (strcmp(k, "--history") == 0 && strcmp(v, "all") == 0)
            c->history = DOCKER_ALL;
        else if (strcmp(k, "--history") == 0 && strcmp(v, "none") == 0)
            c->history = DOCKER_NOTHING;
        else if (strcmp(k, "--history") == 0)
            c->history_lines = strtoull(v, NULL, 10);
        else if (strcmp(k, "--select") == 0) {
            const char *colon = strrchr(v, ':');

            rule.label = slice_of(v, (size_t)(colon - v));
            if (mode_parse(slice_str(colon + 1), &rule.mode))
                exit(2);
            c->rules = &rule;
            c->nrules = 1;
        } else {
            fprintf(stderr, "docker_probe: unknown option %s\n", k);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    static struct store s;
    struct docker_config config = { .log = on_log,
                                    .recorded_self = &s,
                                    .recorded = on_recorded,
                                    .seen_self = &s,
                                    .seen = on_seen,
                                    .seed = 1 };
    const char *journal = "/dev/null";
    struct err err = { 0 };

    read_arguments(&s, &config, argc, argv, &journal);
    s.end = &s.first;
    s.intake = (struct intake){
        .self = &s,
        .source = on_source,
        .line = on_line,
        .gap = on_gap,
        .cursor = on_cursor,
        .runs = on_runs,
        .listen = on_listen,
    };
    read_back(&s, journal);
    s.file = fopen(journal, "a");
    if (!s.file || loop_new(&s.loop, &err))
        return 1;
    if (loop_signal_start(s.loop, &s.term, SIGTERM, on_term, &s, &err) ||
        loop_signal_start(s.loop, &s.intr, SIGINT, on_term, &s, &err) ||
        loop_signal_start(s.loop, &s.usr1, SIGUSR1, on_usr1, &s, &err) ||
        docker_start(s.loop, &config, &s.intake, &s.docker, &err)) {
        fprintf(stderr, "docker_probe: %s\n", err.text);
        return 1;
    }
    loop_timer_start(s.loop, &s.commit, COMMIT_EVERY, COMMIT_EVERY, commit, &s);
    loop_run(s.loop);
    docker_stop(s.docker);
    docker_free(s.docker);
    loop_timer_stop(&s.commit);
    loop_signal_stop(&s.term);
    loop_signal_stop(&s.intr);
    loop_signal_stop(&s.usr1);
    loop_free(s.loop);
    for (uint32_t i = 0; i < s.nknown; i++) {
        free(s.known[i].blade);
        free(s.known[i].run);
        free(s.known[i].where);
    }
    for (size_t i = 0; i < s.nids; i++)
        free(s.id[i]);
    free(s.id);
    core_free(s.core);
    fclose(s.file);
    return 0;
}
