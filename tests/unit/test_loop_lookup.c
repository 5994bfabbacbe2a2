#include "loop/lookup.h"

#include "support/suite.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HANG 5 /* seconds */

struct heard {
    struct loop *loop;
    size_t calls, wanted;
    struct lookup_answer last;
};

/* The resolver: "hang..." hangs, "two" has two addresses, the rest is told. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret)
{
    static struct sockaddr_in a[2] = { { .sin_family = AF_INET },
                                       { .sin_family = AF_INET } };
    static struct addrinfo two[2];

    (void)service;
    if (strncmp(node, "hang", 4) == 0)
        sleep(HANG);
    if (hints->ai_flags & AI_NUMERICHOST || strcmp(node, "two") != 0)
        return EAI_NONAME;
    for (int i = 0; i < 2; i++)
        two[i] = (struct addrinfo){ .ai_addr = (struct sockaddr *)&a[i],
                                    .ai_addrlen = sizeof(a[i]),
                                    .ai_next = i ? NULL : &two[1] };
    *ret = two;
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

static void on_found(void *arg, const struct lookup_answer *answer)
{
    struct heard *h = arg;

    h->last = *answer;
    if (++h->calls == h->wanted)
        loop_stop(h->loop);
}

static void never(void *arg, const struct lookup_answer *answer)
{
    (void)arg;
    (void)answer;
    ck_abort_msg("a cancelled look-up was told");
}

static struct lookups *start(struct heard *h, size_t wanted)
{
    struct lookups *l;

    h->wanted = wanted;
    ck_assert_int_eq(loop_new(&h->loop, NULL), ST_OK);
    ck_assert_int_eq(lookups_new(h->loop, &l, NULL), ST_OK);
    return l;
}

static void end(struct heard *h, struct lookups *l)
{
    lookups_free(l);
    loop_free(h->loop);
}

START_TEST(all_addresses_of_a_name_are_told)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, 1);

    lookup_start(l, "two", on_found, &h);
    loop_run(h.loop);
    ck_assert_uint_eq(h.last.n, 2);
    end(&h, l);
}
END_TEST

START_TEST(a_name_that_is_none_is_told_in_the_resolvers_words)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, 1);

    lookup_start(l, "none", on_found, &h);
    loop_run(h.loop);
    ck_assert_uint_eq(h.last.n, 0);
    ck_assert_str_eq(h.last.why, gai_strerror(EAI_NONAME));
    end(&h, l);
}
END_TEST

START_TEST(one_that_hangs_holds_up_neither_another_nor_the_end)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, 1);
    time_t began = time(NULL);

    for (int i = 0; i < LOOKUPS_MAX - 1; i++)
        lookup_start(l, "hang", on_found, &h);
    lookup_start(l, "two", on_found, &h);
    loop_run(h.loop);
    ck_assert_uint_eq(h.last.n, 2);
    end(&h, l);
    ck_assert_int_lt(time(NULL) - began, HANG - 1);
}
END_TEST

START_TEST(beyond_the_bound_they_take_turns)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, 20 * LOOKUPS_MAX);

    for (int i = 0; i < 20 * LOOKUPS_MAX; i++)
        lookup_start(l, i % 2 ? "two" : "none", on_found, &h);
    loop_run(h.loop);
    ck_assert_uint_eq(h.calls, 20 * LOOKUPS_MAX);
    end(&h, l);
}
END_TEST

START_TEST(what_waits_for_its_turn_has_not_begun)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, 1);
    struct lookup *last = NULL;

    for (int i = 0; i < LOOKUPS_MAX; i++)
        last = lookup_start(l, "hang", on_found, &h);
    ck_assert(lookup_begun(last));
    ck_assert(!lookup_begun(lookup_start(l, "two", on_found, &h)));
    end(&h, l);
}
END_TEST

START_TEST(localhost_is_this_machine_without_a_resolver)
{
    struct lookup_answer found = { 0 };

    ck_assert(lookup_localhost("LocalHost", &found));
    ck_assert_uint_eq(found.n, 2);
    ck_assert_int_eq(found.address[0].ss_family, AF_INET6);
    ck_assert_int_eq(found.address[1].ss_family, AF_INET);
    ck_assert(!lookup_localhost("localhost.example", &found));
    ck_assert(!lookup_localhost("local", &found));
}
END_TEST

START_TEST(a_cancelled_one_is_not_told)
{
    struct heard h = { 0 };
    struct lookups *l = start(&h, LOOKUPS_MAX);

    /* Those that run, and those that wait for them. */
    for (int i = 0; i < 2 * LOOKUPS_MAX; i++)
        lookup_cancel(lookup_start(l, "two", never, NULL));
    for (int i = 0; i < LOOKUPS_MAX; i++)
        lookup_start(l, "two", on_found, &h);
    loop_run(h.loop);
    ck_assert_uint_eq(h.calls, LOOKUPS_MAX);
    end(&h, l);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &all_addresses_of_a_name_are_told,
        &a_name_that_is_none_is_told_in_the_resolvers_words,
        &one_that_hangs_holds_up_neither_another_nor_the_end,
        &beyond_the_bound_they_take_turns,
        &what_waits_for_its_turn_has_not_begun,
        &localhost_is_this_machine_without_a_resolver,
        &a_cancelled_one_is_not_told,
    };
    const struct suite_table tables[] = { { 0 } };

    return run_suite(&(struct suite_plan){ "loop_lookup", NULL, NULL, tests,
                                           sizeof(tests) / sizeof(*tests),
                                           tables, 0 });
}
