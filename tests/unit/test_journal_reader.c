#include "test_journal.h"

#include <inttypes.h>

/* A recording in memory and where its batches end. */
struct recording {
    struct buf bytes;
    size_t end[16];     /* of each batch; end[0] is 0 */
    size_t records[16]; /* events up to there */
    size_t nbatches;
    size_t from; /* of the batch being written */
    uint64_t ordinal;
};

static struct recording rec;
static struct buf got;

static void setup(void)
{
    rec = (struct recording){ 0 };
    buf_init(&rec.bytes, BUF_NO_CAP);
    buf_init(&got, BUF_NO_CAP);
}

static void teardown(void)
{
    buf_release(&rec.bytes);
    buf_release(&got);
}

static void put(const struct event *ev)
{
    ck_assert_int_eq(event_encode(&rec.bytes, ev, NULL), ST_OK);
    rec.records[rec.nbatches + 1]++;
}

static void put_header(bool sealed)
{
    const struct header h = { 1, 1, T0, 0, sealed };

    header_encode(&rec.bytes, &h);
}

static void put_seal(void)
{
    size_t n = rec.bytes.n - rec.from;

    seal_encode_head(&rec.bytes, ++rec.ordinal, n);
    seal_encode_tail(&rec.bytes,
                     crc32c(0, rec.bytes.p + rec.from, rec.bytes.n - rec.from));
    rec.nbatches++;
    rec.records[rec.nbatches + 1] = rec.records[rec.nbatches];
    rec.end[rec.nbatches] = rec.from = rec.bytes.n;
}

/* Three batches of a source and five lines. */
static void small_recording(void)
{
    struct event ev = source_event(1);
    uint64_t seq;

    put_header(true);
    put(&ev);
    for (seq = 1; seq <= 5; seq++) {
        ev = line_event(1, seq, seq % 2 ? "{\"a\":{\"$inc\":1}}" : "text\n");
        put(&ev);
        if (seq % 2 == 0)
            put_seal();
    }
    ev = (struct event){ .kind = EV_TICK, .ts = T0 + 9 };
    put(&ev);
    put_seal();
}

struct outcome {
    enum status st;
    size_t events; /* EV_DAMAGE apart */
    size_t damaged;
    struct reader_tail tail;
    struct err err;
    char why[ERR_TEXT_MAX];
};

/* Reads bytes pushed in pieces; appends what is delivered to log. */
static struct outcome read_pushed(struct slice bytes, size_t piece,
                                  struct reader_options opt)
{
    struct outcome o = { 0 };
    struct reader *r = reader_new_push("pushed", opt);
    struct event ev;
    size_t n;

    buf_reset(&got);
    for (;;) {
        o.st = reader_next(r, &ev, &o.err);
        if (o.st == ST_AGAIN) {
            n = piece < bytes.n ? piece : bytes.n;
            if (!n)
                reader_push_end(r);
            n = reader_push(r, slice_of(bytes.p, n));
            bytes = slice_of(bytes.p + n, bytes.n - n);
            continue;
        }
        if (o.st)
            break;
        if (ev.kind == EV_DAMAGE) {
            o.damaged++;
            snprintf(o.why, sizeof(o.why), "%.*s", SLICE_ARG(ev.why));
            continue;
        }
        o.events++;
        log_event(&got, &ev);
    }
    o.tail = reader_tail(r);
    reader_free(r);
    return o;
}

static struct outcome read_whole(void)
{
    struct reader_options opt = { 0 };

    return read_pushed(buf_view(&rec.bytes), rec.bytes.n, opt);
}

START_TEST(bytes_may_be_pushed_in_pieces_of_any_size)
{
    struct reader_options opt = { 0 };
    struct outcome o;
    char *whole;
    size_t piece;

    small_recording();
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 7);
    whole = xstrdup(buf_cstr(&got));
    for (piece = 1; piece < rec.bytes.n; piece += 1 + piece / 8) {
        o = read_pushed(buf_view(&rec.bytes), piece, opt);
        ck_assert_int_eq(o.st, ST_END);
        ck_assert_str_eq(buf_cstr(&got), whole);
    }
    free(whole);
}
END_TEST

START_TEST(cut_at_any_byte_exactly_the_whole_sealed_batches_come_back)
{
    struct reader_options opt = { 0 };
    struct outcome o;
    size_t cut, batch;

    small_recording();
    for (cut = 0; cut <= rec.bytes.n; cut++) {
        o = read_pushed(slice_of(rec.bytes.p, cut), 64, opt);
        for (batch = 0; batch < rec.nbatches && rec.end[batch + 1] <= cut;)
            batch++;
        ck_assert_uint_eq(o.events, batch ? rec.records[batch] : 0);
        ck_assert_uint_eq(o.damaged, 0);
        if (o.st == ST_BAD) /* the header itself is cut */
            ck_assert_uint_lt(cut, rec.end[1]);
        else
            ck_assert_uint_eq(o.tail.bytes, cut - rec.end[batch]);
    }
}
END_TEST

/* Whether every line of `part` stands in `whole`, in order. */
static bool is_part(const char *part, const char *whole)
{
    const char *nl;
    size_t n;

    for (; *part; part = nl + 1) {
        nl = strchr(part, '\n');
        n = (size_t)(nl + 1 - part);
        while (*whole && strncmp(whole, part, n))
            whole = strchr(whole, '\n') + 1;
        if (!*whole)
            return false;
        whole += n;
    }
    return true;
}

START_TEST(a_byte_changed_anywhere_never_gives_a_wrong_event_and_is_declared)
{
    static const unsigned char masks[] = { 0x01, 0x20, 0x80, 0xff };
    struct reader_options opt = { 0 };
    struct outcome o;
    char *whole;
    size_t i, m;

    small_recording();
    o = read_whole();
    whole = xstrdup(buf_cstr(&got));
    for (i = 0; i < rec.bytes.n; i++)
        for (m = 0; m < sizeof(masks); m++) {
            rec.bytes.p[i] = (char)(rec.bytes.p[i] ^ masks[m]);
            o = read_pushed(buf_view(&rec.bytes), 100, opt);
            rec.bytes.p[i] = (char)(rec.bytes.p[i] ^ masks[m]);
            ck_assert_msg(is_part(buf_cstr(&got), whole), "byte %zu", i);
            ck_assert_msg(o.st == ST_BAD || o.damaged || o.tail.bytes,
                          "byte %zu is not declared", i);
            /* One batch at most is lost, if its sources are elsewhere. */
            if (i >= rec.end[1])
                ck_assert_uint_ge(o.events, 5);
        }
    free(whole);
}
END_TEST

START_TEST(a_damaged_batch_is_told_with_its_bytes_and_records)
{
    struct outcome o;

    small_recording();
    rec.bytes.p[rec.end[1] + 9] ^= 1;
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.damaged, 1);
    ck_assert_uint_eq(o.events, 5);
    ck_assert_ptr_nonnull(strstr(o.why, "about 2 records"));
    ck_assert_ptr_nonnull(strstr(o.why, "batch 2 to 2"));
}
END_TEST

START_TEST(a_batch_cut_out_of_the_middle_is_noticed_by_its_ordinal)
{
    struct outcome o;

    small_recording();
    memmove(rec.bytes.p + rec.end[1], rec.bytes.p + rec.end[2],
            rec.bytes.n - rec.end[2]);
    rec.bytes.n -= rec.end[2] - rec.end[1];
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.damaged, 1);
    ck_assert_uint_eq(o.events, 5);
    ck_assert_ptr_nonnull(strstr(o.why, "batch 2 to 2"));
}
END_TEST

START_TEST(a_batch_that_stands_there_twice_is_delivered_once)
{
    struct outcome o;

    small_recording();
    ck_assert_int_eq(buf_reserve(&rec.bytes, rec.bytes.n), ST_OK);
    ck_assert_int_eq(
        buf_add(&rec.bytes, rec.bytes.p + rec.end[2], rec.end[3] - rec.end[2]),
        ST_OK);
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 7);
    ck_assert_uint_eq(o.tail.bytes, rec.end[3] - rec.end[2]);
}
END_TEST

START_TEST(lines_whose_declaration_was_damaged_are_counted_not_delivered)
{
    struct outcome o;

    small_recording();
    rec.bytes.p[rec.end[1] / 2] ^= 1;
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 1); /* the tick */
    ck_assert_uint_eq(o.damaged, 3);
    ck_assert_ptr_nonnull(strstr(o.why, "declares"));
}
END_TEST

START_TEST(a_recording_without_a_seal_swells_no_memory)
{
    struct reader_options opt = { .window_bytes = 1000 };
    struct event ev = source_event(1);
    struct outcome o;
    int i;

    put_header(true);
    put(&ev);
    for (i = 0; i < 500; i++) {
        ev = line_event(1, (uint64_t)i, "{\"a\":1}");
        put(&ev);
    }
    o = read_pushed(buf_view(&rec.bytes), 77, opt);
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 0);
    ck_assert_uint_eq(o.tail.bytes, rec.bytes.n);
    ck_assert_uint_ge(o.tail.records, 480);
}
END_TEST

START_TEST(a_batch_too_large_for_the_window_is_damage_and_reading_goes_on)
{
    struct reader_options opt = { .window_bytes = 600 };
    struct event ev = source_event(1);
    struct outcome o;
    int i;

    put_header(true);
    put(&ev);
    put_seal();
    for (i = 0; i < 40; i++) {
        ev = line_event(1, (uint64_t)i, "{\"a\":1}");
        put(&ev);
    }
    put_seal();
    ev = line_event(1, 99, "last");
    put(&ev);
    put_seal();
    o = read_pushed(buf_view(&rec.bytes), 50, opt);
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 2);
    ck_assert_uint_eq(o.damaged, 1);
}
END_TEST

static struct outcome read_text(const char *text)
{
    struct reader_options opt = { .line_bytes = 200 };

    return read_pushed(slice_str(text), 10, opt);
}

#define HEAD "{\"bladewatch\":1}\n"
#define WEB  "{\"source\":1,\"blade\":\"web\"}\n"

START_TEST(a_hand_written_recording_needs_no_seal_and_no_last_newline)
{
    struct outcome o =
        read_text(HEAD "\n{\"x-note\":\"by hand\"}\n" WEB " \n"
                       "{\"seq\":1, \"src\":1, \"ts\":5, \"line\":{\"a\":1}}\n"
                       "{\"tick\":9}");

    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 3);
    ck_assert_uint_eq(o.tail.bytes, 0);
}
END_TEST

static const struct {
    const char *text;
    size_t line;
    const char *says;
} wrong[] = {
    { "", 1, "no recording" },
    { "hello\n", 1, "no recording" },
    { "{\"a\":1}\n", 1, "no recording" },
    { "{\"bladewatch\":2}\n", 1, "newer" },
    { "{\"bladewatch\":2,\"sealed\":true}\n", 1, "newer" },
    { "{\"bladewatch\":1,\"seeled\":true}\n", 1, "seeled" },
    { HEAD WEB "{\"src\":2,\"seq\":1,\"ts\":1,\"text\":\"\"}\n", 3,
      "not declared" },
    { HEAD WEB "\n{\"src\":1,\"seq\":1,\"ts\":1}\n", 4, "needs" },
    { HEAD WEB "{\"src\":1,\"seq\":1,\"ts\":1,\"line\":{\"a\":}}\n", 3, "" },
    { HEAD "{\"seal\":1,\"bytes\":17,\"crc\":\"00000000\"}\n", 2,
      "does not fit" },
    { HEAD "{\"seal\": 1}\n", 2, "not a seal" },
    { HEAD
      "{\"x-long\":\""
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "\"}\n",
      2, "longer than 200" },
};

START_TEST(a_wrong_recording_is_told_with_the_line)
{
    struct outcome o;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        o = read_text(wrong[i].text);
        ck_assert_msg(o.st == ST_BAD, "%s", wrong[i].text);
        ck_assert_msg(strstr(o.err.text, wrong[i].says) != NULL, "%s: %s",
                      wrong[i].text, o.err.text);
        ck_assert_msg(o.err.line == wrong[i].line, "%s: %s: %zu", wrong[i].text,
                      o.err.text, o.err.line);
    }
}
END_TEST

START_TEST(behind_a_wrong_hand_written_line_reading_can_go_on)
{
    static const char text[] = HEAD WEB "nonsense\n{\"tick\":1}\n";
    struct reader_options opt = { 0 };
    struct reader *r = reader_new_push("pushed", opt);
    struct event ev;

    ck_assert_uint_eq(reader_push(r, slice_str(text)), sizeof(text) - 1);
    reader_push_end(r);
    ck_assert_int_eq(reader_next(r, &ev, NULL), ST_OK);
    ck_assert_int_eq(reader_next(r, &ev, NULL), ST_BAD);
    ck_assert_int_eq(reader_next(r, &ev, NULL), ST_OK);
    ck_assert_int_eq(ev.kind, EV_TICK);
    ck_assert_int_eq(reader_next(r, &ev, NULL), ST_END);
    ck_assert_int_eq(reader_next(r, &ev, NULL), ST_END);
    reader_free(r);
}
END_TEST

START_TEST(a_seal_in_a_hand_written_recording_is_checked)
{
    struct event ev = source_event(1);
    struct outcome o;

    put_header(false);
    put(&ev);
    put_seal();
    ev = line_event(1, 1, "x");
    put(&ev);
    put_seal();
    o = read_whole();
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 2);
    rec.bytes.p[rec.end[1] + 8] = '2';
    o = read_whole();
    ck_assert_int_eq(o.st, ST_BAD);
}
END_TEST

/* The example of the manual: the last fenced block of the page. */
static struct slice manual_example(struct buf *page)
{
    static const char here[] = "tests/unit/test_journal_reader.c";
    char path[512];
    char *from, *to;

    snprintf(path, sizeof(path), "%.*sdoc/recording-format.md",
             (int)(strlen(__FILE__) - strlen(here)), __FILE__);
    read_file(path, page);
    from = strstr(buf_cstr(page), "## An example");
    ck_assert_ptr_nonnull(from);
    from = strstr(from, "\n```\n");
    ck_assert_ptr_nonnull(from);
    from += strlen("\n```\n");
    to = strstr(from, "```\n");
    ck_assert_ptr_nonnull(to);
    return slice_of(from, (size_t)(to - from));
}

START_TEST(the_example_in_the_manual_is_a_good_recording)
{
    struct reader_options opt = { 0 };
    struct slice example;
    struct outcome o;
    struct buf page;

    buf_init(&page, BUF_NO_CAP);
    example = manual_example(&page);
    o = read_pushed(example, example.n, opt);
    ck_assert_int_eq(o.st, ST_END);
    ck_assert_uint_eq(o.events, 8);
    ck_assert_uint_eq(o.damaged, 0);
    ck_assert_uint_eq(o.tail.bytes, 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "\"text\":\"caf\xc3\xa9 "));
    buf_release(&page);
}
END_TEST

START_TEST(files_that_are_not_there_or_hold_nothing_are_told)
{
    struct reader_options opt = { 0 };
    struct reader *r = NULL;
    struct err err = { 0 };
    char *dir = temp_dir();

    ck_assert_int_eq(reader_open("/nowhere/x.bwj", opt, &r, &err), ST_NONE);
    ck_assert_ptr_nonnull(strstr(err.text, "does not exist"));
    ck_assert_int_eq(reader_open(dir, opt, &r, &err), ST_NONE);
    ck_assert_ptr_nonnull(strstr(err.text, "00000001.bwj"));
    remove_dir(dir);
}
END_TEST

static const TTest **const tests[] = {
    &bytes_may_be_pushed_in_pieces_of_any_size,
    &cut_at_any_byte_exactly_the_whole_sealed_batches_come_back,
    &a_byte_changed_anywhere_never_gives_a_wrong_event_and_is_declared,
    &a_damaged_batch_is_told_with_its_bytes_and_records,
    &a_batch_cut_out_of_the_middle_is_noticed_by_its_ordinal,
    &a_batch_that_stands_there_twice_is_delivered_once,
    &lines_whose_declaration_was_damaged_are_counted_not_delivered,
    &a_recording_without_a_seal_swells_no_memory,
    &a_batch_too_large_for_the_window_is_damage_and_reading_goes_on,
    &a_hand_written_recording_needs_no_seal_and_no_last_newline,
    &a_wrong_recording_is_told_with_the_line,
    &behind_a_wrong_hand_written_line_reading_can_go_on,
    &a_seal_in_a_hand_written_recording_is_checked,
    &the_example_in_the_manual_is_a_good_recording,
    &files_that_are_not_there_or_hold_nothing_are_told,
};

int main(void)
{
    return RUN_TESTS("journal reader", setup, teardown, tests);
}
