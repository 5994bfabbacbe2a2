#include "app/load.h"
#include "support/suite.h"

#include <stdio.h>
#include <unistd.h>

static struct load load;
static struct buf said;
static char dir[64], file[96];
static char *paths[] = { dir };

static void setup(void)
{
    load_init(&load);
    buf_init(&said, BUF_NO_CAP);
    snprintf(dir, sizeof(dir), "/tmp/bladewatch-load-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/a\xff.yaml", dir);
}

static void teardown(void)
{
    load_release(&load);
    buf_release(&said);
    unlink(file);
    rmdir(dir);
}

static void write_file(const char *rule)
{
    FILE *f = fopen(file, "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "groups: [{name: g, rules: [%s]}]", rule);
    ck_assert_int_eq(fclose(f), 0);
}

static enum status read_paths(size_t n, struct event *ev)
{
    buf_reset(&said);
    return load_read(&load, paths, n, ev, &said);
}

START_TEST(good_rules_are_an_event_until_it_is_known)
{
    struct event ev = { 0 };

    write_file("{alert: On, expr: state.on}");
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    ck_assert_int_eq(ev.kind, EV_RULES);
    ck_assert_uint_eq(ev.seq, 1);
    ck_assert_uint_eq(said.n, 0);
    ck_assert_uint_eq(load.nfiles, 1);
    ck_assert_uint_eq(load.nrules, 1);
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    load_known(&load, &ev);
    ck_assert_int_eq(read_paths(1, &ev), ST_NONE);
    load_forget(&load);
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    ck_assert_uint_eq(ev.seq, 2);
}
END_TEST

START_TEST(other_text_is_another_event_and_so_are_other_zones)
{
    struct event ev = { 0 };

    write_file("{alert: On, expr: state.on}");
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    load_known(&load, &ev);
    write_file("{alert: On, expr: state.on} ");
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    load_known(&load, &ev);
    ev.id = slice_str("1999z");
    load_known(&load, &ev);
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
}
END_TEST

START_TEST(no_rules_are_in_force_where_there_were_none)
{
    struct event ev = { 0 };

    ck_assert_int_eq(read_paths(0, &ev), ST_NONE);
    write_file("{alert: On, expr: state.on}");
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    load_known(&load, &ev);
    ck_assert_int_eq(read_paths(0, &ev), ST_OK);
    assert_slice(ev.line, "[]");
    load_known(&load, &ev);
    ck_assert_int_eq(read_paths(0, &ev), ST_NONE);
}
END_TEST

static const struct {
    const char *rule; /* NULL: there is no file */
    enum status st;
    const char *says;
} wrong[] = {
    { "{alert: On, exprs: state.on}", ST_BAD, "unknown key \"exprs\"" },
    { "{alert: On, expr: state.on &&}", ST_BAD, "error: expected a value" },
    { "{alert: On", ST_BAD, "not YAML" },
    { "{alert: \xff}", ST_BAD, "UTF-8" },
    { NULL, ST_DENIED, "there is no *.yaml" },
};

START_TEST(wrong_rules_are_told_and_are_no_event)
{
    struct event ev = { 0 };

    if (wrong[_i].rule)
        write_file(wrong[_i].rule);
    ck_assert_int_eq(read_paths(1, &ev), wrong[_i].st);
    ck_assert_msg(strstr(buf_cstr(&said), wrong[_i].says), "%s",
                  buf_cstr(&said));
    ck_assert_int_eq(read_paths(0, &ev), ST_NONE);
}
END_TEST

START_TEST(a_name_that_is_not_utf8_is_mended_in_the_recording)
{
    struct event ev = { 0 };

    write_file("{alert: On, expr: state.on}");
    ck_assert_int_eq(read_paths(1, &ev), ST_OK);
    ck_assert_ptr_null(memchr(ev.line.p, '\xff', ev.line.n));
    ck_assert_ptr_nonnull(memmem(ev.line.p, ev.line.n, "/a\xef\xbf\xbd.yaml",
                                 strlen("/a\xef\xbf\xbd.yaml")));
}
END_TEST

static const TTest **const tests[] = {
    &good_rules_are_an_event_until_it_is_known,
    &other_text_is_another_event_and_so_are_other_zones,
    &no_rules_are_in_force_where_there_were_none,
    &a_name_that_is_not_utf8_is_mended_in_the_recording,
};

static const struct suite_table tables[] = {
    { &wrong_rules_are_told_and_are_no_event, sizeof(wrong) / sizeof(*wrong) },
};

int main(void)
{
    return RUN_SUITE_WITH("load", setup, teardown, tests, tables);
}
