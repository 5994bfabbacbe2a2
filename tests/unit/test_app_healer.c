#include "app/healer.h"

#include "base/alloc.h"
#include "support/suite.h"

#define SECOND NSEC_SEC
#define ID     "g/r/web/start/5/1"

/* An intake, a rule's orders and a Docker engine, all made up. */
struct world {
    struct intake intake;
    struct intake_listener *listener;
    enum status takes; /* what the intake answers */
    uint64_t tickets, sources;
    struct buf lines; /* those taken, each with a newline */
    struct ledger ledger;
    struct healer *healer;
    struct healer_config config;
    struct order order[4];
    size_t norders;
    enum status acts; /* what the engine answers */
    struct docker_act act;
    const char *held; /* by a hold that is on its way */
    unsigned asked;
};

static struct world w;

static enum status take_source(void *self, const struct source *decl,
                               uint32_t *ret_id, struct err *err)
{
    (void)self;
    (void)err;
    assert_slice(decl->blade, LEDGER_BLADE);
    ck_assert(decl->trusted);
    w.sources++;
    *ret_id = 3;
    return ST_OK;
}

static enum status take_line(void *self, const struct line *line,
                             uint64_t *ret_ticket, struct err *err)
{
    (void)self;
    (void)err;
    ck_assert_uint_eq(line->source, 3);
    if (w.takes)
        return w.takes;
    buf_slice(&w.lines, line->text);
    buf_char(&w.lines, '\n');
    *ret_ticket = ++w.tickets;
    return ST_OK;
}

static void listen_to(void *self, struct intake_listener *listener)
{
    (void)self;
    w.listener = listener;
}

static void give_orders(void *self, void *arg,
                        void (*fn)(void *arg, const struct order *order))
{
    (void)self;
    for (size_t i = 0; i < w.norders; i++)
        fn(arg, &w.order[i]);
}

static enum status do_act(void *self, const struct docker_act *act)
{
    (void)self;
    w.asked++;
    if (!w.acts)
        w.act = *act;
    return w.acts;
}

static bool is_held(void *self, struct slice name)
{
    (void)self;
    return w.held && slice_is(name, w.held);
}

static nsec tell_wall(void *self)
{
    (void)self;
    return 7 * SECOND;
}

static void setup(void)
{
    struct err err;

    w = (struct world){ .norders = 1 };
    w.intake = (struct intake){ .source = take_source,
                                .line = take_line,
                                .listen = listen_to };
    w.order[0] = (struct order){
        .id = slice_str(ID),
        .name = slice_str("web"),
        .what = { .act = HEAL_START,
                  .container = slice_str("c0ffee"),
                  .status = HEAL_EXITED,
                  .started_at = 3,
                  .finished_at = 4 },
        .repair_network = true,
    };
    buf_init(&w.lines, BUF_NO_CAP);
    ck_assert_int_eq(ledger_begin(&w.ledger, &w.intake, slice_str("r"), &err),
                     ST_OK);
    w.config = (struct healer_config){
        .ledger = &w.ledger,
        .enabled = true,
        .wall = tell_wall,
        .orders = give_orders,
        .act = do_act,
        .held = is_held,
    };
}

static void teardown(void)
{
    healer_free(w.healer);
    ledger_release(&w.ledger);
    buf_release(&w.lines);
}

static void begin(void)
{
    w.healer = healer_new(&w.config);
}

static void act_ends(const char *result, int code, const char *message)
{
    const struct docker_acted acted = {
        .result = result,
        .code = code,
        .message = slice_str(message),
        .took_for = 1500 * NSEC_MSEC,
    };

    w.act.done(w.act.self, &acted);
}

static void said(const char *lines)
{
    ck_assert_str_eq(buf_cstr(&w.lines), lines);
}

#define SHARD(name, id, act, code, container, message, result, took)           \
    "{\"docker\":{\"acts\":{\"" name "\":{\"$set\":{\"act\":\"" act            \
    "\",\"at\":\"1970-01-01T00:00:07.000000000Z\",\"code\":" code              \
    ",\"container\":\"" container "\",\"message\":\"" message                  \
    "\",\"order\":\"" id "\",\"result\":\"" result "\",\"took\":" took         \
    "},\"$ttl\":604800}}}}\n"
#define STARTED SHARD("web", ID, "start", "204", "c0ffee", "", "started", "1.5")

START_TEST(an_order_is_begun_once_and_its_result_is_journalled)
{
    begin();
    healer_look(w.healer, SECOND);
    healer_look(w.healer, 2 * SECOND);
    ck_assert_uint_eq(w.asked, 1);
    ck_assert_int_eq(w.act.kind, DOCKER_START);
    assert_slice(w.act.name, "web");
    assert_slice(w.act.container, "c0ffee");
    assert_slice(w.act.status, "exited");
    ck_assert_int_eq(w.act.started_at, 3);
    ck_assert_int_eq(w.act.finished_at, 4);
    ck_assert(w.act.repair_network);
    act_ends("started", 204, "");
    said(STARTED);
    healer_look(w.healer, 3 * SECOND); /* the result is on its way */
    healer_tick(w.healer, 9 * SECOND);
    ck_assert_uint_eq(w.asked, 1);
    said(STARTED);
}
END_TEST

START_TEST(an_engine_that_is_away_is_asked_again_each_second)
{
    w.acts = ST_AGAIN;
    begin();
    healer_look(w.healer, SECOND);
    healer_look(w.healer, SECOND + 1); /* something else was merged */
    healer_tick(w.healer, 2 * SECOND - 1);
    ck_assert_uint_eq(w.asked, 1);
    healer_tick(w.healer, 2 * SECOND);
    ck_assert_uint_eq(w.asked, 2);
    w.acts = ST_OK;
    healer_tick(w.healer, 3 * SECOND);
    healer_tick(w.healer, 4 * SECOND);
    ck_assert_uint_eq(w.asked, 3);
    said("");
}
END_TEST

START_TEST(an_order_that_is_withdrawn_is_not_begun)
{
    w.acts = ST_AGAIN;
    begin();
    healer_look(w.healer, SECOND);
    w.norders = 0;
    w.acts = ST_OK;
    healer_tick(w.healer, 2 * SECOND);
    healer_tick(w.healer, 3 * SECOND);
    ck_assert_uint_eq(w.asked, 1);
}
END_TEST

START_TEST(what_was_begun_has_a_result_though_it_is_withdrawn)
{
    begin();
    healer_look(w.healer, SECOND);
    w.norders = 0;
    healer_look(w.healer, SECOND);
    act_ends("started", 204, "");
    said(STARTED);
    healer_look(w.healer, SECOND);
    said(STARTED);
}
END_TEST

static bool still_stands(void)
{
    return w.act.stands(w.act.self);
}

START_TEST(an_act_under_way_hears_of_what_is_withdrawn)
{
    begin();
    healer_look(w.healer, SECOND);
    ck_assert(still_stands());
    w.order[0].id = slice_str("g/r/web/start/9/2");
    ck_assert(!still_stands());
    w.order[0].id = slice_str(ID);
    ck_assert(still_stands());
    w.order[0].dry_run = true; /* by a reload */
    ck_assert(!still_stands());
    w.order[0].dry_run = false;
    w.norders = 0;
    ck_assert(!still_stands());
    act_ends("changed", 0, "withdrawn");
    healer_look(w.healer, 2 * SECOND);
}
END_TEST

START_TEST(a_hold_on_its_way_keeps_from_beginning_and_from_going_on)
{
    w.held = "web";
    begin();
    healer_look(w.healer, SECOND);
    healer_tick(w.healer, 2 * SECOND);
    ck_assert_uint_eq(w.asked, 0);
    w.held = "another";
    healer_tick(w.healer, 2 * SECOND + 1);
    ck_assert_uint_eq(w.asked, 1);
    ck_assert(still_stands());
    w.held = "web";
    ck_assert(!still_stands());
    said("");
}
END_TEST

START_TEST(an_order_whose_result_the_journal_has_is_not_begun_again)
{
    begin();
    healer_recovered(w.healer, slice_str(ID));
    healer_recovered(w.healer, slice_str(ID));
    healer_recovered(w.healer, slice_str("g/r/web/start/4/1"));
    healer_look(w.healer, SECOND);
    healer_tick(w.healer, 9 * SECOND);
    ck_assert_uint_eq(w.asked, 0);
    w.order[0].id = slice_str("g/r/web/start/9/2");
    healer_look(w.healer, 10 * SECOND);
    ck_assert_uint_eq(w.asked, 1);
    said("");
}
END_TEST

START_TEST(a_result_waits_until_the_journal_takes_it)
{
    begin();
    healer_look(w.healer, SECOND);
    w.takes = ST_IO;
    act_ends("started", 204, "");
    healer_look(w.healer, SECOND);
    said("");
    w.takes = ST_AGAIN;
    healer_look(w.healer, SECOND);
    w.takes = ST_OK;
    healer_look(w.healer, SECOND);
    healer_look(w.healer, SECOND);
    said(STARTED);
    ck_assert_uint_eq(w.asked, 1);
}
END_TEST

START_TEST(a_result_that_is_given_back_is_written_again)
{
    const struct err why = { .text = "the disk is full" };

    begin();
    healer_look(w.healer, SECOND);
    act_ends("started", 204, "");
    w.listener->discarded(w.listener->self, 1, &why);
    healer_look(w.healer, SECOND);
    said(STARTED STARTED);
    w.listener->durable(w.listener->self, 2);
    w.listener->discarded(w.listener->self, 3, &why);
    healer_look(w.healer, SECOND);
    said(STARTED STARTED);
    ck_assert_uint_eq(w.asked, 1);
}
END_TEST

START_TEST(a_dry_run_sends_nothing_and_says_so)
{
    w.config.dry_run = true;
    begin();
    healer_look(w.healer, SECOND);
    healer_look(w.healer, SECOND);
    ck_assert_uint_eq(w.asked, 0);
    said(SHARD("web", ID, "start", "0", "c0ffee", "", "dry_run", "0"));
}
END_TEST

START_TEST(the_dry_run_of_a_rule_concerns_its_orders_alone)
{
    w.order[1] = w.order[0];
    w.order[1].id = slice_str("g/s/db/restart/5/1");
    w.order[1].name = slice_str("db");
    w.order[1].what.act = HEAL_RESTART;
    w.order[1].dry_run = true;
    w.norders = 2;
    begin();
    healer_look(w.healer, SECOND);
    ck_assert_uint_eq(w.asked, 1);
    assert_slice(w.act.name, "web");
    said(SHARD("db", "g/s/db/restart/5/1", "restart", "0", "c0ffee", "",
               "dry_run", "0"));
}
END_TEST

START_TEST(without_revival_an_order_left_over_is_denied)
{
    w.config.enabled = false;
    begin();
    healer_look(w.healer, SECOND);
    ck_assert_uint_eq(w.asked, 0);
    said(SHARD("web", ID, "start", "0", "c0ffee", "revival is switched off",
               "denied", "0"));
}
END_TEST

START_TEST(what_an_engine_says_is_made_fit_for_the_journal)
{
    char long_text[3000];

    memset(long_text, 'x', sizeof(long_text));
    memcpy(long_text, "\xff\"\n$", 4);
    long_text[sizeof(long_text) - 1] = '\0';
    w.order[0].name = slice_str("$web");
    begin();
    healer_look(w.healer, SECOND);
    act_ends("refused", 500, long_text);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&w.lines), "{\"$$web\":{\"$set\""));
    ck_assert_ptr_nonnull(
        strstr(w.lines.p, "\"message\":\"\xef\xbf\xbd\\\"\\n$xxx"));
    ck_assert_uint_lt(w.lines.n, 1400);
}
END_TEST

static const struct {
    enum heal_act ordered;
    enum docker_act_kind asked;
    const char *name;
} acts[] = {
    { HEAL_START, DOCKER_START, "\"act\":\"start\"" },
    { HEAL_RESTART, DOCKER_RESTART, "\"act\":\"restart\"" },
    { HEAL_RECREATE, DOCKER_RECREATE, "\"act\":\"recreate\"" },
};

START_TEST(each_act_is_asked_for_and_recorded_by_its_name)
{
    w.order[0].what.act = acts[_i].ordered;
    begin();
    healer_look(w.healer, SECOND);
    ck_assert_int_eq(w.act.kind, acts[_i].asked);
    act_ends("started", 204, "");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&w.lines), acts[_i].name));
}
END_TEST

static const TTest **const tests[] = {
    &an_order_is_begun_once_and_its_result_is_journalled,
    &an_engine_that_is_away_is_asked_again_each_second,
    &an_order_that_is_withdrawn_is_not_begun,
    &what_was_begun_has_a_result_though_it_is_withdrawn,
    &an_act_under_way_hears_of_what_is_withdrawn,
    &a_hold_on_its_way_keeps_from_beginning_and_from_going_on,
    &an_order_whose_result_the_journal_has_is_not_begun_again,
    &a_result_waits_until_the_journal_takes_it,
    &a_result_that_is_given_back_is_written_again,
    &a_dry_run_sends_nothing_and_says_so,
    &the_dry_run_of_a_rule_concerns_its_orders_alone,
    &without_revival_an_order_left_over_is_denied,
    &what_an_engine_says_is_made_fit_for_the_journal,
};

static const struct suite_table tables[] = {
    { &each_act_is_asked_for_and_recorded_by_its_name,
      sizeof(acts) / sizeof(*acts) },
};

int main(void)
{
    return RUN_SUITE_WITH("healer", setup, teardown, tests, tables);
}
