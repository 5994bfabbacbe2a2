#include "cli/top.h"

#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SPIN                                                                   \
    "{\"id\":\"8877b63434bd48d47a340b40\",\"name\":\"spin\","                  \
    "\"state\":\"running\",\"health\":null,\"exit_code\":0,"                   \
    "\"probe\":{\"ok\":true,\"fails\":0,\"down\":false},"                      \
    "\"revival\":{\"rule\":\"r\",\"state\":\"ok\",\"reason\":\"\","            \
    "\"attempts\":0},\"stats\":{\"cpuPercent\":69.89,\"memUsage\":331776,"     \
    "\"text\":{\"cpu\":\"69.89%\",\"mem\":\"324KiB / 23.54GiB\","              \
    "\"memPercent\":\"0.00%\",\"net\":\"1.2kB / 0B\",\"blk\":\"0B / 0B\","     \
    "\"pids\":\"1\"}}}"
#define IDLE                                                                   \
    "{\"id\":\"2f4ba72ef38e4f0c63be7e58\",\"name\":\"idle\","                  \
    "\"state\":\"running\",\"probe\":null,\"revival\":null,"                   \
    "\"stats\":{\"memUsage\":565248,\"text\":{\"cpu\":\"--\","                 \
    "\"mem\":\"552KiB / 64MiB\",\"memPercent\":\"0.84%\","                     \
    "\"net\":\"0B / 0B\",\"blk\":\"0B / 0B\",\"pids\":\"12\"}}}"
#define NODE                                                                   \
    "{\"id\":\"d5bedae9e92fe723051c32e2\",\"name\":\"node-2\","                \
    "\"state\":\"exited\",\"exit_code\":137,\"probe\":{\"ok\":false,"          \
    "\"fails\":3,\"down\":true},\"revival\":{\"state\":\"waiting\","           \
    "\"reason\":\"exited with code 137, out of memory\",\"attempts\":2},"      \
    "\"stats\":null}"
#define DONE                                                                   \
    "{\"id\":\"d000dae9e92fe723051c32e2\",\"name\":\"done\","                  \
    "\"state\":\"exited\",\"exit_code\":0,\"stats\":null}"

static void shows(const struct top_view *view, const char *containers,
                  const char *want)
{
    struct err err = { 0 };
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_msg(!top_render(view, slice_str(containers), &out, &err), "%s",
                  err.text);
    ck_assert_str_eq(buf_cstr(&out), want);
    buf_release(&out);
}

START_TEST(a_running_container_looks_as_docker_stats_shows_it)
{
    struct top_view v = { 0 };

    shows(&v, "[" SPIN "," IDLE "]\n",
          "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
          "NET I/O      BLOCK I/O   PIDS      STATE     PROBE     REVIVAL\n"
          "2f4ba72ef38e   idle      --        552KiB / 64MiB      0.84%     "
          "0B / 0B      0B / 0B     12        running   -         -\n"
          "8877b63434bd   spin      69.89%    324KiB / 23.54GiB   0.00%     "
          "1.2kB / 0B   0B / 0B     1         running   ok        ok\n");
}
END_TEST

START_TEST(who_does_not_run_and_is_missed_is_shown_with_the_reason)
{
    struct top_view v = { 0 };

    shows(&v, "[" DONE "," NODE "]",
          "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
          "NET I/O   BLOCK I/O   PIDS      STATE          PROBE     REVIVAL\n"
          "d5bedae9e92f   node-2    --        -- / --             --        "
          "--        --          --        exited (137)   -         "
          "waiting (2): exited with code 137, out of memory\n");
}
END_TEST

START_TEST(nothing_is_a_line_of_titles)
{
    struct top_view v = { 0 };

    shows(&v, "[]",
          "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
          "NET I/O   BLOCK I/O   PIDS      STATE     PROBE     REVIVAL\n");
}
END_TEST

START_TEST(figures_of_long_ago_are_not_shown)
{
    struct top_view v = { .stale = true, .width = 70 };

    shows(
        &v, "[" SPIN "]",
        "NAME      CPU %     MEM USAGE / LIMIT   STATE     PROBE     REVIVAL\n"
        "spin      --        -- / --             running   ok        ok\n");
}
END_TEST

/* -- which and in which order --------------------------------------------- */

/* The names in the order in which they are shown, a blank between. */
static enum status names_of(const struct top_view *view, const char *containers,
                            char *names, struct err *err)
{
    struct buf out;
    char *line, *rest = NULL;
    enum status st;

    buf_init(&out, 65536);
    st = top_render(view, slice_str(containers), &out, err);
    *names = '\0';
    line = strtok_r((char *)(uintptr_t)buf_cstr(&out), "\n", &rest);
    while ((line = strtok_r(NULL, "\n", &rest))) {
        char id[32], name[32];

        ck_assert_int_eq(sscanf(line, "%31s %31s", id, name), 2);
        strcat(strcat(names, *names ? " " : ""), name);
    }
    buf_release(&out);
    return st;
}

static const struct {
    struct top_view view;
    const char *want;
} orders[] = {
    { { .sort = TOP_BY_NAME }, "idle node-2 spin" },
    { { .sort = TOP_BY_CPU }, "spin idle node-2" },
    { { .sort = TOP_BY_MEM }, "idle spin node-2" },
    { { .all = true }, "done idle node-2 spin" },
    { { .names = (char *[]){ (char[]){ "done" } }, .nnames = 1 }, "done" },
    { { .names = (char *[]){ (char[]){ "spin" }, (char[]){ "2f4ba72ef38e" } },
        .nnames = 2 },
      "idle spin" },
};

START_TEST(what_is_shown_and_where_is_chosen)
{
    struct err err = { 0 };
    char names[256];

    ck_assert_int_eq(names_of(&orders[_i].view,
                              "[" SPIN "," NODE "," DONE "," IDLE "]", names,
                              &err),
                     ST_OK);
    ck_assert_str_eq(names, orders[_i].want);
}
END_TEST

START_TEST(a_name_that_nobody_has_is_said_and_the_others_are_shown)
{
    char *wanted[] = { (char[]){ "nobody" }, (char[]){ "spin" },
                       (char[]){ "one" } };
    struct top_view v = { .names = wanted, .nnames = 3 };
    struct err err = { 0 };
    char names[256];

    ck_assert_int_eq(names_of(&v, "[" SPIN "," IDLE "]", names, &err), ST_OK);
    ck_assert_str_eq(names, "spin");
    ck_assert_str_eq(err.text, "there is no container \"nobody\", \"one\"");
    v.nnames = 1;
    ck_assert_int_eq(names_of(&v, "[" SPIN "," IDLE "]", names, &err), ST_NONE);
    ck_assert_str_eq(err.text, "there is no container \"nobody\"");
}
END_TEST

START_TEST(on_a_screen_it_is_a_line_above_the_table)
{
    char *wanted[] = { (char[]){ "nobody" }, (char[]){ "spin" },
                       (char[]){ "2f4b" } };
    struct top_view v = {
        .names = wanted, .nnames = 3, .noted = true, .width = 29, .height = 3
    };

    shows(&v, "[" SPIN "," IDLE "]",
          "there is no container \"nobody\n"
          "NAME      CPU %     MEM USAGE\n"
          "... and 2 more\n");
    v.nnames = 1;
    wanted[0] = wanted[1];
    shows(&v, "[" SPIN "," IDLE "]",
          "NAME      CPU %     MEM USAGE\n"
          "spin      69.89%    324KiB / \n");
}
END_TEST

START_TEST(only_three_orders_have_a_name)
{
    enum top_sort sort = TOP_BY_NAME;

    ck_assert_int_eq(top_sort_parse(slice_str("mem"), &sort), ST_OK);
    ck_assert_int_eq(sort, TOP_BY_MEM);
    ck_assert_int_eq(top_sort_parse(slice_str("net"), &sort), ST_BAD);
    ck_assert_int_eq(sort, TOP_BY_MEM);
}
END_TEST

/* -- narrow and low ------------------------------------------------------- */

static const struct {
    size_t width;
    const char *titles;
} widths[] = {
    { 132, "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
           "NET I/O      BLOCK I/O   PIDS      STATE     PROBE     REVIVAL" },
    { 131, "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
           "NET I/O      PIDS      STATE     PROBE     REVIVAL" },
    { 119, "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
           "PIDS      STATE     PROBE     REVIVAL" },
    { 106, "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
           "STATE     PROBE     REVIVAL" },
    { 96, "NAME      CPU %     MEM USAGE / LIMIT   MEM %     "
          "STATE     PROBE     REVIVAL" },
    { 81, "NAME      CPU %     MEM USAGE / LIMIT   STATE     PROBE     "
          "REVIVAL" },
    { 40, "NAME      CPU %     MEM USAGE / LIMIT" },
    { 3, "NAM" },
};

START_TEST(where_it_is_narrow_the_least_important_goes_first)
{
    struct top_view v = { .width = widths[_i].width };
    struct err err = { 0 };
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_int_eq(top_render(&v, slice_str("[" SPIN "]"), &out, &err),
                     ST_OK);
    *strchr((char *)(uintptr_t)buf_cstr(&out), '\n') = '\0';
    ck_assert_str_eq(out.p, widths[_i].titles);
    buf_release(&out);
}
END_TEST

START_TEST(no_line_is_wider_than_the_terminal)
{
    for (size_t width = 1; width < 220; width++) {
        struct top_view v = { .width = width, .all = true };
        struct err err = { 0 };
        struct buf out;
        char *line, *rest = NULL;

        buf_init(&out, 65536);
        ck_assert_int_eq(top_render(&v,
                                    slice_str("[" SPIN "," NODE "," DONE "]"),
                                    &out, &err),
                         ST_OK);
        for (line = strtok_r((char *)(uintptr_t)buf_cstr(&out), "\n", &rest);
             line; line = strtok_r(NULL, "\n", &rest))
            ck_assert_uint_le(strlen(line), width);
        buf_release(&out);
    }
}
END_TEST

START_TEST(what_does_not_fit_below_is_counted)
{
    struct top_view v = { .width = 60, .height = 3, .all = true };

    shows(&v, "[" SPIN "," IDLE "," NODE "," DONE "]",
          "NAME      CPU %     MEM USAGE / LIMIT   STATE          PROBE\n"
          "done      --        -- / --             exited (0)     -\n"
          "... and 3 more\n");
    v.height = 5;
    v.all = false;
    v.width = 28;
    shows(&v, "[" SPIN "," IDLE "," NODE "]",
          "NAME      CPU %     MEM USAG\n"
          "idle      --        552KiB /\n"
          "node-2    --        -- / --\n"
          "spin      69.89%    324KiB /\n");
}
END_TEST

/* -- how they are --------------------------------------------------------- */

#define WITH(state, more)                                                      \
    "[{\"id\":\"1\",\"name\":\"x\",\"state\":\"" state "\"," more              \
    ",\"stats\":null}]"

static const struct {
    const char *containers, *colour, *says;
} looks[] = {
    { WITH("running", "\"health\":\"healthy\""), "", "running   -         -" },
    { WITH("running", "\"health\":\"starting\""), "", "running (starting)" },
    { WITH("running", "\"health\":\"unhealthy\""), "\033[31m",
      "running (unhealthy)" },
    { WITH("paused", "\"health\":\"unhealthy\""), "\033[33m", "paused " },
    { WITH("restarting", "\"exit_code\":1"), "\033[31m", "restarting " },
    { WITH("running", "\"probe\":{\"ok\":false,\"fails\":2,\"down\":false}"),
      "", "2 failed" },
    { WITH("running", "\"probe\":{\"ok\":false,\"fails\":3,\"down\":true}"),
      "\033[31m", "down" },
    { WITH("running", "\"probe\":{}"), "", "running   --        -" },
    { WITH("exited",
           "\"exit_code\":0,\"revival\":{\"state\":\"held\","
           "\"reason\":\"alice: upgrade\"},\"probe\":{\"down\":true}"),
      "\033[33m", "held: alice: upgrade" },
    { WITH("exited", "\"exit_code\":1,\"revival\":{\"state\":\"given_up\","
                     "\"attempts\":5,\"reason\":\"5 attempts in 10 min\"}"),
      "\033[31m", "given_up (5): 5 attempts in 10 min" },
    { WITH("running", "\"revival\":{\"state\":\"verifying\",\"attempts\":1}"),
      "\033[33m", "verifying (1)" },
    { WITH("running", "\"revival\":{\"state\":\"frozen\"}"), "\033[31m",
      "frozen" },
    { WITH("running", "\"revival\":{\"state\":\"exempt\",\"reason\":"
                      "\"a task of a swarm\"}"),
      "", "exempt: a task of a swarm" },
    { WITH("running", "\"revival\":{\"state\":\"something new\"}"), "",
      "something new" },
    { WITH("running", "\"revival\":{\"state\":\"held\",\"reason\":"
                      "\"\\u001b[2J\"}"),
      "\033[33m", "held: \\u001b[2J" },
};

START_TEST(red_is_down_and_yellow_is_held)
{
    struct top_view v = { .colour = true };
    struct err err = { 0 };
    const char *line;
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_int_eq(
        top_render(&v, slice_str(looks[_i].containers), &out, &err), ST_OK);
    line = strchr(buf_cstr(&out), '\n') + 1;
    ck_assert_msg(strstr(line, looks[_i].says), "no \"%s\" in \"%s\"",
                  looks[_i].says, line);
    if (*looks[_i].colour) {
        ck_assert_int_eq(
            strncmp(line, looks[_i].colour, strlen(looks[_i].colour)), 0);
        ck_assert(strstr(line, "\033[0m\n"));
    } else {
        ck_assert(!strchr(line, '\033'));
    }
    buf_release(&out);
}
END_TEST

START_TEST(without_colour_there_is_none)
{
    struct top_view v = { 0 };
    struct err err = { 0 };
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_int_eq(top_render(&v, slice_str("[" NODE "]"), &out, &err),
                     ST_OK);
    ck_assert(!strchr(buf_cstr(&out), '\033'));
    buf_release(&out);
}
END_TEST

/* -- machines and nonsense ------------------------------------------------ */

START_TEST(json_is_the_answers_own_objects_in_one_line)
{
    struct top_view v = { .json = true, .sort = TOP_BY_NAME };

    shows(&v,
          "[{\"name\":\"b\",\"state\":\"running\"}, "
          "{\"name\":\"c\",\"state\":\"exited\"},\n"
          "{\"name\":\"a\",\"state\":\"running\",\"x\":1.50}]",
          "[{\"name\":\"a\",\"state\":\"running\",\"x\":1.50},"
          "{\"name\":\"b\",\"state\":\"running\"}]\n");
    shows(&v, "[]", "[]\n");
}
END_TEST

static const char *const nonsense[] = {
    "", "{}", "7", "[", "[7]", "[{},[]]", "null", "<html>", "[{}]x",
};

START_TEST(what_is_no_list_of_containers_is_refused)
{
    struct top_view v = { 0 };
    struct err err = { 0 };
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_int_eq(top_render(&v, slice_str(nonsense[_i]), &out, &err),
                     ST_BAD);
    ck_assert_str_eq(err.text,
                     "no list of containers came; is that a bladewatch?");
    ck_assert_uint_eq(out.n, 0);
    buf_release(&out);
}
END_TEST

START_TEST(members_of_other_types_are_as_if_they_were_not_there)
{
    struct top_view v = { .all = true, .width = 80 };

    shows(
        &v,
        "[{},{\"name\":1,\"id\":[],\"state\":{},\"probe\":7,"
        "\"revival\":\"x\",\"stats\":{\"text\":null,\"cpuPercent\":\"y\","
        "\"memUsage\":1e999}}]",
        "NAME      CPU %     MEM USAGE / LIMIT   STATE     PROBE     REVIVAL\n"
        "--        --        -- / --             --        -         -\n"
        "--        --        -- / --             --        -         -\n");
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_running_container_looks_as_docker_stats_shows_it,
        &who_does_not_run_and_is_missed_is_shown_with_the_reason,
        &nothing_is_a_line_of_titles,
        &figures_of_long_ago_are_not_shown,
        &a_name_that_nobody_has_is_said_and_the_others_are_shown,
        &on_a_screen_it_is_a_line_above_the_table,
        &only_three_orders_have_a_name,
        &no_line_is_wider_than_the_terminal,
        &what_does_not_fit_below_is_counted,
        &without_colour_there_is_none,
        &json_is_the_answers_own_objects_in_one_line,
        &members_of_other_types_are_as_if_they_were_not_there,
    };
    static const struct suite_table tables[] = {
        { &what_is_shown_and_where_is_chosen,
          sizeof(orders) / sizeof(*orders) },
        { &where_it_is_narrow_the_least_important_goes_first,
          sizeof(widths) / sizeof(*widths) },
        { &red_is_down_and_yellow_is_held, sizeof(looks) / sizeof(*looks) },
        { &what_is_no_list_of_containers_is_refused,
          sizeof(nonsense) / sizeof(*nonsense) },
    };

    return RUN_SUITE("cli_top", tests, tables);
}
