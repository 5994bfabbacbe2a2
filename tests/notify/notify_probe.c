/*
 * notify_probe - delivery alone: notices from standard input.
 *
 *   notify_probe [--webhook URL] [--alertmanager URL] [--dir DIR]
 *                [--resend SPAN]
 *
 * A line is a notice,
 *   {"ordinal":1,"firing":true,"starts_at":NS,"ends_at":NS,
 *    "labels":{"alertname":"X"},"annotations":{}}
 * or one of "start" (what came before was recovery), "status" and "metrics",
 * which are answered on standard output.  The log goes to standard error.
 * SIGTERM ends it.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "data/tape.h"
#include "loop/loop.h"
#include "notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS_MAX    16
#define LINE_LONGEST ((size_t)1 << 20)

struct probe {
    struct loop *loop;
    struct notify *notify;
    struct tape_parser *parser;
    struct receiver receiver[2];
    struct notify_config config;
    struct buf in;
    struct loop_poll input;
    struct loop_signal term;
};

static void on_log(void *self, bool warning, const char *sentence)
{
    (void)self;
    fprintf(stderr, "%s: %s\n", warning ? "warning" : "info", sentence);
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "notify_probe: %s: %s\n", what, why);
    exit(2);
}

static int64_t number_of(const struct tape *tape, const char *key)
{
    const struct tape_op *op = tape_member(tape, key);

    char text[24] = "";

    if (op && op->kind == TAPE_NUMBER && op->n < sizeof(text))
        memcpy(text, op->p, op->n);
    return strtoll(text, NULL, 10);
}

/* The members of an object of strings; they are in order in the tests. */
static size_t pairs_of(const struct tape *tape, const char *key,
                       struct notice_pair pair[PAIRS_MAX])
{
    const struct tape_op *object = tape_member(tape, key);
    size_t i, n = 0;

    if (!object || object->kind != TAPE_OBJECT)
        return 0;
    for (i = (size_t)(object - tape->op) + 1; i < object->end && n < PAIRS_MAX;
         i = tape->op[i].end) {
        pair[n].name = tape_text(&tape->op[i]);
        pair[n++].value = tape_text(&tape->op[i + 1]);
    }
    return n;
}

static void take_notice(struct probe *p, struct slice line)
{
    struct notice_pair label[PAIRS_MAX], annotation[PAIRS_MAX];
    struct notice notice = { .label = label, .annotation = annotation };
    const struct tape_op *firing;
    struct tape tape;
    struct err err;

    if (tape_parse(p->parser, line, &tape, &err))
        die("no notice", err.text);
    firing = tape_member(&tape, "firing");
    notice.ordinal = (uint64_t)number_of(&tape, "ordinal");
    notice.id = line;
    notice.firing = firing && firing->kind == TAPE_TRUE;
    notice.starts_at = number_of(&tape, "starts_at");
    notice.ends_at = number_of(&tape, "ends_at");
    notice.nlabels = pairs_of(&tape, "labels", label);
    notice.nannotations = pairs_of(&tape, "annotations", annotation);
    notify_put(p->notify, &notice);
}

static void print(struct buf *out)
{
    puts(buf_cstr(out));
    fflush(stdout);
    buf_release(out);
}

static void take_line(struct probe *p, struct slice line)
{
    struct metrics metrics = { 0 };
    struct buf out;
    struct err err;

    buf_init(&out, BUF_NO_CAP);
    metrics.out = &out;
    if (slice_is(line, "start")) {
        if (notify_start(p->notify, p->loop, &err))
            die("start", err.text);
    } else if (slice_is(line, "status")) {
        notify_status(p->notify, &out);
        print(&out);
    } else if (slice_is(line, "metrics")) {
        notify_metrics(p->notify, &metrics);
        print(&out);
    } else {
        take_notice(p, line);
    }
}

static void on_input(void *arg, int ready)
{
    struct probe *p = arg;
    char piece[4096], *end;
    ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));

    (void)ready;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        loop_poll_stop(&p->input);
        return;
    }
    if (buf_add(&p->in, piece, (size_t)n))
        die("a line", "too long");
    while ((end = memchr(p->in.p, '\n', p->in.n))) {
        take_line(p, slice_of(p->in.p, (size_t)(end - p->in.p)));
        buf_drop(&p->in, (size_t)(end - p->in.p) + 1);
    }
}

static void on_term(void *arg, int signum)
{
    struct probe *p = arg;

    (void)signum;
    loop_stop(p->loop);
}

static void add(struct probe *p, enum receiver_kind kind, const char *url)
{
    p->receiver[p->config.n++] = (struct receiver){
        .kind = kind,
        .name = kind == RECEIVER_WEBHOOK ? "hook" : "am",
        .url = url,
        .timeout_for = 2 * NSEC_SEC,
    };
}

static void take_options(struct probe *p, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], "--webhook") == 0 && p->config.n < 2)
            add(p, RECEIVER_WEBHOOK, value);
        else if (strcmp(argv[i], "--alertmanager") == 0 && p->config.n < 2)
            add(p, RECEIVER_ALERTMANAGER, value);
        else if (strcmp(argv[i], "--dir") == 0)
            p->config.dir = value;
        else if (strcmp(argv[i], "--resend") != 0 ||
                 span_parse(slice_str(value), &p->config.resend_every))
            die(argv[i], "what is that?");
    }
}

int main(int argc, char **argv)
{
    struct probe p = { .config = { .receiver = p.receiver,
                                   .journal_id = "probe",
                                   .external_url = "http://bladewatch:7433",
                                   .log = on_log } };
    struct err err;

    take_options(&p, argc, argv);
    p.parser = tape_parser_new(1);
    buf_init(&p.in, LINE_LONGEST);
    if (loop_new(&p.loop, &err) || notify_new(&p.config, &p.notify, &err) ||
        loop_signal_start(p.loop, &p.term, SIGTERM, on_term, &p, &err) ||
        loop_poll_start(p.loop, &p.input, STDIN_FILENO, LOOP_READ, on_input, &p,
                        &err))
        die("no start", err.text);
    loop_run(p.loop);
    notify_stop(p.notify);
    loop_signal_stop(&p.term);
    loop_poll_stop(&p.input);
    notify_free(p.notify);
    loop_free(p.loop);
    tape_parser_free(p.parser);
    buf_release(&p.in);
    return 0;
}
