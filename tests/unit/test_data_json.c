#include "data/json.h"

#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct {
    const char *text;
    const char *items; /* each with '|' behind it */
    enum status end;
} arrays[] = {
    { "[]", "", ST_END },
    { " [ ] ", "", ST_END },
    { "[1]", "1|", ST_END },
    { "[1, 2 ,3]\n", "1|2|3|", ST_END },
    { "[{\"a\":[1,2]},[3,[4]],\"x,]\\\",y\"]",
      "{\"a\":[1,2]}|[3,[4]]|\"x,]\\\",y\"|", ST_END },
    { "[1,,2]", "1||2|", ST_END },
    { "[,]", "||", ST_END },
    { "[\"\\\\\",1]", "\"\\\\\"|1|", ST_END },
    { "[1", "", ST_BAD },
    { "[1,2", "1|", ST_BAD },
    { "[\"a]", "", ST_BAD },
    { "[[1]", "", ST_BAD },
    { "{}", "", ST_BAD },
    { "", "", ST_BAD },
    { "[1] 2", "1|", ST_BAD },
    { "[", "", ST_BAD },
};

START_TEST(an_array_is_split_into_items_without_judging_them)
{
    struct slice rest = slice_str(arrays[_i].text), item;
    struct err err = { 0 };
    struct buf got;
    enum status st;

    buf_init(&got, BUF_NO_CAP);
    while (!(st = json_array_next(&rest, &item, &err))) {
        buf_slice(&got, item);
        buf_char(&got, '|');
    }
    ck_assert_msg(st == arrays[_i].end, "%s: %s", arrays[_i].text,
                  status_name(st));
    ck_assert_int_eq(err.text[0] != '\0', st == ST_BAD);
    assert_slice(buf_view(&got), arrays[_i].items);
    buf_release(&got);
}
END_TEST

START_TEST(every_control_character_has_its_escape)
{
    char all[0x23],
        expect[] =
            "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\"
            "n"
            "\\u000b\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014"
            "\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d"
            "\\u001e\\u001f !\\\"\"";
    struct buf out;
    size_t i;

    for (i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    buf_init(&out, BUF_NO_CAP);
    json_string(slice_of(all, sizeof(all)), &out);
    assert_slice(buf_view(&out), expect);
    buf_reset(&out);
    json_string(slice_str("\\/\x7f\xc3\xa9"), &out);
    assert_slice(buf_view(&out), "\"\\\\/\x7f\xc3\xa9\"");
    buf_release(&out);
}
END_TEST

START_TEST(many_keys_are_sorted_by_their_bytes)
{
    struct tape_parser *parser = tape_parser_new(0);
    struct buf line, out;
    struct tape tape;
    int i;

    buf_init(&line, BUF_NO_CAP);
    buf_init(&out, BUF_NO_CAP);
    buf_str(&line, "{\"\xc3\xa9\":0,\"Z\":0,\"a\":0,\"\":0");
    for (i = 99; i >= 10; i--)
        buf_printf(&line, ",\"k%d\":%d", i, i);
    buf_str(&line, "}");
    ck_assert(!tape_parse(parser, buf_view(&line), &tape, NULL));
    json_value(&tape, 0, &out);
    buf_reset(&line);
    buf_str(&line, "{\"\":0,\"Z\":0,\"a\":0");
    for (i = 10; i < 100; i++)
        buf_printf(&line, ",\"k%d\":%d", i, i);
    buf_str(&line, ",\"\xc3\xa9\":0}");
    ck_assert(slice_eq(buf_view(&line), buf_view(&out)));
    buf_release(&line);
    buf_release(&out);
    tape_parser_free(parser);
}
END_TEST

static const TTest **const tests[] = {
    &every_control_character_has_its_escape,
    &many_keys_are_sorted_by_their_bytes,
};

static const struct suite_table tables[] = {
    { &an_array_is_split_into_items_without_judging_them, COUNT(arrays) },
};

int main(void)
{
    return RUN_SUITE("data json", tests, tables);
}
