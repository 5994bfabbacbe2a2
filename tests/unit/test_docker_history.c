#include "base/alloc.h"
#include "core/core.h"
#include "docker/engine.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A journal that can be told to fail, and the state it comes to. */
static struct docker *d;
static struct core *core;
static struct intake intake;
static struct buf lines; /* as they came, a line each */
static uint64_t seq, ticket;
static nsec now;
static enum status answer;

static struct slice id_of(char letter)
{
    static char id[4][ID_MAX + 1];
    char *p = id[letter - 'a'];

    memset(p, letter, ID_MAX);
    return slice_str(p);
}

static enum status on_source(void *self, const struct source *decl,
                             uint32_t *ret_id, struct err *err)
{
    const struct event ev = { .kind = EV_SOURCE, .decl = decl };

    (void)self;
    (void)err;
    if (!core_source(core, 0))
        core_step(core, &ev);
    *ret_id = 0;
    return ST_OK;
}

static enum status on_line(void *self, const struct line *line,
                           uint64_t *ret_ticket, struct err *err)
{
    struct event ev = {
        .kind = EV_LINE, .fd = line->fd, .line = line->text, .id = line->id
    };
    struct err why;
    struct shard *s;
    nsec said;

    (void)self;
    (void)err;
    if (answer)
        return answer;
    *ret_ticket = ++ticket;
    buf_slice(&lines, line->text);
    buf_char(&lines, '\n');
    s = core_shard(core, 0, line->text, &why);
    ev.seq = ++seq;
    ev.ts = ev.logged_at = line->ts ? line->ts : now;
    if (shard_ts(s, "$ts", &said) == ST_OK)
        ev.ts = said;
    if (ev.ts > now)
        ev.ts = now;
    core_take(core, s, &ev);
    return ST_OK;
}

static nsec on_now(void *self)
{
    (void)self;
    return now;
}

static void set_up(void)
{
    d = xcalloc(1, sizeof(*d));
    ck_assert_int_eq(loop_new(&d->loop, NULL), ST_OK);
    loop_update(d->loop);
    d->parser = tape_parser_new(1);
    d->intake = &intake;
    d->config.containers_max = 10;
    intake =
        (struct intake){ .source = on_source, .line = on_line, .now = on_now };
    now = loop_wall(d->loop);
    core = core_new(1);
    buf_init(&lines, BUF_NO_CAP);
    seq = ticket = 0;
    answer = ST_OK;
}

static void tear_down(void)
{
    while (d->containers)
        container_free(d->containers);
    records_release(&d->records);
    history_release(d);
    tape_parser_free(d->parser);
    loop_free(d->loop);
    free(d);
    core_free(core);
    buf_release(&lines);
}

static bool add_to(void *self, struct slice text)
{
    buf_slice(self, text);
    return true;
}

/* As it is once all has been merged, the instants left out. */
static const char *state(void)
{
    static char out[4096];
    const struct path at = {
        .key = { slice_str("docker"), slice_str("containers") }, .n = 2
    };
    struct buf text;
    const struct sink sink = { .self = &text, .write = add_to };
    char *p, *to = out;

    core_flush(core);
    buf_init(&text, sizeof(out) - 1);
    if (view_write(core, &at, (struct view_options){ 0 }, &sink))
        buf_str(&text, "nothing");
    for (p = (char *)(uintptr_t)buf_cstr(&text); *p;) {
        if (strncmp(p, "\"at\":\"", 6) == 0)
            p = strchr(p + 6, '"') + 2;
        else
            *to++ = *p++;
    }
    *to = '\0';
    buf_release(&text);
    return out;
}

static struct container *add(char letter, const char *name)
{
    struct container *c = container_add(d, id_of(letter));

    container_rename(c, slice_str(name));
    return c;
}

static struct told told(enum happening what, nsec at)
{
    static char ids[8][32];
    static int n;
    char *id = ids[n % 8];

    snprintf(id, sizeof(ids[0]), "event %d", ++n);
    return (struct told){ .what = what,
                          .at = at,
                          .as = { .exit_code = -1, .signal = -1 },
                          .id = slice_str(id) };
}

static void happens(struct container *c, enum happening what, nsec at)
{
    struct told t = told(what, at);

    history_event(c, &t);
}

static void renamed(struct container *c, const char *name, nsec at)
{
    container_rename(c, slice_str(name));
    happens(c, HAPPENED_RENAME, at);
}

static const char *has(const char *name, char letter, const char *events)
{
    static char text[1024];

    snprintf(text, sizeof(text), "\"%s\":{\"events\":{%s},\"id\":\"%s\"}", name,
             events, id_of(letter).p);
    return text;
}

#define ck_assert_holds(what)                                                  \
    do {                                                                       \
        const char *what_ = (what), *state_ = state();                         \
        ck_assert_msg(strstr(state_, what_), "%s is not in %s", what_,         \
                      state_);                                                 \
    } while (0)

START_TEST(what_happens_is_counted)
{
    struct container *c = add('a', "web");
    struct told die = told(HAPPENED_DIE, now - 3);

    die.as.exit_code = 137;
    happens(c, HAPPENED_KILL, now - 5);
    happens(c, HAPPENED_KILL, now - 4);
    history_event(c, &die);
    ck_assert_holds(has(
        "web", 'a', "\"die\":{\"exitCode\":137,\"n\":1},\"kill\":{\"n\":2}"));
}
END_TEST

START_TEST(what_is_told_twice_counts_once)
{
    struct container *c = add('a', "web");
    struct told die = told(HAPPENED_DIE, now - 3);

    history_event(c, &die);
    die.again = true;
    history_event(c, &die);
    ck_assert(history_knows(c, &die));
    ck_assert_holds(has("web", 'a', "\"die\":{\"n\":1}"));
}
END_TEST

START_TEST(another_name_takes_the_history_along)
{
    struct container *c = add('a', "web");

    happens(c, HAPPENED_STOP, now - 9);
    happens(c, HAPPENED_STOP, now - 8);
    renamed(c, "old", now - 7);
    ck_assert_holds(has("old", 'a', "\"rename\":{\"n\":1},\"stop\":{\"n\":2}"));
    ck_assert_ptr_null(strstr(state(), "\"web\""));
}
END_TEST

START_TEST(two_that_change_names_keep_what_is_theirs)
{
    struct container *a = add('a', "a"), *b = add('b', "b");

    happens(a, HAPPENED_STOP, now - 9);
    happens(b, HAPPENED_KILL, now - 8);
    /* Inspect has seen it; no event was told. */
    container_rename(a, slice_str("b"));
    container_rename(b, slice_str("a"));
    history_stand(a, now - 2);
    history_stand(b, now - 1);
    ck_assert_holds(has("a", 'b', "\"kill\":{\"n\":1}"));
    ck_assert_holds(has("b", 'a', "\"stop\":{\"n\":1}"));
}
END_TEST

START_TEST(a_namesake_begins_anew_however_soon_it_comes)
{
    struct container *a = add('a', "web"), *b;

    happens(a, HAPPENED_KILL, now - 9);
    happens(a, HAPPENED_DESTROY, now - 8);
    d->written_at = now; /* an answer that was on its way */
    container_gone(a, now - 8);
    b = add('b', "web");
    happens(b, HAPPENED_CREATE, now - 7);
    happens(b, HAPPENED_START, now - 6);
    ck_assert_holds(
        has("web", 'b', "\"create\":{\"n\":1},\"start\":{\"n\":1}"));
}
END_TEST

START_TEST(one_that_is_gone_takes_no_name_when_it_is_told_again)
{
    struct container *b = add('b', "web"), *a = add('a', "web");
    struct told create = told(HAPPENED_CREATE, now - 9);

    b->listed = true;
    happens(b, HAPPENED_KILL, now - 5);
    create.again = true;
    history_event(a, &create);
    ck_assert_holds(has("web", 'b', "\"kill\":{\"n\":1}"));
}
END_TEST

START_TEST(what_the_journal_lost_is_offered_again)
{
    struct container *c = add('a', "web");

    happens(c, HAPPENED_KILL, now - 9);
    records_durable(d, ticket);
    answer = ST_AGAIN;
    happens(c, HAPPENED_DIE, now - 8);
    answer = ST_OK;
    ck_assert(records_flush(d));
    buf_reset(&lines);
    records_discarded(d);
    ck_assert(records_flush(d));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), "\"die\""));
    ck_assert_ptr_null(strstr(buf_cstr(&lines), "\"kill\""));
    records_durable(d, ticket);
    ck_assert_ptr_null(d->records.first);
}
END_TEST

START_TEST(facts_are_not_written_before_what_happened_is)
{
    struct container *c = add('a', "web");
    struct buf b;

    buf_init(&b, 100);
    buf_str(&b, "{}");
    answer = ST_IO;
    happens(c, HAPPENED_DIE, now - 8);
    answer = ST_AGAIN;
    ck_assert_int_eq(facts_put(d, &b, 0), ST_AGAIN);
    answer = ST_OK;
    ck_assert_int_eq(facts_put(d, &b, 0), ST_OK);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), "\"die\""));
    buf_release(&b);
}
END_TEST

START_TEST(the_future_is_now)
{
    ck_assert_int_eq(history_instant(d, now + 3600 * NSEC_SEC), now);
    ck_assert_int_eq(history_instant(d, INT64_MAX), now);
    ck_assert_int_eq(history_instant(d, now + 1), now + 1);
    ck_assert_int_eq(history_instant(d, now - 7), now - 7);
}
END_TEST

START_TEST(while_the_clock_is_behind_so_are_the_stamps_of_the_engine)
{
    nsec wall = now;

    now += 3600 * NSEC_SEC;
    ck_assert_int_eq(history_instant(d, wall - 7), now - 7);
}
END_TEST

/* What an earlier process left: of a, of b under a name it has no more, and
 * of one that is gone. */
static void on_recorded(void *self, struct buf *out)
{
    (void)self;
    buf_str(out, "{\"containers\":{");
    for (const char *p = "abc"; *p; p++)
        buf_printf(out,
                   "%s\"name-%c\":{\"id\":\"%s\",\"events\":{\"die\":{\"at\":"
                   "\"2026-11-27T00:00:00Z\",\"n\":%d,\"exitCode\":3},"
                   "\"oom\":{\"n\":7},\"stop\":5}}",
                   *p == 'a' ? "" : ",", *p, id_of(*p).p, *p - 'a' + 1);
    buf_str(out, ",\"$expired\":{},\"odd\":7}}");
}

START_TEST(what_was_recorded_is_found_again)
{
    struct container *a = add('a', "name-a"), *b = add('b', "other");

    d->config.recorded = on_recorded;
    history_remember(d);
    history_adopt(d);
    ck_assert_uint_eq(a->history.last[HAPPENED_DIE].n, 1);
    ck_assert_uint_eq(a->history.last[HAPPENED_OOM].n, 0);
    history_stand(b, now);
    history_sweep(d);
    ck_assert_ptr_null(d->remembered);
    ck_assert_holds(has("other", 'b', "\"die\":{\"exitCode\":3,\"n\":2}"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), "{\"name-b\":null,"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), "{\"name-c\":null}"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&lines), "{\"odd\":null}"));
    ck_assert_ptr_null(strstr(buf_cstr(&lines), "name-a"));
}
END_TEST

static const TTest **const tests[] = {
    &what_happens_is_counted,
    &what_is_told_twice_counts_once,
    &another_name_takes_the_history_along,
    &two_that_change_names_keep_what_is_theirs,
    &a_namesake_begins_anew_however_soon_it_comes,
    &one_that_is_gone_takes_no_name_when_it_is_told_again,
    &what_the_journal_lost_is_offered_again,
    &facts_are_not_written_before_what_happened_is,
    &the_future_is_now,
    &while_the_clock_is_behind_so_are_the_stamps_of_the_engine,
    &what_was_recorded_is_found_again,
};

int main(void)
{
    return run_suite(
        &(struct suite_plan){ "docker_history", set_up, tear_down, tests,
                              sizeof(tests) / sizeof(*tests), NULL, 0 });
}
