#include "core/inside.h"
#include "support/machine.h"
#include "support/suite.h"
#include "support/val.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define T0       ((nsec)1700000000000000000)

static struct core *core;
static struct buf out, text;

static void setup(void)
{
    core = core_new(3);
    buf_init(&out, BUF_NO_CAP);
    buf_init(&text, BUF_NO_CAP);
}

static void teardown(void)
{
    core_free(core);
    buf_release(&out);
    buf_release(&text);
}

static void limit(struct limits limits)
{
    core_step(core, &(struct event){ .kind = EV_LIMITS, .limits = limits });
}

static void declare(uint32_t id, const struct source *decl)
{
    core_step(core,
              &(struct event){ .kind = EV_SOURCE, .source = id, .decl = decl });
}

static void line(uint32_t source, uint64_t seq, nsec ts, const char *text_)
{
    core_step(core, &(struct event){ .kind = EV_LINE,
                                     .source = source,
                                     .seq = seq,
                                     .ts = ts,
                                     .logged_at = ts,
                                     .line = slice_str(text_) });
}

static struct slice state(void)
{
    core_flush(core);
    machine_state(core, false, &out);
    return buf_view(&out);
}

static struct slice at(const char *path)
{
    machine_at(core, path, &out);
    return buf_view(&out);
}

static const struct source plain = { .blade = { "web", 3 }, .run = { "1", 1 } };

/* -- what waits --------------------------------------------------------- */

START_TEST(what_waits_can_be_seen_ahead_of_its_time)
{
    const struct source docker = { .blade = { "docker", 6 },
                                   .run = { "events", 6 },
                                   .trusted = true };

    declare(0, &plain);
    declare(1, &docker);
    line(1, 1, T0, "{\"docker\":{\"a\":{\"n\":{\"$inc\":2},\"old\":1}}}");
    core_step(core, &(struct event){ .kind = EV_TICK, .ts = T0 + 1 });
    line(1, 2, T0 + 4, "{\"docker\":{\"a\":{\"n\":{\"$inc\":3}}}}");
    line(1, 3, T0 + 3, "{\"docker\":{\"a\":{\"old\":null}}}");
    line(1, 4, T0 + 2, "{\"docker\":{\"b\":{\"$x\":1,\"y\":2}}}");
    line(1, 5, T0 + 5, "{\"docker\":{\"b\":null}}");
    line(0, 1, T0 + 5, "{\"other\":1}");
    ck_assert(view_ahead(core, slice_str("docker"), slice_str("docker"), &out));
    assert_slice(buf_view(&out), "{\"a\":{\"n\":5}}");
    assert_slice(at("/docker"), "{\"a\":{\"n\":2,\"old\":1}}");
    buf_reset(&out);
    ck_assert(!view_ahead(core, slice_str("none"), slice_str("docker"), &out));
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

/* -- filter -------------------------------------------------------------- */

START_TEST(a_filter_passes_each_number_once_in_any_order)
{
    enum { NUMBERS = 400 };
    uint64_t seed = (uint64_t)_i + 1;
    bool seen[NUMBERS + 1] = { false };
    struct filter f;
    uint32_t n, first = random_below(&seed, 2) != 0;
    uint64_t gaps;
    size_t i;

    filter_init(&f, first);
    for (i = 0; i < 4000; i++) {
        n = first + (uint32_t)random_below(&seed, NUMBERS);
        if (filter_mark(&f, n) == seen[n])
            ck_abort_msg("%u", n);
        seen[n] = true;
        gaps = 0;
        for (n = first + NUMBERS - 1; n > first && !seen[n]; n--)
            ;
        for (; n > first; n--)
            gaps += seen[n] && !seen[n - 1];
        if (f.gaps != gaps)
            ck_abort_msg("%llu gaps, not %llu", (unsigned long long)f.gaps,
                         (unsigned long long)gaps);
    }
    filter_release(&f);
}
END_TEST

START_TEST(the_oldest_gap_is_closed_and_says_how_many_it_was)
{
    struct filter f;

    filter_init(&f, 1);
    ck_assert(filter_mark(&f, 4));
    ck_assert(filter_mark(&f, 5));
    ck_assert(filter_mark(&f, 9));
    ck_assert_uint_eq(f.gaps, 2);
    ck_assert_uint_eq(filter_close_gap(&f), 3);
    ck_assert_uint_eq(f.gaps, 1);
    ck_assert(!filter_mark(&f, 2));
    ck_assert(filter_mark(&f, 6));
    ck_assert_uint_eq(filter_close_gap(&f), 2);
    ck_assert_uint_eq(filter_close_gap(&f), 0);
    ck_assert(filter_mark(&f, UINT32_MAX));
    ck_assert(!filter_mark(&f, UINT32_MAX));
    ck_assert_uint_eq(filter_close_gap(&f), UINT32_MAX - 10);
    filter_release(&f);
}
END_TEST

START_TEST(gaps_that_fill_up_are_no_loss)
{
    static const uint64_t order[] = { 1, 3, 5, 7, 9, 4, 8, 6, 2, 10 };
    struct limits limits = limits_default();
    size_t i;

    limits.filter_gaps = 4;
    limit(limits);
    declare(0, &plain);
    for (i = 0; i < COUNT(order); i++)
        line(0, order[i], T0 + (nsec)order[i], "{\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":10}");
    ck_assert_uint_eq(core_stats(core).lost, 0);
}
END_TEST

START_TEST(past_the_cap_the_oldest_gap_is_declared_as_loss)
{
    struct limits limits = limits_default();
    uint64_t seq;

    limits.filter_gaps = 2;
    limit(limits);
    declare(0, &plain);
    for (seq = 3; seq <= 9; seq += 3)
        line(0, seq, T0, "{\"n\":{\"$inc\":1}}");
    ck_assert_uint_eq(core_stats(core).lost, 2);
    line(0, 1, T0, "{\"n\":{\"$inc\":1}}");
    line(0, 4, T0, "{\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":4}");
    assert_slice(at("/monitor"), "{\"duplicates\":1,\"lost\":{\"web\":2}}");
}
END_TEST

START_TEST(numbers_beyond_32_bits_are_told_apart)
{
    const uint64_t big = UINT64_C(5) << 32;

    declare(0, &plain);
    line(0, big, T0, "{\"n\":{\"$inc\":1}}");
    line(0, big, T0, "{\"n\":{\"$inc\":1}}");
    line(0, big + 1, T0, "{\"n\":{\"$inc\":1}}");
    line(0, 1, T0, "{\"n\":{\"$inc\":1}}");
    line(0, big + 1, T0, "{\"n\":{\"$inc\":1}}");
    line(0, big - 1, T0, "{\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":4}");
}
END_TEST

START_TEST(an_idempotency_key_counts_once_until_it_is_forgotten)
{
    struct limits limits = limits_default();

    limits.ids = 2;
    limit(limits);
    declare(0, &plain);
    line(0, 1, T0, "{\"$id\":\"x\",\"n\":{\"$inc\":1}}");
    line(0, 2, T0, "{\"$id\":\"x\",\"n\":{\"$inc\":1}}");
    core_step(core,
              &(struct event){ .kind = EV_LINE,
                               .seq = 3,
                               .ts = T0,
                               .id = slice_str("x"),
                               .line = slice_str("{\"n\":{\"$inc\":1}}") });
    line(0, 4, T0, "{\"$id\":7,\"n\":{\"$inc\":1}}");
    line(0, 5, T0, "{\"$id\":\"y\",\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":3}");
    line(0, 6, T0 + 1, "{\"$id\":\"x\",\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":4}");
    ck_assert_uint_eq(core_stats(core).duplicates, 2);
}
END_TEST

START_TEST(the_same_idempotency_key_of_two_blades_is_two)
{
    const struct source other = { .blade = { "db", 2 }, .run = { "1", 1 } };

    declare(0, &plain);
    declare(1, &other);
    line(0, 1, T0, "{\"$id\":\"x\",\"n\":{\"$inc\":1}}");
    line(1, 1, T0, "{\"$id\":\"x\",\"n\":{\"$inc\":1}}");
    assert_slice(state(), "{\"n\":2}");
}
END_TEST

/* -- order and time ------------------------------------------------------ */

START_TEST(shards_leave_the_buffer_in_the_order_of_their_tags)
{
    struct order order = { 0 };
    struct shard shard[500] = { { .seq = 0 } }, *s;
    struct names *names = names_new();
    uint32_t origin[3], i, n, left = 0;
    struct tag last;
    uint64_t seed = (uint64_t)_i + 1;

    for (i = 0; i < 3; i++)
        origin[i] =
            names_origin(names, names_blade(names, slice_of(&"zam"[i], 1)),
                         slice_str(""), 0);
    for (n = 0; n < COUNT(shard);) {
        for (i = (uint32_t)random_below(&seed, 40); i && n < COUNT(shard);
             i--, n++, left++) {
            shard[n].tag =
                (struct tag){ (nsec)(n / 20 + random_below(&seed, 3) * 4),
                              origin[random_below(&seed, 3)], n };
            order_put(&order, names, &shard[n]);
        }
        last = TAG_NEVER;
        for (i = (uint32_t)random_below(&seed, 30); i && left; i--, left--) {
            s = order_first(&order, names);
            ck_assert(tag_cmp(names, last, s->tag) < 0);
            last = s->tag;
            order_take(&order, names);
        }
        ck_assert_uint_eq(order_size(&order), left);
    }
    order_release(&order);
    names_free(names);
}
END_TEST

START_TEST(a_tick_releases_what_lies_before_it_and_nothing_else)
{
    declare(0, &plain);
    line(0, 2, T0 + 20, "{\"a\":2}");
    line(0, 1, T0 + 10, "{\"a\":1}");
    ck_assert_int_eq(core_due(core), T0 + 11);
    machine_tick(core, T0 + 20);
    assert_slice(at("/a"), "1");
    ck_assert_uint_eq(core_stats(core).waiting, 1);
    machine_tick(core, T0 + 5); /* never backwards */
    ck_assert_int_eq(view_watermark(core), T0 + 20);
    machine_tick(core, T0 + 21);
    assert_slice(at("/a"), "2");
    ck_assert_int_eq(core_due(core), T0 + 20 + limits_default().retire_after);
}
END_TEST

START_TEST(a_late_line_is_counted_and_gives_way)
{
    declare(0, &plain);
    line(0, 1, T0 + 10, "{\"a\":1,\"n\":{\"$inc\":1}}");
    machine_tick(core, T0 + 20);
    line(0, 2, T0 + 5, "{\"a\":0,\"b\":0,\"n\":{\"$inc\":2}}");
    assert_slice(state(), "{\"a\":1,\"b\":0,\"n\":3}");
    assert_slice(at("/monitor"), "{\"late\":1}");
}
END_TEST

START_TEST(the_ends_of_time_are_instants_like_others)
{
    struct limits never = limits_default();

    declare(0, &plain);
    line(0, 1, NSEC_MAX, "{\"a\":{\"$inc\":1,\"$ttl\":9e17}}");
    line(0, 2, -NSEC_MAX, "{\"b\":1}");
    never.retire_after = 0;
    machine_tick(core, NSEC_MAX);
    limit(never);
    assert_slice(state(), "{\"$expired\":{\".\":1},\"b\":1}");
    machine_tick(core, NSEC_MAX);
    core_flush(core);
}
END_TEST

START_TEST(a_silent_blade_is_folded_when_its_time_has_come)
{
    const struct source other = { .blade = { "db", 2 }, .run = { "1", 1 } };
    struct limits limits = limits_default();

    limits.retire_after = 10 * NSEC_SEC;
    limit(limits);
    declare(0, &plain);
    declare(1, &other);
    line(0, 1, T0, "{\"n\":{\"$inc\":1}}");
    line(1, 1, T0 + 5 * NSEC_SEC, "{\"n\":{\"$inc\":2}}");
    machine_tick(core, T0 + 10 * NSEC_SEC - 1);
    machine_state(core, true, &out);
    assert_slice(buf_view(&out), "{\"n\":{\"$counter\":{\"db\":2,\"web\":1}}}");
    machine_tick(core, T0 + 10 * NSEC_SEC);
    machine_state(core, true, &out);
    assert_slice(buf_view(&out), "{\"n\":{\"$counter\":{\"\":1,\"db\":2}}}");
    line(0, 2, T0 + 12 * NSEC_SEC, "{\"n\":{\"$inc\":4}}");
    machine_tick(core, T0 + 60 * NSEC_SEC);
    machine_state(core, true, &out);
    assert_slice(buf_view(&out), "{\"n\":{\"$counter\":{\"\":7}}}");
    ck_assert_int_eq(core_due(core), NSEC_MAX);
}
END_TEST

/* -- where and what a line may write -------------------------------------- */

static const struct {
    struct source decl;
    const char *line, *state;
    uint64_t refused;
} lines[] = {
    /* reserved first keys */
    { { .mode = MODE_SHARD },
      "{\"docker\":1,\"probes\":2,\"monitor\":3,"
      "\"a\":4}",
      "{\"a\":4}",
      3 },
    { { .mode = MODE_SHARD, .trusted = true },
      "{\"docker\":1,\"probes\":2,\"monitor\":3,\"a\":{\"monitor\":4}}",
      "{\"a\":{\"monitor\":4},\"docker\":1,\"probes\":2}",
      1 },
    { { .mode = MODE_JSON, .at = { { { "monitor", 7 } }, 1 } },
      "{\"a\":1}",
      "{}",
      1 },
    { { .mode = MODE_SHARD,
        .nscope = 1,
        .scope = (struct path[]){ { { { "monitor", 7 } }, 1 } } },
      "{\"monitor\":1}",
      "{}",
      1 },
    /* a scope */
    { { .mode = MODE_SHARD,
        .nscope = 2,
        .scope = (struct path[]){ { { { "a", 1 }, { "b", 1 } }, 2 },
                                  { { { "c", 1 } }, 1 } } },
      "{\"a\":{\"b\":{\"x\":1},\"y\":2},\"c\":3,\"d\":4}",
      "{\"a\":{\"b\":{\"x\":1}},\"c\":3}",
      2 },
    { { .mode = MODE_SHARD,
        .nscope = 1,
        .scope = (struct path[]){ { { { "a", 1 }, { "b", 1 } }, 2 } } },
      "{\"a\":5,\"c\":{\"$set\":7}}",
      "{}",
      2 },
    /* modes */
    { { .mode = MODE_JSON, .at = { { { "w", 1 } }, 1 } },
      "{\"$inc\":1,\"n\":null,\"$$k\":[{\"$x\":null}]}",
      "{\"w\":{\"$$$k\":[{\"$x\":null}],\"$$inc\":1}}",
      0 },
    { { .mode = MODE_JSON, .at = { { { "w", 1 } }, 1 } },
      "[1,2]",
      "{\"w\":{\"msg\":[1,2]}}",
      0 },
    { { .mode = MODE_TEXT, .at = { { { "w", 1 } }, 1 } },
      "{\"a\":1}",
      "{\"w\":{\"msg\":\"{\\\"a\\\":1}\"}}",
      0 },
    { { .mode = MODE_SHARD },
      "not JSON \xff\xc3\x01",
      "{\"msg\":\"not JSON \xef\xbf\xbd\xef\xbf\xbd\\u0001\"}",
      0 },
    { { .mode = MODE_SHARD }, "17", "{\"msg\":17}", 0 },
    { { .mode = MODE_SHARD }, "", "{\"msg\":\"\"}", 0 },
    /* instructions at the root, unknown ones, literal keys */
    { { .mode = MODE_SHARD }, "{\"$inc\":5,\"a\":1}", "{}", 0 },
    { { .mode = MODE_SHARD }, "{\"$set\":{\"a\":1},\"b\":2}", "{\"a\":1}", 0 },
    { { .mode = MODE_SHARD },
      "{\"$ttl\":5,\"$no\":1,\"$$a\":{\"$x\":1}}",
      "{\"$$a\":{}}",
      0 },
    { { .mode = MODE_SHARD },
      "{\"a\":{\"$inc\":\"1\"},\"b\":{\"$inc\":1e99},"
      "\"c\":{\"$ttl\":-1,\"d\":1},\"e\":{\"$push\":[]}}",
      "{\"c\":{\"d\":1},\"e\":[]}",
      0 },
};

START_TEST(a_line_writes_what_its_source_may_write)
{
    struct source decl = lines[_i].decl;

    decl.blade = slice_str("web");
    decl.run = slice_str("1");
    declare(0, &decl);
    line(0, 1, T0, lines[_i].line);
    assert_slice(state(), lines[_i].state);
    ck_assert_uint_eq(core_stats(core).refused, lines[_i].refused);
}
END_TEST

static void nested(size_t depth)
{
    size_t i;

    buf_reset(&text);
    for (i = 0; i < depth; i++)
        buf_str(&text, "{\"a\":");
    buf_char(&text, '1');
    for (i = 0; i < depth; i++)
        buf_char(&text, '}');
}

START_TEST(beyond_depth_key_and_string_a_part_is_refused_by_name)
{
    struct limits limits = limits_default();

    limits.string_bytes = 5;
    limit(limits);
    declare(0, &plain);
    nested(PATH_KEYS_MAX);
    line(0, 1, T0, buf_cstr(&text));
    ck_assert_uint_eq(core_stats(core).refused + core_stats(core).waiting, 1);
    core_flush(core);
    ck_assert_uint_eq(core_stats(core).refused, 0);
    nested(PATH_KEYS_MAX + 1);
    line(0, 2, T0 + 1, buf_cstr(&text));
    buf_reset(&text);
    buf_printf(&text, "{\"%0256d\":1,\"%0257d\":1}", 0, 0);
    line(0, 3, T0 + 2, buf_cstr(&text));
    line(0, 4, T0 + 3,
         "{\"s\":\"12345\",\"t\":\"123456\",\"u\":1234567,"
         "\"l\":{\"$push\":[\"123\",\"1234\"]}}");
    core_flush(core);
    assert_slice(at("/s"), "\"12345\"");
    assert_slice(at("/t"), "");
    assert_slice(at("/l"), "[\"123\"]");
    assert_slice(at("/monitor"),
                 "{\"refusals\":{\"depth\":1,\"key\":1,\"string\":3},"
                 "\"refused\":{\"web\":5}}");
}
END_TEST

START_TEST(a_full_tree_goes_on_with_what_it_has)
{
    struct limits limits = limits_default();

    limits.nodes = 3;
    limit(limits);
    declare(0, &plain);
    line(0, 1, T0, "{\"a\":1,\"b\":{\"c\":1,\"d\":1}}");
    line(0, 2, T0 + 1,
         "{\"a\":{\"$inc\":1},\"b\":{\"c\":2,\"d\":2},\"e\":{"
         "\"f\":1}}");
    assert_slice(state(), "{\"a\":2,\"b\":{\"c\":2}}");
    assert_slice(at("/monitor"),
                 "{\"refusals\":{\"nodes\":3},\"refused\":{\"web\":3}}");
    line(0, 3, T0 + 2, "{\"b\":null}");
    line(0, 4, T0 + 3, "{\"e\":{\"f\":1}}");
    assert_slice(state(), "{\"a\":2,\"e\":{\"f\":1}}");
}
END_TEST

START_TEST(one_greedy_blade_leaves_room_for_the_others)
{
    const struct source other = { .blade = { "db", 2 }, .run = { "1", 1 } };
    struct limits limits = limits_default();

    limits.blade_nodes = 2;
    limit(limits);
    declare(0, &plain);
    declare(1, &other);
    line(0, 1, T0, "{\"a\":1,\"b\":1,\"c\":1}");
    line(1, 1, T0 + 1, "{\"c\":2,\"a\":2,\"d\":2}");
    assert_slice(state(), "{\"a\":2,\"b\":1,\"c\":2,\"d\":2}");
    assert_slice(at("monitor.refused"), "{\"web\":1}");
}
END_TEST

START_TEST(what_strangers_fill_keeps_no_hold_from_being_seen)
{
    const struct source own = { .blade = { "bladewatch", 10 },
                                .run = { "1", 1 },
                                .trusted = true };
    struct limits limits = limits_default();

    limits.nodes = TREE_RESERVE;
    limits.blade_nodes = TREE_RESERVE;
    limit(limits);
    declare(0, &plain);
    declare(1, &own);
    line(0, 1, T0,
         "{\"f\":[1],\"a\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,"
         "\"7\":1,\"8\":1,\"9\":1,\"10\":1,\"11\":1,\"12\":1,\"13\":1,"
         "\"14\":1,\"15\":1,\"16\":1}}");
    state();
    ck_assert_uint_eq(core_stats(core).nodes, TREE_RESERVE);
    line(1, 1, T0 + 1, "{\"docker\":1,\"probes\":1}");
    state();
    assert_slice(at("/docker"), "1");
    ck_assert_uint_eq(core_stats(core).nodes, TREE_RESERVE + 1);
    assert_slice(at("/monitor/refused/bladewatch"), "1");
}
END_TEST

START_TEST(a_line_beyond_its_limit_is_counted_and_dropped)
{
    struct limits limits = limits_default();

    limits.shard_bytes = 10;
    limit(limits);
    declare(0, &plain);
    line(0, 1, T0, "{\"abcd\":1}");
    line(0, 2, T0, "{\"abcde\":1}");
    assert_slice(state(), "{\"abcd\":1}");
    ck_assert_uint_eq(core_stats(core).oversize, 1);
    assert_slice(at("/monitor/refused/web"), "1");
}
END_TEST

START_TEST(losses_are_counted_where_a_rule_can_see_them)
{
    declare(0, &plain);
    core_step(core, &(struct event){ .kind = EV_GAP, .lines = 7 });
    core_step(core, &(struct event){ .kind = EV_GAP, .source = 99 });
    core_step(core, &(struct event){ .kind = EV_DAMAGE, .lines = 2 });
    line(0, 1, T0, "no JSON");
    line(99, 1, T0, "{\"nobody\":1}");
    assert_slice(at("/monitor"), "{\"damage\":1,\"gaps\":{\"web\":1},"
                                 "\"lost\":{\"web\":7},"
                                 "\"not_json\":{\"web\":1}}");
    ck_assert_uint_eq(core_stats(core).lost, 9);
}
END_TEST

static const struct {
    const char *path, *shown;
} views[] = {
    { "", "{\"\":{\"x/y\":[1]},\"$$d\":1,\"$expired\":{\".\":3},\"a\":{\"b\":"
          "{\"c\":\"\xc3\xa9\"}},\"monitor\":{}}" },
    { "/a", "{\"b\":{\"c\":\"\xc3\xa9\"}}" },
    { "a.b.c", "\"\xc3\xa9\"" },
    { "/a/b/c/d", "" },
    { "/", "{\"x/y\":[1]}" },
    { "//x~1y", "[1]" },
    { "//x~1y/0", "" },
    { "/$$d", "1" },
    { "/$expired", "{\".\":3}" },
    { "/a/$expired", "" },
    { "/leased", "" }, /* a lease without a value shows nowhere */
    { "/none", "" },
    { "/monitor", "{}" },
    { "/monitor/late", "" },
};

START_TEST(a_view_shows_what_stands_at_its_path)
{
    machine_feed(
        core,
        slice_str(
            "{\"blade\":\"b\",\"seq\":1,\"ts\":1,\"body\":{\"a\":{\"b\":{\"c\":"
            "\"\\u00e9\"}},\"\":{\"x/"
            "y\":[1]},\"$$d\":1,\"leased\":{\"$ttl\":9},"
            "\"n\":{\"$inc\":3,\"$ttl\":1}}}"));
    machine_tick(core, 2 * NSEC_SEC);
    assert_slice(at(views[_i].path), views[_i].shown);
}
END_TEST

static const struct {
    const char *line, *why;
} wrong[] = {
    { "no", "not JSON" },
    { "[]", "not a JSON object" },
    { "{}", "\"blade\"" },
    { "{\"blade\":1}", "\"blade\"" },
    { "{\"blade\":\"b\",\"ts\":1,\"body\":{}}", "\"seq\"" },
    { "{\"blade\":\"b\",\"seq\":1.5,\"ts\":1,\"body\":{}}", "\"seq\"" },
    { "{\"blade\":\"b\",\"seq\":1,\"body\":{}}", "\"ts\"" },
    { "{\"blade\":\"b\",\"seq\":1,\"ts\":99999999999999999999,\"body\":{}}",
      "\"ts\"" },
    { "{\"blade\":\"b\",\"seq\":1,\"ts\":1}", "\"body\"" },
    { "{\"blade\":\"b\",\"run\":1,\"seq\":1,\"ts\":1,\"body\":{}}", "\"run\"" },
    { "{\"blade\":\"b\",\"seq\":1,\"ts\":1,\"at\":\"a\",\"body\":{}}",
      "\"at\"" },
    { "{\"blade\":\"b\",\"seq\":1,\"ts\":1,\"at\":[1],\"body\":{}}", "\"at\"" },
    { "{\"tick\":\"soon\"}", "\"tick\"" },
    { "{\"retire\":\"b\"}", "\"ts\"" },
    { "{\"retire\":{},\"ts\":1}", "\"retire\"" },
};

START_TEST(a_wrong_envelope_changes_nothing_and_says_what_is_wrong)
{
    struct err err = { 0 };

    ck_assert_int_eq(core_envelope(core, slice_str(wrong[_i].line), &err),
                     ST_BAD);
    ck_assert_msg(strstr(err.text, wrong[_i].why) != NULL, "%s: %s",
                  wrong[_i].line, err.text);
    assert_slice(state(), "{}");
    assert_slice(at("/monitor"), "{}");
    ck_assert_uint_eq(core_stats(core).lines, 0);
}
END_TEST

START_TEST(a_watch_past_what_a_patch_may_carry_asks_for_the_whole)
{
    struct path path = { .n = 0 };
    struct watch *w = watch_new(core, &path);
    int i;

    declare(0, &plain);
    ck_assert_int_eq(view_changes(core, w, &out), ST_AGAIN);
    line(0, 1, T0, "{\"m\":{}}");
    core_flush(core);
    ck_assert_int_eq(view_changes(core, w, &out), ST_OK);
    assert_slice(buf_view(&out),
                 "[{\"op\":\"add\",\"path\":\"/m\",\"value\":{}}]");
    for (i = 0; i < 5000; i++) {
        char body[64];

        snprintf(body, sizeof(body), "{\"m\":{\"k%d\":1}}", i);
        line(0, (uint64_t)i + 2, T0 + i, body);
    }
    core_flush(core);
    ck_assert_int_eq(view_changes(core, w, &out), ST_LIMIT);
    ck_assert_int_eq(view_changes(core, w, &out), ST_AGAIN);
    watch_free(core, w);
    watch_free(core, NULL);
}
END_TEST

START_TEST(what_was_cut_off_is_never_heard_of_again)
{
    struct path path = { .n = 0 };
    struct watch *w = watch_new(core, &path);
    int i;

    declare(0, &plain);
    for (i = 0; i < 2000; i++) {
        char body[96];

        snprintf(body, sizeof(body),
                 "{\"m\":{\"k%d\":{\"$inc\":1,\"$ttl\":9}}}", i);
        line(0, (uint64_t)i + 1, T0 + i, body);
    }
    line(0, 2001, T0 + NSEC_SEC, "{\"m\":null}");
    core_flush(core);
    ck_assert_int_eq(view_changes(core, w, &out), ST_AGAIN);
    ck_assert_uint_gt(core_stats(core).nodes, 0);
    machine_tick(core, T0 + 100 * NSEC_SEC);
    ck_assert_int_eq(view_changes(core, w, &out), ST_AGAIN);
    assert_slice(at(""), "{\"monitor\":{}}");
    watch_free(core, w);
}
END_TEST

/* -- rules ---------------------------------------------------------------- */

#define FILE_OF(rules)                                                         \
    "[{\"name\":\"a.yaml\",\"text\":\"groups: [{name: g, rules: [" rules       \
    "]}]\"}]"
#define ON  "{alert: On, expr: state.on, for: 2s}"
#define OFF "{alert: Off, expr: '!state.on'}"

static void rules(const char *files)
{
    core_step(core, &(struct event){ .kind = EV_RULES,
                                     .seq = 1,
                                     .id = slice_str("2024a"),
                                     .line = slice_str(files) });
}

static uint64_t nrules(void)
{
    return engine_stats(core_engine(core)).rules;
}

START_TEST(rules_of_an_event_are_in_force_from_there_on)
{
    declare(0, &plain);
    line(0, 1, T0, "{\"on\":true}");
    machine_tick(core, T0 + NSEC_SEC);
    assert_slice(at("monitor.alerts"), "");
    rules(FILE_OF(ON ", " OFF));
    ck_assert_uint_eq(nrules(), 2);
    machine_tick(core, T0 + 2 * NSEC_SEC);
    assert_slice(at("monitor.alerts.On.pending"), "1");
    ck_assert_uint_eq(core_stats(core).loads, 1);
    ck_assert_uint_eq(core_stats(core).loads_refused, 0);
}
END_TEST

START_TEST(the_same_rules_again_keep_their_timers_and_none_end_all)
{
    declare(0, &plain);
    rules(FILE_OF(ON));
    line(0, 1, T0, "{\"on\":true}");
    machine_tick(core, T0 + NSEC_SEC);
    rules(FILE_OF(OFF ", " ON));
    machine_tick(core, T0 + 2 * NSEC_SEC + 10 * NSEC_MSEC);
    assert_slice(at("monitor.alerts.On.firing"), "1");
    rules("[]");
    ck_assert_uint_eq(nrules(), 0);
    assert_slice(at("monitor.alerts"), "");
    assert_slice(at("monitor.rules"), "");
}
END_TEST

static const char *const no_rules[] = {
    "",
    "{",
    "{}",
    "7",
    "[7]",
    "[{}]",
    "[{\"name\":\"a.yaml\"}]",
    "[{\"text\":\"groups: []\"}]",
    "[{\"name\":1,\"text\":\"groups: []\"}]",
    "[{\"name\":\"a\",\"text\":\"groups: []\",\"more\":\"\"}]",
    FILE_OF("{alarm: On}"),
    FILE_OF("{alert: On, expr: state.on &&}"),
};

START_TEST(rules_that_are_none_leave_those_before_and_are_counted)
{
    rules(FILE_OF(ON));
    rules(no_rules[_i]);
    ck_assert_uint_eq(nrules(), 1);
    ck_assert_uint_eq(core_stats(core).loads, 2);
    ck_assert_uint_eq(core_stats(core).loads_refused, 1);
    assert_slice(at("monitor.rules_refused"), "1");
}
END_TEST

static const TTest **const tests[] = {
    &what_waits_can_be_seen_ahead_of_its_time,
    &rules_of_an_event_are_in_force_from_there_on,
    &the_same_rules_again_keep_their_timers_and_none_end_all,
    &what_was_cut_off_is_never_heard_of_again,
    &the_same_idempotency_key_of_two_blades_is_two,
    &the_oldest_gap_is_closed_and_says_how_many_it_was,
    &gaps_that_fill_up_are_no_loss,
    &past_the_cap_the_oldest_gap_is_declared_as_loss,
    &numbers_beyond_32_bits_are_told_apart,
    &an_idempotency_key_counts_once_until_it_is_forgotten,
    &a_tick_releases_what_lies_before_it_and_nothing_else,
    &a_late_line_is_counted_and_gives_way,
    &the_ends_of_time_are_instants_like_others,
    &a_silent_blade_is_folded_when_its_time_has_come,
    &beyond_depth_key_and_string_a_part_is_refused_by_name,
    &a_full_tree_goes_on_with_what_it_has,
    &one_greedy_blade_leaves_room_for_the_others,
    &what_strangers_fill_keeps_no_hold_from_being_seen,
    &a_line_beyond_its_limit_is_counted_and_dropped,
    &losses_are_counted_where_a_rule_can_see_them,
    &a_watch_past_what_a_patch_may_carry_asks_for_the_whole,
};

static const struct suite_table tables[] = {
    { &a_filter_passes_each_number_once_in_any_order, 20 },
    { &shards_leave_the_buffer_in_the_order_of_their_tags, 10 },
    { &rules_that_are_none_leave_those_before_and_are_counted,
      COUNT(no_rules) },
    { &a_line_writes_what_its_source_may_write, COUNT(lines) },
    { &a_view_shows_what_stands_at_its_path, COUNT(views) },
    { &a_wrong_envelope_changes_nothing_and_says_what_is_wrong, COUNT(wrong) },
};

int main(void)
{
    return RUN_SUITE_WITH("core", setup, teardown, tests, tables);
}
