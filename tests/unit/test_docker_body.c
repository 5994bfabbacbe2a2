#include "docker/body.h"

#include "base/alloc.h"
#include "data/json.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

/* Inspects of a real engine: fixtures/docker/NAME.inspect.json. */

static struct tape_parser *parser;

static void setup(void)
{
    parser = tape_parser_new(1);
}

static void teardown(void)
{
    tape_parser_free(parser);
}

static char *read_fixture(const char *name, const char *kind)
{
    char path[512], *text = xcalloc(1, 65536);
    FILE *f;

    snprintf(path, sizeof(path), "%s/docker/%s.%s.json", FIXTURES, name, kind);
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
    fclose(f);
    return text;
}

static struct tape parse(const char *text)
{
    struct tape t;

    ck_assert_int_eq(tape_parse(parser, slice_str(text), &t, NULL), ST_OK);
    return t;
}

static char *canonical(const char *text)
{
    struct tape t = parse(text);
    struct buf out;
    char *copy;

    buf_init(&out, 65536);
    json_value(&t, 0, &out);
    copy = xstrdup(buf_cstr(&out));
    buf_release(&out);
    return copy;
}

static char *replaced(const char *text, const char *what, const char *with)
{
    struct buf out;
    char *copy;

    buf_init(&out, 131072);
    for (const char *at; (at = strstr(text, what)); text = at + strlen(what)) {
        buf_slice(&out, slice_of(text, (size_t)(at - text)));
        buf_str(&out, with);
    }
    buf_str(&out, text);
    copy = xstrdup(buf_cstr(&out));
    buf_release(&out);
    return copy;
}

/* What is kept of the inspect, and of that the body, as in life. */
static enum status create(const char *inspect, const char *image, int minor,
                          char **ret_body, struct err *why)
{
    const struct body_create how = { slice_str(image), minor };
    struct tape t = parse(inspect);
    struct buf kept, body;
    enum status st;

    buf_init(&kept, 65536);
    buf_init(&body, 65536);
    body_spec(&t, &kept);
    t = parse(buf_cstr(&kept));
    st = body_create(&t, &how, &body, why);
    *ret_body = xstrdup(buf_cstr(&body));
    buf_release(&kept);
    buf_release(&body);
    return st;
}

static const char *const recorded[] = { "full", "joined", "named" };

START_TEST(a_container_is_created_as_it_was)
{
    char *inspect = read_fixture(recorded[_i], "inspect");
    char *expected = read_fixture(recorded[_i], "create");
    char *want = canonical(expected), *body, *got;

    ck_assert_int_eq(create(inspect, "bb:1", 41, &body, NULL), ST_OK);
    got = canonical(body);
    ck_assert_str_eq(got, want);
    free(inspect);
    free(expected);
    free(want);
    free(body);
    free(got);
}
END_TEST

struct edit {
    const char *base, *what, *with; /* in its inspect */
    int minor;
    const char *has, *lacks; /* the body */
};

static const struct edit edits[] = {
    /* The address belongs to the container, later to its endpoint. */
    { "full", "\"StopSignal\": \"TERM\",",
      "\"StopSignal\": \"TERM\", \"MacAddress\": \"02:42:0a:4d:01:05\",", 43,
      "\"MacAddress\":\"02:42:0a:4d:01:05\",\"OnBuild\"",
      "\"Aliases\":[\"cluster\",\"c2\"],\"MacAddress\"" },
    { "full", "\"StopSignal\": \"TERM\",",
      "\"StopSignal\": \"TERM\", \"MacAddress\": \"02:42:0a:4d:01:05\",", 44,
      "\"Aliases\":[\"cluster\",\"c2\"],\"MacAddress\":\"02:42:0a:4d:01:05\"",
      "\"MacAddress\":\"02:42:0a:4d:01:05\",\"OnBuild\"" },
    /* The default bridge takes no aliases and needs no entry. */
    { "named", "\"n1\"", "\"bridge\"", 41, "\"NetworkMode\":\"bridge\"",
      "NetworkingConfig" },
    { "named", "\"n1\"", "\"host\"", 41, "\"NetworkMode\":\"host\"",
      "NetworkingConfig" },
    /* A name that somebody chose stays, also if it is like an id. */
    { "named", "\"chosen\"", "\"c96487b8bad9\"", 41,
      "\"Hostname\":\"c96487b8bad9\"", "\"Hostname\":\"chosen\"" },
    { "full", "\"UTSMode\": \"\"", "\"UTSMode\": \"host\"", 41,
      "\"UTSMode\":\"host\"", "\"Hostname\"" },
    /* What is not known passes, numbers with their text. */
    { "full", "\"ShmSize\": 67108864",
      "\"ShmSize\": 67108864000000000000001, \"Novelty\": {\"a\": [1.50]}", 41,
      "\"Novelty\":{\"a\":[1.50]}", "6.7108864" },
    { "full", "\"ShmSize\": 67108864", "\"ShmSize\": 67108864000000000000001",
      41, "\"ShmSize\":67108864000000000000001,", "AutoRemove\":true" },
    /* Volumes that nobody named, mounted at paths with a slash too many. */
    { "full", "\"named:/named\"", "\"named:/named/\"", 41,
      "\"Binds\":[\"named:/named/\",\"42c6a86e", "\"named:/named\"" },
    { "full", "\"named:/named\"", "\"/named\"", 41,
      "8:/anon\",\"named:/named\"]", "\"/named\"" },
    { "named", "\"bladewatch.generation\": \"6\"",
      "\"bladewatch.generation\": \"x\"", 41, "\"bladewatch.generation\":\"1\"",
      "\"x\"" },
};

START_TEST(a_body_follows_what_was_asked_for)
{
    const struct edit *e = &edits[_i];
    char *recorded_text = read_fixture(e->base, "inspect");
    char *inspect = replaced(recorded_text, e->what, e->with), *body;

    ck_assert_str_ne(inspect, recorded_text);
    ck_assert_int_eq(create(inspect, "bb:1", e->minor, &body, NULL), ST_OK);
    ck_assert_msg(strstr(body, e->has) != NULL, "no %s in %s", e->has, body);
    ck_assert_msg(strstr(body, e->lacks) == NULL, "%s in %s", e->lacks, body);
    free(recorded_text);
    free(inspect);
    free(body);
}
END_TEST

static const struct {
    const char *what, *with, *why;
} refusals[] = {
    { "\"/srv:/s:ro,rslave\"", "\"/srv:/s:ro,z\"",
      "its bind of /srv has the option z, which cannot be kept" },
    { "\"NetworkMode\": \"n1\"", "\"NetworkMode\": \"n9\"",
      "it was disconnected from the network n9 it was made with" },
};

START_TEST(what_cannot_be_the_same_is_refused)
{
    char *recorded_text = read_fixture("named", "inspect"), *body;
    char *inspect =
        replaced(recorded_text, refusals[_i].what, refusals[_i].with);
    struct err why;

    ck_assert_int_eq(create(inspect, "bb:1", 41, &body, &why), ST_BAD);
    ck_assert_str_eq(why.text, refusals[_i].why);
    free(recorded_text);
    free(inspect);
    free(body);
}
END_TEST

START_TEST(nonsense_is_no_crash)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "7",
        "{\"Config\":[],\"HostConfig\":7,\"Mounts\":{},\"NetworkSettings\":[]}",
        "{\"Id\":7,\"Config\":{\"Labels\":[1],\"Hostname\":{}},\"HostConfig\":"
        "{\"Binds\":{\"a\":1},\"Mounts\":[1,null,{\"Type\":\"volume\"}],"
        "\"NetworkMode\":\"n\"},\"Mounts\":[[],{\"Type\":\"volume\"}],"
        "\"NetworkSettings\":{\"Networks\":{\"n\":null}}}",
        "{\"Id\":\"\",\"HostConfig\":{\"Binds\":[\"\",\":\",\"::\",\"/a\",7,"
        "\"/a:/b:,,\"],\"NetworkMode\":\"container:\"}}",
    };
    char *body;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        enum status st = create(texts[i], "", 41, &body, NULL);

        ck_assert(st == ST_OK || st == ST_BAD);
        free(body);
    }
}
END_TEST

START_TEST(a_connection_is_made_as_before)
{
    static const char *const k_n2[] = { "NetworkSettings", "Networks", "n2" };
    char *inspect = read_fixture("full", "inspect");
    struct tape t = parse(inspect);
    size_t at = 0;
    struct buf out;

    for (int i = 0; i < 3; i++)
        at = (size_t)(tape_member_of(&t, at, k_n2[i]) - t.op);
    buf_init(&out, 4096);
    body_connect(&t, at, tape_text(tape_member(&t, "Id")), slice_str("new"),
                 &out);
    ck_assert_str_eq(buf_cstr(&out),
                     "{\"Container\":\"new\",\"EndpointConfig\":{\"Aliases\":"
                     "[\"second\"],\"IPAMConfig\":{},\"Links\":null,"
                     "\"DriverOpts\":{}}}");
    buf_release(&out);
    free(inspect);
}
END_TEST

static const TTest **const tests[] = {
    &nonsense_is_no_crash,
    &a_connection_is_made_as_before,
};

static const struct suite_table tables[] = {
    { &a_container_is_created_as_it_was, sizeof(recorded) / sizeof(*recorded) },
    { &a_body_follows_what_was_asked_for, sizeof(edits) / sizeof(*edits) },
    { &what_cannot_be_the_same_is_refused,
      sizeof(refusals) / sizeof(*refusals) },
};

int main(void)
{
    return RUN_SUITE_WITH("docker/body", setup, teardown, tests, tables);
}
