#include "tree/tree.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "data/tape.h"
#include "support/suite.h"
#include "support/val.h"
#include "tree/counts.h"
#include "tree/render.h"

#include <stdio.h>

/* ck_assert() writes to a pipe each time: too slow for inner loops. */
#define must(holds)                                                            \
    do {                                                                       \
        if (!(holds))                                                          \
            ck_abort_msg("not so: %s", #holds);                                \
    } while (0)

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MANY     100000

static struct names *names;
static struct tree tree;
static struct buf out;

static const struct tree_limits roomy = { UINT64_MAX, UINT64_MAX, 100, 100 };

static void setup(void)
{
    names = names_new();
    tree_init(&tree, names, 1, roomy);
    buf_init(&out, BUF_NO_CAP);
}

static void teardown(void)
{
    tree_release(&tree);
    names_free(names);
    buf_release(&out);
}

static struct slice shown(bool split)
{
    struct render r = { .split = split };

    buf_init(&r.out, BUF_NO_CAP);
    render_node(&r, &tree, &tree.root);
    buf_reset(&out);
    buf_slice(&out, buf_view(&r.out));
    buf_release(&r.out);
    return buf_view(&out);
}

static struct write by(const char *blade, nsec ts)
{
    uint32_t b = names_blade(names, slice_str(blade));

    return (struct write){
        .tag = { ts, names_origin(names, b, slice_str("1"), 0), 1 },
        .entry = names_entry(names, b),
        .payer = tree_payer(b),
    };
}

static struct step key(const char *name)
{
    return tree_step(&tree, slice_str(name));
}

static struct map *map_at(struct map *in, const char *name,
                          const struct write *w)
{
    struct step s = key(name);

    return tree_map(&tree, in, &s, w);
}

static void inc(struct map *in, const char *name, const struct write *w,
                int64_t n)
{
    struct step s = key(name);

    ck_assert(!tree_inc(&tree, in, &s, w, (amount)n * AMOUNT_UNIT));
}

static void hold(struct map *in, const char *name, const struct write *w,
                 nsec for_ns)
{
    struct step s = key(name);

    ck_assert(!tree_lease(&tree, in, &s, w, for_ns));
}

static struct map *root(void)
{
    return tree.root.u.map;
}

/* -- keys ---------------------------------------------------------------- */

static struct slice numbered(char text[24], uint32_t i)
{
    return slice_of(text, (size_t)snprintf(text, 24, "key %u", i));
}

START_TEST(a_key_has_one_number_as_long_as_somebody_holds_it)
{
    struct keys k = { 0 };
    struct slice a = slice_str("a"), b = slice_str("");
    uint32_t id, other;

    ck_assert_uint_eq(keys_find(&k, a, 7), KEY_NONE);
    id = keys_ref(&k, a, 7);
    ck_assert_uint_eq(keys_ref(&k, a, 7), id);
    other = keys_ref(&k, b, 7); /* the same hash */
    ck_assert_uint_ne(id, other);
    assert_slice(keys_text(&k, other), "");
    keys_unref(&k, id);
    ck_assert_uint_eq(keys_find(&k, a, 7), id);
    keys_unref(&k, id);
    ck_assert_uint_eq(keys_find(&k, a, 7), KEY_NONE);
    ck_assert_uint_eq(keys_find(&k, b, 7), other);
    keys_unref(&k, other);
    keys_release(&k);
    keys_release(&k);
}
END_TEST

START_TEST(keys_come_and_go_and_their_numbers_are_used_again)
{
    enum { HELD = 3000 };
    static uint32_t id[HELD], held[HELD];
    struct keys k = { 0 };
    uint64_t seed = 17;
    char text[24];
    uint32_t i, n;

    memset(held, 0, sizeof(held));
    for (n = 0; n < 200000; n++) {
        i = (uint32_t)random_below(&seed, HELD);
        if (held[i] == 0 || (held[i] < 3 && random_below(&seed, 2))) {
            uint32_t got = keys_ref(&k, numbered(text, i), i % 97);

            must(!held[i] || got == id[i]);
            id[i] = got;
            held[i]++;
        } else {
            held[i]--;
            keys_unref(&k, id[i]);
        }
        i = (uint32_t)random_below(&seed, HELD);
        must(keys_find(&k, numbered(text, i), i % 97) ==
             (held[i] ? id[i] : KEY_NONE));
    }
    ck_assert_uint_le(k.nids, HELD);
    keys_release(&k);
}
END_TEST

/* -- maps ---------------------------------------------------------------- */

/* A map against an array of what should be in it; keys below room. */
struct twin {
    struct map *map;
    uint32_t *mark; /* by key; 0: not in it */
    uint32_t n, room;
};

static void twin_check(const struct twin *t)
{
    struct map_iter it = { 0 };
    struct node *c;
    uint32_t k, n = 0;

    while (map_next(t->map, &it, &k, &c)) {
        must(k < t->room);
        must(t->mark[k] != 0);
        must(c->lease == t->mark[k]);
        n++;
    }
    ck_assert_uint_eq(n, t->n);
    ck_assert_uint_eq(t->map->n, t->n);
}

static void twin_step(struct twin *t, uint64_t *seed, unsigned grow)
{
    uint32_t k = (uint32_t)random_below(seed, t->room);
    struct node *c = map_find(t->map, k);

    must((c != NULL) == (t->mark[k] != 0));
    if (c)
        must(c->lease == t->mark[k]);
    if (!c && random_below(seed, 100) < grow) {
        c = map_insert(t->map, k);
        must(c->kind == NODE_NONE);
        must(c->tag.ts == INT64_MIN);
        c->lease = t->mark[k] = (uint32_t)random_next(seed) | 1;
        t->n++;
    } else if (c && random_below(seed, 100) >= grow) {
        map_remove(t->map, k);
        t->mark[k] = 0;
        t->n--;
    }
}

static void twin_empty(struct twin *t)
{
    uint32_t k;

    for (k = 0; k < t->room; k++) {
        if (t->mark[k])
            map_remove(t->map, k);
        t->mark[k] = 0;
    }
    t->n = 0;
    twin_check(t);
}

static const uint32_t sizes[] = { 2, 10, 26, 100, 1000, MANY };

START_TEST(a_map_holds_what_an_array_of_marks_holds)
{
    struct twin t = { .map = map_new(NULL, KEY_NONE), .room = sizes[_i] };
    uint64_t seed = 23;
    uint32_t i, rounds = 3 * t.room + 200;

    t.mark = xcalloc(t.room, sizeof(*t.mark));
    for (i = 0; i < rounds; i++)
        twin_step(&t, &seed, 90);
    twin_check(&t);
    for (i = 0; i < rounds; i++)
        twin_step(&t, &seed, 10);
    twin_check(&t);
    for (i = 0; i < rounds; i++)
        twin_step(&t, &seed, 50);
    twin_check(&t);
    twin_empty(&t);
    for (i = 0; i < 100; i++)
        twin_step(&t, &seed, 90);
    twin_empty(&t);
    map_free(t.map);
    free(t.mark);
}
END_TEST

/* -- counters ------------------------------------------------------------ */

START_TEST(a_counter_keeps_blades_apart_and_sums_them)
{
    char name[24];
    struct write w;
    int i, round;

    for (round = 0; round < 3; round++)
        for (i = 0; i < 300; i++) {
            w = by(numbered(name, (uint32_t)(i * 7 % 300)).p, i);
            inc(root(), "n", &w, 1);
        }
    assert_slice(shown(false), "{\"n\":900}");
    w = by("key 5", 1000);
    inc(root(), "n", &w, -1000);
    assert_slice(shown(false), "{\"n\":-100}");
    ck_assert_ptr_nonnull(
        strstr(buf_cstr((shown(true), &out)), "\"key 5\":-997"));
}
END_TEST

START_TEST(amounts_beyond_64_bits_are_counted_exactly)
{
    struct write w = by("a", 1);
    int i;

    for (i = 0; i < 100; i++)
        inc(root(), "n", &w, 999999999999999999);
    assert_slice(shown(true),
                 "{\"n\":{\"$counter\":{\"a\":99999999999999999900}}}");
    for (i = 0; i < 100; i++)
        inc(root(), "n", &w, -999999999999999999);
    assert_slice(shown(false), "{\"n\":0}");
}
END_TEST

START_TEST(a_retired_blade_is_the_base_and_begins_anew)
{
    struct write a = by("a", 1), b = by("b", 2);

    inc(root(), "n", &a, 5);
    inc(root(), "n", &b, 7);
    names_retire(names, names_blade(names, slice_str("a")));
    assert_slice(shown(true), "{\"n\":{\"$counter\":{\"\":5,\"b\":7}}}");
    a = by("a", 3);
    inc(root(), "n", &a, 1);
    assert_slice(shown(true),
                 "{\"n\":{\"$counter\":{\"\":5,\"a\":1,\"b\":7}}}");
    names_retire(names, names_blade(names, slice_str("a")));
    names_retire(names, names_blade(names, slice_str("b")));
    a = by("c", 4);
    inc(root(), "n", &a, 1);
    assert_slice(shown(true), "{\"n\":{\"$counter\":{\"\":13,\"c\":1}}}");
}
END_TEST

START_TEST(many_lives_of_a_blade_do_not_swell_a_counter)
{
    struct write w;
    struct counter_entry e;
    const struct node *n;
    struct path path = { .key = { slice_str("n") }, .n = 1 };
    size_t entries = 0;
    int i;

    for (i = 0; i < 1000; i++) {
        w = by("a", i);
        inc(root(), "n", &w, 1);
        names_retire(names, names_blade(names, slice_str("a")));
    }
    n = tree_get(&tree, &path);
    while (node_entry(n, entries, &e))
        entries++;
    ck_assert_uint_le(entries, 3);
    ck_assert(node_sum(n) == 1000 * (amount)AMOUNT_UNIT);
}
END_TEST

/* -- leases -------------------------------------------------------------- */

START_TEST(a_lease_fires_at_its_deadline_and_not_before)
{
    struct write w = by("a", 100);

    inc(root(), "n", &w, 1);
    hold(root(), "n", &w, 50);
    ck_assert_int_eq(tree_due(&tree), 150);
    tree_advance(&tree, 149);
    assert_slice(shown(false), "{\"n\":1}");
    tree_advance(&tree, 150);
    assert_slice(shown(false), "{\"$expired\":{\".\":1}}");
    ck_assert_int_eq(tree_due(&tree), NSEC_MAX);
    ck_assert_uint_eq(tree.nodes, 0);
}
END_TEST

START_TEST(the_last_lease_wins_whether_longer_or_shorter)
{
    static const struct {
        nsec first, second, still, gone;
    } rows[] = {
        { 50, 90, 189, 190 }, /* renewed */
        { 90, 50, 149, 150 }, /* shortened */
        { 50, 50, 149, 150 },
    };
    struct write w;
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        w = by("a", 1000 * (nsec)i + 100);
        inc(root(), "n", &w, 0);
        hold(root(), "n", &w, rows[i].first);
        hold(root(), "n", &w, rows[i].second);
        tree_advance(&tree, 1000 * (nsec)i + rows[i].still);
        ck_assert_uint_eq(tree.nodes, 1);
        tree_advance(&tree, 1000 * (nsec)i + rows[i].gone);
        ck_assert_uint_eq(tree.nodes, 0);
    }
}
END_TEST

START_TEST(shortened_and_renewed_again_it_fires_once_at_the_last)
{
    struct write w = by("a", 0);

    inc(root(), "n", &w, 1);
    hold(root(), "n", &w, 100);
    hold(root(), "n", &w, 10);
    hold(root(), "n", &w, 100);
    tree_advance(&tree, 99);
    ck_assert_uint_eq(tree.nodes, 1);
    tree_advance(&tree, 500);
    assert_slice(shown(false), "{\"$expired\":{\".\":1}}");
}
END_TEST

START_TEST(a_late_lease_lengthens_but_never_shortens)
{
    struct write w = by("a", 100), late = by("a", 50);

    late.late = true;
    inc(root(), "n", &w, 0);
    hold(root(), "n", &w, 50);
    hold(root(), "n", &late, 60);
    ck_assert_int_eq(tree.lease[1].at, 150);
    hold(root(), "n", &late, 150);
    ck_assert_int_eq(tree.lease[1].at, 200);
}
END_TEST

START_TEST(a_list_keeps_the_newest_of_what_stood_there_and_was_pushed)
{
    struct write w = by("a", 1);
    struct step s = key("l");
    const struct scalar v = { NODE_ARRAY,
                              slice_str("[[1,\"]\"],{\"k\":\",\"},3,4]") };

    tree.limits.list_items = 3;
    ck_assert(!tree_set(&tree, root(), &s, &w, &v));
    assert_slice(shown(false), "{\"l\":[[1,\"]\"],{\"k\":\",\"},3,4]}");
    ck_assert(!tree_push(&tree, root(), &s, &w, slice_of(NULL, 0)));
    assert_slice(shown(false), "{\"l\":[{\"k\":\",\"},3,4]}");
    ck_assert(!tree_push(&tree, root(), &s, &w, slice_str("5")));
    ck_assert(!tree_push(&tree, root(), &s, &w, slice_str("\"6\"")));
    assert_slice(shown(false), "{\"l\":[4,5,\"6\"]}");
    inc(root(), "l", &w, 1);
    assert_slice(shown(false), "{\"l\":1}");
}
END_TEST

START_TEST(an_erased_key_takes_its_lease_along)
{
    struct write w = by("a", 0);
    struct step n = key("n");

    inc(root(), "n", &w, 1);
    hold(root(), "n", &w, 10);
    tree_erase(&tree, root(), &n, &w);
    w.tag.ts = 5;
    inc(root(), "n", &w, 2);
    tree_advance(&tree, 1000);
    assert_slice(shown(false), "{\"n\":2}");
}
END_TEST

START_TEST(a_stale_deadline_does_not_hit_who_has_the_slot_now)
{
    struct write w = by("a", 0);
    struct step n = key("n");

    hold(root(), "n", &w, 10);
    tree_erase(&tree, root(), &n, &w);
    inc(root(), "other", &w, 2);
    hold(root(), "other", &w, 1000);
    tree_advance(&tree, 10);
    assert_slice(shown(false), "{\"other\":2}");
}
END_TEST

START_TEST(stale_deadlines_are_dropped_when_they_come_up)
{
    struct write w = by("a", 0);
    struct step n = key("n");
    int i;

    for (i = 0; i < 100; i++) {
        hold(root(), "n", &w, 10);
        tree_erase(&tree, root(), &n, &w);
    }
    hold(root(), "n", &w, 1000);
    tree_advance(&tree, 10);
    ck_assert_uint_eq(tree.deadlines.n, 1);
    ck_assert_int_eq(tree_due(&tree), 1000);
}
END_TEST

START_TEST(banks_go_up_with_what_held_them)
{
    struct write w = by("a", 0);
    struct map *intents = map_at(root(), "intents", &w);
    struct map *one = map_at(intents, "i/1", &w);
    struct map *two = map_at(intents, "i2", &w);

    inc(map_at(one, "host", &w), "items", &w, 3);
    inc(two, "items", &w, 4);
    hold(intents, "i/1", &w, 10);
    hold(intents, "i2", &w, 20);
    hold(two, "items", &w, 10);
    hold(root(), "intents", &w, 30);
    tree_advance(&tree, 10);
    assert_slice(shown(false), "{\"intents\":{\"$expired\":{\"host/items\":3},"
                               "\"i2\":{\"$expired\":{\".\":4}}}}");
    tree_advance(&tree, 20);
    assert_slice(shown(false), "{\"intents\":{\"$expired\":{"
                               "\"*\":4,\"host/items\":3}}}");
    tree_advance(&tree, 30);
    assert_slice(shown(false), "{\"$expired\":{\"*/*\":4,\"*/host/items\":3}}");
}
END_TEST

START_TEST(past_its_limit_a_bank_adds_to_one_account)
{
    struct write w = by("a", 0);
    char name[24];
    uint32_t i;

    tree.limits.bank_keys = 2;
    for (i = 0; i < 5; i++) {
        struct map *m = map_at(map_at(root(), "m", &w), "x", &w);

        inc(m, numbered(name, i).p, &w, 1);
        hold(map_at(root(), "m", &w), "x", &w, 10 + i);
        tree_advance(&tree, 10 + i);
    }
    assert_slice(shown(false), "{\"m\":{\"$expired\":{\"$other\":3,"
                               "\"key 0\":1,\"key 1\":1}}}");
}
END_TEST

/* -- late ---------------------------------------------------------------- */

struct late_row {
    enum tree_op op;
    const char *path[3];
    nsec ts;
    bool allowed;
};

static const struct late_row late_rows[] = {
    /* /reg was set at 50, /count counted at 50, /map/old set at 20 and
     * /map/new at 60, /gone erased at 50 */
    { TREE_SET, { "reg" }, 40, false },
    { TREE_SET, { "reg" }, 60, true },
    { TREE_INC, { "reg" }, 40, false },
    { TREE_MAP, { "reg" }, 40, false },
    { TREE_SET, { "reg", "below" }, 40, false },
    { TREE_SET, { "reg", "below" }, 60, true },
    { TREE_INC, { "count" }, 40, true },
    { TREE_SET, { "count" }, 40, false },
    { TREE_PUSH, { "count" }, 40, false },
    { TREE_SET, { "map" }, 40, false },
    { TREE_MAP, { "map" }, 40, true },
    { TREE_INC, { "map" }, 40, false },
    { TREE_SET, { "map", "old" }, 40, true },
    { TREE_SET, { "map", "new" }, 40, false },
    { TREE_SET, { "map", "none" }, 40, true },
    { TREE_ERASE, { "map" }, 40, true },
    { TREE_ERASE, { "map", "new" }, 40, true },
    { TREE_LEASE, { "reg" }, 40, true },
    { TREE_SET, { "gone" }, 40, false },
    { TREE_INC, { "gone" }, 40, false },
    { TREE_INC, { "gone", "below" }, 40, false },
    { TREE_LEASE, { "gone" }, 40, false },
    { TREE_SET, { "gone" }, 60, true },
};

static void set(struct map *in, const char *name, const struct write *w)
{
    struct step s = key(name);
    const struct scalar v = { .kind = NODE_TRUE };

    ck_assert(!tree_set(&tree, in, &s, w, &v));
}

START_TEST(a_late_write_gives_way_to_what_is_newer)
{
    const struct late_row *row = &late_rows[_i];
    struct write w20 = by("a", 20), w50 = by("a", 50), w60 = by("a", 60);
    struct step path[3], gone = key("gone");
    size_t n;

    set(root(), "gone", &w20);
    set(map_at(root(), "map", &w20), "old", &w20);
    set(root(), "reg", &w50);
    inc(root(), "count", &w50, 1);
    tree_erase(&tree, root(), &gone, &w50);
    set(map_at(root(), "map", &w60), "new", &w60);
    for (n = 0; n < 3 && row->path[n]; n++)
        path[n] = key(row->path[n]);
    ck_assert_int_eq(tree_allows(&tree, row->op, path, n, by("a", row->ts).tag),
                     row->allowed);
}
END_TEST

START_TEST(a_late_erase_spares_what_is_newer_and_the_way_there)
{
    struct write w20 = by("a", 20), w60 = by("a", 60), late = by("a", 40);
    struct map *m = map_at(root(), "m", &w20);
    struct step s = key("m");

    set(m, "old", &w20);
    set(map_at(m, "way", &w20), "old", &w20);
    set(map_at(root(), "m", &w60), "new", &w60);
    set(map_at(m, "way", &w60), "new", &w60);
    late.late = true;
    tree_erase(&tree, root(), &s, &late);
    assert_slice(shown(false), "{\"m\":{\"new\":true,\"way\":{\"new\":true}}}");
}
END_TEST

/* -- big subtrees, bounds, paths ------------------------------------------ */

START_TEST(a_big_subtree_is_gone_at_once_and_freed_bit_by_bit)
{
    struct write w = by("a", 1);
    struct map *m = map_at(root(), "big", &w);
    struct step s = key("big");
    char name[24];
    uint64_t left;
    uint32_t i;

    for (i = 0; i < 5000; i++)
        set(map_at(m, numbered(name, i).p, &w), "v", &w);
    tree_erase(&tree, root(), &s, &w);
    assert_slice(shown(false), "{}");
    left = tree.nodes;
    ck_assert_uint_gt(left, 9000);
    tree_reap(&tree, 1000);
    ck_assert_uint_lt(tree.nodes, left - 500);
    ck_assert_uint_ge(tree.nodes, left - 1000);
    set(map_at(root(), "big", &w), "new", &w);
    tree_reap(&tree, SIZE_MAX);
    ck_assert_uint_eq(tree.nodes, 2);
    assert_slice(shown(false), "{\"big\":{\"new\":true}}");
}
END_TEST

START_TEST(leases_given_up_leave_nothing_behind_for_long)
{
    struct write w = by("a", 0);
    char name[24];
    uint32_t i;

    for (i = 0; i < 10; i++) {
        inc(root(), numbered(name, i).p, &w, 1);
        hold(root(), name, &w, 100 + i % 3);
    }
    for (i = 0; i < 100000; i++) {
        set(root(), "scalar", &w);
        hold(root(), "scalar", &w, NSEC_SEC);
        hold(root(), "earlier", &w, NSEC_SEC - i);
    }
    ck_assert_uint_lt(tree.deadlines.n, 2000);
    for (i = 1; i < 5000; i++) { /* shortened, prolonged, and put off */
        hold(root(), "earlier", &w, 1000 + i);
        hold(root(), "earlier", &w, NSEC_SEC - 99999);
        tree_advance(&tree, 1000 + i);
    }
    ck_assert_uint_lt(tree.deadlines.n, 2000);
    ck_assert_uint_eq(tree.nodes, 2);
    tree_advance(&tree, NSEC_SEC - 1);
    ck_assert_uint_eq(tree.nodes, 1);
    tree_advance(&tree, NSEC_SEC);
    ck_assert_uint_eq(tree.nodes, 0);
    assert_slice(shown(false), "{\"$expired\":{\".\":10}}");
}
END_TEST

START_TEST(a_lease_below_what_was_cut_off_never_fires)
{
    struct write w = by("a", 1);
    struct map *m = map_at(root(), "big", &w);
    struct step s = key("big");
    char name[24];
    uint32_t i;

    for (i = 0; i < 2000; i++) {
        struct map *below = map_at(m, numbered(name, i).p, &w);

        inc(below, "n", &w, 1);
        hold(below, "n", &w, 10);
    }
    tree_erase(&tree, root(), &s, &w);
    tree_advance(&tree, 100);
    assert_slice(shown(false), "{}");
    tree_reap(&tree, SIZE_MAX);
    ck_assert_uint_eq(tree.nodes, 0);
}
END_TEST

START_TEST(past_its_bounds_a_tree_changes_but_does_not_grow)
{
    struct write a = by("a", 1), b = by("b", 1);
    struct step s = key("third");
    const struct scalar v = { .kind = NODE_TRUE };

    tree.limits.nodes = 3;
    tree.limits.payer_nodes = 2;
    set(root(), "first", &a);
    set(root(), "second", &a);
    ck_assert_int_eq(tree_set(&tree, root(), &s, &a, &v), ST_LIMIT);
    ck_assert_ptr_null(tree_map(&tree, root(), &s, &a));
    inc(root(), "first", &a, 4);
    ck_assert(!tree_set(&tree, root(), &s, &b, &v));
    s = key("fourth");
    ck_assert_int_eq(tree_inc(&tree, root(), &s, &b, 1), ST_LIMIT);
    ck_assert_int_eq(tree_push(&tree, root(), &s, &b, slice_str("1")),
                     ST_LIMIT);
    ck_assert_int_eq(tree_lease(&tree, root(), &s, &b, 1), ST_LIMIT);
    s = key("second");
    tree_erase(&tree, root(), &s, &b); /* what a paid for */
    s = key("fourth");
    ck_assert(!tree_set(&tree, root(), &s, &a, &v));
    assert_slice(shown(false), "{\"first\":4,\"fourth\":true,\"third\":true}");
}
END_TEST

static const struct {
    const char *text;
    enum status st;
    const char *pointer;
} paths[] = {
    { "", ST_OK, "" },
    { "/", ST_OK, "/" },
    { "a", ST_OK, "/a" },
    { "a.b.c", ST_OK, "/a/b/c" },
    { "/a.b/c", ST_OK, "/a.b/c" },
    { "/a~1b/~0~01", ST_OK, "/a~1b/~0~01" },
    { "a/b.c~", ST_OK, "/a~1b/c~0" },
    { "//", ST_OK, "//" },
    { "/a/", ST_OK, "/a/" },
    { "a..b", ST_BAD, NULL },
    { ".", ST_BAD, NULL },
    { "a.", ST_BAD, NULL },
    { "/~", ST_BAD, NULL },
    { "/a~2", ST_BAD, NULL },
    { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26"
      "/27/28/29/30/31/32",
      ST_OK,
      "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26"
      "/27/28/29/30/31/32" },
    { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26"
      "/27/28/29/30/31/32/33",
      ST_LIMIT, NULL },
};

START_TEST(paths_are_pointers_or_dotted)
{
    struct path path = { .n = 77 };
    struct err err = { 0 };
    struct buf store;
    enum status st;

    buf_init(&store, BUF_NO_CAP);
    st = path_parse(&path, slice_str(paths[_i].text), &store, &err);
    ck_assert_msg(st == paths[_i].st, "%s: %s", paths[_i].text,
                  status_name(st));
    if (st) {
        ck_assert_uint_eq(path.n, 77);
        ck_assert(err.text[0]);
    } else {
        path_pointer(&path, &out);
        assert_slice(buf_view(&out), paths[_i].pointer);
    }
    buf_release(&store);
}
END_TEST

/* -- $count -------------------------------------------------------------- */

static const struct {
    uint32_t run;
    const char *path;
    uint64_t seq;
    int64_t total, step;
} totals[] = {
    { 1, "/a", 1, 5, 5 }, /* the first says all it has */
    { 1, "/a", 2, 7, 2 },  { 1, "/b", 3, 9, 9 },
    { 1, "/a", 5, 3, 3 },  /* smaller: it began again */
    { 1, "/a", 4, 99, 0 }, /* from before the last: contained */
    { 1, "/a", 6, 3, 0 },  { 2, "/a", 1, 4, 4 }, /* a new run begins at 0 */
    { 1, "/a", 7, 5, 2 }, /* the run before may still speak */
    { 3, "/a", 1, 1, 1 },  { 1, "/a", 8, 50, 0 }, /* two runs ago: too old */
    { 2, "/a", 2, 6, 2 },
};

START_TEST(running_totals_become_what_they_add)
{
    struct counts *c = counts_new();
    amount step;
    size_t i;

    counts_limit(c, 10, 10);

    for (i = 0; i < COUNT(totals); i++) {
        struct counted now = {
            .blade = 4,
            .run = totals[i].run,
            .seq = totals[i].seq,
            .path = slice_str(totals[i].path),
            .total = totals[i].total,
        };

        ck_assert(!counts_step(c, &now, &step));
        ck_assert_msg(step == totals[i].step, "row %zu: %lld", i,
                      (long long)step);
    }
    counts_free(c);
    counts_free(NULL);
}
END_TEST

START_TEST(past_their_bounds_no_new_total_is_kept)
{
    static const struct {
        uint32_t blade;
        const char *path;
        enum status st;
    } rows[] = {
        { 1, "/a", ST_OK }, { 1, "/b", ST_OK },    { 1, "/c", ST_LIMIT },
        { 2, "/a", ST_OK }, { 2, "/b", ST_LIMIT }, { 3, "/a", ST_LIMIT },
        { 1, "/a", ST_OK },
    };
    struct counts *c = counts_new();
    amount step;
    size_t i;

    counts_limit(c, 2, 3);
    for (i = 0; i < COUNT(rows); i++) {
        struct counted now = { .blade = rows[i].blade,
                               .seq = i,
                               .total = 1,
                               .path = slice_str(rows[i].path) };

        ck_assert_int_eq(counts_step(c, &now, &step), rows[i].st);
    }
    counts_free(c);
}
END_TEST

static const TTest **const tests[] = {
    &a_key_has_one_number_as_long_as_somebody_holds_it,
    &keys_come_and_go_and_their_numbers_are_used_again,
    &a_counter_keeps_blades_apart_and_sums_them,
    &amounts_beyond_64_bits_are_counted_exactly,
    &a_retired_blade_is_the_base_and_begins_anew,
    &many_lives_of_a_blade_do_not_swell_a_counter,
    &a_lease_fires_at_its_deadline_and_not_before,
    &the_last_lease_wins_whether_longer_or_shorter,
    &shortened_and_renewed_again_it_fires_once_at_the_last,
    &a_late_lease_lengthens_but_never_shortens,
    &a_list_keeps_the_newest_of_what_stood_there_and_was_pushed,
    &an_erased_key_takes_its_lease_along,
    &a_stale_deadline_does_not_hit_who_has_the_slot_now,
    &stale_deadlines_are_dropped_when_they_come_up,
    &banks_go_up_with_what_held_them,
    &past_its_limit_a_bank_adds_to_one_account,
    &a_late_erase_spares_what_is_newer_and_the_way_there,
    &a_big_subtree_is_gone_at_once_and_freed_bit_by_bit,
    &leases_given_up_leave_nothing_behind_for_long,
    &a_lease_below_what_was_cut_off_never_fires,
    &past_its_bounds_a_tree_changes_but_does_not_grow,
    &running_totals_become_what_they_add,
    &past_their_bounds_no_new_total_is_kept,
};

static const struct suite_table tables[] = {
    { &a_map_holds_what_an_array_of_marks_holds, COUNT(sizes) },
    { &a_late_write_gives_way_to_what_is_newer, COUNT(late_rows) },
    { &paths_are_pointers_or_dotted, COUNT(paths) },
};

int main(void)
{
    return RUN_SUITE_WITH("tree", setup, teardown, tests, tables);
}
