#include "support/healbench.h"
#include "support/suite.h"

#include "heal/inside.h"

/* -- into each state ------------------------------------------------------- */

static struct healbench *b;
static struct heal_facts *f;

static void come_to_acting(void)
{
    healbench_die(b, 0, 1);
    healbench_run(b, 2000);
    ck_assert_ptr_nonnull(heal_order(b->node[0].h));
}

static void come_by_result(enum heal_result result)
{
    come_to_acting();
    healbench_result(b, 0, result, "");
    healbench_run(b, 5000);
}

static void come_to(enum heal_state state)
{
    switch (state) {
    case HEAL_SUSPECT:
        healbench_die(b, 0, 1);
        break;
    case HEAL_WAITING:
        come_by_result(HEAL_REFUSED);
        break;
    case HEAL_ACTING:
        come_to_acting();
        break;
    case HEAL_VERIFYING:
        come_to_acting();
        healbench_started(b, 0);
        break;
    case HEAL_HELD:
        b->policy.on_stop = HEAL_RESPECT;
        healbench_stop(b, 0);
        healbench_run(b, 5000);
        break;
    case HEAL_COMPLETED:
        f->on_failure_label = true;
        healbench_die(b, 0, 0);
        healbench_run(b, 2000);
        break;
    case HEAL_GIVEN_UP:
        come_by_result(HEAL_CONFIG);
        break;
    case HEAL_BLOCKED:
        come_by_result(HEAL_NETWORK);
        break;
    case HEAL_LOOPING:
        f->restarts = 3;
        break;
    case HEAL_FROZEN:
        f->due = true;
        break;
    case HEAL_MISSING:
        healbench_remove(b, 0);
        break;
    case HEAL_EXEMPT:
        f->exempt = HEAL_NEVER;
        break;
    default:
        break;
    }
    healbench_step(b, 0);
    ck_assert_int_eq(healbench_state(b, 0), state);
}

/* -- each event ------------------------------------------------------------ */

static void replace(void)
{
    f->id = slice_str("another");
    f->die_at = f->kill_at = f->stop_at = 0;
    if (f->status == HEAL_GONE) {
        f->status = HEAL_RUNNING;
        f->pid = 8;
    }
}

static void see(enum heal_event event)
{
    f->pid = 7;
    if (event != SEE_EXEMPT)
        f->exempt = HEAL_NOT_EXEMPT;
    if (f->status == HEAL_GONE)
        f->status = HEAL_RUNNING;
    switch (event) {
    case SEE_OUT:
        f->in_scope = false;
        break;
    case SEE_EXEMPT:
        f->exempt = HEAL_IS_TASK;
        break;
    case SEE_HELD:
        f->held = true;
        break;
    case SEE_GONE:
        healbench_remove(b, 0);
        break;
    case SEE_DYING:
        f->status = HEAL_DEAD;
        break;
    case SEE_LOOPS:
        f->status = HEAL_RUNNING;
        f->restarts += 3;
        break;
    case SEE_RESTARTS:
        f->status = HEAL_RESTARTING;
        break;
    case SEE_RUNS:
    case SEE_SILENT:
        f->status = HEAL_RUNNING;
        f->restarts = 0;
        f->started_at = b->now;
        f->due = event == SEE_SILENT;
        break;
    default:
        f->status = HEAL_EXITED;
        f->due = event == SEE_DOWN;
        if (f->finished_at < f->started_at)
            f->die_at = f->finished_at = b->now;
        break;
    }
    healbench_step(b, 0);
}

static void happen(enum heal_event event)
{
    switch (event) {
    case SEE_NOTHING:
        f->status = HEAL_UNKNOWN;
        break;
    case ON_RELEASE:
        f->released_at = b->now;
        break;
    case ON_REPLACED:
        replace();
        break;
    case ON_RESULT:
        f->result = HEAL_STARTED;
        if (heal_order(b->node[0].h)) {
            healbench_result(b, 0, HEAL_STARTED, "");
            return;
        }
        break;
    case ON_TIME:
        if (heal_due(b->node[0].h) != NSEC_MAX)
            b->now = heal_due(b->node[0].h);
        break;
    default:
        see(event);
        return;
    }
    healbench_step(b, 0);
}

/* What each comes to, once all that follows at the same instant is done. */
#define OK HEAL_OK
#define SU HEAL_SUSPECT
#define WA HEAL_WAITING
#define AC HEAL_ACTING
#define VE HEAL_VERIFYING
#define HE HEAL_HELD
#define CO HEAL_COMPLETED
#define GU HEAL_GIVEN_UP
#define BL HEAL_BLOCKED
#define LO HEAL_LOOPING
#define FR HEAL_FROZEN
#define MI HEAL_MISSING
#define EX HEAL_EXEMPT
/* clang-format off */
static const enum heal_state comes_to[HEAL_STATES][HEAL_EVENTS] = {
    /* out ex  hd  gn  dy  lp  rs  ru  si  dn  re  no  rl  rp  rt  tm */
    [OK] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, SU, OK, OK, OK, OK, OK, OK },
    [SU] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, SU, OK, SU, SU, SU, SU, AC },
    [WA] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, WA, OK, WA, AC, SU, WA, AC },
    [AC] = { OK, EX, HE, MI, BL, AC, AC, AC, AC, AC, OK, AC, AC, SU, VE, WA },
    [VE] = { OK, EX, HE, MI, BL, LO, VE, VE, VE, SU, OK, VE, VE, OK, VE, OK },
    [HE] = { OK, EX, HE, MI, HE, LO, SU, OK, FR, HE, OK, HE, AC, SU, HE, HE },
    [CO] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, CO, OK, CO, CO, CO, CO, CO },
    [GU] = { OK, EX, HE, MI, GU, LO, GU, OK, FR, GU, OK, GU, AC, SU, GU, GU },
    [BL] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, BL, OK, BL, AC, SU, BL, AC },
    [LO] = { OK, EX, HE, MI, BL, LO, LO, OK, FR, SU, OK, LO, LO, OK, LO, OK },
    [FR] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, SU, OK, FR, FR, FR, FR, FR },
    [MI] = { OK, EX, HE, MI, BL, LO, SU, OK, FR, SU, OK, MI, MI, OK, MI, MI },
    [EX] = { OK, EX, HE, OK, BL, LO, SU, OK, FR, SU, OK, EX, EX, EX, EX, EX },
};
/* clang-format on */

#define CELLS (HEAL_STATES * HEAL_EVENTS)

START_TEST(each_event_in_each_state_comes_to_what_it_should)
{
    enum heal_state state = (enum heal_state)(_i / HEAL_EVENTS);
    enum heal_event event = (enum heal_event)(_i % HEAL_EVENTS);

    b = healbench_new(1);
    b->policy.backoff = 10 * NSEC_SEC;
    f = &b->node[0].f;
    come_to(state);
    happen(event);
    ck_assert_msg(healbench_state(b, 0) == comes_to[state][event],
                  "%s, event %d: %s, not %s\n%s", heal_state_name(state),
                  (int)event, heal_state_name(healbench_state(b, 0)),
                  heal_state_name(comes_to[state][event]), healbench_log(b));
    healbench_free(b);
}
END_TEST

START_TEST(no_cell_of_the_table_is_empty)
{
    enum heal_deed deed = heal_cell((enum heal_state)(_i / HEAL_EVENTS),
                                    (enum heal_event)(_i % HEAL_EVENTS));

    ck_assert_int_ge(deed, STAY);
    ck_assert_int_lt(deed, HEAL_DEEDS);
}
END_TEST

/* Only an order has a result, and only what acts has an order. */
START_TEST(a_result_means_something_to_an_order_alone)
{
    for (int state = 0; state < HEAL_STATES; state++)
        ck_assert_int_eq(heal_cell((enum heal_state)state, ON_RESULT),
                         state == HEAL_ACTING ? DONE : STAY);
}
END_TEST

/* What is not ours to touch is let go in every state. */
START_TEST(a_hold_is_obeyed_in_every_state)
{
    for (int state = 0; state < HEAL_STATES; state++) {
        ck_assert_int_eq(heal_cell((enum heal_state)state, SEE_HELD), HOLD);
        ck_assert_int_eq(heal_cell((enum heal_state)state, SEE_EXEMPT), OMIT);
    }
}
END_TEST

static const TTest **const tests[] = {
    &a_result_means_something_to_an_order_alone,
    &a_hold_is_obeyed_in_every_state,
};

static const struct suite_table tables[] = {
    { &each_event_in_each_state_comes_to_what_it_should, CELLS },
    { &no_cell_of_the_table_is_empty, CELLS },
};

int main(void)
{
    return RUN_SUITE("heal table", tests, tables);
}
