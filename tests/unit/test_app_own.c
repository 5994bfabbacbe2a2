/* The table of what bladewatch writes, held against what it has written. */
#include "app/offline.h"
#include "app/rules.h"
#include "core/view.h"
#include "data/tape.h"
#include "rule/own.h"
#include "support/suite.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX 64

/* The fixtures' directory, and the way from the root of its state. */
struct walk {
    const char *fixture;
    const struct tape *tape;
    struct slice key[KEYS_MAX];
    size_t members; /* that the table was asked for */
};

static struct core *core;

static void teardown(void)
{
    core_free(core);
    core = NULL;
}

static void on_complaint(void *self, const char *file, const struct err *err)
{
    (void)self;
    ck_abort_msg("%s: %s", file, err->text);
}

static void take_rules(const char *fixture)
{
    struct app_rules rules = { 0 };
    struct diagnostics diags = { 0 };
    char own[1024];
    struct err err;

    snprintf(own, sizeof(own), "%s/rules", fixture);
    ck_assert_int_eq(
        app_rules_read(&rules, access(own, F_OK) ? FIXTURES "/../rules" : own,
                       &err),
        ST_OK);
    ck_assert_int_eq(core_rules(core, rules.file, rules.n, &diags), ST_OK);
    diagnostics_release(&diags);
    app_rules_release(&rules);
}

static void replay(const char *fixture)
{
    struct offline_config config = offline_defaults();
    char path[1024];
    struct offline *o;
    struct err err;

    core = core_new(0);
    take_rules(fixture);
    config.own_rules = true;
    config.complain = on_complaint;
    o = offline_new(core, &config);
    snprintf(path, sizeof(path), "%s/recording.bwj", fixture);
    if (access(path, F_OK))
        snprintf(path, sizeof(path), "%s/input.jsonl", fixture);
    ck_assert_int_eq(offline_read(o, path, &err), ST_OK);
    offline_finish(o);
    offline_free(o);
}

static bool is_among(struct slice key, const char *const *word)
{
    while (*word && !slice_is(key, *word))
        word++;
    return *word != NULL;
}

static void look(struct walk *w, uint32_t n, size_t at);

/* A key that is unknown is the table's fault, or what a star found. */
static void look_at(struct walk *w, uint32_t n, size_t at)
{
    uint32_t stars;
    const char *const *word = own_members(w->key, n, &stars);

    w->key[n] = tape_text(&w->tape->op[at]);
    w->members += word != NULL;
    ck_assert_msg(
        !word || is_among(w->key[n], word) ||
            (stars != OWN_ALWAYS && w->tape->op[at + 1].kind == TAPE_OBJECT),
        "%s: \"%.*s\" below \"%.*s\" is not in the table", w->fixture,
        SLICE_ARG(w->key[n]), SLICE_ARG(w->key[n - 1]));
    if (!word || stars == OWN_ALWAYS || !is_among(w->key[n], word))
        look(w, n + 1, at + 1);
}

static void look(struct walk *w, uint32_t n, size_t at)
{
    const struct tape_op *op = w->tape->op;
    size_t i;

    if (op[at].kind != TAPE_OBJECT || n == KEYS_MAX)
        return;
    for (i = at + 1; i < op[at].end; i = op[i].end)
        look_at(w, n, i);
}

/* Returns how many members the table knows. */
static size_t look_below(const char *fixture, const char *root)
{
    struct tape_parser *parser = tape_parser_new(0);
    const struct path path = { .key = { slice_str(root) }, .n = 1 };
    struct walk w = { .fixture = fixture, .key = { slice_str(root) } };
    struct tape tape;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    if (view_text(core, &path, &text)) {
        ck_assert_int_eq(tape_parse(parser, buf_view(&text), &tape, NULL),
                         ST_OK);
        w.tape = &tape;
        look(&w, 1, 0);
    }
    buf_release(&text);
    tape_parser_free(parser);
    return w.members;
}

START_TEST(whatever_stands_below_our_keys_is_in_the_table)
{
    size_t docker = 0, probes = 0, monitor = 0, i;
    glob_t found;

    ck_assert_int_eq(glob(FIXTURES "/*/expect.state.json", 0, NULL, &found), 0);
    for (i = 0; i < found.gl_pathc; i++) {
        char *fixture = found.gl_pathv[i];

        *strrchr(fixture, '/') = '\0';
        replay(fixture);
        docker += look_below(fixture, "docker");
        probes += look_below(fixture, "probes");
        monitor += look_below(fixture, "monitor");
        teardown();
    }
    globfree(&found);
    ck_assert_uint_gt(docker, 100);
    ck_assert_uint_gt(probes, 50);
    ck_assert_uint_gt(monitor, 500);
}
END_TEST

static const TTest **const tests[] = {
    &whatever_stands_below_our_keys_is_in_the_table,
};

int main(void)
{
    return run_suite(&(struct suite_plan){
        .name = "app own",
        .teardown = teardown,
        .tests = tests,
        .ntests = sizeof(tests) / sizeof(*tests),
    });
}
