#include "docker/usage.h"

#include "base/alloc.h"
#include "support/suite.h"

#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A recording, fixtures/stats/NAME: each line that begins with '{' is an
 * answer of the engine, "started N" says that another life has begun.  Below
 * an answer stands what it comes to, "= " before it: the members of the state
 * in braces, and the columns of `docker stats`.
 */
struct recording {
    struct tape_parser *parser;
    struct usage now;
    nsec started_at;
    int answers, expectations;
    int pending; /* expectations that the answer has had */
};

static void take_answer(struct recording *r, const char *line)
{
    struct tape t;

    ck_assert_msg(!tape_parse(r->parser, slice_str(line), &t, NULL),
                  "no JSON: %.60s", line);
    r->now = usage_read(&t, r->started_at, &r->now);
    r->answers++;
    r->pending = 0;
}

static void expect(struct recording *r, const char *file, const char *want)
{
    struct buf got;

    buf_init(&got, 4096);
    if (r->pending == 0) {
        buf_char(&got, '{');
        usage_members(&r->now, &got);
        buf_char(&got, '}');
    } else {
        usage_text(&r->now, &got);
    }
    ck_assert_msg(strcmp(buf_cstr(&got), want) == 0,
                  "%s, answer %d: got\n%s\nwanted\n%s", file, r->answers,
                  buf_cstr(&got), want);
    buf_release(&got);
    r->pending++;
    r->expectations++;
}

static void take_line(struct recording *r, const char *file, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (*line == '{')
        take_answer(r, line);
    else if (strncmp(line, "= ", 2) == 0)
        expect(r, file, line + 2);
    else if (sscanf(line, "started %" SCNd64, &r->started_at) != 1)
        ck_assert_msg(*line == '#' || !*line, "%s: \"%s\"?", file, line);
}

static void play(const char *file)
{
    struct recording r = { .parser = tape_parser_new(1), .started_at = 1 };
    FILE *f = fopen(file, "r");
    char *line = NULL;
    size_t room = 0;

    ck_assert_msg(f != NULL, "%s cannot be read", file);
    while (getline(&line, &room, f) > 0)
        take_line(&r, file, line);
    ck_assert_msg(r.answers && r.expectations >= r.answers,
                  "%s: %d answers, %d expectations", file, r.answers,
                  r.expectations);
    free(line);
    fclose(f);
    tape_parser_free(r.parser);
}

START_TEST(recorded_answers_come_to_what_docker_stats_shows)
{
    struct dirent **entry;
    int n = scandir(FIXTURES "/stats", &entry, NULL, alphasort), played = 0;

    ck_assert_msg(n > 0, "no fixtures in %s/stats", FIXTURES);
    for (int i = 0; i < n; i++) {
        char path[1024];

        snprintf(path, sizeof(path), FIXTURES "/stats/%s", entry[i]->d_name);
        if (entry[i]->d_name[0] != '.') {
            play(path);
            played++;
        }
        free(entry[i]);
    }
    free(entry);
    ck_assert_int_ge(played, 6);
}
END_TEST

/* -- words ---------------------------------------------------------------- */

/* As Docker's CLI writes them; tests/engine holds us against the CLI itself. */
static const struct {
    uint64_t bytes;
    const char *binary, *thousands;
} sizes[] = {
    { 0, "0B", "0B" },
    { 1, "1B", "1B" },
    { 24, "24B", "24B" },
    { 999, "999B", "999B" },
    { 1000, "1000B", "1kB" },
    { 1023, "1023B", "1.02kB" },
    { 1024, "1KiB", "1.02kB" },
    { 552960, "540KiB", "553kB" },
    { 999499, "976.1KiB", "999kB" },
    { 999999, "976.6KiB", "1e+03kB" },
    { 1048575, "1024KiB", "1.05MB" },
    { 1048576, "1MiB", "1.05MB" },
    { 5633114, "5.372MiB", "5.63MB" },
    { 25276510208, "23.54GiB", "25.3GB" },
    { 3760390000000, "3.42TiB", "3.76TB" },
    { 9223372036854771712u, "8EiB", "9.22EB" },
    { UINT64_MAX, "16EiB", "18.4EB" },
};

START_TEST(sizes_are_written_as_docker_writes_them)
{
    struct usage u = { .memory_used = sizes[_i].bytes,
                       .net_rx = sizes[_i].bytes };
    struct buf got, want;

    buf_init(&got, 4096);
    buf_init(&want, 4096);
    usage_text(&u, &got);
    buf_printf(&want, "\"mem\":\"%s / 0B\"", sizes[_i].binary);
    ck_assert_msg(strstr(buf_cstr(&got), buf_cstr(&want)), "%s in %s",
                  buf_cstr(&want), buf_cstr(&got));
    buf_reset(&want);
    buf_printf(&want, "\"net\":\"%s / 0B\"", sizes[_i].thousands);
    ck_assert_msg(strstr(buf_cstr(&got), buf_cstr(&want)), "%s in %s",
                  buf_cstr(&want), buf_cstr(&got));
    buf_release(&got);
    buf_release(&want);
}
END_TEST

/* -- two answers ---------------------------------------------------------- */

static struct usage answer(uint64_t cpu, uint64_t all, nsec started_at,
                           const struct usage *before)
{
    struct tape_parser *parser = tape_parser_new(1);
    struct usage u;
    struct tape t;
    struct buf b;

    buf_init(&b, 4096);
    buf_printf(&b,
               "{\"read\":\"2026-11-20T12:55:22Z\",\"cpu_stats\":{"
               "\"cpu_usage\":{\"total_usage\":%" PRIu64 "},"
               "\"system_cpu_usage\":%" PRIu64 ",\"online_cpus\":2}}",
               cpu, all);
    ck_assert_int_eq(tape_parse(parser, buf_view(&b), &t, NULL), ST_OK);
    u = usage_read(&t, started_at, before);
    tape_parser_free(parser);
    buf_release(&b);
    return u;
}

START_TEST(two_answers_of_one_life_give_a_percentage)
{
    struct usage none = { 0 }, first = answer(100, 1000, 7, &none);
    struct usage second = answer(400, 2000, 7, &first);

    ck_assert(!first.has_cpu_percent);
    ck_assert(second.has_cpu_percent);
    ck_assert_double_eq_tol(second.cpu_percent, 60.0, 1e-9);
}
END_TEST

START_TEST(a_counter_that_stands_still_is_zero_percent)
{
    struct usage none = { 0 }, first = answer(100, 1000, 7, &none);
    struct usage idle = answer(100, 2000, 7, &first);
    struct usage at_once = answer(100, 1000, 7, &first);

    ck_assert(idle.has_cpu_percent && at_once.has_cpu_percent);
    ck_assert_double_eq(idle.cpu_percent, 0.0);
    ck_assert_double_eq(at_once.cpu_percent, 0.0);
}
END_TEST

START_TEST(another_life_has_no_percentage_at_first)
{
    struct usage none = { 0 }, first = answer(100, 1000, 7, &none);
    struct usage later = answer(400, 2000, 8, &first);
    struct usage next = answer(700, 3000, 8, &later);

    ck_assert(!later.has_cpu_percent);
    ck_assert(next.has_cpu_percent);
}
END_TEST

START_TEST(counters_that_went_back_give_no_percentage)
{
    struct usage none = { 0 }, first = answer(100, 1000, 7, &none);

    ck_assert(!answer(99, 2000, 7, &first).has_cpu_percent);
    ck_assert(!answer(200, 999, 7, &first).has_cpu_percent);
}
END_TEST

START_TEST(without_the_machines_time_there_is_no_percentage)
{
    struct usage none = { 0 }, first = answer(100, 0, 7, &none);

    ck_assert(!answer(200, 0, 7, &first).has_cpu_percent);
    ck_assert(!answer(200, 1000, 7, &first).has_cpu_percent);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &recorded_answers_come_to_what_docker_stats_shows,
        &two_answers_of_one_life_give_a_percentage,
        &a_counter_that_stands_still_is_zero_percent,
        &another_life_has_no_percentage_at_first,
        &counters_that_went_back_give_no_percentage,
        &without_the_machines_time_there_is_no_percentage,
    };
    static const struct suite_table tables[] = {
        { &sizes_are_written_as_docker_writes_them,
          sizeof(sizes) / sizeof(*sizes) },
    };

    return RUN_SUITE("docker_usage", tests, tables);
}
