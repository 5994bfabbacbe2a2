/*
 * revive.h - what the files of the revive rules share.
 *
 * revive.c asks the rule and lets the machine (heal/heal.h) decide,
 * revive_carry.c keeps what is known of a container when its name or its rule
 * is another, revive_facts.c reads what it is told of the state,
 * revive_report.c says what has come of it.
 */
#ifndef ENGINE_REVIVE_H
#define ENGINE_REVIVE_H

#include "inside.h"

#include "engine/order.h"

/* Of one container. */
struct revival {
    bool seen; /* it has been evaluated */
    bool in_scope, due;
    nsec since; /* when it became what `due` says */
    struct heal *heal;
    /* As it was before it was removed. */
    enum heal_exempt exempt;
    bool recreate;
    uint64_t id;     /* a hash of the container's; 0: none is known */
    bool untold;     /* gone, or there (again, or renamed) without its facts */
    bool lost;       /* it is gone, and not done with */
    bool in_charge;  /* no earlier rule has it */
    nsec charged_at; /* ... when that was last so; 0: never */
    char *order;     /* id of the one that is out, or of the last; or NULL */
    nsec ordered_at;
    uint64_t orders;   /* ever */
    uint32_t nonsense; /* a hash of the labels that were told of; 0: none */
};

struct revive_rule {
    struct heal_scope *scope;
    uint64_t in_scope, due;
    uint64_t became_due, recovered;
    uint64_t lost;                    /* revival.lost */
    uint64_t standing;                /* orders that are out */
    uint64_t revived, failed, orders; /* of containers that are gone */
    uint64_t said[HEAL_WORDS];        /* decisions, ever */
};

/*
 * What the state says of the container, and nothing of the rule; gone: it is
 * not there.  Slices are the tree's, good until it is written to.
 */
void revive_facts(const struct engine *e, const struct instance *i,
                  struct heal_facts *ret);
/* What of it those are told who hear a decision; judged: it was made on. */
void revive_seen(const struct engine *e, const struct instance *i,
                 const struct heal_facts *judged, struct seen *ret);
/* The id of the container that has the name now; "": none, or not known. */
struct slice revive_id(const struct engine *e, const struct instance *i);
/* Is more known of it than its id and what happened to it? */
bool revive_is_told(const struct engine *e, const struct instance *i);
/* Does somebody hold that very name? */
bool revive_is_held(const struct engine *e, const struct instance *i);
/* The id of the order whose result is in the state; "": there is none. */
struct slice revive_result(const struct engine *e, const struct instance *i);
/* Labels without which it goes whose value means nothing, a sentence; out stays
 * empty otherwise. */
void revive_nonsense(const struct engine *e, const struct instance *i,
                     struct buf *out);

/* Before anything else: does its container go by another name now, or does it
 * come from one?  The machine goes along. */
void revive_follow(struct engine *e, struct instance *i, nsec at);
/* The rule is in charge of the container, or is not: its machine is told what
 * the one that had it before knows. */
void revive_charge(struct engine *e, struct instance *i, bool in_charge,
                   nsec at);
/* Before the instance is freed. */
void revive_keep(struct engine *e, const struct instance *i);

/* Marks what later rules have of the container. */
void revive_concern_others(struct engine *e, const struct instance *i);
/* Frees the machine; what it was about is the rule's no more. */
void revive_drop(struct instance *i);

struct heal_view revive_view(const struct revival *v);

void revive_report(struct engine *e, struct live *l, struct buf *out);
void revive_report_text(struct engine *e, struct live *l, struct buf *out);

#endif
