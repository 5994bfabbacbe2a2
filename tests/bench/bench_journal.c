/*
 * bench_journal - what durability costs: the machine fed from a file as the
 * live program feeds it, with and without a journal.
 *
 *   bench_journal off|nosync|on FILE DIR
 *
 * A turn takes 1,024 lines: they are parsed, journalled, sealed, written,
 * and only then merged.  `nosync` leaves out fdatasync; `off` the journal.
 * DIR must not be there; it is left for whoever called.
 */
#include "core/core.h"
#include "journal/journal.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN   1024
#define PLENTY 100000000

struct bench {
    struct core *core;
    struct journal *journal; /* NULL: off */
    struct shard *shard[TURN];
    size_t nshards;
    uint64_t lines;
};

static void must(enum status st, const struct err *err)
{
    if (!st)
        return;
    fprintf(stderr, "bench_journal: %s: %s\n", status_name(st), err->text);
    exit(1);
}

/* What happened: to the journal if there is one. */
static void record(struct bench *b, const struct event *ev)
{
    struct err err = { 0 };

    if (b->journal)
        must(journal_append(b->journal, ev, &err), &err);
}

static void commit(struct bench *b)
{
    struct journal_batch *batch;
    struct err err = { 0 };

    if (!b->journal)
        return;
    must(journal_seal(b->journal, 0, &batch), &err);
    journal_write(batch);
    must(journal_done(b->journal, batch, &err), &err);
}

static void declare(struct bench *b)
{
    struct source decl = {
        .blade = slice_str("bench"),
        .run = slice_str("0"),
        .mode = MODE_SHARD,
        .trusted = true,
    };
    struct event limits = { .kind = EV_LIMITS, .limits = limits_default() };
    struct event source = { .kind = EV_SOURCE, .decl = &decl };

    limits.limits.nodes = PLENTY;
    limits.limits.blade_nodes = PLENTY;
    record(b, &limits);
    core_step(b->core, &limits);
    record(b, &source);
    core_step(b->core, &source);
}

/* Line number n, from 1: a millisecond of log time each. */
static struct event line_event(uint64_t n)
{
    struct event ev = { .kind = EV_LINE, .fd = 1, .seq = n };

    ev.ts = ev.logged_at = (nsec)n * NSEC_MSEC;
    return ev;
}

static void turn(struct bench *b)
{
    struct event tick = { .kind = EV_TICK };
    uint64_t first = b->lines - b->nshards + 1;

    if (!b->nshards)
        return;
    tick.ts = (nsec)b->lines * NSEC_MSEC - 100 * NSEC_MSEC;
    record(b, &tick);
    commit(b);
    for (size_t i = 0; i < b->nshards; i++) {
        struct event ev = line_event(first + i);

        core_take(b->core, b->shard[i], &ev);
    }
    core_step(b->core, &tick);
    b->nshards = 0;
}

static void take(struct bench *b, struct slice text)
{
    struct event ev = line_event(++b->lines);
    struct shard *s;
    struct err why;

    ev.line = text;
    s = core_shard(b->core, 0, text, &why);
    ev.json = s->json;
    record(b, &ev);
    b->shard[b->nshards++] = s;
    if (b->nshards == TURN)
        turn(b);
}

static void open_journal(struct bench *b, const char *mode, const char *dir)
{
    struct journal_options opt = { 0 };
    struct journal_recovery found;
    struct err err = { 0 };

    if (strcmp(mode, "off") == 0)
        return;
    opt.fsync = strcmp(mode, "on") == 0 ? FSYNC_ALWAYS : FSYNC_NEVER;
    must(journal_open(dir, opt, &b->journal, &err), &err);
    must(journal_replay(b->journal, NULL, NULL, &found, &err), &err);
}

static void feed(struct bench *b, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, in)) > 0)
        take(b, slice_of(line, (size_t)n - (line[n - 1] == '\n')));
    turn(b);
    free(line);
    core_flush(b->core);
}

int main(int argc, char **argv)
{
    struct bench b = { 0 };
    FILE *in = argc == 4 ? fopen(argv[2], "r") : NULL;

    if (!in) {
        fputs("usage: bench_journal off|nosync|on FILE DIR\n", stderr);
        return 2;
    }
    b.core = core_new(1);
    open_journal(&b, argv[1], argv[3]);
    declare(&b);
    feed(&b, in);
    printf("%" PRIu64 " lines, %" PRIu64 " nodes\n", b.lines,
           core_stats(b.core).nodes);
    if (b.journal)
        printf("%" PRIu64 " syncs, %" PRIu64 " bytes\n",
               journal_stats(b.journal).syncs, journal_stats(b.journal).bytes);
    journal_close(b.journal);
    core_free(b.core);
    fclose(in);
    return 0;
}
