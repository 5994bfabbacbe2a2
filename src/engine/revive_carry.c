/*
 * What is known of a container goes by its id, not by its name or its rule: how
 * often it was started, that a person's stop is obeyed, that it is held.
 *
 * One that is renamed takes its machine along.  A rule that gets one which
 * another had until now is told what that one's machine knows; if that rule is
 * gone, or the container was away, from what was kept then.
 */
#include "revive.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>
#include <utlist.h>

#define KEPT_MAX 1000 /* the oldest goes first */

static uint64_t hash_of(struct slice id)
{
    return id.n ? XXH3_64bits(id.p, id.n) | 1 : 0;
}

/* -- another name ------------------------------------------------------------
 */

static bool has_machine_of(const struct instance *i, struct slice id)
{
    const struct revival *v = i->own;

    return v->heal && id.n && slice_eq(heal_container(v->heal), id);
}

/* What is not to be evaluated any more has been. */
static bool has_id(const struct engine *e, const struct instance *i,
                   uint64_t id)
{
    const struct revival *v = i->own;

    if (i->gone)
        return false;
    return (v->seen && !i->dirty ? v->id : hash_of(revive_id(e, i))) == id;
}

/* Where a container is that is not i's any more; NULL: nowhere. */
static struct instance *where_it_is(const struct engine *e,
                                    const struct instance *i, uint64_t id)
{
    struct instance *o;

    for (o = id ? i->live->last : NULL; o; o = o->prev)
        if (o != i && has_id(e, o, id))
            return o;
    return NULL;
}

static void tell_rename(struct engine *e, const struct instance *from,
                        const struct instance *to)
{
    struct buf detail;

    buf_init(&detail, BUF_NO_CAP);
    buf_str(&detail, "is ");
    instance_text(e, to, &detail);
    buf_str(&detail, " now");
    tell(e, from->live, from, heal_state_name(revive_view(from->own).state),
         "renamed", buf_view(&detail));
    buf_release(&detail);
}

/* What was known of the other name so far is less. */
static void move(struct engine *e, struct instance *from, struct instance *to,
                 nsec at)
{
    struct revive_rule *r = from->live->own;
    struct revival *a = from->own, *b = to->own, was;
    bool stood = heal_order(a->heal);

    tell_rename(e, from, to);
    heal_rename(a->heal, revive_is_held(e, from) ? instance_key(e, from, 0)
                                                 : slice_of("", 0));
    r->standing -= stood;
    was = *a;
    *a = *b;
    *b = was;
    revive_drop(from);
    a->seen = true; /* something of it is derived */
    a->since = at;
    b->untold = true;
    revive_concern_others(e, from);
    revive_concern_others(e, to);
}

static void leave(struct engine *e, struct instance *i, nsec at)
{
    const struct revival *v = i->own;
    const struct heal *h = v->heal;
    struct instance *to;

    if (!h || has_machine_of(i, revive_id(e, i)))
        return;
    to = where_it_is(e, i, hash_of(heal_container(h)));
    if (!to)
        return;
    move(e, i, to, at);
    evaluate_instance(e, to); /* now, dirty or not: the order shows */
}

/* It is there again, by a name that nobody has told of. */
static void arrive(struct engine *e, struct instance *i, nsec at)
{
    struct slice id = revive_id(e, i);
    struct instance *o;

    for (o = i->live->first; o; o = o->next) {
        if (o == i || !o->gone || !has_machine_of(o, id))
            continue;
        move(e, o, i, at);
        dirty_instance(e, o);
        return;
    }
}

void revive_follow(struct engine *e, struct instance *i, nsec at)
{
    const struct revive_rule *r = i->live->own;
    struct revival *v = i->own;
    uint64_t id = hash_of(revive_id(e, i));

    leave(e, i, at);
    if (id && id != v->id && r->lost)
        arrive(e, i, at);
    v->id = id;
}

/* -- another rule ------------------------------------------------------------
 */

/* A machine that has no rule. */
struct kept {
    struct kept *prev, *next; /* oldest first */
    struct heal *heal;
    nsec at; /* revival.charged_at */
};

static void forget(struct engine *e, struct kept *k)
{
    DL_DELETE(e->kept, k);
    e->nkept--;
    heal_free(k->heal);
    free(k);
}

static struct kept *find_kept(const struct engine *e, struct slice id)
{
    struct kept *k;

    DL_FOREACH(e->kept, k)
    if (slice_eq(heal_container(k->heal), id))
        return k;
    return NULL;
}

/* Of several rules, that of the last one in charge counts. */
void revive_keep(struct engine *e, const struct instance *i)
{
    const struct revival *v = i->own;
    struct kept *k;

    if (!v->heal || !v->charged_at || !heal_remembers(v->heal))
        return;
    k = find_kept(e, heal_container(v->heal));
    if (k && k->at > v->charged_at)
        return;
    if (k)
        forget(e, k);
    if (!e->nowhere)
        e->nowhere = heal_scope_new(e->turns);
    k = xcalloc(1, sizeof(*k));
    k->heal = heal_new(e->nowhere, 0);
    k->at = v->charged_at;
    heal_inherit(k->heal, v->heal);
    DL_APPEND(e->kept, k);
    if (e->nkept++ == KEPT_MAX)
        forget(e, e->kept);
}

void revive_forget(struct engine *e)
{
    while (e->kept)
        forget(e, e->kept);
    heal_scope_free(e->nowhere);
    e->nowhere = NULL;
}

/* The rule's that was the last in charge; NULL: none. */
static const struct revival *last_in_charge(const struct engine *e,
                                            const struct instance *i)
{
    struct slice id = revive_id(e, i);
    const struct revival *v, *last = NULL;
    const struct instance *o;

    for (size_t k = 0; k < e->nlive; k++) {
        if (e->live[k]->rule->kind != RULE_REVIVE)
            continue;
        o = instance_find(e, e->live[k], i->key);
        v = o ? o->own : NULL;
        if (v && v->charged_at && has_machine_of(o, id) &&
            (!last || v->charged_at > last->charged_at))
            last = v;
    }
    return last;
}

static void take_over(struct engine *e, struct instance *i)
{
    struct slice id = revive_id(e, i);
    const struct revival *last = last_in_charge(e, i);
    struct revival *v = i->own;
    struct kept *k = id.n ? find_kept(e, id) : NULL;

    if (k && (!last || k->at > last->charged_at))
        heal_inherit(v->heal, k->heal);
    else if (last && last != v)
        heal_inherit(v->heal, last->heal);
    if (k)
        forget(e, k);
}

void revive_charge(struct engine *e, struct instance *i, bool in_charge,
                   nsec at)
{
    struct revival *v = i->own;

    if (in_charge && !v->in_charge)
        take_over(e, i);
    v->in_charge = in_charge;
    if (in_charge)
        v->charged_at = at;
}
